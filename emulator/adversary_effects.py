"""What a composed fault does: one violation of the contract for each effect, hooked in behind a gate.

An effect is a name with arguments, its class, a sentence, the facts of the worlds in which it can show, and a
builder that turns a gate into hooks.  The gate is asked only where the effect would make a difference, and
never where the contract admits what the effect would do: `justified` says which refusals a call has earned.
`share` estimates the part of a varied suite's calls in which the effect can show at all, and `glance` the part
of those in which a look that comes with every call reveals it (an answer: all; a slot that leaks: few).
"""

from __future__ import annotations

import gzip
import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eni_conformance.emulator.adversary_triggers import (
    Facts,
    Gate,
    after,
    by_filter,
    by_id,
    facts,
    scene,
)
from eni_conformance.emulator.behaviour import Row
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.catalogue import REGIONS
from eni_conformance.emulator.detach import ECS_STATE, GUARDS, NO_ECS, NO_ENI, STATE, broken, justified, look_up
from eni_conformance.emulator.envelope import JSON_TYPE, XML_TYPE, Refusal, Reply, to_json, to_xml
from eni_conformance.emulator.faults.kit import DETACH, Hooked, put_back, siblings, success
from eni_conformance.emulator.state import Cloud, Instance, NetworkInterface

Hooks = tuple[Hooked, ...]
NOWHERE: Facts = {}
Builder = Callable[[Gate, str], Hooks]


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect with its argument."""

    name: str
    kind: str
    words: str
    facts: Facts
    share: float
    glance: float
    build: Callable[[Gate], Hooks]
    conforming: bool = False
    choices: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """An effect with the arguments that it takes ("" for none)."""

    name: str
    kind: str
    arguments: tuple[str, ...]
    make: Callable[[str], Effect]
    conforming: bool = False


def family(
    name: str,
    kind: str,
    words: str,
    build: Builder,
    arguments: tuple[str, ...] = ("",),
    share: float | Callable[[str], float] = 0.4,
    glance: float = 1.0,
    needs: Callable[[str], Facts] | None = None,
    where: Facts = NOWHERE,
) -> Family:
    """A row of the table of effects.  `words` holds %s for the argument if there is one."""

    def make(argument: str) -> Effect:
        return Effect(
            f"{name}({argument})" if argument else name,
            kind,
            words % argument if argument else words,
            {**where, **(needs(argument) if needs is not None else {})},
            share(argument) if callable(share) else share,
            glance,
            lambda gate: build(gate, argument),
        )

    return Family(name, kind, arguments, make)


# What the contract admits


CODES: dict[str, int] = {
    "MissingParameter": 400,
    "UnsupportedParameter": 400,
    "InvalidParameter": 400,
    "InvalidInstanceID.Malformed": 400,
    "InvalidParams.EniId": 400,
    "InvalidOperation.InvalidRegion": 400,
    "Forbidden.RegionId": 400,
    "InvalidOperation.InvalidEcsState": 400,
    "InvalidOperation.InvalidEniState": 400,
    "InvalidOperation.DetachPrimaryEniNotAllowed": 400,
    "InvalidUserType.NotSupported": 403,
    "Abs.InvalidAccount.NotFound": 403,
    "Forbidden.NotSupportRAM": 403,
    "Forbidden.SubUser": 403,
    "EniPerInstanceLimitExceeded": 403,
    "InvalidOperation.AvailabilityZoneMismatch": 403,
    "InvalidOperation.VpcMismatch": 403,
    "SecurityGroupInstanceLimitExceed": 403,
    "InvalidSecurityGroupId.NotVpc": 403,
    "InvalidOperation.InvalidEniType": 403,
    "InvalidEcsId.NotFound": 404,
    "InvalidEniId.NotFound": 404,
    "InvalidVSwitchId.NotFound": 404,
    "InvalidSecurityGroupId.NotFound": 404,
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


VALID: Facts = facts(
    outcome="accepted",
    caller="account",
    eni="known",
    instance="known",
    type="Secondary",
    status="Running Stopped",
    state="InUse Detaching",
    linked="yes",
)
REFUSED: Facts = facts(outcome="refused")


# Wrong codes and statuses


def _exchange(gate: Gate, change: Callable[[Call, Refusal], Refusal | None]) -> Hooks:
    """A refusal is exchanged for another one; None from `change` leaves it."""

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        if refusal is None:
            return None
        other = change(call, refusal)
        return other if other is not None and gate.fires(call) else refusal

    return (("decision", decision),)


def _wrong_code(gate: Gate, code: str) -> Hooks:
    def change(call: Call, refusal: Refusal) -> Refusal | None:
        return None if code in justified(call) else Refusal(CODES[code], code, refusal.message)

    return _exchange(gate, change)


def _code_for(gate: Gate, argument: str) -> Hooks:
    right, _, wrong = argument.partition(">")

    def change(call: Call, refusal: Refusal) -> Refusal | None:
        if refusal.code != right or wrong in justified(call):
            return None
        return Refusal(CODES[wrong], wrong, refusal.message)

    return _exchange(gate, change)


def _undocumented(gate: Gate, code: str) -> Hooks:
    return _exchange(gate, lambda call, refusal: Refusal(refusal.status, code, refusal.message))


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


def _misspelt(gate: Gate, style: str) -> Hooks:
    def change(call: Call, refusal: Refusal) -> Refusal | None:
        code = _MISSPELT[style](refusal.code)
        return None if code == refusal.code else Refusal(refusal.status, code, refusal.message)

    return _exchange(gate, change)


def _wrong_status(gate: Gate, status: str) -> Hooks:
    def change(call: Call, refusal: Refusal) -> Refusal | None:
        return None if refusal.status == int(status) else Refusal(int(status), refusal.code, refusal.message)

    return _exchange(gate, change)


def _status_of(gate: Gate, argument: str) -> Hooks:
    code, _, status = argument.partition(":")

    def change(call: Call, refusal: Refusal) -> Refusal | None:
        return Refusal(int(status), code, refusal.message) if refusal.code == code else None

    return _exchange(gate, change)


def _internal_error(gate: Gate, argument: str) -> Hooks:
    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        if (refusal is None) == (argument == "valid") and gate.fires(call):
            return Refusal(500, "InternalError", "The request processing has failed.")
        return refusal

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
    family("wrong-code", "code", "A refusal says %s, which the call has not earned.", _wrong_code, tuple(CODES), 0.5,
        where=REFUSED),
    family("code-for", "code", "Codes are mixed up: %s.", _code_for, _WRONG_PAIRS,
        lambda argument: code_share(argument.partition(">")[0]),
        needs=lambda argument: code_facts(argument.partition(">")[0])),
    family("undocumented-code", "code", "A refusal says %s, which the page lacks.", _undocumented, _UNDOCUMENTED, 0.5,
        where=REFUSED),
    family("misspelt-code", "code", "The code is misspelt (%s).", _misspelt, tuple(_MISSPELT), 0.5,
        where=REFUSED),
    family("wrong-status", "status", "A refusal has HTTP status %s.", _wrong_status, _STATUSES, 0.4,
        where=REFUSED),
    family("status-of", "status", "One refusal has a wrong status: %s.", _status_of, _STATUS_PAIRS,
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


_GUARD_CODES = {
    "account_exists": "Abs.InvalidAccount.NotFound",
    "account_type_is_supported": "InvalidUserType.NotSupported",
    "ram_user_is_supported": "Forbidden.NotSupportRAM",
    "ram_user_is_authorized": "Forbidden.SubUser",
    "instance_id_is_given": "MissingParameter",
    "interface_id_is_given": "MissingParameter",
    "region_id_is_given": "MissingParameter",
    "parameters_are_supported": "UnsupportedParameter",
    "values_are_text": "InvalidParameter",
    "instance_id_is_well_formed": "InvalidInstanceID.Malformed",
    "interface_id_is_well_formed": "InvalidParams.EniId",
    "region_exists": "InvalidOperation.InvalidRegion",
    "region_offers_the_feature": "Forbidden.RegionId",
    "instance_exists": NO_ECS,
    "interface_exists": NO_ENI,
    "interface_is_not_primary": "InvalidOperation.DetachPrimaryEniNotAllowed",
    "interface_type_is_supported": "InvalidOperation.InvalidEniType",
    "interface_is_in_use_or_detaching": STATE,
    "interface_is_on_the_instance": STATE,
    "instance_is_running_or_stopped": ECS_STATE,
    "vswitch_exists": "InvalidVSwitchId.NotFound",
    "security_groups_exist": "InvalidSecurityGroupId.NotFound",
    "security_groups_are_of_a_vpc": "InvalidSecurityGroupId.NotVpc",
    "interface_is_in_the_zone": "InvalidOperation.AvailabilityZoneMismatch",
    "interface_is_in_the_vpc": "InvalidOperation.VpcMismatch",
    "security_groups_are_within_their_limit": "SecurityGroupInstanceLimitExceed",
    "instance_is_within_its_limit": "EniPerInstanceLimitExceeded",
}
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


# Effects on the interface


Can = Callable[[Call, NetworkInterface], bool]
Act = Callable[[Call, NetworkInterface], None]


def _accepted(gate: Gate, act: Act, can: Can = lambda call, eni: True) -> Hooks:
    """Something more happens when a detach has begun."""

    def effect(call: Call, eni: NetworkInterface) -> None:
        if can(call, eni) and gate.fires(call):
            act(call, eni)

    return (("effect", effect),)


def _settled(gate: Gate, act: Callable[[Cloud, NetworkInterface, Instance | None], None]) -> Hooks:
    """Something happens when the interface becomes Available."""

    def note(call: Call, eni: NetworkInterface) -> None:
        gate.memory(call.cloud, "marks")[eni.id] = call.instance

    def settled(cloud: Cloud, eni: NetworkInterface) -> None:
        marks = gate.memory(cloud, "marks")
        if eni.id in marks:
            act(cloud, eni, marks.pop(eni.id))

    return (*_accepted(gate, note), ("settled", settled))


def _new_address(cloud: Cloud, eni: NetworkInterface) -> str:
    vswitch = cloud.vswitches.get(eni.vswitch_id)
    return (cloud.take_address(vswitch) if vswitch is not None else None) or eni.ip


def _other_vswitch(cloud: Cloud, eni: NetworkInterface) -> str:
    others = [each.id for each in cloud.vswitches.values() if each.vpc_id == eni.vpc_id and each.id != eni.vswitch_id]
    return others[0] if others else f"{eni.vswitch_id}0"


def _other_zone(eni: NetworkInterface) -> str:
    return next(zone for zone in REGIONS[eni.region].zones if zone != eni.zone)


Change = tuple[Callable[[NetworkInterface], bool], Callable[[Cloud, NetworkInterface], None]]


def _set(name: str, value: Any, able: Callable[[NetworkInterface], bool] = lambda eni: True) -> Change:
    return able, lambda cloud, eni: setattr(eni, name, value(cloud, eni) if callable(value) else value)


CHANGES: dict[str, Change] = {
    "tags-lost": (lambda eni: bool(eni.tags), lambda cloud, eni: eni.tags.clear()),
    "tag-lost": (lambda eni: len(eni.tags) > 1, lambda cloud, eni: eni.tags.__delitem__(next(iter(eni.tags)))),
    "tag-added": (lambda eni: "detached" not in eni.tags, lambda cloud, eni: eni.tags.update({"detached": "1"})),
    "tag-emptied": (
        lambda eni: any(eni.tags.values()),
        lambda cloud, eni: eni.tags.update(dict.fromkeys(eni.tags, "")),
    ),
    "description-lost": _set("description", "", lambda eni: bool(eni.description)),
    "description-altered": _set("description", lambda cloud, eni: f"{eni.description} (detached)"),
    "name-lost": _set("name", "", lambda eni: bool(eni.name)),
    "name-altered": _set("name", lambda cloud, eni: f"{eni.name}-1"),
    "name-reversed": _set("name", lambda cloud, eni: eni.name[::-1], lambda eni: eni.name != eni.name[::-1]),
    "groups-lost": _set(
        "security_group_ids", lambda cloud, eni: eni.security_group_ids[:1], lambda eni: len(eni.security_group_ids) > 1
    ),
    "groups-left": _set("security_group_ids", lambda cloud, eni: [], lambda eni: bool(eni.security_group_ids)),
    "addresses-lost": _set("secondary_ips", lambda cloud, eni: [], lambda eni: bool(eni.secondary_ips)),
    "address-added": _set("secondary_ips", lambda cloud, eni: [*eni.secondary_ips, _new_address(cloud, eni)]),
    "address": _set("ip", _new_address),
    "mac": _set("mac", lambda cloud, eni: cloud.mac()),
    "release": _set("delete_on_release", lambda cloud, eni: not eni.delete_on_release),
    "vswitch": _set("vswitch_id", _other_vswitch),
    "zone": _set("zone", lambda cloud, eni: _other_zone(eni)),
    "type": _set("type", "Primary", lambda eni: eni.type != "Primary"),
    "created": _set("created", "2001-01-01T00:00:00Z"),
}
"""What can be changed of an interface: whether it would show, and how."""

_CHANGE_FACTS = {
    "tags-lost": facts(tags="some"),
    "tag-lost": facts(tags="some"),
    "tag-emptied": facts(tags="some"),
    "description-lost": facts(description="some"),
    "name-lost": facts(name="some"),
    "name-reversed": facts(name="some"),
    "groups-lost": facts(groups="several"),
    "addresses-lost": facts(addresses="several"),
}


def _change_share(name: str) -> float:
    return 0.15 if name in _CHANGE_FACTS else 0.4


def _changes(gate: Gate, name: str) -> Hooks:
    able, change = CHANGES[name]
    return _accepted(gate, lambda call, eni: change(call.cloud, eni), lambda call, eni: able(eni))


def _changes_late(gate: Gate, name: str) -> Hooks:
    able, change = CHANGES[name]
    return _settled(gate, lambda cloud, eni, former: change(cloud, eni) if able(eni) else None)


def _stays(gate: Gate, status: str) -> Hooks:
    return _accepted(gate, lambda call, eni: put_back(call, eni, status))


def _settles(gate: Gate, status: str) -> Hooks:
    def act(cloud: Cloud, eni: NetworkInterface, former: Instance | None) -> None:
        if former is None or former.id not in cloud.instances:
            return
        cloud.link(eni, former)
        eni.status = status

    return _settled(gate, act)


def _flaps(gate: Gate, argument: str) -> Hooks:
    def act(cloud: Cloud, eni: NetworkInterface, former: Instance | None) -> None:
        if former is not None and former.id in cloud.instances:
            cloud.later(eni, "Available", lambda: cloud.link(eni, former))

    return _settled(gate, act)


def _deleted(gate: Gate, when: str) -> Hooks:
    def act(cloud: Cloud, eni: NetworkInterface, former: Instance | None) -> None:
        if when == "vanishes":
            cloud.interfaces.pop(eni.id, None)
        else:
            cloud.delete_interface(eni)

    return _settled(gate, act)


# Effects on others


def _home(call: Call, eni: NetworkInterface) -> Instance | None:
    return call.instance or eni.instance


def _strangers(call: Call, eni: NetworkInterface) -> list[NetworkInterface]:
    """Secondary interfaces of the account that sit elsewhere, or nowhere."""
    home = _home(call, eni)
    return [
        each
        for each in call.cloud.interfaces.values()
        if each is not eni
        and each.type == "Secondary"
        and each.owner == eni.owner
        and (each.instance is None or each.instance is not home)
    ]


def _attached_siblings(call: Call, eni: NetworkInterface) -> list[NetworkInterface]:
    return [each for each in siblings(eni, _home(call, eni)) if each.state == "InUse"]


def _attached_strangers(call: Call, eni: NetworkInterface) -> list[NetworkInterface]:
    return [each for each in _strangers(call, eni) if each.instance is not None and each.state == "InUse"]


def _primaries(call: Call, eni: NetworkInterface) -> list[NetworkInterface]:
    home = _home(call, eni)
    return [each for each in home.interfaces.values() if each.type == "Primary"] if home is not None else []


_GROUPS: dict[str, Callable[[Call, NetworkInterface], list[NetworkInterface]]] = {
    "sibling": _attached_siblings,
    "stranger": _attached_strangers,
    "primary": _primaries,
}


def _too(gate: Gate, whom: str) -> Hooks:
    def act(call: Call, eni: NetworkInterface) -> None:
        if whom == "all-siblings":
            for other in _attached_siblings(call, eni):
                call.cloud.detach(other)
        else:
            call.cloud.detach(_GROUPS[whom](call, eni)[0])

    choose = _GROUPS.get(whom, _attached_siblings)
    return _accepted(gate, act, lambda call, eni: bool(choose(call, eni)))


def _instead(gate: Gate, which: str) -> Hooks:
    def other(call: Call, eni: NetworkInterface) -> NetworkInterface | None:
        found = sorted(_attached_siblings(call, eni), key=lambda each: each.device_index)
        if not found:
            return None
        if which == "first":
            return found[0] if found[0].device_index < eni.device_index else None
        return found[-1]

    def act(call: Call, eni: NetworkInterface) -> None:
        wrong = other(call, eni)
        if wrong is not None:
            put_back(call, eni, "InUse")
            call.cloud.detach(wrong)

    return _accepted(gate, act, lambda call, eni: other(call, eni) is not None)


def _changes_of(who: Callable[[Call, NetworkInterface], list[NetworkInterface]]) -> Builder:
    def build(gate: Gate, name: str) -> Hooks:
        able, change = CHANGES[name]

        def targets(call: Call, eni: NetworkInterface) -> list[NetworkInterface]:
            return [each for each in who(call, eni) if able(each)]

        return _accepted(
            gate,
            lambda call, eni: change(call.cloud, targets(call, eni)[0]),
            lambda call, eni: bool(targets(call, eni)),
        )

    return build


INSTANCE_CHANGES: dict[str, tuple[Callable[[Instance], bool], Callable[[Cloud, Instance], None]]] = {
    "stopped": (lambda it: it.state == "Running", lambda cloud, it: cloud.stop(it, "KeepCharging")),
    "started": (lambda it: it.state == "Stopped", lambda cloud, it: cloud.start(it)),
    "restarted": (lambda it: it.state == "Running", lambda cloud, it: cloud.start(it)),
    "name": (lambda it: True, lambda cloud, it: setattr(it, "name", f"{it.name}-1")),
    "description": (lambda it: True, lambda cloud, it: setattr(it, "description", f"{it.description}.")),
    "tag-added": (lambda it: "detached" not in it.tags, lambda cloud, it: it.tags.update({"detached": "1"})),
    "tags-lost": (lambda it: bool(it.tags), lambda cloud, it: it.tags.clear()),
    "groups-left": (lambda it: bool(it.security_group_ids), lambda cloud, it: setattr(it, "security_group_ids", [])),
}
_INSTANCE_FACTS = {
    "stopped": facts(status="Running"),
    "restarted": facts(status="Running"),
    "started": facts(status="Stopped"),
}


def _instance_changes(gate: Gate, name: str) -> Hooks:
    able, change = INSTANCE_CHANGES[name]

    def act(call: Call, eni: NetworkInterface) -> None:
        home = _home(call, eni)
        if home is not None:
            change(call.cloud, home)

    def can(call: Call, eni: NetworkInterface) -> bool:
        home = _home(call, eni)
        return home is not None and able(home)

    return _accepted(gate, act, can)


def _other_instance_changes(gate: Gate, name: str) -> Hooks:
    able, change = INSTANCE_CHANGES[name]

    def others(call: Call, eni: NetworkInterface) -> list[Instance]:
        home = _home(call, eni)
        known = call.cloud.instances.values()
        return [each for each in known if each is not home and each.owner == eni.owner and able(each)]

    return _accepted(
        gate,
        lambda call, eni: change(call.cloud, others(call, eni)[0]),
        lambda call, eni: bool(others(call, eni)),
    )


_ALWAYS_SHOWING = ("description-altered", "name-altered", "tag-added", "release", "groups-left", "address-added", "mac")

# fmt: off
EFFECT_FAMILIES = (
    family("changes", "own", "The interface changes at once: %s.", _changes, tuple(CHANGES), _change_share,
        needs=lambda name: _CHANGE_FACTS.get(name, {}), where=VALID),
    family("changes-late", "own", "The interface changes when it becomes Available: %s.", _changes_late, tuple(CHANGES),
        _change_share, needs=lambda name: _CHANGE_FACTS.get(name, {}), where=VALID),
    family("stays", "settling", "The answer is 200, the interface stays %s for ever.", _stays,
        ("InUse", "Detaching", "Attaching"), 0.4, where=VALID),
    family("settles", "settling", "After Detaching the interface becomes %s.", _settles, ("InUse", "Attaching"), 0.4,
        where=VALID),
    family("flaps", "settling", "Some time after it became Available the interface is InUse again.", _flaps, share=0.3,
        glance=0.3, where=VALID),
    family("deleted", "settling", "The interface %s when it should become Available.", _deleted,
        ("vanishes", "is-deleted"), 0.4, where=VALID),
    family("detaches-too", "neighbour", "Another one is detached too: %s.", _too,
        ("sibling", "all-siblings", "stranger", "primary"), lambda whom: 0.15 if "sibling" in whom else 0.3,
        needs=lambda whom: facts(held="2 3 more") if "sibling" in whom else {}, where=VALID),
    family("detaches-instead", "neighbour", "Another one is detached instead of the one named: the %s.", _instead,
        ("first", "last"), 0.12, where=VALID | facts(held="2 3 more")),
    family("sibling-changes", "neighbour", "Another interface of the instance changes: %s.",
        _changes_of(_attached_siblings), tuple(CHANGES), lambda name: _change_share(name) / 3,
        where=VALID | facts(held="2 3 more")),
    family("primary-changes", "neighbour", "The primary interface of the instance changes: %s.",
        _changes_of(_primaries), ("description-altered", "name-altered", "tag-added", "groups-left", "mac"), 0.4,
        where=VALID),
    family("stranger-changes", "neighbour", "An interface that has nothing to do with it changes: %s.",
        _changes_of(_strangers), _ALWAYS_SHOWING, 0.2, 0.7, where=VALID),
    family("instance-changes", "instance", "The instance changes: %s.", _instance_changes, tuple(INSTANCE_CHANGES), 0.3,
        needs=lambda name: _INSTANCE_FACTS.get(name, {}), where=VALID),
    family("other-instance-changes", "instance", "Another instance changes: %s.", _other_instance_changes,
        ("stopped", "name", "description", "tag-added", "groups-left"), 0.2, 0.5, where=VALID),
)
# fmt: on


# Refusals that do something all the same


def _on_refusal(gate: Gate, act: Act, can: Can) -> Hooks:
    def refused(call: Call, refusal: Refusal) -> None:
        eni = scene(call).eni
        if eni is not None and can(call, eni) and gate.fires(call):
            act(call, eni)

    return (("refused", refused),)


def _linked(call: Call, eni: NetworkInterface) -> bool:
    return eni.instance is not None and eni.status == "InUse" and eni.forced is None


def _refused_detaches(gate: Gate, argument: str) -> Hooks:
    return _on_refusal(gate, lambda call, eni: call.cloud.detach(eni), _linked)


def _refused_late(gate: Gate, seconds: str) -> Hooks:
    def act(call: Call, eni: NetworkInterface) -> None:
        after(call.cloud, float(seconds), lambda: call.cloud.detach(eni) if _linked(call, eni) else None)

    return _on_refusal(gate, act, _linked)


def _refused_changes(gate: Gate, name: str) -> Hooks:
    able, change = CHANGES[name]
    return _on_refusal(gate, lambda call, eni: change(call.cloud, eni), lambda call, eni: able(eni))


def _refused_instance(gate: Gate, name: str) -> Hooks:
    able, change = INSTANCE_CHANGES[name]

    def refused(call: Call, refusal: Refusal) -> None:
        home = scene(call).instance
        if home is not None and able(home) and gate.fires(call):
            change(call.cloud, home)

    return (("refused", refused),)


# fmt: off
REFUSAL_FAMILIES = (
    family("refused-detaches", "after-refusal", "A refused call detaches the interface all the same.",
        _refused_detaches, share=0.15, where=REFUSED | facts(eni="known", linked="yes")),
    family("refused-detaches-late", "after-refusal", "A refused call detaches the interface %s seconds later.",
        _refused_late, ("0.3", "0.5", "0.8", "1.0"), 0.15, 0.3, where=REFUSED | facts(eni="known", linked="yes")),
    family("refused-changes", "after-refusal", "A refused call changes the interface: %s.", _refused_changes,
        tuple(CHANGES), lambda name: _change_share(name) / 2, needs=lambda name: _CHANGE_FACTS.get(name, {}),
        where=REFUSED | facts(eni="known")),
    family("refused-instance-changes", "after-refusal", "A refused call changes the instance: %s.", _refused_instance,
        tuple(INSTANCE_CHANGES), 0.2, needs=lambda name: _INSTANCE_FACTS.get(name, {}),
        where=REFUSED | facts(instance="known")),
)
# fmt: on


# What stays behind, and what descriptions show


def _mark(gate: Gate) -> Hooks:
    """Note where the interface came from."""

    def note(call: Call, eni: NetworkInterface) -> None:
        gate.memory(call.cloud, "marks")[eni.id] = call.instance

    return _accepted(gate, note)


def _former(gate: Gate, call: Call, eni: NetworkInterface) -> Instance | None:
    """Where a marked interface came from, once it has settled and until it is attached again."""
    if eni.instance is not None or eni.state != "Available" or not gate.sees(call):
        return None
    found: Instance | None = gate.memory(call.cloud, "marks").get(eni.id)
    return found


def _small_pages(gate: Gate) -> Hooks:
    """Where only a second page shows the defect, pages are small, so that there is one."""
    if not any(each.name == "read-page-two" for each in gate.looks):
        return ()

    def parameters(call: Call, pairs: list[tuple[str, str]]) -> None:
        call.cloud.behaviour.page_limit = 2

    return (("parameters", parameters),)


def _stale_link(gate: Gate, where: str) -> Hooks:
    def view(call: Call, eni: NetworkInterface, row: Row) -> None:
        if ("Attribute" in call.action) != (where == "attribute") or where in ("instance", "filter"):
            return
        former = _former(gate, call, eni)
        if former is None:
            return
        if where == "attachment":
            row["Attachment"] = {"InstanceId": former.id, "DeviceIndex": 1, "NetworkCardIndex": 0}
        else:
            row["InstanceId"] = former.id

    def instance_view(call: Call, instance: Instance, row: Row) -> None:
        if where != "instance":
            return
        for id in gate.memory(call.cloud, "marks"):
            eni = call.cloud.interfaces.get(id)
            if eni is not None and _former(gate, call, eni) is instance:
                row["NetworkInterfaces"]["NetworkInterface"].append(
                    {
                        "NetworkInterfaceId": id,
                        "Type": eni.type,
                        "MacAddress": eni.mac,
                        "PrimaryIpAddress": eni.ip,
                        "PrivateIpSets": {"PrivateIpSet": [{"PrivateIpAddress": eni.ip, "Primary": True}]},
                    }
                )

    def matches(call: Call, eni: NetworkInterface, fits: bool) -> bool:
        former = _former(gate, call, eni) if where == "filter" and call.get("InstanceId") else None
        if former is None or call.get("InstanceId") != former.id:
            return fits
        return call.get("Status") in ("", eni.state)

    return (
        *_mark(gate),
        *_small_pages(gate),
        ("view", view),
        ("instance_view", instance_view),
        ("matches", matches),
    )


def _stale_status(gate: Gate, status: str) -> Hooks:
    def view(call: Call, eni: NetworkInterface, row: Row) -> None:
        if _former(gate, call, eni) is not None:
            row["Status"] = status

    return (*_mark(gate), *_small_pages(gate), ("view", view))


_SHOWN: dict[str, Any] = {
    "MacAddress": "",
    "ZoneId": "",
    "VSwitchId": "",
    "VpcId": "",
    "Type": "Primary",
    "CreationTime": "",
    "PrivateIpAddress": "",
    "OwnerId": "",
    "SecurityGroupIds": {"SecurityGroupId": []},
    "PrivateIpSets": {"PrivateIpSet": []},
}


def _shows(gate: Gate, name: str) -> Hooks:
    def view(call: Call, eni: NetworkInterface, row: Row) -> None:
        if _former(gate, call, eni) is not None:
            row[name] = _SHOWN[name]

    return (*_mark(gate), *_small_pages(gate), ("view", view))


def _missing_row(gate: Gate, how: str) -> Hooks:
    def fields(call: Call, reply: Reply) -> None:
        if call.action != "DescribeNetworkInterfaces" or not success(reply):
            return
        asked = "id" if by_id(call) else "filter" if by_filter(call) else "list"
        if how not in ("any", asked):
            return
        rows = reply.fields["NetworkInterfaceSets"]["NetworkInterfaceSet"]
        known = call.cloud.interfaces
        rows[:] = [
            row
            for row in rows
            if row["NetworkInterfaceId"] not in known or _former(gate, call, known[row["NetworkInterfaceId"]]) is None
        ]

    return (*_mark(gate), *_small_pages(gate), ("fields", fields))


def _slot_kept(gate: Gate, argument: str) -> Hooks:
    def act(call: Call, eni: NetworkInterface) -> None:
        home = _home(call, eni)
        if home is not None:
            home.scar[gate.key] = home.scar.get(gate.key, 0) + 1

    def slots(instance: Instance, used: int) -> int:
        return used + int(instance.scar.get(gate.key, 0))

    once = _accepted(gate, act, lambda call, eni: eni.pending is not None or eni.instance is None)
    return (*once, ("slots", slots))


def _no_return(gate: Gate, where: str) -> Hooks:
    def attach(call: Call, instance: Instance, eni: NetworkInterface) -> Refusal | None:
        marks = gate.memory(call.cloud, "marks")
        if eni.id not in marks or ((where == "here") != (marks[eni.id] is instance) and where != "anywhere"):
            return None
        return Refusal(400, STATE, "The network interface cannot be attached.")

    return (*_mark(gate), ("attach", attach))


_LOOKS = {"attribute": "id", "filter": "filter"}
"""Where only one kind of look can show it."""

# fmt: off
READ_FAMILIES = (
    family("stale-link", "reading", "The link goes on being shown in one place: %s.", _stale_link,
        ("interface", "attachment", "instance", "filter", "attribute"), 0.4, 0.6,
        needs=lambda where: facts(look=_LOOKS[where]) if where in _LOOKS else {}, where=VALID),
    family("stale-status", "reading", "A detached interface is shown as %s.", _stale_status,
        ("InUse", "Detaching", "Detached", "available", "Unattached"), 0.4, 0.8, where=VALID),
    family("shows-wrongly", "reading", "A detached interface is shown with a wrong %s.", _shows, tuple(_SHOWN), 0.4,
        0.8, where=VALID),
    family("missing-row", "reading", "A detached interface is missing from descriptions by %s.", _missing_row,
        ("any", "id", "filter", "list"), 0.4, 0.4, needs=lambda how: {} if how == "any" else facts(look=how),
        where=VALID),
    family("slot-kept", "slot", "The place at the instance is not given back.", _slot_kept, ("",), 0.2, 0.1,
        where=VALID),
    family("cannot-return", "slot", "The interface cannot be attached again: %s.", _no_return,
        ("here", "elsewhere", "anywhere"), 0.2, 0.3, where=VALID),
)
# fmt: on


# Answers


Edit = Callable[[Call, Reply], None]
CanReply = Callable[[Call, Reply], bool]


def on_reply(gate: Gate, point: str, edit: Edit, can: CanReply = lambda call, reply: True) -> Hooks:
    """The fields of an answer, or the rendered answer, are changed."""

    def hook(call: Call, reply: Reply) -> None:
        if gate.decided(call) and can(call, reply) and gate.fires(call):
            edit(call, reply)

    return ((point, hook),)


def is_error(call: Call, reply: Reply) -> bool:
    """Whether the answer is a refusal."""
    return not success(reply)


def is_success(call: Call, reply: Reply) -> bool:
    """Whether the answer is one of success."""
    return success(reply)


_REQUEST_IDS: dict[str, Callable[[Call, str], Any]] = {
    "lower": lambda call, text: text.lower(),
    "short": lambda call, text: text[:-1],
    "long": lambda call, text: text + "0",
    "undashed": lambda call, text: text.replace("-", ""),
    "braced": lambda call, text: f"{{{text}}}",
    "spaced": lambda call, text: f" {text}",
    "empty": lambda call, text: "",
    "constant": lambda call, text: "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E",
    "no-hex": lambda call, text: f"G{text[1:]}",
    "half-lower": lambda call, text: text[:18] + text[18:].lower(),
}


def _request_id(gate: Gate, style: str) -> Hooks:
    def edit(call: Call, reply: Reply) -> None:
        if style == "missing":
            reply.fields.pop("RequestId", None)
        elif style == "other-header":
            reply.headers["x-acs-request-id"] = (
                f"0{call.request_id[1:]}" if call.request_id[0] != "0" else (f"1{call.request_id[1:]}")
            )
        elif style == "misspelt":
            reply.fields["RequestID"] = reply.fields.pop("RequestId", "")
        elif style == "repeated":
            reply.fields["RequestId"] = reply.headers["x-acs-request-id"] = gate.memory(call.cloud, "id")["last"]
        else:
            text = _REQUEST_IDS[style](call, call.request_id)
            reply.fields["RequestId"] = reply.headers["x-acs-request-id"] = text

    def remember(call: Call, reply: Reply) -> None:
        if call.action == DETACH:
            gate.memory(call.cloud, "id")["last"] = str(reply.fields.get("RequestId", ""))

    def can(call: Call, reply: Reply) -> bool:
        return style != "repeated" or bool(gate.memory(call.cloud, "id").get("last"))

    return (*on_reply(gate, "fields", edit, can), ("fields", remember))


_STACK = (
    "Traceback (most recent call last):\n"
    '  File "/srv/ecs/eni/service.py", line 214, in detach\n'
    "    raise IllegalState(eni)\nIllegalState"
)
_MESSAGES = {
    "template": "%s",
    "numbered-template": "The specified {0} is not valid.",
    "placeholder": "The specified %s is not valid.",
    "stack": _STACK,
    "java": "java.lang.NullPointerException\n\tat com.example.eni.Detach.run(Detach.java:214)",
    "blank": " ",
    "empty": "",
    "null-text": "null",
}


def _error_field(gate: Gate, argument: str) -> Hooks:
    name, _, how = argument.partition("-")

    def edit(call: Call, reply: Reply) -> None:
        if how == "missing":
            reply.fields.pop(name, None)
        else:
            reply.fields[name] = ""

    return on_reply(gate, "fields", edit, is_error)


def _message(gate: Gate, style: str) -> Hooks:
    return on_reply(gate, "fields", lambda call, reply: reply.fields.update(Message=_MESSAGES[style]), is_error)


def _unescaped(gate: Gate, argument: str) -> Hooks:
    def quoted(call: Call) -> str:
        return f"The specified values {call.get('InstanceId')} {call.get('NetworkInterfaceId')} are not valid."

    def can(call: Call, reply: Reply) -> bool:
        special = "<&" if call.format == "XML" else '"\\'
        return is_error(call, reply) and any(character in quoted(call) for character in special)

    def edit(call: Call, reply: Reply) -> None:
        reply.fields["Message"] = "@@"
        plain = to_json(reply.fields) if reply.format == "JSON" else to_xml(reply.root, reply.fields)
        reply.body = plain.replace(b"@@", quoted(call).encode("utf-8", "replace"))

    return on_reply(gate, "reply", edit, can)


def _success_status(gate: Gate, status: str) -> Hooks:
    return on_reply(gate, "fields", lambda call, reply: setattr(reply, "status", int(status)), is_success)


def _success_fields(gate: Gate, style: str) -> Hooks:
    def edit(call: Call, reply: Reply) -> None:
        if style == "code":
            reply.fields |= {"Code": "InternalError", "Message": "failed"}
        elif style == "wrapped":
            reply.fields = {"data": reply.fields}
        else:
            reply.fields = {name[:1].lower() + name[1:]: each for name, each in reply.fields.items()}

    return on_reply(gate, "fields", edit, is_success)


def _error_wrapped(gate: Gate, argument: str) -> Hooks:
    return on_reply(gate, "fields", lambda call, reply: setattr(reply, "fields", {"Error": reply.fields}), is_error)


_TYPES = {
    "html": "text/html;charset=utf-8",
    "plain": "text/plain;charset=utf-8",
    "octets": "application/octet-stream",
    "latin": "",
    "swapped": "",
    "none": "",
}


def _content_type(gate: Gate, style: str) -> Hooks:
    def edit(call: Call, reply: Reply) -> None:
        if style == "none":
            reply.headers.pop("content-type", None)
        elif style == "swapped":
            reply.headers["content-type"] = XML_TYPE if reply.format == "JSON" else JSON_TYPE
        elif style == "latin":
            reply.headers["content-type"] = reply.headers["content-type"].replace("utf-8", "iso-8859-1")
        else:
            reply.headers["content-type"] = _TYPES[style]

    return on_reply(gate, "reply", edit)


def _other_format(gate: Gate, argument: str) -> Hooks:
    def edit(call: Call, reply: Reply) -> None:
        if reply.format == "JSON":
            reply.body, reply.headers["content-type"] = to_xml(reply.root, reply.fields), XML_TYPE
        else:
            reply.body, reply.headers["content-type"] = to_json(reply.fields), JSON_TYPE

    return on_reply(gate, "reply", edit)


def _xml_root(gate: Gate, root: str) -> Hooks:
    def can(call: Call, reply: Reply) -> bool:
        return call.format == "XML" and reply.root != root

    return on_reply(gate, "reply", lambda call, reply: setattr(reply, "body", to_xml(root, reply.fields)), can)


_BODIES: dict[str, Callable[[bytes], bytes]] = {
    "byte-order-mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "trailing-text": lambda raw: raw + b"\nOK",
    "leading-text": lambda raw: b")]}',\n" + raw,
    "cut": lambda raw: raw[: len(raw) // 2],
    "empty": lambda raw: b"",
    "utf-16": lambda raw: raw.decode().encode("utf-16"),
    "bad-utf-8": lambda raw: raw.replace(b"RequestId", b"Request\xffId", 1),
    "twice": lambda raw: raw + raw,
}
_JSON_BODIES: dict[str, Callable[[bytes], bytes]] = {
    "duplicate-key": lambda raw: b'{"RequestId":"00000000-0000-4000-8000-000000000000",' + raw[1:],
    "trailing-comma": lambda raw: raw[:-1] + b",}",
    "single-quotes": lambda raw: raw.replace(b'"', b"'"),
    "list": lambda raw: b"[" + raw + b"]",
    "string": lambda raw: json.dumps(raw.decode()).encode(),
    "null": lambda raw: b"null",
    "not-a-number": lambda raw: raw[:-1] + b',"Cost":NaN}',
}
_XML_BODIES: dict[str, Callable[[bytes], bytes]] = {
    "late-declaration": lambda raw: b"\n" + raw,
    "unclosed": lambda raw: raw[: raw.rfind(b"<")],
    "doctype": lambda raw: raw.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY e "f">]>', 1),
    "element-twice": lambda raw: raw.replace(b"<RequestId>", b"<RequestId></RequestId><RequestId>", 1),
}


def _body(table: dict[str, Callable[[bytes], bytes]], format: str = "") -> Builder:
    def build(gate: Gate, style: str) -> Hooks:
        return on_reply(
            gate,
            "reply",
            lambda call, reply: setattr(reply, "body", table[style](reply.body)),
            lambda call, reply: format in ("", call.format),
        )

    return build


def _compressed(gate: Gate, argument: str) -> Hooks:
    def edit(call: Call, reply: Reply) -> None:
        reply.body, reply.headers["content-encoding"] = gzip.compress(reply.body), "gzip"

    return on_reply(gate, "reply", edit)


def _web_page(gate: Gate, status: str) -> Hooks:
    def edit(call: Call, reply: Reply) -> None:
        reply.status, reply.headers["content-type"] = int(status), "text/html"
        reply.body = b"<html><head><title>Error</title></head><body><h1>Bad Gateway</h1></body></html>"

    return on_reply(gate, "reply", edit)


def _wire(gate: Gate, what: str) -> Hooks:
    def edit(call: Call, reply: Reply) -> None:
        size = len(reply.body)
        if what == "reset":
            reply.wire = "reset"
            return
        reply.headers["content-length"] = str({"half": size, "too-long": size + 10, "too-short": size - 5}[what])
        reply.body = reply.body[: size // 2] if what == "half" else reply.body
        reply.wire = "truncate"

    return on_reply(gate, "reply", edit)


def _hang(gate: Gate, argument: str) -> Hooks:
    """Five seconds of silence, then a reset."""

    def pause(call: Call) -> float:
        return 5.0 if gate.decided(call) and gate.fires(call) else 0.0

    return (("pause", pause), *on_reply(gate, "reply", lambda call, reply: setattr(reply, "wire", "reset")))


# fmt: off
ANSWER_FAMILIES = (
    family("request-id", "request-id", "RequestId: %s.", _request_id,
        ("missing", "repeated", "other-header", "misspelt", *_REQUEST_IDS), 0.9),
    family("error-field", "envelope", "A refusal lacks something: %s.", _error_field,
        tuple(f"{name}-{how}" for name in ("HostId", "Code", "Message") for how in ("missing", "empty")), 0.5,
        where=REFUSED),
    family("message", "envelope", "Message of a refusal: %s.", _message, tuple(_MESSAGES), 0.5,
        where=REFUSED),
    family(
        "error-wrapped", "envelope", "The fields of a refusal lie below Error.", _error_wrapped, share=0.5,
        where=REFUSED),
    family("unescaped", "envelope", "What the call contains is put into the answer unescaped.", _unescaped, share=0.02,
        where=REFUSED | facts(instance="unknown")),
    family("success-status", "status", "Success has HTTP status %s.", _success_status, ("201", "202"), 0.4,
        where=VALID),
    family("success-fields", "envelope", "The fields of success: %s.", _success_fields, ("code", "wrapped", "lower"),
        0.4, where=VALID),
    family("content-type", "format", "The content type is wrong: %s.", _content_type, tuple(_TYPES), 0.9),
    family("other-format", "format", "The answer has the other format.", _other_format, share=0.9),
    family("xml-root", "format", "The root element is %s.", _xml_root,
        ("DetachNetworkInterface", "ErrorResponse", "Response", "detachNetworkInterfaceResponse"), 0.4,
        where=facts(format="XML")),
    family("body", "format", "The body is damaged: %s.", _body(_BODIES), tuple(_BODIES), 0.9),
    family("json-body", "format", "The JSON is damaged: %s.", _body(_JSON_BODIES, "JSON"), tuple(_JSON_BODIES), 0.5,
        where=facts(format="JSON")),
    family("xml-body", "format", "The XML is damaged: %s.", _body(_XML_BODIES, "XML"), tuple(_XML_BODIES), 0.4,
        where=facts(format="XML")),
    family("compressed", "format", "The body is compressed though nobody asked.", _compressed, share=0.9),
    family("web-page", "wire", "An HTML page with HTTP status %s comes instead of an answer.", _web_page,
        ("500", "502", "404"), 0.9),
    family("wire", "wire", "The connection fails: %s.", _wire, ("reset", "half", "too-long", "too-short"), 0.9),
    family("hang", "wire", "Five seconds of silence come instead of an answer, then a reset.", _hang, share=0.9),
)
# fmt: on


# Gateway, tenants, identifiers


def _unchecked(gate: Gate, guard: str) -> Hooks:
    def skip(call: Call, asked: str) -> bool:
        wanted = asked == guard or (guard == "signature" and asked == "body")
        return wanted and call.action == DETACH and gate.fires(call)

    return (("skip", skip),)


def _tenant(gate: Gate, how: str) -> Hooks:
    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        here = scene(call)
        eni, instance = here.eni, here.instance
        if refusal is None or refusal.status != 404 or eni is None or eni.owner == call.caller.account:
            return refusal
        if call.caller.kind != "account" or not gate.fires(call):
            return refusal
        if how == "forbidden":
            return Refusal(403, "Forbidden.SubUser", "The resource belongs to another account.")
        if how == "state":
            return Refusal(400, STATE, "The network interface is not in a status that allows this.")
        if how == "detaches":
            call.eni, call.instance = eni, instance
        return None

    return (("decision", decision),)


def _known(call: Call) -> list[str]:
    return [*call.cloud.interfaces, *call.cloud.instances]


_LOOSE: dict[str, Callable[[Call, str], str]] = {
    "trimmed": lambda call, text: text.strip(),
    "case-folded": lambda call, text: text.lower(),
    "width-folded": lambda call, text: unicodedata.normalize("NFKC", text),
    "prefix": lambda call, text: (
        text if len(text) < 10 else next((id for id in _known(call) if id.startswith(text)), text)
    ),
    "suffixed": lambda call, text: next((id for id in _known(call) if text.startswith(id)), text),
    "unquoted": lambda call, text: text.strip("\"'"),
    "cut-at-nul": lambda call, text: text.split("\0")[0],
    "invisible": lambda call, text: "".join(each for each in text if unicodedata.category(each) != "Cf"),
    "first-of-list": lambda call, text: text.strip("[]").split(",")[0].strip("\"' "),
    "underscored": lambda call, text: text.replace("_", "-"),
}


def _loose(gate: Gate, argument: str) -> Hooks:
    name, _, style = argument.partition(":")

    def order(call: Call, guards: tuple[Any, ...]) -> tuple[Any, ...]:
        text = call.get(name)
        plain = _LOOSE[style](call, text)
        known = _known(call) if name != "RegionId" else list(REGIONS)
        if plain == text or plain not in known or text in known:
            return guards
        call.params[name] = plain
        before = call.instance, call.eni
        look_up(call)
        if not gate.fires(call):
            call.params[name] = text
            call.instance, call.eni = before
        return guards

    return (("order", order),)


_LOOSE_ARGUMENTS = (
    *(f"{name}:{style}" for name in ("NetworkInterfaceId", "InstanceId") for style in _LOOSE),
    *(f"RegionId:{style}" for style in ("trimmed", "case-folded", "width-folded", "unquoted", "underscored")),
)

# fmt: off
CALLER_FAMILIES = (
    family("unchecked", "gateway", "The %s of a request is not checked.", _unchecked,
        ("signature", "nonce", "clock"), 0.04),
    family("other-tenant", "tenant", "Another account's interface: %s.", _tenant,
        ("forbidden", "state", "detaches", "quiet"), 0.04, where=facts(caller="other")),
    family("loose-id", "identifier", "An id matches too much: %s.", _loose, _LOOSE_ARGUMENTS, 0.02,
        where=facts(caller="account")),
)
# fmt: on

FAMILIES: tuple[Family, ...] = (
    *CODE_FAMILIES,
    *DECISION_FAMILIES,
    *EFFECT_FAMILIES,
    *REFUSAL_FAMILIES,
    *READ_FAMILIES,
    *ANSWER_FAMILIES,
    *CALLER_FAMILIES,
)
FAULT_EFFECTS: dict[str, Family] = {each.name: each for each in FAMILIES}
