"""What the page admits as the answer to one call, and whether an answer is among it.

The page orders no two faults, so this is a relation: each precondition that a call breaks contributes its
admissible refusals, and the answer must be one of them; if none is broken, the answer must be a success.
Where the suite does not know the state for certain (a transition under way, a repeated parameter that may be
read as its first or its last value), every possible reading contributes. Pure: what is known of the target
goes in as `Known`, what was asked as `Asked`, what came back as `Answer`; nothing is looked up.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from eni_conformance.contract.detach import CALLERS, ORDER_OF, PRECONDITIONS, Contract, Refusal, missing_codes
from eni_conformance.contract.texts import TextKind

REQUIRED = ("RegionId", "InstanceId", "NetworkInterfaceId")
OWNER = ("OwnerAccount", "OwnerId", "ResourceOwnerAccount", "ResourceOwnerId")
TRUNK = "TrunkNetworkInstanceId"
LINKED = frozenset({"InUse", "Detaching"})
STEADY = frozenset({"Running", "Stopped"})


@dataclass(frozen=True)
class Param:
    """One parameter as sent. `kind` says how its text was made; `refers` to what, for identifiers."""

    name: str
    text: str
    kind: TextKind = "exact"


@dataclass(frozen=True)
class Asked:
    """One call as the endpoint sees it: parameters in wire order, and who called."""

    params: tuple[Param, ...]
    caller: str = "account"


@dataclass(frozen=True)
class InstanceKnown:
    """What is known of an instance while the call runs; several statuses if it may be changing."""

    id: str
    statuses: frozenset[str]
    over_limit: bool = False


@dataclass(frozen=True)
class EniKnown:
    """What is known of an interface while the call runs. `on`: instance ids it may be linked to, "" none."""

    id: str
    statuses: frozenset[str]
    on: frozenset[str]
    type: str = "Secondary"
    fault: str = ""


@dataclass(frozen=True)
class Known:
    """What is known of the target while the call runs. `regions`: every region id known to exist."""

    region: str
    regions: frozenset[str]
    instances: Mapping[str, InstanceKnown] = field(default_factory=dict)
    enis: Mapping[str, EniKnown] = field(default_factory=dict)
    region_feature: bool = True
    refused_parameter: str = ""


@dataclass(frozen=True)
class Admissible:
    """The admissible answers to one call.

    broken: preconditions broken in every reading; `perhaps`: in some reading only.
    extra_codes: codes of the gateway that are admissible too, with any status below 500.
    bare: an answer of the web server itself (414 and the like, no envelope) is admissible.
    choice: name of the choice that the page leaves to the endpoint here, "" if none.
    target: the interface that a success detaches, "" if that depends on the reading.
    """

    refusals: tuple[Refusal, ...]
    success: bool
    broken: tuple[str, ...]
    perhaps: tuple[str, ...] = ()
    extra_codes: frozenset[str] = frozenset()
    bare: bool = False
    choice: str = ""
    target: str = ""


SIGNATURE_CODES = frozenset({"SignatureDoesNotMatch", "IncompleteSignature", "InvalidSignature"})
"""What a gateway may say of a call whose canonical form is ambiguous (repeated names, bad UTF-8)."""

CALLER_BREAKS: Mapping[str, str] = {caller.name: caller.breaks for caller in CALLERS}
FAULT_BREAKS: Mapping[str, str] = {ORDER_OF[p.own]: p.name for p in PRECONDITIONS if p.own in ORDER_OF}
"""Control order -> the precondition that it breaks."""
SHOWN = frozenset({"eni.type"})
"""Control orders whose effect a description shows, so that it is known without them."""
OPEN_TYPES = frozenset({"Trunk"})
"""Types that the page does not name: refusing and accepting are both admissible."""


def _identifier(prefix: str, param: Param | None, denotes: bool) -> list[str]:
    """The preconditions on one identifier that its text breaks; empty if it denotes a resource."""
    if param is None:
        return [f"{prefix} given"]
    if denotes:
        return []
    exists = {"instance id": "instance exists", "interface id": "interface exists", "region": "region exists"}
    match param.kind:
        case "empty":
            return [f"{prefix} not empty"]
        case "unreadable":
            return [f"{prefix} well-formed", "text is readable"]
        case "border":
            return [f"{prefix} well-formed"]
        case "exact" | "unknown":
            return [exists[prefix]]


@dataclass(frozen=True)
class _Reading:
    """One way to read the call in one possible state of the target."""

    values: Mapping[str, Param]
    instance: tuple[str, str] | None  # id, status
    eni: tuple[str, str, str] | None  # id, status, instance id


def _state(known: Known, reading: _Reading) -> list[str]:
    """The preconditions on states and relations that this reading breaks."""
    out: list[str] = []
    if reading.instance:
        instance_id, status = reading.instance
        if status not in STEADY:
            out.append("instance Running or Stopped")
        if known.instances[instance_id].over_limit:
            out.append("instance within its interface limit")
    if reading.eni:
        eni_id, status, on = reading.eni
        eni = known.enis[eni_id]
        if eni.type == "Primary":
            out.append("interface not primary")
        elif eni.type != "Secondary":
            out.append("interface type supported")
        if status == "Deleting":
            out.append("interface gone or Deleting")
        elif status not in LINKED:
            out.append("interface InUse or Detaching")
        elif reading.instance and on != reading.instance[0]:
            out.append("interface on this instance")
        name = eni.fault.partition("=")[0]
        if name in FAULT_BREAKS and name not in SHOWN:
            out.append(FAULT_BREAKS[name])
    return out


def _broken(known: Known, asked: Asked, reading: _Reading) -> list[str]:
    """Every precondition that this reading breaks."""
    out: list[str] = []
    if asked.caller in CALLER_BREAKS:
        out.append(CALLER_BREAKS[asked.caller])
    region = reading.values.get("RegionId")
    region_known = region is not None and region.text in known.regions
    out += _identifier("region", region, region_known)
    if region_known and region is not None:
        if region.text != known.region:
            out.append("region holds the resources")
        elif not known.region_feature:
            out.append("region offers the operation")
    out += _identifier("instance id", reading.values.get("InstanceId"), reading.instance is not None)
    out += _identifier("interface id", reading.values.get("NetworkInterfaceId"), reading.eni is not None)
    out += _state(known, reading)
    if known.refused_parameter and any(p.name == known.refused_parameter for p in asked.params):
        out.append("parameter supported")
    return out


def _readings(known: Known, asked: Asked) -> Iterable[_Reading]:
    """Every way to read the call: each repeated parameter first or last, each uncertain state."""
    given: dict[str, list[Param]] = {}
    for param in asked.params:
        if param.name in REQUIRED:
            given.setdefault(param.name, []).append(param)
    choices = [
        [(name, values[0])] if len({v.text for v in values}) == 1 else [(name, values[0]), (name, values[-1])]
        for name, values in given.items()
    ]
    stranger = asked.caller == "other_account"
    for picked in itertools.product(*choices):
        values = dict(picked)
        if stranger:
            yield _Reading(values, None, None)
            continue
        instances: list[tuple[str, str] | None] = [None]
        enis: list[tuple[str, str, str] | None] = [None]
        if (p := values.get("InstanceId")) and (i := known.instances.get(p.text)):
            instances = [(i.id, status) if status else None for status in sorted(i.statuses)]
        if (p := values.get("NetworkInterfaceId")) and (e := known.enis.get(p.text)):
            enis = [(e.id, status, on) if status else None for status in sorted(e.statuses) for on in sorted(e.on)]
        for instance, eni in itertools.product(instances, enis):
            yield _Reading(values, instance, eni)


def admissible(contract: Contract, known: Known, asked: Asked) -> Admissible:
    """The answers that the page admits for this call in this state.

    A status of "" in `known` means "may be gone". Source: sections notes and error codes of the page;
    the choices are those of `contract.PRECONDITIONS`.
    """
    refusals: dict[tuple[str, tuple[int, ...], str], Refusal] = {}

    def admit(code: str, http: tuple[int, ...], row: str, because: str) -> None:
        refusals.setdefault((code, http, because), Refusal(http, code, row, because))

    per_reading: list[list[str]] = []
    targets: set[str] = set()
    success = False
    for reading in _readings(known, asked):
        broken = _broken(known, asked, reading)
        per_reading.append(broken)
        open_type = broken == ["interface type supported"] and reading.eni is not None
        if open_type and reading.eni and known.enis[reading.eni[0]].type in OPEN_TYPES:
            success = True
            targets.add(reading.eni[0])
        if not broken:
            success = True
            if reading.eni:
                targets.add(reading.eni[0])
        for name in broken:
            for refusal in contract.refusals(name):
                refusals.setdefault((refusal.code, refusal.http, name), refusal)
            for wanted in REQUIRED:
                if name in _MISSING[wanted]:
                    for code in missing_codes(wanted):
                        admit(code, (400,), "E03", name)
    always = [n for n in per_reading[0] if all(n in other for other in per_reading)] if per_reading else []
    sometimes = sorted({n for broken in per_reading for n in broken} - set(always))
    extra, bare, choice = set[str](), False, ""
    names = [p.name for p in asked.params]
    repeated = len(names) != len(set(names))
    undeclared = [
        n for n in names if n not in REQUIRED and n not in {p.name for p in contract.parameters}
    ]  # fmt: skip
    owners = [n for n in undeclared if n in OWNER]
    if repeated:
        choice = "repeated parameter"
        extra |= SIGNATURE_CODES
        admit("InvalidParameter", (400,), "E07", choice)
    if [n for n in undeclared if n not in OWNER]:
        choice = choice or "undeclared parameter"
    elif owners:
        choice = choice or "older owner parameter"
    if choice in ("undeclared parameter", "older owner parameter"):
        for row in ("E05", "E07"):
            error = contract.errors[row]
            admit(error.code, error.http, row, choice)
    declared = {p.name for p in contract.parameters}
    if TRUNK in declared and any(p.name == TRUNK and p.text for p in asked.params):
        # No World has a trunk that holds an interface, and the page says that the parameter cannot be used yet.
        choice = choice or "trunk parameter"
        for refusal in contract.refusals("trunk holds the interface"):
            refusals.setdefault((refusal.code, refusal.http, choice), refusal)
    odd_owner = [p for p in asked.params if p.name in OWNER and p.kind != "exact"]
    if odd_owner:
        choice = choice or "odd owner parameter"
        for row in ("E07", "E05", "E02"):
            error = contract.errors[row]
            admit(error.code, error.http, row, choice)
    if any(p.kind == "unreadable" for p in asked.params):
        extra |= SIGNATURE_CODES
    if sum(len(p.text) + len(p.name) for p in asked.params) > 1500 or len(asked.params) > 40:
        bare = True
    if not refusals and not success:
        success = True
    return Admissible(
        tuple(refusals.values()),
        success,
        tuple(dict.fromkeys(always)),
        tuple(sometimes),
        frozenset(extra),
        bare,
        choice,
        next(iter(targets)) if len(targets) == 1 else "",
    )


_MISSING: Mapping[str, tuple[str, str]] = {
    "RegionId": ("region given", "region not empty"),
    "InstanceId": ("instance id given", "instance id not empty"),
    "NetworkInterfaceId": ("interface id given", "interface id not empty"),
}

# Which requirement a wrongly accepted call violates first, by the precondition that it broke.
ACCEPTED_THOUGH: Mapping[str, tuple[str, ...]] = {
    "interface not primary": ("S01", "E12"),
    "interface InUse or Detaching": ("S02", "E11"),
    "interface gone or Deleting": ("S02", "E11"),
    "instance Running or Stopped": ("S03", "E10"),
    "interface on this instance": ("S07",),
    "caller owns the resources": ("C01",),
    "region given": ("P03", "E03"),
    "region not empty": ("P03", "E03"),
    "region well-formed": ("P03", "E09"),
    "region exists": ("P03", "E09"),
    "region holds the resources": ("P03",),
    "instance id given": ("P01", "E03"),
    "instance id not empty": ("P01", "E03"),
    "instance id well-formed": ("P01", "E08"),
    "instance exists": ("P01", "E13"),
    "interface id given": ("P02", "E03"),
    "interface id not empty": ("P02", "E03"),
    "interface id well-formed": ("P02", "E24"),
    "interface exists": ("P02", "E14"),
}


@dataclass(frozen=True)
class Finding:
    """One contradiction between the endpoint and the page.

    requirement: short id of the first requirement violated; also: others. cause groups similar findings.
    certainty: 1.0 is a plain contradiction; less where the suite relies on a reading or on timing.
    """

    requirement: str
    summary: str
    cause: str
    also: tuple[str, ...] = ()
    certainty: float = 1.0


@dataclass(frozen=True)
class Reply:
    """The gist of an answer: the HTTP status and the Code ("" for a success)."""

    status: int
    code: str

    @property
    def success(self) -> bool:
        return 200 <= self.status < 300 and not self.code

    def __str__(self) -> str:
        return f"{self.status} {self.code}".strip()


def blame(contract: Contract, expected: Admissible) -> tuple[str, ...]:
    """The rows that a wrong refusal contradicts: those of the broken preconditions, or of success."""
    return tuple(dict.fromkeys(contract.preconditions[name].own for name in expected.broken))


def judge_reply(
    contract: Contract, expected: Admissible, reply: Reply, valid: Sequence[str] = ("S04",)
) -> list[Finding]:
    """What is wrong with this answer, [] if it is admissible.

    valid: requirements that a refusal of a valid call contradicts (S04 Running, S05 Stopped, S06 Detaching).
    """
    said = str(reply)
    if reply.success:
        if expected.success:
            return []
        rows = [r for n in expected.broken for r in ACCEPTED_THOUGH.get(n, (contract.preconditions[n].own,))]
        rows = list(dict.fromkeys(rows)) or ["R08"]
        why = "; ".join(expected.broken) or "every admissible reading refuses it"
        return [Finding(rows[0], f"accepted although it breaks: {why}", f"accepted:{why}", tuple(rows[1:]))]
    for refusal in expected.refusals:
        if refusal.code == reply.code and reply.status in refusal.http:
            return []
    if reply.code in expected.extra_codes and 400 <= reply.status < 500:
        return []
    rows = list(blame(contract, expected)) or list(valid)
    same_code = sorted((r for r in expected.refusals if r.code == reply.code), key=lambda r: r.table != "page")
    if same_code:
        want = "/".join(str(h) for h in dict.fromkeys(h for r in same_code for h in r.http))
        first = same_code[0].row
        return [
            Finding(
                first,
                f"{reply.code} came with status {reply.status}, documented is {want}",
                f"status:{reply.code}:{reply.status}",
                ("R08",),
            )
        ]
    if not expected.refusals:
        return [Finding(rows[0], f"a valid call was refused with {said}", f"refused:{said}", tuple(rows[1:]))]
    known_code = reply.code in contract.codes
    nature = "fits no broken precondition" if known_code else "is not documented"
    if not rows:
        rows = ["R08"]
    broken = "; ".join(expected.broken) or "nothing"
    return [
        Finding(
            rows[0],
            f"answered {said}, which {nature}; broken: {broken}",
            f"code:{said}:{broken}",
            tuple([*rows[1:], "R08"] if "R08" not in rows else rows[1:]),
        )
    ]
