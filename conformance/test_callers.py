"""Callers who may not: refused as documented, in every state and form, with nothing changed or told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eni_conformance.conformance.played import Given, Lack, Play, Played, requirement, scenarios
from eni_conformance.contract.detach import CALLER_OF
from eni_conformance.strategies import tables

EACH_CALLER = [pytest.param(row, id=caller, marks=requirement(row)) for row, caller in CALLER_OF.items()]


def everywhere(given: Given, row: str) -> Iterator[Play]:
    """The caller of this row, in Worlds that differ in states and neighbours."""
    caller = CALLER_OF[row]
    if caller in given.callers:
        yield from tables.by_caller_everywhere(caller, given.offer)
    else:
        yield Lack((row,), f"[callers.{caller}] in the target file")


@pytest.mark.parametrize("row", EACH_CALLER)
@scenarios(everywhere)
def test_caller_who_may_not(played: Played, row: str) -> None:
    """The caller is refused with the documented code on every resource, and nothing changes."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()
