"""Where calls are counted: the Scenarios of all tests, in the order of what they are expected to find for their calls.

First what `test_once` holds, in its order. Then the tests take turns, each as often as its calls have been worth it:
the table `yield.json` tells how many built-in faults were first seen by each test, and in how many calls
(`eni-conformance prove --calls`). A test that the table does not know counts as one that finds little.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eni_conformance.contract import codec

TABLE = Path(__file__).with_name("yield.json")
FIRST = "test_once"
"""What the name of the tests begins with that come first."""
LITTLE = 0.5
"""Faults that a test is taken to find besides those that it has been seen to find: so none is left out for good, and of
tests that are not known to find anything the cheap ones come first."""
WORLD, STEP = 16, 1.4
"""Calls that a World takes, and a step in it, as a guess at what a Scenario costs."""


@dataclass(frozen=True)
class Yield:
    """Of a test: how many built-in faults it was the first to see, and the calls that it sent at most."""

    first: int
    calls: int


@dataclass(frozen=True)
class Yields:
    """The content of `yield.json`: by the name of a test."""

    tests: Mapping[str, Yield]


def weights(table: Path = TABLE) -> dict[str, float]:
    """By test: how many built-in faults it was the first to see, for each call. Empty if nothing was measured."""
    try:
        tests = codec.build(Yields, json.loads(table.read_text("utf-8")), table.name).tests
    except (OSError, ValueError):
        return {}
    return {name: (one.first + LITTLE) / max(1, one.calls) for name, one in tests.items()}


def guess(steps: int) -> float:
    """How many calls a Scenario of so many steps may take."""
    return WORLD + STEP * steps


def in_order(
    tests: Sequence[str], known: Mapping[str, float], play_next: Callable[[str], float | None], over: Callable[[], bool]
) -> None:
    """Let the tests take turns. play_next: plays the next Scenario of a test and returns what it cost, or None where
    the test has no more, or none that is still affordable."""
    least = min(known.values(), default=1.0)
    firsts = [name for name in tests if name.startswith(FIRST)]
    for name in firsts:
        while not over() and play_next(name) is not None:
            pass
    others = [name for name in tests if name not in firsts]
    alike = Counter(map(_test, others))
    # The parts of a test share what it is worth.
    worth = {name: known.get(_test(name), least) / alike[_test(name)] for name in others}
    # When each has its next turn: calls, as a multiple of the faults that it is expected to find for each.
    due = {name: WORLD / worth[name] for name in others}
    while due and not over():
        name = min(due, key=due.__getitem__)
        cost = play_next(name)
        if cost is None:
            del due[name]
        else:
            due[name] += max(1.0, cost) / worth[name]


def _test(name: str) -> str:
    """The name of a test without its parameters."""
    return name.partition("[")[0]
