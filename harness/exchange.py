"""What happened on the wire: one request and what came back, also when nothing came back.

Pure values. An Exchange is complete evidence: everything a reader needs to send the same request again,
and everything that was received. Secrets never enter it (`harness.redact` guards every way to disk).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Pair = tuple[str, str]
"""A name and a value. Bytes that are not UTF-8 travel as surrogate escapes."""

Outcome = Literal["answered", "timeout", "reset", "refused", "tls", "unreadable"]
"""answered: status line, headers and a whole body. timeout: the deadline passed before that. reset: the
connection ended before that. refused: no connection. tls: the handshake failed. unreadable: not HTTP, or a
body that is larger than the cap or cannot be decoded (bad chunking, broken compression)."""


@dataclass(frozen=True)
class Sent:
    """The request as sent. `pairs` are the operation's own parameters in wire order, unencoded."""

    action: str
    version: str
    method: str
    url: str
    pairs: tuple[Pair, ...]
    headers: tuple[Pair, ...]
    body: bytes
    caller: str
    signing: str


@dataclass(frozen=True)
class Exchange:
    """One request and its answer.

    id: unique within the run. at: Unix seconds when it was sent. seconds: until the last byte or the failure.
    attempts: how often it was sent in all; earlier attempts were throttled or told 503 and are not judged.
    throttled: the last answer, too, was a throttling or 503 answer, so nothing was learned.
    resent: it had been sent before on a kept connection that ended without a byte, and may have been carried out then.
    status, headers, body: as received, body still compressed if the endpoint compressed it.
    detail: for outcomes other than answered, one line that says what went wrong.
    """

    id: str
    sent: Sent
    at: float
    seconds: float
    outcome: Outcome
    status: int = 0
    reason: str = ""
    headers: tuple[Pair, ...] = ()
    body: bytes = b""
    detail: str = ""
    attempts: int = 1
    throttled: bool = False
    resent: bool = False
