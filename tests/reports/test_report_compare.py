"""Two runs side by side, the history of many, and who breaks: pure functions over recorded results."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import report_samples
from eni_conformance.oracle import evidence
from eni_conformance.oracle.results import parse
from eni_conformance.reports import compare, history, impact


def _pair(**changes: tuple[str, int]) -> compare.Comparison:
    """Runs A and B, alike but for the verdict and judged calls of some requirements in B."""
    a = report_samples.results()
    b = copy.deepcopy(a)
    for requirement in b["requirements"]:
        short = requirement["id"].removeprefix("ENI-DETACH-")
        if short in changes:
            requirement["verdict"], requirement["judged"] = changes[short]
    return compare.compare(parse(a), parse(b))


def _ids(changes: tuple[compare.Change, ...]) -> list[str]:
    return [change.id.removeprefix("ENI-DETACH-") for change in changes]


def test_the_same_run_twice() -> None:
    same = _pair()
    assert not same.worse
    assert compare.headline(same) == "B is not worse: no verdict differs"
    assert not [shift for shift in same.shifts if shift.notable]


def test_groups() -> None:
    c = _pair(E01=("violated", 3), E02=("inconclusive", 3), E03=("known-deviation", 3), E17=("conforms", 3))
    assert _ids(c.newly_violated) == ["E01"]
    assert _ids(c.lost) == ["E02"]
    assert _ids(c.other) == ["E03"]
    assert _ids(c.gained) == ["E17"]
    assert c.worse
    back = compare.compare(c.b, c.a)
    assert _ids(back.fixed) == ["E01"]
    assert _ids(back.gained) == ["E02"]
    assert _ids(back.lost) == ["E17"]


def test_a_check_that_stopped_running_is_worse() -> None:
    for verdict in ("not-exercised", "inconclusive", "error"):
        assert _pair(S01=(verdict, 0)).worse
    hollow = _pair(S01=("conforms", 0))
    assert _ids(hollow.lost) == ["S01"]


def test_a_requirement_that_vanished_is_worse() -> None:
    a = report_samples.results()
    b = copy.deepcopy(a)
    gone = b["requirements"].pop(3)
    c = compare.compare(parse(a), parse(b))
    assert [(x.id, x.after) for x in c.lost] == [(gone["id"], "absent")]
    assert not compare.compare(parse(b), parse(a)).worse


def test_observations_times_and_precedence() -> None:
    a = report_samples.results()
    b = copy.deepcopy(a)
    b["observations"][0]["value"] = "refused"
    a["observations"][1].update(value="first (3)", counts={"first": 3})
    b["observations"][1].update(value="first (5)", counts={"first": 5})
    b["observations"][2]["id"] = "new question"
    b["latency"]["DetachNetworkInterface"] = [t * 3 for t in b["latency"]["DetachNetworkInterface"]]
    b["settle"]["detach"] = b["settle"]["detach"][:5]
    duel = b["atlas"][0]
    duel.update(a=duel["b"], b=duel["a"], winner=duel["b"] if duel["winner"] == duel["a"] else duel["a"], stable=True)
    c = compare.compare(parse(a), parse(b))
    assert c.observations == (("unknown-parameter", "ignored", "refused"),)
    assert c.observed_once == (("empty-instance-id", "A"), ("new question", "B"))
    assert [s.name for s in c.shifts if s.notable] == ["DetachNetworkInterface"]
    assert "settle: detach" not in [s.name for s in c.shifts]
    assert len(c.duels_differ) <= 1
    assert c.duels_shared == len(a["atlas"])
    assert not c.worse


def test_caveats() -> None:
    a = report_samples.results()
    b = copy.deepcopy(a)
    b["run"].update(revision="2024", effort="quick", exit=4)
    c = compare.compare(parse(a), parse(b))
    assert c.caveats == (
        "the revision of the page differs: 2019 and 2024",
        "the effort differs: standard and quick",
        "run B is incomplete",
    )


@pytest.mark.parametrize(("first", "second", "status"), [("passing", "violated", 1), ("violated", "passing", 0)])
def test_command(
    first: str, second: str, status: int, runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sub" / "compare.html"
    assert compare.main([str(runs[first]), str(runs[second] / "results.json"), "--out", str(out)]) == status
    text = capsys.readouterr().out
    assert ("B is worse: 6 newly violated, 2 no longer decided" in text) == bool(status)
    page = out.read_text(encoding="utf-8")
    assert "Content-Security-Policy" in page
    assert "ENI-DETACH-E12" in page


def test_command_with_hostile_runs(runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "compare.html"
    assert compare.main([str(runs["passing"]), str(runs["hostile"]), "--out", str(out)]) == 1
    assert "<img" not in out.read_text(encoding="utf-8")
    assert "\x1b" not in capsys.readouterr().out


def test_command_that_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "results.json").write_text("{")
    assert compare.main([str(tmp_path), str(tmp_path / "nowhere")]) == 2
    assert "not JSON" in capsys.readouterr().err


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
    assert [entry["run"] for entry in entries] == ["run-0", "run-1", "run-2"]
    assert entries[0]["counts"]["conforms"] == 49
    assert [entry["run"] for entry in history.read(out / history.LOCAL)] == ["run-0", "run-2"]
    assert all(len(line) < 1000 for line in file.read_text(encoding="utf-8").splitlines())


def test_history_survives_a_cut_line(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text('{"run": "old", "counts": {}, "target": "embedded"}\n{"run": "cut', encoding="utf-8")
    out = report_samples.write(tmp_path, (report_samples.results("new"), []))
    history.append(out, file)
    assert [entry["run"] for entry in history.read(file)] == ["old", "new"]


def _answer(status: int, code: str, *expected: tuple[int, str], **world: Any) -> evidence.Evidence:
    item = report_samples.evidence("X", "R", report_samples.results())
    item["observed"] = {"outcome": "answered", "status": status, "code": code, **world}
    item["expected"] = [{"status": s, "code": c} for s, c in expected]
    return evidence.parse(item)


@pytest.mark.parametrize(
    ("item", "clients"),
    [
        (_answer(400, "InvalidEniId.NotFound", (400, "X")), ["high Terraform provider alicloud", "high terway"]),
        (
            _answer(400, "Odd", (404, "InvalidEniId.NotFound")),
            ["high Terraform provider alicloud", "medium terway"],
        ),
        (_answer(200, "", (400, "InvalidOperation.InvalidEniState")), ["high Terraform provider alicloud"]),
        (_answer(200, "", (200, "")), []),
        (_answer(400, "Other", (400, "Another")), []),
        (_answer(400, "InvalidEniId.NotFound", (404, "InvalidEniId.NotFound")), []),
        (_answer(400, "Odd", (404, "InvalidEniId.NotFound"), (400, "InvalidOperation.InvalidRegion")), []),
        (_answer(404, "InvalidEniId.NotFound", (404, "InvalidEcsId.NotFound")), []),
        (
            _answer(503, "ServiceUnavailable", (200, "")),
            ["medium Terraform provider alicloud", "low aliyun-python-sdk-core"],
        ),
    ],
)
def test_who_breaks(item: evidence.Evidence, clients: list[str]) -> None:
    found = [f"{row.harm} {row.client}" for row in impact.of(item)]
    assert [client for client in clients if client in found] == clients
    assert bool(found) == bool(clients)


def test_every_impact_names_its_source() -> None:
    for row in impact.TABLE:
        assert row.repository.count("/") == 1
        assert "." in row.file
        assert row.effect[0].islower()
    assert json.dumps([row.effect for row in impact.TABLE])
