"""Scenarios that are drawn: what is free (which texts, which order, which extras, which wire form) is Hypothesis's.

Effort is spent by class: a battery holds one call per class of single fault that its World offers, each in a wire form
that changes from call to call, so that class x wire form x World meet in pairs after a few rows.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from eni_conformance.contract.scenario import Act, Arg, Call, Detach, Parallel, Scenario, Settle, Step, Wire, World
from eni_conformance.contract.texts import FORMS, REGION_FORMS
from eni_conformance.strategies.calls import (
    EXTRAS,
    NAMES,
    Labelled,
    core,
    elsewhere,
    extras,
    on,
    place_of,
    primary,
    send,
    targets,
    texts,
    valid,
    without,
)
from eni_conformance.strategies.wire import in_turn, wires
from hypothesis import strategies as st

EXTRA_EVERY = 5
"""One refusal in so many has a parameter riding along."""
PAIR_EVERY = 5
"""One refusal in so many is sent at the same time as the one before it."""
WIRE_FORMS_A_WORLD = 9
"""So many wire forms further on each World's accepted calls begin, so that a few Worlds meet all of them."""
ODD_EVERY = 7
"""Right after an accepted call comes a refused one: of all classes, one in so many."""
STRANGER_EVERY = 6
"""Before one refusal in so many, somebody else sends the same; before one success in STRANGER_EVERY_SUCCESS."""
STRANGER_EVERY_SUCCESS = 2


# --- batteries -----------------------------------------------------------------------------------


def battery(labelled: Sequence[Labelled], wire: Iterator[Wire], extra: Sequence[Arg] = ()) -> list[Detach]:
    """Each call once, in the wire forms given; one in a few with a parameter riding along."""
    return [send(item.call, next(wire), extra if n % EXTRA_EVERY == 2 else ()) for n, item in enumerate(labelled)]


def interrupted(steps: Sequence[Step], callers: Iterator[str] | None, every: int) -> Iterator[Step]:
    """The steps, and just before one call in `every`, the same call of somebody else, who may not."""
    number = itertools.count()
    for step in steps:
        if callers and isinstance(step, Detach) and next(number) % every == 0:
            yield Detach(dataclasses.replace(step.call, caller=next(callers)))
        yield step


def mingled(refusals: Sequence[Step], first: int) -> list[Step]:
    """The same refusals, of which one in a few and the one before it are sent at the same time."""
    out: list[Step] = []
    for step in refusals:
        before = out[-1] if out else None
        if (len(out) + first) % PAIR_EVERY == 0 and isinstance(before, Detach) and isinstance(step, Detach):
            out[-1] = Parallel((before, step))
        else:
            out.append(step)
    return out


# --- campaigns -----------------------------------------------------------------------------------


@st.composite
def campaign(draw: st.DrawFn, world: World, number: int, most_texts: int, callers: Sequence[str] = ()) -> Scenario:
    """Refusals of every class in this World, a look, then accepted calls with a look after each, then again.

    number: of this campaign among those of a run; wire forms and callers go on from there. most_texts: how many odd
    texts are tried besides. callers: who may not, and calls in between.
    """
    items = core(world)
    every = texts(world)
    items += [every[i] for i in draw(st.lists(st.integers(0, len(every) - 1), max_size=most_texts, unique=True))]
    extra = draw(st.sampled_from(EXTRAS))
    turn = draw(st.integers(0, len(items) - 1))
    others = itertools.islice(itertools.cycle(callers), number, None) if callers else None
    refusals = battery(items[turn:] + items[:turn], in_turn(number), extra)
    steps = [*mingled(list(interrupted(refusals, others, STRANGER_EVERY)), number), Settle()]
    accepted = draw(successes(world, number))
    return Scenario(world, (*steps, *interrupted(accepted, others, STRANGER_EVERY_SUCCESS)))


@st.composite
def successes(draw: st.DrawFn, world: World, number: int) -> list[Step]:
    """Accepted calls on every interface that may be detached: one by one, then all at once, then one elsewhere."""
    free = targets(world)
    if not free:
        return []
    wire = in_turn(number * WIRE_FORMS_A_WORLD)
    order = draw(st.permutations(free))
    steps: list[Step] = []
    odd = itertools.islice(itertools.cycle(core(world)), number * ODD_EVERY * len(free), None, ODD_EVERY)
    for k in order:
        steps += [send(on(world, k), next(wire), draw(extras())), send(next(odd).call, next(wire)), Settle()]
        steps.append(send(on(world, k), next(wire)))
    steps += [*(Act("attach", k, place_of(world, k)) for k in order), Settle()]
    for n, k in enumerate(draw(st.permutations(free))):
        call = send(on(world, k), next(wire), draw(extras()))
        steps.append(call)
        if n % 2:
            steps.append(send(dataclasses.replace(call.call, wire=draw(wires()))))
    steps.append(Settle())
    first = order[0]
    others = [i for i in range(len(world.instances)) if i != place_of(world, first)]
    for i in others[:1]:
        steps += [Act("attach", first, i), Settle(), send(valid(first, i), draw(wires())), Settle()]
    return steps


