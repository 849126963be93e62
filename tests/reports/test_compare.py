"""Two runs side by side: a pure function over recorded results."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import report_samples
from eni_conformance.oracle.results import Results, parse
from eni_conformance.reports import compare


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


FORBIDDEN_RAM = [{"answer": "403 Forbidden.RAM", "n": 12}]


def _results(**changes: Any) -> Results:
    return parse({"run": {"id": "x", "exit": 0}, **changes})


def _row(short: str = "E06", verdict: str = "conforms", **changes: Any) -> dict[str, Any]:
    return {"id": f"ENI-DETACH-{short}", "title": short, "kind": "error", "verdict": verdict, "judged": 12, **changes}


# --- two runs ----------------------------------------------------------------------------------------


def test_another_table_is_a_note_and_no_change_of_the_verdict() -> None:
    page, common = (
        parse({"run": {"id": "x", "exit": 0}, "requirements": [row]})
        for row in (_row(provoked=4), _row(by_common=FORBIDDEN_RAM, provoked=0))
    )
    found = compare.compare(page, common)
    assert not found.worse
    assert found.tables == (("ENI-DETACH-E06", "by the page -> by the common table (403 Forbidden.RAM)"),)
    assert compare.headline(found) == "B is not worse: no verdict differs"
    assert "ENI-DETACH-E06  by the page -> by the common table (403 Forbidden.RAM)" in compare.text(found)
    assert "by the page -&gt; by the common table" in compare.page(found)
    assert compare.compare(common, common).tables == ()


def test_a_strict_run_and_another_are_hard_to_compare() -> None:
    strict, other = (_results(run={"id": "x", "exit": 0, "strict": s}) for s in (True, False))
    (caveat,) = compare.compare(strict, other).caveats
    assert caveat == "the table of answers differs: the page alone and page and common table"
