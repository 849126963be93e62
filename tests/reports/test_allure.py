"""Allure results: skips are never passes, and hostile text does no harm."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import report_samples
from eni_conformance.reports import allure
from report_samples import allure_results


def test_allure_is_a_tree_by_requirement(runs: dict[str, Path]) -> None:
    out = runs["violated"]
    results = allure_results(out)
    assert len(results) == 51
    assert Counter(r["status"] for r in results.values()) == Counter(
        {"passed": 40, "failed": 6, "skipped": 3, "broken": 1, "unknown": 1}
    )
    primary = results["ENI-DETACH-E12"]
    labels = {label["name"]: label["value"] for label in primary["labels"]}
    assert labels["epic"] == "DetachNetworkInterface"
    assert labels["feature"] == "Documented errors"
    assert labels["requirement"] == "ENI-DETACH-E12"
    assert labels["severity"] == "blocker"
    assert {p["name"] for p in primary["parameters"]} >= {"HTTP status", "code", "seed", "judged calls"}
    assert primary["titlePath"] == ["DetachNetworkInterface", "Documented errors"]
    story = primary["steps"][0]
    assert [step["name"].split(":")[0] for step in story["steps"]] == ["arrange", "call", "observe", "judge"]
    names = {a["name"] for step in story["steps"] for a in step.get("attachments", [])}
    assert names >= {"world before", "exchange", "world after", "explanation", "repeat with replay", "scenario"}
    for step in story["steps"]:
        for attachment in step.get("attachments", []):
            assert (out / "allure-results" / attachment["source"]).is_file()
    known = results["ENI-DETACH-R03"]
    assert known["statusDetails"]["known"] is True
    assert known["statusDetails"]["message"].startswith("known deviation, owner platform team")
    plain = results["ENI-DETACH-E13"]
    assert [step["name"].split(":")[0] for step in plain["steps"]] == ["arrange", "call", "observe", "judge"]


def test_allure_durations_are_measured_ones(tmp_path: Path) -> None:
    """The history up to the call, the call, nothing for looking and judging; the median where nothing failed."""
    data, items = report_samples.violated()
    race = next(item for item in items if item["requirement"] == "ENI-DETACH-M03")
    race["exchange"]["id"] = race["history"][4]["note"] = "gw0-5"
    race["exchange"]["seconds"] = 0.25
    data["latency"]["DetachNetworkInterface"] = [0.002, 0.007, 0.9]
    out = report_samples.write(tmp_path, (data, items))
    allure.write(out)
    results = allure_results(out)
    story = results["ENI-DETACH-M03"]["steps"][0]
    assert [step["stop"] - step["start"] for step in story["steps"]] == [171, 250, 0, 0]
    assert results["ENI-DETACH-M03"]["stop"] - results["ENI-DETACH-M03"]["start"] == 421
    plain = results["ENI-DETACH-E13"]
    assert [step["stop"] - step["start"] for step in plain["steps"]] == [0, 7, 0, 0]
    assert "7 ms each (median of all)" in plain["steps"][1]["name"]


def test_allure_shows_nothing_of_an_earlier_writing(tmp_path: Path) -> None:
    out = report_samples.write(tmp_path, report_samples.violated())
    (out / "allure-results").mkdir()
    for name in ("old-result.json", "old-container.json", "old-attachment.txt"):
        (out / "allure-results" / name).write_text("{}")
    allure.write(out)
    assert not list((out / "allure-results").glob("old-*"))


def test_allure_environment_and_categories(runs: dict[str, Path]) -> None:
    folder = runs["violated"] / "allure-results"
    properties = dict(
        line.split("=", 1) for line in (folder / "environment.properties").read_text(encoding="utf-8").splitlines()
    )
    assert properties["endpoint"] == "http://127.0.0.1:40123"
    assert properties["seed"] == "8"
    categories = json.loads((folder / "categories.json").read_text(encoding="utf-8"))
    assert "Known deviations" in {category["name"] for category in categories}


def test_allure_attachments_are_bounded(runs: dict[str, Path]) -> None:
    for name in ("huge", "hostile"):
        files = list((runs[name] / "allure-results").iterdir())
        assert max(path.stat().st_size for path in files) < 150_000
        assert sum(path.stat().st_size for path in files) < 8_000_000


def test_allure_written_twice_is_the_same(runs: dict[str, Path]) -> None:
    folder = runs["violated"] / "allure-results"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    allure.write(runs["violated"])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
