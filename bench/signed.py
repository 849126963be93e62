"""Signed calls the plain way, for what the suite is measured against. Standard library only."""

from __future__ import annotations

import base64
import hmac
import time
import urllib.parse
import uuid


def enc(text: str) -> str:
    return urllib.parse.quote(text, safe="~")


def signed(
    method: str,
    given: dict[str, str],
    key: str,
    secret: str,
    action: str = "DetachNetworkInterface",
    version: str = "2014-05-26",
) -> dict[str, str]:
    """The parameters of a call with the public ones and the V1 signature."""
    pairs = {
        **given,
        "Action": action,
        "Version": version,
        "Format": "JSON",
        "AccessKeyId": key,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": uuid.uuid4().hex,
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    query = "&".join(f"{enc(name)}={enc(value)}" for name, value in sorted(pairs.items()))
    mac = hmac.digest(f"{secret}&".encode(), f"{method}&%2F&{enc(query)}".encode(), "sha1")
    return {**pairs, "Signature": base64.b64encode(mac).decode()}
