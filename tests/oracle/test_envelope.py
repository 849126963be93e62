"""The shape of an answer: what the page and the common rules ask of it, and what is wrong when it is otherwise."""

from __future__ import annotations

import json

import pytest
from eni_conformance.contract.detach import ACTION
from eni_conformance.harness.values import Exchange, Request
from eni_conformance.oracle import envelope
from eni_conformance.oracle.envelope import came_in, looks_bare, read, template_left
from eni_conformance.oracle.readings import Reply
from hypothesis import example, given
from hypothesis import strategies as st

ID = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E"
SENT = Request(ACTION, "2014-05-26", "GET", "http://127.0.0.1/", (), (), b"", "account", "v1")
JSON_TYPE, XML_TYPE = "application/json;charset=utf-8", "text/xml;charset=utf-8"
REFUSAL = {
    "RequestId": ID,
    "HostId": "ecs.aliyuncs.com",
    "Code": "InvalidEniId.NotFound",
    "Message": "The interface eni-1 does not exist.",
}


def exchange(body: bytes, status: int = 200, content_type: str | None = JSON_TYPE, **headers: str) -> Exchange:
    pairs = [("Content-Type", content_type)] if content_type is not None else []
    pairs += [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Exchange("x-1", SENT, 0.0, 0.1, "answered", status, "", tuple(pairs), body)


def as_json(fields, status=200, wanted="JSON", **more):
    return read(exchange(json.dumps(fields).encode(), status, **more), wanted)


def as_xml(text, status=200, wanted="XML", content_type=XML_TYPE, **more):
    body = text if isinstance(text, bytes) else text.encode()
    return read(exchange(body, status, content_type, **more), wanted)


def xml_of(fields, root):
    return f"<{root}>" + "".join(f"<{k}>{v}</{k}>" for k, v in fields.items()) + f"</{root}>"


def said(answer):
    """(requirement, summary) of everything that is wrong."""
    return [(f.requirement, f.summary) for f in answer.findings]


# --- what the page shows -------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["JSON", ""])
def test_the_success_of_the_page_in_json(wanted):
    answer = as_json({"RequestId": ID}, wanted=wanted)
    assert answer == envelope.Answer(Reply(200, ""), ID, "", {"RequestId": ID}, (), "JSON")


@pytest.mark.parametrize("wanted", ["XML", ""])
@pytest.mark.parametrize("start", ["", '<?xml version="1.0" encoding="UTF-8"?>', "\n<!-- x -->"])
def test_the_success_of_the_page_in_xml(wanted, start):
    if start.startswith("\n") and not wanted:
        start = start.strip()
    answer = as_xml(f"{start}<{ACTION}Response>\n  <RequestId>{ID}</RequestId>\n</{ACTION}Response>", wanted=wanted)
    assert answer == envelope.Answer(Reply(200, ""), ID, "", {"RequestId": ID}, (), "XML")


@pytest.mark.parametrize("status", [400, 403, 404, 499])
def test_a_refusal_carries_request_id_host_code_and_message(status):
    for answer in (
        as_json(REFUSAL, status),
        as_json({**REFUSAL, "Recommend": "https://api.example/", "AccessDeniedDetail": {"AuthAction": "x"}}, status),
        as_xml(xml_of(REFUSAL, "Error"), status),
        as_xml(xml_of(dict(reversed(REFUSAL.items())), "Error"), status),
    ):
        assert answer.findings == ()
        assert answer.reply == Reply(status, "InvalidEniId.NotFound")
        assert (answer.request_id, answer.message) == (ID, REFUSAL["Message"])


def test_another_operation_has_a_root_of_its_own():
    body = exchange(f"<StopInstanceResponse><RequestId>{ID}</RequestId></StopInstanceResponse>".encode(), 200, XML_TYPE)
    assert read(body, "XML", "StopInstance").findings == ()
    assert said(read(body, "XML")) == [
        ("R03", "the root element of a success is StopInstanceResponse, not DetachNetworkInterfaceResponse")
    ]


# --- RequestId -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        ID.lower(), ID[:-1], ID + "0", ID.replace("-", ""), "G" + ID[1:], " " + ID, ID + "\n", "{" + ID + "}",
        "04F0F334-1335-436C-A1D7-6C044FExxxxx", "1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 404])
def test_a_request_id_is_an_upper_case_uuid(text, status):
    fields = {"RequestId": text} if status == 200 else {**REFUSAL, "RequestId": text}
    answer = as_json(fields, status)
    assert said(answer) == [("R01", f"RequestId {text!r} is not an upper-case UUID")]
    assert answer.request_id == text


@pytest.mark.parametrize("version", "0123456789ABCDEF")
def test_the_version_digit_of_a_request_id_does_not_matter(version):
    assert as_json({"RequestId": ID[:14] + version + ID[15:]}).findings == ()


@pytest.mark.parametrize("fields", [{}, {"RequestId": ""}, {"RequestId": 7}, {"RequestId": None}, {"requestId": ID}])
def test_a_request_id_that_is_missing_is_missing(fields):
    answer = as_json(fields)
    assert said(answer) == [("R01", "RequestId is missing")] and answer.request_id == ""
    refusal = {k: v for k, v in REFUSAL.items() if k != "RequestId"}
    assert said(as_json({**refusal, **fields}, 404)) == [("R01", "RequestId is missing")]


def test_a_very_long_request_id_is_shown_cut():
    ((_, text),) = said(as_json({"RequestId": "A" * 500}))
    assert text == f"RequestId {'A' * 48!r} is not an upper-case UUID"


def test_the_header_where_sent_equals_the_request_id():
    assert as_json({"RequestId": ID}, x_acs_request_id=ID).findings == ()
    other = ID.replace("4", "5")
    (finding,) = as_json({"RequestId": ID}, X_Acs_Request_Id=other).findings
    assert finding.requirement == "R09" and finding.cause == "shape:R09"
    assert finding.summary == f"x-acs-request-id is {other}, RequestId is {ID}"
    assert said(as_json({}, x_acs_request_id=ID)) == [("R01", "RequestId is missing")]


# --- success and refusal -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Code", "Message", "code", "message"])
def test_a_success_carries_neither_code_nor_message(name):
    assert said(as_json({"RequestId": ID, name: "x"})) == [("R02", f"a success carries {name}")]
    answer = as_xml(xml_of({"RequestId": ID, name: "x"}, f"{ACTION}Response"))
    assert said(answer) == [("R03", f"a success carries {name}")]
    assert answer.reply == Reply(200, "")
    assert as_json({"RequestId": ID, name: ""}).findings == ()


@pytest.mark.parametrize("status", [201, 202, 204, 299])
def test_a_success_comes_with_200(status):
    assert said(as_json({"RequestId": ID}, status)) == [("R02", f"a success came with status {status}, not 200")]


@pytest.mark.parametrize("status", [199, 300, 302, 400])
def test_any_status_but_2xx_is_read_as_a_refusal(status):
    answer = as_json({"RequestId": ID}, status)
    assert [r for r, _ in said(answer)] == ["R04"] * 3
    assert answer.reply == Reply(status, "?")


@pytest.mark.parametrize("name", ["Code", "HostId", "Message"])
@pytest.mark.parametrize(
    ("value", "word"), [(None, "missing"), ("", "empty"), ("  ", "empty"), (7, "empty"), ({}, "empty")]
)
def test_each_part_of_a_refusal_is_a_text_that_is_not_empty(name, value, word):
    fields = {k: v for k, v in REFUSAL.items() if k != name}
    if value is not None:
        fields[name] = value
    answer = as_json(fields, 404)
    assert said(answer) == [("R04", f"{name} is {word} in a refusal")]
    if name == "Code":
        assert answer.reply.code == (value if value == "  " else "?")
    if name == "Message":
        assert answer.message == (value if isinstance(value, str) else "")


def test_the_root_of_a_refusal_in_xml_is_error():
    answer = as_xml(xml_of(REFUSAL, f"{ACTION}Response"), 404)
    assert said(answer) == [("R04", f"the root element of a refusal is {ACTION}Response, not Error")]
    assert answer.reply == Reply(404, REFUSAL["Code"])


def test_a_code_that_holds_elements_is_no_code():
    fields = {k: v for k, v in REFUSAL.items() if k != "Code"}
    answer = as_xml(xml_of({**fields, "Code": "<a/>"}, "Error"), 404)
    assert said(answer) == [("R04", "Code is empty in a refusal")] and answer.reply.code == "?"


@pytest.mark.parametrize("status", [500, 503, 599])
def test_a_status_of_500_or_above_is_a_violation_whatever_the_body(status):
    (finding,) = as_json(REFUSAL, status).findings
    assert (finding.requirement, finding.cause) == ("B01", f"status:{status}")
    assert finding.summary == f"the endpoint answered with status {status}"
    assert as_json(REFUSAL, 499).findings == ()


# --- Message -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["%s", "%s.", " %s ", "{}", "{0}", "{0}。", "null", "None", "undefined", "message", "%s!"]
)
def test_a_message_is_not_a_bare_template(text):
    ((requirement, summary),) = said(as_json({**REFUSAL, "Message": text}, 404))
    assert requirement == "R06" and summary == f"Message is the bare template {text.strip()!r}"


