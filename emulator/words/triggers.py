"""When a behaviour shows: named conditions on one DetachNetworkInterface call.

A few are conditions on the describe call that looks at the result.  Each states its `facts`, and in `share` a
rough estimate of the part of a varied suite's calls that meets it, which serves only to leave out what nobody
could ever meet.  NAMED_TRIGGERS are used by named faults alone and are never drawn.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from eni_conformance.emulator import signing
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.catalogue import REGIONS
from eni_conformance.emulator.detach import COMMON_PARAMETERS, LEGACY_PARAMETERS, legacy, names, undeclared
from eni_conformance.emulator.state import Instance, NetworkInterface
from eni_conformance.emulator.words.scene import NOWHERE, Facts, Scene, facts

Test = Callable[[Scene], bool]


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


def _later_page(scene: Scene) -> bool:
    return bool(scene.call.get("NextToken")) or scene.call.get("PageNumber", "1") not in ("", "1")


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
    _one("read-page-two", "it is not the first page of a description (pages are small then)", _later_page, 0.1,
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


# Conditions of named faults alone


def _status_of(who: str) -> Callable[[Scene, str], bool]:
    def test(scene: Scene, status: str) -> bool:
        resource = scene.eni if who == "eni" else scene.instance
        return resource is not None and resource.state == status

    return test


_VALUES: dict[str, tuple[str, Callable[[str], bool]]] = {
    "apostrophe": ("contains an apostrophe", lambda text: "'" in text),
    "percent": ("contains a percent sign", lambda text: "%" in text),
    "astral": ("contains a character beyond U+FFFF", lambda text: any(ord(each) > 0xFFFF for each in text)),
    "foreign": ("contains a character that is not ASCII", lambda text: not text.isascii()),
    "long": ("is longer than 128 characters", lambda text: len(text) > 128),
    "very-long": ("is longer than 1000 characters", lambda text: len(text) > 1000),
    "nul": ("contains a NUL", lambda text: "\0" in text),
    "line-feed": ("contains a line feed", lambda text: "\n" in text),
    "markup": ("contains a less-than sign", lambda text: "<" in text),
    "backslash": ("contains a backslash", lambda text: "\\" in text),
    "space": ("contains a space", lambda text: " " in text),
    "space-or-asterisk": ("contains a space or an asterisk", lambda text: " " in text or "*" in text),
    "brace": ("contains a brace", lambda text: "{" in text),
    "not-utf-8": ("is no UTF-8", lambda text: any("\ud800" <= each <= "\udfff" for each in text)),
}


def _id_has(argument: str) -> Trigger:
    words, test = _VALUES[argument]
    return Trigger(
        f"id-has({argument})",
        f"an id {words}",
        lambda scene: any(test(scene.call.get(name)) for name in _IDS),
        NOWHERE,
        0.0,
    )


def _foreign_resource(scene: Scene) -> bool:
    eni = scene.call.cloud.interfaces.get(scene.call.get("NetworkInterfaceId"))
    return eni is not None and eni.owner != scene.call.caller.account


def _first_group_fine(scene: Scene) -> bool:
    ids = scene.eni.security_group_ids if scene.eni is not None else []
    group = scene.call.cloud.groups.get(ids[0]) if ids else None
    return group is not None and group.kind == "vpc" and not group.full


def _on_another_instance(scene: Scene) -> bool:
    return scene.eni is not None and scene.eni.instance is not None and scene.eni.instance is not scene.instance


def _twice(scene: Scene) -> bool:
    pieces = scene.call.query.split(b"&") + scene.call.body.split(b"&")
    given = [piece.split(b"=")[0] for piece in pieces if piece]
    return len(set(given)) < len(given)


def _ahead(scene: Scene) -> bool:
    return _stamp(scene) > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))


def _of_other_method(scene: Scene) -> bool:
    """Whether a V1 signature fits the other method."""
    call = scene.call
    caller = call.cloud.callers.get(call.get("AccessKeyId"))
    if caller is None:
        return False
    pairs = [pair for pair in signing.parse_pairs(call.query) if pair[0] != "Signature"]
    method = "GET" if call.method == "POST" else "POST"
    text = signing.v1_string_to_sign(method, next(signing.canonical_queries(pairs)))
    return signing.same(signing.v1_signature(caller.access_key_secret, text), call.get("Signature"))


def _free(argument: str) -> float:
    return 0.0


# fmt: off
NAMED_TRIGGERS: dict[str, Family] = {each.name: each for each in (
    _many("eni-is", (), "the interface is %s", _status_of("eni"), _free),
    _many("instance-is", (), "the instance is %s", _status_of("instance"), _free),
    _many("type-is", (), "the interface is of type %s",
        lambda scene, argument: scene.eni is not None and scene.eni.type == argument, _free),
    _one("novel-type", "the type is none of Primary, Secondary, Trunk, Member",
        _eni(lambda eni: eni.type not in ("Primary", "Secondary", "Trunk", "Member")), 0.0),
    _one("on-another-instance", "the interface is on another instance", _on_another_instance, 0.0),
    _one("foreign", "the resources belong to another account", _foreign_resource, 0.0),
    _one("named", "the interface has a name", _eni(lambda eni: bool(eni.name)), 0.0),
    _one("detached-three-times", "the interface was detached three times", _eni(lambda eni: eni.detaches > 2), 0.0),
    _one("booted-again", "the instance was stopped and started, or rebooted",
        _instance(lambda instance: instance.boots > 1), 0.0),
    _one("has-sibling", "the instance has another secondary interface", lambda scene: bool(scene.siblings), 0.0),
    _one("second-region", "the region is not cn-hangzhou",
        lambda scene: scene.call.get("RegionId") != "cn-hangzhou", 0.0),
    _one("first-group-fine", "nothing is wrong with the interface's first security group", _first_group_fine, 0.0),
    _one("later-page", "it is not the first page of a description", _later_page, 0.0, reads=True),
    _one("born", "the interface came with an instance", _eni(lambda eni: eni.born), 0.0),
    _many("serial", (), "it is every %sth detach call since the emulator started",
        lambda scene, argument: scene.call.serial % int(argument) == int(argument) - 1, _free),
    _many("empty", (), "%s is empty", lambda scene, argument: scene.call.params.get(argument) == "", _free),
    _many("missing", (), "%s is missing", lambda scene, argument: argument not in scene.call.params, _free),
    Family("id-has", (), _id_has),
    _one("no-instance-id", "the instance id does not begin with i-",
        lambda scene: not scene.call.get("InstanceId").startswith("i-"), 0.0),
    _one("long-owner", "OwnerAccount is longer than 64 characters",
        lambda scene: len(scene.call.get("OwnerAccount")) > 64, 0.0),
    _one("sixty-parameters", "there are more than 60 parameters", lambda scene: len(scene.call.params) > 60, 0.0),
    _one("parameter-twice", "a parameter is given twice", _twice, 0.0),
    _one("interface-exists", "the interface exists",
        lambda scene: scene.call.get("NetworkInterfaceId") in scene.call.cloud.interfaces, 0.0),
    _one("future", "the time stamp lies in the future", _ahead, 0.0),
    _one("signed-for-other-method", "the signature fits the other method", _of_other_method, 0.0),
    _one("fresh-connection", "the client closes the connection after it",
        lambda scene: scene.call.headers.get("connection") == "close", 0.0),
    _one("trunk-named", "TrunkNetworkInstanceId is given",
        lambda scene: bool(scene.call.get("TrunkNetworkInstanceId")), 0.0),
)}
# fmt: on
