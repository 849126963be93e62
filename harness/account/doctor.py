"""Can this target be used, as whom, and for what: asked in the same words as a run asks, and told with what to do.

Each question is a Check with an answer and, if it is a bad one, with what to do. Permissions are asked with dry runs
where the service has them, else by calls about resources that do not exist: the service decides about permission before
it looks for the resource. Identifiers for that are made at random. So nothing is created or changed, with two
exceptions, both told, and both given back at once: an endpoint that ignores dry runs may carry one out, and a control
protocol can only be checked on resources.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from eni_conformance.contract import rows
from eni_conformance.contract.detach import CALLER_OF, CALLERS, CONTRACTS, IDS, ORDERS, STRANGER, full_id
from eni_conformance.contract.rules import Operation, Refusal
from eni_conformance.harness import control, ecs
from eni_conformance.harness.account import control_check, control_orders, marks
from eni_conformance.harness.account.control_orders import ControlCheck
from eni_conformance.harness.account.permissions import permissions
from eni_conformance.harness.account.question import Check, ask, give_back, looking, owning, seen_of, unknown_id
from eni_conformance.harness.account.stock import stock
from eni_conformance.harness.account.survey import CLOCK_OFF, NOT_OFFERED, Survey, survey
from eni_conformance.harness.account.views import kept_alive, views
from eni_conformance.harness.codec import code_of, decode, listing
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.target import ALL_OFFERS, Offers, Target, TargetError, abroad, load_target
from eni_conformance.harness.values import Pair
from eni_conformance.harness.wire.client import Client

OF_FORMAT = tuple((row, name.lower()) for name, row in rows.SUCCESS_IN.items())
"""The requirement that each format has of its own."""


@dataclass(frozen=True)
class Provokable:
    """Whether a requirement can be tried here; `missing` says what it needs that is not there."""

    requirement: str
    title: str
    possible: bool
    missing: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """All checks, and what can be tried. `usable`: nothing stands in the way of a run."""

    target: str
    endpoint: str
    usable: bool
    checks: tuple[Check, ...]
    requirements: tuple[Provokable, ...]


UNKNOWN_IDS = tuple(one.exists for one in IDS if one.thing != "region")
"""The rules that the question to each caller breaks besides: it names resources that do not exist."""


def diagnose(target: Target, client: Client, contract: Operation) -> Diagnosis:
    """Ask everything. The client's skew becomes what was found. Raises TargetError if the account's credential cannot
    be had."""
    checks = [Check("target file", "warning", one, "mend it before secrets leak") for one in target.warnings]
    found = survey(client)
    every = found
    if target.offers != Offers() and found.asked:
        every = survey(Client(replace(target, offers=Offers()), worker="doctor", clock=client.clock))
    checks += [reach(target, found), clock(found), account(target, found)]
    if every.asked and every.offers.formats and every.offers.signing:
        checks += [formats(target, every), schemes(target, every)]
    declared, target = target, replace(target, offers=found.offers)
    client.skew = found.skew
    offer = control.offer(target)
    if not found.problem:
        checks += region(target, client)
        checks.append(vpc(target, client))
        checks += callers(target, client, contract)
        checks += permissions(target, client)
        checks += views(target, client)
        checks.append(kept_alive(target, client))
        checks += stock(target, client)
        checks += leftovers(target, client)
    fine = not any(check.answer == "problem" for check in checks)
    orders, usable = protocol(target, client, offer, fine)
    checks += orders
    fine = not any(check.answer == "problem" for check in checks)
    tried = provokable(contract, declared, usable, broken=offer.capabilities - usable, found=found.offers)
    return Diagnosis(target.name, target.endpoint, fine, tuple(checks), tried)


def provokable(
    contract: Operation,
    target: Target,
    offered: frozenset[str],
    *,
    broken: frozenset[str] = frozenset(),
    found: Offers = ALL_OFFERS,
) -> tuple[Provokable, ...]:
    """Which requirements can be tried with these callers, this control protocol and these formats and schemes. Pure.

    broken: capabilities that are offered besides and do not do what their document says. found: what was found to work.
    """
    made = []
    lacking = _lacking(target.offers, found)
    for short, requirement in contract.requirements.items():
        missing = lacking.get(short, "")
        order = ORDERS[short].op if short in ORDERS else ""
        if short in CALLER_OF and CALLER_OF[short] not in target.callers:
            missing = f"a caller: [callers.{CALLER_OF[short]}]"
        elif order in broken:
            missing = f"the control protocol to do what its document says: {order}"
        elif order and order not in offered:
            missing = f"the control protocol: {order}"
        elif requirement.needs == "control" and not order:
            missing = requirement.beyond.removeprefix("needs ")
        made.append(Provokable(full_id(short), requirement.title, not missing, missing))
    return tuple(made)


def _lacking(declared: Offers, found: Offers) -> dict[str, str]:
    """The requirements that need a format or scheme which is not there. A format that the file does not leave out is
    tried even so: that it does not work is then a finding."""
    out = {
        r: f"{n.upper()} among offers.formats"
        for r, n in OF_FORMAT
        if n not in (declared.formats or ALL_OFFERS.formats)
    }
    for row, key, what in (
        (rows.FORMATS_ALIKE, "formats", "a second format"),
        (rows.SCHEMES_ALIKE, "signing", "a second signature scheme"),
    ):
        given = [getattr(one, key) for one in (declared, found) if getattr(one, key)]
        if any(len(names) < 2 for names in given):
            out[row] = what
    return out


NO_ECS = "does not speak ECS"
"""How a survey's words end where what listens there is something else."""


