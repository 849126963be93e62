"""The subcommand `prove`: is every built-in fault of the emulator caught, and no conforming variant blamed?

Each fault, and each four variants, get an emulator of their own and a run of the suite of their own, as processes,
so that nothing leaks from one to the next; where variants together are blamed, each is run alone. A run is forked
from a process that has imported everything, gives nothing back (its emulator is thrown away) and ends without
reports. Results are written as they come; an interrupted proof goes on where it stopped. Then each requirement that
no fault's first violation named is proven by a run of its own checks alone against a fault that they must catch. The
emulator is known here only by its command line.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from eni_conformance.conformance import curve, prove_again, prove_run
from eni_conformance.conformance.proof import EQUIVALENT, summary, unproven, write
from eni_conformance.conformance.prove_again import emulator, forked
from eni_conformance.contract import codec, rows
from eni_conformance.contract.detach import full_id
from eni_conformance.harness.clock import REAL
from eni_conformance.oracle.results import Results, Run, Violation
from eni_conformance.oracle.tally import read_all
from eni_conformance.reports import files
from eni_conformance.reports.proven import Result
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

RUN_SECONDS = {"quick": 900, "standard": 3000, "deep": 30000}
"""A run that takes longer is ended and proves nothing, unless it had found something by then."""
RUNS_PER_CORE = 4
"""Runs at the same time for each core: a run waits for transitions and looks more than half of its time."""
TOGETHER = 4
"""Conforming variants that are switched on in one run."""
OWN_FAULTS: Mapping[str, tuple[str, ...]] = {
    rows.ACTION: ("action-case-folded",),
    rows.OWNER_ACCOUNT: ("owner-account-refused",),
    rows.OLDER_OWNERS: ("owner-id-refused",),
    rows.UNDECLARED: ("unknown-parameters-refused-by-post",),
    rows.REPEATED: ("duplicates-mixed",),
    rows.PAIR: ("code-eni-state",),
    rows.STAYS_AVAILABLE: ("flaps-back-late",),
    rows.METHODS_ALIKE: ("malformed-unknown-by-post",),
    rows.FORMATS_ALIKE: ("malformed-unknown-in-xml",),
    rows.SCHEMES_ALIKE: ("malformed-unknown-by-v3",),
    rows.ORDER_ALIKE: ("malformed-unknown-on-fresh-connection",),
    rows.SERIAL_ORDER: ("parallel-first-lost",),
    rows.LIFE_CYCLE: ("attached-again-but-not-for-long",),
    rows.SAME_ANSWER: ("malformed-unknown-in-lower-case",),
    rows.OTHER_SIGNED: ("body-hash-unchecked", "signature-of-other-method"),
    rows.UNKNOWN_KEY: ("unknown-key-accepted",),
    rows.UNKNOWN_ACTION: ("version-unchecked",),
    rows.MISSING_PUBLIC: ("nonce-may-be-missing", "timestamp-may-be-missing"),
    rows.CORRECTLY_SIGNED: ("clock-impatient", "signature-of-special-characters"),
    rows.NO_DAMAGE: ("brace-poisons",),
}
"""Requirement -> faults that its own checks must catch, for requirements that are seldom the first to tell."""
_PRELOADED = ["eni_conformance.conformance.prove_run", "eni_conformance.conformance.prove_again"]


@dataclass(frozen=True)
class Subject:
    """What is proven against: a fault that must be caught, or a variant that must not be blamed.

    touches: what of the emulator's behaviour it changes. members: the variants that this one stands for.
    """

    kind: str
    name: str
    group: str
    trigger: str
    description: str
    arguments: tuple[str, ...] = ()
    touches: frozenset[str] = frozenset()
    members: tuple[Subject, ...] = ()


@dataclass(frozen=True)
class Job:
    """One run. own: the requirement whose checks alone are run, "" for a whole run that ends at its first finding.
    calls: so many at most, 0 for as many as it takes."""

    subject: Subject
    seed: int
    own: str = ""
    calls: int = 0

    @property
    def key(self) -> Key:
        return self.subject.kind, self.subject.name, self.seed, self.own, self.calls


Key = tuple[str, str, int, str, int]


def listed(what: str) -> list[dict[str, str]]:
    """The emulator's own list of "faults" or "variants"."""
    command = [sys.executable, "-m", "eni_conformance.emulator", f"--list-{what}", "--json"]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout  # noqa: S603 - this interpreter
    listed: list[dict[str, str]] = json.loads(out)
    return listed


