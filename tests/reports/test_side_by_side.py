"""Runs side by side: what differs comes first, each cell leads into the report of its run."""

from __future__ import annotations

from pathlib import Path

import pytest
from eni_conformance.reports import compare, files, side_by_side
from eni_conformance.reports.side_by_side import ABSENT, LEFT_OUT, table
from test_headline import run_of

RUNS = [
    ("a", run_of("conforms", "conforms", "violated")),
    ("b", run_of("conforms", "violated", "violated")),
    ("c", run_of("conforms", "hollow")),
]


def test_what_differs_comes_first_and_what_is_absent_is_said_to_be() -> None:
    made = table(RUNS)
    assert [(row.id, row.verdicts) for row in made.rows] == [
        ("ENI-DETACH-X01", ("conforms", "violated", "not-exercised")),
        ("ENI-DETACH-X02", ("violated", "violated", ABSENT)),
        ("ENI-DETACH-X00", ("conforms", "conforms", "conforms")),
    ]
    assert [row.differs for row in made.rows] == [True, True, False]


def test_the_terminal_shows_each_outcome_and_the_rows_that_differ() -> None:
    told = side_by_side.text(table(RUNS))
    assert "A  x  x: Not fit for release: 1 of 3 requirements violated" in told
    assert "2 of 3 requirements differ" in told and "ENI-DETACH-X00" not in told
    assert "every" not in told and "0 of 1" in side_by_side.text(table([("a", run_of("conforms"))]))


def test_a_cell_leads_into_the_report_of_its_run(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "table.html"
    paths = [str(runs[name]) for name in ("passing", "violated", "passing")]
    assert compare.main([*paths, "--out", str(out)]) == 1
    assert "3 runs side by side" in out.read_text()
    made = table([(path, files.load(path)) for path in paths], out)
    for column in made.columns:
        assert (out.parent / column.page).is_file()
        assert f'href="{column.page}#ENI-DETACH-E12"' in out.read_text()
    assert "B  embedded" in capsys.readouterr().out


def test_what_a_run_was_not_asked_for_is_no_difference() -> None:
    narrowed = run_of("not-exercised", "violated", run={"only": "X01", "part": True})
    made = table([("a", run_of("conforms", "conforms")), ("b", narrowed)])
    assert [(row.id, row.verdicts, row.differs) for row in made.rows] == [
        ("ENI-DETACH-X01", ("conforms", "violated"), True),
        ("ENI-DETACH-X00", ("conforms", LEFT_OUT), False),
    ]
    assert "1 of 2 requirements differ" in side_by_side.text(made) and "left out" in side_by_side.page(made)
