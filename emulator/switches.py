"""Switching faults and variants on and off: the hooks are built anew from the names in force.

The hundreds of faults and variants, and the words that they are written in, are imported when one of them is switched
on: they take longer than all the rest of the emulator's start, and most emulators have none.
"""

from __future__ import annotations

from collections.abc import Mapping

from eni_conformance.emulator.behaviour import Hooks
from eni_conformance.emulator.state import Cloud


def switch_fault(cloud: Cloud, names: list[str]) -> None:
    """Make exactly these faults active.

    Raises KeyError for a name that this revision does not know, and then changes nothing.
    """
    if names:
        from eni_conformance.emulator.named import FAULTS

        _check(cloud, {name: FAULTS[name].revision for name in names})
    cloud.behaviour.faults = list(names)
    _rebuild(cloud)


def switch_variant(cloud: Cloud, names: list[str]) -> None:
    """Make exactly these variants active.

    Raises KeyError for a name that this revision does not know, and then changes nothing.
    """
    if names:
        from eni_conformance.emulator.variants import VARIANTS

        _check(cloud, {name: VARIANTS[name].revision for name in names})
    cloud.behaviour.variants = list(names)
    _rebuild(cloud)


def switch_composed(cloud: Cloud, specs: list[str]) -> None:
    """Make exactly these composed behaviours active.  Raises ValueError for a spec outside the grammar."""
    if specs:
        from eni_conformance.emulator.words.grammar import parse

        for spec in specs:
            parse(spec)
    cloud.behaviour.composed = list(specs)
    _rebuild(cloud)


def _check(cloud: Cloud, revisions: Mapping[str, str]) -> None:
    for name, revision in revisions.items():
        if revision > cloud.behaviour.revision:
            raise KeyError(name)


def _rebuild(cloud: Cloud) -> None:
    behaviour = cloud.behaviour
    behaviour.hooks = Hooks()
    cloud.scars.clear()
    for instance in cloud.instances.values():
        instance.scar.clear()
    behaviour.restore()
    if behaviour.variants:
        from eni_conformance.emulator.variants import VARIANTS

        for name in behaviour.variants:
            VARIANTS[name].install(behaviour)
    if behaviour.faults:
        from eni_conformance.emulator.named import FAULTS

        for name in behaviour.faults:
            FAULTS[name].install(behaviour)
    if behaviour.composed:
        from eni_conformance.emulator.words.grammar import parse

        for spec in behaviour.composed:
            parse(spec).install(behaviour)
