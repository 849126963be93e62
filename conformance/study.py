"""A run as a whole: where it writes, what it is aimed at, the ground it stands on, and its end.

The controlling process opens a Study, lays the ground once, and closes it: teardown, verdicts, reports. Worker
processes join with the paths that the controller hands them. Everything needed to clean up or to report after a
crash is on disk before it is needed.
"""

from __future__ import annotations

import datetime
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eni_conformance.conformance import deviations, narrow, results
from eni_conformance.conformance.commands import UNUSABLE, USAGE
from eni_conformance.conformance.database import DatabaseError, open_database
from eni_conformance.conformance.embedded import EMBEDDED, NotStarted, start_emulator, stop_emulator
from eni_conformance.conformance.inquiry import LOST, Inquiry
from eni_conformance.contract import codec
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.rules import Operation, Revision
from eni_conformance.harness import control, ecs, journal
from eni_conformance.harness.account import control_check, control_orders, janitor, stock
from eni_conformance.harness.account import plan as plans
from eni_conformance.harness.account.control_orders import ControlCheck, Stand
from eni_conformance.harness.account.ledger import common_folder
from eni_conformance.harness.account.ledger import read as read_ledger
from eni_conformance.harness.account.survey import Survey, survey
from eni_conformance.harness.bench import pool, supply
from eni_conformance.harness.bench.look import STEP, STEP_NEARBY
from eni_conformance.harness.clock import REAL
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.stage import Stage
from eni_conformance.harness.target import Target, TargetError, abroad, load_target, shares
from eni_conformance.harness.wire.client import Client
from eni_conformance.oracle import results as told
from eni_conformance.oracle import verdicts
from eni_conformance.oracle.evidence import Endpoint
from eni_conformance.oracle.tally import read_all, summed
from eni_conformance.strategies.effort import EFFORTS, Effort

from eni_conformance import reports

ABROAD = "second-region"
"""Folder in a run's directory with the ledgers of what it created in the second region."""


class Refused(Exception):
    """The run cannot start. `status` is the exit status; the text says what is wrong and what to do."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Plan:
    """What the user asked for. last: directory of a run whose counterexamples are tried before anything else."""

    target: str = EMBEDDED
    revision: Revision = "2019"
    effort: str = "standard"
    seed: int = 0
    workers: int = 1
    out: str = "out"
    deviations: str = ""
    first_violation: bool = False
    strict: bool = False
    only: str = ""
    allow_plain_http: bool = False
    database: str = ""
    history: str = ""
    shard: str = ""
    last: str = ""

    @property
    def part(self) -> bool:
        """Whether this is less than a whole run by intent."""
        return bool(self.only or self.shard or self.first_violation)

    def command(self) -> str:
        """The command that repeats this run."""
        parts = ["eni-conformance run"]
        if self.target != EMBEDDED:
            parts.append(f"--target {self.target}")
        parts.append(f"--revision {self.revision} --effort {self.effort} --seed {self.seed} -n {self.workers}")
        for flag, value in (("--deviations", self.deviations), ("-k", self.only), ("--shard", self.shard)):
            if value:
                parts.append(f"{flag} {value}")
        for flag, on in (("--first-violation", self.first_violation), ("--strict", self.strict)):
            if on:
                parts.append(flag)
        return " ".join(parts)

    def chosen(self) -> frozenset[str]:
        """Short ids of the requirements that the run is narrowed to, none for a run that is for all."""
        return narrow.chosen(self.only, self.contract())

    def contract(self) -> Operation:
        """What is judged by: the page with the common table, or the page alone."""
        made = CONTRACTS[self.revision]
        return made.by_the_page() if self.strict else made


@dataclass(frozen=True)
class Study:
    """The controller's side of a run."""

    plan: Plan
    run_id: str
    folder: Path
    target: Target
    target_file: Path
    ground: ecs.Ground
    capabilities: frozenset[str]
    session: ecs.Session
    journal: journal.Journal
    redactor: Redactor
    found: Survey = field(default_factory=Survey)
    control: ControlCheck = field(default_factory=lambda: ControlCheck({}, 0, {}))
    began: float = field(default_factory=REAL.now)
    emulator: subprocess.Popen[str] | None = None
    deviations: tuple[deviations.Deviation, ...] = ()
    predicted: told.Predicted | None = None
    note: str = ""
    narrowed: bool = False


