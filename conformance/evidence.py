"""A finding -> an evidence file that a stranger can read and a machine can replay. Values in, JSON out."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from eni_conformance.conformance import stored
from eni_conformance.contract import codec, rows
from eni_conformance.contract.detach import full_id
from eni_conformance.contract.scenario import Scenario
from eni_conformance.harness.codec import code_of, message_of
from eni_conformance.harness.history import Acted, Event, Looked, Overlapped, Probed, Sent
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.values import Asked, Exchange, Snapshot
from eni_conformance.oracle.evidence import (
    AdmissibleAnswer,
    Conversation,
    Difference,
    Endpoint,
    Evidence,
    Moment,
    Observed,
    Picture,
    parse,
)
from eni_conformance.oracle.findings import GivenAway
from eni_conformance.oracle.follow import Found
from eni_conformance.oracle.phrases import CALLERS
from eni_conformance.oracle.readings import Admissible
from eni_conformance.oracle.results import Again, Run
from eni_conformance.oracle.sentences import call_of, capital, told

MOST_HISTORY = 60
MOST_CHANGES = 50
BODY = 128 << 10
"""Octets of an answer's body that the evidence keeps."""
OWNER = "account"
"""The caller who owns the resources, and of whom nothing need be said."""
ALL_HOLDS = "The call breaks no rule of the page"


def _world(snapshot: Snapshot | None, addressed: str = "") -> Picture | None:
    """A look as a picture: what stands where in which state. addressed: an interface whose address matters."""
    if snapshot is None:
        return None
    instances = [
        {
            "id": i,
            "status": snapshot.status(i),
            "zone": str(f.get("ZoneId", "")),
            "name": str(f.get("InstanceName", "")),
            "type": str(f.get("InstanceType", "")),
        }
        for i, f in snapshot.instances.items()
    ]
    enis = [
        {"id": e, "status": snapshot.status(e), "type": str(f.get("Type", "")), "instance": snapshot.link(e)}
        | ({"PrivateIpAddress": str(f.get("PrivateIpAddress", ""))} if e == addressed else {})
        for e, f in snapshot.enis.items()
    ]
    return Picture(tuple(instances), tuple(enis))


def _changes(found: Found) -> tuple[Difference, ...]:
    """What differed. An address that was given away differs at neither interface, so it is told whose it is now."""
    changes = [Difference(c.resource, c.path, c.before, c.after) for c in found.changes]
    one = found.finding
    if isinstance(one, GivenAway):
        shared = f"{one.address}, given to {one.given_to}, too"
        changes.insert(0, Difference(one.owner, "PrivateIpAddress", one.address, shared))
    return tuple(changes[:MOST_CHANGES])


def _end(found: Found) -> Snapshot | None:
    """The last look, where an answer shows the finding: what the endpoint left."""
    events = found.history.events if found.history else ()
    return next((e.snapshot for e in events if isinstance(e, Looked) and e.why == "end"), None)


def _short(asked: Asked) -> str:
    """The parameters of a call on one line, long texts cut."""
    return " ".join(f"{p.name}={p.text[:60]!r}" for p in asked.params)


def _deed(exchange: Exchange) -> str:
    """An operation of the surroundings on one line, as it was sent."""
    told = [f"{name}={text[:60]!r}" for name, text in exchange.sent.pairs if name != "RegionId"]
    return " ".join([exchange.sent.action, *told])


def _exchanges(event: Event) -> list[tuple[str, Exchange]]:
    """What was sent and came in an event, with what a reader is told of it."""
    match event:
        case Sent():
            title = "first of two:" if event.twin else "DetachNetworkInterface"
            who = event.asked.caller
            title = title if who == OWNER else f"{CALLERS.get(who, who)}: {title}"
            exchanges = dict.fromkeys((*event.passed, event.exchange))
            return [(f"{title} {_short(event.asked)}", exchange) for exchange in exchanges]
        case Probed() if event.end == "whole":
            return [(f"gateway probe: {event.name}", event.exchange)]
        case Acted():
            text = _deed(event.exchange)
            return [(text, exchange) for exchange in (*event.passed, event.exchange)]
        case Overlapped():
            texts = [_short(p.asked) if p.asked else _deed(p.exchange) if p.deed else "" for p in event.parts]
            return [(f"at the same time: {t}", p.exchange) for t, p in zip(texts, event.parts, strict=True)]
    return []


