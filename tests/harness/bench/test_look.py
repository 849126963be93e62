"""The one waiting loop, on a clock that nobody waits for."""

from __future__ import annotations

import itertools

import pytest
from eni_conformance.harness.bench.look import growing, look_until
from eni_conformance.harness.clock import Clock


class Time:
    """A clock that sleeping moves; each look takes `costs` seconds."""

    def __init__(self, costs=0.0):
        self.at, self.costs, self.looked = 100.0, costs, []
        self.clock = Clock(lambda: self.at, lambda: self.at, self.sleep)

    def sleep(self, seconds):
        assert seconds >= 0
        self.at += seconds

    def look(self):
        """Returns how long ago it all began, at the time when this look began."""
        self.looked.append(round(self.at - 100.0, 6))
        self.at += self.costs
        return self.looked[-1]


@pytest.mark.parametrize(
    ("after", "within", "pauses", "looked"),
    [
        (0.0, 9.0, itertools.repeat(1.0), [0]),
        (2.5, 9.0, itertools.repeat(1.0), [0, 1, 2, 3]),
        (99.0, 2.5, itertools.repeat(1.0), [0, 1, 2, 2.5]),
        (99.0, 0.0, itertools.repeat(1.0), [0]),
        (99.0, 9.0, (), [0]),
        (99.0, 9.0, (0.1, 0.3), [0, 0.1, 0.4]),
        (99.0, float("inf"), (1.0, 2.0, 4.0), [0, 1, 3, 7]),
    ],
)
def test_it_looks_until_what_it_sees_is_explained_or_the_time_or_the_pauses_are_over(after, within, pauses, looked):
    time = Time()
    last = look_until(time.look, lambda seen: seen >= after, within, clock=time.clock, pauses=pauses)
    assert time.looked == looked and last == looked[-1]


def test_the_last_look_begins_no_earlier_than_the_time_is_over():
    """Not even where looks take long: what may lag for so long must be shown by then."""
    time = Time(costs=0.7)
    look_until(time.look, lambda _: False, 2.0, clock=time.clock, pauses=itertools.repeat(0.5))
    assert time.looked == [0, 1.2, 2.0]


def test_pauses_grow_to_the_longest_and_stay_there():
    assert list(itertools.islice(growing(1.0, 5.0, 2.0), 5)) == [1.0, 2.0, 4.0, 5.0, 5.0]
