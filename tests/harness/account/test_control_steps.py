"""Each broken control protocol is told by the capability, and what the service does not let be tried by the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eni_conformance.emulator.embed import running
from eni_conformance.harness import control, ecs
from eni_conformance.harness.account import control_check, control_orders
from eni_conformance.harness.target import load_target
from eni_conformance.harness.wire.client import Client
from orders import Between, ignoring, nothing_is_left, ordering

# --- broken protocols ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "capability", "words"),
    [
        (("hold", "release"), "hold", "did not wait"),
        (("eni.status",), "eni.status", "Deleting was laid over Status, and descriptions go on showing Available"),
        (("eni.type",), "eni.type", "Trunk was laid over Type, and descriptions go on showing Secondary"),
        (("eni.zone",), "eni.zone", "laid over ZoneId"),
        (("eni.vpc",), "eni.vpc", "laid over VpcId"),
        (("instance.status",), "instance.status", "go on showing Running"),
        (("vswitch.remove",), "vswitch.remove", "still described"),
        (("security_group.remove",), "security_group.remove", "still described"),
        (("release",), "release", "stayed Attaching until it was reset"),
    ],
)
def test_an_order_without_effect(broken, capability, words, place, monkeypatch):
    """Is told by its name, and no other is."""
    ordering(monkeypatch, ignoring(*broken))
    found = place()
    assert set(found.problems) == {capability} and words in found.problems[capability]
    assert nothing_is_left(place)


def test_reset_that_does_not_bring_back(place, monkeypatch):
    """Of an interface, whose set-up then fails."""
    ordering(monkeypatch, ignoring("reset"))
    found = place()
    assert set(found.problems) == {"reset"} and "is still" in found.problems["reset"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [("sg-", "security_group.remove and reset"), ("vsw-", "vswitch.remove and reset"), ("i-", "is still Stopping")],
)
def test_reset_that_does_not_bring_back_one_kind(kind, words, place, monkeypatch):
    """A group, a vSwitch or an instance's status."""
    ordering(
        monkeypatch,
        lambda order, send: "" if order["op"] == "reset" and str(order["id"]).startswith(kind) else send(),
    )
    found = place()
    assert set(found.problems) == {"reset"} and words in found.problems["reset"]


def test_reset_that_forgets_an_accepted_detach(place):
    """The interface is InUse again, although an ordinary detach works."""

    class Forgetting(Between):
        def first(self, eni, action, pairs, options):
            return super().send("DescribeRegions", [], **options)

    found = place(Forgetting)
    assert set(found.problems) == {"reset"} and "InUse again" in found.problems["reset"]
    assert nothing_is_left(place)


def test_a_service_without_a_working_detach_is_not_the_protocol(place):
    """Nothing is said about reset where no detach has an effect."""

    class Idle(Client):
        def send(self, action, pairs, **options):
            asked = ("DescribeRegions", []) if action == "DetachNetworkInterface" else (action, pairs)
            return super().send(*asked, **options)

    found = place(Idle)
    assert found.problems == {} and set(found.untried) == {"reset"}


def test_a_status_that_does_not_stay_after_an_accepted_detach(place):
    """The detach lifts it, although it leads into it."""

    class Lifting(Between):
        def first(self, eni, action, pairs, options):
            control.order(self.target, {"op": "reset", "id": eni})
            return super().send(action, pairs, **options)

    found = place(Lifting)
    assert set(found.problems) == {"eni.status"} and "before reset descriptions show" in found.problems["eni.status"]
    assert nothing_is_left(place)


def test_unknown_orders_must_be_refused(place, monkeypatch):
    """Both are told under the protocol; the first is enough."""
    ordering(monkeypatch, lambda order, send: "" if order["op"] == "no.such.op" else send())
    assert place().problems == {"protocol": "An unknown op was answered with HTTP 200, not with HTTP 400."}


def test_unknown_ids_must_be_refused(place, monkeypatch):
    """With 400, as the document says."""
    ordering(
        monkeypatch,
        lambda order, send: "HTTP 404: not found" if "nosuch" in str(order.get("id")) else send(),
    )
    found = place()
    assert set(found.problems) == {"protocol"}
    assert "an id that does not exist was answered with HTTP 404" in found.problems["protocol"]


@pytest.mark.parametrize("op", ["security_group.full", "parameter.unsupported", "region.feature", "instance.eni_limit"])
def test_what_is_offered_and_refused(op, place, monkeypatch):
    """Is a problem, even where descriptions show nothing of it."""
    ordering(monkeypatch, lambda order, send: "HTTP 400: unknown op" if order["op"] == op else send())
    found = place()
    assert found.problems == {op: "It is offered and yet refused: HTTP 400: unknown op."}


def test_a_control_url_that_does_not_answer_is_no_problem(place, monkeypatch):
    """It says nothing about what the orders mean."""
    ordering(monkeypatch, lambda order, send: "refused: nobody listens")
    found = place()
    assert found.problems == {} and set(found.untried) >= control_orders.KNOWN - {"release", "reset"}
    assert found.calls < 60 and nothing_is_left(place)


def test_a_region_without_the_feature_must_go_on_describing(place, monkeypatch):
    """Describing is refused only while it is off, which is seen by looking again."""
    off = []

    class Mute(Client):
        def send(self, action, pairs, **options):
            if off and action.startswith("Describe"):
                return super().send("NoSuchAction", pairs, **options)
            return super().send(action, pairs, **options)

    def change(order, send):
        if order["op"] == "region.feature":
            off[:] = [] if order["supported"] else [True]
        return send()

    ordering(monkeypatch, change)
    found = place(Mute)
    assert set(found.problems) == {"region.feature"} and nothing_is_left(place)


@pytest.mark.parametrize("variant", ["reset-forgets-detach", "hold-does-nothing"])
def test_broken_protocols_of_the_emulator(variant, tmp_path):
    """They conform to the page, so only this check can tell."""
    with running(settle_ms=20, variants=[variant]) as emulator:
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        session = ecs.open_session(target, tmp_path, "run-control")
        found = control_check.check(session, ecs.lay_ground(session), control.capabilities(target))
        session.ledger.close()
    assert set(found.problems) == {"reset" if variant.startswith("reset") else "hold"}


# --- a service that does not let it be tried -----------------------------------------------------


@pytest.mark.parametrize(
    ("action", "untried"),
    [
        ("CreateNetworkInterface", control_orders.KNOWN),
        ("RunInstances", {*control_orders.ON_INSTANCE, *control_orders.ATTACHED}),
        ("AttachNetworkInterface", control_orders.ATTACHED),
        ("DetachNetworkInterface", {"eni.status", "reset"}),
        ("DescribeNetworkInterfaces", {*control_orders.ALONE, *control_orders.ATTACHED}),
    ],
)
def test_a_service_that_refuses(action, untried, place):
    """Is not the protocol's fault: what could not be tried is told with the reason."""

    class Refusing(Client):
        def send(self, asked, pairs, **options):
            if asked != action:
                return super().send(asked, pairs, **options)
            body = b'{"Code": "Forbidden.RAM", "Message": "m", "RequestId": "r"}'
            return replace(super().send("DescribeRegions", []), status=403, body=body)

    found = place(Refusing)
    assert found.problems == {} and set(found.untried) == set(untried)
    assert all(action in why for why in found.untried.values())


def test_limits_that_leave_no_room(place):
    """Nothing is created beyond them."""
    found = place(network_interfaces=1)
    assert found.problems == {} and "limits" in found.untried["hold"] and nothing_is_left(place)
