"""A client of the control protocol (docs/control-protocol.md). Everything that goes wrong is a value.

The protocol is optional: an endpoint that does not offer it, answers nonsense or cannot be reached simply
has no capabilities.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eni_conformance.harness.codec import decode_body
from eni_conformance.harness.target import Target, is_loopback
from eni_conformance.harness.wire.transport import Prepared, Wire, environment

PROTOCOL = 1
SECONDS = 10.0
_CAP = 1 << 20

_local = threading.local()


@dataclass(frozen=True)
class Offer:
    """What the control URL offers. `problem` says in one line why nothing is, "" if all is well."""

    capabilities: frozenset[str] = frozenset()
    problem: str = ""


def offer(target: Target) -> Offer:
    """Ask what the target's control URL offers; an empty offer if it has none."""
    if not target.control_url:
        return Offer(problem="the target file names no control URL")
    answer, problem = _exchange(target, "GET", b"")
    if problem:
        return Offer(problem=problem)
    if answer.get("protocol") != PROTOCOL:
        return Offer(problem=f"protocol {answer.get('protocol')!r} is not {PROTOCOL}")
    names = answer.get("capabilities")
    if not isinstance(names, list):
        return Offer(problem="capabilities is not a list")
    return Offer(frozenset(name for name in names if isinstance(name, str)))


def capabilities(target: Target) -> frozenset[str]:
    """The names of the control operations that the target offers."""
    return offer(target).capabilities


def order(target: Target, op: Mapping[str, object]) -> str:
    """Carry out one control operation, such as {"op": "hold", "id": "eni-..."}.

    Returns "" if it was done, else one line that says why not.
    """
    if not target.control_url:
        return "the target file names no control URL"
    return _exchange(target, "POST", json.dumps(dict(op)).encode("ascii"))[1]


def _exchange(target: Target, method: str, body: bytes) -> tuple[Mapping[str, Any], str]:
    """The answer's object and the problem, one of them empty."""
    headers: tuple[tuple[str, str], ...] = (("accept", "application/json"), ("user-agent", "eni-conformance"))
    if body:
        headers += (("content-type", "application/json"),)
    prepared = Prepared(method, target.control_url, headers, body)
    answer = None
    for fresh in (False, True):
        answer = _wire(target.control_url).exchange(prepared, deadline=SECONDS, fresh=fresh, body_cap=_CAP)
        if not answer.stale:
            break
    if answer is None or answer.outcome != "answered":
        return {}, f"{answer.outcome}: {answer.detail}" if answer else "not sent"
    decoded = decode_body(answer.body)
    if answer.status == 200:
        return (decoded, "") if decoded is not None else ({}, "the answer is no JSON object")
    reason = decoded.get("error") if decoded else None
    return {}, f"HTTP {answer.status}: {reason if isinstance(reason, str) else 'no reason given'}"[:300]


def _wire(url: str) -> Wire:
    """This thread's connections to the control URL."""
    wires: dict[str, Wire] = _local.__dict__.setdefault("wires", {})
    if url not in wires:
        verify, proxies = environment(url)
        wires[url] = Wire(verify=verify, proxies={} if is_loopback(url) else proxies)
    return wires[url]
