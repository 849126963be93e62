"""What the gateway decides before an operation is asked."""

from __future__ import annotations

import pytest
from emulator_client import STS, VPC, Client, utc

FORMS = [{}, {"scheme": "V3"}, {"method": "POST", "in_body": True}, {"scheme": "V3", "method": "POST"}]
V1_V3 = [{}, {"scheme": "V3"}]


def regions(client: Client, **how) -> tuple[int, str]:  # type: ignore[no-untyped-def]
    return client.call("DescribeRegions", **how).outcome


@pytest.mark.parametrize("how", FORMS)
def test_good_requests(client: Client, how: dict[str, str]) -> None:
    assert regions(client, **how) == (200, "200")


@pytest.mark.parametrize("how", FORMS)
def test_unknown_key(client: Client, how: dict[str, str]) -> None:
    assert regions(client, key=("LTAInobody", "x"), **how) == (404, "InvalidAccessKeyId.NotFound")


@pytest.mark.parametrize("how", FORMS)
def test_wrong_secret(client: Client, how: dict[str, str]) -> None:
    assert regions(client, key=(client.key[0], "x"), **how) == (400, "SignatureDoesNotMatch")


@pytest.mark.parametrize("how", V1_V3)
def test_changed_parameter(client: Client, how: dict[str, str]) -> None:
    answer = client.call("DescribeZones", {"RegionId": "cn-hangzhou"}, tamper={"RegionId": "cn-beijing"}, **how)
    assert answer.outcome == (400, "SignatureDoesNotMatch")
    assert "string to sign" in answer.fields["Message"]


def test_changed_body(client: Client) -> None:
    answer = client.call(
        "DescribeZones",
        {"RegionId": "cn-hangzhou"},
        scheme="V3",
        method="POST",
        in_body=True,
        tamper={"x-acs-content-sha256": "0" * 64},
    )
    assert answer.outcome == (400, "SignatureDoesNotMatch")


def test_unsigned_header(client: Client) -> None:
    answer = client.call("DescribeRegions", scheme="V3", headers={"x-acs-novel": "1"})
    assert answer.outcome == (400, "IncompleteSignature")


@pytest.mark.parametrize("how", FORMS)
def test_nonce_counts_once_per_key(client: Client, how: dict[str, str]) -> None:
    nonce = utc() + str(how) + str(id(client))
    assert regions(client, nonce=nonce, **how) == (200, "200")
    assert regions(client, nonce=nonce, **how) == (400, "SignatureNonceUsed")
    assert regions(client, nonce=nonce, key=("LTAIemulatorOther06", "emulator-secret-other"), **how)[0] == 200


@pytest.mark.parametrize(
    ("how", "offset", "code"),
    [
        ({}, -14 * 60, "200"),
        ({}, 14 * 60, "200"),
        ({}, -32 * 60, "InvalidTimeStamp.Expired"),
        ({}, 32 * 60, "InvalidTimeStamp.Expired"),
        ({"scheme": "V3"}, -14 * 60, "200"),
        ({"scheme": "V3"}, -16 * 60, "InvalidTimeStamp.Expired"),
        ({"scheme": "V3"}, 16 * 60, "InvalidTimeStamp.Expired"),
    ],
)
def test_clock(client: Client, how: dict[str, str], offset: float, code: str) -> None:
    assert regions(client, timestamp=utc(offset), **how)[1] == code


@pytest.mark.parametrize("how", V1_V3)
@pytest.mark.parametrize("text", ["yesterday", "2026-01-01 00:00:00", "2026-13-01T00:00:00Z"])
def test_clock_format(client: Client, how: dict[str, str], text: str) -> None:
    assert regions(client, timestamp=text, **how) == (400, "InvalidTimeStamp.Format")


@pytest.mark.parametrize(
    "name", ["AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp"]
)
def test_missing_public_parameter(client: Client, name: str) -> None:
    assert regions(client, drop=(name,)) == (400, f"Missing{name}")


