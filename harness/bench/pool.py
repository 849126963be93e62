"""What a worker owns, the last look at it, and waiting for it.

A Bench is a few instances and interfaces that are used from World to World. Its verbs:

    touch    something was sent that may change what it owns: the last look counts no more
    refresh  look now, at both parts or at one
    freshen  look at what has become stale, if anything has
    relook   look again for a while, unless the last look is explained
    settle   look until nothing is in transition
    quiet    where descriptions lag behind: look until they cannot any more
    until    look until a transition has come to its end, and learn how long it takes
    spoil    do without one of its resources from now on
    release  undo the control orders
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Literal

from eni_conformance.contract.scenario import EniSpec, World
from eni_conformance.harness import control, ecs, observe
from eni_conformance.harness.bench.likeness import OPTIONS, unlike
from eni_conformance.harness.bench.look import (
    FOREVER,
    LOOKS_A_WAIT,
    LOOKS_FOR_LOST,
    LOOKS_OF_DOUBT,
    RELOOK,
    SPARING_FACTOR,
    STEP_FACTOR,
    STEP_LEAST,
    STEP_LONGEST,
    STEP_NEARBY,
    STEP_TIMES,
    TYPICAL_LONGEST,
    growing,
    look_until,
)
from eni_conformance.harness.clock import Clock
from eni_conformance.harness.values import Deed, Fields, Snapshot

PARTS = frozenset({"enis", "instances"})
"""The two parts of a look."""

ATTACHING, DETACHING = "attaching interfaces", "detaching interfaces"
"""Two kinds of transition: how long they take is measured before any other's."""

BUSY = frozenset({"Attaching", "Detaching", "Deleting", "Pending", "Starting", "Stopping"})


Plugging = Literal["attach", "detach"]
"""What is done with an interface and an instance."""


