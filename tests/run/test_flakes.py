"""Comparing the verdicts of many runs: what counts as a difference, and what a variant is excused."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from bench.flakes import PLAIN, Difference, Result, Run, compare, excused, kept, schedule, told

ROOT = Path(__file__).parents[2]
NAMES = tuple(f"variant-{n}" for n in range(37))


def ended(seed: int, subject: str = PLAIN, noise: tuple[str, ...] = (), **verdicts: str) -> Result:
    """A run with these verdicts."""
    reasons = {name: "a reason" for name, verdict in verdicts.items() if verdict != "conforms"}
    return Result(Run(seed, 1, False, subject), 0, 1.0, f"out/{seed}", verdicts, reasons, noise)


def test_equal_verdicts_are_no_difference() -> None:
    rows = [ended(n, E01="conforms", E02="not-exercised") for n in range(5)]
    assert compare(rows) == []
    assert told(rows, []).startswith("identical verdicts: 5 runs, 1 kinds of emulator")


def test_a_difference_names_the_requirement_the_verdicts_and_the_runs() -> None:
    rows = [ended(1, E01="conforms"), ended(2, E01="conforms"), ended(3, E01="inconclusive")]
    (found,) = compare(rows)
    assert found == Difference("E01 (plain)", {"conforms": ("out/1", "out/2"), "inconclusive": ("out/3  a reason",)})
    text = told(rows, [found])
    assert "DIFFERENT E01 (plain)" in text
    assert "    inconclusive: out/3  a reason" in text
    assert "1 differences" in text


@pytest.mark.parametrize("verdict", ["violated", "error", "known-deviation"])
def test_a_variant_that_is_blamed_differs_from_the_plain_emulator(verdict: str) -> None:
    (found,) = compare([ended(1, E01="conforms"), ended(2, "slow", E01=verdict), ended(3, "slow", E01=verdict)])
    assert found.what == "E01"
    assert found.seen == {"conforms": ("out/1",), verdict: ("out/2", "out/3")}


@pytest.mark.parametrize("verdict", ["not-exercised", "inconclusive"])
def test_what_a_variant_cannot_offer_is_compared_within_the_variant_only(verdict: str) -> None:
    rows = [ended(1, E24="conforms"), ended(2, "lax", E24=verdict), ended(3, "lax", E24=verdict)]
    assert compare(rows) == []
    assert excused(rows) == {f"E24 {verdict}": ["lax"]}
    assert f"E24 {verdict}: by design of lax" in told(rows, [])
    (found,) = compare([*rows, ended(4, "lax", E24="conforms")])
    assert found.what == "E24 (lax)"


def test_the_plain_emulator_is_excused_nothing() -> None:
    """What a variant shows, the plain emulator must show."""
    (found,) = compare([ended(1, P06="not-exercised"), ended(2, "slow", P06="conforms")])
    assert found.what == "P06"


def test_two_variants_are_compared_even_without_a_plain_run() -> None:
    (found,) = compare([ended(1, "slow", E01="conforms"), ended(2, "instant", E01="violated")])
    assert found.seen == {"conforms": ("out/1",), "violated": ("out/2",)}


def test_a_requirement_that_a_run_does_not_know_is_a_difference() -> None:
    (found,) = compare([ended(1, E01="conforms", E02="conforms"), ended(2, E01="conforms")])
    assert set(found.seen) == {"conforms", "absent"}


def test_a_run_without_results_is_a_difference() -> None:
    (found,) = compare([ended(1, E01="conforms"), Result(Run(2, 1, False, PLAIN), 3, 1.0, "out/2", {}, {})])
    assert "no results" in found.what
    assert found.seen == {"exit 3": ("out/2",)}


def test_words_that_no_user_should_read_are_a_difference() -> None:
    (found,) = compare([ended(1, E01="conforms"), ended(2, noise=("Flaky",), E01="conforms")])
    assert found.seen == {"Flaky": ("out/2",)}


@pytest.mark.parametrize("runs", [2, 3, 4, 29, 30, 31, 60, 200])
def test_a_series_has_every_kind_of_run(runs: int) -> None:
    made = schedule(runs, NAMES)
    assert len(made) == runs
    assert len({run.seed for run in made}) == runs
    assert {run.workers for run in made} == {1, 2}
    assert any(run.busy for run in made)
    assert sum(run.subject == PLAIN for run in made) >= max(1, runs // 4)
    for name in {run.subject for run in made} - {PLAIN}:
        pair = [run for run in made if run.subject == name]
        assert len(pair) == 2, "a variant is compared with itself"
        assert {run.workers for run in pair} == {1, 2}
        assert {run.busy for run in pair} == {True, False}
    assert schedule(runs, NAMES) == made


def test_one_kind_of_emulator_alone() -> None:
    assert {run.subject for run in schedule(5, NAMES, "variant-3")} == {"variant-3"}
    assert {(run.workers, run.busy) for run in schedule(4, NAMES, PLAIN)} == {
        (1, False), (2, True), (1, True), (2, False),
    }  # fmt: skip


def test_an_interrupted_series_goes_on(tmp_path: Path) -> None:
    """What has been written counts; a half line does not."""
    journal = tmp_path / "runs.jsonl"
    whole = ended(1, noise=("Flaky",), E01="conforms")
    journal.write_text(json.dumps(asdict(whole)) + "\n" + json.dumps(asdict(ended(2)))[:40])
    assert kept(journal) == {whole.run: whole}
    assert kept(tmp_path / "nothing.jsonl") == {}


@pytest.mark.parametrize("wrong", [["--runs", "1"], ["--only", "nobody"], ["--runs", "x"]])
def test_wrong_usage_ends_with_2(wrong: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "bench/flakes.py", *wrong, "--out", str(tmp_path / "out")],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_verdicts_of_a_kept_series_are_compared(tmp_path: Path) -> None:
    """The command itself: everything has been done before, and one verdict differs."""
    made = schedule(3, [], PLAIN)
    rows = [Result(run, 0, 1.0, f"out/{run.seed}", {"E01": "conforms"}, {}) for run in made]
    command = [sys.executable, "bench/flakes.py", "--runs", "3", "--only", PLAIN, "--out", str(tmp_path)]
    journal = tmp_path / "runs.jsonl"
    journal.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows))
    same = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (same.returncode, "identical verdicts: 3 runs" in same.stdout) == (0, True), same.stdout + same.stderr
    rows[2] = Result(made[2], 1, 1.0, "out/3", {"E01": "violated"}, {"E01": "it was"})
    journal.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows))
    other = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (other.returncode, "DIFFERENT E01 (plain)" in other.stdout) == (1, True), other.stdout + other.stderr
