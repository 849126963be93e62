"""Callers who may not: refused as documented, in every state and form, with nothing changed or told."""

from __future__ import annotations

import pytest
from eni_conformance.conformance.inquiry import Inquiry
from eni_conformance.contract.detach import CALLER_OF
from eni_conformance.strategies import cases

ROWS = {name: (row,) for row, name in CALLER_OF.items()}


@pytest.mark.requirement("E01", "E02", "E04", "E06", "C01")
@pytest.mark.parametrize("caller", list(ROWS))
def test_caller_who_may_not(inquiry: Inquiry, caller: str) -> None:
    """The caller is refused with the documented code on every resource, and a valid call still works after."""
    if caller not in inquiry.callers:
        inquiry.lab.record.lacks(ROWS[caller], f"[callers.{caller}] in the target file")
        pytest.skip(f"the target file has no [callers.{caller}]")
    two = inquiry.lab.bench.most_instances > 1
    inquiry.run_all(cases.by_caller_everywhere(caller, two), ROWS[caller])
