"""One emulator process for all tests; what a test switches on is switched off behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from emulator_client import Client
from processes import EMULATOR, listening


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    """The transitional states last a second, which no test waits for: `Client.settle` moves the clock."""
    with listening([*EMULATOR, "--port", "0", "--settle-ms", "1000"]) as (url, _):
        yield url


@pytest.fixture
def client(emulator_url: str) -> Iterator[Client]:
    made = Client(emulator_url)
    yield made
    made.control("fault", name=None)
    made.control("variant", name=None)
    made.control("wipe")
    made.close()
