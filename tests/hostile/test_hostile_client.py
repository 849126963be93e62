"""Whatever an endpoint does, a call ends in time, in little memory, as an Exchange that says what happened."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import random
import socket
import ssl
import struct
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from eni_conformance.contract.scenario import Wire
from eni_conformance.harness.clock import Clock
from eni_conformance.harness.codec import code_of, decode, message_of
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.target import parse_target
from eni_conformance.harness.values import Exchange
from eni_conformance.harness.wire.client import Client
from eni_conformance.oracle import envelope
from hostile_server import Hostile, Line, hostile, listening
from misbehaviours import TABLE, Misbehaviour, answer, says

DEADLINE = 1.0
PATIENT = 10.0
"""Seconds for what is no matter of time: unpacking a bomb takes a busy machine a while."""
GRACE = 4.0
"""Seconds that a busy machine may add to a deadline."""
MEMORY = 48 << 20
"""Octets that a call may hold at most, whatever it is answered."""
PAIRS = (("RegionId", "cn-hangzhou"), ("InstanceId", "i-bp1ecbyds24ij63w146c"), ("NetworkInterfaceId", "eni-1"))
KEY, SECRET = "LTAIexampleexample01", "a-secret-of-the-tests"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Hostile]:
    """A well-behaved server that nobody has reason to call."""
    with hostile(says(answer())) as server:
        yield server


def client_of(url: str) -> Client:
    """A client that never really sleeps between attempts."""
    target = parse_target(
        {
            "endpoint": url,
            "region": "cn-hangzhou",
            "callers": {"account": {"access_key_id": KEY, "access_key_secret": SECRET}},
            "limits": {"requests_per_second": 0},
        }
    )
    return Client(target, clock=Clock(sleep=lambda _seconds: None), rng=random.Random(1))


PLAIN = Wire()


def send(client: Client, wire: Wire = PLAIN, deadline: float = DEADLINE) -> Exchange:
    return client.send("DetachNetworkInterface", PAIRS, wire=wire, deadline=deadline)


def read_every_way(exchange: Exchange) -> set[str]:
    """Read an answer as the suite does, in every format: the rows that its shape contradicts."""
    decode(exchange), code_of(exchange), message_of(exchange)
    rows: set[str] = set()
    for wanted in ("JSON", "XML", ""):
        read = envelope.read(exchange, wanted)
        for text in (read.message, read.request_id, read.reply.code, repr(read.fields)[:1000]):
            assert "root:" not in text
            assert "hahaha" not in text
        envelope.template_left(read.message, [])
        rows |= {finding.requirement for finding in read.findings}
    return rows


@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
def test_a_call_ends_as_what_it_was(row: Misbehaviour, elsewhere: Hostile) -> None:
    """The outcome, in time, in little memory; no redirect followed, nothing expanded, no cookie kept."""
    elsewhere.requests.clear()
    with hostile(row.behave, elsewhere=elsewhere.url, early=row.early) as server:
        client = client_of(server.url)
        wires = [Wire(format=row.format), Wire("POST", "form", row.format, "v3")]  # type: ignore[arg-type]
        deadline = DEADLINE
        if "timeout" in row.outcome:
            wires = wires[:1]
        else:
            deadline = PATIENT
            send(client, deadline=deadline)  # what is made once, such as a bomb, is not the client's memory
        tracemalloc.start()
        for wire in wires:
            started = time.monotonic()
            exchange = send(client, wire, deadline)
            assert exchange.outcome in row.outcome.split(), exchange
            assert row.status is None or exchange.status == row.status, exchange
            assert exchange.outcome == "answered" or exchange.detail
            rows = read_every_way(exchange) if exchange.outcome == "answered" else set()
            spent = time.monotonic() - started
            assert spent < (deadline + GRACE) * exchange.attempts, spent
            kept = repr(Redactor(client.target).exchange(exchange))
            assert SECRET not in kept
            assert KEY not in kept
            if exchange.outcome == "answered" and row.violates:
                assert rows & set(row.violates.split()) or row.status in (205, 206, 999), rows
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MEMORY, f"{peak >> 20} MB"
        assert not any(b"ookie:" in request or b"Basic " in request for request in server.requests)
        client.close()
    assert not elsewhere.requests


def test_the_table_is_long_enough() -> None:
    """At least forty ways to misbehave, and most of them against whole runs."""
    assert len(TABLE) >= 100
    assert sum(row.run for row in TABLE) >= 60


KINDS = {
    "reset before, during and after the body": (
        "reset before the answer", "reset in the headers", "reset in the body", "reset after the body",
    ),
    "half-open": ("half-open: the sending side is shut",),
    "time-out": ("silence before the request is read", "silence", "silence in the headers", "silence in the body"),
    "one byte a second": ("one byte a second", "body one byte a second"),
    "endless body": (
        "endless body in chunks", "endless body without a length", "endless body of tiny chunks", "endless trailers",
    ),
    "a gigabyte": ("a body of a gigabyte",),
    "wrong content length": ("length too small", "length too large by a gigabyte", "two lengths that differ"),
    "invalid chunking": ("chunk size that is no number", "chunk size that is negative", "chunks without an end"),
    "redirects": ("301 elsewhere", "302 elsewhere", "303 elsewhere", "307 elsewhere", "308 elsewhere"),
    "compressed bombs": ("gzip bomb", "deflate bomb", "bomb in a bomb"),
    "not UTF-8": ("not UTF-8", "UTF-16"),
    "nested JSON": ("JSON 200000 lists deep", "JSON 100000 objects deep"),
    "entities": (
        "XML entity bomb", "XML quadratic blow-up", "XML entity of a file", "XML entity of another server",
        "XML document type of another server",
    ),
    "cookies": ("cookies",),
    "1xx": ("interim answers first", "interim answer only", "switching protocols", "endless interim answers"),
    "204": ("204",),
    "3xx": ("300", "302 to itself", "304"),
    "4xx and 5xx pages of proxies": (
        "403 page of a firewall", "404 page", "407 page", "413 page", "429 page", "500 page", "502 page of a proxy",
        "503 page", "504 page of a proxy", "511 page of a portal",
    ),
}  # fmt: skip
"""What an endpoint may do to its clients, and rows of the table that do it. Refused connections and bad TLS come
before any answer, and have tests of their own below; so do targets that die in the middle, with the runs."""


def test_every_kind_of_misbehaviour_is_in_the_table() -> None:
    names = {row.name for row in TABLE}
    assert {name for rows in KINDS.values() for name in rows} <= names


def test_a_misbehaving_call_harms_no_later_one(elsewhere: Hostile) -> None:
    """After every single misbehaviour the same client gets a good answer from a good endpoint, and reads it well."""
    turn = iter([row for row in TABLE if not row.early and "timeout" not in row.outcome and row.status != 503])
    good = [False]

    def behave(line: Line) -> bool:
        return says(answer())(line) if good[0] else current.behave(line)

    with hostile(behave, elsewhere=elsewhere.url) as server:
        client = client_of(server.url)
        for current in turn:
            good[0] = False
            send(client)
            good[0] = True
            exchange = send(client)
            assert (exchange.outcome, exchange.status, decode(exchange)) == (
                "answered",
                200,
                {"RequestId": "0BF35E8A-A8D2-59DC-9039-1976C392BA92"},
            ), current.name


# --- connections -------------------------------------------------------------------------------------


def test_refused() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert send(client_of(url)).outcome == "refused"


def test_half_open() -> None:
    """The connection is made by the kernel, and nobody ever takes it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        started = time.monotonic()
        exchange = send(client_of(f"http://127.0.0.1:{listener.getsockname()[1]}"))
        assert exchange.outcome == "timeout"
        assert time.monotonic() - started < DEADLINE + GRACE


