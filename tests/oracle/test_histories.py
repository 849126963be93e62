"""Races, lag and late effects, each as a literal history: what must not be blamed, and beside it what must be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from histories import (
    HAS_ADDRESS,
    VALID,
    acted,
    after_overlap,
    answered,
    at_the_end,
    beside,
    blamed,
    call,
    created,
    described,
    judgement,
    late_effect,
    looked,
    overdue,
    overlapped,
    part,
    sent,
    shown,
    undecided,
    waiting,
)

WRONG_STATE, CONFLICT, FULL = "InvalidOperation.InvalidEniState", "OperationConflict", "EniPerInstanceLimitExceeded"
FREE, USED = looked("Available"), looked("InUse")
OF_TWO, OF_NOBODY = call("eni-2"), call("eni-x")


# --- looks: on the way, older, lacking something ------------------------------------------------------


def test_a_detach_by_way_of_detaching_is_blamed_for_nothing() -> None:
    assert blamed(sent(), waiting("InUse"), waiting("Detaching"), FREE, at_the_end("Available")) == []


def test_a_look_that_began_before_the_answer_shows_the_older_state() -> None:
    assert blamed(sent(), waiting("InUse"), looked("InUse", why="doubted"), FREE) == []
    assert blamed(sent(), waiting("InUse"), USED) == ["F02 AfterSuccess"]


def test_replicas_may_take_turns_for_a_while() -> None:
    assert blamed(sent(), waiting("Available"), waiting("Detaching"), waiting("InUse"), FREE) == []
    assert blamed(sent(), waiting("Available"), looked("Detaching")) == ["F02 StaysDetaching"]


def test_another_status_on_the_way_is_blamed_though_the_end_is_right() -> None:
    assert blamed(sent(), waiting("Attaching"), FREE) == ["F02 WrongPath"]
    assert blamed(sent(), waiting(""), FREE) == [], "a list lacks it for once"


def test_a_look_that_lacks_what_was_detached_counts_only_if_it_is_the_one_that_counts() -> None:
    assert blamed(sent(), looked("", why="doubted"), FREE) == []
    assert blamed(sent(), looked("")) == ["F02 AfterSuccess"]


def test_a_look_that_lacks_a_bystander_counts_only_if_it_is_the_one_that_counts() -> None:
    assert blamed(sent(), looked("Available", "", why="doubted"), FREE) == []
    assert "F05 AfterSuccess" in blamed(sent(), looked("Available", ""))


def test_an_instance_that_lists_later_than_the_interface_shows() -> None:
    still = ("eni-1", "eni-2")
    assert blamed(sent(), looked("Available", lists=still, why="doubted"), FREE) == []
    assert blamed(sent(), looked("Available", lists=still)) == ["F03 AfterSuccess"]


def test_an_interface_that_shows_its_instance_for_a_while() -> None:
    linked = {"InstanceId": "i-1"}
    assert blamed(sent(), looked("Available", **linked, why="doubted"), FREE) == []
    assert blamed(sent(), looked("Available", **linked)) == ["F03 AfterSuccess"]


def test_what_nobody_documents_may_change_by_itself() -> None:
    start = shown(Revision=1, CreationTime="a")
    assert blamed(sent(), looked("Available", Revision=2, CreationTime="a"), start=start) == []
    assert blamed(sent(), looked("Available", Revision=2, CreationTime="b"), start=start) == ["F04 AfterSuccess"]


def test_what_is_known_to_change_by_itself_counts_no_more() -> None:
    start, later = shown(CreationTime="a"), looked("Available", CreationTime="b")
    assert blamed(sent(), later, start=start, ignore=frozenset({"CreationTime"})) == []


def test_what_shows_another_value_in_each_of_four_looks_changes_by_itself() -> None:
    doubted = [looked("Available", Description=str(n), why="doubted") for n in range(4)]
    assert blamed(sent(), *doubted, looked("Available", Description="9")) == []
    assert blamed(sent(), *doubted[:3], looked("Available", Description="9")) == ["F04 AfterSuccess"]


def test_a_refused_call_changes_nothing() -> None:
    refused = sent(404, "InvalidEniId.NotFound", of=OF_NOBODY)
    assert blamed(refused, looked("Available", why="doubted"), USED) == []
    assert blamed(refused, FREE) == ["F01 RefusalChanged"]


def test_the_instance_keeps_its_own_status() -> None:
    assert blamed(sent(), looked("Available", instance="Stopped")) == ["F09 AfterSuccess"]
    assert blamed(sent(), acted("stop"), looked("Available", instance="Stopped", step=2)) == []


# --- worlds in transition ----------------------------------------------------------------------------

RACING = {"racing": {"eni-1": frozenset({"Attaching", "InUse"})}}
HELD = {"held": frozenset({"eni-1"})}
LEAVING, ARRIVING = shown("Detaching"), shown("Attaching")


@pytest.mark.parametrize("answer", [(200,), (400, WRONG_STATE)])
def test_a_call_that_races_with_an_attach_meets_either_state(answer: tuple[int]) -> None:
    raced = sent(*answer, raced=(ARRIVING, shown("InUse")))
    assert blamed(raced, start=ARRIVING, arranged=RACING) == []


def test_where_both_looks_around_a_call_show_one_state_the_call_met_it() -> None:
    """Unless descriptions lag behind: then the looks may tell of the state before."""
    met = sent(200, raced=(ARRIVING, ARRIVING))
    assert blamed(met, start=ARRIVING, arranged=RACING) == ["S02 WronglyAccepted"]
    assert blamed(met, start=ARRIVING, arranged=RACING, lags=True) == []


def test_a_repetition_while_held_detaching_changes_nothing() -> None:
    held = {"start": LEAVING, "arranged": HELD}
    assert blamed(sent(), sent(), looked("Detaching"), **held) == []
    assert blamed(sent(400, WRONG_STATE), **held) == ["S06 Refused"]


def test_what_was_held_while_the_call_was_repeated_ends_when_it_is_let_go() -> None:
    held = {"start": LEAVING, "arranged": HELD, "settled": (0.1, 0.1, 0.1)}
    repeated = (sent(), at_the_end("Detaching"))
    assert blamed(*repeated, looked("Available", why="released"), **held) == []
    assert blamed(*repeated, looked("Detaching", why="released"), **held) == ["S06 StaysDetaching"]


def test_what_was_modified_while_held_detaching_does_not_fall_back_when_it_is_let_go() -> None:
    """Described as "old" when it was held, "new" since; a look that still lagged then is no fall."""
    begun = {"start": shown("Detaching", Description="old"), "arranged": HELD, "settled": (0.1, 0.1, 0.1)}

    def let_go(meanwhile: str, after: str) -> list[str]:
        modified = (acted("modify", step=0), looked("Detaching", step=1, Description=meanwhile), sent(step=2))
        end = (at_the_end("Detaching", Description=meanwhile), looked("Available", why="released", Description=after))
        return blamed(*modified, *end, **begun)

    assert let_go("new", "old") == ["F04 AfterSuccess"]
    assert let_go("new", "new") == let_go("old", "new") == let_go("old", "old") == []


@pytest.mark.parametrize("more", [{"settled": (0.1,)}, {"arranged": {**HELD, "pinned": frozenset({"eni-1"})}}])
def test_what_is_let_go_need_not_end_where_little_is_known_or_a_status_was_laid_over_it(more: object) -> None:
    held = {"start": LEAVING, "arranged": HELD, "settled": (0.1, 0.1, 0.1), **more}  # type: ignore[dict-item]
    assert blamed(sent(), at_the_end("Detaching"), looked("Detaching", why="released"), **held) == []


@pytest.mark.parametrize("code", [CONFLICT, "InternalError"])
def test_what_may_pass_is_not_judged_behind_a_network_while_something_is_held(code: str) -> None:
    held = {"start": LEAVING, "arranged": HELD}
    status = 500 if code == "InternalError" else 409
    assert blamed(sent(status, code), tolerates=True, **held) == []
    assert blamed(sent(status, code), **held) != []


# --- detaches that take their time -------------------------------------------------------------------


def test_a_detach_that_is_slow_while_others_were_fast_is_no_violation() -> None:
    events = (sent(), waiting("Detaching"), overdue("Available"), FREE)
    assert blamed(*events, settled=(0.1, 0.1)) == []
    assert judgement(*events).tally.doubts["F02"], "and no conformity either"


def test_a_detach_that_ends_only_when_it_is_asked_for_again_is_told_as_that() -> None:
    events = (sent(), overdue("Detaching"), overdue("Available", reminded=True), FREE)
    assert blamed(*events) == ["F02 NeededAsking"]
    assert judgement(*events).found[0].finding.certainty < 1


def test_where_another_detach_of_the_play_ended_by_itself_one_that_needed_asking_is_no_violation() -> None:
    """A guest that does not react now and then: with enough detaches in a play, each play has one of them."""
    late = overdue("Available", "Available", reminded=True)
    at_once = (sent(), sent(of=OF_TWO), late, looked("Available", "Available"))
    in_turn = (sent(of=OF_TWO), looked("InUse", "Available"), sent(step=2), late, looked("Available", "Available"))
    assert blamed(*at_once) == blamed(*in_turn) == []


def test_a_detach_that_never_ends_is_doubtful_until_it_is_so_again() -> None:
    events = (sent(), overdue("Detaching"), overdue("Detaching", reminded=True), looked("Detaching"))
    assert blamed(*events) == ["F02 StaysDetaching"]
    (found,) = judgement(*events, settled=(0.2,)).found
    assert found.finding.certainty < 1 and "while 1 others" in found.finding.summary


def test_at_the_service_itself_a_guest_may_not_react_and_nobody_is_blamed() -> None:
    never = (sent(), overdue("Detaching"), overdue("Detaching", reminded=True), looked("Detaching"))
    asked = (sent(), overdue("Detaching"), overdue("Available", reminded=True), FREE)
    for events in (never, asked):
        assert blamed(*events, real=True) == []
        ((reason, _),) = judgement(*events, real=True).tally.doubts["F02"].items()
        assert "guest does not react" in reason


def test_an_accepted_detach_that_moves_nothing_rests_on_a_clock() -> None:
    (found,) = judgement(sent(), overdue("InUse"), USED).found
    assert (found.finding.requirement, found.finding.clocked) == ("F02", True)
    assert getattr(found.finding, "unmoved", "") == "eni-1"


# --- the slot, and attaching again -------------------------------------------------------------------


def test_a_freed_slot_may_not_be_free_at_once() -> None:
    for_once = acted("attach", step=2, passed=(answered(403, FULL),))
    assert blamed(sent(), FREE, for_once, looked("InUse", step=3)) == []
    assert blamed(sent(), FREE, acted("attach", 403, FULL, step=2)) == ["F06 NotAttachedAgain"]


def test_an_attach_is_refused_lawfully_where_the_type_is_said_to_be_full() -> None:
    """How many interfaces it takes was guessed."""
    assert blamed(sent(), FREE, acted("attach", 403, FULL, step=2), quota_assumed=True) == []
    assert blamed(sent(), FREE, acted("attach", 403, FULL, step=2), quota=2) == []


def test_an_instance_takes_no_more_than_its_type_has_room_for() -> None:
    """Nobody is blamed where it never said that it was full: its type may have more room than is told."""
    full = {"quota": 2, "start": shown("Available", "InUse")}
    assert blamed(acted("attach", 403, FULL), acted("attach"), **full) == ["F06 SlotTooMany"]
    assert blamed(acted("attach"), **full) == []


def test_an_attach_that_was_accepted_ends_in_use() -> None:
    attached = (sent(), FREE, acted("attach", step=2))
    assert blamed(*attached, looked("InUse", step=3)) == []
    assert blamed(*attached, looked("Detaching", step=3)) == ["M07 LifeCycle"]


def test_a_stop_while_the_interface_is_leaving_does_not_end_the_detach() -> None:
    assert blamed(sent(), acted("stop"), looked("Available", instance="Stopped", step=2)) == []
    assert blamed(sent(), acted("stop"), looked("InUse", instance="Stopped", step=2)) == ["F02 AfterSuccess"]


# --- late effects ------------------------------------------------------------------------------------


def test_what_the_set_up_detached_late_was_arranged_and_is_no_effect_of_the_call() -> None:
    """The look that proves the World came after it: what it shows is where judging begins."""
    refused = sent(404, "InvalidEniId.NotFound", of=OF_NOBODY)
    assert blamed(refused, looked("Available"), start=shown("Available")) == []
    assert blamed(refused, looked("Available"), start=shown("InUse")) == ["F01 RefusalChanged"]


def test_what_comes_back_two_seconds_later_is_a_late_effect() -> None:
    assert blamed(sent(), FREE, looked("Available", step=2, at=3.0)) == []
    assert blamed(sent(), FREE, looked("InUse", step=2, at=3.0)) == ["F08 RefusalChanged"]
    assert blamed(sent(), FREE, looked("Available", Tags=("1",), step=2)) == ["F08 RefusalChanged"]


def test_what_an_attach_moved_since_is_no_late_effect() -> None:
    assert blamed(sent(), FREE, acted("attach", step=2), looked("InUse", step=3)) == []


def test_what_changes_between_two_plays_is_a_late_effect_of_the_first() -> None:
    assert blamed(rested=late_effect(shown("Available"), shown("InUse"))) == ["F08 LateEffect"]
    assert blamed(rested=late_effect(shown("Available"), shown("Available"))) == []


def test_what_belongs_to_nobody_here_may_change_between_two_plays() -> None:
    """Another worker's interface came or went."""
    before, now = shown("Available"), shown("Available")
    now = replace(now, enis={**now.enis, "eni-7": {"Status": "InUse"}})
    assert blamed(rested=late_effect(before, now)) == []


