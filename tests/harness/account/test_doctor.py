"""The doctor sees what is wrong with a target as a run would, says what to do, and leaves nothing behind."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace

import pytest
from eni_conformance.contract.detach import CONTRACTS, short_id
from eni_conformance.emulator.embed import running
from eni_conformance.harness import control, ecs
from eni_conformance.harness.account import doctor, janitor, ledger
from eni_conformance.harness.account.survey import Survey
from eni_conformance.harness.clock import Clock
from eni_conformance.harness.target import Offers, load_target
from eni_conformance.harness.wire.client import Client

PAGE = CONTRACTS["2019"]


@pytest.fixture
def place(request, tmp_path):
    """An emulator with the given variants, and its target."""
    with running(settle_ms=5, variants=request.param) as started:
        yield started, load_target(started.write_target(tmp_path / "t.toml"))


def checks(diagnosis):
    return {check.name: check for check in reversed(diagnosis.checks)}


def alone(target):
    """Without further callers and control protocol."""
    return replace(target, control_url="", callers={"account": target.callers["account"]})


def resources(emulator):
    return emulator.control("stats")["resources"]


def test_a_good_target_is_usable_and_nothing_is_left(emulator, target):
    """All callers are what they are called, and what the control protocol was tried on is removed."""
    before = resources(emulator)
    diagnosis = doctor.diagnose(target, Client(target), PAGE)
    assert diagnosis.usable and {check.answer for check in diagnosis.checks} == {"ok"}, doctor.told(diagnosis)
    assert all(one.possible for one in diagnosis.requirements)
    assert re.search(r"created and removed [1-9]\d* resources", checks(diagnosis)["control protocol"].seen)
    assert resources(emulator) == before


def test_without_a_control_protocol_nothing_is_changed(target):
    """No call succeeds but those that describe."""
    succeeded = []

    class Watching(Client):
        def send(self, action, pairs, **options):
            exchange = super().send(action, pairs, **options)
            if ecs.succeeded(exchange):
                succeeded.append(action)
            return exchange

    without = replace(target, control_url="")
    diagnosis = doctor.diagnose(without, Watching(without), PAGE)
    assert diagnosis.usable and {check.answer for check in diagnosis.checks} == {"ok"}, doctor.told(diagnosis)
    assert succeeded and all(action.startswith("Describe") for action in succeeded)


def test_what_a_lesser_target_cannot_show(target):
    """Without further callers and control protocol, each missing row names what it needs."""
    lesser = alone(target)
    diagnosis = doctor.diagnose(lesser, Client(lesser), PAGE)
    missing = {short_id(one.requirement): one.missing for one in diagnosis.requirements if not one.possible}
    assert diagnosis.usable
    assert set(missing) == {*doctor.CALLER_OF, *doctor.ORDERS} & set(PAGE.requirements)
    assert missing["E06"] == "a caller: [callers.ram_denied]"
    assert missing["E18"] == "the control protocol: eni.zone"
    assert "ENI-DETACH-E18" in doctor.told(diagnosis)


def test_the_tables_fit_the_contract_and_the_protocol(target):
    """Every row exists, and every capability is one that an endpoint may offer."""
    assert {*doctor.CALLER_OF, *doctor.ORDERS} <= set(CONTRACTS["2024"].requirements)
    assert {order.op for order in doctor.ORDERS.values()} <= control.capabilities(target)
    rows = PAGE.errors.values()
    assert {row.id for row in rows if row.needs == "caller"} == {n for n in doctor.CALLER_OF if n[0] == "E"}
    assert {row.id for row in rows if row.needs == "control"} == {n for n in doctor.ORDERS if n[0] == "E"}


def test_a_row_that_nothing_can_provoke_says_what_it_would_take(target):
    """Under the later page, in the words of the contract; what the embedded emulator offers can be tried."""
    rows = doctor.provokable(CONTRACTS["2024"], target, control.capabilities(target))
    missing = {short_id(row.requirement): row.missing for row in rows if not row.possible}
    assert set(missing) == {"X03", "X04", "X05", "X06", "X07", "X09", "X10", "X13", "X14"}
    assert missing["X13"] == "a trunk interface with members"


def test_what_callers_are_answered_follows_from_the_contract():
    """Each breaks one precondition: that of its row, or the one that another account breaks."""
    broken = {name: doctor.breaks(name) for name in doctor.CALLER_OF.values()}
    assert broken == {
        "unsupported_user_type": ("caller type is supported",),
        "expired": ("caller's account and key are valid",),
        "ram_unsupported": ("RAM user kind is supported",),
        "ram_denied": ("RAM user is authorised",),
        "other_account": ("caller owns the resources",),
    }
    assert doctor.breaks("account") == doctor.breaks("anybody") == ()


@pytest.mark.parametrize(
    ("caller", "status", "code", "answer", "said"),
    [
        ("ram_denied", 403, "Forbidden.SubUser", "ok", "Forbidden.SubUser"),
        ("ram_denied", 403, "Forbidden.RAM", "ok", "(by the common table)"),
        ("ram_denied", 404, "Forbidden.RAM", "warning", "403 Forbidden.SubUser or 403 Forbidden.RAM"),
        ("ram_denied", 404, "InvalidEcsId.NotFound", "warning", "403 Forbidden.SubUser"),
        ("ram_denied", 403, "Forbidden.InstanceNotFound", "unknown", "anybody may get that"),
        ("expired", 404, "InvalidAccessKeyId.NotFound", "ok", "(by the common table)"),
        ("expired", 400, "InvalidAccessKeyId.Inactive", "ok", "(by the common table)"),
        ("expired", 403, "Abs.InvalidAccount.NotFound", "ok", "Abs.InvalidAccount.NotFound"),
        ("expired", 404, "InvalidEcsId.NotFound", "unknown", "anybody may get that"),
        ("unsupported_user_type", 403, "Forbidden.RAM", "warning", "403 InvalidUserType.NotSupported would show"),
        ("other_account", 404, "InvalidEniId.NotFound", "ok", "InvalidEniId.NotFound"),
        ("other_account", 404, "InvalidInstanceId.NotFound", "ok", "(by the common table)"),
        ("other_account", 404, "InvalidAccessKeyId.NotFound", "warning", "404 InvalidEcsId.NotFound"),
    ],
)
def test_what_a_refusal_tells_of_a_caller(caller, status, code, answer, said):
    """By the page and by the common table; what anybody may get tells nothing."""
    check = doctor.shown_by(PAGE, caller, status, code, f"HTTP {status} {code}")
    assert (check.answer, said in check.seen + check.advice) == (answer, True), check


@pytest.mark.parametrize(
    ("place", "caller", "code"),
    [
        (["codes-of-today"], "ram_denied", "HTTP 403 Forbidden.RAM"),
        (["codes-of-today"], "expired", "HTTP 404 InvalidAccessKeyId.NotFound"),
        (["codes-key-inactive"], "expired", "HTTP 400 InvalidAccessKeyId.Inactive"),
        (["codes-foreign-forbidden"], "other_account", "HTTP 403 Forbidden.InstanceNotFound"),
    ],
    indirect=["place"],
)
def test_codes_of_real_services(place, caller, code):
    """Are told with the table that they are of."""
    _, target = place
    found = checks(doctor.diagnose(target, Client(target), PAGE))[f"caller {caller}"]
    assert (found.answer, found.seen) == ("ok", f"{code} (by the common table)")


def test_a_caller_that_nobody_knows(target):
    """Is taken for a slip of the pen."""
    slip = replace(target, callers={**target.callers, "ram_deny": target.callers["ram_denied"]})
    found = {check.name: check for check in doctor.callers(slip, Client(slip), PAGE)}["caller ram_deny"]
    assert found.answer == "warning" and "ram_denied" in found.advice


# --- what the survey finds -----------------------------------------------------------------------


def surveyed(*came, problem="", skew=0.0, **offers):
    asked = tuple((scheme, name, told) for scheme, name, told in came)
    return Survey(Offers(**offers), problem, skew, asked=asked)


GOOD = ("v1", "json", "HTTP 200")


@pytest.mark.parametrize(
    ("found", "answer", "said"),
    [
        (surveyed(GOOD), "ok", "agrees"),
        (surveyed(GOOD, skew=40.0), "ok", "40 s behind the endpoint: corrected for"),
        (surveyed(GOOD, skew=-40.0), "ok", "40 s ahead of the endpoint: corrected for"),
        (surveyed(GOOD, skew=480.0, problem="this machine's clock is off"), "problem", "8 minutes behind"),
        (surveyed(problem="refused (nobody there)"), "unknown", "not asked"),
    ],
)
def test_clock(found, answer, said):
    """Seconds are corrected for, minutes are told before they are mistaken for a wrong key."""
    check = doctor.clock(found)
    assert check.answer == answer and said in check.seen and bool(check.advice) == (answer == "problem")


@pytest.mark.parametrize("minutes", [8, -45])
def test_a_clock_that_is_minutes_off(target, minutes):
    """Nothing more is asked: every other answer would rest on it."""
    wrong = Client(target, clock=Clock(now=lambda: time.time() - 60 * minutes))
    diagnosis = doctor.diagnose(target, wrong, PAGE)
    found = checks(diagnosis)
    assert not diagnosis.usable and found["clock"].answer == "problem" and found["clock"].advice
    way = "behind" if minutes > 0 else "ahead of"
    assert f"{abs(minutes)} minutes {way} the endpoint" in found["clock"].seen
    assert found["endpoint"].answer == "ok" and found["caller account"].answer == "unknown"
    assert "permissions" not in found and "not tried" in found["control protocol"].seen


@pytest.mark.parametrize("place", [["clock-behind"], ["clock-ahead"]], indirect=True)
def test_a_clock_that_is_seconds_off(place):
    """Is corrected for in everything that follows."""
    _, target = place
    client = Client(target)
    diagnosis = doctor.diagnose(target, client, PAGE)
    assert diagnosis.usable and "corrected for" in checks(diagnosis)["clock"].seen
    assert 35 < abs(client.skew) < 45


@pytest.mark.parametrize(
    "told",
    ["HTTP 404 InvalidAccessKeyId.NotFound: m", "HTTP 400 SignatureDoesNotMatch: m", "HTTP 403 Forbidden.RAM: m"],
)
def test_refused_credentials(told, target):
    """Say where they came from, and never what they are."""
    check = doctor.account(target, surveyed(("v1", "json", told), ("v3", "json", told), problem=told))
    assert check.answer == "problem" and told in check.seen and check.advice
    assert target.callers["account"].literal.access_key_secret not in repr(check)
    assert doctor.reach(target, surveyed(("v1", "json", told), problem=told)).answer == "ok"


@pytest.mark.parametrize("told", ["refused (d)", "timeout (d)", "tls (d)"])
def test_endpoints_that_are_none(told, target):
    """Each has its own advice; so has what listens and speaks something else."""
    nobody = surveyed(problem=told)
    check = doctor.reach(target, nobody)
    assert check.answer == "problem" and check.advice and doctor.account(target, nobody).answer == "unknown"
    for came in ("HTTP 200: what answers there does not speak ECS", "reset (d)", "unreadable (d)"):
        check = doctor.reach(target, surveyed(("v1", "json", came), ("v1", "xml", came), problem=came))
        assert check.answer == "problem" and "no ECS" in check.advice


@pytest.mark.parametrize(
    ("place", "name", "seen", "advice"),
    [
        (["json-only"], "formats", "JSON; XML: answered in another format", 'formats = ["json"]'),
        (["json-only-refuses"], "formats", "JSON; XML: HTTP 400 UnsupportedParameter", 'formats = ["json"]'),
        (["v1-only"], "signature schemes", "V1; V3: HTTP 400 MissingParameter", 'signing = ["v1"]'),
        (["v3-only"], "signature schemes", "V3; V1: HTTP 400 MissingParameter", 'signing = ["v3"]'),
    ],
    indirect=["place"],
)
def test_what_is_not_offered(place, name, seen, advice):
    """Is found out, with what to write into the file; all else is asked in what is there."""
    emulator, target = place
    before = resources(emulator)
    silent = replace(target, offers=Offers())
    diagnosis = doctor.diagnose(silent, Client(silent), PAGE)
    found = checks(diagnosis)
    assert (found[name].answer, found[name].seen) == ("warning", seen)
    assert f"write {advice} under [offers]" in found[name].advice
    assert diagnosis.usable and {check.answer for check in diagnosis.checks if check.name != name} == {"ok"}
    told = checks(doctor.diagnose(target, Client(target), PAGE))[name]
    assert (told.answer, told.seen) == ("ok", f"{seen.partition(';')[0]}, as the file declares")
    assert resources(emulator) == before


def test_what_is_not_offered_cannot_be_tried(target):
    """A format that the file leaves out is not judged; one that merely does not work is a finding."""

    def missing(declared, found):
        rows = doctor.provokable(PAGE, replace(target, offers=declared), control.capabilities(target), found=found)
        return {short_id(row.requirement) for row in rows if not row.possible}

    json_only, v1_only = Offers(("json",)), Offers((), ("v1",))
    assert missing(json_only, json_only) == {"R03", "M02"}
    assert missing(Offers(), json_only) == {"M02"}
    assert missing(v1_only, v1_only) == missing(Offers(), v1_only) == {"M03"}


@pytest.mark.parametrize("place", [["json-only", "v1-only"]], indirect=True)
def test_a_file_that_declares_too_much_or_too_little(place):
    """What is declared is believed, and yet looked at."""
    _, target = place
    boasting = alone(replace(target, offers=Offers(("json", "xml"), ("v1",))))
    found = checks(doctor.diagnose(boasting, Client(boasting), PAGE))["formats"]
    assert found.answer == "warning" and "declares what does not work: XML" in found.seen and "mend it" in found.advice
    wrong = alone(replace(target, offers=Offers((), ("v3",))))
    diagnosis = doctor.diagnose(wrong, Client(wrong), PAGE)
    assert not diagnosis.usable and 'signing = ["v1"]' in checks(diagnosis)["signature schemes"].advice


def test_a_file_that_leaves_something_out(target):
    modest = alone(replace(target, offers=Offers(("json",), ("v3",))))
    found = checks(doctor.diagnose(modest, Client(modest), PAGE))
    assert found["formats"].seen == "JSON, as the file declares; XML works, too, and is left out"
    assert found["signature schemes"].answer == "ok"


@pytest.mark.parametrize("place", [["passing-conflict-often"], ["passing-502"]], indirect=True)
def test_answers_that_pass_are_asked_again(place):
    """They say nothing of callers and permissions."""
    _, target = place
    diagnosis = doctor.diagnose(target, Client(target), PAGE)
    assert diagnosis.usable and {check.answer for check in diagnosis.checks} == {"ok"}, doctor.told(diagnosis)


# --- the control protocol ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "order", "rows"),
    [
        (["reset-forgets-detach"], "reset", {"E15", "E16", "E18", "E19", "E22"}),
        (["hold-does-nothing"], "hold", set()),
    ],
    indirect=["place"],
)
def test_a_control_protocol_that_is_broken(place, order, rows):
    """Each order that does something else is told, and what rests on it cannot be tried; nothing is left."""
    emulator, target = place
    before = resources(emulator)
    diagnosis = doctor.diagnose(target, Client(target), PAGE)
    told = [check for check in diagnosis.checks if check.name == "control protocol"]
    assert diagnosis.usable and [check.answer for check in told] == ["ok", "warning"]
    assert told[1].seen.startswith(f"{order}: ") and f"does without {order}" in told[1].advice
    missing = {short_id(one.requirement): one.missing for one in diagnosis.requirements if not one.possible}
    assert set(missing) == rows
    assert all("to do what its document says: " in text for text in missing.values())
    assert resources(emulator) == before


def test_orders_that_are_answered_with_nothing_done(target, monkeypatch):
    """As by an author who has written the answers first."""
    real = control.order
    monkeypatch.setattr(control, "order", lambda t, op: "" if op["op"] == "eni.zone" else real(t, op))
    diagnosis = doctor.diagnose(target, Client(target), PAGE)
    missing = {short_id(one.requirement): one.missing for one in diagnosis.requirements if not one.possible}
    assert missing == {"E18": "the control protocol to do what its document says: eni.zone"}
    assert "ENI-DETACH-E18" in doctor.told(diagnosis)


def test_a_control_protocol_that_cannot_be_tried(emulator, target):
    """Because the set-up fails, as it would in a run."""
    before = resources(emulator)

    class Poor(Client):
        def send(self, action, pairs, **options):
            exchange = super().send("DescribeRegions" if action == "CreateVpc" else action, pairs, **options)
            if action == "CreateVpc":
                body = json.dumps({"Code": "QuotaExceeded.Vpc", "Message": "m", "RequestId": "r"}).encode()
                return replace(exchange, status=400, body=body)
            return exchange

    diagnosis = doctor.diagnose(target, Poor(target), PAGE)
    check = checks(diagnosis)["control protocol"]
    assert check.answer == "problem" and check.seen.startswith("could not be tried: CreateVpc: HTTP 400 QuotaExceeded")
    assert resources(emulator) == before and not diagnosis.usable


def test_a_control_url_where_nothing_answers(target):
    """A run does not begin like this, so the target cannot be used."""
    wrong = replace(target, control_url=f"{target.endpoint}/nowhere")
    diagnosis = doctor.diagnose(wrong, Client(wrong), PAGE)
    assert checks(diagnosis)["control protocol"].answer == "problem" and not diagnosis.usable


def test_wrong_regions_and_swapped_callers(target):
    """Are seen before a run wastes its time on them."""
    swapped = {**target.callers, "ram_denied": target.callers["expired"]}
    wrong = replace(target, region="cn-atlantis", callers=swapped)
    found = checks(doctor.diagnose(wrong, Client(wrong), PAGE))
    assert "not tried" in found["control protocol"].seen
    assert found["region"].answer == "problem" and "cn-" in found["region"].advice
    assert found["caller ram_denied"].answer == "warning" and "Forbidden.SubUser" in found["caller ram_denied"].advice


def test_leftovers_are_told(target, tmp_path):
    """And whose they are."""
    session = ecs.open_session(target, tmp_path, "run-leftover")
    ecs.lay_ground(session)
    without = replace(target, control_url="")
    check = checks(doctor.diagnose(without, Client(without), PAGE))["leftovers"]
    assert check.answer == "warning" and "run-leftover" in check.seen and "janitor" in check.advice
    assert not janitor.teardown(session).left
    session.ledger.close()
    assert not ledger.is_alive("run-leftover")
