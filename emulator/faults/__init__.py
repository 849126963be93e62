"""Built-in defects: each a single, named, documented way of being wrong.

A fault is a row of a table in this package: its name, its class, the requirement that it breaks, a sentence,
what it does, and the condition under which it shows (always, unless the row says otherwise).  It enters through
the hooks of `behaviour.py` and nowhere else.  Faults concern DetachNetworkInterface and what can be seen of its
effects; the other operations stay correct, so that worlds can be built.
"""

from __future__ import annotations

from eni_conformance.emulator.faults.answers import ANSWERS
from eni_conformance.emulator.faults.conditional import CONDITIONAL
from eni_conformance.emulator.faults.effects import EFFECTS
from eni_conformance.emulator.faults.kit import CLASSES, Fault
from eni_conformance.emulator.faults.later import LATER
from eni_conformance.emulator.faults.protocol import PROTOCOL
from eni_conformance.emulator.faults.relations import RELATIONS
from eni_conformance.emulator.faults.wire import WIRE


def _register(*tables: tuple[Fault, ...]) -> dict[str, Fault]:
    found: dict[str, Fault] = {}
    for fault in (fault for table in tables for fault in table):
        if fault.name in found or fault.kind not in CLASSES:
            raise ValueError(f"fault {fault.name} is there twice, or its class {fault.kind} is unknown")
        found[fault.name] = fault
    return found


FAULTS = _register(ANSWERS, EFFECTS, WIRE, PROTOCOL, CONDITIONAL, LATER, RELATIONS)
