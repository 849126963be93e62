"""Witnesses of faults that one view, one past, one limit or one way of writing shows."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Callable
from http.client import RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

from emulator_client import Answer, Client, query_of, utc
from emulator_client import enc as encoded
from emulator_worlds import UNKNOWN_ENI, UNKNOWN_INSTANCE, World, build

Witness = Callable[[Client], bool]
ENI, ECS = "NetworkInterfaceId", "InstanceId"


# --- views ---------------------------------------------------------------------------------------


def listed(client: Client, **filters: str) -> dict[str, dict[str, Any]]:
    """What DescribeNetworkInterfaces shows for these filters, by id."""
    named = {name.replace("_", "."): value for name, value in filters.items()}
    rows = client.ok("DescribeNetworkInterfaces", named)["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    return {row[ENI]: row for row in rows}


TAG = {"Tag_1_Key": "of", "Tag_1_Value": "witness"}


def tagged(client: Client) -> World:
    return build(client, siblings=1, **{"Tag.1.Key": "of", "Tag.1.Value": "witness", "NetworkInterfaceName": "mine"})


def entries(client: Client, made: World) -> list[dict[str, Any]]:
    shown = client.show_instance(made.instance).get("NetworkInterfaces", {"NetworkInterface": []})
    found: list[dict[str, Any]] = shown["NetworkInterface"]
    return found


def at_instance(seen: Callable[[list[dict[str, Any]]], bool]) -> Witness:
    """A property of what an instance with two secondary interfaces shows of them, the primary one left out."""

    def witness(client: Client) -> bool:
        shown = entries(client, tagged(client))
        return seen([each for each in shown if each["Type"] != "Primary"])

    return witness


def fails(**filters: str) -> Witness:
    """A description of this kind is no success."""

    def witness(client: Client) -> bool:
        made = tagged(client)
        names = {k.replace("_", "."): v or made.instance for k, v in filters.items()}
        return client.call("DescribeNetworkInterfaces", {"RegionId": client.region, **names}).status != 200

    return witness


def question_marks(client: Client) -> bool:
    """A description in ASCII is shown by either operation, another one by the list alone."""
    shown = []
    for text in ("first", "描述"):
        made = build(client, Description=text)
        assert made.show()["Description"] == text
        names = {"NetworkInterfaceId": made.eni}
        shown.append(client.ok("DescribeNetworkInterfaceAttribute", names)["Description"])
    assert shown[0] == "first"
    return bool(shown[1] == "????")


def attribute(client: Client) -> Answer:
    made = tagged(client)
    return client.call("DescribeNetworkInterfaceAttribute", {"RegionId": client.region, ENI: made.eni})


def view(seen: Callable[[dict[str, dict[str, Any]], World], bool], **filters: str) -> Witness:
    """A property of a filtered list; the filter InstanceId is that of the instance where it is empty."""

    def witness(client: Client) -> bool:
        made = tagged(client)
        wanted = {name: value or made.instance for name, value in filters.items()}
        return seen(listed(client, **wanted), made)

    return witness


def beyond(**filters: str) -> Witness:
    """A filter that nothing passes, or that others pass, shows the interface all the same."""
    return view(lambda shown, made: made.eni in shown, **filters)


# --- what was once there -------------------------------------------------------------------------


def gone_instance(client: Client, made: World) -> str:
    """An instance that was deleted, and that the interface was detached from before."""
    client.ok("DeleteInstance", {ECS: made.instance, "Force": "true"})
    client.settle()
    return made.instance


def deleted_instance(status: int, moved: bool, code: str = "") -> Witness:
    def witness(client: Client) -> bool:
        made = build(client)
        assert made.leave().status == 200
        other = client.instance(made.network)
        old = gone_instance(client, made)
        if moved:
            client.attach(made.eni, other)
        answer = made.detach(instance=old)
        return answer.status == status and code in ("", answer.code)

    return witness


def deleted_interface(client: Client) -> bool:
    made = build(client)
    assert made.leave().status == 200
    client.ok("DeleteNetworkInterface", {ENI: made.eni})
    client.settle()
    return made.detach().status == 200


def after_its_host(seen: Callable[[list[dict[str, Any]]], bool]) -> Witness:
    def witness(client: Client) -> bool:
        made = tagged(client)
        assert made.leave().status == 200
        gone_instance(client, made)
        return seen(list(listed(client, NetworkInterfaceId_1=made.eni).values()))

    return witness


def former_host(quiet: bool) -> Witness:
    def witness(client: Client) -> bool:
        made = build(client)
        assert made.leave().status == 200
        client.attach(made.eni, client.instance(made.network))
        return made.detach().status == 200 and (made.show()["Status"] == "InUse") == quiet

    return witness


def address_given_away(client: Client) -> bool:
    made = build(client)
    assert made.leave().status == 200
    return made.show()["PrivateIpAddress"] == client.show(client.eni(made.network))["PrivateIpAddress"]


def pattern(name: str, change: Callable[[str], str]) -> Witness:
    def witness(client: Client) -> bool:
        made = build(client)
        return client.call("DetachNetworkInterface", {**made.params, name: change(made.params[name])}).status == 200

    return witness


# --- interfaces that come with their instance ----------------------------------------------------


def born(client: Client) -> World:
    """An instance and the interface that came with it."""
    network = client.network()
    instance = client.instance(network, **{"NetworkInterface.1.InstanceType": "Secondary"})
    shown = listed(client, InstanceId=instance).values()
    return World(client, network, instance, next(row[ENI] for row in shown if row["Type"] == "Secondary"))


def only_of_born(differs: Callable[[Client, World], bool]) -> Witness:
    """Something shows of an interface that came with its instance, and of no other."""
    return lambda client: differs(client, born(client)) and not differs(client, build(client))


def changed(field: str) -> Witness:
    def differs(client: Client, made: World) -> bool:
        before = made.show()[field]
        assert made.leave().status == 200
        return bool(made.show()[field] != before)

    return only_of_born(differs)


def is_gone(client: Client, made: World) -> bool:
    client.settle()
    return made.eni not in listed(client, NetworkInterfaceId_1=made.eni)


def lost(client: Client, made: World) -> bool:
    assert made.leave().status == 200
    return is_gone(client, made)


def lost_with_its_instance(client: Client, made: World) -> bool:
    assert not lost(client, made)
    gone_instance(client, made)
    return is_gone(client, made)


# --- limits --------------------------------------------------------------------------------------


def kept(field: str, groups: int = 1, **made_with: str) -> Witness:
    """A field of an interface differs after a detach."""

    def witness(client: Client) -> bool:
        made = build(client, **made_with)
        more = [client.ok("CreateSecurityGroup", {"VpcId": made.network.vpc})["SecurityGroupId"] for _ in range(groups)]
        if groups > 1:
            chosen = {f"SecurityGroupId.{n}": group for n, group in enumerate(more, 1)}
            client.ok("ModifyNetworkInterfaceAttribute", {ENI: made.eni, **chosen})
        before = made.show()[field]
        assert made.leave().status == 200
        return bool(made.show()[field] != before)

    return witness


def tags(number: int) -> dict[str, str]:
    return {f"Tag.{n}.{part}": f"{part}{n}" for n in range(1, number + 1) for part in ("Key", "Value")}


# --- ways of writing -----------------------------------------------------------------------------


def written(
    client: Client,
    write: Callable[[str], str] = str,
    media: str = "application/x-www-form-urlencoded",
    *,
    in_body: bool = False,
    public_last: bool = False,
    covered: str = "both",
    **more: str,
) -> Answer:
    """A V1 detach that is written in this way; covered: the part that the signature covers."""
    made = build(client)
    own = [*made.params.items(), *more.items()]
    public = [("Action", "DetachNetworkInterface"), ("Version", "2014-05-26"), ("AccessKeyId", client.key[0])]
    public += [("SignatureMethod", "HMAC-SHA1"), ("SignatureVersion", "1.0"), ("Timestamp", utc())]
    public += [("SignatureNonce", uuid.uuid4().hex), ("Format", "JSON")]
    signed = {"both": public + own, "query": public}[covered]
    method = "POST" if in_body else "GET"
    text = f"{method}&%2F&{encoded(query_of(sorted(signed)))}"
    mac = hmac.new(f"{client.key[1]}&".encode(), text.encode(), hashlib.sha1).digest()
    public.append(("Signature", base64.b64encode(mac).decode()))
    if in_body:
        headers = {"content-type": media}
        return client.exchange("POST", f"/?{query_of(public)}", write(query_of(own)).encode(), headers)
    return client.exchange("GET", f"/?{write(query_of(own + public if public_last else public + own))}")


def refused(**how: Any) -> Witness:
    return lambda client: written(client, **how).status != 200


def lower(text: str) -> str:
    return text.replace("%3A", "%3a")


def uncovered(name: str) -> Witness:
    """A V3 detach is accepted though this header is not signed."""

    def witness(client: Client) -> bool:
        made = build(client)
        headers = {
            "host": urlsplit(client.url).netloc,
            "x-acs-action": "DetachNetworkInterface",
            "x-acs-version": "2014-05-26",
            "x-acs-date": utc(),
            "x-acs-signature-nonce": uuid.uuid4().hex,
            "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        }
        signed = sorted(set(headers) - {name})
        query = query_of(sorted(made.params.items()))
        lines = "".join(f"{each}:{headers[each]}\n" for each in signed)
        canonical = "\n".join(("GET", "/", query, lines, ";".join(signed), headers["x-acs-content-sha256"]))
        text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
        mac = hmac.new(client.key[1].encode(), text.encode(), hashlib.sha256).hexdigest()
        who = f"Credential={client.key[0]},SignedHeaders={';'.join(signed)},Signature={mac}"
        headers["authorization"] = f"ACS3-HMAC-SHA256 {who}"
        return client.exchange("GET", f"/?{query}", b"", headers).status == 200

    return witness


def several_accepted(client: Client) -> bool:
    headers = {"accept": "application/json, text/plain, */*"}
    return build(client).detach(scheme="V3", headers=headers).body.lstrip()[:1] == b"<"


def lost_answers(client: Client) -> bool:
    made = build(client)
    for _ in range(12):
        client.close()
        try:
            made.leave()
        except RemoteDisconnected:
            client.settle()
            return made.show()["Status"] == "Available"
        client.attach(made.eni, made.instance)
    return False


def status_429(provoke: Callable[[World, Client], Answer]) -> Witness:
    return lambda client: provoke(build(client), client).status == 429


def again(made: World, client: Client) -> Answer:
    assert made.leave().status == 200
    return made.detach()


SEEN: dict[str, Witness] = {
    "instances-show-primary-only": at_instance(lambda shown: not shown),
    "instances-show-one-secondary": at_instance(lambda shown: len(shown) == 1),
    "instances-show-other-mac": at_instance(lambda shown: shown[0]["MacAddress"] == "00:16:3e:00:00:01"),
    "instances-show-other-address": at_instance(lambda shown: shown[0]["PrimaryIpAddress"] == "10.255.255.254"),
    "instances-show-other-type": at_instance(lambda shown: shown[0]["Type"] == "Trunk"),
    "instance-filter-is-a-page": fails(InstanceId=""),
    "status-filter-fails": fails(Status="InUse"),
    "attribute-view-fails": lambda client: attribute(client).status == 500,
    "instance-filter-hides-one": view(lambda shown, made: made.others[0] not in shown, InstanceId=""),
    "tag-filter-hides-attached": view(lambda shown, made: made.eni not in shown, **TAG),
    "list-hides-attached": view(lambda shown, made: made.others[0] not in shown, MaxResults="500"),
    "instance-filter-shows-other-mac": view(
        lambda shown, made: shown[made.eni]["MacAddress"] == "00:16:3e:00:00:01", InstanceId=""
    ),
    "type-filter-shows-other-name": view(
        lambda shown, made: shown[made.eni]["NetworkInterfaceName"] != "mine", Type="Secondary", MaxResults="500"
    ),
    "attribute-shows-question-marks": question_marks,
    "attribute-shows-other-groups": lambda client: (
        attribute(client).json["SecurityGroupIds"] == {"SecurityGroupId": ["sg-0"]}
    ),
    "instance-filter-ignored": beyond(InstanceId=UNKNOWN_INSTANCE, MaxResults="500"),
    "id-filter-ignored": beyond(NetworkInterfaceId_1=UNKNOWN_ENI, MaxResults="500"),
    "id-filter-ignored-if-empty": beyond(NetworkInterfaceId_1=UNKNOWN_ENI, MaxResults="500"),
    "instance-filter-ignored-if-empty": beyond(InstanceId=UNKNOWN_INSTANCE, MaxResults="500"),
    "status-filter-ignored-if-empty": beyond(Status="Attaching", MaxResults="500"),
    "deleted-instance-detaches": deleted_instance(200, True),
    "deleted-instance-quietly-ok": deleted_instance(200, False),
    "deleted-interface-quietly-ok": deleted_interface,
    "deleted-as-wrong-state": deleted_instance(400, False, "InvalidOperation.InvalidEniState"),
    "deleted-with-former-host": after_its_host(lambda shown: not shown),
    "tags-lost-with-former-host": after_its_host(lambda shown: not shown[0]["Tags"]["Tag"]),
    "former-host-detaches": former_host(quiet=False),
    "former-host-quietly-ok": former_host(quiet=True),
    "address-freed-by-detach": address_given_away,
    "id-star-expanded": pattern(ENI, lambda text: text[:-3] + "*"),
    "id-question-expanded": pattern(ENI, lambda text: text[:-1] + "?"),
    "id-like-expanded": pattern(ENI, lambda text: text[:-3] + "%"),
    "instance-id-star-expanded": pattern(ECS, lambda text: text[:-3] + "*"),
    "instance-id-like-expanded": pattern(ECS, lambda text: text[:-1] + "_"),
    "born-taken-for-primary": only_of_born(lambda client, made: made.detach().status == 400),
    "born-is-deleted": only_of_born(lost),
    "born-leaves-groups": changed("SecurityGroupIds"),
    "born-release-flipped": changed("DeleteOnRelease"),
    "born-dies-with-instance": only_of_born(lost_with_its_instance),
    "tags-cut-at-ten": kept("Tags", **tags(11)),
    "tags-cut-at-nineteen": kept("Tags", **tags(20)),
    "name-cut-at-127": kept("NetworkInterfaceName", NetworkInterfaceName="n" * 128),
    "short-name-lost": kept("NetworkInterfaceName", NetworkInterfaceName="e2"),
    "description-cut-at-255": kept("Description", Description="d" * 256),
    "addresses-cut-at-five": kept("PrivateIpSets", SecondaryPrivateIpAddressCount="5"),
    "groups-cut-at-four": kept("SecurityGroupIds", groups=5),
    "empty-name-filled": kept("NetworkInterfaceName"),
    "empty-description-filled": kept("Description"),
    "plus-unverified": refused(write=lambda text: text.replace("%20", "+"), OwnerAccount="a b"),
    "lower-percent-unverified": refused(write=lower),
    "form-with-charset-ignored": refused(in_body=True, media="application/x-www-form-urlencoded; charset=utf-8"),
    "several-accepted-as-xml": several_accepted,
    "public-parameters-last-unverified": refused(public_last=True),
    "action-header-uncovered": uncovered("x-acs-action"),
    "version-header-uncovered": uncovered("x-acs-version"),
    "nonce-header-uncovered": uncovered("x-acs-signature-nonce"),
    "date-header-uncovered": uncovered("x-acs-date"),
    "body-hash-uncovered": uncovered("x-acs-content-sha256"),
    "v1-covers-query-alone": lambda client: written(client, in_body=True, covered="query").status == 200,
    "lost-answer-every-tenth": lost_answers,
    "eni-state-as-429": status_429(again),
    "primary-as-429": status_429(lambda made, client: made.detach(eni=client.primary(made.instance))),
    "instance-not-found-as-429": status_429(lambda made, client: made.detach(instance=UNKNOWN_INSTANCE)),
}