@pytest.mark.parametrize(
    "text",
    [
        'Traceback (most recent call last):\n File "x.py"', "at com.x.Y.call(Y.java:12)", "java.lang.Runtime",
        'File "/srv/x.py", line 3', "goroutine 7 [running]", "panic: nil", "see stack trace", "Exception in thread",
        "NullPointerException: x", "ValueError: bad",
    ],
)  # fmt: skip
def test_a_message_shows_nothing_of_the_inside(text):
    assert said(as_json({**REFUSAL, "Message": f"Sorry. {text}"}, 404)) == [
        ("R06", "Message shows internals of the endpoint (a stack trace or an exception)")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "100 %",
        "The status is InUse.",
        "Error",
        "an exception to the rule",
        "look at i-1",
        "%sX",
        "X{}",
        "指定的网卡ID不存在。",
    ],
)
def test_a_message_may_say_anything_else(text):
    assert as_json({**REFUSAL, "Message": text}, 404).findings == ()


@pytest.mark.parametrize("left", ["%s", "%d", "%1$s", "${id}", "{}", "{0}", "{{x}}", "#{id}", "<%= id %>"])
def test_a_placeholder_is_left_unless_the_call_itself_sent_it(left):
    assert template_left(f"The id {left} is unknown", ["i-1"])
    assert template_left(f"The id {left} is unknown", [])
    assert not template_left(f"The id {left} is unknown", ["x", f"i-1{left}"])


