"""Wrong answers: status, code, missing or surplus guards, identifiers that match too much, authorization."""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.catalogue import REGIONS
from eni_conformance.emulator.envelope import Refusal
from eni_conformance.emulator.faults.kit import (
    EXTRA,
    Fault,
    Hooked,
    Part,
    When,
    crash,
    does_on_refusal,
    edit_parameters,
    eni_is,
    fault,
    hook,
    instance_is,
    pretend,
    recode,
    refuse,
    rewrite,
    skip,
    type_is,
    value,
)

STATE = "InvalidOperation.InvalidEniState"
ECS_STATE = "InvalidOperation.InvalidEcsState"
PRIMARY = "InvalidOperation.DetachPrimaryEniNotAllowed"
TYPE = "InvalidOperation.InvalidEniType"
NO_ENI = "InvalidEniId.NotFound"
NO_ECS = "InvalidEcsId.NotFound"


def _status(slug: str, code: str, wrong: int) -> Fault:
    return fault(
        f"status-{slug}",
        "status",
        code,
        f"{code} comes with HTTP status {wrong}.",
        recode(code, status=wrong),
    )


def _code(slug: str, code: str, wrong: str) -> Fault:
    return fault(f"code-{slug}", "code", code, f"Where {code} belongs, the code is {wrong}.", recode(code, to=wrong))


STATUSES = (
    _status("missing-parameter", "MissingParameter", 404),
    _status("unsupported-parameter", "UnsupportedParameter", 403),
    _status("invalid-parameter", "InvalidParameter", 403),
    _status("malformed-instance-id", "InvalidInstanceID.Malformed", 404),
    _status("malformed-eni-id", "InvalidParams.EniId", 404),
    _status("invalid-region", "InvalidOperation.InvalidRegion", 403),
    _status("region-without-feature", "Forbidden.RegionId", 403),
    _status("instance-state", ECS_STATE, 403),
    _status("eni-state", STATE, 403),
    _status("primary", PRIMARY, 403),
    _status("user-type", "InvalidUserType.NotSupported", 400),
    _status("account-not-found", "Abs.InvalidAccount.NotFound", 404),
    _status("ram-kind", "Forbidden.NotSupportRAM", 401),
    _status("sub-user", "Forbidden.SubUser", 400),
    _status("instance-limit", "EniPerInstanceLimitExceeded", 400),
    _status("zone-mismatch", "InvalidOperation.AvailabilityZoneMismatch", 400),
    _status("vpc-mismatch", "InvalidOperation.VpcMismatch", 400),
    _status("group-limit", "SecurityGroupInstanceLimitExceed", 400),
    _status("group-not-vpc", "InvalidSecurityGroupId.NotVpc", 400),
    _status("eni-type", TYPE, 400),
    _status("instance-not-found", NO_ECS, 400),
    _status("eni-not-found", NO_ENI, 403),
    _status("vswitch-not-found", "InvalidVSwitchId.NotFound", 400),
    _status("group-not-found", "InvalidSecurityGroupId.NotFound", 400),
)

