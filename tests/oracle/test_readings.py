"""What the page admits for a call, read a second time: state by state, text by text, and in company."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.gateway import SIGNATURE
from eni_conformance.contract.rules import Refusal
from eni_conformance.contract.scenario import ENI_STATUSES, INSTANCE_STATUSES
from eni_conformance.harness.values import Asked, Param
from eni_conformance.oracle.findings import Refused, WrongAnswer, WronglyAccepted, WrongStatus
from eni_conformance.oracle.readings import (
    Admissible,
    EniKnown,
    InstanceKnown,
    Known,
    Reply,
    admissible,
    blame,
    judge_reply,
)
from hypothesis import given
from hypothesis import strategies as st

PAGE, LATER = CONTRACTS["2019"], CONTRACTS["2024"]
REGION, OTHER_REGION = "cn-hangzhou", "cn-beijing"
GOOD = {"RegionId": REGION, "InstanceId": "i-1", "NetworkInterfaceId": "eni-1"}


def world(*, instance="Running", eni="InUse", on="i-1", kind="Secondary", fault="", over=False, **more):
    """Two instances and one interface; statuses and hosts as text, several joined by "/"."""
    instances = {
        "i-1": InstanceKnown("i-1", frozenset(instance.split("/")), "instance.eni_limit" if over else ""),
        "i-2": InstanceKnown("i-2", frozenset({"Running"})),
    }
    enis = {
        "eni-1": EniKnown("eni-1", frozenset(eni.split("/")), frozenset(on.split("/")), kind, fault),
        "eni-2": EniKnown("eni-2", frozenset({"InUse"}), frozenset({"i-1"})),
    }
    return Known(REGION, frozenset({REGION, OTHER_REGION}), instances, enis, **more)


def call(*extra, caller="account", without=(), **texts):
    """A call that is valid but for what is given: `InstanceId=Param(...)` or a text, `without` names left out."""
    params = []
    for name, text in {**GOOD, **texts}.items():
        if name not in without:
            params.append(text if isinstance(text, Param) else Param(name, text))
    return Asked((*params, *extra), caller)


def expect(known=None, asked=None, page=PAGE) -> Admissible:
    return admissible(page, known or world(), asked or call())


def codes(made: Admissible) -> set[str]:
    """The admissible codes that stand on the page; what the common table adds is for test_common.py."""
    return {r.code for r in made.refusals if r.table == "page"}


def by_the_page(refusals) -> set[str]:
    return {r.code for r in refusals if r.table == "page"}


# --- the notes of the page -----------------------------------------------------------------------


@pytest.mark.parametrize("instance", ["Running", "Stopped"])
@pytest.mark.parametrize("eni", ["InUse", "Detaching"])
@pytest.mark.parametrize("page", [PAGE, LATER], ids=["2019", "2024"])
def test_a_valid_call_must_be_accepted_and_nothing_else_will_do(page, instance, eni):
    """Instance Running or Stopped, interface InUse or Detaching: no refusal is admissible."""
    assert expect(world(instance=instance, eni=eni), page=page) == Admissible((), True, (), target="eni-1")


def _second_reading(instance: str, eni: str, on: str, kind: str, over: bool) -> set[str]:
    """The notes of the page once more, in other words than the oracle's."""
    broken = set()
    if instance in ("Pending", "Starting", "Stopping"):
        broken.add("instance Running or Stopped")
    if over:
        broken.add("instance within its interface limit")
    if kind == "Primary":
        broken.add("interface not primary")
    if kind in ("Trunk", "Member"):
        broken.add("interface type supported")
    if eni in ("Available", "Attaching"):
        broken.add("interface InUse or Detaching")
    if eni == "Deleting":
        broken.add("interface gone or Deleting")
    if eni in ("InUse", "Detaching") and on != "i-1":
        broken.add("interface on this instance")
    return broken


