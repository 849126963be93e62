"""What whoever plays asks of the oracle while it plays: may this answer pass, is this look explained, what is awaited.

Pure predicates on the same fold that judges; nothing that they say is a verdict.
"""

from __future__ import annotations

from eni_conformance.contract import rows
from eni_conformance.contract.rules import Operation
from eni_conformance.contract.scenario import Scenario
from eni_conformance.harness.guide import Guide
from eni_conformance.harness.history import (
    Arranged,
    Circumstances,
    Lesson,
    Looked,
    Overlapped,
    Sent,
)
from eni_conformance.harness.values import Snapshot
from eni_conformance.oracle import answers, checks, looks, relations
from eni_conformance.oracle.follow import State, begin, disturbed, unseen, unstarted, waiting
from eni_conformance.oracle.frame import changes


def guide_of(operation: Operation) -> Guide[State]:
    """The guide of plays that this operation will be judged by."""

    def start(scenario: Scenario, place: Circumstances, arranged: Arranged) -> State:
        return begin(operation, scenario, place, arranged)

    return Guide(
        begin=start,
        follow=lambda state, event: checks.follow(state, event).state,
        over=lambda state: state.dirty,
        passes=_passes,
        may_pass=lambda state, exchange: answers.may_pass(exchange, tolerates=state.place.tolerates, valid=False),
        moved_on=lambda state, sent, now: answers.moved_on(state, answers.expected_of(state, sent), now),
        doubts=_doubts,
        detached=lambda state: state.detached,
        touched=lambda state: bool(state.detached or state.touched),
        waiting=waiting,
        disturbed=disturbed,
        explained=_explained,
        certain=checks.certain,
        full=checks.full,
        overlapping=lambda state: state.overlap is not None,
        unended=lambda state, now: state.overlap is not None and looks.unended(state, state.overlap, now),
        view=_view,
        question=relations.question,
        let_go=looks.let_go,
        settled=lambda state: state.stuck,
        late=lambda rested, ignore: not looks.own_changes(rested, ignore),
        itself=_itself,
        lesson=_lesson,
    )


def _passes(state: State, sent: Sent) -> bool:
    """Whether the answer to a call is wrong here and one of those that may pass."""
    return answers.passes(state, answers.expected_of(state, sent), sent.exchange)


def _doubts(state: State, event: Sent | Overlapped, part: int) -> tuple[str, ...]:
    """Invented ids that must be asked for again before an answer is blamed on the endpoint."""
    if isinstance(event, Sent):
        one, expected = event, answers.expected_of(state, event)
        texts = answers.invented(state, event.asked)
        if not texts:
            return ()
        read = answers.read(state, one.call, one.asked, one.exchange, expected)
        return texts if read.answer is not None and not read.bare and answers.judge(state, read) else ()
    piece = event.parts[part]
    if piece.asked is None or piece.call is None:
        return ()
    texts = answers.invented(state, piece.asked)
    if not texts:
        return ()
    expected = checks.loose(state, event, piece.asked)
    read = answers.read(state, piece.call, piece.asked, piece.exchange, expected)
    return texts if read.answer is not None and not read.bare and answers.judge(state, read) else ()


def _explained(state: State, looked: Looked) -> bool:
    """Whether nothing about a look needs another one."""
    if looked.why == "released":
        return not list(looks.released(state, looked.snapshot))
    if looked.step == -1 and (unseen(state, looked.snapshot) or unstarted(state, looked.snapshot)):
        return False  # what is shown late would seem to be the work of the next play
    if state.overlap is None:
        return not looks.judge(state, looked.snapshot)
    order = looks.serial_order(state, state.overlap, looked.snapshot)
    return order and not looks.overlapping_effects(state, state.overlap, looked.snapshot)


def _view(state: State, now: Snapshot) -> tuple[str, str] | None:
    """An interface and the instance that it was just detached from, to be described in another way."""
    if looks.judge(state, now) or list(looks.stuck(state, now)):
        return None
    for eni, host in state.detached.items():
        if now.status(eni) == "Available" and host and eni not in state.touched:
            return eni, host
    return None


def _itself(before: Snapshot, after: Snapshot) -> frozenset[str]:
    """Paths that changed while nothing was sent."""
    return frozenset(c.path for c in changes(before, after) if c.path not in looks.MOVES)


def _lesson(state: State) -> Lesson:
    """What a worker takes from a play into the next."""
    flawed = bool(state.found or relations.judge(state)) if state.finished else bool(state.found)
    leaving = state.deleted & {*state.snapshot.enis, *state.snapshot.instances}
    spoilt = state.undecided or state.dirty or state.still or state.arranged.faulty_enis
    clean = not (flawed or spoilt or leaving)
    changes = [change for found in state.found for change in found.changes]
    damaged = frozenset(change.resource for change in changes if change.path not in looks.MOVES) | _bound(state)
    return Lesson(state.stuck, state.spent, state.ignore, clean, flawed, state.snapshot, damaged, "detach" in state.hot)


def _bound(state: State) -> frozenset[str]:
    """Interfaces that could not be attached again: used for another World, they would convict what is innocent."""
    attaches = [f.exchange for f in state.found if f.exchange and f.finding.requirement == rows.ATTACHED_AGAIN]
    return frozenset(dict(exchange.sent.pairs).get("NetworkInterfaceId", "") for exchange in attaches)
