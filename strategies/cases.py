"""Scenarios: a World together with what is sent in it.

Effort is spent by class: a battery holds one call per class of single fault that its World offers, each in a
wire form that rotates from call to call, so that class x wire form x World meet in pairs after a few rows.
What is free (which texts, which order, which extras, which wire) is drawn.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from eni_conformance.contract.scenario import (
    AS_ASKED,
    Act,
    Arg,
    Call,
    Detach,
    EniSpec,
    InstanceSpec,
    Parallel,
    Scenario,
    Settle,
    Step,
    World,
)
from eni_conformance.contract.texts import FORMS, REGION_FORMS
from eni_conformance.strategies.calls import (
    EXTRAS,
    OWNER,
    REGION,
    UNDECLARED,
    Labelled,
    core,
    dressed,
    extras,
    formed,
    misnamed,
    missing,
    place_of,
    repeated,
    stateful,
    targets,
    texts,
    twice,
    valid,
)
from eni_conformance.strategies.wire import PLAIN, WIRES, wires
from eni_conformance.strategies.worlds import PLAINER, RICH, secondary
from hypothesis import strategies as st

PLAIN_WORLD = World()
TWO = World(
    (InstanceSpec(), InstanceSpec()),
    (EniSpec(), RICH, EniSpec(on=1), EniSpec(on=None, status="Available")),
)


def _calls(labelled: Sequence[Labelled], offset: int, extra: Sequence[Arg] = ()) -> tuple[Step, ...]:
    """Each call once, in wire forms that rotate from `offset`; every fifth with a parameter riding along."""
    return tuple(
        Detach(dressed(item.call, WIRES[(offset + 7 * n) % len(WIRES)], extra if n % 5 == 2 else ()))
        for n, item in enumerate(labelled)
    )


@st.composite
def campaign(draw: st.DrawFn, world: World, offset: int, most_texts: int, callers: Sequence[str] = ()) -> Scenario:
    """Refusals of every class in this World, a look, then accepted calls with a look after each, then again.

    offset: where the rotation of wire forms starts. most_texts: how many odd texts are tried besides.
    callers: who may not, and calls in between.
    """
    items = core(world)
    every = texts(world)
    chosen = draw(st.lists(st.integers(0, len(every) - 1), max_size=most_texts, unique=True)) if every else []
    items += [every[i] for i in chosen]
    extra = draw(st.sampled_from(EXTRAS))
    turn = draw(st.integers(0, len(items) - 1)) if items else 0
    items = items[turn:] + items[:turn]
    battery = _interrupted(_calls(items, offset, extra), callers, offset, 6)
    steps: list[Step] = [*_mingled(battery, offset), Settle()]
    steps += _interrupted(draw(successes(world, offset)), callers, offset, 2)
    return Scenario(world, tuple(steps))


def _interrupted(steps: Sequence[Step], callers: Sequence[str], offset: int, every: int) -> list[Step]:
    """The steps, with a refused call of somebody else just before one in `every` calls."""
    out: list[Step] = []
    n = 0
    for step in steps:
        if isinstance(step, Detach) and callers:
            n += 1
            if n % every == 1:
                out.append(Detach(dataclasses.replace(step.call, caller=callers[(offset + n // every) % len(callers)])))
        out.append(step)
    return out


def _mingled(refusals: Sequence[Step], offset: int) -> list[Step]:
    """The same refusals, of which every fifth and the one after it are sent at the same time."""
    out: list[Step] = []
    for step in refusals:
        before = out[-1] if out else None
        if (len(out) + offset) % 5 == 0 and isinstance(before, Detach) and isinstance(step, Detach):
            out[-1] = Parallel((before, step))
        else:
            out.append(step)
    return out


@st.composite
def successes(draw: st.DrawFn, world: World, offset: int) -> list[Step]:
    """Accepted calls on every interface that may be detached: one by one, then all at once, then one again."""
    free = targets(world)
    if not free:
        return []
    order = draw(st.permutations(free))
    steps: list[Step] = []
    for n, k in enumerate(order):
        call = dressed(valid(k, place_of(world, k)), WIRES[(offset * 3 + 11 * n) % len(WIRES)], draw(extras()))
        steps += [Detach(call), Settle()]
        after = dressed(valid(k, place_of(world, k)), WIRES[(offset + 5 * n + 1) % len(WIRES)], ())
        steps.append(Detach(after))
    for k in order:
        steps.append(Act("attach", k, place_of(world, k)))
    steps.append(Settle())
    for n, k in enumerate(draw(st.permutations(free))):
        call = dressed(valid(k, place_of(world, k)), WIRES[(offset * 5 + 13 * n + 3) % len(WIRES)], draw(extras()))
        steps.append(Detach(call))
        if n % 2:
            steps.append(Detach(dataclasses.replace(call, wire=draw(wires()))))
    steps.append(Settle())
    elsewhere = [i for i in range(len(world.instances)) if i != place_of(world, order[0])]
    if elsewhere:
        steps += [Act("attach", order[0], elsewhere[0]), Settle()]
        steps += [Detach(dressed(valid(order[0], elsewhere[0]), draw(wires()), ())), Settle()]
    return steps


def wire_table(world: World, labels: Sequence[Labelled]) -> Iterator[Scenario]:
    """Each call in each of the 40 wire forms, in one World; only refusals, so the World stays as it is."""
    # Pairs that differ in one thing alone, so that it can be named.
    near = (
        dataclasses.replace(WIRES[0], fresh=True), dataclasses.replace(WIRES[0], order="sorted"),
        dataclasses.replace(WIRES[0], format="json"), dataclasses.replace(WIRES[2], format="xml"),
    )  # fmt: skip
    for item in labels:
        yield Scenario(world, tuple(Detach(dressed(item.call, wire, ())) for wire in (*WIRES, *near)), name=item.label)


@st.composite
def odd_texts(draw: st.DrawFn, world: World, part: Sequence[Labelled]) -> Scenario:
    """A slice of the odd texts, each in a drawn wire form, with or without OwnerAccount."""
    steps: list[Step] = []
    for item in part:
        steps.append(Detach(dressed(item.call, draw(wires()), draw(extras()))))
    return Scenario(world, tuple(steps))


def success_table(world: World, callers: Sequence[str] = ()) -> Iterator[Scenario]:
    """An accepted call in each wire form: some of them each followed by a look, then as many with one look for all."""
    free = targets(world)
    for start in range(0, len(WIRES), 2 * len(free)):
        steps: list[Step] = []
        for turn in range(2):
            part = WIRES[start + turn * len(free) : start + (turn + 1) * len(free)]
            for k, wire in zip(free, part, strict=False):
                extra = (OWNER,) if (start + k + turn) % 3 == 0 else ()
                steps.append(Detach(dressed(valid(k, place_of(world, k)), wire, extra)))
                if turn == 0:
                    steps.append(Settle())
            steps.append(Settle())
            if turn == 0:
                steps += [Act("attach", k, place_of(world, k)) for k, _ in zip(free, part, strict=False)]
                steps.append(Settle())
        mixed = _interrupted(steps, callers, start, 2) if start % 3 else steps
        yield Scenario(world, tuple(mixed), name="accepted in every wire form")


def riding_along(world: World) -> Iterator[Scenario]:
    """An accepted call with each parameter that may ride along, declared or not."""
    for n, extra in enumerate((*EXTRAS[1:], *UNDECLARED)):
        k = targets(world)[n % len(targets(world))]
        call = dressed(valid(k, place_of(world, k)), WIRES[(n * 7) % len(WIRES)], extra)
        plain = dressed(valid(k, place_of(world, k)), WIRES[(n * 11) % len(WIRES)], extra)
        yield Scenario(world, (Detach(call), Settle(), Detach(plain)), name="parameter riding along")
    for n, extra in enumerate(EXTRAS[1:]):
        items = [i for i in core(world) if i.label in ("primary", "missing InstanceId", "NetworkInterfaceId half")]
        steps = tuple(Detach(dressed(i.call, WIRES[(n * 3) % len(WIRES)], extra)) for i in items)
        yield Scenario(world, steps, name="parameter riding along on a refusal")
    every = _one_of_each(core(world)[::-1])  # the last of each class: those of the last interface
    for turn in range(2):
        steps = tuple(
            Detach(
                dressed(item.call, WIRES[(turn * 20 + n * 7) % len(WIRES)], UNDECLARED[(n + turn) % len(UNDECLARED)])
            )
            for n, item in enumerate(every)
        )
        yield Scenario(world, steps, name="undeclared parameter riding along on every refusal")
    bad_owner = (
        "text:" + "x" * 300,
        "text:",
        "text:\x00\x07",
        "text:a\udcff",
        "text:<script>",
        "text:../../etc",
    )
    for n, text in enumerate(bad_owner):
        call = dressed(valid(0), WIRES[(n * 9) % len(WIRES)], (Arg("OwnerAccount", "", text),))
        yield Scenario(world, (Detach(call),), name="odd OwnerAccount")
    for item in repeated(valid(0)):
        yield Scenario(world, (Detach(item.call),), name=item.label)
    for name, ref in (("InstanceId", "instance:0"), ("NetworkInterfaceId", "eni:0"), ("RegionId", "region")):
        equal, _ = twice(valid(0), Arg(name, ref))
        unknown = Arg(name, ref, "last changed" if name != "RegionId" else "unknown region")
        bad_last, bad_first = twice(valid(0), unknown)
        yield Scenario(world, (Detach(equal), Settle()), name=f"{name} twice, equal")
        yield Scenario(world, (Detach(bad_last), Settle()), name=f"{name} twice, last unknown")
        yield Scenario(world, (Detach(bad_first), Settle()), name=f"{name} twice, first unknown")


def alike(world: World) -> Iterator[Scenario]:
    """Refusals with a parameter that nobody declares, in several wire forms; and with a required parameter twice, its
    values in either order: which of them counts may be chosen, but for all alike."""
    base = _primary_call()
    for extra in (UNDECLARED[0], UNDECLARED[1], UNDECLARED[3]):
        wires_used = WIRES[::3]
        yield Scenario(
            world, tuple(Detach(dressed(base, wire, extra)) for wire in wires_used), name="undeclared, alike"
        )
    steps: list[Step] = []
    for wire in (
        PLAIN,
        dataclasses.replace(PLAIN, method="POST", place="form"),
        dataclasses.replace(PLAIN, signing="v3"),
    ):
        for arg in base.args:
            other = dataclasses.replace(arg, form="unknown region" if arg.name == "RegionId" else "last changed")
            for pair in ((arg, other), (other, arg)):
                args = [a for b in base.args for a in (pair if b.name == arg.name else (b,))]
                steps.append(Detach(Call(tuple(args), wire)))
    yield Scenario(world, tuple(steps), name="repeated, alike")


def _primary_call() -> Call:
    return Call((*valid(0).args[:2], Arg("NetworkInterfaceId", "primary:0")))


TRUNKS = World(
    (InstanceSpec(),),
    (
        EniSpec(),
        EniSpec(),
        EniSpec(fault="eni.type=Trunk"),
        EniSpec(on=None, status="Available", fault="eni.type=Trunk"),
    ),
)


def trunks(world: World) -> Iterator[Scenario]:
    """A valid call that names a trunk which does not hold the interface: an ordinary interface, the interface
    itself, the primary one, an unknown or malformed id, nothing, and in TRUNKS trunks in use and idle."""
    named = [Arg("TrunkNetworkInstanceId", f"eni:{k}") for k in (1, 0, *range(2, len(world.enis)))]
    named += [
        Arg("TrunkNetworkInstanceId", "primary:0"),
        Arg("TrunkNetworkInstanceId", "eni:1", "last changed"),
        Arg("TrunkNetworkInstanceId", "eni:1", "half"),
        Arg("TrunkNetworkInstanceId", "instance:0"),
        Arg("TrunkNetworkInstanceId", "", "text:"),
    ]
    for n, arg in enumerate(named):
        calls = [dressed(valid(0), WIRES[(n * 7 + 13 * i) % len(WIRES)], (arg,)) for i in range(2)]
        missing_too = dressed(next(missing(valid(0))).call, WIRES[(n * 5) % len(WIRES)], (arg,))
        steps = (Detach(missing_too), Detach(calls[0]), Settle(), Detach(calls[1]))
        yield Scenario(world, steps, name="trunk parameter")


def in_state(world: World, offset: int, callers: Sequence[str] = ()) -> Scenario:
    """The call that the World is about (first interface, first instance) in several wire forms.

    When the page admits a success here, the first call may change the state; the model follows.
    """
    steps: list[Step] = []
    for n in range(4):
        extra = (OWNER,) if n == 2 else ()
        steps.append(Detach(dressed(valid(0, 0), WIRES[(offset * 7 + n * 11) % len(WIRES)], extra)))
    primary = Call((valid(0).args[0], valid(0).args[1], Arg("NetworkInterfaceId", "primary:0")))
    steps.append(Detach(dressed(primary, WIRES[(offset * 3) % len(WIRES)], ())))
    for item in itertools.islice(missing(valid(0)), 3):
        steps.append(Detach(dressed(item.call, WIRES[(offset * 5) % len(WIRES)], ())))
    for n, caller in enumerate(callers):
        steps.append(Detach(dressed(valid(0, 0), WIRES[(offset * 5 + n) % len(WIRES)], (), caller)))
    for n in range(4):
        name, form = ODD_IN_STATE[(offset * 4 + n) % len(ODD_IN_STATE)]
        base = primary if name == "RegionId" and offset % 5 == 0 else valid(0, 0)
        steps.append(Detach(dressed(formed(base, name, form), WIRES[(offset * 11 + n * 7) % len(WIRES)], ())))
    return Scenario(world, tuple(steps))


ODD_IN_STATE = tuple(
    (name, form)
    for form in ("last changed", "half", "empty", "nul")
    for name, form in (
        ("RegionId", {"last changed": "unknown region", "half": "truncated"}.get(form, form)),
        ("InstanceId", form),
        ("NetworkInterfaceId", form),
    )
)
"""One text of each kind for each identifier; four of them are tried in each state, in turn."""


def by_fault(world: World, offset: int) -> Scenario:
    """Calls on a World with a faulty interface: on each interface, in rotating wire forms, twice over."""
    faulty = [k for k, e in enumerate(world.enis) if e.fault] or list(range(len(world.enis)))
    steps: list[Step] = []
    for n in range(5):
        for k in faulty:
            wire = WIRES[(offset * 9 + 13 * n + k) % len(WIRES)]
            steps.append(Detach(dressed(valid(k, place_of(world, k)), wire, (OWNER,) if n == 1 else ())))
    for item in stateful(world):
        if item.label.startswith("primary"):
            steps.append(Detach(dressed(item.call, WIRES[offset % len(WIRES)], ())))
    clean = targets(world) if all(not i.over_eni_limit for i in world.instances) else []
    for k in clean[:1]:
        steps.append(Detach(dressed(valid(k, place_of(world, k)), WIRES[(offset * 3) % len(WIRES)], ())))
    return Scenario(world, tuple(steps))


def by_caller(world: World, caller: str, offset: int) -> Scenario:
    """Calls of a caller who may not: valid otherwise, on every resource, with owner parameters, and odd ones."""
    steps: list[Step] = []
    n = offset
    for k in range(len(world.enis)):
        for extra in ((), (OWNER,), EXTRAS[3], EXTRAS[8], UNDECLARED[(offset + k) % len(UNDECLARED)]):
            n += 1
            call = dressed(valid(k, place_of(world, k)), WIRES[(n * 7) % len(WIRES)], extra, caller)
            steps.append(Detach(call))
    for item in core(world):
        if item.label in (
            "primary", "InstanceId last changed", "NetworkInterfaceId last changed", "RegionId unknown region",
            "missing InstanceId", "InstanceId half", "other instance",
        ):  # fmt: skip
            n += 1
            steps.append(Detach(dressed(item.call, WIRES[(n * 7) % len(WIRES)], (), caller)))
    for k in range(len(world.enis)):
        nothing = (
            REGION,
            Arg("InstanceId", "instance:0", "last changed"),
            Arg("NetworkInterfaceId", f"eni:{k}", "last changed"),
        )
        steps.append(Detach(dressed(Call(nothing), WIRES[(offset * 3 + k) % len(WIRES)], (), caller)))
    return Scenario(world, tuple(steps), name=f"caller {caller}")


FORM_OF = {
    region: {
        kind: st.sampled_from([name for name, form in table.items() if form.kind == kind])
        for kind in ("exact", "unknown", "border", "empty", "unreadable")
    }
    for region, table in ((False, FORMS), (True, REGION_FORMS))
}
"""The forms of identifiers, and of regions, by kind."""


@st.composite
def in_company(draw: st.DrawFn, world: World, callers: Sequence[str]) -> Scenario:
    """Calls that break several preconditions at once: any mix of odd values, states and callers."""
    refs = {
        "RegionId": ("region", "region", "region", "second_region", "zone"),
        "InstanceId": (*tuple(f"instance:{i}" for i in range(len(world.instances))), "eni:0"),
        "NetworkInterfaceId": (*tuple(f"eni:{k}" for k in range(len(world.enis))), "primary:0", "instance:0"),
    }
    some = {name: st.sampled_from(of) for name, of in refs.items()}
    kinds = st.sampled_from(("exact", "exact", "exact", "unknown", "border", "empty", "unreadable"))
    tenth, coin, anyone = st.integers(0, 9), st.booleans(), st.sampled_from(("account", "account", *callers))
    wire, extra = wires(), extras()
    steps: list[Step] = []
    for _ in range(draw(st.integers(20, 50))):
        args = []
        for name in ("RegionId", "InstanceId", "NetworkInterfaceId"):
            if draw(tenth) == 0:
                continue
            ref = draw(some[name])
            form = draw(FORM_OF[name == "RegionId"][draw(kinds)])
            if ref == "second_region" or ref == "zone":
                form = "exact"
            args.append(Arg(name, ref, form))
        if draw(coin):
            args.reverse()
        caller = draw(anyone)
        steps.append(Detach(dressed(Call(tuple(args)), draw(wire), draw(extra), caller)))
    return Scenario(world, tuple(steps))


@st.composite
def overlapping(draw: st.DrawFn, world: World, most: int) -> Scenario:
    """Two to `most` operations at once on one World: the same interface, siblings, invalid ones, others' acts."""
    free = targets(world)
    kind = draw(st.sampled_from(("same", "siblings", "mixed", "attach", "stop", "delete")))
    n = draw(st.integers(2, most))
    k = draw(st.sampled_from(free))
    at = place_of(world, k)
    again = Detach(dressed(valid(k, at), draw(wires()), ()))
    parts: list[Detach | Act] = []
    match kind:
        case "same":
            parts = [Detach(dressed(valid(k, at), draw(wires()), ())) for _ in range(n)]
        case "siblings":
            parts = [Detach(dressed(valid(f, place_of(world, f)), draw(wires()), ())) for f in free]
            parts += [again]
        case "mixed":
            bad = [i.call for i in core(world) if i.label in ("primary", "missing InstanceId", "other instance")]
            parts = [again, *(Detach(dressed(c, draw(wires()), ())) for c in bad[: n - 1])]
        case "attach":
            spare = [j for j, e in enumerate(world.enis) if e.on is None]
            parts = [again, again, *(Act("attach", j, at) for j in spare[:1])]
        case "stop":
            parts = [again, Act("stop", k, at)]
        case _:
            parts = [again, Act("delete", k, at)]
    if len(parts) < 2:
        parts.append(again)
    return Scenario(world, (Parallel(tuple(parts[:most])),), name=f"overlapping: {kind}")


