"""The official vectors of both schemes, and the rules of encoding that they do not reach."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

import pytest
from eni_conformance.harness.wire.signing import (
    EMPTY_SHA256,
    authorization_v3,
    canonical_query,
    canonical_request_v3,
    encode_pairs,
    percent_encode,
    sign_v1,
    sign_v3,
    string_to_sign_v1,
)

A = (
    ("Timestamp", "2016-02-23T12:46:24Z"),
    ("Format", "XML"),
    ("AccessKeyId", "testid"),
    ("Action", "DescribeRegions"),
    ("SignatureMethod", "HMAC-SHA1"),
    ("SignatureNonce", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"),
    ("Version", "2014-05-26"),
    ("SignatureVersion", "1.0"),
)
A1 = tuple(("TimeStamp" if name == "Timestamp" else name, value) for name, value in A)
A2 = (
    ("AccessKeyId", "testid"),
    ("Action", "DescribeDedicatedHosts"),
    ("Format", "JSON"),
    ("RegionId", "cn-beijing"),
    ("SignatureMethod", "HMAC-SHA1"),
    ("SignatureNonce", "edb2b34af0af9a6d14deaf7c1a5315eb"),
    ("SignatureVersion", "1.0"),
    ("Timestamp", "2023-03-13T08:34:30Z"),
    ("Version", "2014-05-26"),
)


@pytest.mark.parametrize(
    ("pairs", "method", "signature"),
    [
        (A, "GET", "OLeaidS1JvxuMvnyHOwuJ+uX5qY="),
        (A, "POST", "MxbnVAM4w6sft9xjVpe/GCKueuk="),
        (A1, "GET", "CT9X0VtwR86fNWSnsc6v8YGOjuE="),
        (A2, "GET", "9NaGiOspFP5UPcwX8Iwt2YJXXuk="),
        (A2, "POST", "ZvQ9xGiFnquSJRvj+WE6kdSpTwU="),
    ],
)
def test_v1_vectors(pairs, method, signature):
    """The vendor's published signatures, and those of the same parameters sent by POST."""
    assert sign_v1(method, pairs, "testsecret") == signature
    assert sign_v1(method, pairs[::-1], "testsecret") == signature


def test_v1_string_to_sign_is_encoded_twice():
    """The joined parameters are encoded once more as a whole."""
    assert string_to_sign_v1("GET", A) == (
        "GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeRegions%26Format%3DXML%26SignatureMethod%3DHMAC-SHA1"
        "%26SignatureNonce%3D3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf%26SignatureVersion%3D1.0"
        "%26Timestamp%3D2016-02-23T12%253A46%253A24Z%26Version%3D2014-05-26"
    )


def test_v3_vector():
    """The vendor's published canonical request hash and signature."""
    query = (
        ("RegionId", "cn-shanghai"),
        ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"),
    )
    headers = (
        ("x-acs-version", "2014-05-26"),
        ("Host", "ecs.cn-shanghai.aliyuncs.com"),
        ("x-acs-action", "RunInstances"),
        ("x-acs-content-sha256", EMPTY_SHA256),
        ("x-acs-date", "2023-10-26T10:22:32Z"),
        ("x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"),
    )
    request, names = canonical_request_v3("POST", query, headers, EMPTY_SHA256)
    assert names == "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"
    assert (
        hashlib.sha256(request.encode()).hexdigest()
        == "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259"
    )
    signature, signed = sign_v3("POST", query, headers, EMPTY_SHA256, "YourAccessKeySecret")
    assert signed == names
    assert signature == "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    assert authorization_v3("YourAccessKeyId", signed, signature) == (
        f"ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders={names},Signature={signature}"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "aZ0-_.~",
        " +*~!'()/:%&=",
        "é实例😀",
        "\x00\x7f\r\n",
        "\udcff\udcfe",
        "a" * 10_000,
        "\u0301\u200b\ufeff",
    ],
)
def test_encoding_is_the_vendors(text):
    """Unreserved characters stay, all else is %XX of its octets; escapes are the octets they escape."""
    assert percent_encode(text) == quote(text.encode("utf-8", "surrogateescape"), safe="-_.~")


def test_a_lone_surrogate_is_still_encoded():
    """Text that has no octets in UTF-8 does not stop a call."""
    assert percent_encode("\ud800") == "%ED%A0%80"


def test_order_is_that_of_octets_and_duplicates_are_kept():
    """Upper case before lower case, 10 before 2, and the values of a repeated name sorted."""
    pairs = (("b", "2"), ("a.2", ""), ("B", "1"), ("a.10", "x"), ("b", "1"))
    assert canonical_query(pairs) == "B=1&a.10=x&a.2=&b=1&b=2"
    assert encode_pairs(pairs) == "b=2&a.2=&B=1&a.10=x&b=1"
