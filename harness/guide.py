"""What a play asks of whoever will judge it: pure functions on a value that the play only hands on.

The oracle makes a Guide (`oracle.guide`), a play asks it (`harness.play`); neither knows the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from eni_conformance.contract.scenario import Scenario
from eni_conformance.harness.history import (
    Arranged,
    Circumstances,
    Event,
    Lesson,
    Looked,
    Overlapped,
    Question,
    Rested,
    Sent,
)
from eni_conformance.harness.values import Deed, Exchange, Snapshot

S = TypeVar("S")


@dataclass(frozen=True)
class Guide(Generic[S]):
    """What a play needs to know of what is to be expected. S: what is known at a moment.

    begin, follow: what is known when the World has been arranged, and after an event. over: nothing more should be
    done. passes: the answer to a call under test may come once and be gone, and is wrong; may_pass: the same of a call
    that is wrong by intent. moved_on: a look shows that the call was carried out. doubts: invented ids to ask for again
    before an answer is believed. detached, touched, waiting: what is on its way. disturbed: something else moved.
    explained: a look needs no other after it. certain, full: of an operation of the surroundings. overlapping, unended:
    the effect of overlapping calls is still to be looked for. view: what to describe in another way. question: an
    answer whose stability must be known. let_go: what must end when it is released. settled: detaches that never ended.
    late: nothing has changed since the play before. itself: what changes by itself. lesson: what to remember.
    """

    begin: Callable[[Scenario, Circumstances, Arranged], S]
    follow: Callable[[S, Event], S]
    over: Callable[[S], bool]
    passes: Callable[[S, Sent], bool]
    may_pass: Callable[[S, Exchange], bool]
    moved_on: Callable[[S, Sent, Snapshot], bool]
    doubts: Callable[[S, Sent | Overlapped, int], tuple[str, ...]]
    detached: Callable[[S], Mapping[str, str]]
    touched: Callable[[S], bool]
    waiting: Callable[[S, Snapshot], list[str]]
    disturbed: Callable[[S, Snapshot], bool]
    explained: Callable[[S, Looked], bool]
    certain: Callable[[S, Deed], bool]
    full: Callable[[S, Deed], bool]
    overlapping: Callable[[S], bool]
    unended: Callable[[S, Snapshot], bool]
    view: Callable[[S, Snapshot], tuple[str, str] | None]
    question: Callable[[S], Question | None]
    let_go: Callable[[S], list[str]]
    settled: Callable[[S], int]
    late: Callable[[Rested, frozenset[str]], bool]
    itself: Callable[[Snapshot, Snapshot], frozenset[str]]
    lesson: Callable[[S], Lesson]
