"""What the client makes of an endpoint: of good ones, of bad ones, and of those that say "slow down"."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import os
import signal
import threading
from dataclasses import replace

import pytest
from called import DETACH, KEY, PAIRS, SECRET, TOKEN, client_of, pairs_of, parse
from eni_conformance.contract import codec
from eni_conformance.contract.scenario import Wire
from eni_conformance.harness import journal
from eni_conformance.harness.journal import Journal
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.target import TargetError
from eni_conformance.harness.wire.client import Prepared, RateLimit
from eni_conformance.harness.wire.signing import sign_v1, sign_v3
from raw_server import JSON, always, answer, serving

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
