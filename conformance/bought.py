"""Where calls are counted and several workers are at work: each share of the tests is played by one worker, and what
came of it is written down for the others, as pytest may give a test to any of them.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eni_conformance.conformance.inquiry import Contradiction
from eni_conformance.contract import codec
from eni_conformance.harness.clock import Clock

LOOK = 0.1
"""Seconds between two looks whether the worker that plays a share is done with it."""


Found = dict[str, tuple[Contradiction, ...]]
"""By the name of a test that was judged, what it has found."""


@dataclass(frozen=True)
class Bought:
    """What came of a share; None where the worker could not go on."""

    found: Found | None


def _taken(folder: Path, share: int) -> Path:
    return folder / f"share-{share}.txt"


def _told(folder: Path, share: int) -> Path:
    return folder / f"share-{share}.json"


def take(folder: Path, share: int) -> bool:
    """Whether this process is to play the share; only one of all is."""
    try:
        with _taken(folder, share).open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        return False
    return True


def tell(folder: Path, share: int, found: Found | None) -> None:
    """Write down what came of a share, whole or not at all."""
    part = _told(folder, share).with_suffix(".part")
    part.write_text(json.dumps(codec.plain(Bought(found))))
    os.replace(part, _told(folder, share))


def told(folder: Path, share: int, *, clock: Clock, over: Callable[[], bool]) -> Found | None:
    """What came of a share that another worker plays, when it is done with it. None where that worker has died or could
    not go on, or the run is over before (`over`)."""
    path = _told(folder, share)
    while not path.exists():
        if over() or (not _alive(folder, share) and not path.exists()):
            return None
        clock.sleep(LOOK)
    return codec.build(Bought, json.loads(path.read_text()), path.name).found


def _alive(folder: Path, share: int) -> bool:
    """Whether the process that took a share is there; workers are processes of one machine."""
    with contextlib.suppress(ValueError):  # it has made the file, and writes its number
        number = int(_taken(folder, share).read_text())
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return False
        return not _ended(number)
    return True


def _ended(process: int) -> bool:
    """Whether a process has ended and waits for its parent to notice, where the system tells."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
