"""What all worlds of a run stand on, found or made once: zones, an instance type, an image, a network with groups."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eni_conformance.harness.ecs.call import Session, SetupError, create, marks, named, wait_for
from eni_conformance.harness.ecs.resources import KINDS, Ground, count_of, listed, pages
from eni_conformance.harness.values import Pair

ASSUMED_QUOTA = 3
"""Interfaces that an instance is taken to hold where the endpoint does not tell; less if it turns out to hold less."""

GROUPS, FEWEST_GROUPS = 5, 3
"""Security groups laid; an interface may be in up to five (vendor's page of limits)."""


def lay_ground(session: Session, *, second_zone: bool = True) -> Ground:
    """What all worlds stand on: named in [setup], discovered, or created. Raises SetupError.

    A second zone is used if there is one with the same instance type; without it the ground has one.
    """
    target = session.target
    notes: list[str] = []
    zones = find_zones(session, notes)
    choice = find_instance_type(session, zones, notes)
    usable = [z for z in zones if z in choice.zones] or list(zones)
    vpc_id = target.setup.vpc_id or create_vpc(session)
    made: list[tuple[str, str]] = []
    if target.setup.vswitch_id:
        made.append((_zone_of(session, target.setup.vswitch_id) or usable[0], target.setup.vswitch_id))
    for zone in usable:
        if len(made) >= (2 if second_zone else 1):
            break
        if any(zone == other for other, _ in made):
            continue
        try:
            made.append((zone, _create_vswitch(session, vpc_id, zone)))
        except SetupError as error:
            notes.append(f"no vSwitch in {zone}: {error.code or error.advice}")
            if zone == usable[-1] and not made:
                raise
    if not made:
        raise SetupError("CreateVSwitch", None, "no zone takes a vSwitch; name one under setup.zone")
    groups = _lay_groups(session, vpc_id, notes)
    return Ground(
        region=target.region,
        zones=tuple(zone for zone, _ in made),
        vpc_id=vpc_id,
        vswitch_ids=tuple(vswitch for _, vswitch in made),
        security_group_ids=groups,
        instance_type=choice.name,
        eni_quota=choice.enis,
        image_id=find_image(session, choice.name, notes),
        second_region=target.second_region,
        notes=tuple(notes),
        quota_assumed=choice.assumed,
    )


def _ask(
    session: Session,
    action: str,
    pairs: Sequence[Pair],
    path: tuple[str, str],
    notes: list[str],
    **options: Any,
) -> list[dict[str, Any]]:
    """A list that is useful but not needed: [] and a note if the endpoint cannot give it."""
    try:
        return pages(session, action, pairs, path, **options)
    except SetupError as error:
        notes.append(f"{action}: {error.code or 'not usable'}")
        return []


def find_zones(session: Session, notes: list[str]) -> tuple[str, ...]:
    """The zones to try, best first: setup.zone, else what DescribeZones lists, else guesses."""
    region = session.target.region
    listed = _ask(session, "DescribeZones", [("RegionId", region)], ("Zones", "Zone"), notes, size=())
    names = [str(zone["ZoneId"]) for zone in listed if isinstance(zone.get("ZoneId"), str) and zone["ZoneId"]]
    names = list(dict.fromkeys(names)) or [f"{region}-{letter}" for letter in "bcdefghijka"]
    wanted = session.target.setup.zone
    return (wanted, *(n for n in names if n != wanted)) if wanted else tuple(names)


@dataclass(frozen=True)
class TypeChoice:
    """An instance type, the interfaces it holds in all, and the zones that offer it. assumed: nobody tells how many."""

    name: str
    enis: int
    zones: tuple[str, ...]
    assumed: bool = False


_SHARED = ("ecs.t", "ecs.xn4", "ecs.n", "ecs.mn4", "ecs.e", "ecs.s", "ecs.c1.", "ecs.m1.", "ecs.v5")
"""Families without reliable hot-plugging of interfaces (vendor's page on attaching interfaces)."""

_CHEAP_CORES = 4


def rank_types(listed: Iterable[Mapping[str, Any]], *, most_cores: int = _CHEAP_CORES) -> list[tuple[str, int]]:
    """Types and their interfaces, best first: up to four interfaces where cheap, then the smallest.

    most_cores: a type with more counts as dear, and comes after all others.
    """
    rows = []
    for entry in listed:
        name, enis = entry.get("InstanceTypeId"), count_of(entry.get("EniQuantity"))
        if not isinstance(name, str) or enis < 2 or entry.get("CpuArchitecture") == "ARM":
            continue
        if count_of(entry.get("GPUAmount")) or ".ebm" in name or ".scc" in name:
            continue
        cores, memory = count_of(entry.get("CpuCoreCount")), _memory(entry.get("MemorySize"))
        rows.append((name.startswith(_SHARED), cores > most_cores, -min(enis, 4), cores, memory, name, enis))
    return [(row[5], row[6]) for row in sorted(rows)]


def _memory(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def find_instance_type(session: Session, zones: Sequence[str], notes: list[str]) -> TypeChoice:
    """The instance type to use: setup.instance_type, else the best that is offered in a zone."""
    wanted = session.target.setup.instance_type
    path = ("InstanceTypes", "InstanceType")
    listed = _ask(session, "DescribeInstanceTypes", [("InstanceTypes.1", wanted)], path, notes) if wanted else []
    listed = listed or _ask(session, "DescribeInstanceTypes", [], path, notes)
    ranked = rank_types(listed, most_cores=64 if session.target.loopback else _CHEAP_CORES)
    if wanted:
        known = {str(e.get("InstanceTypeId")): count_of(e.get("EniQuantity")) for e in listed}
        return TypeChoice(wanted, known.get(wanted) or ASSUMED_QUOTA, tuple(zones), not known.get(wanted))
    offered = _offered(session, notes)
    first = session.target.setup.zone
    for name, enis in ranked:
        where = tuple(z for z in zones if not offered or name in offered.get(z, ()))
        if where and (not first or first in where):
            return TypeChoice(name, enis, where)
    notes.append("no instance type could be discovered: ecs.g7.large is assumed")
    return TypeChoice("ecs.g7.large", ASSUMED_QUOTA, tuple(zones), True)


def _offered(session: Session, notes: list[str]) -> dict[str, frozenset[str]]:
    """Zone -> types in stock there; {} if the endpoint does not say."""
    pairs: list[Pair] = [
        session.region,
        ("DestinationResource", "InstanceType"),
        ("InstanceChargeType", "PostPaid"),
    ]
    path = ("AvailableZones", "AvailableZone")
    found: dict[str, frozenset[str]] = {}
    for zone in _ask(session, "DescribeAvailableResource", pairs, path, notes, size=()):
        names = {
            str(entry.get("Value"))
            for kind in zone.get("AvailableResources") or []
            if isinstance(kind, Mapping)
            for entry in kind.get("SupportedResources") or []
            if isinstance(entry, Mapping) and entry.get("Status", "Available") == "Available"
        }
        if names and zone.get("Status", "Available") == "Available":
            found[str(zone.get("ZoneId"))] = frozenset(names)
    return found


def find_image(session: Session, instance_type: str, notes: list[str]) -> str:
    """The smallest public Linux image for the type; "" if none is listed (then a family is asked for)."""
    if session.target.setup.image_id:
        return session.target.setup.image_id
    pairs: list[Pair] = [
        session.region,
        ("ImageOwnerAlias", "system"),
        ("OSType", "linux"),
        ("Architecture", "x86_64"),
        ("InstanceType", instance_type),
        ("Status", "Available"),
    ]
    listed = _ask(session, "DescribeImages", pairs, ("Images", "Image"), notes, size=(("PageSize", "100"),))
    usable = [
        (count_of(image.get("Size")) or 1000, str(image["ImageId"]))
        for image in listed
        if isinstance(image.get("ImageId"), str)
        and image["ImageId"]
        and image.get("OSType", "linux") == "linux"
        and image.get("Architecture", "x86_64") == "x86_64"
    ]
    return min(usable)[1] if usable else ""


def create_vpc(session: Session) -> str:
    """Create a VPC and wait until it can be used. Raises SetupError."""
    identifier = create(
        session,
        "vpc",
        "CreateVpc",
        [
            session.region,
            ("CidrBlock", "172.16.0.0/12"),
            ("VpcName", session.name),
            *marks(session),
        ],
        named("VpcId"),
        "check the quota of VPCs, or name one under setup.vpc_id",
        vpc=True,
    )
    _await_network(session, "vpc", identifier)
    return identifier


def create_vswitch(session: Session, ground: Ground, zone: int = 0) -> str:
    """Create one more vSwitch in a zone of the ground, and wait until it can be used. Raises SetupError."""
    return _create_vswitch(session, ground.vpc_id, ground.zones[zone])


def _create_vswitch(session: Session, vpc_id: str, zone: str) -> str:
    """Create a vSwitch in a block that is free: one that was so before, and if somebody has taken it, one asked for
    anew. Raises SetupError."""
    advice = "check the VPC's address space, or name a vSwitch under setup.vswitch_id"
    error = SetupError("CreateVSwitch", None, advice)
    for block in _untaken(session, vpc_id):
        pairs: list[Pair] = [
            session.region,
            ("VpcId", vpc_id),
            ("ZoneId", zone),
            ("CidrBlock", block),
            ("VSwitchName", session.name),
            *marks(session),
        ]
        try:
            identifier = create(session, "vswitch", "CreateVSwitch", pairs, named("VSwitchId"), advice, vpc=True)
        except SetupError as refused:
            if not refused.code.startswith("InvalidCidrBlock"):
                raise
            error = refused
            continue
        _await_network(session, "vswitch", identifier)
        return identifier
    raise error


MOST_BLOCKS = 8
"""How many blocks are tried in one go."""


def _untaken(session: Session, vpc_id: str) -> Iterator[str]:
    """Blocks to try: the next one of those known to be free, then those that are free now."""
    known = next(session.blocks.get(vpc_id, iter(())), None)
    if known is not None:
        yield known
    session.blocks[vpc_id] = _free_blocks(session, vpc_id)
    yield from itertools.islice(session.blocks[vpc_id], MOST_BLOCKS)


def _listed(session: Session, kind: str, pair: Pair) -> list[dict[str, Any]]:
    """What is shown of a network, [] where that is not offered."""
    try:
        return listed(session, kind, pair)
    except SetupError:
        return []


def _free_blocks(session: Session, vpc_id: str) -> Iterator[str]:
    """The blocks of the VPC that no vSwitch uses."""
    vpcs, switches = (_listed(session, kind, ("VpcId", vpc_id)) for kind in ("vpc", "vswitch"))
    space = next((v.get("CidrBlock") for v in vpcs if v.get("VpcId") == vpc_id), None)
    used = [net for s in switches if (net := _network(s.get("CidrBlock"))) is not None]
    whole = _network(space) or ipaddress.IPv4Network("172.16.0.0/12")
    for block in whole.subnets(new_prefix=max(24, min(28, whole.prefixlen + 2))):
        if not any(block.overlaps(other) for other in used):
            yield str(block)


def _network(text: Any) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text)
    except (ValueError, TypeError):
        return None


def _await_network(session: Session, kind: str, identifier: str) -> None:
    """Wait until a VPC or vSwitch is Available; an endpoint that cannot describe it is taken at its word."""
    key = KINDS[kind].key

    def available() -> bool:
        try:
            shown = listed(session, kind, (key, identifier))
        except SetupError:
            return True
        return any(one.get(key) == identifier and one.get("Status", "Available") == "Available" for one in shown)

    wait_for(session, available, f"{identifier} Available")


def _zone_of(session: Session, vswitch: str) -> str:
    shown = _listed(session, "vswitch", ("VSwitchId", vswitch))
    return next((str(one.get("ZoneId", "")) for one in shown if one.get("VSwitchId") == vswitch), "")


def create_security_group(session: Session, ground: Ground) -> str:
    """Create one more security group in the ground's VPC. Raises SetupError."""
    return _create_group(session, ground.vpc_id)


def _create_group(session: Session, vpc_id: str) -> str:
    return create(
        session,
        "security_group",
        "CreateSecurityGroup",
        [
            session.region,
            ("VpcId", vpc_id),
            ("SecurityGroupName", session.name),
            *marks(session),
        ],
        named("SecurityGroupId"),
        "check the quota of security groups, or name one under setup.security_group_id",
    )


def _lay_groups(session: Session, vpc_id: str, notes: list[str]) -> tuple[str, ...]:
    """Up to GROUPS security groups, at least one. Raises SetupError."""
    given = session.target.setup.security_group_id
    groups = [given] if given else []
    while len(groups) < (FEWEST_GROUPS if session.sparing else GROUPS):
        try:
            groups.append(_create_group(session, vpc_id))
        except SetupError as error:
            if not groups:
                raise
            notes.append(f"only {len(groups)} security groups: {error.code or error.advice}")
            break
    return tuple(groups)
