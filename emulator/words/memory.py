"""What a service keeps of earlier calls, and should not: answers, permissions, counts, and detaches that others undo.

Words of named faults alone.
"""

from __future__ import annotations

from copy import copy

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.detach import NO_ENI, STATE
from eni_conformance.emulator.envelope import Refusal, Reply
from eni_conformance.emulator.state import Cloud, Instance, NetworkInterface
from eni_conformance.emulator.words.effects import accepted, put_back
from eni_conformance.emulator.words.family import named
from eni_conformance.emulator.words.persistence import Moment
from eni_conformance.emulator.words.scene import DETACH, Hooks

KEPT_SECONDS = 3.0
"""How long an answer or a permission is kept."""
ABOUT = {"StopInstance": "InstanceId", "StartInstance": "InstanceId", "RebootInstance": "InstanceId"}
"""Operations -> the parameter that names what they are about; the others name an interface."""

MODIFIABLE = ("name", "description", "security_group_ids", "delete_on_release", "tags")
"""What can be modified of an interface that is Detaching."""


def _asked(call: Call) -> tuple[str, ...]:
    return tuple(call.get(name) for name in ("RegionId", "InstanceId", "NetworkInterfaceId"))


def _answer_kept(gate: Moment, argument: str) -> Hooks:
    """A refusal is given again to the same call of the same caller, whatever has become of the resources."""

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        kept = gate.memory(call.cloud, "kept")
        key = repr((call.caller.access_key_id, *_asked(call)))
        if refusal is not None:
            kept[key] = (call.cloud.now(), refusal)
            return refusal
        since, earlier = kept.get(key, (float("-inf"), None))
        return earlier if call.cloud.now() - since < KEPT_SECONDS else None

    return (("decision", decision),)


def _permission_kept(gate: Moment, code: str) -> Hooks:
    """After a detach whoever is refused with this code may detach the same interface, too."""

    def effect(call: Call, eni: NetworkInterface) -> None:
        gate.memory(call.cloud, "open")[eni.id] = call.cloud.now()

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        since = gate.memory(call.cloud, "open").get(call.get("NetworkInterfaceId"), float("-inf"))
        if refusal is None or refusal.code != code or call.cloud.now() - since > KEPT_SECONDS:
            return refusal
        if call.eni is not None and call.eni.state != "InUse":
            call.eni = None
        return None

    return (("effect", effect), ("decision", decision))


def _undone_by(gate: Moment, argument: str) -> Hooks:
    """`ACTION`, or `ACTION:another`: an operation that comes while the interface is Detaching puts it back, whether it
    is accepted or refused, about the interface or about another one."""
    action, _, another = argument.partition(":")

    def parameters(call: Call, pairs: list[tuple[str, str]]) -> None:
        if action not in (call.get("Action"), call.headers.get("x-acs-action")):
            return
        named_id = call.get(ABOUT.get(action, "NetworkInterfaceId"))
        for eni in call.cloud.interfaces.values():
            about = eni.instance is not None and named_id in (eni.id, eni.instance.id)
            if about != bool(another) and eni.state == "Detaching":
                put_back(call, eni, "InUse")

    return (("parameters", parameters),)


def _goes_with_instance(gate: Moment, argument: str) -> Hooks:
    """What is Detaching when its instance is told to go stays so, and goes with it."""

    def parameters(call: Call, pairs: list[tuple[str, str]]) -> None:
        if "DeleteInstance" not in (call.get("Action"), call.headers.get("x-acs-action")):
            return
        instance = call.cloud.instances.get(call.get("InstanceId"))
        for eni in instance.interfaces.values() if instance else ():
            if eni.state == "Detaching":
                call.cloud.drop_pending(eni)
                eni.delete_on_release = True

    return (("parameters", parameters),)


