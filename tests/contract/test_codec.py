"""Values are written and read by their types alone; what does not fit is named, with what was expected there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import jsonschema
import pytest
from eni_conformance.contract import codec
from eni_conformance.contract.codec import Always, Count
from eni_conformance.contract.scenario import InstanceSpec, World
from hypothesis import given
from hypothesis import strategies as st


@dataclass(frozen=True)
class Cat:
    """A cat.

    More about cats.
    """

    name: str
    kind: Literal["cat"] = "cat"


@dataclass(frozen=True)
class Dog:
    """A dog that may have a friend."""

    size: Literal["small", "big"] = "small"
    friend: Cat | Dog | None = None
    kind: Literal["dog"] = "dog"


@dataclass(frozen=True)
class House:
    """Closed: one of every type that values are made of."""

    pets: tuple[Cat | Dog, ...] = ()
    place: tuple[int, str] = (0, "")
    rooms: frozenset[tuple[int, str]] = frozenset()
    keys: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    note: int | str | None = None
    body: bytes = b""
    open: bool = False
    any: Any = None


@dataclass(frozen=True)
class Street:
    """Open: keeps what it does not know."""

    name: str
    number: Always[Count] = 0
    houses: tuple[House, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    SCHEMA: ClassVar = {"$comment": "made"}


PETS = st.builds(Cat, name=st.text()) | st.builds(
    Dog, size=st.sampled_from(("small", "big")), friend=st.none() | st.builds(Cat, name=st.text())
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
HOUSES = st.builds(
    House,
    pets=st.lists(PETS, max_size=3).map(tuple),
    place=st.tuples(st.integers(), st.text()),
    rooms=st.frozensets(st.tuples(st.integers(), st.text()), max_size=3),
    keys=st.dictionaries(st.text(), st.lists(FLOATS, max_size=2).map(tuple), max_size=2),
    note=st.none() | st.integers() | st.text(),
    body=st.binary(),
    open=st.booleans(),
    any=st.none() | st.text() | st.integers(),
)


@pytest.mark.parametrize("brief", [False, True])
@given(house=HOUSES)
def test_a_value_that_was_written_is_read_as_the_same_value(brief, house):
    text = json.dumps(codec.plain(house, brief=brief), ensure_ascii=True)
    assert codec.build(House, json.loads(text), "house") == house


@given(HOUSES)
def test_what_is_written_in_full_fits_the_schema_of_the_type(house):
    written = json.loads(json.dumps(codec.plain(Street("s", houses=(house,)))))
    jsonschema.validate(written, codec.schema(Street, "A street"), jsonschema.Draft202012Validator)


def test_a_full_copy_shows_every_field_and_a_brief_one_what_is_special():
    dog = Dog(friend=Cat("x"))
    assert codec.plain(dog) == {"size": "small", "friend": {"name": "x", "kind": "cat"}, "kind": "dog"}
    assert codec.plain(dog, brief=True) == {"friend": {"name": "x", "kind": "cat"}, "kind": "dog"}


def test_sets_are_written_in_order_and_octets_that_are_no_text_survive():
    written = codec.plain(House(rooms=frozenset({(2, "b"), (1, "a")}), body=b"\xff"), brief=True)
    assert written == {"rooms": [[1, "a"], [2, "b"]], "body": "\udcff"}


def test_an_open_class_keeps_what_it_does_not_know_and_a_closed_one_refuses_it():
    street = codec.build(Street, {"name": "s", "later": [1, None]}, "street")
    assert street.extra == {"later": [1, None]} and codec.plain(street)["later"] == [1, None]
    with pytest.raises(ValueError, match="house: unknown key 'aa'"):
        codec.build(House, {"zz": 1, "aa": 2}, "house")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "street: an object was expected, not null"),
        ([], "street: an object was expected, not a list"),
        ({}, "street: 'name' is missing"),
        ({"name": 3}, "street.name: a text was expected, not 3"),
        ({"name": "s", "number": "1"}, "street.number: a whole number was expected, not '1'"),
        ({"name": "s", "number": True}, "street.number: a whole number was expected, not True"),
        ({"name": "s", "number": 1.5}, "street.number: a whole number was expected, not 1.5"),
        ({"name": "s", "number": float("inf")}, "street.number: a whole number was expected, not inf"),
        ({"name": "s", "number": float("nan")}, "street.number: a whole number was expected, not nan"),
        ({"name": "s", "houses": {}}, "street.houses: a list was expected, not an object"),
        ({"name": "s", "houses": [{}, {"open": 1}]}, "street.houses[1].open: true or false was expected, not 1"),
        ({"name": "s", "houses": [{"place": [1]}]}, "street.houses[0].place: 2 items were expected, not 1"),
        ({"name": "s", "houses": [{"keys": {"a": ["1"]}}]}, "houses[0].keys.a[0]: a number was expected, not '1'"),
        ({"name": "s", "houses": [{"keys": []}]}, "street.houses[0].keys: an object was expected, not a list"),
        ({"name": "s", "houses": [{"note": [1]}]}, "houses[0].note: a whole number or a text was expected, not a list"),
        ({"name": "s", "houses": [{"note": True}]}, "houses[0].note: a whole number or a text was expected, not True"),
        ({"name": "s", "houses": [{"pets": ["cat"]}]}, "houses[0].pets[0]: kind must be one of ('cat', 'dog')"),
        ({"name": "s", "houses": [{"pets": [{"kind": ["cat"]}]}]}, "pets[0]: kind must be one of ('cat', 'dog')"),
        ({"name": "s", "houses": [{"pets": [{"kind": "dog", "size": "huge"}]}]}, "pets[0].size: 'huge' is not one of"),
        ({"name": "s", "houses": [{"pets": [{"kind": "cat"}]}]}, "houses[0].pets[0]: 'name' is missing"),
        ({"name": ["x" * 100]}, "street.name: a text was expected, not a list"),
    ],
)
def test_what_does_not_fit_is_named_with_what_was_expected(data, said):
    with pytest.raises(ValueError) as refused:
        codec.build(Street, data, "street")
    assert said in str(refused.value)


def test_a_whole_number_stands_for_a_number_and_a_number_without_a_fraction_for_a_whole_one():
    house = codec.build(House, {"place": [3.0, "x"], "keys": {"a": [1]}}, "house")
    assert house.place == (3, "x") and isinstance(house.place[0], int)
    assert house.keys == {"a": (1.0,)} and isinstance(house.keys["a"][0], float)


def test_the_schema_describes_each_class_once_and_requires_what_is_always_written():
    made = codec.schema(Street, "A street")
    jsonschema.Draft202012Validator.check_schema(made)
    assert made["required"] == ["name", "number"]
    assert made["properties"]["number"] == {"type": "integer", "minimum": 0}
    assert made["$comment"] == "made" and "additionalProperties" not in made
    assert set(made["$defs"]) == {"House", "Cat", "Dog"}
    assert made["$defs"]["Cat"]["description"] == "A cat."
    assert made["$defs"]["Dog"]["properties"]["friend"] == {
        "anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}, {"type": "null"}]
    }
    assert made["$defs"]["House"]["additionalProperties"] is False
    assert made["$defs"]["House"]["properties"]["note"] == {"type": ["integer", "string", "null"]}


def test_a_type_that_the_codec_does_not_know_has_no_schema():
    @dataclass(frozen=True)
    class Odd:
        when: Annotated[complex, "x"]

    with pytest.raises(TypeError, match="complex"):
        codec.schema(Odd, "odd")


@pytest.mark.parametrize(
    ("kind", "earlier", "now"),
    [
        (
            InstanceSpec,
            {"status": "Stopped", "over_eni_limit": True},
            InstanceSpec("Stopped", fault="instance.eni_limit"),
        ),
        (InstanceSpec, {"over_eni_limit": False}, InstanceSpec()),
        (World, {"region_feature": False}, World(faults=("region.feature",))),
        (World, {"refused_parameter": "OwnerId"}, World(faults=("parameter.unsupported=OwnerId",))),
        (World, {"region_feature": True, "refused_parameter": ""}, World()),
    ],
)
def test_conditions_in_an_earlier_file_read_as_the_orders_that_bring_them_about(kind, earlier, now):
    assert codec.build(kind, earlier, "file") == now


@dataclass
class Shelf:
    books: list[tuple[str, ...]] = field(default_factory=list)


def test_a_list_stays_one_that_can_grow():
    assert codec.build(Shelf, codec.plain(Shelf([("a", "b")])), "shelf") == Shelf([("a", "b")])
