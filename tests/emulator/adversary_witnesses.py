"""For each trigger, effect and variant of the grammar a function that sees it on the wire.

Triggers are made visible by one harmless effect, a header that is left out; each function sends a call for
which the trigger holds and one for which it does not.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from emulator_client import DENIED, EXPIRED, OTHER, Answer, Client, utc
from emulator_worlds import ERRORS, UNKNOWN_ENI, UNKNOWN_INSTANCE, World, build, missing, other_instance, rich
from emulator_worlds import with_control as controlled

On = Callable[[str], None]
Pair = tuple[Answer, Answer]
STATE = "InvalidOperation.InvalidEniState"
NO_ENI, NO_ECS = "InvalidEniId.NotFound", "InvalidEcsId.NotFound"
POST: dict[str, Any] = {"method": "POST"}
FORM: dict[str, Any] = {"method": "POST", "in_body": True}
XML: dict[str, Any] = {"format": "XML"}
V3: dict[str, Any] = {"scheme": "V3"}
NO_ANSWER = (http.client.HTTPException, OSError)


def more(**params: str) -> dict[str, Any]:
    return {"more": params}


# Triggers


def wire(yes: dict[str, Any], no: dict[str, Any]) -> Callable[[Client, On, str], Pair]:
    """Two forms of the same request."""

    def show(client: Client, on: On, name: str) -> Pair:
        on(name)
        return build(client).detach(**yes), build(client).detach(**no)

    return show


def worlds(
    yes: Callable[[Client], World], no: Callable[[Client], World] = build, argument: str = ""
) -> Callable[[Client, On, str], Pair]:
    """The same request in two worlds."""

    def show(client: Client, on: On, name: str) -> Pair:
        on(f"{name}({argument})" if argument else name)
        return yes(client).detach(), no(client).detach()

    return show


def world(**how: Any) -> Callable[[Client], World]:
    return lambda client: build(client, **how)


def ordered(*names: str) -> Callable[[World], Answer]:
    def send(made: World) -> Answer:
        return made.client.call("DetachNetworkInterface", [(name, made.params[name]) for name in names])

    return send


def orders(yes: tuple[str, ...], no: tuple[str, ...]) -> Callable[[Client, On, str], Pair]:
    def show(client: Client, on: On, name: str) -> Pair:
        on(name)
        return ordered(*yes)(build(client)), ordered(*no)(build(client))

    return show


def by_id(argument: Callable[[World], tuple[str, str]]) -> Callable[[Client, On, str], Pair]:
    """The argument that fits the ids of a world, and one that does not."""

    def show(client: Client, on: On, name: str) -> Pair:
        made = build(client)
        yes, no = argument(made)
        on(f"{name}({yes})")
        first = made.detach()
        on(f"{name}({no})")
        return first, made.detach()

    return show


def series(
    *calls: Callable[[World], Answer], yes: int = -1, no: int = 0, argument: str = ""
) -> Callable[[Client, On, str], Pair]:
    """Several calls in one world, of which one shows the trigger and one does not."""

    def show(client: Client, on: On, name: str) -> Pair:
        on(f"{name}({argument})" if argument else name)
        made = build(client, siblings=1)
        answers = [call(made) for call in calls]
        return answers[yes], answers[no]

    return show


def plain(made: World) -> Answer:
    return made.detach()


def refused(made: World) -> Answer:
    return made.detach(instance=UNKNOWN_INSTANCE)


def sibling(made: World) -> Answer:
    return made.detach(eni=made.others[0])


def restart(*actions: str) -> Callable[[Client], World]:
    def make(client: Client) -> World:
        made = build(client)
        for action in actions:
            client.ok(action, {"InstanceId": made.instance})
            client.settle()
        return made

    return make


def moved(client: Client) -> World:
    made = build(client, again=True)
    made.leave()
    made.instance = client.instance(made.network)
    client.attach(made.eni, made.instance)
    return made


def detaching(client: Client) -> World:
    made = build(client)
    client.control("hold", id=made.eni)
    made.detach()
    return made


def available(client: Client) -> World:
    made = build(client)
    made.leave()
    return made


def sibling_detaching(client: Client) -> World:
    made = build(client, siblings=1)
    client.control("hold", id=made.others[0])
    sibling(made)
    return made


def sibling_attaching(client: Client) -> World:
    made = build(client)
    other = client.eni(made.network)
    client.ok("AttachNetworkInterface", {"NetworkInterfaceId": other, "InstanceId": made.instance})
    return made


def overlapping(client: Client, on: On, name: str) -> Pair:
    on(name)
    made = build(client, siblings=1)
    found: list[Answer] = []
    threads = [
        threading.Thread(target=lambda eni=eni: found.append(Client(client.url).detach(eni, made.instance)))
        for eni in (made.eni, made.others[0])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.sort(key=lambda answer: answer.header("x-acs-trace-id") is not None)
    return found[0], build(client).detach()


def seconds(odd: bool) -> str:
    return next(text for text in (utc(-5), utc(-6)) if (int(text[-2]) % 2 == 1) == odd)


def _stamped(client: Client, on: On, name: str) -> Pair:
    on(name)
    return build(client).detach(timestamp=seconds(True)), build(client).detach(timestamp=seconds(False))


TAG = {"Tag.1.Key": "a", "Tag.1.Value": "1"}
R, ECS, ENI = "RegionId", "InstanceId", "NetworkInterfaceId"
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def _range(made: World) -> tuple[str, str]:
    return ("0-h", "i-z") if made.instance[-1] <= "h" else ("i-z", "0-h")


TRIGGERS_SHOWN: dict[str, Callable[[Client, On, str], Pair]] = {
    "only-get": wire({}, POST),
    "only-post": wire(POST, {}),
    "form-body": wire(FORM, POST),
    "query-body": wire(POST, FORM),
    "only-xml": wire(XML, {}),
    "only-json": wire({}, XML),
    "default-format": wire({"format": None}, XML),
    "lower-format": wire({"format": "json"}, {}),
    "only-v1": wire({}, V3),
    "only-v3": wire(V3, {}),
    "owner-account": wire(more(OwnerAccount="a@example.com"), {}),
    "owner-id": wire(more(OwnerId="1"), more(ResourceOwnerId="1")),
    "legacy-parameter": wire(more(ResourceOwnerId="1"), more(OwnerAccount="a")),
    "undeclared-parameter": wire(more(Novel="1"), more(OwnerAccount="a")),
    "only-declared": wire(more(OwnerAccount="a"), more(Novel="1")),
    "region-last": orders((ECS, ENI, R), (R, ECS, ENI)),
    "region-first": orders((R, ECS, ENI), (ECS, R, ENI)),
    "interface-before-instance": orders((ENI, R, ECS), (ECS, R, ENI)),
    "many-parameters": wire(more(A="1", B="2", C="3"), more(A="1", B="2")),
    "long-value": wire(more(OwnerAccount="a" * 60), more(OwnerAccount="a")),
    "nonce-begins-with-digit": wire({"nonce": f"1{uuid.uuid4()}"}, {"nonce": f"a{uuid.uuid4()}"}),
    "nonce-ends": lambda client, on, name: wire({"nonce": f"{uuid.uuid4().hex}a"}, {"nonce": f"{uuid.uuid4().hex}b"})(
        client, on, f"{name}(a)"
    ),
    "odd-second": _stamped,
    "second-eni": worlds(world(place=2)),
    "third-eni": worlds(world(place=3), world(place=2)),
    "last-attached": worlds(world(place=2), world(siblings=1)),
    "not-last-attached": worlds(world(siblings=1), world(place=2)),
    "eni-id-ends": by_id(lambda made: (made.eni[-1], ALPHABET[ALPHABET.index(made.eni[-1]) - 1])),
    "eni-id-parity": by_id(lambda made: ("odd", "even") if ord(made.eni[-1]) % 2 else ("even", "odd")),
    "tagged": worlds(world(**TAG)),
    "tag-parity": lambda client, on, name: worlds(world(**TAG), build, "odd")(client, on, name),
    "several-groups": worlds(rich),
    "several-addresses": worlds(rich),
    "described": worlds(world(Description="d")),
    "foreign-name": worlds(world(NetworkInterfaceName="网卡"), world(NetworkInterfaceName="card")),
    "long-name": worlds(world(NetworkInterfaceName="n" * 60), world(NetworkInterfaceName="n" * 20)),
    "release-true": worlds(world(DeleteOnRelease="true"), world(DeleteOnRelease="false")),
    "release-false": worlds(world(DeleteOnRelease="false"), world(DeleteOnRelease="true")),
    "attached-again": worlds(world(again=True)),
    "moved": worlds(moved, world(again=True)),
    "detaching-already": worlds(detaching),
    "in-use": worlds(build, available),
    "instance-id-ends": by_id(_range),
    "stopped": worlds(world(running=False)),
    "running": worlds(build, world(running=False)),
    "restarted": worlds(restart("StopInstance", "StartInstance"), restart("StopInstance")),
    "rebooted": worlds(restart("RebootInstance"), restart("StopInstance", "StartInstance")),
    "stopped-once": worlds(restart("StopInstance", "StartInstance"), restart("RebootInstance")),
    "holds": worlds(world(siblings=1), world(siblings=2), "2"),
    "full-instance": worlds(world(type="ecs.g6.large")),
    "sibling-detaching": worlds(sibling_detaching, world(siblings=1)),
    "sibling-attaching": worlds(sibling_attaching, world(siblings=1)),
    "second-zone": worlds(world(zone=1)),
    "other-vswitch": worlds(world(other_vswitch=True)),
    "after-refusal-of-it": series(refused, sibling, plain, no=1),
    "after-refusal": series(plain, refused, sibling),
    "after-success-here": series(plain, sibling),
    "after-calls": series(refused, refused, refused, plain, no=2, argument="3"),
    "every-nth": series(refused, refused, plain, no=1, argument="3"),
    "same-eni-twice": series(plain, sibling, sibling, no=1),
    "other-eni-before": series(plain, plain, sibling, no=1),
    "scheme-changed": series(plain, lambda made: made.detach(**V3), lambda made: made.detach(**V3), yes=1, no=2),
    "two-clients": series(plain, lambda made: made.detach(key=DENIED), plain),
    "caller": lambda client, on, name: wire({"key": OTHER}, {})(client, on, f"{name}(other)"),
    "overlapping": overlapping,
}


def _rows(client: Client, **params: str) -> list[dict[str, Any]]:
    found = client.ok("DescribeNetworkInterfaces", params)
    rows: list[dict[str, Any]] = found["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    return rows


def _pages(client: Client) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = []
    token = ""
    while True:
        params = {"MaxResults": "10"} | ({"NextToken": token} if token else {})
        answer = client.ok("DescribeNetworkInterfaces", params)
        found.append(answer["NetworkInterfaceSets"]["NetworkInterfaceSet"])
        token = answer["NextToken"]
        if not token:
            return found


def _status_in(rows: list[dict[str, Any]], eni: str) -> str:
    return next((str(row["Status"]) for row in rows if row["NetworkInterfaceId"] == eni), "absent")


def read(client: Client, made: World) -> dict[str, str]:
    """The status of the interface in all the ways in which it can be read."""
    pages = _pages(client)
    late = [row for page in pages[1:] for row in page]
    return {
        "read-by-id": _status_in(_rows(client, **{"NetworkInterfaceId.1": made.eni}), made.eni),
        "read-by-filter": _status_in(_rows(client, VSwitchId=made.network.vswitch), made.eni),
        "read-by-list": _status_in(_rows(client), made.eni),
        "read-page-two": _status_in(late, made.eni),
    }


# Effects of faults


def unknown(client: Client, **how: Any) -> Answer:
    return build(client).detach(eni=UNKNOWN_ENI, **how)


def state(client: Client, **how: Any) -> Answer:
    return ERRORS[STATE][1](client, **how)


def code_of(client: Client, argument: str) -> bool:
    provoke = state if argument in (NO_ENI, "InvalidParameter", "InvalidParams.EniId") else unknown
    return provoke(client).code == argument


GUARDED: dict[str, Callable[[Client], Answer]] = {
    "account_exists": ERRORS["Abs.InvalidAccount.NotFound"][1],
    "account_type_is_supported": ERRORS["InvalidUserType.NotSupported"][1],
    "ram_user_is_supported": ERRORS["Forbidden.NotSupportRAM"][1],
    "ram_user_is_authorized": ERRORS["Forbidden.SubUser"][1],
    "instance_id_is_given": missing("InstanceId"),
    "interface_id_is_given": missing("NetworkInterfaceId"),
    "region_id_is_given": missing("RegionId"),
    "parameters_are_supported": ERRORS["UnsupportedParameter"][1],
    "values_are_text": lambda client: build(client).detach(instance="i-bp1\x01aaaaaaaaaaaaaaa"),
    "instance_id_is_well_formed": ERRORS["InvalidInstanceID.Malformed"][1],
    "interface_id_is_well_formed": ERRORS["InvalidParams.EniId"][1],
    "region_exists": lambda client: _elsewhere(client, "cn-nowhere"),
    "region_offers_the_feature": ERRORS["Forbidden.RegionId"][1],
    "instance_exists": ERRORS[NO_ECS][1],
    "interface_exists": ERRORS[NO_ENI][1],
    "interface_is_not_primary": ERRORS["InvalidOperation.DetachPrimaryEniNotAllowed"][1],
    "interface_type_is_supported": controlled("eni.type", "eni", type="Member"),
    "interface_is_in_use_or_detaching": state,
    "interface_is_on_the_instance": other_instance,
    "instance_is_running_or_stopped": ERRORS["InvalidOperation.InvalidEcsState"][1],
    "vswitch_exists": ERRORS["InvalidVSwitchId.NotFound"][1],
    "security_groups_exist": ERRORS["InvalidSecurityGroupId.NotFound"][1],
    "security_groups_are_of_a_vpc": ERRORS["InvalidSecurityGroupId.NotVpc"][1],
    "interface_is_in_the_zone": ERRORS["InvalidOperation.AvailabilityZoneMismatch"][1],
    "interface_is_in_the_vpc": ERRORS["InvalidOperation.VpcMismatch"][1],
    "security_groups_are_within_their_limit": ERRORS["SecurityGroupInstanceLimitExceed"][1],
    "instance_is_within_its_limit": ERRORS["EniPerInstanceLimitExceeded"][1],
}


def _elsewhere(client: Client, region: str) -> Answer:
    made = build(client)
    return client.detach(made.eni, made.instance, region)


def _empty(client: Client, name: str) -> bool:
    made = build(client)
    return client.call("DetachNetworkInterface", made.params | {name: ""}).status == 200


def _done(made: World, answer: Answer | None = None) -> dict[str, Any]:
    """The interface some time after a call."""
    made.client.settle(2)
    made.client.settle(2)
    rows = _rows(made.client, **{"NetworkInterfaceId.1": made.eni})
    return rows[0] if rows else {"Status": "gone"}


LINK = frozenset({"Status", "InstanceId", "Attachment"})


def differs(one: dict[str, Any], two: dict[str, Any], ignored: frozenset[str] = LINK) -> bool:
    return any(one.get(key) != two.get(key) for key in {*one, *two} - ignored)


def _changes(client: Client, argument: str) -> bool:
    made = rich(client)
    before = made.show()
    made.detach()
    return differs(before, _done(made))


def _ends(client: Client, status: str) -> bool:
    made = build(client)
    assert made.detach().status == 200
    return bool(_done(made)["Status"] == status)


def _others_go(client: Client, whom: str) -> bool:
    made = build(client, siblings=2)
    elsewhere = build(client)
    watched = {
        "sibling": made.others[0],
        "all-siblings": made.others[1],
        "stranger": elsewhere.eni,
        "primary": client.primary(made.instance),
    }[whom]
    made.detach()
    return bool(client.show(watched)["Status"] != "InUse")


def _instead(client: Client, which: str) -> bool:
    made = build(client, place=2) if which == "first" else build(client, siblings=1)
    made.leave()
    return made.show()["Status"] == "InUse" and client.show(made.others[0])["Status"] == "Available"


def _instance_of(made: World) -> Callable[[], dict[str, Any]]:
    return lambda: made.client.show_instance(made.instance)


def _primary_of(made: World) -> Callable[[], dict[str, Any]]:
    primary = made.client.primary(made.instance)
    return lambda: made.client.show(primary)


def _elsewhere_detached(made: World) -> None:
    build(made.client).detach()


def _new_sibling_detached(made: World) -> None:
    made.detach(eni=made.client.eni(made.network, made.instance))


def _declined(made: World) -> None:
    assert refused(made).status != 200


def _unknown_declined(made: World) -> None:
    assert made.detach(eni=UNKNOWN_ENI).status != 200


def alters(
    look: Callable[[World], Callable[[], dict[str, Any]]],
    act: Callable[[World], Any] = plain,
    arrange: Callable[..., World] = build,
    ignored: frozenset[str] = frozenset(),
) -> Callable[[Client, str], bool]:
    """What is looked at differs before and after something is done in a world."""

    def seen(client: Client, argument: str) -> bool:
        made = arrange(client, running=argument != "started")
        show = look(made)
        before = show()
        act(made)
        return differs(before, show(), ignored)

    return seen


def _own(made: World) -> Callable[[], dict[str, Any]]:
    return made.show


def _refused_detaches(client: Client, argument: str) -> bool:
    made = build(client)
    refused(made)
    client.settle(2)
    made.show()
    return bool(_done(made)["Status"] == "Available")


def _stale_link(client: Client, where: str) -> bool:
    made = build(client)
    made.leave()
    if where == "instance":
        return made.eni in client.on(made.instance)
    if where == "filter":
        return _status_in(_rows(client, InstanceId=made.instance), made.eni) != "absent"
    if where == "attribute":
        return "InstanceId" in client.ok("DescribeNetworkInterfaceAttribute", {"NetworkInterfaceId": made.eni})
    return {"interface": "InstanceId", "attachment": "Attachment"}[where] in made.show()


def _missing_row(client: Client, how: str) -> bool:
    made = build(client)
    made.leave()
    name = {"any": "read-by-id", "id": "read-by-id", "filter": "read-by-filter", "list": "read-by-list"}[how]
    return read(client, made)[name] == "absent"


def _attach(client: Client, eni: str, instance: str) -> int:
    sent = {"RegionId": client.region, "InstanceId": instance, "NetworkInterfaceId": eni}
    return client.call("AttachNetworkInterface", sent).status


def _slot_kept(client: Client, argument: str) -> bool:
    made = build(client, type="ecs.g6.large")
    made.leave()
    return _attach(client, made.eni, made.instance) != 200


def _no_return(client: Client, where: str) -> bool:
    made = build(client)
    made.leave()
    place = client.instance(made.network) if where == "elsewhere" else made.instance
    return _attach(client, made.eni, place) != 200


UUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


def _bad_id(client: Client, argument: str) -> bool:
    answers = [unknown(client), unknown(client)]
    ids = [str(answer.fields.get("RequestId")) for answer in answers]
    shaped = all(UUID.fullmatch(id) for id in ids)
    agree = all(answer.header("x-acs-request-id") == id for answer, id in zip(answers, ids, strict=True))
    return not shaped or not agree or ids[0] == ids[1]


def _error_field(client: Client, argument: str) -> bool:
    return not unknown(client).fields.get(argument.partition("-")[0])


def _message(client: Client, argument: str) -> bool:
    return "eni-" not in str(unknown(client).fields["Message"])


def _unescaped(client: Client, argument: str) -> bool:
    try:
        build(client).detach(instance="i-<a&b>", **XML).xml  # noqa: B018
    except SyntaxError:
        return True
    return False


def _content_type(client: Client, argument: str) -> bool:
    return build(client).detach().header("content-type") != "application/json;charset=utf-8"


def _unreadable(client: Client, argument: str) -> bool:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    try:
        text = build(client).detach().body.decode()
        value = json.loads(text, object_pairs_hook=unique, parse_constant=int)
    except (ValueError, AssertionError):
        return True
    return not isinstance(value, dict) or "RequestId" not in value


def _unreadable_xml(client: Client, argument: str) -> bool:
    answer = build(client).detach(**XML)
    try:
        names = [child.tag for child in answer.xml]
    except SyntaxError:
        return True
    return b"<!DOCTYPE" in answer.body or len(set(names)) < len(names)


def _broken_wire(client: Client, argument: str) -> bool:
    made = build(client)
    client.close()
    try:
        made.detach().json  # noqa: B018
    except (*NO_ANSWER, ValueError):
        return True
    return False


def _unchecked(client: Client, argument: str) -> bool:
    made = build(client)
    if argument == "signature":
        return made.detach(signature="AAAA").status == 200
    if argument == "clock":
        return made.detach(timestamp=utc(-7200)).status == 200
    nonce = uuid.uuid4().hex
    made.detach(nonce=nonce)
    return made.detach(nonce=nonce).code != "SignatureNonceUsed"


def _tenant(client: Client, argument: str) -> bool:
    return build(client).detach(key=OTHER).status != 404


SPELT: dict[str, Callable[[str], str]] = {
    "trimmed": lambda id: f" {id} ",
    "case-folded": str.upper,
    "width-folded": lambda id: id[:-1] + chr(ord(id[-1]) + 0xFEE0),
    "prefix": lambda id: id[:-2],
    "suffixed": lambda id: f"{id}0",
    "unquoted": lambda id: f'"{id}"',
    "cut-at-nul": lambda id: f"{id}\0x",
    "invisible": lambda id: f"{id}\u200b",
    "first-of-list": lambda id: f'["{id}"]',
    "underscored": lambda id: id.replace("-", "_"),
}


def _loose(client: Client, argument: str) -> bool:
    made = build(client)
    name, _, style = argument.partition(":")
    sent = made.params
    sent[name] = SPELT[style](sent[name])
    return client.call("DetachNetworkInterface", sent).status == 200


def _but_done(client: Client, code: str) -> bool:
    made = build(client)
    return made.detach().code == code and _done(made)["Status"] == "Available"


def _shown(client: Client, name: str) -> bool:
    made = build(client)
    before = made.show()
    made.detach()
    return bool(before[name] != _done(made)[name])


EFFECTS_SHOWN: dict[str, Callable[[Client, str], bool]] = {
    "wrong-code": code_of,
    "code-for": lambda client, it: ERRORS[it.partition(">")[0]][1](client).code == it.partition(">")[2],
    "undocumented-code": lambda client, it: unknown(client).code == it,
    "misspelt-code": lambda client, it: unknown(client).code != NO_ENI,
    "wrong-status": lambda client, it: (state if it == "404" else unknown)(client).status == int(it),
    "status-of": lambda client, it: ERRORS[it.partition(":")[0]][1](client).status == int(it.partition(":")[2]),
    "internal-error": lambda client, it: (
        (unknown(client) if it == "refused" else build(client).detach()).outcome == (500, "InternalError")
    ),
    "skip-guard": lambda client, it: GUARDED[it](client).status == 200,
    "empty-accepted": _empty,
    "region-ignored": lambda client, it: _elsewhere(client, "cn-beijing").status == 200,
    "silent-success": lambda client, it: (unknown if it == "any" else ERRORS[it][1])(client).status == 200,
    "refuse-valid": lambda client, it: build(client).detach().code == it,
    "refuse-valid-otherwise": lambda client, it: build(client).detach().code == it,
    "refuse-but-do": _but_done,
    "changes": _changes,
    "changes-late": _changes,
    "stays": _ends,
    "settles": _ends,
    "flaps": lambda client, it: _ends(client, "InUse"),
    "deleted": lambda client, it: _ends(client, "gone"),
    "detaches-too": _others_go,
    "detaches-instead": _instead,
    "sibling-changes": alters(_own, _new_sibling_detached, rich),
    "primary-changes": alters(_primary_of),
    "stranger-changes": alters(_own, _elsewhere_detached, rich),
    "instance-changes": alters(_instance_of, ignored=frozenset({"NetworkInterfaces"})),
    "other-instance-changes": alters(_instance_of, _elsewhere_detached),
    "refused-detaches": _refused_detaches,
    "refused-detaches-late": _refused_detaches,
    "refused-changes": alters(_own, _declined, rich),
    "refused-instance-changes": alters(_instance_of, _unknown_declined),
    "stale-link": _stale_link,
    "stale-status": lambda client, it: _ends(client, it),
    "shows-wrongly": _shown,
    "missing-row": _missing_row,
    "slot-kept": _slot_kept,
    "cannot-return": _no_return,
    "request-id": _bad_id,
    "error-field": _error_field,
    "message": _message,
    "error-wrapped": lambda client, it: "Error" in unknown(client).json,
    "unescaped": _unescaped,
    "success-status": lambda client, it: build(client).detach().status == int(it),
    "success-fields": lambda client, it: set(build(client).detach().json) != {"RequestId"},
    "content-type": _content_type,
    "other-format": lambda client, it: build(client).detach().body[:1] == b"<",
    "xml-root": lambda client, it: build(client).detach(**XML).xml.tag == it,
    "body": _unreadable,
    "json-body": _unreadable,
    "xml-body": _unreadable_xml,
    "compressed": lambda client, it: build(client).detach().header("content-encoding") == "gzip",
    "web-page": lambda client, it: build(client).detach().body.startswith(b"<html>"),
    "wire": _broken_wire,
    "hang": _broken_wire,
    "unchecked": _unchecked,
    "other-tenant": _tenant,
    "loose-id": _loose,
}
LASTING = {"hang": "once", "busy": "second"}
"""Where the persistence cannot be `every`."""


# Effects of variants: what differs


def twice_wrong(client: Client, **how: Any) -> list[Any]:
    """Calls with two faults each, of which either may be reported."""
    made = build(client)
    client.control("security_group.full", id=made.network.group, full=True)
    codes = [
        made.detach(key=DENIED, **how).code,
        made.detach(key=DENIED, eni="x", **how).code,
        client.detach("x", "y", **how).code,
        made.detach(key=DENIED, eni=UNKNOWN_ENI, **how).code,
        made.detach(key=EXPIRED, eni="x", **how).code,
        made.detach(eni=client.primary(made.instance), key=DENIED, **how).code,
        made.detach(eni=client.primary(made.instance), **how).code,
    ]
    client.control("reset", id=made.network.group)
    client.control("instance.status", id=made.instance, status="Starting")
    codes += [made.detach(key=DENIED, **how).code, made.detach(eni=UNKNOWN_ENI, **how).code]
    codes += [client.detach(client.eni(made.network), made.instance, **how).code for _ in range(3)]
    return codes


def _rounds(client: Client, argument: str) -> Any:
    return [build(client).detach().code for _ in range(4)]


def _settles_in(client: Client, argument: str) -> Any:
    made = build(client)
    made.detach()
    found = []
    for step in (0.0, 0.15, 0.1, 0.25, 0.3, 0.4, 0.3):
        client.settle(step)
        found.append(made.show()["Status"])
    return found


def _lagging(client: Client, argument: str) -> Any:
    made = build(client)
    made.detach()
    client.settle(1.05)
    return made.show()["Status"]


def _linked(client: Client, argument: str) -> Any:
    made = build(client)
    made.detach()
    return "InstanceId" in made.show()


def _late(client: Client, argument: str) -> Any:
    made = build(client)
    begun = time.perf_counter()
    made.detach()
    return time.perf_counter() - begun > float(argument) * 0.9


def _ids_shape(client: Client, argument: str) -> Any:
    id = build(client).eni.partition("-")[2]
    return len(id), id[:3] == "bp1", id.isdigit()


def _jitter(client: Client, argument: str) -> Any:
    made = [build(client) for _ in range(8)]
    for each in made:
        each.detach()
    client.settle(0.9)
    return any(each.show()["Status"] == "Available" for each in made)


def _order_of_rows(client: Client, argument: str) -> Any:
    network = client.network()
    made = [client.eni(network) for _ in range(9)]
    return [made.index(row["NetworkInterfaceId"]) for row in _rows(client)]


def _page_size(client: Client, argument: str) -> Any:
    network = client.network()
    for _ in range(6):
        client.eni(network)
    return len(_rows(client, MaxResults="10"))


def _params(client: Client, *pairs: tuple[str, str]) -> str:
    made = build(client)
    sent = made.params
    return client.call("DetachNetworkInterface", [*sent.items(), *pairs]).code


def _empties(client: Client, argument: str) -> Any:
    made = build(client)
    base = made.params
    return [client.call("DetachNetworkInterface", {**base, name: ""}).code for name in base]


VARIANTS_SHOWN: dict[str, Callable[[Client, str], Any]] = {
    "order": lambda client, it: twice_wrong(client),
    "busy": _rounds,
    "settling": _settles_in,
    "answers-late": _late,
    "lags": _lagging,
    "hides-link": _linked,
    "success-more": lambda client, it: set(build(client).detach().json),
    "error-more": lambda client, it: set(unknown(client).json),
    "message-otherwise": lambda client, it: "eni-" in unknown(client).json["Message"],
    "recommend": lambda client, it: unknown(client).json.get("Recommend", "")[:30],
    "keys": lambda client, it: [list(unknown(client).json) for _ in range(4)],
    "host": lambda client, it: unknown(client).json["HostId"],
    "id-version": lambda client, it: unknown(client).json["RequestId"][14],
    "headers": lambda client, it: sorted(name for name, _ in unknown(client).headers),
    "type-spelt": lambda client, it: unknown(client, **XML).header("content-type"),
    "layout": lambda client, it: re.sub(
        rb"[0-9A-F]{8}-[-0-9A-F]{27}", b"", build(client).detach(instance="i-网", **XML).body
    ),
    "connection": lambda client, it: [
        unknown(client).header("transfer-encoding"),
        unknown(client).header("connection"),
    ],
    "malformed-as": lambda client, it: [build(client).detach(eni="x").code, build(client).detach(instance="x").code],
    "empty-as-malformed": _empties,
    "missing-spelt": lambda client, it: missing("RegionId")(client).code,
    "wrong-instance-unknown": lambda client, it: other_instance(client).code,
    "primary-by-type": lambda client, it: ERRORS["InvalidOperation.DetachPrimaryEniNotAllowed"][1](client).code,
    "region-holds-nothing": lambda client, it: _elsewhere(client, "cn-nowhere").code,
    "unknown-refused": lambda client, it: build(client).detach(more={"Novel": "1"}).code,
    "last-wins": lambda client, it: _params(client, ("NetworkInterfaceId", UNKNOWN_ENI)),
    "gateway-codes": lambda client, it: client.call("DescribeNothing").outcome,
    "ids": _ids_shape,
    "pages": _page_size,
    "jitter": _jitter,
    "rows": _order_of_rows,
    "shown-more": lambda client, it: [set(build(client).show()), set(client.show_instance(build(client).instance))],
}
UNSEEN = {("settling", "1.0"), ("layout", "spaced")}
"""The first is what the test's emulator does anyway."""
