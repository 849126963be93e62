"""Nothing is lost for CI: a target that cannot be used and a run that was killed leave page, junit.xml and summary."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from eni_conformance.conformance import unfinished
from eni_conformance.conformance.asked import Plan
from eni_conformance.harness.target import load_target
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


def junit(folder: Path) -> ET.Element:
    return ET.fromstring((folder / "junit.xml").read_text())


def test_a_killed_run_is_told_from_the_records_of_its_workers(killed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert unfinished.main(SimpleNamespace(directories=[str(killed)], history=None)) == 0
    made = files.load(killed)
    assert (made.run.exit, made.run.incomplete, made.run.seed, made.target.name) == (None, True, 7, "gone")
    assert [row.id for row in made.by_verdict("violated")] == ["ENI-DETACH-E12"]
    assert "Ended early: not fit for release" in (killed / "index.html").read_text()
    assert [case.get("type") for case in junit(killed).iter("error")] == ["incomplete"]
    assert str(killed / "index.html") in capsys.readouterr().out


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
    assert "ConnectionRefusedError" in (error.get("message") or "")
    assert step.read_text().startswith("## The target could not be used: nothing was judged\n")
