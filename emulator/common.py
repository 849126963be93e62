"""Checks that several set-up operations share.  DetachNetworkInterface uses none of them."""

from __future__ import annotations

import json

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.catalogue import REGIONS
from eni_conformance.emulator.envelope import Refusal, printable
from eni_conformance.emulator.state import Instance, NetworkInterface, VSwitch


def region(call: Call) -> str:
    """RegionId, required; an unknown one is refused the way most operations do it."""
    value = call.need("RegionId")
    if value not in REGIONS:
        raise Refusal(404, "InvalidRegionId.NotFound", f"The RegionId {printable(value)} does not exist.")
    return value


def interface_region(call: Call) -> str:
    """RegionId for operations that change interfaces: they have refusals of their own, and a switch."""
    value = call.need("RegionId")
    if value not in REGIONS:
        raise Refusal(400, "InvalidOperation.InvalidRegion", f"The RegionId {printable(value)} is not valid.")
    if value in call.cloud.regions_off:
        raise Refusal(400, "Forbidden.RegionId", f"The region {value} does not support this operation yet.")
    return value


def vswitch(call: Call, where: str, id: str) -> VSwitch:
    """A vSwitch of the caller in a region, ready for use."""
    found = call.cloud.vswitches.get(id)
    if found is None or found.owner != call.caller.account or found.region != where:
        raise Refusal(404, "InvalidVSwitchId.NotFound", f"The vSwitch {printable(id)} does not exist.")
    if found.state != "Available":
        raise Refusal(400, "IncorrectVSwitchStatus", f"The vSwitch {id} is {found.state}.")
    return found


def groups(call: Call, where: str, ids: list[str], vpc_id: str) -> list[str]:
    """Security groups of the caller, all of one VPC."""
    for id in ids:
        group = call.cloud.groups.get(id)
        if group is None or group.owner != call.caller.account or group.region != where:
            raise Refusal(404, "InvalidSecurityGroupId.NotFound", f"The security group {printable(id)} does not exist.")
        if group.vpc_id != vpc_id:
            raise Refusal(403, "InvalidOperation.VpcMismatch", f"The security group {id} does not lie in VPC {vpc_id}.")
        if group.full:
            raise Refusal(403, "SecurityGroupInstanceLimitExceed", f"The security group {id} holds too many instances.")
    return ids


def instance(call: Call, name: str = "InstanceId") -> Instance:
    """An instance of the caller; RegionId counts only if it is given."""
    id = call.need(name)
    found = call.cloud.instances.get(id)
    where = call.get("RegionId")
    if found is None or found.owner != call.caller.account or (where and found.region != where):
        raise Refusal(404, "InvalidInstanceId.NotFound", f"The instance {printable(id)} does not exist.")
    return found


def interface(call: Call, where: str) -> NetworkInterface:
    """An interface of the caller in a region."""
    id = call.need("NetworkInterfaceId")
    found = call.cloud.interfaces.get(id)
    if found is None or found.owner != call.caller.account or found.region != where:
        raise Refusal(404, "InvalidEniId.NotFound", f"The network interface {printable(id)} does not exist.")
    return found


def group_ids(call: Call) -> list[str]:
    """SecurityGroupId or SecurityGroupIds.N: exactly one of the two, one to five groups."""
    one, many = call.get("SecurityGroupId"), call.numbered("SecurityGroupIds")
    if one and many:
        raise Refusal(
            400,
            "InvalidSecurityGroupId.SingleIdAndMultiIdConflict",
            "SecurityGroupId and SecurityGroupIds cannot be used together.",
        )
    if not one and not many:
        call.need("SecurityGroupId")
    if len(many) > 5:
        raise Refusal(403, "SecurityGroupPerInstanceLimitExceed", "More than five security groups.")
    return many or [one]


def check_tags(tags: dict[str, str]) -> dict[str, str]:
    """Tag keys as the service takes them: at most 20, none reserved, at most 128 characters."""
    if len(tags) > 20:
        raise Refusal(403, "QuotaExceed.Tags", "A resource has at most 20 tags.")
    for key, value in tags.items():
        if not key or len(key) > 128 or key.startswith(("aliyun", "acs:")) or "http://" in key or "https://" in key:
            raise Refusal(400, "InvalidTagKey.Malformed", f"The tag key {printable(key)} is not valid.")
        if len(value) > 128 or "http://" in value or "https://" in value:
            raise Refusal(400, "InvalidTagValue.Malformed", f"The tag value {printable(value)} is not valid.")
    return tags


def tagged(tags: dict[str, str], wanted: dict[str, str]) -> bool:
    """Whether a resource carries all the wanted tags; an empty value matches any."""
    return all(key in tags and value in ("", tags[key]) for key, value in wanted.items())


def tag_rows(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as ECS shows them."""
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def json_list(call: Call, name: str) -> list[str] | None:
    """A parameter that holds a JSON array of ids in one string; None if it is missing."""
    text = call.get(name)
    if not text:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value) or len(value) > 100:
        raise Refusal(400, "InvalidParameter", f"The specified parameter {name} is not valid: {printable(text)}.")
    return value


def end_dry_run(call: Call) -> None:
    """A dry run ends with an error answer of its own, once everything else has been checked."""
    if call.flag("DryRun"):
        raise Refusal(400, "DryRunOperation", "The request passed all checks; nothing was done (DryRun).")
