"""The subcommand `replay`: arrange the world of an evidence file again, send the calls, and judge again.

Exit status 1 while the counterexample still fails, 0 when it no longer does, 3 if it could not be judged here. With
--judge-only nothing is sent: the History in the evidence is judged again, by the checks as they are now.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from eni_conformance.conformance import evidence, stored
from eni_conformance.conformance import study as studies
from eni_conformance.conformance.commands import ENDED_EARLY, OK, UNUSABLE, USAGE, VIOLATED
from eni_conformance.conformance.study import Plan, Refused
from eni_conformance.contract import codec
from eni_conformance.contract.detach import CONTRACTS, full_id, short_id
from eni_conformance.contract.scenario import Scenario

TIMES = 2


def main(args: Any) -> int:
    """Replay one evidence file on the target it came from, or on another."""
    try:
        data = evidence.read(Path(args.evidence))
        scenario = codec.build(Scenario, data["scenario"], "scenario")
    except ValueError as error:
        print(f"eni-conformance replay: {error}", file=sys.stderr)
        return USAGE
    if args.judge_only:
        return stored.judge_again(data, Path(args.evidence))
    revision = str(data.get("revision", "2019"))
    if revision not in CONTRACTS:
        print(f"eni-conformance replay: {args.evidence}: unknown revision {revision!r}", file=sys.stderr)
        return USAGE
    plan = Plan(
        target=args.target or studies.EMBEDDED,
        revision="2024" if revision == "2024" else "2019",
        effort="quick",
        seed=int(data.get("seed", 0)),
        strict=bool(data.get("strict")),
        out=str(getattr(args, "out", None) or "out"),
        allow_plain_http=bool(getattr(args, "allow_plain_http", False)),
    )
    try:
        study = studies.open_study(plan, latest=False)
    except Refused as refused:
        print(f"eni-conformance replay: {refused}", file=sys.stderr)
        return refused.status
    wanted = short_id(str(data["requirement"]))
    print(f"{study.target.name}  {study.target.endpoint}  {full_id(wanted)}: {data['summary']}")
    status = UNUSABLE
    inquiry = None
    try:
        inquiry = studies.join(
            plan, study.run_id, study.folder, study.target_file, "replay", 1, study.capabilities
        )  # fmt: skip
        failed = 0
        undecided = ""
        for _ in range(TIMES):
            outcome = inquiry.judge(scenario)
            undecided = undecided or outcome.undecided
            same = [f for f in outcome.found if f.finding.requirement == wanted]
            for found in (same or list(outcome.found))[:1]:
                print(f"  {full_id(found.finding.requirement)}: {study.redactor.text(found.finding.summary)}")
                if found.exchange is not None:
                    print(f"  answered {found.exchange.status} {study.redactor.text(repr(found.exchange.body[:300]))}")
            failed += bool(same or outcome.found)
        if undecided and not failed:
            print(f"could not be judged here: {undecided}")
        elif failed:
            print(f"still fails ({failed} of {TIMES})")
            status = VIOLATED
        else:
            print(f"no longer fails (0 of {TIMES})")
            status = OK
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        status = ENDED_EARLY
    finally:
        if inquiry is not None:
            studies.leave(inquiry)
        studies.abandon(study)
    return status
