"""The orders of the control protocol: what undoes each, what must be shown while it lasts, and what that tells.

Pure; docs/control-protocol.md says what each order means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Entry = Mapping[str, Any]
"""A described resource, {} if it is not shown."""
Order = Mapping[str, object]

PROTOCOL = "protocol"
"""The key of a problem that belongs to no capability."""
EVERYWHERE = ("region.feature", "parameter.unsupported")
"""Orders that touch everybody who uses the endpoint."""
ON_GROUP = ("security_group.type", "security_group.full", "security_group.remove")
ON_INSTANCE = ("instance.status", "instance.eni_limit")
ATTACHED = ("hold", "release", "eni.status")
"""Orders that are tried on an attached interface."""
ALONE = ("eni.type", "eni.zone", "eni.vpc", "vswitch.remove", *ON_GROUP, *EVERYWHERE, "reset")
"""Orders that need no instance."""
UNDONE_BY_RESET = frozenset(
    {"eni.status", "eni.type", "eni.zone", "eni.vpc", "instance.status", "vswitch.remove", "security_group.remove"}
)
KNOWN = frozenset({*ALONE, *ON_INSTANCE, *ATTACHED})

ELSEWHERE = "vpc-elsewhere0000000000000"
"""The VPC that `eni.vpc` names; it need not exist."""


@dataclass(frozen=True)
class ControlCheck:
    """What of the control protocol does what its document says.

    problems: capability -> what it did instead, in one sentence for a reader; "protocol" for what belongs to none.
    calls: requests sent, to the service and to the control URL. untried: capability -> why it could not be tried.
    """

    problems: Mapping[str, str]
    calls: int
    untried: Mapping[str, str]


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
    op, name = order["op"], order.get("id")
    match op:
        case "region.feature":
            return {**order, "supported": True}
        case "parameter.unsupported":
            return {**order, "unsupported": False}
        case "hold" if "release" in offered:
            return {"op": "release", "id": name}
        case _ if "reset" in offered:
            return {"op": "reset", "id": name}
        case "security_group.type":
            return {**order, "type": "vpc"}
        case "security_group.full":
            return {**order, "full": False}
        case "instance.eni_limit":
            return {**order, "exceeded": False}
    return None


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
