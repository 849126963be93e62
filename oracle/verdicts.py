"""The records of all workers -> one verdict for each requirement. Pure, apart from reading RequestId lists.

A requirement conforms only if it was judged at least once and nothing contradicted it; the order of the rules
below is the whole meaning of a verdict (see docs/verdicts.md).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eni_conformance.contract.detach import CALLER_OF, full_id
from eni_conformance.contract.rules import Operation, Requirement
from eni_conformance.contract.scenario import ENI_STATUSES, INSTANCE_STATUSES
from eni_conformance.oracle.results import (
    CommonAnswer,
    Coverage,
    Pairwise,
    RequirementResult,
    RuleFired,
    StateCell,
    Strength,
    Transition,
    Verdict,
)

DIMENSIONS = (
    "instance state",
    "interface state",
    "attachment",
    "caller",
    "RegionId",
    "InstanceId",
    "NetworkInterfaceId",
    "method",
    "format",
    "signing",
)
HOW = {"api": "public operations", "caller": "a caller of the target file", "control": "control protocol"}


def merge_counts(records: Iterable[Mapping[str, Any]], name: str) -> Counter[str]:
    """The sum of one table of counts over all records."""
    out: Counter[str] = Counter()
    for record in records:
        out.update(record.get(name, {}))
    return out


def merge_nested(records: Iterable[Mapping[str, Any]], name: str) -> dict[str, Counter[str]]:
    """The sum of one table of tables."""
    out: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        for key, counts in record.get(name, {}).items():
            out[key].update(counts)
    return out


def merge_sets(records: Iterable[Mapping[str, Any]], name: str) -> dict[str, set[Any]]:
    """The union of one table of sets."""
    out: dict[str, set[Any]] = defaultdict(set)
    for record in records:
        for key, values in record.get(name, {}).items():
            out[key] |= set(values)
    return out


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
) -> tuple[Verdict, str]:
    """(verdict, reason) of one requirement.

    provoked: how often its code came, in the page's spelling or in one of the common table. doubts: what forbids to say
    that it conforms, such as a finding that was seen once.
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
    return "not-exercised", requirement.beyond or "nothing in this run was meant to provoke it"


def fold(
    contract: Operation,
    records: Sequence[Mapping[str, Any]],
    callers: frozenset[str],
    incomplete: str = "",
    kills: Mapping[str, int] | None = None,
) -> tuple[RequirementResult, ...]:
    """What the run found about each requirement of the contract.

    kills: how many known faults each requirement's checks have killed in the suite's own proof.
    """
    judged, provoked = merge_counts(records, "judged"), merge_counts(records, "provoked")
    doubts, common = merge_nested(records, "doubts"), merge_nested(records, "common")
    for entry in seen_once(records):
        for short in (entry["requirement"], *entry["also"]):
            doubts[short][_once_told(entry)] += 1
    undecided, missing = merge_nested(records, "inconclusive"), merge_nested(records, "missing")
    worlds, seen_callers, wires = (merge_sets(records, n) for n in ("worlds", "callers", "wires"))
    violations: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        for entry in record.get("violations", []):
            for short in (entry["requirement"], *entry["also"]):
                violations[short].append(entry)
    errors: dict[str, list[str]] = defaultdict(list)
    for record in records:
        for problem in record.get("errors", []):
            for short in problem.get("requirements", "").split():
                errors[short].append(problem["text"])
    made = []
    for short, requirement in contract.requirements.items():
        needed = CALLER_OF.get(short, "")
        found, n = violations.get(short, []), judged[short]
        verdict, reason = verdict_of(
            requirement,
            judged=n,
            provoked=provoked[short] + sum(common[short].values()),
            violated=bool(found),
            errors=errors.get(short, []),
            doubts=doubts.get(short, Counter()),
            undecided=undecided.get(short, Counter()),
            missing=missing.get(short, Counter()),
            absent_caller=needed if needed and needed not in callers else "",
            incomplete=incomplete,
        )
        row = RequirementResult(
            full_id(short),
            title=requirement.title,
            kind=requirement.kind,
            http=requirement.http,
            code=requirement.code,
            verdict=verdict,
            reason=found[0]["summary"] if found and not reason else reason,
            judged=n,
            provoked=provoked[short],
            by_common=tuple(CommonAnswer(answer, times) for answer, times in common[short].most_common()),
            evidence=tuple(dict.fromkeys(f"evidence/{e['evidence']}" for e in found if e["evidence"])),
            violations=sum(e["count"] for e in found),
            section=requirement.section,
            source=requirement.source,
            severity=requirement.severity,
            how=HOW[requirement.needs],
            missing=next((name for name, _ in missing.get(short, Counter()).most_common(1)), ""),
            strength=_strength(
                n, worlds[short], seen_callers[short], wires[short], None if kills is None else kills.get(short, 0)
            ),
        )
        made.append(row)
    return tuple(made)