def test_missing_version_and_action(client: Client) -> None:
    assert regions(client, drop=("Version",)) == (400, "MissingVersion")
    assert regions(client, drop=("Action",)) == (400, "MissingAction")


@pytest.mark.parametrize("how", V1_V3)
def test_action_and_version(client: Client, how: dict[str, str]) -> None:
    assert client.call("DescribeNothing", **how).outcome == (404, "InvalidAction.NotFound")
    assert client.call("describeregions", **how).outcome == (404, "InvalidAction.NotFound")
    assert client.call("CreateVpc", **how).outcome == (404, "InvalidAction.NotFound")
    assert client.call("DescribeRegions", version="2014-05-27", **how).outcome == (400, "InvalidVersion")
    assert client.call("DescribeVpcs", {"RegionId": "cn-hangzhou"}, version=VPC, **how).status == 200


def test_action_is_looked_up_before_the_key(client: Client) -> None:
    assert client.call("DescribeNothing", key=("nobody", "x")).code == "InvalidAction.NotFound"


def test_signature_method_and_version(client: Client) -> None:
    assert regions(client, tamper={"SignatureMethod": "HMAC-MD5"})[1] == "InvalidSignatureMethod"
    assert regions(client, tamper={"SignatureVersion": "9"})[1] == "InvalidSignatureVersion"


@pytest.mark.parametrize("how", [*V1_V3, {"scheme": "V3", "method": "POST"}])
def test_token(client: Client, how: dict[str, str]) -> None:
    assert regions(client, key=STS, token="emulator-security-token", **how) == (200, "200")
    assert regions(client, key=STS, **how) == (400, "MissingSecurityToken")
    assert regions(client, key=STS, token="x", **how) == (400, "InvalidSecurityToken.MismatchWithAccessKey")


def test_method(client: Client) -> None:
    assert client.exchange("PUT", "/?Action=DescribeRegions&Version=2014-05-26").status == 400
    assert client.exchange("DELETE", "/").fields["Code"] == "UnsupportedHTTPMethod"


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ({"format": None}, "xml"),
        ({"format": "json"}, "json"),
        ({"format": "Xml"}, "xml"),
        ({"format": None, "scheme": "V3"}, "json"),
        ({"format": "XML", "scheme": "V3"}, "xml"),
        ({"format": "XML", "scheme": "V3", "method": "POST"}, "xml"),
    ],
)
def test_format(client: Client, how: dict[str, str], kind: str) -> None:
    answer = client.call("DescribeRegions", **how)
    assert (answer.header("content-type") or "").endswith(f"/{kind};charset=utf-8")
    if kind == "xml":
        assert answer.xml.tag == "DescribeRegionsResponse"
        assert len(answer.xml.findall("Regions/Region/RegionId")) == 3
    else:
        assert len(answer.json["Regions"]["Region"]) == 3


def test_bad_format(client: Client) -> None:
    assert regions(client, format="YAML") == (400, "InvalidParameter.Format")


def test_empty_values_are_signed(client: Client) -> None:
    assert client.call("DescribeRegions", {"SignatureType": "", "Novel": ""}).status == 200


def test_signed_with_plus_for_space(client: Client) -> None:
    answer = client.call("CreateVpc", {"RegionId": "cn-hangzhou", "VpcName": "a b*~é"}, version=VPC)
    assert answer.status == 200


def test_headers_of_every_answer(client: Client) -> None:
    for answer in (client.call("DescribeRegions"), client.call("DescribeNothing")):
        assert answer.header("x-acs-request-id") == answer.fields["RequestId"]
        assert len(answer.header("x-acs-trace-id") or "") == 32
        assert answer.header("access-control-allow-origin") == "*"


def test_host_id_is_the_host_header(client: Client) -> None:
    assert client.call("DescribeNothing").fields["HostId"] == client.url.removeprefix("http://")
    odd = client.exchange("GET", "/", headers={"host": "<a>"})
    assert b"ecs.aliyuncs.com" in odd.body
