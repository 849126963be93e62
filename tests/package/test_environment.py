"""What the user has set for pytest, or has lying about, does not reach the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from packaged import run

TRAP = "raise SystemExit('a file of the user was imported')\n"
ADDOPTS = "-x -k nothing --no-such-option"
FILES = {
    "tox.ini": f"[pytest]\naddopts = {ADDOPTS}\n",
    "setup.cfg": f"[tool:pytest]\naddopts = {ADDOPTS}\n",
    "pyproject.toml": f'[tool.pytest.ini_options]\naddopts = "{ADDOPTS}"\n',
    "pytest.ini": f"[pytest]\naddopts = {ADDOPTS}\n",
}


def judges_as_ever(installed: Path, folder: Path, *workers: str, **environment: str) -> None:
    """A short run ends as it does in an empty directory."""
    command = ("eni-conformance", "run", "--seed", "1", "-k", "E05", *workers)
    done = run(installed, folder, *command, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((folder / "out" / "latest" / "results.json").read_text())
    (row,) = (row for row in results["requirements"] if row["id"] == "ENI-DETACH-E05")
    assert row["verdict"] == "conforms" and row["judged"] > 10


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTEST_ADDOPTS": ADDOPTS},
        {"PYTEST_PLUGINS": "no_such_module"},
        {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        {"PYTEST_THEME": "no-such-theme", "PYTEST_XDIST_AUTO_NUM_WORKERS": "none"},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_variables_for_pytest(environment: dict[str, str], installed: Path, tmp_path: Path) -> None:
    judges_as_ever(installed, tmp_path, **environment)


def test_variables_for_pytest_reach_no_worker_either(installed: Path, tmp_path: Path) -> None:
    judges_as_ever(installed, tmp_path, "-n", "2", PYTEST_ADDOPTS=ADDOPTS, PYTEST_PLUGINS="no_such_module")


@pytest.mark.parametrize("name", FILES)
def test_settings_here_and_above(name: str, installed: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    for folder in (tmp_path, here):
        (folder / name).write_text(FILES[name])
        (folder / "conftest.py").write_text(TRAP)
    judges_as_ever(installed, here)


def test_packages_of_the_same_name(installed: Path, tmp_path: Path) -> None:
    """In PYTHONPATH, and in the directory: there even those of the standard library that workers import first."""
    for name in ("conformance", "emulator", "conftest", "harness"):
        (tmp_path / "path" / name).mkdir(parents=True)
        (tmp_path / "path" / name / "__init__.py").write_text(TRAP)
    for name in ("emulator", "queue", "uvicorn", "execnet"):
        (tmp_path / f"{name}.py").write_text(TRAP)
    judges_as_ever(installed, tmp_path, "-n", "2", PYTHONPATH=str(tmp_path / "path"))
    listed = run(installed, tmp_path, "eni-conformance", "emulator", "--list-faults")
    assert "status-primary" in listed.stdout, listed.stderr


def test_a_plugin_that_is_installed_beside_it(installed: Path, tmp_path: Path) -> None:
    """A plugin that pytest would load by itself, and that lets no test run."""
    beside = tmp_path / "beside"
    (beside / "trap-1.0.dist-info").mkdir(parents=True)
    (beside / "trap-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: trap\nVersion: 1.0\n")
    (beside / "trap-1.0.dist-info" / "entry_points.txt").write_text("[pytest11]\ntrap = trap\n")
    (beside / "trap.py").write_text("def pytest_collection_modifyitems(items):\n    items.clear()\n")
    loaded = run(installed, tmp_path, "python", "-m", "pytest", "--version", "--version", PYTHONPATH=str(beside))
    assert "trap-1.0" in loaded.stdout, loaded.stdout + loaded.stderr
    judges_as_ever(installed, tmp_path, PYTHONPATH=str(beside))
