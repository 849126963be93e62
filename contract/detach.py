"""The reference page of DetachNetworkInterface as literal rows, and nothing else.

Everything the suite requires stands here once: parameters, notes, the 24 error rows, the response, the effects, and for
each rule what the page admits when it is broken and how a World breaks it. Strategies, harness, oracle, report and
`drift` read these rows; no other file repeats a code. This file knows no HTTP library, no target and no test.

Sources named in `source`: "page" is the reference page (2019 revision unless said otherwise), "page 2024"
its later form, "common" the vendor's page of public parameters and answers, "sdk" what the official SDKs
send and parse, "reading" an inference of ours from those, kept as loose as the sources leave it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from eni_conformance.contract.common import answers_to
from eni_conformance.contract.rules import (
    GIVEN,
    Caller,
    Choice,
    Effect,
    Error,
    Id,
    Needs,
    Operation,
    Order,
    Parameter,
    Refusal,
    Requirement,
    Revision,
    Rule,
    Severity,
)

ACTION = "DetachNetworkInterface"
VERSION = "2014-05-26"
PREFIX = "ENI-DETACH-"

# --- parameters ----------------------------------------------------------------------------------

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("P01", "InstanceId", "String", True, "i-myinstance"),
    Parameter("P02", "NetworkInterfaceId", "String", True, "eni-myeni"),
    Parameter("P03", "RegionId", "String", True, "cn-hangzhou"),
    Parameter("P04", "Action", "String", False, "DetachNetworkInterface"),
    Parameter("P05", "OwnerAccount", "String", False, "ECSforCloud@Alibaba.com"),
)
PARAMETERS_2024: tuple[Parameter, ...] = (
    Parameter("P01", "InstanceId", "String", True, "i-bp67acfmxazb4p****"),
    Parameter("P02", "NetworkInterfaceId", "String", True, "eni-bp67acfmxazb4p****"),
    Parameter("P03", "RegionId", "String", True, "cn-hangzhou"),
    Parameter("P09", "TrunkNetworkInstanceId", "String", False, "eni-f8zapqj1v1j4ia3i****"),
)
OF_SDKS: tuple[Parameter, ...] = (
    Parameter("P05", "OwnerAccount", "String", False, "ECSforCloud@Alibaba.com"),
    Parameter("P06", "OwnerId", "Long", False, "155780923770"),
    Parameter("P06", "ResourceOwnerId", "Long", False, "155780923770"),
    Parameter("P06", "ResourceOwnerAccount", "String", False, "ECSforCloud@Alibaba.com"),
)
"""Parameters that say on whose behalf a call is made; the vendor's SDKs declare all, the page the first alone."""
OWNER = tuple(p.name for p in OF_SDKS)
TRUNK = "TrunkNetworkInstanceId"
STEADY = frozenset({"Running", "Stopped"})
"""Statuses in which an instance loses an interface."""
LINKED = frozenset({"InUse", "Detaching"})
"""Statuses in which an interface is detached."""

# --- the error table -----------------------------------------------------------------------------

