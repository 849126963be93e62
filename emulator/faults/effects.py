"""Wrong effects: what a detach does too little, too much, or to others; and several at a time."""

from __future__ import annotations

from collections.abc import Callable

from eni_conformance.emulator.behaviour import Row
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import Refusal, Reply
from eni_conformance.emulator.faults.kit import (
    DETACH,
    Fault,
    Part,
    does,
    does_on_refusal,
    envelope,
    fault,
    hook,
    put_back,
    remember,
    scar,
    siblings,
)
from eni_conformance.emulator.state import Cloud, Instance, NetworkInterface

Act = Callable[[Call, NetworkInterface], None]

# What happens to the interface itself


def lose_tags(call: Call, eni: NetworkInterface) -> None:
    """All tags are gone."""
    eni.tags.clear()


def lose_description(call: Call, eni: NetworkInterface) -> None:
    """The description is empty."""
    eni.description = ""


def lose_name(call: Call, eni: NetworkInterface) -> None:
    """The name is empty."""
    eni.name = ""


def lose_secondary_addresses(call: Call, eni: NetworkInterface) -> None:
    """Only the primary address is left."""
    eni.secondary_ips = []


def lose_groups(call: Call, eni: NetworkInterface) -> None:
    """All security groups but the first are gone."""
    del eni.security_group_ids[1:]


def leave_groups(call: Call, eni: NetworkInterface) -> None:
    """The interface is in no security group any more."""
    eni.security_group_ids = []


def flip_release(call: Call, eni: NetworkInterface) -> None:
    """DeleteOnRelease is the opposite."""
    eni.delete_on_release = not eni.delete_on_release


def reset_release(call: Call, eni: NetworkInterface) -> None:
    """DeleteOnRelease is false."""
    eni.delete_on_release = False


def new_mac(call: Call, eni: NetworkInterface) -> None:
    """The hardware address is another one."""
    eni.mac = call.cloud.mac()


def new_address(call: Call, eni: NetworkInterface) -> None:
    """The private address is another one."""
    vswitch = call.cloud.vswitches.get(eni.vswitch_id)
    eni.ip = (call.cloud.take_address(vswitch) if vswitch is not None else None) or eni.ip


def new_creation_time(call: Call, eni: NetworkInterface) -> None:
    """The time of creation is another one."""
    eni.created = "2001-01-01T00:00:00Z"


def one_tag_less(call: Call, eni: NetworkInterface) -> None:
    """The last of several tags is gone."""
    if len(eni.tags) > 1:
        eni.tags.popitem()


def become_primary(call: Call, eni: NetworkInterface) -> None:
    """The type is Primary."""
    eni.type = "Primary"


def stay_in_use(call: Call, eni: NetworkInterface) -> None:
    """Nothing happens."""
    put_back(call, eni, "InUse")


def get_stuck(call: Call, eni: NetworkInterface) -> None:
    """It stays Detaching."""
    put_back(call, eni, "Detaching")


def become_deleting(call: Call, eni: NetworkInterface) -> None:
    """It is deleted."""
    _finish_now(call, eni)
    call.cloud.delete_interface(eni)


def end_attaching(call: Call, eni: NetworkInterface) -> None:
    """It ends Attaching."""
    put_back(call, eni, "Attaching")


def _finish_now(call: Call, eni: NetworkInterface) -> None:
    call.cloud.drop_pending(eni)
    if eni.instance is not None:
        call.cloud.detached(eni)


# What happens to others


def detach_sibling_too(call: Call, eni: NetworkInterface) -> None:
    """Another secondary interface of the instance is detached as well."""
    for other in siblings(eni, call.instance)[:1]:
        call.cloud.detach(other)


def detach_all_siblings(call: Call, eni: NetworkInterface) -> None:
    """All secondary interfaces of the instance are detached."""
    for other in siblings(eni, call.instance):
        call.cloud.detach(other)


def detach_sibling_instead(call: Call, eni: NetworkInterface) -> None:
    """Another secondary interface of the instance is detached, the one named is not."""
    others = siblings(eni, call.instance)
    if others:
        put_back(call, eni, "InUse")
        call.cloud.detach(others[-1])


