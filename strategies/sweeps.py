"""One of everything, so that a defect that shows always is told within the first calls of a run."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from eni_conformance.contract.scenario import (
    Act,
    Detach,
    EniSpec,
    InstanceSpec,
    Parallel,
    Scenario,
    Settle,
    Step,
    World,
)
from eni_conformance.strategies import worlds
from eni_conformance.strategies.calls import (
    A_HUNDRED,
    IDS,
    OWNER,
    OWNER_LONG,
    UNDECLARED,
    UNHEARD,
    core,
    formed,
    misnamed,
    one_of_each,
    primary,
    repeated,
    send,
    twice,
    unknown,
    valid,
)
from eni_conformance.strategies.drawn import battery
from eni_conformance.strategies.tables import after_a_restart, by_caller, in_state, still_works
from eni_conformance.strategies.wire import OPPOSITE, WIRES, in_turn
from eni_conformance.strategies.worlds import ONE, PAIR, PLAIN, PLAINER, RICH, SPARE, Offer, alone

OF_EACH_PLACE = len(WIRES) // 4
"""So far apart stand the forms of GET and of the three places of POST."""


def calls(offer: Offer, seed: int) -> Scenario:
    """One call of each class of single fault, then accepted calls on interfaces that have much to lose."""
    world = worlds.plain(offer)
    world = dataclasses.replace(world, enis=(RICH, PLAINER, *world.enis[2:]))
    host = len(world.instances) - 1  # where the first interface goes when it is attached again
    wire = in_turn(seed)
    steps: list[Step] = [send(primary(), next(wire))] * 2  # byte for byte the same
    steps += battery(one_of_each(core(world)), wire)
    steps.append(send(primary(), next(wire), (OWNER_LONG,)))
    steps += [send(primary(), one, UNHEARD) for one in WIRES[seed % OF_EACH_PLACE :: OF_EACH_PLACE]]
    steps += [Detach(next(repeated(valid(0))).call)]
    steps += [Settle(), send(valid(0), next(wire)), Settle()]
    steps += [Detach(valid(0)), Act("attach", 0, host), Settle()]
    steps += [send(valid(0, host), next(wire)), Settle()]
    steps += [send(valid(1), next(wire), (OWNER,)), Settle()]
    return Scenario(world, tuple(steps), name="sweep")


SWEPT = (
    "first changed", "other prefix", "no prefix", "truncated", "extended", "doubled", "last upper", "leading space",
    "trailing newline", "comma list", "json list", "xml", "single quotes", "jinja", "slash", "parent", "star",
    "question", "underscore at end", "percent", "percent encoded", "backslash", "underscore", "ampersand",
    "full width", "combining", "emoji", "right to left", "nul", "bad utf-8", "blank", "null", "129 characters",
    "1025 characters", "10000 characters",
)  # fmt: skip
"""A text of each class."""
SWEPT_REGIONS = ("upper", "trailing space", "extended", "underscore", "slash", "as zone", "comma list", "nul")


def texts(seed: int) -> Scenario:
    """A text of each class in place of each identifier, names that are not quite right, a crowd of parameters, and
    accepted calls after them, with one parameter twice and with one that nobody declares."""
    wire, eni = in_turn(seed), itertools.cycle((0, 1))
    steps: list[Step] = [send(formed(valid(next(eni)), name, form), next(wire)) for name in IDS for form in SWEPT]
    steps += [send(formed(valid(next(eni)), "RegionId", form), next(wire)) for form in SWEPT_REGIONS]
    steps += [send(item.call, next(wire)) for item in (*misnamed(valid(0)), *repeated(valid(0)))]
    steps.append(send(primary(), next(wire), A_HUNDRED))
    of_place = seed % OF_EACH_PLACE
    accepted = [Detach(call) for arg in unknown(valid(0), *IDS).args[1:] for call in twice(valid(0), arg)]
    accepted += [send(valid(0), WIRES[place + of_place], UNHEARD) for place in (0, 2 * OF_EACH_PLACE)]
    for step in accepted:
        steps += [step, Settle(), Act("attach"), Settle()]
    return Scenario(ONE, (*steps, Detach(valid(1)), Settle()), name="sweep of texts")


def overlaps(offer: Offer) -> Iterator[Scenario]:
    """Siblings at once, the same interface twice at once, and what becomes of the slots of a full instance."""
    first, second = Detach(valid(0)), Detach(valid(1))
    yield Scenario(PAIR, (Parallel((first, second)),), name="siblings at once")
    spare = Act("attach", offer.slots)
    steps = (
        spare,
        Parallel((first,) * 4),  # the more there are, the likelier two of them meet
        Settle(),
        spare,
        Settle(),
        Act("attach"),
        Settle(),
    )
    yield Scenario(worlds.full(offer, SPARE), steps, name="the same interface twice at once")
    yield Scenario(PAIR, (Parallel((second, first, second)),), name="three at once")


def callers(names: Sequence[str]) -> Iterator[Scenario]:
    """Every caller who may not, on both interfaces, with an undeclared parameter, and on one Detaching already."""
    wire, undeclared = in_turn(), itertools.cycle(UNDECLARED)
    first: list[Step] = []
    steps: list[Step] = []
    if not names:
        return
    for caller in names:
        first.append(send(valid(0), next(wire), (), caller))
        steps += [first[-1], send(valid(1), next(wire), (), caller)]
        steps.append(send(valid(1), next(wire), next(undeclared), caller))
    yield Scenario(ONE, tuple(steps), name="sweep of callers")
    yield Scenario(alone(EniSpec(status="Detaching"), PLAIN), tuple(first))


def states(offer: Offer) -> Iterator[Scenario]:
    """Each transitional state and each condition once, a full instance and an interface in two groups among them."""
    made = [
        alone(PLAIN, status="Starting"),
        dataclasses.replace(worlds.full(offer), instances=(InstanceSpec("Stopping"),)),
        alone(PLAIN, status="Pending"),
        alone(EniSpec(status="Attaching")),
        alone(EniSpec(status="Detaching")),
        alone(EniSpec(on=None, status="Deleting")),
        alone(EniSpec(status="Detaching"), status="Stopped"),
        *(alone(EniSpec(fault=fault, groups=1 + n % 2)) for n, fault in enumerate(worlds.CONDITIONS)),
        *(World((InstanceSpec(fault=fault),)) for fault in worlds.conditions("instance")),
        *(World(faults=(fault,)) for fault in worlds.conditions("region")),
    ]
    for n, world in enumerate(made):
        wire = in_turn(n, OPPOSITE)
        yield Scenario(world, tuple(send(valid(0), next(wire)) for _ in range(2)))
    for op in worlds.conditions("parameter"):
        yield Scenario(World(faults=(f"{op}={OWNER.name}",)), (send(valid(0), extra=(OWNER,)),))


def second_region(offer: Offer, seed: int, others: Sequence[str]) -> Iterator[Scenario]:
    """One call of each class, accepted calls of a Running and a Stopped instance, a restart, and another caller."""
    one = dataclasses.replace(offer, two_instances=False)
    stopped = alone(EniSpec(tags=1), PLAIN, SPARE, status="Stopped")
    caller = others[seed % len(others)] if others else ""
    for scenario in (
        calls(one, seed),
        in_state(stopped, seed, others),
        after_a_restart(),
        by_caller(ONE, caller, seed) if caller else still_works(ONE),
    ):
        yield abroad(scenario)


def abroad(scenario: Scenario) -> Scenario:
    """The same in the target's second region."""
    return dataclasses.replace(scenario, world=dataclasses.replace(scenario.world, region="second"))
