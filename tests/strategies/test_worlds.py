"""Worlds and wire forms: every pair of properties is met, and nothing is made that the target does not offer."""

from __future__ import annotations

import itertools

import pytest
from eni_conformance.contract.detach import ORDERS
from eni_conformance.contract.scenario import (
    ENI_STATUSES,
    INSTANCE_STATUSES,
    EniSpec,
    InstanceSpec,
    Scenario,
    Settle,
    World,
)
from eni_conformance.strategies import calls, worlds
from eni_conformance.strategies.wire import FORMATS, PLACES, SIGNINGS, WIRES, in_turn, wires
from eni_conformance.strategies.wire import ORDERS as SEQUENCES
from eni_conformance.strategies.worlds import Offer
from hypothesis import given
from made_real import fits

OFFERS = [
    Offer(two, zone, most + 1, transitional)
    for zone, most, two, transitional in itertools.product((True, False), (1, 2, 3), (True, False), (True, False))
]

# --- wire forms ----------------------------------------------------------------------------------


def shape(wire):
    return (wire.method, wire.place), wire.format, wire.signing


def test_the_wire_forms_are_the_full_product_and_every_order_and_connection_occurs():
    assert {shape(w) for w in WIRES} == set(itertools.product(PLACES, FORMATS, SIGNINGS)) and len(WIRES) == 40
    assert {w.order for w in WIRES} == set(SEQUENCES) and {w.fresh for w in WIRES} == {True, False}


@pytest.mark.parametrize("start", [0, 3, 41])
def test_forty_calls_in_turn_meet_every_wire_form_and_neighbours_differ_in_signing(start):
    forms = list(itertools.islice(in_turn(start), 40))
    assert set(forms) == set(WIRES)
    assert all(one.signing != other.signing for one, other in itertools.pairwise(forms))


@given(wires())
def test_a_drawn_wire_form_is_one_of_the_40_in_some_order(wire):
    assert shape(wire) in {shape(w) for w in WIRES} and wire.order in SEQUENCES


# --- the covering array --------------------------------------------------------------------------


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("seed", [0, 7])
def test_every_pair_of_properties_that_the_target_offers_is_met(offer, seed):
    """The covering array, pair by pair, for each kind of target."""
    array = worlds.rows(offer, seed)
    assert {pair for world in array for pair in worlds.pairs(world)} == set(worlds.every_pair(offer))
    assert len(array) < 60


def test_the_first_worlds_meet_most_of_the_pairs_and_each_seed_has_its_own():
    every, array = set(worlds.every_pair(Offer())), worlds.rows(Offer(), 1)
    assert len({pair for world in array[:7] for pair in worlds.pairs(world)}) > 0.8 * len(every)
    assert array == worlds.rows(Offer(), 1) != worlds.rows(Offer(), 2)


@pytest.mark.parametrize("offer", OFFERS)
def test_an_interface_that_came_with_its_instance_meets_every_value_of_every_other_property(offer):
    """In few Worlds, and only the first interface of each came so: an instance comes with one."""
    array = worlds.born(offer, 3)
    met = {one if other == worlds.WAS_BORN else other for w in array for one, other in worlds.pairs(w)
           if worlds.WAS_BORN in (one, other)}  # fmt: skip
    values = {n: v for n, v in worlds.offered(offer).items() if n != "eni past"}
    possible = {(n, value) for n, options in values.items() for value in options if n != "place"} | {("place", 0)}
    assert met == possible
    assert {tuple(eni.past == "born" for eni in world.enis)[1:].count(True) for world in array} == {0}
    assert len(array) <= 10 and all(fits(Scenario(world, (Settle(),))) is None for world in array)


@pytest.mark.parametrize(
    ("offer", "less"),
    [
        (Offer(), {}),
        (Offer(second_zone=False), {"zone": {0}}),
        (Offer(quota=3), {"attached": {1, 2}, "place": {0, 1}}),
        (Offer(quota=1), {"attached": {1}, "place": {0}, "neighbour": {"none", "Available", "Deleting"}}),
        (Offer(two_instances=False), {"second": {"none"}, "eni past": {"fresh", "reattached"}}),
        (Offer(transitional=False), {"neighbour": {"none", "Available"}}),
    ],
)
def test_a_target_that_offers_less_leaves_out_that_alone(offer, less):
    every = {name: set(options) for name, options in worlds.OF_THE_WORLD.items()} | {"place": {0, 1, 2}}
    every |= {f"eni {name}": set(options) for name, options in worlds.OF_THE_ENI.items()}
    assert {name: set(options) for name, options in worlds.offered(offer).items()} == every | less


