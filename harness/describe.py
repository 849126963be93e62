"""The other ways to describe: by filter, page by page, by attribute. Which one is asked is spread over the turns."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from eni_conformance.harness import ecs, observe
from eni_conformance.harness.account.ledger import RUN_TAG
from eni_conformance.harness.history import Described
from eni_conformance.harness.values import Fields, Snapshot

VIEWS = ("instance", "pages", "attribute", "status", "type", "tag", "list")


def view_of(turn: int, loopback: bool) -> str:
    """The view whose turn it is. Everything there is gets listed on this machine only: an account may be large."""
    names = VIEWS if loopback else VIEWS[:-1]
    return names[zlib.crc32(f"view {turn}".encode()) % len(names)]


def described(session: ecs.Session, step: int, view: str, eni: str, host: str, now: Snapshot) -> Described:
    """Ask for one view. Raises ecs.SetupError.

    eni: just detached from host, and Available in `now`, the look by id.
    """
    others = frozenset(e for e in now.enis if now.link(e) == host and now.status(e) == "InUse")
    return Described(step, view, eni, host, others, now, _shown(session, view, eni, host, others))


def _shown(
    session: ecs.Session, view: str, eni: str, host: str, others: frozenset[str]
) -> tuple[Mapping[str, Fields] | None, ...]:
    """What each question of a view brings."""
    every = others | {eni}
    match view:
        case "instance":
            return (observe.shown(session, {"InstanceId": host}),)
        case "pages":
            return (observe.shown(session, {"InstanceId": host}, page=max(1, (len(others) + 1) // 2)),)
        case "attribute":
            fields = observe.attribute(session, eni)
            return (None if fields is None else {eni: fields},)
        case "status":
            filtered = observe.shown(session, {"Status": "Attaching"}, ids=[eni])
            if filtered:
                return (filtered,)  # this endpoint does not filter by status
            used = observe.shown(session, {"Status": "InUse"}, ids=every)
            return (filtered, used, observe.shown(session, {"Status": "Available"}, ids=[eni]))
        case "type":
            return (observe.shown(session, {"Type": "Secondary"}, ids=every),)
        case "tag":
            return (observe.shown(session, {"Tag.1.Key": RUN_TAG, "Tag.1.Value": session.run_id}),)
        case _:
            return (observe.shown(session),)
