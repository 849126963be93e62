"""Nothing secret reaches a journal, whatever it is wrapped in; what is not secret stays."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
import threading
import zlib
from dataclasses import replace
from urllib.parse import quote

import pytest
from eni_conformance.harness import journal, redact
from eni_conformance.harness.codec import plain_body
from eni_conformance.harness.journal import Journal
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.target import Credential, parse_target
from eni_conformance.harness.values import Exchange, Request
from hypothesis import given
from hypothesis import strategies as st

KEY, SECRET, TOKEN = "LTAI5tExampleExample", "x9/Secret+of=tests", "CAIS8+token/with=signs=="
TARGET = parse_target(
    {
        "region": "cn-hangzhou",
        "callers": {
            "account": {"access_key_id": KEY, "access_key_secret": SECRET},
            "session": {"access_key_id": "STS.NUexample", "access_key_secret": "s-of-session", "security_token": TOKEN},
        },
    }
)


@pytest.mark.parametrize("secret", [KEY, SECRET, TOKEN, "STS.NUexample", "s-of-session"])
def test_known_secrets_are_found_in_every_encoding(secret):
    """Bare, percent-encoded once and twice, in JSON, in a header, in a traceback."""
    once = quote(secret, safe="-_.~")
    redactor = Redactor(TARGET)
    for form in (secret, once, quote(once, safe=""), json.dumps(secret), secret.replace("/", "\\/")):
        text = redactor.text(f"before {form} after")
        assert text.startswith("before ") and text.endswith(" after")
        assert form.strip('"') not in text and secret not in text
    assert secret.encode() not in redactor.octets(b"\xff" + secret.encode())


UNKNOWN = [
    ("AccessKeyId=LTAI5tSomebodyElse1&Action=X", "LTAI5tSomebodyElse1"),
    ("?AccessKeyId=abc&Signature=OLeaidS1JvxuMvnyHOwuJ%2BuX5qY%3D&x=1", "OLeaidS1"),
    ("SecurityToken=abcdef%2B", "abcdef"),
    ("ACS3-HMAC-SHA256 Credential=abc,SignedHeaders=host,Signature=06563a9e", "06563a9e"),
    ('["x-acs-security-token","sometoken=="]', "sometoken"),
    ("GET&%2F&AccessKeyId%3Dtestid%26Action%3DX", "testid"),
    ('{"OwnerId":1234567890123456}', "1234567890123456"),
    ("acs:ecs:cn-hangzhou:1234567890123456:eni/eni-1", "1234567890123456"),
]


@pytest.mark.parametrize(("text", "secret"), UNKNOWN)
def test_what_looks_like_a_secret_goes_too(text, secret):
    """Keys, signatures and account ids of whoever they are; doing it twice changes nothing."""
    redactor = Redactor()
    once = redactor.text(text)
    assert secret not in once and redactor.text(once) == once


@pytest.mark.parametrize("text", ["i-1234567890123456", "eni-bp1234567890123456", "1" * 25, "0.1234567890123456"])
def test_digits_within_something_longer_are_no_account_id(text):
    """Identifiers and numbers stay what they are, or a redacted answer could not be judged again."""
    assert Redactor().text(text) == text


@given(st.lists(st.sampled_from(["9" * 8, "1" * 7, "19", "1", "9", "Z", ".", "-", " ", "\u0663"])).map("".join))
def test_account_ids_are_found_as_one_would_say_it(text):
    """Fifteen to twenty digits that stand alone; not behind a dot or a dash, and not what was put there before."""
    plainly = re.compile(r"(?<![0-9A-Za-z.\-])(?!9{8})[0-9]{15,20}(?![0-9A-Za-z.])")
    assert [m.span() for m in redact._DIGITS.finditer(text)] == [m.span() for m in plainly.finditer(text)]


def test_account_ids_stay_apart_and_json_stays_json():
    """The same id becomes the same number of the same length."""
    redactor = Redactor()
    text = redactor.text('[1234567890123456, "1234567890123456", 2234567890123456]')
    first, again, other = json.loads(text)
    assert first == int(again) != other and len(str(first)) == 16


def test_evidence_stays():
    """Ids, request ids, times and hostile values are not touched."""
    text = "eni-bp161irhf5hrdxdzzodq 0BF35E8A-A8D2-59DC-9039-1976C392BA92 2026-01-01T00:00:00Z 1764021234.123456 ***"
    assert Redactor(TARGET).text(text) == text


def test_a_renewed_token_is_learned():
    """From the moment on that the client has it."""
    redactor = Redactor()
    redactor.learn(Credential("STS.another01", "another-secret", "another-token"))
    assert redactor.text("another-token another-secret") == "*** ***"


def exchange(number, body=b"{}"):
    url = f"http://x/?n={number}"
    sent = Request("A", "v", "GET", url, (("a", "\udcff"),), (("h", "v"),), b"\xff", "account", "v1")
    return Exchange(f"w-{number}", sent, 1.5, 0.25, "answered", 200, "OK", (("a", "b"), ("a", "c")), body)


def test_a_journal_gives_back_what_it_took(tmp_path):
    """Octets, repeated headers and surrogates included."""
    path = journal.worker_path(tmp_path, "gw0")
    with Journal(path, Redactor()) as book:
        for number in range(3):
            book.write(exchange(number, b"\x00\xff\xed\xa0\x80"))
    assert list(journal.read(path)) == [exchange(n, b"\x00\xff\xed\xa0\x80") for n in range(3)]
    assert gzip.decompress(path.read_bytes()).count(b"\n") == 3


def test_a_journal_is_redacted(tmp_path):
    """Also what the endpoint echoed."""
    path = tmp_path / "wire-a.jsonl.gz"
    with Journal(path, Redactor(TARGET)) as book:
        book.write(exchange(1, f'{{"Message":"{KEY} {quote(SECRET)} 1234567890123456"}}'.encode()))
    text = "".join(journal.read_lines(path))
    assert not any(s in text for s in (KEY, SECRET, quote(SECRET, safe=""), "1234567890123456"))


@pytest.mark.parametrize("press", [lambda b: b, gzip.compress, zlib.compress], ids=["as it is", "gzip", "deflate"])
@pytest.mark.parametrize("form", [SECRET, SECRET.replace("/", "\\/"), "1234567890123456", KEY])
def test_what_an_endpoint_echoes_is_hidden_in_whatever_it_is_wrapped(tmp_path, form, press):
    """Slashes escaped as JSON allows, bodies compressed although nobody asked."""
    path = tmp_path / "wire-a.jsonl.gz"
    body = press(f'{{"Message":"{form}"}}'.encode())
    name = {b"\x1f": "gzip", b"x": "deflate"}.get(body[:1], "")
    sent = replace(exchange(1, body), headers=(("Content-Encoding", name),) if name else ())
    with Journal(path, Redactor(TARGET)) as book:
        book.write(sent)
    (kept,) = journal.read(path)
    plain = plain_body(kept.headers, kept.body) or b""
    assert form.encode() not in kept.body + plain


@pytest.mark.parametrize("body", [gzip.compress(b"{}", mtime=0), b"no gzip at all", b"\x1f\x8b broken"])
def test_of_a_compressed_body_only_what_may_hide_something_is_left_out(body):
    sent = replace(exchange(1, body), headers=(("Content-Encoding", "gzip"),))
    assert Redactor(TARGET).searchable(sent).body == (b"" if b"broken" in body else body)


def test_a_journal_cut_off_anywhere_can_be_read(tmp_path):
    """Every exchange whose write had returned is there."""
    path = tmp_path / "wire-a.jsonl.gz"
    book = Journal(path, Redactor())
    sizes = []
    for number in range(20):
        book.write(exchange(number, base64.b64encode(random.Random(number).randbytes(300))))
        sizes.append(path.stat().st_size)
    assert len(list(journal.read(path))) == 20
    data = path.read_bytes()
    for cut in range(0, len(data), 7):
        path.write_bytes(data[:cut])
        assert len(list(journal.read(path))) >= sum(size <= cut for size in sizes)


def test_a_journal_reopened_goes_on(tmp_path):
    """As a second member of the same file."""
    path = tmp_path / "wire-a.jsonl.gz"
    for number in range(2):
        with Journal(path, Redactor()) as book:
            book.write(exchange(number))
    assert [e.id for e in journal.read(path)] == ["w-0", "w-1"]


def test_journals_are_joined_in_order_of_time(tmp_path):
    """One file with the exchanges of all workers."""
    from dataclasses import replace

    for worker, times in {"a": (1, 4), "b": (2, 3)}.items():
        with Journal(journal.worker_path(tmp_path, worker), Redactor()) as book:
            for at in times:
                book.write(replace(exchange(at), at=float(at)))
    assert journal.merge(tmp_path, tmp_path / "wire.jsonl.gz").total() == 4
    assert [e.at for e in journal.read(tmp_path / "wire.jsonl.gz")] == [1, 2, 3, 4]


def test_threads_may_share_a_journal(tmp_path):
    """Lines do not run into each other."""
    path = tmp_path / "wire-a.jsonl.gz"
    with Journal(path, Redactor()) as book:
        threads = [threading.Thread(target=lambda: [book.write(exchange(n)) for n in range(50)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(list(journal.read(path))) == 200


def test_numbers_that_are_no_accounts_hide_none():
    """However many of that length an endpoint sends before, an account id is found in every spelling, too."""
    redactor = Redactor()
    for n in range(500):
        assert str(10**17 + n) not in redactor.text(f'{{"RequestId": "{10**17 + n}"}}')
    account = "1987654310246800"
    redactor.text(f"acs:ecs:cn-hangzhou:{account}:eni/eni-1")
    for shift in range(3):
        word = base64.b64encode(b"\xff" * (9 + shift) + account.encode() + b"\xfe" * 7).decode()
        assert redactor.text(f"a {word} b") == "a *** b"
    assert redactor.text(f"a 77{account[:5]}\n{account[5:]}\n88 b") == "a 77***\n88 b"
