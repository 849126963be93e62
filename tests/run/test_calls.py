"""`run --calls N`: no run sends more than N calls, and none leaves anything behind."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
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


def test_a_test_that_was_played_is_told_so_whichever_worker_played_it(
    start_emulator: Callable[..., Any], tmp_path: Path
) -> None:
    """pytest gives tests to workers as they come; each worker plays a share of them before."""
    with start_emulator("--fault", "status-primary") as target:
        command = [sys.executable, "-m", "pytest", "conformance", "--eni-target", str(target), "-n", "2"]
        command += ["--eni-calls", "700", "--eni-seed", "3", "--eni-out", str(tmp_path / "out")]
        ended = subprocess.run(
            [*command, "--junitxml", str(tmp_path / "junit.xml")], capture_output=True, text=True, timeout=300
        )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    shares = sorted((tmp_path / "out" / "latest").glob("share-*.json"))
    assert len(shares) == 2
    played = {name for share in shares for name in json.loads(share.read_text())["found"]}
    cases = list(ET.parse(tmp_path / "junit.xml").iter("testcase"))
    skipped = {one.get("name") for one in cases if "no call was left" in "".join(s.get("message", "") for s in one)}
    assert played and skipped
    assert {one.get("name") for one in cases} - skipped == played
