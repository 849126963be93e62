"""The life cycle: what may be true after each step, and whether a serial order explains overlapping calls."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import ENI_STATUSES, INSTANCE_STATUSES
from eni_conformance.harness.values import Asked, Deed, Param, Snapshot
from eni_conformance.oracle import model
from eni_conformance.oracle.model import (
    Told,
    after_deed,
    after_detach,
    agrees,
    deed_possible,
    explain,
    known_of,
    step,
)
from eni_conformance.oracle.readings import EniKnown, InstanceKnown, Known, Reply, admissible
from hypothesis import given
from hypothesis import strategies as st

PAGE = CONTRACTS["2019"]
REGION = "cn-hangzhou"
HERE = frozenset({REGION})


def look(enis=None, instances=None):
    """A look: {id: (status, instance)} and {id: status}."""
    return Snapshot(
        0.0,
        {
            k: {"Status": s, **({"InstanceId": i} if i else {})}
            for k, (s, i) in (enis or {"eni-1": ("InUse", "i-1")}).items()
        },
        {k: {"Status": s} for k, s in (instances or {"i-1": "Running"}).items()},
    )


def seen(snapshot=None, **more):
    return known_of(snapshot or look(), region=REGION, regions=HERE, **more)


def known(eni="InUse", on="i-1", instance="Running"):
    """What is known of eni-1 and i-1; several possibilities joined by "/". Beside them eni-2 and i-2, at rest."""
    return Known(
        REGION,
        HERE,
        {
            "i-1": InstanceKnown("i-1", frozenset(instance.split("/"))),
            "i-2": InstanceKnown("i-2", frozenset({"Running"})),
        },
        {
            "eni-1": EniKnown("eni-1", frozenset(eni.split("/")), frozenset(on.split("/"))),
            "eni-2": EniKnown("eni-2", frozenset({"Available"}), frozenset({""})),
        },
    )


def detach(eni="eni-1", instance="i-1"):
    return Asked((Param("RegionId", REGION), Param("InstanceId", instance), Param("NetworkInterfaceId", eni)))


DONE = Reply(200, "")
IN_STATE = Reply(400, "InvalidOperation.InvalidEniState")


# --- one look ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "possible"),
    [
        ("Available", {"Available"}),
        ("InUse", {"InUse"}),
        ("Attaching", {"Attaching", "InUse"}),
        ("Detaching", {"Detaching", "Available"}),
        ("Deleting", {"Deleting", ""}),
    ],
)
def test_an_interface_in_transition_may_have_arrived_by_now(status, possible):
    made = seen(look({"eni-1": (status, "i-1")})).enis["eni-1"]
    assert made.id == "eni-1" and made.statuses == possible
    assert made.on == ({"i-1", ""} if status == "Detaching" else {"i-1"})
    assert (made.type, made.fault) == ("Secondary", "")


@pytest.mark.parametrize(
    ("status", "possible"),
    [
        ("Running", {"Running"}),
        ("Stopped", {"Stopped"}),
        ("Starting", {"Starting", "Running"}),
        ("Stopping", {"Stopping", "Stopped"}),
        ("Pending", {"Pending", "Starting", "Running", "Stopped"}),
    ],
)
def test_an_instance_in_transition_may_have_arrived_by_now(status, possible):
    made = seen(look(instances={"i-1": status})).instances["i-1"]
    assert made == InstanceKnown("i-1", frozenset(possible))


@pytest.mark.parametrize("status", ["Attaching", "Detaching", "Deleting"])
def test_a_held_interface_stays_where_it_is(status):
    made = seen(look({"eni-1": (status, "i-1")}), held=frozenset({"eni-1"})).enis["eni-1"]
    assert (made.statuses, made.on) == ({status}, {"i-1"})


@pytest.mark.parametrize("status", ["Starting", "Stopping", "Pending"])
def test_a_held_instance_stays_where_it_is(status):
    made = seen(look(instances={"i-1": status}), held=frozenset({"i-1"}))
    assert made.instances["i-1"].statuses == {status}
    assert seen(look(instances={"i-1": status}), held=frozenset({"eni-1"})).instances["i-1"].statuses != {status}


def test_what_a_look_shows_of_an_interface():
    snapshot = Snapshot(
        0.0,
        {
            "eni-1": {"Status": "InUse", "Type": "Primary", "InstanceId": "i-1"},
            "eni-2": {"Status": "Available"},
            "eni-3": {"Status": "Attaching", "Attachment.InstanceId": "i-1"},
            "eni-4": {"Status": "InUse"},
        },
        {
            "i-1": {"Status": "Running", "NetworkInterfaces": (json.dumps({"NetworkInterfaceId": "eni-1"}),)},
            "i-2": {"Status": "Stopped", "NetworkInterfaces": (json.dumps({"NetworkInterfaceId": "eni-4"}),)},
        },
    )
    made = seen(snapshot, faults={"eni-2": "eni.zone=x", "i-2": "instance.eni_limit"})
    assert made.enis == {
        "eni-1": EniKnown("eni-1", frozenset({"InUse"}), frozenset({"i-1"}), "Primary"),
        "eni-2": EniKnown("eni-2", frozenset({"Available"}), frozenset({""}), fault="eni.zone=x"),
        "eni-3": EniKnown("eni-3", frozenset({"Attaching", "InUse"}), frozenset({"i-1"})),
        "eni-4": EniKnown("eni-4", frozenset({"InUse"}), frozenset({"i-2"})),
    }
    assert made.instances == {
        "i-1": InstanceKnown("i-1", frozenset({"Running"})),
        "i-2": InstanceKnown("i-2", frozenset({"Stopped"}), "instance.eni_limit"),
    }


def test_what_is_told_of_the_region_is_kept():
    faults = ("region.feature", "parameter.unsupported=OwnerId")
    made = known_of(look(), region="a", regions=frozenset("ab"), of_all=faults)
    assert (made.region, made.regions, made.faults) == ("a", {"a", "b"}, faults)
    assert seen().faults == ()


# --- one step ------------------------------------------------------------------------------------


def test_an_accepted_detach_leads_to_detaching_and_then_available():
    made = after_detach(known(), "eni-1")
    assert made.enis["eni-1"] == EniKnown("eni-1", frozenset({"Detaching", "Available"}), frozenset({"i-1", ""}))
    assert made.enis["eni-2"] == known().enis["eni-2"] and made.instances == known().instances


def test_a_held_detach_stays_detaching_on_its_instance():
    made = after_detach(known(), "eni-1", held=True)
    assert made.enis["eni-1"] == EniKnown("eni-1", frozenset({"Detaching"}), frozenset({"i-1"}))


def test_a_detach_of_something_unknown_changes_nothing():
    assert after_detach(known(), "eni-9") == known() == after_detach(known(), "eni-9", True)


def test_what_an_accepted_operation_leads_to():
    made = after_deed(known(), Deed("attach", "eni-2", "i-2"))
    assert made.enis["eni-2"] == EniKnown("eni-2", frozenset({"Attaching", "InUse"}), frozenset({"i-2"}))
    assert made.enis["eni-1"] == known().enis["eni-1"] and made.instances == known().instances
    made = after_deed(known(), Deed("delete", "eni-2"))
    assert made.enis["eni-2"] == EniKnown("eni-2", frozenset({"Deleting", ""}), frozenset({""}))
    for op, statuses in (
        ("start", {"Starting", "Running"}),
        ("stop", {"Stopping", "Stopped"}),
        ("reboot", {"Stopping", "Stopped", "Starting", "Running"}),
    ):
        made = after_deed(known(), Deed(op, instance="i-2"))
        assert made.instances["i-2"] == InstanceKnown("i-2", frozenset(statuses))
        assert made.instances["i-1"] == known().instances["i-1"] and made.enis == known().enis


@pytest.mark.parametrize("op", ["attach", "delete", "start", "stop", "reboot", "describe"])
def test_an_operation_on_something_unknown_changes_nothing(op):
    assert after_deed(known(), Deed(op, "eni-9", "i-9")) == known()


def test_a_look_changes_nothing():
    assert after_deed(known(), Deed("describe", "eni-1", "i-1")) == known()


def test_what_can_be_accepted_in_which_state():
    """Attach: Available on Running or Stopped. Delete: Available. Start: Stopped. Stop, reboot: Running."""
    for eni, instance in itertools.product(ENI_STATUSES, INSTANCE_STATUSES):
        state = known(eni, "", instance)
        able = eni == "Available" and instance in ("Running", "Stopped")
        assert deed_possible(state, Deed("attach", "eni-1", "i-1")) == able, (eni, instance)
        assert deed_possible(state, Deed("delete", "eni-1")) == (eni in ("Available", "Deleting"))
        assert deed_possible(state, Deed("start", instance="i-1")) == (instance in ("Stopped", "Stopping"))
        for op in ("stop", "reboot"):
            assert deed_possible(state, Deed(op, instance="i-1")) == (instance in ("Running", "Starting"))
        assert deed_possible(state, Deed("describe"))


@pytest.mark.parametrize("op", ["attach", "delete", "start", "stop", "reboot"])
def test_nothing_can_be_done_to_what_is_unknown(op):
    assert not deed_possible(known("Available"), Deed(op, "eni-9", "i-9"))
    if op == "attach":
        assert not deed_possible(known("Available"), Deed(op, "eni-1", "i-9"))
        assert not deed_possible(known("Available"), Deed(op, "eni-9", "i-1"))


@given(
    st.sets(st.sampled_from(ENI_STATUSES), min_size=1),
    st.sets(st.sampled_from(INSTANCE_STATUSES), min_size=1),
    st.sampled_from(("attach", "delete", "start", "stop", "reboot")),
)
def test_in_doubt_an_operation_is_possible_if_it_is_in_some_possible_state(enis, instances, op):
    deed = Deed(op, "eni-1", "i-1")
    alone = [deed_possible(known(e, "", i), deed) for e in enis for i in instances]
    assert deed_possible(known("/".join(enis), "", "/".join(instances)), deed) == any(alone)


def test_a_step_follows_an_admissible_answer_and_refuses_another():
    assert step(PAGE, known(), Told(detach(), DONE)) == after_detach(known(), "eni-1")
    assert step(PAGE, known(), Told(detach(), IN_STATE)) is None
    free = known("Available", "")
    assert step(PAGE, free, Told(detach(), IN_STATE)) == free
    assert step(PAGE, free, Told(detach(), DONE)) is None


def test_a_success_that_leaves_open_what_was_detached_changes_nothing():
    two = replace(known(), enis={k: EniKnown(k, frozenset({"InUse"}), frozenset({"i-1"})) for k in ("eni-1", "eni-2")})
    asked = Asked((*detach().params, Param("NetworkInterfaceId", "eni-2")))
    assert step(PAGE, two, Told(asked, DONE)) == two


def test_a_refused_operation_of_the_surroundings_changes_nothing_and_an_impossible_one_explains_nothing():
    assert step(PAGE, known(), Told(Deed("attach", "eni-2", "i-1"), DONE)) == after_deed(
        known(), Deed("attach", "eni-2", "i-1")
    )
    assert step(PAGE, known(), Told(Deed("attach", "eni-1", "i-1"), Reply(400, "X"))) == known()
    assert step(PAGE, known(), Told(Deed("attach", "eni-1", "i-1"), DONE)) is None


# --- the end of a history ------------------------------------------------------------------------


def test_a_look_agrees_with_what_is_possible():
    state = known("Detaching/Available", "i-1/", "Running/Starting")
    rest = {"i-1": "Running", "i-2": "Running"}

    def final(eni="Available", on="", instances=rest, other="Available"):
        return look({"eni-1": (eni, on), "eni-2": (other, "")}, instances)

    assert agrees(state, final())
    assert agrees(state, final("Detaching", "i-1"))
    assert agrees(state, final(instances={"i-1": "Starting", "i-2": "Running"}))
    assert not agrees(state, final("InUse", "i-1"))
    assert not agrees(state, final("Available", "i-7"))
    assert not agrees(state, final(instances={"i-1": "Stopped", "i-2": "Running"}))
    assert not agrees(state, final(instances={"i-1": "Running", "i-2": "Stopped"}))
    assert not agrees(state, final(instances={"i-1": "Running"}))
    assert not agrees(state, final(other="InUse"))


def test_the_link_counts_for_an_interface_at_rest_alone():
    """In transition the description may or may not show the instance."""
    rest = {"i-1": "Running", "i-2": "Running"}
    for status, matters in (("InUse", True), ("Available", True), ("Detaching", False), ("Attaching", False)):
        final = look({"eni-1": (status, "i-2"), "eni-2": ("Available", "")}, rest)
        assert agrees(known(status, "i-1"), final) != matters
        assert agrees(known(status, "i-2"), final)


def test_an_interface_that_may_be_gone_agrees_with_a_look_without_it():
    final = look({"eni-2": ("Available", "")}, {"i-1": "Running", "i-2": "Running"})
    assert agrees(known("Deleting/", ""), final)
    assert not agrees(known("Available", ""), final)


@given(st.sampled_from(ENI_STATUSES), st.sampled_from(INSTANCE_STATUSES), st.booleans())
def test_a_look_always_agrees_with_what_it_tells_itself(eni, instance, attached):
    snapshot = look({"eni-1": (eni, "i-1" if attached else "")}, {"i-1": instance})
    assert agrees(seen(snapshot), snapshot)
    assert agrees(seen(snapshot, held=frozenset({"eni-1", "i-1"})), snapshot)


# --- overlapping calls ---------------------------------------------------------------------------

AFTER = look({"eni-1": ("Available", ""), "eni-2": ("Available", "")}, {"i-1": "Running", "i-2": "Running"})
UNTOUCHED = look({"eni-1": ("InUse", "i-1"), "eni-2": ("Available", "")}, {"i-1": "Running", "i-2": "Running"})


def at_once(*pairs):
    return [Told(what, reply, 0.0, 1.0) for what, reply in pairs]


def test_two_calls_on_one_interface_may_both_succeed_or_one_may_come_too_late():
    """The second finds it Detaching, or Available already."""
    for one, two in ((DONE, DONE), (DONE, IN_STATE), (IN_STATE, DONE)):
        assert explain(PAGE, known(), at_once((detach(), one), (detach(), two)), AFTER) is not None
    assert explain(PAGE, known(), at_once((detach(), IN_STATE), (detach(), IN_STATE)), AFTER) is None
    assert explain(PAGE, known(), at_once((detach(), IN_STATE), (detach(), IN_STATE)), UNTOUCHED) is None


def test_the_order_that_explains_is_returned():
    assert explain(PAGE, known(), at_once((detach(), IN_STATE), (detach(), DONE)), AFTER) == (1, 0)
    assert explain(PAGE, known(), at_once((detach(), DONE), (detach(), IN_STATE)), AFTER) == (0, 1)
    assert explain(PAGE, known(), [], UNTOUCHED) == ()


def test_the_final_state_must_follow_from_the_answers():
    """A success that had no effect cannot be explained, nor an effect without a success."""
    assert explain(PAGE, known(), at_once((detach(), DONE)), AFTER) == (0,)
    assert explain(PAGE, known(), at_once((detach(), DONE)), UNTOUCHED) is None
    assert explain(PAGE, known(), [], AFTER) is None
    assert explain(PAGE, known(), at_once((detach(), DONE)), None) == (0,)


def test_a_call_that_was_answered_before_another_was_sent_comes_first():
    """Too late is an answer to the second call, never to the first."""
    late = [Told(detach(), IN_STATE, 0.0, 1.0), Told(detach(), DONE, 2.0, 3.0)]
    assert explain(PAGE, known(), late, AFTER) is None
    assert explain(PAGE, known(), [late[0], replace(late[1], sent=1.0)], AFTER) == (1, 0)
    assert explain(PAGE, known(), [late[0], replace(late[1], sent=0.5)], AFTER) == (1, 0)
    assert explain(PAGE, known(), list(reversed(late)), AFTER) is None
    first = [Told(detach(), DONE, 0.0, 1.0), Told(detach(), IN_STATE, 2.0, 3.0)]
    assert explain(PAGE, known(), first, AFTER) == (0, 1)
    assert explain(PAGE, known(), list(reversed(first)), AFTER) == (1, 0)


def test_a_detach_against_a_stop_finds_the_instance_before_or_after():
    """Refused with the instance's state only if the stop was accepted."""
    stop, state = Deed("stop", instance="i-1"), Reply(400, "InvalidOperation.InvalidEcsState")
    stopped = {"i-1": "Stopped", "i-2": "Running"}
    kept = look({"eni-1": ("InUse", "i-1"), "eni-2": ("Available", "")}, stopped)
    freed = look({"eni-1": ("Available", ""), "eni-2": ("Available", "")}, stopped)
    assert explain(PAGE, known(), at_once((detach(), DONE), (stop, DONE)), freed) is not None
    assert explain(PAGE, known(), at_once((detach(), state), (stop, DONE)), kept) == (1, 0)
    assert explain(PAGE, known(), at_once((detach(), state), (stop, Reply(403, "X"))), UNTOUCHED) is None


