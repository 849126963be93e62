"""What the page shows, as plain values: findings in order, the world as boxes, the heat map, the pairs.

Ordering and grouping happen here; verdicts do not. A finding is a group of failures with one cause.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eni_conformance.oracle.evidence import AdmissibleAnswer, Difference, Evidence, Moment, Picture
from eni_conformance.oracle.results import (
    SEVERITIES,
    Cost,
    Duel,
    Pairwise,
    Predicted,
    RequirementResult,
    Results,
    StateCell,
    Transition,
)
from eni_conformance.reports import evidence as ev
from eni_conformance.reports import impact, notes, svg
from eni_conformance.reports.svg import plain, seconds, short

FULL_FINDINGS = 40
"""So many findings are told in full; the others in one line each, with the name of their file."""

ROWS_PER_FINDING = 25
_RANK = {severity: i for i, severity in enumerate(SEVERITIES)}
_ORDER = {"violated": 0, "error": 1, "inconclusive": 2, "known-deviation": 3}


@dataclass(frozen=True)
class Finding:
    """Failures with one cause: the clearest of them, and the others."""

    anchor: str
    requirement_id: str
    requirement: RequirementResult | None
    verdict: str
    severity: str
    summary: str
    certainty: float | None
    file: str
    evidence: Evidence | None
    members: tuple[tuple[str, Evidence], ...] = ()
    impacts: tuple[impact.Impact, ...] = ()
    also: tuple[str, ...] = ()
    """Other requirements that failures of this cause violate."""

    seen: int = 1
    """How many failures there are of this cause, those without a file of their own included."""

    again: str = ""
    """How often it was seen again in a world built anew, in words."""

    sure: bool = True
    """Whether it was seen again each time."""


def findings(results: Results, items: Sequence[tuple[str, Evidence]]) -> list[Finding]:
    """All findings, the violated first, and among them the most harmful and most certain first."""
    items = not_aside(results, items)
    out = [_finding(results, members) for members in _grouped(results, items)]
    return sorted([*out, *_untold(results, items)], key=_harm)


def not_aside(results: Results, items: Sequence[tuple[str, Evidence]]) -> list[tuple[str, Evidence]]:
    """The evidence without that of findings that were seen once and not again."""
    aside = {evidence_file(entry.evidence) for group in notes.once(results) for entry in group if entry.evidence}
    return [(name, item) for name, item in items if name not in aside]


def _grouped(results: Results, items: Sequence[tuple[str, Evidence]]) -> list[list[tuple[str, Evidence]]]:
    """Failures with one cause together, in each group the clearest first."""
    by_id = {r.id: r for r in results.requirements}
    documented = {r.code for r in results.requirements if r.code}
    groups: list[list[tuple[str, Evidence]]] = []
    place: dict[tuple[str, ...], list[tuple[str, Evidence]]] = {}
    for name, item in items:
        requirement = by_id.get(item.requirement)
        verdict = requirement.verdict if requirement else "violated"
        keys = [(verdict, *key) for key in _marks(item, documented)]
        group = next((place[key] for key in keys if key in place), None)
        if group is None:
            group = []
            groups.append(group)
        group.append((name, item))
        for key in keys:
            place.setdefault(key, group)
    for members in groups:
        members.sort(
            key=lambda m: (
                _severity(by_id.get(m[1].requirement)),
                -(m[1].certainty or 0),
                not m[1].shrunk,
                not (m[1].cause or "").endswith(_TELLING),
                _size(m[1]),
                m[0],
            )
        )
    return groups


def _finding(results: Results, members: Sequence[tuple[str, Evidence]]) -> Finding:
    """One finding out of the failures of one cause, the clearest first."""
    name, best = members[0]
    requirement = next((r for r in results.requirements if r.id == best.requirement), None)
    touched = dict.fromkeys(i for _, item in members for i in (item.requirement, *item.also))
    counted: Counter[str] = Counter()
    for violation in results.violations:
        counted[evidence_file(violation.evidence)] += violation.count
    again, sure = _again(results, members)
    return Finding(
        anchor="finding-" + slug(name.removesuffix(".json")),
        requirement_id=best.requirement,
        requirement=requirement,
        verdict=requirement.verdict if requirement else "violated",
        severity=(requirement.severity if requirement else None) or "normal",
        summary=best.summary or (requirement.title if requirement else best.requirement),
        certainty=best.certainty,
        file=name,
        evidence=best,
        members=tuple(members),
        impacts=_impacts(item for _, item in members),
        also=tuple(i for i in touched if i != best.requirement),
        seen=_seen(members, counted),
        again=again,
        sure=sure,
    )


def _again(results: Results, members: Sequence[tuple[str, Evidence]]) -> tuple[str, bool]:
    """How often the finding was seen again, in words, and whether each time."""
    names = {name for name, _ in members}
    counts = [v.again for v in results.violations if v.again and evidence_file(v.evidence) in names]
    if (best := notes.best(counts)) is not None:
        return notes.again(best), 0 < best.failed_again == best.tried
    told = members[0][1].confirmations
    if told is None or not told.tried:
        return "", True
    return f"again {told.failed_again} of {told.tried}", told.failed_again == told.tried


def _untold(results: Results, items: Sequence[tuple[str, Evidence]]) -> list[Finding]:
    """Violated requirements of which no failure has a file."""
    told = {item.requirement for _, item in items} | {also for _, item in items for also in item.also}
    names = {name for name, _ in items}
    return [
        Finding(
            anchor="finding-" + slug(requirement.id),
            requirement_id=requirement.id,
            requirement=requirement,
            verdict="violated",
            severity=requirement.severity or "normal",
            summary=requirement.reason or requirement.title,
            certainty=None,
            file="",
            evidence=None,
            again=notes.again_of(results, requirement),
        )
        for requirement in results.by_verdict("violated")
        if requirement.id not in told and not names & {evidence_file(e) for e in requirement.evidence}
    ]


SEEN_ONCE = "seen-once"
"""What stands in the place of a verdict at a finding that was seen once and not again."""


def seen_once(results: Results, items: Sequence[tuple[str, Evidence]]) -> list[Finding]:
    """What was seen once and not again, the most harmful first. No violations."""
    stored = dict(items)
    out = []
    for entries in notes.once(results):
        members = [(n, stored[n]) for e in entries if (n := evidence_file(e.evidence)) in stored]
        file, best = members[0] if members else ("", None)
        entry = next((e for e in entries if evidence_file(e.evidence) == file), entries[0])
        main, *also = _full_ids(results, (entry.requirement or (best.requirement if best else ""), *entry.also))
        requirement = next((r for r in results.requirements if r.id == main), None)
        out.append(
            Finding(
                anchor="once-" + slug(file.removesuffix(".json") or entry.key or main),
                requirement_id=main,
                requirement=requirement,
                verdict=SEEN_ONCE,
                severity=(requirement.severity if requirement else None) or "normal",
                summary=entry.summary or (best.summary if best else "") or main,
                certainty=entry.certainty,
                file=file,
                evidence=best,
                members=tuple(members),
                also=tuple(also),
                seen=sum(e.count for e in entries),
                again=notes.not_again(notes.tried(entries)),
            )
        )
    return sorted(out, key=_harm)


def _full_ids(results: Results, shorts: Iterable[str]) -> list[str]:
    """The ids of requirements of which these are the short ones; one that is not among them stays as it is."""
    known = {notes.short_id(r.id): r.id for r in results.requirements}
    return [known.get(notes.short_id(short), short) for short in shorts]


_UNDOCUMENTED = re.compile(r"code:(\d* ?([^ :]+)):")


def _marks(item: Evidence, documented: set[str]) -> list[tuple[str, ...]]:
    """Failures that share one of these are one finding: requirement and cause, or requirement and call.

    A code that the page does not have is one mistake of the endpoint, whatever the call was. What one call did wrong to
    several fields is one mistake, too. The order in which overlapping calls were answered makes no difference.
    """
    cause = item.cause or f"{ev.answer(item)} | {ev.admissible(item.expected)}"
    if cause.startswith("overlap:"):
        cause = "overlap:" + ", ".join(sorted(cause.removeprefix("overlap:").split(", ")))
    made_up = _UNDOCUMENTED.match(cause)
    marks: list[tuple[str, ...]] = [("cause", item.requirement, cause)]
    if made_up and made_up[2] not in documented:
        marks = [("code", made_up[1])]
    if call := _call(item):
        marks.append(("call", item.requirement, call))
    return marks


def _call(item: Evidence) -> str:
    return item.exchange.id if item.exchange else ""


_TELLING = ("changed Status", "changed InstanceId", "changed Tags")
"""Of several fields that one call changed, those that tell most."""


def _seen(members: Sequence[tuple[str, Evidence]], counted: Counter[str]) -> int:
    """How many failures there are; several fields of one call are one."""
    calls: dict[str, int] = {}
    for name, item in members:
        key = _call(item) or name
        calls[key] = max(calls.get(key, 1), counted[name])
    return sum(calls.values())


def _severity(requirement: RequirementResult | None) -> int:
    return _RANK.get((requirement.severity if requirement else None) or "normal", 2)


def _impacts(items: Iterable[Evidence]) -> tuple[impact.Impact, ...]:
    """Who breaks by any of these failures, the most harmful first, each row once."""
    rows = dict.fromkeys(row for item in items for row in impact.of(item))
    return tuple(sorted(rows, key=lambda row: _HARMS.index(row.harm)))


_HARMS = ("high", "medium", "low")


def _harm(finding: Finding) -> tuple[Any, ...]:
    worst = min((_HARMS.index(i.harm) for i in finding.impacts), default=len(_HARMS))
    certainty = 1.0 if finding.certainty is None else finding.certainty
    return (
        _ORDER.get(finding.verdict, 4),
        _RANK.get(finding.severity, 2),
        -round(certainty, 1),
        worst,
        -finding.seen,
        finding.requirement_id,
        finding.file,
    )


def _size(item: Evidence) -> int:
    return len(json.dumps(item.scenario)) if item.scenario else 0


def evidence_file(entry: str) -> str:
    """The file name that an entry of a requirement's `evidence` means: a path, a name or an id."""
    name = entry.rsplit("/", 1)[-1]
    return name if name.endswith(".json") else name + ".json"


