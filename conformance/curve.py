"""How much runs of so many calls find: the share of the built-in faults that each size kills, and where it was seen.

`prove --calls` makes the runs; this file folds their results. `curve.json` is what a report says of a budget, and
`yield.json` what `spend` orders its tests by; both lie beside this file and are copied from a proof
(`make curve-table`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eni_conformance.conformance.spend import Yield, Yields
from eni_conformance.contract import codec
from eni_conformance.oracle.tally import read_all, summed

if TYPE_CHECKING:  # a run needs the table alone, and not what makes the pages of a proof
    from eni_conformance.reports.proven import Result

TABLE = Path(__file__).with_name("curve.json")


@dataclass(frozen=True)
class Size:
    """What runs of at most so many calls come to: faults killed, of how many, and those that survived."""

    calls: int
    killed: int
    faults: int
    survivors: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Of the faults, the part that was killed; 0 where there was none."""
        return round(self.killed / self.faults, 4) if self.faults else 0.0


@dataclass(frozen=True)
class Curve:
    """The content of `curve.json`."""

    seed: int
    sizes: tuple[Size, ...]


def curve(results: Sequence[Result], sizes: Sequence[int]) -> tuple[Size, ...]:
    """One Size for each number of calls. A fault that a smaller run has killed was not tried by larger ones."""
    killed: set[str] = set()
    every = {one.name for one in results}
    made = []
    for size in sorted(sizes):
        killed |= {one.name for one in results if one.allowed == size and one.verdict == "killed"}
        made.append(Size(size, len(killed), len(every), tuple(sorted(every - killed))))
    return tuple(made)


def first_seen(results: Sequence[Result]) -> Counter[str]:
    """By test, how many faults it was the first to see."""
    return Counter(one.test for one in results if one.verdict == "killed" and one.test)


def told(made: Sequence[Size]) -> str:
    """The curve as a table of Markdown, and who survives the largest size."""
    lines = ["| calls | built-in faults killed |", "|---|---|"]
    lines += [f"| {one.calls} | {100 * one.share:.1f} % ({one.killed} of {one.faults}) |" for one in made]
    survivors = ", ".join(made[-1].survivors) if made else ""
    return "\n".join([*lines, "", f"survivors of {made[-1].calls}: {survivors or 'none'}"])


def killed_by(calls: int, table: Path = TABLE) -> float | None:
    """The share of the built-in faults that a run of so many calls kills: that of the largest measured size which is
    no larger. None where nothing that small was measured."""
    try:
        sizes = codec.build(Curve, json.loads(table.read_text("utf-8")), table.name).sizes
    except (OSError, ValueError):
        return None
    return max((one.share for one in sizes if one.calls <= calls), default=None)


def write(folder: Path, made: Sequence[Size], results: Sequence[Result], seed: int) -> None:
    """Write curve.json and yield.json. What tests cost is taken from the runs that went on longest."""
    (folder / "curve.json").write_text(json.dumps(codec.plain(Curve(seed, tuple(made))), indent=1) + "\n")
    first = first_seen(results)
    spent: Counter[str] = Counter()
    for run in (folder / "runs").glob("*-calls-*/latest"):
        for name, calls in summed(read_all(run)).spent.items():
            spent[name] = max(spent[name], calls)
    tests = {name: Yield(first[name], spent[name]) for name in sorted({*first, *spent}) if spent[name]}
    (folder / "yield.json").write_text(json.dumps(codec.plain(Yields(tests)), indent=1) + "\n")
