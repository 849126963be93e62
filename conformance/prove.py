"""The subcommand `prove`: is every built-in fault of the emulator caught, and no conforming variant blamed?

Each fault and each variant gets an emulator of its own and a whole run of the suite against it, as a process, so
that nothing leaks from one to the next. Results are written as they come; an interrupted proof goes on where it
stopped. The emulator is known here only by its command line.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from conformance.contract import CONTRACTS, full_id

RUN_SECONDS = {"quick": 180, "standard": 1500, "deep": 14400}


@dataclass(frozen=True)
class Subject:
    """What is proven against: a fault that must be caught, or a variant that must not be blamed."""

    kind: str
    name: str
    group: str
    trigger: str
    description: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """What came of one subject. verdict: killed, survived, alarmed, silent, unusable."""

    kind: str
    name: str
    group: str
    trigger: str
    description: str
    verdict: str
    exit: int
    requirement: str = ""
    also: tuple[str, ...] = ()
    all_requirements: tuple[str, ...] = ()
    summary: str = ""
    calls: int = 0
    detach_calls: int = 0
    seconds: float = 0.0
    counterexample: dict[str, Any] = field(default_factory=dict)
    seed: int = 0


def listed(what: str) -> list[dict[str, str]]:
    """The emulator's own list of "faults" or "variants"."""
    command = [sys.executable, "-m", "emulator", f"--list-{what}", "--json"]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout  # noqa: S603 - this interpreter
    rows: list[dict[str, str]] = json.loads(out)
    return rows


def subjects(only: str) -> list[Subject]:
    """The built-in faults and variants, those whose class, kind or name `only` names (part of a name will do)."""
    every = [
        Subject("fault", f["name"], f.get("class", ""), f.get("trigger", ""), f["description"], ("--fault", f["name"]))
        for f in listed("faults")
    ]
    every += [
        Subject("variant", v["name"], "conforming", "always", v["description"], ("--variant", v["name"]))
        for v in listed("variants")
    ]
    if not only:
        return every
    wanted = only.split(",")
    return [s for s in every if any(w in (s.group, s.kind, s.kind + "s") or w in s.name for w in wanted)]


