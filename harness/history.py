"""What was done and what came of it, as data: a History, that can be written down, and judged again by a better check.

An event says when it was, which step it belongs to, and what it needs to be judged alone. Nothing here judges. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from eni_conformance.contract.scenario import Call, Scenario, World
from eni_conformance.harness.values import Asked, Deed, Exchange, Fields, Snapshot


@dataclass(frozen=True)
class Arranged:
    """A World made real. Tuples are in the order of the World's lists.

    snapshot: the look that proves it. held: resources whose transitions are frozen. racing: statuses that a
    resource may have, where a transition is merely under way. faults: interface or instance id -> control fault.
    linked: the instance of each interface in transition, which a description may hide. pinned: held by a status
    that the control protocol laid over them, not by freezing a transition. lived: the World with what each resource
    has been through where anything would do, None in files of earlier versions. unlike: fields of an interface that
    were never shown as they were asked for when it was made.
    """

    instances: tuple[str, ...]
    enis: tuple[str, ...]
    primaries: tuple[str, ...]
    names: tuple[str, ...]
    zone: str
    snapshot: Snapshot
    held: frozenset[str] = frozenset()
    racing: Mapping[str, frozenset[str]] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    linked: Mapping[str, str] = field(default_factory=dict)
    pinned: frozenset[str] = frozenset()
    lived: World | None = None
    unlike: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def faulty_enis(self) -> frozenset[str]:
        """Interfaces for which an order of the control protocol is in force."""
        return frozenset(self.faults).intersection(self.enis)

    @staticmethod
    def from_earlier(data: dict[str, Any]) -> dict[str, Any]:
        """What a file of an earlier version says, in the words of this one."""
        over = dict.fromkeys(data.pop("over_limit", ()), "instance.eni_limit")
        return {**data, "faults": {**data.get("faults", {}), **over}} if over else data


@dataclass(frozen=True)
class Circumstances:
    """What was known of the target when the play began.

    regions: every region id known to exist. quota: interfaces that an instance holds; quota_assumed: nobody said so.
    lags: descriptions have been seen to lag behind. tolerates: what may pass is asked again before it counts.
    settle_seconds: how long a transition may take. settled: seconds that earlier detaches took. ignore: paths that
    change by themselves. real: an endpoint of the service itself, whose instances have guests that may not react. hot:
    what an instance that runs has let be done ("attach", "detach"). cold: what it must be Stopped for.
    """

    region: str
    regions: frozenset[str]
    quota: int
    quota_assumed: bool = False
    lags: bool = False
    tolerates: bool = False
    settle_seconds: float = 10.0
    settled: tuple[float, ...] = ()
    run_id: str = ""
    ignore: frozenset[str] = frozenset()
    real: bool = False
    hot: frozenset[str] = frozenset()
    cold: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rested:
    """The look before the World was arranged, and the last one of the play before: what differs is a late effect.

    own: what belongs to the worker; other things are not its own to judge.
    """

    before: Snapshot
    now: Snapshot
    own: frozenset[str]
    scenario: Scenario


@dataclass(frozen=True)
class Sent:
    """A call under test and its answer.

    passed: earlier answers to it that may pass, after which it was sent again. raced: the looks before and after, where
    a transition was under way. done: the look that shows that it was carried out although its answer does not say so.
    denotes: ids invented for it that denote a resource after all. twin: it is the first of two with one nonce.
    """

    step: int
    call: Call
    asked: Asked
    exchange: Exchange
    passed: tuple[Exchange, ...] = ()
    raced: tuple[Snapshot, ...] = ()
    done: Snapshot | None = None
    denotes: tuple[str, ...] = ()
    twin: bool = False
    kind: Literal["sent"] = "sent"


@dataclass(frozen=True)
class Probed:
    """A call that the gateway must refuse, or must not.

    end: whole; unread: the tampering changed nothing that a verifier must look at; lost: the first of two calls with
    one nonce was lost, throttled or may pass, so that the second was not sent.
    """

    step: int
    name: str
    call: Call
    asked: Asked
    exchange: Exchange
    passed: tuple[Exchange, ...] = ()
    end: Literal["whole", "unread", "lost"] = "whole"
    kind: Literal["probed"] = "probed"


@dataclass(frozen=True)
class Acted:
    """An operation of the surroundings. passed: earlier answers, as of a call. shown: it was refused, and a look shows
    that an earlier sending was carried out."""

    step: int
    deed: Deed
    exchange: Exchange
    passed: tuple[Exchange, ...] = ()
    shown: bool = False
    kind: Literal["acted"] = "acted"


@dataclass(frozen=True)
class Created:
    """Another interface was made, in the vSwitch of `like`."""

    step: int
    eni: str
    like: str
    kind: Literal["created"] = "created"


@dataclass(frozen=True)
class Looked:
    """A look, and why.

    waiting: until nothing moves. doubted: it showed something unexplained, and another look followed. settled: the one
    that counts. overlap: the one after overlapping calls. released: after what was held was let go. end: the last one.
    """

    step: int
    why: Literal["waiting", "doubted", "settled", "overlap", "released", "end"]
    snapshot: Snapshot
    kind: Literal["looked"] = "looked"


@dataclass(frozen=True)
class Overdue:
    """Detaches that had not ended within the target's limit, and the look after as long again. reminded: they were
    asked for once more before it."""

    step: int
    enis: tuple[str, ...]
    snapshot: Snapshot
    reminded: bool = False
    kind: Literal["overdue"] = "overdue"


@dataclass(frozen=True)
class Part:
    """One of several calls at the same time: a call under test or an operation of the surroundings. began, ended:
    seconds on one clock."""

    exchange: Exchange
    began: float
    ended: float
    call: Call | None = None
    asked: Asked | None = None
    deed: Deed | None = None
    denotes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Overlapped:
    """Calls that were sent at the same time."""

    step: int
    parts: tuple[Part, ...]
    kind: Literal["overlapped"] = "overlapped"


@dataclass(frozen=True)
class Described:
    """What another way to describe showed of an interface that has just been detached from `host`, beside the look by
    id. others: what else is attached there. shown: the interfaces that each question brought; None: not offered.
    failure: the endpoint failed at the question to the end, or refused it; told: what came then."""

    step: int
    view: str
    eni: str
    host: str
    others: frozenset[str]
    snapshot: Snapshot
    shown: tuple[Mapping[str, Fields] | None, ...]
    failure: Literal["", "failed", "refused"] = ""
    told: str = ""
    kind: Literal["described"] = "described"


@dataclass(frozen=True)
class AskedAgain:
    """A call that was sent again to see whether it always gets this answer: how often, until another came."""

    call: Call
    asked: Asked
    status: int
    code: str
    exchanges: tuple[Exchange, ...]
    stable: bool
    step: int = -1
    kind: Literal["asked again"] = "asked again"


@dataclass(frozen=True)
class Ordered:
    """Orders of the control protocol were taken back: those of one kind, "" for all."""

    step: int
    released: str
    kind: Literal["ordered"] = "ordered"


@dataclass(frozen=True)
class LeftOut:
    """A step that was not taken. unshown: no description shows the primary interface it names; foreign: a text that
    was to denote nothing denotes something; scheme: the target does not offer the signature scheme it needs."""

    step: int
    why: Literal["unshown", "foreign", "scheme"]
    probe: str = ""
    kind: Literal["left out"] = "left out"


Event = Sent | Probed | Acted | Created | Looked | Overdue | Overlapped | Described | AskedAgain | Ordered | LeftOut


@dataclass(frozen=True)
class History:
    """One Scenario, what was arranged for it, and everything that was done and seen, in order of time.

    sent: how many calls the worker had sent in all when each event ended. undecided: why it could not be carried out to
    its end, "" if it was. missing: what the target does not offer for it. earlier: RequestIds that came in other
    histories -> their exchange.
    """

    scenario: Scenario
    place: Circumstances | None = None
    arranged: Arranged | None = None
    events: tuple[Event, ...] = ()
    sent: tuple[int, ...] = ()
    rested: Rested | None = None
    undecided: str = ""
    missing: str = ""
    earlier: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """A call whose answer must be known to be stable before it is compared."""

    call: Call
    asked: Asked
    status: int
    code: str


@dataclass(frozen=True)
class Lesson:
    """What a worker takes from a play into the next.

    stuck: detaches that never ended. spent: seconds that those which ended took. ignore: paths that change by
    themselves. clean: nothing is wrong or open, so that what differs later is a late effect. snapshot: the last look.
    damaged: resources that a wrong effect has changed. flawed: anything is wrong. unplugged: an instance that runs has
    lost an interface.
    """

    stuck: int
    spent: tuple[float, ...]
    ignore: frozenset[str]
    clean: bool
    flawed: bool
    snapshot: Snapshot
    damaged: frozenset[str]
    unplugged: bool = False
