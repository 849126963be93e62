"""The orders of the control protocol: what they must show, and what an answer to one tells."""

from __future__ import annotations

import pytest
from eni_conformance.harness.account import control_orders
from eni_conformance.harness.account.control_orders import Laid


@pytest.mark.parametrize(
    ("seen", "back", "problems", "untried"),
    [
        ({"Type": "Trunk"}, {"Type": "Secondary"}, set(), set()),
        ({"Type": "Trunk"}, {"Type": "Trunk"}, {"reset"}, set()),
        ({"Type": "Secondary"}, {"Type": "Secondary"}, {"eni.type"}, set()),
        ({"Status": "Available"}, {"Type": "Secondary"}, {"eni.type"}, set()),
        ({"Status": "Available"}, {"Status": "Available"}, set(), {"eni.type"}),
        ({}, {"Type": "Secondary"}, set(), {"eni.type"}),
        ({}, {}, set(), {"eni.type"}),
    ],
)
def test_what_is_shown_is_compared(seen, back, problems, untried):
    """A field that is never shown tells nothing."""
    found = control_orders.compare({"eni.type": Laid("Type", "Trunk")}, seen, back)
    assert tuple(map(set, found)) == (problems, untried)


def test_an_interface_that_is_hidden_is_told_by_its_status():
    """Not by what else was laid over it."""
    laid = {"eni.status": Laid("Status", "Deleting"), "eni.type": Laid("Type", "Trunk")}
    problems, untried = control_orders.compare(laid, {}, {"Status": "Available", "Type": "Secondary"})
    assert set(problems) == {"eni.status"} and set(untried) == {"eni.type"}


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        ("HTTP 400: no", True),
        ("HTTP 404: no reason given", True),
        ("the answer is no JSON object", True),
        ("HTTP 429: later", False),
        ("HTTP 500: no reason given", False),
        ("timeout: 10 s", False),
        ("", False),
    ],
)
def test_a_refusal_is_told_from_silence(problem, told):
    """Only an answer can be wrong."""
    assert control_orders.is_answer(problem) == told


def test_names():
    """As described, with the wrapper of lists taken off."""
    assert control_orders.names({"SecurityGroupIds": ["sg-1"], "VSwitchId": "vsw-1"}, "sg-1", "vsw-2") == (True, False)
    assert control_orders.names({}, "sg-1", "vsw-1") == (False, False)
