"""What must not reach a disk or a log: secrets, AccessKeyIds, session tokens, signatures, account ids.

A Redactor is built from a target and told of each credential that is fetched later. It works on text, in
whatever encoding a secret may have there, so that the same function serves URLs, headers, bodies, lines of
a journal and tracebacks. Account ids become other numbers of the same length, the same one each time, so
that a redacted answer still parses and still tells two accounts apart.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import quote

from eni_conformance.harness.codec import header, plain_body
from eni_conformance.harness.target import Credential, Target
from eni_conformance.harness.values import Exchange, Pair

HIDDEN = "***"

_KEY_ID = re.compile(r"\b(?:LTAI[A-Za-z0-9]{8,}|STS\.[A-Za-z0-9]{8,})")
_NAMED = re.compile(
    r"((?:AccessKeyId|AccessKeySecret|SecurityToken|Signature|access_key_id|access_key_secret|security_token"
    r"|Credential)(?:=|%3D|%253D))(?!\*\*\*)[^&\s\"'<>\\,;]+"
)
_TOKEN_HEADER = re.compile(r"(?i)(x-acs-security-token\"?[:,]\s*\"?)(?!\*\*\*)[^\s\"'\\,;\]]+")
# Begins with a digit rather than with a look behind it, which takes less than half the time.
_DIGITS = re.compile(r"[0-9](?<![0-9A-Za-z.\-][0-9])(?!(?<=9)9{7})[0-9]{14,19}(?![0-9A-Za-z.])")


class Redactor:
    """Removes what is secret from text. Safe to use from several threads."""

    def __init__(self, target: Target | None = None, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._known: tuple[str, ...] = ()
        self._seen: set[str] = set()
        self._accounts: dict[str, str] = {}
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
        # A JSON text may escape a slash, and a JSON file that holds such a text escapes the backslash once more.
        slashes = {text.replace("/", mark) for mark in ("\\/", "\\\\/")}
        forms = {text, once, quote(once, safe="-_.~"), *slashes}
        with self._lock:
            self._seen.add(text)
            self._known = tuple(sorted({*self._known, *forms}, key=lambda form: (-len(form), form)))

    def text(self, text: str) -> str:
        """`text` without anything secret. Redacting twice changes nothing more."""
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        if "LTAI" in text or "STS." in text:
            text = _KEY_ID.sub(HIDDEN, text)
        text = _NAMED.sub(rf"\1{HIDDEN}", text)
        if "x-acs-security-token" in text.lower():
            text = _TOKEN_HEADER.sub(rf"\1{HIDDEN}", text)
        return _DIGITS.sub(self._account, text)

    def _account(self, match: re.Match[str]) -> str:
        found = match.group()
        with self._lock:
            shown = self._accounts.get(found)
            if shown is None:
                number = f"{len(self._accounts) + 1:04d}"
                shown = self._accounts[found] = "9" * (len(found) - len(number)) + number
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

    def exchange(self, exchange: Exchange) -> Exchange:
        """The exchange without anything secret."""
        exchange = self.searchable(exchange)
        sent = exchange.sent
        return replace(
            exchange,
            sent=replace(
                sent,
                url=self.text(sent.url),
                pairs=self.pairs(sent.pairs),
                headers=self.pairs(sent.headers),
                body=self.octets(sent.body),
            ),
            headers=self.pairs(exchange.headers),
            body=self.octets(exchange.body),
            reason=self.text(exchange.reason),
            detail=self.text(exchange.detail),
        )
