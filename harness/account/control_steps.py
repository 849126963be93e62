"""Which order of the control protocol does something else? Asked in single steps, where a round of all shows something
amiss or cannot be made (`control_check`).

Each order that is offered is tried once, on resources of the check's own, and compared with what descriptions show
(`control_orders` knows what they look like). It judges no operation: where one of those fails, nothing is said about
the protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from eni_conformance.harness import control, ecs, observe
from eni_conformance.harness.account import janitor, marks
from eni_conformance.harness.account.control_orders import (
    ALONE,
    ATTACHED,
    ELSEWHERE,
    EVERYWHERE,
    KNOWN,
    ON_GROUP,
    ON_INSTANCE,
    PROTOCOL,
    ControlCheck,
    Entry,
    Laid,
    Order,
    compare,
    is_answer,
    names,
    opposite,
    stranger,
)
from eni_conformance.harness.account.control_stand import listed
from eni_conformance.harness.account.ledger import common_folder, in_turn
from eni_conformance.harness.bench import look
from eni_conformance.harness.values import Exchange, flatten

T = TypeVar("T")


@dataclass(frozen=True)
class Seen:
    """One look: the interface, and whether group and vSwitch are described (None: the endpoint cannot tell)."""

    eni: Entry
    group: bool | None
    vswitch: bool | None


@dataclass
class _Trial:
    """A check under way.

    undo: orders to give yet. silent: why the control URL gave no answer. laid: by order, what the interface is to show;
    laid_look: what it showed then. removed: orders that hid what they had to. compared: what was laid has been judged.
    ended: what the interface was last seen to come to by a detach, "" if it was attached or none was tried since.
    stuck: it does not come to rest. pause: seconds for which what must stay is watched. took: seconds that
    attaching took.
    """

    session: ecs.Session
    ground: ecs.Ground
    offered: frozenset[str]
    problems: dict[str, str] = field(default_factory=dict)
    untried: dict[str, str] = field(default_factory=dict)
    undo: list[Order] = field(default_factory=list)
    orders: int = 0
    silent: str = ""
    eni: str = ""
    instance: str = ""
    group: str = ""
    vswitch: str = ""
    laid: dict[str, Laid] = field(default_factory=dict)
    laid_look: Entry = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    compared: bool = False
    attached: bool = False
    ended: str = ""
    stuck: bool = False
    pause: float = 0.0
    took: float = 0.0

    @property
    def lag(self) -> float:
        """Seconds that a description may lag behind."""
        return self.session.target.limits.lag_seconds

    @property
    def settle(self) -> float:
        """Seconds after which a transition is shown to be over."""
        return self.session.target.limits.settle_seconds + self.lag

    def now(self) -> float:
        return self.session.client.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self.session.client.clock.sleep(seconds)


def tried(session: ecs.Session, ground: ecs.Ground, offered: frozenset[str]) -> tuple[ControlCheck, int]:
    """Try each order that is offered, undo all of them, and give back what was made for it. Returns what was found,
    and how many orders were given.

    It takes one instance, two interfaces and, where an order needs them, a security group and a vSwitch. What cannot
    be given back stays in the ledger. Raises nothing for what the endpoint does.
    """
    trial = _Trial(session, ground, offered)
    try:
        _try_all(trial)
    finally:
        _give_back(trial)
    for capability in trial.problems:
        trial.untried.pop(capability, None)
    return ControlCheck(MappingProxyType(trial.problems), 0, MappingProxyType(trial.untried)), trial.orders


def _try_all(trial: _Trial) -> None:
    """All parts, each with the orders that are untried if the service does not let it be done."""
    if not _part(trial, _make, tuple(KNOWN)):
        return
    _part(trial, _orders_without_instance, (*ALONE, "eni.status"))
    if not _part(trial, _await_instance, (*ON_INSTANCE, *ATTACHED)) or not trial.instance:
        _part(trial, _look_back, ())
        return
    restored = _part(trial, _orders_on_instance, ON_INSTANCE)
    attached = _part(trial, _hold_and_release, ATTACHED)
    _part(trial, _look_back, ())
    if attached and restored:
        _part(trial, _detach_under_detaching, ("eni.status", "reset"))


def _part(trial: _Trial, part: Callable[[_Trial], None], capabilities: tuple[str, ...]) -> bool:
    """Do one part. Returns whether the service let it be done."""
    try:
        part(trial)
    except ecs.SetupError as error:
        for capability in trial.offered.intersection(capabilities):
            trial.untried.setdefault(capability, str(error)[:300])
        _take_back(trial, trial.eni, trial.instance, trial.group, trial.vswitch, *EVERYWHERE)
        return False
    return True


def _make(trial: _Trial) -> None:
    """The check's own resources. What only one order needs is done without if it cannot be had."""
    session, ground = trial.session, trial.ground
    trial.pause = look.LAID_NEARBY if session.target.loopback else look.LAID

    def vswitch(trial: _Trial) -> None:
        trial.vswitch = ecs.create_vswitch(session, ground)

    def group(trial: _Trial) -> None:
        trial.group = ecs.create_security_group(session, ground)

    def instance(trial: _Trial) -> None:
        trial.instance = ecs.create_instance(session, ground)

    if "vswitch.remove" in trial.offered:
        _part(trial, vswitch, ("vswitch.remove",))
    if trial.offered.intersection(ON_GROUP):
        _part(trial, group, ON_GROUP)
    trial.eni = ecs.create_eni(session, ground, vswitch_id=trial.vswitch, security_group_id=trial.group)
    if trial.offered.intersection((*ON_INSTANCE, *ATTACHED)):
        _part(trial, instance, (*ON_INSTANCE, *ATTACHED))


