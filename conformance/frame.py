"""What may differ between two looks at the target, and what may not. Pure.

A refused call may change nothing at all; a success may change the link
between one interface and one instance, and nothing else (section notes of the page).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.oracle import Finding
from harness.snapshot import Snapshot


@dataclass(frozen=True)
class Change:
    """One field of one resource that differs. `path` "" means that the whole resource came or went."""

    resource: str
    path: str
    before: Any
    after: Any


def changes(before: Snapshot, after: Snapshot, ignore: frozenset[str] = frozenset()) -> list[Change]:
    """Every difference between two snapshots. `ignore`: paths known to change by themselves."""
    out: list[Change] = []
    for old, new in (
        (before.enis, after.enis),
        (before.instances, after.instances),
    ):
        for resource in sorted(set(old) | set(new)):
            if resource not in new or resource not in old:
                out.append(Change(resource, "", resource in old, resource in new))
                continue
            one, two = old[resource], new[resource]
            if one == two:
                continue
            for path in sorted(set(one) | set(two)):
                if one.get(path) != two.get(path) and path not in ignore:
                    out.append(Change(resource, path, one.get(path), two.get(path)))
    return out


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
    out = []
    for change in found:
        what = f"{change.path or 'existence'} went from {change.before!r} to {change.after!r}"
        cause = f"refusal changed:{change.path or 'existence'}"
        out.append(Finding("F01", f"after refused calls only, {change.resource}: {what}", cause))
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
    out: list[Finding] = []

    def say(requirement: str, text: str, cause: str) -> None:
        out.append(Finding(requirement, text, f"{requirement}:{cause}"))

    hosts = frozenset(detached.values())
    for eni, instance in detached.items():
        if eni in touched:
            continue
        if eni not in after.enis:
            say("F02", f"{eni} is gone after its detach; it should be Available", "gone")
            continue
        status = after.status(eni)
        if status != "Available":
            say(
                "F02",
                f"{eni} is {status or 'without status'} long after its detach was accepted",
                f"stays {status}",
            )
            continue
        if after.link(eni):
            say("F03", f"{eni} is Available and still shows instance {after.link(eni)}", "link on interface")
        if eni in after.held(instance):
            say("F03", f"instance {instance} still lists {eni}", "link on instance")
    for change in found:
        if change.resource in touched:
            continue
        what = f"{change.path or 'existence'} went from {change.before!r} to {change.after!r}"
        if change.resource in detached:
            if change.path in KEPT_BY_ENI:
                say("F04", f"the detach changed {change.resource}: {what}", f"changed {change.path}")
        elif change.resource in hosts:
            if change.path == "NetworkInterfaces":
                lost = before.held(change.resource) - after.held(change.resource) - set(detached)
                new = after.held(change.resource) - before.held(change.resource)
                if lost or new:
                    names = ", ".join(sorted(lost | new))
                    say(
                        "F05",
                        f"instance {change.resource} lost or gained {names}",
                        "other interface of instance",
                    )
                elif _other_entries_differ(change, frozenset(detached)):
                    say(
                        "F05",
                        f"instance {change.resource} shows its other interfaces differently",
                        "entry of instance",
                    )
            elif change.path in KEPT_BY_INSTANCE or not change.path:
                say(
                    "F09",
                    f"the detach changed instance {change.resource}: {what}",
                    f"changed {change.path or 'existence'}",
                )
        else:
            say(
                "F05",
                f"the detach changed a bystander, {change.resource}: {what}",
                f"changed {change.path or 'existence'}",
            )
    return out


def _other_entries_differ(change: Change, gone: frozenset[str]) -> bool:
    """Whether the entries of interfaces that stayed differ in a list of interfaces."""

    def others(entries: Any) -> list[str]:
        return [e for e in entries or () if json.loads(e).get("NetworkInterfaceId") not in gone]

    return others(change.before) != others(change.after)
