"""Worlds: a covering array over what a world can be like, the full matrix of states, and the faulty ones.

`varied(...)` returns rows in which every pair of properties (status with zone, tags with past, ...) occurs,
so that a defect behind any two of them is met. Knows nothing of calls.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator

from allpairspy import AllPairs
from eni_conformance.contract.scenario import ENI_STATUSES, INSTANCE_STATUSES, EniSpec, InstanceSpec, World
from hypothesis import strategies as st

# What varies from row to row; the first value is the plain one.
DIMENSIONS: dict[str, tuple[object, ...]] = {
    "status": ("Running", "Stopped"),
    "past": ("fresh", "restarted", "rebooted"),
    "zone": (0, 1),
    "attached": (1, 2, 3),
    "eni_past": ("fresh", "reattached", "moved"),
    "tags": (0, 1, 4),
    "groups": (1, 2, 3),
    "addresses": (1, 2),
    "name": ("plain", "", "long", "unicode", "same"),
    "description": ("", "plain", "long", "unicode"),
    "delete_on_release": (None, True, False),
    "other_vswitch": (False, True),
    "neighbour": ("none", "Available", "Attaching", "Detaching", "Deleting"),
    "second": ("none", "Running", "Stopped"),
}
RICH = EniSpec(tags=3, groups=2, addresses=2, name="unicode", description="unicode", delete_on_release=True)
PLAINER = EniSpec(tags=1, groups=3, name="long", description="plain", delete_on_release=False)
"""An interface with much to lose, and one that differs from it in everything."""
# Statuses that last without the control protocol.
LASTING = frozenset({"Available", "InUse"})


@functools.lru_cache(maxsize=16)
def rows(second_zone: bool, most_attached: int, two_instances: bool, transitional: bool) -> tuple[World, ...]:
    """Worlds that cover every pair of the properties that this target offers.

    most_attached: how many secondary interfaces an instance may hold.
    """
    values = dict(DIMENSIONS)
    if not second_zone:
        values["zone"] = (0,)
    values["attached"] = tuple(n for n in (1, 2, 3) if n <= most_attached) or (1,)
    if not two_instances:
        values["second"] = ("none",)
        values["eni_past"] = ("fresh", "reattached")
    if not transitional:
        values["neighbour"] = ("none", "Available")
    names = list(values)
    out = []
    for row in AllPairs([list(values[n]) for n in names]):
        out.append(_world(dict(zip(names, row, strict=True)), most_attached))
    return tuple(out)


def _world(row: dict[str, object], most_attached: int) -> World:
    """One row as a World: the first interface has the row's properties, the others vary a little."""
    attached = int(str(row["attached"]))
    special = EniSpec(
        on=0,
        past=row["eni_past"],  # type: ignore[arg-type]
        tags=int(str(row["tags"])),
        groups=int(str(row["groups"])),
        addresses=int(str(row["addresses"])),
        name=row["name"],  # type: ignore[arg-type]
        description=row["description"],  # type: ignore[arg-type]
        delete_on_release=row["delete_on_release"],  # type: ignore[arg-type]
        other_vswitch=bool(row["other_vswitch"]),
    )
    plain = EniSpec(on=0, name="same" if row["name"] == "same" else "plain", tags=1)
    # The special interface stands first, in the middle or last, so that its ordinal varies too.
    place = (int(str(row["tags"])) + int(str(row["groups"]))) % attached
    enis = [plain] * attached
    enis[place] = special
    match row["neighbour"]:
        case "Available":
            enis.append(EniSpec(on=None, status="Available"))
        case "Deleting":
            enis.append(EniSpec(on=None, status="Deleting"))
        case "Attaching" | "Detaching" if attached < most_attached:
            enis.append(EniSpec(on=0, status=str(row["neighbour"])))  # type: ignore[arg-type]
        case _:
            pass
    zone = int(str(row["zone"]))
    instances = [InstanceSpec(row["status"], row["past"], zone)]  # type: ignore[arg-type]
    if row["second"] != "none":
        instances.append(InstanceSpec(row["second"], "any", zone))  # type: ignore[arg-type]
        enis.append(EniSpec(on=1))
    return World(tuple(instances), tuple(enis))


