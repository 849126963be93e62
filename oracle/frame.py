"""What may differ between two looks at the target, and what may not. Pure.

A refused call may change nothing at all; a success may change the link
between one interface and one instance, and nothing else (section notes of the page).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eni_conformance.contract import rows
from eni_conformance.harness.values import Snapshot
from eni_conformance.oracle.findings import AfterSuccess, Finding, RefusalChanged


@dataclass(frozen=True)
class Change:
    """One field of one resource that differs. `path` "" means that the whole resource came or went."""

    resource: str
    path: str
    before: Any
    after: Any


def changes(before: Snapshot, after: Snapshot, ignore: frozenset[str] = frozenset()) -> list[Change]:
    """Every difference between two snapshots in what is documented. `ignore`: paths known to change by themselves.

    What nobody documents may change by itself: a time of the last contact, a counter of revisions.
    """
    out: list[Change] = []
    for old, new, documented in (
        (before.enis, after.enis, OF_AN_ENI),
        (before.instances, after.instances, OF_AN_INSTANCE),
    ):
        for resource in sorted(set(old) | set(new)):
            if resource not in new or resource not in old:
                out.append(Change(resource, "", resource in old, resource in new))
                continue
            one, two = old[resource], new[resource]
            if one == two:
                continue
            for path in sorted(set(one) | set(two)):
                if path in ignore or path.partition(".")[0] not in documented:
                    continue
                if not same(path, one.get(path), two.get(path)):
                    out.append(Change(resource, path, one.get(path), two.get(path)))
    return out


def same(path: str, one: Any, two: Any) -> bool:
    """Whether two values of a field show the same, as far as it is documented."""
    return one == two or (_is_list(one) and _is_list(two) and _known(path, one) == _known(path, two))


def _is_list(value: Any) -> bool:
    return value is None or isinstance(value, tuple)


def _known(path: str, shown: Any) -> list[Any]:
    """The items of a list, with what is documented of each."""
    return [_item(path, json.loads(text)) for text in shown or ()]  # as `flatten` made them


def _item(path: str, item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    fields = OF_AN_ITEM.get(path.rpartition(".")[2])
    return {k: _nested(k, v) for k, v in item.items() if fields is None or k in fields}


def _nested(name: str, value: Any) -> Any:
    return [_item(name, each) for each in value] if isinstance(value, list) else value


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What descriptions are documented to show. Source: the model of the vendor's SDK of 2026.
OF_AN_ENI = _names(
    """AssociatedPublicIp Attachment BondInterfaceSpecification CreationTime DeleteOnRelease Description InstanceId
    Ipv4PrefixSets Ipv6PrefixSets Ipv6Sets MacAddress NetworkInterfaceId NetworkInterfaceName NetworkInterfaceTrafficMode
    OwnerId PrivateIpAddress PrivateIpSets QueueNumber QueuePairNumber ResourceGroupId SecurityGroupIds ServiceID
    ServiceManaged SourceDestCheck Status Tags Type VSwitchId VpcId ZoneId"""
)
OF_AN_INSTANCE = _names(
    """AutoReleaseTime ClusterId Cpu CpuOptions CreationTime CreditSpecification DedicatedHostAttribute
    DedicatedInstanceAttribute DeletionProtection DeploymentSetGroupNo DeploymentSetId Description DeviceAvailable
    EcsCapacityReservationAttr EipAddress ExpiredTime GPUAmount GPUSpec HibernationOptions HostName HpcClusterId ImageId
    ImageOptions InnerIpAddress InstanceChargeType InstanceId InstanceName InstanceNetworkType InstanceType
    InstanceTypeFamily InternetChargeType InternetMaxBandwidthIn InternetMaxBandwidthOut IoOptimized KeyPairName
    LocalStorageAmount LocalStorageCapacity Memory MetadataOptions NetworkInterfaces OSName OSNameEn OSType
    OperationLocks PrivateDnsNameOptions PublicIpAddress RdmaIpAddress Recyclable RegionId ResourceGroupId SaleCycle
    SecurityGroupIds SecurityOptions SerialNumber SpotDuration SpotInterruptionBehavior SpotPriceLimit SpotStrategy
    StartTime Status StoppedMode Tags VlanId VpcAttributes ZoneId"""
)
OF_AN_ITEM: Mapping[str, frozenset[str]] = {
    "NetworkInterfaces": _names(
        """Ipv4PrefixSets Ipv6PrefixSets Ipv6Sets MacAddress NetworkInterfaceId PrimaryIpAddress PrivateIpAddress
        PrivateIpSets Type"""
    ),
    "PrivateIpSets": _names("AssociatedPublicIp Primary PrivateDnsName PrivateIpAddress"),
    "Ipv6Sets": _names("Ipv6Address"),
    "Tags": _names("Key TagKey TagValue Value"),
}

# Fields of the interface that a detach must keep; others that the page does not name are let go.
KEPT_BY_ENI = frozenset(
    [
        "NetworkInterfaceId",
        "Type",
        "MacAddress",
        "PrivateIpAddress",
        "PrivateIpSets",
        "Ipv6Sets",
        "SecurityGroupIds",
        "Tags",
        "NetworkInterfaceName",
        "Description",
        "VpcId",
        "VSwitchId",
        "ZoneId",
        "CreationTime",
        "DeleteOnRelease",
        "OwnerId",
        "ServiceManaged",
        "ResourceGroupId",
    ]
)
# Fields of the instance that a detach must keep; its list of interfaces loses one entry.
KEPT_BY_INSTANCE = frozenset(
    [
        "InstanceId",
        "Status",
        "InstanceType",
        "RegionId",
        "ZoneId",
        "ImageId",
        "InstanceName",
        "HostName",
        "Description",
        "CreationTime",
        "StartTime",
        "InstanceChargeType",
        "SpotStrategy",
        "SecurityGroupIds",
        "Tags",
        "VpcAttributes.VpcId",
        "VpcAttributes.VSwitchId",
        "VpcAttributes.PrivateIpAddress.IpAddress",
        "VpcAttributes.PrivateIpAddress",
        "DeletionProtection",
        "ExpiredTime",
        "KeyPairName",
    ]
)


def judge_unchanged(found: Iterable[Change]) -> list[Finding]:
    """F01: after refusals alone, every change is a violation."""
    out: list[Finding] = []
    for change in found:
        what = f"{change.path or 'existence'} went from {change.before!r} to {change.after!r}"
        cause = f"refusal changed:{change.path or 'existence'}"
        out.append(
            RefusalChanged(rows.REFUSAL_CHANGES_NOTHING, f"after refused calls only, {change.resource}: {what}", cause)
        )
    return out


def judge_success(
    before: Snapshot,
    after: Snapshot,
    found: Iterable[Change],
    detached: Mapping[str, str],
    touched: frozenset[str] = frozenset(),
) -> list[Finding]:
    """F02 to F05 and F09 after things have settled.

    detached: interface id -> id of the instance it was on. touched: resources that other steps of the history
    changed lawfully; they are not judged here.
    """
    ends = (_ended(after, eni, host) for eni, host in detached.items() if eni not in touched)
    changed = (_changed(before, after, change, detached) for change in found if change.resource not in touched)
    return [finding for part in (*ends, *changed) for finding in part]


def _blamed(requirement: str, text: str, cause: str, *, slow: bool = False, unmoved: str = "") -> AfterSuccess:
    return AfterSuccess(requirement, text, f"{requirement}:{cause}", page=requirement, slow=slow, unmoved=unmoved)


def _ended(after: Snapshot, eni: str, host: str) -> Iterator[Finding]:
    """What is wrong with how a detach ended: F02, F03."""
    if eni not in after.enis:
        yield _blamed(rows.BECOMES_AVAILABLE, f"{eni} is gone after its detach; it should be Available", "gone")
        return
    status = after.status(eni)
    if status != "Available":
        text = f"{eni} is {status or 'without status'} long after its detach was accepted"
        unmoved = eni if status == "InUse" and after.link(eni) == host else ""
        yield _blamed(rows.BECOMES_AVAILABLE, text, f"stays {status}", slow=True, unmoved=unmoved)
        return
    if after.link(eni):
        text = f"{eni} is Available and still shows instance {after.link(eni)}"
        yield _blamed(rows.LINK_GONE, text, "link on interface")
    if eni in after.held(host):
        yield _blamed(rows.LINK_GONE, f"instance {host} still lists {eni}", "link on instance")


def _changed(before: Snapshot, after: Snapshot, change: Change, detached: Mapping[str, str]) -> Iterator[Finding]:
    """What is wrong with one change: F04, F05, F09."""
    name = change.resource
    what = f"{change.path or 'existence'} went from {change.before!r} to {change.after!r}"
    cause = f"changed {change.path or 'existence'}"
    if name in detached:
        if change.path in KEPT_BY_ENI:
            yield _blamed(rows.OWN_KEPT, f"the detach changed {name}: {what}", cause)
    elif name not in detached.values():
        yield _blamed(rows.OTHERS_KEPT, f"the detach changed a bystander, {name}: {what}", cause)
    elif change.path == "NetworkInterfaces":
        lost = before.held(name) - after.held(name) - set(detached)
        new = after.held(name) - before.held(name)
        if lost or new:
            names = ", ".join(sorted(lost | new))
            text = f"instance {name} lost or gained {names}"
            yield _blamed(rows.OTHERS_KEPT, text, "other interface of instance")
        elif _other_entries_differ(change, frozenset(detached)):
            text = f"instance {name} shows its other interfaces differently"
            yield _blamed(rows.OTHERS_KEPT, text, "entry of instance")
    elif change.path in KEPT_BY_INSTANCE or not change.path:
        yield _blamed(rows.INSTANCE_KEPT, f"the detach changed instance {name}: {what}", cause)


def _other_entries_differ(change: Change, gone: frozenset[str]) -> bool:
    """Whether the entries of interfaces that stayed differ in a list of interfaces."""

    def others(entries: Any) -> list[dict[str, Any]]:
        return [e for e in _known("NetworkInterfaces", entries) if e.get("NetworkInterfaceId") not in gone]

    return others(change.before) != others(change.after)
