"""Who may send how many calls: the parts add up to no more than the whole, whatever becomes of a worker."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from eni_conformance.conformance import budget
from eni_conformance.harness.account.book import Book, Owned
from eni_conformance.harness.wire.client import Allowance, CallsSpent
from hypothesis import given
from hypothesis import strategies as st


def spend(allowance: Allowance, calls: int) -> int:
    """Send so many, or as many as may be; how many were sent."""
    for sent in range(calls):
        try:
            allowance.take()
        except CallsSpent:
            return sent
    return calls


@given(
    st.integers(budget.LEAST, 5000),
    st.integers(0, 200),
    st.lists(st.tuples(st.integers(0, 3000), st.booleans()), min_size=1, max_size=4),
)
def test_the_parts_add_up(
    tmp_path_factory: pytest.TempPathFactory, calls: int, set_up: int, workers: list[tuple[int, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("run")
    controller = budget.for_set_up(calls, loopback=False)
    assert controller is not None
    sent = spend(controller, set_up)
    shared = budget.to_share(controller)
    for n, (wanted, killed) in enumerate(workers):
        worker = budget.for_worker(shared, len(workers), folder, f"gw{n}")
        assert worker is not None
        sent += spend(worker, wanted)
        if not killed:
            budget.hand_back(folder, f"gw{n}", worker)
    budget.for_clean_up(controller, folder)
    assert controller.left >= budget.CLEAN_UP
    sent += spend(controller, 10 * calls)
    assert sent <= calls
    if not any(killed for _, killed in workers):
        assert sent >= calls - len(workers)


def test_a_part_of_nothing_is_nothing(tmp_path: Path) -> None:
    nothing = budget.for_worker(0, 2, tmp_path, "gw0")
    assert nothing is not None and spend(nothing, 1) == 0


def test_without_a_budget_nothing_is_counted(tmp_path: Path) -> None:
    assert budget.for_set_up(0, loopback=True) is None
    assert budget.to_share(None) is None
    assert budget.for_worker(None, 2, tmp_path, "gw0") is None


def test_more_is_kept_where_transitions_take_long_and_more_is_owned() -> None:
    def owned(n: int) -> Book:
        made = {f"eni-{k}": Owned("eni", f"eni-{k}", "CreateNetworkInterface", "t", 0.0, "gw0", k) for k in range(n)}
        return Book("run", "", 0.0, made, (), {"eni-0": 1.0}, {})

    few, many = owned(2), owned(9)
    at_once = budget.kept_for(few, "gw0", transition=0.05, nearby=True)
    assert at_once == budget.AHEAD + budget.OF_EACH
    assert budget.kept_for(many, "gw0", transition=0.05, nearby=True) > at_once
    assert budget.kept_for(few, "gw0", transition=5.0, nearby=True) >= at_once + 30
    assert budget.kept_for(many, "gw1", transition=0.05, nearby=True) == budget.AHEAD


def test_what_a_killed_worker_has_not_sent_is_there_for_the_clean_up(tmp_path: Path) -> None:
    controller = budget.for_set_up(1000, loopback=True)
    assert controller is not None
    worker = budget.for_worker(budget.to_share(controller), 1, tmp_path, "gw0")
    assert worker is not None
    given = worker.left
    with gzip.open(tmp_path / "wire-gw0.jsonl.gz", "wt") as lines:
        lines.write('{"at": 1}\n' * spend(worker, 100))
    before = controller.left
    budget.for_clean_up(controller, tmp_path)
    assert controller.left == before + given - 100 - budget.IN_FLIGHT


def test_a_worker_in_the_place_of_one_that_died_gets_what_nobody_was_given(tmp_path: Path) -> None:
    given = [budget.for_worker(930, 2, tmp_path, f"gw{n}") for n in range(4)]
    assert [one.left for one in given if one] == [465, 465, 0, 0]
