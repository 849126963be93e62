"""Every exchange is on disk when it is over, and an older or damaged journal is read as far as it goes."""

from __future__ import annotations

import gzip
import json

from eni_conformance.harness import journal
from eni_conformance.harness.journal import Journal
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.values import Exchange, Request

SENT = Request("DetachNetworkInterface", "2014-05-26", "GET", "http://h/", (("a", "\udcff"),), (), b"", "account", "v1")
OLD = """{"id": "w-1", "sent": {"action": "DescribeRegions", "version": "2014-05-26", "method": "GET", "url": "http://h/",
 "pairs": [["RegionId", "r"]], "headers": [], "body": "", "caller": "account", "signing": "v1"}, "at": 5.0,
 "seconds": 0.1, "outcome": "answered", "status": 200, "headers": [["A", "b"]], "body": "{}"}""".replace("\n", "")
"""A line as it was written before an exchange was told that it was sent again."""


def exchange(number, at=1.0, **more):
    return Exchange(f"w-{number}", SENT, at, 0.1, "answered", 200, "OK", (("A", "b"),), b"\xff{}", **more)


def written(path, *exchanges, secrets=()):
    with Journal(path, Redactor(None, list(secrets))) as book:
        for one in exchanges:
            book.write(one)
    return path


def test_what_was_written_is_read_back(tmp_path):
    one, two = exchange(1), exchange(2, detail="late")
    assert list(journal.read(written(tmp_path / "a.gz", one, two))) == [one, two]


def test_an_exchange_can_be_read_while_the_worker_goes_on(tmp_path):
    book = Journal(tmp_path / "a.gz", Redactor())
    book.write(exchange(1))
    assert [one.id for one in journal.read(tmp_path / "a.gz")] == ["w-1"]
    book.close()
    book.close()
    book.write(exchange(2))
    assert [one.id for one in journal.read(tmp_path / "a.gz")] == ["w-1"]


def test_a_file_that_was_cut_off_is_read_up_to_its_last_line(tmp_path):
    path = written(tmp_path / "a.gz", *(exchange(n) for n in range(5)))
    path.write_bytes(path.read_bytes()[:-15])
    read = [one.id for one in journal.read(path)]
    assert read and read == [f"w-{n}" for n in range(len(read))]


def test_a_worker_that_was_started_again_appends(tmp_path):
    written(tmp_path / "a.gz", exchange(1))
    assert [one.id for one in journal.read(written(tmp_path / "a.gz", exchange(2)))] == ["w-1", "w-2"]


def test_a_line_of_an_older_suite_is_read_and_one_that_is_none_passed_over(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(f'{OLD}\n{{"id": 3}}\nnonsense\n'.encode()))
    (one,) = journal.read(tmp_path / "a.gz")
    assert (one.id, one.sent.action, one.status, one.body) == ("w-1", "DescribeRegions", 200, b"{}")
    assert (one.attempts, one.resent, one.throttled) == (1, False, False)


def test_nothing_secret_is_written(tmp_path):
    path = written(tmp_path / "a.gz", exchange(1, detail="with a-secret-of-mine inside"), secrets=["a-secret-of-mine"])
    assert b"a-secret-of-mine" not in gzip.decompress(path.read_bytes())


def test_the_journals_of_all_workers_are_one_in_order_of_time(tmp_path):
    written(journal.worker_path(tmp_path, "a"), exchange(1, 1.0), exchange(4, 4.0))
    written(journal.worker_path(tmp_path, "b"), exchange(2, 2.0), exchange(3, 3.0))
    sent = journal.merge(tmp_path, tmp_path / "all.gz")
    assert sent == {"DetachNetworkInterface": 4}
    assert [one.id for one in journal.read(tmp_path / "all.gz")] == ["w-1", "w-2", "w-3", "w-4"]
    assert json.loads(next(journal.read_lines(tmp_path / "all.gz")))["at"] == 1.0
