"""Known deviations: what a file may say, what it accepts, and when it must be looked at again."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from eni_conformance.conformance import deviations
from eni_conformance.conformance.deviations import Deviation, DeviationError
from eni_conformance.oracle.results import (
    DeviationEntry,
    KnownDeviation,
    RequirementResult,
    Results,
    Run,
    Target,
    Violation,
)
from eni_conformance.reports import files
from eni_conformance.reports import history as trend

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
        (ENTRY + 'unneeded = "never"', "deviation 1: unneeded is 'never'"),
        (ENTRY + ENTRY.replace("reason", "why"), "deviation 2: unknown key 'why'"),
    ],
)
def test_what_cannot_be_used_is_refused_by_place(text, said, tmp_path):
    with pytest.raises(DeviationError, match=said):
        load(tmp_path, text)


def apply(known, *violations, row=ROW):
    made = deviations.apply([row], violations, known, TODAY)
    return made.requirements[0], made.problems


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


GOOD = RequirementResult("ENI-DETACH-E11", verdict="conforms", judged=3)
UNNEEDED = (
    "the deviation ENI-DETACH-E11 (code:404) of net-team is no longer needed: no run of the last 3 showed it; remove it"
)


@pytest.mark.parametrize(("before", "told"), [(0, ()), (1, ()), (2, (UNNEEDED,))])
def test_an_entry_that_no_run_needed_several_times_in_a_row_is_told_and_fails_nothing(before, told):
    """What an endpoint does now and then is not seen in each run."""
    made = deviations.apply([GOOD], (), [KNOWN], TODAY, {str(KNOWN): before})
    assert (made.warnings, made.problems) == (told, ())
    assert [one.quiet for one in made.entries] == [before + 1]


def test_an_entry_may_ask_to_fail_when_it_is_not_needed():
    made = deviations.apply([GOOD], (), [replace(KNOWN, strict=True)], TODAY, {str(KNOWN): 2})
    assert (made.warnings, made.problems) == ((), (UNNEEDED,))


def test_the_count_begins_again_when_it_is_seen_and_rests_while_it_is_not_tried():
    seen = deviations.apply([ROW], (FOUND,), [KNOWN], TODAY, {str(KNOWN): 2})
    untried = deviations.apply([RequirementResult("ENI-DETACH-E11")], (), [KNOWN], TODAY, {str(KNOWN): 2})
    assert [made.entries[0].quiet for made in (seen, untried)] == [0, 2]
    assert untried.warnings == ()


def write_run(folder, name, quiet, target="staging"):
    entries = (DeviationEntry(str(KNOWN), "net-team", "2026-11-29", quiet),)
    made = Results(Run(name), target=Target(target), deviations=entries)
    (folder / name).mkdir(parents=True)
    (folder / name / "results.json").write_text(files.text(made))
    return folder / name


def test_the_count_goes_on_from_the_last_run_against_this_target(tmp_path):
    write_run(tmp_path, "run-1", 1)
    write_run(tmp_path, "run-2", 2)
    write_run(tmp_path, "run-3", 7, "another")
    (tmp_path / "run-4").mkdir()
    (tmp_path / "latest").symlink_to("run-2")
    assert deviations.quiet_so_far(tmp_path / "run-4", "staging") == {str(KNOWN): 2}
    assert deviations.quiet_so_far(tmp_path / "run-4", "nobody") == {}


def test_the_count_is_kept_in_the_history_where_directories_are_not(tmp_path):
    kept = tmp_path / "history.jsonl"
    trend.append(write_run(tmp_path, "run-1", 2), kept)
    assert deviations.quiet_so_far(tmp_path / "elsewhere" / "run-2", "staging", str(kept)) == {str(KNOWN): 2}
    assert deviations.quiet_so_far(tmp_path / "elsewhere" / "run-2", "another", str(kept)) == {}


def test_what_belongs_to_one_event_is_accepted_in_whatever_requirement_it_shows():
    """The next run sees late, as F08, what this one saw at once, as F04."""
    family = Deviation("F04", "r", "o", LATER, "changed Tags")
    late = Violation(requirement="F08", cause="late:Tags", family="changed Tags")
    row, _ = apply([family], late, row=RequirementResult("ENI-DETACH-F08", verdict="violated", judged=1))
    assert row.verdict == "known-deviation"
    other = replace(late, family="changed Description")
    row, _ = apply([family], late, other, row=RequirementResult("ENI-DETACH-F08", verdict="violated", judged=1))
    assert row.verdict == "violated"


def test_a_draft_has_one_entry_for_each_event(tmp_path):
    late = Violation(requirement="F08", cause="late:Tags", family="changed Tags", summary="late")
    found = Violation(requirement="F04", cause="F04:changed Tags", family="changed Tags", summary="lost")
    text = deviations.draft(Results(Run("r"), violations=(late, found, FOUND)), TODAY)
    drafted = load(tmp_path, text.replace('= ""', '= "x"'))
    assert {(one.requirement, one.cause) for one in drafted} == {("F04", "changed Tags"), ("E11", FOUND.cause)}


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
