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


def links(session: ecs.Session, instance: str) -> frozenset[str]:
    """The interfaces that the filter InstanceId lists for an instance."""
    return frozenset(str(e.get("NetworkInterfaceId", "")) for e in ecs.describe_enis(session, InstanceId=instance))


def primary_of(fields: Mapping[str, Any]) -> str:
    """The id of the primary interface that a described instance shows, "" if none is marked.

    `fields`: flattened; entries of NetworkInterfaces are JSON texts.
    """
    entries = [json.loads(entry) for entry in fields.get("NetworkInterfaces", ())]
    for entry in entries:
        if str(entry.get("Type", "")) == "Primary":
            return str(entry.get("NetworkInterfaceId", ""))
    return ""
