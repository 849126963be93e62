"""One call of the set-up: sent again while its refusal may pass, and what each kind of refusal says.

A function here either does what it is asked for or raises SetupError with the operation, what came back, and what to
do. What is created is announced in the ledger first, carries the run's tags and a ClientToken, and is resolved by that
token when an answer is lost, never by blind repetition.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from eni_conformance.contract.common import passing
from eni_conformance.contract.scenario import Wire
from eni_conformance.harness.account.advice import advice_for
from eni_conformance.harness.account.ledger import CREATED_TAG, RUN_TAG, Ledger, LimitReached
from eni_conformance.harness.account.survey import wire_for
from eni_conformance.harness.bench import look
from eni_conformance.harness.clock import REAL, Clock, stamp
from eni_conformance.harness.codec import code_of, decode, gist, message_of
from eni_conformance.harness.journal import Journal
from eni_conformance.harness.target import Target
from eni_conformance.harness.values import Exchange, Pair
from eni_conformance.harness.wire.client import VERSION, VPC_VERSION, Allowance, Client

T = TypeVar("T")

NOT_TAKEN = ("MissingParameter", "InvalidParameter", "UnsupportedParameter", "Invalid.Param", "UnknownParameter")
"""What codes begin with that refuse a call for one of its parameters."""

TRANSIENT = (
    "IncorrectInstanceStatus",
    "DependencyViolation",
    "IncorrectVSwitchStatus",
    "IncorrectVpcStatus",
    "IncorrectRouteEntryStatus",
    "IncorrectStatus",
    "TaskConflict",
    "OperationConflict",
    "Operation.Conflict",
    "InvalidOperation.Conflict",
    "InvalidOperation.InvalidEniState",
    "InvalidOperation.InvalidEcsState",
    "InvalidOperation.InvalidEniType",
    "InstanceNotReady",
    "IdempotentProcessing",
    "TOKEN_PROCESSING",
    "LastTokenProcessing",
    "InternalError",
    "ServiceUnavailable",
    "RequestTimeout",
    "UnknownError",
)
"""Refusals that pass by themselves: the pages of the operations, and the retry lists of their clients."""


class SetupError(Exception):
    """The world of a test could not be built. `exchange` is what came back, None if nothing was sent."""

    def __init__(self, action: str, exchange: Exchange | None, advice: str) -> None:
        advice = advice_for(code_of(exchange), advice) if exchange else advice
        self.action = action
        self.exchange = exchange
        self.advice = advice
        super().__init__(f"{action}: {_told(exchange)}; {advice}" if exchange else f"{action}: {advice}")

    @property
    def code(self) -> str:
        """The endpoint's error code, "" if there is none."""
        return code_of(self.exchange) if self.exchange else ""


