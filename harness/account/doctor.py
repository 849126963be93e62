"""Can this target be used, as whom, and for what: asked in the same words as a run asks, and told with what to do.

Each question is a Check with an answer and, if it is a bad one, with what to do. Permissions are asked with dry runs
where the service has them, else by calls about resources that do not exist: the service decides about permission before
it looks for the resource. Identifiers for that are made at random. So nothing is created or changed, with two
exceptions, both told, and both given back at once: an endpoint that ignores dry runs may carry one out, and a control
protocol can only be checked on resources.
"""

from __future__ import annotations

import difflib
import json
import os
import random
import string
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from eni_conformance.contract.common import passing
from eni_conformance.contract.detach import CALLER_OF, CALLERS, CONTRACTS, IDS, ORDERS, STRANGER, full_id
from eni_conformance.contract.rules import Operation, Refusal
from eni_conformance.harness import control, ecs
from eni_conformance.harness.account import control_check, janitor
from eni_conformance.harness.account.control_check import ControlCheck
from eni_conformance.harness.account.ledger import Ledger
from eni_conformance.harness.account.survey import CLOCK_OFF, Survey, survey, wire_for
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.target import ALL_OFFERS, Offers, Target, TargetError, abroad, load_target
from eni_conformance.harness.values import Exchange, Pair
from eni_conformance.harness.wire.client import VERSION, VPC_VERSION, Client
from eni_conformance.harness.wire.codec import code_of, decode, listing

Answer = Literal["ok", "warning", "problem", "unknown"]

AGAIN = 3
"""How often a question is asked again whose answer may pass."""


OF_FORMAT = (("R02", "json"), ("R03", "xml"))
"""The requirement that each format has of its own."""


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


UNKNOWN_IDS = tuple(one.exists for one in IDS if one.thing != "region")
"""The rules that the question to each caller breaks besides: it names resources that do not exist."""


def diagnose(target: Target, client: Client, contract: Operation) -> Diagnosis:
    """Ask everything. The client's skew becomes what was found. Raises TargetError if the account's credential cannot
    be had."""
    checks = [Check("target file", "warning", one, "mend it before secrets leak") for one in target.warnings]
    found = survey(client)
    every = found
    if target.offers != Offers() and found.asked:
        every = survey(Client(replace(target, offers=Offers()), worker="doctor", clock=client.clock))
    checks += [reach(target, found), clock(found), account(target, found)]
    if every.asked and every.offers.formats and every.offers.signing:
        checks += [formats(target, every), schemes(target, every)]
    declared, target = target, replace(target, offers=found.offers)
    client.skew = found.skew
    offer = control.offer(target)
    if not found.problem:
        checks += region(target, client)
        checks.append(vpc(target, client))
        checks += callers(target, client, contract)
        checks += permissions(target, client)
        checks += stock(target, client)
        checks += leftovers(target, client)
    fine = not any(check.answer == "problem" for check in checks)
    orders, usable = protocol(target, client, offer, fine)
    checks += orders
    fine = not any(check.answer == "problem" for check in checks)
    rows = provokable(contract, declared, usable, broken=offer.capabilities - usable, found=found.offers)
    return Diagnosis(target.name, target.endpoint, fine, tuple(checks), rows)


def provokable(
    contract: Operation,
    target: Target,
    offered: frozenset[str],
    *,
    broken: frozenset[str] = frozenset(),
    found: Offers = ALL_OFFERS,
) -> tuple[Provokable, ...]:
    """Which requirements can be tried with these callers, this control protocol and these formats and schemes. Pure.

    broken: capabilities that are offered besides and do not do what their document says. found: what was found to work.
    """
    made = []
    lacking = _lacking(target.offers, found)
    for short, requirement in contract.requirements.items():
        missing = lacking.get(short, "")
        order = ORDERS[short].op if short in ORDERS else ""
        if short in CALLER_OF and CALLER_OF[short] not in target.callers:
            missing = f"a caller: [callers.{CALLER_OF[short]}]"
        elif order in broken:
            missing = f"the control protocol to do what its document says: {order}"
        elif order and order not in offered:
            missing = f"the control protocol: {order}"
        elif requirement.needs == "control" and not order:
            missing = requirement.beyond.removeprefix("needs ")
        made.append(Provokable(full_id(short), requirement.title, not missing, missing))
    return tuple(made)


