"""The kill matrix of a proof on one page: each known fault, which requirement's check caught it, and how fast.

Pure: from the figures of a proof to HTML. Everything shown is escaped; the page loads nothing.
"""

from __future__ import annotations

import json
from collections import Counter

from eni_conformance.contract.detach import CONTRACTS, full_id
from eni_conformance.reports import html
from eni_conformance.reports.proven import Figures

BAD = ("survived", "alarmed", "unusable")


def render(figures: Figures, command: str) -> str:
    """The page. command: the one that repeats the proof."""
    rows = sorted(figures.results, key=lambda r: (r.verdict not in BAD, r.kind, r.group, r.name))
    bad = [r for r in rows if r.verdict in BAD and not r.own]
    headline = f"{figures.killed} of {figures.faults} faults killed, "
    headline += f"{len(figures.alarmed)} of {figures.variants} variants blamed"
    if figures.equivalent:
        headline += f", {len(figures.equivalent)} faults equivalent"
    caught: dict[str, Counter[str]] = {}
    for row in rows:
        if row.kind == "fault" and row.verdict == "killed" and not row.own:
            for short in {row.requirement, *row.also}:
                caught.setdefault(short, Counter())[row.group] += 1
    return html.document(
        "matrix.html.j2",
        title=f"{headline} \u00b7 kill matrix",
        headline=headline,
        state="violated" if bad else "conforms",
        figures=figures,
        command=command,
        rows=rows,
        bad=bad,
        groups=dict(sorted(Counter(row.group for row in rows).items())),
        fault_groups=sorted({row.group for row in rows if row.kind == "fault"}),
        caught=caught,
        titles={short: (full_id(short), row.title) for short, row in CONTRACTS["2019"].requirements.items()},
        good=("killed", "silent", "equivalent"),
        pretty=lambda value: json.dumps(value, indent=1, ensure_ascii=False),
    )
