"""The first look of a run, before there are workers: a defect that shows always is told while they are started.

What is seen here is noted and told; the worker that sees it again makes it smaller and confirms it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from eni_conformance.conformance import evidence, worker
from eni_conformance.conformance import study as studies
from eni_conformance.conformance.inquiry import Inquiry
from eni_conformance.conformance.played import given_by
from eni_conformance.contract import codec
from eni_conformance.contract.scenario import Scenario
from eni_conformance.reports import files
from eni_conformance.strategies import sweeps


def first_look(study: studies.Study, workers: int) -> Inquiry | None:
    """Play the counterexamples of the last run, if one is named, and one of everything. Returns what is to be left.

    It uses the share of the first of `workers`, who goes on with what it made.
    """
    plan = study.plan
    scenarios = list(counterexamples(Path(plan.last))) if plan.last else []
    if plan.calls or (not scenarios and workers == 1):
        return None  # the only worker begins with one of everything anyway, and counted calls are the workers'
    inquiry = worker.join(
        plan, study.run_id, study.folder, study.target_file, worker.FIRST_LOOK, workers, study.capabilities
    )
    inquiry.start("first look")
    if workers > 1:
        scenarios.append(sweeps.calls(given_by(inquiry).offer, plan.seed))
    for scenario in scenarios:
        with contextlib.suppress(LookupError, ValueError):  # of another version: it names what there is not
            inquiry.glance(scenario)
    return inquiry


def leave(study: studies.Study, inquiry: Inquiry) -> None:
    """End the first look, and write down what the first worker goes on with."""
    worker.leave(inquiry)
    bench = inquiry.stage.bench
    owned = worker.Owned(tuple(bench.instances), tuple(bench.enis))
    (study.folder / worker.OWNED).write_text(json.dumps(codec.plain(owned)))


def counterexamples(folder: Path) -> Iterator[Scenario]:
    """What a run was violated by, the first first; nothing for a run that cannot be read."""
    try:
        found = sorted(files.load(folder).violations, key=lambda one: one.seconds or 0.0)
    except (OSError, ValueError):
        return
    for name in dict.fromkeys(one.evidence for one in found if one.evidence):
        with contextlib.suppress(ValueError):
            yield codec.build(Scenario, codec.plain(evidence.read(folder / "evidence" / name).scenario), "scenario")
