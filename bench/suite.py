"""How fast the suite is, as ratios that are each measured in one run, medians of several interleaved rounds.

    python bench/suite.py                                   all figures, about ten minutes
    python bench/suite.py requests schemathesis             some of them
    python bench/suite.py calls --standard out/latest       from a run at --effort standard that is there already
    python bench/suite.py first --proof out/prove/matrix-quick.json
    python bench/suite.py --json                            as JSON

| figure | what | wanted |
|---|---|---|
| requests | judged calls a second with one worker, against a bare session of `requests` with signed calls; \
transitions end at once, so that it is the suite that is measured and not the waiting for the endpoint | >= 0.35 |
| schemathesis | the same, against Schemathesis with an OpenAPI description and a signing hook | >= 3 |
| calls | API calls for each judged call at --effort standard | <= 1.5 |
| first | API calls until the first violation, median over all faults of a proof | <= 150 |
| workers | judged calls a second with two workers, against one | >= 1.7 |
| latency | share of the time that is waiting, on an endpoint that answers 50 ms later | >= 0.9 |

Emulators are started here. Schemathesis gets an environment of its own below build/. Exit status: 0, or 1
if a figure is not as wanted, or 3 if one could not be measured.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from rich.console import Console
from rich.table import Table
from signed import signed

ROOT = Path(__file__).resolve().parent.parent
SCHEMATHESIS = ROOT / "build" / "bench-schemathesis"
LATENCY = 0.05
GOALS = {
    "requests": (">=", 0.35),
    "schemathesis": (">=", 3.0),
    "calls": ("<=", 1.5),
    "first": ("<=", 150.0),
    "workers": (">=", 1.7),
    "latency": (">=", 0.9),
}


@dataclass(frozen=True)
class Figure:
    """A measured figure. value: what is compared with the goal; detail: what it was made of."""

    name: str
    value: float
    detail: str

    @property
    def reached(self) -> bool:
        sign, goal = GOALS[self.name]
        return self.value >= goal if sign == ">=" else self.value <= goal


# --- what is measured ----------------------------------------------------------------------------------


@contextlib.contextmanager
def emulator(folder: Path, settle_ms: int = 50) -> Iterator[Path]:
    """A running emulator, whose transitions take so many milliseconds; its target file."""
    target = folder / f"target-{settle_ms}.toml"
    command = [sys.executable, "-m", "eni_conformance.emulator", "--port", "0", "--write-target", str(target)]
    command += ["--settle-ms", str(settle_ms)]
    command += ["--parent-pid", str(os.getpid())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        if not process.stdout.readline().startswith("LISTENING"):
            raise RuntimeError("the emulator did not start")
        yield target
    finally:
        process.kill()
        process.wait()


def account(target: Path) -> tuple[str, str, str]:
    """(endpoint, key id, secret) of a target file."""
    table = tomllib.loads(target.read_text())
    caller = table["callers"]["account"]
    return table["endpoint"], caller["access_key_id"], caller["access_key_secret"]


def run(target: Path, folder: Path, seed: int, effort: str, workers: int) -> dict[str, Any]:
    """results.json of a run of the suite."""
    command = [sys.executable, "-m", "eni_conformance", "run", "--target", str(target), "--effort", effort]
    command += ["--seed", str(seed), "-n", str(workers), "--out", str(folder)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"the run ended with {done.returncode}: {done.stderr[-300:]}")
    results: dict[str, Any] = json.loads((folder / "latest" / "results.json").read_text())
    return results


def judged_rate(results: dict[str, Any]) -> float:
    """Judged calls a second over the whole run, set-up and clean-up included."""
    return float(results["judged_calls"] / results["run"]["seconds"])


def bare_rate(target: Path, seconds: float) -> float:
    """Signed calls a second through a bare session of requests, one after the other, answers parsed."""
    endpoint, key, secret = account(target)
    session = requests.Session()
    given = {"RegionId": "cn-hangzhou", "InstanceId": "i-" + "0" * 20, "NetworkInterfaceId": "eni-" + "0" * 20}
    calls, began = 0, time.perf_counter()
    while time.perf_counter() < began + seconds:
        answer = session.get(endpoint, params=signed("GET", given, key, secret))
        if answer.status_code >= 500 or not answer.json()["RequestId"]:
            raise RuntimeError(f"a bare call was answered with {answer.status_code}")
        calls += 1
    return calls / (time.perf_counter() - began)


def schemathesis() -> Path:
    """The command of Schemathesis, installed below build/ the first time."""
    command = SCHEMATHESIS / "bin" / "st"
    if not command.exists():
        subprocess.run([sys.executable, "-m", "venv", str(SCHEMATHESIS)], check=True)
        pip = [str(SCHEMATHESIS / "bin" / "python"), "-m", "pip", "install", "--quiet", "schemathesis"]
        subprocess.run(pip, check=True)
    return command


def schemathesis_rate(target: Path, folder: Path, seconds: float, seed: int) -> float:
    """Calls a second of Schemathesis with one worker and its default checks, start-up and first calls left out.

    seconds: at least so long; half a minute more, because it takes long to start on a busy machine.
    """
    endpoint, key, secret = account(target)
    times = folder / f"times-{seed}.txt"
    environment = {
        **os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(ROOT / "bench"),
        "BENCH_KEY": key, "BENCH_SECRET": secret, "BENCH_TIMES": str(times),
    }  # fmt: skip
    command = [str(schemathesis()), "run", str(ROOT / "bench" / "openapi.json"), "--url", endpoint, "--workers", "1"]
    command += [
        "--phases",
        "fuzzing",
        "--seed",
        str(seed),
        "--max-time",
        str(int(seconds) + 30),
        "--continue-on-failure",
    ]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    seen = [float(line) for line in times.read_text().split()] if times.exists() else []
    if len(seen) < 20:
        raise RuntimeError(f"Schemathesis made {len(seen)} calls only: {done.stdout[-1500:]}{done.stderr[-500:]}")
    steady = seen[5:]
    return (len(steady) - 1) / (steady[-1] - steady[0])


# --- the endpoint that is far away ----------------------------------------------------------------------


async def _later(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            await asyncio.sleep(seconds)
            writer.write(data)
            await writer.drain()
    writer.close()


def far(port: int, seconds: float) -> int:
    """A port whose answers come from `port`, so many seconds later. Served by a thread for as long as we live."""
    ready: list[int] = []
    known = threading.Event()

    async def serve() -> None:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, out = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_later(reader, out, 0), _later(there, writer, seconds))

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        ready.append(server.sockets[0].getsockname()[1])
        known.set()
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    known.wait(10)
    return ready[0]


def waiting_share(target: Path, folder: Path, seed: int) -> float:
    """Share of a run's wall time in which the suite's processes used no processor."""
    endpoint = urllib.parse.urlsplit(account(target)[0])
    port = far(int(endpoint.port or 80), LATENCY)
    there = folder / "far.toml"
    there.touch(0o600)
    there.write_text(target.read_text().replace(f":{endpoint.port}", f":{port}"))
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run(there, folder / "far", seed, "quick", 1)
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1 - used / seconds


# --- figures --------------------------------------------------------------------------------------------


def rates(target: Path, folder: Path, wanted: Sequence[str], rounds: int, seconds: float) -> Iterator[Figure]:
    """The figures that compare the suite with others, out of interleaved rounds, each told on stderr as it ends.

    Machines change their speed within a minute, so each round has a ratio of its own, and the bare session runs before
    and after the suite. target: an emulator whose transitions end at once, as the others do not wait for any.
    """
    seen: dict[str, list[float]] = {"suite": [], "requests": [], "schemathesis": []}
    for n in range(rounds):
        before = bare_rate(target, seconds) if "requests" in wanted else 0.0
        seen["suite"].append(judged_rate(run(target, folder / "one", n + 1, "quick", 1)))
        if "requests" in wanted:
            seen["requests"].append((before + bare_rate(target, seconds)) / 2)
        if "schemathesis" in wanted:
            seen["schemathesis"].append(schemathesis_rate(target, folder, seconds, n + 1))
        told(n, seen)
    middle = {name: statistics.median(values) for name, values in seen.items() if values}
    for name in ("requests", "schemathesis"):
        if name in wanted:
            detail = f"{middle['suite']:.0f} judged calls/s against {middle[name]:.0f} calls/s"
            ratios = [one / other for one, other in zip(seen["suite"], seen[name], strict=True)]
            yield Figure(name, statistics.median(ratios), detail)


def workers(target: Path, folder: Path, rounds: int) -> Figure:
    """The rate of two workers against one, out of interleaved rounds."""
    seen: dict[str, list[float]] = {"one": [], "two": []}
    for n in range(rounds):
        seen["one"].append(judged_rate(run(target, folder / "one", n + 1, "quick", 1)))
        seen["two"].append(judged_rate(run(target, folder / "two", n + 1, "quick", 2)))
        told(n, seen)
    one, two = statistics.median(seen["one"]), statistics.median(seen["two"])
    return Figure("workers", two / one, f"{two:.0f} against {one:.0f} judged calls/s")


def told(n: int, seen: dict[str, list[float]]) -> None:
    """Tell what a round gave."""
    rounded = {name: round(values[-1], 1) for name, values in seen.items() if values}
    print(f"round {n + 1}:", rounded, file=sys.stderr, flush=True)


def calls(folder: Path) -> Figure:
    """API calls for each judged call, from the results of a run."""
    results = json.loads((folder / "results.json").read_text())
    if results["run"]["effort"] != "standard":
        raise RuntimeError(f"{folder} is of effort {results['run']['effort']}, not standard")
    sent, judged = sum(results["calls"].values()), results["judged_calls"]
    return Figure("calls", sent / judged, f"{sent} calls for {judged} judged ones")


def first(proof: Path) -> Figure:
    """API calls until the first violation, from the matrix of a proof."""
    matrix = json.loads(proof.read_text())
    detail = f"{matrix['killed']} of {matrix['faults']} faults killed at --effort {matrix['effort']}"
    return Figure("first", float(matrix["median_calls"]), detail)


def measure(args: argparse.Namespace, folder: Path) -> Iterator[Figure]:
    """All figures asked for. Raises RuntimeError or OSError if one cannot be measured."""
    wanted = args.figures or list(GOALS)
    if {"requests", "schemathesis"} & set(wanted):
        with emulator(folder, settle_ms=0) as target:
            yield from rates(target, folder, wanted, args.rounds, args.seconds)
    if "workers" in wanted:
        with emulator(folder) as target:
            yield workers(target, folder, args.rounds)
    if "latency" in wanted:
        with emulator(folder) as target:
            shares = [waiting_share(target, folder, n + 1) for n in range(args.rounds)]
        yield Figure("latency", statistics.median(shares), f"{1000 * LATENCY:.0f} ms later, one worker")
    if "calls" in wanted:
        if args.standard is None:
            with emulator(folder) as target:
                run(target, folder / "standard", 1, "standard", 1)
        yield calls(args.standard or folder / "standard" / "latest")
    if "first" in wanted:
        yield first(args.proof)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("figures", nargs="*", choices=[[], *GOALS], metavar="FIGURE", help=f"of {', '.join(GOALS)}")
    options.add_argument("--rounds", type=int, default=3, help="interleaved rounds of each measurement (default: 3)")
    options.add_argument("--seconds", type=float, default=6, help="of bare calls and of Schemathesis, each round")
    options.add_argument("--standard", type=Path, metavar="DIR", help="take `calls` from this run's directory")
    options.add_argument("--proof", type=Path, default=Path("out/prove/matrix-quick.json"), help="a proof's matrix")
    options.add_argument("--json", action="store_true", help="print JSON")
    args = options.parse_args()
    console = Console(stderr=True)
    figures: list[Figure] = []
    status = 0
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        try:
            for figure in measure(args, Path(name)):
                figures.append(figure)
                console.print(f"{figure.name}: {figure.value:.3g} ({figure.detail})", highlight=False)
        except (RuntimeError, OSError, subprocess.CalledProcessError) as problem:
            console.print(f"bench: {problem}", highlight=False, markup=False)
            status = 3
    if args.json:
        rows = [
            {"name": f.name, "value": f.value, "goal": " ".join(map(str, GOALS[f.name])), "detail": f.detail}
            for f in figures
        ]
        print(json.dumps(rows, indent=1))
    else:
        table = Table("figure", "value", "wanted", "made of")
        for figure in figures:
            sign, goal = GOALS[figure.name]
            value = f"[{'green' if figure.reached else 'red'}]{figure.value:.3g}"
            table.add_row(figure.name, value, f"{sign} {goal:g}", figure.detail)
        Console().print(table)
    return status or (0 if all(f.reached for f in figures) else 1)


if __name__ == "__main__":
    sys.exit(main())
