"""Shards joined: of one run, under names that tell them apart, and what is missing stays open."""

from __future__ import annotations

import json

import pytest
from eni_conformance.conformance import merge
from eni_conformance.conformance.merge import Unfit
from eni_conformance.conformance.study import Listed, list_tests
from eni_conformance.contract.detach import short_id
from eni_conformance.oracle import tally
from eni_conformance.oracle.results import Again, Results, Run, Target, Violation
from eni_conformance.oracle.tally import Record, Tally
from eni_conformance.reports import files

TESTS = [Listed("test_a", ("E11",)), Listed("test_b", ("E12", "S01")), Listed("test_c", ("E14",))]
ONCE = Violation("e.json", requirement="E14", key="k", summary="odd", certainty=1.0, again=Again(3), sure=True)


def shard(folder, number, record=None, **run):
    """What a shard leaves behind."""
    place = folder / str(number)
    (place / "evidence").mkdir(parents=True)
    told = {"revision": "2019", "effort": "quick", "seed": 1, "exit": 0, "shard": f"{number}/3", **run}
    made = Results(Run(f"r-{number}", **told), target=Target("t"), calls={"DetachNetworkInterface": 2})
    files.write_text(place / "results.json", files.text(made))
    list_tests(place, TESTS)
    tally.write(place, record or judged())
    tally.write_ids(place, "gw0", {f"R{number}": "x-1"}, 0)
    (place / "evidence" / "e.json").write_text('{"schema": 1, "id": "x", "requirement": "ENI-DETACH-E14"}')
    return place


def judged(*shorts, **more):
    book = Tally()
    book.credit(shorts, 1, "account", "GET")
    for short in shorts:
        book.provoked[short] += 1
    return book.record("gw0", {}, **more)


def rows(folder):
    return {short_id(row.id): row for row in files.load(folder).requirements}


def test_all_shards_are_one_run(tmp_path):
    places = [shard(tmp_path, n, judged(row)) for n, row in ((1, "E11"), (2, "E12"), (3, "E14"))]
    folder, status = merge.merge(places, tmp_path / "out")
    made = files.load(folder)
    assert status == 0 and made.calls == {"DetachNetworkInterface": 6} and not made.run.shard
    assert {name: rows(folder)[name].verdict for name in ("E11", "E12", "E14")} == dict.fromkeys(
        ("E11", "E12", "E14"), "conforms"
    )
    assert sorted(path.name for path in folder.glob("record-*")) == [f"record-s{n}-gw0.json" for n in range(3)]


def test_what_a_missing_shard_would_have_tried_is_open(tmp_path):
    places = [shard(tmp_path, n, judged("E11", "E12")) for n in (1, 3)]
    folder, status = merge.merge(places, tmp_path / "out")
    found = rows(folder)
    assert status == 4 and found["E11"].verdict == "conforms"
    assert (found["E12"].verdict, found["E12"].reason) == ("inconclusive", "shards 2 are missing")


def test_what_two_shards_saw_once_each_keeps_its_evidence_apart(tmp_path):
    """Both workers are called gw0, and both files e.json."""
    places = [shard(tmp_path, n, judged("E14", once=(ONCE,))) for n in (1, 2, 3)]
    folder, _ = merge.merge(places, tmp_path / "out")
    assert sorted(path.name for path in (folder / "evidence").iterdir()) == [f"s{n}-e.json" for n in range(3)]
    told = {entry.evidence for record in tally.read_all(folder) for entry in record.once}
    assert told == {f"s{n}-e.json" for n in range(3)}


def test_records_of_an_older_suite_are_joined(tmp_path):
    places = [shard(tmp_path, n) for n in (1, 2, 3)]
    old = {"worker": "gw0", "judged": {"E11": 2}, "provoked": {"E11": 2}, "violations": [], "pairs": [], "tests": {}}
    (places[0] / "record-gw0.json").write_text(json.dumps(old))
    folder, _ = merge.merge(places, tmp_path / "out")
    assert (rows(folder)["E11"].verdict, rows(folder)["E11"].judged) == ("conforms", 2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 2}, "seed is 2, elsewhere 1; not shards of one run"),
        ({"revision": "2024"}, "revision is 2024, elsewhere 2019"),
        ({"shard": ""}, "was not made with --shard"),
        ({"shard": "2/4"}, "not parts of the same division"),
    ],
)
def test_what_is_not_of_one_run_is_refused(change, said, tmp_path):
    with pytest.raises(Unfit, match=said):
        merge.merge([shard(tmp_path, 1), shard(tmp_path, 2, **change)], tmp_path / "out")


def test_a_directory_that_is_no_run_is_refused_by_name(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(Unfit, match="empty: is no output directory of a run"):
        merge.merge([tmp_path / "empty"], tmp_path / "out")


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("tests.json", "{", "does not tell how its tests were divided"),
        ("record-gw0.json", '{"judged": 3}', "record-gw0.json.judged"),
    ],
)
def test_a_damaged_shard_is_refused_by_name(file, text, said, tmp_path):
    """What it had found must not be lost."""
    places = [shard(tmp_path, 1), shard(tmp_path, 2)]
    (places[0] / file).write_text(text)
    with pytest.raises(Unfit, match=said):
        merge.merge(places, tmp_path / "out")


def test_a_record_that_names_no_file_names_none_afterwards():
    made = merge._of_shard(2, Record("gw1", violations=(Violation(requirement="R07"), ONCE)))
    assert made.worker == "s2-gw1" and [entry.evidence for entry in made.violations] == ["", "s2-e.json"]
