"""What the runs of a proof come to: shares, kills, and the page of the proof."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from eni_conformance.conformance import proof
from eni_conformance.oracle.results import Again
from eni_conformance.reports import matrix
from eni_conformance.reports.proven import Figures, Replay, Result

KILLED = Result("fault", "a", "status", "always", "A.", "killed", 1, "E12", ("R08",), ("E12", "R08"), "wrong", calls=40)


def test_the_share_killed_within_so_many_calls_counts_survivors_too() -> None:
    results = [KILLED, replace(KILLED, name="b", calls=400), replace(KILLED, name="c", verdict="survived", calls=0)]
    shares = dict(proof.within(results))
    assert shares[30] == 0
    assert shares[100] == pytest.approx(1 / 3, abs=1e-3)
    assert shares[1000] == pytest.approx(2 / 3, abs=1e-3)


def test_a_fault_that_keeps_within_the_page_neither_survives_nor_counts_as_killed() -> None:
    harmless = replace(KILLED, name="header-missing", verdict="equivalent", requirement="", also=())
    told = figures(KILLED, harmless)
    assert (told.faults, told.killed, told.survivors, told.alarmed) == (1, 1, (), ())
    assert list(told.equivalent) == ["header-missing"]
    assert "1 faults equivalent" in matrix.render(told, "eni-conformance prove")
    assert figures(KILLED, replace(harmless, verdict="alarmed")).alarmed == ("header-missing",)


def test_a_requirement_is_proven_by_being_first_or_by_its_own_checks_alone() -> None:
    alone = replace(KILLED, name="b", own="M01", requirement="M01")
    in_vain = replace(KILLED, name="c", own="M02", verdict="survived")
    left = proof.unproven([KILLED, alone, in_vain])
    assert not {"E12", "M01"} & set(left)
    assert {"R08", "M02"} <= set(left)


def test_a_fault_counts_once_for_each_requirement_that_it_was_caught_by() -> None:
    counts = proof.kills([KILLED, replace(KILLED, own="R08"), replace(KILLED, name="b", verdict="survived")])
    assert counts == {"E12": 1, "R08": 1}


def figures(*results: Result) -> Figures:
    return proof.summary(results, "quick")


@pytest.mark.parametrize("guilty", [Again(2, 2), Again(2, 0)])
def test_a_counterexample_that_does_not_repeat_or_convicts_the_innocent_is_told(guilty: Again) -> None:
    one = Replay("ENI-DETACH-E12", "e.json", Again(2, 2), guilty, innocent=Again(2, 2 - guilty.failed_again))
    told = figures(replace(KILLED, replays=(one,)))
    assert told.replayed == 1
    assert told.not_repeated == (() if one.repeats else ("a: e.json",))
    assert told.convict_innocent == (("a: e.json",) if one.convicts_innocent else ())
    page = proof.markdown(told, "prove")
    assert f"fail on a conforming emulator, too | {int(one.convicts_innocent)} of 1 |" in page


def test_the_page_shows_what_was_missed_first_and_escapes_what_it_shows() -> None:
    hostile = replace(KILLED, summary="<script>alert(1)</script>", counterexample={"name": "</pre><b>"})
    missed = replace(KILLED, name="slips-through", verdict="survived", requirement="", group="effect")
    page = matrix.render(figures(hostile, missed), "eni-conformance prove")
    assert "1 of 2 faults killed" in page
    assert page.index("slips-through") < page.index('id="faults"')
    assert "<script>alert" not in page
    assert "</pre><b>" not in page
    assert not re.search(r"(?:src|href)=\"?https?:", page)
    assert 'value="effect"' in page and 'data-verdict="effect"' in page


def test_a_proof_without_survivors_says_so() -> None:
    page = matrix.render(figures(KILLED), "eni-conformance prove")
    assert 'id="missed"' not in page
    assert "\u2713" in page
