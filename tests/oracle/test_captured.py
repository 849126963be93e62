"""What the real service has been seen to answer, line by line: put where it fits, none of it is a violation.

captured.tsv holds the answers, a line each. How they are known: "captured", somebody published the answer; "client
list", a client lists it among what it has met; "code only", no more than the code is known. Product or code "?": not
known, or a page of a web server, which has no code. Operation "gateway": what is said before any operation is asked.
FITS says for each of them where its context puts it, and the judgement is that of the suite's own functions.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from eni_conformance.contract.common import passing
from eni_conformance.contract.detach import ACTION, CONTRACTS
from eni_conformance.contract.gateway import PROBES
from eni_conformance.contract.scenario import Detach, Scenario, World
from eni_conformance.harness import ecs
from eni_conformance.harness.account import ledger
from eni_conformance.harness.bench import arrange, pool
from eni_conformance.harness.clock import Clock
from eni_conformance.harness.codec import is_throttling
from eni_conformance.harness.ecs.call import create, do, named
from eni_conformance.harness.play import play
from eni_conformance.harness.stage import Stage
from eni_conformance.harness.target import parse_target
from eni_conformance.harness.values import Exchange, Request, Snapshot
from eni_conformance.oracle.envelope import read, template_left
from eni_conformance.oracle.gateway import judge
from eni_conformance.oracle.guide import guide_of
from eni_conformance.oracle.judge import judge as judge_history
from eni_conformance.oracle.readings import (
    Admissible,
    Asked,
    EniKnown,
    InstanceKnown,
    Known,
    Param,
    Reply,
    admissible,
    judge_reply,
)


class Line(NamedTuple):
    """One line of captured.tsv."""

    product: str
    operation: str
    status: int
    code: str
    known: str
    context: str

    @property
    def name(self) -> str:
        """What FITS calls it; lines that say the same of the same operation share a name."""
        return f"{self.product} {self.operation} {self.status} {self.code}"


def _lines() -> list[Line]:
    rows = csv.DictReader(
        (Path(__file__).parent / "captured.tsv").read_text().splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE
    )
    return [Line(r["product"], r["operation"], int(r["status"]), r["code"], r["how known"], r["context"]) for r in rows]


LINES = _lines()


# --- where an answer may fit ---------------------------------------------------------------------


@dataclass(frozen=True)
class Breaks:
    """An admissible refusal of a call with this fault, see FAULTS."""

    fault: str


@dataclass(frozen=True)
class Probed:
    """An admissible answer to every probe of a row of the gateway."""

    row: str


@dataclass(frozen=True)
class Passes:
    """May come once and be gone. valid: it speaks of a state, so it passes only where the call is in order."""

    valid: bool = False


@dataclass(frozen=True)
class Throttles:
    """Says "slow down" or "not now": sent again by the client, and never judged."""


@dataclass(frozen=True)
class SetUp:
    """Met by the set-up alone. passing: it is worth another try, otherwise it is refused for good."""

    passing: bool = False


Place = Breaks | Probed | Passes | Throttles | SetUp

SIGNATURE, REPLAY, KEY = (Probed("G01"), Probed("G02")), Probed("G03"), Probed("G05")
RAM, DEAD_KEY, NO_REGION, NO_INSTANCE = (
    Breaks("RAM user without a policy"),
    Breaks("dead key"),
    Breaks("unknown region"),
    Breaks("unknown instance"),
)
FITS: dict[str, tuple[Place, ...]] = {
    "? gateway 400 SignatureDoesNotMatch": SIGNATURE,
    "? gateway 400 SignatureNonceUsed": (REPLAY,),
    "ECS AllocateEipAddress 400 COMMODITY.INVALID_COMPONENT": (SetUp(),),
    "ECS AllocateEipAddress 400 UnknownError": (Passes(), SetUp(passing=True)),
    "ECS AttachNetworkInterface 403 EniPerInstanceLimitExceeded": (Breaks("instance full of interfaces"), SetUp()),
    "ECS CreateInstance 400 InvalidParameter": (SetUp(),),
    "ECS CreateInstance 403 InstanceType.Offline": (SetUp(),),
    "ECS CreateInstance 403 InvalidResourceType.NotSupported": (SetUp(),),
    "ECS CreateInstance 403 InvalidSystemDiskCategory.ValueNotSupported": (SetUp(),),
    "ECS CreateInstance 403 OperationDenied": (SetUp(),),
    "ECS CreateInstance 403 Zone.NotOnSale": (SetUp(),),
    "ECS CreateInstance 404 InvalidSecurityGroupId.NotFound": (Breaks("security group gone"), SetUp()),
    "ECS CreateNetworkInterface 400 InvalidParameter": (SetUp(),),
    "ECS CreateNetworkInterface 403 QuotaExceeded.PrivateIpAddress": (SetUp(),),
    "ECS DeleteInstance 403 IncorrectInstanceStatus": (SetUp(passing=True),),
    "ECS DescribeAvailableResource 400 Invalid.Param": (
        Breaks("no region"),
        Breaks("no instance id"),
        Breaks("no interface id"),
        SetUp(),
    ),
    "ECS DescribeInstanceAttribute 400 MissingParameter": (Breaks("empty instance id"), SetUp()),
    "ECS DescribeInstances 400 InvalidParameter": (Breaks("malformed instance id"), SetUp()),
    "ECS DescribeInstances 404 InvalidRegionId.NotFound": (NO_REGION, SetUp()),
    "ECS DescribeRegions 403 Forbidden.RAM": (RAM, SetUp()),
    "ECS DetachNetworkInterface 400 InvalidAccessKeyId.Inactive": (DEAD_KEY,),
    "ECS DetachNetworkInterface 400 InvalidInstanceId.Malformed": (Breaks("malformed instance id"),),
    "ECS DetachNetworkInterface 400 InvalidOperation.InvalidEcsState": (Passes(valid=True),),
    "ECS DetachNetworkInterface 400 InvalidOperation.InvalidEniState": (Passes(valid=True),),
    "ECS DetachNetworkInterface 400 LastTokenProcessing": (Passes(),),
    "ECS DetachNetworkInterface 400 RequestLimitExceeded": (Throttles(),),
    "ECS DetachNetworkInterface 400 Throttling": (Throttles(),),
    "ECS DetachNetworkInterface 400 Throttling.User": (Throttles(),),
    "ECS DetachNetworkInterface 400 UnknownError": (Passes(),),
    "ECS DetachNetworkInterface 403 InvalidOperation.Conflict": (Passes(),),
    "ECS DetachNetworkInterface 403 InvalidOperation.InvalidEniType": (Passes(valid=True),),
    "ECS DetachNetworkInterface 403 NoPermission": (RAM,),
    "ECS DetachNetworkInterface 403 Operation.Conflict": (Passes(),),
    "ECS DetachNetworkInterface 404 InvalidAccessKeyId.NotFound": (DEAD_KEY, KEY),
    "ECS DetachNetworkInterface 404 InvalidInstanceId.NotFound": (NO_INSTANCE,),
    "ECS DetachNetworkInterface 404 InvalidRegionId.NotFound": (NO_REGION,),
    "ECS DetachNetworkInterface 500 InternalError": (Passes(),),
    "ECS DetachNetworkInterface 502 ?": (Passes(),),
    "ECS DetachNetworkInterface 503 ?": (Passes(), Throttles()),
    "ECS DetachNetworkInterface 503 ServiceUnavailable": (Passes(), Throttles()),
    "ECS DetachNetworkInterface 504 RequestTimeout": (Passes(),),
    "ECS ModifyInstanceAttribute 403 Forbidden.InstanceNotFound": (
        RAM,
        NO_INSTANCE,
        Breaks("another tenant's instance"),
        SetUp(),
    ),
    "ECS gateway 400 Throttling.Api": (Throttles(),),
    "alidns gateway 404 InvalidAccessKeyId.NotFound": (DEAD_KEY, KEY),
    "alidns gateway/business 400 Forbidden.RAM": (RAM,),
    "cms gateway 404 InvalidAccessKeyId.NotFound": (DEAD_KEY, KEY),
    "edas gateway 503 ServiceUnavailable": (Passes(), Throttles()),
    "sts gateway 400 Throttling.User": (Throttles(),),
}


def cases(kind: type[Place], wanted: Callable[[Line], bool] = lambda _: True):
    """(line, place) for each place of a kind, named by the line and, where it has several, by the place."""
    found = [(line, place) for line in LINES for place in FITS[line.name] if isinstance(place, kind) and wanted(line)]
    return [pytest.param(line, place, id=_id(line, place)) for line, place in found]


def _id(line: Line, place: Place) -> str:
    alike = [other for other in LINES if other.name == line.name]
    which = f" ({line.context or 'no context'})" if len(alike) > 1 else ""
    where = place.fault if isinstance(place, Breaks) else place.row if isinstance(place, Probed) else ""
    return line.name + which + (f": {where}" if where else "")


def test_every_line_has_its_place_and_no_place_is_without_a_line():
    assert set(FITS) == {line.name for line in LINES}
    assert all(FITS.values())
    kinds = {type(place) for places in FITS.values() for place in places}
    assert kinds == {Breaks, Probed, Passes, Throttles, SetUp}
    assert {place.fault for places in FITS.values() for place in places if isinstance(place, Breaks)} == set(FAULTS)


def test_what_the_operation_under_test_says_is_never_a_matter_of_the_set_up_alone():
    """The other way round, what another operation says can be none of its answers."""
    for line in LINES:
        if line.operation == ACTION:
            assert not any(isinstance(place, SetUp) for place in FITS[line.name])
        elif "gateway" not in line.operation:
            assert any(isinstance(place, SetUp) for place in FITS[line.name])


# --- the answer as it comes over the wire --------------------------------------------------------

ID = "7C8F316E-F081-3D70-8D18-D46CD103E1AB"
JSON_TYPE, XML_TYPE = "application/json;charset=utf-8", "text/xml;charset=utf-8"
PAGE_OF_A_SERVER = b"<html>\r\n<head><title>Bad Gateway</title></head>\r\n<body><hr>web server</body>\r\n</html>\r\n"

ODD_MESSAGES = {
    "over two lines": "The signature does not match; signed by the server was: [ACS3-HMAC-SHA256\n7ea06492da5221]",
    "ends with a blank": "The disk category is not offered in this zone. ",
    "quote left open": 'There is no security group "sg-bp1aaaa',
    "key in brackets": "There is no AccessKey [LTAI1234567890].",
    "InstanceIds no JSON list": 'The parameter "InstanceIds" is no list: i-bp1aaaa,i-bp1bbbb',
    "InstanceId sent empty": "The parameter 'InstanceId' is missing & must be given.",
}
"""What the context of a line tells of its Message -> one of that kind."""

DENIED = {
    "AuthAction": "ecs:DetachNetworkInterface",
    "AuthPrincipalType": "SubUser",
    "AuthPrincipalDisplayName": "20000000000000",
    "NoPermissionType": "ImplicitDeny",
    "PolicyType": "AccountLevelIdentityBasedPolicy",
    "EncodedDiagnosticMessage": "AQEAAAAAZ+/w==",
}
"""What goes with a refusal for want of a policy."""


def envelope(line: Line) -> dict[str, str | dict[str, str]]:
    """The fields of a real refusal with this code."""
    host = "ecs.cn-hangzhou.aliyuncs.com" if line.product in ("ECS", "?") else f"{line.product}.aliyuncs.com"
    message = [text for told, text in ODD_MESSAGES.items() if told in line.context]
    fields: dict[str, str | dict[str, str]] = {
        "RequestId": ID,
        "HostId": host,
        "Code": line.code,
        "Message": message[0] if message else f"The call to {line.operation} was refused.",
        "Recommend": f"https://api.aliyun.com/troubleshoot?q={line.code}&product={line.product}&requestId={ID}",
    }
    if line.code in ("Forbidden.RAM", "NoPermission"):
        fields["AccessDeniedDetail"] = DENIED
    return fields


def as_xml(fields: dict[str, str | dict[str, str]], tag: str = "Error") -> ElementTree.Element:
    """Fields as elements, an object as a nested one."""
    made = ElementTree.Element(tag)
    for name, value in fields.items():
        if isinstance(value, dict):
            made.append(as_xml(value, name))
        else:
            ElementTree.SubElement(made, name).text = value
    return made


def answered(line: Line, form: str = "JSON", action: str = ACTION) -> Exchange:
    """The answer of a line to a call of `action`; a page of a web server where it has no code."""
    kind, body = ("text/html", PAGE_OF_A_SERVER)
    if line.code != "?" and form == "JSON":
        kind, body = JSON_TYPE, json.dumps(envelope(line)).encode()
    elif line.code != "?":
        kind, body = XML_TYPE, ElementTree.tostring(as_xml(envelope(line)), "utf-8", xml_declaration=True)
    headers = (("Content-Type", kind), ("X-Acs-Trace-Id", "0af7651916cd43dd8448eb211c80319c"))
    headers += (("X-Acs-Request-Id", ID),) if line.code != "?" else ()
    sent = Request(action, "2014-05-26", "GET", "http://127.0.0.1/", (), (), b"", "account", "v1")
    return Exchange("x-1", sent, 0.0, 0.1, "answered", line.status, "", headers, body)


def said(line: Line, form: str = "JSON") -> Reply:
    """The gist of that answer, as the suite reads it."""
    return read(answered(line, form), form).reply


WITH_CODE = [line for line in LINES if line.code != "?"]


@pytest.mark.parametrize("form", ["JSON", "XML"])
@pytest.mark.parametrize("line", WITH_CODE, ids=[f"{n} {line.name}" for n, line in enumerate(WITH_CODE, 1)])
def test_the_real_envelope_has_nothing_wrong(line, form):
    """R01 to R06 and R09, asked for in this format or in none. A status of 500 or above is another matter (B01)."""
    for wanted in (form, ""):
        answer = read(answered(line, form), wanted)
        assert [f for f in answer.findings if f.requirement != "B01"] == []
        assert bool(answer.findings) == (line.status >= 500)
        assert (answer.reply, answer.format) == (Reply(line.status, line.code), form)
        assert (answer.request_id, answer.message) == (ID, envelope(line)["Message"])
        assert not template_left(answer.message, ())


def test_envelopes_show_every_oddity_that_the_lines_tell_of():
    """A line feed, an open quote, a trailing blank, an object; each stands in some line."""
    messages = {str(envelope(line)["Message"]) for line in WITH_CODE}
    assert set(ODD_MESSAGES.values()) <= messages
    assert any("\n" in m for m in messages) and any(m.count('"') == 1 for m in messages)
    assert any(m.endswith(" ") for m in messages)
    for form in ("JSON", "XML"):
        details = [read(answered(line, form), form).fields.get("AccessDeniedDetail") for line in WITH_CODE]
        assert sum(1 for detail in details if detail and not isinstance(detail, str)) == 5


def test_the_string_to_sign_in_a_message_is_no_placeholder():
    """The older scheme's refusal quotes it, with every character of the call percent-encoded."""
    signed = "GET&%2F&AccessKeyId%3Dtestid%26Timestamp%3D2016-02-23T12%253A46%253A24Z%26Name%3D%25E5%25BC%25B9"
    assert not template_left(f"The signature does not match. The server signed: {signed}", ())


