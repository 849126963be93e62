"""Orders that are for all need the endpoint alone."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from eni_conformance.harness.account.ledger import in_turn


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