def test_nothing_is_judged_after_the_world_may_not_be_what_it_seems() -> None:
    """The last look of a flawed play is kept as evidence, and blamed on nobody."""
    assert blamed(sent(), USED, looked("Available", why="end", step=-1)) == ["F02 AfterSuccess"]


# --- overlapping calls -------------------------------------------------------------------------------


def test_two_detaches_of_one_interface_may_both_be_accepted() -> None:
    assert blamed(overlapped(part(), part()), after_overlap("Available")) == []


def test_the_second_of_two_detaches_of_one_interface_may_be_refused_for_its_state() -> None:
    assert blamed(overlapped(part(), part(400, WRONG_STATE)), after_overlap("Available")) == []
    assert blamed(overlapped(part(400, WRONG_STATE), part()), after_overlap("Available")) == []


def test_an_answer_that_came_before_the_other_call_was_sent_comes_first_in_every_order() -> None:
    refused, accepted = part(400, WRONG_STATE, began=0, ended=1), part(began=2, ended=3)
    assert blamed(overlapped(refused, accepted), after_overlap("Available")) == ["M06 Overlap"]
    assert blamed(overlapped(replace(refused, ended=2.5), accepted), after_overlap("Available")) == []


@pytest.mark.parametrize("other", [VALID, OF_TWO, OF_NOBODY], ids=["the same", "another", "of nobody"])
def test_a_valid_call_is_not_refused_for_a_state_that_no_other_call_led_to(other: object) -> None:
    """Each refusal alone could be that of the second; but then one of them must have been accepted."""
    reply = (404, "InvalidEniId.NotFound") if other is OF_NOBODY else (400, WRONG_STATE)
    calls = overlapped(part(400, WRONG_STATE), part(*reply, of=other))
    assert blamed(calls, USED) == ["M06 Overlap"]
    assert blamed(calls, start=shown("Available", "Available")) == []


