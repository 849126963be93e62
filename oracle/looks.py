"""What is wrong with what looks show: effects, life cycle, lists, late effects. Pure.

`CHECKS` are the checks of the look that counts after steps; each says which requirements it may blame.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Mapping

from eni_conformance.contract import rows
from eni_conformance.harness.history import Described, Rested
from eni_conformance.harness.values import Snapshot
from eni_conformance.oracle import frame, model, readings, views
from eni_conformance.oracle.findings import (
    AfterSuccess,
    Disagreement,
    Finding,
    GivenAway,
    LateEffect,
    LifeCycle,
    NeededAsking,
    Overlap,
    StaysDetaching,
    WrongPath,
)
from eni_conformance.oracle.follow import START_TIME, Overlapping, State, lost

ON_THE_WAY = frozenset({"InUse", "Detaching", "Available", ""})
MOVES = frozenset({"", "Status", "InstanceId", "Attachment.InstanceId", "NetworkInterfaces"})
"""What operations of the surroundings can bring back after a wrong effect; other changes remain."""

ENOUGH = 3
"""So many detaches must have been seen to end before one that was held counts as staying Detaching."""


def differences(state: State, now: Snapshot) -> list[frame.Change]:
    """What differs from the last look that counted, without what a race changes lawfully."""
    found = [c for c in frame.changes(state.snapshot, now, state.ignore) if c.resource not in state.deleted]
    found = [c for c in found if not _modified(state, c)]
    racing = state.arranged.racing
    if racing:
        found = [c for c in found if c.resource not in racing and c.path not in ("NetworkInterfaces", "")]
    return found


def _modified(state: State, change: frame.Change) -> bool:
    """Whether a change is one that was asked for."""
    asked = {(one.eni, one.attribute) for one in state.modified} | {(one, START_TIME) for one in state.restarted}
    return (change.resource, change.path) in asked


def _hosts_of(state: State, resources: Iterable[str]) -> set[str]:
    """Instances whose list of interfaces changes lawfully with these resources."""
    hosts: set[str] = set()
    for resource in resources:
        if resource in state.known.enis:
            hosts |= set(state.known.enis[resource].on)
        hosts.add(state.snapshot.link(resource))
    return hosts - {""}


PASSING = frozenset({"Attaching", "Detaching", "Deleting", "Pending", "Starting", "Stopping"})


def _lawful(state: State) -> frozenset[str]:
    """What may change without being an effect of calls: what steps move, and what the look before shows on its way."""
    seen = state.snapshot
    on_its_way = {one for one in (*seen.enis, *seen.instances) if seen.status(one) in PASSING} - state.arranged.held
    moving = state.touched | frozenset(state.arranged.racing) | (on_its_way - set(state.detached))
    return moving | frozenset(_hosts_of(state, moving))


# --- the look that counts ----------------------------------------------------------------------------


def refusals_change_nothing(state: State, now: Snapshot) -> Iterable[Finding]:
    """F01: after refusals alone nothing differs."""
    if not state.detached:
        lawful = _lawful(state)
        found = [c for c in differences(state, now) if c.resource not in lawful]
        yield from frame.judge_unchanged(found, now, only_refused=bool(state.refused) and not lawful)


def success_changes_one_link(state: State, now: Snapshot) -> Iterable[Finding]:
    """F02 to F05, F09: a success changes the link of its interface, and nothing else."""
    if not state.detached:
        return
    held = state.arranged.held
    detached = {e: h for e, h in state.detached.items() if e not in held}
    still = {e for e in detached if now.status(e) == "Detaching"}
    held_hosts = {host for e, host in state.detached.items() if e in held or e in still}
    yield from frame.judge_success(
        state.snapshot,
        now,
        [c for c in differences(state, now) if c.resource not in held],
        {e: h for e, h in detached.items() if e not in still},
        _lawful(state) | still | held_hosts,
    )


def modifications_stay(state: State, now: Snapshot) -> Iterable[Finding]:
    """F04: what was modified after a detach was accepted is not lost at its end, where this is seen to be modified."""
    for eni, attribute, value in lost(state, now):
        if eni in state.detached and eni not in state.arranged.held:
            text = f"the {attribute} of {eni}, modified to {value!r} while it was detached, is what it was before"
            about = ("interface", attribute, "changed")
            yield AfterSuccess("F04", text, f"F04:modified {attribute}", page="F04", about=about)


def by_way_of_detaching_only(state: State, now: Snapshot) -> Iterable[Finding]:
    """F02: no other status is seen on the way."""
    for eni, statuses in state.path.items():
        wrong = [s for s in statuses if s not in ON_THE_WAY]
        if wrong and eni in state.detached and eni not in state.touched:
            yield WrongPath(
                "F02", f"{eni} went through {wrong[0]} after an accepted detach", f"path:{wrong[0]}", about=(wrong[0],)
            )


def life_cycle(state: State, now: Snapshot) -> Iterable[Finding]:
    """M07: what the steps touched has a status that the life cycle leads to."""
    for eni in state.known.enis.values():
        if eni.id in state.touched and now.status(eni.id) not in eni.statuses | {""}:
            text = f"{eni.id} is {now.status(eni.id)}; the life cycle leads to {'/'.join(sorted(eni.statuses))}"
            status = now.status(eni.id)
            yield LifeCycle("M07", text, f"life cycle:{status}", about=(status,))


def both_sides_agree(state: State, now: Snapshot) -> Iterable[Finding]:
    """M05: an instance shows what is attached to it, and shows it as the interface itself is shown."""
    moving = {*state.still, *state.touched, *state.detached, *state.arranged.faulty_enis}
    for eni, host, text, what in views.sides(now):
        if eni not in moving and host not in moving:
            yield Disagreement(rows.VIEWS_AGREE, text, f"sides:{what}", about=("sides", what))


def addresses_are_its_own(state: State, now: Snapshot) -> Iterable[Finding]:
    """F04: what a detached interface keeps is given to nobody else. The page does not say that addresses are unique;
    only where those of all others are, before the detach and after it, can one have been given away."""
    if not state.created:
        return
    made = dict(state.created)
    ours = [*state.arranged.primaries, *state.arranged.enis, *made]
    shared = [
        (one, other) for one, other in itertools.combinations(ours, 2) if _addresses(now, one) & _addresses(now, other)
    ]
    if len(shared) == 1 and sum(not detached for detached in made.values()) > 1 < sum(map(bool, made.values())):
        [(owner, new)] = shared
        if owner in made.get(new, ()):
            address = min(_addresses(now, owner) & _addresses(now, new))[1]
            text = f"{new}, made after {owner} was detached, has its address {address}"
            yield GivenAway("F04", text, "address given away", owner=owner, given_to=new, address=address)


def _addresses(now: Snapshot, eni: str) -> set[tuple[str, str]]:
    """Its addresses, each with its vSwitch; none where descriptions do not tell."""
    fields = now.enis.get(eni, {})
    told = [str(fields.get("PrivateIpAddress") or "")]
    told += [str(json.loads(entry).get("PrivateIpAddress") or "") for entry in fields.get("PrivateIpSets", ())]
    return {(str(fields.get("VSwitchId")), address) for address in told if address and fields.get("VSwitchId")}


Check = Callable[[State, Snapshot], Iterable[Finding]]
CHECKS: tuple[Check, ...] = (
    refusals_change_nothing,
    success_changes_one_link,
    modifications_stay,
    by_way_of_detaching_only,
    life_cycle,
    both_sides_agree,
    addresses_are_its_own,
)


def judge(state: State, now: Snapshot) -> list[Finding]:
    """Everything that a look shows to be wrong, if it is still so when it is looked at again."""
    return [finding for check in CHECKS for finding in check(state, now)]


def stuck(state: State, now: Snapshot) -> Iterable[Finding]:
    """F02, in doubt: still Detaching, although it was waited for twice as long as the target allows, and asked for
    again. A violation only if it is so again in a world built anew."""
    limit, settled = state.place.settle_seconds, state.settled
    if state.place.real:
        return  # a guest that does not react is no defect of the service; `credit` tells it as a doubt
    for eni in state.detached:
        if now.status(eni) == "Detaching" and eni not in state.arranged.held:
            others = f", while {len(settled)} others were Available within {max(settled):.1f} s" if settled else ""
            text = f"{eni} is still Detaching more than {limit:g} s after the accepted call{others}"
            yield StaysDetaching("F02", text, "stays Detaching", certainty=0.7)


def needed_asking(state: State, now: Snapshot) -> Iterable[Finding]:
    """F02, in doubt: it became Available only when the call was repeated, as the page tells of guests that do not
    react; a violation only where that is so each time, which it is not where another one of the play ended by itself.
    state: as it was before this look."""
    by_itself = [eni for eni in state.detached if now.status(eni) == "Available" and eni not in state.reminded]
    if state.place.real or state.spent or by_itself:
        return
    for eni in state.reminded:
        text = f"{eni} stayed Detaching until the call was repeated"
        yield NeededAsking("F02", text, "stays Detaching until asked again", certainty=0.7)


def let_go(state: State) -> list[str]:
    """What was held Detaching while the call was repeated, and is Detaching still."""
    arranged = state.arranged
    if state.dirty or len(state.settled) < ENOUGH:
        return []
    return [
        eni
        for eni in arranged.held - arranged.pinned
        if eni in arranged.enis and state.snapshot.status(eni) == "Detaching" and eni in state.freed_enis
    ]


def released(state: State, now: Snapshot) -> Iterable[Finding]:
    """S06: what was held Detaching while the call was repeated ends Available once it is let go. F04: what was modified
    meanwhile does not fall back then."""
    limit, was = state.place.settle_seconds, state.arranged.snapshot.enis
    for eni in let_go(state):
        if now.status(eni) != "Available":
            since = f"more than {limit:g} s after it was let go"
            text = f"{eni} is still {now.status(eni)} {since}; the call had been repeated"
            yield StaysDetaching("S06", text, "stays Detaching after repetition", ("F02",), 0.8)
            continue
        own = [c for c in frame.changes(state.snapshot, now, state.ignore) if c.resource == eni]
        fallen = [c for c in own if c.path in frame.KEPT_BY_ENI and c.after == was[eni].get(c.path)]
        yield from frame.judge_success(state.snapshot, now, fallen, {eni: state.snapshot.link(eni)})


def late(rested: Rested, ignore: frozenset[str]) -> Iterable[tuple[Finding, tuple[frame.Change, ...]]]:
    """F08, F01: nothing differs after everything had settled."""
    for effect in frame.effects(own_changes(rested, ignore), rested.now):
        text = f"after everything had settled, {effect.text}"
        late_one = LateEffect(
            "F08", text, f"late:{effect.about}", ("F01",), family=effect.family, about=effect.words
        )  # fmt: skip
        yield late_one, effect.changes


def own_changes(rested: Rested, ignore: frozenset[str]) -> list[frame.Change]:
    """What differs of what belongs to the worker."""
    mine = rested.own | set(rested.before.enis) | set(rested.before.instances)
    return [c for c in frame.changes(rested.before, rested.now, ignore) if c.resource in mine]


def another_view(event: Described, run_id: str) -> Iterable[Finding]:
    """M05, F03: another way to describe agrees with the look by id."""
    if event.failure == "failed":
        also = (rows.LINK_GONE,) if event.view in views.BY_INSTANCE else ()
        text, cause = f"view {event.view} fails: {event.told}", f"view fails:{event.view}"
        yield Disagreement(rows.VIEWS_AGREE, text, cause, also, about=(event.view, "fails"))
        return
    for requirement, text in views.disagreements(event, run_id):
        yield Disagreement(requirement, text, f"view:{event.view}", ("M05",), about=(event.view, requirement))


# --- overlapping calls -------------------------------------------------------------------------------


def serial_order(state: State, overlap: Overlapping, final: Snapshot) -> bool:
    """Whether a serial order explains the answers and the state: in none is what was modified lost."""
    return not lost(state, final) and model.explain(state.operation, overlap.start, overlap.told, final) is not None


def overlapping_effects(state: State, overlap: Overlapping, final: Snapshot) -> list[Finding]:
    """F02 to F05, F09: overlapping calls change the links of what they detached, and what the others move."""
    start = overlap.start
    detached: dict[str, str] = {}
    lawful: set[str] = set()
    for part, one in zip(overlap.event.parts, overlap.told, strict=True):
        if part.deed is not None:
            lawful |= {part.deed.moves, part.deed.instance} if part.deed.op != "modify" else set()
        elif part.asked is not None and one.reply.success:
            target = readings.admissible(state.operation, start, part.asked).target
            if target:
                detached[target] = next((o for o in sorted(start.enis[target].on, reverse=True) if o), "")
    changes = [c for c in frame.changes(state.snapshot, final, state.ignore) if not _modified(state, c)]
    return frame.judge_success(state.snapshot, final, changes, detached, frozenset(lawful))


def on_others(found: Iterable[Finding]) -> bool:
    """Whether effects are on what was not detached: they explain that no serial order explains the state."""
    return any(finding.requirement in (rows.OTHERS_KEPT, rows.INSTANCE_KEPT) for finding in found)


def overlap_unexplained(overlap: Overlapping, effects: Iterable[Finding] = ()) -> Finding:
    """M06: no serial order of overlapping calls explains their answers and the state. effects: what else the look
    shows, which is the same."""
    answers = ", ".join(str(t.reply) for t in overlap.told)
    n = len(overlap.told)
    text = f"no serial order of {n} overlapping calls explains the answers ({answers}) and the state"
    also = tuple(dict.fromkeys(effect.requirement for effect in effects))
    return Overlap("M06", text, "overlap", also, family="overlap")


def unended(state: State, overlap: Overlapping, final: Snapshot) -> bool:
    """Whether an accepted detach does not show its end yet: it may be at work unseen."""
    for part, one in zip(overlap.event.parts, overlap.told, strict=True):
        if part.asked is not None and one.reply.success:
            target = readings.admissible(state.operation, overlap.start, part.asked).target
            if target not in state.arranged.held and final.status(target) in ("InUse", "Detaching"):
                return True
    return False


def volatile(shown: Mapping[tuple[str, str], frozenset[str]]) -> frozenset[str]:
    """Paths that showed another value in each of several looks: they change by themselves."""
    return frozenset(path for (_, path), values in shown.items() if len(values) >= 4)
