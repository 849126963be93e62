"""What happens before an operation sees a request, and how its answer is put into words.

Format negotiation, action and version, access key, clock, signature and nonce, in this order; then the
operation; then the envelope.  A guard that a fault may leave out is asked through `guarded`.  This file knows
no resource.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
import re
import sys
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from eni_conformance.emulator import signing
from eni_conformance.emulator.accounts import Caller
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import (
    JSON_TYPE,
    XML_TYPE,
    Fields,
    Refusal,
    Reply,
    printable,
    request_id,
    to_json,
    to_xml,
    trace_id,
)
from eni_conformance.emulator.state import Cloud

Operation = Callable[[Call], Fields | Awaitable[Fields]]

V1_WINDOW = 31 * 60
"""Seconds that a Timestamp may be away from the clock (V1)."""
V3_WINDOW = 15 * 60
"""Seconds that an x-acs-date may be away from the clock (V3)."""
V3_SCHEME = "ACS3-"
"""What an Authorization header of V3 begins with."""
NONCE_GENERATION = 50_000
"""The last nonces, so many at least and twice as many at most, are remembered."""
TOKENS_REMEMBERED = 10_000

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")
_DETACH = "DetachNetworkInterface"


class Gateway:
    """The operations by product and name, and the nonces seen so far."""

    def __init__(self, cloud: Cloud, operations: dict[str, dict[str, Operation]]) -> None:
        self.cloud = cloud
        self.operations = operations
        # Two generations: when the young one is full it becomes the old one, which is dropped as a whole.
        self.young: set[str] = set()
        self.old: set[str] = set()

    async def answer(self, method: str, path: str, query: bytes, headers: dict[str, str], body: bytes) -> Reply:
        """One request, one reply.  What goes wrong inside becomes an InternalError, never an exception."""
        call = Call(self.cloud, request_id(), method, path, query, body, headers)
        try:
            self.cloud.settle()
            fields = await self._run(call)
            reply = _reply(call, 200, f"{call.action}Response", {"RequestId": call.request_id, **fields})
        except Refusal as refusal:
            reply = _error(call, refusal)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            reply = _error(call, Refusal(500, "InternalError", "The request processing has failed."))
        return self._finish(call, reply)

    def _finish(self, call: Call, reply: Reply) -> Reply:
        hooks = self.cloud.behaviour.hooks
        for hook in hooks.fields:
            hook(call, reply)
        render(reply)
        for alter in hooks.reply:
            alter(call, reply)
        return reply

    async def _run(self, call: Call) -> Fields:
        pairs = _parameters(call)
        hooks = self.cloud.behaviour.hooks
        for rewrite in hooks.parameters:
            rewrite(call, pairs)
        v3 = _negotiate(call)
        operation = self._operation(call)
        for arrival in hooks.arrival:
            early = arrival(call)
            if early is not None:
                raise early
        if v3:
            self._authenticate_v3(call, pairs)
        else:
            self._authenticate_v1(call, pairs)
        calls = self.cloud.calls
        call.serial = calls.get(call.action, 0)
        calls[call.action] = call.serial + 1
        _permit(call)
        if call.action in IDEMPOTENT and call.get("ClientToken"):
            return self._once(call, operation)
        fields = operation(call)
        return fields if isinstance(fields, dict) else await fields

    # Which operation

    def _operation(self, call: Call) -> Operation:
        if call.method not in ("GET", "POST"):
            raise Refusal(400, "UnsupportedHTTPMethod", f"The HTTP method {printable(call.method)} is not supported.")
        if not call.action:
            raise _mandatory("Action")
        if not call.version:
            raise _mandatory("Version")
        known = self.operations.get(call.version)
        if known is None and guarded(call, "version"):
            raise Refusal(400, "InvalidVersion", f"The parameter Version {printable(call.version)} is not valid.")
        operation = (known or self.operations["2014-05-26"]).get(call.action)
        if operation is None:
            raise Refusal(
                404,
                "InvalidAction.NotFound",
                f"The API {printable(call.action)} is not known. Check the URL and the HTTP method.",
            )
        call.product = "Vpc" if call.version == "2016-04-28" else "Ecs"
        return operation

    def _once(self, call: Call, operation: Operation) -> Fields:
        """Run an operation, or repeat the answer that its ClientToken got before."""
        token = call.get("ClientToken")
        if len(token) > 64 or not token.isascii():
            raise Refusal(400, "InvalidParameter", "The ClientToken has more than 64 characters or is not ASCII.")
        key = (call.caller.account, call.action, token)
        mark = json.dumps(sorted(item for item in call.params.items() if item[0] not in _PUBLIC))
        known = self.cloud.tokens.get(key)
        if known is not None:
            if known[0] != mark:
                raise Refusal(
                    400,
                    "IdempotentParameterMismatch",
                    "The ClientToken was used with other parameters before.",
                )
            return known[1]
        fields = operation(call)
        assert isinstance(fields, dict)
        if len(self.cloud.tokens) >= TOKENS_REMEMBERED:
            del self.cloud.tokens[next(iter(self.cloud.tokens))]
        self.cloud.tokens[key] = (mark, fields)
        return fields

    # Who calls

    def _authenticate_v1(self, call: Call, pairs: signing.Pairs) -> None:
        params = call.params
        if not params.get("AccessKeyId"):
            raise _mandatory("AccessKeyId")
        for name in ("Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp"):
            if not params.get(name):
                raise _mandatory(name)
        if params["SignatureMethod"].upper() != "HMAC-SHA1":
            raise Refusal(400, "InvalidSignatureMethod", "The specified signature method is not valid.")
        if params["SignatureVersion"] != "1.0":
            raise Refusal(400, "InvalidSignatureVersion", "The specified signature version is not valid.")
        caller = self._caller(call, params["AccessKeyId"], params.get("SecurityToken", ""))
        self._clock(call, params["Timestamp"], V1_WINDOW)
        if guarded(call, "signature"):
            covered = [pair for pair in pairs if pair[0] != "Signature"]
            expected = ""
            for query in signing.canonical_queries(covered):
                text = signing.v1_string_to_sign(call.method, query)
                expected = expected or text
                if signing.same(signing.v1_signature(caller.access_key_secret, text), params["Signature"]):
                    break
            else:
                raise Refusal(
                    400,
                    "SignatureDoesNotMatch",
                    f"The signature does not match what was calculated. Server string to sign is: {expected}",
                )
        self._nonce(call, caller, params["SignatureNonce"])
        call.caller = caller

    def _authenticate_v3(self, call: Call, pairs: signing.Pairs) -> None:
        headers = call.headers
        parsed = signing.parse_authorization(headers["authorization"])
        if parsed is None:
            raise Refusal(400, "IncompleteSignature", "The Authorization header is not complete or not well formed.")
        key, signed, signature = parsed
        for header, name in _V3_HEADERS.items():
            if not headers.get(header):
                raise _mandatory(name)
        token = headers.get("x-acs-security-token", "")
        caller = self._caller(call, key, token)
        self._clock(call, headers["x-acs-date"], V3_WINDOW)
        if guarded(call, "signature"):
            self._verify_v3(call, caller, signed, signature)
        self._nonce(call, caller, headers["x-acs-signature-nonce"])
        call.caller = caller

    def _verify_v3(self, call: Call, caller: Caller, signed: list[str], signature: str) -> None:
        headers = call.headers
        must = {name for name in headers if name == "host" or name.startswith("x-acs-")}
        uncovered = {name for name in must - set(signed) if guarded(call, f"covered:{name}")}
        if uncovered:
            raise Refusal(
                400,
                "IncompleteSignature",
                f"Headers that must be signed are not: {printable(', '.join(sorted(uncovered)))}.",
            )
        digest = hashlib.sha256(call.body).hexdigest() if call.body else signing.EMPTY_SHA256
        told = headers["x-acs-content-sha256"]
        if told.lower() != digest and guarded(call, "body"):
            raise Refusal(400, "SignatureDoesNotMatch", "The body does not have the SHA-256 that was signed.")
        if self.cloud.behaviour.hex_in_any_case:
            signature = signature.lower()
        expected = ""
        for query in signing.canonical_queries(signing.parse_pairs(call.query)):
            canonical = signing.v3_canonical_request(call.method, call.path, query, headers, signed, told)
            text = signing.v3_string_to_sign(canonical)
            expected = expected or text
            if signing.same(signing.v3_signature(caller.access_key_secret, text), signature):
                return
        raise Refusal(
            400,
            "SignatureDoesNotMatch",
            f"The signature does not match what was calculated. Server string to sign is: [{expected}]",
        )

    def _caller(self, call: Call, key: str, token: str) -> Caller:
        caller = self.cloud.callers.get(key)
        if caller is None:
            raise Refusal(404, "InvalidAccessKeyId.NotFound", "The specified access key does not exist.")
        for exchange in self.cloud.behaviour.hooks.caller:
            caller = exchange(call, caller)
        if token != caller.security_token:
            if not token:
                raise Refusal(400, "MissingSecurityToken", "SecurityToken is mandatory for this access key.")
            raise Refusal(
                400,
                "InvalidSecurityToken.MismatchWithAccessKey",
                "The specified security token does not belong to the access key.",
            )
        return caller

    def _clock(self, call: Call, text: str, window: int) -> None:
        if not guarded(call, "clock"):
            return
        try:
            if not _TIME.fullmatch(text):
                raise ValueError(text)
            moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        except ValueError:
            raise Refusal(
                400, "InvalidTimeStamp.Format", f"The time stamp {printable(text)} is not well formed."
            ) from None
        if abs(self.cloud.wall() - moment) > window:
            raise Refusal(400, "InvalidTimeStamp.Expired", f"The time stamp {printable(text)} has expired.")

    def _nonce(self, call: Call, caller: Caller, nonce: str) -> None:
        """A nonce counts once per access key."""
        key = f"{caller.access_key_id}\n{nonce}"
        if (key in self.young or key in self.old) and guarded(call, "nonce"):
            raise Refusal(400, "SignatureNonceUsed", "The specified signature nonce was used already.")
        self.young.add(key)
        if len(self.young) >= NONCE_GENERATION:
            self.old, self.young = self.young, set()


IDEMPOTENT = frozenset(
    {
        "CreateVpc",
        "CreateVSwitch",
        "CreateSecurityGroup",
        "CreateNetworkInterface",
        "RunInstances",
        "CreateInstance",
        "AssignPrivateIpAddresses",
    }
)
_PUBLIC = frozenset({"AccessKeyId", "Signature", "SignatureNonce", "Timestamp", "SecurityToken", "Format"})
_V3_HEADERS = {
    "x-acs-date": "Timestamp",
    "x-acs-signature-nonce": "SignatureNonce",
    "x-acs-content-sha256": "ContentSha256",
    "host": "Host",
}


def guarded(call: Call, guard: str) -> bool:
    """Whether a guard applies; some faults and variants leave one out."""
    hooks = call.cloud.behaviour.hooks.skip
    return not hooks or not any(hook(call, guard) for hook in hooks)


def _permit(call: Call) -> None:
    """Who may call what, for every operation but the one that decides this for itself."""
    caller = call.caller
    if call.action == _DETACH or caller.kind == "account":
        return
    if caller.kind == "expired":
        raise Refusal(403, "Abs.InvalidAccount.NotFound", f"Account {caller.account} does not exist or has expired.")
    if call.action in caller.denied:
        raise Refusal(403, "Forbidden.RAM", f"The user is not authorized to perform {call.action}.")


def _mandatory(name: str) -> Refusal:
    return Refusal(400, f"Missing{name}", f"{name} is mandatory for this action.")


def _parameters(call: Call) -> signing.Pairs:
    """All pairs of query and form body, in order; the first occurrence of a name becomes the parameter."""
    pairs = signing.parse_pairs(call.query)
    if call.body and call.method == "POST":
        kind = call.headers.get("content-type", "")
        if kind == "" or kind.lower().startswith("application/x-www-form-urlencoded"):
            pairs += signing.parse_pairs(call.body)
    params = call.params
    for name, value in pairs:
        if name not in params:
            params[name] = value
    return pairs


def _negotiate(call: Call) -> bool:
    """Find scheme, format, action and version; true for V3."""
    headers, params = call.headers, call.params
    v3 = headers.get("authorization", "").startswith(V3_SCHEME)
    wanted = params.get("Format", "")
    if v3:
        call.scheme = "V3"
        call.action = headers.get("x-acs-action", "")
        call.version = headers.get("x-acs-version", "")
        accept = headers.get("accept", "").lower()
        xml, json_ = accept.find("xml"), accept.find("json")
        call.format = "XML" if xml >= 0 and (json_ < 0 or xml < json_) else "JSON"
    else:
        call.action = params.get("Action", "")
        call.version = params.get("Version", "")
    if wanted:
        if wanted.upper() not in ("JSON", "XML"):
            raise Refusal(400, "InvalidParameter.Format", "The specified parameter Format is not valid.")
        call.format = wanted.upper()
    return v3


def _error(call: Call, refusal: Refusal) -> Reply:
    host = call.headers.get("host", "")
    fields: Fields = {
        "RequestId": call.request_id,
        "HostId": host if _HOST.fullmatch(host) else "ecs.aliyuncs.com",
        "Code": refusal.code,
        "Message": refusal.message,
        "Recommend": "https://api.aliyun.com/troubleshoot"
        f"?q={refusal.code}&product={call.product}&requestId={call.request_id}",
        **refusal.more,
    }
    reply = _reply(call, refusal.status, "Error", fields)
    reply.headers.update(refusal.headers)
    return reply


def _reply(call: Call, status: int, root: str, fields: Fields) -> Reply:
    headers = {
        "content-type": JSON_TYPE if call.format == "JSON" else XML_TYPE,
        "x-acs-request-id": call.request_id,
        "x-acs-trace-id": trace_id(),
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "*",
    }
    return Reply(status, root, fields, call.format, headers)


def render(reply: Reply) -> None:
    """Put the fields into bytes."""
    reply.body = to_json(reply.fields) if reply.format == "JSON" else to_xml(reply.root, reply.fields)


def encode_token(seq: int) -> str:
    """An opaque NextToken that stands for a place in the order of creation."""
    return base64.urlsafe_b64encode(b"after:%d" % seq).decode().rstrip("=")


def decode_token(token: str) -> int | None:
    """The place that a NextToken stands for; None if this service never issued it."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return int(raw.removeprefix(b"after:")) if raw.startswith(b"after:") else None
    except (ValueError, binascii.Error):
        return None


async def pause(seconds: float) -> None:
    """Let other requests go first."""
    await asyncio.sleep(seconds)
