"""Evidence files: complete, redacted, never written over by another worker, and refused if damaged."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from eni_conformance.conformance import evidence, stored
from eni_conformance.contract import codec
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import Call, Detach, Scenario
from eni_conformance.harness.history import Acted, History
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.values import Deed, Exchange, Request, Snapshot
from eni_conformance.oracle.evidence import Endpoint, Evidence
from eni_conformance.oracle.findings import Finding, GivenAway
from eni_conformance.oracle.follow import Found
from eni_conformance.oracle.frame import Change
from eni_conformance.oracle.readings import Admissible
from eni_conformance.oracle.results import Again, Run
from eni_conformance.reports import worlds
from hypothesis import given
from hypothesis import strategies as st

OLD = """{
 "schema": 1, "id": "ENI-DETACH-E11-1a2b3c4d", "requirement": "ENI-DETACH-E11", "also": ["ENI-DETACH-R08"],
 "run": "20250101-000000-abcd", "target": {"name": "t", "endpoint": "http://127.0.0.1:1", "region": "r"},
 "revision": "2019", "seed": 7, "effort": "quick", "cause": "code:404", "summary": "answered 404", "certainty": 0.9,
 "expected": [{"status": 400, "code": "InvalidOperation.InvalidEniState", "because": "x", "requirement": "y"}],
 "observed": {"outcome": "answered", "status": 404, "code": "c", "message": "m", "detail": ""},
 "scenario": {"world": {"planets": 3}, "steps": []},
 "original": {"world": {}, "steps": [{"kind": "detach", "call": {"caller": "expired"}}]},
 "shrunk": true, "candidates": 9, "step": 0,
 "exchange": {"id": "x-1", "sent": {"action": "DetachNetworkInterface", "method": "GET"}, "at": 5.0, "status": 404},
 "world_before": {"instances": [{"id": "i-1", "status": "Running"}], "enis": []}, "world_after": null,
 "changes": [{"resource": "eni-1", "path": "Tags", "before": ["a"], "after": null}],
 "history": [{"n": 1, "of": 0, "step": "start  i-1", "at": 0.0, "status": 200, "code": "", "note": "x"}],
 "confirmations": {"tried": 2, "failed_again": 2}
}"""
"""An evidence file as it was written before evidence was a value."""
STRICT = CONTRACTS["2019"].by_the_page()
RUN = Run("r-1", revision="2019", seed=7, effort="quick")
SENT = Request("DetachNetworkInterface", "2014-05-26", "GET", "http://127.0.0.1/", (), (), b"", "account", "v1")
BODY = json.dumps({"RequestId": "R", "Code": "InvalidEcsId.NotFound", "Message": "no such instance"}).encode()
ANSWERED = Exchange("x-1", SENT, 5.0, 0.1, "answered", 404, "", (("Content-Type", "application/json"),), BODY)
FINDING = Finding("E11", "answered 404", "code:404", ("R08",), 0.9)
LOOK = Snapshot(
    1.0,
    {"eni-1": {"Status": "InUse", "Type": "Secondary", "InstanceId": "i-1"}},
    {"i-1": {"Status": "Running", "ZoneId": "z", "InstanceName": "n", "InstanceType": "t"}},
)


def found(**more):
    values = {"finding": FINDING, "step": 3, "exchange": ANSWERED, "before": LOOK, "after": LOOK}
    return Found(**{**values, **more})


def build(one, scenario=Scenario(), original=Scenario()):  # noqa: B008
    """As its file has it."""
    return codec.plain(made(one, scenario, original))


def made(one, scenario=Scenario(), original=Scenario()):  # noqa: B008
    return evidence.build(
        one, scenario, original, Redactor(), run=RUN, target=Endpoint("t"), again=Again(3, 2), tried=9
    )  # fmt: skip


def test_evidence_tells_what_was_sent_what_came_what_was_admissible_and_how_to_repeat_it():
    expected = Admissible(STRICT.refusals("interface gone or Deleting"), True, ())
    scenario = Scenario(steps=(Detach(Call(caller="expired")),))
    told = build(found(expected=expected), scenario)
    assert (told["schema"], told["requirement"], told["also"]) == (1, "ENI-DETACH-E11", ["ENI-DETACH-R08"])
    assert (told["run"], told["revision"], told["seed"], told["effort"]) == ("r-1", "2019", 7, "quick")
    assert told["strict"] is False, "replay judges as the run did"
    assert (told["summary"], told["cause"], told["certainty"], told["step"]) == ("answered 404", "code:404", 0.9, 3)
    assert told["observed"] == {
        "outcome": "answered", "status": 404, "code": "InvalidEcsId.NotFound", "message": "no such instance",
        "detail": "",
    }  # fmt: skip
    assert [(e["status"], e["code"], e["requirement"]) for e in told["expected"]] == [
        (200, "", "ENI-DETACH-S04"),
        (400, "InvalidOperation.InvalidEniState", "ENI-DETACH-E11"),
        (404, "InvalidEniId.NotFound", "ENI-DETACH-E14"),
    ]
    assert codec.build(Scenario, told["scenario"], "") == scenario
    assert codec.build(Scenario, told["original"], "") == Scenario()
    assert (told["shrunk"], told["candidates"], told["confirmations"]) == (True, 9, {"tried": 3, "failed_again": 2})
    assert told["world_before"]["instances"] == [
        {"id": "i-1", "status": "Running", "zone": "z", "name": "n", "type": "t"}
    ]
    assert told["world_before"]["enis"][0].items() >= {"id": "eni-1", "status": "InUse", "instance": "i-1"}.items()
    json.dumps(told)


def test_evidence_of_a_look_has_no_call():
    told = build(found(exchange=None, before=None, changes=(Change("eni-1", "Tags", ("a",), None),)))
    assert told["exchange"] is None and told["observed"]["status"] == 0 and told["world_before"] is None
    assert told["changes"] == [{"resource": "eni-1", "path": "Tags", "before": ["a"], "after": None}]
    assert told["original"] is None


def test_a_long_history_keeps_its_end():
    sent = replace(SENT, action="StartInstance", pairs=(("RegionId", "r"), ("InstanceId", "i-1")))
    started = replace(ANSWERED, sent=sent)
    events = tuple(Acted(n, Deed("start", "", "i-1"), started) for n in range(evidence.MOST_HISTORY + 5))
    told = build(found(history=History(Scenario(), events=events), n=len(events)))
    assert [h["of"] for h in told["history"]] == list(range(5, evidence.MOST_HISTORY + 5))
    first = {"n": 6, "step": "StartInstance InstanceId='i-1'", "status": 404, "note": "x-1"}
    assert told["history"][0].items() >= first.items(), "an operation has its own name, not that of our code"


def test_an_identity_is_made_of_requirement_and_cause_alone():
    same = found(finding=Finding("E11", "otherwise said", "code:404"), step=8)
    assert evidence.identity(found()) == evidence.identity(same)
    assert evidence.identity(found()).startswith("ENI-DETACH-E11-")
    others = [found(finding=Finding(r, "x", c)) for r, c in (("E12", "code:404"), ("E11", "code:403"))]
    assert len(set(evidence.keys([found(), same, *others]))) == len(evidence.keys([found(), same, *others])) == 3


@given(st.text() | st.text(st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF)))
def test_whatever_an_endpoint_answers_has_an_identity(text):
    """A Code may hold anything that JSON can hold, half a character included."""
    assert evidence.identity(found(finding=Finding("E11", text, f"code:400 {text}")))


@pytest.mark.parametrize("text", ["\ud800", "\x00", "实例"])
def test_whatever_an_endpoint_answers_can_be_written_and_read(text, tmp_path):
    one = found(finding=Finding("E11", text, text), changes=(Change("eni-1", text, text, None),))
    path = evidence.write(tmp_path, made(one), Redactor())
    assert evidence.read(path).summary == text


def test_what_was_written_is_read_back_as_it_was(tmp_path):
    history = History(Scenario(), events=(Acted(0, Deed("start", "", "i-1"), ANSWERED),))
    one = made(found(history=history, n=1), Scenario(steps=(Detach(Call(caller="expired")),)))
    assert evidence.read(evidence.write(tmp_path, one, Redactor())) == one
    assert stored.unpacked(one.play) == history


def test_an_older_evidence_file_is_read(tmp_path):
    """It has no packed history, and a scenario that this version does not know."""
    (tmp_path / "e.json").write_text(OLD)
    read = evidence.read(tmp_path / "e.json")
    assert (read.id, read.requirement, read.summary) == ("ENI-DETACH-E11-1a2b3c4d", "ENI-DETACH-E11", "answered 404")
    assert (read.play, read.strict, read.confirmations) == ("", False, Again(2, 2))
    assert (read.exchange.sent.action, read.exchange.extra["at"]) == ("DetachNetworkInterface", 5.0)
    assert read.scenario == {"world": {"planets": 3}, "steps": []}
    assert read.original == Scenario(steps=(Detach(Call(caller="expired")),))


def test_two_workers_never_write_over_each_other_and_a_name_is_written_over(tmp_path):
    folder = tmp_path / "evidence"
    paths = [evidence.write(folder, Evidence("a", "E11", candidates=n), Redactor()) for n in range(3)]
    assert [p.name for p in paths] == ["a.json", "a-2.json", "a-3.json"]
    assert evidence.write(folder, Evidence("a", "E11", candidates=9), Redactor(), "a-2.json") == paths[1]
    assert [evidence.read(p).candidates for p in paths] == [0, 9, 2]
    assert sorted(p.name for p in folder.iterdir()) == ["a-2.json", "a-3.json", "a.json"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100000, "is not JSON"),
        ("[]", "is not an evidence file of this version"),
        ('{"schema": 1}', "is not an evidence file of this version"),
        ('{"schema": 2, "scenario": {}}', "is not an evidence file of this version"),
        ('{"schema": 1, "scenario": {}, "id": "x"}', "evidence: 'requirement' is missing"),
    ],
)
def test_what_is_no_evidence_file_is_refused_and_named(text, said, tmp_path):
    path = tmp_path / "e.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError) as refused:
        evidence.read(path)
    assert str(refused.value).startswith(f"{path}: ") and said in str(refused.value)


def test_an_address_that_was_given_away_is_told_with_who_had_it_and_who_has_it_now():
    """In the table of changes, and in the picture of the new interface: neither shows any other change."""
    fields = {"Status": "Available", "Type": "Secondary", "PrivateIpAddress": "10.0.0.1"}
    before, after = Snapshot(1.0, {"eni-1": fields}), Snapshot(2.0, {"eni-1": fields, "eni-5": fields})
    given = GivenAway("F04", "s", "address given away", owner="eni-1", given_to="eni-5", address="10.0.0.1")
    told = made(found(finding=given, before=before, after=after, changes=(Change("eni-5", "", False, True),)))
    change = told.changes[0]
    assert (change.resource, change.path) == ("eni-1", "PrivateIpAddress")
    assert (change.before, change.after) == ("10.0.0.1", "10.0.0.1, given to eni-5, too")
    assert [one.get("PrivateIpAddress") for one in told.world_after.enis] == [None, "10.0.0.1"]
    owner, new = worlds.worlds(told)[1].free
    assert [(f.name, f.value) for f in owner.fields if f.changed] == [("PrivateIpAddress", change.after)]
    assert new.mark == "new" and ("PrivateIpAddress", "10.0.0.1") in [(f.name, f.value) for f in new.fields]


def test_what_came_or_went_is_told_in_words():
    came, went = (made(found(changes=(Change("eni-5", "", *sides),))) for sides in ((False, True), (True, False)))
    assert [(c.before, c.after) for one in (came, went) for c in worlds.changes(one)] == [
        (("not there",), ("there",)), (("there",), ("not there",))
    ]  # fmt: skip
