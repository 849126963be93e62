"""Attributes at their documented limits, and at their emptiest, that a detach does not keep.

Words of named faults alone.
"""

from __future__ import annotations

from collections.abc import Callable

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.state import NetworkInterface
from eni_conformance.emulator.words.effects import accepted
from eni_conformance.emulator.words.family import named
from eni_conformance.emulator.words.persistence import Moment
from eni_conformance.emulator.words.scene import Hooks

_SIZES: dict[str, Callable[[NetworkInterface], int]] = {
    "tags": lambda eni: len(eni.tags),
    "name": lambda eni: len(eni.name),
    "description": lambda eni: len(eni.description),
    "addresses": lambda eni: len(eni.secondary_ips),
    "groups": lambda eni: len(eni.security_group_ids),
}


def _cut(eni: NetworkInterface, what: str, most: int) -> None:
    match what:
        case "tags":
            eni.tags = dict(list(eni.tags.items())[:most])
        case "name":
            eni.name = eni.name[:most]
        case "description":
            eni.description = eni.description[:most]
        case "addresses":
            eni.secondary_ips = eni.secondary_ips[:most]
        case _:
            eni.security_group_ids = eni.security_group_ids[:most]


def _cuts(gate: Moment, argument: str) -> Hooks:
    """`WHAT:N`: of what is longer than N, the first N are kept."""
    what, _, most = argument.partition(":")

    def act(call: Call, eni: NetworkInterface) -> None:
        _cut(eni, what, int(most))

    return accepted(gate, act, lambda call, eni: _SIZES[what](eni) > int(most))


def _loses_short(gate: Moment, argument: str) -> Hooks:
    """`WHAT:N`: what is there, but not longer than N, is lost."""
    what, _, most = argument.partition(":")

    def act(call: Call, eni: NetworkInterface) -> None:
        _cut(eni, what, 0)

    return accepted(gate, act, lambda call, eni: 0 < _SIZES[what](eni) <= int(most))


_FILLED: dict[str, Callable[[NetworkInterface], None]] = {
    "name": lambda eni: setattr(eni, "name", eni.id),
    "description": lambda eni: setattr(eni, "description", "detached"),
}


def _fills(gate: Moment, what: str) -> Hooks:
    """What is empty gets a text."""
    return accepted(gate, lambda call, eni: _FILLED[what](eni), lambda call, eni: not _SIZES[what](eni))


NAMED_LIMITS = (
    named("cuts", _cuts),
    named("loses-short", _loses_short),
    named("fills", _fills),
)
