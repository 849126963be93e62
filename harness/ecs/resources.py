"""The operations on interfaces and instances that a test needs around the one under test, as functions of a Session.

Changes and deletions are refused (NotOurs) for anything that is not in the ledger. Describe operations follow all pages
and hand back plain dicts, in which the wrapper that ECS puts around lists is taken off. A tenant's other resources may
exist at any time; nothing here counts, picks or touches them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

from eni_conformance.harness.clock import stamp
from eni_conformance.harness.codec import code_of, decode, listing
from eni_conformance.harness.ecs.call import (
    NOT_TAKEN,
    Session,
    SetupError,
    announce,
    create,
    do,
    is_absent,
    marks,
    named,
    undecided,
)
from eni_conformance.harness.values import Exchange, Pair

IMAGE_FAMILY = "acs:alibaba_cloud_linux_3_2104_lts_x64"

MOST_PAGES = 500
DESCRIBES = "the endpoint must be able to describe, and leave out of a list what does not exist"
BY_TOKEN: tuple[Pair, ...] = (("MaxResults", "100"),)
BY_NUMBER: tuple[Pair, ...] = (("PageSize", "50"), ("PageNumber", "1"))
ONE_BY_ONE: tuple[Pair, ...] = (("PageSize", "50"),)
"""How operations of VPC are asked for pages: by number, from the first on."""


@dataclass(frozen=True)
class Kind:
    """A kind of resource that a run creates: how it is described, what names it, how it is deleted. vpc: by the VPC
    service."""

    name: str
    describe: str
    path: tuple[str, str]
    key: str
    delete: str
    vpc: bool = False


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "eni",
            "DescribeNetworkInterfaces",
            ("NetworkInterfaceSets", "NetworkInterfaceSet"),
            "NetworkInterfaceId",
            "DeleteNetworkInterface",
        ),
        Kind("instance", "DescribeInstances", ("Instances", "Instance"), "InstanceId", "DeleteInstance"),
        Kind(
            "security_group",
            "DescribeSecurityGroups",
            ("SecurityGroups", "SecurityGroup"),
            "SecurityGroupId",
            "DeleteSecurityGroup",
        ),
        Kind("vswitch", "DescribeVSwitches", ("VSwitches", "VSwitch"), "VSwitchId", "DeleteVSwitch", vpc=True),
        Kind("vpc", "DescribeVpcs", ("Vpcs", "Vpc"), "VpcId", "DeleteVpc", vpc=True),
    )
}
"""In the order in which they are to go: what depends on others first."""


def listed(session: Session, kind: str, *more: Pair) -> list[dict[str, Any]]:
    """The described resources of a kind, for these further parameters. Raises SetupError."""
    one = KINDS[kind]
    size = ONE_BY_ONE if one.vpc else BY_TOKEN
    return pages(session, one.describe, [session.region, *more], one.path, vpc=one.vpc, size=size)


@dataclass(frozen=True)
class Ground:
    """What all worlds of a run stand on; one vSwitch for each zone. JSON values only.

    eni_quota: interfaces that the type takes, the primary one included. quota_assumed: the endpoint does not tell it.
    """

    region: str
    zones: tuple[str, ...]
    vpc_id: str
    vswitch_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    instance_type: str
    eni_quota: int
    image_id: str
    second_region: str = ""
    notes: tuple[str, ...] = field(default_factory=tuple)
    quota_assumed: bool = False


_WRAPPED = {
    "Tags": "Tag",
    "SecurityGroupIds": "SecurityGroupId",
    "PrivateIpSets": "PrivateIpSet",
    "Ipv6Sets": "Ipv6Set",
    "NetworkInterfaces": "NetworkInterface",
    "VSwitchIds": "VSwitchId",
    "PrivateIpAddress": "IpAddress",
    "PublicIpAddress": "IpAddress",
    "InnerIpAddress": "IpAddress",
    "OperationLocks": "LockReason",
}


def plain(value: Any, name: str = "") -> Any:
    """A copy without the wrappers that ECS puts around lists: {"Tags": {"Tag": [..]}} -> {"Tags": [..]}."""
    if isinstance(value, dict):
        inner = next(iter(value.values()), None) if len(value) == 1 else None
        if isinstance(inner, list):
            return [plain(item) for item in inner]
        if _WRAPPED.get(name) in value and len(value) == 1:
            return [plain(inner)]
        # Most fields are plain already; descriptions are most of what a run reads.
        return {key: plain(v, key) if isinstance(v, (dict, list)) or v == "" else v for key, v in value.items()}
    if isinstance(value, list):
        return [plain(item) if isinstance(item, (dict, list)) else item for item in value]
    return [] if value == "" and name in _WRAPPED and name != "PrivateIpAddress" else value


_AGAIN: dict[str, dict[str, Any]] = {}
"""What `plain` made of a described resource, by its text; a run reads most of them many times. Nobody changes it."""


def _plain_again(entry: Mapping[str, Any]) -> dict[str, Any]:
    text = repr(entry)  # tells 1 from true and "1", which == would not
    known = _AGAIN.get(text)
    if known is None:
        if len(_AGAIN) >= 2000:
            _AGAIN.clear()
        known = _AGAIN[text] = plain(entry)
    return known


def pages(
    session: Session,
    action: str,
    pairs: Sequence[Pair],
    path: tuple[str, str],
    *,
    vpc: bool = False,
    size: Sequence[Pair] = BY_TOKEN,
) -> list[dict[str, Any]]:
    """All entries of a list, page after page: by NextToken, or by number where there is a total.

    Ends also if a page adds nothing new or there are more than MOST_PAGES. Raises SetupError.
    """
    if size is BY_TOKEN and action in session.by_number:
        size = BY_NUMBER
    try:
        return _pages(session, action, pairs, path, vpc, size)
    except SetupError as refused:
        if size is not BY_TOKEN or not refused.code.startswith(NOT_TAKEN):
            raise
        found = _pages(session, action, pairs, path, vpc, BY_NUMBER)
        session.by_number.add(action)
        return found


def _pages(
    session: Session, action: str, pairs: Sequence[Pair], path: tuple[str, str], vpc: bool, size: Sequence[Pair]
) -> list[dict[str, Any]]:
    """As `pages`, asked for in this way. Raises SetupError."""
    found: list[dict[str, Any]] = []
    seen_tokens: set[str] = set()
    turn: list[Pair] = list(size)
    for number in range(1, MOST_PAGES + 1):
        exchange = do(session, action, [*pairs, *turn], DESCRIBES, vpc=vpc)
        answer = decode(exchange) or {}
        if path[0] not in answer and "RequestId" not in answer:
            raise SetupError(action, exchange, "what answered there does not speak ECS")
        entries = [_plain_again(entry) for entry in listing(answer, *path) if isinstance(entry, Mapping)]
        fresh = [entry for entry in entries if entry not in found] if number > 1 else entries
        found += fresh
        token = answer.get("NextToken")
        if isinstance(token, str) and token:
            if token in seen_tokens:
                break
            seen_tokens.add(token)
            turn = [*size, ("NextToken", token)]
            continue
        if seen_tokens or not fresh or len(found) >= count_of(answer.get("TotalCount")):
            break
        per_page = count_of(answer.get("PageSize")) or len(entries)
        turn = [("PageSize", str(per_page)), ("PageNumber", str(number + 1))]
    return found


def count_of(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def describe_enis(session: Session, *, ids: Iterable[str] = (), **filters: str) -> list[dict[str, Any]]:
    """The interfaces with these ids (all of the account, if none are given) that pass the filters.

    filters: parameters of DescribeNetworkInterfaces, such as InstanceId or Status. Unknown ids are left
    out. Raises SetupError.
    """

    def name(chunk: list[str]) -> list[Pair]:
        return [(f"NetworkInterfaceId.{n}", identifier) for n, identifier in enumerate(chunk, 1)]

    return _described(session, "eni", ids, filters, name)


def describe_instances(session: Session, ids: Iterable[str] = (), **filters: str) -> list[dict[str, Any]]:
    """The instances with these ids (all of the account, if none are given) that pass the filters.

    Unknown ids are left out. Raises SetupError.
    """

    def name(chunk: list[str]) -> list[Pair]:
        return [("InstanceIds", json.dumps(chunk, separators=(",", ":")))]

    return _described(session, "instance", ids, filters, name)


def _described(
    session: Session,
    kind: str,
    ids: Iterable[str],
    filters: Mapping[str, str],
    name: Callable[[list[str]], list[Pair]],
) -> list[dict[str, Any]]:
    """What is shown of these ids, or of all. name: the parameters that name a hundred of them."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return listed(session, kind, *filters.items())
    found: list[dict[str, Any]] = []
    for start in range(0, len(wanted), 100):
        found += listed(session, kind, *filters.items(), *name(wanted[start : start + 100]))
    if not filters:
        _note_gone(session, wanted, {str(entry.get(KINDS[kind].key)) for entry in found})
    return found


