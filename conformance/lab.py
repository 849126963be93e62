"""Carrying out Scenarios on a target and judging them: arrange, look, send, look, compare.

The Lab is where the pure parts meet the wire. `Lab.run` takes a Scenario and returns what it found; it never
raises for anything the endpoint does. It keeps one model of what may be true (`model`), judges every answer by
`oracle` and `response`, and every look by `frame`. A difference between two looks is looked at again for a
while before it counts, because a description may lag behind by up to a second.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import re
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eni_conformance.conformance import views
from eni_conformance.contract.common import passing
from eni_conformance.contract.detach import ACTION, OWNER, REQUIRED, STEADY, TRUNK, VERSION
from eni_conformance.contract.gateway import PROBES, SIGNATURE, WHO_CALLS
from eni_conformance.contract.gateway import Probe as GatewayProbe
from eni_conformance.contract.rules import Operation, Refusal
from eni_conformance.contract.scenario import (
    AS_ASKED,
    Act,
    Arg,
    Call,
    Detach,
    Parallel,
    Probe,
    Scenario,
    Settle,
    Wire,
    World,
)
from eni_conformance.contract.texts import kind_of, make_text
from eni_conformance.harness import acts, ecs
from eni_conformance.harness.account.ledger import in_turn
from eni_conformance.harness.bench import arrange, pool
from eni_conformance.harness.bench.look import BY_ITSELF, PASSING, PASSING_ELSEWHERE, SLOT
from eni_conformance.harness.bench.pool import Bench, Bound, NotArranged
from eni_conformance.harness.clock import stamp
from eni_conformance.harness.values import Asked, Deed, Exchange, Pair, Param, Snapshot
from eni_conformance.harness.wire.client import Prepared, is_throttling
from eni_conformance.harness.wire.codec import code_of
from eni_conformance.harness.wire.tamper import changes_nothing, public, rewired, tampered
from eni_conformance.oracle import envelope, frame, gateway, model, readings
from eni_conformance.oracle.findings import Finding, OtherFormat
from eni_conformance.oracle.readings import Admissible, EniKnown, Known, Reply
from eni_conformance.oracle.tally import Record
from eni_conformance.oracle.verdicts import certain

STABLE = 8
"""How often a call must get the same answer again before its difference from another wire form counts."""
END_OF = {"attach": "InUse", "delete": "", "start": "Running", "stop": "Stopped", "reboot": "Running", "describe": ""}
EARLY = 4
"""One in so many accepted calls is looked at at once, to see the interface on its way; the others later."""
PLAIN_ID = re.compile(r"[A-Za-z]{1,8}-[0-9A-Za-z]{1,60}\Z")
OWNERS = frozenset(OWNER)
LOGIN, NUMBER = re.compile(r"[\w.+-]+@[\w.-]+"), re.compile(r"[0-9]+")
"""What is certainly the login name of a user, and the number of an account; anything else may be refused."""
MOVES = frozenset({"", "Status", "InstanceId", "Attachment.InstanceId", "NetworkInterfaces"})
"""What operations of the surroundings can bring back after a wrong effect; other changes remain."""
ENI = "NetworkInterfaceId"
SORTS = {"InstanceId": ("instance",), ENI: ("eni", "primary"), "RegionId": ("region", "second_region")}
"""What a parameter may refer to; anything else is no identifier of its sort."""
UNDECLARED = "undeclared parameter"


@dataclass(frozen=True)
class Found:
    """A finding with its evidence. step: index of the step, -1 for a look. changes: what differed. after: the look
    that shows it; end: the last look of the Scenario, where an answer shows it. sent: how many calls the worker had
    sent by then, and how many of them under test."""

    finding: Finding
    step: int
    exchange: Exchange | None = None
    expected: Admissible | None = None
    before: Snapshot | None = None
    after: Snapshot | None = None
    end: Snapshot | None = None
    changes: tuple[frame.Change, ...] = ()
    history: tuple[Mapping[str, Any], ...] = ()
    sent: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Outcome:
    """What came of one Scenario. `undecided`: why it could not be judged, "" if it was. `missing`: what the
    target does not offer for it. `raced`: whether a transition was merely under way, not held."""

    found: tuple[Found, ...] = ()
    undecided: str = ""
    missing: str = ""
    raced: bool = False


@dataclass
class Lab:
    """One worker's way to the target. `folder`: where locks and records are kept; `deadline`: seconds a call
    may take; `relook`: seconds for which a difference between looks is looked at again; `nothing`: texts that denoted
    nothing when they were asked for; `abroad`: opens the Lab for Worlds of the second region, kept in `second`.
    """

    contract: Operation
    bench: Bench
    record: Record
    folder: Path
    deadline: float = 15.0
    relook: float = 1.6
    nothing: set[str] = field(default_factory=set)
    ignore: set[str] = field(default_factory=set)
    last: tuple[Snapshot, Scenario] | None = None
    abroad: Callable[[], Lab] | None = None
    second: Lab | None = None
    turn: int = 0
    stuck: int = 0

    @property
    def session(self) -> ecs.Session:
        return self.bench.session

    def sent(self) -> tuple[int, int]:
        """How many calls this worker has sent, set-up and looks included, and how many of them under test."""
        return sum(self.session.client.counts.values()), self.record.detach_calls

    def unfinished(self) -> list[pool.Unfinished]:
        """What the set-up could not do although the page promises it; each is told once."""
        benches = (self.bench, *((self.second.bench,) if self.second else ()))
        told = [one for bench in benches for one in bench.unfinished]
        for bench in benches:
            bench.unfinished.clear()
        return told

    def run(self, scenario: Scenario, *, record: bool = True) -> Outcome:
        """Arrange the World, take the steps, judge everything. `record` False: nothing is credited."""
        if scenario.world.region == "second" and self.abroad is not None:
            try:
                self.second = self.second or self.abroad()
            except ecs.SetupError as error:
                return Outcome(undecided=f"set-up in the second region failed: {error}")
            self.second.relook = self.relook
            return self.second.run(scenario, record=record)
        for_all = not scenario.world.region_feature or bool(scenario.world.refused_parameter)
        book = self.record if record else Record("scratch", request_ids=self.record.request_ids)
        with in_turn(self.folder, exclusive=for_all):
            try:
                late = self._rest(book)
                bound = arrange.arrange(self.bench, scenario.world)
            except NotArranged as reason:
                self.last, self.bench.stale = None, pool.PARTS
                return Outcome(undecided=reason.reason, missing=reason.missing)
            except ecs.SetupError as error:
                self.last, self.bench.stale = None, pool.PARTS
                return Outcome(undecided=f"set-up failed: {error}")
            self.record.leased(len(bound.instances), len(bound.enis))
            run = _Run(self, scenario, bound, book)
            try:
                if self.bench.careful:
                    self._learn_volatile(bound)
                run.found += late
                run.take_all()
                run.look_at_the_end()
            except ecs.SetupError as error:
                self.last, self.bench.stale = None, pool.PARTS
                return Outcome(tuple(run.found), f"looking or acting failed: {error}")
            finally:
                pool.release(self.bench)
            run.after_release()
            sure = not run.found and not run.undecided and not run.dirty
            at_rest = not bound.held and not bound.racing and not pool.busy(self.bench, run.snapshot)
            clean = sure and at_rest and not bound.faults
            self.last = (run.snapshot, scenario) if clean else None
            if not clean:
                self.bench.stale = pool.PARTS
            for resource in {c.resource for found in run.found for c in found.changes if c.path not in MOVES}:
                pool.spoil(self.bench, resource)
        return Outcome(tuple(run.found), run.undecided, raced=bool(bound.racing))

    def _learn_volatile(self, bound: Bound) -> None:
        """What changes while nothing is sent is not judged, such as a time that is told to the second."""
        before = self.bench.now
        time.sleep(BY_ITSELF)
        after = pool.refresh(self.bench, "both", bound.held | frozenset(bound.racing))
        self.ignore |= {c.path for c in frame.changes(before, after) if c.path not in MOVES}

    def _rest(self, book: Record) -> list[Found]:
        """Come to rest; what has changed since the last scenario ended is that scenario's late effect."""
        last, self.last = self.last, None
        now = arrange.rest(self.bench)
        if last is None:
            return []
        before, scenario = last
        differences = self._own_changes(before, now)
        until = time.monotonic() + self.relook
        while differences and time.monotonic() < until:
            time.sleep(0.1)
            self.bench.stale = pool.PARTS
            differences = self._own_changes(before, arrange.rest(self.bench))
        if now is not before:
            book.credit(("F08", "F01"), _world_key(scenario.world), "account", "look")
        out = []
        for change in differences:
            what = f"{change.resource}: {change.path or 'existence'} from {change.before!r} to {change.after!r}"
            finding = Finding("F08", f"after everything had settled, {what}", f"late:{change.path}", ("F01",))
            out.append(Found(finding, -1, before=before, after=self.bench.now, changes=(change,), sent=self.sent()))
        return out

    def _own_changes(self, before: Snapshot, now: Snapshot) -> list[frame.Change]:
        mine = {e.id for e in self.bench.enis} | {i.id for i in self.bench.instances}
        mine |= {i.primary for i in self.bench.instances} | set(before.enis) | set(before.instances)
        return [c for c in frame.changes(before, now, frozenset(self.ignore)) if c.resource in mine]

    def counts_ids(self) -> bool:
        """Whether this endpoint gives out ids one after the other, so that one like an existing one may come true."""
        return counted([e.id for e in self.bench.enis]) or counted([i.id for i in self.bench.instances])

    def verify_nothing(self, texts: Sequence[str], *, anew: bool = False) -> set[str]:
        """Those of the texts that denote an existing resource after all; all others denote nothing now.

        anew: ask also for those that denoted nothing before. Where ids are counted that is always so.
        """
        anew = anew or self.counts_ids()
        fresh = [t for t in dict.fromkeys(texts) if anew or t not in self.nothing]
        exist: set[str] = set()
        for start in range(0, len(fresh), 50):
            part = fresh[start : start + 50]
            with contextlib.suppress(ecs.SetupError):  # an endpoint may refuse to describe odd ids
                exist |= {str(e.get("NetworkInterfaceId")) for e in ecs.describe_enis(self.session, ids=part)}
            with contextlib.suppress(ecs.SetupError):
                exist |= {str(i.get("InstanceId")) for i in ecs.describe_instances(self.session, part)}
        found = exist & set(fresh)
        self.nothing |= set(fresh) - found
        self.nothing -= found
        return found

    def fit(self, call: Call, *, format_: bool = True) -> Call:
        """The call in a wire form that the target offers: the nearest to its own. format_ False: in its own format."""
        offers, wire = self.session.target.offers, call.wire
        if wire.signing not in (offers.signing or (wire.signing,)):
            wire = replace(wire, signing="v3" if wire.signing == "v1" else "v1")
        wanted = _format(replace(call, wire=wire)).lower() or "json"
        if format_ and wanted not in (offers.formats or (wanted,)):
            wire = replace(wire, format="XML" if wanted == "json" else "JSON")
        return replace(call, wire=wire) if wire != call.wire else call

    def resolve(self, call: Call, bound: Bound) -> Asked:
        """The call with real identifiers in place of references."""
        return Asked(tuple(self._param(arg, bound) for arg in call.args), call.caller)

    def _text(self, kind: str, k: int, bound: Bound) -> str:
        """What a reference stands for, "" if it stands for nothing."""
        match kind:
            case "eni":
                return bound.enis[k]
            case "instance":
                return bound.instances[k]
            case "primary":
                return bound.primaries[k]
            case "instance_name":
                return bound.names[k] or "eni-conformance"
            case "region":
                return self.session.target.region
            case "second_region":
                return self.bench.ground.second_region or "cn-atlantis-2"
            case "zone":
                return bound.zone or self.session.target.region + "-a"
            case _:
                return ""

    def _param(self, arg: Arg, bound: Bound) -> Param:
        kind, _, index = arg.ref.partition(":")
        text = self._text(kind, int(index or 0), bound)
        region = kind in ("region", "second_region", "zone") and arg.name == "RegionId"
        made = make_text(arg.form, text, region=region)
        if arg.form in NEAR and not region and self.counts_ids():
            made = make_text(NEAR[arg.form], text)
        if arg.form != "exact" and made == text and kind:
            made = text + "0"  # a form that changes nothing here must still denote nothing
        how = kind_of(arg.form, region=region)
        if how in ("exact", "unknown") and kind not in SORTS.get(arg.name, (kind,)):
            how = "border"
        if not kind and arg.name in OWNERS:
            form = LOGIN if arg.name.endswith("Account") else NUMBER
            how = "exact" if form.fullmatch(made) and len(made) < 128 else "border"
            how = how if made.isprintable() and 0 < len(made) < 128 else "unreadable"
        return Param(arg.name, made, how)


