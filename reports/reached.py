"""What a run reached: states, pairs of dimensions, calls by state, and which of two faults is answered first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eni_conformance.oracle.results import (
    Duel,
    Pairwise,
    StateCell,
    Transition,
)
from eni_conformance.reports.words import short


@dataclass(frozen=True)
class Heat:
    """The heat map: rows of instance states, columns of attachment and interface state."""

    columns: tuple[tuple[str, tuple[str, ...]], ...]
    rows: tuple[tuple[str, tuple[tuple[int, str, int, str], ...]], ...]
    notes: tuple[tuple[str, str, tuple[str, ...]], ...]
    reached: int
    possible: int


_UNREACHED = "could be built here, but no call of this run fell on it"


def heat(cells: Sequence[StateCell]) -> Heat | None:
    """Cells as (judged, note, shade 0 to 5, key), where the key letter of an empty cell leads to its note.

    Columns are grouped by attachment, and only those that some cell speaks of are drawn.
    """
    if not cells:
        return None
    instances = _in_order((c.instance for c in cells), _INSTANCE_STATES)
    columns = [
        (attachment, _in_order((c.eni for c in cells if c.attachment == attachment), _ENI_STATES))
        for attachment in _in_order((c.attachment for c in cells), _ATTACHMENTS)
    ]
    by_key = {(c.instance, c.attachment, c.eni): c for c in cells}
    notes: dict[str, list[str]] = {}
    for c in cells:
        if not c.judged:
            name = f"{c.instance} / {c.eni}" + (f" / {c.attachment}" if c.attachment else "")
            notes.setdefault(c.note or _UNREACHED, []).append(name)
    keys = {note: _letter(i) for i, note in enumerate(notes)}
    rows = []
    for instance in instances:
        row = []
        for attachment, enis in columns:
            for eni in enis:
                cell = by_key.get((instance, attachment, eni))
                if cell is None:
                    row.append((0, "not part of the plan", 0, ""))
                elif cell.judged:
                    row.append((cell.judged, cell.note or "", _shade(cell.judged), ""))
                else:
                    note = cell.note or _UNREACHED
                    row.append((0, note, 0, keys[note]))
        rows.append((instance, tuple(row)))
    return Heat(
        tuple((_attached(attachment), tuple(enis)) for attachment, enis in columns),
        tuple(rows),
        tuple((keys[note], note, tuple(names)) for note, names in notes.items()),
        sum(1 for c in cells if c.judged),
        len(cells),
    )


_INSTANCE_STATES = ("Pending", "Starting", "Running", "Stopping", "Stopped")
_ENI_STATES = ("Available", "Attaching", "InUse", "Detaching", "Deleting")
_ATTACHMENTS = ("this", "this instance", "primary", "other", "another", "another instance", "none", "unattached", "")


def _in_order(found: Iterable[str], order: Sequence[str]) -> list[str]:
    """The distinct values in the order of a life cycle; values like "Attaching/InUse" after the first of them."""

    def place(value: str) -> tuple[float, str]:
        first, slash, _ = value.partition("/")
        return (order.index(first) + (0.5 if slash else 0) if first in order else len(order), value)

    return sorted(set(found), key=place)


def _attached(attachment: str) -> str:
    words = {
        "this": "attached to this instance",
        "other": "attached to another instance",
        "another": "attached to another instance",
        "primary": "primary interface",
        "none": "not attached",
        "unattached": "not attached",
        "": "any attachment",
    }
    return words.get(attachment) or f"attached to {attachment}"


def _letter(index: int) -> str:
    return chr(ord("a") + index) if index < 26 else str(index + 1)


def _shade(judged: int) -> int:
    return sum(judged >= limit for limit in (1, 5, 20, 80, 300))


@dataclass(frozen=True)
class Tried:
    """What happened in one state: how often calls were accepted and refused, and who called."""

    state: str
    accepted: int
    refused: int
    callers: tuple[str, ...]


def tried(transitions: Sequence[Transition]) -> tuple[Tried, ...]:
    """Transitions of the form "instance, interface, attachment, caller: accepted", by state; others are left out."""
    states: dict[str, dict[str, Counter[str]]] = {}
    for entry in transitions:
        if found := _TRANSITION.fullmatch(entry.transition):
            state, caller, outcome = found.groups()
            states.setdefault(state.replace(", ", " / "), {}).setdefault(caller, Counter())[outcome] += entry.n
    return tuple(
        Tried(
            state,
            sum(counts["accepted"] for counts in callers.values()),
            sum(counts["refused"] for counts in callers.values()),
            tuple(callers),
        )
        for state, callers in states.items()
    )


_TRANSITION = re.compile(r"(.+), ([^,]+): (accepted|refused)")


def pair_matrix(pairwise: Pairwise) -> tuple[tuple[str, tuple[int | None, ...]], ...]:
    """Rows of dimensions: how many pairs are missing between each two; None on the diagonal.

    () when not every missing pair was recorded, because the matrix would show gaps as covered.
    """
    if len(pairwise.missing) < pairwise.total - pairwise.covered:
        return ()
    counts: Counter[tuple[str, str]] = Counter()
    for one, _, other, _ in pairwise.missing:
        counts[one, other] += 1
        counts[other, one] += 1
    return tuple(
        (row, tuple(None if row == column else counts[(row, column)] for column in pairwise.dimensions))
        for row in pairwise.dimensions
    )


@dataclass(frozen=True)
class Duels:
    """The atlas as a half matrix: rows and columns are requirements, strongest first."""

    names: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str, tuple[tuple[str, str] | None, ...]], ...]
    unstable: tuple[Duel, ...]
    judged: int


def duels(atlas: Sequence[Duel], names: dict[str, str]) -> Duels | None:
    """Cells as (class, words): who won, seen from the row."""
    if not atlas:
        return None
    wins: Counter[str] = Counter()
    reverse = {name: ident for ident, name in names.items()}
    cells: dict[tuple[str, str], tuple[str, str]] = {}
    for duel in atlas:
        if duel.a == duel.b:
            continue
        winner = reverse.get(duel.winner or "", duel.winner or "")
        for mine, other in ((duel.a, duel.b), (duel.b, duel.a)):
            wins[mine] += winner == mine
            kind = "unstable" if not duel.stable else "win" if winner == mine else "loss"
            if duel.stable and winner not in (duel.a, duel.b):
                kind = "third"
            words = {"win": "wins", "loss": "loses", "unstable": "changes", "third": "neither"}[kind]
            title = f"{short(names.get(mine, mine), 60)} against {short(names.get(other, other), 60)}: {words}"
            cells[(mine, other)] = (kind, f"{title}, {duel.n} calls")
    order = sorted(wins, key=lambda i: (-wins[i], i))
    return Duels(
        tuple((i, names.get(i, i)) for i in order),
        tuple((i, names.get(i, i), tuple(cells.get((i, j)) for j in order)) for i in order),
        tuple(d for d in atlas if not d.stable),
        sum(d.n for d in atlas),
    )