def _note_gone(session: Session, asked: Sequence[str], shown: set[str]) -> None:
    """What was told to go and is no longer shown is gone: it no longer counts against the limits."""
    going = session.ledger.going
    for identifier in asked:
        if identifier in going and identifier not in shown:
            going.discard(identifier)
            session.ledger.gone(identifier)


def eni_attribute(session: Session, identifier: str) -> dict[str, Any] | None:
    """DescribeNetworkInterfaceAttribute of one interface; None if there is none. Raises SetupError."""
    exchange = do(
        session,
        "DescribeNetworkInterfaceAttribute",
        [session.region, ("NetworkInterfaceId", identifier)],
        "the endpoint must be able to describe",
        done=is_absent,
    )
    if is_absent(exchange):
        return None
    answer = plain(decode(exchange))
    return answer if isinstance(answer, dict) and answer.get("NetworkInterfaceId") else None


class Details(TypedDict, total=False):
    """What is asked of a new interface. groups: how many of the ground's security groups, the last of them
    `security_group_id` if given. addresses: private addresses in all."""

    groups: int
    addresses: int
    name: str
    description: str
    delete_on_release: bool | None
    vswitch_id: str
    security_group_id: str


def create_eni(session: Session, ground: Ground, *, zone: int = 0, tags: int = 0, **details: Unpack[Details]) -> str:
    """Create a secondary interface and return its id.

    zone: place in ground.zones. tags: how many besides the run's own. Raises SetupError.
    """
    return create(
        session,
        "eni",
        "CreateNetworkInterface",
        [session.region, *_details(ground, zone, **details), *marks(session, tags)],
        named("NetworkInterfaceId"),
        "check the quota of interfaces and the vSwitch",
    )


