"""Worlds: a covering array over what a world can be like, the full matrix of states, the faulty ones, a few with names.

`rows(offer)` returns Worlds in which every pair of properties (status with zone, tags with past, place with name, ...)
occurs at some interface, so that a defect behind any two of them is met; `born(offer)` those in which an interface came
with its instance, which not every target offers. `breaking(order)` returns the Worlds in which
an order of the control protocol is in force. Knows nothing of calls.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from eni_conformance.contract.detach import OPS
from eni_conformance.contract.rules import Holder
from eni_conformance.contract.scenario import (
    ENI_STATUSES,
    INSTANCE_STATUSES,
    EniSpec,
    InstanceSpec,
    InstanceStatus,
    World,
)
from hypothesis import strategies as st


@dataclass(frozen=True)
class Offer:
    """What a target offers that Worlds are made of.

    quota: how many interfaces an instance takes, the primary one included. transitional: states that pass can be held.
    """

    two_instances: bool = True
    second_zone: bool = True
    quota: int = 4
    transitional: bool = True

    @property
    def most_attached(self) -> int:
        """How many secondary interfaces are put on an instance where it need not be full."""
        return max(1, min(3, self.quota - 1))

    @property
    def slots(self) -> int:
        """How many secondary interfaces fill an instance; seven at most are tried."""
        return max(1, min(7, self.quota - 1))


# --- interfaces and Worlds with a name -----------------------------------------------------------

PLAIN = EniSpec()
SPARE = EniSpec(on=None, status="Available")
TAGGED = EniSpec(tags=1)
RICH = EniSpec(tags=3, groups=2, addresses=2, name="unicode", description="unicode", delete_on_release=True)
PLAINER = EniSpec(tags=1, groups=3, name="long", description="plain", delete_on_release=False)
"""An interface with much to lose, and one that differs from it in everything."""
MORE_OF_ALL = EniSpec(past="reattached", tags=2, groups=2, addresses=2, name="long", delete_on_release=True)
MOST_TAGS, MOST_GROUPS, MANY_ADDRESSES = 18, 5, 6
"""Tags beside the run's own two, so that there are 20; groups, as many as an interface may be in (vendor's page of
limits); and more private addresses than a few, which small types of instances take, too."""
TO_THE_LIMIT = EniSpec(
    tags=MOST_TAGS, groups=MOST_GROUPS, addresses=MANY_ADDRESSES, name="long", description="long",
    delete_on_release=False,
)  # fmt: skip
EMPTIEST = EniSpec(name="", description="")
BRIEF = EniSpec(name="short", tags=1, description="plain")
"""Interfaces with all that they may have, with nothing, and with a name of two characters."""
ONCE_THERE = World(
    (InstanceSpec(), InstanceSpec()),
    (EniSpec(on=1, delete_on_release=False), EniSpec(on=1, tags=2, delete_on_release=True), PLAIN),
)
"""An instance that is to go, with two interfaces that are to stay, and an interface that is to go."""
BORN = EniSpec(past="born", tags=1, groups=2, addresses=2, description="plain", delete_on_release=False)
BORN_TO_GO = EniSpec(past="born", other_vswitch=True)
"""Interfaces that came with their instance; the second would go with it, were it not detached."""
BORN_ELSEWHERE = World((InstanceSpec(), InstanceSpec()), (replace(BORN_TO_GO, on=1), PLAIN))
TRUNK = EniSpec(fault="eni.type=Trunk")
DETAILS = (
    PLAIN,
    EniSpec(
        past="fresh",
        tags=1,
        groups=2,
        addresses=2,
        name="",
        description="plain",
        delete_on_release=True,
        other_vswitch=True,
    ),
    EniSpec(past="reattached", tags=4, groups=3, name="long", description="long", delete_on_release=False),
    EniSpec(past="moved", tags=1, groups=2, addresses=2, name="unicode", description="unicode"),
    EniSpec(past="fresh", tags=4, groups=3, addresses=2, name="same", delete_on_release=True, other_vswitch=True),
)
"""Interfaces in which each value of each property stands, at least once."""


def alone(*enis: EniSpec, status: InstanceStatus = "Running", past: str = "any") -> World:
    """A World of one instance."""
    return World((InstanceSpec(status, past),), enis)  # type: ignore[arg-type]


ONE = alone(PLAIN, RICH, SPARE)
PAIR = alone(RICH, PLAINER)
NEVER_DETACHED = alone(EniSpec(past="fresh"))
TWINS = alone(PLAIN, PLAIN)
TWO = World((InstanceSpec(), InstanceSpec()), (PLAIN, RICH, EniSpec(on=1), SPARE))
WITH_STOPPED = World((InstanceSpec("Stopped"), InstanceSpec()), (RICH, EniSpec(on=1), SPARE))
WITH_TRANSITIONS = World(
    (InstanceSpec(), InstanceSpec("Starting")), (PLAIN, EniSpec(status="Attaching"), EniSpec(on=1))
)
WALKED_ALONE = alone(PLAIN, TAGGED, SPARE)
WALKED = World((InstanceSpec(), InstanceSpec()), (PLAIN, TAGGED, SPARE))
TRUNKS = alone(PLAIN, PLAIN, TRUNK, replace(SPARE, fault=TRUNK.fault))


PASTS: tuple[Literal["any", "fresh", "restarted", "rebooted"], ...] = ("any", "fresh", "restarted", "rebooted")


def detailed(offer: Offer) -> tuple[EniSpec, ...]:
    """DETAILS, as far as this target can have them."""
    return tuple(replace(e, past="any") if e.past == "moved" and not offer.two_instances else e for e in DETAILS)


def plain(offer: Offer) -> World:
    """The World with a name for this target: two instances if it has them."""
    return TWO if offer.two_instances else ONE


def at_their_limits(offer: Offer) -> World:
    """Interfaces with all that they may have, with nothing, and with a name of two characters, as far as they fit."""
    return alone(*(TO_THE_LIMIT, EMPTIEST, BRIEF)[: offer.most_attached])


def three(status: InstanceStatus, offer: Offer) -> World:
    """An instance with as many interfaces as it takes, three at most."""
    return alone(*[PLAIN] * offer.most_attached, status=status)


def full(offer: Offer, *more: EniSpec) -> World:
    """An instance whose every slot is taken, and `more` beside."""
    return alone(*[PLAIN] * offer.slots, *more)


# --- the covering array --------------------------------------------------------------------------

# What varies from World to World, and from interface to interface; the first value is the plain one.
OF_THE_WORLD: dict[str, tuple[Any, ...]] = {
    "status": ("Running", "Stopped"),
    "past": ("fresh", "restarted", "rebooted"),
    "zone": (0, 1),
    "attached": (1, 2, 3),
    "neighbour": ("none", "Available", "Attaching", "Detaching", "Deleting"),
    "second": ("none", "Running", "Stopped"),
}
OF_THE_ENI: dict[str, tuple[Any, ...]] = {
    "past": ("fresh", "reattached", "moved"),
    "tags": (0, 1, 4),
    "groups": (1, 2, 3),
    "addresses": (1, 2),
    "name": ("plain", "", "long", "unicode", "same"),
    "description": ("", "plain", "long", "unicode"),
    "delete_on_release": (None, True, False),
    "other_vswitch": (False, True),
}
IN_TRANSIT = ("Attaching", "Detaching")
CANDIDATES = 24
"""So many Worlds are drawn for each row; the one that meets most pairs is taken."""

Property = tuple[str, Any]
"""A name with "eni " before it if it is one of the interface that a call names, and a value."""
Pair = tuple[Property, Property]


def offered(offer: Offer) -> dict[str, tuple[Any, ...]]:
    """The values of each property that this target offers. "place": of the interface on its instance."""
    values = {**OF_THE_WORLD, **{f"eni {name}": options for name, options in OF_THE_ENI.items()}}
    values["attached"] = tuple(range(1, offer.most_attached + 1))
    if not offer.second_zone:
        values["zone"] = (0,)
    if not offer.two_instances:
        values |= {"second": ("none",), "eni past": ("fresh", "reattached")}
    if not offer.transitional:
        values["neighbour"] = ("none", "Available")
    elif offer.most_attached == 1:
        values["neighbour"] = ("none", "Available", "Deleting")
    return {**values, "place": tuple(range(offer.most_attached))}


def possible(pair: Pair, most_attached: int) -> bool:
    """Whether two properties can stand together: an interface has its place, and one in transit needs one, too."""
    named = dict(pair)
    place, attached = named.get("place", 0), named.get("attached", most_attached)
    taken = max(place + 1, named.get("attached", 1))
    return place < attached and (named.get("neighbour") not in IN_TRANSIT or taken < most_attached)


def cases(world: World) -> Iterator[dict[str, Any]]:
    """The properties of a World, as they are for each interface that can be detached from its first instance."""
    first, *others = world.instances
    attached = [e for e in world.enis if e.on == 0 and e.status == "InUse"]
    beside = [e.status for e in world.enis if e.on is None or e.status in IN_TRANSIT]
    of_all = {
        "status": first.status, "past": first.past, "zone": first.zone, "attached": len(attached),
        "neighbour": beside[0] if beside else "none", "second": others[0].status if others else "none",
    }  # fmt: skip
    for place, eni in enumerate(attached):
        yield of_all | {f"eni {name}": getattr(eni, name) for name in OF_THE_ENI} | {"place": place}


def pairs(world: World) -> frozenset[Pair]:
    """Every two properties that stand together in a World."""
    return frozenset(pair for case in cases(world) for pair in itertools.combinations(case.items(), 2))


def every_pair(offer: Offer) -> list[Pair]:
    """Every two properties that can stand together on this target."""
    properties = [[(name, value) for value in options] for name, options in offered(offer).items()]
    both = (pair for one, other in itertools.combinations(properties, 2) for pair in itertools.product(one, other))
    return [pair for pair in both if possible(pair, offer.most_attached)]


@functools.lru_cache(maxsize=16)
def rows(offer: Offer, seed: int = 0) -> tuple[World, ...]:
    """Worlds in which every pair of properties is met, by some interface. The first ones meet most of them."""
    chance, unmet = random.Random(seed), every_pair(offer)
    found: list[World] = []
    while unmet:
        drawn = [_with(chance.choice(unmet), offer, chance) for _ in range(CANDIDATES)]
        met = [pairs(world) for world in drawn]
        best = max(range(CANDIDATES), key=lambda n: len(met[n].intersection(unmet)))
        found.append(drawn[best])
        unmet = [pair for pair in unmet if pair not in met[best]]
    return tuple(found)


WAS_BORN: Property = ("eni past", "born")


@functools.lru_cache(maxsize=16)
def born(offer: Offer, seed: int = 0) -> tuple[World, ...]:
    """Worlds whose first interface came with its instance, in which that meets every value of every other property: as
    few of `rows` as do, changed in that alone."""
    made = [replace(one, enis=(replace(one.enis[0], past="born"), *one.enis[1:])) for one in rows(offer, seed)]
    met = [frozenset(pair for pair in pairs(world) if WAS_BORN in pair) for world in made]
    unmet, found = frozenset[Pair]().union(*met), list[World]()
    while unmet:
        best = max(range(len(made)), key=lambda n: len(met[n] & unmet))
        found.append(made[best])
        unmet -= met[best]
    return tuple(found)


def _with(pair: Pair, offer: Offer, chance: random.Random) -> World:
    """Any World in which this pair is met."""
    values, wanted = offered(offer), dict(pair)
    drawn = {name: chance.choice(options) for name, options in values.items()} | wanted
    if not possible((("place", drawn["place"]), ("attached", drawn["attached"])), offer.most_attached):
        if "place" in wanted:
            drawn["attached"] = drawn["place"] + 1
        else:
            drawn["place"] = drawn["attached"] - 1
    if drawn["neighbour"] in IN_TRANSIT and drawn["attached"] == offer.most_attached:
        if "neighbour" in wanted:
            drawn["attached"], drawn["place"] = offer.most_attached - 1, min(drawn["place"], offer.most_attached - 2)
        else:
            drawn["neighbour"] = "none"
    enis = [
        EniSpec(**{name: chance.choice(values[f"eni {name}"]) for name in OF_THE_ENI}) for _ in range(drawn["attached"])
    ]
    enis[drawn["place"]] = EniSpec(**{name: drawn[f"eni {name}"] for name in OF_THE_ENI})
    if drawn["neighbour"] in IN_TRANSIT:
        enis.append(EniSpec(status=drawn["neighbour"]))
    elif drawn["neighbour"] != "none":
        enis.append(EniSpec(on=None, status=drawn["neighbour"]))
    instances = [InstanceSpec(drawn["status"], drawn["past"], drawn["zone"])]
    if drawn["second"] != "none":
        instances.append(InstanceSpec(drawn["second"], "any", drawn["zone"]))
        enis.append(EniSpec(on=1))
    return World(tuple(instances), tuple(enis))


# --- states --------------------------------------------------------------------------------------


def state_matrix(offer: Offer) -> Iterator[World]:
    """Instance status x interface status x attachment: on the named instance, on another, on none.

    The first instance is the one that calls name, the first interface the one they name. Each state of either meets
    each of DETAILS, as in a Latin square.
    """
    details = detailed(offer)
    for (i, status), (j, eni) in itertools.product(enumerate(INSTANCE_STATUSES), enumerate(ENI_STATUSES)):
        spec = replace(details[(i + j) % len(details)], status=eni)
        past = "any" if status == "Pending" else PASTS[(i + 2 * j) % len(PASTS)]
        first = InstanceSpec(status, past, (i + j) % 2 if offer.second_zone else 0)
        both = (first, InstanceSpec(zone=first.zone))
        hosts = both if spec.past == "moved" else both[:1]
        if eni in ("Available", "Deleting"):
            yield World(hosts, (replace(spec, on=None),))
            continue
        yield World(hosts, (spec,))
        if offer.two_instances:
            yield World(both, (replace(spec, on=1),))


def full_houses(offer: Offer) -> Iterator[World]:
    """Instance status x an instance whose every slot is taken, every other interface having more than one of
    everything; and an interface beside a full instance."""
    all_there = tuple(itertools.islice(itertools.cycle((RICH, PLAIN)), offer.slots))
    for status in INSTANCE_STATUSES:
        yield alone(*all_there, status=status)
    yield alone(SPARE, *all_there)
    yield alone(SPARE, *all_there, status="Stopped")


def detaching() -> Iterator[World]:
    """The last interface is held Detaching: alone, of a Stopped instance, and beside another."""
    held = EniSpec(status="Detaching")
    yield alone(held)
    yield alone(held, status="Stopped")
    yield alone(PLAIN, held)


# --- Worlds that only the control protocol can bring about ---------------------------------------


def conditions(*holders: Holder) -> tuple[str, ...]:
    """What the orders of the control protocol for these bring about."""
    return tuple(condition for order in OPS.values() if order.on in holders for condition in order.conditions)


CONDITIONS = conditions("eni", "vswitch", "group")
"""Everything that can be wrong with an interface or with what it refers to."""


def faulty(fault: str) -> Iterator[World]:
    """Worlds with one faulty interface: alone, beside a clean one before and after it, on a Stopped instance, and with
    more than one of everything on either."""
    bad, more = EniSpec(fault=fault), replace(MORE_OF_ALL, fault=fault)
    yield alone(bad)
    yield alone(more, status="Stopped")
    yield alone(PLAIN, bad)
    yield alone(more)
    yield alone(bad, PLAIN)
    yield alone(bad, status="Stopped")


def faulty_instance(fault: str) -> Iterator[World]:
    """Worlds with a faulty instance, one of them with more than one of everything."""
    for made in (alone(MORE_OF_ALL), alone(PLAIN, status="Stopped"), TWINS):
        yield replace(made, instances=(replace(made.instances[0], fault=fault),))


def faulty_region(offer: Offer, fault: str) -> Iterator[World]:
    """Worlds in a region that refuses every call, one interface of each having more than one of everything."""
    both = World((InstanceSpec(), InstanceSpec("Stopped")), (RICH, EniSpec(on=1), PLAIN))
    for made in (both,) if offer.two_instances else (PAIR, alone(PLAIN, status="Stopped")):
        yield replace(made, faults=(fault,))


# --- drawn Worlds --------------------------------------------------------------------------------


def eni_specs() -> st.SearchStrategy[EniSpec]:
    """Any clean attached interface, weighted to plain ones."""
    return st.builds(
        EniSpec,
        on=st.just(0),
        past=st.sampled_from(("any", "fresh", "reattached", "moved")),
        tags=st.sampled_from((0, 0, 1, 3)),
        groups=st.sampled_from((1, 1, 2, 3)),
        addresses=st.sampled_from((1, 1, 2)),
        name=st.sampled_from(("plain", "", "long", "unicode", "same")),
        description=st.sampled_from(("", "plain", "long", "unicode")),
        delete_on_release=st.sampled_from((None, True, False)),
        other_vswitch=st.sampled_from((False, False, True)),
    )


def random_worlds(offer: Offer, most_attached: int) -> st.SearchStrategy[World]:
    """Any clean World: one or two instances, one to `most_attached` interfaces with any properties."""

    def build(status: str, past: str, enis: Sequence[EniSpec], more: bool, zone: int) -> World:
        first = InstanceSpec(status, past, zone)  # type: ignore[arg-type]
        if more and offer.two_instances:
            return World((first, InstanceSpec(zone=zone)), (*enis, EniSpec(on=1)))
        return World((first,), tuple(enis))

    return st.builds(
        build,
        st.sampled_from(("Running", "Stopped")),
        st.sampled_from(("any", "fresh", "restarted", "rebooted")),
        st.lists(eni_specs(), min_size=1, max_size=most_attached),
        st.booleans(),
        st.integers(0, 1 if offer.second_zone else 0),
    )
