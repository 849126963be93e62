"""The end of a run in a terminal, and the step summary of a CI system.

What the target said is shown, so control characters are spelt out: an answer must not move the cursor.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from eni_conformance.oracle.results import VERDICTS, RequirementResult, Results
from eni_conformance.reports import causes, files, headline, spent, values
from eni_conformance.reports import evidence as ev
from eni_conformance.reports.reproduce import shell_quote
from eni_conformance.reports.words import seconds, short, visible
from rich.console import Console
from rich.table import Table
from rich.text import Text

_COLOURS = {
    "violated": "bold red",
    "error": "bold magenta",
    "inconclusive": "yellow",
    "known-deviation": "cyan",
    "not-exercised": "dim",
    "conforms": "green",
}


def colour_wanted(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether to colour what goes to `stream`: a terminal that can, and nobody who said no (https://no-color.org)."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


WIDTH = 100
"""Columns of what goes to no terminal."""


def width_of(stream: TextIO) -> int:
    """How wide what goes to `stream` may be: as the terminal, but never so narrow that nothing can be read."""
    return max(50, shutil.get_terminal_size((WIDTH, 24)).columns) if stream.isatty() else WIDTH


def text(results: Results, color: bool = False, out_dir: str | Path | None = None, width: int = WIDTH) -> str:
    """The final table: counts, then every requirement that needs a reader, then where to go on.

    A violated run ends with three lines: what, where to read, how to repeat. `out_dir` is where the files
    are (default: out/<run id>).
    """
    where = Path(out_dir) if out_dir is not None else Path("out") / results.run.id
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    head = headline.of(results)
    target = " ".join(t for t in (results.target.name, results.target.endpoint) if t)
    console.print(Text(f"{short(target, 120)}  revision {short(results.run.revision or '?', 20)}", "dim"))
    console.print(Text.assemble((head.words, _COLOURS[head.state]), f"  {head.reason}"))
    counts = Text()
    for verdict, n in results.counts().items():
        counts.append(f"{n} {verdict}  ", _COLOURS[verdict] if n else "dim")
    console.print(counts)
    calls = sum(results.calls.values())
    console.print(Text(f"{calls} calls in {seconds(results.run.seconds)}, seed {results.run.seed}", "dim"))
    forecast = spent.forecast(results)
    if forecast is not None:
        off = f": {forecast.words}" if forecast.words else ""
        console.print(
            Text(f"predicted {forecast.predicted} calls in {forecast.facts[0][1]}{off}", "dim"),
        )
    for warning in results.shallow:
        console.print(Text(f"shallow: {short(warning, 200)}", "yellow"))
    for note in values.lines(results):
        console.print(Text(short(note.words, 600), "yellow" if note.weighty else ""))
    _table(console, results)
    missing = values.not_exercised(results)
    if missing:
        console.print()
        for need, members in missing[:8]:
            console.print(Text(f"not exercised: {_names([r.id for r in members])}: {short(need, 160)}", "dim"))
    for problem in results.problems:
        console.print(Text(f"deviations: {short(problem, 300)}", "bold red"))
    for warning in results.warnings:
        console.print(Text(f"deviations: {short(warning, 300)}", "yellow"))
    console.print()
    for label, words in last_lines(results, where):
        console.print(Text.assemble((f"{label:<8}", "bold"), words), soft_wrap=True)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def _table(console: Console, results: Results) -> None:
    """Every requirement that needs a reader."""
    shown = [v for v in VERDICTS if v not in ("conforms", "not-exercised")]
    rows = [r for verdict in shown for r in results.by_verdict(verdict)]
    rows += [r for r in results.requirements if r.hollow]
    name = values.short_id if console.width < WIDTH else str
    if rows:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        lines = _same_reason(results, rows)
        for verdict, ids, words in lines[:40]:
            more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
            others = f" (also {_names(ids[1:])})" if more else ""
            table.add_row(
                Text(verdict, _COLOURS[verdict]), Text(short(name(ids[0]), 40) + more), Text(short(words, 240) + others)
            )
        console.print()
        console.print(table)
        if len(lines) > 40:
            console.print(Text(f"and {sum(len(ids) for _, ids, _ in lines[40:])} more", "dim"))


def _same_reason(results: Results, rows: list[RequirementResult]) -> list[tuple[str, list[str], str]]:
    """Requirements as (verdict, ids, reason): those of one verdict with the same reason share a line."""
    lines: dict[tuple[str, str], tuple[str, list[str], str]] = {}
    for r in rows:
        owner = values.owner(r)
        words = (values.why(results, r) or r.title) + (owner and f" ({owner})")
        lines.setdefault((r.verdict, words), (r.verdict, [], words))[1].append(r.id)
    return list(lines.values())


def _names(ids: list[str]) -> str:
    """Some ids without what all have in common, and how many more there are."""
    more = f" and {len(ids) - 12} more" if len(ids) > 12 else ""
    return ", ".join(short(i.removeprefix("ENI-DETACH-"), 20) for i in ids[:12]) + more


def last_lines(results: Results, out_dir: Path) -> list[tuple[str, str]]:
    """The closing lines as (label, text): what, where to read, how to repeat; of a run that is well, the report.

    A run fails by a violation, or by a deviation that has expired or is no longer needed.
    """
    page = out_dir / "index.html"
    again = results.run.command or "eni-conformance run"
    violated = results.by_verdict("violated")
    if not violated:
        if results.problems:
            what, where = f"deviations: {results.problems[0]}", str(page)
            return [("What", short(what, 400)), ("Read", short(where, 400)), ("Repeat", visible(again))]
        return [("Report", short(str(page), 400))]
    items, _ = files.load_evidence(out_dir)
    top = next(f for f in causes.findings(results, items) if f.verdict == "violated")
    what = f"{top.requirement_id} {top.summary}"
    if top.evidence is None:
        again = again if " -k " in again else f"{again} -k {shell_quote(top.requirement_id)}"
    else:
        again = ev.replay_command(top.evidence, top.file, str(out_dir), values.target_file(results))
        if top.should:
            what += f" {top.should}"
        elif top.evidence.expected and not ev.answer_was_admissible(top.evidence):
            answer = ev.answer(top.evidence)
            what += "; admissible" if answer in top.summary else f": answered {answer}, admissible"
            what += f": {ev.admissible(top.evidence.expected)}"
    where = f"{page}#{top.anchor}"
    return [("What", short(what, 400)), ("Read", short(where, 400)), ("Repeat", visible(again))]


def markdown(results: Results, out_dir: str | Path | None = None) -> str:
    """The same for a step summary in Markdown (GitHub's dialect)."""
    where = Path(out_dir) if out_dir is not None else Path("out") / results.run.id
    head = headline.of(results)
    counts = results.counts()
    lines = [
        f"## {plain_markdown(head.words)}",
        "",
        f"{plain_markdown(head.reason)} Target {_code(results.target.name or results.target.endpoint)}, "
        f"revision {plain_markdown(results.run.revision or '?')}, effort {plain_markdown(results.run.effort or '?')}, "
        f"seed {plain_markdown(str(results.run.seed))}.",
        "",
    ]
    if results.incomplete:
        note = results.run.note if results.run.note not in head.reason else ""
        lines += [f"> **Incomplete.** {plain_markdown(note or 'The run ended early.')}", ""]
    lines += [f"> **Shallow.** {plain_markdown(warning)}" for warning in results.shallow]
    lines += ["", *(f"- {plain_markdown(note.words)}" for note in values.lines(results))]
    lines += ["", "| " + " | ".join(counts) + " |", "|" + " ---: |" * len(counts)]
    lines += ["| " + " | ".join(str(n) for n in counts.values()) + " |", ""]
    rows = results.by_verdict("violated", "error", "inconclusive", "known-deviation")
    if rows:
        lines += ["| Verdict | Requirement | Reason |", "| --- | --- | --- |"]
        lines += [
            f"| {r.verdict} | {_code(r.id)} {plain_markdown(r.title)} | {plain_markdown(values.why(results, r))} |"
            for r in rows[:60]
        ]
        if len(rows) > 60:
            lines.append(f"| | and {len(rows) - 60} more | |")
        lines.append("")
    missing = values.not_exercised(results)
    if missing:
        lines += ["<details><summary>Not exercised, and what it would need</summary>", ""]
        lines += [
            f"- {plain_markdown(need)}: " + ", ".join(_code(r.id) for r in members[:40]) for need, members in missing
        ]
        lines += ["", "</details>", ""]
    lines += [f"**{label}** {_code(words)}  " for label, words in last_lines(results, where)]
    return "\n".join(lines) + "\n"


def plain_markdown(value: str) -> str:
    """Text that Markdown and HTML leave alone, on one line, cut."""
    out = short(" ".join(value.split()), 300)
    out = out.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join("\\" + char if char in "\\`*_{}[]()#|~!@" else char for char in out)


def _code(value: str) -> str:
    """A code span in a table cell."""
    out = short(" ".join(value.split()), 300).replace("|", "\u00a6").replace("`", "'")
    return f"`{out}`" if out else ""
