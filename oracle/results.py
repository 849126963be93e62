"""What a run comes to, as values: the content of results.json. Pure.

The run makes a Results, the codec writes it, and every report reads it again: one family of types, and the schema of
the file is made from them (`python -m eni_conformance.reports.schemas`). A file may come from an older suite, a newer
one or a run that ended too soon: an absent key takes its default, and a key that is not known here is kept in `extra`.
Verdicts are decided in `oracle.verdicts`; nothing here judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, get_args

from eni_conformance.contract.codec import Always, Count, Name, Share, build

Verdict = Literal["violated", "error", "inconclusive", "known-deviation", "not-exercised", "conforms"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""All verdicts, those that need a reader first."""

KINDS = ("error", "parameter", "state", "response", "effect", "relation", "gateway", "robustness")
"""Kinds of requirement, in the order of the report."""

SEVERITIES = ("blocker", "critical", "normal", "minor")
"""Severities, the most harmful first."""

Seconds = Annotated[float, {"minimum": 0}]
MOST_SAMPLES = 2000
"""Samples of one distribution that are kept."""

Samples = Annotated[tuple[Seconds, ...], {"maxItems": MOST_SAMPLES}]
"""Seconds, one for each sample of a distribution."""


@dataclass(frozen=True)
class Open:
    """What a later suite may add to. extra: keys that are not known here."""

    extra: Mapping[str, Any] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True)
class Suite(Open):
    """Which suite ran. commit: of its source, "" where that is not known; with "+" where it was changed since."""

    name: str = ""
    version: str = ""
    commit: str = ""


@dataclass(frozen=True)
class Run(Open):
    """One run. `started`: ISO 8601 text or Unix seconds. `seconds`: wall time. `exit`: status of the command, null
    while the run has not ended. `command` repeats it exactly. `incomplete`: it ended before everything was tried;
    `note` says why. `strict`: judged by the page alone, without the common table. `part`: less than a whole run by
    intent, as by `only` (text in the ids of requirements), `shard` ("2/3") or `calls` (so many might be sent
    at most, from the first of the set-up to the last of the clean-up).
    """

    id: Name
    started: Always[str | float] = ""
    seconds: Always[Seconds] = 0.0
    seed: Always[int | str | None] = None
    effort: Always[str] = ""
    revision: Always[str] = ""
    strict: bool = False
    exit: Always[Annotated[int | None, {"minimum": 0, "maximum": 255}]] = None
    command: str = ""
    workers: Count = 1
    shard: str = ""
    incomplete: bool = False
    note: str = ""
    only: str = ""
    part: bool = False
    calls: Count = 0


@dataclass(frozen=True)
class Offers(Open):
    """What the target offers: formats ("json", "xml") and signature schemes ("v1", "v3")."""

    formats: tuple[str, ...] = ()
    signing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target(Open):
    """What was examined. callers: those of the target file. capabilities: of the control protocol, as far as they work.
    control: whether it has one. undeclared: formats that do not work although the target file does not say so.
    control_problems: by order of the control protocol, in what it does not do what its document says. skew: seconds by
    which the target's clock is ahead, which were corrected for. version: what it tells of its own version, as its
    Server header has it; "" where it tells nothing.
    """

    name: Always[str] = ""
    endpoint: Always[str] = ""
    region: Always[str] = ""
    callers: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    control: bool = False
    offers: Offers | None = None
    undeclared: tuple[str, ...] = ()
    control_problems: Mapping[str, str] = field(default_factory=dict)
    skew: float = 0.0
    version: str = ""


@dataclass(frozen=True)
class Strength(Open):
    """What a `conforms` is worth. bound: a defect that shows in more than this share of such cases would have been
    seen, at 95 %. worlds, callers, wire_forms: how many different ones the judged calls came from. faults_killed: known
    faults that the checks of this requirement caught, null where not measured. unproven: they have never caught one.
    thin: fewer cases were judged than make a `conforms` worth much.
    """

    bound: Annotated[float | None, {"minimum": 0}] = None
    worlds: Count = 0
    callers: Count = 0
    wire_forms: Count = 0
    faults_killed: Annotated[int | None, {"minimum": 0}] = None
    unproven: bool = False
    thin: bool = False


@dataclass(frozen=True)
class KnownDeviation(Open):
    """A known deviation as its owner recorded it. expires: the last day on which it is accepted (ISO 8601)."""

    owner: str = ""
    reason: str = ""
    expires: str = ""


@dataclass(frozen=True)
class DeviationEntry(Open):
    """An entry of the deviations file that the run was given: what it accepts, by whom, and until which day. quiet: in
    how many runs in a row, this one included, it was not needed."""

    entry: str = ""
    owner: str = ""
    expires: str = ""
    quiet: Count = 0


@dataclass(frozen=True)
class CommonAnswer(Open):
    """An answer that the page does not list and the common table does ("403 Forbidden.RAM"), and how often it came."""

    answer: Always[str] = ""
    n: Always[Count] = 0


