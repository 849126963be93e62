"""What must hold between the answers to several calls: wire forms, repeated parameters, other tenants. Pure.

A difference counts only if each of the two answers is stable, because an endpoint may choose among several. What is not
known of that yet is handed back as a Question, for whoever plays to find out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from eni_conformance.contract.scenario import Call, format_of
from eni_conformance.harness.history import Question
from eni_conformance.harness.values import Asked
from eni_conformance.oracle.answers import declared
from eni_conformance.oracle.findings import AnotherForm, Finding, Leak, MixedReadings
from eni_conformance.oracle.follow import Compared, State
from eni_conformance.oracle.readings import Reply

Told = tuple[Finding, Compared]


class Unknown(Exception):
    """Whether this call gets its answer again and again is not known yet."""

    def __init__(self, call: Call, reply: Reply) -> None:
        super().__init__(call)
        self.call, self.reply = call, reply


def wire_name(call: Call) -> str:
    """A wire form in a few words."""
    w = call.wire
    return f"{w.method} {w.place} {w.format or 'default'} {w.signing}"


def differs(a: Call, b: Call) -> tuple[str, ...]:
    """The relations that two wire forms of one call are evidence for."""
    out = []
    if (a.wire.method, a.wire.place) != (b.wire.method, b.wire.place):
        out.append("M01")
    if (format_of(a) or "XML") != (format_of(b) or "XML"):
        out.append("M02")
    if a.wire.signing != b.wire.signing:
        out.append("M03")
    if (a.wire.order, a.wire.fresh, a.wire.style) != (b.wire.order, b.wire.fresh, b.wire.style):
        out.append("M04")
    return tuple(out) or ("M08",)


def _stable(state: State, one: Compared) -> bool:
    """Whether this call gets this very answer again and again. Raises Unknown."""
    for call, reply, stable in state.again:
        if call == one.call and (reply.status, reply.code) == (one.reply.status, one.reply.code):
            return stable
    raise Unknown(one.call, one.reply)


def groups(state: State) -> list[list[Compared]]:
    """Answers to the same call in several wire forms."""
    out: dict[tuple[str, tuple[str, ...]], list[Compared]] = {}
    for one in state.compared:
        if one.grouped:
            out.setdefault((one.key, one.expected.broken), []).append(one)
    return list(out.values())


def undeclared(state: State, call: Call) -> bool:
    """Whether a call carries a parameter that nobody declares."""
    return bool({a.name for a in call.args} - declared(state.operation))


def wire_forms(state: State) -> Iterator[Told]:
    """M01 to M04, M08: the same call in other wire forms gets the same answer. P07: also with a parameter that nobody
    declares, which may be ignored or refused, but always alike."""
    for calls in groups(state):
        odd, broken = undeclared(state, calls[0].call), calls[0].expected.broken
        pairs = [
            (differs(one.call, two.call), one, two)
            for one, two in itertools.combinations(calls, 2)
            if one.reply != two.reply and ((odd and not broken) or not (one.reply.success or two.reply.success))
        ]
        # The two that differ least tell best what the answer depends on.
        for blamed, one, two in sorted(pairs, key=lambda pair: 0 if pair[0] == ("M08",) else len(pair[0]))[:3]:
            # A success cannot be repeated; such a finding counts only if the whole is seen again.
            if one.reply.success or two.reply.success or (_stable(state, one) and _stable(state, two)):
                ids = ("P07", *blamed) if odd else blamed
                text = (
                    f"the same call was answered {one.reply} as {wire_name(one.call)} "
                    f"and {two.reply} as {wire_name(two.call)}"
                )
                about = (one.reply.words, two.reply.words)
                yield AnotherForm(ids[0], text, f"wire:{ids[0]}", ids[1:], 0.9, about=about), two
                break


def repeated_parameters(state: State) -> Iterator[Told]:
    """P08: of repeated parameters either the first value counts or the last, for each parameter alike."""
    for wire, seen in by_wire(state).items():
        first = next((s for s in seen if s.fits == "first"), None)
        last = next((s for s in seen if s.fits == "last"), None)
        if first and last and _stable(state, first) and _stable(state, last):
            text = f"as {wire}, of one repeated parameter the first value counts, of another the last"
            yield MixedReadings("P08", text, "readings mixed", certainty=0.9), last


def by_wire(state: State) -> dict[str, list[Compared]]:
    """Answers that tell which value of a repeated parameter counted, by wire form."""
    out: dict[str, list[Compared]] = {}
    for one in state.compared:
        if one.fits:
            out.setdefault(wire_name(one.call), []).append(one)
    return out


def strangers(state: State) -> Iterator[Told]:
    """C01: another tenant gets the same answer for what exists and for what does not."""
    exist = [one for one in state.compared if one.exists]
    absent = [one for one in state.compared if one.exists is False]
    if not exist or not absent:
        return
    known = {one.reply for one in absent}
    for one in exist:
        if one.reply not in known and _stable(state, one) and _stable(state, absent[0]):
            text = (
                f"another tenant is told {one.reply.status} {one.reply.code} of a resource that exists, "
                f"and {absent[0].reply.status} {absent[0].reply.code} of one that does not"
            )
            yield Leak("C01", text, "leak:existence", certainty=0.9), one


CHECKS = (wire_forms, repeated_parameters, strangers)


def judge(state: State) -> list[Told]:
    """Everything that is wrong between the answers, as far as it is known which of them are stable."""
    out: list[Told] = []
    for check in CHECKS:
        found: Iterable[Told] = check(state)
        try:
            out.extend(found)
        except Unknown:
            continue
    return out


def question(state: State) -> Question | None:
    """The next call whose answer must be known to be stable, None if nothing depends on one."""
    for check in CHECKS:
        try:
            list(check(state))
        except Unknown as unknown:
            asked: Asked = next(one.asked for one in state.compared if one.call == unknown.call)
            return Question(unknown.call, asked, unknown.reply.status, unknown.reply.code)
    return None
