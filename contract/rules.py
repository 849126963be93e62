"""The types of which a page is written down: rules, identifiers, error rows, requirements, orders, callers.

A row knows everything about itself: its sentence, the row it is refused with, when it is broken, what else is
admissible and who says so, how a World breaks it alone, and what a wrong acceptance contradicts. Strategies, harness,
oracle and report read the rows; no table beside them says the same again. What a rule looks at is a `Reading`: one
certain way to read one call in one certain state. This file knows no page, no HTTP library, no target and no test.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from eni_conformance.contract.texts import TextKind

Kind = Literal["error", "parameter", "state", "response", "effect", "relation", "gateway", "robustness"]
Severity = Literal["blocker", "critical", "normal", "minor"]
Revision = Literal["2019", "2024"]
Needs = Literal["api", "caller", "control"]
Thing = Literal["region", "instance", "eni"]
"""What an identifier of the call denotes."""
Holder = Literal["eni", "vswitch", "group", "instance", "region", "parameter"]
"""What an order of the control protocol is given for."""

# --- how a World breaks a rule -------------------------------------------------------------------

GIVEN = "(given with the World)"
"""Stands in an order for a value that the World or the target's zones decide."""
_NAME = {"region": "region", "parameter": "name"}


@dataclass(frozen=True)
class Order:
    """An order of the control protocol that brings a condition about.

    op: the capability. on: what it is given for. do, undo: its fields besides op and what it is given for; undo None if
    only `reset` takes it back. values: what GIVEN may stand for, () if the target decides. shown: the field of the
    interface's description that shows it, "" if none does.
    """

    op: str
    on: Holder
    do: Mapping[str, object] = field(default_factory=dict)
    undo: Mapping[str, object] | None = None
    values: tuple[str, ...] = ()
    shown: str = ""

    def given(self, name: str, value: str = "") -> dict[str, object]:
        """The order for this resource, region or parameter; `value` stands for GIVEN."""
        fields = {key: value if item is GIVEN else item for key, item in self.do.items()}
        return {"op": self.op, self.key: name, **fields}

    def taken_back(self, name: str) -> dict[str, object]:
        """The order that undoes it."""
        if self.undo is None:
            return {"op": "reset", "id": name}
        return {"op": self.op, self.key: name, **self.undo}

    @property
    def key(self) -> str:
        """The field of the order that names what it is given for."""
        return _NAME.get(self.on, "id")

    @property
    def conditions(self) -> tuple[str, ...]:
        """The names by which a World asks for it: `eni.type=Member`, or the capability alone."""
        return tuple(f"{self.op}={value}" for value in self.values) or (self.op,)


@dataclass(frozen=True)
class Caller:
    """Who may call besides the owner of the resources: a name of the target file.

    row: the requirement that the caller is for; "" is the row that the caller's calls are refused with.
    """

    name: str
    row: str = ""


# --- what a rule looks at ------------------------------------------------------------------------


@dataclass(frozen=True)
class Instance:
    """The instance that a call denotes; without an id, it denotes none."""

    id: str = ""
    status: str = ""


@dataclass(frozen=True)
class Eni:
    """The interface that a call denotes; without an id, it denotes none. `on`: its instance, "" none."""

    id: str = ""
    status: str = ""
    on: str = ""
    type: str = "Secondary"


@dataclass(frozen=True)
class Reading:
    """One certain way to read one call in one certain state of the target.

    given: identifier parameter -> how its text was made. region: the region denoted, "" none. at_home: the resources
    are in that region. laid: capabilities of the control protocol that are in force for what the call names.
    """

    caller: str
    given: Mapping[str, TextKind]
    region: str
    at_home: bool
    instance: Instance
    eni: Eni
    laid: frozenset[str]

    def denotes(self, thing: Thing) -> bool:
        """Whether the call's identifier denotes such a thing."""
        match thing:
            case "region":
                return bool(self.region)
            case "instance":
                return bool(self.instance.id)
            case "eni":
                return bool(self.eni.id)


@dataclass(frozen=True)
class Sent:
    """The parameters of a call as far as the page leaves choices on them to the service.

    declared: the names that the page declares. odd: names whose text is not what its parameter asks for.
    """

    names: tuple[str, ...]
    declared: frozenset[str]
    odd: frozenset[str]
    filled: frozenset[str]


