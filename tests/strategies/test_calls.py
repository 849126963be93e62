"""Calls: every class of fault is there by name, each breaks one rule alone, and a valid call is valid."""

from __future__ import annotations

import itertools

import pytest
from eni_conformance.contract.detach import OWNER
from eni_conformance.contract.scenario import EniSpec, InstanceSpec, Wire, World
from eni_conformance.contract.texts import FORMS, REGION_FORMS
from eni_conformance.strategies import calls, worlds
from made_real import PAGE, identifier, outcome

MIXED = World(
    (InstanceSpec("Stopped"), InstanceSpec("Starting")),
    (
        EniSpec(),
        EniSpec(status="Detaching"),
        EniSpec(on=1),
        EniSpec(fault="eni.zone"),
        EniSpec(on=None, status="Deleting"),
    ),
)
SOME_WORLDS = (worlds.ONE, worlds.TWO, worlds.WITH_STOPPED, worlds.WITH_TRANSITIONS, MIXED)
EXACT = {"exact"}


def labels(items):
    return {item.label for item in items}


def test_every_class_of_single_fault_is_there_by_name():
    """A literal list: no class can be lost without this test saying so."""
    assert labels(calls.core(worlds.TWO)) >= {
        "primary", "primary of another instance", "other instance", "interface Available",
        "missing InstanceId", "missing NetworkInterfaceId", "missing RegionId", "missing InstanceId+NetworkInterfaceId",
        "missing InstanceId+RegionId", "missing NetworkInterfaceId+RegionId",
        "missing RegionId+InstanceId+NetworkInterfaceId",
        "InstanceId last changed", "NetworkInterfaceId last changed", "InstanceId half", "NetworkInterfaceId half",
        "InstanceId empty", "NetworkInterfaceId empty", "InstanceId upper", "NetworkInterfaceId upper",
        "InstanceId trailing space", "NetworkInterfaceId trailing space", "InstanceId sql", "NetworkInterfaceId sql",
        "RegionId unknown region", "RegionId empty", "RegionId upper", "RegionId slash", "RegionId is second_region",
        "RegionId is zone", "RegionId is instance", "InstanceId is eni", "InstanceId is primary",
        "InstanceId is region", "InstanceId is instance_name", "NetworkInterfaceId is instance",
        "NetworkInterfaceId is region", "ids swapped",
    }  # fmt: skip
    assert labels(calls.core(MIXED)) >= {
        "interface Detaching", "interface InUse", "interface InUse eni.zone", "interface Deleting", "primary",
    }  # fmt: skip


def test_every_form_of_every_identifier_is_tried():
    found = labels(calls.texts(worlds.TWO))
    for name in calls.IDS:
        assert {f"{name} {form}" for form in FORMS.keys() - EXACT} <= found
        assert {f"{name} twice, unknown", f"{name} twice, two unknown"} <= found
    assert {f"RegionId {form}" for form in REGION_FORMS.keys() - EXACT} <= found
    assert {"misnamed InstanceId as instanceId", "misnamed RegionId as regionId"} <= found


@pytest.mark.parametrize("world", SOME_WORLDS)
def test_a_valid_call_is_valid_and_a_fault_is_a_fault(world):
    """Strategies and oracle agree, though neither knows the other: what is labelled a fault must be refused."""
    for k in calls.targets(world):
        made = outcome(world, calls.on(world, k))
        assert made.success and not made.refusals and made.target == identifier("eni", k)
    for item in (*calls.core(world), *calls.texts(world), *calls.plainest(world)):
        made = outcome(world, item.call)
        assert item.label == "interface Detaching" or (made.refusals and not made.success), item.label


def test_a_single_fault_breaks_one_rule_alone():
    """Of a plain World; a text that nothing can read breaks two, as two rows may answer it."""
    for item in (*calls.core(worlds.ONE), *calls.texts(worlds.ONE)):
        if not item.label.startswith(("missing ", "ids ")):
            made = outcome(worlds.ONE, item.call)
            assert made.perhaps == ()
            assert len(made.broken) == (2 if "text is readable" in made.broken else 1), item.label


def test_each_set_of_required_parameters_is_left_out_once():
    left = [frozenset(calls.NAMES) - {a.name for a in item.call.args} for item in calls.missing(calls.valid(0))]
    sets = [frozenset(some) for size in (1, 2, 3) for some in itertools.combinations(calls.NAMES, size)]
    assert sorted(left, key=sorted) == sorted(sets, key=sorted)


def test_what_rides_along_leaves_the_required_parameters_as_they_are():
    made = calls.dressed(calls.valid(1), Wire("POST"), (calls.OWNER,), "expired")
    assert made.args == (*calls.valid(1).args, calls.OWNER) and made.wire == Wire("POST") and made.caller == "expired"
    assert calls.dressed(made, Wire()).caller == "expired"
    owners = {a.name for extra in calls.EXTRAS for a in extra}
    assert owners == set(OWNER)
    declared = {p.name for p in PAGE.parameters} | owners
    assert not {a.name for extra in calls.UNDECLARED for a in extra} & declared


@pytest.mark.parametrize("two", [True, False])
def test_one_of_each_class_is_the_first_of_it(two):
    every = calls.core(worlds.plain(worlds.Offer(two_instances=two)))
    chosen = calls.one_of_each(every)
    assert labels(chosen) == labels(every) and len(chosen) == len(labels(every)) > 30
    assert all(item == next(other for other in every if other.label == item.label) for item in chosen)
