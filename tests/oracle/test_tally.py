"""What was learned: counted as it comes, written down at any moment, and read back as it was."""

from __future__ import annotations

import json

import pytest
from eni_conformance.oracle.results import Again, Violation
from eni_conformance.oracle.tally import KEEP, Problem, Record, Tally, read_all, summed, write, write_ids
from eni_conformance.oracle.verdicts import repeated_request_ids

OLD = """{
 "worker": "gw0", "judged": {"S01": 1}, "alone": {}, "provoked": {"E11": 2}, "worlds": {"S01": [7]},
 "callers": {"S01": ["account"]}, "wires": {"S01": ["GET"]},
 "violations": [{"requirement": "S01", "also": ["E12"], "evidence": "e.json", "key": "k", "cause": "c",
  "summary": "it was wrong", "certainty": 0.9, "count": 2, "again": {"tried": 2, "failed_again": 1}, "clocked": false,
  "sure": true, "calls": 9, "detach_calls": 3, "seconds": 1.5, "test": "t"}],
 "once": [], "common": {"E06": {"403 Forbidden.RAM": 1}}, "passing": {}, "inconclusive": {}, "doubts": {},
 "missing": {}, "errors": [{"requirements": "S01 E12", "text": "broke", "test": "t"}], "observations": {},
 "examples": {"choice=one": ["a"]}, "states": {"Running|InUse|this": 2}, "pairs": [[0, "Running", 1, "InUse"]],
 "atlas": {}, "answers": {}, "rules": {"stop": 1}, "transitions": {}, "leases": {"world": 3}, "detach_calls": 4,
 "successes": 1, "latency": {"x": [0.1]}, "settle": {"detach": [2]}, "tests": {}, "notes": ["slow"]
}"""
"""A record as it was written before records were values."""


def test_a_record_of_an_older_suite_is_read(tmp_path):
    (tmp_path / "record-gw0.json").write_text(OLD)
    (read,) = read_all(tmp_path)
    assert read.violations == (
        Violation(
            "e.json", 2, "S01", ("E12",), "k", "c", "it was wrong", 0.9, Again(2, 1), False, True, 9, 3, 1.5, "t"
        ),
    )
    assert read.errors == (Problem("S01 E12", "broke", "t"),)
    assert (read.worlds, read.pairs) == ({"S01": {7}}, {(0, "Running", 1, "InUse")})
    assert (read.detach_calls, read.successes, read.settle, read.notes) == (4, 1, {"detach": (2.0,)}, ("slow",))
    write(tmp_path, read)
    again = json.loads((tmp_path / "record-gw0.json").read_text())
    assert (again["violations"][0].pop("family"), again["violations"][0].pop("detail")) == ("", "")
    assert again.pop("spent") == again.pop("repeated") == again.pop("followed") == {}
    assert again == json.loads(OLD)


def test_what_a_worker_wrote_is_read_back_and_a_damaged_file_passed_over(tmp_path):
    tally = Tally()
    tally.credit(("S01",), 7, "account", "GET")
    tally.observe("answer to: x", "accepted", "a=b")
    tally.pairs.add((0, "Running", 1, "InUse"))
    for _ in range(2):
        tally.passed("DetachNetworkInterface", "502 without a code")
    tally.by_common("E06", "403 Forbidden.RAM")
    tally.doubt("F02", "late")
    told = tally.record("gw0", {"x": [0.1] * (KEEP + 5)}, once=(Violation(requirement="S01", again=Again(3)),))
    write(tmp_path, told)
    (tmp_path / "record-gw1.json").write_text("{")
    assert read_all(tmp_path) == (told,)
    assert (told.judged, told.worlds, told.provoked) == ({"S01": 1}, {"S01": {7}}, {})
    assert told.observations == {"answer to: x": {"accepted": 1}}
    assert told.passing == {"DetachNetworkInterface": {"502 without a code": 2}}
    assert (told.common, told.doubts) == ({"E06": {"403 Forbidden.RAM": 1}}, {"F02": {"late": 1}})
    assert len(told.latency["x"]) == KEEP
    assert sorted(p.name for p in tmp_path.iterdir()) == ["record-gw0.json", "record-gw1.json"]


def test_a_file_that_is_no_record_is_refused_by_name(tmp_path):
    """What it holds, a violation perhaps, must not be lost in silence."""
    (tmp_path / "record-gw1.json").write_text('{"judged": ["S01"]}')
    with pytest.raises(ValueError, match=r"^record-gw1\.json\.judged: an object was expected"):
        read_all(tmp_path)


def test_a_record_does_not_change_when_its_worker_goes_on():
    tally = Tally()
    tally.credit(("S01",), 1, "account", "GET")
    tally.lacks(("E15",), "control")
    tally.observe("choice", "one", "a")
    before = tally.record("gw0", {})
    tally.credit(("S01",), 2, "expired", "POST", 5)
    tally.lacks(("E15",), "control")
    tally.observe("choice", "one", "b")
    assert (before.judged, before.worlds, before.missing) == ({"S01": 1}, {"S01": {1}}, {"E15": {"control": 1}})
    assert before.examples == {"choice=one": ("a",)}


def test_records_are_summed():
    one = Record("a", judged={"S01": 2}, worlds={"S01": frozenset({1})}, common={"E06": {"403": 1}}, successes=1)
    two = Record("b", judged={"S01": 3}, worlds={"S01": frozenset({2})}, common={"E06": {"403": 4}}, detach_calls=5)
    total = summed([one, two])
    assert (total.judged, total.worlds, total.common) == ({"S01": 5}, {"S01": {1, 2}}, {"E06": {"403": 5}})
    assert (total.successes, total.detach_calls) == (1, 5)
    assert one.worlds == {"S01": {1}}, "what is summed stays as it is"


def test_three_different_examples_are_kept_at_most():
    tally = Tally()
    for example in ("a", "a", "", "b", "c", "d"):
        tally.observe("choice", "one", example)
    assert tally.observations["choice"]["one"] == 6
    assert tally.examples["choice=one"] == ["a", "b", "c"]


# --- RequestIds ------------------------------------------------------------------------------------


def test_request_ids_are_written_so_that_they_can_be_compared(tmp_path):
    for worker in "ab":
        ids = {"R1": f"{worker}-1"}
        written = write_ids(tmp_path, worker, ids, 0)
        assert write_ids(tmp_path, worker, {**ids, "R2": f"{worker}-2"}, written) == 2
    assert repeated_request_ids(tmp_path) == [("R1", "a-1", "b-1"), ("R2", "a-2", "b-2")]
    assert len((tmp_path / "ids-a.txt").read_text().splitlines()) == 2


@pytest.mark.parametrize("odd", ["\ud800", "a b", "a\nb", "x\x00", "编号", '"'])
def test_whatever_an_endpoint_sends_as_a_request_id_can_be_written_and_compared(odd, tmp_path):
    """Another id that only begins alike is not the same."""
    for worker, more in (("a", "one"), ("b", "two")):
        write_ids(tmp_path, worker, {odd: f"{worker}-1", f"{odd} {more}": f"{worker}-2"}, 0)
    ((_, one, two),) = repeated_request_ids(tmp_path)
    assert (one, two) == ("a-1", "b-1")
