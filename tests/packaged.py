"""The package as a user has it: its parts, and programs of an environment in which the wheel is installed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("contract", "strategies", "harness", "oracle", "conformance", "reports", "emulator", "eni_conformance")


def run(installed: Path, cwd: Path, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    """A program of the environment, in the directory `cwd`. more: variables of the environment."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL", "GITHUB", "PYTEST"))}
    program, *rest = map(str, arguments)
    command = [str(installed / "bin" / program), *rest]
    return subprocess.run(command, cwd=cwd, env=environment | more, capture_output=True, text=True, timeout=240)
