"""Every way to put a call on the wire, and strategies that draw them. Knows nothing of worlds."""

from __future__ import annotations

import functools
import itertools

from eni_conformance.contract.scenario import Wire
from hypothesis import strategies as st

PLACES = (("GET", "query"), ("POST", "query"), ("POST", "form"), ("POST", "mixed"))
FORMATS = ("JSON", "XML", "", "json", "xml")
SIGNINGS = ("v1", "v3")
ORDERS = ("given", "reversed", "sorted", "rotated")

# Place x format x signing in full: 40 wire forms. Order and connection rotate through them.
WIRES: tuple[Wire, ...] = tuple(
    Wire(method, place, format_, signing, ORDERS[i % len(ORDERS)], i % 7 == 3)  # type: ignore[arg-type]
    for i, ((method, place), format_, signing) in enumerate(itertools.product(PLACES, FORMATS, SIGNINGS))
)
PLAIN = Wire()


@functools.cache
def wires() -> st.SearchStrategy[Wire]:
    """Any wire form: the 40 of WIRES with any order of parameters, on an old or a fresh connection."""
    return st.builds(
        lambda wire, order, fresh: Wire(wire.method, wire.place, wire.format, wire.signing, order, fresh == 0),
        st.sampled_from(WIRES),
        st.sampled_from(ORDERS),
        st.integers(0, 7),
    )
