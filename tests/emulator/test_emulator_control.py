"""The control protocol: what it offers, what it refuses, and that `reset` undoes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from emulator_client import Client
from emulator_worlds import UNKNOWN_ENI, build, everything

NAMED = {
    "eni.status",
    "eni.type",
    "instance.status",
    "hold",
    "release",
    "vswitch.remove",
    "security_group.remove",
    "security_group.type",
    "security_group.full",
    "eni.zone",
    "eni.vpc",
    "instance.eni_limit",
    "region.feature",
    "parameter.unsupported",
    "reset",
}


def post(client: Client, body: Any) -> tuple[int, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.exchange("POST", "/_control", raw, {"content-type": "application/json"})
    return answer.status, json.loads(answer.body)


def test_capabilities(client: Client) -> None:
    for path in ("/_control", "/_control/"):
        found = client.exchange("GET", path).json
        assert found["protocol"] == 1
        assert set(found["capabilities"]) >= NAMED


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        [],
        {},
        {"op": "novel"},
        {"op": 1},
        {"op": "hold"},
        {"op": "hold", "id": UNKNOWN_ENI},
        {"op": "eni.status", "id": UNKNOWN_ENI, "status": "InUse"},
        {"op": "region.feature", "region": "moon", "supported": True},
        {"op": "region.feature", "region": "cn-hangzhou", "supported": "yes"},
        {"op": "parameter.unsupported", "name": "", "unsupported": True},
        {"op": "vswitch.remove", "id": "x"},
        {"op": "security_group.remove", "id": "x"},
        {"op": "security_group.full", "id": "x", "full": True},
        {"op": "instance.eni_limit", "id": "x", "exceeded": True},
        {"op": "fault", "name": "novel"},
        {"op": "variant", "name": "novel"},
        {"op": "advance", "ms": -1},
        {"op": "advance", "ms": "1"},
        {"op": "reset"},
    ],
)
def test_unusable_calls(client: Client, body: Any) -> None:
    status, answer = post(client, body)
    assert status == 400
    assert list(answer) == ["error"]


def test_web_pages_are_kept_out(client: Client) -> None:
    body = json.dumps({"op": "wipe"}).encode()
    assert client.exchange("POST", "/_control", body, {"origin": "http://example.com"}).status == 403


def test_other_methods(client: Client) -> None:
    assert client.exchange("DELETE", "/_control").status == 405


def test_reset_undoes_everything(client: Client) -> None:
    world = build(client)
    before = everything(client)
    eni, instance = world.eni, world.instance
    vswitch, group = world.network.vswitch, world.network.group
    for op, id, body in (
        ("eni.status", eni, {"status": "Deleting"}),
        ("eni.type", eni, {"type": "Member"}),
        ("eni.zone", eni, {"value": "cn-hangzhou-i"}),
        ("eni.vpc", eni, {"value": "vpc-x"}),
        ("instance.status", instance, {"status": "Pending"}),
        ("instance.eni_limit", instance, {"exceeded": True}),
        ("vswitch.remove", vswitch, {}),
        ("vswitch.remove", vswitch, {}),
        ("security_group.type", group, {"type": "classic"}),
        ("security_group.full", group, {"full": True}),
        ("security_group.remove", group, {}),
        ("security_group.remove", group, {}),
        ("hold", eni, {}),
    ):
        client.control(op, id=id, **body)
    assert everything(client) != before
    for id in (eni, instance, vswitch, group, UNKNOWN_ENI):
        client.control("reset", id=id)
    assert everything(client) == before
    assert world.leave().status == 200
    assert world.show()["Status"] == "Available"


def test_hold_and_release(client: Client) -> None:
    world = build(client)
    client.control("hold", id=world.eni)
    world.detach()
    client.settle(100)
    assert world.show()["Status"] == "Detaching"
    client.control("release", id=world.eni)
    assert world.show()["Status"] == "Detaching"
    client.settle()
    assert world.show()["Status"] == "Available"


def test_hold_in_the_middle_of_a_transition(client: Client) -> None:
    world = build(client)
    world.detach()
    client.control("hold", id=world.eni)
    client.settle(100)
    assert world.show()["Status"] == "Detaching"
    client.control("release", id=world.eni)
    client.settle()
    assert world.show()["Status"] == "Available"


def test_hold_an_instance(client: Client) -> None:
    world = build(client)
    client.control("hold", id=world.instance)
    client.ok("StopInstance", {"InstanceId": world.instance})
    client.settle()
    assert client.show_instance(world.instance)["Status"] == "Stopping"
    assert world.detach().code == "InvalidOperation.InvalidEcsState"
    client.control("release", id=world.instance)
    client.settle()
    assert client.show_instance(world.instance)["Status"] == "Stopped"


def test_a_region_without_the_feature_can_still_be_looked_at(client: Client) -> None:
    world = build(client)
    client.control("region.feature", region="cn-hangzhou", supported=False)
    try:
        assert world.show()["Status"] == "InUse"
        assert world.detach().outcome == (400, "Forbidden.RegionId")
    finally:
        client.control("region.feature", region="cn-hangzhou", supported=True)
    assert world.detach().status == 200


def test_stats_and_wipe(client: Client) -> None:
    build(client)
    stats = client.control("stats")
    assert stats["resources"]["network_interfaces"] == 2
    assert stats["calls"]["CreateNetworkInterface"] >= 1
    assert stats["faults"] == stats["variants"] == []
    client.control("wipe")
    assert not any(client.control("stats")["resources"].values())
