"""The operations that build worlds: fields, filters, paging, main errors, idempotency."""

from __future__ import annotations

import json

import pytest
from emulator_client import OTHER, VPC, Client
from emulator_worlds import UNKNOWN_ENI, UNKNOWN_INSTANCE, build, rich


def code(client: Client, action: str, params: dict[str, str] | None = None, **how: str) -> tuple[int, str]:
    return client.call(action, {"RegionId": client.region, **(params or {})}, **how).outcome  # type: ignore[arg-type]


def test_catalogue(client: Client) -> None:
    regions = client.ok("DescribeRegions")["Regions"]["Region"]
    assert {"cn-hangzhou", "cn-beijing"} <= {row["RegionId"] for row in regions}
    assert client.zones() == ["cn-hangzhou-h", "cn-hangzhou-i"]
    types = client.ok("DescribeInstanceTypes", {"MinimumEniQuantity": "4"})["InstanceTypes"]["InstanceType"]
    assert {row["InstanceTypeId"]: row["EniQuantity"] for row in types}["ecs.g6.8xlarge"] == 8
    one = client.ok("DescribeInstanceTypes", {"InstanceTypes.1": "ecs.g6.large"})["InstanceTypes"]["InstanceType"]
    assert [row["EniQuantity"] for row in one] == [2]
    found = client.ok("DescribeAvailableResource", {"DestinationResource": "InstanceType", "ZoneId": "cn-hangzhou-i"})
    zone = found["AvailableZones"]["AvailableZone"][0]
    values = zone["AvailableResources"]["AvailableResource"][0]["SupportedResources"]["SupportedResource"]
    assert "ecs.t6-c1m1.large" in {value["Value"] for value in values}
    assert client.ok("DescribeImages")["TotalCount"] == 3
    assert code(client, "DescribeAvailableResource", {"DestinationResource": "Moon"})[0] == 404


@pytest.mark.parametrize(
    ("action", "status", "error"),
    [
        ("DescribeZones", 404, "InvalidRegionId.NotFound"),
        ("DescribeInstances", 404, "InvalidRegionId.NotFound"),
        ("DescribeNetworkInterfaces", 400, "InvalidRegionId.MalFormed"),
    ],
)
def test_unknown_region(client: Client, action: str, status: int, error: str) -> None:
    assert client.call(action, {"RegionId": "10"}).outcome == (status, error)
    assert client.call(action).outcome == (400, "MissingParameter")


def test_vpc_and_vswitch(client: Client) -> None:
    vpc = client.ok("CreateVpc", {"CidrBlock": "10.0.0.0/8", "Tag.1.Key": "k", "Tag.1.Value": "v"}, version=VPC)[
        "VpcId"
    ]
    row = client.ok("DescribeVpcs", {"VpcId": vpc}, version=VPC)["Vpcs"]["Vpc"][0]
    assert row["Status"] == "Pending"
    assert row["Tags"]["Tag"] == [{"Key": "k", "Value": "v"}]
    cidr = {"VpcId": vpc, "ZoneId": "cn-hangzhou-h", "CidrBlock": "10.1.0.0/24"}
    assert code(client, "CreateVSwitch", cidr, version=VPC) == (400, "IncorrectVpcStatus")
    client.settle()
    assert client.ok("DescribeVpcAttribute", {"VpcId": vpc}, version=VPC)["Status"] == "Available"
    vswitch = client.ok("CreateVSwitch", cidr, version=VPC)["VSwitchId"]
    assert code(client, "CreateVSwitch", cidr, version=VPC) == (400, "InvalidCidrBlock.Overlapped")
    for bad in ("10.1.0.1/24", "8.8.8.0/24", "x", "10.0.0.0/8"):
        assert code(client, "CreateVSwitch", {**cidr, "CidrBlock": bad}, version=VPC)[1].startswith("InvalidCidr")
    assert code(client, "CreateVSwitch", {**cidr, "ZoneId": "x"}, version=VPC) == (404, "InvalidZoneId.NotFound")
    client.settle()
    row = client.ok("DescribeVSwitches", {"VSwitchId": vswitch}, version=VPC)["VSwitches"]["VSwitch"][0]
    assert (row["Status"], row["AvailableIpAddressCount"]) == ("Available", 252)
    assert client.ok("DescribeVSwitchAttributes", {"VSwitchId": vswitch}, version=VPC)["VpcId"] == vpc
    assert code(client, "DescribeVSwitchAttributes", {"VSwitchId": "x"}, version=VPC)[0] == 400
    assert code(client, "DeleteVpc", {"VpcId": vpc}, version=VPC) == (400, "DependencyViolation.VSwitch")
    client.ok("DeleteVSwitch", {"VSwitchId": vswitch}, version=VPC)
    client.ok("DeleteVpc", {"VpcId": vpc}, version=VPC)
    assert code(client, "DeleteVpc", {"VpcId": vpc}, version=VPC) == (404, "InvalidVpcId.NotFound")
    assert code(client, "CreateVpc", {"DryRun": "true"}, version=VPC) == (400, "DryRunOperation")