def _lacking(declared: Offers, found: Offers) -> dict[str, str]:
    """The requirements that need a format or scheme which is not there. A format that the file does not leave out is
    tried even so: that it does not work is then a finding."""
    out = {
        r: f"{n.upper()} among offers.formats"
        for r, n in OF_FORMAT
        if n not in (declared.formats or ALL_OFFERS.formats)
    }
    for row, key, what in (("M02", "formats", "a second format"), ("M03", "signing", "a second signature scheme")):
        given = [getattr(one, key) for one in (declared, found) if getattr(one, key)]
        if any(len(names) < 2 for names in given):
            out[row] = what
    return out


def _send(
    target: Target,
    client: Client,
    action: str,
    pairs: Sequence[Pair],
    *,
    caller: str = "account",
    vpc: bool = False,
) -> Exchange:
    """One question, asked again while its answer may pass."""
    for turn in range(AGAIN + 1):
        exchange = client.send(
            action,
            pairs,
            caller=caller,
            wire=wire_for(target),
            vpc=vpc,
            version=VPC_VERSION if vpc else VERSION,
        )
        lost = exchange.outcome in ("reset", "unreadable")
        if not lost and passing(exchange.status, code_of(exchange) or "?", valid=False) is None:
            break
        if turn < AGAIN:
            client.clock.sleep(0.1 * 3**turn)
    return exchange


def _seen(exchange: Exchange) -> str:
    if exchange.outcome != "answered":
        return f"{exchange.outcome}: {exchange.detail}"
    return f"HTTP {exchange.status} {code_of(exchange)}".strip()


# --- what a run asks first ---------------------------------------------------------------------------

NO_ECS = "does not speak ECS"
"""How a survey's words end where what listens there is something else."""


def reach(target: Target, found: Survey) -> Check:
    """Is there an endpoint that speaks HTTP and sends answers that can be read?"""
    name = "endpoint"
    if found.problem.startswith("tls"):
        return Check(name, "problem", found.problem, "check the certificate; REQUESTS_CA_BUNDLE names a private CA")
    if found.problem and not found.asked:
        return Check(name, "problem", found.problem, f"check that {target.endpoint} is up and can be reached")
    if found.problem and all(NO_ECS in came or not came.startswith("HTTP") for _, _, came in found.asked):
        advice = f"what listens at {target.endpoint} is no ECS: check host, port and scheme"
        return Check(name, "problem", found.asked[0][2], advice)
    return Check(name, "ok", f"{target.endpoint} answers")


def clock(found: Survey) -> Check:
    """Do the two clocks agree well enough for signatures?"""
    if abs(found.skew) > CLOCK_OFF:
        return Check(
            "clock", "problem", _clocks(found.skew), "set this machine's clock: a run does not begin like this"
        )
    if found.skew:
        return Check("clock", "ok", f"{_clocks(found.skew)}: corrected for")
    if not found.asked:
        return Check("clock", "unknown", "not asked")
    return Check("clock", "ok", "agrees with the endpoint's, or the endpoint does not tell")


def _clocks(skew: float) -> str:
    """How far this machine's clock is off. skew: seconds by which the endpoint's is ahead."""
    way = "behind" if skew > 0 else "ahead of"
    size = f"{abs(skew):.0f} s" if abs(skew) <= CLOCK_OFF else f"{abs(skew) / 60:.0f} minutes"
    return f"this machine is {size} {way} the endpoint"


def account(target: Target, found: Survey) -> Check:
    """Are the credentials of the account accepted?"""
    name, source = "caller account", f"credentials from {target.callers['account'].source}"
    if not found.problem:
        return Check(name, "ok", f"{source} are accepted")
    came = {text for _, _, text in found.asked if text.startswith("HTTP") and NO_ECS not in text}
    refused = sorted(text for text in came if not text.removeprefix("HTTP ").startswith("2"))
    if abs(found.skew) > CLOCK_OFF or not refused:
        return Check(name, "unknown", "not known before what is wrong above is mended" if found.asked else "not asked")
    seen = "; ".join(refused[:3])
    key = any(word in seen for word in ("AccessKey", "SecurityToken", "Signature", "Incomplete"))
    advice = "check the AccessKey, log in again" if key else "see the code"
    return Check(name, "problem", f"{source}: {seen}"[:500], advice)


def formats(target: Target, every: Survey) -> Check:
    """Which formats work, and does the target file say so? every: what was asked whatever the file says."""
    works = every.offers.formats if not every.problem else ()
    rows = [row for row, name in OF_FORMAT if name not in works]
    cost = f"a run finds {' and '.join(rows)} violated"
    return _offered("formats", target.offers.formats, works, ALL_OFFERS.formats, _reasons(every, 1), cost)


