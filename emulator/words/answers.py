"""Wrong answers in form: fields, headers, bytes, and the connection."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import JSON_TYPE, XML_TYPE, Reply, to_json, to_xml
from eni_conformance.emulator.words.family import REFUSED, VALID, Builder, family, named
from eni_conformance.emulator.words.persistence import Gate
from eni_conformance.emulator.words.scene import DETACH, Hooks, facts, success

Edit = Callable[[Call, Reply], None]
CanReply = Callable[[Call, Reply], bool]


def on_reply(gate: Gate, point: str, edit: Edit, can: CanReply = lambda call, reply: True) -> Hooks:
    """The fields of an answer, or the rendered answer, are changed."""

    def hook(call: Call, reply: Reply) -> None:
        if gate.decided(call) and can(call, reply) and gate.fires(call):
            edit(call, reply)

    return ((point, hook),)


def replied(point: str, edit: Callable[[str, Call, Reply], None], can: CanReply = lambda call, reply: True) -> Builder:
    """The same for an edit that takes the effect's argument."""
    return lambda gate, argument: on_reply(gate, point, lambda call, reply: edit(argument, call, reply), can)


def is_error(call: Call, reply: Reply) -> bool:
    """Whether the answer is a refusal."""
    return not success(reply)


def is_success(call: Call, reply: Reply) -> bool:
    """Whether the answer is one of success."""
    return success(reply)


_REQUEST_IDS: dict[str, Callable[[Call, str], Any]] = {
    "lower": lambda call, text: text.lower(),
    "short": lambda call, text: text[:-1],
    "long": lambda call, text: text + "0",
    "undashed": lambda call, text: text.replace("-", ""),
    "braced": lambda call, text: f"{{{text}}}",
    "spaced": lambda call, text: f" {text}",
    "empty": lambda call, text: "",
    "constant": lambda call, text: "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E",
    "no-hex": lambda call, text: f"G{text[1:]}",
    "half-lower": lambda call, text: text[:18] + text[18:].lower(),
}


def _request_id(gate: Gate, style: str) -> Hooks:
    def edit(call: Call, reply: Reply) -> None:
        if style == "missing":
            reply.fields.pop("RequestId", None)
        elif style == "other-header":
            reply.headers["x-acs-request-id"] = (
                f"0{call.request_id[1:]}" if call.request_id[0] != "0" else (f"1{call.request_id[1:]}")
            )
        elif style == "misspelt":
            reply.fields["RequestID"] = reply.fields.pop("RequestId", "")
        elif style == "repeated":
            reply.fields["RequestId"] = reply.headers["x-acs-request-id"] = gate.memory(call.cloud, "id")["last"]
        else:
            text = _REQUEST_IDS[style](call, call.request_id)
            reply.fields["RequestId"] = reply.headers["x-acs-request-id"] = text

    def remember(call: Call, reply: Reply) -> None:
        if call.action == DETACH:
            gate.memory(call.cloud, "id")["last"] = str(reply.fields.get("RequestId", ""))

    def can(call: Call, reply: Reply) -> bool:
        return style != "repeated" or bool(gate.memory(call.cloud, "id").get("last"))

    return (*on_reply(gate, "fields", edit, can), ("fields", remember))


_STACK = (
    "Traceback (most recent call last):\n"
    '  File "/srv/ecs/eni/service.py", line 214, in detach\n'
    "    raise IllegalState(eni)\nIllegalState"
)
_MESSAGES: dict[str, str | None] = {
    "template": "%s",
    "numbered-template": "The specified {0} is not valid.",
    "placeholder": "The specified %s is not valid.",
    "stack": _STACK,
    "java": "java.lang.NullPointerException\n\tat com.example.eni.Detach.run(Detach.java:214)",
    "blank": " ",
    "empty": "",
    "null-text": "null",
}
_DRAWN_MESSAGES = tuple(_MESSAGES)
_MESSAGES["null"] = None


def _error_field(argument: str, call: Call, reply: Reply) -> None:
    name, _, how = argument.partition("-")
    if how == "missing":
        reply.fields.pop(name, None)
    else:
        reply.fields[name] = ""


