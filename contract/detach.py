"""The reference page of DetachNetworkInterface as one literal table, and nothing else.

Everything the suite requires stands here once: parameters, notes, the 24 error rows, the response, the
effects, and for each precondition the refusals that the page admits when it is broken. Strategies, oracle,
report and `drift` read it; no other file repeats a code. This file knows nothing of HTTP libraries, of
targets or of tests.

Sources named in `source`: "page" is the reference page (2019 revision unless said otherwise), "page 2024"
its later form, "common" the vendor's page of public parameters and answers, "sdk" what the official SDKs
send and parse, "reading" an inference of ours from those, kept as loose as the sources leave it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from eni_conformance.contract.common import answers_to

ACTION = "DetachNetworkInterface"
VERSION = "2014-05-26"
PREFIX = "ENI-DETACH-"

Kind = Literal["error", "parameter", "state", "response", "effect", "relation", "gateway", "robustness"]
Severity = Literal["blocker", "critical", "normal", "minor"]
Revision = Literal["2019", "2024"]


@dataclass(frozen=True)
class Parameter:
    """One row of the request table. `declared_required` is what the page says of it."""

    id: str
    name: str
    type: str
    declared_required: bool
    example: str


@dataclass(frozen=True)
class ErrorRow:
    """One row of the error table. `http` holds every status the revision admits for the code.

    beyond: why a run may never see the code although nothing is wrong, "" if it must be seen. order: the capability of
    the control protocol by which a world provokes it, "" if public operations or a caller do.
    """

    id: str
    http: tuple[int, ...]
    code: str
    title: str
    needs: Literal["api", "caller", "control"]
    beyond: str = ""
    order: str = ""


@dataclass(frozen=True)
class Caller:
    """Who may call besides the owner of the resources: a name of the target file, the requirement that the caller is
    for, and the precondition that each of the caller's calls breaks."""

    name: str
    row: str
    breaks: str


@dataclass(frozen=True)
class Precondition:
    """What a call must satisfy; if it is broken, the refusals `own` and `also` are admissible.

    own: the row that documents it. also: other rows that the page's silence on a border admits.
    """

    name: str
    own: str
    also: tuple[str, ...] = ()
    source: str = "page"
    title: str = ""


@dataclass(frozen=True)
class Requirement:
    """A testable sentence or row, with an id that never changes. `beyond`: that of its row."""

    id: str
    title: str
    kind: Kind
    section: str
    source: str = "page"
    severity: Severity = "critical"
    http: int | None = None
    code: str | None = None
    needs: str = "api"
    beyond: str = ""


PARAMETERS: tuple[Parameter, ...] = (
    Parameter("P01", "InstanceId", "String", True, "i-myinstance"),
    Parameter("P02", "NetworkInterfaceId", "String", True, "eni-myeni"),
    Parameter("P03", "RegionId", "String", True, "cn-hangzhou"),
    Parameter("P04", "Action", "String", False, "DetachNetworkInterface"),
    Parameter("P05", "OwnerAccount", "String", False, "ECSforCloud@Alibaba.com"),
)

_E = ErrorRow
ERRORS: tuple[ErrorRow, ...] = (
    _E("E01", (403,), "InvalidUserType.NotSupported", "an account of a type the operation refuses", "caller"),
    _E("E02", (403,), "Abs.InvalidAccount.NotFound", "an account that does not exist, or an expired key", "caller"),
    _E("E03", (400,), "MissingParameter", "a required parameter is missing", "api"),
    _E("E04", (403,), "Forbidden.NotSupportRAM", "a RAM user of a kind the operation refuses", "caller"),
    _E("E05", (400,), "UnsupportedParameter", "a parameter the endpoint does not support", "control", order="parameter.unsupported"),
    _E("E06", (403,), "Forbidden.SubUser", "a RAM user without permission on the resource", "caller"),
    _E("E07", (400,), "InvalidParameter", "a parameter with a wrong format", "api"),
    _E("E08", (400,), "InvalidInstanceID.Malformed", "a malformed instance id", "api"),
    _E("E09", (400,), "InvalidOperation.InvalidRegion", "a region that does not exist", "api"),
    _E("E10", (400,), "InvalidOperation.InvalidEcsState", "an instance neither Running nor Stopped", "api"),
    _E("E11", (400,), "InvalidOperation.InvalidEniState", "an interface neither InUse nor Detaching", "api"),
    _E("E12", (400,), "InvalidOperation.DetachPrimaryEniNotAllowed", "the primary interface", "api"),
    _E("E13", (404,), "InvalidEcsId.NotFound", "an instance that does not exist", "api"),
    _E("E14", (404,), "InvalidEniId.NotFound", "an interface that does not exist", "api"),
    _E("E15", (404,), "InvalidVSwitchId.NotFound", "a vSwitch that no longer exists", "control", order="vswitch.remove"),
    _E("E16", (404,), "InvalidSecurityGroupId.NotFound", "a security group that no longer exists", "control", order="security_group.remove"),
    _E("E17", (403,), "EniPerInstanceLimitExceeded", "an instance with more interfaces than its type allows", "control", order="instance.eni_limit"),
    _E("E18", (403,), "InvalidOperation.AvailabilityZoneMismatch", "interface and instance in different zones", "control", order="eni.zone"),
    _E("E19", (403,), "InvalidOperation.VpcMismatch", "interface and security group in different VPCs", "control", order="eni.vpc"),
    _E("E20", (403,), "SecurityGroupInstanceLimitExceed", "a security group over its instance limit", "control", order="security_group.full"),
    _E("E21", (403,), "InvalidSecurityGroupId.NotVpc", "a security group that is not of VPC type", "control", order="security_group.type"),
    _E("E22", (403,), "InvalidOperation.InvalidEniType", "an interface of a type the operation refuses", "control", order="eni.type"),
    _E("E23", (400,), "Forbidden.RegionId", "a region that does not offer the operation", "control", order="region.feature"),
    _E("E24", (400,), "InvalidParams.EniId", "a malformed interface id", "api"),
)  # fmt: skip

