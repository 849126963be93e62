"""Any body becomes values or None; nothing raises, nothing grows."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from eni_conformance.harness.codec import MAX_DEPTH, code_of, decode, decode_body, listing, message_of
from eni_conformance.harness.values import Exchange, Request
from hypothesis import given
from hypothesis import strategies as st

SENT = Request("A", "v", "GET", "", (), (), b"", "account", "v1")


def answered(body, encoding="", status=400):
    headers = (("Content-Encoding", encoding),) if encoding else ()
    return Exchange("1", SENT, 0.0, 0.0, "answered", status, "", headers, body)


JSON_ERROR = b'{"Code":"InvalidEniId.NotFound","Message":"no \xe7\xbd\x91","RequestId":"X","HostId":"h"}'
XML_ERROR = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><RequestId>X</RequestId><HostId>h</HostId>'
    b"<Code>InvalidEniId.NotFound</Code><Message>no \xe7\xbd\x91</Message></Error>"
)


@pytest.mark.parametrize("body", [JSON_ERROR, XML_ERROR, b"\xef\xbb\xbf" + JSON_ERROR, b" \r\n" + JSON_ERROR])
@pytest.mark.parametrize("encoding", ["", "gzip", "deflate", "identity"])
def test_both_formats_say_the_same(body, encoding):
    """Also compressed, and with a mark or blanks before it."""
    packed = {"gzip": gzip.compress, "deflate": zlib.compress}.get(encoding, bytes)(body)
    exchange = answered(packed, encoding)
    assert decode(exchange) == {
        "Code": "InvalidEniId.NotFound",
        "Message": "no 网",
        "RequestId": "X",
        "HostId": "h",
    }
    assert (code_of(exchange), message_of(exchange)) == ("InvalidEniId.NotFound", "no 网")


BOMB = (
    b"<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>"
    + b"".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>".encode() for n in range(9))
    + b"]><Error><Code>&j;</Code></Error>"
)
OUTSIDE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><Error><Code>&x;</Code></Error>'
UNREADABLE = {
    "empty": b"",
    "blank": b"  \n",
    "text": b"OK",
    "page": b"<html><body>Bad Gateway<br></html>",
    "well-formed page": b"<html><head><title>Log in</title></head><body/></html>",
    "list": b"[1]",
    "text value": b'"x"',
    "cut off": b'{"Code": "x',
    "more after it": b'{"Code":"x"}{"Code":"y"}',
    "not UTF-8": b'{"Code":"\xff"}',
    "NaN": b'{"Code":NaN}',
    "deep JSON": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "deep list": b'{"a":' + b"[" * 100 + b"]" * 100 + b"}",
    "deep XML": b"<a>" * 50_000 + b"</a>" * 50_000,
    "entity bomb": BOMB,
    "external entity": OUTSIDE,
    "XML of an unknown encoding": b'<?xml version="1.0" encoding="nonsense"?><a/>',
    "XML cut off": b"<Error><Code>x</Co",
    "NUL": b"\x00" * 100,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_none(name):
    """And has no code and no message."""
    exchange = answered(UNREADABLE[name])
    assert decode(exchange) is None and code_of(exchange) == "" == message_of(exchange)


def test_compressed_bombs_stay_small():
    """No more is inflated than the cap."""
    assert decode(answered(gzip.compress(b" " * (64 << 20)), "gzip")) is None
    assert decode(answered(zlib.compress(b" " * (64 << 20)), "deflate")) is None
    assert decode(answered(b"x", "br")) is None


def test_codes_that_are_no_text_are_none():
    """Whatever type an endpoint uses for them."""
    for body in (b'{"Code":7}', b'{"Code":null}', b'{"Code":{"a":1}}', b"<Error><Code><a>1</a></Code></Error>"):
        assert code_of(answered(body)) == ""


def test_lists_in_both_formats():
    """A list of one, of several and of none."""
    several = b"<R><Zones><Zone><ZoneId>a</ZoneId></Zone><Zone><ZoneId>b</ZoneId></Zone></Zones></R>"
    one = b"<R><Zones><Zone><ZoneId>a</ZoneId></Zone></Zones></R>"
    path = ("Zones", "Zone")
    assert listing(decode(answered(several)), *path) == [{"ZoneId": "a"}, {"ZoneId": "b"}]
    assert listing(decode(answered(one)), *path) == [{"ZoneId": "a"}]
    assert listing(decode(answered(b'{"Zones":{"Zone":[{"ZoneId":"a"}]}}')), *path) == [{"ZoneId": "a"}]
    for body in (b"<R><Zones/></R>", b"<R/>", b'{"Zones":{}}', b'{"Zones":{"Zone":[]}}', b'{"Zones":7}', b"{}"):
        assert listing(decode(answered(body)), *path) == []


def test_other_outcomes_have_no_content():
    """Half a body is not decoded."""
    assert decode(Exchange("1", SENT, 0.0, 0.0, "reset", 200, body=JSON_ERROR)) is None


def depth(value):
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max(map(depth, inside), default=0) + isinstance(value, (dict, list))


BRACKETS = st.text('[]{}"\\ a', max_size=6)


@given(
    st.recursive(BRACKETS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(BRACKETS, inner, max_size=4)),
    st.integers(MAX_DEPTH - 6, MAX_DEPTH + 2),
    BRACKETS,
)
def test_what_is_nested_too_deeply_is_told_whatever_brackets_its_texts_hold(inmost, layers, text):
    value = inmost
    for n in range(layers):
        value = {text: value} if n % 2 else [text, value, text]
    value = {"a": value, "flat": [[]] * 50}
    assert (decode_body(json.dumps(value).encode()) is not None) == (depth(value) <= MAX_DEPTH)
