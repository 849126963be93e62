"""When a composed behaviour shows: triggers, persistence, and what both have to remember.

A trigger is a named condition on one DetachNetworkInterface call; a few are conditions on the describe call
that looks at the result.  Each states its `facts`: what a world must be like for it to hold, so that a pair of
conditions that exclude each other is recognised without trying.  `share` is a rough estimate of the part of a
varied suite's calls that meets the condition; it serves only to leave out what nobody could ever meet.

What happened before is kept in a `History` per cloud, in the scars, and forgotten when faults are switched.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eni_conformance.emulator.accounts import Caller
from eni_conformance.emulator.call import NOBODY, Call
from eni_conformance.emulator.catalogue import REGIONS
from eni_conformance.emulator.detach import COMMON_PARAMETERS, LEGACY_PARAMETERS, legacy, names, undeclared
from eni_conformance.emulator.envelope import Reply
from eni_conformance.emulator.faults.kit import DETACH, Hooked, scar, siblings
from eni_conformance.emulator.state import Cloud, Instance, NetworkInterface

Facts = dict[str, frozenset[str]]
REMEMBERED = 512
"""Calls whose verdict is kept, so that all parts of one behaviour agree on a call."""


def facts(**dimensions: str) -> Facts:
    """Facts out of words: `facts(method="GET", status="Running Stopped")`."""
    return {name.replace("_", "-"): frozenset(words.split()) for name, words in dimensions.items()}


def agree(*several: Facts) -> bool:
    """Whether one world can meet all of these facts."""
    merged: Facts = {}
    for each in several:
        for name, values in each.items():
            merged[name] = merged.get(name, values) & values
    return all(merged.values())


# What happened before


@dataclass(slots=True)
class History:
    """What one cloud has seen since the behaviour was switched on."""

    calls: int = 0
    refusals: int = 0
    refused: set[str] = field(default_factory=set)
    succeeded_on: set[str] = field(default_factory=set)
    restarted: dict[str, set[str]] = field(default_factory=dict)
    homes: dict[str, list[str]] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)
    keys: deque[str] = field(default_factory=lambda: deque(maxlen=6))
    schemes: deque[str] = field(default_factory=lambda: deque(maxlen=2))
    interfaces: deque[str] = field(default_factory=lambda: deque(maxlen=1))
    last_request_id: str = ""
    flight: set[str] = field(default_factory=set)
    due: list[tuple[float, Callable[[], None]]] = field(default_factory=list)


def history(cloud: Cloud) -> History:
    """The history of a cloud."""
    found = scar(cloud, "history")
    if "is" not in found:
        found["is"] = History()
    kept: History = found["is"]
    return kept


def after(cloud: Cloud, seconds: float, then: Callable[[], None]) -> None:
    """Do something with the first request that comes so much later."""
    history(cloud).due.append((cloud.now() + seconds, then))


def _tick(call: Call, pairs: list[tuple[str, str]]) -> None:
    seen = history(call.cloud)
    now = call.cloud.now()
    ready = [then for due, then in seen.due if due <= now]
    seen.due = [item for item in seen.due if item[0] > now]
    for then in ready:
        then()


def _enter(call: Call, guards: tuple[Any, ...]) -> tuple[Any, ...]:
    seen = history(call.cloud)
    seen.flight.add(call.request_id)
    seen.keys.append(call.caller.access_key_id)
    return guards


def _attached(call: Call, instance: Instance, eni: NetworkInterface) -> None:
    seen = history(call.cloud)
    seen.homes.setdefault(eni.id, []).append(instance.id)
    seen.order[eni.id] = max(seen.order.values(), default=0) + 1


def _leave(call: Call, reply: Reply) -> None:
    seen = history(call.cloud)
    good = reply.root != "Error"
    if call.action == DETACH and call.request_id in seen.flight:
        seen.flight.discard(call.request_id)
        seen.calls += 1
        seen.schemes.append(call.scheme)
        seen.interfaces.append(call.get("NetworkInterfaceId"))
        seen.last_request_id = call.request_id
        if good:
            seen.succeeded_on.add(call.get("InstanceId"))
        else:
            seen.refusals += 1
            seen.refused.add(call.get("NetworkInterfaceId"))
    elif good and call.action in ("RebootInstance", "StopInstance", "StartInstance"):
        seen.restarted.setdefault(call.get("InstanceId"), set()).add(call.action)


TRACKERS: tuple[Hooked, ...] = (
    ("parameters", _tick),
    ("order", _enter),
    ("attach", _attached),
    ("fields", _leave),
)


# One call, as triggers see it


@dataclass(frozen=True, slots=True)
class Scene:
    """A call with the resources that its ids name, whosever they are."""

    call: Call
    seen: History
    eni: NetworkInterface | None
    instance: Instance | None

    @property
    def caller(self) -> Caller:
        """Who calls, known before the signature was checked."""
        if self.call.caller is not NOBODY:
            return self.call.caller
        return self.call.cloud.callers.get(self.call.get("AccessKeyId"), NOBODY)

    @property
    def siblings(self) -> list[NetworkInterface]:
        """The other secondary interfaces of the instance named."""
        return siblings(self.eni, self.instance) if self.eni is not None else []

    @property
    def held(self) -> int:
        """How many secondary interfaces the instance holds."""
        if self.instance is None:
            return -1
        return sum(each.type != "Primary" for each in self.instance.interfaces.values())


def scene(call: Call) -> Scene:
    """What triggers see of a call."""
    eni = call.eni or call.cloud.interfaces.get(call.get("NetworkInterfaceId"))
    instance = call.instance or call.cloud.instances.get(call.get("InstanceId"))
    return Scene(call, history(call.cloud), eni, instance)


Test = Callable[[Scene], bool]
NOWHERE: Facts = {}


@dataclass(frozen=True, slots=True)
class Trigger:
    """One condition.  `reads`: it is asked of the describe call, not of the detach."""

    name: str
    words: str
    test: Test
    facts: Facts
    share: float
    reads: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """A trigger with the arguments that it takes ("" for none)."""

    name: str
    arguments: tuple[str, ...]
    make: Callable[[str], Trigger]
    reads: bool = False


def _one(name: str, words: str, test: Test, share: float, reads: bool = False, where: Facts = NOWHERE) -> Family:
    made = Trigger(name, words, test, where, share, reads)
    return Family(name, ("",), lambda argument: made, reads)


def _many(
    name: str,
    arguments: tuple[str, ...],
    words: str,
    test: Callable[[Scene, str], bool],
    share: Callable[[str], float],
    dimension: str = "",
    where: Facts = NOWHERE,
) -> Family:
    """`words` holds one %s for the argument; `dimension` is the fact that the argument itself states."""

    def make(argument: str) -> Trigger:
        stated = {**where, dimension: frozenset({argument})} if dimension else where
        return Trigger(
            f"{name}({argument})",
            words % argument,
            lambda scene: test(scene, argument),
            stated,
            share(argument),
        )

    return Family(name, arguments, make)


def _eni(test: Callable[[NetworkInterface], bool]) -> Test:
    return lambda scene: scene.eni is not None and test(scene.eni)


def _instance(test: Callable[[Instance], bool]) -> Test:
    return lambda scene: scene.instance is not None and test(scene.instance)


def _given(*names: str) -> Test:
    return lambda scene: any(name in scene.call.params for name in names)


_IDS = ("InstanceId", "NetworkInterfaceId", "RegionId")
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def _ids(scene: Scene) -> list[str]:
    """The three ids in the order in which they came; each once."""
    return [name for name in dict.fromkeys(names(scene.call)) if name in _IDS]


def _nonce(scene: Scene) -> str:
    return scene.call.get("SignatureNonce") or scene.call.headers.get("x-acs-signature-nonce", "")


def _stamp(scene: Scene) -> str:
    return scene.call.get("Timestamp") or scene.call.headers.get("x-acs-date", "")


def _last_attached(scene: Scene) -> bool:
    eni, order = scene.eni, scene.seen.order
    if eni is None or eni.instance is None or not scene.siblings:
        return False
    return all(
        (order.get(eni.id, 0), eni.device_index) > (order.get(each.id, 0), each.device_index) for each in scene.siblings
    )


def _not_last_attached(scene: Scene) -> bool:
    here = scene.eni is not None and scene.eni.instance is not None and scene.eni.instance is scene.instance
    return here and bool(scene.siblings) and not _last_attached(scene)


def _swapped(scene: Scene) -> bool:
    ids = _ids(scene)
    both = "NetworkInterfaceId" in ids and "InstanceId" in ids
    return both and ids.index("NetworkInterfaceId") < ids.index("InstanceId")


def _other_vswitch(scene: Scene) -> bool:
    eni, instance = scene.eni, scene.instance
    return eni is not None and instance is not None and eni.vswitch_id != instance.vswitch_id


def _moved(scene: Scene) -> bool:
    return scene.eni is not None and len(set(scene.seen.homes.get(scene.eni.id, ()))) > 1


def _restarted(*actions: str) -> Test:
    return lambda scene: bool(scene.seen.restarted.get(scene.call.get("InstanceId"), set()) & set(actions))


def _caller(scene: Scene, kind: str) -> bool:
    if kind == "other":
        return scene.eni is not None and scene.eni.owner != scene.caller.account
    return scene.caller.kind == kind and (scene.eni is None or scene.eni.owner == scene.caller.account)


def _in_range(scene: Scene, argument: str) -> bool:
    first, _, last = argument.partition("-")
    return scene.instance is not None and first <= scene.instance.id[-1] <= last


_LINKED = facts(eni="known", type="Secondary other", linked="yes")
_KNOWN = facts(eni="known")
_ECS = facts(instance="known")

# fmt: off
FAMILIES: tuple[Family, ...] = (
    _one("always", "always", lambda scene: True, 1.0),
    # The form of the request
    _one("only-get", "the request is a GET", lambda scene: scene.call.method == "GET", 0.4, where=facts(method="GET")),
    _one("only-post", "the request is a POST", lambda scene: scene.call.method == "POST", 0.6,
        where=facts(method="POST")),
    _one("form-body", "the parameters come in a form body", lambda scene: bool(scene.call.body), 0.3,
        where=facts(method="POST", body="form")),
    _one("query-body", "the request is a POST without a body",
        lambda scene: scene.call.method == "POST" and not scene.call.body, 0.3,
        where=facts(method="POST", body="query")),
    _one("only-xml", "the answer is XML", lambda scene: scene.call.format == "XML", 0.4, where=facts(format="XML")),
    _one("only-json", "the answer is JSON", lambda scene: scene.call.format == "JSON", 0.6, where=facts(format="JSON")),
    _one("default-format", "a V1 request names no format",
        lambda scene: scene.call.scheme == "V1" and not scene.call.get("Format"), 0.1,
        where=facts(format="XML", scheme="V1", named="no")),
    _one("lower-format", "the format is written in lower case",
        lambda scene: scene.call.get("Format") in ("json", "xml"), 0.1, where=facts(named="yes")),
    _one("only-v1", "the request is signed with V1", lambda scene: scene.call.scheme == "V1", 0.5,
        where=facts(scheme="V1")),
    _one("only-v3", "the request is signed with V3", lambda scene: scene.call.scheme == "V3", 0.5,
        where=facts(scheme="V3")),
    # The parameters
    _one("owner-account", "OwnerAccount is given", _given("OwnerAccount"), 0.15),
    _one("owner-id", "OwnerId is given", _given("OwnerId"), 0.05, where=facts(legacy="yes")),
    _one("legacy-parameter", "an older owner parameter is given", _given(*LEGACY_PARAMETERS), 0.1,
        where=facts(legacy="yes")),
    _one("undeclared-parameter", "a parameter is given that nobody declares", lambda scene: undeclared(scene.call), 0.1,
        where=facts(undeclared="yes")),
    _one("only-declared", "nothing is given but what the page declares",
        lambda scene: not undeclared(scene.call) and not legacy(scene.call), 0.8,
        where=facts(undeclared="no", legacy="no")),
    _one("region-last", "RegionId is the last of the ids", lambda scene: _ids(scene)[-1:] == ["RegionId"], 0.3),
    _one("region-first", "RegionId is the first of the ids", lambda scene: _ids(scene)[:1] == ["RegionId"], 0.3),
    _one("interface-before-instance", "NetworkInterfaceId comes before InstanceId",
        _swapped,
        0.4),
    _one("many-parameters", "three or more parameters are given besides the ids",
        lambda scene: len(set(scene.call.params) - COMMON_PARAMETERS) > 2, 0.05),
    _one("long-value", "a value has more than forty characters",
        lambda scene: any(len(scene.call.get(name)) > 40 for name in (*_IDS, "OwnerAccount", *LEGACY_PARAMETERS)),
        0.05),
    _one("nonce-begins-with-digit", "the nonce begins with a digit", lambda scene: _nonce(scene)[:1].isdigit(), 0.5),
    _many("nonce-ends", tuple("0123456789abcdef"), "the nonce ends in %s",
        lambda scene, argument: _nonce(scene).lower().endswith(argument), lambda argument: 1 / 16),
    _one("odd-second", "the time stamp has an odd second", lambda scene: _stamp(scene)[-2:-1] in tuple("13579"), 0.5),
    # The interface
    _one("second-eni", "it is the instance's second secondary interface", _eni(lambda eni: eni.device_index == 2), 0.15,
        where=_LINKED | facts(place="2", held="2 3 more")),
    _one("third-eni", "it is the instance's third secondary interface", _eni(lambda eni: eni.device_index == 3), 0.06,
        where=_LINKED | facts(place="3", held="3 more")),
    _one("last-attached", "it was attached last of several", _last_attached, 0.15,
        where=_LINKED | facts(held="2 3 more")),
    _one("not-last-attached", "another interface of the instance was attached later",
        _not_last_attached,
        0.15, where=_LINKED | facts(held="2 3 more")),
    _many("eni-id-ends", tuple(_ALPHABET), "the interface id ends in %s",
        lambda scene, argument: scene.eni is not None and scene.eni.id.endswith(argument), lambda argument: 1 / 36,
        "ends", where=_KNOWN),
    _many("eni-id-parity", ("even", "odd"), "the last character of the interface id has an %s code",
        lambda scene, argument: scene.eni is not None and ord(scene.eni.id[-1]) % 2 == (argument == "odd"),
        lambda argument: 0.5, "parity", where=_KNOWN),
    _one("tagged", "the interface has tags", _eni(lambda eni: bool(eni.tags)), 0.4, where=_KNOWN | facts(tags="some")),
    _many("tag-parity", ("even", "odd"), "the number of tags is %s",
        lambda scene, argument: scene.eni is not None and len(scene.eni.tags) % 2 == (argument == "odd"),
        lambda argument: 0.5, "tag-parity", where=_KNOWN),
    _one("several-groups", "the interface is in several security groups",
        _eni(lambda eni: len(eni.security_group_ids) > 1), 0.2, where=_KNOWN | facts(groups="several")),
    _one("several-addresses", "the interface has secondary addresses", _eni(lambda eni: bool(eni.secondary_ips)), 0.2,
        where=_KNOWN | facts(addresses="several")),
    _one("described", "the interface has a description", _eni(lambda eni: bool(eni.description)), 0.4,
        where=_KNOWN | facts(description="some")),
    _one("foreign-name", "the interface's name is not ASCII", _eni(lambda eni: not eni.name.isascii()), 0.15,
        where=_KNOWN | facts(name="some foreign")),
    _one("long-name", "the interface's name has more than forty characters", _eni(lambda eni: len(eni.name) > 40), 0.1,
        where=_KNOWN | facts(name="some")),
    _one("release-true", "DeleteOnRelease is true", _eni(lambda eni: eni.delete_on_release), 0.4,
        where=_KNOWN | facts(release="true")),
    _one("release-false", "DeleteOnRelease is false", _eni(lambda eni: not eni.delete_on_release), 0.6,
        where=_KNOWN | facts(release="false")),
    _one("attached-again", "the interface was detached before", _eni(lambda eni: eni.detaches > 0), 0.4,
        where=_KNOWN | facts(type="Secondary other")),
    _one("moved", "the interface was attached to another instance before", _moved, 0.1,
        where=_KNOWN | facts(type="Secondary other")),
    _one("detaching-already", "the interface is Detaching already", _eni(lambda eni: eni.state == "Detaching"), 0.08,
        where=_LINKED | facts(state="Detaching")),
    _one("in-use", "the interface is InUse", _eni(lambda eni: eni.state == "InUse"), 0.6,
        where=facts(eni="known", linked="yes", state="InUse")),
    # The instance
    _many("instance-id-ends", ("0-9", "a-i", "j-r", "s-z", "0-h", "i-z"),
        "the last character of the instance id lies in %s", _in_range,
        lambda argument: 0.5 if argument in ("0-h", "i-z") else 0.25, where=_ECS),
    _one("stopped", "the instance is Stopped", _instance(lambda instance: instance.state == "Stopped"), 0.25,
        where=_ECS | facts(status="Stopped")),
    _one("running", "the instance is Running", _instance(lambda instance: instance.state == "Running"), 0.6,
        where=_ECS | facts(status="Running")),
    _one("restarted", "the instance was started again", _restarted("StartInstance"), 0.1, where=_ECS),
    _one("rebooted", "the instance was rebooted", _restarted("RebootInstance"), 0.05, where=_ECS),
    _one("stopped-once", "the instance was stopped once", _restarted("StopInstance"), 0.2, where=_ECS),
    _many("holds", ("1", "2", "3"), "the instance holds exactly %s secondary interfaces",
        lambda scene, argument: scene.held == int(argument), lambda argument: {"1": 0.5, "2": 0.25, "3": 0.1}[argument],
        "held", where=_ECS),
    _one("full-instance", "all places of the instance are taken",
        _instance(lambda instance: len(instance.interfaces) >= instance.type.interfaces), 0.1, where=_ECS),
    _one("sibling-detaching", "another interface of the instance is Detaching",
        lambda scene: any(each.state == "Detaching" for each in scene.siblings), 0.06,
        where=_ECS | _KNOWN | facts(held="2 3 more")),
    _one("sibling-attaching", "another interface of the instance is Attaching",
        lambda scene: any(each.state == "Attaching" for each in scene.siblings), 0.04,
        where=_ECS | _KNOWN | facts(held="2 3 more")),
    _one("second-zone", "the instance lies in the second zone",
        _instance(lambda instance: instance.zone == REGIONS[instance.region].zones[1]), 0.05, where=_ECS),
    _one("other-vswitch", "the interface lies in another vSwitch than its instance",
        _other_vswitch,
        0.1, where=_ECS | _KNOWN),
    # What happened before
    _one("after-refusal-of-it", "a detach of the same interface was refused before",
        lambda scene: scene.call.get("NetworkInterfaceId") in scene.seen.refused, 0.4),
    _one("after-refusal", "any detach was refused before", lambda scene: scene.seen.refusals > 0, 0.9),
    _one("after-success-here", "a detach from the same instance succeeded before",
        lambda scene: scene.call.get("InstanceId") in scene.seen.succeeded_on, 0.5, where=_ECS),
    _many("after-calls", tuple(str(number) for number in range(3, 61)), "%s detach calls came before",
        lambda scene, argument: scene.seen.calls >= int(argument), lambda argument: 0.9),
    _many("every-nth", tuple(str(number) for number in range(2, 26)), "it is one of every %s detach calls",
        lambda scene, argument: scene.seen.calls % int(argument) == int(argument) - 1,
        lambda argument: 1 / int(argument)),
    _one("same-eni-twice", "the call before named the same interface",
        lambda scene: scene.call.get("NetworkInterfaceId") in scene.seen.interfaces, 0.3, where=facts(before="same")),
    _one("other-eni-before", "the call before named another interface",
        lambda scene: bool(scene.seen.interfaces) and scene.call.get("NetworkInterfaceId") not in scene.seen.interfaces,
        0.6, where=facts(before="other")),
    _one("scheme-changed", "the call before was signed by the other scheme",
        lambda scene: bool(scene.seen.schemes) and scene.seen.schemes[-1] != scene.call.scheme, 0.4),
    _one("two-clients", "two access keys were seen within six calls", lambda scene: len(set(scene.seen.keys)) > 1, 0.3),
    _many("caller", ("account", "ram", "other"), "the caller is of kind %s", _caller,
        lambda argument: {"account": 0.85, "ram": 0.05, "other": 0.04}[argument], "caller"),
    _one("overlapping", "another detach is under way", lambda scene: bool(scene.seen.flight - {scene.call.request_id}),
        0.03),
    # The describe call that looks
    _one("read-by-id", "the description is asked for by id", lambda scene: by_id(scene.call), 0.4, reads=True,
        where=facts(look="id")),
    _one("read-by-filter", "the description is asked for by a filter",
        lambda scene: not by_id(scene.call) and by_filter(scene.call), 0.2, reads=True, where=facts(look="filter")),
    _one("read-by-list", "the description is asked for with neither id nor filter",
        lambda scene: not by_id(scene.call) and not by_filter(scene.call), 0.2, reads=True, where=facts(look="list")),
    _one("read-page-two", "it is not the first page of a description (pages are small then)",
        lambda scene: bool(scene.call.get("NextToken")) or scene.call.get("PageNumber", "1") not in ("", "1"), 0.1,
        reads=True, where=facts(look="filter list")),
)
# fmt: on
TRIGGERS: dict[str, Family] = {family.name: family for family in FAMILIES}


def by_id(call: Call) -> bool:
    """Whether a describe call names what it wants to see."""
    return bool(call.numbered("NetworkInterfaceId") or call.get("InstanceIds")) or "Attribute" in call.action


def by_filter(call: Call) -> bool:
    """Whether a describe call narrows its list down."""
    names = ("Status", "InstanceId", "VpcId", "VSwitchId", "Type", "SecurityGroupId", "NetworkInterfaceName")
    return any(call.get(name) for name in names) or any(name.startswith("Tag.") for name in call.params)


# How long it lasts


PERSISTENCE: dict[str, str] = {
    "every": "every time",
    "once": "the first time only",
    "second": "every second time",
    "first3": "the first three times",
    "sticky": "from the first time on for ever, whatever the condition",
}


class Gate:
    """Decides for each call whether a composed behaviour shows; all its parts ask the same gate."""

    def __init__(self, spec: str, triggers: tuple[Trigger, ...], persistence: str) -> None:
        self.key = f"composed {spec}"
        self.triggers = tuple(each for each in triggers if not each.reads)
        self.looks = tuple(each for each in triggers if each.reads)
        self.persistence = persistence

    def memory(self, cloud: Cloud, name: str) -> dict[str, Any]:
        """A table of this behaviour's own."""
        found: dict[str, Any] = scar(cloud, self.key).setdefault(name, {})
        return found

    def look(self, call: Call) -> bool:
        """Whether the condition holds for a call; asked once, before the call changes anything."""
        held = self.memory(call.cloud, "held")
        if call.request_id not in held:
            here = scene(call)
            _keep(held, call.request_id, all(each.test(here) for each in self.triggers))
        return bool(held[call.request_id])

    def decided(self, call: Call) -> bool:
        """Whether this is a detach that came as far as being decided."""
        return call.action == DETACH and call.request_id in self.memory(call.cloud, "held")

    def fires(self, call: Call) -> bool:
        """Whether to show now.  Ask only where showing would make a difference: each new call counts."""
        shown = self.memory(call.cloud, "shown")
        if call.request_id not in shown:
            _keep(shown, call.request_id, self._count(call))
        return bool(shown[call.request_id])

    def _count(self, call: Call) -> bool:
        tally = self.memory(call.cloud, "tally")
        if self.persistence == "sticky" and tally.get("times"):
            return True
        if not self.look(call):
            return False
        times = tally["times"] = tally.get("times", 0) + 1
        if self.persistence == "once":
            return bool(times == 1)
        if self.persistence == "second":
            return bool(times % 2 == 0)
        return bool(self.persistence != "first3" or times <= 3)

    def sees(self, call: Call) -> bool:
        """Whether the conditions on a describe call hold."""
        here = scene(call)
        return all(each.test(here) for each in self.looks)

    def watch(self) -> Hooked:
        """The hook that looks at each call before anything else does."""

        def order(call: Call, guards: tuple[Any, ...]) -> tuple[Any, ...]:
            self.look(call)
            return guards

        return "order", order


def _keep(table: dict[str, Any], key: str, value: bool) -> None:
    if len(table) >= REMEMBERED:
        del table[next(iter(table))]
    table[key] = value
