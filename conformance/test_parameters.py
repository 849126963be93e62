"""Request parameters: required ones, their odd values, and what may ride along."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from eni_conformance.conformance.played import Credit, Drawn, Given, Play, Played, requirement, scenarios
from eni_conformance.contract import rows
from eni_conformance.contract.detach import ERRORS_2024, IDS
from eni_conformance.contract.scenario import Scenario
from eni_conformance.strategies import calls, drawn, tables
from eni_conformance.strategies.worlds import ONE, TRUNKS

PARTS = 6
AT_ONCE = 40
"""Odd texts of one Scenario."""
ODD = calls.texts(ONE)


def odd_texts(given: Given, part: int) -> Iterator[Play]:
    """This part of the odd texts, then an ordinary call."""
    mine = ODD[part::PARTS]
    for n, first in enumerate(range(0, len(mine), AT_ONCE)):
        piece = mine[first : first + AT_ONCE]
        yield Drawn(drawn.odd_texts(ONE, piece), max(1, given.effort.draws // 2), str(n))
    yield tables.still_works(ONE)
    yield Credit(rows.NO_DAMAGE, part, "after hostile texts", len(mine))


@requirement(*(one.row for one in IDS), *rows.IDENTIFIERS, *rows.BROKEN_DOWN, rows.CORRECTLY_SIGNED, rows.NO_DAMAGE)
@pytest.mark.parametrize("part", range(PARTS))
@scenarios(odd_texts, about=())
def test_identifiers_denote_byte_for_byte(played: Played, part: int) -> None:
    """No odd text denotes a resource: trimmed, folded, cut, doubled, quoted, listed, encoded or hostile."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()
    assert played.endpoint_stays_well()


RIDING_PARTS = 3


def riding_along(given: Given, part: int) -> Iterator[Scenario]:
    """This part of what rides along, or is given twice."""
    every = itertools.chain(tables.alike(ONE), tables.riding_along(ONE), tables.given_twice(ONE))
    return itertools.islice(every, part, None, RIDING_PARTS)


@requirement(*rows.FREE_PARAMETERS)
@pytest.mark.parametrize("part", range(RIDING_PARTS))
@scenarios(riding_along, about=rows.FREE_PARAMETERS)
def test_what_rides_along(played: Played, part: int) -> None:
    """Owner parameters change nothing; undeclared and repeated ones are ignored or refused, always alike."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


TRUNK_ROWS = tuple(row.id for row in ERRORS_2024 if row.provoke)


def trunks(given: Given, world: str) -> Iterator[Play]:
    """Calls that name a trunk: nothing to try by the earlier page, which does not have the parameter."""
    if rows.TRUNK in given.contract.requirements:
        yield from tables.trunks(ONE if world == "plain" else TRUNKS)


@requirement(rows.TRUNK, *TRUNK_ROWS, "X12")
@pytest.mark.parametrize("world", ["plain", "trunks"])
@scenarios(trunks, about=(rows.TRUNK, *TRUNK_ROWS), must=4)
def test_trunk_parameter(played: Played, world: str) -> None:
    """The later page's optional parameter: what names no trunk of the interface is ignored or refused."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()
