"""Calls for a World: valid ones, and every way to break exactly one precondition in it.

`core(world)` lists the single faults that the World offers, each with a label that says what is broken; strategies take
from that list, so a class of fault is never left to luck. Pure apart from drawing.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from eni_conformance.contract.detach import OF_SDKS
from eni_conformance.contract.scenario import Arg, Call, Detach, InstanceSpec, Wire, World
from eni_conformance.contract.texts import FORMS, REGION_FORMS
from hypothesis import strategies as st

REGION = Arg("RegionId", "region")
IDS = ("InstanceId", "NetworkInterfaceId")
NAMES = ("RegionId", *IDS)
UNKNOWN = "last changed"
"""The plainest form of an identifier that denotes nothing: well-formed, and one character off."""
UNKNOWN_REGION = "unknown region"


def text(name: str, value: str) -> Arg:
    """A parameter with this text, whatever the World."""
    return Arg(name, "", f"text:{value}")


# --- what may ride along -------------------------------------------------------------------------

OPTIONAL = tuple(text(p.name, p.example) for p in OF_SDKS)
"""Each parameter that the SDKs declare besides, as the contract's example has it."""
OWNER, OWNER_ID = OPTIONAL[:2]
OWNER_UNICODE = text("OwnerAccount", "子账号@例子.com")
OWNER_LONG = text("OwnerAccount", "a-rather-long-name-of-a-sub-user@a-rather-long-domain.onaliyun.com")
OWNERS_ALL = (OWNER, text("OwnerId", "1"), text("ResourceOwnerId", "1"))
# Parameters that may ride along without changing what is asked.
EXTRAS: tuple[tuple[Arg, ...], ...] = (
    (),
    *((one,) for one in OPTIONAL),
    (text("OwnerAccount", "user@example.onaliyun.com"),),
    (OWNER_UNICODE,),
    (OWNER_LONG,),
    OWNERS_ALL,
)
UNHEARD = (text("Foo", "bar"),)
RIDING_ALONG = ((), UNHEARD, (OWNER,), (OWNER, OWNER))
"""Nothing, what nobody declares, what the page declares, and that twice."""
DRY_RUN = (text("DryRun", "false"),)
PUNCTUATION = (text("Description", "a +*~'()!é%&="),)
A_HUNDRED = tuple(text(f"X{i}", str(i)) for i in range(100))
UNDECLARED: tuple[tuple[Arg, ...], ...] = (
    UNHEARD,
    DRY_RUN,
    (text("ClientToken", "token-1"),),
    PUNCTUATION,
    (text("instanceId", "x"),),
    (text("Tag.1.Key", "k"), text("Tag.1.Value", "v")),
    tuple(text(f"Extra{i}", str(i)) for i in range(30)),
    A_HUNDRED,
)
PLAIN_IN = 8
"""Of what is drawn to ride along, so many times nothing for each time something."""


@functools.cache
def extras() -> st.SearchStrategy[tuple[Arg, ...]]:
    """Parameters that ride along; mostly none."""
    return st.sampled_from(EXTRAS[:1] * PLAIN_IN + EXTRAS)


# --- calls ---------------------------------------------------------------------------------------


class Labelled(NamedTuple):
    """A call and what it is for."""

    label: str
    call: Call


def valid(eni: int, instance: int = 0) -> Call:
    """The plain call that names this interface and this instance."""
    return Call((REGION, Arg("InstanceId", f"instance:{instance}"), Arg("NetworkInterfaceId", f"eni:{eni}")))


def on(world: World, eni: int) -> Call:
    """The plain call that names this interface and the instance that holds it."""
    return valid(eni, place_of(world, eni))


def primary(instance: int = 0, of: int | None = None) -> Call:
    """A call on the primary interface of an instance, or of another one (`of`)."""
    eni = Arg("NetworkInterfaceId", f"primary:{instance if of is None else of}")
    return Call((REGION, Arg("InstanceId", f"instance:{instance}"), eni))


def formed(call: Call, name: str, form: str) -> Call:
    """The call with another form of the text of one parameter."""
    return _each(call, lambda a: dataclasses.replace(a, form=form) if a.name == name else a)