CALLERS: tuple[Caller, ...] = (
    Caller("unsupported_user_type", "E01", "caller type is supported"),
    Caller("expired", "E02", "caller's account and key are valid"),
    Caller("ram_unsupported", "E04", "RAM user kind is supported"),
    Caller("ram_denied", "E06", "RAM user is authorised"),
    Caller("other_account", "C01", "caller owns the resources"),
)
CALLER_OF: Mapping[str, str] = MappingProxyType({caller.row: caller.name for caller in CALLERS})
"""Requirement -> the caller that it is for."""

_P = Precondition
PRECONDITIONS: tuple[Precondition, ...] = (
    _P("caller type is supported", "E01", ("E13", "E14"), "reading: an account has one type, so this one may own nothing here"),
    _P("caller's account and key are valid", "E02", ("E13", "E14"), "reading: the account may own nothing here"),
    _P("RAM user kind is supported", "E04", ("E13", "E14"), "reading: the user may be of an account that owns nothing here"),
    _P("RAM user is authorised", "E06"),
    _P("caller owns the resources", "E13", ("E14",), "reading: another tenant's resources do not exist for the caller"),
    _P("region given", "E03", ("E13", "E14"), "reading: what is in no region may as well not exist"),
    _P("region not empty", "E03", ("E09", "E07", "E13", "E14"), "reading: the page does not separate empty from missing"),
    _P("region well-formed", "E09", ("E07", "E13", "E14"), "reading: malformed or merely unknown is left open"),
    _P("region exists", "E09", ("E13", "E14"), "reading: a region that does not exist holds no resource"),
    _P("region holds the resources", "E13", ("E14", "E09"), "reading: an id denotes nothing in another region"),
    _P("region offers the operation", "E23"),
    _P("instance id given", "E03"),
    _P("instance id not empty", "E03", ("E08", "E13", "E07"), "reading: the page does not separate empty from missing"),
    _P("instance id well-formed", "E08", ("E13", "E07"), "reading: malformed or merely unknown is left open"),
    _P("instance exists", "E13"),
    _P("instance Running or Stopped", "E10"),
    _P("instance within its interface limit", "E17"),
    _P("interface id given", "E03"),
    _P("interface id not empty", "E03", ("E24", "E14", "E07"), "reading: the page does not separate empty from missing"),
    _P("interface id well-formed", "E24", ("E14", "E07"), "reading: malformed or merely unknown is left open"),
    _P("interface exists", "E14"),
    _P("interface InUse or Detaching", "E11"),
    _P("interface gone or Deleting", "E11", ("E14",), "reading: a Deleting interface may be gone by then"),
    _P("interface on this instance", "E11", ("E14", "E07"), "reading: the page names no code for it"),
    _P("interface not primary", "E12", ("E22",)),
    _P("interface type supported", "E22"),
    _P("vSwitch exists", "E15"),
    _P("security group exists", "E16"),
    _P("zones match", "E18"),
    _P("VPCs match", "E19"),
    _P("security group within its limit", "E20"),
    _P("security group of VPC type", "E21"),
    _P("parameter supported", "E05"),
    _P("text is readable", "E07", ("E08", "E24", "E09", "E13", "E14"), "reading: control characters, bad UTF-8, huge values"),
)  # fmt: skip

