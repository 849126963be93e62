"""The gateway in front of the operation: probes with exactly one thing wrong, and what may be answered, as data.

A second, smaller table, apart from the page's 24 rows. Two generations of gateway codes exist, so each probe admits
both; what is never admissible is a success, a status of 500 or above, or an answer of the operation itself, because
that would mean that the call was carried out before the caller was known. What is done to a request stands here by
name; `harness.wire.tamper` does it, `oracle.gateway` judges the answer.
Source: the vendor's pages on public parameters, on the two signature schemes and on gateway errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from eni_conformance.contract import rows
from eni_conformance.contract.common import answers_to
from eni_conformance.contract.detach import CALLERS, CONTRACTS

_KEY_RULE = CALLERS["expired"]
SIGNATURE = frozenset({"SignatureDoesNotMatch", "IncompleteSignature", "InvalidSignature"})
"""What a gateway may say, too, of a call whose canonical form is ambiguous (repeated names, bad UTF-8)."""
TIME = frozenset({"InvalidTimeStamp.Expired", "InvalidTimeStamp.Format", "InvalidTimeStamp", "IllegalTimestamp"})
NONCE = frozenset({"SignatureNonceUsed"})
KEY = frozenset(
    {CONTRACTS["2019"].errors[_KEY_RULE.own].code, *(row.code for row in answers_to(_KEY_RULE.name))}
)  # fmt: skip
WHO_CALLS = SIGNATURE | TIME | NONCE | KEY
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


@dataclass(frozen=True)
class At:
    """A time so many seconds from now by the endpoint's clock. digits: as a number instead of a time stamp."""

    seconds: float
    digits: bool = False


Public = Mapping[str, str | At | None]
"""Public parameters: name -> text, time, or None to leave it out."""


@dataclass(frozen=True)
class Probe:
    """One thing wrong.

    codes: admissible codes, ANY for any of the gateway's. common: public parameters that are set or left out before
    signing. tamper: what is done to the request after signing: its name, and what it is done to and how. scheme: where
    it applies. lacks: it leaves out what a gateway may call a missing parameter. accept: the call must get as far as
    the operation (a positive control). again: send it twice and judge the second; between: other calls in between;
    second, rewire: what differs the second time; harmless: it names nothing.
    unsigned: what the signature, correct otherwise, does not cover: "body", or headers.
    """

    requirement: str
    codes: frozenset[str] = ANY
    common: Public = field(default_factory=dict)
    tamper: tuple[str, ...] = ()
    scheme: Scheme = "both"
    action: str = ""
    version: str = ""
    accept: bool = False
    again: bool = False
    harmless: bool = True
    between: int = 0
    second: Public = field(default_factory=dict)
    rewire: Literal["", "other method", "fresh connection"] = ""
    methods: tuple[str, ...] = ("GET", "POST")
    unsigned: tuple[str, ...] = ()
    lacks: bool = False