def unknown(call: Call, *names: str) -> Call:
    """The call with identifiers that denote nothing."""
    for name in names:
        call = formed(call, name, UNKNOWN_REGION if name == "RegionId" else UNKNOWN)
    return call


def without(call: Call, *names: str) -> Call:
    """The call without these parameters."""
    return dataclasses.replace(call, args=tuple(a for a in call.args if a.name not in names))


def dressed(call: Call, wire: Wire, extra: Sequence[Arg] = (), caller: str = "") -> Call:
    """The same call in another wire form, with parameters that ride along, by another caller."""
    return Call((*call.args, *extra), wire, caller or call.caller)


def send(call: Call, wire: Wire | None = None, extra: Sequence[Arg] = (), caller: str = "") -> Detach:
    """The call as a step of a Scenario, dressed."""
    return Detach(dressed(call, wire or call.wire, extra, caller))


def _each(call: Call, change: Callable[[Arg], Arg]) -> Call:
    """The call with each parameter changed."""
    return dataclasses.replace(call, args=tuple(change(a) for a in call.args))


def targets(world: World) -> list[int]:
    """Interfaces that a valid call may detach: InUse, on a steady instance, without a fault."""
    return [
        k
        for k, eni in enumerate(world.enis)
        if eni.status == "InUse" and eni.on is not None and not eni.fault and steady(world.instances[eni.on])
    ]


def steady(instance: InstanceSpec) -> bool:
    """Whether the instance may lose an interface."""
    return instance.status in ("Running", "Stopped") and not instance.fault


def place_of(world: World, eni: int) -> int:
    """The instance that a call on this interface names; 0 for an unattached one."""
    return world.enis[eni].on or 0


# --- single faults -------------------------------------------------------------------------------


def missing(call: Call) -> Iterator[Labelled]:
    """Each required parameter, and each set of them, left out."""
    for subset in (
        ("InstanceId",), ("NetworkInterfaceId",), ("RegionId",), ("InstanceId", "NetworkInterfaceId"),
        ("InstanceId", "RegionId"), ("NetworkInterfaceId", "RegionId"), NAMES,
    ):  # fmt: skip
        yield Labelled("missing " + "+".join(subset), without(call, *subset))


OTHER_NAMES = {
    "InstanceId": ("instanceId", "InstanceID", "InstanceId.1", "instance_id"),
    "NetworkInterfaceId": ("networkInterfaceId", "NetworkInterfaceID", "NetworkInterfaceId.1", "EniId"),
    "RegionId": ("regionId", "Region"),
}


def misnamed(call: Call) -> Iterator[Labelled]:
    """A required parameter under a name that the page does not know."""
    for name, others in OTHER_NAMES.items():
        for other in others:
            args = tuple(dataclasses.replace(a, name=other) if a.name == name else a for a in call.args)
            yield Labelled(f"misnamed {name} as {other}", dataclasses.replace(call, args=args))


def malformed(call: Call) -> Iterator[Labelled]:
    """Each identifier in each form but the exact one."""
    for arg in call.args:
        for form in REGION_FORMS if arg.name == "RegionId" else FORMS:
            if form != "exact":
                yield Labelled(f"{arg.name} {form}", formed(call, arg.name, form))


def confused(call: Call, instance: int, eni: int) -> Iterator[Labelled]:
    """An identifier of another kind of resource in place of the right one."""
    for name, ref in (
        ("InstanceId", f"eni:{eni}"), ("InstanceId", f"primary:{instance}"), ("InstanceId", "region"),
        ("InstanceId", f"instance_name:{instance}"), ("NetworkInterfaceId", f"instance:{instance}"),
        ("NetworkInterfaceId", "region"), ("RegionId", "zone"), ("RegionId", "second_region"),
        ("RegionId", f"instance:{instance}"),
    ):  # fmt: skip
        yield Labelled(f"{name} is {ref.partition(':')[0]}", _each(call, _naming(name, ref)))
    swapped = {"InstanceId": f"eni:{eni}", "NetworkInterfaceId": f"instance:{instance}"}
    both = call
    for name, ref in swapped.items():
        both = _each(both, _naming(name, ref))
    yield Labelled("ids swapped", both)


