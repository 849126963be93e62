"""The operations of ECS and VPC that a test needs around the one under test, as functions of a Session.

They create, change, describe and delete, and either do it or raise SetupError with the operation, what came
back, and what to do. Created resources are announced in the ledger first, carry the run's tags and a
ClientToken, and are resolved by that token when an answer is lost, never by blind repetition. Changes and
deletions are refused (NotOurs) for anything that is not in the ledger. Describe operations follow all pages
and hand back plain dicts, in which the wrapper that ECS puts around lists is taken off.

A tenant's other resources may exist at any time; nothing here counts, picks or touches them.
"""

from __future__ import annotations

import ipaddress
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from eni_conformance.contract.common import passing
from eni_conformance.contract.scenario import Wire
from eni_conformance.harness.account.ledger import CREATED_TAG, RUN_TAG, Ledger, LimitReached
from eni_conformance.harness.account.survey import wire_for
from eni_conformance.harness.clock import Clock
from eni_conformance.harness.journal import Journal
from eni_conformance.harness.target import Target
from eni_conformance.harness.values import Exchange, Pair
from eni_conformance.harness.wire.client import VERSION, VPC_VERSION, Client
from eni_conformance.harness.wire.codec import code_of, decode, listing, message_of

T = TypeVar("T")

ASSUMED_QUOTA = 3
"""Interfaces that an instance is taken to hold where the endpoint does not tell; less if it turns out to hold less."""
GROUPS = 5
"""Security groups laid; an interface may be in up to five (vendor's page of limits)."""

IMAGE_FAMILY = "acs:alibaba_cloud_linux_3_2104_lts_x64"
MOST_PAGES = 500
PAGE = "100"
BY_TOKEN: tuple[Pair, ...] = (("MaxResults", PAGE),)
BY_NUMBER: tuple[Pair, ...] = (("PageSize", "50"), ("PageNumber", "1"))
NOT_TAKEN = ("MissingParameter", "InvalidParameter", "UnsupportedParameter", "Invalid.Param", "UnknownParameter")
"""What codes begin with that refuse a call for one of its parameters."""

TRANSIENT = (
    "IncorrectInstanceStatus",
    "DependencyViolation",
    "IncorrectVSwitchStatus",
    "IncorrectVpcStatus",
    "IncorrectRouteEntryStatus",
    "IncorrectStatus",
    "TaskConflict",
    "OperationConflict",
    "Operation.Conflict",
    "InvalidOperation.Conflict",
    "InvalidOperation.InvalidEniState",
    "InvalidOperation.InvalidEcsState",
    "InvalidOperation.InvalidEniType",
    "InstanceNotReady",
    "IdempotentProcessing",
    "TOKEN_PROCESSING",
    "LastTokenProcessing",
    "InternalError",
    "ServiceUnavailable",
    "RequestTimeout",
    "UnknownError",
)
"""Refusals that pass by themselves: the pages of the operations, and the retry lists of their clients."""


class SetupError(Exception):
    """The world of a test could not be built. `exchange` is what came back, None if nothing was sent."""

    def __init__(self, action: str, exchange: Exchange | None, advice: str) -> None:
        self.action = action
        self.exchange = exchange
        self.advice = advice
        super().__init__(f"{action}: {_told(exchange)}; {advice}" if exchange else f"{action}: {advice}")

    @property
    def code(self) -> str:
        """The endpoint's error code, "" if there is none."""
        return code_of(self.exchange) if self.exchange else ""


@dataclass(frozen=True)
class Session:
    """Who builds: a target, a client, the ledger of what is owned, and the run's id. by_number: operations that refuse
    to be asked for pages by token."""

    target: Target
    client: Client
    ledger: Ledger
    run_id: str
    by_number: set[str] = field(default_factory=set, compare=False)

    def __post_init__(self) -> None:
        self.ledger.place(where(self.target))

    @property
    def wire(self) -> Wire:
        """How set-up calls are sent."""
        return wire_for(self.target)

    @property
    def patience(self) -> float:
        """Seconds for which a transient refusal is met by trying again."""
        return min(self.target.limits.settle_seconds, 5.0 if self.target.loopback else 120.0)


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

    def to_json(self) -> dict[str, Any]:
        """A copy that json.dumps takes."""
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Ground:
        """What `to_json` made. Raises KeyError or TypeError if it did not."""
        known = {f.name for f in fields(Ground)}
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return Ground(**{k: v for k, v in values.items() if k in known})


