"""Metamorphic relations: what must not depend on the wire form."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eni_conformance.conformance.played import Given, Play, Played, requirement, scenarios
from eni_conformance.contract import rows
from eni_conformance.strategies import calls, tables, worlds

PARTS = 4


def refusals(given: Given, part: int) -> Iterator[Play]:
    """This part of the classes of single fault."""
    world = worlds.plain(given.offer)
    return tables.in_every_wire_form(world, calls.one_of_each(calls.core(world))[part::PARTS])


@requirement(
    *rows.WIRE_FORMS, rows.SAME_ANSWER, rows.REQUEST_ID, rows.CONTENT_TYPE, rows.REQUEST_ID_UNIQUE,
    rows.REQUEST_ID_HEADER, *rows.OF_A_REFUSAL,
)  # fmt: skip
@pytest.mark.parametrize("part", range(PARTS))
@scenarios(refusals, about=rows.WIRE_FORMS)
def test_a_refusal_is_the_same_in_every_wire_form(played: Played, part: int) -> None:
    """Each class of single fault in each of 40 wire forms gets one and the same refusal."""
    assert played.relations_hold()
    assert played.answers_are_admissible()
    assert played.answers_are_well_formed()
