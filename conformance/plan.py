"""What a run would do, told before it does it: calls by operation, resources, minutes, money.

The calls are those of a run that was made before: of the newest one below --out against the same target with
the same effort and revision, else of the runs that the table `plan.json` was measured from. A run's own
figures do not depend on the target except for waiting, so what changes from target to target is time: the
rate of calls, and how long transitions take. Nothing is created; the price is asked for if the endpoint can
be reached.

    make plan-table                          measures the table anew, from runs on the embedded emulator
"""

from __future__ import annotations

import json
import math
import socket
import statistics
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from eni_conformance.contract import codec
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.harness import control
from eni_conformance.harness.account import doctor, stock
from eni_conformance.harness.account.survey import survey
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.target import Target, TargetError, load_target
from eni_conformance.harness.wire import transport
from eni_conformance.harness.wire.client import Client
from eni_conformance.oracle.results import Results, Run
from eni_conformance.reports import files

TABLE = Path(__file__).with_name("plan.json")

ROUGH_PRICE = 0.5
"""CNY an hour of a small pay-as-you-go instance, of the order of the vendor's list price."""

SECONDS: Mapping[str, float] = {
    "AttachNetworkInterface": 4.0,
    "DetachNetworkInterface": 4.0,
    "DeleteNetworkInterface": 2.0,
    "RunInstances": 40.0,
    "StartInstance": 30.0,
    "StopInstance": 25.0,
    "RebootInstance": 30.0,
    "DeleteInstance": 20.0,
}
"""Seconds that a transition takes at the real service, from the first polls and time-outs of its clients."""


@dataclass(frozen=True)
class Figures:
    """What runs of one kind took, the median of each figure. control: with the control protocol. of: how many runs.
    seconds: that one worker takes. calls: by operation. allowed: calls that each might send at most, 0 for no such
    number."""

    effort: str
    revision: str
    control: bool
    of: int
    seconds: float
    calls: Mapping[str, int]
    allowed: int = 0


