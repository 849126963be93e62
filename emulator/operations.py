"""The operations by version and name."""

from __future__ import annotations

from eni_conformance.emulator import groups, instances, interfaces, regions, vpc
from eni_conformance.emulator.detach import detach_network_interface
from eni_conformance.emulator.gateway import Operation

OPERATIONS: dict[str, dict[str, Operation]] = {
    "2014-05-26": {
        "DescribeRegions": regions.describe_regions,
        "DescribeZones": regions.describe_zones,
        "DescribeInstanceTypes": regions.describe_instance_types,
        "DescribeAvailableResource": regions.describe_available_resource,
        "DescribeImages": regions.describe_images,
        "CreateSecurityGroup": groups.create_security_group,
        "DescribeSecurityGroups": groups.describe_security_groups,
        "DeleteSecurityGroup": groups.delete_security_group,
        "TagResources": groups.tag_resources,
        "UntagResources": groups.untag_resources,
        "ListTagResources": groups.list_tag_resources,
        "RunInstances": instances.run_instances,
        "CreateInstance": instances.create_instance,
        "StartInstance": instances.start_instance,
        "StopInstance": instances.stop_instance,
        "RebootInstance": instances.reboot_instance,
        "DeleteInstance": instances.delete_instance,
        "DeleteInstances": instances.delete_instances,
        "DescribeInstances": instances.describe_instances,
        "DescribeInstanceStatus": instances.describe_instance_status,
        "DescribeInstanceAttribute": instances.describe_instance_attribute,
        "CreateNetworkInterface": interfaces.create_network_interface,
        "AttachNetworkInterface": interfaces.attach_network_interface,
        "DetachNetworkInterface": detach_network_interface,
        "DeleteNetworkInterface": interfaces.delete_network_interface,
        "DescribeNetworkInterfaces": interfaces.describe_network_interfaces,
        "DescribeNetworkInterfaceAttribute": interfaces.describe_network_interface_attribute,
        "ModifyNetworkInterfaceAttribute": interfaces.modify_network_interface_attribute,
        "AssignPrivateIpAddresses": interfaces.assign_private_ip_addresses,
        "UnassignPrivateIpAddresses": interfaces.unassign_private_ip_addresses,
    },
    "2016-04-28": {
        "CreateVpc": vpc.create_vpc,
        "DescribeVpcs": vpc.describe_vpcs,
        "DescribeVpcAttribute": vpc.describe_vpc_attribute,
        "DeleteVpc": vpc.delete_vpc,
        "CreateVSwitch": vpc.create_vswitch,
        "DescribeVSwitches": vpc.describe_vswitches,
        "DescribeVSwitchAttributes": vpc.describe_vswitch_attributes,
        "DeleteVSwitch": vpc.delete_vswitch,
        "DescribeRegions": regions.describe_regions,
        "DescribeZones": regions.describe_zones,
    },
}
