"""Who breaks when the answer is wrong: what known clients do with an answer of DetachNetworkInterface.

One table. Each row names a client, what in the answer it looks at, what it then does, and the file of its
source where that can be read. `of` picks the rows that a given wrong answer touches. It does not decide
whether the answer is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from eni_conformance.oracle.evidence import Evidence

Trigger = Literal["got", "lost", "success", "silent", "stuck", "class"]
"""got: the answer has one of the codes. lost: only such codes were admissible, and none of them came. success:
it answered 2xx where only refusals were admissible. silent: no answer in time. stuck: it answered 2xx, and afterwards
the interface is still Detaching, or not detached at all. class: the finding is of this class, whatever the answer."""

Harm = Literal["high", "medium", "low"]
READ = "read 2026-11"
"""When the files of the clients were last read."""


@dataclass(frozen=True)
class Impact:
    """One client's dependence on one kind of answer. The code "5xx" means the HTTP status. For the trigger "class" the
    codes are what the finding comes to (`comes_to`). seen: when the file was read; without a file it is everybody."""

    client: str
    trigger: Trigger
    codes: tuple[str, ...]
    effect: str
    harm: Harm
    repository: str = ""
    file: str = ""
    seen: str = READ


_GONE = ("InvalidEniId.NotFound", "InvalidEcsId.NotFound")
_ALL_GONE = (*_GONE, "InvalidSecurityGroupId.NotFound", "InvalidVSwitchId.NotFound")
_BUSY = ("InvalidOperation.InvalidEniState", "InvalidOperation.InvalidEcsState")
_RETRIED = (
    *_BUSY,
    "InvalidOperation.InvalidEniType",
    "InvalidOperation.HasMemberEniAttached",
    *("OperationConflict", "ServiceUnavailable", "InternalError", "Throttling", "Rejected.Throttling", "5xx"),
)
_PASSING = ("Throttling", "InternalError", "Operation.Conflict", "5xx")
_DOWN = ("InternalError", "UnknownError", "ServiceUnavailable", "5xx")
_TERRAFORM = ("Terraform provider alicloud", "aliyun/terraform-provider-alicloud")
_ATTACHMENT = "alicloud/resource_alicloud_ecs_network_interface_attachment.go"
_TERWAY = ("terway", "AliyunContainerService/terway")
_SDK = ("aliyun-python-sdk-core", "aliyun/aliyun-openapi-python-sdk")

_READ: dict[tuple[str, str, str], dict[tuple[Trigger, tuple[str, ...], Harm], str]] = {
    (*_TERRAFORM, "alicloud/errors.go"): {
        ("got", _RETRIED, "medium"): "repeats the detach until its time-out of one minute, then the destroy fails",
    },
    (*_TERRAFORM, _ATTACHMENT): {
        ("got", _ALL_GONE, "high"): "takes the interface for already gone and drops it from the state, so an attached "
        "one is orphaned",
        ("lost", _ALL_GONE, "high"): "does not see that the interface is already gone, because it looks at the code "
        "alone: the destroy of something deleted by hand fails, and fails again",
        ("lost", _BUSY, "medium"): "would have repeated the call while the resource is in transition; with another "
        "code it gives up at once",
        ("success", (), "high"): "goes on to wait for Available, and reports a finished detach or a time-out after one "
        "minute",
        ("stuck", (), "high"): "waits for Available and fails after one minute; only a forced release helps then",
    },
    (*_TERWAY, "pkg/aliyun/client/ecs.go"): {
        ("got", _GONE, "high"): "takes the detach for done, and gives the interface back to its pool while it may "
        "still be attached",
        ("lost", _GONE, "medium"): "keeps trying to release an interface that no longer exists",
        ("got", _PASSING, "low"): "does not repeat a detach by itself: the failure goes up to its controller",
    },
    (*_TERWAY, "pkg/eni/ops/executor.go"): {
        ("stuck", (), "high"): "polls for two minutes, then counts the detach as failed while the pod network waits",
    },
    (*_SDK, "aliyun-python-sdk-core/aliyunsdkcore/data/retry_config.json"): {
        ("got", _DOWN, "low"): "does not repeat a detach by itself: the error reaches the caller",
    },
    (*_SDK, "aliyun-python-sdk-core/aliyunsdkcore/data/timeout_config.json"): {
        ("silent", (), "medium"): "gives up reading a detach after 16 seconds, and the caller does not know whether it "
        "happened",
    },
}
"""What each file of a client's source does, by (trigger, codes, harm)."""

