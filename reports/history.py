"""One compact line per run, kept in a file that the reader's CI keeps.

The lines of the same target up to this run are copied beside results.json, so that the page can draw the
trend without knowing where the file is, and can be drawn again later.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eni_conformance.oracle.results import Results
from eni_conformance.reports import files

LOCAL = "history.jsonl"
KEPT = 60


def line(results: Results) -> dict[str, Any]:
    """What is remembered of a run: when, what, counts per verdict, and what was violated."""
    return {
        "run": results.run.id,
        "started": results.run.started,
        "target": results.target.name,
        "revision": results.run.revision,
        "effort": results.run.effort,
        "seconds": results.run.seconds,
        "exit": results.run.exit,
        "incomplete": results.incomplete,
        "counts": results.counts(),
        "judged": sum(r.judged for r in results.requirements),
        "violated": [r.id for r in results.by_verdict("violated")],
    }


def append(out_dir: str | Path, file: str | Path) -> Path:
    """Adds the run in `out_dir` to `file`, once, and copies the recent lines of its target into `out_dir`."""
    out_dir, file = Path(out_dir), Path(file)
    new = line(files.load(out_dir))
    known = read(file)
    if new["run"] not in {entry.get("run") for entry in known}:
        file.parent.mkdir(parents=True, exist_ok=True)
        broken = file.exists() and not file.read_bytes().endswith(b"\n") and file.stat().st_size > 0
        with file.open("a", encoding="utf-8") as out:
            out.write(("\n" if broken else "") + json.dumps(new) + "\n")
        known.append(new)
    same = [entry for entry in known if entry.get("target") == new["target"]][-KEPT:]
    return files.write_text(out_dir / LOCAL, "".join(json.dumps(entry) + "\n" for entry in same))


def read(file: str | Path) -> list[dict[str, Any]]:
    """The lines of a history file, oldest first. A line that was cut off is passed over."""
    try:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    entries = []
    for raw in text.splitlines():
        try:
            entry = json.loads(raw)
        except ValueError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("counts"), dict):
            entries.append(entry)
    return entries
