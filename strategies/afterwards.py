"""Calls of every kind after each thing that may change a World.

A history remembers: what an endpoint answers may hang on what was done before. So after each kind of change the same
battery is sent, on interfaces that differ in everything they can have. Nothing is drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from eni_conformance.contract.scenario import (
    Act,
    Call,
    Detach,
    InstanceSpec,
    Parallel,
    Probe,
    Scenario,
    Settle,
    Step,
    World,
)
from eni_conformance.strategies.calls import (
    IDS,
    RIDING_ALONG,
    UNKNOWN,
    UNKNOWN_REGION,
    formed,
    repeated,
    send,
    valid,
    without,
)
from eni_conformance.strategies.probes import PLAINEST
from eni_conformance.strategies.wire import in_turn
from eni_conformance.strategies.worlds import PASTS, SPARE, Offer, detailed

DETACHED, KEPT, ATTACHED, DOOMED = 0, 1, 2, 5
"""Places: of the interface that is detached, one that stays attached, one that is attached, and one that is deleted."""
SECOND = 1
LATER = 4
"""So much further on in the battery begins the next one; it has 19 calls, so that all of them come first in turn."""


@dataclass(frozen=True)
class Change:
    """Something that changes a World. steps: what is done. stopped: the instance must be Stopped before it."""

    steps: tuple[Step, ...]
    stopped: bool = False
    two_instances: bool = False


CHANGES: Mapping[str, Change] = {
    "detach": Change((send(valid(DETACHED)),)),
    "attach": Change((Act("attach", ATTACHED),)),
    "modify": Change((Act("modify", KEPT),)),
    "delete": Change((Act("delete", DOOMED),)),
    "stop": Change((Act("stop"),)),
    "start": Change((Act("start"),), stopped=True),
    "reboot": Change((Act("reboot"),)),
    "calls at once": Change((Parallel((send(valid(DETACHED)), send(valid(KEPT)))),)),
    "delete instance": Change((Act("delete_instance", 0, SECOND),), two_instances=True),
}
ODD = {
    "RegionId": (UNKNOWN_REGION, "truncated", "empty", "nul"),
    **dict.fromkeys(IDS, (UNKNOWN, "half", "empty", "nul")),
}
"""A text of each kind: unknown, malformed in part, empty, unreadable."""


def _battery(named: Iterator[int]) -> Iterator[Call]:
    """Each required parameter left out, in a text of each kind, and twice; each call about the interface in turn."""
    for name, forms in ODD.items():
        yield without(valid(next(named)), name)
        for form in forms:
            yield formed(valid(next(named)), name, form)
    for item in repeated(valid(KEPT)):
        yield item.call


def _signed_wrongly_before(sent: Sequence[Detach]) -> list[Step]:
    return [step for one in sent for step in (Probe(PLAINEST, valid(KEPT)), one)]


def _two_at_once_before(sent: Sequence[Detach]) -> list[Step]:
    steps: list[Step] = []
    for n in range(0, len(sent), 3):
        steps += [Parallel(tuple(sent[n : n + 2])) if n + 1 < len(sent) else sent[n], *sent[n + 2 : n + 3]]
    return steps


COMPANY: tuple[Callable[[Sequence[Detach]], Sequence[Step]], ...] = (
    lambda sent: sent, _signed_wrongly_before, _two_at_once_before,
)  # fmt: skip
"""A battery alone; each of its calls right after one that is signed wrongly; one in three right after two at once."""


def after(change: Change, number: int, offer: Offer, callers: Sequence[str]) -> Scenario:
    """The battery after one change; then callers who may not, and accepted calls on what is still attached."""
    details = detailed(offer)
    most = min(KEPT + 1, offer.most_attached)
    enis = [replace(details[(k + number) % len(details)], on=0 if k < most else None) for k in range(len(details))]
    enis = [replace(e, status="InUse" if e.on == 0 else "Available") for e in enis]
    zone = number % 2 if offer.second_zone else 0
    first = InstanceSpec("Stopped" if change.stopped else "Running", PASTS[number % len(PASTS)], zone)
    others = (InstanceSpec(zone=zone),) if offer.two_instances else ()
    wire, extras = in_turn(number * len(CHANGES)), itertools.cycle(RIDING_ALONG)
    named = itertools.cycle(range(len(enis)))
    steps: list[Step] = [*change.steps, Settle()]
    battery = list(_battery(named))
    begin = number * LATER % len(battery)  # another one comes right after the change
    sent = [send(call, next(wire), next(extras)) for call in (*battery[begin:], *battery[:begin])]
    sent += [send(valid(next(named)), next(wire), next(extras), caller) for caller in callers]
    steps += COMPANY[number % len(COMPANY)](sent)
    steps += [send(valid(k), next(wire)) for k in (*range(ATTACHED, len(enis)), KEPT, DETACHED)]
    return Scenario(World((first, *others), (*enis, SPARE)), (*steps, Settle()))


def after_each(offer: Offer, callers: Sequence[str], times: int, seed: int) -> Iterator[Scenario]:
    """Each change so many times, each time on other interfaces and another instance."""
    for time, (n, (name, change)) in itertools.product(range(times), enumerate(CHANGES.items())):
        if offer.two_instances or not change.two_instances:
            yield replace(after(change, seed + n + time, offer, callers), name=f"after {name}")
