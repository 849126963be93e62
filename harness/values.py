"""What the wire brought, as values: one request and its answer, and one look at the target.

An Exchange is complete evidence: everything a reader needs to send the same request again, and everything that was
received, also when nothing came back. Secrets never enter it (`redact` guards every way to disk). A Snapshot holds
every field that the describe operations showed, flattened; lists lose their order, and fields that the suite has never
heard of are kept: a frame condition is only as strong as what it compares. Pure.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from eni_conformance.contract.texts import TextKind

Pair = tuple[str, str]
"""A name and a value. Bytes that are not UTF-8 travel as surrogate escapes."""

Outcome = Literal["answered", "timeout", "reset", "refused", "tls", "unreadable"]
"""answered: status line, headers and a whole body. timeout: the deadline passed before that. reset: the
connection ended before that. refused: no connection. tls: the handshake failed. unreadable: not HTTP, or a
body that is larger than the cap or cannot be decoded (bad chunking, broken compression)."""


@dataclass(frozen=True)
class Request:
    """The request as sent. `pairs` are the operation's own parameters in wire order, unencoded."""

    action: str
    version: str
    method: str
    url: str
    pairs: tuple[Pair, ...]
    headers: tuple[Pair, ...]
    body: bytes
    caller: str
    signing: str


@dataclass(frozen=True)
class Param:
    """One parameter as sent. `kind` says how its text was made."""

    name: str
    text: str
    kind: TextKind = "exact"


@dataclass(frozen=True)
class Asked:
    """One call as the endpoint sees it: parameters in wire order, and who called."""

    params: tuple[Param, ...]
    caller: str = "account"


@dataclass(frozen=True)
class Deed:
    """One operation of the surroundings with real ids. attribute, value: what is modified, as descriptions show it, and
    what it becomes."""

    op: str
    eni: str = ""
    instance: str = ""
    attribute: str = "Description"
    value: str = ""

    @property
    def moves(self) -> str:
        """The resource that it changes."""
        return self.eni if self.op in ("attach", "delete", "modify") else self.instance


@dataclass(frozen=True)
class Exchange:
    """One request and its answer.

    id: unique within the run. at: Unix seconds when it was sent. seconds: until the last byte or the failure.
    attempts: how often it was sent in all; earlier attempts were throttled or told 503 and are not judged.
    throttled: the last answer, too, was a throttling or 503 answer, so nothing was learned.
    resent: it had been sent before on a kept connection that ended without a byte, and may have been carried out then.
    status, headers, body: as received, body still compressed if the endpoint compressed it.
    detail: for outcomes other than answered, one line that says what went wrong.
    """

    id: str
    sent: Request
    at: float
    seconds: float
    outcome: Outcome
    status: int = 0
    reason: str = ""
    headers: tuple[Pair, ...] = ()
    body: bytes = b""
    detail: str = ""
    attempts: int = 1
    throttled: bool = False
    resent: bool = False


Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """One look: flattened fields of each interface and instance by id. at: seconds since the epoch."""

    at: float
    enis: Mapping[str, Fields] = field(default_factory=dict)
    instances: Mapping[str, Fields] = field(default_factory=dict)

    def status(self, resource: str) -> str:
        """The status of an interface or instance, "" if it is not there."""
        fields = self.enis.get(resource) or self.instances.get(resource) or {}
        return str(fields.get("Status", ""))

    def link(self, eni: str) -> str:
        """The instance that an interface shows itself attached to, "" if none."""
        fields = self.enis.get(eni, {})
        return str(fields.get("InstanceId") or fields.get("Attachment.InstanceId") or "")

    def listed_on(self, eni: str) -> str:
        """The instance that lists this interface, "" if none."""
        return next((i for i in self.instances if eni in self.held(i)), "")

    def held(self, instance: str) -> frozenset[str]:
        """The interfaces that an instance shows, by id."""
        shown = self.instances.get(instance, {}).get("NetworkInterfaces", ())
        return frozenset(map(_entry_id, shown))


@functools.lru_cache(maxsize=4096)
def _entry_id(entry: str) -> str:
    return str(json.loads(entry).get("NetworkInterfaceId", ""))


_FLAT: dict[int, tuple[Mapping[str, Any], Fields]] = {}


def flattened(value: Mapping[str, Any]) -> Fields:
    """As `flatten`; for the same object (not an equal one) what was made of it before. Nobody may change either."""
    known = _FLAT.get(id(value))
    if known is None:
        if len(_FLAT) >= 2000:
            _FLAT.clear()
        known = _FLAT[id(value)] = (value, flatten(value))  # holding it keeps its id from being given away
    return known[1]


def flatten(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested fields as dotted paths; a list becomes a sorted tuple of JSON texts; empty means absent.

    The wrapper that ECS puts around lists ({"Tags": {"Tag": [...]}}) is taken off.
    """
    out: dict[str, Any] = {}
    for key, item in value.items():
        path = f"{prefix}{key}"
        if isinstance(item, dict):
            inner = list(item.values())
            if len(inner) == 1 and isinstance(inner[0], list):
                item = inner[0]
            else:
                out.update(flatten(item, f"{path}."))
                continue
        if isinstance(item, list):
            if item:
                out[path] = tuple(sorted(json.dumps(_plain(e), sort_keys=True) for e in item))
        elif item is not None and item != "":
            out[path] = item
    return out


def _plain(item: Any) -> Any:
    """A list element without the order of inner lists and without empty fields."""
    if isinstance(item, dict):
        kept = ((k, v) for k, v in item.items() if v not in (None, "", [], {}))
        return {k: _plain(v) if isinstance(v, (dict, list)) else v for k, v in kept}
    if isinstance(item, list):
        return sorted((_plain(e) for e in item), key=lambda e: json.dumps(e, sort_keys=True))
    return item
