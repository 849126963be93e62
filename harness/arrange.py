"""Making a World real, by public operations where they can, by the control protocol where they cannot.

A worker owns a Bench: a few instances and interfaces that it reuses from World to World, changing only what
differs. `arrange` returns the World's resources bound to real ids and a look that proves their states, or
raises NotArranged with the reason; it never guesses. Frozen states and other control calls are undone by
`release`, which must follow in every case.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Literal

from eni_conformance.contract.scenario import EniSpec, InstanceSpec, World
from eni_conformance.harness import control, ecs, observe
from eni_conformance.harness.values import Snapshot

PARTS = frozenset({"enis", "instances"})
"""The two parts of a look."""
ATTACHING, DETACHING = "attaching interfaces", "detaching interfaces"
"""Two kinds of transition: how long they take is measured before any other's."""
MARGIN = 0.5
"""Part of limits.lag_seconds that is kept for the looks themselves."""
FRESH = 0.5
"""Seconds for which a look at what is at rest still counts, if nothing was sent since."""
BUSY = frozenset({"Attaching", "Detaching", "Deleting", "Pending", "Starting", "Stopping"})
SPARE = 5
"""How many interfaces more than needed are deleted when room is made, so that one wait serves several."""
POOL = 20
"""How many interfaces, primary ones included, a worker keeps for later Worlds: each look shows all of them."""
NAMES = {
    "": "",
    "plain": "eni-conformance",
    "same": "same-name",
    "long": "n" + "0123456789" * 12 + "abcdefg",
    "unicode": "网卡-ünïcode-測試",
}
DESCRIPTIONS = {
    "": "",
    "plain": "made for a test",
    "long": "d" * 250,
    "unicode": "描述 – ünïcode & <b>'quoted'</b>",
}


