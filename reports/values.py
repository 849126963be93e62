"""What a run says, computed once for every view: how it ended, the words of each verdict, how often a failure was seen
again, rows that conform by the common table, answers that may pass, what the target lacks, and what was left open.

Pure: from results to values and sentences. Nothing here judges.
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eni_conformance.oracle.results import KINDS, Again, RequirementResult, Results, Target, Violation
from eni_conformance.reports.history import Line
from eni_conformance.reports.words import counted, seconds, value_text

OPERATION = "DetachNetworkInterface"
FEATURES = {
    "error": "Documented errors",
    "parameter": "Parameters",
    "state": "Resource states",
    "response": "Response shape",
    "effect": "Effects",
    "relation": "Relations",
    "gateway": "Gateway",
    "robustness": "Robustness",
}
"""What the kinds of requirements are called."""

ONCE = "once: a failure of an installation on this machine counts at once"
STRICT = "judged by the page alone (--strict)"
_FORMATS = {"json": "JSON", "xml": "XML"}
_SCHEMES = {"v1": "signature V1", "v3": "signature V3"}
_MOST = 8
"""So many of a kind are named in one line; of the others the number is told."""


@dataclass(frozen=True)
class Note:
    """One line beside the verdicts. weighty: it limits what the run says, or asks the reader to do something."""

    label: str
    words: str
    weighty: bool = False


def common(requirement: RequirementResult) -> str:
    """Which answers of the common table a row was refused with; "" where none came."""
    if not requirement.by_common:
        return ""
    also = "" if requirement.by_common_alone else "also "
    return f"{also}by the common table: {', '.join(f'{a.answer} ({a.n})' for a in requirement.by_common)}"


def common_rows(results: Results) -> tuple[RequirementResult, ...]:
    """The rows that conform although the page's own answer never came."""
    return tuple(r for r in results.requirements if r.passed and r.by_common_alone)


def thin_rows(results: Results) -> tuple[RequirementResult, ...]:
    """The rows that conform on few cases."""
    return tuple(r for r in results.requirements if r.passed and r.strength is not None and r.strength.thin)


def again(found: Again | None) -> str:
    """How often a violation was seen again, "" where no one wrote it down."""
    if found is None:
        return ""
    return f"again {found.failed_again} of {found.tried}" if found.failed_again else ONCE


def not_again(found: Again | None) -> str:
    """How often what was seen once was not seen again."""
    if found is None or not found.tried:
        return "not tried again"
    if found.failed_again:
        times = f"{found.failed_again} of {found.tried}"
        return f"again {times}: what rests on a clock counts only if it is seen each time"
    return f"not in {found.tried} further {'try' if found.tried == 1 else 'tries'}"


def best(found: list[Again]) -> Again | None:
    """Of several counts the one that says most; None of none."""
    return max(found, key=lambda one: (one.failed_again, -one.tried), default=None)


def again_of(results: Results, requirement: RequirementResult) -> str:
    """How often what violates this requirement was seen again, in words; "" where no one wrote it down."""
    return again(best([v.again for v in results.violations if v.again and v.concerns(requirement)]))


def why(results: Results, requirement: RequirementResult) -> str:
    """The reason of a verdict; of a violation also how often it was seen again."""
    seen = again_of(results, requirement) if requirement.verdict == "violated" else ""
    parts = (requirement.why, f"({seen.partition(':')[0]})" if seen else "")
    return " ".join(part for part in parts if part)


def once(results: Results) -> tuple[tuple[Violation, ...], ...]:
    """What was seen once, by cause. A cause that another worker saw again stands among the findings."""
    published = {v.key for v in results.violations if v.key} | {v.evidence for v in results.violations if v.evidence}
    groups: dict[str, list[Violation]] = {}
    for n, entry in enumerate(results.once):
        if not {entry.key, entry.evidence} & published:
            groups.setdefault(entry.key or entry.evidence or str(n), []).append(entry)
    return tuple(map(tuple, groups.values()))