def _details(
    ground: Ground,
    zone: int,
    *,
    groups: int = 1,
    addresses: int = 1,
    name: str = "",
    description: str = "",
    delete_on_release: bool | None = None,
    vswitch_id: str = "",
    security_group_id: str = "",
) -> list[Pair]:
    """The parameters that say so."""
    pairs: list[Pair] = [("VSwitchId", vswitch_id or ground.vswitch_ids[zone])]
    chosen = ground.security_group_ids[: max(1, groups)]
    if security_group_id:
        chosen = (*chosen[:-1], security_group_id)
    if len(chosen) == 1:
        pairs.append(("SecurityGroupId", chosen[0]))
    else:
        pairs += [(f"SecurityGroupIds.{n}", group) for n, group in enumerate(chosen, 1)]
    if addresses > 1:
        pairs.append(("SecondaryPrivateIpAddressCount", str(addresses - 1)))
    if name:
        pairs.append(("NetworkInterfaceName", name))
    if description:
        pairs.append(("Description", description))
    if delete_on_release is not None:
        pairs.append(("DeleteOnRelease", "true" if delete_on_release else "false"))
    return pairs


def mark(session: Session, eni: str, more: int = 0) -> None:
    """Tag an interface that came without tags as this run's. more: tags besides. Raises SetupError, NotOurs."""
    session.ledger.check(eni)
    named_so = [session.region, ("ResourceType", "eni"), ("ResourceId.1", eni)]
    do(
        session,
        "TagResources",
        [*named_so, *marks(session, more)],
        "an interface that came with an instance has no tags",
    )


def keep_on_release(session: Session, eni: str) -> None:
    """Let an interface of this run stay when its instance goes. Raises SetupError, NotOurs."""
    session.ledger.check(eni)
    pairs = [session.region, ("NetworkInterfaceId", eni), ("DeleteOnRelease", "false")]
    do(session, "ModifyNetworkInterfaceAttribute", pairs, "the endpoint must be able to change DeleteOnRelease")