def _worn_out(gate: Moment, times: str) -> Hooks:
    """From so many detaches of one interface on, it stays where it is."""

    def act(call: Call, eni: NetworkInterface) -> None:
        counts = gate.memory(call.cloud, "counts")
        counts[eni.id] = counts.get(eni.id, 0) + 1
        if counts[eni.id] >= int(times):
            put_back(call, eni, "InUse")

    return accepted(gate, act)


def _name_lost_with_age(gate: Moment, seconds: str) -> Hooks:
    """An interface that has been attached for longer loses its name by its detach."""

    def attach(call: Call, instance: Instance, eni: NetworkInterface) -> None:
        gate.memory(call.cloud, "attached")[eni.id] = call.cloud.now()

    def act(call: Call, eni: NetworkInterface) -> None:
        since = gate.memory(call.cloud, "attached").get(eni.id, call.cloud.now())
        if call.cloud.now() - since > float(seconds):
            eni.name = ""

    return (("attach", attach), *accepted(gate, act))


def _state_forgotten(gate: Moment, code: str) -> Hooks:
    """After a call that was refused with this code, the state of the next interface is not looked at."""

    def fields(call: Call, reply: Reply) -> None:
        if DETACH in (call.action, call.get("Action"), call.headers.get("x-acs-action")):
            gate.memory(call.cloud, "last")["code"] = reply.fields.get("Code", "")

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        if refusal is None or refusal.code != STATE or gate.memory(call.cloud, "last").get("code") != code:
            return refusal
        call.eni = None
        return None

    return (("fields", fields), ("decision", decision))


def _unknown_once_back(gate: Moment, argument: str) -> Hooks:
    """An interface that was moved to another instance and back is not found there any more."""

    def attach(call: Call, instance: Instance, eni: NetworkInterface) -> None:
        gate.memory(call.cloud, "homes").setdefault(eni.id, []).append(instance.id)

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        homes = gate.memory(call.cloud, "homes").get(call.get("NetworkInterfaceId"), [])
        back = len(homes) > 2 and homes[-1] in homes[:-2] and homes[-2] != homes[-1]
        return Refusal(404, NO_ENI, "The interface does not exist.") if refusal is None and back else refusal

    return (("attach", attach), ("decision", decision))


def _put_back(gate: Moment, name: str) -> Hooks:
    """A detach brings back the value that an attribute had before it was modified."""

    def parameters(call: Call, pairs: list[tuple[str, str]]) -> None:
        eni = call.cloud.interfaces.get(call.get("NetworkInterfaceId"))
        if "ModifyNetworkInterfaceAttribute" in (call.get("Action"), call.headers.get("x-acs-action")) and eni:
            gate.memory(call.cloud, "first").setdefault(eni.id, getattr(eni, name))

    def act(call: Call, eni: NetworkInterface) -> None:
        setattr(eni, name, gate.memory(call.cloud, "first").get(eni.id, getattr(eni, name)))

    return (("parameters", parameters), *accepted(gate, act))


def _modified_lost(gate: Moment, argument: str) -> Hooks:
    """Once Available, the interface has the attributes that it had when the detach began."""

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        eni = call.eni
        if refusal is None and eni is not None and eni.state == "InUse":
            gate.memory(call.cloud, "before")[eni.id] = {name: copy(getattr(eni, name)) for name in MODIFIABLE}
        return refusal

    def settled(cloud: Cloud, eni: NetworkInterface) -> None:
        for name, value in gate.memory(cloud, "before").pop(eni.id, {}).items():
            setattr(eni, name, value)

    return ("decision", decision), ("settled", settled)


NAMED_MEMORY = (
    named("put-back", _put_back),
    named("modified-lost", _modified_lost),
    named("answer-kept", _answer_kept),
    named("permission-kept", _permission_kept),
    named("undone-by", _undone_by),
    named("goes-with-instance", _goes_with_instance),
    named("worn-out", _worn_out),
    named("name-lost-with-age", _name_lost_with_age),
    named("state-forgotten", _state_forgotten),
    named("unknown-once-back", _unknown_once_back),
)
