"""Instances: creating, starting, stopping, deleting and describing them."""

from __future__ import annotations

from eni_conformance.emulator import common
from eni_conformance.emulator.call import Call, is_number
from eni_conformance.emulator.catalogue import IMAGES, INSTANCE_TYPES
from eni_conformance.emulator.envelope import Fields, Refusal, printable
from eni_conformance.emulator.interfaces import lagging, shown
from eni_conformance.emulator.paging import page
from eni_conformance.emulator.state import Instance, NetworkInterface, VSwitch

STATUSES = ("Pending", "Starting", "Running", "Stopping", "Stopped")
MOST_SECONDARY = 49
"""Private addresses of an interface besides the primary one."""


def _plan(call: Call) -> tuple[VSwitch, list[str]]:
    """Check what a new instance needs; vSwitch and security groups of its primary interface."""
    where = common.region(call)
    kind = call.need("InstanceType")
    if kind not in INSTANCE_TYPES:
        raise Refusal(400, "InvalidInstanceType.ValueNotSupported", f"The InstanceType {printable(kind)} is unknown.")
    image = call.get("ImageId")
    if not image and not call.get("ImageFamily"):
        call.need("ImageId")
    if image and image not in IMAGES:
        raise Refusal(404, "InvalidImageId.NotFound", f"The ImageId {printable(image)} does not exist.")
    primary = next((n for n in _interface_numbers(call) if _nic(call, n, "InstanceType") == "Primary"), 0)
    vswitch_id = call.get("VSwitchId") or (_nic(call, primary, "VSwitchId") if primary else "")
    vswitch = common.vswitch(call, where, vswitch_id or call.need("VSwitchId"))
    if call.get("ZoneId") not in ("", vswitch.zone):
        raise Refusal(403, "InvalidParameter.Mismatch", "The ZoneId is not that of the vSwitch.")
    ids = _nic_groups(call, primary) if primary and not call.get("SecurityGroupId") else []
    groups = common.groups(call, where, ids or common.group_ids(call), vswitch.vpc_id)
    common.check_tags(call.tags())
    if 1 + len(_secondaries(call)) > INSTANCE_TYPES[kind].interfaces:
        raise Refusal(
            403,
            "InvalidParameter.EniNumExceededWithLaunchEcs",
            f"The type {kind} does not take that many interfaces.",
        )
    return vswitch, groups


def _interface_numbers(call: Call) -> list[int]:
    found = set()
    for name in call.params:
        parts = name.split(".")
        if parts[0] == "NetworkInterface" and len(parts) > 2 and is_number(parts[1]):
            found.add(int(parts[1]))
    return sorted(found)


def _nic(call: Call, number: int, name: str) -> str:
    return call.get(f"NetworkInterface.{number}.{name}")


def _nic_groups(call: Call, number: int) -> list[str]:
    one = _nic(call, number, "SecurityGroupId")
    return call.numbered(f"NetworkInterface.{number}.SecurityGroupIds") or ([one] if one else [])


def _secondaries(call: Call) -> list[int]:
    return [n for n in _interface_numbers(call) if _nic(call, n, "InstanceType") != "Primary"]


def _build(call: Call, vswitch: VSwitch, groups: list[str], name: str) -> Instance:
    """A Stopped instance with its primary interface and those it is to be born with."""
    cloud, where = call.cloud, vswitch.region
    instance = Instance(
        **cloud.common("i", where, call.caller.account),
        zone=vswitch.zone,
        vpc_id=vswitch.vpc_id,
        vswitch_id=vswitch.id,
        type=INSTANCE_TYPES[call.get("InstanceType")],
        image_id=call.get("ImageId") or IMAGES[0],
        name=name,
        description=call.get("Description"),
        security_group_ids=groups,
        tags=call.tags(),
        charge_type=call.get("InstanceChargeType", "PostPaid"),
        spot_strategy=call.get("SpotStrategy", "NoSpot"),
        deletion_protection=call.flag("DeletionProtection"),
    )
    instance.name = name or instance.id
    instance.status = "Stopped"
    address = cloud.take_address(vswitch, call.get("PrivateIpAddress"))
    if address is None:
        raise Refusal(403, "InvalidVSwitchId.IpNotEnough", f"The vSwitch {vswitch.id} has no such address left.")
    primary = cloud.new_interface(vswitch, "Primary", list(groups), address, where, delete_on_release=True)
    cloud.link(primary, instance)
    try:
        for number in _secondaries(call):
            cloud.link(_secondary(call, vswitch, groups, number), instance)
    except Refusal:
        for eni in instance.interfaces.values():
            cloud.interfaces.pop(eni.id, None)
            cloud.give_back(eni.vswitch_id, [eni.ip, *eni.secondary_ips])
        raise
    cloud.instances[instance.id] = instance
    return instance