def _history(found: Found) -> tuple[Moment, ...]:
    """The steps before, without the exchanges themselves; long histories keep their end."""
    events = found.history.events[: found.n] if found.history else ()
    steps = [(event.step, text, exchange) for event in events for text, exchange in _exchanges(event)]
    began = min((exchange.at for _, _, exchange in steps), default=0.0)
    moments = (
        Moment(
            n,
            text,
            round(exchange.at - began, 4),
            round(exchange.seconds, 4),
            exchange.status,
            code_of(exchange) if exchange.outcome == "answered" else exchange.outcome,
            exchange.id,
            of,
        )
        for n, (of, text, exchange) in enumerate(steps, 1)
    )
    return tuple(moments)[-MOST_HISTORY:]


def _admitted(expected: Admissible | None) -> tuple[AdmissibleAnswer, ...]:
    """Every answer that would have been right, and because of what."""
    if expected is None:
        return ()
    accepted = AdmissibleAnswer(200, "", ALL_HOLDS, full_id(rows.ACCEPTED_RUNNING))
    refused = (
        AdmissibleAnswer(
            status, refusal.code, capital(call_of([refusal.because], refusal.because)), full_id(refusal.row)
        )
        for refusal in expected.refusals
        for status in refusal.http
    )
    return (*((accepted,) if expected.success else ()), *refused)


def _observed(exchange: Exchange | None) -> Observed:
    """What came, in short."""
    if exchange is None:
        return Observed("", 0, "", "", "")
    return Observed(exchange.outcome, exchange.status, code_of(exchange), message_of(exchange), exchange.detail)


def _conversation(exchange: Exchange | None) -> Conversation | None:
    """What was sent and came, whole but for a very long body."""
    if exchange is None:
        return None
    return codec.build(Conversation, codec.plain(replace(exchange, body=exchange.body[:BODY])), "exchange")


def build(
    found: Found,
    scenario: Scenario,
    original: Scenario,
    redactor: Redactor,
    *,
    run: Run,
    target: Endpoint,
    again: Again,
    tried: int,
) -> Evidence:
    """The evidence of a finding. again: how often it was seen again. tried: candidates for a smaller Scenario."""
    finding, sentence = found.finding, told(found.finding, found.expected)
    exchange = found.exchange and redactor.received(found.exchange)
    addressed = finding.given_to if isinstance(finding, GivenAway) else ""
    return Evidence(
        identity(found),
        full_id(finding.requirement),
        also=tuple(map(full_id, finding.also)),
        run=run.id,
        target=target,
        revision=run.revision,
        seed=run.seed,
        effort=run.effort,
        strict=run.strict,
        cause=finding.cause,
        family=finding.family,
        summary=finding.summary,
        did=sentence.did,
        should=sentence.should,
        kind=type(finding).__name__,
        about=finding.about,
        certainty=finding.certainty,
        expected=_admitted(found.expected),
        observed=_observed(exchange),
        scenario=scenario,
        original=original if original != scenario else None,
        shrunk=scenario != original,
        candidates=tried,
        step=found.step,
        exchange=_conversation(exchange),
        world_before=_world(found.before, addressed),
        world_after=_world(found.after or _end(found), addressed),
        changes=_changes(found),
        history=_history(found),
        play=stored.packed(found.history, redactor) if found.history else "",
        confirmations=again,
    )


def identity(found: Found) -> str:
    """A short, stable name: requirement and a digest of the cause."""
    digest = hashlib.sha256(found.finding.cause.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{full_id(found.finding.requirement)}-{digest}"


def write(folder: Path, evidence: Evidence, redactor: Redactor, name: str = "") -> Path:
    """Write the evidence, redacted, and return its path.

    name: the file to write over; "" for a new one, which gets a suffix if another worker has taken the name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # What is packed was redacted before, and redacting must not break it.
    content = json.loads(redactor.text(json.dumps(codec.plain(replace(evidence, play="")))))
    text = json.dumps({**content, "play": evidence.play}, indent=1)
    if name:
        part = folder / f"{name}.part"
        part.write_text(text)
        os.replace(part, folder / name)
        return folder / name
    for n in range(1, 1000):
        path = folder / (f"{evidence.id}.json" if n == 1 else f"{evidence.id}-{n}.json")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w") as file:
            file.write(text)
        return path
    raise FileExistsError(f"{folder}: a thousand files for {evidence.id}")


def read(path: Path) -> Evidence:
    """An evidence file. Raises ValueError with the path if it is not one."""
    try:
        data = json.loads(path.read_text())
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: is not JSON: {error}") from None
    if not isinstance(data, dict) or data.get("schema") != 1 or "scenario" not in data:
        raise ValueError(f"{path}: is not an evidence file of this version")
    try:
        return parse(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def keys(found: Sequence[Found]) -> list[str]:
    """The distinct causes among findings, in order."""
    return list(dict.fromkeys(identity(f) for f in found))
