"""Wrong readings of a request: the gateway, tenants, identifiers and parameters."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.catalogue import REGIONS
from eni_conformance.emulator.detach import STATE, look_up
from eni_conformance.emulator.envelope import Refusal
from eni_conformance.emulator.signing import Pairs
from eni_conformance.emulator.words.family import family, named
from eni_conformance.emulator.words.persistence import Gate, Moment
from eni_conformance.emulator.words.scene import DETACH, Hooks, facts, scene

# Gateway, tenants, identifiers


def _unchecked(gate: Gate, guard: str) -> Hooks:
    def skip(call: Call, asked: str) -> bool:
        wanted = asked == guard or (guard == "signature" and asked == "body")
        return wanted and call.action == DETACH and gate.fires(call)

    return (("skip", skip),)


def _tenant(gate: Gate, how: str) -> Hooks:
    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        here = scene(call)
        eni, instance = here.eni, here.instance
        if refusal is None or refusal.status != 404 or eni is None or eni.owner == call.caller.account:
            return refusal
        if call.caller.kind != "account" or not gate.fires(call):
            return refusal
        if how == "forbidden":
            return Refusal(403, "Forbidden.SubUser", "The resource belongs to another account.")
        if how == "state":
            return Refusal(400, STATE, "The network interface is not in a status that allows this.")
        if how == "detaches":
            call.eni, call.instance = eni, instance
        return None

    return (("decision", decision),)


def _known(call: Call) -> list[str]:
    return [*call.cloud.interfaces, *call.cloud.instances]


_LOOSE: dict[str, Callable[[Call, str], str]] = {
    "trimmed": lambda call, text: text.strip(),
    "case-folded": lambda call, text: text.lower(),
    "width-folded": lambda call, text: unicodedata.normalize("NFKC", text),
    "prefix": lambda call, text: (
        text if len(text) < 10 else next((id for id in _known(call) if id.startswith(text)), text)
    ),
    "suffixed": lambda call, text: next((id for id in _known(call) if text.startswith(id)), text),
    "unquoted": lambda call, text: text.strip("\"'"),
    "cut-at-nul": lambda call, text: text.split("\0")[0],
    "invisible": lambda call, text: "".join(each for each in text if unicodedata.category(each) != "Cf"),
    "first-of-list": lambda call, text: text.strip("[]").split(",")[0].strip("\"' "),
    "underscored": lambda call, text: text.replace("_", "-"),
}


def _loose(gate: Gate, argument: str) -> Hooks:
    name, _, style = argument.partition(":")

    def order(call: Call, guards: tuple[Any, ...]) -> tuple[Any, ...]:
        text = call.get(name)
        plain = _LOOSE[style](call, text)
        known = _known(call) if name != "RegionId" else list(REGIONS)
        if plain == text or plain not in known or text in known:
            return guards
        call.params[name] = plain
        before = call.instance, call.eni
        look_up(call)
        if not gate.fires(call):
            call.params[name] = text
            call.instance, call.eni = before
        return guards

    return (("order", order),)


_LOOSE_ARGUMENTS = (
    *(f"{name}:{style}" for name in ("NetworkInterfaceId", "InstanceId") for style in _LOOSE),
    *(f"RegionId:{style}" for style in ("trimmed", "case-folded", "width-folded", "unquoted", "underscored")),
)

# fmt: off
CALLER_FAMILIES = (
    family("unchecked", "gateway", "The %s of a request is not checked.", _unchecked,
        ("signature", "nonce", "clock"), 0.04),
    family("other-tenant", "tenant", "Another account's interface: %s.", _tenant,
        ("forbidden", "state", "detaches", "quiet"), 0.04, where=facts(caller="other")),
    family("loose-id", "identifier", "An id matches too much: %s.", _loose, _LOOSE_ARGUMENTS, 0.02,
        where=facts(caller="account")),
)
# fmt: on


# Words of named faults alone


def _rewritten(gate: Moment, argument: str) -> Hooks:
    """`NAME,NAME:STYLE`: values are read otherwise before anything looks at them."""
    names, _, style = argument.partition(":")

    def parameters(call: Call, pairs: Pairs) -> None:
        if gate.early(call):
            for name in names.split(","):
                if name in call.params:
                    call.params[name] = _READ_AS[style](call, call.params[name])

    return (("parameters", parameters),)


_READ_AS: dict[str, Callable[[Call, str], str]] = {
    **_LOOSE,
    "decoded-twice": lambda call, text: unquote(text),
    "without-prefix": lambda call, text: next(
        (id for id in _known(call) if text and id.split("-", 1)[1] == text), text
    ),
    "known-region": lambda call, text: text if text in REGIONS or not text else "cn-hangzhou",
}


def _default_region(call: Call, pairs: Pairs) -> None:
    if not call.get("RegionId"):
        call.params["RegionId"] = "cn-hangzhou"


def _find_region(call: Call, pairs: Pairs) -> None:
    eni = call.cloud.interfaces.get(call.get("NetworkInterfaceId"))
    if eni is not None and call.get("RegionId") in REGIONS:
        call.params["RegionId"] = eni.region


def _fold_names(call: Call, pairs: Pairs) -> None:
    proper = {name.lower(): name for name in _IDS}
    for name, text in pairs:
        if name.lower() in proper:
            call.params.setdefault(proper[name.lower()], text)


def _query_only(call: Call, pairs: Pairs) -> None:
    for name in _IDS:
        if f"{name}=".encode() not in call.query:
            call.params.pop(name, None)


def _last_interface(call: Call, pairs: Pairs) -> None:
    """Of a repeated id the first counts for the instance and the last for the interface."""
    for name, text in pairs:
        if name == "NetworkInterfaceId":
            call.params[name] = text


_IDS = ("InstanceId", "NetworkInterfaceId", "RegionId")
_EDITS: dict[str, Callable[[Call, Pairs], None]] = {
    "default-region": _default_region,
    "find-region": _find_region,
    "names-folded": _fold_names,
    "query-only": _query_only,
    "last-interface": _last_interface,
}


def _reads(gate: Moment, how: str) -> Hooks:
    """The parameters are read otherwise as a whole."""
    return (("parameters", lambda call, pairs: _EDITS[how](call, pairs) if gate.early(call) else None),)


def _action_folded(gate: Moment, argument: str) -> Hooks:
    def parameters(call: Call, pairs: Pairs) -> None:
        if call.params.get("Action", "").lower() == DETACH.lower():
            call.params["Action"] = DETACH
        if call.headers.get("x-acs-action", "").lower() == DETACH.lower():
            # The signature covers what was sent, so it is checked against that.
            call.headers["x-acs-action"] = DETACH

    return (("parameters", parameters),)


_UNKNOWN_KEY = "emulator.unknown-key"


def _key_adopted(gate: Moment, argument: str) -> Hooks:
    """An access key that nobody has counts as the account's, and needs no signature."""

    def parameters(call: Call, pairs: Pairs) -> None:
        key = call.params.get("AccessKeyId")
        if key and key not in call.cloud.callers:
            call.params["AccessKeyId"] = next(iter(call.cloud.callers))
            call.headers[_UNKNOWN_KEY] = key

    return (
        ("parameters", parameters),
        ("skip", lambda call, guard: guard == "signature" and _UNKNOWN_KEY in call.headers),
    )


