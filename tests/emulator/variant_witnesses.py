"""What shows each variant of `answers`, `worlds` and `moments`: a function that asserts with the variant switched on.

The emulator of these tests needs a second for each transition; `Client.settle` moves its clock.
"""

from __future__ import annotations

import http.client
import json
import re
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any

import pytest
from emulator_client import ACCOUNT, DENIED, EXPIRED, OTHER, RAM_KIND, USER_TYPE, Answer, Client, utc
from emulator_worlds import UNKNOWN_ENI, UNKNOWN_INSTANCE, World, build
from parallel_witnesses import together

INVALID_STATE = (400, "InvalidOperation.InvalidEniState")
NOT_FOUND = (404, "InvalidEcsId.NotFound")
LOST = (http.client.RemoteDisconnected, ConnectionResetError)

Witness = Callable[[Client], None]
SEEN: dict[str, Witness] = {}


def shows(*names: str) -> Callable[[Witness], Witness]:
    """The variants that a function is the witness of."""

    def register(witness: Witness) -> Witness:
        SEEN.update(dict.fromkeys(names, witness))
        return witness

    return register


def dead(client: Client) -> Answer:
    """A call with the key that has expired, in a world where nothing else is wrong."""
    return build(client).detach(key=EXPIRED)


def statuses(world: World, seconds: float, step: float = 0.1) -> list[str]:
    """The statuses that descriptions show one after the other, each once, for so long."""
    found = [world.show()["Status"]]
    for _ in range(round(seconds / step)):
        world.client.settle(step)
        found.append(world.show()["Status"])
    return [found[0], *(after for before, after in pairwise(found) if before != after)]


# Interfaces that come with their instance


def with_interface(client: Client) -> Answer:
    network = client.network()
    params = {
        **_new(client, network),
        "InstanceType": "ecs.g6.2xlarge",
        "ImageId": "aliyun_3_x64_20G_alibase_20250629.vhd",
        "NetworkInterface.1.InstanceType": "Secondary",
    }
    return client.call("RunInstances", params)


@shows("born-refused")
def no_interface_comes_with_an_instance(client: Client) -> None:
    refused = with_interface(client)
    assert (refused.status, refused.code) == (400, "UnsupportedParameter")
    build(client)  # instances and interfaces by themselves are as ever


@shows("born-ignored")
def an_instance_comes_alone(client: Client) -> None:
    (instance,) = with_interface(client).fields["InstanceIdSets"]["InstanceIdSet"]
    client.settle(), client.settle()
    shown = client.ok("DescribeNetworkInterfaces", {"InstanceId": instance})
    assert [row["Type"] for row in shown["NetworkInterfaceSets"]["NetworkInterfaceSet"]] == ["Primary"]


# Ids


@shows("ids-counting")
def next_one_is_last_and_one(client: Client) -> None:
    network = client.network()
    made = [client.eni(network) for _ in range(3)]
    made.append(client.call("CreateNetworkInterface", _new(client, network)).fields["NetworkInterfaceId"])
    numbers = [int(id.removeprefix("eni-bp1")) for id in made]
    assert all(len(id) == len("eni-bp100000000000000111") for id in made)
    assert [number - numbers[0] for number in numbers] == [0, 1, 2, 3]
    first, second = client.instance(network), client.instance(network)
    assert int(second.removeprefix("i-bp1")) == int(first.removeprefix("i-bp1")) + 1


def _new(client: Client, network: Any) -> dict[str, str]:
    return {"RegionId": client.region, "VSwitchId": network.vswitch, "SecurityGroupId": network.group}


@shows("ids-odd")
def odd_ids_are_ids(client: Client) -> None:
    world = build(client)
    assert re.fullmatch(r"i-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", world.instance)
    assert re.fullmatch(r"eni-[0-9b-df-hj-np-tv-z]{24}", world.eni)
    assert re.fullmatch(r"sg-[0-9A-Z]{6}-[0-9A-Z]+", world.network.group)
    unknown = world.instance[:-1] + ("0" if world.instance[-1] != "0" else "1")
    assert world.detach(instance=unknown).outcome == NOT_FOUND
    assert world.detach(instance="i-x").code == "InvalidInstanceID.Malformed"
    assert world.detach().status == 200


