"""The lines of a ledger, and what they come to. Pure.

    {"event": "run", "run": "...", "where": "...", "at": 1764000000.0}
    {"event": "intent", "n": 1, "kind": "eni", "action": "CreateNetworkInterface", "token": "...", "at": ...}
    {"event": "made", "n": 1, "kind": "eni", "id": "eni-..."}
    {"event": "refused", "n": 1, "kind": "eni", "why": "..."}
    {"event": "brought", "id": "i-...", "eni": "eni-..."}    an instance was made with this primary interface
    {"event": "gone", "id": "eni-...", "at": 1764000000.0}
    {"event": "closing"}                          the run is being taken down: nothing more may be created
    {"event": "settled", "at": 1764000000.0}      nothing of the intents before this moment is left

A line that was cut off, or that a later version added, is passed over, and so is a key that is not known.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from eni_conformance.contract import codec

KINDS = ("eni", "instance", "security_group", "vswitch", "vpc")


@dataclass(frozen=True, kw_only=True)
class Line:
    """What every line may have. extra: keys that are not known here."""

    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Opened(Line):
    """A worker of the run opened its ledger. where: endpoint and region, "" if not known yet. at: Unix seconds."""

    event: Literal["run"] = "run"
    run: str
    where: str = ""
    at: float


@dataclass(frozen=True, kw_only=True)
class Intent(Line):
    """A creating call is about to be sent. n: its number at this worker. token: its ClientToken."""

    event: Literal["intent"] = "intent"
    n: int
    kind: str
    action: str
    token: str
    at: float


@dataclass(frozen=True, kw_only=True)
class Made(Line):
    """The call of this number succeeded."""

    event: Literal["made"] = "made"
    n: int
    kind: str
    id: str


@dataclass(frozen=True, kw_only=True)
class Refused(Line):
    """The call of this number certainly created nothing."""

    event: Literal["refused"] = "refused"
    n: int
    kind: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Brought(Line):
    """An instance was made with this primary interface."""

    event: Literal["brought"] = "brought"
    id: str
    eni: str


@dataclass(frozen=True, kw_only=True)
class Gone(Line):
    """A resource was seen to be gone. at: Unix seconds, 0 if that was not noted."""

    event: Literal["gone"] = "gone"
    id: str
    at: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Closing(Line):
    """The run is being taken down."""

    event: Literal["closing"] = "closing"


@dataclass(frozen=True, kw_only=True)
class Settled(Line):
    """Nothing of the intents before this moment (Unix seconds) is left."""

    event: Literal["settled"] = "settled"
    at: float


Event = Opened | Intent | Made | Refused | Brought | Gone | Closing | Settled


def line_of(event: Event) -> bytes:
    """The line that says so."""
    return json.dumps(codec.plain(event), separators=(",", ":")).encode("ascii") + b"\n"


def event_of(line: bytes) -> Event | None:
    """What a line says, None if that cannot be told."""
    try:
        made: Event = codec.build(Event, json.loads(line), "ledger")  # type: ignore[arg-type]  # a union is no class
    except (ValueError, RecursionError):
        return None
    return made


@dataclass(frozen=True)
class Owned:
    """One resource, or one that may exist (`id` empty: announced, but no answer was recorded)."""

    kind: str
    id: str
    action: str
    token: str
    at: float
    worker: str
    n: int


@dataclass(frozen=True)
class Book:
    """What the ledger files of a directory say. `open`: intents without an outcome.

    where: the endpoint and region that the resources are in, "" if it was not noted. started: Unix seconds.
    gone: when what is gone was seen to be gone, Unix seconds, 0 if that was not noted. brought: the instance of
    each primary interface.
    """

    run_id: str
    where: str
    started: float
    owned: Mapping[str, Owned]
    open: tuple[Owned, ...]
    gone: Mapping[str, float]
    brought: Mapping[str, str]

    def alive(self, kind: str) -> int:
        """How many resources of a kind exist or may exist."""
        made = sum(1 for o in self.owned.values() if o.kind == kind and o.id not in self.gone)
        return made + sum(1 for o in self.open if o.kind == kind)

    def asked_for_after(self, action: str, within: int) -> set[str]:
        """Instances that may belong to an open announcement of this action: those that its worker asked for with the
        next so many entries, and those that were found again by their marks."""
        awaited = [one for one in self.open if one.action == action]

        def may_belong(host: Owned) -> bool:
            return any(
                host.action == "adopt" or (host.worker == one.worker and 0 < host.n - one.n <= within)
                for one in awaited
            )

        return {host.id for host in self.owned.values() if host.kind == "instance" and may_belong(host)}


class Entries:
    """Events, folded as they come; `book` is what they come to."""

    def __init__(self) -> None:
        self.run_id = ""
        self.where = ""
        self.started = 0.0
        self.settled = 0.0
        self.closing = False
        self.owned: dict[str, Owned] = {}
        self.pending: dict[tuple[str, int], Owned] = {}
        self.gone: dict[str, float] = {}
        self.brought: dict[str, str] = {}
        self.alive: Counter[str] = Counter()

    def take(self, worker: str, data: bytes) -> int:
        """Fold the complete lines of `data`; returns how many octets they have."""
        whole = data.rfind(b"\n") + 1
        for line in data[:whole].splitlines():
            event = event_of(line)
            if event is not None:
                self.fold(worker, event)
        return whole

    def fold(self, worker: str, event: Event) -> None:
        """One more event, of this worker."""
        match event:
            case Opened():
                self.run_id = event.run
                self.where = event.where or self.where
                self.started = min(self.started or event.at, event.at)
            case Intent():
                self.alive[event.kind] += 1
                self.pending[worker, event.n] = Owned(
                    event.kind, "", event.action, event.token, event.at, worker, event.n
                )
            case Made():
                self._made(worker, event)
            case Refused():
                closed = self.pending.pop((worker, event.n), None)
                if closed is not None:
                    self.alive[closed.kind] -= 1
            case Brought():
                self.brought[event.eni] = event.id
            case Closing():
                self.closing = True
            case Settled():
                self.settled = max(self.settled, event.at)
            case Gone() if event.id not in self.gone:
                self.gone[event.id] = event.at
                if event.id in self.owned:
                    self.alive[self.owned[event.id].kind] -= 1

    def _made(self, worker: str, event: Made) -> None:
        intent = self.pending.pop((worker, event.n), None)
        if intent is None:
            intent = Owned(event.kind, "", "", "", 0.0, worker, event.n)
            self.alive[intent.kind] += 1
        self.owned[event.id] = replace(intent, id=event.id)
        if event.id in self.gone:
            self.alive[intent.kind] -= 1

    def last(self, worker: str) -> int:
        """The highest number of a call of this worker, 0 if there is none."""
        known = (*self.owned.values(), *self.pending.values())
        return max((one.n for one in known if one.worker == worker), default=0)

    def book(self) -> Book:
        """What all this comes to."""
        return Book(
            self.run_id,
            self.where,
            self.started,
            dict(self.owned),
            tuple(intent for intent in self.pending.values() if intent.at > self.settled),
            dict(self.gone),
            dict(self.brought),
        )
