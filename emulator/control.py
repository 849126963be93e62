"""The control protocol: a small JSON door for worlds that no public operation can build.

`docs/control-protocol.md` specifies it.  One function per capability; the table at the end is
what GET offers.  Extensions of this emulator follow the capabilities that the protocol names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eni_conformance.emulator.catalogue import REGIONS
from eni_conformance.emulator.instances import STATUSES as INSTANCE_STATUSES
from eni_conformance.emulator.interfaces import STATUSES as INTERFACE_STATUSES
from eni_conformance.emulator.state import Cloud, Instance, NetworkInterface, Resource, SecurityGroup, VSwitch
from eni_conformance.emulator.switches import switch_composed, switch_fault, switch_variant

Body = dict[str, Any]


class Unusable(ValueError):
    """A control call that cannot be carried out; its text is the answer's `error`."""


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Unusable(f"{name} must be a non-empty string")
    return value


def _flag(body: Body, name: str) -> bool:
    value = body.get(name)
    if not isinstance(value, bool):
        raise Unusable(f"{name} must be true or false")
    return value


def _one_of(body: Body, name: str, allowed: tuple[str, ...]) -> str:
    value = _text(body, name)
    if value not in allowed:
        raise Unusable(f"{name} must be one of {', '.join(allowed)}")
    return value


def _resource(cloud: Cloud, body: Body) -> Resource:
    found = cloud.find(_text(body, "id"))
    if found is None:
        raise Unusable(f"there is no resource {body['id']}")
    return found


def _interface(cloud: Cloud, body: Body) -> NetworkInterface:
    found = cloud.interfaces.get(_text(body, "id"))
    if found is None:
        raise Unusable(f"there is no network interface {body['id']}")
    return found


def _instance(cloud: Cloud, body: Body) -> Instance:
    found = cloud.instances.get(_text(body, "id"))
    if found is None:
        raise Unusable(f"there is no instance {body['id']}")
    return found


def _group(cloud: Cloud, body: Body) -> SecurityGroup:
    found = cloud.groups.get(_text(body, "id"))
    if found is None:
        raise Unusable(f"there is no security group {body['id']}")
    return found


# What the protocol names


def eni_status(cloud: Cloud, body: Body) -> Body:
    """Set the status of an interface and keep it there."""
    cloud.force(_interface(cloud, body), _one_of(body, "status", INTERFACE_STATUSES))
    return {}


def eni_type(cloud: Cloud, body: Body) -> Body:
    """Set the type of an interface, any text."""
    cloud.alter(_interface(cloud, body), "type", _text(body, "type"))
    return {}


def instance_status(cloud: Cloud, body: Body) -> Body:
    """Set the status of an instance and keep it there."""
    cloud.force(_instance(cloud, body), _one_of(body, "status", INSTANCE_STATUSES))
    return {}


def hold(cloud: Cloud, body: Body) -> Body:
    """Freeze the transitions of one resource."""
    found = _resource(cloud, body)
    if cloud.behaviour.hold_works:
        cloud.hold(found)
    return {}


def release(cloud: Cloud, body: Body) -> Body:
    """Resume them."""
    cloud.release(_resource(cloud, body))
    return {}


def vswitch_remove(cloud: Cloud, body: Body) -> Body:
    """Make a vSwitch vanish; what referred to it still does."""
    found = cloud.vswitches.pop(_text(body, "id"), None)
    if isinstance(found, VSwitch):
        cloud.removed[found.id] = found
    elif body["id"] not in cloud.removed:
        raise Unusable(f"there is no vSwitch {body['id']}")
    return {}


def security_group_remove(cloud: Cloud, body: Body) -> Body:
    """Make a security group vanish; what referred to it still does."""
    found = cloud.groups.pop(_text(body, "id"), None)
    if isinstance(found, SecurityGroup):
        cloud.removed[found.id] = found
    elif body["id"] not in cloud.removed:
        raise Unusable(f"there is no security group {body['id']}")
    return {}


def security_group_type(cloud: Cloud, body: Body) -> Body:
    """Make a security group a VPC one or a classic one."""
    cloud.alter(_group(cloud, body), "kind", _one_of(body, "type", ("vpc", "classic")))
    return {}


def security_group_full(cloud: Cloud, body: Body) -> Body:
    """Let a security group count as holding too many instances."""
    cloud.alter(_group(cloud, body), "full", _flag(body, "full"))
    return {}


def eni_zone(cloud: Cloud, body: Body) -> Body:
    """Move an interface into another zone than its instance's."""
    cloud.alter(_interface(cloud, body), "zone", _text(body, "value"))
    return {}


def eni_vpc(cloud: Cloud, body: Body) -> Body:
    """Move an interface into another VPC than its instance's."""
    cloud.alter(_interface(cloud, body), "vpc_id", _text(body, "value"))
    return {}


