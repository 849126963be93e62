"""Making a World real, by public operations where they can, by the control protocol where they cannot.

A worker owns a Bench: a few instances and interfaces that it reuses from World to World, changing only what
differs. `arrange` returns the World's resources bound to real ids and a look that proves their states, or
raises NotArranged with the reason; it never guesses. Frozen states and other control calls are undone by
`release`, which must follow in every case.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

from eni_conformance.contract.common import is_full
from eni_conformance.contract.detach import OPS
from eni_conformance.contract.scenario import EniSpec, InstanceSpec, World
from eni_conformance.harness import ecs
from eni_conformance.harness.bench import born, power
from eni_conformance.harness.bench.look import FOREVER, FRESH, GUEST, LOOKS_TO_AGREE, RELOOK, look_until
from eni_conformance.harness.bench.pool import (
    ATTACHING,
    BUSY,
    DETACHING,
    PARTS,
    Bench,
    NotArranged,
    OwnEni,
    OwnInstance,
    busy,
    can,
    doubt_pause,
    drop_vanished,
    freshen,
    give_up,
    lacking,
    order,
    quiet,
    refresh,
    release,
    relook,
    settle,
    spoil,
    statuses,
    steps,
    touch,
    until,
)
from eni_conformance.harness.bench.power import Cold
from eni_conformance.harness.bench.supply import (
    attach,
    attach_all,
    begin_detach,
    create_eni,
    detach,
    give_past,
    make_room,
    pick_eni,
    pick_instance,
    welcome,
)
from eni_conformance.harness.history import Arranged
from eni_conformance.harness.values import Snapshot


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
    if why := power.lacking(bench, world):
        return why
    for spec in world.enis:
        if why := _unoffered(bench, spec.fault):
            return why
        if spec.status in ("Attaching", "Detaching") and spec.on is None:
            return "an instance for the transition"
    for instance in world.instances:
        if why := _unoffered(bench, instance.fault):
            return why
        if instance.status == "Pending" and not can(bench, "instance.status"):
            return lacking(bench, "instance.status")
    return next(filter(None, (_unoffered(bench, fault) for fault in world.faults)), "") or born.lacking(bench, world)


def _unoffered(bench: Bench, fault: str) -> str:
    """What is missing for a condition that the control protocol brings about, "" if nothing is."""
    op = fault.partition("=")[0]
    return lacking(bench, op) if op and not can(bench, op) else ""


def rest(bench: Bench) -> Snapshot:
    """Undo all control calls and wait until nothing is in transition. Returns the look that shows it.

    What does not come to rest within the settle limit is given up: teardown still knows it by the ledger.
    """
    release(bench)
    if (bench.enis or bench.instances) and (bench.stale or bench.clock.now() - bench.now.at > FRESH):
        bench.stale = PARTS
        snapshot = settle(bench)
        stuck = set(busy(bench, snapshot))
        if stuck:
            give_up(bench, sorted(stuck), snapshot)
            refresh(bench)
        drop_vanished(bench)
    return bench.now


def arrange(bench: Bench, world: World, creates: int = 0) -> Arranged:
    """Make the World real; `rest` comes first. creates: how many interfaces will be made in it, for which there must be
    room. Where a slot that must be free is not, its instance is not used again, and another one is tried: what lost the
    slot may be what is to be shown. Raises NotArranged, or ecs.SetupError if an operation fails."""
    try:
        return _arrange(bench, world, creates)
    except ecs.SetupError as refused:
        if not is_full(refused.code) or bench.ground.quota_assumed:
            raise
        return _arrange(bench, world, creates)


def _arrange(bench: Bench, world: World, creates: int) -> Arranged:
    lacking = needs(world, bench)
    if lacking:
        raise NotArranged(f"this target does not offer: {lacking}", lacking)
    if not bench.measured:
        measure_lag(bench)
    hosts = _hosts(bench, world)
    chosen = _interfaces(bench, world, hosts)
    if creates:
        make_room(bench, creates, frozenset(own.id for own in chosen))
    for own, spec in zip(hosts, world.instances, strict=True):
        if spec.past in ("restarted", "rebooted") and own.past != spec.past:
            power.restart(bench, own, spec.past, "Stopped" if spec.status in ("Stopped", "Starting") else "Running")
    for own in hosts:
        own.served += 1
    return _freeze(bench, world, hosts, chosen)


def measure_lag(bench: Bench) -> None:
    """Attach and detach an interface and look at once, several times: do descriptions keep up? Sets `lags`.

    Where that fails nothing is known, and what it left behind is not used; calls under test will show what is wrong.
    """
    bench.measured = True
    host = _to_measure_on(bench)
    own = create_eni(bench, EniSpec(), host.zone, frozenset())
    try:
        try:
            _measure(bench, own, host.id)
        except Cold:  # each of the two may turn out to need a Stopped instance
            try:
                _measure(bench, own, host.id)
            except Cold:
                _measure(bench, own, host.id)
    except (NotArranged, ecs.SetupError):
        spoil(bench, own.id)
        spoil(bench, host.id)
    quiet(bench)
    if bench.now.link(own.id):
        spoil(bench, own.id)  # detached, and shown on its instance all the same: no World can be made of it


def _to_measure_on(bench: Bench) -> OwnInstance:
    """An instance that runs, or where none can, one that is Stopped. Raises NotArranged, ecs.SetupError."""
    try:
        # The first cases need two, and two start as fast as one.
        return _hosts(bench, World((InstanceSpec(),) * min(2, bench.most_instances)))[0]
    except NotArranged:
        if not bench.come_stopped:
            raise
    return _hosts(bench, World((InstanceSpec("Stopped"),)))[0]


def _measure(bench: Bench, own: OwnEni, host: str) -> None:
    """Attach and detach it, and watch. Raises Cold, NotArranged, ecs.SetupError."""
    for what in ("attach", "detach"):
        power.stop_first(bench, what, [host])
    if refresh(bench).link(own.id) != host:
        attach(bench, own, host)
        _watch(bench, own, host, "Attaching", "InUse", ATTACHING)
    touch(bench)
    begin_detach(bench, own, host)
    _watch(bench, own, host, "Detaching", "Available", DETACHING)


def _watch(bench: Bench, own: OwnEni, host: str, on_the_way: str, end: str, kind: str) -> None:
    """Look until an interface has been seen at the end of its transition several times; note every look that shows
    the past, and how long this kind takes. Raises NotArranged."""
    ended, waited = 0, 0.0
    pause = 3 * bench.step  # only at the end does it matter to look often

    def over(seen: Snapshot) -> bool:
        nonlocal ended
        status, listed = seen.status(own.id), seen.held(host)
        if status != end:
            bench.lags = bench.lags or status != on_the_way or ended > 0
            return False
        if not ended and not bench.lags:
            bench.typical.setdefault(kind, waited)
        ended += 1
        bench.lags = bench.lags or (bool(listed) and (own.id in listed) != (end == "InUse"))
        return ended >= (2 if bench.sparing else 4) or bench.lags

    def waits() -> Iterator[float]:
        nonlocal waited
        later = steps(bench) if bench.sparing else itertools.repeat(pause)
        while True:
            after = 0.0 if bench.now.status(own.id) == end else next(later)
            waited += after
            yield after

    seen = look_until(lambda: refresh(bench), over, bench.settle_seconds, clock=bench.clock, pauses=waits())
    if seen.status(own.id) != end:
        status = seen.status(own.id)
        raise NotArranged(f"{own.id} is {status}, and not {end} within {bench.settle_seconds:g} s")


def _hosts(bench: Bench, world: World) -> list[OwnInstance]:
    """The World's instances, Running or Stopped as their wanted status starts from."""
    hosts: list[OwnInstance] = []
    taken: set[str] = set()
    for place, spec in enumerate(world.instances):
        own = pick_instance(bench, spec, taken, born.born_on(world, place))
        taken.add(own.id)
        hosts.append(own)
    welcome(bench, hosts)
    wanted = {}
    for own, spec in zip(hosts, world.instances, strict=True):
        wanted[own.id] = "Stopped" if spec.status in ("Stopped", "Starting") else "Running"
        power.steady(bench, own, wanted[own.id])
    if any(bench.now.status(i) != status for i, status in wanted.items()):
        until(
            bench,
            lambda s: all(s.status(i) == status for i, status in wanted.items()),
            "set-up: starting an instance",
            "instances",
        )
        if bench.session.target.real and "Running" in wanted.values():
            bench.clock.sleep(GUEST)
    return hosts