class NotArranged(Exception):
    """The World could not be established; `missing` names a capability if that is why."""

    def __init__(self, reason: str, missing: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.missing = missing


SLOT = 1.0
"""Seconds after which the slot of an interface that was detached must be free."""
LOOKS_FOR_LOST = 3
"""How often something that a look lacks is looked for again before it counts as gone."""
WORN = 40
"""Worlds after which an instance on this machine makes room for another."""


@dataclass
class OwnInstance:
    """An instance of the bench. `past`: fresh, restarted or rebooted. `served`: Worlds that it was part of. `welcomed`:
    whether it has been seen Running since it was created, and is known by name and primary interface."""

    id: str
    zone: int
    past: Literal["fresh", "restarted", "rebooted"] = "fresh"
    primary: str = ""
    name: str = ""
    served: int = 0
    welcomed: bool = False


@dataclass
class OwnEni:
    """An interface of the bench. `look`: what it was made like, None if it is not to be used again. `hosts`: the
    instances it has been attached to, in order. `group`, `vswitch`: what is its alone, for a fault to hit."""

    id: str
    zone: int
    look: EniSpec | None
    hosts: list[str] = field(default_factory=list)
    group: str = ""
    vswitch: str = ""


@dataclass(frozen=True)
class Bound:
    """A World made real. Tuples are in the order of the World's lists.

    snapshot: the look that proves it. held: resources whose transitions are frozen. racing: statuses that a
    resource may have, where a transition is merely under way. faults: interface id -> control fault. linked: the
    instance of each interface in transition, which a description may hide. pinned: held by a status that the control
    protocol laid over them, not by freezing a transition.
    """

    instances: tuple[str, ...]
    enis: tuple[str, ...]
    primaries: tuple[str, ...]
    names: tuple[str, ...]
    zone: str
    snapshot: Snapshot
    held: frozenset[str] = frozenset()
    racing: Mapping[str, frozenset[str]] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    over_limit: frozenset[str] = frozenset()
    linked: Mapping[str, str] = field(default_factory=dict)
    pinned: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Unfinished:
    """What the set-up could not do although the page promises it, for an interface of a World, by its place: a detach
    that was refused to the end, or that was accepted and did not come to its end, or an attach refused for want of a
    slot that must be free, or without effect on an interface that was detached before."""

    what: Literal["detach", "attach"]
    world: World
    place: int


@dataclass
class Bench:
    """What one worker owns and may use. `most_instances`, `most_enis`: its share of the limits. `lags`: whether
    descriptions have been seen to lag behind (`measured`: it was tried on purpose). `moved_at`: monotonic time of the
    last order or difference. `careful`: a World is looked at until two looks agree. `refused`: options that interfaces can't be created with here. `wrong_orders`: capabilities that are offered and do not do what their document says. `second_region`: it is in the target's second region. `unfinished`: what of the
    set-up's own work did not do what it must."""

    session: ecs.Session
    ground: ecs.Ground
    capabilities: frozenset[str]
    most_instances: int
    most_enis: int
    settle_seconds: float
    step: float = 0.008
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
    second_region: bool = False
    wrong_orders: Mapping[str, str] = field(default_factory=dict)

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


def needs(world: World, bench: Bench) -> str:
    """The first thing that this World needs and the target does not offer, "" if it can be tried."""
    if len(world.instances) > bench.most_instances:
        return f"limits.instances of at least {len(world.instances)} per worker"
    if len(world.instances) + len(world.enis) > bench.most_enis:
        return f"limits.network_interfaces of at least {len(world.instances) + len(world.enis)} per worker"
    if (world.region == "second") != bench.second_region:
        return "second_region, and limits with room for what is created there"
    if any(spec.zone >= bench.zones for spec in world.instances):
        return "a second zone"
    for i in range(len(world.instances)):
        if sum(1 for e in world.enis if e.on == i) > bench.ground.eni_quota - 1:
            return f"an instance type with {sum(1 for e in world.enis if e.on == i) + 1} interfaces"
    for spec in world.enis:
        capability = spec.fault.partition("=")[0]
        if capability and not can(bench, capability):
            return lacking(bench, capability)
        if spec.status in ("Attaching", "Detaching") and spec.on is None:
            return "an instance for the transition"
    for instance in world.instances:
        if instance.over_eni_limit and not can(bench, "instance.eni_limit"):
            return lacking(bench, "instance.eni_limit")
        if instance.status == "Pending" and not can(bench, "instance.status"):
            return lacking(bench, "instance.status")
    if not world.region_feature and not can(bench, "region.feature"):
        return lacking(bench, "region.feature")
    if world.refused_parameter and not can(bench, "parameter.unsupported"):
        return lacking(bench, "parameter.unsupported")
    return ""


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
    if _statuses(snapshot) != _statuses(bench.now):
        bench.moved_at = time.monotonic()
    bench.now = snapshot
    looked = PARTS if part == "both" else frozenset({part})
    bench.stale = bench.stale - looked if set(busy(bench, snapshot)) <= still else PARTS
    return snapshot


def _statuses(snapshot: Snapshot) -> list[tuple[object, ...]]:
    """What a transition changes: the status and link of each interface, the status and list of each instance."""
    enis = [(e, snapshot.status(e), snapshot.link(e)) for e in snapshot.enis]
    return sorted([*enis, *((i, snapshot.status(i), tuple(sorted(snapshot.held(i)))) for i in snapshot.instances)])


def touch(bench: Bench) -> None:
    """Something has been sent that may change what the bench owns."""
    bench.stale = PARTS
    bench.moved_at = time.monotonic()


def quiet(bench: Bench, still: Set[str] = frozenset()) -> Snapshot:
    """The last look; where descriptions lag behind, one from which nothing has differed for as long as they may."""
    until = time.monotonic() + bench.settle_seconds
    while bench.lags and time.monotonic() < until:
        left = bench.moved_at + max(bench.lag_seconds - MARGIN, 0.7 * bench.lag_seconds) - time.monotonic()
        if left <= 0:
            break
        time.sleep(left)
        refresh(bench, "both", still)
    return bench.now


def part_of(stale: frozenset[str]) -> str:
    """The part to look at, so that nothing stays stale."""
    return next(iter(stale)) if len(stale) == 1 else "both"


def freshen(bench: Bench) -> Snapshot:
    """The last look, after looking again at what is stale in it."""
    return refresh(bench, part_of(bench.stale)) if bench.stale else bench.now


def _drop_vanished(bench: Bench) -> None:
    """Forget what is not shown any more. A list may lack something for once, so it is looked for again."""

    def lost() -> bool:
        """Whether something is not shown that nobody has told to go."""
        shown = {**bench.now.enis, **bench.now.instances}
        ours = [e.id for e in bench.enis] + [i.id for i in bench.instances]
        return any(one not in shown and bench.session.ledger.still_there(one) for one in ours)

    for _ in range(LOOKS_FOR_LOST):
        if not lost():
            break
        time.sleep(bench.step)
        refresh(bench)
    bench.enis = [e for e in bench.enis if e.id in bench.now.enis]
    bench.instances = [i for i in bench.instances if i.id in bench.now.instances]


def pauses(bench: Bench, kind: str) -> Iterator[float]:
    """Seconds to wait before each look, while a transition of this kind is under way: what it usually takes, then
    small steps that grow."""
    yield min(bench.typical.get(kind, 0.0), 5.0)
    yield from steps(bench)


def steps(bench: Bench) -> Iterator[float]:
    """Small pauses in seconds that grow, without end."""
    step = bench.step
    while True:
        yield step
        step = min(step * 1.3, max(0.05, bench.step * 20), 3.0)


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
    """Poll until nothing that the bench owns is in transition but what is held `still`. Returns the last look, with
    no stale part."""
    started = time.monotonic()
    waits = steps(bench)
    part = part_of(bench.stale)
    while True:
        snapshot = refresh(bench, part, still)
        if not bench.stale:
            return snapshot
        if time.monotonic() - started > bench.settle_seconds:
            return refresh(bench)
        moving = set(busy(bench, snapshot)) - still
        if moving:
            time.sleep(next(waits))
            part = "both" if moving & set(snapshot.instances) else "enis"
        else:
            part = part_of(bench.stale)


def until(bench: Bench, reached: Callable[[Snapshot], bool], what: str, part: str = "both") -> Snapshot:
    """Poll until `reached`. part: what is looked at. Raises NotArranged after the settle limit."""
    started = time.monotonic()
    kind = what.rpartition(": ")[2]
    waited = 0.0
    for looks, pause in enumerate(pauses(bench, kind), 1):
        time.sleep(pause)
        waited += pause
        snapshot = refresh(bench, part)
        if reached(snapshot):
            learn(bench, kind, waited, looks)
            return snapshot
        if not busy(bench, snapshot, part):
            bench.lags = True  # accepted, yet shown neither under way nor done: descriptions lag behind
        if time.monotonic() - started > bench.settle_seconds:
            break
    raise NotArranged(f"{what} did not happen within {bench.settle_seconds:g} s")


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


def _order(bench: Bench, do: Mapping[str, object], undo: Mapping[str, object]) -> None:
    """Give a control order and remember how to undo it. Raises NotArranged if it is refused."""
    bench.undo.append(undo)
    touch(bench)
    problem = control.order(bench.session.target, do)
    if problem:
        raise NotArranged(f"control protocol: {do['op']} was refused: {problem}", f"control: {do['op']}")


# --- instances -----------------------------------------------------------------------------------


def spoil(bench: Bench, resource: str) -> None:
    """An interface or instance that a wrong effect has changed is not used again; it goes when room is needed."""
    for eni in bench.enis:
        if eni.id == resource:
            eni.look = None
    for instance in bench.instances:
        if instance.id == resource:
            instance.zone = -1


def _intact(bench: Bench, own: OwnInstance) -> bool:
    """Whether an instance still has its primary interface, as far as descriptions tell."""
    return own.primary not in bench.now.enis or bench.now.link(own.primary) == own.id


def _worn(bench: Bench, own: OwnInstance) -> bool:
    """Whether an instance has served long enough, where a new one costs nothing: a defect may show for some ids only."""
    return own.served >= WORN and bench.session.target.loopback


def _pick_instance(bench: Bench, spec: InstanceSpec, taken: set[str]) -> OwnInstance:
    """An instance in the right zone with the right past if there is one, else a new one."""
    free = [
        i
        for i in bench.instances
        if i.id not in taken and i.zone == spec.zone and _intact(bench, i) and not _worn(bench, i)
    ]
    steady = "Stopped" if spec.status in ("Stopped", "Starting") else "Running"

    def cost(own: OwnInstance) -> tuple[int, int]:
        return (0 if bench.now.status(own.id) == steady else 1, bench.instances.index(own))

    if spec.past == "fresh":
        free = [i for i in free if i.past == "fresh" and (steady == "Stopped" or bench.now.status(i.id) == steady)]
    elif spec.past in ("restarted", "rebooted"):
        free.sort(key=lambda i: i.past != spec.past)
        free = [i for i in free if i.past == spec.past] or [i for i in free if i.past != "fresh"] or free
    if free:
        return min(free, key=cost)
    return _new_instance(bench, spec.zone, taken)


def _new_instance(bench: Bench, zone: int, taken: set[str]) -> OwnInstance:
    """Create an instance, giving up one that is not needed if the limit is reached. It is not Running yet."""
    if len(bench.instances) >= bench.most_instances:
        spare = [i for i in bench.instances if i.id not in taken]
        if not spare:
            raise NotArranged("no instance is left within limits.instances", "limits.instances")
        spare.sort(key=lambda i: (not _worn(bench, i), i.zone == zone and i.past == "fresh", i.past == "fresh"))
        remove_instance(bench, spare[0])
    _make_room(bench, 1, frozenset())
    identifier = ecs.create_instance(bench.session, bench.ground, zone)
    own = OwnInstance(identifier, zone)
    bench.instances.append(own)
    return own


def _welcome(bench: Bench, hosts: Sequence[OwnInstance]) -> None:
    """Wait until those that are new are Running, all at once, and find out their primary interfaces and names."""
    fresh = [own for own in hosts if not own.welcomed]
    if not fresh:
        return
    ids = {i.id for i in fresh}
    until(bench, lambda s: all(s.status(i) == "Running" for i in ids), "set-up: creating an instance", "instances")
    for own in fresh:
        fields = bench.now.instances.get(own.id, {})
        own.name = str(fields.get("InstanceName", ""))
        own.primary = observe.primary_of(fields)
        if not own.primary:
            for eni in ecs.describe_enis(bench.session, InstanceId=own.id):
                if eni.get("Type") == "Primary":
                    own.primary = str(eni.get("NetworkInterfaceId", ""))
        if own.primary:
            bench.session.ledger.brought(own.id, own.primary)
        own.welcomed = True
    refresh(bench)


def remove_instance(bench: Bench, own: OwnInstance) -> None:
    """Detach what is on it, delete it, and wait until it is gone."""
    on_it = [e for e in bench.enis if bench.now.link(e.id) == own.id]
    _detach(bench, on_it)
    touch(bench)
    ecs.delete_instance(bench.session, own.id)
    until(bench, lambda s: own.id not in s.instances, "set-up: deleting an instance", "instances")
    _drop_vanished(bench)


def _steady(bench: Bench, own: OwnInstance, wanted: str) -> None:
    """Bring an instance to Running or Stopped and note its past."""
    status = bench.now.status(own.id)
    if status == wanted:
        return
    touch(bench)
    if wanted == "Running":
        ecs.start_instance(bench.session, own.id)
        own.past = "restarted"
    else:
        ecs.stop_instance(bench.session, own.id)


def _restart(bench: Bench, own: OwnInstance, past: str, status: str) -> None:
    """Give an instance the past that is asked for, and leave it in `status`."""
    if past == "rebooted":
        _steady(bench, own, "Running")
        until(bench, lambda s: s.status(own.id) == "Running", "set-up: starting an instance", "instances")
        touch(bench)
        ecs.reboot_instance(bench.session, own.id)
        time.sleep(bench.step)
        until(bench, lambda s: s.status(own.id) == "Running", "set-up: rebooting an instance", "instances")
    else:
        _steady(bench, own, "Stopped")
        until(bench, lambda s: s.status(own.id) == "Stopped", "set-up: stopping an instance", "instances")
        _steady(bench, own, "Running")
        until(bench, lambda s: s.status(own.id) == "Running", "set-up: starting an instance", "instances")
    own.past = "rebooted" if past == "rebooted" else "restarted"
    if status == "Stopped":
        _steady(bench, own, "Stopped")
        until(bench, lambda s: s.status(own.id) == "Stopped", "set-up: stopping an instance", "instances")


# --- interfaces ----------------------------------------------------------------------------------


def _look_of(spec: EniSpec) -> EniSpec:
    """What an interface must look like to serve a spec; a faulty one has a network of its own."""
    own_network = spec.fault.partition(".")[0] if spec.fault.startswith(("vswitch", "security_group")) else ""
    return replace(spec, on=None, status="Available", past="any", fault=own_network)


def _past_fits(own: OwnEni, past: str, host: str) -> bool:
    """Whether its attachments, with one more to `host` unless it is there, give the past asked for."""
    hosts = own.hosts if own.hosts[-1:] == [host] else [*own.hosts, host]
    match past:
        case "fresh":
            return len(hosts) == 1
        case "reattached":
            return len(hosts) > 1 and hosts[-2] == host
        case "moved":
            return len(hosts) > 1 and hosts[-2] != host
    return True


def _make_room(bench: Bench, extra: int, keep: frozenset[str]) -> None:
    """Delete interfaces that nobody needs until `extra` more fit into the limit, and a few to spare at once."""
    alive = len(bench.enis) + len(bench.instances)
    spare = [e for e in bench.enis if e.id not in keep]
    spare.sort(key=lambda e: bench.now.link(e.id) != "")
    short = alive + extra - min(bench.most_enis, POOL)
    if short > 0:
        remove_enis(bench, spare[: short + SPARE])


def remove_enis(bench: Bench, doomed: list[OwnEni]) -> None:
    """Detach and delete interfaces, and wait until they are gone."""
    _detach(bench, [e for e in doomed if bench.now.link(e.id)])
    touch(bench)
    for own in doomed:
        if own.id in bench.now.enis:
            ecs.delete_eni(bench.session, own.id)
    gone = {e.id for e in doomed}
    until(bench, lambda s: not gone & set(s.enis), "set-up: deleting interfaces", "enis")
    _drop_vanished(bench)


def _detach(bench: Bench, enis: list[OwnEni]) -> None:
    """Detach interfaces as part of the set-up and wait until they are Available."""
    before = bench.now
    for own in enis:
        if bench.now.status(own.id) in ("InUse", "Attaching"):
            touch(bench)
            try:
                ecs.detach_eni(bench.session, bench.now.link(own.id), own.id)
            except ecs.SetupError as refused:
                if refused.code and not ecs.passes(refused):
                    _tell_bound(bench, before, [own])
                raise

    def free(snapshot: Snapshot, eni: str) -> bool:
        return snapshot.status(eni) in ("Available", "") and not snapshot.link(eni)

    def freed() -> None:
        until(bench, lambda s: all(free(s, e.id) for e in enis), f"set-up: {DETACHING}", "enis")

    try:
        try:
            if enis:
                freed()
        except NotArranged:
            stuck = [e for e in enis if bench.now.status(e.id) == "Detaching"]
            if not stuck:
                raise
            for own in stuck:  # the page: call again
                ecs.detach_eni(bench.session, bench.now.link(own.id) or own.hosts[-1], own.id)
            freed()
    except NotArranged:
        _tell_bound(bench, before, [e for e in enis if not free(bench.now, e.id)])
        raise


def _tell_bound(bench: Bench, before: Snapshot, bound: list[OwnEni]) -> None:
    """Note what could not be detached, with Worlds like those in which it was tried, and do without it."""
    alike = [_world_like(bench, before, own, before.link(own.id)) for own in bound]
    bench.unfinished += [Unfinished("detach", *world) for world in alike if world]
    _give_up(bench, [own.id for own in bound], bench.now)


def _world_like(bench: Bench, seen: Snapshot, own: OwnEni, on: str) -> tuple[World, int] | None:
    """A World like the one that an interface was seen in, or was to be in, on that instance, and its place there; None
    if that is not well known."""
    host = next((i for i in bench.instances if i.id == on), None)
    status = seen.status(host.id) if host else ""
    if host is None or host.zone < 0 or own.look is None or status not in ("Running", "Stopped"):
        return None
    specs: list[EniSpec] = []
    place = 0
    for eni in bench.enis:
        if eni.look is not None and (seen.link(eni.id) == host.id or eni is own):
            place = len(specs) if eni is own else place
            before = (eni.hosts if eni.hosts[-1:] == [host.id] else [*eni.hosts, host.id])[-2:-1]
            past: Literal["fresh", "reattached", "moved"] = (
                "fresh" if not before else "reattached" if before == [host.id] else "moved"
            )
            alone = eni.look.other_vswitch or eni.look.fault == "vswitch"
            specs.append(replace(eni.look, on=0, status="InUse", past=past, other_vswitch=alone, fault=""))
    instance = InstanceSpec("Running" if status == "Running" else "Stopped", host.past, host.zone)
    return World((instance,), tuple(specs), region="second" if bench.second_region else "first"), place


def _create_eni(bench: Bench, spec: EniSpec, zone: int, keep: frozenset[str]) -> OwnEni:
    """A new interface for a spec, with a vSwitch or security group of its own if a fault will hit that."""
    _make_room(bench, 1, keep)
    vswitch = group = ""
    if spec.fault.startswith("vswitch"):
        vswitch = ecs.create_vswitch(bench.session, bench.ground, zone)
    elif spec.other_vswitch:
        vswitch = _other_vswitch(bench, zone)
    if spec.fault.startswith("security_group"):
        group = ecs.create_security_group(bench.session, bench.ground)
    identifier = _order_eni(bench, spec, zone, vswitch, group)
    own = OwnEni(identifier, zone, _look_of(spec), [], group, vswitch if spec.fault else "")
    bench.enis.append(own)
    touch(bench)
    return own


OPTIONS = ("groups", "addresses", "tags", "name", "description", "delete_on_release")
"""Properties of an interface that an endpoint may not offer when one is created."""


def _order_eni(bench: Bench, spec: EniSpec, zone: int, vswitch: str, group: str) -> str:
    """Create an interface with what the spec asks for and the endpoint takes. Returns its id. Raises ecs.SetupError.

    Options that are refused are left out, one more each time, and not asked for again.
    """
    plain = EniSpec(name="")
    asked = [name for name in OPTIONS if getattr(spec, name) != getattr(plain, name) and name not in bench.refused]
    while True:
        made = replace(plain, **{name: getattr(spec, name) for name in asked})
        try:
            return ecs.create_eni(
                bench.session,
                bench.ground,
                zone=zone,
                tags=made.tags,
                groups=min(made.groups, len(bench.ground.security_group_ids)),
                addresses=made.addresses,
                name=NAMES[made.name],
                description=DESCRIPTIONS[made.description],
                delete_on_release=made.delete_on_release,
                vswitch_id=vswitch,
                security_group_id=group,
            )
        except ecs.SetupError as refused:
            if not asked or not refused.code.startswith(ecs.NOT_TAKEN):
                raise
            bench.refused.add(asked.pop(0))


def _other_vswitch(bench: Bench, zone: int) -> str:
    """One more vSwitch in a zone, made the first time; "" where the network is not the run's own or has no room."""
    if zone not in bench.other_vswitches:
        bench.other_vswitches[zone] = ""
        if bench.session.ledger.owns(bench.ground.vpc_id):
            with contextlib.suppress(ecs.SetupError):
                bench.other_vswitches[zone] = ecs.create_vswitch(bench.session, bench.ground, zone)
    return bench.other_vswitches[zone]


def _attach(bench: Bench, own: OwnEni, host: str) -> None:
    touch(bench)
    try:
        try:
            ecs.attach_eni(bench.session, host, own.id)
        except ecs.SetupError as refused:
            if not ecs.is_full(refused.code) or bench.ground.quota_assumed or not _has_slot(bench, host):
                raise
            time.sleep(SLOT)
            ecs.attach_eni(bench.session, host, own.id)
    except ecs.SetupError as refused:
        if ecs.is_full(refused.code) and bench.ground.quota_assumed:
            taken = sum(1 for e in bench.enis if bench.now.link(e.id) == host)
            bench.ground = replace(bench.ground, eni_quota=max(2, min(bench.ground.eni_quota, taken + 1)))
            raise
        alike = _world_like(bench, bench.now, own, host)
        if ecs.is_full(refused.code) and alike is not None and _has_slot(bench, host):
            bench.unfinished.append(Unfinished("attach", *alike))
            spoil(bench, host)
        spoil(bench, own.id)  # whatever is wrong with it, the next World is better off with another one
        raise
    own.hosts.append(host)


def _await_attached(bench: Bench, waiting: list[tuple[OwnEni, str]]) -> None:
    """Wait until each interface is InUse on its instance. Of one that was detached before, the page promises it.

    Raises NotArranged if one is not; the next World is better off with others.
    """

    def there(snapshot: Snapshot, own: OwnEni, host: str) -> bool:
        return snapshot.status(own.id) == "InUse" and snapshot.link(own.id) == host

    try:
        until(bench, lambda s: all(there(s, own, host) for own, host in waiting), f"set-up: {ATTACHING}", "enis")
    except NotArranged:
        missed = [(own, host) for own, host in waiting if not there(bench.now, own, host)]
        alike = [_world_like(bench, bench.now, own, host) for own, host in missed if len(own.hosts) > 1]
        for world, place in filter(None, alike):
            enis = tuple(replace(spec, past="fresh") for spec in world.enis)  # no other can be had
            bench.unfinished.append(Unfinished("attach", replace(world, enis=enis), place))
        for own, _ in missed:
            spoil(bench, own.id)
        raise


def _pick_eni(bench: Bench, spec: EniSpec, zone: int, host: str, keep: set[str]) -> OwnEni:
    """An interface that fits, preferring one that is already where it should be; else a new one."""
    fits = [
        e
        for e in bench.enis
        if e.id not in keep
        and (e.zone, e.look) == (zone, _look_of(spec))
        and (not host or _past_fits(e, spec.past, host))
    ]
    fits.sort(key=lambda e: (bench.now.link(e.id) != host, bench.now.link(e.id) != ""))
    if fits:
        return fits[0]
    return _create_eni(bench, spec, zone, frozenset(keep))


def _give_past(bench: Bench, spec: EniSpec, own: OwnEni, host: str) -> None:
    """Attach and detach an interface until one more attachment gives it the past asked for."""
    if spec.past not in ("reattached", "moved") or _past_fits(own, spec.past, host):
        return
    elsewhere = [i.id for i in bench.instances if i.id != host and i.zone == own.zone and _has_slot(bench, i.id)]
    via = host if spec.past == "reattached" else next(iter(elsewhere), "")
    if not via:
        raise NotArranged("moving an interface needs a second instance in the zone", "limits.instances")
    if bench.now.link(own.id):
        _detach(bench, [own])
    if bench.now.status(via) not in ("Running", "Stopped"):
        settle(bench)
    _attach(bench, own, via)
    _await_attached(bench, [(own, via)])
    _detach(bench, [own])


def _has_slot(bench: Bench, instance: str) -> bool:
    on_it = sum(1 for e in bench.enis if bench.now.link(e.id) == instance)
    return on_it + 1 < bench.ground.eni_quota


# --- the whole -----------------------------------------------------------------------------------


def rest(bench: Bench) -> Snapshot:
    """Undo all control calls and wait until nothing is in transition. Returns the look that shows it.

    What does not come to rest within the settle limit is given up: teardown still knows it by the ledger.
    """
    release(bench)
    if (bench.enis or bench.instances) and (bench.stale or time.time() - bench.now.at > FRESH):
        bench.stale = PARTS
        snapshot = settle(bench)
        stuck = set(busy(bench, snapshot))
        if stuck:
            _give_up(bench, sorted(stuck), snapshot)
            refresh(bench)
        _drop_vanished(bench)
    return bench.now


def _give_up(bench: Bench, stuck: list[str], snapshot: Snapshot) -> None:
    """Do without what does not move: teardown still knows it by the ledger."""
    bench.abandoned += stuck
    for host in {snapshot.link(e) or snapshot.listed_on(e) for e in stuck}:
        spoil(bench, host)  # what is stuck there takes one of its places
    bench.instances = [i for i in bench.instances if i.id not in stuck]
    bench.enis = [e for e in bench.enis if e.id not in stuck and snapshot.link(e.id) not in stuck]


def arrange(bench: Bench, world: World) -> Bound:
    """Make the World real; `rest` comes first. Raises NotArranged, or ecs.SetupError if an operation fails."""
    lacking = needs(world, bench)
    if lacking:
        raise NotArranged(f"this target does not offer: {lacking}", lacking)
    if not bench.measured:
        measure_lag(bench)
    hosts = _hosts(bench, world)
    chosen = _interfaces(bench, world, hosts)
    for own, spec in zip(hosts, world.instances, strict=True):
        if spec.past in ("restarted", "rebooted") and own.past != spec.past:
            _restart(bench, own, spec.past, "Stopped" if spec.status in ("Stopped", "Starting") else "Running")
    for own in hosts:
        own.served += 1
    return _freeze(bench, world, hosts, chosen)


def measure_lag(bench: Bench) -> None:
    """Attach and detach an interface and look at once, several times: do descriptions keep up? Sets `lags`.

    Where that fails nothing is known, and what it left behind is not used; calls under test will show what is wrong.
    """
    bench.measured = True
    # The first cases need two, and two start as fast as one.
    host = _hosts(bench, World((InstanceSpec(),) * min(2, bench.most_instances)))[0]
    own = _create_eni(bench, EniSpec(), host.zone, frozenset())
    try:
        _attach(bench, own, host.id)
        _watch(bench, own, host.id, "Attaching", "InUse", ATTACHING)
        touch(bench)
        ecs.detach_eni(bench.session, host.id, own.id)
        _watch(bench, own, host.id, "Detaching", "Available", DETACHING)
    except (NotArranged, ecs.SetupError):
        spoil(bench, own.id)
        spoil(bench, host.id)
    quiet(bench)


def _watch(bench: Bench, own: OwnEni, host: str, on_the_way: str, end: str, kind: str) -> None:
    """Look until an interface has been seen at the end of its transition several times; note every look that shows
    the past, and how long this kind takes. Raises NotArranged."""
    ended = 0
    started = time.monotonic()
    waited, pause = 0.0, 3 * bench.step  # only at the end does it matter to look often
    while ended < 4 and not (ended and bench.lags):
        seen = refresh(bench)
        status, listed = seen.status(own.id), seen.held(host)
        if status == end:
            if not ended and not bench.lags:
                bench.typical.setdefault(kind, waited)
            ended += 1
            bench.lags = bench.lags or (bool(listed) and (own.id in listed) != (end == "InUse"))
            continue
        bench.lags = bench.lags or status != on_the_way or ended > 0
        if time.monotonic() - started > bench.settle_seconds:
            raise NotArranged(f"{own.id} is {status}, and not {end} within {bench.settle_seconds:g} s")
        waited += pause
        time.sleep(pause)


def _hosts(bench: Bench, world: World) -> list[OwnInstance]:
    """The World's instances, Running or Stopped as their wanted status starts from."""
    hosts: list[OwnInstance] = []
    taken: set[str] = set()
    for spec in world.instances:
        own = _pick_instance(bench, spec, taken)
        taken.add(own.id)
        hosts.append(own)
    _welcome(bench, hosts)
    wanted = {}
    for own, spec in zip(hosts, world.instances, strict=True):
        wanted[own.id] = "Stopped" if spec.status in ("Stopped", "Starting") else "Running"
        _steady(bench, own, wanted[own.id])
    if any(bench.now.status(i) != status for i, status in wanted.items()):
        until(
            bench,
            lambda s: all(s.status(i) == status for i, status in wanted.items()),
            "set-up: starting an instance",
            "instances",
        )
    return hosts


def _interfaces(bench: Bench, world: World, hosts: list[OwnInstance]) -> list[OwnEni]:
    """The World's interfaces, attached where their wanted status starts from, and nothing else on the hosts."""
    chosen: list[OwnEni] = []
    keep: set[str] = set()
    start: list[str] = []  # the instance each one is attached to before transitions start
    for spec in world.enis:
        zone = world.instances[spec.on].zone if spec.on is not None else world.instances[0].zone
        host = hosts[spec.on].id if spec.on is not None else ""
        own = _pick_eni(bench, spec, zone, host, keep)
        keep.add(own.id)
        chosen.append(own)
        attached = spec.status in ("InUse", "Detaching") or (
            spec.status == "Attaching" and not can(bench, "hold") and can(bench, "eni.status")
        )
        start.append(host if attached else "")
    freshen(bench)
    names = {h.id for h in hosts}
    wrong = [
        e
        for e in bench.enis
        if bench.now.link(e.id)
        and (
            (e in chosen and start[chosen.index(e)] != bench.now.link(e.id))
            or (e not in chosen and bench.now.link(e.id) in names)
        )
    ]
    _detach(bench, wrong)
    for own, spec, host in zip(chosen, world.enis, start, strict=True):
        if host and bench.now.link(own.id) != host:
            _give_past(bench, spec, own, host)
    waiting: list[tuple[OwnEni, str]] = []
    for own, host in zip(chosen, start, strict=True):
        if host and bench.now.link(own.id) != host:
            _attach(bench, own, host)
            waiting.append((own, host))
    if waiting:
        _await_attached(bench, waiting)
    return chosen


def _freeze(bench: Bench, world: World, hosts: list[OwnInstance], chosen: list[OwnEni]) -> Bound:
    """Bring about transitional states and control faults, look, and check that all is as asked."""
    held: set[str] = set()
    racing: dict[str, frozenset[str]] = {}
    for own, spec in zip(chosen, world.enis, strict=True):
        host = hosts[spec.on].id if spec.on is not None else ""
        if spec.status in BUSY:
            _transition(bench, own, spec.status, host, held, racing)
    for instance, host_spec in zip(hosts, world.instances, strict=True):
        if host_spec.status in BUSY:
            _instance_transition(bench, instance, host_spec.status, held, racing)
        if host_spec.over_eni_limit:
            _order(
                bench,
                {"op": "instance.eni_limit", "id": instance.id, "exceeded": True},
                {"op": "instance.eni_limit", "id": instance.id, "exceeded": False},
            )
    faults = {}
    for own, spec in zip(chosen, world.enis, strict=True):
        if spec.fault:
            _fault(bench, own, spec.fault)
            faults[own.id] = spec.fault
    moving = frozenset(held | set(racing))
    snapshot = _agreed(bench, [e.id for e in chosen], moving)
    wanted: dict[str, str] = {own.id: spec.status for own, spec in zip(chosen, world.enis, strict=True)}
    wanted |= {own.id: spec.status for own, spec in zip(hosts, world.instances, strict=True)}
    began = time.monotonic()
    while time.monotonic() - began < bench.lag_seconds:  # a look may show an older state, or lack something, for once
        late = any(snapshot.status(r) != status and r not in racing for r, status in wanted.items())
        if not late and all(
            _in_force(snapshot, own.id, spec.fault) for own, spec in zip(chosen, world.enis, strict=True)
        ):
            break
        time.sleep(3 * bench.step)
        snapshot = refresh(bench, "both", moving)
    if bench.careful:
        snapshot = _seen_twice(bench, snapshot, moving)
    for own, spec in zip(chosen, world.enis, strict=True):
        seen = snapshot.status(own.id)
        if seen != spec.status and own.id not in racing:
            raise NotArranged(f"{own.id} is {seen or 'absent'}, not {spec.status}")
    for instance, host_spec in zip(hosts, world.instances, strict=True):
        seen = snapshot.status(instance.id)
        if seen != host_spec.status and instance.id not in racing:
            raise NotArranged(f"{instance.id} is {seen or 'absent'}, not {host_spec.status}")
    if not world.region_feature:
        region = bench.session.target.region
        _order(
            bench,
            {"op": "region.feature", "region": region, "supported": False},
            {"op": "region.feature", "region": region, "supported": True},
        )
    if world.refused_parameter:
        name = world.refused_parameter
        _order(
            bench,
            {"op": "parameter.unsupported", "name": name, "unsupported": True},
            {"op": "parameter.unsupported", "name": name, "unsupported": False},
        )
    zone = bench.ground.zones[world.instances[0].zone] if bench.ground.zones else ""
    return Bound(
        tuple(h.id for h in hosts),
        tuple(e.id for e in chosen),
        tuple(h.primary for h in hosts),
        tuple(h.name for h in hosts),
        zone,
        snapshot,
        frozenset(held),
        racing,
        faults,
        frozenset(h.id for h, s in zip(hosts, world.instances, strict=True) if s.over_eni_limit),
        {
            e.id: hosts[s.on].id
            for e, s in zip(chosen, world.enis, strict=True)
            if s.on is not None and s.status in BUSY
        },
        frozenset(str(undo["id"]) for undo in bench.undo if undo["op"] == "reset"),
    )


def _in_force(snapshot: Snapshot, eni: str, fault: str) -> bool:
    """Whether an order that descriptions show is shown, as far as they show its field at all."""
    op, _, value = fault.partition("=")
    shown = snapshot.enis.get(eni, {})
    if op == "eni.type" and "Type" in shown:
        return bool(shown["Type"] == value)
    return True


def _seen_twice(bench: Bench, snapshot: Snapshot, moving: frozenset[str]) -> Snapshot:
    """A look that the one before it confirms, as far as one is found within a few."""
    for _ in range(4 * LOOKS_FOR_LOST):
        time.sleep(bench.step)
        later = refresh(bench, "both", moving)
        if later.enis == snapshot.enis and later.instances == snapshot.instances:
            break
        snapshot = later
    return bench.now


def _agreed(bench: Bench, enis: Sequence[str], moving: frozenset[str]) -> Snapshot:
    """The last look, or a later one, in which interfaces and instances tell the same of every attachment; where
    descriptions lag behind, one of them may still show the past. After lag_seconds it is taken as it is."""
    started = time.monotonic()
    snapshot = freshen(bench)
    while time.monotonic() - started < bench.lag_seconds:
        shown = {i for i in snapshot.instances if snapshot.held(i)}
        steady = [e for e in enis if e not in moving]
        if all(snapshot.listed_on(e) in (snapshot.link(e), "") or snapshot.status(e) in BUSY for e in steady) and all(
            snapshot.listed_on(e) or snapshot.link(e) not in shown or snapshot.status(e) in BUSY for e in steady
        ):
            break
        bench.lags = True
        time.sleep(0.1)
        snapshot = refresh(bench)
    return quiet(bench, moving)


def _transition(
    bench: Bench,
    own: OwnEni,
    status: str,
    host: str,
    held: set[str],
    racing: dict[str, frozenset[str]],
) -> None:
    """Put an interface into a transitional state: held in mid-flight, set, or merely started."""
    touch(bench)
    if can(bench, "hold") and can(bench, "release"):
        _order(bench, {"op": "hold", "id": own.id}, {"op": "release", "id": own.id})
        held.add(own.id)
    elif can(bench, "eni.status"):
        _order(bench, {"op": "eni.status", "id": own.id, "status": status}, {"op": "reset", "id": own.id})
        held.add(own.id)
        return
    else:
        ends = {"Attaching": "InUse", "Detaching": "Available", "Deleting": ""}
        racing[own.id] = frozenset({status, ends[status]})
    if status == "Attaching":
        _attach(bench, own, host)
    elif status == "Detaching":
        ecs.detach_eni(bench.session, host, own.id)
    else:
        ecs.delete_eni(bench.session, own.id)


def _instance_transition(
    bench: Bench,
    own: OwnInstance,
    status: str,
    held: set[str],
    racing: dict[str, frozenset[str]],
) -> None:
    """Put an instance into a transitional state: held in mid-flight, set, or merely started."""
    touch(bench)
    if status == "Pending" or (not can(bench, "hold") and can(bench, "instance.status")):
        _order(bench, {"op": "instance.status", "id": own.id, "status": status}, {"op": "reset", "id": own.id})
        held.add(own.id)
        return
    if can(bench, "hold"):
        _order(bench, {"op": "hold", "id": own.id}, {"op": "release", "id": own.id})
        held.add(own.id)
    else:
        racing[own.id] = frozenset({status, "Running" if status == "Starting" else "Stopped"})
    if status == "Starting":
        ecs.start_instance(bench.session, own.id)
        own.past = "restarted"
    else:
        ecs.stop_instance(bench.session, own.id)


def _fault(bench: Bench, own: OwnEni, fault: str) -> None:
    """Bring about a condition of one interface through the control protocol."""
    op, _, value = fault.partition("=")
    undo_eni = {"op": "reset", "id": own.id}
    match op:
        case "eni.type":
            _order(bench, {"op": op, "id": own.id, "type": value}, undo_eni)
        case "eni.zone":
            others = [z for z in bench.ground.zones if z != bench.ground.zones[own.zone]]
            other = others[0] if others else bench.session.target.region + "-z"
            _order(bench, {"op": op, "id": own.id, "value": other}, undo_eni)
        case "eni.vpc":
            _order(bench, {"op": op, "id": own.id, "value": "vpc-elsewhere0000000000000"}, undo_eni)
        case "vswitch.remove":
            _order(bench, {"op": op, "id": own.vswitch}, {"op": "reset", "id": own.vswitch})
        case "security_group.remove":
            _order(bench, {"op": op, "id": own.group}, {"op": "reset", "id": own.group})
        case "security_group.type":
            _order(bench, {"op": op, "id": own.group, "type": "classic"}, {"op": "reset", "id": own.group})
        case "security_group.full":
            _order(
                bench,
                {"op": op, "id": own.group, "full": True},
                {"op": op, "id": own.group, "full": False},
            )
        case _:
            raise NotArranged(f"unknown fault {fault!r}")