def test_every_state_breaks_exactly_what_the_notes_say():
    """The full matrix: instance x interface x attachment x type x limit."""
    kinds = ("Secondary", "Primary", "Trunk", "Member")
    for row in itertools.product(INSTANCE_STATUSES, ENI_STATUSES, ("i-1", "i-2", ""), kinds, (False, True)):
        instance, eni, on, kind, over = row
        made = expect(world(instance=instance, eni=eni, on=on, kind=kind, over=over))
        broken = _second_reading(*row)
        assert set(made.broken) == broken, row
        assert made.perhaps == ()
        assert made.success == (not broken or (broken == {"interface type supported"} and kind == "Trunk")), row
        assert codes(made) == set().union(*(by_the_page(PAGE.refusals(name)) for name in broken)), row
        assert made.target == ("eni-1" if made.success else ""), row


def test_a_type_that_the_page_does_not_name_may_be_refused_or_accepted_if_nothing_else_is_wrong():
    """Trunk: both. Member: the page's row on types. Trunk with another fault: no success."""
    trunk = expect(world(kind="Trunk"))
    assert trunk.success and codes(trunk) == {"InvalidOperation.InvalidEniType"} and trunk.target == "eni-1"
    assert not expect(world(kind="Member")).success
    assert not expect(world(kind="Trunk", eni="Available")).success
    assert not expect(world(kind="Trunk"), call(caller="ram_denied")).success


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("vswitch.remove", "InvalidVSwitchId.NotFound"),
        ("security_group.remove", "InvalidSecurityGroupId.NotFound"),
        ("security_group.full", "SecurityGroupInstanceLimitExceed"),
        ("security_group.type", "InvalidSecurityGroupId.NotVpc"),
        ("security_group.type=classic", "InvalidSecurityGroupId.NotVpc"),
        ("eni.zone", "InvalidOperation.AvailabilityZoneMismatch"),
        ("eni.zone=cn-hangzhou-x", "InvalidOperation.AvailabilityZoneMismatch"),
        ("eni.vpc", "InvalidOperation.VpcMismatch"),
    ],
)
def test_what_an_interface_refers_to_must_exist_and_fit(fault, code):
    made = expect(world(fault=fault))
    assert codes(made) == {code} and not made.success and len(made.broken) == 1


def test_a_fault_that_is_no_fault_breaks_nothing():
    assert expect(world(fault="eni.type=Secondary")).success


def test_an_instance_over_its_limit_is_refused_with_the_row_on_limits():
    assert codes(expect(world(over=True))) == {"EniPerInstanceLimitExceeded"}


# --- identifiers ---------------------------------------------------------------------------------

PREFIX = {"RegionId": "region", "InstanceId": "instance id", "NetworkInterfaceId": "interface id"}
EXISTS = {"RegionId": "region exists", "InstanceId": "instance exists", "NetworkInterfaceId": "interface exists"}
NAMES = tuple(PREFIX)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_parameter_may_be_named_in_three_ways(name):
    made = expect(asked=call(without=(name,)))
    assert made.broken == (f"{PREFIX[name]} given",)
    assert {"MissingParameter", f"MissingParameter.{name}", f"Missing{name}"} <= codes(made)
    missing = [r for r in made.refusals if r.code.startswith("Missing")]
    assert [r.http for r in missing] == [(400,)] * 3
    assert [r.row for r in missing] == ["E03"] * 3
    assert {r.because for r in missing} == {f"{PREFIX[name]} given"}
    assert not made.success


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_parameter_may_count_as_missing_or_as_malformed(name):
    made = expect(asked=call(**{name: Param(name, "", "empty")}))
    assert made.broken == (f"{PREFIX[name]} not empty",)
    own = by_the_page(PAGE.refusals(f"{PREFIX[name]} not empty"))
    assert codes(made) == own | {"MissingParameter", f"MissingParameter.{name}", f"Missing{name}"}


@pytest.mark.parametrize("name", NAMES)
def test_missing_one_parameter_is_not_named_after_another(name):
    made = expect(asked=call(without=(name,)))
    for other in set(NAMES) - {name}:
        assert f"Missing{other}" not in codes(made)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("unknown", ("{exists}",)),
        ("exact", ("{exists}",)),
        ("border", ("{prefix} well-formed",)),
        ("unreadable", ("{prefix} well-formed", "text is readable")),
        ("empty", ("{prefix} not empty",)),
    ],
)
def test_a_text_that_denotes_nothing_breaks_what_its_kind_says(name, kind, broken):
    made = expect(asked=call(**{name: Param(name, "nothing of ours", kind)}))
    assert made.broken == tuple(b.format(prefix=PREFIX[name], exists=EXISTS[name]) for b in broken)
    assert not made.success
    assert (made.extra_codes == SIGNATURE) == (kind == "unreadable")