def reach(target: Target, found: Survey) -> Check:
    """Is there an endpoint that speaks HTTP and sends answers that can be read?"""
    name = "endpoint"
    if found.problem.startswith("tls"):
        return Check(name, "problem", found.problem, "check the certificate; REQUESTS_CA_BUNDLE names a private CA")
    if found.problem and not found.asked:
        return Check(name, "problem", found.problem, f"check that {target.endpoint} is up and can be reached")
    if found.problem and all(NO_ECS in came or not came.startswith("HTTP") for _, _, came in found.asked):
        advice = f"what listens at {target.endpoint} is no ECS: check host, port and scheme"
        return Check(name, "problem", found.asked[0][2], advice)
    return Check(name, "ok", f"{target.endpoint} answers")


def clock(found: Survey) -> Check:
    """Do the two clocks agree well enough for signatures?"""
    if abs(found.skew) > CLOCK_OFF:
        return Check(
            "clock", "problem", _clocks(found.skew), "set this machine's clock: a run does not begin like this"
        )
    if found.skew:
        return Check("clock", "ok", f"{_clocks(found.skew)}: corrected for")
    if not found.asked:
        return Check("clock", "unknown", "not asked")
    return Check("clock", "ok", "agrees with the endpoint's, or the endpoint does not tell")


def _clocks(skew: float) -> str:
    """How far this machine's clock is off. skew: seconds by which the endpoint's is ahead."""
    way = "behind" if skew > 0 else "ahead of"
    size = f"{abs(skew):.0f} s" if abs(skew) <= CLOCK_OFF else f"{abs(skew) / 60:.0f} minutes"
    return f"this machine is {size} {way} the endpoint"


def account(target: Target, found: Survey) -> Check:
    """Are the credentials of the account accepted?"""
    name, source = "caller account", f"credentials from {target.callers['account'].source}"
    if not found.problem:
        return Check(name, "ok", f"{source} are accepted")
    came = {text for _, _, text in found.asked if text.startswith("HTTP") and NO_ECS not in text}
    refused = sorted(text for text in came if not text.removeprefix("HTTP ").startswith("2"))
    if abs(found.skew) > CLOCK_OFF or not refused:
        return Check(name, "unknown", "not known before what is wrong above is mended" if found.asked else "not asked")
    seen = "; ".join(refused[:3])
    key = any(word in seen for word in ("AccessKey", "SecurityToken", "Signature", "Incomplete"))
    advice = "check the AccessKey, log in again" if key else "see the code"
    return Check(name, "problem", f"{source}: {seen}"[:500], advice)


