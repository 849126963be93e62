"""Whether one answer has the shape that the page and the common rules give it. Pure.

Judged here: status line and headers, content type, encoding, well-formedness, the envelope of a success and
of a refusal, RequestId and Message. Not judged here: whether the answer is the right one (`oracle`), and
whether a RequestId is unique in the run (`verdicts`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import defusedxml.ElementTree as ElementTree
from defusedxml.common import DefusedXmlException
from eni_conformance.contract import rows
from eni_conformance.contract.detach import ACTION
from eni_conformance.harness.values import Exchange
from eni_conformance.oracle.findings import Failed, Finding, OtherFormat, Shape
from eni_conformance.oracle.readings import Reply

Say = Callable[..., None]
"""Tells a finding: requirement, summary, and a cause of its own where the summary would not do."""

REQUEST_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")
"""Upper case in all samples but one captured answer, which has a letter of the other case among them."""
_TEMPLATE = re.compile(r"%[sd]|%\d\$s|\$\{|\{\d*\}|\{\{|#\{|<%")
_INTERNALS = re.compile(
    r"Traceback \(most recent|\bat [\w$.]+\([\w.]+:\d+\)|Exception in thread|File \"[^\"]+\", line \d+"
    r"|java\.lang\.|goroutine \d+|panic:|stack trace|\b[A-Z]\w+Exception:|\b[A-Z]\w+Error: ",
    re.I,
)
_JSON_TYPES = ("application/json",)
_XML_TYPES = ("text/xml", "application/xml")


@dataclass(frozen=True)
class Answer:
    """An answer read by the rules: its gist, its RequestId, and everything that is wrong with its shape.

    other_format: it is in the other format than the one asked for, and was read as what it is. unread: what it
    says cannot be read; only its status tells whether it is a success.
    """

    reply: Reply
    request_id: str
    message: str
    fields: Mapping[str, Any]
    findings: tuple[Finding, ...]
    format: str
    other_format: bool = False
    unread: bool = False


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _read_json(body: bytes) -> tuple[Mapping[str, Any] | None, str, str]:
    """(object, problem, "") of a JSON body; the object is None if nothing can be read."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None, "the JSON body is not UTF-8", ""
    if text.startswith("\ufeff"):
        text, problem = text[1:], "the JSON body starts with a byte order mark"
    else:
        problem = ""
    twice: list[str] = []

    def once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        """The object; keys that stand twice in it are noted, and their last value counts."""
        seen: dict[str, Any] = {}
        for key, item in pairs:
            if key in seen:
                twice.append(key)
            seen[key] = item
        return seen

    try:
        value = json.loads(text, object_pairs_hook=once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return None, f"the body is not valid JSON: {str(error)[:80]}", ""
    if not isinstance(value, dict):
        return None, "the JSON body is not an object", ""
    if twice:
        problem = f"the key {twice[0]} stands twice in the JSON body"
    return value, problem, ""


def _read_xml(body: bytes) -> tuple[Mapping[str, Any] | None, str, str]:
    """(fields, problem, root name) of an XML body; nested elements are kept as True."""
    problem = ""
    try:
        root = ElementTree.fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        return None, "the XML body carries a document type or entities", ""
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        return None, f"the body is not well-formed XML: {str(error)[:80]}", ""
    fields: dict[str, Any] = {}
    for element in (root, *root):
        element.tag = element.tag.rpartition("}")[2]  # no page says whether names are in a namespace
    for child in root:
        if child.tag in fields and child.tag in ("RequestId", "HostId", "Code", "Message"):
            problem = problem or f"the element {child.tag} stands twice"
        fields.setdefault(child.tag, True if len(child) else (child.text or ""))
    return fields, problem, root.tag


def _type_problem(content_type: str, xml: bool) -> str:
    """What is wrong with this Content-Type, "" if nothing."""
    kind, _, rest = content_type.partition(";")
    wanted = _XML_TYPES if xml else _JSON_TYPES
    if kind.strip().lower() not in wanted:
        return f"Content-Type is {content_type or 'missing'}, not that of {'XML' if xml else 'JSON'}"
    for part in rest.split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            return f"Content-Type names the charset {value.strip()}, the answers are UTF-8"
    return ""


def looks_bare(exchange: Exchange) -> bool:
    """Whether this is an answer of a web server in front, given before the operation (414, 431, 413, 400)."""
    return exchange.status in (400, 413, 414, 431, 494)


def came_in(body: bytes, wanted: str) -> str:
    """The format ("JSON" or "XML") of a body, which is taken for what was wanted unless it is clearly the other."""
    first = body.lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
    if wanted == "XML":
        return "JSON" if first == b"{" else "XML"
    if wanted == "JSON":
        return "XML" if first == b"<" and _is_ecs(body) else "JSON"
    return "XML" if first == b"<" else "JSON"


def read(exchange: Exchange, wanted: str, operation: str = ACTION, sent: Sequence[str] = ()) -> Answer:
    """Read an answered exchange. `wanted`: "JSON", "XML", or "" if the format is the endpoint's choice. sent: the texts
    of the call, which a Message may quote.

    Findings carry the requirements on the response, and that of robustness for a status of 500 or above.
    """
    headers = {name.lower(): value for name, value in exchange.headers}
    found: list[Finding] = []

    def say(
        requirement: str, summary: str, cause: str = "", also: tuple[str, ...] = (), family: str = "", about: str = ""
    ) -> None:
        cause, about = cause or f"shape:{requirement}:{summary[:60]}", about or summary
        found.append(Shape(requirement, summary, cause, also, family=family or f"shape {requirement}", about=(about,)))

    status = exchange.status
    if status >= 500:
        text = f"the endpoint answered with status {status}"
        found.append(Failed(rows.NO_FAILURE, text, f"status:{status}", about=(str(status),)))
    encoding = headers.get("content-encoding", "").lower()
    if encoding not in ("", "identity"):
        say(rows.CONTENT_TYPE, f"the body is compressed ({encoding}), which was not asked for")
    content_type = headers.get("content-type", "")
    format_ = came_in(exchange.body, wanted)
    xml = format_ == "XML"
    other = bool(wanted) and format_ != wanted
    if other:
        text = f"the answer is {format_}, although {wanted} was asked for"
        told = f"{format_} where {wanted} was asked for"
        found.append(OtherFormat(rows.SUCCESS_IN[wanted], text, "shape:format", about=(told,)))
    fields, root = _fields(exchange.body, format_, _type_problem(content_type, xml), say)
    if fields is None:
        reply = Reply(status, "" if 200 <= status < 300 else "?")
        return Answer(reply, "", "", {}, tuple(found), format_, other, unread=True)

    code = fields.get("Code", "")
    refused = not 200 <= status < 300
    if refused and not {"Code", "Message", "RequestId", "HostId"} & set(fields):
        told = "a refusal has neither Code nor Message, RequestId and HostId where they must stand"
        say(rows.ENVELOPE, told, also=(rows.REQUEST_ID,), family="unreadable")
        return Answer(Reply(status, "?"), "", "", fields, tuple(found), format_, other, unread=True)
    if refused:
        _judge_refusal(fields, root, xml, say, sent)
    else:
        _judge_success(fields, root, status, operation, format_, say)
    request_id = _request_id(fields, headers, say)
    message = fields.get("Message", "")
    shown = code if isinstance(code, str) else "?"
    if refused and not shown:
        shown = "?"
    return Answer(
        Reply(status, shown if refused else ""),
        request_id,
        message if isinstance(message, str) else "",
        fields,
        tuple(found),
        format_,
        other,
        unread=refused and shown == "?",
    )


def _fields(body: bytes, format_: str, of_type: str, say: Say) -> tuple[Mapping[str, Any] | None, str]:
    """(fields, root name) of a body, None if nothing can be read; says what is wrong with it. of_type: what is wrong
    with its Content-Type, which a body that cannot be read is told with."""
    fields, problem, root = _read_xml(body) if format_ == "XML" else _read_json(body)
    row = rows.SUCCESS_IN[format_]
    if fields is None:
        also = (rows.REQUEST_ID, *([rows.CONTENT_TYPE] if of_type else []))
        told = f"{problem}; {of_type}" if of_type else problem
        kind = problem.partition(": ")[0]
        say(row, told, f"shape:{row}:{kind}", also, "unreadable", kind)
        return None, ""
    if of_type:
        say(rows.CONTENT_TYPE, of_type)
    if problem:
        row = rows.CONTENT_TYPE if "byte order" in problem else row
        say(row, problem, f"shape:{row}:{problem.partition(': ')[0]}")
    return fields, root


def _request_id(fields: Mapping[str, Any], headers: Mapping[str, str], say: Say) -> str:
    """The RequestId of an answer, "" if it has none; says what is wrong with it."""
    request_id = fields.get("RequestId", "")
    if not isinstance(request_id, str) or not request_id:
        say(rows.REQUEST_ID, "RequestId is missing")
        request_id = ""
    elif not REQUEST_ID.match(request_id) or (request_id != request_id.upper() and request_id == request_id.lower()):
        say(
            rows.REQUEST_ID,
            f"RequestId {request_id[:48]!r} is not an upper-case UUID",
            f"shape:{rows.REQUEST_ID}:form",
            about="its RequestId is not an upper-case UUID",
        )
    header_id = headers.get("x-acs-request-id", "")
    if header_id and request_id and header_id != request_id:
        say(
            rows.REQUEST_ID_HEADER,
            f"x-acs-request-id is {header_id}, RequestId is {request_id}",
            f"shape:{rows.REQUEST_ID_HEADER}",
            about="its header x-acs-request-id is not its RequestId",
        )
    return request_id


def _is_ecs(body: bytes) -> bool:
    """Whether an XML body is an answer of ECS rather than the page of a server in front."""
    fields, _, root = _read_xml(body)
    return fields is not None and root.lower() != "html"


def _judge_success(fields: Mapping[str, Any], root: str, status: int, operation: str, format_: str, say: Say) -> None:
    """The envelope of a success: status, root of XML, and nothing that belongs to a refusal."""
    if status != 200:
        say(rows.JSON_SUCCESS, f"a success came with status {status}, not 200")
    if format_ == "XML" and root != f"{operation}Response":
        say(rows.XML_SUCCESS, f"the root element of a success is {root}, not {operation}Response")
    extra = [k for k in ("Code", "Message", "code", "message") if fields.get(k)]
    if extra:
        say(rows.SUCCESS_IN[format_], f"a success carries {extra[0]}")


def _judge_refusal(fields: Mapping[str, Any], root: str, xml: bool, say: Say, sent: Sequence[str]) -> None:
    """The envelope of a refusal: root, Code, HostId, Message."""
    if xml and root != "Error":
        say(rows.ENVELOPE, f"the root element of a refusal is {root}, not Error")
    for name in ("Code", "HostId"):
        value = fields.get(name)
        if not isinstance(value, str) or not value.strip():
            say(rows.ENVELOPE, f"{name} is {'empty' if name in fields else 'missing'} in a refusal")
    message = fields.get("Message")
    if not isinstance(message, str) or not message.strip():
        say(rows.ENVELOPE, f"Message is {'empty' if 'Message' in fields else 'missing'} in a refusal")
        return
    bare = message.strip().strip(".。!")
    if bare in ("%s", "{}", "{0}", "null", "None", "undefined", "message") and not any(bare in text for text in sent):
        text = f"Message is the bare template {message.strip()!r}"
        say(rows.MESSAGE, text, about="its Message is a template that nobody filled in")
    elif _INTERNALS.search(message):
        say(rows.MESSAGE, "Message shows internals of the endpoint (a stack trace or an exception)")


def template_left(message: str, sent: Sequence[str]) -> bool:
    """Whether a Message holds an unfilled placeholder that did not come from the call itself."""
    match = _TEMPLATE.search(message)
    return match is not None and not any(match.group() in text for text in sent)