# Signatures


@shows("missing-signature-is-missing-parameter")
def lacks_a_parameter(client: Client) -> None:
    world = build(client)
    for how in (
        {"drop": ("Signature",)},
        {"drop": ("Signature", "AccessKeyId")},
        {"scheme": "V3", "drop": ("authorization",)},
        {"scheme": "V3", "tamper": {"authorization": "ACS3-HMAC-SHA256 Credential=x,SignedHeaders=host"}},
    ):
        assert world.detach(**how).outcome == (400, "MissingParameter"), how
    assert world.detach(signature="x").outcome == (400, "SignatureDoesNotMatch")
    assert world.detach(drop=("SignatureNonce",)).outcome == (400, "MissingSignatureNonce")
    assert world.detach().status == 200


@shows("hex-case-insensitive")
def upper_case_signatures_count(client: Client) -> None:
    assert _shouted(client).status == 200
    wrong = client.call("DescribeRegions", scheme="V3", signature="0" * 64)
    assert wrong.code == "SignatureDoesNotMatch"
    client.control("variant", name=None)
    assert _shouted(client).code == "SignatureDoesNotMatch"


def _shouted(client: Client) -> Answer:
    """A V3 call whose signature is in upper case."""
    sent: dict[str, str] = {}
    how = {"scheme": "V3", "nonce": uuid.uuid4().hex, "timestamp": utc()}
    exchange = client.exchange

    def keep(method: str, target: str, body: bytes, headers: dict[str, str], timeout: float) -> Answer:
        sent.update(headers)
        return Answer(0, [], b"")

    client.exchange = keep  # type: ignore[assignment, method-assign]
    try:
        client.call("DescribeRegions", **how)
    finally:
        client.exchange = exchange  # type: ignore[method-assign]
    head, _, digits = sent["authorization"].rpartition("=")
    assert digits != digits.upper()
    return client.exchange("GET", "/", b"", {**sent, "authorization": f"{head}={digits.upper()}"})


@shows("v1-only")
def v3_is_unknown(client: Client) -> None:
    world = build(client)
    assert world.detach(scheme="V3").outcome == (400, "MissingParameter")
    assert client.call("DescribeNothing", scheme="V3").outcome == (400, "MissingParameter")
    assert world.detach().status == 200


@shows("v3-only")
def v1_is_unknown(client: Client) -> None:
    assert client.call("DescribeRegions").outcome == (400, "MissingParameter")
    assert client.call("DescribeRegions", format=None).json["Code"] == "MissingParameter"
    assert client.call("DescribeRegions", scheme="V3").status == 200


@shows("clock-behind")
def clock_behind(client: Client) -> None:
    _clock(client, -40)


@shows("clock-ahead")
def clock_ahead(client: Client) -> None:
    _clock(client, 40)


def _clock(client: Client, offset: int) -> None:
    window = 15 * 60
    answer = client.call("DescribeRegions", scheme="V3", timestamp=utc(offset + window - 10))
    assert answer.status == 200
    assert client.call("DescribeRegions", scheme="V3", timestamp=utc(offset - window + 10)).status == 200
    for away in (offset + window + 10, offset - window - 10):
        assert client.call("DescribeRegions", scheme="V3", timestamp=utc(away)).code == "InvalidTimeStamp.Expired"
    shown = parsedate_to_datetime(answer.header("date") or "")
    true = parsedate_to_datetime(_date_without(client))
    assert abs((shown - true).total_seconds() - offset) <= 5


def _date_without(client: Client) -> str:
    client.control("variant", name=None)
    return client.call("DescribeRegions").header("date") or ""


