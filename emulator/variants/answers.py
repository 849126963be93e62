"""Answers as services give them: codes and envelopes of today, passing troubles, what is not offered, the wire.

Every row was seen at the real service or at a service that an honest team wrote; the suite once took each of them,
or something near it, for a violation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from eni_conformance.emulator import signing
from eni_conformance.emulator.call import NOBODY, Call
from eni_conformance.emulator.envelope import JSON_TYPE, XML_TYPE, Refusal, Reply
from eni_conformance.emulator.gateway import V3_SCHEME
from eni_conformance.emulator.state import Cloud
from eni_conformance.emulator.variants.kit import Variant, every, refused, turn

PASSING_EVERY = 150
OFTEN_EVERY = 12
LOST_EVERY = 6
DROPPED_EVERY = 20
CLOCK_SECONDS = 40.0

_TOLERATED = {"judge": {"passing": "tolerate"}}
_JSON = {"offers": {"formats": ["json"]}}
_NOW = "The request cannot be processed now. Please try again later."
_PAGE = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    b"<hr><center>Tengine</center>\r\n</body>\r\n</html>\r\n"
)


# Codes


def _recoded(table: dict[str, tuple[int, str]]) -> Callable[[Call, Reply], None]:
    """Refusals of these codes get another status and code, wherever the code is named."""

    def fields(call: Call, reply: Reply) -> None:
        old = reply.fields.get("Code")
        if refused(reply) and old in table:
            reply.status, reply.fields["Code"] = table[old]
            if "Recommend" in reply.fields:
                reply.fields["Recommend"] = reply.fields["Recommend"].replace(f"q={old}&", f"q={table[old][1]}&")

    return fields


def _key_of(call: Call) -> str:
    parsed = signing.parse_authorization(call.headers.get("authorization", ""))
    return parsed[0] if parsed is not None else call.get("AccessKeyId")


def _dead_key(status: int, code: str, message: str) -> Callable[[Call], Refusal | None]:
    """A key that has expired is told at the door, before signature and parameters are looked at."""

    def arrival(call: Call) -> Refusal | None:
        caller = call.cloud.callers.get(_key_of(call))
        return Refusal(status, code, message) if caller is not None and caller.kind == "expired" else None

    return arrival


def _denied_by_ram(status: int, code: str) -> Callable[[Call, Reply], None]:
    return _recoded({"Forbidden.SubUser": (status, code), "Forbidden.RAM": (status, code)})


def _access_denied(call: Call, reply: Reply) -> None:
    """A refusal for want of a permission carries its details as an object."""
    if refused(reply) and reply.status == 403 and str(reply.fields["Code"]).startswith(("Forbidden", "NoPermission")):
        reply.fields["AccessDeniedDetail"] = {
            "AuthAction": f"{call.product.lower()}:{call.action}",
            "AuthPrincipalType": "SubUser",
            "AuthPrincipalOwnerId": call.caller.account,
            "AuthPrincipalDisplayName": "robot",
            "NoPermissionType": "ImplicitDeny",
            "PolicyType": "AccountLevelIdentityBasedPolicy",
            "EncodedDiagnosticMessage": "AQEAAAAAaGVsbG8+d29ybGQ/MQ==",
        }


def _of_siblings(call: Call, refusal: Refusal | None) -> Refusal | None:
    """An interface that is on another instance has a code of its own."""
    linked = call.eni is not None and call.eni.state in ("InUse", "Detaching")
    if refusal is not None and refusal.code == "InvalidOperation.InvalidEniState" and linked:
        return Refusal(400, "InvalidParameter.EniNotBelongEcs", refusal.message)
    return refusal


def _foreign(call: Call, refusal: Refusal | None) -> Refusal | None:
    """Callers of other accounts learn nothing about instances, not even that they do not exist."""
    home = next((each.account for each in call.cloud.callers.values() if each.name == "account"), "")
    if refusal is not None and refusal.code == "InvalidEcsId.NotFound" and call.caller.account != home:
        return Refusal(403, "Forbidden.InstanceNotFound", "The instance does not exist, or you may not use it.")
    return refusal


# The envelope


def _of_today(call: Call, reply: Reply) -> None:
    if not refused(reply):
        return
    code = reply.fields["Code"]
    reply.fields |= {
        "HostId": "ecs.cn-hangzhou.aliyuncs.com",
        "Message": f'The request "{call.action} is refused:\n{reply.fields["Message"]}\n ',
        "Recommend": "https://api.aliyun.com/troubleshoot"
        f"?q={code}&product={call.product}&requestId={call.request_id}&source=PopGw",
    }
    _access_denied(call, reply)


# Passing troubles


def _passing(number: int, status: int, code: str) -> tuple[tuple[str, Callable[..., Any]], ...]:
    return (("arrival", every(number, status, code, _NOW)),)


def _passing_refusal(name: str, number: int, status: int, code: str) -> Variant:
    words = f"One call in {number} is answered with {status} {code} and not carried out; a repetition works."
    return Variant(name, words, hooks=_passing(number, status, code), target=_TOLERATED)


_PASSING = (
    ("passing-conflict", PASSING_EVERY, 400, "OperationConflict"),
    ("passing-conflict-often", OFTEN_EVERY, 400, "OperationConflict"),
    ("passing-unknown-error", PASSING_EVERY, 400, "UnknownError"),
    ("passing-500", PASSING_EVERY, 500, "InternalError"),
)


def _html(call: Call, reply: Reply) -> None:
    """The load balancer speaks in the service's place."""
    if reply.status == 502:
        reply.headers = {"content-type": "text/html", "server": "Tengine"}
        reply.body = _PAGE


