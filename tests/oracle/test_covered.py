"""Which pairs of conditions have met, of those that can meet in one call."""

from __future__ import annotations

import pytest
from eni_conformance.oracle.covered import DIMENSIONS, STEPS, pairwise, possible, successions
from histories import V3, Event, acted, at_the_end, call, judgement, looked, overlapped, part, probed, sent

PLACE = {name: place for place, name in enumerate(DIMENSIONS)}
REFUSED = (404, "InvalidEniId.NotFound")


def met(one: str, b: str, other: str, d: str, *events: Event) -> bool:
    """Whether these two values met in a history."""
    (i, c), (j, e) = sorted([(PLACE[one], b), (PLACE[other], d)])
    return (i, c, j, e) in judgement(*events).tally.pairs


def test_a_call_meets_the_state_and_the_way_it_was_sent():
    done = sent(of=call(wire=V3))
    assert met("instance state", "Running", "signing", "v3", done)
    assert met("interface state", "InUse", "attachment", "this", done)
    assert not met("interface state", "InUse", "signing", "v1", done)


def test_what_the_world_says_of_the_named_interface_is_met_and_nothing_of_a_primary_one():
    assert met("attachment", "this", "name", "plain", sent())
    primary = sent(400, "InvalidOperation.DetachPrimaryEniNotAllowed", of=call("eni-p"))
    assert met("attachment", "primary", "name", "none", primary)


@pytest.mark.parametrize(
    ("events", "after"),
    [
        ((), "nothing"),
        ((sent(*REFUSED, of=call("eni-x")),), "nothing"),
        ((acted("describe"), looked()), "nothing"),
        ((acted("stop", 403, "IncorrectInstanceStatus"), looked()), "nothing"),
        ((acted("modify"), looked()), "modify"),
        ((sent(), looked("Available")), "detach"),
        ((acted("modify"), looked(), sent(), looked("Available")), "detach"),
        ((overlapped(part(*REFUSED, of=call("eni-x")), part(*REFUSED, of=call("eni-x"))),), "nothing"),
    ],
)
def test_a_call_comes_after_what_changed_the_world_last(events, after):
    assert met("after", after, "NetworkInterfaceId", "unknown", *events, sent(*REFUSED, of=call("eni-x")), at_the_end())


@pytest.mark.parametrize(
    ("events", "before"),
    [
        ((), "nothing"),
        ((sent(*REFUSED, of=call("eni-x")), looked()), "refused call"),
        ((sent(*REFUSED, of=call("eni-x", caller="expired")),), "call of another"),
        ((sent(), looked("Available")), "accepted call"),
        ((probed("signature truncated", 400, "SignatureDoesNotMatch"),), "wrongly signed call"),
        ((acted("stop"), looked()), "operation"),
        ((overlapped(part(*REFUSED, of=call("eni-x")), part(*REFUSED, of=call("eni-x"))),), "calls at once"),
    ],
)
def test_a_call_comes_right_after_what_was_sent_last(events, before):
    refused = sent(*REFUSED, of=call("eni-x"))
    assert met("right before", before, "NetworkInterfaceId", "unknown", *events, refused, at_the_end())


@pytest.mark.parametrize(
    ("more", "what"),
    [((), "none"), ((("OwnerId", "1"),), "optional"), ((("Foo", "1"),), "undeclared"),
     ((("OwnerId", "1"), ("OwnerId", "1")), "repeated")],
)  # fmt: skip
def test_what_rides_along_is_met(more, what):
    assert met("other parameters", what, "interface state", "InUse", sent(of=call("eni-1", "i-1", *more)))


def test_pairs_that_were_not_met_are_named():
    """Pairs of values that were each met with something, but never with each other."""
    get, post = "GET query", "POST form"
    i, j = PLACE["method"], PLACE["format"]
    made = pairwise({(i, get, j, "JSON"), (i, post, j, "XML"), (i, get, j, "XML")})
    assert made.dimensions == DIMENSIONS and (made.covered, made.total) == (3, 4)
    assert made.missing == (("method", post, "format", "JSON"),)


