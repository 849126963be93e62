"""How this emulator behaves beyond the contract: free choices, and the points where a fault can enter.

`Behaviour` holds the choices that the contract leaves to a service.  `Hooks` lists every point at which the
code of the operations lets somebody else have a say; there is no other way in.  With nothing switched on, all
hooks are empty and the emulator is a correct one.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eni_conformance.emulator.accounts import Caller
    from eni_conformance.emulator.call import Call
    from eni_conformance.emulator.envelope import Refusal, Reply
    from eni_conformance.emulator.state import Cloud, Instance, NetworkInterface, Resource

Row = dict[str, Any]


@dataclass(slots=True)
class Hooks:
    """The points, in the order in which a request meets them."""

    connection: list[Callable[[Cloud, int], bool]] = field(default_factory=list)
    """Before a request is read; gets how many its connection has carried.  True drops request and connection."""
    parameters: list[Callable[[Call, list[tuple[str, str]]], None]] = field(default_factory=list)
    """After parsing: may rewrite `call.params` or raise a Refusal; gets all pairs, duplicates included."""
    arrival: list[Callable[[Call], Refusal | None]] = field(default_factory=list)
    """Before anything is decided: a refusal ends the call."""
    caller: list[Callable[[Call, Caller], Caller]] = field(default_factory=list)
    """The caller that a key stands for."""
    skip: list[Callable[[Call, str], bool]] = field(default_factory=list)
    """For each guard by name: True leaves it out."""
    order: list[Callable[[Call, tuple[Any, ...]], tuple[Any, ...]]] = field(default_factory=list)
    """The guards of a detach in the order in which they are asked."""
    well_formed: list[Callable[[str], bool]] = field(default_factory=list)
    """Whether a text that looks malformed is an id all the same."""
    decision: list[Callable[[Call, Refusal | None], Refusal | None]] = field(default_factory=list)
    """After a detach was decided: the refusal (None: success) may be exchanged."""
    pause: list[Callable[[Call], float]] = field(default_factory=list)
    """Between decision and effect of a detach: seconds to wait, while other requests are served."""
    effect: list[Callable[[Call, NetworkInterface], None]] = field(default_factory=list)
    """After an accepted detach has begun."""
    refused: list[Callable[[Call, Refusal], None]] = field(default_factory=list)
    """After a detach was refused."""
    delay: list[Callable[[Cloud, NetworkInterface, float], float]] = field(default_factory=list)
    """How many seconds the detach takes that begins now."""
    settled: list[Callable[[Cloud, NetworkInterface], None]] = field(default_factory=list)
    """When an interface has become Available after a detach."""
    attach: list[Callable[[Call, Instance, NetworkInterface], Refusal | None]] = field(default_factory=list)
    """Before an attach is accepted: a refusal ends the call."""
    delete: list[Callable[[Call, NetworkInterface], Refusal | None]] = field(default_factory=list)
    """Before the deletion of an interface is accepted: a refusal ends the call."""
    slots: list[Callable[[Instance, int], int]] = field(default_factory=list)
    """The number of interface slots in use at an instance."""
    look: list[Callable[[Call, Sequence[NetworkInterface]], None]] = field(default_factory=list)
    """Before a description looks at these interfaces; may set `call.stale`."""
    listed: list[Callable[[Call, list[Resource]], list[Resource]]] = field(default_factory=list)
    """The resources that a list is about to show, all its pages together."""
    view: list[Callable[[Call, NetworkInterface, Row], None]] = field(default_factory=list)
    """One interface as a describe operation is about to show it."""
    instance_view: list[Callable[[Call, Instance, Row], None]] = field(default_factory=list)
    """One instance as a describe operation is about to show it."""
    matches: list[Callable[[Call, NetworkInterface, bool], bool]] = field(default_factory=list)
    """Whether an interface passes the filters of DescribeNetworkInterfaces."""
    fields: list[Callable[[Call, Reply], None]] = field(default_factory=list)
    """The fields of an answer before they are rendered."""
    reply: list[Callable[[Call, Reply], None]] = field(default_factory=list)
    """The rendered answer: status, headers, bytes."""
    reset: list[Callable[[Cloud, Resource], None]] = field(default_factory=list)
    """Before `reset` of the control protocol undoes what was done to a resource."""


@dataclass(slots=True)
class Behaviour:
    """The choices.  Times are seconds."""

    revision: str = "2019"
    configured_settle: float = 0.05
    settle_seconds: float = 0.05
    answer_seconds: float = 0.0
    settle_jitter: float = 0.0
    shape: str = "default"
    page_limit: int = 0
    lag_seconds: float = 0.0
    lag_least: float = 0.0
    """The least lag of a change, where each has another one up to `lag_seconds`; 0: all have the same."""
    lags: str = ""
    """What lags: "" every description, the name of one operation, or "replica" every second request."""
    hide_link_while_detaching: bool = False
    detaching_shown_after: float = 0.0
    """Descriptions go on showing InUse for so long, unless the control protocol says otherwise."""
    clock_offset: float = 0.0
    """How far the service's clock is ahead of the true one."""
    hex_in_any_case: bool = False
    """Whether the hexadecimal digits of a signature may be of either case."""
    blank_after_values: bool = False
    """Whether each header value of an answer is followed by a blank."""
    attach_at_once: bool = False
    """Whether an attach leads straight to InUse, holds notwithstanding."""
    comes_stopped: bool = False
    """Whether RunInstances leaves its instances Stopped."""
    hold_works: bool = True
    """Whether `hold` of the control protocol does anything."""
    hooks: Hooks = field(default_factory=Hooks)
    faults: list[str] = field(default_factory=list)
    variants: list[str] = field(default_factory=list)
    composed: list[str] = field(default_factory=list)
    random: random.Random = field(default_factory=random.Random)
    counted: dict[str, int] = field(default_factory=dict)
    """The last number of each kind of id, where ids are counted."""

    def restore(self) -> None:
        """Undo every choice that a variant made."""
        fresh = Behaviour()
        self.settle_seconds = self.configured_settle
        for name in _CHOICES:
            setattr(self, name, getattr(fresh, name))

    def settle(self) -> float:
        """How long the next transition takes."""
        if self.settle_jitter:
            return self.settle_seconds * (1 + self.settle_jitter * (2 * self.random.random() - 1))
        return self.settle_seconds

    def shape_id(self, prefix: str, code: str, rest: str) -> str:
        """A resource id out of its prefix, the region's code and random characters."""
        if self.shape == "default":
            return f"{prefix}-{code}{rest}"
        if self.shape == "long":
            return f"{prefix}-{code}{rest}{rest[:8]}"
        if self.shape == "short":
            return f"{prefix}-{rest[:9]}"
        if self.shape == "counting":
            self.counted[prefix] = self.counted.get(prefix, FIRST_COUNTED - 1) + 1
            return f"{prefix}-{code}{self.counted[prefix]:0{len(rest)}d}"
        if self.shape == "odd":
            return f"{prefix}-{_odd(prefix, rest)}"
        number = int(rest, 36)
        return f"{prefix}-{_digits(number, self.shape)}"


_CHOICES = (
    *("settle_jitter", "shape", "page_limit", "lag_seconds", "lag_least", "lags", "hide_link_while_detaching"),
    *("detaching_shown_after", "clock_offset", "hex_in_any_case", "blank_after_values"),
    *("attach_at_once", "comes_stopped", "hold_works", "answer_seconds"),
)
FIRST_COUNTED = 111
_CONSONANTS = "bcdfghjklmnpqrstvwxz0123456789"


def _odd(prefix: str, rest: str) -> str:
    """A UUID for an instance, consonants and digits for an interface, upper case with a dash for the others."""
    digest = hashlib.sha256(rest.encode()).digest()
    if prefix == "i":
        return str(uuid.UUID(bytes=digest[:16], version=4))
    if prefix == "eni":
        return "".join(_CONSONANTS[byte % len(_CONSONANTS)] for byte in digest[:24])
    return f"{rest[:6]}-{rest[6:]}".upper()


def _digits(number: int, shape: str) -> str:
    return f"{number:032x}"[-20:] if shape == "hex" else f"{number:032d}"[-20:]
