"""The set-up's own work: what it does not get done although the page promises it is told."""

import dataclasses
import json
from types import SimpleNamespace

import pytest
from eni_conformance.contract.scenario import EniSpec, InstanceSpec, World
from eni_conformance.harness import ecs
from eni_conformance.harness.bench import pool, supply
from eni_conformance.harness.values import Exchange, Request, Snapshot
from shown import FREE, USED, state


def test_a_detach_of_the_set_up_that_does_not_end_is_told_with_a_world_like_its_own(bench, shows, monkeypatch):
    """The second of two interfaces, tagged, attached here before, to an instance that was restarted. It was asked for
    twice, as the page says of what stays Detaching."""
    bench.settle_seconds = 0.05
    bench.instances = [pool.OwnInstance("i-1", 1, "restarted")]
    looks = (EniSpec(on=None, status="Available"), EniSpec(on=None, status="Available", tags=2))
    bench.enis = [pool.OwnEni(f"eni-{n}", 1, look, ["i-1"]) for n, look in enumerate(looks)]
    bench.enis[1].hosts = ["i-1", "i-1"]

    def attached(*statuses):
        enis = {f"eni-{n}": {"Status": status, "InstanceId": "i-1"} for n, status in enumerate(statuses)}
        return Snapshot(0.0, enis, {"i-1": {"Status": "Running"}})

    sent = []
    monkeypatch.setattr(ecs, "detach_eni", lambda _session, instance, eni: sent.append((instance, eni)))
    shows(attached("InUse", "InUse"), attached("InUse", "Detaching"))
    pool.refresh(bench)
    with pytest.raises(pool.NotArranged):
        supply.detach(bench, [bench.enis[1]])
    assert sent == [("i-1", "eni-1")] * 2
    specs = (EniSpec(past="fresh"), EniSpec(past="reattached", tags=2))
    alike = World((InstanceSpec(past="restarted", zone=1),), specs)
    assert bench.unfinished == [pool.Unfinished("detach", alike, 1)]


@pytest.mark.parametrize(("status", "sent"), [("Detaching", 2), ("InUse", 1)])
def test_a_detach_of_the_set_up_is_asked_for_again_only_while_the_interface_is_detaching(
    bench, shows, monkeypatch, status, sent
):
    """A guest that did not react does so at the second call; then nothing is told of it."""
    bench.settle_seconds = 0.05
    orders = []

    def detach(_session, instance, eni):
        orders.append((instance, eni))
        shows(state(status, "i-1", ["eni-1"]) if len(orders) == 1 else FREE)

    monkeypatch.setattr(ecs, "detach_eni", detach)
    bench.enis[0].hosts = ["i-1"]
    shows(USED)
    pool.refresh(bench)
    if sent == 1:
        with pytest.raises(pool.NotArranged):
            supply.detach(bench, bench.enis[:])
        assert [(u.what, u.place) for u in bench.unfinished] == [("detach", 0)]
    else:
        supply.detach(bench, bench.enis[:])
        assert not bench.unfinished
    assert orders == [("i-1", "eni-1")] * sent


def named(name, status="Available", **more):
    """A look at one interface."""
    fields = {
        "Status": status,
        "NetworkInterfaceName": name,
        **more,
        **({"InstanceId": "i-1"} if status == "InUse" else {}),
    }
    return Snapshot(0.0, {"eni-1": fields}, {"i-1": {"Status": "Running"}})


@pytest.mark.parametrize(
    ("looks", "attached", "lags", "told"),
    [
        ([named("")], 5.0, False, [5.0]),
        ([named("")], 50.0, False, [supply.LONGEST_ATTACHED]),
        ([named("a", Revision=2)], 5.0, False, []),  # what nobody documents may change by itself
        ([named(""), named("a")], 5.0, False, []),  # a look may be wrong for once
        ([named("")], 0.0, False, []),  # it may be shown late with what it was made with
        ([named("")], 5.0, True, []),
    ],
)
def test_what_the_set_ups_own_detach_changes_is_told_with_how_long_it_had_been_attached(
    bench, shows, monkeypatch, looks, attached, lags, told
):
    own = bench.enis[0]
    own.hosts, own.since, bench.lags = ["i-1"], bench.clock.monotonic() - attached, lags
    shows(named("a", "InUse", Revision=1))
    pool.refresh(bench)
    monkeypatch.setattr(ecs, "detach_eni", lambda *_: shows(*looks))
    supply.detach(bench, [own])
    world = World((InstanceSpec(past="fresh"),), (EniSpec(past="fresh"),))
    assert [(u.what, u.world, u.place) for u in bench.unfinished] == [("detach", world, 0)] * len(told)
    assert [u.attached for u in bench.unfinished] == pytest.approx(told, abs=3)