ONE = World((InstanceSpec(),), (EniSpec(), RICH, EniSpec(on=None, status="Available")))
WITH_STOPPED = World(
    (InstanceSpec("Stopped"), InstanceSpec()), (RICH, EniSpec(on=1), EniSpec(on=None, status="Available"))
)
WITH_TRANSITIONS = World(
    (InstanceSpec(), InstanceSpec("Starting")), (EniSpec(), EniSpec(on=0, status="Attaching"), EniSpec(on=1))
)
OVERLAPPED = World((InstanceSpec(),), (EniSpec(), EniSpec(tags=1), EniSpec(on=None, status="Available")))


def three(status: str, quota: int) -> World:
    """An instance with as many interfaces as it takes, three at most."""
    return World((InstanceSpec(status),), (EniSpec(),) * max(1, min(3, quota - 1)))  # type: ignore[arg-type]


def repeated_while_detaching() -> Iterator[Scenario]:
    """The call again and again while the interface is held Detaching, alone and beside others."""
    for n, world in enumerate(
        (
            World((InstanceSpec(),), (EniSpec(status="Detaching"),)),
            World((InstanceSpec("Stopped"),), (EniSpec(status="Detaching"),)),
            World((InstanceSpec(),), (EniSpec(), EniSpec(status="Detaching"))),
        )
    ):
        k = len(world.enis) - 1
        steps = [Detach(dressed(valid(k), WIRES[(n * 5 + 9 * i) % len(WIRES)], ())) for i in range(5)]
        yield Scenario(world, tuple(steps), name="repeated while Detaching")
    for n in range(3):
        world = World((InstanceSpec(),), (EniSpec(), EniSpec()))
        steps = [Detach(dressed(valid(1), WIRES[(n * 7 + 3 * i) % len(WIRES)], ())) for i in range(4)]
        yield Scenario(world, tuple(steps), name="repeated at once")