@pytest.mark.parametrize("text", ["", "100% sure", "a {b} c", "$5", "#1", "5 < 6"])
def test_what_only_looks_like_a_placeholder_is_none(text):
    assert not template_left(text, [])


# --- format, type, encoding ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json", "application/json;charset=utf-8", "application/json; charset=UTF-8", "Application/JSON",
        'application/json;charset="utf-8"', "application/json; charset=utf8; q=1", " application/json ",
    ],
)  # fmt: skip
def test_types_that_json_may_have(content_type):
    assert as_json({"RequestId": ID}, content_type=content_type).findings == ()


@pytest.mark.parametrize("content_type", ["text/xml", "application/xml;charset=utf-8", "TEXT/XML; charset=utf8"])
def test_types_that_xml_may_have(content_type):
    body = xml_of({"RequestId": ID}, f"{ACTION}Response")
    assert as_xml(body, content_type=content_type).findings == ()


@pytest.mark.parametrize("content_type", ["text/plain", "text/html;charset=utf-8", "text/json", "application/jsonp"])
def test_another_type_is_a_violation(content_type):
    assert said(as_json({"RequestId": ID}, content_type=content_type)) == [
        ("R05", f"Content-Type is {content_type}, not that of JSON")
    ]
    body = xml_of({"RequestId": ID}, f"{ACTION}Response")
    assert said(as_xml(body, content_type=content_type)) == [
        ("R05", f"Content-Type is {content_type}, not that of XML")
    ]


def test_no_type_is_a_violation():
    assert said(as_json({"RequestId": ID}, content_type=None)) == [("R05", "Content-Type is missing, not that of JSON")]


def test_the_type_of_the_other_format_is_a_violation():
    assert said(as_json({"RequestId": ID}, content_type=XML_TYPE)) == [
        ("R05", f"Content-Type is {XML_TYPE}, not that of JSON")
    ]


@pytest.mark.parametrize("charset", ["gbk", "iso-8859-1", "utf-16"])
def test_another_charset_is_a_violation(charset):
    assert said(as_json({"RequestId": ID}, content_type=f"application/json; charset={charset}")) == [
        ("R05", f"Content-Type names the charset {charset}, the answers are UTF-8")
    ]


@pytest.mark.parametrize("charset", ["x=utf-8", "Xutf-8", "utf-8X", "utf-8 utf-16"])
def test_a_charset_is_taken_as_a_whole(charset):
    assert said(as_json({"RequestId": ID}, content_type=f"application/json; charset={charset}")) != []


