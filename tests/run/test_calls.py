"""`run --calls N`: no run sends more than N calls, and none leaves anything behind."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest

ONE_WORKER = (150, 171, 215, 300, 900)
TWO_WORKERS = (151, 420, 777)


@pytest.mark.parametrize(("workers", "budgets"), [(1, ONE_WORKER), (2, TWO_WORKERS)])
def test_no_budget_is_passed_and_nothing_is_left(
    start_emulator: Callable[..., Any], suite: Callable[..., Any], workers: int, budgets: tuple[int, ...]
) -> None:
    with start_emulator() as target:
        for calls in budgets:
            ended = suite("run", "--target", str(target), "--calls", calls, "-n", workers, "--seed", 3)
            assert ended.status in (0, 4), ended.said
            with gzip.open(ended.folder / "latest" / "wire.jsonl.gz", "rt") as lines:
                sent = sum(1 for _ in lines)
            assert sent == sum(ended.results["calls"].values()) <= calls
            assert ended.results["cost"]["leases"] and not any(one["left"] for one in ended.results["cost"]["leases"])
            assert (ended.results["run"]["calls"], ended.results["run"]["part"]) == (calls, True)
        assert suite("janitor", "--target", str(target), "--dry-run").out.startswith("0 would be removed")


def test_a_budget_that_is_too_small_sends_nothing(suite: Callable[..., Any]) -> None:
    ended = suite("run", "--calls", 20)
    assert ended.status == 2
    assert "--calls 20" in ended.err and "150" in ended.err


def test_a_few_hundred_calls_judge_each_row_that_public_operations_provoke(suite: Callable[..., Any]) -> None:
    ended = suite("run", "--calls", 330, "--seed", 5)
    assert ended.status == 0, ended.said
    errors = [row for row in ended.results["requirements"] if row["kind"] == "error"]
    rows = [row for row in errors if row["how"] == "public operations"]
    assert rows and {row["verdict"] for row in rows} == {"conforms"}


def test_a_violation_is_confirmed_and_told_within_the_budget(start_emulator: Callable[..., Any], suite: Any) -> None:
    with start_emulator("--fault", "status-primary") as target:
        ended = suite("run", "--target", str(target), "--calls", 300, "--seed", 3)
        assert ended.status == 1, ended.said
        assert sum(ended.results["calls"].values()) <= 300
        violated = [one["id"] for one in ended.results["requirements"] if one["verdict"] == "violated"]
        assert "ENI-DETACH-E12" in violated