@dataclass(frozen=True)
class RequirementResult(Open):
    """One sentence or row of the vendor page, and what this run found about it.

    evidence: names of files in the run's `evidence` directory. section, source: where the requirement stands and who
    says so. how: how it is provoked. missing: what would be needed to provoke it here. provoked: how often the page's
    own answer came. by_common: admissible answers that came in its place. violations: how often it was contradicted.
    """

    id: Name
    title: Always[str] = ""
    kind: Always[Annotated[str, {"enum": list(KINDS)}]] = ""
    http: Always[int | str | None] = None
    code: Always[str | None] = None
    verdict: Always[Verdict] = "not-exercised"
    reason: Always[str | None] = None
    judged: Always[Count] = 0
    provoked: Always[int | str | None] = None
    by_common: tuple[CommonAnswer, ...] = ()
    evidence: Always[tuple[str, ...]] = ()
    violations: Count = 0
    section: str | None = None
    source: str | None = None
    severity: Annotated[str | None, {"enum": [*SEVERITIES, None]}] = None
    how: str | None = None
    missing: str | None = None
    strength: Strength | None = None
    deviation: KnownDeviation | None = None

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "allOf": [
            {
                "$comment": "nothing conforms without a judged call",
                "if": {"properties": {"verdict": {"const": "conforms"}}},
                "then": {"properties": {"judged": {"minimum": 1}}},
            },
            {
                "$comment": "a verdict that decides nothing says why",
                "if": {
                    "properties": {"verdict": {"enum": ["known-deviation", "inconclusive", "not-exercised", "error"]}}
                },
                "then": {"properties": {"reason": {"type": "string", "minLength": 1}}},
            },
        ]
    }

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
class Observation(Open):
    """A choice that the page leaves open, as the target made it; recorded, not judged. counts: how often it made
    each; `value` tells them in a line."""

    id: str
    value: Always[Any] = None
    examples: Always[Any] = ()
    counts: Mapping[str, Count] | None = None


@dataclass(frozen=True)
class StateCell(Open):
    """One combination of instance state, interface state and attachment, and how often it was judged."""

    instance: str
    eni: str
    attachment: str = ""
    judged: Always[Count] = 0
    note: str | None = None


@dataclass(frozen=True)
class Pairwise(Open):
    """Coverage of all pairs of values of the test dimensions. missing: dimension, value, dimension, value."""

    dimensions: tuple[str, ...] = ()
    covered: Count = 0
    total: Count = 0
    missing: tuple[tuple[str, str, str, str], ...] = ()


@dataclass(frozen=True)
class Successions(Open):
    """Which steps of a history came right after which. lacking: "attach, then reboot"."""

    met: Count = 0
    of: Count = 0
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuleFired(Open):
    """One rule of the state machine, and how often it fired."""

    rule: str
    fired: Always[Count] = 0


@dataclass(frozen=True)
class Transition(Open):
    """What was asked in which state, and what came ("Running, InUse, this, account: accepted"), and how often."""

    transition: str = ""
    n: Count = 0


@dataclass(frozen=True)
class Coverage(Open):
    """What the run reached."""

    states: tuple[StateCell, ...] = ()
    pairwise: Pairwise | None = None
    successions: Successions | None = None
    rules: tuple[RuleFired, ...] = ()
    transitions: tuple[Transition, ...] = ()


@dataclass(frozen=True)
class Duel(Open):
    """Two faults in one call: which of the two requirements answered, whether always the same one, and in which share
    of n calls. faults: how each of the two was brought about."""

    a: str
    b: str
    winner: str | None = None
    stable: bool = True
    n: Count = 0
    faults: tuple[str, ...] = ()
    share: Share = 1.0


@dataclass(frozen=True)
class Lease(Open):
    """What the run had of one kind. created: in all. at_once: at most. seconds: that they existed, together. served:
    places in worlds that they filled. left: ids of those that were not seen to be gone."""

    kind: str
    created: Always[Count] = 0
    at_once: Count = 0
    seconds: Seconds = 0.0
    served: Count = 0
    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cost(Open):
    """What the run used: resources that it created in all, seconds that instances existed, at most, and the worlds
    that were arranged with them."""

    instances: float = 0
    network_interfaces: float = 0
    instance_seconds: float = 0.0
    worlds: Count = 0
    leases: tuple[Lease, ...] = ()


@dataclass(frozen=True)
class Bought(Open):
    """What a run has come to whose calls were counted. calls: those that it might send. spent: those that it sent.
    rows, judged: rows of the error table, and those of them that were judged. pairs: of two values of the test
    dimensions that met in a judged call. kills: the share of the built-in faults that a run of so many calls kills, as
    measured by `prove --calls`; null where nothing so small was measured.
    """

    calls: Count = 0
    spent: Count = 0
    rows: Count = 0
    judged: Count = 0
    pairs: Count = 0
    kills: Annotated[float | None, {"minimum": 0, "maximum": 1}] = None


