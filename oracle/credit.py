"""What a History was evidence for, as counts. Pure: it fills the Tally that it is given, and decides nothing.

A requirement conforms only where something was judged; what counts as judged, how often a code came, what was left to
the endpoint and what could not be decided, is said here, event by event.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from eni_conformance.contract import rows
from eni_conformance.contract.detach import ACTION
from eni_conformance.contract.gateway import PROBES
from eni_conformance.contract.scenario import ACTIONS, AS_ASKED, World
from eni_conformance.harness.codec import gist, is_throttling
from eni_conformance.harness.history import (
    Acted,
    Described,
    Event,
    LeftOut,
    Looked,
    Overdue,
    Overlapped,
    Probed,
    Rested,
    Sent,
)
from eni_conformance.harness.values import Exchange, Snapshot
from eni_conformance.oracle import answers, checks, covered, relations, views
from eni_conformance.oracle.answers import Read
from eni_conformance.oracle.covered import Past
from eni_conformance.oracle.follow import State
from eni_conformance.oracle.readings import Reply
from eni_conformance.oracle.tally import Tally


def world_key(world: World) -> int:
    """The same number for the same World in every process."""
    return zlib.crc32(repr(world).encode())


def of_rest(book: Tally, rested: Rested) -> None:
    """A look after everything had settled."""
    if rested.now is not rested.before:
        book.credit(
            (rows.STAYS_AVAILABLE, rows.REFUSAL_CHANGES_NOTHING), world_key(rested.scenario.world), "account", "look"
        )


def of(book: Tally, state: State, event: Event, seen: checks.Seen, past: Past) -> None:
    """One event. state: what was known before it; seen: what it led to; past: what was before it."""
    world = world_key(state.scenario.world)
    match event:
        case Sent():
            _of_call(book, state, event, seen, world, past)
        case Probed():
            _of_probe(book, state, event, world)
        case Acted():
            _of_act(book, state, event, world)
        case Overlapped():
            _of_overlap(book, state, event, seen, world, past)
        case Looked():
            _of_look(book, state, event, seen, world)
        case Overdue():
            _of_delay(book, state, event)
        case Described():
            _of_view(book, event, world)
        case LeftOut(why="unshown"):
            book.lacks((rows.PRIMARY_KEPT, "E12"), "a description that shows primary interfaces")
        case LeftOut(why="scheme"):
            probe = PROBES[event.probe]
            book.lacks((probe.requirement,), f"signature scheme {probe.scheme}")


def of_relations(book: Tally, state: State) -> None:
    """Answers that could be compared with each other."""
    world = world_key(state.scenario.world)
    for calls in relations.groups(state):
        odd = (rows.UNDECLARED,) if relations.undeclared(state, calls[0].call) else ()
        for one in calls[1:]:
            ids = (*odd, *relations.differs(calls[0].call, one.call))
            book.credit(ids, world, one.call.caller, relations.wire_name(one.call))
    for wire, seen in relations.by_wire(state).items():
        book.credit((rows.REPEATED,), world, "account", wire, len(seen))
    exist = [one for one in state.compared if one.exists]
    if exist and any(one.exists is False for one in state.compared):
        book.credit((rows.OTHER_TENANT,), world, "other_account", "compared", len(exist))


# --- calls -------------------------------------------------------------------------------------------


def _of_call(book: Tally, state: State, event: Sent, seen: checks.Seen, world: int, past: Past) -> None:
    _passing(book, ACTION, event.passed)
    if seen.left:
        expected = answers.expected_of(state, event)
        of_code = filter(None, [answers.cold_row(state, event.asked, event.exchange)])
        book.undecided((*answers.blamed_rows(state.operation, expected), *of_code), seen.left)
    for read in seen.reads:
        _of_answer(book, state, read, world, past)


def _passing(book: Tally, action: str, exchanges: Iterable[Exchange]) -> None:
    """Count those that are answers of the passing table; what was asked again for another reason is none."""
    for one in exchanges:
        if answers.may_pass(one, tolerates=True, valid=True):
            book.passed(action, gist(one))


def _of_answer(book: Tally, state: State, read: Read, world: int, past: Past) -> None:
    """Count what this answer was evidence for."""
    book.detach_calls += 1
    if read.exchange.throttled:
        book.undecided(answers.blamed_rows(state.operation, read.expected), "throttled to the end")
    wire = relations.wire_name(read.call)
    if read.bare:
        book.credit(rows.BROKEN_DOWN, world, read.call.caller, wire)
        book.observe("answer to oversized calls", str(read.exchange.status))
        return
    if read.answer is None or read.reply is None:
        return
    if read.answer.other_format and read.early:
        book.observe("format of a gateway's refusal of a V3 call", read.answer.format)
    if state.scenario.name == AS_ASKED:
        return
    ids = [*rows.OF_EVERY_ANSWER, *_by_answer(state, read), *_by_parameters(state, read)]
    came = answers.came(read.expected, read.reply)
    if came is not None:
        ids.append(came.row)
        if came.table == "page":
            book.provoked[came.row] += 1
        else:
            book.by_common(came.row, str(read.reply))
            book.observe(f"answer of the common table to: {came.because}", str(read.reply))
    book.successes += read.reply.success
    book.credit(dict.fromkeys(ids), world, read.call.caller, wire)
    if len(read.expected.broken) == 1:
        book.alone[state.operation.rules[read.expected.broken[0]].own] += 1
    _observe(book, state, read, read.reply)
    _cover(book, state, read, read.reply, past)


def _by_answer(state: State, read: Read) -> list[str]:
    """What the kind of answer is evidence for."""
    if read.reply is not None and read.reply.success:
        return [rows.SUCCESS_IN[read.answer.format if read.answer else "JSON"], *answers.valid_rows(state, read.asked)]
    out = [*rows.OF_A_REFUSAL]
    for name in read.expected.broken:
        rule = state.operation.rules[name]
        out += [rule.own, *(r for r in rule.contradicted if r != rule.own)]
    return out


def _by_parameters(state: State, read: Read) -> list[str]:
    """What the parameters of a call are evidence for, whatever the answer."""
    names = [p.name for p in read.asked.params]
    out = []
    if len(names) != len(set(names)):
        out.append(rows.REPEATED)
    if set(names) - answers.declared(state.operation):
        out.append(rows.UNDECLARED)
    out += answers.of_parameters(state.operation, read.asked)
    if any(not p.text.isascii() or set(p.text) & set(" +*~%&=") for p in read.asked.params):
        out.append(rows.CORRECTLY_SIGNED)
    return out


def _observe(book: Tally, state: State, read: Read, reply: Reply) -> None:
    """Write down a choice that the page leaves to the endpoint."""
    operation, expected = state.operation, read.expected
    said = "accepted" if reply.success else str(reply)
    if len(expected.broken) == 2 and not expected.perhaps:
        pair = " + ".join(sorted(f"{operation.rules[n].own} {n}" for n in expected.broken))
        came = answers.came(expected, reply)
        book.atlas[pair][came.row if came else reply.code] += 1
    elif len(expected.broken) == 1 and len({r.code for r in expected.refusals}) > 1:
        odd = next((p for p in read.asked.params if p.kind not in ("exact", "unknown")), None)
        example = f"{odd.name}={odd.text[:40]!r}" if odd else ""
        book.observe(f"answer to: {expected.broken[0]}", said, example)
    elif expected.choice and not expected.broken:
        book.observe(f"answer to: {expected.choice}", said)


def _cover(book: Tally, state: State, read: Read, reply: Reply, past: Past) -> None:
    """Count states and pairs of dimensions for the report, and the answer to this kind of call."""
    call, expected = read.call, read.expected
    row = covered.row(state, read, past)
    if covered.NONE not in row[:2]:
        book.states["|".join(row[:3])] += 1
        end = "accepted" if reply.success else "refused"
        book.transitions[f"{', '.join(row[:3])}, {call.caller}: {end}"] += 1
    if not covered.certain(row):
        return
    if not expected.perhaps:
        broken = {state.operation.rules[n].own for n in expected.broken}
        shape = ", ".join(sorted(f"{a.name} {a.ref.partition(':')[0]} {a.form[:40]}" for a in call.args))
        book.answered(broken, row[:3], call.caller, shape, "accepted" if reply.success else str(reply))
    book.pairs |= covered.pairs(row)


def _of_probe(book: Tally, state: State, event: Probed, world: int) -> None:
    probe = PROBES[event.name]
    exchange = event.exchange
    _passing(book, ACTION, event.passed)
    if event.end == "unread":
        book.undecided((probe.requirement,), "the tampering changed nothing here")
        return
    if event.end == "lost":
        book.undecided((probe.requirement,), "the first of two calls was throttled or lost")
        return
    if probe.again and answers.may_pass(exchange, tolerates=state.place.tolerates, valid=False):
        book.passed(ACTION, gist(exchange))
        book.undecided((probe.requirement,), "the second of two calls had an answer that may pass")
        return
    book.detach_calls += 1
    if exchange.throttled or (probe.again and is_throttling(exchange)):
        book.undecided((probe.requirement,), "throttled to the end")
        return
    if exchange.outcome != "answered":
        return
    answer = checks.read_probe(event)
    ids: tuple[str, ...] = (*rows.OF_A_PROBE, *((rows.ACTION,) if probe.requirement == rows.UNKNOWN_ACTION else ()))
    if checks.judge_probe(state, event, answer) is None:
        book.undecided((probe.requirement,), f"{event.name}: the call lacked a parameter of its own, too")
    else:
        ids = (probe.requirement, *ids)
    book.credit(ids, world, event.call.caller, relations.wire_name(event.call))
    book.observe(f"gateway: {event.name}", f"{answer.reply.status} {answer.reply.code or 'accepted'}")


# --- the surroundings and looks ----------------------------------------------------------------------


def _of_act(book: Tally, state: State, event: Acted, world: int) -> None:
    deed, exchange = event.deed, event.exchange
    _passing(book, ACTIONS[deed.op], event.passed)
    if exchange.throttled or exchange.outcome != "answered":
        return
    if deed.op == "attach" and checks.certain(state, deed) and deed.eni in state.freed_enis:
        book.credit((rows.ATTACHED_AGAIN, rows.SLOT_FREED), world, "account", "attach")
    if checks.carried_out(event):
        book.rules[deed.op] += 1


def _of_overlap(book: Tally, state: State, event: Overlapped, seen: checks.Seen, world: int, past: Past) -> None:
    for read in seen.reads:
        _of_answer(book, state, read, world, past)
    for part in event.parts:
        if part.asked is not None and checks.conflicts(event, part):
            book.passed(ACTION, gist(part.exchange))
    if seen.state.undecided and not state.undecided:
        for part in event.parts:
            if part.asked is None or part.exchange.throttled:
                continue
            if checks.left_open(state, checks.loose(state, event, part.asked), part.exchange):
                _passing(book, ACTION, (part.exchange,))
                return
    elif not seen.state.dirty and seen.state.overlap is None:
        book.credit((rows.SERIAL_ORDER,), world, "account", f"{len(event.parts)} at once, none moves anything")


def _of_look(book: Tally, state: State, event: Looked, seen: checks.Seen, world: int) -> None:
    now = event.snapshot
    match event.why:
        case "waiting":
            for eni in state.detached:
                if now.status(eni) == "Detaching":
                    shown = "shown" if now.link(eni) else "hidden"
                    book.observe("link of an interface that is Detaching", shown)
        case "overlap":
            n = len(state.overlap.event.parts) if state.overlap else 0
            book.credit((rows.SERIAL_ORDER,), world, "account", f"{n} at once")
        case "released":
            book.credit((rows.ACCEPTED_AGAIN,), world, "account", "let go")
        case "settled":
            _of_rest_after(book, state, now, world)
            if not seen.state.dirty and len(state.scenario.steps) > 1:
                book.credit((rows.LIFE_CYCLE,), world, "account", "history")


def _of_rest_after(book: Tally, state: State, now: Snapshot, world: int) -> None:
    """The look that counts."""
    if state.refused and not state.detached and not state.touched:
        book.credit((rows.REFUSAL_CHANGES_NOTHING,), world, "account", "look", state.refused)
    settled = [e for e in state.detached if now.status(e) == "Available" and e not in state.touched]
    for eni in settled:
        unseen = {rows.LINK_GONE: _unseen_link(state, eni), rows.OWN_KEPT: _unseen_own(state, eni)}
        for row, reason in unseen.items():
            if reason:
                book.doubt(row, reason)
        book.credit((row for row in rows.OF_AN_EFFECT if not unseen.get(row)), world, "account", "look")
    for eni in settled:
        book.settle["detach"].append(round(max(0.0, now.at - state.accepted_at.get(eni, now.at)), 4))
        path = state.path.get(eni, ())
        link = "hidden" if "Detaching" in path else "not seen"
        book.observe("statuses seen after a detach", " > ".join(dict.fromkeys(path)), link)
    if (state.freed_enis - set(state.detached) - state.touched) & {e for e in now.enis if now.status(e) == "Available"}:
        book.credit((rows.STAYS_AVAILABLE,), world, "account", "look")


def _unseen_link(state: State, eni: str) -> str:
    """Why the end of a link cannot be seen on both sides, "" if it can."""
    host = state.snapshot.instances.get(state.detached[eni])
    if host is None or host.get("NetworkInterfaces"):
        return ""
    return "descriptions of instances show no interfaces, so that the end of the link is seen on one side alone"


def _unseen_own(state: State, eni: str) -> str:
    """Why it cannot be seen whether an interface keeps what is its own, "" if it can."""
    unseen = state.arranged.unlike.get(eni, ())
    return f"{', '.join(unseen)}: never shown as asked for when interfaces were made" if unseen else ""


def _of_view(book: Tally, event: Described, world: int) -> None:
    """Another view: what was seen in it is evidence; one that is refused, or does not filter, leaves a doubt."""
    by_instance = (rows.LINK_GONE,) if event.view in views.BY_INSTANCE else ()
    if event.failure == "refused":
        for row in (rows.VIEWS_AGREE, *by_instance):
            book.doubt(row, f"the view {event.view} is refused: {event.told}")
    elif filters := views.ignored(event):
        for name in filters:
            book.doubt(rows.VIEWS_AGREE, f"the filter {name} is ignored")
    elif not event.failure:
        book.credit((rows.VIEWS_AGREE, *by_instance), world, "account", "look")


def _of_delay(book: Tally, state: State, event: Overdue) -> None:
    """F02, a doubt with its numbers: detaches that ended after the target's limit."""
    if event.reminded:
        for eni in event.enis if state.place.real else ():
            stuck = event.snapshot.status(eni) == "Detaching"
            told = "stayed so after the call was repeated" if stuck else "ended when the call was repeated"
            book.doubt(rows.BECOMES_AVAILABLE, f"a detach was stuck, as where the guest does not react, and {told}")
        return
    limit, settled = state.place.settle_seconds, state.settled
    others = f", {len(settled)} others within {max(settled):.1f} s" if settled else ""
    for eni in event.enis:
        if event.snapshot.status(eni) == "Available":
            spent = event.snapshot.at - state.accepted_at.get(eni, event.snapshot.at)
            book.doubt(
                rows.BECOMES_AVAILABLE,
                f"a detach took {spent:.1f} s, more than limits.settle_seconds ({limit:g} s){others}; "
                "raise the limit if that is usual here",
            )
