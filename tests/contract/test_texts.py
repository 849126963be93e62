"""Texts made from identifiers: each form differs from the identifier byte for byte, and its kind says how."""

from __future__ import annotations

import re

import pytest
from eni_conformance.contract.texts import FORMS, REGION_FORMS, kind_of, make_text
from hypothesis import given
from hypothesis import strategies as st

INSTANCE = re.compile(r"(i-[0-9a-z]{5,30}|AY[0-9A-Za-z]{6,30})\Z")
ENI = re.compile(r"eni-[0-9a-z]{5,30}\Z")
BODY = "0123456789abcdefghijklmnopqrstuvwxyz"

# As the vendor's pages show them: current ones with and without a region's letters, and old ones.
INSTANCES = st.one_of(
    st.text(BODY, min_size=20, max_size=20).map("i-".__add__),
    st.text(BODY, min_size=17, max_size=17).map("i-bp1".__add__),
    st.text(BODY, min_size=9, max_size=9).map("i-".__add__),
)
ENIS = st.text(BODY, min_size=17, max_size=17).map("eni-bp1".__add__)
IDENTIFIERS = INSTANCES | ENIS
REGIONS = st.sampled_from(
    ("cn-hangzhou", "cn-beijing", "ap-southeast-1", "cn-zhengzhou-jva", "us-east-1", "cn-wuhan-lr")
)
OTHER_FORMS = sorted(set(FORMS) - {"exact"})


def octets(text):
    return text.encode("utf-8", "surrogateescape")


@given(IDENTIFIERS | REGIONS)
def test_the_exact_form_is_the_identifier_itself(identifier):
    assert make_text("exact", identifier) == make_text("exact", identifier, region=True) == identifier
    assert kind_of("exact") == kind_of("exact", region=True) == "exact"


@pytest.mark.parametrize("form", OTHER_FORMS)
@given(identifier=IDENTIFIERS)
def test_every_other_form_differs_byte_for_byte(form, identifier):
    """An identifier denotes a resource byte for byte, so that each of these denotes nothing."""
    assert octets(make_text(form, identifier)) != octets(identifier)


@pytest.mark.parametrize("form", sorted(set(REGION_FORMS) - {"exact"}))
@given(region=REGIONS)
def test_every_other_form_of_a_region_differs_byte_for_byte(form, region):
    assert octets(make_text(form, region, region=True)) != octets(region)


@pytest.mark.parametrize("form", [f for f in FORMS if FORMS[f].kind == "unknown"])
@given(data=st.data())
def test_unknown_forms_keep_the_shape(form, data):
    """Same prefix, same length, same classes of characters: well-formed, so it can only be unknown."""
    for strategy, shape in ((INSTANCES, INSTANCE), (ENIS, ENI)):
        identifier = data.draw(strategy)
        text = make_text(form, identifier)
        assert shape.match(text)
        assert len(text) == len(identifier) and text.partition("-")[0] == identifier.partition("-")[0]
        for old, new in zip(identifier, text, strict=True):
            assert (old.isdigit(), old.isalpha()) == (new.isdigit(), new.isalpha())


@pytest.mark.parametrize("form", [f for f in FORMS if FORMS[f].kind == "unknown"])
def test_unknown_forms_keep_the_shape_of_the_oldest_instances(form):
    text = make_text(form, "AY121018033933eae8689")
    assert INSTANCE.match(text) and len(text) == 21 and text != "AY121018033933eae8689"


def test_unknown_forms_of_one_identifier_differ_from_each_other():
    texts = [make_text(f, "eni-bp161irhf5hrdxdzzodq") for f in FORMS if FORMS[f].kind == "unknown"]
    assert len(set(texts)) == len(texts) >= 5


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("last changed", "eni-bp1abc9"),
        ("last changed twice", "eni-bp1abc1"),
        ("first changed", "eni-cp1abc8"),
        ("other prefix", "i-bp1abc8"),
        ("vswitch prefix", "vsw-bp1abc8"),
        ("no prefix", "bp1abc8"),
        ("prefix only", "eni-"),
        ("prefix letters only", "eni"),
        ("truncated", "eni-bp1abc"),
        ("half", "eni-b"),
        ("without first", "ni-bp1abc8"),
        ("extended", "eni-bp1abc80"),
        ("doubled", "eni-bp1abc8eni-bp1abc8"),
        ("upper", "ENI-BP1ABC8"),
        ("last upper", "eni-bp1abC8"),
        ("prefix upper", "ENI-bp1abc8"),
        ("capitalised", "Eni-bp1abc8"),
        ("underscore", "eni_bp1abc8"),
        ("leading space", " eni-bp1abc8"),
        ("trailing space", "eni-bp1abc8 "),
        ("trailing newline", "eni-bp1abc8\n"),
        ("json list", '["eni-bp1abc8"]'),
        ("star", "eni-bp1abc*"),
        ("percent encoded", "eni-bp1abc%38"),
        ("full width", "ｅｎｉ-ｂｐ１ａｂｃ８"),
        ("full width last", "eni-bp1abc８"),
        ("nul", "eni-bp1abc8\x00"),
        ("empty", ""),
        ("blank", " "),
    ],
)
def test_what_a_form_makes(form, text):
    assert make_text(form, "eni-bp1abc8") == text


