"""junit.xml, Allure results, terminal and step summaries: skips are never passes, hostile text does no harm."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest
import report_samples
import xmlschema
from eni_conformance.oracle.results import Results, parse
from eni_conformance.reports import allure, files, junit, summary
from report_samples import allure_results, junit_cases
from rich.text import Text

NAMES = list(report_samples.SAMPLES)


def _junit(out: Path) -> ET.Element:
    return ET.fromstring((out / "junit.xml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    """The common part of the published schemas of Ant and of Jenkins's xunit plugin."""
    return xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))


@pytest.mark.parametrize("name", NAMES)
def test_junit_is_valid_for_ci_viewers(name: str, runs: dict[str, Path], schema: xmlschema.XMLSchema) -> None:
    assert [str(error) for error in schema.iter_errors(runs[name] / "junit.xml")] == []


def test_junit_of_a_run_that_hardly_began_is_valid(schema: xmlschema.XMLSchema) -> None:
    schema.validate(junit.render(parse({"run": {"id": "x"}}), []))
    schema.validate(junit.render(_hollow(), []))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("<testsuites>", '<testsuites skipped="4">'),
        (' type="violated"', ""),
        ("<system-err />", ""),
        ("<properties>", "<system-out /><properties>"),
        ('name="run"', 'name=""'),
        ('timestamp="2026-11-24T10:15:00"', 'timestamp="2026-11-24T10:15:00Z"'),
        ("<failure ", "<skipped /><failure "),
    ],
)
def test_the_junit_schema_refuses_what_some_viewer_refuses(
    right: str, wrong: str, runs: dict[str, Path], schema: xmlschema.XMLSchema
) -> None:
    text = (runs["violated"] / "junit.xml").read_text(encoding="utf-8")
    assert right in text
    assert not schema.is_valid(text.replace(right, wrong))


@pytest.mark.parametrize("name", NAMES)
def test_junit_counts_its_cases(name: str, runs: dict[str, Path]) -> None:
    for suite in _junit(runs[name]):
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute, "")) == sum(case.find(tag) is not None for case in cases)


def _total(root: ET.Element) -> list[int]:
    return [sum(int(s.get(k, "")) for s in root) for k in ("tests", "failures", "errors", "skipped")]


def test_junit_outcomes(runs: dict[str, Path]) -> None:
    root = _junit(runs["violated"])
    assert _total(root) == [51, 6, 1, 4]
    cases = junit_cases(runs["violated"])
    failure = cases["ENI-DETACH-E12"].find("failure")
    assert failure is not None
    assert "eni-conformance replay" in (failure.text or "")
    known = cases["ENI-DETACH-R03"].find("skipped")
    assert known is not None
    assert known.get("message") == (
        "known deviation, owner platform team, until 2027-01-31: HostId is missing from errors"
    )
    missing = cases["ENI-DETACH-E17"].find("skipped")
    assert missing is not None
    assert "instance.eni_limit" in (missing.get("message") or "")


def test_junit_of_an_incomplete_run_is_red(runs: dict[str, Path]) -> None:
    root = _junit(runs["incomplete"])
    (case,) = [case for case in root.iter("testcase") if case.get("name") == "run completed"]
    error = case.find("error")
    assert error is not None
    assert error.get("message") == "interrupted after 31 s"
    passed = [c for c in root.iter("testcase") if not {e.tag for e in c} & {"failure", "error", "skipped"}]
    assert len(passed) == 17


def _hollow() -> Results:
    return parse({"run": {"id": "x", "exit": 0}, "requirements": [{"id": "A", "verdict": "conforms"}]})


def test_no_judged_call_is_no_pass_anywhere(tmp_path: Path) -> None:
    assert 'skipped="1"' in junit.render(_hollow(), [])
    (tmp_path / "results.json").write_text(files.text(_hollow()))
    (result,) = allure_results(allure.write(tmp_path).parent).values()
    assert result["status"] == "skipped"
    assert "0 conforms" in summary.text(_hollow())
    assert "not counted as a pass" in summary.text(_hollow())


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
    assert names >= {"world before", "exchange", "world after", "explanation", "repeat with curl", "scenario"}
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


def test_terminal_summary(runs: dict[str, Path]) -> None:
    out = runs["violated"]
    text = summary.text(files.load(out), color=False, out_dir=out)
    assert "\x1b" not in text
    lines = text.splitlines()
    assert lines[1].startswith("6 requirements violated")
    what, read, repeat = lines[-3:]
    assert what.startswith("What    ENI-DETACH-E12 the primary interface was detached: answered 200, admissible: 400 ")
    assert read == f"Read    {out}/index.html#finding-E12-3f09a1"
    assert repeat == f"Repeat  eni-conformance replay {out}/evidence/E12-3f09a1.json --target target.toml"
    assert "(owner platform team, until 2027-01-31)" in re.sub(r"\s+", " ", text)


def test_terminal_colours_only_when_wanted(runs: dict[str, Path]) -> None:
    results = files.load(runs["violated"])
    coloured = summary.text(results, color=True, out_dir=runs["violated"])
    assert "\x1b[" in coloured
    assert Text.from_ansi(coloured).plain.split() == summary.text(results, out_dir=runs["violated"]).split()


def test_terminal_is_safe_from_the_target(runs: dict[str, Path]) -> None:
    text = summary.text(files.load(runs["hostile"]), color=False, out_dir=runs["hostile"])
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "{{7*7}}" in text


def test_terminal_of_quiet_runs(runs: dict[str, Path]) -> None:
    passing = summary.text(files.load(runs["passing"]), out_dir="out/latest")
    assert passing.splitlines()[-1] == "Report  out/latest/index.html"
    assert "control capability region.feature" in passing
    incomplete = summary.text(files.load(runs["incomplete"]), out_dir="out/latest")
    assert "Nothing violated so far" in incomplete
    assert summary.text(parse({"run": {"id": "x"}}))


def test_step_summary(runs: dict[str, Path]) -> None:
    text = summary.markdown(files.load(runs["violated"]), runs["violated"])
    assert text.startswith("## 6 requirements violated\n")
    assert "| violated | `ENI-DETACH-E12` Refuses the primary interface | the primary interface was detached |" in text
    assert "eni-conformance replay" in text
    hostile = summary.markdown(files.load(runs["hostile"]), runs["hostile"])
    outside = re.sub(r"`[^`\n]*`", "", hostile)
    assert "<script" not in outside
    assert "<img" not in outside
    for row in (line for line in hostile.splitlines() if line.startswith("| violated | `")):
        assert len(re.findall(r"(?<!\\)\|", row)) == 4