# --- admissible ----------------------------------------------------------------------------------

GOOD = (Param("RegionId", "cn-hangzhou"), Param("InstanceId", "i-1"), Param("NetworkInterfaceId", "eni-1"))


def known(*, full: bool = False, fault: str = "") -> Known:
    """A Running instance, and an interface in use on it."""
    return Known(
        "cn-hangzhou",
        frozenset({"cn-hangzhou", "cn-beijing"}),
        {"i-1": InstanceKnown("i-1", frozenset({"Running"}), "instance.eni_limit" if full else "")},
        {"eni-1": EniKnown("eni-1", frozenset({"InUse"}), frozenset({"i-1"}), fault=fault)},
    )


def call(*instead: Param, without: str = "", caller: str = "account") -> Asked:
    """The valid call, but for these parameters."""
    other = {param.name: param for param in instead}
    return Asked(tuple(other.get(p.name, p) for p in GOOD if p.name != without), caller)


TENANT = ("caller owns the resources", "instance exists", "interface exists")
FAULTS: dict[str, tuple[tuple[str, ...], Known, Asked]] = {
    "RAM user without a policy": (("RAM user is authorised",), known(), call(caller="ram_denied")),
    "dead key": (("caller's account and key are valid",), known(), call(caller="expired")),
    "another tenant's instance": (TENANT, known(), call(caller="other_account")),
    "unknown region": (("region exists",), known(), call(Param("RegionId", "10", "unknown"))),
    "unknown instance": (("instance exists",), known(), call(Param("InstanceId", "i-9", "unknown"))),
    "malformed instance id": (("instance id well-formed",), known(), call(Param("InstanceId", "1,2", "border"))),
    "empty instance id": (("instance id not empty",), known(), call(Param("InstanceId", "", "empty"))),
    "no region": (("region given",), known(), call(without="RegionId")),
    "no instance id": (("instance id given",), known(), call(without="InstanceId")),
    "no interface id": (("interface id given",), known(), call(without="NetworkInterfaceId")),
    "instance full of interfaces": (("instance within its interface limit",), known(full=True), call()),
    "security group gone": (("security group exists",), known(fault="security_group.remove"), call()),
}
"""name -> what is broken, alone but where a tenant sees no resource of another, the state, and the call."""