def state_matrix(two_instances: bool) -> Iterator[World]:
    """Instance status x interface status x attachment: on the named instance, on another, on none.

    The first instance is the one that calls name, the first interface the one they name.
    """
    for status, eni in itertools.product(INSTANCE_STATUSES, ENI_STATUSES):
        if eni not in ("Available", "Deleting"):
            yield World((InstanceSpec(status),), (EniSpec(on=0, status=eni),))
            if two_instances:
                yield World((InstanceSpec(status), InstanceSpec()), (EniSpec(on=1, status=eni),))
        else:
            yield World((InstanceSpec(status),), (EniSpec(on=None, status=eni),))


def secondary(quota: int) -> int:
    """How many secondary interfaces fill an instance that takes `quota` in all; seven at most are tried."""
    return max(1, min(quota - 1, 7))


def full_houses(quota: int) -> Iterator[World]:
    """Instance status x an instance whose every slot is taken, the interface in question, with more than one of
    everything, being there or not."""
    all_there = (RICH, *((EniSpec(),) * (secondary(quota) - 1)))
    for status in INSTANCE_STATUSES:
        yield World((InstanceSpec(status),), all_there)
    for status in ("Running", "Stopped"):
        yield World((InstanceSpec(status),), (EniSpec(on=None, status="Available"), *all_there))


# Conditions that only the control protocol can bring about, with the capabilities each needs.
CONTROL_FAULTS: dict[str, str] = {
    "vswitch.remove": "vswitch.remove",
    "security_group.remove": "security_group.remove",
    "security_group.type": "security_group.type",
    "security_group.full": "security_group.full",
    "eni.zone": "eni.zone",
    "eni.vpc": "eni.vpc",
    "eni.type=Member": "eni.type",
    "eni.type=Unheard": "eni.type",
    "eni.type=Trunk": "eni.type",
}


_MORE_OF_ALL = EniSpec(past="reattached", tags=2, groups=2, addresses=2, name="long", delete_on_release=True)


def faulty_worlds(fault: str) -> Iterator[World]:
    """Worlds with one faulty interface: alone, beside a clean one before and after it, on a Stopped instance, and with
    more than one of everything."""
    bad = EniSpec(on=0, fault=fault)
    clean = EniSpec(on=0)
    yield World((InstanceSpec("Running"),), (bad,))
    yield World((InstanceSpec("Stopped"),), (bad,))
    yield World((InstanceSpec("Running"),), (clean, bad))
    yield World((InstanceSpec("Running"),), (bad, clean))
    yield World((InstanceSpec("Running"),), (dataclasses.replace(_MORE_OF_ALL, fault=fault),))


def over_limit_worlds() -> Iterator[World]:
    """Worlds whose instance holds more interfaces than its type allows, one of them with more than one of everything."""
    yield World((InstanceSpec("Running", over_eni_limit=True),), (_MORE_OF_ALL,))
    yield World((InstanceSpec("Stopped", over_eni_limit=True),), (EniSpec(),))
    yield World((InstanceSpec("Running", over_eni_limit=True),), (EniSpec(),) * 2)


def eni_specs() -> st.SearchStrategy[EniSpec]:
    """Any clean attached interface, weighted to plain ones."""
    return st.builds(
        EniSpec,
        on=st.just(0),
        past=st.sampled_from(("any", "fresh", "reattached", "moved")),
        tags=st.sampled_from((0, 0, 1, 3)),
        groups=st.sampled_from((1, 1, 2, 3)),
        addresses=st.sampled_from((1, 1, 2)),
        name=st.sampled_from(("plain", "", "long", "unicode", "same")),
        description=st.sampled_from(("", "plain", "long", "unicode")),
        delete_on_release=st.sampled_from((None, True, False)),
        other_vswitch=st.sampled_from((False, False, True)),
    )


def random_worlds(two_instances: bool, second_zone: bool, most_attached: int) -> st.SearchStrategy[World]:
    """Any clean world: one or two instances, one to `most_attached` interfaces with any properties."""
    instances = st.builds(
        InstanceSpec,
        st.sampled_from(("Running", "Stopped")),
        st.sampled_from(("any", "fresh", "restarted", "rebooted")),
        st.just(0),
    )

    def build(first: InstanceSpec, enis: list[EniSpec], more: bool, zone: int) -> World:
        first = dataclasses.replace(first, zone=zone)
        if more and two_instances:
            return World((first, InstanceSpec(zone=zone)), (*enis, EniSpec(on=1)))
        return World((first,), tuple(enis))

    return st.builds(
        build,
        instances,
        st.lists(eni_specs(), min_size=1, max_size=most_attached),
        st.booleans(),
        st.integers(0, 1 if second_zone else 0),
    )
