"""Instances that nothing starts, and those that take or give interfaces while they are Stopped alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eni_conformance.contract.scenario import EniSpec, InstanceSpec, World
from eni_conformance.emulator.embed import running
from eni_conformance.harness import ecs
from eni_conformance.harness.account import janitor
from eni_conformance.harness.bench import arrange, pool, supply
from eni_conformance.harness.target import load_target

RUNNING = World((InstanceSpec(),), (EniSpec(),))
STOPPED = World((InstanceSpec("Stopped"),), (EniSpec(),))


@pytest.fixture
def place(request, tmp_path):
    """A bench on an emulator of the later page; `param`: its variant. Nothing is left of it."""
    with running(settle_ms=5, variants=(request.param,), revision="2024") as emulator:
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        limits = replace(target.limits, lag_seconds=0.1, instances=2, network_interfaces=6, settle_seconds=1)
        session = ecs.open_session(replace(target, limits=limits), tmp_path / "ledger", "run-000001")
        yield pool.Bench(session, ecs.lay_ground(session), frozenset(), 2, 6, 5.0, step=0.01)
        assert not janitor.teardown(session, patience=0).left
        session.ledger.close()


def made_real(bench, world):
    arrange.rest(bench)
    return arrange.arrange(bench, world)


def sent(bench, action):
    return bench.session.client.counts[action]


@pytest.mark.parametrize("place", ["instances-come-stopped"], indirect=True)
def test_where_nothing_runs_that_is_told_once_and_stopped_instances_serve(place):
    with pytest.raises(
        pool.NotArranged, match=r"an instance that runs \(StartInstance: HTTP 403 OperationDenied.NoSto"
    ):
        made_real(place, RUNNING)
    assert made_real(place, STOPPED).snapshot.status(place.instances[0].id) == "Stopped"
    before = sent(place, "StartInstance"), sent(place, "RunInstances")
    with pytest.raises(pool.NotArranged) as reason:
        made_real(place, RUNNING)
    assert reason.value.missing.startswith("an instance that runs")
    assert (sent(place, "StartInstance"), sent(place, "RunInstances")) == before


@pytest.mark.parametrize("place", ["start-unknown"], indirect=True)
def test_where_nothing_starts_again_a_new_instance_runs(place):
    made_real(place, STOPPED)
    with pytest.raises(pool.NotArranged, match="InvalidAction"):
        made_real(place, replace(RUNNING, instances=(InstanceSpec(past="restarted"),)))
    for _ in range(2):
        arranged = made_real(place, RUNNING)
        assert arranged.snapshot.status(arranged.instances[0]) == "Running"
        made_real(place, STOPPED)


@pytest.mark.parametrize("place", ["attaches-to-stopped-only", "no-hot-plug"], indirect=True)
def test_what_takes_interfaces_while_it_is_stopped_alone_is_stopped_for_that_and_started(place):
    arranged = made_real(place, RUNNING)
    (eni,), (host,) = arranged.enis, arranged.instances
    assert (arranged.snapshot.status(eni), arranged.snapshot.status(host)) == ("InUse", "Running")
    refused = sent(place, "AttachNetworkInterface")
    made_real(place, replace(RUNNING, enis=(EniSpec(), EniSpec())))
    assert sent(place, "AttachNetworkInterface") == refused + 1, "a Running one is not asked again"
    with pytest.raises(pool.NotArranged, match="an instance that takes interfaces while it runs"):
        made_real(place, replace(RUNNING, instances=(InstanceSpec(past="fresh"),)))


@pytest.mark.parametrize("place", ["no-hot-unplug", "no-hot-plug"], indirect=True)
def test_what_gives_no_interfaces_while_it_runs_is_stopped_for_that(place):
    made_real(place, RUNNING)
    supply.detach(place, list(place.enis))
    assert {place.now.status(own.id) for own in place.enis} == {"Available"}
    assert "EniHotPlugNotSupported" in place.cold["detach"] or "HotPlugNotSupport" in place.cold["detach"]
    assert place.unfinished == []
