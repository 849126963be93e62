"""What was once there: deleted instances and interfaces, former hosts, and addresses that were free too soon.

Words of named faults alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.detach import NO_ECS, NO_ENI, STATE
from eni_conformance.emulator.envelope import Refusal, Reply
from eni_conformance.emulator.state import Cloud, Instance, NetworkInterface
from eni_conformance.emulator.words.effects import accepted
from eni_conformance.emulator.words.family import named
from eni_conformance.emulator.words.persistence import Gate, Moment
from eni_conformance.emulator.words.scene import Hooks, success

DELETIONS = {"DeleteInstance": "InstanceId", "DeleteNetworkInterface": "NetworkInterfaceId"}


def _remembering(gate: Gate) -> Hooks:
    """Ids of what was told to go."""

    def fields(call: Call, reply: Reply) -> None:
        if call.action in DELETIONS and success(reply):
            gate.memory(call.cloud, "deleted")[call.get(DELETIONS[call.action])] = True

    return (("fields", fields),)


def _gone(gate: Gate, call: Call, name: str) -> bool:
    """Whether what is named was deleted, and is there no more."""
    known: dict[str, object] = {**call.cloud.instances, **call.cloud.interfaces}
    return call.get(name) in gate.memory(call.cloud, "deleted") and call.get(name) not in known


def _ghost(gate: Moment, which: str) -> Hooks:
    """What was deleted counts as there: `instance` detaches, `instance-quiet` and `interface` answer 200 alone."""

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        instance = which.startswith("instance")
        name, code = ("InstanceId", NO_ECS) if instance else ("NetworkInterfaceId", NO_ENI)
        if refusal is None or refusal.code != code or not _gone(gate, call, name):
            return refusal
        if instance and call.eni is None:
            return refusal
        if which != "instance" or (call.eni is not None and call.eni.state != "InUse"):
            call.eni = None
        return None

    return (*_remembering(gate), ("decision", decision))


def _ghost_state(gate: Moment, argument: str) -> Hooks:
    """A deleted interface, or one of a deleted instance, is refused for its state."""

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        gone = any(_gone(gate, call, name) for name in ("InstanceId", "NetworkInterfaceId"))
        if refusal is None or refusal.code not in (NO_ECS, NO_ENI) or not gone:
            return refusal
        return Refusal(400, STATE, "The network interface is in another status.")

    return (*_remembering(gate), ("decision", decision))


def _marking(gate: Gate) -> Hooks:
    """Note where an interface was detached from."""

    def note(call: Call, eni: NetworkInterface) -> None:
        host = call.instance or eni.instance
        if host is not None:
            gate.memory(call.cloud, "hosts").setdefault(eni.id, set()).add(host.id)

    return accepted(gate, note)


_LATE: dict[str, Callable[[Cloud, NetworkInterface], object]] = {
    "deleted": lambda cloud, eni: cloud.delete_interface(eni),
    "vanishes": lambda cloud, eni: cloud.interfaces.pop(eni.id, None),
    "tags-lost": lambda cloud, eni: eni.tags.clear(),
    "moved": lambda cloud, eni: setattr(eni, "description", f"{eni.description} (was on a deleted instance)"),
}


def _dies_with_host(gate: Moment, how: str) -> Hooks:
    """When an instance is deleted, something happens to what was once detached from it and is Available."""

    def fields(call: Call, reply: Reply) -> None:
        if call.action != "DeleteInstance" or not success(reply):
            return
        host = call.get("InstanceId")
        for id, hosts in gate.memory(call.cloud, "hosts").items():
            eni = call.cloud.interfaces.get(id)
            if host in hosts and eni is not None and eni.state == "Available":
                _LATE[how](call.cloud, eni)

    return (*_marking(gate), ("fields", fields))


def _former_host(gate: Moment, how: str) -> Hooks:
    """Naming an instance that an interface was on before is enough: `detaches`, or `quiet`."""

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        hosts = gate.memory(call.cloud, "hosts").get(call.get("NetworkInterfaceId"), set())
        if refusal is None or refusal.code != STATE or call.get("InstanceId") not in hosts or call.eni is None:
            return refusal
        if call.eni.state != "InUse":
            return refusal
        if how == "quiet":
            call.eni = None
        return None

    return (*_marking(gate), ("decision", decision))


def _address_freed(gate: Moment, argument: str) -> Hooks:
    """The address of a detached interface is given to the next one that is made."""

    def settled(cloud: Cloud, eni: NetworkInterface) -> None:
        cloud.give_back(eni.vswitch_id, [eni.ip])
        vswitch = cloud.vswitches.get(eni.vswitch_id)
        if vswitch is not None:
            *_, last = eni.ip.split(".")
            vswitch.next = vswitch.first - vswitch.first % 256 + int(last)

    return (("settled", settled),)


# --- identifiers that are patterns ---------------------------------------------------------------


def _pattern(text: str, style: str) -> str:
    """A regular expression for what the text matches in this style, "" if it is no pattern."""
    star, one = {"glob": ("*", "?"), "like": ("%", "_"), "star": ("*", ""), "question": ("", "?")}[style]
    if not any(sign and sign in text for sign in (star, one)):
        return ""
    return "".join(".*" if c == star else "." if c == one else re.escape(c) for c in text)


def _expands(gate: Moment, argument: str) -> Hooks:
    """`NAME:STYLE`: an id with wild cards stands for the first that it matches and that the call could be about."""
    name, _, style = argument.partition(":")

    def parameters(call: Call, pairs: list[tuple[str, str]]) -> None:
        text = call.get(name)
        pattern = _pattern(text, style) if gate.early(call) and len(text) > 3 else ""
        if not pattern:
            return
        known: list[NetworkInterface] | list[Instance] = (
            list(call.cloud.interfaces.values())
            if name == "NetworkInterfaceId"
            else list(call.cloud.instances.values())
        )
        found = [each.id for each in known if re.fullmatch(pattern, each.id)]
        if found:
            call.params[name] = found[0] if len(found) == 1 else _likely(call, name, found)

    return (("parameters", parameters),)


def _likely(call: Call, name: str, found: list[str]) -> str:
    """Of several, the one that fits what else the call names."""
    for id in found:
        eni = call.cloud.interfaces.get(id if name == "NetworkInterfaceId" else call.get("NetworkInterfaceId"))
        other = call.get("InstanceId") if name == "NetworkInterfaceId" else id
        if eni is not None and eni.instance is not None and eni.instance.id == other and eni.type != "Primary":
            return id
    return found[0]


NAMED_LIFETIMES = (
    named("ghost", _ghost),
    named("ghost-state", _ghost_state),
    named("dies-with-host", _dies_with_host),
    named("former-host", _former_host),
    named("address-freed", _address_freed),
    named("expands", _expands),
)
