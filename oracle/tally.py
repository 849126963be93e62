"""What was learned so far, as counters and short lists: while it grows a Tally, on disk and between workers a Record.

Judging a History fills a Tally; a worker adds them up. What it writes down at any moment is a Record, a frozen value
that the codec writes and reads; `verdicts` folds the records of all workers. Nothing is judged here. A file is
rewritten whole and renamed into place, so that a kill never leaves half of it.
"""

from __future__ import annotations

import itertools
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eni_conformance.contract import codec
from eni_conformance.contract.codec import Count
from eni_conformance.oracle.results import Open, Violation

KEEP = 2000
"""Samples kept of a distribution, and worlds kept of one requirement."""
EXAMPLES = 3
"""Examples kept of one choice."""

Counts = Mapping[str, Count]
Nested = Mapping[str, Counts]
Sets = Mapping[str, frozenset[str]]
Pair = tuple[int, str, int, str]
"""Two places in a row of dimensions, and what stood there."""


@dataclass(frozen=True)
class Problem(Open):
    """The suite itself failed. requirements: short ids, separated by spaces, of what the test is evidence for."""

    requirements: str = ""
    text: str = ""
    test: str = ""


@dataclass(frozen=True)
class Record(Open):
    """The content of a worker's file. Keys of requirements are short ids (E11, S01, ...).

    judged, alone, provoked: judged calls, those that broke nothing else, and answers with the page's own code. worlds,
    callers, wires: where the judged calls came from. common, passing, repeated, inconclusive, doubts, missing: per
    requirement or operation, what came or was lacking, and how often. violations, once: see `results.Violation`.
    latency, settle: seconds. pairs: of values of the test dimensions that met. followed: which step came right after
    which. spent: calls by test, set-up and looks
    included.
    """

    worker: str = "main"
    judged: Counts = field(default_factory=dict)
    alone: Counts = field(default_factory=dict)
    provoked: Counts = field(default_factory=dict)
    worlds: Mapping[str, frozenset[int]] = field(default_factory=dict)
    callers: Sets = field(default_factory=dict)
    wires: Sets = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    once: tuple[Violation, ...] = ()
    common: Nested = field(default_factory=dict)
    passing: Nested = field(default_factory=dict)
    repeated: Nested = field(default_factory=dict)
    inconclusive: Nested = field(default_factory=dict)
    doubts: Nested = field(default_factory=dict)
    missing: Nested = field(default_factory=dict)
    errors: tuple[Problem, ...] = ()
    observations: Nested = field(default_factory=dict)
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    states: Counts = field(default_factory=dict)
    pairs: frozenset[Pair] = frozenset()
    atlas: Nested = field(default_factory=dict)
    answers: Nested = field(default_factory=dict)
    rules: Counts = field(default_factory=dict)
    transitions: Counts = field(default_factory=dict)
    followed: Counts = field(default_factory=dict)
    leases: Counts = field(default_factory=dict)
    spent: Counts = field(default_factory=dict)
    detach_calls: Count = 0
    successes: Count = 0
    latency: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    settle: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


_COUNTS = ("judged", "alone", "provoked", "states", "rules", "transitions", "followed", "leases", "spent")
_NESTED = ("common", "passing", "repeated", "inconclusive", "doubts", "missing", "observations", "atlas", "answers")


