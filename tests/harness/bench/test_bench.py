"""Looking at what a bench owns: when a look still counts, and how long a transition is waited for."""

import dataclasses
import itertools
import json
from types import SimpleNamespace

import pytest
from eni_conformance.contract.scenario import EniSpec, InstanceSpec, World
from eni_conformance.harness import ecs, observe
from eni_conformance.harness.bench import arrange, pool, supply
from eni_conformance.harness.bench.look import LOOKS_TO_AGREE
from eni_conformance.harness.clock import Clock
from eni_conformance.harness.target import Limits
from eni_conformance.harness.values import Exchange, Request, Snapshot


class Endpoint:
    """Shows one snapshot after the other, the last one for ever."""

    def __init__(self, *shown):
        self.shown = list(shown)
        self.asked = []

    def look(self, _session, enis, instances):
        self.asked.append((bool(enis), bool(instances)))
        now = self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
        return Snapshot(0.0, now.enis if enis else {}, now.instances if instances else {})


def state(status, host="", held=()):
    link = {"InstanceId": host} if host else {}
    listed = tuple(f'{{"NetworkInterfaceId": "{e}"}}' for e in held)
    return Snapshot(
        0.0,
        {"eni-1": {"NetworkInterfaceId": "eni-1", "Status": status, **link}},
        {"i-1": {"InstanceId": "i-1", "Status": "Running", "NetworkInterfaces": listed}},
    )


USED, LEAVING, FREE = state("InUse", "i-1", ["eni-1"]), state("Detaching", "i-1", ["eni-1"]), state("Available")


def ticking():
    """A clock that sleeping moves, and each question a little, as looks take time."""
    at = [100.0]

    def move(seconds):
        at[0] += seconds
        return at[0]

    return Clock(lambda: at[0], lambda: move(0.0001), move)


@pytest.fixture
def bench():
    limits = Limits(lag_seconds=0.05)
    session = SimpleNamespace(target=SimpleNamespace(limits=limits), client=SimpleNamespace(clock=ticking()))
    made = pool.Bench(session, None, frozenset(), 2, 4, 2.0, step=0.001)
    made.enis = [pool.OwnEni("eni-1", 0, EniSpec(on=None, status="Available"))]
    made.instances = [pool.OwnInstance("i-1", 0)]
    return made


@pytest.fixture
def shows(monkeypatch):
    def use(*snapshots):
        endpoint = Endpoint(*snapshots)
        monkeypatch.setattr(observe, "look", endpoint.look)
        return endpoint

    return use


def test_nothing_is_looked_at_twice_while_it_is_at_rest(bench, shows):
    endpoint = shows(USED)
    pool.settle(bench)
    pool.freshen(bench)
    assert endpoint.asked == [(True, True)] and not bench.stale


def test_after_a_transition_only_what_is_stale_is_looked_at_again(bench, shows):
    """The interface until it is done, then the instance once."""
    endpoint = shows(LEAVING, LEAVING, FREE)
    now = pool.settle(bench)
    assert endpoint.asked == [(True, True), (True, False), (True, False), (False, True)]
    assert (now.status("eni-1"), now.held("i-1")) == ("Available", frozenset())


def test_what_is_held_in_transition_is_not_waited_for(bench, shows):
    endpoint = shows(LEAVING)
    pool.settle(bench, still={"eni-1"})
    assert endpoint.asked == [(True, True)]


def test_an_order_makes_a_look_stale(bench, shows):
    shows(USED)
    pool.refresh(bench)
    pool.touch(bench)
    assert bench.stale == pool.PARTS


def test_where_descriptions_lag_a_look_counts_only_after_nothing_has_differed_for_a_while(bench, shows):
    """For as long as the target's file says that they may lag."""
    bench.lags = True
    shows(USED, FREE, USED, FREE)  # replicas take turns for a while
    pool.refresh(bench)
    assert pool.quiet(bench).status("eni-1") == "Available"


def test_where_descriptions_keep_up_nothing_is_waited_for(bench, shows):
    endpoint = shows(USED, FREE)
    pool.refresh(bench)
    pool.quiet(bench)
    assert len(endpoint.asked) == 1


