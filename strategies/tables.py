"""Scenarios that are written down, one function for each thing that is tried in a table of its own.

They hold what is known to go wrong; what is free is drawn (drawn.py). Scenarios come in the order in which they are
carried out; wire forms take turns, from the number of the Scenario on.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence

from eni_conformance.contract.detach import TRUNK
from eni_conformance.contract.rules import Order
from eni_conformance.contract.scenario import (
    AS_ASKED,
    ATTRIBUTES,
    Act,
    Arg,
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
    DRY_RUN,
    EXTRAS,
    IDS,
    OWNER,
    OWNER_ID,
    OWNER_UNICODE,
    OWNERS_ALL,
    PUNCTUATION,
    REGION,
    RIDING_ALONG,
    UNDECLARED,
    UNHEARD,
    UNKNOWN,
    UNKNOWN_REGION,
    Labelled,
    core,
    formed,
    missing,
    on,
    one_of_each,
    place_of,
    plainest,
    primaries,
    primary,
    repeated,
    send,
    targets,
    text,
    twice,
    unknown,
    valid,
    without,
)
from eni_conformance.strategies.drawn import battery
from eni_conformance.strategies.probes import PLAINEST
from eni_conformance.strategies.wire import OPPOSITE, PLAIN, WIRES, in_turn
from eni_conformance.strategies.worlds import ONE, PLAINER, RICH, SPARE, Offer, alone


def still_works(world: World) -> Scenario:
    """A plain valid call: does the endpoint still work?"""
    return Scenario(world, (Detach(valid(targets(world)[0])), Settle()), name="still works")


def still_refuses(world: World) -> Scenario:
    """A plain call about an instance that does not exist, or about nothing where the World has nothing: does the
    endpoint still work? It changes nothing."""
    about = unknown(valid(0), "InstanceId") if world.instances and world.enis else Call((REGION,))
    return Scenario(world, (Detach(about),), name="still refuses")


def again(world: World, place: int, slots: int, attached: float = 0.0) -> Scenario:
    """One interface detached when it has been attached for so many seconds; with `slots`, it is attached again, all of
    them being taken, and so on three times; then all of them are detached at once, and attached again."""
    if not slots:
        waited = (Settle(attached),) if attached else ()
        return Scenario(world, (*waited, Detach(valid(place)), Settle()), name="detach as in the set-up")
    extra = max(0, Offer(quota=slots).slots - len(world.enis))
    full = dataclasses.replace(world, enis=(*world.enis, *[EniSpec()] * extra))
    one_by_one = (Detach(valid(place)), Settle(), Act("attach", place), Settle()) * 3
    steps = (*one_by_one, *_at_once_and_back(len(full.enis)))
    return Scenario(full, steps, name="detach and attach as in the set-up")


def _at_once_and_back(count: int) -> tuple[Step, ...]:
    """So many interfaces detached at once, and attached again one by one."""
    back = (step for k in range(count) for step in (Act("attach", k), Settle()))
    return (Parallel(tuple(Detach(valid(k)) for k in range(count))), Settle(), *back)


# --- wire forms ----------------------------------------------------------------------------------


def in_every_wire_form(world: World, labelled: Iterable[Labelled]) -> Iterator[Scenario]:
    """Each refused call in each of the 40 wire forms; none changes the World, so that one will do."""
    first, xml = WIRES[0], WIRES[2]
    # Pairs that differ from another form in one thing alone, so that it can be named.
    near = (
        dataclasses.replace(first, fresh=True),
        dataclasses.replace(first, order="sorted"),
        dataclasses.replace(first, style="lower"),
        dataclasses.replace(first, format="json"),
        dataclasses.replace(xml, format="xml"),
    )
    for item in labelled:
        yield Scenario(world, tuple(send(item.call, wire) for wire in (*WIRES, *near)), name=item.label)


def accepted_in_every_wire_form(world: World) -> Iterator[Scenario]:
    """An accepted call in each wire form: some of them each followed by a look, then as many with one look for all."""
    free = targets(world)
    number = itertools.count()
    left = iter(WIRES)

    def calls() -> list[Detach]:
        """On each interface, in the next wire forms, one in three with OwnerAccount; fewer where no form is left."""
        return [send(on(world, k), wire, (OWNER,) if next(number) % 3 == 0 else ()) for k, wire in zip(free, left)]  # noqa: B905

    while first := calls():
        steps: list[Step] = [step for call in first for step in (call, Settle())]
        steps += [Settle(), *(Act("attach", k, place_of(world, k)) for k in free[: len(first)]), Settle()]
        yield Scenario(world, (*steps, *calls(), Settle()), name="accepted in every wire form")


def in_formats(names: Iterable[str]) -> Iterator[Scenario]:
    """A plain refused call in each of these formats, as it is asked for."""
    for name in names:
        wire = dataclasses.replace(PLAIN, format="XML" if name == "xml" else "JSON")
        yield Scenario(ONE, (send(unknown(valid(0), "NetworkInterfaceId"), wire),), name=AS_ASKED)


# --- parameters ----------------------------------------------------------------------------------

ODD_OWNERS = ("x" * 300, "", "\x00\x07", "a\udcff", "<script>", "../../etc")
"""Too long, empty, control characters, bad UTF-8, markup, a path."""


def riding_along(world: World) -> Iterator[Scenario]:
    """An accepted call with each parameter that may ride along, declared or not; then refusals with each."""
    steps: tuple[Step, ...]
    free = targets(world)
    for n, (k, extra) in enumerate(zip(itertools.cycle(free), (*EXTRAS[1:], *UNDECLARED), strict=False)):
        wire = in_turn(n)
        steps = (send(on(world, k), next(wire), extra), Settle(), send(on(world, k), next(wire), extra))
        yield Scenario(world, steps, name="parameter riding along")
    refused = [item.call for item in primaries(world)]
    for k in free:
        refused += [without(on(world, k), "InstanceId"), formed(on(world, k), "NetworkInterfaceId", "half")]
    for n, extra in enumerate(EXTRAS[1:]):
        steps = tuple(send(call, wire, extra) for call, wire in zip(refused, in_turn(n), strict=False))
        yield Scenario(world, steps, name="parameter riding along on a refusal")
    every = one_of_each(core(world)[::-1])  # the last of each class: those of the last interface
    for start in (0, OPPOSITE):
        undeclared = itertools.islice(itertools.cycle(UNDECLARED), start, None)
        steps = tuple(
            send(item.call, wire, extra) for item, wire, extra in zip(every, in_turn(start), undeclared, strict=False)
        )
        yield Scenario(world, steps, name="undeclared parameter riding along on every refusal")
    for odd, one in zip(ODD_OWNERS, in_turn(), strict=False):
        yield Scenario(world, (send(valid(0), one, (text("OwnerAccount", odd),)),), name="odd OwnerAccount")


def given_twice(world: World) -> Iterator[Scenario]:
    """A required parameter twice: two values that denote nothing, two equal ones, and one that is unknown."""
    for item in repeated(valid(0)):
        yield Scenario(world, (Detach(item.call),), name=item.label)
    for arg in valid(0).args:
        other = dataclasses.replace(arg, form=UNKNOWN_REGION if arg == REGION else UNKNOWN)
        bad_last, bad_first = twice(valid(0), other)
        for what, call in (
            ("equal", twice(valid(0), arg)[0]), ("last unknown", bad_last), ("first unknown", bad_first),
        ):  # fmt: skip
            yield Scenario(world, (Detach(call), Settle()), name=f"{arg.name} twice, {what}")


def alike(world: World) -> Iterator[Scenario]:
    """Refusals with a parameter that nobody declares, in several wire forms; and with a required parameter twice, its
    values in either order: which of them counts may be chosen, but for all alike."""
    for extra in (UNHEARD, DRY_RUN, PUNCTUATION):
        yield Scenario(world, tuple(send(primary(), wire, extra) for wire in WIRES[::3]), name="undeclared, alike")
    steps: list[Step] = []
    by_form, by_v3 = dataclasses.replace(PLAIN, method="POST", place="form"), dataclasses.replace(PLAIN, signing="v3")
    for wire, arg in itertools.product((PLAIN, by_form, by_v3), primary().args):
        other = dataclasses.replace(arg, form=UNKNOWN_REGION if arg == REGION else UNKNOWN)
        for pair in ((arg, other), (other, arg)):
            args = tuple(a for given in primary().args for a in (pair if given == arg else (given,)))
            steps.append(send(Call(args), wire))
    yield Scenario(world, tuple(steps), name="repeated, alike")


def trunks(world: World) -> Iterator[Scenario]:
    """A valid call that names a trunk which does not hold the interface: an ordinary interface, the interface
    itself, what else there is, the primary one, an unknown or malformed id, an instance, nothing."""
    enis = [Arg(TRUNK, f"eni:{k}") for k in range(len(world.enis))]
    other = enis[1]
    named = [other, enis[0], *enis[2:], Arg(TRUNK, "primary:0")]
    named += [dataclasses.replace(other, form=form) for form in (UNKNOWN, "half")]
    named += [Arg(TRUNK, "instance:0"), text(TRUNK, "")]
    for n, arg in enumerate(named):
        wire = in_turn(n)
        first, second = (send(valid(0), next(wire), (arg,)) for _ in range(2))
        steps = (send(without(valid(0), "InstanceId"), next(wire), (arg,)), first, Settle(), second)
        yield Scenario(world, steps, name="trunk parameter")


def unsupported(world: World, condition: str, arg: Arg) -> Scenario:
    """A call with a refused parameter in several wire forms, then the same call without it, for either interface."""
    wire = in_turn()
    steps: list[Step] = []
    for k in (1, 0):
        steps += [send(valid(n % 2), next(wire), (arg,)) for n in range(5)]
        steps += [Settle(), send(valid(k), next(wire)), Settle()]
    return Scenario(dataclasses.replace(world, faults=(f"{condition}={arg.name}",)), tuple(steps))


# --- states --------------------------------------------------------------------------------------

ELSEWHERE = Arg("RegionId", "second_region")
ODD_IN_STATE = tuple(
    (name, region if name == "RegionId" else form)
    for form, region in ((UNKNOWN, UNKNOWN_REGION), ("half", "truncated"), ("empty", "empty"), ("nul", "nul"))
    for name in ("RegionId", *IDS)
)
"""One text of each kind for each identifier; four of them are tried in each state, in turn."""
AT_A_TIME = 4


def in_state(world: World, number: int, callers: Iterable[str] = (), places: Sequence[int] = (0,)) -> Scenario:
    """The call that the World is about in several wire forms, and others beside it.

    When the page admits a success here, the first call may change the state; the model follows. number: of this World
    in its table. places: of the interfaces that are named in turn, with the first instance.
    """
    wire, enis = in_turn(number), itertools.cycle(places)
    extra = itertools.islice(itertools.cycle(RIDING_ALONG), number, None)
    steps: list[Step] = [send(valid(next(enis)), next(wire), riding) for riding in RIDING_ALONG]
    steps.append(send(primary(), next(wire)))
    steps += [send(item.call, next(wire), next(extra)) for item in itertools.islice(missing(valid(places[0])), 3)]
    steps += [send(valid(next(enis)), next(wire), next(extra), caller) for caller in callers]
    first = AT_A_TIME * number
    odd: list[Detach] = []
    for name, form in itertools.islice(itertools.cycle(ODD_IN_STATE), first, first + AT_A_TIME):
        base = primary() if name == "RegionId" and number % 5 == 0 else valid(places[0])
        odd.append(send(formed(base, name, form), next(wire), next(extra)))
    steps += [odd[0], Probe(PLAINEST, valid(places[0])), Parallel(tuple(odd[1:3])), *odd[3:]]
    return Scenario(world, tuple(steps))


def in_states(made: Iterable[World], callers: Sequence[str]) -> Iterator[Scenario]:
    """`in_state` for each of these Worlds, whose first interface is the one to name."""
    return (in_state(world, number, callers) for number, world in enumerate(made))


def in_full_houses(offer: Offer, callers: Sequence[str]) -> Iterator[Scenario]:
    """`in_state` for instances that are full: each interface is named in turn, or the one that is not there."""
    for number, world in enumerate(worlds.full_houses(offer)):
        attached = [k for k, eni in enumerate(world.enis) if eni.on is not None]
        yield in_state(world, number, callers, attached if world.enis[0].on is not None else (0,))


def born_with_the_instance() -> Iterator[Scenario]:
    """An interface that came with its instance: refusals of every second class, an accepted call, and that again; the
    other classes in the other status of the instance."""
    for n, world in enumerate((alone(worlds.BORN), alone(worlds.BORN_TO_GO, status="Stopped"))):
        wire = in_turn(n * OPPOSITE)
        refusals = battery(one_of_each(core(world))[n::2], wire)
        steps: list[Step] = [*refusals, Settle(), send(valid(0), next(wire)), Settle(), send(valid(0), next(wire))]
        yield Scenario(world, tuple(steps), name="born with its instance")


def repeated_while_detaching() -> Iterator[Scenario]:
    """The call again and again while the interface is held Detaching, alone and beside others, and once with a region
    that it is not in; and without a hold."""
    for n, world in enumerate(worlds.detaching()):
        last = len(world.enis) - 1
        steps = tuple(send(valid(last), wire) for wire in itertools.islice(in_turn(n), 5))
        elsewhere = tuple(ELSEWHERE if arg == REGION else arg for arg in valid(last).args)
        yield Scenario(world, (*steps, Detach(Call(elsewhere))), name="repeated while Detaching")
    modified = tuple(Act("modify", attribute=one) for one in ATTRIBUTES)
    for n, acts in enumerate(((Act("modify", 1),), (Act("attach", 2),), (Act("delete", 2),), modified)):
        again = (send(valid(0), wire) for wire in itertools.islice(in_turn(n), 2))
        beside = alone(EniSpec(status="Detaching", description="plain"), worlds.PLAIN, SPARE)
        yield Scenario(beside, (*acts, Settle(), *again), name=f"repeated while Detaching, after {acts[0].op}")
    for n in range(3):
        steps = tuple(send(valid(1), wire) for wire in itertools.islice(in_turn(n), 4))
        yield Scenario(worlds.TWINS, steps, name="repeated at once")


# --- conditions of the control protocol ----------------------------------------------------------


def by_fault(world: World, number: int) -> Scenario:
    """Calls on each faulty interface in several wire forms; then on the primary one and on a clean one."""
    faulty = [k for k, e in enumerate(world.enis) if e.fault] or list(range(len(world.enis)))
    wire = in_turn(number)
    steps = [send(on(world, k), next(wire), (OWNER,) if turn == 1 else ()) for turn in range(5) for k in faulty]
    steps += [send(item.call, next(wire)) for item in primaries(world)]
    steps += [send(on(world, k), next(wire)) for k in targets(world)[:1]]
    return Scenario(world, tuple(steps))


def refused(world: World, number: int) -> Scenario:
    """Calls in a World that refuses every one of them."""
    wire, enis = in_turn(number), itertools.cycle(range(len(world.enis)))
    steps = [
        send(on(world, next(enis)), next(wire), (OWNER,) if n % 7 == 3 else ()) for n in range(8 * len(world.instances))
    ]
    return Scenario(world, tuple(steps))


def provoked(order: Order, condition: str, offer: Offer) -> Iterator[Scenario]:
    """Calls in Worlds in which an order of the control protocol is in force. condition: one of the order's."""
    match order.on:
        case "parameter":
            yield from (unsupported(worlds.PAIR, condition, arg) for arg in (OWNER, OWNER_ID))
        case "region":
            yield from (refused(world, n) for n, world in enumerate(worlds.faulty_region(offer, condition)))
        case "instance":
            yield from (by_fault(world, n) for n, world in enumerate(worlds.faulty_instance(condition)))
        case _:
            yield from (by_fault(world, n) for n, world in enumerate(worlds.faulty(condition)))


