"""What must not reach a disk or a log: secrets, AccessKeyIds, session tokens, signatures, account ids.

A Redactor is built from a target and told of each credential that is fetched later. It works on text, in
whatever spelling a secret may have there (spelling.py), so that the same function serves URLs, headers, bodies,
lines of a journal and tracebacks. Account ids become other numbers of the same length, the same one each time, so
that a redacted answer still parses and still tells two accounts apart.
"""

from __future__ import annotations

import itertools
import os
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import quote

from eni_conformance.harness import spelling
from eni_conformance.harness.codec import header, plain_body
from eni_conformance.harness.target import Credential, Target
from eni_conformance.harness.values import Exchange, Pair

HIDDEN = "***"
LEAST, MOST = 15, 20
"""Digits of an account id. By the first of them one that is known is found again where line breaks part it."""
CORE = 16
"""Characters by which a known account id is found again in base64: twelve of its digits."""

_KEY_ID = re.compile(r"\b(?:LTAI[A-Za-z0-9]{8,}|STS\.[A-Za-z0-9]{8,})")
_NAMED = re.compile(
    r"((?:AccessKeyId|AccessKeySecret|SecurityToken|Signature|access_key_id|access_key_secret|security_token"
    r"|Credential)(?:=|%3D|%253D))(?!\*\*\*)[^&\s\"'<>\\,;]+"
)
_TOKEN_HEADER = re.compile(r"(?i)(x-acs-security-token\"?[:,]\s*\"?)(?!\*\*\*)[^\s\"'\\,;\]]+")
# Begins with a digit rather than with a look behind it, which takes less than half the time.
_DIGITS = re.compile(r"[0-9](?<![0-9A-Za-z.\-][0-9])(?!(?<=9)9{7})[0-9]{14,19}(?![0-9A-Za-z.])")
_RUN = re.compile(r"[0-9]{15,}")
_WORD = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
# Of three digits in a row one makes one of these in base64; ids and RequestIds have none of them.
_OF_DIGITS = re.compile(r"[MNO]")


def _without(text: str, places: Iterable[tuple[int, int, str]]) -> str:
    """`text` with its parts from `start` to `end` replaced, those that overlap as one."""
    parts, done = [], 0
    for start, end, instead in sorted(places):
        if start >= done:
            parts += [text[done:start], instead]
        done = max(done, end)
    return "".join([*parts, text[done:]])