def test_two_interfaces_leave_at_the_same_time() -> None:
    both = overlapped(part(), part(of=OF_TWO))
    assert blamed(both, after_overlap("Available", "Available")) == []
    assert blamed(both, after_overlap("Available", "InUse")) == ["M06 Overlap"]
    assert blamed(both, after_overlap("Available", "Available", Tags=("1",))) == ["F04 AfterSuccess"]


def test_a_detach_beside_a_refused_one_takes_its_own_interface_alone() -> None:
    beside = overlapped(part(), part(404, "InvalidEniId.NotFound", of=OF_NOBODY))
    assert blamed(beside, after_overlap("Available")) == []
    assert blamed(beside, after_overlap("Available", "Available")) == ["F05 AfterSuccess"]


def test_work_that_nobody_sees_may_end_later() -> None:
    """The looks before the end show an interface in use; they are doubted, and count for nothing."""
    doubted = [looked(status, why="doubted") for status in ("InUse", "InUse", "Detaching")]
    assert blamed(overlapped(part(), part()), *doubted, after_overlap("Available")) == []
    assert blamed(overlapped(part(), part()), *doubted[:2], after_overlap("InUse")) == ["M06 Overlap"]


def test_an_attach_at_the_same_time_comes_before_or_after() -> None:
    assert blamed(overlapped(part(), part(of="attach")), after_overlap("InUse")) == []
    refused = part(403, WRONG_STATE, of="attach")
    assert blamed(overlapped(part(), refused), after_overlap("Available")) == []
    assert blamed(overlapped(part(), refused), after_overlap("InUse"))[0] == "M06 Overlap"