def formats(target: Target, every: Survey) -> Check:
    """Which formats work, and does the target file say so? every: what was asked whatever the file says."""
    works = every.offers.formats if not every.problem else ()
    lost = [row for row, name in OF_FORMAT if name not in works]
    cost = f"a run finds {' and '.join(lost)} violated"
    return _offered("formats", target.offers.formats, works, ALL_OFFERS.formats, _reasons(every, 1), cost)


def schemes(target: Target, every: Survey) -> Check:
    """Which signature schemes work, and does the target file say so?"""
    works = every.offers.signing if not every.problem else ()
    cost = "M03 is not exercised"
    return _offered("signing", target.offers.signing, works, ALL_OFFERS.signing, _reasons(every, 0), cost)


def _reasons(every: Survey, place: int) -> dict[str, str]:
    """What came first where each format (place 1) or scheme (place 0) was asked for."""
    out: dict[str, str] = {}
    for one in every.asked:
        out.setdefault(one[place], one[2])
    return out


def _offered(
    key: str,
    declared: tuple[str, ...],
    works: tuple[str, ...],
    known: tuple[str, ...],
    came: Mapping[str, str],
    cost: str,
) -> Check:
    """What works beside what the file declares under [offers]. cost: what it means if something known is lacking."""
    name = "formats" if key == "formats" else "signature schemes"
    wanted = declared or known
    lacking = [one for one in wanted if one not in works]
    shown = _list(works) or "none works"
    why = "; ".join(f"{one.upper()}: {_refused(came.get(one, 'not asked'))}" for one in lacking)
    write = f"write {key} = {json.dumps(list(works))} under [offers]"
    if lacking and declared:
        return Check(name, "warning", f"{shown}; the file declares what does not work: {why}", f"mend it, or {write}")
    if lacking:
        return Check(name, "warning", f"{shown}; {why}", f"{cost}; if that is how it is meant, {write}")
    more = [one for one in works if one not in wanted]
    said = f"{_list(wanted)}, as the file declares" if declared else shown
    return Check(name, "ok", f"{said}; {_list(more)} works, too, and is left out" if more else said)


def _list(names: Sequence[str]) -> str:
    return " and ".join(one.upper() for one in names)


def _refused(came: str) -> str:
    """What came, without the message; a success is one in another form than was asked for."""
    said = came.partition(":")[0]
    return "answered in another format" if said.startswith("HTTP 2") else said


def region(target: Target, client: Client) -> list[Check]:
    """Does the endpoint know the regions of the target file?"""
    listed = listing(decode(ask(target, client, "DescribeRegions", [])), "Regions", "Region")
    known = {str(entry.get("RegionId")) for entry in listed if isinstance(entry, Mapping)}
    if not known:
        return [Check("region", "unknown", "the endpoint lists no regions")]
    checks = []
    for name, wanted in (("region", target.region), ("second_region", target.second_region)):
        if wanted:
            fine = wanted in known
            checks.append(
                Check(
                    name,
                    "ok" if fine else "problem" if name == "region" else "warning",
                    f"{wanted} is {'one of' if fine else 'not among'} {len(known)} regions",
                    "" if fine else f"name another region, such as {min(known - {target.region}, default=min(known))}",
                )
            )
    return checks


def vpc(target: Target, client: Client) -> Check:
    """Are the VPC operations there? One that cannot describe may still be able to create."""
    got = ask(target, client, "DescribeVpcs", [("RegionId", target.region)], vpc=True)
    if ecs.succeeded(got):
        return Check("VPC operations", "ok", f"{target.vpc_endpoint} answers")
    if target.setup.vpc_id and target.setup.vswitch_id:
        return Check("VPC operations", "warning", seen_of(got), "a second zone cannot be laid out")
    other = ask(target, client, "DeleteVpc", [("RegionId", target.region), ("VpcId", unknown_id("vpc-", 21))], vpc=True)
    if other.outcome == "answered" and code_of(other) and not code_of(other).startswith(NOT_OFFERED):
        seen = f"DescribeVpcs: {seen_of(got)}"
        return Check("VPC operations", "warning", seen, "what is created is taken at its word")
    return Check("VPC operations", "problem", seen_of(got), "name vpc_id and vswitch_id under [setup]")


