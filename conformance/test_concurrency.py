"""Overlapping calls: every answer and the final state must have a serial explanation."""

from __future__ import annotations

import pytest
from eni_conformance.conformance.inquiry import Inquiry
from eni_conformance.strategies import cases


@pytest.mark.requirement("M06", "F05")
@pytest.mark.parametrize("part", range(2))
def test_overlapping_calls(inquiry: Inquiry, part: int) -> None:
    """Two to eight clients at once, on one interface, on siblings, against attach, stop and delete."""
    most = 4 if inquiry.effort.name == "quick" else 8
    inquiry.run_all(cases.overlaps_named(cases.OVERLAPPED), ("M06",)) if part == 0 else None
    inquiry.explore(cases.overlapping(cases.OVERLAPPED, most), inquiry.effort.overlaps // 2, ("M06",))
