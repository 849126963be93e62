"""May the account do what a run does? Asked by dry runs where the service has them, else about what is not there."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from eni_conformance.harness import ecs
from eni_conformance.harness.account.advice import ADVICE
from eni_conformance.harness.account.question import Check, ask, give_back, owning, unknown_id
from eni_conformance.harness.account.survey import NOT_OFFERED
from eni_conformance.harness.codec import code_of, decode, listing
from eni_conformance.harness.target import Target
from eni_conformance.harness.values import Exchange, Pair
from eni_conformance.harness.wire.client import Client

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
    session = owning(target, client)
    denied: dict[str, str] = {}
    refused: dict[str, Exchange] = {}
    unclear: list[str] = []
    asked = _questions(session)
    try:
        for action, pairs, is_vpc in asked:
            got = _ask(session, action, pairs, is_vpc)
            if action == "RunInstances" and code_of(got).startswith(NOT_OFFERED):
                unclear.append(f"{action} ({code_of(got)}), so CreateInstance and StartInstance take its place")
                action, got = "CreateInstance", _ask(session, "CreateInstance", pairs, is_vpc)
            code = code_of(got)
            if denies(code):
                refused[action] = got
                denied[action] = f"{action} ({code})"
            elif got.outcome != "answered" or got.status >= 500 or code.startswith(NOT_OFFERED):
                unclear.append(f"{action} ({code or got.outcome})")
    finally:
        made, left = give_back(session)
    needs = needed(target)
    grave = [text for action, text in denied.items() if action in needs]
    light = [text for action, text in denied.items() if action not in needs]
    checks = []
    if grave:
        codes = {code_of(got) for got in refused.values()}
        known = sorted({ADVICE[code] for code in codes if code in ADVICE})
        advice = "; ".join(known) or "allow them; docs/real-accounts.md has a policy"
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
    got = ask(session.target, session.client, action, pairs, vpc=vpc)
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
    instance: Pair = ("InstanceId", unknown_id("i-"))
    eni: Pair = ("NetworkInterfaceId", unknown_id("eni-"))
    vswitch: Pair = ("VSwitchId", unknown_id("vsw-", 21))
    group: Pair = ("SecurityGroupId", unknown_id("sg-"))
    vpc: Pair = ("VpcId", unknown_id("vpc-", 21))
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
        ("ModifyNetworkInterfaceAttribute", [r, eni], False),
        ("DeleteSecurityGroup", [r, group], False),
        ("DescribeInstances", [r, dry], False),
        ("DescribeNetworkInterfaces", [r], False),
        ("DeleteVSwitch", [r, vswitch], True),
        ("DeleteVpc", [r, vpc], True),
        ("DescribeVSwitches", [r], True),
    )
