"""A call of the service -> an Exchange, whatever the endpoint does.

`Client.send` puts a call on the wire in the form asked for, signs it, sends it, and hands back what
happened. It never raises for anything that the endpoint does. Throttled and 503 answers are sent again
with a new nonce, time stamp and signature; a kept connection that the endpoint had closed is replaced
once. Nothing here knows what an operation means.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import random
import re
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from eni_conformance.contract.scenario import Wire as Form
from eni_conformance.harness.clock import REAL, Clock, stamp
from eni_conformance.harness.codec import gist, header, is_throttling, plain_body
from eni_conformance.harness.journal import Journal
from eni_conformance.harness.target import Caller, Credential, Target, TargetError, is_loopback, resolver
from eni_conformance.harness.values import Exchange, Pair, Request
from eni_conformance.harness.wire import transport
from eni_conformance.harness.wire.signing import (
    EMPTY_SHA256,
    authorization_v3,
    encode_pairs,
    percent_encode,
    sign_v1,
    sign_v3,
)
from eni_conformance.harness.wire.transport import Answer, Prepared

__all__ = ["Allowance", "CallsSpent", "Client", "Prepared"]

VERSION = "2014-05-26"
VPC_VERSION = "2016-04-28"
MAX_ATTEMPTS = 8
WAIT_CAP = 20.0
"""Seconds that a back-off, or a wait that the endpoint asks for, may last at most."""

HIDDEN = "***"
"""What stands for an AccessKeyId, a token or a signature in an Exchange."""

_DEFAULT_FORM = Form()
_USER_AGENT = ("user-agent", "eni-conformance")
_FORM = "application/x-www-form-urlencoded"
_HEADER_OF = {
    "Action": "x-acs-action",
    "Version": "x-acs-version",
    "Timestamp": "x-acs-date",
    "SignatureNonce": "x-acs-signature-nonce",
    "SecurityToken": "x-acs-security-token",
}


class RateLimit:
    """At most `rate` requests in any second, from whichever threads. 0: unlimited."""

    def __init__(self, rate: float, clock: Clock) -> None:
        self._window = max(1, int(rate))
        self._span = self._window / rate if rate else 0.0
        self._sent: deque[float] = deque(maxlen=self._window)
        self._lock = threading.Lock()
        self._clock = clock

    def wait(self) -> None:
        """Return when the next request may be sent."""
        if not self._span:
            return
        with self._lock:
            now = self._clock.monotonic()
            at = now if len(self._sent) < self._window else max(now, self._sent[0] + self._span)
            self._sent.append(at)
        if at > now:
            self._clock.sleep(at - now)


class CallsSpent(Exception):
    """One more call would pass what the run may send (`run --calls`). Nothing was sent."""


class Allowance:
    """How many calls may still be sent, by whichever clients share it, and how many of them are kept for the end.

    Each time that a call is put on the wire counts, repetitions included.
    """

    def __init__(self, left: int) -> None:
        self.left = left
        self.kept = 0
        self._lock = threading.Lock()

    @property
    def free(self) -> int:
        """How many calls may be sent now."""
        return max(0, self.left - self.kept)

    def take(self) -> None:
        """Count one call that is about to be sent. Raises CallsSpent."""
        with self._lock:
            if self.left <= self.kept:
                raise CallsSpent(f"no call is left but the {self.kept} that are kept for the end")
            self.left -= 1


class Client:
    """Sends calls to a target. May be used from several threads at once; each call has a connection for itself.

    worker: a short name, unique among the processes of a run; it begins each Exchange's id.
    share: among how many such processes the target's limit of requests per second is divided.
    counts: requests sent so far, by operation. latencies: seconds of each answered request, by operation.
    repeated: answers after which a call was sent again, by operation: throttled ones, and those of the set-up.
    skew: seconds by which the endpoint's clock is ahead of this machine's; time stamps follow the endpoint's.
    allowance: what may be sent, None for as much as it takes; where it is spent, `send` raises CallsSpent.
    """

    def __init__(
        self,
        target: Target,
        *,
        worker: str = "main",
        journal: Journal | None = None,
        share: int = 1,
        clock: Clock = REAL,
        rng: random.Random | None = None,
        base_wait: float | None = None,
        skew: float = 0.0,
        allowance: Allowance | None = None,
    ) -> None:
        self.target = target
        self.allowance = allowance
        self.clock = clock
        self.skew = skew
        self.worker = worker
        self.counts: Counter[str] = Counter()
        self.latencies: dict[str, list[float]] = {}
        self.repeated: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._journal = journal
        self._credentials: dict[str, Callable[[], Credential]] = {}
        self._rng = rng or random.Random()
        self._limit = RateLimit(target.limits.requests_per_second / max(1, share), clock)
        self._base_wait = base_wait if base_wait is not None else (0.05 if target.loopback else 1.0)
        self._wait_cap = 1.0 if target.loopback else WAIT_CAP
        self._idle: dict[str, list[transport.Wire]] = {}
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._seed = os.urandom(8).hex()
        self._environment = {url: transport.environment(url) for url in (target.endpoint, target.vpc_endpoint)}
        self._hosts = {url: urlsplit(url).netloc for url in (target.endpoint, target.vpc_endpoint)}

    def send(
        self,
        action: str,
        pairs: Sequence[Pair],
        *,
        caller: str = "account",
        wire: Form = _DEFAULT_FORM,
        version: str = VERSION,
        vpc: bool = False,
        common: Mapping[str, str | None] | None = None,
        tamper: Callable[[Prepared], Prepared] | None = None,
        deadline: float = 15.0,
        retry: bool = True,
        unsigned: Collection[str] = (),
    ) -> Exchange:
        """Send one call and wait for its answer, at most `deadline` seconds for each time it is sent.

        pairs: the operation's own parameters in order; names may repeat. common: public parameters (by
        their V1 names) or x-acs-* headers to set, or with None to leave out, before signing.
        tamper: changes the request after signing. unsigned: what the signature leaves out, "body" (V1) or headers (V3).
        retry: send throttled calls again.
        Raises TargetError if the caller is not in the target or its credential cannot be had, CallsSpent if no call
        may be sent any more.
        """
        endpoint = self.target.vpc_endpoint if vpc else self.target.endpoint
        ordered = _in_order(tuple(pairs), wire)
        attempts = 0
        stale = False
        while True:
            attempts += 1
            parts = Parts(
                action=action,
                version=version,
                pairs=ordered,
                wire=wire,
                endpoint=endpoint,
                host=self._hosts[endpoint],
                caller=caller,
                credential=self.credential(caller),
                common=common or {},
                now=self.endpoint_time(),
                nonce=os.urandom(16).hex(),
                unsigned=unsigned,
            )
            prepared = tamper(build(parts)) if tamper else build(parts)
            exchange, closed = self._once(prepared, parts, deadline, attempts, stale)
            if closed and not stale:
                stale = True
                attempts -= 1
                continue
            if not retry or not is_throttling(exchange):
                return exchange
            self.repeated[action][gist(exchange)] += 1
            if attempts >= MAX_ATTEMPTS:
                return replace(exchange, throttled=True)
            self.clock.sleep(self._back_off(exchange, attempts))

    def _once(
        self, prepared: Prepared, parts: Parts, deadline: float, attempts: int, resent: bool
    ) -> tuple[Exchange, bool]:
        """Send it once, and write down what came. Also whether nothing came because the endpoint had closed a kept
        connection; then it may be `resent`, over a new one."""
        if self.allowance is not None:
            self.allowance.take()
        self._limit.wait()
        at = self.clock.now()
        try:
            with self._wire(parts.endpoint) as connection:
                answer = connection.exchange(prepared, deadline=deadline, fresh=parts.wire.fresh or resent)
        except BaseException:  # Ctrl-C: what was sent is written down all the same
            broken = Answer("reset", self.clock.now() - at, detail="the run was interrupted")
            self._record(_exchange(broken, prepared, parts, at, attempts), resent)
            raise
        return self._record(_exchange(answer, prepared, parts, at, attempts), resent), answer.stale

    def endpoint_time(self) -> float:
        """Unix seconds by the endpoint's clock, as far as it is known."""
        return self.clock.now() + self.skew

    def credential(self, caller: str) -> Credential:
        """The caller's credential of this moment. Raises TargetError."""
        source = self._credentials.get(caller)
        if source is None:
            known = self.target.callers.get(caller)
            if known is None:
                raise TargetError(f"the target has no caller {caller!r}; add [callers.{caller}] to its file")
            source = self._credentials[caller] = _hiding(self._journal, resolver(known), known)
        return source()

    def close(self) -> None:
        """Close all connections that are not in use. The journal stays open."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for wire in itertools.chain.from_iterable(idle.values()):
            wire.close()

    @contextlib.contextmanager
    def _wire(self, endpoint: str) -> Iterator[transport.Wire]:
        """A connection to `endpoint` for one call: the one used last that is free, so that there are never more than
        calls at the same time."""
        with self._lock:
            idle = self._idle.setdefault(endpoint, [])
            wire = idle.pop() if idle else None
        if wire is None:
            verify, proxies = self._environment[endpoint]
            wire = transport.Wire(verify=verify, proxies={} if is_loopback(endpoint) else proxies)
        try:
            yield wire
        except BaseException:
            wire.close()
            raise
        with self._lock:
            self._idle.setdefault(endpoint, []).append(wire)

    def _record(self, exchange: Exchange, stale: bool) -> Exchange:
        """Give the exchange its id, count it and write it down."""
        note = "sent again on a new connection: the kept one had been closed"
        exchange = replace(
            exchange,
            id=f"{self.worker}-{self._seed[:6]}-{next(self._ids)}",
            resent=stale,
            detail="; ".join(filter(None, (exchange.detail, note if stale else ""))),
        )
        with self._lock:
            self.counts[exchange.sent.action] += 1
            if exchange.outcome == "answered":
                self.latencies.setdefault(exchange.sent.action, []).append(exchange.seconds)
        if self._journal is not None:
            self._journal.write(exchange)
        return exchange

    def _back_off(self, exchange: Exchange, attempts: int) -> float:
        """Seconds to wait before the next attempt: what the endpoint asks for, or twice as long each time."""
        asked = _number(header(exchange.headers, "x-acs-retry-after")) / 1000
        asked = asked or _number(header(exchange.headers, "retry-after"))
        if asked > 0:
            return min(asked, WAIT_CAP)
        longest: float = min(self._base_wait * 2 ** (attempts - 1), self._wait_cap)
        return longest * (0.5 + self._rng.random() / 2)


def _hiding(journal: Journal | None, source: Callable[[], Credential], caller: Caller) -> Callable[[], Credential]:
    """`source`, telling the journal's redactor of each new credential before it is used."""
    if journal is None:
        return source
    redactor = journal.redactor

    def current() -> Credential:
        credential = source()
        redactor.learn(credential)
        return credential

    return source if caller.literal is not None else current


