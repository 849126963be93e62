"""What a History was evidence for, as counts."""

from __future__ import annotations

from eni_conformance.contract.scenario import Scenario, World
from eni_conformance.harness.history import LeftOut, Looked, Overdue, Rested
from eni_conformance.oracle import credit
from eni_conformance.oracle.judge import judge
from eni_conformance.oracle.tally import Tally
from worldly import PAGE, history, seen, sent


def tally(*events, start="InUse"):
    return judge(PAGE, history(*events, start=start)).tally


def test_a_success_is_evidence_for_the_effect_only_when_it_was_looked_at():
    alone = tally(sent())
    assert (alone.detach_calls, alone.successes, alone.judged["F02"]) == (1, 1, 0)
    looked = tally(sent(), Looked(0, "settled", seen("Available", at=3.0)))
    assert looked.judged["F02"] == 1 and looked.settle["detach"] == [3.0]


def test_a_refusal_with_the_code_of_the_page_provokes_its_row():
    made = tally(sent(400, "InvalidOperation.InvalidEniState"), start="Available")
    assert made.provoked == {"E11": 1} and made.judged["E11"] == 1 and made.alone == {"E11": 1}
    assert made.successes == 0


def test_a_refusal_with_a_code_that_fits_nothing_provokes_no_row():
    made = tally(sent(400, "Odd"), start="Available")
    assert made.provoked == {} and made.detach_calls == 1


def test_after_a_refusal_a_look_is_evidence_that_nothing_changed():
    refused = sent(400, "InvalidOperation.InvalidEniState")
    made = tally(refused, refused, Looked(0, "settled", seen("Available")), start="Available")
    assert made.judged["F01"] == 2


def test_states_and_transitions_are_counted_as_they_were_met():
    made = tally(sent())
    assert made.states == {"Running|InUse|this": 1}
    assert made.transitions == {"Running, InUse, this, account: accepted": 1}


def test_a_world_that_was_arranged_has_used_what_it_holds():
    assert tally().leases == {"world": 1, "instance": 1, "eni": 1}


def test_what_was_left_out_lacks_something():
    made = tally(LeftOut(0, "unshown"))
    assert made.missing == {short: {"a description that shows primary interfaces": 1} for short in ("S01", "E12")}


def test_a_detach_that_took_too_long_is_a_doubt_with_its_numbers():
    made = tally(sent(), Overdue(0, ("eni-1",), seen("Available", at=14.1)))
    ((reason, n),) = made.doubts["F02"].items()
    assert n == 1 and reason.startswith("a detach took 14.1 s, more than limits.settle_seconds (10 s)")
    assert tally(sent(), Overdue(0, ("eni-1",), seen("Available", at=14.1), reminded=True)).doubts == {}


def test_a_rest_is_evidence_only_if_somebody_looked():
    before = seen("Available")
    book = Tally()
    credit.of_rest(book, Rested(before, before, frozenset(), Scenario()))
    assert book.judged == {}
    credit.of_rest(book, Rested(before, seen("Available"), frozenset(), Scenario()))
    assert book.judged == {"F08": 1, "F01": 1}


def test_a_world_has_the_same_key_in_every_process():
    """Workers count the worlds that they share once."""
    assert credit.world_key(World()) == 2727633439
    assert credit.world_key(World(region="second")) != credit.world_key(World())
