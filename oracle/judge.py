"""A History judged: what is wrong, what was evidence for what, and what could not be decided. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from eni_conformance.contract.rules import Operation
from eni_conformance.harness.history import History
from eni_conformance.oracle import covered, credit, looks, relations
from eni_conformance.oracle.checks import follow
from eni_conformance.oracle.follow import Found, State, begin
from eni_conformance.oracle.tally import Tally


@dataclass(frozen=True)
class Judgement:
    """What came of one History.

    undecided: why it could not be judged, "" if it was. missing: what the target does not offer for it. raced: whether
    a transition was merely under way, not held. tally: what it was evidence for.
    """

    found: tuple[Found, ...] = ()
    undecided: str = ""
    missing: str = ""
    raced: bool = False
    tally: Tally = field(default_factory=Tally)


def judge(operation: Operation, history: History) -> Judgement:
    """Judge a whole History: every event in order, then what must hold between its answers."""
    book = Tally()
    late: tuple[Found, ...] = ()
    if history.rested is not None and history.place is not None:
        credit.of_rest(book, history.rested)
        late = tuple(
            Found(finding, -1, before=history.rested.before, after=history.rested.now, changes=changed)
            for finding, changed in looks.late(history.rested, history.place.ignore)
        )
    if history.arranged is None or history.place is None:
        return Judgement((), history.undecided, history.missing, tally=book)
    book.leased(len(history.arranged.instances), len(history.arranged.enis))
    state = begin(operation, history.scenario, history.place, history.arranged, history.earlier)
    at_the_end: State | None = None
    past = covered.Past()
    for event in history.events:
        if state.finished and not state.dirty:
            at_the_end = state
        seen = follow(state, event)
        credit.of(book, state, event, seen, past)
        before, past = past, covered.follow(past, event, seen.reads)
        if past is not before and before.step:
            book.followed[covered.two(before.step, past.step)] += 1
        state = seen.state
    if state.finished and not state.dirty:
        at_the_end = state
    found = (*late, *state.found)
    if at_the_end is not None:
        credit.of_relations(book, at_the_end)
        compared = tuple(
            Found(f, one.step, one.exchange, None, at_the_end.snapshot, n=state.events, judged=state.judged)
            for f, one in relations.judge(at_the_end)
        )
        found = (*found, *compared)
    book.request_ids.update(state.ids)
    undecided = history.undecided or state.undecided
    found = tuple(replace(one, history=history) for one in found)
    return Judgement(found, undecided, history.missing, bool(history.arranged.racing), book)
