"""Evidence files: complete, redacted, never written over by another worker, and refused if damaged."""

from __future__ import annotations

import json

import pytest
from eni_conformance.conformance import evidence
from eni_conformance.contract import codec
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import Call, Detach, Scenario
from eni_conformance.harness.history import Acted, History
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.values import Deed, Exchange, Request, Snapshot
from eni_conformance.oracle.findings import Finding
from eni_conformance.oracle.follow import Found
from eni_conformance.oracle.frame import Change
from eni_conformance.oracle.readings import Admissible
from hypothesis import given
from hypothesis import strategies as st

STRICT = CONTRACTS["2019"].by_the_page()
RUN = {"id": "r-1", "revision": "2019", "seed": 7, "effort": "quick"}
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
    return evidence.build(
        one, scenario, original, run=RUN, target={"name": "t"}, shrunk=True,
        confirmations={"tried": 3, "failed_again": 2}, tried=9,
    )  # fmt: skip


def test_evidence_tells_what_was_sent_what_came_what_was_admissible_and_how_to_repeat_it():
    expected = Admissible(STRICT.refusals("interface gone or Deleting"), True, ())
    scenario = Scenario(steps=(Detach(Call(caller="expired")),))
    made = build(found(expected=expected), scenario)
    assert (made["schema"], made["requirement"], made["also"]) == (1, "ENI-DETACH-E11", ["ENI-DETACH-R08"])
    assert (made["run"], made["revision"], made["seed"], made["effort"]) == ("r-1", "2019", 7, "quick")
    assert made["strict"] is False, "replay judges as the run did"
    assert (made["summary"], made["cause"], made["certainty"], made["step"]) == ("answered 404", "code:404", 0.9, 3)
    assert made["observed"] == {
        "outcome": "answered", "status": 404, "code": "InvalidEcsId.NotFound", "message": "no such instance",
        "detail": "",
    }  # fmt: skip
    assert [(e["status"], e["code"], e["requirement"]) for e in made["expected"]] == [
        (200, "", "ENI-DETACH-S04"),
        (400, "InvalidOperation.InvalidEniState", "ENI-DETACH-E11"),
        (404, "InvalidEniId.NotFound", "ENI-DETACH-E14"),
    ]
    assert codec.build(Scenario, made["scenario"], "") == scenario
    assert codec.build(Scenario, made["original"], "") == Scenario()
    assert (made["shrunk"], made["candidates"], made["confirmations"]) == (True, 9, {"tried": 3, "failed_again": 2})
    assert made["world_before"]["instances"] == [
        {"id": "i-1", "status": "Running", "zone": "z", "name": "n", "type": "t"}
    ]
    assert made["world_before"]["enis"][0].items() >= {"id": "eni-1", "status": "InUse", "instance": "i-1"}.items()
    json.dumps(made)


def test_evidence_of_a_look_has_no_call():
    made = build(found(exchange=None, before=None, changes=(Change("eni-1", "Tags", ("a",), None),)))
    assert made["exchange"] is None and made["observed"]["status"] == 0 and made["world_before"] is None
    assert made["changes"] == [{"resource": "eni-1", "path": "Tags", "before": ["a"], "after": None}]
    assert made["original"] is None


def test_a_long_history_keeps_its_end():
    events = tuple(Acted(n, Deed("start", "", "i-1"), ANSWERED) for n in range(evidence.MOST_HISTORY + 5))
    made = build(found(history=History(Scenario(), events=events), n=len(events)))
    assert [h["of"] for h in made["history"]] == list(range(5, evidence.MOST_HISTORY + 5))
    assert made["history"][0].items() >= {"n": 6, "step": "start  i-1", "status": 404, "note": "x-1"}.items()


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
    path = evidence.write(tmp_path, build(one), Redactor())
    assert evidence.read(path)["summary"] == text


def test_two_workers_never_write_over_each_other_and_a_name_is_written_over(tmp_path):
    folder = tmp_path / "evidence"
    paths = [evidence.write(folder, {"id": "a", "n": n}, Redactor()) for n in range(3)]
    assert [p.name for p in paths] == ["a.json", "a-2.json", "a-3.json"]
    assert evidence.write(folder, {"id": "a", "n": 9}, Redactor(), "a-2.json") == paths[1]
    assert [json.loads(p.read_text())["n"] for p in paths] == [0, 9, 2]
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
    ],
)
def test_what_is_no_evidence_file_is_refused_and_named(text, said, tmp_path):
    path = tmp_path / "e.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError) as refused:
        evidence.read(path)
    assert str(refused.value).startswith(f"{path}: ") and said in str(refused.value)
