"""The end of a run in a terminal, and the step summary of a CI system.

What the target said is shown, so control characters are spelt out: an answer must not move the cursor.
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports import evidence as ev
from reports import model, views
from reports.reproduce import shell_quote
from reports.svg import seconds, short

_COLOURS = {
    "violated": "bold red",
    "error": "bold magenta",
    "inconclusive": "yellow",
    "known-deviation": "cyan",
    "not-exercised": "dim",
    "conforms": "green",
}


def text(results: model.Results, color: bool = False, out_dir: str | Path | None = None, width: int = 100) -> str:
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
    state, headline, reason = views.verdict(results)
    target = " ".join(t for t in (results.target.name, results.target.endpoint) if t)
    console.print(Text(f"{short(target, 120)}  revision {short(results.run.revision or '?', 20)}", "dim"))
    console.print(Text.assemble((headline, _COLOURS[state]), f"  {reason}"))
    counts = Text()
    for verdict, n in results.counts().items():
        counts.append(f"{n} {verdict}  ", _COLOURS[verdict] if n else "dim")
    console.print(counts)
    calls = sum(results.calls.values())
    console.print(Text(f"{calls} calls in {seconds(results.run.seconds)}, seed {results.run.seed}", "dim"))
    for warning in results.shallow:
        console.print(Text(f"shallow: {short(warning, 200)}", "yellow"))
    shown = [v for v in model.VERDICTS if v not in ("conforms", "not-exercised")]
    rows = [r for verdict in shown for r in results.by_verdict(verdict)]
    rows += [r for r in results.requirements if r.hollow]
    if rows:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for r in rows[:40]:
            words = r.why or r.title
            owner = f" (owner {r.deviation.owner}, until {r.deviation.expires})" if r.deviation else ""
            table.add_row(Text(r.verdict, _COLOURS[r.verdict]), Text(short(r.id, 40)), Text(short(words + owner, 240)))
        console.print()
        console.print(table)
        if len(rows) > 40:
            console.print(Text(f"and {len(rows) - 40} more", "dim"))
    missing = views.not_exercised(results)
    if missing:
        console.print()
        for need, members in missing[:8]:
            ids = ", ".join(short(r.id.removeprefix("ENI-DETACH-"), 20) for r in members[:12])
            more = f" and {len(members) - 12} more" if len(members) > 12 else ""
            console.print(Text(f"not exercised: {ids}{more}: {short(need, 160)}", "dim"))
    console.print()
    for label, words in last_lines(results, where):
        console.print(Text.assemble((f"{label:<8}", "bold"), words), soft_wrap=True)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def last_lines(results: model.Results, out_dir: Path) -> list[tuple[str, str]]:
    """The closing lines as (label, text): three for a violated run, one for any other."""
    page = out_dir / "index.html"
    violated = results.by_verdict("violated")
    if not violated:
        return [("Report", short(str(page), 400))]
    items, _ = ev.load_all(out_dir)
    found = [f for f in views.findings(results, items) if f.verdict == "violated"]
    if not found:
        first = violated[0]
        return [
            ("What", short(f"{first.id} {first.why or first.title}", 240)),
            ("Read", short(str(page), 400)),
        ]
    top = found[0]
    what = f"{top.requirement_id} {top.summary}"
    lines = [("What", short(what, 240)), ("Read", short(f"{page}#{top.anchor}", 400))]
    if top.evidence is not None:
        got = ""
        if top.evidence.expected and not ev.answer_was_admissible(top.evidence):
            answer = ev.answer(top.evidence)
            got = "; admissible" if answer in top.summary else f": answered {answer}, admissible"
            got += f": {ev.admissible(top.evidence.expected)}"
        lines[0] = ("What", short(what + got, 400))
        lines.append(
            (
                "Repeat",
                f"eni-conformance replay {shell_quote(str(out_dir / 'evidence' / top.file))} --target FILE",
            )
        )
    elif results.run.command:
        lines.append(("Repeat", short(results.run.command, 400)))
    return lines


def markdown(results: model.Results, out_dir: str | Path | None = None) -> str:
    """The same for a step summary in Markdown (GitHub's dialect)."""
    where = Path(out_dir) if out_dir is not None else Path("out") / results.run.id
    _, headline, reason = views.verdict(results)
    counts = results.counts()
    lines = [
        f"## {plain_markdown(headline)}",
        "",
        f"{plain_markdown(reason)} Target {_code(results.target.name or results.target.endpoint)}, "
        f"revision {plain_markdown(results.run.revision or '?')}, effort {plain_markdown(results.run.effort or '?')}, "
        f"seed {plain_markdown(str(results.run.seed))}.",
        "",
    ]
    if results.incomplete:
        lines += [f"> **Incomplete.** {plain_markdown(results.run.note or 'The run ended early.')}", ""]
    lines += [f"> **Shallow.** {plain_markdown(warning)}" for warning in results.shallow]
    lines += ["", "| " + " | ".join(counts) + " |", "|" + " ---: |" * len(counts)]
    lines += ["| " + " | ".join(str(n) for n in counts.values()) + " |", ""]
    rows = results.by_verdict("violated", "error", "inconclusive", "known-deviation")
    if rows:
        lines += ["| Verdict | Requirement | Reason |", "| --- | --- | --- |"]
        lines += [
            f"| {r.verdict} | {_code(r.id)} {plain_markdown(r.title)} | {plain_markdown(r.why)} |" for r in rows[:60]
        ]
        if len(rows) > 60:
            lines.append(f"| | and {len(rows) - 60} more | |")
        lines.append("")
    missing = views.not_exercised(results)
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
