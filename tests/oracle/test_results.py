"""results.json: what is fixed is checked, what is added is kept, and nothing passes without a judged call."""

from __future__ import annotations

from typing import Any

import pytest
from eni_conformance.oracle.results import parse


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"run": None}, "results.run"),
        ({"run": {"id": 3}}, "results.run.id"),
        ({"run": {}}, "results.run"),
        ({"requirements": [{"id": "A", "judged": "1"}]}, r"results.requirements\[0\].judged"),
        ({"requirements": [{"id": "A", "verdict": "fine"}]}, "fine"),
        ({"calls": []}, "results.calls"),
        ({"schema": 7}, "schema"),
    ],
)
def test_unreadable_results_name_the_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ValueError, match=place):
        parse({"run": {"id": "x"}, **change})


def test_the_smallest_file_is_enough() -> None:
    """A run that crashed early has written next to nothing."""
    results = parse({"run": {"id": "x"}})
    assert results.incomplete
    assert sum(results.counts().values()) == 0


@pytest.mark.parametrize(
    ("run", "verdict", "incomplete"),
    [
        ({"exit": 0}, "conforms", False),
        ({"exit": 0, "incomplete": True}, "conforms", True),
        ({"exit": None}, "conforms", True),
        ({"exit": 4}, "conforms", True),
        ({"exit": 4}, "error", False),
    ],
)
def test_incomplete(run: dict[str, Any], verdict: str, incomplete: bool) -> None:
    requirement = {"id": "A", "verdict": verdict, "judged": 1}
    assert parse({"run": {"id": "x", **run}, "requirements": [requirement]}).incomplete is incomplete


def test_conforms_without_a_judged_call_is_no_pass() -> None:
    results = parse({"run": {"id": "x"}, "requirements": [{"id": "A", "verdict": "conforms", "judged": 0}]})
    (requirement,) = results.requirements
    assert not requirement.passed
    assert results.counts()["conforms"] == 0
    assert results.counts()["not-exercised"] == 1
    assert "no call was judged" in requirement.why
