"""Other ways to be right: what the contract leaves open, decided differently.

A variant changes choices of `Behaviour` or enters through its hooks.  An emulator with any of them switched on
still conforms: a client or a test that trips over one relied on something that nobody promised.  Some need a word
in the target file, because no client can guess them; `Variant.target` holds it.
"""

from __future__ import annotations

from eni_conformance.emulator.variants.answers import ANSWERS
from eni_conformance.emulator.variants.choices import CHOICES, parameters_are_known
from eni_conformance.emulator.variants.kit import Variant
from eni_conformance.emulator.variants.moments import MOMENTS
from eni_conformance.emulator.variants.views import VIEWS
from eni_conformance.emulator.variants.worlds import WORLDS

__all__ = ["VARIANTS", "Variant", "parameters_are_known"]


def _register(*tables: tuple[Variant, ...]) -> dict[str, Variant]:
    found: dict[str, Variant] = {}
    for variant in (variant for table in tables for variant in table):
        if variant.name in found:
            raise ValueError(f"variant {variant.name} is there twice")
        found[variant.name] = variant
    return found


VARIANTS = _register(CHOICES, ANSWERS, WORLDS, MOMENTS, VIEWS)
