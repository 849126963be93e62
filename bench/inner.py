"""How long does somebody wait who has just changed an endpoint?

    python bench/inner.py            five rounds on the emulator with a defect that shows always, about a minute

Tells, as medians: seconds from the command to the first line that tells the defect (with the default number of workers,
and with one), and seconds and calls of `run --effort quick -k E12` on the embedded emulator. On two idle cores 3
seconds, 3 seconds, 5 seconds and 400 calls are wanted. Exit status: 0 as wanted, 1 not so.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 5
COMMAND = [sys.executable, "-m", "eni_conformance"]
FAULT = "status-primary"
WANTED = {"told, default workers (s)": 3.0, "told, one worker (s)": 3.0, "-k E12 (s)": 5.0, "-k E12 (calls)": 400.0}


def told(target: Path, out: Path, *more: str) -> float:
    """Seconds until a run says that it has seen the defect."""
    began = time.monotonic()
    command = [*COMMAND, "run", "--effort", "quick", "--first-violation", "--target", str(target), "--out", str(out)]
    with subprocess.Popen([*command, *more], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        line = next((line for line in run.stderr if line.startswith("seen")), "")
        seconds = time.monotonic() - began
        run.stderr.read()
    return seconds if line else float("inf")


def narrowed(out: Path) -> tuple[float, float]:
    """Seconds and calls of a run for one requirement."""
    began = time.monotonic()
    command = [*COMMAND, "run", "--effort", "quick", "-k", "E12", "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.monotonic() - began
    results = json.loads((out / "latest" / "results.json").read_text())
    return seconds, float(sum(results["calls"].values()))


def main() -> int:
    """Measure, print, and compare with what is wanted."""
    measured: dict[str, list[float]] = {name: [] for name in WANTED}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        target = folder / "target.toml"
        emulator = subprocess.Popen(
            [*COMMAND, "emulator", "--port", "0", "--fault", FAULT, "--write-target", str(target)],
            stdout=subprocess.PIPE,
        )
        try:
            assert emulator.stdout is not None
            emulator.stdout.readline()
            for _ in range(ROUNDS):
                measured["told, default workers (s)"].append(told(target, folder / "all"))
                measured["told, one worker (s)"].append(told(target, folder / "one", "-n", "1"))
                seconds, calls = narrowed(folder / "narrowed")
                measured["-k E12 (s)"].append(seconds)
                measured["-k E12 (calls)"].append(calls)
        finally:
            emulator.terminate()
            emulator.wait()
    medians = {name: statistics.median(values) for name, values in measured.items()}
    for name, value in medians.items():
        print(f"{name:28} {value:8.2f}   wanted: at most {WANTED[name]:g}")
    return int(any(value > WANTED[name] for name, value in medians.items()))


if __name__ == "__main__":
    sys.exit(main())
