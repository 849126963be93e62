"""junit.xml: one test case per requirement, for the viewers of CI systems.

violated is a failure, error an error; inconclusive, not-exercised and known-deviation are skipped with the
reason. `conforms` without a judged call is skipped too. A run that ended early carries one more test case,
in error, because otherwise its file would read like a pass.

The document keeps to what both published schemas of the format allow, that of Ant and the stricter part of Jenkins's:
no attributes on the root, nothing but the outcome in a test case, output at the end of a suite.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path

from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.results import RequirementResult, Results
from eni_conformance.reports import causes, files, values, words
from eni_conformance.reports import evidence as ev

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TEXT_LIMIT = 8000


def write(out_dir: str | Path) -> Path:
    """Writes `junit.xml` into the output directory and returns its path. Raises OSError, ValueError."""
    out_dir = Path(out_dir)
    results = files.load(out_dir)
    items = causes.not_aside(results, files.load_evidence(out_dir)[0])
    return files.write_text(out_dir / "junit.xml", render(results, [item for _, item in items]))


def render(results: Results, items: list[Evidence]) -> str:
    """The document."""
    by_requirement: dict[str, list[Evidence]] = {}
    for item in items:
        for ident in (item.requirement, *item.also):
            by_requirement.setdefault(ident, []).append(item)
    root = ET.Element("testsuites")
    for kind, members in values.by_kind(results):
        suite = _suite(root, f"{values.OPERATION}.{kind or 'other'}", results)
        for requirement in members:
            _case(suite, results, requirement, by_requirement.get(requirement.id, []))
        _finish(suite, [_line(r) for r in members])
    if results.incomplete:
        suite = _suite(root, f"{values.OPERATION}.run", results)
        case = ET.SubElement(suite, "testcase", {"classname": suite.get("name", ""), "name": "run completed"})
        case.set("time", "0")
        note = results.run.note or "the run ended before everything was tried"
        ET.SubElement(case, "error", {"type": "incomplete", "message": _clean(note)})
        _finish(suite, [])
    if len(root):
        root[0].set("time", f"{max(0.0, results.run.seconds):.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, name: str, results: Results) -> ET.Element:
    """The host of a suite is the target: that is what was tested."""
    suite = ET.SubElement(root, "testsuite", {"name": _clean(name), "id": str(len(root)), "package": "eni-conformance"})
    suite.set("hostname", _clean(results.target.name).strip() or "target")
    suite.set("timestamp", _stamp(results.run.started))
    properties = ET.SubElement(suite, "properties")
    for key, value in (
        ("run", results.run.id),
        ("target", results.target.name),
        ("endpoint", results.target.endpoint),
        ("target version", results.target.version),
        ("revision", results.run.revision),
        ("seed", results.run.seed),
        ("judged by", values.judged_by(results)),
        ("command", results.run.command),
    ):
        if value not in (None, ""):
            ET.SubElement(properties, "property", {"name": key, "value": _clean(str(value))})
    return suite


def _line(requirement: RequirementResult) -> str:
    common = values.common(requirement)
    return f"{requirement.id}: {requirement.verdict}, judged calls {requirement.judged}" + (common and f", {common}")


def _case(suite: ET.Element, results: Results, requirement: RequirementResult, items: list[Evidence]) -> None:
    name = f"{requirement.id} {requirement.title}".strip()
    case = ET.SubElement(suite, "testcase", {"classname": suite.get("name", ""), "name": _clean(name), "time": "0"})
    reason = _clean(values.why(results, requirement))
    if requirement.verdict == "violated":
        # The message is the same in every run for the same finding: a viewer tells by it what is new.
        told = _clean(requirement.why) or "violated"
        failure = ET.SubElement(case, "failure", {"type": "violated", "message": told})
        failure.text = _clean("\n".join([reason, *(ev.text(item) for item in items[:3])])[:_TEXT_LIMIT])
    elif requirement.verdict == "error":
        ET.SubElement(case, "error", {"type": "suite-error", "message": reason or "the suite failed"})
    elif not requirement.passed:
        ET.SubElement(case, "skipped", {"message": _clean(values.told(results, requirement))})


def _finish(suite: ET.Element, output: list[str]) -> None:
    """Count the cases, and put down what a viewer shows beside them."""
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", "0")
    ET.SubElement(suite, "system-out").text = _clean("\n".join(output))
    ET.SubElement(suite, "system-err")


def _stamp(started: str | float) -> str:
    """ISO 8601 without a zone, as the schemas want it; the epoch when it cannot be told."""
    moment = words.moment(started) or datetime.fromtimestamp(0, UTC)
    return (moment.astimezone(UTC) if moment.tzinfo else moment).strftime("%Y-%m-%dT%H:%M:%S")


def _clean(text: str) -> str:
    """`text` with every character that XML 1.0 cannot hold replaced."""
    return _NOT_XML.sub("\ufffd", text)
