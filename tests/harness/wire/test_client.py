"""What the client makes of an endpoint: of good ones, of bad ones, and of those that say "slow down"."""

from __future__ import annotations

import datetime
import gzip
import hashlib
import ipaddress
import itertools
import os
import random
import signal
import socket
import ssl
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import unquote_to_bytes

import pytest
from eni_conformance.contract import codec
from eni_conformance.contract.scenario import Wire
from eni_conformance.harness import journal
from eni_conformance.harness.clock import Clock
from eni_conformance.harness.journal import Journal
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.target import TargetError, parse_target
from eni_conformance.harness.wire.client import Client, Prepared, RateLimit
from eni_conformance.harness.wire.signing import sign_v1, sign_v3
from raw_server import JSON, always, answer, serving

KEY, SECRET, TOKEN = "LTAIexampleexample01", "a-secret-of-the-tests", "token+/of=tests"
DETACH = "DetachNetworkInterface"
PAIRS = (
    ("RegionId", "cn-hangzhou"),
    ("InstanceId", "i-bp1ecbyds24ij63w146c"),
    ("NetworkInterfaceId", "eni-1"),
)


def target_of(url, **limits):
    return parse_target(
        {
            "name": "t",
            "endpoint": url,
            "region": "cn-hangzhou",
            "callers": {
                "account": {"access_key_id": KEY, "access_key_secret": SECRET},
                "session": {
                    "access_key_id": "STS.example0001",
                    "access_key_secret": SECRET,
                    "security_token": TOKEN,
                },
            },
            "limits": {"requests_per_second": 0, **limits},
        }
    )


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.at = 1_700_000_000.0
        self.slept = []

    def clock(self):
        return Clock(lambda: self.at, lambda: self.at, self._sleep)

    def _sleep(self, seconds):
        self.slept.append(seconds)
        self.at += seconds


@pytest.fixture
def fake_time():
    return FakeTime()


def client_of(url, fake_time, **options):
    return Client(target_of(url), clock=fake_time.clock(), rng=random.Random(1), **options)