_E = Error
ERRORS: tuple[Error, ...] = (
    _E("E01", (403,), "InvalidUserType.NotSupported", "an account of a type the operation refuses"),
    _E("E02", (403,), "Abs.InvalidAccount.NotFound", "an account that does not exist, or an expired key"),
    _E("E03", (400,), "MissingParameter", "a required parameter is missing"),
    _E("E04", (403,), "Forbidden.NotSupportRAM", "a RAM user of a kind the operation refuses"),
    _E("E05", (400,), "UnsupportedParameter", "a parameter the endpoint does not support"),
    _E("E06", (403,), "Forbidden.SubUser", "a RAM user without permission on the resource"),
    _E("E07", (400,), "InvalidParameter", "a parameter with a wrong format"),
    _E("E08", (400,), "InvalidInstanceID.Malformed", "a malformed instance id"),
    _E("E09", (400,), "InvalidOperation.InvalidRegion", "a region that does not exist"),
    _E("E10", (400,), "InvalidOperation.InvalidEcsState", "an instance neither Running nor Stopped"),
    _E("E11", (400,), "InvalidOperation.InvalidEniState", "an interface neither InUse nor Detaching"),
    _E("E12", (400,), "InvalidOperation.DetachPrimaryEniNotAllowed", "the primary interface"),
    _E("E13", (404,), "InvalidEcsId.NotFound", "an instance that does not exist"),
    _E("E14", (404,), "InvalidEniId.NotFound", "an interface that does not exist"),
    _E("E15", (404,), "InvalidVSwitchId.NotFound", "a vSwitch that no longer exists"),
    _E("E16", (404,), "InvalidSecurityGroupId.NotFound", "a security group that no longer exists"),
    _E("E17", (403,), "EniPerInstanceLimitExceeded", "an instance with more interfaces than its type allows"),
    _E("E18", (403,), "InvalidOperation.AvailabilityZoneMismatch", "interface and instance in different zones"),
    _E("E19", (403,), "InvalidOperation.VpcMismatch", "interface and security group in different VPCs"),
    _E("E20", (403,), "SecurityGroupInstanceLimitExceed", "a security group over its instance limit"),
    _E("E21", (403,), "InvalidSecurityGroupId.NotVpc", "a security group that is not of VPC type"),
    _E("E22", (403,), "InvalidOperation.InvalidEniType", "an interface of a type the operation refuses"),
    _E("E23", (400,), "Forbidden.RegionId", "a region that does not offer the operation"),
    _E("E24", (400,), "InvalidParams.EniId", "a malformed interface id"),
)

# --- rules ---------------------------------------------------------------------------------------

_TYPE = Order("eni.type", on="eni", do={"type": GIVEN}, values=("Member", "Unheard", "Trunk"), shown="Type")
_READABLE = Rule(
    "text is readable",
    "E07",
    also=("E08", "E24", "E09", "E13", "E14"),
    later=("X02",),
    source="reading: control characters, bad UTF-8, huge values",
)
_REGION = Id(
    "region", "region", "RegionId", "region exists", "P03", missing="E03", malformed="E09", unknown="E09", vague="E07",
    within=("E13", "E14"), why="reading: what is in no region may as well not exist",
)  # fmt: skip
_INSTANCE = Id(
    "instance id", "instance", "InstanceId", "instance exists", "P01",
    missing="E03", malformed="E08", unknown="E13", vague="E07", later=("X02",),
)  # fmt: skip
_INTERFACE = Id(
    "interface id", "eni", "NetworkInterfaceId", "interface exists", "P02",
    missing="E03", malformed="E24", unknown="E14", vague="E07",
)  # fmt: skip
IDS: tuple[Id, ...] = (_REGION, _INSTANCE, _INTERFACE)
REQUIRED = tuple(one.name for one in IDS)
STRANGER = "other_account"
"""The caller to whom the resources of a World do not exist."""

