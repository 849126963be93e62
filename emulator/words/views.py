"""Wrong views: links, rows and places that stay behind when an interface has been detached."""

from __future__ import annotations

from typing import Any

from eni_conformance.emulator.behaviour import Row
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.detach import STATE, TYPE
from eni_conformance.emulator.envelope import Refusal, Reply
from eni_conformance.emulator.state import Instance, NetworkInterface
from eni_conformance.emulator.words.effects import accepted, home_of
from eni_conformance.emulator.words.family import VALID, family, named
from eni_conformance.emulator.words.persistence import Gate
from eni_conformance.emulator.words.scene import Hooks, facts, success
from eni_conformance.emulator.words.triggers import by_filter, by_id

# What stays behind, and what descriptions show


def _mark(gate: Gate) -> Hooks:
    """Note where the interface came from."""

    def note(call: Call, eni: NetworkInterface) -> None:
        gate.memory(call.cloud, "marks")[eni.id] = call.instance

    return accepted(gate, note)


def _former(gate: Gate, call: Call, eni: NetworkInterface) -> Instance | None:
    """Where a marked interface came from, once it has settled and until it is attached again."""
    if eni.instance is not None or eni.state != "Available" or not gate.sees(call):
        return None
    found: Instance | None = gate.memory(call.cloud, "marks").get(eni.id)
    return found


def _small_pages(gate: Gate) -> Hooks:
    """Where only a second page shows the defect, pages are small, so that there is one."""
    if not any(each.name == "read-page-two" for each in gate.looks):
        return ()

    def parameters(call: Call, pairs: list[tuple[str, str]]) -> None:
        call.cloud.behaviour.page_limit = 2

    return (("parameters", parameters),)


def _stale_link(gate: Gate, where: str) -> Hooks:
    def view(call: Call, eni: NetworkInterface, row: Row) -> None:
        attribute, everywhere = "Attribute" in call.action, where.endswith("-everywhere")
        if (attribute != (where == "attribute") and not everywhere) or where in ("instance", "filter"):
            return
        former = _former(gate, call, eni)
        if former is None:
            return
        if where.startswith("attachment"):
            row["Attachment"] = {"InstanceId": former.id, "DeviceIndex": 1, "NetworkCardIndex": 0}
        else:
            row["InstanceId"] = former.id

    def instance_view(call: Call, instance: Instance, row: Row) -> None:
        if where != "instance":
            return
        for id in gate.memory(call.cloud, "marks"):
            eni = call.cloud.interfaces.get(id)
            if eni is not None and _former(gate, call, eni) is instance:
                row["NetworkInterfaces"]["NetworkInterface"].append(
                    {
                        "NetworkInterfaceId": id,
                        "Type": eni.type,
                        "MacAddress": eni.mac,
                        "PrimaryIpAddress": eni.ip,
                        "PrivateIpSets": {"PrivateIpSet": [{"PrivateIpAddress": eni.ip, "Primary": True}]},
                    }
                )

    def matches(call: Call, eni: NetworkInterface, fits: bool) -> bool:
        former = _former(gate, call, eni) if where == "filter" and call.get("InstanceId") else None
        if former is None or call.get("InstanceId") != former.id:
            return fits
        return call.get("Status") in ("", eni.state)

    return (
        *_mark(gate),
        *_small_pages(gate),
        ("view", view),
        ("instance_view", instance_view),
        ("matches", matches),
    )


def _stale_status(gate: Gate, status: str) -> Hooks:
    def view(call: Call, eni: NetworkInterface, row: Row) -> None:
        if _former(gate, call, eni) is not None:
            row["Status"] = status

    return (*_mark(gate), *_small_pages(gate), ("view", view))


_SHOWN: dict[str, Any] = {
    "MacAddress": "",
    "ZoneId": "",
    "VSwitchId": "",
    "VpcId": "",
    "Type": "Primary",
    "CreationTime": "",
    "PrivateIpAddress": "",
    "OwnerId": "",
    "SecurityGroupIds": {"SecurityGroupId": []},
    "PrivateIpSets": {"PrivateIpSet": []},
}


def _shows(gate: Gate, name: str) -> Hooks:
    def view(call: Call, eni: NetworkInterface, row: Row) -> None:
        if _former(gate, call, eni) is not None:
            row[name] = _SHOWN[name]

    return (*_mark(gate), *_small_pages(gate), ("view", view))


def _missing_row(gate: Gate, how: str) -> Hooks:
    def fields(call: Call, reply: Reply) -> None:
        if call.action != "DescribeNetworkInterfaces" or not success(reply):
            return
        asked = "id" if by_id(call) else "filter" if by_filter(call) else "list"
        if how not in ("any", asked):
            return
        rows = reply.fields["NetworkInterfaceSets"]["NetworkInterfaceSet"]
        known = call.cloud.interfaces
        rows[:] = [
            row
            for row in rows
            if row["NetworkInterfaceId"] not in known or _former(gate, call, known[row["NetworkInterfaceId"]]) is None
        ]

    return (*_mark(gate), *_small_pages(gate), ("fields", fields))


