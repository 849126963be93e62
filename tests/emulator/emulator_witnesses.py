"""For each built-in fault a function that sees it on the wire: false on a correct emulator, true with the fault.

The functions know the service, not the fault: each builds a world, makes calls, and looks at what came back.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import socket
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from emulator_client import DENIED, EXPIRED, OTHER, RAM_KIND, USER_TYPE, Answer, Client, enc, query_of, utc
from emulator_worlds import ERRORS, UNKNOWN_ENI, UNKNOWN_INSTANCE, World, attach_outcome, build, rich, slots_taken
from memory_witnesses import MEMORY
from parallel_witnesses import PARALLEL
from seen_witnesses import SEEN

Witness = Callable[[Client], bool]

STATE = "InvalidOperation.InvalidEniState"
ECS_STATE = "InvalidOperation.InvalidEcsState"
PRIMARY = "InvalidOperation.DetachPrimaryEniNotAllowed"
XML = {"format": "XML"}
POST = {"method": "POST"}
FORM = {"method": "POST", "in_body": True}
V3 = {"scheme": "V3"}
V3_POST = {"scheme": "V3", "method": "POST"}
OWNER: dict[str, Any] = {"more": {"OwnerAccount": "someone@example.com"}}

P = ParamSpec("P")
Seen = TypeVar("Seen")


def given_first(function: Callable[Concatenate[Client, P], Seen]) -> Callable[P, Callable[[Client], Seen]]:
    """The function is given all but its client, and asks for that later, as the rows of a table need it."""
    return lambda *given, **how: lambda client: function(client, *given, **how)


# Answers


@given_first
def answers(client: Client, code: str, status: int, wrong_code: str = "", **how: Any) -> bool:
    """The condition of one error is answered with this status and code instead."""
    return ERRORS[code][1](client, **how).outcome == (status, wrong_code or code)


def succeeds(code: str, **how: Any) -> Witness:
    """The condition of one error is answered with 200."""
    return lambda client: ERRORS[code][1](client, **how).status == 200


@given_first
def outcome(client: Client, arrange: Callable[[Client], World], *wanted: int | str, **how: Any) -> bool:
    """A detach in a world has one of these statuses or codes."""
    answer = arrange(client).detach(**how)
    return answer.status in wanted or (answer.status != 200 and answer.code in wanted)


def world(**how: Any) -> Callable[[Client], World]:
    return lambda client: build(client, **how)


@given_first
def forced(client: Client, op: str, target: str = "eni", first: dict[str, Any] | None = None, **body: Any) -> World:
    """A world in which the control protocol has set something."""
    made = build(client, **(first or {}))
    client.control(op, id=made.eni if target == "eni" else made.instance, **body)
    return made


@given_first
def detaching(client: Client, **how: Any) -> World:
    """A world whose interface is Detaching."""
    made = build(client, **how)
    client.control("hold", id=made.eni)
    assert made.detach().status == 200
    return made


@given_first
def detached(client: Client, **how: Any) -> World:
    """A world whose interface has been detached."""
    made = build(client, **how)
    assert made.leave().status == 200
    return made


@given_first
def with_params(client: Client, change: Callable[[dict[str, str], World], Any], *wanted: int | str, **how: Any) -> bool:
    """A detach with changed parameters has one of these statuses or codes, or breaks."""
    made = build(client)
    sent = made.params
    change(sent, made)
    answer = client.call("DetachNetworkInterface", sent, **how)
    return answer.status in wanted or (answer.status != 200 and answer.code in wanted)


def spelt(name: str, change: Callable[[str], str], *wanted: int | str, **how: Any) -> Witness:
    """An id in another spelling."""
    return with_params(lambda sent, made: sent.update({name: change(sent[name])}), *(wanted or (200,)), **how)


ENI, ECS, REGION = "NetworkInterfaceId", "InstanceId", "RegionId"


def without(name: str, *wanted: int | str) -> Witness:
    return with_params(lambda sent, made: sent.pop(name), *wanted)


def empty(name: str, *wanted: int | str) -> Witness:
    return with_params(lambda sent, made: sent.update({name: ""}), *wanted)


def wide(text: str) -> str:
    return text[:-1] + chr(ord(text[-1]) + 0xFEE0)


# Effects


@given_first
def changed(
    client: Client, *keys: str, arrange: Callable[..., World] = rich, where: dict[str, Any] | None = None, **how: Any
) -> bool:
    """Attributes of the interface differ after a detach."""
    made = arrange(client, **(where or {}))
    before = made.show()
    assert made.leave(**how).status == 200
    client.settle()
    after = made.show()
    return any(before.get(key) != after.get(key) for key in keys)


@given_first
def ends(
    client: Client, *statuses: str, arrange: Callable[[Client], World] = build, repeat: int = 1, **how: Any
) -> bool:
    """After a detach the interface ends in one of these statuses; `gone` stands for its absence."""
    made = arrange(client)
    for _ in range(repeat):
        assert made.detach(**how).status == 200
    client.settle()
    client.settle()
    listed = client.ok("DescribeNetworkInterfaces", {"NetworkInterfaceId.1": made.eni})
    rows = listed["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    return (rows[0]["Status"] if rows else "gone") in statuses


@given_first
def other_changed(client: Client, *keys: str, how: dict[str, Any] | None = None, **where: Any) -> bool:
    """The sibling behind the interface differs after a detach."""
    made = build(client, **{"siblings": 1, **where})
    before = [client.show(eni) for eni in made.others]
    assert made.leave(**(how or {})).status == 200
    after = [client.show(eni) for eni in made.others]
    return any(one.get(key) != two.get(key) for one, two in zip(before, after, strict=True) for key in keys)


@given_first
def instance_changed(client: Client, *keys: str, again: bool = False, **where: Any) -> bool:
    """The instance differs right after a detach."""
    made = build(client, again=again, **where)
    before = client.show_instance(made.instance)
    assert made.detach().status == 200
    after = client.show_instance(made.instance)
    return any(before[key] != after[key] for key in keys)


def neighbour(client: Client) -> bool:
    made = build(client)
    other = client.instance(made.network)
    theirs = client.eni(made.network, other)
    made.leave()
    return client.show(theirs)["Status"] != "InUse"


def sibling_tag_lost_late(client: Client) -> bool:
    """Of the sibling's two tags one is gone after two seconds, and not at once."""
    made = build(client, siblings=1, DeleteOnRelease="true")
    (other,) = made.others
    tag = {"Tag.1.Key": "k", "Tag.1.Value": "v"}
    client.ok("TagResources", {"ResourceType": "eni", "ResourceId.1": other, **tag})
    made.detach()
    assert len(client.show(other)["Tags"]["Tag"]) == 2
    client.settle(2)
    return len(client.show(other)["Tags"]["Tag"]) == 1


