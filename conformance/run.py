"""The subcommand `run`: the conformance tests under pytest, with a progress display and the summary at the end.

It only translates: options in, exit status out. `pytest conformance --target FILE` is the same run.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any, TextIO

import pytest
from eni_conformance.conformance import crash, recording, unfinished, watch
from eni_conformance.conformance.commands import ENDED_EARLY, OK, UNUSABLE, USAGE, VIOLATED
from eni_conformance.conformance.embedded import EMBEDDED
from eni_conformance.conformance.inquiry import TOLD
from eni_conformance.conformance.plugin import KEY
from eni_conformance.conformance.unread import unread
from eni_conformance.conformance.worker import collect_rarely
from eni_conformance.harness.clock import REAL
from eni_conformance.harness.target import TargetError, load_target
from eni_conformance.oracle.results import Results
from eni_conformance.oracle.tally import read_all
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

HERE = Path(__file__).parent
ALIVE_EVERY = 20.0
"""Seconds between two lines that say that the run goes on, where no terminal shows it."""
TELL_EVERY = 0.1
"""Seconds between two looks at what the workers have found."""


def _stderr() -> TextIO:
    """Where errors go, also while pytest keeps what tests print."""
    try:
        return unread(os.dup(2))
    except OSError:
        return open(os.devnull, "w")


class Display:
    """A pytest plugin that tells what is found, and on a terminal how far the run is. silent: tell nothing."""

    def __init__(self, silent: bool) -> None:
        self.console = Console(file=_stderr())
        self.silent = silent
        self.quiet = silent or not self.console.is_terminal
        self.violations = 0
        self.total = 0
        self.calls = 0
        self.began = False
        self.failed: BaseException | None = None
        self.folder: Path | None = None
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
        )
        self.task = self.progress.add_task("preparing", total=None)
        self.done: set[str] = set()
        self.telling = Thread(target=self._tell, daemon=True)
        self.told: set[str] = set()
        self.ended = Event()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> Generator[None]:
        self.began = True
        self.opened(session)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        self.opened(session)
        return (yield)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Why the run ends, where pytest leaves that to its terminal, which is switched off."""
        if self.began and excinfo.errisinstance(pytest.exit.Exception):
            print(f"{excinfo.typename}: {excinfo.value}", file=sys.stderr)

    def opened(self, session: pytest.Session) -> None:
        """Where the run has begun: what it finds is told from now on, at once."""
        study = session.config.stash.get(KEY, None)
        if study is None or self.folder is not None:
            return
        self.folder, self.calls = study.folder, study.plan.calls or 0
        if not self.quiet:
            self.console.print(f"{study.target.name}  {study.target.endpoint}  seed {study.plan.seed}")
            self.progress.start()
        if not self.silent:
            self.telling.start()

    def _tell(self) -> None:
        """Tell each line once, whichever worker wrote it, until the run has ended."""
        assert self.folder is not None
        file = self.folder / TOLD
        began = said = REAL.monotonic()
        while not self.ended.wait(TELL_EVERY):
            now = REAL.monotonic()
            if self.quiet and now - said >= ALIVE_EVERY:
                said = now
                self.console.print(self.alive(now - began), markup=False, highlight=False, soft_wrap=True)
            self._tell_new(file)
        self._tell_new(file)

    def _tell_new(self, file: Path) -> None:
        """What has been written since."""
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
        for line in lines:
            if line.endswith("\n") and line not in self.told:
                self.told.add(line)
                self.console.print(line.rstrip(), markup=False, highlight=False, soft_wrap=True)

    def alive(self, seconds: float) -> str:
        """That the run goes on, for a log that nobody sees moving."""
        if self.calls:
            sent = sum(sum(one.spent.values()) for one in read_all(self.folder)) if self.folder else 0
            return f"{seconds:.0f} s: {sent} of at most {self.calls} calls sent"
        whole = f" of {self.total}" if self.total else ""
        found = f", {self.violations} found something" if self.violations else ""
        return f"{seconds:.0f} s: {len(self.done)}{whole} tests done{found}"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.total = len(session.items)
        if session.items:
            self.progress.update(self.task, total=len(session.items), description="judging")

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        self.total = len(ids)
        self.progress.update(self.task, total=len(ids), description="judging")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.violations += 1
        if report.when == "teardown" and report.nodeid not in self.done:
            self.done.add(report.nodeid)
            name = report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")[:44]
            wrong = f"[red]{self.violations} tests found something[/red] " if self.violations else ""
            self.progress.update(self.task, advance=1, description=f"{wrong}{name:44}")

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        """No traceback reaches a user; it is kept in a file."""
        self.failed = excinfo.value
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self.ended.set()
        if self.telling.is_alive():
            self.telling.join()
        if not self.quiet:
            self.progress.stop()