def test_dependencies_on_the_way_down(client: Client) -> None:
    world = build(client)
    network = world.network
    gone = {"VSwitchId": network.vswitch}
    assert code(client, "DeleteVSwitch", gone, version=VPC) == (400, "DependencyViolation")
    group = {"SecurityGroupId": network.group}
    assert code(client, "DeleteSecurityGroup", group) == (403, "DependencyViolation")
    eni = {"NetworkInterfaceId": world.eni}
    assert code(client, "DeleteNetworkInterface", eni) == (400, "InvalidOperation.InvalidEniState")
    assert code(client, "DeleteInstance", {"InstanceId": world.instance}) == (403, "IncorrectInstanceStatus")
    world.leave()
    client.ok("DeleteNetworkInterface", eni)
    assert world.show()["Status"] == "Deleting"
    client.ok("DeleteNetworkInterface", eni)
    client.settle()
    assert code(client, "DeleteNetworkInterface", eni) == (404, "InvalidEniId.NotFound")
    client.ok("DeleteInstance", {"InstanceId": world.instance, "Force": "true"})
    client.settle()
    assert client.ok("DescribeInstances")["TotalCount"] == 0
    client.ok("DeleteSecurityGroup", group)
    client.ok("DeleteVSwitch", gone, version=VPC)
    client.ok("DeleteVpc", {"VpcId": network.vpc}, version=VPC)
    assert not any(client.control("stats")["resources"].values())