def strip_sibling(call: Call, eni: NetworkInterface) -> None:
    """The other interfaces of the instance lose their tags."""
    for other in siblings(eni, call.instance):
        other.tags.clear()


def rename_siblings(call: Call, eni: NetworkInterface) -> None:
    """The other interfaces of the instance lose their descriptions."""
    for other in siblings(eni, call.instance):
        other.description = ""


def stop_instance(call: Call, eni: NetworkInterface) -> None:
    """The instance stops."""
    if call.instance is not None and call.instance.state == "Running":
        call.cloud.stop(call.instance, "KeepCharging")


def reboot_instance(call: Call, eni: NetworkInterface) -> None:
    """The instance reboots."""
    if call.instance is not None and call.instance.state == "Running":
        call.cloud.start(call.instance)


def start_instance(call: Call, eni: NetworkInterface) -> None:
    """A Stopped instance starts."""
    if call.instance is not None and call.instance.state == "Stopped":
        call.cloud.start(call.instance)


def untag_instance(call: Call, eni: NetworkInterface) -> None:
    """The instance loses its tags."""
    if call.instance is not None:
        call.instance.tags.clear()


def drop_instance_group(call: Call, eni: NetworkInterface) -> None:
    """The instance leaves its security groups."""
    if call.instance is not None:
        call.instance.security_group_ids = []


def lose_primary(call: Call, eni: NetworkInterface) -> None:
    """The primary interface of the instance loses its security groups."""
    if call.instance is not None:
        for other in call.instance.interfaces.values():
            if other.type == "Primary":
                other.security_group_ids = []


def detach_namesake(call: Call, eni: NetworkInterface) -> None:
    """An interface in the same vSwitch that is attached to another instance is detached as well."""
    for other in call.cloud.interfaces.values():
        elsewhere = other.instance is not None and other.instance is not call.instance
        if elsewhere and other.type == "Secondary" and other.vswitch_id == eni.vswitch_id:
            call.cloud.detach(other)
            return


# What stays behind.  Hooks without a call at hand read what the effect noted in a scar.


def slots_leak(instance: Instance, used: int) -> int:
    """The places in use, with those that were lost or won."""
    return used + int(instance.scar.get("leaked", 0))


def leak_slot(call: Call, eni: NetworkInterface) -> None:
    """The place at the instance stays taken."""
    if call.instance is not None and eni.id not in scar(call.cloud, "leaked"):
        scar(call.cloud, "leaked")[eni.id] = call.instance
        call.instance.scar["leaked"] = call.instance.scar.get("leaked", 0) + 1


def _refuse_tainted(name: str, elsewhere: bool, same: bool, status: int, code: str) -> Part:
    """A detached interface cannot be attached again: to the same instance, or to others."""

    def attach(call: Call, instance: Instance, eni: NetworkInterface) -> Refusal | None:
        former = scar(call.cloud, name)
        if eni.id in former and (same if former[eni.id] is instance else elsewhere):
            return Refusal(status, code, "The network interface cannot be attached.")
        return None

    return hook("attach", attach)


def _instance_keeps(name: str) -> Part:
    """The instance goes on showing the interface."""

    def view(call: Call, instance: Instance, row: Row) -> None:
        rows = row["NetworkInterfaces"]["NetworkInterface"]
        for id, former in scar(call.cloud, name).items():
            eni = call.cloud.interfaces.get(id)
            if former is instance and eni is not None and eni.instance is None:
                rows.append(
                    {
                        "NetworkInterfaceId": id,
                        "Type": eni.type,
                        "MacAddress": eni.mac,
                        "PrimaryIpAddress": eni.ip,
                        "PrivateIpSets": {"PrivateIpSet": [{"PrivateIpAddress": eni.ip, "Primary": True}]},
                    }
                )

    return hook("instance_view", view)


def _interface_keeps(name: str, *, attachment: bool, top: bool) -> Part:
    """The interface goes on showing its instance, at the top or under Attachment."""

    def view(call: Call, eni: NetworkInterface, row: Row) -> None:
        former = scar(call.cloud, name).get(eni.id)
        if former is None or eni.state != "Available":
            return
        if top:
            row["InstanceId"] = former.id
        if attachment:
            row["Attachment"] = {"InstanceId": former.id, "DeviceIndex": 1, "NetworkCardIndex": 0}

    return hook("view", view)


