"""What is secret is found in every spelling that a decoder knows, one inside another; what is not secret stays."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from eni_conformance.harness import spelling
from eni_conformance.harness.redact import HIDDEN, Redactor
from hypothesis import assume, given
from hypothesis import strategies as st

NAMED = {"&": "&amp;", "+": "&plus;", "=": "&equals;", "/": "&sol;"}
SECRET = "x9/Secret+of=tests&more"
ACCOUNT = "1987654310246800"


def each(form: str) -> Callable[[str], str]:
    """Every character in this form, such as "%{:02x}"."""
    return lambda text: "".join(form.format(ord(one)) for one in text)


def special(form: str) -> Callable[[str], str]:
    """As encoders do it: letters and digits stay."""
    return lambda text: "".join(one if one.isalnum() else form.format(ord(one)) for one in text)


def in_base64(before: str, behind: str, encode: Callable[[bytes], bytes] = base64.b64encode) -> Callable[[str], str]:
    return lambda text: encode(f"{before}{text}{behind}".encode()).decode()


SPELLINGS: dict[str, Callable[[str], str]] = {
    "percent": lambda text: quote(text, safe=""),
    "percent, small letters": special("%{:02x}"),
    "percent, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "percent, twice, small letters": special("%25{:02x}"),
    "percent, every character": each("%{:02X}"),
    "percent u": special("%u{:04X}"),
    "JSON": special("\\u{:04x}"),
    "JSON, capitals": special("\\u{:04X}"),
    "JSON, every character": each("\\u{:04x}"),
    "JSON in JSON": lambda text: json.dumps(special("\\u{:04x}")(text)),
    "escaped slash": lambda text: text.replace("/", "\\/"),
    "C": special("\\x{:02x}"),
    "HTML": html.escape,
    "HTML, decimal": special("&#{};"),
    "HTML, hexadecimal": special("&#x{:X};"),
    "HTML, padded": special("&#x{:06x};"),
    "HTML, named": lambda text: "".join(NAMED.get(one, one) for one in text),
    "HTML, twice": lambda text: html.escape(special("&#{};")(text)),
    "HTML in JSON": lambda text: json.dumps(special("&#{};")(text)).replace("&", "\\u0026"),
    "HTML in a URL": lambda text: quote(special("&#{};")(text), safe=""),
    "base64": in_base64("", ""),
    "base64, without padding": lambda text: in_base64("", "")(text).rstrip("="),
    "base64, for URLs": in_base64("", "", base64.urlsafe_b64encode),
    "base64, within a word": in_base64("user:", "!"),
    "base64, within a longer word": in_base64("ab", "more"),
    "base64, in a URL": lambda text: quote(in_base64("", "")(text), safe=""),
    "lines": lambda text: "\n".join(text[n : n + 5] for n in range(0, len(text), 5)),
    "lines of base64": lambda text: base64.encodebytes(b"a" * 50 + text.encode() + b"b" * 60).decode(),
    "lines in JSON": lambda text: json.dumps("\r\n".join(text[n : n + 7] for n in range(0, len(text), 7))),
}  # fmt: skip


def readable(text: str) -> str:
    """Everything that a reader with patience gets out of a text."""
    plain = spelling.undone(text)
    joined = spelling.joined(plain)
    words = "".join(one if one.isalnum() or one in "+/-_" else " " for one in joined).split()
    opened = [
        base64.urlsafe_b64decode(word.replace("+", "-").replace("/", "_")[shift:] + "=" * (-len(word[shift:]) % 4))
        for word in words
        for shift in range(4)
        if len(word[shift:]) > 8 and len(word[shift:]) % 4 != 1
    ]
    return "\n".join([text, plain, joined, *(data.decode("latin-1") for data in opened)])


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_secret_is_hidden_in_every_spelling(name: str) -> None:
    spelled = SPELLINGS[name](SECRET)
    assert SECRET in readable(f"before {spelled} after"), "the test's own reader finds it"
    told = Redactor(secrets=[SECRET]).text(f'{{"a": "before {spelled} after"}}')
    assert HIDDEN in told and SECRET not in readable(told)
    assert told.startswith('{"a": "before ') and told.endswith(' after"}')
    assert Redactor(secrets=[SECRET]).text(told) == told


@pytest.mark.parametrize("name", [name for name in SPELLINGS if "base64" in name or "every" in name])
def test_an_account_that_was_seen_is_hidden_in_every_spelling(name: str) -> None:
    redactor = Redactor()
    redactor.text(f"acs:ecs:cn-hangzhou:{ACCOUNT}:eni/eni-1")
    assert ACCOUNT not in readable(redactor.text(f"before {SPELLINGS[name](ACCOUNT)} after"))


@pytest.mark.parametrize("name", ["AccessKeyId\\u003d", "Signature&#61;", "SecurityToken%3d", "Signature\\x3d"])
def test_what_is_named_is_hidden_though_nobody_knows_it(name: str) -> None:
    told = Redactor().text(f"{name}abc\\u002Bdef")
    assert HIDDEN in told and "abc" not in told and "def" not in told


PLAIN = st.text(st.sampled_from('%\\&#;x2bBu0041"abc/+=\r\n .25'), max_size=60)


@given(PLAIN)
def test_what_is_not_secret_stays(text: str) -> None:
    assume(not re.search(r"\d{15}", spelling.undone(text)))  # an account
    assert Redactor(secrets=[SECRET]).text(text) == text


@given(PLAIN)
def test_a_reading_is_what_the_escapes_mean_and_knows_its_places(text: str) -> None:
    made = spelling.reading(text, breaks=True)
    assert made.text == spelling.joined(spelling.undone(text))
    assert len(made.starts) == len(made.ends) == len(made.text)
    assert all(0 <= start < end <= len(text) for start, end in zip(made.starts, made.ends, strict=True))
    assert list(made.starts) == sorted(made.starts)


@given(st.binary(max_size=7), st.binary(max_size=7))
def test_what_base64_decides_by_itself_stands_in_every_text_that_holds_it(before: bytes, behind: bytes) -> None:
    word = base64.b64encode(before + SECRET.encode() + behind).decode()
    assert any(core in word for core in spelling.cores(SECRET))


def test_two_numbers_on_two_lines_are_two_numbers() -> None:
    assert Redactor().text("12345678\n90123456") == "12345678\n90123456"
