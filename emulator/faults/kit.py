"""What faults are made of: conditions, and parts that hook a defect in under a condition.

A part is a function from a condition to a pair (hook point, hook function), so that a row of a fault table
names its condition once.  What a fault must remember lies in `cloud.scars` and is forgotten when the fault is
switched off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eni_conformance.emulator.behaviour import Hooks
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.catalogue import REGIONS
from eni_conformance.emulator.envelope import Refusal, Reply
from eni_conformance.emulator.state import Cloud, Instance, NetworkInterface

CLASSES = (
    "status",
    "code",
    "validation",
    "state",
    "authorization",
    "effect",
    "response",
    "protocol",
    "robustness",
    "concurrency",
)
DETACH = "DetachNetworkInterface"
ID_PARAMETERS = ("InstanceId", "NetworkInterfaceId", "RegionId")


@dataclass(frozen=True, slots=True)
class When:
    """A condition on a call, in words and as a test."""

    text: str
    test: Callable[[Call], bool]

    def __and__(self, other: When) -> When:
        return When(f"{self.text}, and {other.text}", lambda call: self.test(call) and other.test(call))

    def holds(self, call: Call) -> bool:
        """Whether a call is a DetachNetworkInterface that meets the condition."""
        return call.action == DETACH and self.test(call)


ALWAYS = When("always", lambda call: True)

Hooked = tuple[str, Callable[..., Any]]
Part = Callable[[When], Hooked]


@dataclass(frozen=True, slots=True)
class Fault:
    """One defect.  `requirement` hints at what it violates: an error code, or a topic of the contract."""

    name: str
    kind: str
    trigger: str
    description: str
    requirement: str
    hooks: tuple[Hooked, ...]
    revision: str = "2019"
    """The first edition of the page under which it can show."""

    def install(self, hooks: Hooks) -> None:
        """Add this fault's hooks to those in force."""
        for point, hook in self.hooks:
            getattr(hooks, point).append(hook)

    def row(self) -> dict[str, str]:
        """What `--list-faults` shows."""
        return {
            "name": self.name,
            "class": self.kind,
            "trigger": self.trigger,
            "description": self.description,
            "requirement": self.requirement,
        }


def fault(name: str, kind: str, requirement: str, description: str, *parts: Part, when: When = ALWAYS) -> Fault:
    """A row of a fault table."""
    return Fault(name, kind, when.text, description, requirement, tuple(part(when) for part in parts))


# Decisions


def skip(*guards: str) -> Part:
    """Guards that are not asked."""
    return lambda when: ("skip", lambda call, guard: guard in guards and when.holds(call))


def recode(code: str, status: int = 0, to: str = "", message: str = "") -> Part:
    """A refusal with another status, code or message; an empty `code` means any."""

    def part(when: When) -> Hooked:
        def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
            if refusal is None or code not in ("", refusal.code) or not when.holds(call):
                return refusal
            return Refusal(status or refusal.status, to or refusal.code, message or refusal.message, refusal.more)

        return "decision", decision

    return part


def refuse(status: int, code: str, message: str = "The operation is not possible now.") -> Part:
    """A call that should succeed is refused."""

    def part(when: When) -> Hooked:
        def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
            return Refusal(status, code, message) if refusal is None and when.holds(call) else refusal

        return "decision", decision

    return part


def crash(message: str = "The request processing has failed.") -> Part:
    """Whatever the decision was, the answer is an InternalError."""

    def part(when: When) -> Hooked:
        def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
            return Refusal(500, "InternalError", message) if when.holds(call) else refusal

        return "decision", decision

    return part


def pretend(code: str = "") -> Part:
    """A call that earns this refusal (empty: success) gets 200, and nothing is done."""

    def part(when: When) -> Hooked:
        def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
            if when.holds(call) and (refusal.code if refusal is not None else "") == code:
                call.eni = None
                return None
            return refusal

        return "decision", decision

    return part


