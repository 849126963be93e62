"""Whole histories, judged: races, lag, late effects. Each false alarm that was ever raised becomes one here."""

from __future__ import annotations

import json
from typing import Any

from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import Call, Detach, Scenario, Settle, World
from eni_conformance.harness.history import Acted, Arranged, Circumstances, Event, History, Looked, Rested, Sent
from eni_conformance.harness.values import Asked, Deed, Exchange, Param, Request, Snapshot
from eni_conformance.oracle.judge import judge

PAGE, REGION = CONTRACTS["2019"], "cn-hangzhou"
ASKED = Asked((Param("RegionId", REGION), Param("InstanceId", "i-1"), Param("NetworkInterfaceId", "eni-1")))
STEPS = (Detach(), Settle())
COUNT = iter(range(10_000))


def looks(eni: str, *, tags: int = 0, why: Any = "settled", step: int = 1, instance: str = "Running") -> Looked:
    """A look at one interface, linked as its status says."""
    link = {"InstanceId": "i-1"} if eni in ("InUse", "Detaching", "Attaching") else {}
    held = {"NetworkInterfaces": (json.dumps({"NetworkInterfaceId": "eni-1"}),)} if link else {}
    fields = {"Status": eni, "Type": "Secondary", **link, **({"Tags": (f"{tags}",)} if tags else {})}
    return Looked(step, why, Snapshot(1.0, {"eni-1": fields} if eni else {}, {"i-1": {"Status": instance, **held}}))


def sent(status: int = 200, code: str = "", step: int = 0, **more: Any) -> Sent:
    """One valid call, and its answer."""
    request_id = f"{next(COUNT):08X}-0000-4000-8000-000000000000"
    said = {"RequestId": request_id, **({"HostId": "h", "Code": code, "Message": "no"} if code else {})}
    pairs = tuple((p.name, p.text) for p in ASKED.params)
    request = Request("DetachNetworkInterface", "2014-05-26", "GET", "http://x/", pairs, (), b"", "account", "v1")
    headers = (("Content-Type", "application/json"),)
    body = json.dumps(said).encode()
    return Sent(step, Call(), ASKED, Exchange("x", request, 0.0, 0.1, "answered", status, "", headers, body), **more)


def judged(*events: Event, start: str = "InUse", rested: Rested | None = None, **more: Any) -> list[str]:
    """The requirements that a history violates."""
    place = Circumstances(REGION, frozenset({REGION}), 3, **more)
    first = looks(start).snapshot
    arranged = Arranged(("i-1",), ("eni-1",), ("",), ("",), "", first)
    history = History(Scenario(World(), STEPS), place, arranged, events, tuple(range(len(events))), rested)
    return [one.finding.requirement for one in judge(PAGE, history).found]


def test_a_detach_that_ends_as_the_page_says_is_blamed_for_nothing() -> None:
    assert judged(sent(), looks("Detaching", why="waiting"), looks("Available")) == []


def test_a_look_that_shows_an_older_state_convicts_nobody() -> None:
    assert judged(sent(), looks("InUse", why="waiting"), looks("InUse", why="doubted"), looks("Available")) == []


def test_an_interface_that_stays_in_use_violates_the_effect() -> None:
    assert judged(sent(), looks("InUse")) == ["F02"]


def test_an_interface_that_goes_another_way_is_blamed_for_the_way() -> None:
    assert judged(sent(), looks("Attaching", why="waiting"), looks("Available")) == ["F02"]


def test_a_refused_call_changes_nothing() -> None:
    assert judged(sent(400, "InvalidOperation.InvalidEniState"), looks("Available"))[1:] == ["F01"]


def test_what_changes_in_each_look_changes_by_itself() -> None:
    doubted = [looks("Available", tags=n, why="doubted") for n in range(1, 6)]
    assert judged(sent(), *doubted, looks("Available", tags=9)) == []
    assert judged(sent(), looks("Available", tags=1, why="doubted"), looks("Available", tags=1)) == ["F04"]


def test_a_change_of_what_was_detached_before_is_a_late_effect() -> None:
    assert judged(sent(), looks("Available"), looks("Available", tags=1, step=2)) == ["F08"]


def test_what_changes_after_everything_had_settled_is_a_late_effect_of_the_play_before() -> None:
    before, now = looks("Available").snapshot, looks("InUse").snapshot
    rested = Rested(before, now, frozenset({"eni-1"}), Scenario())
    assert judged(rested=rested)[0] == "F08"
    assert judged(rested=Rested(before, before, frozenset({"eni-1"}), Scenario())) == []


def test_a_slot_that_is_attached_again_is_followed() -> None:
    request = sent().exchange
    attach = Acted(2, Deed("attach", "eni-1", "i-1"), request)
    assert judged(sent(), looks("Available"), attach, looks("InUse", step=3)) == []


def test_nothing_is_judged_after_the_world_may_not_be_what_it_seems() -> None:
    assert judged(sent(200), looks("InUse"), looks("InUse", step=-1)) == ["F02"]


def test_an_instance_that_is_stopped_while_its_interface_is_detaching_does_not_end_the_detach() -> None:
    """Whatever is done to the instance meanwhile, the accepted detach explains what the next look shows."""
    stop = Acted(1, Deed("stop", "eni-1", "i-1"), sent().exchange)
    assert judged(sent(), stop, looks("Available", step=2, instance="Stopped")) == []
    assert judged(sent(), stop, looks("InUse", step=2, instance="Stopped")) == ["F02"]
