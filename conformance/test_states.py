"""Notes of the page: which states of instance and interface admit a detach, and the primary interface never.

The whole matrix instance state x interface state x attachment is tried in every run; the oracle knows for each
cell what is admissible, so one test reads like the three notes together.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eni_conformance.conformance.played import Given, Play, Played, requirement, scenarios
from eni_conformance.contract import rows
from eni_conformance.contract.detach import CHECKS
from eni_conformance.contract.scenario import Scenario
from eni_conformance.strategies import tables, worlds

PARTS = 4
NOTES = (rows.LINKED_ONLY, rows.STEADY_ONLY)
STATES = (*sorted({rule.own for rule in CHECKS if rule.contradicted[0] in NOTES}), *NOTES)
"""The notes on states, and the rows that refuse by them."""


def matrix(given: Given, part: int) -> list[Scenario]:
    """This part of the matrix."""
    return list(tables.in_states(worlds.state_matrix(given.offer), given.callers))[part::PARTS]


@requirement(*rows.NOTES, *rows.ACCEPTED, rows.NAMED_INSTANCE, *rows.STATES, rows.REFUSAL_CHANGES_NOTHING)
@pytest.mark.parametrize("part", range(PARTS))
@scenarios(matrix, about=STATES)
def test_every_state_of_instance_and_interface(played: Played, part: int) -> None:
    """A detach is accepted exactly in the states that the page names; elsewhere it is refused and harmless."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


def full_houses(given: Given) -> Iterator[Play]:
    """Every state of an instance that has no slot left."""
    return tables.in_full_houses(given.offer, given.callers)


@requirement(*STATES, rows.REFUSAL_CHANGES_NOTHING)
@scenarios(full_houses, about=STATES)
def test_every_state_of_an_instance_that_is_full(played: Played) -> None:
    """How many interfaces an instance holds makes no difference."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


@requirement(rows.ACCEPTED_AGAIN)
@scenarios(lambda given: tables.repeated_while_detaching(), about=(rows.ACCEPTED_AGAIN,))
def test_the_call_may_be_repeated_while_detaching(played: Played) -> None:
    """The page admits Detaching: a second call is accepted, and the end is the same."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()