def _strength(n: int, worlds: set[Any], callers: set[Any], wires: set[Any], killed: int | None) -> Strength:
    """What `n` judged calls are worth that came from these worlds, callers and wire forms."""
    return Strength(
        bound=round(3 / n, 6) if n else None,
        worlds=len(worlds),
        callers=len(callers),
        wire_forms=len(wires),
        faults_killed=killed,
        unproven=killed == 0,
    )


def seen_once(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Findings that were seen once in the whole run: by one worker, in one Scenario, and not again."""
    return [entry for record in records for entry in record.get("once", [])]


def published(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The records with what several workers saw once moved among the violations: each saw it in a World of its own."""
    entries: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        for entry in record.get("once", []):
            entries[entry["key"]].append(entry)
    known = {entry["key"] for record in records for entry in record.get("violations", [])}
    clear = {key for key, same in entries.items() if key in known or sum(bool(e.get("sure")) for e in same) > 1}
    out = []
    for record in records:
        kept = [e for e in record.get("once", []) if e["key"] not in clear]
        moved = []
        for entry in record.get("once", []):
            if entry["key"] in clear:
                tried = sum(e["again"]["tried"] for e in entries[entry["key"]])
                again = {
                    "tried": tried + len(entries[entry["key"]]) - 1,
                    "failed_again": len(entries[entry["key"]]) - 1,
                }
                moved.append({**entry, "certainty": min(0.9, entry["certainty"]), "again": again})
        out.append({**record, "once": kept, "violations": [*record.get("violations", []), *moved]})
    return out


def _once_told(entry: Mapping[str, Any]) -> str:
    """Why a finding that was seen once leaves its requirement open."""
    tried = entry["again"]["tried"]
    if entry["again"]["failed_again"]:
        times = f"again {entry['again']['failed_again']} of {tried}, not each time"
    else:
        times = f"not in {tried} further tries" if tried else "and not tried again"
    return f"seen once, {times}: {entry['summary']}"


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


def coverage(records: Sequence[Mapping[str, Any]], control: bool) -> Coverage:
    """States, pairs of dimensions, rules and transitions reached, and for each hole the reason."""
    states = merge_counts(records, "states")
    pairs: set[tuple[int, str, int, str]] = set()
    for record in records:
        pairs |= {(int(a), str(b), int(c), str(d)) for a, b, c, d in record.get("pairs", [])}
    values: dict[int, set[str]] = defaultdict(set)
    for a, b, c, d in pairs:
        values[a].add(b)
        values[c].add(d)
    total = 0
    lacking: list[tuple[str, str, str, str]] = []
    for i in range(len(DIMENSIONS)):
        for j in range(i + 1, len(DIMENSIONS)):
            for b in sorted(values[i]):
                for d in sorted(values[j]):
                    if not possible(i, b, j, d):
                        continue
                    total += 1
                    if (i, b, j, d) not in pairs:
                        lacking.append((DIMENSIONS[i], b, DIMENSIONS[j], d))
    fired = merge_counts(records, "rules")
    return Coverage(
        states=_cells(states, control),
        pairwise=Pairwise(DIMENSIONS, total - len(lacking), total, tuple(lacking)),
        rules=tuple(RuleFired(rule, fired[rule]) for rule in sorted({*RULES, *fired})),
        transitions=tuple(Transition(t, n) for t, n in sorted(merge_counts(records, "transitions").items())),
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
        if certain(reached):  # others may have been changing
            cells[reached[0], reached[1], reached[2]] = StateCell(reached[0], reached[1], reached[2], n, "")
    return tuple(cells.values())


def certain(row: Sequence[str]) -> bool:
    """Whether the states in a row of dimensions are known for certain."""
    return "/" not in row[0] and "/" not in row[1]


def possible(i: int, b: str, j: int, d: str) -> bool:
    """Whether two values can stand in one call at all: an id that denotes nothing has no state."""
    named = {DIMENSIONS[i]: b, DIMENSIONS[j]: d}
    instance, eni = named.get("instance state"), named.get("interface state")
    attachment = named.get("attachment")
    if instance is not None and "InstanceId" in named:
        return (instance == "none") == (named["InstanceId"] != "exact")
    if eni is not None and "NetworkInterfaceId" in named:
        return (eni == "none") == (named["NetworkInterfaceId"] != "exact")
    if attachment is not None and "NetworkInterfaceId" in named:
        return (attachment == "none") == (named["NetworkInterfaceId"] != "exact")
    if attachment is not None and eni is not None:
        if (eni == "none") != (attachment == "none"):
            return False
        unattached = {"Available": True, "Deleting": True}.get(eni)
        if attachment == "primary":
            return eni == "InUse"
        if unattached:
            return attachment == "unattached"
        if eni in ("InUse", "Attaching", "Detaching"):
            return attachment in ("this", "other")
    if attachment == "this" and ("InstanceId" in named and named["InstanceId"] != "exact"):
        return False
    return not (attachment == "this" and instance == "none")
