"""What pytest loads wherever this package is installed: options, and fixtures by name.

The rest comes with the first conformance test, so that a session without one is neither slower nor different: pytest
imports this file at the start of each of its sessions, and it must not import the suite, its libraries or the emulator.
"""

from __future__ import annotations

import argparse
import glob
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from eni_conformance.harness.target import Target

PACKAGE = "eni_conformance"
HERE = Path(__file__).resolve().parent
PLUGIN = f"{PACKAGE}.conformance.plugin"
EMBEDDED = "embedded"
REVISIONS = ("2019", "2024")
EFFORTS = ("quick", "standard", "deep")
KEEP_WIRE = ("none", "failures", "all")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `eni-conformance run`, each a field of Plan."""
    add = parser.getgroup("eni-conformance", "conformance of DetachNetworkInterface").addoption
    add("--eni-target", metavar="FILE", default=EMBEDDED, help="target file (default: the embedded emulator)")
    add("--eni-revision", choices=REVISIONS, help="revision of the page (default: 2024 of the real service, else 2019)")
    add("--eni-effort", default="quick", choices=EFFORTS, help="how much is tried")
    add("--eni-seed", type=int, help="seed of everything that is drawn (default: a new one)")
    add("--eni-out", metavar="DIR", default="out", help="directory for the results of runs (default: out)")
    add("--eni-deviations", metavar="FILE", default="", help="TOML file of known deviations")
    add("--eni-first-violation", action="store_true", help="end at the first violation")
    add("--eni-strict", action="store_true", help="the page alone counts, not the common table")
    add("--eni-only", metavar="REQUIREMENT", default="", help="only these requirements, such as E12 or E12,S01")
    add("--eni-allow-plain-http", action="store_true", help="allow http to hosts other than this machine")
    add("--eni-database", metavar="WHERE", default="", help="shared examples: a directory, redis://..., github:O/R")
    add("--eni-calls", metavar="N", type=int, default=0, help="so many calls at most, what finds most first")
    add("--eni-shard", metavar="I/N", default="", help="only this part of N; join the parts with merge")
    add("--eni-keep-wire", default="all", choices=KEEP_WIRE, help="which exchanges stay on disk (default: all)")
    add("--eni-last", metavar="DIR", default="", help=argparse.SUPPRESS)
    add("--eni-history", metavar="FILE", default="", help="file that keeps a line for each run")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Where conformance tests are asked for, load what runs them. `--pyargs eni_conformance` means their folder."""
    if config.getoption("pyargs"):
        config.args[:] = [str(HERE) if arg == PACKAGE else arg for arg in config.args]
    if asked_for(config):
        load(config)


def asked_for(config: pytest.Config) -> bool:
    """Whether an argument of the session names conformance tests: their folder, a file or a test in it."""
    places = [arg.partition("::")[0] for arg in config.args]
    if config.getoption("pyargs") and any(place.startswith(f"{PACKAGE}.") for place in places):
        return True
    folder = config.invocation_params.dir
    return any((folder / place).resolve().is_relative_to(HERE) for place in places)


def asked_for_all(config: pytest.Config) -> bool:
    """Whether an argument of the session names the whole folder of conformance tests, or one above it."""
    folder = config.invocation_params.dir
    return any(HERE.is_relative_to((folder / arg).resolve()) for arg in config.args)


def load(config: pytest.Config) -> None:
    """Load the plugin, once. The files of conformance tests are tests, whatever the user's python_files says."""
    if not config.pluginmanager.has_plugin(PLUGIN):
        config.addinivalue_line("python_files", f"{glob.escape(str(HERE))}/test_*.py")
        config.pluginmanager.import_plugin(PLUGIN)


class ConformanceTests(pytest.Module):
    """A file of conformance tests: found, named and imported in the same way whatever the user's settings are."""

    def _getobj(self) -> Any:
        return importlib.import_module(f"{PACKAGE}.conformance.{self.path.stem}")

    def funcnamefilter(self, name: str) -> bool:
        return name.startswith("test_")


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """A file of conformance tests; they need the plugin even where only a folder above them was named."""
    if module_path.parent.name != HERE.name or module_path.resolve().parent != HERE:
        return None
    load(parent.config)
    made: ConformanceTests = ConformanceTests.from_parent(parent, path=module_path)
    return made


@pytest.fixture(scope="session")
def eni_target(request: pytest.FixtureRequest) -> Target:
    """The target of --eni-target, read and checked; without that option, the emulator of the fixture ecs_emulator."""
    from eni_conformance.harness.target import TargetError, load_target

    told = request.config.getoption("eni_target")
    file = request.getfixturevalue("ecs_emulator").target if told == EMBEDDED else Path(told)
    try:
        return load_target(file, allow_plain_http=request.config.getoption("eni_allow_plain_http"))
    except TargetError as error:
        pytest.fail(str(error), pytrace=False)