@pytest.mark.parametrize("name", NAMES)
def test_a_text_that_denotes_a_resource_is_that_resource_whatever_its_kind(name):
    """Byte for byte: it is the text that counts, not how it was made."""
    for kind in ("border", "unknown", "unreadable", "empty"):
        assert expect(asked=call(**{name: Param(name, GOOD[name], kind)})).success


def test_names_of_parameters_are_case_sensitive():
    """`instanceId` is not InstanceId: the parameter is missing, and another one is undeclared."""
    made = expect(asked=call(Param("instanceId", "i-1"), without=("InstanceId",)))
    assert made.broken == ("instance id given",) and made.choice == "undeclared parameter"


def test_an_id_denotes_nothing_in_another_region():
    made = expect(asked=call(RegionId=OTHER_REGION))
    assert made.broken == ("region holds the resources",)
    assert codes(made) == {"InvalidEcsId.NotFound", "InvalidEniId.NotFound", "InvalidOperation.InvalidRegion"}


def test_a_region_without_the_feature_refuses_in_that_region_alone():
    off = world(faults=("region.feature",))
    assert codes(expect(off)) == {"Forbidden.RegionId"}
    assert expect(off, call(RegionId=OTHER_REGION)).broken == ("region holds the resources",)
    assert expect(off, call(RegionId="cn-nowhere")).broken == ("region exists",)


def test_states_are_judged_as_far_as_the_call_names_resources():
    """A primary interface stays primary when the instance is unknown; its attachment can then not be judged."""
    made = expect(world(kind="Primary", on="i-2"), call(InstanceId=Param("InstanceId", "i-9", "unknown")))
    assert set(made.broken) == {"instance exists", "interface not primary"}
    made = expect(world(instance="Starting"), call(NetworkInterfaceId=Param("NetworkInterfaceId", "eni-9", "unknown")))
    assert set(made.broken) == {"interface exists", "instance Running or Stopped"}


# --- callers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        ("unsupported_user_type", "InvalidUserType.NotSupported"),
        ("expired", "Abs.InvalidAccount.NotFound"),
        ("ram_unsupported", "Forbidden.NotSupportRAM"),
    ],
)
def test_a_caller_of_another_kind_gets_its_row_or_learns_that_nothing_exists(caller, code):
    """An account has one type, so a caller of another one may belong to an account that owns nothing here; an endpoint
    that looks up ids before it asks for the caller says so."""
    made = expect(asked=call(caller=caller))
    assert codes(made) == {code, "InvalidEcsId.NotFound", "InvalidEniId.NotFound"}
    assert not made.success and len(made.broken) == 1


def test_a_user_of_the_same_account_without_permission_gets_the_row_for_such_callers():
    made = expect(asked=call(caller="ram_denied"))
    assert codes(made) == {"Forbidden.SubUser"} and not made.success and len(made.broken) == 1


def test_another_tenant_learns_only_that_nothing_exists():
    """Whatever the state: no answer tells a stranger that the interface is primary, or in transition."""
    for known in (world(), world(kind="Primary"), world(eni="Attaching", instance="Starting")):
        made = expect(known, call(caller="other_account"))
        assert "caller owns the resources" in made.broken and not made.success
        assert codes(made) == {"InvalidEcsId.NotFound", "InvalidEniId.NotFound"}


def test_a_call_of_another_tenant_is_read_in_every_way_too():
    """A repeated parameter may be its first or its last value, whoever calls."""
    made = expect(asked=call(Param("RegionId", "cn-x", "unknown"), caller="other_account"))
    assert made.perhaps == ("region exists",) and "caller owns the resources" in made.broken


# --- several at once, and in doubt ---------------------------------------------------------------


