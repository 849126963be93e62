"""A good control protocol passes with few requests, and nothing of the check is left but what the caller keeps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eni_conformance.emulator.embed import running
from eni_conformance.harness import control, ecs
from eni_conformance.harness.account import control_check, control_orders, control_stand
from eni_conformance.harness.bench.look import LAID_NEARBY
from eni_conformance.harness.clock import Clock
from eni_conformance.harness.target import load_target
from eni_conformance.harness.wire.client import Client
from orders import nothing_is_left, ordering


def test_a_good_protocol_passes_within_thirty_requests(tmp_path, monkeypatch):
    """Everything offered. Making the instance and the interface is not among them: the caller keeps both."""
    with running(settle_ms=0) as emulator:
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        session = ecs.open_session(target, tmp_path, "run-control")
        ground = ecs.lay_ground(session)
        session = replace(session, client=Client(target))
        given = ordering(monkeypatch, lambda order, send: send())
        found = control_check.check(session, ground, control.capabilities(target))
        shown = ecs.describe_enis(session, ids=[found.kept.eni]), ecs.describe_instances(session, [found.kept.instance])
        session.ledger.close()
    assert (found.problems, found.untried, found.mended) == ({}, {}, None)
    assert [one["Status"] for (one,) in shown] == ["Available", "Running"]
    counts = session.client.counts
    counts.subtract({"DescribeNetworkInterfaces": 1, "DescribeInstances": 1})
    assert found.calls == sum(counts.values()) + len(given)
    assert (counts.pop("RunInstances"), counts.pop("CreateNetworkInterface")) == (1, 1)
    assert sum(counts.values()) + len(given) <= 30
    assert not any(action.startswith(("Create", "Delete", "Run")) for action in counts)
    assert {order["op"] for order in given} == {*control_orders.KNOWN, "no.such.op"}


@pytest.mark.parametrize("settle_ms", [5, 50, 150])
def test_a_good_protocol_passes_at_any_speed(settle_ms, tmp_path):
    """And nothing is left."""
    with running(settle_ms=settle_ms) as emulator:
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        session = ecs.open_session(target, tmp_path, "run-control")
        ground = ecs.lay_ground(session)
        resources = emulator.control("stats")["resources"]
        found = control_check.check(session, ground, control.capabilities(target))
        assert (found.problems, found.untried) == ({}, {})
        assert found.kept
        control_stand.remove(session, found.kept)
        assert emulator.control("stats")["resources"] == resources
        session.ledger.close()


@pytest.mark.parametrize("place", [("eventual",), ("eventual-interfaces",), ("jitter",)], indirect=True)
def test_descriptions_that_lag_behind_are_no_problem(place):
    """A conforming service may show the past for a while, or take its time."""
    found = place(lag_seconds=1.6, settle_seconds=10.0)
    assert found.problems == {} and nothing_is_left(place)


def test_nothing_is_asked_where_nothing_is_offered(place):
    """Nor where only extensions are, which the protocol does not name."""
    assert place(without=control_orders.KNOWN) == control_orders.ControlCheck({}, 0, {})
    assert not place.session.client.counts


@pytest.mark.parametrize("op", sorted(control_orders.KNOWN))
def test_each_capability_alone(op, place):
    """No order is given that is not offered; what nothing offered undoes is not tried."""
    found = place(without=control_orders.KNOWN - {op})
    assert found.problems == {} and nothing_is_left(place)
    assert set(found.untried) <= {op}
    undone = {*control_orders.EVERYWHERE, "security_group.type", "security_group.full", "instance.eni_limit"}
    assert (op in found.untried) == (op not in {*undone, "reset", "release"})


def test_no_order_is_left_behind(place):
    """Interfaces can be created, attached and detached as before."""
    place()
    ground = ecs.lay_ground(place.session)
    eni = ecs.create_eni(place.session, ground)
    ecs.delete_eni(place.session, eni)


def test_a_network_that_is_not_the_run_s_is_left_alone(tmp_path, monkeypatch):
    """Then a vSwitch and a group are made for the check, and the caller keeps them, too."""
    with running(settle_ms=20) as emulator:
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        other = ecs.open_session(target, tmp_path / "other", "run-of-others")
        ground = ecs.lay_ground(other)
        session = ecs.open_session(target, tmp_path / "ours", "run-control")
        given = ordering(monkeypatch, lambda order, send: send())
        found = control_check.check(session, ground, control.capabilities(target))
        owned = session.ledger.book().owned
        session.ledger.close()
        other.ledger.close()
    assert found.problems == {} and not found.kept.plain
    assert {found.kept.own_group, found.kept.own_vswitch} <= set(owned)
    assert {str(order["id"]) for order in given if "id" in order and "nosuch" not in str(order["id"])} <= set(owned)


@pytest.mark.parametrize(("prefix", "part"), [("vsw-", "vswitch_ids"), ("sg-", "security_group_ids")])
def test_a_ground_that_reset_does_not_bring_back_is_mended(prefix, part, place, monkeypatch):
    """A run can stand on it: what was removed has one of its own kind in its place."""
    ordering(monkeypatch, lambda order, send: send() if not str(order.get("id")).startswith(prefix) or
             order["op"] != "reset" else "")  # fmt: skip
    found = place()
    assert set(found.problems) == {"reset"}
    made = getattr(found.mended, part)[0]
    assert made not in getattr(place.ground, part)
    shown = ecs.listed(place.session, "vswitch" if prefix == "vsw-" else "security_group")
    assert made in {str(one.get("VSwitchId") or one.get("SecurityGroupId")) for one in shown}


def test_only_own_resources_are_touched(place, monkeypatch):
    """Every order names what the check has made, or nobody, or what has no owner."""
    given = ordering(monkeypatch, lambda order, send: send())
    place()
    owned = place.session.ledger.book().owned
    ids = {order["id"] for order in given if "id" in order}
    assert {i for i in ids if "nosuch" not in i} <= set(owned)


@pytest.mark.parametrize("at", [3, 6, 11, 14, 19])
def test_an_interruption_gives_everything_back(at, place, monkeypatch):
    """Whatever was made and laid by then is undone on the way out."""

    class Stopped(BaseException):
        pass

    def change(order, send):
        if len(given) == at:
            raise Stopped
        return send()

    given = ordering(monkeypatch, change)
    with pytest.raises(Stopped):
        place()
    assert nothing_is_left(place)


def test_time_is_the_client_s(place):
    """Nothing sleeps but by the client's clock."""
    slept = []
    real = Clock()

    def sleep(seconds):
        slept.append(seconds)
        real.sleep(seconds)

    place(lambda target: Client(target, clock=replace(real, sleep=sleep)))
    assert max(slept) >= LAID_NEARBY / 2