def _naming(name: str, ref: str) -> Callable[[Arg], Arg]:
    return lambda arg: Arg(name, ref) if arg.name == name else arg


def repeated(call: Call) -> Iterator[Labelled]:
    """A required parameter twice, with a value that denotes nothing in both places."""
    for arg in call.args:
        if arg.name in IDS:
            base = unknown(call, arg.name)
            for label, form in (("unknown", UNKNOWN), ("two unknown", f"{UNKNOWN} twice")):
                args = (*base.args, dataclasses.replace(arg, form=form))
                yield Labelled(f"{arg.name} twice, {label}", dataclasses.replace(base, args=args))


def twice(call: Call, other: Arg) -> tuple[Call, Call]:
    """The call with another value of one of its parameters, after all that it has and before them."""
    return dataclasses.replace(call, args=(*call.args, other)), dataclasses.replace(call, args=(other, *call.args))


def primaries(world: World) -> Iterator[Labelled]:
    """The primary interface of each instance that is in a state to lose an interface."""
    for i, instance in enumerate(world.instances):
        if steady(instance):
            yield Labelled("primary", primary(i))


def elsewhere(world: World) -> Iterator[Labelled]:
    """Each attached interface, with each instance that does not hold it."""
    for k, eni in enumerate(world.enis):
        for i in range(len(world.instances)):
            if eni.on is not None and i != eni.on:
                yield Labelled("other instance", valid(k, i))


def stateful(world: World) -> Iterator[Labelled]:
    """Calls that name existing resources in a state or relation that refuses them."""
    yield from primaries(world)
    free = targets(world)
    for k, eni in enumerate(world.enis):
        if k not in free:
            yield Labelled(f"interface {eni.status} {eni.fault}".strip(), on(world, k))
    yield from elsewhere(world)
    if len(world.instances) > 1:
        yield Labelled("primary of another instance", primary(1, of=0))


CORE_FORMS = (UNKNOWN, "half", "empty", "middle changed", "sql", "upper", "trailing space")
CORE_REGIONS = (UNKNOWN_REGION, "empty", "upper", "slash")
"""The forms of identifiers, and of regions, that are tried in every World."""


def core(world: World) -> list[Labelled]:
    """One call per class of single fault, for every interface of the world; all forms of texts are in `texts`."""
    out = list(stateful(world))
    for k in bases(world):
        base = on(world, k)
        out += missing(base)
        out += confused(base, place_of(world, k), k)
        out += [Labelled(f"{n} {form}", formed(base, n, form)) for form, n in itertools.product(CORE_FORMS, IDS)]
        out += [Labelled(f"RegionId {form}", formed(base, "RegionId", form)) for form in CORE_REGIONS]
    return out


def plainest(world: World) -> list[Labelled]:
    """The plainest call of each kind of fault: a few for each interface, where `core` would be too many."""
    out = [*primaries(world), *elsewhere(world)]
    for k in bases(world):
        base = on(world, k)
        out += [Labelled("missing InstanceId", without(base, "InstanceId"))]
        out += [Labelled(f"{name} {UNKNOWN}", unknown(base, name)) for name in NAMES]
        out += [Labelled("InstanceId half", formed(base, "InstanceId", "half"))]
    return out


def bases(world: World) -> list[int]:
    """Interfaces whose valid call is made invalid: those that may be detached, else the first."""
    return targets(world) or list(range(len(world.enis)))[:1]


def one_of_each(labelled: Sequence[Labelled]) -> list[Labelled]:
    """The first of each class."""
    seen: dict[str, Labelled] = {}
    for item in labelled:
        seen.setdefault(item.label, item)
    return list(seen.values())


def texts(world: World) -> list[Labelled]:
    """Every form of every identifier, every misnaming and repetition, on the first interface and the last."""
    chosen = bases(world)
    out: list[Labelled] = []
    for k in dict.fromkeys((*chosen[:1], *chosen[-1:])):
        base = on(world, k)
        out += [*malformed(base), *misnamed(base), *repeated(base)]
    return out