@given(
    region=st.sampled_from(["exact", "unknown", "empty", "border", "missing"]),
    instance=st.sampled_from(["exact", "unknown", "empty", "border", "unreadable", "missing"]),
    eni=st.sampled_from(["exact", "unknown", "empty", "border", "unreadable", "missing"]),
    caller=st.sampled_from(["account", "account", "expired", "ram_denied"]),
    status=st.sampled_from(INSTANCE_STATUSES),
    eni_status=st.sampled_from(ENI_STATUSES),
    kind=st.sampled_from(["Secondary", "Primary"]),
)
def test_each_broken_precondition_contributes_its_refusals(region, instance, eni, caller, status, eni_status, kind):
    """The page orders no two faults: the union, and a success only if nothing at all is broken."""
    chosen = {"RegionId": region, "InstanceId": instance, "NetworkInterfaceId": eni}
    texts = {n: Param(n, "x", k) for n, k in chosen.items() if k not in ("exact", "missing")}
    without = [n for n, k in chosen.items() if k == "missing"]
    made = expect(world(instance=status, eni=eni_status, kind=kind), call(caller=caller, without=without, **texts))
    assert made.success == (not made.broken)
    assert made.perhaps == ()
    assert len(made.broken) == len(set(made.broken))
    wanted = {r for name in made.broken for r in PAGE.refusals(name)}
    assert wanted <= set(made.refusals)
    spelled = {c for n in NAMES for c in (f"MissingParameter.{n}", f"Missing{n}") if chosen[n] in ("missing", "empty")}
    assert codes(made) == by_the_page(wanted) | spelled
    assert (caller != "account") == any("RAM user" in b or "account" in b for b in made.broken)


@given(
    instance=st.sets(st.sampled_from(INSTANCE_STATUSES), min_size=1),
    eni=st.sets(st.sampled_from((*ENI_STATUSES, "")), min_size=1),
    on=st.sets(st.sampled_from(("i-1", "i-2", "")), min_size=1),
)
def test_doubt_about_a_state_admits_what_each_possible_state_admits(instance, eni, on):
    """Never less than any of the states alone, never more than all together."""
    made = expect(world(instance="/".join(instance), eni="/".join(eni), on="/".join(on)))
    alone = [expect(world(instance=i, eni=e, on=o)) for i in instance for e in eni for o in on]
    assert made.success == any(a.success for a in alone)
    assert codes(made) == set().union(*(codes(a) for a in alone))
    every = [set(a.broken) for a in alone]
    assert set(made.broken) == set.intersection(*every)
    assert list(made.perhaps) == sorted(set.union(*every) - set.intersection(*every))


def test_an_interface_that_may_be_gone_may_be_unknown():
    made = expect(world(eni="/Deleting", on=""))
    assert {"InvalidEniId.NotFound", "InvalidOperation.InvalidEniState"} <= codes(made)
    gone = expect(world(eni=""))
    assert gone.broken == ("interface exists",)
    assert expect(world(instance="")).broken == ("instance exists",)


def test_while_an_interface_is_attaching_both_answers_are_admissible():
    made = expect(world(eni="Attaching/InUse"))
    assert made.success and codes(made) == {"InvalidOperation.InvalidEniState"}
    assert made.broken == () and made.perhaps == ("interface InUse or Detaching",)
    assert made.target == "eni-1"


def test_a_state_of_which_nothing_is_known_refuses_nothing():
    made = admissible(PAGE, dataclasses.replace(world(), instances={"i-1": InstanceKnown("i-1", frozenset())}), call())
    assert (made.success, made.refusals, made.broken, made.perhaps) == (True, (), (), ())


# --- choices left to the endpoint ----------------------------------------------------------------


def test_a_repeated_parameter_may_be_read_as_its_first_or_its_last_value_or_refused():
    bad = Param("InstanceId", "i-9", "unknown")
    made = expect(asked=call(bad))
    assert made.success and made.choice == "repeated parameter" and made.target == "eni-1"
    assert codes(made) == {"InvalidEcsId.NotFound", "InvalidParameter", "UnsupportedParameter"}
    assert made.broken == () and made.perhaps == ("instance exists",)
    assert made.extra_codes == SIGNATURE
    first = Asked((bad, *call().params))
    assert codes(expect(asked=first)) == codes(made) and expect(asked=first).success


