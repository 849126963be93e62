"""Faults and variants that only revision 2024 has: each is seen there, and none exists under 2019."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from emulator_client import Answer, Client
from emulator_worlds import UNKNOWN_INSTANCE, build
from eni_conformance.emulator.embed import make_cloud, running
from processes import listed


def later_only(option: str) -> dict[str, dict[str, Any]]:
    """What is listed for the later revision alone, by name."""
    earlier = {row["name"] for row in listed(option, "--revision", "2019")}
    return {row["name"]: row for row in listed(option, "--revision", "2024") if row["name"] not in earlier}


FAULTS, VARIANTS = later_only("--list-faults"), later_only("--list-variants")


@pytest.fixture(scope="module")
def later() -> Iterator[Client]:
    with running(revision="2024", settle_ms=0) as emulator:
        client = Client(emulator.url)
        yield client
        client.close()


@pytest.fixture
def client(later: Client) -> Iterator[Client]:
    yield later
    later.control("fault", name=None)
    later.control("variant", name=None)
    later.control("wipe")


def elsewhere(client: Client) -> Answer:
    """An interface that is on another instance."""
    world = build(client)
    return world.detach(instance=client.instance(world.network))


def no_instance(client: Client) -> Answer:
    return build(client).detach(instance=UNKNOWN_INSTANCE)


def ordinary_trunk(client: Client) -> Answer:
    """TrunkNetworkInstanceId names an interface that is no trunk."""
    world = build(client)
    return world.detach(more={"TrunkNetworkInstanceId": client.eni(world.network)})


def idle_trunk(client: Client) -> Answer:
    """It names a trunk that is attached to nothing."""
    world = build(client)
    return world.detach(more={"TrunkNetworkInstanceId": client.eni(world.network, InstanceType="Trunk")})


def foreign_trunk(client: Client) -> Answer:
    """It names a trunk in use of which the interface is no member."""
    world = build(client)
    trunk = client.eni(world.network, world.instance)
    client.control("eni.type", id=trunk, type="Trunk")
    return world.detach(more={"TrunkNetworkInstanceId": trunk})


def detached_all_the_same(client: Client) -> Answer | None:
    world = build(client)
    answer = world.detach(more={"TrunkNetworkInstanceId": client.eni(world.network)})
    return answer if world.show()["Status"] == "Available" else None


def plain(client: Client) -> Answer:
    return build(client).detach()


def stopped(client: Client) -> Answer:
    return build(client, running=False).detach()


def seventh(client: Client) -> Answer:
    return next(answer for answer in (plain(client) for _ in range(7)) if answer.status != 200)


def attached(client: Client) -> Answer:
    """An attach to a Running instance."""
    network = client.network()
    named = {"InstanceId": client.instance(network), "NetworkInterfaceId": client.eni(network)}
    named["RegionId"] = client.region
    return client.call("AttachNetworkInterface", named)


NOT_ON_ECS = "InvalidParameter.EniNotBelongEcs"
NOT_ON_TRUNK = "InvalidParameter.EniNotBelongTrunk"
NO_TRUNK_TYPE = "InvalidOperation.EniTypeNotSupportTrunking"
NO_HOT_PLUG = "InvalidOperation.HotPlugNotSupport"
NO_HOT_UNPLUG = "InvalidOperation.EniHotPlugNotSupported"
TRUNK_STATE = "InvalidOperation.InvalidTrunkEniStatus"
CORRECT: dict[Callable[[Client], Answer], tuple[int, str]] = {
    elsewhere: (400, NOT_ON_ECS),
    no_instance: (404, "InvalidEcsId.NotFound"),
    ordinary_trunk: (403, NO_TRUNK_TYPE),
    idle_trunk: (403, TRUNK_STATE),
    foreign_trunk: (403, NOT_ON_TRUNK),
}
SEEN: dict[str, tuple[Callable[[Client], Answer], tuple[int, str]]] = {
    "status-eni-not-belong-ecs": (elsewhere, (404, NOT_ON_ECS)),
    "code-eni-not-belong-ecs": (elsewhere, (400, "InvalidParameter.EniNotBelongECS")),
    "status-second-spelling": (no_instance, (404, "InvalidInstanceId.NotFound")),
    "status-trunk-type": (ordinary_trunk, (400, NO_TRUNK_TYPE)),
    "status-trunk-state": (idle_trunk, (400, TRUNK_STATE)),
    "code-not-on-trunk": (foreign_trunk, (403, "InvalidParameter.EniNotBelongToTrunk")),
    "trunk-crashes": (foreign_trunk, (500, "InternalError")),
    "eni-not-belong-ecs-403": (elsewhere, (403, NOT_ON_ECS)),
    "second-spelling": (no_instance, (403, "InvalidInstanceId.NotFound")),
    "trunk-ignored": (ordinary_trunk, (200, "200")),
    "hot-plug-refused-every-seventh": (seventh, (403, NO_HOT_PLUG)),
    "hot-plug-refused-of-stopped": (stopped, (400, NO_HOT_UNPLUG)),
    "no-hot-unplug": (plain, (400, NO_HOT_UNPLUG)),
    "no-hot-plug": (attached, (403, NO_HOT_PLUG)),
}
"""Name of a fault or variant -> a call, and its answer with that switched on."""


@pytest.mark.parametrize("call", list(CORRECT), ids=lambda call: call.__name__)
def test_what_the_later_edition_answers(client: Client, call: Callable[[Client], Answer]) -> None:
    assert call(client).outcome == CORRECT[call]


@pytest.mark.parametrize("name", list(SEEN))
def test_it_is_seen(client: Client, name: str) -> None:
    call, outcome = SEEN[name]
    client.control("fault" if name in FAULTS else "variant", name=name)
    answer = call(client)
    assert (answer.status, answer.code) == outcome


def test_a_refusal_for_the_trunk_that_detaches_is_seen(client: Client) -> None:
    assert detached_all_the_same(client) is None
    client.control("fault", name="trunk-refusal-detaches")
    answer = detached_all_the_same(client)
    assert answer is not None
    assert answer.outcome == (403, NO_TRUNK_TYPE)


def test_each_is_tested_and_documented() -> None:
    assert {*FAULTS, *VARIANTS} == {*SEEN, "trunk-refusal-detaches"}
    assert all(row["description"] for row in (*FAULTS.values(), *VARIANTS.values()))


@pytest.mark.parametrize("kind", ["fault", "variant"])
def test_the_earlier_edition_knows_none_of_them(kind: str) -> None:
    """Neither at the start nor while it runs: what could never show is not accepted."""
    name = next(iter(FAULTS if kind == "fault" else VARIANTS))
    with pytest.raises(ValueError, match=f"revision 2019 has no fault or variant {name}"):
        make_cloud(**{f"{kind}s": [name]})
    with running() as emulator, pytest.raises(ValueError, match=name):
        emulator.control(kind, name=name)
