"""A Scenario carried out on a target: arrange, look, send, look. What comes of it is a History; nothing is judged here.

Where what is done next depends on what is to be expected a Guide is asked: pure functions on a value that this file
only hands on. `play` never raises for anything that the endpoint does.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from eni_conformance.contract.common import is_full, passing
from eni_conformance.contract.detach import ACTION, VERSION
from eni_conformance.contract.gateway import PROBES
from eni_conformance.contract.gateway import Probe as GatewayProbe
from eni_conformance.contract.scenario import AS_ASKED, Act, Call, Detach, Parallel, Probe, Scenario, Settle, Wire
from eni_conformance.harness import acts, describe, ecs
from eni_conformance.harness.account.ledger import in_turn
from eni_conformance.harness.bench import arrange, pool, supply
from eni_conformance.harness.bench.look import ASKED_FOR, BY_ITSELF, PASSING, PASSING_ELSEWHERE, RELOOK, SLOT
from eni_conformance.harness.bench.pool import NotArranged
from eni_conformance.harness.clock import stamp
from eni_conformance.harness.codec import code_of, is_throttling
from eni_conformance.harness.guide import Guide
from eni_conformance.harness.history import (
    Acted,
    Arranged,
    AskedAgain,
    Circumstances,
    Created,
    Described,
    Event,
    History,
    LeftOut,
    Looked,
    Ordered,
    Overdue,
    Overlapped,
    Part,
    Probed,
    Question,
    Rested,
    Sent,
)
from eni_conformance.harness.stage import Stage
from eni_conformance.harness.texts import Texts, fit
from eni_conformance.harness.values import Asked, Deed, Exchange, Pair, Snapshot
from eni_conformance.harness.wire.client import CallsSpent, Prepared
from eni_conformance.harness.wire.tamper import changes_nothing, public, rewired, tampered

STABLE = 8
"""How often a call must get the same answer again before its difference from another counts."""
EARLY = 4
"""One in so many accepted calls is looked at at once, to see the interface on its way; the others later."""


def play(scenario: Scenario, stage: Stage, guide: Guide[Any]) -> History:
    """Arrange the World, take the steps, write down everything."""
    if scenario.world.region == "second" and stage.abroad is not None:
        try:
            stage.second = stage.second or stage.abroad()
        except (ecs.SetupError, CallsSpent) as error:
            return History(scenario, undecided=f"set-up in the second region failed: {error}")
        stage.second.relook = stage.relook
        return play(scenario, stage.second, guide)
    with in_turn(stage.folder, exclusive=bool(scenario.world.faults)):
        try:
            rested = _rest(stage, guide)
            arranged = arrange.arrange(stage.bench, scenario.world, scenario.creates)
        except NotArranged as reason:
            stage.forget()
            return History(scenario, undecided=reason.reason, missing=reason.missing)
        except (ecs.SetupError, CallsSpent) as error:
            stage.forget()
            return History(scenario, undecided=f"set-up failed: {error}")
        return _Play(scenario, stage, guide, arranged, rested).take()


def _rest(stage: Stage, guide: Guide[Any]) -> Rested | None:
    """Come to rest, and look whether something has changed since the play before ended."""
    last, stage.last = stage.last, None
    bench = stage.bench
    now = arrange.rest(bench)
    if last is None:
        return None
    before, scenario = last

    def rested(now: Snapshot) -> Rested:
        own = {e.id for e in bench.enis} | {i.id for i in bench.instances} | {i.primary for i in bench.instances}
        return Rested(before, now, frozenset(own), scenario)

    until = bench.clock.monotonic() + stage.relook
    while not guide.late(rested(now), stage.ignore) and bench.clock.monotonic() < until:
        bench.clock.sleep(pool.doubt_pause(bench, stage.relook))
        bench.stale = pool.PARTS
        now = arrange.rest(bench)
    return rested(bench.now if now is not before else before)


class _Play:
    """One Scenario being carried out."""

    def __init__(
        self, scenario: Scenario, stage: Stage, guide: Guide[Any], arranged: Arranged, rested: Rested | None
    ) -> None:
        self.scenario, self.stage, self.guide, self.arranged, self.rested = scenario, stage, guide, arranged, rested
        self.bench, self.clock = stage.bench, stage.bench.clock
        self.texts = Texts(self.bench, arranged)
        self.still = arranged.held | frozenset(arranged.racing)
        self.events: list[Event] = []
        self.sent: list[int] = []

    def take(self) -> History:
        """All of it, then what the worker learns from it."""
        stage, bench = self.stage, self.bench
        if bench.careful:
            self._learn_volatile()
        self.place = self._circumstances()
        self.state = self.guide.begin(self.scenario, self.place, self.arranged)
        undecided = ""
        try:
            self._take_all()
            if self.guide.lesson(self.state).flawed:
                self._tell(Looked(-1, "end", pool.refresh(bench)))
        except (ecs.SetupError, CallsSpent) as error:
            undecided = f"looking or acting failed: {error}"
        finally:
            pool.release(bench)
        if not undecided:
            undecided = self._after_release()
        lesson = self.guide.lesson(self.state)
        stage.stuck += lesson.stuck
        stage.ignore |= lesson.ignore
        bench.settled += lesson.spent
        bench.hot |= {"detach"} if lesson.unplugged else set()
        late = self.rested is not None and not self.guide.late(self.rested, self.place.ignore)
        clean = lesson.clean and not undecided and not late and not pool.busy(bench, lesson.snapshot)
        stage.last = (lesson.snapshot, self.scenario) if clean else None
        if not clean:
            bench.stale = pool.PARTS
        for resource in lesson.damaged:
            pool.spoil(bench, resource)
        return History(
            self.scenario, self.place, self.arranged, tuple(self.events), tuple(self.sent), self.rested, undecided
        )

    def _circumstances(self) -> Circumstances:
        bench = self.bench
        target = bench.session.target
        regions = frozenset(filter(None, (target.region, bench.ground.second_region)))
        return Circumstances(
            target.region, regions, bench.ground.eni_quota, bench.ground.quota_assumed, bench.lags, target.tolerates,
            bench.settle_seconds, tuple(bench.settled), bench.session.run_id, self.stage.ignore, real=target.real,
            hot=frozenset(bench.hot), cold=frozenset(bench.cold),
        )  # fmt: skip

    def _learn_volatile(self) -> None:
        """What changes while nothing is sent is not judged, such as a time that is told to the second."""
        before = self.bench.now
        self.clock.sleep(BY_ITSELF)
        with contextlib.suppress(ecs.SetupError, CallsSpent):  # then the play tells what became of it
            after = pool.refresh(self.bench, "both", self.still)
            self.stage.ignore |= self.guide.itself(before, after)

    def _tell(self, event: Event) -> None:
        """Something was done or seen."""
        self.state = self.guide.follow(self.state, event)
        self.events.append(event)
        self.sent.append(self.stage.calls())

    # --- the steps -------------------------------------------------------------------------------

    def _take_all(self) -> None:
        """Every step in order, then a last look."""
        taken = self._denoting(self._odd_texts())
        for index, step in enumerate(self.scenario.steps):
            if self.guide.over(self.state):
                return
            self.stage.go_on()
            match step:
                case Detach():
                    self._detach(index, self._fit(step.call), taken)
                case Act():
                    self._act(index, step)
                case Settle():
                    if step.after:
                        self.clock.sleep(step.after)
                    self._settle(index, step.view)
                case Probe():
                    self._probe(index, step, taken)
                case Parallel():
                    self._parallel(index, step, taken)
        if not self.guide.over(self.state):
            for kind in ("region", "parameter"):
                pool.release(self.bench, kind)
                self._tell(Ordered(-1, kind))
            self._settle(-1)
        while not self.guide.over(self.state) and (question := self.guide.question(self.state)) is not None:
            self._ask_again(question)

    def _fit(self, call: Call) -> Call:
        return fit(self.bench.session.target.offers, call, format_=self.scenario.name != AS_ASKED)

    def _odd_texts(self) -> list[str]:
        """Texts that look like identifiers and should denote nothing."""
        parts = itertools.chain.from_iterable(
            step.steps if isinstance(step, Parallel) else (step,) for step in self.scenario.steps
        )
        texts: list[str] = []
        for part in parts:
            if isinstance(part, Detach):
                texts += self.texts.invented(self.texts.resolve(part.call))
            elif isinstance(part, Probe):
                texts += self.texts.invented(self.texts.of_probe(PROBES[part.name], part.call))
        return texts

    def _denoting(self, texts: Sequence[str], *, anew: bool = False) -> frozenset[str]:
        return frozenset(self.texts.denoting(texts, self.stage.nothing, anew=anew))

    def _send(self, call: Call, asked: Asked) -> Exchange:
        pairs: list[Pair] = [(p.name, p.text) for p in asked.params]
        self.bench.stale = pool.PARTS
        return self.bench.session.client.send(
            ACTION, pairs, caller=call.caller, wire=call.wire, deadline=self.stage.deadline
        )

    def _pauses(self) -> tuple[float, ...]:
        """Seconds to wait before each further try of a call whose answer may pass."""
        return PASSING if self.bench.session.target.loopback else PASSING_ELSEWHERE

    def _detach(self, index: int, call: Call, taken: frozenset[str]) -> None:
        """Send one call under test."""
        if self.texts.unshown(call):
            self._tell(LeftOut(index, "unshown"))
            return
        asked = self.texts.resolve(call)
        if any(p.text in taken for p in asked.params):
            self._tell(LeftOut(index, "foreign"))
            return
        raced: tuple[Snapshot, ...] = ()
        if self.arranged.racing and not self.guide.detached(self.state):
            before = pool.refresh(self.bench)
            exchange = self._send(call, asked)
            raced = (before, pool.refresh(self.bench))
        else:
            exchange = self._send(call, asked)
        sent = self._past_passing(Sent(index, call, asked, exchange, raced=raced))
        lost = sent.exchange.resent and sent.exchange.outcome == "answered" and sent.exchange.status >= 400
        if lost and sent.done is None:
            now = pool.refresh(self.bench)
            sent = replace(sent, done=now if self.guide.moved_on(self.state, sent, now) else None)
        self._tell_sent(sent)

    def _tell_sent(self, sent: Sent) -> None:
        """An answer that is wrong only if an invented id denotes nothing is told with whether that is still so."""
        if sent.done is None:
            doubts = self.guide.doubts(self.state, sent, 0)
            sent = replace(sent, denotes=tuple(self._denoting(doubts, anew=True)) if doubts else ())
        if sent.done is not None or 200 <= sent.exchange.status < 300:
            pool.touch(self.bench)
        self._tell(sent)

    def _past_passing(self, sent: Sent) -> Sent:
        """The answer that counts. One that may pass is asked again, after a look that shows that nothing has happened;
        a look that shows that the call was carried out ends it."""
        for pause in self._pauses():
            if not self.guide.passes(self.state, sent):
                break
            sent = replace(sent, passed=(*sent.passed, sent.exchange))
            self.clock.sleep(pause)
            now = pool.refresh(self.bench)
            if self.guide.moved_on(self.state, sent, now):
                return replace(sent, done=now)
            sent = replace(sent, exchange=self._send(sent.call, sent.asked))
        return sent

    def _ask_again(self, question: Question) -> None:
        """Whether this call gets this very answer again and again; an endpoint may choose among several."""
        came: list[Exchange] = []
        stable = True
        while stable and len(came) < STABLE:
            exchange = self._send(question.call, question.asked)
            came.append(exchange)
            stable = (exchange.status, code_of(exchange)) == (question.status, question.code)
        again = AskedAgain(question.call, question.asked, question.status, question.code, tuple(came), stable)
        self._tell(again)

    # --- looks -----------------------------------------------------------------------------------

    def _moving(self, now: Snapshot) -> list[str]:
        """What is in transition, apart from what is held there or raced with on purpose."""
        return [r for r in pool.busy(self.bench, now) if r not in self.still]

    def _patience(self, waiting: Sequence[str]) -> float:
        """How long what should move may stand still, in seconds: for a detach, as long as the target allows."""
        detached = self.guide.detached(self.state)
        if not any(r in detached for r in waiting) or self.guide.disturbed(self.state, self.bench.now):
            return self.stage.relook
        return self.bench.settle_seconds

    def _settle(self, index: int, asked: str = "") -> None:
        """Wait until nothing moves, look, and look again at what is not explained."""
        bench, guide = self.bench, self.guide
        detached = guide.detached(self.state)
        started = self.clock.monotonic()
        waits = pool.pauses(bench, pool.DETACHING)
        part = "enis" if detached else pool.part_of(bench.stale)
        waited, looks = 0.0, 0
        pause = next(waits) if detached and self.stage.turn % EARLY else 0.0
        while True:
            self.clock.sleep(pause)
            now = pool.refresh(bench, part, self.still)
            waited, looks = waited + pause, looks + 1
            if detached:
                self._tell(Looked(index, "waiting", now))
            spent = self.clock.monotonic() - started
            moving, waiting = self._moving(now), guide.waiting(self.state, now)
            settled = not moving and (not waiting or spent > self._patience(waiting))
            if (settled and not bench.stale) or spent > bench.settle_seconds:
                break
            self.stage.go_on()
            if settled:
                part, pause, looks = pool.part_of(bench.stale), 0.0, looks - 1
                continue
            pause = next(waits)
            part = "both" if {*moving, *waiting} & set(now.instances) else "enis"
        if detached and not guide.waiting(self.state, now) and waited:
            pool.learn(bench, pool.DETACHING, waited, looks)
        self._wait_longer(index, now)
        pool.freshen(bench)
        now = pool.quiet(bench, self.still)
        if index == -1 and self.arranged.racing:
            now = pool.settle(bench)
        now = self._doubt(index, "settled", now, lambda: pool.refresh(bench), lambda _: self.stage.relook)
        view = guide.view(self.state, now) if detached else None
        self._tell(Looked(index, "settled", now))
        if view is not None and not guide.over(self.state):
            self._describe(index, *view, now, asked)

    def _doubt(
        self, index: int, why: Any, now: Snapshot, again: Callable[[], Snapshot], patience: Callable[[Snapshot], float]
    ) -> Snapshot:
        """A look that is explained, or the last one within the time for that."""
        began = self.clock.monotonic()
        while not self.guide.explained(self.state, Looked(index, why, now)) or self._moving(now):
            if self.clock.monotonic() >= began + patience(now):
                break
            self._tell(Looked(index, "doubted", now))
            self.clock.sleep(pool.doubt_pause(self.bench, self.stage.relook))
            now = again()
        return now

    def _wait_longer(self, index: int, now: Snapshot) -> None:
        """Give detaches that have not ended within the target's limit as long again, and then ask again for those that
        are still Detaching, as the page says. Where some never ended, it is not repeated."""
        limit, detached = self.bench.settle_seconds, self.guide.detached(self.state)
        overdue = [e for e in self.guide.waiting(self.state, now) if e in detached and e in now.enis]
        if not overdue or self.guide.disturbed(self.state, self.bench.now):
            return
        if not self.stage.stuck + self.guide.settled(self.state):
            self._await_available(overdue, limit)
            self._tell(Overdue(index, tuple(overdue), self.bench.now))
        self._remind(index, {eni: detached[eni] for eni in overdue})

    def _remind(self, index: int, hosts: Mapping[str, str]) -> None:
        """Ask once more for detaches that have not ended, as the page says of guests that do not react."""
        stuck = [e for e in hosts if self.bench.now.status(e) == "Detaching"]
        for eni in stuck:
            with contextlib.suppress(ecs.SetupError):
                ecs.detach_eni(self.bench.session, hosts[eni], eni)
        if stuck:
            pool.touch(self.bench)
            self._await_available(stuck, max(self.stage.relook, min(self.bench.settle_seconds, ASKED_FOR)))
            self._tell(Overdue(index, tuple(stuck), self.bench.now, reminded=True))

    def _await_available(self, enis: Sequence[str], seconds: float) -> None:
        """Look until these are Available, for so many seconds at most."""
        pauses = (max(RELOOK, pause) for pause in pool.steps(self.bench))
        pool.relook(self.bench, lambda now: all(now.status(e) == "Available" for e in enis), seconds, pauses=pauses)

    def _describe(self, index: int, eni: str, host: str, now: Snapshot, asked: str) -> None:
        """Ask for another view of an interface that was just detached, again while it disagrees and may lag behind."""
        self.stage.turn += 1
        session, met = self.bench.session, self.stage.met
        about = describe.traits(now.enis.get(eni, {}), now.instances.get(host, {}))
        name = asked or describe.view_of(self.stage.turn, session.target.loopback, self.stage.failing, about, met)
        if not name:
            return
        met |= {(name, trait) for trait in about}
        until = self.clock.monotonic() + self.stage.relook
        while True:
            event: Described = describe.described(session, index, name, eni, host, now)
            if event.failure:
                self.stage.failing[name] += 1
                break
            wrong = self.guide.over(self.guide.follow(self.state, event))
            if not wrong or self.clock.monotonic() >= until or now.status(eni) != "Available":
                break
            self.clock.sleep(pool.doubt_pause(self.bench, self.stage.relook))
            now = pool.refresh(self.bench)
        self._tell(event)

    # --- the gateway -----------------------------------------------------------------------------

    def _probe(self, index: int, step: Probe, taken: frozenset[str]) -> None:
        """Send a call that the gateway must refuse, or must not."""
        probe = PROBES[step.name]
        call = fit(self.bench.session.target.offers, step.call)
        if probe.scheme not in ("both", call.wire.signing):
            self._tell(LeftOut(index, "scheme", step.name))
            return
        asked = self.texts.of_probe(probe, call)
        if any(p.text in taken for p in asked.params):
            self._tell(LeftOut(index, "foreign"))
            return
        if probe.again:
            self._twice(index, step.name, probe, call, asked)
        else:
            self._once(index, step.name, probe, call, asked)

    def _once(self, index: int, name: str, probe: GatewayProbe, call: Call, asked: Asked) -> None:
        """A probe that is sent once, and again while its answer may pass."""
        unread: list[bool] = []

        def tamper(prepared: Prepared) -> Prepared:
            made = tampered(probe.tamper, prepared)
            unread.append(changes_nothing(prepared, made))
            return prepared if unread[-1] else made

        def put() -> Exchange:
            return self._put(probe, call, asked, {}, call.wire, tamper if probe.tamper else None)

        exchange = put()
        passed: list[Exchange] = []
        for pause in self._pauses():
            if not self.guide.may_pass(self.state, exchange):
                break
            passed.append(exchange)
            self.clock.sleep(pause)
            exchange = put()
        self._tell(Probed(index, name, call, asked, exchange, tuple(passed), "unread" if any(unread) else "whole"))

    def _twice(self, index: int, name: str, probe: GatewayProbe, call: Call, asked: Asked) -> None:
        """Two calls with one nonce; the second only if the first was answered for good."""
        now = self.bench.session.client.endpoint_time()
        common: dict[str, str | None] = public(probe.common, now)
        common |= {"SignatureNonce": os.urandom(16).hex(), "Timestamp": stamp(now)}
        first = self._put(probe, call, asked, common, call.wire, None)
        if first.outcome != "answered" or is_throttling(first) or self.guide.may_pass(self.state, first):
            self._tell(Probed(index, name, call, asked, first, end="lost"))
            return
        self._tell_sent(Sent(index, call, asked, first, twin=True))
        for _ in range(probe.between):
            acts.act(self.bench.session, Deed("describe", self.arranged.enis[0], self.arranged.instances[0]))
        common |= public(probe.second, now)
        second = self._put(probe, call, asked, common, rewired(probe, call.wire), None)
        self._tell(Probed(index, name, call, asked, second))

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
        self.bench.stale = pool.PARTS
        client = self.bench.session.client
        return client.send(
            probe.action or ACTION,
            [(p.name, p.text) for p in asked.params],
            caller=call.caller,
            wire=wire,
            version=probe.version or VERSION,
            common=common or public(probe.common, client.endpoint_time()),
            tamper=tamper,
            deadline=self.stage.deadline,
            retry=not probe.again,
            unsigned=probe.unsigned,
        )

    # --- the surroundings ------------------------------------------------------------------------

    def _deed(self, act: Act) -> Deed:
        return acts.deed_of(act, self.arranged, self.bench.now, self.bench.ground.security_group_ids)

    def _act(self, index: int, act: Act) -> None:
        """A public operation of the surroundings."""
        if act.op == "create":  # used for nothing else, it goes when room is needed
            if like := self._deed(act).eni:
                self._tell(Created(index, supply.another(self.bench, like), like))
            return
        acted = self._do(index, self._deed(act))
        deed, exchange = acted.deed, acted.exchange
        answered = exchange.outcome == "answered" and not exchange.throttled
        if answered and exchange.status >= 400 and exchange.resent and not acted.shown:
            acted = replace(acted, shown=acts.shown(deed, pool.refresh(self.bench)))
        done = answered and (200 <= exchange.status < 300 or acted.shown)
        if done:
            if deed.op == "attach" and self.guide.full(self.state, deed):
                pool.spoil(self.bench, deed.instance)  # it has more slots than others, so it proves nothing more
            pool.remember(self.bench, deed)
            pool.touch(self.bench)
        self._tell(acted)

    def _do(self, index: int, deed: Deed) -> Acted:
        """Send it; one that must be accepted is sent again for a while if it is refused for a state that may pass: what
        was detached is not free at once everywhere."""
        certain = self.guide.certain(self.state, deed)
        until = self.clock.monotonic() + self.stage.relook + SLOT
        pause = 0.1 if self.bench.session.target.loopback else 2.0
        passed: list[Exchange] = []
        while True:
            self.bench.stale = pool.PARTS
            exchange = acts.act(self.bench.session, deed)
            acted = Acted(index, deed, exchange, tuple(passed))
            code = code_of(exchange) or "?"
            if exchange.outcome != "answered" or exchange.status < 400 or exchange.throttled:
                return acted
            slot = certain and is_full(code)  # a freed slot may not be free at once
            if not (slot or passing(exchange.status, code, valid=certain)) or self.clock.monotonic() > until:
                return acted
            if deed.op == "attach" and acts.shown(deed, pool.refresh(self.bench)):
                return replace(acted, shown=True)
            passed.append(exchange)
            self.clock.sleep(pause)

    # --- overlapping calls -----------------------------------------------------------------------

    def _parallel(self, index: int, step: Parallel, taken: frozenset[str]) -> None:
        """Send all at once, then look until the answers and the state are explained."""
        parts = [self._fit(p.call) if isinstance(p, Detach) else self._deed(p) for p in step.steps]
        calls = [part for part in parts if isinstance(part, Call)]
        texts = {p.text for call in calls if not self.texts.unshown(call) for p in self.texts.resolve(call).params}
        if texts & taken or any(map(self.texts.unshown, calls)):
            self._tell(LeftOut(index, "foreign"))
            return
        if self.guide.touched(self.state):
            self._settle(index)
        if self.guide.over(self.state):
            return
        with ThreadPoolExecutor(len(parts)) as threads:
            overlapped = Overlapped(index, tuple(threads.map(self._part, parts)))
        for place in range(len(parts)):
            doubts = self.guide.doubts(self.state, overlapped, place)
            if doubts and (denotes := self._denoting(doubts, anew=True)):
                one = replace(overlapped.parts[place], denotes=tuple(denotes))
                parts_now = (*overlapped.parts[:place], one, *overlapped.parts[place + 1 :])
                overlapped = replace(overlapped, parts=parts_now)
        self._tell(overlapped)
        if self.guide.over(self.state) or not self.guide.overlapping(self.state):
            return
        pool.touch(self.bench)

        def look() -> Snapshot:
            pool.settle(self.bench, still=self.still)
            return pool.quiet(self.bench, self.still)

        def patience(now: Snapshot) -> float:
            return self.bench.settle_seconds if self.guide.unended(self.state, now) else self.stage.relook

        self._tell(Looked(index, "overlap", self._doubt(index, "overlap", look(), look, patience)))

    def _part(self, what: Call | Deed) -> Part:
        """One of several. The times are taken around everything: a thread may have to wait for its turn."""
        began = self.clock.monotonic()
        if isinstance(what, Call):
            asked = self.texts.resolve(what)
            exchange = self._send(what, asked)
            return Part(exchange, began, self.clock.monotonic(), call=what, asked=asked)
        self.bench.stale = pool.PARTS
        exchange = acts.act(self.bench.session, what)
        return Part(exchange, began, self.clock.monotonic(), deed=what)

    def _after_release(self) -> str:
        """What was held Detaching while the call was repeated must end once it is let go. Returns why that could not be
        seen, "" if it was, or nothing was held."""
        linked = self.arranged.linked
        hosts = {eni: linked.get(eni) or self.bench.now.link(eni) for eni in self.guide.let_go(self.state)}
        if not hosts:
            return ""
        try:
            now = pool.settle(self.bench)
            if late := [eni for eni in hosts if now.status(eni) == "Detaching"]:
                self._await_available(late, self.bench.settle_seconds)
                self._remind(-1, {eni: hosts[eni] for eni in late})
            now = self._doubt(
                -1, "released", self.bench.now, lambda: pool.refresh(self.bench), lambda _: self.stage.relook
            )
            self._tell(Looked(-1, "released", now))
        except (ecs.SetupError, CallsSpent) as error:
            return f"looking failed: {error}"
        return ""
