"""What a worker of a run begins with, and how it leaves: connections, a ledger, a place to play, its own record.

The controller writes down for its workers what it has found out about the target (`hand_on`); each of them joins with
the paths that it is told.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from eni_conformance.conformance import budget
from eni_conformance.conformance.asked import Plan
from eni_conformance.conformance.database import open_database
from eni_conformance.conformance.inquiry import ENDED, Inquiry
from eni_conformance.contract import codec
from eni_conformance.harness import ecs, journal
from eni_conformance.harness.account import control_orders
from eni_conformance.harness.account.control_orders import ControlCheck, Stand
from eni_conformance.harness.account.ledger import common_folder
from eni_conformance.harness.account.survey import Survey
from eni_conformance.harness.bench import pool, supply
from eni_conformance.harness.bench.look import SPARING, STEP, STEP_NEARBY
from eni_conformance.harness.clock import REAL
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.stage import Stage
from eni_conformance.harness.target import Target, load_target, shares
from eni_conformance.oracle import results as told
from eni_conformance.oracle.evidence import Endpoint
from eni_conformance.strategies.effort import EFFORTS, Effort

ABROAD = "second-region"
"""Folder in a run's directory with the ledgers of what it created in the second region."""

SURVEY = "survey.json"
"""File in a run's directory that tells the workers what the target offers and how far its clock is off."""


@dataclass(frozen=True)
class HandedOn:
    """What the controller has found out, for the workers. wrong_orders: orders of the control protocol that do not do
    what they must, with what is wrong. kept: what they were tried on, for the first worker to go on with. calls: those
    that all workers together may send, None for as many as it takes."""

    found: Survey
    wrong_orders: Mapping[str, str]
    kept: Stand | None = None
    calls: int | None = None


def hand_on(folder: Path, found: Survey, checked: ControlCheck, offered: frozenset[str], calls: int | None) -> None:
    """Write down for the workers what was found out about the target."""
    broken = sorted(offered - control_orders.usable(offered, checked))
    orders = {name: checked.problems.get(name) or "what undoes it does not work" for name in broken}
    (folder / SURVEY).write_text(json.dumps(codec.plain(HandedOn(found, orders, checked.kept, calls))))


def handed_on(folder: Path) -> HandedOn:
    return codec.build(HandedOn, json.loads((folder / SURVEY).read_text()), SURVEY)


def quiet_second(session: ecs.Session) -> None:
    """Let a second pass before one client follows another, so that they keep the limit together."""
    if session.target.limits.requests_per_second:
        session.client.clock.sleep(1.0)


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
    handed = handed_on(folder)
    found, wrong = handed.found, handed.wrong_orders
    target = replace(target, offers=found.offers)
    target, there = shares(target, workers)
    redactor = Redactor(target)
    book = journal.Journal(journal.worker_path(folder, worker), redactor)
    allowance = budget.for_worker(handed.calls, workers, folder, worker)
    session = ecs.open_session(
        target, folder, run_id, worker=worker, share=workers, journal=book, skew=found.skew, allowance=allowance
    )
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
            there, folder / ABROAD, run_id, worker=worker, share=workers, journal=book, skew=found.skew,
            allowance=allowance,
        )  # fmt: skip
        quiet_second(away)
        away.client.counts = session.client.counts  # a worker counts what it sends, wherever to
        second = _bench(away, ecs.lay_ground(away, second_zone=False), capabilities, 1, wrong)
        second.lags, second.measured, second.second_region = bench.lags, bench.measured, True
        return _stage(second)

    stage.abroad = open_abroad if there is not None else None
    inquiry = Inquiry(
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
    # Where another worker has found what the run was to end at, nothing more is waited for.
    stage.ended = lambda: not inquiry.stop and (folder / ENDED).exists()
    return inquiry


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
        step=(STEP_NEARBY if session.target.loopback else STEP) * (SPARING if session.sparing else 1),
        wrong_orders=wrong,
        sparing=session.sparing,
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


def collect_rarely() -> None:
    """For a process of our own: look for garbage that refers to itself after more new objects than is usual. A History
    is many small values without circles, and a tenth of a worker's time went into looking."""
    gc.set_threshold(20_000, 20, 20)


def leave(inquiry: Inquiry) -> None:
    """A worker is done: undo control calls, write the record, close files."""
    client = inquiry.stage.session.client
    pool.release(inquiry.stage.bench)
    if inquiry.stage.second is not None:
        pool.release(inquiry.stage.second.bench)
        inquiry.stage.second.session.client.close()
    if client.allowance is not None:
        budget.hand_back(inquiry.out, inquiry.worker, client.allowance)
    inquiry.tally.repeated = client.repeated
    inquiry.write(client.latencies)
    client.close()