REVISIONS = pytest.mark.parametrize("revision", ["2019", "2024"])


def expected(revision: str, fault: str, *, page_alone: bool = False) -> Admissible:
    broken, state, asked = FAULTS[fault]
    contract = CONTRACTS[revision]
    made = admissible(contract.by_the_page() if page_alone else contract, state, asked)
    assert set(made.broken) == set(broken) and not made.perhaps and not made.success
    return made


@REVISIONS
@pytest.mark.parametrize("form", ["JSON", "XML"])
@pytest.mark.parametrize(("line", "place"), cases(Breaks))
def test_a_refusal_is_admissible_where_its_fault_is(line, place, form, revision):
    assert judge_reply(CONTRACTS[revision], expected(revision, place.fault), said(line, form)) == []


@REVISIONS
@pytest.mark.parametrize(("line", "place"), cases(Breaks))
def test_the_page_alone_admits_its_own_rows_only(line, place, revision):
    """So the common table is what makes room for the others, and `--strict` takes it away."""
    contract = CONTRACTS[revision]
    on_the_page = any(line.code == row.code and line.status in row.http for row in contract.errors.values())
    found = judge_reply(contract, expected(revision, place.fault, page_alone=True), said(line))
    assert (found == []) == on_the_page


@REVISIONS
@pytest.mark.parametrize(("line", "place"), cases(Breaks))
def test_the_same_refusal_of_a_valid_call_is_a_violation(line, place, revision):
    """What is admissible in its place is not admissible everywhere, nor with a status that nobody has seen."""
    valid = admissible(CONTRACTS[revision], known(), call())
    assert judge_reply(CONTRACTS[revision], valid, said(line)) != []
    elsewhere = replace(said(line), status=409)
    assert judge_reply(CONTRACTS[revision], expected(revision, place.fault), elsewhere) != []


