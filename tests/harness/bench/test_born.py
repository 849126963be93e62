"""Interfaces that come with their instance: made, found, marked; and what an endpoint does not offer is asked once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eni_conformance.contract.scenario import EniSpec, InstanceSpec, World
from eni_conformance.emulator.embed import running
from eni_conformance.harness import ecs
from eni_conformance.harness.account import janitor
from eni_conformance.harness.account.ledger import RUN_TAG
from eni_conformance.harness.bench import arrange, born, pool, supply
from eni_conformance.harness.target import load_target
from eni_conformance.harness.wire.client import Allowance

BORN = EniSpec(past="born", tags=1, groups=2, addresses=3, name="unicode", description="plain", delete_on_release=False)
ALONE = World((InstanceSpec(),), (BORN,))


@pytest.fixture
def place(request, tmp_path):
    """A bench on an emulator; `param`: its variants. When the test is over, nothing of it is left."""
    with running(settle_ms=5, variants=getattr(request, "param", ())) as emulator:
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        target = replace(target, limits=replace(target.limits, lag_seconds=0.1, instances=2, network_interfaces=6))
        session = ecs.open_session(target, tmp_path / "ledger", "run-000001")
        made = pool.Bench(session, ecs.lay_ground(session), frozenset(), 2, 6, 5.0, step=0.01, measured=True)
        yield made
        assert not janitor.teardown(session, patience=0).left
        assert not any(emulator.control("stats")["resources"].values())
        session.ledger.close()


def made_real(bench, world):
    arrange.rest(bench)
    return arrange.arrange(bench, world)


def asked_for(bench):
    """How many instances were asked for."""
    return bench.session.client.counts["RunInstances"]


@pytest.mark.parametrize("status", ["Running", "Stopped"])
def test_it_is_like_what_the_world_says_and_was_never_detached(place, status):
    arranged = made_real(place, replace(ALONE, instances=(InstanceSpec(status),)))
    (eni,), (host,) = arranged.enis, arranged.instances
    shown = ecs.describe_enis(place.session, ids=[eni])[0]
    assert (shown["InstanceId"], shown["Type"], shown["Status"]) == (host, "Secondary", "InUse")
    assert (len(shown["SecurityGroupIds"]), len(shown["PrivateIpSets"]), len(shown["Tags"])) == (2, 3, 3)
    assert (shown["NetworkInterfaceName"], shown["Description"]) == ("网卡-ünïcode-測試", "made for a test")
    assert shown["DeleteOnRelease"] is False and {tag["TagKey"] for tag in shown["Tags"]} >= {RUN_TAG}
    counts = place.session.client.counts
    assert (counts["CreateNetworkInterface"], counts["AttachNetworkInterface"]) == (0, 0)
    assert place.session.ledger.owns(eni) and not place.session.ledger.book().open


def test_one_that_was_not_detached_serves_again_and_one_that_was_does_not(place):
    first = made_real(place, ALONE)
    assert made_real(place, ALONE).enis == first.enis
    supply.detach(place, [own for own in place.enis if own.id in first.enis])
    assert made_real(place, ALONE).enis != first.enis


def test_it_is_one_interface_of_the_run_within_its_limits(place):
    """Room is made for it, and where there is none the instance is not even asked for."""
    made_real(place, World((InstanceSpec(),), (EniSpec(), EniSpec(tags=1), EniSpec(tags=3))))
    made_real(place, replace(ALONE, instances=(InstanceSpec(past="fresh"),)))
    book = place.session.ledger.book()
    assert book.alive("eni") + book.alive("instance") <= 6
    place.session.ledger.limits["eni"] = book.alive("eni") + book.alive("instance")
    before = asked_for(place)
    with pytest.raises(ecs.SetupError, match="limits"):
        ecs.create_instance_with(place.session, place.ground)
    assert asked_for(place) == before and not place.session.ledger.book().open


@pytest.mark.parametrize(
    ("place", "why", "calls"),
    [(["born-refused"], "refused: UnsupportedParameter", 4), (["born-ignored"], "comes without the interface", 1)],
    indirect=["place"],
)
def test_what_is_refused_or_ignored_is_told_and_not_asked_for_again(place, why, calls):
    """Twice with what the World says and twice without, as the endpoint may take few parameters."""
    for _ in range(2):
        with pytest.raises(pool.NotArranged) as told:
            made_real(place, ALONE)
        assert why in told.value.reason and "RunInstances with NetworkInterface.N" in told.value.missing
    assert asked_for(place) == calls
    assert made_real(place, World()).enis, "other worlds are made as ever"


def test_one_that_never_got_into_the_ledger_goes_all_the_same(place):
    """As after a kill between the answer and the look that shows it; the service would keep it."""
    host, _ = ecs.create_instance_with(place.session, place.ground)
    ecs.wait_for(place.session, lambda: ecs.describe_instances(place.session, [host])[0]["Status"] == "Running", "up")
    (eni,) = ecs.secondaries(place.session, host)
    pairs = [place.session.region, ("NetworkInterfaceId", eni), ("DeleteOnRelease", "false")]
    assert ecs.succeeded(ecs.send(place.session, "ModifyNetworkInterfaceAttribute", pairs))
    assert not place.session.ledger.owns(eni)


def test_only_what_hangs_on_the_instance_is_found_there(place):
    """Also where the filter InstanceId is ignored, which shows everything."""
    one, other = made_real(place, World((InstanceSpec(), InstanceSpec()), (BORN, replace(BORN, on=1)))).instances
    (eni,) = ecs.secondaries(place.session, one)
    assert eni not in ecs.secondaries(place.session, other)


@pytest.mark.parametrize(
    ("enis", "why"),
    [
        ((BORN, BORN), "more than one"),
        ((replace(BORN, on=None, status="Available"),), "was detached"),
        ((replace(BORN, status="Attaching"),), "was detached"),
        ((replace(BORN, fault="vswitch.remove"),), "was detached"),
        ((BORN, EniSpec()), ""),
        ((replace(BORN, status="Detaching"),), ""),
    ],
)
def test_a_world_that_contradicts_itself_is_not_made(bench, enis, why):
    assert why in born.lacking(bench, World((InstanceSpec(),), enis))
    assert bool(born.lacking(bench, World((InstanceSpec(),), enis))) == bool(why)


def test_where_calls_are_counted_enough_must_be_left_for_it(place):
    allowance = Allowance(born.CALLS - 1)
    place.session.client.allowance = allowance
    with pytest.raises(pool.NotArranged, match="too few calls"):
        born.create_with(place, BORN, 0)
    assert not asked_for(place) and not place.unborn
    place.session.client.allowance = None


@pytest.mark.parametrize(("late", "used"), [(0, True), (1, True), (10_000, False)])
def test_what_is_set_afterwards_is_shown_before_the_interface_is_used(place, monkeypatch, late, used):
    """A description that shows tags later would look like an effect of the call that came between."""
    described, looks = ecs.describe_enis, []

    def describe_enis(session, **filters):
        entries = described(session, **filters)
        looks.append(1)
        return [{**entry, "Tags": entry["Tags"] if len(looks) > late else []} for entry in entries]

    monkeypatch.setattr(ecs, "describe_enis", describe_enis)
    if used:
        assert made_real(place, ALONE).enis
        assert len(looks) > late
    else:
        with pytest.raises(pool.NotArranged):
            made_real(place, ALONE)
        assert "not shown as they were set afterwards" in place.unborn


def test_elsewhere_than_on_this_machine_none_is_asked_for(bench):
    bench.session.target.loopback = False
    assert born.lacking(bench, ALONE) == born.ELSEWHERE
    assert born.lacking(bench, World()) == ""