@dataclass(frozen=True)
class Table:
    """The content of `plan.json`."""

    runs: tuple[Figures, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """What a run would do. `source`: where the figures come from. money 0 on loopback.

    calls: by operation; seconds: wall time; instances and interfaces: alive at once, at most.
    fits: whether it ends within limits.minutes.
    """

    source: str
    calls: Mapping[str, int]
    total: int
    seconds: float
    instances: int
    interfaces: int
    hours: float
    money: float
    currency: str
    fits: bool
    notes: tuple[str, ...] = ()


def measured(
    effort: str, revision: str, control: bool, *, calls: int = 0, table: Path = TABLE
) -> tuple[dict[str, int], float, str]:
    """Calls by operation, seconds on the emulator, and the source, for an effort. ({}, 0, why) if unknown.

    control: whether the target offers the control protocol, without which much cannot be tried. calls: at most so many,
    0 for as many as it takes.
    """
    try:
        rows = codec.build(Table, json.loads(table.read_text("utf-8")), table.name).runs
    except (OSError, ValueError):
        return {}, 0.0, "no figures are known"
    if calls:
        return _counted([row for row in rows if row.allowed], control, calls)
    wanted = effort, revision, control
    # What matters most decides which row is nearest; of unlike efforts the last is the largest.
    near = max(
        (row for row in reversed(rows) if not row.allowed),
        key=lambda row: [mine == asked for mine, asked in zip(_like(row), wanted, strict=True)],
        default=None,
    )
    if near is None:
        return {}, 0.0, "no figures are known"
    source = f"{near.of} runs on the embedded emulator"
    other = [
        f"--effort {near.effort}" if near.effort != effort else "",
        f"revision {near.revision}" if near.revision != revision else "",
        f"{'with' if near.control else 'without'} the control protocol" if near.control != control else "",
    ]
    told = ", ".join(filter(None, other))
    return dict(near.calls), near.seconds, f"{source}, made {told}" if told else source


def _like(row: Figures) -> tuple[str, str, bool]:
    return row.effort, row.revision, row.control


def _counted(rows: Sequence[Figures], control: bool, calls: int) -> tuple[dict[str, int], float, str]:
    """The same for a run of so many calls: that of the measured size which is nearest, in proportion."""
    if not rows:
        return {"calls in all": calls}, 0.0, "the number of calls that is allowed"
    near = min(rows, key=lambda row: (row.control != control, abs(math.log(row.allowed / calls))))
    part = calls / near.allowed
    told = {name: round(part * n) for name, n in near.calls.items()}
    return told, part * near.seconds, f"{near.of} runs of at most {near.allowed} calls on the emulator"


def earlier(out: Path, target: Target, effort: str, revision: str) -> tuple[dict[str, int], float, str] | None:
    """The same of the newest complete run below `out` that is like the one planned; None if there is none."""
    for path in sorted(out.glob("*/results.json"), reverse=True) if out.is_dir() else ():
        try:
            told = files.load(path)
        except (OSError, ValueError):
            continue
        run = told.run
        alike = (run.effort, run.revision, told.target.endpoint) == (effort, revision, target.endpoint)
        if alike and run.exit in (0, 1) and not run.incomplete and not run.part:
            return dict(told.calls), run.seconds, f"run {run.id} on this target"
    return None


def predict(
    target: Target,
    *,
    effort: str,
    revision: str,
    control: bool,
    workers: int = 1,
    out: Path | None = None,
    price: tuple[float, str] | None = None,
    allowed: int = 0,
) -> Prediction:
    """What a run would do. price: of an instance for an hour, with its currency. allowed: calls that it may send at
    most, 0 for as many as it takes. Does no I/O but reading files."""
    own = earlier(out, target, effort, revision) if out is not None and not allowed else None
    calls, seconds, source = own or measured(effort, revision, control)
    if allowed and not 0 < sum(calls.values()) <= allowed:
        calls, seconds, source = measured(effort, revision, control, calls=allowed)
    total = sum(calls.values())
    limits = target.limits
    workers = max(1, workers)
    if own is None:
        rate = total / limits.requests_per_second if limits.requests_per_second else 0.0
        waits = 0.0 if target.loopback else _transitions(calls) / workers
        seconds = max(seconds / math.sqrt(workers), rate + waits)
    notes = []
    fits = seconds <= 60 * limits.minutes
    if not fits:
        affordable = math.floor(total * 60 * limits.minutes / seconds / 1.2 / 100) * 100
        less = f", or allow --calls {affordable}" if affordable >= 200 else ", or try less"
        notes.append(
            f"it would end early, after limits.minutes = {limits.minutes:g}: "
            f"raise it to {math.ceil(seconds / 60 * 1.2)}, raise limits.requests_per_second{less}"
        )
    instances = min(limits.instances, 3 * workers)
    hours = instances * min(seconds / 3600 + 0.1, limits.minutes / 60 + 0.1)
    per_hour, currency = (0.0, "CNY") if target.loopback else price or (ROUGH_PRICE, "CNY")
    if not target.loopback and price is None:
        notes.append("the price is a guess: the endpoint does not tell it")
    return Prediction(
        source,
        dict(sorted(calls.items())),
        total,
        round(seconds, 1),
        instances,
        min(limits.network_interfaces, 6 * workers + instances),
        round(hours, 2),
        round(hours * per_hour, 2),
        currency,
        fits,
        tuple(notes),
    )


def _transitions(calls: Mapping[str, int]) -> float:
    """Seconds spent waiting for transitions, one after the other; a refused detach starts none."""
    attached = calls.get("AttachNetworkInterface", 0)
    counts = {**calls, "DetachNetworkInterface": min(calls.get("DetachNetworkInterface", 0), attached)}
    return sum(seconds * counts.get(action, 0) for action, seconds in SECONDS.items())


def difference(predicted: Mapping[str, int], actual: Mapping[str, int]) -> float:
    """By how much the predicted total differs from the actual one, as a fraction of the actual one."""
    total = sum(actual.values())
    return abs(sum(predicted.values()) - total) / total if total else 0.0


def learn(runs: Iterable[Path]) -> Table:
    """The table from finished runs: for each effort, revision and use of control, the median of each figure.

    Raises OSError or ValueError if one is not the result of a run, or is of a part of one. Runs whose calls were
    counted are told apart, by how many were allowed.
    """
    groups: dict[tuple[str, str, bool, int], list[Results]] = {}
    for path in runs:
        made = files.load(path)
        run = made.run
        if (run.part and not run.calls) or run.incomplete:
            raise ValueError(f"{path}: not a whole run")
        groups.setdefault((run.effort, run.revision, made.target.control, run.calls), []).append(made)
    return Table(tuple(_median(*kind, group) for kind, group in sorted(groups.items())))


def _median(effort: str, revision: str, offered: bool, allowed: int, group: Sequence[Results]) -> Figures:
    names = sorted({name for made in group for name in made.calls})
    return Figures(
        effort,
        revision,
        offered,
        len(group),
        round(statistics.median(_by_one_worker(made.run) for made in group), 1),
        {name: round(statistics.median(made.calls.get(name, 0) for made in group)) for name in names},
        allowed,
    )


def _by_one_worker(run: Run) -> float:
    """Seconds that one worker would have taken; `predict` reckons back the same way. Waiting and computing overlap, so
    workers gain by the square root of their number, as measured on two cores with one to four of them."""
    return run.seconds * math.sqrt(max(1, run.workers))


def told(target: Target, effort: str, prediction: Prediction) -> str:
    """The prediction in words."""
    limits = target.limits
    rate = f"{limits.requests_per_second:g} a second at most" if limits.requests_per_second else "as fast as it goes"
    lines = [
        f"{target.name}  {target.endpoint}  --effort {effort}",
        f"figures of {prediction.source}",
        "",
        f"  calls        {prediction.total}, {rate}",
        f"  time         {_duration(prediction.seconds)} (limits.minutes: {limits.minutes:g})",
        f"  instances    {prediction.instances} alive at once at most, {prediction.hours:g} instance hours",
        f"  interfaces   {prediction.interfaces} alive at once at most, those of instances included; free of charge",
        "  network      1 VPC, 2 vSwitches, 5 security groups, unless named under [setup]; free of charge",
        f"  money        about {prediction.money:.2f} {prediction.currency}",
        "",
    ]
    lines += [f"  {count:>8}  {action}" for action, count in sorted(prediction.calls.items(), key=lambda c: -c[1])]
    lines += ["", *(f"note: {note}" for note in prediction.notes)]
    return "\n".join(lines).rstrip()


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 100 else f"{seconds / 60:.0f} minutes"


RESOLVES_WITHIN = 4.0
"""Seconds within which an address must be found: a resolver may try for a minute."""


def unresolved(target: Target) -> str:
    """Why the endpoint's address cannot be found, "" if it is, or if a proxy is asked for it."""
    parts = urlsplit(target.endpoint)
    _, proxies = transport.environment(target.endpoint)
    if target.loopback or proxies.get(parts.scheme):
        return ""
    found: list[str] = []

    def look_up() -> None:
        try:
            socket.getaddrinfo(parts.hostname, parts.port or 443)
            found.append("")
        except OSError as error:
            found.append(str(error))

    asking = threading.Thread(target=look_up, daemon=True)
    asking.start()
    asking.join(RESOLVES_WITHIN)
    return found[0] if found else f"no answer within {RESOLVES_WITHIN:g} s"


def _price(target: Target) -> tuple[tuple[float, str] | None, str]:
    """The price of an hour of an instance, asked in what the endpoint offers, and why it cannot be asked."""
    found = survey(Client(target, worker="plan"), deadline=RESOLVES_WITHIN)
    if found.problem:
        return None, Redactor(target).text(found.problem)
    client = Client(target, worker="plan", skew=found.skew)
    return stock.price_here(replace(target, offers=found.offers), client), ""


def main(args: Any) -> int:
    """The subcommand. Exit status: 0, 2 for a configuration that cannot be used, 3 for an address that is not found."""
    try:
        target = load_target(args.target, allow_plain_http=args.allow_plain_http)
        if why := unresolved(target):
            print(f"{target.endpoint} cannot be used: its address is not found ({why})", file=sys.stderr)
            return 3
        offered = control.capabilities(target)
        price, problem = (None, "") if target.loopback else _price(target)
    except TargetError as error:
        print(error, file=sys.stderr)
        return 2
    prediction = predict(
        target,
        effort=args.effort,
        revision=args.revision or target.edition,
        control=bool(offered),
        workers=args.workers or 1,
        out=Path(args.out),
        price=price,
        allowed=args.calls or 0,
    )
    if problem:
        prediction = replace(prediction, notes=(*prediction.notes, f"{target.endpoint} cannot be used: {problem}"))
    missing = {
        one.requirement: one.missing
        for one in doctor.provokable(CONTRACTS[args.revision or target.edition], target, offered)
        if not one.possible
    }
    if args.json:
        print(json.dumps({**asdict(prediction), "not_exercised": missing}, indent=2))
    else:
        print(told(target, args.effort, prediction))
        for requirement, why in missing.items():
            print(f"not exercised here: {requirement} needs {why}")
    return 0


def calibrate(arguments: Sequence[str]) -> int:
    """Measure the table from runs and write it."""
    try:
        table = learn(Path(argument) for argument in arguments)
    except (OSError, ValueError) as error:
        print(f"not the result of a run: {error}", file=sys.stderr)
        return 2
    TABLE.write_text(json.dumps(codec.plain(table), indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(calibrate(sys.argv[1:]))
