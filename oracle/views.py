"""The other ways to describe: by filter, page by page, by attribute; each must agree with the look by id. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eni_conformance.contract import rows
from eni_conformance.harness.history import Described
from eni_conformance.harness.values import Fields, Snapshot
from eni_conformance.oracle import frame

COMPARED = frame.KEPT_BY_ENI | {"Status", "InstanceId"}
"""Fields of an interface that every list must show alike, if it shows them at all."""
OF_A_LIST = frozenset(["CreationTime", "OwnerId"])
"""Those of them that another operation may show in another precision or type."""


def disagreements(event: Described, run_id: str) -> list[tuple[str, str]]:
    """What a view shows otherwise than the look by id: (requirement, text)."""
    name, eni, others, now, shown = event.view, event.eni, event.others, event.snapshot, event.shown
    every = frozenset({eni, *others})
    lists = [one or {} for one in shown]
    match name:
        case "instance" | "pages":
            return _membership(name, lists[0], others, eni, now)
        case "attribute":
            if shown[0] is None:
                return []
            kept = {one: {p: fields[p] for p in set(fields) - OF_A_LIST} for one, fields in shown[0].items()}
            return _fields(name, kept, now)
        case "status":
            if lists[0]:
                return []  # this endpoint does not filter by status
            return _membership(name, lists[1], others, eni, now) + _lost(name, lists[2], {eni}, now)
        case "type":
            secondary = {e for e in every if now.enis[e].get("Type", "Secondary") == "Secondary"}
            return _lost(name, lists[0], secondary, now)
        case "tag":
            tagged = {e for e in every if run_id in str(now.enis[e].get("Tags", ""))}
            return _lost(name, lists[0], tagged, now)
        case _:
            return _lost(name, lists[0], every, now)


def _membership(
    name: str, shown: Mapping[str, Fields], others: frozenset[str], eni: str, now: Snapshot
) -> list[tuple[str, str]]:
    """A list of what is attached: it holds the others, and no longer the interface."""
    gone = [(rows.LINK_GONE, f"view {name}: {eni} is still listed after its detach")] if eni in shown else []
    return gone + _lost(name, shown, others, now)


def _lost(
    name: str, shown: Mapping[str, Fields], expected: set[str] | frozenset[str], now: Snapshot
) -> list[tuple[str, str]]:
    """What should be listed and is not, and fields that differ."""
    lost = [
        (rows.VIEWS_AGREE, f"view {name}: {e} ({now.status(e)}) is not listed") for e in sorted(expected - set(shown))
    ]
    usual = COMPARED & {path for fields in shown.values() for path in fields}
    return lost + _fields(name, {e: shown[e] for e in expected & set(shown)}, now, usual)


def _fields(
    name: str, shown: Mapping[str, Mapping[str, Any]], now: Snapshot, usual: frozenset[str] = frozenset()
) -> list[tuple[str, str]]:
    """Fields that a view shows otherwise than the look by id. usual: those that it shows of some interface at least."""
    out = []
    for eni in sorted(shown):
        one, two = now.enis[eni], shown[eni]
        for path in sorted((usual & set(one)) - set(two) - {"Status", "InstanceId"}):
            out.append((rows.VIEWS_AGREE, f"view {name}: {path} of {eni} is not shown, by id {one[path]!r}"))
        for path in sorted(COMPARED & set(two)):
            if not frame.same(
                path, two[path], one.get(path, two[path] if path not in ("Status", "InstanceId") else None)
            ):
                row = rows.LINK_GONE if path in ("Status", "InstanceId") else rows.VIEWS_AGREE
                out.append((row, f"view {name}: {path} of {eni} is {two[path]!r}, by id {one.get(path)!r}"))
    return out
