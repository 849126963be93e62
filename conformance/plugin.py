"""The pytest side of a run: options, fixtures, progress, and the exit status. No judgement happens here."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

import pytest
from eni_conformance.conformance import evidence
from eni_conformance.conformance import study as studies
from eni_conformance.conformance.commands import OK
from eni_conformance.conformance.inquiry import ENDED, Inquiry
from eni_conformance.conformance.played import Played, marked, play
from eni_conformance.conformance.study import Plan, Refused, Study
from eni_conformance.contract import codec
from eni_conformance.contract.detach import CONTRACTS, full_id
from eni_conformance.harness.clock import REAL
from eni_conformance.oracle.tally import Problem
from eni_conformance.strategies.effort import EFFORTS

KEY = pytest.StashKey[Study]()
INQUIRY = pytest.StashKey[Inquiry]()
TOLD = pytest.StashKey[bool]()
CRASHED = pytest.StashKey[list[str]]()
CLOSED = pytest.StashKey[bool]()
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Posted:
    """What the controller tells each worker process: what is asked for, where the run is, and what it may use."""

    plan: Plan
    run_id: str
    folder: str
    target_file: str
    capabilities: frozenset[str]
    workers: int


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `eni-conformance run`, each a field of Plan, for `pytest conformance`."""
    add = parser.getgroup("eni-conformance").addoption
    add("--eni-target", "--target", default=studies.EMBEDDED, help="target file, or 'embedded' (default)")
    add("--eni-revision", default="2019", choices=sorted(CONTRACTS), help="revision of the page")
    add("--eni-effort", default="quick", choices=list(EFFORTS), help="how much is tried")
    add("--eni-seed", type=int, help="seed of everything that is drawn (default: a new one)")
    add("--eni-out", default="out", help="directory for the results of runs")
    add("--eni-deviations", default="", help="TOML file of known deviations")
    add("--eni-first-violation", action="store_true", help="end at the first violation")
    add("--eni-strict", action="store_true", help="the page alone counts, not the common table")
    add("--eni-only", default="", help="only tests for this requirement, such as ENI-DETACH-E11")
    add("--eni-allow-plain-http", action="store_true", help="allow http to hosts other than this machine")
    add("--eni-database", default="", help="shared example database: a directory, redis://..., github:O/R")
    add("--eni-shard", default="", help="I/N: only this part of N; join the parts with merge")
    add("--eni-history", default="", help="file that keeps a line for each run")


def _ours(config: pytest.Config) -> bool:
    """Whether this session runs the conformance tests at all, rather than the tool's own."""
    return any(str(HERE) in str(Path(str(arg).partition("::")[0]).resolve()) for arg in config.args)


def _plan(config: pytest.Config) -> Plan:
    given = {f.name: config.getoption(f"eni_{f.name}", None) for f in fields(Plan)}
    given["workers"] = int(config.getoption("numprocesses", 0) or 1)
    if given["seed"] is None:
        given["seed"] = int.from_bytes(os.urandom(4), "big")
    return Plan(**given)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; in the controller, open the study."""
    config.addinivalue_line("markers", "requirement(*ids): what a test is evidence for")
    config.addinivalue_line("markers", "scenarios(make, about, must): what a test plays (played.py)")
    if hasattr(config, "workerinput") or not _ours(config) or config.option.collectonly:
        return
    plan = _plan(config)
    try:
        _terminate_like_interrupt()
        study = studies.open_study(plan)
    except Refused as refused:
        pytest.exit(str(refused), returncode=refused.status)
    fits = max(
        1, min(plan.workers, study.target.limits.instances // 2 or 1, study.target.limits.network_interfaces // 6 or 1)
    )
    if fits < plan.workers:
        study = replace(study, note=f"limits of the target file allow {fits} workers, not {plan.workers}.")
        config.option.numprocesses = fits
        config.option.tx = ["popen"] * fits
    config.stash[KEY] = study


def _terminate_like_interrupt() -> None:
    """SIGTERM ends a run as Ctrl-C does: with teardown and a report."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker where the run is."""
    study = node.config.stash.get(KEY, None)
    if study is not None:
        posted = Posted(
            study.plan,
            study.run_id,
            str(study.folder.resolve()),
            str(study.target_file.resolve()),
            study.capabilities,
            len(node.config.getoption("tx") or ()) or study.plan.workers,
        )
        node.workerinput["eni"] = codec.plain(posted)


