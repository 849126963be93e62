"""An answer's body as plain values: mappings, lists and texts, whatever the endpoint sent.

Nothing here raises for what an endpoint sends: broken compression, text that is not UTF-8, JSON nested
ten thousand deep, XML with entities, all end as None. XML and JSON come out alike: an element that occurs
several times becomes a list, one that holds elements a mapping, else its text.
"""

from __future__ import annotations

import functools
import gzip
import json
import re
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml import ElementTree
from eni_conformance.harness.values import Exchange, Pair

MAX_DEPTH = 40
MAX_DECODED = 8 << 20
"""Octets that a compressed body may grow to."""
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_ONE_KIND = bytes.maketrans(b"[]", b"{}")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def header(headers: tuple[Pair, ...], name: str) -> str:
    """The first header of that name, "" if absent. `name` in lower case."""
    for key, value in headers:
        if key.lower() == name:
            return value
    return ""


def plain_body(headers: tuple[Pair, ...], body: bytes) -> bytes | None:
    """The body without its Content-Encoding; None if that is broken, unknown or larger than MAX_DECODED."""
    encoding = header(headers, "content-encoding").strip().lower()
    if encoding in ("", "identity"):
        return body
    try:
        if encoding in ("gzip", "x-gzip"):
            with gzip.GzipFile(fileobj=BytesIO(body)) as file:
                data = file.read(MAX_DECODED + 1)
            return data if len(data) <= MAX_DECODED else None
        if encoding == "deflate":
            return _inflate(body)
    except (OSError, EOFError, zlib.error):
        pass
    return None


def _inflate(body: bytes) -> bytes | None:
    """zlib or raw deflate, whole and within MAX_DECODED."""
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        stream = zlib.decompressobj(bits)
        try:
            data = stream.decompress(body, MAX_DECODED + 1)
        except zlib.error:
            continue
        return data if stream.eof and len(data) <= MAX_DECODED else None
    return None


def decode(exchange: Exchange) -> Mapping[str, Any] | None:
    """The answer's object (of XML: the root element's content); None if there is none or it is not one."""
    if exchange.outcome != "answered":
        return None
    body = plain_body(exchange.headers, exchange.body)
    return decode_body(body) if body else None


def decode_body(body: bytes) -> Mapping[str, Any] | None:
    """As `decode`, of a body whose Content-Encoding is removed. The first character decides JSON or XML.

    Several readers ask for the same answer, so the last ones of ordinary size are kept; nobody may change them.
    """
    return _kept(body) if len(body) <= 200_000 else _decoded(body)


@functools.lru_cache(maxsize=16)
def _kept(body: bytes) -> Mapping[str, Any] | None:
    return _decoded(body)


def _decoded(body: bytes) -> Mapping[str, Any] | None:
    start = body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    try:
        if start == b"{":
            value = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse)
            flat = body.count(b"{") + body.count(b"[") <= MAX_DEPTH
            return value if isinstance(value, dict) and (flat or _depth_ok(body)) else None
        if start == b"<":
            root = ElementTree.fromstring(body, forbid_dtd=True, forbid_entities=True, forbid_external=True)
            if root.tag.rpartition("}")[2].lower() == "html":
                return None
            value = _element(root, 0)
            return value if isinstance(value, dict) else None
    except (ValueError, RecursionError, MemoryError, LookupError, SyntaxError):
        return None
    return None


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _depth_ok(body: bytes) -> bool:
    """Whether lists and objects are nested MAX_DEPTH deep at most, in JSON that could be parsed."""
    brackets = _STRING.sub(b"", body).translate(_ONE_KIND, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"{}", b"")  # the innermost ones, all at once
    return not brackets


def _element(element: Element, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    made: dict[str, Any] = {}
    for child in element:
        if not isinstance(child.tag, str):
            continue
        name, value = child.tag.rpartition("}")[2], _element(child, depth + 1)
        if name not in made:
            made[name] = value
        elif isinstance(made[name], list):
            made[name].append(value)
        else:
            made[name] = [made[name], value]
    if made or depth == 0:
        return made
    return element.text or ""


def code_of(exchange: Exchange) -> str:
    """The answer's error code, "" if it has none."""
    return _text(decode(exchange), "Code", "code")


def message_of(exchange: Exchange) -> str:
    """The answer's message, "" if it has none."""
    return _text(decode(exchange), "Message", "message")


def _text(answer: Mapping[str, Any] | None, *names: str) -> str:
    for name in names:
        value = answer.get(name) if answer else None
        if isinstance(value, str):
            return value
    return ""


def listing(answer: Mapping[str, Any] | None, *path: str) -> list[Any]:
    """The list at `path`, for example "Regions", "Region"; [] if absent or empty.

    In XML a list of one is indistinguishable from its only member, so a member alone is taken as a list.
    """
    value: Any = answer
    for name in path:
        if isinstance(value, list) and name == path[-1]:
            return value
        value = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(value, list):
        return value
    return [] if value is None or value == "" else [value]


def is_throttling(exchange: Exchange) -> bool:
    """Whether the answer says "slow down" or "not now": by its code, whatever the status; by 429 or 503 alone only
    where no code can be read, or one that says the same.

    Source: the vendor's common error pages and clients, which classify by code.
    """
    if exchange.outcome != "answered" or exchange.status < 400:
        return False
    code = code_of(exchange)
    return _throttling_code(code) or (exchange.status in (429, 503) and (code in _NOT_NOW or not code))


_NOT_NOW = ("?", "ServiceUnavailable", "TooManyRequests", "ServiceBusy", "SystemBusy", "InternalError", "UnknownError")


def _throttling_code(code: str) -> bool:
    return code.startswith(("Throttling", "RequestLimitExceeded")) or ".Throttling" in code


def gist(exchange: Exchange) -> str:
    """An answer in a few words, for counts."""
    if exchange.outcome != "answered":
        return exchange.outcome
    return f"{exchange.status} {code_of(exchange) or 'without a code'}"
