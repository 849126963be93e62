"""Interfaces that come with their instance: asked for when it is created, found when it runs, and ours from then on.

An endpoint need not offer that. One that refuses it, or that creates the instance without the interface, is asked once:
`Bench.unborn` remembers why Worlds with such an interface can't be had there.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from eni_conformance.contract.scenario import EniSpec, World
from eni_conformance.harness import ecs
from eni_conformance.harness.bench.asked import details, look_of, other_vswitch
from eni_conformance.harness.bench.look import RELOOK, look_until
from eni_conformance.harness.bench.pool import Bench, NotArranged, OwnEni, OwnInstance, spoil, touch

BARE = EniSpec(name="")
CALLS = 60
"""Calls that must be left for it: what it takes to make the instance, to find what came with it, and to remove both if
the calls end in between."""
DETAILS = "details of interfaces that come with their instance"
"""What is noted in Bench.refused where they come without their own groups, addresses, name and description."""
ELSEWHERE = "an endpoint on this machine, where interfaces that come with their instance cost and leave nothing"


def born_on(world: World, instance: int) -> EniSpec | None:
    """The interface of a World that comes with its instance of this place, None if none does."""
    return next((e for e in world.enis if e.past == "born" and e.on == instance), None)


def lacking(bench: Bench, world: World) -> str:
    """What is missing for the interfaces of a World that come with their instances, "" if nothing is."""
    hosts = [e.on for e in world.enis if e.past == "born"]
    if len(set(hosts)) < len(hosts):
        return "more than one interface that comes with its instance"
    if any(e.past == "born" and not _can_be(e) for e in world.enis):
        return "an interface that comes with its instance and was detached from it"
    if hosts and not bench.session.target.loopback:
        return ELSEWHERE
    return bench.unborn if hosts else ""


def _can_be(spec: EniSpec) -> bool:
    """Whether an interface that was never detached can be like that; it has no network of its own."""
    return spec.on is not None and spec.status in ("InUse", "Detaching") and not look_of(spec).fault


def is_born(bench: Bench, own: OwnEni, host: str) -> bool:
    """Whether an interface came with this instance and was never detached, as far as is known."""
    return own.look is not None and own.look.past == "born" and own.hosts == [host] == [bench.now.link(own.id)]


def has_born(bench: Bench, host: str, spec: EniSpec) -> bool:
    """Whether such an interface like this spec is on an instance."""
    return any(own.look == look_of(spec) and is_born(bench, own, host) for own in bench.enis)


def create_with(bench: Bench, spec: EniSpec, zone: int) -> OwnInstance:
    """A new instance that is to come with this interface. Raises NotArranged where that is refused or too few calls
    are left, ecs.SetupError where limits or throttling keep it from being tried."""
    allowance = bench.session.client.allowance
    if allowance is not None and allowance.free < CALLS:
        raise NotArranged("too few calls are left for an instance that comes with an interface")
    vswitch = other_vswitch(bench, zone) if spec.other_vswitch else ""
    why = ""
    for made in (BARE,) if DETAILS in bench.refused else (spec, BARE):
        how = details(bench, made, vswitch)
        try:
            identifier, awaited = ecs.create_instance_with(bench.session, bench.ground, zone, **how)
        except ecs.SetupError as refused:
            if refused.exchange is None or refused.exchange.throttled:
                raise
            why = refused.code or refused.exchange.outcome
            if not refused.code.startswith(ecs.NOT_TAKEN):
                break
            continue
        if made is BARE:
            bench.refused.add(DETAILS)
        return OwnInstance(identifier, zone, awaits=(awaited, spec))
    bench.unborn = f"{ecs.BORN} (refused: {why})"
    raise NotArranged(f"this target does not offer: {bench.unborn}", bench.unborn)


def welcome_born(bench: Bench, own: OwnInstance) -> None:
    """Find the interface that came with an instance, own it, and mark it as the run's; or remember that none comes.

    Where none is shown as long as descriptions may lag, none came; one that came later would go with its instance. What
    is set afterwards must be shown before the interface is used: shown later it would look like an effect of a call."""
    if own.awaits is None:
        return
    awaited, spec = own.awaits
    session, pauses = bench.session, itertools.repeat(RELOOK)
    found = look_until(
        lambda: ecs.secondaries(session, own.id), bool, bench.lag_seconds, clock=bench.clock, pauses=pauses
    )
    own.awaits = None
    if not found:
        bench.unborn = f"{ecs.BORN} (the instance comes without the interface)"
        session.ledger.refused(awaited, "eni", "did not come")
        return
    eni = found[0]
    session.ledger.made(awaited, "eni", eni)
    bench.enis.append(OwnEni(eni, own.zone, look_of(spec), [own.id]))
    keeps = spec.delete_on_release is False
    try:
        ecs.mark(session, eni, spec.tags)
        if keeps:
            ecs.keep_on_release(session, eni)
    except ecs.SetupError as refused:
        if refused.exchange is None or ecs.undecided(refused.exchange):
            spoil(bench, eni)  # nobody knows what it will be shown with
        touch(bench)
        return

    def shown() -> bool:
        entries = ecs.describe_enis(session, ids=[eni])
        return any(_as_told(entry, spec.tags, keeps=keeps) for entry in entries)

    if not look_until(shown, bool, bench.lag_seconds, clock=bench.clock, pauses=pauses):
        bench.unborn = f"{ecs.BORN} (tags and DeleteOnRelease are not shown as they were set afterwards)"
        spoil(bench, eni)
    touch(bench)


def _as_told(entry: Mapping[str, Any], tags: int, *, keeps: bool) -> bool:
    """Whether a description shows what was set after the interface had come; what it does not show at all is no matter.
    tags: how many besides the run's own."""
    tagged = "Tags" not in entry or len(entry["Tags"] or ()) > tags
    return tagged and not (keeps and entry.get("DeleteOnRelease"))
