"""Operations of the surroundings as plain exchanges, for histories: sent once, never retried into success.

Unlike the set-up functions of `ecs` these hand back whatever came; the ledger is asked first all the same, so
that nothing is touched that this run did not create.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from eni_conformance.contract.scenario import ACTIONS, Act
from eni_conformance.harness import ecs
from eni_conformance.harness.history import Arranged
from eni_conformance.harness.values import Deed, Exchange, Pair, Snapshot

ANEW = "described anew"
"""What an interface is described as, or named, when that is modified; its tags say whose it is, and stay."""
PARAMETER = {"SecurityGroupIds": "SecurityGroupId.1"}
"""What descriptions show -> the parameter that modifies it, where the names differ."""


def deed_of(act: Act, arranged: Arranged, now: Snapshot, groups: Sequence[str]) -> Deed:
    """An operation with real ids, and with another value than the last look shows, where something is modified. groups:
    those that interfaces may be in. Pure."""
    enis, instances = arranged.enis, arranged.instances
    deed = Deed(act.op, enis[act.eni % len(enis)] if enis else "", instances[act.instance % len(instances)])
    if act.op != "modify":
        return deed
    value = anew(act.attribute, now.enis.get(deed.eni, {}).get(act.attribute), groups)
    return replace(deed, attribute=act.attribute, value=value)


def anew(attribute: str, shown: object, groups: Sequence[str]) -> str:
    """What an attribute that is shown so is modified to. groups: those that the interface may be in. Pure."""
    match attribute:
        case "DeleteOnRelease":
            return "false" if shown in (True, "true") else "true"
        case "SecurityGroupIds":
            alone = [one for one in groups if shown != (json.dumps(one),)]
            return alone[-1] if alone else groups[-1]
    return ANEW


def act(session: ecs.Session, deed: Deed) -> Exchange:
    """Send one operation, a key of ACTIONS. Raises ledger.NotOurs, KeyError for an unknown operation."""
    region: Pair = session.region
    op, eni, instance = deed.op, deed.eni, deed.instance
    pairs: list[Pair]
    match op:
        case "attach":
            session.ledger.check(eni)
            session.ledger.check(instance)
            pairs = [region, ("InstanceId", instance), ("NetworkInterfaceId", eni)]
        case "delete":
            session.ledger.check(eni)
            pairs = [region, ("NetworkInterfaceId", eni)]
        case "modify":
            session.ledger.check(eni)
            name = PARAMETER.get(deed.attribute, deed.attribute)
            pairs = [region, ("NetworkInterfaceId", eni), (name, deed.value or ANEW)]
        case "describe":
            pairs = [region, ("NetworkInterfaceId.1", eni)]
        case "delete_instance":
            session.ledger.check(instance)
            pairs = [region, ("InstanceId", instance), ("Force", "true")]
        case "stop_charging":
            session.ledger.check(instance)
            pairs = [region, ("InstanceId", instance), ("StoppedMode", "StopCharging")]
        case _:
            session.ledger.check(instance)
            pairs = [region, ("InstanceId", instance)]
    exchange = ecs.send(session, ACTIONS[op], pairs)
    if op.startswith("delete") and 200 <= exchange.status < 300:
        session.ledger.going.add(eni if op == "delete" else instance)
    return exchange


def shown(deed: Deed, now: Snapshot) -> bool:
    """Whether a look shows what was asked for and refused, as where an earlier sending was carried out. Pure."""
    match deed.op:
        case "attach":
            return now.status(deed.eni) in ("Attaching", "InUse") and now.link(deed.eni) == deed.instance
        case "delete":
            return now.status(deed.eni) in ("Deleting", "")
        case "start":
            return now.status(deed.instance) in ("Starting", "Running")
        case "stop" | "stop_charging":
            return now.status(deed.instance) in ("Stopping", "Stopped")
    return False