def test_a_deletion_and_a_detach_explain_that_the_interface_is_gone():
    gone = look({"eni-2": ("Available", "")}, {"i-1": "Running", "i-2": "Running"})
    told = at_once((Deed("delete", "eni-1"), DONE), (detach(), DONE))
    assert explain(PAGE, known(), told, gone) == (1, 0)
    assert explain(PAGE, known(), told[:1], gone) is None


def test_calls_on_two_interfaces_do_not_disturb_each_other():
    two = replace(known(), enis={k: EniKnown(k, frozenset({"InUse"}), frozenset({"i-1"})) for k in ("eni-1", "eni-2")})
    told = at_once((detach("eni-1"), DONE), (detach("eni-2"), DONE))
    assert explain(PAGE, two, told, AFTER) == (0, 1)
    assert explain(PAGE, two, told[:1], AFTER) is None


def _brute(start, told, final):
    """Every order, checked without pruning."""
    for order in itertools.permutations(range(len(told))):
        if any(told[b].done < told[a].sent for i, a in enumerate(order) for b in order[i + 1 :]):
            continue
        state = start
        for i in order:
            state = None if state is None else step(PAGE, state, told[i])
        if state is not None and agrees(state, final):
            return order
    return None


OPERATIONS = st.sampled_from(
    (
        detach(), detach("eni-1", "i-2"), detach("eni-2"), Deed("attach", "eni-2", "i-1"), Deed("delete", "eni-1"),
        Deed("stop", instance="i-1"),
    )
)  # fmt: skip
REPLIES = st.sampled_from((DONE, DONE, IN_STATE, Reply(400, "InvalidOperation.InvalidEcsState")))
TOLD = st.builds(
    lambda what, reply, sent, spent: Told(what, reply, sent, sent + spent),
    OPERATIONS, REPLIES, st.integers(0, 3), st.integers(0, 3),
)  # fmt: skip


