"""Fixtures for tests of whole runs: an emulator as its own process, and the command as its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    status: int
    out: str
    err: str
    folder: Path

    @property
    def results(self) -> dict[str, Any]:
        return json.loads((self.folder / "latest" / "results.json").read_text())

    def verdict(self, requirement: str) -> str:
        return next(r["verdict"] for r in self.results["requirements"] if r["id"] == requirement)

    @property
    def violated(self) -> set[str]:
        return {r["id"] for r in self.results["requirements"] if r["verdict"] == "violated"}


@contextmanager
def emulator(folder: Path, *arguments: str) -> Iterator[Path]:
    """An emulator with these arguments; yields its target file."""
    target = folder / "target.toml"
    command = [sys.executable, "-m", "eni_conformance.emulator", "--port", "0", "--write-target", str(target)]
    process = subprocess.Popen(
        [*command, "--parent-pid", str(os.getpid()), *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("LISTENING http://127.0.0.1:")
        yield target
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def start_emulator(tmp_path: Path) -> Callable[..., Any]:
    return lambda *arguments: emulator(tmp_path, *arguments)


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., Finished]:
    """Runs the command line tool and waits for it."""

    def run(*arguments: str, timeout: float = 240) -> Finished:
        environment = {k: v for k, v in os.environ.items() if k != "GITHUB_STEP_SUMMARY"}
        out = tmp_path / "out"
        if arguments[0] == "run":
            arguments = (*arguments, "--out", str(out))
        ended = subprocess.run(
            [sys.executable, "-m", "eni_conformance", *arguments],
            capture_output=True, text=True, timeout=timeout, env=environment,
        )  # fmt: skip
        return Finished(ended.returncode, ended.stdout, ended.stderr, out)

    return run
