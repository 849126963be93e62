"""What the runs of a proof come to: the kill matrix, its figures, and the page of the proof. Results in, text out."""

from __future__ import annotations

import importlib
import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from eni_conformance.contract import codec
from eni_conformance.contract.detach import CONTRACTS, full_id
from eni_conformance.reports import matrix
from eni_conformance.reports.proven import Figures, Result

WITHIN = (10, 30, 100, 300, 1000, 3000, 10000)
"""Numbers of calls for which the share of faults killed by then is told."""
EQUIVALENT: Mapping[str, str] = {
    "code-malformed-instance-id": "Sibling pages spell the code so, and real services answer so (the common table).",
    "accepts-trunk": "The page says that some types of interface cannot be detached, but does not name Trunk.",
    "header-missing": "The page does not promise the header x-acs-request-id.",
}
"""Faults that keep within the page, and why. To be blamed for one is a false alarm."""


def unproven(results: Sequence[Result]) -> tuple[str, ...]:
    """Requirements that no fault's first violation named and whose own checks have not been seen to catch one."""
    caught = {r.requirement for r in results if r.kind == "fault" and r.verdict == "killed" and not r.own}
    caught |= {r.own for r in results if r.verdict == "killed" and r.own}
    return tuple(short for short in CONTRACTS["2019"].requirements if short not in caught)


def _whole_runs(results: Sequence[Result]) -> tuple[list[Result], list[Result]]:
    """Of whole runs: those on faults that must be caught, and those on faults that keep within the page."""
    faults = [r for r in results if r.kind == "fault" and not r.own]
    return [r for r in faults if r.name not in EQUIVALENT], [r for r in faults if r.name in EQUIVALENT]


def within(results: Sequence[Result]) -> tuple[tuple[int, float], ...]:
    """(k, share of the faults that were killed within k calls), for several k."""
    faults, _ = _whole_runs(results)
    killed = [r.calls for r in faults if r.verdict == "killed"]
    return tuple((k, round(sum(c <= k for c in killed) / max(1, len(faults)), 4)) for k in WITHIN)


def summary(results: Sequence[Result], effort: str) -> Figures:
    """The kill matrix and its figures."""
    faults, equivalent = _whole_runs(results)
    variants = [r for r in results if r.kind == "variant"]
    blamed = {r.name for r in variants if r.verdict != "silent"}
    blamed |= {r.name for r in equivalent if r.verdict != "equivalent"}
    killed = [r for r in faults if r.verdict == "killed"]
    again = [(r.name, one) for r in results for one in r.replays]
    return Figures(
        effort=effort,
        faults=len(faults),
        killed=len(killed),
        survivors=_in_order(r.name for r in faults if r.verdict != "killed"),
        equivalent={r.name: EQUIVALENT[r.name] for r in equivalent if r.verdict == "equivalent"},
        variants=len({r.name for r in variants}),
        alarmed=_in_order(blamed),
        replayed=len(again),
        convict_innocent=_in_order(f"{name}: {one.evidence}" for name, one in again if one.convicts_innocent),
        not_repeated=_in_order(f"{name}: {one.evidence}" for name, one in again if not one.repeats),
        median_calls=statistics.median([r.calls for r in killed]) if killed else 0,
        median_seconds=statistics.median([r.seconds for r in killed]) if killed else 0,
        killed_within=within(results),
        first_caught_by=_by_row((r.requirement, r.name) for r in killed),
        caught_by_own_checks=_by_row((r.own, r.name) for r in results if r.own and r.verdict == "killed"),
        unproven=unproven(results),
        results=tuple(sorted(results, key=lambda r: (r.kind, r.group, r.name, r.own, r.seed))),
    )