def secondaries(session: Session, instance: str) -> list[str]:
    """The secondary interfaces that hang on an instance, by the filter or, where that shows none, by the instance; of
    each its own description decides. Raises SetupError."""

    def on_it(entries: Iterable[Mapping[str, Any]]) -> list[str]:
        here = (e for e in entries if e.get("InstanceId") == instance and e.get("Type") == "Secondary")
        return [str(e.get("NetworkInterfaceId") or "") for e in here]

    try:
        found = on_it(describe_enis(session, InstanceId=instance))
    except SetupError:
        found = []  # a filter may fail where the other way works
    if found:
        return found
    held = [e for shown in describe_instances(session, [instance]) for e in shown.get("NetworkInterfaces") or ()]
    ids = [str(e.get("NetworkInterfaceId") or "") for e in held if isinstance(e, Mapping)]
    return on_it(describe_enis(session, ids=ids)) if any(ids) else []


def attach_eni(session: Session, instance: str, eni: str) -> None:
    """Start to attach an interface of this run. Raises SetupError, NotOurs."""
    session.ledger.check(eni)
    session.ledger.check(instance)
    do(
        session,
        "AttachNetworkInterface",
        [session.region, ("InstanceId", instance), ("NetworkInterfaceId", eni)],
        "the instance must be Running or Stopped and have a free slot",
        done=lambda refusal: _linked(session, refusal, eni, instance),
    )


def detach_eni(session: Session, instance: str, eni: str) -> None:
    """Start to detach an interface of this run, for set-up and clean-up. Raises SetupError, NotOurs."""
    session.ledger.check(eni)
    do(
        session,
        "DetachNetworkInterface",
        [session.region, ("InstanceId", instance), ("NetworkInterfaceId", eni)],
        "set-up needs a working detach",
        done=lambda refusal: is_absent(refusal) or _linked(session, refusal, eni, ""),
    )


def _linked(session: Session, refusal: Exchange, eni: str, instance: str) -> bool:
    """Whether, despite a refusal for its state, the interface already is where it should be."""
    if not code_of(refusal).endswith("EniState"):
        return False
    shown = describe_enis(session, ids=[eni])
    link = str(shown[0].get("InstanceId") or "") if shown else ""
    return bool(shown) and link == instance and shown[0].get("Status") in ("InUse", "Attaching", "Available")


def delete_eni(session: Session, eni: str) -> None:
    """Start to delete an interface of this run; absent is fine. Raises SetupError, NotOurs."""
    session.ledger.check(eni)
    do(
        session,
        "DeleteNetworkInterface",
        [session.region, ("NetworkInterfaceId", eni)],
        "the interface must be Available",
        done=is_absent,
    )
    session.ledger.going.add(eni)


BORN = "RunInstances with NetworkInterface.N"
"""How an interface is asked for that comes with its instance, and what the ledger calls the announcement of one."""
WAYS = 2
"""In so many ways an instance is asked for: with all that a run wants of it, and with what is needed."""


def create_instance_with(
    session: Session, ground: Ground, zone: int = 0, **details: Unpack[Details]
) -> tuple[str, int]:
    """Create an instance that comes with a secondary interface: its id, and the number under which the ledger awaits
    the interface, whose id nobody knows yet.

    As long as it carries no tags it is asked to go with its instance (SDK 7.11.8: that is the default, too). One
    interface is named, the secondary one: where the primary one is named as well, the vSwitch may not be said of the
    instance. Raises SetupError; the announcement stays open where nobody knows what came of the call.
    """
    awaited = announce(session, "eni", BORN)
    asked: Details = {**details, "delete_on_release": True}
    pairs: list[Pair] = [("InstanceType", "Secondary"), *_details(ground, zone, **asked)]
    try:
        more = [(f"NetworkInterface.1.{name}", value) for name, value in pairs]
        return create_instance(session, ground, zone, more=more), awaited
    except SetupError as refused:
        if refused.exchange is None or not undecided(refused.exchange):
            session.ledger.refused(awaited, "eni", refused.code)
        raise