@shows("v3-gateway-errors-in-xml")
def not_let_in_by_xml(client: Client) -> None:
    nonce = uuid.uuid4().hex
    assert client.call("DescribeRegions", scheme="V3", nonce=nonce).json["Regions"]
    for code, how in (
        ("InvalidAccessKeyId.NotFound", {"key": ("nobody", "x")}),
        ("SignatureDoesNotMatch", {"signature": "0" * 64}),
        ("IncompleteSignature", {"tamper": {"authorization": "ACS3-HMAC-SHA256 Credential=x,SignedHeaders=host"}}),
        ("MissingSignatureNonce", {"drop": ("x-acs-signature-nonce",)}),
        ("SignatureNonceUsed", {"nonce": nonce}),
        ("InvalidTimeStamp.Expired", {"timestamp": utc(-3600)}),
        ("InvalidTimeStamp.Format", {"timestamp": "noon"}),
    ):
        for format in ("JSON", None):
            answer = client.call("DescribeRegions", scheme="V3", format=format, **how)
            assert answer.header("content-type") == "text/xml;charset=utf-8"
            assert answer.xml.findtext("Code") == code
    assert client.call("DescribeRegions", signature="x").json["Code"] == "SignatureDoesNotMatch"
    assert client.call("DescribeNothing", scheme="V3").json["Code"] == "InvalidAction.NotFound"
    denied = build(client).detach(scheme="V3", key=DENIED)
    assert denied.json["Code"] == "Forbidden.SubUser", "what an operation refuses follows Accept"


# Passing troubles


def _rounds(client: Client, number: int) -> list[Answer]:
    client.close()
    return [client.call("DescribeRegions") for _ in range(number)]


def _passing(number: int, status: int, code: str) -> Witness:
    def witness(client: Client) -> None:
        found = Counter(answer.outcome for answer in _rounds(client, 2 * number))
        assert found == {(200, "200"): 2 * number - 2, (status, code): 2}

    return witness


SEEN |= {
    "passing-conflict": _passing(150, 400, "OperationConflict"),
    "passing-unknown-error": _passing(150, 400, "UnknownError"),
    "passing-500": _passing(150, 500, "InternalError"),
}


@shows("passing-502")
def page_of_a_load_balancer(client: Client) -> None:
    [page] = [answer for answer in _rounds(client, 150) if answer.status != 200]
    assert page.status == 502
    assert page.header("content-type") == "text/html"
    assert page.header("x-acs-request-id") is None
    assert page.body.startswith(b"<html>")


@shows("passing-conflict-often")
def a_passing_refusal_changes_nothing(client: Client) -> None:
    world = build(client)
    _passing(12, 400, "OperationConflict")(client)
    while client.call("DescribeRegions").status != 400:
        pass
    _rounds(client, 11)
    assert world.detach().outcome == (400, "OperationConflict")
    assert world.show()["Status"] == "InUse"
    assert world.detach().status == 200


@shows("calls-at-once-conflict")
def one_of_several_is_carried_out(client: Client) -> None:
    """Where the machine is busy, they may come one after the other for once."""
    came: Counter[tuple[int, str]] = Counter()
    for _ in range(5):
        world = build(client)
        came.update(answer.outcome for answer in together(client, *[(world.eni, world.instance)] * 4))
    assert came.pop((409, "OperationConflict")) > 0
    assert {status for status, _ in came} == {200}


@shows("answers-lost")
def carried_out_without_an_answer(client: Client) -> None:
    network = client.network()  # three creations
    client.eni(network), client.eni(network)
    before = _owned(client)
    client.close()
    with pytest.raises(LOST):
        client.call("CreateNetworkInterface", {**_new(client, network), "ClientToken": "once"})
    assert _owned(client) == before + 1
    again = client.call("CreateNetworkInterface", {**_new(client, network), "ClientToken": "once"})
    assert again.status == 200
    assert _owned(client) == before + 1


def _owned(client: Client) -> int:
    found: int = client.ok("DescribeNetworkInterfaces")["TotalCount"]
    return found


@shows("answers-lost-of-start-and-stop")
def started_and_stopped_without_an_answer(client: Client) -> None:
    network = client.network()
    host, enis = client.instance(network), [client.eni(network) for _ in range(4)]
    for eni in enis[:3]:
        client.ok("DeleteNetworkInterface", {"NetworkInterfaceId": eni})
    with pytest.raises(AssertionError, match="IncorrectInstanceStatus"):
        client.ok("StartInstance", {"InstanceId": host})
    for action in ("StopInstance", "StartInstance"):
        client.ok(action, {"InstanceId": host})
        client.settle()
    _lost(client, "StopInstance", {"InstanceId": host})
    client.settle()
    assert client.show_instance(host)["Status"] == "Stopped"
    for action in ("StartInstance", "StopInstance", "StartInstance", "StopInstance", "StartInstance"):
        client.ok(action, {"InstanceId": host})
        client.settle()
    _lost(client, "DeleteNetworkInterface", {"NetworkInterfaceId": enis[3]})
    client.settle()
    assert _owned(client) == 1, "the primary interface is left"