# --- orders --------------------------------------------------------------------------------------


def _lay(trial: _Trial, op: str, **fields: object) -> bool:
    """Give an order that can be undone, if it is offered and there is something to give it for."""
    order: Order = {"op": op, **fields}
    if op not in trial.offered or fields.get("id") == "":
        return False
    undo = opposite(order, trial.offered)
    if undo is None or trial.silent:
        trial.untried.setdefault(op, trial.silent or "nothing that is offered would undo it")
        return False
    if undo not in trial.undo:
        trial.undo.append(undo)
    return _ask(trial, order)


def _take_back(trial: _Trial, *names: str) -> None:
    """Undo the orders for these resources, or, for a name of an order, that order."""
    for order in trial.undo[::-1]:
        if (order.get("id") in names or order["op"] in names) and _ask(trial, order):
            trial.undo.remove(order)


def _send(trial: _Trial, order: Order) -> str:
    trial.orders += 1
    return control.order(trial.session.target, order)


def _ask(trial: _Trial, order: Order) -> bool:
    """Give an order that must be answered 200; a second time if it is not. A refusal is a problem, silence is not."""
    problem = _send(trial, order)
    if problem:
        trial.sleep(trial.pause)
        problem = _send(trial, order)
    op = str(order["op"])
    if is_answer(problem):
        trial.problems.setdefault(op, f"It is offered and yet refused: {problem}.")
    elif problem:
        trial.silent = f"the control URL did not answer: {problem}"
        trial.untried.setdefault(op, trial.silent)
    return not problem


def _must_refuse(trial: _Trial, order: Order, what: str) -> None:
    """Give an order that must be answered 400."""
    problem = _send(trial, order)
    if not problem.startswith("HTTP 400") and (not problem or is_answer(problem)):
        trial.problems.setdefault(PROTOCOL, f"{what} was answered with {problem or 'HTTP 200'}, not with HTTP 400.")


def _unknown_orders(trial: _Trial) -> None:
    """One unknown op, one unknown id. What they change nevertheless, later looks show."""
    _must_refuse(trial, {"op": "no.such.op", "id": trial.eni}, "An unknown op")
    nobody = stranger(trial.eni, trial.offered, trial.ground.zones[0])
    if nobody:
        _must_refuse(trial, nobody, f"{nobody['op']} for an id that does not exist")


