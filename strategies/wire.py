"""Every way to put a call on the wire, and strategies that draw them. Knows nothing of worlds."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

from eni_conformance.contract.scenario import Wire
from hypothesis import strategies as st

PLACES = (("GET", "query"), ("POST", "query"), ("POST", "form"), ("POST", "mixed"))
FORMATS = ("JSON", "XML", "", "json", "xml")
SIGNINGS = ("v1", "v3")
ORDERS = ("given", "reversed", "sorted", "rotated")
FRESH_ONE_IN = 7
"""One form in so many goes out on a new connection. No divisor of 40, so that every place and format meets it."""

STYLES = ("", "lower", "charset", "plus", "", "public last", "charset", "accept", "")
"""Ways to write a form, in turn: no divisor of 40 either, so that each meets every place that it matters to."""

WIRES: tuple[Wire, ...] = tuple(
    Wire(method, place, format_, signing, ORDERS[i % len(ORDERS)], i % FRESH_ONE_IN == 3, STYLES[i % len(STYLES)])  # type: ignore[arg-type]
    for i, ((method, place), format_, signing) in enumerate(itertools.product(PLACES, FORMATS, SIGNINGS))
)
"""Place x format x signing in full: 40 wire forms. Order, connection and style rotate through them."""
PLAIN = Wire()

STEP = 7
"""From one form to the next: odd, so that the signature scheme changes each time, and prime to 40, so that 40 calls in
a row meet all forms."""
OPPOSITE = 21
"""The form this far away differs in place, in format and in signing."""


def in_turn(start: int = 0, step: int = STEP) -> Iterator[Wire]:
    """All wire forms, again and again. `start`: where in WIRES; Scenarios of a table begin at their own number."""
    return (WIRES[(start + step * n) % len(WIRES)] for n in itertools.count())


@functools.cache
def wires() -> st.SearchStrategy[Wire]:
    """Any wire form: the 40 of WIRES with any order of parameters, on an old or, one in eight, a fresh connection."""
    return st.builds(
        lambda wire, order, eighth: Wire(
            wire.method, wire.place, wire.format, wire.signing, order, eighth == 0, wire.style
        ),
        st.sampled_from(WIRES),
        st.sampled_from(ORDERS),
        st.integers(0, 7),
    )