# --- callers -------------------------------------------------------------------------------------


def by_caller(world: World, caller: str, number: int) -> Scenario:
    """Calls of a caller who may not: valid otherwise, on every resource, with owner parameters, and odd ones."""
    wire = in_turn(number)
    undeclared = itertools.islice(itertools.cycle(UNDECLARED), number, None)
    steps = []
    for k in range(len(world.enis)):
        for extra in ((), (OWNER,), (OWNER_UNICODE,), OWNERS_ALL, next(undeclared)):
            steps.append(send(on(world, k), next(wire), extra, caller))
    steps += [send(item.call, next(wire), (), caller) for item in plainest(world)]
    steps += [send(unknown(valid(k), *IDS), next(wire), (), caller) for k in range(len(world.enis))]
    return Scenario(world, tuple(steps), name=f"caller {caller}")


def by_caller_everywhere(caller: str, offer: Offer) -> Iterator[Scenario]:
    """A caller who may not, in Worlds that differ in states and neighbours."""
    made = (
        worlds.plain(offer),
        alone(RICH, PLAINER, status="Stopped"),
        alone(EniSpec(tags=2), EniSpec(past="reattached"), past="restarted"),
        alone(EniSpec(), SPARE, status="Starting"),
        alone(EniSpec(status="Detaching"), EniSpec()),
    )
    return (by_caller(world, caller, number) for number, world in enumerate(made))


