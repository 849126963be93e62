"""What may be true of the target, followed through the events of a History. Pure.

A State is what is known before an event; `follow` says what is known after it, what is wrong with what it brought, and
what was read out of it. Whoever judges folds over a whole History; whoever plays asks the same fold what to do next.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple

from eni_conformance.contract.detach import EFFECT
from eni_conformance.contract.rules import Operation
from eni_conformance.contract.scenario import Call, Scenario
from eni_conformance.harness.history import Arranged, Circumstances, Created, History, Overlapped
from eni_conformance.harness.values import Asked, Deed, Exchange, Fields, Snapshot
from eni_conformance.oracle import model
from eni_conformance.oracle.findings import Finding
from eni_conformance.oracle.frame import Change
from eni_conformance.oracle.readings import Admissible, EniKnown, Known, Reply

START_TIME = "StartTime"
END_OF = {
    "attach": "InUse", "delete": "", "start": "Running", "stop": "Stopped", "stop_charging": "Stopped",
    "reboot": "Running", "delete_instance": "",
}  # fmt: skip
"""The status that an operation of the surroundings leads to in the end; the others leave it as it is."""


@dataclass(frozen=True)
class Found:
    """A finding with its evidence.

    step: index of the step, -1 for a look. changes: what differed. after: the look that shows it. n: how many events
    had been by then. judged: how many answers of calls under test had been judged. history: what it was found in.
    """

    finding: Finding
    step: int
    exchange: Exchange | None = None
    expected: Admissible | None = None
    before: Snapshot | None = None
    after: Snapshot | None = None
    changes: tuple[Change, ...] = ()
    n: int = 0
    judged: int = 0
    history: History | None = None

    @property
    def calls(self) -> int:
        """How many calls the worker had sent by then, set-up and looks included."""
        return self.history.sent[self.n - 1] if self.history and 0 < self.n <= len(self.history.sent) else 0


@dataclass(frozen=True)
class Compared:
    """An answer that may be compared with those to other calls. fits: which values of a repeated parameter counted, if
    the answer tells; exists: whether what another tenant named exists, None if it is not of that kind."""

    call: Call
    asked: Asked
    key: str
    reply: Reply
    exchange: Exchange
    step: int
    expected: Admissible
    grouped: bool = False
    fits: str = ""
    exists: bool | None = None


@dataclass(frozen=True)
class Overlapping:
    """Calls at the same time whose effect is still to be looked for."""

    event: Overlapped
    start: Known
    told: tuple[model.Told, ...]


class Modified(NamedTuple):
    """An attribute of an interface that was modified, as descriptions show it, and what it became."""

    eni: str
    attribute: str
    value: str

    def shown(self, now: Snapshot) -> bool:
        """Whether a look shows what it became."""
        fields = now.enis.get(self.eni, {})
        return fields.get(self.attribute) in (self.value, self.value == "true", (json.dumps(self.value),))


@dataclass(frozen=True)
class State:
    """What is known, and what has been, before the next event.

    detached: interface -> instance, of accepted detaches since the last look that counted; accepted_at: when. refused:
    how many calls were refused since then. touched: what operations of the surroundings move; ends: where to. modified:
    what was modified and is not seen to be; overdue: those of which the last look that counted said nothing; takes:
    attributes that have been seen to be, after that was accepted. restarted: instances that were told to start or
    reboot, and have not been seen with another start time. hot: what an instance that runs has let be done.
    path: statuses seen of what was detached. freed: interfaces that a call accepted, with its step. created: interfaces
    that were made meanwhile, each with those that had been detached before. deleted: instances that were told to go,
    with their primary interfaces; they may be shown for a while. again: calls that were sent again, with whether their
    answer is stable. dirty: the world may not be what it seems, so nothing goes on.
    """

    operation: Operation
    scenario: Scenario
    place: Circumstances
    arranged: Arranged
    known: Known
    snapshot: Snapshot
    earlier: Mapping[str, str] = field(default_factory=dict)
    detached: Mapping[str, str] = field(default_factory=dict)
    accepted_at: Mapping[str, float] = field(default_factory=dict)
    refused: int = 0
    touched: frozenset[str] = frozenset()
    modified: frozenset[Modified] = frozenset()
    overdue: frozenset[Modified] = frozenset()
    restarted: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    hot: frozenset[str] = frozenset()
    ends: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reminded: tuple[str, ...] = ()
    deleted: frozenset[str] = frozenset()
    created: tuple[tuple[str, frozenset[str]], ...] = ()
    freed: frozenset[tuple[str, int]] = frozenset()
    full_refused: bool = False
    last: Exchange | None = None
    compared: tuple[Compared, ...] = ()
    again: tuple[tuple[Call, Reply, bool], ...] = ()
    overlap: Overlapping | None = None
    ignore: frozenset[str] = frozenset()
    shown: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    settled: tuple[float, ...] = ()
    spent: tuple[float, ...] = ()
    stuck: int = 0
    ids: Mapping[str, str] = field(default_factory=dict)
    found: tuple[Found, ...] = ()
    undecided: str = ""
    dirty: bool = False
    finished: bool = False
    events: int = 0
    judged: int = 0

    @property
    def still(self) -> frozenset[str]:
        """What is in transition on purpose, and need not be waited for."""
        return self.arranged.held | frozenset(self.arranged.racing)

    @property
    def freed_enis(self) -> frozenset[str]:
        return frozenset(eni for eni, _ in self.freed)


def begin(
    operation: Operation,
    scenario: Scenario,
    place: Circumstances,
    arranged: Arranged,
    earlier: Mapping[str, str] | None = None,
) -> State:
    """What is known when the World has been arranged."""
    state = State(
        operation, scenario, place, arranged, Known("", frozenset()), arranged.snapshot, earlier or {},
        ignore=place.ignore, settled=place.settled, hot=place.hot,
    )  # fmt: skip
    return replace(state, known=known_of(state, arranged.snapshot))


def known_of(state: State, snapshot: Snapshot) -> Known:
    """What a look tells, with what was arranged and no look shows."""
    arranged, world = state.arranged, state.scenario.world
    known = model.known_of(
        snapshot,
        region=state.place.region,
        regions=state.place.regions,
        held=arranged.held,
        faults=dict(arranged.faults),
        of_all=world.faults,
    )
    enis = {**listed(snapshot, arranged.primaries), **known.enis}
    instances = dict(known.instances)
    for eni, host in arranged.linked.items():
        if eni in enis and snapshot.status(eni) in ("Attaching", "Detaching"):
            sure = eni in arranged.held
            enis[eni] = replace(enis[eni], on=frozenset({host}) if sure else enis[eni].on | {host})
    for resource, statuses in arranged.racing.items():
        if resource in enis:
            extra = frozenset({""}) if statuses & {"Available", ""} else frozenset[str]()
            one = enis[resource]
            enis[resource] = replace(one, statuses=one.statuses | statuses, on=one.on | extra)
        elif resource in instances:
            instances[resource] = replace(instances[resource], statuses=instances[resource].statuses | statuses)
    for eni in state.deleted & set(enis):
        enis[eni] = replace(enis[eni], statuses=enis[eni].statuses | {""})
    for instance in state.deleted & set(instances):
        instances[instance] = replace(instances[instance], statuses=instances[instance].statuses | {""})
    return replace(known, enis=enis, instances=instances)


def listed(snapshot: Snapshot, primaries: Iterable[str]) -> dict[str, EniKnown]:
    """Interfaces that only their instance shows: what one view shows, exists."""
    out = {}
    for instance, fields in snapshot.instances.items():
        for entry in map(json.loads, fields.get("NetworkInterfaces", ())):
            eni = str(entry.get("NetworkInterfaceId", ""))
            kind = str(entry.get("Type") or ("Primary" if eni in primaries else "Secondary"))
            out[eni] = EniKnown(eni, frozenset({"InUse"}), frozenset({instance}), kind)
    return out


def say(
    state: State,
    finding: Finding,
    step: int,
    exchange: Exchange | None = None,
    expected: Admissible | None = None,
    *,
    dirty: bool = False,
) -> State:
    """A finding that an answer shows. dirty: nothing goes on after it."""
    found = Found(finding, step, exchange, expected, state.snapshot, n=state.events, judged=state.judged)
    return replace(state, found=(*state.found, found), dirty=state.dirty or dirty)


def look_says(
    state: State,
    finding: Finding,
    step: int,
    now: Snapshot,
    differences: Iterable[Change] = (),
    exchange: Exchange | None = None,
) -> State:
    """A finding that a look shows: the world may not be what we think, so nothing goes on after it.

    exchange: the call that it is blamed on, the last one under test if None. What differs of an interface that was
    detached earlier in the history, and left alone since, is an effect that came late (F08).
    """
    changes = tuple(differences)
    earlier = {eni for eni, of in state.freed if of != step} - set(state.detached) - state.touched
    if any(change.resource in earlier for change in changes):
        finding = replace(finding, requirement="F08", also=(finding.requirement, *finding.also))
    found = Found(finding, step, exchange or state.last, None, state.snapshot, now, changes, state.events, state.judged)
    return replace(state, found=(*state.found, found), dirty=True)


def accepted(state: State, target: str, at: float) -> State:
    """What is known after an accepted detach of this interface, "" if that depends on the reading."""
    if not target or target not in state.known.enis:
        return state
    held = target in state.arranged.held
    before = state.known.enis[target]
    if held and before.statuses == frozenset({"Detaching"}):
        return state
    host = next((o for o in sorted(before.on, reverse=True) if o), "")
    return replace(
        state,
        known=model.after_detach(state.known, target, held),
        detached={target: host, **state.detached},
        accepted_at={target: at, **state.accepted_at},
        touched=state.touched - {target},
        ends={r: end for r, end in state.ends.items() if r != target},
    )


def after_deed(state: State, deed: Deed) -> State:
    """What is known after an operation of the surroundings that was carried out."""
    if deed.op == "modify":  # it moves nothing
        return replace(state, modified=state.modified | {Modified(deed.eni, deed.attribute, deed.value)})
    gone = {deed.instance} if deed.op == "delete_instance" else set()
    primaries = {eni for eni, known in state.known.enis.items() if known.on & gone and known.type == "Primary"}
    with_it = {eni for eni, known in state.known.enis.items() if known.on & gone} - _to_be_kept(state)
    return replace(
        state,
        known=model.after_deed(state.known, deed),
        deleted=state.deleted | gone | primaries,
        restarted=state.restarted | ({deed.instance} if deed.op in ("start", "reboot") else set()),
        touched=state.touched | {deed.moves} | with_it,
        ends={
            **state.ends,
            **dict.fromkeys(primaries, ""),
            **({deed.moves: END_OF[deed.op]} if deed.op in END_OF else {}),
        },
        detached={e: host for e, host in state.detached.items() if e != deed.moves},
    )


def _to_be_kept(state: State) -> set[str]:
    """Interfaces whose detach was accepted, and which are not to go with their instance: it makes no difference to them
    when that goes."""
    changed = {one.eni for one in state.modified}
    shown = {eni: state.snapshot.enis.get(eni, {}).get("DeleteOnRelease") for eni in set(state.detached) - changed}
    return {eni for eni, released in shown.items() if released in (False, "false")}


def after_creation(state: State, event: Created) -> State:
    """What is known after another interface was made: it is there now, and nothing else may have changed."""
    return replace(
        state,
        created=(*state.created, (event.eni, state.freed_enis)),
        touched=state.touched | {event.eni},
        ends={**state.ends, event.eni: "Available"},
    )


def unseen(state: State, now: Snapshot) -> frozenset[Modified]:
    """What was modified and shows in this look what it showed before."""
    old = state.snapshot.enis
    return frozenset(m for m in state.modified if not m.shown(now) and _same(old, now.enis, m.eni, m.attribute))


def unstarted(state: State, now: Snapshot) -> frozenset[str]:
    """Instances that were told to start or reboot and show the start time that they showed before."""
    told = {one: now.instances.get(one, {}).get(START_TIME) for one in state.restarted}
    old = state.snapshot.instances
    waited_for = {one for one, when in told.items() if when and when != _minute(now.at)}
    return frozenset(one for one in waited_for if _same(old, now.instances, one, START_TIME))


def _same(old: Mapping[str, Fields], new: Mapping[str, Fields], resource: str, name: str) -> bool:
    """Whether two looks show the same in a field of a resource, or neither shows it."""
    return old.get(resource, {}).get(name) == new.get(resource, {}).get(name)


def _minute(at: float) -> str:
    """A start time that is told in minutes and is now: a later one of the same minute would look the same."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%MZ")


