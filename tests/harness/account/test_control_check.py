"""The control protocol is checked by itself: a good one passes, and each broken one is told by the capability.

Broken protocols are made by a control function that leaves something undone, or by a client between check and emulator.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from eni_conformance.emulator.embed import running
from eni_conformance.harness import control, ecs
from eni_conformance.harness.account import control_check, control_orders
from eni_conformance.harness.bench.look import LAID_NEARBY
from eni_conformance.harness.clock import Clock
from eni_conformance.harness.target import load_target
from eni_conformance.harness.wire.client import Client

GIVING = {
    "CreateVSwitch",
    "CreateSecurityGroup",
    "CreateNetworkInterface",
    "RunInstances",
    "AttachNetworkInterface",
    "DetachNetworkInterface",
    "DeleteNetworkInterface",
    "DeleteInstance",
    "DeleteSecurityGroup",
    "DeleteVSwitch",
}
"""Operations that make and give back."""


@pytest.fixture
def place(request, tmp_path):
    """A function that checks the control protocol of an emulator, and the emulator."""
    with running(settle_ms=20, variants=getattr(request, "param", ())) as emulator:
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        target = replace(target, limits=replace(target.limits, lag_seconds=0.3, settle_seconds=2.0))
        opened = []

        def run(client=Client, without=(), **limits):
            mine = replace(target, limits=replace(target.limits, **limits))
            session = ecs.open_session(mine, tmp_path / "ledger", "run-control")
            opened.append(session)
            ground = ecs.lay_ground(session)
            session = replace(session, client=client(mine))
            before = control.capabilities(target)
            resources = emulator.control("stats")["resources"]
            try:
                return control_check.check(session, ground, before - set(without))
            finally:
                run.session, run.left = session, emulator.control("stats")["resources"] != resources

        run.target, run.emulator = target, emulator
        yield run
        for session in opened:
            session.ledger.close()


def ordering(monkeypatch, change):
    """Let control.order be `change(order, real)`, where `real` sends it."""
    real = control.order
    given = []

    def order(target, op):
        given.append(dict(op))
        return change(dict(op), lambda one=op: real(target, one))

    monkeypatch.setattr(control, "order", order)
    return given


def ignoring(*ops):
    """Orders that are answered with 200 and have no effect. An unknown id is refused all the same."""
    return lambda order, send: "" if order["op"] in ops and "nosuch" not in str(order.get("id")) else send()


def nothing_is_left(place):
    book = place.session.ledger.book()
    made = [one for one in book.owned.values() if one.kind in ("eni", "instance")]
    return not place.left and all(one.id in book.gone for one in made)


# --- what works ----------------------------------------------------------------------------------


def test_a_good_protocol_passes_within_its_requests(tmp_path, monkeypatch):
    """Everything offered, on an endpoint whose transitions are over at once: 30 requests besides making and giving
    back, and a bound on all."""
    with running(settle_ms=0) as emulator:
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        session = ecs.open_session(target, tmp_path, "run-control")
        ground = ecs.lay_ground(session)
        resources = emulator.control("stats")["resources"]
        session = replace(session, client=Client(target))
        given = ordering(monkeypatch, lambda order, send: send())
        found = control_check.check(session, ground, control.capabilities(target))
        assert (found.problems, found.untried) == ({}, {})
        assert emulator.control("stats")["resources"] == resources
        session.ledger.close()
    counts = session.client.counts
    assert found.calls == sum(counts.values()) + len(given) <= 48
    assert {order["op"] for order in given} == {*control_orders.KNOWN, "no.such.op"}
    making = sum(counts[action] for action in GIVING)
    making += 1  # of the vSwitch: is it Available?
    making += 3  # of the instance: is it Running, is it as it was, is it gone?
    making += 3  # of the interface: is it InUse, is it Available, is it gone?
    making += 1  # its last reset
    assert found.calls - making <= 30


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


class Between(Client):
    """A client that does something else with the first detach, which comes while Detaching is laid over."""

    seen = 0

    def send(self, action, pairs, **options):
        if action == "DetachNetworkInterface":
            self.seen += 1
            if self.seen == 1:
                return self.first(dict(pairs)["NetworkInterfaceId"], action, pairs, options)
        return super().send(action, pairs, **options)


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
    assert found.calls < 40 and nothing_is_left(place)


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
        ("CreateVSwitch", {"vswitch.remove"}),
        ("CreateSecurityGroup", control_orders.ON_GROUP),
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


def test_only_own_resources_are_touched(place, monkeypatch):
    """Every order names what the check has made, or nobody, or what has no owner."""
    given = ordering(monkeypatch, lambda order, send: send())
    place()
    owned = place.session.ledger.book().owned
    ids = {order["id"] for order in given if "id" in order}
    assert {i for i in ids if "nosuch" not in i} <= set(owned)


@pytest.mark.parametrize("at", [3, 9, 14, 20, 24])
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
    assert max(slept) >= LAID_NEARBY


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("InvalidVSwitchId.NotFound", True),
        ("InvalidAction.NotFound", False),
        ("DependencyViolation", False),
        ("", False),
    ],
)
def test_what_is_not_there(code, absent):
    """Is told from an operation that is not there."""
    assert ecs.says_absent(code) == absent
