"""Whatever an endpoint does with a connection is an outcome, and none of it reaches the next call."""

from __future__ import annotations

import datetime
import gzip
import http.client
import ipaddress
import re
import socket
import ssl
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3
from called import DETACH, PAIRS, client_of, parse, target_of
from eni_conformance.contract.scenario import Wire
from eni_conformance.harness.wire import transport
from eni_conformance.harness.wire.client import Client
from raw_server import JSON, always, answer, serving


def reset(connection, *_):
    """Close with a reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def silent(connection, *_):
    connection.recv(1)
    return False


def drip(connection, *_):
    wait = threading.Event()
    for byte in answer():
        connection.sendall(bytes([byte]))
        wait.wait(0.05)
    return True


def drip_head_then(data):
    def behave(connection, *_):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        wait = threading.Event()
        while True:
            connection.sendall(data)
            wait.wait(0.02)

    return behave


def endless(connection, *_):
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def interim(connection, *_):
    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer())
    return True


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(b"\0" * (20 << 20))
OUTCOMES = {
    "orderly close before the answer": (always(b"", keep=False), "reset", 0),
    "reset before the answer": (reset, "reset", 0),
    "silence": (silent, "timeout", 0),
    "half a status line": (always(b"HTTP/1.1 2", keep=False), "unreadable", 0),
    "half the headers": (always(b"HTTP/1.1 200 OK\r\nContent-Le", keep=False), "answered", 200),
    "half the body": (always(answer()[:-5], keep=False), "reset", 200),
    "length too large, then silence": (always(answer()[:-5]), "timeout", 200),
    "one byte at a time": (drip, "timeout", None),
    "endless headers": (drip_head_then(b"X-A: b\r\n"), "timeout", None),
    "endless header line": (drip_head_then(b"X" * 100), "timeout", None),
    "endless interim answers": (drip_head_then(b"\r\nHTTP/1.1 103 Early\r\n"), "timeout", None),
    "endless body": (endless, "unreadable", 200),
    "not HTTP": (always(b"SSH-2.0-OpenSSH_9.0\r\n", keep=False), "unreadable", 0),
    "nothing but line feeds": (always(b"\r\n\r\n\r\n", keep=False), "unreadable", 0),
    "too many headers": (always(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n"), "unreadable", 0),
    "header line too long": (
        always(b"HTTP/1.1 200 OK\r\na: " + b"b" * 70_000 + b"\r\n\r\n"),
        "unreadable",
        0,
    ),
    "status that is no number": (always(b"HTTP/1.1 OK OK\r\n\r\n"), "unreadable", 0),
    "chunk size that is no number": (always(CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n"), "unreadable", 200),
    "chunk cut off": (always(CHUNKED + b"ff\r\nabc", keep=False), "reset", 200),
    "chunked and whole": (always(CHUNKED + b"3\r\nabc\r\n0\r\n\r\n"), "answered", 200),
    "interim answers first": (interim, "answered", 200),
    "compressed though not asked": (
        always(answer(gzip.compress(JSON), extra=b"Content-Encoding: gzip\r\n")),
        "answered",
        200,
    ),
    "broken compression": (
        always(answer(b"\x1f\x8bxxxx", extra=b"Content-Encoding: gzip\r\n")),
        "unreadable",
        200,
    ),
    "unknown compression": (always(answer(JSON, extra=b"Content-Encoding: br\r\n")), "unreadable", 200),
    "compressed bomb": (always(answer(BOMB, extra=b"Content-Encoding: gzip\r\n")), "unreadable", 200),
    "no content": (always(b"HTTP/1.1 204 No Content\r\n\r\n"), "answered", 204),
    "redirect": (
        always(answer(b"", "302 Found", b"Location: http://127.0.0.1:9/\r\nSet-Cookie: a=b\r\n")),
        "answered",
        302,
    ),
    "redirect to nonsense": (always(answer(b"", "301 Moved", b"Location: http://[\r\n")), "answered", 301),
    "page of a proxy": (always(answer(b"<html>Bad Gateway</html>", "502 Bad Gateway")), "answered", 502),
    "header that is not ASCII": (always(answer(extra=b"X-A: \xff\xfe\r\n")), "answered", 200),
    "header without a colon": (always(answer(extra=b"nonsense\r\n")), None, 200),
    "two lengths": (always(answer(extra=b"Content-Length: 3\r\n")), None, None),
    "negative length": (
        always(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", keep=False),
        "answered",
        200,
    ),
    "HTTP/1.0 until the end": (always(b"HTTP/1.0 200 OK\r\n\r\n" + JSON, keep=False), "answered", 200),
    "a gigabyte announced": (always(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nx"), "timeout", 200),
    "a gigabyte announced and cut off": (
        always(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nx", keep=False),
        "reset",
        200,
    ),
    "huge chunk": (always(CHUNKED + b"ffffffffffffffff\r\nabc", keep=False), "reset", 200),
    "negative chunk": (always(CHUNKED + b"-1\r\nabc\r\n0\r\n\r\n"), None, 200),
    "chunk extensions and trailers": (
        always(CHUNKED + b"3;a=b\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"),
        "answered",
        200,
    ),
    "length that is no number": (always(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", keep=False), None, 200),
    "length and chunks": (always(CHUNKED[:-2] + b"Content-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), None, 200),
    "length too small": (always(answer() + b"more"), "answered", 200),
    "two answers at once": (always(answer() + answer()), "answered", 200),
    "line feeds alone": (always(answer().replace(b"\r\n", b"\n")), "answered", 200),
    "another version of HTTP": (always(b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"), None, None),
    "the preface of HTTP/2": (always(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", keep=False), "unreadable", 0),
    "a status of 999": (always(answer(status="999 Odd")), "answered", 999),
    "a status of 1000": (always(answer(status="1000 Odd")), "unreadable", 0),
    "NUL in a header": (always(answer(extra=b"X-A: a\x00b\r\n")), "answered", 200),
    "a megabyte of cookies": (always(answer(extra=b"Set-Cookie: a=b; Path=/\r\n" * 90)), "answered", 200),
    "compressed twice": (
        always(answer(gzip.compress(gzip.compress(JSON)), extra=b"Content-Encoding: gzip, gzip\r\n")),
        "unreadable",
        200,
    ),
    "a page of a captive portal": (always(answer(b"<!doctype html><title>Log in</title>")), "answered", 200),
    "switching protocols": (always(b"HTTP/1.1 101 Switching\r\n\r\n"), "answered", 101),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_whatever_an_endpoint_does_is_an_outcome(name, fake_time):
    """No exception, no hang, no growth, no redirect followed, no cookie kept; and the next call is sent."""
    behaviour, outcome, status = OUTCOMES[name]
    with serving(behaviour) as server:
        client = client_of(server.url, fake_time)
        for _ in range(2):
            exchange = client.send(DETACH, PAIRS, deadline=0.3)
            assert exchange.outcome == outcome or outcome is None, exchange
            assert status is None or exchange.status == status, exchange
            assert exchange.seconds < 2 and len(exchange.body) <= 4 << 20
            assert (exchange.outcome == "answered") or exchange.detail
            assert not re.search(r"[a-z]Error|Incomplete|Disconnected|\('", exchange.detail), exchange.detail
        assert all(b"ookie" not in request for request in server.requests)
        client.close()


def test_what_follows_an_answer_is_told_and_never_read_as_the_next_one(fake_time):
    """An endpoint that lies about the length gets a new connection for the next call."""
    with serving(always(answer() + b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")) as server:
        client = client_of(server.url, fake_time)
        for _ in range(3):
            exchange = client.send(DETACH, PAIRS)
            assert (exchange.status, exchange.body) == (200, JSON)
            assert "octets followed the answer" in exchange.detail
        assert server.connections == 3


def test_certificates_are_verified(fake_time, tmp_path, monkeypatch):
    """One that nobody vouches for ends as `tls`; with its authority in REQUESTS_CA_BUNDLE it is accepted."""
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(always(answer()), context) as server:
        url = server.url.replace("http:", "https:")
        exchange = client_of(url, fake_time).send(DETACH, PAIRS)
        assert exchange.outcome == "tls" and "certificate" in exchange.detail.lower()
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        client = client_of(url, fake_time)
        for fresh in (False, False, True):
            assert client.send(DETACH, PAIRS, wire=Wire(fresh=fresh)).outcome == "answered"
        client.close()


def self_signed(directory):
    """A file with a certificate for 127.0.0.1 and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = directory / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def test_proxies_are_not_asked_for_loopback(fake_time, monkeypatch):
    """Nor are a netrc file or credentials in the environment."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(always(answer())) as server:
        exchange = client_of(server.url, fake_time).send(DETACH, PAIRS)
        assert exchange.outcome == "answered" and b"uthorization" not in server.requests[0]


def test_nobody_listens(fake_time):
    """A refused connection, a name that does not resolve, and plain HTTP where TLS is expected."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert client_of(f"http://127.0.0.1:{port}", fake_time).send(DETACH, PAIRS).outcome == "refused"
    with serving(always(answer())) as server:
        tls = client_of(server.url.replace("http:", "https:"), fake_time)
        assert tls.send(DETACH, PAIRS, deadline=0.5).outcome in ("tls", "timeout")