@st.composite
def odd_texts(draw: st.DrawFn, world: World, part: Sequence[Labelled]) -> Scenario:
    """A slice of the odd texts, each in a drawn wire form, with or without OwnerAccount."""
    return Scenario(world, tuple(send(item.call, draw(wires()), draw(extras())) for item in part))


# --- several faults at once ----------------------------------------------------------------------

FORM_OF = {
    region: {
        kind: st.sampled_from([name for name, form in table.items() if form.kind == kind])
        for kind in ("exact", "unknown", "border", "empty", "unreadable")
    }
    for region, table in ((False, FORMS), (True, REGION_FORMS))
}
"""The forms of identifiers, and of regions, by kind."""
KINDS = st.sampled_from(("exact", "exact", "exact", "unknown", "border", "empty", "unreadable"))
LEFT_OUT = st.integers(0, 9).map(lambda tenth: tenth == 0)
FEWEST_IN_COMPANY, MOST_IN_COMPANY = 20, 50
"""Calls of one Scenario: a World costs more than its calls, and a short Scenario is made smaller sooner."""


@st.composite
def in_company(draw: st.DrawFn, world: World, callers: Sequence[str]) -> Scenario:
    """Calls that break several preconditions at once: any mix of odd values, states and callers."""
    instances = [f"instance:{i}" for i in range(len(world.instances))]
    enis = [f"eni:{k}" for k in range(len(world.enis))]
    refs = {
        "RegionId": st.sampled_from(("region", "region", "region", "second_region", "zone")),
        "InstanceId": st.sampled_from((*instances, "eni:0")),
        "NetworkInterfaceId": st.sampled_from((*enis, "primary:0", "instance:0")),
    }
    coin, anyone = st.booleans(), st.sampled_from(("account", "account", *callers))
    wire, extra = wires(), extras()
    steps: list[Step] = []
    for _ in range(draw(st.integers(FEWEST_IN_COMPANY, MOST_IN_COMPANY))):
        args = []
        for name in NAMES:
            if not draw(LEFT_OUT):
                ref = draw(refs[name])
                form = draw(FORM_OF[name == "RegionId"][draw(KINDS)])
                args.append(Arg(name, ref, "exact" if ref in ("second_region", "zone") else form))
        if draw(coin):
            args.reverse()
        caller = draw(anyone)
        steps.append(send(Call(tuple(args)), draw(wire), draw(extra), caller))
    return Scenario(world, tuple(steps))


# --- at the same time ----------------------------------------------------------------------------


@st.composite
def overlapping(draw: st.DrawFn, world: World, most: int) -> Scenario:
    """Two to `most` operations at once on one World: the same interface, siblings, invalid ones, others' acts."""
    free = targets(world)
    kind = draw(st.sampled_from(("same", "siblings", "mixed", "attach", "stop", "delete")))
    n = draw(st.integers(2, most))
    k = draw(st.sampled_from(free))
    at = place_of(world, k)
    again = send(valid(k, at), draw(wires()))
    parts: list[Detach | Act] = [again]
    match kind:
        case "same":
            parts = [send(valid(k, at), draw(wires())) for _ in range(n)]
        case "siblings":
            parts = [*(send(on(world, f), draw(wires())) for f in free), again]
        case "mixed":
            wrong = [primary(), *(item.call for item in elsewhere(world))]
            wrong += [without(on(world, f), "InstanceId") for f in free]
            parts += [send(call, draw(wires())) for call in wrong[: n - 1]]
        case "attach":
            spare = [j for j, eni in enumerate(world.enis) if eni.on is None]
            parts += [again, *(Act("attach", j, at) for j in spare[:1])]
        case "stop":
            parts.append(Act("stop", k, at))
        case _:
            parts.append(Act("delete", k, at))
    return Scenario(world, (Parallel(tuple(parts[:most])),), name=f"overlapping: {kind}")
