"""What the run reached, as pictures: states, pairs and calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import report_samples
from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.results import Pairwise, Results, Transition
from eni_conformance.oracle.results import parse as results_parse
from eni_conformance.reports import files, html, reached


def test_heat_map_names_every_hole(runs: dict[str, Path]) -> None:
    results = files.load(runs["passing"])
    assert results.coverage
    heat = reached.heat(results.coverage.states)
    assert heat
    assert heat.possible == 75
    holes = {key for _, row in heat.rows for judged, _, _, key in row if not judged}
    assert holes == {key for key, _, _ in heat.notes}
    assert heat.reached + sum(len(names) for _, _, names in heat.notes) == heat.possible


def _results(**changes: Any) -> Results:
    data = {"run": {"id": "x", "exit": 0, "seconds": 61.0}, "calls": {"DetachNetworkInterface": 125}}
    return results_parse({**data, **changes})


def _page(results: Results, items: list[tuple[str, Evidence]] | None = None) -> str:
    return report_samples.plain(html.render(results, items or []))


def test_a_matrix_of_pairs_needs_all_of_them() -> None:
    whole = Pairwise(("a", "b"), 3, 4, (("a", 1, "b", 2),))
    assert reached.pair_matrix(whole) == (("a", (None, 1)), ("b", (1, None)))
    assert reached.pair_matrix(Pairwise(("a", "b"), 2, 4, (("a", 1, "b", 2),))) == ()
    page = _page(
        _results(coverage={"pairwise": {"dimensions": ["a", "b"], "covered": 2, "total": 9, "missing": [[*"a1b2"]]}})
    )
    assert "Of the 7 missing pairs 1 are recorded." in page


def test_calls_by_state_are_summed_over_callers() -> None:
    told = {
        "Running, InUse, this, account: accepted": 4,
        "Running, InUse, this, account: refused": 2,
        "Running, InUse, this, ram_denied: refused": 3,
        "of another form": 1,
    }
    rows = reached.tried([Transition(text, n) for text, n in told.items()])
    assert rows == (reached.Tried("Running / InUse / this", 4, 5, ("account", "ram_denied")),)
