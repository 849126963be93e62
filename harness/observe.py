"""Looking at the target: everything that the describe operations show of given resources, as a Snapshot.

Reads only. What a look means (what may differ, what may not) is decided elsewhere.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from harness import ecs
from harness.snapshot import Snapshot, flatten


def look(session: ecs.Session, enis: Iterable[str], instances: Iterable[str]) -> Snapshot:
    """Describe these interfaces and instances by id. Two calls (more if pages are small).

    Raises ecs.SetupError if the endpoint refuses to describe.
    """
    at = time.time()
    eni_ids, instance_ids = sorted(set(enis)), sorted(set(instances))
    shown = ecs.describe_enis(session, ids=eni_ids) if eni_ids else []
    held = ecs.describe_instances(session, instance_ids) if instance_ids else []
    return Snapshot(
        at,
        {str(e.get("NetworkInterfaceId", "")): flatten(e) for e in shown},
        {str(i.get("InstanceId", "")): flatten(i) for i in held},
    )


def links(session: ecs.Session, instance: str, page: int = 0) -> frozenset[str]:
    """The interfaces that the filter InstanceId lists for an instance. page: entries per page, 0 for many."""
    if not page:
        return _ids(ecs.describe_enis(session, InstanceId=instance))
    pairs = [("RegionId", session.target.region), ("InstanceId", instance)]
    size = (("PageSize", str(page)), ("PageNumber", "1"))
    return _ids(ecs.pages(session, "DescribeNetworkInterfaces", pairs, _ENIS, size=size))


def listed(session: ecs.Session, enis: Iterable[str], **filters: str) -> frozenset[str]:
    """Those of these interfaces that pass the filters."""
    return _ids(ecs.describe_enis(session, ids=enis, **filters))


def attribute(session: ecs.Session, eni: str) -> Mapping[str, Any] | None:
    """The interface as DescribeNetworkInterfaceAttribute shows it, flattened; None where that is not offered."""
    try:
        shown = ecs.eni_attribute(session, eni)
    except ecs.SetupError as error:
        if error.code.startswith(("InvalidAction", "InvalidApi", "UnsupportedOperation")):
            return None
        raise
    return flatten(shown) if shown is not None else None


_ENIS = ("NetworkInterfaceSets", "NetworkInterfaceSet")


def _ids(shown: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(str(e.get("NetworkInterfaceId", "")) for e in shown)


def primary_of(fields: Mapping[str, Any]) -> str:
    """The id of the primary interface that a described instance shows, "" if none is marked.

    `fields`: flattened; entries of NetworkInterfaces are JSON texts.
    """
    entries = [json.loads(entry) for entry in fields.get("NetworkInterfaces", ())]
    for entry in entries:
        if str(entry.get("Type", "")) == "Primary":
            return str(entry.get("NetworkInterfaceId", ""))
    return ""
