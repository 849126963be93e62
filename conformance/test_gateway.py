"""The gateway: signature, replay, time, key, action and version, each wrong alone."""

from __future__ import annotations

import pytest
from eni_conformance.conformance.inquiry import Inquiry
from eni_conformance.contract.gateway import table
from eni_conformance.strategies import probes

ROWS = ("G01", "G02", "G03", "G04", "G05", "G06", "G07", "P04")


@pytest.mark.requirement(*ROWS)
@pytest.mark.parametrize("row", ROWS)
def test_one_thing_wrong(inquiry: Inquiry, row: str) -> None:
    """Refused by the gateway, before the operation is asked, with nothing carried out."""
    these = table(lambda p: p.requirement == row and not p.accept)
    inquiry.run_all(probes.thorough(these), (row,), must=2)
    inquiry.run_all(probes.probes(these, inquiry.effort.name == "quick"), (row,), must=2)


@pytest.mark.requirement("G08")
def test_correctly_signed_calls(inquiry: Inquiry) -> None:
    """Within the undisputed window, with empty and further parameters: the gateway lets the call through."""
    inquiry.run_all(probes.controls(tuple(table(lambda p: p.accept))), ("G08",))