def _lost(client: Client, action: str, params: dict[str, str]) -> None:
    """A call on a fresh connection, which is closed without an answer."""
    client.close()
    with pytest.raises(LOST):
        client.ok(action, params)


@shows("header-blanks")
def blank_after_each_value(client: Client) -> None:
    world = build(client)
    for answer in (
        client.call("DescribeRegions"),
        world.detach(eni="x"),
        world.detach(format="XML", scheme="V3", method="POST"),
    ):
        assert {"date", "content-type", "content-length", "x-acs-request-id"} <= {n.lower() for n, _ in answer.headers}
        assert all(value.endswith(" ") and value.strip() for _, value in answer.headers)
    control = client.exchange("GET", "/_control")
    assert not any(value.endswith(" ") for _, value in control.headers), "the control protocol is none of the service's"


@shows("kept-connection-drops")
def dropped_on_a_kept_connection(client: Client) -> None:
    world = build(client)
    kept = client.connection
    for _ in range(20):
        assert client.call("DescribeRegions").status == 200
        if client.connection is not kept:
            break
    kept = client.connection
    for _ in range(19):
        assert client.call("DescribeRegions").status == 200
        assert client.connection is kept
    assert world.detach().status == 200, "repeated on a new connection with the same nonce: not carried out before"
    assert client.connection is not kept


# Codes and envelopes


def _nowhere(client: Client) -> Answer:
    return client.detach(UNKNOWN_ENI, UNKNOWN_INSTANCE, "cn-nowhere")


@shows("codes-of-today")
def codes_of_today(client: Client) -> None:
    denied = build(client).detach(key=DENIED)
    assert denied.outcome == (403, "Forbidden.RAM")
    assert denied.fields["AccessDeniedDetail"]["AuthAction"] == "ecs:DetachNetworkInterface"
    assert "q=Forbidden.RAM&" in denied.fields["Recommend"]
    assert dead(client).outcome == (404, "InvalidAccessKeyId.NotFound")
    assert client.call("DescribeRegions", scheme="V3", key=EXPIRED).outcome == (404, "InvalidAccessKeyId.NotFound")
    assert _nowhere(client).outcome == (404, "InvalidRegionId.NotFound")
    for action in ("DescribeNetworkInterfaces", "DescribeInstances"):
        assert client.call(action, {"RegionId": "cn-nowhere"}).outcome == (404, "InvalidRegionId.NotFound")


@shows("codes-key-inactive")
def key_inactive(client: Client) -> None:
    assert dead(client).outcome == (400, "InvalidAccessKeyId.Inactive")


@shows("codes-key-disabled")
def key_disabled(client: Client) -> None:
    assert dead(client).outcome == (403, "Forbidden.AccessKeyDisabled")


@shows("codes-ram-nopermission")
def no_permission(client: Client) -> None:
    assert build(client).detach(key=DENIED).outcome == (403, "NoPermission")


@shows("codes-region-forbidden")
def region_forbidden(client: Client) -> None:
    assert _nowhere(client).outcome == (400, "Forbidden.RegionId")


@shows("codes-sibling-spellings")
def sibling_spellings(client: Client) -> None:
    world = build(client)
    other = client.instance(world.network)
    assert world.detach(instance=UNKNOWN_INSTANCE).outcome == (404, "InvalidInstanceId.NotFound")
    assert world.detach(instance="i-x").outcome == (400, "InvalidInstanceId.Malformed")
    assert world.detach(eni="x").outcome == (400, "InvalidEniId.Malformed")
    assert world.detach(instance=other).outcome == (400, "InvalidParameter.EniNotBelongEcs")
    world.leave()
    assert world.detach().outcome == INVALID_STATE