def _message(gate: Gate, style: str) -> Hooks:
    return on_reply(gate, "fields", lambda call, reply: reply.fields.update(Message=_MESSAGES[style]), is_error)


def _unescaped(gate: Gate, argument: str) -> Hooks:
    def quoted(call: Call) -> str:
        return f"The specified values {call.get('InstanceId')} {call.get('NetworkInterfaceId')} are not valid."

    def can(call: Call, reply: Reply) -> bool:
        special = "<&" if call.format == "XML" else '"\\'
        return is_error(call, reply) and any(character in quoted(call) for character in special)

    def edit(call: Call, reply: Reply) -> None:
        reply.fields["Message"] = "@@"
        plain = to_json(reply.fields) if reply.format == "JSON" else to_xml(reply.root, reply.fields)
        reply.body = plain.replace(b"@@", quoted(call).encode("utf-8", "replace"))

    return on_reply(gate, "reply", edit, can)


def _success_status(gate: Gate, status: str) -> Hooks:
    return on_reply(gate, "fields", lambda call, reply: setattr(reply, "status", int(status)), is_success)


def _success_fields(style: str, call: Call, reply: Reply) -> None:
    if style == "code":
        reply.fields |= {"Code": "InternalError", "Message": "failed"}
    elif style == "wrapped":
        reply.fields = {"data": reply.fields}
    else:
        reply.fields = {name[:1].lower() + name[1:]: each for name, each in reply.fields.items()}


def _error_wrapped(gate: Gate, argument: str) -> Hooks:
    return on_reply(gate, "fields", lambda call, reply: setattr(reply, "fields", {"Error": reply.fields}), is_error)


_TYPES = {
    "html": "text/html;charset=utf-8",
    "plain": "text/plain;charset=utf-8",
    "octets": "application/octet-stream",
    "latin": "",
    "swapped": "",
    "none": "",
}


def _content_type(style: str, call: Call, reply: Reply) -> None:
    if style == "none":
        reply.headers.pop("content-type", None)
    elif style == "swapped":
        reply.headers["content-type"] = XML_TYPE if reply.format == "JSON" else JSON_TYPE
    elif style == "latin":
        reply.headers["content-type"] = reply.headers["content-type"].replace("utf-8", "iso-8859-1")
    else:
        reply.headers["content-type"] = _TYPES[style]


def _other_format(argument: str, call: Call, reply: Reply) -> None:
    if reply.format == "JSON":
        reply.body, reply.headers["content-type"] = to_xml(reply.root, reply.fields), XML_TYPE
    else:
        reply.body, reply.headers["content-type"] = to_json(reply.fields), JSON_TYPE


def _xml_root(gate: Gate, root: str) -> Hooks:
    def can(call: Call, reply: Reply) -> bool:
        return call.format == "XML" and reply.root != root

    return on_reply(gate, "reply", lambda call, reply: setattr(reply, "body", to_xml(root, reply.fields)), can)


_BODIES: dict[str, Callable[[bytes], bytes]] = {
    "byte-order-mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "trailing-text": lambda raw: raw + b"\nOK",
    "leading-text": lambda raw: b")]}',\n" + raw,
    "cut": lambda raw: raw[: len(raw) // 2],
    "empty": lambda raw: b"",
    "utf-16": lambda raw: raw.decode().encode("utf-16"),
    "bad-utf-8": lambda raw: raw.replace(b"RequestId", b"Request\xffId", 1),
    "twice": lambda raw: raw + raw,
}
_JSON_BODIES: dict[str, Callable[[bytes], bytes]] = {
    "duplicate-key": lambda raw: b'{"RequestId":"00000000-0000-4000-8000-000000000000",' + raw[1:],
    "trailing-comma": lambda raw: raw[:-1] + b",}",
    "single-quotes": lambda raw: raw.replace(b'"', b"'"),
    "list": lambda raw: b"[" + raw + b"]",
    "string": lambda raw: json.dumps(raw.decode()).encode(),
    "null": lambda raw: b"null",
    "not-a-number": lambda raw: raw[:-1] + b',"Cost":NaN}',
}
_XML_BODIES: dict[str, Callable[[bytes], bytes]] = {
    "late-declaration": lambda raw: b"\n" + raw,
    "unclosed": lambda raw: raw[: raw.rfind(b"<")],
    "doctype": lambda raw: raw.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY e "f">]>', 1),
    "element-twice": lambda raw: raw.replace(b"<RequestId>", b"<RequestId></RequestId><RequestId>", 1),
}