def schemes(target: Target, every: Survey) -> Check:
    """Which signature schemes work, and does the target file say so?"""
    works = every.offers.signing if not every.problem else ()
    cost = "M03 is not exercised"
    return _offered("signing", target.offers.signing, works, ALL_OFFERS.signing, _reasons(every, 0), cost)


def _reasons(every: Survey, place: int) -> dict[str, str]:
    """What came first where each format (place 1) or scheme (place 0) was asked for."""
    out: dict[str, str] = {}
    for one in every.asked:
        out.setdefault(one[place], one[2])
    return out


def _offered(
    key: str,
    declared: tuple[str, ...],
    works: tuple[str, ...],
    known: tuple[str, ...],
    came: Mapping[str, str],
    cost: str,
) -> Check:
    """What works beside what the file declares under [offers]. cost: what it means if something known is lacking."""
    name = "formats" if key == "formats" else "signature schemes"
    wanted = declared or known
    lacking = [one for one in wanted if one not in works]
    shown = _list(works) or "none works"
    why = "; ".join(f"{one.upper()}: {_refused(came.get(one, 'not asked'))}" for one in lacking)
    write = f"write {key} = {json.dumps(list(works))} under [offers]"
    if lacking and declared:
        return Check(name, "warning", f"{shown}; the file declares what does not work: {why}", f"mend it, or {write}")
    if lacking:
        return Check(name, "warning", f"{shown}; {why}", f"{cost}; if that is how it is meant, {write}")
    more = [one for one in works if one not in wanted]
    said = f"{_list(wanted)}, as the file declares" if declared else shown
    return Check(name, "ok", f"{said}; {_list(more)} works, too, and is left out" if more else said)


def _list(names: Sequence[str]) -> str:
    return " and ".join(one.upper() for one in names)


def _refused(came: str) -> str:
    """What came, without the message; a success is one in another form than was asked for."""
    said = came.partition(":")[0]
    return "answered in another format" if said.startswith("HTTP 2") else said


# --- region, network, callers ------------------------------------------------------------------------


def region(target: Target, client: Client) -> list[Check]:
    """Does the endpoint know the regions of the target file?"""
    listed = listing(decode(_send(target, client, "DescribeRegions", [])), "Regions", "Region")
    known = {str(entry.get("RegionId")) for entry in listed if isinstance(entry, Mapping)}
    if not known:
        return [Check("region", "unknown", "the endpoint lists no regions")]
    checks = []
    for name, wanted in (("region", target.region), ("second_region", target.second_region)):
        if wanted:
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


NO_OPERATION = ("InvalidAction", "InvalidApi", "UnsupportedOperation")
"""What codes begin with that say that there is no such operation."""


def vpc(target: Target, client: Client) -> Check:
    """Are the VPC operations there? One that cannot describe may still be able to create."""
    got = _send(target, client, "DescribeVpcs", [("RegionId", target.region)], vpc=True)
    if ecs.succeeded(got):
        return Check("VPC operations", "ok", f"{target.vpc_endpoint} answers")
    if target.setup.vpc_id and target.setup.vswitch_id:
        return Check("VPC operations", "warning", _seen(got), "a second zone cannot be laid out")
    other = _send(target, client, "DeleteVpc", [("RegionId", target.region), ("VpcId", _unknown("vpc-", 21))], vpc=True)
    if other.outcome == "answered" and code_of(other) and not code_of(other).startswith(NO_OPERATION):
        return Check("VPC operations", "warning", f"DescribeVpcs: {_seen(got)}", "what is created is taken at its word")
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


def breaks(caller: str) -> tuple[str, ...]:
    """The rules that a caller of this name breaks, () if no requirement uses it. Pure."""
    return (CALLERS[caller].name,) if caller in CALLERS else ()


def callers(target: Target, client: Client, contract: Operation) -> list[Check]:
    """Is each further caller what its name says?"""
    checks = []
    for name in target.callers:
        if name == "account":
            continue
        broken = breaks(name)
        if not broken:
            near = difflib.get_close_matches(name, CALLER_OF.values(), 1)
            advice = f"did you mean {near[0]}?" if near else f"known: {', '.join(CALLER_OF.values())}"
            checks.append(Check(f"caller {name}", "warning", "no requirement uses it", advice))
            continue
        try:
            got = _send(target, client, "DetachNetworkInterface", _detach(target), caller=name)
        except TargetError as error:
            checks.append(Check(f"caller {name}", "problem", str(error), "mend or remove it"))
            continue
        checks.append(shown_by(contract, name, got.status, code_of(got), _seen(got)))
    return checks