def rewrite(*names: str, by: Callable[[Call, str], str]) -> Part:
    """Parameter values are changed before anything looks at them."""

    def part(when: When) -> Hooked:
        def parameters(call: Call, pairs: list[tuple[str, str]]) -> None:
            if not _is_detach(call) or not when.test(call):
                return
            for name in names:
                if name in call.params:
                    call.params[name] = by(call, call.params[name])

        return "parameters", parameters

    return part


def _is_detach(call: Call) -> bool:
    return DETACH in (call.params.get("Action"), call.headers.get("x-acs-action"))


def edit_parameters(edit: Callable[[Call, list[tuple[str, str]]], None]) -> Part:
    """The parameters are changed as a whole."""

    def part(when: When) -> Hooked:
        def parameters(call: Call, pairs: list[tuple[str, str]]) -> None:
            if _is_detach(call) and when.test(call):
                edit(call, pairs)

        return "parameters", parameters

    return part


# Effects


def does(act: Callable[[Call, NetworkInterface], None]) -> Part:
    """Something more happens when a detach has begun."""

    def part(when: When) -> Hooked:
        def effect(call: Call, eni: NetworkInterface) -> None:
            if when.holds(call):
                act(call, eni)

        return "effect", effect

    return part


def does_on_refusal(code: str, act: Callable[[Call, NetworkInterface], None]) -> Part:
    """Something happens although the call was refused with this code (empty: any)."""

    def part(when: When) -> Hooked:
        def refused(call: Call, refusal: Refusal) -> None:
            if code not in ("", refusal.code) or not when.holds(call):
                return
            eni = call.eni or call.cloud.interfaces.get(call.get("NetworkInterfaceId"))
            if eni is not None:
                act(call, eni)

        return "refused", refused

    return part


def hook(point: str, function: Callable[..., Any]) -> Part:
    """A bare hook, for what is remembered in scars."""
    return lambda when: (point, function)


def scar(cloud: Cloud, name: str) -> dict[str, Any]:
    """A memory of the active fault, by name."""
    found: dict[str, Any] = cloud.scars.setdefault(name, {})
    return found


def remember(name: str) -> Part:
    """Note the interface and the instance that it came from."""

    def note(call: Call, eni: NetworkInterface) -> None:
        scar(call.cloud, name)[eni.id] = call.instance

    return does(note)


def put_back(call: Call, eni: NetworkInterface, status: str) -> None:
    """Undo a detach that has begun (or ended at once), leaving the interface in this status."""
    call.cloud.drop_pending(eni)
    home = eni.instance or call.instance
    if home is not None:
        if eni.instance is None:
            call.cloud.link(eni, home)
        eni.status = status


def siblings(eni: NetworkInterface, home: Instance | None) -> list[NetworkInterface]:
    """The other secondary interfaces of the instance."""
    if home is None:
        return []
    return [each for each in home.interfaces.values() if each is not eni and each.type != "Primary"]


# Answers


def envelope(edit: Callable[[Call, Reply], None]) -> Part:
    """The fields of an answer are changed before they are rendered."""

    def part(when: When) -> Hooked:
        def fields(call: Call, reply: Reply) -> None:
            if when.holds(call):
                edit(call, reply)

        return "fields", fields

    return part


def rendered(edit: Callable[[Call, Reply], None]) -> Part:
    """The answer is changed after it was rendered."""

    def part(when: When) -> Hooked:
        def reply(call: Call, reply: Reply) -> None:
            if when.holds(call):
                edit(call, reply)

        return "reply", reply

    return part


def success(reply: Reply) -> bool:
    """Whether the answer is one of success."""
    return reply.root != "Error"


# Conditions


def eni_is(*statuses: str) -> When:
    """The interface is in one of these statuses."""
    return When(
        f"the interface is {' or '.join(statuses)}",
        lambda call: call.eni is not None and call.eni.state in statuses,
    )


def instance_is(*statuses: str) -> When:
    """The instance is in one of these statuses."""
    return When(
        f"the instance is {' or '.join(statuses)}",
        lambda call: call.instance is not None and call.instance.state in statuses,
    )


def type_is(*types: str) -> When:
    """The interface is of one of these types."""
    return When(
        f"the interface is of type {' or '.join(types)}",
        lambda call: call.eni is not None and call.eni.type in types,
    )