def new_run_id() -> str:
    """Sortable by time, unique among runs that start in the same second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S-") + os.urandom(2).hex()


def check(plan: Plan) -> tuple[deviations.Deviation, ...]:
    """The deviations that are accepted. Raises Refused if anything that was asked for cannot be; sends nothing."""
    if plan.effort not in EFFORTS:
        raise Refused(USAGE, f"--effort {plan.effort}: choose one of {', '.join(EFFORTS)}")
    if plan.revision not in CONTRACTS:
        raise Refused(USAGE, f"--revision {plan.revision}: choose one of {', '.join(CONTRACTS)}")
    try:
        plan.chosen()
    except ValueError as error:
        raise Refused(USAGE, f"-k {plan.only}: {error}") from None
    try:
        open_database(plan.database, check=True)
        return deviations.load(plan.deviations) if plan.deviations else ()
    except (DatabaseError, deviations.DeviationError) as error:
        raise Refused(USAGE, str(error)) from None


def open_study(plan: Plan, *, latest: bool = True) -> Study:
    """Check everything, start the emulator if it is the target, lay the ground. Raises Refused.

    latest: make out/latest point to it.
    """
    accepted = check(plan)
    target = _load(Path(plan.target), plan) if plan.target != EMBEDDED else None
    run_id = new_run_id()
    began = REAL.now()
    folder = Path(plan.out) / run_id
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise Refused(USAGE, f"--out {plan.out}: cannot be written ({error.strerror})") from None
    process = None
    file = Path(plan.target)
    if target is None:
        try:
            process, file = start_emulator(folder)
        except NotStarted as error:
            raise Refused(UNUSABLE, str(error)) from None
        target = _load(file, plan)
    if latest:
        point_latest(folder)
    redactor = Redactor(target)
    book = journal.Journal(journal.worker_path(folder, "main"), redactor)
    try:
        target, found = _survey(target, book)
        session = ecs.open_session(target, folder, run_id, journal=book, skew=found.skew)
        offered = control.offer(target)
        if target.control_url and offered.problem:
            raise Refused(UNUSABLE, f"control.url {target.control_url}: {offered.problem}; correct or remove it")
        try:
            ground = ecs.lay_ground(session)
            checked = control_check.check(session, ground, offered.capabilities)
            ground = checked.mended or ground
            _hand_on(folder, found, checked, offered.capabilities)
        except ecs.SetupError as error:
            janitor.teardown(session)
            raise Refused(UNUSABLE, f"the set-up failed: {redactor.text(str(error))}") from None
    except Refused:
        book.close()
        stop_emulator(process)
        raise
    except TargetError as error:
        book.close()
        stop_emulator(process)
        raise Refused(UNUSABLE, redactor.text(str(error))) from None
    (folder / "ground.json").write_text(json.dumps(codec.plain(ground)))
    study = Study(
        plan, run_id, folder, target, file, ground, control_orders.usable(offered.capabilities, checked), session, book,
        redactor, found, checked, began=began, emulator=process, deviations=accepted,
    )  # fmt: skip
    return replace(study, predicted=_predicted(study))


def _predicted(study: Study) -> told.Predicted | None:
    """What `plan` would have told about this run; None for a part of a run, about which nothing is known."""
    plan, target = study.plan, study.target
    if plan.part:
        return None
    price = None if target.loopback else stock.price_per_hour(study.session, study.ground.instance_type)
    prediction = plans.predict(
        target,
        effort=plan.effort,
        revision=plan.revision,
        control=bool(study.capabilities),
        workers=plan.workers,
        out=Path(plan.out),
        price=price,
    )
    return told.Predicted(
        prediction.source,
        prediction.calls,
        prediction.total,
        prediction.seconds,
        prediction.instances,
        prediction.interfaces,
        prediction.hours,
        prediction.money,
        prediction.currency,
    )


def quiet_second(session: ecs.Session) -> None:
    """Let a second pass before one client follows another, so that they keep the limit together."""
    if session.target.limits.requests_per_second:
        session.client.clock.sleep(1.0)


def _load(path: Path, plan: Plan) -> Target:
    try:
        return load_target(path, allow_plain_http=plan.allow_plain_http)
    except TargetError as error:
        raise Refused(USAGE, str(error)) from None


def point_latest(folder: Path) -> None:
    """Make out/latest a link to this run."""
    link = folder.parent / "latest"
    part = folder.parent / f".latest-{os.getpid()}"
    part.unlink(missing_ok=True)
    part.symlink_to(folder.name, target_is_directory=True)
    os.replace(part, link)


SURVEY = "survey.json"
"""File in a run's directory that tells the workers what the target offers and how far its clock is off."""
TESTS = "tests.json"
"""File in a run's directory that tells `merge` how the tests of a run were divided."""


