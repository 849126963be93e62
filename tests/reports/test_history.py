"""The history of many runs: a line for each, and a cut line costs that line alone."""

from __future__ import annotations

import json
from pathlib import Path

import report_samples
from eni_conformance.reports import history


def test_history(tmp_path: Path) -> None:
    file = tmp_path / "ci" / "history.jsonl"
    out = tmp_path
    for n in range(3):
        data = report_samples.results(f"run-{n}")
        data["target"]["name"] = "one" if n != 1 else "another"
        out = report_samples.write(tmp_path, (data, []))
        history.append(out, file)
        history.append(out, file)
    entries = history.read(file)
    assert [entry.run for entry in entries] == ["run-0", "run-1", "run-2"]
    assert entries[0].counts["conforms"] == 49
    assert [entry.run for entry in history.read(out / history.LOCAL)] == ["run-0", "run-2"]
    assert all(len(line) < 1000 for line in file.read_text(encoding="utf-8").splitlines())


def test_history_survives_a_cut_line(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text('{"run": "old", "counts": {}, "target": "embedded"}\n{"run": "cut', encoding="utf-8")
    out = report_samples.write(tmp_path, (report_samples.results("new"), []))
    history.append(out, file)
    assert [entry.run for entry in history.read(file)] == ["old", "new"]


OLD = """\
{"run": "r-1", "started": "2025-01-01T00:00:00+00:00", "target": "embedded", "revision": "2019", "effort": "quick",\
 "seconds": 30.5, "exit": 1, "incomplete": false, "counts": {"violated": 1, "conforms": 70}, "judged": 900,\
 "violated": ["ENI-DETACH-E11"]}
"""
"""A line as it was written before lines were values."""


def test_a_line_of_an_older_suite_is_read_and_written_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text(OLD + '{"run": "no counts"}\n[]\n{"counts": 3}\n')
    (entry,) = history.read(file)
    assert (entry.run, entry.seconds, entry.exit, entry.violated) == ("r-1", 30.5, 1, ("ENI-DETACH-E11",))
    assert json.loads(history._text(entry)) == {**json.loads(OLD), "quiet": {}}
