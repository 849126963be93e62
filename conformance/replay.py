"""The subcommand `replay`: arrange the world of an evidence file again, send the calls, and judge again.

Exit status 1 while the counterexample still fails, 0 when it no longer does, 3 if it could not be judged here. With
--judge-only nothing is sent: the History in the evidence is judged again, by the checks as they are now. With --keep
the world is built and left, and the call is printed as commands.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eni_conformance.conformance import evidence, keep, stored, worker
from eni_conformance.conformance import study as studies
from eni_conformance.conformance.asked import Plan
from eni_conformance.conformance.commands import ENDED_EARLY, OK, UNUSABLE, USAGE, VIOLATED
from eni_conformance.conformance.embedded import EMBEDDED
from eni_conformance.conformance.study import Refused, Study
from eni_conformance.contract import codec
from eni_conformance.contract.detach import full_id, short_id
from eni_conformance.contract.gateway import PROBES
from eni_conformance.contract.scenario import Arg, Detach, Parallel, Probe, Scenario, World
from eni_conformance.contract.texts import FORMS, REGION_FORMS
from eni_conformance.harness.history import Looked
from eni_conformance.harness.redact import Redactor
from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.follow import Found
from eni_conformance.oracle.looks import ENOUGH
from eni_conformance.oracle.sentences import told
from eni_conformance.reports import evidence as ev
from eni_conformance.reports import files, values
from eni_conformance.strategies.tables import still_works

TIMES = 2
EMULATOR = "emulator"
"""What the embedded emulator calls itself."""


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
        if args.keep and (why := no_keeping(kept, plan)):
            raise ValueError(why)
    except ValueError as error:
        print(f"eni-conformance replay: {error}", file=sys.stderr)
        return USAGE
    if note := where(args, plan, kept):
        print(f"eni-conformance replay: {note}", file=sys.stderr)
    try:
        study = studies.open_study(plan, latest=False)
    except Refused as refused:
        print(f"eni-conformance replay: {refused}", file=sys.stderr)
        return refused.status
    did = kept.did or kept.summary
    print(f"{study.target.name}  {study.target.endpoint}  {full_id(short_id(kept.requirement))}: {did}")
    stays = False
    try:
        if args.keep:
            status = keep.keep(study, _scenario(kept))
            stays = status == OK
        else:
            said, status = repeat(study, kept).told()
            print(said)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        status = ENDED_EARLY
    finally:
        if stays:
            study.journal.close()
        else:
            studies.abandon(study)
    return status


def _scenario(kept: Evidence) -> Scenario:
    """What is repeated. Raises ValueError if another version wrote what this one does not know."""
    made = codec.build(Scenario, codec.plain(kept.scenario), "scenario")
    for step in made.steps:
        for part in step.steps if isinstance(step, Parallel) else (step,):
            if isinstance(part, Probe) and part.name not in PROBES:
                raise ValueError(f"scenario: no probe is called {part.name!r} in this version")
            for arg in part.call.args if isinstance(part, Detach | Probe) else ():
                _known(made, arg)
    return made


def _known(scenario: Scenario, arg: Arg) -> None:
    """Raises ValueError where nobody can say what a parameter is sent as."""
    kind, _, place = arg.ref.partition(":")
    forms = REGION_FORMS if arg.name == "RegionId" and kind in ("region", "second_region", "zone") else FORMS
    if not arg.form.startswith("text:") and arg.form not in forms:
        raise ValueError(f"scenario: {arg.name}: no form is called {arg.form!r} in this version")
    there = len(scenario.world.enis if kind == "eni" else scenario.world.instances)
    if place and not (place.isdigit() and int(place) < there):
        raise ValueError(f"scenario: {arg.name}: {arg.ref!r} denotes nothing in its world")


def planned(args: Any, kept: Evidence) -> Plan:
    """A run like the one that the evidence is of. Raises ValueError for an unknown revision."""
    try:
        revision = stored.revision_of(kept)
    except ValueError as error:
        raise ValueError(f"{args.evidence}: {error}") from None
    return Plan(
        target=args.target or own_target(Path(args.evidence)) or EMBEDDED,
        revision=revision,
        effort="quick",
        seed=int(kept.seed or 0),
        strict=kept.strict,
        out=str(getattr(args, "out", None) or "out"),
        allow_plain_http=bool(getattr(args, "allow_plain_http", False)),
    )


def own_target(path: Path) -> str:
    """The target file of the run that the evidence lies in, "" if that is not known or no longer there."""
    run = path.resolve().parent.parent
    try:
        file = values.target_file(files.load(run))
    except (OSError, ValueError):
        return ""
    return file if file and Path(file).is_file() else ""


def where(args: Any, plan: Plan, kept: Evidence) -> str:
    """What must be said of the target that it is repeated on, "" if it is the one that was named."""
    if args.target:
        return ""
    if plan.target != EMBEDDED:
        return f"no --target: repeated on the target of its run, {plan.target}"
    if kept.target.endpoint and kept.target.name != EMULATOR:
        return (
            f"NO TARGET GIVEN: the finding is of {kept.target.name} ({kept.target.endpoint}), and is repeated on the"
            " embedded emulator, which is another endpoint; name it with --target FILE"
        )
    return ""


def no_keeping(kept: Evidence, plan: Plan) -> str:
    """Why its world cannot be left with one call, "" if it can."""
    if not ev.one_call(kept):
        return "--keep: no single call shows this finding; `replay` without --keep repeats all its steps"
    if plan.target == EMBEDDED:
        return "--keep: the embedded emulator ends with this command; start one and name its target file with --target"
    return ""


def repeat(study: Study, kept: Evidence) -> Repeated:
    """Judge its Scenario TIMES times, and print what it shows of its requirement, or else of any."""
    scenario, wanted = _scenario(kept), short_id(kept.requirement)
    inquiry = worker.join(
        study.plan, study.run_id, study.folder, study.target_file, "replay", 1, study.capabilities
    )  # fmt: skip
    made = Repeated(TIMES)
    try:
        for _ in range(ENOUGH if let_go(kept) else 0):
            inquiry.judge(still_works(World()))
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


def let_go(kept: Evidence) -> bool:
    """Whether a hold was let go in it: what that shows is judged only where it is known how long detaches take."""
    with contextlib.suppress(ValueError):  # an older version wrote no History, or one that this one cannot read
        events = stored.unpacked(kept.play).events
        return any(isinstance(event, Looked) and event.why == "released" for event in events)
    return False


def _print(found: Found, redactor: Redactor) -> None:
    sentence = told(found.finding, found.expected)
    print(f"  {full_id(found.finding.requirement)}: {redactor.text(sentence.did)} {redactor.text(sentence.should)}")
    print(f"  in detail: {redactor.text(found.finding.summary)}")
    if found.exchange is not None:
        print(f"  answered {found.exchange.status} {redactor.text(repr(found.exchange.body[:300]))}")
