"""One worker's inquiry into a target: it runs Scenarios, follows up findings, and keeps the evidence.

A finding is written down the moment it is seen. Then its Scenario is made smaller, judged again, and the
evidence file is written; a finding of the same kind is only counted after that. Hypothesis draws, this file
decides: the function that Hypothesis calls never fails, so no verdict can be flaky in its eyes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from eni_conformance.conformance import budget, database, evidence, narrow, unmoved
from eni_conformance.conformance.shrink import as_described, as_it_was, as_new, lasting_damage, shrink, suspects
from eni_conformance.contract.detach import full_id
from eni_conformance.contract.rules import Operation
from eni_conformance.contract.scenario import Parallel, Scenario, Settle
from eni_conformance.harness.clock import REAL
from eni_conformance.harness.play import play
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.stage import Stage
from eni_conformance.harness.wire.client import Allowance, CallsSpent
from eni_conformance.oracle import sentences
from eni_conformance.oracle.evidence import Endpoint, Evidence
from eni_conformance.oracle.findings import Finding, NoAnswer
from eni_conformance.oracle.follow import Found
from eni_conformance.oracle.guide import guide_of
from eni_conformance.oracle.judge import Judgement, judge
from eni_conformance.oracle.results import Again, Run, Violation
from eni_conformance.oracle.tally import Problem, Record, Tally, write, write_ids
from eni_conformance.strategies.effort import Effort
from eni_conformance.strategies.tables import again, still_refuses
from hypothesis.database import ExampleDatabase

LATE, BEFORE = 2.5, 3
"""Seconds to wait for a late effect, and so many of the Scenarios before may have it."""
OVERLAPS = 4
"""How often a counterexample of overlapping calls is tried before it counts as not seen again."""
FALL_BACK = 3
"""So many of the smallest counterexamples are tried again, until one is confirmed."""
HASTY = 0.2
"""Seconds for which a difference is looked at again while a counterexample is made smaller."""
CONFIRM = 2
"""How often a counterexample is judged again before it is reported."""
SUSPECTS = 3
"""Where calls are counted, so many small Scenarios are tried before what was seen is repeated as a whole."""
SMALLER = 20
"""Where calls are counted, one part in so many of those that are left may be spent on one smaller Scenario more."""
AGAIN = 3
"""How often what was seen once is tried again, as it was, before it counts as not seen again."""
UNFINISHED = 3
"""How many of the detaches that a set-up could not finish are tried as Scenarios: each may take the settle limit."""
RECOVERY = 6
"""How many ordinary calls an endpoint may need to get over a hostile one, before the next counterexample is tried."""
LOST = "lost.txt"
"""File in a run's directory that says why the target could no longer be reached; no worker goes on after that."""
TOLD = "told.txt"
"""File in a run's directory with a line for each finding, written when it is seen and when that is confirmed."""
BARREN = "unusable.txt"
"""File in a run's directory that says why no World can be made of the target; no worker goes on after that."""
ENDED = "ended.txt"
"""File in a run's directory that says that a worker has found what the run was to end at; no worker goes on either."""


@dataclass(frozen=True)
class Contradiction:
    """What a test has found: the requirement, in one sentence what is wrong, and its evidence file."""

    requirement: str
    summary: str
    evidence: str


