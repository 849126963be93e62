"""The suite inside the user's own pytest: another directory, other settings, other tests, other plugins."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from packaged import run

SETTINGS = """\
[pytest]
addopts = --strict-markers -W error
python_files = check_*.py
python_functions = check_*
norecursedirs = *
"""
ONE_TEST = ("--eni-only", "E12", "--eni-seed", "1", "-k", "class_of_call")
"""A test that finds the fault of the fixture `faulty`."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of the user's with settings, a conftest.py, and packages that are called like parts of the suite."""
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    (tmp_path / "conftest.py").write_text("import conformance\n\n\ndef pytest_report_header():\n    return 'mine'\n")
    (tmp_path / "conformance").mkdir()
    (tmp_path / "conformance" / "__init__.py").write_text("")
    return tmp_path


def suite(installed: Path, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The user's pytest with the conformance tests."""
    return run(installed, folder, "python", "-m", "pytest", "--pyargs", "eni_conformance", *arguments)


def results(folder: Path) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((folder / "out" / "latest" / "results.json").read_text())
    return loaded


@pytest.mark.parametrize("more", [(), ("-n", "2", "-x"), ("-p", "no:cacheprovider", "-p", "no:randomly", "-x")])
def test_a_violation_is_a_failed_test(more: tuple[str, ...], installed: Path, faulty: Path, project: Path) -> None:
    """The failure names the requirement, and says what was sent, what came and what was admissible."""
    done = suite(installed, project, "--eni-target", faulty, *ONE_TEST, "--junitxml", "junit.xml", *more)
    assert done.returncode == 1, done.stdout + done.stderr
    (told,) = ET.parse(project / "junit.xml").getroot()
    assert [told.get(key) for key in ("tests", "failures", "errors")] == ["1", "1", "0"]
    (failure,) = told.iter("failure")
    assert (failure.text or "").startswith("ENI-DETACH-E12: ") and "admissible" in (failure.text or "")
    assert "mine" in done.stdout and "violated  ENI-DETACH-E12" in done.stdout


def test_collecting_starts_nothing(installed: Path, project: Path) -> None:
    done = suite(installed, project, "--co", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("::test_") > 100
    nothing = suite(installed, project, "-k", "there_is_no_such_test")
    assert nothing.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, nothing.stdout + nothing.stderr
    assert not (project / "out").exists()


def test_wrong_use_is_told_as_pytest_does(installed: Path, project: Path) -> None:
    for wrong in (
        ("--eni-target", "missing.toml"), ("--eni-only", "E99"), ("--eni-deviations", "missing.toml"),
        ("--eni-seed", "-1"), ("--eni-calls", "-5"), ("--eni-shard", "5/4"), ("--eni-shard", "x"), ("--eni-out", ""),
    ):  # fmt: skip
        done = suite(installed, project, *wrong)
        assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout + done.stderr
        assert wrong[1] in done.stderr and "Traceback" not in done.stdout + done.stderr
    assert not (project / "out").exists()


def test_a_known_deviation_is_an_expected_failure(installed: Path, faulty: Path, project: Path) -> None:
    entry = '[[deviation]]\nrequirement = "E12"\nreason = "old gateway"\nowner = "net"\nexpires = 2099-01-01\n'
    (project / "known.toml").write_text(entry)
    done = suite(installed, project, "--eni-target", faulty, *ONE_TEST, "--eni-deviations", "known.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 xfailed" in done.stdout


OWN = """\
import sys


def check_that_nothing_was_imported():
    mine = {name for name in sys.modules if name.startswith("eni_conformance")}
    allowed = ("eni_conformance", "conformance", "emulator", "entry", "pytest_plugin")
    assert {name for name in mine if name.rpartition(".")[2] not in allowed} == set()
    assert "hypothesis" not in sys.modules or "_hypothesis_pytestplugin" in sys.modules
    assert "uvicorn" not in sys.modules


def check_the_emulator(ecs_emulator, eni_target):
    assert ecs_emulator.url.startswith("http://127.0.0.1:")
    assert ecs_emulator.target.read_text()
    ecs_emulator.advance(60)
    assert eni_target.region == "cn-hangzhou"
    print("TARGET", eni_target.endpoint)
"""


def test_fixtures_for_tests_of_the_user(installed: Path, faulty: Path, project: Path) -> None:
    """In a session without conformance tests no run is opened, and nothing of the suite is imported before it is
    used."""
    (project / "check_mine.py").write_text(OWN)
    for more, endpoint in (((), "http://127.0.0.1:"), (("--eni-target", faulty), _endpoint(faulty))):
        done = run(installed, project, "python", "-m", "pytest", "check_mine.py", "-s", *more)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"TARGET {endpoint}" in done.stdout
    spread = run(installed, project, "python", "-m", "pytest", "check_mine.py", "-n", "2")
    assert spread.returncode == 0 and "2 passed" in spread.stdout, spread.stdout + spread.stderr
    assert not (project / "out").exists()


def _endpoint(target: Path) -> str:
    return next(line.split('"')[1] for line in target.read_text().splitlines() if line.startswith("endpoint"))


def test_tests_of_the_user_beside_conformance_tests(installed: Path, project: Path) -> None:
    """Their failure is not covered up by a run in which nothing is violated."""
    (project / "check_mine.py").write_text("def check_mine():\n    raise ValueError\n")
    both = suite(installed, project, "check_mine.py", "--eni-only", "E05", "-p", "no:cacheprovider")
    assert both.returncode == 1 and "1 failed, 2 passed" in both.stdout, both.stdout + both.stderr
    assert results(project)["run"]["exit"] == 0  # type: ignore[index]


def test_it_is_loaded_once(installed: Path, tmp_path: Path) -> None:
    """By the entry point, and by name as earlier versions asked for."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["eni_conformance.emulator.pytest_plugin"]\n')
    (tmp_path / "test_mine.py").write_text("def test_it(ecs_emulator):\n    assert ecs_emulator.callers\n")
    for more, environment in (((), {}), (("-p", "eni_conformance"), {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})):
        done = run(installed, tmp_path, "python", "-m", "pytest", *more, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