@dataclass(frozen=True)
class HandedOn:
    """What the controller has found out, for the workers. wrong_orders: orders of the control protocol that do not do
    what they must, with what is wrong. kept: what they were tried on, for the first worker to go on with."""

    found: Survey
    wrong_orders: Mapping[str, str]
    kept: Stand | None = None


@dataclass(frozen=True)
class Listed:
    """A test of a run, and the requirements (short ids) that it is evidence for."""

    test: str
    requirements: tuple[str, ...]


def shard_of(n: int, total: int) -> int:
    """Which of `total` shards, from 1, the n-th test of a run belongs to."""
    return n % total + 1


def list_tests(folder: Path, tests: Sequence[Listed]) -> None:
    """Write down all tests in their order, whole or not at all: several workers may do so at the same time."""
    part = folder / f"{TESTS}.{os.getpid()}"
    part.write_text(json.dumps(codec.plain(tests)))
    os.replace(part, folder / TESTS)


def listed_in(folder: Path) -> tuple[Listed, ...]:
    """The tests of a run in their order. Raises OSError or ValueError if they were not written down."""
    return codec.build(tuple[Listed, ...], json.loads((folder / TESTS).read_text()), TESTS)


def _survey(target: Target, book: journal.Journal) -> tuple[Target, Survey]:
    """A few harmless signed calls: is the endpoint there, does it accept the account, what does it offer, and do the
    clocks agree? Raises Refused."""
    client = Client(target, worker="survey", journal=book)
    found = survey(client)
    client.close()
    if found.problem:
        advice = "" if "clock" in found.problem else "; check the endpoint and [callers.account]"
        raise Refused(UNUSABLE, f"{target.endpoint} cannot be used: {found.problem}{advice}")
    return replace(target, offers=found.offers), found


def _hand_on(folder: Path, found: Survey, checked: ControlCheck, offered: frozenset[str]) -> None:
    """Write down for the workers what was found out about the target."""
    broken = sorted(offered - control_orders.usable(offered, checked))
    orders = {name: checked.problems.get(name) or "what undoes it does not work" for name in broken}
    (folder / SURVEY).write_text(json.dumps(codec.plain(HandedOn(found, orders, checked.kept))))


def _handed_on(folder: Path) -> HandedOn:
    return codec.build(HandedOn, json.loads((folder / SURVEY).read_text()), SURVEY)


# --- workers -----------------------------------------------------------------------------------------

FIRST_WORKER = "gw0"
"""The worker that every run has, however many there are (pytest-xdist)."""
FIRST_LOOK = "first"
"""The controller itself, where it plays before there are workers."""
OWNED = "owned.json"
"""File in a run's directory with what the first look had, for the first worker to go on with."""


@dataclass(frozen=True)
class Owned:
    """Instances and interfaces that go from one Bench to another."""

    instances: tuple[pool.OwnInstance, ...]
    enis: tuple[pool.OwnEni, ...]


