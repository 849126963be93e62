"""The records of all workers and what the controller knows -> Results, and from there to results.json.

Verdicts are decided in `oracle.verdicts`; this file puts everything together that a report may need.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import platform
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from eni_conformance.conformance import curve, deviations, narrow
from eni_conformance.conformance.commands import ENDED_EARLY, OK, VIOLATED
from eni_conformance.contract import codec, rows
from eni_conformance.contract.detach import CONTRACTS, full_id, short_id
from eni_conformance.contract.rules import Operation
from eni_conformance.harness.account.book import KINDS, Book
from eni_conformance.harness.redact import Redactor
from eni_conformance.oracle import sentences, verdicts
from eni_conformance.oracle.findings import RepeatedId
from eni_conformance.oracle.results import (
    MOST_SAMPLES,
    Again,
    Bought,
    Cost,
    Duel,
    Environment,
    Lease,
    Observation,
    Passing,
    RequirementResult,
    Results,
    Run,
    Samples,
    Suite,
    Target,
    Violation,
)
from eni_conformance.oracle.tally import Record, Tally, summed
from eni_conformance.reports import files

FILE = "results.json"


def compose(
    contract: Operation,
    folder: Path,
    records: Sequence[Record],
    target: Target,
    run: Run,
    calls: Mapping[str, int],
    incomplete: str = "",
) -> Results:
    """The results out of the records of all workers. incomplete: why not everything was tried."""
    records = (*records, *(_repeated(*found) for found in verdicts.repeated_request_ids(folder)))
    total = summed(records)
    requirements = verdicts.fold(contract, records, frozenset(target.callers), incomplete, _kills())
    chosen = narrow.chosen(run.only, contract)
    return Results(
        run,
        suite=Suite("eni-conformance", version(), commit()),
        target=target,
        requirements=tuple(
            one if not chosen or short_id(one.id) in chosen else _left_out(one, run.only) for one in requirements
        ),
        observations=_observations(total),
        calls=dict(sorted(calls.items())),
        coverage=verdicts.coverage(total, target.control),
        latency=_samples(record.latency for record in records),
        settle=_samples(record.settle for record in records),
        atlas=_atlas(total),
        answers=_answers(total),
        environment=Environment(platform.python_version(), platform.platform(), _packages()),
        shallow=_shallow(total, records, partial=bool(run.only)),
        violations=tuple(
            entry
            for record in records
            for entry in record.violations
            if not chosen or chosen & {entry.requirement, *entry.also}
        ),
        once=verdicts.seen_once(records),
        passing=_passing(total.passing),
        repeated=_passing(total.repeated),
        judged_calls=total.detach_calls,
        successes=total.successes,
        bought=_bought(contract, total, run, sum(calls.values())) if run.calls else None,
    )


def _passing(came: Mapping[str, Counter[str]]) -> tuple[Passing, ...]:
    """Operation -> answer -> how often, as rows."""
    return tuple(Passing(op, answer, n) for op, counts in sorted(came.items()) for answer, n in counts.most_common())


def _bought(contract: Operation, total: Tally, run: Run, spent: int) -> Bought:
    """What so many calls came to."""
    judged = sum(1 for row in contract.errors if total.judged[row])
    kills = curve.killed_by(run.calls)
    return Bought(run.calls, spent, len(contract.errors), judged, len(total.pairs), kills)


def _left_out(row: RequirementResult, only: str) -> RequirementResult:
    """A requirement that the user has left out; what was seen of it in passing decides nothing."""
    return replace(
        row, verdict="not-exercised", reason=f"narrowed by the user (-k {only})", judged=0, provoked=0, by_common=(),
        evidence=(), violations=0, missing="", strength=None,
    )  # fmt: skip


def accept(
    results: Results, known: tuple[deviations.Deviation, ...], quiet: Mapping[str, int] = MappingProxyType({})
) -> Results:
    """The results with known deviations taken into account, and the problems of their file. quiet: by entry, in how
    many runs in a row before this one it was not needed."""
    if not known:
        return results
    today = datetime.datetime.now(datetime.UTC).date()
    made = deviations.apply(results.requirements, results.violations, known, today, quiet)
    return replace(
        results,
        requirements=made.requirements,
        problems=made.problems,
        warnings=made.warnings,
        deviations=made.entries,
    )


def write(folder: Path, results: Results, redactor: Redactor | None = None) -> None:
    """Write results.json, whole or not at all, without secrets."""
    text = files.text(results)
    files.write_text(folder / FILE, redactor.text(text) if redactor else text)


def cost(books: Sequence[Book], leased: Mapping[str, int], now: float) -> Cost:
    """What the run created, how long it had it, and how many worlds it served, from its ledgers and records."""
    owned = [(one, book.gone.get(one.id)) for book in books for one in book.owned.values()]
    leases: dict[str, Lease] = {}
    for kind in KINDS:
        spans = [(one.at, max(one.at, end or now)) for one, end in owned if one.kind == kind]
        if spans:
            leases[kind] = Lease(
                kind,
                created=len(spans),
                at_once=_most_at_once(spans),
                seconds=round(sum(end - begin for begin, end in spans if begin), 1),
                served=leased.get(kind, 0),
                left=tuple(one.id for one, end in owned if one.kind == kind and end is None),
            )
    none = Lease("none")
    instances, interfaces = leases.get("instance", none), leases.get("eni", none)
    worlds = leased.get("world", 0)
    return Cost(instances.created, interfaces.created, instances.seconds, worlds, tuple(leases.values()))


def _most_at_once(spans: list[tuple[float, float]]) -> int:
    """How many of these stretches of time overlap at most."""
    most = alive = 0
    for _, step in sorted(edge for begin, end in spans for edge in ((begin, 1), (end, -1))):
        alive += step
        most = max(most, alive)
    return most


def _kills() -> dict[str, int] | None:
    """What the suite's own proof has shown, None if this installation has none."""
    path = Path(__file__).parent / "kills.json"
    return codec.build(dict[str, int], json.loads(path.read_text()), path.name) if path.exists() else None