# --- looking -------------------------------------------------------------------------------------


def _watch(trial: _Trial, seen: Callable[[], T], fits: Callable[[T], bool], seconds: float) -> T:
    """Look until it fits or the time is over. Returns the last look, which is no earlier than that."""
    session = trial.session
    return look.look_until(seen, fits, seconds, clock=session.client.clock, pauses=ecs.pauses(session))


def _eni(trial: _Trial) -> Entry:
    found = ecs.describe_enis(trial.session, ids=[trial.eni])
    return next((entry for entry in found if entry.get("NetworkInterfaceId") == trial.eni), {})


def _instance(trial: _Trial) -> Entry:
    found = ecs.describe_instances(trial.session, [trial.instance])
    return next((entry for entry in found if entry.get("InstanceId") == trial.instance), {})


def _look(trial: _Trial) -> Seen:
    """The interface, and what was removed."""
    gone = {"security_group.remove", "vswitch.remove"} & trial.offered
    return Seen(
        _eni(trial),
        listed(trial.session, "security_group", trial.group)
        if trial.group and "security_group.remove" in gone
        else None,
        listed(trial.session, "vswitch", trial.vswitch) if trial.vswitch and "vswitch.remove" in gone else None,
    )


def _status(entry: Entry) -> str:
    return str(entry.get("Status", ""))


def _tell(trial: _Trial, problems: Mapping[str, str], untried: Mapping[str, str]) -> None:
    for capability, text in problems.items():
        trial.problems.setdefault(capability, text)
    for capability, text in untried.items():
        trial.untried.setdefault(capability, text)


# --- without an instance -------------------------------------------------------------------------


def _orders_without_instance(trial: _Trial) -> None:
    """Lay everything over the free interface, its group and its vSwitch at once, look, and reset it."""
    _unknown_orders(trial)
    eni, ground = trial.eni, trial.ground
    zone = next((z for z in ground.zones[1:]), f"{ground.region}-z")
    wanted = (
        (Laid("Status", "Deleting"), {"op": "eni.status", "status": "Deleting"}),
        (Laid("Type", "Trunk"), {"op": "eni.type", "type": "Trunk"}),
        (Laid("ZoneId", zone), {"op": "eni.zone", "value": zone}),
        (Laid("VpcId", ELSEWHERE), {"op": "eni.vpc", "value": ELSEWHERE}),
    )
    trial.laid = {o["op"]: laid for laid, o in wanted if _lay(trial, **o, id=eni)}
    _lay(trial, "security_group.type", id=trial.group, type="classic")
    _lay(trial, "security_group.full", id=trial.group, full=True)
    no_group = _lay(trial, "security_group.remove", id=trial.group)
    no_vswitch = _lay(trial, "vswitch.remove", id=trial.vswitch)

    def fits(seen: Seen) -> bool:
        hidden = not (no_group and seen.group) and not (no_vswitch and seen.vswitch)
        return hidden and all(seen.eni.get(laid.field) == laid.value for laid in trial.laid.values())

    seen = _switched_off(trial)
    if not fits(seen):
        seen = _watch(trial, lambda: _look(trial), fits, trial.lag)
    trial.laid_look = seen.eni
    for op, given, shown in (
        ("security_group.remove", no_group, seen.group),
        ("vswitch.remove", no_vswitch, seen.vswitch),
    ):
        if given and shown:
            trial.problems.setdefault(op, "What was removed is still described.")
        elif given and shown is None:
            trial.untried.setdefault(op, "the endpoint cannot describe what was to be removed")
        elif given:
            trial.removed.add(op)
    _take_back(trial, eni, trial.group, trial.vswitch)


