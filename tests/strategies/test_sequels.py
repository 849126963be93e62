"""Histories in which every operation comes right after every other one."""

from __future__ import annotations

import itertools

import pytest
from eni_conformance.contract.scenario import Act, Detach, Probe, Scenario, Settle
from eni_conformance.strategies import sequels
from eni_conformance.strategies.sequels import Now, every_two, operations
from eni_conformance.strategies.worlds import Offer
from made_real import fits

OFFERS = [(Offer(), ("ram_denied",)), (Offer(), ()), (Offer(two_instances=False), ("ram_denied",))]


@pytest.mark.parametrize(("offer", "callers"), OFFERS)
@pytest.mark.parametrize("length", [8, 20, 60])
def test_each_two_operations_that_can_follow_each_other_do(monkeypatch, offer, callers, length):
    met, way = set(), sequels._way

    def noted(rows, now, last, unmet):
        found = way(rows, now, last, unmet)
        met.update(itertools.pairwise([last, *(one.name for one in found)]))
        return found

    monkeypatch.setattr(sequels, "_way", noted)
    made = list(sequels.walks(offer, callers, length, 1))
    assert met >= every_two(operations(offer, callers))
    assert len(made) < 600 / length


@pytest.mark.parametrize(("offer", "callers"), OFFERS)
def test_a_walk_can_be_carried_out_and_ends_with_a_look(offer, callers):
    for scenario in sequels.walks(offer, callers, 20, 3):
        fits(scenario)
        assert scenario.steps[-1] == Settle()
        assert all(isinstance(step, Detach | Act | Settle | Probe) for step in scenario.steps)


def test_the_same_seed_walks_the_same_ways_and_another_others():
    def walked(seed: int) -> list[Scenario]:
        return list(sequels.walks(Offer(), (), 20, seed))

    assert walked(1) == walked(1) != walked(2)


def test_what_cannot_be_done_is_not_done():
    rows = {row.name: row.does for row in operations(Offer(), ())}
    assert rows["detach"](Now(it=None)) is None and rows["attach"](Now()) is None
    assert rows["reboot"](Now(running=False)) is None and rows["name the wrong instance"](Now(it=1)) is None
    assert ("detach", "detach") not in every_two(operations(Offer(), ()))
    assert ("detach", "attach") in every_two(operations(Offer(), ()))
