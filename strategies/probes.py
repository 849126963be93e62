"""Probes of the gateway: one thing wrong in each, over methods, places, formats and both signature schemes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from eni_conformance.contract import gateway
from eni_conformance.contract.scenario import Call, Detach, EniSpec, Probe, Scenario, Settle, Step, Wire
from eni_conformance.strategies.calls import OWNER, on, valid, without
from eni_conformance.strategies.wire import WIRES
from eni_conformance.strategies.worlds import PAIR, PLAINER, RICH, TWINS, alone

THOROUGH = ("signature with one character changed", "sent twice, byte for byte", "two hours old", "unknown AccessKeyId")
"""The plainest probe of some rows: tried in all 40 wire forms in every run, every other time with OwnerAccount."""
PLAINEST = THOROUGH[0]
WORLDS = (
    PAIR,
    alone(EniSpec(delete_on_release=True), EniSpec(past="reattached"), status="Stopped"),
    alone(PLAINER, EniSpec(addresses=2, groups=2), past="restarted"),
)
"""A refused call must be refused whatever it names; the Worlds take turns."""


def wire_forms(probe: gateway.Probe) -> list[Wire]:
    """Every wire form that the probe fits; what can be sent by POST alone goes in the form body."""
    fit = [w for w in WIRES if probe.scheme in ("both", w.signing) and w.method in probe.methods]
    return fit if "GET" in probe.methods else [w for w in fit if w.place == "form"]


def of_each_place(probe: gateway.Probe) -> list[Wire]:
    """One form of each method, place and signing."""
    chosen: dict[tuple[str, str, str], Wire] = {}
    for wire in wire_forms(probe):
        chosen.setdefault((wire.method, wire.place, wire.signing), wire)
    return list(chosen.values())


def of_each_format(probe: gateway.Probe) -> list[Wire]:
    """The same, and of each the other formats: XML, and none at all."""
    first = of_each_place(probe)
    return first + [w for w in wire_forms(probe) if w.format in ("XML", "") and w not in first]


BROKEN = without(valid(0), "InstanceId")
"""A call that the operation itself would refuse, so that it changes nothing."""


def thorough(table: Mapping[str, gateway.Probe]) -> Iterator[Scenario]:
    """The plainest probe of a row in every wire form, with and without a parameter riding along."""
    for name in THOROUGH:
        if name not in table:
            continue
        forms = (*WIRES, *WIRES[1::3])  # an odd number of forms, so that each meets OwnerAccount in one turn or other
        enis = itertools.cycle((0, 0, 0, 1, 1, 1))
        calls = [Call((*valid(next(enis)).args, *((OWNER,) if n % 2 else ())), wire) for n, wire in enumerate(forms)]
        for turn, world in enumerate(WORLDS):
            yield Scenario(world, tuple(Probe(name, call) for call in calls[turn :: len(WORLDS)]), name=name)


def probes(table: Mapping[str, gateway.Probe], few: bool) -> Iterator[Scenario]:
    """For each probe: in every form, on a valid call and on calls that the operation itself would refuse. A look at the
    end shows that nothing was carried out. few: one form of each place and signing is enough.
    """
    for world, (name, probe) in zip(itertools.cycle((TWINS, *WORLDS)), table.items(), strict=False):
        bases = itertools.cycle((BROKEN if "id changed" not in name else valid(0), valid(1), valid(0)))
        forms = of_each_place(probe) if few else of_each_format(probe)
        yield Scenario(world, tuple(Probe(name, Call(next(bases).args, wire)) for wire in forms), name=name)


def controls(names: Sequence[str]) -> Iterator[Scenario]:
    """Positive controls: correctly signed calls that must get as far as the operation."""
    for name in names:
        steps: list[Step] = [Probe(name, Call(BROKEN.args, wire)) for wire in WIRES[::9]]
        yield Scenario(TWINS, (*steps, Detach(valid(0)), Settle()), name=name)


def several(table: Mapping[str, gateway.Probe]) -> Scenario:
    """Every probe in one World, in one or two wire forms each; the plainest wrong signature in most of them.

    A plain interface and one with more than one of everything take turns. What must be accepted names no instance, so
    that it changes nothing; what may be carried out comes last.
    """
    world = alone(RICH, EniSpec())
    steps: list[Step] = []
    for n, (name, probe) in enumerate(sorted(table.items(), key=lambda item: item[0] == THOROUGH[1])):
        few = of_each_place(probe)
        chosen = of_each_format(probe) if name == PLAINEST else few[n % 3 :: 3][:2] or few[:1]
        for k, wire in enumerate(chosen):
            about = BROKEN if probe.accept else on(world, (n + k) % 2)
            steps.append(Probe(name, Call((*about.args, *((OWNER,) if k % 2 else ())), wire)))
    return Scenario(world, tuple(steps), name="gateway sweep")
