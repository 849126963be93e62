"""Can this target be used, as whom, and for what: asked without creating or changing anything.

Each question is a Check with an answer and, if it is a bad one, with what to do. Permissions are asked with
dry runs where the service has them, else by calls about resources that do not exist: the service decides
about permission before it looks for the resource. Identifiers for that are made at random.
"""

from __future__ import annotations

import json
import random
import string
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any, Literal

from conformance.case import Wire
from conformance.contract import CONTRACTS, Contract, full_id
from harness import control, ecs, janitor
from harness.client import VERSION, VPC_VERSION, Client
from harness.codec import code_of, decode, header, listing, message_of
from harness.exchange import Exchange, Pair
from harness.ledger import Ledger
from harness.target import Target, TargetError, abroad, load_target

Answer = Literal["ok", "warning", "problem", "unknown"]

CLOCK_LIMIT = 15 * 60
"""Seconds of skew at which the newer signature is refused (vendor's page of that signature)."""


@dataclass(frozen=True)
class Check:
    """A question, its answer, what was seen, and what to do about it ("" if nothing)."""

    name: str
    answer: Answer
    seen: str
    advice: str = ""


@dataclass(frozen=True)
class Provokable:
    """Whether a requirement can be tried here; `missing` says what it needs that is not there."""

    requirement: str
    title: str
    possible: bool
    missing: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """All checks, and what can be tried. `usable`: nothing stands in the way of a run."""

    target: str
    endpoint: str
    usable: bool
    checks: tuple[Check, ...]
    requirements: tuple[Provokable, ...]


NEEDS_CALLER: Mapping[str, str] = MappingProxyType(
    {
        "E01": "unsupported_user_type",
        "E02": "expired",
        "E04": "ram_unsupported",
        "E06": "ram_denied",
        "C01": "other_account",
    }
)
NEEDS_CONTROL: Mapping[str, str] = MappingProxyType(
    {
        "E05": "parameter.unsupported",
        "E15": "vswitch.remove",
        "E16": "security_group.remove",
        "E17": "instance.eni_limit",
        "E18": "eni.zone",
        "E19": "eni.vpc",
        "E20": "security_group.full",
        "E21": "security_group.type",
        "E22": "eni.type",
        "E23": "region.feature",
        "X08": "eni.type",
        "X11": "eni.type",
    }
)
"""What each row needs; the callers and capabilities are those of the target file and control protocol."""

EXPECTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ram_denied": ("Forbidden.SubUser", "Forbidden.RAM", "NoPermission", "Forbidden.Unauthorized"),
        "ram_unsupported": ("Forbidden.NotSupportRAM",),
        "expired": ("Abs.InvalidAccount.NotFound", "InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.Inactive"),
        "unsupported_user_type": ("InvalidUserType.NotSupported",),
        "other_account": ("InvalidEcsId.NotFound", "InvalidInstanceId.NotFound", "InvalidEniId.NotFound"),
    }
)
"""Answers of the operation about unknown resources that show a caller to be what its name says."""


def diagnose(target: Target, client: Client, contract: Contract) -> Diagnosis:
    """Ask everything. Raises TargetError if the account's credential cannot be had."""
    checks = [Check("target file", "warning", one, "mend it before secrets leak") for one in target.warnings]
    first = _send(client, "DescribeRegions", [])
    checks += [reach(target, first), clock(first, client.timing.now()), account(target, first)]
    usable = checks[-3].answer != "problem" and checks[-1].answer != "problem"
    offer = control.offer(target)
    if usable:
        checks += region(target, first)
        checks.append(vpc(target, client))
        checks += callers(target, client)
        checks += permissions(target, client)
        checks += stock(target, client)
        checks += leftovers(target, client)
    checks.append(protocol(target, offer))
    usable = usable and not any(check.answer == "problem" for check in checks)
    return Diagnosis(
        target.name, target.endpoint, usable, tuple(checks), provokable(contract, target, offer.capabilities)
    )