def test_what_stands_between_first_and_last_value_does_not_count():
    middle = (Param("InstanceId", "i-2"), Param("InstanceId", "i-1"))
    made = expect(asked=call(*middle))
    assert made.perhaps == () and made.success and codes(made) == {"InvalidParameter", "UnsupportedParameter"}


def test_a_parameter_repeated_with_one_value_leaves_no_doubt_what_is_meant():
    made = expect(asked=call(Param("InstanceId", "i-1")))
    assert made.success and made.perhaps == () and made.choice == "repeated parameter"
    either = ("InvalidParameter", "E07"), ("UnsupportedParameter", "E05")
    assert made.refusals == tuple(Refusal((400,), code, row, "repeated parameter") for code, row in either)


def test_two_interfaces_in_one_call_leave_open_which_is_detached():
    made = expect(asked=call(Param("NetworkInterfaceId", "eni-2")))
    assert made.success and made.target == "" and made.broken == ()


def test_two_values_that_denote_nothing_are_refused_in_either_reading():
    made = expect(asked=call(Param("InstanceId", "i-8", "unknown"), InstanceId=Param("InstanceId", "i-9", "unknown")))
    assert not made.success and made.broken == ("instance exists",)


def test_an_undeclared_parameter_is_ignored_or_refused():
    made = expect(asked=call(Param("Foo", "bar")))
    assert made.success and made.choice == "undeclared parameter" and made.broken == ()
    assert set(made.refusals) == {
        Refusal((400,), "UnsupportedParameter", "E05", "undeclared parameter"),
        Refusal((400,), "InvalidParameter", "E07", "undeclared parameter"),
    }
    assert made.extra_codes == frozenset()


@pytest.mark.parametrize("name", ["OwnerId", "ResourceOwnerAccount", "ResourceOwnerId"])
def test_the_older_owner_parameters_are_ignored_or_refused(name):
    made = expect(asked=call(Param(name, "1")))
    assert made.success and made.choice == "older owner parameter"
    assert codes(made) == {"UnsupportedParameter", "InvalidParameter"}
    assert {r.because for r in made.refusals} == {"older owner parameter"}


def test_owner_account_is_declared_by_the_earlier_page_alone():
    """There it changes nothing; the later page does not list it."""
    assert expect(asked=call(Param("OwnerAccount", "a@b.com"))) == Admissible((), True, (), target="eni-1")
    assert expect(asked=call(Param("OwnerAccount", "a@b.com")), page=LATER).choice == "older owner parameter"
    assert expect(asked=call(Param("TrunkNetworkInstanceId", "eni-7")), page=LATER).choice == "trunk parameter"
    assert expect(asked=call(Param("TrunkNetworkInstanceId", "eni-7"))).choice == "undeclared parameter"


def test_an_owner_account_that_is_no_account_may_be_refused():
    made = expect(asked=call(Param("OwnerAccount", "x" * 300, "border")))
    assert made.success and made.choice == "odd owner parameter"
    assert set(made.refusals) == {
        Refusal((400,), "InvalidParameter", "E07", "odd owner parameter"),
        Refusal((400,), "UnsupportedParameter", "E05", "odd owner parameter"),
        Refusal((403,), "Abs.InvalidAccount.NotFound", "E02", "odd owner parameter"),
    }


def test_the_first_choice_gives_its_name():
    """Repeated before undeclared before older owner before odd owner."""
    foo, owner, odd = Param("Foo", "x"), Param("OwnerId", "1"), Param("OwnerAccount", "", "border")
    assert expect(asked=call(Param("RegionId", REGION), foo, owner, odd)).choice == "repeated parameter"
    assert expect(asked=call(owner, foo, odd)).choice == "undeclared parameter"
    assert expect(asked=call(owner, odd)).choice == "older owner parameter"


def test_a_repeated_parameter_that_is_undeclared_may_be_refused_for_being_repeated():
    made = expect(asked=call(Param("Foo", "1"), Param("Foo", "2")))
    assert made.choice == "repeated parameter" and "InvalidParameter" in codes(made)