@pytest.mark.parametrize("offer", OFFERS)
def test_worlds_hold_only_what_the_target_offers(offer):
    for world in worlds.rows(offer):
        fits(Scenario(world, (Settle(),)))
        assert offer.second_zone or all(i.zone == 0 for i in world.instances)
        assert offer.two_instances or len(world.instances) == 1
        assert all(sum(e.on == i for e in world.enis) <= offer.most_attached for i in range(len(world.instances)))
        assert offer.transitional or {e.status for e in world.enis} <= {"Available", "InUse"}
        assert {e.on is None for e in world.enis if e.status in ("Available", "Deleting")} <= {True}
        assert calls.targets(world)


def test_the_properties_of_a_world_are_told_for_each_interface_of_its_first_instance():
    rich = EniSpec(0, "InUse", "moved", 4, 3, 2, "unicode", "long", True, True)
    world = World(
        (InstanceSpec("Stopped", "restarted", 1), InstanceSpec("Running", "any", 1)),
        (EniSpec(past="fresh"), rich, EniSpec(on=None, status="Deleting"), EniSpec(on=1)),
    )
    of_all = {"status": "Stopped", "past": "restarted", "zone": 1, "attached": 2, "neighbour": "Deleting"}
    first, second = worlds.cases(world)
    assert first.items() >= {**of_all, "second": "Running", "place": 0, "eni tags": 0, "eni past": "fresh"}.items()
    assert second.items() >= {**of_all, "place": 1, "eni tags": 4, "eni name": "unicode"}.items()


# --- states and conditions -----------------------------------------------------------------------


@pytest.mark.parametrize("two", [True, False])
def test_the_matrix_of_states_is_whole(two):
    """Instance status x interface status, on the named instance, on another, on none."""
    made = [(w.instances[0].status, w.enis[0].status, w.enis[0].on) for w in worlds.state_matrix(Offer(two))]
    places = dict.fromkeys(ENI_STATUSES, (0, 1) if two else (0,)) | {"Available": (None,), "Deleting": (None,)}
    expected = [(i, e, on) for i, e in itertools.product(INSTANCE_STATUSES, ENI_STATUSES) for on in places[e]]
    assert sorted(made, key=repr) == sorted(expected, key=repr)


@pytest.mark.parametrize(("quota", "attached"), [(2, 1), (4, 3), (20, 7)])
def test_full_houses_hold_as_many_as_fit_in_every_state(quota, attached):
    made = list(worlds.full_houses(Offer(quota=quota)))
    assert {w.instances[0].status for w in made} == set(INSTANCE_STATUSES)
    assert {sum(e.on == 0 for e in w.enis) for w in made} == {attached}
    assert [w.enis[0].on for w in made].count(None) == 2
    assert {w.enis[0].delete_on_release for w in made if w.enis[0].on == 0} == {True}


@pytest.mark.parametrize("condition", worlds.CONDITIONS)
def test_a_faulty_world_has_one_faulty_interface_among_clean_ones(condition):
    made = list(worlds.faulty(condition))
    assert all([e.fault for e in w.enis].count(condition) == 1 for w in made)
    assert {w.instances[0].status for w in made} == {"Running", "Stopped"}
    assert {tuple(bool(e.fault) for e in w.enis) for w in made} == {(True,), (False, True), (True, False)}


def test_every_order_about_an_interface_is_a_condition():
    about = {order.op for order in ORDERS.values() if order.on in ("eni", "vswitch", "group")}
    assert {condition.partition("=")[0] for condition in worlds.CONDITIONS} == about
    assert len(set(worlds.CONDITIONS)) == len(worlds.CONDITIONS)


@given(worlds.random_worlds(Offer(), 3))
def test_a_random_world_is_clean(world):
    fits(Scenario(world, (Settle(),)))
    assert calls.targets(world) and all(e.status == "InUse" and not e.fault for e in world.enis)
    assert 1 <= sum(e.on == 0 for e in world.enis) <= 3