def test_the_first_pause_is_what_a_transition_takes_and_then_they_grow(bench):
    bench.typical[pool.DETACHING] = 0.4
    first, *rest = itertools.islice(pool.pauses(bench, pool.DETACHING), 8)
    assert first == 0.4 and rest == sorted(rest) and rest[0] == bench.step


def test_the_estimate_shrinks_while_the_first_look_suffices_and_grows_slowly_otherwise(bench):
    pool.learn(bench, pool.DETACHING, 0.1, 3)
    assert bench.typical[pool.DETACHING] == 0.1
    pool.learn(bench, pool.DETACHING, 0.1, 1)
    assert bench.typical[pool.DETACHING] == pytest.approx(0.092)
    pool.learn(bench, pool.DETACHING, 5.0, 9)
    assert bench.typical[pool.DETACHING] < 0.15


def test_interfaces_and_instances_that_never_agree_are_taken_as_they_are(bench, shows):
    """A list that hides what is attached, or shows what is not, is for the frame to judge."""
    shows(state("InUse", "i-1", ["eni-7"]))
    assert arrange._agreed(bench, ["eni-1"], frozenset()).held("i-1") == {"eni-7"}
    assert bench.lags


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


def test_what_is_watched_on_purpose_tells_how_long_a_transition_takes(bench, shows):
    """Unless descriptions lag behind: then it tells nothing."""
    shows(LEAVING, LEAVING, FREE)
    arrange._watch(bench, bench.enis[0], "i-1", "Detaching", "Available", pool.DETACHING)
    assert bench.typical == {pool.DETACHING: pytest.approx(2 * 3 * bench.step)} and not bench.lags
    bench.typical = {}
    shows(USED, FREE)
    arrange._watch(bench, bench.enis[0], "i-1", "Detaching", "Available", pool.DETACHING)
    assert bench.typical == {} and bench.lags


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


class Ledger:
    """Knows of nothing that is gone."""

    def still_there(self, _one):
        return True


def test_what_a_list_lacks_for_once_is_not_forgotten(bench, shows):
    """Lists of real services lack an item now and then; the next look has it."""
    bench.session.ledger = Ledger()
    without = Snapshot(0.0, {}, USED.instances)
    shows(without, without, USED)
    pool.refresh(bench)
    pool.drop_vanished(bench)
    assert [e.id for e in bench.enis] == ["eni-1"] and [i.id for i in bench.instances] == ["i-1"]
    shows(without)
    pool.refresh(bench)
    pool.drop_vanished(bench)
    assert not bench.enis and [i.id for i in bench.instances] == ["i-1"]


def test_a_careful_look_is_one_that_the_next_confirms(bench, shows):
    """So that no single look convicts. Where no two agree, the last one of a few is taken."""
    endpoint = shows(LEAVING, FREE, FREE)
    first = pool.refresh(bench)
    assert arrange._seen_twice(bench, first, frozenset()).status("eni-1") == "Available"
    assert len(endpoint.asked) == 3
    endpoint = shows(*[USED, FREE] * 40)
    arrange._seen_twice(bench, pool.refresh(bench), frozenset())
    assert len(endpoint.asked) == 1 + LOOKS_TO_AGREE


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


def test_a_capability_that_does_not_work_as_its_document_says_is_named_so(bench):
    """The reason of a requirement that rests on it: it is not offered, or offered and wrong."""
    bench.ground = SimpleNamespace(vswitch_ids=("vsw-1",), eni_quota=3)
    world = World((InstanceSpec(),), (EniSpec(fault="vswitch.remove"),))
    assert arrange.needs(world, bench) == "control protocol: vswitch.remove"
    bench.wrong_orders = {"vswitch.remove": "it answers 500"}
    assert arrange.needs(world, bench) == (
        "control protocol: vswitch.remove, which is offered but not as its document says (it answers 500)"
    )
    bench.capabilities = frozenset({"vswitch.remove"})
    assert arrange.needs(world, bench) == ""
