"""Numbers, times and texts of the target in words."""

from __future__ import annotations

from typing import Any

import pytest
import report_samples
from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.results import Results
from eni_conformance.oracle.results import parse as results_parse
from eni_conformance.reports import html, words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain \u00e9\u5f39\U0001f600\n", "plain \u00e9\u5f39\U0001f600\n"),
        ("\u202e\u200b\x00", "\u27e8U+202E\u27e9\u27e8U+200B\u27e9\u27e8U+0000\u27e9"),
        ("\udcff\ufeff\x9b", "\u27e8U+DCFF\u27e9\u27e8U+FEFF\u27e9\u27e8U+009B\u27e9"),
    ],
)
def test_what_cannot_be_seen_is_spelt_out(text: str, shown: str) -> None:
    assert words.visible(text) == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.00084, "840 \u00b5s"), (0.0041, "4.1 ms"), (12.0, "12 s"), (200.0, "3 min 20 s"), (7260.0, "2 h 1 min")],
)
def test_durations(value: float, text: str) -> None:
    assert words.seconds(value) == text


def test_quantiles_are_values_that_were_measured() -> None:
    assert words.quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert words.quantile([1.0], 0.95) == 1.0


def _results(**changes: Any) -> Results:
    data = {"run": {"id": "x", "exit": 0, "seconds": 61.0}, "calls": {"DetachNetworkInterface": 125}}
    return results_parse({**data, **changes})


def _page(results: Results, items: list[tuple[str, Evidence]] | None = None) -> str:
    return report_samples.plain(html.render(results, items or []))


def test_a_bound_of_more_than_all_cases_says_nothing() -> None:
    """Two calls bound nothing: three in two cases is no share."""
    assert [words.percent(part) for part in (0.0068, 0.05, 0.6, 1.0, 1.5)] == ["0.68 %", "5 %", "60 %", "", ""]
    strength = {"bound": 1.5, "worlds": 1, "callers": 1, "wire_forms": 1}
    few = {"id": "ENI-DETACH-E05", "kind": "error", "verdict": "conforms", "judged": 2, "strength": strength}
    page = _page(_results(requirements=[few]))
    assert "too few calls to say" in page
    assert "e+0" not in page