CODES = (
    _code("missing-parameter", "MissingParameter", "ParameterMissing"),
    _code("unsupported-parameter", "UnsupportedParameter", "UnsupportedOperation"),
    _code("invalid-parameter", "InvalidParameter", "IllegalParameter"),
    _code("malformed-instance-id", "InvalidInstanceID.Malformed", "InvalidInstanceId.MalFormed"),
    _code("malformed-eni-id", "InvalidParams.EniId", "InvalidParams.EniID"),
    _code("invalid-region", "InvalidOperation.InvalidRegion", "InvalidOperation.InvalidRegionId"),
    _code("region-without-feature", "Forbidden.RegionId", "Forbidden.Region"),
    _code("instance-state", ECS_STATE, "IncorrectInstanceStatus"),
    _code("eni-state", STATE, "InvalidOperation.InvalidEniStatus"),
    _code("primary", PRIMARY, "InvalidOperation.DetachPrimaryEniNotAllow"),
    _code("user-type", "InvalidUserType.NotSupported", "InvalidUserType.NotSupport"),
    _code("account-not-found", "Abs.InvalidAccount.NotFound", "InvalidAccount.NotFound"),
    _code("ram-kind", "Forbidden.NotSupportRAM", "Forbidden.NotSupportRam"),
    _code("sub-user", "Forbidden.SubUser", "Forbidden.Subuser"),
    _code("instance-limit", "EniPerInstanceLimitExceeded", "EniPerInstanceLimitExceed"),
    _code("zone-mismatch", "InvalidOperation.AvailabilityZoneMismatch", "InvalidOperation.ZoneMismatch"),
    _code("vpc-mismatch", "InvalidOperation.VpcMismatch", "InvalidOperation.VpcMisMatch"),
    _code("group-limit", "SecurityGroupInstanceLimitExceed", "SecurityGroupInstanceLimitExceeded"),
    _code("group-not-vpc", "InvalidSecurityGroupId.NotVpc", "InvalidSecurityGroupId.NotVPC"),
    _code("eni-type", TYPE, "InvalidOperation.EniTypeNotSupport"),
    _code("instance-not-found", NO_ECS, "InvalidInstance.NotFound"),
    _code("eni-not-found", NO_ENI, "InvalidNetworkInterfaceId.NotFound"),
    _code("vswitch-not-found", "InvalidVSwitchId.NotFound", "InvalidVSwitchID.NotFound"),
    _code("group-not-found", "InvalidSecurityGroupId.NotFound", "InvalidSecurityGroup.NotFound"),
)


def _swap_not_found(when: When) -> Hooked:
    swapped = {NO_ECS: NO_ENI, NO_ENI: NO_ECS}

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        if refusal is None or refusal.code not in swapped or (call.eni is None and call.instance is None):
            return refusal
        return Refusal(404, swapped[refusal.code], refusal.message)

    return "decision", decision


def _not_found_for_everything(when: When) -> Hooked:
    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        if refusal is None or call.eni is None or call.instance is None or refusal.status != 400:
            return refusal
        return Refusal(404, NO_ENI, refusal.message)

    return "decision", decision


MIXED_CODES = (
    fault(
        "code-not-found-swapped",
        "code",
        NO_ENI,
        "An unknown interface is reported as an unknown instance, and the other way round.",
        _swap_not_found,
    ),
    fault(
        "code-state-as-not-found",
        "code",
        STATE,
        "Interface and instance exist, but a refusal of status 400 is reported as an unknown interface.",
        _not_found_for_everything,
    ),
    fault(
        "code-states-mixed-up",
        "code",
        ECS_STATE,
        "A wrong status of the instance is reported as a wrong status of the interface.",
        recode(ECS_STATE, to=STATE),
    ),
    fault(
        "code-zone-as-vpc",
        "code",
        "InvalidOperation.AvailabilityZoneMismatch",
        "A zone mismatch is reported as a VPC mismatch.",
        recode("InvalidOperation.AvailabilityZoneMismatch", to="InvalidOperation.VpcMismatch"),
    ),
    fault(
        "code-ram-kind-as-sub-user",
        "code",
        "Forbidden.NotSupportRAM",
        "A RAM user of an unsupported kind is told that the permission is missing.",
        recode("Forbidden.NotSupportRAM", to="Forbidden.SubUser"),
    ),
    fault(
        "status-all-refusals-200",
        "status",
        "HTTP status",
        "Refusals carry their code, but HTTP status 200.",
        recode("", status=200),
    ),
    fault(
        "status-all-refusals-400",
        "status",
        "HTTP status",
        "Every refusal comes with HTTP status 400.",
        recode("", status=400),
    ),
    fault(
        "status-not-found-500",
        "status",
        NO_ECS,
        "An unknown instance is an internal error.",
        recode(NO_ECS, status=500, to="InternalError"),
    ),
)


# Guards that are missing, or refuse what the page allows


def _ok(slug: str, requirement: str, sentence: str, *guards: str, when: When | None = None) -> Fault:
    part = skip(*guards)
    name, kind = f"accepts-{slug}", "state"
    if when is None:
        return fault(name, kind, requirement, sentence, part)
    return fault(name, kind, requirement, sentence, part, when=when)


_IN_STATE = "interface_is_in_use_or_detaching"
_ON = "interface_is_on_the_instance"
_ECS_STATE = "instance_is_running_or_stopped"