def _filled_in(gate: Moment, name: str) -> Hooks:
    """A public parameter of V1 may be missing."""

    def parameters(call: Call, pairs: Pairs) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if "AccessKeyId" in call.params:
            call.params.setdefault(name, now if name == "Timestamp" else f"nonce{call.request_id}")

    return (("parameters", parameters),)


_ARRIVALS = {
    "get": (400, "UnsupportedHTTPMethod", "Use POST."),
    "post": (400, "UnsupportedHTTPMethod", "Use GET."),
    "v3": (400, "IncompleteSignature", "Use V1."),
}


def _unsupported(gate: Moment, what: str) -> Hooks:
    """Refused at the door."""
    return (("arrival", lambda call: Refusal(*_ARRIVALS[what]) if gate.fires(call) else None),)


def _impatient(gate: Moment, argument: str) -> Hooks:
    """Five minutes instead of fifteen, for every operation."""

    def arrival(call: Call) -> Refusal | None:
        text = call.params.get("Timestamp") or call.headers.get("x-acs-date") or ""
        try:
            moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        except ValueError:
            return None
        late = abs(time.time() - moment) > 300
        return Refusal(400, "InvalidTimeStamp.Expired", "The time stamp has expired.") if late else None

    return (("arrival", arrival),)


def _mismatch(gate: Moment, argument: str) -> Hooks:
    """The right signature is taken for a wrong one."""
    message = "The signature does not match what was calculated."
    return (("arrival", lambda call: Refusal(400, "SignatureDoesNotMatch", message) if gate.fires(call) else None),)


def _foreign_found(gate: Moment, argument: str) -> Hooks:
    """The resources of other accounts are found too, when the guards ask for them."""

    def skip(call: Call, guard: str) -> bool:
        if call.action != DETACH or guard not in ("instance_exists", "interface_exists"):
            return False
        call.instance = call.instance or call.cloud.instances.get(call.get("InstanceId"))
        call.eni = call.eni or call.cloud.interfaces.get(call.get("NetworkInterfaceId"))
        return (call.instance if guard == "instance_exists" else call.eni) is not None

    return (("skip", skip),)


NAMED_REQUESTS = (
    named("rewritten", _rewritten),
    named("reads", _reads),
    named("action-folded", _action_folded),
    named("key-adopted", _key_adopted),
    named("filled-in", _filled_in),
    named("unsupported", _unsupported),
    named("impatient", _impatient),
    named("mismatch", _mismatch),
    named("foreign-found", _foreign_found),
)