def provokable(contract: Contract, target: Target, offered: frozenset[str]) -> tuple[Provokable, ...]:
    """Which requirements can be tried with these callers and this control protocol. Pure."""
    made = []
    for short, requirement in contract.requirements.items():
        missing = ""
        if short in NEEDS_CALLER and NEEDS_CALLER[short] not in target.callers:
            missing = f"a caller: [callers.{NEEDS_CALLER[short]}]"
        elif short in NEEDS_CONTROL and NEEDS_CONTROL[short] not in offered:
            missing = f"the control protocol: {NEEDS_CONTROL[short]}"
        elif requirement.needs == "control" and short not in NEEDS_CONTROL:
            missing = requirement.beyond.removeprefix("needs ")
        made.append(Provokable(full_id(short), requirement.title, not missing, missing))
    return tuple(made)


def _wire(target: Target) -> Wire:
    return Wire(signing="v1" if target.loopback else "v3")


def _send(
    client: Client, action: str, pairs: Sequence[Pair], *, caller: str = "account", vpc: bool = False
) -> Exchange:
    return client.send(
        action,
        pairs,
        caller=caller,
        wire=_wire(client.target),
        vpc=vpc,
        version=VPC_VERSION if vpc else VERSION,
    )


def _seen(exchange: Exchange) -> str:
    if exchange.outcome != "answered":
        return f"{exchange.outcome}: {exchange.detail}"
    return f"HTTP {exchange.status} {code_of(exchange)}".strip()


def reach(target: Target, first: Exchange) -> Check:
    """Is there an endpoint that speaks HTTP and sends answers that can be read?"""
    name = "endpoint"
    if first.outcome in ("refused", "timeout"):
        return Check(name, "problem", _seen(first), f"check that {target.endpoint} is up and can be reached")
    if first.outcome == "tls":
        return Check(name, "problem", _seen(first), "check the certificate; REQUESTS_CA_BUNDLE names a private CA")
    if first.outcome != "answered" or not {"Regions", "RequestId", "Code"} & set(decode(first) or ()):
        return Check(name, "problem", _seen(first), f"what listens at {target.endpoint} does not speak ECS")
    return Check(name, "ok", f"{target.endpoint} answered in {first.seconds * 1000:.0f} ms")


def clock(first: Exchange, now: float) -> Check:
    """Do the two clocks agree well enough for signatures?"""
    text = header(first.headers, "date")
    try:
        skew = now - parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return Check("clock", "unknown", "the endpoint sends no date")
    seen = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the endpoint"
    if abs(skew) > CLOCK_LIMIT:
        return Check("clock", "problem", seen, "set this machine's clock: signatures expire after 15 minutes")
    if abs(skew) > 60:
        return Check("clock", "warning", seen, "set this machine's clock")
    return Check("clock", "ok", seen)


def account(target: Target, first: Exchange) -> Check:
    """Are the credentials of the account accepted?"""
    source = f"credentials from {target.callers['account'].source}"
    if ecs.succeeded(first):
        return Check("caller account", "ok", f"{source} are accepted")
    if first.outcome != "answered":
        return Check("caller account", "unknown", "not asked")
    code = code_of(first)
    if code.startswith(("InvalidAccessKeyId", "InvalidSecurityToken", "SignatureDoesNotMatch", "Incomplete")):
        return Check("caller account", "problem", f"{source}: {_seen(first)}", "check the AccessKey, log in again")
    return Check("caller account", "problem", f"{_seen(first)}: {message_of(first)[:120]}", "see the code")


def region(target: Target, first: Exchange) -> list[Check]:
    """Does the endpoint know the regions of the target file?"""
    known = {str(entry.get("RegionId")) for entry in listing(decode(first), "Regions", "Region")}
    checks = []
    for name, wanted in (("region", target.region), ("second_region", target.second_region)):
        if wanted and known:
            fine = wanted in known
            checks.append(
                Check(
                    name,
                    "ok" if fine else "problem",
                    f"{wanted} is {'one of' if fine else 'not among'} {len(known)} regions",
                    "" if fine else f"name another region, such as {min(known)}",
                )
            )
    return checks


def vpc(target: Target, client: Client) -> Check:
    """Are the VPC operations there?"""
    got = _send(client, "DescribeVpcs", [("RegionId", target.region)], vpc=True)
    if ecs.succeeded(got):
        return Check("VPC operations", "ok", f"{target.vpc_endpoint} answers")
    if target.setup.vpc_id and target.setup.vswitch_id:
        return Check("VPC operations", "warning", _seen(got), "a second zone cannot be laid out")
    return Check("VPC operations", "problem", _seen(got), "name vpc_id and vswitch_id under [setup]")