CHECKS: tuple[Rule, ...] = (
    Rule(
        "caller type is supported", "E01", also=("E13", "E14"), provoke=Caller("unsupported_user_type"),
        source="reading: an account has one type, so this one may own nothing here",
    ),
    Rule(
        "caller's account and key are valid", "E02", also=("E13", "E14"), provoke=Caller("expired"),
        source="reading: the account may own nothing here",
    ),
    Rule(
        "RAM user kind is supported", "E04", also=("E13", "E14"), provoke=Caller("ram_unsupported"),
        source="reading: the user may be of an account that owns nothing here",
    ),
    Rule("RAM user is authorised", "E06", provoke=Caller("ram_denied")),
    Rule(
        "caller owns the resources", "E13", also=("E14",), later=("X02",), provoke=Caller(STRANGER, "C01"),
        source="reading: another tenant's resources do not exist for the caller", blames=("C01",),
    ),
    *_REGION.rules(_READABLE),
    Rule(
        "region holds the resources", "E13", lambda f: f.at_home, about=("region",), also=("E14", "E09"),
        later=("X02",), source="reading: an id denotes nothing in another region", blames=("P03",),
    ),
    Rule(
        "region offers the operation", "E23", about=("region",),
        provoke=Order("region.feature", on="region", do={"supported": False}, undo={"supported": True}),
    ),
    *_INSTANCE.rules(_READABLE),
    *_INTERFACE.rules(_READABLE),
    Rule(
        "instance Running or Stopped", "E10", lambda f: f.instance.status in STEADY, about=("instance",),
        blames=("S03", "E10"),
    ),
    Rule(
        "instance within its interface limit", "E17", about=("instance",),
        provoke=Order("instance.eni_limit", on="instance", do={"exceeded": True}, undo={"exceeded": False}),
    ),
    Rule(
        "interface not primary", "E12", lambda f: f.eni.type != "Primary", about=("eni",), also=("E22",),
        blames=("S01", "E12"),
    ),
    Rule(
        "interface type supported", "E22", lambda f: f.eni.type in ("Secondary", "Primary"), about=("eni",),
        later=("X08", "X09", "X10", "X11", "X12", "X13"), provoke=_TYPE, open=lambda f: f.eni.type == "Trunk",
    ),
    Rule(
        "interface gone or Deleting", "E11", lambda f: f.eni.status != "Deleting", about=("eni",), also=("E14",),
        later=("X01",), source="reading: a Deleting interface may be gone by then", blames=("S02", "E11"),
    ),
    Rule(
        "interface InUse or Detaching", "E11", lambda f: f.eni.status in LINKED | {"Deleting"}, about=("eni",),
        later=("X01",), blames=("S02", "E11"),
    ),
    Rule(
        "interface on this instance", "E11", lambda f: f.eni.on == f.instance.id or f.eni.status not in LINKED,
        about=("eni", "instance"), also=("E14", "E07"), later=("X01",),
        source="reading: the page names no code for it", blames=("S07",),
    ),
    Rule("vSwitch exists", "E15", about=("eni",), provoke=Order("vswitch.remove", on="vswitch")),
    Rule("security group exists", "E16", about=("eni",), provoke=Order("security_group.remove", on="group")),
    Rule("zones match", "E18", about=("eni",), provoke=Order("eni.zone", on="eni", do={"value": GIVEN})),
    Rule(
        "VPCs match", "E19", about=("eni",),
        provoke=Order("eni.vpc", on="eni", do={"value": "vpc-elsewhere0000000000000"}),
    ),
    Rule(
        "security group within its limit", "E20", about=("eni",),
        provoke=Order("security_group.full", on="group", do={"full": True}, undo={"full": False}),
    ),
    Rule(
        "security group of VPC type", "E21", about=("eni",),
        provoke=Order("security_group.type", on="group", do={"type": "classic"}, undo={"type": "vpc"}),
    ),
    Rule(
        "parameter supported", "E05",
        provoke=Order("parameter.unsupported", on="parameter", do={"unsupported": True}, undo={"unsupported": False}),
    ),
)  # fmt: skip
"""In the order in which the breaches of a call are told."""

RESPONSE: Mapping[str, str] = MappingProxyType({"RequestId": "String"})
"""Field of a success -> its type, in both revisions."""
EFFECT = Effect(target="eni", host="instance", via="Detaching", to="Available", link=False)

# The first that applies is the choice that is observed.
CHOICES: tuple[Choice, ...] = (
    Choice("repeated parameter", lambda s: len(s.names) != len(set(s.names)), ("E07", "E05"), unsigned=True),
    Choice("undeclared parameter", lambda s: bool({*s.names} - s.declared - {*OWNER}), ("E05", "E07")),
    Choice("older owner parameter", lambda s: bool({*s.names} - s.declared), ("E05", "E07")),
    # No World has a trunk that holds an interface, and the later page says that the parameter cannot be used yet.
    Choice(
        "trunk parameter", lambda s: TRUNK in s.declared & s.filled,
        ("X11", "X12", "X08", "X09", "X10", "X13", "E14", "E24", "E22", "E11", "E05", "E07"),
        source="reading: the later page offers the parameter and says that it cannot be used yet",
    ),
    Choice("odd owner parameter", lambda s: bool(s.odd & {*OWNER}), ("E07", "E05", "E02")),
)  # fmt: skip

# --- the later page ------------------------------------------------------------------------------

