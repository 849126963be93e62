"""The other ways to describe: by filter, page by page, by attribute. Which one is asked is spread over the turns."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Literal

from eni_conformance.contract.texts import make_text
from eni_conformance.harness import ecs, observe
from eni_conformance.harness.account.ledger import RUN_TAG
from eni_conformance.harness.history import Described
from eni_conformance.harness.values import Fields, Pair, Snapshot

VIEWS = ("instance", "pages", "attribute", "status", "type", "tag", "nothing", "list")
GIVEN_UP = 2
"""How often a view may fail before it is not asked for any more."""


def traits(eni: Fields, host: Fields) -> frozenset[str]:
    """What a view may depend on: how much an interface has of everything, and the status of the instance it left."""
    many = {name: min(2, len(eni.get(name) or ())) for name in ("Tags", "SecurityGroupIds", "PrivateIpSets")}
    texts = {name: str(eni.get(name) or "") for name in ("Description", "NetworkInterfaceName")}
    kinds = {name: ("foreign", "plain")[text.isascii()] if text else "none" for name, text in texts.items()}
    more = {"DeleteOnRelease": eni.get("DeleteOnRelease"), "instance": host.get("Status")}
    return frozenset(f"{name} {value}" for name, value in {**many, **kinds, **more}.items())


def view_of(
    turn: int,
    loopback: bool,
    failing: Mapping[str, int] = MappingProxyType({}),
    about: Collection[str] = (),
    met: Collection[Pair] = (),
) -> str:
    """The view that has met fewest of what is `about` the interface, with what each has `met`; of several the one whose
    turn it is. failing: how often each of them failed. Everything there is gets listed on this machine only: an account
    may be large."""
    names = [name for name in VIEWS if (loopback or name != "list") and failing.get(name, 0) < GIVEN_UP]
    if not names:
        return ""
    new = {name: sum((name, trait) not in met for trait in about) for name in names}
    best = [name for name in names if new[name] == max(new.values())]
    return best[zlib.crc32(f"view {turn}".encode()) % len(best)]


def described(session: ecs.Session, step: int, view: str, eni: str, host: str, now: Snapshot) -> Described:
    """Ask for one view. Raises ecs.SetupError where nothing can be told of it, such as for throttling.

    eni: just detached from host, and Available in `now`, the look by id.
    """
    others = frozenset(e for e in now.enis if now.link(e) == host and now.status(e) == "InUse")
    try:
        return Described(step, view, eni, host, others, now, _shown(session, view, eni, host, others))
    except ecs.SetupError as error:
        failure = _failure(error)
        if not failure:
            raise
        if view == "nothing" and failure == "refused":  # what does not exist may be refused as well as not listed
            return Described(step, view, eni, host, others, now, ({}, {}))
        return Described(step, view, eni, host, others, now, (), failure, _told(error))


def _told(error: ecs.SetupError) -> str:
    """What came, in words that are the same each time."""
    exchange = error.exchange
    if exchange is None or exchange.outcome != "answered":
        return exchange.outcome if exchange else "nothing"
    return f"HTTP {exchange.status} {error.code or 'without a code'}"


def _failure(error: ecs.SetupError) -> Literal["", "failed", "refused"]:
    """Whether the endpoint failed at a question, or refused it; "" if that cannot be told."""
    exchange = error.exchange
    if exchange is None or exchange.throttled or exchange.outcome in ("refused", "tls"):
        return ""
    return "refused" if error.code and exchange.status < 500 else "failed"


def _shown(
    session: ecs.Session, view: str, eni: str, host: str, others: frozenset[str]
) -> tuple[Mapping[str, Fields] | None, ...]:
    """What each question of a view brings."""
    every = others | {eni}
    match view:
        case "instance":
            return (observe.shown(session, {"InstanceId": host}),)
        case "pages":
            attached = observe.shown(session, {"InstanceId": host}, page=max(1, (len(others) + 1) // 2))
            return (attached, observe.shown(session, ids=every, page=max(1, len(every) // 2)))
        case "attribute":
            fields = observe.attribute(session, eni)
            return (None if fields is None else {eni: fields},)
        case "status":
            filtered = observe.shown(session, {"Status": "Attaching"}, ids=[eni])
            used = observe.shown(session, {"Status": "InUse"}, ids=every)
            return (filtered, used, observe.shown(session, {"Status": "Available"}, ids=[eni]))
        case "type":
            return (observe.shown(session, {"Type": "Secondary"}, ids=every),)
        case "tag":
            return (observe.shown(session, {"Tag.1.Key": RUN_TAG, "Tag.1.Value": session.run_id}),)
        case "nothing":
            nowhere = make_text("last changed", host)
            nobody = make_text("last changed", eni)
            return (
                observe.shown(session, {"InstanceId": nowhere}),
                observe.shown(session, ids=[nobody]),
                observe.shown(session, {"Type": "Member"}, ids=[eni]),
                observe.shown(session, {"Tag.1.Key": RUN_TAG, "Tag.1.Value": "nobody"}, ids=[eni]),
            )
        case _:
            return (observe.shown(session),)