def _slot_kept(gate: Gate, argument: str) -> Hooks:
    def act(call: Call, eni: NetworkInterface) -> None:
        home = home_of(call, eni)
        if home is not None:
            home.scar[gate.key] = home.scar.get(gate.key, 0) + 1

    def slots(instance: Instance, used: int) -> int:
        return used + int(instance.scar.get(gate.key, 0))

    once = accepted(gate, act, lambda call, eni: eni.pending is not None or eni.instance is None)
    return (*once, ("slots", slots))


def _no_return(gate: Gate, where: str) -> Hooks:
    def attach(call: Call, instance: Instance, eni: NetworkInterface) -> Refusal | None:
        marks = gate.memory(call.cloud, "marks")
        same = marks.get(eni.id) is instance
        if eni.id not in marks or (where == "here" and not same) or (where == "elsewhere" and same):
            return None
        if where == "for-its-type":
            return Refusal(403, TYPE, "The network interface cannot be attached.")
        return Refusal(400, STATE, "The network interface cannot be attached.")

    return (*_mark(gate), ("attach", attach))


_LOOKS = {"attribute": "id", "filter": "filter"}
"""Where only one kind of look can show it."""

# fmt: off
READ_FAMILIES = (
    family("stale-link", "reading", "The link goes on being shown in one place: %s.", _stale_link,
        ("interface", "attachment", "instance", "filter", "attribute"), 0.4, 0.6,
        needs=lambda where: facts(look=_LOOKS[where]) if where in _LOOKS else {}, where=VALID),
    family("stale-status", "reading", "A detached interface is shown as %s.", _stale_status,
        ("InUse", "Detaching", "Detached", "available", "Unattached"), 0.4, 0.8, where=VALID),
    family("shows-wrongly", "reading", "A detached interface is shown with a wrong %s.", _shows, tuple(_SHOWN), 0.4,
        0.8, where=VALID),
    family("missing-row", "reading", "A detached interface is missing from descriptions by %s.", _missing_row,
        ("any", "id", "filter", "list"), 0.4, 0.4, needs=lambda how: {} if how == "any" else facts(look=how),
        where=VALID),
    family("slot-kept", "slot", "The place at the instance is not given back.", _slot_kept, ("",), 0.2, 0.1,
        where=VALID),
    family("cannot-return", "slot", "The interface cannot be attached again: %s.", _no_return,
        ("here", "elsewhere", "anywhere"), 0.2, 0.3, where=VALID),
)
# fmt: on


# Words of named faults alone


def _forgets(gate: Gate, name: str) -> Hooks:
    """A field is empty ever after, whatever the status."""

    def view(call: Call, eni: NetworkInterface, row: Row) -> None:
        if eni.id in gate.memory(call.cloud, "marks"):
            row[name] = ""

    return (*_mark(gate), ("view", view))


def _filter_loses(gate: Gate, argument: str) -> Hooks:
    """The filter by Status does not find the interface any more."""

    def matches(call: Call, eni: NetworkInterface, fits: bool) -> bool:
        return fits and not (eni.id in gate.memory(call.cloud, "marks") and call.get("Status") == "Available")

    return (*_mark(gate), ("matches", matches))


def _filter_alters(gate: Gate, which: str) -> Hooks:
    """A filter by tag hides the address; one by Status, Type or tag shows another owner."""
    filters = ("Tag.",) if which == "address" else ("Status", "Type", "Tag.")

    def view(call: Call, eni: NetworkInterface, row: Row) -> None:
        if eni.id not in gate.memory(call.cloud, "marks") or not any(key.startswith(filters) for key in call.params):
            return
        if which == "address":
            row.pop("PrivateIpAddress", None)
        else:
            row["OwnerId"] = "1000000000000000"

    return (*_mark(gate), ("view", view))


def count_lost(instance: Instance, used: int) -> int:
    """The places in use, with those that were lost or won."""
    return used + int(instance.scar.get("leaked", 0))


def lose_places(instance: Instance, number: int) -> None:
    """So many places more cannot be used; negative: are there besides."""
    instance.scar["leaked"] = instance.scar.get("leaked", 0) + number


def _slot_leaks(gate: Gate, argument: str) -> Hooks:
    """The place at the instance stays taken, once for each interface."""

    def act(call: Call, eni: NetworkInterface) -> None:
        leaked = gate.memory(call.cloud, "leaked")
        if call.instance is not None and eni.id not in leaked:
            leaked[eni.id] = True
            lose_places(call.instance, 1)

    return (*accepted(gate, act), ("slots", count_lost))


def _former_slot_leaks(gate: Gate, argument: str) -> Hooks:
    """The instance that the interface was detached from before, if it is another one, loses a place."""

    def act(call: Call, eni: NetworkInterface) -> None:
        hosts = gate.memory(call.cloud, "hosts")
        former, here = hosts.get(eni.id), home_of(call, eni)
        hosts[eni.id] = here
        if former is not None and here is not None and former is not here:
            lose_places(former, 1)

    return (*accepted(gate, act), ("slots", count_lost))


NAMED_VIEWS = (
    named("forgets", _forgets),
    named("filter-loses", _filter_loses),
    named("filter-alters", _filter_alters),
    named("slot-leaks", _slot_leaks),
    named("former-slot-leaks", _former_slot_leaks),
)
