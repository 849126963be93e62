"""The other ways to describe: by filter, page by page, by attribute; each must agree with the look by id.

One view is asked after each look that shows the effect of a detach; which one is spread evenly over the turns.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from eni_conformance.contract import rows
from eni_conformance.harness import ecs, observe
from eni_conformance.harness.account.ledger import RUN_TAG
from eni_conformance.harness.values import Fields, Snapshot
from eni_conformance.oracle import frame

VIEWS = ("instance", "pages", "attribute", "status", "type", "tag", "list")
COMPARED = frame.KEPT_BY_ENI | {"Status", "InstanceId"}
"""Fields of an interface that every list must show alike, if it shows them at all."""
OF_A_LIST = frozenset(["CreationTime", "OwnerId"])
"""Those of them that another operation may show in another precision or type."""


def view_of(turn: int, loopback: bool) -> str:
    """The view whose turn it is. Everything there is gets listed on this machine only: an account may be large."""
    names = VIEWS if loopback else VIEWS[:-1]
    return names[zlib.crc32(f"view {turn}".encode()) % len(names)]


def disagreements(session: ecs.Session, name: str, eni: str, host: str, now: Snapshot) -> list[tuple[str, str]]:
    """What a view shows otherwise than the look by id: (requirement, text). Raises ecs.SetupError.

    eni: just detached from host, and Available in `now`, the look by id.
    """
    others = frozenset(e for e in now.enis if now.link(e) == host and now.status(e) == "InUse")
    every = frozenset({eni, *others})
    match name:
        case "instance":
            return _membership(name, observe.shown(session, {"InstanceId": host}), others, eni, now)
        case "pages":
            size = max(1, (len(others) + 1) // 2)
            return _membership(name, observe.shown(session, {"InstanceId": host}, page=size), others, eni, now)
        case "attribute":
            shown = observe.attribute(session, eni)
            if shown is None:
                return []
            return _fields(name, {eni: {path: shown[path] for path in set(shown) - OF_A_LIST}}, now)
        case "status":
            if observe.shown(session, {"Status": "Attaching"}, ids=[eni]):
                return []  # this endpoint does not filter by status
            out = _membership(name, observe.shown(session, {"Status": "InUse"}, ids=every), others, eni, now)
            return out + _lost(name, observe.shown(session, {"Status": "Available"}, ids=[eni]), {eni}, now)
        case "type":
            secondary = {e for e in every if now.enis[e].get("Type", "Secondary") == "Secondary"}
            return _lost(name, observe.shown(session, {"Type": "Secondary"}, ids=every), secondary, now)
        case "tag":
            tags = {"Tag.1.Key": RUN_TAG, "Tag.1.Value": session.run_id}
            tagged = {e for e in every if session.run_id in str(now.enis[e].get("Tags", ""))}
            return _lost(name, observe.shown(session, tags), tagged, now)
        case _:
            return _lost(name, observe.shown(session), every, now)


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
