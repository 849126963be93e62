"""One of everything, first: a defect that shows always is told within the first calls of a run."""

from __future__ import annotations

import pytest
from eni_conformance.conformance.inquiry import Inquiry
from eni_conformance.contract.gateway import table
from eni_conformance.strategies import cases, probes, worlds


@pytest.mark.requirement(
    "E03", "E08", "E09", "E11", "E12", "E13", "E14", "E24", "S01", "S04", "S07", "F01", "F02", "F03",
    "P05", "P06", "P07", "P08", "M08",
)  # fmt: skip
def test_every_class_of_call_once(inquiry: Inquiry) -> None:
    """Each class of single fault once, then an accepted call with its effect, then the same again."""
    two = inquiry.lab.bench.most_instances > 1
    inquiry.run(cases.sweep(two, inquiry.info["seed"]), ("S04",))


@pytest.mark.requirement("E01", "E02", "E04", "E06", "C01")
def test_every_caller_once(inquiry: Inquiry) -> None:
    """Each caller who may not, once on each interface."""
    inquiry.run_all(cases.sweep_callers(tuple(sorted(inquiry.callers - {"account"}))), ("C01",))


@pytest.mark.requirement("E10", "E11", "S06", "E15", "E16", "E17", "E18", "E19", "E20", "E21", "E22")
def test_every_state_and_condition_once(inquiry: Inquiry) -> None:
    """Each transitional state and each condition that the control protocol offers, with two calls each."""
    quota = inquiry.lab.bench.ground.eni_quota
    inquiry.run_all(cases.sweep_states(tuple(worlds.CONTROL_FAULTS), quota), must=100)


@pytest.mark.requirement("E08", "E24", "P01", "P02", "P03", "P07", "P08", "B01", "B02", "B03")
def test_every_class_of_text_once(inquiry: Inquiry) -> None:
    """A text of each class in place of each identifier, odd names and many parameters; the endpoint stays well."""
    inquiry.run(cases.sweep_texts(inquiry.info["seed"]), ("E08", "E24"))


@pytest.mark.requirement("M06", "F05", "F06")
def test_overlaps_once(inquiry: Inquiry) -> None:
    """Siblings at once, and one interface twice at once, in an instance whose every slot is taken."""
    inquiry.run_all(cases.sweep_overlaps(inquiry.lab.bench.ground.eni_quota), ("M06",), must=3)


@pytest.mark.requirement("G01", "G02", "G03", "G04", "G05", "G06", "G07", "G08", "P04")
def test_the_gateway_once(inquiry: Inquiry) -> None:
    """Everything that can be wrong with who calls and with what is signed, once; and what must be accepted."""
    inquiry.run(probes.several(table()), ("G01",))


@pytest.mark.requirement("R02", "R03", "M02", "M03")
def test_the_formats_and_schemes_that_are_offered(inquiry: Inquiry) -> None:
    """The page documents JSON and XML: one that is not offered is one finding, or declared. Schemes are a choice."""
    inquiry.run_all(cases.in_formats(inquiry.undeclared), ("R02", "R03"))
    target = inquiry.lab.session.target
    for name, row in (("json", "R02"), ("xml", "R03")):
        if name not in target.offers.formats:
            inquiry.lab.record.lacks((row, "M02"), f"{name.upper()} (offers.formats)")
    if len(target.offers.signing) == 1:
        inquiry.lab.record.lacks(("M03",), f"a second signature scheme besides {target.offers.signing[0]}")