def _switched_off(trial: _Trial) -> Seen:
    """The first look, while the region and a parameter are switched off: describing must work then as well."""
    if not trial.offered.intersection(EVERYWHERE):
        return _look(trial)
    there = common_folder(ecs.reach(trial.session.target))
    seen: Seen | None = None
    refused = ""
    with in_turn(there, exclusive=True, seconds=trial.session.patience):
        off = _lay(trial, "region.feature", region=trial.session.target.region, supported=False)
        _lay(trial, "parameter.unsupported", name=janitor.REFUSABLE[0], unsupported=True)
        try:
            seen = _look(trial)
        except ecs.SetupError as error:
            refused = error.code
        finally:
            _take_back(trial, *EVERYWHERE)
    if seen is None:
        seen = _look(trial)
        if off and refused:
            trial.problems.setdefault("region.feature", f"Describing was refused as well, with {refused}.")
    return seen


def _compare_back(trial: _Trial, back: Entry) -> None:
    """Judge what was laid over the free interface, now that it must be as it was."""
    trial.compared = True
    _tell(trial, *compare(trial.laid, trial.laid_look, back))
    if not trial.laid_look:
        return
    before = names(trial.laid_look, trial.group, trial.vswitch)
    after = names(back, trial.group, trial.vswitch)
    for op, own, named, later in zip(
        ("security_group.remove", "vswitch.remove"), (trial.group, trial.vswitch), before, after, strict=True
    ):
        if own and op in trial.offered and later and not named:
            trial.problems.setdefault(op, "The interface named it no longer until it was reset.")


def _restored(trial: _Trial, entry: Entry) -> bool:
    """Whether nothing is shown that was laid over the free interface."""
    return bool(entry) and not any(entry.get(laid.field) == laid.value for laid in trial.laid.values())


def _look_back(trial: _Trial) -> None:
    """Where the interface was not attached, it must be looked at for this alone."""
    if not trial.compared:
        _compare_back(trial, _watch(trial, lambda: _eni(trial), lambda e: _restored(trial, e), trial.lag))


# --- with an instance ----------------------------------------------------------------------------


def _await_instance(trial: _Trial) -> None:
    """Wait until the instance is Running. As long as that took, what must stay as it is will be watched."""
    if not trial.instance:
        return
    began = trial.now()
    shown = _watch(trial, lambda: _instance(trial), lambda i: _status(i) == "Running", trial.settle)
    if _status(shown) != "Running":
        raise ecs.SetupError("RunInstances", None, f"the new instance is {_status(shown) or 'not shown'}, not Running")
    trial.pause = min(max(trial.pause, trial.now() - began), look.LAID_LONGEST)
    primary = observe.primary_of(flatten(shown))
    if primary:
        trial.session.ledger.brought(trial.instance, primary)


def _orders_on_instance(trial: _Trial) -> None:
    """Lay a status over the running instance and let it be over its limit, look, and reset it. It is seen to be as it
    was before it is deleted."""
    _lay(trial, "instance.eni_limit", id=trial.instance, exceeded=True)
    if _lay(trial, "instance.status", id=trial.instance, status="Stopping"):
        laid = {"instance.status": Laid("Status", "Stopping")}
        shown = _watch(trial, lambda: _instance(trial), lambda i: _status(i) == "Stopping", trial.lag)
        _tell(trial, *compare(laid, shown, {}))
    _take_back(trial, trial.instance)


def _detach_held(trial: _Trial) -> None:
    """Detach the interface while it is held: it must stay Detaching."""
    ecs.detach_eni(trial.session, trial.instance, trial.eni)
    trial.sleep(trial.pause)
    seen = _watch(trial, lambda: _eni(trial), lambda e: _status(e) == "Detaching", trial.lag)
    if _status(seen) == "Available":
        trial.problems.setdefault("hold", "An interface that was attached, and detached, while held did not wait.")
    elif _status(seen) != "Detaching":
        trial.untried.setdefault("hold", f"an interface that was detached while held is {_status(seen) or 'not shown'}")


