"""Wrong answers in form: RequestId and the other fields, JSON and XML, headers and bytes, hostile input."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import JSON_TYPE, XML_TYPE, Refusal, Reply, to_json, to_xml
from eni_conformance.emulator.faults.kit import (
    FORM,
    JSON,
    XML,
    Fault,
    Hooked,
    Part,
    When,
    crash,
    does_on_refusal,
    envelope,
    fault,
    rendered,
    scar,
    success,
    value,
)
from eni_conformance.emulator.state import NetworkInterface

Edit = Callable[[Call, Reply], None]


def on_success(edit: Edit) -> Edit:
    """Only answers of success are changed."""

    def inner(call: Call, reply: Reply) -> None:
        if success(reply):
            edit(call, reply)

    return inner


def on_error(edit: Edit) -> Edit:
    """Only error answers are changed."""

    def inner(call: Call, reply: Reply) -> None:
        if not success(reply):
            edit(call, reply)

    return inner


def put(name: str, value: Any) -> Edit:
    """Set a field."""

    def inner(call: Call, reply: Reply) -> None:
        reply.fields[name] = value

    return inner


def without(name: str) -> Edit:
    """Leave a field out."""

    def inner(call: Call, reply: Reply) -> None:
        reply.fields.pop(name, None)

    return inner


def new_id(change: Callable[[str], str], header: bool = True) -> Edit:
    """Write the RequestId otherwise, in the body and (unless told not to) in the header."""

    def inner(call: Call, reply: Reply) -> None:
        text = change(str(reply.fields.get("RequestId", "")))
        reply.fields["RequestId"] = text
        if header:
            reply.headers["x-acs-request-id"] = text

    return inner


def _no_header(call: Call, reply: Reply) -> None:
    reply.headers.pop("x-acs-request-id", None)


def _other_header(call: Call, reply: Reply) -> None:
    reply.headers["x-acs-request-id"] = "00000000-0000-4000-8000-000000000000"


def _repeat(call: Call, reply: Reply) -> None:
    """Two answers in a row share a RequestId."""
    last = scar(call.cloud, "last")
    if "id" in last:
        reply.fields["RequestId"] = reply.headers["x-acs-request-id"] = last.pop("id")
    else:
        last["id"] = call.request_id


def _from_nonce(call: Call, reply: Reply) -> None:
    """The RequestId hangs on the interface named, so that calls about the same one share it."""
    text = f"{sum(map(ord, call.get('NetworkInterfaceId'))):032X}"
    made = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    reply.fields["RequestId"] = reply.headers["x-acs-request-id"] = made


STACK = (
    "Traceback (most recent call last):\n"
    '  File "/srv/ecs/eni/service.py", line 214, in detach\n'
    "    raise IllegalState(eni)\nIllegalState"
)


def _response(slug: str, requirement: str, sentence: str, *parts: Part, when: When | None = None) -> Fault:
    if when is None:
        return fault(slug, "response", requirement, sentence, *parts)
    return fault(slug, "response", requirement, sentence, *parts, when=when)


def _wrap(name: str) -> Edit:
    def inner(call: Call, reply: Reply) -> None:
        reply.fields = {name: reply.fields}

    return inner


def _lower_keys(call: Call, reply: Reply) -> None:
    reply.fields = {name[:1].lower() + name[1:]: each for name, each in reply.fields.items()}


ENVELOPE = (
    _response(
        "request-id-missing",
        "RequestId",
        "Success has no RequestId.",
        envelope(on_success(without("RequestId"))),
    ),
    _response(
        "request-id-missing-on-error",
        "RequestId",
        "Error answers have no RequestId.",
        envelope(on_error(without("RequestId"))),
    ),
    _response("request-id-empty", "RequestId", "RequestId is empty.", envelope(new_id(lambda text: ""))),
    _response("request-id-lower-case", "RequestId", "RequestId is in lower case.", envelope(new_id(str.lower))),
    _response(
        "request-id-without-dashes",
        "RequestId",
        "RequestId has no dashes.",
        envelope(new_id(lambda text: text.replace("-", ""))),
    ),
    _response("request-id-short", "RequestId", "RequestId lacks its last digit.", envelope(new_id(lambda t: t[:-1]))),
    _response(
        "request-id-in-braces",
        "RequestId",
        "RequestId stands in braces.",
        envelope(new_id(lambda t: f"{{{t}}}")),
    ),
    _response(
        "request-id-constant",
        "RequestId",
        "RequestId is always the same.",
        envelope(new_id(lambda text: "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E")),
    ),
    _response("request-id-twice", "RequestId", "Two calls in a row share a RequestId.", envelope(_repeat)),
    _response(
        "request-id-by-interface",
        "RequestId",
        "All calls about one interface share a RequestId.",
        envelope(_from_nonce),
    ),
    _response(
        "request-id-is-a-number",
        "RequestId",
        "RequestId is a JSON number.",
        envelope(put("RequestId", 473469)),
        when=JSON,
    ),
    _response(
        "request-id-spelt-otherwise",
        "RequestId",
        "The field is called requestId.",
        envelope(on_success(_lower_keys)),
    ),
    _response("header-missing", "x-acs-request-id", "The header x-acs-request-id is missing.", envelope(_no_header)),
    _response(
        "header-differs",
        "x-acs-request-id",
        "The header differs from the body's RequestId.",
        envelope(_other_header),
    ),
    _response(
        "host-id-missing",
        "error: HostId",
        "Error answers have no HostId.",
        envelope(on_error(without("HostId"))),
    ),
    _response("code-missing", "error: Code", "Error answers have no Code.", envelope(on_error(without("Code")))),
    _response(
        "message-missing",
        "error: Message",
        "Error answers have no Message.",
        envelope(on_error(without("Message"))),
    ),
    _response("message-empty", "error: Message", "Message is empty.", envelope(on_error(put("Message", "")))),
    _response(
        "message-bare-template",
        "error: Message",
        "Message is a bare %s.",
        envelope(on_error(put("Message", "%s"))),
    ),
    _response(
        "message-half-filled",
        "error: Message",
        "Message still shows a placeholder.",
        envelope(on_error(put("Message", "The specified %s is not valid."))),
    ),
    _response(
        "message-null",
        "error: Message",
        "Message is null.",
        envelope(on_error(put("Message", None))),
        when=JSON,
    ),
    _response(
        "message-stack-trace",
        "error: Message",
        "Message shows a stack trace.",
        envelope(on_error(put("Message", STACK))),
    ),
    _response(
        "error-keys-lower-case",
        "error: fields",
        "Error fields begin in lower case.",
        envelope(on_error(_lower_keys)),
    ),
    _response(
        "error-wrapped",
        "error: fields",
        "The error lies below Error.",
        envelope(on_error(_wrap("Error"))),
        when=JSON,
    ),
    _response(
        "success-wrapped",
        "RequestId",
        "The answer lies below data.",
        envelope(on_success(_wrap("data"))),
        when=JSON,
    ),
    _response(
        "success-with-error-code",
        "success: fields",
        "Success carries Code and Message of an error.",
        envelope(on_success(put("Code", "InternalError"))),
        envelope(on_success(put("Message", "failed"))),
    ),
)


# Bytes


def _type(text: str) -> Edit:
    def inner(call: Call, reply: Reply) -> None:
        reply.headers["content-type"] = text

    return inner


def _as_json(call: Call, reply: Reply) -> None:
    reply.body, reply.headers["content-type"] = to_json(reply.fields), JSON_TYPE


def _as_xml(call: Call, reply: Reply) -> None:
    reply.body, reply.headers["content-type"] = to_xml(reply.root, reply.fields), XML_TYPE


def _root(name: str) -> Edit:
    def inner(call: Call, reply: Reply) -> None:
        reply.body = to_xml(name, reply.fields)

    return inner


def _unescaped(call: Call, reply: Reply) -> None:
    text = "".join(f"<{name}>{each}</{name}>" for name, each in reply.fields.items() if isinstance(each, str))
    reply.body = f"<{reply.root}>{text}</{reply.root}>".encode("utf-8", "replace")


def _raw_quotes(call: Call, reply: Reply) -> None:
    reply.body = reply.body.replace(b'\\"', b'"')


def _quote_value(call: Call, reply: Reply) -> None:
    """Messages quote the instance id as it came; valid only while it holds no special characters."""
    shown = call.get("InstanceId")
    reply.fields["Message"] = f"The instance {shown} is not valid."


def _before(raw: bytes) -> Edit:
    def inner(call: Call, reply: Reply) -> None:
        reply.body = raw + reply.body

    return inner


def _body(change: Callable[[bytes], bytes]) -> Edit:
    def inner(call: Call, reply: Reply) -> None:
        reply.body = change(reply.body)

    return inner


def _twice(call: Call, reply: Reply) -> None:
    first = b'{"RequestId":"00000000-0000-4000-8000-000000000000",'
    reply.body = first + reply.body[1:]


def _gzip(call: Call, reply: Reply) -> None:
    reply.body = gzip.compress(reply.body)
    reply.headers["content-encoding"] = "gzip"


def _utf16(call: Call, reply: Reply) -> None:
    reply.body = reply.body.decode().encode("utf-16")


def _html(call: Call, reply: Reply) -> None:
    reply.body = b"<html><head><title>Error</title></head><body><h1>Bad Request</h1></body></html>"
    reply.headers["content-type"] = "text/html"


def _cut(call: Call, reply: Reply) -> None:
    reply.headers["content-length"] = str(len(reply.body))
    reply.body = reply.body[: len(reply.body) // 2]
    reply.wire = "truncate"


def _too_long(call: Call, reply: Reply) -> None:
    reply.headers["content-length"] = str(len(reply.body) + 10)
    reply.wire = "truncate"


def _too_short(call: Call, reply: Reply) -> None:
    reply.headers["content-length"] = str(len(reply.body) - 5)
    reply.wire = "truncate"


def _empty_success(call: Call, reply: Reply) -> None:
    reply.body = b""


def _number_status(status: int) -> Edit:
    def inner(call: Call, reply: Reply) -> None:
        reply.status = status

    return inner


BYTES = (
    _response("content-type-html", "Content-Type", "The content type is text/html.", rendered(_type("text/html"))),
    _response("content-type-plain", "Content-Type", "The content type is text/plain.", rendered(_type("text/plain"))),
    _response(
        "content-type-swapped",
        "Content-Type",
        "XML is declared as JSON.",
        rendered(_type(JSON_TYPE)),
        when=XML,
    ),
    _response("xml-wanted-json-sent", "Format", "JSON comes where XML is wanted.", rendered(_as_json), when=XML),
    _response("json-wanted-xml-sent", "Format", "XML comes where JSON is wanted.", rendered(_as_xml), when=JSON),
    _response(
        "json-errors-as-xml",
        "Format",
        "Errors are XML where JSON is wanted.",
        rendered(on_error(_as_xml)),
        when=JSON,
    ),
    _response(
        "default-format-json",
        "Format",
        "A V1 request without Format gets JSON.",
        rendered(_as_json),
        when=When("V1 without Format", lambda call: call.scheme == "V1" and not call.get("Format")),
    ),
    _response(
        "xml-root-of-action",
        "XML root",
        "The root element is DetachNetworkInterface.",
        rendered(on_success(_root("DetachNetworkInterface"))),
        when=XML,
    ),
    _response(
        "xml-error-root",
        "XML root",
        "The root of an error is ErrorResponse.",
        rendered(on_error(_root("ErrorResponse"))),
        when=XML,
    ),
    _response(
        "xml-success-root-for-errors",
        "XML root",
        "Errors have the root of success.",
        rendered(on_error(_root("DetachNetworkInterfaceResponse"))),
        when=XML,
    ),
    _response(
        "xml-unescaped",
        "escaping",
        "What the request contains is put into XML unescaped.",
        envelope(on_error(_quote_value)),
        rendered(on_error(_unescaped)),
        when=XML,
    ),
    _response(
        "json-unescaped",
        "escaping",
        "Quotation marks of the request are put into JSON unescaped.",
        envelope(on_error(_quote_value)),
        rendered(on_error(_raw_quotes)),
        when=JSON,
    ),
    _response(
        "byte-order-mark",
        "body",
        "The body begins with a byte order mark.",
        rendered(_before(b"\xef\xbb\xbf")),
    ),
    _response("prefix-before-json", "body", "The body begins with )]}'.", rendered(_before(b")]}',\n")), when=JSON),
    _response(
        "line-feed-before-xml",
        "body",
        "The XML declaration is not at the start.",
        rendered(_before(b"\n")),
        when=XML,
    ),
    _response(
        "trailing-comma",
        "body",
        "The JSON has a comma too many.",
        rendered(_body(lambda b: b[:-1] + b",}")),
        when=JSON,
    ),
    _response(
        "trailing-text",
        "body",
        "Something follows the JSON.",
        rendered(_body(lambda b: b + b"\nOK")),
        when=JSON,
    ),
    _response("key-twice", "body", "RequestId is there twice, with two values.", rendered(_twice), when=JSON),
    _response(
        "json-as-string",
        "body",
        "The JSON is a string that holds JSON.",
        rendered(_body(lambda raw: json.dumps(raw.decode()).encode())),
        when=JSON,
    ),
    _response(
        "json-list",
        "body",
        "The JSON is a list with one object.",
        rendered(_body(lambda b: b"[" + b + b"]")),
        when=JSON,
    ),
    _response("utf-16", "body", "The body is UTF-16, declared as UTF-8.", rendered(_utf16)),
    _response("gzip-unasked", "Content-Encoding", "The body is compressed though nobody asked.", rendered(_gzip)),
    _response("error-page", "body", "Errors are an HTML page.", rendered(on_error(_html))),
    _response("success-empty", "body", "Success has no body.", rendered(on_success(_empty_success))),
    _response(
        "success-null",
        "body",
        "Success is the JSON null.",
        rendered(on_success(_body(lambda b: b"null"))),
        when=JSON,
    ),
    _response(
        "success-202",
        "HTTP status",
        "Success comes with HTTP status 202.",
        rendered(on_success(_number_status(202))),
    ),
    fault("body-cut", "protocol", "body", "The body ends half way.", rendered(_cut)),
    fault(
        "length-too-long",
        "protocol",
        "Content-Length",
        "Content-Length promises too much.",
        rendered(_too_long),
    ),
    fault(
        "length-too-short",
        "protocol",
        "Content-Length",
        "Content-Length promises too little.",
        rendered(_too_short),
    ),
)


# Hostile input


def wire(what: str) -> Part:
    """Something happens to the connection instead of an answer."""

    def edit(call: Call, reply: Reply) -> None:
        reply.wire = what

    return rendered(edit)


def _bare_500(call: Call, reply: Reply) -> None:
    reply.status, reply.body = 500, b"Internal Server Error"
    reply.headers["content-type"] = "text/plain"


def _damage(call: Call, eni: NetworkInterface) -> None:
    eni.tags.clear()
    eni.description = ""


def _poison(when: When) -> Hooked:
    """After the hostile call the next three calls fail."""

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        left = scar(call.cloud, "poison")
        if when.holds(call):
            left["calls"] = 3
            return refusal
        if call.action == "DetachNetworkInterface" and left.get("calls", 0) > 0:
            left["calls"] -= 1
            return Refusal(500, "InternalError", "The request processing has failed.")
        return refusal

    return "decision", decision


def _robust(slug: str, sentence: str, condition: When, *parts: Part) -> Fault:
    return fault(slug, "robustness", "robustness", sentence, *parts, when=condition)


_APOSTROPHE = value("an id contains an apostrophe", lambda text: "'" in text)
_PERCENT = value("an id contains a percent sign", lambda text: "%" in text)
_ASTRAL = value("an id contains a character beyond U+FFFF", lambda text: any(ord(c) > 0xFFFF for c in text))
_FOREIGN = value("an id contains a character that is not ASCII", lambda text: not text.isascii())
_LONG = value("an id is longer than 128 characters", lambda text: len(text) > 128)
_VERY_LONG = value("an id is longer than 1000 characters", lambda text: len(text) > 1000)
_NUL = value("an id contains a NUL", lambda text: "\0" in text)
_NEWLINE = value("an id contains a line feed", lambda text: "\n" in text)
_MARKUP = value("an id contains a less-than sign", lambda text: "<" in text)
_BACKSLASH = value("an id contains a backslash", lambda text: "\\" in text)
_SPACE = value("an id contains a space", lambda text: " " in text)
_BRACE = value("an id contains a brace", lambda text: "{" in text)
_NOT_UTF8 = value("an id is no UTF-8", lambda text: any("\ud800" <= c <= "\udfff" for c in text))
_MANY = When("there are more than 60 parameters", lambda call: len(call.params) > 60)
_LONG_OWNER = value("OwnerAccount is longer than 64 characters", lambda text: len(text) > 64, "OwnerAccount")

ROBUSTNESS = (
    _robust(
        "apostrophe-crashes",
        "An apostrophe in an id is an internal error.",
        _APOSTROPHE,
        crash("syntax error"),
    ),
    _robust("percent-crashes", "A percent sign in an id is an internal error.", _PERCENT, crash()),
    _robust("astral-crashes", "A character beyond U+FFFF in an id is an internal error.", _ASTRAL, crash()),
    _robust("foreign-resets", "A character that is not ASCII resets the connection.", _FOREIGN, wire("reset")),
    _robust("long-crashes", "A long id is answered with a bare 500.", _LONG, rendered(_bare_500)),
    _robust("long-hangs", "A very long id is never answered.", _VERY_LONG, wire("hang")),
    _robust("nul-hangs", "A NUL in an id is never answered.", _NUL, wire("hang")),
    _robust("line-feed-resets", "A line feed in an id resets the connection.", _NEWLINE, wire("reset")),
    _robust("markup-crashes", "A less-than sign in an id is an internal error.", _MARKUP, crash()),
    _robust("backslash-crashes", "A backslash in an id is an internal error.", _BACKSLASH, crash()),
    _robust("space-drops-answer", "A space in an id gets half an answer.", _SPACE, rendered(_cut)),
    _robust(
        "not-utf-8-crashes",
        "An id that is no UTF-8 is answered with a bare 500.",
        _NOT_UTF8,
        rendered(_bare_500),
    ),
    _robust("brace-poisons", "After a brace in an id the next three calls are internal errors.", _BRACE, _poison),
    _robust(
        "apostrophe-damages",
        "An apostrophe in an instance id is refused, but costs the interface tags and description.",
        _APOSTROPHE,
        does_on_refusal("", _damage),
    ),
    _robust("many-parameters-crash", "More than 60 parameters are an internal error.", _MANY, crash()),
    _robust("long-owner-account-crashes", "A long OwnerAccount is an internal error.", _LONG_OWNER, crash()),
    _robust("form-body-crashes", "Parameters in a form body are an internal error.", FORM, crash()),
    fault(
        "duplicate-crashes",
        "robustness",
        "robustness",
        "A repeated parameter is an internal error.",
        crash(),
        when=When("a parameter is given twice", lambda call: _repeats(call)),
    ),
)


def _repeats(call: Call) -> bool:
    names = [piece.split(b"=")[0] for piece in call.query.split(b"&") + call.body.split(b"&") if piece]
    return len(set(names)) < len(names)


WIRE = (*ENVELOPE, *BYTES, *ROBUSTNESS)
