"""One counterexample, as values: the content of an evidence file. Pure.

It was written when the failure was judged and made minimal, and holds all that a stranger needs to understand and
repeat it. Nothing here decides whether it is a violation. As in `oracle.results`, an absent key takes its default, and
a key that is not known here is kept in `extra`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from eni_conformance.contract.codec import Always, Brief, Name, build
from eni_conformance.contract.scenario import Scenario
from eni_conformance.oracle.results import Again, Open

Pair = tuple[str, str]
"""A name and a value. Octets that are not UTF-8 travel as surrogate escapes."""

_TEXTS = {name: {"type": ["string", "null"]} for name in ("status", "type", "instance")}
Resource = Annotated[Mapping[str, Any], {"required": ["id"], "properties": {"id": {"type": "string"}, **_TEXTS}}]
"""An instance or interface: its id, and whatever else was shown of it."""


@dataclass(frozen=True)
class Endpoint(Open):
    """The endpoint that gave the answer."""

    name: str = ""
    endpoint: str = ""
    region: str = ""


@dataclass(frozen=True)
class AdmissibleAnswer(Open):
    """One answer that would have been right, and because of what."""

    status: int | str | None = None
    code: str | None = None
    because: str | None = None
    requirement: str | None = None


@dataclass(frozen=True)
class Observed(Open):
    """What happened instead. `outcome`: answered, timeout, reset, refused, tls or unreadable."""

    outcome: str = ""
    status: int | None = None
    code: str | None = None
    message: str | None = None
    detail: str | None = None


@dataclass(frozen=True)
class SentRequest(Open):
    """The request. `pairs` are the operation's own parameters in wire order, unencoded."""

    action: Always[str] = ""
    version: str = ""
    method: Always[str] = "GET"
    url: str = ""
    pairs: Always[tuple[Pair, ...]] = ()
    headers: tuple[Pair, ...] = ()
    body: str | None = None
    caller: str = ""
    signing: str = ""


@dataclass(frozen=True)
class Conversation(Open):
    """One request and what came back, also when nothing came back. The rest of what is known of an exchange, as the
    wire log has it, stands beside."""

    id: str = ""
    sent: SentRequest = field(default_factory=SentRequest)
    status: int | None = None
    headers: tuple[Pair, ...] = ()
    body: str | None = None
    seconds: float | None = None
    outcome: str = ""
    detail: str | None = None


@dataclass(frozen=True)
class Picture(Open):
    """What could be seen of the world at one moment."""

    instances: tuple[Resource, ...] = ()
    enis: tuple[Resource, ...] = ()


@dataclass(frozen=True)
class Difference(Open):
    """One field of one resource that differs between the two pictures."""

    resource: str
    path: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class Moment(Open):
    """One step of the history. `at`: seconds since the first one. `seconds`: how long it took. `of`: number of the
    scenario's step that it belongs to. `lane`: who sent it, where several did."""

    n: int | str = ""
    step: Any = ""
    at: float | None = None
    seconds: float | None = None
    status: int | str | None = None
    code: str | None = None
    note: str | None = None
    of: int | None = None
    lane: str = ""


@dataclass(frozen=True)
class Evidence(Open):
    """A whole evidence file.

    requirement, also: the requirement it violates, and others that it violates too. summary: what exactly was seen.
    did, should: what the endpoint did and what it should have done, a sentence each, "" in older files. kind, about:
    the class of the finding, and what its sentence speaks of. cause: fingerprint; failures with the same
    are one finding.
    family: what failures of one event have in common, "" if nothing. certainty: 0 to 1.
    scenario: the declarative world and steps that bring it about, a mapping where another version wrote what this one
    does not know; original: what it was made of, null if the same. shrunk: made minimal, with so many `candidates`.
    step: number of the step that was judged. confirmations: null or 0 of 0 where it was not run again. play: the
    History that it was found in, redacted JSON, compressed, in base64; "" in older files.
    """

    id: Name
    requirement: Name
    schema: Always[Literal[1]] = 1
    also: tuple[str, ...] = ()
    run: str = ""
    target: Endpoint = field(default_factory=Endpoint)
    revision: str | int | None = None
    seed: int | str | None = None
    effort: str | None = None
    strict: bool = False
    cause: str | None = None
    family: str = ""
    summary: Always[str] = ""
    did: str = ""
    should: str = ""
    kind: str = ""
    about: tuple[str, ...] = ()
    certainty: Annotated[float | None, {"minimum": 0, "maximum": 1}] = None
    expected: Always[tuple[AdmissibleAnswer, ...]] = ()
    observed: Always[Observed] = field(default_factory=Observed)
    scenario: Brief[Scenario | Mapping[str, Any] | None] = None
    original: Brief[Scenario | Mapping[str, Any] | None] = None
    shrunk: bool = False
    candidates: int = 0
    step: int | None = None
    exchange: Conversation | None = None
    world_before: Picture | None = None
    world_after: Picture | None = None
    changes: tuple[Difference, ...] = ()
    history: tuple[Moment, ...] = ()
    play: str = ""
    confirmations: Again | None = None


def parse(data: Any) -> Evidence:
    """Evidence out of the decoded JSON. Raises ValueError that names the bad place."""
    return build(Evidence, data, "evidence")