def slug(text: str) -> str:
    """`text` as part of an HTML id."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)[:80] or "x"


def admissible(expected: Iterable[AdmissibleAnswer]) -> list[tuple[str, list[str], list[str]]]:
    """Each admissible answer once: its words, the reasons for it, the requirements behind it."""
    out: dict[str, tuple[list[str], list[str]]] = {}
    for entry in expected:
        words = " ".join(str(p) for p in (entry.status, entry.code) if p) or "any"
        reasons, requirements = out.setdefault(words, ([], []))
        if entry.because and entry.because not in reasons:
            reasons.append(entry.because)
        if entry.requirement and entry.requirement not in requirements:
            requirements.append(entry.requirement)
    return [(words, reasons, requirements) for words, (reasons, requirements) in out.items()]


def observation_groups(results: Results) -> list[tuple[str, list[tuple[str, list[str], Any]]]]:
    """Observations as (question, answers, examples), by the part of their id before a colon."""
    groups: dict[str, list[tuple[str, list[str], Any]]] = {}
    for observation in results.observations:
        group, colon, question = observation.id.partition(": ")
        counts = observation.counts
        if counts:
            total = len(counts) > 1
            answers = [f"{answer}  ({n})" if total else str(answer) for answer, n in counts.items()]
        else:
            answers = [value_line(observation.value)]
        entry = (question if colon else observation.id, answers, observation.examples)
        groups.setdefault(_GROUPS.get(group, group) if colon else "", []).append(entry)
    return list(groups.items())


_GROUPS = {"answer to": "the answer when this does not hold", "gateway": "signing, nonces and time stamps"}


def value_line(value: Any) -> str:
    """Any JSON value in one line."""
    return _value(value) if value not in (None, "") else "\u2013"


@dataclass(frozen=True)
class Field:
    """One line in a box of the picture of the world."""

    name: str
    value: str
    changed: bool = False
    was: str = ""


@dataclass(frozen=True)
class Box:
    """One resource in the picture of the world."""

    id: str
    kind: str
    status: Field
    fields: tuple[Field, ...]
    mark: str = ""
    named: bool = False
    inside: tuple[Box, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class Side:
    """The world at one moment."""

    title: str
    instances: tuple[Box, ...]
    free: tuple[Box, ...]
    enis_left_out: int = 0
    instances_left_out: int = 0


_SHOWN_WHOLE = 9
"""A world of so many resources is shown whole; of a larger one, what the call named or changed, and beside it
up to `_NEIGHBOURS` other interfaces of the same instance."""

_NEIGHBOURS = 3
_SHOWN_MOST = 30


def changes(item: Evidence) -> list[Difference]:
    """The changes of an evidence file, those that its summary names first."""
    return sorted(item.changes, key=lambda c: not (c.path and c.path in item.summary))


_ALIASES = {
    "Status": "status",
    "Type": "type",
    "InstanceId": "instance",
    "Attachment.InstanceId": "instance",
    "ZoneId": "zone",
    "InstanceName": "name",
    "NetworkInterfaceName": "name",
    "InstanceType": "type",
}
"""Names of the operation's answers that the picture shows under its own."""

