"""A server of raw sockets that misbehaves on purpose, alone or as a proxy in front of a real endpoint.

It knows just enough of HTTP to take requests apart and to tell the operation; what is sent back is the
affair of the Misbehaviour, which gets the bare connection. Requests that are not chosen go to the endpoint
behind, byte for byte, and its answers come back byte for byte.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Behaviour = Callable[["Line"], bool]
"""Answers one request on a line. True: the line stays open for the next one."""

_ACTION = re.compile(rb"(?:[?&]Action=|\r\nx-acs-action: *)([A-Za-z]+)")


@dataclass
class Line:
    """One connection with the request that has just come. `elsewhere`: the URL of a server that nobody should
    ever call. `stopped` is set when the server ends: whoever waits, waits for that."""

    sock: socket.socket
    request: bytes
    elsewhere: str
    stopped: threading.Event

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def wait(self, seconds: float = 30.0) -> None:
        """Do nothing until the client goes away or the server ends."""
        until = time.monotonic() + seconds
        self.sock.settimeout(0.1)
        while time.monotonic() < until and not self.stopped.is_set():
            with contextlib.suppress(TimeoutError):
                if not self.sock.recv(65536):
                    return

    def drip(self, data: bytes, seconds: float) -> None:
        """Send one byte at a time."""
        for byte in data:
            self.send(bytes([byte]))
            if self.stopped.wait(seconds):
                return

    def reset(self) -> None:
        """Close with a reset instead of an orderly end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


@dataclass
class Hostile:
    """A running server. `requests`: those that it misbehaved for. `passed`: how many went to the endpoint behind.
    `dead`: from now on every connection is closed at once. `after`: dead once so many requests have passed. `armed`:
    whether it misbehaves; until then everything goes to the endpoint behind."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    passed: int = 0
    dead: bool = False
    after: int = 0
    armed: bool = True


def action_of(request: bytes) -> str:
    """The operation that a request asks for, in its query or its headers, "" if it says none."""
    found = _ACTION.search(request.partition(b"\r\n\r\n")[0])
    return found[1].decode() if found else ""


def read_request(sock: socket.socket) -> bytes:
    """One request with its body; b"" if the client has closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        piece = sock.recv(65536)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None], backlog: int = 64) -> Iterator[str]:
    """Hand each connection to `serve` in a thread of its own. Yields host and port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(backlog)
    open_ones: set[socket.socket] = set()

    def one(sock: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), sock:
            serve(sock)
        open_ones.discard(sock)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                open_ones.add(sock)
                threading.Thread(target=one, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for sock in list(open_ones):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def hostile(
    behave: Behaviour,
    *,
    behind: str = "",
    only: str = "",
    elsewhere: str = "",
    context: ssl.SSLContext | None = None,
    early: bool = False,
    after_all: bool = False,
) -> Iterator[Hostile]:
    """A misbehaving server until the block ends.

    behind: host:port of the endpoint for requests that are not chosen. only: misbehave for this operation alone.
    early: misbehave before a request is read. context: speak TLS. after_all: let the endpoint behind carry out
    the call, and misbehave in place of its answer.
    """
    stopped = threading.Event()
    server = Hostile("")
    lock = threading.Lock()

    def serve(sock: socket.socket) -> None:
        server.connections += 1
        upstream: socket.socket | None = None
        if context is not None:
            sock = context.wrap_socket(sock, server_side=True)
        with contextlib.ExitStack() as closing:
            closing.callback(lambda: upstream and upstream.close())
            while not server.dead:
                request = b"" if early else read_request(sock)
                if not request and not early:
                    return
                chosen = not behind or (server.armed and action_of(request) == only)
                if chosen:
                    with lock:
                        server.requests.append(request)
                    if after_all:
                        upstream = upstream or _connect(behind)
                        upstream.sendall(request)
                        _answer(upstream)
                    if not behave(Line(sock, request, elsewhere, stopped)):
                        return
                    continue
                with lock:
                    server.passed += 1
                    server.dead = server.dead or 0 < server.after < server.passed
                if server.dead:
                    return
                upstream = upstream or _connect(behind)
                upstream.sendall(request)
                sock.sendall(_answer(upstream))

    with listening(serve) as address:
        server.url = f"http{'s' if context else ''}://{address}"
        try:
            yield server
        finally:
            stopped.set()


def _connect(address: str) -> socket.socket:
    host, _, port = address.partition(":")
    return socket.create_connection((host, int(port)), 10)


def _answer(sock: socket.socket) -> bytes:
    """One answer of the endpoint behind, which always says how long it is."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            raise OSError("the endpoint behind has closed")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    wanted = int(length[1]) if length else 0
    while len(body) < wanted:
        piece = sock.recv(65536)
        if not piece:
            raise OSError("the endpoint behind has closed")
        body += piece
    return head + b"\r\n\r\n" + body
