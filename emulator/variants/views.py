"""What descriptions need not offer: views that are not there, and filters that are not looked at.

None of it contradicts the page of the detach; what cannot be seen there is told as that, and is not held against it.
"""

from __future__ import annotations

from eni_conformance.emulator.behaviour import Row
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import Refusal
from eni_conformance.emulator.state import Instance
from eni_conformance.emulator.variants.kit import Variant

LIST, ATTRIBUTE = "DescribeNetworkInterfaces", "DescribeNetworkInterfaceAttribute"


def _no_interfaces(call: Call, instance: Instance, row: Row) -> None:
    del row["NetworkInterfaces"]


def _unfiltered(call: Call, pairs: list[tuple[str, str]]) -> None:
    """Only ids and InstanceId narrow a list of interfaces down."""
    if LIST in (call.headers.get("x-acs-action"), call.get("Action")):
        for name in [name for name in call.params if name.split(".")[0] in ("Status", "Type", "Tag")]:
            del call.params[name]


def _few_views(call: Call) -> Refusal | None:
    """Neither by instance nor by the operation on one interface."""
    if call.action == LIST and call.get("InstanceId"):
        return Refusal(400, "UnsupportedParameter", "InstanceId is not supported here.")
    if call.action == ATTRIBUTE:
        return Refusal(404, "InvalidAction.NotFound", "There is no such operation.")
    return None


def _unknown_refused(call: Call) -> Refusal | None:
    """A filter that names what is not there."""
    if call.action != LIST:
        return None
    if call.get("InstanceId") and call.get("InstanceId") not in call.cloud.instances:
        return Refusal(404, "InvalidInstanceId.NotFound", "The instance does not exist.")
    return None


VIEWS: tuple[Variant, ...] = (
    Variant(
        "instances-without-interfaces",
        "DescribeInstances shows no NetworkInterfaces.",
        hooks=(("instance_view", _no_interfaces),),
    ),
    Variant(
        "filters-few",
        "DescribeNetworkInterfaces filters by ids and InstanceId; Status, Type and Tag are ignored.",
        hooks=(("parameters", _unfiltered),),
    ),
    Variant(
        "views-few",
        "DescribeNetworkInterfaces by InstanceId and DescribeNetworkInterfaceAttribute are not supported.",
        hooks=(("arrival", _few_views),),
    ),
    Variant(
        "unknown-instance-filter-refused",
        "DescribeNetworkInterfaces by the id of an unknown instance is refused with 404.",
        hooks=(("arrival", _unknown_refused),),
    ),
)
