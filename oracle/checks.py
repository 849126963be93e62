"""One event of a History, followed and checked: what is wrong with what it brought, what is known after it. Pure.

`judge` folds `follow` over a whole History. The checks stand by theme: `answers`, `looks`, `relations`, `gateway`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from eni_conformance.contract import rows
from eni_conformance.contract.common import is_full
from eni_conformance.contract.detach import REQUIRED
from eni_conformance.contract.gateway import PROBES
from eni_conformance.contract.rules import Refusal
from eni_conformance.contract.scenario import ACTIONS, AS_ASKED, format_of
from eni_conformance.harness.codec import code_of, gist, is_throttling
from eni_conformance.harness.history import (
    Acted,
    AskedAgain,
    Created,
    Described,
    Event,
    LeftOut,
    Looked,
    Ordered,
    Overdue,
    Overlapped,
    Part,
    Probed,
    Sent,
)
from eni_conformance.harness.values import Asked, Deed, Exchange
from eni_conformance.oracle import answers, envelope, gateway, looks, model, readings
from eni_conformance.oracle.answers import Read
from eni_conformance.oracle.findings import Finding, NoAnswer, NotAttachedAgain, SlotTooMany
from eni_conformance.oracle.follow import (
    Compared,
    Overlapping,
    State,
    accepted,
    after_creation,
    after_deed,
    look_says,
    rested,
    say,
)
from eni_conformance.oracle.frame import Change, changes
from eni_conformance.oracle.readings import Admissible, Reply

UNDECLARED = "undeclared parameter"
CAME_TRUE = "an identifier that was invented for a call denotes a resource now"
STEADY = frozenset({"Running", "Stopped"})


@dataclass(frozen=True)
class Seen:
    """An event, followed: what is known after it, and the answers that were read in it and count as evidence. left: why
    the answer to a call decides nothing."""

    state: State
    reads: tuple[Read, ...] = ()
    findings: tuple[Finding, ...] = ()
    left: str = ""


def follow(state: State, event: Event) -> Seen:
    """What is known after an event, and what is wrong with what it brought."""
    state = replace(state, events=state.events + 1)
    match event:
        case Sent():
            return _sent(state, event)
        case Probed():
            return _probed(state, event)
        case Acted():
            return Seen(_acted(state, event))
        case Created():
            return Seen(after_creation(state, event))
        case Overlapped():
            return _overlapped(state, event)
        case Looked():
            return _looked(state, event)
        case Overdue():
            return Seen(_overdue(state, event))
        case Described():
            return Seen(_described(state, event))
        case AskedAgain():
            reply = Reply(event.status, event.code)
            return Seen(replace(state, again=(*state.again, (event.call, reply, event.stable))))
        case Ordered() | LeftOut():
            return Seen(state)


# --- calls under test --------------------------------------------------------------------------------


def _sent(state: State, event: Sent) -> Seen:
    expected = answers.expected_of(state, event)
    state = replace(state, last=event.exchange)
    for exchange in (*event.passed, event.exchange):
        state = _note(state, event.step, event.asked, exchange)
    first = (*event.passed, event.exchange)[0]
    if event.done is not None:
        if event.exchange not in event.passed:
            text = "the call was carried out, and the connection ended without a byte of an answer"
            lost = NoAnswer("B02", text, "outcome:carried out without an answer")
            state = say(state, lost, event.step, event.exchange, expected)
        return Seen(_effect(state, expected, Reply(200, ""), first.at))
    if left := _left(state, event, expected):
        return Seen(replace(state, refused=state.refused + 1), left=left)
    state, read = _judge(state, event.step, event, expected)
    if read.reply is None or state.undecided == CAME_TRUE:
        return Seen(state, (read,))
    if read.reply.success and _certainly_runs(state, event.asked):
        state = replace(state, hot=state.hot | {"detach"})
    return Seen(_effect(state, expected, read.reply, event.exchange.at), (read,))


def _left(state: State, event: Sent, expected: Admissible) -> str:
    """Why a refusal decides nothing, "" where it does."""
    said = gist(event.exchange)
    if state.arranged.held and state.place.tolerates and answers.passes(state, expected, event.exchange):
        return f"{said} came while something else was held in transition"
    if _something_else(state, event) and answers.may_pass(event.exchange, tolerates=False, valid=False):
        # an endpoint may do one thing at a time, as long as that takes
        return f"{said} came while something else was on its way"
    if answers.cold_row(state, event.asked, event.exchange):
        return f"{said}: an instance may have to be Stopped for it, which no description shows"
    return ""


def _certainly_runs(state: State, asked: Asked) -> bool:
    """Whether every instance that a call names runs for certain."""
    named = answers.named_instances(state, asked)
    return bool(named) and all(one is not None and one.statuses == {"Running"} for one in named)


def _something_else(state: State, event: Sent) -> bool:
    """Whether anything but the interface of the call may be at work: held on its way, or begun and not seen to end."""
    named = dict(event.exchange.sent.pairs).get("NetworkInterfaceId", "")
    return bool({*state.arranged.held, *state.detached, *state.touched} - {named})


def _note(state: State, step: int, asked: Asked, exchange: Exchange) -> State:
    """What was accepted is remembered: a later change of it is a late effect."""
    if 200 <= exchange.status < 300 and any(p.name == "NetworkInterfaceId" for p in asked.params):
        eni = dict(exchange.sent.pairs).get("NetworkInterfaceId", "")
        if eni:
            return replace(state, freed=state.freed | {(eni, step)})
    return state


def _judge(state: State, step: int, sent: Sent | Part, expected: Admissible) -> tuple[State, Read]:
    """One answer judged, and remembered for comparison."""
    assert sent.call is not None and sent.asked is not None
    read = answers.read(state, sent.call, sent.asked, sent.exchange, expected)
    state = replace(state, judged=state.judged + 1)
    findings = answers.judge(state, read)
    if findings and sent.denotes:
        return replace(state, undecided=CAME_TRUE, dirty=True), replace(read, reply=None)
    for finding in findings:
        state = say(state, finding, step, sent.exchange, expected, dirty=read.reply is None)
    if read.answer is not None and read.answer.request_id:
        state = replace(state, ids={read.answer.request_id: sent.exchange.id, **state.ids})
    if any(finding.answer for finding in findings) or (read.answer is not None and read.answer.unread):
        return state, read  # what an answer that is wrong in itself differs from is no second finding
    return _compare(state, step, read), read


def _compare(state: State, step: int, read: Read) -> State:
    """The answer beside those that it may be compared with."""
    if read.reply is None or read.bare or state.scenario.name == AS_ASKED:
        return state
    call, asked, expected = read.call, read.asked, read.expected
    exists = None
    if call.caller == "other_account" and len(call.args) == 3:
        denotes = {p.name: p.text in state.known.enis or p.text in state.known.instances for p in asked.params}
        both = {denotes.get("InstanceId"), denotes.get("NetworkInterfaceId")}
        shapes = all(p.kind in ("exact", "unknown") for p in asked.params) and asked.params[0].kind == "exact"
        exists = True in both if len(both) == 1 and shapes else None
    fits = _reading(state, read)
    grouped = len(expected.broken) <= 1 and not expected.perhaps and expected.choice in ("", UNDECLARED)
    if not grouped and not fits and exists is None:
        return state
    key = repr(sorted((p.name, p.text) for p in asked.params)) + call.caller
    one = Compared(call, asked, key, read.reply, read.exchange, step, expected, grouped, fits, exists)
    return replace(state, compared=(*state.compared, one))


def _reading(state: State, read: Read) -> str:
    """Which value of a repeated parameter counted, "first" or "last", "" if the answer does not tell."""
    asked, call = read.asked, read.call
    names = [p.name for p in asked.params]
    twice = [n for n in ("InstanceId", "NetworkInterfaceId") if names.count(n) == 2]
    if len(twice) != 1 or len(names) != len(set(names)) + 1 or read.reply is None:
        return ""
    if call.wire.order != "given" or call.wire.place == "mixed":
        return ""
    one, two = (i for i, n in enumerate(names) if n == twice[0])
    fits = []
    for reading, left_out in (("first", two), ("last", one)):
        params = tuple(p for i, p in enumerate(asked.params) if i != left_out)
        expected = readings.admissible(state.operation, state.known, Asked(params, asked.caller))
        if not readings.judge_reply(state.operation, expected, read.reply):
            fits.append(reading)
    return fits[0] if len(fits) == 1 else ""


def _effect(state: State, expected: Admissible, reply: Reply, at: float) -> State:
    """What is known after an answer."""
    if not reply.success:
        return replace(state, refused=state.refused + 1)
    if not expected.success:
        return replace(state, dirty=True)
    return accepted(state, expected.target, at)


# --- the gateway -------------------------------------------------------------------------------------


def _probed(state: State, event: Probed) -> Seen:
    probe = PROBES[event.name]
    exchange = event.exchange
    if event.end == "lost":  # it may have been carried out
        return Seen(replace(state, dirty=state.dirty or not is_throttling(exchange)))
    if event.end == "unread":
        return Seen(state)
    if probe.again and answers.may_pass(exchange, tolerates=state.place.tolerates, valid=False):
        return Seen(state)
    state = replace(state, judged=state.judged + 1)
    if exchange.throttled or (probe.again and is_throttling(exchange)):
        return Seen(state)
    if exchange.outcome != "answered":
        return Seen(say(state, answers.no_answer(exchange, event.name), event.step, exchange, dirty=True))
    answer = read_probe(event)
    judged = judge_probe(state, event, answer)
    for finding in (*answer.findings, *(judged or ()), *answers.repeated_id(state, answer, exchange)):
        state = say(state, finding, event.step, exchange)
    if answer.request_id:
        state = replace(state, ids={answer.request_id: exchange.id, **state.ids})
    if answer.reply.success:
        return Seen(replace(state, dirty=not probe.accept))
    return Seen(replace(state, refused=state.refused + 1))


def read_probe(event: Probed) -> envelope.Answer:
    """The answer to a probe. Before the call is understood, the gateway may not know which format was asked for."""
    wanted = format_of(event.call) if PROBES[event.name].accept else ""
    return envelope.read(event.exchange, wanted, sent=[p.text for p in event.asked.params])


def judge_probe(state: State, event: Probed, answer: envelope.Answer) -> list[Finding] | None:
    """Whether the gateway may say that; None if it cannot be told, as where nothing can be read in the answer."""
    if answer.unread and not answer.reply.success:
        return None
    whole = {p.name for p in event.asked.params if p.text.strip()} >= set(REQUIRED)
    return gateway.judge(PROBES[event.name], event.name, answer.reply, state.operation.codes, whole)


# --- the surroundings --------------------------------------------------------------------------------


def _acted(state: State, event: Acted) -> State:
    exchange, deed = event.exchange, event.deed
    if exchange.throttled or exchange.outcome != "answered":  # it may have been carried out
        return replace(state, undecided=f"{deed.op}: {exchange.outcome}", dirty=True)
    done = carried_out(event)
    sure = certain(state, deed)
    if deed.op == "attach" and any(is_full(code_of(one)) for one in (*event.passed, exchange)):
        state = replace(state, full_refused=True)
    if deed.op == "attach":
        for finding in attached(state, event, done, sure):
            state = say(state, finding, event.step, exchange, dirty=True)
    return after_deed(state, deed) if done else state


def carried_out(event: Acted) -> bool:
    """Whether an operation was accepted, or refused at a second sending because the first had been carried out."""
    return 200 <= event.exchange.status < 300 or event.shown


def attached(state: State, event: Acted, done: bool, sure: bool) -> list[Finding]:
    """F06 and F07: what was detached can be attached, and no instance takes more than its type has room for."""
    deed, code = event.deed, code_of(event.exchange)
    if done and full(state, deed) and state.full_refused:
        text = f"{deed.eni} was attached to {deed.instance}, all of whose {state.place.quota} slots are taken"
        return [SlotTooMany("F06", text, "a slot too many", (), 0.9)]
    if not done and sure and deed.eni in state.freed_enis:
        text = f"attaching {deed.eni} again was refused with {event.exchange.status} {code}"
        said = Reply(event.exchange.status, code or "?").words
        return [NotAttachedAgain("F06" if is_full(code) else "F07", text, f"attach again:{code}", said=said)]
    return []


def full(state: State, deed: Deed) -> bool:
    """Whether every slot of the instance is certainly taken: as many as its type has."""
    taken = sum(1 for e in state.known.enis.values() if e.on == frozenset({deed.instance}))
    return taken >= state.place.quota


def certain(state: State, deed: Deed) -> bool:
    """Whether nothing leaves a doubt that the operation must be accepted."""
    eni, instance = state.known.enis.get(deed.eni), state.known.instances.get(deed.instance)
    if deed.op != "attach" or not eni or not instance:
        return False
    on_it = sum(1 for e in state.known.enis.values() if deed.instance in e.on and e.type != "Primary")
    return (
        eni.statuses == frozenset({"Available"})
        and instance.statuses <= STEADY
        and len(instance.statuses) == 1
        and on_it + 1 < state.place.quota
        and not state.place.quota_assumed
        and _in_one_zone(state, deed)
        and deed.eni not in state.arranged.faults
        and not ("attach" in state.place.cold and "Running" in instance.statuses)
    )


def _in_one_zone(state: State, deed: Deed) -> bool:
    """Whether interface and instance lie in one zone, by what is shown, or where that is not shown by the World."""
    told = [state.snapshot.enis.get(deed.eni, {}), state.snapshot.instances.get(deed.instance, {})]
    zones = [fields.get("ZoneId") for fields in told]
    if all(zones):
        return zones[0] == zones[1]
    world, arranged = state.scenario.world, state.arranged
    if deed.eni not in arranged.enis or deed.instance not in arranged.instances:
        return zones[0] == zones[1]
    home = world.instances[world.enis[arranged.enis.index(deed.eni)].on or 0]
    return home.zone == world.instances[arranged.instances.index(deed.instance)].zone


# --- overlapping calls -------------------------------------------------------------------------------


def loose(state: State, event: Overlapped, asked: Asked) -> Admissible:
    """What is admissible for one of several overlapping calls: any state that the others may lead to."""
    start = after = state.known
    for part in event.parts:
        if part.asked is not None:
            target = readings.admissible(state.operation, start, part.asked).target
            after = model.after_detach(after, target) if target else after
        elif part.deed is not None:
            after = model.after_deed(after, part.deed)
    enis = {
        k: replace(e, statuses=e.statuses | start.enis[k].statuses, on=e.on | start.enis[k].on)
        for k, e in after.enis.items()
    }
    instances = {k: replace(i, statuses=i.statuses | start.instances[k].statuses) for k, i in after.instances.items()}
    return readings.admissible(state.operation, replace(after, enis=enis, instances=instances), asked)


def _overlapped(state: State, event: Overlapped) -> Seen:
    start, begun = state, state
    told: list[model.Told] = []
    reads: list[Read] = []
    for part in event.parts:
        exchange = part.exchange
        if part.asked is not None:
            state = _note(state, event.step, part.asked, exchange)
        why = "throttled to the end" if exchange.throttled else _unknown(part)
        if why:
            return Seen(replace(state, undecided=why, dirty=True), tuple(reads))
        if part.deed is not None:
            reply = Reply(exchange.status, code_of(exchange))
            told.append(model.Told(part.deed, reply, part.began, part.ended))
            state = after_deed(state, part.deed) if reply.success and part.deed.op == "modify" else state
            continue
        assert part.asked is not None
        if conflicts(event, part) or answers.cold_row(start, part.asked, exchange):
            state = _form_alone(state, event, part)
            reply = Reply(exchange.status, code_of(exchange) or "?")
            told.append(model.Told(part.asked, reply, part.began, part.ended, conflicts=True))
            continue
        expected = loose(start, event, part.asked)
        if left_open(start, expected, exchange):
            why = f"one of several calls was answered {gist(exchange)}, which may pass"
            return Seen(replace(state, undecided=why, dirty=True), tuple(reads))
        state, read = _judge(state, event.step, part, expected)
        reads.append(read)
        if read.reply is None:
            return Seen(state, tuple(reads))
        told.append(model.Told(part.asked, read.reply, part.began, part.ended))
    unread = any(read.answer is not None and read.answer.unread for read in reads)
    if unread or any(one.finding.answer for one in state.found[len(begun.found) :]):
        return Seen(replace(state, dirty=True), tuple(reads))  # a wrong answer explains what no order does
    overlap = Overlapping(event, begun.known, tuple(told))
    if not any(_moves(state, overlap.start, one) for one in told):
        refused = sum(1 for one in told if not one.reply.success)
        state = replace(state, refused=state.refused + refused)
        # Each answer alone may be that of a state which another call leads to; but none of them led anywhere.
        if state.found == begun.found and model.explain(state.operation, overlap.start, told, None) is None:
            state = say(state, looks.overlap_unexplained(overlap), event.step, event.parts[0].exchange)
        return Seen(state, tuple(reads))
    return Seen(replace(state, overlap=overlap), tuple(reads))


def _unknown(part: Part) -> str:
    """Why nobody knows what became of an operation beside the calls, "" where it is known: where it was sent twice, the
    first one may have been carried out, and the refusal is the second one's."""
    exchange = part.exchange
    if part.deed is None or (exchange.outcome == "answered" and not _of_second_sending(exchange)):
        return ""
    return f"{ACTIONS[part.deed.op]}: {gist(exchange)}{' when it was sent again' if exchange.resent else ''}"


