"""One worker's place to play: what it owns, and what it remembers from one play to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from eni_conformance.contract.scenario import Scenario
from eni_conformance.harness import ecs
from eni_conformance.harness.bench import pool
from eni_conformance.harness.bench.pool import Bench
from eni_conformance.harness.values import Pair, Snapshot
from eni_conformance.harness.wire.client import CallsSpent


@dataclass
class Stage:
    """One worker's place to play. `folder`: where locks are kept; `deadline`: seconds a call may take; `relook`: those
    for which what is not explained is looked at again; `nothing`: texts that denoted nothing when they were asked for;
    `last`: the last look, and the Scenario that it ended; `abroad` opens the Stage for Worlds of the second region,
    kept in `second`; `turn`: of the views; `met`: each with what it has met; `failing`: how often each of them
    failed or was refused; `stuck`: detaches that never ended; `ended`: whether the run is told to end."""

    bench: Bench
    folder: Path
    deadline: float = 15.0
    relook: float = 1.6
    nothing: set[str] = field(default_factory=set)
    ignore: frozenset[str] = frozenset()
    last: tuple[Snapshot, Scenario] | None = None
    abroad: Callable[[], Stage] | None = None
    second: Stage | None = None
    turn: int = 0
    met: set[Pair] = field(default_factory=set)
    failing: Counter[str] = field(default_factory=Counter)
    stuck: int = 0
    ended: Callable[[], bool] = lambda: False

    @property
    def session(self) -> ecs.Session:
        return self.bench.session

    def calls(self) -> int:
        """How many calls this worker has sent, set-up and looks included."""
        return sum(self.session.client.counts.values())

    def go_on(self) -> None:
        """Raises CallsSpent where the run has been told to end meanwhile."""
        if self.ended():
            raise CallsSpent("the run was told to end")

    def unfinished(self) -> list[pool.Unfinished]:
        """What the set-up could not do although the page promises it; each is told once."""
        benches = (self.bench, *((self.second.bench,) if self.second else ()))
        told = [one for bench in benches for one in bench.unfinished]
        for bench in benches:
            bench.unfinished.clear()
        return told

    def forget(self) -> None:
        """Nothing is known of what the bench owns."""
        self.last, self.bench.stale = None, pool.PARTS
