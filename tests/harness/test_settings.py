"""The keys of a target file: each default is one that the file may hold, and each key is one that is read."""

from __future__ import annotations

from dataclasses import fields

import pytest
from eni_conformance.harness import settings
from eni_conformance.harness.target import Limits, Offers, Setup, parse_target

KEYS = {"access_key_id": "LTAIkey0001", "access_key_secret": "the-secret"}
NUMBERS = {name: key.number for name, key in settings.KEYS.items() if key.number is not None}


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "https://ecs.example.com"])
def test_what_a_file_leaves_out_has_its_default(endpoint: str) -> None:
    target = parse_target({"region": "cn-hangzhou", "endpoint": endpoint, "callers": {"account": KEYS}})
    for name, number in NUMBERS.items():
        wanted = number.here if target.loopback else number.elsewhere
        assert getattr(target.limits, name.removeprefix("limits.")) == wanted


@pytest.mark.parametrize("name", NUMBERS)
def test_defaults_are_in_range(name: str) -> None:
    number = NUMBERS[name]
    assert number.low <= number.here <= number.high and number.low <= number.elsewhere <= number.high


def test_the_values_of_a_target_have_the_names_of_the_keys() -> None:
    for table, made in (("limits", Limits), ("setup", Setup), ("offers", Offers)):
        assert sorted(settings.names(table)) == sorted(field.name for field in fields(made))


def test_the_real_service_is_judged_by_the_later_edition() -> None:
    real = parse_target({"region": "cn-hangzhou", "callers": {"account": KEYS}})
    other = parse_target({"region": "cn-hangzhou", "endpoint": "https://ecs.example.com", "callers": {"account": KEYS}})
    assert (real.edition, other.edition) == ("2024", "2019")
    assert (real.tolerates, other.tolerates) == (True, True)