def test_a_kept_connection_that_was_closed_is_replaced_once(fake_time):
    """An endpoint that closes after each answer without saying so does not look like one that resets."""
    with serving(always(answer(), keep=False)) as server:
        client = client_of(server.url, fake_time)
        for _ in range(5):
            assert client.send(DETACH, PAIRS).outcome == "answered"
        assert len(server.requests) == 5

    def second_is_dropped(connection, _request, number):
        if number == 1:
            return reset(connection)
        connection.sendall(answer())
        return True

    with serving(second_is_dropped) as server:
        client = client_of(server.url, fake_time)
        client.send(DETACH, PAIRS)
        exchange = client.send(DETACH, PAIRS)
        assert exchange.outcome == "answered" and "closed" in exchange.detail and exchange.attempts == 1
        assert exchange.resent, "the first sending may have been carried out"
        assert len(server.requests) == 3
        nonces = [dict(parse(request)[1])["SignatureNonce"] for request in server.requests]
        assert len(set(nonces)) == 3


def test_a_new_connection_that_is_dropped_is_a_reset(fake_time):
    """Only a kept connection gets a second chance."""
    with serving(reset) as server:
        exchange = client_of(server.url, fake_time).send(DETACH, PAIRS)
        assert exchange.outcome == "reset" and not exchange.resent
        assert len(server.requests) == 1


