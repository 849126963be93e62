"""What is wrong with the answer to one call under test. Pure.

`CHECKS` are the checks, each told by the requirements that it may blame; `read` puts together what they need, `judge`
runs them. Which table admits an answer is a matter of `readings`, its shape one of `envelope`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from eni_conformance.contract import rows
from eni_conformance.contract.common import passing
from eni_conformance.contract.detach import COLD_ROWS
from eni_conformance.contract.gateway import SIGNATURE, WHO_CALLS
from eni_conformance.contract.rules import Operation, Refusal
from eni_conformance.contract.scenario import AS_ASKED, Call, format_of
from eni_conformance.contract.texts import PLAIN_ID
from eni_conformance.harness.codec import code_of
from eni_conformance.harness.history import Sent
from eni_conformance.harness.values import Asked, Exchange, Snapshot
from eni_conformance.oracle import envelope, readings
from eni_conformance.oracle.findings import (
    Finding,
    NoAnswer,
    NotOffered,
    OtherFormat,
    RepeatedId,
    Shape,
    SignatureRefused,
)
from eni_conformance.oracle.follow import State
from eni_conformance.oracle.readings import Admissible, Reply


@dataclass(frozen=True)
class Read:
    """One answer with what it is judged by. answer: None where none came, or none to be read. reply: its gist, None if
    there was nothing to judge."""

    call: Call
    asked: Asked
    exchange: Exchange
    expected: Admissible
    answer: envelope.Answer | None = None
    reply: Reply | None = None
    early: bool = False
    bare: bool = False


def expected_of(state: State, sent: Sent) -> Admissible:
    """What is admissible. Where a transition was under way and both looks around the call show the same state, the call
    met that state; else, or if descriptions lag behind, every state on the way is possible."""
    known = state.known
    if sent.raced:
        before, after = sent.raced
        enis, instances = dict(known.enis), dict(known.instances)
        for resource, statuses in state.arranged.racing.items():
            seen = frozenset({before.status(resource), after.status(resource)})
            if len(seen) > 1 or state.place.lags or not seen <= statuses:
                continue
            if resource in enis:
                enis[resource] = replace(enis[resource], statuses=seen)
            elif resource in instances:
                instances[resource] = replace(instances[resource], statuses=seen)
        known = replace(known, enis=enis, instances=instances)
    return readings.admissible(state.operation, known, sent.asked)


TOO_LONG = (413, 414, 431)
"""Statuses of what is too long for a server in front, whatever it says beside."""


def may_pass(exchange: Exchange, *, tolerates: bool, valid: bool) -> bool:
    """Whether an answer may come once and be gone. An installation on this machine has no excuse for failures, nor
    for a state that it does not know; that something else is at work is no failure anywhere."""
    if exchange.outcome != "answered":
        return tolerates and exchange.outcome in ("reset", "timeout")
    if exchange.status < 400:
        return False
    row = passing(exchange.status, code_of(exchange) or "?", valid=valid)
    return row is not None and (tolerates or (exchange.status < 500 and not row.valid))


def passes(state: State, expected: Admissible, exchange: Exchange) -> bool:
    """Whether an answer is wrong here and one of those that may pass."""
    if not may_pass(exchange, tolerates=state.place.tolerates, valid=True):
        return False
    reply = Reply(exchange.status, code_of(exchange) or "?")
    if exchange.outcome != "answered" or reply.status >= 500:
        return True
    return bool(readings.judge_reply(state.operation, expected, reply))


def moved_on(state: State, expected: Admissible, now: Snapshot) -> bool:
    """Whether a look shows that the detach that was asked for has begun or ended."""
    known = state.known.enis.get(expected.target) if expected.success else None
    if known is None:
        return False
    return now.status(known.id) not in known.statuses or now.link(known.id) not in known.on


def named_instances(state: State, asked: Asked) -> list[readings.InstanceKnown | None]:
    """What is known of each instance that a call names, None for one that nobody knows."""
    return [state.known.instances.get(p.text) for p in asked.params if p.name == "InstanceId"]


def cold_row(state: State, asked: Asked, exchange: Exchange) -> str:
    """The row of a refusal that says no more than that the instance must be Stopped for it, "" for any other. Whether
    it must is not shown; it need not be where an instance that runs has lost an interface before."""
    errors = [state.operation.errors[row] for row in COLD_ROWS if row in state.operation.errors]
    named = named_instances(state, asked)
    if "detach" in state.hot or not any(one and "Running" in one.statuses for one in named):
        return ""
    code = code_of(exchange)
    return next((row.id for row in errors if row.code == code and exchange.status in row.http), "")


def read(state: State, call: Call, asked: Asked, exchange: Exchange, expected: Admissible) -> Read:
    """One answer, read by the rules."""
    made = Read(call, asked, exchange, expected)
    if exchange.throttled or exchange.outcome != "answered":
        return made
    answer = envelope.read(exchange, format_of(call), sent=[p.text for p in asked.params])
    if expected.bare and envelope.looks_bare(exchange) and (answer.reply.code == "?" or exchange.status in TOO_LONG):
        return replace(made, reply=Reply(exchange.status, "?"), bare=True)
    early = call.wire.signing == "v3" and answer.reply.code in WHO_CALLS
    return replace(made, answer=answer, reply=answer.reply, early=early)


# --- the checks --------------------------------------------------------------------------------------


def whole(state: State, one: Read) -> Iterable[Finding]:
    """B02: an answer comes, in whole."""
    exchange = one.exchange
    if not exchange.throttled and exchange.outcome != "answered":
        yield no_answer(exchange)


def no_answer(exchange: Exchange, to: str = "no whole answer") -> NoAnswer:
    """What is wrong where none came."""
    text, cause = f"{to}: {exchange.outcome}: {exchange.detail}", f"outcome:{exchange.outcome}"
    return NoAnswer("B02", text, cause, outcome=exchange.outcome)


def shape(state: State, one: Read) -> Iterable[Finding]:
    """R01 to R06, R09, B01: its shape. What a gateway says early, it says before it looks at the format."""
    if one.answer is None or state.scenario.name == AS_ASKED:
        return
    skipped = one.answer.other_format and one.early
    yield from (f for f in one.answer.findings if not (skipped and isinstance(f, OtherFormat)))


def filled_in(state: State, one: Read) -> Iterable[Finding]:
    """R06: Message holds no placeholder that did not come from the call itself."""
    if one.answer is None or not one.answer.message or state.scenario.name == AS_ASKED:
        return
    if envelope.template_left(one.answer.message, [p.text for p in one.asked.params]):
        yield Shape(
            "R06",
            "Message still holds a placeholder",
            "shape:R06:placeholder",
            about=("its Message still holds a placeholder",),
        )


def unique(state: State, one: Read) -> Iterable[Finding]:
    """R07: the RequestId has not come before."""
    if one.answer is not None and state.scenario.name != AS_ASKED:
        yield from repeated_id(state, one.answer, one.exchange)


def content(state: State, one: Read) -> Iterable[Finding]:
    """E01 to E24, X01 to X14, P, S, C01, R08, G08: the answer is one of those that the page admits."""
    if one.answer is None or one.reply is None or state.scenario.name == AS_ASKED:
        return
    if one.exchange.status >= 500 or (one.answer.other_format and not one.early):
        return
    if one.answer.unread and one.expected.refusals:
        return  # which refusal it was cannot be read, and that is told already
    valid = valid_rows(state, one.asked, one.reply.code)
    findings = readings.judge_reply(state.operation, one.expected, one.reply, valid)
    if findings and one.reply.code in SIGNATURE:
        said = f"a correctly signed call was refused with {one.reply}"
        blamed = tuple(f.requirement for f in findings)
        yield SignatureRefused("G08", said, f"signature:{one.reply.code}", blamed, said=one.reply.words)
        return
    yield from findings


def offered(state: State, one: Read) -> Iterable[Finding]:
    """R02, R03: a format that the page documents is offered. Told once for the whole, where a call asks on purpose."""
    if one.answer is None or one.reply is None or state.scenario.name != AS_ASKED:
        return
    wanted, other = format_of(one.call), one.answer.other_format
    if not other and not readings.judge_reply(state.operation, one.expected, one.reply):
        return
    came = f"the answer is {one.answer.format}" if other else f"it is refused with {one.reply}"
    text = f"{wanted} is not offered: where a call asks for it, {came}"
    row = rows.XML_SUCCESS if wanted == "XML" else rows.JSON_SUCCESS
    yield NotOffered(row, text, f"format not offered:{wanted}", about=(wanted,))


Check = Callable[[State, Read], Iterable[Finding]]
CHECKS: tuple[Check, ...] = (whole, shape, filled_in, unique, content, offered)


def judge(state: State, one: Read) -> list[Finding]:
    """Everything that is wrong with one answer."""
    return [finding for check in CHECKS for finding in check(state, one)]


# --- what they share ---------------------------------------------------------------------------------


def repeated_id(state: State, answer: envelope.Answer, exchange: Exchange) -> Iterable[Finding]:
    """A RequestId that came before; an answer without one is a matter of the envelope."""
    earlier = state.ids.get(answer.request_id) or state.earlier.get(answer.request_id, exchange.id)
    if answer.request_id and earlier != exchange.id:
        text = f"RequestId {answer.request_id} was already sent in exchange {earlier}"
        yield RepeatedId("R07", text, "shape:R07", request_id=answer.request_id, earlier=earlier)


def valid_rows(state: State, asked: Asked, code: str = "") -> tuple[str, ...]:
    """What a refusal of a valid call contradicts: first what its code blames, then by the state of what it
    names. code: that of the refusal."""
    values = {p.name: p.text for p in asked.params}
    eni = state.known.enis.get(values.get("NetworkInterfaceId", ""))
    instance = state.known.instances.get(values.get("InstanceId", ""))
    out = [rows.ACCEPTED_AGAIN] if eni and "Detaching" in eni.statuses else []
    stopped = instance is not None and instance.statuses == frozenset({"Stopped"})
    out.append(rows.ACCEPTED_STOPPED if stopped else rows.ACCEPTED_RUNNING)
    given = of_parameters(state.operation, asked)
    blames_parameter = code in {state.operation.errors[row].code for row in ("E05", "E07")}
    return (*given, *out) if blames_parameter else (*out, *given)


def of_parameters(operation: Operation, asked: Asked) -> tuple[str, ...]:
    """The rows of the optional parameters of a call."""
    return tuple(dict.fromkeys(operation.optional[p.name] for p in asked.params if p.name in operation.optional))


def blamed_rows(operation: Operation, expected: Admissible) -> tuple[str, ...]:
    """The rows that a call is evidence for."""
    return readings.blame(operation, expected) or (rows.ACCEPTED_RUNNING,)


def came(expected: Admissible, reply: Reply) -> Refusal | None:
    """The admissible refusal that came, one of the page if there is one."""
    fits = [r for r in expected.refusals if r.code == reply.code and reply.status in r.http]
    fits = fits or [r for r in expected.refusals if r.code == reply.code and r.table == "page"]
    return min(fits, key=lambda r: r.table != "page", default=None)


def declared(operation: Operation) -> frozenset[str]:
    """Parameters that somebody declares: the page, or the SDKs."""
    return operation.declared | {one.name for one in operation.ids} | set(operation.optional)


def invented(state: State, asked: Asked) -> tuple[str, ...]:
    """Texts of a call that look like identifiers and should denote nothing."""
    ours = set(state.known.enis) | set(state.known.instances)
    odd = [p.text for p in asked.params if p.kind != "exact" and p.name in ("InstanceId", "NetworkInterfaceId")]
    return tuple(text for text in odd if text not in ours and PLAIN_ID.match(text))