@shows("codes-foreign-forbidden")
def foreigners_learn_nothing(client: Client) -> None:
    world = build(client)
    for instance in (world.instance, UNKNOWN_INSTANCE):
        assert world.detach(instance=instance, key=OTHER).outcome == (403, "Forbidden.InstanceNotFound")
    assert world.detach(instance=UNKNOWN_INSTANCE).outcome == NOT_FOUND


@shows("envelope-of-today")
def envelope_of_today(client: Client) -> None:
    world = build(client)
    for how in ({}, {"scheme": "V3"}, {"format": "XML"}):
        fields = world.detach(instance="i-x", **how).fields
        assert fields["HostId"]
        assert "?" in fields["Recommend"] and "&" in fields["Recommend"]
        assert "\n" in fields["Message"] and fields["Message"].count('"') % 2 == 1
    assert world.detach(key=DENIED).fields["AccessDeniedDetail"]["EncodedDiagnosticMessage"]
    assert "AccessDeniedDetail" not in world.detach(eni="x").fields


# Parameters


@shows("undeclared-refused-first")
def the_undeclared_at_the_door(client: Client) -> None:
    world = build(client)
    spoilt = (
        {},
        {"signature": "x"},
        {"scheme": "V3", "signature": "0" * 64},
        {"key": ("nobody", "x")},
        {"key": DENIED},
    )
    for how in spoilt:
        assert world.detach(more={"Novel": "1"}, **how).outcome == (400, "InvalidParameter"), how
        assert world.detach(more={"ClientToken": "1"}, method="POST", in_body=True, **how).code == "InvalidParameter"
    assert world.detach(signature="x").code == "SignatureDoesNotMatch"
    assert client.call("DescribeRegions", {"Novel": "1"}).status == 200
    owners = {"OwnerAccount": "a@b", "OwnerId": "1", "ResourceOwnerAccount": "a@b", "ResourceOwnerId": "1"}
    assert world.detach(more=owners).status == 200


@shows("owner-account-validated")
def owner_accounts_are_login_names(client: Client) -> None:
    world = build(client)
    for text in ("someone", "@example.com", "someone@", "a@b@c", "some one@example.com", "155780923770"):
        assert world.detach(more={"OwnerAccount": text}).outcome == (400, "InvalidParameter"), text
        assert world.show()["Status"] == "InUse"
    others = {"OwnerId": "x", "ResourceOwnerAccount": "someone"}
    for more in ({"OwnerAccount": "子账号@例子.com"}, {"OwnerAccount": "ECSforCloud@Alibaba.com", **others}, others):
        assert world.detach(more=more).status == 200, more


@shows("region-elsewhere-unknown")
def other_regions_are_unknown(client: Client) -> None:
    world, unknown = build(client), (404, "InvalidRegionId.NotFound")
    assert client.detach(world.eni, world.instance, "cn-beijing").outcome == unknown
    assert client.detach(world.eni, UNKNOWN_INSTANCE, "cn-shanghai").outcome == unknown
    assert client.detach(world.eni, world.instance, "cn-nowhere").outcome == (400, "InvalidOperation.InvalidRegion")
    assert client.detach(world.eni, world.instance, "cn-beijing", key=OTHER).outcome == NOT_FOUND
    assert client.detach(UNKNOWN_ENI, UNKNOWN_INSTANCE, "cn-beijing").outcome == NOT_FOUND
    assert world.show()["Status"] == "InUse"
    assert world.detach().status == 200
    there = build(client, region="cn-beijing")
    try:
        assert client.detach(world.eni, there.instance).code == "InvalidEniId.NotFound"
        assert there.detach().status == 200
    finally:
        client.region = "cn-hangzhou"


# Formats


def _format(client: Client, **how: Any) -> str:
    answer = client.call("DescribeRegions", **how)
    assert ("json" in (answer.header("content-type") or "")) == answer.body.startswith(b"{")
    return f"{answer.status} {'JSON' if answer.body.startswith(b'{') else 'XML'}"