def test_trimming_folding_and_prefixing_are_all_tried():
    """The ways in which a careless service equates what is not equal, each as a form."""
    identifier = "eni-bp161irhf5hrdxdzzodq"
    made = {f: make_text(f, identifier) for f in OTHER_FORMS}
    assert {f for f, t in made.items() if t.strip() == identifier} >= {
        "leading space",
        "trailing space",
        "trailing tab",
    }
    assert {f for f, t in made.items() if t.casefold() == identifier} >= {"upper", "last upper", "prefix upper"}
    assert {f for f, t in made.items() if t.startswith(identifier)} >= {"extended", "doubled", "trailing dot", "nul"}
    assert {f for f, t in made.items() if identifier.startswith(t)} >= {"truncated", "half", "prefix only", "empty"}


@pytest.mark.parametrize("form", ["129 characters", "1025 characters", "10000 characters"])
@given(identifier=IDENTIFIERS)
def test_long_forms_have_their_length_and_begin_with_the_identifier(form, identifier):
    text = make_text(form, identifier)
    assert len(text) == int(form.split()[0]) and text.startswith(identifier)


@given(st.sampled_from(sorted(FORMS)), st.text(max_size=30))
def test_a_form_makes_the_same_text_of_anything_every_time(form, anything):
    """Evidence can be replayed: no randomness, and no text that a form cannot deal with."""
    assert make_text(form, anything) == make_text(form, anything)
    assert make_text(form, anything, region=False) == FORMS[form].make(anything)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_kinds_follow_what_the_text_is_made_of(form):
    """Control characters, bad UTF-8 and huge texts are unreadable; nothing but space is empty; no other is either."""
    text = make_text(form, "eni-bp161irhf5hrdxdzzodq")
    odd = any(ord(c) < 32 or ord(c) == 127 or 0xDC80 <= ord(c) <= 0xDCFF for c in text) or len(text) > 1000
    assert (kind_of(form) == "unreadable") == odd
    assert (kind_of(form) == "empty") == (not text.strip())


@pytest.mark.parametrize("form", sorted(REGION_FORMS))
def test_kinds_of_region_forms_follow_what_the_text_is_made_of(form):
    text = make_text(form, "cn-hangzhou", region=True)
    odd = any(ord(c) < 32 or 0xDC80 <= ord(c) <= 0xDCFF for c in text) or len(text) > 1000
    assert (kind_of(form, region=True) == "unreadable") == odd
    assert (kind_of(form, region=True) == "empty") == (not text.strip())


def test_regions_that_do_not_exist_and_look_as_if_they_did():
    unknown = {f: make_text(f, "cn-hangzhou", region=True) for f in REGION_FORMS if REGION_FORMS[f].kind == "unknown"}
    assert set(unknown) == {"unknown region", "unknown numbered", "last letter changed"}
    assert all(re.fullmatch(r"[a-z]{2}(-[a-z0-9]+)+", text) for text in unknown.values())
    assert unknown["last letter changed"] == "cn-hangzhoq"
    assert make_text("last letter changed", "cn-q", region=True) == "cn-x"


@given(st.text())
def test_a_literal_text_is_itself(text):
    assert make_text("text:" + text, "eni-1") == make_text("text:" + text, "eni-1", region=True) == text
    assert kind_of("text:" + text) == kind_of("text:" + text, region=True) == ("border" if text.strip() else "empty")


@pytest.mark.parametrize("region", [False, True])
def test_an_unknown_form_is_an_error(region):
    with pytest.raises(KeyError):
        make_text("sideways", "eni-1", region=region)
    with pytest.raises(KeyError):
        kind_of("sideways", region=region)


def test_regions_have_forms_of_their_own():
    assert make_text("unknown region", "cn-hangzhou", region=True) == "cn-atlantis"
    assert make_text("extended", "cn-hangzhou", region=True) == "cn-hangzhoux"
    assert make_text("extended", "cn-hangzhou") == "cn-hangzhou0"
    assert kind_of("unknown region", region=True) == "unknown"
