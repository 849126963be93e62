"""One instance, one interface and the calls about them, for tests that begin in the middle of a History."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import Call, Detach, Scenario, Wire, World
from eni_conformance.harness.history import Arranged, Circumstances, Event, History, Sent
from eni_conformance.harness.values import Asked, Exchange, Param, Request, Snapshot
from eni_conformance.oracle.follow import Compared, State, begin
from eni_conformance.oracle.readings import Admissible, Reply

PAGE, REGION = CONTRACTS["2019"], "cn-hangzhou"
ASKED = Asked((Param("RegionId", REGION), Param("InstanceId", "i-1"), Param("NetworkInterfaceId", "eni-1")))
PLACE = Circumstances(REGION, frozenset({REGION}), 3)


def seen(eni: str, at: float = 1.0, instance: str = "Running", **fields: Any) -> Snapshot:
    """eni-1 in this status, "" if it is not there, linked as the status says; and i-1."""
    link = {"InstanceId": "i-1"} if eni in ("InUse", "Detaching", "Attaching") else {}
    held = {"NetworkInterfaces": (json.dumps({"NetworkInterfaceId": "eni-1"}),)} if link else {}
    enis = {"eni-1": {"Status": eni, "Type": "Secondary", **link, **fields}} if eni else {}
    return Snapshot(at, enis, {"i-1": {"Status": instance, **held}})


def known(eni: str = "InUse", **arranged: Any) -> State:
    """What is known when this was arranged."""
    made = Arranged(("i-1",), ("eni-1",), ("",), ("",), "", seen(eni), **arranged)
    return begin(PAGE, Scenario(World(), (Detach(),)), PLACE, made)


def exchange(status: int = 200, code: str = "", **more: Any) -> Exchange:
    """An answer in JSON that is of the right shape."""
    said = {"RequestId": "00000001-0000-4000-8000-000000000000"}
    said |= {"HostId": "h", "Code": code, "Message": "no"} if code else {}
    pairs = tuple((p.name, p.text) for p in ASKED.params)
    request = Request("DetachNetworkInterface", "2014-05-26", "GET", "http://x/", pairs, (), b"", "account", "v1")
    headers = (("Content-Type", "application/json"),)
    return Exchange("x", request, 0.0, 0.1, "answered", status, "", headers, json.dumps(said).encode(), **more)


def sent(status: int = 200, code: str = "", step: int = 0) -> Sent:
    """A call to detach eni-1 from i-1, and its answer."""
    return Sent(step, Call(), ASKED, exchange(status, code))


def history(*events: Event, start: str = "InUse") -> History:
    """What was played, from a world in which eni-1 has this status."""
    arranged = Arranged(("i-1",), ("eni-1",), ("",), ("",), "", seen(start))
    return History(Scenario(World(), (Detach(),)), PLACE, arranged, events, tuple(range(len(events))))


def compared(reply: str, wire: Wire = Wire(), **more: Any) -> Compared:  # noqa: B008
    """An answer ("404 InvalidEniId.NotFound") to the same call in one of its wire forms."""
    status, _, code = reply.partition(" ")
    call = replace(Call(), wire=wire)
    expected = Admissible((), False, ("interface exists",))
    values = {"key": "same", "grouped": True, "step": 0, **more}
    return Compared(call, ASKED, reply=Reply(int(status), code), exchange=exchange(), expected=expected, **values)