def certificate(folder: Path, days: int = 1, name: str = "127.0.0.1") -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name))])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1)
        .not_valid_before(now - datetime.timedelta(days=9))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "certificate.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.mark.parametrize("kind", ["nobody vouches", "expired", "of another host"])
def test_bad_certificates(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request is sent to an endpoint that cannot prove who it is."""
    context = certificate(
        tmp_path, -1 if kind == "expired" else 1, "127.0.0.9" if kind == "of another host" else "127.0.0.1"
    )
    if kind != "nobody vouches":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    with hostile(says(answer()), context=context) as server:
        exchange = send(client_of(server.url))
        assert exchange.outcome == "tls", exchange
        assert not server.requests


def test_misbehaving_under_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is cut off inside TLS is a reset, what is silent a time-out; neither is blamed on the certificate."""
    context = certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    for name, outcomes in (("closed in the body", "reset"), ("silence", "timeout"), ("one byte a second", "timeout")):
        row = next(row for row in TABLE if row.name == name)
        with hostile(row.behave, context=context) as server:
            assert send(client_of(server.url)).outcome == outcomes, name


def _alert(sock: socket.socket) -> None:
    sock.recv(4096)
    sock.sendall(b"\x15\x03\x03\x00\x02\x02\x28")


def _reset(sock: socket.socket) -> None:
    sock.recv(4096)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _silent(sock: socket.socket) -> None:
    while sock.recv(4096):
        pass


def _plain(sock: socket.socket) -> None:
    sock.recv(4096)
    sock.sendall(answer(status="400 Bad Request"))


def _garbage(sock: socket.socket) -> None:
    sock.recv(4096)
    with contextlib.suppress(OSError):
        while True:
            sock.sendall(bytes(range(256)) * 64)


@pytest.mark.parametrize(
    ("serve", "outcomes"),
    [
        (_alert, "tls"),
        (_reset, "tls reset"),
        (_silent, "tls timeout refused"),
        (_plain, "tls"),
        (_garbage, "tls"),
        (lambda sock: sock.close(), "tls reset"),
    ],
    ids=["alert", "reset", "silent", "plain HTTP", "garbage", "closed"],
)
def test_bad_handshakes(serve: object, outcomes: str) -> None:
    with listening(serve) as address:  # type: ignore[arg-type]
        started = time.monotonic()
        exchange = send(client_of(f"https://{address}"))
        assert exchange.outcome in outcomes.split(), exchange
        assert exchange.detail and time.monotonic() - started < DEADLINE + GRACE
