"""The gateway in front of the operation: probes with exactly one thing wrong, and what may be answered.

A second, smaller table, apart from the page's 24 rows. Two generations of gateway codes exist, so each probe
admits both; what is never admissible is a success, a status of 500 or above, or an answer of the operation
itself, because that would mean that the call was carried out before the caller was known.
Source: the vendor's pages on public parameters, on the two signature schemes and on gateway errors.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import contextlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal
from urllib.parse import unquote

from eni_conformance.contract.common import answers_to
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import Wire
from eni_conformance.harness.wire.client import Prepared
from eni_conformance.harness.wire.signing import percent_encode
from eni_conformance.oracle.findings import Finding, Gateway
from eni_conformance.oracle.readings import Reply

_VALID_KEY = CONTRACTS["2019"].errors["E02"]
SIGNATURE = frozenset({"SignatureDoesNotMatch", "IncompleteSignature", "InvalidSignature"})
TIME = frozenset({"InvalidTimeStamp.Expired", "InvalidTimeStamp.Format", "InvalidTimeStamp", "IllegalTimestamp"})
NONCE = frozenset({"SignatureNonceUsed"})
KEY = frozenset({_VALID_KEY.code, *(row.code for row in answers_to("caller's account and key are valid"))})
EARLY = SIGNATURE | TIME | NONCE | KEY
"""What a gateway says of who calls, before it looks at what is asked and in which format."""
ACTION_CODES = frozenset(
    {"InvalidAction.NotFound", "InvalidApi.NotFound", "InvalidAction", "UnsupportedOperation", "InvalidVersion"}
)
VERSION_CODES = ACTION_CODES | {"InvalidParameter.Version", "NoSuchVersion"}
PARAMETER = frozenset({"MissingParameter", "InvalidParameter", "UnsupportedParameter"})
"""What a gateway may say of a public parameter as well as the operation of its own."""
ANY: frozenset[str] = frozenset()
"""Any code that does not belong to the operation itself."""

Scheme = Literal["v1", "v3", "both"]
Common = Mapping[str, str | None]


@dataclass(frozen=True)
class Probe:
    """One thing wrong.

    codes: admissible codes, ANY for any of the gateway's. common: public parameters to set (None: leave out)
    before signing, given the time by the endpoint's clock. tamper: what is done to the request after signing.
    scheme: where it applies. lacks: it leaves out what a gateway may call a missing parameter.
    accept: the call must get as far as the operation (a positive control). again: send it twice and judge the
    second; between: other calls in between; second, rewire: what differs the second time; harmless: it names nothing.
    """

    requirement: str
    codes: frozenset[str] = ANY
    common: Callable[[float], Common] = lambda now: {}
    tamper: Callable[[Prepared], Prepared] | None = None
    scheme: Scheme = "both"
    action: str = ""
    version: str = ""
    accept: bool = False
    again: bool = False
    harmless: bool = True
    between: int = 0
    second: Callable[[float], Common] = lambda now: {}
    rewire: Callable[[Wire], Wire] = lambda wire: wire
    methods: tuple[str, ...] = field(default=("GET", "POST"))
    lacks: bool = False


def stamp(at: float) -> str:
    """A time in Unix seconds as public parameters have it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def _at(offset: float) -> Callable[[float], Common]:
    return lambda now: {"Timestamp": stamp(now + offset)}


def _fixed(**common: str | None) -> Callable[[float], Common]:
    return lambda now: common


def _url(change: Callable[[str], str]) -> Callable[[Prepared], Prepared]:
    return lambda p: replace(p, url=change(p.url))


def _header(name: str, change: Callable[[str], str | None]) -> Callable[[Prepared], Prepared]:
    """Change one header; None takes it out."""

    def tamper(p: Prepared) -> Prepared:
        out = []
        for key, value in p.headers:
            made = change(value) if key.lower() == name else value
            if made is not None:
                out.append((key, made))
        return replace(p, headers=tuple(out))

    return tamper


def _flip(text: str) -> str:
    """The text with one character of its middle changed, into one that no reader takes for the same."""
    i = len(text) // 2
    return text[:i] + ("a" if text[i].lower() != "a" else "b") + text[i + 1 :]


def _earlier(value: str) -> str:
    """A time stamp a minute before this one; one that cannot be read becomes another text."""
    try:
        return stamp(calendar.timegm(time.strptime(value, "%Y-%m-%dT%H:%M:%SZ")) - 60)
    except ValueError:
        return value + "0"