# Rows that only the later page has; `ENI-DETACH-X..` so that the numbers of the first 24 never move.
ERRORS_2024: tuple[Error, ...] = (
    _E(
        "X01", (400, 403), "InvalidParameter.EniNotBelongEcs", "an interface that is not on that instance", "api",
        "this endpoint refuses such a call with another admissible code",
    ),
    _E(
        "X02", (403,), "InvalidInstanceId.NotFound", "an instance that does not exist (second spelling)", "api",
        "of the page's two spellings for an unknown instance this endpoint uses InvalidEcsId.NotFound",
    ),
    _E(
        "X03", (400,), "InvalidOperation.EniHotPlugNotSupported", "an interface that cannot be unplugged", "control",
        "needs an RDMA (high-performance) interface on a running instance",
    ),
    _E(
        "X04", (403,), "InvalidOperation.HotPlugNotSupport", "an instance without hot plug", "control",
        "needs an instance type or image without hot plug",
    ),
    _E(
        "X05", (403,), "MaxEniCountExceeded", "an account over its interface limit", "control",
        "needs an account over its limit; a row copied from operations that create interfaces",
    ),
    _E(
        "X06", (403,), "InvalidOperation.EniServiceManaged", "an interface that another service manages", "control",
        "needs an interface that another cloud service has created for itself",
    ),
    _E(
        "X07", (403,), "InvalidOperation.EniLinked", "an interface that is linked", "control",
        "needs an interface that another cloud service has linked to itself",
    ),
    _E(
        "X08", (403,), "InvalidOperation.InvalidTrunkEniStatus", "a trunk interface in a wrong state", "control",
        "needs a trunk interface in a wrong state and an endpoint that looks at TrunkNetworkInstanceId", _TYPE,
    ),
    _E(
        "X09", (403,), "InvalidOperation.TrunkingIsNotAllowed", "trunking is not allowed", "control",
        "needs an account to which trunking is not open",
    ),
    _E(
        "X10", (403,), "InvalidOperation.InstanceTypeNotSupportEniTrunking", "an instance type without trunks",
        "control", "needs a trunk interface on an instance type without trunks",
    ),
    _E(
        "X11", (403,), "InvalidParameter.EniNotBelongTrunk", "an interface that is not on that trunk", "control",
        "needs a trunk interface in use and an endpoint that looks at TrunkNetworkInstanceId", _TYPE,
    ),
    _E(
        "X12", (403,), "InvalidOperation.EniTypeNotSupportTrunking", "an interface type without trunking", "api",
        "needs an endpoint that looks at TrunkNetworkInstanceId",
    ),
    _E(
        "X13", (403,), "InvalidOperation.HasMemberEniAttached", "a trunk with members attached", "control",
        "needs a trunk interface with members",
    ),
    _E(
        "X14", (500,), "InternalError", "the service failed", "control",
        "the service's own failure, which no input should cause (ENI-DETACH-B01)",
    ),
)  # fmt: skip

COLD_ROWS = ("X03", "X04")
"""Rows of a refusal that says no more than that the instance must be Stopped for it. No description shows whether it
must, so it may refuse any detach from an instance that runs, as long as none from such an instance was accepted."""
COLD_CODES = tuple(row.code for row in ERRORS_2024 if row.id in COLD_ROWS)

# --- the other requirements ----------------------------------------------------------------------