# --- the gateway ---------------------------------------------------------------------------------


@REVISIONS
@pytest.mark.parametrize(("line", "place"), cases(Probed))
def test_the_gateway_may_say_so_to_every_probe_of_its_row(line, place, revision):
    probes = {name: probe for name, probe in PROBES.items() if probe.requirement == place.row}
    assert len(probes) >= 2
    for name, probe in probes.items():
        for form in ("JSON", "XML"):
            assert judge(probe, name, said(line, form), CONTRACTS[revision].codes) == []


@REVISIONS
@pytest.mark.parametrize(("line", "place"), cases(Probed))
def test_the_gateway_may_not_say_so_to_a_call_in_order_or_too_old(line, place, revision):
    for name in ("ten minutes old", "further signed header", "two hours old"):
        assert judge(PROBES[name], name, said(line), CONTRACTS[revision].codes) != []


# --- passing, and throttled ----------------------------------------------------------------------


@pytest.mark.parametrize("form", ["JSON", "XML"])
@pytest.mark.parametrize(("line", "place"), cases(Passes))
def test_what_may_pass_has_a_row_in_the_passing_table(line, place, form):
    """What speaks of a state has one only where nothing is known that the call breaks."""
    reply = said(line, form)
    row = passing(reply.status, reply.code, valid=True)
    assert row is not None and row.code == line.code.strip("?") and line.status in row.http
    assert row.valid == place.valid
    assert passing(reply.status, reply.code, valid=False) == (None if place.valid else row)


