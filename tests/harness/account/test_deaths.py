"""Processes of a run that are killed: what is lost is told, and nothing that they created stays behind."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from eni_conformance.emulator.embed import running
from eni_conformance.harness import ecs, journal
from eni_conformance.harness.account import janitor, ledger, marks
from eni_conformance.harness.target import load_target
from eni_conformance.harness.wire.client import Client
from processes import finish, results_of, start, wait_until

pytestmark = pytest.mark.whole


@pytest.fixture
def path(tmp_path):
    with running(settle_ms=20) as emulator:
        yield emulator.write_target(tmp_path / "target.toml")


def run_f01(path, out, workers):
    """As the leader of a process group of its own."""
    arguments = ("--target", path, "--out", out, "--effort", "quick", "--seed", "1", "-n", workers, "-k", "F01")
    return start("run", *arguments, start_new_session=True)


def started(path, out):
    """A run with two workers, both of which have created something, and their process ids."""
    run = run_f01(path, out, workers=2)
    wait_until(lambda: all(owns(out, name) for name in ("gw0", "gw1")), 90)
    listed = subprocess.run(["ps", "--ppid", str(run.pid), "-o", "pid="], capture_output=True, text=True, check=True)
    workers = [int(line) for line in listed.stdout.split()]
    assert len(workers) == 2
    return run, workers


def owns(out, worker):
    """Whether a worker has an instance."""
    return any('"kind":"instance","id"' in file.read_text() for file in out.glob(f"2*/ledger-{worker}.jsonl"))


def left(path):
    """What carries the marks of a run."""
    target = load_target(path)
    book = ledger.Ledger(janitor.scratch(), "looking-1", worker="look", durable=False)
    found, _ = marks.tagged(ecs.Session(target, Client(target), book, "looking"))
    book.close()
    return found


def ended(process):
    said, _ = process.communicate(timeout=240)
    return process.returncode, said


def test_a_worker_that_dies_is_told_and_cleaned_up_after(path, tmp_path):
    """Its test is lost, so the run is not whole; another worker goes on with the rest."""
    run, workers = started(path, tmp_path / "out")
    os.kill(workers[0], signal.SIGKILL)
    status, said = ended(run)
    results = results_of(tmp_path / "out")
    assert status == 4 and results["run"]["incomplete"], said
    assert "a worker process died while it ran test_" in results["run"]["note"]
    assert not left(path)


@pytest.mark.parametrize("known", ["ledger", "tags alone"])
def test_a_run_that_is_killed_is_cleaned_up_by_one_call(known, path, tmp_path):
    """The leader at once and its workers when they notice, or all at the same moment."""
    run, _ = started(path, tmp_path / "out")
    if known == "ledger":
        run.kill()
    else:
        os.killpg(run.pid, signal.SIGKILL)
    run.wait(30)
    assert left(path)
    out = tmp_path / ("out" if known == "ledger" else "elsewhere")
    cleaned = finish("janitor", "--target", path, "--out", out, "--older-than", "0", folder=tmp_path)
    assert cleaned.status == 0 and ", 0 left" in cleaned.said, cleaned.said
    assert not left(path)
    run.stdout.close()


def test_an_interrupted_run_still_counts_what_it_sent(path, tmp_path):
    """In the process that leads it, too; and it leaves nothing."""
    out = tmp_path / "out"
    run = run_f01(path, out, workers=1)
    wait_until(lambda: owns(out, "gw0"), 90)
    run.send_signal(signal.SIGTERM)
    status, said = ended(run)
    results = results_of(out)
    sent = sum(1 for _ in journal.read(out / "latest" / "wire.jsonl.gz"))
    assert status == 4 and sum(results["calls"].values()) == sent > 20, said
    assert results["calls"]["RunInstances"] >= 1 and not left(path)
