"""What is asked of an interface that is made for a World, by whatever operation."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Literal

from eni_conformance.contract.scenario import EniSpec
from eni_conformance.harness import ecs
from eni_conformance.harness.bench.likeness import DESCRIPTIONS, NAMES
from eni_conformance.harness.bench.pool import Bench


def look_of(spec: EniSpec) -> EniSpec:
    """What an interface must look like to serve a spec; a faulty one has a network of its own."""
    own_network = spec.fault.partition(".")[0] if spec.fault.startswith(("vswitch", "security_group")) else ""
    past: Literal["any", "born"] = "born" if spec.past == "born" else "any"
    return replace(spec, on=None, status="Available", past=past, fault=own_network)


def details(bench: Bench, made: EniSpec, vswitch: str = "", group: str = "") -> ecs.Details:
    """The same as a creating operation is told. vswitch, group: those to use instead of the ground's, "" for none."""
    return {
        "groups": min(made.groups, len(bench.ground.security_group_ids)),
        "addresses": made.addresses,
        "name": NAMES[made.name],
        "description": DESCRIPTIONS[made.description],
        "delete_on_release": made.delete_on_release,
        "vswitch_id": vswitch,
        "security_group_id": group,
    }


def other_vswitch(bench: Bench, zone: int) -> str:
    """One more vSwitch in a zone, made the first time; "" where the network is not the run's own or has no room."""
    if zone not in bench.other_vswitches:
        bench.other_vswitches[zone] = ""
        if bench.session.ledger.owns(bench.ground.vpc_id):
            with contextlib.suppress(ecs.SetupError):
                bench.other_vswitches[zone] = ecs.create_vswitch(bench.session, bench.ground, zone)
    return bench.other_vswitches[zone]
