"""However a run ends: the right status, one clear line, a report, and nothing left on the target, or what is left."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eni_conformance.harness.account import janitor
from eni_conformance.harness.target import load_target
from eni_conformance.harness.wire.client import Client
from processes import CLEAN, COMMAND, Finished, emulator, finish, wait_until

pytestmark = pytest.mark.whole
VIOLATED = 1
EARLY = 4


def at_night(*values: object) -> Any:
    """One more moment, left to `make night`."""
    return pytest.param(*values, marks=pytest.mark.night)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    file = tmp_path_factory.mktemp("target") / "t.toml"
    with emulator(file, "--fault", "status-primary"):
        yield file


def left(target: Path) -> list[Any]:
    """What runs have left on the target."""
    loaded = load_target(target)
    cleaned = janitor.clean(loaded, Client(loaded), out=None, older_than=0.0, dry_run=True)
    return [item for one in cleaned for item in one.removed]


def run_of(target: Path, folder: Path, *more: str, whole_group: bool = False, **env: str) -> subprocess.Popen[str]:
    """A run that has just been started. whole_group: a signal can reach its workers, too."""
    command = [
        *COMMAND,
        "run",
        "--target",
        str(target),
        "--effort",
        "quick",
        "--seed",
        "1",
        "--out",
        str(folder / "out"),
    ]
    return subprocess.Popen(
        [*command, *more], cwd=folder, env={**CLEAN, **env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=whole_group,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sign", "workers"), [("begun.json", "1"), at_night("wire-main.jsonl.gz", "2"), ("record-first.json", "2")]
)
def test_an_interrupt_while_it_begins(sign: str, workers: str, target: Path, tmp_path: Path) -> None:
    """While the target is looked at, while the ground is laid, while workers are started."""
    run = run_of(target, tmp_path, "-n", workers)
    wait_until(lambda: list(tmp_path.glob(f"out/*/{sign}")))
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=90)
    assert run.returncode == EARLY, out + err
    assert "Traceback" not in out + err and err.count("interrupted") <= 1
    assert list(tmp_path.glob("out/*/index.html")) and list(tmp_path.glob("out/*/junit.xml"))
    assert not left(target)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupt_while_something_is_finalized(workers: str, target: Path, tmp_path: Path) -> None:
    """Python passes over what is raised in a callback of its collector. It comes there once the target is looked at;
    what was found by then counts."""
    (tmp_path / "sitecustomize.py").write_text(
        "import gc, os, pathlib, signal\n"
        "def late(*_):\n"
        "    if os.getppid() == PARENT and list(pathlib.Path().glob('out/*/begun.json')):\n"
        "        gc.callbacks.remove(late)\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        f"PARENT = {os.getpid()}\n"
        "gc.callbacks.append(late)\n"
    )
    run = run_of(target, tmp_path, "-n", workers, PYTHONPATH=str(tmp_path))
    out, err = run.communicate(timeout=90)
    assert run.returncode in (VIOLATED, EARLY) and "Ended early" in out, out + err
    assert "Traceback" not in out + err and err.count("interrupted") <= 1
    assert list(tmp_path.glob("out/*/index.html")) and not left(target)


def test_an_interrupt_before_anything_was_imported(tmp_path: Path) -> None:
    """The program is there, and the command line is not yet: the moment is held by a module that is slow to import."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, time, types\n"
        "class Slow:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'eni_conformance.conformance.cli': print('now', flush=True); time.sleep(60)\n"
        "sys.meta_path.insert(0, Slow())\n"
    )
    run = subprocess.Popen(
        [*COMMAND, "run"], cwd=tmp_path, env={**CLEAN, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert run.stdout is not None and run.stdout.readline() == "now\n"
    run.send_signal(signal.SIGINT)
    assert (run.wait(30), run.communicate()[1]) == (EARLY, "eni-conformance: interrupted\n")


@pytest.mark.night
def test_one_signal_after_another_leaves_it_to_the_janitor(tmp_path: Path) -> None:
    """What is left is told with the command that removes it."""
    own = tmp_path / "slow.toml"
    with emulator(own, "--settle-ms", "1500"):
        run = run_of(own, tmp_path, "-n", "1")
        wait_until(lambda: list(tmp_path.glob("out/*/record-gw0.json")))
        while run.poll() is None:
            run.send_signal(signal.SIGINT)
            time.sleep(0.2)
        out, err = run.communicate()
        assert run.returncode == EARLY and "Traceback" not in out + err, out + err
        if left(own):
            assert f"eni-conformance janitor --target {own}" in err
            cleaned = finish("janitor", "--target", own, "--older-than", "0", folder=tmp_path)
            assert (cleaned.status, left(own)) == (0, [])


@pytest.mark.parametrize("kilobytes", [at_night(8), 60])
def test_a_full_disk(kilobytes: int, target: Path, tmp_path: Path) -> None:
    """Here a limit on the size of files stands for it: at the set-up, and in the middle of the run."""
    command = " ".join([*COMMAND, "run", "--effort", "quick", "--seed", "1", "-n", "2", "--target", str(target)])
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f {kilobytes}; exec {command}"],
        cwd=tmp_path, env=CLEAN, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode in (3, EARLY), done.stderr
    assert "Traceback" not in done.stderr and "INTERNALERROR" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith(("seen", "violated"))]
    assert 1 <= len(lines) <= 5 and "File too large" in done.stderr, done.stderr
    assert not left(target)
    reported(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="stands for a full disk")
@pytest.mark.parametrize(
    ("arguments", "status"),
    [("--help", EARLY), ("run --help", EARLY), ("completion bash", EARLY), ("emulator --list-faults", 3)],
)
def test_what_it_prints_goes_to_a_full_disk(arguments: str, status: int, tmp_path: Path) -> None:
    """Whoever wants it for a file must not take half of it for all."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, *arguments.split()], cwd=tmp_path, env=CLEAN, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (done.returncode, done.stderr.count("\n")) == (status, 1), done.stderr
    assert "what it prints could not be written (No space left on device)" in done.stderr


@pytest.mark.parametrize(
    ("octets", "told"),
    [(0, "could not be written (No usable temporary"), (400, "--out out: cannot be written (File too large)")],
)
def test_a_full_disk_where_the_emulator_begins(octets: int, told: str, tmp_path: Path) -> None:
    def nearly_full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))

    done = subprocess.run(
        [*COMMAND, "run", "-k", "E12"], preexec_fn=nearly_full,
        cwd=tmp_path, env=CLEAN, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == EARLY, done.stderr
    assert told in done.stderr and "Traceback" not in done.stderr and done.stderr.count("\n") == 1


def reported(folder: Path) -> None:
    """With room for them `report` makes page, junit.xml and step summary of a run that left none, marked as early."""
    [run] = [path.parent for path in folder.glob("out/2*/begun.json")]
    assert not (run / "index.html").exists()
    made = finish("report", run, folder=folder, GITHUB_STEP_SUMMARY=str(folder / "step.md"))
    assert made.status == 0 and not made.err, made.said
    assert "Ended early" in (run / "index.html").read_text() and "run completed" in (run / "junit.xml").read_text()
    assert (folder / "step.md").read_text().startswith("## Ended early")


def test_a_run_that_is_killed(tmp_path: Path) -> None:
    """Nobody can clean up then, nor write a report; one command does each."""
    own = tmp_path / "t.toml"
    with emulator(own, "--fault", "status-primary"):
        run = run_of(own, tmp_path, "-n", "2", whole_group=True)
        wait_until(lambda: list(tmp_path.glob("out/*/record-gw*.json")))
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate(timeout=90)
        reported(tmp_path)


@pytest.mark.parametrize("option", ["--record", "--history"])
def test_what_is_written_at_the_end_is_tried_at_the_beginning(option: str, target: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = finish("run", "--target", target, option, "file/in.json", folder=tmp_path)
    assert (ended.status, option in ended.err) == (2, True)
    assert not ended.folder.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_nobody_reads_what_it_prints(target: Path, tmp_path: Path) -> None:
    """The status is that of the run."""
    command = " ".join([*COMMAND, "run", "--effort", "quick", "-k", "E12", "--first-violation", "-n", "1"])
    script = f"{command} --target {target} 2>&1 | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=CLEAN, capture_output=True, text=True, timeout=90)
    assert (done.stdout, done.stderr) == ("1\n", "")


@pytest.mark.parametrize("arguments", ["--help", "emulator --list-faults", "emulator --list-variants --json", ""])
def test_nobody_reads_a_list(arguments: str, tmp_path: Path) -> None:
    script = f"set -o pipefail; {' '.join(COMMAND)} {arguments} | true"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=CLEAN, capture_output=True, text=True, timeout=30)
    assert done.returncode == (0 if arguments else 2) and "Traceback" not in done.stderr


@pytest.mark.parametrize("sign", [at_night("begun.json"), at_night("ground.json"), "record-gw*.json"])
def test_the_target_dies(sign: str, tmp_path: Path) -> None:
    own = tmp_path / "t.toml"
    with emulator(own):
        run = run_of(own, tmp_path, "-n", "2")
        wait_until(lambda: list(tmp_path.glob(f"out/*/{sign}")))
    out, err = run.communicate(timeout=90)
    assert run.returncode in (1, 3, EARLY), out + err
    assert "Traceback" not in out + err
    assert list(tmp_path.glob("out/*/index.html"))
    if run.returncode == EARLY:
        assert "janitor" in out + err


def ended_by(sign: str, number: int, target: Path, folder: Path) -> Finished:
    run = run_of(target, folder, "-n", "2")
    wait_until(lambda: list(folder.glob(f"out/*/{sign}")))
    run.send_signal(number)
    out, err = run.communicate(timeout=90)
    return Finished(run.returncode, out, err, folder / "out")


def test_a_term_at_the_set_up(target: Path, tmp_path: Path) -> None:
    ended = ended_by("begun.json", signal.SIGTERM, target, tmp_path)
    assert ended.status == EARLY and "Traceback" not in ended.said and not left(target)
