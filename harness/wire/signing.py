"""The two request signatures of the service, as pure functions of values.

V1 is the RPC signature (HMAC-SHA1, parameters in the query or the form), V3 is ACS3-HMAC-SHA256 (public
values in headers). Source: the vendor's pages "Signature mechanism", "V2 RPC signature" (the same scheme
under a newer name) and "Request syntax and signature method V3"; their vectors are in the tests.
This file knows nothing of clocks, of nonces or of HTTP. Thousands of calls a second pass through it, so
text that needs no encoding takes a fast path.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence

from eni_conformance.harness.values import Pair

ALGORITHM_V3 = "ACS3-HMAC-SHA256"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
_TABLE = tuple(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in range(256))
_plain = re.compile(r"[A-Za-z0-9\-_.~]*\Z").match


@functools.lru_cache(maxsize=4096)
def octets(text: str) -> bytes:
    """The bytes that `text` stands for: UTF-8; surrogate escapes are the single bytes that they escape."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


@functools.lru_cache(maxsize=4096)
def percent_encode(text: str) -> str:
    """Percent-encode every byte but A-Z a-z 0-9 - _ . ~, upper-case hex, space as %20."""
    if _plain(text):
        return text
    return "".join([_TABLE[byte] for byte in octets(text)])


def encode_pairs(pairs: Iterable[Pair]) -> str:
    """`name=value&name=value`, encoded, in the order given; an empty value keeps its `=`."""
    return "&".join([f"{percent_encode(name)}={percent_encode(value)}" for name, value in pairs])


def canonical_query(pairs: Iterable[Pair]) -> str:
    """The pairs sorted by the bytes of the name, those of one name by the bytes of the value, encoded."""
    return encode_pairs(sorted(pairs, key=_byte_order))


def _byte_order(pair: Pair) -> tuple[bytes, bytes]:
    return octets(pair[0]), octets(pair[1])


def string_to_sign_v1(method: str, pairs: Iterable[Pair]) -> str:
    """METHOD&%2F&(the canonical query, encoded once more).

    `pairs` are all parameters but Signature, those of the query and those of the form together.
    """
    query = canonical_query(pairs)
    return f"{method}&%2F&" + query.replace("%", "%25").replace("&", "%26").replace("=", "%3D")


def sign_v1(method: str, pairs: Iterable[Pair], secret: str) -> str:
    """The value of the parameter Signature: Base64, not yet percent-encoded. The key is `secret` + "&"."""
    text = string_to_sign_v1(method, pairs).encode("ascii")
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), text, "sha1")).decode("ascii")


def canonical_request_v3(
    method: str, query: Iterable[Pair], headers: Sequence[Pair], content_sha256: str
) -> tuple[str, str]:
    """The canonical request and the SignedHeaders text.

    headers: those to be signed: host, content-type if sent, and every x-acs-*. Names are lower-cased,
    values trimmed, sorted by name. content_sha256: hex SHA-256 of the body. The path is always "/".
    """
    signed = sorted([(name.lower(), value.strip()) for name, value in headers])
    names = ";".join([name for name, _ in signed])
    block = "".join([f"{name}:{value}\n" for name, value in signed])
    return f"{method}\n/\n{canonical_query(query)}\n{block}\n{names}\n{content_sha256}", names


def sign_v3(
    method: str, query: Iterable[Pair], headers: Sequence[Pair], content_sha256: str, secret: str
) -> tuple[str, str]:
    """The signature (lower-case hex; the key is the bare secret) and the SignedHeaders text."""
    request, names = canonical_request_v3(method, query, headers, content_sha256)
    text = f"{ALGORITHM_V3}\n{hashlib.sha256(octets(request)).hexdigest()}"
    return hmac.digest(octets(secret), text.encode("ascii"), "sha256").hex(), names


def authorization_v3(access_key_id: str | None, signed_headers: str, signature: str) -> str:
    """The value of the header Authorization; without an AccessKeyId the Credential part is left out."""
    credential = "" if access_key_id is None else f"Credential={access_key_id},"
    return f"{ALGORITHM_V3} {credential}SignedHeaders={signed_headers},Signature={signature}"