def primary_groups(client: Client) -> bool:
    made = build(client)
    primary = client.primary(made.instance)
    made.detach()
    return not client.show(primary)["SecurityGroupIds"]["SecurityGroupId"]


def instead(client: Client) -> bool:
    made = build(client, siblings=1)
    made.leave()
    return made.show()["Status"] == "InUse" and client.show(made.others[0])["Status"] == "Available"


@given_first
def reattach(client: Client, here: int, elsewhere: int, **how: Any) -> bool:
    """Attaching again has these HTTP statuses, at the old instance and at another one. how: of the detaches."""
    one, two = build(client), build(client)
    other = client.instance(two.network)
    for made in (one, two):
        made.leave(**how)
    found = attach_outcome(client, one.eni, one.instance), attach_outcome(client, two.eni, other)
    return found == (here, elsewhere)


@given_first
def no_slot(client: Client, rounds: int = 1, **where: Any) -> bool:
    """After some rounds the type's number of interfaces does not fit any more."""
    made = build(client, type="ecs.g6.large", **where)
    for _ in range(rounds):
        made.leave()
        if attach_outcome(client, made.eni, made.instance) != 200:
            return True
        client.settle()
    return False


def former_host_leaks(client: Client) -> bool:
    """Moved to another instance and detached there; its first one took it back until then, and does not now."""
    made = build(client, type="ecs.g6.large")
    made.leave()
    other = client.instance(made.network)
    client.attach(made.eni, other)
    between = client.eni(made.network, made.instance)
    assert made.leave(eni=between).status == 200
    assert made.leave(instance=other).status == 200
    return slots_taken(made) == 0


def kept_by_instance(client: Client) -> bool:
    made = detached()(client)
    return made.eni in client.on(made.instance)


def kept_by_interface(key: str) -> Witness:
    return lambda client: key in detached()(client).show()


