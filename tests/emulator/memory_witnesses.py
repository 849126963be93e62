"""Witnesses of faults that show after earlier operations only."""

from __future__ import annotations

from collections.abc import Callable

from emulator_client import DENIED, RAM_KIND, Client
from emulator_worlds import World, build

Witness = Callable[[Client], bool]


SOON = 1.0
"""Seconds in which a transition ends, and nothing is forgotten yet."""


def put_back(client: Client, made: World) -> None:
    """Attach the interface again, soon."""
    client.settle(SOON)
    client.ok("AttachNetworkInterface", {"NetworkInterfaceId": made.eni, "InstanceId": made.instance})
    client.settle(SOON)


def refusal_remembered(client: Client) -> bool:
    """Refused while unattached; attached; refused again."""
    made = build(client)
    made.leave()
    refused = made.detach()
    put_back(client, made)
    return refused.status != 200 and made.detach().outcome == refused.outcome


def accepted_after_owner(key: tuple[str, str]) -> Witness:
    """Who was refused before is accepted once the owner's call was."""

    def witness(client: Client) -> bool:
        made = build(client)
        before = made.detach(key=key).status
        made.detach()
        put_back(client, made)
        return before != 200 and made.detach(key=key).status == 200

    return witness


def undone_by(action: str, about: str = "InstanceId", *, running: bool = True) -> Witness:
    """An interface held Detaching is InUse after the operation, whatever that was answered."""

    def witness(client: Client) -> bool:
        made = build(client, running=running)
        client.control("hold", id=made.eni)
        made.detach()
        assert made.show()["Status"] == "Detaching"
        client.call(action, {**made.params, about: made.params[about]})
        return bool(made.show()["Status"] == "InUse")

    return witness


def undone_by_another(client: Client) -> bool:
    """An interface held Detaching is InUse after another one was deleted."""
    made, other = build(client), build(client)
    other.leave()
    client.control("hold", id=made.eni)
    made.detach()
    client.ok("DeleteNetworkInterface", {"NetworkInterfaceId": other.eni})
    return bool(made.show()["Status"] == "InUse")


def gone_with_instance(client: Client) -> bool:
    """Detaching and to be kept, it is gone when its instance is."""
    made = build(client, DeleteOnRelease="false")
    made.detach()
    client.ok("DeleteInstance", {"InstanceId": made.instance, "Force": "true"})
    client.settle()
    listed = client.ok("DescribeNetworkInterfaces", {"NetworkInterfaceId.1": made.eni})
    return not listed["NetworkInterfaceSets"]["NetworkInterfaceSet"]


def worn_out(client: Client) -> bool:
    """Detached and attached again four times, it stays InUse the fifth time."""
    made = build(client)
    for _ in range(4):
        made.leave()
        assert made.show()["Status"] == "Available"
        client.attach(made.eni, made.instance)
        client.settle()
    made.leave()
    return bool(made.show()["Status"] == "InUse")


def forgotten_after(first: Callable[[World], object]) -> Witness:
    """A call on an unattached interface is refused, and accepted right after another one."""

    def witness(client: Client) -> bool:
        made = build(client)
        made.leave()
        before = made.detach().status
        first(made)
        return before != 200 and made.detach().status == 200

    return witness


def wrong_signature(made: World) -> None:
    made.detach(key=(made.client.key[0], "another secret"))


def on_the_primary(made: World) -> None:
    made.detach(eni=made.client.primary(made.instance))


def moved_back(client: Client) -> bool:
    """From one instance to another and back: 404."""
    made = build(client)
    other = client.instance(made.network)
    for host, following in ((made.instance, other), (other, made.instance)):
        assert made.leave(instance=host).status == 200
        client.attach(made.eni, following)
        client.settle()
    return made.detach().status == 404


def description_put_back(client: Client) -> bool:
    """Created with one description, given another, detached."""
    made = build(client, Description="first")
    client.ok("ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": made.eni, "Description": "second"})
    assert made.show()["Description"] == "second"
    made.leave()
    return bool(made.show()["Description"] == "first")


def release_put_back(client: Client) -> bool:
    """Created to be kept, modified to go with its instance, detached."""
    made = build(client, DeleteOnRelease="false")
    client.ok("ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": made.eni, "DeleteOnRelease": "true"})
    assert made.show()["DeleteOnRelease"] is True
    made.leave()
    return made.show()["DeleteOnRelease"] is False


def modified_in_vain(client: Client) -> bool:
    """All that can be modified is, while Detaching; shown until Available, and the old values then."""
    made = build(client, Description="first", NetworkInterfaceName="first", **{"Tag.1.Key": "a", "Tag.1.Value": "1"})
    group = client.ok("CreateSecurityGroup", {"VpcId": made.network.vpc})["SecurityGroupId"]
    before = made.show()
    made.detach()
    changes = {"Description": "second", "NetworkInterfaceName": "second", "DeleteOnRelease": "true"}
    client.ok(
        "ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": made.eni, "SecurityGroupId.1": group, **changes}
    )
    tag = {"Tag.1.Key": "b", "Tag.1.Value": "2"}
    client.ok("TagResources", {"ResourceType": "eni", "ResourceId.1": made.eni, **tag})
    made.detach()
    modified = made.show()
    names = ("Description", "NetworkInterfaceName", "DeleteOnRelease", "SecurityGroupIds", "Tags")
    assert modified["Status"] == "Detaching" and all(modified[name] != before[name] for name in names)
    client.settle()
    after = made.show()
    assert after["Status"] == "Available"
    assert all(after[name] == modified[name] for name in names) or all(after[name] == before[name] for name in names)
    return bool(after["Tags"] == before["Tags"])


def name_lost_with_age(client: Client) -> bool:
    """Detached soon it keeps its name; detached after ten seconds it does not."""
    made = build(client)
    made.leave()
    name = {"NetworkInterfaceId": made.eni, "NetworkInterfaceName": "first"}
    client.ok("ModifyNetworkInterfaceAttribute", name)
    names = []
    for seconds in (1, 10):
        client.ok("AttachNetworkInterface", {"NetworkInterfaceId": made.eni, "InstanceId": made.instance})
        client.settle(seconds)
        made.leave()
        names.append(made.show()["NetworkInterfaceName"])
    assert names[0] == "first"
    return not names[1]


MEMORY: dict[str, Witness] = {
    "name-lost-after-four-seconds": name_lost_with_age,
    "refusal-remembered": refusal_remembered,
    "denied-user-accepted-after-owner": accepted_after_owner(DENIED),
    "ram-kind-accepted-after-owner": accepted_after_owner(RAM_KIND),
    "undone-by-stop": undone_by("StopInstance"),
    "undone-by-start": undone_by("StartInstance", running=False),
    "undone-by-reboot": undone_by("RebootInstance"),
    "undone-by-attach": undone_by("AttachNetworkInterface", "NetworkInterfaceId"),
    "undone-by-delete": undone_by("DeleteNetworkInterface", "NetworkInterfaceId"),
    "worn-out-after-four": worn_out,
    "state-forgotten-after-wrong-signature": forgotten_after(wrong_signature),
    "state-forgotten-after-primary": forgotten_after(on_the_primary),
    "unknown-once-moved-back": moved_back,
    "description-put-back": description_put_back,
    "release-put-back": release_put_back,
    "undone-by-delete-of-another": undone_by_another,
    "goes-with-instance-while-detaching": gone_with_instance,
    "modified-while-detaching-lost": modified_in_vain,
}
