"""A pytest fixture for other suites: `pytest_plugins = ["eni_conformance.emulator.pytest_plugin"]` in a conftest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eni_conformance.emulator.embed import Running, running


@pytest.fixture(scope="session")
def ecs_emulator() -> Iterator[Running]:
    """A running emulator, shared by the session; transitions are instant."""
    with running(settle_ms=0) as emulator:
        yield emulator
