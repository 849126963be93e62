"""Making a counterexample smaller: fewer steps, plainer calls, no bystanders. Pure but for the `fails` it is given.

Every candidate is a Scenario in its own right and is judged anew by `fails`; a candidate that does not show the
same violation is thrown away. Remote calls are dear, so the order goes from what usually works to what seldom
does, and there is a budget.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from eni_conformance.contract.detach import REQUIRED
from eni_conformance.contract.scenario import (
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
    Wire,
    World,
)
from eni_conformance.harness.history import Acted, Looked, Sent
from eni_conformance.oracle.findings import Disagreement
from eni_conformance.oracle.follow import Found

PLAIN_WIRE = Wire()


AT_LEAST = 8
"""So many candidates are tried however slow the endpoint is: the first ones are the likeliest."""


def shrink(
    scenario: Scenario,
    guilty: int,
    fails: Callable[[Scenario], bool],
    budget: int,
    spent: Callable[[], bool],
    suspects: Sequence[Sequence[int]] = (),
) -> tuple[Scenario, int]:
    """The smallest Scenario found that still fails, and how many candidates were tried.

    guilty: index of the step that showed the violation, -1 for a look at the end. budget: candidates at most.
    spent() True ends the search early, but not before AT_LEAST candidates. suspects: indices of steps that may be
    enough together, those tried first that are named first.
    """
    tried = 0

    def over() -> bool:
        return tried >= budget or (tried >= AT_LEAST and spent())

    def check(candidate: Scenario) -> bool:
        nonlocal tried
        if over():
            return False
        tried += 1
        return fails(candidate)

    best = _fewer_steps(scenario, guilty, check, suspects)
    for plainest in (_plainest_world, _plainest_calls):
        candidate = plainest(best)
        if candidate != best and check(candidate):
            best = candidate
    for _ in range(3):
        before = best
        for make in (_plainer_calls, _smaller_worlds):
            changed = True
            while changed and not over():
                changed = False
                for candidate in make(best):
                    if check(candidate):
                        best, changed = candidate, True
                        break
        if best == before:
            break
    return best, tried


def _fewer_steps(
    scenario: Scenario, guilty: int, check: Callable[[Scenario], bool], suspects: Sequence[Sequence[int]]
) -> Scenario:
    """The suspects or the guilty step alone if that is enough, else halving, else leaving out one by one."""
    steps = scenario.steps
    firsts = [tuple(steps[i] for i in kept) for kept in suspects]
    if 0 <= guilty < len(steps) and len(steps) > 1:
        firsts += [steps[guilty : guilty + 1], steps[max(0, guilty - 1) : guilty + 1], steps[: guilty + 1]]
    for kept in dict.fromkeys(firsts):
        candidate = replace(scenario, steps=kept)
        if kept and kept != steps and check(candidate):
            scenario = candidate
            break
    size = len(scenario.steps) // 2
    while size >= 1:
        start = 0
        while start < len(scenario.steps) and len(scenario.steps) > 1:
            rest = scenario.steps[:start] + scenario.steps[start + size :]
            candidate = replace(scenario, steps=rest)
            if rest and check(candidate):
                scenario = candidate
            else:
                start += size
        size //= 2
    return scenario


def suspects(found: Found) -> tuple[tuple[int, ...], ...]:
    """Steps that may be all that a finding needs, the fewest first.

    Of a look: what was accepted of late, what named the resources that changed, everything since the last look that
    counted. Of an answer: its call, and what was accepted before about the same resources, as an attach may be refused
    because of the detach before it.
    """
    if found.history is None or found.history.arranged is None:
        return ()
    arranged, events = found.history.arranged, found.history.events[: found.n]
    places = {f"eni:{k}" for k, eni in enumerate(arranged.enis) if any(c.resource == eni for c in found.changes)}
    places |= {f"instance:{k}" for k, i in enumerate(arranged.instances) if any(c.resource == i for c in found.changes)}
    counted = [n for n, event in enumerate(events[:-1]) if isinstance(event, Looked) and event.why == "settled"]
    recent = sorted({event.step for event in events[counted[-1] + 1 if counted else 0 :] if event.step >= 0})
    steps = found.history.scenario.steps
    done = {e.step for e in events if isinstance(e, Sent) and 200 <= e.exchange.status < 300} | {
        e.step for e in events if isinstance(e, Acted)
    }
    if found.after is None:
        if not 0 <= found.step < len(steps):
            return ()
        before = [i for i in sorted(done) if i < found.step and _named(steps[i]) & _named(steps[found.step])]
        return tuple(dict.fromkeys((*some, found.step) for some in ((), before[-1:], before[-2:], before)))
    looks = [found.step] if 0 <= found.step < len(steps) else []
    concerned = [i for i in recent if places & _named(steps[i])]
    late = [i for i in recent if i in done]
    earlier = [i for i in range(len(steps)) if i in done and places & _named(steps[i])]
    sets = (late[-1:], concerned[-1:], late, concerned, recent, earlier, [*earlier, *recent])
    return tuple(dict.fromkeys(tuple(sorted({*one, *looks})) for one in sets if one))


def as_it_was(scenario: Scenario, found: Found) -> Scenario:
    """The Scenario with what its resources had been through when it showed this, where anything would do."""
    arranged = found.history.arranged if found.history else None
    if found.history is None or arranged is None or arranged.lived is None:
        return scenario
    return replace(scenario, world=arranged.lived) if found.history.scenario.world == scenario.world else scenario


def as_described(scenario: Scenario, found: Found) -> Scenario:
    """The Scenario in which each look is followed by the view that shows this; otherwise views take turns."""
    finding = found.finding
    if not isinstance(finding, Disagreement) or finding.about[:1] == ("sides",):
        return scenario
    end = () if scenario.steps and isinstance(scenario.steps[-1], Settle) else (Settle(),)
    view = finding.about[0] if finding.about else ""
    steps = tuple(replace(step, view=view) if isinstance(step, Settle) else step for step in (*scenario.steps, *end))
    return replace(scenario, steps=steps)


def as_new(scenario: Scenario, lived: Scenario) -> Scenario:
    """The Scenario with new resources in the place of those that have been through something in the other one."""
    old, been = scenario.world, lived.world
    enis = tuple(e if e == b else replace(e, past="fresh") for e, b in zip(old.enis, been.enis, strict=True))
    pairs = zip(old.instances, been.instances, strict=True)
    instances = tuple(i if i == b else replace(i, past="fresh") for i, b in pairs)
    return replace(scenario, world=replace(old, instances=instances, enis=enis))


def _named(step: Step) -> set[str]:
    """The places in the World that a step names: "eni:K", "instance:K"."""
    enis, instances = _references(Scenario(steps=(step,)))
    return {f"eni:{k}" for k in enis} | {f"instance:{k}" for k in instances}


def _each_call(scenario: Scenario) -> Iterator[tuple[Call, Callable[[Call], Scenario]]]:
    """Every call of the scenario, with a function that puts another in its place."""
    for i, step in enumerate(scenario.steps):
        if isinstance(step, Detach):
            yield step.call, lambda call, i=i: _with_step(scenario, i, Detach(call))  # type: ignore[misc]
        elif isinstance(step, Probe):
            yield step.call, lambda call, i=i, step=step: _with_step(scenario, i, replace(step, call=call))  # type: ignore[misc]
        elif isinstance(step, Parallel):
            for j, part in enumerate(step.steps):
                if isinstance(part, Detach):

                    def put(call: Call, i: int = i, j: int = j, step: Parallel = step) -> Scenario:
                        parts = (*step.steps[:j], Detach(call), *step.steps[j + 1 :])
                        return _with_step(scenario, i, Parallel(parts))

                    yield part.call, put


def _with_step(scenario: Scenario, i: int, step: Step) -> Scenario:
    return replace(scenario, steps=(*scenario.steps[:i], step, *scenario.steps[i + 1 :]))


def _plainer_calls(scenario: Scenario) -> Iterator[Scenario]:
    """One change to one call: the plain wire form, then one property of it, no extra parameters, usual order."""
    for i, step in enumerate(scenario.steps):
        if isinstance(step, Parallel) and len(step.steps) > 2:
            for j in range(len(step.steps)):
                yield _with_step(scenario, i, Parallel(step.steps[:j] + step.steps[j + 1 :]))
    for call, put in _each_call(scenario):
        probed = any(isinstance(step, Probe) and step.call is call for step in scenario.steps)
        plain = PLAIN_WIRE
        if probed:  # what it tampers with is there in this scheme, method and place alone
            w = call.wire
            plain = replace(plain, method=w.method, place=w.place, signing=w.signing, format=w.format)
        if call.wire != plain:
            yield put(replace(call, wire=plain))
        extra = [a for a in call.args if a.name not in REQUIRED]
        if extra:
            yield put(replace(call, args=tuple(a for a in call.args if a.name in REQUIRED)))
            if len(extra) > 1:
                for arg in extra:
                    yield put(replace(call, args=tuple(a for a in call.args if a is not arg)))
        for name in ("fresh", "order") if probed else ("fresh", "order", "signing", "format"):
            if getattr(call.wire, name) != getattr(PLAIN_WIRE, name):
                yield put(replace(call, wire=replace(call.wire, **{name: getattr(PLAIN_WIRE, name)})))
        if call.wire.method == "POST" and call.wire.place != "query" and not probed:
            yield put(replace(call, wire=replace(call.wire, place="query")))
        if call.wire.method == "POST" and not probed:
            yield put(replace(call, wire=replace(call.wire, method="GET", place="query")))
        if call.caller != "account" and not probed:
            yield put(replace(call, caller="account"))
        for k, arg in enumerate(call.args):
            if arg.form != "exact" and arg.ref and not arg.form.startswith("text:"):
                args = (*call.args[:k], replace(arg, form="exact"), *call.args[k + 1 :])
                yield put(replace(call, args=args))


def _plainest_calls(scenario: Scenario) -> Scenario:
    """Every call in the plain wire form and without extra parameters; probes stay as they are."""

    def plain(step: Step) -> Step:
        if isinstance(step, Detach):
            args = tuple(a for a in step.call.args if a.name in REQUIRED)
            return Detach(replace(step.call, wire=PLAIN_WIRE, args=args))
        if isinstance(step, Parallel):
            return Parallel(tuple(s for s in map(plain, step.steps) if isinstance(s, (Detach, Act))))
        return step

    return replace(scenario, steps=tuple(map(plain, scenario.steps)))


def _plainest_world(scenario: Scenario) -> Scenario:
    """Only what the steps name, and nothing odd about it but its state."""
    enis, _ = _references(scenario)
    for k in reversed(range(len(scenario.world.enis))):
        if k not in enis:
            scenario = _without_eni(scenario, k)
    return replace(scenario, world=replace(scenario.world, enis=tuple(map(_plainest, scenario.world.enis))))


def _plainest(eni: EniSpec) -> EniSpec:
    """Nothing odd about it but its state."""
    return EniSpec(on=eni.on, status=eni.status, fault=eni.fault, past=_plainer_past(eni.past))


def _plainer_past(past: str) -> Any:
    """What takes the place of a past: first "fresh", as with "any" another resource of the same past might be taken."""
    return "any" if past in ("any", "fresh") else "fresh"


def _references(scenario: Scenario) -> tuple[set[int], set[int]]:
    """The interfaces and the instances that the steps refer to, by place."""
    enis: set[int] = set()
    instances: set[int] = set()
    flat: list[Step] = []
    for step in scenario.steps:
        flat += step.steps if isinstance(step, Parallel) else (step,)
    for step in flat:
        if isinstance(step, (Detach, Probe)):
            for arg in step.call.args:
                kind, _, index = arg.ref.partition(":")
                if kind == "eni":
                    enis.add(int(index))
                elif kind in ("instance", "primary", "instance_name"):
                    instances.add(int(index))
        elif isinstance(step, Act) and step.op in ("attach", "delete"):
            enis.add(step.eni)
            if step.op == "attach":
                instances.add(step.instance)
        elif isinstance(step, Act):
            instances.add(step.instance)
    return enis, instances


def _renumber(scenario: Scenario, kind: str, gone: int) -> tuple[Step, ...]:
    """The steps after the interface ("eni") or instance ("instance") at place `gone` was taken out."""

    def ref(text: str) -> str:
        name, _, index = text.partition(":")
        ours = name == "eni" if kind == "eni" else name in ("instance", "primary", "instance_name")
        return f"{name}:{int(index) - 1}" if ours and int(index) > gone else text

    def arg(a: Arg) -> Arg:
        return replace(a, ref=ref(a.ref))

    def one(step: Step) -> Step:
        if isinstance(step, (Detach, Probe)):
            return replace(step, call=replace(step.call, args=tuple(arg(a) for a in step.call.args)))
        if isinstance(step, Act):
            if kind == "eni":
                return replace(step, eni=step.eni - 1 if step.eni > gone else step.eni)
            return replace(step, instance=step.instance - 1 if step.instance > gone else step.instance)
        if isinstance(step, Parallel):
            return Parallel(tuple(s for s in map(one, step.steps) if isinstance(s, (Detach, Act))))
        return step

    return tuple(one(s) for s in scenario.steps)


def _smaller_worlds(scenario: Scenario) -> Iterator[Scenario]:
    """The World with one resource less, or one property plainer."""
    world = scenario.world
    enis, instances = _references(scenario)
    if len(world.instances) > 1:
        for i in range(len(world.instances)):
            if i not in instances and not any(e.on == i and k in enis for k, e in enumerate(world.enis)):
                kept = [k for k, e in enumerate(world.enis) if e.on != i]
                trimmed = scenario
                for k in reversed(range(len(world.enis))):
                    if k not in kept:
                        trimmed = _without_eni(trimmed, k)
                on = tuple(replace(e, on=e.on - 1) if e.on is not None and e.on > i else e for e in trimmed.world.enis)
                smaller = replace(
                    trimmed.world,
                    instances=world.instances[:i] + world.instances[i + 1 :],
                    enis=on,
                )
                yield replace(trimmed, world=smaller, steps=_renumber(trimmed, "instance", i))
    for k in reversed(range(len(world.enis))):
        if k not in enis:
            yield _without_eni(scenario, k)
    for k, eni in enumerate(world.enis):
        plainest = _plainest(eni)
        if eni != plainest:
            yield replace(scenario, world=_with_eni(world, k, plainest))
            for name in (f.name for f in dataclasses.fields(EniSpec)):
                if getattr(eni, name) != getattr(plainest, name):
                    one = dataclasses.replace(eni, **{name: getattr(plainest, name)})
                    yield replace(scenario, world=_with_eni(world, k, one))
        if eni.fault:
            yield replace(scenario, world=_with_eni(world, k, replace(eni, fault="")))
    for i, instance in enumerate(world.instances):
        plainest_instance = InstanceSpec(past=_plainer_past(instance.past))
        for name in ("past", "zone", "fault", "status"):
            if getattr(instance, name) != getattr(plainest_instance, name):
                plainer = dataclasses.replace(instance, **{name: getattr(plainest_instance, name)})
                others = (*world.instances[:i], plainer, *world.instances[i + 1 :])
                yield replace(scenario, world=replace(world, instances=others))
    for fault in world.faults:
        yield replace(scenario, world=replace(world, faults=tuple(f for f in world.faults if f != fault)))


def _with_eni(world: World, k: int, eni: EniSpec) -> World:
    return replace(world, enis=(*world.enis[:k], eni, *world.enis[k + 1 :]))


def _without_eni(scenario: Scenario, k: int) -> Scenario:
    world = replace(scenario.world, enis=scenario.world.enis[:k] + scenario.world.enis[k + 1 :])
    return replace(scenario, world=world, steps=_renumber(scenario, "eni", k))


def size(scenario: Scenario) -> int:
    """A rough measure: resources plus steps that are not mere looks."""
    steps: Sequence[Step] = [s for s in scenario.steps if not isinstance(s, Settle)]
    return len(scenario.world.instances) + len(scenario.world.enis) + len(steps)


def lasting_damage(found: Found, scenario: Scenario) -> Found:
    """The finding, as one of B03 if an ordinary call fails only after a hostile one (`scenario`: the smallest)."""
    if found.finding.requirement not in ("B01", "B02") or found.step <= 0:
        return found

    def hostile(step: object) -> bool:
        return isinstance(step, Detach) and any(arg.form != "exact" for arg in step.call.args)

    if hostile(scenario.steps[found.step]) or not any(hostile(step) for step in scenario.steps[: found.step]):
        return found
    finding = found.finding
    also = (finding.requirement, *finding.also)
    return replace(found, finding=replace(finding, requirement="B03", also=also))
