"""Allure results at the level of requirements: epic, feature, requirement, and what was done for it.

One result per requirement, so that Allure's tree is the vendor page's. Failures carry the steps arrange,
call, observe and judge, and bounded attachments, because a single-file Allure report becomes unusable when
it is heavy. File names follow from the run and the requirement, so writing twice gives the same files.

Durations are those that were measured: of a failure, its history up to the call, and the call; of a requirement
without one, the median answer. One call serves many requirements, so that the time of a requirement is not known.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import uuid
from pathlib import Path
from typing import Any

from allure_commons import model2 as allure_model
from attr import asdict
from eni_conformance.contract.codec import plain
from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.results import RequirementResult, Results
from eni_conformance.reports import causes, files, values, words
from eni_conformance.reports import evidence as ev
from eni_conformance.reports.summary import plain_markdown
from eni_conformance.reports.words import percent, seconds, short

ATTACHMENT_LIMIT = 32_000
EVIDENCE_PER_REQUIREMENT = 3
TOTAL_LIMIT = 4_000_000
_SPACE = uuid.UUID("6f1a5c0e-7b3c-4d0b-9f53-2a8d1c9e4b10")
_STATUS = {
    "violated": allure_model.Status.FAILED,
    "error": allure_model.Status.BROKEN,
    "inconclusive": allure_model.Status.UNKNOWN,
    "not-exercised": allure_model.Status.SKIPPED,
    "known-deviation": allure_model.Status.SKIPPED,
}
_CATEGORIES = [
    {"name": "Violated", "matchedStatuses": ["failed"]},
    {"name": "Known deviations", "matchedStatuses": ["skipped"], "messageRegex": "(?s)known deviation.*"},
    {"name": "The suite itself failed", "matchedStatuses": ["broken"]},
    {"name": "Inconclusive", "matchedStatuses": ["unknown"]},
    {"name": "Not exercised", "matchedStatuses": ["skipped"]},
]


class _Sink:
    """Writes the files of one run, and keeps the attachments within the limit."""

    def __init__(self, directory: Path, run: str) -> None:
        self.directory, self.run, self.left = directory, run, TOTAL_LIMIT
        directory.mkdir(parents=True, exist_ok=True)
        self.clear()

    def clear(self) -> None:
        """Remove what a run has written there."""
        for pattern in ("*-result.json", "*-container.json", "*-attachment.*"):
            for stale in self.directory.glob(pattern):
                stale.unlink()

    def name(self, *parts: str) -> str:
        return str(uuid.uuid5(_SPACE, "\0".join((self.run, *parts))))

    def attach(self, key: str, title: str, text: str, kind: str, suffix: str) -> Any | None:
        """An attachment, cut to the limit; None when the run's share is used up."""
        if len(text) > ATTACHMENT_LIMIT:
            text = text[:ATTACHMENT_LIMIT] + "\n\u2026 cut; the whole is in the evidence file\n"
            kind, suffix = "text/plain", "txt"
        if len(text) > self.left:
            return None
        self.left -= len(text)
        source = f"{self.name(key, title)}-attachment.{suffix}"
        files.write_text(self.directory / source, text)
        return allure_model.Attachment(name=title, source=source, type=kind)

    def result(self, result: Any) -> None:
        data = asdict(result, filter=lambda _, value: bool(value) or value is False)
        name = result.file_pattern.format(prefix=result.uuid)
        files.write_text(self.directory / name, json.dumps(data))


def write(out_dir: str | Path) -> Path:
    """Writes `allure-results/` into the output directory and returns it. Raises OSError, ValueError."""
    out_dir = Path(out_dir)
    results = files.load(out_dir)
    items, _ = files.load_evidence(out_dir)
    sink = _Sink(out_dir / "allure-results", results.run.id)
    try:
        _write(sink, results, items)
    except OSError:  # half of the results would look like a whole run
        sink.clear()
        raise
    return sink.directory


