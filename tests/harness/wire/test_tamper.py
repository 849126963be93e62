"""What is done to a signed request: exactly one thing is wrong in each probe of the gateway."""

from __future__ import annotations

import base64
import calendar
import contextlib
import dataclasses
import hashlib
import time
from urllib.parse import parse_qsl, urlsplit

import pytest
from eni_conformance.contract.detach import ACTION, CONTRACTS, VERSION
from eni_conformance.contract.gateway import PROBES, Probe
from eni_conformance.contract.scenario import Wire
from eni_conformance.harness.clock import stamp
from eni_conformance.harness.target import Credential
from eni_conformance.harness.wire import client, tamper
from eni_conformance.harness.wire.signing import sign_v1, sign_v3
from eni_conformance.strategies.probes import wire_forms
from eni_conformance.strategies.wire import WIRES
from hypothesis import given
from hypothesis import strategies as st

SECRET = "a-secret-of-tests"
NOW = 1_700_000_000.0
PAIRS = (("RegionId", "cn-hangzhou"), ("InstanceId", "i-bp1abc"), ("NetworkInterfaceId", "eni-bp1abc"))
BASE = "http://127.0.0.1:9000"


def built(probe, wire, unsigned=(), nonce="0123456789abcdef"):
    """The request of a probe in a wire form, before it is tampered with."""
    parts = client.Parts(
        action=probe.action or ACTION, version=probe.version or VERSION, pairs=client._in_order(PAIRS, wire), wire=wire,
        endpoint=BASE, host="127.0.0.1:9000", caller="account", credential=Credential("LTAI-tests", SECRET),
        common=tamper.public(probe.common, NOW), now=NOW, nonce=nonce,
        unsigned=unsigned,
    )  # fmt: skip
    return client.build(parts)


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
    return wire_forms(probe)


def shapes():
    return [pytest.param(name, wire, id=f"{name}: {wire.method} {wire.place} {wire.signing} {wire.format or 'default'}")
            for name, probe in PROBES.items() for wire in fitting(probe)]  # fmt: skip


@pytest.mark.parametrize(("name", "wire"), shapes())
def test_exactly_one_thing_is_wrong(name, wire):
    """G01 and G02: the signature does not verify, and would without the tampering. All others: it does."""
    probe = PROBES[name]
    request = built(probe, wire)
    if probe.unsigned:
        assert probe.requirement == "G02" and not verifies(built(probe, wire, probe.unsigned))
    if name != "body hash of another body":
        assert verifies(request), "wrong before it is tampered with"
    if not probe.tamper:
        assert probe.requirement not in ("G01", "G02") or probe.unsigned or name == "body hash of another body"
        return
    assert probe.requirement in ("G01", "G02")
    tampered = tamper.tampered(probe.tamper, request)
    assert tampered != request and not verifies(tampered)


