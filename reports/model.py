"""results.json as values. Everything in `reports` reads a run from here and from nowhere else.

The verdicts were decided before this file was written; nothing here judges. The first part of `Results`
is fixed (schema 1); all that a later suite adds is optional, and what this version does not know is
kept in `extra`, so that loading and dumping loses nothing.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eni_conformance.contract.codec import build, plain

SCHEMA_FILE = Path(__file__).with_name("results.schema.json")

VERDICTS = ("violated", "error", "inconclusive", "known-deviation", "not-exercised", "conforms")
"""All verdicts, those that need a reader first."""

KINDS = ("error", "parameter", "state", "response", "effect", "relation", "gateway", "robustness")
"""Kinds of requirement, in the order of the report."""

SEVERITIES = ("blocker", "critical", "normal", "minor")
"""Severities, the most harmful first."""


@dataclass(frozen=True)
class Run:
    """One run. `started`: ISO 8601 text or Unix seconds. `seconds`: wall time. `exit`: status of the command.

    `command` repeats it exactly. `incomplete`: it ended before everything was tried; `note` says why. `strict`: the
    page alone was judged by, without the common table.
    """

    id: str
    started: str | float = ""
    seconds: float = 0.0
    seed: int | str | None = None
    effort: str = ""
    revision: str = ""
    exit: int | None = None
    command: str = ""
    incomplete: bool = False
    note: str = ""
    strict: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Offers:
    """What the target offers: formats ("json", "xml") and signature schemes ("v1", "v3")."""

    formats: tuple[str, ...] = ()
    signing: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """What was examined.

    undeclared: formats that do not work although the target file does not say so. control_problems: by order of the
    control protocol, in what it does not do what its document says. skew: seconds by which the target's clock is ahead,
    which were corrected for.
    """

    name: str = ""
    endpoint: str = ""
    region: str = ""
    offers: Offers | None = None
    undeclared: tuple[str, ...] = ()
    control_problems: dict[str, str] = field(default_factory=dict)
    skew: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Strength:
    """What a `conforms` is worth.

    bound: a defect that shows in more than this share of such cases would have been seen, at 95 %.
    worlds, callers, wire_forms: how many different ones the judged calls came from.
    faults_killed: known faults that the checks of this requirement caught; None where not measured.
    unproven: its checks have never caught a fault.
    """

    bound: float | None = None
    worlds: int = 0
    callers: int = 0
    wire_forms: int = 0
    faults_killed: int | None = None
    unproven: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Deviation:
    """A known deviation as its owner recorded it."""

    owner: str = ""
    reason: str = ""
    expires: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CommonAnswer:
    """An answer that the page does not list and the common table does ("403 Forbidden.RAM"), and how often it came."""

    answer: str = ""
    n: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Requirement:
    """One sentence or row of the vendor page, and what this run found about it.

    evidence: names of files in the run's `evidence` directory. section, source: where the requirement
    stands and who says so. how: how it is provoked. missing: what would be needed to provoke it here. provoked: how
    often the page's own answer came. by_common: admissible answers that came in its place, by the common table.
    """

    id: str
    title: str = ""
    kind: str = ""
    http: int | str | None = None
    code: str | None = None
    verdict: str = "not-exercised"
    reason: str | None = None
    judged: int = 0
    provoked: int | str | None = None
    evidence: tuple[str, ...] = ()
    section: str | None = None
    source: str | None = None
    severity: str | None = None
    strength: Strength | None = None
    how: str | None = None
    missing: str | None = None
    deviation: Deviation | None = None
    by_common: tuple[CommonAnswer, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def by_common_alone(self) -> bool:
        """True when answers of the common table came and the page's own never did."""
        return bool(self.by_common) and not self.provoked

    @property
    def passed(self) -> bool:
        """True only for `conforms` with at least one judged call; a skip is never a pass."""
        return self.verdict == "conforms" and self.judged > 0

    @property
    def hollow(self) -> bool:
        """True when the file says `conforms` without a judged call, which no view may show as a pass."""
        return self.verdict == "conforms" and self.judged <= 0

    @property
    def why(self) -> str:
        """The reason to show beside the verdict, "" when there is none."""
        if self.hollow:
            return "recorded as conforming, but no call was judged; not counted as a pass"
        if self.reason:
            return self.reason
        if self.verdict == "known-deviation" and self.deviation is not None:
            return self.deviation.reason
        if self.verdict == "not-exercised":
            return self.missing or ""
        return ""


