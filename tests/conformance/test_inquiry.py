"""What an inquiry makes of a finding."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.case import Arg, Call, Detach, Scenario, World
from conformance.inquiry import EFFORTS, Inquiry, lasting_damage
from conformance.lab import Found
from conformance.oracle import Finding
from conformance.record import Record

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


@pytest.mark.parametrize(
    ("times", "marks", "out"),
    [
        (0.5, ("E07", "R08"), False),  # there is time
        (1.5, ("R08",), True),
        (1.5, ("E03",), True),  # its code has been seen
        (1.5, ("E07", "R08"), False),  # judged, yet its code has not been seen: it would stay inconclusive
        (2.5, ("E07", "R08"), True),
        (2.5, ("E07", "F01"), False),  # never judged
    ],
)
def test_what_is_left_out_when_time_is_short(times, marks, out):
    book = Record()
    book.judged.update(("E03", "E07", "R08"))
    book.provoked["E03"] = 1
    lab: Any = SimpleNamespace(record=book)
    none: Any = None
    effort = EFFORTS["quick"]
    began = time.monotonic() - times * effort.seconds
    inquiry = Inquiry(lab, effort, {}, {}, none, none, frozenset(), began=began)
    assert inquiry.left_out(marks) is out
    assert bool(book.notes) is out