@pytest.mark.parametrize(("encoding", "fine"), [("identity", True), ("Identity", True), ("gzip", False), ("br", False)])
def test_a_body_is_not_compressed_unasked(encoding, fine):
    answer = as_json({"RequestId": ID}, Content_Encoding=encoding)
    text = f"the body is compressed ({encoding}), which was not asked for"
    assert said(answer) == ([] if fine else [("R05", text)])


@pytest.mark.parametrize("status", [200, 404])
def test_an_answer_in_the_other_format_is_one_finding_and_the_rest_is_read(status):
    """XML where JSON was asked for, and the other way round: that is wrong, once; what it says is judged as it is."""
    fields = {"RequestId": ID} if status == 200 else REFUSAL
    reply = Reply(status, fields.get("Code", ""))
    xml = xml_of(fields, f"{ACTION}Response" if status == 200 else "Error").encode()
    for body, type_, wanted, came, row in (
        (xml, XML_TYPE, "JSON", "XML", "R02"),
        (json.dumps(fields).encode(), JSON_TYPE, "XML", "JSON", "R03"),
    ):
        answer = read(exchange(body, status, type_), wanted)
        assert said(answer) == [(row, f"the answer is {came}, although {wanted} was asked for")]
        assert answer.other_format and answer.format == came
        assert (answer.reply, answer.request_id, answer.fields) == (reply, ID, fields)


def test_the_type_is_that_of_what_came():
    """A Content-Type that names the format asked for, over a body in the other one, is wrong as well."""
    xml = xml_of({"RequestId": ID}, f"{ACTION}Response").encode()
    assert [r for r, _ in said(read(exchange(xml, 200, JSON_TYPE), "JSON"))] == ["R02", "R05"]
    assert [r for r, _ in said(read(exchange(b'{"RequestId": "%s"}' % ID.encode(), 200, XML_TYPE), "XML"))] == [
        "R03",
        "R05",
    ]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"<html><body><h1>502 Bad Gateway</h1></body></html>", "JSON"),
        (b"<HTML><BODY>no</BODY></HTML>", "JSON"),
        (b"<!DOCTYPE html><html><body>no</body></html>", "JSON"),
        (b"<html><head><meta charset=utf-8></head><hr></html>", "JSON"),
        (b"<not closed", "JSON"),
        (b"just a text", "JSON"),
        (b"just a text", "XML"),
        (b"<html><hr></html>", "XML"),
    ],
)
def test_the_page_of_a_server_in_front_is_no_answer_in_another_format(body, wanted):
    """It cannot be read, in the format asked for, and says nothing of which formats are offered."""
    answer = read(exchange(body, 502, "text/html"), wanted)
    assert not answer.other_format and answer.format == wanted and answer.reply == Reply(502, "?")
    assert (answer.request_id, answer.message, answer.fields) == ("", "", {})
    assert "shape:format" not in {f.cause for f in answer.findings}
    assert [r for r, _ in said(answer)] == ["B01", "R02" if wanted == "JSON" else "R03"]
    assert answer.findings[-1].also == ("R01", "R05") and "Content-Type is text/html" in answer.findings[-1].summary


def test_a_format_that_was_not_asked_for_is_no_other_one():
    """Where the endpoint may choose, both are right."""
    xml = xml_of({"RequestId": ID}, f"{ACTION}Response").encode()
    for body, type_ in ((xml, XML_TYPE), (json.dumps({"RequestId": ID}).encode(), JSON_TYPE)):
        answer = read(exchange(body, 200, type_), "")
        assert said(answer) == [] and not answer.other_format


@pytest.mark.parametrize("start", ["", "\n", " ", "\r\n\t", "\ufeff"])
def test_where_the_format_is_the_endpoints_choice_the_body_tells_it(start):
    """V3 without Format: JSON or XML, judged by what it is."""
    body = (start + f"<{ACTION}Response><RequestId>{ID}</RequestId></{ACTION}Response>").encode()
    assert read(exchange(body, 200, XML_TYPE), "").format == "XML"
    body = (start + json.dumps({"RequestId": ID})).encode()
    assert read(exchange(body, 200, JSON_TYPE), "").format == "JSON"
    assert read(exchange((start + "X<a/>").encode(), 200, JSON_TYPE), "").format == "JSON"


