"""Time that only sleeping moves."""

from __future__ import annotations

import pytest
from called import FakeTime


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()