def shown_by(contract: Operation, caller: str, status: int, code: str, seen: str) -> Check:
    """What a refusal of a detach that names nothing tells of a caller. Pure.

    A code that any caller may get who names what does not exist tells nothing of one who is refused for who they are.
    """
    anybody = {refusal.code for name in UNKNOWN_IDS for refusal in contract.refusals(name)}
    admitted = [refusal for name in breaks(caller) for refusal in contract.refusals(name)]
    fits = [refusal for refusal in admitted if refusal.code == code and status in refusal.http]
    stranger = caller == STRANGER
    told = f"{seen} (by the common table)" if fits and all(one.table == "common" for one in fits) else seen
    if fits and (stranger or code not in anybody):
        return Check(f"caller {caller}", "ok", told)
    if fits:
        return Check(f"caller {caller}", "unknown", told, "anybody may get that who names what does not exist")
    telling = [refusal for refusal in admitted if stranger or refusal.code not in anybody]
    return Check(f"caller {caller}", "warning", seen, f"{_choices(telling)} would show what it is")


def _choices(refusals: Sequence[Refusal]) -> str:
    """Statuses and codes, those of the page first."""
    ordered = sorted(refusals, key=lambda refusal: refusal.table != "page")
    return " or ".join(dict.fromkeys(f"{one.http[0]} {one.code}" for one in ordered))


# --- permissions -------------------------------------------------------------------------------------

DENIED = ("Forbidden", "NoPermission", "Unauthorized", "AccessDenied")


def denies(code: str) -> bool:
    """Whether an error code says that the caller may not, rather than that there is nothing. Pure."""
    return code.startswith(DENIED) and not code.endswith("NotFound")


def needed(target: Target) -> frozenset[str]:
    """The operations without which a run cannot build its worlds; without the others it loses requirements. Pure."""
    names = {
        "RunInstances",
        "CreateInstance",
        "DeleteInstance",
        "DescribeInstances",
        "CreateNetworkInterface",
        "AttachNetworkInterface",
        "DetachNetworkInterface",
        "DeleteNetworkInterface",
        "DescribeNetworkInterfaces",
    }
    if not target.setup.security_group_id:
        names |= {"CreateSecurityGroup", "DeleteSecurityGroup"}
    if not target.setup.vswitch_id:
        names |= {"CreateVSwitch", "DeleteVSwitch"}
    if not target.setup.vpc_id:
        names |= {"DeleteVpc"}
    return frozenset(names)


CREATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "RunInstances": ("instance", ""),
        "CreateInstance": ("instance", "InstanceId"),
        "CreateSecurityGroup": ("security_group", "SecurityGroupId"),
        "CreateVSwitch": ("vswitch", "VSwitchId"),
        "CreateNetworkInterface": ("eni", "NetworkInterfaceId"),
    }
)
"""Of the operations asked about, those that create: the kind, and the field of a success that names it."""


def permissions(target: Target, client: Client) -> list[Check]:
    """May the account do what a run does? What an endpoint creates at such a question is removed at once."""
    session = _scratch(target, client)
    denied: dict[str, str] = {}
    unclear: list[str] = []
    asked = _questions(session)
    try:
        for action, pairs, is_vpc in asked:
            got = _ask(session, action, pairs, is_vpc)
            if action == "RunInstances" and code_of(got).startswith(NO_OPERATION):
                unclear.append(f"{action} ({code_of(got)}), so CreateInstance and StartInstance take its place")
                action, got = "CreateInstance", _ask(session, "CreateInstance", pairs, is_vpc)
            code = code_of(got)
            if denies(code):
                denied[action] = f"{action} ({code})"
            elif got.outcome != "answered" or got.status >= 500 or code.startswith(NO_OPERATION):
                unclear.append(f"{action} ({code or got.outcome})")
    finally:
        made, left = _give_back(session)
    needs = needed(target)
    grave = [text for action, text in denied.items() if action in needs]
    light = [text for action, text in denied.items() if action not in needs]
    checks = []
    if grave:
        advice = "allow them; docs/real-accounts.md has a policy"
        checks.append(Check("permissions", "problem", ", ".join(grave), advice))
    if light:
        checks.append(Check("permissions", "warning", ", ".join(light), "allow them, or do without what needs them"))
    if unclear:
        checks.append(Check("operations", "warning", ", ".join(unclear), "set-up may fail where it needs them"))
    if made or left:
        seen = f"questions were carried out: created and removed {made} resources"
        checks.append(Check("dry runs", "warning", seen, "DryRun, and names of what does not exist, are to be refused"))
    return [*checks, *left] or [Check("permissions", "ok", f"{len(asked)} operations may be called")]