def test_deleting_an_instance_keeps_or_deletes_its_interfaces(client: Client) -> None:
    network = client.network()
    instance = client.instance(network)
    kept = client.eni(network, instance, DeleteOnRelease="false")
    lost = client.eni(network, instance, DeleteOnRelease="true")
    client.ok("DeleteInstance", {"InstanceId": instance, "Force": "true"})
    client.settle()
    rows = client.ok("DescribeNetworkInterfaces")["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    assert [(row["NetworkInterfaceId"], row["Status"]) for row in rows] == [(kept, "Available")]
    assert lost not in str(rows)


def test_instance_life(client: Client) -> None:
    network = client.network()
    params = {
        "ImageId": "debian_12_11_x64_20G_alibase_20250819.vhd",
        "InstanceType": "ecs.g7.large",
        "VSwitchId": network.vswitch,
        "SecurityGroupId": network.group,
        "Amount": "2",
        "NetworkInterface.1.InstanceType": "Secondary",
        "NetworkInterface.1.Description": "born with it",
        "NetworkInterface.1.DeleteOnRelease": "false",
        "NetworkInterface.1.SecondaryPrivateIpAddressCount": "2",
    }
    assert code(client, "RunInstances", {**params, "DryRun": "true"}) == (400, "DryRunOperation")
    ids = client.ok("RunInstances", params)["InstanceIdSets"]["InstanceIdSet"]
    assert len(ids) == 2
    seen = [client.show_instance(ids[0])["Status"]]
    assert code(client, "DeleteInstance", {"InstanceId": ids[0]})[1] == "IncorrectInstanceStatus.Initializing"
    for _ in range(2):
        client.settle()
        seen.append(client.show_instance(ids[0])["Status"])
    assert seen == ["Pending", "Starting", "Running"]
    interfaces = client.show_instance(ids[0])["NetworkInterfaces"]["NetworkInterface"]
    assert [row["Type"] for row in interfaces] == ["Primary", "Secondary"]
    born = client.show(interfaces[1]["NetworkInterfaceId"])
    assert born["Description"] == "born with it" and len(born["PrivateIpSets"]["PrivateIpSet"]) == 3
    statuses = client.ok("DescribeInstanceStatus", {"InstanceId.1": ids[1]})["InstanceStatuses"]["InstanceStatus"]
    assert statuses == [{"InstanceId": ids[1], "Status": "Running"}]
    assert code(client, "StartInstance", {"InstanceId": ids[0]}) == (403, "IncorrectInstanceStatus")
    assert code(client, "StopInstance", {"InstanceId": UNKNOWN_INSTANCE}) == (404, "InvalidInstanceId.NotFound")
    assert code(client, "StopInstance", {"InstanceId": ids[0], "DryRun": "true"}) == (400, "DryRunOperation")
    client.ok("StopInstance", {"InstanceId": ids[0], "StoppedMode": "StopCharging"})
    client.settle()
    assert client.show_instance(ids[0])["StoppedMode"] == "StopCharging"
    assert client.ok("DescribeInstances", {"Status": "Stopped"})["TotalCount"] == 1
    client.ok("DeleteInstance", {"InstanceId": ids[0]})
    made = client.ok("CreateInstance", {key: params[key] for key in params if key != "Amount"})["InstanceId"]
    client.settle()
    assert client.show_instance(made)["Status"] == "Stopped"
    client.ok("DeleteInstances", {"InstanceId.1": made, "InstanceId.2": ids[1], "Force": "true"})
    client.settle()
    assert client.ok("DescribeInstances")["TotalCount"] == 0


@pytest.mark.parametrize(
    ("wrong", "status", "error"),
    [
        ({"InstanceType": "ecs.moon"}, 400, "InvalidInstanceType.ValueNotSupported"),
        ({"ImageId": "x"}, 404, "InvalidImageId.NotFound"),
        ({"VSwitchId": "vsw-x"}, 404, "InvalidVSwitchId.NotFound"),
        ({"SecurityGroupId": "sg-x"}, 404, "InvalidSecurityGroupId.NotFound"),
        ({"InstanceType": ""}, 400, "MissingParameter"),
        ({"Amount": "many"}, 400, "InvalidParameter"),
        ({"NetworkInterface.1.SecondaryPrivateIpAddressCount": "50"}, 400, "InvalidParameter"),
        ({"NetworkInterface.1.SecondaryPrivateIpAddressCount": "-1"}, 400, "InvalidParameter"),
    ],
)
def test_instance_refusals(client: Client, wrong: dict[str, str], status: int, error: str) -> None:
    network = client.network()
    params = {
        "ImageId": "debian_12_11_x64_20G_alibase_20250819.vhd",
        "InstanceType": "ecs.g7.large",
        "VSwitchId": network.vswitch,
        "SecurityGroupId": network.group,
    }
    assert code(client, "RunInstances", {**params, **wrong}) == (status, error)


@pytest.mark.parametrize("index", ["\u00b2", "1" * 5000, "-1", "x", ""])
def test_odd_indices_are_no_indices(client: Client, index: str) -> None:
    for name in (f"NetworkInterfaceId.{index}", f"NetworkInterface.{index}.InstanceType", f"Tag.{index}.Key"):
        assert client.call("DescribeNetworkInterfaces", {"RegionId": client.region, name: "x"}).status == 200
        assert client.call("RunInstances", {"RegionId": client.region, name: "x"}).status == 400


def test_instance_ids_are_a_json_list(client: Client) -> None:
    assert code(client, "DescribeInstances", {"InstanceIds": "i-1"}) == (400, "InvalidParameter")
    assert client.ok("DescribeInstances", {"InstanceIds": json.dumps([UNKNOWN_INSTANCE])})["TotalCount"] == 0


def test_interface_shows_everything(client: Client) -> None:
    world = rich(client)
    row = world.show()
    assert row["Type"] == "Secondary"
    assert row["NetworkInterfaceName"] == "named"
    assert row["DeleteOnRelease"] is True
    assert row["Tags"]["Tag"] == [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": "2"}]
    assert [each["Primary"] for each in row["PrivateIpSets"]["PrivateIpSet"]] == [True, False, False]
    assert len(row["SecurityGroupIds"]["SecurityGroupId"]) == 2
    alone = client.ok("DescribeNetworkInterfaceAttribute", {"NetworkInterfaceId": world.eni})
    assert {key: alone[key] for key in row} == row
    unknown = {"NetworkInterfaceId": UNKNOWN_ENI}
    assert code(client, "DescribeNetworkInterfaceAttribute", unknown) == (404, "InvalidEniId.NotFound")


def test_interface_filters(client: Client) -> None:
    world = rich(client)
    spare = client.eni(world.network)
    row = world.show()

    def found(**where: str) -> set[str]:
        params = {name.replace("_", "."): value for name, value in where.items()}
        listed = client.ok("DescribeNetworkInterfaces", params)["NetworkInterfaceSets"]["NetworkInterfaceSet"]
        return {each["NetworkInterfaceId"] for each in listed}

    assert found(NetworkInterfaceId_1=world.eni, NetworkInterfaceId_2=UNKNOWN_ENI) == {world.eni}
    assert found(InstanceId=world.instance, Type="Secondary") == {world.eni}
    assert found(Status="Available") == {spare}
    assert found(NetworkInterfaceName="named") == {world.eni}
    assert found(PrivateIpAddress_1=row["PrivateIpAddress"]) == {world.eni}
    assert found(Tag_1_Key="a", Tag_1_Value="1") == {world.eni}
    assert found(Tag_1_Key="a", Tag_1_Value="2") == set()
    assert found(VpcId=row["VpcId"], VSwitchId=row["VSwitchId"], SecurityGroupId=world.network.group) >= {spare}
    assert found(VpcId="vpc-x") == set()
    assert code(client, "DescribeNetworkInterfaces", {"Status": "Happy"})[0] == 400


def test_both_paging_styles(client: Client) -> None:
    network = client.network()
    made = [client.eni(network) for _ in range(25)]

    def rows(**params: str) -> dict[str, object]:
        return client.ok("DescribeNetworkInterfaces", params)

    first = rows()
    assert (first["PageNumber"], first["PageSize"], first["TotalCount"]) == (1, 10, 25)
    pages = [rows(PageNumber=str(n), PageSize="10")["NetworkInterfaceSets"] for n in (1, 2, 3, 4)]
    sizes = [len(page["NetworkInterfaceSet"]) for page in pages]  # type: ignore[index]
    assert sizes == [10, 10, 5, 0]
    seen: list[str] = []
    token = ""
    while True:
        page = rows(MaxResults="10", **({"NextToken": token} if token else {}))
        found = page["NetworkInterfaceSets"]["NetworkInterfaceSet"]  # type: ignore[index]
        seen += [row["NetworkInterfaceId"] for row in found]
        token = str(page["NextToken"])
        if not token:
            break
    assert seen == made
    assert len(rows(MaxResults="1")["NetworkInterfaceSets"]["NetworkInterfaceSet"]) == 10  # type: ignore[index]
    assert code(client, "DescribeNetworkInterfaces", {"NextToken": "x"}) == (400, "InvalidParameter")


def test_create_interface_refusals(client: Client) -> None:
    network = client.network()
    good = {"VSwitchId": network.vswitch, "SecurityGroupId": network.group}
    assert code(client, "CreateNetworkInterface", {**good, "SecurityGroupId": ""}) == (400, "MissingParameter")
    both = {**good, "SecurityGroupIds.1": network.group}
    assert code(client, "CreateNetworkInterface", both)[1] == "InvalidSecurityGroupId.SingleIdAndMultiIdConflict"
    assert code(client, "CreateNetworkInterface", {**good, "VSwitchId": "x"}) == (404, "InvalidVSwitchId.NotFound")
    other = client.network()
    mixed = {**good, "SecurityGroupId": other.group}
    assert code(client, "CreateNetworkInterface", mixed) == (403, "InvalidOperation.VpcMismatch")
    address = {**good, "PrimaryIpAddress": "192.0.2.1"}
    assert code(client, "CreateNetworkInterface", address) == (403, "InvalidVSwitchId.IpInvalid")
    tag = {**good, "Tag.1.Key": "acs:x"}
    assert code(client, "CreateNetworkInterface", tag) == (400, "InvalidTagKey.Malformed")
    assert code(client, "CreateNetworkInterface", good, key=OTHER)[0] == 404  # type: ignore[arg-type]
    group = client.ok("CreateNetworkInterface", {"VSwitchId": network.vswitch, "SecurityGroupIds.1": network.group})
    assert group["SecurityGroupIds"]["SecurityGroupId"] == [network.group]


def test_attach_refusals(client: Client) -> None:
    world = build(client, type="ecs.g6.large")
    network = world.network
    spare = client.eni(network)

    def attach(eni: str, instance: str) -> tuple[int, str]:
        return code(client, "AttachNetworkInterface", {"NetworkInterfaceId": eni, "InstanceId": instance})

    assert attach(spare, world.instance) == (403, "EniPerInstanceLimitExceeded")
    assert attach(world.eni, world.instance) == (400, "InvalidOperation.InvalidEniState")
    assert attach(UNKNOWN_ENI, world.instance) == (404, "InvalidEniId.NotFound")
    assert attach(spare, UNKNOWN_INSTANCE) == (404, "InvalidEcsId.NotFound")
    assert attach(client.primary(world.instance), world.instance) == (403, "InvalidOperation.InvalidEniType")
    far = client.instance(client.network())
    assert attach(spare, far) == (403, "InvalidOperation.VpcMismatch")
    zone = client.vswitch(network.vpc, client.zones()[1], 252)
    elsewhere = client.ok("CreateNetworkInterface", {"VSwitchId": zone, "SecurityGroupId": network.group})
    second = client.instance(network)
    assert attach(elsewhere["NetworkInterfaceId"], second) == (403, "InvalidOperation.AvailabilityZoneMismatch")
    client.ok("StopInstance", {"InstanceId": second})
    assert attach(spare, second) == (400, "InvalidOperation.InvalidEcsState")
    client.settle()
    client.ok("AttachNetworkInterface", {"NetworkInterfaceId": spare, "InstanceId": second})
    assert client.show(spare)["Status"] == "Attaching"
    client.settle()
    assert client.show(spare)["Status"] == "InUse"


def test_modify_and_addresses(client: Client) -> None:
    world = build(client)
    eni = {"NetworkInterfaceId": world.eni}
    change = {"NetworkInterfaceName": "n", "Description": "d", "DeleteOnRelease": "true"}
    client.ok("ModifyNetworkInterfaceAttribute", {**eni, **change})
    row = world.show()
    assert (row["NetworkInterfaceName"], row["Description"], row["DeleteOnRelease"]) == ("n", "d", True)
    added = client.ok("AssignPrivateIpAddresses", {**eni, "SecondaryPrivateIpAddressCount": "3"})
    ips = added["AssignedPrivateIpAddressesSet"]["PrivateIpSet"]["PrivateIpAddress"]
    assert len(ips) == 3
    client.ok("UnassignPrivateIpAddresses", {**eni, "PrivateIpAddress.1": ips[0]})
    assert len(world.show()["PrivateIpSets"]["PrivateIpSet"]) == 3
    assert code(client, "AssignPrivateIpAddresses", eni) == (400, "InvalidParameter.Conflict")
    many = {**eni, "SecondaryPrivateIpAddressCount": "40"}
    assert code(client, "AssignPrivateIpAddresses", many) == (403, "InvalidOperation.EniIpQuantityExceeded")
    client.control("hold", id=world.eni)
    world.detach()
    assert code(client, "AssignPrivateIpAddresses", many)[1] == "InvalidOperation.InvalidEniState"


@pytest.mark.parametrize("kind", ["eni", "instance", "securitygroup"])
def test_tags(client: Client, kind: str) -> None:
    world = build(client)
    id = {"eni": world.eni, "instance": world.instance, "securitygroup": world.network.group}[kind]
    where = {"ResourceType": kind, "ResourceId.1": id}
    client.ok("TagResources", {**where, "Tag.1.Key": "a", "Tag.1.Value": "1", "Tag.2.Key": "b"})
    rows = client.ok("ListTagResources", where)["TagResources"]["TagResource"]
    assert {"ResourceId": id, "ResourceType": kind, "TagKey": "a", "TagValue": "1"} in rows
    by_tag = client.ok("ListTagResources", {"ResourceType": kind, "Tag.1.Key": "a"})["TagResources"]["TagResource"]
    assert {row["ResourceId"] for row in by_tag} == {id}
    client.ok("UntagResources", {**where, "TagKey.1": "a"})
    client.ok("UntagResources", {**where, "All": "true"})
    assert client.ok("ListTagResources", where)["TagResources"]["TagResource"] == []
    assert code(client, "TagResources", where) == (404, "MissingParameter.Tags")
    unknown = {**where, "ResourceId.1": "x", "Tag.1.Key": "a"}
    assert code(client, "TagResources", unknown) == (404, "InvalidResourceId.NotFound")
    assert code(client, "ListTagResources", {"ResourceType": kind}) == (403, "BothEmpty.TagsAndResources")
    assert code(client, "TagResources", {**where, "ResourceType": "x"}) == (404, "InvalidResourceType.NotFound")


def test_security_groups(client: Client) -> None:
    network = client.network()
    rows = client.ok("DescribeSecurityGroups", {"SecurityGroupIds": json.dumps([network.group])})
    assert rows["SecurityGroups"]["SecurityGroup"][0]["VpcId"] == network.vpc
    assert code(client, "CreateSecurityGroup") == (400, "MissingParameter")
    assert code(client, "CreateSecurityGroup", {"VpcId": "x"}) == (404, "InvalidVpcId.NotFound")
    assert code(client, "DeleteSecurityGroup", {"SecurityGroupId": "x"})[0] == 404


def test_client_token(client: Client) -> None:
    network = client.network()
    params = {"VSwitchId": network.vswitch, "SecurityGroupId": network.group, "ClientToken": "once"}
    one = client.ok("CreateNetworkInterface", params)["NetworkInterfaceId"]
    assert client.ok("CreateNetworkInterface", params)["NetworkInterfaceId"] == one
    other = {**params, "Description": "x"}
    assert code(client, "CreateNetworkInterface", other) == (400, "IdempotentParameterMismatch")
    assert code(client, "CreateNetworkInterface", {**params, "ClientToken": "x" * 65})[0] == 400


def test_addresses_run_out_and_come_back(client: Client) -> None:
    network = client.network()
    small = {"VpcId": network.vpc, "ZoneId": network.zone, "CidrBlock": "10.254.0.0/29"}
    vswitch = client.ok("CreateVSwitch", small, version=VPC)["VSwitchId"]
    client.settle()
    params = {"VSwitchId": vswitch, "SecurityGroupId": network.group}
    made = [client.ok("CreateNetworkInterface", params)["NetworkInterfaceId"] for _ in range(4)]
    assert code(client, "CreateNetworkInterface", params) == (403, "InvalidVSwitchId.IpNotEnough")
    client.ok("DeleteNetworkInterface", {"NetworkInterfaceId": made[0]})
    client.settle()
    client.ok("CreateNetworkInterface", params)


def test_rebooting_frees_an_interface_that_is_stuck(client: Client) -> None:
    world = build(client)
    client.control("fault", name="stuck-detaching")
    world.detach()
    client.control("fault", name=None)
    client.settle()
    assert world.show()["Status"] == "Detaching"
    client.ok("RebootInstance", {"InstanceId": world.instance})
    client.settle()
    assert world.show()["Status"] == "Available"


def test_xml_nests_like_json(client: Client) -> None:
    rich(client)
    root = client.call("DescribeNetworkInterfaces", {"RegionId": client.region, "Type": "Secondary"}, format="XML").xml
    assert root.tag == "DescribeNetworkInterfacesResponse"
    assert [each.text for each in root.findall(".//NetworkInterfaceSet/Tags/Tag/TagKey")] == ["a", "b"]
    assert root.findtext(".//NetworkInterfaceSet/DeleteOnRelease") == "true"
