"""Worlds that the tests build through the service itself, and the 24 errors, each by its own condition."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from emulator_client import DENIED, EXPIRED, OTHER, RAM_KIND, USER_TYPE, Answer, Client, Network

UNKNOWN_INSTANCE = "i-bp1zzzzzzzzzzzzzzzzz"
UNKNOWN_ENI = "eni-bp1zzzzzzzzzzzzzzzzz"


@dataclass
class World:
    """An instance with an interface that is about to be detached, and what surrounds it."""

    client: Client
    network: Network
    instance: str
    eni: str
    others: list[str] = field(default_factory=list)

    def detach(self, **how: Any) -> Answer:
        return self.client.detach(how.pop("eni", self.eni), how.pop("instance", self.instance), **how)

    def leave(self, **how: Any) -> Answer:
        """Detach the interface, and let what that began come to its end."""
        answer = self.detach(**how)
        self.client.settle()
        return answer

    def show(self) -> dict[str, Any]:
        return self.client.show(self.eni)

    @property
    def params(self) -> dict[str, str]:
        """What a detach needs."""
        return {"RegionId": self.client.region, "InstanceId": self.instance, "NetworkInterfaceId": self.eni}


def build(
    client: Client,
    *,
    place: int = 1,
    siblings: int = 0,
    running: bool = True,
    type: str = "ecs.g6.2xlarge",
    zone: int = 0,
    region: str = "cn-hangzhou",
    again: bool = False,
    restarted: bool = False,
    other_vswitch: bool = False,
    **more: str,
) -> World:
    """The interface sits in `place`, with `siblings` behind it; `more` goes into its creation."""
    client.region = region
    network = client.network(client.zones()[zone])
    instance = client.instance(network, type, running, **{"Tag.1.Key": "of", "Tag.1.Value": "instance"})
    if restarted:
        if running:
            client.ok("StopInstance", {"InstanceId": instance})
            client.settle()
        client.ok("StartInstance", {"InstanceId": instance})
        client.settle()
    rich = {"Tag.1.Key": "sibling", "Tag.1.Value": "1", "Description": "a sibling"}
    others = [client.eni(network, instance, **rich) for _ in range(place - 1)]
    home = network
    if other_vswitch:
        home = Network(network.vpc, client.vswitch(network.vpc, network.zone, 251), network.group, network.zone)
    eni = client.eni(home, instance, **more)
    others += [client.eni(network, instance, **rich) for _ in range(siblings)]
    world = World(client, network, instance, eni, others)
    if again:
        assert world.detach().status == 200
        client.settle()
        client.attach(eni, instance)
    return world


def rich(client: Client, **how: Any) -> World:
    """An interface that has everything there is to lose."""
    world = build(
        client,
        **{
            "NetworkInterfaceName": "named",
            "Description": "described",
            "Tag.1.Key": "a",
            "Tag.1.Value": "1",
            "Tag.2.Key": "b",
            "Tag.2.Value": "2",
            "SecondaryPrivateIpAddressCount": "2",
            "DeleteOnRelease": "true",
            **how,
        },
    )
    group = client.ok("CreateSecurityGroup", {"VpcId": world.network.vpc})["SecurityGroupId"]
    client.ok(
        "ModifyNetworkInterfaceAttribute",
        {
            "NetworkInterfaceId": world.eni,
            "SecurityGroupId.1": world.network.group,
            "SecurityGroupId.2": group,
        },
    )
    return world


def attach_outcome(client: Client, eni: str, instance: str) -> int:
    """The HTTP status of an attach."""
    sent = {"RegionId": client.region, "InstanceId": instance, "NetworkInterfaceId": eni}
    return client.call("AttachNetworkInterface", sent).status


def slots_taken(made: World) -> int:
    """How many more interfaces the instance takes."""
    count = 0
    while attach_outcome(made.client, made.client.eni(made.network), made.instance) == 200:
        count += 1
    return count


# The 24 errors.  Each function builds a world in which exactly one thing is wrong, and sends the call.

Provoke = Callable[..., Answer]


def available(client: Client, **how: Any) -> Answer:
    world = build(client)
    world.leave()
    return world.detach(**how)


def by(key: tuple[str, str]) -> Provoke:
    return lambda client, **how: build(client).detach(key=key, **how)


def missing(name: str) -> Provoke:
    def provoke(client: Client, **how: Any) -> Answer:
        world = build(client)
        params = world.params
        del params[name]
        return client.call("DetachNetworkInterface", params, **how)

    return provoke


def with_control(op: str, target: str, **body: Any) -> Provoke:
    """One control call about a part of the world, the detach, and a reset."""

    def provoke(client: Client, **how: Any) -> Answer:
        world = build(client)
        id = {
            "eni": world.eni,
            "instance": world.instance,
            "vswitch": world.network.vswitch,
            "group": world.network.group,
        }[target]
        client.control(op, id=id, **body)
        try:
            return world.detach(**how)
        finally:
            client.control("reset", id=id)

    return provoke


def unsupported(client: Client, **how: Any) -> Answer:
    world = build(client)
    client.control("parameter.unsupported", name="OwnerAccount", unsupported=True)
    try:
        return world.detach(more={"OwnerAccount": "someone@example.com"}, **how)
    finally:
        client.control("parameter.unsupported", name="OwnerAccount", unsupported=False)


def featureless(client: Client, **how: Any) -> Answer:
    world = build(client)
    client.control("region.feature", region="cn-hangzhou", supported=False)
    try:
        return world.detach(**how)
    finally:
        client.control("region.feature", region="cn-hangzhou", supported=True)


def primary(client: Client, *, running: bool = True, **how: Any) -> Answer:
    world = build(client, running=running)
    return world.detach(eni=client.primary(world.instance), **how)


def other_instance(client: Client, *, running: bool = True, **how: Any) -> Answer:
    world = build(client, running=running)
    return world.detach(instance=client.instance(world.network, running=running), **how)


ERRORS: dict[str, tuple[int, Provoke]] = {
    "InvalidUserType.NotSupported": (403, by(USER_TYPE)),
    "Abs.InvalidAccount.NotFound": (403, by(EXPIRED)),
    "MissingParameter": (400, missing("InstanceId")),
    "Forbidden.NotSupportRAM": (403, by(RAM_KIND)),
    "UnsupportedParameter": (400, unsupported),
    "Forbidden.SubUser": (403, by(DENIED)),
    "InvalidParameter": (400, lambda client, **how: build(client).detach(more={"OwnerAccount": "a\x01b"}, **how)),
    "InvalidInstanceID.Malformed": (400, lambda client, **how: build(client).detach(instance="x-1", **how)),
    "InvalidOperation.InvalidRegion": (
        400,
        lambda client, **how: client.detach(UNKNOWN_ENI, UNKNOWN_INSTANCE, "cn-nowhere", **how),
    ),
    "InvalidOperation.InvalidEcsState": (400, with_control("instance.status", "instance", status="Starting")),
    "InvalidOperation.InvalidEniState": (400, available),
    "InvalidOperation.DetachPrimaryEniNotAllowed": (400, primary),
    "InvalidEcsId.NotFound": (404, lambda client, **how: build(client).detach(instance=UNKNOWN_INSTANCE, **how)),
    "InvalidEniId.NotFound": (404, lambda client, **how: build(client).detach(eni=UNKNOWN_ENI, **how)),
    "InvalidVSwitchId.NotFound": (404, with_control("vswitch.remove", "vswitch")),
    "InvalidSecurityGroupId.NotFound": (404, with_control("security_group.remove", "group")),
    "EniPerInstanceLimitExceeded": (403, with_control("instance.eni_limit", "instance", exceeded=True)),
    "InvalidOperation.AvailabilityZoneMismatch": (403, with_control("eni.zone", "eni", value="cn-hangzhou-i")),
    "InvalidOperation.VpcMismatch": (403, with_control("eni.vpc", "eni", value="vpc-elsewhere")),
    "SecurityGroupInstanceLimitExceed": (403, with_control("security_group.full", "group", full=True)),
    "InvalidSecurityGroupId.NotVpc": (403, with_control("security_group.type", "group", type="classic")),
    "InvalidOperation.InvalidEniType": (403, with_control("eni.type", "eni", type="Trunk")),
    "Forbidden.RegionId": (400, featureless),
    "InvalidParams.EniId": (400, lambda client, **how: build(client).detach(eni="eni_1", **how)),
}


def everything(client: Client) -> str:
    """All that can be seen, as one text, for before and after."""
    seen = [
        client.ok("DescribeNetworkInterfaces", {"MaxResults": "500"})["NetworkInterfaceSets"],
        client.ok("DescribeInstances", {"MaxResults": "100"})["Instances"],
        client.ok("DescribeSecurityGroups", {"MaxResults": "100"})["SecurityGroups"],
    ]
    return json.dumps(seen, sort_keys=True)


__all__ = ["ERRORS", "OTHER", "World", "build", "everything", "rich"]