def _ask(session: ecs.Session, action: str, pairs: list[Pair], vpc: bool) -> Exchange:
    """One question; what it creates after all is written down, so that it is removed."""
    got = _send(session.target, session.client, action, pairs, vpc=vpc)
    if action in CREATES and ecs.succeeded(got):
        kind, key = CREATES[action]
        answer = decode(got) or {}
        named = answer.get(key) if key else next(iter(listing(answer, "InstanceIdSets", "InstanceIdSet")), None)
        if isinstance(named, str) and named:
            session.ledger.adopt(kind, named)
    return got


Question = tuple[str, list[Pair], bool]
"""An operation, its parameters, and whether it is one of VPC."""


def _questions(session: ecs.Session) -> tuple[Question, ...]:
    """What a run calls, each so that it creates and changes nothing. What creates carries the marks of this session."""
    target = session.target
    r: Pair = ("RegionId", target.region)
    instance: Pair = ("InstanceId", _unknown("i-"))
    eni: Pair = ("NetworkInterfaceId", _unknown("eni-"))
    vswitch: Pair = ("VSwitchId", _unknown("vsw-", 21))
    group: Pair = ("SecurityGroupId", _unknown("sg-"))
    vpc: Pair = ("VpcId", _unknown("vpc-", 21))
    dry: Pair = ("DryRun", "true")
    marks = ecs.marks(session)
    cidr: Pair = ("CidrBlock", "172.16.0.0/24")
    launch = [r, vswitch, group, ("InstanceType", "ecs.g7.large"), ("ImageFamily", ecs.IMAGE_FAMILY), dry, *marks]
    return (
        ("RunInstances", launch, False),
        ("StartInstance", [r, instance, dry], False),
        ("StopInstance", [r, instance, dry], False),
        ("RebootInstance", [r, instance, dry], False),
        ("DeleteInstance", [r, instance, dry], False),
        ("CreateSecurityGroup", [r, vpc, *marks], False),
        ("CreateVSwitch", [r, vpc, ("ZoneId", f"{target.region}-a"), cidr, *marks], True),
        ("CreateNetworkInterface", [r, vswitch, group, *marks], False),
        ("AttachNetworkInterface", [r, instance, eni], False),
        ("DetachNetworkInterface", [r, instance, eni], False),
        ("DeleteNetworkInterface", [r, eni], False),
        ("DeleteSecurityGroup", [r, group], False),
        ("DescribeInstances", [r, dry], False),
        ("DescribeNetworkInterfaces", [r], False),
        ("DeleteVSwitch", [r, vswitch], True),
        ("DeleteVpc", [r, vpc], True),
        ("DescribeVSwitches", [r], True),
    )


# --- stock, quotas, prices ---------------------------------------------------------------------------