def _interfaces(bench: Bench, world: World, hosts: list[OwnInstance]) -> list[OwnEni]:
    """The World's interfaces, attached where their wanted status starts from, and nothing else on the hosts."""
    chosen: list[OwnEni] = []
    keep: set[str] = set()
    start: list[str] = []  # the instance each one is attached to before transitions start
    for spec in world.enis:
        zone = world.instances[spec.on].zone if spec.on is not None else world.instances[0].zone
        host = hosts[spec.on].id if spec.on is not None else ""
        own = pick_eni(bench, spec, zone, host, keep)
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
    detach(bench, wrong)
    for own, spec, host in zip(chosen, world.enis, start, strict=True):
        if host and bench.now.link(own.id) != host:
            give_past(bench, spec, own, host)
    pairs = zip(chosen, start, strict=True)
    attach_all(bench, [(own, host) for own, host in pairs if host and bench.now.link(own.id) != host])
    return chosen


def _freeze(bench: Bench, world: World, hosts: list[OwnInstance], chosen: list[OwnEni]) -> Arranged:
    """Bring about transitional states and control faults, look, and check that all is as asked."""
    held: set[str] = set()
    racing: dict[str, frozenset[str]] = {}
    enis = list(zip(chosen, world.enis, strict=True))
    instances = list(zip(hosts, world.instances, strict=True))
    for own, spec in enis:
        if spec.status in BUSY:
            _transition(bench, own, spec.status, hosts[spec.on].id if spec.on is not None else "", held, racing)
    for host, host_spec in instances:
        if host_spec.status in BUSY:
            _instance_transition(bench, host, host_spec.status, held, racing)
        if host_spec.fault:
            _order(bench, host_spec.fault, host.id, host_spec.fault.partition("=")[2])
    faults = {own.id: spec.fault for own, spec in enis if spec.fault}
    for own, spec in enis:
        if spec.fault:
            _fault(bench, own, spec.fault)
    wanted: dict[str, str] = {own.id: spec.status for own, spec in enis}
    wanted |= {host.id: spec.status for host, spec in instances}
    moving = frozenset(held | set(racing))
    snapshot = _as_asked(bench, [own.id for own in chosen], wanted, faults, moving, set(racing))
    for resource, status in wanted.items():
        seen = snapshot.status(resource)
        if seen != status and resource not in racing:
            raise NotArranged(f"{resource} is {seen or 'absent'}, not {status}")
    for fault in world.faults:
        _order(bench, fault, fault.partition("=")[2] or bench.session.target.region)
    return Arranged(
        tuple(host.id for host in hosts),
        tuple(own.id for own in chosen),
        tuple(host.primary for host in hosts),
        tuple(host.name for host in hosts),
        bench.ground.zones[world.instances[0].zone] if bench.ground.zones else "",
        snapshot,
        frozenset(held),
        racing,
        faults | {host.id: spec.fault for host, spec in instances if spec.fault},
        {own.id: hosts[spec.on].id for own, spec in enis if spec.on is not None and spec.status in BUSY},
        frozenset(str(undo["id"]) for undo in bench.undo if undo["op"] == "reset"),
        _lived(world, hosts, chosen),
        {own.id: own.unlike for own in chosen if own.unlike},
    )


