"""What a run is asked to do, and what its workers are handed on."""

from __future__ import annotations

import pytest
from eni_conformance.conformance import study as studies
from eni_conformance.conformance.study import Plan
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.harness.account.control_orders import ControlCheck, Stand
from eni_conformance.harness.account.survey import Survey
from eni_conformance.harness.target import Offers


def test_a_run_judges_by_the_page_and_the_common_table_unless_it_is_strict():
    for revision in CONTRACTS:
        assert Plan(revision=revision).contract() is CONTRACTS[revision]
        assert Plan(revision=revision, strict=True).contract() == CONTRACTS[revision].by_the_page()
        assert Plan(revision=revision, strict=True).contract() != CONTRACTS[revision]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({}, ""),
        ({"strict": True}, " --strict"),
        ({"first_violation": True}, " --first-violation"),
        ({"first_violation": True, "strict": True}, " --first-violation --strict"),
    ],
)
def test_the_command_that_repeats_a_run_says_how_it_was_judged(flags, told):
    plain = Plan(seed=7).command()
    assert Plan(seed=7, **flags).command() == plain + told


def test_workers_are_handed_on_what_was_found_out(tmp_path):
    """Offers, clock and formats; which orders of the control protocol do not do what their document says; and what they
    were tried on."""
    found = Survey(Offers(("json",), ("v3",)), "", 12.5, ("xml",), (("v3", "json", "HTTP 200"),))
    checked = ControlCheck({"vswitch.remove": "it answers 500"}, 3, {}, kept=Stand("i-1", "eni-1", "sg-1", "vsw-1"))
    studies._hand_on(tmp_path, found, checked, frozenset({"vswitch.remove"}))
    handed = studies._handed_on(tmp_path)
    assert (handed.found.offers, handed.found.skew, handed.found.undeclared) == (found.offers, 12.5, ("xml",))
    assert handed.wrong_orders == {"vswitch.remove": "it answers 500"}
    assert handed.kept == checked.kept
