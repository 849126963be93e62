"""Instances that must be Stopped to lose or take an interface: the later page has codes for it, no look shows it."""

from __future__ import annotations

from typing import Any

import pytest
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.harness.history import Event
from eni_conformance.oracle.judge import Judgement, judge
from histories import acted, after_overlap, blamed, call, history, looked, overlapped, part, sent, shown

COLD = (400, "InvalidOperation.EniHotPlugNotSupported")
COLD_TYPE = (403, "InvalidOperation.HotPlugNotSupport")
USED = looked("InUse")


def later(*events: Event, **more: Any) -> Judgement:
    """What comes of a history by the later page."""
    return judge(CONTRACTS["2024"], history(*events, **more))


def wrong(*events: Event, **more: Any) -> list[str]:
    """The requirements that it violates."""
    return list(dict.fromkeys(one.finding.requirement for one in later(*events, **more).found))


@pytest.mark.parametrize("said", [COLD, COLD_TYPE])
def test_an_instance_may_have_to_be_stopped_for_it_which_nothing_shows(said: tuple[int, str]) -> None:
    refused = sent(*said, step=0)
    assert wrong(refused, USED) == []
    (told,) = later(refused, USED).tally.inconclusive["S04"]
    assert "may have to be Stopped" in told
    assert wrong(overlapped(part(*said), part(*said)), after_overlap("InUse")) == []
    assert wrong(refused, looked("Available")) == ["F01"], "a refusal changes nothing"


def test_a_running_instance_that_has_lost_an_interface_can_lose_another() -> None:
    assert wrong(sent(*COLD), USED, hot=frozenset({"detach"})) == ["S04"]
    second = sent(*COLD, of=call("eni-2"), step=2)
    assert wrong(sent(step=0), looked("Available", step=1), second, looked("Available", step=3)) == ["S04"]


def test_a_stopped_instance_needs_no_hot_plug() -> None:
    stopped = shown(instance="Stopped")
    assert wrong(sent(*COLD), looked(instance="Stopped"), start=stopped) == ["S05"]


def test_the_codes_are_of_the_later_page_and_have_one_status() -> None:
    assert blamed(sent(*COLD), USED) == ["S04 Refused"], "the earlier page does not have them"
    assert wrong(sent(404, COLD[1]), USED) == ["S04"]


def test_where_only_stopped_instances_take_interfaces_a_running_one_need_not_take_one_again() -> None:
    events = (sent(step=0), looked("Available"), acted("attach", 400, "InvalidOperation.InvalidEcsState", step=2))
    assert blamed(*events) == ["F07 NotAttachedAgain"]
    assert blamed(*events, cold=frozenset({"attach"})) == []