def _number(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0.0


def _in_order(pairs: tuple[Pair, ...], wire: Form) -> tuple[Pair, ...]:
    if wire.order == "reversed":
        return pairs[::-1]
    if wire.order == "sorted":
        return tuple(sorted(pairs))
    if wire.order == "rotated":
        return pairs[1:] + pairs[:1]
    return pairs


def _split(pairs: tuple[Pair, ...], wire: Form) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """The pairs that go into the query, and those that go into the body."""
    if wire.method == "GET" or wire.place == "query":
        return pairs, ()
    half = 0 if wire.place == "form" else len(pairs) // 2
    return pairs[:half], pairs[half:]


@dataclass(frozen=True)
class Parts:
    """What one request is built from. host: of the endpoint, as its header has it. common: public parameters or headers
    to set, or with None to leave out. now: Unix seconds by the endpoint's clock. unsigned: sent, and not signed."""

    action: str
    version: str
    pairs: tuple[Pair, ...]
    wire: Form
    endpoint: str
    host: str
    caller: str
    credential: Credential
    common: Mapping[str, str | None]
    now: float
    nonce: str
    unsigned: Collection[str] = ()


_ENCODED = re.compile(r"%[0-9A-F]{2}")
_SECRET = ("AccessKeyId", "SecurityToken")
"""Values that are always written alike, so that they are found when they are to be hidden."""


def _written(pairs: tuple[Pair, ...], style: str) -> str:
    """`name=value&name=value` in one of the ways to write it that say the same."""
    match style:
        case "plus":
            return encode_pairs(pairs).replace("%20", "+")
        case "lower":
            texts = [(name, encode_pairs([(name, value)])) for name, value in pairs]
            return "&".join(t if name in _SECRET else _ENCODED.sub(lambda m: m.group().lower(), t) for name, t in texts)
    return encode_pairs(pairs)


def _media_type(style: str) -> str:
    return f"{_FORM}; charset=utf-8" if style == "charset" else _FORM


def build(parts: Parts) -> Prepared:
    """The signed request."""
    query, form = _split(parts.pairs, parts.wire)
    prepared = (_build_v3 if parts.wire.signing == "v3" else _build_v1)(parts, query, form)
    extra: tuple[Pair, ...] = (_USER_AGENT, ("accept-encoding", "identity"))
    extra += (("connection", "close"),) if parts.wire.fresh else ()
    return replace(prepared, headers=prepared.headers + extra)


def _build_v1(parts: Parts, query: tuple[Pair, ...], form: tuple[Pair, ...]) -> Prepared:
    wire, credential = parts.wire, parts.credential
    public: dict[str, str | None] = {
        "Action": parts.action,
        "Version": parts.version,
        "AccessKeyId": credential.access_key_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": parts.nonce,
        "Timestamp": stamp(parts.now),
        "Format": wire.format or None,
        "SecurityToken": credential.security_token or None,
    }
    public.update(parts.common)
    named = tuple([(name, value) for name, value in public.items() if value is not None])
    covered = named + query + (() if "body" in parts.unsigned else form)
    signature = sign_v1(wire.method, covered, credential.access_key_secret)
    whole = query + named if wire.style == "public last" else named + query
    url = f"{parts.endpoint}/?{_written(whole, wire.style)}&Signature={percent_encode(signature)}"
    headers: tuple[Pair, ...] = (("host", parts.host),)
    if form:
        headers += (("content-type", _media_type(wire.style)),)
    return Prepared(wire.method, url, headers, _written(form, wire.style).encode("ascii"))


def _build_v3(parts: Parts, query: tuple[Pair, ...], form: tuple[Pair, ...]) -> Prepared:
    wire, credential = parts.wire, parts.credential
    body = _written(form, wire.style).encode("ascii")
    digest = hashlib.sha256(body).hexdigest() if body else EMPTY_SHA256
    public: dict[str, str | None] = {
        "host": parts.host,
        "x-acs-action": parts.action,
        "x-acs-version": parts.version,
        "x-acs-date": stamp(parts.now),
        "x-acs-signature-nonce": parts.nonce,
        "x-acs-content-sha256": digest,
        "x-acs-security-token": credential.security_token or None,
        "content-type": _media_type(wire.style) if form else None,
    }
    named: dict[str, str | None] = {"AccessKeyId": credential.access_key_id, "Format": wire.format or None}
    for name, value in parts.common.items():
        if name in _HEADER_OF or name.lower() in public or name.lower().startswith("x-acs-"):
            public[_HEADER_OF.get(name, name.lower())] = value
        else:
            named[name] = value
    key_id = named.pop("AccessKeyId")
    query = tuple([(name, value) for name, value in named.items() if value is not None]) + query
    headers = tuple([(name, value) for name, value in public.items() if value is not None])
    told = public["x-acs-content-sha256"] or digest  # a hash that is told wrongly is signed as it is told
    covered = tuple([pair for pair in headers if pair[0] not in parts.unsigned])
    signature, signed = sign_v3(wire.method, query, covered, told, credential.access_key_secret)
    accept = "application/xml" if wire.format.upper() == "XML" else "application/json"
    if wire.style == "accept" and wire.format.upper() == "JSON":
        accept = "application/json, text/plain, */*"
    return Prepared(
        wire.method,
        f"{parts.endpoint}/?{_written(query, wire.style)}" if query else f"{parts.endpoint}/",
        (*headers, ("accept", accept), ("authorization", authorization_v3(key_id, signed, signature))),
        body,
    )


def _exchange(answer: Answer, prepared: Prepared, parts: Parts, at: float, attempts: int) -> Exchange:
    """The evidence: request and answer, with what identifies or authorises the caller hidden."""
    outcome, detail = answer.outcome, answer.detail
    if outcome == "answered" and plain_body(answer.headers, answer.body) is None:
        outcome, detail = "unreadable", "the content encoding is unknown or broken"
    credential = parts.credential
    sent = Request(
        parts.action,
        parts.version,
        prepared.method,
        _hide_url(prepared.url, credential),
        parts.pairs,
        tuple([(name, _hide_header(name, value, credential)) for name, value in prepared.headers]),
        prepared.body,
        parts.caller,
        parts.wire.signing,
    )
    return Exchange(
        id="",
        sent=sent,
        at=at,
        seconds=answer.seconds,
        outcome=outcome,
        status=answer.status,
        reason=answer.reason,
        headers=answer.headers,
        body=answer.body,
        detail=detail,
        attempts=attempts,
    )


def _hide_url(url: str, credential: Credential) -> str:
    url = url.replace(percent_encode(credential.access_key_id), HIDDEN)
    if credential.security_token:
        url = url.replace(percent_encode(credential.security_token), HIDDEN)
    before, mark, after = url.partition("&Signature=")
    return before + mark + HIDDEN + after[after.find("&") :] if "&" in after else before + mark + (mark and HIDDEN)


def _hide_header(name: str, value: str, credential: Credential) -> str:
    if name == "authorization":
        value = value.replace(credential.access_key_id, HIDDEN)
        before, mark, _ = value.partition("Signature=")
        return before + mark + (mark and HIDDEN)
    return HIDDEN if name == "x-acs-security-token" and value == credential.security_token else value
