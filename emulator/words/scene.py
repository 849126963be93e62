"""What words look at: one call with the resources it names, and what happened before it.

What happened before is kept in a `History` per cloud, in the scars, and forgotten when faults are switched.
`Facts` say in words what a world must be like, so that conditions that exclude each other are recognised without
trying.  This file decides nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eni_conformance.emulator.accounts import Caller
from eni_conformance.emulator.call import NOBODY, Call
from eni_conformance.emulator.envelope import Reply
from eni_conformance.emulator.state import Cloud, Instance, NetworkInterface

DETACH = "DetachNetworkInterface"
Hooked = tuple[str, Callable[..., Any]]
"""The name of a hook point, and what is hooked in there."""
Hooks = tuple[Hooked, ...]
Facts = dict[str, frozenset[str]]
NOWHERE: Facts = {}


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


def scar(cloud: Cloud, name: str) -> dict[str, Any]:
    """A memory of what is switched on, by name."""
    found: dict[str, Any] = cloud.scars.setdefault(name, {})
    return found


def siblings(eni: NetworkInterface, home: Instance | None) -> list[NetworkInterface]:
    """The other secondary interfaces of the instance."""
    if home is None:
        return []
    return [each for each in home.interfaces.values() if each is not eni and each.type != "Primary"]


def success(reply: Reply) -> bool:
    """Whether the answer is one of success."""
    return reply.root != "Error"


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
