"""The suite is seen to fail: each fault ends the run with status 1 and the right requirement is blamed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from eni_conformance.contract import codec
from eni_conformance.contract.scenario import Detach, Scenario

QUICK = ("--effort", "quick", "--seed", "1", "-n", "1")

# fault of the emulator -> one of the requirements that may be blamed for it first
BLAMED = {
    "status-primary": {"ENI-DETACH-E12"},
    "code-eni-not-found": {"ENI-DETACH-E14"},
    "status-missing-parameter": {"ENI-DETACH-E03"},
    "status-instance-state": {"ENI-DETACH-E10"},
    "status-eni-state": {"ENI-DETACH-E11"},
    "status-sub-user": {"ENI-DETACH-E06"},
    "status-eni-not-found-by-xml": {"ENI-DETACH-E14", "ENI-DETACH-R03", "ENI-DETACH-R04"},
    "status-eni-state-by-v3": {"ENI-DETACH-E11"},
    "status-all-refusals-200": {"ENI-DETACH-R02", "ENI-DETACH-R03"},
    "status-not-found-500": {"ENI-DETACH-B01"},
    "status-vswitch-not-found": {"ENI-DETACH-E15"},
    "description-lost": {"ENI-DETACH-F04"},
}


@pytest.mark.parametrize("fault", list(BLAMED))
def test_a_fault_is_caught_and_the_right_requirement_blamed(
    fault: str, start_emulator: Callable[..., Any], suite: Callable[..., Any]
) -> None:
    with start_emulator("--fault", fault) as target:
        ended = suite(
            "run", "--target", str(target), "--effort", "quick", "--seed", "1", "-n", "1", "--first-violation"
        )
    assert ended.status == 1, ended.out + ended.err
    assert ended.violated & BLAMED[fault], ended.violated
    entry = ended.results["violations"][0]
    evidence = ended.folder / "latest" / "evidence" / entry["evidence"]
    assert evidence.exists()
    assert "eni-conformance replay" in ended.out


def test_a_counterexample_is_replayed(start_emulator: Callable[..., Any], suite: Callable[..., Any]) -> None:
    with start_emulator("--fault", "status-primary") as target:
        ended = suite(
            "run", "--target", str(target), "--effort", "quick", "--seed", "1", "-n", "1", "--first-violation"
        )
        evidence = next((ended.folder / "latest" / "evidence").glob("*.json"))
        again = suite("replay", str(evidence), "--target", str(target))
    assert (again.status, "still fails" in again.out) == (1, True), again.out + again.err
    with start_emulator() as healthy:
        mended = suite("replay", str(evidence), "--target", str(healthy))
    assert (mended.status, "no longer fails" in mended.out) == (0, True), mended.out + mended.err


# fault -> instances, interfaces and steps of its smallest counterexample
NEEDED = {
    "status-primary": (1, 0, 1),
    "code-eni-not-found": (1, 1, 1),
    "status-missing-parameter": (1, 1, 1),
    "status-eni-state": (1, 1, 1),
    "description-lost": (1, 1, 1),
}


@pytest.mark.parametrize("fault", list(NEEDED))
def test_a_counterexample_has_one_broken_precondition_and_no_bystander(
    fault: str, start_emulator: Callable[..., Any], suite: Callable[..., Any]
) -> None:
    with start_emulator("--fault", fault) as target:
        ended = suite("run", "--target", str(target), *QUICK, "--first-violation")
    entry = ended.results["violations"][0]
    evidence = json.loads((ended.folder / "latest" / "evidence" / entry["evidence"]).read_text())
    scenario = codec.build(Scenario, evidence["scenario"], "scenario")
    calls = [step for step in scenario.steps if isinstance(step, Detach)]
    assert (len(scenario.world.instances), len(scenario.world.enis), len(calls)) == NEEDED[fault]
    assert evidence["confirmations"]["failed_again"] == evidence["confirmations"]["tried"] > 0
    causes = {one["because"] for one in evidence["expected"]}
    assert len(causes) <= 1, causes