def _unknown(prefix: str, length: int = 20) -> str:
    """A well-formed identifier that denotes nothing, as far as chance can make sure of it."""
    return prefix + "".join(random.SystemRandom().choices(string.ascii_lowercase + string.digits, k=length))


def _detach(target: Target) -> list[Pair]:
    return [
        ("RegionId", target.region),
        ("InstanceId", _unknown("i-")),
        ("NetworkInterfaceId", _unknown("eni-")),
    ]


def callers(target: Target, client: Client) -> list[Check]:
    """Is each further caller what its name says?"""
    checks = []
    for name in target.callers:
        if name == "account":
            continue
        try:
            got = _send(client, "DetachNetworkInterface", _detach(target), caller=name)
        except TargetError as error:
            checks.append(Check(f"caller {name}", "problem", str(error), "mend or remove it"))
            continue
        wanted = EXPECTED.get(name)
        if wanted is None:
            checks.append(Check(f"caller {name}", "unknown", f"{_seen(got)}; no requirement uses it"))
        elif code_of(got) in wanted:
            checks.append(Check(f"caller {name}", "ok", _seen(got)))
        else:
            checks.append(
                Check(f"caller {name}", "warning", _seen(got), f"{' or '.join(wanted)} would show what it is")
            )
    return checks


DENIED = ("Forbidden", "NoPermission", "Unauthorized", "AccessDenied")


def permissions(target: Target, client: Client) -> list[Check]:
    """May the account do what a run does?"""
    r: Pair = ("RegionId", target.region)
    instance: Pair = ("InstanceId", _unknown("i-"))
    eni: Pair = ("NetworkInterfaceId", _unknown("eni-"))
    vswitch: Pair = ("VSwitchId", _unknown("vsw-", 21))
    group: Pair = ("SecurityGroupId", _unknown("sg-"))
    vpc: Pair = ("VpcId", _unknown("vpc-", 21))
    dry: Pair = ("DryRun", "true")
    asked: tuple[tuple[str, list[Pair], bool], ...] = (
        (
            "RunInstances",
            [r, vswitch, group, ("InstanceType", "ecs.g7.large"), ("ImageFamily", ecs.IMAGE_FAMILY), dry],
            False,
        ),
        ("StartInstance", [r, instance, dry], False),
        ("StopInstance", [r, instance, dry], False),
        ("RebootInstance", [r, instance, dry], False),
        ("DeleteInstance", [r, instance, dry], False),
        ("CreateSecurityGroup", [r, vpc], False),
        ("CreateVSwitch", [r, vpc, ("ZoneId", f"{target.region}-a"), ("CidrBlock", "172.16.0.0/24")], True),
        ("CreateNetworkInterface", [r, vswitch, group], False),
        ("AttachNetworkInterface", [r, instance, eni], False),
        ("DetachNetworkInterface", [r, instance, eni], False),
        ("DeleteNetworkInterface", [r, eni], False),
        ("DeleteSecurityGroup", [r, group], False),
        ("DescribeInstances", [r], False),
        ("DescribeNetworkInterfaces", [r], False),
        ("DeleteVSwitch", [r, vswitch], True),
        ("DeleteVpc", [r, vpc], True),
        ("DescribeVSwitches", [r], True),
    )
    denied, unclear = [], []
    for action, pairs, is_vpc in asked:
        got = _send(client, action, pairs, vpc=is_vpc)
        code = code_of(got)
        if code.startswith(DENIED) or "Forbidden.RAM" in code:
            denied.append(f"{action} ({code})")
        elif got.outcome != "answered" or got.status >= 500 or code.startswith(("InvalidAction", "InvalidApi")):
            unclear.append(f"{action} ({code or got.outcome})")
    checks = []
    if denied:
        checks.append(
            Check("permissions", "problem", ", ".join(denied), "allow them; docs/real-accounts.md has a policy")
        )
    if unclear:
        checks.append(Check("operations", "warning", ", ".join(unclear), "set-up may fail where it needs them"))
    return checks or [Check("permissions", "ok", f"{len(asked)} operations may be called")]


