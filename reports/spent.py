"""What a run used, beside what had been told of it before."""

from __future__ import annotations

import math
from dataclasses import dataclass

from eni_conformance.oracle.results import (
    Cost,
    Predicted,
    Results,
)
from eni_conformance.reports.words import seconds


@dataclass(frozen=True)
class Forecast:
    """What had been predicted beside what came: calls by operation, the total, and the rest of the cost."""

    source: str
    rows: tuple[tuple[str, int, int], ...]
    predicted: int
    actual: int
    words: str
    facts: tuple[tuple[str, str, str], ...]


def forecast(results: Results) -> Forecast | None:
    """None when nothing was predicted, and of less than a whole run, of which a prediction says nothing: one that ended
    early, was narrowed, or stayed shallow for lack of time."""
    told = results.predicted
    if told is None or results.incomplete or results.run.part or results.shallow:
        return None
    names = dict.fromkeys([*results.calls, *told.calls])
    rows = [(name, told.calls.get(name, 0), results.calls.get(name, 0)) for name in names]
    actual = sum(results.calls.values())
    facts = [("time", seconds(told.seconds), seconds(results.run.seconds))]
    used = results.cost
    hours = f"at most {_up(used.instance_seconds / 3600)}" if used else ""
    facts += [
        ("instances", f"{told.instances} at once", f"{used.instances:g} created" if used else ""),
        ("network interfaces", f"{told.interfaces} at once", f"{used.network_interfaces:g} created" if used else ""),
        ("instance hours", f"{told.hours:g}", hours),
        ("money", f"{told.money:g} {told.currency}".strip(), _money(told, used)),
    ]
    return Forecast(
        source=told.source,
        rows=tuple(sorted(rows, key=lambda row: (-row[2], -row[1], row[0]))),
        predicted=told.total,
        actual=actual,
        words=_off_by(told, actual, results.run.seconds),
        facts=tuple(facts),
    )


@dataclass(frozen=True)
class Lease:
    """What the run had of one kind, in words. each: worlds that one of them served, on average, "" if unknown."""

    name: str
    created: int
    at_once: int
    given_back: int
    existed: str
    each: str


def leases(cost: Cost | None) -> tuple[Lease, ...]:
    """Instances and interfaces first, then what they stand on."""
    rows = sorted(cost.leases if cost else (), key=lambda one: (not one.served, one.kind != "instance"))
    return tuple(
        Lease(
            {"eni": "network interface"}.get(one.kind, one.kind.replace("_", " ")),
            one.created,
            one.at_once,
            one.created - len(one.left),
            seconds(one.seconds / one.created) if one.created else "",
            f"{one.served / one.created:.1f}" if one.served and one.created else "",
        )
        for one in rows
    )


def left_behind(cost: Cost | None) -> tuple[str, ...]:
    """Ids of resources that the run created and did not see gone."""
    return tuple(identifier for one in (cost.leases if cost else ()) for identifier in one.left)


def _money(told: Predicted, used: Cost | None) -> str:
    """What the used instance hours cost at the predicted price; "" when one of the two is not known."""
    if used is None or not told.hours:
        return ""
    money = told.money / told.hours * used.instance_seconds / 3600
    return f"{'at most ' if money else ''}{_up(money)} {told.currency}".strip()


def _up(value: float) -> str:
    """A number rounded up to hundredths."""
    return f"{math.ceil(round(100 * value, 6)) / 100:g}"


def _off_by(told: Predicted, calls: int, seconds: float) -> str:
    """By how much calls and time differ from what was predicted."""
    both = ((off_by(told.total, calls), "calls"), (off_by(round(told.seconds), round(seconds)), "seconds"))
    return "; ".join(f"{words} in {what}" for words, what in both if words)


def off_by(predicted: int, actual: int) -> str:
    """By how much a prediction differs from what came, in per cent of what came; "" when nothing came."""
    if not actual:
        return ""
    part = 100 * (predicted - actual) / actual
    if abs(part) < 0.05:
        return "as predicted"
    return f"the prediction was {abs(part):.{0 if abs(part) >= 10 else 1}f} % too {'high' if part > 0 else 'low'}"