@shows("json-only")
def always_json(client: Client) -> None:
    for how in ({"format": None}, {"format": "XML"}, {"format": "XML", "scheme": "V3"}, {"format": "JSON"}):
        assert _format(client, **how) == "200 JSON"
    assert client.call("DescribeNothing", format=None).json["Code"] == "InvalidAction.NotFound"


@shows("json-only-refuses")
def refuses_xml(client: Client) -> None:
    for how in ({"format": None}, {"format": "JSON"}, {"scheme": "V3", "format": None}):
        assert _format(client, **how) == "200 JSON"
    for scheme in ("V1", "V3"):
        answer = client.call("DescribeRegions", format="XML", scheme=scheme)
        assert (answer.status, answer.json["Code"]) == (400, "UnsupportedParameter")


# Lists


def _lengths(client: Client, number: int) -> Counter[tuple[int, int]]:
    found: Counter[tuple[int, int]] = Counter()
    for _ in range(number):
        listed = client.ok("DescribeNetworkInterfaces")
        found[len(listed["NetworkInterfaceSets"]["NetworkInterfaceSet"]), listed["TotalCount"]] += 1
    return found


@shows("lists-lack-now-and-then")
def one_list_lacks_one(client: Client) -> None:
    network = client.network()
    client.eni(network), client.eni(network)
    assert _lengths(client, 60) == {(2, 2): 58, (1, 1): 2}


@shows("lists-old-now-and-then")
def one_list_is_old(client: Client) -> None:
    world = build(client)
    world.detach()
    client.settle(2)
    by_id = [(row["Status"], row.get("InstanceId")) for row in (world.show() for _ in range(60))]
    assert Counter(by_id) == {("Available", None): 58, ("Detaching", world.instance): 2}
    at_instance = [world.eni in client.on(world.instance) for _ in range(60)]
    assert sum(at_instance) == 2
    client.settle(60)
    assert {world.show()["Status"] for _ in range(60)} == {"Available"}, "old is what changed a moment ago"


@shows("primary-at-instance-only")
def no_primary_in_lists(client: Client) -> None:
    world = build(client)
    primary = client.primary(world.instance)
    for params in ({}, {"NetworkInterfaceId.1": primary}, {"Type": "Primary"}, {"InstanceId": world.instance}):
        listed = client.ok("DescribeNetworkInterfaces", params)["NetworkInterfaceSets"]["NetworkInterfaceSet"]
        assert primary not in [row["NetworkInterfaceId"] for row in listed]
    assert world.detach(eni=primary).outcome == (400, "InvalidOperation.DetachPrimaryEniNotAllowed")


@shows("page-number-only")
def pages_by_number(client: Client) -> None:
    network = client.network()
    made = {client.eni(network) for _ in range(12)}
    listed = client.ok("DescribeNetworkInterfaces", {"MaxResults": "100"})
    assert len(listed["NetworkInterfaceSets"]["NetworkInterfaceSet"]) == 10
    assert "NextToken" not in listed and "MaxResults" not in listed
    assert (listed["TotalCount"], listed["PageNumber"]) == (12, 1)
    pages = [client.ok("DescribeNetworkInterfaces", {"PageSize": "10", "PageNumber": n}) for n in "12"]
    assert {row["NetworkInterfaceId"] for page in pages for row in _rows(page)} == made


@shows("next-token-only")
def pages_by_token(client: Client) -> None:
    network = client.network()
    made = {client.eni(network) for _ in range(12)}
    first = client.ok("DescribeNetworkInterfaces", {"PageSize": "5", "PageNumber": "2"})
    assert len(_rows(first)) == 10
    assert not {"TotalCount", "PageNumber", "PageSize"} & set(first)
    second = client.ok("DescribeNetworkInterfaces", {"NextToken": first["NextToken"]})
    assert {row["NetworkInterfaceId"] for page in (first, second) for row in _rows(page)} == made
    assert not second["NextToken"]