@dataclass
class Inquiry:
    """What a test needs. `info`: id, seed, revision, effort of the run. `undeclared`: formats that were found
    not to work although the target file does not say so. `chosen`: short ids of the requirements that the run
    is narrowed to, none for a run that is for all. glancing: findings are noted, and followed up by others.
    lately: this Scenario, and a few before it, the latest first.
    What it learns goes into `tally` and the lists beside it, of which `record` makes the content of the
    worker's file."""

    operation: Operation
    stage: Stage
    effort: Effort
    info: Run
    target: Endpoint
    out: Path
    redactor: Redactor
    callers: frozenset[str]
    database: ExampleDatabase | None = None
    first_violation: bool = False
    deadline: float = float("inf")
    undeclared: tuple[str, ...] = ()
    worker: str = "main"
    chosen: frozenset[str] = frozenset()
    began: float = field(default_factory=REAL.monotonic)
    tally: Tally = field(default_factory=Tally)
    violations: list[Violation] = field(default_factory=list)
    once: list[Violation] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ids_written: int = 0
    here: list[Contradiction] = field(default_factory=list)
    ran: int = 0
    calls_before: int = 0
    judged: int = 0
    reasons: list[str] = field(default_factory=list)
    stop: bool = False
    careful: bool = False
    glancing: bool = False
    test: str = ""
    lately: tuple[Scenario, ...] = ()
    tried: list[Scenario] = field(default_factory=list)
    unmoved: dict[str, float] = field(default_factory=dict)
    parts: set[Scenario] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.limited = bool(self.chosen) and all(narrow.refusal(r, self.operation) for r in self.chosen)

    # --- what was learned ------------------------------------------------------------------------

    def record(self, latency: Mapping[str, Sequence[float]] = MappingProxyType({})) -> Record:
        """What was learned so far. latency: seconds that calls took, by operation."""
        return self.tally.record(
            self.worker,
            latency,
            violations=tuple(self.violations),
            once=tuple(self.once),
            errors=tuple(self.errors),
            notes=tuple(self.notes),
        )

    def write(self, latency: Mapping[str, Sequence[float]] = MappingProxyType({})) -> None:
        """Write down what was learned so far."""
        write(self.out, self.record(latency))
        self.ids_written = write_ids(self.out, self.worker, self.tally.request_ids, self.ids_written)

    # --- running ---------------------------------------------------------------------------------

    def start(self, test: str) -> None:
        """A test begins."""
        self.test = test
        self.here, self.reasons = [], []
        self.ran = self.judged = 0

    def over(self) -> bool:
        """Whether the run must end: out of minutes or calls, stopped at the first violation, or the target is gone."""
        if self.allowance is not None and not self.allowance.free:
            return True
        return self.ended()

    def ended(self) -> bool:
        """The same, whatever calls are left."""
        told = any((self.out / name).exists() for name in (LOST, ENDED, BARREN))
        return self.stop or told or REAL.monotonic() > self.deadline

    def affordable(self, calls: float) -> bool:
        """Whether so many calls may still be sent, when what it takes to remove this worker's own is kept."""
        if self.allowance is None:
            return True
        budget.keep(self.allowance, [one.bench for one in (self.stage, self.stage.second) if one], self.worker)
        return calls <= self.allowance.free

    @property
    def allowance(self) -> Allowance | None:
        """The calls that may still be sent, None for as many as it takes."""
        return self.stage.session.client.allowance

    def _look_for_target(self) -> bool:
        """Whether the target still answers anything. If not, twice in a row, no worker goes on."""
        client = self.stage.session.client
        for pause in (0.0, 1.0 if client.target.loopback else 20.0):
            REAL.sleep(pause)
            try:
                exchange = client.send("DescribeRegions", [], deadline=self.stage.deadline)
            except CallsSpent:
                return True
            if exchange.outcome == "answered":
                return True
        said = f"the target could no longer be reached: {exchange.outcome} ({exchange.detail})"
        (self.out / LOST).write_text(said)
        return False

    def left_out(self, requirements: Sequence[str]) -> str:
        """Why a test should be left out, "" if it should not: the time is spent, and what it is for was judged before;
        or what was chosen has been tried often enough, and was seen."""
        if self.enough():
            seen = all(self.tally.provoked[r] or self.tally.common[r] for r in self.chosen)
            return "for this effort, what was chosen has been tried often enough" if seen else ""
        if not self.spent(requirements) or not all(self.tally.judged[r] for r in requirements):
            return ""
        self.notes.append(f"{self.test}: left out for lack of time")
        return "the time for this effort is spent, and what this test is for was judged before"

    def enough(self) -> bool:
        """Whether the refusals that were chosen have been tried as often as this effort asks for."""
        return self.limited and len(self.parts) >= self.effort.narrowed * len(self.chosen)

    def spent(self, requirements: Sequence[str] = ()) -> bool:
        """Whether what is optional should be left out now: what was chosen has been tried often enough, or the time for
        this effort is over, or twice that time where it is for a row of the error table whose code this worker has not
        seen yet."""
        if self.enough():
            return True
        unseen = any(r.startswith("E") and not self.tally.provoked[r] for r in requirements)
        return REAL.monotonic() - self.began > self.effort.seconds * (2 if unseen else 1)

    def wanted(self, scenario: Scenario) -> Scenario | None:
        """What of a Scenario is for the requirements that were chosen, None if nothing is, or nothing new."""
        if not self.chosen:
            return scenario
        part = narrow.part(scenario, self.chosen, self.operation)
        plain = None if part is None else replace(part, name="")
        if plain is None or plain in self.parts:
            return None
        self.parts.add(plain)
        return part

    def judge(self, scenario: Scenario, *, record: bool = True) -> Judgement:
        """Play one Scenario and judge what came of it. record False: nothing is credited."""
        history = play(scenario, self.stage, guide_of(self.operation))
        if self.stage.bench.barren and not self.tally.judged:
            (self.out / BARREN).write_text(f"the set-up failed: {self.redactor.text(self.stage.bench.barren)}")
        judgement = judge(self.operation, replace(history, earlier=self.tally.request_ids))
        self.tally.remember(judgement.tally.request_ids)
        if record:
            self.calls_before = self.tally.detach_calls
            self.tally.add(judgement.tally)
        return judgement

    def run(self, scenario: Scenario, requirements: Sequence[str] = ()) -> Judgement:
        """Carry out one Scenario and follow up what it shows. `requirements`: what it was meant to be evidence
        for, told if it could not be judged."""
        self.ran += 1
        self.lately = (scenario, *self.lately)[: 1 + BEFORE]
        before, sent = {r: self.tally.judged[r] for r in requirements}, self.stage.calls()
        outcome = self.judge(scenario)
        self.tally.spent[self.test.partition("[")[0]] += self.stage.calls() - sent
        if outcome.raced and not outcome.undecided:
            missed = [r for r in requirements if self.tally.judged[r] == before[r]]
            self.tally.undecided(missed, "the transition was over before a call met it for certain")
        if outcome.undecided:
            self.reasons.append(outcome.undecided)
            if outcome.missing:
                self.tally.lacks(requirements, outcome.missing)
            else:
                self.tally.undecided(requirements, outcome.undecided)
        else:
            self.judged += 1
        for found in outcome.found:
            if self.stop:
                break
            self._follow(found, scenario)
        if not outcome.undecided or (not outcome.missing and self._look_for_target()):
            self._finish()
        return outcome

    def glance(self, scenario: Scenario) -> None:
        """Carry out one Scenario and note what it shows, without following it up: somebody else will. What it does not
        show is credited to nothing."""
        self.glancing = True
        part = self.wanted(scenario)
        for found in self.judge(part, record=False).found if part is not None else ():
            self._follow(found, scenario)

    def _finish(self) -> None:
        """The set-up's own detach is the operation under test, too: where its promise is not kept, the same is tried as
        a Scenario, in a world like that one."""
        for one in self.stage.unfinished():
            slots = self.stage.bench.ground.eni_quota if one.what == "attach" else 0
            scenario = again(one.world, one.place, slots, round(one.attached, 1))
            if scenario in self.tried or len(self.tried) >= UNFINISHED or self.stop:
                continue
            self.tried.append(scenario)
            for found in self.judge(scenario).found:
                self._follow(found, scenario)

    # --- findings --------------------------------------------------------------------------------

    def _follow(self, found: Found, scenario: Scenario) -> None:
        """Count a finding. One seen for the first time is written down as seen once; it is published when it was seen
        again, in a World built anew, by its own Scenario or by another that shows the same cause."""
        if self.chosen and not self.chosen & {found.finding.requirement, *found.finding.also}:
            if isinstance(found.finding, NoAnswer):
                self._look_for_target()
            return
        key, scenario = evidence.identity(found), as_described(scenario, found)
        published = _of(key, self.violations)
        if published is not None:
            self._count(published)
            return
        waiting = _of(key, self.once)
        if waiting is not None and self.glancing:
            return
        if waiting is not None and waiting.sure:
            self._seen_elsewhere(waiting, found)
            return
        # What rests on a clock must be so each time; what rests on a look, on one that another confirmed.
        sure = not clocked(found) and (found.after is None or self.stage.bench.careful)
        entry = replace(waiting or self._note(key, found, scenario), sure=sure)
        self._keep(entry)
        self.write()
        if self.glancing or self.stage.ended():
            return
        if isinstance(found.finding, NoAnswer) and not self._look_for_target():
            if found.finding.certainty == 1 and found.finding.outcome != "refused" and self._without_excuse(found):
                self._publish(entry)
            return
        if self._without_excuse(found):
            self._publish(entry)
        self._examine(entry, found, scenario)

    def _without_excuse(self, found: Found) -> bool:
        """Whether it counts although it was seen once: a failure of an installation on this machine."""
        return found.finding.failure and not self.stage.session.target.tolerates

    def _seen_elsewhere(self, entry: Violation, found: Found) -> None:
        """Another Scenario shows the cause of what was seen once."""
        before = entry.again or Again()
        again = Again(before.tried + 1, before.failed_again + 1)
        entry = replace(entry, again=again, certainty=min(0.9, found.finding.certainty))
        self._publish(entry)
        self._amend(entry)

    def _keep(self, entry: Violation) -> None:
        """Put it in the place of what is known of the same cause; if nothing is, it was seen once."""
        if _of(entry.key, (*self.violations, *self.once)) is None:
            self.once.append(entry)
        self.violations = [entry if one.key == entry.key else one for one in self.violations]
        self.once = [entry if one.key == entry.key else one for one in self.once]

    def _examine(self, entry: Violation, found: Found, scenario: Scenario) -> None:
        """See it again, make it smaller, and write down what that came to. It is published if it was seen again."""
        self.unmoved |= unmoved.seen(self.stage.bench, found)
        smallest, shown, tried, again = self._with_its_past(found, scenario)
        if not again.failed_again and found.after is not None and not clocked(found):
            late = self._late_effect()
            if late is not None:
                smallest, shown = late
                again = Again(1, 1)
        certain = again.failed_again == again.tried if clocked(found) else bool(again.failed_again)
        if not certain and clocked(found) and self._for_good(again):
            certain = True
            if not again.failed_again:  # it was an earlier Scenario that showed the same
                again = Again(again.tried + 1, 1)
        shown = lasting_damage(shown, smallest)
        entry = replace(entry, again=again)
        if again.failed_again < again.tried:
            certainty = min(0.9, found.finding.certainty)
            entry = replace(entry, certainty=certainty)
            shown = replace(shown, finding=replace(shown.finding, certainty=certainty))
        if certain:
            told = self._did(shown)
            entry = replace(entry, requirement=shown.finding.requirement, also=shown.finding.also, summary=told)
            entry = replace(entry, cause=shown.finding.cause, family=shown.finding.family)
        content = self._evidence(entry.key, shown, smallest, scenario, again, tried)
        evidence.write(self.out / "evidence", content, self.redactor, entry.evidence)
        self._keep(entry)
        if not certain and found.after is not None:
            self.careful = True  # a look may have been wrong: from now on each World is looked at twice
            self._set_careful(True)
        if certain:
            self._publish(entry)
            if self.database is not None:
                database.keep(self.database, self._key(), smallest)
        self.write()

    def _for_good(self, again: Again) -> bool:
        """Whether an interface whose detach was accepted has not moved to this day, and another one, or the same was
        seen again: that is no matter of a clock."""
        if not self.unmoved or len(self.unmoved) + again.failed_again < 2:
            return False
        self.unmoved = unmoved.still(self.stage.bench, self.unmoved)
        return bool(self.unmoved) and len(self.unmoved) + again.failed_again > 1

    def _did(self, found: Found) -> str:
        """What the endpoint did, in a sentence."""
        return self.redactor.text(sentences.told(found.finding, found.expected).did)

    def _amend(self, entry: Violation) -> None:
        """Write into the evidence file how often it was seen again."""
        content = evidence.read(self.out / "evidence" / entry.evidence)
        content = replace(content, confirmations=entry.again, certainty=entry.certainty)
        evidence.write(self.out / "evidence", content, self.redactor, entry.evidence)

    def _evidence(
        self, key: str, found: Found, scenario: Scenario, original: Scenario, again: Again, tried: int
    ) -> Evidence:
        content = evidence.build(
            found, scenario, original, self.redactor, run=self.info, target=self.target, again=again, tried=tried
        )
        return replace(content, id=key)

    def _note(self, key: str, found: Found, scenario: Scenario) -> Violation:
        """Write the evidence as it was seen, before anything else is tried."""
        scenario = as_it_was(scenario, found)
        content = self._evidence(key, found, scenario, scenario, Again(), 0)
        path = evidence.write(self.out / "evidence", content, self.redactor)
        self._tell("seen", found.finding.requirement, self._did(found))
        return Violation(
            path.name,
            requirement=found.finding.requirement,
            also=found.finding.also,
            key=key,
            cause=found.finding.cause,
            family=found.finding.family,
            summary=self._did(found),
            certainty=found.finding.certainty,
            again=Again(),
            clocked=clocked(found),
            calls=found.calls,
            detach_calls=self.calls_before + found.judged,
            seconds=round(REAL.monotonic() - self.began, 3),
            test=self.test,
        )

    def _publish(self, entry: Violation) -> None:
        """From here on the run is violated, whatever happens to it."""
        if _of(entry.key, self.violations) is None:
            self.once = [one for one in self.once if one.key != entry.key]
            self.violations.append(entry)
            self.here.append(Contradiction(entry.requirement, entry.summary, entry.evidence))
            self._tell("violated", entry.requirement, entry.summary)
        self._keep(entry)
        self.write()
        if self.first_violation:
            self.stop = True
            (self.out / ENDED).write_text("the run ended at its first violation")

    def _tell(self, what: str, requirement: str, summary: str) -> None:
        """Add a line to what the run tells while it goes on."""
        with (self.out / TOLD).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{what:9} {full_id(requirement)}  {' '.join(summary.split())}\n")

    def _count(self, entry: Violation) -> None:
        self._keep(replace(entry, count=entry.count + 1))
        if entry.evidence and self.test != entry.test:
            self.here.append(Contradiction(entry.requirement, "again", entry.evidence))

    def _with_its_past(self, found: Found, scenario: Scenario) -> tuple[Scenario, Found, int, Again]:
        """The same as `_smaller`. Where resources that had been through something showed it, and new ones do not, what
        they had been through is part of the Scenario: an endpoint may remember it."""
        made = smallest, shown, _, again = self._smaller(found, scenario)
        lived = as_it_was(smallest, shown)
        if lived == smallest or self.allowance is not None:
            return made
        if again.failed_again and self._same(found, self.judge(as_new(smallest, lived), record=False)):
            return made
        other = self._smaller(found, lived)
        return other if other[-1].failed_again else made

    def _smaller(self, found: Found, scenario: Scenario) -> tuple[Scenario, Found, int, Again]:
        """The smallest Scenario that shows the same, what it showed, candidates tried, and confirmations.

        First it must be seen again as it was, with looks that are sure: what came by chance costs no search.
        """
        last: dict[Scenario, Found] = {}
        slow = clocked(found)
        hurt = found.finding.requirement in ("B01", "B02") and not slow

        def fails(candidate: Scenario) -> bool:
            if (last and REAL.monotonic() > self.deadline) or self.stage.ended():
                return False
            if hurt:
                self._recover(candidate)
            same = self._same(found, self.judge(candidate, record=False))
            if same is not None:
                last[candidate] = same
            return same is not None

        with self._carefully():
            scenario, confirmed = self._seen_again(found, scenario, fails)
        found = last.get(scenario, found)
        if not confirmed.failed_again:
            return scenario, found, 0, confirmed
        until = REAL.monotonic() + self.effort.shrink_seconds * (0.6 if self.first_violation else 1)
        until = min(until, self.deadline)
        most = 3 if slow else self.effort.shrink_candidates
        if self.allowance is not None:
            most = min(most, self.allowance.free // SMALLER)
        patience = self.stage.relook
        # That the difference lasts is known; while candidates are tried it need not be waited for each time.
        self.stage.relook = patience if self.stage.bench.lags else min(patience, HASTY)
        try:
            smallest, tried = shrink(
                scenario, found.step, fails, most, lambda: REAL.monotonic() > until, suspects(found)
            )  # fmt: skip
        finally:
            self.stage.relook = patience
        if smallest != scenario:
            times = 1 if self.first_violation and not slow else CONFIRM
            # What is smallest may be too small, or have met resources that no longer show it: then the next one.
            smaller = dict.fromkeys((smallest, *reversed([one for one in last if one != scenario])))
            for candidate in list(smaller)[:FALL_BACK]:
                with self._carefully():
                    again = self._confirm(fails, candidate, times, OVERLAPS)
                if again.failed_again:
                    return candidate, last.get(candidate, found), tried, again
        elif slow:
            with self._carefully():
                more = self._confirm(fails, scenario, 1, 1)
            confirmed = Again(confirmed.tried + more.tried, confirmed.failed_again + more.failed_again)
        return scenario, last.get(scenario, found), tried, confirmed  # smaller is too small: what was seen is repeated

    def _seen_again(
        self, found: Found, scenario: Scenario, fails: Callable[[Scenario], bool]
    ) -> tuple[Scenario, Again]:
        """The Scenario that showed it again, and how often it did. Where calls are counted, what may be all that it
        needs is tried first: the whole may cost more calls than are left."""
        if self.allowance is not None:
            few = (tuple(scenario.steps[i] for i in kept) for kept in suspects(found))
            for steps in [one for one in dict.fromkeys(few) if one != scenario.steps][:SUSPECTS]:
                smaller = replace(scenario, steps=steps)
                if fails(smaller):
                    return smaller, Again(1, 1)
        return scenario, self._confirm(fails, scenario, 1, AGAIN)

    @contextlib.contextmanager
    def _carefully(self) -> Iterator[None]:
        """Worlds are looked at until two looks agree, so that no single look convicts."""
        self._set_careful(True)
        try:
            yield
        finally:
            self._set_careful(self.careful)

    def _set_careful(self, careful: bool) -> None:
        for stage in filter(None, (self.stage, self.stage.second)):
            stage.bench.careful = careful

    def _recover(self, scenario: Scenario) -> None:
        """Send ordinary calls until one is answered as it must be: what an earlier candidate did to the endpoint is not
        to be taken for the work of the next."""
        for _ in range(RECOVERY):
            if not self.judge(still_refuses(scenario.world), record=False).found:
                return

    @staticmethod
    def _confirm(fails: Callable[[Scenario], bool], scenario: Scenario, times: int, most: int) -> Again:
        """How often a Scenario was judged again, and how often it failed: `times` times, or until it failed, in at most
        `most` tries. Calls that are sent at the same time do not meet each time."""
        overlapping = any(isinstance(step, Parallel) for step in scenario.steps)
        tried = failed = 0
        while failed < (1 if overlapping else times) and tried < max(times, most if overlapping or times == 1 else 0):
            tried += 1
            failed += fails(scenario)
        return Again(tried, failed)

    def _late_effect(self) -> tuple[Scenario, Found] | None:
        """Whether what was seen is the late effect of a Scenario before: that one with a while to wait shows it."""
        for before in self.lately[1:]:
            waited = replace(before, steps=(*before.steps, Settle(LATE)))
            for one in self.judge(waited, record=False).found:
                if one.after is not None and not clocked(one):
                    return waited, one
        return None

    @staticmethod
    def _same(found: Found, outcome: Judgement) -> Found | None:
        """The finding of another run that shows the same violation in the same way, None if there is none."""

        def kind(one: Found) -> tuple[str, type[Finding]]:
            return one.finding.requirement, one.finding.kind

        return next((other for other in outcome.found if kind(other) == kind(found)), None)

    # --- kept counterexamples --------------------------------------------------------------------

    def _key(self) -> bytes:
        return f"eni-conformance/1/{self.info.revision}/{self.test.partition('[')[0]}".encode()

    def kept(self) -> list[Scenario]:
        """Counterexamples that earlier runs found with this test, from the shared example database."""
        return database.kept(self.database, self._key()) if self.database is not None else []


def _of(key: str, entries: Iterable[Violation]) -> Violation | None:
    """What is known of a cause."""
    return next((entry for entry in entries if entry.key == key), None)


def clocked(found: Found) -> bool:
    """Whether a finding rests on a clock."""
    return found.finding.clocked
