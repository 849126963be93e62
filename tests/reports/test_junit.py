"""junit.xml: valid for every viewer, skips are never passes, hostile text does no harm."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import report_samples
import xmlschema
from eni_conformance.oracle.results import Results, parse
from eni_conformance.reports import allure, files, html, junit, summary, write_all
from report_samples import allure_results, junit_cases, stored

NAMES = list(report_samples.SAMPLES)


def _junit(out: Path) -> ET.Element:
    return ET.fromstring((out / "junit.xml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    """The common part of the published schemas of Ant and of Jenkins's xunit plugin."""
    return xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))


@pytest.mark.parametrize("name", NAMES)
def test_junit_is_valid_for_ci_viewers(name: str, runs: dict[str, Path], schema: xmlschema.XMLSchema) -> None:
    assert [str(error) for error in schema.iter_errors(runs[name] / "junit.xml")] == []


def test_junit_of_a_run_that_hardly_began_is_valid(schema: xmlschema.XMLSchema) -> None:
    schema.validate(junit.render(parse({"run": {"id": "x"}}), []))
    schema.validate(junit.render(_hollow(), []))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("<testsuites>", '<testsuites skipped="4">'),
        (' type="violated"', ""),
        ("<system-err />", ""),
        ("<properties>", "<system-out /><properties>"),
        ('name="run"', 'name=""'),
        ('timestamp="2026-11-24T10:15:00"', 'timestamp="2026-11-24T10:15:00Z"'),
        ("<failure ", "<skipped /><failure "),
    ],
)
def test_the_junit_schema_refuses_what_some_viewer_refuses(
    right: str, wrong: str, runs: dict[str, Path], schema: xmlschema.XMLSchema
) -> None:
    text = (runs["violated"] / "junit.xml").read_text(encoding="utf-8")
    assert right in text
    assert not schema.is_valid(text.replace(right, wrong))


@pytest.mark.parametrize("name", NAMES)
def test_junit_counts_its_cases(name: str, runs: dict[str, Path]) -> None:
    for suite in _junit(runs[name]):
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute, "")) == sum(case.find(tag) is not None for case in cases)


def _total(root: ET.Element) -> list[int]:
    return [sum(int(s.get(k, "")) for s in root) for k in ("tests", "failures", "errors", "skipped")]


def test_junit_outcomes(runs: dict[str, Path]) -> None:
    root = _junit(runs["violated"])
    assert _total(root) == [51, 6, 1, 4]
    cases = junit_cases(runs["violated"])
    failure = cases["ENI-DETACH-E12"].find("failure")
    assert failure is not None
    assert "eni-conformance replay" in (failure.text or "")
    known = cases["ENI-DETACH-R03"].find("skipped")
    assert known is not None
    assert known.get("message") == (
        "known deviation, owner platform team, until 2027-01-31: HostId is missing from errors"
    )
    missing = cases["ENI-DETACH-E17"].find("skipped")
    assert missing is not None
    assert "instance.eni_limit" in (missing.get("message") or "")


def test_junit_of_an_incomplete_run_is_red(runs: dict[str, Path]) -> None:
    root = _junit(runs["incomplete"])
    (case,) = [case for case in root.iter("testcase") if case.get("name") == "run completed"]
    error = case.find("error")
    assert error is not None
    assert error.get("message") == "interrupted after 31 s"
    passed = [c for c in root.iter("testcase") if not {e.tag for e in c} & {"failure", "error", "skipped"}]
    assert len(passed) == 17


def _hollow() -> Results:
    return parse({"run": {"id": "x", "exit": 0}, "requirements": [{"id": "A", "verdict": "conforms"}]})


def test_no_judged_call_is_no_pass_anywhere(tmp_path: Path) -> None:
    assert 'skipped="1"' in junit.render(_hollow(), [])
    (tmp_path / "results.json").write_text(files.text(_hollow()))
    (result,) = allure_results(allure.write(tmp_path).parent).values()
    assert result["status"] == "skipped"
    assert "0 conforms" in summary.text(_hollow())
    assert "not counted as a pass" in summary.text(_hollow())


def test_reasons_of_violations_say_how_often_they_were_seen_again(runs: dict[str, Path]) -> None:
    results, _ = stored(runs["confirmed"])
    told = re.sub(r"\s+", " ", summary.text(results, out_dir=runs["confirmed"]))
    assert "the primary interface was detached (again 2 of 2)" in told
    assert "a lone quotation mark in OwnerAccount was answered 500 (once)" in told
    cases = junit_cases(runs["confirmed"])
    failure = cases["ENI-DETACH-M03"].find("failure")
    assert failure is not None
    assert "again" not in (failure.get("message") or "") and (failure.text or "").splitlines()[0].endswith(
        "(again 3 of 5)"
    )
    assert allure_results(runs["confirmed"])["ENI-DETACH-E12"]["statusDetails"]["message"] == (
        "violated: the primary interface was detached (again 2 of 2)"
    )


def test_a_row_with_what_was_seen_once_is_skipped_with_that_reason(runs: dict[str, Path]) -> None:
    for name in ("lenient", "confirmed"):
        skipped = junit_cases(runs[name])["ENI-DETACH-F04"].find("skipped")
        assert skipped is not None
        assert (skipped.get("message") or "").startswith("inconclusive: seen once, not in 3 further tries: attaching")
        result = allure_results(runs[name])["ENI-DETACH-F04"]
        assert result["status"] == "unknown"
        assert {step["status"] for step in result["steps"]} == {"unknown"}


def test_what_was_seen_once_is_no_failure_of_another_row(tmp_path: Path) -> None:
    """A row that is violated by something else does not show it among its failures."""
    data, items = report_samples.violated()
    items += report_samples.refused_once(data)
    for requirement in data["requirements"]:
        if requirement["id"] == "ENI-DETACH-S01":
            requirement.update(verdict="violated", reason="accepted")
    out = report_samples.write(tmp_path, (data, items))
    assert write_all(out).problems == {}
    failure = junit_cases(out)["ENI-DETACH-S01"].find("failure")
    assert failure is not None
    assert "409 Conflict" not in (failure.text or "")
    assert all("409 Conflict" not in step["name"] for step in allure_results(out)["ENI-DETACH-S01"].get("steps", []))


def test_junit_and_allure_name_the_common_table(runs: dict[str, Path]) -> None:
    text = (runs["lenient"] / "junit.xml").read_text(encoding="utf-8")
    assert "ENI-DETACH-E06: conforms, judged calls" in text
    assert ", by the common table: 403 Forbidden.RAM (12)" in text
    assert "by the common table: 403 Forbidden" in allure_results(runs["lenient"])["ENI-DETACH-E06"]["description"]


def test_junit_and_page_tell_the_version_that_the_target_tells() -> None:
    """An older file has none, and nothing is made up."""
    run = {"run": {"id": "x"}, "requirements": [{"id": "ENI-DETACH-E01", "verdict": "conforms", "judged": 3}]}
    told, untold = parse({**run, "target": {"version": "ecs/2.3"}}), parse(run)
    assert '<property name="target version" value="ecs/2.3" />' in junit.render(told, [])
    assert "target version" not in junit.render(untold, [])
    assert "ecs/2.3" in html.render(told, []) and "not told by the target" in html.render(untold, [])
