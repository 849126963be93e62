"""What shows the variants that lag for over a second, do one thing at a time, or refuse what is long or repeated."""

from __future__ import annotations

from emulator_client import Client
from emulator_worlds import UNKNOWN_ENI, build
from variant_witnesses import SEEN, shows

__all__ = ["SEEN"]


@shows("lag-over-a-second")
def each_change_is_late_by_another_time(client: Client) -> None:
    world = build(client)
    client.settle(), client.settle(2)
    world.detach()
    client.settle(1.05)
    assert world.show()["Status"] == "InUse", "it is Available by now"
    client.settle(1.6)
    assert world.show()["Status"] == "Available"


@shows("lag-of-instances")
def the_instance_lists_it_a_while_longer(client: Client) -> None:
    world = build(client)
    client.settle(2)
    world.detach()
    client.settle(1.1)
    assert world.show()["Status"] == "Available"
    assert world.eni in client.on(world.instance)
    client.settle(1.4)
    assert world.eni not in client.on(world.instance)


@shows("modified-late")
def what_is_modified_is_shown_later(client: Client) -> None:
    world = build(client)
    before = world.show()["Description"]
    client.ok("ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": world.eni, "Description": "anew"})
    client.settle(1.1)
    assert world.show()["Description"] == before
    client.settle(0.2)
    assert world.show()["Description"] == "anew"


@shows("one-at-a-time")
def a_second_detach_meets_a_conflict(client: Client) -> None:
    world = build(client)
    other = client.eni(world.network)
    client.ok("AttachNetworkInterface", {"NetworkInterfaceId": other, "InstanceId": world.instance})
    refused = world.detach()
    assert (refused.status, refused.code) == (403, "Operation.Conflict"), "the other one is Attaching"
    assert client.detach(UNKNOWN_ENI, world.instance).status == 404, "what is wrong is told first"
    client.settle()
    assert world.detach().status == 200
    assert world.detach().status == 200, "its own detach is no other task"


@shows("repeated-unsupported")
def a_parameter_is_given_once(client: Client) -> None:
    world = build(client)
    named = {"RegionId": client.region, "InstanceId": world.instance, "NetworkInterfaceId": world.eni}
    refused = client.call("DetachNetworkInterface", [*named.items(), ("InstanceId", world.instance)])
    assert (refused.status, refused.code) == (400, "UnsupportedParameter")
    assert client.call("DetachNetworkInterface", named).status == 200


@shows("long-uri-refused")
def a_long_query_is_refused(client: Client) -> None:
    refused = build(client).detach(more={"OwnerAccount": "a" * 9000})
    assert (refused.status, refused.code) == (414, "RequestURITooLarge")
    assert refused.fields["RequestId"] and refused.fields["HostId"]


# Instances that cannot be what one would like


def status(client: Client, instance: str) -> str:
    shown = client.ok("DescribeInstances", {"InstanceIds": f'["{instance}"]'})
    return str(shown["Instances"]["Instance"][0]["Status"])


@shows("instances-come-stopped")
def a_new_instance_is_stopped_and_stays_so(client: Client) -> None:
    instance = client.instance(client.network())
    client.settle(3)
    assert status(client, instance) == "Stopped"
    assert client.call("StartInstance", {"InstanceId": instance}).code == "OperationDenied.NoStock"


@shows("start-unknown")
def what_is_stopped_remains_so(client: Client) -> None:
    instance = client.instance(client.network())
    assert status(client, instance) == "Running"
    client.ok("StopInstance", {"InstanceId": instance})
    client.settle()
    assert client.call("StartInstance", {"InstanceId": instance}).code == "InvalidAction.NotFound"


@shows("attaches-to-stopped-only")
def a_running_instance_takes_nothing(client: Client) -> None:
    network = client.network()
    named = {"InstanceId": client.instance(network), "NetworkInterfaceId": client.eni(network)}
    named["RegionId"] = client.region
    assert client.call("AttachNetworkInterface", named).code == "InvalidOperation.InvalidEcsState"
    client.ok("StopInstance", {"InstanceId": named["InstanceId"]})
    client.settle()
    client.ok("AttachNetworkInterface", named)