def join(
    plan: Plan, run_id: str, folder: Path, target_file: Path, worker: str, workers: int, capabilities: frozenset[str]
) -> Inquiry:
    """One worker's Inquiry, with connections, ledger and record of its own."""
    target = load_target(target_file, allow_plain_http=plan.allow_plain_http)
    handed = _handed_on(folder)
    found, wrong = handed.found, handed.wrong_orders
    target = replace(target, offers=found.offers)
    target, there = shares(target, workers)
    redactor = Redactor(target)
    book = journal.Journal(journal.worker_path(folder, worker), redactor)
    session = ecs.open_session(target, folder, run_id, worker=worker, share=workers, journal=book, skew=found.skew)
    quiet_second(session)
    ground = codec.build(ecs.Ground, json.loads((folder / "ground.json").read_text()), "ground")
    bench = _bench(session, ground, capabilities, workers, wrong)
    if worker == FIRST_WORKER and (folder / OWNED).exists():
        owned = codec.build(Owned, json.loads((folder / OWNED).read_text()), OWNED)
        bench.instances += owned.instances
        bench.enis += owned.enis
    elif handed.kept and worker in (FIRST_LOOK, FIRST_WORKER):
        supply.take_over(bench, handed.kept.instance, handed.kept.eni, plain=handed.kept.plain)
    stage = _stage(bench)

    def open_abroad() -> Stage:
        assert there is not None
        away = ecs.open_session(
            there, folder / ABROAD, run_id, worker=worker, share=workers, journal=book, skew=found.skew
        )
        quiet_second(away)
        away.client.counts = session.client.counts  # a worker counts what it sends, wherever to
        second = _bench(away, ecs.lay_ground(away, second_zone=False), capabilities, 1, wrong)
        second.lags, second.measured, second.second_region = bench.lags, bench.measured, True
        return _stage(second)

    stage.abroad = open_abroad if there is not None else None
    return Inquiry(
        plan.contract(),
        stage,
        effort_for(plan, target),
        told.Run(run_id, seed=plan.seed, effort=plan.effort, revision=plan.revision, strict=plan.strict),
        Endpoint(target.name, target.endpoint, target.region),
        folder,
        redactor,
        frozenset(target.callers),
        open_database(plan.database),
        plan.first_violation,
        REAL.monotonic() + 60 * target.limits.minutes,
        undeclared=found.undeclared,
        worker=worker,
        chosen=plan.chosen(),
    )


