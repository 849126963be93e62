"""What each finding says to a reader: who did what, and what should have been; no shorthand of the judge."""

from __future__ import annotations

import inspect

import pytest
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.gateway import PROBES
from eni_conformance.oracle import findings, frame, gateway, readings, sentences
from eni_conformance.oracle.findings import (
    AfterSuccess,
    AnotherForm,
    Failed,
    Finding,
    NotAttachedAgain,
    OtherFormat,
    RefusalChanged,
    SignatureRefused,
    WrongAnswer,
    WronglyAccepted,
    WrongStatus,
)
from eni_conformance.oracle.readings import Admissible, Reply
from histories import judgement, looked, shown
from readable import CODE, faults_of
from test_checks import PAIRS

PAGE = CONTRACTS["2019"]
KINDS = [kind for _, kind in inspect.getmembers(findings, inspect.isclass) if issubclass(kind, Finding)]


def of_rule(name: str, *, success: bool = False) -> Admissible:
    """What is admissible for a call that breaks one rule."""
    return Admissible(PAGE.refusals(name), success, (name,))


def literal() -> dict[str, sentences.Sentence]:
    """The sentences of every check's history, of every rule, probe, effect and shape, by what they are of."""
    out = {}
    for check, pair in PAIRS.items():
        for one in judgement(*pair.guilty, **pair.how, **pair.guilty_how).found:
            name = f"{check.__name__} {type(one.finding).__name__} {one.finding.cause}"
            out[name] = sentences.told(one.finding, one.expected)
    for rule in PAGE.rules:
        expected = of_rule(rule)
        for reply in (Reply(200, ""), Reply(418, "Teapot"), Reply(404, "?"), Reply(418, expected.refusals[0].code)):
            for finding in readings.judge_reply(PAGE, expected, reply):
                out[f"{rule} {reply}"] = sentences.told(finding, expected)
    for name, probe in PROBES.items():
        for reply in (Reply(200, ""), Reply(404, "InvalidEniId.NotFound"), Reply(400, "SignatureDoesNotMatch")):
            for finding in gateway.judge(probe, name, reply, PAGE.codes) or ():
                out[f"{name} {reply}"] = sentences.told(finding)
    out |= {f"{one.cause} {type(one).__name__}": sentences.told(one) for one in of_effects()}
    return out


def of_effects() -> list[Finding]:
    """Every effect that a look may show, after a refusal and after a success."""
    before, out = shown(), []
    kept = [(eni, path) for eni in ("eni-1", "eni-2", "eni-p") for path in (*frame.KEPT_BY_ENI, "Status", "InstanceId")]
    for name, path in kept:
        now = looked("Available", **({path: "other"} if name == "eni-1" else {})).snapshot
        changes = [
            frame.Change(name, path, one, two, "interface") for one, two in (("a", None), ("a", "b"), (None, "b"))
        ]
        for change in changes:
            out += frame.judge_unchanged([change], now)
            out += frame.judge_success(before, now, [change], {"eni-1": "i-1"})
    return out


SENTENCES = literal()


@pytest.mark.parametrize("name", sorted(SENTENCES))
def test_no_shorthand_reaches_a_reader(name):
    for text in (SENTENCES[name].did, SENTENCES[name].should):
        assert faults_of(text) == [], text