@given(st.lists(TOLD, max_size=4), st.sampled_from(ENI_STATUSES), st.sampled_from(("i-1", "")), st.booleans())
def test_pruning_loses_no_explanation(told, eni, on, running):
    """The search finds the first order that an exhaustive one finds."""
    final = look(
        {"eni-1": (eni, on), "eni-2": ("Available", "")}, {"i-1": "Running" if running else "Stopped", "i-2": "Running"}
    )
    assert explain(PAGE, known(), told, final) == _brute(known(), told, final)


@given(
    st.lists(st.sampled_from((detach(), detach("eni-2"), detach("eni-1", "i-2"))), min_size=1, max_size=4), st.data()
)
def test_what_a_serial_service_answers_can_always_be_explained(calls, data):
    """Answers made by carrying out the calls one after the other, shown in any order."""
    state, told = known(), []
    for asked in calls:
        expected = admissible(PAGE, state, asked)
        options = [DONE] if expected.success else []
        options += [Reply(r.http[0], r.code) for r in expected.refusals]
        told.append(Told(asked, data.draw(st.sampled_from(options)), 0.0, 1.0))
        following = step(PAGE, state, told[-1])
        assert following is not None
        state = following
    freed = any(t.reply.success for t in told)
    shown = data.draw(st.permutations(told))
    assert explain(PAGE, known(), shown, AFTER if freed else UNTOUCHED) is not None