# --- identifiers, slots, regions, time -----------------------------------------------------------

LOOSE = ("leading space", "trailing newline", "last upper", "extended", "truncated", "nul", "full width")
"""Texts that a loose comparison takes for the identifier they are made of."""


def fresh_resources(count: int, offer: Offer) -> Iterator[Scenario]:
    """Refusals and accepted calls on `count` interfaces, and instances, made for the occasion, so that ids differ."""
    most = offer.slots
    for n in range(-(-count // most)):
        enis = tuple(EniSpec(past="fresh", tags=k % 3, addresses=1 + (n + k) % 2) for k in range(most))
        world = World((InstanceSpec(past="fresh" if n % 3 == 0 else "any"),), enis)
        wire = in_turn(n)
        items = list(primaries(world))
        for k in range(most):
            items += [Labelled("missing", without(valid(k), name)) for name in ("InstanceId", "RegionId")]
            items += [Labelled("unknown", unknown(valid(k), name)) for name in IDS]
        steps: list[Step] = list(battery(items, wire))
        odd = itertools.cycle(range(most))
        steps += [send(formed(valid(next(odd)), name, form), next(wire)) for name in IDS for form in LOOSE]
        for k in range(most)[:: -1 if n % 2 else 1]:
            steps.append(send(valid(k), next(wire), (OWNER,) if (n + k) % 4 == 0 else ()))
            if k == most // 2:
                steps.append(Settle())
        yield Scenario(world, (*steps, Settle()), name="fresh resources")


def full_house(offer: Offer) -> Scenario:
    """Every slot of an instance taken; one freed by a call under test; the spare interface takes it; and again."""
    spare = offer.slots
    steps: list[Step] = []
    for k, wire in zip(range(min(offer.slots, 3)), in_turn(), strict=False):
        steps += [send(valid(k), wire), Settle(), Act("attach", spare), Settle()]
        spare = k
    return Scenario(worlds.full(offer, SPARE), tuple(steps), name="every slot taken")


def moved_from_a_full_instance(offer: Offer) -> Scenario:
    """An interface goes to a second instance, is detached there, and comes back: its old slot must be free."""
    full = worlds.full(offer)
    world = dataclasses.replace(full, instances=(*full.instances, InstanceSpec()))
    there = (Detach(valid(0)), Settle(), Act("attach", 0, 1), Settle(), Detach(valid(0, 1)), Settle())
    back = (Act("attach"), Settle(), Detach(valid(0)), Settle())
    return Scenario(world, (*there, *back), name="moved from a full instance")


def to_and_fro(offer: Offer) -> Scenario:
    """An interface goes from one of two instances to the other after each kind of accepted call; what an endpoint may
    refuse comes last, as then it stays where it is."""
    wire, steps = in_turn(), list[Step]()
    for n, extra in enumerate(((OWNER,), OWNERS_ALL, UNHEARD, DRY_RUN)):
        here = n % 2
        steps += [send(valid(0, here), next(wire), extra), Settle(), Act("attach", 0, 1 - here), Settle()]
    return Scenario(worlds.plain(offer), tuple(steps), name="to and fro")


def late_effects(offer: Offer, seconds: float) -> Iterator[Scenario]:
    """Refusals of every class, and a success with one interface attached again, each looked at after a while: an effect
    may come late. What has been attached for a while is detached like any other."""
    world = worlds.plain(offer)
    refusals = battery(one_of_each(core(world)), in_turn())
    yield Scenario(world, (*refusals, Settle(seconds)), name="late effects of refusals")
    both = (Detach(valid(0)), Detach(valid(1)), Settle(), Act("attach", 1), Settle(), Settle(seconds))
    if offer.most_attached > 2:  # one that stays where it is
        world = dataclasses.replace(world, enis=(*world.enis, worlds.PLAINER))
    yield Scenario(world, (*both, Detach(valid(1)), Settle()), name="late effects of a success")


def at_their_limits(world: World) -> Scenario:
    """Each interface detached, in turn, each followed by a look."""
    steps = tuple(
        step
        for k, wire in zip(targets(world), in_turn(), strict=False)
        for step in (send(on(world, k), wire), Settle())
    )
    return Scenario(world, steps, name="attributes at their limits")


def after_a_restart() -> Scenario:
    """Two interfaces of an instance that was restarted, one of them attached again since."""
    world = alone(EniSpec(past="reattached"), EniSpec(addresses=2), past="restarted")
    return Scenario(world, (send(valid(1), WIRES[OPPOSITE]), Settle(), Detach(valid(0)), Settle()), "after a restart")


def overlaps(world: World) -> Iterator[Scenario]:
    """Overlaps that are tried in every run: the same interface twice, siblings, refused ones, and against each other
    act."""
    first, second, third = (Detach(valid(k)) for k in range(3))
    post, refused = send(valid(0), WIRES[OPPOSITE]), Detach(primary())
    for parts in (
        (first, post), (first, second), (first,) * 4, (first, Act("attach", 2)), (first, Act("stop")),
        (first, Act("delete")), (first, second, post, third), (third, refused, refused, first, refused, third),
    ):  # fmt: skip
        yield Scenario(world, (Parallel(parts),), name="overlapping")


def overlaps_of_many(offer: Offer, callers: Sequence[str]) -> Iterator[Scenario]:
    """All interfaces of a full instance at once, and back in their slots; one interface by calls that name its own
    instance, and another one; and by its owner beside each caller who may not."""
    yield Scenario(worlds.full(offer), _at_once_and_back(offer.slots), name="all at once, and back")
    before, beside = ([Act("modify", k, attribute=one) for one in ATTRIBUTES[:3]] for k in (1, 0))
    meanwhile = Parallel((Detach(valid(0)), *beside))
    yield Scenario(worlds.TWINS, (*before, Settle(), meanwhile), name="modified at once")
    if offer.two_instances:
        right, wrong = Detach(valid(0)), Detach(valid(0, 1))
        yield Scenario(worlds.TWO, (Parallel((right, wrong, wrong)),), name="overlapping")
    for caller in callers:
        denied = send(valid(0), caller=caller)
        yield Scenario(worlds.TWINS, (Parallel((denied, Detach(valid(0)), denied)),), name="overlapping")
