"""A proof: what a run means, which faults and variants are tried, and that it goes on where it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from eni_conformance.conformance import proof, prove
from eni_conformance.conformance.prove import Job, Subject
from eni_conformance.oracle.results import Again, parse
from eni_conformance.reports.proven import Result
from rich.console import Console

FAULT = Subject("fault", "status-primary", "status", "always", "A wrong status.", ("--fault", "status-primary"))
VARIANT = Subject("variant", "instant", "conforming", "always", "Transitions take no time.", ("--variant", "instant"))
HARMLESS = replace(FAULT, name="header-missing")
KILLED = Result("fault", "a", "status", "always", "A.", "killed", 1, "E12", ("R08",), ("E12", "R08"), "wrong", calls=40)


def job(subject: Subject = FAULT, own: str = "") -> Job:
    return Job(subject, 1, own)


@pytest.mark.parametrize(
    ("subject", "own", "status", "broken", "verdict"),
    [
        (FAULT, "", 1, ["E12"], "killed"),
        (FAULT, "", 0, [], "survived"),
        (FAULT, "", 4, [], "unusable"),
        (FAULT, "", -9, ["E12"], "killed"),
        (FAULT, "", -9, [], "unusable"),
        (VARIANT, "", 0, [], "silent"),
        (VARIANT, "", 1, ["E12"], "alarmed"),
        (VARIANT, "", 3, [], "unusable"),
        (HARMLESS, "", 0, [], "equivalent"),
        (HARMLESS, "", 1, ["R09"], "alarmed"),
        (FAULT, "M01", 1, ["E12"], "survived"),
        (FAULT, "M01", 1, ["E12", "M01"], "killed"),
    ],
)
def test_what_a_run_means(subject: Subject, own: str, status: int, broken: list[str], verdict: str) -> None:
    assert prove._verdict(job(subject, own), status, broken) == verdict


def test_a_run_in_which_the_suite_itself_failed_proves_nothing() -> None:
    assert prove._verdict(job(FAULT), 1, ["B01"], "IndexError: tuple index out of range") == "unusable"
    rows = [{"id": "ENI-DETACH-E03", "verdict": "error", "reason": "IndexError: tuple index out of range"}]
    violation = {"requirement": "B01", "also": [], "evidence": "", "summary": "500", "calls": 9, "detach_calls": 2}
    data = parse({"run": {"id": "x"}, "violations": [{**violation, "seconds": 1.0}], "requirements": rows})
    result = prove._result(job(FAULT), 1, 0.0, data, Path(), Path())
    assert (result.verdict, result.summary) == ("unusable", "IndexError: tuple index out of range")


def test_at_most_three_faults_are_equivalent_and_each_is_a_fault_of_the_emulator() -> None:
    assert set(proof.EQUIVALENT) <= {s.name for s in prove.subjects("") if s.kind == "fault"}
    assert len(proof.EQUIVALENT) <= 3


def test_variants_share_a_run_if_they_touch_different_things_and_others_with_another_seed() -> None:
    every = [s for s in prove.subjects("") if s.kind == "variant"]
    groups = prove.grouped(every, 1)
    assert sorted(v.name for g in groups for v in g.members or (g,)) == sorted(v.name for v in every)
    assert len(groups) <= len(every) // prove.TOGETHER + 3
    for group in groups:
        touched = [point for v in group.members for point in v.touches]
        assert len(touched) == len(set(touched)), group.name
        assert group.arguments == tuple(a for v in group.members or (group,) for a in v.arguments)
    assert {g.name for g in groups} != {g.name for g in prove.grouped(every, 2)}


def test_a_silent_group_speaks_for_its_members_and_any_other_is_run_apart() -> None:
    other = replace(VARIANT, name="localized", arguments=("--variant", "localized"))
    (group,) = prove.grouped([replace(VARIANT, touches=frozenset({"time"})), other], 1)
    silent = replace(KILLED, kind="variant", name=group.name, verdict="silent", requirement="")
    told, alone = prove.single([group], [KILLED, silent])
    assert {(r.name, r.company) for r in told if r.kind == "variant"} == {
        ("instant", "localized"),
        ("localized", "instant"),
    }
    assert not alone
    told, alone = prove.single([group], [replace(silent, verdict="alarmed")])
    assert [r.name for r in told] == [group.name] and {s.name for s in alone} == {"instant", "localized"}


def test_own_checks_are_run_only_for_requirements_that_were_not_first() -> None:
    chosen = [replace(FAULT, name=name) for names in prove.OWN_FAULTS.values() for name in names]
    first = replace(KILLED, requirement="M01")
    wanted = {j.own for j in prove.own_jobs(chosen, [first], 1)}
    assert wanted == set(prove.OWN_FAULTS) - {"M01"}


def test_each_requirement_that_is_seldom_first_names_faults_of_the_emulator() -> None:
    known = {s.name for s in prove.subjects("") if s.kind == "fault"}
    assert {name for names in prove.OWN_FAULTS.values() for name in names} <= known


@pytest.mark.whole
def test_a_fault_is_killed_and_the_proof_goes_on_where_it_was(tmp_path: Path) -> None:
    console = Console(quiet=True)
    (result,) = prove.prove([job()], "quick", 1, tmp_path, console)
    assert (result.verdict, result.requirement, result.exit) == ("killed", "E12", 1)
    assert result.counterexample["steps"]
    (again,) = result.replays
    assert (again.requirement, again.convicts_innocent, again.repeats) == ("ENI-DETACH-E12", False, True)
    assert again.innocent == Again(2, 0), "it was not tried where nothing is wrong"
    assert json.loads((tmp_path / result.evidence).read_text())["requirement"] == "ENI-DETACH-E12"
    assert not list(tmp_path.glob("runs/*/latest/index.html")), "a report was written for nobody"
    kept = tmp_path / "results-quick.jsonl"
    kept.write_text(kept.read_text().replace('"E12"', '"E11"') + "half a li")
    (kept_one,) = prove.prove([job()], "quick", 1, tmp_path, console)
    assert kept_one.requirement == "E11", "it was run again"


@pytest.mark.whole
@pytest.mark.parametrize(
    "name",
    ["signature-v3-unchecked", "tags-lost", pytest.param("primary-refused-but-untagged", marks=pytest.mark.night)],
)
def test_no_counterexample_convicts_the_innocent(name: str, tmp_path: Path) -> None:
    """A probe in one scheme, an effect of a success, an effect of a refusal: each fails where it was found, alone."""
    fault = next(s for s in prove.subjects(name) if s.name == name)
    (result,) = prove.prove([Job(fault, 1)], "quick", 1, tmp_path, Console(quiet=True))
    assert result.verdict == "killed" and result.replays
    assert [one for one in result.replays if one.convicts_innocent or not one.repeats] == []
