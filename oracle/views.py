"""The other ways to describe: by filter, page by page, by attribute; each must agree with the look by id. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eni_conformance.contract import rows
from eni_conformance.contract.texts import make_text
from eni_conformance.harness.history import Described
from eni_conformance.harness.values import Fields, Snapshot
from eni_conformance.oracle import frame

COMPARED = frame.KEPT_BY_ENI | {"Status", "InstanceId"}
"""Fields of an interface that every list must show alike, if it shows them at all."""
BY_INSTANCE = ("instance", "pages")
"""Views of what is attached to an instance."""
AT_AN_INSTANCE = {"MacAddress": "MacAddress", "PrimaryIpAddress": "PrivateIpAddress", "Type": "Type"}
"""What an instance shows of its interfaces -> what it is called where the interface itself is shown."""
OF_A_LIST = frozenset(["CreationTime", "OwnerId"])
"""Those of them that another operation may show in another precision or type."""


def disagreements(event: Described, run_id: str) -> list[tuple[str, str]]:
    """What a view shows otherwise than the look by id: (requirement, text)."""
    if event.failure:
        return []
    name, eni, others, now, shown = event.view, event.eni, event.others, event.snapshot, event.shown
    every = frozenset({eni, *others})
    lists = [one or {} for one in shown]
    match name:
        case "instance" | "pages":
            named = [text for one in lists[1:] for text in _lost(name, one, every, now)]
            return _membership(name, lists[0], others, eni, now) + named
        case "attribute":
            if shown[0] is None:
                return []
            kept = {one: {p: fields[p] for p in set(fields) - OF_A_LIST} for one, fields in shown[0].items()}
            return _fields(name, kept, now)
        case "status":
            if ignored(event):
                return []
            if lists[0]:
                text = f"view status: {eni} is {now.status(eni)} and listed as Attaching"
                return [(rows.VIEWS_AGREE, f"{text}, though other values of the filter count")]
            return _membership(name, lists[1], others, eni, now) + _lost(name, lists[2], {eni}, now)
        case "type":
            secondary = {e for e in every if now.enis[e].get("Type", "Secondary") == "Secondary"}
            return _lost(name, lists[0], secondary, now)
        case "nothing":
            return _uncalled(lists, eni, host=event.host)
        case "tag":
            tagged = {e for e in every if run_id in str(now.enis[e].get("Tags", ""))}
            return _lost(name, lists[0], tagged, now)
        case _:
            return _lost(name, lists[0], every, now)


def _uncalled(lists: Sequence[Mapping[str, Fields]], eni: str, host: str) -> list[tuple[str, str]]:
    """What is listed though nobody asked for it: an unknown instance, then an unknown interface was asked for."""
    nowhere, nobody = make_text("last changed", host), make_text("last changed", eni)  # as `describe` asks
    by_host, by_id = lists[:2]
    found = [(e, nowhere) for e, shown in sorted(by_host.items()) if nowhere not in map(str, shown.values())]
    found += [(e, nobody) for e in sorted(by_id) if e != nobody]
    return [(rows.VIEWS_AGREE, f"view nothing: {e} is listed where {text} is asked for") for e, text in found[:1]]


def ignored(event: Described) -> tuple[str, ...]:
    """Filters that are not looked at: whatever is asked for, the interface is listed."""
    listed = [event.eni in (one or {}) for one in event.shown]
    match event.view:
        case "status" if len(listed) > 1 and all(listed):
            return ("Status",)
        case "nothing":
            return tuple(name for name, there in zip(("Type", "Tag"), listed[2:], strict=False) if there)
    return ()


def sides(now: Snapshot) -> Iterator[tuple[str, str, str, str]]:
    """Where an instance that shows interfaces at all shows an attached one otherwise than the interface itself is
    shown, or not at all: (interface, instance, text, what differs)."""
    for host, fields in now.instances.items():
        entries = {
            str(e.get("NetworkInterfaceId", "")): e for e in map(json.loads, fields.get("NetworkInterfaces", ()))
        }
        if not entries or now.status(host) not in ("Running", "Stopped"):
            continue
        for eni, one in now.enis.items():
            if now.link(eni) != host or now.status(eni) != "InUse":
                continue
            entry = entries.get(eni)
            if entry is None and one.get("Type") != "Primary":
                yield (
                    eni,
                    host,
                    f"{eni} shows that it is on {host}, which shows other interfaces and not this",
                    "hidden",
                )
            if entry is None:
                continue
            for theirs, ours in AT_AN_INSTANCE.items():
                there, here = str(entry.get(theirs) or ""), str(one.get(ours) or "")
                if there and here and there.lower() != here.lower():
                    text = f"{ours} of {eni} is {there!r} at {host}, and {here!r} where the interface itself is shown"
                    yield eni, host, text, ours


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
