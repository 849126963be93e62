"""Defects that no single answer shows: each answer is lawful, or no operation was asked, yet something is wrong.

Of one and the same call two lawful refusals come, depending on what must not matter; a later operation does not
last; a gateway lets pass what it should not, or holds up what it should let pass.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from eni_conformance.emulator import signing
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import Refusal, Reply
from eni_conformance.emulator.faults.kit import (
    EXTRA,
    POST,
    V1,
    V3,
    XML,
    Fault,
    When,
    eni_has,
    fault,
    hook,
    recode,
    refuse,
    remember,
    scar,
    skip,
    success,
    value,
)
from eni_conformance.emulator.state import Cloud, NetworkInterface

UNKNOWN_KEY = "emulator.unknown-key"
FRESH = When("the client closes the connection after it", lambda call: call.headers.get("connection") == "close")
LOWER = When("Format is given in lower case", lambda call: call.get("Format").islower())
OWNER_ID = When("OwnerId is given", lambda call: "OwnerId" in call.params)
UNWELCOME = value("an id contains a space or an asterisk", lambda text: " " in text or "*" in text)


def _twofold(slug: str, requirement: str, when: When) -> Fault:
    """Malformed interface ids are merely unknown, which is lawful, but under one condition only."""
    return fault(
        f"malformed-unknown-{slug}",
        "code",
        requirement,
        "A malformed interface id is merely unknown, under this condition alone.",
        recode("InvalidParams.EniId", status=404, to="InvalidEniId.NotFound"),
        when=when,
    )


def _drop_attachment(call: Call, reply: Reply) -> None:
    """Attached again, but Available once the settle time has passed, as if the detach had been carried out twice."""
    eni = call.cloud.interfaces.get(call.get("NetworkInterfaceId"))
    if call.action == "AttachNetworkInterface" and success(reply) and eni and eni.id in scar(call.cloud, "once"):
        call.cloud.later(eni, "Attaching", lambda: call.cloud.detached(eni))


def _falls_back(cloud: Cloud, eni: NetworkInterface) -> None:
    """Available for 0.9 seconds, then InUse again at the same instance, unless it was used otherwise meanwhile."""
    former = scar(cloud, "falls back").pop(eni.id, None)

    def back() -> None:
        if eni.status == "Available" and eni.id in cloud.interfaces and former.id in cloud.instances:
            cloud.link(eni, former)

    if former is not None:
        cloud.after(0.9, back)


def _other_method(call: Call) -> bool:
    """Whether a V1 signature fits the other method."""
    caller = call.cloud.callers.get(call.get("AccessKeyId"))
    if caller is None:
        return False
    method = "GET" if call.method == "POST" else "POST"
    pairs = [pair for pair in signing.parse_pairs(call.query) if pair[0] != "Signature"]
    text = signing.v1_string_to_sign(method, next(signing.canonical_queries(pairs)))
    return signing.same(signing.v1_signature(caller.access_key_secret, text), call.get("Signature"))


def _adopt_key(call: Call, pairs: signing.Pairs) -> None:
    """An access key that nobody has counts as the account's."""
    key = call.params.get("AccessKeyId")
    if key and key not in call.cloud.callers:
        call.params["AccessKeyId"] = next(iter(call.cloud.callers))
        call.headers[UNKNOWN_KEY] = key


def _stamp_missing(name: str, made: str) -> Fault:
    def fill(call: Call, pairs: signing.Pairs) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if "AccessKeyId" in call.params:
            call.params.setdefault(name, now if name == "Timestamp" else f"{made}{call.request_id}")

    return fault(
        f"{made}-may-be-missing",
        "protocol",
        f"Missing{name}",
        f"A V1 request without {name} is accepted.",
        hook("parameters", fill),
    )


def _impatient(call: Call) -> Refusal | None:
    """Five minutes instead of fifteen."""
    text = call.params.get("Timestamp") or call.headers.get("x-acs-date") or ""
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
    if abs(time.time() - moment) > 300:
        return Refusal(400, "InvalidTimeStamp.Expired", "The time stamp has expired.")
    return None


def _mismatch(call: Call) -> Refusal | None:
    if UNWELCOME.holds(call):
        return Refusal(400, "SignatureDoesNotMatch", "The signature does not match what was calculated.")
    return None


RELATIONS = (
    _twofold("by-post", "relation: methods", POST),
    _twofold("in-xml", "relation: formats", XML),
    _twofold("by-v3", "relation: signing", V3),
    _twofold("on-fresh-connection", "relation: connection", FRESH),
    _twofold("in-lower-case", "relation: repetition", LOWER),
    fault(
        "attached-again-but-not-for-long",
        "effect",
        "effect: life cycle",
        "Attaching the interface again is accepted, but it ends Available instead of InUse.",
        remember("once"),
        hook("fields", _drop_attachment),
    ),
    fault(
        "refused-after-three-detaches",
        "state",
        "InvalidOperation.InvalidEniState",
        "An interface that was detached three times counts as being in the wrong status ever after.",
        refuse(400, "InvalidOperation.InvalidEniState"),
        when=eni_has("the interface was detached three times", lambda eni: eni.detaches > 2),
    ),
    fault(
        "flaps-back-late",
        "effect",
        "effect: stays Available",
        "Nearly a second after it became Available the interface is InUse again.",
        remember("falls back"),
        hook("settled", _falls_back),
    ),
    fault(
        "owner-id-refused",
        "validation",
        "OwnerId",
        "The older parameter OwnerId is refused with a code of its own.",
        refuse(403, "InvalidOwner.Mismatch"),
        when=OWNER_ID,
    ),
    fault(
        "unknown-parameters-refused-by-post",
        "validation",
        "undeclared parameters",
        "Undeclared parameters are ignored, but those of a POST are refused.",
        refuse(400, "UnsupportedParameter"),
        when=EXTRA & POST,
    ),
    fault(
        "body-hash-unchecked",
        "protocol",
        "SignatureDoesNotMatch: body",
        "The V3 header with the hash of the body is not compared with the body.",
        skip("body"),
        when=V3,
    ),
    fault(
        "signature-of-other-method",
        "protocol",
        "SignatureDoesNotMatch: method",
        "A V1 signature that was made for GET is good for POST, and the other way round.",
        skip("signature"),
        when=V1 & When("the signature fits the other method", _other_method),
    ),
    fault(
        "unknown-key-accepted",
        "protocol",
        "InvalidAccessKeyId.NotFound",
        "A V1 access key that nobody has counts as the account's.",
        hook("parameters", _adopt_key),
        hook("skip", lambda call, guard: guard == "signature" and UNKNOWN_KEY in call.headers),
    ),
    _stamp_missing("SignatureNonce", "nonce"),
    _stamp_missing("Timestamp", "timestamp"),
    fault(
        "clock-impatient",
        "protocol",
        "time window",
        "Time stamps expire after five minutes.",
        hook("arrival", _impatient),
    ),
    fault(
        "signature-of-special-characters",
        "protocol",
        "canonical form",
        "The right signature of a call with a space or an asterisk is taken for a wrong one.",
        hook("arrival", _mismatch),
        when=UNWELCOME,
    ),
)
