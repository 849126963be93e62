"""Whether the numbers that a reader sees side by side agree. Pure; a run in which they do not has a bug of ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.results import RequirementResult, Results, Violation
from eni_conformance.reports import causes, headline


def disagreements(results: Results, items: Sequence[tuple[str, Evidence]] = ()) -> list[str]:
    """What contradicts itself, in sentences; [] where all agrees."""
    out = [text for row in results.requirements for text in _row(row)]
    out += [text for entry in (*results.violations, *results.once) for text in _violation(entry)]
    out += _whole(results)
    for finding in causes.findings(results, items):
        told = sum(v.count for v in results.violations)
        if finding.evidence is not None and told and finding.seen > told:
            out.append(f"{finding.file}: {finding.seen} failures of one cause, {told} in all")
    return out


def _row(row: RequirementResult) -> Iterator[str]:
    if row.violations > row.judged > 0:
        yield f"{row.id}: {row.violations} failures in {row.judged} judged calls"
    if isinstance(row.provoked, int) and row.provoked > row.judged:
        yield f"{row.id}: provoked {row.provoked} times in {row.judged} judged calls"
    if (row.verdict == "violated") != bool(row.violations) and row.verdict != "known-deviation":
        yield f"{row.id}: {row.verdict} with {row.violations} failures"
    bound = row.strength.bound if row.strength else None
    if bound is not None and row.judged and abs(bound - 3 / row.judged) > 1e-4:
        yield f"{row.id}: a bound of {bound} for {row.judged} judged calls"


def _violation(entry: Violation) -> Iterator[str]:
    again, name = entry.again, entry.evidence or entry.key or entry.requirement
    if again is None:
        return
    if again.failed_again > again.tried:
        yield f"{name}: seen again {again.failed_again} of {again.tried} times"
    if entry.certainty == 1 and 0 < again.failed_again < again.tried:
        yield f"{name}: certainty 100 %, seen again {again.failed_again} of {again.tried} times"


def _whole(results: Results) -> Iterator[str]:
    if sum(results.counts().values()) != len(results.requirements):
        yield "the verdicts do not add up to the requirements"
    detached = sum(n for action, n in results.calls.items() if action.lower().startswith("detachnetworkinterface"))
    if results.judged_calls > detached > 0:
        yield f"{results.judged_calls} calls judged, {detached} sent"
    if results.successes > results.judged_calls > 0:
        yield f"{results.successes} successes in {results.judged_calls} judged calls"
    for action, spent in (results.latency or {}).items():
        if len(spent) > results.calls.get(action, len(spent)):
            yield f"{action}: {len(spent)} answers to {results.calls[action]} calls"
    yield from (f"{one.words}: {one.met} of {one.of}" for one in headline.reached(results) if one.met > one.of)