def _write(sink: _Sink, results: Results, items: list[tuple[str, Evidence]]) -> None:
    start = _start(results)
    aside = {name for name, _ in items} - {name for name, _ in causes.not_aside(results, items)}
    for order, requirement in enumerate(results.requirements):
        mine = [(n, e) for n, e in items if requirement.id in (e.requirement, *e.also)]
        if requirement.verdict != "inconclusive":
            mine = [entry for entry in mine if entry[0] not in aside]
        mine.sort(key=lambda entry: (entry[1].requirement != requirement.id, -(entry[1].certainty or 0)))
        sink.result(_result(results, requirement, mine, sink, start + order))
    files.write_text(sink.directory / "environment.properties", _properties(results))
    files.write_text(sink.directory / "categories.json", json.dumps(_CATEGORIES, indent=1) + "\n")
    executor = {"name": "eni-conformance", "type": "eni-conformance", "buildName": results.run.id}
    if os.environ.get("GITHUB_ACTIONS") == "true":
        url = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"
        with contextlib.suppress(KeyError):
            executor.update(name="GitHub Actions", type="github", buildUrl=url.format_map(os.environ))
    files.write_text(sink.directory / "executor.json", json.dumps(executor, indent=1) + "\n")


def _result(
    results: Results,
    requirement: RequirementResult,
    items: list[tuple[str, Evidence]],
    sink: _Sink,
    at: int,
) -> Any:
    feature = values.FEATURES.get(requirement.kind, requirement.kind or "Other")
    full_name = f"{values.OPERATION}.{requirement.id}"
    status = allure_model.Status.PASSED if requirement.passed else _STATUS.get(requirement.verdict)
    result = allure_model.TestResult(
        uuid=sink.name(requirement.id),
        name=f"{requirement.id} {short(requirement.title, 200)}",
        fullName=full_name,
        historyId=_digest(full_name, results.target.name),
        testCaseId=_digest(full_name),
        titlePath=[values.OPERATION, feature],
        status=status or allure_model.Status.SKIPPED,
        stage="finished",
        start=at,
        stop=at,
        description=_description(requirement),
        statusDetails=allure_model.StatusDetails(
            message=short(values.told(results, requirement), 1000) or None,
            known=requirement.verdict == "known-deviation" or None,
            trace=ev.text(items[0][1])[:6000] if items and requirement.verdict == "violated" else None,
        ),
        labels=_labels(results, requirement, feature),
        parameters=_parameters(results, requirement),
    )
    if items:
        until = at
        for name, item in items[:EVIDENCE_PER_REQUIREMENT]:
            result.steps.append(_story(name, item, requirement, sink, until))
            until = result.steps[-1].stop
        if len(items) > EVIDENCE_PER_REQUIREMENT:
            more = len(items) - EVIDENCE_PER_REQUIREMENT
            result.steps.append(_step(f"{more} more failures in the run's evidence directory", "skipped", until))
        result.stop = until
    elif requirement.judged:
        result.steps = _summed(results, requirement, str(result.status), at)
        result.stop = result.steps[-1].stop
    return result


def _labels(results: Results, requirement: RequirementResult, feature: str) -> list[Any]:
    """What Allure groups and filters by."""
    return [
        allure_model.Label(name=name, value=short(value, 200))
        for name, value in (
            ("epic", values.OPERATION),
            ("feature", feature),
            ("story", requirement.code or requirement.title or requirement.id),
            ("requirement", requirement.id),
            ("severity", requirement.severity or "normal"),
            ("parentSuite", values.OPERATION),
            ("suite", feature),
            ("tag", requirement.verdict),
            ("host", results.target.name),
            ("framework", "eni-conformance"),
            ("language", "python"),
        )
        if value
    ]


def _parameters(results: Results, requirement: RequirementResult) -> list[Any]:
    """What is shown beside the name; what differs from run to run does not tell two histories apart."""
    return [
        allure_model.Parameter(name=name, value=short(str(value), 200), excluded=excluded or None)
        for name, value, excluded in (
            ("HTTP status", requirement.http, False),
            ("code", requirement.code, False),
            ("revision", results.run.revision, False),
            ("judged calls", requirement.judged, True),
            ("seed", results.run.seed, True),
            ("effort", results.run.effort, True),
        )
        if value not in (None, "")
    ]


def _summed(results: Results, requirement: RequirementResult, status: str, at: int) -> list[Any]:
    """The four steps of a requirement without a failure, for all its calls together."""
    strength = requirement.strength
    worlds = f" in {strength.worlds} worlds" if strength else ""
    forms = f", {strength.wire_forms} wire forms, {strength.callers} callers" if strength else ""
    times = (results.latency or {}).get(values.OPERATION, ())
    median = words.quantile(times, 0.5) if times else 0.0
    each = f", {seconds(median)} each (median of all)" if times else ""
    ok = allure_model.Status.PASSED if requirement.passed else status
    end = at + round(1000 * median)
    return [
        _step(f"arrange: {short(requirement.how or 'as the requirement says', 200)}{worlds}", "passed", at),
        _step(f"call: {requirement.judged} judged calls{forms}{each}", "passed", at, end),
        _step("observe: every answer and the world around it", "passed", end),
        _step(f"judge: {requirement.verdict}", ok, end),
    ]