def test_what_a_play_modified_is_not_told_of_the_set_ups_own_detach(bench, shows, monkeypatch):
    own = bench.enis[0]
    own.hosts, own.since, own.look = ["i-1"], bench.clock.monotonic() - 5, None
    shows(named("a", "InUse"))
    pool.refresh(bench)
    monkeypatch.setattr(ecs, "detach_eni", lambda *_: shows(named("late")))
    supply.detach(bench, [own])
    assert not bench.unfinished


def refusal(code, status=400):
    """What the set-up raises when it is refused; without a code nothing was answered."""
    body = json.dumps({"RequestId": "R", "Code": code, "Message": "no"}).encode()
    sent = Request("DetachNetworkInterface", "2014-05-26", "GET", "http://127.0.0.1/", (), (), b"", "account", "v1")
    answered = Exchange("x-1", sent, 0.0, 0.1, "answered", status, "", (), body)
    return ecs.SetupError("DetachNetworkInterface", answered if code else None, "")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("InvalidEniId.NotFound", 1),
        ("InvalidOperation.DetachPrimaryEniNotAllowed", 1),
        ("InvalidOperation.InvalidEniState", 1),
        ("OperationConflict", 0),
        ("InternalError", 0),
        ("", 0),
    ],
)
def test_a_detach_of_the_set_up_that_is_refused_is_told(bench, shows, monkeypatch, code, told):
    """And that interface is done without; an answer that may pass, or none, says nothing about it."""

    def refused(*_):
        raise refusal(code, 500 if code == "InternalError" else 400)

    own = bench.enis[0]
    own.hosts = ["i-1"]
    monkeypatch.setattr(ecs, "detach_eni", refused)
    shows(Snapshot(0.0, {own.id: {"Status": "InUse", "InstanceId": "i-1"}}, {"i-1": {"Status": "Running"}}))
    pool.refresh(bench)
    with pytest.raises(ecs.SetupError):
        supply.detach(bench, [own])
    world = World((InstanceSpec(past="fresh"),), (EniSpec(past="fresh"),))
    assert bench.unfinished == [pool.Unfinished("detach", world, 0)] * told
    assert (own in bench.enis) == (not told)


def test_an_attach_without_effect_is_told_of_an_interface_that_was_detached_before(bench, shows):
    """In a world of fresh ones, as no other can be had; neither interface is used again."""
    bench.settle_seconds = 0.05
    own = bench.enis[0]
    shows(FREE)
    pool.refresh(bench)
    for hosts, told in ((["i-1"], 0), (["i-1", "i-1"], 1)):
        own.look, own.hosts = EniSpec(on=None, status="Available"), hosts
        with pytest.raises(pool.NotArranged):
            supply.await_attached(bench, [(own, "i-1")])
        assert own.look is None
        assert len(bench.unfinished) == told
    world = World((InstanceSpec(past="fresh"),), (EniSpec(past="fresh"),))
    assert bench.unfinished == [pool.Unfinished("attach", world, 0)]


def test_an_attach_refused_for_want_of_a_slot_that_must_be_free_is_told(bench, shows, monkeypatch):
    """And neither the interface nor the instance is used again; with every slot taken nothing is told."""

    class Refusal(ecs.SetupError):
        code = "EniPerInstanceLimitExceeded"

    def refused(*_):
        raise Refusal("AttachNetworkInterface", None, "")

    monkeypatch.setattr(ecs, "attach_eni", refused)
    shows(FREE)
    pool.refresh(bench)
    for quota, told in (
        (1, []),
        (2, [pool.Unfinished("attach", World((InstanceSpec(past="fresh"),), (EniSpec(past="fresh"),)), 0)]),
    ):
        bench.ground = SimpleNamespace(eni_quota=quota, quota_assumed=False)
        bench.enis[0].look = EniSpec(on=None, status="Available")
        with pytest.raises(ecs.SetupError):
            supply.attach(bench, bench.enis[0], "i-1")
        assert (bench.unfinished, bench.enis[0].look) == (told, None)
    assert bench.instances[0].zone < 0


@dataclasses.dataclass
class Quota:
    """The part of a Ground that tells how many interfaces an instance takes."""

    eni_quota: int
    quota_assumed: bool = True


