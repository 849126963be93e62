"""What an inquiry makes of a finding."""

import dataclasses
import time
from types import SimpleNamespace
from typing import Any

import pytest
from eni_conformance.conformance import evidence, unmoved
from eni_conformance.conformance import inquiry as inquiries
from eni_conformance.conformance.inquiry import AGAIN, HASTY, Contradiction, Inquiry, clocked
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import Arg, Call, Detach, EniSpec, Scenario, World
from eni_conformance.harness.clock import Clock
from eni_conformance.harness.history import Arranged, History
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.values import Snapshot
from eni_conformance.oracle.evidence import Endpoint as Examined
from eni_conformance.oracle.findings import AfterSuccess, Failed, Finding, NoAnswer, StaysDetaching, WrongAnswer
from eni_conformance.oracle.follow import Found
from eni_conformance.oracle.judge import Judgement
from eni_conformance.oracle.results import Again, Run
from eni_conformance.oracle.sentences import told
from eni_conformance.oracle.tally import Tally, read_all
from eni_conformance.strategies.effort import EFFORTS

PAGE, RUN = CONTRACTS["2019"], Run("r-1", seed=1, revision="2019", effort="quick")
PLAIN = Detach(Call((Arg("RegionId", "region"), Arg("InstanceId", "instance:0"))))


def found(step, requirement="B01"):
    return Found(Finding(requirement, "500", "status:500"), step)


@pytest.mark.parametrize(
    ("times", "marks", "out"),
    [
        (0.5, ("E07", "R08"), False),  # there is time
        (1.5, ("R08",), True),
        (1.5, ("E03",), True),  # its code has been seen
        (1.5, ("E07", "R08"), False),  # judged, yet its code has not been seen: it would stay inconclusive
        (2.5, ("E07", "R08"), True),
        (2.5, ("E07", "F01"), False),  # never judged
    ],
)
def test_what_is_left_out_when_time_is_short(times, marks, out):
    tally = Tally()
    tally.judged.update(("E03", "E07", "R08"))
    tally.provoked["E03"] = 1
    none: Any = None
    effort = EFFORTS["quick"]
    began = time.monotonic() - times * effort.seconds
    inquiry = Inquiry(PAGE, none, effort, RUN, Examined(), none, none, frozenset(), began=began, tally=tally)
    assert bool(inquiry.left_out(marks)) is out
    assert bool(inquiry.notes) is out


# --- seen once, and seen again -----------------------------------------------------------------------

CALL = Scenario(World(), (PLAIN,))
OTHER = Scenario(World(), (PLAIN,), name="another")
LOOK = Snapshot(1.0, {}, {})
CODE = WrongAnswer("E14", "answered 400 Odd", "code:400 Odd:interface exists")
PAGE_500 = Failed("B01", "the endpoint answered with status 500", "status:500")
RESET = NoAnswer("B02", "the connection was reset", "outcome:reset", outcome="reset")
STUCK = StaysDetaching(
    "F02", "eni-1 is still Detaching more than 10 s after the accepted call", "stays Detaching", (), 0.7
)
UNMOVED, ANOTHER = (
    AfterSuccess("F02", f"{eni} is InUse long after its detach was accepted", "F02:stays InUse", slow=True, unmoved=eni)
    for eni in ("eni-1", "eni-2")
)
MOVED = AfterSuccess("F05", "the detach changed eni-2: Status", "F05:changed Status")


class Endpoint:
    """Stands for a Stage: what is judged there at each run of a Scenario comes from a script, its last entry for ever.

    shows: findings, or None where nothing is found. here: whether the endpoint answers at all.
    """

    def __init__(self, *shows, tolerates=True, here=True, second=None):
        self.shows = list(shows) or [None]
        clock = Clock(sleep=lambda _: None)
        ground = SimpleNamespace(eni_quota=3)
        self.bench = SimpleNamespace(careful=False, lags=False, ground=ground, clock=clock, settle_seconds=10.0)
        self.second = second
        self.relook, self.deadline = 1.6, 1.0
        self.runs = []
        outcome = SimpleNamespace(outcome="answered" if here else "refused", detail="nobody")
        client = SimpleNamespace(send=lambda *_, **__: outcome, target=SimpleNamespace(loopback=True), allowance=None)
        target = SimpleNamespace(tolerates=tolerates)
        self.session = SimpleNamespace(client=client, target=target)
        self.calls = lambda: len(self.runs)
        self.ended = lambda: False

    def calls(self):
        return len(self.runs)

    def run(self, scenario, *, record=True):
        self.runs.append((scenario, record, self.bench.careful))
        shown = self.shows.pop(0) if len(self.shows) > 1 else self.shows[0]
        after = LOOK if shown in (MOVED, STUCK, UNMOVED, ANOTHER) else None
        return Judgement((Found(shown, 0, after=after),) if shown else ())

    def unfinished(self):
        return []


