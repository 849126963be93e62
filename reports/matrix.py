"""The kill matrix of a proof on one page: each known fault, which requirement's check caught it, and how fast.

Pure: from the figures of a proof to HTML. Everything shown is escaped; the page loads nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from eni_conformance.reports import html

BAD = ("survived", "alarmed", "unusable")


def render(figures: Mapping[str, Any], command: str) -> str:
    """The page. figures: as `eni-conformance prove` writes them; command: the one that repeats the proof."""
    rows = sorted(figures["results"], key=lambda r: (r["verdict"] not in BAD, r["kind"], r["group"], r["name"]))
    bad = [r for r in rows if r["verdict"] in BAD and not r["own"]]
    killed, faults = figures["killed"], figures["faults"]
    headline = f"{killed} of {faults} faults killed, {len(figures['alarmed'])} of {figures['variants']} variants blamed"
    if figures["equivalent"]:
        headline += f", {len(figures['equivalent'])} faults equivalent"
    kinds = [r["group"] for r in rows]
    caught: dict[str, dict[str, int]] = {}
    for row in rows:
        if row["kind"] == "fault" and row["verdict"] == "killed" and not row["own"]:
            for short in dict.fromkeys((row["requirement"], *row["also"])):
                caught.setdefault(short, {}).setdefault(row["group"], 0)
                caught[short][row["group"]] += 1
    return html.document(
        "matrix.html.j2",
        title=f"{headline} \u00b7 kill matrix",
        headline=headline,
        state="violated" if bad else "conforms",
        figures=figures,
        command=command,
        rows=rows,
        bad=bad,
        groups={group: kinds.count(group) for group in sorted(set(kinds))},
        fault_groups=sorted({r["group"] for r in rows if r["kind"] == "fault"}),
        caught=caught,
        titles=figures["titles"],
        good=("killed", "silent", "equivalent"),
        pretty=lambda value: json.dumps(value, indent=1, ensure_ascii=False),
    )
