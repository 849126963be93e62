"""Security groups, and tags of all resources."""

from __future__ import annotations

from eni_conformance.emulator import common
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import Fields, Refusal, printable
from eni_conformance.emulator.gateway import decode_token, encode_token
from eni_conformance.emulator.paging import page
from eni_conformance.emulator.state import Resource, SecurityGroup


def create_security_group(call: Call) -> Fields:
    """A security group of a VPC."""
    where = common.region(call)
    vpc_id, name = call.need("VpcId"), call.get("SecurityGroupName")
    vpc = call.cloud.vpcs.get(vpc_id)
    if vpc is None or vpc.owner != call.caller.account or vpc.region != where:
        raise Refusal(404, "InvalidVpcId.NotFound", f"The VPC {printable(vpc_id)} does not exist.")
    if vpc.state != "Available":
        raise Refusal(400, "IncorrectVpcStatus", f"The VPC {vpc.id} is {vpc.state}.")
    if len(name) > 128 or name.startswith(("http://", "https://")):
        raise Refusal(400, "InvalidSecurityGroupName.Malformed", "The SecurityGroupName is not valid.")
    kind = call.get("SecurityGroupType", "normal")
    if kind not in ("normal", "enterprise"):
        raise Refusal(400, "InvalidParameter", f"The SecurityGroupType {printable(kind)} is not valid.")
    group = SecurityGroup(
        **call.cloud.common("sg", where, call.caller.account),
        vpc_id=vpc.id,
        name=name,
        description=call.get("Description"),
        group_type=kind,
        tags=common.check_tags(call.tags()),
    )
    call.cloud.groups[group.id] = group
    return {"SecurityGroupId": group.id}


def describe_security_groups(call: Call) -> Fields:
    """The caller's security groups in a region."""
    where = common.region(call)
    ids, one = common.json_list(call, "SecurityGroupIds"), call.get("SecurityGroupId")
    vpc_id, name, wanted = call.get("VpcId"), call.get("SecurityGroupName"), call.tags()
    found = [
        group
        for group in call.cloud.groups.values()
        if group.owner == call.caller.account
        and group.region == where
        and (ids is None or group.id in ids)
        and one in ("", group.id)
        and vpc_id in ("", group.vpc_id)
        and name in ("", group.name)
        and common.tagged(group.tags, wanted)
    ]
    rows, paging = page(call, found, most=100, per_page=100)
    shown = [
        {
            "SecurityGroupId": group.id,
            "SecurityGroupName": group.name,
            "Description": group.description,
            "SecurityGroupType": group.group_type,
            "VpcId": group.vpc_id if group.kind == "vpc" else "",
            "CreationTime": group.created,
            "EcsCount": sum(group.id in each.security_group_ids for each in call.cloud.instances.values()),
            "ServiceManaged": False,
            "Tags": {"Tag": common.tag_rows(group.tags)},
        }
        for group in rows
    ]
    return {"RegionId": where, "SecurityGroups": {"SecurityGroup": shown}, **paging}


def delete_security_group(call: Call) -> Fields:
    """Delete a security group that no instance and no interface is in."""
    where = common.region(call)
    id = call.need("SecurityGroupId")
    group = call.cloud.groups.get(id)
    if group is None or group.owner != call.caller.account or group.region != where:
        raise Refusal(404, "InvalidSecurityGroupId.NotFound", f"The security group {printable(id)} does not exist.")
    if any(id in each.security_group_ids for each in call.cloud.interfaces.values()):
        raise Refusal(403, "DependencyViolation", f"The security group {id} is still in use.")
    del call.cloud.groups[id]
    return {}


_KINDS = {"instance": "instances", "eni": "interfaces", "securitygroup": "groups"}


def _tag_targets(call: Call) -> list[Resource]:
    where = common.region(call)
    kind = call.need("ResourceType")
    if kind.lower() not in _KINDS:
        raise Refusal(404, "InvalidResourceType.NotFound", f"The ResourceType {printable(kind)} does not exist.")
    ids = call.numbered("ResourceId")
    if not ids:
        raise Refusal(404, "MissingParameter.ResourceIds", "ResourceId.1 is mandatory for this action.")
    if len(ids) > 50:
        raise Refusal(400, "InvalidParameter", "There are more than 50 values of ResourceId.")
    known: dict[str, Resource] = getattr(call.cloud, _KINDS[kind.lower()])
    found = [known[id] for id in ids if id in known]
    if len(found) < len(ids) or any(each.owner != call.caller.account or each.region != where for each in found):
        raise Refusal(404, "InvalidResourceId.NotFound", "A ResourceId does not exist.")
    return found


def tag_resources(call: Call) -> Fields:
    """Put tags on resources."""
    targets, tags = _tag_targets(call), common.check_tags(call.tags())
    if not tags:
        raise Refusal(404, "MissingParameter.Tags", "Tag.1.Key is mandatory for this action.")
    if any(len({**target.tags, **tags}) > 20 for target in targets):
        raise Refusal(403, "QuotaExceed.Tags", "A resource has at most 20 tags.")
    for target in targets:
        target.tags.update(tags)
    return {}


def untag_resources(call: Call) -> Fields:
    """Take named tags, or all, off resources."""
    targets, keys, every = _tag_targets(call), call.numbered("TagKey"), call.flag("All")
    if not keys and not every:
        raise Refusal(404, "MissingParameter.TagKeys", "TagKey.1 or All is mandatory for this action.")
    for target in targets:
        for key in keys or list(target.tags):
            target.tags.pop(key, None)
    return {}


def list_tag_resources(call: Call) -> Fields:
    """The tags of resources, chosen by id or by tag."""
    where = common.region(call)
    kind = call.need("ResourceType")
    if kind.lower() not in _KINDS:
        raise Refusal(404, "InvalidResourceType.NotFound", f"The ResourceType {printable(kind)} does not exist.")
    ids, wanted = call.numbered("ResourceId"), call.tags()
    if not ids and not wanted:
        raise Refusal(403, "BothEmpty.TagsAndResources", "One of ResourceId.N and Tag.N is needed.")
    token = call.get("NextToken")
    after = decode_token(token) if token else 0
    if after is None:
        raise Refusal(403, "Invalid.NextToken", "The NextToken is not valid.")
    known: dict[str, Resource] = getattr(call.cloud, _KINDS[kind.lower()])
    found = sorted(
        (
            each
            for each in known.values()
            if each.owner == call.caller.account
            and each.region == where
            and each.seq > after
            and (not ids or each.id in ids)
            and common.tagged(each.tags, wanted)
        ),
        key=lambda each: each.seq,
    )
    rows = [
        {"ResourceId": each.id, "ResourceType": kind.lower(), "TagKey": key, "TagValue": value}
        for each in found[:50]
        for key, value in each.tags.items()
    ]
    next_token = encode_token(found[49].seq) if len(found) > 50 else ""
    return {"TagResources": {"TagResource": rows}, "NextToken": next_token}
