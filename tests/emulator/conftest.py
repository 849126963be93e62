"""One emulator process for all tests; what a test switches on is switched off behind it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from emulator_client import Client


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    """The transitional states last a second, which no test waits for: `Client.settle` moves the clock."""
    command = [sys.executable, "-m", "eni_conformance.emulator", "--port", "0", "--settle-ms", "1000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("LISTENING "), line
        yield line.split()[1]
        process.terminate()


@pytest.fixture
def client(emulator_url: str) -> Iterator[Client]:
    made = Client(emulator_url)
    yield made
    made.control("fault", name=None)
    made.control("variant", name=None)
    made.control("wipe")
    made.close()
