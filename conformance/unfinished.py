"""A run that does not come to its end leaves reports all the same: refused at its set-up, or killed.

At its beginning a run writes down what it is (`begin`). Where the target cannot be used, `refused` makes its reports at
once; of a run that was killed, `eni-conformance report DIR` makes them from what its workers had written by then.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eni_conformance.conformance import kept_wire, results
from eni_conformance.conformance.asked import Plan
from eni_conformance.conformance.commands import OK, UNUSABLE, USAGE
from eni_conformance.contract import codec
from eni_conformance.contract.codec import Always
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.harness.clock import REAL
from eni_conformance.harness.target import Target
from eni_conformance.oracle import results as told
from eni_conformance.oracle import verdicts
from eni_conformance.oracle.results import Results
from eni_conformance.oracle.tally import read_all
from eni_conformance.reports import files

from eni_conformance import reports

FILE = "begun.json"
KILLED = "the run was killed before it ended; this is what it had found by then"


@dataclass(frozen=True)
class Begun:
    """What a run is, as far as it is known before anything was created. keep_wire: which exchanges are to stay
    on disk (`kept_wire`)."""

    run: Always[told.Run] = field(default_factory=lambda: told.Run("unknown"))
    target: Always[told.Target] = field(default_factory=told.Target)
    keep_wire: str = "all"


def run_of(plan: Plan, run_id: str, began: float) -> told.Run:
    """What is known of a run when it begins. began: Unix seconds."""
    return told.Run(
        run_id,
        started=datetime.datetime.fromtimestamp(began, datetime.UTC).isoformat(timespec="seconds"),
        seed=plan.seed,
        effort=plan.effort,
        revision=plan.revision,
        strict=plan.strict,
        command=plan.command(),
        workers=plan.workers,
        shard=plan.shard,
        only=plan.only,
        part=plan.part,
        calls=plan.calls,
    )


def begin(folder: Path, plan: Plan, target: Target, began: float, version: str = "") -> None:
    """Write down what the run in this directory is. began: Unix seconds. version: what the target tells of its own."""
    run = run_of(plan, folder.name, began)
    callers = tuple(sorted(target.callers))
    what = told.Target(
        target.name, target.endpoint, target.region, callers, control=bool(target.control_url), version=version
    )
    files.write_text(folder / FILE, json.dumps(codec.plain(Begun(run, what, plan.keep_wire)), indent=1) + "\n")


def begun(folder: Path) -> Begun:
    """What the run in this directory is. Raises ValueError where nobody wrote it down."""
    try:
        return codec.build(Begun, json.loads((folder / FILE).read_text()), FILE)
    except OSError:
        raise ValueError(f"{folder}: is no output directory of a run") from None


def refused(folder: Path, why: str, status: int = UNUSABLE) -> None:
    """Make the reports of a run whose target could not be used, or that was ended while it was set up."""
    made = _composed(folder, why)
    spent = max(0.0, REAL.now() - datetime.datetime.fromisoformat(str(made.run.started)).timestamp())
    ended = replace(made.run, exit=status, incomplete=True, note=why, seconds=round(spent, 2))
    results.write(folder, replace(made, run=ended))
    kept_wire.drop_parts(folder)
    for line in reports.write_all(folder).told:
        print(f"eni-conformance: {line}", file=sys.stderr)
    tell_ci(folder)


def recovered(folder: Path) -> Results:
    """The results of a run that was killed, from the records of its workers. Raises ValueError if it is no run."""
    made = _composed(folder, KILLED)
    return replace(made, run=replace(made.run, exit=None, incomplete=True, note=KILLED))


def _composed(folder: Path, why: str) -> Results:
    known = begun(folder)
    contract = CONTRACTS["2024" if known.run.revision == "2024" else "2019"]
    contract = contract.by_the_page() if known.run.strict else contract
    calls = kept_wire.join(folder, known.keep_wire)
    return results.compose(contract, folder, verdicts.published(read_all(folder)), known.target, known.run, calls, why)


def tell_ci(folder: Path) -> None:
    """Append to the step summary of a CI system that has one."""
    from eni_conformance.reports import summary

    if step := os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with open(step, "a", encoding="utf-8") as file:
                file.write(summary.markdown(files.load(folder), folder))
        except OSError as error:
            print(f"eni-conformance: GITHUB_STEP_SUMMARY {step}: cannot be written ({error.strerror})", file=sys.stderr)


def main(args: Any) -> int:
    """The subcommand `report`: make the reports of a run again, also of one that was killed."""
    return max(_report(Path(name), args.history) for name in args.directories)


def _report(folder: Path, history: str | None) -> int:
    """Make the reports of the run in this directory, and tell what was made and what could not be."""
    try:
        if not (folder / results.FILE).exists():
            results.write(folder, recovered(folder))
            kept_wire.drop_parts(folder)
        written = reports.write_all(folder, history)
        tell_ci(folder)
    except OSError as error:
        print(f"eni-conformance report: {folder}: cannot be written ({error.strerror})", file=sys.stderr)
        return UNUSABLE
    except ValueError as error:
        print(f"eni-conformance report: {error}", file=sys.stderr)
        return USAGE
    for path in written.paths.values():
        print(path)
    for line in written.told:
        print(f"eni-conformance report: {folder}: {line}", file=sys.stderr)
    return UNUSABLE if written.problems else OK
