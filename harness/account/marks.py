"""The marks of a run: what of an account belongs to it, by what the endpoint tells of each resource."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from eni_conformance.harness import ecs
from eni_conformance.harness.account.ledger import CREATED_TAG, RUN_TAG, valid_run_id
from eni_conformance.harness.values import Pair

CLOCK_TOLERANCE = 20 * 60
"""Seconds by which a creation time may differ from the tag: the gateway accepts clocks 15 minutes apart."""


@dataclass(frozen=True)
class Item:
    """A resource of a run. created: Unix seconds by the run's clock, 0 if unknown."""

    kind: str
    id: str
    run_id: str
    created: float = 0.0


@dataclass(frozen=True)
class Left:
    """A resource that was not removed, and why."""

    item: Item
    why: str


def tagged(session: ecs.Session, run_id: str = "") -> tuple[list[Item], list[Left]]:
    """What carries the marks of a run (of any, if none is named), and what carries them wrongly.

    Filters are not trusted: each entry's own tags decide. A list that the endpoint cannot give is empty.
    """
    found: list[Item] = []
    doubtful: list[Left] = []
    for kind, of in ecs.KINDS.items():
        value: tuple[Pair, ...] = (("Tag.1.Value", run_id),) if run_id else ()
        try:
            entries = ecs.listed(session, kind, ("Tag.1.Key", RUN_TAG), *value)
        except ecs.SetupError as error:
            doubtful.append(Left(Item(kind, "", run_id), f"could not be listed by tag: {error.code or error}"))
            continue
        for entry in entries:
            mine = read_marks(kind, str(entry.get(of.key) or ""), entry)
            if mine is None or (run_id and mine.item.run_id != run_id):
                continue
            if mine.why:
                doubtful.append(mine)
            else:
                found.append(mine.item)
    return found, doubtful


def read_marks(kind: str, identifier: str, entry: Mapping[str, Any]) -> Left | None:
    """What a described resource's tags say: None if it is not marked as a run's, `why` "" if it surely is."""
    marks = _tags(entry)
    run_id = marks.get(RUN_TAG, "")
    if not identifier or not valid_run_id(run_id) or entry.get("Type") == "Primary":
        return None
    created = _time(marks.get(CREATED_TAG, ""))
    if created is None:
        return Left(Item(kind, identifier, run_id), f"has the tag {RUN_TAG} but no valid {CREATED_TAG}")
    told = _time(str(entry.get("CreationTime") or ""))
    if told is not None and abs(told - created) > CLOCK_TOLERANCE:
        return Left(Item(kind, identifier, run_id, created), "was created at another time than its tag says")
    return Left(Item(kind, identifier, run_id, created), "")


def _tags(entry: Mapping[str, Any]) -> dict[str, str]:
    """Tags by key; ECS says TagKey and TagValue, VPC says Key and Value."""
    tags = entry.get("Tags")
    found: dict[str, str] = {}
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, Mapping):
            found[str(tag.get("TagKey", tag.get("Key", "")))] = str(tag.get("TagValue", tag.get("Value", "")))
    return found


_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?Z")


def _time(text: str) -> float | None:
    """Unix seconds of a UTC time with or without seconds; None if it is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    with suppress(ValueError, OverflowError):
        return float(calendar.timegm((*(int(part or 0) for part in match.groups()), 0, 0, 0)))
    return None
