"""Waiting: the one loop that looks until what it sees is explained, and how long the suite waits for what.

Only this loop waits for something to happen elsewhere. It knows nothing of what is looked at; whoever waits says what
it looks at, what would explain it, how long it may take, and how often to look. Every duration below says why it is as
long as it is; what depends on the target (limits.settle_seconds, limits.lag_seconds) comes from its file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from eni_conformance.harness.clock import Clock

T = TypeVar("T")
FOREVER = float("inf")


def look_until(
    look: Callable[[], T], explained: Callable[[T], bool], within: float, *, clock: Clock, pauses: Iterable[float]
) -> T:
    """Look until what is seen is explained, `within` seconds are over, or the pauses are. Returns the last look.

    The last look begins no earlier than the time is over: what a description that lags behind may still hide is shown
    by then. Whether it is explained, the caller asks again. pauses: seconds before the second look, the third ...
    """
    end = clock.monotonic() + within
    waits = iter(pauses)
    while True:
        late = clock.monotonic() >= end
        seen = look()
        if explained(seen) or late:
            return seen
        pause = next(waits, None)
        if pause is None:
            return seen
        clock.sleep(max(0.0, min(pause, end - clock.monotonic())))


def growing(first: float, longest: float, factor: float) -> Iterator[float]:
    """Pauses in seconds, without end: each `factor` times the one before, up to `longest`."""
    pause = first
    while True:
        yield pause
        pause = min(pause * factor, longest)


def sparing_pauses(*, nearby: bool) -> Iterator[float]:
    """The pauses between looks of the set-up where calls are counted. nearby: on this machine."""
    first, longest = (POLL_NEARBY, POLL_LONGEST) if nearby else (POLL, SPARING_LONGEST)
    return growing(SPARING * first, longest, 2.0)


# --- how long, and why -------------------------------------------------------------------------------
# Seconds, unless a name says otherwise.

POLL_NEARBY, POLL_NEARBY_LONGEST = 0.02, 0.25
"""Between looks of the set-up on this machine, where transitions take milliseconds."""
POLL, POLL_LONGEST = 0.5, 3.0
"""The same elsewhere: a detach takes seconds there, and requests are rationed."""
POLL_FACTOR = 1.5
SPARING = 4
"""Where calls are counted, so many times as long is waited between two looks."""
STEP_NEARBY, STEP = 0.008, 1.0
"""The first pause between looks at a bench: an emulator's transition, and the time that a real one hardly undercuts."""
STEP_FACTOR, STEP_LEAST, STEP_TIMES, STEP_LONGEST = 1.3, 0.05, 20, 3.0
"""How such pauses grow: to twenty first ones, not less than 0.05 s and not more than 3 s."""
SPARING_LONGEST = 15.0
"""Then between two looks elsewhere, at most: a deleted instance stays listed for minutes."""
LOOKS_OF_DOUBT = 4
"""Where calls are counted, so many looks at a difference that lag may explain."""
LOOKS_A_WAIT, SPARING_FACTOR = 8, 1.6
"""Where calls are counted, pauses grow until so many of them are as long as a transition may take; and by how much."""
TYPICAL_LONGEST = 5.0
"""What a transition usually takes is waited for at once, but not longer: it may end early."""
RELOOK = 0.12
"""Between looks at a difference that lag may explain: a dozen within the default lag on this machine."""
PATIENCE_NEARBY, PATIENCE = 5.0, 120.0
"""For how long a call of the set-up is sent again that is refused for a passing reason, or not answered."""
NOBODY_LISTENS = 0.2
"""The part of that patience which an endpoint gets that refuses connections: it may be starting."""
CALL, CALL_CREATES, CALL_NEARBY = 30.0, 60.0, 1 / 3
"""Deadline of a call of the set-up, and of one that creates; the part of it that is enough on this machine."""
CALL_OF = {"StartInstance": 46.0, "DeleteInstance": 66.0, "RunInstances": 86.0, "CreateInstance": 86.0}
"""Deadlines of operations that take longer: the time-outs of the vendor's SDKs."""
GUEST = 15.0
"""After an instance is Running, before anything is plugged in or out: its guest must react to that, and on a real
service it is still starting."""
AGAIN = (0.1, 0.3, 0.9)
"""Before a question of survey or doctor is asked again whose answer may pass."""
PASSING = (0.05, 0.3, 1.0)
"""Before a call under test is sent again whose answer may pass, on this machine; tenfold elsewhere."""
PASSING_ELSEWHERE = tuple(10 * pause for pause in PASSING)
SLOT = 1.0
"""After which the slot of an interface that was detached, and whatever is Available, must be free for others."""
FRESH = 0.5
"""For which a look at what is at rest still counts, if nothing was sent since: late effects come sooner."""
BY_ITSELF = 1.2
"""Between two looks that tell what moves by itself: times are told to the second."""
ASKED_FOR = 5.0
"""For which, at most, a detach that was asked for again is waited for."""
LOOKS_FOR_LOST = 3
"""How often something that a look lacks is looked for again before it counts as gone: lists may lack one for once."""
LOOKS_TO_AGREE = 12
"""How many looks may be needed until two in a row show the same."""
LAID_NEARBY, LAID, LAID_LONGEST = 0.2, 2.0, 30.0
"""For how long the check of the control protocol watches what must stay as it is: at least on this machine, at least
elsewhere, at most. In between it is as long as an instance takes to start."""
DELETE_AGAIN = 4.0
"""After which an accepted deletion is asked for once more; then after twice as long, and so on."""
VISIBLE_NEARBY, VISIBLE = 1.0, 15.0
"""After which a new resource is taken to be shown by the describe operations."""
TEARDOWN = 30.0
"""For which a removal goes on besides two transitions."""
WORKERS_END = 20.0
"""For which the janitor waits for workers whose run was killed to notice and end."""
LOCK = 0.05
"""Between tries to take a lock that another process holds."""