def _posted(config: pytest.Config) -> Posted | None:
    """What the controller has told this process, None if this is the controller."""
    told = getattr(config, "workerinput", {}).get("eni")
    return codec.build(Posted, told, "workerinput") if told else None


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, sched: Any) -> None:
    """A worker died in the middle of a test: what that test would have found is not known."""
    sched.config.stash.setdefault(CRASHED, []).append(crashitem.rpartition("::")[2])


@pytest.fixture(scope="session")
def _joined(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Iterator[Inquiry]:
    """This worker's Inquiry, when it has tried its share of what earlier runs found."""
    told = _posted(pytestconfig)
    worker, count = "gw0", 1
    if told is not None:
        worker = os.environ.get("PYTEST_XDIST_WORKER", worker)
        count = max(1, told.workers)
        inquiry = studies.join(
            told.plan, told.run_id, Path(told.folder), Path(told.target_file), worker, count, told.capabilities
        )
    else:
        study = pytestconfig.stash[KEY]
        inquiry = studies.join(study.plan, study.run_id, study.folder, study.target_file, worker, 1, study.capabilities)
    pytestconfig.stash[INQUIRY] = inquiry
    _recall(inquiry, request.session.items, int("".join(c for c in worker if c.isdigit())), count)
    yield inquiry
    studies.leave(inquiry)


def _recall(inquiry: Inquiry, items: list[pytest.Item], place: int, count: int) -> None:
    """Before any test: this worker's share (`place` of `count`) of the counterexamples in the shared database."""
    tests: dict[str, set[str]] = {}
    for item in items:
        tests.setdefault(item.name.partition("[")[0], set()).update(marked(item))
    for test, requirements in tests.items():
        inquiry.start(test)
        for scenario in inquiry.kept():
            if inquiry.over():
                return
            if zlib.crc32(repr(scenario).encode()) % count != place % count:
                continue
            with contextlib.suppress(LookupError, ValueError):  # of another version: it names what there is not
                inquiry.run(scenario, sorted(requirements))


@pytest.fixture
def played(_joined: Inquiry, request: pytest.FixtureRequest) -> Iterator[Played]:
    """What came of the Scenarios of the test, which are played now."""
    if _joined.over():
        pytest.skip("the run has ended (first violation, or out of limits.minutes)")
    _joined.start(request.node.name)
    if _joined.left_out(marked(request.node)):
        pytest.skip("the time for this effort is spent, and what this test is for was judged before")
    parameters = getattr(request.node, "callspec", None)
    try:
        made = play(_joined, request.node, parameters.params if parameters else {})
    finally:
        _joined.write()
    if _joined.stop:
        request.session.shouldstop = "first violation"
    if not _joined.judged and not made.contradictions:
        pytest.skip(_joined.reasons[0] if _joined.reasons else "nothing could be judged")
    yield made
    if made.contradictions and not request.node.stash.get(TOLD, False):
        pytest.fail(_told(_joined), pytrace=False)  # of another kind than the test speaks of


def _told(inquiry: Inquiry) -> str:
    """What was found, for somebody who did not write the test: the requirement, what was sent, what came, what was
    admissible, and how to repeat it."""
    from eni_conformance.reports import evidence as reported

    files = dict.fromkeys(one.evidence for one in inquiry.here)
    told = (reported.text(evidence.read(inquiry.out / "evidence" / name)) for name in files)
    return "\n\n".join(told)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    """An assertion that something contradicts tells what. Any other exception is an error of the suite for what the
    test is evidence for, never blamed on the target."""
    outcome = yield
    report = cast(Any, outcome).get_result()
    inquiry = item.config.stash.get(INQUIRY, None)
    if inquiry is None or call.excinfo is None or report.outcome == "skipped":
        return
    if call.excinfo.errisinstance((pytest.fail.Exception, KeyboardInterrupt, pytest.exit.Exception)):
        return
    if call.when == "call" and inquiry.here and call.excinfo.errisinstance(AssertionError):
        item.stash[TOLD] = True
        report.longrepr = _told(inquiry)
        return
    text = inquiry.redactor.text(f"{call.excinfo.typename}: {call.excinfo.value}")
    inquiry.errors.append(Problem(" ".join(marked(item)), text, item.name))
    inquiry.write()


ORDER = (
    "test_sweep", "test_effects", "test_states", "test_concurrency", "test_callers", "test_errors", "test_parameters",
    "test_lifecycle", "test_gateway", "test_relations",
)  # fmt: skip
"""Where time is short, what comes last is left out first: what judges effects and states goes before what does not."""


def _shard(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep every N-th test, and write down how all of them are divided, for `merge`."""
    shard = str(config.getoption("eni_shard") or "")
    if not shard:
        return
    number, _, total = shard.partition("/")
    every = list(items)
    told, study = _posted(config), config.stash.get(KEY, None)
    folder = Path(told.folder) if told is not None else study.folder if study is not None else None
    if folder is not None and not (folder / studies.TESTS).exists():
        studies.list_tests(folder, [studies.Listed(item.nodeid, tuple(marked(item))) for item in every])
    kept = [item for n, item in enumerate(every) if studies.shard_of(n, int(total)) == int(number)]
    config.hook.pytest_deselected(items=[i for i in every if i not in kept])
    items[:] = kept


def _rank(item: pytest.Item) -> int:
    name = Path(item.path).stem
    return ORDER.index(name) if name in ORDER else len(ORDER)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that find most with fewest calls come first; only those for one requirement if one is named."""
    if not _ours(config):
        return
    items.sort(key=_rank)
    _shard(config, items)
    only = str(config.getoption("eni_only") or "").upper()
    if not only:
        return

    kept = [item for item in items if any(only in full_id(short) for short in marked(item))]
    config.hook.pytest_deselected(items=[i for i in items if i not in kept])
    items[:] = kept


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In the controller, when all workers have left: tear down, write results and reports, set the exit status."""
    study = session.config.stash.get(KEY, None)
    if study is None:
        return
    incomplete = ""
    ended = study.folder / ENDED
    if ended.exists():
        incomplete = ended.read_text()
    elif exitstatus == pytest.ExitCode.INTERRUPTED:
        incomplete = "the run was interrupted"
    elif REAL.now() - study.began > 60 * study.target.limits.minutes:
        incomplete = f"limits.minutes ({study.target.limits.minutes:g}) was reached"
    elif exitstatus == pytest.ExitCode.INTERNAL_ERROR:
        incomplete = "the suite failed"
    elif crashed := session.config.stash.get(CRASHED, []):
        incomplete = f"a worker process died while it ran {', '.join(crashed)}"
    session.exitstatus = _close(session.config, study, incomplete)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Whatever happened, nothing is left running."""
    study = config.stash.get(KEY, None)
    if study is not None:
        _close(config, study, "the run ended before it began")


def _close(config: pytest.Config, study: studies.Study, incomplete: str) -> int:
    """Close the study, unless that was done. Returns the exit status."""
    if config.stash.get(CLOSED, False):
        return OK
    config.stash[CLOSED] = True
    return studies.close_study(study, incomplete=incomplete)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The verdicts, after pytest's own lines."""
    study = config.stash.get(KEY, None)
    if study is None or not (study.folder / "results.json").exists():
        return
    from eni_conformance.reports import files, summary

    results = files.load(study.folder)
    colour = summary.colour_wanted(sys.stdout, os.environ)
    terminalreporter.write_line("")
    terminalreporter.write(summary.text(results, color=colour, out_dir=study.folder))
    step = os.environ.get("GITHUB_STEP_SUMMARY")
    if step:
        with open(step, "a") as file:
            file.write(summary.markdown(results, study.folder))
