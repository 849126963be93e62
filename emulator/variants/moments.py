"""When things happen: detaches that take long or show late, and what is Available but not yet free."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from eni_conformance.emulator.behaviour import Row
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import Refusal
from eni_conformance.emulator.state import Cloud, Instance, NetworkInterface
from eni_conformance.emulator.variants.kit import Variant, count, turn

SLOW_EVERY = 8
SLOW_DETACH_SECONDS = 14.0
STUCK_EVERY = 12
HIDDEN_DETACH_SECONDS = 0.3
SHOWN_LATE_SECONDS = 0.2
FREE_LATE_SECONDS = 0.6
FREE_LATER_SECONDS = 1.5
LAG_SECONDS = 3.0
LAG_LEAST, LAG_MOST = 1.1, 1.55
INSTANCES_LAG_SECONDS = 1.4
MODIFIED_LATE_SECONDS = 1.2


def _not_yet_free(seconds: float) -> tuple[tuple[str, Callable[..., Any]], ...]:
    """After a detach an interface is Available, and cannot be attached or deleted for so long."""

    def settled(cloud: Cloud, eni: NetworkInterface) -> None:
        eni.scar["free from"] = cloud.now() + seconds

    def check(eni: NetworkInterface, now: float) -> Refusal | None:
        if now >= eni.scar.get("free from", now):
            return None
        message = f"The status of {eni.id} does not support this operation yet."
        return Refusal(400, "InvalidOperation.InvalidEniState", message)

    return (
        ("settled", settled),
        ("attach", lambda call, instance, eni: check(eni, call.cloud.now())),
        ("delete", lambda call, eni: check(eni, call.cloud.now())),
    )


def _some_slow(cloud: Cloud, eni: NetworkInterface, seconds: float) -> float:
    return max(seconds, SLOW_DETACH_SECONDS) if turn(cloud, "slow detaches", SLOW_EVERY) else seconds


def _some_stuck(cloud: Cloud, eni: NetworkInterface, seconds: float) -> float:
    """The guest does not react, and the detach never ends by itself."""
    if not turn(cloud, "stuck detaches", STUCK_EVERY):
        return seconds
    eni.scar["stuck"] = "since this call"
    return math.inf


def _push(call: Call, eni: NetworkInterface) -> None:
    """The second call for a detach that is stuck sets it going."""
    stuck = eni.scar.pop("stuck", "")
    if stuck == "since this call":
        eni.scar["stuck"] = "since an earlier call"
    elif stuck and eni.status == "Detaching":
        call.cloud.later(eni, "Detaching", lambda: call.cloud.detached(eni))


PAUSE_SECONDS = 0.04


def _at_work(call: Call, refusal: Refusal | None) -> Refusal | None:
    """One detach from an instance at a time; a second one has to be asked for again."""
    if refusal is not None or call.eni is None:
        return refusal
    if any("at work" in eni.scar and eni.instance is call.instance for eni in call.cloud.interfaces.values()):
        return Refusal(409, "OperationConflict", "Another operation is being performed on the instance.")
    call.eni.scar["at work"] = True
    return None


def _done(call: Call, eni: NetworkInterface) -> None:
    eni.scar.pop("at work", None)


CONFLICTS = ((400, "OperationConflict"), (403, "Operation.Conflict"), (403, "InvalidOperation.Conflict"))
ON_THE_WAY = ("Attaching", "Detaching")


def _conflict(cloud: Cloud, instance: Instance, eni: NetworkInterface) -> Refusal | None:
    """What is said while another interface of the instance is on its way."""
    others = (each for each in instance.interfaces.values() if each is not eni)
    if not any(each.state in ON_THE_WAY for each in others):
        return None
    status, code = CONFLICTS[count(cloud, "conflicts") % len(CONFLICTS)]
    return Refusal(status, code, f"Another task of {instance.id} is running.")


def _detach_in_turn(call: Call, refusal: Refusal | None) -> Refusal | None:
    if refusal is not None or call.eni is None or call.instance is None:
        return refusal
    return _conflict(call.cloud, call.instance, call.eni)


MODIFIED = {
    "NetworkInterfaceName": "name",
    "Description": "description",
    "DeleteOnRelease": "delete_on_release",
}


def _remember(call: Call) -> None:
    """Before something is modified: what it was like, and until when that is shown."""
    cloud = call.cloud
    if call.action == "ModifyNetworkInterfaceAttribute" and call.get("NetworkInterfaceId") in cloud.interfaces:
        eni = cloud.interfaces[call.get("NetworkInterfaceId")]
        eni.scar["was"] = {field: getattr(eni, name) for field, name in MODIFIED.items()}
        eni.scar["was until"] = cloud.now() + MODIFIED_LATE_SECONDS
    if call.action == "RebootInstance" and call.get("InstanceId") in cloud.instances:
        instance = cloud.instances[call.get("InstanceId")]
        instance.scar["was"] = instance.started
        instance.scar["was until"] = cloud.now() + cloud.behaviour.settle_seconds + MODIFIED_LATE_SECONDS


def _as_it_was(call: Call, eni: NetworkInterface, row: Row) -> None:
    if call.cloud.now() < eni.scar.get("was until", 0.0):
        row |= eni.scar["was"]


def _started_before(call: Call, instance: Instance, row: Row) -> None:
    """The time is told to the second, and after a reboot the old one for a while."""
    late = call.cloud.now() < instance.scar.get("was until", 0.0)
    row["StartTime"] = (instance.scar["was"] if late else instance.started) or instance.created


MOMENTS: tuple[Variant, ...] = (
    Variant(
        "calls-at-once-conflict",
        "Of detaches from one instance at the same moment, one is carried out; the others get 409 OperationConflict.",
        hooks=(("decision", _at_work), ("pause", lambda call: PAUSE_SECONDS), ("effect", _done)),
    ),
    Variant(
        "free-late",
        f"After a detach an interface cannot be attached or deleted for {FREE_LATE_SECONDS} seconds.",
        hooks=_not_yet_free(FREE_LATE_SECONDS),
    ),
    Variant(
        "free-later",
        f"After a detach an interface cannot be attached or deleted for {FREE_LATER_SECONDS} seconds.",
        hooks=_not_yet_free(FREE_LATER_SECONDS),
    ),
    Variant(
        "one-detach-in-eight-slow",
        f"One detach in eight takes {SLOW_DETACH_SECONDS:.0f} seconds, the others the usual time.",
        hooks=(("delay", _some_slow),),
    ),
    Variant(
        "stuck-now-and-then",
        f"One detach in {STUCK_EVERY} stays Detaching until it is asked for again.",
        hooks=(("delay", _some_stuck), ("effect", _push)),
    ),
    Variant(
        "detaching-hidden",
        "A detach takes 300 milliseconds, and descriptions go on showing InUse until it has ended.",
        {"detaching_shown_after": math.inf},
        hooks=(("delay", lambda cloud, eni, seconds: HIDDEN_DETACH_SECONDS),),
    ),
    Variant(
        "detaching-shown-late",
        "A detach takes 200 milliseconds more, and descriptions go on showing InUse for that long.",
        {"detaching_shown_after": SHOWN_LATE_SECONDS},
        hooks=(("delay", lambda cloud, eni, seconds: seconds + SHOWN_LATE_SECONDS),),
    ),
    Variant(
        "attach-takes-no-time",
        "An attach leads straight to InUse, that of a held interface too; a detach takes the usual time.",
        {"attach_at_once": True},
    ),
    Variant(
        "lag-three-seconds",
        f"Describe operations lag {LAG_SECONDS:.0f} seconds behind.",
        {"lag_seconds": LAG_SECONDS},
        target={"limits": {"lag_seconds": 3.5}},
    ),
    Variant(
        "lag-over-a-second",
        f"Describe operations lag behind, each change by another time between {LAG_LEAST} and {LAG_MOST} seconds.",
        {"lag_seconds": LAG_MOST, "lag_least": LAG_LEAST},
    ),
    Variant(
        "lag-of-instances",
        f"Descriptions of instances lag {INSTANCES_LAG_SECONDS} seconds behind, while all others show the present.",
        {"lag_seconds": INSTANCES_LAG_SECONDS, "lags": "DescribeInstances"},
    ),
    Variant(
        "modified-late",
        f"What is modified, and the start time after a reboot, is shown {MODIFIED_LATE_SECONDS} seconds later.",
        hooks=(("arrival", _remember), ("view", _as_it_was), ("instance_view", _started_before)),
    ),
    Variant(
        "one-at-a-time",
        "While an interface of an instance is on its way, others are neither attached nor detached there: a conflict.",
        hooks=(
            ("decision", _detach_in_turn),
            ("attach", lambda call, instance, eni: _conflict(call.cloud, instance, eni)),
        ),
    ),
)
