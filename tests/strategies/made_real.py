"""A World made real without a target, as the oracle sees it; and the rules that every Scenario keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from eni_conformance.contract.codec import build, plain
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import Act, Arg, Call, Detach, Parallel, Probe, Scenario, Step, World
from eni_conformance.contract.texts import kind_of, make_text
from eni_conformance.harness.values import Asked, Param
from eni_conformance.oracle.readings import Admissible, EniKnown, InstanceKnown, Known, admissible

PAGE = CONTRACTS["2019"]
NAMED = {"instance_name": "a-name", "region": "cn-hangzhou", "second_region": "cn-beijing", "zone": "cn-hangzhou-i"}


def identifier(kind: str, place: object) -> str:
    """An identifier of the usual shape; two of them never differ by one character."""
    prefix = "i" if kind == "instance" else "eni"
    return f"{prefix}-bp1{hashlib.sha256(f'{kind}{place}'.encode()).hexdigest()[:17]}"


def known(world: World) -> Known:
    """The World as the oracle sees it; a primary interface on each instance."""
    instances, enis = {}, {}
    for i, host in enumerate(world.instances):
        name, primary = identifier("instance", i), identifier("primary", i)
        instances[name] = InstanceKnown(name, frozenset({host.status}), host.fault)
        enis[primary] = EniKnown(primary, frozenset({"InUse"}), frozenset({name}), "Primary")
    for k, spec in enumerate(world.enis):
        on = "" if spec.on is None else identifier("instance", spec.on)
        eni = identifier("eni", k)
        shown = spec.fault.removeprefix("eni.type=") if spec.fault.startswith("eni.type=") else "Secondary"
        enis[eni] = EniKnown(eni, frozenset({spec.status}), frozenset({on}), shown, spec.fault)
    regions = frozenset({NAMED["region"], NAMED["second_region"]})
    return Known(NAMED["region"], regions, instances, enis, world.faults)


def asked(call: Call) -> Asked:
    """The call with identifiers in place of references."""
    return Asked(tuple(_param(arg) for arg in call.args), call.caller)


def _param(arg: Arg) -> Param:
    kind, _, place = arg.ref.partition(":")
    text = NAMED.get(kind) or (identifier(kind, place) if kind else "")
    region = arg.name == "RegionId" and kind in NAMED
    made = make_text(arg.form, text, region=region)
    return Param(arg.name, made, kind_of(arg.form, region=region) if kind or not made.isprintable() else "exact")


def outcome(world: World, call: Call) -> Admissible:
    """What the page admits for this call in this World."""
    return admissible(PAGE, known(world), asked(call))


def parts(scenario: Scenario) -> Iterator[Step]:
    """The steps, those that are sent at the same moment one by one."""
    for step in scenario.steps:
        yield from step.steps if isinstance(step, Parallel) else (step,)


def calls(scenario: Scenario) -> list[Call]:
    """The calls under test, and those of probes."""
    return [part.call for part in parts(scenario) if isinstance(part, Detach | Probe)]


def fits(scenario: Scenario) -> None:
    """Something is done; every reference lies within the World; the Scenario can be written down and read again."""
    world = scenario.world
    there = {"eni": len(world.enis), "instance": len(world.instances), "region": 1, "second_region": 1, "zone": 1}
    there |= {"primary": there["instance"], "instance_name": there["instance"]}
    assert scenario.steps, scenario.name
    for arg in (arg for call in calls(scenario) for arg in call.args):
        kind, _, place = arg.ref.partition(":")
        assert int(place or 0) < there[kind] if kind else arg.form.startswith("text:"), arg
    for part in parts(scenario):
        assert not isinstance(part, Act) or (part.eni < max(1, there["eni"]) and part.instance < there["instance"])
    assert all(eni.on is None or eni.on < there["instance"] for eni in world.enis)
    assert build(Scenario, plain(scenario), "scenario") == scenario
