"""`run --calls N`: who may send how many calls, and which Scenarios they are spent on.

The controller sets up with what is left when enough is kept for the clean-up, shares out the rest among the workers,
and cleans up with what is left then. A worker keeps besides what it takes to remove what it has created. Every client
counts; none passes its part. What is not spent goes back to the controller.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from eni_conformance.harness import journal
from eni_conformance.harness.account.book import Book
from eni_conformance.harness.bench import look
from eni_conformance.harness.bench.pool import Bench
from eni_conformance.harness.wire.client import Allowance

CLEAN_UP_NEARBY, CLEAN_UP = 24, 40
"""Calls kept for the clean-up of the ground (a VPC, its vSwitches and groups) and for looking by tags at its end;
elsewhere deleted instances stay listed for a while."""
PHASES = 3
"""Transitions that follow each other in a clean-up: detaches, deletions of interfaces, deletions of instances."""
OF_EACH = 2
"""Calls that it takes to remove one resource of a worker: an interface is detached and deleted, a group or an instance
may be refused once."""
AHEAD = 6
"""Calls kept for what a Scenario creates while it is played."""
IN_FLIGHT = 8
"""Calls that a worker may have sent at the moment when it was killed, without writing them down."""
GIVEN, LEFT = "calls-given-", "calls-left-"
"""What the names of the files begin with that say what a worker may spend, and what it has not spent."""
LEAST = 150
"""Below that nothing could be judged."""


def for_set_up(calls: int, *, loopback: bool) -> Allowance | None:
    """What the controller may spend before there are workers; None where calls are not limited. loopback: whether the
    target is on this machine."""
    if not calls:
        return None
    made = Allowance(calls)
    made.kept = CLEAN_UP_NEARBY if loopback else CLEAN_UP
    return made


def to_share(allowance: Allowance | None) -> int | None:
    """What the workers may spend together, None for as much as it takes; it is no longer the controller's."""
    if allowance is None:
        return None
    shared = allowance.free
    allowance.left -= shared
    return shared


def for_worker(shared: int | None, workers: int, folder: Path, worker: str) -> Allowance | None:
    """One worker's part of what was shared out, which is written down; None where calls are not limited. A worker that
    takes the place of one that died finds what nobody was given."""
    if shared is None:
        return None
    given = sum(int(path.read_text()) for path in folder.glob(f"{GIVEN}*.txt") if path.stem != f"{GIVEN}{worker}")
    made = Allowance(max(0, min(shared // max(1, workers), shared - given)))
    (folder / f"{GIVEN}{worker}.txt").write_text(str(made.left))
    return made


def keep(allowance: Allowance, benches: Sequence[Bench], worker: str) -> None:
    """Keep what it takes to remove what a worker has created, and what it may create in one more Scenario."""
    longest = max((seconds for bench in benches for seconds in bench.typical.values()), default=0.0)
    nearby = all(bench.session.target.loopback for bench in benches)
    allowance.kept = sum(
        kept_for(bench.session.ledger.book(), worker, transition=longest, nearby=nearby) for bench in benches
    )


def kept_for(book: Book, worker: str, *, transition: float, nearby: bool) -> int:
    """What it takes to remove what a worker has created, and what it may create in one more Scenario. transition:
    seconds that one has been seen to take. nearby: on this machine."""
    pauses = itertools.accumulate(look.sparing_pauses(nearby=nearby))
    looks = 2 * PHASES * sum(1 for _ in itertools.takewhile(lambda waited: waited < transition, pauses))
    alive = [owned for owned in book.owned.values() if owned.id not in book.gone and owned.worker == worker]
    return AHEAD + looks + OF_EACH * len(alive)


def hand_back(folder: Path, worker: str, allowance: Allowance) -> None:
    """Write down what a worker has not spent, for the clean-up."""
    (folder / f"{LEFT}{worker}.txt").write_text(str(allowance.left))


def for_clean_up(allowance: Allowance | None, folder: Path | None = None) -> None:
    """All that is left may now be spent. folder: of a run whose workers have left; what one of them was given and did
    not hand back counts as spent, but for what its journal shows not to have been sent."""
    if allowance is None:
        return
    allowance.kept = 0
    if folder is None:
        return
    handed = {path.stem.removeprefix(LEFT): int(path.read_text()) for path in folder.glob(f"{LEFT}*.txt")}
    allowance.left += sum(handed.values())
    for path in folder.glob("wire-gw*.jsonl.gz"):
        worker = path.name.removeprefix("wire-").removesuffix(".jsonl.gz")
        share = folder / f"{GIVEN}{worker}.txt"
        if worker not in handed and share.exists():
            sent = sum(1 for _ in journal.read_lines(path))
            allowance.left += max(0, int(share.read_text()) - sent - IN_FLIGHT)