def _secondary(call: Call, vswitch: VSwitch, groups: list[str], number: int) -> NetworkInterface:
    where = vswitch.region
    own = _nic(call, number, "VSwitchId")
    home = common.vswitch(call, where, own) if own else vswitch
    if home.zone != vswitch.zone:
        raise Refusal(403, "InvalidOperation.AvailabilityZoneMismatch", f"{home.id} lies in another zone.")
    ids = common.groups(call, where, _nic_groups(call, number) or list(groups), home.vpc_id)
    count = _nic(call, number, "SecondaryPrivateIpAddressCount") or "0"
    if not is_number(count) or int(count) > MOST_SECONDARY:
        raise Refusal(400, "InvalidParameter", f"The number of addresses {printable(count)} is not valid.")
    wanted = _nic(call, number, "PrimaryIpAddress")
    taken = [call.cloud.take_address(home, text) for text in (wanted, *[""] * int(count))]
    addresses = [text for text in taken if text is not None]
    if len(addresses) < len(taken):
        call.cloud.give_back(home.id, addresses)
        raise Refusal(403, "InvalidVSwitchId.IpNotEnough", f"The vSwitch {home.id} has no such address left.")
    return call.cloud.new_interface(
        home,
        "Secondary",
        ids,
        addresses[0],
        where,
        born=True,
        secondary_ips=addresses[1:],
        name=_nic(call, number, "NetworkInterfaceName"),
        description=_nic(call, number, "Description"),
        delete_on_release=_nic(call, number, "DeleteOnRelease").lower() != "false",
    )


def run_instances(call: Call) -> Fields:
    """One or more instances, Pending, then Starting, then Running."""
    vswitch, groups = _plan(call)
    amount = call.number("Amount", 1, 1, 100)
    common.end_dry_run(call)
    ids = []
    for _ in range(amount):
        instance = _build(call, vswitch, groups, call.get("InstanceName"))
        call.cloud.create_then_start(instance)
        ids.append(instance.id)
    return {"InstanceIdSets": {"InstanceIdSet": ids}, "OrderId": "", "TradePrice": 0.0}


def create_instance(call: Call) -> Fields:
    """One instance, Pending, then Stopped."""
    vswitch, groups = _plan(call)
    common.end_dry_run(call)
    instance = _build(call, vswitch, groups, call.get("InstanceName"))
    call.cloud.later(instance, "Pending", lambda: setattr(instance, "status", "Stopped"))
    return {"InstanceId": instance.id, "OrderId": "", "TradePrice": 0.0}


def _in_status(instance: Instance, *allowed: str) -> None:
    if instance.state not in allowed:
        raise Refusal(
            403,
            "IncorrectInstanceStatus",
            f"The status of {instance.id} is {instance.state}, expected {' or '.join(allowed)}.",
        )


def start_instance(call: Call) -> Fields:
    """Stopped -> Starting -> Running."""
    instance = common.instance(call)
    _in_status(instance, "Stopped")
    common.end_dry_run(call)
    call.cloud.start(instance)
    return {}


def stop_instance(call: Call) -> Fields:
    """Running -> Stopping -> Stopped."""
    instance = common.instance(call)
    _in_status(instance, "Running")
    mode = call.get("StoppedMode", "KeepCharging")
    if mode not in ("KeepCharging", "StopCharging"):
        raise Refusal(400, "InvalidParameter", f"The StoppedMode {printable(mode)} is not valid.")
    common.end_dry_run(call)
    call.cloud.stop(instance, mode)
    return {}


def reboot_instance(call: Call) -> Fields:
    """Running -> Starting -> Running."""
    instance = common.instance(call)
    _in_status(instance, "Running")
    common.end_dry_run(call)
    call.cloud.reboot(instance)
    return {}


def delete_instance(call: Call) -> Fields:
    """Delete a Stopped instance, or a Running one with Force; it disappears after the settle time."""
    instance = common.instance(call)
    if instance.deletion_protection:
        raise Refusal(403, "InvalidOperation.DeletionProtection", f"The instance {instance.id} is protected.")
    if instance.state in ("Pending", "Starting"):
        raise Refusal(
            403,
            "IncorrectInstanceStatus.Initializing",
            f"The instance {instance.id} is {instance.state}: too early.",
        )
    if call.flag("Force"):
        _in_status(instance, "Stopped", "Running", "Stopping")
    else:
        _in_status(instance, "Stopped")
    common.end_dry_run(call)
    call.cloud.delete_instance(instance)
    return {}


def delete_instances(call: Call) -> Fields:
    """The same for several instances at once: all or none."""
    common.region(call)
    ids = call.numbered("InstanceId")
    if not ids:
        call.need("InstanceId.1")
    found = [call.cloud.instances.get(id) for id in ids]
    chosen = [each for each in found if each is not None and each.owner == call.caller.account]
    if len(chosen) < len(ids):
        raise Refusal(404, "InvalidInstanceId.NotFound", "An InstanceId does not exist.")
    for instance in chosen:
        if call.flag("Force"):
            _in_status(instance, "Stopped", "Running", "Stopping")
        else:
            _in_status(instance, "Stopped")
    common.end_dry_run(call)
    for instance in chosen:
        call.cloud.delete_instance(instance)
    return {}


# Describing


