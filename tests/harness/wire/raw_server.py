"""A server of raw sockets for tests: each connection is handed to a function that does as it likes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

JSON = b'{"RequestId":"0BF35E8A-A8D2-59DC-9039-1976C392BA92"}'


def answer(body: bytes = JSON, status: str = "200 OK", extra: bytes = b"") -> bytes:
    """A plain answer with a length."""
    kind = "application/json;charset=utf-8"
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + extra + b"\r\n" + body


@dataclass
class Server:
    """`requests` are those received so far, whole; `connections` counts the accepted connections."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0


Behaviour = Callable[[socket.socket, bytes, int], bool]
"""Called with the connection, a request and its number from 0; False: the connection is closed."""


def read_request(connection: socket.socket) -> bytes:
    """One request with its body; b"" if the client closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body


@contextlib.contextmanager
def serving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server on a free port of loopback, until the block ends."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    server = Server(f"http://127.0.0.1:{listener.getsockname()[1]}")
    open_ones: list[socket.socket] = []
    lock = threading.Lock()

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True)
            stack.enter_context(connection)
            while True:
                request = read_request(connection)
                if not request:
                    return
                with lock:
                    number = len(server.requests)
                    server.requests.append(request)
                if not behaviour(connection, request, number):
                    return

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                server.connections += 1
                open_ones.append(connection)
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        listener.close()
        for connection in open_ones:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def always(data: bytes, keep: bool = True) -> Behaviour:
    """Answer every request with `data`."""

    def behave(connection: socket.socket, _request: bytes, _number: int) -> bool:
        connection.sendall(data)
        return keep

    return behave
