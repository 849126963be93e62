"""Wrong effects: on the interface itself, on others, and by calls that were refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.catalogue import REGIONS
from eni_conformance.emulator.envelope import Refusal, Reply
from eni_conformance.emulator.state import Cloud, Instance, NetworkInterface
from eni_conformance.emulator.words.family import REFUSED, VALID, Builder, family, named
from eni_conformance.emulator.words.persistence import Gate
from eni_conformance.emulator.words.scene import Hooks, after, facts, scene, siblings, success

# Effects on the interface


def put_back(call: Call, eni: NetworkInterface, status: str) -> None:
    """Undo a detach that has begun (or ended at once), leaving the interface in this status."""
    call.cloud.drop_pending(eni)
    home = eni.instance or call.instance
    if home is not None:
        if eni.instance is None:
            call.cloud.link(eni, home)
        eni.status = status


Can = Callable[[Call, NetworkInterface], bool]
Act = Callable[[Call, NetworkInterface], None]


def accepted(gate: Gate, act: Act, can: Can = lambda call, eni: True) -> Hooks:
    """Something more happens when a detach has begun."""

    def effect(call: Call, eni: NetworkInterface) -> None:
        if can(call, eni) and gate.fires(call):
            act(call, eni)

    return (("effect", effect),)


def _settled(act: Callable[[str, Cloud, NetworkInterface, Instance | None], None]) -> Builder:
    """Something happens when the interface becomes Available; it is told where the interface came from."""

    def build(gate: Gate, argument: str) -> Hooks:
        def note(call: Call, eni: NetworkInterface) -> None:
            gate.memory(call.cloud, "marks")[eni.id] = call.instance

        def settled(cloud: Cloud, eni: NetworkInterface) -> None:
            marks = gate.memory(cloud, "marks")
            if eni.id in marks:
                act(argument, cloud, eni, marks.pop(eni.id))

        return (*accepted(gate, note), ("settled", settled))

    return build


def _new_address(cloud: Cloud, eni: NetworkInterface) -> str:
    vswitch = cloud.vswitches.get(eni.vswitch_id)
    return (cloud.take_address(vswitch) if vswitch is not None else None) or eni.ip


def _other_vswitch(cloud: Cloud, eni: NetworkInterface) -> str:
    others = [each.id for each in cloud.vswitches.values() if each.vpc_id == eni.vpc_id and each.id != eni.vswitch_id]
    return others[0] if others else f"{eni.vswitch_id}0"


def _other_zone(eni: NetworkInterface) -> str:
    return next(zone for zone in REGIONS[eni.region].zones if zone != eni.zone)


Change = tuple[Callable[[NetworkInterface], bool], Callable[[Cloud, NetworkInterface], None]]


def _set(name: str, value: Any, able: Callable[[NetworkInterface], bool] = lambda eni: True) -> Change:
    return able, lambda cloud, eni: setattr(eni, name, value(cloud, eni) if callable(value) else value)


def drop_last(eni: NetworkInterface) -> None:
    """Take the last tag off."""
    eni.tags.popitem()


CHANGES: dict[str, Change] = {
    "tags-lost": (lambda eni: bool(eni.tags), lambda cloud, eni: eni.tags.clear()),
    "tag-lost": (lambda eni: len(eni.tags) > 1, lambda cloud, eni: eni.tags.__delitem__(next(iter(eni.tags)))),
    "tag-added": (lambda eni: "detached" not in eni.tags, lambda cloud, eni: eni.tags.update({"detached": "1"})),
    "tag-emptied": (
        lambda eni: any(eni.tags.values()),
        lambda cloud, eni: eni.tags.update(dict.fromkeys(eni.tags, "")),
    ),
    "description-lost": _set("description", "", lambda eni: bool(eni.description)),
    "description-altered": _set("description", lambda cloud, eni: f"{eni.description} (detached)"),
    "name-lost": _set("name", "", lambda eni: bool(eni.name)),
    "name-altered": _set("name", lambda cloud, eni: f"{eni.name}-1"),
    "name-reversed": _set("name", lambda cloud, eni: eni.name[::-1], lambda eni: eni.name != eni.name[::-1]),
    "groups-lost": _set(
        "security_group_ids", lambda cloud, eni: eni.security_group_ids[:1], lambda eni: len(eni.security_group_ids) > 1
    ),
    "groups-left": _set("security_group_ids", lambda cloud, eni: [], lambda eni: bool(eni.security_group_ids)),
    "addresses-lost": _set("secondary_ips", lambda cloud, eni: [], lambda eni: bool(eni.secondary_ips)),
    "address-added": _set("secondary_ips", lambda cloud, eni: [*eni.secondary_ips, _new_address(cloud, eni)]),
    "address": _set("ip", _new_address),
    "mac": _set("mac", lambda cloud, eni: cloud.mac()),
    "release": _set("delete_on_release", lambda cloud, eni: not eni.delete_on_release),
    "vswitch": _set("vswitch_id", _other_vswitch),
    "zone": _set("zone", lambda cloud, eni: _other_zone(eni)),
    "type": _set("type", "Primary", lambda eni: eni.type != "Primary"),
    "created": _set("created", "2001-01-01T00:00:00Z"),
}
"""What can be changed of an interface: whether it would show, and how."""
DRAWN_CHANGES = tuple(CHANGES)
CHANGES |= {
    "last-tag-lost": (lambda eni: len(eni.tags) > 1, lambda cloud, eni: drop_last(eni)),
    "release-reset": _set("delete_on_release", False),
}

_CHANGE_FACTS = {
    "tags-lost": facts(tags="some"),
    "tag-lost": facts(tags="some"),
    "tag-emptied": facts(tags="some"),
    "description-lost": facts(description="some"),
    "name-lost": facts(name="some"),
    "name-reversed": facts(name="some"),
    "groups-lost": facts(groups="several"),
    "addresses-lost": facts(addresses="several"),
}


def _change_share(name: str) -> float:
    return 0.15 if name in _CHANGE_FACTS else 0.4


def _changes(gate: Gate, name: str) -> Hooks:
    able, change = CHANGES[name]
    return accepted(gate, lambda call, eni: change(call.cloud, eni), lambda call, eni: able(eni))


def _changes_late(name: str, cloud: Cloud, eni: NetworkInterface, former: Instance | None) -> None:
    able, change = CHANGES[name]
    if able(eni):
        change(cloud, eni)


def _stays(gate: Gate, status: str) -> Hooks:
    return accepted(gate, lambda call, eni: put_back(call, eni, status))


def _settles(status: str, cloud: Cloud, eni: NetworkInterface, former: Instance | None) -> None:
    if former is None or former.id not in cloud.instances:
        return
    cloud.link(eni, former)
    eni.status = status


def _flaps(argument: str, cloud: Cloud, eni: NetworkInterface, former: Instance | None) -> None:
    if former is not None and former.id in cloud.instances:
        cloud.later(eni, "Available", lambda: cloud.link(eni, former))


def _deleted(when: str, cloud: Cloud, eni: NetworkInterface, former: Instance | None) -> None:
    if when == "vanishes":
        cloud.interfaces.pop(eni.id, None)
    else:
        cloud.delete_interface(eni)


# Effects on others


def home_of(call: Call, eni: NetworkInterface) -> Instance | None:
    return call.instance or eni.instance


def _strangers(call: Call, eni: NetworkInterface) -> list[NetworkInterface]:
    """Secondary interfaces of the account that sit elsewhere, or nowhere."""
    home = home_of(call, eni)
    return [
        each
        for each in call.cloud.interfaces.values()
        if each is not eni
        and each.type == "Secondary"
        and each.owner == eni.owner
        and (each.instance is None or each.instance is not home)
    ]


def _attached_siblings(call: Call, eni: NetworkInterface) -> list[NetworkInterface]:
    return [each for each in siblings(eni, home_of(call, eni)) if each.state == "InUse"]


def _attached_strangers(call: Call, eni: NetworkInterface) -> list[NetworkInterface]:
    return [each for each in _strangers(call, eni) if each.instance is not None and each.state == "InUse"]


def _primaries(call: Call, eni: NetworkInterface) -> list[NetworkInterface]:
    home = home_of(call, eni)
    return [each for each in home.interfaces.values() if each.type == "Primary"] if home is not None else []


def _in_the_same_vswitch(call: Call, eni: NetworkInterface) -> list[NetworkInterface]:
    """Secondary interfaces of other instances, whosever they are."""
    return [
        each
        for each in call.cloud.interfaces.values()
        if each.instance not in (None, call.instance) and each.type == "Secondary" and each.vswitch_id == eni.vswitch_id
    ]


_GROUPS: dict[str, Callable[[Call, NetworkInterface], list[NetworkInterface]]] = {
    "sibling": _attached_siblings,
    "stranger": _attached_strangers,
    "primary": _primaries,
    "neighbour": _in_the_same_vswitch,
}


def _too(gate: Gate, whom: str) -> Hooks:
    def act(call: Call, eni: NetworkInterface) -> None:
        if whom == "all-siblings":
            for other in _attached_siblings(call, eni):
                call.cloud.detach(other)
        else:
            call.cloud.detach(_GROUPS[whom](call, eni)[0])

    choose = _GROUPS.get(whom, _attached_siblings)
    return accepted(gate, act, lambda call, eni: bool(choose(call, eni)))


def _instead(gate: Gate, which: str) -> Hooks:
    def other(call: Call, eni: NetworkInterface) -> NetworkInterface | None:
        found = sorted(_attached_siblings(call, eni), key=lambda each: each.device_index)
        if not found:
            return None
        if which == "first":
            return found[0] if found[0].device_index < eni.device_index else None
        return found[-1]

    def act(call: Call, eni: NetworkInterface) -> None:
        wrong = other(call, eni)
        if wrong is not None:
            put_back(call, eni, "InUse")
            call.cloud.detach(wrong)

    return accepted(gate, act, lambda call, eni: other(call, eni) is not None)


def _changes_of(who: Callable[[Call, NetworkInterface], list[NetworkInterface]]) -> Builder:
    def build(gate: Gate, name: str) -> Hooks:
        able, change = CHANGES[name]

        def targets(call: Call, eni: NetworkInterface) -> list[NetworkInterface]:
            return [each for each in who(call, eni) if able(each)]

        return accepted(
            gate,
            lambda call, eni: change(call.cloud, targets(call, eni)[0]),
            lambda call, eni: bool(targets(call, eni)),
        )

    return build


INSTANCE_CHANGES: dict[str, tuple[Callable[[Instance], bool], Callable[[Cloud, Instance], None]]] = {
    "stopped": (lambda it: it.state == "Running", lambda cloud, it: cloud.stop(it, "KeepCharging")),
    "started": (lambda it: it.state == "Stopped", lambda cloud, it: cloud.start(it)),
    "restarted": (lambda it: it.state == "Running", lambda cloud, it: cloud.start(it)),
    "name": (lambda it: True, lambda cloud, it: setattr(it, "name", f"{it.name}-1")),
    "description": (lambda it: True, lambda cloud, it: setattr(it, "description", f"{it.description}.")),
    "tag-added": (lambda it: "detached" not in it.tags, lambda cloud, it: it.tags.update({"detached": "1"})),
    "tags-lost": (lambda it: bool(it.tags), lambda cloud, it: it.tags.clear()),
    "groups-left": (lambda it: bool(it.security_group_ids), lambda cloud, it: setattr(it, "security_group_ids", [])),
}
_INSTANCE_FACTS = {
    "stopped": facts(status="Running"),
    "restarted": facts(status="Running"),
    "started": facts(status="Stopped"),
}


def _instance_changes(gate: Gate, name: str) -> Hooks:
    able, change = INSTANCE_CHANGES[name]

    def act(call: Call, eni: NetworkInterface) -> None:
        home = home_of(call, eni)
        if home is not None:
            change(call.cloud, home)

    def can(call: Call, eni: NetworkInterface) -> bool:
        home = home_of(call, eni)
        return home is not None and able(home)

    return accepted(gate, act, can)


def _other_instance_changes(gate: Gate, name: str) -> Hooks:
    able, change = INSTANCE_CHANGES[name]

    def others(call: Call, eni: NetworkInterface) -> list[Instance]:
        home = home_of(call, eni)
        known = call.cloud.instances.values()
        return [each for each in known if each is not home and each.owner == eni.owner and able(each)]

    return accepted(
        gate,
        lambda call, eni: change(call.cloud, others(call, eni)[0]),
        lambda call, eni: bool(others(call, eni)),
    )


_ALWAYS_SHOWING = ("description-altered", "name-altered", "tag-added", "release", "groups-left", "address-added", "mac")

# fmt: off
EFFECT_FAMILIES = (
    family("changes", "own", "The interface changes at once: %s.", _changes, DRAWN_CHANGES, _change_share,
        needs=lambda name: _CHANGE_FACTS.get(name, {}), where=VALID),
    family("changes-late", "own", "The interface changes when it becomes Available: %s.",
        _settled(_changes_late), DRAWN_CHANGES,
        _change_share, needs=lambda name: _CHANGE_FACTS.get(name, {}), where=VALID),
    family("stays", "settling", "The answer is 200, the interface stays %s for ever.", _stays,
        ("InUse", "Detaching", "Attaching"), 0.4, where=VALID),
    family("settles", "settling", "After Detaching the interface becomes %s.",
        _settled(_settles), ("InUse", "Attaching"), 0.4,
        where=VALID),
    family("flaps", "settling", "Some time after it became Available the interface is InUse again.",
        _settled(_flaps), share=0.3,
        glance=0.3, where=VALID),
    family("deleted", "settling", "The interface %s when it should become Available.", _settled(_deleted),
        ("vanishes", "is-deleted"), 0.4, where=VALID),
    family("detaches-too", "neighbour", "Another one is detached too: %s.", _too,
        ("sibling", "all-siblings", "stranger", "primary"), lambda whom: 0.15 if "sibling" in whom else 0.3,
        needs=lambda whom: facts(held="2 3 more") if "sibling" in whom else {}, where=VALID),
    family("detaches-instead", "neighbour", "Another one is detached instead of the one named: the %s.", _instead,
        ("first", "last"), 0.12, where=VALID | facts(held="2 3 more")),
    family("sibling-changes", "neighbour", "Another interface of the instance changes: %s.",
        _changes_of(_attached_siblings), DRAWN_CHANGES, lambda name: _change_share(name) / 3,
        where=VALID | facts(held="2 3 more")),
    family("primary-changes", "neighbour", "The primary interface of the instance changes: %s.",
        _changes_of(_primaries), ("description-altered", "name-altered", "tag-added", "groups-left", "mac"), 0.4,
        where=VALID),
    family("stranger-changes", "neighbour", "An interface that has nothing to do with it changes: %s.",
        _changes_of(_strangers), _ALWAYS_SHOWING, 0.2, 0.7, where=VALID),
    family("instance-changes", "instance", "The instance changes: %s.", _instance_changes, tuple(INSTANCE_CHANGES), 0.3,
        needs=lambda name: _INSTANCE_FACTS.get(name, {}), where=VALID),
    family("other-instance-changes", "instance", "Another instance changes: %s.", _other_instance_changes,
        ("stopped", "name", "description", "tag-added", "groups-left"), 0.2, 0.5, where=VALID),
)
# fmt: on


# Refusals that do something all the same


def _on_refusal(gate: Gate, act: Act, can: Can, code: str = "") -> Hooks:
    """Something is done although the call was refused, with this code if one is given."""

    def refused(call: Call, refusal: Refusal) -> None:
        eni = scene(call).eni
        if eni is not None and code in ("", refusal.code) and can(call, eni) and gate.fires(call):
            act(call, eni)

    return (("refused", refused),)


def _linked(call: Call, eni: NetworkInterface) -> bool:
    return eni.instance is not None and eni.status == "InUse" and eni.forced is None


def _refused_detaches(gate: Gate, code: str) -> Hooks:
    can = (lambda call, eni: eni.instance is not None) if code else _linked
    return _on_refusal(gate, lambda call, eni: call.cloud.detach(eni), can, code)


def _refused_late(gate: Gate, seconds: str) -> Hooks:
    def act(call: Call, eni: NetworkInterface) -> None:
        after(call.cloud, float(seconds), lambda: call.cloud.detach(eni) if _linked(call, eni) else None)

    return _on_refusal(gate, act, _linked)


def _refused_changes(gate: Gate, argument: str) -> Hooks:
    name, _, code = argument.partition(":")
    able, change = CHANGES[name]
    return _on_refusal(gate, lambda call, eni: change(call.cloud, eni), lambda call, eni: able(eni), code)


def _refused_instance(gate: Gate, name: str) -> Hooks:
    able, change = INSTANCE_CHANGES[name]

    def refused(call: Call, refusal: Refusal) -> None:
        home = scene(call).instance
        if home is not None and able(home) and gate.fires(call):
            change(call.cloud, home)

    return (("refused", refused),)


# fmt: off
REFUSAL_FAMILIES = (
    family("refused-detaches", "after-refusal", "A refused call detaches the interface all the same.",
        _refused_detaches, share=0.15, where=REFUSED | facts(eni="known", linked="yes")),
    family("refused-detaches-late", "after-refusal", "A refused call detaches the interface %s seconds later.",
        _refused_late, ("0.3", "0.5", "0.8", "1.0"), 0.15, 0.3, where=REFUSED | facts(eni="known", linked="yes")),
    family("refused-changes", "after-refusal", "A refused call changes the interface: %s.", _refused_changes,
        DRAWN_CHANGES, lambda name: _change_share(name) / 2, needs=lambda name: _CHANGE_FACTS.get(name, {}),
        where=REFUSED | facts(eni="known")),
    family("refused-instance-changes", "after-refusal", "A refused call changes the instance: %s.", _refused_instance,
        tuple(INSTANCE_CHANGES), 0.2, needs=lambda name: _INSTANCE_FACTS.get(name, {}),
        where=REFUSED | facts(instance="known")),
)
# fmt: on


# Words of named faults alone


def _siblings_change(gate: Gate, argument: str) -> Hooks:
    """`NAME`, or `NAME:SECONDS`: all other secondary interfaces of the instance change, at once or so much later."""
    name, _, seconds = argument.partition(":")
    able, change = CHANGES[name]

    def act(call: Call, eni: NetworkInterface) -> None:
        home, others = call.instance, siblings(eni, call.instance)

        def change_all() -> None:
            for other in others:
                if other.instance is home and able(other):
                    change(call.cloud, other)

        if seconds:
            call.cloud.after(float(seconds), change_all)
        else:
            change_all()

    return accepted(gate, act)


def _deleted_at_once(gate: Gate, argument: str) -> Hooks:
    def act(call: Call, eni: NetworkInterface) -> None:
        call.cloud.drop_pending(eni)
        if eni.instance is not None:
            call.cloud.detached(eni)
        call.cloud.delete_interface(eni)

    return accepted(gate, act)


def _repetition_prolongs(gate: Gate, argument: str) -> Hooks:
    """A repetition while Detaching begins a wait that never ends."""

    def act(call: Call, eni: NetworkInterface) -> None:
        seen = gate.memory(call.cloud, "seen")
        if eni.status == "Detaching" and seen.get(eni.id) == eni.detaches:
            call.cloud.later(eni, "Detaching", lambda: None)
        seen[eni.id] = eni.detaches

    return accepted(gate, act)


def _falls_back(argument: str, cloud: Cloud, eni: NetworkInterface, former: Instance | None) -> None:
    """Available for 0.9 seconds, then InUse again at the same instance, unless it was used otherwise meanwhile."""

    def back() -> None:
        if former and eni.status == "Available" and eni.id in cloud.interfaces and former.id in cloud.instances:
            cloud.link(eni, former)

    cloud.after(0.9, back)


def _attach_does_not_last(gate: Gate, argument: str) -> Hooks:
    """Attached again, but Available once the settle time has passed, as if the detach had been carried out twice."""

    def note(call: Call, eni: NetworkInterface) -> None:
        gate.memory(call.cloud, "once")[eni.id] = True

    def fields(call: Call, reply: Reply) -> None:
        eni = call.cloud.interfaces.get(call.get("NetworkInterfaceId"))
        known = eni is not None and eni.id in gate.memory(call.cloud, "once")
        if eni is not None and known and call.action == "AttachNetworkInterface" and success(reply):
            call.cloud.later(eni, "Attaching", lambda: call.cloud.detached(eni))

    return (*accepted(gate, note), ("fields", fields))


NAMED_EFFECTS = (
    named("siblings-change", _siblings_change),
    named("deleted-at-once", _deleted_at_once),
    named("repetition-prolongs", _repetition_prolongs),
    named("falls-back", _settled(_falls_back)),
    named("attach-does-not-last", _attach_does_not_last),
)
