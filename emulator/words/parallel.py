"""Several detaches at the same time: what goes wrong where some of them overlap.

A pause between decision and effect lets another call come in between.  These are words of named faults alone.
"""

from __future__ import annotations

from collections.abc import Callable

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.detach import broken
from eni_conformance.emulator.envelope import Refusal, Reply
from eni_conformance.emulator.state import NetworkInterface
from eni_conformance.emulator.words.effects import put_back
from eni_conformance.emulator.words.family import named
from eni_conformance.emulator.words.persistence import Moment
from eni_conformance.emulator.words.scene import DETACH, Hooks, scar, success
from eni_conformance.emulator.words.views import count_lost, lose_places

Act = Callable[[Call, NetworkInterface], None]

PAUSE_SECONDS = 0.04
MODIFIED = ("Description", "NetworkInterfaceName", "DeleteOnRelease")


def _others(call: Call) -> list[NetworkInterface]:
    """The interfaces of the other detaches that are under way."""
    return [eni for key, eni in scar(call.cloud, "flight").items() if key != call.request_id]


def _same(call: Call) -> bool:
    """Whether another detach of the same interface is under way."""
    return call.eni in _others(call)


def _siblings(call: Call) -> set[str]:
    """The other interfaces of the same instance that are being detached."""
    return {eni.id for eni in _others(call) if eni.instance is call.instance and eni is not call.eni}


def _enter(call: Call, refusal: Refusal | None) -> Refusal | None:
    if refusal is None and call.eni is not None:
        scar(call.cloud, "flight")[call.request_id] = call.eni
        scar(call.cloud, "last")["eni"] = call.eni
    return refusal


def _leave(call: Call, reply: Reply) -> None:
    for table in ("flight", "refused", "lost"):
        scar(call.cloud, table).pop(call.request_id, None)


def _locked(call: Call, refusal: Refusal | None) -> Refusal | None:
    """The second of two detaches of one interface is an internal error."""
    locked = refusal is None and _same(call)
    return Refusal(500, "InternalError", "The record is locked.") if locked else refusal


def _conflict(call: Call, refusal: Refusal | None) -> Refusal | None:
    """The second of two detaches from one instance is refused."""
    busy = refusal is None and _siblings(call)
    return Refusal(403, "InvalidTaskState", "Another task is running.") if busy else refusal


def _any_instance(call: Call, refusal: Refusal | None) -> Refusal | None:
    """Beside a detach of the same interface, one that names another instance is accepted; nothing comes of it."""
    if refusal is None or not _same(call) or broken(call) != {"interface_is_on_the_instance"}:
        return refusal
    call.eni = None
    return None


def _third_lost(call: Call, refusal: Refusal | None) -> Refusal | None:
    """Of several detaches from one instance the third is not carried out."""
    if refusal is None and len(_siblings(call)) == 2:
        scar(call.cloud, "lost")[call.request_id] = True
    return refusal


def _lost_beside_refusal(call: Call, refusal: Refusal | None) -> Refusal | None:
    """Detaches that overlap one that is refused are not carried out."""
    refused, lost = scar(call.cloud, "refused"), scar(call.cloud, "lost")
    if refusal is not None:
        refused[call.request_id] = True
        lost.update(dict.fromkeys(scar(call.cloud, "flight"), True))
    elif refused:
        lost[call.request_id] = True
    return refusal


def _drop_lost(call: Call) -> float:
    """After the wait: nothing comes of a call that was marked as lost."""
    if call.request_id in scar(call.cloud, "lost"):
        call.eni = None
    return 0.0


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


def _places_lost(number: int, beside: Callable[[Call], object]) -> Act:
    """Two detaches cost the instance so many places; `beside` finds the other one."""

    def act(call: Call, eni: NetworkInterface) -> None:
        if call.instance is not None and beside(call):
            lose_places(call.instance, number)

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


def _drop_modification(call: Call, pairs: list[tuple[str, str]]) -> None:
    """A modification of an interface whose detach is under way is accepted, and nothing comes of it."""
    if "ModifyNetworkInterfaceAttribute" not in (call.get("Action"), call.headers.get("x-acs-action")):
        return
    if call.get("NetworkInterfaceId") in {eni.id for eni in scar(call.cloud, "flight").values()}:
        for name in [name for name in call.params if name in MODIFIED or name.startswith("SecurityGroupId.")]:
            del call.params[name]


_DECISIONS = {
    "locked": _locked,
    "conflict": _conflict,
    "any-instance": _any_instance,
    "third-lost": _third_lost,
    "lost-beside-refusal": _lost_beside_refusal,
}
_ACTS: dict[str, Act] = {
    "first-lost": _first_lost,
    "sticks": _sticks,
    "tags-lost": _tags_lost,
    "slot-won": _places_lost(-1, _same),
    "slot-lost": _places_lost(1, _same),
    "siblings-slot-lost": _places_lost(1, _siblings),
}


def _overlap(gate: Moment, what: str) -> Hooks:
    return (
        *((("decision", _DECISIONS[what]),) if what in _DECISIONS else ()),
        ("decision", _enter),
        ("pause", lambda call: PAUSE_SECONDS),
        ("pause", _drop_lost),
        *((("effect", _ACTS[what]),) if what in _ACTS else ()),
        *((("parameters", _drop_modification),) if what == "modification-lost" else ()),
        ("slots", count_lost),
        ("fields", _leave),
        *((("fields", _borrowed_id),) if what == "id-shared" else ()),
    )


NAMED_PARALLEL = (named("overlap", _overlap),)
