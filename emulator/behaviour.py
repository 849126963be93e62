"""How this emulator behaves beyond the contract: free choices, and the points where a fault can enter.

`Behaviour` holds the choices that the contract leaves to a service.  `Hooks` lists every point at which the
code of the operations lets somebody else have a say; there is no other way in.  With nothing switched on, all
hooks are empty and the emulator is a correct one.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.call import Call
    from emulator.envelope import Refusal, Reply
    from emulator.state import Cloud, Instance, NetworkInterface

Row = dict[str, Any]


@dataclass(slots=True)
class Hooks:
    """The points, in the order in which a request meets them."""

    parameters: list[Callable[[Call, list[tuple[str, str]]], None]] = field(default_factory=list)
    """After parsing: may rewrite `call.params`; gets all pairs, duplicates included."""
    arrival: list[Callable[[Call], Refusal | None]] = field(default_factory=list)
    """Before anything is decided: a refusal ends the call."""
    skip: list[Callable[[Call, str], bool]] = field(default_factory=list)
    """For each guard by name: True leaves it out."""
    order: list[Callable[[Call, tuple[Any, ...]], tuple[Any, ...]]] = field(default_factory=list)
    """The guards of a detach in the order in which they are asked."""
    decision: list[Callable[[Call, Refusal | None], Refusal | None]] = field(default_factory=list)
    """After a detach was decided: the refusal (None: success) may be exchanged."""
    pause: list[Callable[[Call], float]] = field(default_factory=list)
    """Between decision and effect of a detach: seconds to wait, while other requests are served."""
    effect: list[Callable[[Call, NetworkInterface], None]] = field(default_factory=list)
    """After an accepted detach has begun."""
    refused: list[Callable[[Call, Refusal], None]] = field(default_factory=list)
    """After a detach was refused."""
    settled: list[Callable[[Cloud, NetworkInterface], None]] = field(default_factory=list)
    """When an interface has become Available after a detach."""
    attach: list[Callable[[Call, Instance, NetworkInterface], Refusal | None]] = field(default_factory=list)
    """Before an attach is accepted: a refusal ends the call."""
    slots: list[Callable[[Instance, int], int]] = field(default_factory=list)
    """The number of interface slots in use at an instance."""
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


@dataclass(slots=True)
class Behaviour:
    """The choices.  Times are seconds."""

    revision: str = "2019"
    configured_settle: float = 0.05
    settle_seconds: float = 0.05
    settle_jitter: float = 0.0
    shape: str = "default"
    page_limit: int = 0
    lag_seconds: float = 0.0
    lags: str = ""
    """What lags: "" every description, the name of one operation, or "replica" every second request."""
    hide_link_while_detaching: bool = False
    hooks: Hooks = field(default_factory=Hooks)
    faults: list[str] = field(default_factory=list)
    variants: list[str] = field(default_factory=list)
    composed: list[str] = field(default_factory=list)
    random: random.Random = field(default_factory=random.Random)

    def restore(self) -> None:
        """Undo every choice that a variant made."""
        fresh = Behaviour()
        self.settle_seconds = self.configured_settle
        self.settle_jitter, self.shape = fresh.settle_jitter, fresh.shape
        self.page_limit, self.lag_seconds = fresh.page_limit, fresh.lag_seconds
        self.lags = fresh.lags
        self.hide_link_while_detaching = fresh.hide_link_while_detaching

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
        number = int(rest, 36)
        return f"{prefix}-{_digits(number, self.shape)}"


def _digits(number: int, shape: str) -> str:
    return f"{number:032x}"[-20:] if shape == "hex" else f"{number:032d}"[-20:]