@given_first
def listed(client: Client, where: Callable[[World], dict[str, str]], expected: bool) -> bool:
    """Whether a filter finds a detached interface, against expectation."""
    made = detached()(client)
    rows = client.ok("DescribeNetworkInterfaces", where(made))["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    return (made.eni in [row["NetworkInterfaceId"] for row in rows]) != expected


def hidden_on_later_pages(client: Client) -> bool:
    """The last of a list is on the first page of a hundred, and on no later one, by number or by token."""
    network = client.network()
    instance = client.instance(network)
    for _ in range(11):
        client.eni(network)
    made = World(client, network, instance, client.eni(network, instance))
    made.leave()

    def shown(**how: str) -> dict[str, Any]:
        return client.ok("DescribeNetworkInterfaces", {"VSwitchId": network.vswitch, **how})

    def on(page: dict[str, Any]) -> bool:
        return made.eni in [row["NetworkInterfaceId"] for row in page["NetworkInterfaceSets"]["NetworkInterfaceSet"]]

    assert on(shown(PageSize="100")) and on(shown(MaxResults="100"))
    later = shown(PageSize="10", PageNumber="2"), shown(MaxResults="10", NextToken=shown(MaxResults="10")["NextToken"])
    return [on(page) for page in later] == [False, False]


def address_hidden_by_tag(client: Client) -> bool:
    made = rich(client)
    assert made.leave().status == 200
    found = client.ok("DescribeNetworkInterfaces", {"Tag.1.Key": "a", "Tag.1.Value": "1", "MaxResults": "500"})
    (row,) = (r for r in found["NetworkInterfaceSets"]["NetworkInterfaceSet"] if r["NetworkInterfaceId"] == made.eni)
    return "PrivateIpAddress" not in row


def other_owner_by_status(client: Client) -> bool:
    made = build(client)
    assert made.leave().status == 200
    found = client.ok("DescribeNetworkInterfaces", {"Status": "Available", "MaxResults": "500"})
    (row,) = (r for r in found["NetworkInterfaceSets"]["NetworkInterfaceSet"] if r["NetworkInterfaceId"] == made.eni)
    return row["OwnerId"] != made.show()["OwnerId"]


def flaps(client: Client) -> bool:
    made = build(client)
    made.leave()
    client.settle()
    return made.show()["Status"] == "InUse"


@given_first
def refused_but(
    client: Client, code: str, *keys: str, arrange: Callable[..., World] = build, target: str = "eni", **how: Any
) -> bool:
    """The condition of an error is refused, yet the interface is not what it was."""
    made = arrange(client)
    before = made.show()
    sent = made.params
    if code == STATE:
        sent["InstanceId"] = client.instance(made.network)
    elif code == "InvalidEcsId.NotFound":
        sent["InstanceId"] = UNKNOWN_INSTANCE
    elif code == "MissingParameter":
        del sent["RegionId"]
    elif code == ECS_STATE:
        client.control("instance.status", id=made.instance, status="Starting")
    elif code == "UnsupportedParameter":
        client.control("parameter.unsupported", name="OwnerAccount", unsupported=True)
        sent["OwnerAccount"] = "a"
    elif code == "SecurityGroupInstanceLimitExceed":
        client.control("security_group.full", id=made.network.group, full=True)
    answer = client.call("DetachNetworkInterface", sent, **how)
    assert answer.code == code, answer
    client.control("parameter.unsupported", name="OwnerAccount", unsupported=False)
    after = made.show()
    return any(before.get(key) != after.get(key) for key in keys)


def primary_untagged(client: Client) -> bool:
    made = build(client)
    primary = client.primary(made.instance)
    made.detach(eni=primary)
    return not client.show(primary)["SecurityGroupIds"]["SecurityGroupId"]


@given_first
def every(client: Client, number: int, seen: Callable[[World, Answer], bool]) -> bool:
    """In some number of detaches in a row at least one deviates."""
    made = build(client)
    for _ in range(number):
        answer = made.detach()
        client.settle()
        if seen(made, answer):
            return True
        if made.show()["Status"] == "Available":
            client.attach(made.eni, made.instance)
    return False


@given_first
def beside_sibling(client: Client, *statuses: str) -> bool:
    """The interface is detached while a sibling is Detaching."""
    made = build(client, siblings=1)
    client.control("hold", id=made.others[0])
    assert made.detach(eni=made.others[0]).status == 200
    answer = made.detach()
    client.settle()
    return (made.show()["Status"] if answer.status == 200 else str(answer.status)) in statuses


# Form


REQUEST_ID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


def badly_formed(answer: Answer, format: str) -> bool:
    """Whether the body is not exactly one well-formed answer of the right kind."""
    if format == "XML":
        try:
            root = ET.fromstring(answer.body)
        except ET.ParseError:
            return True
        wanted = "DetachNetworkInterfaceResponse" if answer.status == 200 else "Error"
        return root.tag != wanted or any(len(child) for child in root)
    try:
        value = json.loads(answer.body.decode("utf-8"), object_pairs_hook=_no_repetition)
    except ValueError:
        return True
    return not isinstance(value, dict)


def _no_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key occurs twice")
    return dict(pairs)


@given_first
def envelope(client: Client, seen: Callable[[Answer], bool], *, error: bool = False, **how: Any) -> bool:
    """Something about an answer of success, or of an error."""
    made = build(client)
    return seen(made.detach(**({"eni": UNKNOWN_ENI} if error else {}), **how))


def field(name: str, seen: Callable[[Any], bool], *, error: bool = False, **how: Any) -> Witness:
    return envelope(lambda answer: seen(answer.fields.get(name)), error=error, **how)


def bad_id(text: Any) -> bool:
    return not isinstance(text, str) or not REQUEST_ID.fullmatch(text)


def bad_message(text: Any) -> bool:
    return not isinstance(text, str) or not text or "%s" in text or "Traceback" in text


def body(*, error: bool = False, **how: Any) -> Witness:
    form = how.get("format", "JSON")
    return envelope(lambda answer: badly_formed(answer, form), error=error, **how)


def content_type(wanted: str, **how: Any) -> Witness:
    return envelope(lambda answer: answer.header("content-type") != f"{wanted};charset=utf-8", **how)


def same_ids(client: Client) -> bool:
    made = build(client)
    ids = [made.detach().fields.get("RequestId") for _ in range(4)]
    return len(set(ids)) < len(ids)


@given_first
def wrong_echo(client: Client, format: str, text: str) -> bool:
    """An id with special characters makes the answer unreadable."""
    return badly_formed(build(client).detach(instance=text, format=format), format)


@given_first
def broken(client: Client, arrange: Callable[[Client], Answer]) -> bool:
    """The answer never comes, comes in part, or is a 5xx."""
    try:
        answer = arrange(client)
    except (TimeoutError, ConnectionError, OSError) as error:
        return isinstance(error, OSError)
    except Exception as error:
        return type(error).__name__ in ("IncompleteRead", "RemoteDisconnected", "BadStatusLine")
    return answer.status >= 500


def hostile(text: str, name: str = ECS, **how: Any) -> Witness:
    def arrange(client: Client) -> Answer:
        made = build(client)
        sent = made.params | {name: text}
        return client.call("DetachNetworkInterface", sent, timeout=0.5, **how)

    return broken(arrange)


def poisons(client: Client) -> bool:
    made = build(client)
    made.detach(instance="i-{0}")
    return made.detach().status >= 500


def damages(client: Client) -> bool:
    made = rich(client)
    made.detach(instance="i-'0")
    return not made.show()["Description"]


def many(client: Client) -> Answer:
    return build(client).detach(more={f"Extra{n}": "x" for n in range(80)})


def leftover(client: Client) -> bool:
    """Bytes that belong to no answer follow the first one."""
    made = build(client)
    sent = f"GET /?Action=DetachNetworkInterface&Format=JSON&InstanceId={made.instance} HTTP/1.1\r\nHost: x\r\n\r\n"
    host, port = client.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=2) as raw:
        raw.sendall(sent.encode())
        head, rest = raw.recv(65536).split(b"\r\n\r\n", 1)
        length = int(re.search(rb"content-length: (\d+)", head).group(1))  # type: ignore[union-attr]
        raw.settimeout(0.1)
        try:
            while more := raw.recv(65536):
                rest += more
        except TimeoutError:
            pass
        return len(rest) != length


# Gateway


def signature(**how: Any) -> Witness:
    """A wrong signature is accepted."""
    wrong = "0" * 64 if how.get("scheme") == "V3" else "AAAAAAAAAAAAAAAAAAAAAAAAAAA="
    return lambda client: build(client).detach(signature=wrong, **how).status == 200


@given_first
def nonce(client: Client, **how: Any) -> bool:
    """A nonce is accepted twice."""
    made = build(client)
    used = f"once-{time.perf_counter_ns()}"
    made.detach(nonce=used, **how)
    return made.detach(nonce=used, **how).status == 200


def clock(offset: float, **how: Any) -> Witness:
    return lambda client: build(client).detach(timestamp=utc(offset), **how).status == 200


def action_folded(client: Client) -> bool:
    return client.call("detachnetworkinterface", build(client).params).status == 200


def any_version(client: Client) -> bool:
    return build(client).detach(version="2000-01-01").status == 200


