"""The badge says what the headline says, in a few words, and is one small picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from eni_conformance.reports import badge
from test_headline import run_of


@pytest.mark.parametrize(
    ("verdicts", "run", "words", "colour"),
    [
        (("conforms", "conforms"), {}, "2 of 2 conform", "conforms"),
        (("conforms", "known-deviation"), {}, "1 of 2 conform", "conforms"),
        (("conforms", "violated"), {}, "1 violated", "violated"),
        (("conforms", "inconclusive", "not-exercised"), {}, "2 of 3 undecided", "inconclusive"),
        (("not-exercised",), {}, "nothing judged", "inconclusive"),
        (("conforms", "error"), {}, "1 of 2 undecided", "error"),
        (("conforms", "not-exercised"), {"only": "E12"}, "part: 1 of 2 undecided", "inconclusive"),
    ],
)
def test_the_words(verdicts, run, words, colour):
    results = run_of(*verdicts, run=run)
    assert badge.words(results) == words
    picture = badge.render(results)
    assert badge.COLOURS[colour] in picture
    root = ET.fromstring(picture)
    assert root.get("aria-label") == f"DetachNetworkInterface: {words}" and len(picture) < 1000
