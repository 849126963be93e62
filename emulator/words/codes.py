"""Wrong codes and statuses, guards that are missing, and refusals that nobody earned."""

from __future__ import annotations

from collections.abc import Callable

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.catalogue import REGIONS
from eni_conformance.emulator.detach import ECS_STATE, GUARDS, NO_ECS, NO_ENI, STATE, broken, justified
from eni_conformance.emulator.envelope import Refusal
from eni_conformance.emulator.words.family import REFUSED, VALID, Builder, family, named
from eni_conformance.emulator.words.persistence import Gate
from eni_conformance.emulator.words.scene import Facts, Hooks, facts

_STATUSES_OF = {guard.code: guard.status for guard in GUARDS}
CODES: dict[str, int] = {
    code: _STATUSES_OF[code]
    for code in (
        *("MissingParameter", "UnsupportedParameter", "InvalidParameter", "InvalidInstanceID.Malformed"),
        *("InvalidParams.EniId", "InvalidOperation.InvalidRegion", "Forbidden.RegionId"),
        *("InvalidOperation.InvalidEcsState", "InvalidOperation.InvalidEniState"),
        *("InvalidOperation.DetachPrimaryEniNotAllowed", "InvalidUserType.NotSupported"),
        *("Abs.InvalidAccount.NotFound", "Forbidden.NotSupportRAM", "Forbidden.SubUser"),
        *("EniPerInstanceLimitExceeded", "InvalidOperation.AvailabilityZoneMismatch", "InvalidOperation.VpcMismatch"),
        *("SecurityGroupInstanceLimitExceed", "InvalidSecurityGroupId.NotVpc", "InvalidOperation.InvalidEniType"),
        *("InvalidEcsId.NotFound", "InvalidEniId.NotFound", "InvalidVSwitchId.NotFound"),
        *("InvalidSecurityGroupId.NotFound",),
    )
}
"""The documented codes, each with the status that the page gives it."""

IMPLIED: dict[str, set[str]] = {guard.name: set(guard.implies) for guard in GUARDS}


def find_anywhere(call: Call) -> None:
    """Look the resources up once more, in whatever region of the account they lie."""
    instance = call.cloud.instances.get(call.get("InstanceId"))
    eni = call.cloud.interfaces.get(call.get("NetworkInterfaceId"))
    call.instance = instance if instance is not None and instance.owner == call.caller.account else None
    call.eni = eni if eni is not None and eni.owner == call.caller.account else None


_CODE_FACTS: dict[str, Facts] = {
    "InvalidInstanceID.Malformed": facts(instance="unknown", caller="account"),
    "InvalidParams.EniId": facts(eni="unknown", caller="account"),
    NO_ECS: facts(instance="unknown", caller="account other"),
    NO_ENI: facts(eni="unknown", caller="account other"),
    ECS_STATE: facts(status="between", caller="account"),
    STATE: facts(caller="account", state="InUse Available"),
    "InvalidOperation.DetachPrimaryEniNotAllowed": facts(type="Primary", caller="account", name="none"),
    "InvalidOperation.InvalidEniType": facts(type="other", caller="account"),
    "Forbidden.SubUser": facts(caller="ram"),
    "Forbidden.NotSupportRAM": facts(caller="ram_unsupported"),
    "Abs.InvalidAccount.NotFound": facts(caller="expired"),
    "InvalidUserType.NotSupported": facts(caller="unsupported"),
}
_HARD = frozenset(
    {
        *("UnsupportedParameter", "Forbidden.RegionId", "InvalidVSwitchId.NotFound", "InvalidUserType.NotSupported"),
        *("InvalidSecurityGroupId.NotFound", "EniPerInstanceLimitExceeded", "Forbidden.NotSupportRAM"),
        *("InvalidOperation.AvailabilityZoneMismatch", "InvalidOperation.VpcMismatch", "Abs.InvalidAccount.NotFound"),
        *("SecurityGroupInstanceLimitExceed", "InvalidSecurityGroupId.NotVpc", "InvalidOperation.InvalidEniType"),
    }
)


