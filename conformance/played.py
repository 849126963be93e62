"""What a conformance test is made of: what it is evidence for, the Scenarios that it plays, and what came of them.

    @requirement("S06")
    @scenarios(lambda given: tables.repeated_while_detaching(), about=("S06",))
    def test_the_call_may_be_repeated_while_detaching(played): ...

`scenarios` takes a function of what the run gives and of the parameters of the test. What it yields is played by the
fixture `played` before the body runs; the body says what must hold. Each finding was followed up by then: seen again,
made smaller and written down (inquiry.py). This file is all that the tests know of that.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from eni_conformance.conformance import spend as spending
from eni_conformance.conformance.inquiry import Contradiction, Inquiry
from eni_conformance.contract.detach import short_id
from eni_conformance.contract.rules import Kind, Operation
from eni_conformance.contract.scenario import Scenario
from eni_conformance.oracle.judge import Judgement
from eni_conformance.strategies.effort import Effort
from eni_conformance.strategies.histories import Walks
from eni_conformance.strategies.worlds import Offer
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

requirement = pytest.mark.requirement
"""What a test is evidence for: short ids of rows of the contract."""


@dataclass(frozen=True)
class Given:
    """What a run gives to make Scenarios of.

    callers: those of the target file besides the account. undeclared: formats that were found not to work although the
    target file does not say so. formats, signing: what the target file offers.
    """

    offer: Offer
    effort: Effort
    seed: int
    contract: Operation
    callers: tuple[str, ...] = ()
    undeclared: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("json", "xml")
    signing: tuple[str, ...] = ("v1", "v3")


@dataclass(frozen=True)
class Drawn:
    """Scenarios to draw: so many of a strategy. salt: tells two of one test apart, so that they draw differently."""

    strategy: st.SearchStrategy[Scenario]
    times: int
    salt: str = ""


@dataclass(frozen=True)
class Lack:
    """What the target does not offer, and the requirements that can't be tried without it."""

    requirements: tuple[str, ...]
    what: str


@dataclass(frozen=True)
class Credit:
    """If the Scenario before was judged and nothing was found, so many calls are evidence for one requirement more."""

    requirement: str
    part: int
    what: str
    calls: int


Play = Scenario | Drawn | Walks | Lack | Credit


