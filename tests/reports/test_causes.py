"""What failed for one cause is one finding, and the most harmful comes first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import report_samples
from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.evidence import parse as evidence_parse
from eni_conformance.oracle.results import Results
from eni_conformance.oracle.results import parse as results_parse
from eni_conformance.reports import causes, html


def _page(results: Results, items: list[tuple[str, Evidence]] | None = None) -> str:
    return report_samples.plain(html.render(results, items or []))


def _failure(name: str, requirement: str, cause: str, data: dict[str, Any], **more: Any) -> tuple[str, Evidence]:
    return f"{name}.json", evidence_parse(report_samples.evidence(name, requirement, data, cause=cause, **more))


def _violated(*ids: str, severity: str = "normal") -> dict[str, Any]:
    data = report_samples.results()
    for r in data["requirements"]:
        if r["id"].removeprefix("ENI-DETACH-") in ids:
            r.update(verdict="violated", severity=severity)
    return data


def test_a_code_that_the_page_does_not_have_is_one_finding() -> None:
    made_up = {"family": "code Made.Up", "observed": {"code": "Made.Up", "status": 404, "outcome": "answered"}}
    data = _violated("E14", "E24", "E13")
    items = [
        _failure("a", "ENI-DETACH-E14", "code:404 Made.Up:interface exists", data, also=["ENI-DETACH-R03"], **made_up),
        _failure("b", "ENI-DETACH-E24", "code:404 Made.Up:interface id well-formed", data, **made_up),
        _failure("c", "ENI-DETACH-E13", "code:404 InvalidEniId.NotFound:instance exists", data),
        _failure("d", "ENI-DETACH-E24", "code:404 InvalidEniId.NotFound:interface id well-formed", data),
    ]
    found = {f.requirement_id.removeprefix("ENI-DETACH-"): f for f in causes.findings(results_parse(data), items)}
    assert sorted((k, f.seen) for k, f in found.items()) == [("E13", 1), ("E14", 2), ("E24", 1)]
    assert found["E14"].also == ("ENI-DETACH-R03", "ENI-DETACH-E24")


def test_a_finding_of_a_narrowed_run_is_told_under_the_requirement_that_was_tried() -> None:
    data = _violated("E12")
    for r in data["requirements"]:
        if r["id"] == "ENI-DETACH-S01":
            r.update(verdict="not-exercised", reason="narrowed by the user")
    assert [r["verdict"] for r in data["requirements"] if r["id"] == "ENI-DETACH-S01"] == ["not-exercised"]
    cause = "accepted:interface not primary"
    items = [_failure("a", "ENI-DETACH-S01", cause, data, also=["ENI-DETACH-E12"])]
    (found,) = causes.findings(results_parse(data), items)
    assert (found.requirement_id, found.verdict, found.also) == ("ENI-DETACH-E12", "violated", ("ENI-DETACH-S01",))


def test_what_one_call_did_to_several_fields_is_one_finding() -> None:
    data = _violated("F03", "F04")
    items = [
        _failure("a", "ENI-DETACH-F03", "F03:changed Attachment.DeviceIndex", data),
        _failure("b", "ENI-DETACH-F03", "F03:changed Status", data),
        _failure("c", "ENI-DETACH-F03", "F03:changed Description", data),
        _failure("d", "ENI-DETACH-F04", "F04:changed Status", data),
    ]
    calls = ("w-1", "w-1", "w-2", "w-1")
    items = [
        (name, replace(item, exchange=replace(item.exchange, id=call)))
        for (name, item), call in zip(items, calls, strict=True)
    ]
    found = [(f.file, f.seen, len(f.members)) for f in causes.findings(results_parse(data), items)]
    assert sorted(found) == [("a.json", 1, 2), ("c.json", 1, 1), ("d.json", 1, 1)]


def test_what_has_one_family_is_one_finding_and_the_shortest_counterexample_leads() -> None:
    """A refusal and a detach both cost an interface its tags: one event."""
    data = _violated("F04", "F08")
    items = [
        _failure("a", "ENI-DETACH-F08", "F04:changed Tags", data, family="changed Tags"),
        _failure("b", "ENI-DETACH-F04", "F04:changed Tags", data, family="changed Tags"),
        _failure("c", "ENI-DETACH-F04", "F04:changed Status", data, family="changed Status"),
    ]
    found = [(f.file, f.also, len(f.members)) for f in causes.findings(results_parse(data), items)]
    assert found == [("b.json", ("ENI-DETACH-F08",), 2), ("c.json", (), 1)]


def test_what_joins_two_findings_makes_them_one() -> None:
    data = _violated("E13", "E14")
    items = [
        _failure("a", "ENI-DETACH-E13", "x", data, family="one"),
        _failure("b", "ENI-DETACH-E14", "y", data, family="two"),
        _failure("c", "ENI-DETACH-E13", "x", data, family="two"),
    ]
    assert [len(f.members) for f in causes.findings(results_parse(data), items)] == [3]


def test_failures_without_a_file_of_their_own_are_counted() -> None:
    data = _violated("E13")
    data["violations"] = [{"evidence": "a.json", "count": 7}, {"evidence": "a.json", "count": 2}]
    items = [_failure(name, "ENI-DETACH-E13", "x", data) for name in ("a", "b")]
    (found,) = causes.findings(results_parse(data), items)
    assert found.seen == 10
    assert "10 failures of this cause" in _page(results_parse(data), items)


def test_the_most_harmful_then_the_most_certain_comes_first() -> None:
    data = _violated("E13", "E14")
    next(r for r in data["requirements"] if r["id"] == "ENI-DETACH-E14")["severity"] = "blocker"
    items = [
        _failure("a", "ENI-DETACH-E13", "x", data, certainty=1.0),
        _failure("b", "ENI-DETACH-E13", "y", data, certainty=0.5),
        _failure("c", "ENI-DETACH-E14", "z", data, certainty=0.5),
    ]
    assert [f.file for f in causes.findings(results_parse(data), items)] == ["c.json", "a.json", "b.json"]


def test_what_was_done_comes_before_what_was_said() -> None:
    """Of the same severity a primary interface that was detached is told before a wrong code that came more often."""
    data = _violated("S04", "S01", severity="blocker")
    items = [
        _failure("a", "ENI-DETACH-S04", "code", data, kind="WrongAnswer"),
        _failure("b", "ENI-DETACH-S04", "code", data, kind="WrongAnswer"),
        _failure("c", "ENI-DETACH-S01", "accepted", data, kind="WronglyAccepted"),
    ]
    found = causes.findings(results_parse(data), items)
    assert [f.requirement_id for f in found if f.evidence] == ["ENI-DETACH-S01", "ENI-DETACH-S04"]
