"""What is done to a signed request, by the names that the gateway's probes have for it.

Every tampering changes what any verifier must look at, or else `changes_nothing` says so. Pure; this file knows no
probe and judges no answer.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import contextlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import unquote

from eni_conformance.contract.gateway import At, Probe, Public
from eni_conformance.contract.scenario import Wire
from eni_conformance.harness.clock import stamp
from eni_conformance.harness.wire.signing import percent_encode
from eni_conformance.harness.wire.transport import Prepared

ADDED = "OwnerAccount=someone%40example.com"
"""A declared parameter that changes nothing, so that its signature alone is wrong."""


def public(parameters: Public, now: float) -> dict[str, str | None]:
    """Public parameters as they are sent at this time. now: Unix seconds by the endpoint's clock."""
    out: dict[str, str | None] = {}
    for name, value in parameters.items():
        if isinstance(value, At):
            at = now + value.seconds
            out[name] = str(int(at)) if value.digits else stamp(at)
        else:
            out[name] = value
    return out


def rewired(probe: Probe, wire: Wire) -> Wire:
    """The wire form of the second of two calls."""
    match probe.rewire:
        case "other method":
            return replace(wire, method="POST" if wire.method == "GET" else "GET", place="query")
        case "fresh connection":
            return replace(wire, fresh=True)
        case "":
            return wire


def tampered(how: tuple[str, ...], request: Prepared) -> Prepared:
    """The request after what is named was done to it. KeyError for a name that is not known."""
    match how:
        case ("signature", change):
            return with_signature(CHANGES[change], request)
        case ("header", name, change):
            return _header(name, CHANGES[change], request)
        case (name,):
            return _WHOLE[name](request)
        case _:
            raise KeyError(how)


# --- texts ---------------------------------------------------------------------------------------


def _one_character(text: str) -> str:
    """The text with one character of its middle changed, into one that no reader takes for the same."""
    i = len(text) // 2
    return text[:i] + ("a" if text[i].lower() != "a" else "b") + text[i + 1 :]


def _earlier(value: str) -> str:
    """A time stamp a minute before this one; one that cannot be read becomes another text."""
    try:
        return stamp(calendar.timegm(time.strptime(value, "%Y-%m-%dT%H:%M:%SZ")) - 60)
    except ValueError:
        return value + "0"


CHANGES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "one character changed": _one_character,
        "half": lambda s: s[: len(s) // 2],
        "four less": lambda s: s[:-4],
        "extended": lambda s: "00" + s,
        "other case": str.swapcase,
        "zeros": lambda s: "0" * 40,
        "empty": lambda s: "",
        "a minute less": _earlier,
        "other action": lambda s: "DescribeRegions",
    }
)

# --- requests ------------------------------------------------------------------------------------


def _header(name: str, change: Callable[[str], str | None], request: Prepared) -> Prepared:
    """The request with one header changed; None takes it out."""
    changed = [(key, change(value) if key.lower() == name else value) for key, value in request.headers]
    return replace(request, headers=tuple((key, value) for key, value in changed if value is not None))


def with_signature(change: Callable[[str], str], request: Prepared) -> Prepared:
    """The request with its signature changed, wherever the scheme keeps it."""
    url = re.sub(r"(?<=[?&]Signature=)[^&]*", lambda m: percent_encode(change(unquote(m.group()))), request.url)
    if url != request.url:
        return replace(request, url=url)
    in_header = re.compile(r"(?<=Signature=)[0-9a-f]*")
    return _header("authorization", lambda v: in_header.sub(lambda m: change(m.group()), v), request)


def _no_signature(p: Prepared) -> Prepared:
    return _header("authorization", lambda _: None, replace(p, url=re.sub(r"&Signature=[^&]*", "", p.url)))


def _other_method(p: Prepared) -> Prepared:
    return replace(p, method="POST" if p.method == "GET" else "GET", body=b"" if p.method == "POST" else p.body)


def _more_query(p: Prepared) -> Prepared:
    """OwnerAccount added to the query, or changed there or in the body."""
    if b"OwnerAccount=" in p.body:
        return _more_body(p)
    if "OwnerAccount=" in p.url:
        return replace(p, url=re.sub(r"(?<=[?&])OwnerAccount=[^&]*", ADDED, p.url))
    joint = "&" if "?" in p.url and not p.url.endswith("?") else "?"
    return replace(p, url=p.url.rstrip("?") + joint + ADDED)


def _more_body(p: Prepared) -> Prepared:
    """OwnerAccount added to the body, or changed there or in the query."""
    if "OwnerAccount=" in p.url:
        return _more_query(p)
    if b"OwnerAccount=" in p.body:
        return replace(p, body=re.sub(rb"\bOwnerAccount=[^&]*", ADDED.encode(), p.body))
    return replace(p, body=p.body + b"&" + ADDED.encode())


def _other_resource(p: Prepared) -> Prepared:
    """The interface id changed after signing, in query or body."""
    url = re.sub(r"(?<=[?&]NetworkInterfaceId=)[^&]*", lambda m: m.group()[:-1] + "0x", p.url)
    body = re.sub(rb"(?<=NetworkInterfaceId=)[^&]*", lambda m: m.group()[:-1] + b"0x", p.body)
    return replace(p, url=url, body=body)


_WHOLE: Mapping[str, Callable[[Prepared], Prepared]] = MappingProxyType(
    {
        "no signature": _no_signature,
        "other method": _other_method,
        "more query": _more_query,
        "more body": _more_body,
        "other resource": _other_resource,
    }
)

# --- what a verifier may make of it --------------------------------------------------------------


def signatures(p: Prepared) -> frozenset[str]:
    """Every way to read the signature of a request that a verifier may choose: as it stands, hexadecimal digits in one
    case, and base64 without what a lenient decoder passes over."""
    found = re.findall(r"(?<=[?&]Signature=)[^&]*", p.url)
    found += [s for n, v in p.headers if n.lower() == "authorization" for s in re.findall(r"(?<=Signature=)[^,\s]*", v)]
    read: set[str] = set()
    for text in map(unquote, found):
        read.add(text)
        if re.fullmatch(r"[0-9A-Fa-f]{64}", text):
            read.add(text.lower())
            continue
        core = re.sub(r"[^A-Za-z0-9+/]", "", text.partition("=")[0])
        with contextlib.suppress(binascii.Error):
            read.add(base64.b64decode(core + "=" * (-len(core) % 4)).hex())
    return frozenset(read)


def changes_nothing(sent: Prepared, made: Prepared) -> bool:
    """Whether a verifier may lawfully read the tampered request as the one that was signed."""
    unread = sent.method == made.method == "GET"  # nobody looks at the body of a GET
    if sent.method != made.method or (sent.body != made.body and not unread):
        return False

    def rest(p: Prepared) -> tuple[str, tuple[tuple[str, str], ...]]:
        cut = re.compile(r"(?<=[?&,]Signature=)[^&,]*")
        return cut.sub("", p.url), tuple((n, cut.sub("", v)) for n, v in p.headers)

    same = signatures(sent) & signatures(made) or (sent.url, sent.headers) == (made.url, made.headers)
    return rest(sent) == rest(made) and bool(same)
