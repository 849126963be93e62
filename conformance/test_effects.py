"""What calls do, and what they leave alone: the campaign through the covering array of Worlds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eni_conformance.conformance.played import Drawn, Given, Play, Played, requirement, scenarios
from eni_conformance.contract import rows
from eni_conformance.contract.scenario import InstanceStatus
from eni_conformance.strategies import drawn, sweeps, tables, worlds
from eni_conformance.strategies.effort import EFFORTS

MOST_ROWS = max(e.rows for e in EFFORTS.values() if e.name != "deep")
LATE, LATER = 2.4, 5.0
"""Seconds after which an effect that comes late should have shown, in a quick run and where there is time."""


LASTING = (rows.REFUSAL_CHANGES_NOTHING, rows.STAYS_AVAILABLE)


def campaigns(given: Given, row: int) -> Iterator[Play]:
    """The World of one row of the covering array, another array for each seed."""
    table = worlds.rows(given.offer, given.seed)
    if row < min(given.effort.rows, len(table)):
        times = 1 if given.effort.name == "quick" else 2
        yield Drawn(drawn.campaign(table[row], row, given.effort.texts, given.callers), times)


@requirement(
    *rows.EFFECTS, rows.VIEWS_AGREE, rows.PRIMARY_KEPT, rows.LINKED_ONLY, rows.ACCEPTED_RUNNING, rows.ACCEPTED_STOPPED,
    rows.NAMED_INSTANCE, *rows.IDENTIFIERS, *rows.STATES,
)  # fmt: skip
@pytest.mark.parametrize("row", range(MOST_ROWS))
@scenarios(campaigns, about=(rows.REFUSAL_CHANGES_NOTHING, rows.BECOMES_AVAILABLE))
def test_refusals_change_nothing_and_successes_only_the_link(played: Played, row: int) -> None:
    """In a varied World: every class of refusal leaves everything as it was; a success moves one interface."""
    assert played.effects_are_documented()
    assert played.answers_are_admissible()
    assert played.relations_hold()


@requirement(
    rows.ACCEPTED_RUNNING, rows.METHODS_ALIKE, rows.FORMATS_ALIKE, rows.SCHEMES_ALIKE, *rows.SUCCESS_IN.values(),
    rows.BECOMES_AVAILABLE, rows.LINK_GONE,
)  # fmt: skip
@pytest.mark.parametrize("status", ["Running", "Stopped"])
@scenarios(
    lambda given, status: tables.accepted_in_every_wire_form(worlds.three(status, given.offer)),
    about=(rows.ACCEPTED_RUNNING,),
)
def test_a_valid_call_is_accepted_in_every_wire_form(played: Played, status: InstanceStatus) -> None:
    """GET or POST, JSON or XML, either signature: a valid call is accepted and has its effect."""
    assert played.answers_are_admissible()
    assert played.answers_are_well_formed()
    assert played.effects_are_documented()
    assert played.relations_hold()


@requirement(rows.BECOMES_AVAILABLE, rows.ACCEPTED_RUNNING, rows.PRIMARY_KEPT)
@scenarios(lambda given: tables.fresh_resources(given.effort.ids, given.offer), about=(rows.BECOMES_AVAILABLE,))
def test_many_identifiers(played: Played) -> None:
    """A defect may show for some identifiers only: many interfaces and instances come and go."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


BORN_PARTS = 4


def born(given: Given, part: int) -> Iterator[Play]:
    """An interface that came with its instance, in either status of that; and where there is time, beside everything
    else that a World can hold."""
    yield from list(tables.born_with_the_instance())[part::BORN_PARTS]
    if given.effort.name != "quick":
        for number, world in list(enumerate(worlds.born(given.offer, given.seed)))[part::BORN_PARTS]:
            yield Drawn(drawn.campaign(world, number, given.effort.texts, given.callers), 1, salt=str(number))


@requirement(rows.BECOMES_AVAILABLE, rows.LINK_GONE, *rows.EFFECTS, rows.ACCEPTED_RUNNING, rows.ACCEPTED_STOPPED)
@pytest.mark.parametrize("part", range(BORN_PARTS))
@scenarios(born, about=(rows.BECOMES_AVAILABLE, rows.REFUSAL_CHANGES_NOTHING))
def test_an_interface_that_came_with_its_instance_is_like_any_other(played: Played, part: int) -> None:
    """The page sets none apart but the primary one: it is detached, keeps what it has, and stays."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


SECOND_REGION = (rows.REFUSAL_CHANGES_NOTHING, rows.BECOMES_AVAILABLE, rows.ACCEPTED_RUNNING)


def second_region(given: Given) -> Iterator[Play]:
    """A sweep there, and, where there is time, drawn Worlds."""
    yield from sweeps.second_region(given.offer, given.seed, given.callers)
    if given.effort.name != "quick":
        small = worlds.random_worlds(worlds.Offer(two_instances=False, second_zone=False), 2)
        drawn_there = small.flatmap(lambda world: drawn.campaign(world, 0, 3, given.callers))
        yield Drawn(drawn_there.map(sweeps.abroad), given.effort.draws // 4)


@requirement(*SECOND_REGION, rows.LINK_GONE, *rows.IDENTIFIERS, *rows.STATES)
@scenarios(second_region, about=SECOND_REGION)
def test_the_second_region_is_like_the_first(played: Played) -> None:
    """The page sets no region apart: what is created in another one is judged in the same way."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


def full_houses(given: Given) -> Iterator[Play]:
    """A full instance alone, and beside one to which an interface goes for a while; and one that goes to and fro."""
    yield tables.full_house(given.offer)
    if given.offer.two_instances:
        yield tables.moved_from_a_full_instance(given.offer)
        yield tables.to_and_fro(given.offer)


@requirement(rows.SLOT_FREED, rows.ATTACHED_AGAIN)
@scenarios(full_houses, about=(rows.SLOT_FREED,))
def test_a_freed_slot_can_be_used_again(played: Played) -> None:
    """With every slot of the instance taken, a detach makes room for exactly one more."""
    assert played.effects_are_documented()


@requirement(*LASTING)
@scenarios(
    lambda given: tables.late_effects(given.offer, LATE if given.effort.name == "quick" else LATER), about=LASTING
)
def test_effects_that_come_late(played: Played) -> None:
    """Some time after refusals, and after a success, everything is still as it was then."""
    assert played.effects_are_documented()


@requirement(rows.OWN_KEPT, rows.OTHERS_KEPT)
@scenarios(lambda given: [tables.at_their_limits(worlds.at_their_limits(given.offer))], about=(rows.OWN_KEPT,))
def test_attributes_at_their_limits(played: Played) -> None:
    """Twenty tags, the longest texts, many addresses and groups, and none of it: a detach keeps what there is."""
    assert played.effects_are_documented()
