"""What comes first where calls are counted: each row of the page once, in as few Worlds as will hold them.

A World costs as much as twenty refused calls, so what is refused and changes nothing shares one World, and conditions
that stand beside each other share another.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence

from eni_conformance.contract.gateway import Probe as GatewayProbe
from eni_conformance.contract.scenario import (
    Act,
    Call,
    Detach,
    EniSpec,
    InstanceSpec,
    Parallel,
    Probe,
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
    UNHEARD,
    core,
    formed,
    on,
    one_of_each,
    primary,
    repeated,
    send,
    valid,
)
from eni_conformance.strategies.drawn import battery
from eni_conformance.strategies.probes import BROKEN, of_each_place
from eni_conformance.strategies.sweeps import SWEPT
from eni_conformance.strategies.wire import WIRES, in_turn
from eni_conformance.strategies.worlds import PLAIN, PLAINER, RICH, Offer, alone

ODD_FIRST = ("nul", "bad utf-8", "percent", "129 characters")
"""Texts of which no service makes an identifier."""
LEFT_FOR_LATER = (
    "is region", "is instance_name", "is zone", "primary of another instance", "InstanceId upper", "InstanceId sql",
    "NetworkInterfaceId trailing space", "NetworkInterfaceId half", "InstanceId middle changed", "InstanceId+RegionId",
    "NetworkInterfaceId+RegionId",
)  # fmt: skip
"""How the labels of refused calls end that can wait: others break the same rule in nearly the same way."""
PROBES_FIRST = 2
"""Probes of each row of the gateway that come first; the others follow in a Scenario of their own."""


def world_of(offer: Offer) -> World:
    """Where refused calls are sent: two interfaces that differ in everything, and a second instance if there is one."""
    made = worlds.plain(offer)
    return dataclasses.replace(made, enis=(RICH, PLAINER, *made.enis[2:]))


def every_row(offer: Offer, callers: Sequence[str], seed: int) -> Scenario:
    """Each class of single fault, each caller who may not; then accepted calls on what has much to lose."""
    world, wire = world_of(offer), in_turn(seed)
    host = len(world.instances) - 1
    steps: list[Step] = [send(primary(), next(wire))] * 2
    steps += battery([item for item in one_of_each(core(world)) if not item.label.endswith(LEFT_FOR_LATER)], wire)
    steps += [send(valid(n % 2), next(wire), (), caller) for n, caller in enumerate(callers)]
    steps += [send(primary(), next(wire), UNHEARD), Detach(next(repeated(valid(0))).call)]
    steps += [send(formed(valid(n % 2), IDS[n % 2], form), next(wire)) for n, form in enumerate(ODD_FIRST)]
    steps += [Settle(), send(valid(0), next(wire)), Settle(), Detach(valid(0)), Act("attach", 0, host), Settle()]
    steps += [send(valid(0, host), next(wire)), send(valid(1), next(wire), (OWNER,)), Settle()]
    return Scenario(world, tuple(steps), name="each row once")


def gateway(offer: Offer, probes: Mapping[str, GatewayProbe], *, first: bool, seed: int) -> Scenario:
    """The first probes of each row, or all others, once; what may be carried out comes last."""
    rank: dict[str, int] = {}
    steps: list[tuple[bool, Step]] = []
    for n, (name, probe) in enumerate(probes.items()):
        rank[probe.requirement] = rank.get(probe.requirement, 0) + 1
        if (rank[probe.requirement] <= PROBES_FIRST and not probe.between) == first:
            forms = of_each_place(probe)
            about = BROKEN if probe.accept else valid(n % 2)
            call = Call((*about.args, *((OWNER,) if n % 3 == 0 else ())), forms[(seed + n) % len(forms)])
            steps.append((probe.again, Probe(name, call)))
    ordered = tuple(step for _, step in sorted(steps, key=lambda one: one[0]))
    return Scenario(world_of(offer), ordered, name="the gateway once")


def texts(offer: Offer, seed: int) -> Scenario:
    """A text of each class in place of one identifier, and many parameters."""
    wire, name = in_turn(seed + 1), itertools.cycle(IDS)
    steps = [
        send(formed(valid(n % 2), next(name), form), next(wire))
        for n, form in enumerate(f for f in SWEPT if f not in ODD_FIRST)
    ]
    steps.append(send(primary(), next(wire), A_HUNDRED))
    return Scenario(world_of(offer), tuple(steps), name="each class of text once")


def transitions(offer: Offer) -> Iterator[Scenario]:
    """Each state that passes, as many beside each other as an instance holds; and what Stopped instances admit."""
    wire = in_turn(3)
    starting, stopping = InstanceSpec("Starting"), InstanceSpec("Stopping")
    each: list[tuple[InstanceSpec, ...]] = [(starting, stopping)] if offer.two_instances else [(starting,), (stopping,)]
    for instances in each:
        enis = tuple(EniSpec(on=n) for n in range(len(instances)))
        steps = [send(valid(n, n), next(wire)) for n in range(len(instances)) for _ in range(2)]
        yield Scenario(World(instances, enis), tuple(steps), name="instances on their way")
    stopped = alone(RICH, PLAIN, status="Stopped")
    accepted = (send(valid(0), next(wire)), Settle(), send(valid(0), next(wire)), send(valid(1), next(wire)), Settle())
    yield Scenario(stopped, (send(primary(), next(wire)), *accepted), name="a Stopped instance")
    moving = (EniSpec(status="Attaching"), EniSpec(status="Detaching"), EniSpec(on=None, status="Deleting"))
    if offer.transitional and offer.most_attached > 1:
        steps = [send(valid(k), next(wire)) for k in (1, 0, 2, 1)]
        yield Scenario(alone(*moving), tuple(steps), name="interfaces on their way")
    else:
        yield from (Scenario(alone(one), (send(valid(0), next(wire)),) * 2) for one in moving)


def conditions(offer: Offer) -> Iterator[Scenario]:
    """Each condition that an order of the control protocol brings about, as many at once as the instances hold."""
    wire = in_turn(11)
    size = offer.most_attached * (2 if offer.two_instances else 1)
    for chunk in _chunks(size):
        enis = tuple(EniSpec(on=n // offer.most_attached, fault=fault) for n, fault in enumerate(chunk))
        world = World((InstanceSpec(),) * (1 + enis[-1].on), enis)  # type: ignore[operator]
        yield Scenario(world, tuple(send(on(world, k), next(wire)) for k in range(len(enis))), name="conditions")
    for fault in worlds.conditions("instance"):
        yield Scenario(World((InstanceSpec(fault=fault),)), (send(valid(0), next(wire)),) * 2)
    for fault in worlds.conditions("region"):
        yield Scenario(World(faults=(fault,)), (send(valid(0), next(wire)),) * 2)
    for op in worlds.conditions("parameter"):
        yield Scenario(World(faults=(f"{op}={OWNER.name}",)), (send(valid(0), extra=(OWNER,)),))
    yield Scenario(alone(EniSpec(), status="Pending"), (send(valid(0), next(wire)),) * 2)


def _chunks(size: int) -> Iterator[tuple[str, ...]]:
    return (worlds.CONDITIONS[n : n + size] for n in range(0, len(worlds.CONDITIONS), size))


def overlaps() -> Scenario:
    """Siblings at once, then one interface twice at once and back, then each after the other."""
    first, second = Detach(valid(0)), Detach(valid(1))
    steps = (
        Parallel((first, second)), Settle(), Act("attach"), Act("attach", 1), Settle(),
        Parallel((first,) * 4), send(valid(1), WIRES[5]), Settle(),
    )  # fmt: skip
    return Scenario(worlds.PAIR, steps, name="at once")
