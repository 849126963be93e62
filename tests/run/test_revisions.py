"""Two editions of the page: each emulator is judged by each, and every difference is one that the pages explain."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from eni_conformance.contract.detach import CONTRACTS, ERRORS_2024, full_id, short_id

SEEN = {"X01", "X08", "X11", "X12"}
"""Rows of the later page that the embedded emulator shows in any run."""
EVERY = {row.kind for row in CONTRACTS["2024"].requirements.values()}


def run(suite: Callable[..., Any], target: Any, revision: str, *more: str) -> Any:
    ended = suite(
        "run", "--target", str(target), "--revision", revision, "--effort", "quick", "--seed", "3", "-n", "2", *more
    )
    assert "Traceback" not in ended.out + ended.err
    return ended


@pytest.mark.parametrize("kinds", [{"error"}, pytest.param(EVERY, marks=pytest.mark.night)], ids=["errors", "whole"])
def test_the_later_page_on_an_emulator_that_follows_it(
    kinds: set[str], start_emulator: Callable[..., Any], suite: Callable[..., Any]
) -> None:
    """Everything conforms, or is a row that says what it would take; the report says by what page it judged."""
    asked = [short for short, row in CONTRACTS["2024"].requirements.items() if row.kind in kinds]
    with start_emulator("--revision", "2024") as target:
        ended = run(suite, target, "2024", *(() if kinds == EVERY else ("-k", ",".join(asked))))
    assert ended.status == 0, ended.out + ended.err
    told = {short_id(r["id"]): r for r in ended.results["requirements"]}
    others = {short: told[short] for short in asked if told[short]["verdict"] != "conforms"}
    assert set(others) == {row.id for row in ERRORS_2024} - SEEN
    for row in ERRORS_2024:
        if row.id in others:
            assert (others[row.id]["verdict"], others[row.id]["reason"]) == ("not-exercised", row.beyond)
    assert set(told) == set(CONTRACTS["2024"].requirements)
    assert ended.results["run"]["revision"] == "2024"
    assert "revision 2024" in ended.out
    assert "revision 2024 of the page" in (ended.folder / "latest" / "index.html").read_text()
    assert json.loads((ended.folder / "latest" / "results.json").read_text())["run"]["command"].count("--revision 2024")


@pytest.mark.parametrize(
    ("variant", "only", "verdicts"),
    [
        ("second-spelling", "E13,X02", {"X02": "conforms", "E13": "inconclusive"}),
        ("eni-not-belong-ecs-403", "E13,X01,X02", {"X01": "conforms", "X02": "not-exercised", "E13": "conforms"}),
        (
            "trunk-ignored",
            "P09,X08,X11,X12",
            {"P09": "conforms", "X08": "not-exercised", "X11": "not-exercised", "X12": "not-exercised"},
        ),
    ],
)
def test_what_the_later_page_leaves_open_is_not_blamed(
    variant: str, only: str, verdicts: dict[str, str], start_emulator: Callable[..., Any], suite: Callable[..., Any]
) -> None:
    """Both spellings of an unknown instance, both statuses of EniNotBelongEcs, a parameter that is ignored."""
    with start_emulator("--revision", "2024", "--variant", variant) as target:
        ended = run(suite, target, "2024", "-k", only)
    assert ended.status == 0, ended.out + ended.err
    assert {short: ended.verdict(full_id(short)) for short in verdicts} == verdicts


BY_THE_PAGE = {"status-second-spelling"}
"""Faults that answer as sibling pages do: violations where the page alone counts."""
BLAMED = {
    "status-eni-not-belong-ecs": {"X01"},
    "code-eni-not-belong-ecs": {"X01", "E11"},
    "status-second-spelling": {"X02"},
    "status-trunk-type": {"X12"},
    "status-trunk-state": {"X08"},
    "code-not-on-trunk": {"P09"},
    "trunk-crashes": {"B01"},
    "trunk-refusal-detaches": {"F01"},
    "hot-plug-refused-every-seventh": {"S04"},
    "hot-plug-refused-of-stopped": {"S05"},
}


@pytest.mark.parametrize("fault", list(BLAMED))
def test_a_fault_in_what_the_later_page_adds_is_caught(
    fault: str, start_emulator: Callable[..., Any], suite: Callable[..., Any]
) -> None:
    tried = "P09" if "trunk" in fault else "S07"
    only = ("-k", ",".join({tried: 1} | dict.fromkeys(BLAMED[fault])))
    strict = ("--strict",) if fault in BY_THE_PAGE else ()
    with start_emulator("--revision", "2024", "--fault", fault) as target:
        if strict:
            lenient = run(suite, target, "2024", *only)
            assert lenient.status == 0, lenient.out + lenient.err
        ended = run(suite, target, "2024", "--first-violation", *only, *strict)
    assert ended.status == 1, ended.out + ended.err
    assert {short_id(one) for one in ended.violated} & BLAMED[fault], ended.violated


@pytest.mark.parametrize("only", [("-k", "E11,R08"), pytest.param((), marks=pytest.mark.night)], ids=["rows", "whole"])
def test_the_earlier_page_on_an_emulator_that_follows_the_later(
    only: tuple[str, ...], start_emulator: Callable[..., Any], suite: Callable[..., Any]
) -> None:
    """The code for an interface on another instance, and nothing else, is new there. Real services answer it, so it is
    admissible by the common table, and told; where the page alone counts it is a violation."""
    code = "400 InvalidParameter.EniNotBelongEcs"
    with start_emulator("--revision", "2024") as target:
        ended = run(suite, target, "2019", "-k", "E11")
        (row,) = [r for r in ended.results["requirements"] if short_id(r["id"]) == "E11"]
        strict = run(suite, target, "2019", "--strict", *only)
    assert ended.status == 0, ended.out + ended.err
    assert row["verdict"] == "conforms"
    assert [one["answer"] for one in row["by_common"]] == [code]
    assert strict.status == 1
    assert {short_id(one) for one in strict.violated} >= {"E11", "R08"}
    for violation in strict.results["violations"]:
        assert violation["cause"].startswith(f"code:{code}:")
    assert (strict.results["run"]["revision"], strict.results["run"]["strict"]) == ("2019", True)
    assert "--strict" in strict.results["run"]["command"]


@pytest.mark.parametrize("only", ["P09", pytest.param("", marks=pytest.mark.night)])
def test_the_later_page_on_an_emulator_that_follows_the_earlier(
    only: str, start_emulator: Callable[..., Any], suite: Callable[..., Any]
) -> None:
    """The later page takes nothing away: it is content, and has seen none of its own rows."""
    with start_emulator() as target:
        ended = run(suite, target, "2024", "-k", only)
    assert ended.status == 0, ended.out + ended.err
    assert {ended.verdict(full_id(row.id)) for row in ERRORS_2024} == {"not-exercised"}
    assert ended.verdict(full_id("P09")) == "conforms"
