"""Operations of the surroundings as plain exchanges, for histories: sent once, never retried into success.

Unlike the set-up functions of `ecs` these hand back whatever came; the ledger is asked first all the same, so
that nothing is touched that this run did not create.
"""

from __future__ import annotations

from eni_conformance.contract.scenario import ACTIONS
from eni_conformance.harness import ecs
from eni_conformance.harness.values import Deed, Exchange, Pair, Snapshot

ANEW = "described anew"
"""What an interface is described as when its attributes are modified; its name and tags say whose it is, and stay."""


def act(session: ecs.Session, op: str, eni: str, instance: str) -> Exchange:
    """Send one operation. `op`: a key of ACTIONS. Raises ledger.NotOurs, KeyError for an unknown operation."""
    region: Pair = session.region
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
            pairs = [region, ("NetworkInterfaceId", eni), ("Description", ANEW)]
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