def test_a_stop_at_the_same_time_changes_the_instance_lawfully() -> None:
    both = overlapped(part(), part(of="stop"))
    assert blamed(both, after_overlap("Available", instance="Stopped")) == []
    assert blamed(both, after_overlap("InUse", instance="Stopped"))[0] == "M06 Overlap"


def test_a_wrong_call_is_accepted_in_company_neither() -> None:
    calls = overlapped(part(), part(of=OF_NOBODY))
    assert "P02 WronglyAccepted" in blamed(calls, after_overlap("Available"))


def test_one_of_several_that_fails_leaves_all_undecided_behind_a_network() -> None:
    calls = overlapped(part(), part(503, "ServiceUnavailable"))
    assert "which may pass" in undecided(calls, after_overlap("Available"), tolerates=True)
    assert blamed(calls, after_overlap("Available"))[0] == "B01 Failed"


@pytest.mark.parametrize(
    "lost",
    [
        part(400, WRONG_STATE, resent=True),
        part(503, "Throttling", throttled=True),
        part(0, outcome="reset", of="attach"),
        part(403, "IncorrectInstanceStatus", of="stop", resent=True),
    ],
    ids=["sent twice", "throttled", "an attach without an answer", "a stop sent twice"],
)
def test_one_of_several_that_may_have_been_carried_out_leaves_all_undecided(lost: object) -> None:
    assert undecided(overlapped(part(), lost), after_overlap("InUse"))  # type: ignore[arg-type]


