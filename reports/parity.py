"""Two runs, answer by answer: to which kinds of call did two endpoints answer differently?

A kind of call is what does not depend on the endpoint: the requirements that the call breaks, the states of what it
names, who calls, and how each parameter was made. Pure; nothing is judged: either answer may be admissible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eni_conformance.reports import model

NONE_BROKEN = "valid calls"


@dataclass(frozen=True)
class Difference:
    """A kind of call with different answers. always: no answer of one run ever came in the other."""

    requirement: str
    call: str
    a: tuple[str, ...]
    b: tuple[str, ...]
    always: bool


@dataclass(frozen=True)
class Parity:
    """shared: kinds of call that both runs tried; differ: those of them with different answers."""

    shared: int
    differ: tuple[Difference, ...]

    @property
    def by_requirement(self) -> dict[str, list[Difference]]:
        """The differences, by the requirements that the calls break."""
        groups: dict[str, list[Difference]] = {}
        for one in self.differ:
            groups.setdefault(one.requirement, []).append(one)
        return groups

    @property
    def apart(self) -> bool:
        """Whether some kind of call never gets the same answer."""
        return any(one.always for one in self.differ)


def parity(a: model.Results, b: model.Results) -> Parity:
    """The answers of two runs, side by side."""
    old, new = _answers(a), _answers(b)
    shared = [key for key in old if key in new]
    differ = []
    for key in shared:
        x, y = old[key], new[key]
        if x != y:
            broken, _, call = key.partition(" | ")
            differ.append(Difference(broken or NONE_BROKEN, call, tuple(sorted(x)), tuple(sorted(y)), not x & y))
    return Parity(len(shared), tuple(sorted(differ, key=lambda d: (not d.always, d.requirement, d.call))))


def recorded(results: model.Results) -> bool:
    """Whether this is a recording of an endpoint rather than a run."""
    return bool(results.extra.get("recording"))


def _answers(results: model.Results) -> dict[str, frozenset[str]]:
    told = results.extra.get("answers")
    return {
        str(key): frozenset(map(str, counts))
        for key, counts in (told.items() if isinstance(told, Mapping) else ())
        if isinstance(counts, Mapping) and counts
    }