_R = Requirement
OTHERS: tuple[Requirement, ...] = (
    _R("P01", "InstanceId is required and denotes an instance byte for byte", "parameter", "request parameters"),
    _R(
        "P02", "NetworkInterfaceId is required and denotes an interface byte for byte",
        "parameter", "request parameters",
    ),
    _R("P03", "RegionId is required and denotes a region byte for byte", "parameter", "request parameters"),
    _R("P04", "Action selects the operation", "parameter", "request parameters"),
    _R("P05", "OwnerAccount may be given and changes nothing", "parameter", "request parameters", severity="normal"),
    _R(
        "P06", "The older owner parameters may be given and change nothing",
        "parameter", "request parameters", "sdk", "minor",
    ),
    _R(
        "P07", "Undeclared parameters are ignored or refused, always alike",
        "parameter", "request parameters", "reading", "minor",
    ),
    _R(
        "P08", "A repeated parameter is read as its first or its last value, or refused, always alike",
        "parameter", "request parameters", "reading", "minor",
    ),
    _R("S01", "The primary interface is never detached", "state", "notes", severity="blocker"),
    _R("S02", "Only an interface that is InUse or Detaching is detached", "state", "notes"),
    _R("S03", "Only an instance that is Running or Stopped loses an interface", "state", "notes"),
    _R("S04", "A valid call on a Running instance is accepted", "state", "notes", severity="blocker"),
    _R("S05", "A valid call on a Stopped instance is accepted", "state", "notes", severity="blocker"),
    _R("S06", "Repeating the call while the interface is Detaching is accepted and harmless", "state", "notes"),
    _R(
        "S07", "An interface is detached only from the instance that the call names",
        "state", "description", severity="blocker",
    ),
    _R(
        "C01", "Another tenant can neither detach an interface nor learn that it exists",
        "state", "error codes", "reading: errors of access", "blocker",
    ),
    _R("R01", "Every answer carries a well-formed RequestId", "response", "response parameters"),
    _R("R02", "A success in JSON is an object with RequestId and no error", "response", "examples"),
    _R("R03", "A success in XML is DetachNetworkInterfaceResponse with RequestId", "response", "examples"),
    _R("R04", "A refusal carries RequestId, HostId, Code and Message", "response", "error codes", "common"),
    _R(
        "R05", "The content type and the encoding are those of the format asked for",
        "response", "examples", "common", "normal",
    ),
    _R(
        "R06", "Message is a message: filled in, no template, no internals, nothing echoed raw",
        "response", "error codes", "reading", "normal",
    ),
    _R("R07", "A RequestId is never repeated", "response", "response parameters"),
    _R("R08", "Status and Code are a pair that the page documents", "response", "error codes"),
    _R(
        "R09", "The header x-acs-request-id, where sent, equals the RequestId",
        "response", "response parameters", "common", "minor",
    ),
    _R("F01", "A refused call changes nothing, anywhere", "effect", "description", severity="blocker"),
    _R(
        "F02", "After a success the interface becomes Available, by way of Detaching only",
        "effect", "notes", severity="blocker",
    ),
    _R(
        "F03", "After a success the link to the instance is gone, on both sides and in filters",
        "effect", "description",
    ),
    _R("F04", "A success keeps the interface's own attributes", "effect", "description"),
    _R(
        "F05", "A success leaves the other interfaces and instances as they are",
        "effect", "description", severity="blocker",
    ),
    _R("F06", "The freed slot can be used again", "effect", "description"),
    _R("F07", "A detached interface can be attached again, here or elsewhere", "effect", "description"),
    _R("F08", "A detached interface stays Available", "effect", "notes"),
    _R("F09", "A success leaves the instance's own status and attributes as they are", "effect", "description"),
    _R("M01", "GET, POST with a query and POST with a form body mean the same", "relation", "examples", "common"),
    _R("M02", "JSON and XML tell the same", "relation", "examples"),
    _R("M03", "Both signature schemes lead to the same answer", "relation", "request parameters", "common"),
    _R(
        "M04", "The order of parameters and the connection do not matter",
        "relation", "request parameters", "common", "normal",
    ),
    _R(
        "M05", "By id, by filter and by instance, the descriptions agree",
        "relation", "description", "reading", "normal",
    ),
    _R("M06", "Overlapping calls can be explained by some serial order", "relation", "notes", "reading"),
    _R("M07", "Every step of a history can be explained by the life cycle", "relation", "notes"),
    _R(
        "M08", "The same fault gets the same answer under other ids, callers and wire forms",
        "relation", "error codes", "reading", "minor",
    ),
    _R(
        "G01", "A call with a wrong, truncated or missing signature is refused",
        "gateway", "common errors", "common", "blocker",
    ),
    _R(
        "G02", "A signature made for another method, body or action is refused",
        "gateway", "common errors", "common", "blocker",
    ),
    _R("G03", "A SignatureNonce is accepted once", "gateway", "common errors", "common"),
    _R("G04", "A timestamp far outside the window, or not a time, is refused", "gateway", "common errors", "common"),
    _R("G05", "An unknown AccessKeyId is refused", "gateway", "common errors", "common", "blocker"),
    _R("G06", "An unknown Action or Version is refused", "gateway", "common errors", "common", "normal"),
    _R("G07", "Missing public parameters are refused", "gateway", "common errors", "common", "normal"),
    _R(
        "G08", "Correctly signed calls are accepted whatever characters they carry",
        "gateway", "common errors", "common",
    ),
    _R(
        "B01", "No input leads to a status of 500 or above",
        "robustness", "error codes", "reading: a failure of the service is no answer to an input",
    ),
    _R("B02", "Every call is answered in time, in whole, in valid HTTP", "robustness", "description", "reading"),
    _R("B03", "Hostile input leaves no lasting damage", "robustness", "description", "reading"),
)  # fmt: skip


