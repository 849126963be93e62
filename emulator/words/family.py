"""What an effect word is: a row that turns a gate into hooks.

An effect is a name with arguments, its class, a sentence, the facts of the worlds in which it can show, and a
builder.  The gate is asked only where the effect would make a difference, and never where the page admits what the
effect would do.  `share` estimates the part of a varied suite's calls in which the effect can show at all, and
`glance` the part of those in which a look that comes with every call reveals it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eni_conformance.emulator.words.persistence import Gate, Moment
from eni_conformance.emulator.words.scene import NOWHERE, Facts, Hooks, facts

Builder = Callable[[Gate, str], Hooks]


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect with its argument."""

    name: str
    kind: str
    words: str
    facts: Facts
    share: float
    glance: float
    build: Callable[[Gate], Hooks]
    conforming: bool = False
    choices: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """An effect with the arguments that it takes ("" for none)."""

    name: str
    kind: str
    arguments: tuple[str, ...]
    make: Callable[[str], Effect]
    conforming: bool = False


def family(
    name: str,
    kind: str,
    words: str,
    build: Builder,
    arguments: tuple[str, ...] = ("",),
    share: float | Callable[[str], float] = 0.4,
    glance: float = 1.0,
    needs: Callable[[str], Facts] | None = None,
    where: Facts = NOWHERE,
) -> Family:
    """A row of the table of effects.  `words` holds %s for the argument if there is one."""

    def make(argument: str) -> Effect:
        return Effect(
            f"{name}({argument})" if argument else name,
            kind,
            words.replace("%s", argument),
            {**where, **(needs(argument) if needs is not None else {})},
            share(argument) if callable(share) else share,
            glance,
            lambda gate: build(gate, argument),
        )

    return Family(name, kind, arguments, make)


VALID: Facts = facts(
    outcome="accepted",
    caller="account",
    eni="known",
    instance="known",
    type="Secondary",
    status="Running Stopped",
    state="InUse Detaching",
    linked="yes",
)
MomentBuilder = Callable[[Moment, str], Hooks]


def named(name: str, build: MomentBuilder) -> Family:
    """A word of named faults alone: it takes any argument that its builder knows, and is never drawn."""

    def make(argument: str) -> Effect:
        def hooks(gate: Gate) -> Hooks:
            assert isinstance(gate, Moment)
            return build(gate, argument)

        return Effect(f"{name}({argument})" if argument else name, "", "", NOWHERE, 0.0, 1.0, hooks)

    return Family(name, "", (), make)


REFUSED: Facts = facts(outcome="refused")
