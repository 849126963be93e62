"""What a target offers and how far its clock is off, found out from what a small endpoint answers."""

from __future__ import annotations

import calendar
import email.utils
import json
import random
import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from eni_conformance.harness.account import survey as surveys
from eni_conformance.harness.account.survey import CLOCK_OFF, CLOCK_WINDOW, RESOLUTION, survey, wire_for
from eni_conformance.harness.bench.look import AGAIN
from eni_conformance.harness.clock import Clock
from eni_conformance.harness.target import ALL_OFFERS, Offers, parse_target
from eni_conformance.harness.wire.client import Client
from raw_server import serving

NOW = 1_700_000_000.0
KNOWN = {"RequestId": "0BF35E8A-A8D2-59DC-9039-1976C392BA92", "Regions": {"Region": []}}
REFUSED = {**KNOWN, "HostId": "h", "Code": "SignatureDoesNotMatch", "Message": "the signature is not right"}
BOTH = ("json", "xml")


def target_of(url, **more):
    return parse_target(
        {
            "region": "cn-hangzhou",
            "endpoint": url,
            "callers": {"account": {"access_key_id": "LTAIkey0001", "access_key_secret": "the-secret"}},
            **more,
        }
    )


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.at = NOW

    def sleep(self, seconds):
        self.at += seconds


def spelled(fields, form):
    """A body in one of the formats."""
    if form == "json":
        return json.dumps(fields).encode()
    inside = "".join(f"<{k}>{v if isinstance(v, str) else ''}</{k}>" for k, v in fields.items())
    root = "Error" if "Code" in fields else "DescribeRegionsResponse"
    return f"<{root}>{inside}</{root}>".encode()


class Endpoint:
    """Answers DescribeRegions. schemes, formats: what it offers; a format that is not is answered in the other one (or
    refused with `no_format`), a scheme with a refusal. skew: how far its clock is ahead, None: no Date header. window:
    seconds by which time stamps may differ. first: statuses and bodies of the first answers. servers: its Server
    headers in turn, "" for none."""

    def __init__(
        self,
        schemes=("v1", "v3"),
        formats=BOTH,
        *,
        skew=0.0,
        window=None,
        first=(),
        no_format="",
        fields=None,
        servers=("",),
    ):
        self.servers = servers
        self.schemes, self.formats, self.skew, self.window = schemes, formats, skew, window
        self.first, self.no_format, self.fields = list(first), no_format, fields or KNOWN
        self.clock = Time()
        self.asked = []

    def __call__(self, connection, request, _number):
        head = request.partition(b"\r\n\r\n")[0].decode()
        query = {k: v[0] for k, v in parse_qs(urlsplit(head.split(" ")[1]).query).items()}
        scheme = "v1" if "Signature" in query else "v3"
        form = query["Format"].lower()
        self.asked.append((scheme, form))
        status, body = self._answer(head, query, scheme, form)
        date = ""
        if self.skew is not None:
            date = f"Date: {email.utils.formatdate(self.clock.at + self.skew, usegmt=True)}\r\n"
        if server := self.servers[len(self.asked) % len(self.servers)]:
            date += f"Server: {server}\r\n"
        connection.sendall(f"HTTP/1.1 {status} X\r\n{date}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return True

    def _answer(self, head, query, scheme, form):
        if self.first:
            return self.first.pop(0)
        shown = form if form in self.formats else self.formats[0]
        if form not in self.formats and self.no_format:
            return 400, spelled({**REFUSED, "Code": self.no_format}, shown)
        if scheme not in self.schemes:
            return 400, spelled(REFUSED, shown)
        if self.window is not None:
            text = query.get("Timestamp") or re.search(r"(?mi)^x-acs-date: (\S+)", head)[1]
            if abs(_seconds(text) - self.clock.at - (self.skew or 0.0)) > self.window:
                return 400, spelled({**REFUSED, "Code": "InvalidTimeStamp.Expired"}, shown)
        return 200, spelled(self.fields, shown)

    def survey(self, **more):
        """What is found out about it."""
        with serving(self) as server:
            clock = self.clock
            now = Clock(lambda: clock.at, lambda: clock.at, clock.sleep)
            client = Client(target_of(server.url, **more), clock=now, rng=random.Random(1))
            return survey(client)


def _seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


# --- its version ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("servers", "told"), [(("",), ""), (("ecs/2.3",), "ecs/2.3"), (("ecs/2.3", "ecs/2.4", ""), "ecs/2.4, ecs/2.3")]
)
def test_what_an_endpoint_tells_of_its_version(servers, told):
    """Nothing is told where it tells nothing; of a cluster whose nodes differ all versions are."""
    assert sorted(Endpoint(servers=servers).survey().version.split(", ")) == sorted(told.split(", "))


