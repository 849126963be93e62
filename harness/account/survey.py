"""What a target offers and how far its clock is off, found out before anything else by a few harmless calls.

Asked: DescribeRegions in each signature scheme and format that the target file does not rule out. What is declared is
believed; what is not declared and does not work is told as such by the run. Nothing is created or changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from eni_conformance.contract.common import passing
from eni_conformance.contract.scenario import Wire
from eni_conformance.harness.bench import look
from eni_conformance.harness.codec import code_of, decode, header, message_of
from eni_conformance.harness.target import ALL_OFFERS, Offers, Target
from eni_conformance.harness.values import Exchange
from eni_conformance.harness.wire.client import Client

CLOCK_OFF = 60.0
"""Seconds by which the two clocks may differ; a difference below is corrected for."""
CLOCK_WINDOW = 15 * 60.0
"""Seconds of skew at which signatures are refused (vendor's page of the newer signature)."""
RESOLUTION = 2.0
"""Seconds below which a difference says nothing: the Date header has whole seconds, and answers take time."""
NOT_OFFERED = ("InvalidAction", "InvalidApi", "UnsupportedOperation")
"""What codes begin with that say that there is no such operation."""


@dataclass(frozen=True)
class Survey:
    """What was found. problem: why the target cannot be used, "" if it can. skew: seconds by which the endpoint's clock
    is ahead. undeclared: formats that do not work although the file does not say so. asked: (scheme, format, what
    came) of each question. version: what the endpoint tells of its own version, "" where it tells nothing."""

    offers: Offers = ALL_OFFERS
    problem: str = ""
    skew: float = 0.0
    undeclared: tuple[str, ...] = ()
    asked: tuple[tuple[str, str, str], ...] = field(default_factory=tuple)
    version: str = ""


def wire_for(target: Target) -> Wire:
    """How calls of the set-up are sent: in what is offered; the newer signature on real endpoints, the cheaper one on
    this machine."""
    schemes, formats = target.offers.signing or ALL_OFFERS.signing, target.offers.formats or ALL_OFFERS.formats
    wanted = "v1" if target.loopback else "v3"
    signing = wanted if wanted in schemes else schemes[0]
    return Wire(format="JSON" if "json" in formats else "XML", signing="v3" if signing == "v3" else "v1")


def survey(client: Client, *, deadline: float = 20.0) -> Survey:
    """Ask what the target offers. The client's skew is not changed."""
    declared = client.target.offers
    came: dict[tuple[str, str], Exchange] = {}
    for scheme in declared.signing or ALL_OFFERS.signing:
        for name in declared.formats or ALL_OFFERS.formats:
            exchange = _ask(client, scheme, name, deadline)
            came[scheme, name] = exchange
            if exchange.outcome in ("refused", "timeout", "tls"):
                return Survey(declared, _told(exchange))
    asked = tuple((scheme, name, _told(one)) for (scheme, name), one in came.items())
    works = {key for key, one in came.items() if _works(one)}
    skew, clock = _clock(list(came.values()), bool(works))
    if clock or not works:
        first = next(iter(came.values()))
        return Survey(declared, clock or _told(first), skew, asked=asked)
    formats = tuple(n for n in ALL_OFFERS.formats if any(k in works and _is(n, came[k]) for k in came if k[1] == n))
    formats = formats or tuple(n for n in ALL_OFFERS.formats if any(_is(n, came[k]) for k in works))
    offers = Offers(declared.formats or formats, declared.signing or tuple(sorted({scheme for scheme, _ in works})))
    lacking = () if declared.formats else tuple(n for n in ALL_OFFERS.formats if n not in formats)
    problem = "" if formats else "what answers there does not speak ECS"
    return Survey(offers, problem, skew, lacking, asked, version_of(came.values()))


def version_of(exchanges: Iterable[Exchange]) -> str:
    """What an endpoint tells of its own version: its Server header (RFC 9110, 10.2.4), several where they differ.

    Neither the operation nor the control protocol has another place for it.
    """
    said = dict.fromkeys(header(one.headers, "server").strip() for one in exchanges)
    return ", ".join(filter(None, said))


def ask_again(client: Client, ask: Callable[[], Exchange], *, valid: bool) -> Exchange:
    """The answer to a question, asked again for a while if it may pass. valid: whether it ought to be a success."""

    def stays(exchange: Exchange) -> bool:
        lost = exchange.outcome in ("reset", "unreadable")
        return not lost and passing(exchange.status, code_of(exchange) or "?", valid=valid) is None

    return look.look_until(ask, stays, look.FOREVER, clock=client.clock, pauses=look.AGAIN)


def _ask(client: Client, scheme: str, name: str, deadline: float) -> Exchange:
    """Which regions there are, in one scheme and format."""
    wire = Wire(format="XML" if name == "xml" else "JSON", signing="v3" if scheme == "v3" else "v1")
    return ask_again(client, lambda: client.send("DescribeRegions", [], wire=wire, deadline=deadline), valid=True)


def _works(exchange: Exchange) -> bool:
    """Whether this is an answer of ECS to a caller that it knows."""
    answer = decode(exchange)
    if answer is None or not {"Regions", "RequestId", "Code"} & set(answer):
        return False
    return 200 <= exchange.status < 300 or code_of(exchange).startswith(NOT_OFFERED)


def _is(name: str, exchange: Exchange) -> bool:
    """Whether the body is of this format."""
    return exchange.body.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == (b"<" if name == "xml" else b"{")


def _told(exchange: Exchange) -> str:
    if exchange.outcome != "answered":
        return f"{exchange.outcome} ({exchange.detail})"
    code = code_of(exchange)
    if code:
        return f"HTTP {exchange.status} {code}: {message_of(exchange)[:200]}"
    if 200 <= exchange.status < 300 and _works(exchange):
        return f"HTTP {exchange.status}"
    return f"HTTP {exchange.status}: what answers there does not speak ECS"


def skew_of(exchange: Exchange, now: float) -> float | None:
    """Seconds by which the endpoint's clock is ahead of ours, None if it does not tell. now: when the answer came."""
    try:
        return parsedate_to_datetime(header(exchange.headers, "date")).timestamp() + 0.5 - now
    except (TypeError, ValueError, OverflowError):
        return None


def _clock(answers: list[Exchange], accepted: bool) -> tuple[float, str]:
    """(seconds to correct for, what is wrong with this machine's clock).

    An endpoint that accepts our time stamps although its Date header is further off than they may be has a wrong
    header, or looks at no clock: that is for the probes of time to tell.
    """
    told = [skew_of(one, one.at + one.seconds) for one in answers if one.outcome == "answered"]
    known = sorted(skew for skew in told if skew is not None)
    if not known:
        return 0.0, ""
    skew = known[len(known) // 2]
    if abs(skew) <= RESOLUTION or (accepted and abs(skew) > CLOCK_WINDOW):
        return 0.0, ""
    if abs(skew) <= CLOCK_OFF:
        return skew, ""
    way = "behind" if skew > 0 else "ahead of"
    return skew, (
        f"this machine's clock is {abs(skew) / 60:.0f} minutes {way} the endpoint's; set it, because signatures and "
        "the probes of time rest on it"
    )