@pytest.fixture
def inquiry(tmp_path, monkeypatch):
    """Makes an Inquiry of an Endpoint. What cannot be made smaller is not."""
    monkeypatch.setattr(inquiries, "shrink", lambda scenario, *_: (scenario, 0))
    monkeypatch.setattr(inquiries, "REAL", Clock(sleep=lambda _: None))

    def make(*shows, **more):
        first_violation = more.pop("first_violation", False)
        stage: Any = Endpoint(*shows, **more)
        made = Inquiry(
            PAGE, stage, EFFORTS["quick"], RUN, Examined("t"), tmp_path, Redactor(), frozenset(),
            first_violation=first_violation,
        )  # fmt: skip
        made.judge = stage.run
        made.start("test")
        return made

    return make


def kept(made):
    """(published, seen once) so far."""
    return made.violations, made.once


def evidence_of(made, entry):
    return evidence.read(made.out / "evidence" / entry.evidence)


@pytest.mark.parametrize("tolerates", [True, False])
@pytest.mark.parametrize("finding", [CODE, MOVED], ids=["an answer", "a look"])
def test_what_is_seen_once_and_not_again_is_no_violation_and_its_evidence_is_kept(inquiry, finding, tolerates):
    made = inquiry(finding, None, tolerates=tolerates)
    made.run(CALL)
    published, (entry,) = kept(made)
    assert published == [] and made.here == [] and not made.stop
    assert entry.again == Again(AGAIN, 0)
    assert evidence_of(made, entry).confirmations == entry.again
    assert [run[0] for run in made.stage.runs][: 1 + AGAIN] == [CALL] * (1 + AGAIN), "its own Scenario, as it was"
    assert not any(recorded for _, recorded, _ in made.stage.runs[1:]), "a repetition is no evidence of its own"


@pytest.mark.parametrize("finding", [CODE, MOVED], ids=["an answer", "a look"])
def test_what_is_seen_again_is_published_with_how_often(inquiry, finding):
    made = inquiry(finding)
    made.run(CALL)
    (entry,), once = kept(made)
    assert once == [] and len(made.here) == 1
    assert entry.again.failed_again == entry.again.tried > 0
    assert entry.certainty == finding.certainty
    assert evidence_of(made, entry).confirmations == entry.again


def test_what_comes_at_random_is_published_with_the_count_of_its_repetitions(inquiry):
    made = inquiry(CODE, None, CODE)
    made.run(CALL)
    (entry,), _ = kept(made)
    assert entry.again == Again(2, 1)
    assert entry.certainty == 0.9 == evidence_of(made, entry).certainty


def test_repetitions_are_made_in_worlds_that_are_looked_at_twice(inquiry):
    """No single look convicts; the search for a smaller one may be hasty again."""
    made = inquiry(CODE, second=SimpleNamespace(bench=SimpleNamespace(careful=False)))
    made.run(CALL)
    assert [careful for _, _, careful in made.stage.runs] == [False, True]
    assert not made.stage.bench.careful and not made.stage.second.bench.careful


def test_after_a_look_that_was_wrong_each_world_is_looked_at_twice(inquiry):
    made = inquiry(MOVED, None)
    made.run(CALL)
    assert made.careful and made.stage.bench.careful
    made = inquiry(CODE, None)
    made.run(CALL)
    assert not made.careful and not made.stage.bench.careful, "an answer is no look"