def stock(target: Target, client: Client) -> list[Check]:
    """Which instance type would be used, is it in stock, what does it cost, and do the limits suffice?"""
    notes: list[str] = []
    session = _session(target, client)
    try:
        zones = ecs.find_zones(session, notes)
        choice = ecs.find_instance_type(session, zones, notes)
        checks = [
            Check(
                "instance type",
                "warning" if notes else "ok",
                f"{choice.name}, {choice.enis} interfaces, in {', '.join(choice.zones[:3])}; "
                f"{price(session, choice.name)}" + "".join(f"; {note}" for note in notes),
                "name one under setup.instance_type" if notes else "",
            )
        ]
        if len(choice.zones) < 2:
            checks.append(Check("second zone", "warning", "no second zone has it", "rows about zones are not tried"))
        checks += quotas(session, len(ecs.describe_enis(session)))
    except ecs.SetupError as error:
        checks = [Check("instance type", "problem", str(error), "name one under setup.instance_type")]
    finally:
        session.ledger.close()
    if target.limits.instances < 2:
        checks.append(
            Check("limits", "warning", "one instance", "limits.instances = 2 lets the wrong-instance cases be tried")
        )
    return checks


def quotas(session: ecs.Session, used: int) -> list[Check]:
    """Does what a run may use fit into the account's quotas? used: interfaces in the region, of whomever.

    An endpoint that does not tell its quotas is taken to have the service's default of interfaces.
    """
    told = account_quotas(session)
    most = told.get("max-elastic-network-interfaces")
    wanted = session.target.limits.network_interfaces
    seen = f"{used} of {most}" if most is not None else f"{used}, by whoever; the quota is not told (by default 100)"
    full = used + wanted > (100 if most is None else most)
    checks = [
        Check(
            "interfaces in use",
            "warning" if full else "ok",
            f"{seen} in the region",
            f"limits.network_interfaces = {wanted} may not fit: raise the quota or lower it" if full else "",
        )
    ]
    cores, busy = (told.get(f"{which}-postpaid-instance-vcpu-count") for which in ("max", "used"))
    if cores is not None and busy is not None:
        none = busy >= cores
        advice = "no pay-as-you-go instance can be created: raise the quota" if none else ""
        checks.append(Check("vCPUs in use", "problem" if none else "ok", f"{busy} of {cores}, pay-as-you-go", advice))
    return checks


QUOTAS = (
    "max-elastic-network-interfaces",
    "max-postpaid-instance-vcpu-count",
    "used-postpaid-instance-vcpu-count",
)
"""Attributes of an account that limit a run (vendor's page of DescribeAccountAttributes)."""


def account_quotas(session: ecs.Session) -> dict[str, int]:
    """The account's quotas by the names of the service; those that are not told are left out."""
    pairs: list[Pair] = [("RegionId", session.target.region)]
    pairs += [(f"AttributeName.{n}", name) for n, name in enumerate(QUOTAS, 1)]
    found: dict[str, int] = {}
    answer = decode(ecs.call(session, "DescribeAccountAttributes", pairs))
    for item in listing(answer, "AccountAttributeItems", "AccountAttributeItem"):
        values = listing(item.get("AttributeValues"), "ValueItem") if isinstance(item, Mapping) else []
        for value in values:
            text = str(value.get("Value", "")) if isinstance(value, Mapping) else ""
            if text.isascii() and text.isdigit():
                found[str(item.get("AttributeName"))] = int(text)
    return found


def price(session: ecs.Session, instance_type: str) -> str:
    """What an hour of the instance type costs, in words; an estimate if the endpoint does not say."""
    asked = price_per_hour(session, instance_type)
    return f"{asked[0]:.2f} {asked[1]} an hour" if asked else "price not told, of the order of 0.5 CNY an hour"