def lost(state: State, now: Snapshot) -> list[Modified]:
    """What was modified since the last look that counted and is not seen to be, where the attribute has been before."""
    return sorted(one for one in unseen(state, now) - state.overdue if one.attribute in state.takes)


def rested(state: State, now: Snapshot) -> State:
    """Everything up to here has been looked at and judged; what comes is judged by this look."""
    left = unseen(state, now)
    return replace(
        state, snapshot=now, known=known_of(state, now), detached={}, accepted_at={}, refused=0, touched=frozenset(),
        ends={}, path={}, reminded=(), shown={}, overlap=None, modified=left, overdue=left,
        restarted=unstarted(state, now),
        takes=state.takes | {one.attribute for one in state.modified - left},
    )  # fmt: skip


def waiting(state: State, now: Snapshot) -> list[str]:
    """What has not reached the end that the accepted steps lead to."""
    ends = {**state.ends, **{e: EFFECT.to for e in state.detached if e not in state.touched}}
    return [r for r, end in ends.items() if r not in state.arranged.held and now.status(r) != end]


def disturbed(state: State, now: Snapshot) -> bool:
    """Whether an interface that no step touched has changed its status: no need to wait for the right one."""
    ours = set(state.detached) | state.touched | state.still
    return any(now.status(e) != state.snapshot.status(e) for e in state.snapshot.enis if e not in ours)
