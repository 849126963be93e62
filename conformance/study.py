"""A run as a whole: where it writes, what it is aimed at, the ground it stands on, and its end.

The controlling process opens a Study, lays the ground once, and closes it: teardown, verdicts, reports. Worker
processes join with the paths that the controller hands them. Everything needed to clean up or to report after a
crash is on disk before it is needed.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

from eni_conformance.conformance import budget, commands, deviations, kept_wire, results, unfinished
from eni_conformance.conformance import plan as plans
from eni_conformance.conformance import worker as workers
from eni_conformance.conformance.asked import Plan
from eni_conformance.conformance.commands import ENDED_EARLY, UNUSABLE, USAGE
from eni_conformance.conformance.crash import FULL
from eni_conformance.conformance.database import DatabaseError, open_database
from eni_conformance.conformance.embedded import EMBEDDED, NotStarted, start_emulator, stop_emulator
from eni_conformance.conformance.inquiry import BARREN, LOST
from eni_conformance.conformance.worker import ABROAD
from eni_conformance.contract import codec
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.harness import control, ecs, journal
from eni_conformance.harness.account import control_check, control_orders, janitor, marks, stock
from eni_conformance.harness.account.control_orders import ControlCheck
from eni_conformance.harness.account.ledger import read as read_ledger
from eni_conformance.harness.account.survey import Survey, survey
from eni_conformance.harness.clock import REAL
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.target import Target, TargetError, abroad, load_target, misnamed_callers
from eni_conformance.harness.wire.client import Allowance, CallsSpent, Client
from eni_conformance.oracle import results as told
from eni_conformance.oracle import verdicts
from eni_conformance.oracle.tally import read_all, summed
from eni_conformance.reports import files
from eni_conformance.strategies.effort import EFFORTS

from eni_conformance import reports


class Refused(Exception):
    """The run cannot start. `status` is the exit status; the text says what is wrong and what to do."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


LONGEST_VERSION = 120
"""Characters of what a target tells of its version that are kept."""


@dataclass(frozen=True)
class Study:
    """The controller's side of a run. warning: what is told before it begins, "" if nothing is."""

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
    warning: str = ""


