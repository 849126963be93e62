"""Calls of every kind after each thing that may change a World."""

from __future__ import annotations

import pytest
from eni_conformance.contract.scenario import Detach, Parallel, Settle
from eni_conformance.strategies import afterwards
from eni_conformance.strategies.calls import RIDING_ALONG
from eni_conformance.strategies.worlds import DETAILS, Offer
from made_real import fits

CALLERS = ("expired", "ram_denied")


@pytest.mark.parametrize("offer", [Offer(), Offer(two_instances=False), Offer(quota=2, second_zone=False)])
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_every_change_is_followed_by_its_battery(offer, seed):
    made = list(afterwards.after_each(offer, CALLERS, 2, seed))
    wanted = [name for name, change in afterwards.CHANGES.items() if offer.two_instances or not change.two_instances]
    assert [scenario.name for scenario in made] == [f"after {name}" for name in wanted] * 2
    for scenario in made:
        fits(scenario)
        assert sum(eni.on == 0 for eni in scenario.world.enis) < offer.quota
        assert scenario.steps[-1] == Settle()


@pytest.mark.parametrize("change", afterwards.CHANGES.values(), ids=afterwards.CHANGES)
def test_each_battery_names_each_kind_of_interface_for_each_caller_with_all_that_rides_along(change):
    """What changes the World comes first and last, so that the battery stands after this change."""
    scenario = afterwards.after(change, 3, Offer(), CALLERS)
    calls = [step.call for step in scenario.steps[len(change.steps) :] if isinstance(step, Detach)]
    assert {arg.ref for call in calls for arg in call.args} >= {f"eni:{k}" for k in range(len(DETAILS))}
    assert {call.caller for call in calls} == {"account", *CALLERS}
    ridden = {tuple(arg for arg in call.args if arg.ref == "") for call in calls}
    assert ridden >= set(RIDING_ALONG)
    plain = [call for call in calls if call.caller == "account" and [arg.form for arg in call.args] == ["exact"] * 3]
    assert calls[-len(plain) :] == plain and len(plain) == len(DETAILS)


def test_the_interfaces_differ_in_every_property():
    for name in ("past", "tags", "groups", "addresses", "name", "description", "delete_on_release", "other_vswitch"):
        assert len({getattr(eni, name) for eni in DETAILS}) > 1, name
    assert {eni.name for eni in DETAILS} == {"", "plain", "long", "unicode", "same"}


@pytest.mark.parametrize("callers", [(), ("a",), ("a", "b"), ("a", "b", "c")])
def test_no_call_of_a_battery_is_left_out(callers):
    """Whether it is sent alone, after a probe or beside another one."""
    change = afterwards.CHANGES["modify"]
    sent = [
        [
            repr(part.call.args)
            for step in afterwards.after(change, number, Offer(), callers).steps
            for part in (step.steps if isinstance(step, Parallel) else (step,))
            if isinstance(part, Detach)
        ]
        for number in range(len(afterwards.COMPANY))
    ]
    assert len({len(calls) for calls in sent}) == 1