def _of_second_sending(exchange: Exchange) -> bool:
    return exchange.resent and exchange.status >= 400


def _form_alone(state: State, event: Overlapped, part: Part) -> State:
    """The answer to a call that conflicts with another one: it is well formed like any, and compared with none."""
    assert part.asked is not None
    code = code_of(part.exchange) or "?"
    lawful = Refusal((part.exchange.status,), code, rows.SERIAL_ORDER, "something else is at work", "common")
    expected = loose(state, event, part.asked)
    judged, _ = _judge(state, event.step, part, replace(expected, refusals=(*expected.refusals, lawful)))
    return replace(judged, compared=state.compared)


def conflicts(event: Overlapped, part: Part) -> bool:
    """Whether one of several overlapping calls was refused because something else is at work, and something is: another
    one was carried out. Anywhere, a client asks again then."""
    others = any(200 <= one.exchange.status < 300 for one in event.parts if one is not part)
    return others and answers.may_pass(part.exchange, tolerates=False, valid=False)


def left_open(state: State, expected: Admissible, exchange: Exchange) -> bool:
    """Whether the answer to one of several overlapping calls may pass, or is that of a second sending."""
    return _of_second_sending(exchange) or (state.place.tolerates and answers.passes(state, expected, exchange))


def _moves(state: State, start: readings.Known, told: model.Told) -> bool:
    """Whether this call may have changed anything: refusals do not, nor a repetition while held Detaching."""
    if isinstance(told.what, Deed):
        return True
    target = readings.admissible(state.operation, start, told.what).target
    held = target in state.arranged.held and start.enis[target].statuses == {"Detaching"}
    return told.reply.success and not held


