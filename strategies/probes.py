"""Probes of the gateway: one thing wrong in each, over methods, places, formats and both signature schemes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from eni_conformance.contract.scenario import (
    Call,
    Detach,
    EniSpec,
    InstanceSpec,
    Probe,
    Scenario,
    Settle,
    Step,
    Wire,
    World,
)
from eni_conformance.strategies.calls import OWNER, REGION, valid
from eni_conformance.strategies.wire import WIRES
from eni_conformance.strategies.worlds import PLAINER, RICH

PLAIN_WORLD = World((InstanceSpec(),), (EniSpec(), EniSpec()))
WORLDS = (
    World((InstanceSpec(),), (RICH, PLAINER)),
    World((InstanceSpec("Stopped"),), (EniSpec(delete_on_release=True), EniSpec(past="reattached"))),
    World((InstanceSpec(past="restarted"),), (PLAINER, EniSpec(addresses=2, groups=2))),
)
"""A refused call must be refused whatever it names; the Worlds take turns."""


def forms(scheme: str, methods: tuple[str, ...], few: bool) -> list[Wire]:
    """Wire forms that a probe is tried in."""
    fit = [w for w in WIRES if (scheme in ("both", w.signing)) and w.method in methods]
    if "GET" not in methods:
        fit = [w for w in fit if w.place == "form"]
    chosen: dict[tuple[str, str, str], Wire] = {}
    for wire in fit:
        chosen.setdefault((wire.method, wire.place, wire.signing), wire)
    out = list(chosen.values())
    return out if few else out + [w for w in fit if w.format in ("XML", "") and w not in out]


THOROUGH = ("signature with one character changed", "sent twice, byte for byte", "two hours old", "unknown AccessKeyId")
"""Probes that are tried in all 40 wire forms in every run, every other time with OwnerAccount."""


def thorough(table: Mapping[str, tuple[str, str, tuple[str, ...]]]) -> Iterator[Scenario]:
    """The plainest probe of a row in every wire form, with and without a parameter riding along."""
    for name in THOROUGH:
        if name in table:
            wires = (*WIRES, *WIRES[1::3])
            for turn, world in enumerate(WORLDS):
                steps = [
                    Probe(name, Call((*valid(n // 3 % 2).args, *((OWNER,) if n % 2 else ())), wire))
                    for n, wire in enumerate(wires)
                    if n % len(WORLDS) == turn
                ]
                yield Scenario(world, tuple(steps), name=name)


def probes(table: Mapping[str, tuple[str, str, tuple[str, ...]]], few: bool) -> Iterator[Scenario]:
    """For each probe: in every form, on a valid call and on calls that the operation itself would refuse.

    table: name -> (requirement, scheme, methods). A look at the end shows that nothing was carried out.
    """
    broken = Call((REGION, valid(0).args[2]))
    for name, (row, scheme, methods) in table.items():
        steps: list[Step] = []
        for n, wire in enumerate(forms(scheme, methods, few)):
            base = valid(n % 2) if n % 3 else (broken if "id changed" not in name else valid(0))
            steps.append(Probe(name, Call(base.args, wire)))
        yield Scenario((PLAIN_WORLD, *WORLDS)[int(row[1:]) % 4], tuple(steps), name=name)


def controls(names: tuple[str, ...]) -> Iterator[Scenario]:
    """Positive controls: correctly signed calls that must get as far as the operation."""
    for name in names:
        broken = Call((REGION, valid(0).args[2]))
        steps: list[Step] = [Probe(name, Call(broken.args, wire)) for wire in WIRES[::9]]
        yield Scenario(PLAIN_WORLD, (*steps, Detach(valid(0)), Settle()), name=name)


def several(table: Mapping[str, tuple[str, str, tuple[str, ...]]]) -> Scenario:
    """Every probe in one World, in one or two wire forms each; the plainest wrong signature in most of them.

    A plain interface and one with more than one of everything take turns. What must be accepted (G08) names no
    instance, so that it changes nothing; what may be carried out comes last.
    """
    steps: list[Step] = []
    for n, (name, (row, scheme, methods)) in enumerate(sorted(table.items(), key=lambda item: item[0] == THOROUGH[1])):
        few = forms(scheme, methods, True)
        chosen = forms(scheme, methods, False) if name == THOROUGH[0] else few[n % 3 :: 3][:2] or few[:1]
        for k, wire in enumerate(chosen):
            about = valid((n + k) % 2).args if row != "G08" else (REGION, valid(0).args[2])
            steps.append(Probe(name, Call((*about, *((OWNER,) if k % 2 else ())), wire)))
    return Scenario(World((InstanceSpec(),), (RICH, EniSpec())), tuple(steps), name="gateway sweep")
