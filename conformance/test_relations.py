"""Metamorphic relations: what must not depend on the wire form."""

from __future__ import annotations

import pytest
from eni_conformance.conformance.inquiry import Inquiry
from eni_conformance.strategies import cases

PARTS = 4


@pytest.mark.requirement("M01", "M02", "M03", "M04", "M08", "R01", "R04", "R05", "R06", "R07", "R09")
@pytest.mark.parametrize("part", range(PARTS))
def test_a_refusal_is_the_same_in_every_wire_form(inquiry: Inquiry, part: int) -> None:
    """Each class of single fault in each of 40 wire forms gets one and the same refusal."""
    two = inquiry.lab.bench.most_instances > 1
    world, items = cases.single_faults(two)
    inquiry.run_all(cases.wire_table(world, items[part::PARTS]), ("M01", "M02", "M03", "M04"))
