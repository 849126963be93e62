"""What a composed variant does: other ways to be right, under a trigger.

Where the contract leaves a choice, the choice must be made alike for alike calls; such effects are marked as a
choice and are composed with `always` only.  The rest (times, headers, spellings, throttling) may come and go.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from eni_conformance.emulator.behaviour import Row
from eni_conformance.emulator.call import Call
from eni_conformance.emulator.detach import NO_ECS, NO_ENI, STATE, Guard
from eni_conformance.emulator.envelope import Refusal, Reply, to_json, to_xml
from eni_conformance.emulator.state import Instance, NetworkInterface
from eni_conformance.emulator.variants import VARIANTS, parameters_are_known
from eni_conformance.emulator.words.answers import Edit, is_error, is_success, on_reply
from eni_conformance.emulator.words.codes import exchange
from eni_conformance.emulator.words.family import REFUSED, Builder, Effect, Family
from eni_conformance.emulator.words.persistence import Gate
from eni_conformance.emulator.words.scene import DETACH, NOWHERE, Facts, Hooks, facts, success

Guards = tuple[Guard, ...]

ACCEPTED = facts(outcome="accepted", caller="account", eni="known", instance="known", linked="yes")


def _row(
    name: str,
    kind: str,
    words: str,
    build: Builder,
    arguments: tuple[str, ...] = ("",),
    share: float = 0.5,
    where: Facts = NOWHERE,
    choices: Callable[[str], dict[str, Any]] = lambda argument: {},
) -> Family:
    def make(argument: str) -> Effect:
        return Effect(
            f"{name}({argument})" if argument else name,
            kind,
            words.replace("%s", argument),
            where,
            share,
            1.0,
            lambda gate: build(gate, argument),
            True,
            tuple(choices(argument).items()),
        )

    return Family(name, kind, arguments, make, True)


# Precedence


_CAUSES: dict[str, tuple[str, ...]] = {
    "instance_id_is_well_formed": ("values_are_text",),
    "interface_id_is_well_formed": ("values_are_text",),
    "region_exists": ("region_id_is_given", "values_are_text"),
    "instance_exists": ("region_exists", "instance_id_is_well_formed"),
    "interface_exists": ("region_exists", "interface_id_is_well_formed", "instance_exists"),
}
"""A single fault may break several conditions; those that explain the others stay before them."""


def _name(guard: Guard) -> str:
    return guard.name


def _explained(guards: Guards) -> Guards:
    """The same order, but with causes before what follows from them."""
    known = {_name(each): each for each in guards}
    found: dict[str, Guard] = {}

    def add(name: str) -> None:
        for cause in _CAUSES.get(name, ()):
            add(cause)
        if name in known:
            found.setdefault(name, known[name])

    for name in known:
        add(name)
    return tuple(found.values())


def _words_first(*words: str) -> Callable[[Guards, str], Guards]:
    return lambda guards, id: tuple(sorted(guards, key=lambda each: not any(word in _name(each) for word in words)))


_ORDERS: dict[str, Callable[[Guards, str], Guards]] = {
    "reversed": lambda guards, id: guards[::-1],
    "shuffled": lambda guards, id: tuple(random.Random(id).sample(guards, len(guards))),
    "states-first": _words_first("interface_is", "instance_is"),
    "resources-first": _words_first("exist"),
    "callers-first": _words_first("account", "ram_user"),
    "shape-first": _words_first("well_formed", "text", "given"),
    "callers-last": lambda guards, id: tuple(
        sorted(guards, key=lambda each: "account" in _name(each) or "ram_user" in _name(each))
    ),
    "groups-first": _words_first("security_group", "vswitch", "zone", "vpc"),
}


def _order(gate: Gate, style: str) -> Hooks:
    def order(call: Call, guards: Guards) -> Guards:
        return _explained(_ORDERS[style](guards, call.request_id)) if gate.fires(call) else guards

    return (("order", order),)


# Calls that must be repeated


_BUSY = {
    "user": (400, "Throttling.User"),
    "api": (400, "Throttling.Api"),
    "plain": (400, "Throttling"),
    "429": (429, "Throttling.Api"),
    "503": (503, "ServiceUnavailable"),
}


def _busy(gate: Gate, argument: str) -> Hooks:
    status, code = _BUSY[argument]

    def decision(call: Call, refusal: Refusal | None) -> Refusal | None:
        if not gate.fires(call):
            return refusal
        made = Refusal(status, code, "The request was denied due to flow control or is not possible now.")
        made.headers.append(("x-acs-retry-after", "20"))
        return made

    return (("decision", decision),)


# Time


def _settling(gate: Gate, seconds: str) -> Hooks:
    def effect(call: Call, eni: NetworkInterface) -> None:
        cloud = call.cloud
        if eni.pending is None or eni.held or eni.forced is not None:
            return
        begun = gate.memory(cloud, "begun")
        if begun.get(eni.id) == eni.detaches or not gate.fires(call):
            return  # a repetition does not begin anew
        begun[eni.id] = eni.detaches
        usual = cloud.behaviour.settle_seconds
        cloud.behaviour.settle_seconds = float(seconds)
        try:
            cloud.later(eni, "Detaching", lambda: cloud.detached(eni))
        finally:
            cloud.behaviour.settle_seconds = usual

    return (("effect", effect),)


def _answers_late(gate: Gate, seconds: str) -> Hooks:
    return (("pause", lambda call: float(seconds) if gate.decided(call) and gate.fires(call) else 0.0),)


def _lag(gate: Gate, seconds: str) -> Hooks:
    """Descriptions lag from now on; begun only while no other change is so fresh that it would be unmade."""

    def effect(call: Call, eni: NetworkInterface) -> None:
        behaviour, now = call.cloud.behaviour, call.cloud.now()
        fresh = [each for each in call.cloud.interfaces.values() if now - each.changed < float(seconds)]
        if all(each is eni for each in fresh) and gate.fires(call):
            behaviour.lag_seconds = float(seconds)

    return (("effect", effect),)


def _hides_link(gate: Gate, argument: str) -> Hooks:
    def effect(call: Call, eni: NetworkInterface) -> None:
        if gate.fires(call):
            call.cloud.behaviour.hide_link_while_detaching = True

    return (("effect", effect),)


# Answers to a detach


def _reply(point: str, edit: Callable[[str], Edit], which: str = "") -> Builder:
    can = {"": lambda call, reply: True, "error": is_error, "success": is_success}[which]
    return lambda gate, argument: on_reply(gate, point, edit(argument), can)


def _more(argument: str) -> Edit:
    choices: dict[str, dict[str, Any]] = {
        "flat": {"Extension": "none"},
        "nested": {"Detail": {"Site": "cn", "Notes": {"Note": []}}},
        "many": {f"Reserved{number}": str(number) for number in range(9)},
    }
    added = choices[argument]
    return lambda call, reply: reply.fields.update(added)


_TONGUES = {
    "zh": "请求无法完成，请检查参数 & 资源状态。",
    "ja": "この操作は現在実行できません。",
    "ru": "Операция сейчас невозможна.",
    "ar": "لا يمكن تنفيذ العملية الآن.",
    "short": "Not possible.",
    "long": "The operation is not possible now. " * 20,
    "quotes": "It is \"not\" possible <now> & 'here'.",
    "code": "",
}


def _message(argument: str) -> Edit:
    def edit(call: Call, reply: Reply) -> None:
        reply.fields["Message"] = _TONGUES[argument] or f"{reply.fields.get('Code')}."

    return edit


def _recommend(argument: str) -> Edit:
    def edit(call: Call, reply: Reply) -> None:
        if argument == "none":
            reply.fields.pop("Recommend", None)
        else:
            code = reply.fields.get("Code")
            reply.fields["Recommend"] = f"https://error-center.example.com/status/search?Keyword={code}&source=PopGw"

    return edit


def _keys(argument: str) -> Edit:
    def edit(call: Call, reply: Reply) -> None:
        items = list(reply.fields.items())
        if argument == "reversed":
            items.reverse()
        else:
            random.Random(call.request_id).shuffle(items)
        reply.fields = dict(items)

    return edit


def _host(argument: str) -> Edit:
    return lambda call, reply: reply.fields.update(HostId=argument)


def _version(argument: str) -> Edit:
    def edit(call: Call, reply: Reply) -> None:
        text = f"{call.request_id[:14]}{argument}{call.request_id[15:]}"
        reply.fields["RequestId"] = reply.headers["x-acs-request-id"] = text

    return edit


def _headers(argument: str) -> Edit:
    def edit(call: Call, reply: Reply) -> None:
        if argument == "no-request-id":
            reply.headers.pop("x-acs-request-id", None)
        elif argument == "no-trace-id":
            reply.headers.pop("x-acs-trace-id", None)
        else:
            reply.headers |= {"vary": "Accept-Encoding", "server": "Tengine", "etag": '"1aZ"', "via": "1.1 proxy"}

    return edit


_SPELLINGS: dict[str, tuple[str, str]] = {
    "upper-charset": ("application/json;charset=UTF-8", "text/xml;charset=UTF-8"),
    "spaced": ("application/json; charset=utf-8", "text/xml; charset=utf-8"),
    "quoted": ('application/json;charset="utf-8"', 'text/xml;charset="utf-8"'),
    "bare": ("application/json", "text/xml"),
    "application": ("application/json;charset=utf-8", "application/xml;charset=utf-8"),
    "upper": ("Application/JSON;Charset=utf-8", "Text/XML;Charset=utf-8"),
}


def _content_type(argument: str) -> Edit:
    def edit(call: Call, reply: Reply) -> None:
        reply.headers["content-type"] = _SPELLINGS[argument][reply.format == "XML"]

    return edit


def _layout(argument: str) -> Edit:
    def edit(call: Call, reply: Reply) -> None:
        if reply.format == "XML":
            root = f"<{reply.root}>".encode()
            plain = to_xml(reply.root, reply.fields)
            reply.body = {
                "indented": plain.replace(b"><", b">\n  <"),
                "ascii": plain.decode().encode("ascii", "xmlcharrefreplace"),
                "spaced": plain + b"\n",
                "bare": plain.partition(b"?>")[2],
                "commented": plain.replace(root, root + b"<!-- gateway -->", 1),
            }[argument]
            return
        reply.body = {
            "indented": json.dumps(reply.fields, ensure_ascii=False, indent=2).encode("utf-8", "replace"),
            "ascii": json.dumps(reply.fields).encode(),
            "spaced": b" " + to_json(reply.fields) + b"\n",
            "bare": to_json(reply.fields),
            "commented": to_json(reply.fields),
        }[argument]

    return edit


def _connection(argument: str) -> Edit:
    return lambda call, reply: setattr(reply, argument, True)


# Choices: made alike for alike calls


_MALFORMED = {"instance": ("InvalidInstanceID.Malformed", NO_ECS), "interface": ("InvalidParams.EniId", NO_ENI)}


def _malformed(argument: str, call: Call, refusal: Refusal) -> Refusal | None:
    which, _, to = argument.partition("-")
    chosen = dict(_MALFORMED.values()) if which == "both" else dict([_MALFORMED[which]])
    if refusal.code not in chosen:
        return None
    if to == "invalid":
        return Refusal(400, "InvalidParameter", refusal.message)
    return Refusal(404, chosen[refusal.code], refusal.message)


_EMPTY = {
    "InstanceId": "InvalidInstanceID.Malformed",
    "NetworkInterfaceId": "InvalidParams.EniId",
    "RegionId": "InvalidOperation.InvalidRegion",
}


def _empty(argument: str, call: Call, refusal: Refusal) -> Refusal | None:
    name = next((name for name in _EMPTY if not call.get(name)), "")
    if refusal.code != "MissingParameter" or name not in call.params or argument not in ("any", name):
        return None
    return Refusal(400, _EMPTY[name], f"The value of {name} is empty.")


def _missing_spelt(style: str, call: Call, refusal: Refusal) -> Refusal | None:
    name = next((name for name in _EMPTY if not call.get(name)), "")
    if refusal.code != "MissingParameter" or not name:
        return None
    return Refusal(400, {"dotted": f"MissingParameter.{name}", "joined": f"Missing{name}"}[style], refusal.message)


def _wrong_instance(argument: str, call: Call, refusal: Refusal) -> Refusal | None:
    linked = call.eni is not None and call.eni.instance is not None
    if refusal.code != STATE or not linked or call.eni is None or call.eni.instance is call.instance:
        return None
    return Refusal(404, NO_ENI, refusal.message) if call.eni.state in ("InUse", "Detaching") else None


def _primary_type(argument: str, call: Call, refusal: Refusal) -> Refusal | None:
    if refusal.code != "InvalidOperation.DetachPrimaryEniNotAllowed":
        return None
    return Refusal(403, "InvalidOperation.InvalidEniType", refusal.message)


def _unknown_region(argument: str, call: Call, refusal: Refusal) -> Refusal | None:
    if refusal.code != "InvalidOperation.InvalidRegion":
        return None
    return Refusal(404, NO_ECS if argument == "instance" else NO_ENI, refusal.message)


def _unknown_refused(gate: Gate, argument: str) -> Hooks:
    def order(call: Call, guards: Guards) -> Guards:
        asked = [guard.name for guard in guards]
        place = asked.index("interface_id_is_given") if "interface_id_is_given" in asked else 0
        return (*guards[:place], parameters_are_known, *guards[place:])

    return (("order", order),)


def _ready(name: str) -> Builder:
    """A built-in variant as it is."""
    return lambda gate, argument: VARIANTS[name].hooks


def _chosen(name: str, value: Callable[[str], Any]) -> Callable[[str], dict[str, Any]]:
    return lambda argument: {name: value(argument)}


def _nothing(gate: Gate, argument: str) -> Hooks:
    return ()


# Descriptions


def _describe(edit: Callable[[Any, str], Any]) -> Builder:
    def build(gate: Gate, argument: str) -> Hooks:
        def fields(call: Call, reply: Reply) -> None:
            if call.action != DETACH and success(reply):
                reply.fields = edit(reply.fields, argument)

        return (("fields", fields),)

    return build


def _more_shown(gate: Gate, argument: str) -> Hooks:
    def view(call: Call, eni: NetworkInterface, row: Row) -> None:
        row |= {"SourceDestCheck": False, "ConnectionTrackingConfiguration": {"UdpTimeout": 30}}

    def instance_view(call: Call, instance: Instance, row: Row) -> None:
        row |= {"ClusterId": "", "EcsCapacityReservationAttr": {"CapacityReservationId": ""}}

    hooks: dict[str, Hooks] = {
        "interface": (("view", view),),
        "instance": (("instance_view", instance_view),),
    }
    return hooks[argument]


def _rearranged(value: Any, how: str) -> Any:
    if isinstance(value, dict):
        return {name: _rearranged(each, how) for name, each in value.items()}
    if isinstance(value, list):
        rows = [_rearranged(each, how) for each in value]
        return rows[::-1] if how == "reversed" else random.sample(rows, len(rows))
    return value


CHOICE_KINDS = frozenset({"choice", "description"})
"""Classes of effects that must not depend on a condition."""

# fmt: off
FAMILIES: tuple[Family, ...] = (
    _row("order", "precedence", "Of several faults another is reported: %s.", _order, tuple(_ORDERS), 0.2, REFUSED),
    _row("busy", "retry", "The call must be repeated: %s.", _busy, tuple(_BUSY), 1.0),
    _row("settling", "time", "The detach takes %s seconds.", _settling,
        ("0", "0.01", "0.2", "0.4", "0.7", "1.0", "1.3"), 0.4, ACCEPTED),
    _row("answers-late", "time", "The answer takes %s seconds.", _answers_late, ("0.005", "0.02", "0.05"), 1.0),
    _row("lags", "time", "Descriptions lag %s seconds behind from then on.", _lag,
        ("0.2", "0.4", "0.6", "0.9"), 0.4, ACCEPTED),
    _row("hides-link", "time", "From then on the link is gone as soon as an interface is Detaching.", _hides_link,
        share=0.4, where=ACCEPTED),
    _row("success-more", "envelope", "Success has further fields: %s.", _reply("fields", _more, "success"),
        ("flat", "nested", "many"), 0.4, ACCEPTED),
    _row("error-more", "envelope", "A refusal has further fields: %s.", _reply("fields", _more, "error"),
        ("flat", "nested", "many"), 0.5, REFUSED),
    _row("message-otherwise", "envelope", "The message is put otherwise: %s.", _reply("fields", _message, "error"),
        tuple(_TONGUES), 0.5, REFUSED),
    _row("recommend", "envelope", "Recommend is %s.", _reply("fields", _recommend, "error"), ("none", "old"), 0.5,
        REFUSED),
    _row("keys", "envelope", "The fields come in another order: %s.", _reply("fields", _keys, "error"),
        ("reversed", "shuffled"), 0.5, REFUSED),
    _row("host", "envelope", "HostId is %s.", _reply("fields", _host, "error"),
        ("ecs-cn-hangzhou.aliyuncs.com", "ecs.aliyuncs.com", "ecs.vpc-proxy.aliyuncs.com"), 0.5, REFUSED),
    _row("id-version", "envelope", "RequestId is a UUID of version %s.", _reply("fields", _version),
        ("1", "3", "5", "7"), 1.0),
    _row("headers", "headers", "The headers differ: %s.", _reply("reply", _headers),
        ("no-request-id", "no-trace-id", "other"), 1.0),
    _row("type-spelt", "headers", "The content type is spelt otherwise: %s.", _reply("reply", _content_type),
        tuple(_SPELLINGS), 1.0),
    _row("layout", "layout", "The body is laid out otherwise: %s.", _reply("reply", _layout),
        ("indented", "ascii", "spaced", "bare", "commented"), 1.0),
    _row("connection", "connection", "The body or the connection ends otherwise: %s.", _reply("reply", _connection),
        ("chunked", "close"), 1.0),
    _row("malformed-as", "choice", "Malformed ids are answered otherwise: %s.", exchange(_malformed),
        ("instance", "interface", "both", "instance-invalid", "interface-invalid"), 0.05),
    _row("empty-as-malformed", "choice", "An empty id is malformed rather than missing: %s.", exchange(_empty),
        ("any", "InstanceId", "NetworkInterfaceId", "RegionId"), 0.03),
    _row("missing-spelt", "choice", "MissingParameter is spelt otherwise: %s.", exchange(_missing_spelt),
        ("dotted", "joined"), 0.05),
    _row("wrong-instance-unknown", "choice", "An interface on another instance is unknown here.",
        exchange(_wrong_instance),
        share=0.05),
    _row("primary-by-type", "choice", "The primary interface is refused for its type.",
        exchange(_primary_type), share=0.05),
    _row("region-holds-nothing", "choice", "An unknown region holds no %s.", exchange(_unknown_region),
        ("instance", "interface"), 0.05),
    _row("unknown-refused", "choice", "Undeclared parameters are refused.", _unknown_refused, share=0.1),
    _row("last-wins", "choice", "Of a repeated parameter the last counts.", _ready("last-duplicate-wins"), share=0.02),
    _row("gateway-codes", "choice", "The gateway uses its older codes.", _ready("old-gateway-codes"), share=0.05),
    _row("ids", "choice", "Resource ids have another shape: %s.", _nothing, ("long", "short", "hex", "numeric"), 1.0,
        choices=_chosen("shape", str)),
    _row("pages", "description", "Lists come in pages of %s at most.", _nothing, ("2", "3", "5"), 1.0,
        choices=_chosen("page_limit", int)),
    _row("jitter", "description", "Transitions take up to two times as long.", _nothing, share=1.0,
        choices=_chosen("settle_jitter", lambda argument: 0.9)),
    _row("rows", "description", "Lists come in another order: %s.", _describe(_rearranged), ("reversed", "shuffled"),
        1.0),
    _row("shown-more", "description", "Descriptions of an %s have further fields.", _more_shown,
        ("interface", "instance"), 1.0),
)
# fmt: on
VARIANT_EFFECTS: dict[str, Family] = {each.name: each for each in FAMILIES}
