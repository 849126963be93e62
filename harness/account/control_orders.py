"""The orders of the control protocol: what undoes each, what must be shown while it lasts, and what that tells.

Pure; docs/control-protocol.md says what each order means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eni_conformance.contract.detach import OPS
from eni_conformance.contract.rules import Holder
from eni_conformance.harness.ecs import Ground

Entry = Mapping[str, Any]
"""A described resource, {} if it is not shown."""
Order = Mapping[str, object]

PROTOCOL = "protocol"
"""The key of a problem that belongs to no capability."""


def _given_for(*holders: Holder) -> tuple[str, ...]:
    """The capabilities whose orders are given for one of these."""
    return tuple(op for op, row in OPS.items() if row.on in holders)


EVERYWHERE = _given_for("region", "parameter")
"""Orders that touch everybody who uses the endpoint."""
ON_GROUP = _given_for("group")
ON_INSTANCE = ("instance.status", *_given_for("instance"))
ATTACHED = ("hold", "release", "eni.status")
"""Orders that are tried on an attached interface."""
ALONE = (*_given_for("eni", "vswitch"), *ON_GROUP, *EVERYWHERE, "reset")
"""Orders that need no instance."""
UNDONE_BY_RESET = frozenset({"eni.status", "instance.status", *(op for op, row in OPS.items() if row.undo is None)})
KNOWN = frozenset({*ALONE, *ON_INSTANCE, *ATTACHED})

ELSEWHERE = str(OPS["eni.vpc"].do["value"])
"""The VPC that `eni.vpc` names; it need not exist."""


@dataclass(frozen=True)
class Stand:
    """What orders are tried on, by ids: a free interface in this group and this vSwitch, and a Running instance.

    own_group, own_vswitch: the same again where they were made for this alone, "" where they are the ground's.
    """

    instance: str = ""
    eni: str = ""
    group: str = ""
    vswitch: str = ""
    own_group: str = ""
    own_vswitch: str = ""

    @property
    def plain(self) -> bool:
        """Whether the interface lies where the ground puts interfaces."""
        return not (self.own_group or self.own_vswitch)


@dataclass(frozen=True)
class ControlCheck:
    """What of the control protocol does what its document says.

    problems: capability -> what it did instead, in one sentence for a reader; "protocol" for what belongs to none.
    calls: requests sent, to the service and to the control URL. untried: capability -> why it could not be tried.
    kept: what it was tried on, which is the caller's from now on. mended: the ground, if it had to be mended.
    """

    problems: Mapping[str, str]
    calls: int
    untried: Mapping[str, str]
    kept: Stand | None = None
    mended: Ground | None = None


def usable(offered: frozenset[str], found: ControlCheck) -> frozenset[str]:
    """The capabilities that a run may rest on: those without a problem, and without one in what undoes them."""
    broken = offered & set(found.problems)
    if "reset" in broken:
        broken |= UNDONE_BY_RESET
    if "release" in broken:
        broken |= {"hold"}
    return offered - broken


@dataclass(frozen=True)
class Laid:
    """What an order laid over a resource: the field of its description, and the value shown while it lasts."""

    field: str
    value: str


def opposite(order: Order, offered: frozenset[str]) -> Order | None:
    """The order that undoes this one, None if nothing that is offered does."""
    op, row = str(order["op"]), OPS.get(str(order["op"]))
    if op in EVERYWHERE and row:
        return row.taken_back(str(order[row.key]))
    if op == "hold" and "release" in offered:
        return {"op": "release", "id": order.get("id")}
    if "reset" in offered:
        return {"op": "reset", "id": order.get("id")}
    return row.taken_back(str(order["id"])) if row and row.undo is not None else None


def stranger(eni: str, offered: frozenset[str], zone: str) -> Order | None:
    """An order for an id that does not exist, made from the id of an interface; None if none is offered that needs an
    interface."""
    samples: tuple[Order, ...] = (
        {"op": "hold"},
        {"op": "eni.status", "status": "InUse"},
        {"op": "eni.type", "type": "Trunk"},
        {"op": "eni.zone", "value": zone},
        {"op": "eni.vpc", "value": ELSEWHERE},
    )
    nobody = f"{eni[:-10]}nosuchthing"[: len(eni)]
    return next(({**order, "id": nobody} for order in samples if order["op"] in offered), None)


def is_answer(problem: str) -> bool:
    """Whether what control.order tells is a wrong answer, and no failure to answer."""
    return problem == "the answer is no JSON object" or (problem.startswith("HTTP 4") and "HTTP 429" not in problem)


def compare(laid: Mapping[str, Laid], seen: Entry, back: Entry) -> tuple[dict[str, str], dict[str, str]]:
    """Problems and untried orders: what was to be shown, what was shown meanwhile, and what after `reset`. Pure.

    What is never shown tells nothing, what is shown before or after and hidden meanwhile does.
    """
    problems: dict[str, str] = {}
    untried: dict[str, str] = {}
    for op, want in laid.items():
        shown, after = str(seen.get(want.field) or ""), str(back.get(want.field) or "")
        if shown == want.value:
            if after == want.value:
                problems.setdefault("reset", f"After {op} and reset, {want.field} is still {after}.")
        elif shown:
            problems[op] = f"{want.value} was laid over {want.field}, and descriptions go on showing {shown}."
        elif after and (seen or op == "eni.status"):
            problems[op] = f"{want.value} was laid over {want.field}, and descriptions show none until reset."
        else:
            untried[op] = f"descriptions show no {want.field}"
    return problems, untried


def names(entry: Entry, group: str, vswitch: str) -> tuple[bool, bool]:
    """Whether a described interface names this group, and this vSwitch. Pure."""
    groups = entry.get("SecurityGroupIds")
    return isinstance(groups, list) and group in groups, entry.get("VSwitchId") == vswitch
