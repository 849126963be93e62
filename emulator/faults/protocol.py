"""Wrong protocol: signatures, nonces, clocks, actions and methods that are not looked at."""

from __future__ import annotations

import time

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import Refusal
from eni_conformance.emulator.faults.kit import (
    DETACH,
    FORM,
    GET,
    OWNER_ACCOUNT,
    POST,
    V1,
    V3,
    XML,
    Fault,
    Hooked,
    Part,
    When,
    edit_parameters,
    fault,
    hook,
    skip,
)


def _unchecked(slug: str, requirement: str, sentence: str, guard: str, when: When) -> Fault:
    return fault(slug, "protocol", requirement, sentence, skip(guard), when=when)


def _arrive(status: int, code: str, message: str) -> Part:
    def part(when: When) -> Hooked:
        def arrival(call: Call) -> Refusal | None:
            return Refusal(status, code, message) if when.holds(call) else None

        return "arrival", arrival

    return part


def _fold_action(call: Call, pairs: list[tuple[str, str]]) -> None:
    if call.params.get("Action", "").lower() == DETACH.lower():
        call.params["Action"] = DETACH
    if call.headers.get("x-acs-action", "").lower() == DETACH.lower():
        # The signature covers what was sent, so it is checked against that.
        call.headers["x-acs-action"] = DETACH


def _query_only(call: Call, pairs: list[tuple[str, str]]) -> None:
    for name in ("InstanceId", "NetworkInterfaceId", "RegionId"):
        if f"{name}=".encode() not in call.query:
            call.params.pop(name, None)


def _last_region(call: Call, pairs: list[tuple[str, str]]) -> None:
    """Of a repeated id the first counts for the instance and the last for the interface."""
    for name, text in pairs:
        if name == "NetworkInterfaceId":
            call.params[name] = text


PROTOCOL = (
    _unchecked("signature-v1-unchecked", "SignatureDoesNotMatch", "V1 signatures are not verified.", "signature", V1),
    _unchecked("signature-v3-unchecked", "SignatureDoesNotMatch", "V3 signatures are not verified.", "signature", V3),
    _unchecked(
        "signature-post-unchecked",
        "SignatureDoesNotMatch",
        "POST requests need no valid signature.",
        "signature",
        POST,
    ),
    _unchecked(
        "signature-get-unchecked",
        "SignatureDoesNotMatch",
        "GET requests need no valid signature.",
        "signature",
        GET,
    ),
    _unchecked(
        "signature-xml-unchecked",
        "SignatureDoesNotMatch",
        "Requests for XML need no valid signature.",
        "signature",
        XML,
    ),
    _unchecked(
        "signature-form-unchecked",
        "SignatureDoesNotMatch",
        "Form bodies need no valid signature.",
        "signature",
        FORM,
    ),
    _unchecked(
        "signature-owner-account-unchecked",
        "SignatureDoesNotMatch",
        "Requests with OwnerAccount need no valid signature.",
        "signature",
        OWNER_ACCOUNT,
    ),
    _unchecked("nonce-v1-forgotten", "SignatureNonceUsed", "V1 nonces can be used again.", "nonce", V1),
    _unchecked("nonce-v3-forgotten", "SignatureNonceUsed", "V3 nonces can be used again.", "nonce", V3),
    _unchecked(
        "nonce-post-forgotten",
        "SignatureNonceUsed",
        "Nonces of POST requests can be used again.",
        "nonce",
        POST,
    ),
    _unchecked(
        "nonce-forgotten-where-interface-exists",
        "SignatureNonceUsed",
        "Nonces can be used again.",
        "nonce",
        When("the interface exists", lambda call: call.get("NetworkInterfaceId") in call.cloud.interfaces),
    ),
    _unchecked("clock-v1-unchecked", "InvalidTimeStamp.Expired", "V1 time stamps never expire.", "clock", V1),
    _unchecked("clock-v3-unchecked", "InvalidTimeStamp.Expired", "V3 time stamps never expire.", "clock", V3),
    fault(
        "clock-future-unchecked",
        "protocol",
        "InvalidTimeStamp.Expired",
        "Time stamps of the future are accepted.",
        skip("clock"),
        when=When("the time stamp lies in the future", lambda call: _ahead(call)),
    ),
    fault(
        "version-unchecked",
        "protocol",
        "InvalidVersion",
        "Any Version will do.",
        skip("version"),
    ),
    fault(
        "action-case-folded",
        "protocol",
        "InvalidAction.NotFound",
        "The V1 parameter Action is compared without case.",
        hook("parameters", _fold_action),
    ),
    fault(
        "get-refused",
        "protocol",
        "methods",
        "GET is not supported.",
        _arrive(400, "UnsupportedHTTPMethod", "Use POST."),
        when=GET,
    ),
    fault(
        "post-refused",
        "protocol",
        "methods",
        "POST is not supported.",
        _arrive(400, "UnsupportedHTTPMethod", "Use GET."),
        when=POST,
    ),
    fault(
        "v3-refused",
        "protocol",
        "signing",
        "V3 is not supported.",
        _arrive(400, "IncompleteSignature", "Use V1."),
        when=V3,
    ),
    fault(
        "form-body-ignored",
        "protocol",
        "methods",
        "Business parameters in a form body are ignored.",
        edit_parameters(_query_only),
        when=When("the parameters come in a form body", lambda call: bool(call.body)),
    ),
    fault(
        "duplicates-mixed",
        "validation",
        "duplicates",
        "Of a repeated InstanceId the first counts, of a repeated NetworkInterfaceId the last.",
        edit_parameters(_last_region),
    ),
)


def _ahead(call: Call) -> bool:
    text = call.params.get("Timestamp") or call.headers.get("x-acs-date") or ""
    return text > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
