"""What variants are made of: choices, hooks, what the target file must say, and counting."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from eni_conformance.emulator.behaviour import Behaviour
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.detach import Guard
from eni_conformance.emulator.envelope import Refusal, Reply
from eni_conformance.emulator.state import Cloud

DETACH = "DetachNetworkInterface"
Guards = tuple[Guard, ...]
Declarations = dict[str, dict[str, Any]]
"""Tables of a target file: their keys and values by the table's name."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One other way: attributes of Behaviour, and hooks."""

    name: str
    description: str
    choices: dict[str, Any] = field(default_factory=dict)
    hooks: tuple[tuple[str, Callable[..., Any]], ...] = ()
    revision: str = "2019"
    """The first edition of the page that leaves this choice."""
    target: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the target file must say besides: keys and values by table."""

    def install(self, behaviour: Behaviour) -> None:
        """Make the choices and add the hooks."""
        for name, value in self.choices.items():
            setattr(behaviour, name, value)
        for point, hook in self.hooks:
            getattr(behaviour.hooks, point).append(hook)

    def row(self) -> dict[str, str]:
        """What `--list-variants` shows; `target` is TOML, empty if the target file need not say anything."""
        touches = " ".join(sorted({*self.choices, *(point for point, _ in self.hooks)}))
        return {
            "name": self.name,
            "description": self.description,
            "touches": touches,
            "target": "\n".join(
                f"{table}.{key} = {json.dumps(value)}"
                for table, values in self.target.items()
                for key, value in values.items()
            ),
        }


def declared(variants: Iterable[Variant]) -> Declarations:
    """What a target file must say for all these variants together: the longest time, what all of them offer."""
    merged: Declarations = {}
    for variant in variants:
        for table, values in variant.target.items():
            here = merged.setdefault(table, {})
            for key, value in values.items():
                here[key] = _together(here[key], value) if key in here else value
    return merged


def _together(one: Any, other: Any) -> Any:
    if isinstance(one, list):
        return [value for value in one if value in other]
    return max(one, other)


def count(cloud: Cloud, name: str) -> int:
    """How many occasions of this name there were, this one included."""
    seen = cloud.scars.setdefault(f"turn of {name}", {"times": 0})
    seen["times"] += 1
    return int(seen["times"])


def turn(cloud: Cloud, name: str, number: int) -> bool:
    """Count an occasion of this name; true for every so-many-th of them."""
    return count(cloud, name) % number == 0


def every(number: int, status: int, code: str, message: str, retry_after: int = 0) -> Callable[[Call], Refusal | None]:
    """Every so-many-th call, of any operation, is refused and not carried out."""

    def arrival(call: Call) -> Refusal | None:
        if not turn(call.cloud, f"{number} {code}", number):
            return None
        refusal = Refusal(status, code, message)
        if retry_after:
            refusal.headers.append(("x-acs-retry-after", str(retry_after)))
        return refusal

    return arrival


def refused(reply: Reply) -> bool:
    """Whether the answer is an error."""
    return reply.root == "Error"


def describes(call: Call) -> bool:
    """Whether the operation only describes."""
    return call.action.startswith("Describe")