def test_a_parameter_that_the_endpoint_was_told_to_refuse_is_refused():
    off = world(faults=("parameter.unsupported=OwnerAccount",))
    made = expect(off, call(Param("OwnerAccount", "a@b.com")))
    assert made.broken == ("parameter supported",) and codes(made) == {"UnsupportedParameter"} and not made.success
    assert expect(off).success


# --- very large calls ----------------------------------------------------------------------------


def test_a_call_of_1500_characters_gets_an_answer_of_the_operation_a_longer_one_perhaps_of_the_server_alone():
    used = sum(len(p.name) + len(p.text) for p in call().params)
    assert not expect(asked=call(Param("Foo", "x" * (1500 - used - 3)))).bare
    assert expect(asked=call(Param("Foo", "x" * (1501 - used - 3)))).bare


def test_40_parameters_get_an_answer_of_the_operation_more_perhaps_of_the_server_alone():
    extra = [Param(f"P{i}", "") for i in range(38)]
    assert not expect(asked=call(*extra[:37])).bare
    assert expect(asked=call(*extra)).bare


# --- judging an answer ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "success"),
    [
        (Reply(200, ""), True), (Reply(299, ""), True), (Reply(300, ""), False), (Reply(199, ""), False),
        (Reply(200, "Some"), False), (Reply(400, ""), False), (Reply(500, ""), False), (Reply(0, ""), False),
    ],
)  # fmt: skip
def test_a_success_is_a_status_of_200_to_299_without_a_code(reply, success):
    assert reply.success == success


def test_what_is_admissible_is_no_finding():
    assert judge_reply(PAGE, expect(), Reply(200, "")) == []
    assert judge_reply(PAGE, expect(world(eni="Available")), Reply(400, "InvalidOperation.InvalidEniState")) == []


@given(st.sampled_from(sorted(PAGE.rules)), st.booleans(), st.data())
def test_every_admissible_refusal_passes_with_each_of_its_statuses(name, strict, data):
    """A code that stands in both tables may have the statuses of both, and is blamed on the page's row."""
    page = PAGE.by_the_page() if strict else PAGE
    made = Admissible(page.refusals(name), False, (name,))
    for refusal in made.refusals:
        for status in refusal.http:
            assert judge_reply(page, made, Reply(status, refusal.code)) == []
        same = [r for r in made.refusals if r.code == refusal.code]
        fine = [status for r in same for status in r.http]
        wrong = data.draw(st.sampled_from([s for s in (400, 401, 403, 404, 409, 500, 200) if s not in fine]))
        (found,) = judge_reply(page, made, Reply(wrong, refusal.code))
        want = "/".join(map(str, dict.fromkeys(fine)))
        assert found == WrongStatus(
            same[0].row,
            f"{refusal.code} came with status {wrong}, documented is {want}",
            f"status:{refusal.code}:{wrong}",
            ("R08",),
        )


def test_several_documented_statuses_are_all_named():
    made = expect(world(eni="InUse", on="i-2"), page=LATER)
    code = "InvalidParameter.EniNotBelongEcs"
    assert judge_reply(LATER, made, Reply(400, code)) == judge_reply(LATER, made, Reply(403, code)) == []
    (found,) = judge_reply(LATER, made, Reply(404, code))
    assert found.summary == f"{code} came with status 404, documented is 400/403"