def test_the_tables_of_the_life_cycle_name_known_statuses():
    assert set(model.NEXT_OF_ENI) | set().union(*model.NEXT_OF_ENI.values()) <= {*ENI_STATUSES, ""}
    assert set(model.NEXT_OF_INSTANCE) | set().union(*model.NEXT_OF_INSTANCE.values()) <= set(INSTANCE_STATUSES)
    assert all(status in following for status, following in model.NEXT_OF_ENI.items())
    assert all(status in following for status, following in model.NEXT_OF_INSTANCE.items())


# --- what only its instance shows -----------------------------------------------------------------


def listed(enis, held):
    """A look whose interfaces are `enis`, and whose instances list `held`: {instance: [interface]}."""
    made = look(enis, dict.fromkeys(held, "Running"))
    instances = {
        host: {**fields, "NetworkInterfaces": tuple(json.dumps({"NetworkInterfaceId": e}) for e in held[host])}
        for host, fields in made.instances.items()
    }
    return replace(made, instances=instances)


REST = {"eni-2": ("Available", "")}


def test_an_interface_that_only_its_instance_shows_is_where_the_model_has_it():
    """Primary interfaces may be listed at the instance alone: what one view shows, exists."""
    state = known()
    assert agrees(state, listed(REST, {"i-1": ["eni-1"], "i-2": []}))
    assert not agrees(state, listed(REST, {"i-1": [], "i-2": []})), "no view shows it"
    assert not agrees(state, listed(REST, {"i-1": [], "i-2": ["eni-1"]})), "another instance shows it"


