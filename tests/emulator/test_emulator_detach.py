"""DetachNetworkInterface: its parameters, states, 24 errors and effects, through both signatures and formats."""

from __future__ import annotations

import re

import pytest
from emulator_client import DENIED, OTHER, STS, Client
from emulator_worlds import ERRORS, UNKNOWN_ENI, UNKNOWN_INSTANCE, build, everything, primary, rich

FORMS = {
    "V1 GET JSON": {},
    "V1 GET XML": {"format": "XML"},
    "V1 POST query": {"method": "POST"},
    "V1 POST form": {"method": "POST", "in_body": True, "format": "XML"},
    "V1 default": {"format": None},
    "V3 GET": {"scheme": "V3"},
    "V3 POST XML": {"scheme": "V3", "method": "POST", "format": "XML"},
    "V3 POST form": {"scheme": "V3", "method": "POST", "in_body": True},
}
REQUEST_ID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("form", ["V1 GET JSON", "V1 POST form", "V3 POST XML"])
def test_each_error_by_its_condition(client: Client, code: str, form: str) -> None:
    status, provoke = ERRORS[code]
    answer = provoke(client, **FORMS[form])
    assert answer.outcome == (status, code)
    assert set(answer.fields) >= {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert REQUEST_ID.fullmatch(answer.fields["RequestId"])
    assert answer.header("x-acs-request-id") == answer.fields["RequestId"]
    assert "%s" not in answer.fields["Message"]


@pytest.mark.parametrize("code", sorted(set(ERRORS) - {"InvalidOperation.InvalidEniState"}))
def test_a_refusal_changes_nothing(client: Client, code: str) -> None:
    ERRORS[code][1](client)
    assert "Detaching" not in everything(client)


@pytest.mark.parametrize("form", FORMS)
def test_success_in_every_form(client: Client, form: str) -> None:
    world = build(client)
    answer = world.detach(**FORMS[form])
    assert answer.status == 200
    assert list(answer.fields) == ["RequestId"]
    assert REQUEST_ID.fullmatch(answer.fields["RequestId"])
    xml = FORMS[form].get("format", "JSON") in ("XML", None)
    assert answer.header("content-type") == ("text/xml" if xml else "application/json") + ";charset=utf-8"
    if xml:
        assert answer.xml.tag == "DetachNetworkInterfaceResponse"
    assert world.show()["Status"] == "Detaching"
    client.settle()
    assert world.show()["Status"] == "Available"


def test_success_changes_status_and_link_only(client: Client) -> None:
    world = rich(client, siblings=1)
    before, instance = world.show(), client.show_instance(world.instance)
    assert before["InstanceId"] == before["Attachment"]["InstanceId"] == world.instance
    assert world.leave().status == 200
    after, later = world.show(), client.show_instance(world.instance)
    assert {key for key in before if before[key] != after.get(key)} == {"Status", "InstanceId", "Attachment"}
    assert "InstanceId" not in after
    assert "Attachment" not in after
    assert {key for key in instance if instance[key] != later[key]} == {"NetworkInterfaces"}
    assert client.on(world.instance) == [client.primary(world.instance), world.others[0]]
    listed = client.ok("DescribeNetworkInterfaces", {"InstanceId": world.instance})
    rows = listed["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    assert world.eni not in [row["NetworkInterfaceId"] for row in rows]


def test_repeating_while_detaching_is_harmless_and_afterwards_an_error(client: Client) -> None:
    world = build(client)
    assert [world.detach().status for _ in range(3)] == [200, 200, 200]
    client.settle()
    assert world.show()["Status"] == "Available"
    assert world.detach().outcome == (400, "InvalidOperation.InvalidEniState")


def test_attached_again_here_and_elsewhere_and_the_slot_is_free(client: Client) -> None:
    world = build(client, type="ecs.g6.large")
    other = client.instance(world.network)
    full = client.eni(world.network)
    refused = client.call(
        "AttachNetworkInterface",
        {"RegionId": client.region, "InstanceId": world.instance, "NetworkInterfaceId": full},
    )
    assert refused.outcome == (403, "EniPerInstanceLimitExceeded")
    for home in (world.instance, other, world.instance):
        world.leave(instance=client.show(world.eni).get("InstanceId", world.instance))
        client.attach(world.eni, home)
        assert client.show(world.eni)["InstanceId"] == home


@pytest.mark.parametrize("status", ["Available", "Attaching", "Deleting"])
def test_status_of_the_interface(client: Client, status: str) -> None:
    world = build(client)
    client.control("eni.status", id=world.eni, status=status)
    assert world.show()["Status"] == status
    assert world.detach().outcome == (400, "InvalidOperation.InvalidEniState")
    client.control("reset", id=world.eni)
    assert world.show()["Status"] == "InUse"


def test_status_detaching_kept_by_control_completes_after_reset(client: Client) -> None:
    world = build(client)
    client.control("eni.status", id=world.eni, status="Detaching")
    assert world.leave().status == world.detach().status == 200
    assert world.show()["Status"] == "Detaching"
    client.control("reset", id=world.eni)
    client.settle()
    assert world.show()["Status"] == "Available"


@pytest.mark.parametrize("status", ["Pending", "Starting", "Stopping"])
def test_status_of_the_instance(client: Client, status: str) -> None:
    world = build(client)
    client.control("instance.status", id=world.instance, status=status)
    assert world.detach().outcome == (400, "InvalidOperation.InvalidEcsState")
    client.control("reset", id=world.instance)
    assert world.detach().status == 200


def test_real_transitions_of_the_instance(client: Client) -> None:
    world = build(client)
    for action, during, after in (
        ("StopInstance", "Stopping", "Stopped"),
        ("StartInstance", "Starting", "Running"),
        ("RebootInstance", "Starting", "Running"),
    ):
        client.ok(action, {"InstanceId": world.instance})
        assert client.show_instance(world.instance)["Status"] == during
        assert world.leave().outcome == (400, "InvalidOperation.InvalidEcsState")
        assert client.show_instance(world.instance)["Status"] == after
    assert world.detach().status == 200


def test_stopped_instance(client: Client) -> None:
    world = build(client, running=False)
    assert world.detach().status == 200


def test_primary_of_a_stopped_instance(client: Client) -> None:
    assert primary(client, running=False).code == "InvalidOperation.DetachPrimaryEniNotAllowed"


def test_interface_on_another_instance(client: Client) -> None:
    world = build(client)
    other = client.instance(world.network)
    assert world.detach(instance=other).outcome == (400, "InvalidOperation.InvalidEniState")
    assert world.show()["Status"] == "InUse"


@pytest.mark.parametrize("type", ["Trunk", "Member", "Novel"])
def test_other_types(client: Client, type: str) -> None:
    world = build(client)
    client.control("eni.type", id=world.eni, type=type)
    assert world.detach().outcome == (403, "InvalidOperation.InvalidEniType")


@pytest.mark.parametrize("name", ["InstanceId", "NetworkInterfaceId", "RegionId"])
@pytest.mark.parametrize("how", ["missing", "empty", "other case"])
def test_required_parameters(client: Client, name: str, how: str) -> None:
    world = build(client)
    params = {"RegionId": client.region, "InstanceId": world.instance, "NetworkInterfaceId": world.eni}
    value = params.pop(name)
    if how == "empty":
        params[name] = ""
    elif how == "other case":
        params[name.lower()] = value
    assert client.call("DetachNetworkInterface", params).outcome == (400, "MissingParameter")


BAD_SPELLINGS = [
    lambda text: f" {text}",
    lambda text: f"{text} ",
    str.upper,
    lambda text: text[:-1],
    lambda text: text + "0",
    lambda text: text[:-1] + chr(ord(text[-1]) + 0xFEE0),
    lambda text: f'["{text}"]',
    lambda text: text + "\0",
    lambda text: text.replace("-", "%2D"),
    lambda text: text.split("-")[1],
    lambda text: text + "\u200b",
    lambda text: "'" + text,
    lambda text: "\U0001f600" * 3,
    lambda text: "a" * 5000,
    lambda text: "<a&b>",
    lambda text: text + "\udcff",
]


@pytest.mark.parametrize("spell", BAD_SPELLINGS, ids=range(len(BAD_SPELLINGS)))
@pytest.mark.parametrize("name", ["InstanceId", "NetworkInterfaceId", "RegionId"])
@pytest.mark.parametrize("form", ["V1 GET JSON", "V3 POST XML"])
def test_an_id_counts_byte_for_byte(client: Client, name: str, spell, form: str) -> None:  # type: ignore[no-untyped-def]
    world = build(client)
    params = {"RegionId": client.region, "InstanceId": world.instance, "NetworkInterfaceId": world.eni}
    params[name] = spell(params[name])
    answer = client.call("DetachNetworkInterface", params, **FORMS[form])
    assert answer.status in (400, 404)
    assert answer.code in {
        "InvalidInstanceID.Malformed",
        "InvalidParams.EniId",
        "InvalidOperation.InvalidRegion",
        "InvalidParameter",
        "InvalidEcsId.NotFound",
        "InvalidEniId.NotFound",
    }
    assert world.show()["Status"] == "InUse"


def test_parameters_that_do_not_matter(client: Client) -> None:
    more = {"OwnerAccount": "ECSforCloud@Example.com", "OwnerId": "1", "ResourceOwnerId": "2", "Novel": "x", "a": ""}
    assert build(client).detach(more=more).status == 200


def test_first_of_a_repeated_parameter_counts(client: Client) -> None:
    world = build(client)
    pairs = [("RegionId", client.region), ("InstanceId", world.instance), ("NetworkInterfaceId", world.eni)]
    again = [("NetworkInterfaceId", UNKNOWN_ENI), ("InstanceId", UNKNOWN_INSTANCE)]
    assert client.call("DetachNetworkInterface", again + pairs).status == 404
    assert client.call("DetachNetworkInterface", pairs + again).status == 200


def test_other_accounts_see_nothing(client: Client) -> None:
    world = build(client)
    assert world.detach(key=OTHER).outcome == (404, "InvalidEcsId.NotFound")
    rows = client.ok("DescribeNetworkInterfaces", {"NetworkInterfaceId.1": world.eni}, key=OTHER)
    assert rows["TotalCount"] == 0
    assert world.show()["Status"] == "InUse"


def test_other_regions_see_nothing(client: Client) -> None:
    world = build(client)
    assert client.detach(world.eni, world.instance, "cn-beijing").outcome == (404, "InvalidEcsId.NotFound")


def test_temporary_credentials(client: Client) -> None:
    world = build(client)
    assert world.detach(key=STS).code == "MissingSecurityToken"
    assert world.detach(key=STS, token="wrong").code == "InvalidSecurityToken.MismatchWithAccessKey"
    for scheme in ("V1", "V3"):
        assert world.detach(key=STS, token="emulator-security-token", scheme=scheme).status == 200


def test_denied_user_is_told_what_is_missing(client: Client) -> None:
    answer = build(client).detach(key=DENIED)
    assert answer.json["AccessDeniedDetail"]["AuthAction"] == "ecs:DetachNetworkInterface"


def test_messages_are_escaped(client: Client) -> None:
    world = build(client)
    text = """i-<b>&"'\\x"""
    for form in ("XML", "JSON"):
        answer = world.detach(instance=text, format=form)
        assert text in answer.fields["Message"]
