"""What the page admits as the answer to one call, and whether an answer is among it.

The page orders no two faults, so this is a relation: each rule that a call breaks contributes its admissible refusals,
and the answer must be one of them; if none is broken, the answer must be a success. Where the suite does not know the
state for certain (a transition under way, a repeated parameter that may be read as its first or its last value), every
possible reading contributes. The rules are the rows of the contract; this file knows none of them, and no code. Pure:
what is known of the target goes in as `Known`, what was asked as `Asked`, what came back as `Reply`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from eni_conformance.contract import rows
from eni_conformance.contract.detach import OPS, STRANGER
from eni_conformance.contract.gateway import SIGNATURE
from eni_conformance.contract.rules import Choice, Eni, Instance, Operation, Reading, Refusal, Rule, Sent, Thing
from eni_conformance.harness.values import Asked, Param
from eni_conformance.oracle.findings import Finding, Refused, WrongAnswer, WronglyAccepted, WrongStatus

LONG_TEXT, MANY_PARAMETERS = 1500, 40
"""Characters and parameters of a call beyond which a web server may answer before the operation is asked."""


@dataclass(frozen=True)
class InstanceKnown:
    """What is known of an instance while the call runs; several statuses if it may be changing."""

    id: str
    statuses: frozenset[str]
    fault: str = ""


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
    """What is known of the target while the call runs. `regions`: every region id known to exist. `faults`: orders of
    the control protocol in force for the region or, with its name, for a parameter."""

    region: str
    regions: frozenset[str]
    instances: Mapping[str, InstanceKnown] = field(default_factory=dict)
    enis: Mapping[str, EniKnown] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Admissible:
    """The admissible answers to one call.

    broken: rules broken in every reading; `perhaps`: in some reading only.
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


# --- readings ------------------------------------------------------------------------------------


def _laid(known: Known, names: frozenset[str], at_home: bool, instance: str, eni: str) -> frozenset[str]:
    """The orders of the control protocol that are in force for what a call names."""
    faults = [known.instances[instance].fault] if instance else []
    faults += [known.enis[eni].fault] if eni else []
    for fault in known.faults:
        op, _, name = fault.partition("=")
        if name in names if OPS[op].on == "parameter" else at_home:
            faults.append(fault)
    return frozenset(fault.partition("=")[0] for fault in faults)


def _states(known: Known, values: Mapping[Thing, Param]) -> Iterator[tuple[Instance, Eni]]:
    """Every state in which what these parameters denote may be; a status of "" means that it may be gone."""
    instances, enis = [Instance()], [Eni()]
    if (p := values.get("instance")) and (i := known.instances.get(p.text)):
        instances = [Instance(i.id, status) if status else Instance() for status in sorted(i.statuses)]
    if (p := values.get("eni")) and (e := known.enis.get(p.text)):
        enis = [
            Eni(e.id, status, on, e.type) if status else Eni() for status in sorted(e.statuses) for on in sorted(e.on)
        ]
    yield from itertools.product(instances, enis)


def _readings(operation: Operation, known: Known, asked: Asked) -> Iterator[Reading]:
    """Every way to read the call: each repeated parameter first or last, each uncertain state."""
    things = {one.name: one.thing for one in operation.ids}
    given: dict[str, list[Param]] = {}
    for param in asked.params:
        if param.name in things:
            given.setdefault(param.name, []).append(param)
    choices = [
        [(name, values[0])] if len({v.text for v in values}) == 1 else [(name, values[0]), (name, values[-1])]
        for name, values in given.items()
    ]
    names = frozenset(p.name for p in asked.params)
    for picked in itertools.product(*choices):
        values = {things[name]: param for name, param in picked}
        region = values["region"].text if "region" in values and values["region"].text in known.regions else ""
        at_home = region == known.region
        states = [(Instance(), Eni())] if asked.caller == STRANGER else _states(known, values)
        for instance, eni in states:
            yield Reading(
                asked.caller,
                {name: param.kind for name, param in picked},
                region,
                at_home,
                instance,
                eni,
                _laid(known, names, at_home, instance.id, eni.id),
            )


# --- what is admissible --------------------------------------------------------------------------


def _choices(operation: Operation, asked: Asked) -> list[Choice]:
    """What the page leaves to the service in this call."""
    identifiers = {one.name for one in operation.ids}
    sent = Sent(
        tuple(p.name for p in asked.params),
        operation.declared | identifiers,
        frozenset(p.name for p in asked.params if p.kind != "exact"),
        frozenset(p.name for p in asked.params if p.text),
    )
    return [choice for choice in operation.choices if choice.applies(sent)]


def _accepted(broken: Sequence[Rule], reading: Reading) -> bool:
    """Whether a success is admissible for this reading."""
    return not broken or all(rule.open(reading) for rule in broken)


