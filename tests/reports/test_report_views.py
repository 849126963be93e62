"""What the page and the terminal show, as values: cost beside its prediction, sequences, causes, precedence."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import report_samples
from eni_conformance.oracle.evidence import Evidence, Moment
from eni_conformance.oracle.evidence import parse as evidence_parse
from eni_conformance.oracle.results import Duel, Pairwise, Results, Transition
from eni_conformance.oracle.results import parse as results_parse
from eni_conformance.reports import causes, files, html, reached, spent, summary, svg, words
from eni_conformance.reports import evidence as ev

PREDICTED = {
    "source": "3 runs on the embedded emulator",
    "calls": {"DetachNetworkInterface": 80, "RunInstances": 20},
    "total": 100,
    "seconds": 40.0,
    "instances": 2,
    "interfaces": 8,
    "hours": 0.5,
    "money": 0.25,
    "currency": "CNY",
}


def _results(**changes: Any) -> Results:
    data = {"run": {"id": "x", "exit": 0, "seconds": 61.0}, "calls": {"DetachNetworkInterface": 125}}
    return results_parse({**data, **changes})


def _page(results: Results, items: list[tuple[str, Evidence]] | None = None) -> str:
    return report_samples.plain(html.render(results, items or []))


def test_what_was_predicted_stands_beside_what_came() -> None:
    forecast = spent.forecast(_results(predicted=PREDICTED))
    assert forecast is not None
    assert forecast.rows == (("DetachNetworkInterface", 80, 125), ("RunInstances", 20, 0))
    assert (forecast.predicted, forecast.actual) == (100, 125)
    assert forecast.words == "the prediction was 20 % too low"
    assert forecast.facts[0] == ("time", "40 s", "61 s")
    page = _page(_results(predicted=PREDICTED))
    assert "100 calls were predicted from 3 runs on the embedded emulator, 125 were made" in page
    assert "DetachNetworkInterface 80 125" in page
    assert "all operations the prediction was 20 % too low 100 125" in page
    assert "predicted 100 calls in 40 s: the prediction was 20 % too low" in summary.text(_results(predicted=PREDICTED))


def test_used_hours_are_priced_as_predicted() -> None:
    used = {"instances": 3, "network_interfaces": 9, "instance_seconds": 3600.0}
    forecast = spent.forecast(_results(predicted=PREDICTED, cost=used))
    assert forecast is not None
    assert forecast.facts[1:] == (
        ("instances", "2 at once", "3 created"),
        ("network interfaces", "8 at once", "9 created"),
        ("instance hours", "0.5", "at most 1"),
        ("money", "0.25 CNY", "at most 0.5 CNY"),
    )


def test_leases_tell_what_was_had_how_often_it_served_and_what_is_left() -> None:
    leases = [
        {"kind": "vpc", "created": 1, "at_once": 1, "seconds": 60.0, "served": 0, "left": []},
        {"kind": "eni", "created": 4, "at_once": 3, "seconds": 100.0, "served": 30, "left": ["eni-left1"]},
        {"kind": "instance", "created": 2, "at_once": 2, "seconds": 110.0, "served": 25, "left": []},
    ]
    used = {"instances": 2, "network_interfaces": 4, "instance_seconds": 110.0, "worlds": 20, "leases": leases}
    results = _results(cost=used)
    assert spent.leases(results.cost) == (
        spent.Lease("instance", 2, 2, 2, "55 s", "12.5"),
        spent.Lease("network interface", 4, 3, 3, "25 s", "7.5"),
        spent.Lease("vpc", 1, 1, 1, "60 s", ""),
    )
    page = _page(results)
    assert "20 worlds were arranged with it. 1 is left behind : eni-left1" in page
    used["leases"] = [{**one, "left": []} for one in leases]
    assert "All of it was given back." in _page(_results(cost=used))
    assert "Leases" not in _page(_results(cost={"instances": 2}))


def test_a_run_without_a_prediction_shows_its_calls_alone() -> None:
    for predicted in ({}, {"predicted": None}):
        results = _results(**predicted)
        assert spent.forecast(results) is None
        assert "Calls per operation" in _page(results)
        assert "redicted" not in summary.text(results)


def test_a_difference_is_told_in_per_cent_of_what_came() -> None:
    assert spent.off_by(90, 100) == "the prediction was 10 % too low"
    assert spent.off_by(104, 100) == "the prediction was 4.0 % too high"
    assert spent.off_by(100, 100) == "as predicted"
    assert spent.off_by(5, 0) == ""


def _moment(n: int, at: float, seconds: float, step: str = "detach", status: int = 200, **more: Any) -> Moment:
    return Moment(n=n, step=step, at=at, seconds=seconds, status=status, **more)


def test_overlapping_calls_stand_in_lanes_beside_each_other() -> None:
    calls = ev.lanes([_moment(1, 5.0, 0.4), _moment(2, 5.1, 0.1), _moment(3, 5.2, 0.1), _moment(4, 5.6, 0.1)])
    assert [call.lane for call in calls] == [0, 1, 1, 0]
    assert [round(call.start, 3) for call in calls] == [0.0, 0.1, 0.2, 0.6]
    picture = str(svg.lanes(calls))
    assert "connection 1" in picture
    assert "connection 2" in picture
    assert "4 calls over 2 connections, 2 pairs of them overlapping" in picture


def test_calls_one_after_the_other_share_a_lane() -> None:
    calls = ev.lanes([_moment(1, 0.0, 0.02), _moment(2, 0.02, 0.02), _moment(3, 4.0, 0.02)])
    assert {call.lane for call in calls} == {0}
    picture = str(svg.lanes(calls))
    assert "3 calls one after the other" in picture
    assert "3.96 s without a call" in picture
    assert ev.lanes([_moment(1, 0.0, 0.02)]) == ()


def test_a_step_may_name_its_lane() -> None:
    named = [_moment(1, 0.0, 0.1, "client A: detach"), _moment(2, 0.2, 0.1, "client B: detach")]
    assert [(c.lane, c.name, c.words) for c in ev.lanes(named)] == [
        (0, "client A", "detach"),
        (1, "client B", "detach"),
    ]
    given = [_moment(1, 0.0, 0.1, lane="gw0"), _moment(2, 0.2, 0.1, lane="gw1"), _moment(3, 0.4, 0.1, lane="gw0")]
    assert [c.lane for c in ev.lanes(given)] == [0, 1, 0]


def test_no_two_boxes_of_a_sequence_overlap() -> None:
    moments = [_moment(n, 0.013 * n, 0.05 if n % 3 else 0.002, status=500 if n == 7 else 400) for n in range(14)]
    boxes = _boxes(str(svg.lanes(ev.lanes(moments))), "call")
    assert len(boxes) == 14
    for (x1, y1, w1, h1), (x2, y2, w2, h2) in itertools.combinations(boxes, 2):
        assert x1 + w1 <= x2 or x2 + w2 <= x1 or y1 + h1 <= y2 or y2 + h2 <= y1


def _boxes(picture: str, kind: str) -> list[tuple[float, ...]]:
    pattern = rf'<rect x="([\d.-]+)" y="([\d.-]+)" width="([\d.]+)" height="([\d.]+)" class="{kind}[^"]*"'
    return [tuple(map(float, found)) for found in re.findall(pattern, picture)]


def test_a_story_names_the_operation_and_the_overlap() -> None:
    one = _moment(1, 0.0, 0.1, "at the same time: RegionId='cn-hangzhou' NetworkInterfaceId='eni-bp1o0o2yf1y6r73nt7e0'")
    assert ev.told(one).startswith("DetachNetworkInterface RegionId='cn-hangzhou'")
    assert ev.together(one)
    (call, _) = ev.lanes([one, _moment(2, 0.0, 0.1)])
    assert call.words == "detach 'eni\u2026t7e0'"
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
    item = evidence_parse(raw)
    assert [m.n for m in ev.others(item)] == [2]
    page = _page(results_parse(data), [("M03-1.json", item)])
    assert "and to call 2, sent at the same time: 200" in page
    assert "No single answer decides. What the requirement asks for: Parallel calls can be explained" in page


def test_a_bound_of_more_than_all_cases_says_nothing() -> None:
    """Two calls bound nothing: three in two cases is no share."""
    assert [words.percent(part) for part in (0.0068, 0.05, 0.6, 1.0, 1.5)] == ["0.68 %", "5 %", "60 %", "", ""]
    strength = {"bound": 1.5, "worlds": 1, "callers": 1, "wire_forms": 1}
    few = {"id": "ENI-DETACH-E05", "kind": "error", "verdict": "conforms", "judged": 2, "strength": strength}
    page = _page(_results(requirements=[few]))
    assert "too few calls to say" in page
    assert "e+0" not in page


def _failure(name: str, requirement: str, cause: str, data: dict[str, Any], **more: Any) -> tuple[str, Evidence]:
    return f"{name}.json", evidence_parse(report_samples.evidence(name, requirement, data, cause=cause, **more))


def _violated(*ids: str, severity: str = "normal") -> dict[str, Any]:
    data = report_samples.results()
    for r in data["requirements"]:
        if r["id"].removeprefix("ENI-DETACH-") in ids:
            r.update(verdict="violated", severity=severity)
    return data


def test_a_code_that_the_page_does_not_have_is_one_finding() -> None:
    data = _violated("E14", "E24", "E13")
    items = [
        _failure("a", "ENI-DETACH-E14", "code:404 Made.Up:interface exists", data, also=["ENI-DETACH-R03"]),
        _failure("b", "ENI-DETACH-E24", "code:404 Made.Up:interface id well-formed", data),
        _failure("c", "ENI-DETACH-E13", "code:404 InvalidEniId.NotFound:instance exists", data),
        _failure("d", "ENI-DETACH-E24", "code:404 InvalidEniId.NotFound:interface id well-formed", data),
    ]
    found = {f.requirement_id.removeprefix("ENI-DETACH-"): f for f in causes.findings(results_parse(data), items)}
    assert sorted((k, f.seen) for k, f in found.items()) == [("E13", 1), ("E14", 2), ("E24", 1)]
    assert found["E14"].also == ("ENI-DETACH-R03", "ENI-DETACH-E24")


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
    assert sorted(found) == [("b.json", 1, 2), ("c.json", 1, 1), ("d.json", 1, 1)]


def test_overlapping_answers_in_another_order_are_the_same_cause() -> None:
    data = _violated("M03")
    told = ("overlap:200, 500 InternalError", "overlap:500 InternalError, 200", "overlap:200, 200")
    items = [_failure(f"m{n}", "ENI-DETACH-M03", cause, data) for n, cause in enumerate(told)]
    assert sorted(f.seen for f in causes.findings(results_parse(data), items)) == [1, 2]


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


def test_no_two_boxes_of_the_precedence_graph_overlap() -> None:
    """Wide layers are broken; nothing leaves the picture."""
    names = {f"ENI-DETACH-E{n:02}": f"InvalidOperation.RatherLongCodeNumber{n:02}" for n in range(1, 25)}
    ids = list(names)
    duels = [Duel(a, b, a, True, 3) for a, b in zip(ids[:12], ids[12:], strict=True)]
    picture = str(svg.precedence(duels, names))
    boxes = _boxes(picture, "node")
    assert len(boxes) == 24
    width, height = map(float, re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture)[0])
    assert width <= 1200
    for x, y, w, h in boxes:
        assert x >= 0
        assert x + w <= width
        assert y >= 0
        assert y + h <= height
    for (x1, y1, w1, h1), (x2, y2, w2, h2) in itertools.combinations(boxes, 2):
        assert x1 + w1 <= x2 or x2 + w2 <= x1 or y1 + h1 <= y2 or y2 + h2 <= y1
    assert "InvalidOperation.RatherLongCodeNumber01 before InvalidOperation.RatherLongCodeNumber13" in picture


def test_a_few_settle_times_are_a_picture_already() -> None:
    page = html.render(_results(settle={"detach": [0.1, 0.2, 0.3]}), [])
    assert "detach: 3 samples, median 200 ms" in page
    assert "samples, median" not in html.render(_results(latency={"X": [0.1, 0.2, 0.3]}), [])


def test_a_matrix_of_pairs_needs_all_of_them() -> None:
    whole = Pairwise(("a", "b"), 3, 4, (("a", 1, "b", 2),))
    assert reached.pair_matrix(whole) == (("a", (None, 1)), ("b", (1, None)))
    assert reached.pair_matrix(Pairwise(("a", "b"), 2, 4, (("a", 1, "b", 2),))) == ()
    page = _page(
        _results(coverage={"pairwise": {"dimensions": ["a", "b"], "covered": 2, "total": 9, "missing": [[*"a1b2"]]}})
    )
    assert "Of the 7 missing pairs 1 are recorded." in page


def test_calls_by_state_are_summed_over_callers() -> None:
    told = {
        "Running, InUse, this, account: accepted": 4,
        "Running, InUse, this, account: refused": 2,
        "Running, InUse, this, ram_denied: refused": 3,
        "of another form": 1,
    }
    rows = reached.tried([Transition(text, n) for text, n in told.items()])
    assert rows == (reached.Tried("Running / InUse / this", 4, 5, ("account", "ram_denied")),)


def test_requirements_with_one_reason_share_a_line_in_the_terminal() -> None:
    same = [{"id": f"ENI-DETACH-G0{n}", "verdict": "inconclusive", "reason": "set-up failed"} for n in range(1, 5)]
    text = summary.text(_results(requirements=[*same, {"id": "ENI-DETACH-E01", "verdict": "violated", "reason": "r"}]))
    assert text.count("set-up failed") == 1
    assert "ENI-DETACH-G01 and 3 more" in text
    assert "(also G02, G03, G04)" in text


def _last(results: Results) -> list[str]:
    return summary.text(results, out_dir="out/x").splitlines()[-3:]


def test_a_violated_run_ends_with_what_where_and_how_to_repeat(tmp_path: Path) -> None:
    bad = [{"id": "ENI-DETACH-E12", "verdict": "violated", "reason": "the primary interface was detached"}]
    assert _last(_results(requirements=bad)) == [
        "What    ENI-DETACH-E12 the primary interface was detached",
        "Read    out/x/index.html#finding-ENI-DETACH-E12",
        "Repeat  eni-conformance run -k ENI-DETACH-E12",
    ]
    data, items = report_samples.violated()
    for command, option in (
        ("eni-conformance run --target 'my target.toml' -n 2", " --target 'my target.toml'"),
        ("eni-conformance run --effort quick", ""),
        ("a 'broken command", ""),
    ):
        data["run"]["command"] = command
        out = report_samples.write(tmp_path, (data, items))
        repeat = summary.text(files.load(out), out_dir=out).splitlines()[-1]
        assert repeat == f"Repeat  eni-conformance replay {out}/evidence/E12-3f09a1.json{option}"


def test_a_deviation_that_is_not_needed_ends_the_same_way() -> None:
    stale = "the deviation ENI-DETACH-E11 of platform team is no longer needed: remove it"
    ok = [{"id": "ENI-DETACH-E11", "verdict": "conforms", "judged": 3}]
    run = {"id": "x", "exit": 1, "command": "eni-conformance run --deviations d.toml"}
    results = _results(run=run, requirements=ok, problems=[stale])
    assert _last(results) == [
        f"What    deviations: {stale}",
        "Read    out/x/index.html",
        "Repeat  eni-conformance run --deviations d.toml",
    ]
    assert "The deviations file is out of date" in _page(results)


class _Terminal:
    def __init__(self, tty: bool) -> None:
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty


def test_colours_only_where_they_are_wanted() -> None:
    wanted: Any = summary.colour_wanted
    assert wanted(_Terminal(True), {"TERM": "xterm"})
    assert wanted(_Terminal(True), {"NO_COLOR": ""})
    assert not wanted(_Terminal(True), {"NO_COLOR": "1"})
    assert not wanted(_Terminal(True), {"TERM": "dumb"})
    assert not wanted(_Terminal(False), {})
