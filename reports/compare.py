"""Two runs, or two targets, side by side: what is newly violated, fixed, newly reached or lost.

`compare` is pure and takes the verdicts as they were recorded. B is worse than A when something is violated
that was not, or when something that had been decided no longer is: a check that stopped running is not an
improvement. Slower answers and changed observations are shown, and do not make B worse. A recording stands for the
real service: what answers otherwise than it is worse, too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eni_conformance.oracle.results import Duel, Observation, RequirementResult, Results, Samples
from eni_conformance.reports import files, html, side_by_side, values, words
from eni_conformance.reports.words import seconds, short

DECIDED = ("conforms", "violated", "known-deviation")
ABSENT = "absent"
_LEAST_SAMPLES = 20
_SHIFT = 1.5
_SHIFT_SECONDS = 0.001


@dataclass(frozen=True)
class Change:
    """One requirement whose verdict differs."""

    id: str
    title: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True)
class Shift:
    """One distribution of seconds in both runs. `notable`: by half or more, and by a millisecond or more."""

    name: str
    median_a: float
    median_b: float
    p95_a: float
    p95_b: float
    notable: bool


NONE_BROKEN = "valid calls"


@dataclass(frozen=True)
class Difference:
    """A kind of call with different answers. always: no answer of one run ever came in the other."""

    requirement: str
    call: str
    a: tuple[str, ...]
    b: tuple[str, ...]
    always: bool


@dataclass(frozen=True)
class Parity:
    """shared: kinds of call that both runs tried; differ: those of them with different answers."""

    shared: int
    differ: tuple[Difference, ...]

    @property
    def by_requirement(self) -> dict[str, list[Difference]]:
        """The differences, by the requirements that the calls break."""
        groups: dict[str, list[Difference]] = {}
        for one in self.differ:
            groups.setdefault(one.requirement, []).append(one)
        return groups

    @property
    def apart(self) -> bool:
        """Whether some kind of call never gets the same answer."""
        return any(one.always for one in self.differ)


@dataclass(frozen=True)
class Comparison:
    """What differs between run A and run B."""

    a: Results
    b: Results
    newly_violated: tuple[Change, ...]
    fixed: tuple[Change, ...]
    gained: tuple[Change, ...]
    lost: tuple[Change, ...]
    other: tuple[Change, ...]
    observations: tuple[tuple[str, Any, Any], ...]
    observed_once: tuple[tuple[str, str], ...]
    shifts: tuple[Shift, ...]
    duels_shared: int
    duels_differ: tuple[tuple[str, str, str, str], ...]
    parity: Parity
    tables: tuple[tuple[str, str], ...]
    """Rows that conform in both runs, in one by the page and in the other by the common table: id, and what differs."""

    caveats: tuple[str, ...]

    @property
    def worse(self) -> bool:
        """True when B has a new violation or lost a decided requirement, or is not like the recording."""
        return bool(self.newly_violated or self.lost) or self.unlike

    @property
    def unlike(self) -> bool:
        """True when one of the two stands for the real service, and the other answers some call otherwise."""
        return any(run.recording is not None for run in (self.a, self.b)) and self.parity.apart


def compare(a: Results, b: Results) -> Comparison:
    """What changed from A to B."""
    old = {r.id: r for r in a.requirements}
    new = {r.id: r for r in b.requirements}
    groups: dict[str, list[Change]] = {k: [] for k in ("newly_violated", "fixed", "gained", "lost", "other")}
    for ident in dict.fromkeys([*old, *new]):
        before, after = _verdict(old.get(ident)), _verdict(new.get(ident))
        if before != after:
            shown = new.get(ident) or old[ident]
            reason = shown.why if ident in new else "this requirement is not in B"
            change = Change(ident, shown.title, before, after, reason)
            groups[_group(before, after)].append(change)
    seen_a = {o.id: _observed(o) for o in a.observations}
    seen_b = {o.id: _observed(o) for o in b.observations}
    observations = tuple(
        (ident, value, seen_b[ident]) for ident, value in seen_a.items() if value != seen_b.get(ident, value)
    )
    once = tuple(
        (ident, "A" if ident in seen_a else "B")
        for ident in [*seen_a, *seen_b]
        if (ident in seen_a) != (ident in seen_b)
    )
    duels_a = {_pair(d): _winner(d) for d in a.atlas or ()}
    duels_b = {_pair(d): _winner(d) for d in b.atlas or ()}
    shared = [pair for pair in duels_a if pair in duels_b]
    differ = tuple((x, y, duels_a[x, y], duels_b[x, y]) for x, y in shared if duels_a[x, y] != duels_b[x, y])
    return Comparison(
        a=a,
        b=b,
        newly_violated=tuple(groups["newly_violated"]),
        fixed=tuple(groups["fixed"]),
        gained=tuple(groups["gained"]),
        lost=tuple(groups["lost"]),
        other=tuple(groups["other"]),
        observations=observations,
        observed_once=once,
        shifts=tuple(_shifts("", a.latency, b.latency) + _shifts("settle: ", a.settle, b.settle)),
        duels_shared=len(shared),
        duels_differ=differ,
        parity=parity(a, b),
        tables=tuple((i, words) for i in old if i in new and (words := _table(old[i], new[i]))),
        caveats=tuple(_caveats(a, b)),
    )


def parity(a: Results, b: Results) -> Parity:
    """To which kinds of call the two runs answered differently: either answer may be admissible.

    A kind of call is what does not depend on the endpoint: the requirements that the call breaks, the states of what it
    names, who calls, and how each parameter was made.
    """
    old, new = _kinds(a), _kinds(b)
    shared = [key for key in old if key in new]
    differ = []
    for key in shared:
        x, y = old[key], new[key]
        if x != y:
            broken, _, call = key.partition(" | ")
            differ.append(Difference(broken or NONE_BROKEN, call, tuple(sorted(x)), tuple(sorted(y)), not x & y))
    return Parity(len(shared), tuple(sorted(differ, key=lambda d: (not d.always, d.requirement, d.call))))


def _kinds(results: Results) -> dict[str, frozenset[str]]:
    told = results.answers or {}
    return {key: frozenset(counts) for key, counts in told.items() if counts}


def _table(before: RequirementResult, after: RequirementResult) -> str:
    """By which table a row conforms in A and in B, where that differs; "" elsewhere."""
    if not (before.passed and after.passed) or before.by_common_alone == after.by_common_alone:
        return ""
    told = [
        f"by the common table ({', '.join(a.answer for a in r.by_common)})" if r.by_common_alone else "by the page"
        for r in (before, after)
    ]
    return " -> ".join(told)


def _verdict(requirement: RequirementResult | None) -> str:
    return ABSENT if requirement is None else values.shown(requirement)


def _group(before: str, after: str) -> str:
    if after == "violated":
        return "newly_violated"
    if before == "violated" and after == "conforms":
        return "fixed"
    if before in DECIDED and after not in DECIDED:
        return "lost"
    if before not in DECIDED and after in DECIDED:
        return "gained"
    return "other"


def _observed(observation: Observation) -> Any:
    """What was observed, without how often: two runs of one target never count the same."""
    counts = observation.counts
    return " or ".join(sorted(counts)) if counts else observation.value


def _pair(duel: Duel) -> tuple[str, str]:
    return (duel.a, duel.b) if duel.a <= duel.b else (duel.b, duel.a)


def _winner(duel: Duel) -> str:
    return (duel.winner or "neither") if duel.stable else "not always the same"


def _shifts(prefix: str, a: Mapping[str, Samples] | None, b: Mapping[str, Samples] | None) -> list[Shift]:
    out = []
    for name in a or {}:
        x, y = (a or {})[name], (b or {}).get(name, ())
        if min(len(x), len(y)) < _LEAST_SAMPLES:
            continue
        times = [words.quantile(v, q) for q in (0.5, 0.95) for v in (x, y)]
        notable = any(
            abs(new - old) >= _SHIFT_SECONDS and max(new, old) >= _SHIFT * max(min(new, old), 1e-9)
            for old, new in (times[:2], times[2:])
        )
        out.append(Shift(prefix + name, times[0], times[1], times[2], times[3], notable))
    return out


def _caveats(a: Results, b: Results) -> list[str]:
    """What makes the two runs hard to compare."""
    out = []
    for what, x, y in (
        ("revision of the page", a.run.revision, b.run.revision),
        ("effort", a.run.effort, b.run.effort),
        ("table of answers", *("the page alone" if r.run.strict else "page and common table" for r in (a, b))),
        ("suite version", a.suite.version, b.suite.version),
    ):
        if x != y:
            out.append(f"the {what} differs: {x} and {y}")
    out += [f"run {name} is incomplete" for name, r in (("A", a), ("B", b)) if r.incomplete]
    return out


_SECTIONS = (
    ("newly_violated", "newly violated"),
    ("lost", "no longer decided"),
    ("fixed", "fixed"),
    ("gained", "newly decided"),
    ("other", "other changes"),
)


def headline(comparison: Comparison) -> str:
    """The comparison in one sentence."""
    parts = [f"{len(getattr(comparison, key))} {words}" for key, words in _SECTIONS if getattr(comparison, key)]
    if comparison.unlike:
        never = sum(1 for one in comparison.parity.differ if one.always)
        parts.append(f"{never} kinds of call answered otherwise than in the recording")
    state = "B is worse" if comparison.worse else "B is not worse"
    return f"{state}: " + (", ".join(parts) if parts else "no verdict differs")


def text(comparison: Comparison) -> str:
    """The comparison for a terminal."""
    lines = [f"A  {_name(comparison.a)}", f"B  {_name(comparison.b)}", headline(comparison)]
    lines += [f"note: {short(caveat, 200)}" for caveat in comparison.caveats]
    for key, called in _SECTIONS:
        changes = getattr(comparison, key)
        if changes:
            lines += ["", f"{called}:"]
            for c in changes:
                reason = f"  ({short(c.reason, 160)})" if c.reason else ""
                lines.append(f"  {short(c.id, 40)}  {c.before} -> {c.after}  {short(c.title, 100)}{reason}")
    if comparison.tables:
        lines += ["", "conform by another table (no change of the verdict):"]
        lines += [f"  {short(ident, 40)}  {short(words, 200)}" for ident, words in comparison.tables]
    if comparison.observations:
        lines += ["", "observations that differ:"]
        for ident, x, y in comparison.observations:
            lines.append(f"  {short(ident, 60)}: {words.value_text(x, 80)} -> {words.value_text(y, 80)}")
    for run in ("A", "B"):
        names = [short(ident, 60) for ident, where in comparison.observed_once if where == run]
        if names:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            lines += ["", f"observed only in {run}: {', '.join(names[:5])}{more}"]
    notable = [s for s in comparison.shifts if s.notable]
    if notable:
        lines += ["", "times that differ (median, 95 %):"]
        for s in notable:
            lines.append(
                f"  {short(s.name, 60)}: {seconds(s.median_a)}, {seconds(s.p95_a)}"
                f" -> {seconds(s.median_b)}, {seconds(s.p95_b)}"
            )
    if comparison.duels_shared:
        same = comparison.duels_shared - len(comparison.duels_differ)
        lines += ["", f"precedence: the same in {same} of {comparison.duels_shared} pairs of faults"]
    lines += _answers(comparison.parity)
    return "\n".join(lines) + "\n"


_MOST_CALLS = 5


def _answers(found: Parity) -> list[str]:
    """Which calls were answered otherwise, requirement by requirement, for a terminal."""
    if not found.shared:
        return []
    same = found.shared - len(found.differ)
    lines = ["", f"answers: the same to {same} of {found.shared} kinds of call that both were sent"]
    for requirement, differ in found.by_requirement.items():
        lines.append(f"  {short(requirement, 120)}")
        for one in differ[:_MOST_CALLS]:
            often = "" if one.always else "  (not always)"
            lines.append(f"    {short(one.call, 160)}")
            lines.append(f"      {short(' or '.join(one.a), 120)} -> {short(' or '.join(one.b), 120)}{often}")
        if len(differ) > _MOST_CALLS:
            lines.append(f"    and {len(differ) - _MOST_CALLS} more kinds of call")
    return lines


def _name(results: Results) -> str:
    return f"{short(results.run.id, 60)}  {short(results.target.name, 60)} {short(results.target.endpoint, 100)}"


def page(comparison: Comparison) -> str:
    """The comparison as one self-contained page."""
    return html.document(
        "compare.html.j2",
        title=f"{headline(comparison)} \u00b7 {comparison.a.run.id} \u00b7 {comparison.b.run.id}",
        c=comparison,
        headline=headline(comparison),
        groups=[(key, words, getattr(comparison, key)) for key, words in _SECTIONS],
        counts=(comparison.a.counts(), comparison.b.counts()),
    )


def main(args: Sequence[str] | None = None) -> int:
    """`compare RUN_A RUN_B [RUN ...] [--out FILE.html]`: 0 none is worse than A, 1 one is, 2 a run cannot be read."""
    parser = argparse.ArgumentParser(
        prog="eni-conformance compare",
        description="Compare two runs, or the runs of two targets. Exit status 1 when B is worse than A.",
    )
    parser.add_argument("run_a", metavar="RUN_A", help="output directory, results.json or recording")
    parser.add_argument("run_b", metavar="RUN_B", help="output directory, results.json or recording")
    parser.add_argument("more", metavar="RUN", nargs="*", help="more of them: a table of all, side by side")
    parser.add_argument("--out", metavar="FILE.html", type=Path, help="write the comparison as a page, too")
    options = parser.parse_args(args)
    try:
        paths = [options.run_a, options.run_b, *options.more]
        runs = [files.load(path) for path in paths]
    except (OSError, ValueError) as problem:
        print(f"eni-conformance compare: {problem}", file=sys.stderr)
        return 2
    comparisons = [compare(runs[0], other) for other in runs[1:]]
    if options.more:
        table = side_by_side.table(list(zip(paths, runs, strict=True)), options.out)
        told, made = side_by_side.text(table), side_by_side.page(table)
    else:
        told, made = text(comparisons[0]), page(comparisons[0])
    print(told, end="")
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(options.out, made)
        print(f"\nPage: {options.out}")
    return 1 if any(one.worse for one in comparisons) else 0


if __name__ == "__main__":
    sys.exit(main())
