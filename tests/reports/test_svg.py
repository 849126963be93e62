"""Drawings: no two boxes overlap, and an arrow that is implied is left out."""

from __future__ import annotations

import itertools
import re
from typing import Any

from eni_conformance.oracle.evidence import Moment
from eni_conformance.oracle.results import Duel, Results
from eni_conformance.oracle.results import parse as results_parse
from eni_conformance.reports import evidence as ev
from eni_conformance.reports import html, svg


def test_precedence_graph_keeps_only_what_is_not_implied() -> None:
    duels = [Duel(a, b, a, True, 1) for a, b in ("AB", "BC", "AC")] + [Duel("C", "D", "D", False, 1)]
    picture = svg.precedence(duels, {"A": "first", "B": "second", "C": "third"})
    assert len(re.findall('class="edge"', picture)) == 2
    cycle = [Duel(a, b, a, True, 1) for a, b in ("AB", "BC", "CA")]
    assert "edge cycle" in svg.precedence(cycle, {})
    assert svg.precedence([], {}) == ""


def _results(**changes: Any) -> Results:
    data = {"run": {"id": "x", "exit": 0, "seconds": 61.0}, "calls": {"DetachNetworkInterface": 125}}
    return results_parse({**data, **changes})


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