class Redactor:
    """Removes what is secret from text. Safe to use from several threads."""

    def __init__(self, target: Target | None = None, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._known: tuple[str, ...] = ()
        self._seen: set[str] = set()
        self._accounts: dict[str, str] = {}
        self._cores: tuple[str, ...] = ()
        self._account_begins: set[str] = set()
        self._account_cores: set[str] = set()
        for text in secrets:
            self._add(text)
        for caller in target.callers.values() if target else ():
            if caller.literal is not None:
                self.learn(caller.literal)
            for part in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN") if caller.env else ():
                self._add(os.environ.get(f"{caller.env}_{part}", ""))

    def learn(self, credential: Credential) -> None:
        """Hide this credential from now on, all three parts of it."""
        if credential.access_key_secret in self._seen and credential.security_token in self._seen | {""}:
            return
        for text in (credential.access_key_secret, credential.security_token, credential.access_key_id):
            self._add(text)

    def _add(self, text: str) -> None:
        if len(text) < 4:
            return
        once = quote(text, safe="-_.~")
        forms = {text, once, quote(once, safe="-_.~")}
        with self._lock:
            self._seen.add(text)
            self._known = tuple(sorted({*self._known, *forms}, key=lambda form: (-len(form), form)))
            self._cores = tuple(dict.fromkeys((*self._cores, *spelling.cores(text))))

    def text(self, text: str) -> str:
        """`text` without anything secret, however it is spelled. Redacting twice changes nothing more."""
        return self._deep(self.sent(text))

    def _deep(self, text: str) -> str:
        """`text` without what is secret in another spelling than those of `sent`."""
        if spelling.may_be_spelled(text):
            text = self._spelled(text)
        return _without(text, [(*place, HIDDEN) for place in self._words(text)])

    def sent(self, text: str) -> str:
        """As `text`, of what the suite itself has written: bare, or escaped as in a URL."""
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        if "LTAI" in text or "STS." in text:
            text = _KEY_ID.sub(HIDDEN, text)
        text = _NAMED.sub(rf"\1{HIDDEN}", text)
        if "x-acs-security-token" in text.lower():
            text = _TOKEN_HEADER.sub(rf"\1{HIDDEN}", text)
        return _DIGITS.sub(self._account, text)

    def _spelled(self, text: str) -> str:
        """`text` without what is secret once its escapes are undone; what is known, also where its lines are joined.
        Two numbers on two lines are two numbers."""
        plain = spelling.undone(text)
        if plain != text and self.sent(plain) != plain:
            text = self._hidden(text, breaks=False)
            plain = spelling.undone(text)
        return self._hidden(text, breaks=True) if self._holds(spelling.joined(plain)) else text

    def _hidden(self, text: str, *, breaks: bool) -> str:
        made = spelling.reading(text, breaks=breaks)
        return _without(text, [(*made.origin(*place), HIDDEN) for place in self._places(made.text, known=breaks)])

    def _holds(self, text: str) -> bool:
        known = any(one in text for one in (*self._known, *self._cores))
        return known or next(itertools.chain(self._parted(text), self._words(text)), None) is not None

    def _parted(self, text: str) -> Iterator[tuple[int, int]]:
        """Where account ids that are known stand in a text whose lines are joined, with whatever digits around them."""
        for run in _RUN.finditer(text) if self._account_begins else ():
            digits = run.group()
            for start in range(len(digits) - LEAST + 1):
                if digits[start : start + LEAST] in self._account_begins:
                    ends = range(min(len(digits), start + MOST), start + LEAST - 1, -1)
                    yield from (
                        (run.start() + start, run.start() + end) for end in ends if digits[start:end] in self._accounts
                    )

    def _places(self, text: str, *, known: bool) -> Iterator[tuple[int, int]]:
        """Where something secret stands. known: what is known, and words of base64, alone."""
        for secret in self._known:
            for match in re.finditer(re.escape(secret), text):
                yield match.span()
        if known:
            yield from self._parted(text)
            yield from self._words(text)
            return
        for pattern in (_KEY_ID, _DIGITS, _NAMED, _TOKEN_HEADER):
            for match in pattern.finditer(text):
                yield match.end(1) if pattern.groups else match.start(), match.end()

    def _words(self, text: str) -> Iterator[tuple[int, int]]:
        """The words of base64 that hold something secret: what is known, wherever it stands in them, or what looks like
        a secret in a text of which the whole word is made."""
        for core in self._cores:
            start = text.find(core)
            while start >= 0:
                begin, end = spelling.word_around(text, start, start + len(core))
                yield begin, end
                start = text.find(core, end)
        for match in _WORD.finditer(text):
            word = match.group()
            opened = spelling.opened(word)
            if self._has_account(word) or (opened and self.sent(opened) != opened):
                yield match.span()

    def _has_account(self, word: str) -> bool:
        """Whether a word of base64 holds an account id that is known, whatever stands around it. However many numbers
        an endpoint sends that might be one, it costs no more."""
        known = self._account_cores
        if not known or _OF_DIGITS.search(word) is None:
            return False
        return any(word[n : n + CORE] in known for n in range(len(word) - CORE + 1))

    def _account(self, match: re.Match[str]) -> str:
        found = match.group()
        with self._lock:
            shown = self._accounts.get(found)
            if shown is None:
                number = f"{len(self._accounts) + 1:04d}"
                shown = self._accounts[found] = "9" * (len(found) - len(number)) + number
                self._account_begins.add(found[:LEAST])
                self._account_cores.update(core[:CORE] for core in spelling.cores(found))
        return shown

    def octets(self, data: bytes) -> bytes:
        """As `text`, of bytes in whatever encoding is ASCII-like."""
        return self.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def pairs(self, pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
        """As `text`, of the values of parameters or headers."""
        return tuple((name, self.text(value)) for name, value in pairs)

    def searchable(self, exchange: Exchange) -> Exchange:
        """The exchange, without a compressed body in which something secret may hide from `text`."""
        if header(exchange.headers, "content-encoding").strip().lower() in ("", "identity"):
            return exchange
        body = plain_body(exchange.headers, exchange.body)
        if body is None:
            hides = exchange.body.decode("utf-8", "replace").encode() != exchange.body  # as text it is searched
        else:
            hides = self.octets(body) != body
        return replace(exchange, body=b"") if hides else exchange

    def received(self, exchange: Exchange) -> Exchange:
        """The exchange so that `sent` sees all that is secret in it: without what came in another spelling."""
        exchange = self.searchable(exchange)
        body = exchange.body.decode("utf-8", "surrogateescape")
        for match in _DIGITS.finditer(body):
            self._account(match)  # from now on it is known in other spellings, too
        parts = (exchange.reason, exchange.detail, *(value for _, value in exchange.headers))
        whole = "\0".join(parts)
        if self._deep(whole) != whole:
            parts = tuple(map(self._deep, parts))
        values = zip(exchange.headers, parts[2:], strict=True)
        return replace(
            exchange,
            reason=parts[0],
            detail=parts[1],
            headers=tuple((name, value) for (name, _), value in values),
            body=self._deep(body).encode("utf-8", "surrogateescape"),
        )

    def exchange(self, exchange: Exchange) -> Exchange:
        """The exchange without anything secret."""
        exchange = self.received(exchange)
        sent = exchange.sent
        return replace(
            exchange,
            sent=replace(
                sent,
                url=self.sent(sent.url),
                pairs=self.pairs(sent.pairs),
                headers=self.pairs(sent.headers),
                body=self.octets(sent.body),
            ),
            headers=self.pairs(exchange.headers),
            body=self.octets(exchange.body),
            reason=self.text(exchange.reason),
            detail=self.text(exchange.detail),
        )