_IMPLIED = {"NetworkInterfaces", "Attachment.DeviceIndex", "Attachment.NetworkCardIndex"}
"""Fields that the picture shows by where it draws an interface; the table of changes names them."""

_HIDDEN = {"id", "status", "instance", "instance_id", "name", "type"}


def worlds(item: Evidence) -> tuple[Side, ...]:
    """The world before and after, what differs marked; () when neither was recorded."""
    before, after = item.world_before, item.world_after
    if before is None and after is None:
        return ()
    if before is None or after is None:
        only = before or after
        assert only is not None
        return (_side("before the call" if before else "after the call", only, Picture(), item, plain=True),)
    return (
        _side("before the call", before, after, item, later=False),
        _side("after the call", after, before, item, later=True),
    )


def _side(
    title: str,
    here: Picture,
    other: Picture,
    item: Evidence,
    later: bool = False,
    plain: bool = False,
) -> Side:
    named = {value for _, value in (item.exchange.sent.pairs if item.exchange else ())}
    known = {str(r.get("id")): r for r in (*other.instances, *other.enis)}
    listed: dict[str, list[Difference]] = {}
    for change in item.changes:
        listed.setdefault(change.resource.split(":")[-1], []).append(change)

    def box(resource: Mapping[str, Any], kind: str) -> Box:
        ident = str(resource.get("id", "?"))
        twin = known.get(ident)
        compared = not plain and twin is not None
        marked = {_ALIASES.get(c.path, c.path) for c in listed.get(ident, ())}

        def made(name: str) -> Field:
            value, old = resource.get(name), (twin or {}).get(name)
            differs = compared and (value != old or name in marked)
            return Field(name, _value(value), differs, _value(old) if differs and later else "")

        names = [name for name in ("name", "type") if resource.get(name) not in (None, "")]
        rest = sorted((set(resource) | set(twin or {})) - _HIDDEN)
        moved = [name for name in ("instance", "instance_id") if made(name).changed]
        fields = [made(name) for name in (*moved, *names, *rest)]
        shown = [f for i, f in enumerate(fields) if f.changed or (i < 8 and f.value not in ("", "none"))]
        drawn = {"id", "status", *(f.name for f in fields)}
        for c in listed.get(ident, ()):
            if compared and c.path and _ALIASES.get(c.path, c.path) not in drawn | _IMPLIED:
                here_now, was = (c.after, _value(c.before)) if later else (c.before, "")
                shown.append(Field(c.path, _value(here_now), True, was))
        gone = not plain and twin is None
        return Box(
            id=ident,
            kind=kind,
            status=made("status"),
            fields=tuple(sorted(shown, key=lambda f: not f.changed)[:14]),
            mark=("new" if later else "gone afterwards") if gone else "",
            named=ident in named,
        )

    def touched(b: Box) -> bool:
        return b.named or bool(b.mark) or b.status.changed or any(f.changed for f in b.fields)

    enis = [(str(e.get("instance") or e.get("instance_id") or ""), box(e, "interface")) for e in here.enis]
    instances = {str(i.get("id", "?")): box(i, "instance") for i in here.instances}
    small = len(enis) + len(instances) <= _SHOWN_WHOLE
    moved = {str(c.before) for c in item.changes} | {str(c.after) for c in item.changes}
    involved = {on for on, b in enis if touched(b)} | {i for i, b in instances.items() if touched(b) or i in moved}
    kept, near = [], Counter[str]()
    for on, b in sorted(enis, key=lambda entry: not touched(entry[1])):
        near[on] += 1
        if small or touched(b) or (on in involved and on and near[on] <= _NEIGHBOURS):
            kept.append((on, b))
    kept = kept[:_SHOWN_MOST]
    shown_ids = [i for i in instances if small or i in involved or i in {on for on, _ in kept}]
    boxes = tuple(replace(instances[i], inside=tuple(b for on, b in kept if on == i)) for i in shown_ids)
    free = tuple(b for on, b in kept if on not in instances)
    return Side(title, boxes, free, len(enis) - len(kept), len(instances) - len(boxes))