STATES = (
    _ok(
        "available",
        STATE,
        "An Available interface is detached once more.",
        _IN_STATE,
        when=eni_is("Available"),
    ),
    _ok("attaching", STATE, "An Attaching interface can be detached.", _IN_STATE, when=eni_is("Attaching")),
    _ok("deleting", STATE, "A Deleting interface can be detached.", _IN_STATE, when=eni_is("Deleting")),
    fault(
        "available-quietly-ok",
        "state",
        STATE,
        "Detaching an Available interface answers 200 and does nothing.",
        pretend(STATE),
        when=eni_is("Available"),
    ),
    fault(
        "refuses-detaching",
        "state",
        STATE,
        "A repeated detach is refused while the interface is Detaching.",
        refuse(400, STATE),
        when=eni_is("Detaching"),
    ),
    _ok("pending", ECS_STATE, "The instance may be Pending.", _ECS_STATE, when=instance_is("Pending")),
    _ok("starting", ECS_STATE, "The instance may be Starting.", _ECS_STATE, when=instance_is("Starting")),
    _ok("stopping", ECS_STATE, "The instance may be Stopping.", _ECS_STATE, when=instance_is("Stopping")),
    _ok("any-instance-state", ECS_STATE, "The status of the instance is never looked at.", _ECS_STATE),
    fault(
        "refuses-stopped",
        "state",
        ECS_STATE,
        "A Stopped instance counts as being in the wrong status.",
        refuse(400, ECS_STATE),
        when=instance_is("Stopped"),
    ),
    fault(
        "refuses-running",
        "state",
        ECS_STATE,
        "A Running instance counts as being in the wrong status.",
        refuse(400, ECS_STATE),
        when=instance_is("Running"),
    ),
    _ok("primary", PRIMARY, "The primary interface can be detached.", "interface_is_not_primary"),
    fault(
        "primary-quietly-ok",
        "state",
        PRIMARY,
        "Detaching the primary interface answers 200 and does nothing.",
        pretend(PRIMARY),
    ),
    _ok(
        "primary-of-stopped",
        PRIMARY,
        "The primary interface of a Stopped instance can be detached.",
        "interface_is_not_primary",
        when=instance_is("Stopped"),
    ),
    _ok(
        "trunk",
        TYPE,
        "A Trunk interface can be detached.",
        "interface_type_is_supported",
        when=type_is("Trunk"),
    ),
    _ok(
        "member",
        TYPE,
        "A Member interface can be detached.",
        "interface_type_is_supported",
        when=type_is("Member"),
    ),
    _ok(
        "unknown-type",
        TYPE,
        "Only Trunk and Member interfaces are refused, other unsupported types pass.",
        "interface_type_is_supported",
        when=When(
            "the type is none of Primary, Secondary, Trunk, Member",
            lambda call: call.eni is not None and call.eni.type not in ("Primary", "Secondary", "Trunk", "Member"),
        ),
    ),
    _ok("wrong-instance", STATE, "It is enough that the interface is attached anywhere.", _ON),
    fault(
        "wrong-instance-quietly-ok",
        "state",
        STATE,
        "Naming an instance that the interface is not on answers 200 and does nothing.",
        pretend(STATE),
        when=When(
            "the interface is on another instance",
            lambda call: (
                call.eni is not None and call.eni.instance is not None and call.eni.instance is not call.instance
            ),
        ),
    ),
    _ok("missing-vswitch", "InvalidVSwitchId.NotFound", "A vanished vSwitch is not noticed.", "vswitch_exists"),
    _ok(
        "missing-group",
        "InvalidSecurityGroupId.NotFound",
        "A vanished security group is not noticed.",
        "security_groups_exist",
    ),
    _ok(
        "classic-group",
        "InvalidSecurityGroupId.NotVpc",
        "A classic security group is not noticed.",
        "security_groups_are_of_a_vpc",
    ),
    _ok(
        "full-group",
        "SecurityGroupInstanceLimitExceed",
        "A security group over its limit is not noticed.",
        "security_groups_are_within_their_limit",
    ),
    _ok(
        "zone-mismatch",
        "InvalidOperation.AvailabilityZoneMismatch",
        "An interface in another zone than its instance is not noticed.",
        "interface_is_in_the_zone",
    ),
    _ok(
        "vpc-mismatch",
        "InvalidOperation.VpcMismatch",
        "An interface in another VPC than its instance is not noticed.",
        "interface_is_in_the_vpc",
    ),
    _ok(
        "instance-over-limit",
        "EniPerInstanceLimitExceeded",
        "An instance with too many interfaces is not noticed.",
        "instance_is_within_its_limit",
    ),
    _ok(
        "region-without-feature",
        "Forbidden.RegionId",
        "A region that does not offer the operation offers it.",
        "region_offers_the_feature",
    ),
)