def instance_eni_limit(cloud: Cloud, body: Body) -> Body:
    """Let an instance count as holding more interfaces than its type allows."""
    cloud.alter(_instance(cloud, body), "over_limit", _flag(body, "exceeded"))
    return {}


def region_feature(cloud: Cloud, body: Body) -> Body:
    """Switch the interface operations of a region off or on."""
    region, supported = _one_of(body, "region", tuple(REGIONS)), _flag(body, "supported")
    (cloud.regions_off.discard if supported else cloud.regions_off.add)(region)
    return {}


def parameter_unsupported(cloud: Cloud, body: Body) -> Body:
    """Let calls that carry a parameter be refused, or no longer."""
    name, unsupported = _text(body, "name"), _flag(body, "unsupported")
    (cloud.parameters_off.add if unsupported else cloud.parameters_off.discard)(name)
    return {}


def reset(cloud: Cloud, body: Body) -> Body:
    """Undo what control calls did to one resource; one that is gone needs nothing."""
    found = cloud.find(_text(body, "id"))
    if found is not None:
        cloud.reset(found)
    return {}


# Extensions of this emulator


def fault(cloud: Cloud, body: Body) -> Body:
    """Switch one fault on, in place of any other, or all off with null."""
    name = body.get("name")
    try:
        switch_fault(cloud, [] if name is None else [_text(body, "name")])
    except KeyError:
        raise Unusable(f"there is no fault {name}") from None
    return {}


def variant(cloud: Cloud, body: Body) -> Body:
    """Switch one variant on, in place of any other, or all off with null."""
    name = body.get("name")
    try:
        switch_variant(cloud, [] if name is None else [_text(body, "name")])
    except KeyError:
        raise Unusable(f"there is no variant {name}") from None
    return {}


def composed(cloud: Cloud, body: Body) -> Body:
    """Switch composed behaviours on, in place of any others; an empty list switches all off."""
    specs = body.get("specs")
    if not isinstance(specs, list) or not all(isinstance(spec, str) for spec in specs):
        raise Unusable("specs must be a list of strings")
    try:
        switch_composed(cloud, specs)
    except ValueError as error:
        raise Unusable(str(error)) from None
    return {}


def advance(cloud: Cloud, body: Body) -> Body:
    """Move the emulator's clock forward, so that transitions end without waiting."""
    ms = body.get("ms")
    if isinstance(ms, bool) or not isinstance(ms, int | float) or not 0 <= ms <= 86_400_000:
        raise Unusable("ms must be a number from 0 to 86400000")
    cloud.ahead += ms / 1000
    cloud.settle()
    return {}


def stats(cloud: Cloud, body: Body) -> Body:
    """Counts of resources and calls, and what is switched on."""
    return {
        "resources": {
            "vpcs": len(cloud.vpcs),
            "vswitches": len(cloud.vswitches),
            "security_groups": len(cloud.groups),
            "instances": len(cloud.instances),
            "network_interfaces": len(cloud.interfaces),
        },
        "calls": dict(cloud.calls),
        "faults": list(cloud.behaviour.faults),
        "variants": list(cloud.behaviour.variants),
        "composed": list(cloud.behaviour.composed),
        "revision": cloud.behaviour.revision,
        "settle_ms": cloud.behaviour.settle_seconds * 1000,
        "answer_ms": cloud.behaviour.answer_seconds * 1000,
    }


def wipe(cloud: Cloud, body: Body) -> Body:
    """Forget all resources, and switch regions and parameters back on."""
    cloud.wipe()
    cloud.regions_off.clear()
    cloud.parameters_off.clear()
    return {}


CAPABILITIES: dict[str, Callable[[Cloud, Body], Body]] = {
    "eni.status": eni_status,
    "eni.type": eni_type,
    "instance.status": instance_status,
    "hold": hold,
    "release": release,
    "vswitch.remove": vswitch_remove,
    "security_group.remove": security_group_remove,
    "security_group.type": security_group_type,
    "security_group.full": security_group_full,
    "eni.zone": eni_zone,
    "eni.vpc": eni_vpc,
    "instance.eni_limit": instance_eni_limit,
    "region.feature": region_feature,
    "parameter.unsupported": parameter_unsupported,
    "reset": reset,
    "fault": fault,
    "variant": variant,
    "composed": composed,
    "advance": advance,
    "stats": stats,
    "wipe": wipe,
}


def control(cloud: Cloud, body: object) -> tuple[int, Body]:
    """Carry out one control call: HTTP status and JSON answer."""
    if not isinstance(body, dict):
        return 400, {"error": "the body must be a JSON object"}
    op = body.get("op")
    known = CAPABILITIES.get(op) if isinstance(op, str) else None
    if known is None:
        return 400, {"error": "op must be one of the capabilities"}
    cloud.settle()
    try:
        return 200, known(cloud, body)
    except Unusable as error:
        return 400, {"error": str(error)}
