"""An ECS in a dictionary, whose clock only sleeping moves: enough of an endpoint to play on, and no socket.

It stands in the place of the wire's client, so everything that a play sends is in `requests`, in order.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import EniSpec, Scenario, Step, World
from eni_conformance.harness.bench.pool import Bench, OwnEni, OwnInstance
from eni_conformance.harness.clock import Clock
from eni_conformance.harness.ecs import Ground, Session
from eni_conformance.harness.history import History
from eni_conformance.harness.play import play
from eni_conformance.harness.stage import Stage
from eni_conformance.harness.target import Limits, Target
from eni_conformance.harness.values import Exchange, Pair, Request
from eni_conformance.oracle.guide import guide_of

REGION = "cn-hangzhou"
OURS, OTHER, HOST, PRIMARY = "eni-bp1aaaa1", "eni-bp1cccc5", "i-bp1dddd7", "eni-bp1eeee9"
"""Two interfaces of the run, its instance, and that one's primary interface."""
DETACH = "DetachNetworkInterface"


@dataclass(frozen=True)
class Says:
    """What a detach is answered instead of the truth. done: it is carried out all the same."""

    status: int = 200
    code: str = ""
    outcome: Any = "answered"
    done: bool = False
    resent: bool = False


@dataclass
class SmallEcs:
    """enis: interface -> (instance, the status it has, the time from which on it is free). says: what the next detaches
    are answered; attaches: the same of attaches. takes: seconds of a transition. stale: how many
    seconds old every second description is. retypes: an interface that the first detach makes a Trunk."""

    enis: dict[str, tuple[str, str, float]] = field(default_factory=dict)
    says: list[Says] = field(default_factory=list)
    attaches: list[Says] = field(default_factory=list)
    takes: float = 1.0
    stale: float = 0.0
    past: list[tuple[float, dict[str, tuple[str, str, float]]]] = field(default_factory=list)
    retypes: str = ""
    at: float = 1_000.0
    requests: list[tuple[str, tuple[Pair, ...]]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    repeated: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    allowance: None = None
    lock: Any = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.clock = Clock(lambda: self.at, lambda: self._move(0.0001), self._move)

    def _move(self, seconds: float) -> float:
        self.at += seconds
        return self.at

    def endpoint_time(self) -> float:
        return self.at

    # --- what a test asks ------------------------------------------------------------------------

    def sent(self, action: str = DETACH) -> list[str]:
        """The interfaces that calls of this action named, in order."""
        return [dict(pairs).get("NetworkInterfaceId", "") for name, pairs in self.requests if name == action]

    # --- what a client does ----------------------------------------------------------------------

    def send(self, action: str, pairs: Iterable[Pair], *, caller: str = "account", **_: Any) -> Exchange:
        with self.lock:
            given = dict(pairs)
            self.requests.append((action, tuple(given.items())))
            self.counts[action] += 1
            n = len(self.requests)
            status, said, came = getattr(self, f"_{action}", self._nothing)(given)
        said = {"RequestId": f"{n:08X}-0000-4000-8000-000000000000", **said}
        request = Request(action, "2014-05-26", "GET", "http://x/", tuple(given.items()), (), b"", caller, "v1")
        headers = (("Content-Type", "application/json"),)
        made = Exchange(f"x-{n}", request, self.at, 0.1, "answered", status, "", headers, json.dumps(said).encode())
        if came.outcome != "answered":
            return replace(made, outcome=came.outcome, status=0, headers=(), body=b"")
        return replace(made, resent=came.resent)

    def _nothing(self, _: dict[str, str]) -> tuple[int, dict[str, Any], Says]:
        return _refusal(404, "InvalidAction.NotFound")

    def _DetachNetworkInterface(self, given: dict[str, str]) -> tuple[int, dict[str, Any], Says]:
        eni, now = given.get("NetworkInterfaceId", ""), self._now()
        says = self.says.pop(0) if self.says else None
        if says is None or says.done:
            if eni not in now:
                return _refusal(404, "InvalidEniId.NotFound")
            if now[eni][0] != given.get("InstanceId") or now[eni][1] not in ("InUse", "Detaching"):
                return _refusal(400, "InvalidOperation.InvalidEniState")
            self.enis[eni] = (now[eni][0], "Detaching", self.at + self.takes)
        if says is None or says.status < 400:
            return 200, {}, says or Says()
        return says.status, {"HostId": "h", "Code": says.code, "Message": "no"}, says

    def _AttachNetworkInterface(self, given: dict[str, str]) -> tuple[int, dict[str, Any], Says]:
        says = self.attaches.pop(0) if self.attaches else Says()
        if says.status >= 400:
            return *_refusal(says.status, says.code)[:2], says
        self.enis[given["NetworkInterfaceId"]] = (given["InstanceId"], "InUse", 0.0)
        return 200, {}, says

    def _DescribeNetworkInterfaces(self, given: dict[str, str]) -> tuple[int, dict[str, Any], Says]:
        ids = {v for k, v in given.items() if k.startswith("NetworkInterfaceId.")}
        shown = [
            {"NetworkInterfaceId": e, "Status": status, "Type": self._type(e), **_on(host)}
            for e, (host, status, _) in self._shown().items()
            if (not ids or e in ids)
            and given.get("InstanceId", host) == host
            and given.get("Status", status) == status
            and not (e == PRIMARY and given.get("Type") == "Secondary")
            and "Tag.1.Key" not in given
        ]
        return 200, {"TotalCount": len(shown), "NetworkInterfaceSets": {"NetworkInterfaceSet": shown}}, Says()

    def _DescribeInstances(self, given: dict[str, str]) -> tuple[int, dict[str, Any], Says]:
        wanted = json.loads(given["InstanceIds"])
        held = [{"NetworkInterfaceId": e} for e, (host, _, _) in self._now().items() if host == HOST]
        one = {"InstanceId": HOST, "Status": "Running", "NetworkInterfaces": {"NetworkInterface": held}}
        shown = [one] if HOST in wanted else []
        return 200, {"TotalCount": len(shown), "Instances": {"Instance": shown}}, Says()

    def _shown(self) -> dict[str, tuple[str, str, float]]:
        """What a description shows: the truth, or every second time what was true a while ago."""
        self.past.append((self.at, dict(self._now())))
        old = [enis for at, enis in self.past if at <= self.at - self.stale]
        return old[-1] if old and self.counts["DescribeNetworkInterfaces"] % 2 else self.enis

    def _type(self, eni: str) -> str:
        changed = eni == self.retypes and self.counts[DETACH] > 0
        return "Primary" if eni == PRIMARY else "Trunk" if changed else "Secondary"

    def _now(self) -> dict[str, tuple[str, str, float]]:
        """What is true by now: a detach ends by itself."""
        for eni, (_, status, until) in self.enis.items():
            if status == "Detaching" and self.at >= until:
                self.enis[eni] = ("", "Available", 0.0)
        return self.enis


def _refusal(status: int, code: str) -> tuple[int, dict[str, Any], Says]:
    return status, {"HostId": "h", "Code": code, "Message": "no"}, Says()


def _on(host: str) -> dict[str, str]:
    return {"InstanceId": host} if host else {}


class Ours:
    """A ledger that knows what the run owns, and refuses the rest."""

    going: frozenset[str] = frozenset()

    def place(self, where: str) -> None:
        """Everything is in one place."""

    def check(self, resource: str) -> None:
        assert resource in (OURS, OTHER, HOST), f"{resource} is not the run's own"

    def still_there(self, _: str) -> bool:
        return True


def stage(ecs: SmallEcs, folder: Path, *, nearby: bool = True, **more: Any) -> Stage:
    """A worker's place here: an interface on its instance, and one that is free. nearby: on this machine."""
    ecs.enis = {PRIMARY: (HOST, "InUse", 0.0), OURS: (HOST, "InUse", 0.0), OTHER: ("", "Available", 0.0), **ecs.enis}
    url = "http://127.0.0.1:1" if nearby else "https://ecs.example.com"
    limits = Limits(requests_per_second=0, settle_seconds=10, lag_seconds=1.6)
    target = Target("small", url, url, REGION, {}, limits=limits)
    session = Session(target, ecs, Ours(), "run-1")  # type: ignore[arg-type]
    ground = Ground(REGION, ("z",), "vpc", ("vsw",), ("sg",), "type", 4, "image")
    look = replace(EniSpec(), on=None, status="Available")
    bench = Bench(session, ground, frozenset(), 1, 8, 10.0, measured=True, **more)
    bench.instances = [OwnInstance(HOST, 0, primary=PRIMARY, name="n", welcomed=True)]
    bench.enis = [OwnEni(OURS, 0, look, [HOST]), OwnEni(OTHER, 0, look)]
    return Stage(bench, folder)


def played(where: Stage, *steps: Step, world: World | None = None) -> History:
    """What comes of these steps."""
    return play(Scenario(world or World(), steps), where, guide_of(CONTRACTS["2019"]))


def told(history: History, *kinds: type) -> list[Any]:
    """The events of these kinds, in order."""
    assert not history.undecided, history.undecided
    return [event for event in history.events if isinstance(event, kinds)]
