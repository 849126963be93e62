"""Several detaches at the same time: what goes wrong where two of them overlap.

A pause between decision and effect lets another call come in between.  These are words of named faults alone.
"""

from __future__ import annotations

from collections.abc import Callable

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.envelope import Refusal, Reply
from eni_conformance.emulator.state import NetworkInterface
from eni_conformance.emulator.words.effects import put_back
from eni_conformance.emulator.words.family import named
from eni_conformance.emulator.words.persistence import Moment
from eni_conformance.emulator.words.scene import DETACH, Hooks, scar, success
from eni_conformance.emulator.words.views import count_lost

Act = Callable[[Call, NetworkInterface], None]

PAUSE_SECONDS = 0.04


def _others(call: Call) -> list[NetworkInterface]:
    """The interfaces of the other detaches that are under way."""
    return [eni for key, eni in scar(call.cloud, "flight").items() if key != call.request_id]


def _enter(call: Call, refusal: Refusal | None) -> Refusal | None:
    if refusal is None and call.eni is not None:
        scar(call.cloud, "flight")[call.request_id] = call.eni
        scar(call.cloud, "last")["eni"] = call.eni
    return refusal


def _locked(call: Call, refusal: Refusal | None) -> Refusal | None:
    """The second of two detaches of one interface is an internal error."""
    same = call.eni is not None and call.eni in scar(call.cloud, "flight").values()
    return Refusal(500, "InternalError", "The record is locked.") if refusal is None and same else refusal


def _conflict(call: Call, refusal: Refusal | None) -> Refusal | None:
    """The second of two detaches from one instance is refused."""
    busy = any(eni.instance is call.instance and eni is not call.eni for eni in _others(call))
    return Refusal(403, "InvalidTaskState", "Another task is running.") if refusal is None and busy else refusal


def _first_lost(call: Call, eni: NetworkInterface) -> None:
    """Of several only the last is carried out."""
    if scar(call.cloud, "last").get("eni") is not eni:
        put_back(call, eni, "InUse")


def _sticks(call: Call, eni: NetworkInterface) -> None:
    if _others(call):
        put_back(call, eni, "Detaching")


def _tags_lost(call: Call, eni: NetworkInterface) -> None:
    if _others(call):
        eni.tags.clear()


def _slots(change: int) -> Act:
    """Two detaches of one interface cost the instance so many places."""

    def act(call: Call, eni: NetworkInterface) -> None:
        if call.instance is not None and eni in _others(call):
            call.instance.scar["leaked"] = call.instance.scar.get("leaked", 0) + change

    return act


def _borrowed_id(call: Call, reply: Reply) -> None:
    if call.action != DETACH:
        return
    ids = scar(call.cloud, "ids")
    other = next((key for key in ids if key != call.request_id), "")
    if other and success(reply):
        reply.fields["RequestId"] = reply.headers["x-acs-request-id"] = other
    ids.clear()
    if scar(call.cloud, "flight"):
        ids[call.request_id] = True


_DECISIONS = {"locked": _locked, "conflict": _conflict}
_ACTS: dict[str, Act] = {
    "first-lost": _first_lost,
    "sticks": _sticks,
    "tags-lost": _tags_lost,
    "slot-won": _slots(-1),
    "slot-lost": _slots(1),
}


def _overlap(gate: Moment, what: str) -> Hooks:
    def effect(call: Call, eni: NetworkInterface) -> None:
        if what in _ACTS:
            _ACTS[what](call, eni)
        scar(call.cloud, "flight").pop(call.request_id, None)

    return (
        *((("decision", _DECISIONS[what]),) if what in _DECISIONS else ()),
        ("decision", _enter),
        ("pause", lambda call: PAUSE_SECONDS),
        ("effect", effect),
        ("slots", count_lost),
        *((("fields", _borrowed_id),) if what == "id-shared" else ()),
    )


NAMED_PARALLEL = (named("overlap", _overlap),)