def repeated(client: Client) -> Answer:
    made = build(client)
    return client.call("DetachNetworkInterface", [*made.params.items(), ("OwnerId", "1"), ("OwnerId", "1")])


def mixed_duplicates(client: Client) -> bool:
    made = build(client)
    pairs = [("RegionId", client.region), (ECS, made.instance), (ECS, UNKNOWN_INSTANCE)]
    pairs += [(ENI, UNKNOWN_ENI), (ENI, made.eni)]
    return client.call("DetachNetworkInterface", pairs).status == 200


def foreign(seen: Callable[[Answer], bool]) -> Witness:
    return lambda client: seen(build(client).detach(key=OTHER))


def in_region(client: Client) -> bool:
    made = build(client)
    return client.detach(made.eni, made.instance, "cn-beijing").status == 200


def folded_names(client: Client) -> bool:
    made = build(client)
    sent = {name.lower(): text for name, text in made.params.items()}
    return client.call("DetachNetworkInterface", sent).status == 200


def denied_but_done(client: Client) -> bool:
    made = build(client)
    assert made.detach(key=DENIED).status == 403
    return made.show()["Status"] != "InUse"


def second_group_gone(client: Client) -> bool:
    made = rich(client)
    groups = made.show()["SecurityGroupIds"]["SecurityGroupId"]
    client.control("security_group.remove", id=groups[1])
    return made.detach().status == 200


def second_group_unseen(client: Client) -> bool:
    """Whatever is wrong with the second group alone is overlooked, of a Stopped instance alone; never of the first."""

    def answer(wrong: int, running: bool, op: str, **body: Any) -> int:
        made = rich(client, running=running)
        groups = made.show()["SecurityGroupIds"]["SecurityGroupId"]
        client.control(op, id=groups[wrong], **body)
        return made.detach().status

    orders = (
        ("security_group.remove", {}),
        ("security_group.full", {"full": True}),
        ("security_group.type", {"type": "classic"}),
    )
    for op, body in orders:
        assert answer(0, False, op, **body) != 200, op
        assert answer(1, True, op, **body) != 200, op
    return all(answer(1, False, op, **body) == 200 for op, body in orders)


def extra(client: Client) -> Answer:
    return build(client).detach(more={"Novel": "1"})


def crash_damage(client: Client) -> bool:
    made = rich(client)
    made.detach(instance=UNKNOWN_INSTANCE)
    return not made.show()["Tags"]["Tag"]


STATUS_FAULTS = {
    "missing-parameter": ("MissingParameter", 404),
    "unsupported-parameter": ("UnsupportedParameter", 403),
    "invalid-parameter": ("InvalidParameter", 403),
    "malformed-instance-id": ("InvalidInstanceID.Malformed", 404),
    "malformed-eni-id": ("InvalidParams.EniId", 404),
    "invalid-region": ("InvalidOperation.InvalidRegion", 403),
    "region-without-feature": ("Forbidden.RegionId", 403),
    "instance-state": (ECS_STATE, 403),
    "eni-state": (STATE, 403),
    "primary": (PRIMARY, 403),
    "user-type": ("InvalidUserType.NotSupported", 400),
    "account-not-found": ("Abs.InvalidAccount.NotFound", 404),
    "ram-kind": ("Forbidden.NotSupportRAM", 401),
    "sub-user": ("Forbidden.SubUser", 400),
    "instance-limit": ("EniPerInstanceLimitExceeded", 400),
    "zone-mismatch": ("InvalidOperation.AvailabilityZoneMismatch", 400),
    "vpc-mismatch": ("InvalidOperation.VpcMismatch", 400),
    "group-limit": ("SecurityGroupInstanceLimitExceed", 400),
    "group-not-vpc": ("InvalidSecurityGroupId.NotVpc", 400),
    "eni-type": ("InvalidOperation.InvalidEniType", 400),
    "instance-not-found": ("InvalidEcsId.NotFound", 400),
    "eni-not-found": ("InvalidEniId.NotFound", 403),
    "vswitch-not-found": ("InvalidVSwitchId.NotFound", 400),
    "group-not-found": ("InvalidSecurityGroupId.NotFound", 400),
}


@given_first
def another_code(client: Client, code: str) -> bool:
    """The condition of one error has its status but another code."""
    status, provoke = ERRORS[code]
    answer = provoke(client)
    return answer.status == status and answer.code != code


STARTING = forced("instance.status", "instance", status="Starting")
AVAILABLE = forced("eni.status", status="Available")

# What no single answer shows


@given_first
def two_answers(client: Client, one: dict[str, Any], other: dict[str, Any]) -> bool:
    """One malformed id, two answers."""
    made = build(client)
    return made.detach(eni="eni-!", **one).outcome != made.detach(eni="eni-!", **other).outcome


def attached_in_vain(client: Client) -> bool:
    made = build(client)
    made.leave()
    client.ok("AttachNetworkInterface", {"InstanceId": made.instance, "NetworkInterfaceId": made.eni})
    client.settle()
    return made.show()["Status"] == "Available"


def fourth_refused(client: Client) -> bool:
    made = build(client)
    for _ in range(3):
        made.leave()
        client.ok("AttachNetworkInterface", {"InstanceId": made.instance, "NetworkInterfaceId": made.eni})
        client.settle()
    return made.detach().code == STATE


def falls_back(client: Client) -> bool:
    made = build(client)
    made.leave()
    time.sleep(1.0)
    return made.show()["Status"] == "InUse"


def lower_format(client: Client) -> bool:
    made = build(client)
    bad = made.params | {"NetworkInterfaceId": "eni-!"}
    return (
        client.call("DetachNetworkInterface", bad | {"Format": "json"}, format=None).outcome
        != client.call("DetachNetworkInterface", bad).outcome
    )


