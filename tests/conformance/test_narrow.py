"""Which requirements were chosen, and which part of a Scenario is for them."""

from __future__ import annotations

import pytest
from eni_conformance.conformance.narrow import by_rule, chosen, part
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import Act, Arg, Call, Detach, EniSpec, InstanceSpec, Scenario, Settle, World

PAGE = CONTRACTS["2019"]
PLACE = (Arg("RegionId", "region"), Arg("InstanceId", "instance:0"))
VALID = Detach(Call((*PLACE, Arg("NetworkInterfaceId", "eni:0"))))
PRIMARY = Detach(Call((*PLACE, Arg("NetworkInterfaceId", "primary:0"))))
WORLD = World((InstanceSpec(),), (EniSpec(),))


@pytest.mark.parametrize(
    ("text", "ids"),
    [("", set()), ("E12", {"E12"}), ("e12, ENI-DETACH-S01", {"E12", "S01"}), ("ENI-DETACH-E12,E12", {"E12"})],
)
def test_requirements_are_chosen_by_their_ids(text, ids):
    assert chosen(text, PAGE) == ids


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("E99", "there is no requirement E99; the nearest are ENI-DETACH-E"),
        ("E12,", "there is no requirement"),
        ("primary", "there is no requirement PRIMARY; the nearest are"),
    ],
)
def test_one_that_there_is_not_is_refused_with_the_nearest(text, said):
    with pytest.raises(ValueError, match=said):
        chosen(text, PAGE)


@pytest.mark.parametrize(
    ("short", "single"), [("E12", True), ("G01", True), ("F02", False), ("M01", False), ("R01", False)]
)
def test_a_refusal_speaks_of_single_calls_and_an_effect_of_every_call(short, single):
    assert by_rule(short, PAGE) is single


def test_of_a_scenario_only_the_calls_that_break_the_rule_are_sent():
    both = Scenario(WORLD, (VALID, Settle(), PRIMARY))
    assert part(both, frozenset({"E12"}), PAGE) == Scenario(WORLD, (PRIMARY,))
    assert part(Scenario(WORLD, (VALID,)), frozenset({"E12"}), PAGE) is None


def test_what_a_call_rests_on_is_kept():
    """The second detach is refused because the first one was accepted."""
    twice = Scenario(WORLD, (VALID, Settle(), VALID))
    assert part(twice, frozenset({"E11"}), PAGE) == twice
    stopped = Scenario(WORLD, (Act("stop", instance=0), Settle(), PRIMARY))
    assert PRIMARY in part(stopped, frozenset({"E12"}), PAGE).steps


def test_for_other_requirements_a_scenario_stays_whole():
    both = Scenario(WORLD, (VALID, PRIMARY))
    assert part(both, frozenset({"F02"}), PAGE) is both
    assert part(both, frozenset({"E12", "F02"}), PAGE) is both
