"""The cards of a finding: how it was sent, what is wrong, what was admissible and why."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from eni_conformance.conformance import evidence as written
from eni_conformance.contract.detach import CALLERS, CONTRACTS
from eni_conformance.contract.scenario import Scenario
from eni_conformance.harness.redact import Redactor
from eni_conformance.oracle import evidence, findings, phrases
from eni_conformance.oracle.findings import Finding
from eni_conformance.oracle.results import Again, Run, parse
from eni_conformance.reports import card, html
from histories import judgement
from test_checks import PAIRS

KINDS = {name for name, kind in inspect.getmembers(findings, inspect.isclass) if issubclass(kind, Finding)}


def of(sent: dict[str, Any] | None = None, **more: Any) -> evidence.Evidence:
    """An evidence file with this request."""
    exchange = {"exchange": {"sent": sent}} if sent is not None else {}
    return evidence.parse({"id": "e", "requirement": "R", "schema": 1, **exchange, **more})


ID = [["InstanceId", "i"]]
FORM = [["content-type", "application/x-www-form-urlencoded"]]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (
            {"caller": "account", "signing": "v1", "url": "http://h/?Format=JSON&InstanceId=i", "pairs": ID},
            ("the owner of the resources", "query", "JSON", "V1 (HMAC-SHA1)"),
        ),
        (
            {"caller": "other_account", "signing": "v3", "url": "http://h/", "pairs": [["InstanceId", "i"]],
             "headers": [*FORM, ["accept", "application/json"]], "body": "InstanceId=i"},
            ("another tenant, who owns neither", "form body", "JSON, by the Accept header", "V3 (ACS3-HMAC-SHA256)"),
        ),
        (
            {"caller": "expired", "signing": "v1", "url": "http://h/?RegionId=r", "body": "InstanceId=i",
             "headers": FORM, "pairs": [["RegionId", "r"], ["InstanceId", "i"]]},
            ("an account that does not exist, or an expired key", "query and form body",
             "not said, which means XML", "V1 (HMAC-SHA1)"),
        ),
    ],
)  # fmt: skip
def test_how_the_call_was_sent(sent, told):
    assert tuple(words for _, words in card.facts(of(sent))) == told


def test_every_caller_is_told_in_words():
    assert {*CALLERS, "account"} == set(phrases.CALLERS)


def test_what_was_tampered_with_is_told():
    probe = of({"url": "http://h/"}, kind="Gateway", about=["signature truncated", "SignatureDoesNotMatch"])
    assert ("Tampered with", "signature truncated") in card.facts(probe)
    steps = {"steps": [{"kind": "probe", "name": "two hours old"}]}
    assert card.tampering(of(scenario=steps, step=0)) == ("two hours old",)
    assert card.tampering(of(scenario={"steps": [{"kind": "detach"}]}, step=0)) == ()
    assert card.facts(of()) == ()


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("WronglyAccepted", 200, "it says that the call was carried out"),
        ("WrongAnswer", 404, "its status and its code"),
        ("WrongStatus", 404, "its status"),
        ("Shape", 400, "its form"),
        ("Gateway", 200, "it says that the call was carried out"),
    ],
)
def test_the_part_of_the_answer_that_is_wrong(kind, status, words):
    item = of(kind=kind, observed={"outcome": "answered", "status": status, "code": "X"})
    assert card.wrong_words(item, card.wrong_parts(item, fine=False)) == words


@pytest.mark.parametrize("kind", ["AfterSuccess", "RefusalChanged", "LateEffect", "Disagreement", "Overlap"])
def test_red_is_the_effect_and_not_the_answer_that_is_in_order(kind):
    assert card.wrong_parts(of(kind=kind), fine=True) == ("effect",)


def test_an_older_file_is_told_by_its_answer():
    item = of(expected=[{"status": 404}])
    assert card.wrong_parts(item, fine=True) == ("effect",)
    assert card.wrong_parts(item, fine=False) == ("status", "code")


def test_every_class_with_a_wrong_answer_is_a_class():
    assert set(card.PARTS) <= KINDS


def test_admissible_answers_stand_under_their_reason():
    answers = ((404, "A", "x"), (404, "B", "x"), (403, "C", "x"), (400, "D", "x"), (200, "", "y"))
    told = [{"status": s, "code": c, "because": b, "requirement": "ENI-DETACH-E13"} for s, c, b in answers]
    first, second = card.admitted(of(expected=told))
    assert (first.because, first.first, first.others) == ("x", ("404 A", "404 B", "403 C"), ("400 D",))
    assert (second.first, second.requirements) == (("200",), ("ENI-DETACH-E13",))


def test_each_revision_has_its_page():
    assert set(card.PAGES) == set(CONTRACTS)
    assert all(one.address.startswith("https://") and one.date for one in card.PAGES.values())
    assert card.page("1999") is None


def test_who_says_so_is_told_in_words():
    assert card.who_says("common") == "the vendor's page of public parameters and common errors"
    assert card.who_says("reading: errors of access") == "a reading of ours: errors of access"


def found() -> list[tuple[str, evidence.Evidence]]:
    """The evidence of each finding that the literal histories of the checks show."""
    out = []
    for n, pair in enumerate(PAIRS.values()):
        for m, one in enumerate(judgement(*pair.guilty, **pair.how, **pair.guilty_how).found):
            made = written.build(
                replace(one, history=None), Scenario(), Scenario(), Redactor(),
                run=Run("r", seed=1), target=evidence.Endpoint("t", "http://h"), again=Again(2, 2), tried=0,
            )  # fmt: skip
            out.append((f"e-{n}-{m}.json", replace(made, id=f"e-{n}-{m}", cause=f"{n} {m}", family="")))
    return out


FOUND = found()
CODE = re.compile(r"\bNone\b|\?|\(&#39;|\bTrue\b|\bFalse\b|although it breaks|does not hold|undefined")


@pytest.mark.parametrize("n", range(len(FOUND)), ids=lambda n: FOUND[n][0])
def test_no_code_reaches_a_reader_of_the_page(n):
    """Of each class of findings: no None, no tuple, no question mark, none of the judge's shorthand."""
    page = html.render(parse({"run": {"id": "r", "exit": 1}, "requirements": []}), [FOUND[n]])
    article = re.search(r"<article.*?</article>", page, re.S)
    assert article is not None
    shown = re.sub(r"(?s)<details.*?</details>|<pre.*?</pre>", " ", article.group())
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown))
    assert FOUND[n][1].did in unescape(told)
    assert not re.search(r"\bNone\b|\?|\(&#39;|\bTrue\b|\bFalse\b|although it breaks|does not hold|undefined", told), (
        told
    )


@pytest.mark.parametrize(("status", "words"), [(400, "its code"), (404, "its status and its code")])
def test_only_what_no_admissible_answer_has_is_called_wrong(status, words):
    """400 with another code has the right status."""
    item = of(
        kind="WrongAnswer", observed={"status": status, "code": "Odd"}, expected=[{"status": 400, "code": "Right"}]
    )
    assert card.wrong_words(item, card.wrong_parts(item, False)) == words


@pytest.mark.parametrize("kind", ["Disagreement", "SlotTooMany", "StaysDetaching", "AnotherForm"])
def test_what_exactly_was_seen_stands_where_no_answer_shows_it(kind):
    """The headline names no resource; the card does."""
    item = of(kind=kind, did="The endpoint did it.", summary="view list: eni-1 is not listed")
    rows = [{"id": "R", "verdict": "violated", "reason": "r", "judged": 2}]
    page = html.render(parse({"run": {"id": "x"}, "requirements": rows}), [("e.json", item)])
    assert "<b>Seen:</b> view list: eni-1 is not listed." in page
    assert "No single answer shows it" in page and "nothing recorded" not in page
