"""Two runs, answer by answer: to which kinds of call did two endpoints answer differently?

A kind of call is what does not depend on the endpoint: the requirements that the call breaks, the states of what it
names, who calls, and how each parameter was made. Pure; nothing is judged: either answer may be admissible.
"""

from __future__ import annotations

from dataclasses import dataclass

from eni_conformance.oracle.results import Results

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


def parity(a: Results, b: Results) -> Parity:
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


def recorded(results: Results) -> bool:
    """Whether this is a recording of an endpoint rather than a run."""
    return results.recording is not None


def _answers(results: Results) -> dict[str, frozenset[str]]:
    told = results.answers or {}
    return {key: frozenset(counts) for key, counts in told.items() if counts}