def _hold_and_release(trial: _Trial) -> None:
    """Attach the interface while it is held, see that it stays Attaching, and release it."""
    held = _lay(trial, "hold", id=trial.eni)
    trial.attached = True
    ecs.attach_eni(trial.session, trial.instance, trial.eni)
    began = trial.now()
    if held:
        trial.sleep(trial.pause)
        seen = _watch(
            trial,
            lambda: _eni(trial),
            lambda e: _status(e) == "Attaching" and _restored(trial, e),
            trial.lag,
        )
        _compare_back(trial, seen)
        at_once = _status(seen) == "InUse"  # where attaching takes no time there is nothing to hold
        if at_once:
            _detach_held(trial)
        elif _status(seen) != "Attaching":
            why = f"an interface that was attached while held is {_status(seen) or 'not shown'}"
            trial.untried.setdefault("hold", why)
        began = trial.now()
        _take_back(trial, trial.eni)
        if at_once:
            _watch(trial, lambda: _eni(trial), lambda e: _status(e) == "Available", trial.settle)
            ecs.attach_eni(trial.session, trial.instance, trial.eni)
    seen = _watch(trial, lambda: _eni(trial), lambda e: _status(e) == "InUse" and _restored(trial, e), trial.settle)
    if held and _status(seen) == "Attaching" and "reset" in trial.offered:
        _ask(trial, {"op": "reset", "id": trial.eni})
        seen = _watch(trial, lambda: _eni(trial), lambda e: _status(e) == "InUse", trial.settle)
        if _status(seen) == "InUse":
            trial.problems.setdefault("release", "The held interface stayed Attaching until it was reset.")
    if not trial.compared:
        _compare_back(trial, seen)
    if _status(seen) != "InUse":
        why = f"the interface is {_status(seen) or 'not shown'}, not InUse"
        raise ecs.SetupError("AttachNetworkInterface", None, why)
    trial.took = trial.now() - began


def _detach_under_detaching(trial: _Trial) -> None:
    """Lay Detaching over InUse, detach, see that it stays, reset, and see that the detach was not forgotten."""
    if not _lay(trial, "eni.status", id=trial.eni, status="Detaching"):
        return

    def lasting() -> str:
        return _status(_watch(trial, lambda: _eni(trial), lambda e: _status(e) == "Detaching", trial.lag))

    if trial.took > trial.pause / 2:  # else a status of its own is over when what must stay is looked at
        shown = lasting()
        if shown == "InUse":
            trial.problems.setdefault("eni.status", "Detaching was laid over InUse, and descriptions show InUse.")
    ecs.detach_eni(trial.session, trial.instance, trial.eni)
    trial.sleep(trial.pause)
    shown = lasting()
    if shown not in ("Detaching", ""):
        text = f"Detaching was laid over InUse, a detach was accepted, and before reset descriptions show {shown}."
        trial.problems.setdefault("eni.status", text)
    _take_back(trial, trial.eni)
    if shown != "Detaching" or "reset" not in trial.offered:
        return
    status = _at_rest(trial)
    if status == "InUse":
        _blame_reset(trial)
    elif status != "Available":
        why = f"after Detaching, an accepted detach and reset, the interface is {status or 'not shown'}"
        trial.untried.setdefault("reset", why)


def _at_rest(trial: _Trial) -> str:
    """The status that the interface comes to after a detach. InUse is believed as soon as no lag can explain it."""
    ends = ("Available", "InUse")
    status = _status(_watch(trial, lambda: _eni(trial), lambda e: _status(e) in ends, trial.settle))
    if status == "InUse":
        patience = trial.lag + 3 * trial.took
        status = _status(_watch(trial, lambda: _eni(trial), lambda e: _status(e) != "InUse", patience))
        if status != "InUse":
            status = _status(_watch(trial, lambda: _eni(trial), lambda e: _status(e) in ends, trial.settle))
    trial.stuck = status not in ends
    trial.ended = status
    return status


def _blame_reset(trial: _Trial) -> None:
    """It is InUse again. Reset forgot the detach if an ordinary one works; else the operation may be at fault."""
    ecs.detach_eni(trial.session, trial.instance, trial.eni)
    if _at_rest(trial) == "Available":
        text = "After Detaching, an accepted detach and reset, the interface is InUse again, and not Available."
        trial.problems.setdefault("reset", text)
    else:
        trial.untried.setdefault("reset", "an interface does not become Available by any detach")


