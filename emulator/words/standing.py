"""Views that disagree for good, whatever was detached: they fail, hide, show otherwise, or do not filter.

A view is one way to ask: a filter of DescribeNetworkInterfaces, the list without one, one page of it, the operation
on one interface, or the interfaces that DescribeInstances shows at an instance.  Words of named faults alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eni_conformance.emulator.behaviour import Row
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import Refusal, Reply
from eni_conformance.emulator.state import Instance, NetworkInterface, Resource
from eni_conformance.emulator.words.family import named
from eni_conformance.emulator.words.persistence import Moment
from eni_conformance.emulator.words.scene import Hooks, success

LIST, ATTRIBUTE, AT_INSTANCE = (
    "DescribeNetworkInterfaces",
    "DescribeNetworkInterfaceAttribute",
    "DescribeInstances",
)


def _action(call: Call) -> str:
    """The operation, also before the gateway has settled it."""
    return call.headers.get("x-acs-action") or call.get("Action")


def _filters(name: str) -> Callable[[Call], bool]:
    def asked(call: Call) -> bool:
        return _action(call) == LIST and any(key == name or key.startswith(f"{name}.") for key in call.params)

    return asked


def _is_list(call: Call) -> bool:
    names = ("Status", "InstanceId", "Type", "Tag", "VSwitchId", "NetworkInterfaceId", "SecurityGroupId")
    return _action(call) == LIST and not any(_filters(name)(call) for name in names)


_VIEWS: dict[str, Callable[[Call], bool]] = {
    "attribute": lambda call: _action(call) == ATTRIBUTE,
    "at-instance": lambda call: _action(call) == AT_INSTANCE,
    "list": _is_list,
    "page": _filters("PageNumber"),
}


def _view(name: str) -> Callable[[Call], bool]:
    return _VIEWS.get(name) or _filters(name)


# --- failing -------------------------------------------------------------------------------------


def _page(call: Call, reply: Reply) -> None:
    reply.status = 500
    reply.body = b"<html><head><title>500</title></head><body><h1>Internal Server Error</h1></body></html>"
    reply.headers["content-type"] = "text/html"


_REFUSALS = {
    "unsupported": (400, "UnsupportedOperation", "This is not implemented."),
    "denied": (403, "Forbidden.RAM", "The user is not authorized to do this."),
    "missing": (404, "InvalidApi.NotFound", "There is no such operation."),
    "internal": (500, "InternalError", "The request processing has failed."),
}


def _fails(gate: Moment, argument: str) -> Hooks:
    """`VIEW:HOW`: asked for in this way, descriptions fail or are refused."""
    view, _, how = argument.partition(":")
    asked = _view(view)
    if how == "page":
        return (("reply", lambda call, reply: _page(call, reply) if asked(call) else None),)
    return (("arrival", lambda call: Refusal(*_REFUSALS[how]) if asked(call) else None),)


# --- hiding --------------------------------------------------------------------------------------


def _doomed(how: str, held: list[NetworkInterface]) -> list[NetworkInterface]:
    """Which of the interfaces are hidden: all, the secondary ones, or the last of several secondary ones."""
    secondary = [eni for eni in held if eni.type != "Primary" and eni.state == "InUse"]
    match how:
        case "all":
            return held
        case "secondary":
            return secondary
        case _:
            return sorted(secondary, key=lambda eni: eni.device_index)[1:]


def _hides(gate: Moment, argument: str) -> Hooks:
    """`VIEW:WHICH`: asked for in this way, attached interfaces are not shown."""
    view, _, how = argument.partition(":")
    asked = _view(view)

    def instance_view(call: Call, instance: Instance, row: Row) -> None:
        gone = {eni.id for eni in _doomed(how, list(instance.interfaces.values()))}
        if how == "all":
            row.pop("NetworkInterfaces", None)
        elif gone:
            shown = row["NetworkInterfaces"]["NetworkInterface"]
            shown[:] = [each for each in shown if each["NetworkInterfaceId"] not in gone]

    def listed(call: Call, found: list[Resource]) -> list[Resource]:
        if not asked(call):
            return found
        hosts = {eni.instance.id: eni.instance for eni in found if isinstance(eni, NetworkInterface) and eni.instance}
        gone = {eni.id for host in hosts.values() for eni in _doomed(how, list(host.interfaces.values()))}
        return [each for each in found if each.id not in gone]

    return (("instance_view", instance_view),) if view == "at-instance" else (("listed", listed),)


# --- showing otherwise ---------------------------------------------------------------------------

_OTHER: dict[str, tuple[str, Any]] = {
    "mac": ("MacAddress", "00:16:3e:00:00:01"),
    "address": ("PrivateIpAddress", "10.255.255.254"),
    "type": ("Type", "Trunk"),
    "name": ("NetworkInterfaceName", "another"),
    "zone": ("ZoneId", "cn-hangzhou-z"),
    "tags": ("Tags", {"Tag": []}),
    "groups": ("SecurityGroupIds", {"SecurityGroupId": ["sg-0"]}),
    "status": ("Status", "Available"),
    "foreign": ("Description", "????"),
}


def _alters(gate: Moment, argument: str) -> Hooks:
    """`VIEW:WHAT`: asked for in this way, attached secondary interfaces are shown otherwise. foreign: with question
    marks, where the description is not ASCII."""
    view, _, what = argument.partition(":")
    asked = _view(view)
    name, value = _OTHER[what]

    def change(row: Row) -> None:
        if what != "foreign" or not str(row[name]).isascii():
            row[name] = value

    def instance_view(call: Call, instance: Instance, row: Row) -> None:
        for each in row["NetworkInterfaces"]["NetworkInterface"]:
            if each["Type"] != "Primary":
                each["PrimaryIpAddress" if what == "address" else name] = value
                if what == "address":
                    each["PrivateIpSets"] = {"PrivateIpSet": [{"PrivateIpAddress": value, "Primary": True}]}

    def view_hook(call: Call, eni: NetworkInterface, row: Row) -> None:
        if asked(call) and eni.type != "Primary":
            change(row)

    return (("instance_view", instance_view),) if view == "at-instance" else (("view", view_hook),)


# --- not filtering -------------------------------------------------------------------------------


def _drop(call: Call, name: str) -> None:
    for key in [key for key in call.params if key == name or key.startswith(f"{name}.")]:
        del call.params[key]


def _ignored(gate: Moment, argument: str) -> Hooks:
    """`NAME`, or `NAME:if-empty`: a filter is ignored, always or where nothing passes it."""
    name, _, when = argument.partition(":")
    asked = _filters(name)

    def parameters(call: Call, pairs: list[tuple[str, str]]) -> None:
        if asked(call) and not when:
            _drop(call, name)

    def listed(call: Call, found: list[Resource]) -> list[Resource]:
        if not when or found or not asked(call):
            return found
        owner = call.caller.account
        return [each for each in call.cloud.interfaces.values() if each.owner == owner]

    return ("parameters", parameters), ("listed", listed)


def _refuses_two(gate: Moment, argument: str) -> Hooks:
    """Two of everything are one too many for a description by id."""

    def fields(call: Call, reply: Reply) -> None:
        if _action(call) == LIST and success(reply) and call.get("NetworkInterfaceId.2"):
            del reply.fields["NetworkInterfaceSets"]["NetworkInterfaceSet"][1:]

    return (("fields", fields),)


NAMED_STANDING = (
    named("view-fails", _fails),
    named("view-hides", _hides),
    named("view-alters", _alters),
    named("filter-ignored", _ignored),
    named("first-id-only", _refuses_two),
)