def code_facts(code: str) -> Facts:
    """What a world must be like for a call to earn this refusal."""
    return {**facts(outcome="refused"), **_CODE_FACTS.get(code, facts(caller="account"))}


def code_share(code: str) -> float:
    """How many calls earn this refusal, roughly."""
    return 0.02 if code in _HARD else 0.04


# Wrong codes and statuses


Other = Callable[[str, Call, Refusal], Refusal | None]


def exchange(change: Other) -> Builder:
    """A refusal is exchanged for another one; None from `change` leaves it."""

    def build(gate: Gate, argument: str) -> Hooks:
        def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
            other = change(argument, call, refusal) if refusal is not None else None
            return other if other is not None and gate.fires(call) else refusal

        return (("decision", decision),)

    return build


def _wrong_code(code: str, call: Call, refusal: Refusal) -> Refusal | None:
    return None if code in justified(call) else Refusal(CODES[code], code, refusal.message)


def _code_for(argument: str, call: Call, refusal: Refusal) -> Refusal | None:
    right, _, wrong = argument.partition(">")
    if refusal.code != right or wrong in justified(call):
        return None
    return Refusal(CODES[wrong], wrong, refusal.message)


def _undocumented(code: str, call: Call, refusal: Refusal) -> Refusal | None:
    return Refusal(refusal.status, code, refusal.message)


_MISSPELT: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "undotted": lambda code: code.replace(".", ""),
    "underscored": lambda code: code.replace(".", "_"),
    "spaced": lambda code: code + " ",
    "dotted": lambda code: code + ".",
    "tail": lambda code: code.rpartition(".")[2],
    "prefixed": lambda code: f"ecs.{code}",
    "cut": lambda code: code[:-1],
}


def _misspelt(style: str, call: Call, refusal: Refusal) -> Refusal | None:
    code = _MISSPELT[style](refusal.code)
    return None if code == refusal.code else Refusal(refusal.status, code, refusal.message)


def _wrong_status(status: str, call: Call, refusal: Refusal) -> Refusal | None:
    return None if refusal.status == int(status) else Refusal(int(status), refusal.code, refusal.message)


def _status_of(argument: str, call: Call, refusal: Refusal) -> Refusal | None:
    code, _, status = argument.partition(":")
    return Refusal(int(status), code, refusal.message) if refusal.code == code else None


_FAILED = "The request processing has failed."


def _internal_error(gate: Gate, argument: str) -> Hooks:
    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        fits = argument in ("any", "valid" if refusal is None else "refused")
        return Refusal(500, "InternalError", _FAILED) if fits and gate.fires(call) else refusal

    return (("decision", decision),)


