"""A pytest fixture for other suites; pytest finds it by itself where the package is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from eni_conformance.emulator.embed import Running


@pytest.fixture(scope="session")
def ecs_emulator() -> Iterator[Running]:
    """A running emulator, shared by the session; transitions are instant."""
    from eni_conformance.emulator.embed import running  # when it is used: pytest imports this file in every session

    with running(settle_ms=0) as emulator:
        yield emulator