@functools.lru_cache(maxsize=4096)
def _pairs(row: tuple[str, ...]) -> frozenset[tuple[int, str, int, str]]:
    """Every two places of a row, with what stands there."""
    return frozenset((i, a, j, b) for (i, a), (j, b) in itertools.combinations(enumerate(row), 2))


@dataclass
class _Run:
    """One Scenario being carried out."""

    lab: Lab
    scenario: Scenario
    bound: Bound
    book: Record
    found: list[Found] = field(default_factory=list)
    undecided: str = ""
    history: list[dict[str, Any]] = field(default_factory=list)
    detached: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    touched: set[str] = field(default_factory=set)
    ends: dict[str, str] = field(default_factory=dict)
    accepted_at: dict[str, float] = field(default_factory=dict)
    groups: dict[tuple[str, tuple[str, ...]], list[tuple[Call, Reply, Exchange]]] = field(default_factory=dict)
    readings: dict[str, list[tuple[str, Call, Reply, Exchange]]] = field(default_factory=dict)
    strangers: list[tuple[bool, Call, Reply, Exchange]] = field(default_factory=list)
    dirty: bool = False

    def __post_init__(self) -> None:
        self.snapshot = self.bound.snapshot
        self.enis = list(self.bound.enis)
        self.known = self._known(self.snapshot)
        self.world = _world_key(self.scenario.world)
        self.began = time.time()

    # --- the steps -------------------------------------------------------------------------------

    def take_all(self) -> None:
        """Every step in order, then a last look."""
        taken = self.lab.verify_nothing(self._odd_texts())
        for index, step in enumerate(self.scenario.steps):
            if self.dirty:
                return
            match step:
                case Detach():
                    self._detach(index, self._fit(step.call), taken)
                case Act():
                    self._act(index, step)
                case Settle():
                    if step.after:
                        time.sleep(step.after)
                    self._settle(index)
                case Probe():
                    self._probe(index, step)
                case Parallel():
                    self._parallel(index, step, taken)
        if not self.dirty:
            pool.release(self.lab.bench, "region")
            pool.release(self.lab.bench, "parameter")
            self._settle(-1)
            self._compare_wires()
            self._compare_readings()
            self._compare_strangers()

    def _fit(self, call: Call) -> Call:
        return self.lab.fit(call, format_=self.scenario.name != AS_ASKED)

    def _odd_texts(self) -> list[str]:
        """Texts that look like identifiers and should denote nothing."""
        ours = set(self.known.enis) | set(self.known.instances)
        out = []
        for step in self.scenario.steps:
            for part in step.steps if isinstance(step, Parallel) else (step,):
                if isinstance(part, Detach):
                    for param in self.lab.resolve(part.call, self.bound).params:
                        wanted = param.name in ("InstanceId", "NetworkInterfaceId") and param.kind != "exact"
                        if wanted and param.text not in ours and PLAIN_ID.match(param.text):
                            out.append(param.text)
        return out

    def _known(self, snapshot: Snapshot) -> Known:
        bench = self.lab.bench
        second = bench.ground.second_region
        known = model.known_of(
            snapshot,
            region=self.lab.session.target.region,
            regions=frozenset(filter(None, (self.lab.session.target.region, second))),
            held=self.bound.held,
            faults=dict(self.bound.faults),
            over_limit=self.bound.over_limit,
            region_feature=self.scenario.world.region_feature,
            refused_parameter=self.scenario.world.refused_parameter,
        )
        enis = {**self._listed(snapshot), **known.enis}
        instances = dict(known.instances)
        for eni, host in self.bound.linked.items():
            if eni in enis and snapshot.status(eni) in ("Attaching", "Detaching"):
                sure = eni in self.bound.held
                enis[eni] = replace(enis[eni], on=frozenset({host}) if sure else enis[eni].on | {host})
        for resource, statuses in self.bound.racing.items():
            if resource in enis:
                extra = frozenset({""}) if statuses & {"Available", ""} else frozenset[str]()
                enis[resource] = replace(
                    enis[resource], statuses=enis[resource].statuses | statuses, on=enis[resource].on | extra
                )
            elif resource in instances:
                instances[resource] = replace(instances[resource], statuses=instances[resource].statuses | statuses)
        return replace(known, enis=enis, instances=instances)

    def _listed(self, snapshot: Snapshot) -> dict[str, EniKnown]:
        """Interfaces that only their instance shows: what one view shows, exists."""
        out = {}
        for instance, fields in snapshot.instances.items():
            for entry in map(json.loads, fields.get("NetworkInterfaces", ())):
                eni = str(entry.get("NetworkInterfaceId", ""))
                kind = str(entry.get("Type") or ("Primary" if eni in self.bound.primaries else "Secondary"))
                out[eni] = EniKnown(eni, frozenset({"InUse"}), frozenset({instance}), kind)
        return out

    def _send(self, call: Call, asked: Asked) -> Exchange:
        pairs: list[Pair] = [(p.name, p.text) for p in asked.params]
        self.lab.bench.stale = pool.PARTS
        return self.lab.session.client.send(
            ACTION, pairs, caller=call.caller, wire=call.wire, deadline=self.lab.deadline
        )

    def _detach(self, index: int, call: Call, taken: set[str]) -> None:
        """Send one call under test and judge its answer."""
        asked = self.lab.resolve(call, self.bound)
        if self._unshown(call):
            self.book.lacks(("S01", "E12"), "a description that shows primary interfaces")
            return
        if taken and any(p.text in taken for p in asked.params):
            return
        expected = readings.admissible(self.lab.contract, self.known, asked)
        if self.bound.racing and not self.detached:
            exchange, expected = self._race(call, asked)
        else:
            exchange = self._send(call, asked)
        self._note(index, f"DetachNetworkInterface {_short(asked)}", exchange)
        again = self._past_passing(index, call, asked, expected, exchange)
        if again is None or self._done_before(index, expected, again):
            self._effect(index, asked, expected, Reply(200, ""), exchange)
            return
        if self.bound.held and self.lab.session.target.tolerates and self._passes(expected, again):
            self.book.undecided(
                self._rows(expected), f"{_told(again)} came while something else was held in transition"
            )
            return
        reply = self._judge_exchange(index, call, asked, expected, again)
        if reply is not None:
            self._effect(index, asked, expected, reply, again)

    def _unshown(self, call: Call) -> bool:
        """Whether the call names a primary interface that no description shows."""
        places = [int(arg.ref.partition(":")[2]) for arg in call.args if arg.ref.startswith("primary:")]
        return any(not self.bound.primaries[place] for place in places)

    def _past_passing(
        self, index: int, call: Call, asked: Asked, expected: Admissible, exchange: Exchange
    ) -> Exchange | None:
        """The answer that counts. One that may pass is asked again, after a look that shows that nothing has happened;
        None if that look shows that the call was carried out."""
        for pause in self._pauses():
            if not self._passes(expected, exchange):
                break
            self.book.passed(ACTION, _told(exchange))
            time.sleep(pause)
            now = pool.refresh(self.lab.bench)
            if self._moved_on(expected, now):
                return None
            exchange = self._send(call, asked)
            self._note(index, f"DetachNetworkInterface {_short(asked)}", exchange)
        return exchange

    def _pauses(self) -> tuple[float, ...]:
        """Seconds to wait before each further try of a call whose answer may pass."""
        return PASSING if self.lab.session.target.loopback else PASSING_ELSEWHERE

    def _passes(self, expected: Admissible, exchange: Exchange) -> bool:
        """Whether an answer is wrong here and one of those that may pass."""
        if not self._may_pass(exchange, valid=True):
            return False
        reply = Reply(exchange.status, code_of(exchange) or "?")
        if exchange.outcome != "answered" or reply.status >= 500:
            return True
        return bool(readings.judge_reply(self.lab.contract, expected, reply))

    def _may_pass(self, exchange: Exchange, *, valid: bool) -> bool:
        """Whether an answer may come once and be gone. An installation on this machine has no excuse for failures, nor
        for a state that it does not know; that something else is at work is no failure anywhere."""
        tolerates = self.lab.session.target.tolerates
        if exchange.outcome != "answered":
            return tolerates and exchange.outcome in ("reset", "timeout")
        if exchange.status < 400:
            return False
        row = passing(exchange.status, code_of(exchange) or "?", valid=valid)
        return row is not None and (tolerates or (exchange.status < 500 and not row.valid))

    def _moved_on(self, expected: Admissible, now: Snapshot) -> bool:
        """Whether a look shows that the detach that was asked for has begun or ended."""
        known = self.known.enis.get(expected.target) if expected.success else None
        if known is None:
            return False
        return now.status(known.id) not in known.statuses or now.link(known.id) not in known.on

    def _done_before(self, index: int, expected: Admissible, exchange: Exchange) -> bool:
        """Whether a refusal answers the second sending of a call that was carried out at its first, on a kept
        connection that ended without a byte: then what is wrong is that no answer came, not this one."""
        if not exchange.resent or exchange.outcome != "answered" or exchange.status < 400:
            return False
        if not self._moved_on(expected, pool.refresh(self.lab.bench)):
            return False
        text = "the call was carried out, and the connection ended without a byte of an answer"
        self._say(Finding("B02", text, "outcome:carried out without an answer"), index, exchange, expected)
        return True

    def _race(self, call: Call, asked: Asked) -> tuple[Exchange, Admissible]:
        """Send a call while a transition is under way, between two looks: if both show the same state, the call
        met that state; else, or if descriptions lag behind, every state on the way is possible."""
        before = pool.refresh(self.lab.bench)
        exchange = self._send(call, asked)
        after = pool.refresh(self.lab.bench)
        enis, instances = dict(self.known.enis), dict(self.known.instances)
        for resource in self.bound.racing:
            seen = {before.status(resource), after.status(resource)}
            if len(seen) > 1 or self.lab.bench.lags or not seen <= self.bound.racing[resource]:
                continue
            if resource in enis:
                enis[resource] = replace(enis[resource], statuses=frozenset(seen))
            elif resource in instances:
                instances[resource] = replace(instances[resource], statuses=frozenset(seen))
        known = replace(self.known, enis=enis, instances=instances)
        return exchange, readings.admissible(self.lab.contract, known, asked)

    def _effect(self, index: int, asked: Asked, expected: Admissible, reply: Reply, exchange: Exchange) -> None:
        """Follow the model after an answer."""
        if not reply.success:
            self.refused += 1
            return
        pool.touch(self.lab.bench)
        if not expected.success:
            self.dirty = True
            return
        target = expected.target
        if target and target in self.known.enis:
            held = target in self.bound.held
            before = self.known.enis[target]
            if held and before.statuses == frozenset({"Detaching"}):
                return
            host = next((o for o in sorted(before.on, reverse=True) if o), "")
            self.known = model.after_detach(self.known, target, held)
            self.detached.setdefault(target, host)
            self.accepted_at.setdefault(target, exchange.at)
            self.touched.discard(target)
            self.ends.pop(target, None)

    def _judge_exchange(
        self, index: int, call: Call, asked: Asked, expected: Admissible, exchange: Exchange
    ) -> Reply | None:
        """Judge one answer by shape and content; None if there was nothing to judge."""
        book = self.book
        book.detach_calls += 1
        if exchange.throttled:
            book.undecided(self._rows(expected), "throttled to the end")
            return None
        if exchange.outcome != "answered":
            self._say(
                Finding(
                    "B02", f"no whole answer: {exchange.outcome}: {exchange.detail}", f"outcome:{exchange.outcome}"
                ),
                index,
                exchange,
                expected,
            )
            self.dirty = True
            return None
        wanted = _format(call)
        texts = [p.text for p in asked.params]
        answer = envelope.read(exchange, wanted, sent=texts)
        bare = expected.bare and answer.reply.code == "?" and envelope.looks_bare(exchange)
        if bare:
            book.credit(("B01", "B02"), self.world, call.caller, _wire_name(call))
            book.observe("answer to oversized calls", str(exchange.status))
            return Reply(exchange.status, "?")
        findings = list(answer.findings)
        early = call.wire.signing == "v3" and answer.reply.code in WHO_CALLS
        if answer.other_format and early:  # said before the format was looked at
            findings = [f for f in findings if not isinstance(f, OtherFormat)]
            book.observe("format of a gateway's refusal of a V3 call", answer.format)
        if answer.message and envelope.template_left(answer.message, texts):
            findings.append(Finding("R06", "Message still holds a placeholder", "shape:R06:placeholder"))
        findings += self._repeated_id(answer, exchange)
        if self.scenario.name == AS_ASKED:
            findings = self._judge_format(call, expected, answer)
        elif exchange.status < 500 and (early or not answer.other_format):
            findings += self._judge_content(asked, expected, answer.reply)
        if findings and self._came_true(asked):
            self.undecided = "an identifier that was invented for a call denotes a resource now"
            self.dirty = True
            return None
        for finding in findings:
            self._say(finding, index, exchange, expected)
        if self.scenario.name == AS_ASKED:
            return answer.reply
        self._credit(call, asked, expected, answer)
        if call.caller == "other_account" and len(call.args) == 3:
            denotes = {p.name: p.text in self.known.enis or p.text in self.known.instances for p in asked.params}
            both = {denotes.get("InstanceId"), denotes.get("NetworkInterfaceId")}
            shapes = all(p.kind in ("exact", "unknown") for p in asked.params) and asked.params[0].kind == "exact"
            if len(both) == 1 and shapes:
                self.strangers.append((True in both, call, answer.reply, exchange))
        self._note_reading(call, asked, answer.reply, exchange)
        if len(expected.broken) <= 1 and not expected.perhaps and expected.choice in ("", UNDECLARED):
            key = repr(sorted((p.name, p.text) for p in asked.params)) + call.caller
            self.groups.setdefault((key, expected.broken), []).append((call, answer.reply, exchange))
        return answer.reply

    def _judge_format(self, call: Call, expected: Admissible, answer: envelope.Answer) -> list[Finding]:
        """R02 or R03, once for the whole: a format that the page documents is not offered."""
        wanted = _format(call)
        if not answer.other_format and not readings.judge_reply(self.lab.contract, expected, answer.reply):
            return []
        came = f"the answer is {answer.format}" if answer.other_format else f"it is refused with {answer.reply}"
        text = f"{wanted} is not offered: where a call asks for it, {came}"
        return [Finding("R03" if wanted == "XML" else "R02", text, f"format not offered:{wanted}")]

    def _came_true(self, asked: Asked) -> bool:
        """Whether a text that was to denote nothing denotes something, asked next to the blame."""
        ours = set(self.known.enis) | set(self.known.instances)
        odd = [p.text for p in asked.params if p.kind != "exact" and p.name in (ENI, "InstanceId")]
        odd = [text for text in odd if text not in ours and PLAIN_ID.match(text)]
        return bool(odd) and bool(self.lab.verify_nothing(odd, anew=True))

    def _note_reading(self, call: Call, asked: Asked, reply: Reply, exchange: Exchange) -> None:
        """Which value of a repeated parameter counted, if the answer tells."""
        names = [p.name for p in asked.params]
        twice = [n for n in ("InstanceId", ENI) if names.count(n) == 2]
        if len(twice) != 1 or len(names) != len(set(names)) + 1:
            return
        if call.wire.order != "given" or call.wire.place == "mixed":
            return
        one, two = (i for i, n in enumerate(names) if n == twice[0])
        fits = []
        for reading, left_out in (("first", two), ("last", one)):
            params = tuple(p for i, p in enumerate(asked.params) if i != left_out)
            expected = readings.admissible(self.lab.contract, self.known, Asked(params, asked.caller))
            if not readings.judge_reply(self.lab.contract, expected, reply):
                fits.append(reading)
        if len(fits) == 1:
            self.readings.setdefault(_wire_name(call), []).append((fits[0], call, reply, exchange))

    def _compare_readings(self) -> None:
        """P08: of repeated parameters either the first value counts or the last, for each parameter alike."""
        for wire, seen in self.readings.items():
            self.book.credit(("P08",), self.world, "account", wire, len(seen))
            first = next((s for s in seen if s[0] == "first"), None)
            last = next((s for s in seen if s[0] == "last"), None)
            if first and last and self._stable(first[1], first[2]) and self._stable(last[1], last[2]):
                text = f"as {wire}, of one repeated parameter the first value counts, of another the last"
                found = Finding("P08", text, "readings mixed", certainty=0.9)
                self._say(found, self._index_of(last[3]), last[3], None)

    def _repeated_id(self, answer: envelope.Answer, exchange: Exchange) -> list[Finding]:
        """A RequestId that came before; an answer without one is a matter of the envelope."""
        if not answer.request_id:
            return []
        earlier = self.book.request_ids.setdefault(answer.request_id, exchange.id)
        if earlier == exchange.id:
            return []
        return [Finding("R07", f"RequestId {answer.request_id} was already sent in exchange {earlier}", "shape:R07")]

    def _judge_content(self, asked: Asked, expected: Admissible, reply: Reply) -> list[Finding]:
        """What the oracle finds; a signature refused although it is correct is a matter of the gateway."""
        findings = readings.judge_reply(self.lab.contract, expected, reply, self._valid_rows(asked, reply.code))
        if findings and reply.code in SIGNATURE:
            said = f"a correctly signed call was refused with {reply}"
            return [Finding("G08", said, f"signature:{reply.code}", tuple(f.requirement for f in findings))]
        return findings

    def _valid_rows(self, asked: Asked, code: str = "") -> tuple[str, ...]:
        """What a refusal of a valid call contradicts: first what its code blames, then by the state of what it
        names. code: that of the refusal."""
        values = {p.name: p.text for p in asked.params}
        eni = self.known.enis.get(values.get("NetworkInterfaceId", ""))
        instance = self.known.instances.get(values.get("InstanceId", ""))
        rows = []
        if eni and "Detaching" in eni.statuses:
            rows.append("S06")
        rows.append("S05" if instance and instance.statuses == frozenset({"Stopped"}) else "S04")
        owners = ["P05"] if "OwnerAccount" in values else []
        owners += ["P06"] if any(n in OWNERS and n != "OwnerAccount" for n in values) else []
        blames_parameter = code in {self.lab.contract.errors[row].code for row in ("E05", "E07")}
        rows = [*owners, *rows] if blames_parameter else [*rows, *owners]
        if TRUNK in values and "P09" in self.lab.contract.requirements:
            rows.append("P09")
        return tuple(rows)

    def _rows(self, expected: Admissible) -> tuple[str, ...]:
        rows = readings.blame(self.lab.contract, expected)
        return rows or ("S04",)

    def _credit(self, call: Call, asked: Asked, expected: Admissible, answer: envelope.Answer) -> None:
        """Count what this answer was evidence for."""
        book, contract = self.book, self.lab.contract
        ids = ["R01", "R05", "R07", "R08", "R09", "B01", "B02", "P04"]
        xml = answer.format == "XML"
        if answer.reply.success:
            ids.append("R03" if xml else "R02")
            ids += self._valid_rows(asked)
            book.successes += 1
        else:
            ids += ["R04", "R06"]
            for name in expected.broken:
                rule = contract.rules[name]
                ids += [rule.own, *(r for r in rule.contradicted if r != rule.own)]
        names = [p.name for p in asked.params]
        if len(names) != len(set(names)):
            ids.append("P08")
        if set(names) - self._declared():
            ids.append("P07")
        if "OwnerAccount" in names:
            ids.append("P05")
        if any(n in OWNERS and n != "OwnerAccount" for n in names):
            ids.append("P06")
        if "P09" in contract.requirements and TRUNK in names:
            ids.append("P09")
        if any(not p.text.isascii() or set(p.text) & set(" +*~%&=") for p in asked.params):
            ids.append("G08")
        came = _came(expected, answer.reply)
        if came is not None:
            ids.append(came.row)
            if came.table == "page":
                book.provoked[came.row] += 1
            else:
                book.by_common(came.row, str(answer.reply))
                book.observe(f"answer of the common table to: {came.because}", str(answer.reply))
        book.credit(dict.fromkeys(ids), self.world, call.caller, _wire_name(call))
        if len(expected.broken) == 1:
            book.alone[contract.rules[expected.broken[0]].own] += 1
        self._observe(asked, expected, answer.reply)
        self._cover(call, asked, expected, answer.reply)

    def _observe(self, asked: Asked, expected: Admissible, reply: Reply) -> None:
        """Write down a choice that the page leaves to the endpoint."""
        contract, book = self.lab.contract, self.book
        said = "accepted" if reply.success else str(reply)
        if len(expected.broken) == 2 and not expected.perhaps:
            pair = " + ".join(sorted(f"{contract.rules[n].own} {n}" for n in expected.broken))
            came = _came(expected, reply)
            winner = came.row if came else reply.code
            book.atlas[pair][winner] += 1
        elif len(expected.broken) == 1 and len({r.code for r in expected.refusals}) > 1:
            odd = next((p for p in asked.params if p.kind not in ("exact", "unknown")), None)
            name = expected.broken[0]
            book.observe(f"answer to: {name}", said, f"{odd.name}={odd.text[:40]!r}" if odd else "")
        elif expected.choice and not expected.broken:
            book.observe(f"answer to: {expected.choice}", said)

    def _cover(self, call: Call, asked: Asked, expected: Admissible, reply: Reply) -> None:
        """Count states and pairs of dimensions for the report, and the answer to this kind of call."""
        values = {p.name: p for p in asked.params}
        eni_param, instance_param, region = (
            values.get("NetworkInterfaceId"), values.get("InstanceId"), values.get("RegionId"),
        )  # fmt: skip
        eni = self.known.enis.get(eni_param.text) if eni_param else None
        instance = self.known.instances.get(instance_param.text) if instance_param else None
        eni_state = "/".join(sorted(s or "gone" for s in eni.statuses)) if eni else "none"
        instance_state = "/".join(sorted(instance.statuses)) if instance else "none"
        if eni is None:
            attachment = "none"
        elif eni.type == "Primary":
            attachment = "primary"
        elif instance and instance.id in eni.on:
            attachment = "this"
        else:
            attachment = "other" if any(eni.on) else "unattached"
        if eni and instance:
            self.book.states[f"{instance_state}|{eni_state}|{attachment}"] += 1
            end = "accepted" if reply.success else "refused"
            self.book.transitions[f"{instance_state}, {eni_state}, {attachment}, {call.caller}: {end}"] += 1

        def form(param: Param | None) -> str:
            return "missing" if param is None else param.kind

        wire = call.wire
        row = (
            instance_state, eni_state, attachment, call.caller, form(region), form(instance_param),
            form(eni_param), f"{wire.method} {wire.place}", wire.format or "default", wire.signing,
        )  # fmt: skip
        if not certain(row):
            return
        if not expected.perhaps:
            broken = {self.lab.contract.rules[n].own for n in expected.broken}
            shape = ", ".join(sorted(f"{a.name} {a.ref.partition(':')[0]} {a.form[:40]}" for a in call.args))
            said = "accepted" if reply.success else str(reply)
            self.book.answered(broken, row[:3], call.caller, shape, said)
        self.book.pairs |= _pairs(row)

    # --- looks -----------------------------------------------------------------------------------

    def _settle(self, index: int) -> None:
        """Wait until nothing moves, look, and judge what differs from the last look."""
        bench = self.lab.bench
        started = time.monotonic()
        path: dict[str, list[str]] = {e: [] for e in self.detached}
        waits = pool.pauses(bench, pool.DETACHING)
        still = self._still()
        part = "enis" if self.detached else pool.part_of(bench.stale)
        waited, looks = 0.0, 0
        pause = next(waits) if self.detached and self.lab.turn % EARLY else 0.0
        while True:
            time.sleep(pause)
            now = pool.refresh(bench, part, still)
            waited, looks = waited + pause, looks + 1
            for eni in self.detached:
                path[eni].append(now.status(eni))
                if now.status(eni) == "Detaching":
                    self.book.observe("link of an interface that is Detaching", "shown" if now.link(eni) else "hidden")
            spent = time.monotonic() - started
            moving = self._moving(now)
            waiting = self._waiting(now)
            settled = not moving and (not waiting or spent > self._patience(waiting))
            if (settled and not bench.stale) or spent > bench.settle_seconds:
                break
            if settled:
                part, pause, looks = pool.part_of(bench.stale), 0.0, looks - 1
                continue
            pause = next(waits)
            part = "both" if set(moving) & set(now.instances) or set(waiting) & set(now.instances) else "enis"
        if self.detached and not self._waiting(now) and waited:
            pool.learn(bench, pool.DETACHING, waited, looks)
        asked = self._wait_longer(now)
        pool.freshen(bench)
        now = pool.quiet(bench, still)
        if index == -1 and self.bound.racing:
            now = pool.settle(bench)
        self._judge_look(index, now, path)
        for eni in asked:
            self._needed_asking(index, eni)
        if not self.dirty and len(self.scenario.steps) > 1:
            self.book.credit(("M07",), self.world, "account", "history")
        self.snapshot = bench.now
        self.known = self._known(bench.now)
        self.detached, self.refused, self.touched, self.accepted_at, self.ends = {}, 0, set(), {}, {}

    def _still(self) -> frozenset[str]:
        """What is in transition on purpose, and need not be waited for."""
        return self.bound.held | frozenset(self.bound.racing)

    def _moving(self, now: Snapshot) -> list[str]:
        """What is in transition, apart from what is held there or raced with on purpose."""
        return [r for r in pool.busy(self.lab.bench, now) if r not in self._still()]

    def _waiting(self, now: Snapshot) -> list[str]:
        """What has not reached the end that the accepted steps lead to."""
        ends = {**self.ends, **{e: "Available" for e in self.detached if e not in self.touched}}
        return [r for r, end in ends.items() if r not in self.bound.held and now.status(r) != end]

    def _patience(self, waiting: Sequence[str]) -> float:
        """How long what should move may stand still, in seconds: for a detach, as long as the target allows."""
        if not any(r in self.detached for r in waiting) or self._bystander_moved():
            return self.lab.relook
        return self.lab.bench.settle_seconds

    def _wait_longer(self, now: Snapshot) -> list[str]:
        """Give detaches that have not ended within the target's limit as long again, and then ask again for those that
        are still Detaching, as the page says. Returns those that ended after they were asked for again.

        One that ends late is no violation, but a doubt, with the numbers. Where some never ended, it is not repeated.
        """
        limit = self.lab.bench.settle_seconds
        overdue = [e for e in self._waiting(now) if e in self.detached and e in now.enis]
        if not overdue or self._bystander_moved():
            return []
        if not self.lab.stuck:
            self._await_available(overdue, limit)
            for eni in overdue:
                if self.lab.bench.now.status(eni) == "Available":
                    self._took_long(eni)
        stuck = [e for e in overdue if self.lab.bench.now.status(e) == "Detaching"]
        for eni in stuck:
            with contextlib.suppress(ecs.SetupError):
                ecs.detach_eni(self.lab.session, self.detached[eni], eni)
        if stuck:
            pool.touch(self.lab.bench)
            self._await_available(stuck, max(self.lab.relook, min(limit, 5.0)))
        return [e for e in stuck if self.lab.bench.now.status(e) == "Available"]

    def _await_available(self, enis: Sequence[str], seconds: float) -> None:
        """Look until these are Available, for so many seconds at most."""
        until = time.monotonic() + seconds
        waits = pool.steps(self.lab.bench)
        while time.monotonic() < until:
            now = pool.refresh(self.lab.bench)
            if all(now.status(e) == "Available" for e in enis):
                return
            time.sleep(max(0.1, next(waits)))

    def _took_long(self, eni: str) -> None:
        """Note a detach that ended after the target's limit."""
        bench = self.lab.bench
        spent = bench.now.at - self.accepted_at.get(eni, bench.now.at)
        others = f", {len(bench.settled)} others within {max(bench.settled):.1f} s" if bench.settled else ""
        self.book.doubt(
            "F02",
            f"a detach took {spent:.1f} s, more than limits.settle_seconds ({bench.settle_seconds:g} s){others}; "
            "raise the limit if that is usual here",
        )

    def _needed_asking(self, index: int, eni: str) -> None:
        """F02, in doubt: it became Available only when the call was repeated, as the page tells of guests that do not
        react; a violation only where that is so each time."""
        text = f"{eni} stayed Detaching until the call was repeated"
        finding = Finding("F02", text, "stays Detaching until asked again", certainty=0.7)
        self._look_says(index, finding, self.lab.bench.now)

    def _bystander_moved(self) -> bool:
        """Whether an interface that no step touched has changed its status: no need to wait for the right one."""
        ours = set(self.detached) | self.touched | set(self.bound.held) | set(self.bound.racing)
        now = self.lab.bench.now
        return any(now.status(e) != self.snapshot.status(e) for e in self.snapshot.enis if e not in ours)

    def _judge_look(self, index: int, now: Snapshot, path: Mapping[str, list[str]]) -> None:
        """Compare with the last look, again and again for a while if something differs."""
        findings, differences = self._compare(now, path)
        until = time.monotonic() + self.lab.relook
        seen: dict[tuple[str, str], set[str]] = {}
        while (findings or self._moving(now)) and time.monotonic() < until:
            for change in differences:
                seen.setdefault((change.resource, change.path), set()).add(repr(change.after))
            time.sleep(0.12)
            now = pool.refresh(self.lab.bench)
            findings, differences = self._compare(now, path)
            for (_, changed), values in seen.items():
                if len(values) >= 4:
                    self.lab.ignore.add(changed)
        book = self.book
        if self.refused and not self.detached and not self.touched:
            book.credit(("F01",), self.world, "account", "look", self.refused)
        settled = [e for e in self.detached if now.status(e) == "Available" and e not in self.touched]
        if settled:
            book.credit(("F02", "F03", "F04", "F05", "F09", "S02"), self.world, "account", "look", len(settled))
            for eni in settled:
                spent = max(0.0, now.at - self.accepted_at.get(eni, now.at))
                self.lab.bench.settled.append(spent)
                book.settle["detach"].append(round(spent, 4))
                link = "hidden" if "Detaching" in path[eni] else "not seen"
                book.observe("statuses seen after a detach", " > ".join(dict.fromkeys(path[eni])), link)
        if (self.freed - set(self.detached) - self.touched) & {e for e in now.enis if now.status(e) == "Available"}:
            book.credit(("F08",), self.world, "account", "look")
        for eni in self.detached:
            if now.status(eni) == "Detaching" and eni not in self.bound.held:
                self._stuck(index, eni)
        for finding in findings:
            self.lab.stuck += finding.cause.startswith("F02:stays")
            self._look_says(index, finding, now, differences)
        if not findings and self.detached and index >= -1:
            self._views(index, now)

    def _stuck(self, index: int, eni: str) -> None:
        """F02, in doubt: still Detaching, although it was waited for twice as long as the target allows, and asked for
        again. A violation only if it is so again in a world built anew."""
        limit = self.lab.bench.settle_seconds
        settled = self.lab.bench.settled
        self.lab.stuck += 1
        others = f", while {len(settled)} others were Available within {max(settled):.1f} s" if settled else ""
        text = f"{eni} is still Detaching more than {limit:g} s after the accepted call{others}"
        self._look_says(index, Finding("F02", text, "stays Detaching", certainty=0.7), self.lab.bench.now)

    def _compare(self, now: Snapshot, path: Mapping[str, list[str]]) -> tuple[list[Finding], list[frame.Change]]:
        """Findings of one look, and the differences they rest on."""
        differences = frame.changes(self.snapshot, now, frozenset(self.lab.ignore))
        racing = set(self.bound.racing)
        if racing:
            differences = [
                c for c in differences if c.resource not in racing and c.path not in ("NetworkInterfaces", "")
            ]
        lawful = frozenset(self.touched | racing | self._hosts_of(self.touched | racing))
        if not self.detached:
            different = [c for c in differences if c.resource not in lawful]
            findings = frame.judge_unchanged(different)
            findings += self._disagreements(now)
            return findings, differences
        detached = {e: h for e, h in self.detached.items() if e not in self.bound.held}
        still = {e for e in detached if now.status(e) == "Detaching"}
        detached = {e: h for e, h in detached.items() if e not in still}
        lawful |= still
        held_hosts = {self.detached[e] for e in self.detached if e in self.bound.held or e in still}
        findings = frame.judge_success(
            self.snapshot, now, [c for c in differences if c.resource not in self.bound.held], detached,
            lawful | frozenset(held_hosts),
        )  # fmt: skip
        for eni, statuses in path.items():
            wrong = [s for s in statuses if s not in ("InUse", "Detaching", "Available", "")]
            if wrong and eni not in self.touched:
                findings.append(
                    Finding("F02", f"{eni} went through {wrong[0]} after an accepted detach", f"path:{wrong[0]}")
                )
        return findings + self._disagreements(now), differences

    def _disagreements(self, now: Snapshot) -> list[Finding]:
        """Statuses that the model does not hold possible for resources that the steps touched."""
        out = []
        for eni in self.known.enis.values():
            if eni.id in self.touched and now.status(eni.id) not in eni.statuses | {""}:
                text = f"{eni.id} is {now.status(eni.id)}; the life cycle leads to {'/'.join(sorted(eni.statuses))}"
                out.append(Finding("M07", text, f"life cycle:{now.status(eni.id)}"))
        return out

    def _hosts_of(self, resources: set[str]) -> set[str]:
        """Instances whose list of interfaces changes lawfully with these resources."""
        hosts = set()
        for resource in resources:
            if resource in self.known.enis:
                hosts |= set(self.known.enis[resource].on)
            hosts.add(self.snapshot.link(resource))
        return hosts - {""}

    def _views(self, index: int, now: Snapshot) -> None:
        """Another way to describe must agree that the link is gone, and with what else is shown."""
        for eni, host in self.detached.items():
            if now.status(eni) != "Available" or not host or eni in self.touched:
                continue
            self.lab.turn += 1
            name = views.view_of(self.lab.turn, self.lab.session.target.loopback)
            until = time.monotonic() + self.lab.relook
            wrong = views.disagreements(self.lab.session, name, eni, host, now)
            while wrong and time.monotonic() < until and now.status(eni) == "Available":
                time.sleep(0.15)
                now = pool.refresh(self.lab.bench)
                wrong = views.disagreements(self.lab.session, name, eni, host, now)
            self.book.credit(("M05", "F03"), self.world, "account", "look")
            for requirement, text in wrong:
                self._look_says(index, Finding(requirement, text, f"view:{name}", ("M05",)), now)
            return

    def _look_says(
        self,
        index: int,
        finding: Finding,
        now: Snapshot,
        differences: Sequence[frame.Change] = (),
        exchange: Exchange | None = None,
    ) -> None:
        """A finding that rests on a look: the world may not be what we think, so the scenario ends here.

        exchange: the call that it is blamed on, the last one under test if None.
        """
        blamed = exchange or self._last_exchange()
        history = tuple(self.history)
        freed = {h["eni"] for h in self.history if h.get("eni") and h["of"] != index}
        settled = freed - set(self.detached) - self.touched
        if any(change.resource in settled for change in differences):
            finding = replace(finding, requirement="F08", also=(finding.requirement, *finding.also))
        self.found.append(
            Found(
                finding,
                index,
                blamed,
                None,
                self.snapshot,
                now,
                changes=tuple(differences),
                history=history,
                sent=self.lab.sent(),
            )
        )
        self.dirty = True

    # --- the gateway -----------------------------------------------------------------------------

    def _probe(self, index: int, step: Probe) -> None:
        """Send a call that the gateway must refuse, and judge by the gateway's own table."""
        probe = PROBES[step.name]
        call = self.lab.fit(step.call)
        if probe.scheme not in ("both", call.wire.signing):
            self.book.lacks((probe.requirement,), f"signature scheme {probe.scheme}")
            return
        asked = self.lab.resolve(call, self.bound)
        if probe.again and probe.harmless:  # sent for an interface that is not there
            absent = (replace(p, text=p.text + "0", kind="border") if p.name == ENI else p for p in asked.params)
            asked = Asked(tuple(absent), asked.caller)
        exchange = self._twice(index, probe, call, asked) if probe.again else self._once(probe, call, asked)
        if exchange is None:
            return
        self.book.detach_calls += 1
        self._note(index, f"gateway probe: {step.name}", exchange)
        if exchange.throttled or (probe.again and is_throttling(exchange)):
            self.book.undecided((probe.requirement,), "throttled to the end")
            return
        if exchange.outcome != "answered":
            said = Finding("B02", f"{step.name}: {exchange.outcome}: {exchange.detail}", f"outcome:{exchange.outcome}")
            self._say(said, index, exchange, None)
            self.dirty = True
            return
        self._judge_probe(index, step, call, asked, exchange)

    def _judge_probe(self, index: int, step: Probe, call: Call, asked: Asked, exchange: Exchange) -> None:
        """The answer to a probe: its shape, its RequestId, and whether the gateway may say that."""
        probe = PROBES[step.name]
        # Before the call is understood, the gateway may not know which format was asked for.
        wanted = "" if not probe.accept else _format(call)
        answer = envelope.read(exchange, wanted, sent=[p.text for p in asked.params])
        whole = {p.name for p in asked.params if p.text.strip()} >= set(REQUIRED)
        judged = gateway.judge(probe, step.name, answer.reply, self.lab.contract.codes, whole)
        findings = [*answer.findings, *(judged or ()), *self._repeated_id(answer, exchange)]
        for finding in findings:
            self._say(finding, index, exchange, None)
        ids = ("R01", "R05", "B01", "B02", *(("P04",) if probe.requirement == "G06" else ()))
        if judged is None:
            self.book.undecided((probe.requirement,), f"{step.name}: the call lacked a parameter of its own, too")
        else:
            ids = (probe.requirement, *ids)
        self.book.credit(ids, self.world, call.caller, _wire_name(call))
        said_code = answer.reply.code or "accepted"
        self.book.observe(f"gateway: {step.name}", f"{answer.reply.status} {said_code}")
        if answer.reply.success:
            self.dirty = not probe.accept
        else:
            self.refused += 1

    def _once(self, probe: GatewayProbe, call: Call, asked: Asked) -> Exchange | None:
        """The answer to a probe that is sent once, sent again while its answer may pass; None if the tampering would
        change nothing that a verifier must look at."""
        harmless: list[bool] = []

        def tamper(prepared: Prepared) -> Prepared:
            made = tampered(probe.tamper, prepared)
            harmless.append(changes_nothing(prepared, made))
            return prepared if harmless[-1] else made

        exchange = self._put(probe, call, asked, {}, call.wire, tamper if probe.tamper else None)
        for pause in self._pauses():
            if not self._may_pass(exchange, valid=False):
                break
            self.book.passed(ACTION, _told(exchange))
            time.sleep(pause)
            exchange = self._put(probe, call, asked, {}, call.wire, tamper if probe.tamper else None)
        if any(harmless):
            self.book.undecided((probe.requirement,), "the tampering changed nothing here")
            return None
        return exchange

    def _twice(self, index: int, probe: GatewayProbe, call: Call, asked: Asked) -> Exchange | None:
        """The answer to the second of two calls with one nonce; None if the first was lost, or may pass."""
        now = self.lab.session.client.endpoint_time()
        common: dict[str, str | None] = public(probe.common, now)
        common |= {"SignatureNonce": os.urandom(16).hex(), "Timestamp": stamp(now)}
        first = self._put(probe, call, asked, common, call.wire, None)
        tolerated = self._may_pass(first, valid=False)
        if first.outcome != "answered" or is_throttling(first) or tolerated:
            self.book.undecided((probe.requirement,), "the first of two calls was throttled or lost")
            self.dirty = self.dirty or not is_throttling(first)  # it may have been carried out
            return None
        expected = readings.admissible(self.lab.contract, self.known, asked)
        self._note(index, f"first of two: {_short(asked)}", first)
        reply = self._judge_exchange(index, call, asked, expected, first)
        if reply is not None:
            self._effect(index, asked, expected, reply, first)
        self._between(probe)
        common |= public(probe.second, now)
        second = self._put(probe, call, asked, common, rewired(probe, call.wire), None)
        if self._may_pass(second, valid=False):
            self.book.passed(ACTION, _told(second))
            self.book.undecided((probe.requirement,), "the second of two calls had an answer that may pass")
            return None
        return second

    def _put(
        self,
        probe: GatewayProbe,
        call: Call,
        asked: Asked,
        common: Mapping[str, str | None],
        wire: Wire,
        tamper: Callable[[Prepared], Prepared] | None,
    ) -> Exchange:
        """Put one call of a probe on the wire."""
        self.lab.bench.stale = pool.PARTS
        client = self.lab.session.client
        return client.send(
            probe.action or ACTION,
            [(p.name, p.text) for p in asked.params],
            caller=call.caller,
            wire=wire,
            version=probe.version or VERSION,
            common=common or public(probe.common, client.endpoint_time()),
            tamper=tamper,
            deadline=self.lab.deadline,
            retry=not probe.again,
        )

    def _between(self, probe: GatewayProbe) -> None:
        """Other calls between the two of a replay."""
        for _ in range(probe.between):
            acts.act(self.lab.session, "describe", self.bound.enis[0], self.bound.instances[0])

    # --- the surroundings ------------------------------------------------------------------------

    def _act(self, index: int, act: Act) -> None:
        """A public operation of the surroundings; a refusal that the page rules out is a finding."""
        deed = self._deed(act)
        certain = self._certain(deed)
        exchange = self._do(index, deed, certain)
        if exchange.throttled or exchange.outcome != "answered":
            self.undecided = f"{deed.op}: {exchange.outcome}"
            self.dirty = True  # it may have been carried out
            return
        accepted = 200 <= exchange.status < 300
        if not accepted and exchange.resent and self._shows(deed):
            accepted = True  # refused at its second sending, because the first had been carried out
        if deed.op == "attach":
            self._judge_attach(index, deed, exchange, accepted, certain)
        if accepted:
            self._follow_deed(deed)

    def _do(self, index: int, deed: Deed, certain: bool) -> Exchange:
        """Send it; one that must be accepted is sent again for a while if it is refused for a state that may pass: what
        was detached is not free at once everywhere."""
        until = time.monotonic() + self.lab.relook + SLOT
        pause = 0.1 if self.lab.session.target.loopback else 2.0
        while True:
            self.lab.bench.stale = pool.PARTS
            exchange = acts.act(self.lab.session, deed.op, deed.eni, deed.instance)
            self._note(index, f"{deed.op} {deed.eni} {deed.instance}".strip(), exchange)
            reply = Reply(exchange.status, code_of(exchange) or "?")
            if exchange.outcome != "answered" or reply.status < 400 or exchange.throttled:
                return exchange
            slot = certain and ecs.is_full(reply.code)  # a freed slot may not be free at once
            if not (slot or passing(reply.status, reply.code, valid=certain)) or time.monotonic() > until:
                return exchange
            if deed.op == "attach" and self._shows(deed):
                return replace(exchange, resent=True)
            self.book.passed(acts.ACTIONS[deed.op], _told(exchange))
            time.sleep(pause)

    def _shows(self, deed: Deed) -> bool:
        """Whether a look shows what was asked for and refused, as it does where an earlier sending was carried out."""
        now = pool.refresh(self.lab.bench)
        match deed.op:
            case "attach":
                return now.status(deed.eni) in ("Attaching", "InUse") and now.link(deed.eni) == deed.instance
            case "delete":
                return now.status(deed.eni) in ("Deleting", "")
            case "start":
                return now.status(deed.instance) in ("Starting", "Running")
            case "stop":
                return now.status(deed.instance) in ("Stopping", "Stopped")
        return False

    def _judge_attach(self, index: int, deed: Deed, exchange: Exchange, accepted: bool, certain: bool) -> None:
        """F06 and F07: what was detached can be attached, and no instance takes more than its type has room for."""
        if accepted and self._full(deed):
            pool.spoil(self.lab.bench, deed.instance)  # it has more slots than others, so it proves nothing more
            if self._limited():
                quota = self.lab.bench.ground.eni_quota
                text = f"{deed.eni} was attached to {deed.instance}, all of whose {quota} slots are taken"
                self._say(Finding("F06", text, "a slot too many", (), 0.9), index, exchange, None)
                self.dirty = True
        own = next((e for e in self.lab.bench.enis if e.id == deed.eni), None)
        if accepted and own:
            own.hosts.append(deed.instance)
        rows = ("F07", "F06") if certain and deed.eni in self.freed else ()
        self.book.credit(rows, self.world, "account", "attach")
        if not accepted and rows:
            code = code_of(exchange)
            row = "F06" if ecs.is_full(code) else "F07"
            text = f"attaching {deed.eni} again was refused with {exchange.status} {code}"
            self._say(Finding(row, text, f"attach again:{code}"), index, exchange, None)
            self.dirty = True

    def _follow_deed(self, deed: Deed) -> None:
        """Follow the model after an operation that was carried out."""
        pool.touch(self.lab.bench)
        self.known = model.after_deed(self.known, deed)
        own_instance = next((i for i in self.lab.bench.instances if i.id == deed.instance), None)
        if deed.op in ("start", "reboot") and own_instance:
            own_instance.past = "restarted" if deed.op == "start" else "rebooted"
        self.touched.add(_moved(deed))
        self.ends[_moved(deed)] = END_OF[deed.op]
        self.detached.pop(deed.eni, None)
        self.book.rules[deed.op] += 1

    @property
    def freed(self) -> frozenset[str]:
        """Interfaces that an accepted call detached earlier in this history."""
        out = {h["eni"] for h in self.history if h.get("eni")}
        return frozenset(out)

    def _full(self, deed: Deed) -> bool:
        """Whether every slot of the instance is certainly taken: as many as its type has."""
        taken = sum(1 for e in self.known.enis.values() if e.on == frozenset({deed.instance}))
        return taken >= self.lab.bench.ground.eni_quota

    def _limited(self) -> bool:
        """Whether an attachment too many was refused earlier in this history: the endpoint keeps to the number."""
        return any(h["step"].startswith("attach") and ecs.is_full(h["code"]) for h in self.history)

    def _deed(self, act: Act) -> Deed:
        eni = self.enis[act.eni % len(self.enis)] if self.enis else ""
        instance = self.bound.instances[act.instance % len(self.bound.instances)]
        return Deed(act.op, eni, instance)

    def _certain(self, deed: Deed) -> bool:
        """Whether the model leaves no doubt that the operation must be accepted."""
        eni, instance = self.known.enis.get(deed.eni), self.known.instances.get(deed.instance)
        if deed.op != "attach" or not eni or not instance:
            return False
        on_it = sum(1 for e in self.known.enis.values() if deed.instance in e.on and e.type != "Primary")
        zone = self.snapshot.enis.get(deed.eni, {}).get("ZoneId")
        return (
            eni.statuses == frozenset({"Available"})
            and instance.statuses <= STEADY
            and len(instance.statuses) == 1
            and on_it + 1 < self.lab.bench.ground.eni_quota
            and not self.lab.bench.ground.quota_assumed
            and zone == self.snapshot.instances.get(deed.instance, {}).get("ZoneId")
            and deed.eni not in self.bound.faults
        )

    # --- overlapping calls -----------------------------------------------------------------------

    def _parallel(self, index: int, step: Parallel, taken: set[str]) -> None:
        """Send all at once; the answers and the final state must have a serial explanation."""
        step = Parallel(tuple(Detach(self._fit(p.call)) if isinstance(p, Detach) else p for p in step.steps))
        plain = [part.call for part in step.steps if isinstance(part, Detach)]
        calls = [self.lab.resolve(call, self.bound) for call in plain]
        if any(p.text in taken for asked in calls for p in asked.params) or any(map(self._unshown, plain)):
            return
        if self.detached or self.touched:
            self._settle(index)
        if self.dirty:
            return
        start = self.known

        def one(part: Detach | Act) -> tuple[Asked | Deed, Exchange, float, float]:
            # The times are taken here, around everything: a thread may have to wait for its turn.
            began = time.monotonic()
            what: Asked | Deed
            if isinstance(part, Detach):
                what = self.lab.resolve(part.call, self.bound)
                exchange = self._send(part.call, what)
            else:
                what = self._deed(part)
                self.lab.bench.stale = pool.PARTS
                exchange = acts.act(self.lab.session, what.op, what.eni, what.instance)
            return what, exchange, began, time.monotonic()

        with ThreadPoolExecutor(len(step.steps)) as threads:
            results = list(threads.map(one, step.steps))
        told = []
        for part, (what, exchange, began, ended) in zip(step.steps, results, strict=True):
            text = _short(what) if isinstance(what, Asked) else f"{what.op} {what.eni} {what.instance}"
            self._note(index, f"at the same time: {text}", exchange)
            if exchange.throttled or (isinstance(what, Deed) and exchange.outcome != "answered"):
                self.undecided = "throttled to the end" if exchange.throttled else f"{what}: {exchange.outcome}"
                self.dirty = True
                return
            if isinstance(what, Asked) and isinstance(part, Detach):
                loose = self._loose(start, what, step)
                lost = exchange.resent and exchange.status >= 400
                if lost or (self.lab.session.target.tolerates and self._passes(loose, exchange)):
                    self.book.passed(ACTION, _told(exchange))
                    self.undecided = f"one of several calls was answered {_told(exchange)}, which may pass"
                    self.dirty = True
                    return
                reply = self._judge_exchange(index, part.call, what, loose, exchange)
                if reply is None:
                    return
            else:
                reply = Reply(exchange.status, code_of(exchange))
            told.append(model.Told(what, reply, began, ended))
        if not any(self._moves(start, t) for t in told):
            self.refused += sum(1 for t in told if not t.reply.success)
            self.book.credit(("M06",), self.world, "account", f"{len(told)} at once, none moves anything")
            return
        pool.touch(self.lab.bench)
        pool.settle(self.lab.bench, still=self._still())
        final = pool.quiet(self.lab.bench, self._still())
        began = time.monotonic()
        while True:
            order = model.explain(self.lab.contract, start, told, final)
            patience = self.lab.bench.settle_seconds if self._unended(start, told, final) else self.lab.relook
            if (order is not None and not self._moving(final)) or time.monotonic() > began + patience:
                break
            time.sleep(0.15)
            pool.settle(self.lab.bench, still=self._still())
            final = pool.quiet(self.lab.bench, self._still())
        self.book.credit(("M06",), self.world, "account", f"{len(step.steps)} at once")
        if order is None:
            answers = ", ".join(str(t.reply) for t in told)
            text = f"no serial order of {len(told)} overlapping calls explains the answers ({answers}) and the state"
            finding = Finding("M06", text, f"overlap:{answers}")
            self._look_says(index, finding, final, exchange=results[0][1])
        self._judge_overlap(index, start, step, told, final)
        self.snapshot = final
        self.known = self._known(final)
        self.detached, self.refused, self.touched, self.ends = {}, 0, set(), {}

    def _unended(self, start: Known, told: Sequence[model.Told], final: Snapshot) -> bool:
        """Whether an accepted detach does not show its end yet: it may be at work unseen."""
        for one in told:
            if isinstance(one.what, Asked) and one.reply.success:
                target = readings.admissible(self.lab.contract, start, one.what).target
                if target not in self.bound.held and final.status(target) in ("InUse", "Detaching"):
                    return True
        return False

    def _moves(self, start: Known, told: model.Told) -> bool:
        """Whether this call may have changed anything: refusals do not, nor a repetition while held Detaching."""
        if isinstance(told.what, Deed):
            return True
        target = readings.admissible(self.lab.contract, start, told.what).target
        return told.reply.success and not (target in self.bound.held and start.enis[target].statuses == {"Detaching"})

    def _judge_overlap(
        self, index: int, start: Known, step: Parallel, told: Sequence[model.Told], final: Snapshot
    ) -> None:
        """What overlapping calls may have changed: the links of what they detached, and what the others moved."""
        touched = {_moved(t.what) for t in told if isinstance(t.what, Deed)}
        detached = {}
        for part, answer in zip(step.steps, told, strict=True):
            if isinstance(part, Detach) and isinstance(answer.what, Asked) and answer.reply.success:
                target = readings.admissible(self.lab.contract, start, answer.what).target
                if target:
                    detached[target] = next((o for o in sorted(start.enis[target].on, reverse=True) if o), "")
        hosts = {t.what.instance for t in told if isinstance(t.what, Deed)}
        lawful = frozenset(touched | hosts)
        for finding in self._overlap_findings(final, detached, lawful):
            self._look_says(index, finding, final, frame.changes(self.snapshot, final, frozenset(self.lab.ignore)))

    def _overlap_findings(self, final: Snapshot, detached: Mapping[str, str], lawful: frozenset[str]) -> list[Finding]:
        """Findings that are still there after a while."""
        until = time.monotonic() + self.lab.relook
        while True:
            differences = frame.changes(self.snapshot, final, frozenset(self.lab.ignore))
            findings = frame.judge_success(self.snapshot, final, differences, detached, lawful)
            if not findings or time.monotonic() > until:
                return findings
            time.sleep(0.12)
            final = pool.settle(self.lab.bench, still=self._still())

    def _loose(self, start: Known, asked: Asked, step: Parallel) -> Admissible:
        """What is admissible for one of several overlapping calls: any state that the others may lead to."""
        state = start
        for part in step.steps:
            if isinstance(part, Detach):
                target = readings.admissible(self.lab.contract, start, self.lab.resolve(part.call, self.bound)).target
                if target:
                    state = model.after_detach(state, target)
            else:
                state = model.after_deed(state, self._deed(part))
        widened = {
            k: replace(e, statuses=e.statuses | start.enis[k].statuses, on=e.on | start.enis[k].on)
            for k, e in state.enis.items()
        }
        instances = {
            k: replace(i, statuses=i.statuses | start.instances[k].statuses) for k, i in state.instances.items()
        }
        return readings.admissible(self.lab.contract, replace(state, enis=widened, instances=instances), asked)

    def after_release(self) -> None:
        """What was held Detaching while the call was repeated must end Available once it is let go."""
        repeated = [
            e
            for e in self.bound.held - self.bound.pinned
            if e in self.bound.enis and self.snapshot.status(e) == "Detaching" and e in self.freed
        ]
        if not repeated or self.dirty or len(self.lab.bench.settled) < 3:
            return
        final = pool.settle(self.lab.bench)
        self.book.credit(("S06",), self.world, "account", "let go")
        for eni in repeated:
            if final.status(eni) != "Available":
                limit = self.lab.bench.settle_seconds
                text = f"{eni} is still {final.status(eni)} {limit:g} s after it was let go; the call had been repeated"
                self._look_says(-1, Finding("S06", text, "stays Detaching after repetition", ("F02",), 0.8), final)

    # --- evidence --------------------------------------------------------------------------------

    def look_at_the_end(self) -> None:
        """What an answer shows is told with the world that it left. Raises ecs.SetupError."""
        answered = all(f.exchange is None or f.exchange.outcome == "answered" for f in self.found)
        if answered and any(f.after is None for f in self.found):
            end = pool.refresh(self.lab.bench)
            self.found = [f if f.after else replace(f, end=end) for f in self.found]

    def _note(self, index: int, what: str, exchange: Exchange) -> None:
        code = code_of(exchange) if exchange.outcome == "answered" else exchange.outcome
        self.history.append(
            {
                "n": len(self.history) + 1, "of": index, "step": what, "at": round(exchange.at - self.began, 4),
                "seconds": round(exchange.seconds, 4), "status": exchange.status, "code": code,
                "note": exchange.id, "exchange": exchange,
            }
        )  # fmt: skip
        if "NetworkInterfaceId" in what and 200 <= exchange.status < 300:
            self.history[-1]["eni"] = dict(exchange.sent.pairs).get("NetworkInterfaceId", "")

    def _last_exchange(self) -> Exchange | None:
        for entry in reversed(self.history):
            if "etach" in entry["step"]:
                exchange = entry["exchange"]
                return exchange if isinstance(exchange, Exchange) else None
        return None

    def _say(self, finding: Finding, index: int, exchange: Exchange, expected: Admissible | None) -> None:
        history = tuple(self.history)
        self.found.append(
            Found(finding, index, exchange, expected, self.snapshot, history=history, sent=self.lab.sent())
        )

    def _compare_wires(self) -> None:
        """M01 to M04, M08: the same call in other wire forms must get the same answer. P07: also with a parameter
        that nobody declares, which may be ignored or refused, but always alike."""
        for (_, broken), calls in self.groups.items():
            first = calls[0][0]
            undeclared = {a.name for a in first.args} - self._declared()
            for call, _, _ in calls[1:]:
                rows = _differs(first, call)
                self.book.credit((*(("P07",) if undeclared else ()), *rows), self.world, call.caller, _wire_name(call))
            pairs = [
                (_differs(one[0], two[0]), one, two)
                for one, two in itertools.combinations(calls, 2)
                if one[1] != two[1] and ((undeclared and not broken) or not (one[1].success or two[1].success))
            ]
            # The two that differ least tell best what the answer depends on.
            nearest = sorted(pairs, key=lambda pair: 0 if pair[0] == ("M08",) else len(pair[0]))[:3]
            for rows, (one, reply, _), (two, other, exchange) in nearest:
                # A success cannot be repeated; such a finding counts only if the whole is seen again.
                if reply.success or other.success or (self._stable(one, reply) and self._stable(two, other)):
                    blamed = ("P07", *rows) if undeclared else rows
                    text = f"the same call was answered {reply} as {_wire_name(one)} and {other} as {_wire_name(two)}"
                    found = Finding(blamed[0], text, f"wire:{blamed[0]}", blamed[1:], 0.9)
                    self._say(found, self._index_of(exchange), exchange, None)
                    break

    def _declared(self) -> set[str]:
        return {p.name for p in self.lab.contract.parameters} | set(REQUIRED) | OWNERS

    def _compare_strangers(self) -> None:
        """C01: another tenant gets the same answer for what exists and for what does not."""
        exist = [entry for entry in self.strangers if entry[0]]
        absent = [entry for entry in self.strangers if not entry[0]]
        if not exist or not absent:
            return
        self.book.credit(("C01",), self.world, "other_account", "compared", len(exist))
        known = {entry[2] for entry in absent}
        for _, call, reply, exchange in exist:
            if (
                reply not in known
                and self._stable(call, reply)
                and all(self._stable(c, r) for _, c, r, _ in absent[:1])
            ):
                text = (
                    f"another tenant is told {reply.status} {reply.code} of a resource that exists, "
                    f"and {absent[0][2].status} {absent[0][2].code} of one that does not"
                )
                self._say(
                    Finding("C01", text, "leak:existence", certainty=0.9), self._index_of(exchange), exchange, None
                )

    def _stable(self, call: Call, reply: Reply) -> bool:
        """Whether this call gets this very answer again and again; an endpoint may choose among several."""
        asked = self.lab.resolve(call, self.bound)
        for _ in range(STABLE):
            exchange = self._send(call, asked)
            if (exchange.status, code_of(exchange)) != (reply.status, reply.code):
                return False
        return True

    def _index_of(self, exchange: Exchange) -> int:
        return next((int(h["of"]) for h in self.history if h["exchange"] is exchange), -1)


