"""The gateway: signature, replay, time, key, action and version, each wrong alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eni_conformance.conformance.played import Given, Play, Played, requirement, scenarios
from eni_conformance.contract import rows
from eni_conformance.contract.gateway import PROBES
from eni_conformance.strategies import probes

WRONG = {name: probe for name, probe in PROBES.items() if not probe.accept}
RIGHT = {name: probe for name, probe in PROBES.items() if probe.accept}
EACH_ROW = [pytest.param(row, id=row, marks=requirement(row)) for row in rows.GATEWAY]
"""The rows that a probe is made for."""


def one_thing_wrong(given: Given, row: str) -> Iterator[Play]:
    """Every probe of this row; the plainest in every wire form."""
    these = {name: probe for name, probe in WRONG.items() if probe.requirement == row}
    yield from probes.thorough(these)
    yield from probes.probes(these, given.effort.name == "quick")


@pytest.mark.parametrize("row", EACH_ROW)
@scenarios(one_thing_wrong, must=4)
def test_one_thing_wrong(played: Played, row: str) -> None:
    """Refused by the gateway, before the operation is asked, with nothing carried out."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


@requirement(rows.CORRECTLY_SIGNED)
@scenarios(lambda given: probes.controls(tuple(RIGHT)), about=(rows.CORRECTLY_SIGNED,))
def test_correctly_signed_calls(played: Played) -> None:
    """Within the undisputed window, with empty and further parameters: the gateway lets the call through."""
    assert played.answers_are_admissible()