@dataclass(frozen=True)
class Observation:
    """A choice that the page leaves open, as the target made it. Recorded, not judged."""

    id: str
    value: Any = None
    examples: Any = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StateCell:
    """One combination of instance state, interface state and attachment, and how often it was judged."""

    instance: str
    eni: str
    attachment: str = ""
    judged: int = 0
    note: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Pairwise:
    """Coverage of all pairs of values of the test dimensions."""

    dimensions: tuple[str, ...] = ()
    covered: int = 0
    total: int = 0
    missing: tuple[tuple[Any, ...], ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """One rule of the state machine, and how often it fired."""

    rule: str
    fired: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Coverage:
    """What the run reached."""

    states: tuple[StateCell, ...] = ()
    pairwise: Pairwise | None = None
    rules: tuple[Rule, ...] = ()
    transitions: tuple[Any, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Duel:
    """Two faults in one call: which of the two requirements answered, and whether always the same one."""

    a: str
    b: str
    winner: str | None = None
    stable: bool = True
    n: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lease:
    """What the run had of one kind. created: in all. at_once: at most. seconds: that they existed, together. served:
    places in worlds that they filled. left: ids of those that were not seen to be gone."""

    kind: str
    created: int = 0
    at_once: int = 0
    seconds: float = 0.0
    served: int = 0
    left: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cost:
    """What the run used: resources that it created in all, seconds that instances existed, at most, and the worlds
    that were arranged with them."""

    instances: float = 0
    network_interfaces: float = 0
    instance_seconds: float = 0.0
    worlds: int = 0
    leases: tuple[Lease, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Predicted:
    """What had been told of the run before it began. `source`: where the figures come from.

    calls: by operation. seconds: wall time. instances, interfaces: alive at once, at most. hours: of instances.
    money: of those hours, in `currency`; 0 on this machine.
    """

    source: str = ""
    calls: dict[str, int] = field(default_factory=dict)
    total: int = 0
    seconds: float = 0.0
    instances: int = 0
    interfaces: int = 0
    hours: float = 0.0
    money: float = 0.0
    currency: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Again:
    """How often a finding was tried again in a world built anew, and how often it was seen again."""

    tried: int = 0
    failed_again: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Violation:
    """Failures of one cause, as one worker counted them: published ones, or what was seen once and not again.

    evidence: file of the clearest of them. requirement, also: short ids. key: the same for the same cause in every
    worker. again: None in files of older suites.
    """

    evidence: str = ""
    count: int = 1
    requirement: str = ""
    also: tuple[str, ...] = ()
    key: str = ""
    cause: str | None = None
    summary: str = ""
    certainty: float | None = None
    again: Again | None = None
    test: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def concerns(self, requirement: Requirement) -> bool:
        """True when the requirement is the one that it violates, or one that it violates, too."""
        return any(requirement.id == s or requirement.id.endswith(f"-{s}") for s in (self.requirement, *self.also) if s)


@dataclass(frozen=True)
class Passing:
    """An answer that may come once and be gone ("400 OperationConflict"), and how often it came. It is not judged."""

    operation: str = ""
    answer: str = ""
    n: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Environment:
    """Where the suite ran."""

    python: str = ""
    packages: dict[str, Any] = field(default_factory=dict)
    platform: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Results:
    """A whole results.json."""

    run: Run
    schema: int = 1
    suite: dict[str, Any] = field(default_factory=dict)
    target: Target = field(default_factory=Target)
    requirements: tuple[Requirement, ...] = ()
    observations: tuple[Observation, ...] = ()
    calls: dict[str, int] = field(default_factory=dict)
    coverage: Coverage | None = None
    latency: dict[str, tuple[Any, ...]] | None = None
    settle: dict[str, tuple[Any, ...]] | None = None
    atlas: tuple[Duel, ...] | None = None
    cost: Cost | None = None
    predicted: Predicted | None = None
    environment: Environment | None = None
    shallow: tuple[str, ...] = ()
    violations: tuple[Violation, ...] = ()
    once: tuple[Violation, ...] = ()
    """Findings that were seen once and not again. They are no violations."""
    passing: tuple[Passing, ...] = ()
    problems: tuple[str, ...] = ()
    """What is wrong with the entries of the deviations file."""
    extra: dict[str, Any] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Requirements per verdict, every verdict present, in the order of `VERDICTS`."""
        found = dict.fromkeys(VERDICTS, 0)
        for requirement in self.requirements:
            key = "not-exercised" if requirement.hollow else requirement.verdict
            found[key] = found.get(key, 0) + 1
        return found

    def by_verdict(self, *verdicts: str) -> tuple[Requirement, ...]:
        """The requirements with one of these verdicts, in file order."""
        return tuple(r for r in self.requirements if r.verdict in verdicts)

    @property
    def incomplete(self) -> bool:
        """True when the run ended before everything was tried."""
        if self.run.incomplete or self.run.exit is None:
            return True
        return self.run.exit == 4 and not self.by_verdict("error")


def parse(data: Any) -> Results:
    """Results out of the decoded JSON. Raises ValueError that names the bad place."""
    results = build(Results, data, "results")
    if results.schema != 1:
        raise ValueError(f"results.schema: 1 is understood, not {results.schema}")
    for requirement in results.requirements:
        if requirement.verdict not in VERDICTS:
            raise ValueError(f"{requirement.id}: {requirement.verdict!r} is not a verdict")
    return results


def load(path: str | Path) -> Results:
    """Results out of a results.json or out of the directory that holds one. Raises OSError, ValueError."""
    return parse(json.loads(results_file(path).read_text(encoding="utf-8")))


def results_file(path: str | Path) -> Path:
    """The results.json that `path`, a file or an output directory, means."""
    path = Path(path)
    return path / "results.json" if path.is_dir() else path


def dump(results: Results, path: str | Path) -> Path:
    """Writes results.json (whole or not at all) and returns its path."""
    return write_text(results_file(path), json.dumps(plain(results), indent=1) + "\n")


def write_text(path: Path, text: str) -> Path:
    """Writes a file so that a reader never sees half of it."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    temporary.replace(path)
    return path


def samples(values: tuple[Any, ...]) -> list[float]:
    """Seconds out of a distribution that is either samples or [upper edge, count] buckets.

    Of a bucket at most 500 entries are made, in proportion, so that the result stays small.
    """
    pairs = [v for v in values if isinstance(v, (list, tuple)) and len(v) == 2]
    if pairs:
        total = sum(max(0, int(count)) for _, count in pairs) or 1
        scale = min(1.0, 2000 / total)
        return [float(edge) for edge, count in pairs if count for _ in range(max(1, math.floor(int(count) * scale)))]
    return [float(v) for v in values if isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v)]


def quantile(values: list[float], share: float) -> float:
    """The value that `share` of the samples do not exceed. `values` must not be empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]
