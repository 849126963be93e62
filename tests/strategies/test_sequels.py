"""Histories in which every operation comes right after every other one."""

from __future__ import annotations

import itertools

import pytest
from eni_conformance.contract.scenario import Act, Detach, Parallel, Probe, Scenario, Settle
from eni_conformance.strategies import sequels
from eni_conformance.strategies.sequels import Now, every_two, operations
from eni_conformance.strategies.worlds import Offer
from made_real import fits

OFFERS = [(Offer(), ("ram_denied",)), (Offer(), ()), (Offer(two_instances=False), ("ram_denied",))]


@pytest.mark.parametrize(("offer", "callers"), OFFERS)
@pytest.mark.parametrize("length", [8, 20, 60])
@pytest.mark.parametrize("everything", [False, True])
def test_each_two_operations_that_can_follow_each_other_do(monkeypatch, offer, callers, length, everything):
    met, way = set(), sequels._way

    def noted(rows, now, last, unmet):
        found = way(rows, now, last, unmet)
        met.update(itertools.pairwise([last, *(one.name for one in found)]))
        return found

    monkeypatch.setattr(sequels, "_way", noted)
    made = list(sequels.walks(offer, callers, length, 1, all_of_them=everything))
    begin = Now(spares=2 if everything else 0, second=offer.two_instances)
    assert met >= every_two(operations(offer, callers, all_of_them=everything), begin)
    assert len(made) < (1800 if everything else 600) / length + 24 * everything


@pytest.mark.parametrize(("offer", "callers"), OFFERS)
@pytest.mark.parametrize("everything", [False, True])
def test_a_walk_can_be_carried_out_and_ends_with_a_look(offer, callers, everything):
    for scenario in sequels.walks(offer, callers, 20, 3, all_of_them=everything):
        fits(scenario)
        assert scenario.steps[-1] == Settle()
        assert all(isinstance(step, Detach | Act | Settle | Probe | Parallel) for step in scenario.steps)


def test_a_walk_deletes_only_what_is_there_for_it_and_nothing_twice():
    for scenario in sequels.walks(Offer(), (), 60, 1, all_of_them=True):
        deleted = [step.eni for step in scenario.steps if isinstance(step, Act) and step.op == "delete"]
        assert len(set(deleted)) == len(deleted) <= 2 and not {0, 1} & set(deleted)
        assert sum(isinstance(step, Act) and step.op == "delete_instance" for step in scenario.steps) <= 1


def test_the_same_seed_walks_the_same_ways_and_another_others():
    def walked(seed: int) -> list[Scenario]:
        return list(sequels.walks(Offer(), (), 20, seed))

    assert walked(1) == walked(1) != walked(2)


def test_what_cannot_be_done_is_not_done():
    rows = {row.name: row.does for row in operations(Offer(), (), all_of_them=True)}
    assert rows["detach"](Now(it=None)) is None and rows["attach"](Now()) is None
    assert rows["reboot"](Now(running=False)) is None and rows["name the wrong instance"](Now(it=1)) is None
    assert rows["delete"](Now()) is None and rows["delete the second instance"](Now(it=1)) is None
    assert rows["attach elsewhere"](Now(it=None, second=False)) is None
    follow = every_two(operations(Offer(), (), all_of_them=False), Now())
    assert ("detach", "detach") not in follow and ("detach", "attach") in follow
