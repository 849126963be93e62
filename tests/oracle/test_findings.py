"""Kinds of finding: what a reader of a run must know of each."""

from __future__ import annotations

import inspect

import pytest
from eni_conformance.oracle import findings
from eni_conformance.oracle.findings import (
    AfterSuccess,
    Failed,
    Finding,
    NeededAsking,
    NoAnswer,
    OtherFormat,
    RepeatedId,
    Shape,
    StaysDetaching,
    WrongAnswer,
)

KINDS = [kind for _, kind in inspect.getmembers(findings, inspect.isclass) if issubclass(kind, Finding)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_has_a_title_of_its_own(kind):
    assert kind.title and [other for other in KINDS if other.title == kind.title] == [kind]


@pytest.mark.parametrize(
    ("finding", "clocked"),
    [
        (NoAnswer("B02", "s", "c", outcome="timeout"), True),
        (NoAnswer("B02", "s", "c", outcome="reset"), False),
        (AfterSuccess("F02", "s", "c", slow=True), True),
        (AfterSuccess("F02", "s", "c"), False),
        (StaysDetaching("F02", "s", "c"), True),
        (NeededAsking("F02", "s", "c"), True),
        (WrongAnswer("E11", "s", "c"), False),
    ],
)
def test_what_rests_on_a_clock(finding, clocked):
    assert finding.clocked is clocked


def test_a_failure_is_one_of_the_service():
    assert {kind for kind in KINDS if kind.failure} == {Failed, NoAnswer}


@pytest.mark.parametrize("kind", [Shape, OtherFormat, RepeatedId])
def test_two_answers_of_another_shape_are_the_same_violation(kind):
    """Whichever of them is seen again."""
    assert kind("R01", "s", "c").kind is Shape