def _detach(target: Target) -> list[Pair]:
    return [
        ("RegionId", target.region),
        ("InstanceId", unknown_id("i-")),
        ("NetworkInterfaceId", unknown_id("eni-")),
    ]


def breaks(caller: str) -> tuple[str, ...]:
    """The rules that a caller of this name breaks, () if no requirement uses it. Pure."""
    return (CALLERS[caller].name,) if caller in CALLERS else ()


def callers(target: Target, client: Client, contract: Operation) -> list[Check]:
    """Is each further caller what its name says?"""
    checks = []
    for name in target.callers:
        if name == "account":
            continue
        broken = breaks(name)
        if not broken:
            near = difflib.get_close_matches(name, CALLER_OF.values(), 1)
            advice = f"did you mean {near[0]}?" if near else f"known: {', '.join(CALLER_OF.values())}"
            checks.append(Check(f"caller {name}", "warning", "no requirement uses it", advice))
            continue
        try:
            got = ask(target, client, "DetachNetworkInterface", _detach(target), caller=name)
        except TargetError as error:
            checks.append(Check(f"caller {name}", "problem", str(error), "mend or remove it"))
            continue
        checks.append(shown_by(contract, name, got.status, code_of(got), seen_of(got)))
    return checks


def shown_by(contract: Operation, caller: str, status: int, code: str, seen: str) -> Check:
    """What a refusal of a detach that names nothing tells of a caller. Pure.

    A code that any caller may get who names what does not exist tells nothing of one who is refused for who they are.
    """
    anybody = {refusal.code for name in UNKNOWN_IDS for refusal in contract.refusals(name)}
    admitted = [refusal for name in breaks(caller) for refusal in contract.refusals(name)]
    fits = [refusal for refusal in admitted if refusal.code == code and status in refusal.http]
    stranger = caller == STRANGER
    told = f"{seen} (by the common table)" if fits and all(one.table == "common" for one in fits) else seen
    if fits and (stranger or code not in anybody):
        return Check(f"caller {caller}", "ok", told)
    if fits:
        return Check(f"caller {caller}", "unknown", told, "anybody may get that who names what does not exist")
    telling = [refusal for refusal in admitted if stranger or refusal.code not in anybody]
    return Check(f"caller {caller}", "warning", seen, f"{_choices(telling)} would show what it is")


def _choices(refusals: Sequence[Refusal]) -> str:
    """Statuses and codes, those of the page first."""
    ordered = sorted(refusals, key=lambda refusal: refusal.table != "page")
    return " or ".join(dict.fromkeys(f"{one.http[0]} {one.code}" for one in ordered))


def leftovers(target: Target, client: Client) -> list[Check]:
    """Did earlier runs leave anything, in either region?"""
    found: list[marks.Item] = []
    doubtful: list[marks.Left] = []
    for place in (target, abroad(target)) if target.second_region else (target,):
        there = client if place is target else Client(place, worker="doctor", clock=client.clock, skew=client.skew)
        session = looking(place, there)
        items, strange = marks.tagged(session)
        found += items
        doubtful += strange
        session.ledger.close()
    checks = []
    runs = sorted({item.run_id for item in found})
    if found:
        checks.append(
            Check(
                "leftovers",
                "warning",
                f"{len(found)} resources of {len(runs)} runs: {', '.join(runs[:5])}",
                "if those runs have ended: eni-conformance janitor --target FILE",
            )
        )
    strange = [one for one in doubtful if one.item.id]
    if strange:
        checks.append(
            Check(
                "tagged by others",
                "warning",
                ", ".join(f"{one.item.id} ({one.why})" for one in strange[:5]),
                "they are left alone; take the tag off",
            )
        )
    return checks or [Check("leftovers", "ok", "none")]


CONTROL = "control protocol"