def scenarios(
    make: Callable[..., Iterable[Play]], about: Sequence[str] | None = None, must: int = 1
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """What a test plays. make: called with the Given and with the test's parameters by name. about: the requirements
    that are told so if it can't be judged; None for all that it is evidence for. must: so many Scenarios of a table are
    played, however slow the endpoint is."""
    return pytest.mark.scenarios(make, about, must)


@dataclass(frozen=True)
class Played:
    """What came of the Scenarios of a test. kinds: short id of a requirement -> its kind."""

    contradictions: tuple[Contradiction, ...]
    kinds: Mapping[str, Kind]

    def answers_are_admissible(self) -> bool:
        """Every call was accepted or refused as the page admits it for such a call in such a state."""
        return self._none("error", "parameter", "state", "gateway")

    def answers_are_well_formed(self) -> bool:
        """Every answer had the form that the page shows."""
        return self._none("response")

    def effects_are_documented(self) -> bool:
        """A refusal changed nothing, and a success only what the page says."""
        return self._none("effect")

    def relations_hold(self) -> bool:
        """What must not matter did not: wire form, order, overlap, which view is looked at."""
        return self._none("relation")

    def endpoint_stays_well(self) -> bool:
        """No input made it fail, hang, or answer ordinary calls otherwise than before."""
        return self._none("robustness")

    def _none(self, *kinds: Kind) -> bool:
        return not any(self.kinds[one.requirement] in kinds for one in self.contradictions)


# --- from here on: the Inquiry ---------------------------------------------------------------------


def given_by(inquiry: Inquiry) -> Given:
    """What this worker's Inquiry gives to its tests."""
    bench, target = inquiry.stage.bench, inquiry.stage.session.target
    return Given(
        Offer(
            bench.most_instances > 1,
            bench.zones > 1,
            bench.ground.eni_quota,
            bool({"hold", "eni.status"} & bench.capabilities),
        ),
        inquiry.effort,
        int(inquiry.info.seed or 0),
        inquiry.operation,
        tuple(sorted(inquiry.callers - {"account"})),
        tuple(inquiry.undeclared),
        tuple(target.offers.formats),
        tuple(target.offers.signing),
    )


def play(inquiry: Inquiry, item: pytest.Item, parameters: Mapping[str, Any]) -> Played:
    """Play what a test asks for, in its order."""
    mark = next(item.iter_markers("scenarios"))
    make, about, must = mark.args
    if about is None:
        about = marked(item)
    tabled = left_out = 0
    last: Judgement | None = None
    for one in make(given_by(inquiry), **parameters):
        if inquiry.over():
            break
        match one:
            case Scenario():
                part = inquiry.wanted(one)
                if part is None:
                    continue
                tabled += 1
                if tabled > must and inquiry.spent(about):
                    left_out += 1
                else:
                    last = inquiry.run(part, about)
            case Drawn():
                _explore(inquiry, one, about)
                tabled = 0
            case Walks():
                _walk(inquiry, one, about)
            case Credit(requirement, part, what, calls):
                if last is None or last.undecided or last.found:
                    why = "what came before it was wrong or could not be judged"
                    inquiry.tally.undecided((requirement,), f"{what}, {why}")
                else:
                    inquiry.tally.credit((requirement,), part, "account", what, calls)
            case Lack(requirements, what):
                inquiry.tally.lacks(requirements, what)
                inquiry.reasons.append(f"the target does not offer {what}")
    if left_out and not inquiry.enough():
        inquiry.notes.append(f"{inquiry.test}: {left_out} optional scenarios were left out for lack of time")
    return came_of(inquiry)


def came_of(inquiry: Inquiry) -> Played:
    """What the test at hand has found, for its body."""
    kinds = {short: row.kind for short, row in inquiry.operation.requirements.items()}
    return Played(tuple(inquiry.here), kinds)


def spend(inquiry: Inquiry, items: Sequence[pytest.Item]) -> dict[str, tuple[Contradiction, ...]]:
    """Where calls are counted: play what these tests ask for in the order of `spend.py`, as far as the calls go. What
    was found, by the name of the test, for those of which anything was judged."""
    streams = {item.name: _stream(inquiry, item) for item in items}
    about = {item.name: _about(item) for item in items}
    found: dict[str, tuple[Contradiction, ...]] = {}

    def play_next(test: str) -> float | None:
        for scenario in streams[test]:
            if inquiry.affordable(spending.guess(len(scenario.steps))):
                before = inquiry.stage.calls()
                inquiry.start(test)
                inquiry.run(scenario, about[test])
                if inquiry.judged or inquiry.here:
                    found[test] = (*found.get(test, ()), *inquiry.here)
                inquiry.write()
                return inquiry.stage.calls() - before
        return None

    spending.in_order(list(streams), spending.weights(), play_next, inquiry.over)
    return found


def _stream(inquiry: Inquiry, item: pytest.Item) -> Iterator[Scenario]:
    """The Scenarios that a test asks for, one after the other; what is drawn is drawn when its turn comes."""
    parameters = getattr(item, "callspec", None)
    for one in next(item.iter_markers("scenarios")).args[0](
        given_by(inquiry), **(parameters.params if parameters else {})
    ):
        match one:
            case Scenario():
                made = [one]
            case Drawn():
                made = _drawn(inquiry, one, item.name)
            case Walks():
                made = []
                inquiry.tally.rules.update(one.carry_out(made.append))
            case Lack(requirements, what):
                inquiry.tally.lacks(requirements, what)
                continue
            case _:
                continue
        yield from (part for part in map(inquiry.wanted, made) if part is not None)


def _drawn(inquiry: Inquiry, drawn: Drawn, test: str) -> list[Scenario]:
    """What Hypothesis draws, by the seed of the run and the name of the test, but for the simplest value."""
    made: list[Scenario] = []
    _draw(inquiry, drawn, test, made.append)
    return made[1:]


def _draw(inquiry: Inquiry, drawn: Drawn, test: str, use: Callable[[Scenario], None]) -> None:
    """Let Hypothesis draw Scenarios, the simplest one first; the same seed draws the same for a test."""

    @seed(zlib.crc32(f"{inquiry.info.seed}/{test}/{drawn.salt}".encode()))
    @settings(
        max_examples=drawn.times + 1,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(drawn.strategy)
    def one(scenario: Scenario) -> None:
        use(scenario)

    one()


def _about(item: pytest.Item) -> Sequence[str]:
    """The requirements that are told so if a Scenario of a test can't be judged."""
    about = next(item.iter_markers("scenarios")).args[1]
    return marked(item) if about is None else about


def marked(item: pytest.Item) -> list[str]:
    """Short ids of the requirements that a test is evidence for."""
    return [short_id(row) for mark in item.iter_markers("requirement") for row in mark.args]


def _explore(inquiry: Inquiry, drawn: Drawn, about: Sequence[str]) -> None:
    """Let Hypothesis draw Scenarios, and play them, fewer when time is spent; the same seed draws the same.

    The function that it calls never fails, so that no verdict can be flaky in its eyes. It always begins with the
    simplest value of a strategy, whatever the seed, so that one is let go.
    """
    number = itertools.count()

    def one(scenario: Scenario) -> None:
        n = next(number)
        if n and not inquiry.over() and (n == 1 or not inquiry.spent(about)):
            part = inquiry.wanted(scenario)
            if part is not None:
                inquiry.run(part, about)

    _draw(inquiry, drawn, inquiry.test, one)


def _walk(inquiry: Inquiry, walks: Walks, about: Sequence[str]) -> None:
    """Carry out walks, one at least, as long as there is time."""

    def use(scenario: Scenario) -> None:
        part = inquiry.wanted(scenario)
        if part is not None and not inquiry.over() and (not inquiry.ran or not inquiry.spent()):
            inquiry.run(part, about)

    inquiry.tally.rules.update(walks.carry_out(use))
