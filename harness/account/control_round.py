"""Does everything that the control protocol offers do what it must? Yes or no, with as few requests as can tell.

The orders are laid in two batches. Each is looked at once, and the calls of the round show the rest: attaching is
refused unless the instance is Running, detaching unless the interface is InUse and nothing that was laid before is left
(the page). The round does not say who is at fault where something is amiss: that is asked in single steps then
(`control_steps`).

    held        hold, attach; group, vSwitch and instance are changed, the region is switched off: look; all but the
                hold is undone
    released    release; look until the interface is InUse
    kept        Detaching is laid over it, detach, what the interface says of itself is changed: look
    reset       reset; look until it is Available
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from eni_conformance.harness import control, ecs, observe
from eni_conformance.harness.account import janitor
from eni_conformance.harness.account.control_orders import (
    ELSEWHERE,
    EVERYWHERE,
    Entry,
    Laid,
    Order,
    Stand,
    names,
    opposite,
    stranger,
)
from eni_conformance.harness.account.control_stand import listed
from eni_conformance.harness.account.ledger import common_folder, in_turn
from eni_conformance.harness.bench import look
from eni_conformance.harness.values import flatten

T = TypeVar("T")


class Amiss(Exception):
    """Something is not as it must be, or cannot be told."""


@dataclass(frozen=True)
class _Round:
    """A round under way. undo: orders to give yet. given: those that were given. pause: seconds for which what must
    stay as it is stays unlooked at."""

    session: ecs.Session
    ground: ecs.Ground
    stand: Stand
    offered: frozenset[str]
    pause: float
    undo: list[Order] = field(default_factory=list)
    given: list[Order] = field(default_factory=list)


def possible(offered: frozenset[str]) -> bool:
    """Whether everything that is offered can be undone, and there is a status to see it by."""
    return "reset" in offered and ("release" in offered) == ("hold" in offered)


def is_right(session: ecs.Session, ground: ecs.Ground, stand: Stand, offered: frozenset[str]) -> tuple[bool, int]:
    """Whether all is as it must be, and how many orders were given to tell. In the end all of them are undone.

    The interface is then free, and the instance Running, if all is right. Raises nothing for what the endpoint does.
    """
    pause = look.LAID_NEARBY if session.target.loopback else look.LAID
    work = _Round(session, ground, stand, offered, pause)
    right = True
    try:
        _refusals(work)
        shown, work = _held(work)
        quick = _released(work, shown)
        _kept_and_reset(work, quick)
    except (Amiss, ecs.SetupError):
        right = False
    finally:
        for order in work.undo[::-1]:
            _send(work, order)
    return right, len(work.given)


# --- orders --------------------------------------------------------------------------------------


def _send(work: _Round, order: Order) -> str:
    work.given.append(order)
    return control.order(work.session.target, order)


def _must(fine: object) -> None:
    if not fine:
        raise Amiss


def _lay(work: _Round, op: str, **fields: object) -> bool:
    """Give an order if it is offered. Returns whether it is."""
    order: Order = {"op": op, **fields}
    if op not in work.offered:
        return False
    undo = opposite(order, work.offered)
    _must(undo)
    if undo and undo not in work.undo:
        work.undo.append(undo)
    _must(_send(work, order) == "")
    return True


def _take_back(work: _Round, *of: str) -> None:
    """Undo the orders for these resources, or, for the name of an order, that order."""
    for order in work.undo[::-1]:
        if order.get("id") in of or order["op"] in of:
            _must(_send(work, order) == "")
            work.undo.remove(order)


def _refusals(work: _Round) -> None:
    """One unknown op, one unknown id, while the instance starts."""
    work.session.client.clock.sleep(work.pause / 2)
    asked: list[Order] = [{"op": "no.such.op", "id": work.stand.eni}]
    nobody = stranger(work.stand.eni, work.offered, work.ground.zones[0])
    for order in asked + ([nobody] if nobody else []):
        _must(_send(work, order).startswith("HTTP 400"))


@contextlib.contextmanager
def _switched_off(work: _Round) -> Iterator[None]:
    """While this lasts the region is switched off: describing must work then as well."""
    if "region.feature" not in work.offered:
        yield
        return
    session = work.session
    with in_turn(common_folder(ecs.reach(session.target)), exclusive=True, seconds=session.patience):
        try:
            _lay(work, "region.feature", region=session.target.region, supported=False)
            yield
        finally:
            _take_back(work, *EVERYWHERE)


# --- looking -------------------------------------------------------------------------------------


def _until(work: _Round, seen: Callable[[], T], fits: Callable[[T], bool], seconds: float) -> T:
    """Look until it fits, at most for so many seconds. Returns the last look, which must fit."""
    session = work.session
    last = look.look_until(seen, fits, seconds, clock=session.client.clock, pauses=ecs.pauses(session))
    _must(fits(last))
    return last


def _after(work: _Round, seen: Callable[[], T], over: Callable[[T], bool]) -> tuple[T, bool]:
    """Look until a transition is over: first when half a pause has passed, as a look costs a request. Returns the last
    look, at which it must be over, and whether the first look showed that."""
    clock, limits = work.session.client.clock, work.session.target.limits
    looks = 0

    def counted() -> T:
        nonlocal looks
        looks += 1
        return seen()

    clock.sleep(work.pause / 2)
    growing = look.growing(work.pause / 2, max(work.pause, look.POLL_LONGEST), look.POLL_FACTOR)
    within = limits.settle_seconds + limits.lag_seconds
    last = look.look_until(counted, over, within, clock=clock, pauses=growing)
    _must(over(last))
    return last, looks == 1


def _eni(work: _Round) -> Entry:
    found = ecs.describe_enis(work.session, ids=[work.stand.eni])
    return next((entry for entry in found if entry.get("NetworkInterfaceId") == work.stand.eni), {})


def _instance(work: _Round) -> Entry:
    found = ecs.describe_instances(work.session, [work.stand.instance])
    return next((entry for entry in found if entry.get("InstanceId") == work.stand.instance), {})


def _shows(laid: Iterable[Laid]) -> Callable[[Entry], bool]:
    """Whether a description shows all of these."""
    wanted = tuple(laid)
    return lambda entry: bool(entry) and all(entry.get(one.field) == one.value for one in wanted)


def _wait(work: _Round, since: float) -> None:
    """Let what must stay as it is stay for a while."""
    clock = work.session.client.clock
    clock.sleep(max(0.0, since + work.pause - clock.monotonic()))


# --- the round -----------------------------------------------------------------------------------


def _attach(work: _Round) -> _Round:
    """Attach the interface; where the instance is not Running yet, after waiting for that. It took so long that from
    then on pauses are longer."""
    session, stand, clock = work.session, work.stand, work.session.client.clock
    session.ledger.check(stand.eni)
    session.ledger.check(stand.instance)
    began = clock.monotonic()
    clock.sleep(work.pause / 2)
    link = [session.region, ("InstanceId", stand.instance), ("NetworkInterfaceId", stand.eni)]
    if ecs.succeeded(ecs.send(session, "AttachNetworkInterface", link)):
        return work
    _after(work, lambda: _instance(work), _shows([Laid("Status", "Running")]))
    pause = min(max(work.pause, clock.monotonic() - began), look.LAID_LONGEST)
    ecs.attach_eni(session, stand.instance, stand.eni)
    return replace(work, pause=pause)


def _held(work: _Round) -> tuple[Entry, _Round]:
    """Attach while held, change everything around, look once, undo what is around. Returns how the interface was
    shown, and the round with its pauses."""
    stand, offered, lag = work.stand, work.offered, work.session.target.limits.lag_seconds
    held = _lay(work, "hold", id=stand.eni)
    work = _attach(work)
    since = work.session.client.clock.monotonic()
    if "parameter.unsupported" in offered:  # no description shows it, so it is given in the form that changes nothing
        _must(_send(work, {"op": "parameter.unsupported", "name": janitor.REFUSABLE[0], "unsupported": False}) == "")
    _lay(work, "security_group.type", id=stand.group, type="classic")
    _lay(work, "security_group.full", id=stand.group, full=True)
    no_group = _lay(work, "security_group.remove", id=stand.group)
    no_vswitch = _lay(work, "vswitch.remove", id=stand.vswitch)
    _lay(work, "instance.eni_limit", id=stand.instance, exceeded=True)
    stopping = _lay(work, "instance.status", id=stand.instance, status="Stopping")
    _wait(work, since)
    with _switched_off(work):
        shown = _until(work, lambda: _eni(work), _shows([Laid("Status", "Attaching")] if held else []), lag)
        if no_group:
            _until(work, lambda: listed(work.session, "security_group", stand.group), lambda x: x is False, lag)
        if no_vswitch:
            _until(work, lambda: listed(work.session, "vswitch", stand.vswitch), lambda x: x is False, lag)
        wanted = [Laid("Status", "Stopping")] if stopping else []
        instance = _until(work, lambda: _instance(work), _shows(wanted), lag)
    primary = observe.primary_of(flatten(instance))
    if primary:
        work.session.ledger.brought(stand.instance, primary)
    _take_back(work, stand.group, stand.vswitch, stand.instance)
    return shown, work


def _released(work: _Round, before: Entry) -> bool:
    """Release the interface, and look until it is InUse: whether that took less than half a pause.

    before: how it was shown while its group and its vSwitch were removed, which it must have gone on to name.
    """
    group, vswitch = work.stand.group, work.stand.vswitch
    _take_back(work, work.stand.eni)
    shown, quick = _after(work, lambda: _eni(work), _shows([Laid("Status", "InUse")]))
    for named, later in zip(names(before, group, vswitch), names(shown, group, vswitch), strict=True):
        _must(named or not later)
    return quick


def _kept_and_reset(work: _Round, quick: bool) -> None:
    """Detach while Detaching is laid over InUse, and see it stay; reset, and see that the detach was not forgotten.

    quick: a Detaching of its own is over within half a pause. Else it must be told from the one that is laid.
    """
    session, stand, lag = work.session, work.stand, work.session.target.limits.lag_seconds
    clock = session.client.clock
    laid = []
    if _lay(work, "eni.status", id=stand.eni, status="Detaching"):
        laid.append(Laid("Status", "Detaching"))
        if not quick:
            _until(work, lambda: _eni(work), _shows(laid), lag)
    session.ledger.check(stand.eni)
    link = ("InstanceId", stand.instance), ("NetworkInterfaceId", stand.eni)
    ecs.do(session, "DetachNetworkInterface", [session.region, *link], "nothing that was laid may be left")
    since = clock.monotonic()
    zone = next((z for z in work.ground.zones[1:]), f"{work.ground.region}-z")
    orders: tuple[tuple[Laid, dict[str, str]], ...] = (
        (Laid("Type", "Trunk"), {"op": "eni.type", "type": "Trunk"}),
        (Laid("ZoneId", zone), {"op": "eni.zone", "value": zone}),
        (Laid("VpcId", ELSEWHERE), {"op": "eni.vpc", "value": ELSEWHERE}),
    )
    laid += [one for one, order in orders if _lay(work, **order, id=stand.eni)]
    _wait(work, since)
    if laid:
        _until(work, lambda: _eni(work), _shows(laid), lag)
    _take_back(work, stand.eni)

    def ended(entry: Entry) -> bool:
        restored = not any(entry.get(one.field) == one.value for one in laid)
        return restored and entry.get("Status") in ("Available", "InUse")

    last, _ = _after(work, lambda: _eni(work), ended)
    _must(last.get("Status") == "Available")
