"""Elastic network interfaces: every operation on them except DetachNetworkInterface."""

from __future__ import annotations

import random
import zlib

from eni_conformance.emulator import common
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.catalogue import INTERFACES_PER_REGION, REGIONS
from eni_conformance.emulator.envelope import Fields, Refusal, printable
from eni_conformance.emulator.paging import page
from eni_conformance.emulator.state import Cloud, Instance, NetworkInterface

STATUSES = ("Available", "Attaching", "InUse", "Detaching", "Deleting")
TYPES = ("Primary", "Secondary", "Trunk", "Member")


def create_network_interface(call: Call) -> Fields:
    """An interface in a vSwitch, Available at once."""
    where = common.interface_region(call)
    vswitch = common.vswitch(call, where, call.need("VSwitchId"))
    groups = common.groups(call, where, common.group_ids(call), vswitch.vpc_id)
    kind = call.get("InstanceType", "Secondary")
    if kind not in ("Secondary", "Trunk"):
        raise Refusal(400, "InvalidParameter", f"The InstanceType {printable(kind)} is not valid.")
    tags, released = common.check_tags(call.tags()), call.flag("DeleteOnRelease")
    wanted, count = call.numbered("PrivateIpAddress"), call.number("SecondaryPrivateIpAddressCount", 0, 0, 49)
    if wanted and count:
        raise Refusal(
            400,
            "InvalidParameter.Conflict",
            "PrivateIpAddress.N and SecondaryPrivateIpAddressCount cannot be used together.",
        )
    if len(set(wanted)) < len(wanted):
        raise Refusal(400, "InvalidPrivateIpAddress.Duplicated", "A private address is given twice.")
    account = call.caller.account
    owned = [each for each in call.cloud.interfaces.values() if each.owner == account and each.region == where]
    if len(owned) >= INTERFACES_PER_REGION:
        raise Refusal(403, "MaxEniCountExceeded", "The account has as many network interfaces as it may.")
    addresses = [_address(call.cloud, vswitch.id, call.get("PrimaryIpAddress"), [])]
    for text in wanted or [""] * count:
        addresses.append(_address(call.cloud, vswitch.id, text, addresses))
    eni = call.cloud.new_interface(
        vswitch,
        kind,
        groups,
        addresses[0],
        where,
        name=call.get("NetworkInterfaceName"),
        description=call.get("Description"),
        secondary_ips=addresses[1:],
        delete_on_release=released,
        tags=tags,
    )
    return row(call, eni)


def _address(cloud: Cloud, vswitch_id: str, wanted: str, taken: list[str]) -> str:
    """One more address; gives back those taken for the same call if there is none."""
    vswitch = cloud.vswitches.get(vswitch_id)
    found = cloud.take_address(vswitch, wanted) if vswitch is not None else None
    if found is None:
        cloud.give_back(vswitch_id, taken)
        if wanted:
            raise Refusal(
                403,
                "InvalidVSwitchId.IpInvalid",
                f"The address {printable(wanted)} cannot be had in {vswitch_id}.",
            )
        raise Refusal(403, "InvalidVSwitchId.IpNotEnough", f"The vSwitch {vswitch_id} has no address left.")
    return found


def attach_network_interface(call: Call) -> Fields:
    """Begin to attach an Available interface; it becomes InUse some time after the answer."""
    id, eni_id = call.need("InstanceId"), call.need("NetworkInterfaceId")
    where = common.interface_region(call)
    instance = call.cloud.instances.get(id)
    if instance is None or instance.owner != call.caller.account or instance.region != where:
        raise Refusal(404, "InvalidEcsId.NotFound", f"The instance {printable(id)} does not exist.")
    eni = common.interface(call, where)
    if eni.type not in ("Secondary", "Trunk"):
        raise Refusal(
            403,
            "InvalidOperation.InvalidEniType",
            f"The type of {eni_id} is {eni.type}, expected Secondary or Trunk.",
        )
    if eni.state != "Available":
        raise Refusal(
            400,
            "InvalidOperation.InvalidEniState",
            f"The status of {eni_id} is {eni.state}, expected Available.",
        )
    if instance.state not in ("Running", "Stopped"):
        raise Refusal(
            400,
            "InvalidOperation.InvalidEcsState",
            f"The status of {id} is {instance.state}, expected Running or Stopped.",
        )
    if eni.vpc_id != instance.vpc_id:
        raise Refusal(403, "InvalidOperation.VpcMismatch", f"{eni_id} and {id} do not lie in one VPC.")
    if eni.zone != instance.zone:
        raise Refusal(403, "InvalidOperation.AvailabilityZoneMismatch", f"{eni_id} and {id} do not lie in one zone.")
    used = len(instance.interfaces)
    for count in call.cloud.behaviour.hooks.slots:
        used = count(instance, used)
    if used >= instance.type.interfaces or instance.over_limit:
        raise Refusal(
            403,
            "EniPerInstanceLimitExceeded",
            f"The instance type {instance.type.id} takes {instance.type.interfaces} network interfaces.",
        )
    for hook in call.cloud.behaviour.hooks.attach:
        refusal = hook(call, instance, eni)
        if refusal is not None:
            raise refusal
    call.cloud.attach(eni, instance)
    return {}