def test_of_overlapping_calls_each_answer_comes() -> None:
    assert blamed(overlapped(part(), part(0, outcome="timeout"))) == ["B02 NoAnswer"]


# --- other views -------------------------------------------------------------------------------------

BY_ID = shown("Available").enis
ATTACHED = {eni: fields for eni, fields in BY_ID.items() if eni != "eni-1"}


@pytest.mark.parametrize("view", ["instance", "pages"])
def test_a_list_of_what_is_attached_no_longer_has_what_was_detached(view: str) -> None:
    assert blamed(sent(), FREE, described(view, ATTACHED)) == []
    assert blamed(sent(), FREE, described(view, BY_ID)) == ["F03 Disagreement"]
    assert blamed(sent(), FREE, described(view, {"eni-p": BY_ID["eni-p"]})) == ["M05 Disagreement"]


def test_a_view_that_is_not_offered_or_does_not_filter_tells_nothing() -> None:
    assert blamed(sent(), FREE, described("attribute", None)) == []
    assert blamed(sent(), FREE, described("status", BY_ID, BY_ID)) == []
    assert blamed(sent(), FREE, described("status", BY_ID, ATTACHED)) == ["M05 Disagreement"]


def test_a_view_that_fails_to_the_end_is_blamed_and_one_that_is_refused_is_not_offered() -> None:
    view = replace(described("tag"), failure="failed", told="500 InternalError")
    assert blamed(sent(), FREE, view) == ["M05 Disagreement"]
    assert blamed(sent(), FREE, replace(view, failure="refused")) == []


def test_what_nobody_asked_for_is_not_listed() -> None:
    """An unknown instance and then an unknown interface were asked for."""
    assert blamed(sent(), FREE, described("nothing", {}, {})) == []
    assert blamed(sent(), FREE, described("nothing", BY_ID, {})) == ["M05 Disagreement"]


def test_an_instance_shows_what_is_attached_to_it_if_it_shows_interfaces_at_all() -> None:
    """That it lacks one for a while is a matter of lag; the look that counts must agree with itself."""
    start = shown(lists=("eni-1",))
    assert blamed(sent(), looked("Available", lists=(), why="doubted"), FREE) == []
    assert blamed(sent(), looked("Available", lists=()), start=start) == ["M05 Disagreement"]


