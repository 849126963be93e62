"""What a test plays, and what it may say of it."""

from __future__ import annotations

import importlib
import itertools
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from eni_conformance.conformance import played
from eni_conformance.conformance.inquiry import Contradiction
from eni_conformance.conformance.played import Credit, Drawn, Given, Lack, Played, play, scenarios
from eni_conformance.conformance.proof import tests_of as proving
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import Detach, Parallel, Scenario, Settle, World
from eni_conformance.oracle.results import Run
from eni_conformance.oracle.tally import Tally
from eni_conformance.strategies.effort import EFFORTS
from eni_conformance.strategies.histories import Walks
from eni_conformance.strategies.worlds import Offer
from hypothesis import strategies as st

PAGE = CONTRACTS["2019"]
KINDS = {short: row.kind for short, row in PAGE.requirements.items()}
STATEMENTS = {
    "error": "answers_are_admissible",
    "parameter": "answers_are_admissible",
    "state": "answers_are_admissible",
    "gateway": "answers_are_admissible",
    "response": "answers_are_well_formed",
    "effect": "effects_are_documented",
    "relation": "relations_hold",
    "robustness": "endpoint_stays_well",
}
FULL = ("unsupported_user_type", "expired", "ram_unsupported", "ram_denied", "other_account")


class Stand:
    """Stands for an Inquiry: it writes down what it is asked to run. bad: the Scenario at which something is found."""

    def __init__(self, late=False, bad=None, ends_after=10**6):
        self.tally, self.notes, self.operation = Tally(), [], PAGE
        self.stage = SimpleNamespace(
            bench=SimpleNamespace(
                most_instances=2, zones=2, ground=SimpleNamespace(eni_quota=4), capabilities=frozenset({"hold"})
            ),
            session=SimpleNamespace(target=SimpleNamespace(offers=SimpleNamespace(formats=("json",), signing=("v1",)))),
        )
        self.effort, self.info, self.test = EFFORTS["quick"], Run("r-1", seed=1), "test_it"
        self.callers, self.undeclared = frozenset({"account", "expired"}), ()
        self.here, self.reasons, self.played = [], [], []
        self.late, self.bad, self.ends_after = late, bad, ends_after

    @property
    def ran(self):
        return len(self.played)

    def over(self):
        return self.ran >= self.ends_after

    def spent(self, requirements=()):
        return self.late

    def wanted(self, scenario):
        return scenario

    def enough(self):
        return False

    def run(self, scenario, requirements=()):
        self.played.append((scenario.name, tuple(requirements)))
        found = (scenario.name,) if scenario.name == self.bad else ()
        self.here += [Contradiction("E12", name, "a.json") for name in found]
        return SimpleNamespace(undecided="", found=found)


def item(make, about=None, must=1, marks=()):
    """A test that is decorated so, as pytest holds it."""
    decorated = [scenarios(make, about, must).mark, *(mark.mark for mark in marks)]
    return SimpleNamespace(iter_markers=lambda name: (mark for mark in decorated if mark.name == name))


def named(*names):
    return [Scenario(World(), (Settle(),), name) for name in names]


@pytest.mark.parametrize(
    ("stand", "must", "expected"),
    [
        (Stand(), 1, "abcd"),
        (Stand(late=True), 1, "a"),
        (Stand(late=True), 3, "abc"),
        (Stand(ends_after=2), 4, "ab"),
    ],
    ids=["in time", "late", "late, and three must", "the run ended"],
)
def test_a_table_is_played_in_its_order_as_far_as_time_allows(stand, must, expected):
    play(stand, item(lambda given: named(*"abcd"), ("F01",), must), {})
    assert stand.played == [(name, ("F01",)) for name in expected]
    left_out = 4 - len(expected)
    assert stand.notes == (
        [f"test_it: {left_out} optional scenarios were left out for lack of time"] if stand.late else []
    )


def test_what_is_told_by_default_is_what_the_test_is_marked_with():
    stand = Stand()
    play(stand, item(lambda given: named("a"), marks=[played.requirement("E12", "ENI-DETACH-S01")]), {})
    assert stand.played == [("a", ("E12", "S01"))]


def test_the_function_gets_what_the_run_gives_and_the_parameters_of_the_test():
    got = []
    play(Stand(), item(lambda given, part: got.append((given, part)) or ()), {"part": 3})
    ((given, part),) = got
    assert (given.offer, given.effort.name, given.seed, part) == (Offer(True, True, 4, True), "quick", 1, 3)
    assert (given.callers, given.formats, given.signing) == (("expired",), ("json",), ("v1",))


