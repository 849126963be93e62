"""Answers that may pass, were lost, or came from elsewhere, as literal histories in pairs: spared, and blamed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from eni_conformance.contract.common import PASSING
from eni_conformance.contract.scenario import Wire
from eni_conformance.harness.history import LeftOut, Ordered
from histories import (
    POST,
    V1,
    V3,
    XML,
    acted,
    again,
    answered,
    as_xml,
    at_the_end,
    blamed,
    call,
    looked,
    of_border,
    probed,
    seen_as,
    sent,
    shown,
    twice,
    undecided,
    waiting,
)

WRONG_STATE, CONFLICT, FULL = "InvalidOperation.InvalidEniState", "OperationConflict", "EniPerInstanceLimitExceeded"
FREE, USED = looked("Available"), looked("InUse")
OF_TWO, OF_NOBODY = call("eni-2"), call("eni-x")


# --- answers that may pass ---------------------------------------------------------------------------


def status_of(code: str) -> int:
    """The last status that the table has of a code."""
    return next(row.http[-1] for row in PASSING if row.code == code)


PASSES = [row.code for row in PASSING]


def page(code: str, **more: object) -> dict[str, object]:
    """A refusal of the passing table, or a page without a code."""
    return {"status": status_of(code), "code": code, **({} if code else {"body": b"<html>502</html>"}), **more}


@pytest.mark.parametrize("code", PASSES, ids=lambda code: code or "a page without a code")
def test_an_answer_that_passed_is_not_blamed(code: str) -> None:
    came = answered(**page(code))  # type: ignore[arg-type]
    assert blamed(sent(passed=(came,)), FREE, tolerates=True) == []
    assert blamed(sent(passed=(came,) * 3), FREE, tolerates=True) == []


@pytest.mark.parametrize("code", PASSES, ids=lambda code: code or "a page without a code")
def test_an_answer_that_does_not_pass_to_the_end_is_blamed(code: str) -> None:
    came = sent(**page(code))  # type: ignore[arg-type]
    ended = replace(came, passed=(came.exchange,) * 3)
    expected = "B01 Failed" if status_of(code) >= 500 else "S04 Refused"
    assert expected in blamed(ended, USED, tolerates=True)


@pytest.mark.parametrize("code", PASSES, ids=lambda code: code or "a page without a code")
def test_what_was_carried_out_although_its_answer_may_pass_is_followed(code: str) -> None:
    came = sent(**page(code))  # type: ignore[arg-type]
    done = replace(came, passed=(came.exchange,), done=shown("Detaching"))
    assert blamed(done, waiting("Detaching"), FREE, tolerates=True) == []
    assert blamed(done, USED, tolerates=True) == ["F02 AfterSuccess"]


@pytest.mark.parametrize("outcome", ["reset", "timeout"])
def test_no_answer_passes_too_and_to_the_end_it_does_not(outcome: str) -> None:
    came = answered(0, outcome=outcome)
    assert blamed(sent(passed=(came,)), FREE, tolerates=True) == []
    assert blamed(sent(0, outcome=outcome, passed=(came,) * 3), tolerates=True) == ["B02 NoAnswer"]


def test_a_connection_that_was_dropped_after_the_call_was_carried_out_convicts_nobody_behind_a_network() -> None:
    dropped = sent(0, outcome="reset")
    done = replace(dropped, passed=(dropped.exchange,), done=shown("Detaching"))
    assert blamed(done, waiting("Detaching"), FREE, tolerates=True) == []
    assert blamed(dropped) == ["B02 NoAnswer"]


def test_what_was_throttled_to_the_end_is_blamed_for_nothing() -> None:
    assert blamed(sent(503, "Throttling", throttled=True), USED) == []


# --- answers that were lost --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code"), [(400, WRONG_STATE), (404, "InvalidEniId.NotFound"), (500, "InternalError")]
)
def test_the_refusal_of_a_second_sending_is_blamed_on_the_answer_that_was_lost(status: int, code: str) -> None:
    lost = sent(status, code, resent=True, done=shown("Detaching"))
    assert blamed(lost, FREE) == ["B02 NoAnswer"]


def test_the_refusal_of_a_second_sending_counts_where_the_first_had_no_effect() -> None:
    assert blamed(sent(400, WRONG_STATE, resent=True), USED) == ["S04 Refused"]


def test_a_second_sending_that_is_accepted_is_like_any_other() -> None:
    assert blamed(sent(200, resent=True), FREE) == []


def test_an_attach_that_was_refused_at_its_second_sending_had_been_carried_out() -> None:
    lost = acted("attach", 400, WRONG_STATE, shown=True, resent=True, step=2)
    assert blamed(sent(), FREE, lost, looked("InUse", step=3)) == []
    assert blamed(sent(), FREE, replace(lost, shown=False)) == ["F07 NotAttachedAgain"]


@pytest.mark.parametrize("more", [{"outcome": "reset"}, {"throttled": True}])
def test_nothing_is_judged_after_an_operation_without_an_answer(more: dict[str, object]) -> None:
    """It may have been carried out."""
    assert undecided(sent(), FREE, acted("attach", 500, "x", step=2, **more)).startswith("attach")


# --- the gateway -------------------------------------------------------------------------------------

SIGNED, LATE, TWICE = "signature truncated", "ten minutes old", "sent twice, byte for byte"


@pytest.mark.parametrize(
    ("name", "answer", "expected"),
    [
        (SIGNED, (400, "SignatureDoesNotMatch"), []),
        (SIGNED, (403, "IncompleteSignature"), []),
        (SIGNED, (200,), ["G01 Gateway"]),
        (SIGNED, (404, "InvalidEniId.NotFound"), ["G01 Gateway"]),
        (SIGNED, (400, "Odd"), ["G01 Gateway"]),
        ("signature missing", (400, "MissingParameter"), []),
        ("signature missing", (400, "MissingSignature"), []),
        (LATE, (200,), []),
        (LATE, (400, WRONG_STATE), []),
        (LATE, (400, "InvalidTimeStamp.Expired"), ["G08 Gateway"]),
        (TWICE, (400, "SignatureNonceUsed"), []),
        (TWICE, (200,), ["G03 Gateway"]),
        ("unknown AccessKeyId", (404, "InvalidAccessKeyId.NotFound"), []),
        ("unknown AccessKeyId", (403, "Abs.InvalidAccount.NotFound"), []),
        ("unknown AccessKeyId", (404, "InvalidEcsId.NotFound"), ["G05 Gateway"]),
        ("two hours old", (400, "InvalidTimeStamp.Expired"), []),
        ("two hours old", (200,), ["G04 Gateway"]),
    ],
)
def test_a_probe_is_refused_by_the_gateway_and_by_nothing_else(
    name: str, answer: tuple[int], expected: list[str]
) -> None:
    assert blamed(probed(name, *answer)) == expected


def test_tampering_that_changes_nothing_is_no_probe() -> None:
    assert blamed(probed(SIGNED, 200, end="unread"), at_the_end("InUse")) == []


def test_the_second_of_two_with_one_nonce_may_be_told_that_something_else_is_at_work() -> None:
    assert blamed(probed(TWICE, 409, CONFLICT)) == []
    assert blamed(probed(SIGNED, 409, CONFLICT)) == ["G01 Gateway"]


def test_where_the_first_of_two_with_one_nonce_was_lost_the_probe_tells_nothing() -> None:
    lost = probed(TWICE, 500, "InternalError", end="lost")
    assert blamed(lost) == []
    assert blamed(replace(lost, end="whole")) == ["B01 Failed", "G03 Gateway"]


def test_a_probe_that_gets_no_answer_is_blamed() -> None:
    assert blamed(probed(SIGNED, 0, outcome="reset")) == ["B02 NoAnswer"]
    assert blamed(probed(SIGNED, 503, "Throttling", throttled=True)) == []


def test_a_correct_signature_is_not_refused() -> None:
    assert blamed(sent(400, "SignatureDoesNotMatch")) == ["G08 SignatureRefused"]


# --- calls that name what is not known ----------------------------------------------------------------


def test_an_invented_name_that_came_true_convicts_nobody() -> None:
    came_true = sent(200, of=OF_NOBODY, denotes=("eni-x",))
    assert "denotes a resource now" in undecided(came_true)
    assert blamed(replace(came_true, denotes=())) == ["P02 WronglyAccepted"]


def test_a_step_that_was_left_out_and_an_order_taken_back_are_evidence_of_nothing() -> None:
    left_out = (LeftOut(0, "foreign"), LeftOut(0, "unshown"), Ordered(-1, "region"))
    assert blamed(*left_out, at_the_end("InUse")) == []


STRANGER = {"caller": "other_account"}
EXISTS, ABSENT = call(**STRANGER), call("eni-x", "i-x", **STRANGER)  # type: ignore[arg-type]


def test_another_tenant_does_not_learn_what_exists() -> None:
    same = (sent(404, "InvalidEcsId.NotFound", of=EXISTS), sent(404, "InvalidEcsId.NotFound", of=ABSENT))
    assert blamed(*same, at_the_end(), *map(again, same)) == []
    other = (sent(404, "InvalidEniId.NotFound", of=EXISTS), sent(404, "InvalidEcsId.NotFound", of=ABSENT))
    assert blamed(*other, at_the_end(), *map(again, other)) == ["C01 Leak"]


def test_another_tenant_detaches_nothing() -> None:
    assert blamed(sent(200, of=EXISTS)) == ["C01 WronglyAccepted"]


# --- answers beside each other -----------------------------------------------------------------------


@pytest.mark.parametrize(("wire", "row"), [(POST, "M01"), (XML, "M02"), (V3, "M03"), (replace(V1, fresh=True), "M04")])
def test_a_difference_between_wire_forms_counts_only_if_both_answers_are_stable(wire: Wire, row: str) -> None:
    one, two = of_border(404, "InvalidEniId.NotFound", V1), of_border(400, "InvalidParams.EniId", wire)
    both = (one, replace(two, exchange=as_xml(two.exchange)) if wire == XML else two, at_the_end())
    assert blamed(*both, again(one), again(two)) == [f"{row} AnotherForm"]
    assert blamed(*both, again(one), again(two, stable=False)) == []
    assert blamed(*both) == [], "nobody asked again"


def test_of_repeated_parameters_the_same_one_counts_for_each() -> None:
    """For the instance the first counts, as an unknown one is refused; so must the first of two interfaces."""
    first = sent(404, "InvalidEcsId.NotFound", of=twice("InstanceId", "i-x", "i-1"))
    same = sent(404, "InvalidEniId.NotFound", of=twice("NetworkInterfaceId", "eni-x", "eni-1"))
    other = sent(404, "InvalidEniId.NotFound", of=twice("NetworkInterfaceId", "eni-1", "eni-x"))
    assert blamed(first, same, at_the_end(), again(first), again(same)) == []
    assert blamed(first, other, at_the_end(), again(first), again(other)) == ["P08 MixedReadings"]
    assert blamed(first, other, at_the_end(), again(first), again(other, stable=False)) == []


# --- shape -------------------------------------------------------------------------------------------


def test_a_request_id_never_comes_twice() -> None:
    first = sent()
    same = json.loads(first.exchange.body)["RequestId"]
    assert blamed(first, sent(body=first.exchange.body)) == ["R07 RepeatedId"]
    assert blamed(first, earlier={same: "x-of-another-play"}) == ["R07 RepeatedId"]
    assert blamed(first, sent()) == []


def test_a_format_that_is_not_offered_is_told_once_where_it_is_asked_for_on_purpose() -> None:
    as_asked = "formats as they are asked for"
    assert blamed(sent(of=call(wire=XML)), name=as_asked) == ["R03 NotOffered"]
    assert blamed(sent(of=call(wire=XML))) == ["R03 OtherFormat"]
    assert blamed(sent(), name=as_asked) == []


# --- other tables than the page's ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "answer", "expected"),
    [
        ("ram_denied", (403, "Forbidden.SubUser"), []),
        ("ram_denied", (403, "Forbidden.RAM"), []),
        ("ram_denied", (403, "NoPermission"), []),
        ("ram_denied", (200, ""), ["E06 WronglyAccepted"]),
        ("ram_denied", (404, "InvalidEniId.NotFound"), ["E06 WrongAnswer"]),
        ("expired", (403, "Abs.InvalidAccount.NotFound"), []),
        ("expired", (404, "InvalidAccessKeyId.NotFound"), []),
        ("expired", (200, ""), ["E02 WronglyAccepted"]),
        ("account", (403, "Forbidden.RAM"), ["S04 Refused"]),
    ],
)
def test_a_caller_who_may_not_is_refused_by_the_page_or_by_the_account_system(
    caller: str, answer: tuple[int, str], expected: list[str]
) -> None:
    assert blamed(sent(*answer, of=call(caller=caller))) == expected


def test_what_a_gateway_says_of_a_caller_it_says_before_it_looks_at_the_format() -> None:
    """Of V3 alone: there the format is asked for by a header."""
    by_v3, by_v1 = (sent(404, "InvalidAccessKeyId.NotFound", of=call(caller="expired", wire=wire)) for wire in (V3, V1))
    assert blamed(replace(by_v3, exchange=as_xml(by_v3.exchange))) == []
    assert "R02 OtherFormat" in blamed(replace(by_v1, exchange=as_xml(by_v1.exchange)))


def test_an_owner_that_is_no_login_name_may_be_refused_as_a_parameter() -> None:
    owner = call("eni-1", "i-1", ("OwnerAccount", "nobody"))
    refused = (400, "InvalidParameter")
    assert blamed(sent(*refused, of=seen_as(owner, "OwnerAccount", "border"))) == []
    assert blamed(sent(*refused, of=owner)) == ["P05 Refused"]


def test_a_parameter_that_nobody_declares_is_ignored_or_refused_but_always_alike() -> None:
    by_get, by_post = (call("eni-1", "i-1", ("Foo", "1"), wire=wire) for wire in (V1, POST))
    refused = sent(400, "UnsupportedParameter", of=by_get)
    assert blamed(refused, at_the_end()) == []
    assert blamed(refused, sent(200, of=by_post), at_the_end("Available")) == ["P07 AnotherForm"]
