"""results.json: what is fixed is checked, what is added is kept, and nothing passes without a judged call."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import report_samples
from eni_conformance.reports import model

SCHEMA = json.loads(model.SCHEMA_FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", report_samples.SAMPLES)
def test_samples_are_valid(name: str, runs: dict[str, Path]) -> None:
    data = json.loads((runs[name] / "results.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, SCHEMA, jsonschema.Draft202012Validator)
    assert model.load(runs[name]).requirements


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def _break(data: Any, path: str, value: Any) -> dict[str, Any]:
    data = copy.deepcopy(data)
    at = data
    *front, last = path.split(".")
    for key in front:
        at = at[int(key)] if isinstance(at, list) else at[key]
    if value is KeyError:
        del at[last]
    else:
        at[last] = value
    return data


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
    data = _break(report_samples.results(), path, value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA, jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", report_samples.SAMPLES)
def test_nothing_is_lost(name: str, tmp_path: Path) -> None:
    """A later suite's additions survive being read and written by this one."""
    data, _ = report_samples.SAMPLES[name]()
    for at in (data, data["run"], data["target"], data["requirements"][3], data["observations"][0]):
        at["added-later"] = {"deep": [1, None, {"x": "y"}]}
    results = model.parse(data)
    again = json.loads(model.dump(results, tmp_path / "results.json").read_text(encoding="utf-8"))
    assert model.parse(again) == results
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
        model.parse({"run": {"id": "x"}, **change})


def test_the_smallest_file_is_enough() -> None:
    """A run that crashed early has written next to nothing."""
    results = model.parse({"run": {"id": "x"}})
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
    assert model.parse({"run": {"id": "x", **run}, "requirements": [requirement]}).incomplete is incomplete


def test_conforms_without_a_judged_call_is_no_pass() -> None:
    results = model.parse({"run": {"id": "x"}, "requirements": [{"id": "A", "verdict": "conforms", "judged": 0}]})
    (requirement,) = results.requirements
    assert not requirement.passed
    assert results.counts()["conforms"] == 0
    assert results.counts()["not-exercised"] == 1
    assert "no call was judged" in requirement.why


def test_samples_of_a_distribution() -> None:
    assert model.samples((0.1, 2, True, "x", float("nan"))) == [0.1, 2.0]
    assert model.samples(([0.1, 2], [0.5, 1], [1, 0])) == [0.1, 0.1, 0.5]
    assert len(model.samples(([0.1, 10**9], [0.5, 1]))) < 2100
    assert model.quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert model.quantile([1.0], 0.95) == 1.0
