"""Answers to calls under test: which table they are of, which may pass, and which are blamed on a lost answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import Call, Scenario
from eni_conformance.harness.codec import gist
from eni_conformance.harness.history import Arranged, Circumstances, Sent
from eni_conformance.harness.values import Asked, Exchange, Param, Request, Snapshot
from eni_conformance.oracle import answers
from eni_conformance.oracle.answers import came as came_of
from eni_conformance.oracle.checks import follow
from eni_conformance.oracle.follow import State, begin, listed
from eni_conformance.oracle.readings import Admissible, Reply

PAGE = CONTRACTS["2019"]
REGION = "cn-hangzhou"


# --- which table an answer is of ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "reply", "row", "table"),
    [
        ("interface exists", Reply(404, "InvalidEniId.NotFound"), "E14", "page"),
        ("instance exists", Reply(403, "InvalidInstanceId.NotFound"), "E13", "common"),
        ("RAM user is authorised", Reply(403, "Forbidden.RAM"), "E06", "common"),
        ("RAM user is authorised", Reply(403, "Forbidden.SubUser"), "E06", "page"),
        ("caller owns the resources", Reply(404, "InvalidEniId.NotFound"), "E14", "page"),
        ("caller owns the resources", Reply(403, "Forbidden.InstanceNotFound"), "E13", "common"),
    ],
)
def test_an_answer_is_of_the_page_if_it_can_be(broken: str, reply: Reply, row: str, table: str) -> None:
    """Only what the page does not have is of the common table, and evidence for the row of the fault."""
    came = came_of(Admissible(CONTRACTS["2019"].refusals(broken), False, (broken,)), reply)
    assert came is not None and (came.row, came.table) == (row, table)


def test_an_answer_that_nothing_admits_came_from_nowhere() -> None:
    assert came_of(Admissible(CONTRACTS["2019"].refusals("interface exists"), False, ()), Reply(404, "Odd")) is None


# --- what one view shows, exists ---------------------------------------------------------------------


def test_an_interface_that_only_its_instance_lists_is_known_with_its_type() -> None:
    """Its type as the instance tells it, or as a primary one where it is the instance's own."""
    entries = (
        {"NetworkInterfaceId": "eni-p"},
        {"NetworkInterfaceId": "eni-t", "Type": "Trunk"},
        {"NetworkInterfaceId": "eni-s"},
    )
    fields: Any = {"Status": "Running", "NetworkInterfaces": tuple(map(json.dumps, entries))}
    known = listed(Snapshot(0.0, {}, {"i-1": fields, "i-2": {"Status": "Running"}}), ("eni-p",))
    assert {eni: one.type for eni, one in known.items()} == {"eni-p": "Primary", "eni-t": "Trunk", "eni-s": "Secondary"}
    assert {one.on for one in known.values()} == {frozenset({"i-1"})}
    assert {one.statuses for one in known.values()} == {frozenset({"InUse"})}


# --- answers that may pass ---------------------------------------------------------------------------

REQUEST = Request("DetachNetworkInterface", "2014-05-26", "GET", "http://127.0.0.1/", (), (), b"", "account", "v1")
ASKED = Asked((Param("RegionId", REGION), Param("InstanceId", "i-1"), Param("NetworkInterfaceId", "eni-1")))
IN_USE: Any = Snapshot(0.0, {"eni-1": {"Status": "InUse", "InstanceId": "i-1"}}, {"i-1": {"Status": "Running"}})
LEAVING: Any = Snapshot(0.0, {"eni-1": {"Status": "Detaching", "InstanceId": "i-1"}}, {"i-1": {"Status": "Running"}})
FREE: Any = Snapshot(0.0, {"eni-1": {"Status": "Available"}}, {"i-1": {"Status": "Running"}})
VALID = Admissible((), True, (), target="eni-1")
WRONG_STATE = "interface InUse or Detaching"
FREE_ONE = Admissible(PAGE.refusals(WRONG_STATE), False, (WRONG_STATE,))


def came(status: int, code: str = "", outcome: Any = "answered", **more: Any) -> Exchange:
    """What came back: a refusal with a code, a page without one, or no answer."""
    body = json.dumps({"RequestId": "R", "Code": code, "Message": "m"}).encode() if code else b"<html>no</html>"
    return Exchange("x-1", REQUEST, 0.0, 0.1, outcome, status, "", (), body, **more)


def before(snapshot: Snapshot = IN_USE, *, tolerates: bool = False) -> State:
    """What is known before a call."""
    place = Circumstances(REGION, frozenset({REGION}), 3, tolerates=tolerates)
    return begin(PAGE, Scenario(), place, Arranged(("i-1",), ("eni-1",), ("",), ("",), "", snapshot))


CONFLICT, DONE = came(409, "OperationConflict"), came(200, "ok")
NOT_FREE = came(403, "InvalidOperation.InvalidEniState")
FAILURES = [came(500, "InternalError"), came(502), came(400, "UnknownError"), came(0, outcome="reset")]


@pytest.mark.parametrize("answer", [CONFLICT, NOT_FREE, *FAILURES], ids=gist)
def test_behind_a_network_an_answer_that_is_wrong_may_pass(answer: Exchange) -> None:
    assert answers.passes(before(tolerates=True), VALID, answer)


@pytest.mark.parametrize("answer", [NOT_FREE, came(500, "InternalError"), came(502), FAILURES[-1]], ids=gist)
def test_on_this_machine_a_failure_counts_at_once_and_so_does_a_state_that_is_not_known(answer: Exchange) -> None:
    assert not answers.passes(before(), VALID, answer)


def test_that_something_else_is_at_work_is_no_failure_anywhere() -> None:
    assert answers.passes(before(), VALID, CONFLICT)


@pytest.mark.parametrize("tolerates", [True, False])
def test_the_answer_that_the_page_asks_for_does_not_pass(tolerates: bool) -> None:
    """A code on the state is what a wrong state is to be refused with; any documented refusal is judged as it comes."""
    right = came(PAGE.errors["E11"].http[0], "InvalidOperation.InvalidEniState")
    for answer in (right, came(404, "InvalidEniId.NotFound"), came(400, "Odd"), DONE):
        assert not answers.passes(before(tolerates=tolerates), FREE_ONE, answer)


@pytest.mark.parametrize(("look", "so"), [(LEAVING, True), (FREE, True), (IN_USE, False)])
def test_a_look_tells_whether_a_call_was_carried_out_all_the_same(look: Snapshot, so: bool) -> None:
    assert answers.moved_on(before(), VALID, look) is so


def test_the_refusal_of_a_second_sending_is_blamed_on_the_lost_answer_of_the_first() -> None:
    """It was carried out, and what is wrong is that nobody said so: B02, and not the row of the refusal."""
    refusal = came(400, "InvalidOperation.InvalidEniState", resent=True)
    state = follow(before(), Sent(0, Call(), ASKED, refusal, done=FREE)).state
    assert [one.finding.requirement for one in state.found] == ["B02"]
    assert dict(state.detached) == {"eni-1": "i-1"}


def test_a_call_that_was_carried_out_although_its_answer_may_pass_is_blamed_for_nothing() -> None:
    state = follow(before(tolerates=True), Sent(0, Call(), ASKED, NOT_FREE, passed=(NOT_FREE,), done=FREE)).state
    assert state.found == () and dict(state.detached) == {"eni-1": "i-1"}
