"""The gateway's own table: exactly one thing is wrong in each probe, and what may be answered to it."""

from __future__ import annotations

import hashlib
import time
from urllib.parse import parse_qsl, urlsplit

import pytest

from conformance import gateway
from conformance.case import Wire
from conformance.contract import ACTION, CONTRACTS, VERSION
from conformance.gateway import KEY, NONCE, PROBES, SIGNATURE, TIME, judge
from conformance.oracle import Finding, Reply
from harness import client
from harness.signing import sign_v1, sign_v3
from harness.target import Credential
from strategies.probes import forms
from strategies.wire import WIRES

CODES = CONTRACTS["2019"].codes
SECRET = "a-secret-of-tests"
NOW = 1_700_000_000.0
PAIRS = (("RegionId", "cn-hangzhou"), ("InstanceId", "i-bp1abc"), ("NetworkInterfaceId", "eni-bp1abc"))
BASE = "http://127.0.0.1:9000"


def built(probe, wire, nonce="0123456789abcdef"):
    """The request of a probe in a wire form, before it is tampered with."""
    return client._build(
        probe.action or ACTION, client._in_order(PAIRS, wire), wire, probe.version or VERSION, BASE, "127.0.0.1:9000",
        Credential("LTAI-tests", SECRET), dict(probe.common()), NOW, nonce,
    )  # fmt: skip


def verifies(request) -> bool:
    """Whether the signature of a request is right, as a gateway would find out."""
    headers = {k.lower(): v for k, v in request.headers}
    query = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    form = parse_qsl(request.body.decode(), keep_blank_values=True)
    if "authorization" in headers:
        parts = dict(p.partition("=")[::2] for p in headers["authorization"].partition(" ")[2].split(","))
        digest = hashlib.sha256(request.body).hexdigest()
        names = parts["SignedHeaders"].split(";")
        signed = tuple((n, headers.get(n, "")) for n in names)
        made, _ = sign_v3(request.method, tuple(query), signed, digest, SECRET)
        required = {n for n in headers if n.startswith("x-acs-")} | {"host"}
        return made == parts["Signature"] and headers["x-acs-content-sha256"] == digest and required <= set(names)
    given = [v for n, v in query if n == "Signature"]
    rest = tuple((n, v) for n, v in (*query, *form) if n != "Signature")
    return given == [sign_v1(request.method, rest, SECRET)]


def fitting(probe):
    return forms(probe.scheme, probe.methods, False)


def shapes():
    return [pytest.param(name, wire, id=f"{name}: {wire.method} {wire.place} {wire.signing} {wire.format or 'default'}")
            for name, probe in PROBES.items() for wire in fitting(probe)]  # fmt: skip


@pytest.mark.parametrize(("name", "wire"), shapes())
def test_exactly_one_thing_is_wrong(name, wire):
    """G01 and G02: the signature does not verify, and would without the tampering. All others: it does."""
    probe = PROBES[name]
    request = built(probe, wire)
    if name != "body hash of another body":
        assert verifies(request), "wrong before it is tampered with"
    if probe.tamper is None:
        assert probe.requirement not in ("G01", "G02") or name == "body hash of another body"
        return
    assert probe.requirement in ("G01", "G02")
    tampered = probe.tamper(request)
    assert tampered != request and not verifies(tampered)


@pytest.mark.parametrize("wire", WIRES)
def test_a_request_that_nobody_tampers_with_verifies(wire):
    assert verifies(built(gateway.Probe("G08"), wire))


def test_every_row_of_the_gateway_has_probes_in_both_schemes():
    for row in ("G01", "G02", "G03", "G04", "G05", "G06", "G07", "G08"):
        schemes = {w.signing for p in PROBES.values() if p.requirement == row for w in fitting(p)}
        assert schemes == {"v1", "v3"}, row
        assert len([p for p in PROBES.values() if p.requirement == row]) >= 2
    assert {p.requirement for p in PROBES.values()} <= set(CONTRACTS["2019"].requirements)
    assert all((p.requirement == "G08") == p.accept for p in PROBES.values())
    assert all((p.requirement == "G03") == p.again for p in PROBES.values())


