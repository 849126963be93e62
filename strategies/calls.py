"""Calls for a World: valid ones, and every way to break exactly one precondition in it.

`faulty(world)` lists the single faults that the world offers, each with a label that says what is broken;
strategies draw from that list, so a class of fault is never left to luck. Pure apart from drawing.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from eni_conformance.contract.scenario import Arg, Call, InstanceSpec, Wire, World
from eni_conformance.contract.texts import FORMS, REGION_FORMS
from hypothesis import strategies as st

REGION = Arg("RegionId", "region")
OWNER = Arg("OwnerAccount", "", "text:ECSforCloud@Alibaba.com")
NAMES = ("RegionId", "InstanceId", "NetworkInterfaceId")

# Parameters that may ride along without changing what is asked.
EXTRAS: tuple[tuple[Arg, ...], ...] = (
    (),
    (OWNER,),
    (Arg("OwnerAccount", "", "text:user@example.onaliyun.com"),),
    (Arg("OwnerAccount", "", "text:子账号@例子.com"),),
    (Arg("OwnerAccount", "", "text:a-rather-long-name-of-a-sub-user@a-rather-long-domain.onaliyun.com"),),
    (Arg("OwnerId", "", "text:155780923770"),),
    (Arg("ResourceOwnerId", "", "text:155780923770"),),
    (Arg("ResourceOwnerAccount", "", "text:ECSforCloud@Alibaba.com"),),
    (OWNER, Arg("OwnerId", "", "text:1"), Arg("ResourceOwnerId", "", "text:1")),
)
UNDECLARED: tuple[tuple[Arg, ...], ...] = (
    (Arg("Foo", "", "text:bar"),),
    (Arg("DryRun", "", "text:false"),),
    (Arg("ClientToken", "", "text:token-1"),),
    (Arg("Description", "", "text:a +*~'()!é%&="),),
    (Arg("instanceId", "", "text:x"),),
    (Arg("Tag.1.Key", "", "text:k"), Arg("Tag.1.Value", "", "text:v")),
    tuple(Arg(f"Extra{i}", "", f"text:{i}") for i in range(30)),
    tuple(Arg(f"X{i}", "", f"text:{i}") for i in range(100)),
)


class Labelled(NamedTuple):
    """A call and what it is for."""

    label: str
    call: Call


def targets(world: World) -> list[int]:
    """Interfaces that a valid call may detach: InUse, on a steady instance, without a fault."""
    return [
        k
        for k, eni in enumerate(world.enis)
        if eni.status == "InUse" and eni.on is not None and not eni.fault and _steady(world.instances[eni.on])
    ]


def _steady(instance: InstanceSpec) -> bool:
    return instance.status in ("Running", "Stopped") and not instance.over_eni_limit


def valid(eni: int, instance: int = 0, *extra: Arg, wire: Wire = Wire()) -> Call:  # noqa: B008
    """The plain call that names this interface and this instance."""
    base = (REGION, Arg("InstanceId", f"instance:{instance}"), Arg("NetworkInterfaceId", f"eni:{eni}"))
    return Call((*base, *extra), wire)


def formed(call: Call, name: str, form: str) -> Call:
    """The call with another form of the text of one parameter."""
    return dataclasses.replace(
        call, args=tuple(dataclasses.replace(a, form=form) if a.name == name else a for a in call.args)
    )


def _with(call: Call, name: str, arg: Arg | None) -> Call:
    """The call with one parameter replaced or left out."""
    args = tuple(a for a in call.args if a.name != name) if arg is None else tuple(
        arg if a.name == name else a for a in call.args
    )  # fmt: skip
    return dataclasses.replace(call, args=args)


def place_of(world: World, eni: int) -> int:
    """The instance that a call on this interface names; 0 for an unattached one."""
    on = world.enis[eni].on
    return on if on is not None else 0


def missing(call: Call) -> Iterator[Labelled]:
    """Each required parameter, and each set of them, left out."""
    for subset in (
        ("InstanceId",), ("NetworkInterfaceId",), ("RegionId",), ("InstanceId", "NetworkInterfaceId"),
        ("InstanceId", "RegionId"), ("NetworkInterfaceId", "RegionId"), NAMES,
    ):  # fmt: skip
        cut = call
        for name in subset:
            cut = _with(cut, name, None)
        yield Labelled("missing " + "+".join(subset), cut)


def misnamed(call: Call) -> Iterator[Labelled]:
    """A required parameter under a name that the page does not know."""
    for name, other in (
        ("InstanceId", "instanceId"), ("InstanceId", "InstanceID"), ("InstanceId", "InstanceId.1"),
        ("InstanceId", "instance_id"), ("NetworkInterfaceId", "networkInterfaceId"),
        ("NetworkInterfaceId", "NetworkInterfaceID"), ("NetworkInterfaceId", "NetworkInterfaceId.1"),
        ("NetworkInterfaceId", "EniId"), ("RegionId", "regionId"), ("RegionId", "Region"),
    ):  # fmt: skip
        args = tuple(dataclasses.replace(a, name=other) if a.name == name else a for a in call.args)
        yield Labelled(f"misnamed {name} as {other}", dataclasses.replace(call, args=args))


def malformed(call: Call) -> Iterator[Labelled]:
    """Each identifier in each form but the exact one."""
    for arg in call.args:
        if arg.name in NAMES and arg.form == "exact":
            forms = REGION_FORMS if arg.name == "RegionId" else FORMS
            for form in forms:
                if form != "exact":
                    yield Labelled(f"{arg.name} {form}", _with(call, arg.name, dataclasses.replace(arg, form=form)))


def confused(call: Call, instance: int, eni: int) -> Iterator[Labelled]:
    """An identifier of another kind of resource in place of the right one."""
    for name, ref in (
        ("InstanceId", f"eni:{eni}"), ("InstanceId", f"primary:{instance}"), ("InstanceId", "region"),
        ("InstanceId", f"instance_name:{instance}"), ("NetworkInterfaceId", f"instance:{instance}"),
        ("NetworkInterfaceId", "region"), ("RegionId", "zone"), ("RegionId", "second_region"),
        ("RegionId", f"instance:{instance}"),
    ):  # fmt: skip
        yield Labelled(f"{name} is {ref.partition(':')[0]}", _with(call, name, Arg(name, ref)))
    args = {a.name: a for a in call.args}
    swapped = _with(call, "InstanceId", dataclasses.replace(args["NetworkInterfaceId"], name="InstanceId"))
    swapped = _with(swapped, "NetworkInterfaceId", dataclasses.replace(args["InstanceId"], name="NetworkInterfaceId"))
    yield Labelled("ids swapped", swapped)


def repeated(call: Call) -> Iterator[Labelled]:
    """A required parameter twice, with a value that denotes nothing in both places."""
    for arg in call.args:
        if arg.name in ("InstanceId", "NetworkInterfaceId"):
            bad = dataclasses.replace(arg, form="last changed")
            worse = dataclasses.replace(arg, form="last changed twice")
            base = _with(call, arg.name, bad)
            yield Labelled(f"{arg.name} twice, unknown", dataclasses.replace(base, args=(*base.args, bad)))
            yield Labelled(f"{arg.name} twice, two unknown", dataclasses.replace(base, args=(*base.args, worse)))


def twice(call: Call, other: Arg) -> tuple[Call, Call]:
    """The call with another value of one of its parameters, after all that it has and before them."""
    return dataclasses.replace(call, args=(*call.args, other)), dataclasses.replace(call, args=(other, *call.args))


def stateful(world: World) -> Iterator[Labelled]:
    """Calls that name existing resources in a state or relation that refuses them."""
    for i, instance in enumerate(world.instances):
        if _steady(instance):
            args = (REGION, Arg("InstanceId", f"instance:{i}"), Arg("NetworkInterfaceId", f"primary:{i}"))
            yield Labelled("primary", Call(args))
    for k, eni in enumerate(world.enis):
        at = place_of(world, k)
        if eni.on is None or eni.status != "InUse" or eni.fault or not _steady(world.instances[at]):
            yield Labelled(f"interface {eni.status} {eni.fault}".strip(), valid(k, at))
        if eni.on is not None:
            for i in range(len(world.instances)):
                if i != eni.on:
                    yield Labelled("other instance", valid(k, i))
    if len(world.instances) > 1:
        args = (REGION, Arg("InstanceId", "instance:1"), Arg("NetworkInterfaceId", "primary:0"))
        yield Labelled("primary of another instance", Call(args))


def core(world: World) -> list[Labelled]:
    """One call per class of single fault, for every interface of the world; forms of texts are apart."""
    out = list(stateful(world))
    for k in targets(world) or ([0] if world.enis else []):
        base = valid(k, place_of(world, k))
        out += missing(base)
        out += confused(base, place_of(world, k), k)
        for arg, form in (
            ("InstanceId", "last changed"), ("NetworkInterfaceId", "last changed"), ("InstanceId", "half"),
            ("NetworkInterfaceId", "half"), ("InstanceId", "empty"), ("NetworkInterfaceId", "empty"),
            ("InstanceId", "middle changed"), ("NetworkInterfaceId", "middle changed"),
            ("InstanceId", "sql"), ("NetworkInterfaceId", "sql"), ("InstanceId", "upper"),
            ("NetworkInterfaceId", "upper"), ("InstanceId", "trailing space"),
            ("NetworkInterfaceId", "trailing space"),
        ):  # fmt: skip
            old = next(a for a in base.args if a.name == arg)
            out.append(Labelled(f"{arg} {form}", _with(base, arg, dataclasses.replace(old, form=form))))
        for form in ("unknown region", "empty", "upper", "slash"):
            out.append(Labelled(f"RegionId {form}", _with(base, "RegionId", Arg("RegionId", "region", form))))
    return out


def texts(world: World) -> list[Labelled]:
    """Every form of every identifier, every misnaming and repetition, on the first interface and the last."""
    out: list[Labelled] = []
    chosen = targets(world) or ([0] if world.enis else [])
    for k in dict.fromkeys((*chosen[:1], *chosen[-1:])):
        base = valid(k, place_of(world, k))
        out += malformed(base)
        out += misnamed(base)
        out += repeated(base)
    return out


def dressed(call: Call, wire: Wire, extra: Sequence[Arg], caller: str = "") -> Call:
    """The same call in another wire form, with parameters that ride along, by another caller."""
    return Call((*call.args, *extra), wire, caller or call.caller)


@functools.cache
def extras() -> st.SearchStrategy[tuple[Arg, ...]]:
    """Parameters that ride along; mostly none."""
    return st.sampled_from(EXTRAS[:1] * 8 + EXTRAS)
