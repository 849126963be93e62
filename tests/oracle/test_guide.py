"""What a play asks while it is played; nothing of it is a verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eni_conformance.contract.scenario import Detach, Scenario, World
from eni_conformance.harness.history import Acted, Arranged, Looked
from eni_conformance.harness.values import Deed
from eni_conformance.oracle.guide import guide_of
from worldly import PAGE, PLACE, exchange, known, seen, sent

GUIDE = guide_of(PAGE)


def begun(eni="InUse"):
    arranged = Arranged(("i-1",), ("eni-1",), ("",), ("",), "", seen(eni))
    return GUIDE.begin(Scenario(World(), (Detach(),)), PLACE, arranged)


def test_an_accepted_detach_is_waited_for_and_its_end_explains_the_look():
    state = GUIDE.follow(begun(), sent())
    assert GUIDE.detached(state) == {"eni-1": "i-1"} and GUIDE.touched(state)
    assert GUIDE.waiting(state, seen("Detaching")) == ["eni-1"]
    assert GUIDE.explained(state, Looked(0, "settled", seen("Available")))
    assert not GUIDE.explained(state, Looked(0, "settled", seen("InUse")))


def test_what_was_just_detached_is_described_in_another_way():
    state = GUIDE.follow(begun(), sent())
    assert GUIDE.view(state, seen("Available")) == ("eni-1", "i-1")
    assert GUIDE.view(state, seen("InUse")) is None, "what is wrong already needs no other view"
    assert GUIDE.view(begun(), seen("InUse")) is None, "nothing was detached"


def test_after_a_look_that_shows_something_wrong_the_play_is_over():
    state = GUIDE.follow(begun(), sent())
    assert not GUIDE.over(state)
    assert GUIDE.over(GUIDE.follow(state, Looked(0, "settled", seen("InUse"))))


def test_an_answer_that_is_right_does_not_pass_and_one_that_may_go_by_does():
    assert not GUIDE.passes(begun(), sent())
    assert GUIDE.passes(begun(), sent(409, "OperationConflict"))


def test_what_changed_while_nothing_was_sent_changes_by_itself():
    assert GUIDE.itself(seen("InUse"), seen("InUse", Description="2")) == {"Description"}
    assert GUIDE.itself(seen("InUse"), seen("Available")) == frozenset(), "operations bring that about"


def test_a_lesson_says_whether_the_world_may_be_used_again():
    clean = GUIDE.follow(GUIDE.follow(begun(), sent()), Looked(0, "settled", seen("Available")))
    assert GUIDE.lesson(clean).clean and not GUIDE.lesson(clean).flawed
    flawed = GUIDE.follow(GUIDE.follow(begun(), sent()), Looked(0, "settled", seen("InUse")))
    assert GUIDE.lesson(flawed).flawed and not GUIDE.lesson(flawed).clean
    assert not GUIDE.lesson(replace(known(), undecided="lost")).clean


@pytest.mark.parametrize(
    ("code", "damaged"), [("InvalidOperation.InvalidEniState", {"eni-1"}), ("EniPerInstanceLimitExceeded", set())]
)
def test_what_cannot_be_attached_again_is_not_to_be_used_again(code, damaged):
    """A smaller Scenario with it would be refused, too, whatever the endpoint had minded. A slot is another matter."""
    free = GUIDE.follow(GUIDE.follow(begun(), sent()), Looked(0, "settled", seen("Available")))
    refused = GUIDE.follow(free, Acted(1, Deed("attach", "eni-1", "i-1"), exchange(403, code)))
    assert len(refused.found) == 1 and GUIDE.lesson(refused).damaged == damaged


@pytest.mark.parametrize(
    ("before", "now", "explained"),
    [
        ("09:00:01", "09:00:01", False),
        ("09:00:01", "09:00:07", True),
        ("1970-01-01T00:00Z", "1970-01-01T00:00Z", True),  # in minutes, and that minute is not over
    ],
)
def test_a_play_ends_when_the_start_time_of_a_reboot_is_shown(before, now, explained):
    """Shown later it would seem to be the work of the next play."""

    def look(when):
        snapshot = seen("InUse")
        return replace(snapshot, instances={"i-1": {**snapshot.instances["i-1"], "StartTime": when}})

    state = replace(begun(), snapshot=look(before))
    rebooted = GUIDE.follow(state, Acted(0, Deed("reboot", "eni-1", "i-1"), exchange()))
    assert GUIDE.explained(rebooted, Looked(-1, "settled", look(now))) == explained
