"""What one worker has learned so far, as counters and short lists that can be written down at any moment.

A Record is plain data with `add` functions; `verdicts.fold` joins the records of all workers. Nothing is
judged here. The file is rewritten whole and renamed into place, so that a kill never leaves half of it.
"""

from __future__ import annotations

import itertools
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eni_conformance.contract import codec

KEEP = 2000
"""Samples kept of a distribution, and reasons or examples kept of one kind."""


_COUNTS = ("judged", "alone", "provoked", "states", "rules", "transitions", "leases")
_NESTED = ("common", "passing", "inconclusive", "doubts", "missing", "observations", "atlas", "answers")


@dataclass
class Record:
    """Counters of one worker. Keys of requirements are short ids (E11, S01, ...)."""

    worker: str = "main"
    judged: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)
    provoked: Counter[str] = field(default_factory=Counter)
    worlds: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    callers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    wires: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    violations: list[dict[str, Any]] = field(default_factory=list)
    once: list[dict[str, Any]] = field(default_factory=list)
    common: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    passing: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    inconclusive: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    doubts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    missing: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    errors: list[dict[str, str]] = field(default_factory=list)
    observations: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    states: Counter[str] = field(default_factory=Counter)
    pairs: set[tuple[int, str, int, str]] = field(default_factory=set)
    atlas: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    answers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    rules: Counter[str] = field(default_factory=Counter)
    transitions: Counter[str] = field(default_factory=Counter)
    leases: Counter[str] = field(default_factory=Counter)
    detach_calls: int = 0
    successes: int = 0
    latency: dict[str, list[float]] = field(default_factory=dict)
    settle: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    request_ids: dict[str, str] = field(default_factory=dict)
    ids_written: int = 0
    tests: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

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
        if example and example not in known and len(known) < 3:
            known.append(example)

    def answered(self, broken: Iterable[str], states: Iterable[str], caller: str, shape: str, said: str) -> None:
        """The answer to a call, under what does not depend on the endpoint: the requirements that it breaks (short
        ids), states of instance, interface and attachment, who called, and how each parameter was made."""
        self.answers[" | ".join((" ".join(sorted(broken)), ", ".join(states), caller, shape))][said] += 1

    def leased(self, instances: int, enis: int) -> None:
        """A World was arranged, with so many instances and interfaces of those that the run owns."""
        self.leases.update({"world": 1, "instance": instances, "eni": enis})

    def add(self, other: Record) -> None:
        """What another one has counted, on top."""
        for name in _COUNTS:
            getattr(self, name).update(getattr(other, name))
        for name in _NESTED:
            for key, counts in getattr(other, name).items():
                getattr(self, name)[key].update(counts)
        for name in ("worlds", "callers", "wires"):
            for key, values in getattr(other, name).items():
                mine = getattr(self, name)[key]
                if len(mine) < KEEP or name != "worlds":
                    mine |= values
        for key, known in other.examples.items():
            mine = self.examples[key]
            mine += [one for one in known if one not in mine][: max(0, 3 - len(mine))]
        for key, spent in other.settle.items():
            self.settle[key] += spent
        self.pairs |= other.pairs
        self.successes += other.successes
        self.detach_calls += other.detach_calls

    def remember(self, ids: Mapping[str, str]) -> None:
        """RequestIds that came, with their exchange; the first one counts."""
        for request_id, exchange in ids.items():
            self.request_ids.setdefault(request_id, exchange)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready copy; sets as sorted lists, distributions cut. RequestIds have a file of their own."""
        latency, settle = ({k: v[:KEEP] for k, v in kept.items()} for kept in (self.latency, self.settle))
        told: dict[str, Any] = codec.plain(replace(self, latency=latency, settle=settle, request_ids={}))
        return {name: value for name, value in told.items() if name not in ("request_ids", "ids_written")}

    def write(self, directory: Path) -> None:
        """Write to `directory`/record-WORKER.json; RequestIds, which only grow, are added to a file beside it."""
        path = directory / f"record-{self.worker}.json"
        part = path.with_suffix(".part")
        part.write_text(json.dumps(self.to_json(), ensure_ascii=True))
        os.replace(part, path)
        # Escaped as in JSON: what an endpoint sends as a RequestId may hold anything, half a character included.
        fresh = itertools.islice(self.request_ids.items(), self.ids_written, None)
        lines = [f"{json.dumps(rid)[1:-1]} {exchange}\n" for rid, exchange in fresh]
        with (directory / f"ids-{self.worker}.txt").open("a" if self.ids_written else "w") as file:
            file.writelines(lines)
        self.ids_written += len(lines)


def read_all(directory: Path) -> list[dict[str, Any]]:
    """The records of all workers of a run, as JSON values; a damaged file is passed over."""
    out = []
    for path in sorted(directory.glob("record-*.json")):
        try:
            out.append(json.loads(path.read_text()))
        except (OSError, ValueError):
            continue
    return out
