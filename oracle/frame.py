"""What may differ between two looks at the target, and what may not. Pure.

A refused call may change nothing at all; a success may change the link
between one interface and one instance, and nothing else (section notes of the page).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eni_conformance.contract import rows
from eni_conformance.contract.detach import EFFECT
from eni_conformance.harness.values import Snapshot
from eni_conformance.oracle.findings import AfterSuccess, Finding, RefusalChanged


@dataclass(frozen=True)
class Change:
    """One field of one resource that differs. `path` "" means that the whole resource came or went. thing: what kind of
    resource it is (interface, primary, instance)."""

    resource: str
    path: str
    before: Any
    after: Any
    thing: str = field(default="", compare=False)


THINGS = {"Primary": "primary"}
"""Types of interfaces that a reader must be told of."""


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
            known = old.get(resource) or new.get(resource) or {}
            thing = "instance" if documented is OF_AN_INSTANCE else THINGS.get(str(known.get("Type")), "interface")
            if resource not in new or resource not in old:
                out.append(Change(resource, "", resource in old, resource in new, thing))
                continue
            one, two = old[resource], new[resource]
            if one == two:
                continue
            for path in sorted(set(one) | set(two)):
                if path in ignore or path.partition(".")[0] not in documented:
                    continue
                if not same(path, one.get(path), two.get(path)):
                    out.append(Change(resource, path, one.get(path), two.get(path), thing))
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


# --- what changes mean -------------------------------------------------------------------------------

DETACHED, ATTACHED, MOVED, SHARED = "was detached", "was attached", "moved", "belongs to two instances"
NO_STATUS = "became None"
LISTS_OTHERS, ENTRY = "other interface of instance", "entry of instance"


@dataclass(frozen=True)
class Effect:
    """What happened to one resource, however many fields show it. about: in a few words, the same for every resource;
    text: a clause that begins with the resource."""

    resource: str
    about: str
    text: str
    changes: tuple[Change, ...]

    @property
    def family(self) -> str:
        """What effects of one kind have in common."""
        return f"changed {self.about}"

    @property
    def words(self) -> tuple[str, str, str]:
        """What kind of resource, what happened to it, and how it shows, for a sentence."""
        change = self.changes[0]
        how = "lost" if change.after in (None, "", ()) else "changed"
        return change.thing, self.about, how if self.about == change.path else ""


def effects(found: Iterable[Change], now: Snapshot, expected: Iterable[str] = ()) -> list[Effect]:
    """What changes mean, resource by resource; what only tells the other end of a link is left out.

    now: the later look. expected: interfaces that lists of instances lose lawfully.
    """
    of: dict[str, list[Change]] = {}
    for change in found:
        of.setdefault(change.resource, []).append(change)
    out = [effect for resource, changed in of.items() for effect in _effects_on(resource, changed, now, set(expected))]
    moved = {e.resource for e in out if e.about in (DETACHED, ATTACHED, MOVED, SHARED, "was deleted")} | set(expected)
    return [e for e in out if e.about != LISTS_OTHERS or not _listed(e.changes[0]) <= moved]


def _listed(change: Change) -> set[str]:
    """The interfaces that one of two lists of an instance holds alone."""
    one, two = (
        {str(e.get("NetworkInterfaceId")) for e in _known(change.path, v)} for v in (change.before, change.after)
    )
    return one ^ two


def _effects_on(resource: str, changed: Sequence[Change], now: Snapshot, expected: set[str]) -> Iterator[Effect]:
    by_path = {c.path: c for c in changed}
    if "" in by_path:
        about = "appeared" if by_path[""].after else "was deleted"
        yield Effect(resource, about, f"{resource} {about}", (by_path[""],))
        return
    rest = list(changed)
    if resource in now.enis:
        moves = tuple(c for c in changed if c.path in ("Status", "InstanceId") or c.path.startswith("Attachment."))
        rest = [c for c in changed if c not in moves]
        if moves:
            about = _moved(resource, {c.path: c for c in moves}, now)
            told = "lost its status" if about == NO_STATUS else about
            yield Effect(resource, about, f"{resource} {told}", moves)
    for change in rest:
        if change.path == "NetworkInterfaces" and _listed(change) - expected:
            yield _list_of(resource, change, now, expected)
        elif change.path == "NetworkInterfaces":
            yield Effect(resource, ENTRY, f"{resource} shows its other interfaces differently", (change,))
        else:
            yield Effect(resource, change.path or "existence", _field_told(change), (change,))


def _moved(eni: str, moves: Mapping[str, Change], now: Snapshot) -> str:
    """What a change of an interface's status and link means."""
    links = [c for path, c in moves.items() if path in ("InstanceId", "Attachment.InstanceId")]
    status = moves.get("Status")
    if sum(eni in now.held(instance) for instance in now.instances) > 1:
        return SHARED
    if any(c.before and c.after for c in links):
        return MOVED
    if any(c.before for c in links) or (status and status.before == "InUse" and status.after == "Available"):
        return DETACHED
    if any(c.after for c in links) or (status and status.before == "Available" and status.after == "InUse"):
        return ATTACHED
    return f"became {status.after}" if status else "shows another Attachment"


