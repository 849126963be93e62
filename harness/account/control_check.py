"""Does the control protocol do what its document says? Asked before anything is judged by worlds that it made.

An order that means something else makes a good endpoint look wrong (docs/control-protocol.md, "How a client checks
it"). So each order that is offered is tried once: all of them in one round, on an instance and an interface that the
caller keeps (`control_round`). Where that round shows anything amiss, single steps on resources of their own tell which
order it is (`control_steps`). No operation is judged: where one of those fails, nothing is said about the protocol.

With everything offered, on an endpoint that keeps it, the round takes 30 requests: 20 orders, 8 looks, one attach and
one detach. Making the instance and the interface takes 2 more, which the caller then need not send.
"""

from __future__ import annotations

from dataclasses import replace

from eni_conformance.harness import ecs
from eni_conformance.harness.account import control_round, control_stand, control_steps
from eni_conformance.harness.account.control_orders import KNOWN, ControlCheck


def check(session: ecs.Session, ground: ecs.Ground, capabilities: frozenset[str]) -> ControlCheck:
    """Try each order that is offered, and undo all of them.

    What it is tried on is left to the caller if all is well (`kept`), and given back if not. What cannot be given back
    stays in the ledger. Raises SetupError if the ground was damaged and cannot be mended.
    """
    offered = capabilities & KNOWN
    if not offered:
        return ControlCheck({}, 0, {})
    before = sum(session.client.counts.values())
    orders = 0
    stand = control_stand.make(session, ground, offered) if control_round.possible(offered) else None
    mended = ground
    if stand:
        right = False
        try:
            right, orders = control_round.is_right(session, ground, stand, offered)
        finally:
            if not right:
                control_stand.remove(session, stand)
        if right:
            return ControlCheck({}, sum(session.client.counts.values()) - before + orders, {}, kept=stand)
        mended = control_stand.mend(session, ground, stand)
    found, more = control_steps.tried(session, mended, offered)
    calls = sum(session.client.counts.values()) - before + orders + more
    return replace(found, calls=calls, mended=mended if mended != ground else None)
