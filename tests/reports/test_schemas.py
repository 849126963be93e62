"""The schemas of what a run writes are those of the types, and the files hold to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import report_samples
from eni_conformance.oracle.results import parse
from eni_conformance.reports import files, schemas

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
