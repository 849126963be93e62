"""Random walks through the life cycle: whatever is called in whatever order, what is shown fits together."""

from __future__ import annotations

import random
from typing import Any

import pytest
from emulator_client import Client

QUOTA = {"ecs.g6.large": 2, "ecs.g7.large": 3, "ecs.g6.2xlarge": 4}


def interfaces(client: Client) -> list[dict[str, Any]]:
    found = client.ok("DescribeNetworkInterfaces", {"MaxResults": "500"})
    rows: list[dict[str, Any]] = found["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    return rows


def check(client: Client) -> None:
    """Both sides of each link agree, no place and no address is given out twice, no primary is alone."""
    rows = interfaces(client)
    instances = client.ok("DescribeInstances", {"MaxResults": "100"})["Instances"]["Instance"]
    seen = {row["NetworkInterfaceId"]: row for row in rows}
    linked = set()
    for instance in instances:
        own = [each["NetworkInterfaceId"] for each in instance["NetworkInterfaces"]["NetworkInterface"]]
        assert len(own) <= QUOTA[instance["InstanceType"]]
        places = [seen[eni]["Attachment"]["DeviceIndex"] for eni in own]
        assert len(set(places)) == len(places)
        assert [seen[eni]["Type"] for eni in own].count("Primary") == 1
        assert all(seen[eni]["InstanceId"] == instance["InstanceId"] for eni in own)
        assert all(seen[eni]["Status"] in ("Attaching", "InUse", "Detaching") for eni in own)
        linked |= set(own)
    for eni, row in seen.items():
        assert ("InstanceId" in row) == ("Attachment" in row) == (eni in linked)
        assert row["Status"] in (("Attaching", "InUse", "Detaching") if eni in linked else ("Available", "Deleting"))
    addresses = [
        (row["VSwitchId"], ip["PrivateIpAddress"]) for row in rows for ip in row["PrivateIpSets"]["PrivateIpSet"]
    ]
    assert len(set(addresses)) == len(addresses)
    assert len({row["MacAddress"] for row in rows}) == len(rows)


@pytest.mark.parametrize("seed", range(8))
def test_random_walk(client: Client, seed: int) -> None:
    choose = random.Random(seed)
    network = client.network()
    instances = [client.instance(network, type) for type in QUOTA]
    enis = [client.eni(network) for _ in range(4)]
    allowed = {
        "AttachNetworkInterface": {200, 400, 403, 404},
        "DetachNetworkInterface": {200, 400, 404},
        "DeleteNetworkInterface": {200, 400, 404},
        "StartInstance": {200, 403, 404},
        "StopInstance": {200, 403, 404},
        "RebootInstance": {200, 403, 404},
        "DeleteInstance": {200, 403, 404},
    }
    weights = [8, 8, 1, 2, 2, 1, 0.2]
    done = 0
    for step in range(120):
        action = choose.choices(list(allowed), weights)[0]
        eni, instance = choose.choice(enis), choose.choice(instances)
        params = {"RegionId": client.region}
        if "Network" in action:
            params["NetworkInterfaceId"] = eni
        if "Delete" not in action or "Instance" in action:
            params["InstanceId"] = instance
        if action == "DeleteInstance":
            params["Force"] = "true"
        answer = client.call(action, params)
        assert answer.status in allowed[action], (action, answer.body)
        done += answer.status == 200
        if choose.random() < 0.4:
            client.settle(choose.choice([0.3, 1.1, 10]))
        if choose.random() < 0.1:
            enis.append(client.eni(network, SecondaryPrivateIpAddressCount="1"))
        if step % 10 == 0:
            check(client)
    client.settle()
    client.settle()
    check(client)
    assert {row["Status"] for row in interfaces(client)} <= {"Available", "InUse"}
    assert done > 15