class Tally:
    """Counters that grow, named as the fields of a Record. request_ids: those that came, with their exchange."""

    def __init__(self) -> None:
        self.judged: Counter[str] = Counter()
        self.alone: Counter[str] = Counter()
        self.provoked: Counter[str] = Counter()
        self.states: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self.transitions: Counter[str] = Counter()
        self.followed: Counter[str] = Counter()
        self.leases: Counter[str] = Counter()
        self.spent: Counter[str] = Counter()
        self.common: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.passing: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.repeated: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.inconclusive: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.doubts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.missing: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.observations: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.atlas: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.answers: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.worlds: defaultdict[str, set[int]] = defaultdict(set)
        self.callers: defaultdict[str, set[str]] = defaultdict(set)
        self.wires: defaultdict[str, set[str]] = defaultdict(set)
        self.examples: defaultdict[str, list[str]] = defaultdict(list)
        self.settle: defaultdict[str, list[float]] = defaultdict(list)
        self.pairs: set[Pair] = set()
        self.detach_calls = 0
        self.successes = 0
        self.request_ids: dict[str, str] = {}

    def credit(self, requirements: Iterable[str], world: int, caller: str, wire: str, n: int = 1) -> None:
        """One judged observation (or `n`) for each requirement, and where it came from."""
        for short in requirements:
            self.judged[short] += n
            if len(self.worlds[short]) < KEEP:
                self.worlds[short].add(world)
            self.callers[short].add(caller)
            self.wires[short].add(wire)

    def by_common(self, short: str, answer: str) -> None:
        """A row was refused with an answer of the common table."""
        self.common[short][answer] += 1

    def passed(self, operation: str, answer: str) -> None:
        """An answer that may pass came, and the call was sent again or given up."""
        self.passing[operation][answer] += 1

    def undecided(self, requirements: Iterable[str], reason: str) -> None:
        """Tried, but the evidence does not decide."""
        for short in requirements:
            self.inconclusive[short][reason] += 1

    def doubt(self, short: str, reason: str) -> None:
        """Something that forbids to say `conforms`, however often it was judged, and is no violation."""
        self.doubts[short][reason] += 1

    def lacks(self, requirements: Iterable[str], what: str) -> None:
        """Not tried, because the target does not offer what it needs."""
        for short in requirements:
            self.missing[short][what] += 1

    def observe(self, name: str, value: str, example: str = "") -> None:
        """A choice that the page leaves to the endpoint, as it made it."""
        self.observations[name][value] += 1
        known = self.examples[f"{name}={value}"]
        if example and example not in known and len(known) < EXAMPLES:
            known.append(example)

    def answered(self, broken: Iterable[str], states: Iterable[str], caller: str, shape: str, said: str) -> None:
        """The answer to a call, under what does not depend on the endpoint: the requirements that it breaks (short
        ids), states of instance, interface and attachment, who called, and how each parameter was made."""
        self.answers[" | ".join((" ".join(sorted(broken)), ", ".join(states), caller, shape))][said] += 1

    def leased(self, instances: int, enis: int) -> None:
        """A World was arranged, with so many instances and interfaces of those that the run owns."""
        self.leases.update({"world": 1, "instance": instances, "eni": enis})

    def remember(self, ids: Mapping[str, str]) -> None:
        """RequestIds that came, with their exchange; the first one counts."""
        for request_id, exchange in ids.items():
            self.request_ids.setdefault(request_id, exchange)

    def add(self, other: Tally | Record) -> None:
        """What another one has counted, on top; its RequestIds apart."""
        for name in _COUNTS:
            getattr(self, name).update(getattr(other, name))
        for name in _NESTED:
            for key, counts in getattr(other, name).items():
                getattr(self, name)[key].update(counts)
        for key, worlds in other.worlds.items():
            if len(self.worlds[key]) < KEEP:
                self.worlds[key] |= worlds
        for name in ("callers", "wires"):
            for key, values in getattr(other, name).items():
                getattr(self, name)[key].update(values)
        for key, known in other.examples.items():
            mine = self.examples[key]
            mine += [one for one in known if one not in mine][: max(0, EXAMPLES - len(mine))]
        for key, spent in other.settle.items():
            self.settle[key] += spent
        self.pairs |= other.pairs
        self.successes += other.successes
        self.detach_calls += other.detach_calls

    def record(self, worker: str, latency: Mapping[str, Sequence[float]], **lists: Any) -> Record:
        """A copy as it is now; distributions are cut, and `lists` are the fields that are no counters."""
        counted: dict[str, Any] = {name: dict(getattr(self, name)) for name in _COUNTS}
        counted |= {name: {key: dict(n) for key, n in getattr(self, name).items()} for name in _NESTED}
        return Record(
            worker,
            **counted,
            worlds=_frozen(self.worlds),
            callers=_frozen(self.callers),
            wires=_frozen(self.wires),
            examples={key: tuple(known) for key, known in self.examples.items()},
            settle={key: tuple(spent[:KEEP]) for key, spent in self.settle.items()},
            latency={key: tuple(spent[:KEEP]) for key, spent in latency.items()},
            pairs=frozenset(self.pairs),
            detach_calls=self.detach_calls,
            successes=self.successes,
            **lists,
        )


def _frozen(sets: Mapping[str, set[Any]]) -> dict[str, frozenset[Any]]:
    return {key: frozenset(values) for key, values in sets.items()}


def summed(records: Iterable[Record]) -> Tally:
    """What all of them have counted."""
    total = Tally()
    for record in records:
        total.add(record)
    return total


def write(directory: Path, record: Record) -> None:
    """Write to `directory`/record-WORKER.json."""
    path = directory / f"record-{record.worker}.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps(codec.plain(record)))
    os.replace(part, path)


def write_ids(directory: Path, worker: str, ids: Mapping[str, str], written: int) -> int:
    """Write RequestIds with their exchange to `directory`/ids-WORKER.txt, of which the first `written` stand there.
    They only grow, so they are no part of the record. Returns how many stand there now."""
    # Escaped as in JSON: what an endpoint sends as a RequestId may hold anything, half a character included.
    fresh = itertools.islice(ids.items(), written, None)
    lines = [f"{json.dumps(rid)[1:-1]} {exchange}\n" for rid, exchange in fresh]
    with (directory / f"ids-{worker}.txt").open("a" if written else "w") as file:
        file.writelines(lines)
    return len(ids)


def read_all(directory: Path) -> tuple[Record, ...]:
    """The records of all workers of a run; a damaged file is passed over. Raises ValueError for one that is no record:
    what it holds must not be lost in silence."""
    out = []
    for path in sorted(directory.glob("record-*.json")):
        try:
            data = json.loads(path.read_text())
        except (OSError, ValueError):
            continue
        out.append(codec.build(Record, data, path.name))
    return tuple(out)