def refused_world(world: World, offset: int) -> Scenario:
    """Calls in a World that refuses every one of them."""
    steps: list[Step] = []
    for n in range(8 * len(world.instances)):
        k = n % len(world.enis)
        wire = WIRES[(offset * 9 + 11 * n) % len(WIRES)]
        steps.append(Detach(dressed(valid(k, place_of(world, k)), wire, (OWNER,) if n % 7 == 3 else ())))
    return Scenario(world, tuple(steps))


def unsupported(world: World, name: str) -> Scenario:
    """A call with a refused parameter in several wire forms, then the same call without it, for either interface."""
    extra = OWNER if name == "OwnerAccount" else Arg(name, "", "text:155780923770")
    steps: list[Step] = []
    for k in (1, 0):
        steps += [Detach(dressed(valid(n % 2), WIRES[(k * 17 + 11 * n) % len(WIRES)], (extra,))) for n in range(5)]
        steps += [Settle(), Detach(dressed(valid(k), WIRES[k], ())), Settle()]
    return Scenario(world, tuple(steps))


def alive(world: World) -> Scenario:
    """A plain valid call: does the endpoint still work?"""
    return Scenario(world, (Detach(valid(targets(world)[0])), Settle()), name="still works")


def unknown(world: World) -> Scenario:
    """A plain call about an instance that does not exist, or about nothing where the World has nothing: does the
    endpoint still work? It changes nothing."""
    about = formed(valid(0), "InstanceId", "last changed") if world.instances and world.enis else Call((REGION,))
    return Scenario(world, (Detach(about),), name="still refuses")


