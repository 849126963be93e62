"""One request over `requests`, sent byte for byte as given, within a deadline and a size, ending in a value.

It decides how a connection is used and what became of an answer; it knows nothing of signing, of retries
or of the service. `requests` is used at its adapter, with requests prepared by hand: a Session would
follow redirects, keep cookies, read netrc and spend most of a millisecond on it. The socket is read
through a reader that checks one deadline for the whole answer, so that an endpoint which sends a byte a
second cannot stretch a call; it also notes whether a byte arrived at all, so that a kept connection which
the endpoint had closed in the meantime can be told from an answer that was cut off.
"""

from __future__ import annotations

import http.client
import io
import logging
import os
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from eni_conformance.harness.clock import REAL
from eni_conformance.harness.values import Outcome, Pair
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

BODY_CAP = 4 << 20
"""Octets of a body that are kept; a longer one is `unreadable`."""

CONNECT_SECONDS = 10.0
_CHUNK = 1 << 16

# These loggers print URLs, and with them access keys and tokens.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Prepared:
    """A request as it goes on the wire. The Host and Content-Length headers are added if not given."""

    method: str
    url: str
    headers: tuple[Pair, ...]
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """What came back; `stale` if nothing did because a kept connection had been closed by the endpoint."""

    outcome: Outcome
    seconds: float
    status: int = 0
    reason: str = ""
    headers: tuple[Pair, ...] = ()
    body: bytes = b""
    detail: str = ""
    stale: bool = False


class _Attempt:
    """What the layers below need to know of the request under way, and what they learn of it."""

    __slots__ = ("connection", "deadline", "done", "received", "reused", "sent", "surplus")

    def __init__(self, deadline: float) -> None:
        self.connection: HTTPConnection | None = None
        self.deadline = deadline
        self.received = 0
        self.reused = False
        self.sent = False
        self.done = False
        self.surplus = 0

    def remaining(self) -> float:
        left = self.deadline - REAL.monotonic()
        if left <= 0:
            raise TimeoutError("deadline passed")
        return left


_current: ContextVar[_Attempt] = ContextVar("attempt")