def _repeated(request_id: str, one: str, other: str) -> Record:
    """A record for a RequestId that two workers received."""
    entry = Violation(
        requirement=rows.REQUEST_ID_UNIQUE,
        key=f"{full_id(rows.REQUEST_ID_UNIQUE)}-workers",
        cause=f"shape:{rows.REQUEST_ID_UNIQUE}",
        summary=sentences.KINDS[RepeatedId].did,
        detail=f"RequestId {request_id} came in exchanges {one} and {other}",
        certainty=1.0,
        again=Again(1, 1),
        test="all",
    )
    return Record("fold", violations=(entry,))


def _samples(kept: Iterable[Mapping[str, Sequence[float]]]) -> dict[str, Samples]:
    """The distributions of all workers, joined and cut."""
    out: dict[str, list[float]] = {}
    for distributions in kept:
        for key, values in distributions.items():
            out.setdefault(key, []).extend(round(float(v), 5) for v in values)
    return {key: tuple(values[:MOST_SAMPLES]) for key, values in out.items()}


def _observations(total: Tally) -> tuple[Observation, ...]:
    out = []
    for name, counts in sorted(total.observations.items()):
        value = ", ".join(f"{v} ({n})" for v, n in counts.most_common(6))
        shown = [f"{v}: {e}" for v in counts for e in total.examples[f"{name}={v}"][:2]]
        out.append(Observation(name, value, tuple(shown[:8]), dict(counts)))
    return tuple(out)


def _atlas(total: Tally) -> tuple[Duel, ...]:
    """Which of two faults answered, of each pair that was tried ("E11 stopped + E12 primary")."""
    out = []
    for pair, counts in sorted(total.atlas.items()):
        (one, _, how), (other, _, how_other) = (fault.partition(" ") for fault in pair.split(" + ", 1))
        winner, n = counts.most_common(1)[0]
        out.append(
            Duel(
                full_id(one),
                full_id(other),
                winner=full_id(winner) if winner in CONTRACTS["2024"].requirements else winner,
                stable=len(counts) == 1,
                n=counts.total(),
                faults=(how, how_other),
                share=round(n / counts.total(), 3),
            )
        )
    return tuple(out)


def _answers(total: Tally) -> dict[str, dict[str, int]]:
    """The answers to each kind of call; what it breaks is named by full ids."""
    out = {}
    for key, counts in sorted(total.answers.items()):
        broken, _, rest = key.partition(" | ")
        out[f"{' '.join(map(full_id, broken.split()))} | {rest}"] = dict(sorted(counts.items()))
    return out


def _packages() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in ("hypothesis", "pytest", "requests", "pytest-xdist")}


def _shallow(total: Tally, records: Sequence[Record], *, partial: bool) -> tuple[str, ...]:
    """Warnings that a green run may mean little."""
    out = []
    successes, calls = total.successes, total.detach_calls
    if calls and successes < 10 and not partial:
        out.append(f"only {successes} of {calls} calls were accepted: the effects of a success were hardly tried")
    if not calls:
        out.append("no call was judged")
    notes = [note for record in records for note in record.notes]
    if notes:
        first = re.sub(r"\[[^\]]*\]", "", notes[0]).removeprefix("test_").replace("_", " ")
        parts = f"{len(notes)} part{'s were' if len(notes) > 1 else ' was'} cut short ({first}, ...)"
        out.append(f"the time of this effort was up: {parts}; more effort or workers (-n) go on")
    return tuple(out)


def version() -> str:
    """The suite's version."""
    try:
        return importlib.metadata.version("eni-conformance")
    except importlib.metadata.PackageNotFoundError:
        return "0.1.0"


def commit() -> str:
    """The commit of the source that runs, of a checkout or of an installation from one; "" where nobody tells."""
    root = Path(__file__).resolve().parents[1]
    if (root / ".git").exists():
        told = [_git(root, "rev-parse", "--short=12", "HEAD"), "+" * bool(_git(root, "status", "--porcelain", "-uno"))]
        return "".join(told) if told[0] else ""
    try:
        origin = importlib.metadata.distribution("eni-conformance").read_text("direct_url.json")
        return str(json.loads(origin or "{}").get("vcs_info", {}).get("commit_id", ""))[:12]
    except (importlib.metadata.PackageNotFoundError, ValueError, AttributeError):
        return ""


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=10)  # noqa: S603, S607
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def status_of(results: Results, incomplete: bool) -> int:
    """The exit status of the run (design: 0, 1 or 4). A run that has judged nothing has not ended well."""
    counted: Counter[str] = Counter(requirement.verdict for requirement in results.requirements)
    if results.problems or counted["violated"]:
        return VIOLATED
    judged = any(requirement.judged for requirement in results.requirements)
    return ENDED_EARLY if incomplete or counted["error"] or not judged else OK
