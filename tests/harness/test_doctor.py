"""The doctor sees what is wrong with a target, says what to do, and changes nothing."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from conformance.contract import CONTRACTS, short_id
from emulator.embed import running
from harness import control, doctor, ecs, janitor, ledger
from harness.client import Client
from harness.exchange import Exchange, Sent
from harness.target import load_target


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    with running(settle_ms=5) as emulator:
        yield load_target(emulator.write_target(tmp_path_factory.mktemp("doctor") / "t.toml"))


def checks(diagnosis):
    return {check.name: check for check in diagnosis.checks}


def test_a_good_target_is_usable_and_nothing_is_changed(target):
    """All callers are what they are called, and no call succeeded that changes something."""
    succeeded = []

    class Watching(Client):
        def send(self, action, pairs, **options):
            exchange = super().send(action, pairs, **options)
            if ecs.succeeded(exchange):
                succeeded.append(action)
            return exchange

    diagnosis = doctor.diagnose(target, Watching(target), CONTRACTS["2019"])
    assert diagnosis.usable and {check.answer for check in diagnosis.checks} == {"ok"}, doctor.told(diagnosis)
    assert all(action.startswith("Describe") for action in succeeded)
    assert all(one.possible for one in diagnosis.requirements)


def test_what_a_lesser_target_cannot_show(target):
    """Without further callers and control protocol, each missing row names what it needs."""
    alone = replace(target, control_url="", callers={"account": target.callers["account"]})
    diagnosis = doctor.diagnose(alone, Client(alone), CONTRACTS["2019"])
    missing = {short_id(one.requirement): one.missing for one in diagnosis.requirements if not one.possible}
    assert diagnosis.usable
    assert set(missing) == {*doctor.NEEDS_CALLER, *doctor.NEEDS_CONTROL} & set(CONTRACTS["2019"].requirements)
    assert missing["E06"] == "a caller: [callers.ram_denied]"
    assert missing["E18"] == "the control protocol: eni.zone"
    assert "ENI-DETACH-E18" in doctor.told(diagnosis)


def test_the_tables_fit_the_contract_and_the_protocol(target):
    """Every row exists, and every capability is one that an endpoint may offer."""
    assert {*doctor.NEEDS_CALLER, *doctor.NEEDS_CONTROL} <= set(CONTRACTS["2024"].requirements)
    assert set(doctor.NEEDS_CONTROL.values()) <= control.capabilities(target)
    assert set(doctor.EXPECTED) == set(doctor.NEEDS_CALLER.values())
    rows = CONTRACTS["2019"].errors.values()
    assert {row.id for row in rows if row.needs == "control"} == {n for n in doctor.NEEDS_CONTROL if n[0] == "E"}


def test_a_row_that_nothing_can_provoke_says_what_it_would_take(target):
    """Under the later page, in the words of the contract; what the embedded emulator offers can be tried."""
    rows = doctor.provokable(CONTRACTS["2024"], target, control.capabilities(target))
    missing = {short_id(row.requirement): row.missing for row in rows if not row.possible}
    assert set(missing) == {"X03", "X04", "X05", "X06", "X07", "X09", "X10", "X13", "X14"}
    assert missing["X13"] == "a trunk interface with members"


def answered(status=200, body=b"{}", **headers):
    sent = Sent("A", "v", "GET", "", (), (), b"", "account", "v1")
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Exchange("1", sent, 0.0, 0.01, "answered", status, "", pairs, body)


@pytest.mark.parametrize(
    ("skew", "answer"),
    [(0, "ok"), (-59, "ok"), (120, "warning"), (-120, "warning"), (1000, "problem"), (-1e6, "problem")],
)
def test_clock(skew, answer):
    """Signatures expire, so a wrong clock is told before it is mistaken for a wrong key."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(1_800_000_000))
    assert doctor.clock(answered(date=date), 1_800_000_000 + skew).answer == answer


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2020 00:00:00 GMT"])
def test_a_clock_that_cannot_be_read(date):
    """Is unknown, not wrong."""
    assert doctor.clock(answered(date=date), 0.0).answer == "unknown"