@pytest.mark.parametrize(
    ("one", "two", "able"),
    [
        (("instance state", "none"), ("InstanceId", "exact"), False),
        (("instance state", "none"), ("InstanceId", "border"), True),
        (("instance state", "Running"), ("InstanceId", "exact"), True),
        (("instance state", "Running"), ("InstanceId", "missing"), False),
        (("interface state", "none"), ("NetworkInterfaceId", "exact"), False),
        (("interface state", "InUse"), ("NetworkInterfaceId", "exact"), True),
        (("interface state", "InUse"), ("NetworkInterfaceId", "empty"), False),
        (("attachment", "none"), ("NetworkInterfaceId", "exact"), False),
        (("attachment", "this"), ("NetworkInterfaceId", "exact"), True),
        (("interface state", "none"), ("attachment", "this"), False),
        (("interface state", "none"), ("attachment", "none"), True),
        (("interface state", "InUse"), ("attachment", "none"), False),
        (("interface state", "InUse"), ("attachment", "primary"), True),
        (("interface state", "Available"), ("attachment", "primary"), False),
        (("interface state", "Available"), ("attachment", "unattached"), True),
        (("interface state", "Deleting"), ("attachment", "this"), False),
        (("interface state", "InUse"), ("attachment", "other"), True),
        (("interface state", "InUse"), ("attachment", "unattached"), False),
        (("attachment", "this"), ("InstanceId", "border"), False),
        (("attachment", "other"), ("InstanceId", "border"), True),
        (("instance state", "none"), ("attachment", "this"), False),
        (("instance state", "none"), ("attachment", "other"), True),
        (("caller", "expired"), ("format", "XML"), True),
        (("tags", "1"), ("NetworkInterfaceId", "exact"), True),
        (("tags", "1"), ("NetworkInterfaceId", "empty"), False),
        (("tags", "none"), ("NetworkInterfaceId", "exact"), True),
        (("tags", "1"), ("interface state", "Detaching"), True),
        (("tags", "1"), ("interface state", "none"), False),
        (("tags", "none"), ("interface state", "Detaching"), False),
        (("tags", "1"), ("attachment", "primary"), False),
        (("tags", "none"), ("attachment", "primary"), True),
        (("tags", "none"), ("name", "long"), False),
        (("interface past", "moved"), ("attachment", "unattached"), False),
        (("instance past", "restarted"), ("instance state", "Pending"), False),
        (("instance past", "fresh"), ("instance state", "Pending"), True),
        (("zone", "1"), ("instance state", "none"), False),
        (("zone", "1"), ("InstanceId", "empty"), False),
        (("zone", "1"), ("interface state", "none"), True),
        (("after", "stop"), ("instance state", "Starting"), False),
        (("after", "nothing"), ("instance state", "Starting"), True),
        (("after", "modify"), ("interface state", "Attaching"), False),
        (("after", "modify"), ("interface state", "Detaching"), True),
    ],
)
def test_pairs_that_cannot_occur_are_not_asked_for(one, two, able):
    assert possible(*one, *two) == possible(*two, *one) == able


def test_what_came_right_after_what_is_counted_and_looks_come_between_nothing():
    events = (acted("stop"), looked(), sent(*REFUSED, of=call("eni-x")), acted("start"), at_the_end())
    followed = judgement(*events).tally.followed
    assert followed == {"stop, then refused call": 1, "refused call, then start": 1}
    told = successions(followed)
    assert (told.met, told.of) == (2, len(STEPS) ** 2)
    assert "start, then stop" in told.lacking and "stop, then refused call" not in told.lacking


def test_an_operation_that_was_refused_is_no_step():
    events = (acted("stop", 403, "IncorrectInstanceStatus"), acted("reboot"), looked(), at_the_end())
    assert judgement(*events).tally.followed == {}