def _value(value: Any) -> str:
    if value is None or value == "":
        return "none"
    return short(plain(value), 70)


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
class Forecast:
    """What had been predicted beside what came: calls by operation, the total, and the rest of the cost."""

    source: str
    rows: tuple[tuple[str, int, int], ...]
    predicted: int
    actual: int
    words: str
    facts: tuple[tuple[str, str, str], ...]


def forecast(results: Results) -> Forecast | None:
    """None when nothing was predicted."""
    told = results.predicted
    if told is None:
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
        words=off_by(told.total, actual),
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


def off_by(predicted: int, actual: int) -> str:
    """By how much a prediction differs from what came, in per cent of what came; "" when nothing came."""
    if not actual:
        return ""
    part = 100 * (predicted - actual) / actual
    if abs(part) < 0.05:
        return "as predicted"
    return f"the prediction was {abs(part):.{0 if abs(part) >= 10 else 1}f} % too {'high' if part > 0 else 'low'}"


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


def since(past: Sequence[dict[str, Any]], requirement: str) -> str:
    """How long the requirement has been violated, from the history; "" when there is no earlier run."""
    if len(past) < 2:
        return ""
    streak = []
    for entry in reversed(past):
        if requirement not in (entry.get("violated") or ()):
            break
        streak.append(str(entry.get("run", "?")))
    if not streak:
        return ""
    if len(streak) == 1:
        return "new in this run"
    whole = " or earlier" if len(streak) == len(past) else ""
    return f"violated in the last {len(streak)} runs, since {streak[-1]}{whole}"


