"""What time it is, and sleeping: the one place that asks the machine. Everything that waits is given a Clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """now: Unix seconds. monotonic: seconds from some moment on, never backwards. sleep: waits for so many seconds."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


REAL = Clock()


def stamp(at: float) -> str:
    """Unix seconds as the service writes a time: UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