def _filter_keeps(name: str) -> Part:
    """The filter by InstanceId goes on finding the interface."""

    def matches(call: Call, eni: NetworkInterface, fits: bool) -> bool:
        former = scar(call.cloud, name).get(eni.id)
        if former is None or eni.state != "Available" or call.get("InstanceId") != former.id:
            return fits
        return not call.get("Status") or call.get("Status") == eni.state

    return hook("matches", matches)


def _filter_loses(name: str) -> Part:
    """The filter by Status does not find the interface any more."""

    def matches(call: Call, eni: NetworkInterface, fits: bool) -> bool:
        return fits and not (eni.id in scar(call.cloud, name) and call.get("Status") == "Available")

    return hook("matches", matches)


def _filtered(name: str, edit: Callable[[Row], object], *filters: str) -> Part:
    """A filter by one of these finds the interface, and shows it otherwise."""

    def view(call: Call, eni: NetworkInterface, row: Row) -> None:
        if eni.id in scar(call.cloud, name) and any(key.startswith(filters) for key in call.params):
            edit(row)

    return hook("view", view)


def _shows(name: str, field: str, value: object, *states: str) -> Part:
    """A field is shown wrongly once an interface was detached."""

    def view(call: Call, eni: NetworkInterface, row: Row) -> None:
        if eni.id in scar(call.cloud, name) and (not states or eni.state in states):
            row[field] = value

    return hook("view", view)


def _flap(cloud: Cloud, eni: NetworkInterface) -> None:
    """Available for one settle time, then InUse again at the same instance."""
    former = scar(cloud, "flap").pop(eni.id, None)
    if former is not None:
        cloud.later(eni, "Available", lambda: cloud.link(eni, former))


def _vanish(cloud: Cloud, eni: NetworkInterface) -> None:
    """Gone for good."""
    if scar(cloud, "vanish").pop(eni.id, None) is not None:
        cloud.interfaces.pop(eni.id, None)


def restart_timer(call: Call, eni: NetworkInterface) -> None:
    """A repetition while Detaching begins a wait that never ends."""
    seen = scar(call.cloud, "seen")
    if eni.status == "Detaching" and seen.get(eni.id) == eni.detaches:
        call.cloud.later(eni, "Detaching", lambda: None)
    seen[eni.id] = eni.detaches


def _effect(slug: str, requirement: str, sentence: str, act: Act) -> Fault:
    return fault(slug, "effect", requirement, sentence, does(act))


FRAME = "frame"