def protocol(target: Target, client: Client, offer: control.Offer, fine: bool) -> tuple[list[Check], frozenset[str]]:
    """Is the control protocol offered, and does it do what its document says? And the capabilities to rely on.

    fine: nothing else stands in the way. Only then is it tried, on resources that are created for it and removed.
    """
    offered = offer.capabilities & control_orders.KNOWN
    if not target.control_url:
        return [Check(CONTROL, "ok", "none is named; rows that need it are not tried")], frozenset()
    if offer.problem:
        advice = "correct or remove control.url: a run does not begin like this"
        return [Check(CONTROL, "problem", offer.problem, advice)], frozenset()
    if not fine:
        return [Check(CONTROL, "unknown", f"{len(offered)} capabilities, not tried before the rest is mended")], offered
    session = owning(target, client)
    found, failed = ControlCheck({}, 0, {}), ""
    try:
        ground = ecs.lay_ground(session)
        found = control_check.check(session, ground, offered)
    except ecs.SetupError as error:
        failed = str(error)
    finally:
        made, left = give_back(session)
    usable = control_orders.usable(offered, found)
    given = f"created and removed {made} resources"
    if failed:
        seen = f"could not be tried: {failed[:300]}; {given}"
        return [
            Check(CONTROL, "problem", seen, "a run builds its ground in the same way, and ends there"),
            *left,
        ], offered
    good = f"{len(usable)} of {len(offered)}" if usable != offered else f"{len(offered)}"
    checks = [Check(CONTROL, "ok", f"{good} capabilities can be relied on; to try them, {given}")]
    checks += _wrong(offered - usable, found)
    return checks + left, usable


def _wrong(broken: frozenset[str], found: ControlCheck) -> list[Check]:
    """A line for each order that does something else, and for each reason why some could not be tried."""
    checks = []
    also = sorted(broken - set(found.problems))
    for name, text in found.problems.items():
        undoes = also if name in ("reset", "release") else []
        advice = f"a run does without {', '.join(dict.fromkeys([name, *undoes]))}: see docs/control-protocol.md"
        if name == control_orders.PROTOCOL:
            advice = "see docs/control-protocol.md"
        checks.append(Check(CONTROL, "warning", f"{name}: {text}", advice))
    reasons: dict[str, list[str]] = {}
    for name, why in sorted(found.untried.items()):
        reasons.setdefault(why, []).append(name)
    for why, names in reasons.items():
        checks.append(Check(CONTROL, "unknown", f"{', '.join(names)}: could not be tried: {why}"))
    return checks


def told(diagnosis: Diagnosis) -> str:
    """The diagnosis in words."""
    marks = {"ok": "ok", "warning": "note", "problem": "BAD", "unknown": "?"}
    lines = [f"{diagnosis.target}  {diagnosis.endpoint}", ""]
    for check in diagnosis.checks:
        lines.append(f"  {marks[check.answer]:<5} {check.name:<24} {check.seen}")
        if check.advice:
            lines.append(f"  {'':<5} {'':<24} -> {check.advice}")
    possible = sum(1 for one in diagnosis.requirements if one.possible)
    lines += ["", f"{possible} of {len(diagnosis.requirements)} requirements can be tried here."]
    missing: dict[str, list[str]] = {}
    for one in diagnosis.requirements:
        if not one.possible:
            missing.setdefault(one.missing, []).append(one.requirement)
    lines += [f"  {', '.join(names)}\n      needs {need}" for need, names in missing.items()]
    lines += ["", "The target can be used." if diagnosis.usable else "The target cannot be used as it is."]
    return "\n".join(lines)


def main(args: Any) -> int:
    """The subcommand. Exit status: 0 usable, 2 configuration, 3 not usable."""
    try:
        target = load_target(args.target, allow_plain_http=args.allow_plain_http)
        client = Client(target, worker="doctor")
        diagnosis = diagnose(target, client, CONTRACTS[args.revision or target.edition])
    except TargetError as error:
        print(error, file=sys.stderr)
        return 2
    text = json.dumps(asdict(diagnosis), indent=2) if args.json else told(diagnosis)
    print(Redactor(target).text(text))
    return 0 if diagnosis.usable else 3