def open_session(
    target: Target,
    directory: Path,
    run_id: str,
    *,
    worker: str = "main",
    share: int = 1,
    journal: Journal | None = None,
    clock: Clock | None = None,
    skew: float = 0.0,
) -> Session:
    """A session with a client and a ledger that keep the target's limits.

    directory: of the run's ledgers, shared by its workers. share: how many workers divide the rate. skew: seconds by
    which the endpoint's clock is ahead.
    """
    limits = {"instance": target.limits.instances, "eni": target.limits.network_interfaces}
    client = Client(target, worker=worker, share=share, journal=journal, clock=clock or Clock(), skew=skew)
    ledger = Ledger(
        directory,
        run_id,
        worker=worker,
        durable=not target.loopback,
        limits=limits,
        where=where(target),
        clock=client.clock.now,
    )
    return Session(target, client, ledger, run_id)


def where(target: Target) -> str:
    """The place that resources are in, for the ledger."""
    return f"{target.endpoint} {target.region}"


def reach(target: Target) -> str:
    """How far an order of the control protocol reaches: every region that the endpoint plays."""
    return target.control_url or where(target)


# --- calling -----------------------------------------------------------------------------------------


def call(
    session: Session, action: str, pairs: Sequence[Pair], *, vpc: bool = False, deadline: float = 30.0
) -> Exchange:
    """Send one set-up call as the account."""
    return session.client.send(
        action,
        pairs,
        wire=session.wire,
        version=VPC_VERSION if vpc else VERSION,
        vpc=vpc,
        deadline=deadline / 3 if session.target.loopback else deadline,
    )


def succeeded(exchange: Exchange) -> bool:
    """Whether the answer is a success that can be read."""
    return exchange.outcome == "answered" and 200 <= exchange.status < 300 and decode(exchange) is not None


def _told(exchange: Exchange) -> str:
    if exchange.outcome != "answered":
        return f"{exchange.outcome} ({exchange.detail})"
    throttled = " (throttled to the end)" if exchange.throttled else ""
    code = code_of(exchange) or "without a code"
    return f"HTTP {exchange.status} {code}{throttled}: {message_of(exchange)[:200]}"


def _transient(exchange: Exchange) -> bool:
    code = code_of(exchange)
    return exchange.throttled or any(code == one or code.startswith(f"{one}.") for one in TRANSIENT)


_NOT_A_RESOURCE = ("InvalidAccessKeyId", "InvalidRegionId", "InvalidAction", "InvalidApi", "InvalidProduct", "Abs.")
"""What codes begin with that miss something else than the resource: a key, a region, an operation."""


def passes(refused: SetupError) -> bool:
    """Whether a refusal that lasted to the end of patience says "not now", and nothing of a state."""
    exchange = refused.exchange
    if exchange is None:
        return False
    return exchange.throttled or passing(exchange.status, refused.code or "?", valid=False) is not None


def is_absent(exchange: Exchange) -> bool:
    """Whether a refusal says that the resource is not there."""
    return exchange.outcome == "answered" and says_absent(code_of(exchange))


def says_absent(code: str) -> bool:
    """Whether a code says that a resource is not there."""
    return code.endswith(".NotFound") and not code.startswith(_NOT_A_RESOURCE)


def is_full(code: str) -> bool:
    """Whether a code says that an instance takes no more interfaces."""
    return "Limit" in code and not code.startswith(("RequestLimit", "Throttling"))


def wait_for(session: Session, probe: Callable[[], T | None], what: str, *, deadline: float | None = None) -> T:
    """Call `probe` until it returns something true, in small growing steps. Returns that.

    Raises SetupError after `deadline` seconds (default: the target's settle limit).
    """
    clock = session.client.clock
    until = clock.monotonic() + (session.target.limits.settle_seconds if deadline is None else deadline)
    steps = pauses(session)
    while True:
        value = probe()
        if value:
            return value
        if clock.monotonic() >= until:
            raise SetupError(what, None, "did not happen in time; raise limits.settle_seconds if it may take longer")
        clock.sleep(next(steps))


