"""One question to a target, and what is told of its answer; and sessions that look, or own something for a moment."""

from __future__ import annotations

import os
import random
import string
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from eni_conformance.harness import ecs
from eni_conformance.harness.account import janitor
from eni_conformance.harness.account.ledger import Ledger
from eni_conformance.harness.account.survey import ask_again, wire_for
from eni_conformance.harness.codec import code_of
from eni_conformance.harness.target import Target
from eni_conformance.harness.values import Exchange, Pair
from eni_conformance.harness.wire.client import VERSION, VPC_VERSION, Client

Answer = Literal["ok", "warning", "problem", "unknown"]


@dataclass(frozen=True)
class Check:
    """A question, its answer, what was seen, and what to do about it ("" if nothing)."""

    name: str
    answer: Answer
    seen: str
    advice: str = ""


def ask(
    target: Target,
    client: Client,
    action: str,
    pairs: Sequence[Pair],
    *,
    caller: str = "account",
    vpc: bool = False,
) -> Exchange:
    """One question, asked again while its answer may pass."""
    version = VPC_VERSION if vpc else VERSION
    return ask_again(
        client,
        lambda: client.send(action, pairs, caller=caller, wire=wire_for(target), vpc=vpc, version=version),
        valid=False,
    )


def seen_of(exchange: Exchange) -> str:
    if exchange.outcome != "answered":
        return f"{exchange.outcome}: {exchange.detail}"
    return f"HTTP {exchange.status} {code_of(exchange)}".strip()


def unknown_id(prefix: str, length: int = 20) -> str:
    """A well-formed identifier that denotes nothing, as far as chance can make sure of it."""
    return prefix + "".join(random.SystemRandom().choices(string.ascii_lowercase + string.digits, k=length))


def looking(target: Target, client: Client) -> ecs.Session:
    """A session that can look but owns nothing."""
    return ecs.Session(target, client, Ledger(janitor.scratch(), "doctor", worker="doctor", durable=False), "doctor")


def owning(target: Target, client: Client) -> ecs.Session:
    """A session that may own something for a moment, with a ledger and marks as a run has them."""
    run_id = f"doctor-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(client.clock.now()))}-{os.urandom(2).hex()}"
    session = ecs.open_session(target, janitor.scratch(), run_id, clock=client.clock, skew=client.skew)
    session.client.close()
    return replace(session, client=client)


def give_back(session: ecs.Session) -> tuple[int, list[Check]]:
    """Remove whatever the session owns. Returns how much it was, and what could not be removed."""
    try:
        made = len(session.ledger.book().owned)
        if not made:
            return 0, []
        loopback, settle = session.target.loopback, session.target.limits.settle_seconds
        left = janitor.teardown(session, seconds=3 + settle if loopback else None).left
        names = ", ".join(f"{one.item.id} ({one.why})" for one in left[:5])
        checks = [Check("left behind", "warning", names, "eni-conformance janitor --target FILE")] if left else []
        return made - len(left), checks
    finally:
        session.ledger.close()
