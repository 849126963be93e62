"""The summary in a terminal and on a page of CI: short, coloured where wanted, harmless."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import report_samples
from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.results import Results, parse
from eni_conformance.reports import (
    files,
    html,
    summary,
    values,
)
from report_samples import stored
from rich.text import Text


def test_terminal_summary(runs: dict[str, Path]) -> None:
    out = runs["violated"]
    text = summary.text(files.load(out), color=False, out_dir=out)
    assert "\x1b" not in text
    lines = text.splitlines()
    assert lines[1].startswith("Not fit for release: 6 of 51 requirements violated")
    what, read, repeat = lines[-3:]
    assert what.startswith("What    ENI-DETACH-E12 the primary interface was detached: answered 200, admissible: 400 ")
    assert read == f"Read    {out}/index.html#finding-E12-3f09a1"
    assert repeat == f"Repeat  eni-conformance replay {out}/evidence/E12-3f09a1.json --target target.toml"
    assert "(owner platform team, until 2027-01-31)" in re.sub(r"\s+", " ", text)


def test_terminal_colours_only_when_wanted(runs: dict[str, Path]) -> None:
    results = files.load(runs["violated"])
    coloured = summary.text(results, color=True, out_dir=runs["violated"])
    assert "\x1b[" in coloured
    assert Text.from_ansi(coloured).plain.split() == summary.text(results, out_dir=runs["violated"]).split()


def test_terminal_is_safe_from_the_target(runs: dict[str, Path]) -> None:
    text = summary.text(files.load(runs["hostile"]), color=False, out_dir=runs["hostile"])
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "{{7*7}}" in text


def test_terminal_of_quiet_runs(runs: dict[str, Path]) -> None:
    passing = summary.text(files.load(runs["passing"]), out_dir="out/latest")
    assert passing.splitlines()[-1] == "Report  out/latest/index.html"
    assert "control capability region.feature" in passing
    incomplete = summary.text(files.load(runs["incomplete"]), out_dir="out/latest")
    assert "Ended early: nothing violated so far" in incomplete
    assert summary.text(parse({"run": {"id": "x"}}))


def test_step_summary(runs: dict[str, Path]) -> None:
    text = summary.markdown(files.load(runs["violated"]), runs["violated"])
    assert text.startswith("## Not fit for release: 6 of 51 requirements violated\n")
    assert "| violated | `ENI-DETACH-E12` Refuses the primary interface | the primary interface was detached |" in text
    assert "eni-conformance replay" in text
    hostile = summary.markdown(files.load(runs["hostile"]), runs["hostile"])
    outside = re.sub(r"`[^`\n]*`", "", hostile)
    assert "<script" not in outside
    assert "<img" not in outside
    for row in (line for line in hostile.splitlines() if line.startswith("| violated | `")):
        assert len(re.findall(r"(?<!\\)\|", row)) == 4


def _results(**changes: Any) -> Results:
    return parse({"run": {"id": "x", "exit": 0}, **changes})


def _row(short: str = "E06", verdict: str = "conforms", **changes: Any) -> dict[str, Any]:
    return {"id": f"ENI-DETACH-{short}", "title": short, "kind": "error", "verdict": verdict, "judged": 12, **changes}


def _entry(short: str = "E11", tried: int = 2, failed_again: int = 2, **changes: Any) -> dict[str, Any]:
    again = {"tried": tried, "failed_again": failed_again}
    name = f"{short}.json"
    return {"requirement": short, "also": [], "evidence": name, "key": short, "count": 1, "again": again, **changes}


# --- the other formats -------------------------------------------------------------------------------


def test_terminal_and_step_summary_have_a_line_for_each_kind(runs: dict[str, Path]) -> None:
    results, _ = stored(runs["lenient"])
    told = re.sub(r"\s+", " ", summary.text(results, out_dir=runs["lenient"]))
    for line in (
        "2 rows conform by the common table: E02 404 InvalidAccessKeyId.NotFound or 403 Forbidden.AccessKeyDisabled, "
        "E06 403 Forbidden.RAM",
        "seen once, not again: 2 (F04; F05)",
        "may pass: 3 x 400 OperationConflict (DetachNetworkInterface)",
        "target: Control order eni.status: reset put the interface back",
        "target: XML does not work here",
        "seen once, not in 3 further tries: attaching the detached interface again",
    ):
        assert line in told
    text = summary.markdown(results, runs["lenient"]).replace("\\", "")
    assert "- 2 rows conform by the common table: E02 404" in text
    assert "- seen once, not again: 2 (F04" in text
    assert "- target: XML does not work here" in text


def test_what_no_reason_tells_is_told_in_the_line() -> None:
    entry = _entry("S01", 3, 0, summary="the answer was 409 Conflict")
    told = values.lines(_results(requirements=[_row("S01")], once=[entry]))
    assert [note.words for note in told] == ["seen once, not again: 1 (S01 the answer was 409 Conflict)"]


def _page(results: Results, items: list[tuple[str, Evidence]] | None = None) -> str:
    return report_samples.plain(html.render(results, items or []))


def test_requirements_with_one_reason_share_a_line_in_the_terminal() -> None:
    same = [{"id": f"ENI-DETACH-G0{n}", "verdict": "inconclusive", "reason": "set-up failed"} for n in range(1, 5)]
    text = summary.text(_results(requirements=[*same, {"id": "ENI-DETACH-E01", "verdict": "violated", "reason": "r"}]))
    assert text.count("set-up failed") == 1
    assert "ENI-DETACH-G01 and 3 more" in text
    assert "(also G02, G03, G04)" in text


def _last(results: Results) -> list[str]:
    return summary.text(results, out_dir="out/x").splitlines()[-3:]


def test_a_violated_run_ends_with_what_where_and_how_to_repeat(tmp_path: Path) -> None:
    bad = [{"id": "ENI-DETACH-E12", "verdict": "violated", "reason": "the primary interface was detached"}]
    assert _last(_results(requirements=bad)) == [
        "What    ENI-DETACH-E12 the primary interface was detached",
        "Read    out/x/index.html#finding-ENI-DETACH-E12",
        "Repeat  eni-conformance run -k ENI-DETACH-E12",
    ]
    data, items = report_samples.violated()
    for command, option in (
        ("eni-conformance run --target 'my target.toml' -n 2", " --target 'my target.toml'"),
        ("eni-conformance run --effort quick", ""),
        ("a 'broken command", ""),
    ):
        data["run"]["command"] = command
        out = report_samples.write(tmp_path, (data, items))
        repeat = summary.text(files.load(out), out_dir=out).splitlines()[-1]
        assert repeat == f"Repeat  eni-conformance replay {out}/evidence/E12-3f09a1.json{option}"


def test_a_deviation_that_is_not_needed_ends_the_same_way() -> None:
    stale = "the deviation ENI-DETACH-E11 of platform team is no longer needed: remove it"
    ok = [{"id": "ENI-DETACH-E11", "verdict": "conforms", "judged": 3}]
    run = {"id": "x", "exit": 1, "command": "eni-conformance run --deviations d.toml"}
    results = _results(run=run, requirements=ok, problems=[stale])
    assert _last(results) == [
        f"What    deviations: {stale}",
        "Read    out/x/index.html",
        "Repeat  eni-conformance run --deviations d.toml",
    ]
    assert "the deviations file is out of date" in _page(results)


class _Terminal:
    def __init__(self, tty: bool) -> None:
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty


def test_colours_only_where_they_are_wanted() -> None:
    wanted: Any = summary.colour_wanted
    assert wanted(_Terminal(True), {"TERM": "xterm"})
    assert wanted(_Terminal(True), {"NO_COLOR": ""})
    assert not wanted(_Terminal(True), {"NO_COLOR": "1"})
    assert not wanted(_Terminal(True), {"TERM": "dumb"})
    assert not wanted(_Terminal(False), {})
