"""What runs of so many calls come to, folded from their results."""

from __future__ import annotations

import json
from pathlib import Path

from eni_conformance.conformance import curve
from eni_conformance.reports.proven import Result


def result(name: str, allowed: int, verdict: str, test: str = "test_a") -> Result:
    return Result("fault", name, "status", "always", "", verdict, 1, allowed=allowed, test=test)


RESULTS = (
    result("plain", 300, "killed"),
    result("hidden", 300, "survived"),
    result("deep", 300, "survived"),
    result("hidden", 1000, "killed", "test_b"),
    result("deep", 1000, "survived"),
)


def test_what_a_smaller_run_kills_a_larger_one_kills_too() -> None:
    small, large = curve.curve(RESULTS, (1000, 300))
    assert (small.killed, small.faults, small.survivors) == (1, 3, ("deep", "hidden"))
    assert (large.killed, large.share, large.survivors) == (2, 0.6667, ("deep",))


def test_a_budget_is_worth_what_the_largest_measured_size_below_it_is(tmp_path: Path) -> None:
    curve.write(tmp_path, curve.curve(RESULTS, (300, 1000)), RESULTS, seed=1)
    table = tmp_path / "curve.json"
    assert [curve.killed_by(calls, table) for calls in (299, 300, 999, 5000)] == [None, 0.3333, 0.3333, 0.6667]
    assert curve.killed_by(300, tmp_path / "none.json") is None


def test_the_yield_of_a_test_is_what_it_was_the_first_to_see(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "hidden-1000-calls-1" / "latest"
    run.mkdir(parents=True)
    (run / "record-gw0.json").write_text(json.dumps({"worker": "gw0", "spent": {"test_b": 70, "test_a": 200}}))
    curve.write(tmp_path, curve.curve(RESULTS, (300, 1000)), RESULTS, seed=1)
    tests = json.loads((tmp_path / "yield.json").read_text())["tests"]
    assert tests == {"test_a": {"first": 1, "calls": 200}, "test_b": {"first": 1, "calls": 70}}


def test_the_table_in_markdown_names_the_survivors() -> None:
    told = curve.told(curve.curve(RESULTS, (300, 1000)))
    assert "| 300 | 33.3 % (1 of 3) |" in told and "survivors of 1000: deep" in told