def tried(entries: tuple[Violation, ...]) -> Again:
    """The tries of all entries of one cause together."""
    counts = [entry.again for entry in entries if entry.again]
    return Again(sum(c.tried for c in counts), sum(c.failed_again for c in counts))


def first_screen(results: Results) -> tuple[tuple[str, str], ...]:
    """What the first screen says beside the verdicts, each with the section that tells more."""
    rows, seen, passed = len(common_rows(results)), len(once(results)), sum(p.n for p in results.passing)
    out = []
    if thin := len(thin_rows(results)):
        out.append(("requirements", f"{thin} conforming {'row rests' if thin == 1 else 'rows rest'} on few cases"))
    if rows:
        out.append(("common", f"{rows} {'row conforms' if rows == 1 else 'rows conform'} by the common table"))
    if seen:
        out.append(("once", f"{seen} {'finding was' if seen == 1 else 'findings were'} seen once, and not again"))
    if passed:
        out.append(("passing", f"{passed} {'answer' if passed == 1 else 'answers'} came that may pass"))
    return tuple(out)


def bought(results: Results) -> str:
    """What a run came to whose calls were counted; "" of any other. The 3/n bounds stand with the rows."""
    told = results.bought
    if told is None:
        return ""
    kills = "" if told.kills is None else f"; runs of this size find {told.kills:.0%} of the embedded emulator's faults"
    return (
        f"{told.spent} of at most {counted(told.calls, 'call')} were sent: {told.judged} of {told.rows} rows of the "
        f"error table judged, {counted(told.pairs, 'pair')} of values met{kills}"
    )


def target(results: Results) -> tuple[str, ...]:
    """What the target does not offer and what of it cannot be relied on, in sentences."""
    out = []
    lacking = [name for name in _lacking(results.target) if name not in _named(results.target.undeclared)]
    if lacking:
        needs = "What needs it is" if len(lacking) == 1 else "What needs them is"
        out.append(f"Not offered here: {', '.join(lacking)}. {needs} not judged.")
    if results.target.undeclared:
        names = " and ".join(_named(results.target.undeclared))
        rest = [f'"{name}"' for name in _FORMATS if name not in results.target.undeclared]
        advice = f" Where that is meant, write into it: [offers] formats = [{', '.join(rest)}]." if rest else ""
        out.append(f"{names} does not work here, and the target file does not say so.{advice}")
    for order, problem in results.target.control_problems.items():
        out.append(f"Control order {order}: {problem.rstrip('.')}. The rows that rest on it are not exercised.")
    if abs(results.target.skew) >= 1:
        side = "ahead" if results.target.skew > 0 else "behind"
        out.append(f"Its clock is {seconds(abs(results.target.skew))} {side}; the run has corrected for that.")
    return tuple(out)


def _lacking(told: Target) -> list[str]:
    if told.offers is None:
        return []
    pairs = ((_FORMATS, told.offers.formats), (_SCHEMES, told.offers.signing))
    return [name for names, offered in pairs for key, name in names.items() if offered and key not in offered]


def _named(formats: tuple[str, ...]) -> list[str]:
    return [_FORMATS.get(name, name) for name in formats]