def delete_network_interface(call: Call) -> Fields:
    """Begin to delete an Available interface; repeating it while Deleting is fine."""
    where = common.interface_region(call)
    eni = common.interface(call, where)
    if eni.state not in ("Available", "Deleting"):
        raise Refusal(
            400,
            "InvalidOperation.InvalidEniState",
            f"The status of {eni.id} is {eni.state}, expected Available.",
        )
    for hook in call.cloud.behaviour.hooks.delete:
        refusal = hook(call, eni)
        if refusal is not None:
            raise refusal
    call.cloud.delete_interface(eni)
    return {}


# Describing


def lagging(call: Call) -> bool:
    """Whether this request reads what was so a moment ago."""
    behaviour = call.cloud.behaviour
    if behaviour.lags == "replica":
        return bool(behaviour.lag_seconds) and zlib.crc32(call.request_id.encode()) % 2 == 0
    return bool(behaviour.lag_seconds) and behaviour.lags in ("", call.action)


def _lag(cloud: Cloud, eni: NetworkInterface, changed: float) -> float:
    """For how many seconds a change of an interface is not shown."""
    least, most = cloud.behaviour.lag_least, cloud.behaviour.lag_seconds
    return random.Random(f"{eni.id} {changed}").uniform(least, most) if least else most


def shown(call: Call, eni: NetworkInterface) -> tuple[str, Instance | None]:
    """Status and link as a reader sees them: the present ones, or those of a moment ago."""
    behaviour = call.cloud.behaviour
    if call.stale is eni:
        return eni.previous
    if lagging(call) and eni.forced is None:
        for changed, state, link in eni.past:
            if call.cloud.now() - changed < _lag(call.cloud, eni, changed):
                return state, link
    state, link = eni.state, eni.link
    if state == "Detaching" and _not_yet_shown(call.cloud, eni):
        state = "InUse"
    if behaviour.hide_link_while_detaching and state == "Detaching":
        link = None
    return state, link


def _not_yet_shown(cloud: Cloud, eni: NetworkInterface) -> bool:
    """Whether a detach is still kept from readers; never once this very detach has been shown."""
    after = cloud.behaviour.detaching_shown_after
    if not after:
        return False
    if eni.held or eni.forced is not None:
        eni.scar["detach shown"] = eni.changed
    return eni.scar.get("detach shown") != eni.changed and cloud.now() - eni.changed < after


def row(call: Call, eni: NetworkInterface) -> Fields:
    """One interface with all its attributes."""
    state, link = shown(call, eni)
    fields: Fields = {
        "NetworkInterfaceId": eni.id,
        "Status": state,
        "Type": eni.type,
        "VpcId": eni.vpc_id,
        "VSwitchId": eni.vswitch_id,
        "ZoneId": eni.zone,
        "MacAddress": eni.mac,
        "PrivateIpAddress": eni.ip,
        "NetworkInterfaceName": eni.name,
        "Description": eni.description,
        "OwnerId": eni.owner,
        "ResourceGroupId": "",
        "ServiceManaged": False,
        "ServiceID": 0,
        "QueueNumber": 2,
        "DeleteOnRelease": eni.delete_on_release,
        "CreationTime": eni.created,
        "NetworkInterfaceTrafficMode": "Standard",
        "SecurityGroupIds": {"SecurityGroupId": list(eni.security_group_ids)},
        "PrivateIpSets": {
            "PrivateIpSet": [
                {"PrivateIpAddress": eni.ip, "Primary": True},
                *({"PrivateIpAddress": address, "Primary": False} for address in eni.secondary_ips),
            ]
        },
        "Ipv6Sets": {"Ipv6Set": []},
        "Tags": {"Tag": common.tag_rows(eni.tags)},
    }
    if link is not None:
        fields["InstanceId"] = link.id
        fields["Attachment"] = {
            "InstanceId": link.id,
            "DeviceIndex": eni.device_index,
            "NetworkCardIndex": 0,
            "TrunkNetworkInterfaceId": eni.trunk_id,
        }
    for hook in call.cloud.behaviour.hooks.view:
        hook(call, eni, fields)
    return fields


def _describe_region(call: Call) -> str:
    value = call.need("RegionId")
    if value not in REGIONS:
        raise Refusal(400, "InvalidRegionId.MalFormed", f"The RegionId {printable(value)} is not valid.")
    return value