@pytest.mark.parametrize("wire", WIRES)
def test_a_request_that_nobody_tampers_with_verifies(wire):
    assert verifies(built(Probe("G08"), wire))


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
    moment_of = tamper.public(PROBES[name].common, NOW)["Timestamp"]
    try:
        moment = calendar.timegm(time.strptime(moment_of, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        return
    assert abs(moment - NOW) > 31 * 60


@pytest.mark.parametrize("name", ["ten minutes old", "ten minutes ahead"])
def test_a_time_that_must_be_accepted_is_well_inside(name):
    moment_of = tamper.public(PROBES[name].common, NOW)["Timestamp"]
    moment = calendar.timegm(time.strptime(moment_of, "%Y-%m-%dT%H:%M:%SZ"))
    assert 9 * 60 < abs(moment - NOW) < 15 * 60


def test_a_probe_without_public_parameters_leaves_them_out():
    request = built(PROBES["no Version"], Wire())
    assert "Version=2014" not in request.url and "SignatureVersion" in request.url
    request = built(PROBES["no Timestamp"], Wire(signing="v3"))
    assert "x-acs-date" not in dict(request.headers)


# --- tampering that a verifier must see ----------------------------------------------------------


def reads_as_signed(request) -> bool:
    """Whether the most lenient gateway would verify a request: hexadecimal digits in any case, base64 without what a
    lenient decoder passes over."""
    headers = {k.lower(): v for k, v in request.headers}
    query = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    if "authorization" in headers:
        head, _, signature = headers["authorization"].rpartition("Signature=")
        lower = tuple(
            (n, f"{head}Signature={signature.lower()}") if n.lower() == "authorization" else (n, v)
            for n, v in request.headers
        )
        return verifies(dataclasses.replace(request, headers=lower))
    form = parse_qsl(request.body.decode(), keep_blank_values=True)
    rest = tuple((n, v) for n, v in (*query, *form) if n != "Signature")
    made = base64.b64decode(sign_v1(request.method, rest, SECRET))
    for text in (v for n, v in query if n == "Signature"):
        core = "".join(c for c in text.partition("=")[0] if c.isalnum() or c in "+/")
        with contextlib.suppress(ValueError):
            if base64.b64decode(core + "=" * (-len(core) % 4)) == made:
                return True
    return False


TAMPERING = [(name, wire) for name, probe in PROBES.items() if probe.tamper for wire in fitting(probe)]


@given(st.sampled_from(TAMPERING), st.binary(min_size=16, max_size=16).map(bytes.hex))
def test_every_tampering_changes_what_every_verifier_must_see(case, nonce):
    """Otherwise an endpoint that accepts the call would be told to be wrong, and is right."""
    name, wire = case
    request = built(PROBES[name], wire, nonce=nonce)
    tampered = tamper.tampered(PROBES[name].tamper, request)
    assert reads_as_signed(request) and not reads_as_signed(tampered)
    assert not tamper.changes_nothing(request, tampered)


def with_signature(change, wire):
    """A request, and the same with its signature written otherwise."""
    request = built(Probe("G01"), wire)
    return request, tamper.with_signature(change, request)


def spell_case(text):
    """Every other letter in upper case."""
    return "".join(c.upper() if n % 2 else c for n, c in enumerate(text))


V1, V3 = Wire(), Wire(signing="v3")


@pytest.mark.parametrize(
    ("wire", "change"),
    [
        (V3, str.upper),
        (V3, spell_case),
        (V1, lambda s: s + "00"),  # after the padding
        (V1, lambda s: s.rstrip("=")),
        (V1, lambda s: s + "="),
        (V1, lambda s: s[:5] + "\n" + s[5:]),
        (V1, lambda s: s[:5] + " " + s[5:]),
        (V1, lambda s: s[:5] + "*" + s[5:]),
        (V1, lambda s: s),
        (V3, lambda s: s),
    ],
)
def test_another_spelling_of_the_same_signature_changes_nothing(wire, change):
    request, written = with_signature(change, wire)
    assert tamper.changes_nothing(request, written) and reads_as_signed(written)
    assert tamper.signatures(request) & tamper.signatures(written)


@pytest.mark.parametrize("wire", [V1, V3])
@pytest.mark.parametrize("change", [lambda s: "", lambda s: s[:-4], lambda s: s[::-1], lambda s: "0" * 40])
def test_another_signature_is_a_change(wire, change):
    request, written = with_signature(change, wire)
    assert not tamper.changes_nothing(request, written)
    assert not tamper.signatures(request) & tamper.signatures(written)


@pytest.mark.parametrize("wire", WIRES)
def test_a_change_outside_the_signature_is_a_change_however_the_signature_is_read(wire):
    """Method, path, a parameter, a header, the body: each is signed, or has a meaning of its own."""
    request = built(Probe("G02"), wire)
    assert tamper.changes_nothing(request, request)
    other = "POST" if request.method == "GET" else "GET"
    for changed in (
        dataclasses.replace(request, method=other),
        dataclasses.replace(request, url=request.url + "&Extra=1" if "?" in request.url else request.url + "?Extra=1"),
        dataclasses.replace(request, body=request.body + b"&Extra=1", method="POST"),
        dataclasses.replace(request, headers=(*request.headers, ("x-acs-extra", "1"))),
    ):
        assert not tamper.changes_nothing(request, changed)


def test_nobody_looks_at_the_body_of_a_get():
    request = built(Probe("G02"), WIRES[0])
    assert request.method == "GET"
    assert tamper.changes_nothing(request, dataclasses.replace(request, body=b"&OwnerAccount=x"))


@given(st.text("0123456789abcdef", min_size=64, max_size=64), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_two_hexadecimal_signatures_are_read_alike_only_if_they_are_the_same(one, two):
    request = built(Probe("G01"), V3)
    first, second = (tamper.with_signature(lambda _, s=s: s, request) for s in (one, two))
    assert bool(tamper.signatures(first) & tamper.signatures(second)) == (one == two)


def test_a_time_that_cannot_be_read_is_changed_as_well():
    """`date header changed after signing` is a minute earlier, whatever stood there."""
    assert tamper.CHANGES["a minute less"]("2026-11-28T00:00:30Z") == "2026-11-27T23:59:30Z"
    assert tamper.CHANGES["a minute less"]("yesterday") == "yesterday0"


def test_times_are_told_by_the_clock_of_the_endpoint():
    """Where this machine's is off, a probe that is to be refused must not be accepted, and the other way round."""
    for name, probe in PROBES.items():
        stamps = {at: tamper.public(probe.common, at).get("Timestamp") for at in (NOW, NOW + 1000)}
        if probe.requirement in ("G04", "G08") and stamps[NOW] and name not in ("years old", "time that is no time"):
            assert stamps[NOW] != stamps[NOW + 1000], name
    assert tamper.public(PROBES["nonce with another timestamp"].second, NOW) == {"Timestamp": stamp(NOW - 1)}