def _rows(listed: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = listed["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    return found


@shows("instances-without-interfaces")
def nothing_at_instances(client: Client) -> None:
    assert "NetworkInterfaces" not in client.show_instance(build(client).instance)


def listed(client: Client, **filters: str) -> Answer:
    return client.call("DescribeNetworkInterfaces", {"RegionId": client.region, "MaxResults": "500", **filters})


@shows("filters-few")
def not_by_status(client: Client) -> None:
    eni = build(client).eni
    assert eni in listed(client, Status="Deleting").body.decode()
    assert eni in listed(client, Type="Member").body.decode()
    assert eni in listed(client, **{"Tag.1.Key": "of", "Tag.1.Value": "nobody"}).body.decode()


@shows("views-few")
def not_by_instance(client: Client) -> None:
    made = build(client)
    assert listed(client, InstanceId=made.instance).outcome == (400, "UnsupportedParameter")
    sent = {"RegionId": client.region, "NetworkInterfaceId": made.eni}
    assert client.call("DescribeNetworkInterfaceAttribute", sent).outcome == (404, "InvalidAction.NotFound")


@shows("unknown-instance-filter-refused")
def not_by_unknown_instance(client: Client) -> None:
    assert listed(client, InstanceId="i-bp1zzzzzzzzzzzzzzzzz").outcome == (404, "InvalidInstanceId.NotFound")


@shows("descriptions-bare")
def few_attributes(client: Client) -> None:
    world = build(client, Description="x", NetworkInterfaceName="y")
    assert set(world.show()) == {
        *("NetworkInterfaceId", "Status", "Type", "InstanceId", "MacAddress", "PrivateIpAddress"),
        *("VSwitchId", "VpcId", "ZoneId", "SecurityGroupIds"),
    }
    row = client.show_instance(world.instance)
    assert not {"InstanceName", "Description", "Tags", "CreationTime"} & set(row)
    [primary, secondary] = row["NetworkInterfaces"]["NetworkInterface"]
    assert set(primary) == {"NetworkInterfaceId", "Type", "MacAddress", "PrimaryIpAddress"}
    assert secondary["NetworkInterfaceId"] == world.eni


def _arps(row: dict[str, Any]) -> list[int]:
    return [int(each["LastArp"]) for each in row["PrivateIpSets"]["PrivateIpSet"]]


@shows("addresses-few")
def addresses_repeat(client: Client) -> None:
    world = build(client)
    network = world.network
    shown = {client.show(client.eni(network))["PrivateIpAddress"] for _ in range(9)}
    assert len(shown) == 4


@shows("heartbeat")
def hearts_beat(client: Client) -> None:
    world = build(client, SecondaryPrivateIpAddressCount="2")
    seen, beats = [], []
    for _ in range(9):
        interface, instance = world.show(), client.show_instance(world.instance)
        beats.append((interface["LastHeartbeat"], instance["LastHeartbeat"]))
        seen += _arps(interface)
        for row in instance["NetworkInterfaces"]["NetworkInterface"]:
            seen += _arps(row)
        client.settle(10)
    assert len(seen) == len(set(seen)) == 9 * (3 + 1 + 3)
    assert len({beat for beat, _ in beats}) in (5, 6), "eighty seconds and a little"
    times = [datetime.fromisoformat(beat).timestamp() for beat, _ in beats]
    assert all(each % 20 == 0 for each in times)
    assert {after - before for before, after in pairwise(times)} == {0, 20}


@shows("callers-own-nothing")
def nothing_is_theirs(client: Client) -> None:
    world = build(client)
    for key in (USER_TYPE, EXPIRED, RAM_KIND):
        assert world.detach(key=key).outcome == NOT_FOUND
    assert world.detach(key=DENIED).outcome == (403, "Forbidden.SubUser")
    assert world.detach(key=ACCOUNT).status == 200


# Moments


def _freed_after(seconds: float) -> Witness:
    def witness(client: Client) -> None:
        world = build(client)
        world.detach()
        client.settle(1)
        assert world.show()["Status"] == "Available"
        attach = {"RegionId": client.region, "NetworkInterfaceId": world.eni, "InstanceId": world.instance}
        for action in ("AttachNetworkInterface", "DeleteNetworkInterface"):
            assert client.call(action, attach).outcome == INVALID_STATE
        client.settle(seconds - 0.3)
        assert client.call("AttachNetworkInterface", attach).outcome == INVALID_STATE
        client.settle(0.3)
        client.attach(world.eni, world.instance)

    return witness


SEEN |= {"free-late": _freed_after(0.6), "free-later": _freed_after(1.5)}


def _again(world: World) -> None:
    """One more detach, begun."""
    if world.show()["Status"] == "Available":
        world.client.attach(world.eni, world.instance)
    assert world.detach().status == 200


@shows("one-detach-in-eight-slow")
def the_eighth_is_slow(client: Client) -> None:
    world = build(client)
    for number in range(1, 9):
        _again(world)
        client.settle(1.1)
        assert world.show()["Status"] == ("Detaching" if number == 8 else "Available")
    client.settle(12)
    assert world.show()["Status"] == "Detaching"
    client.settle(1)
    assert world.show()["Status"] == "Available"


@shows("stuck-now-and-then")
def the_twelfth_is_stuck(client: Client) -> None:
    world = build(client)
    for number in range(1, 13):
        _again(world)
        client.settle(1.1)
        assert world.show()["Status"] == ("Detaching" if number == 12 else "Available")
    client.settle(3600)
    assert world.show()["Status"] == "Detaching"
    assert world.detach().status == 200
    client.settle(1.1)
    assert world.show()["Status"] == "Available"
    assert world.detach().outcome == INVALID_STATE


@shows("detaching-hidden")
def never_detaching(client: Client) -> None:
    world = build(client)
    world.detach()
    assert world.eni in client.on(world.instance)
    assert world.show()["InstanceId"] == world.instance
    assert statuses(world, 0.6) == ["InUse", "Available"]
    client.attach(world.eni, world.instance)
    client.control("hold", id=world.eni)
    world.detach()
    assert world.show()["Status"] == "Detaching"
    client.control("release", id=world.eni)
    assert statuses(world, 0.6) == ["Detaching", "Available"], "what has been shown stays so"
    client.attach(world.eni, world.instance)
    client.control("eni.status", id=world.eni, status="Detaching")
    assert world.show()["Status"] == "Detaching"


@shows("detaching-shown-late")
def detaching_in_the_end(client: Client) -> None:
    world = build(client)
    world.detach()
    assert statuses(world, 1.5) == ["InUse", "Detaching", "Available"]


@shows("attach-takes-no-time")
def in_use_at_once(client: Client) -> None:
    world = build(client)
    world.detach()
    assert statuses(world, 1.5) == ["Detaching", "Available"]
    params = {"NetworkInterfaceId": world.eni, "InstanceId": world.instance}
    client.ok("AttachNetworkInterface", params)
    assert (world.show()["Status"], world.show()["InstanceId"]) == ("InUse", world.instance)
    assert world.eni in client.on(world.instance)
    world.leave()
    client.control("hold", id=world.eni)
    client.ok("AttachNetworkInterface", params)
    assert world.show()["Status"] == "InUse"
    world.leave()
    assert world.show()["Status"] == "Detaching", "a detach is held as ever"
    client.control("release", id=world.eni)
    client.settle()
    assert world.show()["Status"] == "Available"


@shows("lag-three-seconds")
def three_seconds_late(client: Client) -> None:
    world = build(client)
    client.settle(4)
    world.detach()
    client.settle(1.1)
    seen = [world.show()["Status"]]
    for seconds in (2.5, 0.5):
        client.settle(seconds)
        seen.append(world.show()["Status"])
    assert seen == ["InUse", "Detaching", "Available"]


# A control protocol that is wrong


@shows("reset-forgets-detach")
def a_detach_is_forgotten(client: Client) -> None:
    world = build(client)
    client.control("eni.status", id=world.eni, status="Detaching")
    assert world.detach().status == 200
    client.control("reset", id=world.eni)
    client.settle()
    assert world.show()["Status"] == "InUse"
    assert world.eni in client.on(world.instance)
    assert world.leave().status == 200
    assert world.show()["Status"] == "Available", "without the control protocol all is well"


@shows("hold-does-nothing")
def nothing_is_held(client: Client) -> None:
    world = build(client)
    client.control("hold", id=world.eni)
    world.leave()
    assert world.show()["Status"] == "Available"
    answer = client.exchange("POST", "/_control", json.dumps({"op": "hold", "id": UNKNOWN_ENI}).encode())
    assert answer.status == 400
