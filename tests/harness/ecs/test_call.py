"""What the codes of refusals say to the set-up."""

from __future__ import annotations

import pytest
from eni_conformance.contract.common import is_full
from eni_conformance.harness import ecs


@pytest.mark.parametrize(
    ("code", "full"),
    [
        ("EniPerInstanceLimitExceeded", True), ("MaxEniCountExceeded.Limit", True), ("RequestLimitExceeded", False),
        ("Throttling.RateLimit", False), ("InvalidOperation.InvalidEniState", False), ("", False),
    ],
)  # fmt: skip
def test_a_code_on_limits_says_that_an_instance_is_full_unless_it_is_about_requests(code, full):
    assert is_full(code) is full


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("InvalidVSwitchId.NotFound", True),
        ("InvalidAction.NotFound", False),
        ("DependencyViolation", False),
        ("", False),
    ],
)
def test_what_is_not_there(code, absent):
    """Is told from an operation that is not there."""
    assert ecs.says_absent(code) == absent
