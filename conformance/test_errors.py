"""The rows of the error table that an order of the control protocol provokes, each alone; then all in company."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eni_conformance.conformance.played import Drawn, Given, Play, Played, requirement, scenarios
from eni_conformance.contract import rows
from eni_conformance.contract.detach import IDS, ORDERS
from eni_conformance.contract.rules import Order
from eni_conformance.strategies import drawn, tables, worlds

EACH_CONDITION = [
    pytest.param(row, ORDERS[row], condition, id=condition, marks=requirement(row))
    for row in rows.BY_ORDER
    for condition in ORDERS[row].conditions
]


@pytest.mark.parametrize(("row", "order", "condition"), EACH_CONDITION)
@scenarios(lambda given, row, order, condition: tables.provoked(order, condition, given.offer))
def test_condition_that_an_order_brings_about(played: Played, row: str, order: Order, condition: str) -> None:
    """What an interface refers to is gone, full, of a wrong type or elsewhere; an instance holds too many; a region or
    a parameter is not supported: the documented refusal, and nothing changes."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


COMPANY = (worlds.TWO, worlds.WITH_STOPPED, worlds.WITH_TRANSITIONS)


VAGUE = tuple(dict.fromkeys(row for one in IDS if one.thing == "region" for row in (one.vague, one.malformed)))
"""Rows that the plainest calls do not provoke."""


def in_company(given: Given, part: int) -> Iterator[Play]:
    """Calls that break several preconditions at once, in one of the Worlds with a name."""
    world = COMPANY[part] if given.offer.two_instances else worlds.ONE
    yield Drawn(drawn.in_company(world, given.callers), given.effort.draws * 2)


@requirement(*rows.IDENTIFIERS, rows.PAIR)
@pytest.mark.parametrize("part", range(len(COMPANY)))
@scenarios(in_company, about=(*VAGUE, rows.PAIR))
def test_in_company(played: Played, part: int) -> None:
    """With several faults at once, the answer is one of those that one of the faults admits."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()
    assert played.relations_hold()