@pytest.mark.parametrize(("assumed", "attached", "after"), [(3, 0, 2), (3, 1, 2), (5, 3, 4), (2, 1, 2)])
def test_a_quota_that_was_assumed_is_corrected_by_the_first_refusal(
    bench, shows, monkeypatch, assumed, attached, after
):
    """Nobody told how many interfaces the type takes, so the endpoint is not to blame for taking fewer."""

    class Refusal(ecs.SetupError):
        code = "EniPerInstanceLimitExceeded"

    def refused(*_):
        raise Refusal("AttachNetworkInterface", None, "")

    look = EniSpec(on=None, status="Available")
    bench.enis = [pool.OwnEni(f"eni-{n}", 0, look) for n in range(attached + 1)]
    shown = {f"eni-{n}": {"Status": "InUse", "InstanceId": "i-1"} for n in range(attached)}
    shown[f"eni-{attached}"] = {"Status": "Available"}
    bench.ground = Quota(assumed)
    monkeypatch.setattr(ecs, "attach_eni", refused)
    shows(Snapshot(0.0, shown, {"i-1": {"Status": "Running"}}))
    pool.refresh(bench)
    with pytest.raises(Refusal):
        supply.attach(bench, bench.enis[-1], "i-1")
    assert bench.ground.eni_quota == after
    assert not bench.unfinished and bench.instances[0].zone == 0


# --- what an endpoint does not take, and what it does not keep ----------------------------------------


def test_options_that_are_refused_are_left_out_one_by_one_and_not_asked_for_again(bench, monkeypatch):
    """An endpoint may not offer each property of an interface when one is created; a World does without then."""

    class Refusal(ecs.SetupError):
        code = "UnsupportedParameter"

    sent = []

    def create(_session, _ground, *, groups, addresses, tags, **_more):
        sent.append((groups, addresses, tags))
        if groups > 1 or addresses > 1:
            raise Refusal("CreateNetworkInterface", None, "")
        return "eni-9"

    monkeypatch.setattr(ecs, "create_eni", create)
    bench.ground = SimpleNamespace(security_group_ids=("sg-1", "sg-2", "sg-3"))
    spec = EniSpec(groups=2, addresses=3, tags=2)
    assert supply._order_eni(bench, spec, 0, "", "") == "eni-9"
    assert sent == [(2, 3, 2), (1, 3, 2), (1, 1, 2)] and bench.refused == {"groups", "addresses"}
    sent.clear()
    supply._order_eni(bench, spec, 0, "", "")
    assert sent == [(1, 1, 2)]


@pytest.mark.parametrize("code", ["InvalidVSwitchId.NotFound", "QuotaExceeded", "Throttling.User", ""])
def test_a_refusal_that_is_not_about_a_parameter_is_not_got_round(bench, monkeypatch, code):
    class Refusal(ecs.SetupError):
        pass

    Refusal.code = code

    def create(*_, **__):
        raise Refusal("CreateNetworkInterface", None, "")

    monkeypatch.setattr(ecs, "create_eni", create)
    bench.ground = SimpleNamespace(security_group_ids=("sg-1",))
    with pytest.raises(Refusal):
        supply._order_eni(bench, EniSpec(tags=2), 0, "", "")
    assert not bench.refused


def test_another_interface_is_made_without_room_being_made_for_it(bench, shows, monkeypatch):
    """While a play goes on, what the suite deletes would be told as an effect of a call."""
    shows(FREE)
    pool.refresh(bench)
    bench.most_enis = len(bench.enis) + len(bench.instances)
    monkeypatch.setattr(ecs, "create_eni", lambda *_, **how: f"eni-new in {how['vswitch_id']}")
    monkeypatch.setattr(ecs, "delete_eni", lambda *_: pytest.fail("nothing may go"))
    bench.now.enis["eni-1"]["VSwitchId"] = "vsw-1"
    assert supply.another(bench, "eni-1") == "eni-new in vsw-1"
    assert (bench.enis[-1].id, bench.enis[-1].look) == ("eni-new in vsw-1", None)


PRIMARY = {"NetworkInterfaceId": "eni-p", "Type": "Primary", "InstanceId": "i-1"}
OF_ANOTHER = {"NetworkInterfaceId": "eni-q", "Type": "Primary", "InstanceId": "i-2"}


@pytest.mark.parametrize(
    ("filtered", "whole", "found"),
    [
        ([PRIMARY], [], "eni-p"),
        ([{"NetworkInterfaceId": "eni-p", "Type": "Primary"}], [], "eni-p"),  # shows no hosts: the filter is believed
        ([OF_ANOTHER, PRIMARY], [], "eni-p"),
        (None, [OF_ANOTHER, PRIMARY], "eni-p"),
        ([], [OF_ANOTHER, PRIMARY], "eni-p"),
        (None, [{"NetworkInterfaceId": "eni-p", "Type": "Primary"}], ""),
        (None, None, ""),
    ],
)
def test_the_primary_interface_is_found_in_a_list_where_the_instance_does_not_show_it(
    bench, monkeypatch, filtered, whole, found
):
    """None: the target refuses to list so."""

    def describe_enis(_session, **filters):
        entries = filtered if filters else whole
        if entries is None:
            raise ecs.SetupError("DescribeNetworkInterfaces", None, "InstanceId is not supported here")
        return entries

    monkeypatch.setattr(ecs, "describe_enis", describe_enis)
    assert supply._primary_listed(bench, "i-1") == found
