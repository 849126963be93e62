"""`-k`: which requirements were chosen, and which part of a Scenario is for them. Pure.

A refusal is documented for calls that break one rule, so of a Scenario only those calls are sent, after what they rest
on. Which rules a call will break is read from the World as it is asked for; what came is judged like any other answer.
Requirements of other kinds (effects, relations, answers, robustness) speak of every call: their Scenarios stay whole.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace

from eni_conformance.contract import rows
from eni_conformance.contract.detach import CONTRACTS, full_id, short_id
from eni_conformance.contract.gateway import PROBES
from eni_conformance.contract.rules import Operation
from eni_conformance.contract.scenario import Act, Arg, Call, Detach, Parallel, Probe, Scenario, Settle, Step, World
from eni_conformance.contract.texts import kind_of
from eni_conformance.harness.texts import SORTS
from eni_conformance.harness.values import Asked, Param
from eni_conformance.oracle.readings import EniKnown, InstanceKnown, Known, admissible

NEAREST = 4
"""Ids that are proposed in place of one that there is not."""
ALSO_BY_RULE = frozenset({rows.INSTANCE_ID, rows.INTERFACE_ID, rows.REGION_ID, rows.PRIMARY_KEPT, rows.OTHER_TENANT})
"""Requirements besides the rows of the two error tables that speak of refused calls alone."""
ACTED = {"attach": "InUse", "delete": "", "start": "Running", "stop": "Stopped", "reboot": "Running"}
"""An operation of the surroundings -> the status that it leads to."""


def chosen(text: str, contract: Operation) -> frozenset[str]:
    """Short ids of the requirements that "E12" or "E12,ENI-DETACH-S01" names, none for "".

    Raises ValueError, with the ids that are nearest, for one that there is not.
    """
    names = [short_id(name.strip().upper()) for name in text.split(",")] if text else []
    for name in names:
        if name not in contract.requirements:
            raise ValueError(_unknown(name, contract))
    return frozenset(names)


def _unknown(name: str, contract: Operation) -> str:
    other = next((r for r, one in CONTRACTS.items() if name in one.requirements), "")
    if other:
        return f"{full_id(name)} is a requirement of revision {other}; add --revision {other}"
    told = {short: f"{row.title} {row.code}".upper() for short, row in contract.requirements.items()}
    near = difflib.get_close_matches(name, told, len(told), 0.5) or [short for short in told if name in told[short]]
    near.sort(key=lambda short: (not short.startswith(name), short))
    nearest = ", ".join(map(full_id, near[:NEAREST])) or "written like " + full_id("E11")
    return f"there is no requirement {name}; the nearest are {nearest}"


def tried_with(wanted: frozenset[str], contract: Operation) -> frozenset[str]:
    """The requirements whose tests are for these: a second spelling of a refusal is tried with the first."""
    return wanted.union(rule.own for rule in contract.checks if wanted.intersection(rule.later))


def refusal(short: str, contract: Operation) -> bool:
    """Whether a requirement speaks of calls that break its rule, and of no others."""
    return contract.requirements[short].kind == "error" or short in ALSO_BY_RULE


def by_rule(short: str, contract: Operation) -> bool:
    """Whether single calls are for a requirement: those that break its rule, or probes of the gateway."""
    probed = contract.requirements[short].kind == "gateway" and short != rows.CORRECTLY_SIGNED
    return probed or refusal(short, contract)


def part(scenario: Scenario, wanted: frozenset[str], contract: Operation) -> Scenario | None:
    """The part of a Scenario that is for these requirements, None if nothing of it is."""
    if not all(by_rule(short, contract) for short in wanted):
        return scenario
    kept = _with_what_they_rest_on(list(_told(scenario, contract)), wanted)
    return replace(scenario, steps=kept) if kept else None


Told = tuple[Step, frozenset[str], frozenset[str], frozenset[str]]
"""A step, the requirements that it is for, the resources that it names, and those that it moves."""


def _with_what_they_rest_on(told: list[Told], wanted: frozenset[str]) -> tuple[Step, ...]:
    """The steps that are for these requirements, and before each what moves the resources that it names."""
    kept: list[tuple[Step, bool]] = []
    needed: frozenset[str] = frozenset()
    for step, requirements, names, moves in reversed(told):
        rests = isinstance(step, Settle) and bool(needed)
        if requirements & wanted or moves & needed:
            needed |= names
            kept.append((step, bool(moves)))
        elif rests:
            kept.append((step, False))
    moved = False
    out = []
    for step, moves_something in reversed(kept):
        if not isinstance(step, Settle) or moved or step.after:
            out.append(step)
        moved = moves_something or (moved and not isinstance(step, Settle))
    return tuple(out)


def _told(scenario: Scenario, contract: Operation) -> Iterator[Told]:
    """What each step is for, names and moves, as the Scenario goes on."""
    known = _known(scenario.world)
    for step in scenario.steps:
        steps = step.steps if isinstance(step, Parallel) else (step,)
        requirements: set[str] = set()
        names: set[str] = set()
        moves: set[str] = set()
        for one in steps:
            match one:
                case Probe(name, call):
                    requirements.add(PROBES[name].requirement)
                    names |= _named(call)
                case Detach(call):
                    expected = admissible(contract, known, _asked(call))
                    rules = [contract.rules[rule] for rule in (*expected.broken, *expected.perhaps)]
                    requirements |= {row for rule in rules for row in (rule.own, *rule.contradicted, *rule.later)}
                    names |= _named(call)
                    if expected.success and expected.target:
                        moves.add(expected.target)
                        known = _moved(known, expected.target, {"Detaching", "Available"})
                case Act(op, eni, instance) if op in ACTED:
                    thing = f"eni:{eni}" if op in ("attach", "delete") else f"instance:{instance}"
                    names |= {thing, f"instance:{instance}"}
                    moves.add(thing)
                    known = _moved(known, thing, {ACTED[op]}, f"instance:{instance}")
                case Settle():
                    known = _rested(known)
        yield step, frozenset(requirements), frozenset(names), frozenset(moves)


# --- what is known of a World that is not arranged yet -----------------------------------------------


def _known(world: World) -> Known:
    """A World as it is asked for; each resource has its reference for an id."""
    instances = {
        f"instance:{n}": InstanceKnown(f"instance:{n}", frozenset({one.status}), one.fault)
        for n, one in enumerate(world.instances)
    }
    enis = {
        f"primary:{n}": EniKnown(f"primary:{n}", frozenset({"InUse"}), frozenset({f"instance:{n}"}), "Primary")
        for n in range(len(world.instances))
    }
    for n, one in enumerate(world.enis):
        host = "" if one.on is None else f"instance:{one.on}"
        enis[f"eni:{n}"] = EniKnown(f"eni:{n}", frozenset({one.status}), frozenset({host}), fault=one.fault)
    regions = frozenset({"region", "second_region"})
    return Known("region", regions, instances, enis, world.faults)


def _moved(known: Known, thing: str, statuses: set[str], host: str = "") -> Known:
    """A resource is in one of these statuses, an interface on `host` where it is in use."""
    if thing in known.instances:
        one = replace(known.instances[thing], statuses=frozenset(statuses))
        return replace(known, instances={**known.instances, thing: one})
    on = frozenset({host}) if statuses == {"InUse"} else known.enis[thing].on | {""}
    eni = replace(known.enis[thing], statuses=frozenset(statuses), on=on)
    return replace(known, enis={**known.enis, thing: eni})


def _rested(known: Known) -> Known:
    """Every detach has ended."""
    for eni in [e for e, one in known.enis.items() if one.statuses == {"Detaching", "Available"}]:
        at_rest = replace(known.enis[eni], statuses=frozenset({"Available"}), on=frozenset({""}))
        known = replace(known, enis={**known.enis, eni: at_rest})
    return known


def _asked(call: Call) -> Asked:
    return Asked(tuple(map(_param, call.args)), call.caller)


def _param(arg: Arg) -> Param:
    """A parameter with its reference for a text."""
    sort = arg.ref.partition(":")[0]
    kind = kind_of(arg.form, region=sort in SORTS["RegionId"] and arg.name == "RegionId")
    if kind in ("exact", "unknown") and sort not in SORTS.get(arg.name, (sort,)):
        kind = "border"
    text = {"exact": arg.ref, "empty": ""}.get(kind, f"{arg.ref} {arg.form}")
    return Param(arg.name, text, kind)


def _named(call: Call) -> set[str]:
    """The resources that a call names; with a primary interface its instance."""
    exact = (arg.ref for arg in call.args if arg.form == "exact" and ":" in arg.ref)
    return {ref.replace("primary", "instance") for ref in exact}