OWN = (
    _effect("tags-lost", f"{FRAME}: Tags", "The interface loses its tags.", lose_tags),
    _effect("one-tag-lost", f"{FRAME}: Tags", "Of several tags the last is lost.", one_tag_less),
    _effect("description-lost", f"{FRAME}: Description", "The interface loses its description.", lose_description),
    _effect("name-lost", f"{FRAME}: NetworkInterfaceName", "The interface loses its name.", lose_name),
    _effect(
        "groups-lost",
        f"{FRAME}: SecurityGroupIds",
        "Of several security groups only the first stays.",
        lose_groups,
    ),
    _effect("all-groups-lost", f"{FRAME}: SecurityGroupIds", "The interface leaves all its groups.", leave_groups),
    _effect(
        "secondary-addresses-lost",
        f"{FRAME}: PrivateIpSets",
        "The secondary private addresses are lost.",
        lose_secondary_addresses,
    ),
    _effect("address-changed", f"{FRAME}: PrivateIpAddress", "The private address changes.", new_address),
    _effect("mac-changed", f"{FRAME}: MacAddress", "The hardware address changes.", new_mac),
    _effect("release-flipped", f"{FRAME}: DeleteOnRelease", "DeleteOnRelease turns over.", flip_release),
    _effect("release-reset", f"{FRAME}: DeleteOnRelease", "DeleteOnRelease is reset to false.", reset_release),
    _effect("creation-time-changed", f"{FRAME}: CreationTime", "The creation time changes.", new_creation_time),
    _effect("type-becomes-primary", f"{FRAME}: Type", "The interface becomes a Primary one.", become_primary),
    _effect("stays-in-use", "effect: Available", "The answer is 200, the interface stays InUse.", stay_in_use),
    _effect("stuck-detaching", "effect: Available", "The interface stays Detaching for ever.", get_stuck),
    _effect("ends-attaching", "effect: Available", "The interface ends Attaching.", end_attaching),
    _effect("deleted-instead", "effect: exists", "The interface is deleted.", become_deleting),
    fault(
        "vanishes-when-available",
        "effect",
        "effect: exists",
        "The interface disappears at the moment at which it should become Available.",
        remember("vanish"),
        hook("settled", _vanish),
    ),
    fault(
        "flaps-back",
        "effect",
        "effect: stays Available",
        "Some time after it became Available the interface is InUse again.",
        remember("flap"),
        hook("settled", _flap),
    ),
    _effect(
        "repetition-prolongs",
        "effect: repetition",
        "A repeated call while Detaching leaves the interface Detaching for ever.",
        restart_timer,
    ),
    fault(
        "shown-as-detached",
        "effect",
        "effect: Available",
        "The status is shown as Detached instead of Available.",
        remember("shown"),
        _shows("shown", "Status", "Detached", "Available"),
    ),
    fault(
        "shown-in-lower-case",
        "effect",
        "effect: Available",
        "The status is shown as available.",
        remember("shown"),
        _shows("shown", "Status", "available", "Available"),
    ),
    fault(
        "zone-forgotten",
        "effect",
        f"{FRAME}: ZoneId",
        "A detached interface is shown without a zone.",
        remember("shown"),
        _shows("shown", "ZoneId", ""),
    ),
    fault(
        "vswitch-forgotten",
        "effect",
        f"{FRAME}: VSwitchId",
        "A detached interface is shown without a vSwitch.",
        remember("shown"),
        _shows("shown", "VSwitchId", ""),
    ),
)

OTHERS = (
    _effect("sibling-detached-too", f"{FRAME}: others", "A second interface goes with it.", detach_sibling_too),
    _effect("all-siblings-detached", f"{FRAME}: others", "All secondary interfaces go.", detach_all_siblings),
    _effect(
        "sibling-detached-instead",
        f"{FRAME}: others",
        "Where the instance has several, another interface is detached than the one named.",
        detach_sibling_instead,
    ),
    _effect("sibling-tags-lost", f"{FRAME}: others", "The other interfaces lose their tags.", strip_sibling),
    _effect(
        "sibling-description-lost",
        f"{FRAME}: others",
        "The other interfaces lose their descriptions.",
        rename_siblings,
    ),
    _effect(
        "neighbour-instance-hit",
        f"{FRAME}: others",
        "An interface of another instance in the same vSwitch is detached as well.",
        detach_namesake,
    ),
    _effect("instance-stopped", f"{FRAME}: instance", "A Running instance stops.", stop_instance),
    _effect("instance-rebooted", f"{FRAME}: instance", "A Running instance restarts.", reboot_instance),
    _effect("instance-started", f"{FRAME}: instance", "A Stopped instance starts.", start_instance),
    _effect("instance-tags-lost", f"{FRAME}: instance", "The instance loses its tags.", untag_instance),
    _effect("instance-groups-lost", f"{FRAME}: instance", "The instance leaves its groups.", drop_instance_group),
    _effect("primary-groups-lost", f"{FRAME}: others", "The primary interface leaves its groups.", lose_primary),
)

