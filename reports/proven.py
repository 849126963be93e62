"""What the runs of a proof came to, as values: what `prove` writes down, and its pages show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eni_conformance.oracle.results import Again


@dataclass(frozen=True)
class Replay:
    """A leading counterexample, again. claimed: how often its evidence says that it failed again; guilty, innocent: how
    often it did on the emulator with the fault and on one without, None where that could not be judged."""

    requirement: str
    evidence: str
    claimed: Again
    guilty: Again | None = None
    innocent: Again | None = None

    @property
    def convicts_innocent(self) -> bool:
        """Whether it fails where nothing is wrong."""
        return self.innocent is not None and self.innocent.failed_again > 0

    @property
    def repeats(self) -> bool:
        """Whether it failed again as often as its evidence claims: each time, or now and then."""
        if self.guilty is None:
            return False
        each_time = self.claimed.failed_again == self.claimed.tried > 1
        return self.guilty.failed_again >= (self.guilty.tried if each_time else 1)


@dataclass(frozen=True)
class Result:
    """What came of one run. verdict: killed, survived, equivalent, alarmed, silent, unusable.

    company: the variants that were switched on as well. requirement, also: what the first violation contradicts;
    all_requirements: what any violation contradicts. calls, detach_calls: sent until then, set-up and looks included.
    seconds: of the whole run, start-up included; first_seconds: from the run's first call to the first violation.
    allowed: calls that it might send at most, 0 for as many as it took. test: in which the violation was seen first.
    counterexample: the Scenario in its evidence, as it is written. evidence: path below the proof's directory. replays:
    its leading counterexamples, again.
    """

    kind: str
    name: str
    group: str
    trigger: str
    description: str
    verdict: str
    exit: int
    requirement: str = ""
    also: tuple[str, ...] = ()
    all_requirements: tuple[str, ...] = ()
    summary: str = ""
    calls: int = 0
    detach_calls: int = 0
    seconds: float = 0.0
    first_seconds: float = 0.0
    counterexample: Mapping[str, Any] = field(default_factory=dict)
    evidence: str = ""
    seed: int = 0
    own: str = ""
    company: str = ""
    allowed: int = 0
    test: str = ""
    replays: tuple[Replay, ...] = ()


@dataclass(frozen=True)
class Figures:
    """The kill matrix and its figures.

    effort: of the runs. faults, killed, survivors: those that must be caught. equivalent: fault -> why it keeps within
    the page, of those that were not blamed. variants, alarmed: those that keep within the page, and those of them that
    were blamed. replayed: counterexamples that were tried again; convict_innocent, not_repeated: those of them that
    fail where nothing is wrong, and that do not fail again as they claim. median_calls, median_seconds: of runs that
    killed. killed_within: (calls, share of the faults killed by then). first_caught_by, caught_by_own_checks: short id
    of a requirement -> faults. unproven: short ids of those that caught none.
    """

    effort: str
    faults: int
    killed: int
    survivors: tuple[str, ...]
    equivalent: Mapping[str, str]
    variants: int
    alarmed: tuple[str, ...]
    replayed: int
    convict_innocent: tuple[str, ...]
    not_repeated: tuple[str, ...]
    median_calls: float
    median_seconds: float
    killed_within: tuple[tuple[int, float], ...]
    first_caught_by: Mapping[str, tuple[str, ...]]
    caught_by_own_checks: Mapping[str, tuple[str, ...]]
    unproven: tuple[str, ...]
    results: tuple[Result, ...]
