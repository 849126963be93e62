"""What one case leaves behind for the next to be compared with."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance import lab as labs
from conformance.case import Detach, Scenario, World
from conformance.contract import CONTRACTS
from conformance.record import Record
from harness import arrange
from harness.ledger import in_turn
from harness.snapshot import Snapshot

SEEN = Snapshot(1.0, {"eni-1": {"Status": "Available"}}, {})
MOVING = Snapshot(1.0, {"eni-1": {"Status": "Detaching"}}, {})
SCENARIO = Scenario(World(), (Detach(),))


@pytest.mark.parametrize(
    ("undecided", "dirty", "seen", "left"),
    [
        ("", False, SEEN, (SEEN, SCENARIO)),
        ("throttled to the end", True, SEEN, None),
        ("throttled", False, SEEN, None),
        ("", True, SEEN, None),
        ("", False, MOVING, None),
    ],
)
def test_a_case_that_was_not_judged_to_its_end_or_ends_in_transition_leaves_no_look(
    undecided: str, dirty: bool, seen: Snapshot, left: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happens after its last look would else be taken for a late effect."""
    bench = arrange.Bench(None, None, frozenset(), 2, 4, 2.0)  # type: ignore[arg-type]
    bench.stale = frozenset()
    lab = labs.Lab(CONTRACTS["2019"], bench, Record("one"), tmp_path)
    run = SimpleNamespace(
        found=[], undecided=undecided, dirty=dirty, snapshot=seen,
        take_all=lambda: None, look_at_the_end=lambda: None, after_release=lambda: None,
    )  # fmt: skip
    monkeypatch.setattr(labs.Lab, "_rest", lambda self, book: [])
    monkeypatch.setattr(arrange, "arrange", lambda bench, world: arrange.Bound((), (), (), (), "", seen))
    monkeypatch.setattr(labs, "_Run", lambda *_: run)
    assert lab.run(SCENARIO).undecided == undecided
    assert lab.last == left
    assert bench.stale == (frozenset() if left else arrange.PARTS)


def test_who_needs_the_endpoint_alone_does_not_wait_for_a_pause_of_all_others(tmp_path: Path) -> None:
    """Cases of other workers follow each other without end and overlap; an order for all still gets its turn."""
    over, until = threading.Event(), time.monotonic() + 20

    def cases(offset: float) -> None:
        time.sleep(offset)
        while not over.is_set() and time.monotonic() < until:
            with in_turn(tmp_path, exclusive=False):
                time.sleep(0.05)

    others = [threading.Thread(target=cases, args=(n * 0.02,)) for n in range(3)]
    for thread in others:
        thread.start()
    for _ in range(5):
        with in_turn(tmp_path, exclusive=True):
            pass
    waited_for_the_end = not any(thread.is_alive() for thread in others)
    over.set()
    for thread in others:
        thread.join()
    assert not waited_for_the_end