LINKS = (
    fault(
        "slot-leaks",
        "effect",
        "effect: slot",
        "The place at the instance is not given back.",
        does(leak_slot),
        hook("slots", slots_leak),
    ),
    fault(
        "cannot-return",
        "effect",
        "effect: attach again",
        "The interface cannot be attached to the same instance again.",
        remember("tainted"),
        _refuse_tainted("tainted", False, True, 400, "InvalidOperation.InvalidEniState"),
    ),
    fault(
        "cannot-move-on",
        "effect",
        "effect: attach again",
        "The interface can be attached to its old instance only.",
        remember("tainted"),
        _refuse_tainted("tainted", True, False, 400, "InvalidOperation.InvalidEniState"),
    ),
    fault(
        "cannot-be-attached-again",
        "effect",
        "effect: attach again",
        "The interface cannot be attached again, wherever.",
        remember("tainted"),
        _refuse_tainted("tainted", True, True, 403, "InvalidOperation.InvalidEniType"),
    ),
    fault(
        "instance-keeps-link",
        "effect",
        "effect: link",
        "DescribeInstances goes on showing the interface.",
        remember("former"),
        _instance_keeps("former"),
    ),
    fault(
        "interface-keeps-instance-id",
        "effect",
        "effect: link",
        "An Available interface goes on showing InstanceId.",
        remember("former"),
        _interface_keeps("former", attachment=False, top=True),
    ),
    fault(
        "interface-keeps-attachment",
        "effect",
        "effect: link",
        "An Available interface goes on showing Attachment.",
        remember("former"),
        _interface_keeps("former", attachment=True, top=False),
    ),
    fault(
        "filter-keeps-link",
        "effect",
        "effect: link",
        "DescribeNetworkInterfaces goes on finding the interface by InstanceId.",
        remember("former"),
        _filter_keeps("former"),
    ),
    fault(
        "filter-loses-interface",
        "effect",
        "effect: Available",
        "DescribeNetworkInterfaces does not find a detached interface by Status=Available.",
        remember("former"),
        _filter_loses("former"),
    ),
    fault(
        "tag-filter-hides-address",
        "effect",
        "effect: own attributes",
        "DescribeNetworkInterfaces by tag leaves out PrivateIpAddress of a detached interface.",
        remember("former"),
        _filtered("former", lambda row: row.pop("PrivateIpAddress", None), "Tag."),
    ),
    fault(
        "filter-shows-other-owner",
        "effect",
        "effect: own attributes",
        "DescribeNetworkInterfaces by Status, Type or tag shows another OwnerId of a detached interface.",
        remember("former"),
        _filtered("former", lambda row: row.update(OwnerId="1000000000000000"), "Status", "Type", "Tag."),
    ),
)


# Refusals that do something all the same


def _begin(call: Call, eni: NetworkInterface) -> None:
    if eni.instance is not None:
        call.cloud.detach(eni)


def _although(slug: str, code: str, sentence: str, act: Act = _begin, kind: str = "effect") -> Fault:
    return fault(slug, kind, f"frame: refusal, {code}", sentence, does_on_refusal(code, act))


REFUSALS = (
    _although(
        "wrong-instance-refused-but-done",
        "InvalidOperation.InvalidEniState",
        "Naming the wrong instance is refused, but the interface is detached from its own.",
    ),
    _although(
        "instance-state-refused-but-done",
        "InvalidOperation.InvalidEcsState",
        "The status of the instance is refused, but the interface is detached.",
    ),
    _although(
        "unknown-instance-refused-but-done",
        "InvalidEcsId.NotFound",
        "The instance is unknown, but the interface is detached.",
    ),
    _although(
        "missing-parameter-refused-but-done",
        "MissingParameter",
        "A missing parameter is refused, but the interface is detached.",
    ),
    _although(
        "primary-refused-but-untagged",
        "InvalidOperation.DetachPrimaryEniNotAllowed",
        "The primary interface is refused, but loses its security groups.",
        leave_groups,
    ),
    _although(
        "unsupported-parameter-refused-but-done",
        "UnsupportedParameter",
        "An unsupported parameter is refused, but the interface is detached.",
    ),
    _although(
        "group-limit-refused-but-done",
        "SecurityGroupInstanceLimitExceed",
        "A security group over its limit is refused, but the interface is detached.",
    ),
    _although("refusal-drops-description", "", "Any refusal empties the description.", lose_description),
    _although("refusal-flips-release", "", "Any refusal turns DeleteOnRelease over.", flip_release),
)


# Several at the same time.  A pause between decision and effect lets another call come in between.

_PAUSE = hook("pause", lambda call: 0.04 if call.action == DETACH else 0.0)


def _enter(call: Call, refusal: Refusal | None) -> Refusal | None:
    if refusal is None and call.eni is not None:
        flight = scar(call.cloud, "flight")
        flight[call.request_id] = call.eni
        scar(call.cloud, "last")["eni"] = call.eni
    return refusal