_P = Probe
_SIGNED = rows.WRONG_SIGNATURE
_OTHER = rows.OTHER_SIGNED
_NONCE = rows.NONCE_ONCE
_TIME = rows.WRONG_TIME
_ACTION = rows.UNKNOWN_ACTION
_PUBLIC = rows.MISSING_PUBLIC
_FINE = rows.CORRECTLY_SIGNED
PROBES: Mapping[str, Probe] = MappingProxyType(
    {
        # the signature is wrong, cut, empty, missing, of another secret's shape
        "signature with one character changed": _P(_SIGNED, SIGNATURE, tamper=("signature", "one character changed")),
        "signature truncated": _P(_SIGNED, SIGNATURE, tamper=("signature", "half")),
        "signature without its last characters": _P(_SIGNED, SIGNATURE, tamper=("signature", "four less")),
        "signature extended": _P(_SIGNED, SIGNATURE, tamper=("signature", "extended")),
        "signature in the other case": _P(_SIGNED, SIGNATURE, tamper=("signature", "other case"), scheme="v1"),
        "signature of zeros": _P(_SIGNED, SIGNATURE, tamper=("signature", "zeros")),
        "signature empty": _P(_SIGNED, tamper=("signature", "empty"), lacks=True),
        "signature missing": _P(_SIGNED, tamper=("no signature",), lacks=True),
        # something else was signed
        "signed for the other method": _P(_OTHER, SIGNATURE, tamper=("other method",), methods=("GET",)),
        "parameter added after signing": _P(_OTHER, SIGNATURE, tamper=("more query",)),
        "interface id changed after signing": _P(_OTHER, tamper=("other resource",)),
        "body changed after signing": _P(_OTHER, tamper=("more body",), methods=("POST",)),
        "action header changed after signing": _P(
            _OTHER, tamper=("header", "x-acs-action", "other action"), scheme="v3"
        ),
        "date header changed after signing": _P(_OTHER, tamper=("header", "x-acs-date", "a minute less"), scheme="v3"),
        "nonce header changed after signing": _P(
            _OTHER, SIGNATURE, tamper=("header", "x-acs-signature-nonce", "one character changed"), scheme="v3"
        ),
        "action header not signed": _P(_OTHER, unsigned=("x-acs-action",), scheme="v3"),
        "version header not signed": _P(_OTHER, unsigned=("x-acs-version",), scheme="v3"),
        "nonce header not signed": _P(_OTHER, unsigned=("x-acs-signature-nonce",), scheme="v3"),
        "date header not signed": _P(_OTHER, unsigned=("x-acs-date",), scheme="v3"),
        "body hash not signed": _P(_OTHER, unsigned=("x-acs-content-sha256",), scheme="v3"),
        "form body not signed": _P(_OTHER, unsigned=("body",), scheme="v1", methods=("POST",)),
        "body hash of another body": _P(
            _OTHER, common={"x-acs-content-sha256": "0" * 64}, scheme="v3", methods=("POST",)
        ),
        # replay
        "sent twice, byte for byte": _P(_NONCE, NONCE, again=True, harmless=False),
        "sent again after other calls": _P(_NONCE, NONCE, again=True, between=12),
        "nonce with another timestamp": _P(_NONCE, NONCE, again=True, second={"Timestamp": At(-1)}),
        "nonce with the other method": _P(_NONCE, NONCE, again=True, rewire="other method"),
        "nonce on a fresh connection": _P(_NONCE, NONCE, again=True, rewire="fresh connection"),
        # time
        "two hours old": _P(_TIME, TIME, {"Timestamp": At(-7200)}),
        "forty minutes old": _P(_TIME, TIME, {"Timestamp": At(-2400)}),
        "a day old": _P(_TIME, TIME, {"Timestamp": At(-86400)}),
        "years old": _P(_TIME, TIME, {"Timestamp": "2016-02-23T12:46:24Z"}),
        "two hours ahead": _P(_TIME, TIME, {"Timestamp": At(7200)}),
        "a day ahead": _P(_TIME, TIME, {"Timestamp": At(86400)}),
        "time that is no time": _P(_TIME, TIME, {"Timestamp": "yesterday"}),
        "time as a number": _P(_TIME, TIME, {"Timestamp": At(0, digits=True)}),
        # key
        "unknown AccessKeyId": _P(rows.UNKNOWN_KEY, KEY, {"AccessKeyId": "LTAI0000000000000000none"}),
        "AccessKeyId of one letter": _P(rows.UNKNOWN_KEY, ANY, {"AccessKeyId": "x"}),
        # action and version
        "unknown Action": _P(_ACTION, ACTION_CODES, action="DetachNetworkInterfaceNow"),
        "unknown Action, nearly right": _P(_ACTION, ACTION_CODES, action="DetachNetworkInterfaces"),
        "Action in lower case": _P(rows.ACTION, ACTION_CODES, action="detachnetworkinterface"),
        "unknown Version": _P(_ACTION, VERSION_CODES, version="2014-05-27"),
        "Version of the future": _P(_ACTION, VERSION_CODES, version="2099-01-01"),
        # public parameters are missing
        "no AccessKeyId": _P(_PUBLIC, ANY, {"AccessKeyId": None}, scheme="v1"),
        "no SignatureNonce": _P(_PUBLIC, ANY, {"SignatureNonce": None}),
        "no Timestamp": _P(_PUBLIC, ANY, {"Timestamp": None}),
        "no Version": _P(_PUBLIC, ANY, {"Version": None}),
        "no Action": _P(_PUBLIC, ANY, {"Action": None}),
        "unknown SignatureMethod": _P(_PUBLIC, ANY, {"SignatureMethod": "HMAC-ROT13"}, scheme="v1"),
        # these must be accepted
        "ten minutes old": _P(_FINE, accept=True, common={"Timestamp": At(-600)}),
        "ten minutes ahead": _P(_FINE, accept=True, common={"Timestamp": At(600)}),
        "empty public parameter": _P(_FINE, accept=True, common={"SignatureType": ""}, scheme="v1"),
        "further signed header": _P(_FINE, accept=True, common={"x-acs-trace": "abc"}, scheme="v3"),
    }
)
