"""Small pictures as inline SVG: colours come from classes of the page's style sheet, never from here.

Every text goes through `escape`. Each picture has a title that says in words what it shows, because a
picture alone is not readable for everyone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from eni_conformance.oracle.results import Duel
from eni_conformance.reports.history import Line
from eni_conformance.reports.words import moment as point_in_time
from eni_conformance.reports.words import quantile, seconds, short, visible
from markupsafe import Markup, escape


def _svg(
    width: float, height: float, title: str, body: Iterable[str], kind: str, fixed: bool = False, role: str = "img"
) -> Markup:
    """fixed: drawn in its own size, not in that of the place where it stands. role: "group" where it holds links."""
    label = escape(visible(title))
    size = f' width="{width:.0f}" height="{height:.0f}"' if fixed else ""
    return _markup(
        f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}"{size} role="{role}" aria-label="{label}"'
        f' preserveAspectRatio="xMinYMin meet">{"".join(body)}</svg>'
    )


def _markup(text: str) -> Markup:
    """Text of this file, in which every foreign part went through `escape`."""
    return Markup(text)  # noqa: S704 - its parts are escaped or numbers


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(visible(text))}</text>'


def _rect(x: float, y: float, width: float, height: float, kind: str, title: str = "") -> str:
    inner = f"<title>{escape(visible(title))}</title>" if title else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
        f' class="{kind}">{inner}</rect>'
    )


def verdict_bar(counts: dict[str, int]) -> Markup:
    """All requirements as one bar, divided by verdict."""
    total = sum(counts.values())
    shown = [(verdict, n) for verdict, n in counts.items() if n]
    body, x = [], 0.0
    for verdict, n in shown:
        width = 1000 * n / (total or 1)
        body.append(_rect(x, 0, max(width - 3, 2), 16, f"f-{verdict}", f"{n} {verdict}"))
        x += width
    words = ", ".join(f"{n} {verdict}" for verdict, n in shown)
    return _markup(
        f'<svg class="bar" viewBox="0 0 1000 16" role="img" aria-label="{escape(words or "no requirement")}"'
        f' preserveAspectRatio="none">{"".join(body)}</svg>'
    )


def share(value: float, total: float) -> Markup:
    """A horizontal bar of value in total."""
    part = 0.0 if total <= 0 else min(1.0, value / total)
    return _markup(
        '<svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="100" height="8" class="track"/>'
        f'<rect width="{100 * part:.2f}" height="8" class="fill"/></svg>'
    )


def histogram(values: Sequence[float], title: str) -> Markup:
    """Seconds on a logarithmic axis, with the median and the 95th percentile marked."""
    values = [max(v, 1e-6) for v in values]
    if not values:
        return Markup("")
    low, high = math.log10(min(values)), math.log10(max(values))
    if high - low < 0.3:
        low, high = low - 0.15, high + 0.15
    bins, width, height, base = 32, 320.0, 96.0, 66.0
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((math.log10(value) - low) / (high - low) * bins))] += 1
    peak = max(counts)
    step = width / bins
    body = [
        _rect(i * step, base - (base - 14) * n / peak, step - 1.5, (base - 14) * n / peak, "fill", f"{n} calls")
        for i, n in enumerate(counts)
        if n
    ]
    body.append(f'<line x1="0" x2="{width:g}" y1="{base}" y2="{base}" class="axis"/>')
    marks = [("median", quantile(list(values), 0.5)), ("95 %", quantile(list(values), 0.95))]
    middle, late = ((math.log10(value) - low) / (high - low) * width for _, value in marks)
    for x in (middle, late):
        body.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="6" y2="{base + 4}" class="mark"/>')
    to_the_left = middle > 48
    body.append(_text(middle + (-3 if to_the_left else 3), 11, "median", "small", "end" if to_the_left else "start"))
    if late < width - 34 and (to_the_left or late > middle + 50):
        body.append(_text(late + 3, 11, "95 %", "small"))
    elif late > middle + 86:
        body.append(_text(late - 3, 11, "95 %", "small", "end"))
    body.append(_text(0, base + 16, seconds(10**low), "small"))
    body.append(_text(width, base + 16, seconds(10**high), "small", "end"))
    words = f"{title}: {len(values)} samples, " + ", ".join(f"{name} {seconds(value)}" for name, value in marks)
    return _svg(width, height, words, body, "histogram")


@dataclass(frozen=True)
class Call:
    """One call in `lanes`: its number, words, answer, start and end in seconds, lane from 0, and how it ended.

    kind: good, bad or "" (refused, or not a call). name: of the lane, "" for a connection without one.
    """

    n: str
    words: str
    got: str
    start: float
    end: float
    lane: int
    kind: str = ""
    name: str = ""


_PAUSE = 0.25
"""Seconds without a call that are drawn as a pause."""


def lanes(calls: Sequence[Call]) -> Markup:
    """Calls as a sequence diagram: time runs downwards, one lane per connection, overlapping calls side by side.

    The axis shows the order of beginnings and ends, not lengths: calls of a millisecond between pauses of seconds
    would not be seen otherwise. The times stand beside it.
    """
    if not calls:
        return Markup("")
    count = max(call.lane for call in calls) + 1
    edges = sorted({moment for call in calls for moment in (call.start, call.end)})
    row, top, left, width = 17.0, 30.0, 62.0, max(540.0, 62.0 + 240.0 * count)
    place: dict[float, float] = {}
    pauses: list[tuple[float, float]] = []
    y = top
    for i, moment in enumerate(edges):
        if i:
            idle = not any(c.start < moment and c.end >= moment for c in calls)
            begins = any(c.start == edges[i - 1] and c.end >= moment for c in calls)
            y += 34.0 if begins else row if not idle else 8.0
            if idle and moment - edges[i - 1] >= _PAUSE:
                pauses.append((y, moment - edges[i - 1]))
                y += row
        place[moment] = y
    height = y + 10
    column = (width - left) / count
    names = {call.lane: call.name for call in calls if call.name}
    body = []
    for lane in range(count):
        x = left + lane * column
        other = "others" if names else f"connection {lane + 1}" if count > 1 else "calls, in order"
        name = names.get(lane, other)
        body.append(_text(x + 4, 14, short(name, int(column / 7)), "small strong"))
        body.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="22" y2="{height:.1f}" class="grid"/>')
    for y, length in pauses:
        body.append(_text(left + 8, y + 10, f"\u2026 {seconds(length)} without a call", "small"))
    said = -1e9
    for call in calls:
        x, y1 = left + call.lane * column + 4, place[call.start]
        size = max(place[call.end] - y1, 30.0)
        if y1 - said >= 12:
            body.append(_text(left - 8, y1 + 12, seconds(call.start) if call.start else "0", "small", "end"))
            said = y1
        words = f"{call.n}. {call.words}: {call.got or 'no answer recorded'}"
        title = f"{words}; from {seconds(call.start)} to {seconds(call.end)}"
        body.append(_rect(x, y1, column - 10, size - 2, f"call {call.kind}".strip(), title))
        room = int((column - 22) / 6.2)
        body.append(_text(x + 7, y1 + 12, short(f"{call.n}  {call.words}", room), "label step"))
        body.append(_text(x + 7, y1 + 25, short(call.got or "\u2013", room), "label"))
    overlaps = sum(
        a.start < b.end and b.start < a.end for i, a in enumerate(calls) for b in calls[i + 1 :] if a.lane != b.lane
    )
    across = f"{len(calls)} calls over {count} connections, {overlaps} pairs of them overlapping"
    across = across if count > 1 else f"{len(calls)} calls one after the other"
    listed = "; ".join(f"{c.n}: {short(c.got, 60) or 'no answer'} at {seconds(c.start)}" for c in calls[:20])
    return _svg(width, height, f"sequence of {across}. {listed}", body, "lanes")


def trend(entries: Sequence[Line], here: str = "") -> Markup:
    """Outcome of each run, oldest on the left: a column for each, its colour the verdict of the whole, with how many
    requirements were violated, or else were left undecided, and a link to its report. here: the run that needs none."""
    if len(entries) < 2:
        return Markup("")
    width, base, step = 720.0, 44.0, min(40.0, 720.0 / len(entries))
    body = []
    for i, entry in enumerate(entries):
        state, n = outcome(entry)
        when = point_in_time(entry.started)
        label = f"{entry.run}, {when:%Y-%m-%d}: {n} {state}" if when else f"{entry.run}: {n} {state}"
        part = _rect(i * step, 4, step - 2, base - 4, f"outcome f-{state}", label)
        if step >= 18:
            part += _text(i * step + (step - 2) / 2, base / 2 + 6, str(n), "on-dark", "middle")
        address = f"../{quote(entry.run)}/index.html"
        linked = entry.run and entry.run != here and re.fullmatch(r"[\w.-]+", entry.run)
        body.append(f'<a href="{escape(address)}">{part}</a>' if linked else part)
    ends = [(point_in_time(entries[i].started), entries[i].run) for i in (0, -1)]
    first, last = (f"{when:%Y-%m-%d}" if when else run for when, run in ends)
    body.append(_text(0, base + 14, short(first, 40), "small"))
    if step * len(entries) > 160:
        body.append(_text(step * len(entries) - 2, base + 14, short(last, 40), "small", "end"))
    states = [outcome(entry)[0] for entry in entries]
    counted = ", ".join(f"{states.count(name)} {name}" for name in dict.fromkeys(states))
    return _svg(
        width, base + 20, f"{len(entries)} runs: {counted}; the last one {states[-1]}", body, "trend", role="group"
    )


def outcome(entry: Line) -> tuple[str, int]:
    """The verdict of a whole run, and of how many requirements it is."""
    counts = entry.counts
    undecided = sum(counts.get(name, 0) for name in ("inconclusive", "not-exercised", "error"))
    if counts.get("violated", 0):
        return "violated", counts["violated"]
    return ("inconclusive", undecided) if undecided or entry.incomplete else ("conforms", counts.get("conforms", 0))


def precedence(duels: Sequence[Duel], names: dict[str, str]) -> Markup:
    """Which fault wins over which: one layer per rank, and only the arrows that others do not imply."""
    beats: dict[str, set[str]] = {}
    reverse = {name: ident for ident, name in names.items()}
    for duel in duels:
        beats.setdefault(duel.a, set())
        beats.setdefault(duel.b, set())
        winner = reverse.get(duel.winner or "", duel.winner)
        if duel.stable and winner in (duel.a, duel.b):
            loser = duel.b if winner == duel.a else duel.a
            beats[winner].add(loser)
    nodes = sorted(beats, key=lambda n: (-len(beats[n]), n))
    if not 2 <= len(nodes) <= 24:
        return Markup("")
    order = {node: i for i, node in enumerate(nodes)}
    edges = {(a, b) for a in nodes for b in beats[a] if order[a] < order[b]}
    against = {(a, b) for a in nodes for b in beats[a] if order[a] > order[b]}
    shown = {(a, b) for a, b in edges if not any((a, c) in edges and (c, b) in edges for c in nodes if c not in (a, b))}
    layer: dict[str, int] = {}
    for node in nodes:
        layer[node] = max((layer[a] + 1 for a, b in shown if b == node), default=0)
    labels = {node: short(names.get(node, node), 44) for node in nodes}
    size = {node: 6.6 * len(labels[node]) + 22 for node in nodes}
    rows = _rows(nodes, layer, shown, size)
    width = max(sum(size[n] + 14 for n in members) for members in rows)
    row = 58.0
    height = row * len(rows) - 18
    place: dict[str, tuple[float, float]] = {}
    for level, members in enumerate(rows):
        gap = (width - sum(size[n] for n in members)) / len(members)
        x = gap / 2
        for node in members:
            place[node] = (x + size[node] / 2, level * row + 18)
            x += size[node] + gap
    body = [
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
        ' orient="auto">'
        '<path d="M0 0L8 4L0 8z" class="tip"/></marker></defs>'
    ]
    for a, b in sorted(shown) + sorted(against):
        (x1, y1), (x2, y2) = place[a], place[b]
        kind = "edge" if (a, b) in shown else "edge cycle"
        down = y2 > y1
        ys, ye = (y1 + 12, y2 - 13) if down else (y1 - 12, y2 + 13)
        bend = (ye - ys) / 2
        curve = f"C{x1:.0f} {ys + bend:.0f} {x2:.0f} {ye - bend:.0f} {x2:.0f} {ye:.0f}"
        body.append(f'<path d="M{x1:.0f} {ys:.0f}{curve}" class="{kind}" marker-end="url(#tip)"/>')
    for node, (x, y) in place.items():
        body.append(_rect(x - size[node] / 2, y - 12, size[node], 24, "node", node))
        body.append(_text(x, y + 4, labels[node], "label", "middle"))
    listed = "; ".join(f"{labels[a]} before {labels[b]}" for a, b in sorted(shown))
    words = f"precedence among {len(nodes)} faults, the winners above; {len(against)} against the order. {listed}"
    return _svg(width, height, words, body, "graph", fixed=True)


_ROW = 1080.0
"""So wide a row of the graph may be; what does not fit goes into a row of its own below."""


def _rows(
    nodes: Sequence[str], layer: dict[str, int], edges: set[tuple[str, str]], size: dict[str, float]
) -> list[list[str]]:
    """The nodes by layer, each near what points to it, long layers broken."""
    rows: list[list[str]] = []
    centre: dict[str, float] = {}
    for level in range(max(layer.values()) + 1):
        members = [n for n in nodes if layer[n] == level]
        for n in members:
            above = [centre[a] for a, b in edges if b == n]
            centre[n] = sum(above) / len(above) if above else 0.5
        members.sort(key=lambda n: (centre[n], n))
        row: list[str] = []
        for n in members:
            if row and sum(size[m] + 14 for m in row) + size[n] > _ROW:
                rows.append(row)
                row = []
            row.append(n)
        rows.append(row)
        for i, n in enumerate(members):
            centre[n] = (i + 0.5) / len(members)
    return rows
