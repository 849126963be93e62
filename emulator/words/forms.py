"""Lawful ways to write the same request that are read wrongly, and signatures that cover too little.

Words of named faults alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from eni_conformance.emulator import signing
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import Refusal, Reply
from eni_conformance.emulator.words.family import named
from eni_conformance.emulator.words.persistence import Moment
from eni_conformance.emulator.words.scene import DETACH, Hooks, success

_LOWER = re.compile(rb"%(?:[0-9a-f][a-f]|[a-f][0-9])")
_FORMS: dict[str, Callable[[Call], bool]] = {
    "plus": lambda call: b"+" in call.query + call.body,
    "lower": lambda call: _LOWER.search(call.query + call.body) is not None,
    "charset": lambda call: ";" in call.headers.get("content-type", ""),
    "accepts-several": lambda call: "," in call.headers.get("accept", ""),
    "public-last": lambda call: call.query.find(b"Action=") > 0,
}


def _is(gate: Moment, call: Call, form: str) -> bool:
    return DETACH in (call.get("Action"), call.headers.get("x-acs-action")) and _FORMS[form](call)


def _unverified(gate: Moment, form: str) -> Hooks:
    """A request that is written in this way has the wrong signature."""
    message = "The signature does not match what was calculated."
    wrong = Refusal(400, "SignatureDoesNotMatch", message)
    return (("arrival", lambda call: wrong if _is(gate, call, form) else None),)


def _body_lost(gate: Moment, form: str) -> Hooks:
    """The body of a request that is written in this way is not read."""

    def parameters(call: Call, pairs: list[tuple[str, str]]) -> None:
        if _is(gate, call, form):
            for name in ("RegionId", "InstanceId", "NetworkInterfaceId"):
                if f"{name}=".encode() not in call.query:
                    call.params.pop(name, None)

    return (("parameters", parameters),)


def _other_format(gate: Moment, form: str) -> Hooks:
    """A request that is written in this way is answered in XML, or refused."""

    def arrival(call: Call) -> Refusal | None:
        if _is(gate, call, form):
            call.format = "XML"
        return None

    return (("arrival", arrival),)


def _uncovered(gate: Moment, name: str) -> Hooks:
    """A header of V3 may be left out of what is signed."""

    def skip(call: Call, guard: str) -> bool:
        return guard == f"covered:{name}" and call.headers.get("x-acs-action") == DETACH

    return (("skip", skip),)


def _covers(gate: Moment, part: str) -> Hooks:
    """`query` or `body`: a V1 signature of that part alone will do."""

    def skip(call: Call, guard: str) -> bool:
        if guard != "signature" or call.scheme != "V1" or not call.body or call.get("Action") != DETACH:
            return False
        caller = call.cloud.callers.get(call.get("AccessKeyId"))
        raw = call.query if part == "query" else call.body
        pairs = [pair for pair in signing.parse_pairs(raw) if pair[0] != "Signature"]
        if caller is None:
            return False
        text = signing.v1_string_to_sign(call.method, next(signing.canonical_queries(pairs)))
        return signing.same(signing.v1_signature(caller.access_key_secret, text), call.get("Signature"))

    return (("skip", skip),)


def _dropped(gate: Moment, argument: str) -> Hooks:
    """A detach is carried out, and the connection closed without a byte."""

    def reply_hook(call: Call, reply: Reply) -> None:
        if success(reply) and gate.fires(call):
            reply.wire = "drop"

    return (("reply", reply_hook),)


NAMED_FORMS = (
    named("dropped", _dropped),
    named("unverified", _unverified),
    named("body-lost", _body_lost),
    named("other-format-for", _other_format),
    named("uncovered", _uncovered),
    named("covers", _covers),
)