# What was sent


def _default_region(call: Call, pairs: list[tuple[str, str]]) -> None:
    if not call.get("RegionId"):
        call.params["RegionId"] = "cn-hangzhou"


def _find_region(call: Call, pairs: list[tuple[str, str]]) -> None:
    eni = call.cloud.interfaces.get(call.get("NetworkInterfaceId"))
    if eni is not None and call.get("RegionId") in REGIONS:
        call.params["RegionId"] = eni.region


def _fold_names(call: Call, pairs: list[tuple[str, str]]) -> None:
    proper = {name.lower(): name for name in ("InstanceId", "NetworkInterfaceId", "RegionId")}
    for name, text in pairs:
        if name.lower() in proper:
            call.params.setdefault(proper[name.lower()], text)


def _first_of_list(call: Call, text: str) -> str:
    return text.strip("[]\"'").split(",")[0].strip("\"' ")


def _prefix(call: Call, text: str) -> str:
    known = [*call.cloud.interfaces, *call.cloud.instances]
    if len(text) < 10 or text in known:
        return text
    return next((id for id in known if id.startswith(text)), text)


def _cut(call: Call, text: str) -> str:
    known = [*call.cloud.interfaces, *call.cloud.instances]
    return next((id for id in known if text.startswith(id)), text)


def _suffix(call: Call, text: str) -> str:
    known = [*call.cloud.interfaces, *call.cloud.instances]
    return next((id for id in known if text and id.split("-", 1)[1] == text), text)


ENI, ECS = "NetworkInterfaceId", "InstanceId"
BOTH = (ENI, ECS)


def _loose(slug: str, sentence: str, part: Part, requirement: str = NO_ENI) -> Fault:
    return fault(f"id-{slug}", "validation", requirement, sentence, part)


IDENTIFIERS = (
    _loose("trimmed", "White space around an id is ignored.", rewrite(*BOTH, by=lambda call, text: text.strip())),
    _loose(
        "eni-case-folded",
        "The interface id is compared in lower case.",
        rewrite(ENI, by=lambda c, t: t.lower()),
    ),
    _loose(
        "instance-case-folded",
        "The instance id is compared in lower case.",
        rewrite(ECS, by=lambda call, text: text.lower()),
        NO_ECS,
    ),
    _loose(
        "width-folded",
        "Full-width forms of letters and digits count as the plain ones.",
        rewrite(*BOTH, by=lambda call, text: unicodedata.normalize("NFKC", text)),
    ),
    _loose(
        "prefix-matched",
        "The beginning of an id, ten characters or more, is enough.",
        rewrite(*BOTH, by=_prefix),
    ),
    _loose("cut-at-its-length", "What follows a whole id is ignored.", rewrite(*BOTH, by=_cut)),
    _loose("without-prefix", "The part after the dash is enough.", rewrite(*BOTH, by=_suffix)),
    _loose(
        "cut-at-nul",
        "An id ends at its first NUL.",
        rewrite(*BOTH, by=lambda call, text: text.split("\0")[0]),
    ),
    _loose(
        "decoded-twice",
        "Percent signs in a decoded value are decoded once more.",
        rewrite(*BOTH, by=lambda call, text: unquote(text)),
    ),
    _loose("list-unwrapped", "Of a JSON list of ids the first counts.", rewrite(*BOTH, by=_first_of_list)),
    _loose(
        "invisible-dropped",
        "Zero-width characters in an id are dropped.",
        rewrite(*BOTH, by=lambda call, text: "".join(c for c in text if unicodedata.category(c) != "Cf")),
    ),
    _loose(
        "underscore-as-dash",
        "An underscore counts as a dash.",
        rewrite(*BOTH, by=lambda call, text: text.replace("_", "-")),
    ),
    _loose(
        "region-case-folded",
        "RegionId is compared in lower case.",
        rewrite("RegionId", by=lambda call, text: text.lower()),
        "InvalidOperation.InvalidRegion",
    ),
    _loose(
        "region-trimmed",
        "White space around RegionId is ignored.",
        rewrite("RegionId", by=lambda call, text: text.strip()),
        "InvalidOperation.InvalidRegion",
    ),
)


