"""Every check has a history that it alone makes a violation, and one much like it that it leaves in peace.

Whoever writes a check writes down both here. That a check is at work is seen by leaving it out: the blame is gone.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from eni_conformance.harness.history import Event
from eni_conformance.oracle import answers, checks, gateway, looks, relations
from histories import (
    HAS_ADDRESS,
    V3,
    XML,
    acted,
    after_overlap,
    again,
    at_the_end,
    beside,
    blamed,
    call,
    created,
    described,
    late_effect,
    looked,
    modified,
    of_border,
    overdue,
    overlapped,
    part,
    probed,
    sent,
    shown,
    twice,
    waiting,
)

FREE, USED = looked("Available"), looked("InUse")
CODES = ("InvalidOperation.InvalidEniState", "InvalidEniId.NotFound", "InvalidEcsId.NotFound")
WRONG_STATE, NO_ENI, NO_INSTANCE = CODES


@dataclass(frozen=True)
class Pair:
    """blame: what comes of the guilty history. guilty, spared: the events of both; how: what else both have."""

    blame: str
    guilty: tuple[Event, ...]
    spared: tuple[Event, ...]
    how: dict[str, Any] = field(default_factory=dict)
    guilty_how: dict[str, Any] = field(default_factory=dict)


def refused(message: str, status: int = 400, code: str = WRONG_STATE) -> Event:
    """A refusal of a call whose interface is free, with a message of its own."""
    one = sent(status, code)
    said = {**json.loads(one.exchange.body), "Message": message}
    return replace(one, exchange=replace(one.exchange, body=json.dumps(said).encode()))


FIRST = sent()
ONE, TWO = of_border(404, NO_ENI, call()[0].wire), of_border(400, "InvalidParams.EniId", V3)
SAME = of_border(404, NO_ENI, V3)
BY_FIRST = sent(404, NO_INSTANCE, of=twice("InstanceId", "i-x", "i-1"))
BY_LAST = sent(404, NO_ENI, of=twice("NetworkInterfaceId", "eni-1", "eni-x"))
ALSO_FIRST = sent(404, NO_ENI, of=twice("NetworkInterfaceId", "eni-x", "eni-1"))
EXISTS, ABSENT = call(caller="other_account"), call("eni-x", "i-x", caller="other_account")
TOLD, HIDDEN, NOTHING = (
    sent(404, NO_ENI, of=EXISTS),
    sent(404, NO_INSTANCE, of=EXISTS),
    sent(404, NO_INSTANCE, of=ABSENT),
)
TAKEN, ANEW = (modified("Description", "b"), looked(Description="b")), modified("Description", "c")
HELD = {"start": shown("Detaching"), "arranged": {"held": frozenset({"eni-1"})}, "settled": (0.1, 0.1, 0.1)}
IS_FREE, ON_PURPOSE = {"start": shown("Available")}, {"name": "formats as they are asked for"}
ATTACH_FULL = acted("attach", 403, "EniPerInstanceLimitExceeded")
ATTACHED = {eni: fields for eni, fields in shown("Available").enis.items() if eni != "eni-1"}
REPEATED = (sent(), at_the_end("Detaching"))
CONTROL = {"eni-3": "10.0.0.3", "eni-4": "10.0.0.4"}
MADE = (
    *map(created, CONTROL),
    beside("InUse", CONTROL),
    sent(),
    beside("Available", CONTROL),
    *map(created, ("eni-5", "eni-6")),
)

PAIRS: dict[Callable[..., Any], Pair] = {
    # answers
    answers.whole: Pair("B02 NoAnswer", (sent(0, outcome="reset"),), (sent(0, outcome="reset", throttled=True),)),
    answers.shape: Pair("R04 Shape", (sent(400, WRONG_STATE, body=b'{"Code": "%s"}' % WRONG_STATE.encode()),),
                        (refused("no"),), IS_FREE),
    answers.filled_in: Pair("R06 Shape", (refused("%s is free."),), (refused("It is free."),), IS_FREE),
    answers.unique: Pair("R07 RepeatedId", (FIRST, sent(body=FIRST.exchange.body)), (FIRST, sent())),
    answers.content: Pair("S04 Refused", (sent(400, WRONG_STATE), USED), (sent(), FREE)),
    answers.offered: Pair("R03 NotOffered", (sent(of=call(wire=XML)),), (sent(),), ON_PURPOSE),
    # looks
    looks.refusals_change_nothing: Pair("F01 RefusalChanged", (sent(404, NO_ENI, of=call("eni-x")), FREE),
                                        (sent(404, NO_ENI, of=call("eni-x")), USED)),
    looks.success_changes_one_link: Pair("F02 AfterSuccess", (sent(), USED), (sent(), FREE)),
    looks.modifications_stay: Pair("F04 AfterSuccess",
                                   (*TAKEN, sent(step=2), ANEW, looked("Available", Description="b")),
                                   (*TAKEN, sent(step=2), ANEW, looked("Available", Description="c")),
                                   {"start": shown(Description="a")}),
    looks.by_way_of_detaching_only: Pair("F02 WrongPath", (sent(), waiting("Attaching"), FREE),
                                         (sent(), waiting("Detaching"), FREE)),
    looks.life_cycle: Pair("M07 LifeCycle", (acted("attach"), looked("Detaching")), (acted("attach"), USED), IS_FREE),
    looks.both_sides_agree: Pair("M05 Disagreement", (sent(), looked("Available", lists=())), (sent(), FREE),
                                 {}, {"start": shown(lists=("eni-1",))}),
    looks.stuck: Pair("F02 StaysDetaching", (sent(), overdue("Detaching", reminded=True), looked("Detaching")),
                      (sent(), overdue("Available"), FREE)),
    looks.needed_asking: Pair("F02 NeededAsking", (sent(), overdue("Available", reminded=True), FREE),
                              (sent(), overdue("Available"), FREE)),
    looks.released: Pair("S06 StaysDetaching", (*REPEATED, looked("Detaching", why="released")),
                         (*REPEATED, looked("Available", why="released")), HELD),
    looks.late: Pair("F08 LateEffect", (), (), {}, {"rested": late_effect(shown("Available"), USED.snapshot)}),
    looks.another_view: Pair("F03 Disagreement", (sent(), FREE, described("instance", FREE.snapshot.enis)),
                             (sent(), FREE, described("instance", ATTACHED))),
    looks.overlap_unexplained: Pair("M06 Overlap", (overlapped(part(), part()), after_overlap("InUse")),
                                    (overlapped(part(), part()), after_overlap("Available"))),
    looks.overlapping_effects: Pair("F04 AfterSuccess", (overlapped(part()), after_overlap("Available", Tags=("1",))),
                                    (overlapped(part()), after_overlap("Available"))),
    looks.addresses_are_its_own: Pair("F04 GivenAway", (*MADE, beside("Available", {**CONTROL, "eni-5": "10.0.0.1"})),
                                      (*MADE, beside("Available", {**CONTROL, "eni-5": "10.0.0.5"})), HAS_ADDRESS),
    # between answers
    relations.wire_forms: Pair("M03 AnotherForm", (ONE, TWO, at_the_end(), again(ONE), again(TWO)),
                               (ONE, SAME, at_the_end(), again(ONE), again(SAME))),
    relations.repeated_parameters: Pair(
        "P08 MixedReadings", (BY_FIRST, BY_LAST, at_the_end(), again(BY_FIRST), again(BY_LAST)),
        (BY_FIRST, ALSO_FIRST, at_the_end(), again(BY_FIRST), again(ALSO_FIRST))),
    relations.strangers: Pair("C01 Leak", (TOLD, NOTHING, at_the_end(), again(TOLD), again(NOTHING)),
                              (HIDDEN, NOTHING, at_the_end(), again(HIDDEN), again(NOTHING))),
    # the gateway, and the surroundings
    gateway.judge: Pair("G01 Gateway", (probed("signature truncated", 200),),
                        (probed("signature truncated", 400, "SignatureDoesNotMatch"),)),
    checks.attached: Pair("F06 SlotTooMany", (ATTACH_FULL, acted("attach")), (acted("attach"),),
                          {"start": shown("Available"), "quota": 2}),
}  # fmt: skip
"""Each function that makes findings, and what it makes them of."""

PARTS = {
    answers.judge: "runs CHECKS of answers",
    looks.judge: "runs CHECKS of looks",
    relations.judge: "runs CHECKS of relations",
    answers.no_answer: "words of answers.whole and of probes",
    answers.repeated_id: "what answers.unique finds, of probes, too",
    checks.judge_probe: "asks gateway.judge",
}
"""Functions that make findings of others, or for them."""


def makes_findings(module: Any) -> set[Callable[..., Any]]:
    """The functions of a module that hand back findings."""
    own = (one for _, one in inspect.getmembers(module, inspect.isfunction) if one.__module__ == module.__name__)
    words = ("Finding", "Told", "NoAnswer")
    return {one for one in own if any(word in str(one.__annotations__.get("return")) for word in words)}


def test_every_check_is_in_the_table() -> None:
    every = set().union(*map(makes_findings, (answers, looks, relations, gateway, checks)))
    assert every - set(PARTS) == set(PAIRS)
    assert {*answers.CHECKS, *looks.CHECKS, *relations.CHECKS} <= set(PAIRS)


def by_name(check: Callable[..., Any]) -> str:
    return f"{check.__module__.rpartition('.')[2]}.{check.__name__}"


@pytest.mark.parametrize("check", PAIRS, ids=by_name)
def test_a_check_blames_the_guilty_and_spares_its_neighbour(check: Callable[..., Any]) -> None:
    pair = PAIRS[check]
    assert pair.blame in blamed(*pair.guilty, **pair.how, **pair.guilty_how)
    assert blamed(*pair.spared, **pair.how) == []


@pytest.mark.parametrize("check", PAIRS, ids=by_name)
def test_without_the_check_nobody_is_blamed_so(check: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    pair = PAIRS[check]
    module = inspect.getmodule(check)
    if check in getattr(module, "CHECKS", ()):
        monkeypatch.setattr(module, "CHECKS", tuple(one for one in module.CHECKS if one is not check))  # type: ignore[union-attr]
    elif check is looks.overlap_unexplained:
        monkeypatch.setattr(looks, "serial_order", lambda *_: True)
    else:
        monkeypatch.setattr(module, check.__name__, lambda *_: [])  # type: ignore[arg-type]
    assert pair.blame not in blamed(*pair.guilty, **pair.how, **pair.guilty_how)