def _others(call: Call) -> list[NetworkInterface]:
    return [eni for key, eni in scar(call.cloud, "flight").items() if key != call.request_id]


def _leave(call: Call, eni: NetworkInterface) -> None:
    scar(call.cloud, "flight").pop(call.request_id, None)


def _overlapping(act: Act) -> Act:
    """Act only if another detach is under way."""

    def inner(call: Call, eni: NetworkInterface) -> None:
        if _others(call):
            act(call, eni)
        _leave(call, eni)

    return inner


def _crowd(call: Call, refusal: Refusal | None) -> Refusal | None:
    same = call.eni is not None and call.eni in scar(call.cloud, "flight").values()
    return Refusal(500, "InternalError", "The record is locked.") if refusal is None and same else refusal


def _conflict(call: Call, refusal: Refusal | None) -> Refusal | None:
    busy = any(eni.instance is call.instance and eni is not call.eni for eni in _others(call))
    return Refusal(403, "Operation.Conflict", "Another task is running.") if refusal is None and busy else refusal


def _not_the_last(call: Call, eni: NetworkInterface) -> None:
    if scar(call.cloud, "last").get("eni") is not eni:
        put_back(call, eni, "InUse")
    _leave(call, eni)


def _win_a_slot(call: Call, eni: NetworkInterface) -> None:
    if call.instance is not None and eni in _others(call):
        call.instance.scar["leaked"] = call.instance.scar.get("leaked", 0) - 1
    _leave(call, eni)


def _lose_a_slot(call: Call, eni: NetworkInterface) -> None:
    if call.instance is not None and eni in _others(call):
        call.instance.scar["leaked"] = call.instance.scar.get("leaked", 0) + 1
    _leave(call, eni)


def _borrow_id(call: Call, reply: Reply) -> None:
    flight = scar(call.cloud, "flight")
    other = next((key for key in scar(call.cloud, "ids") if key != call.request_id), "")
    if other and reply.root != "Error":
        reply.fields["RequestId"] = reply.headers["x-acs-request-id"] = other
    scar(call.cloud, "ids").clear()
    if flight:
        scar(call.cloud, "ids")[call.request_id] = True


def _parallel(slug: str, requirement: str, sentence: str, *parts: Part) -> Fault:
    return fault(slug, "concurrency", requirement, sentence, hook("decision", _enter), _PAUSE, *parts)


CONCURRENT = (
    fault(
        "parallel-same-crashes",
        "concurrency",
        "parallel: same interface",
        "The second of two parallel detaches of one interface is an internal error.",
        hook("decision", _crowd),
        hook("decision", _enter),
        _PAUSE,
        does(_leave),
    ),
    fault(
        "parallel-sibling-conflict",
        "concurrency",
        "parallel: siblings",
        "The second of two parallel detaches from one instance is refused with an undocumented code.",
        hook("decision", _conflict),
        hook("decision", _enter),
        _PAUSE,
        does(_leave),
    ),
    _parallel(
        "parallel-first-lost",
        "parallel: any",
        "Of overlapping detaches of different interfaces only the last is carried out; all get 200.",
        does(_not_the_last),
    ),
    _parallel(
        "parallel-sticks",
        "parallel: any",
        "A detach that overlaps another one stays Detaching for ever.",
        does(_overlapping(get_stuck)),
    ),
    _parallel(
        "parallel-tags-lost",
        "parallel: any",
        "A detach that overlaps another one costs the interface its tags.",
        does(_overlapping(lose_tags)),
    ),
    _parallel(
        "parallel-slot-won",
        "parallel: same interface",
        "Two parallel detaches of one interface free two places of the instance.",
        does(_win_a_slot),
        hook("slots", slots_leak),
    ),
    _parallel(
        "parallel-slot-lost",
        "parallel: same interface",
        "Two parallel detaches of one interface cost the instance a place.",
        does(_lose_a_slot),
        hook("slots", slots_leak),
    ),
    _parallel(
        "parallel-request-id-shared",
        "RequestId",
        "Overlapping detaches answer with the same RequestId.",
        does(_leave),
        envelope(_borrow_id),
    ),
)

EFFECTS = (*OWN, *OTHERS, *LINKS, *REFUSALS, *CONCURRENT)
