"""The records of all workers -> one verdict for each requirement. Pure, apart from reading RequestId lists.

A requirement conforms only if it was judged at least once and nothing contradicted it; the order of the rules
below is the whole meaning of a verdict (see docs/verdicts.md).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eni_conformance.contract.detach import CALLER_OF, full_id
from eni_conformance.contract.rules import Operation, Requirement
from eni_conformance.contract.scenario import ENI_STATUSES, INSTANCE_STATUSES
from eni_conformance.oracle import covered
from eni_conformance.oracle.results import (
    Again,
    CommonAnswer,
    Coverage,
    RequirementResult,
    RuleFired,
    StateCell,
    Strength,
    Transition,
    Verdict,
    Violation,
)
from eni_conformance.oracle.tally import Record, Tally, summed

NOTHING_MEANT = "nothing in this run was meant to provoke it"
ENOUGH = 10
"""Fewer judged cases than this are told as thin: a defect in three of ten of them may have been missed."""
HOW = {"api": "public operations", "caller": "a caller of the target file", "control": "control protocol"}


def verdict_of(
    requirement: Requirement,
    *,
    judged: int,
    provoked: int,
    violated: bool,
    errors: Sequence[str],
    doubts: Counter[str],
    undecided: Counter[str],
    missing: Counter[str],
    absent_caller: str,
    incomplete: str,
    cut: bool = False,
) -> tuple[Verdict, str]:
    """(verdict, reason) of one requirement.

    provoked: how often its code came, in the page's spelling or in one of the common table. doubts: what forbids to say
    that it conforms, such as a finding that was seen once. cut: parts of the run were cut short for lack of time.
    """
    if violated:
        return "violated", ""
    if errors:
        return "error", errors[0]
    if doubts:
        told = [f"{reason} ({n} times)" if n > 1 else reason for reason, n in doubts.items()]
        more = f"; and {len(told) - 2} more" if len(told) > 2 else ""
        return "inconclusive", "; ".join(told[:2]) + more
    needs_code = requirement.kind == "error"
    if judged and (provoked or not needs_code):
        return "conforms", ""
    if judged and needs_code:
        return (
            "inconclusive",
            "the faults that this code is for were refused with other admissible codes; the code itself never came",
        )
    if undecided:
        reason, n = undecided.most_common(1)[0]
        return "inconclusive", f"{reason} (tried {n} times)" if n > 1 else reason
    if incomplete:
        return "not-exercised", incomplete
    if missing:
        return "not-exercised", f"this target does not offer: {missing.most_common(1)[0][0]}"
    if absent_caller:
        return "not-exercised", f"the target file has no [callers.{absent_caller}]"
    nothing = "what was to provoke it was cut short for lack of time" if cut else NOTHING_MEANT
    return "not-exercised", requirement.beyond or nothing


@dataclass(frozen=True)
class _Told:
    """What all records of a run tell, by the short id of a requirement."""

    total: Tally
    doubts: Mapping[str, Counter[str]]
    violations: Mapping[str, list[Violation]]
    errors: Mapping[str, list[str]]
    worlds: Mapping[str, set[int]]
    cut: bool = False


def _told(records: Sequence[Record]) -> _Told:
    """The records of all workers, joined. What was seen once is a doubt."""
    total = summed(records)
    doubts: dict[str, Counter[str]] = defaultdict(Counter, {key: n.copy() for key, n in total.doubts.items()})
    for entry in seen_once(records):
        for short in (entry.requirement, *entry.also):
            doubts[short][_once_told(entry)] += 1
    violations: dict[str, list[Violation]] = defaultdict(list)
    errors: dict[str, list[str]] = defaultdict(list)
    worlds: dict[str, set[int]] = defaultdict(set)
    for record in records:
        for entry in record.violations:
            for short in (entry.requirement, *entry.also):
                violations[short].append(entry)
        for problem in record.errors:
            for short in problem.requirements.split():
                errors[short].append(problem.text)
        for short, keys in record.worlds.items():
            worlds[short] |= keys
    return _Told(total, doubts, violations, errors, worlds, any(record.notes for record in records))


def fold(
    contract: Operation,
    records: Sequence[Record],
    callers: frozenset[str],
    incomplete: str = "",
    kills: Mapping[str, int] | None = None,
) -> tuple[RequirementResult, ...]:
    """What the run found about each requirement of the contract.

    kills: how many known faults each requirement's checks have killed in the suite's own proof.
    """
    told = _told(records)
    made = []
    for short, requirement in contract.requirements.items():
        needed = CALLER_OF.get(short, "")
        absent = needed if needed and needed not in callers else ""
        killed = None if kills is None else kills.get(short, 0)
        made.append(_row(requirement, short, told, absent, incomplete, killed))
    return tuple(made)


def _row(
    requirement: Requirement, short: str, told: _Told, absent_caller: str, incomplete: str, killed: int | None
) -> RequirementResult:
    """What is told of one requirement."""
    total, found, common = told.total, told.violations.get(short, []), told.total.common[short]
    judged, missing = total.judged[short], total.missing[short]
    verdict, reason = verdict_of(
        requirement,
        judged=judged,
        provoked=total.provoked[short] + common.total(),
        violated=bool(found),
        errors=told.errors.get(short, []),
        doubts=told.doubts.get(short, Counter()),
        undecided=total.inconclusive[short],
        missing=missing,
        absent_caller=absent_caller,
        incomplete=incomplete,
        cut=told.cut,
    )
    return RequirementResult(
        full_id(short),
        title=requirement.title,
        kind=requirement.kind,
        http=requirement.http,
        code=requirement.code,
        verdict=verdict,
        reason=found[0].summary if found and not reason else reason,
        judged=judged,
        provoked=total.provoked[short],
        by_common=tuple(CommonAnswer(answer, times) for answer, times in common.most_common()),
        evidence=tuple(dict.fromkeys(f"evidence/{entry.evidence}" for entry in found if entry.evidence)),
        violations=sum(entry.count for entry in found),
        section=requirement.section,
        source=requirement.source,
        severity=requirement.severity,
        how=HOW[requirement.needs],
        missing=next((name for name, _ in missing.most_common(1)), ""),
        strength=Strength(
            bound=round(3 / judged, 6) if judged else None,
            worlds=len(told.worlds.get(short, ())),
            callers=len(total.callers[short]),
            wire_forms=len(total.wires[short]),
            faults_killed=killed,
            unproven=killed == 0,
            thin=0 < judged < ENOUGH,
        ),
    )


def seen_once(records: Iterable[Record]) -> tuple[Violation, ...]:
    """Findings that were seen once in the whole run: by one worker, in one Scenario, and not again."""
    return tuple(entry for record in records for entry in record.once)


def published(records: Sequence[Record]) -> tuple[Record, ...]:
    """The records with what several workers saw once moved among the violations: each saw it in a World of its own."""
    entries: dict[str, list[Violation]] = defaultdict(list)
    for entry in seen_once(records):
        entries[entry.key].append(entry)
    known = {entry.key for record in records for entry in record.violations}
    clear = {key for key, same in entries.items() if key in known or sum(e.sure for e in same) > 1}
    out = []
    for record in records:
        kept = tuple(entry for entry in record.once if entry.key not in clear)
        moved = (_seen_by_others(entry, entries[entry.key]) for entry in record.once if entry.key in clear)
        out.append(replace(record, once=kept, violations=(*record.violations, *moved)))
    return tuple(out)


def _seen_by_others(entry: Violation, same: Sequence[Violation]) -> Violation:
    """What one worker saw once, as all of those who saw it tell it: never surer than a repetition makes it."""
    others = len(same) - 1
    tried = sum((one.again or Again()).tried for one in same)
    certainty = 0.9 if entry.certainty is None else min(0.9, entry.certainty)
    return replace(entry, certainty=certainty, again=Again(tried + others, others))


def _once_told(entry: Violation) -> str:
    """Why a finding that was seen once leaves its requirement open."""
    again = entry.again or Again()
    if again.failed_again:
        times = f"again {again.failed_again} of {again.tried}, not each time"
    else:
        times = f"not in {again.tried} further tries" if again.tried else "and not tried again"
    return f"seen once, {times}: {entry.summary}"


def repeated_request_ids(folder: Path) -> list[tuple[str, str, str]]:
    """RequestIds that two workers received: (id, exchange, other exchange)."""
    seen: dict[str, tuple[str, str]] = {}
    out = []
    for path in sorted(folder.glob("ids-*.txt")):
        whole = path.read_text().rpartition("\n")[0]  # a worker that was killed may have left half a line
        for line in whole.splitlines():
            request_id, _, exchange = line.rpartition(" ")
            earlier = seen.setdefault(request_id, (path.name, exchange))
            if earlier[0] != path.name:
                out.append((request_id, earlier[1], exchange))
    return out


def coverage(total: Tally, control: bool) -> Coverage:
    """States, pairs of dimensions, rules and transitions reached, and for each hole the reason."""
    fired = total.rules
    return Coverage(
        states=_cells(total.states, control),
        pairwise=covered.pairwise(total.pairs),
        successions=covered.successions(total.followed),
        rules=tuple(RuleFired(rule, fired[rule]) for rule in sorted({*RULES, *fired})),
        transitions=tuple(Transition(t, n) for t, n in sorted(total.transitions.items())),
    )


RULES = (
    "detach",
    "detach_two",
    "detach_again",
    "detach_from_other",
    "detach_primary",
    "detach_odd",
    "attach",
    "disturb",
)


def _cells(states: Counter[str], control: bool) -> tuple[StateCell, ...]:
    """Every cell instance state x interface state x attachment, also those never reached, with the reason."""
    why = "" if control else "needs the control protocol, or luck in a race"
    cells: dict[tuple[str, str, str], StateCell] = {}
    for instance in INSTANCE_STATUSES:
        for eni in ENI_STATUSES:
            linked = eni in ("InUse", "Attaching", "Detaching")
            for attachment in ("this", "other") if linked else ("unattached",):
                cells[instance, eni, attachment] = StateCell(instance, eni, attachment, 0, why)
        cells[instance, "InUse", "primary"] = StateCell(instance, "InUse", "primary", 0, why)
    for key, n in states.items():
        reached = key.split("|")
        if covered.certain(reached):  # others may have been changing
            cells[reached[0], reached[1], reached[2]] = StateCell(reached[0], reached[1], reached[2], n, "")
    return tuple(cells.values())