@pytest.mark.parametrize(
    ("broken", "requirement", "also"),
    [
        ("interface not primary", "S01", ("E12",)),
        ("interface InUse or Detaching", "S02", ("E11",)),
        ("interface gone or Deleting", "S02", ("E11",)),
        ("instance Running or Stopped", "S03", ("E10",)),
        ("interface on this instance", "S07", ()),
        ("caller owns the resources", "C01", ()),
        ("region given", "P03", ("E03",)),
        ("region not empty", "P03", ("E03",)),
        ("region well-formed", "P03", ("E09",)),
        ("region exists", "P03", ("E09",)),
        ("region holds the resources", "P03", ()),
        ("instance id given", "P01", ("E03",)),
        ("instance id not empty", "P01", ("E03",)),
        ("instance id well-formed", "P01", ("E08",)),
        ("instance exists", "P01", ("E13",)),
        ("interface id given", "P02", ("E03",)),
        ("interface id not empty", "P02", ("E03",)),
        ("interface id well-formed", "P02", ("E24",)),
        ("interface exists", "P02", ("E14",)),
        ("RAM user is authorised", "E06", ()),
        ("zones match", "E18", ()),
        ("vSwitch exists", "E15", ()),
    ],
)
def test_accepting_what_must_be_refused_violates_the_sentence_first_and_the_row_besides(broken, requirement, also):
    (found,) = judge_reply(PAGE, Admissible(PAGE.refusals(broken), False, (broken,)), Reply(200, ""))
    assert found == WronglyAccepted(requirement, f"accepted although it breaks: {broken}", f"accepted:{broken}", also)


def test_accepting_a_call_with_several_faults_violates_each_sentence_once():
    made = expect(world(kind="Primary", eni="Available", instance="Starting"))
    (found,) = judge_reply(PAGE, made, Reply(200, ""))
    assert {found.requirement, *found.also} == {"S01", "S02", "S03", "E10", "E11", "E12"}
    assert len(found.also) == 5
    assert found.summary == "accepted although it breaks: " + "; ".join(made.broken)


def test_accepting_what_every_reading_refuses_for_another_reason_is_a_violation_too():
    made = expect(world(eni="Available/Deleting", on=""))
    assert made.broken == ()
    (found,) = judge_reply(PAGE, made, Reply(200, ""))
    assert (found.requirement, found.also) == ("R08", ())
    assert found.summary == "accepted although it breaks: every admissible reading refuses it"
    assert found.cause == "accepted:every admissible reading refuses it"


def test_refusing_a_valid_call_violates_the_sentence_for_its_state():
    (found,) = judge_reply(PAGE, expect(), Reply(403, "Forbidden.SubUser"))
    said = "403 Forbidden.SubUser"
    assert found == Refused("S04", f"a valid call was refused with {said}", f"refused:{said}")
    (found,) = judge_reply(PAGE, expect(), Reply(400, "Odd"), ("S06", "S05", "P05"))
    assert (found.requirement, found.also) == ("S06", ("S05", "P05"))


def test_a_documented_code_that_fits_no_broken_precondition_is_a_violation():
    made = expect(world(eni="Available"))
    (found,) = judge_reply(PAGE, made, Reply(404, "InvalidEniId.NotFound"))
    assert found == WrongAnswer(
        "E11",
        "answered 404 InvalidEniId.NotFound, which fits no broken precondition; broken: interface InUse or Detaching",
        "code:404 InvalidEniId.NotFound:interface InUse or Detaching",
        ("R08",),
    )


def test_an_undocumented_code_is_a_violation():
    made = expect(world(eni="Available", instance="Starting"))
    (found,) = judge_reply(PAGE, made, Reply(409, "Conflict"))
    assert (found.requirement, found.also) == ("E10", ("E11", "R08"))
    assert "answered 409 Conflict, which is not documented; broken: " in found.summary
    assert "instance Running or Stopped; interface InUse or Detaching" in found.summary


def test_a_code_that_only_the_later_page_has_is_judged_by_the_revision_where_the_page_alone_counts():
    """Real services answer it under the earlier revision, too: the common table has it."""
    strict = PAGE.by_the_page()
    reply = Reply(400, "InvalidParameter.EniNotBelongEcs")
    assert judge_reply(LATER, expect(world(on="i-2"), page=LATER), reply) == []
    assert judge_reply(PAGE, expect(world(on="i-2")), reply) == []
    (found,) = judge_reply(strict, expect(world(on="i-2"), page=strict), reply)
    assert "is not documented" in found.summary


TRUNK_ROWS = {
    "InvalidParameter.EniNotBelongTrunk",
    "InvalidOperation.EniTypeNotSupportTrunking",
    "InvalidEniId.NotFound",
}


