"""Request parameters: required ones, their odd values, and what may ride along."""

from __future__ import annotations

import pytest
from eni_conformance.conformance.inquiry import Inquiry
from eni_conformance.strategies import calls, cases

PARTS = 6


@pytest.mark.requirement(
    "P01", "P02", "P03", "E03", "E07", "E08", "E09", "E13", "E14", "E24", "B01", "B02", "B03", "G08"
)
@pytest.mark.parametrize("part", range(PARTS))
def test_identifiers_denote_byte_for_byte(inquiry: Inquiry, part: int) -> None:
    """No odd text denotes a resource: trimmed, folded, cut, doubled, quoted, listed, encoded or hostile."""
    world = cases.ONE
    items = calls.texts(world)[part::PARTS]
    size = 40
    parts = [items[i : i + size] for i in range(0, len(items), size)]
    for n, piece in enumerate(parts):
        inquiry.explore(cases.odd_texts(world, piece), max(1, inquiry.effort.draws // 2), salt=str(n))
    outcome = inquiry.run(cases.alive(world), ("B03",))
    if not outcome.undecided and not outcome.found:
        inquiry.lab.record.credit(("B03",), part, "account", "after hostile texts", len(items))


@pytest.mark.requirement("P05", "P06", "P07", "P08")
@pytest.mark.parametrize("part", range(3))
def test_what_rides_along(inquiry: Inquiry, part: int) -> None:
    """Owner parameters change nothing; undeclared and repeated ones are ignored or refused, always alike."""
    scenarios = [*cases.alike(cases.ONE), *cases.riding_along(cases.ONE)]
    inquiry.run_all(scenarios[part::3], ("P05", "P06", "P07", "P08"))


@pytest.mark.requirement("P09", "X08", "X11", "X12")
@pytest.mark.parametrize("world", ["plain", "trunks"])
def test_trunk_parameter(inquiry: Inquiry, world: str) -> None:
    """The later page's optional parameter: what names no trunk of the interface is ignored or refused."""
    if "P09" not in inquiry.lab.contract.requirements:
        pytest.skip("a parameter of the later page")
    made = list(cases.trunks(cases.ONE if world == "plain" else cases.TRUNKS))
    inquiry.run_all(made, ("P09",) if world == "plain" else ("X08", "X11"), must=4)