def default_workers(target: str) -> int:
    """Three processes for each core, as most of a run is waiting; at most six, and what the target's limits allow."""
    most = max(1, min(6, 3 * (os.cpu_count() or 1)))
    if target == EMBEDDED:
        return most
    try:
        limits = load_target(target, allow_plain_http=True).limits
    except TargetError:
        return 1
    return max(1, min(most, limits.instances // 2, limits.network_interfaces // 6))


WORTH_ANOTHER = 800
"""So many calls make it worth that a second worker builds a world of its own, to work while the first one waits."""


def workers_for(target: str, calls: int | None, requirement: str, effort: str) -> int:
    """How many workers a run has where nobody says: one where it is short. Where calls are counted a world costs what
    others could have told, so a second one begins only where calls are many, and rationed in time."""
    if calls:
        rationed = target != EMBEDDED and _rationed(target)
        return min(2, default_workers(target)) if rationed and calls >= WORTH_ANOTHER else 1
    return 1 if requirement and effort == "quick" else default_workers(target)


def _rationed(target: str) -> bool:
    try:
        return load_target(target, allow_plain_http=True).limits.requests_per_second > 0
    except TargetError:
        return False


def arguments(args: Any) -> list[str]:
    """The command line for pytest."""
    target = args.target or EMBEDDED
    workers = args.workers or workers_for(target, getattr(args, "calls", None), args.requirement, args.effort)
    out = [
        str(HERE), "-c", str(HERE / "run.ini"), "--rootdir", str(HERE), "--noconftest", "-p", "xdist.plugin",
        "-p", "eni_conformance.conformance.entry", "-p", "no:cacheprovider", "-p", "no:terminal", "--assert", "plain",
        "--eni-target", target, "--eni-effort", args.effort,
        "--eni-out", str(args.out),
    ]  # fmt: skip
    if workers > 1:
        out += ["-n", str(workers), "--dist", "worksteal"]
    for flag, value in (
        ("--eni-revision", args.revision),
        ("--eni-seed", args.seed),
        ("--eni-deviations", args.deviations),
        ("--eni-only", args.requirement),
        ("--eni-history", getattr(args, "history", None)),
        ("--eni-shard", getattr(args, "shard", None)),
        ("--eni-calls", getattr(args, "calls", None)),
        ("--eni-database", getattr(args, "database", None)),
        ("--eni-last", getattr(args, "last", None)),
        ("--eni-keep-wire", getattr(args, "keep_wire", None)),
    ):
        if value is not None and value != "":
            out += [flag, str(value)]
    for flag, on in (
        ("--eni-first-violation", args.first_violation),
        ("--eni-strict", getattr(args, "strict", False)),
        ("--eni-allow-plain-http", getattr(args, "allow_plain_http", False)),
    ):
        if on:
            out.append(flag)
    return out


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """The environment without the user's settings for pytest, for this process and the workers that it starts: no
    options, no plugins but those that are named, and no module of the directory that it is started in."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("PYTEST_")]:
        del os.environ[name]
    os.environ |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONSAFEPATH": "1"}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run_tests(args: Any, plugin: object) -> int:
    """Run the conformance tests as pytest would in an empty directory. Returns an exit status of ours: that of pytest
    is one where it could not begin."""
    collect_rarely()
    with _environment():
        code = int(pytest.main(arguments(args), plugins=[plugin]))
    if code == pytest.ExitCode.INTERRUPTED:
        return ENDED_EARLY
    return USAGE if code == pytest.ExitCode.USAGE_ERROR else code


def main(args: Any) -> int:
    """Run, print the summary, and return the exit status (design: 0, 1, 2, 3 or 4)."""
    if getattr(args, "watch", None):
        return watch.main(args, [sys.executable, "-P", "-m", "eni_conformance", *args.given, "--watch", ""])
    record = Path(args.record) if getattr(args, "record", None) else None
    if record is not None and (problem := recording.cannot_be_written(record)):
        print(f"eni-conformance: --record {record}: {problem}", file=sys.stderr)
        return USAGE
    display = Display(silent=bool(getattr(args, "json", False)))
    code = _to_its_end(args, display)
    if display.failed is not None:
        crash.status_of(args, display.failed)
    folder = display.folder
    if folder is None:
        return code if code in (USAGE, ENDED_EARLY) else UNUSABLE
    if not (folder / "results.json").exists():
        return UNUSABLE if code == UNUSABLE else ENDED_EARLY
    from eni_conformance.reports import files, summary

    results = files.load(folder)
    recorded = record is None or _recorded(results, record)
    if getattr(args, "json", False):
        print((folder / "results.json").read_text())
    else:
        colour = summary.colour_wanted(sys.stdout, os.environ)
        print(summary.text(results, color=colour, out_dir=folder, width=summary.width_of(sys.stdout)), end="")
    unfinished.tell_ci(folder)
    status = UNUSABLE if results.run.exit is None else results.run.exit
    return status or (OK if recorded else ENDED_EARLY)


def _to_its_end(args: Any, display: Display) -> int:
    """Run the tests. An interrupt that comes while the run ends by itself, where pytest does not expect one, is no
    reason to keep back a violation."""
    try:
        return run_tests(args, display)
    except KeyboardInterrupt:
        file = display.folder / "results.json" if display.folder else None
        if file is None or not file.exists() or json.loads(file.read_text())["run"]["exit"] != VIOLATED:
            raise
        display.pytest_sessionfinish()
        return VIOLATED


def _recorded(results: Results, record: Path) -> bool:
    """Whether the recording that was asked for is there; says so either way."""
    try:
        print(f"recorded in {recording.write(results, record)}", file=sys.stderr)
    except OSError as error:
        print(f"eni-conformance: --record {record}: could not be written ({error.strerror})", file=sys.stderr)
        return False
    return True
