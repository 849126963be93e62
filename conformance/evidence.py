"""A finding -> an evidence file that a stranger can read and a machine can replay. Values in, JSON out."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eni_conformance.conformance import stored
from eni_conformance.contract import codec as values
from eni_conformance.contract import rows
from eni_conformance.contract.detach import full_id
from eni_conformance.contract.scenario import Scenario
from eni_conformance.harness import codec
from eni_conformance.harness.history import Acted, Event, History, Looked, Overlapped, Probed, Sent
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.values import Asked, Exchange, Snapshot
from eni_conformance.oracle.follow import Found

MOST_HISTORY = 60
BODY = 128 << 10
"""Octets of an answer's body that the evidence keeps."""
ALL_HOLDS = "everything that the page asks for holds"


def _world(snapshot: Snapshot | None) -> dict[str, Any] | None:
    """A look in the form of a picture: what stands where in which state."""
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
        for e, f in snapshot.enis.items()
    ]
    return {"instances": instances, "enis": enis}


def _end(found: Found) -> Snapshot | None:
    """The last look, where an answer shows the finding: what the endpoint left."""
    events = found.history.events if found.history else ()
    return next((e.snapshot for e in events if isinstance(e, Looked) and e.why == "end"), None)


def _short(asked: Asked) -> str:
    """The parameters of a call on one line, long texts cut."""
    return " ".join(f"{p.name}={p.text[:60]!r}" for p in asked.params)


def _exchanges(event: Event) -> list[tuple[str, Exchange]]:
    """What was sent and came in an event, with what a reader is told of it."""
    match event:
        case Sent():
            title = "first of two:" if event.twin else "DetachNetworkInterface"
            exchanges = dict.fromkeys((*event.passed, event.exchange))
            return [(f"{title} {_short(event.asked)}", exchange) for exchange in exchanges]
        case Probed() if event.end == "whole":
            return [(f"gateway probe: {event.name}", event.exchange)]
        case Acted(deed=deed):
            text = f"{deed.op} {deed.eni} {deed.instance}".strip()
            return [(text, exchange) for exchange in (*event.passed, event.exchange)]
        case Overlapped():
            texts = [
                _short(p.asked) if p.asked else f"{p.deed.op} {p.deed.eni} {p.deed.instance}" if p.deed else ""
                for p in event.parts
            ]
            return [(f"at the same time: {t}", p.exchange) for t, p in zip(texts, event.parts, strict=True)]
    return []


def _history(found: Found) -> list[dict[str, Any]]:
    """The steps before, without the exchanges themselves; long histories keep their end."""
    events = found.history.events[: found.n] if found.history else ()
    steps = [(event.step, text, exchange) for event in events for text, exchange in _exchanges(event)]
    began = min((exchange.at for _, _, exchange in steps), default=0.0)
    out = [
        {
            "n": n, "of": of, "step": text, "at": round(exchange.at - began, 4), "seconds": round(exchange.seconds, 4),
            "status": exchange.status,
            "code": codec.code_of(exchange) if exchange.outcome == "answered" else exchange.outcome,
            "note": exchange.id,
        }
        for n, (of, text, exchange) in enumerate(steps, 1)
    ]  # fmt: skip
    return out[-MOST_HISTORY:]


def build(
    found: Found,
    scenario: Scenario,
    original: Scenario,
    *,
    run: Mapping[str, Any],
    target: Mapping[str, str],
    shrunk: bool,
    confirmations: Mapping[str, int],
    tried: int,
) -> dict[str, Any]:
    """The evidence file's content. `run`: id, revision, seed, effort of the run."""
    finding, expected, exchange = found.finding, found.expected, found.exchange
    said: dict[str, Any] = {"outcome": "", "status": 0, "code": "", "message": "", "detail": ""}
    if exchange is not None:
        said = {
            "outcome": exchange.outcome,
            "status": exchange.status,
            "code": codec.code_of(exchange),
            "message": codec.message_of(exchange),
            "detail": exchange.detail,
        }
    admitted: list[dict[str, Any]] = []
    if expected is not None:
        if expected.success:
            admitted.append(
                {
                    "status": 200,
                    "code": "",
                    "because": ALL_HOLDS,
                    "requirement": full_id(rows.ACCEPTED_RUNNING),
                }
            )
        for refusal in expected.refusals:
            for status in refusal.http:
                admitted.append(
                    {
                        "status": status,
                        "code": refusal.code,
                        "because": f"this does not hold: {refusal.because}",
                        "requirement": full_id(refusal.row),
                    }
                )
    return {
        "schema": 1,
        "id": identity(found),
        "requirement": full_id(finding.requirement),
        "also": [full_id(r) for r in finding.also],
        "run": run["id"],
        "target": dict(target),
        "revision": run["revision"],
        "seed": run["seed"],
        "effort": run["effort"],
        "strict": bool(run.get("strict")),
        "cause": finding.cause,
        "summary": finding.summary,
        "certainty": finding.certainty,
        "expected": admitted,
        "observed": said,
        "scenario": values.plain(scenario, brief=True),
        "original": values.plain(original, brief=True) if original != scenario else None,
        "shrunk": shrunk,
        "candidates": tried,
        "step": found.step,
        "exchange": values.plain(replace(exchange, body=exchange.body[:BODY])) if exchange is not None else None,
        "world_before": _world(found.before),
        "world_after": _world(found.after or _end(found)),
        "changes": [
            {"resource": c.resource, "path": c.path, "before": _plain(c.before), "after": _plain(c.after)}
            for c in found.changes[:50]
        ],
        "history": _history(found),
        stored.KEY: found.history,
        "confirmations": dict(confirmations),
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def identity(found: Found) -> str:
    """A short, stable name: requirement and a digest of the cause."""
    digest = hashlib.sha256(found.finding.cause.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{full_id(found.finding.requirement)}-{digest}"


def write(folder: Path, evidence: Mapping[str, Any], redactor: Redactor, name: str = "") -> Path:
    """Write the evidence, redacted, and return its path.

    name: the file to write over; "" for a new one, which gets a suffix if another worker has taken the name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = dict(evidence)
    play = content.pop(stored.KEY, None)
    text = redactor.text(json.dumps(content, ensure_ascii=True, indent=1))
    if play is not None:  # packed after it was redacted, so that redacting cannot break it
        kept = stored.packed(play, redactor) if isinstance(play, History) else play
        text = json.dumps({**json.loads(text), stored.KEY: kept}, ensure_ascii=True, indent=1)
    if name:
        part = folder / f"{name}.part"
        part.write_text(text)
        os.replace(part, folder / name)
        return folder / name
    for n in range(1, 1000):
        path = folder / (f"{evidence['id']}.json" if n == 1 else f"{evidence['id']}-{n}.json")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w") as file:
            file.write(text)
        return path
    raise FileExistsError(f"{folder}: a thousand files for {evidence['id']}")


def read(path: Path) -> dict[str, Any]:
    """An evidence file. Raises ValueError with the path if it is not one."""
    try:
        data = json.loads(path.read_text())
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: is not JSON: {error}") from None
    if not isinstance(data, dict) or data.get("schema") != 1 or "scenario" not in data:
        raise ValueError(f"{path}: is not an evidence file of this version")
    return data


def keys(found: Sequence[Found]) -> list[str]:
    """The distinct causes among findings, in order."""
    return list(dict.fromkeys(identity(f) for f in found))
