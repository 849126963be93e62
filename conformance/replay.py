"""The subcommand `replay`: arrange the world of an evidence file again, send the calls, and judge again.

Exit status 1 while the counterexample still fails, 0 when it no longer does, 3 if it could not be judged here. With
--judge-only nothing is sent: the History in the evidence is judged again, by the checks as they are now.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eni_conformance.conformance import evidence, stored, worker
from eni_conformance.conformance import study as studies
from eni_conformance.conformance.asked import Plan
from eni_conformance.conformance.commands import ENDED_EARLY, OK, UNUSABLE, USAGE, VIOLATED
from eni_conformance.conformance.embedded import EMBEDDED
from eni_conformance.conformance.study import Refused, Study
from eni_conformance.contract import codec
from eni_conformance.contract.detach import full_id, short_id
from eni_conformance.contract.scenario import Scenario
from eni_conformance.harness.redact import Redactor
from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.follow import Found

TIMES = 2


@dataclass(frozen=True)
class Repeated:
    """What the same Scenario showed, `times` times. failed: how often it showed anything. undecided: why it could not
    be judged, "" if it could."""

    times: int
    failed: int = 0
    undecided: str = ""

    def told(self) -> tuple[str, int]:
        """In words, and as an exit status."""
        if self.failed:
            return f"still fails ({self.failed} of {self.times})", VIOLATED
        if self.undecided:
            return f"could not be judged here: {self.undecided}", UNUSABLE
        return f"no longer fails (0 of {self.times})", OK


def main(args: Any) -> int:
    """Replay one evidence file on the target it came from, or on another."""
    path = Path(args.evidence)
    try:
        kept = evidence.read(path)
        _scenario(kept)
        if args.judge_only:
            return stored.judge_again(kept, path)
        plan = planned(args, kept)
    except ValueError as error:
        print(f"eni-conformance replay: {error}", file=sys.stderr)
        return USAGE
    try:
        study = studies.open_study(plan, latest=False)
    except Refused as refused:
        print(f"eni-conformance replay: {refused}", file=sys.stderr)
        return refused.status
    print(f"{study.target.name}  {study.target.endpoint}  {full_id(short_id(kept.requirement))}: {kept.summary}")
    try:
        said, status = repeat(study, kept).told()
        print(said)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        status = ENDED_EARLY
    finally:
        studies.abandon(study)
    return status


def _scenario(kept: Evidence) -> Scenario:
    """What is repeated. Raises ValueError if another version wrote what this one does not know."""
    return codec.build(Scenario, codec.plain(kept.scenario), "scenario")


def planned(args: Any, kept: Evidence) -> Plan:
    """A run like the one that the evidence is of. Raises ValueError for an unknown revision."""
    try:
        revision = stored.revision_of(kept)
    except ValueError as error:
        raise ValueError(f"{args.evidence}: {error}") from None
    return Plan(
        target=args.target or EMBEDDED,
        revision=revision,
        effort="quick",
        seed=int(kept.seed or 0),
        strict=kept.strict,
        out=str(getattr(args, "out", None) or "out"),
        allow_plain_http=bool(getattr(args, "allow_plain_http", False)),
    )


def repeat(study: Study, kept: Evidence) -> Repeated:
    """Judge its Scenario TIMES times, and print what it shows of its requirement, or else of any."""
    scenario, wanted = _scenario(kept), short_id(kept.requirement)
    inquiry = worker.join(
        study.plan, study.run_id, study.folder, study.target_file, "replay", 1, study.capabilities
    )  # fmt: skip
    made = Repeated(TIMES)
    try:
        for _ in range(TIMES):
            outcome = inquiry.judge(scenario)
            same = [one for one in outcome.found if one.finding.requirement == wanted]
            for found in (same or list(outcome.found))[:1]:
                _print(found, study.redactor)
            failed = made.failed + bool(outcome.found)
            made = replace(made, failed=failed, undecided=made.undecided or outcome.undecided)
    finally:
        worker.leave(inquiry)
    return made


def _print(found: Found, redactor: Redactor) -> None:
    print(f"  {full_id(found.finding.requirement)}: {redactor.text(found.finding.summary)}")
    if found.exchange is not None:
        print(f"  answered {found.exchange.status} {redactor.text(repr(found.exchange.body[:300]))}")