def in_formats(names: Sequence[str]) -> Iterator[Scenario]:
    """A plain refused call in each of these formats, as it is asked for."""
    for name in names:
        wire = dataclasses.replace(PLAIN, format="XML" if name == "xml" else "JSON")
        call = dataclasses.replace(formed(valid(0), "NetworkInterfaceId", "last changed"), wire=wire)
        yield Scenario(ONE, (Detach(call),), name=AS_ASKED)


def single_faults(two: bool) -> tuple[World, list[Labelled]]:
    """A World and one call per class of single fault in it."""
    world = TWO if two else ONE
    return world, _one_of_each(core(world))


def _one_of_each(labelled: Sequence[Labelled]) -> list[Labelled]:
    """The first of each class."""
    seen: dict[str, Labelled] = {}
    for item in labelled:
        seen.setdefault(item.label, item)
    return list(seen.values())


def by_caller_everywhere(caller: str, two: bool) -> Iterator[Scenario]:
    """A caller who may not, in Worlds that differ in states and neighbours."""
    yield by_caller(TWO if two else ONE, caller, 0)
    yield by_caller(World((InstanceSpec("Stopped"),), (RICH, PLAINER)), caller, 3)
    yield by_caller(World((InstanceSpec(past="restarted"),), (EniSpec(tags=2), EniSpec(past="reattached"))), caller, 6)
    yield by_caller(World((InstanceSpec("Starting"),), (EniSpec(), EniSpec(on=None, status="Available"))), caller, 9)
    yield by_caller(World((InstanceSpec(),), (EniSpec(status="Detaching"), EniSpec())), caller, 12)