def create_instance(
    session: Session, ground: Ground, zone: int = 0, start: bool = True, more: Sequence[Pair] = ()
) -> str:
    """Create one pay-as-you-go instance and return its id; it goes on to Running, or stays Stopped.

    It is released by the service itself some time after the run's last minute, whatever happens to us. more: what
    RunInstances alone takes. Raises SetupError.
    """
    needed: list[Pair] = [
        session.region,
        ("VSwitchId", ground.vswitch_ids[zone]),
        ("SecurityGroupId", ground.security_group_ids[0]),
        ("InstanceType", ground.instance_type),
        ("ImageId", ground.image_id) if ground.image_id else ("ImageFamily", IMAGE_FAMILY),
        *more,
    ]
    whole: list[Pair] = [
        *needed,
        ("ZoneId", ground.zones[zone]),
        ("InstanceChargeType", "PostPaid"),
        ("InternetMaxBandwidthOut", "0"),
        ("InstanceName", session.name),
        ("AutoReleaseTime", stamp(release_time(session))),
        *marks(session),
    ]
    try:
        return _create_instance(session, whole, start, only_run=bool(more))
    except SetupError as refused:
        # An endpoint on this machine may know few parameters; elsewhere an instance must not outlive the run.
        if not session.target.loopback or not refused.code.startswith(NOT_TAKEN):
            raise
    return _create_instance(session, needed, start, only_run=bool(more))


def _create_instance(session: Session, pairs: Sequence[Pair], start: bool, only_run: bool) -> str:
    """Create an instance with these parameters: by RunInstances, or where that is not offered by CreateInstance."""
    advice = "check stock, quota, image and instance type; name others under [setup]"
    if start:
        try:
            return create(session, "instance", "RunInstances", [*pairs, ("Amount", "1")], _first_instance, advice)
        except SetupError as error:
            if only_run or not _unsupported(error):
                raise
    identifier = create(session, "instance", "CreateInstance", pairs, named("InstanceId"), advice)
    if start:
        with contextlib.suppress(SetupError):  # it exists all the same; who needs it Running asks again, and is told
            start_instance(session, identifier)
    return identifier


def release_time(session: Session) -> float:
    """When the service is to release an instance created now, in Unix seconds.

    The vendor allows no less than half an hour; an hour after the run's limit leaves time for clean-up.
    """
    return session.client.clock.now() + 60 * (session.target.limits.minutes + 60)


def _first_instance(answer: Mapping[str, Any]) -> str:
    ids = listing(answer, "InstanceIdSets", "InstanceIdSet")
    return ids[0] if ids and isinstance(ids[0], str) else ""


def _unsupported(error: SetupError) -> bool:
    """Whether the endpoint does not know the operation at all."""
    return error.code in (
        "InvalidAction.NotFound",
        "InvalidApi.NotFound",
        "InvalidAction",
        "UnsupportedOperation",
    )


def _instance_call(session: Session, action: str, instance: str, advice: str, *more: Pair, settled: str = "") -> None:
    """One operation on an instance of this run; accepted also if it already has the status `settled`."""
    session.ledger.check(instance)

    def done(refusal: Exchange) -> bool:
        if not settled or not code_of(refusal).startswith("IncorrectInstanceStatus"):
            return False
        shown = describe_instances(session, [instance])
        return bool(shown) and shown[0].get("Status") == settled

    do(
        session,
        action,
        [session.region, ("InstanceId", instance), *more],
        advice,
        done=done,
    )


def start_instance(session: Session, instance: str) -> None:
    """Start an instance of this run. Raises SetupError, NotOurs."""
    _instance_call(session, "StartInstance", instance, "stock may have run out", settled="Running")


def stop_instance(session: Session, instance: str) -> None:
    """Stop an instance of this run; on a real account in the mode that costs least.

    Raises SetupError, NotOurs.
    """
    mode: tuple[Pair, ...] = () if session.target.loopback else (("StoppedMode", "StopCharging"),)
    _instance_call(
        session,
        "StopInstance",
        instance,
        "the instance must be Running",
        ("ForceStop", "true"),
        *mode,
        settled="Stopped",
    )


def reboot_instance(session: Session, instance: str) -> None:
    """Reboot an instance of this run. Raises SetupError, NotOurs."""
    _instance_call(session, "RebootInstance", instance, "the instance must be Running", ("ForceStop", "true"))


def delete_instance(session: Session, instance: str) -> None:
    """Delete an instance of this run, in whatever state; absent is fine. Raises SetupError, NotOurs."""
    session.ledger.check(instance)
    do(
        session,
        "DeleteInstance",
        [session.region, ("InstanceId", instance), ("Force", "true")],
        "the instance must be pay-as-you-go and without deletion protection",
        done=is_absent,
    )
    session.ledger.going.add(instance)