def test_threads_that_come_and_go_share_as_many_connections_as_there_are_calls_at_a_time():
    """A server may allow only so many; what a thread used is there for the next one."""
    with serving(always(answer())) as server:
        client = Client(target_of(server.url))
        for _ in range(12):
            with ThreadPoolExecutor(4) as pool:
                done = list(pool.map(lambda _: client.send("DescribeRegions", []), range(8)))
            assert all(one.outcome == "answered" for one in done)
        assert server.connections <= 4
        client.close()


def test_connections_are_kept_unless_asked_otherwise(fake_time):
    """One connection for calls one after the other; `fresh` takes a new one each time."""
    with serving(always(answer())) as server:
        client = client_of(server.url, fake_time)
        for _ in range(3):
            client.send(DETACH, PAIRS)
        assert server.connections == 1
        for _ in range(3):
            client.send(DETACH, PAIRS, wire=Wire(fresh=True))
        assert server.connections == 4


class Body:
    """An answer whose body comes in pieces; after the last one it ends, or raises."""

    def __init__(self, *pieces, end=b""):
        self.pieces, self.end = list(pieces), end

    def read(self, _size, *, decode_content):
        assert not decode_content, "as received"
        if self.pieces:
            return self.pieces.pop(0)
        if self.end:
            raise ConnectionResetError
        return b""


@pytest.mark.parametrize(
    ("cap", "whole", "kept"), [(4, True, [b"ab", b"cd"]), (3, False, [b"ab", b"cd"]), (1, False, [b"ab"])]
)
def test_a_body_is_read_up_to_its_end_or_its_cap(cap, whole, kept):
    read = []
    assert transport._read_body(Body(b"ab", b"cd"), read, cap) is whole
    assert read == kept


def test_what_had_come_of_a_body_that_was_cut_off_is_kept():
    read = []
    with pytest.raises(ConnectionResetError):
        transport._read_body(Body(b"ab", end=True), read, 10)
    assert read == [b"ab"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (urllib3.exceptions.ProxyError("x", OSError("Tunnel connection failed: 407")), ("refused", "no connection")),
        (ConnectionResetError(), ("reset", "the connection ended")),
        (http.client.HTTPException(), ("unreadable", "not valid HTTP")),
    ],
)
def test_an_error_without_words_is_told_by_what_it_came_to(error, told):
    outcome, line = transport.classify(error)
    assert outcome == told[0] and told[1] in line