def new_run_id() -> str:
    """Sortable by time, unique among runs that start in the same second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S-") + os.urandom(2).hex()


def check(plan: Plan) -> tuple[deviations.Deviation, ...]:
    """The deviations that are accepted. Raises Refused if anything that was asked for cannot be; sends nothing."""
    if plan.effort not in EFFORTS:
        raise Refused(USAGE, f"--effort {plan.effort}: choose one of {', '.join(EFFORTS)}")
    if plan.revision not in CONTRACTS:
        raise Refused(USAGE, f"--revision {plan.revision}: choose one of {', '.join(CONTRACTS)}")
    for flag, kind, value in (
        ("--seed", commands.seed, plan.seed),
        ("--calls", commands.number_of_calls, plan.calls or None),
        ("--shard", commands.shard, plan.shard or None),
        ("--out", commands.named, plan.out),
    ):
        try:
            _ = kind(str(value)) if value is not None else None
        except argparse.ArgumentTypeError as error:
            raise Refused(USAGE, f"{flag}: {error}") from None
    if plan.calls and plan.calls < budget.LEAST:
        raise Refused(
            USAGE, f"--calls {plan.calls}: set-up and clean-up alone take more; allow {budget.LEAST} at least"
        )
    try:
        plan.chosen()
    except ValueError as error:
        raise Refused(USAGE, f"-k {plan.only}: {error}") from None
    if plan.history and (problem := files.cannot_be_written(Path(plan.history))):
        raise Refused(USAGE, f"--history {plan.history}: {problem}")
    try:
        open_database(plan.database, check=True)
        return deviations.load(plan.deviations) if plan.deviations else ()
    except (DatabaseError, deviations.DeviationError) as error:
        raise Refused(USAGE, str(error)) from None


def open_study(plan: Plan, *, latest: bool = True) -> Study:
    """Check everything, start the emulator if it is the target, lay the ground. latest: make out/latest point to it.
    Raises Refused."""
    accepted = check(plan)
    target = _load(Path(plan.target), plan) if plan.target != EMBEDDED else None
    run_id = new_run_id()
    began = REAL.now()
    folder = Path(plan.out) / run_id
    for problem in misnamed_callers(target) if target is not None else ():
        print(f"eni-conformance: {problem}", file=sys.stderr)
    process = None
    file = Path(plan.target)
    try:
        folder.mkdir(parents=True)
        if target is None:
            process, file = start_emulator(folder)
            target = _load(file, plan)
        if latest:
            unfinished.begin(folder, plan, target, began)
            point_latest(folder)
        redactor = Redactor(target)
        book = journal.Journal(journal.worker_path(folder, "main"), redactor)
    except OSError as error:
        stop_emulator(process)
        status = ENDED_EARLY if error.errno in FULL else USAGE
        raise Refused(status, f"--out {plan.out}: cannot be written ({error.strerror})") from None
    except NotStarted as error:
        raise Refused(UNUSABLE, str(error)) from None
    allowance = budget.for_set_up(plan.calls, loopback=target.loopback)
    try:
        target, found = _survey(target, book, allowance)
        found = replace(found, version=redactor.text(found.version)[:LONGEST_VERSION])
        if latest and found.version:
            unfinished.begin(folder, plan, target, began, found.version)
        session = ecs.open_session(target, folder, run_id, journal=book, skew=found.skew, allowance=allowance)
        offered = _offered(target)
        try:
            ground, checked = _lay_ground(session, offered.capabilities)
            (folder / "ground.json").write_text(json.dumps(codec.plain(ground)))
            price = _price(plan, session, ground)
            workers.hand_on(folder, found, checked, offered.capabilities, budget.to_share(allowance))
        except (ecs.SetupError, CallsSpent, OSError, KeyboardInterrupt) as error:
            budget.for_clean_up(allowance)
            still = _left_told(_torn_down(session, book, None), plan)
            if isinstance(error, KeyboardInterrupt):
                raise Refused(ENDED_EARLY, f"interrupted during the set-up{still}") from None
            raise Refused(UNUSABLE, f"the set-up failed: {error}{still}") from None
    except (Refused, TargetError, CallsSpent, KeyboardInterrupt) as error:
        book.close()
        stop_emulator(process)
        why = redactor.text(str(error)) or "interrupted before anything was created"
        early = ENDED_EARLY if isinstance(error, KeyboardInterrupt) else UNUSABLE
        status = error.status if isinstance(error, Refused) else early
        if latest:
            _report_refused(folder, why, status)
        raise Refused(status, why) from None
    return _with_plan(Study(
        plan, run_id, folder, target, file, ground, control_orders.usable(offered.capabilities, checked), session, book,
        redactor, found, checked, began=began, emulator=process, deviations=accepted,
    ), price)  # fmt: skip


def _offered(target: Target) -> control.Offer:
    """The control protocol that the target offers. Raises Refused where the file names one that does not answer."""
    offered = control.offer(target)
    if target.control_url and offered.problem:
        raise Refused(UNUSABLE, f"control.url {target.control_url}: {offered.problem}; correct or remove it")
    return offered


def _lay_ground(session: ecs.Session, capabilities: frozenset[str]) -> tuple[ecs.Ground, ControlCheck]:
    """What a run stands on, and what the control protocol does there. Raises ecs.SetupError, CallsSpent."""
    ground = ecs.lay_ground(session)
    checked = control_check.check(session, ground, capabilities)
    return checked.mended or ground, checked


def _price(plan: Plan, session: ecs.Session, ground: ecs.Ground) -> tuple[float, str] | None:
    """What an instance costs, where the plan tells it. It is asked for while the controller may still send calls."""
    if session.target.loopback or (plan.part and not plan.calls):
        return None
    return stock.price_per_hour(session, ground.instance_type)


def _with_plan(study: Study, price: tuple[float, str] | None) -> Study:
    """The same with what it is expected to take; of a part of a run nothing is known."""
    if study.plan.part and not study.plan.calls:
        return study
    planned = _planned(study, price)
    return replace(study, predicted=_predicted(planned), warning="" if planned.fits else planned.notes[0])


def _report_refused(folder: Path, why: str, status: int) -> None:
    """The reports of a run that was not set up, where there is room for them."""
    try:
        unfinished.refused(folder, why, status)
    except OSError as error:
        print(f"eni-conformance: {folder}: no report could be written ({error.strerror})", file=sys.stderr)


def _left_told(left: Sequence[marks.Left], plan: Plan) -> str:
    """What could not be removed, and what removes it, to be put behind a sentence; "" if nothing is left."""
    if not left:
        return ""
    names = ", ".join(one.item.id for one in left[:5])
    where = f"--target {plan.target} --out {plan.out}"
    return f"; {len(left)} resources could not be removed ({names}): eni-conformance janitor {where}"


def _planned(study: Study, price: tuple[float, str] | None) -> plans.Prediction:
    """What `plan` would have told about this run."""
    plan, target = study.plan, study.target
    return plans.predict(
        target,
        effort=plan.effort,
        revision=plan.revision,
        control=bool(study.capabilities),
        workers=plan.workers,
        out=Path(plan.out),
        price=price,
        allowed=plan.calls,
    )


def _predicted(prediction: plans.Prediction) -> told.Predicted:
    """As the results tell it."""
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


TESTS = "tests.json"
"""File in a run's directory that tells `merge` how the tests of a run were divided."""


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


def _survey(target: Target, book: journal.Journal, allowance: Allowance | None) -> tuple[Target, Survey]:
    """A few harmless signed calls: is the endpoint there, does it accept the account, what does it offer, and do the
    clocks agree? Raises Refused."""
    client = Client(target, worker="survey", journal=book, allowance=allowance)
    found = survey(client)
    client.close()
    if found.problem:
        advice = "" if "clock" in found.problem else "; check the endpoint and [callers.account]"
        raise Refused(UNUSABLE, f"{target.endpoint} cannot be used: {found.problem}{advice}")
    return replace(target, offers=found.offers), found