# Rows that only the later page has; `ENI-DETACH-X..` so that the numbers of the first 24 never move.
ERRORS_2024: tuple[ErrorRow, ...] = (
    _E("X01", (400, 403), "InvalidParameter.EniNotBelongEcs", "an interface that is not on that instance", "api", "this endpoint refuses such a call with another admissible code"),
    _E("X02", (403,), "InvalidInstanceId.NotFound", "an instance that does not exist (second spelling)", "api", "of the page's two spellings for an unknown instance this endpoint uses InvalidEcsId.NotFound"),
    _E("X03", (400,), "InvalidOperation.EniHotPlugNotSupported", "an interface that cannot be unplugged", "control", "needs an RDMA (high-performance) interface on a running instance"),
    _E("X04", (403,), "InvalidOperation.HotPlugNotSupport", "an instance without hot plug", "control", "needs an instance type or image without hot plug"),
    _E("X05", (403,), "MaxEniCountExceeded", "an account over its interface limit", "control", "needs an account over its limit; a row copied from operations that create interfaces"),
    _E("X06", (403,), "InvalidOperation.EniServiceManaged", "an interface that another service manages", "control", "needs an interface that another cloud service has created for itself"),
    _E("X07", (403,), "InvalidOperation.EniLinked", "an interface that is linked", "control", "needs an interface that another cloud service has linked to itself"),
    _E("X08", (403,), "InvalidOperation.InvalidTrunkEniStatus", "a trunk interface in a wrong state", "control", "needs a trunk interface in a wrong state and an endpoint that looks at TrunkNetworkInstanceId", order="eni.type"),
    _E("X09", (403,), "InvalidOperation.TrunkingIsNotAllowed", "trunking is not allowed", "control", "needs an account to which trunking is not open"),
    _E("X10", (403,), "InvalidOperation.InstanceTypeNotSupportEniTrunking", "an instance type without trunks", "control", "needs a trunk interface on an instance type without trunks"),
    _E("X11", (403,), "InvalidParameter.EniNotBelongTrunk", "an interface that is not on that trunk", "control", "needs a trunk interface in use and an endpoint that looks at TrunkNetworkInstanceId", order="eni.type"),
    _E("X12", (403,), "InvalidOperation.EniTypeNotSupportTrunking", "an interface type without trunking", "api", "needs an endpoint that looks at TrunkNetworkInstanceId"),
    _E("X13", (403,), "InvalidOperation.HasMemberEniAttached", "a trunk with members attached", "control", "needs a trunk interface with members"),
    _E("X14", (500,), "InternalError", "the service failed", "control", "the service's own failure, which no input should cause (ENI-DETACH-B01)"),
)  # fmt: skip
ORDER_OF: Mapping[str, str] = MappingProxyType({row.id: row.order for row in (*ERRORS, *ERRORS_2024) if row.order})
"""Row -> the capability of the control protocol that provokes it."""
PARAMETERS_2024: tuple[Parameter, ...] = (
    Parameter("P01", "InstanceId", "String", True, "i-bp67acfmxazb4p****"),
    Parameter("P02", "NetworkInterfaceId", "String", True, "eni-bp67acfmxazb4p****"),
    Parameter("P03", "RegionId", "String", True, "cn-hangzhou"),
    Parameter("P09", "TrunkNetworkInstanceId", "String", False, "eni-f8zapqj1v1j4ia3i****"),
)
# Admissible for a call that names a trunk which does not hold the interface; so is success, if nothing else is wrong.
PRECONDITIONS_2024: tuple[Precondition, ...] = (
    _P("trunk holds the interface", "X11", ("X12", "X08", "X09", "X10", "X13", "E14", "E24", "E22", "E11", "E05", "E07"), "reading: the page offers the parameter and says that it cannot be used yet"),
)  # fmt: skip
# What the later page adds to the admissible refusals of a precondition.
ALSO_2024: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "instance exists": ("X02",),
        "instance id well-formed": ("X02",),
        "instance id not empty": ("X02",),
        "caller owns the resources": ("X02",),
        "region holds the resources": ("X02",),
        "text is readable": ("X02",),
        "interface on this instance": ("X01",),
        "interface InUse or Detaching": ("X01",),
        "interface gone or Deleting": ("X01",),
        "interface type supported": ("X08", "X09", "X10", "X11", "X12", "X13"),
    }
)

