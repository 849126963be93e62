"""Overlapping calls: every answer and the final state must have a serial explanation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eni_conformance.conformance.played import Drawn, Given, Play, Played, requirement, scenarios
from eni_conformance.contract import rows
from eni_conformance.strategies import drawn, tables
from eni_conformance.strategies.worlds import WALKED_ALONE

PARTS = ("named", "drawn")


def overlapping(given: Given, part: str) -> Iterator[Play]:
    """Those with a name, and two to eight clients at once; four are enough for a quick run."""
    if part == "named":
        # First what needs every slot of an instance: one that is lost in an overlap may be lost for good.
        yield from tables.overlaps_of_many(given.offer, given.callers)
        yield from tables.overlaps(WALKED_ALONE)
    most = 4 if given.effort.name == "quick" else 8
    yield Drawn(drawn.overlapping(WALKED_ALONE, most), given.effort.overlaps // len(PARTS))


@requirement(rows.SERIAL_ORDER, rows.OTHERS_KEPT)
@pytest.mark.parametrize("part", PARTS)
@scenarios(overlapping, about=(rows.SERIAL_ORDER,))
def test_overlapping_calls(played: Played, part: str) -> None:
    """Several clients at once, on one interface, on siblings, against attach, stop and delete."""
    assert played.relations_hold()
    assert played.answers_are_admissible()
    assert played.effects_are_documented()
