"""Built-in defects: each a single, named, documented way of being wrong, and a line in the vocabulary of `words`.

A line names one effect, or several that go together, and the condition under which they show (always, unless the
line says otherwise): `changes(tags-lost)@second-eni/every`.  Without a persistence the condition counts at the very
moment at which it is asked, refusals of the gateway included.  Faults concern DetachNetworkInterface and what can be
seen of its effects; the other operations stay correct, so that worlds can be built.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eni_conformance.emulator.behaviour import Behaviour
from eni_conformance.emulator.named import answers, conditional, effects, form, memory, seen
from eni_conformance.emulator.words.grammar import parse_line

CLASSES = (
    *("status", "code", "validation", "state", "authorization"),
    *("effect", "response", "protocol", "robustness", "concurrency"),
)


@dataclass(frozen=True, slots=True)
class Named:
    """One defect.  `requirement` hints at what it violates: an error code, or a topic of the contract."""

    name: str
    kind: str
    requirement: str
    line: str
    description: str
    revision: str = "2019"
    """The first edition of the page under which it can show."""

    def install(self, behaviour: Behaviour) -> None:
        """Add this fault's hooks to those in force."""
        parse_line(self.line).install(f"fault {self.name}", behaviour)

    def row(self) -> dict[str, str]:
        """What `--list-faults` shows."""
        return {
            "name": self.name,
            "class": self.kind,
            "trigger": parse_line(self.line).when,
            "description": self.description,
            "requirement": self.requirement,
        }


def _rows() -> Iterator[Named]:
    for slug, code, status in answers.STATUSES:
        sentence = f"{code} comes with HTTP status {status}."
        yield Named(f"status-{slug}", "status", code, f"recode({code}:{status})", sentence)
    for slug, code, other in answers.CODES:
        sentence = f"Where {code} belongs, the code is {other}."
        yield Named(f"code-{slug}", "code", code, f"recode({code}>{other})", sentence)
    for table in (
        *(answers.MIXED, answers.STATES, answers.IDENTIFIERS, answers.VALIDATION, answers.AUTHORIZATION),
        *(effects.OWN, effects.OTHERS, effects.LINKS, effects.REFUSALS, effects.CONCURRENT),
        *(form.ENVELOPE, form.BYTES, form.ROBUSTNESS, form.PROTOCOL, conditional.CONDITIONAL),
        *(seen.STANDING, seen.LIFETIMES, seen.BORN, seen.LIMITS, seen.FORMS, memory.MEMORY),
    ):
        yield from (Named(*row) for row in table)
    yield from (Named(*row, revision="2024") for row in conditional.LATER)
    yield from (Named(*row) for row in conditional.RELATIONS)


def _register() -> dict[str, Named]:
    found: dict[str, Named] = {}
    for fault in _rows():
        if fault.name in found or fault.kind not in CLASSES:
            raise ValueError(f"fault {fault.name} is there twice, or its class {fault.kind} is unknown")
        found[fault.name] = fault
    return found


FAULTS = _register()
