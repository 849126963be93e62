"""Switching faults and variants on and off: the hooks are built anew from the names in force."""

from __future__ import annotations

from eni_conformance.emulator.behaviour import Hooks
from eni_conformance.emulator.named import FAULTS
from eni_conformance.emulator.state import Cloud
from eni_conformance.emulator.variants import VARIANTS
from eni_conformance.emulator.words.grammar import parse


def switch_fault(cloud: Cloud, names: list[str]) -> None:
    """Make exactly these faults active.

    Raises KeyError for a name that this revision does not know, and then changes nothing.
    """
    for name in names:
        if FAULTS[name].revision > cloud.behaviour.revision:
            raise KeyError(name)
    cloud.behaviour.faults = list(names)
    _rebuild(cloud)


def switch_variant(cloud: Cloud, names: list[str]) -> None:
    """Make exactly these variants active.

    Raises KeyError for a name that this revision does not know, and then changes nothing.
    """
    for name in names:
        if VARIANTS[name].revision > cloud.behaviour.revision:
            raise KeyError(name)
    cloud.behaviour.variants = list(names)
    _rebuild(cloud)


def switch_composed(cloud: Cloud, specs: list[str]) -> None:
    """Make exactly these composed behaviours active.  Raises ValueError for a spec outside the grammar."""
    for spec in specs:
        parse(spec)
    cloud.behaviour.composed = list(specs)
    _rebuild(cloud)


def _rebuild(cloud: Cloud) -> None:
    behaviour = cloud.behaviour
    behaviour.hooks = Hooks()
    cloud.scars.clear()
    for instance in cloud.instances.values():
        instance.scar.clear()
    behaviour.restore()
    for name in behaviour.variants:
        VARIANTS[name].install(behaviour)
    for name in behaviour.faults:
        FAULTS[name].install(behaviour)
    for spec in behaviour.composed:
        parse(spec).install(behaviour)
