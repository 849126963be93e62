"""Interrupts: none is lost, whatever Python passes over."""

from __future__ import annotations

import gc
import signal
import sys
import weakref
from collections.abc import Iterator

import pytest
from eni_conformance.conformance import interrupts


class Pool:
    """It has a finalizer, as a pool of connections has."""


def in_a_finalizer(number: int) -> None:
    """A signal arrives while something is finalized."""
    pool = Pool()
    weakref.finalize(pool, signal.raise_signal, number)
    del pool
    gc.collect()


def test_a_signal_that_is_put_off_is_not_lost_in_a_finalizer() -> None:
    waiting: list[int] = []
    with interrupts.put_off(waiting):
        in_a_finalizer(signal.SIGTERM)
    assert waiting == [signal.SIGTERM]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[interrupts.Kept, list[object]]]:
    """What keeps interrupts, and what other hooks are told."""
    others: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", others.append)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield interrupts.Kept([]), others
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_in_a_finalizer_ends_the_run_where_the_next_test_begins(kept) -> None:
    kept, others = kept
    kept.pytest_runtest_logstart()
    in_a_finalizer(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        kept.pytest_runtest_logstart()
    assert not others


def test_it_does_so_where_pytest_has_put_a_hook_in_its_place(kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, _ = kept
    of_pytest: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", of_pytest.append)
    next(kept.pytest_sessionstart())
    in_a_finalizer(signal.SIGINT)
    assert kept.waiting == [signal.SIGINT] and not of_pytest


def test_whatever_else_is_passed_over_is_left_to_the_other_hooks(kept) -> None:
    kept, others = kept
    pool = Pool()
    weakref.finalize(pool, int, "no number")
    del pool
    gc.collect()
    assert len(others) == 1 and not kept.waiting