def test_a_field_that_a_view_shows_otherwise_is_blamed_on_the_views() -> None:
    other = {**BY_ID["eni-1"], "Type": "Trunk"}
    assert blamed(sent(), FREE, described("attribute", {"eni-1": other})) == ["M05 Disagreement"]


# --- what explains what ------------------------------------------------------------------------------


def test_a_wrong_answer_among_overlapping_calls_is_told_alone() -> None:
    """That no order explains it, and what the look shows beside, would say the same again."""
    assert blamed(overlapped(part(), part(500, "InternalError")), after_overlap("Available")) == ["B01 Failed"]
    odd = part(400, WRONG_STATE)
    odd = replace(odd, exchange=replace(odd.exchange, body=b"<html>Bad request</html>"))
    assert blamed(overlapped(part(), odd), after_overlap("Available")) == ["R02 Shape"]


def test_a_body_that_cannot_be_read_is_told_once_and_not_as_a_code() -> None:
    page = replace(sent(400, WRONG_STATE).exchange, body=b"<html>Bad request</html>")
    refusal = replace(sent(400, WRONG_STATE, of=OF_NOBODY), exchange=page)
    assert blamed(refusal) == ["R02 Shape"]


def test_a_success_that_cannot_be_read_is_a_success() -> None:
    """What the look then shows is its effect, and no effect of a refusal."""
    page = replace(sent().exchange, body=b"<html>Done</html>")
    assert blamed(replace(sent(), exchange=page), looked("Available")) == ["R02 Shape"]


# --- the address of what was detached ----------------------------------------------------------------


BEFORE = {"eni-3": "10.0.0.3", "eni-4": "10.0.0.4"}


def _made_after_a_detach(before: Mapping[str, str], *later: str) -> list[str]:
    """Who is blamed where interfaces are made before a detach, and others after it, with these addresses."""
    after = {f"eni-{n}": address for n, address in enumerate(later, 5)}
    steps = (*map(created, before), beside("InUse", before), sent(), beside("Available", before))
    return blamed(*steps, *map(created, after), beside("Available", {**before, **after}), **HAS_ADDRESS)


def test_the_address_of_a_detached_interface_is_not_given_to_a_new_one() -> None:
    assert _made_after_a_detach(BEFORE, "10.0.0.5", "10.0.0.6") == []
    assert _made_after_a_detach(BEFORE, "10.0.0.1", "10.0.0.6") == ["F04 GivenAway"]
    assert _made_after_a_detach(BEFORE, "10.0.0.6", "10.0.0.1") == ["F04 GivenAway"]


def test_where_addresses_are_not_unique_anyway_none_is_given_away() -> None:
    """The page says nothing of it."""
    assert _made_after_a_detach({"eni-3": "10.0.0.1", "eni-4": "10.0.0.4"}, "10.0.0.1", "10.0.0.6") == []
    assert _made_after_a_detach({"eni-3": "10.0.0.4", "eni-4": "10.0.0.4"}, "10.0.0.1", "10.0.0.6") == []
    assert _made_after_a_detach(BEFORE, "10.0.0.1", "10.0.0.1") == [], "a network of few addresses"
    assert _made_after_a_detach(BEFORE, "10.0.0.1", "10.0.0.4") == []
    assert _made_after_a_detach({}, "10.0.0.1", "10.0.0.6") == [], "nothing says that they are unique"
    assert _made_after_a_detach(BEFORE, "10.0.0.1") == []


def test_what_was_made_meanwhile_is_no_effect_of_a_refusal() -> None:
    refused = sent(404, "InvalidEniId.NotFound", of=call("eni-x"))
    assert blamed(refused, created("eni-3"), beside("InUse", {"eni-3": "10.0.0.2"}), **HAS_ADDRESS) == []


# --- something else is at work ------------------------------------------------------------------------