def pauses(session: Session) -> Iterator[float]:
    """Seconds to wait between looks, without end: short and growing on loopback, longer elsewhere."""
    step, longest = (0.02, 0.25) if session.target.loopback else (0.5, 3.0)
    while True:
        yield step
        step = min(step * 1.5, longest)


def _do(
    session: Session,
    action: str,
    pairs: Sequence[Pair],
    advice: str,
    *,
    vpc: bool = False,
    done: Callable[[Exchange], bool] = lambda _: False,
) -> Exchange:
    """Send a call that may be repeated, until it succeeds, `done` accepts its refusal, or patience ends."""
    clock = session.client.clock
    started = clock.monotonic()
    steps = pauses(session)
    while True:
        exchange = call(session, action, pairs, vpc=vpc)
        if succeeded(exchange) or done(exchange):
            return exchange
        passing = exchange.outcome != "answered" or exchange.status >= 500 or _transient(exchange)
        if exchange.throttled:
            passing = False  # the client has waited long enough
        patience = session.patience * (0.2 if exchange.outcome in ("refused", "tls") else 1)
        if not passing or clock.monotonic() - started >= patience:
            raise SetupError(action, exchange, advice)
        clock.sleep(next(steps))


def tags(session: Session) -> tuple[Pair, ...]:
    """The marks of this run, as tag keys and values."""
    return (RUN_TAG, session.run_id), (CREATED_TAG, _stamp(session.client.clock.now()))