def not_exercised(results: Results) -> list[tuple[str, list[RequirementResult]]]:
    """Requirements that were not exercised, by what they would need, the commonest need first."""
    groups: dict[str, list[RequirementResult]] = {}
    for requirement in results.requirements:
        if requirement.verdict == "not-exercised" or requirement.hollow:
            need = requirement.missing or requirement.why or "no reason recorded"
            groups.setdefault(need, []).append(requirement)
    return sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))


def verdict(results: Results) -> tuple[str, str, str]:
    """The state of the whole run as (class, headline, reason), from the recorded verdicts alone."""
    counts = results.counts()
    conforms, total = counts["conforms"], len(results.requirements)
    tail = f"{conforms} of {total} requirements conform"
    if counts["not-exercised"]:
        tail += f", {counts['not-exercised']} could not be exercised here"
    if counts["violated"]:
        n = counts["violated"]
        return "violated", f"{n} requirement{'s' if n != 1 else ''} violated", tail + "."
    if results.problems:
        return "violated", "The deviations file is out of date", f"{results.problems[0]}; {tail}."
    if counts["error"]:
        n = counts["error"]
        words = f"{n} requirement{'s' if n != 1 else ''} could not be judged: the suite itself failed"
        return "error", words, tail + ". This says nothing about the target."
    if results.incomplete:
        return (
            "inconclusive",
            "Nothing violated so far",
            f"The run ended before everything was tried; {tail}.",
        )
    if not conforms:
        return "inconclusive", "Nothing was judged", "No requirement has a judged call, so nothing is known."
    return "conforms", "Nothing violated", tail + "."