def subjects(only: str) -> list[Subject]:
    """The built-in faults and variants, those whose class, kind or name `only` names (part of a name will do)."""
    every = [
        Subject(
            "variant",
            v["name"],
            "conforming",
            "always",
            v["description"],
            ("--variant", v["name"]),
            frozenset(v["touches"].split()),
        )
        for v in listed("variants")
    ]
    every += [
        Subject("fault", f["name"], f.get("class", ""), f.get("trigger", ""), f["description"], ("--fault", f["name"]))
        for f in listed("faults")
    ]
    return _only(every, only)


def _only(every: list[Subject], only: str) -> list[Subject]:
    wanted = only.split(",")
    return [s for s in every if not only or any(w in (s.group, s.kind, s.kind + "s") or w in s.name for w in wanted)]


def composed(count: int, seed: int, only: str) -> list[Subject]:
    """Faults that nobody wrote by hand, and a third as many conforming variants, out of the emulator's grammar; those
    that `only` names, as for `subjects`."""
    out = []
    for kind, extra, n in (("variant", ("--conforming",), max(1, count // 3)), ("fault", (), count)):
        command = [
            sys.executable,
            "-m",
            "eni_conformance.emulator",
            "--list-composed",
            str(n),
            "--seed",
            str(seed),
            "--json",
            *extra,
        ]
        text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout  # noqa: S603 - this interpreter
        for row in json.loads(text):
            out.append(
                Subject(
                    kind,
                    row["name"],
                    row["class"],
                    row["trigger"],
                    row["description"],
                    ("--composed", row["name"]),
                    frozenset({row["class"]}),
                )
            )
    return _only(out, only)


def grouped(variants: Sequence[Subject], seed: int) -> list[Subject]:
    """The variants in fours, so that a quarter of the runs will do: each with others that touch something else, with
    others again for another seed. One that finds no companion stays alone."""
    rivals = {v: sum(bool(v.touches & other.touches) for other in variants) for v in variants}
    groups: list[list[Subject]] = [[] for _ in range(-(-len(variants) // TOGETHER))]
    for one in sorted(variants, key=lambda v: (-rivals[v], hashlib.sha256(f"{seed} {v.name}".encode()).digest())):
        fit = [g for g in groups if len(g) < TOGETHER and not any(one.touches & m.touches for m in g)]
        if not fit:
            groups.append([])
        min(fit or groups[-1:], key=len).append(one)
    return [members[0] if len(members) == 1 else _together(members) for members in groups]


def _together(members: Sequence[Subject]) -> Subject:
    first = members[0]
    return Subject(
        first.kind,
        " + ".join(m.name for m in members),
        first.group,
        first.trigger,
        " ".join(m.description for m in members),
        tuple(a for m in members for a in m.arguments),
        members=tuple(members),
    )


def single(groups: Sequence[Subject], results: Sequence[Result]) -> tuple[list[Result], list[Subject]]:
    """What runs with several variants say of each of them, and the variants that must be run alone to know.

    A group that is silent speaks for its members. One that is not stays among the results, as it may be only together
    that they are blamed.
    """
    of = {group.name: group.members for group in groups}
    out: list[Result] = []
    alone: list[Subject] = []
    for result in results:
        members = of.get(result.name, ()) if result.kind == "variant" else ()
        if not members or result.verdict != "silent":
            out.append(result)
            alone += members
            continue
        for one in members:
            about = replace(result, name=one.name, group=one.group, trigger=one.trigger, description=one.description)
            out.append(replace(about, company=", ".join(m.name for m in members if m is not one)))
    return out, alone


# --- one run -----------------------------------------------------------------------------------------


def warm() -> ForkServerContext:
    """A process that has imported everything a run needs, from which runs are forked."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def one(job: Job, effort: str, folder: Path, context: ForkServerContext) -> Result:
    """Run the suite against one subject."""
    began = REAL.monotonic()
    place = _place(job, folder)
    place.mkdir(parents=True, exist_ok=True)
    target = place / "target.toml"
    with emulator(target, job.subject.arguments) as up:
        if not up:
            return _result(job, -1, began, Results(Run("none")), place, folder)
        options = argparse.Namespace(
            target=str(target), effort=effort, seed=job.seed, workers=1, out=str(place), revision="2019",
            requirement=full_id(job.own) if job.own else "", first_violation=not job.own, deviations="",
            calls=job.calls or None,
        )  # fmt: skip
        log = str(place / "log.txt")
        status = forked(context, prove_run.main, (options, job.own, log), RUN_SECONDS[effort])
        told = _told(place / "latest")
        result = _result(job, status, began, told, place, folder)
        if job.subject.kind == "fault" and result.verdict == "killed" and not job.calls:
            result = replace(result, replays=prove_again.replays(told, place, target, context))
    return result


def _told(run: Path) -> Results:
    """results.json of a run; of one that did not end, the violations that its worker had written down by then."""
    if (run / "results.json").exists():
        return files.load(run)
    found = tuple(entry for record in read_all(run) for entry in record.violations)
    return Results(Run("unfinished"), violations=found)


def _place(job: Job, folder: Path) -> Path:
    """The directory of a run; names of composed faults are too odd and too long for one."""
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", job.subject.name)[:80]
    if name != job.subject.name:
        name += "-" + hashlib.sha256(job.subject.name.encode()).hexdigest()[:6]
    size = f"{job.calls}-calls" if job.calls else ""
    return folder / "runs" / "-".join(filter(None, (name, job.own, size, str(job.seed))))


def _verdict(job: Job, status: int, broken: Sequence[str], failed: str = "") -> str:
    """What a run means. broken: the requirements that it saw violated, also if it did not come to its end. failed: how
    the suite itself went wrong; a run like that proves nothing."""
    if failed:
        return "unusable"
    conforming = job.subject.kind == "variant" or job.subject.name in EQUIVALENT
    if broken:
        if job.own and job.own not in broken:
            return "survived"
        return "alarmed" if conforming else "killed"
    if status == 0:
        return "silent" if job.subject.kind == "variant" else "equivalent" if conforming else "survived"
    return "unusable"


def _result(job: Job, status: int, began: float, told: Results, place: Path, folder: Path) -> Result:
    """The result, with what the run says about the violation that counts: the first, or the first of `own`."""
    violations = list(told.violations)
    if job.own:
        violations.sort(key=lambda v: (v.requirement != job.own, job.own not in v.also))
    first = violations[0] if violations else Violation()
    path = place / "latest" / "evidence" / first.evidence if first.evidence else None
    kept = path is not None and path.exists()
    blamed = tuple(dict.fromkeys([r for v in violations for r in (v.requirement, *v.also)]))
    failed = next((row.why for row in told.by_verdict("error")), "")
    subject = job.subject
    return Result(
        kind=subject.kind,
        name=subject.name,
        group=subject.group,
        trigger=subject.trigger,
        description=subject.description,
        verdict=_verdict(job, status, blamed, failed),
        exit=status,
        requirement=first.requirement,
        also=first.also,
        all_requirements=blamed,
        summary=first.summary if violations and not failed else failed or told.run.note,
        calls=first.calls,
        detach_calls=first.detach_calls,
        seconds=round(REAL.monotonic() - began, 2),
        first_seconds=first.seconds,
        counterexample=json.loads(path.read_text()).get("scenario") or {} if path and kept else {},
        evidence=str(path.resolve().relative_to(folder.resolve())) if path and kept else "",
        seed=job.seed,
        own=job.own,
        allowed=job.calls,
        test=first.test.partition("[")[0],
    )


# --- the proof ---------------------------------------------------------------------------------------


def _kept(path: Path) -> dict[Key, Result]:
    """Results of an interrupted proof."""
    out = {}
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                result = codec.build(Result, json.loads(line), "result")
            except ValueError:
                continue
            out[(result.kind, result.name, result.seed, result.own, result.allowed)] = result
    return out


def prove(jobs: Sequence[Job], effort: str, workers: int, folder: Path, console: Console) -> list[Result]:
    """The results of these runs, `workers` at a time; those that an earlier proof has kept are taken from there.

    Raises KeyboardInterrupt if interrupted; what is done by then is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / f"results-{effort}.jsonl"
    known = _kept(journal)
    results = [known[job.key] for job in jobs if job.key in known]
    todo = [job for job in jobs if job.key not in known]
    if results:
        console.print(f"{len(results)} results of an earlier proof in {folder} are kept; remove it to start anew")
    context = warm()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TimeRemainingColumn())  # fmt: skip
    with (
        journal.open("a") as file,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
        _pool(workers) as pool,
    ):
        task = progress.add_task("proving", total=len(todo))
        for n, future in enumerate(as_completed([pool.submit(one, j, effort, folder, context) for j in todo]), 1):
            result = future.result()
            results.append(result)
            file.write(json.dumps(codec.plain(result)) + "\n")
            file.flush()
            what = f"{result.requirement} after {result.calls} calls" if result.requirement else result.summary[:60]
            who = f"{result.kind:7} {result.name}" + (f" by {result.own} alone" if result.own else "")
            progress.update(task, advance=1)
            console.print(f"{n}/{len(todo)} {result.verdict:9} {who}  {what}", highlight=False, markup=False)
    return results


class _pool(ThreadPoolExecutor):
    """A pool that starts nothing more once it is left by an exception."""

    def __exit__(self, kind: Any, *rest: Any) -> bool | None:
        if kind is not None:
            self.shutdown(wait=False, cancel_futures=True)
        return super().__exit__(kind, *rest)


def own_jobs(chosen: Sequence[Subject], results: Sequence[Result], seed: int) -> list[Job]:
    """Runs of a requirement's own checks, for those that no fault's first violation named."""
    faults = {s.name: s for s in chosen if s.kind == "fault"}
    return [
        Job(faults[name], seed, short)
        for short in unproven([r for r in results if not r.own])
        for name in OWN_FAULTS.get(short, ())
        if name in faults
    ]


def _by_calls(args: Any, faults: Sequence[Subject], seed: int, folder: Path, console: Console) -> int:
    """What runs of so many calls kill, from the smallest size on; a fault that was killed by one is by all larger ones.
    Exit status 0, or 4 if interrupted."""
    workers = args.workers or RUNS_PER_CORE * (os.cpu_count() or 1)
    results: list[Result] = []
    left = [one for one in faults if one.name not in EQUIVALENT]
    try:
        for size in args.calls:
            told = prove([Job(one, seed, calls=size) for one in left], args.effort, workers, folder, console)
            results += told
            killed = {one.name for one in told if one.verdict == "killed"}
            left = [one for one in left if one.name not in killed]
    except KeyboardInterrupt:
        console.print(f"interrupted; what is done is kept in {folder}, and the same command goes on from there")
        return 4
    made = curve.curve(results, args.calls)
    curve.write(folder, made, results, seed)
    print(curve.told(made))
    return 0


def main(args: Any) -> int:
    """The subcommand. Exit status 0 if every fault was killed and no variant alarmed, and no
    counterexample fails on a conforming emulator, else 1; 4 if interrupted."""
    console = Console(stderr=True)
    seed = args.seed if args.seed is not None else 1
    only = args.only or ""
    chosen = composed(args.adversary, seed, only) if args.adversary else subjects(only)
    if not chosen:
        console.print(f"prove: nothing is called {only}; see eni-conformance emulator --list-faults")
        return 2
    folder = Path(args.out) / (f"prove-adversary-{seed}" if args.adversary else "prove")
    if args.calls:
        return _by_calls(args, [s for s in chosen if s.kind == "fault"], seed, folder, console)
    workers = args.workers or RUNS_PER_CORE * (os.cpu_count() or 1)
    began = REAL.monotonic()
    try:
        variants = grouped([s for s in chosen if s.kind == "variant"], seed)
        faults = [s for s in chosen if s.kind == "fault"]
        told = prove([Job(subject, seed) for subject in (*variants, *faults)], args.effort, workers, folder, console)
        results, alone = single(variants, told)
        results += prove([Job(subject, seed) for subject in alone], args.effort, workers, folder, console)
        if not args.adversary:
            results += prove(own_jobs(chosen, results, seed), args.effort, workers, folder, console)
    except KeyboardInterrupt:
        console.print(f"interrupted; what is done is kept in {folder}, and the same command goes on from there")
        return 4
    figures = summary(results, args.effort)
    what = (f" --adversary {args.adversary}" if args.adversary else "") + (f" --only {only}" if only else "")
    command = f"eni-conformance prove --effort {args.effort} --seed {seed}{what}"
    page = write(folder, figures, command)
    print(f"faults killed: {figures.killed} of {figures.faults}; survivors: {_named(figures.survivors)}")
    for name, why in figures.equivalent.items():
        print(f"equivalent: {name}. {why}")
    print(f"variants alarmed: {_named(figures.alarmed)} of {figures.variants}")
    innocent, unlike = figures.convict_innocent, figures.not_repeated
    print(f"counterexamples that convict the innocent: {_named(innocent)} of {figures.replayed}")
    print(f"counterexamples that do not fail again as they claim: {_named(unlike)} of {figures.replayed}")
    print(f"kill rate: {100 * figures.killed / max(1, figures.faults):.1f} % at --effort {args.effort}")
    print("killed within calls: " + ", ".join(f"{k}: {100 * share:.0f} %" for k, share in figures.killed_within))
    print(f"median calls until the first violation: {figures.median_calls}")
    print(f"minutes: {(REAL.monotonic() - began) / 60:.1f}, {workers} runs at a time")
    print(f"matrix: {page}")
    return 0 if not (figures.survivors or figures.alarmed or innocent) else 1


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