# Signatures


def _missing_parameter(call: Call, reply: Reply) -> None:
    """What a signature needs is a parameter like any other; without it the call lacks a parameter."""
    authorization = call.headers.get("authorization", "")
    lacks = {"MissingSignature": "Signature", "MissingAccessKeyId": "AccessKeyId"}
    code = reply.fields.get("Code", "")
    if code == "IncompleteSignature" and "Signature=" not in authorization:
        name = "Signature"
    elif code == "MissingAction" and "x-acs-action" in call.headers and not authorization:
        name = "AccessKeyId"
    elif code in lacks:
        name = lacks[code]
    else:
        return
    reply.status = 400
    reply.fields["Code"] = "MissingParameter"
    reply.fields["Message"] = f'The input parameter "{name}" that is mandatory for this request is not supplied.'


def _only(scheme: str, name: str) -> Callable[[Call, list[tuple[str, str]]], None]:
    """The other scheme does not exist: its calls lack what this one needs."""

    def parameters(call: Call, pairs: list[tuple[str, str]]) -> None:
        signed = "V3" if call.headers.get("authorization", "").startswith(V3_SCHEME) else "V1"
        if signed != scheme:
            wanted = call.get("Format") + call.headers.get("accept", "")
            call.format = "XML" if "xml" in wanted.lower() else "JSON"
            message = f'The input parameter "{name}" that is mandatory for this request is not supplied.'
            raise Refusal(400, "MissingParameter", message)

    return parameters


# Formats


def _json(call: Call, reply: Reply) -> None:
    call.format = reply.format = "JSON"
    reply.headers["content-type"] = JSON_TYPE


_OF_THE_GATEWAY = re.compile(r"AccessKey|Signature|SecurityToken|Time[Ss]tamp|ContentSha256|MissingHost")


def _gateway_in_xml(call: Call, reply: Reply) -> None:
    """Who is not let in by V3 is told so in XML: nobody has read Accept yet."""
    early = call.scheme == "V3" and call.caller is NOBODY and refused(reply)
    if early and _OF_THE_GATEWAY.search(reply.fields["Code"]):
        call.format = reply.format = "XML"
        reply.headers["content-type"] = XML_TYPE


def _no_xml(call: Call) -> Refusal | None:
    if call.format == "XML" and (call.scheme == "V3" or call.get("Format")):
        return Refusal(400, "UnsupportedParameter", "The format XML is not supported; use JSON.")
    return None


# The wire


def _lost(call: Call, reply: Reply) -> None:
    creates = call.action.startswith("Create") or call.action in ("RunInstances", "AttachNetworkInterface")
    if creates and not refused(reply) and turn(call.cloud, "lost answers", LOST_EVERY):
        reply.wire = "drop"


def _lost_later(call: Call, reply: Reply) -> None:
    moves = call.action in ("StartInstance", "StopInstance", "DeleteInstance", "DeleteNetworkInterface")
    if moves and not refused(reply) and turn(call.cloud, "lost answers of start and stop", LOST_EVERY):
        reply.wire = "drop"


def _idle(cloud: Cloud, served: int) -> bool:
    return served > 0 and turn(cloud, "kept connections", DROPPED_EVERY)


_INACTIVE = "The specified access key is not active."

