"""What services show of the world, and to whom: ids, lists, attributes, accounts, and the side door of tests."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace

from eni_conformance.emulator.accounts import Caller
from eni_conformance.emulator.behaviour import Row
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import Refusal, Reply
from eni_conformance.emulator.state import Cloud, Instance, NetworkInterface, Resource
from eni_conformance.emulator.variants.kit import Guards, Variant, count, describes, refused, turn

DOUBTFUL_EVERY = 30
OLD_SECONDS = 30.0
"""How long ago the change may have been that a description does not know yet."""

_UUID = re.compile(r"i-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


# Ids


def _is_odd_id(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


# Lists


def _one_less(call: Call, found: list[Resource]) -> list[Resource]:
    """The list of a server that has not heard of one resource, counts included."""
    if not found or not turn(call.cloud, "lists that lack", DOUBTFUL_EVERY):
        return found
    gone = call.cloud.behaviour.random.choice(found)
    return [each for each in found if each is not gone]


def _choose_old(call: Call, looked_at: list[NetworkInterface]) -> None:
    """The description of a server that has not heard of the last change."""
    now = call.cloud.now()
    changed = [
        eni
        for eni in looked_at
        if eni.forced is None
        and eni.state != "Deleting"
        and now - eni.changed < OLD_SECONDS
        and eni.previous != (eni.state, eni.link)
    ]
    if changed and turn(call.cloud, "lists that are old", DOUBTFUL_EVERY):
        call.stale = max(changed, key=lambda eni: eni.changed)


def _no_primary(call: Call, eni: NetworkInterface, fits: bool) -> bool:
    return fits and eni.type != "Primary"


def _is_description(call: Call) -> bool:
    """The same question before the gateway has settled which operation this is."""
    return (call.headers.get("x-acs-action") or call.get("Action")).startswith("Describe")


def _without(*names: str, **defaults: str) -> Callable[[Call, list[tuple[str, str]]], None]:
    """Parameters of descriptions that nothing looks at, and values that others have unless given."""

    def parameters(call: Call, pairs: list[tuple[str, str]]) -> None:
        if _is_description(call):
            for name in names:
                call.params.pop(name, None)
            for name, value in defaults.items():
                call.params.setdefault(name, value)

    return parameters


def _unsaid(*names: str) -> Callable[[Call, Reply], None]:
    """Fields that descriptions do not have."""

    def fields(call: Call, reply: Reply) -> None:
        if describes(call) and not refused(reply):
            for name in names:
                reply.fields.pop(name, None)

    return fields


# Interfaces that come with their instance


def _named_with_instance(call: Call) -> list[str]:
    """The parameters of RunInstances that ask for such interfaces."""
    if (call.headers.get("x-acs-action") or call.get("Action")) != "RunInstances":
        return []
    return [name for name in call.params if name.startswith("NetworkInterface.")]


def _born_refused(call: Call, pairs: list[tuple[str, str]]) -> None:
    if names := _named_with_instance(call):
        raise Refusal(400, "UnsupportedParameter", f"The parameter {names[0]} is not supported.")


def _born_ignored(call: Call, pairs: list[tuple[str, str]]) -> None:
    for name in _named_with_instance(call):
        del call.params[name]


# Instances


def _no_stock(call: Call) -> Refusal | None:
    if call.action != "StartInstance":
        return None
    return Refusal(403, "OperationDenied.NoStock", "The resource is out of stock in this zone.")


def _never_starts(call: Call) -> Refusal | None:
    if call.action != "StartInstance":
        return None
    return Refusal(404, "InvalidAction.NotFound", "The API StartInstance is not known.")


def _only_stopped(call: Call, instance: Instance, eni: NetworkInterface) -> Refusal | None:
    if instance.state == "Stopped":
        return None
    message = f"The status of {instance.id} is {instance.state}, expected Stopped."
    return Refusal(400, "InvalidOperation.InvalidEcsState", message)


def _cold(call: Call, refusal: Refusal | None) -> Refusal | None:
    """A detach that nothing else is wrong with, from an instance that runs."""
    if refusal is not None or call.instance is None or call.instance.state != "Running":
        return refusal
    return Refusal(400, "InvalidOperation.EniHotPlugNotSupported", "Stop the instance before you detach the interface.")


def _cold_type(call: Call, instance: Instance | None) -> Refusal | None:
    if instance is None or instance.state != "Running":
        return None
    return Refusal(403, "InvalidOperation.HotPlugNotSupport", f"The type of {instance.id} does not support hot-plug.")


# Attributes

_OF_INTERFACE = {
    *("NetworkInterfaceId", "Status", "Type", "InstanceId", "MacAddress", "PrivateIpAddress"),
    *("VSwitchId", "VpcId", "ZoneId", "SecurityGroupIds"),
}
_OF_INSTANCE = {
    *("InstanceId", "Status", "InstanceType", "RegionId", "ZoneId", "VpcAttributes", "SecurityGroupIds"),
    "NetworkInterfaces",
}
_AT_INSTANCE = {"NetworkInterfaceId", "Type", "MacAddress", "PrimaryIpAddress"}


def _keep(row: Row, names: set[str]) -> None:
    for name in row.keys() - names:
        del row[name]


def _bare_interface(call: Call, eni: NetworkInterface, row: Row) -> None:
    _keep(row, _OF_INTERFACE)


def _bare_instance(call: Call, instance: Instance, row: Row) -> None:
    _keep(row, _OF_INSTANCE)
    for each in row["NetworkInterfaces"]["NetworkInterface"]:
        _keep(each, _AT_INSTANCE)


HEARTBEAT_SECONDS = 20


def _beating(call: Call, resource: NetworkInterface | Instance, row: Row) -> None:
    """When the resource was last heard of, and counters at addresses that no two looks share."""
    clock = call.cloud.wall() + call.cloud.ahead
    beat = time.gmtime(clock // HEARTBEAT_SECONDS * HEARTBEAT_SECONDS)
    row["LastHeartbeat"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", beat)
    interfaces = row.get("NetworkInterfaces", {}).get("NetworkInterface", [])
    for each in (row, *interfaces):
        for address in each.get("PrivateIpSets", {}).get("PrivateIpSet", []):
            address["LastArp"] = count(call.cloud, "looks at addresses")


FEW = 4


def _few_addresses(call: Call, resource: NetworkInterface | Instance, row: Row) -> None:
    """Addresses of a network that hands out a handful, over and over."""
    for name, value in row.items():
        if name in ("PrivateIpAddress", "PrimaryIpAddress") and isinstance(value, str) and value:
            *front, last = value.split(".")
            row[name] = ".".join((*front, str(int(last) % FEW + 1)))
        elif isinstance(value, dict):
            _few_addresses(call, resource, value)
        elif isinstance(value, list):
            for each in value:
                if isinstance(each, dict):
                    _few_addresses(call, resource, each)


# Accounts

_ACCOUNTS = {
    "unsupported": "1000000000000003",
    "expired": "1000000000000004",
    "ram_unsupported": "1000000000000005",
}


def _own_account(call: Call, caller: Caller) -> Caller:
    return replace(caller, account=_ACCOUNTS[caller.kind]) if caller.kind in _ACCOUNTS else caller


def _resources_before_callers(call: Call, guards: Guards) -> Guards:
    about_callers = tuple(guard for guard in guards if guard.name.startswith(("account_", "ram_user_")))
    others = tuple(guard for guard in guards if guard not in about_callers)
    place = [guard.name for guard in others].index("interface_exists") + 1
    return (*others[:place], *about_callers, *others[place:])


# The control protocol


def _note(call: Call, eni: NetworkInterface) -> None:
    if eni.forced == "Detaching":
        eni.scar["detached while kept"] = True


def _forget(cloud: Cloud, resource: Resource) -> None:
    if resource.scar.pop("detached while kept", False) and resource.status == "Detaching":
        cloud.drop_pending(resource)
        resource.status = "InUse"


WORLDS: tuple[Variant, ...] = (
    Variant(
        "instances-come-stopped",
        "RunInstances leaves its instances Stopped, and StartInstance gets 403 OperationDenied.NoStock.",
        {"comes_stopped": True},
        hooks=(("arrival", _no_stock),),
    ),
    Variant("start-unknown", "StartInstance does not exist.", hooks=(("arrival", _never_starts),)),
    Variant(
        "attaches-to-stopped-only",
        "An interface is attached to a Stopped instance only: else 400 InvalidOperation.InvalidEcsState.",
        hooks=(("attach", _only_stopped),),
    ),
    Variant(
        "no-hot-unplug",
        "Running instances give no interfaces, if nothing else is wrong: 400 InvalidOperation.EniHotPlugNotSupported.",
        hooks=(("decision", _cold),),
        revision="2024",
    ),
    Variant(
        "no-hot-plug",
        "Running instances neither take nor give interfaces: 403 InvalidOperation.HotPlugNotSupport.",
        hooks=(
            ("decision", lambda call, refusal: refusal or _cold_type(call, call.instance)),
            ("attach", lambda call, instance, eni: _cold_type(call, instance)),
        ),
        revision="2024",
    ),
    Variant(
        "ids-counting", "Resource ids are counted: the next one is always the last one and one.", {"shape": "counting"}
    ),
    Variant(
        "ids-odd",
        "Instance ids are UUIDs with dashes, interface ids consonants and digits, others upper case with a dash.",
        {"shape": "odd"},
        hooks=(("well_formed", _is_odd_id),),
    ),
    Variant(
        "lists-lack-now-and-then",
        f"One list in {DOUBTFUL_EVERY} lacks one of its resources; the next is right.",
        hooks=(("listed", _one_less),),
    ),
    Variant(
        "lists-old-now-and-then",
        f"One description in {DOUBTFUL_EVERY} shows an interface as it was before its last change, in status and link.",
        hooks=(("look", _choose_old),),
    ),
    Variant(
        "primary-at-instance-only",
        "DescribeNetworkInterfaces shows no primary interfaces, DescribeInstances does.",
        hooks=(("matches", _no_primary),),
    ),
    Variant(
        "page-number-only",
        "Lists come by PageNumber and PageSize alone; NextToken and MaxResults are ignored.",
        hooks=(
            ("parameters", _without("NextToken", "MaxResults")),
            ("fields", _unsaid("NextToken", "MaxResults")),
        ),
    ),
    Variant(
        "next-token-only",
        "Lists come by NextToken and MaxResults alone, without TotalCount; PageNumber and PageSize are ignored.",
        hooks=(
            ("parameters", _without("PageNumber", "PageSize", MaxResults="10")),
            ("fields", _unsaid("TotalCount", "PageNumber", "PageSize")),
        ),
    ),
    Variant(
        "born-refused",
        "RunInstances refuses NetworkInterface.N: interfaces are created and attached by themselves alone.",
        hooks=(("parameters", _born_refused),),
    ),
    Variant(
        "born-ignored",
        "RunInstances ignores NetworkInterface.N: the instance comes with its primary interface alone.",
        hooks=(("parameters", _born_ignored),),
    ),
    Variant(
        "descriptions-bare",
        "Interfaces show ids, status, type, link, addresses, place and groups alone, and instances as little.",
        hooks=(("view", _bare_interface), ("instance_view", _bare_instance)),
    ),
    Variant(
        "heartbeat",
        f"Interfaces and instances show a time that steps every {HEARTBEAT_SECONDS} seconds, addresses a counter.",
        hooks=(("view", _beating), ("instance_view", _beating)),
    ),
    Variant(
        "addresses-few",
        f"Private addresses are not unique: each network has {FEW} of them.",
        hooks=(("view", _few_addresses), ("instance_view", _few_addresses)),
    ),
    Variant(
        "callers-own-nothing",
        "Expired and unsupported callers are accounts without resources; ids are looked up before callers.",
        hooks=(("caller", _own_account), ("order", _resources_before_callers)),
    ),
    Variant(
        "reset-forgets-detach",
        "The control protocol is wrong: reset undoes a detach that was accepted while eni.status kept Detaching.",
        hooks=(("effect", _note), ("reset", _forget)),
    ),
    Variant(
        "hold-does-nothing",
        "The control protocol is wrong: hold is answered with 200 and has no effect.",
        {"hold_works": False},
    ),
)