def test_every_class_has_a_sentence_of_its_own():
    assert set(sentences.KINDS) == set(KINDS)
    assert len({one.did for one in sentences.KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_finding_of_which_nothing_more_is_known_is_told_all_the_same(kind):
    told = sentences.told(kind("R04", "summary", "cause"))
    assert faults_of(told.did) == faults_of(told.should) == []


def test_a_hole_between_tenants_is_told_by_its_meaning():
    expected = of_rule("caller owns the resources")
    told = sentences.told(WronglyAccepted("C01", "s", "c"), expected)
    assert told.did == "The endpoint accepted a call for an instance and an interface of another tenant."
    assert told.should == "It should have refused it with 404 InvalidEcsId.NotFound or 404 InvalidEniId.NotFound."


@pytest.mark.parametrize(
    ("finding", "did"),
    [
        (RefusalChanged("F01", "s", "c", about=("primary", "was detached", "", "refused")),
         "Although the call was refused, the primary interface was detached."),
        (RefusalChanged("F01", "s", "c", about=("interface", "Tags", "lost")),
         "While no detach was under way, an interface lost its tags."),
        (AfterSuccess("F05", "s", "c", page="F05", about=("interface", "was detached", "")),
         "By the detach of another interface, an interface was detached."),
        (AfterSuccess("F08", "s", "c", page="F04", about=("interface", "Tags", "changed")),
         "By its own detach, an interface changed its tags."),
        (AfterSuccess("F02", "s", "c", about=("gone",)), "The interface was deleted by its detach."),
        (AfterSuccess("F02", "s", "c", about=("Attaching",)), "Long after its detach the interface is Attaching."),
        (Failed("B01", "s", "c", about=("503",)), "The endpoint failed with status 503 at a call."),
        (SignatureRefused("G08", "s", "c", said="400 SignatureDoesNotMatch"),
         "The endpoint refused a correctly signed call with 400 SignatureDoesNotMatch."),
        (NotAttachedAgain("F07", "s", "c", said="400 InvalidOperation.InvalidEniState"),
         "A detached interface could not be attached again: the endpoint refused it with"
         " 400 InvalidOperation.InvalidEniState."),
        (AnotherForm("P07", "s", "c", ("M03",), about=("404 InvalidEniId.NotFound", "400 InvalidParams.EniId")),
         "The endpoint answered the same call in two ways, 404 InvalidEniId.NotFound and 400 InvalidParams.EniId,"
         " as it was sent with another kind of signature."),
        (OtherFormat("R02", "s", "c"), "The endpoint answered in another format than the call asked for."),
        (OtherFormat("R02", "s", "c", about=("XML where JSON was asked for",)),
         "The endpoint answered in XML where JSON was asked for."),
    ],
)  # fmt: skip
def test_what_the_endpoint_did(finding, did):
    assert sentences.told(finding).did == did


def test_several_broken_rules_are_told_together():
    expected = Admissible(PAGE.refusals("interface not primary"), False, ("interface not primary", "vSwitch exists"))
    told = sentences.told(WrongAnswer("E12", "s", "c", said="409 Conflict"), expected)
    assert told.did == (
        "The endpoint answered a call for a primary interface and for an interface whose vSwitch no longer exists"
        " with 409 Conflict."
    )


def test_of_many_admissible_answers_the_number_is_told():
    expected = of_rule("region not empty")
    assert sentences.answered(expected, WrongAnswer("P03", "s", "c")).endswith("other codes")


def test_what_is_implied_is_not_told_beside_it():
    names = ("caller owns the resources", "instance exists", "interface exists")
    assert sentences.call_of(names) == "a call for an instance and an interface of another tenant"
    assert sentences.call_of(("instance exists",)) == "a call that names an instance which does not exist"


def test_a_wrong_status_is_told_with_the_right_one():
    (finding,) = readings.judge_reply(PAGE, of_rule("vSwitch exists"), Reply(400, "InvalidVSwitchId.NotFound"))
    told = sentences.told(finding, of_rule("vSwitch exists"))
    assert isinstance(finding, WrongStatus)
    assert told.should == "It should have refused it with 404 InvalidVSwitchId.NotFound."


def test_the_sentence_names_no_resource_and_no_time():
    """So that the same finding is told alike in every run."""
    one, two = (
        frame.judge_unchanged([frame.Change(eni, "Tags", ("1",), (), "interface")], shown())
        for eni in ("eni-1", "eni-2")
    )
    assert sentences.told(one[0]) == sentences.told(two[0])


def test_what_changed_without_a_call_is_not_told_as_a_refusal():
    alone, refused = (RefusalChanged("F01", "s", "c", about=about) for about in (
        ("interface", "Tags", "lost"), ("interface", "Tags", "lost", "refused")))  # fmt: skip
    assert sentences.told(alone).should == "What is at rest should stay as it is."
    assert sentences.told(refused).should == "A call that is refused should change nothing."


def every_finding() -> list[tuple[Finding, Admissible | None]]:
    judged = [judgement(*pair.guilty, **pair.how, **pair.guilty_how).found for pair in PAIRS.values()]
    return [*((one.finding, one.expected) for found in judged for one in found), *((one, None) for one in of_effects())]


def test_what_exactly_was_seen_holds_no_value_of_python():
    """A card shows it where no admissible answer stands beside the call."""
    shown = [finding.summary for finding, expected in every_finding() if expected is None]
    assert len(shown) > 50 and [text for text in shown if CODE.search(text)] == []
