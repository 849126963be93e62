"""The server: from bytes on a connection to the gateway and back, within limits.

`Bounded` is the HTTP protocol with limits that the stock one lacks: size and number of headers, size of the
body, number of connections, and time to send a request.  What breaks a limit is answered with a short plain
text or cut off; other connections notice nothing.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import formatdate
from typing import Any

import uvicorn
from eni_conformance.emulator.control import CAPABILITIES, control
from eni_conformance.emulator.envelope import Reply
from eni_conformance.emulator.gateway import Gateway
from eni_conformance.emulator.operations import OPERATIONS
from eni_conformance.emulator.state import Cloud
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_HEAD_BYTES = 64 * 1024
"""Request line and headers together."""
MAX_HEADERS = 100
MAX_BODY_BYTES = 1024 * 1024
MAX_CONNECTIONS = 512
MAX_SECONDS = 10.0
"""From the first byte of a request to its last."""
MAX_ANSWER_SECONDS = 60.0
"""From the last byte of a request to the last byte of its answer, slow readers included."""
IDLE_SECONDS = 25
TRANSPORT = "emulator.transport"
"""The ASGI extension that carries the bare connection and how many requests came on it before this one."""
_ANY = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
_LOOPBACK = ("127.", "::1", "::ffff:127.")


class Bounded(HttpToolsProtocol):
    """The stock protocol with limits.  A request that breaks one costs its connection."""

    _head = 0
    _sent_body = 0
    _deadline: asyncio.TimerHandle | None = None
    _served = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._cut(503, b"too many connections")
            return
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._deadline is None and (self.cycle is None or self.cycle.response_complete):
            self._arm()
        if self.parser is not None:
            self._head += len(data)
            if self._head > MAX_HEAD_BYTES + MAX_BODY_BYTES:
                self._cut(413, b"request too large")
                return
            super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._sent_body = 0
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport, "served": self._served}}
        self._served += 1

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_HEAD_BYTES:
            self._cut(414, b"URL too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > MAX_HEADERS:
            self._cut(431, b"too many headers")

    def on_headers_complete(self) -> None:
        if self.transport.is_closing():
            return
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            self._cut(431, b"headers too large")
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.transport.is_closing():
            return
        self._sent_body += len(body)
        if self._sent_body > MAX_BODY_BYTES:
            self._cut(413, b"body too large")
            return
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(MAX_ANSWER_SECONDS, self.transport.abort)
        self._head = 0
        if not self.transport.is_closing():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        self._disarm()
        super().on_response_complete()

    def _arm(self) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(MAX_SECONDS, self._cut, 408, b"request took too long")

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self, status: int, text: bytes) -> None:
        """Say why in one line, then close."""
        self._disarm()
        if self.transport.is_closing():
            return
        answering = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        if not answering:
            head = b"HTTP/1.1 %d Refused\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n" % (
                status,
                len(text),
            )
            self.transport.write(head + b"connection: close\r\n\r\n" + text)
        self.transport.close()


class Emulator:
    """The parts of one running emulator: its state, its gateway, and the ASGI application."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.gateway = Gateway(cloud, OPERATIONS)
        self.app = Starlette(
            routes=[
                Route("/_control", self._control, methods=_ANY),
                Route("/_control/", self._control, methods=_ANY),
                Mount("/", self.serve),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Requests to the service go straight to the gateway, the rest through Starlette."""

        of_service = scope["type"] == "http" and not scope["path"].startswith("/_control")

        async def dated(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self.cloud.wall(), usegmt=True).encode()
                message["headers"] = [(b"date", date), *message["headers"]]
                if of_service and self.cloud.behaviour.blank_after_values:
                    message["headers"] = [(name, value + b" ") for name, value in message["headers"]]
            await send(message)

        if of_service:
            await self.serve(scope, receive, dated)
        else:
            await self.app(scope, receive, dated)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read one request, have it answered, and write the answer."""
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        served = scope.get("extensions", {}).get(TRANSPORT, {}).get("served", 0)
        if any(drops(self.cloud, served) for drops in self.cloud.behaviour.hooks.connection):
            await _misbehave(Reply(0, "", {}, "", {}, wire="drop"), scope, receive)
            return
        reply = await self.gateway.answer(scope["method"], scope["path"], scope["query_string"], headers, body)
        if self.cloud.behaviour.answer_seconds:
            await asyncio.sleep(self.cloud.behaviour.answer_seconds)
        await write(reply, scope, receive, send)

    async def _control(self, request: Request) -> JSONResponse:
        client = request.client
        if client is None or not client.host.startswith(_LOOPBACK):
            return JSONResponse({"error": "the control protocol is for the loopback interface"}, 403)
        if "origin" in request.headers:
            return JSONResponse({"error": "the control protocol is not for web pages"}, 403)
        if request.method not in ("GET", "POST"):
            return JSONResponse({"error": "the control protocol knows GET and POST"}, 405)
        if request.method == "GET":
            return JSONResponse({"protocol": 1, "capabilities": list(CAPABILITIES)})
        try:
            body = json.loads(await request.body())
        except ValueError:
            return JSONResponse({"error": "the body is not JSON"}, 400)
        status, answer = control(self.cloud, body)
        return JSONResponse(answer, status)


async def write(reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a reply; a fault may have asked for something else to happen on the wire."""
    if reply.wire:
        await _misbehave(reply, scope, receive)
        return
    body = reply.body
    if not reply.chunked:
        reply.headers.setdefault("content-length", str(len(body)))
    if reply.close:
        reply.headers["connection"] = "close"
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in reply.headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.chunked:
        for start in range(0, len(body), 20):
            await send({"type": "http.response.body", "body": body[start : start + 20], "more_body": True})
        body = b""
    await send({"type": "http.response.body", "body": body})


async def _misbehave(reply: Reply, scope: Scope, receive: Receive) -> None:
    transport = scope.get("extensions", {}).get(TRANSPORT, {}).get("transport")
    if transport is not None and reply.wire == "reset":
        transport.abort()
    elif transport is not None and reply.wire == "drop":
        transport.close()
    elif transport is not None and reply.wire == "truncate":
        lines = [f"HTTP/1.1 {reply.status} Answer", *(f"{name}: {value}" for name, value in reply.headers.items())]
        transport.write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + reply.body)
        transport.close()
    # The server would send an answer of its own if this returned while the connection is there.
    while (await receive())["type"] != "http.disconnect":
        pass


def build(cloud: Cloud) -> uvicorn.Server:
    """A server for this cloud, to be run on a socket that is bound already."""
    config = uvicorn.Config(
        Emulator(cloud),
        http=Bounded,
        ws="none",
        loop="uvloop" if _has_uvloop() else "asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def run(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve on a bound socket until `server.should_exit`; signals are the caller's business."""
    asyncio_run = asyncio.Runner(loop_factory=server.config.get_loop_factory())
    with asyncio_run as runner:
        runner.run(server._serve(sockets=[listener]))


def _has_uvloop() -> bool:
    try:
        import uvloop  # noqa: F401
    except ImportError:
        return False
    return True