def _mandatory(slug: str, name: str, sentence: str, *parts: Part, when: When | None = None) -> Fault:
    kind, requirement = "validation", f"MissingParameter: {name}"
    if when is None:
        return fault(slug, kind, requirement, sentence, *parts)
    return fault(slug, kind, requirement, sentence, *parts, when=when)


def _empty(name: str) -> When:
    return When(f"{name} is empty", lambda call: call.params.get(name) == "")


VALIDATION = (
    _mandatory("instance-id-optional", ECS, "InstanceId may be missing.", skip("instance_id_is_given")),
    _mandatory("eni-id-optional", ENI, "NetworkInterfaceId may be missing.", skip("interface_id_is_given")),
    _mandatory(
        "region-id-optional",
        "RegionId",
        "Without RegionId it is cn-hangzhou.",
        edit_parameters(_default_region),
    ),
    _mandatory(
        "instance-id-may-be-empty",
        ECS,
        "An empty InstanceId stands for any instance.",
        skip("instance_id_is_given"),
        when=_empty(ECS),
    ),
    _mandatory(
        "eni-id-empty-crashes",
        ENI,
        "An empty NetworkInterfaceId is an internal error.",
        crash(),
        when=_empty(ENI),
    ),
    _mandatory(
        "region-id-may-be-empty",
        "RegionId",
        "An empty RegionId is cn-hangzhou.",
        edit_parameters(_default_region),
        when=_empty("RegionId"),
    ),
    _mandatory(
        "missing-reported-as-malformed",
        ECS,
        "A missing InstanceId is reported as malformed.",
        recode("MissingParameter", to="InvalidInstanceID.Malformed"),
        when=When("InstanceId is missing", lambda call: ECS not in call.params),
    ),
    fault(
        "instance-id-ignored",
        "validation",
        NO_ECS,
        "An unknown instance is no obstacle.",
        skip("instance_exists", "instance_id_is_well_formed"),
    ),
    fault(
        "eni-not-found-quietly-ok",
        "validation",
        NO_ENI,
        "Detaching an interface that does not exist answers 200.",
        pretend(NO_ENI),
    ),
    fault(
        "region-ignored",
        "validation",
        "RegionId",
        "Resources are found in whatever region they lie.",
        edit_parameters(_find_region),
    ),
    fault(
        "unknown-region-accepted",
        "validation",
        "InvalidOperation.InvalidRegion",
        "An unknown region counts as cn-hangzhou.",
        rewrite("RegionId", by=lambda call, text: text if text in REGIONS or not text else "cn-hangzhou"),
    ),
    fault(
        "names-case-folded",
        "validation",
        "parameter names",
        "Parameter names are compared without case.",
        edit_parameters(_fold_names),
    ),
    fault(
        "unsupported-parameter-ignored",
        "validation",
        "UnsupportedParameter",
        "A parameter that is not supported is ignored.",
        skip("parameters_are_supported"),
    ),
    fault(
        "owner-account-refused",
        "validation",
        "OwnerAccount",
        "The documented parameter OwnerAccount is refused.",
        refuse(400, "UnsupportedParameter"),
        when=When("OwnerAccount is given", lambda call: "OwnerAccount" in call.params),
    ),
    fault(
        "malformed-instance-id-ok",
        "validation",
        "InvalidInstanceID.Malformed",
        "A malformed instance id is no obstacle.",
        skip("instance_id_is_well_formed", "instance_exists", "values_are_text"),
        when=value("the instance id does not begin with i-", lambda text: not text.startswith("i-"), ECS),
    ),
    fault(
        "malformed-eni-id-ok",
        "validation",
        "InvalidParams.EniId",
        "A malformed interface id gets 200.",
        pretend("InvalidParams.EniId"),
    ),
    fault(
        "malformed-ids-crash",
        "validation",
        "InvalidParams.EniId",
        "A malformed id is an internal error.",
        recode("InvalidParams.EniId", status=500, to="InternalError"),
        recode("InvalidInstanceID.Malformed", status=500, to="InternalError"),
    ),
)