def place_is(index: int, word: str) -> When:
    """The interface sits in this place of its instance."""
    return When(
        f"it is the instance's {word} secondary interface",
        lambda call: call.eni is not None and call.eni.device_index == index,
    )


def value(text: str, test: Callable[[str], bool], *names: str) -> When:
    """One of these parameters (default: the three ids) has such a value."""
    return When(text, lambda call: any(test(call.get(name)) for name in names or ID_PARAMETERS))


def eni_has(text: str, test: Callable[[NetworkInterface], bool]) -> When:
    """The interface has this property."""
    return When(text, lambda call: call.eni is not None and test(call.eni))


def nth(number: int) -> When:
    """Every such call in a row."""
    return When(
        f"it is every {number}th detach call since the emulator started",
        lambda call: call.serial % number == number - 1,
    )


_DECLARED = frozenset(
    {
        *("Action", "Version", "Format", "AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion"),
        *("SignatureNonce", "SignatureType", "Timestamp", "SecurityToken", "RegionId", "InstanceId"),
        *("NetworkInterfaceId", "OwnerAccount", "OwnerId", "ResourceOwnerAccount", "ResourceOwnerId"),
        "TrunkNetworkInstanceId",
    }
)
GET = When("the request is a GET", lambda call: call.method == "GET")
POST = When("the request is a POST", lambda call: call.method == "POST")
FORM = When("the parameters come in a form body", lambda call: bool(call.body))
XML = When("the answer is XML", lambda call: call.format == "XML")
JSON = When("the answer is JSON", lambda call: call.format == "JSON")
V1 = When("the request is signed with V1", lambda call: call.scheme == "V1")
V3 = When("the request is signed with V3", lambda call: call.scheme == "V3")
STOPPED = instance_is("Stopped")
RUNNING = instance_is("Running")
SECOND = place_is(2, "second")
THIRD = place_is(3, "third")
TAGGED = eni_has("the interface has tags", lambda eni: bool(eni.tags))
DESCRIBED = eni_has("the interface has a description", lambda eni: bool(eni.description))
NAMED = eni_has("the interface has a name", lambda eni: bool(eni.name))
RELEASED = eni_has("DeleteOnRelease is true", lambda eni: eni.delete_on_release)
GROUPED = eni_has("the interface is in several security groups", lambda eni: len(eni.security_group_ids) > 1)
ADDRESSED = eni_has("the interface has secondary addresses", lambda eni: bool(eni.secondary_ips))
AGAIN = eni_has("the interface was detached before", lambda eni: eni.detaches > 0)
OWNER_ACCOUNT = When("OwnerAccount is given", lambda call: "OwnerAccount" in call.params)
SECOND_REGION = When("the region is not cn-hangzhou", lambda call: call.get("RegionId") != "cn-hangzhou")
SECOND_ZONE = When(
    "the instance lies in the second zone of its region",
    lambda call: call.instance is not None and call.instance.zone == REGIONS[call.instance.region].zones[1],
)
RESTARTED = When(
    "the instance was stopped and started, or rebooted",
    lambda call: call.instance is not None and call.instance.boots > 1,
)
SIBLING_DETACHING = When(
    "another interface of the instance is Detaching",
    lambda call: (
        any(each.state == "Detaching" for each in siblings(call.eni, call.instance)) if call.eni is not None else False
    ),
)
SIBLING = When(
    "the instance has another secondary interface",
    lambda call: call.eni is not None and bool(siblings(call.eni, call.instance)),
)
FULL = When(
    "all places of the instance are taken",
    lambda call: call.instance is not None and len(call.instance.interfaces) >= call.instance.type.interfaces,
)
OTHER_VSWITCH = When(
    "the interface lies in another vSwitch than its instance",
    lambda call: call.eni is not None and call.instance is not None and call.eni.vswitch_id != call.instance.vswitch_id,
)
EXTRA = When(
    "an unknown parameter is given",
    lambda call: bool(set(call.params) - _DECLARED),
)
