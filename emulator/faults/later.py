"""Defects in what only the later edition of the page knows; they exist under revision 2024 alone."""

from __future__ import annotations

from dataclasses import replace

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import Refusal
from eni_conformance.emulator.faults.kit import Fault, Hooked, When, crash, does_on_refusal, fault, recode

NOT_ON_ECS = "InvalidParameter.EniNotBelongEcs"
NOT_ON_TRUNK = "InvalidParameter.EniNotBelongTrunk"
NO_TRUNK_TYPE = "InvalidOperation.EniTypeNotSupportTrunking"
TRUNK_STATE = "InvalidOperation.InvalidTrunkEniStatus"
TRUNK_NAMED = When("TrunkNetworkInstanceId is given", lambda call: bool(call.get("TrunkNetworkInstanceId")))


def _second_spelling_wrong(when: When) -> Hooked:
    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        if refusal is None or refusal.code != "InvalidEcsId.NotFound" or not when.holds(call):
            return refusal
        return Refusal(404, "InvalidInstanceId.NotFound", refusal.message)

    return "decision", decision


_ROWS = (
    fault(
        "status-eni-not-belong-ecs",
        "status",
        NOT_ON_ECS,
        f"{NOT_ON_ECS} comes with HTTP status 404.",
        recode(NOT_ON_ECS, status=404),
    ),
    fault(
        "code-eni-not-belong-ecs",
        "code",
        NOT_ON_ECS,
        f"Where {NOT_ON_ECS} belongs, the code is InvalidParameter.EniNotBelongECS.",
        recode(NOT_ON_ECS, to="InvalidParameter.EniNotBelongECS"),
    ),
    fault(
        "status-second-spelling",
        "status",
        "InvalidInstanceId.NotFound",
        "An unknown instance is InvalidInstanceId.NotFound with HTTP status 404.",
        _second_spelling_wrong,
    ),
    fault(
        "status-trunk-type",
        "status",
        NO_TRUNK_TYPE,
        f"{NO_TRUNK_TYPE} comes with HTTP status 400.",
        recode(NO_TRUNK_TYPE, status=400),
    ),
    fault(
        "status-trunk-state",
        "status",
        TRUNK_STATE,
        f"{TRUNK_STATE} comes with HTTP status 400.",
        recode(TRUNK_STATE, status=400),
    ),
    fault(
        "code-not-on-trunk",
        "code",
        NOT_ON_TRUNK,
        f"Where {NOT_ON_TRUNK} belongs, the code is InvalidParameter.EniNotBelongToTrunk.",
        recode(NOT_ON_TRUNK, to="InvalidParameter.EniNotBelongToTrunk"),
    ),
    fault(
        "trunk-crashes",
        "robustness",
        "TrunkNetworkInstanceId",
        "The call is an internal error.",
        crash(),
        when=TRUNK_NAMED,
    ),
    fault(
        "trunk-refusal-detaches",
        "effect",
        f"frame: refusal, {NO_TRUNK_TYPE}",
        "The call is refused for its trunk, but the interface is detached.",
        does_on_refusal(NO_TRUNK_TYPE, lambda call, eni: call.cloud.detach(eni)),
    ),
)
LATER: tuple[Fault, ...] = tuple(replace(row, revision="2024") for row in _ROWS)
