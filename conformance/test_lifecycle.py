"""Histories: named sequences, and random walks through the life cycle against the model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eni_conformance.conformance.played import Given, Play, Played, requirement, scenarios
from eni_conformance.contract import rows
from eni_conformance.contract.scenario import Scenario
from eni_conformance.strategies import afterwards, histories, sequels
from eni_conformance.strategies.worlds import PASTS, WALKED, WALKED_ALONE

PARTS = 4
NAMES = (*histories.SCENARIOS, *histories.MOVES, *histories.ONCE, *histories.ADDRESSED, *histories.BORN)


@requirement(
    rows.LIFE_CYCLE, rows.SLOT_FREED, rows.ATTACHED_AGAIN, rows.STAYS_AVAILABLE, rows.LINKED_ONLY,
    rows.ACCEPTED_RUNNING, rows.ACCEPTED_STOPPED, rows.OWN_KEPT,
)  # fmt: skip
@pytest.mark.parametrize("name", NAMES)
@scenarios(lambda given, name: [histories.named(name)], about=(rows.LIFE_CYCLE,))
def test_named_sequence(played: Played, name: str) -> None:
    """A sequence in which services have been seen to lose track."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()
    assert played.relations_hold()


def walks(given: Given, part: int) -> Iterator[Play]:
    """This part's share of the walks, over two instances where there are two."""
    offer, effort = given.offer, given.effort
    world = WALKED if offer.two_instances else WALKED_ALONE
    most = min(3, offer.quota - 1)
    yield histories.Walks(world, most, effort.steps, effort.walks // PARTS, given.seed * PARTS + part)


@requirement(
    rows.LIFE_CYCLE, rows.REFUSAL_CHANGES_NOTHING, rows.BECOMES_AVAILABLE, rows.OTHERS_KEPT, rows.ATTACHED_AGAIN
)  # fmt: skip
@pytest.mark.parametrize("part", range(PARTS))
@scenarios(walks, about=(rows.LIFE_CYCLE,))
def test_random_walk(played: Played, part: int) -> None:
    """Every step of a walk through the life cycle can be explained by the model."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()
    assert played.relations_hold()


SEQUELS = (rows.LIFE_CYCLE, rows.REFUSAL_CHANGES_NOTHING, rows.ACCEPTED_RUNNING, rows.BECOMES_AVAILABLE)


def sequels_of(given: Given, part: int) -> list[Scenario]:
    """This part's share of the walks in which each operation comes right after each other one; in a quick run those
    alone that cost no interface and no instance."""
    everything = given.effort.name != "quick"
    made = sequels.walks(given.offer, given.callers, given.effort.steps, given.seed, all_of_them=everything)
    return list(made)[part::PARTS]


@requirement(*SEQUELS, rows.ACCEPTED_STOPPED, rows.ATTACHED_AGAIN, rows.LINKED_ONLY, rows.PRIMARY_KEPT)
@pytest.mark.parametrize("part", range(PARTS))
@scenarios(sequels_of, about=SEQUELS)
def test_each_operation_right_after_each_other(played: Played, part: int) -> None:
    """What was asked or done just before makes no difference to what is answered and done now."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


def after_each(given: Given, part: int) -> list[Scenario]:
    """This part's share of the batteries, once in a quick run, else once for each past of the instance."""
    times = 1 if given.effort.name == "quick" else len(PASTS)
    return list(afterwards.after_each(given.offer, given.callers, times, given.seed))[part::PARTS]


@requirement(*SEQUELS, *rows.IDENTIFIERS, *rows.FREE_PARAMETERS, rows.LINKED_ONLY)
@pytest.mark.parametrize("part", range(PARTS))
@scenarios(after_each, about=SEQUELS)
def test_every_kind_of_call_after_each_change(played: Played, part: int) -> None:
    """Whatever was done before, each kind of call is answered as ever."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()