_BY_CLASS: dict[tuple[str, str, str], dict[tuple[str, Harm], str]] = {
    (*_TERRAFORM, _ATTACHMENT): {
        ("another detached", "high"): "finds no attachment at its next refresh, drops a resource that nobody destroyed "
        "from the state, and attaches the interface again at the next apply",
        (
            "refused but detached",
            "high",
        ): "reports a failed destroy and keeps the attachment in the state, although the "
        "machine has lost the interface",
        ("comes back", "high"): "has dropped the attachment from the state by then: the interface that is attached "
        "again is in nobody's plan, and deleting it fails",
        (
            "slot lost",
            "high",
        ): "cannot attach the replacement, gives the creation up after two minutes, and the machine "
        "stays without its interface",
        ("not attached again", "high"): "gives the creation of the attachment up, at once or after two minutes",
        ("gone", "high"): "goes on to wait for Available and fails, and the interface's own resource is gone as well",
    },
    ("terway", "AliyunContainerService/terway", "pkg/controller/pod-eni/eni_controller.go"): {
        ("tags lost", "high"): "tells its own interfaces by their tags: one that has lost them is never collected, and "
        "stays for ever",
        ("creation time lost", "medium"): "reads the creation time before it collects an unused interface, and passes "
        "over one whose time it cannot read",
        ("another detached", "high"): "takes an interface that is suddenly Available and in no record for left behind, "
        "and deletes it",
    },
    ("everybody", "", ""): {
        ("foreign tenant", "high"): "can be disconnected by any other tenant who knows or guesses two ids",
        ("tenant learns", "medium"): "can be found out by other tenants: the answers tell which ids exist",
        ("permission ignored", "high"): "who relies on RAM policies is not protected by them",
        ("primary detached", "high"): "who can call the operation by mistake can cut an instance from its network",
        ("anybody signs", "high"): "can have calls made in their name by whoever reaches the endpoint",
        ("replay accepted", "high"): "can have a call carried out again by whoever has recorded it",
        ("attributes lost", "medium"): "who sets up an interface before it is moved finds it changed afterwards",
        ("two calls, one id", "low"): "who looks a call up by its RequestId finds two",
    },
}
"""What follows from a class of findings, by what it comes to and harm."""

TABLE = (
    *(
        Impact(client, trigger, codes, effect, harm, repository, file)
        for (client, repository, file), does in _READ.items()
        for (trigger, codes, harm), effect in does.items()
    ),
    *(
        Impact(client, "class", (what,), effect, harm, repository, file)
        for (client, repository, file), follows in _BY_CLASS.items()
        for (what, harm), effect in follows.items()
    ),
)

HARMS = get_args(Harm)
_ENDED = {"gone": ("gone",), "Detaching": ("stuck",), "InUse": ("stuck",)}
"""How a detach ended that was accepted -> what it comes to."""


def comes_to(evidence: Evidence) -> tuple[str, ...]:
    """What a finding comes to for those who use the endpoint, by its class; () where no more follows than from the
    answer. A probe that was refused, with whatever code, has touched nothing."""
    kind, about, row = evidence.kind, evidence.about, evidence.requirement.rsplit("-", 1)[-1]
    happened = about[1] if len(about) > 1 else "".join(about)
    status = evidence.observed.status or 0
    match kind:
        case "RefusalChanged" | "AfterSuccess" | "LateEffect":
            if happened in ("was attached", "belongs to two instances"):
                return ("comes back",)
            if happened in ("was detached", "moved", "was deleted"):
                return ("refused but detached",) if kind == "RefusalChanged" else ("another detached",)
            if len(about) == 1:  # how a detach ended
                return _ENDED.get(happened, ())
            own = {"Tags": "tags lost", "CreationTime": "creation time lost"}
            return (own.get(happened, "attributes lost"), *(["attributes lost"] if happened in own else []))
        case "WronglyAccepted":
            found = {"C01": "foreign tenant", "S01": "primary detached", "E12": "primary detached"}
            found |= {"E06": "permission ignored", "E04": "permission ignored", "S07": "another detached"}
            return tuple(found[row] for row in (row,) if row in found)
        case "Gateway" if 200 <= status < 300 and row in ("G01", "G02", "G03", "G05"):
            return ("replay accepted",) if row == "G03" else ("anybody signs",)
        case "Leak":
            return ("tenant learns",)
        case "GivenAway":
            return ("attributes lost",)
        case "StaysDetaching" | "NeededAsking":
            return ("stuck",)
        case "NotAttachedAgain":
            return ("slot lost",) if row == "F06" else ("not attached again",)
        case "RepeatedId":
            return ("two calls, one id",)
    return ()


def of(evidence: Evidence, table: Iterable[Impact] = TABLE) -> list[Impact]:
    """The rows that this finding touches, the most harmful first."""
    seen = evidence.observed
    status = seen.status or 0
    code = seen.code or ""
    right = {entry.code for entry in evidence.expected if entry.code}
    right_status = {str(entry.status) for entry in evidence.expected if entry.status is not None}
    refusal_only = bool(evidence.expected) and not any(s.startswith("2") for s in right_status)
    succeeded = 200 <= status < 300
    named = next((value for name, value in _pairs(evidence) if name == "NetworkInterfaceId"), None)
    after = evidence.world_after.enis if evidence.world_after else ()
    found, classes = [], comes_to(evidence)
    probe = evidence.kind == "Gateway"  # no client sends it
    for row in table:
        if row.trigger == "class":
            hit = bool(set(row.codes) & set(classes))
        elif probe:
            hit = False
        elif row.trigger == "got":
            same = bool(right & set(row.codes))  # an admissible answer would have had the same effect
            hit = not succeeded and not same and any(_matches(entry, status, code) for entry in row.codes)
        elif row.trigger == "lost":
            certain = bool(right) and right <= set(row.codes) and refusal_only  # whatever was admissible, it came
            hit = certain and code not in row.codes
        elif row.trigger == "success":
            hit = succeeded and refusal_only
        elif row.trigger == "silent":
            hit = seen.outcome == "timeout"
        else:
            hit = "stuck" in classes or (
                succeeded
                and not refusal_only
                and any(eni.get("id") == named and eni.get("status") == "Detaching" for eni in after)
            )
        if hit:
            found.append(row)
    return sorted(found, key=lambda row: HARMS.index(row.harm))


def _pairs(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    return evidence.exchange.sent.pairs if evidence.exchange else ()


def _matches(entry: str, status: int, code: str) -> bool:
    if entry == "5xx":
        return 500 <= status < 600
    if entry == "Throttling":
        return code.startswith("Throttling")
    return code == entry