_WRONG_PAIRS = tuple(
    f"{right}>{wrong}"
    for right, wrongs in {
        NO_ENI: (STATE, "InvalidParams.EniId", "InvalidVSwitchId.NotFound", "MissingParameter"),
        NO_ECS: (ECS_STATE, "InvalidInstanceID.Malformed", STATE, "MissingParameter"),
        STATE: (ECS_STATE, "InvalidOperation.InvalidEniType", NO_ECS, "InvalidVSwitchId.NotFound"),
        ECS_STATE: (STATE, NO_ECS, "EniPerInstanceLimitExceeded", "InvalidParameter"),
        "InvalidOperation.DetachPrimaryEniNotAllowed": (STATE, NO_ENI, "Forbidden.SubUser"),
        "MissingParameter": ("UnsupportedParameter", STATE, "Forbidden.RegionId"),
        "InvalidOperation.InvalidRegion": ("Forbidden.RegionId", "MissingParameter", STATE),
        "InvalidInstanceID.Malformed": ("InvalidParams.EniId", "MissingParameter", ECS_STATE),
        "InvalidParams.EniId": ("InvalidInstanceID.Malformed", "MissingParameter", STATE),
        "Forbidden.SubUser": ("Forbidden.NotSupportRAM", NO_ENI, "InvalidUserType.NotSupported"),
        "Forbidden.NotSupportRAM": ("Forbidden.SubUser", "InvalidUserType.NotSupported"),
        "InvalidUserType.NotSupported": ("Abs.InvalidAccount.NotFound", "Forbidden.SubUser"),
        "Abs.InvalidAccount.NotFound": ("InvalidUserType.NotSupported", "Forbidden.SubUser"),
        "InvalidOperation.AvailabilityZoneMismatch": ("InvalidOperation.VpcMismatch", STATE),
        "InvalidOperation.VpcMismatch": ("InvalidOperation.AvailabilityZoneMismatch", STATE),
        "InvalidSecurityGroupId.NotFound": ("InvalidSecurityGroupId.NotVpc", NO_ENI),
        "InvalidSecurityGroupId.NotVpc": ("InvalidSecurityGroupId.NotFound", "SecurityGroupInstanceLimitExceed"),
        "SecurityGroupInstanceLimitExceed": ("EniPerInstanceLimitExceeded", "InvalidSecurityGroupId.NotVpc"),
        "EniPerInstanceLimitExceeded": ("SecurityGroupInstanceLimitExceed", ECS_STATE),
        "InvalidOperation.InvalidEniType": ("InvalidOperation.DetachPrimaryEniNotAllowed", STATE),
        "InvalidVSwitchId.NotFound": (NO_ENI, "InvalidSecurityGroupId.NotFound"),
        "Forbidden.RegionId": ("InvalidOperation.InvalidRegion", "Forbidden.SubUser"),
        "UnsupportedParameter": ("MissingParameter", STATE),
    }.items()
    for wrong in wrongs
)
_UNDOCUMENTED = (
    *("IncorrectInstanceStatus", "InvalidNetworkInterfaceId.NotFound", "Operation.Conflict", "IllegalParameter"),
    *("OperationDenied", "IncorrectEniStatus", "ResourceNotFound", "InvalidEniId.Malformed", "EniNotAttached"),
    *("DependencyViolation", "InvalidStatus.ValueNotSupported", "UnknownError", "QuotaExceeded.Eni"),
    *("InvalidInstance.NotFound", "InvalidRegionId.NotFound", "LastTokenProcessing"),
)
_STATUSES = ("200", "202", "401", "403", "404", "405", "409", "410", "412", "422", "500")
_STATUS_PAIRS = tuple(
    f"{code}:{wrong}" for code, right in CODES.items() for wrong in (400, 403, 404, 409) if wrong != right
)

# fmt: off
CODE_FAMILIES = (
    family("wrong-code", "code", "A refusal says %s, which the call has not earned.",
        exchange(_wrong_code), tuple(CODES), 0.5,
        where=REFUSED),
    family("code-for", "code", "Codes are mixed up: %s.", exchange(_code_for), _WRONG_PAIRS,
        lambda argument: code_share(argument.partition(">")[0]),
        needs=lambda argument: code_facts(argument.partition(">")[0])),
    family("undocumented-code", "code", "A refusal says %s, which the page lacks.",
        exchange(_undocumented), _UNDOCUMENTED, 0.5,
        where=REFUSED),
    family("misspelt-code", "code", "The code is misspelt (%s).", exchange(_misspelt), tuple(_MISSPELT), 0.5,
        where=REFUSED),
    family("wrong-status", "status", "A refusal has HTTP status %s.", exchange(_wrong_status), _STATUSES, 0.4,
        where=REFUSED),
    family("status-of", "status", "One refusal has a wrong status: %s.", exchange(_status_of), _STATUS_PAIRS,
        lambda argument: code_share(argument.partition(":")[0]),
        needs=lambda argument: code_facts(argument.partition(":")[0])),
    family("internal-error", "status", "The answer is an internal error: a %s call.", _internal_error,
        ("refused", "valid"), 0.5, needs=lambda argument: VALID if argument == "valid" else REFUSED),
)
# fmt: on


# Guards that are missing, successes that are none, refusals that nobody earned


