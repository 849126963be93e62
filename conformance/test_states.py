"""Notes of the page: which states of instance and interface admit a detach, and the primary interface never.

The whole matrix instance state x interface state x attachment is tried in every run; the oracle knows for each
cell what is admissible, so one test reads like the three notes together.
"""

from __future__ import annotations

import pytest
from eni_conformance.conformance.inquiry import Inquiry
from eni_conformance.strategies import cases, worlds

PARTS = 4


@pytest.mark.requirement("S01", "S02", "S03", "S04", "S05", "S06", "S07", "E10", "E11", "E12", "F01")
@pytest.mark.parametrize("part", range(PARTS))
def test_every_state_of_instance_and_interface(inquiry: Inquiry, part: int) -> None:
    """A detach is accepted exactly in the states that the page names; elsewhere it is refused and harmless."""
    two = inquiry.lab.bench.most_instances > 1
    matrix = list(enumerate(worlds.state_matrix(two)))[part::PARTS]
    rows = ("E10", "E11", "S02", "S03")
    others = tuple(sorted(inquiry.callers - {"account"}))
    inquiry.run_all((cases.in_state(world, n, others) for n, world in matrix), rows)


@pytest.mark.requirement("S02", "S03", "E10", "E11", "F01")
def test_every_state_of_an_instance_that_is_full(inquiry: Inquiry) -> None:
    """How many interfaces an instance holds makes no difference."""
    others = tuple(sorted(inquiry.callers - {"account"}))
    houses = enumerate(worlds.full_houses(inquiry.lab.bench.ground.eni_quota))
    inquiry.run_all((cases.in_state(world, n, others) for n, world in houses), ("E10", "E11", "S02", "S03"))


@pytest.mark.requirement("S06")
def test_the_call_may_be_repeated_while_detaching(inquiry: Inquiry) -> None:
    """The page admits Detaching: a second call is accepted, and the end is the same."""
    inquiry.run_all(cases.repeated_while_detaching(), ("S06",))