# --- rules ---------------------------------------------------------------------------------------


def _never(_: Reading) -> bool:
    return False


@dataclass(frozen=True)
class Rule:
    """What a call must satisfy. Broken, it is refused with its own row or with one of `also`.

    name: its sentence. own: the row that documents it. keeps: whether a reading satisfies it; None if `provoke` alone
    breaks it. about: it is asked only of a call that denotes these. also: rows that the page's silence on a border
    admits; later: rows that only the later page adds to them. source: who says so ("page", or "reading: ..." with the
    reason). spelt: other codes by which its own row is told. blames: the requirements that a wrong acceptance
    contradicts, () for its own row alone. provoke: the order or caller by which a World breaks it alone; None if public
    operations or the call itself do. open: broken in this way and in no other, accepting is admissible too.
    """

    name: str
    own: str
    keeps: Callable[[Reading], bool] | None = None
    about: tuple[Thing, ...] = ()
    also: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    source: str = "page"
    spelt: tuple[str, ...] = ()
    blames: tuple[str, ...] = ()
    provoke: Order | Caller | None = None
    open: Callable[[Reading], bool] = _never

    @property
    def contradicted(self) -> tuple[str, ...]:
        """The requirements that a wrong acceptance contradicts, the first above all."""
        return self.blames or (self.own,)

    def broken_by(self, reading: Reading) -> bool:
        """Whether this reading of a call breaks the rule."""
        if not all(reading.denotes(thing) for thing in self.about):
            return False
        if self.keeps is not None:
            return not self.keeps(reading)
        match self.provoke:
            case Caller(name=name):
                return reading.caller == name
            case Order(op=op):
                return op in reading.laid
            case None:
                return False


@dataclass(frozen=True)
class Id:
    """An identifier parameter: what it denotes, and the rows that refuse it. It makes its own rules.

    prefix: how its rules begin ("instance id"). exists: the sentence that it denotes something. row: its requirement.
    vague: the row for a text that is wrong in some other way. within: rows that fit as well because nothing can exist
    in what it does not denote; why: who says so. later: what the later page adds where it denotes nothing.
    """

    prefix: str
    thing: Thing
    name: str
    exists: str
    row: str
    missing: str
    malformed: str
    unknown: str
    vague: str
    within: tuple[str, ...] = ()
    why: str = "page"
    later: tuple[str, ...] = ()

    def rules(self, unreadable: Rule) -> tuple[Rule, ...]:
        """Given, not empty, well-formed, readable (`unreadable`, asked of this parameter), exists."""

        def keeps(*kinds: TextKind) -> Callable[[Reading], bool]:
            return lambda reading: reading.denotes(self.thing) or reading.given.get(self.name) not in kinds

        def others(own: str, *rows: str) -> tuple[str, ...]:
            return tuple(row for row in dict.fromkeys((*rows, *self.within)) if row != own)

        spelt = missing_codes(self.name)
        return (
            Rule(
                f"{self.prefix} given",
                self.missing,
                lambda reading: self.name in reading.given,
                also=self.within,
                source=self.why,
                spelt=spelt,
                blames=(self.row, self.missing),
            ),
            Rule(
                f"{self.prefix} not empty",
                self.missing,
                keeps("empty"),
                also=others(self.missing, self.malformed, self.unknown, self.vague),
                later=self.later,
                source="reading: the page does not separate empty from missing",
                spelt=spelt,
                blames=(self.row, self.missing),
            ),
            Rule(
                f"{self.prefix} well-formed",
                self.malformed,
                keeps("border", "unreadable"),
                also=others(self.malformed, self.unknown, self.vague),
                later=self.later,
                source="reading: malformed or merely unknown is left open",
                blames=(self.row, self.malformed),
            ),
            replace(unreadable, keeps=keeps("unreadable")),
            Rule(
                self.exists,
                self.unknown,
                keeps("exact", "unknown"),
                also=self.within,
                later=self.later,
                source=self.why,
                blames=(self.row, self.unknown),
            ),
        )