def test_another_scenario_that_shows_the_same_cause_publishes_what_was_seen_once(inquiry):
    made = inquiry(CODE, *[None] * AGAIN, CODE)
    made.run(CALL)
    assert kept(made)[0] == []
    runs = len(made.stage.runs)
    made.run(OTHER)
    (entry,), once = kept(made)
    assert once == [] and entry.again == Again(AGAIN + 1, 1)
    assert entry.certainty == 0.9
    written = evidence_of(made, entry)
    assert (written.confirmations, written.certainty) == (entry.again, 0.9)
    assert len(made.stage.runs) == runs + 1, "it need not be seen a third time"


def test_another_cause_of_the_same_requirement_does_not(inquiry):
    """Two answers that pass are two causes, each seen once."""
    other = dataclasses.replace(CODE, cause="code:409 Other:interface exists")
    made = inquiry(CODE, *[None] * AGAIN, other, None)
    made.run(CALL)
    made.run(OTHER)
    published, once = kept(made)
    assert published == [] and {entry.cause for entry in once} == {CODE.cause, other.cause}


def test_a_look_that_nobody_confirmed_does_not_publish_what_another_look_showed_once(inquiry):
    """Two looks that lacked something are two accidents: what rests on a look is tried again where it comes back."""
    made = inquiry(MOVED, *[None] * AGAIN, MOVED, None)
    made.run(CALL)
    made.run(OTHER)
    published, (entry,) = kept(made)
    assert published == [] and entry.again.failed_again == 0


def test_what_is_published_is_counted_and_not_tried_again(inquiry):
    made = inquiry(CODE)
    made.run(CALL)
    runs = len(made.stage.runs)
    made.start("another test")
    made.run(OTHER)
    (entry,), _ = kept(made)
    assert entry.count == 2 and len(made.stage.runs) == runs + 1
    assert made.here == [Contradiction("E14", "again", entry.evidence)]


def test_a_glance_notes_what_it_sees_and_leaves_the_rest_to_others(inquiry):
    made = inquiry(CODE)
    made.glance(CALL)
    made.glance(OTHER)
    published, (entry,) = kept(made)
    assert published == [] and entry.again == Again() and len(made.stage.runs) == 2
    assert not made.tally.judged, "it is credited to nothing"
    assert (made.out / inquiries.TOLD).read_text().split()[:2] == ["seen", "ENI-DETACH-E14"]


# --- what rests on a clock, and failures -------------------------------------------------------------


@pytest.mark.parametrize("shows", [[STUCK, None], [STUCK, STUCK, None], [STUCK, None, STUCK]])
def test_what_rests_on_a_clock_must_be_so_each_time(inquiry, shows):
    """A busy machine is late now and then."""
    made = inquiry(*shows, tolerates=False)
    made.run(CALL)
    published, (entry,) = kept(made)
    assert published == [] and entry.clocked
    assert entry.again.failed_again < entry.again.tried


def test_what_rests_on_a_clock_and_is_so_each_time_is_published(inquiry):
    made = inquiry(STUCK)
    made.run(CALL)
    (entry,), _ = kept(made)
    assert entry.again.failed_again == entry.again.tried >= 2


def test_another_scenario_is_no_second_time_for_what_rests_on_a_clock(inquiry):
    made = inquiry(STUCK, *[None] * AGAIN, STUCK, None)
    made.run(CALL)
    made.run(OTHER)
    assert kept(made)[0] == []


@pytest.mark.parametrize(
    ("shows", "again"),
    [
        ([UNMOVED, ANOTHER, None], Again(2, 1)),
        ([UNMOVED, *[None] * AGAIN, ANOTHER, None], Again(AGAIN + 1, 1)),
    ],
    ids=["its own scenario", "another scenario"],
)
@pytest.mark.parametrize("still", [{"eni-1", "eni-2"}, {"eni-2"}, set()], ids=["both", "one", "neither"])
def test_two_accepted_detaches_that_never_moved_anything_need_not_be_so_each_time(
    inquiry, monkeypatch, shows, again, still
):
    """What remembers earlier calls, or hangs on what meets, does not show in each world built anew; what was slow has
    ended by now. Meanwhile nobody touches them."""
    aside: list[str] = []
    monkeypatch.setattr(unmoved.pool, "set_aside", lambda bench, eni: aside.append(eni))
    monkeypatch.setattr(unmoved.pool, "in_use", lambda bench, enis: frozenset(still) & set(enis))
    made = inquiry(*shows)
    made.run(CALL)
    made.run(OTHER)
    published, once = kept(made)
    assert len(published) == (len(still) == 2) and len(once) == (len(still) < 2)
    assert aside[0] == "eni-1"
    if published:
        assert published[0].again == again and published[0].certainty == 0.9