def _lived(world: World, hosts: Sequence[OwnInstance], chosen: Sequence[OwnEni]) -> World:
    """The World with what its resources have been through, where anything would do; what is as new stays as it is."""
    instances = tuple(
        replace(spec, past=own.past) if spec.past == "any" and own.past != "fresh" else spec
        for spec, own in zip(world.instances, hosts, strict=True)
    )
    enis = tuple(
        replace(spec, past="reattached" if own.hosts[-2] == own.hosts[-1] else "moved")
        if spec.past == "any" and spec.on is not None and len(own.hosts) > 1
        else spec
        for spec, own in zip(world.enis, chosen, strict=True)
    )
    return replace(world, instances=instances, enis=enis)


def _as_asked(
    bench: Bench,
    enis: list[str],
    wanted: Mapping[str, str],
    faults: Mapping[str, str],
    moving: frozenset[str],
    racing: Set[str],
) -> Snapshot:
    """A look that shows what was asked for, or the last one that might have: one may show an older state, or lack
    something, for once."""

    def explained(snapshot: Snapshot) -> bool:
        return all(snapshot.status(r) == status or r in racing for r, status in wanted.items()) and all(
            _in_force(snapshot, eni, fault) for eni, fault in faults.items()
        )

    _agreed(bench, enis, moving)
    pause = doubt_pause(bench, bench.lag_seconds) if bench.sparing else 3 * bench.step
    snapshot = relook(bench, explained, bench.lag_seconds, pauses=itertools.repeat(pause), still=moving)
    return _seen_twice(bench, snapshot, moving) if bench.careful else snapshot


def _order(bench: Bench, condition: str, name: str, value: str = "") -> None:
    """Give an order of the contract's rows for a resource, a region or a parameter, to be taken back later."""
    op = condition.partition("=")[0]
    if op not in OPS:
        raise NotArranged(f"unknown fault {condition!r}")
    order(bench, OPS[op].given(name, value), OPS[op].taken_back(name))


