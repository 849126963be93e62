"""Do verdicts depend on luck? Many quick runs, and the verdict of every requirement compared between them.

    python bench/flakes.py                   30 runs, about half an hour on two cores
    python bench/flakes.py --runs 4 --only plain
    python bench/flakes.py --only slow       one variant of the emulator alone

Each run has a seed and an emulator of its own. Runs alternate between one worker and two, every other pair with
a busy process on each core; a third of them meets the plain emulator, the others its conforming variants, each
of these twice. What has been done is kept in DIR/runs.jsonl, so that an interrupted series goes on where it stopped.

A requirement must get one verdict in all runs. A variant may be unable to show something (an emulator that calls
malformed ids unknown never says "malformed"): there not-exercised and inconclusive are only compared with other
runs of the same variant. Exit status: 0 all the same, 1 a difference, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PLAIN = "plain"
EXCUSED = ("not-exercised", "inconclusive")
"""Verdicts that a variant may have where the plain emulator has another."""
NOISE = ("Traceback", "hypothesis.errors", "Flaky", "HealthCheck", "internal error")
"""What a user must never read."""
SECONDS = 900
"""After that a run counts as hung."""


@dataclass(frozen=True)
class Run:
    """What is to be done."""

    seed: int
    workers: int
    busy: bool
    subject: str

    def __str__(self) -> str:
        workers = "1 worker" if self.workers == 1 else f"{self.workers} workers"
        return f"{self.subject}, seed {self.seed}, {workers}{', busy cores' if self.busy else ''}"


@dataclass(frozen=True)
class Result:
    """What came of it. `noise`: words in the output that no user should see."""

    run: Run
    exit: int
    seconds: float
    folder: str
    verdicts: Mapping[str, str]
    reasons: Mapping[str, str]
    noise: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """One requirement with several verdicts, or a run that went wrong. `seen`: verdict -> directories of runs."""

    what: str
    seen: Mapping[str, tuple[str, ...]]


def schedule(runs: int, variants: Sequence[str], only: str = "") -> list[Run]:
    """The runs of a series. `variants`: names that may be chosen from, spread evenly. Pure."""
    if only:
        subjects = [only] * runs
    else:
        pairs = runs // 3 if len(variants) >= runs // 3 else len(variants)
        chosen = [variants[n * len(variants) // pairs] for n in range(pairs)] if pairs else []
        subjects = [name for name in chosen for _ in range(2)]
        subjects += [PLAIN] * (runs - len(subjects))
    return [Run(n + 1, 1 + n % 2, n % 4 in (1, 2), subject) for n, subject in enumerate(subjects)]


def compare(results: Sequence[Result]) -> list[Difference]:
    """Every requirement whose verdict is not the same everywhere, and every run that went wrong. Pure."""
    out = []
    for result in results:
        if not result.verdicts:
            out.append(Difference(f"{result.run}: no results", {f"exit {result.exit}": (result.folder,)}))
        if result.noise:
            out.append(Difference(f"{result.run}: output", {", ".join(result.noise): (result.folder,)}))
    done = [result for result in results if result.verdicts]
    for requirement in dict.fromkeys(name for result in done for name in result.verdicts):
        agreed: dict[str, list[str]] = {}
        for subject in dict.fromkeys(result.run.subject for result in done):
            seen = _seen(requirement, [result for result in done if result.run.subject == subject])
            if len(seen) > 1:
                out.append(Difference(f"{requirement} ({subject})", seen))
                continue
            verdict = next(iter(seen))
            if subject == PLAIN or verdict not in EXCUSED:
                agreed.setdefault(verdict, []).append(subject)
        if len(agreed) > 1:
            of = {verdict: [r for r in done if r.run.subject in subjects] for verdict, subjects in agreed.items()}
            out.append(Difference(requirement, {v: tuple(r.folder for r in rows) for v, rows in of.items()}))
    return out


def excused(results: Sequence[Result]) -> dict[str, list[str]]:
    """What variants could not show where others could: "REQUIREMENT verdict" -> names of variants. Pure."""
    out: dict[str, list[str]] = {}
    shown = {name for result in results for name, verdict in result.verdicts.items() if verdict not in EXCUSED}
    for result in results:
        for name, verdict in result.verdicts.items():
            if result.run.subject != PLAIN and verdict in EXCUSED and name in shown:
                subjects = out.setdefault(f"{name} {verdict}", [])
                if result.run.subject not in subjects:
                    subjects.append(result.run.subject)
    return out


def _seen(requirement: str, results: Sequence[Result]) -> dict[str, tuple[str, ...]]:
    seen: dict[str, tuple[str, ...]] = {}
    for result in results:
        verdict = result.verdicts.get(requirement, "absent")
        reason = result.reasons.get(requirement, "")
        seen[verdict] = (*seen.get(verdict, ()), f"{result.folder}  {reason}".rstrip())
    return seen


@contextmanager
def busy_cores(wanted: bool) -> Iterator[None]:
    """A process on each core that does nothing but compute."""
    count = os.cpu_count() or 1 if wanted else 0
    children = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()


@contextmanager
def emulator(target: Path, subject: str) -> Iterator[None]:
    """An emulator that plays a variant, as its own process."""
    command = [sys.executable, "-m", "eni_conformance.emulator", "--port", "0", "--write-target", str(target)]
    command += ["--parent-pid", str(os.getpid()), *([] if subject == PLAIN else ["--variant", subject])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if not process.stdout.readline().startswith("LISTENING"):
            raise SystemExit(f"the emulator does not start: {' '.join(command)}")
        yield
    finally:
        process.kill()
        process.wait()


def carry_out(run: Run, out: Path) -> Result:
    """One run of the suite against an emulator of its own."""
    place = out / f"{run.seed:02}-{run.subject}"
    place.mkdir(parents=True, exist_ok=True)
    target = place / "target.toml"
    command = [sys.executable, "-m", "eni_conformance", "run", "--target", str(target), "--effort", "quick"]
    command += ["--seed", str(run.seed), "-n", str(run.workers), "--out", str(place)]
    environment = {k: v for k, v in os.environ.items() if k != "GITHUB_STEP_SUMMARY"} | {"NO_COLOR": "1"}
    began = time.monotonic()
    log = place / "log.txt"
    with emulator(target, run.subject), busy_cores(run.busy), log.open("w") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
        try:
            status = process.wait(SECONDS)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            status = process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
    folder = (place / "latest").resolve()
    rows: list[dict[str, Any]] = []
    if (folder / "results.json").exists():
        rows = json.loads((folder / "results.json").read_text())["requirements"]
    said = log.read_text(errors="replace")
    return Result(
        run,
        status,
        round(time.monotonic() - began, 1),
        str(folder if rows else place),
        {row["id"]: row["verdict"] for row in rows},
        {row["id"]: row["reason"] for row in rows if row["verdict"] != "conforms"},
        tuple(word for word in NOISE if word in said),
    )


def kept(journal: Path) -> dict[Run, Result]:
    """What an interrupted series has done."""
    out = {}
    for line in journal.read_text().splitlines() if journal.exists() else ():
        try:
            row = json.loads(line)
            result = Result(**{**row, "run": Run(**row["run"]), "noise": tuple(row["noise"])})
        except (ValueError, TypeError, KeyError):
            continue  # the line that was being written when it was interrupted
        out[result.run] = result
    return out


def told(results: Sequence[Result], differences: Sequence[Difference]) -> str:
    """The outcome as text. Pure."""
    lines = [f"{what}: by design of {', '.join(names)}" for what, names in excused(results).items()]
    for difference in differences:
        lines.append(f"DIFFERENT {difference.what}")
        for verdict, folders in difference.seen.items():
            lines += [f"    {verdict}: {folder}" for folder in folders]
    counts = f"{len(results)} runs, {len({r.run.subject for r in results})} kinds of emulator"
    busy = sum(result.run.busy for result in results)
    two = sum(result.run.workers == 2 for result in results)
    slowest = max((result.seconds for result in results), default=0.0)
    outcome = f"{len(differences)} differences" if differences else "identical verdicts"
    lines.append(f"{outcome}: {counts}, {busy} with busy cores, {two} with two workers, the slowest {slowest:.0f} s")
    return "\n".join(lines)


def listed() -> list[str]:
    """The names of the emulator's variants."""
    command = [sys.executable, "-m", "eni_conformance.emulator", "--list-variants", "--json"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [row["name"] for row in json.loads(out)]


def main() -> int:
    """Carry out a series and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=30, metavar="N", help="how many runs (default: 30)")
    parser.add_argument("--only", default="", metavar="SUBJECT", help="plain, or the name of a variant")
    parser.add_argument("--out", type=Path, default=Path("out/flakes"), metavar="DIR", help="default: out/flakes")
    options = parser.parse_args()
    variants = listed()
    if options.runs < 2:
        parser.error("--runs: two at least, to compare them")
    if options.only not in ("", PLAIN, *variants):
        parser.error(f"--only {options.only}: plain, or one of {', '.join(variants)}")
    options.out.mkdir(parents=True, exist_ok=True)
    journal = options.out / "runs.jsonl"
    done = kept(journal)
    results = []
    chosen = schedule(options.runs, variants, options.only)
    for n, run in enumerate(chosen, 1):
        result = done.get(run)
        if result is None:
            result = carry_out(run, options.out)
            with journal.open("a") as file:
                file.write(json.dumps(asdict(result)) + "\n")
        results.append(result)
        counted = sum(verdict == "conforms" for verdict in result.verdicts.values())
        print(
            f"{n}/{len(chosen)} {run}: exit {result.exit}, {counted} of {len(result.verdicts)} conform, "
            f"{result.seconds:.0f} s{' (kept)' if run in done else ''}",
            flush=True,
        )
    differences = compare(results)
    print(told(results, differences))
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