class NotArranged(Exception):
    """The World could not be established; `missing` names a capability if that is why."""

    def __init__(self, reason: str, missing: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.missing = missing


@dataclass
class OwnInstance:
    """An instance of the bench. `past`: fresh, restarted or rebooted. `served`: Worlds that it was part of. `welcomed`:
    whether it has been seen Running since it was created, and is known by name and primary interface. `awaits`: the
    interface that is to come with it, and the number of its announcement in the ledger."""

    id: str
    zone: int
    past: Literal["fresh", "restarted", "rebooted"] = "fresh"
    primary: str = ""
    name: str = ""
    served: int = 0
    welcomed: bool = False
    awaits: tuple[int, EniSpec] | None = None


@dataclass
class OwnEni:
    """An interface of the bench. `look`: what it was made like, None if it is not to be used again. `hosts`: the
    instances it has been attached to, in order. `group`, `vswitch`: what is its alone, for a fault to hit. `had`: how
    much of LOSABLE the first look at it showed. unlike: fields that no look has shown as they were asked for when it
    was made, None before the first. since: monotonic time of the last attach."""

    id: str
    zone: int
    look: EniSpec | None
    hosts: list[str] = field(default_factory=list)
    group: str = ""
    vswitch: str = ""
    had: Mapping[str, int] | None = None
    unlike: tuple[str, ...] | None = None
    since: float = 0.0


@dataclass(frozen=True)
class Unfinished:
    """What the set-up could not do although the page promises it, for an interface of a World, by its place: a detach
    that was refused to the end, or that was accepted and did not come to its end, or after which an interface was not
    what it had been; an attach refused for want of a slot that must be free, or without effect on an interface that was
    detached before. attached: for how many seconds what was detached had been."""

    what: Literal["detach", "attach"]
    world: World
    place: int
    attached: float = 0.0


@dataclass
class Bench:
    """What one worker owns and may use.

    most_instances, most_enis: its share of the limits. stale: the parts of `now`, the last look, that may have changed
    since. lags: whether descriptions have been seen to lag behind (measured: it was tried on purpose). moved_at:
    monotonic time of the last order or difference. careful: a World is looked at until two looks agree. refused:
    options that interfaces can't be created with here. wrong_orders: capabilities that are offered and do not do what
    their document says. second_region: it is in the target's second region. unfinished: what of the set-up's own work
    did not do what it must. unborn: what is lacking for interfaces that come with their instance, "" as long as none
    was asked for in vain. sparing: calls are counted, so time is spent instead. unstartable: why nothing starts an
    instance that is Stopped, "" if that is not so; come_stopped: new ones are Stopped. hot: what an instance that runs
    has let be done; cold: what it must be Stopped for, with what was said. barren: why not even a first instance can
    be created, "" if that is not so. aside: instances with an interface that is watched.
    """

    session: ecs.Session
    ground: ecs.Ground
    capabilities: frozenset[str]
    most_instances: int
    most_enis: int
    settle_seconds: float
    step: float = STEP_NEARBY
    instances: list[OwnInstance] = field(default_factory=list)
    enis: list[OwnEni] = field(default_factory=list)
    undo: list[Mapping[str, object]] = field(default_factory=list)
    now: Snapshot = field(default_factory=lambda: Snapshot(0.0))
    stale: frozenset[str] = PARTS
    typical: dict[str, float] = field(default_factory=dict)
    lags: bool = False
    measured: bool = False
    moved_at: float = 0.0
    abandoned: list[str] = field(default_factory=list)
    unfinished: list[Unfinished] = field(default_factory=list)
    other_vswitches: dict[int, str] = field(default_factory=dict)
    settled: list[float] = field(default_factory=list)
    careful: bool = False
    refused: set[str] = field(default_factory=set)
    unborn: str = ""
    second_region: bool = False
    wrong_orders: Mapping[str, str] = field(default_factory=dict)
    sparing: bool = False
    unstartable: str = ""
    come_stopped: bool = False
    hot: set[Plugging] = field(default_factory=set)
    cold: dict[Plugging, str] = field(default_factory=dict)
    barren: str = ""
    aside: frozenset[str] = frozenset()

    @property
    def clock(self) -> Clock:
        return self.session.client.clock

    @property
    def lag_seconds(self) -> float:
        """How long a description may lag behind."""
        return self.session.target.limits.lag_seconds

    @property
    def zones(self) -> int:
        return len(self.ground.vswitch_ids)


def can(bench: Bench, capability: str) -> bool:
    """Whether the endpoint offers this capability of the control protocol."""
    return capability in bench.capabilities


def lacking(bench: Bench, capability: str) -> str:
    """What is missing where a capability of the control protocol can't be used."""
    wrong = bench.wrong_orders.get(capability, "")
    return f"control protocol: {capability}" + (
        f", which is offered but not as its document says ({wrong})" if wrong else ""
    )


def refresh(bench: Bench, part: str = "both", still: Set[str] = frozenset()) -> Snapshot:
    """Look at everything the bench owns. part: "enis" or "instances" to look at those alone, the rest is kept.

    still: what is in transition and will remain so. What was looked at while anything else moves stays stale.
    """
    ids = [e.id for e in bench.enis] + [i.primary for i in bench.instances if i.primary] if part != "instances" else []
    snapshot = observe.look(bench.session, ids, [i.id for i in bench.instances] if part != "enis" else [])
    if part == "enis":
        snapshot = replace(snapshot, instances=bench.now.instances)
    elif part == "instances":
        snapshot = replace(snapshot, enis=bench.now.enis)
    if statuses(snapshot) != statuses(bench.now):
        bench.moved_at = bench.clock.monotonic()
    bench.now = snapshot
    for own in bench.enis:
        if own.id in snapshot.enis and (own.had is None or own.unlike):
            _get_to_know(bench, own, snapshot.enis[own.id])
    looked = PARTS if part == "both" else frozenset({part})
    bench.stale = bench.stale - looked if set(busy(bench, snapshot)) <= still else PARTS
    return snapshot


def _get_to_know(bench: Bench, own: OwnEni, fields: Fields) -> None:
    """What a look shows of an interface: at first, how much it has to lose; then, what is shown as it was asked for."""
    if own.had is None:
        own.had = _losable(fields)
    born = own.look is not None and own.look.past == "born"  # then a part of it is asked for in other ways, or not
    differs = unlike(own.look, fields, OPTIONS if born else bench.refused)
    own.unlike = differs if own.unlike is None else tuple(field for field in own.unlike if field in differs)


def in_use(bench: Bench, enis: Iterable[str]) -> frozenset[str]:
    """Those of these interfaces, used again or not, that are InUse now. Raises ecs.SetupError."""
    snapshot = observe.look(bench.session, enis, ())
    return frozenset(e for e in snapshot.enis if snapshot.status(e) == "InUse" and snapshot.link(e))


def statuses(snapshot: Snapshot) -> list[tuple[object, ...]]:
    """What a transition changes: the status and link of each interface, the status and list of each instance."""
    enis = [(e, snapshot.status(e), snapshot.link(e)) for e in snapshot.enis]
    return sorted([*enis, *((i, snapshot.status(i), tuple(sorted(snapshot.held(i)))) for i in snapshot.instances)])


def touch(bench: Bench) -> None:
    """Something has been sent that may change what the bench owns."""
    bench.stale = PARTS
    bench.moved_at = bench.clock.monotonic()


def relook(
    bench: Bench,
    explained: Callable[[Snapshot], bool],
    within: float,
    *,
    pauses: Iterable[float],
    still: Set[str] = frozenset(),
) -> Snapshot:
    """The last look if it is explained; else the first later one that is, or the last one within so many seconds."""
    first = iter((bench.now,))
    return look_until(
        lambda: next(first, None) or refresh(bench, "both", still), explained, within, clock=bench.clock, pauses=pauses
    )


def quiet(bench: Bench, still: Set[str] = frozenset()) -> Snapshot:
    """The last look; where descriptions lag behind, one from which nothing has differed for as long as they may."""

    def left() -> float:
        return max(0.0, bench.moved_at + bench.lag_seconds - bench.clock.monotonic())

    pauses = (left() for _ in itertools.count())
    return relook(bench, lambda _: not (bench.lags and left()), bench.settle_seconds, pauses=pauses, still=still)


def part_of(stale: frozenset[str]) -> str:
    """The part to look at, so that nothing stays stale."""
    return next(iter(stale)) if len(stale) == 1 else "both"


def freshen(bench: Bench) -> Snapshot:
    """The last look, after looking again at what is stale in it."""
    return refresh(bench, part_of(bench.stale)) if bench.stale else bench.now


def drop_vanished(bench: Bench) -> None:
    """Forget what is not shown any more. A list may lack something for once, so it is looked for again."""

    def lost() -> bool:
        """Whether something is not shown that nobody has told to go."""
        shown = {**bench.now.enis, **bench.now.instances}
        ours = [e.id for e in bench.enis] + [i.id for i in bench.instances]
        return any(one not in shown and bench.session.ledger.still_there(one) for one in ours)

    relook(bench, lambda _: not lost(), FOREVER, pauses=[bench.step] * LOOKS_FOR_LOST)
    bench.enis = [e for e in bench.enis if e.id in bench.now.enis]
    bench.instances = [i for i in bench.instances if i.id in bench.now.instances]


def pauses(bench: Bench, kind: str) -> Iterator[float]:
    """Seconds to wait before each look, while a transition of this kind is under way: what it usually takes, then
    small steps that grow."""
    yield min(bench.typical.get(kind, 0.0), TYPICAL_LONGEST)
    yield from steps(bench)


def steps(bench: Bench) -> Iterator[float]:
    """Small pauses in seconds that grow, without end; where calls are counted, until a wait is so many looks long."""
    longest = min(max(STEP_LEAST, bench.step * STEP_TIMES), STEP_LONGEST)
    if bench.sparing:
        return growing(bench.step, max(longest, bench.settle_seconds / LOOKS_A_WAIT), SPARING_FACTOR)
    return growing(bench.step, longest, STEP_FACTOR)


def doubt_pause(bench: Bench, within: float) -> float:
    """Seconds between two looks at a difference that lag may explain `within` so many seconds; where calls are counted,
    a few looks must do."""
    return max(RELOOK, within / LOOKS_OF_DOUBT) if bench.sparing else RELOOK


def learn(bench: Bench, kind: str, seconds: float, looks: int) -> None:
    """Remember for how many seconds a transition of this kind was waited for, and how many looks it took: the
    estimate is such that the first look mostly finds it over, and follows an endpoint that becomes faster."""
    old = bench.typical.get(kind)
    if old is None:
        bench.typical[kind] = seconds
    else:
        bench.typical[kind] = 0.92 * old if looks <= 1 else min(seconds, 1.3 * old + bench.step)


def busy(bench: Bench, snapshot: Snapshot, part: str = "both") -> list[str]:
    """What is in transition, in the part of the bench that is looked at."""
    where = (snapshot.enis if part != "instances" else {}, snapshot.instances if part != "enis" else {})
    return [r for resources in where for r in resources if snapshot.status(r) in BUSY]


def settle(bench: Bench, still: Set[str] = frozenset()) -> Snapshot:
    """Look until nothing that the bench owns is in transition but what is held `still`. Returns the last look, with
    no stale part."""
    moving: set[str] = set()

    def seen() -> Snapshot:
        nonlocal moving
        part = part_of(bench.stale) if not moving else "both" if moving & set(bench.now.instances) else "enis"
        snapshot = refresh(bench, part, still)
        moving = set(busy(bench, snapshot)) - still
        return snapshot

    waits = (pause if moving else 0.0 for pause in steps(bench))
    look_until(seen, lambda _: not bench.stale, bench.settle_seconds, clock=bench.clock, pauses=waits)
    return refresh(bench) if bench.stale else bench.now


def until(bench: Bench, reached: Callable[[Snapshot], bool], what: str, part: str = "both") -> Snapshot:
    """Look until `reached`. part: what is looked at. Raises NotArranged after the settle limit."""
    kind = what.rpartition(": ")[2]
    looks, waited = 0, 0.0

    def seen() -> Snapshot:
        nonlocal looks
        looks += 1
        return refresh(bench, part)

    def explained(snapshot: Snapshot) -> bool:
        done = reached(snapshot)
        if not done and not busy(bench, snapshot, part):
            bench.lags = True  # accepted, yet shown neither under way nor done: descriptions lag behind
        return done

    def waits() -> Iterator[float]:
        nonlocal waited
        for pause in pauses(bench, kind):
            waited += pause
            yield pause

    later = waits()
    bench.clock.sleep(next(later))
    snapshot = look_until(seen, explained, bench.settle_seconds, clock=bench.clock, pauses=later)
    if not reached(snapshot):
        raise NotArranged(f"{what} did not happen within {bench.settle_seconds:g} s")
    learn(bench, kind, waited, looks)
    return snapshot


def release(bench: Bench, only: str = "") -> None:
    """Undo the control calls since the last arrangement, latest first. `only`: those of one kind of op."""
    if bench.undo:
        bench.stale = PARTS
    kept: list[Mapping[str, object]] = []
    while bench.undo:
        order = bench.undo.pop()
        if only and not str(order["op"]).startswith(only):
            kept.append(order)
            continue
        control.order(bench.session.target, order)
    bench.undo = kept[::-1]


def order(bench: Bench, do: Mapping[str, object], undo: Mapping[str, object]) -> None:
    """Give a control order and remember how to undo it. Raises NotArranged if it is refused."""
    bench.undo.append(undo)
    touch(bench)
    problem = control.order(bench.session.target, do)
    if problem:
        raise NotArranged(f"control protocol: {do['op']} was refused: {problem}", f"control: {do['op']}")


LOSABLE = ("Tags", "NetworkInterfaceName", "Description")
"""What an interface may be seen to have lost."""


def _losable(fields: Fields) -> dict[str, int]:
    """The lengths of what a look shows of LOSABLE."""
    return {name: len(fields[name] or ()) for name in LOSABLE if name in fields}


def worn(bench: Bench, own: OwnEni) -> bool:
    """Whether it is shown with less than it once was: what took that came between, and a World needs it whole."""
    now = _losable(bench.now.enis.get(own.id, {}))
    return any(now.get(name, length) < length for name, length in (own.had or {}).items())


def spoil(bench: Bench, resource: str) -> None:
    """An interface or instance that a wrong effect has changed is not used again; it goes when room is needed."""
    for eni in bench.enis:
        if eni.id == resource:
            eni.look = None
    for instance in bench.instances:
        if instance.id == resource:
            instance.zone = -1


def remember(bench: Bench, deed: Deed) -> None:
    """What an operation of the surroundings that was carried out makes of what the bench owns."""
    for eni in bench.enis:
        if deed.op == "attach" and eni.id == deed.eni:
            eni.hosts.append(deed.instance)
            eni.since = bench.clock.monotonic()
    for instance in bench.instances:
        if deed.op in ("start", "reboot") and instance.id == deed.instance:
            instance.past = "restarted" if deed.op == "start" else "rebooted"
    if deed.op in ("modify", "delete", "delete_instance"):
        spoil(bench, deed.moves)  # it is not what it was made as, or is shown for a while though it is gone


def set_aside(bench: Bench, eni: str) -> None:
    """Neither use nor detach an interface any more, nor go on with its instance, as long as another one can go."""
    host = bench.now.link(eni)
    bench.aside |= {host}
    bench.abandoned.append(eni)
    bench.enis = [own for own in bench.enis if own.id != eni]
    spoil(bench, host)


def give_up(bench: Bench, stuck: list[str], snapshot: Snapshot) -> None:
    """Do without what does not move: teardown still knows it by the ledger."""
    bench.abandoned += stuck
    for host in {snapshot.link(e) or snapshot.listed_on(e) for e in stuck}:
        spoil(bench, host)  # what is stuck there takes one of its places
    bench.instances = [i for i in bench.instances if i.id not in stuck]
    bench.enis = [e for e in bench.enis if e.id not in stuck and snapshot.link(e.id) not in stuck]