def _story(name: str, item: Evidence, requirement: RequirementResult, sink: _Sink, at: int) -> Any:
    failed = _STATUS.get(requirement.verdict, allure_model.Status.FAILED)
    began, ended = _span(item, at)
    arrange = _step("arrange: the world before the call", "passed", at, began)
    call = _step("call: " + _call(item), "passed", began, ended)
    observe = _step("observe: " + short(ev.answer(item), 200), "passed", ended)
    judge = _step("judge: admissible was " + short(ev.admissible(item.expected), 400), failed, ended)
    wanted = [
        (arrange, "world before", _json(item.world_before), "application/json", "json"),
        (arrange, "scenario", _json(plain(item.scenario, brief=True)), "application/json", "json"),
        (call, "exchange", _json(item.exchange), "application/json", "json"),
        (observe, "world after", _json(item.world_after), "application/json", "json"),
        (judge, "explanation", ev.text(item), "text/plain", "txt"),
    ]
    wanted += [
        (judge, f"repeat with {tool}", text, "text/plain", "txt") for tool, text in ev.reproductions(item, name).items()
    ]
    for step, title, text, kind, suffix in wanted:
        if text:
            attachment = sink.attach(f"{requirement.id}/{name}", title, text, kind, suffix)
            if attachment is not None:
                step.attachments.append(attachment)
    story = _step(short(item.did or item.summary, 200) or name, failed, at, ended)
    story.steps = [arrange, call, observe, judge]
    return story


def _span(item: Evidence, at: int) -> tuple[int, int]:
    """When the judged call of a failure began and ended, in milliseconds, if its first step began at `at`."""
    mine = item.exchange.id if item.exchange else None
    before = [m for m in item.history if m.at is not None]
    last = next((m for m in before if mine and m.note == mine), before[-1] if before else None)
    began = at + round(1000 * max(0.0, last.at or 0.0)) if last else at
    taken = item.exchange.seconds if item.exchange else last.seconds if last else 0.0
    return began, began + max(1, round(1000 * (taken or 0.0)))


def _step(name: str, status: str, start: int, stop: int | None = None) -> Any:
    return allure_model.TestStepResult(
        name=name, status=status, stage="finished", start=start, stop=start if stop is None else stop
    )


def _call(item: Evidence) -> str:
    if item.exchange is None:
        return f"a history of {len(item.history)} steps"
    sent = item.exchange.sent
    return short(f"{sent.method} {sent.action} " + " ".join(f"{n}={v}" for n, v in sent.pairs), 300)


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(plain(value), indent=1)


def _description(requirement: RequirementResult) -> str:
    lines = [plain_markdown(requirement.title)]
    for label, value in (
        ("Section of the vendor page", requirement.section),
        ("Who says so", requirement.source),
        ("How it is provoked", requirement.how),
        ("Would need", requirement.missing),
        ("Beside the page", values.common(requirement)),
    ):
        if value:
            lines.append(f"{label}: {plain_markdown(value)}")
    if requirement.strength and requirement.passed:
        bound = requirement.strength.bound
        if bound is not None and percent(bound):
            lines.append(f"A defect in more than {percent(bound)} of such cases would have been seen (95 %).")
        if requirement.strength.unproven:
            lines.append("Unproven: these checks have never caught a known fault.")
    return "\n\n".join(line for line in lines if line)


def _properties(results: Results) -> str:
    told = {
        "target": results.target.name,
        "endpoint": results.target.endpoint,
        "target version": results.target.version,
        "region": results.target.region,
        "revision": results.run.revision,
        "effort": results.run.effort,
        "seed": results.run.seed,
        "run": results.run.id,
        "incomplete": results.incomplete or None,
        "judged by": values.judged_by(results),
        "python": results.environment.python if results.environment else None,
        "platform": results.environment.platform if results.environment else None,
    }
    lines = []
    for key, value in told.items():
        if value not in (None, ""):
            text = short(str(value), 300).replace("\\", "\\\\").replace("\n", " ")
            lines.append(f"{key}={text}")
    return "\n".join(lines) + "\n"


def _start(results: Results) -> int:
    """Start of the run in milliseconds.

    Each result starts a millisecond after the one before, so that Allure keeps the order of the page.
    """
    started = words.moment(results.run.started)
    return int(started.timestamp() * 1000) if started else 0


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
