"""Histories, written by hand: what was arranged, sent and seen, one short word for each event, and who is blamed.

One instance, i-1, Running; on it its primary interface eni-p, and two others, eni-1 and eni-2, both InUse. Another,
eni-x, does not exist. A false alarm is written down so:

    assert blamed(sent(200), looked("InUse", why="doubted"), looked("Available")) == []
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import Arg, Call, Detach, EniSpec, Scenario, Settle, Wire, World
from eni_conformance.contract.texts import TextKind
from eni_conformance.harness.history import (
    Acted,
    Arranged,
    AskedAgain,
    Circumstances,
    Created,
    Described,
    Event,
    History,
    Looked,
    Overdue,
    Overlapped,
    Part,
    Probed,
    Rested,
    Sent,
)
from eni_conformance.harness.values import Asked, Deed, Exchange, Param, Request, Snapshot
from eni_conformance.oracle.judge import Judgement, judge

PAGE, REGION = CONTRACTS["2019"], "cn-hangzhou"
LINKED = ("InUse", "Detaching", "Attaching")
EXIST = frozenset({"i-1", "eni-1", "eni-2", "eni-p", REGION})
V1, POST, XML, V3 = Wire(), Wire("POST", "form"), Wire(format="XML"), Wire(signing="v3")
_NUMBER = itertools.count()


# --- looks -------------------------------------------------------------------------------------------


def shown(
    one: str = "InUse",
    two: str = "InUse",
    *,
    at: float = 1.0,
    instance: str = "Running",
    lists: tuple[str, ...] | None = None,
    **fields: Any,
) -> Snapshot:
    """A look by id. one, two: the status of eni-1 and eni-2, "" where it is not shown; each is linked as its status
    says. lists: what the instance lists, if it is something else. fields: further ones of eni-1."""
    statuses = {"eni-p": "InUse", "eni-1": one, "eni-2": two}
    enis: dict[str, Any] = {
        eni: {"Status": status, "Type": "Secondary", **({"InstanceId": "i-1"} if status in LINKED else {})}
        for eni, status in statuses.items()
        if status
    }
    enis["eni-p"]["Type"] = "Primary"
    if one:
        enis["eni-1"].update(fields)
    held = [eni for eni in enis if enis[eni]["Status"] in LINKED] if lists is None else ["eni-p", *lists]
    entries = tuple(json.dumps({"NetworkInterfaceId": eni}) for eni in sorted(held))
    return Snapshot(at, enis, {"i-1": {"Status": instance, "NetworkInterfaces": entries}})


def looked(one: str = "InUse", two: str = "InUse", *, why: Any = "settled", step: int = 1, **more: Any) -> Looked:
    """A look of a play, by default the one that counts. more: as of `shown`."""
    return Looked(step, why, shown(one, two, **more))


def waiting(one: str, two: str = "InUse", **more: Any) -> Looked:
    """A look while something is on its way."""
    return looked(one, two, why="waiting", **more)


IN_VSWITCH = {"PrivateIpAddress": "10.0.0.1", "VSwitchId": "vsw-1"}
HAS_ADDRESS = {"start": shown(**IN_VSWITCH)}
"""What eni-1 shows where addresses are told."""


def beside(one: str, addresses: Mapping[str, str]) -> Looked:
    """A look that shows further interfaces with these addresses, in the vSwitch of eni-1."""
    seen = looked(one, **IN_VSWITCH)
    more = {eni: {"Status": "Available", "Type": "Secondary", **IN_VSWITCH, "PrivateIpAddress": address}
            for eni, address in addresses.items()}  # fmt: skip
    return replace(seen, snapshot=replace(seen.snapshot, enis={**seen.snapshot.enis, **more}))


def at_the_end(one: str = "InUse", two: str = "InUse", **more: Any) -> Looked:
    """The last look of a play, after which answers are compared."""
    return looked(one, two, step=-1, **more)


def overdue(one: str, two: str = "InUse", *, reminded: bool = False) -> Overdue:
    """The look after eni-1 had as long again as the target allows. reminded: and was asked for once more."""
    return Overdue(1, ("eni-1",), shown(one, two), reminded)


def described(view: str, *lists: Mapping[str, Any] | None, now: Snapshot | None = None) -> Described:
    """What another way to describe shows of eni-1, which has just left i-1."""
    now = now or shown("Available")
    return Described(1, view, "eni-1", "i-1", frozenset({"eni-2", "eni-p"}), now, lists)


# --- calls and their answers -------------------------------------------------------------------------


def answered(
    status: int = 200, code: str = "", *, outcome: Any = "answered", names: tuple[Param, ...] = (), **more: Any
) -> Exchange:
    """What came back. more: fields of the Exchange; body, as bytes, where it is no usual one."""
    n = next(_NUMBER)
    said = {"RequestId": f"{n:08X}-0000-4000-8000-000000000000"}
    said |= {"HostId": "h", "Code": code, "Message": "no"} if code else {}
    pairs = tuple((p.name, p.text) for p in names)
    request = Request("DetachNetworkInterface", "2014-05-26", "GET", "http://x/", pairs, (), b"", "account", "v1")
    headers = (("Content-Type", "application/json"),)
    made = Exchange(f"x-{n}", request, 0.0, 0.1, outcome, status, "", headers, json.dumps(said).encode())
    return replace(made, **more)


def as_xml(exchange: Exchange) -> Exchange:
    """The same answer in XML."""
    said = "".join(f"<{name}>{text}</{name}>" for name, text in json.loads(exchange.body).items())
    root = "Error" if exchange.status >= 400 else "DetachNetworkInterfaceResponse"
    body = f"<?xml version='1.0' encoding='UTF-8'?><{root}>{said}</{root}>".encode()
    return replace(exchange, headers=(("Content-Type", "text/xml"),), body=body)


def call(
    eni: str = "eni-1", instance: str = "i-1", *more: tuple[str, str], caller: str = "account", wire: Wire = V1
) -> tuple[Call, Asked]:  # fmt: skip
    """A call as it was meant, and as the endpoint saw it; more: further parameters. What does not exist is unknown."""
    pairs = [("RegionId", REGION), ("InstanceId", instance), ("NetworkInterfaceId", eni), *more]
    known = {text: "exact" if text in EXIST or name not in ("InstanceId", "NetworkInterfaceId") else "unknown"
             for name, text in pairs}  # fmt: skip
    params = tuple(Param(name, text, known[text]) for name, text in pairs)  # type: ignore[arg-type]
    return Call(tuple(Arg(p.name, "", f"text:{p.text}") for p in params), wire, caller), Asked(params, caller)


VALID = call()


def seen_as(of: tuple[Call, Asked], name: str, kind: TextKind) -> tuple[Call, Asked]:
    """The same call, whose parameter of this name has a text of another kind."""
    params = tuple(replace(p, kind=kind) if p.name == name else p for p in of[1].params)
    return of[0], replace(of[1], params=params)


def twice(name: str, *values: str) -> tuple[Call, Asked]:
    """A call that gives one parameter several values."""
    once = [p for p in VALID[1].params if p.name != name]
    kinds: dict[bool, TextKind] = {True: "exact", False: "unknown"}
    more = [Param(name, value, kinds[value in EXIST]) for value in values]
    return VALID[0], replace(VALID[1], params=(*once, *more))


def of_border(status: int, code: str, wire: Wire) -> Sent:
    """An answer to a call whose interface may be malformed or merely unknown, so that two refusals are admissible."""
    return sent(status, code, of=seen_as(call("eni-1x", wire=wire), "NetworkInterfaceId", "border"))


def sent(
    status: int = 200, code: str = "", *, of: tuple[Call, Asked] = VALID, step: int = 0, outcome: Any = "answered",
    passed: tuple[Exchange, ...] = (), raced: tuple[Snapshot, ...] = (), done: Snapshot | None = None,
    denotes: tuple[str, ...] = (), **more: Any,
) -> Sent:  # fmt: skip
    """A call under test, by default a valid one for eni-1, and its answer. more: as of `answered`."""
    exchange = answered(status, code, outcome=outcome, names=of[1].params, **more)
    return Sent(step, *of, exchange, passed, raced, done, denotes)


def again(first: Sent, stable: bool = True) -> AskedAgain:
    """It was sent again to see whether it always gets its answer."""
    code = json.loads(first.exchange.body).get("Code", "")
    return AskedAgain(first.call, first.asked, first.exchange.status, code, (), stable)


def probed(name: str, status: int, code: str = "", *, end: Any = "whole", **more: Any) -> Probed:
    """A probe of the gateway, with a call that is valid but for the one thing wrong."""
    return Probed(0, name, *VALID, answered(status, code, names=VALID[1].params, **more), end=end)


def acted(op: str, status: int = 200, code: str = "", *, shown: bool = False, step: int = 1, **more: Any) -> Acted:
    """An operation of the surroundings on eni-1 and i-1."""
    passed = more.pop("passed", ())
    return Acted(step, Deed(op, "eni-1", "i-1"), answered(status, code, **more), passed, shown)


def modified(attribute: str, value: str, *, eni: str = "eni-1", step: int = 1) -> Acted:
    """An attribute of an interface is modified to this value, and that is accepted."""
    return Acted(step, Deed("modify", eni, "i-1", attribute, value), answered())


def created(eni: str, step: int = 1) -> Created:
    """Another interface was made beside eni-1."""
    return Created(step, eni, "eni-1")


def part(
    status: int = 200, code: str = "", *, of: Any = VALID, began: float = 0.0, ended: float = 1.0, **more: Any
) -> Part:
    """One of several calls at the same time: `of` a call, an operation of the surroundings, or its name."""
    if isinstance(of, Deed):
        return Part(answered(status, code, **more), began, ended, deed=of)
    if isinstance(of, str):
        return Part(answered(status, code, **more), began, ended, deed=Deed(of, "eni-1", "i-1"))
    exchange = answered(status, code, names=of[1].params, **more)
    return Part(exchange, began, ended, of[0], of[1])


def overlapped(*parts: Part, step: int = 0) -> Overlapped:
    """Several calls at the same time."""
    return Overlapped(step, parts)


def after_overlap(one: str, two: str = "InUse", **more: Any) -> Looked:
    """The look after them."""
    return looked(one, two, why="overlap", step=0, **more)


# --- and what comes of it ----------------------------------------------------------------------------


def history(
    *events: Event, start: Snapshot | None = None, rested: Rested | None = None, name: str = "",
    arranged: Mapping[str, Any] = {}, earlier: Mapping[str, str] = {}, **place: Any,
) -> History:  # fmt: skip
    """A whole one. start: the look that proves the World; arranged: further fields of it; place: what was known of the
    target, as fields of Circumstances."""
    where = Circumstances(REGION, frozenset({REGION}), **{"quota": 4, "settle_seconds": 10.0, **place})
    made = Arranged(("i-1",), ("eni-1", "eni-2"), ("eni-p",), ("n",), "", start or shown(), **arranged)
    scenario = Scenario(World(enis=(EniSpec(), EniSpec())), (Detach(), Settle()), name)
    return History(scenario, where, made, events, tuple(range(len(events))), rested, earlier=earlier)


def judgement(*events: Event, **more: Any) -> Judgement:
    """What comes of a history. more: as of `history`."""
    return judge(PAGE, history(*events, **more))


def blamed(*events: Event, **more: Any) -> list[str]:
    """Each requirement that a history violates with the kind of finding, once: "F02 AfterSuccess"."""
    found = judgement(*events, **more).found
    return list(dict.fromkeys(f"{one.finding.requirement} {type(one.finding).__name__}" for one in found))


def undecided(*events: Event, **more: Any) -> str:
    """Why it cannot be judged; nothing is blamed then."""
    came = judgement(*events, **more)
    assert not came.found
    return came.undecided


def late_effect(before: Snapshot, now: Snapshot) -> Rested:
    """What the last look of the play before showed, and the first of this one."""
    return Rested(before, now, frozenset({"eni-1", "i-1"}), Scenario())