def stock(target: Target, client: Client) -> list[Check]:
    """Which instance type would be used, is it in stock, what does it cost, and do the limits suffice?"""
    notes: list[str] = []
    session = _session(target, client)
    try:
        zones = ecs.find_zones(session, notes)
        choice = ecs.find_instance_type(session, zones, notes)
        holds = f"{choice.enis} interfaces{' (assumed)' if choice.assumed else ''}"
        checks = [
            Check(
                "instance type",
                "warning" if notes else "ok",
                f"{choice.name}, {holds}, in {', '.join(choice.zones[:3])}; "
                f"{price(session, choice.name)}" + "".join(f"; {note}" for note in notes),
                "name one under setup.instance_type" if notes else "",
            )
        ]
        if len(choice.zones) < 2:
            checks.append(Check("second zone", "warning", "no second zone has it", "rows about zones are not tried"))
        try:
            checks += quotas(session, len(ecs.describe_enis(session)))
        except ecs.SetupError as error:
            checks.append(Check("interfaces in use", "unknown", str(error)[:200]))
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
    pairs: list[Pair] = [session.region]
    pairs += [(f"AttributeName.{n}", name) for n, name in enumerate(QUOTAS, 1)]
    found: dict[str, int] = {}
    answer = decode(ecs.send(session, "DescribeAccountAttributes", pairs))
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
    got = ecs.send(
        session,
        "DescribePrice",
        [
            session.region,
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


# --- what is created, and given back -----------------------------------------------------------------


def _scratch(target: Target, client: Client) -> ecs.Session:
    """A session that may own something for a moment, with a ledger and marks as a run has them."""
    run_id = f"doctor-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(client.clock.now()))}-{os.urandom(2).hex()}"
    session = ecs.open_session(target, janitor.scratch(), run_id, clock=client.clock, skew=client.skew)
    session.client.close()
    return replace(session, client=client)


def _give_back(session: ecs.Session) -> tuple[int, list[Check]]:
    """Remove whatever the session owns. Returns how much it was, and what could not be removed."""
    try:
        made = len(session.ledger.book().owned)
        if not made:
            return 0, []
        loopback, settle = session.target.loopback, session.target.limits.settle_seconds
        left = janitor.teardown(session, seconds=3 + settle if loopback else None).left
        names = ", ".join(f"{one.item.id} ({one.why})" for one in left[:5])
        checks = [Check("left behind", "warning", names, "eni-conformance janitor --target FILE")] if left else []
        return made - len(left), checks
    finally:
        session.ledger.close()


def leftovers(target: Target, client: Client) -> list[Check]:
    """Did earlier runs leave anything, in either region?"""
    found: list[janitor.Item] = []
    doubtful: list[janitor.Left] = []
    for place in (target, abroad(target)) if target.second_region else (target,):
        there = client if place is target else Client(place, worker="doctor", clock=client.clock, skew=client.skew)
        session = _session(place, there)
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


CONTROL = "control protocol"


def protocol(target: Target, client: Client, offer: control.Offer, fine: bool) -> tuple[list[Check], frozenset[str]]:
    """Is the control protocol offered, and does it do what its document says? And the capabilities to rely on.

    fine: nothing else stands in the way. Only then is it tried, on resources that are created for it and removed.
    """
    offered = offer.capabilities & control_check.KNOWN
    if not target.control_url:
        return [Check(CONTROL, "ok", "none is named; rows that need it are not tried")], frozenset()
    if offer.problem:
        advice = "correct or remove control.url: a run does not begin like this"
        return [Check(CONTROL, "problem", offer.problem, advice)], frozenset()
    if not fine:
        return [Check(CONTROL, "unknown", f"{len(offered)} capabilities, not tried before the rest is mended")], offered
    session = _scratch(target, client)
    found, failed = ControlCheck({}, 0, {}), ""
    try:
        ground = ecs.lay_ground(session)
        found = control_check.check(session, ground, offered)
    except ecs.SetupError as error:
        failed = str(error)
    finally:
        made, left = _give_back(session)
    usable = control_check.usable(offered, found)
    given = f"created and removed {made} resources"
    if failed:
        seen = f"could not be tried: {failed[:300]}; {given}"
        return [
            Check(CONTROL, "problem", seen, "a run builds its ground in the same way, and ends there"),
            *left,
        ], offered
    good = f"{len(usable)} of {len(offered)}" if usable != offered else f"{len(offered)}"
    checks = [Check(CONTROL, "ok", f"{good} capabilities can be relied on; to try them, {given}")]
    checks += _wrong(offered - usable, found)
    return checks + left, usable


def _wrong(broken: frozenset[str], found: ControlCheck) -> list[Check]:
    """A line for each order that does something else, and for each reason why some could not be tried."""
    checks = []
    also = sorted(broken - set(found.problems))
    for name, text in found.problems.items():
        undoes = also if name in ("reset", "release") else []
        advice = f"a run does without {', '.join(dict.fromkeys([name, *undoes]))}: see docs/control-protocol.md"
        if name == control_check.PROTOCOL:
            advice = "see docs/control-protocol.md"
        checks.append(Check(CONTROL, "warning", f"{name}: {text}", advice))
    reasons: dict[str, list[str]] = {}
    for name, why in sorted(found.untried.items()):
        reasons.setdefault(why, []).append(name)
    for why, names in reasons.items():
        checks.append(Check(CONTROL, "unknown", f"{', '.join(names)}: could not be tried: {why}"))
    return checks


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
    text = json.dumps(asdict(diagnosis), indent=2) if args.json else told(diagnosis)
    print(Redactor(target).text(text))
    return 0 if diagnosis.usable else 3
