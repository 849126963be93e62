"""The steps of a history: in words, and side by side where they overlapped."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eni_conformance.oracle.evidence import Evidence, Moment
from eni_conformance.reports import svg
from eni_conformance.reports.svg import plain

_CLOSE = 0.000_05
"""Seconds by which recorded times may be off, because they are rounded."""


def lanes(moments: Sequence[Moment]) -> tuple[svg.Call, ...]:
    """The calls of a history for `svg.lanes`; () unless at least two have a time.

    A call that begins before another has ended stands in another lane, as it went over another connection. A step
    may name its lane itself ("client A: ..."), or in a key `lane`.
    """
    timed = sorted((m for m in moments if m.at is not None), key=lambda m: m.at or 0.0)
    if len(timed) < 2:
        return ()
    first = timed[0].at or 0.0
    busy: list[tuple[str, float]] = []
    out = []
    for m in timed:
        start = max(0.0, (m.at or 0.0) - first)
        end = start + max(0.0, m.seconds or 0.0)
        words = told(m)
        who, colon, rest = words.partition(": ")
        name = m.lane or (who if colon and re.fullmatch(r"(client|worker) \S{1,20}", who) else "")
        free = [i for i, (known, until) in enumerate(busy) if known == name and (name or until <= start + _CLOSE)]
        lane = free[0] if free else len(busy)
        busy[lane : lane + 1] = [(name, end)]
        got = " ".join(str(part) for part in (m.status, m.code) if part)
        status = str(m.status or "")
        kind = "bad" if status.startswith("5") or (m.code and not status) else "good" if status[:1] == "2" else ""
        text = _ID.sub(lambda found: f"{found[1]}\u2026{found[2]}", rest if name and colon else _brief(words))
        out.append(svg.Call(str(m.n), text, got, start, end, lane, kind, name))
    return tuple(out)


def _brief(words: str) -> str:
    """A step as a label: without the region, which the story beside the picture names."""
    words = re.sub(r"\bRegionId='[^']*' ?", "", words).replace("NetworkInterfaceId=", "").replace("InstanceId=", "")
    return words.replace("DetachNetworkInterface", "detach")


_ID = re.compile(r"\b(eni|i|vsw|sg|vpc)-[A-Za-z0-9]*([A-Za-z0-9]{4})\b")
_TOGETHER = "at the same time: "


def told(moment: Moment) -> str:
    """The step of a history in words; the parameters of a detach get the name of their operation."""
    words = moment.step if isinstance(moment.step, str) else plain(moment.step)
    together, words = words.startswith(_TOGETHER), words.removeprefix(_TOGETHER)
    if together and re.match(r"\w+='", words):
        words = f"DetachNetworkInterface {words}"
    return words


def together(moment: Moment) -> bool:
    """Whether the step was sent at the same time as its neighbours."""
    return isinstance(moment.step, str) and moment.step.startswith(_TOGETHER)


def others(item: Evidence) -> list[Moment]:
    """The calls that were sent at the same time as the one whose answer is told, where no answer alone decides."""
    exchange = item.exchange.id if item.exchange else None
    beside = [m for m in item.history if together(m)]
    mine = [m for m in beside if m.note and m.note == exchange]
    if item.expected or not mine:
        return []
    return [m for m in beside if m is not mine[0] and m.of == mine[0].of][:6]