@dataclass(frozen=True)
class Predicted(Open):
    """What had been told of the run before it began. `source`: where the figures come from. calls: by operation.
    seconds: wall time. instances, interfaces: alive at once, at most. hours: of instances. money: of those hours, in
    `currency`; 0 on this machine.
    """

    source: Always[str] = ""
    calls: Always[Mapping[str, Count]] = field(default_factory=dict)
    total: Always[Count] = 0
    seconds: Always[float] = 0.0
    instances: Always[Count] = 0
    interfaces: Always[Count] = 0
    hours: Always[float] = 0.0
    money: Always[float] = 0.0
    currency: Always[str] = ""


@dataclass(frozen=True)
class Again(Open):
    """How often a finding was tried again in a world built anew, and how often it was seen again."""

    tried: Always[Count] = 0
    failed_again: Always[Count] = 0


@dataclass(frozen=True)
class Violation(Open):
    """Failures of one cause, as one worker counted them: published ones, or what was seen once and not again.

    evidence: file of the clearest of them. requirement, also: short ids. summary: what the endpoint did, in a sentence
    that is the same in every run; detail: what exactly, where no evidence file tells it. key: the same for the same
    cause in every worker. family: what violations of one event have in common, whatever requirement they were seen in.
    again: null in files of older suites. clocked: it rests on a clock. sure: seen with looks that another confirmed.
    calls, detach_calls, seconds: what the worker had sent, and how long it had worked, when it was first seen. test:
    the test that saw it.
    """

    evidence: Always[str] = ""
    count: Always[Count] = 1
    requirement: str = ""
    also: tuple[str, ...] = ()
    key: str = ""
    cause: str | None = None
    summary: str = ""
    certainty: Annotated[float | None, {"minimum": 0, "maximum": 1}] = None
    again: Again | None = None
    clocked: bool = False
    sure: bool = False
    calls: Count = 0
    detach_calls: Count = 0
    seconds: float = 0.0
    test: str = ""
    family: str = ""
    detail: str = ""

    def concerns(self, requirement: RequirementResult) -> bool:
        """True when the requirement is the one that it violates, or one that it violates, too."""
        return any(requirement.id == s or requirement.id.endswith(f"-{s}") for s in (self.requirement, *self.also) if s)


@dataclass(frozen=True)
class Passing(Open):
    """An answer that may come once and be gone ("400 OperationConflict"), and how often it came. It is not judged."""

    operation: Always[str] = ""
    answer: Always[str] = ""
    n: Always[Count] = 0


@dataclass(frozen=True)
class Environment(Open):
    """Where the suite ran."""

    python: str = ""
    platform: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Results(Open):
    """A whole results.json. Keys that are not named here may be added; those that are named keep their meaning.

    answers: to each kind of call (ids of the requirements that it breaks, then states, caller and how its parameters
    were made), how often each answer came. latency: by operation. settle: by transition. once: findings that were seen
    once and not again; they are no violations. repeated: answers after which the suite sent a call of its own again,
    throttled ones among them. problems: what is wrong with the deviations file; warnings: what should
    be looked at in it. recording: version of the recording that this is, null where it is a run's own file.
    """

    run: Run
    schema: Always[Literal[1]] = 1
    suite: Always[Suite] = field(default_factory=Suite)
    target: Always[Target] = field(default_factory=Target)
    requirements: Always[tuple[RequirementResult, ...]] = ()
    observations: Always[tuple[Observation, ...]] = ()
    calls: Always[Mapping[str, Count]] = field(default_factory=dict)
    coverage: Coverage | None = None
    latency: Mapping[str, Samples] | None = None
    settle: Mapping[str, Samples] | None = None
    atlas: tuple[Duel, ...] | None = None
    answers: Mapping[str, Mapping[str, Count]] | None = None
    cost: Cost | None = None
    predicted: Predicted | None = None
    bought: Bought | None = None
    environment: Environment | None = None
    shallow: tuple[str, ...] = ()
    violations: tuple[Violation, ...] = ()
    once: tuple[Violation, ...] = ()
    passing: tuple[Passing, ...] = ()
    repeated: tuple[Passing, ...] = ()
    judged_calls: Count = 0
    successes: Count = 0
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    deviations: tuple[DeviationEntry, ...] = ()
    recording: int | None = None

    def counts(self) -> dict[str, int]:
        """Requirements per verdict, every verdict present, in the order of `VERDICTS`."""
        found: dict[str, int] = dict.fromkeys(VERDICTS, 0)
        for requirement in self.requirements:
            found["not-exercised" if requirement.hollow else requirement.verdict] += 1
        return found

    def by_verdict(self, *verdicts: str) -> tuple[RequirementResult, ...]:
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
    return build(Results, data, "results")