def _in_force(snapshot: Snapshot, eni: str, fault: str) -> bool:
    """Whether an order that descriptions show is shown, as far as they show its field at all."""
    op, _, value = fault.partition("=")
    shown, field = snapshot.enis.get(eni, {}), OPS[op].shown
    return bool(shown[field] == value) if field in shown else True


def _seen_twice(bench: Bench, snapshot: Snapshot, moving: frozenset[str]) -> Snapshot:
    """A look that the one before it confirms, as far as one is found within a few. A field that differs each time
    changes by itself, and is no contradiction; another status, another link or a resource that is not there is one."""
    before, changing = snapshot, frozenset[tuple[str, str]]()

    def confirmed(later: Snapshot) -> bool:
        nonlocal before, changing
        differing = _differing(before, later)
        alike = differing <= changing and statuses(before) == statuses(later)
        before, changing = later, differing
        return alike

    bench.clock.sleep(bench.step)
    pauses = [bench.step] * (LOOKS_TO_AGREE - 1)
    return look_until(lambda: refresh(bench, "both", moving), confirmed, FOREVER, clock=bench.clock, pauses=pauses)


def _differing(one: Snapshot, other: Snapshot) -> frozenset[tuple[str, str]]:
    """(resource, field) of all that differs between two looks that show the same resources."""
    out = set[tuple[str, str]]()
    for before, after in ((one.enis, other.enis), (one.instances, other.instances)):
        for resource in before.keys() & after.keys():
            old, new = before[resource], after[resource]
            out |= {(resource, field) for field in old.keys() | new.keys() if old.get(field) != new.get(field)}
    return frozenset(out)


def _agreed(bench: Bench, enis: Sequence[str], moving: frozenset[str]) -> Snapshot:
    """The last look, or a later one, in which interfaces and instances tell the same of every attachment; where
    descriptions lag behind, one of them may still show the past. After lag_seconds it is taken as it is."""
    steady = [e for e in enis if e not in moving]

    def agreed(snapshot: Snapshot) -> bool:
        shown = {i for i in snapshot.instances if snapshot.held(i)}
        return all(
            snapshot.status(e) in BUSY
            or (
                snapshot.listed_on(e) in (snapshot.link(e), "")
                and bool(snapshot.listed_on(e) or snapshot.link(e) not in shown)
            )
            for e in steady
        )

    if not agreed(freshen(bench)):
        bench.lags = True
        relook(bench, agreed, bench.lag_seconds, pauses=itertools.repeat(RELOOK))
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
        order(bench, {"op": "hold", "id": own.id}, {"op": "release", "id": own.id})
        held.add(own.id)
    elif can(bench, "eni.status"):
        order(bench, {"op": "eni.status", "id": own.id, "status": status}, {"op": "reset", "id": own.id})
        held.add(own.id)
        return
    else:
        ends = {"Attaching": "InUse", "Detaching": "Available", "Deleting": ""}
        racing[own.id] = frozenset({status, ends[status]})
    try:
        if status == "Attaching":
            attach(bench, own, host)
        elif status == "Detaching":
            begin_detach(bench, own, host)
        else:
            ecs.delete_eni(bench.session, own.id)
    except Cold as learned:
        raise NotArranged(f"this target does not offer: {learned}", str(learned)) from None


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
        order(bench, {"op": "instance.status", "id": own.id, "status": status}, {"op": "reset", "id": own.id})
        held.add(own.id)
        return
    if can(bench, "hold"):
        order(bench, {"op": "hold", "id": own.id}, {"op": "release", "id": own.id})
        held.add(own.id)
    else:
        racing[own.id] = frozenset({status, "Running" if status == "Starting" else "Stopped"})
    if status == "Starting":
        power.start(bench, own)
        own.past = "restarted"
    else:
        ecs.stop_instance(bench.session, own.id)


def _fault(bench: Bench, own: OwnEni, condition: str) -> None:
    """Bring about a condition of one interface, or of what it refers to, through the control protocol."""
    op, _, value = condition.partition("=")
    holder = OPS[op].on if op in OPS else ""
    name = {"vswitch": own.vswitch, "group": own.group}.get(holder, own.id)
    _order(bench, op, name, value or _other_zone(bench, own))


def _other_zone(bench: Bench, own: OwnEni) -> str:
    """A zone that is not the interface's, of the target where it has one."""
    zones = bench.ground.zones
    others = [zone for zone in zones if zone != zones[own.zone]]
    return others[0] if others else bench.session.target.region + "-z"
