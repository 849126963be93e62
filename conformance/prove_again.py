"""The leading counterexamples of a proof, again: on the emulator that has the fault, and on one that has none.

A counterexample that fails on a conforming endpoint convicts the innocent; one that does not fail again where it was
found is no evidence. This file says how often each failed; `proof` says what that means.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from multiprocessing.context import ForkServerContext
from pathlib import Path

from eni_conformance.conformance import evidence, replay, study
from eni_conformance.conformance.study import Refused
from eni_conformance.contract import codec
from eni_conformance.oracle.results import Again, Results
from eni_conformance.reports import causes, files
from eni_conformance.reports.proven import Replay

SECONDS = 240
"""A replay that takes longer is ended and tells nothing."""
MOST = 4
"""So many leading counterexamples of one run are tried again."""


@contextlib.contextmanager
def emulator(target: Path, arguments: Sequence[str] = ()) -> Iterator[bool]:
    """An emulator as a process of its own that writes its target file; whether it came up. It is killed at the end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(  # noqa: S603 - this interpreter
        [
            sys.executable, "-m", "eni_conformance.emulator", "--port", "0", "--write-target", str(target),
            "--parent-pid", str(os.getpid()), *arguments,
        ],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process.stdout.readline().startswith("LISTENING")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def forked(context: ForkServerContext, work: object, arguments: tuple[object, ...], seconds: float) -> int:
    """The exit status of a function in a forked process, -9 if it took too long."""
    process = context.Process(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        assert process.pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.join()
    status = process.exitcode
    process.close()
    return -9 if status is None else status


def replays(told: Results, place: Path, guilty: Path, context: ForkServerContext) -> tuple[Replay, ...]:
    """The leading counterexamples of a run, each again on both. guilty: target file of the emulator with the fault,
    which must still be there."""
    run = (place / "latest").resolve()
    found = [
        one for one in causes.findings(told, files.load_evidence(run)[0]) if one.verdict == "violated" and one.file
    ]
    out = []
    for one in found[:MOST]:
        path = run / "evidence" / one.file
        with emulator(place / "innocent" / "target.toml") as up:
            innocent = _again(path, place / "innocent", context) if up else None
        assert one.evidence is not None
        claimed = one.evidence.confirmations or Again()
        out.append(Replay(one.requirement_id, one.file, claimed, _again(path, guilty.parent, context), innocent))
    return tuple(out)


def _again(path: Path, place: Path, context: ForkServerContext) -> Again | None:
    """How often a counterexample failed again on the target of this directory, None if it could not be judged."""
    answer = place / f"again-{path.stem}.json"
    forked(context, work, (str(path), str(place / "target.toml"), str(answer)), SECONDS)
    return codec.build(Again, json.loads(answer.read_text()), answer.name) if answer.exists() else None


def work(path: str, target: str, answer: str) -> None:
    """In a process of its own: repeat this evidence on this target, and write down how often it failed."""
    os.setsid()
    with open(Path(answer).with_suffix(".txt"), "w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    kept = evidence.read(Path(path))
    args = argparse.Namespace(evidence=path, target=target, out=str(Path(answer).parent / "again"))
    try:
        opened = study.open_study(replay.planned(args, kept), latest=False)
    except Refused as refused:
        raise SystemExit(str(refused)) from None
    try:
        made = replay.repeat(opened, kept)
    finally:
        study.abandon(opened)
    if made.failed or not made.undecided:
        Path(answer).write_text(json.dumps({"tried": made.times, "failed_again": made.failed}))
