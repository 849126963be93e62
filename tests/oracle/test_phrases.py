"""Every rule, choice, probe, view and field has words of its own, and they are words."""

import re

import pytest
from eni_conformance.contract import rows
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.gateway import PROBES
from eni_conformance.harness.describe import VIEWS
from eni_conformance.oracle import frame, phrases

OPERATIONS = tuple(CONTRACTS.values())
TABLES = [
    phrases.CHOICES,
    phrases.OUTCOMES,
    phrases.SHAPES,
    phrases.EVENTS,
    phrases.FIELDS,
    phrases.ENDS,
    phrases.KEPT,
    phrases.FORMS,
]
TABLES += [phrases.VIEWS, phrases.DISAGREEMENTS, phrases.PROBES, phrases.THINGS, phrases.BY]
EVERY = [text for table in TABLES for text in table.values()]
EVERY += [text for one in phrases.RULES.values() for text in (one.holds, one.broken)]


def test_every_rule_is_told_both_ways():
    assert {name for page in OPERATIONS for name in page.rules} == set(phrases.RULES)
    assert len({one.broken for one in phrases.RULES.values()}) == len(phrases.RULES)


def test_every_choice_probe_and_view_has_words():
    assert {choice.name for page in OPERATIONS for choice in page.choices} == set(phrases.CHOICES)
    assert set(PROBES) == set(phrases.PROBES)
    assert set(VIEWS) <= set(phrases.VIEWS)


def test_every_field_that_a_detach_must_keep_has_words():
    assert (frame.KEPT_BY_ENI | frame.KEPT_BY_INSTANCE) - {"NetworkInterfaceId", "InstanceId"} <= set(phrases.FIELDS)


def test_what_happens_to_a_resource_has_words():
    told = {frame.DETACHED, frame.ATTACHED, frame.MOVED, frame.SHARED, frame.LISTS_OTHERS, frame.ENTRY}
    assert told <= set(phrases.EVENTS)
    assert {rows.OWN_KEPT, rows.INSTANCE_KEPT, rows.OTHERS_KEPT} == set(phrases.BY)


@pytest.mark.parametrize("text", sorted(set(EVERY)))
def test_no_code_reaches_a_reader(text):
    assert text.strip() == text and text
    assert not re.search(r"None|[?_{}()\[\]]|\b[a-z]+\.[a-z]+\b|'", text.replace("'s ", " "))
