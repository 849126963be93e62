"""results.json: what is fixed is checked, what is added is kept, and nothing passes without a judged call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import report_samples
from eni_conformance.oracle.results import parse
from eni_conformance.reports import files, schemas, words

SCHEMA = json.loads(schemas.RESULTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", report_samples.SAMPLES)
def test_samples_are_valid(name: str, runs: dict[str, Path]) -> None:
    data = json.loads((runs[name] / "results.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, SCHEMA, jsonschema.Draft202012Validator)
    assert files.load(runs[name]).requirements


@pytest.mark.parametrize("path", schemas.schemas(), ids=lambda path: path.name)
def test_the_schema_in_the_repository_is_the_one_of_the_types(path: Path) -> None:
    """After a change of the types: python -m eni_conformance.reports.schemas"""
    assert path.read_text(encoding="utf-8") == schemas.schemas()[path]
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema", 2),
        ("run.id", KeyError),
        ("run.exit", "0"),
        ("target.endpoint", KeyError),
        ("requirements.0.verdict", "passed"),
        ("requirements.0.judged", 0),
        ("requirements.0.judged", -1),
        ("requirements.0.kind", "other"),
        ("requirements.0.evidence", "E01"),
        ("requirements.0.severity", "huge"),
        ("calls.DetachNetworkInterface", "12"),
        ("observations", KeyError),
        ("latency.DetachNetworkInterface", [-1]),
    ],
)
def test_schema_refuses(path: str, value: Any) -> None:
    data = report_samples.changed(report_samples.results(), path, value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA, jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", report_samples.SAMPLES)
def test_nothing_is_lost(name: str) -> None:
    """A later suite's additions survive being read and written by this one."""
    data, _ = report_samples.SAMPLES[name]()
    for at in (data, data["run"], data["target"], data["requirements"][3], data["observations"][0]):
        at["added-later"] = {"deep": [1, None, {"x": "y"}]}
    results = parse(data)
    again = json.loads(files.text(results))
    assert parse(again) == results
    assert again["run"]["added-later"] == again["requirements"][3]["added-later"] == {"deep": [1, None, {"x": "y"}]}


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


def test_quantiles_are_values_that_were_measured() -> None:
    assert words.quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert words.quantile([1.0], 0.95) == 1.0