@pytest.mark.parametrize(
    ("finding", "rests"),
    [
        (NoAnswer("B02", "x", "outcome:timeout", outcome="timeout"), True),
        (STUCK, True),
        (AfterSuccess("F02", "x", "F02:stays InUse", page="F02", slow=True), True),
        (RESET, False),
        (PAGE_500, False),
        (CODE, False),
        (MOVED, False),
    ],
)
def test_which_findings_rest_on_a_clock(finding, rests):
    assert clocked(Found(finding, 0)) is rests


@pytest.mark.parametrize("finding", [PAGE_500, RESET], ids=["500", "reset"])
def test_an_installation_on_this_machine_has_no_excuse_for_a_failure(inquiry, finding):
    """Once is enough there, and the report says that it was once."""
    made = inquiry(finding, None, tolerates=False)
    made.run(CALL)
    (entry,), once = kept(made)
    assert once == [] and entry.again == Again(AGAIN, 0)
    assert entry.certainty == 0.9


def test_what_is_seen_while_another_worker_has_ended_the_run_is_noted_and_not_followed_up(inquiry):
    made = inquiry(CODE)
    made.stage.ended = lambda: True
    made.run(CALL)
    published, (entry,) = kept(made)
    assert published == [] and entry.again.tried == 0
    assert len(made.stage.runs) == 1


@pytest.mark.parametrize("finding", [PAGE_500, RESET], ids=["500", "reset"])
def test_behind_a_network_a_failure_must_come_again(inquiry, finding):
    made = inquiry(finding, None, tolerates=True)
    made.run(CALL)
    published, (entry,) = kept(made)
    assert published == [] and entry.again.failed_again == 0


def test_a_target_that_is_gone_ends_the_run_and_is_not_blamed_for_refusing_connections(inquiry):
    refused = NoAnswer("B02", "connection refused", "outcome:refused", outcome="refused")
    for finding, blamed in ((refused, False), (RESET, True)):
        made = inquiry(finding, tolerates=False, here=False)
        (made.out / inquiries.LOST).unlink(missing_ok=True)
        made.run(CALL)
        assert (made.out / inquiries.LOST).exists() and bool(kept(made)[0]) == blamed


# --- ending at the first -----------------------------------------------------------------------------


def test_a_run_that_ends_at_its_first_violation_does_not_end_at_what_was_seen_once(inquiry):
    made = inquiry(CODE, *[None] * AGAIN, CODE, first_violation=True)
    made.run(CALL)
    assert not made.stop and not (made.out / inquiries.ENDED).exists()
    made.run(OTHER)
    assert made.stop and (made.out / inquiries.ENDED).exists()


def test_the_record_on_disk_has_what_was_seen_once_before_it_is_tried_again(inquiry):
    """A kill during the repetitions loses nothing."""
    made = inquiry(CODE, None)
    seen = []
    run = made.judge

    def looking(scenario, *, record=True):
        if not record:
            seen.append(read_all(made.out)[0].once)
        return run(scenario, record=record)

    made.judge = looking
    made.run(CALL)
    assert [entry.again.tried for entry in seen[0]] == [0]
    assert seen[0][0].summary == told(CODE).did


def test_what_rests_on_a_clock_is_no_late_effect_of_the_scenario_before(inquiry):
    """A long Scenario has a slow detach in each play; that explains nothing that was seen after it."""
    made = inquiry(None, STUCK, None)
    made.run(OTHER)
    made.run(CALL)
    assert (made.violations, len(made.once)) == ([], 1)
    assert OTHER not in [scenario for scenario, *_ in made.stage.runs[1:]], "the one before was tried"
    made = inquiry(None, MOVED, None, None, None, STUCK)
    made.run(OTHER)
    made.run(CALL)
    assert (made.violations, len(made.once)) == ([], 1)