NEAR = {"last changed": "middle changed", "last changed twice": "first changed", "near end changed": "middle changed"}
"""Forms whose text is near the identifier, and the far ones that take their place where ids are counted."""


def counted(ids: Sequence[str]) -> bool:
    """Whether two ids are so alike that they cannot have been drawn: all but their last four characters."""
    seen: set[str] = set()
    for text in ids:
        if text[:-4] in seen:
            return True
        seen.add(text[:-4])
    return False


def _came(expected: Admissible, reply: Reply) -> Refusal | None:
    """The admissible refusal that came, one of the page if there is one."""
    fits = [r for r in expected.refusals if r.code == reply.code and reply.status in r.http]
    fits = fits or [r for r in expected.refusals if r.code == reply.code and r.table == "page"]
    return min(fits, key=lambda r: r.table != "page", default=None)


def _told(exchange: Exchange) -> str:
    """An answer in a few words, for counts."""
    if exchange.outcome != "answered":
        return exchange.outcome
    return f"{exchange.status} {code_of(exchange) or 'without a code'}"


def _moved(deed: Deed) -> str:
    """The resource that an operation changes."""
    return deed.eni if deed.op in ("attach", "delete") else deed.instance


def _differs(a: Call, b: Call) -> tuple[str, ...]:
    """The relations that two wire forms of one call are evidence for."""
    rows = []
    if (a.wire.method, a.wire.place) != (b.wire.method, b.wire.place):
        rows.append("M01")
    if (_format(a) or "XML") != (_format(b) or "XML"):
        rows.append("M02")
    if a.wire.signing != b.wire.signing:
        rows.append("M03")
    if (a.wire.order, a.wire.fresh) != (b.wire.order, b.wire.fresh):
        rows.append("M04")
    return tuple(rows) or ("M08",)


def _format(call: Call) -> str:
    """The format that the answer must have: V1 without Format means XML, V3 asks by the Accept header."""
    if call.wire.format:
        return call.wire.format.upper()
    return "XML" if call.wire.signing == "v1" else ""


def _wire_name(call: Call) -> str:
    w = call.wire
    return f"{w.method} {w.place} {w.format or 'default'} {w.signing}"


def _world_key(world: World) -> int:
    """The same number for the same World in every process."""
    return zlib.crc32(repr(world).encode())


def _short(asked: Asked) -> str:
    """The parameters of a call on one line, long texts cut."""
    return " ".join(f"{p.name}={p.text[:60]!r}" for p in asked.params)