@pytest.mark.parametrize("name", [n for n, p in PROBES.items() if p.requirement == "G04"])
def test_a_time_outside_the_window_is_far_outside(name):
    """The sources disagree between 15 and 31 minutes: probes are beyond 31, controls within 15."""
    stamp = PROBES[name].common()["Timestamp"]
    try:
        moment = time.mktime(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    except ValueError:
        return
    assert abs(moment - time.time()) > 31 * 60


@pytest.mark.parametrize("name", ["ten minutes old", "ten minutes ahead"])
def test_a_time_that_must_be_accepted_is_well_inside(name):
    stamp = PROBES[name].common()["Timestamp"]
    moment = time.mktime(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert 9 * 60 < abs(moment - time.time()) < 15 * 60


def test_a_probe_without_public_parameters_leaves_them_out():
    request = built(PROBES["no Version"], Wire())
    assert "Version=2014" not in request.url and "SignatureVersion" in request.url
    request = built(PROBES["no Timestamp"], Wire(signing="v3"))
    assert "x-acs-date" not in dict(request.headers)


# --- judging the answer --------------------------------------------------------------------------


def say(name, status, code):
    return judge(PROBES[name], name, Reply(status, code), CODES)


@pytest.mark.parametrize("name", [n for n, p in PROBES.items() if not p.accept])
def test_accepting_what_the_gateway_must_refuse_is_a_violation(name):
    assert say(name, 200, "") == [
        Finding(PROBES[name].requirement, f"{name}: the call was accepted", f"gateway:{name}")
    ]


@pytest.mark.parametrize("name", [n for n, p in PROBES.items() if not p.accept])
def test_each_admissible_code_passes_and_another_does_not(name):
    for code in PROBES[name].codes:
        assert say(name, 400, code) == say(name, 404, code) == []
    found = say(name, 400, "SomethingElse")
    if not PROBES[name].codes:
        assert found == []
        return
    (one,) = found
    assert (one.requirement, one.certainty, one.cause) == (PROBES[name].requirement, 0.9, f"gateway:{name}")
    assert one.summary == f"{name}: answered 400 SomethingElse; admissible: {', '.join(sorted(PROBES[name].codes))}"


@pytest.mark.parametrize("name", [n for n, p in PROBES.items() if not p.accept])
@pytest.mark.parametrize("code", ["InvalidEniId.NotFound", "InvalidOperation.DetachPrimaryEniNotAllowed"])
def test_the_operation_does_not_answer_a_caller_who_is_not_known(name, code):
    (one,) = say(name, 404, code)
    assert one.requirement == PROBES[name].requirement and one.certainty == 1.0
    assert one.summary == f"{name}: answered 404 {code}, an answer of the operation to a caller who is not known"


@pytest.mark.parametrize("code", ["MissingParameter", "InvalidParameter", "UnsupportedParameter"])
def test_a_gateway_may_use_codes_on_parameters_where_public_parameters_are_wrong(code):
    """Not where the signature, the nonce, the time or the key is wrong: there they would be the operation's."""
    assert say("no Version", 400, code) == []
    assert [f.certainty for f in say("unknown Action", 400, code)] == [0.9]
    for name in ("signature missing", "interface id changed after signing", "AccessKeyId of one letter"):
        assert [f.certainty for f in say(name, 400, code)] == [1.0]


def test_the_code_for_an_unknown_account_is_the_gateways_too():
    for name in ("unknown AccessKeyId", "AccessKeyId of one letter", "no AccessKeyId"):
        assert say(name, 403, "Abs.InvalidAccount.NotFound") == []


@pytest.mark.parametrize("name", [n for n, p in PROBES.items() if p.accept])
def test_a_correctly_signed_call_gets_as_far_as_the_operation(name):
    """Whatever the operation says then; only a code on signature, time, nonce or key shows that it did not."""
    for status, code in ((200, ""), (400, "MissingParameter"), (404, "InvalidEniId.NotFound"), (400, "Odd")):
        assert say(name, status, code) == []
    for code in SIGNATURE | TIME | NONCE | KEY:
        assert say(name, 400, code) == [
            Finding("G08", f"{name}: a correctly signed call was refused with 400 {code}", f"gateway:{name}")
        ]
