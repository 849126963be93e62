"""What the page leaves open, decided differently: order of checks, times, shapes, and the form of answers."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

from eni_conformance.emulator import signing
from eni_conformance.emulator.behaviour import Row
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.catalogue import REGIONS
from eni_conformance.emulator.detach import Guard, undeclared
from eni_conformance.emulator.envelope import Refusal, Reply, printable, to_json
from eni_conformance.emulator.state import Instance, NetworkInterface
from eni_conformance.emulator.variants.kit import DETACH, Guards, Variant, every

# The order of the checks


def _reversed(call: Call, guards: Guards) -> Guards:
    return guards[::-1]


def _shuffled(call: Call, guards: Guards) -> Guards:
    return tuple(random.sample(guards, len(guards)))


def _first(*words: str) -> Callable[[Call, Guards], Guards]:
    """The guards whose names contain one of the words come first."""

    def arrange(call: Call, guards: Guards) -> Guards:
        return tuple(sorted(guards, key=lambda guard: not any(word in guard.name for word in words)))

    return arrange


# Refusals put otherwise


def _malformed_is_unknown(call: Call, refusal: Refusal | None) -> Refusal | None:
    other = {"InvalidInstanceID.Malformed": "InvalidEcsId.NotFound", "InvalidParams.EniId": "InvalidEniId.NotFound"}
    if refusal is not None and refusal.code in other:
        return Refusal(404, other[refusal.code], refusal.message)
    return refusal


_MALFORMED = {
    "InstanceId": "InvalidInstanceID.Malformed",
    "NetworkInterfaceId": "InvalidParams.EniId",
    "RegionId": "InvalidOperation.InvalidRegion",
}


def _empty_is_malformed(call: Call, refusal: Refusal | None) -> Refusal | None:
    if refusal is None or refusal.code != "MissingParameter":
        return refusal
    name = next(name for name in _MALFORMED if not call.get(name))
    if name not in call.params:
        return refusal
    return Refusal(400, _MALFORMED[name], f"The value of {name} is empty.")


# What only the later edition leaves open


def _not_on_ecs_403(call: Call, refusal: Refusal | None) -> Refusal | None:
    if refusal is not None and refusal.code == "InvalidParameter.EniNotBelongEcs":
        return Refusal(403, refusal.code, refusal.message)
    return refusal


def _second_spelling(call: Call, refusal: Refusal | None) -> Refusal | None:
    if refusal is not None and refusal.code == "InvalidEcsId.NotFound":
        return Refusal(403, "InvalidInstanceId.NotFound", refusal.message)
    return refusal


def _trunk_ignored(call: Call, guard: str) -> bool:
    return call.action == DETACH and guard == "trunk_holds_the_interface"


# Guards that the default lacks


def _undeclared_parameter(call: Call) -> str | None:
    """Only documented parameters may be sent."""
    return "The request has a parameter that is not supported." if undeclared(call) else None


parameters_are_known = Guard("parameters_are_known", 400, "UnsupportedParameter", _undeclared_parameter)


def _undeclared(call: Call) -> Refusal | None:
    """The same at the door of a detach, whoever calls and however it is signed."""
    if call.action == DETACH and undeclared(call):
        return Refusal(400, "InvalidParameter", "The request has a parameter that is not declared.")
    return None


_LOGIN_NAME = re.compile(r"[^@\s]+@[^@\s]+")


def _no_login_name(call: Call) -> str | None:
    """OwnerAccount, if given, must look like name@domain."""
    value = call.get("OwnerAccount")
    fits = not value or _LOGIN_NAME.fullmatch(value)
    return None if fits else f"The OwnerAccount {printable(value)} is no login name."


def _other_region(call: Call) -> str | None:
    """To what lies in one region the others are unknown."""
    where, account = call.get("RegionId"), call.caller.account
    named = (
        call.cloud.instances.get(call.get("InstanceId")),
        call.cloud.interfaces.get(call.get("NetworkInterfaceId")),
    )
    homes = {each.region for each in named if each is not None and each.owner == account}
    elsewhere = where in REGIONS and homes and where not in homes
    return f"The RegionId {where} does not exist." if elsewhere else None


_LOGIN = Guard("owner_account_is_a_login_name", 400, "InvalidParameter", _no_login_name)
_HOME = Guard("region_is_that_of_the_resources", 404, "InvalidRegionId.NotFound", _other_region)


def _also(new: Guard, after: str) -> Callable[[Call, Guards], Guards]:
    """One more guard, asked after one that is there."""

    def arrange(call: Call, guards: Guards) -> Guards:
        place = [guard.name for guard in guards].index(after) + 1
        return (*guards[:place], new, *guards[place:])

    return arrange


def _strict(call: Call, guards: Guards) -> Guards:
    return (*guards[:3], parameters_are_known, *guards[3:])


def _last_wins(call: Call, pairs: list[tuple[str, str]]) -> None:
    call.params.update(pairs)


def _not_twice(call: Call) -> Refusal | None:
    """No parameter of a detach may be given twice, whoever calls."""
    pairs = signing.parse_pairs(call.query) + (signing.parse_pairs(call.body) if call.method == "POST" else [])
    twice = call.action == DETACH and len({name for name, _ in pairs}) < len(pairs)
    return Refusal(400, "UnsupportedParameter", "A parameter is given twice.") if twice else None


LONGEST_QUERY = 8000


def _too_long(call: Call) -> Refusal | None:
    if len(call.query) <= LONGEST_QUERY:
        return None
    return Refusal(414, "RequestURITooLarge", f"The URI has more than {LONGEST_QUERY} bytes.")


_FLOW = "The request was denied due to flow control or is not possible now."


# The form of answers


def _chunked(call: Call, reply: Reply) -> None:
    reply.chunked = True


def _close(call: Call, reply: Reply) -> None:
    reply.close = True


def _shuffle_keys(value: Any) -> Any:
    if isinstance(value, dict):
        items = [(name, _shuffle_keys(each)) for name, each in value.items()]
        random.shuffle(items)
        return dict(items)
    return [_shuffle_keys(each) for each in value] if isinstance(value, list) else value


def _shuffle_rows(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shuffle_rows(each) for name, each in value.items()}
    if isinstance(value, list):
        return random.sample([_shuffle_rows(each) for each in value], len(value))
    return value


def _keys(call: Call, reply: Reply) -> None:
    reply.fields = _shuffle_keys(reply.fields)


def _rows(call: Call, reply: Reply) -> None:
    reply.fields = _shuffle_rows(reply.fields)


def _more_fields(call: Call, reply: Reply) -> None:
    if reply.root == "Error":
        reply.fields |= {"Description": "", "Detail": {"Site": "cn"}}
    elif call.action != DETACH:
        reply.fields |= {"RequestTraceId": "-", "Extension": {"Notes": {"Note": []}}}


def _more_of_interface(call: Call, eni: NetworkInterface, row: Row) -> None:
    row |= {
        "BondInterfaceSpecification": {},
        "ConnectionTrackingConfiguration": {"UdpTimeout": 30},
        "SourceDestCheck": False,
    }


def _more_of_instance(call: Call, instance: Instance, row: Row) -> None:
    row |= {"ClusterId": "", "CreditSpecification": "", "EcsCapacityReservationAttr": {"CapacityReservationId": ""}}


def _volatile(call: Call, resource: NetworkInterface | Instance, row: Row) -> None:
    row["LastSeen"] = call.request_id


def _no_recommend(call: Call, reply: Reply) -> None:
    reply.fields.pop("Recommend", None)


def _chinese(call: Call, reply: Reply) -> None:
    if reply.root == "Error":
        reply.fields["Message"] = f"请求无法完成（{reply.fields['Code']}），请检查参数 & 资源状态。"


_OLD = {
    "SignatureDoesNotMatch": (400, "IncompleteSignature"),
    "InvalidAccessKeyId.NotFound": (400, "InvalidAccessKeyId.NotFound"),
    "InvalidAction.NotFound": (404, "InvalidApi.NotFound"),
    "InvalidTimeStamp.Format": (400, "IllegalTimestamp"),
    "MissingTimestamp": (400, "IllegalTimestamp"),
}


def _old_codes(call: Call, reply: Reply) -> None:
    code = reply.fields.get("Code")
    if reply.root == "Error" and code in _OLD:
        reply.status, reply.fields["Code"] = _OLD[code]


def _other_headers(call: Call, reply: Reply) -> None:
    reply.headers.pop("x-acs-trace-id", None)
    reply.headers.pop("access-control-expose-headers", None)
    reply.headers |= {"vary": "Accept-Encoding", "server": "Tengine", "keep-alive": "timeout=25", "etag": '"1aZ"'}


def _spaced(call: Call, reply: Reply) -> None:
    if reply.format == "JSON":
        reply.body = b" " + to_json(reply.fields).replace(b'","', b'" ,\n "') + b"\n"


def _bare_xml(call: Call, reply: Reply) -> None:
    if reply.format == "XML":
        reply.body = reply.body.partition(b"?>")[2]


def _regional_host(call: Call, reply: Reply) -> None:
    if reply.root == "Error":
        reply.fields["HostId"] = "ecs-cn-hangzhou.aliyuncs.com"


def _version_5(call: Call, reply: Reply) -> None:
    text = call.request_id[:14] + "5" + call.request_id[15:]
    reply.fields["RequestId"] = reply.headers["x-acs-request-id"] = text


CHOICES: tuple[Variant, ...] = (
    Variant("order-reversed", "The checks are made in the opposite order.", hooks=(("order", _reversed),)),
    Variant("order-random", "The checks are made in a new order at each call.", hooks=(("order", _shuffled),)),
    Variant(
        "order-states-first",
        "States come before parameters and callers.",
        hooks=(("order", _first("interface_is", "instance_is_running")),),
    ),
    Variant(
        "order-resources-first",
        "Existence comes before everything else.",
        hooks=(("order", _first("exist")),),
    ),
    Variant(
        "order-permission-first",
        "The permission of a RAM user comes before its parameters.",
        hooks=(("order", _first("account", "ram_user")),),
    ),
    Variant(
        "order-shape-first",
        "The shape of values comes before who calls.",
        hooks=(("order", _first("well_formed", "text", "given")),),
    ),
    Variant("instant", "Transitions take no time.", {"settle_seconds": 0.0}),
    Variant("slow", "Transitions take 1.5 seconds.", {"settle_seconds": 1.5}),
    Variant("distant", "Each answer comes 120 milliseconds later.", {"answer_seconds": 0.12}),
    Variant("jitter", "Transitions take between a tenth and two times as long.", {"settle_jitter": 0.9}),
    Variant("ids-long", "Resource ids have 28 characters after the dash.", {"shape": "long"}),
    Variant("ids-short", "Resource ids have nine characters after the dash.", {"shape": "short"}),
    Variant("ids-hex", "Resource ids are hexadecimal, without a region code.", {"shape": "hex"}),
    Variant("ids-numeric", "Resource ids are decimal, without a region code.", {"shape": "numeric"}),
    Variant(
        "throttling",
        "Every fifth call is throttled, without a hint how long to wait.",
        hooks=(("arrival", every(5, 400, "Throttling.User", _FLOW)),),
    ),
    Variant(
        "throttling-with-hint",
        "Every fourth call is throttled, and x-acs-retry-after says 20 milliseconds.",
        hooks=(("arrival", every(4, 400, "Throttling", _FLOW, 20)),),
    ),
    Variant(
        "throttling-429",
        "Every sixth call is throttled with HTTP status 429.",
        hooks=(("arrival", every(6, 429, "Throttling.Api", _FLOW, 10)),),
    ),
    Variant(
        "unavailable",
        "Every seventh call is answered with 503.",
        hooks=(("arrival", every(7, 503, "ServiceUnavailable", _FLOW)),),
    ),
    Variant("tiny-pages", "Lists come in pages of two at most.", {"page_limit": 2}),
    Variant("chunked", "Bodies are sent in chunks, without Content-Length.", hooks=(("reply", _chunked),)),
    Variant("connection-close", "Each connection serves one request.", hooks=(("reply", _close),)),
    Variant("eventual", "Describe operations lag 0.7 seconds behind.", {"lag_seconds": 0.7}),
    Variant(
        "eventual-replicas",
        "Every second description, at random, lags 0.8 seconds behind.",
        {"lag_seconds": 0.8, "lags": "replica"},
    ),
    Variant(
        "eventual-instances",
        "Descriptions of instances lag 0.9 seconds behind.",
        {"lag_seconds": 0.9, "lags": "DescribeInstances"},
    ),
    Variant(
        "eventual-interfaces",
        "Lists of interfaces lag 0.9 seconds behind.",
        {"lag_seconds": 0.9, "lags": "DescribeNetworkInterfaces"},
    ),
    Variant(
        "volatile-fields",
        "Descriptions have a field that differs in each of them.",
        hooks=(("view", _volatile), ("instance_view", _volatile)),
    ),
    Variant("shuffled-keys", "Fields come in any order.", hooks=(("fields", _keys),)),
    Variant("shuffled-results", "Lists come in any order.", hooks=(("fields", _rows),)),
    Variant(
        "extra-fields",
        "Descriptions and errors have fields that nobody knows.",
        hooks=(("fields", _more_fields), ("view", _more_of_interface), ("instance_view", _more_of_instance)),
    ),
    Variant("no-recommend", "Errors have no Recommend.", hooks=(("fields", _no_recommend),)),
    Variant("localized", "Messages are Chinese.", hooks=(("fields", _chinese),)),
    Variant("old-gateway-codes", "The gateway uses its older codes.", hooks=(("fields", _old_codes),)),
    Variant(
        "link-hidden-while-detaching",
        "The link is gone as soon as the interface is Detaching.",
        {"hide_link_while_detaching": True},
    ),
    Variant(
        "malformed-as-not-found",
        "Malformed ids are merely unknown.",
        hooks=(("decision", _malformed_is_unknown),),
    ),
    Variant(
        "unknown-parameters-refused",
        "Undocumented parameters are refused with UnsupportedParameter.",
        hooks=(("order", _strict),),
    ),
    Variant(
        "undeclared-refused-first",
        "An undeclared parameter of a detach gets 400 InvalidParameter before the signature is looked at.",
        hooks=(("arrival", _undeclared),),
    ),
    Variant(
        "owner-account-validated",
        "An OwnerAccount of a detach that is no login name, name@domain, gets 400 InvalidParameter.",
        hooks=(("order", _also(_LOGIN, "values_are_text")),),
    ),
    Variant(
        "region-elsewhere-unknown",
        "A detach that names another region than that of the resources gets 404 InvalidRegionId.NotFound.",
        hooks=(("order", _also(_HOME, "region_offers_the_feature")),),
    ),
    Variant("last-duplicate-wins", "Of a repeated parameter the last counts.", hooks=(("parameters", _last_wins),)),
    Variant(
        "repeated-unsupported",
        "A detach with a repeated parameter gets 400 UnsupportedParameter.",
        hooks=(("arrival", _not_twice),),
    ),
    Variant(
        "long-uri-refused",
        f"A query of more than {LONGEST_QUERY} bytes gets 414 RequestURITooLarge, with an envelope.",
        hooks=(("arrival", _too_long),),
    ),
    Variant(
        "empty-as-malformed",
        "An empty id is malformed rather than missing.",
        hooks=(("decision", _empty_is_malformed),),
    ),
    Variant("other-headers", "Other optional headers come with answers.", hooks=(("reply", _other_headers),)),
    Variant(
        "header-blanks",
        "Each header value of an answer is followed by a blank, which is optional white space.",
        {"blank_after_values": True},
    ),
    Variant("spaced-json", "JSON has white space between its parts.", hooks=(("reply", _spaced),)),
    Variant("bare-xml", "XML has no declaration.", hooks=(("reply", _bare_xml),)),
    Variant("regional-host", "HostId names the public endpoint.", hooks=(("fields", _regional_host),)),
    Variant("request-id-version-5", "RequestIds are UUIDs of version 5.", hooks=(("fields", _version_5),)),
    Variant(
        "eni-not-belong-ecs-403",
        "InvalidParameter.EniNotBelongEcs comes with HTTP status 403.",
        hooks=(("decision", _not_on_ecs_403),),
        revision="2024",
    ),
    Variant(
        "second-spelling",
        "An unknown instance is 403 InvalidInstanceId.NotFound.",
        hooks=(("decision", _second_spelling),),
        revision="2024",
    ),
    Variant(
        "trunk-ignored",
        "TrunkNetworkInstanceId is not looked at.",
        hooks=(("skip", _trunk_ignored),),
        revision="2024",
    ),
)
