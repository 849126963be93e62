"""The world before and after a counterexample, as boxes, and what differs between the two."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from eni_conformance.oracle.evidence import Difference, Evidence, Picture
from eni_conformance.reports.words import value_text


@dataclass(frozen=True)
class Field:
    """One line in a box of the picture of the world."""

    name: str
    value: str
    changed: bool = False
    was: str = ""


@dataclass(frozen=True)
class Box:
    """One resource in the picture of the world."""

    id: str
    kind: str
    status: Field
    fields: tuple[Field, ...]
    mark: str = ""
    named: bool = False
    inside: tuple[Box, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class Side:
    """The world at one moment."""

    title: str
    instances: tuple[Box, ...]
    free: tuple[Box, ...]
    enis_left_out: int = 0
    instances_left_out: int = 0


_SHOWN_WHOLE = 9
"""A world of so many resources is shown whole; of a larger one, what the call named or changed, and beside it
up to `_NEIGHBOURS` other interfaces of the same instance."""

_NEIGHBOURS = 2
_SHOWN_MOST = 30


@dataclass(frozen=True)
class Told:
    """A change in words: of a list what was removed and what was added, of anything else both values. lawful: it
    follows from the call, and the finding speaks of another change."""

    resource: str
    path: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    listed: bool = False
    lawful: bool = False


def changes(item: Evidence) -> list[Told]:
    """The changes of an evidence file, those that its sentence speaks of first."""
    wanted = item.about[1:2] or (item.summary,)
    told = [_told(change) for change in item.changes]
    meant = [bool(one.path) and any(one.path in words for words in wanted) for one in told]
    pairs = sorted(zip(told, meant, strict=True), key=lambda pair: not pair[1])
    return [replace(one, lawful=any(meant) and not is_meant) for one, is_meant in pairs]


def _told(change: Difference) -> Told:
    before, after = change.before, change.after
    if not change.path:
        was, now = ("there" if side else "not there" for side in (before, after))
        return Told(change.resource, "", (was,), (now,))
    if not isinstance(before, list | tuple) and not isinstance(after, list | tuple):
        return Told(change.resource, change.path, (value_text(before, 120),), (value_text(after, 120),))
    old, new = (
        [_item(one) for one in side or ()] if isinstance(side, list | tuple) else [] for side in (before, after)
    )
    removed, added = [one for one in old if one not in new], [one for one in new if one not in old]
    told = [tuple(_listed(one, other) for one in side[:_ITEMS]) for side, other in ((removed, added), (added, removed))]
    return Told(change.resource, change.path, told[0], told[1], listed=True)


_ITEMS = 6
"""So many removed or added items of a list are shown."""


_OF_AN_INTERFACE = ("NetworkInterfaceId", "Type", "PrimaryIpAddress")
"""What tells a reader which interface came into a list or left it."""


def _item(text: Any) -> Any:
    """An item of a list, out of the JSON that it is stored as."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


def _listed(one: Any, others: list[Any]) -> str:
    """An item in words; of one that is on the other side, too, only what differs there."""
    if not isinstance(one, dict):
        return value_text(one, 160)
    named = next((key for key in ("NetworkInterfaceId", "TagKey", "Key", "PrivateIpAddress") if key in one), "")
    twin = next((o for o in others if isinstance(o, dict) and named and o.get(named) == one[named]), {})
    keys = _OF_AN_INTERFACE if named == "NetworkInterfaceId" and not twin else tuple(one)
    shown = {key: one[key] for key in keys if key in one and (key == named or not twin or twin.get(key) != one[key])}
    return "; ".join(f"{key} {value_text(value, 120)}" for key, value in shown.items())


_ALIASES = {
    "Status": "status",
    "Type": "type",
    "InstanceId": "instance",
    "Attachment.InstanceId": "instance",
    "ZoneId": "zone",
    "InstanceName": "name",
    "NetworkInterfaceName": "name",
    "InstanceType": "type",
}
"""Names of the operation's answers that the picture shows under its own."""

_IMPLIED = {"NetworkInterfaces", "Attachment.DeviceIndex", "Attachment.NetworkCardIndex"}
"""Fields that the picture shows by where it draws an interface; the table of changes names them."""

_HIDDEN = {"id", "status", "instance", "instance_id", "name", "type"}


def worlds(item: Evidence) -> tuple[Side, ...]:
    """The world before and after, what differs marked; () when neither was recorded."""
    before, after = item.world_before, item.world_after
    if before is None and after is None:
        return ()
    if before is None or after is None:
        only = before or after
        assert only is not None
        return (_side("before the call" if before else "after the call", only, Picture(), item, plain=True),)
    if before == after and not item.changes:
        return (_side("before the call and after it", before, Picture(), item, plain=True),)
    both = _touched(before, after, item, later=False) | _touched(after, before, item, later=True)
    return (
        _side("before the call", before, after, item, later=False, both=both),
        _side("after the call", after, before, item, later=True, both=both),
    )


