"""Several runs, or several targets, side by side: a row for each requirement, a column for each run. Pure."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eni_conformance.oracle.results import RequirementResult, Results
from eni_conformance.reports import headline, html, values, words
from eni_conformance.reports.words import short

ABSENT, LEFT_OUT = "absent", "left out"
GLYPHS = {**html.GLYPHS, ABSENT: " ", LEFT_OUT: " "}


@dataclass(frozen=True)
class Column:
    """One run. page: address of its report, "" if that is not known."""

    results: Results
    page: str
    outcome: headline.Headline

    @property
    def name(self) -> str:
        return self.results.target.name or self.results.target.endpoint or self.results.run.id


@dataclass(frozen=True)
class Row:
    """One requirement in all runs. verdicts: ABSENT where a run does not have it, LEFT_OUT where it was not asked for
    (`-k`), which is no difference between targets."""

    id: str
    title: str
    verdicts: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return len(set(self.verdicts) - {LEFT_OUT}) > 1


@dataclass(frozen=True)
class Table:
    """All runs. The rows that differ come first."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def differing(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.differs)


def table(runs: Sequence[tuple[str, Results]], out: Path | None = None) -> Table:
    """The table of these runs, each with its path. out: file that links to their reports."""
    columns = tuple(Column(made, _page(path, out), headline.of(made)) for path, made in runs)
    titles = {r.id: r.title for _, made in runs for r in made.requirements}
    known = [{r.id: _verdict(made, r) for r in made.requirements} for _, made in runs]
    rows = [Row(i, title, tuple(verdicts.get(i, ABSENT) for verdicts in known)) for i, title in titles.items()]
    return Table(columns, tuple(sorted(rows, key=lambda row: not row.differs)))


def _verdict(run: Results, row: RequirementResult) -> str:
    """The verdict on a row, LEFT_OUT where the user asked for others only."""
    asked = {name.strip().upper().rsplit("-", 1)[-1] for name in run.run.only.split(",") if name.strip()}
    return LEFT_OUT if asked and values.short_id(row.id) not in asked else values.shown(row)


def _page(path: str, out: Path | None) -> str:
    """The address of a run's report, from the page `out`; "" where it has none."""
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    if out is None or not (folder / "index.html").exists():
        return ""
    return Path(os.path.relpath((folder / "index.html").resolve(), out.resolve().parent)).as_posix()


def text(made: Table) -> str:
    """The table for a terminal: each run with its outcome, then the rows that differ."""
    lines = []
    for n, column in enumerate(made.columns):
        name = f"{short(column.name, 40)}  {short(column.results.run.id, 60)}"
        lines.append(f"{chr(65 + n % 26)}  {name}: {short(column.outcome.words, 120)}")
    heads = "  ".join(chr(65 + n % 26) for n in range(len(made.columns)))
    lines += ["", f"{len(made.differing)} of {len(made.rows)} requirements differ", ""]
    if made.differing:
        lines.append(f"{'':16}  {heads}")
    for row in made.differing:
        marks = "  ".join(GLYPHS.get(verdict, "?") for verdict in row.verdicts)
        lines.append(f"{row.id:16}  {marks}  {short(row.title, 80)}")
    legend = ", ".join(f"{glyph} {name}" for name, glyph in GLYPHS.items() if glyph.strip())
    return "\n".join([*lines, *(["", legend] if made.differing else [])]) + "\n"


def page(made: Table) -> str:
    """The table as one self-contained page, each cell a link into the report of its run."""
    title = f"{len(made.columns)} runs side by side: {len(made.differing)} of {len(made.rows)} requirements differ"
    return html.document("side_by_side.html.j2", title=title, headline=title, table=made, when=words.when)
