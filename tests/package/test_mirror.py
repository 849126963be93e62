"""The tests mirror the tree: whoever reads a module finds its tests under its own name."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("contract", "strategies", "harness", "oracle", "conformance", "reports")
LONG = 100
"""Lines from which on a module has a file of tests of its own."""
ELSEWHERE = {
    "contract/rules.py": "types of rows; what the rows say is tested by tests/contract/test_detach.py",
    "contract/gateway.py": "rows of data; what they lead to is tested by tests/oracle/test_gateway.py",
    "conformance/prove_again.py": "tests/conformance/test_prove.py carries out a proof with all that belongs to it",
    "harness/history.py": "types alone; histories are what the tests of the oracle are made of",
    "strategies/drawn.py": "strategies are tested together, by what they lead to: tests/strategies/test_scenarios.py",
    "strategies/firsts.py": "as drawn.py",
    "strategies/histories.py": "as drawn.py",
    "strategies/sweeps.py": "as drawn.py",
    "strategies/tables.py": "as drawn.py",
}
"""Modules whose tests stand under another name, and why."""


def place_of(module: str) -> Path:
    """Where the tests of "oracle/tally.py" stand."""
    path = Path("tests", module)
    return path.with_name(f"test_{path.name}")


def long_modules() -> list[str]:
    """The modules that must have tests of their own. What pytest itself collects is a test already."""
    every = (path for part in PARTS for path in sorted((ROOT / part).rglob("*.py")))
    return [
        str(path.relative_to(ROOT))
        for path in every
        if not path.name.startswith("test_") and len(path.read_text().splitlines()) >= LONG
    ]


@pytest.mark.parametrize("module", long_modules())
def test_a_long_module_has_tests_under_its_own_name(module: str) -> None:
    assert module in ELSEWHERE or (ROOT / place_of(module)).exists(), f"{place_of(module)} is missing"


@pytest.mark.parametrize("module", ELSEWHERE)
def test_an_exception_is_a_module_that_there_is(module: str) -> None:
    assert (ROOT / module).exists()


def test_the_place_of_a_test_is_told_by_its_module() -> None:
    assert place_of("harness/account/ledger.py") == Path("tests/harness/account/test_ledger.py")
    assert "oracle/tally.py" in long_modules() and "harness/clock.py" not in long_modules()
