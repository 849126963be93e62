"""Evidence put into words: the steps, the answer, and how to repeat it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import report_samples
from eni_conformance.contract.scenario import Detach, Probe, Scenario, Settle
from eni_conformance.oracle.evidence import Evidence, Moment, parse
from eni_conformance.oracle.results import Results
from eni_conformance.oracle.results import parse as results_parse
from eni_conformance.reports import evidence as ev
from eni_conformance.reports import files, html, schemas
from eni_conformance.reports.reproduce import shell_quote

SCHEMA = json.loads(schemas.EVIDENCE.read_text(encoding="utf-8"))


def test_replay() -> None:
    evidence = parse(report_samples.evidence("X", "ENI-DETACH-E12", report_samples.results()))
    assert ev.reproductions(evidence)["replay"] == "eni-conformance replay evidence/X.json\n"
    assert ev.replay_command(evidence, where="out/r", target="t.toml") == (
        "eni-conformance replay out/r/evidence/X.json --target t.toml"
    )
    odd = replace(evidence, id="it's")
    assert shell_quote("evidence/it's.json") in ev.reproductions(odd)["replay"]
    assert set(ev.reproductions(evidence)) == {"replay"}, "an older suite did not write down what kind it is"
    kept = ev.reproductions(replace(evidence, kind="WronglyAccepted"))
    assert kept["keep"] == "eni-conformance replay evidence/X.json --target FILE --keep\n"


def test_where_no_single_call_shows_it_only_replay_is_offered() -> None:
    one = Detach()
    for kind, steps, shown in (
        ("WrongAnswer", (one,), True),
        ("WrongAnswer", (one, one), False),
        ("AfterSuccess", (one,), False),
        ("WrongAnswer", (Settle(),), False),
        ("Gateway", (Probe("signature truncated"),), True),
        ("Gateway", (Probe("sent twice, byte for byte"),), False),
        ("Gateway", (Probe("of another version"),), False),
    ):
        item = Evidence("x", "R", kind=kind, scenario=Scenario(steps=steps))
        assert ev.one_call(item) is shown


@pytest.mark.parametrize("name", report_samples.SAMPLES)
def test_samples_are_valid(name: str, runs: dict[str, Path]) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for path in sorted((runs[name] / "evidence").glob("*.json"))[:40]:
        data = json.loads(path.read_text(encoding="utf-8"))
        validator.validate(data)
        assert parse(json.loads(files.text(parse(data)))) == parse(data)


def test_words(runs: dict[str, Path]) -> None:
    items = dict(files.load_evidence(runs["violated"])[0])
    text = ev.text(items["E12-3f09a1.json"])
    for part in (
        "ENI-DETACH-E12: the primary interface was detached",
        "NetworkInterfaceId = 'eni-bp1aa00'",
        "answered    200",
        "400 InvalidOperation.DetachPrimaryEniNotAllowed: the named interface is the primary one",
        "eni-bp1aa00 status: InUse -> Available",
        "seen again  10 of 10 times",
        "eni-conformance replay evidence/E12-3f09a1.json",
    ):
        assert part in text
    assert "no answer before the deadline" in ev.text(items["R02-aa1100.json"])
    assert "2. client B: detach" in ev.text(items["M03-5be774.json"])


def test_damaged_files_are_told_apart(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "a.json").write_text("{")
    (folder / "b.json").write_text('{"id": 3, "requirement": "R"}')
    (folder / "c.json").write_text('{"schema": 9, "id": "c", "requirement": "R"}')
    (folder / "d.json").write_text('{"id": "d", "requirement": "R"}')
    (folder / "e.json").write_text("[" * 100_000)
    found, bad = files.load_evidence(tmp_path)
    assert [name for name, _ in found] == ["d.json"]
    assert [name for name, _ in bad] == ["a.json", "b.json", "c.json", "e.json"]
    assert "evidence.id" in dict(bad)["b.json"]


def _page(results: Results, items: list[tuple[str, Evidence]] | None = None) -> str:
    return report_samples.plain(html.render(results, items or []))


def _moment(n: int, at: float, seconds: float, step: str = "detach", status: int = 200, **more: Any) -> Moment:
    return Moment(n=n, step=step, at=at, seconds=seconds, status=status, **more)


def test_a_story_names_the_operation_and_the_overlap() -> None:
    one = _moment(1, 0.0, 0.1, "at the same time: RegionId='cn-hangzhou' NetworkInterfaceId='eni-bp1o0o2yf1y6r73nt7e0'")
    assert ev.told(one).startswith("DetachNetworkInterface RegionId='cn-hangzhou'")
    assert ev.together(one)
    (call, _) = ev.lanes([one, _moment(2, 0.0, 0.1)])
    assert call.words == "detach eni\u2026t7e0"
    assert ev.told(Moment(step={"settle": 1})) == '{"settle": 1}'


def test_where_no_answer_alone_decides_the_others_are_told_too() -> None:
    """Two overlapping calls: what both were answered, and what the requirement asks for."""
    data = report_samples.results()
    raw = report_samples.evidence("M03-1", "ENI-DETACH-M03", data, expected=[], summary="no serial order")
    raw["exchange"]["id"] = "gw0-1"
    step = "at the same time: InstanceId='i-1'"
    raw["history"] = [
        {"n": 1, "of": 0, "step": step, "at": 0, "seconds": 0.1, "status": 500, "code": "X", "note": "gw0-1"},
        {"n": 2, "of": 0, "step": step, "at": 0, "seconds": 0.1, "status": 200, "code": "", "note": "gw0-2"},
    ]
    item = parse(raw)
    assert [m.n for m in ev.others(item)] == [2]
    page = _page(results_parse(data), [("M03-1.json", item)])
    assert "and to call 2, sent at the same time: 200" in page
    assert "What should be" in page and "Parallel calls can be explained" in page


def test_calls_overlap_only_where_their_times_do() -> None:
    def step(n: int, at: float, seconds: float) -> Moment:
        return Moment(n, "at the same time: InstanceId='i-1'", at, seconds)

    assert ev.overlapping([step(1, 0.0, 0.5), step(2, 0.2, 0.1), step(3, 0.6, 0.1)]) == {"1", "2"}
    assert ev.overlapping([step(1, 0.0, 0.2), step(2, 0.2, 0.1)]) == frozenset()
    assert ev.overlapping([Moment(1, "attach", 0.0, 1.0), step(2, 0.2, 0.1)]) == frozenset()
