"""One compact line per run, kept in a file that the reader's CI keeps.

The lines of the same target up to this run are copied beside results.json, so that the page can draw the
trend without knowing where the file is, and can be drawn again later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from eni_conformance.contract import codec
from eni_conformance.contract.codec import Count
from eni_conformance.oracle.results import Open, Results
from eni_conformance.reports import files

LOCAL = "history.jsonl"
KEPT = 60


@dataclass(frozen=True)
class Line(Open):
    """What is remembered of a run: when, what, counts per verdict, and what was violated. quiet: by entry of the
    deviations file, in how many runs in a row it was not needed."""

    counts: Mapping[str, Count]
    run: str = ""
    started: str | float = ""
    target: str = ""
    revision: str = ""
    effort: str = ""
    seconds: float = 0.0
    exit: int | None = None
    incomplete: bool = False
    judged: Count = 0
    violated: tuple[str, ...] = ()
    quiet: Mapping[str, Count] = field(default_factory=dict)


def line(results: Results) -> Line:
    """What is remembered of this run."""
    return Line(
        results.counts(),
        results.run.id,
        results.run.started,
        results.target.name,
        results.run.revision,
        results.run.effort,
        results.run.seconds,
        results.run.exit,
        results.incomplete,
        sum(r.judged for r in results.requirements),
        tuple(r.id for r in results.by_verdict("violated")),
        {one.entry: one.quiet for one in results.deviations},
    )


def append(out_dir: str | Path, file: str | Path) -> Path:
    """Adds the run in `out_dir` to `file`, once, and copies the recent lines of its target into `out_dir`."""
    out_dir, file = Path(out_dir), Path(file)
    new = line(files.load(out_dir))
    known = read(file)
    if new.run not in {entry.run for entry in known}:
        file.parent.mkdir(parents=True, exist_ok=True)
        broken = file.exists() and not file.read_bytes().endswith(b"\n") and file.stat().st_size > 0
        with file.open("a", encoding="utf-8") as out:
            out.write(("\n" if broken else "") + _text(new))
        known.append(new)
    same = [entry for entry in known if entry.target == new.target][-KEPT:]
    return files.write_text(out_dir / LOCAL, "".join(map(_text, same)))


def _text(entry: Line) -> str:
    return json.dumps(codec.plain(entry)) + "\n"


def read(file: str | Path) -> list[Line]:
    """The lines of a history file, oldest first. What is none, or was cut off, is passed over."""
    try:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    entries = []
    for raw in text.splitlines():
        try:
            entries.append(codec.build(Line, json.loads(raw), "history"))
        except ValueError:
            continue
    return entries