@dataclass(frozen=True)
class Session:
    """Who builds: a target, a client, the ledger of what is owned, and the run's id. by_number: operations that refuse
    to be asked for pages by token. blocks: of each VPC, those that were free when it was asked about and are not used
    by this session since."""

    target: Target
    client: Client
    ledger: Ledger
    run_id: str
    by_number: set[str] = field(default_factory=set, compare=False)
    blocks: dict[str, Iterator[str]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        self.ledger.place(where(self.target))

    @property
    def region(self) -> Pair:
        """The parameter that nearly every operation has."""
        return "RegionId", self.target.region

    @property
    def name(self) -> str:
        """What resources that may have a name are called."""
        return f"eni-conformance-{self.run_id}"[:128]

    @property
    def wire(self) -> Wire:
        """How set-up calls are sent."""
        return wire_for(self.target)

    @property
    def sparing(self) -> bool:
        """Whether calls are counted, so that time is spent instead where one can take the place of the other."""
        return self.client.allowance is not None

    @property
    def patience(self) -> float:
        """Seconds for which a transient refusal is met by trying again."""
        longest = look.PATIENCE_NEARBY if self.target.loopback else look.PATIENCE
        return min(self.target.limits.settle_seconds, longest)


def open_session(
    target: Target,
    directory: Path,
    run_id: str,
    *,
    worker: str = "main",
    share: int = 1,
    journal: Journal | None = None,
    clock: Clock = REAL,
    skew: float = 0.0,
    allowance: Allowance | None = None,
) -> Session:
    """A session with a client and a ledger that keep the target's limits.

    directory: of the run's ledgers, shared by its workers. share: how many workers divide the rate. skew: seconds by
    which the endpoint's clock is ahead. allowance: how many calls may be sent, None for as many as it takes.
    """
    limits = {"instance": target.limits.instances, "eni": target.limits.network_interfaces}
    client = Client(target, worker=worker, share=share, journal=journal, clock=clock, skew=skew, allowance=allowance)
    ledger = Ledger(
        directory,
        run_id,
        worker=worker,
        durable=not target.loopback,
        limits=limits,
        where=where(target),
        clock=client.clock.now,
    )
    return Session(target, client, ledger, run_id)


def where(target: Target) -> str:
    """The place that resources are in, for the ledger."""
    return f"{target.endpoint} {target.region}"


def reach(target: Target) -> str:
    """How far an order of the control protocol reaches: every region that the endpoint plays."""
    return target.control_url or where(target)


def send(
    session: Session, action: str, pairs: Sequence[Pair], *, vpc: bool = False, deadline: float = look.CALL
) -> Exchange:
    """Send one set-up call as the account."""
    deadline = max(deadline, look.CALL_OF.get(action, 0.0))
    return session.client.send(
        action,
        pairs,
        wire=session.wire,
        version=VPC_VERSION if vpc else VERSION,
        vpc=vpc,
        deadline=deadline * look.CALL_NEARBY if session.target.loopback else deadline,
    )


def succeeded(exchange: Exchange) -> bool:
    """Whether the answer is a success that can be read."""
    return exchange.outcome == "answered" and 200 <= exchange.status < 300 and decode(exchange) is not None


def _told(exchange: Exchange) -> str:
    if exchange.outcome != "answered":
        return f"{exchange.outcome} ({exchange.detail})"
    throttled = " (throttled to the end)" if exchange.throttled else ""
    code = code_of(exchange) or "without a code"
    return f"HTTP {exchange.status} {code}{throttled}: {message_of(exchange)[:200]}"


def _transient(exchange: Exchange) -> bool:
    code = code_of(exchange)
    return exchange.throttled or any(code == one or code.startswith(f"{one}.") for one in TRANSIENT)


_NOT_A_RESOURCE = ("InvalidAccessKeyId", "InvalidRegionId", "InvalidAction", "InvalidApi", "InvalidProduct", "Abs.")
"""What codes begin with that miss something else than the resource: a key, a region, an operation."""


def passes(refused: SetupError) -> bool:
    """Whether a refusal that lasted to the end of patience says "not now", and nothing of a state."""
    exchange = refused.exchange
    if exchange is None:
        return False
    return exchange.throttled or passing(exchange.status, refused.code or "?", valid=False) is not None


def is_absent(exchange: Exchange) -> bool:
    """Whether a refusal says that the resource is not there."""
    return exchange.outcome == "answered" and says_absent(code_of(exchange))


def says_absent(code: str) -> bool:
    """Whether a code says that a resource is not there."""
    return code.endswith(".NotFound") and not code.startswith(_NOT_A_RESOURCE)


def wait_for(session: Session, probe: Callable[[], T | None], what: str, *, deadline: float | None = None) -> T:
    """Call `probe` until it returns something true, in small growing steps. Returns that.

    Raises SetupError after `deadline` seconds (default: the target's settle limit).
    """
    within = session.target.limits.settle_seconds if deadline is None else deadline
    waits = pauses(session)
    if session.sparing:
        session.client.clock.sleep(next(waits))  # what has just been asked for is hardly there at once
    value = look.look_until(probe, bool, within, clock=session.client.clock, pauses=waits)
    if not value:
        raise SetupError(what, None, "did not happen in time; raise limits.settle_seconds if it may take longer")
    return value


def pauses(session: Session) -> Iterator[float]:
    """Seconds to wait between looks, without end: short and growing on loopback, longer elsewhere, and growing faster
    where calls are counted."""
    if session.sparing:
        return look.sparing_pauses(nearby=session.target.loopback)
    if session.target.loopback:
        return look.growing(look.POLL_NEARBY, look.POLL_NEARBY_LONGEST, look.POLL_FACTOR)
    return look.growing(look.POLL, look.POLL_LONGEST, look.POLL_FACTOR)


def _repeat(session: Session, sending: Callable[[], Exchange], final: Callable[[Exchange], bool]) -> Exchange:
    """Send a call until its answer is final, or patience ends. The client has waited long enough if it was throttled to
    the end; nothing more is sent once patience is over."""
    clock = session.client.clock
    began = clock.monotonic()

    def enough(exchange: Exchange) -> bool:
        patience = session.patience * (look.NOBODY_LISTENS if exchange.outcome in ("refused", "tls") else 1)
        if final(exchange) or exchange.throttled:
            return True
        session.client.repeated[exchange.sent.action][gist(exchange)] += 1
        return clock.monotonic() - began >= patience

    return look.look_until(sending, enough, look.FOREVER, clock=clock, pauses=pauses(session))


def _lost(exchange: Exchange) -> bool:
    """Whether nobody knows if the call was carried out."""
    return exchange.outcome != "answered" or exchange.status >= 500


def undecided(exchange: Exchange) -> bool:
    """Whether an answer leaves open if something was created: none came, it failed, or it names nothing."""
    return _lost(exchange) or exchange.status < 400


def do(
    session: Session,
    action: str,
    pairs: Sequence[Pair],
    advice: str,
    *,
    vpc: bool = False,
    done: Callable[[Exchange], bool] = lambda _: False,
) -> Exchange:
    """Send a call that may be repeated, until it succeeds, `done` accepts its refusal, or patience ends. Raises
    SetupError."""
    fine = False

    def final(exchange: Exchange) -> bool:
        nonlocal fine
        fine = succeeded(exchange) or done(exchange)
        return fine or not (_lost(exchange) or _transient(exchange))

    exchange = _repeat(session, lambda: send(session, action, pairs, vpc=vpc), final)
    if not fine:
        raise SetupError(action, exchange, advice)
    return exchange


def announce(session: Session, kind: str, action: str, token: str = "") -> int:
    """Write in the ledger that a resource may come to be. Returns the number of the entry, to be closed. Raises
    SetupError where it would pass a limit."""
    try:
        return session.ledger.intend(kind, action, token)
    except LimitReached as reached:
        raise SetupError(action, None, f"limits: {reached}; raise [limits] or use fewer workers") from None


def create(
    session: Session,
    kind: str,
    action: str,
    pairs: Sequence[Pair],
    found: Callable[[Mapping[str, Any]], str],
    advice: str,
    *,
    vpc: bool = False,
) -> str:
    """Create one resource and return its id: announced first, named in the ledger before it is returned.

    A lost answer, a 5xx and an answer without an id are resolved by sending the same call with the same
    ClientToken. If that does not help in time, the intent stays open for the janitor. Raises SetupError.
    """
    token = str(uuid.uuid4())
    number = announce(session, kind, action, token)
    asked = [*pairs, ("ClientToken", token)]

    def made(exchange: Exchange) -> str:
        return found(decode(exchange) or {}) if succeeded(exchange) else ""

    exchange = _repeat(
        session,
        lambda: send(session, action, asked, vpc=vpc, deadline=look.CALL_CREATES),
        lambda one: bool(made(one)) or not (undecided(one) or _transient(one)),
    )
    if identifier := made(exchange):
        session.ledger.made(number, kind, identifier)
        return identifier
    if not undecided(exchange):
        session.ledger.refused(number, kind, code_of(exchange))
    raise SetupError(action, exchange, advice)


def marks(session: Session, more: int = 0) -> list[Pair]:
    """The parameters that tag a resource as this run's. more: how many tags besides."""
    tags = [(RUN_TAG, session.run_id), (CREATED_TAG, stamp(session.client.clock.now()))]
    tags += [(f"eni-conformance-tag-{n}", f"value {n}") for n in range(1, more + 1)]
    return [
        pair for n, (key, value) in enumerate(tags, 1) for pair in ((f"Tag.{n}.Key", key), (f"Tag.{n}.Value", value))
    ]


def named(name: str) -> Callable[[Mapping[str, Any]], str]:
    def found(answer: Mapping[str, Any]) -> str:
        value = answer.get(name)
        return value if isinstance(value, str) else ""

    return found