@pytest.mark.parametrize(("late", "times"), [(False, 3), (True, 1)])
def test_drawn_scenarios_depend_on_the_seed_and_the_salt_alone(late, times):
    numbers = st.integers(0, 10**9).map(lambda n: Scenario(World(), (Settle(),), str(n)))
    drawn = []
    for salt in ("", "", "1"):
        stand = Stand(late=late)
        play(stand, item(lambda given, salt=salt: [Drawn(numbers, 3, salt)]), {})
        drawn.append(stand.played)
    assert drawn[0] == drawn[1] != drawn[2] and len(drawn[0]) == times


def test_walks_are_played_and_their_rules_are_counted():
    stand = Stand()
    play(stand, item(lambda given: [Walks(World(), 2, steps=5, times=2, seed=1)]), {})
    assert {name for name, _ in stand.played} == {"walk"} and sum(stand.tally.rules.values()) > 0


@pytest.mark.parametrize(("bad", "judged"), [(None, 40), ("a", 0), ("b", 40)])
def test_calls_are_credited_unless_the_scenario_before_showed_something(bad, judged):
    stand = Stand(bad=bad)
    play(stand, item(lambda given: [*named("a"), Credit("B03", 0, "after hostile texts", 40)]), {})
    assert stand.tally.judged["B03"] == judged


def test_what_a_target_does_not_offer_is_told_as_a_reason():
    stand = Stand()
    play(stand, item(lambda given: [Lack(("R03",), "XML")]), {})
    assert stand.played == [] and stand.reasons == ["the target does not offer XML"]
    assert "XML" in str(stand.tally.missing)


@pytest.mark.parametrize("short", sorted(KINDS))
def test_each_requirement_falsifies_one_statement_alone(short):
    made = Played((Contradiction(short, "wrong", "a.json"),), KINDS)
    false = {name for name in set(STATEMENTS.values()) if not getattr(made, name)()}
    assert false == {STATEMENTS[KINDS[short]]}
    assert all(getattr(Played((), KINDS), name)() for name in false)


# --- the conformance tests as they stand ---------------------------------------------------------


def conformance_tests():
    """Name, marks by name, and each set of parameters with the marks of its own."""
    for path in sorted(Path(played.__file__).parent.glob("test_*.py")):
        for name, test in vars(importlib.import_module(f"eni_conformance.conformance.{path.stem}")).items():
            if name.startswith("test_"):
                yield path.stem, name, test


def parametrised(test):
    """Each set of parameters of a test."""
    every = [{}]
    for mark in test.pytestmark:
        if mark.name == "parametrize":
            names = [mark.args[0]] if isinstance(mark.args[0], str) else list(mark.args[0])
            rows = [getattr(row, "values", row if len(names) > 1 else (row,)) for row in mark.args[1]]
            every = [old | dict(zip(names, row, strict=True)) for old, row in itertools.product(every, rows)]
    return every


def plays(effort, revision="2019"):
    """Everything that the conformance tests play on a target that offers all."""
    given = Given(Offer(), EFFORTS[effort], 1, CONTRACTS[revision], FULL)
    for _, name, test in conformance_tests():
        make = next(mark.args[0] for mark in test.pytestmark if mark.name == "scenarios")
        for parameters in parametrised(test):
            yield from ((name, one) for one in make(given, **parameters))


def test_a_quick_run_sends_about_as_many_calls_as_it_is_said_to():
    """What is written down, without what is drawn: the size of a run does not change unnoticed."""
    sent = Counter()
    for _, one in plays("quick"):
        sent[type(one).__name__] += 1
        for step in one.steps if isinstance(one, Scenario) else ():
            sent["call"] += len(step.steps) if isinstance(step, Parallel) else isinstance(step, Detach)
    assert 4_500 < sent["call"] < 6_500
    assert 330 < sent["Scenario"] < 450
    assert sent["Walks"] == 4 and 20 < sent["Drawn"] < 40


@pytest.mark.parametrize("revision", sorted(CONTRACTS))
def test_every_effort_and_revision_plays_the_same_kinds_of_tests(revision):
    quick, deep = ({name for name, _ in plays(effort, revision)} for effort in ("quick", "deep"))
    assert quick == deep
    assert ("test_trunk_parameter" in quick) == (revision == "2024")


def test_each_test_asserts_and_every_requirement_has_a_test():
    for stem, name, test in conformance_tests():
        assert "played" in test.__code__.co_varnames and test.__code__.co_names, (stem, name)
        assert test.__doc__, (stem, name)
    assert set(proving()) == set(CONTRACTS["2019"].requirements) | {"P09", "X08", "X11", "X12"}