def lines(results: Results) -> tuple[Note, ...]:
    """All of it, a line for each kind, for the terminal and the step summary."""
    out = []
    if results.run.strict:
        out.append(Note("strict", STRICT))
    if rows := thin_rows(results):
        ids = _some([short_id(r.id) for r in rows])
        out.append(Note("thin", f"thin: {len(rows)} of the conforming rows rest on fewer than ten cases: {ids}"))
    if rows := common_rows(results):
        named = [f"{short_id(r.id)} {' or '.join(a.answer for a in r.by_common)}" for r in rows]
        many = "1 row conforms" if len(rows) == 1 else f"{len(rows)} rows conform"
        out.append(Note("common table", f"{many} by the common table: {_some(named)}"))
    if found := once(results):
        told = [_seen(results, entries[0]) for entries in found]
        out.append(Note("seen once", f"seen once, not again: {len(found)} ({_some(told, '; ')})", weighty=True))
    if results.passing:
        told = [f"{p.n} x {p.answer} ({p.operation})" for p in results.passing]
        out.append(Note("may pass", f"may pass: {_some(told)}"))
    if results.repeated:
        told = [
            f"{p.operation} answered {p.answer} {'once' if p.n == 1 else f'{p.n:,} times'}" for p in results.repeated
        ]
        out.append(Note("sent again", f"sent again after: {_some(told, '; ')}"))
    if sentence := bought(results):
        out.append(Note("counted", f"counted: {sentence}"))
    out += [Note("target", f"target: {sentence}", weighty=True) for sentence in target(results)]
    return tuple(out)


def _seen(results: Results, entry: Violation) -> str:
    """The id of what was seen once, with its summary where no reason of a requirement tells it."""
    told = any(entry.concerns(r) and entry.summary in r.why for r in results.requirements)
    return entry.requirement if told else f"{entry.requirement} {entry.summary[:100]}".strip()


def short_id(ident: str) -> str:
    """E06 of ENI-DETACH-E06."""
    return ident.rsplit("-", 1)[-1]


def _some(told: list[str], between: str = ", ") -> str:
    more = f" and {len(told) - _MOST} more" if len(told) > _MOST else ""
    return between.join(told[:_MOST]) + more


def by_kind(results: Results) -> list[tuple[str, list[RequirementResult]]]:
    """The requirements of each kind, in the order of the page; kinds that are not known here come last."""
    kinds = dict.fromkeys([*KINDS, *(r.kind for r in results.requirements)])
    groups = [(kind, [r for r in results.requirements if r.kind == kind]) for kind in kinds]
    return [(kind, members) for kind, members in groups if members]


def shown(requirement: RequirementResult) -> str:
    """The verdict as every view shows it: what conforms without a judged call was not exercised."""
    return "not-exercised" if requirement.hollow else requirement.verdict


def owner(requirement: RequirementResult) -> str:
    """Who accepted a deviation, and until when; "" elsewhere."""
    found = requirement.deviation
    return f"owner {found.owner}, until {found.expires}" if found else ""


def told(results: Results, requirement: RequirementResult) -> str:
    """The verdict with its reason, where it is no pass; of a pass the reason alone."""
    reason = why(results, requirement)
    if requirement.passed:
        return reason
    verdict = shown(requirement)
    if verdict == "known-deviation":
        by = owner(requirement)
        return f"known deviation{by and ', '}{by}: {reason}"
    return f"{verdict}: {reason}" if reason else verdict


def judged_by(results: Results) -> str:
    """What counts beside the common table, "" where that counts, too."""
    return "the page alone" if results.run.strict else ""


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
            answers = [value_text(observation.value, 70)]
        entry = (question if colon else observation.id, answers, observation.examples)
        groups.setdefault(_GROUPS.get(group, group) if colon else "", []).append(entry)
    return list(groups.items())


_GROUPS = {"answer to": "the answer when this does not hold", "gateway": "signing, nonces and time stamps"}


def since(past: Sequence[Line], requirement: str) -> str:
    """How long the requirement has been violated, from the history; "" when there is no earlier run."""
    if len(past) < 2:
        return ""
    streak = []
    for entry in reversed(past):
        if requirement not in entry.violated:
            break
        streak.append(entry.run or "?")
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


def target_file(results: Results) -> str:
    """The target file that the run was given; "" for the embedded emulator, which is the default."""
    try:
        words = shlex.split(results.run.command)
    except ValueError:
        words = []
    return next((following for word, following in itertools.pairwise(words) if word == "--target"), "")
