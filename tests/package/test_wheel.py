"""The wheel: what is in it, and that its console script works from a clean virtual environment and directory."""

from __future__ import annotations

import email
import email.message
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaged import PARTS, ROOT, run

DATA = {".j2", ".json", ".css", ".js", ".ini", ".toml", ".typed"}


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
        "conformance/plan.json",
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
    entries = archive.read(f"{prefix}/entry_points.txt").decode()
    assert "eni-conformance = eni_conformance.command:main" in entries
    assert "[pytest11]\neni_conformance = eni_conformance.conformance.entry" in entries


@pytest.mark.parametrize("command", ["", "run", "doctor", "plan", "janitor", "replay", "compare", "prove", "drift"])
def test_help_teaches(command: str, installed: Path, tmp_path: Path) -> None:
    """Each help text has examples that can be copied, and says what the exit status means."""
    done = run(installed, tmp_path, "eni-conformance", *([command] if command else []), "--help")
    assert done.returncode == 0, done.stderr
    assert f"eni-conformance {command}".strip() in done.stdout
    assert "examples:" in done.stdout or "first steps:" in done.stdout
    if command not in ("doctor", "plan"):
        assert "exit status" in done.stdout


def test_a_run_from_an_empty_directory(installed: Path, tmp_path: Path) -> None:
    """The embedded emulator is started, judged, and the report is written; the source tree is not needed."""
    done = run(
        installed, tmp_path, "eni-conformance", "run", "--effort", "quick", "--seed", "1", "-n", "1", "-k", "E12"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    latest = tmp_path / "out" / "latest"
    results = json.loads((latest / "results.json").read_text())
    assert next(r["verdict"] for r in results["requirements"] if r["id"] == "ENI-DETACH-E12") == "conforms"
    assert results["suite"]["version"] in run(installed, tmp_path, "eni-conformance", "--version").stdout
    assert (latest / "index.html").stat().st_size > 10_000
    assert str(ROOT) not in (latest / "results.json").read_text()


def test_the_emulator_starts(installed: Path, tmp_path: Path) -> None:
    """Also as a command of its own."""
    assert "status-primary" in run(installed, tmp_path, "eni-conformance", "emulator", "--list-faults").stdout


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
    done = run(installed, tmp_path, "eni-conformance", *short, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_lands_beside_it(installed: Path) -> None:
    """The parts are found under the one name alone."""
    (site,) = (installed / "lib").glob("python*/site-packages")
    ours = {entry.name.partition("-")[0] for entry in site.iterdir()} - {"lent", "lent.pth"}
    assert ours == {"eni_conformance"}


def metadata_of(wheel: Path) -> email.message.Message:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(archive.read(name))


def test_what_an_index_shows_leads_somewhere(wheel: Path) -> None:
    """Pictures and links of the README are whole, and all addresses are below one."""
    metadata = metadata_of(wheel)
    assert metadata["Description-Content-Type"] == "text/markdown"
    home = dict(one.split(", ", 1) for one in metadata.get_all("Project-URL"))["Homepage"]
    links = re.findall(r"\]\(([^)#\s]+)\)", str(metadata.get_payload()))
    assert f"{home}/raw/main/docs/report.png" in links
    assert all(link.startswith(f"{home}/") for link in links), links
    for link in links:
        assert (ROOT / re.sub(rf"{re.escape(home)}/(raw|blob)/main/", "", link)).exists(), link


def test_the_place_of_the_project_is_one_variable(tmp_path: Path) -> None:
    """A build with another one names no placeholder."""
    shown = subprocess.run(
        [sys.executable, "setup.py", "--quiet", "--long-description"],
        cwd=ROOT, env={**os.environ, "ENI_CONFORMANCE_HOME": "https://code.example/suite"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "https://code.example/suite/raw/main/docs/report.png" in shown.stdout
    assert "your-organisation" not in shown.stdout


def test_the_package_alone_brings_what_a_foreign_target_needs(wheel: Path) -> None:
    """What the emulator, Allure and Redis need are extras."""
    needed = metadata_of(wheel).get_all("Requires-Dist")
    plain = {re.split("[<>=; ]", one)[0] for one in needed if "extra ==" not in one}
    extra = {one: re.findall(r'extra == "(\w+)"', one)[0] for one in needed if "extra ==" in one}
    assert {"hypothesis", "pytest", "pytest-xdist", "requests", "jinja2", "rich", "defusedxml"} <= plain
    assert not plain & {"starlette", "uvicorn", "httptools", "redis", "allure-python-commons"}
    assert {"emulator", "allure", "redis", "all"} <= set(extra.values())


def lacking(folder: Path, *modules: str) -> str:
    """A directory for PYTHONPATH in which these modules cannot be imported."""
    blocked = (
        f"import importlib.util, sys\nsys.modules.update(dict.fromkeys({modules}))\nfind = importlib.util.find_spec\n"
    )
    finder = f"importlib.util.find_spec = lambda name, *more: None if name in {modules} else find(name, *more)\n"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(blocked + finder)
    return str(folder)


def test_what_an_extra_lacks_is_told_where_it_is_asked_for(installed: Path, tmp_path: Path) -> None:
    without = lacking(tmp_path / "without", "starlette", "uvicorn", "httptools", "redis")
    for status, extra, command in (
        (3, "emulator", ("run", "--effort", "quick")),
        (3, "emulator", ("emulator", "--port", "0")),
        (2, "redis", ("run", "--database", "redis://127.0.0.1")),
    ):
        done = run(installed, tmp_path, "eni-conformance", *command, PYTHONPATH=without)
        assert done.returncode == status, done.stderr
        assert f"pip install 'eni-conformance[{extra}]'" in done.stderr and "\n" not in done.stderr.strip()


def test_a_report_that_an_extra_lacks_for_does_not_keep_the_others(installed: Path, tmp_path: Path) -> None:
    without = lacking(tmp_path / "without", "allure_commons")
    short = ("run", "--effort", "quick", "--seed", "1", "-n", "1", "-k", "E12")
    done = run(installed, tmp_path, "eni-conformance", *short, PYTHONPATH=without)
    assert done.returncode == 0 and "eni-conformance[allure]" in done.stderr, done.stderr
    made = {path.name for path in (tmp_path / "out" / "latest").iterdir()}
    assert {"index.html", "junit.xml"} <= made and "allure-results" not in made


def test_the_licence_is_everywhere(wheel: Path, shared: Path) -> None:
    """In the wheel, and in the archive of the sources, from which the same wheel can be built."""
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if name.endswith(("/licenses/LICENSE", "/licenses/NOTICE"))]
    (archive,) = (shared / "wheel").glob("*.tar.gz")
    with tarfile.open(archive) as sources:
        held = {name.partition("/")[2] for name in sources.getnames()}
    assert {"LICENSE", "NOTICE", "README.md", "pyproject.toml", "setup.py", "contract/detach.py"} <= held