def _list_of(instance: str, change: Change, now: Snapshot, expected: set[str]) -> Effect:
    """What it means that an instance lists other interfaces."""
    listed = _listed(change) - expected
    new = {eni for eni in listed if eni in now.held(instance)}
    for eni in sorted(new):
        hosts = sorted(i for i in now.instances if eni in now.held(i))
        if len(hosts) > 1:
            return Effect(eni, SHARED, f"{eni} {SHARED}, {' and '.join(hosts)}", (change,))
    gone = sorted(listed - new)
    told = [f"lists {', '.join(sorted(new))}"] if new else []
    told += [f"no longer lists {', '.join(gone)}"] if gone else []
    return Effect(instance, LISTS_OTHERS, f"{instance} {' and '.join(told)}", (change,))


def _field_told(change: Change) -> str:
    """A change of one field, as a reader would say it."""
    name = change.path or "existence"
    if name == "Status":
        return f"{change.resource} went from {change.before or 'no status'} to {change.after or 'no status'}"
    if change.after in (None, "", ()):
        return f"{change.resource} lost its {name}"
    if isinstance(change.before, tuple) or isinstance(change.after, tuple):
        count = [len(v) if isinstance(v, tuple) else 0 for v in (change.before, change.after)]
        return f"{change.resource} has other {name} ({count[0]} before, {count[1]} now)"
    if change.before is None:
        return f"{change.resource} got a {name}, {change.after!r}"
    return f"{change.resource} changed its {name} from {change.before!r} to {change.after!r}"


# --- what may not differ -----------------------------------------------------------------------------


def judge_unchanged(found: Iterable[Change], now: Snapshot, *, only_refused: bool = True) -> list[Finding]:
    """F01: where no detach was accepted, every change is a violation. only_refused: nothing but refused calls came
    between the looks."""
    when = "after refused calls only" if only_refused else "while no detach was under way"
    return [
        RefusalChanged(
            rows.REFUSAL_CHANGES_NOTHING,
            f"{when}, {effect.text}",
            f"refusal changed:{effect.about}",
            family=effect.family,
            about=(*effect.words, *(["refused"] if only_refused else [])),
        )
        for effect in effects(found, now)
    ]


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
    ends = [f for eni, host in detached.items() if eni not in touched for f in _ended(after, eni, host)]
    kept = (c for c in found if c.resource not in touched and not _lawful(before, after, c, detached))
    changed = [_changed(effect, detached) for effect in effects(kept, after, detached)]
    return [*ends, *changed]


def _blamed(
    requirement: str, text: str, cause: str, about: tuple[str, ...], *, family: str = "", **how: Any
) -> AfterSuccess:
    cause = f"{requirement}:{cause}"
    return AfterSuccess(requirement, text, cause, page=requirement, about=about, family=family, **how)


def _ended(after: Snapshot, eni: str, host: str) -> Iterator[Finding]:
    """What is wrong with how a detach ended: F02, F03."""
    if eni not in after.enis:
        yield _blamed(
            rows.BECOMES_AVAILABLE,
            f"{eni} is gone after its detach; it should be {EFFECT.to}",
            "gone",
            ("gone",),
            family="changed was deleted",
        )
        return
    status = after.status(eni)
    if status != EFFECT.to:
        text = f"{eni} is {status or 'without status'} long after its detach was accepted"
        unmoved = eni if status == "InUse" and after.link(eni) == host else ""
        yield _blamed(rows.BECOMES_AVAILABLE, text, f"stays {status}", (status,), slow=True, unmoved=unmoved)
        return
    if after.link(eni):
        text = f"{eni} is {EFFECT.to} and still shows instance {after.link(eni)}"
        yield _blamed(rows.LINK_GONE, text, "link on interface", ("link on interface",))
    if eni in after.held(host):
        text = f"instance {host} still lists {eni}"
        yield _blamed(rows.LINK_GONE, text, "link on instance", ("link on instance",))


def _lawful(before: Snapshot, after: Snapshot, change: Change, detached: Mapping[str, str]) -> bool:
    """Whether a detach may change this."""
    name = change.resource
    if name in detached:
        return change.path not in KEPT_BY_ENI
    if name not in detached.values():
        return False
    if change.path == "NetworkInterfaces":
        lost, new = before.held(name) - after.held(name) - set(detached), after.held(name) - before.held(name)
        return not lost and not new and not _other_entries_differ(change, frozenset(detached))
    return bool(change.path) and change.path not in KEPT_BY_INSTANCE


def _changed(effect: Effect, detached: Mapping[str, str]) -> Finding:
    """A change that a detach must not make: F04, F05, F09."""
    kind = "changed " if effect.about in {c.path for c in effect.changes} else ""
    listed = effect.changes[0].path == "NetworkInterfaces"
    if effect.resource in detached and not listed:
        row, text = rows.OWN_KEPT, f"by its detach, {effect.text}"
    elif effect.resource in detached.values() and not listed:
        row, text = rows.INSTANCE_KEPT, f"by a detach from it, {effect.text}"
    else:
        row, text = rows.OTHERS_KEPT, f"by the detach of another, {effect.text}"
    return _blamed(row, text, kind + effect.about, effect.words, family=effect.family)


def _other_entries_differ(change: Change, gone: frozenset[str]) -> bool:
    """Whether the entries of interfaces that stayed differ in a list of interfaces."""

    def others(entries: Any) -> list[dict[str, Any]]:
        return [e for e in _known("NetworkInterfaces", entries) if e.get("NetworkInterfaceId") not in gone]

    return others(change.before) != others(change.after)
