"""May this be released: three outcomes, and a run of less than everything says so in its first words."""

from __future__ import annotations

from typing import Any

import pytest
from eni_conformance.oracle.results import Results, parse
from eni_conformance.reports import headline

ROWS = {
    "conforms": {"verdict": "conforms", "judged": 20},
    "violated": {"verdict": "violated", "judged": 20},
    "inconclusive": {"verdict": "inconclusive", "reason": "too fast"},
    "not-exercised": {"verdict": "not-exercised", "reason": "no caller"},
    "error": {"verdict": "error", "reason": "a bug"},
    "known-deviation": {"verdict": "known-deviation", "reason": "known", "judged": 3},
    "hollow": {"verdict": "conforms", "judged": 0},
}


def run_of(*verdicts: str, run: dict[str, Any] | None = None, **more: Any) -> Results:
    """A run with one requirement of each verdict."""
    rows = [{"id": f"ENI-DETACH-X{n:02}", **ROWS[name]} for n, name in enumerate(verdicts)]
    return parse({"run": {"id": "x", "exit": 0, **(run or {})}, "requirements": rows, **more})


@pytest.mark.parametrize(
    ("verdicts", "state", "words"),
    [
        (("conforms", "conforms"), "conforms", "Fit for release: 2 of 2 requirements conform"),
        (
            ("conforms", "known-deviation"),
            "conforms",
            "Fit for release: 1 of 2 requirements conform, the others are accepted deviations",
        ),
        (("conforms", "inconclusive"), "inconclusive", "Nothing violated, but 1 of 2 requirements undecided"),
        (("conforms", "hollow"), "inconclusive", "Nothing violated, but 1 of 2 requirements undecided"),
        (
            ("conforms", "not-exercised", "inconclusive"),
            "inconclusive",
            "Nothing violated, but 2 of 3 requirements undecided",
        ),
        (("violated", "conforms", "error"), "violated", "Not fit for release: 1 of 3 requirements violated"),
        (("conforms", "error"), "error", "The suite itself failed at 1 of 2 requirements; nothing is violated"),
        (("not-exercised",), "inconclusive", "Nothing was judged"),
    ],
)
def test_the_outcome(verdicts, state, words):
    made = headline.of(run_of(*verdicts))
    assert (made.state, made.words, made.narrowed) == (state, words, ())
    assert made.reason and not set(words.split(": ")[-1].split(", ")) & set(made.reason.rstrip(".").split(", "))


def test_what_a_conforming_run_rests_on_is_said_beside_it():
    """How many conform stands in the first words, and nowhere else on that line."""
    assert headline.of(run_of("conforms", judged_calls=1200)).reason == "Everything was decided, by 1200 judged calls."
    assert headline.of(run_of("conforms")).reason == "Everything was decided."
    cut = run_of("conforms", shallow=("the time of this effort was up: 2 parts were cut short (a, ...)",))
    assert headline.of(cut).reason == "Everything was decided, though 2 parts were cut short."


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ({"only": "E12", "part": True}, "Only E12: fit for release: 1 of 1 requirements conform"),
        ({"shard": "2/3", "part": True}, "Shard 2/3: fit for release: 1 of 1 requirements conform"),
        ({"calls": 1000}, "At most 1000 calls: fit for release: 1 of 1 requirements conform"),
        ({"part": True}, "A part of a run: fit for release: 1 of 1 requirements conform"),
        ({"exit": 4}, "Ended early: nothing violated so far"),
        ({"exit": None, "only": "E12"}, "Only E12; ended early: nothing violated so far"),
    ],
)
def test_less_than_a_whole_run_says_so_first(run, words):
    assert headline.of(run_of("conforms", run=run)).words == words


def test_a_target_that_could_not_be_used_is_said_with_the_reason():
    made = headline.of(run_of("not-exercised", run={"exit": 3, "incomplete": True, "note": "connection refused"}))
    assert made.words == "The target could not be used: nothing was judged"
    assert made.reason.startswith("Reason: connection refused. ") and made.narrowed == ()


def test_deviations_that_are_out_of_date_come_before_what_conforms():
    made = headline.of(run_of("conforms", problems=["E12 has expired"]))
    assert (made.state, made.words) == ("violated", "Not fit for release: the deviations file is out of date")


def test_what_was_combined_is_told_where_somebody_counted():
    assert headline.reached(run_of("conforms")) == ()
    told = {"pairwise": {"covered": 3, "total": 7}, "successions": {"met": 5, "of": 196}}
    pairs, operations = headline.reached(run_of("conforms", coverage=told))
    assert (pairs.met, pairs.of) == (3, 7)
    assert (operations.words, operations.met, operations.of) == ("steps of a history right after each other", 5, 196)