# --- what is offered -----------------------------------------------------------------------------


def test_an_endpoint_that_offers_everything():
    endpoint = Endpoint()
    found = endpoint.survey()
    assert found.offers == ALL_OFFERS
    assert (found.problem, found.undeclared, found.skew) == ("", (), 0.0)
    assert endpoint.asked == [(s, f) for s in ("v1", "v3") for f in BOTH], "each once, and nothing else"
    assert {(s, f): said for s, f, said in found.asked} == dict.fromkeys(endpoint.asked, "HTTP 200")


@pytest.mark.parametrize("scheme", ["v1", "v3"])
def test_a_scheme_that_is_refused_is_not_offered(scheme):
    """Schemes are a choice of the endpoint, and nothing to be told."""
    found = Endpoint((scheme,)).survey()
    assert found.offers == Offers(BOTH, (scheme,)) and not found.problem and found.undeclared == ()
    other = next(said for s, _, said in found.asked if s != scheme)
    assert other.startswith("HTTP 400 SignatureDoesNotMatch")


@pytest.mark.parametrize("no_format", ["", "InvalidParameter.Format"])
@pytest.mark.parametrize(("formats", "lacking"), [(("json",), ("xml",)), (("xml",), ("json",))])
def test_a_format_that_does_not_work_is_found_out_and_told(formats, lacking, no_format):
    """Answered in the other one, or refused: the page documents both."""
    found = Endpoint(formats=formats, no_format=no_format).survey()
    assert found.offers == Offers(formats, ("v1", "v3")) and found.undeclared == lacking and not found.problem


def test_what_the_file_rules_out_is_not_asked_and_not_told():
    endpoint = Endpoint(("v3",), ("json",))
    found = endpoint.survey(offers={"formats": ["json"], "signing": ["v3"]})
    assert endpoint.asked == [("v3", "json")]
    assert found.offers == Offers(("json",), ("v3",)) and found.undeclared == () and not found.problem


def test_what_the_file_declares_is_believed():
    """That it does not work is for the tests to tell, where it is asked for."""
    found = Endpoint(formats=("json",)).survey(offers={"formats": ["json", "xml"]})
    assert found.offers.formats == BOTH and found.undeclared == ()
    found = Endpoint(("v1",)).survey(offers={"signing": ["v1", "v3"]})
    assert found.offers.signing == ("v1", "v3")


@pytest.mark.parametrize("code", surveys.NOT_OFFERED)
def test_an_endpoint_without_describe_regions_speaks_ecs_all_the_same(code):
    found = Endpoint(fields={**REFUSED, "Code": code}, first=[]).survey()
    assert not found.problem and found.offers == ALL_OFFERS


@pytest.mark.parametrize(
    ("endpoint", "problem"),
    [
        (Endpoint(()), "HTTP 400 SignatureDoesNotMatch: the signature is not right"),
        (Endpoint(fields={"hello": "world"}), "HTTP 200: what answers there does not speak ECS"),
        (Endpoint(first=[(200, b"<html><body>hello</body></html>")] * 4), "HTTP 200: what answers there does not"),
        (Endpoint(first=[(404, b"not found")] * 4), "HTTP 404: what answers there does not speak ECS"),
    ],
)
def test_who_cannot_be_asked_anything_is_told_with_what_came(endpoint, problem):
    assert endpoint.survey().problem.startswith(problem)


def test_nobody_there_is_told_after_one_question():
    with serving(lambda *_: False) as server:
        url = server.url
    client = Client(target_of(url))
    assert survey(client, deadline=2.0).problem.startswith("refused (")


# --- answers that pass ---------------------------------------------------------------------------

