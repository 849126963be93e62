"""What a run owns is on disk before it exists, and nothing else is ever called its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from eni_conformance.harness.account import ledger
from eni_conformance.harness.account.ledger import Ledger, LimitReached, NotOurs


def opened(directory, worker="main", **options):
    return Ledger(directory, "run-000001", worker=worker, durable=False, **options)


def test_the_intent_is_on_disk_before_the_call(tmp_path):
    """Another process that reads the file at that moment sees it, with the token."""
    book = opened(tmp_path)
    number = book.intend("eni", "CreateNetworkInterface", "token-1")
    (announced,) = ledger.read(tmp_path).open
    assert (announced.kind, announced.action, announced.token, announced.id) == (
        "eni",
        "CreateNetworkInterface",
        "token-1",
        "",
    )
    book.made(number, "eni", "eni-1")
    after = ledger.read(tmp_path)
    assert not after.open and after.owned["eni-1"].token == "token-1" and after.run_id == "run-000001"
    book.close()


def test_only_what_was_created_is_ours(tmp_path):
    """Whatever text is asked about."""
    book = opened(tmp_path)
    book.made(book.intend("eni", "A", "t"), "eni", "eni-1")
    book.check("eni-1")
    for other in ("eni-2", "", "eni-1 ", "ENI-1", "*", "eni-1,eni-2"):
        with pytest.raises(NotOurs):
            book.check(other)
        assert not book.owns(other)


def test_a_refused_call_leaves_nothing(tmp_path):
    """And a number is closed once."""
    book = opened(tmp_path, limits={"eni": 1})
    number = book.intend("eni", "A", "t")
    book.refused(number, "eni", "QuotaExceeded")
    book.refused(number, "eni", "QuotaExceeded")
    assert not book.book().open
    book.intend("eni", "A", "t")
    with pytest.raises(LimitReached):
        book.intend("eni", "A", "t")


def test_limits_hold_for_all_workers_together(tmp_path):
    """An announced resource counts, an instance counts as an interface, too, and what is gone does not."""
    limits = {"instance": 2, "eni": 4}
    one, two = opened(tmp_path, "a", limits=limits), opened(tmp_path, "b", limits=limits)
    one.made(one.intend("instance", "RunInstances", "t"), "instance", "i-1")
    two.intend("instance", "RunInstances", "t")
    with pytest.raises(LimitReached, match="2 of at most 2 instances"):
        one.intend("instance", "RunInstances", "t")
    one.made(one.intend("eni", "C", "t"), "eni", "eni-1")
    two.made(two.intend("eni", "C", "t"), "eni", "eni-2")
    with pytest.raises(LimitReached, match="4 of at most 4 enis"):
        two.intend("eni", "C", "t")
    two.check("eni-1")
    two.gone("eni-1")
    one.intend("eni", "C", "t")
    one.intend("security_group", "C", "t")
    with pytest.raises(LimitReached):
        two.intend("eni", "C", "t")


def test_nothing_is_created_while_a_run_is_taken_down(tmp_path):
    """By no worker; what was under way may still be recorded."""
    one, two = opened(tmp_path, "a"), opened(tmp_path, "b")
    number = two.intend("eni", "C", "t")
    one.close_down()
    one.close_down()
    for book in (one, two, opened(tmp_path, "c")):
        with pytest.raises(LimitReached, match="taken down"):
            book.intend("eni", "C", "t")
    two.made(number, "eni", "eni-1")
    assert one.owns("eni-1")


def test_a_line_that_was_cut_off_is_passed_over(tmp_path):
    """At every octet of the last line; numbers go on after a restart."""
    book = opened(tmp_path)
    book.made(book.intend("eni", "A", "t"), "eni", "eni-1")
    book.close()
    path = tmp_path / "ledger-main.jsonl"
    data = path.read_bytes()
    last = data[:-1].rfind(b"\n") + 1
    for cut in range(last, len(data)):
        path.write_bytes(data[:cut])
        seen = ledger.read(tmp_path)
        assert (len(seen.open), len(seen.owned)) == (1, 0)
    path.write_bytes(data)
    again = opened(tmp_path)
    assert again.intend("eni", "A", "u") == 2
    again.adopt("vpc", "vpc-1")
    assert again.owns("eni-1") and again.owns("vpc-1")


def test_each_line_is_forced_to_the_disk_where_it_matters(tmp_path, monkeypatch):
    """An intent is durable when `intend` returns."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    book = Ledger(tmp_path, "run-000001")
    book.intend("eni", "A", "t")
    assert synced[-1] == (tmp_path / "ledger-main.jsonl").stat().st_size


def test_a_run_is_alive_until_its_process_ends(tmp_path):
    """However it ends."""
    code = (
        "import sys; from pathlib import Path; from eni_conformance.harness.account.ledger import Ledger; "
        "book = Ledger(Path(sys.argv[1]), 'run-alive01', durable=False); print('ready', flush=True); input()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "ready\n"
    assert ledger.is_alive("run-alive01")
    child.kill()
    child.wait()
    assert not ledger.is_alive("run-alive01") and not ledger.is_alive("run-never01")
    child.stdin.close()
    child.stdout.close()


@pytest.mark.parametrize("run_id", ["", "a", "../../etc", "run 1234", "x" * 80, "run/12345", ".hidden1"])
def test_run_ids_fit_tags_and_files(run_id, tmp_path):
    """Anything else is refused at once."""
    with pytest.raises(ValueError):
        Ledger(tmp_path, run_id)