# Who calls


def _see_everything(call: Call, guard: str) -> bool:
    """Runs before the first guard: other accounts' resources are found too."""
    if guard in ("instance_exists", "interface_exists") and call.action == "DetachNetworkInterface":
        call.instance = call.instance or call.cloud.instances.get(call.get(ECS))
        call.eni = call.eni or call.cloud.interfaces.get(call.get(ENI))
        return call.instance is not None if guard == "instance_exists" else call.eni is not None
    return False


def _foreign(call: Call) -> bool:
    eni = call.cloud.interfaces.get(call.get(ENI))
    return eni is not None and eni.owner != call.caller.account


FOREIGN = When("the resources belong to another account", _foreign)


def _forbid_foreign(call: Call, refusal: Refusal | None) -> Refusal | None:
    if call.action == "DetachNetworkInterface" and refusal is not None and refusal.status == 404 and _foreign(call):
        return Refusal(403, "Forbidden.SubUser", "The resource belongs to another account.")
    return refusal


def _tell_state(call: Call, refusal: Refusal | None) -> Refusal | None:
    if call.action == "DetachNetworkInterface" and refusal is not None and refusal.status == 404 and _foreign(call):
        return Refusal(400, STATE, "The network interface is not in a status that allows this.")
    return refusal


AUTHORIZATION = (
    fault(
        "expired-account-accepted",
        "authorization",
        "Abs.InvalidAccount.NotFound",
        "An account that has expired may still detach.",
        skip("account_exists"),
    ),
    fault(
        "user-type-accepted",
        "authorization",
        "InvalidUserType.NotSupported",
        "An account of an unsupported type may detach.",
        skip("account_type_is_supported"),
    ),
    fault(
        "ram-kind-accepted",
        "authorization",
        "Forbidden.NotSupportRAM",
        "A RAM user of an unsupported kind may detach.",
        skip("ram_user_is_supported"),
    ),
    fault(
        "ram-user-without-permission-accepted",
        "authorization",
        "Forbidden.SubUser",
        "A RAM user needs no permission.",
        skip("ram_user_is_authorized"),
    ),
    fault(
        "denied-user-detaches-all-the-same",
        "authorization",
        "Forbidden.SubUser",
        "A RAM user without the permission is refused, but the interface is detached.",
        does_on_refusal("Forbidden.SubUser", lambda call, eni: call.cloud.detach(eni)),
    ),
    fault(
        "other-account-detaches",
        "authorization",
        "tenant isolation",
        "Another account's interface can be detached.",
        hook("skip", _see_everything),
    ),
    fault(
        "other-account-forbidden",
        "authorization",
        "tenant isolation",
        "Another account's interface is forbidden instead of unknown, which tells that it exists.",
        hook("decision", _forbid_foreign),
    ),
    fault(
        "other-account-learns-state",
        "authorization",
        "tenant isolation",
        "Another account's interface is refused for its status instead of being unknown.",
        hook("decision", _tell_state),
    ),
    fault(
        "other-account-quietly-ok",
        "authorization",
        "tenant isolation",
        "Another account's interface gets 200, and nothing happens.",
        pretend(NO_ECS),
        pretend(NO_ENI),
        when=FOREIGN,
    ),
    fault(
        "other-account-quietly-ok-with-extra",
        "authorization",
        "tenant isolation",
        "Another account's interface gets 200, and nothing happens.",
        pretend(NO_ECS),
        pretend(NO_ENI),
        when=FOREIGN & EXTRA,
    ),
)

ANSWERS = (*STATUSES, *CODES, *MIXED_CODES, *STATES, *IDENTIFIERS, *VALIDATION, *AUTHORIZATION)
