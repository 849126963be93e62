"""Known deviations: what a file may say, what it accepts, and when it must be looked at again."""

from __future__ import annotations

import datetime

import pytest
from eni_conformance.conformance import deviations
from eni_conformance.conformance.deviations import Deviation, DeviationError
from eni_conformance.oracle.results import KnownDeviation, RequirementResult, Results, Run, Violation

TODAY, LATER, EARLIER = (datetime.date(2026, 11, day) for day in (28, 29, 27))
ENTRY = """\
[[deviation]]
requirement = "ENI-DETACH-E11"
cause = "code:404"
reason = "the gateway answers first"
owner = "net-team"
expires = 2026-11-29
"""
KNOWN = Deviation("E11", "the gateway answers first", "net-team", LATER, "code:404")
FOUND = Violation("e.json", requirement="E11", also=("R08",), cause="code:404 InvalidEniId.NotFound", summary="wrong")
ROW = RequirementResult("ENI-DETACH-E11", verdict="violated", judged=3)


def load(tmp_path, text):
    path = tmp_path / "d.toml"
    path.write_text(text)
    return deviations.load(path)


def test_an_entry_is_read(tmp_path):
    assert load(tmp_path, ENTRY) == (KNOWN,) and load(tmp_path, "") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[deviation]", "is not TOML"),
        ("[[deviations]]", "unknown key 'deviations'"),
        ("deviation = 3", r"write entries as \[\[deviation\]\]"),
        (ENTRY.replace("owner", "owners"), "deviation 1: unknown key 'owners'"),
        (ENTRY.replace('"net-team"', '" "'), "deviation 1: owner is missing"),
        (ENTRY.replace("2026-11-29", '"soon"'), "deviation 1: expires is missing or is not a date"),
        (ENTRY.replace("E11", "E99"), "deviation 1: ENI-DETACH-E99 is no requirement"),
        (ENTRY + ENTRY.replace("reason", "why"), "deviation 2: unknown key 'why'"),
    ],
)
def test_what_cannot_be_used_is_refused_by_place(text, said, tmp_path):
    with pytest.raises(DeviationError, match=said):
        load(tmp_path, text)


def apply(known, *violations, row=ROW):
    (row,), problems = deviations.apply([row], violations, known, TODAY)
    return row, problems


def test_a_violation_that_an_entry_speaks_of_is_accepted_with_its_owner():
    row, problems = apply([KNOWN], FOUND)
    assert (row.verdict, problems) == ("known-deviation", ())
    assert row.reason == "the gateway answers first (owner net-team, until 2026-11-29)"
    assert row.deviation == KnownDeviation("net-team", "the gateway answers first", "2026-11-29")


@pytest.mark.parametrize("other", ["code:403", "status:500"])
def test_another_violation_of_the_same_requirement_is_not(other):
    row, _ = apply([KNOWN], FOUND, Violation(requirement="E11", cause=other))
    assert row.verdict == "violated"


def test_an_entry_without_a_cause_speaks_of_every_violation():
    row, _ = apply([Deviation("E11", "r", "o", TODAY)], FOUND, Violation(requirement="E11", cause="status:500"))
    assert row.verdict == "known-deviation"


def test_an_entry_that_has_expired_accepts_nothing_and_is_told():
    row, problems = apply([Deviation("E11", "r", "net-team", EARLIER)], FOUND)
    assert row.verdict == "violated"
    assert problems == (
        "the deviation ENI-DETACH-E11 of net-team expired on 2026-11-27: renew it or have it mended",
    )  # fmt: skip


def test_an_entry_that_nothing_needs_any_more_is_told_if_its_requirement_was_tried():
    row, problems = apply([KNOWN], row=RequirementResult("ENI-DETACH-E11", verdict="conforms", judged=3))
    assert row.verdict == "conforms"
    assert problems == ("the deviation ENI-DETACH-E11 (code:404) of net-team is no longer needed: remove it",)
    assert apply([KNOWN], row=RequirementResult("ENI-DETACH-E11"))[1] == ()


def test_a_violation_of_several_requirements_is_accepted_for_each():
    row, _ = apply([KNOWN], FOUND, row=RequirementResult("ENI-DETACH-R08", verdict="violated", judged=3))
    assert row.verdict == "known-deviation"
    row, _ = apply([KNOWN], FOUND, Violation(requirement="R08", cause="x"), row=RequirementResult("ENI-DETACH-R08"))
    assert row.verdict == "not-exercised", "it has one of its own, too, which nobody accepted"


def test_a_draft_is_a_file_once_it_is_filled_in(tmp_path):
    text = deviations.draft(Results(Run("r"), violations=(FOUND, FOUND)), TODAY)
    assert text.count("[[deviation]]") == 1
    with pytest.raises(DeviationError, match="reason is missing"):
        load(tmp_path, text)
    (entry,) = load(tmp_path, text.replace('= ""', '= "x"'))
    assert entry == Deviation("E11", "x", "x", datetime.date(2027, 2, 26), FOUND.cause)
