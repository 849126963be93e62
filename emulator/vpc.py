"""VPCs and vSwitches: the operations of version 2016-04-28 that a network interface needs."""

from __future__ import annotations

import ipaddress

from eni_conformance.emulator import common
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.catalogue import REGIONS
from eni_conformance.emulator.envelope import Fields, Refusal, printable
from eni_conformance.emulator.paging import page
from eni_conformance.emulator.state import Vpc, VSwitch

DEFAULT_CIDR = "172.16.0.0/12"
_PRIVATE = tuple(ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def _network(text: str) -> ipaddress.IPv4Network:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        network = None
    if network is None or not any(network.subnet_of(private) for private in _PRIVATE):
        raise Refusal(400, "InvalidCidrBlock.Malformed", f"The CidrBlock {printable(text)} is not valid.")
    return network


def _vpc(call: Call, id: str, status: int = 404) -> Vpc:
    found = call.cloud.vpcs.get(id)
    where = call.get("RegionId")
    if found is None or found.owner != call.caller.account or (where and found.region != where):
        raise Refusal(status, "InvalidVpcId.NotFound", f"The VPC {printable(id)} does not exist.")
    return found


def _vswitch(call: Call, status: int = 404) -> VSwitch:
    id = call.need("VSwitchId")
    found = call.cloud.vswitches.get(id)
    where = call.get("RegionId")
    if found is None or found.owner != call.caller.account or (where and found.region != where):
        raise Refusal(status, "InvalidVSwitchId.NotFound", f"The vSwitch {printable(id)} does not exist.")
    return found


def create_vpc(call: Call) -> Fields:
    """A VPC, Pending for a while."""
    where = common.region(call)
    cidr = str(_network(call.get("CidrBlock", DEFAULT_CIDR)))
    tags = common.check_tags(call.tags())
    common.end_dry_run(call)
    vpc = call.cloud.new_vpc(call.caller.account, where, cidr, call.get("VpcName"))
    vpc.tags = tags
    return {
        "VpcId": vpc.id,
        "VRouterId": vpc.vrouter_id,
        "RouteTableId": vpc.route_table_id,
        "ResourceGroupId": "rg-emulator",
    }


def _vpc_row(call: Call, vpc: Vpc) -> Fields:
    vswitches = [each.id for each in call.cloud.vswitches.values() if each.vpc_id == vpc.id]
    return {
        "VpcId": vpc.id,
        "RegionId": vpc.region,
        "Status": vpc.state,
        "VpcName": vpc.name,
        "CidrBlock": vpc.cidr,
        "VRouterId": vpc.vrouter_id,
        "CreationTime": vpc.created,
        "IsDefault": False,
        "Description": "",
        "VSwitchIds": {"VSwitchId": vswitches},
        "RouterTableIds": {"RouterTableIds": [vpc.route_table_id]},
        "Tags": {"Tag": [{"Key": key, "Value": value} for key, value in vpc.tags.items()]},
    }


def describe_vpcs(call: Call) -> Fields:
    """The caller's VPCs in a region; unknown ids give an empty list."""
    where = common.region(call)
    ids = {id for id in call.get("VpcId").split(",") if id}
    name, wanted = call.get("VpcName"), call.tags()
    found = [
        vpc
        for vpc in call.cloud.vpcs.values()
        if vpc.owner == call.caller.account
        and vpc.region == where
        and (not ids or vpc.id in ids)
        and name in ("", vpc.name)
        and common.tagged(vpc.tags, wanted)
    ]
    rows, paging = page(call, found, most=50, per_page=50)
    return {"Vpcs": {"Vpc": [_vpc_row(call, vpc) for vpc in rows]}, **paging}


def describe_vpc_attribute(call: Call) -> Fields:
    """One VPC, its fields at the root."""
    common.region(call)
    return _vpc_row(call, _vpc(call, call.need("VpcId")))


def delete_vpc(call: Call) -> Fields:
    """Delete a VPC that nothing lies in any more."""
    vpc = _vpc(call, call.need("VpcId"))
    if any(each.vpc_id == vpc.id for each in call.cloud.vswitches.values()):
        raise Refusal(400, "DependencyViolation.VSwitch", f"The VPC {vpc.id} still has vSwitches.")
    if any(each.vpc_id == vpc.id for each in call.cloud.groups.values()):
        raise Refusal(400, "DependencyViolation.SecurityGroup", f"The VPC {vpc.id} still has security groups.")
    common.end_dry_run(call)
    call.cloud.drop_pending(vpc)
    del call.cloud.vpcs[vpc.id]
    return {}


def create_vswitch(call: Call) -> Fields:
    """A vSwitch in one zone of its VPC, Pending for a while."""
    vpc = _vpc(call, call.need("VpcId"))
    zone = call.need("ZoneId")
    network = _network(call.need("CidrBlock"))
    if vpc.state != "Available":
        raise Refusal(400, "IncorrectVpcStatus", f"The VPC {vpc.id} is {vpc.state}.")
    if zone not in REGIONS[vpc.region].zones:
        raise Refusal(404, "InvalidZoneId.NotFound", f"The zone {printable(zone)} does not exist.")
    if not network.subnet_of(ipaddress.IPv4Network(vpc.cidr)) or not 16 <= network.prefixlen <= 29:
        raise Refusal(400, "InvalidCidrBlock.Malformed", f"The CidrBlock {network} does not fit into {vpc.cidr}.")
    for other in call.cloud.vswitches.values():
        if other.vpc_id == vpc.id and network.overlaps(ipaddress.IPv4Network(other.cidr)):
            raise Refusal(400, "InvalidCidrBlock.Overlapped", f"The CidrBlock {network} overlaps {other.cidr}.")
    tags = common.check_tags(call.tags())
    made = call.cloud.new_vswitch(vpc, zone, network, call.get("VSwitchName"))
    made.tags = tags
    return {"VSwitchId": made.id}


def _vswitch_row(each: VSwitch) -> Fields:
    return {
        "VSwitchId": each.id,
        "VpcId": each.vpc_id,
        "ZoneId": each.zone,
        "Status": each.state,
        "CidrBlock": each.cidr,
        "VSwitchName": each.name,
        "AvailableIpAddressCount": each.last - each.first + 1 - len(each.used),
        "CreationTime": each.created,
        "IsDefault": False,
        "Description": "",
        "Tags": {"Tag": [{"Key": key, "Value": value} for key, value in each.tags.items()]},
    }


def describe_vswitches(call: Call) -> Fields:
    """The caller's vSwitches of a region or a VPC."""
    where = call.get("RegionId")
    if where:
        common.region(call)
    elif not call.get("VpcId"):
        call.need("RegionId")
    ids = {id for id in call.get("VSwitchId").split(",") if id}
    vpc_id, zone, name, wanted = call.get("VpcId"), call.get("ZoneId"), call.get("VSwitchName"), call.tags()
    found = [
        each
        for each in call.cloud.vswitches.values()
        if each.owner == call.caller.account
        and where in ("", each.region)
        and (not ids or each.id in ids)
        and vpc_id in ("", each.vpc_id)
        and zone in ("", each.zone)
        and name in ("", each.name)
        and common.tagged(each.tags, wanted)
    ]
    rows, paging = page(call, found, most=50, per_page=50)
    return {"VSwitches": {"VSwitch": [_vswitch_row(each) for each in rows]}, **paging}


def describe_vswitch_attributes(call: Call) -> Fields:
    """One vSwitch, its fields at the root; an unknown one is refused with status 400 here."""
    return _vswitch_row(_vswitch(call, 400))


def delete_vswitch(call: Call) -> Fields:
    """Delete a vSwitch that no interface lies in any more."""
    found = _vswitch(call)
    if any(eni.vswitch_id == found.id for eni in call.cloud.interfaces.values()):
        raise Refusal(400, "DependencyViolation", f"The vSwitch {found.id} still holds network interfaces.")
    if found.state != "Available":
        raise Refusal(400, "IncorrectVSwitchStatus", f"The vSwitch {found.id} is {found.state}.")
    call.cloud.drop_pending(found)
    del call.cloud.vswitches[found.id]
    return {}
