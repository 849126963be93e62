"""The command line that a run is made of."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from eni_conformance.conformance.run import arguments

PLAIN = {
    "target": None, "workers": 1, "revision": "2019", "effort": "quick", "out": "out", "seed": None, "deviations": "",
    "requirement": "", "first_violation": False,
}  # fmt: skip


def flags(**more):
    return arguments(SimpleNamespace(**{**PLAIN, **more}))


@pytest.mark.parametrize(
    ("option", "flag"),
    [(name, "--eni-" + name.replace("_", "-")) for name in ("strict", "first_violation", "allow_plain_http")],
)
def test_what_is_switched_on_is_handed_to_the_tests_and_nothing_else_is(option, flag):
    assert flag not in flags() and flag not in flags(**{option: False})
    assert flags(**{option: True}) == [*flags(), flag]


def test_the_flag_is_not_one_that_pytest_or_a_plug_in_may_have():
    """`--strict` is pytest's own."""
    assert "--strict" not in flags(strict=True)