def _bench(
    session: ecs.Session,
    ground: ecs.Ground,
    capabilities: frozenset[str],
    workers: int,
    wrong: Mapping[str, str],
) -> pool.Bench:
    """What one of `workers` may use of the session's target."""
    limits = session.target.limits
    return pool.Bench(
        session,
        ground,
        capabilities,
        max(1, min(6, limits.instances // workers)),
        max(2, min(24, limits.network_interfaces // workers)),
        limits.settle_seconds,
        step=STEP_NEARBY if session.target.loopback else STEP,
        wrong_orders=wrong,
    )


def _stage(bench: pool.Bench) -> Stage:
    """Where a worker plays."""
    target = bench.session.target
    return Stage(
        bench,
        common_folder(ecs.reach(target)),
        deadline=8.0 if target.loopback else 30.0,
        relook=target.limits.lag_seconds,
    )


def effort_for(plan: Plan, target: Target) -> Effort:
    """The effort asked for. Where calls go far or are rationed, more than half of limits.minutes may be spent on what
    is optional; on this machine the effort's own time is enough."""
    effort = EFFORTS[plan.effort]
    if target.loopback and not target.limits.requests_per_second:
        return effort
    return replace(effort, seconds=max(effort.seconds, 0.6 * 60 * target.limits.minutes))


def leave(inquiry: Inquiry) -> None:
    """A worker is done: undo control calls, write the record, close files."""
    client = inquiry.stage.session.client
    pool.release(inquiry.stage.bench)
    if inquiry.stage.second is not None:
        pool.release(inquiry.stage.second.bench)
        inquiry.stage.second.session.client.close()
    inquiry.write(client.latencies)
    client.close()


# --- the end -----------------------------------------------------------------------------------------


def close_study(study: Study, *, incomplete: str = "") -> int:
    """Tear down, fold the verdicts, write every report. Returns the exit status. To be called once."""
    old = _ignore_interrupts()
    gone = study.folder / LOST
    notes = [study.note] if study.note else []
    try:
        if gone.exists():
            incomplete = incomplete or gone.read_text()
        # On this machine an endpoint that cannot give things back is not worth waiting for.
        patience = 3 + study.target.limits.settle_seconds if study.target.loopback else None
        quiet_second(study.session)
        left = _give_back(study, patience) if _alive(study) else []
        if gone.exists() and not _alive(study) and study.emulator is None:
            notes.append("what the run created may still be there; run the janitor")
        if left:
            names = ", ".join(one.item.id for one in left[:5])
            notes.append(f"{len(left)} resources could not be removed ({names}); run the janitor")
        study.journal.close()
        status = write_results(replace(study, note=" ".join(notes)), incomplete=incomplete)
        for name, problem in reports.write_all(study.folder, study.plan.history or None).problems.items():
            print(f"eni-conformance: {name} could not be written: {problem}", file=sys.stderr)
    finally:
        stop_emulator(study.emulator)
        _restore_interrupts(old)
    return status


def _give_back(study: Study, seconds: float | None = None) -> list[janitor.Left]:
    """Remove what the run created, in both regions. Returns what could not be removed."""
    left = list(janitor.teardown(study.session, seconds=seconds).left)
    if (study.folder / ABROAD).exists():
        there = abroad(study.target)
        away = ecs.open_session(there, study.folder / ABROAD, study.run_id, journal=study.journal)
        quiet_second(away)
        left += janitor.teardown(away, seconds=seconds).left
        away.client.close()
    return left


def abandon(study: Study) -> None:
    """Tear down without verdicts and reports: for a replay."""
    try:
        if _alive(study):
            _give_back(study)
        study.journal.close()
    finally:
        stop_emulator(study.emulator)


def _alive(study: Study) -> bool:
    """Whether a teardown can be of use: the emulator that we started may have been ended, or the target be gone."""
    if study.emulator is not None:
        return study.emulator.poll() is None
    if not (study.folder / LOST).exists():
        return True
    return study.session.client.send("DescribeRegions", [], deadline=5.0).outcome == "answered"


def _ignore_interrupts() -> Any:
    try:
        return signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:
        return None


def _restore_interrupts(old: Any) -> None:
    if old is not None:
        signal.signal(signal.SIGINT, old)


def write_results(study: Study, *, incomplete: str = "") -> int:
    """Join the workers' journals into wire.jsonl.gz, fold their records into results.json. Returns the exit status.

    Calls are counted in what was written down, so that a worker that was killed is counted, too.
    """
    calls = journal.merge(study.folder, study.folder / "wire.jsonl.gz")
    plan, now = study.plan, REAL.now()
    records = verdicts.published(read_all(study.folder))
    notes = [incomplete, study.note]
    run = told.Run(
        study.run_id,
        started=datetime.datetime.fromtimestamp(study.began, datetime.UTC).isoformat(timespec="seconds"),
        seconds=round(now - study.began, 2),
        seed=plan.seed,
        effort=plan.effort,
        revision=plan.revision,
        strict=plan.strict,
        command=plan.command(),
        workers=plan.workers,
        shard=plan.shard,
        incomplete=bool(incomplete),
        only=plan.only,
        part=plan.part or study.narrowed,
    )
    left_out = "narrowed by the user: pytest left this out" if study.narrowed else ""
    made = results.compose(plan.contract(), study.folder, records, _target(study), run, calls, incomplete or left_out)
    books = (read_ledger(study.folder), read_ledger(study.folder / ABROAD))
    made = replace(
        made,
        predicted=None if study.narrowed else study.predicted,
        cost=results.cost(books, summed(records).leases, now),
    )
    chosen = plan.chosen()
    quiet = deviations.quiet_so_far(study.folder, made.target.name, plan.history) if study.deviations else {}
    made = results.accept(made, tuple(d for d in study.deviations if not chosen or d.requirement in chosen), quiet)
    status = results.status_of(made, bool(incomplete))
    note = " ".join(filter(None, [*notes, *made.problems]))
    results.write(study.folder, replace(made, run=replace(run, exit=status, note=note)), study.redactor)
    return status


def _target(study: Study) -> told.Target:
    """What was examined, as the report tells it."""
    target = study.target
    return told.Target(
        target.name,
        target.endpoint,
        target.region,
        callers=tuple(sorted(target.callers)),
        capabilities=tuple(sorted(study.capabilities)),
        control=bool(target.control_url),
        offers=told.Offers(target.offers.formats, target.offers.signing),
        undeclared=study.found.undeclared,
        control_problems=dict(study.control.problems),
        skew=round(study.found.skew, 1),
    )