def composed(count: int, seed: int) -> list[Subject]:
    """Faults that nobody wrote by hand, and a third as many conforming variants, out of the emulator's grammar."""
    out = []
    for kind, extra, n in (("fault", (), count), ("variant", ("--conforming",), max(1, count // 3))):
        command = [sys.executable, "-m", "emulator", "--list-composed", str(n), "--seed", str(seed), "--json", *extra]
        text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout  # noqa: S603 - this interpreter
        for row in json.loads(text):
            arguments = ("--composed", row["name"])
            out.append(
                Subject(kind, row["name"], row.get("class", ""), row.get("trigger", ""), row["description"], arguments)
            )
    return out


def one(subject: Subject, effort: str, seed: int, folder: Path) -> Result:
    """Run the suite against one subject."""
    began = time.monotonic()
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", subject.name)[:80]
    digest = hashlib.sha256(subject.name.encode()).hexdigest()[:6]
    place = folder / "runs" / (f"{name}-{seed}" if name == subject.name else f"{name}-{digest}-{seed}")
    place.mkdir(parents=True, exist_ok=True)
    target = place / "target.toml"
    environment = {**os.environ, "NO_COLOR": "1"}
    environment.pop("GITHUB_STEP_SUMMARY", None)
    emulator = subprocess.Popen(  # noqa: S603 - this interpreter
        [
            sys.executable, "-m", "emulator", "--port", "0", "--write-target", str(target),
            "--parent-pid", str(os.getpid()), *subject.arguments,
        ],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert emulator.stdout is not None
        if not emulator.stdout.readline().startswith("LISTENING"):
            return _result(subject, "unusable", -1, seed, began, None)
        command = [
            sys.executable, "-m", "conformance.cli", "run", "--target", str(target), "--effort", effort,
            "--seed", str(seed), "-n", "1", "--out", str(place), "--first-violation",
        ]  # fmt: skip
        log = (place / "log.txt").open("w")
        run = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True)  # noqa: S603 - this interpreter
        try:
            status = run.wait(RUN_SECONDS[effort])
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            status = -9
    finally:
        emulator.kill()
        emulator.wait()
    results = place / "latest" / "results.json"
    data = json.loads(results.read_text()) if results.exists() else None
    if subject.kind == "fault":
        verdict = "killed" if status == 1 else "survived"
    else:
        verdict = "silent" if status == 0 else "alarmed"
    return _result(subject, verdict, status, seed, began, data, place)


def _result(
    subject: Subject,
    verdict: str,
    status: int,
    seed: int,
    began: float,
    data: dict[str, Any] | None,
    place: Path | None = None,
) -> Result:
    """The result, with what the run says about its first violation."""
    first = (data or {}).get("violations", [])[:1]
    counterexample: dict[str, Any] = {}
    if first and place is not None and first[0]["evidence"]:
        path = place / "latest" / "evidence" / first[0]["evidence"]
        if path.exists():
            counterexample = json.loads(path.read_text()).get("scenario", {})
    rows = [e for v in (data or {}).get("violations", []) for e in (v["requirement"], *v["also"])]
    return Result(
        subject.kind,
        subject.name,
        subject.group,
        subject.trigger,
        subject.description,
        verdict,
        status,
        first[0]["requirement"] if first else "",
        tuple(first[0]["also"]) if first else (),
        tuple(dict.fromkeys(rows)),
        first[0]["summary"] if first else str((data or {}).get("run", {}).get("note", "")),
        first[0]["calls"] if first else 0,
        first[0]["detach_calls"] if first else 0,
        round(time.monotonic() - began, 2),
        counterexample,
        seed,
    )


def _kept(path: Path) -> dict[tuple[str, str, int], Result]:
    """Results of an interrupted proof."""
    out = {}
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                row = json.loads(line)
                row["also"], row["all_requirements"] = tuple(row["also"]), tuple(row["all_requirements"])
                result = Result(**row)
            except (ValueError, TypeError, KeyError):
                continue
            out[(result.kind, result.name, result.seed)] = result
    return out


def prove(
    chosen: Sequence[Subject], effort: str, seeds: Sequence[int], workers: int, folder: Path, console: Console
) -> list[Result]:
    """Run the suite against every subject (variants with every seed); results in the order of completion."""
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / f"results-{effort}.jsonl"
    known = _kept(journal)
    jobs = [(s, seed) for s in chosen for seed in (seeds if s.kind == "variant" else seeds[:1])]
    results = [known[(s.kind, s.name, seed)] for s, seed in jobs if (s.kind, s.name, seed) in known]
    todo = [(s, seed) for s, seed in jobs if (s.kind, s.name, seed) not in known]
    if results:
        console.print(f"{len(results)} results of an earlier proof in {folder} are kept; remove it to start anew")

    def work(job: tuple[Subject, int]) -> Result:
        return one(job[0], effort, job[1], folder)

    with ThreadPoolExecutor(workers) as pool, journal.open("a") as file:
        for n, result in enumerate(_as_they_come(pool, work, todo), 1):
            results.append(result)
            file.write(json.dumps(asdict(result)) + "\n")
            file.flush()
            what = f"{result.requirement} after {result.calls} calls" if result.requirement else result.summary[:60]
            console.print(f"{n}/{len(todo)} {result.verdict:9} {result.kind:7} {result.name}  {what}", highlight=False)
    return results


def _as_they_come(pool: ThreadPoolExecutor, work: Any, jobs: Sequence[Any]) -> Iterator[Result]:
    from concurrent.futures import as_completed

    futures = [pool.submit(work, job) for job in jobs]
    for future in as_completed(futures):
        yield future.result()


def summary(results: Sequence[Result], effort: str) -> dict[str, Any]:
    """The kill matrix and its figures."""
    faults = [r for r in results if r.kind == "fault"]
    variants = [r for r in results if r.kind == "variant"]
    killed = [r for r in faults if r.verdict == "killed"]
    by_requirement: dict[str, list[str]] = {}
    for result in killed:
        by_requirement.setdefault(result.requirement, []).append(result.name)
    return {
        "effort": effort,
        "faults": len(faults),
        "killed": len(killed),
        "survivors": [r.name for r in faults if r.verdict != "killed"],
        "variants": len({r.name for r in variants}),
        "alarmed": sorted({r.name for r in variants if r.verdict != "silent"}),
        "median_calls": statistics.median([r.calls for r in killed]) if killed else 0,
        "median_seconds": statistics.median([r.seconds for r in killed]) if killed else 0,
        "first_caught_by": {k: sorted(v) for k, v in sorted(by_requirement.items())},
        "results": [asdict(r) for r in sorted(results, key=lambda r: (r.kind, r.group, r.name))],
    }


def kills(results: Sequence[Result]) -> dict[str, int]:
    """How many faults each requirement's checks have killed, first or along with another."""
    out: dict[str, int] = {}
    for result in results:
        if result.kind == "fault" and result.verdict == "killed":
            for short in dict.fromkeys((result.requirement, *result.also)):
                out[short] = out.get(short, 0) + 1
    return dict(sorted(out.items()))


def markdown(figures: dict[str, Any], results: Sequence[Result], command: str) -> str:
    """The proof as a page: figures, and for each requirement the tests that reach it and the faults it caught."""
    contract = CONTRACTS["2019"]
    tests = tests_of()
    killed = [r for r in results if r.kind == "fault" and r.verdict == "killed"]
    lines = [
        "# Proof",
        "",
        f"Made by `{command}`.",
        "",
        "| figure | value |",
        "|---|---|",
        f"| faults killed | {figures['killed']} of {figures['faults']} |",
        f"| conforming variants that raised an alarm | {len(figures['alarmed'])} of {figures['variants']} |",
        f"| calls until the first violation, median | {figures['median_calls']:g} |",
        f"| seconds of a run that ends at the first violation, median | {figures['median_seconds']:g} |",
        "",
        "Survivors: " + (", ".join(f"`{name}`" for name in figures["survivors"]) or "none") + ".",
        "",
        "| requirement | reached by | faults it caught first | along with another |",
        "|---|---|---|---|",
    ]
    for short, requirement in contract.requirements.items():
        first = sorted(r.name for r in killed if r.requirement == short)
        also = sum(1 for r in killed if short in r.also and r.requirement != short)
        shown = ", ".join(f"`{n}`" for n in first[:4]) + (f" and {len(first) - 4} more" if len(first) > 4 else "")
        reached = ", ".join(f"`{t}`" for t in tests.get(short, ())) or "every judged call"
        lines.append(f"| {full_id(short)} {requirement.title} | {reached} | {shown or '-'} | {also} |")
    return "\n".join(lines) + "\n"


def tests_of() -> dict[str, list[str]]:
    """Short id of a requirement -> the conformance tests that are marked as evidence for it."""
    out: dict[str, list[str]] = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        marks: list[str] = []
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                continue
            marks = [
                str(arg.value)
                for decorator in node.decorator_list
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("requirement")
                for arg in decorator.args
                if isinstance(arg, ast.Constant)
            ]
            for short in marks:
                out.setdefault(short, []).append(f"{path.stem}::{node.name}")
    return out


def main(args: Any) -> int:
    """The subcommand. Exit status 0 if every fault was killed and no variant alarmed, else 1."""
    console = Console(stderr=True)
    seed = args.seed if args.seed is not None else 1
    chosen = composed(args.adversary, seed) if args.adversary else subjects(args.only or "")
    if not chosen:
        console.print(f"prove: nothing is called {args.only}; see eni-conformance emulator --list-faults")
        return 2
    seeds = (seed,) if args.adversary else (seed, seed + 1, seed + 2)
    folder = Path(args.out) / (f"prove-adversary-{seed}" if args.adversary else "prove")
    results = prove(chosen, args.effort, seeds, args.workers or os.cpu_count() or 1, folder, console)
    figures = summary(results, args.effort)
    (folder / f"matrix-{args.effort}.json").write_text(json.dumps(figures, indent=1))
    (folder / "kills.json").write_text(json.dumps(kills(results), indent=1) + "\n")
    flags = f" --adversary {args.adversary} --seed {seed}" if args.adversary else ""
    page = markdown(figures, results, f"eni-conformance prove --effort {args.effort}{flags}")
    (folder / f"proof-{args.effort}.md").write_text(page)
    print(f"faults killed: {figures['killed']} of {figures['faults']}; survivors: {figures['survivors'] or 'none'}")
    print(f"variants alarmed: {figures['alarmed'] or 'none'} of {figures['variants']}")
    print(f"kill rate: {100 * figures['killed'] / max(1, figures['faults']):.1f} % at --effort {args.effort}")
    print(f"median calls until the first violation: {figures['median_calls']}")
    print(f"matrix: {folder / f'matrix-{args.effort}.json'}")
    return 0 if not figures["survivors"] and not figures["alarmed"] else 1
