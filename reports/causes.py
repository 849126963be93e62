"""Findings: what failed, one entry for each cause, the most harmful first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from eni_conformance.contract import codec
from eni_conformance.contract.scenario import Scenario
from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.results import SEVERITIES, RequirementResult, Results
from eni_conformance.reports import evidence as ev
from eni_conformance.reports import impact, values, words

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
    """What the endpoint did, in a sentence."""

    should: str = ""
    """What it should have done."""

    certainty: float | None = None
    file: str = ""
    evidence: Evidence | None = None
    members: tuple[tuple[str, Evidence], ...] = ()
    impacts: tuple[impact.Impact, ...] = ()
    also: tuple[str, ...] = ()
    """Other requirements that failures of this cause violate."""

    detail: str = ""
    """What exactly was seen, where no evidence file tells it."""

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
    aside = {evidence_file(entry.evidence) for group in values.once(results) for entry in group if entry.evidence}
    return [(name, item) for name, item in items if name not in aside]


def _grouped(results: Results, items: Sequence[tuple[str, Evidence]]) -> list[list[tuple[str, Evidence]]]:
    """Failures with one cause together, in each group the clearest first."""
    by_id = {r.id: r for r in results.requirements}
    groups: list[list[tuple[str, Evidence]]] = []
    place: dict[tuple[str, ...], list[tuple[str, Evidence]]] = {}
    for name, item in items:
        requirement = by_id.get(_decided(results, item))
        verdict = requirement.verdict if requirement else "violated"
        keys = [(verdict, *key) for key in _marks(item)]
        joined = [group for group in groups if any(place.get(key) is group for key in keys)]
        merged = [member for group in joined for member in group] + [(name, item)]
        groups = [group for group in groups if not any(group is one for one in joined)] + [merged]
        place = {key: merged if any(group is one for one in joined) else group for key, group in place.items()}
        place |= dict.fromkeys(keys, merged)
    for members in groups:
        members.sort(
            key=lambda m: (
                -(m[1].certainty or 0),
                m[1].requirement.endswith(LATE),
                _steps(m[1]),
                _RANK.get(_severity(by_id.get(m[1].requirement)), 2),
                _size(m[1]),
                m[0],
            )
        )
    return groups


def _decided(results: Results, item: Evidence) -> str:
    """The requirement that a failure is told under: its own, or, in a run that was narrowed to others, the first of
    those that it violates besides."""
    tried = {r.id for r in results.requirements if r.verdict != "not-exercised"}
    return next((i for i in (item.requirement, *item.also) if i in tried), item.requirement)


def _severity(requirement: RequirementResult | None) -> str:
    return (requirement.severity if requirement else None) or "normal"


def _made(results: Results, ident: str, anchor: str, **told: Any) -> Finding:
    """A finding of the requirement `ident`, with what its row tells."""
    row = next((r for r in results.requirements if r.id == ident), None)
    told.setdefault("verdict", row.verdict if row else "violated")
    told["summary"] = told.get("summary") or (row.title if row else ident)
    return Finding(anchor=anchor, requirement_id=ident, requirement=row, severity=_severity(row), **told)


def _finding(results: Results, members: Sequence[tuple[str, Evidence]]) -> Finding:
    """One finding out of the failures of one cause, the clearest first."""
    name, best = members[0]
    touched = dict.fromkeys(i for _, item in members for i in (item.requirement, *item.also))
    counted: Counter[str] = Counter()
    for violation in results.violations:
        counted[evidence_file(violation.evidence)] += violation.count
    again, sure = _again(results, members)
    ident = _decided(results, best)
    return _made(
        results,
        ident,
        "finding-" + words.slug(name.removesuffix(".json")),
        summary=best.did or best.summary,
        should=best.should,
        certainty=best.certainty,
        file=name,
        evidence=best,
        members=tuple(members),
        impacts=_impacts(item for _, item in members),
        also=tuple(i for i in touched if i != ident),
        seen=_seen(members, counted),
        again=again,
        sure=sure,
    )


def _again(results: Results, members: Sequence[tuple[str, Evidence]]) -> tuple[str, bool]:
    """How often the finding was seen again, in words, and whether each time."""
    names = {name for name, _ in members}
    counts = [v.again for v in results.violations if v.again and evidence_file(v.evidence) in names]
    if (best := values.best(counts)) is not None:
        return values.again(best), 0 < best.failed_again == best.tried
    told = members[0][1].confirmations
    if told is None or not told.tried:
        return "", True
    return f"again {told.failed_again} of {told.tried}", told.failed_again == told.tried


def _untold(results: Results, items: Sequence[tuple[str, Evidence]]) -> list[Finding]:
    """Violated requirements of which no failure has a file."""
    told = {ident for _, item in items for ident in (item.requirement, *item.also)}
    names = {name for name, _ in items}
    return [
        _made(
            results,
            r.id,
            "finding-" + words.slug(r.id),
            summary=r.reason,
            detail="; ".join(v.detail for v in results.violations if v.detail and v.concerns(r)),
            again=values.again_of(results, r),
        )
        for r in results.by_verdict("violated")
        if r.id not in told and not names & {evidence_file(e) for e in r.evidence}
    ]


SEEN_ONCE = "seen-once"
"""What stands in the place of a verdict at a finding that was seen once and not again."""


def seen_once(results: Results, items: Sequence[tuple[str, Evidence]]) -> list[Finding]:
    """What was seen once and not again, the most harmful first. No violations."""
    stored = dict(items)
    out = []
    for entries in values.once(results):
        members = [(n, stored[n]) for e in entries if (n := evidence_file(e.evidence)) in stored]
        file, best = members[0] if members else ("", None)
        entry = next((e for e in entries if evidence_file(e.evidence) == file), entries[0])
        main, *also = _full_ids(results, (entry.requirement or (best.requirement if best else ""), *entry.also))
        out.append(
            _made(
                results,
                main,
                "once-" + words.slug(file.removesuffix(".json") or entry.key or main),
                verdict=SEEN_ONCE,
                summary=entry.summary or (best.did or best.summary if best else "") or main,
                should=best.should if best else "",
                certainty=entry.certainty,
                file=file,
                evidence=best,
                members=tuple(members),
                also=tuple(also),
                seen=sum(e.count for e in entries),
                again=values.not_again(values.tried(entries)),
            )
        )
    return sorted(out, key=_harm)


def _full_ids(results: Results, shorts: Iterable[str]) -> list[str]:
    """The ids of requirements of which these are the short ones; one that is not among them stays as it is."""
    known = {values.short_id(r.id): r.id for r in results.requirements}
    return [known.get(values.short_id(short), short) for short in shorts]


def _marks(item: Evidence) -> list[tuple[str, ...]]:
    """Failures that share one of these are one finding: family, requirement and cause, or requirement and call.

    One wrong status for refusals of several codes is one mistake of the endpoint; so is one wrong code.
    """
    cause = item.cause or f"{ev.answer(item)} | {ev.admissible(item.expected)}"
    marks: list[tuple[str, ...]] = [("cause", item.requirement, cause)]
    kind = item.family.partition(" ")[0]
    if item.family:
        marks.append(("family", item.family))
    if kind == "status":
        marks.append((kind, str(item.observed.status)))
    if kind == "code":
        marks.append((kind, str(item.observed.code)))
    if call := _call(item):
        marks.append(("call", item.requirement, call))
    return marks


def _call(item: Evidence) -> str:
    return item.exchange.id if item.exchange else ""


LATE = "-F08"
"""The requirement that tells least of a cause: that it showed late."""


def _steps(item: Evidence) -> int:
    """How many steps the counterexample takes."""
    return len(item.scenario.steps) if isinstance(item.scenario, Scenario) else 0


def _seen(members: Sequence[tuple[str, Evidence]], counted: Counter[str]) -> int:
    """How many failures there are; several fields of one call are one."""
    calls: dict[str, int] = {}
    for name, item in members:
        key = _call(item) or name
        calls[key] = max(calls.get(key, 1), counted[name])
    return sum(calls.values())


def _impacts(items: Iterable[Evidence]) -> tuple[impact.Impact, ...]:
    """Who breaks by any of these failures, the most harmful first, each row once."""
    rows = dict.fromkeys(row for item in items for row in impact.of(item))
    return tuple(sorted(rows, key=lambda row: impact.HARMS.index(row.harm)))


_SAID = frozenset({"WrongAnswer", "WrongStatus", "Shape", "OtherFormat", "RepeatedId", "AnotherForm", "MixedReadings"})
"""Classes of findings that are about a word, which harms less than a deed of the same severity."""


def _harm(finding: Finding) -> tuple[Any, ...]:
    worst = min((impact.HARMS.index(i.harm) for i in finding.impacts), default=len(impact.HARMS))
    certainty = 1.0 if finding.certainty is None else finding.certainty
    return (
        _ORDER.get(finding.verdict, 4),
        _RANK.get(finding.severity, 2),
        finding.evidence is not None and finding.evidence.kind in _SAID,
        -round(certainty, 1),
        worst,
        -finding.seen,
        finding.requirement_id,
        finding.file,
    )


def _size(item: Evidence) -> int:
    return len(json.dumps(codec.plain(item.scenario, brief=True))) if item.scenario else 0


def evidence_file(entry: str) -> str:
    """The file name that an entry of a requirement's `evidence` means: a path, a name or an id."""
    name = entry.rsplit("/", 1)[-1]
    return name if name.endswith(".json") else name + ".json"