def parse(request):
    """Method, pairs of the query, headers, body of a raw request."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ")
    headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
    return method, pairs_of(path.partition("?")[2]), [(name.lower(), value) for name, value in headers], body


def pairs_of(text):
    return [
        tuple(unquote_to_bytes(part).decode("utf-8", "surrogateescape") for part in pair.split("=", 1))
        for pair in text.split("&")
        if pair
    ]


WIRES = [
    Wire(method, place, form, signing, order, fresh)
    for method, place, form, signing, order, fresh in itertools.product(
        ("GET", "POST"),
        ("query", "form", "mixed"),
        ("JSON", ""),
        ("v1", "v3"),
        ("given", "rotated"),
        (False, True),
    )
]
HOSTILE = (*PAIRS, ("InstanceId", "twice"), ("a b", "+*~ é实\x00\udcff&=%41"), ("empty", ""))


def test_every_wire_form_arrives_signed(fake_time):
    """An independent verifier finds the parameters in order, and a signature over what it received."""
    with serving(always(answer())) as server:
        client = client_of(server.url, fake_time)
        for wire in WIRES:
            for caller in ("account", "session"):
                exchange = client.send(DETACH, HOSTILE, wire=wire, caller=caller)
                assert (exchange.outcome, exchange.status, exchange.body) == ("answered", 200, JSON)
                verify(server.requests[-1], wire, exchange, caller)
        assert client.counts == {DETACH: 2 * len(WIRES)}
        assert len(client.latencies[DETACH]) == 2 * len(WIRES)


def verify(request, wire, exchange, caller):
    method, query, headers, body = parse(request)
    form = pairs_of(body.decode("ascii"))
    own = HOSTILE[1:] + HOSTILE[:1] if wire.order == "rotated" else HOSTILE
    public = {"Format"} if wire.signing == "v3" else set(PUBLIC)
    sent = [pair for pair in query if pair[0] not in public] + form
    assert method == wire.method and tuple(sent) == own == exchange.sent.pairs
    in_body = 0 if method == "GET" or wire.place == "query" else 6 if wire.place == "form" else 3
    assert len(form) == in_body
    assert (("content-type", "application/x-www-form-urlencoded") in headers) == bool(form)
    assert ("accept-encoding", "identity") in headers
    assert (("connection", "close") in headers) == wire.fresh
    named = dict(headers)
    token = TOKEN if caller == "session" else None
    if wire.signing == "v1":
        assert dict(query).get("Format", "") == wire.format and dict(query).get("SecurityToken") == token
        signed = [pair for pair in query if pair[0] != "Signature"] + form
        assert dict(query)["Signature"] == sign_v1(method, signed, SECRET)
    else:
        assert named["accept"] == "application/json" and dict(query).get("Format", "") == wire.format
        assert named.get("x-acs-security-token") == token
        digest = hashlib.sha256(body).hexdigest()
        assert named["x-acs-content-sha256"] == digest and named["x-acs-action"] == DETACH
        covered = [(n, v) for n, v in headers if n in ("host", "content-type") or n.startswith("x-acs-")]
        signature, names = sign_v3(method, query, covered, digest, SECRET)
        assert named["authorization"].endswith(f",SignedHeaders={names},Signature={signature}")


PUBLIC = (
    "Action",
    "Version",
    "AccessKeyId",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureNonce",
    "Timestamp",
    "Format",
    "SecurityToken",
    "Signature",
)


@pytest.mark.parametrize("signing", ["v1", "v3"])
def test_an_exchange_holds_no_secret(signing, fake_time):
    """What identifies or authorises the caller is hidden before it can reach a log."""
    with serving(always(answer())) as server:
        client = client_of(server.url, fake_time)
        for caller in ("account", "session"):
            text = repr(client.send(DETACH, PAIRS, wire=Wire(signing=signing), caller=caller))
            signature = parse(server.requests[-1])
            for secret in (
                KEY,
                SECRET,
                TOKEN,
                "token%2B",
                "STS.example",
                dict(signature[1]).get("Signature", SECRET),
            ):
                assert secret not in text
            assert "i-bp1ecbyds24ij63w146c" in text


def test_public_values_can_be_set_and_left_out(fake_time):
    """Gateway probes name public parameters alike in both schemes; the signature covers what is left."""
    with serving(always(answer())) as server:
        client = client_of(server.url, fake_time)
        common = {"SignatureNonce": "n1", "Timestamp": None, "Action": "Nothing", "AccessKeyId": "LTAIother"}
        client.send(DETACH, PAIRS, common=common)
        query = dict(parse(server.requests[-1])[1])
        assert query["SignatureNonce"] == "n1" and "Timestamp" not in query
        assert (query["Action"], query["AccessKeyId"]) == ("Nothing", "LTAIother")
        client.send(DETACH, PAIRS, common=common, wire=Wire(signing="v3"))
        headers = dict(parse(server.requests[-1])[2])
        assert headers["x-acs-signature-nonce"] == "n1" and "x-acs-date" not in headers
        assert headers["x-acs-action"] == "Nothing" and "Credential=LTAIother," in headers["authorization"]
        client.send(DETACH, PAIRS, common={"AccessKeyId": None}, wire=Wire(signing="v3"))
        assert "Credential" not in dict(parse(server.requests[-1])[2])["authorization"]


def test_tamper_comes_after_signing(fake_time):
    """What tamper returns is sent as it is."""
    with serving(always(answer())) as server:
        client = client_of(server.url, fake_time)

        def tamper(prepared: Prepared) -> Prepared:
            return replace(prepared, url=prepared.url.replace("eni-1", "eni-2"), method="POST")

        client.send(DETACH, PAIRS, tamper=tamper)
        method, query, _, _ = parse(server.requests[-1])
        assert method == "POST" and dict(query)["NetworkInterfaceId"] == "eni-2"


def test_unknown_callers_are_a_mistake_of_configuration(fake_time):
    """The message names the table to add."""
    with pytest.raises(TargetError, match=r"\[callers\.nobody\]"):
        client_of("http://127.0.0.1:1", fake_time).send(DETACH, PAIRS, caller="nobody")


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


def test_what_is_sent_again_for_another_reason_was_not_lost(fake_time):
    """A throttled call was answered: nothing of it was carried out unseen. The journal keeps the difference."""

    def behave(connection, _request, number):
        connection.sendall(answer() if number else THROTTLED[0])
        return True

    with serving(behave) as server:
        exchange = client_of(server.url, fake_time).send(DETACH, PAIRS)
        assert exchange.attempts == 2 and not exchange.resent
        assert codec.plain(exchange)["resent"] is False
        assert codec.plain(replace(exchange, resent=True))["resent"] is True


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


THROTTLED = [
    answer(b'{"Code":"Throttling.User"}', "400 Bad Request"),
    answer(b'{"Code":"Throttling"}', "403 Forbidden"),
    answer(b"<Error><Code>Rejected.Throttling</Code></Error>", "400 Bad Request"),
    answer(b"too many", "429 Too Many"),
    answer(b'{"Code":"ServiceUnavailable"}', "503 Service Unavailable"),
    answer(b"<html>busy</html>", "503 Service Unavailable"),
    answer(b'{"Code":"RequestLimitExceeded"}', "400 Bad Request"),
    answer(b'{"Code":"Throttling.Api"}', "503 Service Unavailable"),
    answer(b'{"Code":"TooManyRequests"}', "429 Too Many"),
    answer(b'{"RequestId":"R"}', "429 Too Many"),
    answer(b"", "429 Too Many"),
]


@pytest.mark.parametrize("data", THROTTLED)
def test_throttled_calls_are_sent_again(data, fake_time):
    """With a new nonce each time, waiting longer each time."""

    def behave(connection, _request, number):
        connection.sendall(answer() if number == 3 else data)
        return True

    with serving(behave) as server:
        exchange = client_of(server.url, fake_time, base_wait=1.0).send(DETACH, PAIRS)
        assert (exchange.status, exchange.attempts, exchange.throttled) == (200, 4, False)
        nonces = {dict(parse(request)[1])["SignatureNonce"] for request in server.requests}
        stamps = {dict(parse(request)[1])["Timestamp"] for request in server.requests}
        assert len(nonces) == 4 and len(stamps) > 1
        assert len(fake_time.slept) == 3


def test_throttled_to_the_end(fake_time):
    """It is said so, and never judged."""
    with serving(always(THROTTLED[0])) as server:
        client = client_of(server.url, fake_time)
        exchange = client.send(DETACH, PAIRS)
        assert exchange.throttled and exchange.attempts == 8 == len(server.requests) == client.counts[DETACH]
        assert fake_time.slept == sorted(fake_time.slept[:5]) + fake_time.slept[5:]
        assert not client.send(DETACH, PAIRS, retry=False).throttled
        assert len(server.requests) == 9


@pytest.mark.parametrize(("header", "seconds"), [("x-acs-retry-after: 2500", 2.5), ("x-acs-retry-after: 999999", 20)])
def test_the_endpoint_may_say_how_long_to_wait(header, seconds, fake_time):
    """In milliseconds, up to the cap."""

    def behave(connection, _request, number):
        connection.sendall(answer() if number else answer(b"", "429 Busy", header.encode() + b"\r\n"))
        return True

    with serving(behave) as server:
        client_of(server.url, fake_time).send(DETACH, PAIRS)
        assert fake_time.slept == [seconds]


def test_a_detach_refused_for_another_reason_is_not_repeated(fake_time):
    """The word alone does not make a throttling answer."""
    data = answer(b'{"Code":"InvalidEniId.NotFound","Message":"Throttling"}', "404 Not Found")
    with serving(always(data)) as server:
        assert client_of(server.url, fake_time).send(DETACH, PAIRS).attempts == 1
        assert len(server.requests) == 1


DOCUMENTED = (
    "InvalidEniId.NotFound",
    "InvalidOperation.InvalidEniState",
    "Forbidden.SubUser",
    "MissingParameter",
    "Odd",
)


@pytest.mark.parametrize("status", ["429 Too Many", "503 Service Unavailable"])
@pytest.mark.parametrize("code", DOCUMENTED)
@pytest.mark.parametrize(
    "form", ['{"Code":"%s","Message":"no"}', "<Error><Code>%s</Code><Message>no</Message></Error>"]
)
def test_a_status_that_says_slow_down_over_a_refusal_with_a_code_of_its_own_is_judged(code, status, form, fake_time):
    """It is that refusal with a wrong status, and sending it again would hide that for ever."""
    with serving(always(answer((form % code).encode(), status))) as server:
        exchange = client_of(server.url, fake_time).send(DETACH, PAIRS)
        assert (exchange.attempts, exchange.throttled, exchange.status) == (1, False, int(status[:3]))
        assert len(server.requests) == 1 and not fake_time.slept


@pytest.mark.parametrize("wire", [Wire(), Wire(signing="v3")])
@pytest.mark.parametrize("skew", [0.0, 47.0, -600.0])
def test_time_stamps_follow_the_clock_of_the_endpoint(skew, wire, fake_time):
    """As far as it is known: this machine's may be off."""
    with serving(always(answer())) as server:
        client = client_of(server.url, fake_time, skew=skew)
        assert client.endpoint_time() == fake_time.at + skew
        exchange = client.send(DETACH, PAIRS, wire=wire)
        _, query, headers, _ = parse(server.requests[-1])
        stamp = dict(query).get("Timestamp") or dict(headers)["x-acs-date"]
        at = datetime.datetime.fromtimestamp(fake_time.at + skew, datetime.UTC)
        assert stamp == at.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert exchange.at == fake_time.at, "what is written down is this machine's time"