def admissible(operation: Operation, known: Known, asked: Asked) -> Admissible:
    """The answers that the page admits for this call in this state.

    A status of "" in `known` means "may be gone". Source: the rules and choices of `operation`.
    """
    refusals: dict[tuple[str, tuple[int, ...], str], Refusal] = {}

    def admit(made: Refusal) -> None:
        refusals.setdefault((made.code, made.http, made.because), made)

    per_reading: list[list[str]] = []
    targets: set[str] = set()
    success = False
    for reading in _readings(operation, known, asked):
        broken = [rule for rule in operation.checks if rule.broken_by(reading)]
        per_reading.append([rule.name for rule in broken])
        if _accepted(broken, reading):
            success = True
            targets |= {reading.eni.id} - {""}
        for rule in broken:
            for refusal in operation.refusals(rule.name):
                admit(refusal)
    always = [n for n in per_reading[0] if all(n in other for other in per_reading)] if per_reading else []
    sometimes = sorted({n for names in per_reading for n in names} - set(always))
    choices = _choices(operation, asked)
    choice = choices[0].name if choices else ""
    for one in choices:
        for row in one.rows:
            error = operation.errors[row]
            admit(Refusal(error.http, error.code, row, choice))
    unsigned = any(one.unsigned for one in choices) or any(p.kind == "unreadable" for p in asked.params)
    length = sum(len(p.text) + len(p.name) for p in asked.params)
    return Admissible(
        tuple(refusals.values()),
        success or not refusals,
        tuple(dict.fromkeys(always)),
        tuple(sometimes),
        SIGNATURE if unsigned else frozenset(),
        length > LONG_TEXT or len(asked.params) > MANY_PARAMETERS,
        choice,
        next(iter(targets)) if len(targets) == 1 else "",
    )


# --- whether an answer is admissible -------------------------------------------------------------


@dataclass(frozen=True)
class Reply:
    """The gist of an answer: the HTTP status and the Code ("" for a success)."""

    status: int
    code: str

    @property
    def success(self) -> bool:
        return 200 <= self.status < 300 and not self.code

    @property
    def words(self) -> str:
        """The answer in a sentence."""
        return f"{self.status} and a code that cannot be read" if self.code == "?" else str(self)

    def __str__(self) -> str:
        return f"{self.status} {self.code}".strip()


def blame(operation: Operation, expected: Admissible) -> tuple[str, ...]:
    """The rows that a wrong refusal contradicts: those of the broken preconditions, or of success."""
    return tuple(dict.fromkeys(operation.rules[name].own for name in expected.broken))


def _wrongly_accepted(operation: Operation, expected: Admissible) -> Finding:
    """A success of a call that must be refused."""
    wrong = list(dict.fromkeys(r for n in expected.broken for r in operation.rules[n].contradicted)) or [rows.PAIR]
    why = "; ".join(expected.broken) or "every admissible reading refuses it"
    return WronglyAccepted(
        wrong[0],
        f"accepted although it breaks: {why}",
        f"accepted:{why}",
        tuple(wrong[1:]),
        family=f"accepted {wrong[0]}",
    )


def judge_reply(
    operation: Operation, expected: Admissible, reply: Reply, valid: Sequence[str] = (rows.ACCEPTED_RUNNING,)
) -> list[Finding]:
    """What is wrong with this answer, [] if it is admissible.

    valid: requirements that a refusal of a valid call contradicts (instance Running or Stopped, interface Detaching).
    """
    said = str(reply)
    if reply.success:
        if expected.success:
            return []
        return [_wrongly_accepted(operation, expected)]
    for refusal in expected.refusals:
        if refusal.code == reply.code and reply.status in refusal.http:
            return []
    if reply.code in expected.extra_codes and 400 <= reply.status < 500:
        return []
    wrong = list(blame(operation, expected)) or list(valid) or [rows.PAIR]
    same_code = sorted((r for r in expected.refusals if r.code == reply.code), key=lambda r: r.table != "page")
    if same_code:
        want = "/".join(str(h) for h in dict.fromkeys(h for r in same_code for h in r.http))
        first = same_code[0].row
        return [
            WrongStatus(
                first,
                f"{reply.code} came with status {reply.status}, documented is {want}",
                f"status:{reply.code}:{reply.status}",
                (rows.PAIR,),
                family=f"status {reply.code}",
                said=said,
            )
        ]
    if not expected.refusals:
        return [
            Refused(
                wrong[0],
                f"a valid call was refused with {said}",
                f"refused:{said}",
                tuple(wrong[1:]),
                family=f"refused {reply.code}",
                said=reply.words,
            )
        ]
    known_code = reply.code in operation.codes
    nature = "fits no broken precondition" if known_code else "is not documented"
    broken = "; ".join(expected.broken) or "nothing"
    return [
        WrongAnswer(
            wrong[0],
            f"answered {said}, which {nature}; broken: {broken}",
            f"code:{said}:{broken}",
            tuple(dict.fromkeys(row for row in (*wrong[1:], rows.PAIR) if row != wrong[0])),
            family=f"code {reply.code} {wrong[0]}" if known_code else f"code {reply.code}",
            said=reply.words,
        )
    ]
