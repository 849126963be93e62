"""What all tests share: how much is drawn, what counts as a whole run, what begins first, and the command as a fixture.

Drawn tests have no deadline: they share their machine, and a slow moment is no defect.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import processes
import pytest
from hypothesis import settings
from processes import Finished

settings.register_profile("shared machine", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=20)
settings.register_profile("night", deadline=None, max_examples=1000)
if settings.get_current_profile_name() == "default":
    settings.load_profile("shared machine")

WHOLE = {
    "suite", "start_emulator",  # the command
    "desk", "job", "judged",  # the command, by a page of the documentation, by CI, on a foreign endpoint
    "caught", "plain",  # runs that tests share
    "wheel", "actionlint", "driver", "allure", "node_modules",  # builds, Node.js, a browser, Redis
}  # fmt: skip
"""Fixtures that start the command, or what pip does not install: their tests are marked `whole`. `make test FAST=1`
leaves them out."""
LONG = {
    "test_janitor", "test_hostile_runs", "test_control_check", "test_control_round", "test_control_steps",
    "test_emulator_sdks",
}  # fmt: skip
"""Files that make whole runs in their own process, or wait for an endpoint most of the time: they are marked, too."""
FIRST = (
    "foreign/test_foreign.py", "run/test_runs.py", "run/test_revisions.py", "run/test_faults.py",
    "docs/test_commands.py", "conformance/test_database.py",
)  # fmt: skip
"""Files that take longest. They begin first, then all others with whole runs: a worker that begins one of them last
would work alone at the end."""
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.stem in LONG or WHOLE & set(getattr(item, "fixturenames", ())):
            item.add_marker("whole")
    whole = {item.path for item in items if item.get_closest_marker("whole")}
    turn = {HERE / name: n for n, name in enumerate(FIRST)}
    items.sort(key=lambda item: turn.get(item.path, len(FIRST) + (item.path not in whole)))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes and long codes name no test: a compressed body holds the second it was made in, and all workers must
    collect the same names."""
    code = isinstance(val, str) and len(val) > 40 and " " not in val
    return argname if code or isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Finished]:
    """The quick run on the embedded emulator with a seed, made once for all tests of a session."""
    folder = tmp_path_factory.getbasetemp()
    return partial(processes.plain_run, folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., Finished]:
    """Runs the command in a directory of this test, and waits for it."""
    return partial(processes.finish, folder=tmp_path)


@pytest.fixture
def start_emulator(tmp_path: Path) -> Callable[..., AbstractContextManager[Path]]:
    """Starts an emulator with these arguments; gives its target file."""

    @contextmanager
    def started(*arguments: str) -> Iterator[Path]:
        target = tmp_path / "target.toml"
        with processes.emulator(target, *arguments):
            yield target

    return started
