"""Nothing is lost for CI: a target that cannot be used and a run that was killed leave page, junit.xml and summary."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from eni_conformance.conformance import unfinished
from eni_conformance.conformance.asked import Plan
from eni_conformance.harness import journal
from eni_conformance.harness.journal import Journal
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.target import load_target
from eni_conformance.harness.values import Exchange, Request
from eni_conformance.oracle import tally
from eni_conformance.oracle.results import Again, Violation
from eni_conformance.oracle.tally import Record
from eni_conformance.reports import files
from processes import Finished

TARGET = """
name = "gone"
endpoint = "http://127.0.0.1:1"
region = "cn-hangzhou"
[callers.account]
access_key_id = "LTAIone"
access_key_secret = "secret"
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "gone.toml"
    path.write_text(TARGET)
    path.chmod(0o600)
    return path


@pytest.fixture
def killed(tmp_path: Path, target: Path) -> Path:
    """The directory of a run that was killed when it had found something."""
    folder = tmp_path / "20260501-101500-a1b2"
    (folder / "evidence").mkdir(parents=True)
    unfinished.begin(folder, Plan(target=str(target), seed=7), load_target(target), 0.0)
    found = Violation(requirement="E12", key="k", summary="The endpoint did it.", again=Again(2, 2))
    tally.write(folder, Record("gw0", judged={"E12": 9, "S04": 3}, provoked={"E12": 9}, violations=(found,)))
    return folder


def report(folder: Path) -> int:
    return unfinished.main(SimpleNamespace(directories=[str(folder)], history=None))


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_report_that_needs_an_extra_is_told_and_is_no_failure(
    killed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "allure_commons", None)
    assert report(killed) == 0
    assert "allure could not be written: pip install 'eni-conformance[allure]' makes it" in capsys.readouterr().err


@contextmanager
def room_for(octets: int) -> Iterator[None]:
    """A limit on the size of files stands for a disk that is nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the powers of root, to whom every folder is writable."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


def junit(folder: Path) -> ET.Element:
    return ET.fromstring((folder / "junit.xml").read_text())


def test_a_killed_run_is_told_from_the_records_of_its_workers(killed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert unfinished.main(SimpleNamespace(directories=[str(killed)], history=None)) == 0
    made = files.load(killed)
    assert (made.run.exit, made.run.incomplete, made.run.seed, made.target.name) == (None, True, 7, "gone")
    assert [row.id for row in made.by_verdict("violated")] == ["ENI-DETACH-E12"]
    page = (killed / "index.html").read_text()
    assert "Ended early: not fit for release" in page and "<dt>Took</dt><dd>not known</dd>" in page
    assert [case.get("type") for case in junit(killed).iter("error")] == ["incomplete"]
    assert str(killed / "index.html") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("keep", "left"), [("all", {"w-1", "w-2"}), ("failures", {"w-2"}), ("none", set[str]())]
)  # fmt: skip
@pytest.mark.parametrize("end", [report, lambda folder: unfinished.refused(folder, "gone")], ids=["killed", "refused"])
def test_only_the_exchanges_that_were_asked_for_stay(
    end: Callable[[Path], object], keep: str, left: set[str], tmp_path: Path, target: Path
) -> None:
    known = load_target(target)
    unfinished.begin(tmp_path, Plan(target=str(target), keep_wire=keep), known, 0.0)
    with Journal(journal.worker_path(tmp_path, "main"), Redactor(known)) as book:
        for n, status in ((1, 200), (2, 500)):
            sent = Request("DescribeRegions", "2014-05-26", "GET", "http://h/", (), (), b"", "account", "v1")
            book.write(Exchange(f"w-{n}", sent, float(n), 0.1, "answered", status))
    end(tmp_path)
    assert {path.name for path in tmp_path.glob("wire*")} == ({"wire.jsonl.gz"} if left else set())
    assert {one.id for path in tmp_path.glob("wire*") for one in journal.read(path)} == left
    assert files.load(tmp_path).calls == {"DescribeRegions": 2}


@pytest.mark.parametrize("end", [report, lambda folder: unfinished.refused(folder, "gone")], ids=["killed", "refused"])
def test_a_run_that_did_not_end_tells_the_version_that_its_target_told(
    end: Callable[[Path], object], tmp_path: Path, target: Path
) -> None:
    unfinished.begin(tmp_path, Plan(target=str(target)), load_target(target), 0.0, "ecs-like/1.4.2")
    end(tmp_path)
    assert files.load(tmp_path).target.version == "ecs-like/1.4.2"
    assert "ecs-like/1.4.2" in (tmp_path / "index.html").read_text()


def test_what_a_killed_run_had_not_tried_is_no_pass(killed: Path) -> None:
    made = unfinished.recovered(killed)
    row = next(r for r in made.requirements if r.id == "ENI-DETACH-E15")
    assert (row.verdict, row.reason) == ("not-exercised", unfinished.KILLED)


def test_the_reports_of_a_finished_run_are_made_from_its_results(killed: Path) -> None:
    unfinished.main(SimpleNamespace(directories=[str(killed)], history=None))
    before = (killed / "results.json").read_text()
    (killed / "index.html").unlink()
    assert unfinished.main(SimpleNamespace(directories=[str(killed)], history=None)) == 0
    assert (killed / "index.html").exists() and (killed / "results.json").read_text() == before


@pytest.mark.parametrize("room", [0, 2000])
def test_a_full_disk_is_one_line_and_nothing_half_written(
    room: int, killed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the results could be written; with room for them later all is there."""
    before = names(killed)
    with room_for(room):
        assert report(killed) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"eni-conformance report: {killed}: cannot be written (File too large)"
    assert names(killed) - before <= {"wire.jsonl.gz"}
    assert report(killed) == 0 and {"index.html", "junit.xml", "badge.svg"} <= names(killed)


