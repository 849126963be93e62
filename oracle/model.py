"""The life cycle as a model: what may be true of the target after each step. Pure.

The model is a `Known` whose sets of possible statuses grow when a transition starts and shrink when somebody
looks. It explains sequential histories (each answer must be admissible in what is possible then) and
overlapping calls (there must be a serial order in which each answer is admissible).
Source: section notes of the page; the life cycle of interfaces in the vendor's description of the API.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from eni_conformance.contract.detach import EFFECT
from eni_conformance.contract.rules import Operation
from eni_conformance.harness.values import Asked, Deed, Snapshot
from eni_conformance.oracle.readings import EniKnown, InstanceKnown, Known, Reply, admissible, judge_reply

NEXT_OF_ENI = {
    "Attaching": frozenset({"Attaching", "InUse"}),
    EFFECT.via: frozenset({EFFECT.via, EFFECT.to}),
    "Deleting": frozenset({"Deleting", ""}),
}
NEXT_OF_INSTANCE = {
    "Pending": frozenset({"Pending", "Starting", "Running", "Stopped"}),
    "Starting": frozenset({"Starting", "Running"}),
    "Stopping": frozenset({"Stopping", "Stopped"}),
}


def known_of(
    snapshot: Snapshot,
    *,
    region: str,
    regions: frozenset[str],
    held: frozenset[str] = frozenset(),
    faults: dict[str, str] | None = None,
    of_all: tuple[str, ...] = (),
) -> Known:
    """What a look tells about now. `held`: resources whose transitions are frozen, so their status is certain.

    faults: resource -> the order of the control protocol in force for it. of_all: those for region and parameters.
    """
    enis = {}
    for eni in snapshot.enis:
        status = snapshot.status(eni)
        statuses = frozenset({status}) if eni in held else NEXT_OF_ENI.get(status, frozenset({status}))
        link = snapshot.link(eni) or snapshot.listed_on(eni)
        on = frozenset({link}) if statuses != NEXT_OF_ENI[EFFECT.via] else frozenset({link, ""})
        kind = str(snapshot.enis[eni].get("Type", "Secondary"))
        enis[eni] = EniKnown(eni, statuses, on, kind, (faults or {}).get(eni, ""))
    instances = {}
    for instance in snapshot.instances:
        status = snapshot.status(instance)
        settled = frozenset({status})
        statuses = settled if instance in held else NEXT_OF_INSTANCE.get(status, settled)
        instances[instance] = InstanceKnown(instance, statuses, (faults or {}).get(instance, ""))
    return Known(region, regions, instances, enis, of_all)


def _with_eni(known: Known, eni: str, statuses: frozenset[str], on: frozenset[str]) -> Known:
    old = known.enis[eni]
    return dataclasses.replace(known, enis={**known.enis, eni: dataclasses.replace(old, statuses=statuses, on=on)})


def _with_instance(known: Known, instance: str, statuses: frozenset[str]) -> Known:
    old = known.instances[instance]
    return dataclasses.replace(
        known, instances={**known.instances, instance: dataclasses.replace(old, statuses=statuses)}
    )


def after_detach(known: Known, eni: str, held: bool = False) -> Known:
    """An accepted detach: on its way at first, at its end later, as the row of the effect says; frozen, it stays on its
    way."""
    if eni not in known.enis:
        return known
    on = known.enis[eni].on
    if held:
        return _with_eni(known, eni, frozenset({EFFECT.via}), on)
    return _with_eni(known, eni, NEXT_OF_ENI[EFFECT.via], on | {""})


def after_deed(known: Known, deed: Deed) -> Known:
    """An accepted operation of the surroundings."""
    match deed.op:
        case "attach" if deed.eni in known.enis:
            return _with_eni(known, deed.eni, NEXT_OF_ENI["Attaching"], frozenset({deed.instance}))
        case "delete" if deed.eni in known.enis:
            return _with_eni(known, deed.eni, NEXT_OF_ENI["Deleting"], frozenset({""}))
        case "start" if deed.instance in known.instances:
            return _with_instance(known, deed.instance, NEXT_OF_INSTANCE["Starting"])
        case "stop" | "stop_charging" if deed.instance in known.instances:
            return _with_instance(known, deed.instance, NEXT_OF_INSTANCE["Stopping"])
        case "reboot" if deed.instance in known.instances:
            statuses = frozenset({"Stopping", "Stopped", "Starting", "Running"})
            return _with_instance(known, deed.instance, statuses)
        case "delete_instance" if deed.instance in known.instances:
            known = _with_instance(known, deed.instance, frozenset({"Running", "Stopping", "Stopped", ""}))
            for eni, one in known.enis.items():
                if deed.instance in one.on:
                    known = _with_eni(known, eni, one.statuses | {"Detaching", "Available", ""}, one.on | {""})
    return known


def deed_possible(known: Known, deed: Deed) -> bool:
    """Whether the operation could be accepted in some possible state."""
    eni, instance = known.enis.get(deed.eni), known.instances.get(deed.instance)
    match deed.op:
        case "attach":
            return bool(eni and instance and "Available" in eni.statuses and instance.statuses & {"Running", "Stopped"})
        case "delete":
            return bool(eni and eni.statuses & {"Available", "Deleting"})
        case "start":
            return bool(instance and instance.statuses & {"Stopped", "Stopping"})
        case "stop" | "stop_charging" | "reboot":
            return bool(instance and instance.statuses & {"Running", "Starting"})
    return True


@dataclass(frozen=True)
class Told:
    """One of several overlapping operations and its answer. `sent`, `done`: seconds; a call that was answered
    before another was sent precedes it in every serial order. conflicts: it was refused because of another one."""

    what: Asked | Deed
    reply: Reply
    sent: float = 0.0
    done: float = 0.0
    conflicts: bool = False


def step(contract: Operation, known: Known, told: Told) -> Known | None:
    """The state after this operation with this answer, None if the answer is impossible in `known`."""
    if isinstance(told.what, Deed):
        if not told.reply.success:
            return known
        return after_deed(known, told.what) if deed_possible(known, told.what) else None
    if told.conflicts:
        return known
    expected = admissible(contract, known, told.what)
    if judge_reply(contract, expected, told.reply):
        return None
    return after_detach(known, expected.target) if told.reply.success and expected.target else known


def explain(contract: Operation, known: Known, told: Sequence[Told], final: Snapshot | None) -> tuple[int, ...] | None:
    """A serial order of the overlapping operations that explains every answer and the final state.

    Returns the order as indices, None if there is none. `final`: a look after everything settled; a status
    that no order leads to cannot be explained. At most 8 operations are expected (8! orders, pruned).
    """

    def search(done: tuple[int, ...], state: Known) -> tuple[int, ...] | None:
        if len(done) == len(told):
            return done if final is None or agrees(state, final) else None
        left = [i for i in range(len(told)) if i not in done]
        for i in left:
            if any(told[j].done < told[i].sent for j in left if j != i):
                continue
            following = step(contract, state, told[i])
            if following is not None:
                found = search((*done, i), following)
                if found is not None:
                    return found
        return None

    return search((), known)


def agrees(known: Known, final: Snapshot) -> bool:
    """Whether a look after things settled shows a state that the model holds possible."""
    for eni in known.enis.values():
        if eni.id not in final.enis and final.listed_on(eni.id) in eni.on - {""}:
            continue  # only its instance shows it
        seen = final.status(eni.id)
        if seen not in eni.statuses:
            return False
        if seen in ("InUse", "Available") and final.link(eni.id) not in eni.on:
            return False
    return all(final.status(i.id) in i.statuses for i in known.instances.values())
