"""What people read of a run: the page, a badge, junit.xml, Allure results, terminal and step summaries, comparisons.

Everything here is a view of an output directory (`results.json` and `evidence/*.json`). No part of it talks
to a target, draws an example or decides a verdict.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Written", "write_all"]


@dataclass(frozen=True)
class Written:
    """What `write_all` made, by name; what it could not make, with why; what it needs an extra for, with which."""

    paths: Mapping[str, Path]
    problems: Mapping[str, str]
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def told(self) -> tuple[str, ...]:
        """What could not be made, a line for each reason: a full disk is one."""
        names: dict[str, list[str]] = {}
        for name, problem in {**self.problems, **self.missing}.items():
            names.setdefault(problem, []).append(name)
        return tuple(f"{', '.join(some)} could not be written: {problem}" for problem, some in names.items())


def write_all(out_dir: str | Path, history_file: str | Path | None = None) -> Written:
    """Writes every report into an output directory, for a finished run as for an interrupted one.

    One report that cannot be written does not keep the others from being written; it is listed in
    `problems`. `history_file`: the run is added to it, and the page draws the trend.
    """
    from eni_conformance.reports import badge, history, html, junit

    out_dir = Path(out_dir)
    makers: dict[str, Callable[[], Path]] = {}
    if history_file is not None:
        makers["history"] = lambda: history.append(out_dir, history_file)
    makers |= {
        "junit": lambda: junit.write(out_dir),
        "badge": lambda: badge.write(out_dir),
        "html": lambda: html.write(out_dir),
        "allure": lambda: _allure(out_dir),
    }
    paths: dict[str, Path] = {}
    problems: dict[str, str] = {}
    missing: dict[str, str] = {}
    for name, make in makers.items():
        try:
            paths[name] = make()
        except ExtraMissing as problem:
            missing[name] = str(problem)
        except OSError as problem:
            problems[name] = problem.strerror or str(problem)
        except Exception as problem:
            problems[name] = f"{type(problem).__name__}: {problem}"
    return Written(paths, problems, missing)


class ExtraMissing(Exception):
    """What a report is made with is not installed; the text says how to install it."""


def _allure(out_dir: Path) -> Path:
    if importlib.util.find_spec("allure_commons") is None:
        raise ExtraMissing("pip install 'eni-conformance[allure]' makes it")
    from eni_conformance.reports import allure

    return allure.write(out_dir)