@pytest.mark.parametrize("rate", [0.5, 1, 3, 5])
def test_the_rate_is_never_passed(rate, fake_time):
    """In no second are there more than the rate allows, however many calls there are."""
    limit = RateLimit(rate, fake_time.clock())
    at = []
    for _ in range(40):
        limit.wait()
        at.append(fake_time.at)
    window = max(1, int(rate))
    assert all(later - earlier >= window / rate - 1e-6 for earlier, later in zip(at, at[window:], strict=False))
    assert at[-1] - at[0] <= 40 / rate


def test_parallel_use(fake_time):
    """Each call has a connection for itself while it lasts; each exchange its own id."""
    first = threading.Barrier(4)

    def behave(connection, _request, number):
        if number < 4:
            first.wait(20)  # the four first calls are under way at the same time, however busy the machine is
        connection.sendall(answer())
        return True

    with serving(behave) as server:
        client = client_of(server.url, fake_time)
        seen = []

        def many():
            seen.extend(client.send(DETACH, PAIRS).id for _ in range(10))

        threads = [threading.Thread(target=many) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(seen)) == 40 == client.counts[DETACH] and server.connections == 4


def test_a_call_that_is_interrupted_is_written_down(fake_time, tmp_path):
    """Ctrl-C while the answer is awaited: what was sent is in the journal, and counted."""

    def interrupted(_connection, _request, _number):
        os.kill(os.getpid(), signal.SIGINT)
        return True

    # Whoever starts the tests in the background may have them ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with serving(interrupted) as server, Journal(tmp_path / "wire-a.jsonl.gz", Redactor()) as book:
        client = client_of(server.url, fake_time, journal=book)
        try:
            with pytest.raises(KeyboardInterrupt):
                client.send(DETACH, PAIRS)
        finally:
            signal.signal(signal.SIGINT, before)
        (exchange,) = journal.read(tmp_path / "wire-a.jsonl.gz")
        assert exchange.detail == "the run was interrupted" and exchange.sent.pairs == tuple(PAIRS)
        assert client.counts[DETACH] == 1