def missing_codes(name: str) -> tuple[str, ...]:
    """Every spelling of "this required parameter is missing" that ECS and its gateway are known to use.

    Source: answers of ECS captured in public (MissingParameter), suffixed form, gateway form.
    """
    return ("MissingParameter", f"MissingParameter.{name}", f"Missing{name}")


@dataclass(frozen=True)
class Choice:
    """What the page leaves to the service: a call of this kind may be accepted, or refused with these rows.

    unsigned: the canonical form of such a call is ambiguous, so the gateway may refuse its signature.
    """

    name: str
    applies: Callable[[Sent], bool]
    rows: tuple[str, ...]
    unsigned: bool = False
    source: str = "reading"


@dataclass(frozen=True)
class Effect:
    """What a success does: `target` leaves `host` by way of the status `via` and ends `to`; the link is gone."""

    target: Thing
    host: Thing
    via: str
    to: str
    link: bool = False


# --- what stands on the page ---------------------------------------------------------------------


@dataclass(frozen=True)
class Parameter:
    """One row of the request table. `declared_required` is what the page says of it."""

    id: str
    name: str
    type: str
    declared_required: bool
    example: str


@dataclass(frozen=True)
class Error:
    """One row of the error table. `http` holds every status the revision admits for the code.

    needs: what provokes it; "" is told by the rule that it refuses. beyond: why a run may never see the code although
    nothing is wrong, "" if it must be seen. provoke: the order that provokes it where no rule of its own says so.
    """

    id: str
    http: tuple[int, ...]
    code: str
    title: str
    needs: Needs | Literal[""] = ""
    beyond: str = ""
    provoke: Order | None = None


@dataclass(frozen=True)
class Requirement:
    """A testable sentence or row, with an id that never changes. `beyond`: that of its row."""

    id: str
    title: str
    kind: Kind
    section: str
    source: str = "page"
    severity: Severity = "critical"
    http: int | None = None
    code: str | None = None
    needs: Needs = "api"
    beyond: str = ""


@dataclass(frozen=True)
class Refusal:
    """An admissible refusal: its statuses, its code, the row it is evidence for and the rule or choice it answers.

    table: where the code stands; an answer from the common table is admissible unless the page alone counts.
    """

    http: tuple[int, ...]
    code: str
    row: str
    because: str
    table: Literal["page", "common"] = "page"


@dataclass(frozen=True)
class Operation:
    """One revision of an operation's page, ready for use. Mappings are keyed by the short id (E11, P01, ...).

    of_sdks: parameters that the vendor's SDKs declare besides. checks: every rule in the order in which its breach is
    told; an identifier's rules share the one on readable texts.
    rules: sentence -> rule. effect: what a success does. response: field of a success -> type.
    """

    action: str
    version: str
    revision: Revision
    parameters: tuple[Parameter, ...]
    of_sdks: tuple[Parameter, ...]
    ids: tuple[Id, ...]
    checks: tuple[Rule, ...]
    choices: tuple[Choice, ...]
    effect: Effect
    response: Mapping[str, str]
    errors: Mapping[str, Error]
    rules: Mapping[str, Rule]
    requirements: Mapping[str, Requirement]
    _refusals: Mapping[str, tuple[Refusal, ...]] = field(repr=False)

    def refusals(self, rule: str) -> tuple[Refusal, ...]:
        """What the page admits when this rule is broken. KeyError for an unknown sentence."""
        return self._refusals[rule]

    def by_the_page(self) -> Operation:
        """The same operation without the common table."""
        page = {name: tuple(r for r in made if r.table == "page") for name, made in self._refusals.items()}
        return replace(self, _refusals=MappingProxyType(page))

    @property
    def codes(self) -> frozenset[str]:
        """Every code of the error table."""
        return frozenset(row.code for row in self.errors.values())

    @functools.cached_property
    def optional(self) -> Mapping[str, str]:
        """Each parameter that may be given, by the page or by the SDKs -> the id of its requirement."""
        ids = {one.name for one in self.ids}
        given = (*self.of_sdks, *(p for p in self.parameters if p.name != "Action"))
        return {p.name: p.id for p in given if p.name not in ids}

    @property
    def declared(self) -> frozenset[str]:
        """The name of every parameter that the page declares."""
        return frozenset(p.name for p in self.parameters)
