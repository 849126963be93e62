"""The round says yes to a good control protocol, within thirty requests, and no to each one that is broken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eni_conformance.emulator.embed import running
from eni_conformance.harness import control, ecs
from eni_conformance.harness.account import control_orders, control_round, control_stand
from eni_conformance.harness.target import load_target
from eni_conformance.harness.wire.client import Client
from orders import Between, ignoring, ordering


@pytest.fixture
def play(request, tmp_path):
    """A function that plays one round on an emulator: whether all is right, and the orders given."""
    with running(variants=getattr(request, "param", ())) as emulator:
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        target = replace(target, limits=replace(target.limits, lag_seconds=0.3, settle_seconds=2.0))
        session = ecs.open_session(target, tmp_path, "run-round")
        ground = ecs.lay_ground(session)
        offered = control.capabilities(target) & control_orders.KNOWN

        def run(client=Client):
            stand = control_stand.make(session, ground, offered)
            run.session = replace(session, client=client(target))
            return control_round.is_right(run.session, ground, stand, offered)

        run.emulator = emulator
        yield run
        session.ledger.close()


def test_a_good_protocol_takes_thirty_requests(play):
    """On the embedded emulator as it is by default: counted by the client, and the orders one by one."""
    right, orders = play()
    assert right
    assert sum(play.session.client.counts.values()) + orders <= 30


def test_nothing_that_was_laid_is_left(play, monkeypatch):
    """Each order but those that change nothing has been undone, the last one of all."""
    given = ordering(monkeypatch, lambda order, send: send())
    assert play()[0]
    assert given[-1]["op"] == "reset"
    switched = [order["supported"] for order in given if order["op"] == "region.feature"]
    assert switched == [False, True]


@pytest.mark.parametrize(
    "broken",
    [
        ("hold", "release"),
        ("release",),
        ("eni.status",),
        ("eni.type",),
        ("eni.zone",),
        ("eni.vpc",),
        ("instance.status",),
        ("vswitch.remove",),
        ("security_group.remove",),
        ("reset",),
        ("no.such.op",),
    ],
)
def test_an_order_without_effect_is_seen(broken, play, monkeypatch):
    """An unknown op that is answered with 200 is one, too."""
    ordering(monkeypatch, ignoring(*broken))
    assert not play()[0]


@pytest.mark.parametrize("prefix", ["eni-", "sg-", "vsw-", "i-"])
def test_a_reset_that_does_not_bring_back_one_kind_is_seen(prefix, play, monkeypatch):
    """By the detach that is refused while anything of it is left, or by the last look."""
    ordering(
        monkeypatch,
        lambda order, send: "" if order["op"] == "reset" and str(order["id"]).startswith(prefix) else send(),
    )
    assert not play()[0]


@pytest.mark.parametrize("op", sorted(control_orders.KNOWN))
def test_an_order_that_is_refused_is_seen(op, play, monkeypatch):
    """Even where descriptions show nothing of it."""
    ordering(monkeypatch, lambda order, send: "HTTP 400: unknown op" if order["op"] == op else send())
    assert not play()[0]


def test_an_unknown_id_that_is_not_refused_is_seen(play, monkeypatch):
    ordering(monkeypatch, lambda order, send: "" if "nosuch" in str(order.get("id")) else send())
    assert not play()[0]


@pytest.mark.parametrize("play", [("reset-forgets-detach",), ("hold-does-nothing",)], indirect=True)
def test_a_broken_protocol_of_the_emulator_is_seen(play):
    assert not play()[0]


class Lifting(Between):
    """The detach lifts the status that is laid over the interface."""

    def first(self, eni, action, pairs, options):
        control.order(self.target, {"op": "reset", "id": eni})
        return super().send(action, pairs, **options)


class Forgetting(Between):
    """The detach is answered, and forgotten."""

    def first(self, eni, action, pairs, options):
        return super().send("DescribeRegions", [], **options)


@pytest.mark.parametrize("client", [Lifting, Forgetting])
def test_a_detach_that_is_not_kept_for_reset_is_seen(client, play):
    assert not play(client)[0]


@pytest.mark.parametrize(
    ("offered", "possible"),
    [
        (control_orders.KNOWN, True),
        (control_orders.KNOWN - {"reset"}, False),
        (control_orders.KNOWN - {"release"}, False),
        (control_orders.KNOWN - {"hold", "release"}, True),
        (frozenset({"reset"}), True),
    ],
)
def test_a_round_needs_what_undoes(offered, possible):
    """Else single orders that undo themselves are tried in steps."""
    assert control_round.possible(offered) == possible
