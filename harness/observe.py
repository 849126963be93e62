"""Looking at the target: everything that the describe operations show of given resources, as a Snapshot.

Reads only. What a look means (what may differ, what may not) is decided elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from eni_conformance.harness import ecs
from eni_conformance.harness.account.survey import NOT_OFFERED
from eni_conformance.harness.values import Fields, Snapshot, flatten, flattened


def look(session: ecs.Session, enis: Iterable[str], instances: Iterable[str]) -> Snapshot:
    """Describe these interfaces and then these instances by id. Two calls (more if pages are small).

    Raises ecs.SetupError if the endpoint refuses to describe.
    """
    at = session.client.clock.now()
    eni_ids, instance_ids = sorted(set(enis)), sorted(set(instances))
    interfaces = shown(session, ids=eni_ids) if eni_ids else {}
    held = ecs.describe_instances(session, instance_ids) if instance_ids else []
    return Snapshot(
        at,
        interfaces,
        {str(i.get("InstanceId", "")): flattened(i) for i in held},
    )


def shown(
    session: ecs.Session, filters: Mapping[str, str] = MappingProxyType({}), *, ids: Iterable[str] = (), page: int = 0
) -> dict[str, Fields]:
    """The interfaces that pass the filters, by id, with flattened fields. page: entries per page, 0 for many."""
    if page:
        named = ((f"NetworkInterfaceId.{n}", one) for n, one in enumerate(sorted(ids), 1))
        pairs = [("RegionId", session.target.region), *filters.items(), *named]
        size = (("PageSize", str(page)), ("PageNumber", "1"))
        found = ecs.pages(session, "DescribeNetworkInterfaces", pairs, _ENIS, size=size)
    else:
        found = ecs.describe_enis(session, ids=ids, **filters)
    return {str(e.get("NetworkInterfaceId", "")): flattened(e) for e in found}


def attribute(session: ecs.Session, eni: str) -> Mapping[str, Any] | None:
    """The interface as DescribeNetworkInterfaceAttribute shows it, flattened; None where that is not offered."""
    try:
        found = ecs.eni_attribute(session, eni)
    except ecs.SetupError as error:
        if error.code.startswith(NOT_OFFERED):
            return None
        raise
    return flatten(found) if found is not None else None


_ENIS = ("NetworkInterfaceSets", "NetworkInterfaceSet")


def primary_of(fields: Mapping[str, Any]) -> str:
    """The id of the primary interface that a described instance shows, "" if none is marked.

    `fields`: flattened; entries of NetworkInterfaces are JSON texts.
    """
    entries = [json.loads(entry) for entry in fields.get("NetworkInterfaces", ())]
    for entry in entries:
        if str(entry.get("Type", "")) == "Primary":
            return str(entry.get("NetworkInterfaceId", ""))
    return ""