_R = Requirement
OTHERS: tuple[Requirement, ...] = (
    _R("P01", "InstanceId is required and denotes an instance byte for byte", "parameter", "request parameters"),
    _R("P02", "NetworkInterfaceId is required and denotes an interface byte for byte", "parameter", "request parameters"),
    _R("P03", "RegionId is required and denotes a region byte for byte", "parameter", "request parameters"),
    _R("P04", "Action selects the operation", "parameter", "request parameters"),
    _R("P05", "OwnerAccount may be given and changes nothing", "parameter", "request parameters", severity="normal"),
    _R("P06", "The older owner parameters may be given and change nothing", "parameter", "request parameters", "sdk", "minor"),
    _R("P07", "Undeclared parameters are ignored or refused, always alike", "parameter", "request parameters", "reading", "minor"),
    _R("P08", "A repeated parameter is read as its first or its last value, or refused, always alike", "parameter", "request parameters", "reading", "minor"),
    _R("S01", "The primary interface is never detached", "state", "notes", severity="blocker"),
    _R("S02", "Only an interface that is InUse or Detaching is detached", "state", "notes"),
    _R("S03", "Only an instance that is Running or Stopped loses an interface", "state", "notes"),
    _R("S04", "A valid call on a Running instance is accepted", "state", "notes", severity="blocker"),
    _R("S05", "A valid call on a Stopped instance is accepted", "state", "notes", severity="blocker"),
    _R("S06", "Repeating the call while the interface is Detaching is accepted and harmless", "state", "notes"),
    _R("S07", "An interface is detached only from the instance that the call names", "state", "description", severity="blocker"),
    _R("C01", "Another tenant can neither detach an interface nor learn that it exists", "state", "error codes", "reading: errors of access", "blocker"),
    _R("R01", "Every answer carries a well-formed RequestId", "response", "response parameters"),
    _R("R02", "A success in JSON is an object with RequestId and no error", "response", "examples"),
    _R("R03", "A success in XML is DetachNetworkInterfaceResponse with RequestId", "response", "examples"),
    _R("R04", "A refusal carries RequestId, HostId, Code and Message", "response", "error codes", "common"),
    _R("R05", "The content type and the encoding are those of the format asked for", "response", "examples", "common", "normal"),
    _R("R06", "Message is a message: filled in, no template, no internals, nothing echoed raw", "response", "error codes", "reading", "normal"),
    _R("R07", "A RequestId is never repeated", "response", "response parameters"),
    _R("R08", "Status and Code are a pair that the page documents", "response", "error codes"),
    _R("R09", "The header x-acs-request-id, where sent, equals the RequestId", "response", "response parameters", "common", "minor"),
    _R("F01", "A refused call changes nothing, anywhere", "effect", "description", severity="blocker"),
    _R("F02", "After a success the interface becomes Available, by way of Detaching only", "effect", "notes", severity="blocker"),
    _R("F03", "After a success the link to the instance is gone, on both sides and in filters", "effect", "description"),
    _R("F04", "A success keeps the interface's own attributes", "effect", "description"),
    _R("F05", "A success leaves the other interfaces and instances as they are", "effect", "description", severity="blocker"),
    _R("F06", "The freed slot can be used again", "effect", "description"),
    _R("F07", "A detached interface can be attached again, here or elsewhere", "effect", "description"),
    _R("F08", "A detached interface stays Available", "effect", "notes"),
    _R("F09", "A success leaves the instance's own status and attributes as they are", "effect", "description"),
    _R("M01", "GET, POST with a query and POST with a form body mean the same", "relation", "examples", "common"),
    _R("M02", "JSON and XML tell the same", "relation", "examples"),
    _R("M03", "Both signature schemes lead to the same answer", "relation", "request parameters", "common"),
    _R("M04", "The order of parameters and the connection do not matter", "relation", "request parameters", "common", "normal"),
    _R("M05", "By id, by filter and by instance, the descriptions agree", "relation", "description", "reading", "normal"),
    _R("M06", "Overlapping calls can be explained by some serial order", "relation", "notes", "reading"),
    _R("M07", "Every step of a history can be explained by the life cycle", "relation", "notes"),
    _R("M08", "The same fault gets the same answer under other ids, callers and wire forms", "relation", "error codes", "reading", "minor"),
    _R("G01", "A call with a wrong, truncated or missing signature is refused", "gateway", "common errors", "common", "blocker"),
    _R("G02", "A signature made for another method, body or action is refused", "gateway", "common errors", "common", "blocker"),
    _R("G03", "A SignatureNonce is accepted once", "gateway", "common errors", "common"),
    _R("G04", "A timestamp far outside the window, or not a time, is refused", "gateway", "common errors", "common"),
    _R("G05", "An unknown AccessKeyId is refused", "gateway", "common errors", "common", "blocker"),
    _R("G06", "An unknown Action or Version is refused", "gateway", "common errors", "common", "normal"),
    _R("G07", "Missing public parameters are refused", "gateway", "common errors", "common", "normal"),
    _R("G08", "Correctly signed calls are accepted whatever characters they carry", "gateway", "common errors", "common"),
    _R("B01", "No input leads to a status of 500 or above", "robustness", "error codes", "reading: a failure of the service is no answer to an input"),
    _R("B02", "Every call is answered in time, in whole, in valid HTTP", "robustness", "description", "reading"),
    _R("B03", "Hostile input leaves no lasting damage", "robustness", "description", "reading"),
)  # fmt: skip