def linked(call: Call, instance: Instance) -> list[NetworkInterface]:
    """The interfaces that a reader sees at an instance, in the order of their places."""
    old = lagging(call) or call.stale is not None
    candidates = call.cloud.interfaces.values() if old else instance.interfaces.values()
    found = [eni for eni in candidates if shown(call, eni)[1] is instance]
    return sorted(found, key=lambda eni: (eni.type != "Primary", eni.device_index))


def _row(call: Call, instance: Instance) -> Fields:
    interfaces = linked(call, instance)
    primary = next((eni for eni in interfaces if eni.type == "Primary"), None)
    fields: Fields = {
        "InstanceId": instance.id,
        "InstanceName": instance.name,
        "HostName": instance.name,
        "Description": instance.description,
        "Status": instance.state,
        "RegionId": instance.region,
        "ZoneId": instance.zone,
        "InstanceType": instance.type.id,
        "InstanceTypeFamily": instance.type.family,
        "Cpu": instance.type.cores,
        "Memory": int(instance.type.memory_gib * 1024),
        "ImageId": instance.image_id,
        "OSType": "linux",
        "InstanceNetworkType": "vpc",
        "InstanceChargeType": instance.charge_type,
        "SpotStrategy": instance.spot_strategy,
        "StoppedMode": (instance.stopped_mode or "KeepCharging") if instance.state == "Stopped" else "Not-applicable",
        "DeletionProtection": instance.deletion_protection,
        "IoOptimized": True,
        "CreationTime": instance.created[:-4] + "Z",
        "StartTime": (instance.started or instance.created)[:-4] + "Z",
        "ExpiredTime": "2099-12-31T15:59Z",
        "VpcAttributes": {
            "VpcId": instance.vpc_id,
            "VSwitchId": instance.vswitch_id,
            "NatIpAddress": "",
            "PrivateIpAddress": {"IpAddress": [primary.ip] if primary is not None else []},
        },
        "SecurityGroupIds": {"SecurityGroupId": list(instance.security_group_ids)},
        "NetworkInterfaces": {
            "NetworkInterface": [
                {
                    "NetworkInterfaceId": eni.id,
                    "Type": eni.type,
                    "MacAddress": eni.mac,
                    "PrimaryIpAddress": eni.ip,
                    "PrivateIpSets": {
                        "PrivateIpSet": [
                            {"PrivateIpAddress": eni.ip, "Primary": True},
                            *({"PrivateIpAddress": text, "Primary": False} for text in eni.secondary_ips),
                        ]
                    },
                }
                for eni in interfaces
            ]
        },
        "PublicIpAddress": {"IpAddress": []},
        "InnerIpAddress": {"IpAddress": []},
        "OperationLocks": {"LockReason": []},
        "Tags": {"Tag": common.tag_rows(instance.tags)},
    }
    for hook in call.cloud.behaviour.hooks.instance_view:
        hook(call, instance, fields)
    return fields


def describe_instances(call: Call) -> Fields:
    """The caller's instances in a region; unknown ids give an empty list."""
    where = common.region(call)
    ids = common.json_list(call, "InstanceIds")
    status = call.get("Status")
    if status and status not in STATUSES:
        raise Refusal(404, "InvalidStatus.NotFound", f"The Status {printable(status)} does not exist.")
    params, wanted = call.params, call.tags()
    known = call.cloud.instances
    candidates = [known[id] for id in dict.fromkeys(ids) if id in known] if ids else list(known.values())
    found = [
        each
        for each in candidates
        if each.owner == call.caller.account
        and each.region == where
        and status in ("", each.state)
        and params.get("VpcId", "") in ("", each.vpc_id)
        and params.get("VSwitchId", "") in ("", each.vswitch_id)
        and params.get("ZoneId", "") in ("", each.zone)
        and params.get("SecurityGroupId", "") in ("", *each.security_group_ids)
        and params.get("InstanceName", "") in ("", each.name)
        and params.get("InstanceType", "") in ("", each.type.id)
        and common.tagged(each.tags, wanted)
    ]
    common.end_dry_run(call)
    rows, paging = page(call, found, most=100, per_page=100)
    for look in call.cloud.behaviour.hooks.look:
        look(call, [eni for eni in call.cloud.interfaces.values() if eni.instance in rows or eni.previous[1] in rows])
    return {"Instances": {"Instance": [_row(call, each) for each in rows]}, **paging}


def describe_instance_status(call: Call) -> Fields:
    """Ids and statuses only."""
    where = common.region(call)
    ids = call.numbered("InstanceId")
    if len(ids) > 100:
        raise Refusal(403, "InvalidParameter.TooManyInstanceIds", "There are more than 100 values of InstanceId.")
    found = [
        each
        for each in call.cloud.instances.values()
        if each.owner == call.caller.account
        and each.region == where
        and (not ids or each.id in ids)
        and call.get("ZoneId") in ("", each.zone)
    ]
    rows, paging = page(call, found, most=50, per_page=50)
    statuses = [{"InstanceId": each.id, "Status": each.state} for each in rows]
    return {"InstanceStatuses": {"InstanceStatus": statuses}, **paging}


def describe_instance_attribute(call: Call) -> Fields:
    """One instance, its fields at the root."""
    return _row(call, common.instance(call))