class _Reader(io.RawIOBase):
    """The receiving side of a socket; each read may take what is left of the request's deadline."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, attempt: _Attempt) -> None:
        super().__init__()
        self._sock = sock
        self._raw = raw
        self._attempt = attempt

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._attempt.done:
            return 0
        self._sock.settimeout(self._attempt.remaining())
        count = self._raw.readinto(buffer)
        self._attempt.received += count or 0
        return count

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._raw.close()


class _Buffer(io.BufferedReader):
    """Counts what had arrived beyond the end of the answer when it was closed; reads nothing more for that."""

    def __init__(self, raw: _Reader, attempt: _Attempt) -> None:
        super().__init__(raw, _CHUNK)
        self._attempt = attempt

    def close(self) -> None:
        if not self.closed:
            self._attempt.done = True
            self._attempt.surplus += len(self.peek(1))
        super().close()


class _Response(http.client.HTTPResponse):
    """Reads through `_Reader`, and passes over interim answers (1xx), of which there may be several."""

    def __init__(self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None):
        super().__init__(sock, debuglevel, method, url)
        attempt = _current.get()
        self.fp.close()
        raw = sock.makefile("rb", buffering=0)
        self.fp = _Buffer(_Reader(sock, raw, attempt), attempt)

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 101 < status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)


class _Plain(HTTPConnection):
    response_class = _Response

    def request(self, *args: Any, **kwargs: Any) -> None:
        _note(self)
        super().request(*args, **kwargs)


class _Tls(HTTPSConnection):
    response_class = _Response

    def request(self, *args: Any, **kwargs: Any) -> None:
        _note(self)
        super().request(*args, **kwargs)


def _note(connection: HTTPConnection) -> None:
    """Record whether the connection has served before, and never send for longer than is left."""
    attempt = _current.get()
    attempt.connection = connection
    attempt.reused = connection.sock is not None
    attempt.sent = True
    connection.timeout = min(CONNECT_SECONDS, attempt.remaining()) if connection.sock is None else attempt.remaining()


class _Direct(HTTPConnectionPool):
    """Without a proxy, a request goes out as it is: no encoding of what is encoded, no copies, no retries."""

    def urlopen(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        if self.proxy is not None:
            return super().urlopen(method, url, *args, **kwargs)
        connection = self._get_conn()
        try:
            return self._make_request(
                connection, method, url, kwargs["body"], kwargs["headers"], timeout=kwargs["timeout"],
                response_conn=connection, preload_content=False, decode_content=False,
            )  # fmt: skip
        except BaseException:
            connection.close()
            self._put_conn(connection)
            raise


class _PlainPool(_Direct):
    ConnectionCls = _Plain


class _TlsPool(_Direct, HTTPSConnectionPool):
    ConnectionCls = _Tls


_POOLS = {"http": _PlainPool, "https": _TlsPool}


class _Adapter(HTTPAdapter):
    """An adapter with the connections above; it keeps no cookies and builds no more than is needed."""

    def __init__(self) -> None:
        super().__init__(pool_connections=4, pool_maxsize=1, max_retries=urllib3.Retry(0, read=False))
        self._pools: dict[tuple[str, Any], Any] = {}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        origin = request.url.partition("/?")[0], verify
        pool = self._pools.get(origin)
        if pool is None:
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            self._pools[origin] = pool
        return pool

    def request_url(self, request: Any, proxies: Any) -> str:
        return (
            super().request_url(request, proxies)
            if proxies
            else "/" + request.url.partition("://")[2].partition("/")[2]
        )

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        answer = requests.Response()
        answer.status_code = resp.status
        answer.raw = resp
        return answer


class Wire:
    """The connections of one call at a time: a kept one, and those for requests that want a new one each time.

    verify: True, or the path of a bundle of certificate authorities. proxies: by scheme, as `requests`
    wants them; none for loopback.
    """

    def __init__(self, *, verify: bool | str = True, proxies: Mapping[str, str] | None = None) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter())
        self._verify = verify
        self._proxies = dict(proxies or {})

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def exchange(
        self,
        prepared: Prepared,
        *,
        deadline: float,
        fresh: bool = False,
        body_cap: int = BODY_CAP,
        clock: Callable[[], float] = REAL.monotonic,
    ) -> Answer:
        """Send `prepared` and wait for the whole answer, for `deadline` seconds in all. Never raises for
        what the endpoint does."""
        started = clock()
        attempt = _Attempt(REAL.monotonic() + deadline)
        token = _current.set(attempt)
        status, reason = 0, ""
        headers: tuple[Pair, ...] = ()
        kept: list[bytes] = []
        raw: Any = None
        whole = False

        def answer(outcome: Outcome, detail: str, *, stale: bool = False) -> Answer:
            body = b"".join(kept)[:body_cap]
            return Answer(outcome, clock() - started, status, reason, headers, body, detail, stale)

        try:
            raw = self._send(prepared, deadline, fresh)
            status, reason = raw.status, str(raw.reason or "")
            headers = _text_pairs(raw.headers)
            if not _read_body(raw, kept, body_cap):
                return answer("unreadable", f"the body is longer than {body_cap} octets")
            whole = not attempt.surplus
            detail = f"{attempt.surplus} octets followed the answer" if attempt.surplus else ""
            return answer("answered", detail)
        except Exception as error:
            outcome, detail = classify(error)
            if outcome == "unreadable" and not attempt.sent:
                raise  # nothing was sent: the mistake is ours
            if not attempt.received and outcome == "unreadable":
                outcome = "reset"
            stale = outcome == "reset" and attempt.reused and not attempt.received
            return answer(outcome, detail, stale=stale)
        finally:
            _current.reset(token)
            if raw is not None:
                raw.release_conn()
            if attempt.connection is not None and not (whole and not fresh and status >= 200):
                attempt.connection.close()

    def _send(self, prepared: Prepared, deadline: float, fresh: bool) -> Any:
        """Send it, over a new connection if it is to be `fresh`. Returns the answer with its body unread."""
        adapter: Any = self._session.get_adapter(prepared.url)
        if fresh:
            adapter.poolmanager.clear()
            adapter._pools.clear()
        return adapter.send(
            _prepared_request(prepared),
            stream=True,
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, deadline), read=deadline),
            verify=self._verify,
            proxies=self._proxies,
        ).raw


def _read_body(raw: Any, kept: list[bytes], cap: int) -> bool:
    """Read the body into `kept`, which has what had come by then if that raises. False: it is longer than `cap`."""
    size = 0
    while piece := raw.read(_CHUNK, decode_content=False):
        kept.append(piece)
        size += len(piece)
        if size > cap:
            return False
    return True


def _text_pairs(headers: Any) -> tuple[Pair, ...]:
    """Header fields in the order received, repeated ones apart; octets beyond ASCII as ISO 8859-1 text."""
    return tuple([(str(name), str(value).strip(" \t")) for name, value in headers.iteritems()])


def _prepared_request(prepared: Prepared) -> requests.PreparedRequest:
    """A PreparedRequest with exactly this content."""
    request = requests.PreparedRequest()
    request.method = prepared.method
    request.url = prepared.url
    request.headers = CaseInsensitiveDict(prepared.headers)
    if prepared.body or prepared.method not in ("GET", "HEAD"):
        request.body = prepared.body
        request.headers.setdefault("Content-Length", str(len(prepared.body)))
    else:
        request.body = None
    return request


def classify(error: BaseException) -> tuple[Outcome, str]:
    """The outcome that an error of the layers below stands for, and one line about it without any URL."""
    chain = _chain(error)
    lines = dict.fromkeys(_line(e) for e in chain if not isinstance(e, _WRAPPERS))
    found = (outcome for outcome, kinds in _OUTCOMES if any(isinstance(one, kinds) for one in chain))
    outcome: Outcome = next(found, "unreadable")
    return outcome, "; ".join(filter(None, lines)) or _OTHERWISE[outcome]


_OTHERWISE: Mapping[Outcome, str] = {
    "refused": "no connection could be made, perhaps because of a proxy",
    "reset": "the connection ended",
    "timeout": "no whole answer came in time",
    "tls": "the TLS handshake failed",
    "unreadable": "what came is not valid HTTP",
}
"""What is told of an error that says nothing of its own."""


_WRAPPERS = (
    requests.exceptions.RequestException,
    urllib3.exceptions.MaxRetryError,
    urllib3.exceptions.ProtocolError,
)

_OUTCOMES: tuple[tuple[Outcome, tuple[type[BaseException], ...]], ...] = (
    ("tls", (ssl.SSLError, ssl.CertificateError, urllib3.exceptions.SSLError)),
    (
        "refused",
        (
            urllib3.exceptions.NewConnectionError,
            urllib3.exceptions.ConnectTimeoutError,
            urllib3.exceptions.ProxyError,
            ConnectionRefusedError,
            socket.gaierror,
        ),
    ),
    ("timeout", (TimeoutError, urllib3.exceptions.TimeoutError)),
    ("unreadable", (ValueError,)),
    (
        "reset",
        (
            ConnectionError,
            http.client.RemoteDisconnected,
            http.client.IncompleteRead,
        ),
    ),
    ("unreadable", (http.client.HTTPException, urllib3.exceptions.HTTPError)),
    ("reset", (OSError,)),
)


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what it wraps, outermost first."""
    seen: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting and len(seen) < 20:
        one = waiting.pop(0)
        if any(one is other for other in seen):
            continue
        seen.append(one)
        inner = [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
        waiting.extend([e for e in inner if isinstance(e, BaseException)])
    return seen


def _line(error: BaseException) -> str:
    """One short line for people, "" where this error adds nothing; errors of the socket and of HTTP hold no URL."""
    match error:
        case http.client.IncompleteRead():
            came = error.partial if isinstance(error.partial, int) else len(error.partial)
            return f"the body ended after {came} octets" + (
                f", {error.expected} more were due" if error.expected else ""
            )
        case http.client.RemoteDisconnected():
            return "the connection was closed without an answer"
        case http.client.BadStatusLine():
            return f"its first line is {str(error).strip()[:120]}"
        case urllib3.exceptions.NewConnectionError():
            return ""  # what it wraps says why
        case urllib3.exceptions.ConnectTimeoutError():
            return "no connection in time"
        case ssl.SSLError():
            return re.sub(r"^\[.*?\] | \(_ssl.*", "", error.strerror or str(error))[:200]
        case OSError() if error.strerror:
            return error.strerror
        case TimeoutError() | urllib3.exceptions.TimeoutError():
            return "the deadline passed"
        case http.client.HTTPException():
            return str(error)[:120]
    return ""


def environment(url: str) -> tuple[bool | str, dict[str, str]]:
    """What the environment says of certificates (verify) and of proxies for `url`."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    proxies = requests.utils.get_environ_proxies(url) if urlsplit(url).scheme else {}
    return bundle, dict(proxies)