def _signature(change: Callable[[str], str]) -> Callable[[Prepared], Prepared]:
    """Change the signature, wherever the scheme keeps it."""

    def tamper(p: Prepared) -> Prepared:
        changed = re.sub(r"(?<=[?&]Signature=)[^&]*", lambda m: percent_encode(change(unquote(m.group()))), p.url)
        if changed != p.url:
            return replace(p, url=changed)
        swap = _header("authorization", lambda v: re.sub(r"(?<=Signature=)[0-9a-f]*", lambda m: change(m.group()), v))
        return swap(p)

    return tamper


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


def changes_nothing(sent: Prepared, tampered: Prepared) -> bool:
    """Whether a verifier may lawfully read the tampered request as the one that was signed."""
    unread = sent.method == tampered.method == "GET"  # nobody looks at the body of a GET
    if sent.method != tampered.method or (sent.body != tampered.body and not unread):
        return False

    def rest(p: Prepared) -> tuple[str, tuple[tuple[str, str], ...]]:
        cut = re.compile(r"(?<=[?&,]Signature=)[^&,]*")
        return cut.sub("", p.url), tuple((n, cut.sub("", v)) for n, v in p.headers)

    same = signatures(sent) & signatures(tampered) or (sent.url, sent.headers) == (tampered.url, tampered.headers)
    return rest(sent) == rest(tampered) and bool(same)


def _no_signature(p: Prepared) -> Prepared:
    return _header("authorization", lambda _: None)(replace(p, url=re.sub(r"&Signature=[^&]*", "", p.url)))


def _other_method(p: Prepared) -> Prepared:
    return replace(p, method="POST" if p.method == "GET" else "GET", body=b"" if p.method == "POST" else p.body)


ADDED = "OwnerAccount=someone%40example.com"
"""A declared parameter that changes nothing, so that its signature alone is wrong."""


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


def _unsign(name: str) -> Callable[[Prepared], Prepared]:
    """Take a header out of SignedHeaders without signing again."""
    return _header("authorization", lambda v: v.replace(f";{name}", "").replace(f"{name};", ""))