@pytest.mark.parametrize(
    ("code", "status"), [("InvalidAccessKeyId.NotFound", 404), ("SignatureDoesNotMatch", 400), ("Forbidden.RAM", 403)]
)
def test_refused_credentials(code, status, target):
    """Say where they came from, and never what they are."""
    body = json.dumps({"Code": code, "Message": "m", "RequestId": "r"}).encode()
    check = doctor.account(target, answered(status, body))
    assert check.answer == "problem" and code in check.seen and check.advice
    assert target.callers["account"].literal.access_key_secret not in repr(check)


@pytest.mark.parametrize("outcome", ["refused", "timeout", "tls", "reset", "unreadable"])
def test_endpoints_that_are_none(outcome, target):
    """Each has its own advice."""
    check = doctor.reach(target, replace(answered(), outcome=outcome, detail="d"))
    assert check.answer == "problem" and check.advice
    for body in (b"<html>", b"<html/>", b"{}", b'{"status":"ok"}', b"[]", b""):
        assert doctor.reach(target, answered(body=body)).answer == "problem"


def test_missing_permissions_are_named(target):
    """By operation; an operation that is not there is told apart."""

    class Denied(Client):
        def send(self, action, pairs, **options):
            exchange = super().send(action, pairs, **options)
            codes = {"RunInstances": "Forbidden.RAM", "RebootInstance": "InvalidAction.NotFound"}
            if action in codes:
                body = json.dumps({"Code": codes[action], "Message": "m", "RequestId": "r"}).encode()
                return replace(exchange, status=403, body=body)
            return exchange

    found = {check.name: check for check in doctor.permissions(target, Denied(target))}
    assert found["permissions"].answer == "problem" and found["permissions"].seen == "RunInstances (Forbidden.RAM)"
    assert found["operations"].seen == "RebootInstance (InvalidAction.NotFound)"


def test_wrong_regions_and_swapped_callers(target):
    """Are seen before a run wastes its time on them."""
    swapped = {**target.callers, "ram_denied": target.callers["expired"]}
    wrong = replace(target, region="cn-atlantis", callers=swapped)
    found = checks(doctor.diagnose(wrong, Client(wrong), CONTRACTS["2019"]))
    assert found["region"].answer == "problem" and "cn-" in found["region"].advice
    assert found["caller ram_denied"].answer == "warning" and "Forbidden.SubUser" in found["caller ram_denied"].advice


@pytest.mark.parametrize(
    ("enis", "cores", "busy", "answers"),
    [
        (100, 50, 4, {"interfaces in use": "ok", "vCPUs in use": "ok"}),
        (8, 50, 4, {"interfaces in use": "warning", "vCPUs in use": "ok"}),
        (100, 50, 50, {"interfaces in use": "ok", "vCPUs in use": "problem"}),
        ("", "many", None, {"interfaces in use": "ok"}),
    ],
)
def test_quotas_that_a_run_would_meet_are_told_before(enis, cores, busy, answers, target):
    """As the service tells them; what it does not tell is not made up."""
    told = dict(zip(doctor.QUOTAS, (enis, cores, busy), strict=True))
    items = [
        {"AttributeName": name, "AttributeValues": {"ValueItem": [{"Value": str(value)}]}}
        for name, value in told.items()
    ]
    body = json.dumps({"AccountAttributeItems": {"AccountAttributeItem": [*items, {}, 7]}, "RequestId": "r"}).encode()

    class Telling(Client):
        def send(self, action, pairs, **options):
            exchange = super().send(action, pairs, **options)
            return replace(exchange, status=200, body=body) if action == "DescribeAccountAttributes" else exchange

    limited = replace(target, limits=replace(target.limits, network_interfaces=12))
    diagnosis = doctor.diagnose(limited, Telling(limited), CONTRACTS["2019"])
    found = {name: check.answer for name, check in checks(diagnosis).items() if name.endswith("in use")}
    assert found == answers and diagnosis.usable == ("problem" not in answers.values())


def test_leftovers_are_told(target, tmp_path):
    """And whose they are."""
    session = ecs.open_session(target, tmp_path, "run-leftover")
    ecs.lay_ground(session)
    check = checks(doctor.diagnose(target, Client(target), CONTRACTS["2019"]))["leftovers"]
    assert check.answer == "warning" and "run-leftover" in check.seen and "janitor" in check.advice
    assert not janitor.teardown(session).left
    session.ledger.close()
    assert not ledger.is_alive("run-leftover")