def describe_network_interfaces(call: Call) -> Fields:
    """The caller's interfaces in a region; unknown ids give an empty list."""
    where = _describe_region(call)
    ids = call.numbered("NetworkInterfaceId")
    if len(ids) > 100:
        raise Refusal(400, "InvalidParameter", "There are more than 100 values of NetworkInterfaceId.")
    for name, values in (("Status", STATUSES), ("Type", TYPES)):
        if call.get(name) and call.get(name) not in values:
            raise Refusal(400, f"InvalidParameter.{name}", f"The {name} {printable(call.get(name))} is not valid.")
    known = call.cloud.interfaces
    candidates = [known[id] for id in dict.fromkeys(ids) if id in known] if ids else list(known.values())
    account = call.caller.account
    owned = [eni for eni in candidates if eni.owner == account and eni.region == where]
    for look in call.cloud.behaviour.hooks.look:
        look(call, owned)
    found = [eni for eni in owned if _matches(call, eni)]
    rows, paging = page(call, found, most=500, per_page=1000)
    return {"NetworkInterfaceSets": {"NetworkInterfaceSet": [row(call, eni) for eni in rows]}, **paging}


def _matches(call: Call, eni: NetworkInterface) -> bool:
    params = call.params
    state, link = shown(call, eni)
    status, instance_id = params.get("Status", ""), params.get("InstanceId", "")
    addresses = call.numbered("PrivateIpAddress")
    primary = params.get("PrimaryIpAddress", "")
    fits = (
        status in ("", state)
        and (not instance_id or (link is not None and link.id == instance_id))
        and params.get("Type", "") in ("", eni.type)
        and params.get("VpcId", "") in ("", eni.vpc_id)
        and params.get("VSwitchId", "") in ("", eni.vswitch_id)
        and params.get("SecurityGroupId", "") in ("", *eni.security_group_ids)
        and params.get("NetworkInterfaceName", "") in ("", eni.name)
        and primary in ("", eni.ip)
        and (not addresses or bool({eni.ip, *eni.secondary_ips}.intersection(addresses)))
        and params.get("ServiceManaged", "").lower() in ("", "false")
        and common.tagged(eni.tags, call.tags())
    )
    for hook in call.cloud.behaviour.hooks.matches:
        fits = hook(call, eni, fits)
    return fits


def describe_network_interface_attribute(call: Call) -> Fields:
    """One interface, its fields at the root."""
    return row(call, common.interface(call, _describe_region(call)))


# Changing


def modify_network_interface_attribute(call: Call) -> Fields:
    """Change name, description, security groups or DeleteOnRelease."""
    where = common.interface_region(call)
    eni = common.interface(call, where)
    groups = call.numbered("SecurityGroupId")
    if groups:
        eni.security_group_ids = common.groups(call, where, list(dict.fromkeys(groups)), eni.vpc_id)
    if "NetworkInterfaceName" in call.params:
        eni.name = call.get("NetworkInterfaceName")
    if "Description" in call.params:
        eni.description = call.get("Description")
    if call.get("DeleteOnRelease"):
        eni.delete_on_release = call.flag("DeleteOnRelease")
    return {}


def _settled(eni: NetworkInterface) -> NetworkInterface:
    if eni.state not in ("Available", "InUse"):
        raise Refusal(
            400,
            "InvalidOperation.InvalidEniState",
            f"The status of {eni.id} is {eni.state}, expected Available or InUse.",
        )
    return eni


def assign_private_ip_addresses(call: Call) -> Fields:
    """Give an interface more addresses, named ones or a number of them."""
    eni = _settled(common.interface(call, common.interface_region(call)))
    wanted, count = call.numbered("PrivateIpAddress"), call.number("SecondaryPrivateIpAddressCount", 0, 0, 49)
    if bool(wanted) == bool(count):
        raise Refusal(
            400,
            "InvalidParameter.Conflict",
            "One of PrivateIpAddress.N and SecondaryPrivateIpAddressCount is needed.",
        )
    limit = eni.instance.type.addresses if eni.instance is not None else 50
    if 1 + len(eni.secondary_ips) + max(count, len(wanted)) > limit:
        raise Refusal(403, "InvalidOperation.EniIpQuantityExceeded", f"{eni.id} takes at most {limit} addresses.")
    added: list[str] = []
    for text in wanted or [""] * count:
        added.append(_address(call.cloud, eni.vswitch_id, text, added))
    eni.secondary_ips.extend(added)
    return {
        "AssignedPrivateIpAddressesSet": {
            "NetworkInterfaceId": eni.id,
            "PrivateIpSet": {"PrivateIpAddress": added},
        }
    }


def unassign_private_ip_addresses(call: Call) -> Fields:
    """Take secondary addresses off an interface."""
    eni = _settled(common.interface(call, common.interface_region(call)))
    wanted = call.numbered("PrivateIpAddress")
    if not wanted:
        raise Refusal(400, "MissingParameter", "PrivateIpAddress.1 is mandatory for this action.")
    if not set(wanted) <= set(eni.secondary_ips):
        raise Refusal(403, "InvalidIp.NotAssigned", f"An address is no secondary address of {eni.id}.")
    eni.secondary_ips = [text for text in eni.secondary_ips if text not in wanted]
    call.cloud.give_back(eni.vswitch_id, wanted)
    return {}
