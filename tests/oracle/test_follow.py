"""What is known, one event after the other."""

from __future__ import annotations

import pytest
from eni_conformance.harness.values import Deed
from eni_conformance.oracle.findings import RefusalChanged
from eni_conformance.oracle.follow import (
    Found,
    accepted,
    after_deed,
    disturbed,
    look_says,
    rested,
    say,
    waiting,
)
from eni_conformance.oracle.frame import Change
from worldly import history, known, seen, sent

FINDING = RefusalChanged("F01", "changed", "changed")
TAGS = Change("eni-1", "Tags", None, "new")


def test_an_accepted_detach_is_waited_for_until_it_is_available():
    state = accepted(known(), "eni-1", 5.0)
    assert (state.detached, state.accepted_at) == ({"eni-1": "i-1"}, {"eni-1": 5.0})
    assert waiting(state, seen("InUse")) == waiting(state, seen("Detaching")) == ["eni-1"]
    assert waiting(state, seen("Available")) == []


@pytest.mark.parametrize("target", ["", "eni-9"])
def test_a_success_that_may_mean_several_interfaces_promises_nothing(target):
    state = known()
    assert accepted(state, target, 5.0) is state


def test_what_is_held_in_transition_is_not_waited_for():
    state = accepted(known(held=frozenset({"eni-1"})), "eni-1", 5.0)
    assert waiting(state, seen("Detaching")) == []


@pytest.mark.parametrize(
    ("deed", "end"),
    [
        (Deed("attach", "eni-1", "i-1"), "InUse"),
        (Deed("delete", "eni-1"), ""),
        (Deed("stop", "", "i-1"), "Stopped"),
        (Deed("start", "", "i-1"), "Running"),
    ],
)
def test_an_operation_of_the_surroundings_leads_to_its_end(deed, end):
    state = after_deed(known("Available"), deed)
    assert state.ends == {deed.moves: end} and state.touched == {deed.moves}


def test_what_is_attached_again_is_no_longer_awaited_free():
    state = after_deed(accepted(known(), "eni-1", 5.0), Deed("attach", "eni-1", "i-1"))
    assert state.detached == {} and waiting(state, seen("Available")) == ["eni-1"]


def test_another_interface_that_moves_is_a_disturbance():
    assert disturbed(known(), seen("Available"))
    assert not disturbed(accepted(known(), "eni-1", 5.0), seen("Available"))
    assert not disturbed(known(), seen("InUse"))


def test_after_a_look_that_counts_everything_is_judged_by_it():
    state = rested(accepted(known(), "eni-1", 5.0), seen("Available"))
    assert (state.detached, state.touched, state.refused) == ({}, frozenset(), 0)
    assert state.known.enis["eni-1"].statuses == {"Available"}


def test_after_what_an_answer_shows_it_may_go_on_and_after_what_a_look_shows_not():
    assert not say(known(), FINDING, 0).dirty and say(known(), FINDING, 0, dirty=True).dirty
    assert look_says(known(), FINDING, 0, seen("Available")).dirty


def test_a_change_of_what_an_earlier_step_detached_is_told_as_late():
    state = known("Available")
    (now,) = look_says(state, FINDING, 1, seen("Available"), (TAGS,)).found
    assert now.finding.requirement == "F01"
    freed = rested(state, seen("Available"))
    freed = type(freed)(**{**vars(freed), "freed": frozenset({("eni-1", 0)})})
    (late,) = look_says(freed, FINDING, 1, seen("Available"), (TAGS,)).found
    assert (late.finding.requirement, late.finding.also) == ("F08", ("F01",))


def test_a_finding_tells_how_many_calls_had_been_sent_by_then():
    played = history(sent(), sent())
    assert [Found(FINDING, 0, n=n, history=played).calls for n in (0, 1, 2, 3)] == [0, 0, 1, 0]
    assert Found(FINDING, 0, n=1).calls == 0
