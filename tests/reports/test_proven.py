"""What the runs of a proof came to."""

from __future__ import annotations

import pytest
from eni_conformance.oracle.results import Again
from eni_conformance.reports.proven import Replay


@pytest.mark.parametrize(
    ("claimed", "guilty", "innocent", "repeats", "convicts"),
    [
        (Again(2, 2), Again(2, 2), Again(2, 0), True, False),
        (Again(2, 2), Again(2, 1), Again(2, 0), False, False),
        (Again(3, 1), Again(2, 1), Again(2, 0), True, False),
        (Again(1, 1), Again(2, 0), Again(2, 0), False, False),
        (Again(2, 2), Again(2, 2), Again(2, 1), True, True),
        (Again(2, 2), None, None, False, False),
    ],
)
def test_a_counterexample_fails_again_as_often_as_it_claims_and_nowhere_else(
    claimed: Again, guilty: Again | None, innocent: Again | None, repeats: bool, convicts: bool
) -> None:
    one = Replay("ENI-DETACH-E12", "e.json", claimed, guilty, innocent)
    assert (one.repeats, one.convicts_innocent) == (repeats, convicts)
