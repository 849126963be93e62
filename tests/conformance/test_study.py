"""What a run is asked to do."""

from __future__ import annotations

import pytest
from eni_conformance.conformance.asked import Plan
from eni_conformance.contract.detach import CONTRACTS


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