@pytest.mark.parametrize(("line", "place"), cases(Passes))
def test_a_status_that_nobody_has_seen_does_not_pass(line, place):
    assert passing(404, line.code, valid=True) is None


@pytest.mark.parametrize("form", ["JSON", "XML"])
@pytest.mark.parametrize(("line", "place"), cases(Throttles))
def test_what_says_slow_down_is_throttling(line, place, form):
    assert is_throttling(answered(line, form))


@pytest.mark.parametrize("form", ["JSON", "XML"])
@pytest.mark.parametrize("line", LINES, ids=[f"{n} {line.name}" for n, line in enumerate(LINES, 1)])
def test_nothing_else_is_throttling(line, form):
    """Else a verdict would be lost: the client sends again what is throttled, and nobody judges it."""
    assert is_throttling(answered(line, form)) == any(isinstance(p, Throttles) for p in FITS[line.name])


# --- the set-up ----------------------------------------------------------------------------------

TARGET = parse_target(
    {
        "endpoint": "http://127.0.0.1:9000",
        "region": "cn-hangzhou",
        "callers": {"account": {"access_key_id": "LTAI-tests", "access_key_secret": "a-secret-of-tests"}},
    }
)


class Endpoint:
    """In place of a Client: gives these answers, the last one for ever, and a clock that only waiting moves."""

    allowance = None

    def __init__(self, *answers: Exchange) -> None:
        self.answers = list(answers)
        self.sent: list[str] = []
        self.repeated: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.time = 1_700_000_000.0
        self.clock = Clock(lambda: self.time, lambda: self.time, self._wait)

    def _wait(self, seconds: float) -> None:
        self.time += seconds

    def send(self, action: str, pairs: object, **how: object) -> Exchange:
        self.sent.append(action)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def success(action: str) -> Exchange:
    """A success that names whatever was created."""
    fields = {"RequestId": ID, "InstanceId": "i-1", "NetworkInterfaceId": "eni-1"}
    body = json.dumps(fields).encode()
    return replace(answered(LINES[0], action=action), status=200, body=body)


