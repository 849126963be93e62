"""Which two conditions of a call have met: of its World, parameters, caller and wire form, and what came before it.

A defect behind any two ordinary conditions shows only where both stand in one call. So every judged call is a row of
values, one for each dimension, and the report says of all pairs of values that can meet how many have. Pure.
"""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass

from eni_conformance.contract.scenario import ACTIONS, Call, EniSpec, InstanceSpec
from eni_conformance.harness.history import Acted, Created, Event, Overlapped, Probed, Sent
from eni_conformance.harness.values import Deed, Exchange, Param
from eni_conformance.oracle.answers import Read, declared
from eni_conformance.oracle.follow import State
from eni_conformance.oracle.readings import EniKnown, InstanceKnown
from eni_conformance.oracle.results import Pairwise, Successions
from eni_conformance.oracle.tally import Pair

OF_THE_INSTANCE = ("instance past", "zone")
OF_THE_INTERFACE = (
    "interface past", "tags", "groups", "addresses", "name", "description", "released with it", "vSwitch",
)  # fmt: skip
DIMENSIONS = (
    "instance state", "interface state", "attachment", "caller", "RegionId", "InstanceId", "NetworkInterfaceId",
    "method", "format", "signing", "order", "connection", "style", "other parameters", "after", "right before",
    *OF_THE_INSTANCE, *OF_THE_INTERFACE,
)  # fmt: skip
NAMES = {"": "empty", "short": "plain"}
NONE = "none"
"""The value of what belongs to a resource, where the call names none that the World says anything about."""
UNCHANGED = "nothing"
"""What a call comes after, as long as nothing has changed the World that was arranged."""


def row(state: State, read: Read, past: Past) -> tuple[str, ...]:
    """The values of a judged call, in the order of DIMENSIONS."""
    known, call, arranged = state.known, read.call, state.arranged
    values = {p.name: p for p in read.asked.params}
    of_eni, of_instance = values.get("NetworkInterfaceId"), values.get("InstanceId")
    eni = known.enis.get(of_eni.text) if of_eni else None
    instance = known.instances.get(of_instance.text) if of_instance else None
    specs = dict(zip(arranged.enis, state.scenario.world.enis, strict=False))
    hosts = dict(zip(arranged.instances, state.scenario.world.instances, strict=False))
    wire = call.wire
    return (
        "/".join(sorted(instance.statuses)) if instance else NONE,
        "/".join(sorted(s or "gone" for s in eni.statuses)) if eni else NONE,
        _attachment(eni, instance),
        call.caller,
        _form(values.get("RegionId")),
        _form(of_instance),
        _form(of_eni),
        f"{wire.method} {wire.place}",
        wire.format or "default",
        wire.signing,
        wire.order,
        "new" if wire.fresh else "kept",
        wire.style or "usual",
        _others(state, [p.name for p in read.asked.params]),
        past.after,
        past.right_before,
        *_of_instance(hosts.get(instance.id) if instance else None),
        *_of_interface(specs.get(eni.id) if eni else None),
    )


def _attachment(eni: EniKnown | None, instance: InstanceKnown | None) -> str:
    """Where the interface is, as seen from the instance."""
    if eni is None:
        return NONE
    if eni.type == "Primary":
        return "primary"
    if instance and instance.id in eni.on:
        return "this"
    return "other" if any(eni.on) else "unattached"


def _form(param: Param | None) -> str:
    return "missing" if param is None else param.kind


def _others(state: State, names: Sequence[str]) -> str:
    """What rides along with the three parameters of the call."""
    if len(set(names)) < len(names):
        return "repeated"
    if set(names) - declared(state.operation):
        return "undeclared"
    return "optional" if len(names) > 3 else NONE


def _of_instance(spec: InstanceSpec | None) -> tuple[str, ...]:
    return (spec.past, str(spec.zone)) if spec else (NONE,) * len(OF_THE_INSTANCE)


def _of_interface(spec: EniSpec | None) -> tuple[str, ...]:
    if spec is None:
        return (NONE,) * len(OF_THE_INTERFACE)
    return (
        spec.past, _few(spec.tags), _few(spec.groups), _few(spec.addresses), NAMES.get(spec.name, spec.name),
        spec.description or "empty", {None: "unsaid", True: "yes", False: "no"}[spec.delete_on_release],
        "another" if spec.other_vswitch else "usual",
    )  # fmt: skip


def _few(n: int) -> str:
    """A number as a class."""
    return str(n) if n < 2 else "several"


CALLED = {
    "detach": "accepted call",
    "refused call": "refused call",
    "call of another": "call of another",
    "wrongly signed call": "wrongly signed call",
    "calls at once": "calls at once",
}
"""Steps that call the operation -> what they are as what comes right before a call."""
STEPS = (*CALLED, *(op.replace("_", " ") for op in ACTIONS if op != "describe"))
"""Everything that may come right after each other: calls, and what was carried out around them."""


@dataclass(frozen=True)
class Past:
    """What was before a call. after: what has changed the World last; right_before: what was sent last. step: the
    same as one of STEPS, "" before the first one."""

    after: str = UNCHANGED
    right_before: str = UNCHANGED
    step: str = ""


def follow(past: Past, event: Event, reads: Sequence[Read]) -> Past:
    """The past of what comes after this event. Looks, and operations that were refused, are no part of it."""
    step = _step(event, reads)
    if not step:
        return past
    changed = step == "detach" or step not in CALLED
    if isinstance(event, Overlapped):
        changed = any(part.exchange.status == 200 for part in event.parts)
    return Past(step if changed else past.after, CALLED.get(step, "operation"), step)


