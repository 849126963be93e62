"""`-k`: which requirements were chosen, and which part of a Scenario is for them."""

from __future__ import annotations

import pytest
from eni_conformance.conformance import narrow
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.gateway import PROBES
from eni_conformance.contract.scenario import (
    Act,
    Arg,
    Call,
    Detach,
    EniSpec,
    InstanceSpec,
    Probe,
    Scenario,
    Settle,
    World,
)
from eni_conformance.strategies import sweeps
from eni_conformance.strategies.worlds import Offer

PAGE = CONTRACTS["2019"]
FIRST = Detach()
PRIMARY = Detach(Call((*Call().args[:2], Arg("NetworkInterfaceId", "primary:0"))))
UNKNOWN = Detach(Call((*Call().args[:2], Arg("NetworkInterfaceId", "eni:0", "last changed"))))
LACKING = Detach(Call(Call().args[:2]))


def steps(chosen, *all_of_them, world=World()):  # noqa: B008 - a frozen value
    part = narrow.part(Scenario(world, all_of_them), narrow.chosen(chosen, PAGE), PAGE)
    return None if part is None else part.steps


@pytest.mark.parametrize("text", ["E12,S01", "ENI-DETACH-E12, eni-detach-s01", "s01,e12"])
def test_requirements_are_named_by_short_or_full_ids(text):
    assert narrow.chosen(text, PAGE) == {"E12", "S01"}
    assert narrow.chosen("", PAGE) == frozenset()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("E1", "the nearest are ENI-DETACH-E10, ENI-DETACH-E11,"),
        ("ENI-DETACH-E99", "ENI-DETACH-E09, ENI-DETACH-E19"),
        ("E12,primary", "the nearest are ENI-DETACH-E12, ENI-DETACH-S01"),  # a word of its sentence
        ("X01", "add --revision 2024"),
        ("E12,", "there is no requirement"),
    ],
)
def test_an_id_that_there_is_not_is_refused_with_the_nearest(text, told):
    with pytest.raises(ValueError, match=told):
        narrow.chosen(text, PAGE)


def test_of_a_scenario_the_calls_for_the_refusal_are_left():
    sent = (FIRST, Settle(), PRIMARY, UNKNOWN, LACKING, Settle())
    assert steps("E12", *sent) == (PRIMARY,)
    assert steps("E14", *sent) == (UNKNOWN,)
    assert steps("E03", *sent) == (LACKING,)
    assert steps("E12,E03", *sent) == (PRIMARY, LACKING)
    assert steps("E10", *sent) is None


def test_a_state_is_a_reason_as_well():
    assert steps("E10", FIRST, PRIMARY, world=World((InstanceSpec("Starting"),))) == (FIRST, PRIMARY)
    assert steps("E16", FIRST, UNKNOWN, world=World(enis=(EniSpec(fault="security_group.remove"),))) == (FIRST,)
    assert steps("E23", FIRST, LACKING, world=World(faults=("region.feature",))) == (FIRST, LACKING)


def test_what_a_call_rests_on_stays():
    """The second call is refused because the first was accepted; an attach in between undoes that."""
    assert steps("E11", PRIMARY, FIRST, Settle(), FIRST, LACKING) == (FIRST, Settle(), FIRST)
    assert steps("E11", FIRST, Settle(), Act("attach"), Settle(), FIRST) is None
    assert steps("E12", Act("stop"), PRIMARY, FIRST) == (Act("stop"), PRIMARY)


def test_a_probe_is_for_the_requirement_that_it_is_made_for():
    every = [Probe(name) for name in PROBES]
    of_keys = tuple(probe for probe in every if PROBES[probe.name].requirement == "G05")
    assert of_keys and steps("G05", *every, FIRST) == of_keys


@pytest.mark.parametrize("chosen", ["F01", "R01", "M06", "B01", "S04", "G08", "E12,F01"])
def test_what_speaks_of_every_call_leaves_a_scenario_whole(chosen):
    assert steps(chosen, FIRST, Settle(), PRIMARY) == (FIRST, Settle(), PRIMARY)


@pytest.mark.parametrize("row", [short for short in PAGE.requirements if narrow.refusal(short, PAGE)])
def test_what_is_left_of_the_sweeps_is_in_their_order(row):
    every = (sweeps.calls(Offer(), 1), *sweeps.states(Offer()), *sweeps.callers(("expired", "other_account")))
    for scenario in every:
        part = narrow.part(scenario, frozenset({row}), PAGE)
        rest = iter(scenario.steps)
        assert part is None or all(step in rest for step in part.steps)


def test_a_second_spelling_is_tried_with_the_first():
    later = CONTRACTS["2024"]
    assert narrow.tried_with(frozenset({"X02"}), later) >= {"X02", "E13"}
    assert narrow.part(Scenario(World(), (FIRST, LACKING)), frozenset({"X02"}), later) is None