def test_a_disk_that_is_full_after_the_results_is_one_line_too(
    killed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What has no room is not there, what was there before is still whole, and no half of it looks like a run."""
    assert report(killed) == 0
    page = (killed / "index.html").read_text()
    (killed / "badge.svg").unlink()
    (killed / "junit.xml").unlink()
    capsys.readouterr()
    with room_for(300):
        assert report(killed) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"eni-conformance report: {killed}: junit, badge, html, allure could not be written: File too large"
    )
    assert not {"junit.xml", "badge.svg"} & names(killed) and (killed / "index.html").read_text() == page
    assert not [name for name in names(killed) if name.endswith((".part", "-result.json"))]


def test_a_folder_that_may_not_be_written_is_one_line(target: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="not-ours-"))
    try:
        unfinished.begin(folder, Plan(target=str(target), seed=7), load_target(target), 0.0)
        before = names(folder)
        folder.chmod(0o555)
        with as_nobody():
            assert report(folder) == 3
        (line,) = capsys.readouterr().err.splitlines()
        assert line == f"eni-conformance report: {folder}: cannot be written (Permission denied)"
        assert names(folder) == before
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_directory_that_cannot_be_reported_keeps_no_other_from_it(
    killed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = SimpleNamespace(directories=[str(tmp_path / "none"), str(killed)], history=None)
    assert unfinished.main(told) == 2
    assert (killed / "index.html").exists() and "is no output directory" in capsys.readouterr().err


def test_a_directory_that_is_no_run_is_said_to_be_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert unfinished.main(SimpleNamespace(directories=[str(tmp_path)], history=None)) == 2
    assert "is no output directory of a run" in capsys.readouterr().err


def test_a_dead_target_leaves_page_junit_and_summary(
    target: Path, tmp_path: Path, suite: Callable[..., Finished]
) -> None:
    step = tmp_path / "step.md"
    ended = suite("run", "--target", target, "--effort", "quick", GITHUB_STEP_SUMMARY=str(step))
    assert ended.status == 3
    folder = ended.folder / "latest"
    assert json.loads((folder / "results.json").read_text())["run"]["exit"] == 3
    assert "The target could not be used" in (folder / "index.html").read_text()
    (error,) = junit(folder).iter("error")
    assert "refused (Connection refused)" in (error.get("message") or "")
    assert step.read_text().startswith("## The target could not be used: nothing was judged\n")


@pytest.mark.parametrize(
    ("denied", "key", "code"),
    [("", "LTAIunknownToAll", "InvalidAccessKeyId.NotFound"), ('"DescribeRegions"', "", "Forbidden.RAM"),
     ('"CreateSecurityGroup"', "", "Forbidden.RAM")],
)  # fmt: skip
def test_a_refused_set_up_leaves_page_junit_and_summary(
    denied: str, key: str, code: str, start_emulator: Callable[..., Any], tmp_path: Path, suite: Callable[..., Finished]
) -> None:
    """The first call is refused, because nobody has the key or the permission lacks; or a later one is."""
    callers, step = tmp_path / "callers.toml", tmp_path / "step.md"
    keys = 'access_key_id = "LTAIknown"\naccess_key_secret = "its-secret"'
    callers.write_text(f'[callers.account]\n{keys}\nkind = "ram"\ndenied = [{denied}]\n')
    with start_emulator("--callers", str(callers)) as target:
        target.write_text(target.read_text().replace("LTAIknown", key or "LTAIknown"))
        ended = suite("run", "--target", target, "--effort", "quick", GITHUB_STEP_SUMMARY=str(step))
    assert (ended.status, "Traceback" in ended.said) == (3, False), ended.said
    folder = ended.folder / "latest"
    assert code in ended.err and code in json.loads((folder / "results.json").read_text())["run"]["note"]
    page = (folder / "index.html").read_text()
    assert "The target could not be used: nothing was judged" in page and code in page
    assert json.loads((folder / "results.json").read_text())["run"]["seconds"] > 0
    (error,) = junit(folder).iter("error")
    assert (error.get("type"), code in (error.get("message") or "")) == ("incomplete", True)
    assert step.read_text().startswith("## The target could not be used: nothing was judged\n")
    assert code in step.read_text().replace("\\", "")
