"""Records and what the controller knows, put together for the reports."""

from __future__ import annotations

import pytest
from eni_conformance.conformance import results
from eni_conformance.conformance.results import MOST_SAMPLES
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.harness.account.book import Book, Owned
from eni_conformance.oracle.results import Duel, RequirementResult, Results, Run, Target, Violation
from eni_conformance.oracle.tally import Record

PAGE = CONTRACTS["2019"]
FAULTS = "E11 interface InUse or Detaching + E13 instance exists"


def compose(folder, *records, only="", incomplete=""):
    return results.compose(PAGE, folder, records, Target("t"), Run("r-1", only=only), {"B": 1, "A": 2}, incomplete)


def test_what_all_workers_counted_is_told_together(tmp_path):
    one = Record("a", detach_calls=30, successes=20, latency={"A": (0.1234567,)}, passing={"A": {"502": 1}})
    two = Record("b", detach_calls=12, successes=1, latency={"A": (0.5,) * MOST_SAMPLES}, passing={"A": {"502": 2}})
    made = compose(tmp_path, one, two)
    assert (made.judged_calls, made.successes, list(made.calls)) == (42, 21, ["A", "B"])
    assert made.latency["A"][:2] == (0.12346, 0.5) and len(made.latency["A"]) == MOST_SAMPLES
    assert [(p.operation, p.answer, p.n) for p in made.passing] == [("A", "502", 3)]
    assert len(made.requirements) == len(PAGE.requirements) and made.shallow == ()


def test_a_run_whose_calls_are_counted_tells_what_they_came_to(tmp_path):
    record = Record(judged={"E11": 4, "E13": 1, "S01": 9}, pairs=frozenset({(0, "Running", 1, "InUse")}))
    made = results.compose(PAGE, tmp_path, [record], Target("t"), Run("r-1", calls=300), {"A": 250, "B": 30})
    bought = made.bought
    assert (bought.calls, bought.spent, bought.judged, bought.rows, bought.pairs) == (300, 280, 2, 24, 1)
    assert bought.kills is None or 0 < bought.kills <= 1
    assert compose(tmp_path, record).bought is None


def test_a_choice_is_told_with_its_counts_and_two_examples_of_each(tmp_path):
    one = Record(observations={"choice": {"a": 2, "b": 1}}, examples={"choice=a": ("x", "y", "z"), "choice=b": ("w",)})
    (told,) = compose(tmp_path, one).observations
    assert (told.id, told.value, told.counts) == ("choice", "a (2), b (1)", {"a": 2, "b": 1})
    assert told.examples == ("a: x", "a: y", "b: w")


def test_which_of_two_faults_answers_is_told_by_full_ids(tmp_path):
    (duel,) = compose(tmp_path, Record(atlas={FAULTS: {"E13": 3, "Odd": 1}})).atlas
    assert duel == Duel(
        "ENI-DETACH-E11", "ENI-DETACH-E13", "ENI-DETACH-E13", False, 4,
        ("interface InUse or Detaching", "instance exists"), 0.75,
    )  # fmt: skip


def test_answers_name_what_a_call_breaks_by_full_ids(tmp_path):
    made = compose(tmp_path, Record(answers={"E11 E13 | Running | x": {"404": 2}, " | Running | y": {"accepted": 1}}))
    assert made.answers == {
        " | Running | y": {"accepted": 1},
        "ENI-DETACH-E11 ENI-DETACH-E13 | Running | x": {"404": 2},
    }


def test_a_request_id_that_two_workers_received_is_a_violation(tmp_path):
    for worker in "ab":
        (tmp_path / f"ids-{worker}.txt").write_text(f"R1 {worker}-1\n")
    made = compose(tmp_path)
    (row,) = made.by_verdict("violated")
    assert row.id == "ENI-DETACH-R07" and row.reason == "The endpoint sent the same RequestId in two answers."
    assert made.violations[0].detail == "RequestId R1 came in exchanges a-1 and b-1"
    assert [(entry.requirement, entry.evidence) for entry in made.violations] == [("R07", "")]


@pytest.mark.parametrize(
    ("record", "only", "said"),
    [
        (Record(), "", ("no call was judged",)),
        (Record(detach_calls=9, successes=1), "", ("only 1 of 9 calls were accepted: the effects of a success were",)),
        (Record(detach_calls=9, successes=1), "E11", ()),
        (Record(detach_calls=99, successes=50), "", ()),
        (
            Record(detach_calls=99, successes=50, notes=("a", "b")),
            "",
            ("the time of this effort was up: 2 parts were cut short",),
        ),
    ],
)
def test_a_run_that_may_mean_little_says_so(record, only, said, tmp_path):
    told = compose(tmp_path, record, only=only).shallow
    assert len(told) == len(said) and all(line.startswith(part) for line, part in zip(told, said, strict=True))


def test_what_was_had_for_how_long_and_what_is_left():
    owned = {
        "i-1": Owned("instance", "i-1", "RunInstances", "t", 100.0, "a", 1),
        "i-2": Owned("instance", "i-2", "RunInstances", "t", 150.0, "a", 2),
        "eni-1": Owned("eni", "eni-1", "CreateNetworkInterface", "t", 100.0, "b", 1),
    }
    book = Book("r", "w", 90.0, owned, (), {"i-1": 140.0, "eni-1": 160.0}, {})
    used = results.cost([book], {"world": 7, "instance": 9}, now=200.0)
    assert (used.instances, used.network_interfaces, used.instance_seconds, used.worlds) == (2, 1, 90.0, 7)
    leases = {lease.kind: lease for lease in used.leases}
    assert (leases["instance"].at_once, leases["instance"].served, leases["instance"].left) == (1, 9, ("i-2",))
    assert (leases["eni"].seconds, leases["eni"].left) == (60.0, ())


@pytest.mark.parametrize(
    ("verdict", "problems", "incomplete", "status"),
    [
        ("conforms", (), False, 0),
        ("known-deviation", (), False, 0),
        ("violated", (), True, 1),
        ("conforms", ("expired",), False, 1),
        ("conforms", (), True, 4),
        ("error", (), False, 4),
        ("error", ("expired",), False, 1),
    ],
)
def test_the_exit_status(verdict, problems, incomplete, status):
    row = RequirementResult("ENI-DETACH-E11", verdict=verdict, judged=1)
    made = Results(Run("r"), requirements=(row,), problems=problems, violations=(Violation(),))
    assert results.status_of(made, incomplete) == status


def test_a_run_that_has_judged_nothing_has_not_ended_well():
    made = Results(Run("r"), requirements=(RequirementResult("ENI-DETACH-E11", verdict="not-exercised", judged=0),))
    assert results.status_of(made, False) == 4


@pytest.mark.parametrize(("only", "status"), [("", 1), ("G01", 1), ("G05,G01", 1), ("G05", 0)])
def test_what_the_user_has_left_out_decides_nothing(only, status, tmp_path):
    bad = Violation("", 3, "G01", key="k", cause="c", summary="accepted")
    made = compose(tmp_path, Record(judged={"G01": 3, "G05": 4, "R01": 7}, violations=(bad,)), only=only)
    assert results.status_of(made, False) == status
    assert bool(made.violations) is bool(status)
    grey = {row.id for row in made.requirements if row.reason == f"narrowed by the user (-k {only})"}
    assert len(grey) == (len(PAGE.requirements) - len(only.split(",")) if only else 0)
    assert all(row.verdict == "not-exercised" and not row.judged for row in made.requirements if row.id in grey)
