"""What the lines of a ledger come to."""

from __future__ import annotations

import json

import pytest
from eni_conformance.harness.account import ledger
from eni_conformance.harness.account.book import (
    Brought,
    Closing,
    Entries,
    Gone,
    Intent,
    Made,
    Opened,
    Owned,
    Refused,
    Settled,
    event_of,
    line_of,
)

OLD = b"""\
{"event":"run","run":"20250101-000000-abcd","where":"http://127.0.0.1:9000 cn-hangzhou","at":100.5}
{"event":"intent","n":1,"kind":"instance","action":"RunInstances","token":"t-1","at":101.0}
{"event":"made","n":1,"kind":"instance","id":"i-1"}
{"event":"brought","id":"i-1","eni":"eni-0"}
{"event":"intent","n":2,"kind":"eni","action":"CreateNetworkInterface","token":"t-2","at":102.0}
{"event":"refused","n":2,"kind":"eni","why":"QuotaExceeded"}
{"event":"intent","n":3,"kind":"eni","action":"CreateNetworkInterface","token":"t-3","at":103.0}
{"event":"gone","id":"i-1"}
{"event":"closing"}
{"event":"intent","n":4,"kind":"eni","action":"Creat"""
"""A ledger as it was written before its lines were values; the process was killed while it wrote the last one."""

EVENTS = (
    Opened(run="run-000001", where="here", at=5.0),
    Intent(n=1, kind="eni", action="CreateNetworkInterface", token="t", at=6.0),
    Made(n=1, kind="eni", id="eni-1"),
    Refused(n=2, kind="eni", why="QuotaExceeded"),
    Brought(id="i-1", eni="eni-1"),
    Gone(id="eni-1", at=7.0),
    Closing(),
    Settled(at=8.0),
)


def folded(*events, worker="main"):
    entries = Entries()
    for event in events:
        entries.fold(worker, event)
    return entries


def test_a_ledger_of_an_older_suite_is_read(tmp_path):
    (tmp_path / "ledger-gw0.jsonl").write_bytes(OLD)
    book = ledger.read(tmp_path)
    assert (book.run_id, book.where, book.started) == (
        "20250101-000000-abcd", "http://127.0.0.1:9000 cn-hangzhou", 100.5
    )  # fmt: skip
    assert book.owned == {"i-1": Owned("instance", "i-1", "RunInstances", "t-1", 101.0, "gw0", 1)}
    assert book.open == (Owned("eni", "", "CreateNetworkInterface", "t-3", 103.0, "gw0", 3),)
    assert (book.gone, book.brought) == ({"i-1": 0.0}, {"eni-0": "i-1"})
    assert (book.alive("instance"), book.alive("eni")) == (0, 1)


def test_lines_are_written_as_older_suites_wrote_them():
    lines = OLD.splitlines(keepends=True)[:-1]
    assert [line_of(event_of(line)) for line in lines if b"gone" not in line] == [
        line for line in lines if b"gone" not in line
    ]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event)
def test_every_event_is_read_as_it_was_written(event):
    line = line_of(event)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert event_of(line) == event


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"event": "sold", "id": "eni-1"}',
        b'{"event": "made", "n": 1}',
        b'{"event": "made", "n": "one", "kind": "eni", "id": "eni-1"}',
    ],
)
def test_a_line_that_says_nothing_is_passed_over(line):
    assert event_of(line) is None


def test_what_a_later_version_adds_to_a_line_changes_nothing_of_it():
    line = b'{"event": "made", "n": 1, "kind": "eni", "id": "eni-1", "zone": "z"}'
    event = event_of(line)
    assert (event.id, event.extra) == ("eni-1", {"zone": "z"})
    assert json.loads(line_of(event)) == json.loads(line)


def test_a_line_is_taken_when_it_is_whole():
    entries = Entries()
    data = line_of(EVENTS[0]) + line_of(EVENTS[1])[:20]
    assert entries.take("main", data) == len(line_of(EVENTS[0]))
    assert entries.run_id == "run-000001" and not entries.pending


def test_an_answer_closes_the_intent_of_its_own_worker_alone():
    entries = folded(Intent(n=1, kind="eni", action="A", token="t", at=1.0), worker="a")
    entries.fold("b", Refused(n=1, kind="eni"))
    assert entries.alive["eni"] == 1 and entries.last("a") == 1 and entries.last("b") == 0
    entries.fold("a", Refused(n=1, kind="eni"))
    assert entries.alive["eni"] == 0 and not entries.pending


def test_what_was_made_without_a_known_intent_is_ours_too():
    entries = folded(Made(n=4, kind="vpc", id="vpc-1"))
    assert entries.book().owned["vpc-1"].kind == "vpc" and entries.alive["vpc"] == 1


def test_what_is_settled_closes_the_intents_before_it():
    early, late = (Intent(n=n, kind="eni", action="A", token="t", at=at) for n, at in ((1, 10.0), (2, 30.0)))
    assert [one.n for one in folded(early, late, Settled(at=20.0)).book().open] == [2]


def test_what_went_before_it_was_told_to_be_made_is_not_alive():
    entries = folded(Gone(id="eni-1", at=1.0), Gone(id="eni-1", at=2.0), Made(n=1, kind="eni", id="eni-1"))
    assert entries.alive["eni"] == 0 and entries.book().gone == {"eni-1": 1.0}


def test_an_instance_belongs_to_an_open_announcement_that_came_right_before_it():
    """In one or two ways it is asked for; a later one, one of another worker and one after a closed one do not."""
    book = Entries()
    book.take("a", b"".join(line_of(event) for event in (
        Intent(n=1, kind="eni", action="born", token="", at=1.0),
        Intent(n=2, kind="instance", action="RunInstances", token="t", at=1.0), Refused(n=2, kind="instance"),
        Intent(n=3, kind="instance", action="RunInstances", token="u", at=1.0), Made(n=3, kind="instance", id="i-with"),
        Intent(n=4, kind="instance", action="RunInstances", token="v", at=1.0), Made(n=4, kind="instance", id="i-late"),
        Intent(n=5, kind="instance", action="adopt", token="", at=0.0), Made(n=5, kind="instance", id="i-found"),
    )))  # fmt: skip
    book.take("b", line_of(Made(n=2, kind="instance", id="i-of-another")))
    assert book.book().asked_for_after("born", 2) == {"i-with", "i-found"}
    book.take("a", line_of(Made(n=1, kind="eni", id="eni-1")))
    assert book.book().asked_for_after("born", 2) == set()