def test_a_trunk_that_does_not_hold_the_interface_is_ignored_or_refused_by_the_later_page():
    """Success stays admissible, and so does each row about trunks; nothing else does."""
    made = expect(asked=call(Param("TrunkNetworkInstanceId", "eni-2")), page=LATER)
    assert made.success and made.choice == "trunk parameter"
    (choice,) = [one for one in LATER.choices if one.name == made.choice]
    assert codes(made) == {LATER.errors[row].code for row in choice.rows}
    assert codes(made) >= TRUNK_ROWS
    assert judge_reply(LATER, made, Reply(200, "")) == []
    assert judge_reply(LATER, made, Reply(403, "InvalidOperation.EniTypeNotSupportTrunking")) == []
    assert judge_reply(LATER, made, Reply(400, "InvalidOperation.EniTypeNotSupportTrunking")) != []
    assert judge_reply(LATER, made, Reply(404, "InvalidEcsId.NotFound")) != []


def test_a_trunk_parameter_does_not_excuse_another_fault():
    made = expect(world(eni="Available"), asked=call(Param("TrunkNetworkInstanceId", "eni-2")), page=LATER)
    assert not made.success
    assert judge_reply(LATER, made, Reply(200, "")) != []


def test_an_empty_trunk_parameter_says_nothing_and_the_earlier_page_does_not_know_it():
    empty = expect(asked=call(Param("TrunkNetworkInstanceId", "")), page=LATER)
    assert (codes(empty), empty.success) == (set(), True)
    earlier = expect(asked=call(Param("TrunkNetworkInstanceId", "eni-2")))
    assert earlier.choice == "undeclared parameter"
    assert not codes(earlier) & TRUNK_ROWS


def test_a_refusal_where_success_or_another_refusal_was_admissible():
    """In doubt about the state, a code that fits no reading still contradicts the page."""
    made = expect(world(eni="Attaching/InUse"))
    (found,) = judge_reply(PAGE, made, Reply(404, "InvalidEcsId.NotFound"))
    assert (found.requirement, found.also) == ("S04", ("R08",))
    assert found.summary.endswith("fits no broken precondition; broken: nothing")
    (found,) = judge_reply(PAGE, made, Reply(404, "InvalidEcsId.NotFound"), ())
    assert (found.requirement, found.also) == ("R08", ())
    (found,) = judge_reply(PAGE, made, Reply(404, "InvalidEcsId.NotFound"), ("R08", "S05"))
    assert (found.requirement, found.also) == ("R08", ("S05",))


def test_an_answer_without_a_code_is_no_refusal():
    (found,) = judge_reply(PAGE, expect(world(eni="Available")), Reply(0, ""))
    assert found.summary.startswith("answered 0, which is not documented")


@pytest.mark.parametrize(("status", "fine"), [(399, False), (400, True), (403, True), (499, True), (500, False)])
def test_a_gateway_code_is_admissible_where_the_canonical_form_is_ambiguous(status, fine):
    made = expect(asked=call(Param("InstanceId", "i-1")))
    assert (judge_reply(PAGE, made, Reply(status, "SignatureDoesNotMatch")) == []) == fine
    assert judge_reply(PAGE, expect(), Reply(400, "SignatureDoesNotMatch")) != []


@given(
    st.sampled_from(sorted(PAGE.rules)),
    st.sampled_from(sorted(LATER.codes | {"Odd", ""})),
    st.sampled_from((200, 400, 403, 404, 500)),
)
def test_a_refusal_is_a_finding_unless_code_and_status_are_admitted(name, code, status):
    """Whatever was broken: there is no third way, and every finding blames the row that was broken."""
    made = Admissible(PAGE.refusals(name), False, (name,))
    admitted = any(r.code == code and status in r.http for r in made.refusals)
    found = judge_reply(PAGE, made, Reply(status, code))
    assert (found == []) == admitted
    for one in found:
        assert one.requirement in PAGE.requirements and set(one.also) <= set(PAGE.requirements)
        assert one.certainty == 1.0


def test_blame_names_each_row_once_in_order():
    made = Admissible((), False, ("interface gone or Deleting", "interface InUse or Detaching", "zones match"))
    assert blame(PAGE, made) == ("E11", "E18")
    assert blame(PAGE, expect()) == ()
