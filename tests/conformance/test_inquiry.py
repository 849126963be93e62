"""What an inquiry makes of a finding."""

import pytest

from conformance.case import Arg, Call, Detach, Scenario, World
from conformance.inquiry import lasting_damage
from conformance.lab import Found
from conformance.oracle import Finding

PLAIN = Detach(Call((Arg("RegionId", "region"), Arg("InstanceId", "instance:0"))))
HOSTILE = Detach(Call((Arg("RegionId", "region"), Arg("InstanceId", "instance:0", "jinja"))))


def found(step, requirement="B01"):
    return Found(Finding(requirement, "500", "status:500"), step)


def test_an_ordinary_call_that_fails_after_a_hostile_one_shows_lasting_damage():
    made = lasting_damage(found(1), Scenario(World(), (HOSTILE, PLAIN))).finding
    assert (made.requirement, made.also) == ("B03", ("B01",))


@pytest.mark.parametrize(
    ("steps", "step", "requirement"),
    [
        ((HOSTILE,), 0, "B01"),  # the hostile call itself
        ((PLAIN, HOSTILE), 1, "B01"),
        ((PLAIN, PLAIN), 1, "B01"),  # nothing hostile came before
        ((HOSTILE, PLAIN), 1, "F01"),  # another matter
    ],
)
def test_everything_else_keeps_its_name(steps, step, requirement):
    assert lasting_damage(found(step, requirement), Scenario(World(), steps)).finding.requirement == requirement
