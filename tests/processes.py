"""The command and the emulator as processes of their own, as a user starts them; and what a finished run left."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "eni_conformance"]
EMULATOR = [sys.executable, "-m", "eni_conformance.emulator"]
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("GITHUB_")}
"""The environment without what a CI system adds, so that no test writes into the summary of the job that runs it."""


@dataclass(frozen=True)
class Finished:
    """A command that has ended. folder: its --out, where it had one."""

    status: int
    out: str
    err: str
    folder: Path

    @property
    def said(self) -> str:
        return self.out + self.err

    @property
    def results(self) -> dict[str, Any]:
        return results_of(self.folder)

    def verdict(self, requirement: str) -> str:
        return next(r["verdict"] for r in self.results["requirements"] if r["id"] == requirement)

    @property
    def violated(self) -> set[str]:
        return violated(self.results)


def results_of(out: Path) -> dict[str, Any]:
    """What the latest run below `out` found."""
    loaded: dict[str, Any] = json.loads((out / "latest" / "results.json").read_text())
    return loaded


def violated(results: dict[str, Any]) -> set[str]:
    return {r["id"] for r in results["requirements"] if r["verdict"] == "violated"}


def finish(*arguments: object, folder: Path, out: Path | None = None, timeout: float = 240, **more: str) -> Finished:
    """Run the command in `folder` and wait for it; a run writes below `out`. more: variables of the environment."""
    command = list(map(str, arguments))
    out = out or folder / "out"
    if command[0] == "run" and "--out" not in command:
        command += ["--out", str(out)]
    ended = subprocess.run(
        [*COMMAND, *command], capture_output=True, text=True, timeout=timeout, env={**CLEAN, **more}, cwd=folder
    )
    return Finished(ended.returncode, ended.stdout, ended.stderr, out)


def plain_run(folder: Path, seed: int) -> Finished:
    """The quick run on the embedded emulator with this seed: made once below `folder`, whoever asks.
    Another process that asks meanwhile waits for it."""
    own = folder / f"seed-{seed}"
    own.mkdir(exist_ok=True)
    ended = own / "ended.json"
    with open(own / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ended.exists():
            made = finish("run", "--effort", "quick", "--seed", seed, folder=own)
            ended.write_text(json.dumps([made.status, made.out, made.err]))
    return Finished(*json.loads(ended.read_text()), own / "out")


def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    """Start the command; its output and its errors are one stream."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=CLEAN, **options)


@contextmanager
def listening(command: list[str], **options: Any) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server that says first where it listens: its URL, and the process, which is ended at last."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line, line
        yield line.split()[-1], process
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def listed(*options: str) -> list[dict[str, Any]]:
    """What the emulator says that it has, as with --list-faults."""
    rows = json.loads(subprocess.run([*EMULATOR, *options, "--json"], capture_output=True, check=True).stdout)
    assert isinstance(rows, list)
    return rows


@contextmanager
def emulator(target: Path, *arguments: str) -> Iterator[str]:
    """An emulator with these arguments, its target file written to `target`; yields its URL."""
    own = ["--port", "0", "--write-target", str(target), "--parent-pid", str(os.getpid())]
    with listening([*EMULATOR, *own, *arguments]) as (url, _):
        yield url


def wait_until(holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait for what another process does; an AssertionError where it does not come."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"not within {seconds:g} seconds"
        time.sleep(0.02)


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis server of its own, in memory; yields its URL."""
    program = shutil.which("redis-server")
    assert program, "install Redis: make programs"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port), 20)
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