def _touched(here: Picture, other: Picture, item: Evidence, later: bool) -> frozenset[str]:
    """What the call named or changed, on one side: it is drawn on both."""
    box = _Boxes(item, {str(r.get("id")): r for r in (*other.instances, *other.enis)}, later, plain=False).box
    made = [box(one, "") for one in (*here.instances, *here.enis)]
    return frozenset(b.id for b in made if _drawn(b))


def _drawn(b: Box) -> bool:
    return b.named or bool(b.mark) or b.status.changed or any(f.changed for f in b.fields)


@dataclass(frozen=True)
class _Boxes:
    """Makes the boxes of one side. known: the resources of the other side by id. later: this is the side after.
    plain: nothing is compared."""

    item: Evidence
    known: Mapping[str, Mapping[str, Any]]
    later: bool
    plain: bool

    def box(self, resource: Mapping[str, Any], kind: str) -> Box:
        """A resource with the fields that changed first, then the first of the others."""
        ident = str(resource.get("id", "?"))
        twin = self.known.get(ident)
        compared = not self.plain and twin is not None
        listed = [c for c in self.item.changes if c.resource.split(":")[-1] == ident]
        marked = {_ALIASES.get(c.path, c.path) for c in listed}

        def made(name: str) -> Field:
            value, old = resource.get(name), (twin or {}).get(name)
            differs = compared and (value != old or name in marked)
            return Field(name, _value(value), differs, _value(old) if differs and self.later else "")

        names = [name for name in ("name", "type") if resource.get(name) not in (None, "")]
        rest = sorted((set(resource) | set(twin or {})) - _HIDDEN)
        moved = [name for name in ("instance", "instance_id") if made(name).changed]
        fields = [made(name) for name in (*moved, *names, *rest)]
        shown = [f for i, f in enumerate(fields) if f.changed or (i < 8 and f.value not in ("", "none"))]
        drawn = {"id", "status", *(f.name for f in fields)}
        for c in listed:
            if compared and c.path and _ALIASES.get(c.path, c.path) not in drawn | _IMPLIED:
                here_now, was = (c.after, _value(c.before)) if self.later else (c.before, "")
                shown.append(Field(c.path, _value(here_now), True, was))
        gone = not self.plain and twin is None
        return Box(
            id=ident,
            kind=kind,
            status=made("status"),
            fields=tuple(sorted(shown, key=lambda f: not f.changed)[:14]),
            mark=("new" if self.later else "gone afterwards") if gone else "",
            named=self.item.exchange is not None and ident in {value for _, value in self.item.exchange.sent.pairs},
        )


def _side(
    title: str,
    here: Picture,
    other: Picture,
    item: Evidence,
    later: bool = False,
    plain: bool = False,
    both: frozenset[str] = frozenset(),
) -> Side:
    known = {str(r.get("id")): r for r in (*other.instances, *other.enis)}
    box = _Boxes(item, known, later, plain).box

    def touched(b: Box) -> bool:
        return _drawn(b) or b.id in both

    enis = [(_host(e), box(e, "interface")) for e in here.enis]
    instances = {str(i.get("id", "?")): box(i, "instance") for i in here.instances}
    small = len(enis) + len(instances) <= _SHOWN_WHOLE
    moved = {str(c.before) for c in item.changes} | {str(c.after) for c in item.changes}
    moved |= {_host(known.get(b.id, {})) for _, b in enis if touched(b)}
    involved = {on for on, b in enis if touched(b)} | {i for i, b in instances.items() if touched(b) or i in moved}
    kept, near = [], Counter[str]()
    for on, b in sorted(enis, key=lambda entry: not touched(entry[1])):
        near[on] += not touched(b)  # what moves takes no neighbour's place, so that both sides show the same ones
        if small or touched(b) or (on in involved and on and near[on] <= _NEIGHBOURS):
            kept.append((on, b))
    kept = kept[:_SHOWN_MOST]
    shown_ids = [i for i in instances if small or i in involved or i in {on for on, _ in kept}]
    boxes = tuple(replace(instances[i], inside=tuple(b for on, b in kept if on == i)) for i in shown_ids)
    free = tuple(b for on, b in kept if on not in instances)
    return Side(title, boxes, free, len(enis) - len(kept), len(instances) - len(boxes))


def _host(eni: Mapping[str, Any]) -> str:
    """The instance that an interface of a picture is on, "" if none."""
    return str(eni.get("instance") or eni.get("instance_id") or "")


def _value(value: Any) -> str:
    return "none" if value in (None, "") else value_text(value, 70)