def test_a_byte_order_mark_is_a_matter_of_encoding_not_of_content():
    answer = read(exchange(b"\xef\xbb\xbf" + json.dumps({"RequestId": ID}).encode()), "JSON")
    assert said(answer) == [("R05", "the JSON body starts with a byte order mark")] and answer.request_id == ID
    xml = xml_of({"RequestId": ID}, f"{ACTION}Response").encode()
    answer = as_xml(b"\xef\xbb\xbf" + xml)
    assert answer.findings == () and answer.request_id == ID, "XML 1.0, 4.3.3, allows one"


def test_names_of_xml_may_be_in_a_namespace():
    for xmlns in ('xmlns="http://ecs.aliyuncs.com/doc/2014-05-26"', 'xmlns=""'):
        answer = as_xml(f"<{ACTION}Response {xmlns}><RequestId>{ID}</RequestId></{ACTION}Response>")
        assert answer.findings == () and answer.request_id == ID


def test_a_request_id_may_have_digits_of_both_cases():
    """As one captured answer has."""
    mixed = ID[:-12] + ID[-12:].lower()
    assert mixed not in (ID, ID.lower())
    assert as_json({"RequestId": mixed}).findings == ()


# --- bodies that cannot be read ------------------------------------------------------------------

NO_ID = ("R01", "no RequestId can be read from the answer")


@pytest.mark.parametrize(
    ("body", "summary"),
    [
        (b'{"RequestId": "\xff"}', "the JSON body is not UTF-8"),
        (b"[]", "the JSON body is not an object"),
        (b'"x"', "the JSON body is not an object"),
        (b"null", "the JSON body is not an object"),
        (b"", "the body is not valid JSON: "),
        (b"{", "the body is not valid JSON: "),
        (b"{'a': 1}", "the body is not valid JSON: "),
        (b'{"a": 1,}', "the body is not valid JSON: "),
        (b'{"a": NaN}', "the body is not valid JSON: NaN is not JSON"),
        (b'{"a": -Infinity}', "the body is not valid JSON: -Infinity is not JSON"),
        (b'{"a": 1} x', "the body is not valid JSON: "),
        (b'{"a": 1, "a": 2} x', "the body is not valid JSON: "),
        (b"<html>", "the body is not valid JSON: "),
        (b"[" * 100000, "the body is not valid JSON: "),
    ],
)
def test_a_body_that_is_no_json_object_is_a_violation_not_a_crash(body, summary):
    answer = read(exchange(body), "JSON")
    (first,) = said(answer)
    assert first[0] == "R02" and first[1].startswith(summary) and answer.findings[0].also == ("R01",)
    assert len(first[1]) <= len("the body is not valid JSON: ") + 80
    assert answer.unread and answer.reply == Reply(200, ""), "its status says that it is a success"
    assert read(exchange(body, 404), "JSON").reply == Reply(404, "?")


@pytest.mark.parametrize(
    ("body", "summary"),
    [
        (b"", "the body is not well-formed XML: "),
        (b"<a>", "the body is not well-formed XML: "),
        (b"<a></b>", "the body is not well-formed XML: "),
        (b"<a>" * 100000, "the body is not well-formed XML: "),
        (b"<a/><b/>", "the body is not well-formed XML: "),
        (b"<a>\xff</a>", "the body is not well-formed XML: "),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "the body is not well-formed XML: "),
        (
            b'<?xml version="1.0" encoding="' + b"n" * 200 + b'"?><a/>',
            "the body is not well-formed XML: unknown encoding",
        ),
        (b"<!DOCTYPE a><a/>", "the XML body carries a document type or entities"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "the XML body carries a document type or entities"),
    ],
)
def test_a_body_that_is_no_xml_is_a_violation_not_a_crash(body, summary):
    (first,) = said(as_xml(body))
    assert first[0] == "R03" and first[1].startswith(summary) and as_xml(body).findings[0].also == ("R01",)
    assert not first[1].endswith("None")
    assert len(first[1]) <= len("the body is not well-formed XML: ") + 80


def test_a_key_that_stands_twice_is_a_violation_and_the_last_counts():
    answer = read(exchange(f'{{"RequestId": "x", "RequestId": "{ID}"}}'.encode()), "JSON")
    assert said(answer) == [("R02", "the key RequestId stands twice in the JSON body")]
    assert answer.request_id == ID
    both = f'\ufeff{{"a": 1, "a": 2, "RequestId": "{ID}"}}'.encode()
    assert said(read(exchange(both), "JSON")) == [("R02", "the key a stands twice in the JSON body")]
    inside = f'{{"RequestId": "{ID}", "a": {{"b": 1, "b": 2, "c": 1, "c": 2}}}}'.encode()
    assert said(read(exchange(inside), "JSON")) == [("R02", "the key b stands twice in the JSON body")]