# --- the end -----------------------------------------------------------------------------------------


def close_study(study: Study, *, incomplete: str = "") -> int:
    """Tear down, fold the verdicts, write every report. Returns the exit status. To be called once."""
    old = _patiently()
    gone = study.folder / LOST
    notes = [study.note] if study.note else []
    try:
        if gone.exists():
            incomplete = incomplete or gone.read_text()
        barren = study.folder / BARREN
        if barren.exists():
            incomplete = barren.read_text()
        # On this machine an endpoint that cannot give things back is not worth waiting for.
        patience = 3 + study.target.limits.settle_seconds if study.target.loopback else None
        workers.quiet_second(study.session)
        budget.for_clean_up(study.session.client.allowance, study.folder)
        left = _give_back(study, patience) if _alive(study) else []
        if gone.exists() and not _alive(study) and study.emulator is None:
            where = f"--target {study.plan.target} --out {study.plan.out}"
            notes.append(f"what the run created may still be there: eni-conformance janitor {where}")
        notes += filter(None, [_left_told(left, study.plan).removeprefix("; ")])
        for note in notes[1:] if study.note else notes:
            print(f"eni-conformance: {note}", file=sys.stderr)
        study.journal.close()
        status = write_results(replace(study, note=" ".join(notes)), incomplete=incomplete)
        for line in reports.write_all(study.folder, study.plan.history or None).told:
            print(f"eni-conformance: {line}", file=sys.stderr)
    except OSError as error:
        print(
            f"eni-conformance: the results could not be written ({error.strerror}); "
            f"with room for them: eni-conformance report {study.folder}",
            file=sys.stderr,
        )
        return ENDED_EARLY
    finally:
        stop_emulator(study.emulator)
        _restore(old)
    return status


def _give_back(study: Study, seconds: float | None = None) -> list[marks.Left]:
    """Remove what the run created, in both regions. Returns what could not be removed."""
    left = _torn_down(study.session, study.journal, seconds)
    if (study.folder / ABROAD).exists():
        there = abroad(study.target)
        away = ecs.open_session(
            there, study.folder / ABROAD, study.run_id, journal=study.journal,
            allowance=study.session.client.allowance,
        )  # fmt: skip
        workers.quiet_second(away)
        left += _torn_down(away, study.journal, seconds)
        away.client.close()
    return left


def _torn_down(session: ecs.Session, book: journal.Journal, seconds: float | None) -> list[marks.Left]:
    """Remove what a session's run created, with or without room to write it down. Returns what could not be removed, or
    for which no call was left."""
    book.must = False
    try:
        return list(janitor.teardown(session, seconds=seconds).left)
    except (CallsSpent, KeyboardInterrupt) as spent:
        own = session.ledger.book()
        alive = [owned for owned in own.owned.values() if owned.id not in own.gone]
        return [marks.Left(marks.Item(owned.kind, owned.id, session.run_id, owned.at), str(spent)) for owned in alive]


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
    try:
        return study.session.client.send("DescribeRegions", [], deadline=5.0).outcome == "answered"
    except CallsSpent:
        return False


def _patiently() -> dict[int, Any]:
    """From now on a signal does not end what removes things, only a second one does. Returns what was in force."""
    count = 0

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count > 1:
            raise KeyboardInterrupt
        os.write(2, b"eni-conformance: removing what the run created; once more leaves it to the janitor\n")

    try:
        return {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not in the main thread, where no signal arrives
        return {}


def _restore(handlers: Mapping[int, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def write_results(study: Study, *, incomplete: str = "") -> int:
    """Join the workers' journals into wire.jsonl.gz, fold their records into results.json. Returns the exit status.

    Calls are counted in what was written down, so that a worker that was killed is counted, too.
    """
    calls = kept_wire.join(study.folder, study.plan.keep_wire)
    plan, now = study.plan, REAL.now()
    records = verdicts.published(read_all(study.folder))
    notes = [incomplete, study.note]
    run = replace(
        unfinished.run_of(plan, study.run_id, study.began),
        seconds=round(now - study.began, 2),
        incomplete=bool(incomplete),
        part=plan.part or study.narrowed or bool(incomplete and plan.first_violation),
    )
    left_out = f"no call of --calls {plan.calls} was left for it" if plan.calls else ""
    left_out = "narrowed by the user: pytest left this out" if study.narrowed else left_out
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
    if status == ENDED_EARLY and (study.folder / BARREN).exists() and not any(r.judged for r in made.requirements):
        status = UNUSABLE
    note = " ".join(filter(None, [*notes, *made.problems]))
    results.write(study.folder, replace(made, run=replace(run, exit=status, note=note)), study.redactor)
    kept_wire.drop_parts(study.folder)
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
        version=study.found.version,
    )