def test_where_both_views_show_it_both_must_agree():
    """The instance does not stand up for an interface that is described otherwise."""
    state = known()
    both = listed({"eni-1": ("InUse", "i-1"), **REST}, {"i-1": ["eni-1"], "i-2": []})
    assert agrees(state, both)
    assert not agrees(state, listed({"eni-1": ("Available", ""), **REST}, {"i-1": ["eni-1"], "i-2": []}))
    assert not agrees(state, listed({"eni-1": ("InUse", "i-2"), **REST}, {"i-1": ["eni-1"], "i-2": []}))


def test_an_interface_that_must_be_free_is_not_excused_by_a_list():
    """After a detach that was accepted it is on no instance; one that still lists it shows the contrary."""
    state = known(eni="Available", on="")
    assert agrees(state, listed({"eni-1": ("Available", ""), **REST}, {"i-1": [], "i-2": []}))
    assert not agrees(state, listed(REST, {"i-1": ["eni-1"], "i-2": []}))


def test_a_refusal_explains_itself_by_what_only_the_instance_shows():
    """A primary interface that no list of interfaces shows is refused as a primary one, in some order."""
    state = known()
    state = replace(state, enis={**state.enis, "eni-1": replace(state.enis["eni-1"], type="Primary")})
    final = listed(REST, {"i-1": ["eni-1"], "i-2": []})
    row = PAGE.errors["E12"]
    told = [Told(detach(), Reply(row.http[0], row.code)) for _ in range(2)]
    assert explain(PAGE, state, told, final) == (0, 1)
    assert explain(PAGE, state, told, listed(REST, {"i-1": [], "i-2": []})) is None