def _in_order(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _by_row(caught: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """(short id, fault) as short id -> its faults, both in order."""
    faults: dict[str, list[str]] = {}
    for short, name in sorted(caught):
        faults.setdefault(short, []).append(name)
    return {short: tuple(names) for short, names in faults.items()}


def kills(results: Sequence[Result]) -> dict[str, int]:
    """How many faults each requirement's checks have killed, first, along with another, or on their own."""
    caught: dict[str, set[str]] = {}
    for result in results:
        if result.kind == "fault" and result.verdict == "killed":
            for short in [result.own] if result.own else [result.requirement, *result.also]:
                caught.setdefault(short, set()).add(result.name)
    return {short: len(names) for short, names in sorted(caught.items())}


def markdown(figures: Figures, command: str) -> str:
    """The proof as a page: figures, and for each requirement the tests that reach it and the faults it caught."""
    contract = CONTRACTS["2019"]
    tests = tests_of()

    def again(names: Sequence[str]) -> str:
        return f"{len(names)} of {figures.replayed}"

    killed = [r for r in figures.results if r.kind == "fault" and r.verdict == "killed" and not r.own]
    lines = [
        "# Proof",
        "",
        f"Made by `{command}`.",
        "",
        "| figure | value |",
        "|---|---|",
        f"| faults killed | {figures.killed} of {figures.faults} |",
        f"| conforming variants that raised an alarm | {len(figures.alarmed)} of {figures.variants} |",
        f"| leading counterexamples that fail on a conforming emulator, too | {again(figures.convict_innocent)} |",
        f"| leading counterexamples that do not fail again as they claim | {again(figures.not_repeated)} |",
        f"| calls until the first violation, median | {figures.median_calls:g} |",
        f"| seconds of a run that ends at the first violation, median | {figures.median_seconds:g} |",
        *(f"| killed within {k} calls | {100 * share:.0f} % |" for k, share in figures.killed_within),
        "",
        "Survivors: " + (", ".join(f"`{name}`" for name in figures.survivors) or "none") + ".",
        *(f"Equivalent to conforming behaviour: `{name}`. {why}" for name, why in figures.equivalent.items()),
        "",
        "| requirement | reached by | faults it caught first | along with another | by its own checks alone |",
        "|---|---|---|---|---|",
    ]
    for short, requirement in contract.requirements.items():
        first = sorted(r.name for r in killed if r.requirement == short)
        also = sum(1 for r in killed if short in r.also and r.requirement != short)
        shown = ", ".join(f"`{n}`" for n in first[:4]) + (f" and {len(first) - 4} more" if len(first) > 4 else "")
        reached = ", ".join(f"`{t}`" for t in tests.get(short, ())) or "every judged call"
        own = ", ".join(f"`{n}`" for n in figures.caught_by_own_checks.get(short, ()))
        lines.append(f"| {full_id(short)} {requirement.title} | {reached} | {shown or '-'} | {also} | {own or '-'} |")
    return "\n".join(lines) + "\n"


def tests_of() -> dict[str, list[str]]:
    """Short id of a requirement -> the conformance tests that are marked as evidence for it."""
    out: dict[str, list[str]] = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"{__package__}.{path.stem}")
        for name, test in vars(module).items():
            marks = list(getattr(test, "pytestmark", ()))
            sets = [one for mark in marks if mark.name == "parametrize" for one in mark.args[1]]
            marks += [mark for one in sets for mark in getattr(one, "marks", ())]
            for short in dict.fromkeys(row for mark in marks if mark.name == "requirement" for row in mark.args):
                out.setdefault(short, []).append(f"{path.stem}::{name}")
    return out


def write(folder: Path, figures: Figures, command: str) -> Path:
    """Write the matrix as JSON, HTML and Markdown, and kills.json. Returns the HTML page."""
    effort = figures.effort
    (folder / f"matrix-{effort}.json").write_text(json.dumps(codec.plain(figures), indent=1))
    (folder / "kills.json").write_text(json.dumps(kills(figures.results), indent=1) + "\n")
    (folder / f"proof-{effort}.md").write_text(markdown(figures, command))
    page = folder / f"matrix-{effort}.html"
    page.write_text(matrix.render(figures, command))
    return page