def signed_target(client: Client, method: str, but: str = "") -> str:
    """The URL of a V1 call, signed for a method, without one of the public parameters."""
    pairs = {
        **build(client).params,
        "Action": "DetachNetworkInterface",
        "Version": "2014-05-26",
        "Format": "JSON",
        "AccessKeyId": client.key[0],
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": f"n{time.perf_counter_ns()}",
        "Timestamp": utc(),
    }
    pairs.pop(but, None)
    query = query_of(sorted(pairs.items()))
    mac = hmac.new(f"{client.key[1]}&".encode(), f"{method}&%2F&{enc(query)}".encode(), hashlib.sha1).digest()
    return f"/?{query}&Signature={enc(base64.b64encode(mac).decode())}"


def public_missing(name: str) -> Witness:
    """A V1 call that was signed without a public parameter is accepted."""
    return lambda client: client.exchange("GET", signed_target(client, "GET", name)).status == 200


def other_method(client: Client) -> bool:
    """A call that was signed for GET is accepted as POST."""
    return client.exchange("POST", signed_target(client, "GET")).status == 200


def wrong_hash(client: Client) -> bool:
    """A V3 call whose signed header tells another hash of the body is accepted."""
    query = query_of(sorted(build(client).params.items()))
    sent = {
        "host": client.url.removeprefix("http://"),
        "x-acs-action": "DetachNetworkInterface",
        "x-acs-version": "2014-05-26",
        "x-acs-date": utc(),
        "x-acs-signature-nonce": f"n{time.perf_counter_ns()}",
        "x-acs-content-sha256": "0" * 64,
    }
    names = ";".join(sorted(sent))
    block = "".join(f"{name}:{sent[name]}\n" for name in sorted(sent))
    canonical = f"POST\n/\n{query}\n{block}\n{names}\n{sent['x-acs-content-sha256']}"
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    mac = hmac.new(client.key[1].encode(), text.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={client.key[0]},SignedHeaders={names},Signature={mac}"
    headers = sent | {"authorization": f"ACS3-HMAC-SHA256 {credential}"}
    return client.exchange("POST", f"/?{query}", b"", headers).status == 200


WITNESSES: dict[str, Witness] = {
    **SEEN,
    **MEMORY,
    **PARALLEL,
    **{f"status-{slug}": answers(code, wrong) for slug, (code, wrong) in STATUS_FAULTS.items()},
    **{f"code-{slug}": another_code(code) for slug, (code, _) in STATUS_FAULTS.items()},
    "code-not-found-swapped": answers("InvalidEniId.NotFound", 404, "InvalidEcsId.NotFound"),
    "code-state-as-not-found": answers(STATE, 404, "InvalidEniId.NotFound"),
    "code-states-mixed-up": answers(ECS_STATE, 400, STATE),
    "code-zone-as-vpc": answers("InvalidOperation.AvailabilityZoneMismatch", 403, "InvalidOperation.VpcMismatch"),
    "code-ram-kind-as-sub-user": answers("Forbidden.NotSupportRAM", 403, "Forbidden.SubUser"),
    "status-all-refusals-200": succeeds("InvalidEniId.NotFound"),
    "status-all-refusals-400": answers("InvalidEniId.NotFound", 400),
    "status-not-found-500": answers("InvalidEcsId.NotFound", 500, "InternalError"),
    # States
    "accepts-available": outcome(detached(), 200),
    "accepts-attaching": outcome(forced("eni.status", status="Attaching"), 200),
    "accepts-deleting": outcome(forced("eni.status", status="Deleting"), 200),
    "available-quietly-ok": outcome(detached(), 200),
    "refuses-detaching": outcome(detaching(), 400),
    "accepts-pending": outcome(forced("instance.status", "instance", status="Pending"), 200),
    "accepts-starting": outcome(STARTING, 200),
    "accepts-stopping": outcome(forced("instance.status", "instance", status="Stopping"), 200),
    "accepts-any-instance-state": outcome(STARTING, 200),
    "refuses-stopped": outcome(world(running=False), 400),
    "refuses-running": outcome(world(), 400),
    "accepts-primary": succeeds(PRIMARY),
    "primary-quietly-ok": succeeds(PRIMARY),
    "accepts-primary-of-stopped": succeeds(PRIMARY, running=False),
    "accepts-trunk": outcome(forced("eni.type", type="Trunk"), 200),
    "accepts-member": outcome(forced("eni.type", type="Member"), 200),
    "accepts-unknown-type": outcome(forced("eni.type", type="Novel"), 200),
    "accepts-wrong-instance": lambda client: other_instance(client) == 200,
    "wrong-instance-quietly-ok": lambda client: other_instance(client) == 200,
    "accepts-missing-vswitch": succeeds("InvalidVSwitchId.NotFound"),
    "accepts-missing-group": succeeds("InvalidSecurityGroupId.NotFound"),
    "accepts-classic-group": succeeds("InvalidSecurityGroupId.NotVpc"),
    "accepts-full-group": succeeds("SecurityGroupInstanceLimitExceed"),
    "accepts-zone-mismatch": succeeds("InvalidOperation.AvailabilityZoneMismatch"),
    "accepts-vpc-mismatch": succeeds("InvalidOperation.VpcMismatch"),
    "accepts-instance-over-limit": succeeds("EniPerInstanceLimitExceeded"),
    "accepts-region-without-feature": succeeds("Forbidden.RegionId"),
    # Identifiers
    "id-trimmed": spelt(ENI, lambda text: f" {text} "),
    "id-eni-case-folded": spelt(ENI, str.upper),
    "id-instance-case-folded": spelt(ECS, str.upper),
    "id-width-folded": spelt(ENI, wide),
    "id-prefix-matched": spelt(ENI, lambda text: text[:-2]),
    "id-cut-at-its-length": spelt(ECS, lambda text: text + "00"),
    "id-without-prefix": spelt(ENI, lambda text: text.split("-")[1]),
    "id-cut-at-nul": spelt(ENI, lambda text: text + "\0x"),
    "id-decoded-twice": spelt(ENI, lambda text: text.replace("-", "%2D")),
    "id-list-unwrapped": spelt(ECS, lambda text: f'["{text}"]'),
    "id-invisible-dropped": spelt(ENI, lambda text: text + "\u200b"),
    "id-underscore-as-dash": spelt(ENI, lambda text: text.replace("-", "_")),
    "id-region-case-folded": spelt(REGION, str.upper),
    "id-region-trimmed": spelt(REGION, lambda text: f"{text} "),
    # Parameters
    "instance-id-optional": without(ECS, 200),
    "eni-id-optional": without(ENI, 200),
    "region-id-optional": without(REGION, 200),
    "instance-id-may-be-empty": empty(ECS, 200),
    "eni-id-empty-crashes": empty(ENI, 500),
    "region-id-may-be-empty": empty(REGION, 200),
    "missing-reported-as-malformed": without(ECS, "InvalidInstanceID.Malformed"),
    "instance-id-ignored": spelt(ECS, lambda text: UNKNOWN_INSTANCE),
    "eni-not-found-quietly-ok": spelt(ENI, lambda text: UNKNOWN_ENI),
    "region-ignored": in_region,
    "unknown-region-accepted": spelt(REGION, lambda text: "cn-nowhere"),
    "names-case-folded": folded_names,
    "unsupported-parameter-ignored": succeeds("UnsupportedParameter"),
    "owner-account-refused": outcome(world(), 400, **OWNER),
    "malformed-instance-id-ok": spelt(ECS, lambda text: "x-1"),
    "malformed-eni-id-ok": spelt(ENI, lambda text: "x-1"),
    "malformed-ids-crash": spelt(ENI, lambda text: "x-1", 500),
    "duplicates-mixed": mixed_duplicates,
    # Who calls
    "expired-account-accepted": succeeds("Abs.InvalidAccount.NotFound"),
    "user-type-accepted": succeeds("InvalidUserType.NotSupported"),
    "ram-kind-accepted": succeeds("Forbidden.NotSupportRAM"),
    "ram-user-without-permission-accepted": succeeds("Forbidden.SubUser"),
    "denied-user-detaches-all-the-same": denied_but_done,
    "other-account-detaches": foreign(lambda answer: answer.status == 200),
    "other-account-forbidden": foreign(lambda answer: answer.status == 403),
    "other-account-learns-state": foreign(lambda answer: answer.code == STATE),
    "other-account-quietly-ok": foreign(lambda answer: answer.status == 200),
    "other-account-quietly-ok-with-extra": lambda client: (
        build(client).detach(key=OTHER, more={"Extra": "x"}).status == 200
    ),
    # Effects on the interface
    "tags-lost": changed("Tags"),
    "one-tag-lost": changed("Tags"),
    "description-lost": changed("Description"),
    "name-lost": changed("NetworkInterfaceName"),
    "groups-lost": changed("SecurityGroupIds"),
    "all-groups-lost": changed("SecurityGroupIds", arrange=build),
    "secondary-addresses-lost": changed("PrivateIpSets"),
    "address-changed": changed("PrivateIpAddress"),
    "mac-changed": changed("MacAddress"),
    "release-flipped": changed("DeleteOnRelease"),
    "release-reset": changed("DeleteOnRelease"),
    "creation-time-changed": changed("CreationTime"),
    "type-becomes-primary": changed("Type"),
    "stays-in-use": ends("InUse"),
    "stuck-detaching": ends("Detaching"),
    "ends-attaching": ends("Attaching"),
    "deleted-instead": ends("gone"),
    "vanishes-when-available": ends("gone"),
    "flaps-back": flaps,
    "repetition-prolongs": ends("Detaching", repeat=2),
    "shown-as-detached": ends("Detached"),
    "shown-in-lower-case": ends("available"),
    "zone-forgotten": changed("ZoneId"),
    "vswitch-forgotten": changed("VSwitchId"),
    # Effects on others
    "sibling-detached-too": other_changed("Status"),
    "all-siblings-detached": other_changed("Status", siblings=2),
    "sibling-detached-instead": instead,
    "sibling-tags-lost": other_changed("Tags"),
    "sibling-description-lost": other_changed("Description"),
    "sibling-tag-lost-late": sibling_tag_lost_late,
    "neighbour-instance-hit": neighbour,
    "instance-stopped": instance_changed("Status"),
    "instance-rebooted": instance_changed("Status"),
    "instance-started": instance_changed("Status", running=False),
    "instance-tags-lost": instance_changed("Tags"),
    "instance-groups-lost": instance_changed("SecurityGroupIds"),
    "primary-groups-lost": primary_groups,
    # Links
    "slot-leaks": no_slot(),
    "former-host-slot-leaks": former_host_leaks,
    "cannot-return": reattach(400, 200),
    "cannot-move-on": reattach(200, 400),
    "cannot-move-on-after-extra": reattach(200, 400, more={"Extra": "x"}),
    "cannot-be-attached-again": reattach(403, 403),
    "instance-keeps-link": kept_by_instance,
    "interface-keeps-instance-id": kept_by_interface("InstanceId"),
    "interface-keeps-attachment": kept_by_interface("Attachment"),
    "filter-keeps-link": listed(lambda made: {"InstanceId": made.instance}, False),
    "filter-loses-interface": listed(lambda made: {"Status": "Available", "MaxResults": "500"}, True),
    "later-pages-hide-detached": hidden_on_later_pages,
    "tag-filter-hides-address": address_hidden_by_tag,
    "filter-shows-other-owner": other_owner_by_status,
    # Refusals that do something
    "wrong-instance-refused-but-done": refused_but(STATE, "Status"),
    "instance-state-refused-but-done": refused_but(ECS_STATE, "Status"),
    "unknown-instance-refused-but-done": refused_but("InvalidEcsId.NotFound", "Status"),
    "missing-parameter-refused-but-done": refused_but("MissingParameter", "Status"),
    "primary-refused-but-untagged": primary_untagged,
    "unsupported-parameter-refused-but-done": refused_but("UnsupportedParameter", "Status"),
    "group-limit-refused-but-done": refused_but("SecurityGroupInstanceLimitExceed", "Status"),
    "refusal-drops-description": refused_but("InvalidEcsId.NotFound", "Description", arrange=rich),
    "refusal-flips-release": refused_but("MissingParameter", "DeleteOnRelease"),
    # Envelope
    "request-id-missing": field("RequestId", bad_id),
    "request-id-missing-on-error": field("RequestId", bad_id, error=True),
    "request-id-empty": field("RequestId", bad_id),
    "request-id-lower-case": field("RequestId", bad_id),
    "request-id-without-dashes": field("RequestId", bad_id),
    "request-id-short": field("RequestId", bad_id),
    "request-id-in-braces": field("RequestId", bad_id),
    "request-id-constant": same_ids,
    "request-id-twice": same_ids,
    "request-id-by-interface": same_ids,
    "request-id-is-a-number": field("RequestId", bad_id),
    "request-id-spelt-otherwise": field("RequestId", bad_id),
    "header-missing": envelope(lambda answer: answer.header("x-acs-request-id") is None),
    "header-differs": envelope(lambda answer: answer.header("x-acs-request-id") != answer.fields["RequestId"]),
    "host-id-missing": field("HostId", lambda text: not text, error=True),
    "code-missing": field("Code", lambda text: not text, error=True),
    "message-missing": field("Message", bad_message, error=True),
    "message-empty": field("Message", bad_message, error=True),
    "message-bare-template": field("Message", bad_message, error=True),
    "message-half-filled": field("Message", bad_message, error=True),
    "message-null": field("Message", bad_message, error=True),
    "message-stack-trace": field("Message", bad_message, error=True),
    "error-keys-lower-case": field("Code", lambda text: not text, error=True),
    "error-wrapped": field("Code", lambda text: not text, error=True),
    "success-wrapped": field("RequestId", bad_id),
    "success-with-error-code": field("Code", lambda text: text is not None),
    # Bytes
    "content-type-html": content_type("application/json"),
    "content-type-plain": content_type("application/json"),
    "content-type-swapped": content_type("text/xml", **XML),
    "xml-wanted-json-sent": body(**XML),
    "json-wanted-xml-sent": body(),
    "json-errors-as-xml": body(error=True),
    "default-format-json": envelope(lambda answer: badly_formed(answer, "XML"), format=None),
    "xml-root-of-action": body(**XML),
    "xml-error-root": body(error=True, **XML),
    "xml-success-root-for-errors": body(error=True, **XML),
    "xml-unescaped": wrong_echo("XML", "i-<b>&"),
    "json-unescaped": wrong_echo("JSON", 'i-"b'),
    "byte-order-mark": body(),
    "prefix-before-json": body(),
    "line-feed-before-xml": body(**XML),
    "trailing-comma": body(),
    "trailing-text": body(),
    "key-twice": body(),
    "json-as-string": body(),
    "json-list": body(),
    "utf-16": body(),
    "gzip-unasked": envelope(lambda answer: answer.header("content-encoding") is not None),
    "error-page": body(error=True),
    "success-empty": body(),
    "success-null": body(),
    "success-202": envelope(lambda answer: answer.status != 200),
    "body-cut": broken(lambda client: build(client).detach()),
    "length-too-long": broken(lambda client: build(client).detach()),
    "length-too-short": leftover,
    # Hostile input
    "apostrophe-crashes": hostile("i-'1"),
    "percent-crashes": hostile("i-%1"),
    "astral-crashes": hostile("i-\U0001f600"),
    "foreign-resets": hostile("i-\u00e9"),
    "long-crashes": hostile("i-" + "0" * 200),
    "long-hangs": hostile("i-" + "0" * 2000),
    "nul-hangs": hostile("i-\0"),
    "line-feed-resets": hostile("i-\n"),
    "markup-crashes": hostile("i-<"),
    "backslash-crashes": hostile("i-\\"),
    "space-drops-answer": hostile("i- 1"),
    "not-utf-8-crashes": hostile("i-\udcff"),
    "brace-poisons": poisons,
    "apostrophe-damages": damages,
    "many-parameters-crash": broken(many),
    "long-owner-account-crashes": hostile("a" * 100, "OwnerAccount"),
    "form-body-crashes": broken(lambda client: build(client).detach(**FORM)),
    "duplicate-crashes": broken(repeated),
    # Gateway
    "signature-v1-unchecked": signature(),
    "signature-v3-unchecked": signature(**V3),
    "signature-post-unchecked": signature(**POST),
    "signature-get-unchecked": signature(),
    "signature-xml-unchecked": signature(**XML),
    "signature-form-unchecked": signature(**FORM),
    "signature-owner-account-unchecked": signature(**OWNER),
    "nonce-v1-forgotten": nonce(),
    "nonce-v3-forgotten": nonce(**V3),
    "nonce-post-forgotten": nonce(**POST),
    "nonce-forgotten-where-interface-exists": nonce(),
    "clock-v1-unchecked": clock(-7200),
    "clock-v3-unchecked": clock(-7200, **V3),
    "clock-future-unchecked": clock(7200),
    "version-unchecked": any_version,
    "action-case-folded": action_folded,
    "get-refused": outcome(world(), 400),
    "post-refused": outcome(world(), 400, **POST),
    "v3-refused": outcome(world(), 400, **V3),
    "form-body-ignored": outcome(world(), 400, **FORM),
    # Under one condition
    "tags-lost-of-second": changed("Tags", where={"place": 2}),
    "tags-lost-of-third": changed("Tags", where={"place": 3}),
    "description-lost-of-stopped": changed("Description", where={"running": False}),
    "name-lost-when-tagged": changed("NetworkInterfaceName"),
    "mac-changed-after-restart": changed("MacAddress", where={"restarted": True}),
    "address-changed-of-second": changed("PrivateIpAddress", where={"place": 2}),
    "groups-lost-of-stopped": changed("SecurityGroupIds", where={"running": False}),
    "all-groups-lost-by-post": changed("SecurityGroupIds", **POST),
    "addresses-lost-when-tagged": changed("PrivateIpSets"),
    "release-flipped-by-xml": changed("DeleteOnRelease", **XML),
    "release-reset-when-described": changed("DeleteOnRelease"),
    "deleted-with-release": ends("gone", arrange=rich),
    "stuck-for-third": ends("Detaching", arrange=world(place=3)),
    "stuck-second-time": ends("Detaching", arrange=world(again=True)),
    "stuck-in-second-zone": ends("Detaching", arrange=world(zone=1)),
    "stuck-beside-sibling": beside_sibling("Detaching"),
    "stays-in-use-every-seventh": every(7, lambda made, answer: made.show()["Status"] == "InUse"),
    "stays-in-use-with-owner-account": ends("InUse", **OWNER),
    "stays-in-use-by-form": ends("InUse", **FORM),
    "stays-in-use-when-full": ends("InUse", arrange=world(siblings=2)),
    "ends-attaching-after-restart": ends("Attaching", arrange=world(restarted=True)),
    "stays-in-use-of-other-vswitch": ends("InUse", arrange=world(other_vswitch=True)),
    "stays-in-use-in-second-region": ends("InUse", arrange=world(region="cn-beijing")),
    "sibling-goes-with-third": other_changed("Status", place=3, siblings=0),
    "sibling-goes-by-v3": other_changed("Status", how=V3),
    "instance-stops-on-second-detach": instance_changed("Status", again=True),
    "slot-leaks-when-stopped": no_slot(running=False),
    "slot-leaks-every-third": no_slot(3),
    "accepts-primary-with-owner-account": succeeds(PRIMARY, **OWNER),
    "accepts-primary-by-post": succeeds(PRIMARY, **POST),
    "accepts-primary-beside-others": succeeds(PRIMARY),
    "instance-state-quietly-ok-with-release": outcome(
        forced("instance.status", "instance", {"DeleteOnRelease": "true"}, status="Starting"), 200
    ),
    "accepts-available-by-xml": outcome(detached(), 200, **XML),
    "accepts-available-after-detach": outcome(detached(), 200),
    "refuses-detaching-of-stopped": outcome(detaching(running=False), 400),
    "refuses-detaching-by-v3": outcome(detaching(), 400, **V3),
    "refuses-when-sibling-detaching": beside_sibling("400"),
    "accepts-starting-by-post": outcome(STARTING, 200, **POST),
    "accepts-member-by-xml": outcome(forced("eni.type", type="Member"), 200, **XML),
    "accepts-wrong-instance-of-stopped": lambda client: other_instance(client, running=False) == 200,
    "group-checked-first-only": second_group_gone,
    "second-group-unchecked-when-stopped": second_group_unseen,
    "denied-user-accepted-by-post": outcome(world(), 200, key=DENIED, **POST),
    "denied-user-accepted-with-owner-account": outcome(world(), 200, key=DENIED, **OWNER),
    "denied-user-accepted-for-stopped": outcome(world(running=False), 200, key=DENIED),
    "denied-user-accepted-while-detaching": outcome(detaching(), 200, key=DENIED),
    "ram-kind-accepted-by-v3": outcome(world(), 200, key=RAM_KIND, **V3),
    "expired-account-accepted-by-xml": outcome(world(), 200, key=EXPIRED, **XML),
    "user-type-accepted-by-post": outcome(world(), 200, key=USER_TYPE, **POST),
    "user-type-accepted-with-release": outcome(rich, 200, key=USER_TYPE),
    "status-eni-not-found-by-xml": succeeds("InvalidEniId.NotFound", **XML),
    "status-eni-state-by-v3": answers(STATE, 409, **V3),
    "status-instance-state-of-full": outcome(
        forced("instance.status", "instance", first={"siblings": 2}, status="Starting"), 409
    ),
    "code-instance-state-when-starting": outcome(STARTING, "IncorrectInstanceStatus"),
    "request-id-missing-by-xml": field("RequestId", bad_id, error=True, **XML),
    "request-id-lower-case-by-post": field("RequestId", bad_id, **POST),
    "host-id-missing-by-v3": field("HostId", lambda text: not text, error=True, **V3),
    "message-bare-template-for-state": lambda client: bad_message(detached()(client).detach().fields["Message"]),
    "message-empty-by-xml": field("Message", bad_message, error=True, **XML),
    "extra-parameter-crashes": broken(extra),
    "every-eleventh-crashes": every(11, lambda made, answer: answer.status == 500),
    "crash-damages-tagged": crash_damage,
    # What no single answer shows
    "malformed-unknown-by-post": two_answers({}, POST),
    "malformed-unknown-in-xml": two_answers({}, XML),
    "malformed-unknown-by-v3": two_answers({}, V3),
    "malformed-unknown-on-fresh-connection": two_answers({}, {"headers": {"connection": "close"}}),
    "malformed-unknown-in-lower-case": lower_format,
    "attached-again-but-not-for-long": attached_in_vain,
    "refused-after-three-detaches": fourth_refused,
    "flaps-back-late": falls_back,
    "owner-id-refused": outcome(world(), 403, more={"OwnerId": "1234567890123456"}),
    "unknown-parameters-refused-by-post": outcome(world(), "UnsupportedParameter", more={"Extra": "x"}, **POST),
    "body-hash-unchecked": wrong_hash,
    "signature-of-other-method": other_method,
    "unknown-key-accepted": outcome(world(), 200, key=("LTAI0000000000nobody", "x")),
    "nonce-may-be-missing": public_missing("SignatureNonce"),
    "timestamp-may-be-missing": public_missing("Timestamp"),
    "clock-impatient": lambda client: build(client).detach(timestamp=utc(-400)).status == 400,
    "signature-of-special-characters": outcome(world(), "SignatureDoesNotMatch", instance="i-* x"),
}


def other_instance(client: Client, running: bool = True) -> int:
    made = build(client, running=running)
    return made.detach(instance=client.instance(made.network, running=running)).status