def test_an_effect_that_comes_late_is_told_of_the_scenario_that_had_it_though_others_came_between(inquiry):
    """Seen in the third; neither it nor the second shows it again, the first does with a while to wait."""
    first = Scenario(World(), (PLAIN,), name="the first")
    made = inquiry(None)
    judge = made.stage.run

    def judged(scenario, *, record=True):
        waited = scenario.name == "the first" and len(scenario.steps) > 1
        made.stage.shows = [MOVED if waited or (record and scenario == CALL) else None]
        return judge(scenario, record=record)

    made.judge = judged
    for one in (first, OTHER, CALL):
        made.run(one)
    (entry,) = made.violations
    assert evidence_of(made, entry).scenario.name == "the first"


# --- what the search may spend -----------------------------------------------------------------------


def test_the_time_for_a_smaller_counterexample_begins_when_it_was_seen_again(inquiry, monkeypatch):
    """A long Scenario takes its time to be repeated; the search has its own."""
    now = [1000.0]
    monkeypatch.setattr(inquiries, "REAL", Clock(monotonic=lambda: now[0], sleep=lambda _: None))
    made = inquiry(CODE)
    run, over = made.judge, []

    def slow(scenario, *, record=True):
        now[0] += 5.0
        return run(scenario, record=record)

    made.judge = slow

    def search(scenario, _step, _fails, _budget, too_late, _suspects):
        over.append(too_late())
        return scenario, 0

    monkeypatch.setattr(inquiries, "shrink", search)
    made.run(CALL)
    assert over == [False]


def test_where_the_smallest_is_not_seen_again_the_next_one_is_reported(inquiry, monkeypatch):
    """It met an interface that an earlier play had damaged, so that nothing was left to be lost."""
    one, two = dataclasses.replace(CALL, name="one"), dataclasses.replace(CALL, name="two")

    def search(_scenario, _step, fails, *_):
        assert fails(two) and fails(one)
        return one, 2

    monkeypatch.setattr(inquiries, "shrink", search)
    made = inquiry(CODE, CODE, CODE, CODE, None, None, CODE)
    made.run(CALL)
    (entry,) = made.violations
    assert evidence.read(made.out / "evidence" / entry.evidence).scenario == two
    assert entry.again == Again(2, 2)


def test_the_search_is_hasty_only_where_descriptions_keep_up(inquiry, monkeypatch):
    seen = []
    for lags, relook, during in ((False, 1.6, HASTY), (True, 1.6, 1.6), (False, 0.1, 0.1)):
        made = inquiry(CODE)
        made.stage.bench.lags, made.stage.relook = lags, relook

        def search(scenario, *_, lab=made.stage):
            seen.append(lab.relook)
            return scenario, 0

        monkeypatch.setattr(inquiries, "shrink", search)
        made.run(CALL)
        assert seen.pop() == during and made.stage.relook == relook


# --- what its resources had been through ---------------------------------------------------------------


@pytest.mark.parametrize(("shows", "kept"), [({"any", "moved"}, "moved"), ({"any", "moved", "fresh"}, "any")])
def test_what_an_interface_had_been_through_is_told_where_a_new_one_does_not_show_the_same(inquiry, shows, kept):
    """Any would do, and one that had been moved was there. Where it is no longer there, nobody could repeat it."""
    asked = Scenario(World(enis=(EniSpec(),)), (PLAIN,))
    lived = dataclasses.replace(asked.world, enis=(EniSpec(past="moved"),))

    def judged(scenario, *, record=True):
        history = History(scenario, arranged=Arranged(("i-1",), ("eni-1",), (), (), "", Snapshot(0.0), lived=lived))
        seen = Found(CODE, 0, history=history) if scenario.world.enis[0].past in shows else None
        return Judgement(found=(seen,) if seen else ())

    made = inquiry(None)
    made.judge = judged
    made.run(asked)
    (entry,) = made.violations
    assert evidence_of(made, entry).scenario.world.enis[0].past == kept
