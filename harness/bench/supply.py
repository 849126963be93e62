"""Instances and interfaces for a World: taken from the bench where one fits, else made; attached, detached, removed.

What the set-up could not do although the page promises it is noted on the bench, with a World like the one in which it
was tried, so that calls under test can show it.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from eni_conformance.contract.common import is_full
from eni_conformance.contract.scenario import EniSpec, InstanceSpec, World
from eni_conformance.harness import ecs, observe
from eni_conformance.harness.bench import power
from eni_conformance.harness.bench.asked import details, look_of, other_vswitch
from eni_conformance.harness.bench.born import create_with, has_born, is_born, welcome_born
from eni_conformance.harness.bench.look import RELOOK, SLOT
from eni_conformance.harness.bench.pool import (
    ATTACHING,
    DETACHING,
    Bench,
    NotArranged,
    OwnEni,
    OwnInstance,
    Unfinished,
    drop_vanished,
    give_up,
    refresh,
    relook,
    settle,
    spoil,
    touch,
    until,
    worn,
)
from eni_conformance.harness.bench.power import Cold
from eni_conformance.harness.values import Snapshot

SPARE = 5
"""How many interfaces more than needed are deleted when room is made, so that one wait serves several."""

POOL = 20
"""How many interfaces, primary ones included, a worker keeps for later Worlds: each look shows all of them."""

LONGEST_ATTACHED = 10.0
"""Seconds for which an interface stays attached, at most, so that it has been so for as long as another one."""

WORN = 40
"""Worlds after which an instance on this machine makes room for another."""


def _intact(bench: Bench, own: OwnInstance) -> bool:
    """Whether an instance still has its primary interface, as far as descriptions tell."""
    return own.primary not in bench.now.enis or bench.now.link(own.primary) == own.id


def _worn(bench: Bench, own: OwnInstance) -> bool:
    """Whether an instance has served long enough, where a new one costs nothing: a defect may show for some ids."""
    return own.served >= WORN and bench.session.target.loopback


def pick_instance(bench: Bench, spec: InstanceSpec, taken: set[str], born: EniSpec | None = None) -> OwnInstance:
    """An instance in the right zone with the right past if there is one, else a new one. born: an interface that must
    have come with it."""
    free = [
        i
        for i in bench.instances
        if i.id not in taken and i.zone == spec.zone and _intact(bench, i) and not _worn(bench, i)
        if born is None or has_born(bench, i.id, born)
    ]
    wanted = "Stopped" if spec.status in ("Stopped", "Starting") else "Running"
    if bench.unstartable and wanted == "Running":
        free = [i for i in free if bench.now.status(i.id) == wanted]

    def cost(own: OwnInstance) -> tuple[int, int]:
        return (0 if bench.now.status(own.id) == wanted else 1, bench.instances.index(own))

    if spec.past == "fresh":
        free = [i for i in free if i.past == "fresh" and (wanted == "Stopped" or bench.now.status(i.id) == wanted)]
    elif spec.past in ("restarted", "rebooted"):
        free.sort(key=lambda i: i.past != spec.past)
        free = [i for i in free if i.past == spec.past] or [i for i in free if i.past != "fresh"] or free
    if free:
        return min(free, key=cost)
    return _new_instance(bench, spec.zone, taken, born)


def _new_instance(bench: Bench, zone: int, taken: set[str], born: EniSpec | None) -> OwnInstance:
    """Create an instance, giving up one that is not needed if the limit is reached. It is not Running yet."""
    if len(bench.instances) >= bench.most_instances:
        spare = [i for i in bench.instances if i.id not in taken]
        if not spare:
            raise NotArranged("no instance is left within limits.instances", "limits.instances")
        spare.sort(
            key=lambda i: (
                i.id in bench.aside,
                not _worn(bench, i),
                i.zone == zone and i.past == "fresh",
                i.past == "fresh",
            )
        )
        remove_instance(bench, spare[0])
    make_room(bench, 1 if born is None else 2, frozenset())
    own = OwnInstance(_create_instance(bench, zone), zone) if born is None else create_with(bench, born, zone)
    bench.instances.append(own)
    return own


SCARCE = ("Quota", "Limit", "Stock", "NotOnSale")
"""What codes contain that refuse an instance for what others have: there may be one another time."""


def _create_instance(bench: Bench, zone: int) -> str:
    """Create one. Where the very first is refused for what will not change, no World can be made. Raises
    ecs.SetupError."""
    try:
        return ecs.create_instance(bench.session, bench.ground, zone)
    except ecs.SetupError as refused:
        lasting = refused.code and not ecs.passes(refused) and not any(word in refused.code for word in SCARCE)
        had = any(one.kind == "instance" for one in bench.session.ledger.book().owned.values())
        if lasting and not had and zone == 0:
            bench.barren = str(refused)
        raise


def take_over(bench: Bench, instance: str, eni: str, *, plain: bool) -> None:
    """Go on with a Running instance in the first zone, and with a free interface that was attached to it before.

    plain: whether the interface was made like the plainest one; else no World uses it, and it makes room in time.
    """
    bench.instances.append(OwnInstance(instance, 0))
    bench.enis.append(OwnEni(eni, 0, look_of(EniSpec()) if plain else None, [instance]))
    refresh(bench)


def welcome(bench: Bench, hosts: Sequence[OwnInstance]) -> None:
    """Wait until those that are new are there, all at once, and find out their primary interfaces and names."""
    fresh = [own for own in hosts if not own.welcomed]
    if not fresh:
        return
    power.await_created(bench, fresh)
    for own in fresh:
        fields = bench.now.instances.get(own.id, {})
        own.name = str(fields.get("InstanceName", ""))
        own.primary = observe.primary_of(fields) or _primary_listed(bench, own.id)
        if own.primary:
            bench.session.ledger.brought(own.id, own.primary)
        welcome_born(bench, own)
        own.welcomed = True
    settle(bench)  # what came with one may still be on its way


def _primary_listed(bench: Bench, host: str) -> str:
    """The primary interface of an instance that does not show it itself, "" where no list has it: a target may refuse
    the filter, and the whole list still tells."""
    everything: tuple[dict[str, str], ...] = ({},) if bench.session.target.loopback else ()  # not all of an account
    for filters in ({"InstanceId": host}, *everything):
        with contextlib.suppress(ecs.SetupError):
            for eni in ecs.describe_enis(bench.session, **filters):
                if eni.get("Type") == "Primary" and eni.get("InstanceId", host if filters else "") == host:
                    return str(eni.get("NetworkInterfaceId", ""))
    return ""


def remove_instance(bench: Bench, own: OwnInstance) -> None:
    """Detach what is on it, delete it, and wait until it is gone."""
    on_it = [e for e in bench.enis if bench.now.link(e.id) == own.id]
    detach(bench, on_it)
    touch(bench)
    ecs.delete_instance(bench.session, own.id)
    until(bench, lambda s: own.id not in s.instances, "set-up: deleting an instance", "instances")
    if own.awaits is not None:
        bench.session.ledger.refused(own.awaits[0], "eni", "its instance is gone")
    drop_vanished(bench)


def _past_fits(bench: Bench, own: OwnEni, past: str, host: str) -> bool:
    """Whether its attachments, with one more to `host` unless it is there, give the past asked for."""
    hosts = own.hosts if bench.now.link(own.id) == host else [*own.hosts, host]
    match past:
        case "born":
            return is_born(bench, own, host)
        case "fresh":
            return len(hosts) == 1
        case "reattached":
            return len(hosts) > 1 and hosts[-2] == host
        case "moved":
            return len(hosts) > 1 and hosts[-2] != host
    return True


def make_room(bench: Bench, extra: int, keep: frozenset[str]) -> None:
    """Delete interfaces that nobody needs until `extra` more fit into the limit, and a few to spare at once."""
    alive = len(bench.enis) + len(bench.instances)
    spare = [e for e in bench.enis if e.id not in keep]
    spare.sort(key=lambda e: bench.now.link(e.id) != "")
    short = alive + extra - min(bench.most_enis, POOL)
    if short > 0:
        remove_enis(bench, spare[: short + SPARE])


def remove_enis(bench: Bench, doomed: list[OwnEni]) -> None:
    """Detach and delete interfaces, and wait until they are gone."""
    detach(bench, [e for e in doomed if bench.now.link(e.id)])
    touch(bench)
    for own in doomed:
        if own.id in bench.now.enis:
            ecs.delete_eni(bench.session, own.id)
    gone = {e.id for e in doomed}
    until(bench, lambda s: not gone & set(s.enis), "set-up: deleting interfaces", "enis")
    drop_vanished(bench)


def begin_detach(bench: Bench, own: OwnEni, host: str) -> None:
    """Begin to detach an interface. Raises ecs.SetupError, or Cold the first time that an instance must be Stopped."""
    try:
        ecs.detach_eni(bench.session, host, own.id)
    except ecs.SetupError as refused:
        power.learn_cold(bench, "detach", host, refused)
        raise
    power.accepted(bench, "detach", host)


def detach(bench: Bench, enis: list[OwnEni]) -> None:
    """Detach interfaces as part of the set-up and wait until they are Available. Instances that must be Stopped for it
    are Stopped meanwhile."""
    before, fresh = bench.now, "enis" not in bench.stale
    stopped = power.stop_first(bench, "detach", {bench.now.link(own.id) for own in enis})
    for own in enis:
        if bench.now.status(own.id) in ("InUse", "Attaching"):
            touch(bench)
            try:
                begin_detach(bench, own, bench.now.link(own.id))
            except Cold:
                detach(bench, enis)
                return
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
    if fresh and not stopped:
        _tell_changed(bench, before, enis)
    power.start_all(bench, stopped)


KEPT = (
    "Tags", "NetworkInterfaceName", "Description", "DeleteOnRelease", "SecurityGroupIds", "MacAddress",
    "PrivateIpAddress", "PrivateIpSets",
)  # fmt: skip
"""What interfaces are made with, and a detach must keep."""


def _tell_changed(bench: Bench, before: Snapshot, enis: Sequence[OwnEni]) -> None:
    """Note where one of these, which have just been detached, or another interface beside it, is not what it was: with
    a World like the one in which it was detached, after as long. A look may be wrong for once, and show the past."""
    ours = {own.id for own in bench.enis if own.look is not None} & set(before.enis)

    def changed(now: Snapshot) -> set[str]:
        both = ((eni, before.enis[eni], now.enis[eni]) for eni in ours & set(now.enis))
        return {eni for eni, old, new in both if any(old.get(name) != new.get(name) for name in KEPT)}

    if bench.lags or not changed(bench.now):
        return
    ended = bench.clock.monotonic()
    now = relook(bench, lambda now: not changed(now), bench.lag_seconds, pauses=itertools.repeat(RELOOK))
    hosts = {before.link(eni) for eni in changed(now)}
    for own in (one for one in enis if before.link(one.id) in hosts):
        attached = ended - own.since
        if attached > bench.lag_seconds and (world := _world_like(bench, before, own, before.link(own.id))):
            bench.unfinished.append(Unfinished("detach", *world, min(attached, LONGEST_ATTACHED)))


def _tell_bound(bench: Bench, before: Snapshot, bound: list[OwnEni]) -> None:
    """Note what could not be detached, with Worlds like those in which it was tried, and do without it."""
    alike = [_world_like(bench, before, own, before.link(own.id)) for own in bound]
    bench.unfinished += [Unfinished("detach", *world) for world in alike if world]
    give_up(bench, [own.id for own in bound], bench.now)


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
            never: Literal["born", "fresh"] = "born" if eni.look.past == "born" else "fresh"
            past: Literal["born", "fresh", "reattached", "moved"] = (
                never if not before else "reattached" if before == [host.id] else "moved"
            )
            alone = eni.look.other_vswitch or eni.look.fault == "vswitch"
            specs.append(replace(eni.look, on=0, status="InUse", past=past, other_vswitch=alone, fault=""))
    instance = InstanceSpec("Running" if status == "Running" else "Stopped", host.past, host.zone)
    return World((instance,), tuple(specs), region="second" if bench.second_region else "first"), place


def create_eni(bench: Bench, spec: EniSpec, zone: int, keep: frozenset[str]) -> OwnEni:
    """A new interface for a spec, with a vSwitch or security group of its own if a fault will hit that."""
    make_room(bench, 1, keep)
    vswitch = group = ""
    if spec.fault.startswith("vswitch"):
        vswitch = ecs.create_vswitch(bench.session, bench.ground, zone)
    elif spec.other_vswitch:
        vswitch = other_vswitch(bench, zone)
    if spec.fault.startswith("security_group"):
        group = ecs.create_security_group(bench.session, bench.ground)
    identifier = _order_eni(bench, spec, zone, vswitch, group)
    own = OwnEni(identifier, zone, look_of(spec), [], group, vswitch if spec.fault else "")
    bench.enis.append(own)
    touch(bench)
    return own


def another(bench: Bench, like: str) -> str:
    """A new plain interface in the vSwitch of another one; it is not used for Worlds. Room is made for it at another
    time: while a play goes on nothing else may go. Raises ecs.SetupError, also where limits leave no room."""
    shown = bench.now.enis.get(like, {})
    zone = next((eni.zone for eni in bench.enis if eni.id == like), 0)
    vswitch = str(shown.get("VSwitchId", ""))
    identifier = ecs.create_eni(bench.session, bench.ground, zone=zone, vswitch_id=vswitch)
    bench.enis.append(OwnEni(identifier, zone, None))
    touch(bench)
    return identifier


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
        how = details(bench, made, vswitch, group)
        try:
            return ecs.create_eni(bench.session, bench.ground, zone=zone, tags=made.tags, **how)
        except ecs.SetupError as refused:
            if not asked or not refused.code.startswith(ecs.NOT_TAKEN):
                raise
            bench.refused.add(asked.pop(0))


def attach_all(bench: Bench, pairs: Sequence[tuple[OwnEni, str]]) -> None:
    """Attach interfaces to instances, and wait until they are InUse. Instances that must be Stopped for it are Stopped
    meanwhile. Raises NotArranged, ecs.SetupError."""
    stopped = power.stop_first(bench, "attach", {host for _, host in pairs})
    begun = 0
    try:
        for own, host in pairs:
            attach(bench, own, host)
            begun += 1
    except Cold:
        attach_all(bench, pairs[begun:])
    if pairs[:begun]:
        await_attached(bench, pairs[:begun])
    power.start_all(bench, stopped)


def attach(bench: Bench, own: OwnEni, host: str) -> None:
    """Begin to attach an interface. Raises ecs.SetupError, or Cold the first time that an instance must be Stopped."""
    touch(bench)
    try:
        try:
            ecs.attach_eni(bench.session, host, own.id)
        except ecs.SetupError as refused:
            if not is_full(refused.code) or bench.ground.quota_assumed or not _has_slot(bench, host):
                raise
            bench.clock.sleep(SLOT)
            ecs.attach_eni(bench.session, host, own.id)
    except ecs.SetupError as refused:
        power.learn_cold(bench, "attach", host, refused)
        if is_full(refused.code) and bench.ground.quota_assumed:
            taken = sum(1 for e in bench.enis if bench.now.link(e.id) == host)
            bench.ground = replace(bench.ground, eni_quota=max(2, min(bench.ground.eni_quota, taken + 1)))
            raise
        alike = _world_like(bench, bench.now, own, host)
        if is_full(refused.code) and alike is not None and _has_slot(bench, host):
            bench.unfinished.append(Unfinished("attach", *alike))
            spoil(bench, host)
        spoil(bench, own.id)  # whatever is wrong with it, the next World is better off with another one
        raise
    own.hosts.append(host)
    own.since = bench.clock.monotonic()
    power.accepted(bench, "attach", host)


def await_attached(bench: Bench, waiting: Sequence[tuple[OwnEni, str]]) -> None:
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


def pick_eni(bench: Bench, spec: EniSpec, zone: int, host: str, keep: set[str]) -> OwnEni:
    """An interface that fits, preferring one that is already where it should be; else a new one."""
    for own in bench.enis:
        if own.look is not None and worn(bench, own):
            spoil(bench, own.id)
    fits = [
        e
        for e in bench.enis
        if e.id not in keep
        and (e.zone, e.look) == (zone, look_of(spec))
        and (not host or _past_fits(bench, e, spec.past, host))
    ]
    fits.sort(key=lambda e: (bench.now.link(e.id) != host, bench.now.link(e.id) != ""))
    if fits:
        return fits[0]
    if spec.past == "born":
        why = bench.unborn or "an interface that comes with its instance"
        raise NotArranged(f"this target does not offer: {why}", why)
    return create_eni(bench, spec, zone, frozenset(keep))


def give_past(bench: Bench, spec: EniSpec, own: OwnEni, host: str) -> None:
    """Attach and detach an interface until one more attachment gives it the past asked for."""
    if spec.past not in ("reattached", "moved") or _past_fits(bench, own, spec.past, host):
        return
    elsewhere = [i.id for i in bench.instances if i.id != host and i.zone == own.zone and _has_slot(bench, i.id)]
    via = host if spec.past == "reattached" else next(iter(elsewhere), "")
    if not via:
        raise NotArranged("moving an interface needs a second instance in the zone", "limits.instances")
    if bench.now.link(own.id):
        detach(bench, [own])
    if bench.now.status(via) not in ("Running", "Stopped"):
        settle(bench)
    attach_all(bench, [(own, via)])
    detach(bench, [own])


def _has_slot(bench: Bench, instance: str) -> bool:
    on_it = sum(1 for e in bench.enis if bench.now.link(e.id) == instance)
    return on_it + 1 < bench.ground.eni_quota
