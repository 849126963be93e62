"""What must hold between answers: only answers that are stable are compared, and what is not known is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eni_conformance.contract.scenario import Call, Wire
from eni_conformance.harness.history import Question
from eni_conformance.oracle import relations
from eni_conformance.oracle.readings import Reply
from worldly import compared, known

GET, POST = Wire(), Wire(method="POST", place="form")
GONE, ODD = "404 InvalidEniId.NotFound", "400 Odd"


def after(*answers, stable=None):
    """What is known after these answers. stable: whether each was found to come again, None if nobody asked."""
    again = () if stable is None else tuple((one.call, one.reply, stable) for one in answers)
    return replace(known(), compared=answers, again=again)


def blamed(state):
    return [(finding.requirement, one.call.wire) for finding, one in relations.judge(state)]


@pytest.mark.parametrize(
    ("other", "ids"),
    [
        ({"method": "POST", "place": "form"}, ("M01",)),
        ({"format": ""}, ("M02",)),
        ({"signing": "v3"}, ("M03",)),
        ({"signing": "v3", "method": "POST"}, ("M01", "M03")),
        ({"order": "rotated"}, ("M04",)),
        ({}, ("M08",)),
    ],
)
def test_in_what_two_wire_forms_differ(other, ids):
    one = Call(wire=Wire("GET", "query", "JSON", "v1", "given"))
    assert relations.differs(one, replace(one, wire=replace(one.wire, **other))) == ids


def test_two_stable_answers_to_one_call_are_blamed_on_the_wire_form():
    assert blamed(after(compared(GONE, GET), compared(ODD, POST), stable=True)) == [("M01", POST)]


def test_an_endpoint_that_answers_now_so_now_so_is_not_blamed():
    assert blamed(after(compared(GONE, GET), compared(ODD, POST), stable=False)) == []


def test_the_same_answer_is_no_difference():
    assert blamed(after(compared(GONE, GET), compared(GONE, POST))) == []


def test_what_is_not_known_to_be_stable_is_asked_and_not_judged():
    state = after(compared(GONE, GET), compared(ODD, POST))
    assert blamed(state) == []
    asked = relations.question(state)
    assert isinstance(asked, Question) and (asked.status, asked.code) == (404, "InvalidEniId.NotFound")
    assert relations.question(after(compared(GONE, GET), compared(ODD, POST), stable=True)) is None


def test_answers_to_other_calls_are_not_compared():
    assert blamed(after(compared(GONE, GET), compared(ODD, POST, key="another"), stable=True)) == []


def test_repeated_parameters_are_read_in_one_way():
    one, two = compared(GONE, fits="first", grouped=False), compared(ODD, fits="last", grouped=False)
    assert [finding.requirement for finding, _ in relations.judge(after(one, two, stable=True))] == ["P08"]
    assert relations.judge(after(one, replace(two, fits="first"), stable=True)) == []


def test_another_tenant_is_not_told_what_exists():
    there, absent = compared(ODD, grouped=False, exists=True), compared(GONE, GET, grouped=False, exists=False)
    assert [finding.requirement for finding, _ in relations.judge(after(there, absent, stable=True))] == ["C01"]
    alike = replace(there, reply=Reply(404, "InvalidEniId.NotFound"))
    assert relations.judge(after(alike, absent, stable=True)) == []
