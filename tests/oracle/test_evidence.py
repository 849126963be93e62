"""Evidence as a value: what it takes from older and from newer files, and how it is written."""

from __future__ import annotations

import pytest
from eni_conformance.contract import codec
from eni_conformance.contract.scenario import Call, Detach, Scenario
from eni_conformance.oracle.evidence import Conversation, Evidence, Observed, SentRequest, parse

LEAST = {"id": "x", "requirement": "ENI-DETACH-E11"}


def test_the_smallest_file_is_enough():
    assert parse(LEAST) == Evidence("x", "ENI-DETACH-E11")
    assert parse({**LEAST, "exchange": {}}).exchange == Conversation()


def test_what_a_later_suite_adds_is_kept_and_written_again():
    data = {**LEAST, "mood": "grave", "exchange": {"id": "x-1", "attempts": 3}}
    read = parse(data)
    assert (read.extra, read.exchange.extra) == ({"mood": "grave"}, {"attempts": 3})
    assert codec.plain(read)["exchange"]["attempts"] == 3


def test_a_scenario_is_a_value_and_written_without_what_is_at_its_default():
    scenario = Scenario(steps=(Detach(Call(caller="expired")),))
    written = codec.plain(Evidence("x", "E11", scenario=scenario))["scenario"]
    assert written == {"steps": [{"kind": "detach", "call": {"caller": "expired"}}]}
    assert parse({**LEAST, "scenario": written}).scenario == scenario


def test_a_scenario_of_another_version_stays_as_it_is():
    scenario = {"world": {"planets": 3}, "steps": []}
    read = parse({**LEAST, "scenario": scenario})
    assert read.scenario == scenario and codec.plain(read)["scenario"] == scenario


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"requirement": 3}, "evidence.requirement"),
        ({"observed": []}, "evidence.observed"),
        ({"exchange": {"sent": {"pairs": [["a"]]}}}, r"evidence.exchange.sent.pairs\[0\]"),
        ({"schema": 2}, "evidence.schema"),
    ],
)
def test_what_is_no_evidence_is_refused_by_place(change, place):
    with pytest.raises(ValueError, match=place):
        parse({**LEAST, **change})


def test_octets_that_are_no_text_survive():
    sent = SentRequest("DetachNetworkInterface", pairs=(("a", "\udcff"),))
    one = Evidence("x", "E11", observed=Observed(code="\ud800"), exchange=Conversation(sent=sent))
    assert parse(codec.plain(one)) == one
