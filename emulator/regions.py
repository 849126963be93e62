"""What is on offer: regions, zones, instance types, stock and images."""

from __future__ import annotations

from eni_conformance.emulator import common
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.catalogue import IMAGES, INSTANCE_TYPES, REGIONS
from eni_conformance.emulator.envelope import Fields, Refusal, printable


def describe_regions(call: Call) -> Fields:
    """All regions; the endpoint of each is this emulator."""
    host = call.headers.get("host", "")
    rows = [
        {"RegionId": each.id, "LocalName": each.local_name, "RegionEndpoint": host, "Status": "available"}
        for each in REGIONS.values()
    ]
    return {"Regions": {"Region": rows}}


def describe_zones(call: Call) -> Fields:
    """The zones of a region."""
    where = REGIONS[common.region(call)]
    rows = [
        {
            "ZoneId": zone,
            "LocalName": f"{where.local_name} {zone[-1].upper()}",
            "ZoneType": "AvailabilityZone",
            "AvailableResourceCreation": {"ResourceTypes": ["VSwitch", "IoOptimized", "Instance", "Disk"]},
            "AvailableInstanceTypes": {"InstanceTypes": list(INSTANCE_TYPES)},
            "AvailableDiskCategories": {"DiskCategories": ["cloud_essd", "cloud_efficiency"]},
        }
        for zone in where.zones
    ]
    return {"Zones": {"Zone": rows}}


def describe_instance_types(call: Call) -> Fields:
    """Instance types with their interface quotas."""
    wanted, family = call.numbered("InstanceTypes"), call.get("InstanceTypeFamily")
    quota = call.number("MinimumEniQuantity", 0, 0, 1000)
    rows = [
        {
            "InstanceTypeId": each.id,
            "InstanceTypeFamily": each.family,
            "InstanceFamilyLevel": "EnterpriseLevel",
            "CpuCoreCount": each.cores,
            "MemorySize": each.memory_gib,
            "CpuArchitecture": "X86",
            "EniQuantity": each.interfaces,
            "EniTotalQuantity": each.interfaces,
            "EniPrivateIpAddressQuantity": each.addresses,
            "EniTrunkSupported": each.trunk,
            "NetworkCardQuantity": 1,
        }
        for each in INSTANCE_TYPES.values()
        if (not wanted or each.id in wanted) and (not family or each.family == family) and each.interfaces >= quota
    ]
    return {"InstanceTypes": {"InstanceType": rows}, "NextToken": ""}


def describe_available_resource(call: Call) -> Fields:
    """What can be bought in the zones of a region: everything, everywhere."""
    where, what = REGIONS[common.region(call)], call.need("DestinationResource")
    values = {
        "InstanceType": list(INSTANCE_TYPES),
        "SystemDisk": ["cloud_essd", "cloud_efficiency"],
        "DataDisk": ["cloud_essd", "cloud_efficiency"],
        "Network": ["vpc"],
        "IoOptimized": ["optimized"],
        "Zone": [],
    }
    if what not in values:
        raise Refusal(404, "Invalid.DestinationResource", f"The DestinationResource {printable(what)} does not exist.")
    wanted = call.get("InstanceType")
    offered = [value for value in values[what] if what != "InstanceType" or wanted in ("", value)]
    rows = []
    for zone in where.zones:
        if call.get("ZoneId") not in ("", zone):
            continue
        row: Fields = {
            "ZoneId": zone,
            "RegionId": where.id,
            "Status": "Available",
            "StatusCategory": "WithStock",
        }
        if offered:
            supported = [{"Value": value, "Status": "Available", "StatusCategory": "WithStock"} for value in offered]
            row["AvailableResources"] = {
                "AvailableResource": [{"Type": what, "SupportedResources": {"SupportedResource": supported}}]
            }
        rows.append(row)
    return {"AvailableZones": {"AvailableZone": rows}}


def describe_images(call: Call) -> Fields:
    """System images; DestinationResource, OSType and the like select nothing here."""
    where = common.region(call)
    wanted = {id for id in call.get("ImageId").split(",") if id}
    ids = [id for id in IMAGES if not wanted or id in wanted]
    size, number = call.number("PageSize", 10, 1, 100), call.number("PageNumber", 1, 1, 1_000_000)
    rows = [
        {
            "ImageId": id,
            "ImageName": id,
            "ImageOwnerAlias": "system",
            "OSType": "linux",
            "OSName": id.split("_")[0],
            "Architecture": "x86_64",
            "Size": 20,
            "Status": "Available",
            "IsSupportCloudinit": True,
        }
        for id in ids[(number - 1) * size : number * size]
    ]
    return {
        "Images": {"Image": rows},
        "RegionId": where,
        "TotalCount": len(ids),
        "PageNumber": number,
        "PageSize": size,
    }