ANSWERS: tuple[Variant, ...] = (
    Variant(
        "missing-signature-is-missing-parameter",
        "A call without Signature, or without any authorisation, gets 400 MissingParameter.",
        hooks=(("fields", _missing_parameter),),
    ),
    Variant(
        "hex-case-insensitive",
        "The hexadecimal digits of a V3 signature may be of either case.",
        {"hex_in_any_case": True},
    ),
    *(_passing_refusal(*row) for row in _PASSING),
    Variant(
        "passing-502",
        f"One call in {PASSING_EVERY} meets the 502 HTML page of a load balancer and is not carried out.",
        hooks=(*_passing(PASSING_EVERY, 502, "BadGateway"), ("reply", _html)),
        target=_TOLERATED,
    ),
    Variant(
        "codes-of-today",
        "403 Forbidden.RAM with details, 404 InvalidAccessKeyId.NotFound for a dead key, 404 InvalidRegionId.NotFound.",
        hooks=(
            ("arrival", _dead_key(404, "InvalidAccessKeyId.NotFound", "The specified access key is not found.")),
            ("fields", _denied_by_ram(403, "Forbidden.RAM")),
            ("fields", _access_denied),
            (
                "fields",
                _recoded(
                    dict.fromkeys(
                        ("InvalidOperation.InvalidRegion", "InvalidRegionId.MalFormed"),
                        (404, "InvalidRegionId.NotFound"),
                    )
                ),
            ),
        ),
    ),
    Variant(
        "codes-key-inactive",
        "A key that has expired gets 400 InvalidAccessKeyId.Inactive.",
        hooks=(("arrival", _dead_key(400, "InvalidAccessKeyId.Inactive", _INACTIVE)),),
    ),
    Variant(
        "codes-key-disabled",
        "A key that has expired gets 403 Forbidden.AccessKeyDisabled.",
        hooks=(("arrival", _dead_key(403, "Forbidden.AccessKeyDisabled", "The access key is disabled.")),),
    ),
    Variant(
        "codes-ram-nopermission",
        "A RAM user without permission gets 403 NoPermission.",
        hooks=(("fields", _denied_by_ram(403, "NoPermission")),),
    ),
    Variant(
        "codes-region-forbidden",
        "An unknown region gets 400 Forbidden.RegionId.",
        hooks=(("fields", _recoded({"InvalidOperation.InvalidRegion": (400, "Forbidden.RegionId")})),),
    ),
    Variant(
        "codes-sibling-spellings",
        "Unknown instances, malformed ids and interfaces on other instances get the codes of neighbouring pages.",
        hooks=(
            ("decision", _of_siblings),
            (
                "fields",
                _recoded(
                    {
                        "InvalidEcsId.NotFound": (404, "InvalidInstanceId.NotFound"),
                        "InvalidInstanceID.Malformed": (400, "InvalidInstanceId.Malformed"),
                        "InvalidParams.EniId": (400, "InvalidEniId.Malformed"),
                    }
                ),
            ),
        ),
    ),
    Variant(
        "codes-foreign-forbidden",
        "Another tenant gets 403 Forbidden.InstanceNotFound for an instance, whether it exists or not.",
        hooks=(("decision", _foreign),),
    ),
    Variant(
        "envelope-of-today",
        "Refusals have HostId, Recommend with a query, messages over several lines with an open quote, and details.",
        hooks=(("fields", _of_today),),
    ),
    Variant(
        "answers-lost",
        f"One creation, launch or attach in {LOST_EVERY} is carried out, and the connection closed without an answer.",
        hooks=(("reply", _lost),),
    ),
    Variant(
        "answers-lost-of-start-and-stop",
        f"One start, stop or deletion in {LOST_EVERY} is carried out, and the connection closed without an answer.",
        hooks=(("reply", _lost_later),),
    ),
    Variant(
        "kept-connection-drops",
        f"One call in {DROPPED_EVERY} on a kept connection is not carried out, and the connection closed at once.",
        hooks=(("connection", _idle),),
    ),
    Variant(
        "clock-behind",
        f"The service's clock is {CLOCK_SECONDS:.0f} seconds behind, in Date and for time stamps.",
        {"clock_offset": -CLOCK_SECONDS},
    ),
    Variant(
        "clock-ahead",
        f"The service's clock is {CLOCK_SECONDS:.0f} seconds ahead, in Date and for time stamps.",
        {"clock_offset": CLOCK_SECONDS},
    ),
    Variant(
        "v3-gateway-errors-in-xml",
        "Refusals of V3 calls over key, signature, nonce or time are XML, whatever Accept says.",
        hooks=(("fields", _gateway_in_xml),),
    ),
    Variant("json-only", "Every answer is JSON, whatever was asked for.", hooks=(("fields", _json),), target=_JSON),
    Variant(
        "json-only-refuses",
        "Every answer is JSON; who asks for XML is refused with 400 UnsupportedParameter.",
        hooks=(("arrival", _no_xml), ("fields", _json)),
        target=_JSON,
    ),
    Variant(
        "v1-only",
        "Calls signed with V3 lack a Signature: 400 MissingParameter.",
        hooks=(("parameters", _only("V1", "Signature")),),
        target={"offers": {"signing": ["v1"]}},
    ),
    Variant(
        "v3-only",
        "Calls signed with V1 lack an Authorization: 400 MissingParameter.",
        hooks=(("parameters", _only("V3", "Authorization")),),
        target={"offers": {"signing": ["v3"]}},
    ),
)