# --- looks -------------------------------------------------------------------------------------------


def _looked(state: State, event: Looked) -> Seen:
    now = event.snapshot
    match event.why:
        case "waiting":
            path = {e: (*state.path.get(e, ()), now.status(e)) for e in state.detached}
            return Seen(replace(state, path=path))
        case "doubted":
            return Seen(_doubted(state, event))
        case "settled":
            return _settled(state, event)
        case "overlap":
            return Seen(_after_overlap(state, event))
        case "released":
            for finding in looks.released(state, now):
                state = look_says(state, finding, -1, now)
            return Seen(state)
        case "end":
            return Seen(state)


def _doubted(state: State, event: Looked) -> State:
    """What shows another value in each look changes by itself, and counts no more."""
    if state.overlap is not None:
        return state
    shown = dict(state.shown)
    for change in looks.differences(state, event.snapshot):
        key = (change.resource, change.path)
        shown[key] = shown.get(key, frozenset()) | {repr(change.after)}
    return replace(state, shown=shown, ignore=state.ignore | looks.volatile(shown))


def _settled(state: State, event: Looked) -> Seen:
    now = event.snapshot
    findings = looks.judge(state, now)
    differences = looks.differences(state, now)
    needed_asking = tuple(looks.needed_asking(state, now))
    spent = tuple(
        max(0.0, now.at - state.accepted_at.get(eni, now.at))
        for eni in state.detached
        if now.status(eni) == "Available" and eni not in state.touched
    )
    state = replace(state, settled=(*state.settled, *spent), spent=(*state.spent, *spent))
    before = state
    for finding in looks.stuck(before, now):
        state = replace(look_says(state, finding, event.step, now), stuck=state.stuck + 1)
    for finding in findings:
        if finding.clocked:
            state = replace(state, stuck=state.stuck + 1)
        state = look_says(state, finding, event.step, now, differences)
    for finding in needed_asking:
        state = look_says(state, finding, event.step, now)
    return Seen(replace(rested(state, now), finished=event.step == -1), findings=tuple(findings))


def _after_overlap(state: State, event: Looked) -> State:
    overlap, now = state.overlap, event.snapshot
    if overlap is None:
        return state
    differences = _differences(state, event)
    found = looks.overlapping_effects(state, overlap, now)
    if not looks.serial_order(state, overlap, now) and not looks.on_others(found):
        unexplained = looks.overlap_unexplained(overlap, found)
        state = look_says(state, unexplained, event.step, now, exchange=overlap.event.parts[0].exchange)
        found = []
    for finding in found:
        state = look_says(state, finding, event.step, now, differences)
    return rested(state, now)


def _differences(state: State, event: Looked) -> list[Change]:
    """Everything that differs from the last look that counted."""
    return changes(state.snapshot, event.snapshot, state.ignore)


def _overdue(state: State, event: Overdue) -> State:
    """Those that came to their end only after they were asked for again are told of at the look that counts."""
    if not event.reminded:
        return state
    late = tuple(e for e in event.enis if event.snapshot.status(e) == "Available")
    return replace(state, reminded=late)


def _described(state: State, event: Described) -> State:
    for finding in looks.another_view(event, state.place.run_id):
        state = look_says(state, finding, event.step, event.snapshot)
    return state if state.dirty else rested(state, event.snapshot)