def _body(table: dict[str, Callable[[bytes], bytes]], format: str = "") -> Builder:
    def build(gate: Gate, style: str) -> Hooks:
        return on_reply(
            gate,
            "reply",
            lambda call, reply: setattr(reply, "body", table[style](reply.body)),
            lambda call, reply: format in ("", call.format),
        )

    return build


def _compressed(argument: str, call: Call, reply: Reply) -> None:
    reply.body, reply.headers["content-encoding"] = gzip.compress(reply.body), "gzip"


def _web_page(status: str, call: Call, reply: Reply) -> None:
    reply.status, reply.headers["content-type"] = int(status), "text/html"
    reply.body = b"<html><head><title>Error</title></head><body><h1>Bad Gateway</h1></body></html>"


def _wire(what: str, call: Call, reply: Reply) -> None:
    size = len(reply.body)
    if what == "reset":
        reply.wire = "reset"
        return
    reply.headers["content-length"] = str({"half": size, "too-long": size + 10, "too-short": size - 5}[what])
    reply.body = reply.body[: size // 2] if what == "half" else reply.body
    reply.wire = "truncate"


def _hang(gate: Gate, argument: str) -> Hooks:
    """Five seconds of silence, then a reset."""

    def pause(call: Call) -> float:
        return 5.0 if gate.decided(call) and gate.fires(call) else 0.0

    return (("pause", pause), *on_reply(gate, "reply", lambda call, reply: setattr(reply, "wire", "reset")))


# fmt: off
ANSWER_FAMILIES = (
    family("request-id", "request-id", "RequestId: %s.", _request_id,
        ("missing", "repeated", "other-header", "misspelt", *_REQUEST_IDS), 0.9),
    family("error-field", "envelope", "A refusal lacks something: %s.", replied("fields", _error_field, is_error),
        tuple(f"{name}-{how}" for name in ("HostId", "Code", "Message") for how in ("missing", "empty")), 0.5,
        where=REFUSED),
    family("message", "envelope", "Message of a refusal: %s.", _message, _DRAWN_MESSAGES, 0.5,
        where=REFUSED),
    family(
        "error-wrapped", "envelope", "The fields of a refusal lie below Error.", _error_wrapped, share=0.5,
        where=REFUSED),
    family("unescaped", "envelope", "What the call contains is put into the answer unescaped.", _unescaped, share=0.02,
        where=REFUSED | facts(instance="unknown")),
    family("success-status", "status", "Success has HTTP status %s.", _success_status, ("201", "202"), 0.4,
        where=VALID),
    family("success-fields", "envelope", "The fields of success: %s.",
        replied("fields", _success_fields, is_success), ("code", "wrapped", "lower"),
        0.4, where=VALID),
    family("content-type", "format", "The content type is wrong: %s.",
        replied("reply", _content_type), tuple(_TYPES), 0.9),
    family("other-format", "format", "The answer has the other format.", replied("reply", _other_format), share=0.9),
    family("xml-root", "format", "The root element is %s.", _xml_root,
        ("DetachNetworkInterface", "ErrorResponse", "Response", "detachNetworkInterfaceResponse"), 0.4,
        where=facts(format="XML")),
    family("body", "format", "The body is damaged: %s.", _body(_BODIES), tuple(_BODIES), 0.9),
    family("json-body", "format", "The JSON is damaged: %s.", _body(_JSON_BODIES, "JSON"), tuple(_JSON_BODIES), 0.5,
        where=facts(format="JSON")),
    family("xml-body", "format", "The XML is damaged: %s.", _body(_XML_BODIES, "XML"), tuple(_XML_BODIES), 0.4,
        where=facts(format="XML")),
    family("compressed", "format", "The body is compressed though nobody asked.",
        replied("reply", _compressed), share=0.9),
    family("web-page", "wire", "An HTML page with HTTP status %s comes instead of an answer.",
        replied("reply", _web_page),
        ("500", "502", "404"), 0.9),
    family("wire", "wire", "The connection fails: %s.",
        replied("reply", _wire), ("reset", "half", "too-long", "too-short"), 0.9),
    family("hang", "wire", "Five seconds of silence come instead of an answer, then a reset.", _hang, share=0.9),
)
# fmt: on


# Words of named faults alone


def _outcome(which: str) -> CanReply:
    return {"success": is_success, "error": is_error, "any": lambda call, reply: True}[which]


def drop(table: dict[str, Any], name: str) -> None:
    """Leave an entry out."""
    table.pop(name, None)


def _lower(reply: Reply) -> None:
    reply.fields = {name[:1].lower() + name[1:]: each for name, each in reply.fields.items()}


def _lost_request_id(gate: Gate, which: str) -> Hooks:
    """The body lacks it; the header keeps it."""
    return on_reply(gate, "fields", lambda call, reply: drop(reply.fields, "RequestId"), _outcome(which))


def _other_request_id(gate: Gate, style: str) -> Hooks:
    def edit(call: Call, reply: Reply) -> None:
        last = gate.memory(call.cloud, "last")
        if style == "number":
            reply.fields["RequestId"] = 473469
        elif style == "lower":
            _write_id(reply, call.request_id.lower())
        elif style == "by-interface":
            text = f"{sum(map(ord, call.get('NetworkInterfaceId'))):032X}"
            _write_id(reply, f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")
        elif "id" in last:
            _write_id(reply, last.pop("id"))
        else:
            last["id"] = call.request_id

    return on_reply(gate, "fields", edit, is_success if style == "lower" else _outcome("any"))


def _write_id(reply: Reply, text: str) -> None:
    reply.fields["RequestId"] = reply.headers["x-acs-request-id"] = text


def _headerless(gate: Gate, argument: str) -> Hooks:
    return on_reply(gate, "fields", lambda call, reply: drop(reply.headers, "x-acs-request-id"))


def _root(gate: Gate, argument: str) -> Hooks:
    """`success:NAME` or `error:NAME`: answers of this kind have this root element."""
    which, _, root = argument.partition(":")
    return on_reply(
        gate, "reply", lambda call, reply: setattr(reply, "body", to_xml(root, reply.fields)), _outcome(which)
    )


def _error_as_xml(argument: str, call: Call, reply: Reply) -> None:
    reply.body, reply.headers["content-type"] = to_xml(reply.root, reply.fields), XML_TYPE


def _error_page(argument: str, call: Call, reply: Reply) -> None:
    reply.body = b"<html><head><title>Error</title></head><body><h1>Bad Request</h1></body></html>"
    reply.headers["content-type"] = "text/html"


def _success_body(gate: Gate, text: str) -> Hooks:
    return on_reply(gate, "reply", lambda call, reply: setattr(reply, "body", text.encode()), is_success)


def _bare_500(argument: str, call: Call, reply: Reply) -> None:
    reply.status, reply.body = 500, b"Internal Server Error"
    reply.headers["content-type"] = "text/plain"


def _silence(gate: Gate, argument: str) -> Hooks:
    """No answer, ever."""
    return on_reply(gate, "reply", lambda call, reply: setattr(reply, "wire", "hang"))


NAMED_ANSWERS = (
    named("lost-request-id", _lost_request_id),
    named("other-request-id", _other_request_id),
    named("headerless", _headerless),
    named("lower-errors", lambda gate, argument: on_reply(gate, "fields", lambda call, reply: _lower(reply), is_error)),
    named("root", _root),
    named("error-as-xml", replied("reply", _error_as_xml, is_error)),
    named("error-page", replied("reply", _error_page, is_error)),
    named("success-body", _success_body),
    named("bare-500", replied("reply", _bare_500)),
    named("silence", _silence),
)
