"""Interrupts of a run: none is lost, and none comes where what is half begun could not be ended in order."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Generator, Iterator

import pytest


def terminate_like_interrupt() -> None:
    """SIGTERM ends a run as Ctrl-C does, with teardown and a report, where nobody else has seen to it."""
    if signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@contextlib.contextmanager
def put_off(waiting: list[int]) -> Iterator[None]:
    """Signals are put into `waiting` meanwhile."""
    if threading.current_thread() is not threading.main_thread():
        yield  # no signal arrives here
        return
    before = [(n, signal.signal(n, lambda n, _: waiting.append(n))) for n in (signal.SIGINT, signal.SIGTERM)]
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


class Kept:
    """A pytest plugin: an interrupt that came in a finalizer is raised again where the next test begins.

    Python passes over whatever is raised in a finalizer or in a callback of the garbage collector, an interrupt, too.
    """

    def __init__(self, waiting: list[int]) -> None:
        self.waiting = waiting
        self.others = sys.unraisablehook
        sys.unraisablehook = self.passed_over

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionstart(self) -> Generator[None]:
        """Pytest may have put a hook of its own in the place of this one; and the first look comes now."""
        if sys.unraisablehook != self.passed_over:
            self.others, sys.unraisablehook = sys.unraisablehook, self.passed_over
        return (yield)

    def pytest_runtest_logstart(self) -> None:
        if self.waiting:
            raise KeyboardInterrupt

    def pytest_unconfigure(self) -> None:
        self.others = sys.__unraisablehook__

    def passed_over(self, unraisable: sys.UnraisableHookArgs) -> None:
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            self.waiting.append(signal.SIGINT)
        else:
            self.others(unraisable)


def keep(config: pytest.Config, waiting: list[int]) -> None:
    """From now on, until the session ends, an interrupt that Python passes over is put into `waiting`."""
    config.pluginmanager.register(Kept(waiting))
