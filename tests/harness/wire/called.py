"""A target, its callers and a client with a clock of its own; and a raw request taken apart."""

from __future__ import annotations

import random
from urllib.parse import unquote_to_bytes

from eni_conformance.harness.clock import Clock
from eni_conformance.harness.target import parse_target
from eni_conformance.harness.wire.client import Client

KEY, SECRET, TOKEN = "LTAIexampleexample01", "a-secret-of-the-tests", "token+/of=tests"
DETACH = "DetachNetworkInterface"
PAIRS = (
    ("RegionId", "cn-hangzhou"),
    ("InstanceId", "i-bp1ecbyds24ij63w146c"),
    ("NetworkInterfaceId", "eni-1"),
)


def target_of(url, **limits):
    return parse_target(
        {
            "name": "t",
            "endpoint": url,
            "region": "cn-hangzhou",
            "callers": {
                "account": {"access_key_id": KEY, "access_key_secret": SECRET},
                "session": {
                    "access_key_id": "STS.example0001",
                    "access_key_secret": SECRET,
                    "security_token": TOKEN,
                },
            },
            "limits": {"requests_per_second": 0, **limits},
        }
    )


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.at = 1_700_000_000.0
        self.slept = []

    def clock(self):
        return Clock(lambda: self.at, lambda: self.at, self._sleep)

    def _sleep(self, seconds):
        self.slept.append(seconds)
        self.at += seconds


def client_of(url, fake_time, **options):
    return Client(target_of(url), clock=fake_time.clock(), rng=random.Random(1), **options)


def parse(request):
    """Method, pairs of the query, headers, body of a raw request."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ")
    headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
    return method, pairs_of(path.partition("?")[2]), [(name.lower(), value) for name, value in headers], body


def pairs_of(text):
    return [
        tuple(unquote_to_bytes(part).decode("utf-8", "surrogateescape") for part in pair.split("=", 1))
        for pair in text.split("&")
        if pair
    ]