def test_one_of_two_calls_at_once_may_conflict_with_the_other() -> None:
    """It is asked again by any client, also at an installation on this machine."""
    one, other = part(), part(409, CONFLICT, of=OF_TWO)
    assert blamed(overlapped(one, other), after_overlap("Available")) == []
    assert blamed(overlapped(one, other), after_overlap("Available", "Available")) == ["F05 AfterSuccess"]
    assert blamed(overlapped(one, other), after_overlap("InUse")) == ["M06 Overlap"]
    assert judgement(overlapped(one, other), after_overlap("Available"), tolerates=True).undecided == ""


def test_the_answer_to_a_call_that_conflicts_is_well_formed_like_any() -> None:
    one, other = part(), part(409, CONFLICT, of=OF_TWO)
    said = {**json.loads(other.exchange.body), "RequestId": json.loads(one.exchange.body)["RequestId"]}
    same_id = replace(other, exchange=replace(other.exchange, body=json.dumps(said).encode()))
    assert "R07 RepeatedId" in blamed(overlapped(one, same_id), after_overlap("Available"))
    page = replace(other, exchange=replace(other.exchange, headers=(("Content-Type", "text/html"),)))
    assert blamed(overlapped(one, page), after_overlap("Available"))[0].startswith("R05")


def test_where_nothing_was_carried_out_there_was_nothing_to_conflict_with() -> None:
    both = (part(409, CONFLICT), part(409, CONFLICT, of=OF_TWO))
    assert blamed(overlapped(*both), after_overlap("InUse")) == ["S04 WrongAnswer"]


def test_a_conflict_with_a_code_that_nobody_knows_is_no_conflict() -> None:
    busy = overlapped(part(), part(403, "TaskBusy", of=OF_TWO))
    assert blamed(busy, after_overlap("Available"))[0] == "S04 WrongAnswer"


# --- what is on its way -------------------------------------------------------------------------------


def test_what_the_look_before_shows_on_its_way_may_come_to_its_end() -> None:
    """It is older than it seems, or something else has moved it."""
    refused = sent(404, "InvalidEniId.NotFound", of=OF_NOBODY)
    on_its_way, at_rest = {"start": shown("InUse", "Detaching")}, {"start": shown("InUse", "InUse")}
    assert blamed(refused, looked("InUse", "Available"), **on_its_way) == []
    assert blamed(sent(), looked("Available", "Available"), **on_its_way) == []
    assert blamed(refused, looked("InUse", "Available"), **at_rest) == ["F01 RefusalChanged"]
    assert blamed(sent(), looked("Available", "Available"), **at_rest) == ["F05 AfterSuccess"]


def test_what_is_held_on_its_way_must_stay() -> None:
    refused = sent(404, "InvalidEniId.NotFound", of=OF_NOBODY)
    held = {"start": shown("InUse", "Detaching"), "arranged": {"held": frozenset({"eni-2"})}}
    assert blamed(refused, looked("InUse", "Available"), **held) == ["F01 RefusalChanged"]


def test_what_was_described_anew_may_be_shown_so_only_after_the_next_detach() -> None:
    """The look before the detach lags, or there was none."""
    before = {"start": shown(Description="old")}
    modified = acted("modify", step=0)
    late = (modified, looked(step=1, Description="old"), sent(step=2), looked("Available", step=3, Description="new"))
    assert blamed(*late, **before) == []
    assert blamed(modified, sent(step=1), looked("Available", step=2, Description="new"), **before) == []
    seen = (modified, looked(step=1, Description="new"), sent(step=2), looked("Available", step=3, Description="old"))
    assert blamed(*seen, **before) == ["F04 AfterSuccess"]


def test_an_endpoint_may_do_one_thing_at_a_time_as_long_as_that_takes() -> None:
    conflict = sent(409, CONFLICT, of=OF_TWO, step=1)
    assert blamed(sent(), conflict, looked("Available", step=2)) == []
    assert blamed(conflict, looked("Detaching", step=2), start=LEAVING, arranged=HELD) == []
    assert blamed(sent(409, CONFLICT), USED) == ["S04 Refused"], "where nothing is at work there is no excuse"


def test_a_call_with_two_things_that_may_be_refused_may_be_refused_for_either() -> None:
    both = call("eni-1", "i-1", ("Foo", "bar"), ("OwnerAccount", "a"), ("OwnerAccount", "a"))
    assert blamed(sent(400, "UnsupportedParameter", of=both), USED) == []
    assert blamed(sent(400, "InvalidParameter", of=both), USED) == []