def price_per_hour(session: ecs.Session, instance_type: str) -> tuple[float, str] | None:
    """DescribePrice for one pay-as-you-go instance: amount and currency; None if the endpoint does not say."""
    got = ecs.call(
        session,
        "DescribePrice",
        [
            ("RegionId", session.target.region),
            ("ResourceType", "instance"),
            ("InstanceType", instance_type),
            ("PriceUnit", "Hour"),
            ("SystemDisk.Category", "cloud_essd"),
            ("SystemDisk.Size", "20"),
        ],
    )
    info = (decode(got) or {}).get("PriceInfo") if ecs.succeeded(got) else None
    told = info.get("Price") if isinstance(info, Mapping) else None
    if not isinstance(told, Mapping):
        return None
    try:
        return float(told["TradePrice"]), str(told.get("Currency", "CNY"))
    except (KeyError, TypeError, ValueError):
        return None


def price_here(target: Target, client: Client) -> tuple[float, str] | None:
    """The price of an hour of the instance type that a run would use; None if the endpoint does not say."""
    session = _session(target, client)
    try:
        notes: list[str] = []
        choice = ecs.find_instance_type(session, ecs.find_zones(session, notes), notes)
        return price_per_hour(session, choice.name)
    except ecs.SetupError:
        return None
    finally:
        session.ledger.close()


def _session(target: Target, client: Client) -> ecs.Session:
    """A session that can look but owns nothing."""
    return ecs.Session(target, client, Ledger(janitor.scratch(), "doctor", worker="doctor", durable=False), "doctor")


def leftovers(target: Target, client: Client) -> list[Check]:
    """Did earlier runs leave anything, in either region?"""
    found: list[janitor.Item] = []
    doubtful: list[janitor.Left] = []
    for place in (target, abroad(target)) if target.second_region else (target,):
        session = _session(place, client if place is target else Client(place, worker="doctor"))
        items, strange = janitor.tagged(session)
        found += items
        doubtful += strange
        session.ledger.close()
    checks = []
    runs = sorted({item.run_id for item in found})
    if found:
        checks.append(
            Check(
                "leftovers",
                "warning",
                f"{len(found)} resources of {len(runs)} runs: {', '.join(runs[:5])}",
                "if those runs have ended: eni-conformance janitor --target FILE",
            )
        )
    strange = [one for one in doubtful if one.item.id]
    if strange:
        checks.append(
            Check(
                "tagged by others",
                "warning",
                ", ".join(f"{one.item.id} ({one.why})" for one in strange[:5]),
                "they are left alone; take the tag off",
            )
        )
    return checks or [Check("leftovers", "ok", "none")]


def protocol(target: Target, offer: control.Offer) -> Check:
    """Is the control protocol offered?"""
    if not target.control_url:
        return Check("control protocol", "ok", "none is named; rows that need it are not tried")
    if offer.problem:
        return Check("control protocol", "warning", offer.problem, "rows that need it are not tried")
    return Check("control protocol", "ok", f"{len(offer.capabilities)} capabilities")


def told(diagnosis: Diagnosis) -> str:
    """The diagnosis in words."""
    marks = {"ok": "ok", "warning": "note", "problem": "BAD", "unknown": "?"}
    lines = [f"{diagnosis.target}  {diagnosis.endpoint}", ""]
    for check in diagnosis.checks:
        lines.append(f"  {marks[check.answer]:<5} {check.name:<24} {check.seen}")
        if check.advice:
            lines.append(f"  {'':<5} {'':<24} -> {check.advice}")
    possible = sum(1 for one in diagnosis.requirements if one.possible)
    lines += ["", f"{possible} of {len(diagnosis.requirements)} requirements can be tried here."]
    missing: dict[str, list[str]] = {}
    for one in diagnosis.requirements:
        if not one.possible:
            missing.setdefault(one.missing, []).append(one.requirement)
    lines += [f"  {', '.join(names)}\n      needs {need}" for need, names in missing.items()]
    lines += ["", "The target can be used." if diagnosis.usable else "The target cannot be used as it is."]
    return "\n".join(lines)


def main(args: Any) -> int:
    """The subcommand. Exit status: 0 usable, 2 configuration, 3 not usable."""
    try:
        target = load_target(args.target, allow_plain_http=args.allow_plain_http)
        client = Client(target, worker="doctor")
        diagnosis = diagnose(target, client, CONTRACTS[args.revision])
    except TargetError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(asdict(diagnosis), indent=2) if args.json else told(diagnosis))
    return 0 if diagnosis.usable else 3
