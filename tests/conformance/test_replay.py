"""What a repeated counterexample comes to, and which run repeats it."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from eni_conformance.conformance import replay, stored
from eni_conformance.conformance.replay import Repeated
from eni_conformance.contract.scenario import Scenario
from eni_conformance.harness.history import History, Looked
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.values import Snapshot
from eni_conformance.oracle.evidence import Endpoint, Evidence

KEPT = Evidence("x", "ENI-DETACH-E11", revision="2024", seed=7, strict=True)


@pytest.mark.parametrize(
    ("repeated", "said", "status"),
    [
        (Repeated(2, 2), "still fails (2 of 2)", 1),
        (Repeated(2, 1), "still fails (1 of 2)", 1),
        (Repeated(2, 1, "throttled"), "still fails (1 of 2)", 1),
        (Repeated(2, 0, "throttled"), "could not be judged here: throttled", 3),
        (Repeated(2), "no longer fails (0 of 2)", 0),
    ],
)
def test_what_it_comes_to(repeated, said, status):
    assert repeated.told() == (said, status)


def test_it_is_judged_as_the_run_judged_it():
    plan = replay.planned(SimpleNamespace(target=None, evidence="e.json"), KEPT)
    assert (plan.target, plan.revision, plan.seed, plan.strict) == ("embedded", "2024", 7, True)


def test_evidence_of_an_older_suite_was_judged_by_the_first_page():
    plan = replay.planned(SimpleNamespace(target="t.toml", evidence="e.json"), Evidence("x", "E11"))
    assert (plan.target, plan.revision, plan.seed, plan.strict) == ("t.toml", "2019", 0, False)


def test_a_revision_that_nobody_knows_is_refused(tmp_path, capsys):
    path = tmp_path / "e.json"
    path.write_text('{"schema": 1, "id": "x", "requirement": "E11", "revision": "1999", "scenario": {}}')
    assert replay.main(SimpleNamespace(evidence=str(path), judge_only=False, keep=False, target=None)) == 2
    assert "e.json: unknown revision '1999'" in capsys.readouterr().err


def test_without_a_target_it_is_repeated_on_that_of_its_run(tmp_path):
    run = tmp_path / "run"
    (run / "evidence").mkdir(parents=True)
    target = tmp_path / "t.toml"
    told = {"run": {"id": "x", "command": f"eni-conformance run --target {target}"}}
    (run / "results.json").write_text(json.dumps(told))
    args = SimpleNamespace(target=None, evidence=str(run / "evidence" / "e.json"))
    assert replay.planned(args, KEPT).target == "embedded", "a target file that is gone is no target"
    target.touch()
    plan = replay.planned(args, KEPT)
    assert plan.target == str(target)
    assert replay.where(args, plan, KEPT) == f"no --target: repeated on the target of its run, {target}"


def test_another_endpoint_than_that_of_the_finding_is_said_loudly():
    args = SimpleNamespace(target=None, evidence="e.json")
    of_others = replace(KEPT, target=Endpoint("staging", "https://staging"))
    assert "NO TARGET GIVEN: the finding is of staging" in replay.where(args, replay.planned(args, KEPT), of_others)
    assert replay.where(args, replay.planned(args, KEPT), replace(KEPT, target=Endpoint("emulator", "http://h"))) == ""
    assert replay.where(SimpleNamespace(target="t.toml"), replay.planned(args, KEPT), of_others) == ""


def test_a_scenario_of_another_version_cannot_be_repeated(tmp_path, capsys):
    path = tmp_path / "e.json"
    path.write_text('{"schema": 1, "id": "x", "requirement": "E11", "scenario": {"planets": 3}}')
    assert replay.main(SimpleNamespace(evidence=str(path), judge_only=False, keep=False, target=None)) == 2
    assert "scenario: unknown key 'planets'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"kind": "detach", "call": {"args": [{"name": "InstanceId", "ref": "instance:0", "form": "in runes"}]}},
         "InstanceId: no form is called 'in runes'"),
        ({"kind": "detach", "call": {"args": [{"name": "NetworkInterfaceId", "ref": "eni:7"}]}},
         "NetworkInterfaceId: 'eni:7' denotes nothing"),
        ({"kind": "probe", "name": "sung aloud"}, "no probe is called 'sung aloud'"),
        ({"kind": "parallel", "steps": [{"kind": "detach", "call": {"args": [{"name": "RegionId", "form": "x"}]}}]},
         "RegionId: no form is called 'x'"),
    ],
)  # fmt: skip
def test_what_a_scenario_names_and_nobody_knows_is_told_before_anything_is_touched(step, said, tmp_path, capsys):
    path = tmp_path / "e.json"
    evidence = {"schema": 1, "id": "x", "requirement": "E11", "scenario": {"world": {}, "steps": [step]}}
    path.write_text(json.dumps(evidence))
    assert replay.main(SimpleNamespace(evidence=str(path), judge_only=False, keep=False, target=None)) == 2
    assert said in capsys.readouterr().err


def test_what_is_seen_when_a_hold_is_let_go_is_repeated_where_it_is_known_how_long_detaches_take():
    """A History that cannot be read tells nothing of it, and keeps nobody from repeating the Scenario."""
    for unreadable in ("", "no history"):
        assert not replay.let_go(replace(KEPT, play=unreadable))
    for why, known in (("released", True), ("settled", False)):
        history = History(Scenario(), events=(Looked(-1, why, Snapshot(0.0)),))
        assert replay.let_go(replace(KEPT, play=stored.packed(history, Redactor()))) == known