def _step(event: Event, reads: Sequence[Read]) -> str:
    match event:
        case Sent(call=Call(caller=caller)):
            if any(read.reply and read.reply.success for read in reads):
                return "detach"
            return "refused call" if caller == "account" else "call of another"
        case Probed():
            return "wrongly signed call"
        case Acted(deed=Deed(op=op), exchange=Exchange(status=200)) if op != "describe":
            return op.replace("_", " ")
        case Created():
            return "create"
        case Overlapped():
            return "calls at once"
    return ""


def successions(met: Collection[str]) -> Successions:
    """Which of STEPS came right after which."""
    every = [two(one, other) for one, other in itertools.product(STEPS, repeat=2)]
    lacking = tuple(name for name in every if name not in met)
    return Successions(len(every) - len(lacking), len(every), lacking)


def two(one: str, other: str) -> str:
    """The name of a step that came right after another one."""
    return f"{one}, then {other}"


def certain(row: Sequence[str]) -> bool:
    """Whether the states in a row of dimensions are known for certain."""
    return "/" not in row[0] and "/" not in row[1]


@functools.lru_cache(maxsize=8192)
def pairs(row: tuple[str, ...]) -> frozenset[Pair]:
    """Every two places of a row, with what stands there."""
    return frozenset((i, a, j, b) for (i, a), (j, b) in itertools.combinations(enumerate(row), 2))


def pairwise(met: Set[Pair]) -> Pairwise:
    """Which pairs of values of the dimensions met, of all that can."""
    values: dict[int, set[str]] = defaultdict(set)
    for a, b, c, d in met:
        values[a].add(b)
        values[c].add(d)
    total = 0
    lacking: list[tuple[str, str, str, str]] = []
    for i, j in itertools.combinations(range(len(DIMENSIONS)), 2):
        for b, d in itertools.product(sorted(values[i]), sorted(values[j])):
            if possible(DIMENSIONS[i], b, DIMENSIONS[j], d):
                total += 1
                if (i, b, j, d) not in met:
                    lacking.append((DIMENSIONS[i], b, DIMENSIONS[j], d))
    return Pairwise(DIMENSIONS, total - len(lacking), total, tuple(lacking))


LINKED = ("InUse", "Attaching", "Detaching")
NAMED_BY = {
    "instance state": "InstanceId",
    **dict.fromkeys(OF_THE_INSTANCE, "InstanceId"),
    "interface state": "NetworkInterfaceId",
    "attachment": "NetworkInterfaceId",
    **dict.fromkeys(OF_THE_INTERFACE, "NetworkInterfaceId"),
}
"""What belongs to a resource -> the parameter that names it."""
SAID = frozenset((*OF_THE_INSTANCE, *OF_THE_INTERFACE))
"""What a World says of the resources that it asks for, and not of primary interfaces or of what another tenant owns."""


HELD = {
    "instance state": ("Pending", "Starting", "Stopping"),
    "interface state": ("Attaching", "Deleting"),
}
"""States that pass: the World holds them from its beginning, and whatever changed it would have let them go."""


def possible(one: str, b: str, other: str, d: str) -> bool:
    """Whether two values of dimensions can stand in one call at all: an id that denotes nothing has no state."""
    named = {one: b, other: d}
    after, right_before = named.get("after"), named.get("right before")
    if after is not None and right_before is not None:
        return _of_one_past(after, right_before)
    if (right_before in MOVING or after not in (None, UNCHANGED)) and any(named.get(n) in s for n, s in HELD.items()):
        return False
    about = [name for name in named if name in NAMED_BY]
    if len(about) == 2 and NAMED_BY[one] == NAMED_BY[other]:
        return _of_one_resource(one, b, other, d) and _of_one_resource(other, d, one, b)
    for name in about:
        exact = named.get(NAMED_BY[name], "exact") == "exact"
        if NAMED_BY[name] in named and not (named[name] == NONE or exact):
            return False
        if NAMED_BY[name] in named and name not in SAID and named[name] == NONE and exact:
            return False
    if named.get("attachment") == "this":
        return named.get("InstanceId", "exact") == "exact" and named.get("instance state") != NONE
    return True


MOVING = ("accepted call", "operation")


def _of_one_past(after: str, right_before: str) -> bool:
    """Whether what changed the World last leaves room for what was sent last."""
    match right_before:
        case "nothing":
            return after == UNCHANGED
        case "accepted call":
            return after == "detach"
        case "operation":
            return after not in (UNCHANGED, "detach", "calls at once")
    return True


def _of_one_resource(one: str, b: str, other: str, d: str) -> bool:
    """Whether one value leaves room for the other, where both belong to the same resource."""
    if one in SAID:
        if b == NONE:
            return (
                d == NONE or (other == "interface state" and d == "InUse") or (other == "attachment" and d == "primary")
            )
        if d == "Pending":
            return b not in ("restarted", "rebooted")
        return d not in (NONE, "primary") and (one, b, d) != ("interface past", "moved", "unattached")
    if one == "interface state" and other == "attachment":
        if b == NONE or d == NONE:
            return b == d
        if d == "primary":
            return b == "InUse"
        return d in ("this", "other") if b in LINKED else d == "unattached"
    return True