@pytest.mark.parametrize("name", ["RequestId", "HostId", "Code", "Message"])
def test_an_element_that_stands_twice_is_a_violation_and_the_first_counts(name):
    body = xml_of(REFUSAL, "Error").replace("</Error>", f"<{name}>other</{name}></Error>")
    answer = as_xml(body, 404)
    assert said(answer) == [("R03", f"the element {name} stands twice")]
    assert answer.fields == REFUSAL


def test_further_elements_may_stand_twice_and_may_be_nested():
    body = xml_of({**REFUSAL, "Detail": "<a>1</a>", "More": ""}, "Error").replace("</Error>", "<More>2</More></Error>")
    answer = as_xml(body, 404)
    assert answer.findings == () and answer.fields == {**REFUSAL, "Detail": True, "More": ""}


def test_only_the_first_thing_that_is_wrong_with_a_body_is_told():
    twice = "<Code>A</Code><Message>B</Message></Error>"
    body = xml_of(REFUSAL, "Error").replace("</Error>", twice).encode()
    assert said(as_xml(body, 404)) == [("R03", "the element Code stands twice")]


@given(st.binary(max_size=60), st.sampled_from((200, 204, 400, 404, 500)), st.sampled_from(("JSON", "XML", "")))
@example(b"{}", 200, "JSON")
def test_whatever_bytes_come_back_are_judged(body, status, wanted):
    """A violation with evidence, never an exception."""
    answer = read(exchange(body, status), wanted)
    assert {f.requirement for f in answer.findings} <= {"R01", "R02", "R03", "R04", "R05", "R06", "R09", "B01"}
    assert answer.findings
    assert not answer.reply.success or answer.fields or answer.unread or b"".join(body.split()) == b"{}"


@given(st.text("abc012", min_size=1), st.text("abc012", min_size=1))
def test_findings_of_one_kind_of_defect_share_a_cause(one, two):
    """Causes group findings over calls: what differs from call to call, such as the id itself, is not in them."""
    first, second = as_json({"RequestId": one}).findings, as_json({"RequestId": two}).findings
    assert [f.cause for f in first] == [f.cause for f in second] == ["shape:R01:form"]
    first, second = (read(exchange(f"{{{text}".encode()), "JSON").findings for text in (one, two + "  "))
    assert [f.cause for f in first] == [f.cause for f in second]
    assert first[0].cause == "shape:R02:the body is not valid JSON"


def test_other_causes_are_the_requirement_and_the_beginning_of_what_is_said():
    for answer in (as_json({}), as_json({}, 404), as_json({"RequestId": ID}, content_type="text/" + "x" * 80)):
        for finding in answer.findings:
            assert finding.cause == f"shape:{finding.requirement}:{finding.summary[:60]}"
    (finding,) = as_xml(xml_of(REFUSAL, "Error").replace("</Error>", "<Code/></Error>"), 404).findings
    assert finding.cause == "shape:R03:the element Code stands twice"


@pytest.mark.parametrize("status", [400, 413, 414, 431, 494])
def test_a_server_in_front_may_refuse_what_is_too_large(status):
    assert looks_bare(exchange(b"", status))


@pytest.mark.parametrize("status", [200, 404, 403, 500, 502])
def test_other_statuses_are_not_those_of_a_server_in_front(status):
    assert not looks_bare(exchange(b"", status))


@pytest.mark.parametrize(
    ("body", "wanted", "came"),
    [
        (b"{}", "", "JSON"),
        (b"<a/>", "", "XML"),
        (b"\xef\xbb\xbf \n<a/>", "", "XML"),
        (b"", "XML", "XML"),
        (b"{}", "XML", "JSON"),
        (b"<Error/>", "JSON", "XML"),
        (b"<html/>", "JSON", "JSON"),  # the page of a server in front
        (b"<a", "JSON", "JSON"),
    ],
)
def test_a_body_is_taken_for_what_was_wanted_unless_it_is_clearly_the_other(body, wanted, came):
    assert came_in(body, wanted) == came
