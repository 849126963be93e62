"""The proof: what counts as caught, what is told of it, and that it goes on where it was interrupted."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eni_conformance.conformance import proof, prove
from eni_conformance.conformance.proof import Result
from eni_conformance.conformance.prove import Job, Subject
from eni_conformance.oracle.results import parse
from eni_conformance.reports import matrix
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


def test_the_share_killed_within_so_many_calls_counts_survivors_too() -> None:
    results = [KILLED, replace(KILLED, name="b", calls=400), replace(KILLED, name="c", verdict="survived", calls=0)]
    shares = dict(proof.within(results))
    assert shares[30] == 0
    assert shares[100] == pytest.approx(1 / 3, abs=1e-3)
    assert shares[1000] == pytest.approx(2 / 3, abs=1e-3)


def test_a_fault_that_keeps_within_the_page_neither_survives_nor_counts_as_killed() -> None:
    harmless = replace(KILLED, name="header-missing", verdict="equivalent", requirement="", also=())
    told = figures(KILLED, harmless)
    assert (told["faults"], told["killed"], told["survivors"], told["alarmed"]) == (1, 1, [], [])
    assert list(told["equivalent"]) == ["header-missing"]
    assert "1 faults equivalent" in matrix.render(told, "eni-conformance prove")
    assert figures(KILLED, replace(harmless, verdict="alarmed"))["alarmed"] == ["header-missing"]


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


def test_a_requirement_is_proven_by_being_first_or_by_its_own_checks_alone() -> None:
    alone = replace(KILLED, name="b", own="M01", requirement="M01")
    in_vain = replace(KILLED, name="c", own="M02", verdict="survived")
    left = proof.unproven([KILLED, alone, in_vain])
    assert not {"E12", "M01"} & set(left)
    assert {"R08", "M02"} <= set(left)


def test_own_checks_are_run_only_for_requirements_that_were_not_first() -> None:
    chosen = [replace(FAULT, name=name) for names in prove.OWN_FAULTS.values() for name in names]
    first = replace(KILLED, requirement="M01")
    wanted = {j.own for j in prove.own_jobs(chosen, [first], 1)}
    assert wanted == set(prove.OWN_FAULTS) - {"M01"}


def test_each_requirement_that_is_seldom_first_names_faults_of_the_emulator() -> None:
    known = {s.name for s in prove.subjects("") if s.kind == "fault"}
    assert {name for names in prove.OWN_FAULTS.values() for name in names} <= known


def test_a_fault_counts_once_for_each_requirement_that_it_was_caught_by() -> None:
    counts = proof.kills([KILLED, replace(KILLED, own="R08"), replace(KILLED, name="b", verdict="survived")])
    assert counts == {"E12": 1, "R08": 1}


def figures(*results: Result) -> dict[str, Any]:
    return json.loads(json.dumps(proof.summary(results, "quick")))


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


@pytest.mark.whole
def test_a_fault_is_killed_and_the_proof_goes_on_where_it_was(tmp_path: Path) -> None:
    console = Console(quiet=True)
    (result,) = prove.prove([job()], "quick", 1, tmp_path, console)
    assert (result.verdict, result.requirement, result.exit) == ("killed", "E12", 1)
    assert result.counterexample["steps"]
    assert json.loads((tmp_path / result.evidence).read_text())["requirement"] == "ENI-DETACH-E12"
    assert not list(tmp_path.glob("runs/*/latest/index.html")), "a report was written for nobody"
    kept = tmp_path / "results-quick.jsonl"
    kept.write_text(kept.read_text().replace('"E12"', '"E11"') + "half a li")
    (again,) = prove.prove([job()], "quick", 1, tmp_path, console)
    assert again.requirement == "E11", "it was run again"
