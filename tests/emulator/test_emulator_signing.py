"""Both signature schemes against the official vectors, as far as these agree with themselves."""

from __future__ import annotations

import pytest
from eni_conformance.emulator import signing

V1_BASE = [
    ("AccessKeyId", "testid"),
    ("Action", "DescribeRegions"),
    ("Format", "XML"),
    ("SignatureMethod", "HMAC-SHA1"),
    ("SignatureNonce", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"),
    ("SignatureVersion", "1.0"),
    ("Version", "2014-05-26"),
]
HOSTS = [
    ("AccessKeyId", "testid"),
    ("Action", "DescribeDedicatedHosts"),
    ("Format", "JSON"),
    ("RegionId", "cn-beijing"),
    ("SignatureMethod", "HMAC-SHA1"),
    ("SignatureNonce", "edb2b34af0af9a6d14deaf7c1a5315eb"),
    ("SignatureVersion", "1.0"),
    ("Timestamp", "2023-03-13T08:34:30Z"),
    ("Version", "2014-05-26"),
]


@pytest.mark.parametrize(
    ("method", "pairs", "signature"),
    [
        ("GET", [*V1_BASE, ("Timestamp", "2016-02-23T12:46:24Z")], "OLeaidS1JvxuMvnyHOwuJ+uX5qY="),
        ("POST", [*V1_BASE, ("Timestamp", "2016-02-23T12:46:24Z")], "MxbnVAM4w6sft9xjVpe/GCKueuk="),
        ("GET", [*V1_BASE, ("TimeStamp", "2016-02-23T12:46:24Z")], "CT9X0VtwR86fNWSnsc6v8YGOjuE="),
        ("GET", HOSTS, "9NaGiOspFP5UPcwX8Iwt2YJXXuk="),
        ("POST", HOSTS, "ZvQ9xGiFnquSJRvj+WE6kdSpTwU="),
    ],
)
def test_v1_vectors(method: str, pairs: signing.Pairs, signature: str) -> None:
    (query,) = signing.canonical_queries(pairs)
    text = signing.v1_string_to_sign(method, query)
    assert signing.v1_signature("testsecret", text) == signature


def test_v3_vector() -> None:
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": signing.EMPTY_SHA256,
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    pairs = [("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"), ("RegionId", "cn-shanghai")]
    (query,) = signing.canonical_queries(pairs)
    canonical = signing.v3_canonical_request("POST", "/", query, headers, sorted(headers), signing.EMPTY_SHA256)
    text = signing.v3_string_to_sign(canonical)
    assert text.endswith("7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259")
    expected = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    assert signing.v3_signature("YourAccessKeySecret", text) == expected


def test_encoding() -> None:
    assert signing.percent("a b*~-_.é/+") == "a%20b%2A~-_.%C3%A9%2F%2B"
    assert signing.parse_pairs(b"a=1+2%2B&b=&c&a=%ff") == [("a", "1 2+"), ("b", ""), ("c", ""), ("a", "\udcff")]
    assert signing.percent("\udcff") == "%FF"


def test_a_repeated_name_may_be_signed_in_any_consistent_way() -> None:
    found = set(signing.canonical_queries([("a", "2"), ("a", "1")]))
    assert found == {"a=2&a=1", "a=1&a=2", "a=2", "a=1"}


def test_authorization_header() -> None:
    good = "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host;x-acs-date,Signature=ab"
    assert signing.parse_authorization(good) == ("id", ["host", "x-acs-date"], "ab")
    assert signing.parse_authorization("ACS3-HMAC-SHA256 Credential=id") is None
    assert signing.parse_authorization("ACS3-HMAC-SM3 Credential=id,SignedHeaders=a,Signature=b") is None