OTHERS_2024: tuple[Requirement, ...] = (
    _R(
        "P09",
        "TrunkNetworkInstanceId may be left out; "
        "a trunk that does not hold the interface is ignored or refused as documented",
        "parameter", "request parameters", "page 2024", "minor",
    ),
)  # fmt: skip

# --- the revisions -------------------------------------------------------------------------------


def _needs(row: Error, rules: Mapping[str, Rule]) -> Needs:
    """What provokes a row, as its rules say."""
    if row.needs:
        return row.needs
    by = [rule.provoke for rule in rules.values() if rule.own == row.id]
    if any(isinstance(one, Order) for one in by):
        return "control"
    return "caller" if by and all(isinstance(one, Caller) for one in by) else "api"


def _revision(revision: Revision) -> Operation:
    """The table of one revision; data alone tells the revisions apart."""
    later = revision == "2024"
    checks = tuple(replace(c, also=c.also + c.later) for c in CHECKS) if later else CHECKS
    rules = {rule.name: rule for rule in checks}
    rows = (*ERRORS, *(ERRORS_2024 if later else ()))
    errors = {row.id: replace(row, needs=_needs(row, rules)) for row in rows}
    requirements: dict[str, Requirement] = {}
    for row in errors.values():
        needs = row.needs or "api"
        severity: Severity = "critical" if needs != "control" else "normal"
        source = "page 2024" if row in ERRORS_2024 else "page"
        requirements[row.id] = Requirement(
            row.id, f"{row.code}: {row.title}", "error", "error codes", source, severity, row.http[0], row.code, needs,
            row.beyond,
        )  # fmt: skip
    for requirement in (*OTHERS, *(OTHERS_2024 if later else ())):
        requirements[requirement.id] = requirement
    refusals = {
        name: (
            *(Refusal(errors[row].http, errors[row].code, row, name) for row in (rule.own, *rule.also)),
            *(
                Refusal(row.http, row.code, row.twin if row.twin in rule.also else rule.own, name, "common")
                for row in answers_to(name)
            ),
            *(
                Refusal(errors[rule.own].http, code, rule.own, name)
                for code in rule.spelt
                if code != errors[rule.own].code
            ),
        )
        for name, rule in rules.items()
    }
    choices = tuple(choice for choice in CHOICES if set(choice.rows) <= set(errors))
    return Operation(
        ACTION,
        VERSION,
        revision,
        PARAMETERS_2024 if later else PARAMETERS,
        OF_SDKS,
        IDS,
        checks,
        choices,
        EFFECT,
        RESPONSE,
        MappingProxyType(errors),
        MappingProxyType(rules),
        MappingProxyType(requirements),
        MappingProxyType(refusals),
    )


CONTRACTS: Mapping[Revision, Operation] = MappingProxyType({"2019": _revision("2019"), "2024": _revision("2024")})

_CALLS = tuple(rule for rule in CHECKS if isinstance(rule.provoke, Caller))
CALLERS: Mapping[str, Rule] = MappingProxyType({r.provoke.name: r for r in _CALLS if isinstance(r.provoke, Caller)})
"""Name in the target file -> the rule that each of this caller's calls breaks."""
CALLER_OF: Mapping[str, str] = MappingProxyType(
    {r.provoke.row or r.own: r.provoke.name for r in _CALLS if isinstance(r.provoke, Caller)}
)
"""Requirement -> the caller that it is for."""
ORDERS: Mapping[str, Order] = MappingProxyType(
    {rule.own: rule.provoke for rule in CHECKS if isinstance(rule.provoke, Order)}
    | {row.id: row.provoke for row in ERRORS_2024 if row.provoke}
)
"""Row -> the order of the control protocol that provokes it."""
OPS: Mapping[str, Order] = MappingProxyType({order.op: order for order in ORDERS.values()})
"""Capability of the control protocol -> the order."""


def full_id(short: str) -> str:
    """The stable public id of a requirement: "E11" -> "ENI-DETACH-E11"."""
    return PREFIX + short


def short_id(full: str) -> str:
    """The inverse of `full_id`; a short id is returned as it is."""
    return full.removeprefix(PREFIX)
