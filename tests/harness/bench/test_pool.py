"""Looking at what a bench owns: when a look still counts, and how long a transition is waited for."""

import itertools

import pytest
from eni_conformance.contract.scenario import EniSpec
from eni_conformance.harness.bench import pool
from eni_conformance.harness.values import Deed, Snapshot
from shown import FREE, LEAVING, USED


def test_nothing_is_looked_at_twice_while_it_is_at_rest(bench, shows):
    endpoint = shows(USED)
    pool.settle(bench)
    pool.freshen(bench)
    assert endpoint.asked == [(True, True)] and not bench.stale


def test_after_a_transition_only_what_is_stale_is_looked_at_again(bench, shows):
    """The interface until it is done, then the instance once."""
    endpoint = shows(LEAVING, LEAVING, FREE)
    now = pool.settle(bench)
    assert endpoint.asked == [(True, True), (True, False), (True, False), (False, True)]
    assert (now.status("eni-1"), now.held("i-1")) == ("Available", frozenset())


def test_what_is_held_in_transition_is_not_waited_for(bench, shows):
    endpoint = shows(LEAVING)
    pool.settle(bench, still={"eni-1"})
    assert endpoint.asked == [(True, True)]


def test_an_order_makes_a_look_stale(bench, shows):
    shows(USED)
    pool.refresh(bench)
    pool.touch(bench)
    assert bench.stale == pool.PARTS


def test_where_descriptions_lag_a_look_counts_only_after_nothing_has_differed_for_a_while(bench, shows):
    """For as long as the target's file says that they may lag."""
    bench.lags = True
    shows(USED, FREE, USED, FREE)  # replicas take turns for a while
    pool.refresh(bench)
    assert pool.quiet(bench).status("eni-1") == "Available"


def test_where_descriptions_keep_up_nothing_is_waited_for(bench, shows):
    endpoint = shows(USED, FREE)
    pool.refresh(bench)
    pool.quiet(bench)
    assert len(endpoint.asked) == 1


def test_the_first_pause_is_what_a_transition_takes_and_then_they_grow(bench):
    bench.typical[pool.DETACHING] = 0.4
    first, *rest = itertools.islice(pool.pauses(bench, pool.DETACHING), 8)
    assert first == 0.4 and rest == sorted(rest) and rest[0] == bench.step


def test_the_estimate_shrinks_while_the_first_look_suffices_and_grows_slowly_otherwise(bench):
    pool.learn(bench, pool.DETACHING, 0.1, 3)
    assert bench.typical[pool.DETACHING] == 0.1
    pool.learn(bench, pool.DETACHING, 0.1, 1)
    assert bench.typical[pool.DETACHING] == pytest.approx(0.092)
    pool.learn(bench, pool.DETACHING, 5.0, 9)
    assert bench.typical[pool.DETACHING] < 0.15


class Ledger:
    """Knows of nothing that is gone."""

    def still_there(self, _one):
        return True


def test_what_a_list_lacks_for_once_is_not_forgotten(bench, shows):
    """Lists of real services lack an item now and then; the next look has it."""
    bench.session.ledger = Ledger()
    without = Snapshot(0.0, {}, USED.instances)
    shows(without, without, USED)
    pool.refresh(bench)
    pool.drop_vanished(bench)
    assert [e.id for e in bench.enis] == ["eni-1"] and [i.id for i in bench.instances] == ["i-1"]
    shows(without)
    pool.refresh(bench)
    pool.drop_vanished(bench)
    assert not bench.enis and [i.id for i in bench.instances] == ["i-1"]


@pytest.mark.parametrize("op", ["modify", "delete", "delete_instance", "stop", "reboot"])
def test_what_a_play_has_changed_or_deleted_is_not_used_again(bench, op):
    """What is deleted may be shown for a while."""
    bench.enis, bench.instances = [pool.OwnEni("eni-1", 0, EniSpec())], [pool.OwnInstance("i-1", 0)]
    pool.remember(bench, Deed(op, "eni-1", "i-1"))
    assert (bench.enis[0].look is None) == (op in ("modify", "delete"))
    assert (bench.instances[0].zone == -1) == (op == "delete_instance")


@pytest.mark.parametrize(("later", "lost"), [({"Tags": ("a",)}, True), ({"Tags": ("a", "b")}, False), ({}, False)])
def test_an_interface_that_lost_something_is_no_part_of_a_world_any_more(bench, shows, later, lost):
    """It is compared with the first look at it; what a look does not show at all is no matter."""

    def tagged(**fields):
        return Snapshot(0.0, {"eni-1": {"NetworkInterfaceId": "eni-1", "Status": "Available", **fields}}, {})

    shows(tagged(Tags=("a", "b")), tagged(**later))
    pool.refresh(bench)
    pool.refresh(bench)
    assert pool.worn(bench, bench.enis[0]) == lost


def test_what_is_watched_is_neither_used_nor_detached_and_its_instance_goes_last(bench, shows):
    shows(USED)
    pool.refresh(bench)
    pool.set_aside(bench, "eni-1")
    assert bench.enis == [] and bench.abandoned == ["eni-1"]
    assert bench.aside == {"i-1"} and bench.instances[0].zone == -1