_P = Probe
PROBES: Mapping[str, Probe] = MappingProxyType(
    {
        # G01: signature wrong, cut, empty, missing, of another secret's shape
        "signature with one character changed": _P("G01", SIGNATURE, tamper=_signature(_flip)),
        "signature truncated": _P("G01", SIGNATURE, tamper=_signature(lambda s: s[: len(s) // 2])),
        "signature without its last characters": _P("G01", SIGNATURE, tamper=_signature(lambda s: s[:-4])),
        "signature extended": _P("G01", SIGNATURE, tamper=_signature(lambda s: "00" + s)),
        "signature in the other case": _P("G01", SIGNATURE, tamper=_signature(str.swapcase), scheme="v1"),
        "signature of zeros": _P("G01", SIGNATURE, tamper=_signature(lambda s: "0" * 40)),
        "signature empty": _P("G01", ANY, tamper=_signature(lambda s: ""), lacks=True),
        "signature missing": _P("G01", ANY, tamper=_no_signature, lacks=True),
        # G02: signed something else
        "signed for the other method": _P("G02", SIGNATURE, tamper=_other_method, methods=("GET",)),
        "parameter added after signing": _P("G02", SIGNATURE, tamper=_more_query),
        "interface id changed after signing": _P("G02", ANY, tamper=_other_resource),
        "body changed after signing": _P("G02", ANY, tamper=_more_body, methods=("POST",)),
        "action header changed after signing": _P(
            "G02", ANY, tamper=_header("x-acs-action", lambda _: "DescribeRegions"), scheme="v3"
        ),
        "date header changed after signing": _P("G02", ANY, tamper=_header("x-acs-date", _earlier), scheme="v3"),
        "nonce header changed after signing": _P(
            "G02", SIGNATURE, tamper=_header("x-acs-signature-nonce", lambda v: v[::-1]), scheme="v3"
        ),
        "action header not signed": _P("G02", ANY, tamper=_unsign("x-acs-action"), scheme="v3"),
        "body hash of another body": _P(
            "G02", ANY, lambda now: {"x-acs-content-sha256": "0" * 64}, scheme="v3", methods=("POST",)
        ),
        # G03: replay
        "sent twice, byte for byte": _P("G03", NONCE, again=True, harmless=False),
        "sent again after other calls": _P("G03", NONCE, again=True, between=12),
        "nonce with another timestamp": _P("G03", NONCE, again=True, second=_at(-1)),
        "nonce with the other method": _P(
            "G03",
            NONCE,
            again=True,
            rewire=lambda w: replace(w, method="POST" if w.method == "GET" else "GET", place="query"),
        ),
        "nonce on a fresh connection": _P("G03", NONCE, again=True, rewire=lambda w: replace(w, fresh=True)),
        # G04: time
        "two hours old": _P("G04", TIME, _at(-7200)),
        "forty minutes old": _P("G04", TIME, _at(-2400)),
        "a day old": _P("G04", TIME, _at(-86400)),
        "years old": _P("G04", TIME, _fixed(Timestamp="2016-02-23T12:46:24Z")),
        "two hours ahead": _P("G04", TIME, _at(7200)),
        "a day ahead": _P("G04", TIME, _at(86400)),
        "time that is no time": _P("G04", TIME, _fixed(Timestamp="yesterday")),
        "time as a number": _P("G04", TIME, lambda now: {"Timestamp": str(int(now))}),
        # G05: key
        "unknown AccessKeyId": _P("G05", KEY, _fixed(AccessKeyId="LTAI0000000000000000none")),
        "AccessKeyId of one letter": _P("G05", ANY, _fixed(AccessKeyId="x")),
        # G06: action and version
        "unknown Action": _P("G06", ACTION_CODES, action="DetachNetworkInterfaceNow"),
        "unknown Action, nearly right": _P("G06", ACTION_CODES, action="DetachNetworkInterfaces"),
        "Action in lower case": _P("P04", ACTION_CODES, action="detachnetworkinterface"),
        "unknown Version": _P("G06", VERSION_CODES, version="2014-05-27"),
        "Version of the future": _P("G06", VERSION_CODES, version="2099-01-01"),
        # G07: public parameters missing
        "no AccessKeyId": _P("G07", ANY, _fixed(AccessKeyId=None), scheme="v1"),
        "no SignatureNonce": _P("G07", ANY, _fixed(SignatureNonce=None)),
        "no Timestamp": _P("G07", ANY, _fixed(Timestamp=None)),
        "no Version": _P("G07", ANY, _fixed(Version=None)),
        "no Action": _P("G07", ANY, _fixed(Action=None)),
        "unknown SignatureMethod": _P("G07", ANY, _fixed(SignatureMethod="HMAC-ROT13"), scheme="v1"),
        # G08: must be accepted
        "ten minutes old": _P("G08", accept=True, common=_at(-600)),
        "ten minutes ahead": _P("G08", accept=True, common=_at(600)),
        "empty public parameter": _P("G08", accept=True, common=_fixed(SignatureType=""), scheme="v1"),
        "further signed header": _P("G08", accept=True, common=_fixed(**{"x-acs-trace": "abc"}), scheme="v3"),
    }
)


def table(wanted: Callable[[Probe], bool] = lambda _: True) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """name -> (requirement, scheme, methods) of the wanted probes: what the strategies need of them."""
    return {name: (p.requirement, p.scheme, p.methods) for name, p in PROBES.items() if wanted(p)}


def judge(
    probe: Probe, name: str, reply: Reply, operation_codes: frozenset[str], whole: bool = True
) -> list[Finding] | None:
    """What is wrong with the answer to a probe, [] if nothing, None if that cannot be told.

    operation_codes: the codes of the operation's own error table. whole: every parameter of the operation was there,
    so that a missing one can only be a public one.
    """
    said = str(reply)
    cause = f"gateway:{name}"
    if probe.accept:
        if reply.code in SIGNATURE | TIME | NONCE | KEY:
            return [Gateway(probe.requirement, f"{name}: a correctly signed call was refused with {said}", cause)]
        return []
    if reply.success:
        return [Gateway(probe.requirement, f"{name}: the call was accepted", cause)]
    if probe.lacks and reply.code in PARAMETER:
        return [] if whole else None
    own = operation_codes - {*PARAMETER, *KEY}
    if probe.requirement in ("G01", "G02", "G03", "G04", "G05"):
        own = operation_codes - KEY
    if reply.code in own:
        text = f"{name}: answered {said}, an answer of the operation to a caller who is not known"
        return [Gateway(probe.requirement, text, cause)]
    if probe.codes and reply.code not in probe.codes:
        text = f"{name}: answered {said}; admissible: {', '.join(sorted(probe.codes))}"
        return [Gateway(probe.requirement, text, cause, certainty=0.9)]
    return []
