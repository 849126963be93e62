"""What goes back over the wire: refusals, replies, and their JSON and XML forms.

Nothing here decides; it only renders.  Field names and nesting follow the service: a JSON list sits in
`Plural.Singular`, and XML repeats the singular element.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Fields = dict[str, Any]

JSON_TYPE = "application/json;charset=utf-8"
XML_TYPE = "text/xml;charset=utf-8"

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ids = random.SystemRandom()
_request_ids = random.Random(_ids.getrandbits(256))


class Refusal(Exception):
    """An error answer: HTTP status, code, message, and further fields of the body."""

    def __init__(self, status: int, code: str, message: str, more: Fields | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.more = more or {}
        self.headers: list[tuple[str, str]] = []


@dataclass(slots=True)
class Reply:
    """One answer before it is written: `body` is rendered from `fields` unless something replaces it."""

    status: int
    root: str
    fields: Fields
    format: str
    headers: dict[str, str]
    body: bytes = b""
    chunked: bool = False
    close: bool = False
    wire: str = ""
    """What happens on the connection instead of an orderly answer: "reset", "drop", "hang", or "truncate"."""
    marks: set[str] = field(default_factory=set)


def request_id() -> str:
    """A fresh upper-case UUID, never the same twice, whatever the seed of the emulator."""
    raw = f"{_request_ids.getrandbits(128):032X}"
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-{'89AB'[int(raw[16], 16) & 3]}{raw[17:20]}-{raw[20:]}"


def trace_id() -> str:
    """32 lower-case hex digits."""
    return f"{_request_ids.getrandbits(128):032x}"


def printable(text: str, limit: int = 120) -> str:
    """A caller's text as it may be quoted in a message: no control characters, of bounded length."""
    shown = _CONTROL.sub("?", text[: limit + 1])
    return shown if len(shown) <= limit else shown[:limit] + "..."


def to_json(fields: Mapping[str, Any]) -> bytes:
    """Compact UTF-8 JSON."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def to_xml(root: str, fields: Mapping[str, Any]) -> bytes:
    """The same fields as XML below `root`, text escaped, characters that XML forbids replaced."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>', f"<{root}>"]
    _xml_children(fields, parts)
    parts.append(f"</{root}>")
    return "".join(parts).encode("utf-8", "replace")


def _xml_children(fields: Mapping[str, Any], parts: list[str]) -> None:
    for name, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            parts.append(f"<{name}>")
            if isinstance(item, Mapping):
                _xml_children(item, parts)
            else:
                parts.append(escape(_text(item)))
            parts.append(f"</{name}>")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def escape(text: str) -> str:
    """XML-escape text for an element's content."""
    text = _NOT_XML.sub("\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
