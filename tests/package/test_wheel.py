"""The wheel: what is in it, and that its console script works from a clean virtual environment and directory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("contract", "strategies", "harness", "oracle", "conformance", "reports", "emulator", "eni_conformance")
DATA = {".j2", ".json", ".css", ".js", ".ini", ".toml", ".typed"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what is under version control, so that nothing else can slip in."""
    source = tmp_path_factory.mktemp("source")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, cwd=out, timeout=120)
    assert built.returncode == 0, built.stdout + built.stderr
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean virtual environment with the wheel in it; its dependencies are lent by this one, without the network."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", str(wheel)], check=True, timeout=120)
    (site,) = (folder / "lib").glob("python*/site-packages")
    lent = site / "lent"
    lent.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        ours = "eni_conformance" in entry.name or entry.suffix == ".pth" or entry.name in PARTS
        if not ours and entry.name != "__pycache__":
            (lent / entry.name).symlink_to(entry)
    (site / "lent.pth").write_text(str(lent) + "\n")
    return folder


def run(folder: Path, cwd: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """more: variables of the environment."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL", "GITHUB", "PYTEST"))}
    environment |= more
    command = [str(folder / "bin" / "eni-conformance"), *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


def test_it_holds_what_it_needs_and_nothing_else(wheel: Path) -> None:
    """Every module and data file of the five parts under version control; no tests, no docs."""
    listed = subprocess.run(["git", "ls-files", *PARTS], cwd=ROOT, capture_output=True, text=True, check=True)
    wanted = {n for n in listed.stdout.split() if (ROOT / n).is_file() and Path(n).suffix in {".py", *DATA}}
    wanted |= {n for n in listed.stdout.split() if n.endswith("py.typed")}
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {n if n.startswith("eni_conformance/") else f"eni_conformance/{n}" for n in wanted}
    assert names == wanted, names ^ wanted
    for one in ("reports/page.html.j2", "reports/page.css", "reports/page.js", "reports/results.schema.json"):
        assert f"eni_conformance/{one}" in names
    for one in (
        "conformance/run.ini",
        "harness/account/plan.json",
        "conformance/py.typed",
        "reports/evidence.schema.json",
    ):
        assert f"eni_conformance/{one}" in names


def test_its_metadata(wheel: Path) -> None:
    """Name, licence, console script; what development alone needs is an extra."""
    archive = zipfile.ZipFile(wheel)
    (prefix,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
    metadata = archive.read(f"{prefix}/METADATA").decode()
    assert "Name: eni-conformance" in metadata
    assert "License-Expression: Apache-2.0" in metadata
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert not [line for line in needed if any(tool in line for tool in ("ruff", "mypy", "selenium", "redis"))]
    assert (
        "eni-conformance = eni_conformance.conformance.cli:main" in archive.read(f"{prefix}/entry_points.txt").decode()
    )


@pytest.mark.parametrize("command", ["", "run", "doctor", "plan", "janitor", "replay", "compare", "prove", "drift"])
def test_help_teaches(command: str, installed: Path, tmp_path: Path) -> None:
    """Each help text has examples that can be copied, and says what the exit status means."""
    done = run(installed, tmp_path, *([command] if command else []), "--help")
    assert done.returncode == 0, done.stderr
    assert f"eni-conformance {command}".strip() in done.stdout
    assert "examples:" in done.stdout or "first steps:" in done.stdout
    if command not in ("doctor", "plan"):
        assert "exit status" in done.stdout


def test_a_run_from_an_empty_directory(installed: Path, tmp_path: Path) -> None:
    """The embedded emulator is started, judged, and the report is written; the source tree is not needed."""
    done = run(installed, tmp_path, "run", "--effort", "quick", "--seed", "1", "-n", "1", "-k", "E12")
    assert done.returncode == 0, done.stdout + done.stderr
    latest = tmp_path / "out" / "latest"
    results = json.loads((latest / "results.json").read_text())
    assert next(r["verdict"] for r in results["requirements"] if r["id"] == "ENI-DETACH-E12") == "conforms"
    assert results["suite"]["version"] in run(installed, tmp_path, "--version").stdout
    assert (latest / "index.html").stat().st_size > 10_000
    assert str(ROOT) not in (latest / "results.json").read_text()


def test_the_emulator_starts(installed: Path, tmp_path: Path) -> None:
    """Also as a command of its own."""
    assert "status-primary" in run(installed, tmp_path, "emulator", "--list-faults").stdout


def test_nothing_of_the_user_gets_in_its_way(installed: Path, tmp_path: Path) -> None:
    """Files of the user that are called like a part of the package, here and in PYTHONPATH, are never imported."""
    trap = "raise SystemExit('a file of the user was imported')\n"
    for name in PARTS[:-1]:
        (tmp_path / f"{name}.py").write_text(trap)
    for name in ("conformance", "harness"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(trap)
    (tmp_path / "conftest.py").write_text(trap)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    short = ("run", "--effort", "quick", "--seed", "1", "-n", "2", "-k", "E12")
    done = run(installed, tmp_path, *short, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_lands_beside_it(installed: Path) -> None:
    """The parts are found under the one name alone."""
    (site,) = (installed / "lib").glob("python*/site-packages")
    ours = {entry.name.partition("-")[0] for entry in site.iterdir()} - {"lent", "lent.pth"}
    assert ours == {"eni_conformance"}