# --- giving back ---------------------------------------------------------------------------------


def _give_back(trial: _Trial) -> None:
    """Undo what is not undone, and delete what was made. What does not go at once, the janitor tries."""
    for order in trial.undo[::-1]:
        _send(trial, order)
    if trial.eni and "reset" in trial.offered:  # there is nothing left to undo, and that is no error
        _ask(trial, {"op": "reset", "id": trial.eni})
    try:
        _remove(trial)
    except ecs.SetupError:
        for kind, name in (("security_group", trial.group), ("vswitch", trial.vswitch)):
            _is_missing(trial, kind, name)
        session = trial.session
        book = session.ledger.book()
        ours = [name for name in (trial.eni, trial.instance, trial.group, trial.vswitch) if name in book.owned]
        items = [
            marks.Item(book.owned[name].kind, name, session.run_id, book.owned[name].at)
            for name in ours
            if name not in book.gone
        ]
        janitor.remove(session, items, seconds=session.patience + trial.lag)


def _remove(trial: _Trial) -> None:
    """Detach and delete the interface, delete the instance, then what the interface lay in. Raises SetupError."""
    if trial.attached and trial.ended != "Available":
        ends = ("Available", "InUse", "")
        patience = 0.0 if trial.stuck else trial.settle
        if _status(_watch(trial, lambda: _eni(trial), lambda e: _status(e) in ends, patience)) == "InUse":
            ecs.detach_eni(trial.session, trial.instance, trial.eni)
            _at_rest(trial)
    if trial.eni:
        ecs.delete_eni(trial.session, trial.eni)
    if trial.instance:
        _instance_is_back(trial)
        ecs.delete_instance(trial.session, trial.instance)
    if trial.eni and _watch(trial, lambda: _eni(trial), lambda e: not e, trial.settle):
        raise ecs.SetupError("DeleteNetworkInterface", None, "it is still shown")
    if trial.group:
        _drop(trial, "security_group", trial.group)
    if trial.vswitch:
        _drop(trial, "vswitch", trial.vswitch)
    if trial.instance:
        _watch(trial, lambda: _instance(trial), lambda i: not i, trial.settle)


def _instance_is_back(trial: _Trial) -> None:
    """See that reset brought back the instance's status."""
    if "instance.status" not in trial.offered or {"instance.status", "reset"} & set(trial.problems):
        return
    shown = _watch(trial, lambda: _instance(trial), lambda i: _status(i) != "Stopping", trial.lag)
    if _status(shown) == "Stopping":
        trial.problems.setdefault("reset", "After instance.status and reset, Status is still Stopping.")


def _drop(trial: _Trial, kind: str, name: str) -> None:
    """Delete a group or vSwitch, unless reset did not bring it back. Raises SetupError."""
    session, one = trial.session, ecs.KINDS[kind]
    session.ledger.check(name)
    missing = False

    def final(exchange: Exchange) -> bool:
        nonlocal missing
        missing = ecs.is_absent(exchange) and _is_missing(trial, kind, name)
        return missing or ecs.succeeded(exchange)

    def delete() -> Exchange:
        return ecs.send(session, one.delete, [session.region, (one.key, name)], vpc=one.vpc)

    exchange = _watch(trial, delete, final, session.patience)
    if ecs.succeeded(exchange):
        session.ledger.gone(name)
    elif not missing:
        raise ecs.SetupError(one.delete, exchange, "it was made for this check")


def _is_missing(trial: _Trial, kind: str, name: str) -> bool:
    """Whether what was removed is not even described after reset: that is a problem."""
    op = f"{kind}.remove"
    if not name or op not in trial.removed:
        return False
    if _watch(trial, lambda: listed(trial.session, kind, name), bool, trial.lag) is not False:
        return False
    trial.problems.setdefault("reset", f"After {op} and reset, what was removed is still not there.")
    return True
