"""What people read of a run: the page, junit.xml, Allure results, terminal and step summaries, comparisons.

Everything here is a view of an output directory (`results.json` and `evidence/*.json`). No part of it talks
to a target, draws an example or decides a verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Written", "write_all"]


@dataclass(frozen=True)
class Written:
    """What `write_all` made, by name, and what it could not make, with why."""

    paths: dict[str, Path] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def write_all(out_dir: str | Path, history_file: str | Path | None = None) -> Written:
    """Writes every report into an output directory, for a finished run as for an interrupted one.

    One report that cannot be written does not keep the others from being written; it is listed in
    `problems`. `history_file`: the run is added to it, and the page draws the trend.
    """
    from eni_conformance.reports import allure, history, html, junit

    out_dir = Path(out_dir)
    written = Written()

    def attempt(name: str, make: Callable[[], Path]) -> None:
        try:
            written.paths[name] = make()
        except Exception as problem:
            written.problems[name] = f"{type(problem).__name__}: {problem}"

    if history_file is not None:
        attempt("history", lambda: history.append(out_dir, history_file))
    attempt("junit", lambda: junit.write(out_dir))
    attempt("html", lambda: html.write(out_dir))
    attempt("allure", lambda: allure.write(out_dir))
    return written
