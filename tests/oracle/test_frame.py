"""What a call may change: nothing if it is refused, one link if it is accepted."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from eni_conformance.harness.values import Snapshot
from eni_conformance.oracle import frame
from eni_conformance.oracle.findings import AfterSuccess, RefusalChanged
from eni_conformance.oracle.frame import Change, changes, judge_success, judge_unchanged
from hypothesis import given
from hypothesis import strategies as st


def broken(row, text, cause):
    """What a detach broke. What stays as it is may be late."""
    return AfterSuccess(row, text, cause, page=row, slow=cause.startswith("F02:stays"))


def entry(eni, **more):
    return json.dumps({"NetworkInterfaceId": eni, **more}, sort_keys=True)


ENI = {
    "NetworkInterfaceId": "eni-1",
    "Type": "Secondary",
    "Status": "InUse",
    "InstanceId": "i-1",
    "MacAddress": "00:16",
}
BEFORE = Snapshot(
    1.0,
    {"eni-1": ENI, "eni-2": {**ENI, "NetworkInterfaceId": "eni-2", "MacAddress": "00:17"}},
    {
        "i-1": {"Status": "Running", "ZoneId": "z", "NetworkInterfaces": tuple(entry(f"eni-{n}") for n in range(3))},
        "i-2": {"Status": "Stopped", "NetworkInterfaces": (entry("eni-9"),)},
    },
)
STILL = {"NetworkInterfaces": BEFORE.instances["i-1"]["NetworkInterfaces"]}
DETACHED = {"eni-1": "i-1"}


def after(eni=None, instance=None, **whole):
    """The look after a perfect detach of eni-1 from i-1, with fields of the interface or instance changed."""
    free = {k: v for k, v in ENI.items() if k != "InstanceId"} | {"Status": "Available"} | (eni or {})
    host = {**BEFORE.instances["i-1"], "NetworkInterfaces": (entry("eni-0"), entry("eni-2"))} | (instance or {})
    made = replace(
        BEFORE,
        at=2.0,
        enis={**BEFORE.enis, "eni-1": {k: v for k, v in free.items() if v is not None}},
        instances={**BEFORE.instances, "i-1": {k: v for k, v in host.items() if v is not None}},
    )
    return replace(made, **whole)


def judge(now, detached=DETACHED, touched=frozenset(), before=BEFORE):
    return judge_success(before, now, changes(before, now), detached, touched)


# --- differences between two looks ---------------------------------------------------------------


def test_two_equal_looks_do_not_differ_whenever_they_were_taken():
    assert changes(BEFORE, replace(BEFORE, at=99.0)) == []


def test_a_field_that_changed_came_or_went_is_one_change_each():
    now = after({"InstanceId": "i-1", "MacAddress": None, "Tags": ('"a"',)}, STILL)
    assert changes(BEFORE, now) == [
        Change("eni-1", "MacAddress", "00:16", None),
        Change("eni-1", "Status", "InUse", "Available"),
        Change("eni-1", "Tags", None, ('"a"',)),
    ]


def test_a_resource_that_came_or_went_is_one_change_without_a_path():
    now = replace(BEFORE, enis={"eni-1": ENI, "eni-3": ENI})
    assert changes(BEFORE, now) == [
        Change("eni-2", "", True, False),
        Change("eni-3", "", False, True),
    ]


def test_changes_of_interfaces_come_first_then_instances_each_by_id():
    now = Snapshot(
        2.0,
        {k: {**v, "ResourceGroupId": 1} for k, v in BEFORE.enis.items()},
        {k: {**v, "ResourceGroupId": 1} for k, v in BEFORE.instances.items()},
    )
    assert [c.resource for c in changes(BEFORE, now)] == ["eni-1", "eni-2", "i-1", "i-2"]
    assert {c.path for c in changes(BEFORE, now)} == {"ResourceGroupId"}


def test_what_is_known_to_change_by_itself_is_ignored_but_not_that_it_is_gone():
    now = after({"LastSeen": 7}, {"Cpu": 3})
    seen = {c.path for c in changes(BEFORE, now, frozenset({"LastSeen", "Cpu"}))}
    assert seen == {"Status", "InstanceId", "NetworkInterfaces"}
    gone = replace(BEFORE, instances={"i-1": BEFORE.instances["i-1"]})
    assert changes(BEFORE, gone, frozenset({"", "Name"})) == [Change("i-2", "", True, False)]


def test_what_nobody_documents_may_change_by_itself():
    """A time of the last contact, a counter of revisions: in the resource itself, and in what an instance lists."""
    entry = '{"NetworkInterfaceId": "eni-1", "Beat": %d}'
    one = replace(BEFORE, instances={"i-1": {"Status": "Running", "NetworkInterfaces": (entry % 1,), "Beat": 1}})
    two = replace(BEFORE, instances={"i-1": {"Status": "Running", "NetworkInterfaces": (entry % 2,), "Beat": 2}})
    assert changes(one, two) == []
    assert changes(BEFORE, replace(BEFORE, enis={k: {**v, "LastSeen": 7} for k, v in BEFORE.enis.items()})) == []


FIELDS = st.dictionaries(st.sampled_from(("Status", "Description", "Tags")), st.integers(0, 2), max_size=3)
LOOKS = st.builds(
    Snapshot,
    st.just(0.0),
    st.dictionaries(st.sampled_from(("eni-1", "eni-2")), FIELDS),
    st.dictionaries(st.sampled_from(("i-1", "i-2")), FIELDS),
)


@given(LOOKS, LOOKS)
def test_the_way_back_has_the_same_changes_turned_round(one, two):
    there, back = changes(one, two), changes(two, one)
    assert back == [Change(c.resource, c.path, c.after, c.before) for c in there]
    same = (one.enis, one.instances) == (two.enis, two.instances)
    assert same == (there == [])
    assert all(c.before != c.after for c in there)


# --- after refusals ------------------------------------------------------------------------------


def unchanged(now, only_refused=True):
    return [(f.summary, f.cause) for f in judge_unchanged(changes(BEFORE, now), now, only_refused=only_refused)]


def with_eni(fields, lists=None):
    """The first look with other fields of eni-1, and other lists of interfaces."""
    eni = {k: v for k, v in {**ENI, **fields}.items() if v is not None}
    instances = {i: {**f, "NetworkInterfaces": (lists or {}).get(i, f["NetworkInterfaces"])} for i, f in INSTANCES}
    return replace(BEFORE, enis={**BEFORE.enis, "eni-1": eni}, instances=instances)


INSTANCES = tuple(BEFORE.instances.items())
GONE = {"i-1": (entry("eni-0"), entry("eni-2"))}
FREE = {"Status": "Available", "InstanceId": None, "Attachment.DeviceIndex": None}


def test_after_refusals_alone_nothing_may_differ():
    assert judge_unchanged([], BEFORE) == []
    deleted = replace(BEFORE, enis={"eni-1": ENI})
    assert judge_unchanged(changes(BEFORE, deleted), deleted) == [
        RefusalChanged("F01", "after refused calls only, eni-2 was deleted", "refusal changed:was deleted")
    ]


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (with_eni(FREE, GONE), "eni-1 was detached"),
        (with_eni({"Status": "Available"}), "eni-1 was detached"),
        (with_eni({"InstanceId": "i-2"}), "eni-1 moved"),
        (with_eni({"Status": "Detaching"}), "eni-1 became Detaching"),
        (with_eni({"Attachment.DeviceIndex": 3}), "eni-1 shows another Attachment"),
        (with_eni({}, {"i-2": (entry("eni-9"), entry("eni-1"))}), "eni-1 belongs to two instances, i-1 and i-2"),
        (with_eni({}, {"i-2": ()}), "i-2 no longer lists eni-9"),
        (with_eni({"MacAddress": None}), "eni-1 lost its MacAddress"),
        (with_eni({"MacAddress": "00:99"}), "eni-1 changed its MacAddress from '00:16' to '00:99'"),
        (with_eni({"Tags": ('"a"', '"b"')}), "eni-1 has other Tags (0 before, 2 now)"),
    ],
)
def test_what_happened_is_told_by_what_it_means_and_once_however_many_fields_show_it(now, told):
    assert [summary for summary, _ in unchanged(now)] == [f"after refused calls only, {told}"]


def test_what_was_free_and_is_attached_again_was_attached():
    free = with_eni(FREE, GONE)
    (found,) = judge_unchanged(changes(free, BEFORE), BEFORE)
    assert found.summary == "after refused calls only, eni-1 was attached"


def test_after_refused_calls_only_is_said_only_where_nothing_else_came_between():
    assert unchanged(with_eni(FREE, GONE), only_refused=False) == [
        ("while no detach was under way, eni-1 was detached", "refusal changed:was detached")
    ]


@given(LOOKS, LOOKS)
def test_every_change_after_refusals_is_part_of_a_violation(one, two):
    told = [change for effect in frame.effects(changes(one, two), two) for change in effect.changes]
    assert set(told) == set(changes(one, two))
    assert len(judge_unchanged(changes(one, two), two)) == len(frame.effects(changes(one, two), two))


# --- after a success -----------------------------------------------------------------------------


def test_a_perfect_detach_is_no_finding():
    """InUse -> Available, the link gone on both sides, and nothing else."""
    assert judge(after()) == []


def test_an_interface_that_is_gone_is_not_available():
    now = after()
    assert judge(replace(now, enis={"eni-2": BEFORE.enis["eni-2"]})) == [
        broken("F02", "eni-1 is gone after its detach; it should be Available", "F02:gone")
    ]


@pytest.mark.parametrize("status", ["InUse", "Detaching", "Attaching", "Deleting"])
def test_an_interface_becomes_available_and_nothing_else(status):
    assert judge(after({"Status": status})) == [
        broken("F02", f"eni-1 is {status} long after its detach was accepted", f"F02:stays {status}")
    ]


def test_an_interface_without_a_status_is_not_available():
    (found,) = judge(after({"Status": None}))
    assert found.summary == "eni-1 is without status long after its detach was accepted"
    assert found.cause == "F02:stays "


@pytest.mark.parametrize("field", ["InstanceId", "Attachment.InstanceId"])
def test_the_link_is_gone_on_the_side_of_the_interface(field):
    assert judge(after({field: "i-1"})) == [
        broken("F03", "eni-1 is Available and still shows instance i-1", "F03:link on interface")
    ]


def test_the_link_is_gone_on_the_side_of_the_instance():
    assert judge(after(None, STILL)) == [broken("F03", "instance i-1 still lists eni-1", "F03:link on instance")]


def test_both_sides_are_looked_at():
    assert [f.cause for f in judge(after({"InstanceId": "i-1"}, STILL))] == [
        "F03:link on interface",
        "F03:link on instance",
    ]


@pytest.mark.parametrize("field", sorted(frame.KEPT_BY_ENI))
def test_an_interface_keeps_its_own_attributes(field):
    """Type, addresses, MAC, groups, tags, name, description, vSwitch, zone, creation time, DeleteOnRelease."""
    old = replace(BEFORE, enis={**BEFORE.enis, "eni-1": {**ENI, field: "old"}})
    (found,) = judge(after({field: "new"}), before=old)
    assert found == broken(
        "F04", f"by its detach, eni-1 changed its {field} from 'old' to 'new'", f"F04:changed {field}"
    )


def test_what_the_page_names_as_kept_is_kept():
    """A literal list, so that nothing falls out of the frame unnoticed."""
    assert {
        "CreationTime", "DeleteOnRelease", "Description", "Ipv6Sets", "MacAddress", "NetworkInterfaceId",
        "NetworkInterfaceName", "OwnerId", "PrivateIpAddress", "PrivateIpSets", "ResourceGroupId",
        "SecurityGroupIds", "ServiceManaged", "Tags", "Type", "VSwitchId", "VpcId", "ZoneId",
    } == frame.KEPT_BY_ENI  # fmt: skip
    assert {
        "CreationTime", "DeletionProtection", "Description", "ExpiredTime", "HostName", "ImageId",
        "InstanceChargeType", "InstanceId", "InstanceName", "InstanceType", "KeyPairName", "RegionId",
        "SecurityGroupIds", "SpotStrategy", "StartTime", "Status", "Tags", "VpcAttributes.PrivateIpAddress",
        "VpcAttributes.PrivateIpAddress.IpAddress", "VpcAttributes.VSwitchId", "VpcAttributes.VpcId", "ZoneId",
    } == frame.KEPT_BY_INSTANCE  # fmt: skip
    assert not (frame.KEPT_BY_ENI | frame.KEPT_BY_INSTANCE) & {"InstanceId.1", "NetworkInterfaces", "Attachment"}
    assert "Status" not in frame.KEPT_BY_ENI and "InstanceId" not in frame.KEPT_BY_ENI


@pytest.mark.parametrize("field", ["ServiceID", "Attachment.DeviceIndex", "Bandwidth"])
def test_fields_that_the_page_does_not_name_are_let_go(field):
    assert judge(after({field: "new"})) == []


@pytest.mark.parametrize("field", sorted(frame.KEPT_BY_INSTANCE))
def test_an_instance_keeps_its_status_and_attributes(field):
    old = replace(BEFORE, instances={**BEFORE.instances, "i-1": {**BEFORE.instances["i-1"], field: "old"}})
    (found,) = judge(after(None, {field: "new"}), before=old)
    told = "went from old to new" if field == "Status" else f"changed its {field} from 'old' to 'new'"
    assert found == broken("F09", f"by a detach from it, i-1 {told}", f"F09:changed {field}")


def test_an_instance_does_not_vanish():
    now = after()
    now = replace(now, instances={"i-2": now.instances["i-2"]})
    assert judge(now) == [broken("F09", "by a detach from it, i-1 was deleted", "F09:was deleted")]


def test_other_fields_of_an_instance_are_let_go():
    assert judge(after(None, {"InternetMaxBandwidthOut": 5})) == []


def test_an_instance_loses_no_other_interface_and_gains_none():
    now = after(None, {"NetworkInterfaces": (entry("eni-0"), entry("eni-7"))})
    told = "by the detach of another, i-1 lists eni-7 and no longer lists eni-2"
    assert judge(now) == [broken("F05", told, "F05:other interface of instance")]
    (found,) = judge(after(None, {"NetworkInterfaces": None}))
    assert found.summary == "by the detach of another, i-1 no longer lists eni-0, eni-2"


def test_an_instance_shows_its_other_interfaces_as_before():
    now = after(None, {"NetworkInterfaces": (entry("eni-0"), entry("eni-2", Type="Primary"))})
    told = "by the detach of another, i-1 shows its other interfaces differently"
    assert judge(now) == [broken("F05", told, "F05:entry of instance")]


@pytest.mark.parametrize("resource", ["eni-2", "i-2"])
def test_bystanders_are_left_alone(resource):
    now = after()
    for name in ("enis", "instances"):
        table = getattr(now, name)
        if resource in table:
            now = replace(now, **{name: {**table, resource: {**table[resource], "ResourceGroupId": "new"}}})
    assert judge(now) == [
        broken(
            "F05",
            f"by the detach of another, {resource} got a ResourceGroupId, 'new'",
            "F05:changed ResourceGroupId",
        )
    ]


def test_a_bystander_does_not_vanish():
    whole = after()
    now = replace(whole, instances={"i-1": whole.instances["i-1"]})
    assert judge(now) == [broken("F05", "by the detach of another, i-2 was deleted", "F05:was deleted")]


def test_what_other_steps_changed_lawfully_is_not_judged():
    """An interface that was attached again, or an instance that was stopped, meanwhile."""
    now = after({"Status": "InUse", "InstanceId": "i-2", "Tags": ('"x"',)}, {"Status": "Stopped"})
    assert [f.requirement for f in judge(now)] == ["F02", "F04", "F09"]
    assert judge(now, touched=frozenset({"eni-1", "i-1"})) == []
    assert [f.requirement for f in judge(now, touched=frozenset({"eni-1"}))] == ["F09"]


def test_what_was_touched_does_not_excuse_what_comes_after_it():
    """Two interfaces detached, the first touched: the second is judged all the same; so is one after a gone one."""
    now = after()
    two = {"eni-1": "i-1", "eni-2": "i-1"}
    assert [f.summary for f in judge(now, two, frozenset({"eni-1"}))] == [
        "eni-2 is InUse long after its detach was accepted"
    ]
    gone = replace(now, enis={"eni-2": BEFORE.enis["eni-2"]})
    assert [f.cause for f in judge(gone, two)] == ["F02:gone", "F02:stays InUse"]
    stays = after({"Status": "Detaching"})
    assert [f.cause for f in judge(stays, two)] == ["F02:stays Detaching", "F02:stays InUse"]
    changed = after({"Tags": ('"x"',)}, {"Status": "Stopped"})
    assert [f.requirement for f in judge(changed, touched=frozenset({"eni-1"}))] == ["F09"]


def test_two_interfaces_may_leave_one_instance():
    now = after(None, {"NetworkInterfaces": (entry("eni-0"),)})
    free = {k: v for k, v in BEFORE.enis["eni-2"].items() if k != "InstanceId"} | {"Status": "Available"}
    now = replace(now, enis={**now.enis, "eni-2": free})
    assert judge(now, {"eni-1": "i-1", "eni-2": "i-1"}) == []
    assert judge(now) != []


def test_each_interface_has_its_own_host():
    before = replace(BEFORE, enis={**BEFORE.enis, "eni-9": {**ENI, "InstanceId": "i-2", "NetworkInterfaceId": "eni-9"}})
    now = after()
    free = {"NetworkInterfaceId": "eni-9", "Type": "Secondary", "Status": "Available", "MacAddress": "00:16"}
    now = replace(now, enis={**now.enis, "eni-9": free}, instances={**now.instances, "i-2": {"Status": "Stopped"}})
    assert judge(now, {"eni-1": "i-1", "eni-9": "i-2"}, before=before) == []
    back = replace(now, instances={**now.instances, "i-2": BEFORE.instances["i-2"]})
    (found,) = judge(back, {"eni-1": "i-1", "eni-9": "i-2"}, before=before)
    assert found.summary == "instance i-2 still lists eni-9"


@given(st.sampled_from(("enis", "instances")), st.sampled_from(("came", "went")), st.data())
def test_no_resource_comes_or_goes(table, how, data):
    """Of all that is in sight, whatever it is: a success changes one link and no existence."""
    now = after()
    known = getattr(now, table)
    if how == "came":
        now = replace(now, **{table: {**known, "new-1": {"Status": "Available"}}})
    else:
        gone = data.draw(st.sampled_from(sorted(known)))
        now = replace(now, **{table: {k: v for k, v in known.items() if k != gone}})
    assert {f.requirement for f in judge(now)} & {"F02", "F05", "F09"}