@pytest.fixture
def session(tmp_path):
    """A function: the answers of the endpoint -> a session of the set-up with it."""
    book = ledger.Ledger(tmp_path, "run-000001", durable=False)
    return lambda *answers: ecs.Session(TARGET, Endpoint(*answers), book, "run-000001")


@pytest.mark.parametrize("form", ["JSON", "XML"])
@pytest.mark.parametrize(
    ("line", "place"), [*cases(SetUp, lambda line: SetUp(True) in FITS[line.name]), *cases(Passes)]
)
def test_the_set_up_tries_again_what_passes(line, place, form, session):
    refusal, done = answered(line, form, line.operation), success(line.operation)
    build = session(refusal, refusal, done)
    assert do(build, line.operation, [], "advice") == done
    assert build.client.sent == [line.operation] * 3


@pytest.mark.parametrize("form", ["JSON", "XML"])
@pytest.mark.parametrize(("line", "place"), cases(SetUp, lambda line: SetUp() in FITS[line.name]))
def test_the_set_up_believes_at_once_what_is_refused_for_good(line, place, form, session):
    """It says what came back and does not wait: no stock and no policy do not pass in two minutes."""
    build = session(answered(line, form, line.operation), success(line.operation))
    with pytest.raises(ecs.SetupError) as refused:
        do(build, line.operation, [], "advice")
    assert build.client.sent == [line.operation]
    assert (refused.value.action, refused.value.code) == (line.operation, line.code)
    assert f"HTTP {line.status} {line.code}" in str(refused.value)


def creates(line: Line) -> bool:
    return line.operation in ("CreateInstance", "CreateNetworkInterface")


@pytest.mark.parametrize(("line", "place"), cases(SetUp, creates))
def test_what_is_refused_for_good_has_created_nothing(line, place, session, tmp_path):
    """The ledger closes the intent, so that the janitor has nothing to look for."""
    build = session(answered(line, action=line.operation), success(line.operation))
    with pytest.raises(ecs.SetupError):
        create(build, "instance", line.operation, [], named("InstanceId"), "advice")
    book = ledger.read(tmp_path)
    assert build.client.sent == [line.operation]
    assert not book.owned and not book.open


@pytest.mark.parametrize(("line", "place"), cases(SetUp))
def test_what_the_set_up_meets_is_no_verdict(line, place, session, tmp_path, monkeypatch):
    """It is no answer of the operation under test: the case is undecided, says why, and finds nothing."""
    assert line.operation != ACTION
    build = session(answered(line, action=line.operation))

    def refused(*_: object) -> None:
        do(build, line.operation, [], "advice")

    monkeypatch.setattr(arrange, "rest", lambda bench: Snapshot(0.0))
    monkeypatch.setattr(arrange, "arrange", refused)
    bench = pool.Bench(None, None, frozenset(), 2, 4, 2.0)
    scenario = Scenario(World(), (Detach(),))
    judgement = judge_history(CONTRACTS["2019"], play(scenario, Stage(bench, tmp_path), guide_of(CONTRACTS["2019"])))
    assert judgement.found == ()
    assert f"{line.operation}: HTTP {line.status} {line.code}" in judgement.undecided
