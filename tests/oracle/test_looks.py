"""What a look may show after refusals, after a success and after a rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eni_conformance.contract.scenario import Scenario
from eni_conformance.harness.history import Rested
from eni_conformance.oracle import looks
from eni_conformance.oracle.follow import accepted
from worldly import known, seen


def rows(findings):
    return [finding.requirement for finding in findings]


def detached(eni="InUse", **arranged):
    """A detach of eni-1 was accepted."""
    return accepted(known(eni, **arranged), "eni-1", 1.0)


def test_after_refusals_nothing_differs():
    assert looks.judge(known(), seen("InUse")) == []
    assert set(rows(looks.judge(known(), seen("Available")))) == {"F01"}


def test_after_a_success_the_link_is_gone_and_nothing_else():
    assert looks.judge(detached(), seen("Available")) == []
    assert rows(looks.judge(detached(), seen("InUse"))) == ["F02"]
    assert rows(looks.judge(detached(), seen("Available", Description="new"))) == ["F04"]


def test_what_a_step_of_the_surroundings_touched_may_differ():
    touched = replace(known(), touched=frozenset({"eni-1"}))
    assert rows(looks.judge(touched, seen("Available"))) == ["M07"], "yet not to a status that nothing leads to"
    assert rows(looks.judge(touched, seen("InUse"))) == []


@pytest.mark.parametrize(
    ("statuses", "blamed"),
    [(("InUse", "Detaching"), []), (("Detaching", "Available"), []), (("Attaching",), ["F02"])],
)
def test_a_detach_leads_through_detaching_alone(statuses, blamed):
    state = replace(detached(), path={"eni-1": statuses})
    assert rows(looks.by_way_of_detaching_only(state, seen("Available"))) == blamed


def test_a_race_changes_lawfully_what_it_is_about():
    racing = known("Detaching", racing={"eni-1": frozenset({"Detaching", "Available"})})
    assert looks.judge(racing, seen("Available")) == []


def test_a_detach_that_does_not_end_is_in_doubt_unless_it_is_held():
    (finding,) = looks.stuck(detached(), seen("Detaching"))
    assert (finding.requirement, finding.clocked, finding.certainty) == ("F02", True, 0.7)
    assert list(looks.stuck(detached(), seen("Available"))) == []
    assert list(looks.stuck(detached(held=frozenset({"eni-1"})), seen("Detaching"))) == []


def test_a_detach_that_needed_asking_is_in_doubt():
    assert rows(looks.needed_asking(replace(detached(), reminded=("eni-1",)), seen("Available"))) == ["F02"]
    assert list(looks.needed_asking(detached(), seen("Available"))) == []


def test_what_changes_after_a_rest_is_late_if_it_is_our_own():
    before, now = seen("Available"), seen("Available", Description="new")
    (told,) = looks.late(Rested(before, now, frozenset(), Scenario()), frozenset())
    assert (told[0].requirement, told[0].also, told[1][0].path) == ("F08", ("F01",), "Description")
    assert list(looks.late(Rested(before, now, frozenset(), Scenario()), frozenset({"Description"}))) == []
    stranger = replace(now, enis={**before.enis, "eni-9": {"Status": "InUse"}})
    assert list(looks.late(Rested(before, stranger, frozenset(), Scenario()), frozenset())) == []
    assert len(list(looks.late(Rested(before, stranger, frozenset({"eni-9"}), Scenario()), frozenset()))) == 1


def test_a_path_that_shows_another_value_in_each_look_changes_by_itself():
    shown = {("eni-1", "Tags"): frozenset("abcd"), ("eni-1", "Status"): frozenset("ab")}
    assert looks.volatile(shown) == {"Tags"}