def _skip_guard(gate: Gate, guard: str) -> Hooks:
    """Where only this guard (and what follows from it) refuses, the call is accepted."""

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        if refusal is None:
            return None
        names = broken(call)
        if guard not in names or names - {guard} - IMPLIED[guard]:
            return refusal
        if guard == "interface_type_is_supported" and call.eni is not None and call.eni.type == "Trunk":
            return refusal  # the page does not name this type
        if guard == "values_are_text" and not names & IMPLIED["values_are_text"]:
            return refusal  # only an owner parameter is odd, and that may be ignored
        if guard.startswith("region"):
            before = call.instance, call.eni
            find_anywhere(call)
            good = call.instance is not None and call.eni is not None and broken(call) <= {guard}
            if not good or not gate.fires(call):
                call.instance, call.eni = before
                return refusal
            return None
        return None if gate.fires(call) else refusal

    return (("decision", decision),)


_CALLERS_FIRST = sorted(GUARDS, key=lambda guard: not guard.name.startswith(("account_", "ram_user_")))
_GUARD_CODES = {guard.name: guard.code for guard in _CALLERS_FIRST if guard.name != "trunk_holds_the_interface"}
_GUARD_FACTS: dict[str, Facts] = {
    "instance_id_is_given": facts(instance="unknown", caller="account"),
    "interface_id_is_given": facts(eni="unknown", caller="account"),
    "interface_is_in_use_or_detaching": facts(linked="no", caller="account", eni="known", state="Available"),
    "interface_is_on_the_instance": facts(caller="account", eni="known", state="InUse"),
}


def _guard_facts(guard: str) -> Facts:
    return _GUARD_FACTS.get(guard) or {
        name: values for name, values in code_facts(_GUARD_CODES[guard]).items() if name != "outcome"
    }


def _silent_success(gate: Gate, code: str) -> Hooks:
    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        odd = refusal is not None and "values_are_text" in broken(call) and len(broken(call)) == 1
        if refusal is None or code not in ("any", refusal.code) or odd or not gate.fires(call):
            return refusal
        call.eni = None
        return None

    return (("decision", decision),)


def _refuse_valid(gate: Gate, code: str) -> Hooks:
    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        if refusal is None and code not in justified(call) and gate.fires(call):
            return Refusal(CODES.get(code, 403), code, "The operation is not possible now.")
        return refusal

    return (("decision", decision),)


def _refuse_but_do(gate: Gate, code: str) -> Hooks:
    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        eni = call.eni
        if refusal is None and eni is not None and code not in justified(call) and gate.fires(call):
            call.cloud.detach(eni)
            return Refusal(CODES[code], code, "The operation is not possible now.")
        return refusal

    return (("decision", decision),)


_GIVEN = {
    "InstanceId": "instance_id_is_given",
    "NetworkInterfaceId": "interface_id_is_given",
    "RegionId": "region_id_is_given",
}


def _empty_accepted(gate: Gate, name: str) -> Hooks:
    skip = _skip_guard(gate, _GIVEN[name])[0][1]

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        if call.params.get(name) != "":
            return refusal
        accepted: Refusal | None = skip(call, refusal)
        return accepted

    return (("decision", decision),)


def _region_ignored(gate: Gate, argument: str) -> Hooks:
    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        if refusal is None or call.get("RegionId") not in REGIONS or call.eni is not None:
            return refusal
        before = call.instance, call.eni
        find_anywhere(call)
        if call.eni is not None and call.instance is not None and not broken(call) and gate.fires(call):
            return None
        call.instance, call.eni = before
        return refusal

    return (("decision", decision),)


_SILENT = ("any", STATE, ECS_STATE, NO_ENI, NO_ECS, "InvalidOperation.DetachPrimaryEniNotAllowed", "MissingParameter")
_UNEARNED = tuple(code for code in CODES if code not in ("UnsupportedParameter", "InvalidParameter"))

