"""The numbers that stand side by side agree, in invented runs and in those that the suite makes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from eni_conformance.conformance import results as composed
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.oracle.results import Again, Run, Target, Violation, parse
from eni_conformance.oracle.tally import Record
from eni_conformance.reports import agree, files
from processes import Finished

ROW = {"id": "A", "verdict": "conforms", "judged": 4}
BAD: dict[str, dict[str, Any]] = {
    "failures in 4 judged calls": {"requirements": [{**ROW, "verdict": "violated", "violations": 402}]},
    "provoked 9 times": {"requirements": [{**ROW, "provoked": 9}]},
    "violated with 0 failures": {"requirements": [{**ROW, "verdict": "violated"}]},
    "a bound of 0.1": {"requirements": [{**ROW, "strength": {"bound": 0.1}}]},
    "certainty 100 %": {"violations": [{"certainty": 1, "again": {"tried": 2, "failed_again": 1}}]},
    "seen again 3 of 2": {"violations": [{"again": {"tried": 2, "failed_again": 3}}]},
    "9 calls judged, 3 sent": {"judged_calls": 9, "calls": {"DetachNetworkInterface": 3}},
    "successes in 2": {"judged_calls": 2, "successes": 3},
    "answers to 1 calls": {"calls": {"X": 1}, "latency": {"X": [0.1, 0.2]}},
    "pairs of values": {"coverage": {"pairwise": {"covered": 8, "total": 7}}},
}


@pytest.mark.parametrize("told", list(BAD))
def test_what_contradicts_itself_is_told(told: str) -> None:
    made = agree.disagreements(parse({"run": {"id": "x"}, **BAD[told]}))
    assert len(made) == 1 and told in made[0]


def test_a_run_is_composed_of_numbers_that_agree(tmp_path: Path) -> None:
    record = Record(
        judged={"E12": 9, "S04": 3}, provoked={"E12": 4}, detach_calls=12, successes=3,
        violations=(Violation("e.json", 2, "E12", certainty=0.9, again=Again(2, 1)),),
    )  # fmt: skip
    calls = {"DetachNetworkInterface": 14}
    made = composed.compose(CONTRACTS["2019"], tmp_path, [record], Target("t"), Run("r"), calls)
    assert agree.disagreements(made) == []


def test_a_whole_run_with_faults_agrees_with_itself(
    suite: Callable[..., Finished], start_emulator: Callable[..., AbstractContextManager[Path]]
) -> None:
    with start_emulator("--fault", "status-primary", "--fault", "description-lost") as target:
        ended = suite("run", "--target", target, "--effort", "quick", "--seed", "5", "-n", "2", "-k", "E12,F04")
    assert ended.status == 1
    folder = ended.folder / "latest"
    assert agree.disagreements(files.load(folder), files.load_evidence(folder)[0]) == []