OTHERS_2024: tuple[Requirement, ...] = (
    _R("P09", "TrunkNetworkInstanceId may be left out; a trunk that does not hold the interface is ignored or refused as documented", "parameter", "request parameters", "page 2024", "minor"),
)  # fmt: skip


@dataclass(frozen=True)
class Refusal:
    """An admissible refusal: its statuses, its code, the row it is evidence for and the precondition broken.

    table: where the code stands; an answer from the common table is admissible unless the page alone counts.
    """

    http: tuple[int, ...]
    code: str
    row: str
    because: str
    table: Literal["page", "common"] = "page"


@dataclass(frozen=True)
class Contract:
    """One revision of the page, ready for use. Every mapping is keyed by the short id (E11, P01, ...)."""

    revision: Revision
    parameters: tuple[Parameter, ...]
    errors: Mapping[str, ErrorRow]
    preconditions: Mapping[str, Precondition]
    requirements: Mapping[str, Requirement]
    _refusals: Mapping[str, tuple[Refusal, ...]] = field(repr=False)

    def refusals(self, precondition: str) -> tuple[Refusal, ...]:
        """What the page admits when this precondition is broken. KeyError for an unknown name."""
        return self._refusals[precondition]

    def by_the_page(self) -> Contract:
        """The same contract without the common table."""
        page = {name: tuple(r for r in made if r.table == "page") for name, made in self._refusals.items()}
        return replace(self, _refusals=MappingProxyType(page))

    @property
    def codes(self) -> frozenset[str]:
        """Every code of the error table."""
        return frozenset(row.code for row in self.errors.values())


def _contract(revision: Revision) -> Contract:
    """The table of one revision; data alone tells the revisions apart."""
    later = revision == "2024"
    errors = {row.id: row for row in (*ERRORS, *(ERRORS_2024 if later else ()))}
    preconditions = {}
    for item in (*PRECONDITIONS, *(PRECONDITIONS_2024 if later else ())):
        extra = ALSO_2024.get(item.name, ()) if later else ()
        preconditions[item.name] = Precondition(
            item.name, item.own, item.also + extra, item.source, item.title or item.name
        )
    requirements: dict[str, Requirement] = {}
    for row in errors.values():
        severity: Severity = "critical" if row.needs != "control" else "normal"
        requirements[row.id] = Requirement(
            row.id, f"{row.code}: {row.title}", "error", "error codes",
            "page 2024" if row.id.startswith("X") else "page", severity, row.http[0], row.code, row.needs, row.beyond,
        )  # fmt: skip
    for requirement in (*OTHERS, *(OTHERS_2024 if later else ())):
        requirements[requirement.id] = requirement
    refusals = {
        name: (
            *(Refusal(errors[row].http, errors[row].code, row, name) for row in (item.own, *item.also)),
            *(Refusal(row.http, row.code, item.own, name, "common") for row in answers_to(name)),
        )
        for name, item in preconditions.items()
    }
    return Contract(
        revision,
        PARAMETERS_2024 if later else PARAMETERS,
        MappingProxyType(errors),
        MappingProxyType(preconditions),
        MappingProxyType(requirements),
        MappingProxyType(refusals),
    )


CONTRACTS: Mapping[Revision, Contract] = MappingProxyType({"2019": _contract("2019"), "2024": _contract("2024")})


def full_id(short: str) -> str:
    """The stable public id of a requirement: "E11" -> "ENI-DETACH-E11"."""
    return PREFIX + short


def short_id(full: str) -> str:
    """The inverse of `full_id`; a short id is returned as it is."""
    return full.removeprefix(PREFIX)


def missing_codes(name: str) -> Iterable[str]:
    """Every spelling of "this required parameter is missing" that ECS and its gateway are known to use.

    Source: answers of ECS captured in public (MissingParameter), suffixed form, gateway form.
    """
    return ("MissingParameter", f"MissingParameter.{name}", f"Missing{name}")
