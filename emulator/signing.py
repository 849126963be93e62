"""How a request is signed: the two schemes of the service, as pure functions.

V1 is the query signature (HMAC-SHA1 over the sorted parameters), V3 is ACS3-HMAC-SHA256 over a canonical
request.  Source: the service's signature pages; the official vectors are in the tests.  This file knows
nothing of accounts, clocks or nonces: the gateway decides about those.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, unquote_to_bytes

Pairs = list[tuple[str, str]]

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
V3_ALGORITHM = "ACS3-HMAC-SHA256"


def percent(text: str) -> str:
    """Percent-encode: `A-Z a-z 0-9 - _ . ~` stay, space is %20, hex is upper case."""
    return quote(text, safe="", errors="surrogateescape")


def parse_pairs(raw: bytes) -> Pairs:
    """Split a query or form body, in order, empty values kept; bytes that are no UTF-8 become surrogates."""
    pairs = []
    for piece in raw.split(b"&"):
        if piece:
            name, _, value = piece.partition(b"=")
            pairs.append((_decode(name), _decode(value)))
    return pairs


def _decode(raw: bytes) -> str:
    if b"%" in raw or b"+" in raw:
        raw = unquote_to_bytes(raw.replace(b"+", b" "))
    return raw.decode("utf-8", "surrogateescape")


def _join(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join([f"{percent(name)}={percent(value)}" for name, value in pairs])


def _byte_order(pair: tuple[str, str]) -> bytes:
    return pair[0].encode("utf-8", "surrogateescape")


def canonical_queries(pairs: Pairs) -> Iterator[str]:
    """The canonical strings a client may have signed.  There is one, unless a name occurs twice.

    The documentation does not say how a repeated name is signed, so each consistent reading is accepted:
    sorted by name only, sorted by name and value, and only the first or only the last occurrence.
    """
    by_name = sorted(pairs, key=_byte_order)
    yield _join(by_name)
    first: dict[str, str] = {}
    for name, value in pairs:
        first.setdefault(name, value)
    if len(first) == len(pairs):
        return
    yield _join(sorted(pairs))
    yield _join(sorted(first.items(), key=_byte_order))
    yield _join(sorted(dict(pairs).items(), key=_byte_order))


def v1_string_to_sign(method: str, canonical_query: str) -> str:
    """METHOD & %2F & the encoded canonical query."""
    return f"{method}&%2F&{quote(canonical_query, safe='')}"


def v1_signature(secret: str, string_to_sign: str) -> str:
    """Base64 of HMAC-SHA1 with the secret followed by an ampersand."""
    mac = hmac.digest(f"{secret}&".encode(), string_to_sign.encode(), "sha1")
    return base64.b64encode(mac).decode()


def v3_canonical_request(
    method: str,
    path: str,
    canonical_query: str,
    headers: Mapping[str, str],
    signed: list[str],
    content_sha256: str,
) -> str:
    """The canonical request of V3; `headers` by lower-case name, `signed` are those covered."""
    block = "".join([f"{name}:{headers.get(name, '').strip()}\n" for name in signed])
    return f"{method}\n{path}\n{canonical_query}\n{block}\n{';'.join(signed)}\n{content_sha256}"


def v3_string_to_sign(canonical_request: str) -> str:
    """The algorithm's name, a line feed, and the SHA-256 of the canonical request in lower-case hex."""
    digest = hashlib.sha256(canonical_request.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{V3_ALGORITHM}\n{digest}"


def v3_signature(secret: str, string_to_sign: str) -> str:
    """Lower-case hex HMAC-SHA256 with the bare secret."""
    return hmac.digest(secret.encode(), string_to_sign.encode(), "sha256").hex()


def parse_authorization(value: str) -> tuple[str, list[str], str] | None:
    """Credential, signed header names and signature of an Authorization header; None if malformed."""
    algorithm, _, rest = value.strip().partition(" ")
    if algorithm != V3_ALGORITHM:
        return None
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    try:
        return parts["Credential"], parts["SignedHeaders"].split(";"), parts["Signature"]
    except KeyError:
        return None


def same(ours: str, theirs: str) -> bool:
    """Compare two signatures in constant time."""
    return hmac.compare_digest(ours.encode(), theirs.encode("utf-8", "surrogateescape"))
