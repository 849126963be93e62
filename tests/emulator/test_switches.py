"""Faults and variants cost nothing until one of them is switched on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def imported_after(more: str) -> set[str]:
    """The packages of faults, variants and words that a process has imported."""
    names = "print(*(name for name in sys.modules if name.split('.')[2:3] in (['named'], ['variants'], ['words'])))"
    code = f"import sys\nfrom eni_conformance.emulator.embed import running\n{more}\n{names}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return {name.split(".")[2] for name in done.stdout.split()}


def test_an_emulator_without_faults_imports_none_of_them(tmp_path: Path) -> None:
    write = f"emulator.write_target(__import__('pathlib').Path({str(tmp_path / 't.toml')!r}))"
    assert imported_after(f"with running() as emulator: {write}") == set()


@pytest.mark.parametrize(
    ("order", "package"),
    [
        ("emulator.control('fault', name='status-primary')", "named"),
        ("emulator.control('variant', name='throttling')", "variants"),
    ],
)
def test_they_are_there_when_one_is_switched_on(order: str, package: str) -> None:
    assert package in imported_after(f"with running() as emulator: {order}")