def _stamp(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def _tag_pairs(session: Session, more: int = 0) -> list[Pair]:
    pairs: list[Pair] = []
    extra = [(f"eni-conformance-tag-{n}", f"value {n}") for n in range(1, more + 1)]
    for n, (key, value) in enumerate([*tags(session), *extra], 1):
        pairs += [(f"Tag.{n}.Key", key), (f"Tag.{n}.Value", value)]
    return pairs


def _create(
    session: Session,
    kind: str,
    action: str,
    pairs: Sequence[Pair],
    found: Callable[[Mapping[str, Any]], str],
    advice: str,
    *,
    vpc: bool = False,
) -> str:
    """Create one resource and return its id: announced first, named in the ledger before it is returned.

    A lost answer, a 5xx and an answer without an id are resolved by sending the same call with the same
    ClientToken. If that does not help in time, the intent stays open for the janitor.
    """
    token = str(uuid.uuid4())
    try:
        number = session.ledger.intend(kind, action, token)
    except LimitReached as reached:
        raise SetupError(action, None, f"limits: {reached}; raise [limits] or use fewer workers") from None
    clock = session.client.clock
    until = clock.monotonic() + session.patience
    steps = pauses(session)
    while True:
        exchange = call(session, action, [*pairs, ("ClientToken", token)], vpc=vpc, deadline=60.0)
        identifier = found(decode(exchange) or {}) if succeeded(exchange) else ""
        if identifier:
            session.ledger.made(number, kind, identifier)
            return identifier
        unknown = exchange.outcome != "answered" or exchange.status >= 500 or exchange.status < 400
        if not unknown and not _transient(exchange):
            session.ledger.refused(number, kind, code_of(exchange))
            raise SetupError(action, exchange, advice)
        if exchange.throttled or clock.monotonic() >= until:
            if not unknown:
                session.ledger.refused(number, kind, code_of(exchange))
            raise SetupError(action, exchange, advice)
        clock.sleep(next(steps))


def _named(name: str) -> Callable[[Mapping[str, Any]], str]:
    def found(answer: Mapping[str, Any]) -> str:
        value = answer.get(name)
        return value if isinstance(value, str) else ""

    return found


# --- describing --------------------------------------------------------------------------------------

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
        exchange = _do(session, action, [*pairs, *turn], "the endpoint must be able to describe", vpc=vpc)
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
        if seen_tokens or not fresh or len(found) >= _count(answer.get("TotalCount")):
            break
        per_page = _count(answer.get("PageSize")) or len(entries)
        turn = [("PageSize", str(per_page)), ("PageNumber", str(number + 1))]
    return found


def _count(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _chunks(ids: Iterable[str], size: int = 100) -> Iterator[list[str]]:
    every = list(dict.fromkeys(ids))
    for start in range(0, len(every), size):
        yield every[start : start + size]


def describe_enis(session: Session, *, ids: Iterable[str] = (), **filters: str) -> list[dict[str, Any]]:
    """The interfaces with these ids (all of the account, if none are given) that pass the filters.

    filters: parameters of DescribeNetworkInterfaces, such as InstanceId or Status. Unknown ids are left
    out. Raises SetupError.
    """
    region: list[Pair] = [("RegionId", session.target.region)]
    extra = list(filters.items())
    path = ("NetworkInterfaceSets", "NetworkInterfaceSet")
    wanted = list(ids)
    if not wanted:
        return pages(session, "DescribeNetworkInterfaces", region + extra, path)
    found: list[dict[str, Any]] = []
    for chunk in _chunks(wanted):
        named = [(f"NetworkInterfaceId.{n}", identifier) for n, identifier in enumerate(chunk, 1)]
        found += pages(session, "DescribeNetworkInterfaces", region + extra + named, path)
    if not filters:
        _note_gone(session, wanted, {str(e.get("NetworkInterfaceId")) for e in found})
    return found


def describe_instances(session: Session, ids: Iterable[str] = (), **filters: str) -> list[dict[str, Any]]:
    """The instances with these ids (all of the account, if none are given) that pass the filters.

    Unknown ids are left out. Raises SetupError.
    """
    region: list[Pair] = [("RegionId", session.target.region)]
    extra = list(filters.items())
    path = ("Instances", "Instance")
    wanted = list(ids)
    if not wanted:
        return pages(session, "DescribeInstances", region + extra, path)
    found: list[dict[str, Any]] = []
    for chunk in _chunks(wanted):
        named = [("InstanceIds", json.dumps(chunk, separators=(",", ":")))]
        found += pages(session, "DescribeInstances", region + extra + named, path)
    if not filters:
        _note_gone(session, wanted, {str(i.get("InstanceId")) for i in found})
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
    exchange = _do(
        session,
        "DescribeNetworkInterfaceAttribute",
        [("RegionId", session.target.region), ("NetworkInterfaceId", identifier)],
        "the endpoint must be able to describe",
        done=is_absent,
    )
    if is_absent(exchange):
        return None
    answer = plain(decode(exchange))
    return answer if isinstance(answer, dict) and answer.get("NetworkInterfaceId") else None


# --- interfaces --------------------------------------------------------------------------------------


def create_eni(
    session: Session,
    ground: Ground,
    *,
    zone: int = 0,
    tags: int = 0,
    groups: int = 1,
    addresses: int = 1,
    name: str = "",
    description: str = "",
    delete_on_release: bool | None = None,
    vswitch_id: str = "",
    security_group_id: str = "",
) -> str:
    """Create a secondary interface and return its id.

    zone: place in ground.zones. tags: how many besides the run's own. groups: of the ground's security
    groups, the first of them `security_group_id` if given. addresses: private addresses in all. Raises SetupError.
    """
    pairs: list[Pair] = [
        ("RegionId", session.target.region),
        ("VSwitchId", vswitch_id or ground.vswitch_ids[zone]),
    ]
    chosen = ground.security_group_ids[: max(1, groups)]
    if security_group_id:
        chosen = (security_group_id, *chosen[1:])
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
    pairs += _tag_pairs(session, tags)
    return _create(
        session,
        "eni",
        "CreateNetworkInterface",
        pairs,
        _named("NetworkInterfaceId"),
        "check the quota of interfaces and the vSwitch",
    )


def attach_eni(session: Session, instance: str, eni: str) -> None:
    """Start to attach an interface of this run. Raises SetupError, NotOurs."""
    session.ledger.check(eni)
    session.ledger.check(instance)
    _do(
        session,
        "AttachNetworkInterface",
        [("RegionId", session.target.region), ("InstanceId", instance), ("NetworkInterfaceId", eni)],
        "the instance must be Running or Stopped and have a free slot",
        done=lambda refusal: _linked(session, refusal, eni, instance),
    )


def detach_eni(session: Session, instance: str, eni: str) -> None:
    """Start to detach an interface of this run, for set-up and clean-up. Raises SetupError, NotOurs."""
    session.ledger.check(eni)
    _do(
        session,
        "DetachNetworkInterface",
        [("RegionId", session.target.region), ("InstanceId", instance), ("NetworkInterfaceId", eni)],
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
    _do(
        session,
        "DeleteNetworkInterface",
        [("RegionId", session.target.region), ("NetworkInterfaceId", eni)],
        "the interface must be Available",
        done=is_absent,
    )
    session.ledger.going.add(eni)


# --- instances ---------------------------------------------------------------------------------------


def create_instance(session: Session, ground: Ground, zone: int = 0, start: bool = True) -> str:
    """Create one pay-as-you-go instance and return its id; it goes on to Running, or stays Stopped.

    It is released by the service itself some time after the run's last minute, whatever happens to us.
    Raises SetupError.
    """
    needed: list[Pair] = [
        ("RegionId", session.target.region),
        ("VSwitchId", ground.vswitch_ids[zone]),
        ("SecurityGroupId", ground.security_group_ids[0]),
        ("InstanceType", ground.instance_type),
        ("ImageId", ground.image_id) if ground.image_id else ("ImageFamily", IMAGE_FAMILY),
    ]
    whole: list[Pair] = [
        *needed,
        ("ZoneId", ground.zones[zone]),
        ("InstanceChargeType", "PostPaid"),
        ("InternetMaxBandwidthOut", "0"),
        ("InstanceName", f"eni-conformance-{session.run_id}"[:128]),
        ("AutoReleaseTime", _stamp(release_time(session))),
        *_tag_pairs(session),
    ]
    try:
        return _create_instance(session, whole, start)
    except SetupError as refused:
        # An endpoint on this machine may know few parameters; elsewhere an instance must not outlive the run.
        if not session.target.loopback or not refused.code.startswith(NOT_TAKEN):
            raise
    return _create_instance(session, needed, start)


def _create_instance(session: Session, pairs: Sequence[Pair], start: bool) -> str:
    """Create an instance with these parameters: by RunInstances, or where that is not offered by CreateInstance."""
    advice = "check stock, quota, image and instance type; name others under [setup]"
    if start:
        try:
            return _create(session, "instance", "RunInstances", [*pairs, ("Amount", "1")], _first_instance, advice)
        except SetupError as error:
            if not _unsupported(error):
                raise
    identifier = _create(session, "instance", "CreateInstance", pairs, _named("InstanceId"), advice)
    if start:
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

    _do(
        session,
        action,
        [("RegionId", session.target.region), ("InstanceId", instance), *more],
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
    _do(
        session,
        "DeleteInstance",
        [("RegionId", session.target.region), ("InstanceId", instance), ("Force", "true")],
        "the instance must be pay-as-you-go and without deletion protection",
        done=is_absent,
    )
    session.ledger.going.add(instance)


# --- the ground --------------------------------------------------------------------------------------


def lay_ground(session: Session, *, second_zone: bool = True) -> Ground:
    """What all worlds stand on: named in [setup], discovered, or created. Raises SetupError.

    A second zone is used if there is one with the same instance type; without it the ground has one.
    """
    target = session.target
    notes: list[str] = []
    zones = find_zones(session, notes)
    choice = find_instance_type(session, zones, notes)
    usable = [z for z in zones if z in choice.zones] or list(zones)
    vpc_id = target.setup.vpc_id or create_vpc(session)
    made: list[tuple[str, str]] = []
    if target.setup.vswitch_id:
        made.append((_zone_of(session, target.setup.vswitch_id) or usable[0], target.setup.vswitch_id))
    for zone in usable:
        if len(made) >= (2 if second_zone else 1):
            break
        if any(zone == other for other, _ in made):
            continue
        try:
            made.append((zone, _create_vswitch(session, vpc_id, zone)))
        except SetupError as error:
            notes.append(f"no vSwitch in {zone}: {error.code or error.advice}")
            if zone == usable[-1] and not made:
                raise
    if not made:
        raise SetupError("CreateVSwitch", None, "no zone takes a vSwitch; name one under setup.zone")
    groups = _lay_groups(session, vpc_id, notes)
    return Ground(
        region=target.region,
        zones=tuple(zone for zone, _ in made),
        vpc_id=vpc_id,
        vswitch_ids=tuple(vswitch for _, vswitch in made),
        security_group_ids=groups,
        instance_type=choice.name,
        eni_quota=choice.enis,
        image_id=find_image(session, choice.name, notes),
        second_region=target.second_region,
        notes=tuple(notes),
        quota_assumed=choice.assumed,
    )


def _ask(
    session: Session,
    action: str,
    pairs: Sequence[Pair],
    path: tuple[str, str],
    notes: list[str],
    **options: Any,
) -> list[dict[str, Any]]:
    """A list that is useful but not needed: [] and a note if the endpoint cannot give it."""
    try:
        return pages(session, action, pairs, path, **options)
    except SetupError as error:
        notes.append(f"{action}: {error.code or 'not usable'}")
        return []


def find_zones(session: Session, notes: list[str]) -> tuple[str, ...]:
    """The zones to try, best first: setup.zone, else what DescribeZones lists, else guesses."""
    region = session.target.region
    listed = _ask(session, "DescribeZones", [("RegionId", region)], ("Zones", "Zone"), notes, size=())
    names = [str(zone["ZoneId"]) for zone in listed if isinstance(zone.get("ZoneId"), str) and zone["ZoneId"]]
    names = list(dict.fromkeys(names)) or [f"{region}-{letter}" for letter in "bcdefghijka"]
    wanted = session.target.setup.zone
    return (wanted, *(n for n in names if n != wanted)) if wanted else tuple(names)


@dataclass(frozen=True)
class TypeChoice:
    """An instance type, the interfaces it holds in all, and the zones that offer it. assumed: nobody tells how many."""

    name: str
    enis: int
    zones: tuple[str, ...]
    assumed: bool = False


_SHARED = ("ecs.t", "ecs.xn4", "ecs.n", "ecs.mn4", "ecs.e", "ecs.s", "ecs.c1.", "ecs.m1.", "ecs.v5")
"""Families without reliable hot-plugging of interfaces (vendor's page on attaching interfaces)."""

_CHEAP_CORES = 4


def rank_types(listed: Iterable[Mapping[str, Any]], *, most_cores: int = _CHEAP_CORES) -> list[tuple[str, int]]:
    """Types and their interfaces, best first: up to four interfaces where cheap, then the smallest.

    most_cores: a type with more counts as dear, and comes after all others.
    """
    rows = []
    for entry in listed:
        name, enis = entry.get("InstanceTypeId"), _count(entry.get("EniQuantity"))
        if not isinstance(name, str) or enis < 2 or entry.get("CpuArchitecture") == "ARM":
            continue
        if _count(entry.get("GPUAmount")) or ".ebm" in name or ".scc" in name:
            continue
        cores, memory = _count(entry.get("CpuCoreCount")), _memory(entry.get("MemorySize"))
        rows.append((name.startswith(_SHARED), cores > most_cores, -min(enis, 4), cores, memory, name, enis))
    return [(row[5], row[6]) for row in sorted(rows)]


def _memory(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def find_instance_type(session: Session, zones: Sequence[str], notes: list[str]) -> TypeChoice:
    """The instance type to use: setup.instance_type, else the best that is offered in a zone."""
    wanted = session.target.setup.instance_type
    path = ("InstanceTypes", "InstanceType")
    listed = _ask(session, "DescribeInstanceTypes", [("InstanceTypes.1", wanted)], path, notes) if wanted else []
    listed = listed or _ask(session, "DescribeInstanceTypes", [], path, notes)
    ranked = rank_types(listed, most_cores=64 if session.target.loopback else _CHEAP_CORES)
    if wanted:
        known = {str(e.get("InstanceTypeId")): _count(e.get("EniQuantity")) for e in listed}
        return TypeChoice(wanted, known.get(wanted) or ASSUMED_QUOTA, tuple(zones), not known.get(wanted))
    offered = _offered(session, notes)
    first = session.target.setup.zone
    for name, enis in ranked:
        where = tuple(z for z in zones if not offered or name in offered.get(z, ()))
        if where and (not first or first in where):
            return TypeChoice(name, enis, where)
    notes.append("no instance type could be discovered: ecs.g7.large is assumed")
    return TypeChoice("ecs.g7.large", ASSUMED_QUOTA, tuple(zones), True)


def _offered(session: Session, notes: list[str]) -> dict[str, frozenset[str]]:
    """Zone -> types in stock there; {} if the endpoint does not say."""
    pairs: list[Pair] = [
        ("RegionId", session.target.region),
        ("DestinationResource", "InstanceType"),
        ("InstanceChargeType", "PostPaid"),
    ]
    path = ("AvailableZones", "AvailableZone")
    found: dict[str, frozenset[str]] = {}
    for zone in _ask(session, "DescribeAvailableResource", pairs, path, notes, size=()):
        names = {
            str(entry.get("Value"))
            for kind in zone.get("AvailableResources") or []
            if isinstance(kind, Mapping)
            for entry in kind.get("SupportedResources") or []
            if isinstance(entry, Mapping) and entry.get("Status", "Available") == "Available"
        }
        if names and zone.get("Status", "Available") == "Available":
            found[str(zone.get("ZoneId"))] = frozenset(names)
    return found


def find_image(session: Session, instance_type: str, notes: list[str]) -> str:
    """The smallest public Linux image for the type; "" if none is listed (then a family is asked for)."""
    if session.target.setup.image_id:
        return session.target.setup.image_id
    pairs: list[Pair] = [
        ("RegionId", session.target.region),
        ("ImageOwnerAlias", "system"),
        ("OSType", "linux"),
        ("Architecture", "x86_64"),
        ("InstanceType", instance_type),
        ("Status", "Available"),
    ]
    listed = _ask(session, "DescribeImages", pairs, ("Images", "Image"), notes, size=(("PageSize", "100"),))
    usable = [
        (_count(image.get("Size")) or 1000, str(image["ImageId"]))
        for image in listed
        if isinstance(image.get("ImageId"), str)
        and image["ImageId"]
        and image.get("OSType", "linux") == "linux"
        and image.get("Architecture", "x86_64") == "x86_64"
    ]
    return min(usable)[1] if usable else ""


def create_vpc(session: Session) -> str:
    """Create a VPC and wait until it can be used. Raises SetupError."""
    identifier = _create(
        session,
        "vpc",
        "CreateVpc",
        [
            ("RegionId", session.target.region),
            ("CidrBlock", "172.16.0.0/12"),
            ("VpcName", f"eni-conformance-{session.run_id}"[:128]),
            *_tag_pairs(session),
        ],
        _named("VpcId"),
        "check the quota of VPCs, or name one under setup.vpc_id",
        vpc=True,
    )
    _await_network(session, "DescribeVpcs", ("Vpcs", "Vpc"), "VpcId", identifier)
    return identifier


def create_vswitch(session: Session, ground: Ground, zone: int = 0) -> str:
    """Create one more vSwitch in a zone of the ground, and wait until it can be used. Raises SetupError."""
    return _create_vswitch(session, ground.vpc_id, ground.zones[zone])


def _create_vswitch(session: Session, vpc_id: str, zone: str) -> str:
    advice = "check the VPC's address space, or name a vSwitch under setup.vswitch_id"
    error: SetupError | None = None
    for block in _free_blocks(session, vpc_id):
        pairs: list[Pair] = [
            ("RegionId", session.target.region),
            ("VpcId", vpc_id),
            ("ZoneId", zone),
            ("CidrBlock", block),
            ("VSwitchName", f"eni-conformance-{session.run_id}"[:128]),
            *_tag_pairs(session),
        ]
        try:
            identifier = _create(session, "vswitch", "CreateVSwitch", pairs, _named("VSwitchId"), advice, vpc=True)
        except SetupError as refused:
            if not refused.code.startswith("InvalidCidrBlock"):
                raise
            error = refused
            continue
        _await_network(session, "DescribeVSwitches", ("VSwitches", "VSwitch"), "VSwitchId", identifier)
        return identifier
    raise error or SetupError("CreateVSwitch", None, advice)


def _free_blocks(session: Session, vpc_id: str) -> Iterator[str]:
    """A few blocks of the VPC that no vSwitch uses."""
    notes: list[str] = []
    region = ("RegionId", session.target.region)
    size = (("PageSize", "50"),)
    vpcs = _ask(session, "DescribeVpcs", [region, ("VpcId", vpc_id)], ("Vpcs", "Vpc"), notes, vpc=True, size=size)
    switches = _ask(
        session,
        "DescribeVSwitches",
        [region, ("VpcId", vpc_id)],
        ("VSwitches", "VSwitch"),
        notes,
        vpc=True,
        size=size,
    )
    space = next((v.get("CidrBlock") for v in vpcs if v.get("VpcId") == vpc_id), None)
    used = [net for s in switches if (net := _network(s.get("CidrBlock"))) is not None]
    whole = _network(space) or ipaddress.IPv4Network("172.16.0.0/12")
    given = 0
    for block in whole.subnets(new_prefix=max(24, min(28, whole.prefixlen + 2))):
        if not any(block.overlaps(other) for other in used):
            yield str(block)
            given += 1
            if given == 8:
                return


def _network(text: Any) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text)
    except (ValueError, TypeError):
        return None


def _await_network(session: Session, action: str, path: tuple[str, str], key: str, identifier: str) -> None:
    """Wait until a VPC or vSwitch is Available; an endpoint that cannot describe it is taken at its word."""

    def available() -> bool:
        notes: list[str] = []
        pairs: list[Pair] = [("RegionId", session.target.region), (key, identifier)]
        listed = _ask(session, action, pairs, path, notes, vpc=True, size=(("PageSize", "50"),))
        mine = [entry for entry in listed if entry.get(key) == identifier]
        return bool(notes) or (bool(mine) and mine[0].get("Status", "Available") == "Available")

    wait_for(session, available, f"{identifier} Available")


def _zone_of(session: Session, vswitch: str) -> str:
    notes: list[str] = []
    pairs: list[Pair] = [("RegionId", session.target.region), ("VSwitchId", vswitch)]
    listed = _ask(
        session,
        "DescribeVSwitches",
        pairs,
        ("VSwitches", "VSwitch"),
        notes,
        vpc=True,
        size=(("PageSize", "50"),),
    )
    return next((str(v.get("ZoneId", "")) for v in listed if v.get("VSwitchId") == vswitch), "")


def create_security_group(session: Session, ground: Ground) -> str:
    """Create one more security group in the ground's VPC. Raises SetupError."""
    return _create_group(session, ground.vpc_id)


def _create_group(session: Session, vpc_id: str) -> str:
    return _create(
        session,
        "security_group",
        "CreateSecurityGroup",
        [
            ("RegionId", session.target.region),
            ("VpcId", vpc_id),
            ("SecurityGroupName", f"eni-conformance-{session.run_id}"[:128]),
            *_tag_pairs(session),
        ],
        _named("SecurityGroupId"),
        "check the quota of security groups, or name one under setup.security_group_id",
    )


def _lay_groups(session: Session, vpc_id: str, notes: list[str]) -> tuple[str, ...]:
    """Up to GROUPS security groups, at least one. Raises SetupError."""
    given = session.target.setup.security_group_id
    groups = [given] if given else []
    while len(groups) < GROUPS:
        try:
            groups.append(_create_group(session, vpc_id))
        except SetupError as error:
            if not groups:
                raise
            notes.append(f"only {len(groups)} security groups: {error.code or error.advice}")
            break
    return tuple(groups)