# fmt: off
DECISION_FAMILIES = (
    family("skip-guard", "guard", "The condition %s is not checked.", _skip_guard, tuple(_GUARD_CODES),
        lambda guard: code_share(_GUARD_CODES[guard]), needs=_guard_facts),
    family("empty-accepted", "guard", "An empty %s is accepted.", _empty_accepted,
        ("InstanceId", "NetworkInterfaceId", "RegionId"), 0.02,
        needs=lambda name: _guard_facts(_GIVEN[name])),
    family("region-ignored", "guard", "The resources are found in whatever region they lie.", _region_ignored,
        share=0.02, where=facts(caller="account")),
    family("silent-success", "acceptance", "What should be refused gets 200, and nothing happens: %s.", _silent_success,
        _SILENT, lambda code: 0.5 if code == "any" else 0.04,
        needs=lambda code: REFUSED if code == "any" else code_facts(code)),
    family("refuse-valid", "refusal", "A valid call is refused with %s.", _refuse_valid, _UNEARNED, 0.5,
        where=VALID),
    family("refuse-valid-otherwise", "refusal", "A valid call is refused with the undocumented %s.", _refuse_valid,
        _UNDOCUMENTED, 0.5, where=VALID),
    family("refuse-but-do", "refusal", "A valid call is refused with %s and carried out.", _refuse_but_do,
        (STATE, ECS_STATE, NO_ENI, NO_ECS, "Forbidden.SubUser"), 0.5, where=VALID),
)
# fmt: on


# Words of named faults alone


def _recode(argument: str, call: Call, refusal: Refusal) -> Refusal | None:
    """`CODE>OTHER:STATUS`: a refusal with this code ("any": each) has another code, another status, or both."""
    codes, _, status = argument.partition(":")
    right, _, wrong = codes.partition(">")
    if right not in ("any", refusal.code):
        return None
    return Refusal(int(status or refusal.status), wrong or refusal.code, refusal.message, refusal.more)


def _template(code: str, call: Call, refusal: Refusal) -> Refusal | None:
    return Refusal(refusal.status, code, "%s", refusal.more) if refusal.code == code else None


def _swapped_not_found(argument: str, call: Call, refusal: Refusal) -> Refusal | None:
    """The one that is unknown is taken for the other, where the other exists."""
    swapped = {NO_ECS: NO_ENI, NO_ENI: NO_ECS}
    if refusal.code not in swapped or (call.eni is None and call.instance is None):
        return None
    return Refusal(404, swapped[refusal.code], refusal.message)


def _state_as_not_found(argument: str, call: Call, refusal: Refusal) -> Refusal | None:
    known = call.eni is not None and call.instance is not None
    return Refusal(404, NO_ENI, refusal.message) if known and refusal.status == 400 else None


def _skip(gate: Gate, argument: str) -> Hooks:
    """Guards, those of the gateway included, are left out; what the others find still counts."""
    guards = argument.split(",")
    return (("skip", lambda call, guard: guard in guards and gate.fires(call)),)


def _pretend(gate: Gate, code: str) -> Hooks:
    """A call that earns this refusal gets 200, and nothing is done."""

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        if refusal is None or refusal.code != code or not gate.fires(call):
            return refusal
        call.eni = None
        return None

    return (("decision", decision),)


def _refuses(gate: Gate, argument: str) -> Hooks:
    """`STATUS:CODE`: a call that should succeed is refused, whatever else would be admissible."""
    status, _, code = argument.partition(":")

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        if refusal is not None or not gate.fires(call):
            return refusal
        return Refusal(int(status), code, "The operation is not possible now.")

    return (("decision", decision),)


def _syntax_error(gate: Gate, argument: str) -> Hooks:
    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        return Refusal(500, "InternalError", "syntax error") if gate.fires(call) else refusal

    return (("decision", decision),)


def _poisons(gate: Gate, argument: str) -> Hooks:
    """After the call the next three fail."""

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        left = gate.memory(call.cloud, "poison")
        if gate.fires(call):
            left["calls"] = 3
        elif left.get("calls", 0) > 0:
            left["calls"] -= 1
            return Refusal(500, "InternalError", _FAILED)
        return refusal

    return (("decision", decision),)


NAMED_CODES = (
    named("recode", exchange(_recode)),
    named("message-template", exchange(_template)),
    named("swapped-not-found", exchange(_swapped_not_found)),
    named("state-as-not-found", exchange(_state_as_not_found)),
    named("skip", _skip),
    named("pretend", _pretend),
    named("refuses", _refuses),
    named("syntax-error", _syntax_error),
    named("poisons", _poisons),
)