PASSING = [
    (500, b'{"RequestId":"R","Code":"InternalError","Message":"m"}'),
    (400, b'{"RequestId":"R","Code":"UnknownError","Message":"m"}'),
    (400, b'{"RequestId":"R","Code":"OperationConflict","Message":"m"}'),
    (502, b"<html><body>Bad Gateway</body></html>"),
    (504, b"<html><body>Gateway Time-out</body></html>"),
]


@pytest.mark.parametrize("passing", PASSING, ids=lambda one: str(one[0]) + one[1].decode()[24:34])
@pytest.mark.parametrize("times", range(1 + len(AGAIN)))
def test_an_answer_that_may_pass_is_asked_again(passing, times):
    endpoint = Endpoint(first=[passing] * times)
    found = endpoint.survey()
    assert found.offers == ALL_OFFERS and not found.problem
    assert len(endpoint.asked) == 4 + times


def test_an_answer_that_does_not_pass_by_is_told_after_a_few_tries():
    endpoint = Endpoint(first=[PASSING[0]] * 99)
    found = endpoint.survey()
    assert found.problem.startswith("HTTP 500 InternalError")
    assert len(endpoint.asked) == 4 * (1 + len(AGAIN))


def test_a_refusal_is_not_asked_again():
    endpoint = Endpoint(())
    endpoint.survey()
    assert len(endpoint.asked) == 4


# --- the clock -----------------------------------------------------------------------------------


@pytest.mark.parametrize("skew", [-50.0, -10.0, 10.0, 50.0])
def test_a_clock_that_is_seconds_off_is_corrected_for(skew):
    found = Endpoint(skew=skew).survey()
    assert not found.problem and found.offers == ALL_OFFERS
    assert found.skew == pytest.approx(skew, abs=1.0)


@pytest.mark.parametrize("skew", [-1.0, 0.0, 1.0])
def test_a_difference_below_the_resolution_of_the_header_is_none(skew):
    assert Endpoint(skew=skew).survey().skew == 0.0
    assert RESOLUTION < CLOCK_OFF < CLOCK_WINDOW


@pytest.mark.parametrize(
    ("skew", "said", "window"),
    [
        (480.0, "8 minutes behind", None),  # accepted, and yet the probes of time rest on it
        (480.0, "8 minutes behind", CLOCK_WINDOW),
        (-480.0, "8 minutes ahead of", CLOCK_WINDOW),
        (-1200.0, "20 minutes ahead of", CLOCK_WINDOW),  # refused
        (7200.0, "120 minutes behind", CLOCK_WINDOW),
    ],
)
def test_a_clock_that_is_minutes_off_is_told(skew, said, window):
    """It would be told as up to seven violated rows."""
    found = Endpoint(skew=skew, window=window).survey()
    assert found.problem.startswith(f"this machine's clock is {said} the endpoint's; set it")
    assert found.skew == pytest.approx(skew, abs=1.0)


@pytest.mark.parametrize("hours", [-8, 8, 24 * 365])
def test_a_date_header_that_is_hours_off_says_nothing_where_time_stamps_are_accepted(hours):
    """A wrong header, or an endpoint that looks at no clock: for the probes of time to tell."""
    found = Endpoint(skew=hours * 3600.0).survey()
    assert (found.problem, found.skew, found.offers) == ("", 0.0, ALL_OFFERS)


def test_an_endpoint_that_does_not_tell_the_time_is_taken_to_agree():
    found = Endpoint(skew=None).survey()
    assert (found.problem, found.skew) == ("", 0.0)


# --- how the set-up is sent ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "offers", "form", "signing"),
    [
        ("http://127.0.0.1:9", {}, "JSON", "v1"),
        ("https://ecs.example", {}, "JSON", "v3"),
        ("http://127.0.0.1:9", {"signing": ["v3"]}, "JSON", "v3"),
        ("https://ecs.example", {"signing": ["v1"]}, "JSON", "v1"),
        ("https://ecs.example", {"formats": ["xml"]}, "XML", "v3"),
        ("https://ecs.example", {"formats": ["json", "xml"], "signing": ["v1", "v3"]}, "JSON", "v3"),
    ],
)
def test_the_set_up_is_sent_in_what_is_offered(url, offers, form, signing):
    wire = wire_for(target_of(url, offers=offers) if offers else target_of(url))
    assert (wire.format, wire.signing) == (form, signing)
