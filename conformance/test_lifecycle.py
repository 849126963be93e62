"""Histories: named sequences, and random walks through the life cycle against the model."""

from __future__ import annotations

from collections import Counter

import pytest
from eni_conformance.conformance.inquiry import Inquiry
from eni_conformance.contract.scenario import Scenario
from eni_conformance.strategies import histories
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

PARTS = 4


@pytest.mark.requirement("M07", "F06", "F07", "F08", "S02", "S04", "S05")
@pytest.mark.parametrize("name", [*histories.SCENARIOS, *histories.MOVES])
def test_named_sequence(inquiry: Inquiry, name: str) -> None:
    """A sequence in which services have been seen to lose track."""
    world = histories.ALONE if name in histories.SCENARIOS else histories.WALKED
    steps = {**histories.SCENARIOS, **histories.MOVES}[name]
    inquiry.run(Scenario(world, steps, name=name), ("M07",))


@pytest.mark.requirement("M07", "F01", "F02", "F05", "F07")
@pytest.mark.parametrize("part", range(PARTS))
def test_random_walk(inquiry: Inquiry, part: int) -> None:
    """Every step of a walk through the life cycle can be explained by the model."""
    two = inquiry.lab.bench.most_instances > 1

    class Walk(histories.Walk):
        world = histories.WALKED if two else histories.ALONE
        fired: Counter[str] = Counter()  # noqa: RUF012
        most_on_one = min(3, inquiry.lab.bench.ground.eni_quota - 1)

        walked = 0

        @classmethod
        def finished(cls, scenario: Scenario) -> None:
            cls.walked += 1
            if cls.walked == 1:
                return  # Hypothesis begins with the simplest walk, whatever the seed
            if not inquiry.over() and (not inquiry.ran or not inquiry.spent()):
                inquiry.run(scenario, ("M07",))

    effort = inquiry.effort
    run = seed(int(inquiry.info["seed"]) * PARTS + part)(Walk)
    run_state_machine_as_test(
        run,
        settings=settings(
            max_examples=effort.walks // PARTS + 2,  # Hypothesis counts a first, empty one
            stateful_step_count=effort.steps,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    inquiry.lab.record.rules.update(Walk.fired)
