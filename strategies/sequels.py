"""Histories made on purpose: every operation comes right after every other one, about the same interface.

What an endpoint keeps of a call (an answer, a permission, a lock, a value to put back) shows at the next one. The
operations are rows; a search over what they make of a small World gives walks in which each two that can follow each
other do. Nothing is drawn: the same seed gives the same walks.
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace

from eni_conformance.contract.scenario import Act, Call, Parallel, Probe, Scenario, Settle, Step, Wire
from eni_conformance.strategies.calls import missing, primary, send, unknown, valid
from eni_conformance.strategies.probes import PLAINEST
from eni_conformance.strategies.wire import in_turn
from eni_conformance.strategies.worlds import SPARE, WALKED, WALKED_ALONE, Offer

IT, SIBLING = 0, 1
"""Places of the interface that the walk is about, and of one beside it."""
SPARES = 2
"""Interfaces of a walk that are there to be deleted."""


@dataclass(frozen=True)
class Now:
    """Where the two interfaces are, None if nowhere, whether the first instance runs, how many interfaces are left to
    be deleted, and whether there is a second instance."""

    it: int | None = 0
    sibling: int | None = 0
    running: bool = True
    spares: int = 0
    second: bool = True


Next = tuple[tuple[Step | Call, ...], Now]
"""What an operation sends (a Call goes out in the wire form whose turn it is), and what it leads to."""


@dataclass(frozen=True)
class Operation:
    """One thing to do. does: what it comes to, None where it cannot be done."""

    name: str
    does: Callable[[Now], Next | None]


def _detach(now: Now, *after: Step) -> Next | None:
    return None if now.it is None else ((valid(IT, now.it), *after), replace(now, it=None))


def _attach(now: Now, instance: int) -> Next | None:
    steps = (Settle(), Act("attach", IT, instance), Settle())
    return (steps, replace(now, it=instance)) if now.it is None else None


def _sibling(now: Now) -> Next | None:
    if now.sibling is None:
        return (Settle(), Act("attach", SIBLING), Settle()), replace(now, sibling=0)
    return (valid(SIBLING),), replace(now, sibling=None)


def _at_once(now: Now) -> Next | None:
    if now.it == now.sibling == 0:
        return (Parallel((send(valid(IT)), send(valid(SIBLING)))), Settle()), replace(now, it=None, sibling=None)
    refused = send(primary()), send(unknown(valid(IT), "NetworkInterfaceId"))
    return (Parallel(refused),), now


def _delete(now: Now) -> Next | None:
    place = len(WALKED.enis) + now.spares - 1
    return ((Act("delete", place), Settle()), replace(now, spares=now.spares - 1)) if now.spares else None


def _delete_instance(now: Now) -> Next | None:
    if not now.second or now.it == 1:
        return None
    return (Act("delete_instance", IT, 1), Settle()), replace(now, second=False)


def _stop_charging(now: Now) -> Next | None:
    return ((Act("stop_charging"), Settle()), replace(now, running=False)) if now.running else None


def _power(now: Now) -> Next | None:
    return (Act("stop" if now.running else "start"), Settle()), replace(now, running=not now.running)


def _refused(call: Call) -> Callable[[Now], Next | None]:
    return lambda now: ((call,), now)


def operations(offer: Offer, callers: Sequence[str], *, all_of_them: bool) -> tuple[Operation, ...]:
    """Everything that may come before or after a detach on this target. all_of_them: also what costs interfaces and
    instances."""
    found = [
        Operation("detach, then look", lambda now: _detach(now, Settle())),
        Operation("detach", _detach),
        Operation("detach what is unattached", lambda now: ((valid(IT),), now) if now.it is None else None),
        Operation("attach", lambda now: _attach(now, 0)),
        Operation("detach or attach a sibling", _sibling),
        Operation("stop or start", _power),
        Operation("modify", lambda now: ((Act("modify", IT), Settle()), now)),
        Operation("reboot", lambda now: ((Act("reboot"), Settle()), now) if now.running else None),
        Operation("name the primary interface", _refused(primary())),
        Operation("name no interface", _refused(unknown(valid(IT), "NetworkInterfaceId"))),
        Operation("leave out a parameter", _refused(next(missing(valid(IT))).call)),
        Operation("sign wrongly", lambda now: ((Probe(PLAINEST, valid(IT)),), now)),
    ]
    if all_of_them:
        found += [
            Operation("calls at once", _at_once),
            Operation("create", lambda now: ((Act("create", IT), Settle()), now)),
            Operation("delete", _delete),
            Operation("stop without charge", _stop_charging),
        ]
    if all_of_them and offer.two_instances:
        found.append(Operation("delete the second instance", _delete_instance))
    if offer.two_instances:
        found.append(Operation("attach elsewhere", lambda now: _attach(now, 1) if now.second else None))
        found.append(Operation("name the wrong instance", lambda now: ((valid(IT, 1),), now) if now.it == 0 else None))
    found += [
        Operation(f"call as {caller}", lambda now, caller=caller: ((replace(valid(IT), caller=caller),), now))  # type: ignore[misc]
        for caller in callers
    ]
    return tuple(found)


Two = tuple[str, str]
"""The names of two operations, one right after the other."""


def every_two(rows: Sequence[Operation], begin: Now) -> frozenset[Two]:
    """Each two operations that can follow each other in some state that can be reached."""
    states, found, todo = {begin}, set[Two](), [begin]
    while todo:
        now = todo.pop()
        for one in rows:
            if (done := one.does(now)) is None:
                continue
            found |= {(one.name, other.name) for other in rows if other.does(done[1]) is not None}
            if done[1] not in states:
                states.add(done[1])
                todo.append(done[1])
    return frozenset(found)


def walks(
    offer: Offer, callers: Sequence[str], length: int, seed: int, *, all_of_them: bool = False
) -> Iterator[Scenario]:
    """Walks of about so many operations, until each two that can follow each other have done so. Of the callers who may
    not, one calls."""
    rows = operations(offer, callers[seed % len(callers) :][:1] if callers else (), all_of_them=all_of_them)
    world = WALKED if offer.two_instances else WALKED_ALONE
    begin = Now(spares=SPARES if all_of_them else 0, second=offer.two_instances)
    world = replace(world, enis=(*world.enis, *(SPARE,) * begin.spares))
    unmet, chance, wire = set(every_two(rows, begin)), random.Random(seed), in_turn(seed)
    for number in itertools.count():
        if not unmet:
            return
        steps: list[Step] = []
        now, done = begin, [""]
        while len(done) <= length and (way := _way(chance.sample(rows, len(rows)), now, done[-1], unmet)):
            for one in way:
                came = one.does(now)
                assert came is not None
                parts, now = came
                steps += [_in_form(part, next(wire)) for part in parts]
                unmet.discard((done[-1], one.name))
                done.append(one.name)
        yield Scenario(world, (*steps, Settle()), f"sequels {number}")


def _in_form(part: Step | Call, wire: Wire) -> Step:
    """A call as a step, in this wire form."""
    match part:
        case Call():
            return send(part, wire, caller=part.caller)
        case Probe():
            return replace(part, call=replace(part.call, wire=wire))
    return part


def _way(rows: Sequence[Operation], now: Now, last: str, unmet: Set[Two]) -> tuple[Operation, ...]:
    """The fewest operations that end with two that have not followed each other yet; () where there is no way."""
    seen, todo = {(now, last)}, deque([(now, last, tuple[Operation, ...]())])
    while todo:
        here, before, way = todo.popleft()
        for one in rows:
            came = one.does(here)
            if came is None:
                continue
            if (before, one.name) in unmet:
                return (*way, one)
            if (came[1], one.name) not in seen:
                seen.add((came[1], one.name))
                todo.append((came[1], one.name, (*way, one)))
    return ()