LOOSE = ("leading space", "trailing newline", "last upper", "extended", "truncated", "nul", "full width")
"""Texts that a loose comparison takes for the identifier they are made of."""


def fresh_resources(count: int, quota: int) -> Iterator[Scenario]:
    """Refusals and accepted calls on `count` interfaces, and instances, made for the occasion, so that ids differ."""
    most = secondary(quota)
    labels = ("NetworkInterfaceId last changed", "missing RegionId", "InstanceId last changed", "missing InstanceId")
    for n in range(-(-count // most)):
        past = "fresh" if n % 3 == 0 else "any"
        enis = tuple(EniSpec(past="fresh", tags=k % 3, addresses=1 + (n + k) % 2) for k in range(most))
        world = World((InstanceSpec(past=past),), enis)  # type: ignore[arg-type]
        items = [item for item in core(world) if item.label == "primary" or item.label in labels]
        steps: list[Step] = list(_calls(items, n * 3))
        for m, (name, form) in enumerate(itertools.product(("InstanceId", "NetworkInterfaceId"), LOOSE)):
            call = formed(valid((n + m) % most), name, form)
            steps.append(Detach(dressed(call, WIRES[(n * 5 + m * 3) % len(WIRES)], ())))
        for k in range(most)[:: -1 if n % 2 else 1]:
            extra = (OWNER,) if (n + k) % 4 == 0 else ()
            steps.append(Detach(dressed(valid(k), WIRES[(n * 7 + k * 11) % len(WIRES)], extra)))
            if k == most // 2:
                steps.append(Settle())
        yield Scenario(world, (*steps, Settle()), name="fresh resources")


def overlaps_named(world: World) -> Iterator[Scenario]:
    """Overlaps that are tried in every run: the same interface twice, siblings, and against each other act."""
    d0, d1 = Detach(valid(0)), Detach(valid(1))
    post = Detach(dressed(valid(0), WIRES[25], ()))
    for parts in (
        (d0, post), (d0, d1), (d0, d0, d0, d0), (d0, Act("attach", 2, 0)), (d0, Act("stop", 0, 0)),
        (d0, Act("delete", 0, 0)), (d0, d1, post, Detach(valid(2))),
    ):  # fmt: skip
        yield Scenario(world, (Parallel(parts),), name="overlapping")


def sweep(two: bool, seed: int) -> Scenario:
    """One call of each class of single fault, then accepted calls on interfaces that have much to lose."""
    world, _ = single_faults(two)
    world = dataclasses.replace(world, enis=(RICH, PLAINER, *world.enis[2:]))
    every = _one_of_each(core(world))
    primary = next(
        item.call for item in every if item.label == "primary"
    )  # twice the same; then with an owner parameter, with an undeclared one
    steps: list[Step] = [Detach(dressed(primary, WIRES[(seed + 9) % len(WIRES)], ()))] * 2
    steps += _calls(every, seed % len(WIRES))
    steps.append(Detach(dressed(primary, WIRES[(seed + 3) % len(WIRES)], EXTRAS[4])))
    steps += [Detach(dressed(primary, wire, UNDECLARED[0])) for wire in WIRES[seed % 10 :: 10]]  # one of each place
    steps += [Detach(next(repeated(valid(0))).call)]
    steps += [Settle(), Detach(dressed(valid(0), WIRES[(seed + 5) % len(WIRES)], ())), Settle()]
    steps += [Detach(valid(0)), Act("attach", 0, 1 if two else 0), Settle()]
    steps += [Detach(dressed(valid(0, 1 if two else 0), WIRES[(seed + 17) % len(WIRES)], ())), Settle()]
    steps += [Detach(dressed(valid(1), WIRES[(seed + 26) % len(WIRES)], (OWNER,))), Settle()]
    return Scenario(world, tuple(steps), name="sweep")


SWEPT = (
    "first changed", "other prefix", "no prefix", "truncated", "extended", "doubled", "last upper", "leading space",
    "trailing newline", "comma list", "json list", "xml", "single quotes", "jinja", "slash", "parent", "star",
    "percent", "percent encoded", "backslash", "underscore", "ampersand", "full width", "combining", "emoji",
    "right to left", "nul", "bad utf-8", "blank", "null", "129 characters", "1025 characters", "10000 characters",
)  # fmt: skip
"""A text of each class."""
SWEPT_REGIONS = ("upper", "trailing space", "extended", "underscore", "slash", "as zone", "comma list", "nul")


def sweep_texts(seed: int) -> Scenario:
    """A text of each class in place of each identifier, names that are not quite right, a crowd of parameters, and
    accepted calls after them, with one parameter twice and with one that nobody declares."""
    calls = [
        formed(valid(n % 2), name, form)
        for n, (name, form) in enumerate(itertools.product(("InstanceId", "NetworkInterfaceId"), SWEPT))
    ]
    calls += [formed(valid(n % 2), "RegionId", form) for n, form in enumerate(SWEPT_REGIONS)]
    calls += [item.call for item in (*misnamed(valid(0)), *repeated(valid(0)))]
    steps: list[Step] = [Detach(dressed(call, WIRES[(seed + 7 * n) % len(WIRES)], ())) for n, call in enumerate(calls)]
    steps.append(Detach(dressed(_primary_call(), WIRES[(seed + 3) % len(WIRES)], UNDECLARED[-1])))
    for name, ref in (("InstanceId", "instance:0"), ("NetworkInterfaceId", "eni:0")):
        for call in twice(valid(0), Arg(name, ref, "last changed")):
            steps += [Detach(call), Settle(), Act("attach", 0, 0), Settle()]
    for wire in (WIRES[seed % 10], WIRES[20 + seed % 10]):  # by GET and by POST
        steps += [Detach(dressed(valid(0), wire, UNDECLARED[0])), Settle(), Act("attach", 0, 0), Settle()]
    return Scenario(ONE, (*steps, Detach(valid(1)), Settle()), name="sweep of texts")


def sweep_overlaps(quota: int) -> Iterator[Scenario]:
    """Siblings at once, the same interface twice at once, and what becomes of the slots of a full instance."""
    pair = World((InstanceSpec(),), (RICH, PLAINER))
    yield Scenario(pair, (Parallel((Detach(valid(0)), Detach(valid(1)))),), name="siblings at once")
    n = secondary(quota)
    full = World((InstanceSpec(),), (*((EniSpec(),) * n), EniSpec(on=None, status="Available")))
    steps = (
        Act("attach", n, 0),
        Parallel((Detach(valid(0)),) * 4),  # the more there are, the likelier two of them meet
        Settle(),
        Act("attach", n, 0),
        Settle(),
        Act("attach", 0, 0),
    )
    yield Scenario(full, (*steps, Settle()), name="the same interface twice at once")
    yield Scenario(pair, (Parallel((Detach(valid(1)), Detach(valid(0)), Detach(valid(1)))),), name="three at once")


def sweep_callers(callers: Sequence[str]) -> Iterator[Scenario]:
    """Every caller who may not, on both interfaces, with an undeclared parameter, and on one Detaching already."""
    steps = [
        Detach(dressed(valid(k), WIRES[(n * 9 + k) % len(WIRES)], extra, caller))
        for n, caller in enumerate(callers)
        for k, extra in ((0, ()), (1, ()), (1, UNDECLARED[n % len(UNDECLARED)]))
    ]
    yield Scenario(ONE, tuple(steps), name="sweep of callers")
    first_of_each = tuple(steps[::3])
    yield Scenario(World((InstanceSpec(),), (EniSpec(status="Detaching"), EniSpec())), first_of_each)


def sweep_states(faults: Sequence[str], quota: int) -> Iterator[Scenario]:
    """Each transitional state and each fault once, a full instance and an interface in two groups among them."""
    for n, status in enumerate(("Starting", "Stopping", "Pending")):
        world = World((InstanceSpec(status),), (EniSpec(),) * (secondary(quota) if n == 1 else 1))  # type: ignore[arg-type]
        yield _twice(world, n)
    for n, (status, on) in enumerate((("Attaching", 0), ("Detaching", 0), ("Deleting", None))):
        yield _twice(World((InstanceSpec(),), (EniSpec(on=on, status=status),)), n + 3)  # type: ignore[arg-type]
    yield _twice(World((InstanceSpec("Stopped"),), (EniSpec(status="Detaching"),)), 5)
    for n, fault in enumerate(faults):
        yield _twice(World((InstanceSpec(),), (EniSpec(fault=fault, groups=1 + n % 2),)), n + 6)
    yield _twice(World((InstanceSpec(over_eni_limit=True),), (EniSpec(),)), 17)
    yield _twice(World((InstanceSpec(),), (EniSpec(),), region_feature=False), 18)
    unsupported_owner = World((InstanceSpec(),), (EniSpec(),), refused_parameter="OwnerAccount")
    yield Scenario(unsupported_owner, (Detach(dressed(valid(0), WIRES[3], (OWNER,))),))


def _twice(world: World, n: int) -> Scenario:
    """A valid call in two wire forms that differ in place and in signing."""
    return Scenario(world, tuple(Detach(dressed(valid(0), WIRES[(n * 7 + k) % len(WIRES)], ())) for k in (0, 21)))


def full_house(quota: int) -> Scenario:
    """Every slot of an instance taken; one freed by a call under test; the spare interface takes it; and again."""
    n = secondary(quota)
    world = World((InstanceSpec(),), (*((EniSpec(),) * n), EniSpec(on=None, status="Available")))
    steps: list[Step] = []
    spare = n
    for k in range(min(n, 3)):
        steps += [
            Detach(dressed(valid(k), WIRES[(k * 11 + 3) % len(WIRES)], ())),
            Settle(),
            Act("attach", spare, 0),
            Settle(),
        ]
        spare = k
    return Scenario(world, tuple(steps), name="every slot taken")


def again(world: World, place: int, slots: int) -> Scenario:
    """One interface detached; with `slots`, it is attached again, all of them being taken, and so on three times."""
    if not slots:
        return Scenario(world, (Detach(valid(place)), Settle()), name="detach as in the set-up")
    extra = max(0, secondary(slots) - len(world.enis))
    full = dataclasses.replace(world, enis=(*world.enis, *((EniSpec(),) * extra)))
    steps = (Detach(valid(place)), Settle(), Act("attach", place, 0), Settle()) * 3
    return Scenario(full, steps, name="detach and attach as in the set-up")


def abroad(scenario: Scenario) -> Scenario:
    """The same in the target's second region."""
    return dataclasses.replace(scenario, world=dataclasses.replace(scenario.world, region="second"))


def in_second_region(seed: int, callers: Sequence[str]) -> Iterator[Scenario]:
    """One call of each class, accepted calls of a Running and a Stopped instance, a restart, and other callers."""
    yield abroad(sweep(False, seed))
    stopped = World((InstanceSpec("Stopped"),), (EniSpec(tags=1), EniSpec(), EniSpec(on=None, status="Available")))
    yield abroad(in_state(stopped, seed, callers))
    again = World((InstanceSpec(past="restarted"),), (EniSpec(past="reattached"), EniSpec(addresses=2)))
    steps = (Detach(dressed(valid(1), WIRES[(seed + 21) % len(WIRES)], ())), Settle(), Detach(valid(0)), Settle())
    yield abroad(Scenario(again, steps, name="after a restart"))
    yield abroad(by_caller(ONE, callers[seed % len(callers)], seed)) if callers else abroad(alive(ONE))


def late_effects(two: bool, seconds: float) -> Iterator[Scenario]:
    """Refusals of every class, and a success with one interface attached again, each looked at after a while: an effect
    may come late."""
    world, items = single_faults(two)
    yield Scenario(world, (*_calls(items, 11), Settle(seconds)), name="late effects of refusals")
    steps: tuple[Step, ...] = (
        Detach(valid(0)),
        Detach(valid(1)),
        Settle(),
        Act("attach", 1, 0),
        Settle(),
        Settle(seconds),
    )
    yield Scenario(world, steps, name="late effects of a success")
