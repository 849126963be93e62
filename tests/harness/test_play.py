"""A Scenario carried out: what is sent and what never is, what is written down, what is left for the next."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import (
    Act,
    Arg,
    Call,
    Detach,
    EniSpec,
    Parallel,
    Probe,
    Settle,
    Step,
    Wire,
    World,
)
from eni_conformance.contract.texts import make_text
from eni_conformance.harness import ecs
from eni_conformance.harness.bench.look import PASSING, PASSING_ELSEWHERE, SLOT
from eni_conformance.harness.bench.pool import PARTS
from eni_conformance.harness.history import (
    Acted,
    AskedAgain,
    Described,
    LeftOut,
    Looked,
    Ordered,
    Overdue,
    Overlapped,
    Probed,
    Sent,
)
from eni_conformance.harness.play import STABLE
from eni_conformance.oracle.judge import judge
from small_ecs import HOST, OTHER, OURS, PRIMARY, Says, SmallEcs, played, stage, told

PAGE = CONTRACTS["2019"]
REGION_ARG, HOST_ARG = Arg("RegionId", "region"), Arg("InstanceId", "instance:0")


def naming(form: str = "exact", ref: str = "eni:0") -> Call:
    """A call whose interface is given in this form."""
    return Call((REGION_ARG, HOST_ARG, Arg("NetworkInterfaceId", ref, form)))


# --- what is never sent ------------------------------------------------------------------------------

INVENTED = naming("last changed")
"""It is taken to denote nothing. In these tests somebody has an interface of that name."""
NAMING_WHAT_IS_NOT_OURS: dict[str, tuple[Step, str]] = {
    "alone": (Detach(INVENTED), make_text("last changed", OURS)),
    "beside another": (Parallel((Detach(), Detach(INVENTED))), make_text("last changed", OURS)),
    "as a probe": (Probe("signature truncated", INVENTED), make_text("last changed", OURS)),
    "as a probe of what is not there": (Probe("sent again after other calls"), OURS + "0"),
}


@pytest.mark.parametrize("host", ["i-bp1theirs0", HOST], ids=["on theirs", "on ours"])
@pytest.mark.parametrize(("step", "name"), NAMING_WHAT_IS_NOT_OURS.values(), ids=NAMING_WHAT_IS_NOT_OURS)
def test_a_call_that_names_what_exists_and_is_not_ours_is_never_sent(
    step: Step, name: str, host: str, tmp_path: Path
) -> None:
    ecs = SmallEcs({name: (host, "InUse", 0.0)})
    history = played(stage(ecs, tmp_path), step)
    assert told(history, LeftOut, Sent, Probed, Overlapped) == [LeftOut(0, "foreign")]
    assert ecs.sent() == [] and ecs.enis[name] == (host, "InUse", 0.0)


@pytest.mark.parametrize(("step", "name"), NAMING_WHAT_IS_NOT_OURS.values(), ids=NAMING_WHAT_IS_NOT_OURS)
def test_the_same_call_is_sent_where_nothing_has_that_name(step: Step, name: str, tmp_path: Path) -> None:
    ecs = SmallEcs()
    history = played(stage(ecs, tmp_path), step)
    assert told(history, LeftOut) == [] and name in ecs.sent()


def test_what_denoted_nothing_is_asked_about_once_and_what_came_true_is_forgotten(tmp_path: Path) -> None:
    """The texts of the next plays are mostly the same ones."""
    ecs, name = SmallEcs(), make_text("last changed", OURS)
    where = stage(ecs, tmp_path)
    played(where, Detach(INVENTED))
    assert where.nothing == {name}
    ecs.enis[name] = ("i-bp1theirs0", "InUse", 0.0)
    history = played(where, Detach(INVENTED))
    assert told(history, Sent)[0].denotes == (name,) and where.nothing == set()
    assert told(played(where, Detach(INVENTED)), LeftOut) == [LeftOut(0, "foreign")]


def test_a_primary_interface_that_no_description_shows_is_not_asked_for(tmp_path: Path) -> None:
    ecs = SmallEcs()
    where = stage(ecs, tmp_path)
    where.bench.instances[0].primary = ""
    history = played(where, Detach(naming(ref="primary:0")))
    assert told(history, LeftOut) == [LeftOut(0, "unshown")] and ecs.sent() == []


# --- what is written down, in order ------------------------------------------------------------------


def test_everything_is_written_down_as_it_happens(tmp_path: Path) -> None:
    """The call, looks until it is over, the look that counts, another view; what was ordered is taken back at last."""
    history = played(stage(SmallEcs(), tmp_path), Detach(), Settle())
    kinds = [one.why if isinstance(one, Looked) else one.kind for one in history.events]
    assert [kind for kind, _ in itertools.groupby(kinds)] == [
        "sent", "waiting", "settled", "described", "ordered", "settled",
    ]  # fmt: skip
    assert [one.released for one in told(history, Ordered)] == ["region", "parameter"]
    assert [one.step for one in history.events[-3:]] == [-1, -1, -1]
    assert len(history.sent) == len(history.events) and list(history.sent) == sorted(history.sent)


def test_another_view_is_told_with_what_was_freed_and_where(tmp_path: Path) -> None:
    (view,) = told(played(stage(SmallEcs(), tmp_path), Detach(), Settle()), Described)
    assert (view.eni, view.host, view.others) == (OURS, HOST, {PRIMARY})
    assert view.snapshot.status(OURS) == "Available"


def test_the_views_take_turns(tmp_path: Path) -> None:
    where = stage(SmallEcs(), tmp_path)
    views = {told(played(where, Detach(), Settle()), Described)[0].view for _ in range(12)}
    assert len(views) > 3 and where.turn == 12


def test_overlapping_calls_are_one_event_with_a_look_after_it(tmp_path: Path) -> None:
    history = played(stage(SmallEcs(), tmp_path), Parallel((Detach(), Detach())))
    overlapped, *looks = told(history, Overlapped, Looked)
    assert [part.exchange.status for part in overlapped.parts] == [200, 200]
    assert all(part.began < part.ended for part in overlapped.parts)
    assert (looks[0].why, looks[0].snapshot.status(OURS)) == ("overlap", "Available")


def test_an_operation_of_the_surroundings_is_sent_and_told(tmp_path: Path) -> None:
    ecs = SmallEcs()
    (acted,) = told(played(stage(ecs, tmp_path), Detach(), Settle(), Act("attach")), Acted)
    assert (acted.step, acted.deed.eni, acted.deed.instance, acted.passed) == (2, OURS, HOST, ())
    assert ecs.sent("AttachNetworkInterface") == [OURS] and ecs.enis[OURS][:2] == (HOST, "InUse")


def test_nothing_is_sent_after_the_world_may_not_be_what_it_seems(tmp_path: Path) -> None:
    """A call that must be refused is accepted: whatever comes next would be judged by a guess."""
    ecs = SmallEcs(says=[Says(200)])
    history = played(stage(ecs, tmp_path), Detach(naming("last changed")), Detach())
    assert len(ecs.sent()) == 1 and [one.why for one in told(history, Looked)] == ["end"]


def test_two_forms_of_a_call_with_two_answers_are_asked_again_until_it_is_known_whether_they_are_stable(
    tmp_path: Path,
) -> None:
    odd, other = Says(404, "InvalidEniId.NotFound"), Says(400, "InvalidParams.EniId")
    forms = (Detach(naming("extended")), Detach(replace(naming("extended"), wire=Wire("POST"))))
    ecs = SmallEcs(says=[odd, other, *[odd] * STABLE, *[other] * STABLE])
    again = told(played(stage(ecs, tmp_path), *forms), AskedAgain)
    assert [(len(one.exchanges), one.stable) for one in again] == [(STABLE, True), (STABLE, True)]
    ecs = SmallEcs(says=[odd, other, odd, other, other])
    again = told(played(stage(ecs, tmp_path), *forms), AskedAgain)
    assert [(len(one.exchanges), one.stable) for one in again] == [(2, False)]


@pytest.mark.parametrize(("refusals", "tries"), [(2, 3), (99, None)], ids=["for a while", "for good"])
def test_an_attach_of_what_was_freed_is_tried_for_a_while_where_the_slot_is_said_to_be_taken(
    refusals: int, tries: int | None, tmp_path: Path
) -> None:
    """It may not be free at once; that it never is would be blamed."""
    ecs = SmallEcs(attaches=[Says(403, "EniPerInstanceLimitExceeded")] * refusals)
    where = stage(ecs, tmp_path)
    (acted,) = told(played(where, Detach(), Settle(), Act("attach")), Acted)
    assert len(ecs.sent("AttachNetworkInterface")) == len(acted.passed) + 1
    if tries:
        assert (len(acted.passed) + 1, acted.exchange.status) == (tries, 200)
    else:
        assert acted.exchange.at - acted.passed[0].at >= where.relook + SLOT - 0.2


@pytest.mark.parametrize("step", [Detach(), Parallel((Detach(), Detach()))], ids=["alone", "overlapping"])
def test_where_every_second_description_is_old_the_look_that_counts_shows_the_end(step: Step, tmp_path: Path) -> None:
    """And what ends then is no late effect in the next play."""
    ecs = SmallEcs(takes=1.5, stale=1.0)
    where = stage(ecs, tmp_path, lags=True)
    history = played(where, step, Settle())
    counted = [one for one in told(history, Looked) if one.why in ("settled", "overlap")]
    assert {one.snapshot.status(OURS) for one in counted} == {"Available"}
    assert judge(PAGE, history).found == ()
    assert judge(PAGE, played(where, Detach(naming("last changed")))).found == ()


# --- answers that may pass ---------------------------------------------------------------------------

CONFLICT, FAILS, NO_ANSWER = Says(409, "OperationConflict"), Says(500, "InternalError"), Says(outcome="reset")


@pytest.mark.parametrize(
    ("says", "nearby", "times"),
    [
        ([CONFLICT], True, 2),
        ([CONFLICT] * 2, True, 3),
        ([CONFLICT] * 9, True, 1 + len(PASSING)),
        ([CONFLICT] * 9, False, 1 + len(PASSING_ELSEWHERE)),
        ([FAILS], True, 1),
        ([FAILS], False, 2),
        ([NO_ANSWER], True, 1),
        ([NO_ANSWER] * 9, False, 1 + len(PASSING_ELSEWHERE)),
        ([Says(404, "InvalidEniId.NotFound")], False, 1),
    ],
)
def test_an_answer_that_may_pass_is_asked_again_as_often_as_there_are_pauses(
    says: list[Says], nearby: bool, times: int, tmp_path: Path
) -> None:
    """On this machine only what says that something else is at work; nothing that is documented, anywhere."""
    ecs = SmallEcs(says=says)
    (sent,) = told(played(stage(ecs, tmp_path, nearby=nearby), Detach()), Sent)
    assert len(ecs.sent()) == times and len(sent.passed) == times - 1 and sent.done is None


def test_before_each_further_try_a_pause_is_made(tmp_path: Path) -> None:
    ecs = SmallEcs(says=[CONFLICT] * 9)
    (sent,) = told(played(stage(ecs, tmp_path), Detach()), Sent)
    tries = [one.at for one in (*sent.passed, sent.exchange)]
    waited = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert waited == pytest.approx(PASSING, abs=0.01)


def test_what_was_carried_out_all_the_same_is_not_asked_for_again(tmp_path: Path) -> None:
    ecs = SmallEcs(says=[replace(CONFLICT, done=True)])
    (sent,) = told(played(stage(ecs, tmp_path), Detach()), Sent)
    assert len(ecs.sent()) == 1 and sent.done.status(OURS) == "Detaching"


@pytest.mark.parametrize("done", [True, False])
def test_the_refusal_of_a_second_sending_is_told_with_a_look_if_the_first_was_carried_out(
    done: bool, tmp_path: Path
) -> None:
    """A kept connection had ended without a byte: the client sent the call again by itself."""
    ecs = SmallEcs(says=[Says(403, "InvalidOperation.InvalidEniType", done=done, resent=True)])
    (sent,) = told(played(stage(ecs, tmp_path), Detach()), Sent)
    assert (sent.done is not None) is done


@pytest.mark.parametrize(("says", "end"), [([], "whole"), ([NO_ANSWER], "lost"), ([CONFLICT], "lost")])
def test_a_replay_is_sent_only_if_the_first_was_answered_for_good(says: list[Says], end: str, tmp_path: Path) -> None:
    ecs = SmallEcs(says=says)
    history = played(stage(ecs, tmp_path), Probe("sent twice, byte for byte"))
    (probed,) = told(history, Probed)
    assert (probed.end, len(ecs.sent())) == (end, 2 if end == "whole" else 1)
    assert [one.twin for one in told(history, Sent)] == [True] * (end == "whole")


# --- detaches that take their time -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("takes", "overdue", "calls"),
    [(4.0, [], 1), (15.0, [(False, "Available")], 1), (10**6, [(False, "Detaching"), (True, "Detaching")], 2)],
    ids=["in time", "late", "never"],
)
def test_a_detach_that_is_not_over_is_waited_for_as_long_again_and_then_asked_for_once_more(
    takes: float, overdue: list[tuple[bool, str]], calls: int, tmp_path: Path
) -> None:
    ecs = SmallEcs(takes=takes)
    where = stage(ecs, tmp_path)
    history = played(where, Detach(), Settle())
    assert [(one.reminded, one.snapshot.status(OURS)) for one in told(history, Overdue)] == overdue
    assert len(ecs.sent()) == calls and where.stuck == (calls - 1)
    assert bool(where.bench.settled) is (calls == 1)


def test_where_one_never_ended_the_next_is_asked_for_again_at_once(tmp_path: Path) -> None:
    where = stage(SmallEcs(takes=10**6), tmp_path)
    where.stuck = 1
    assert [one.reminded for one in told(played(where, Detach(), Settle()), Overdue)] == [True]


# --- the set-up, and what one play leaves for the next ------------------------------------------------

FREE = World(enis=(EniSpec(on=None, status="Available"),))
TWO = World(enis=(EniSpec(), EniSpec(on=None, status="Available")))


def test_what_the_set_up_detaches_is_no_event(tmp_path: Path) -> None:
    """It is waited for and looked at; only a call under test is judged."""
    ecs = SmallEcs({OTHER: (HOST, "InUse", 0.0)})
    history = played(stage(ecs, tmp_path), Detach(naming(ref="eni:1")), world=TWO)
    assert history.arranged and history.arranged.snapshot.status(OTHER) == "Available"
    assert ecs.sent() == [OTHER, OTHER] and [one.step for one in told(history, Sent)] == [0]


def test_a_set_up_that_fails_leaves_nothing_to_compare_with(tmp_path: Path) -> None:
    ecs = SmallEcs()
    where = stage(ecs, tmp_path)
    played(where, Detach(naming("last changed")), world=TWO)
    ecs.enis[OTHER], ecs.says = (HOST, "InUse", 0.0), [Says(403, "Forbidden.SubUser")]
    where.bench.stale = PARTS
    history = played(where, Detach(), world=TWO)
    assert "set-up failed" in history.undecided and history.events == ()
    assert where.last is None and where.bench.stale == PARTS


def test_the_last_look_of_a_clean_play_is_what_the_next_begins_with(tmp_path: Path) -> None:
    ecs = SmallEcs()
    where = stage(ecs, tmp_path)
    first = played(where, Detach(naming("last changed")))
    assert first.rested is None and where.last == (told(first, Looked)[-1].snapshot, first.scenario)
    second = played(where, Detach(naming("last changed")))
    assert second.rested and second.rested.scenario is first.scenario
    assert second.rested.before.enis == second.rested.now.enis
    assert second.rested.own == {OURS, OTHER, HOST, PRIMARY}


def test_what_changed_between_two_plays_is_looked_at_again_before_it_is_told(tmp_path: Path) -> None:
    ecs = SmallEcs()
    where = stage(ecs, tmp_path)
    played(where, Detach(), Settle())
    ecs.at, ecs.enis[OURS] = ecs.at + 60, (HOST, "InUse", 0.0)
    began = ecs.at
    second = played(where, Detach(naming("last changed")))
    assert second.rested and second.rested.now.status(OURS) == "InUse"
    assert second.rested.now.at - began >= where.relook - 0.2
    assert where.last is None, "what differs once is told once"


def test_a_difference_that_is_gone_at_the_next_look_is_none(tmp_path: Path) -> None:
    """A description lagged behind."""
    ecs = SmallEcs()
    where = stage(ecs, tmp_path)
    played(where, Detach(naming("last changed")))
    ecs.at, ecs.enis[OTHER] = ecs.at + 60, (HOST, "Detaching", ecs.at + 60.5)
    second = played(where, Detach(naming("last changed")))
    assert second.rested and second.rested.before.enis == second.rested.now.enis


@pytest.mark.parametrize("says", [[Says(200)], [Says(500, "InternalError")]], ids=["no effect", "failure"])
def test_a_play_with_anything_wrong_leaves_nothing_to_compare_with(says: list[Says], tmp_path: Path) -> None:
    where = stage(SmallEcs(says=says), tmp_path)
    played(where, Detach(), Settle())
    assert where.last is None and where.bench.stale == PARTS


def test_what_a_wrong_effect_has_damaged_is_not_used_again(tmp_path: Path) -> None:
    """A refused call has changed the type of the interface: attaching and detaching will not mend that."""
    where = stage(SmallEcs(says=[Says(404, "InvalidEniId.NotFound")], retypes=OURS), tmp_path)
    history = played(where, Detach(naming("last changed")), Settle())
    assert told(history, Looked)[-1].snapshot.enis[OURS]["Type"] == "Trunk"
    assert [one.id for one in where.bench.enis if one.look is None] == [OURS]


def test_answers_after_which_the_set_up_sends_a_call_again_are_counted(tmp_path: Path) -> None:
    endpoint = SmallEcs(attaches=[Says(500, "InternalError"), Says(400, "OperationConflict"), Says()])
    where = stage(endpoint, tmp_path)
    ecs.attach_eni(where.session, HOST, OTHER)
    assert endpoint.repeated == {"AttachNetworkInterface": {"500 InternalError": 1, "400 OperationConflict": 1}}
