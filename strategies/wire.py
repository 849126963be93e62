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

STYLES = ("", "lower", "charset", "plus", "public last", "accept")
OPPOSITE_STYLE = 3
"""From a form's style to that of its twin in the other signature scheme: half of them, so that each place, each format
and each scheme meets every style."""


def _form(number: int, place: int, format_: int, signing: int) -> Wire:
    style = STYLES[(place + format_ + OPPOSITE_STYLE * signing) % len(STYLES)]
    method, where = PLACES[place]
    fresh = number % FRESH_ONE_IN == 3
    return Wire(method, where, FORMATS[format_], SIGNINGS[signing], ORDERS[number % len(ORDERS)], fresh, style)  # type: ignore[arg-type]


WIRES: tuple[Wire, ...] = tuple(
    _form(number, *places)
    for number, places in enumerate(itertools.product(range(len(PLACES)), range(len(FORMATS)), range(len(SIGNINGS))))
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
