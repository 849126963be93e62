"""Where calls are counted, each share of the tests is one worker's, and the others are told what came of it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from eni_conformance.conformance import bought
from eni_conformance.conformance.inquiry import Contradiction
from eni_conformance.harness.clock import REAL, Clock

FOUND: bought.Found = {"test_a": (Contradiction("E12", "it was detached", "e.json"),), "test_b": ()}


def never() -> bool:
    return False


def waiting(*steps: object) -> Clock:
    """A clock in whose sleeps something happens, one thing in each; it sleeps no more often than that."""
    left = iter(steps)
    return replace(REAL, sleep=lambda _: next(left)())  # type: ignore[operator]


def test_a_share_is_one_worker_s(tmp_path: Path) -> None:
    assert bought.take(tmp_path, 0) and bought.take(tmp_path, 1)
    assert not bought.take(tmp_path, 0)


def test_the_others_wait_until_it_is_told(tmp_path: Path) -> None:
    bought.take(tmp_path, 1)
    clock = waiting(lambda: None, lambda: bought.tell(tmp_path, 1, FOUND))
    assert bought.told(tmp_path, 1, clock=clock, over=never) == FOUND


def test_nobody_waits_for_a_worker_that_has_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(pid: int, number: int) -> None:
        raise ProcessLookupError

    bought.take(tmp_path, 0)
    monkeypatch.setattr("os.kill", gone)
    assert bought.told(tmp_path, 0, clock=waiting(), over=never) is None


def test_nobody_waits_when_the_run_is_over(tmp_path: Path) -> None:
    bought.take(tmp_path, 0)
    assert bought.told(tmp_path, 0, clock=waiting(), over=lambda: True) is None


def test_a_worker_that_could_not_go_on_says_so(tmp_path: Path) -> None:
    bought.take(tmp_path, 0)
    bought.tell(tmp_path, 0, None)
    assert bought.told(tmp_path, 0, clock=waiting(), over=never) is None


def test_a_worker_that_has_ended_is_dead_though_its_parent_has_not_noticed(tmp_path: Path) -> None:
    """The controller keeps what it started until the end of the run."""
    worker = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert worker.stdout is not None and worker.stdout.read() == b""  # it has closed everything
    bought._taken(tmp_path, 0).write_text(str(worker.pid))
    assert bought.told(tmp_path, 0, clock=REAL, over=never) is None
    worker.wait()
    worker.stdout.close()
