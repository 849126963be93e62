"""The pytest side of a run: fixtures, workers, and the end. No judgement happens here.

`entry` holds the options, and loads this file in a session that collects conformance tests.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

import pytest
from eni_conformance.conformance import bought, deviations, entry, evidence, first, interrupts, narrow, unfinished
from eni_conformance.conformance import study as studies
from eni_conformance.conformance import worker as workers
from eni_conformance.conformance.asked import Plan
from eni_conformance.conformance.commands import ENDED_EARLY, OK, PROG, UNUSABLE, USAGE, VIOLATED
from eni_conformance.conformance.crash import NO_ROOM
from eni_conformance.conformance.inquiry import ENDED, Inquiry
from eni_conformance.conformance.played import Played, came_of, marked, play, spend
from eni_conformance.conformance.study import Refused, Study
from eni_conformance.contract import codec
from eni_conformance.harness.clock import REAL
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.target import TargetError, edition_of, load_target
from eni_conformance.oracle.tally import Problem, Record, read_all, write

KEY = pytest.StashKey[Study]()
INQUIRY = pytest.StashKey[Inquiry]()
CRASHED = pytest.StashKey[list[str]]()
NOT_JOINED = pytest.StashKey[list[Problem]]()
"""In a worker that could not begin: what its tests would have been evidence for."""
SIGNALS = pytest.StashKey[list[int]]()
"""Signals that came where none can be heeded."""
CLOSED = pytest.StashKey[bool]()
DIVISION = pytest.StashKey[list[studies.Listed]]()
BOUGHT = pytest.StashKey[dict[int, bought.Found | None]]()
"""In a worker of a run whose calls are counted: what is known of each share of the tests."""
NARROWED = pytest.StashKey[bool]()
"""In the controller: whether pytest's own options leave out some of the tests."""


class NotBegun(pytest.exit.Exception):  # type: ignore[misc, name-defined]
    """Ends a session whose run could not begin. pytest tells it by the name of its class, so that is the program's."""


NotBegun.__name__ = PROG


@dataclass(frozen=True)
class Posted:
    """What the controller tells each worker process: what is asked for, where the run is, and what it may use."""

    plan: Plan
    run_id: str
    folder: str
    target_file: str
    capabilities: frozenset[str]
    workers: int


def _plan(config: pytest.Config) -> Plan:
    given = {f.name: config.getoption(f"eni_{f.name}", None) for f in fields(Plan)}
    given["workers"] = int(config.getoption("numprocesses", 0) or 1)
    given["revision"] = given["revision"] or edition_of(given["target"])
    if given["seed"] is None:
        given["seed"] = int.from_bytes(os.urandom(4), "big")
    return Plan(**given)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the markers. Where worker processes will do the work, open the study before they are started."""
    config.addinivalue_line("markers", "requirement(*ids): what a test is evidence for")
    config.addinivalue_line("markers", "scenarios(make, about, must): what a test plays (played.py)")
    if hasattr(config, "workerinput"):
        return
    try:
        studies.check(_plan(config))
    except Refused as refused:
        raise pytest.UsageError(f"eni-conformance: {refused}") from None
    if str(config.getoption("dist", "no")) != "no" and entry.asked_for(config) and not config.option.collectonly:
        _open(config)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What `test_once` holds, the sweeps hold, too: it is for runs whose calls are counted."""
    once = collection_path.stem == "test_once" and collection_path.resolve().parent == entry.HERE
    return True if once and not config.getoption("eni_calls") else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """In a session of one process, open the study when there is something to do."""
    config = session.config
    if config.option.collectonly:
        return
    if not hasattr(config, "workerinput") and KEY not in config.stash:
        part = config.getoption("eni_only") or config.getoption("eni_shard")
        if any(map(_is_ours, session.items)) or (part and entry.asked_for(config)):
            _open(config)  # a part may be empty, and is a run all the same
    _write_division(config)


def _write_division(config: pytest.Config) -> None:
    """Write down how the tests are divided into shards, once."""
    told, study = _posted(config), config.stash.get(KEY, None)
    folder = Path(told.folder) if told is not None else study.folder if study is not None else None
    division = config.stash.get(DIVISION, None)
    if folder is not None and division and not (folder / studies.TESTS).exists():
        studies.list_tests(folder, division)


def _is_ours(item: pytest.Item) -> bool:
    return "played" in getattr(item, "fixturenames", ())


def _open(config: pytest.Config) -> None:
    """Open the study. What is wrong with the options is a wrong use of pytest; a target that can't be used ends it."""
    plan = _plan(config)
    try:
        interrupts.terminate_like_interrupt()
        interrupts.keep(config, config.stash.setdefault(SIGNALS, []))
        study = studies.open_study(plan)
    except Refused as refused:
        if refused.status == USAGE:
            raise pytest.UsageError(f"eni-conformance: {refused}") from None
        early = refused.status == ENDED_EARLY
        raise NotBegun(str(refused), pytest.ExitCode.INTERRUPTED if early else refused.status) from None
    if not entry.asked_for_all(config):
        config.stash[NARROWED] = True
    if study.warning:
        print(f"eni-conformance: {study.warning}", file=sys.stderr)
    limits = study.target.limits
    fits = max(1, min(plan.workers, limits.instances // 2 or 1, limits.network_interfaces // 6 or 1))
    if fits < plan.workers:
        study = replace(study, note=f"limits of the target file allow {fits} workers, not {plan.workers}.")
        config.option.numprocesses = fits
        config.option.tx = ["popen"] * fits
    config.stash[KEY] = study


@pytest.hookimpl(wrapper=True)
def pytest_sessionstart(session: pytest.Session) -> Generator[None]:
    """Where worker processes will do the work, take a first look, and let signals wait while they are started: what
    is half started can't be stopped in order. The workers inherit that Ctrl-C waits, until they can bear it."""
    study = session.config.stash.get(KEY, None)
    if study is None:
        return (yield)
    looked = first.first_look(study, len(session.config.option.tx))
    with interrupts.put_off(session.config.stash[SIGNALS]):
        if looked is not None:
            first.leave(study, looked)
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """In a session of one process, the same. A worker can be interrupted from now on."""
    if hasattr(session.config, "workerinput"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    waiting = session.config.stash.setdefault(SIGNALS, [])
    study = session.config.stash.get(KEY, None)
    if study is not None and not waiting and str(session.config.getoption("dist", "no")) == "no":
        looked = first.first_look(study, 1)
        with interrupts.put_off(waiting):
            if looked is not None:
                first.leave(study, looked)
    if waiting:
        raise KeyboardInterrupt


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
    told = f"a worker process died while it ran {crashitem.rpartition('::')[2]}"
    sched.config.stash.setdefault(CRASHED, []).append(told)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """A worker has left; it knows what was deselected, and whether it could write down what it found."""
    if why := getattr(node, "workeroutput", {}).get("eni_no_room"):
        node.config.stash.setdefault(CRASHED, []).append(why)
    if getattr(node, "workeroutput", {}).get("eni_narrowed"):
        node.config.stash[NARROWED] = True


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Conformance tests were left out; where the suite's own options did that, the run says so itself."""
    ours = next(filter(_is_ours, items), None)
    if ours is None or ours.config.getoption("eni_only") or ours.config.getoption("eni_shard"):
        return
    ours.config.stash[NARROWED] = True
    getattr(ours.config, "workeroutput", {})["eni_narrowed"] = True


@pytest.fixture(scope="session")
def _joined(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Iterator[Inquiry]:
    """This worker's Inquiry, when it has tried its share of what earlier runs found."""
    told = _posted(pytestconfig)
    worker, count = "gw0", 1
    if told is not None:
        workers.collect_rarely()
        worker = os.environ.get("PYTEST_XDIST_WORKER", worker)
        count = max(1, told.workers)
        inquiry = workers.join(
            told.plan, told.run_id, Path(told.folder), Path(told.target_file), worker, count, told.capabilities
        )
    elif KEY not in pytestconfig.stash:
        pytest.fail("with workers, name the conformance tests: pytest --pyargs eni_conformance -n N", pytrace=False)
    else:
        study = pytestconfig.stash[KEY]
        inquiry = workers.join(study.plan, study.run_id, study.folder, study.target_file, worker, 1, study.capabilities)
    pytestconfig.stash[INQUIRY] = inquiry
    place = int("".join(c for c in worker if c.isdigit()))
    try:
        _recall(inquiry, request.session.items, place, count)
        if inquiry.allowance is not None:
            own = place % count
            played_now = _play_share(inquiry, request.session.items, own, count)
            pytestconfig.stash[BOUGHT] = {}
            if played_now is not None:
                pytestconfig.stash[BOUGHT][own] = played_now
        yield inquiry
    finally:
        workers.leave(inquiry)


def _recall(inquiry: Inquiry, items: list[pytest.Item], place: int, count: int) -> None:
    """Before any test: this worker's share (`place` of `count`) of the counterexamples in the shared database."""
    tests: dict[str, set[str]] = {}
    for item in filter(_is_ours, items):
        tests.setdefault(item.name.partition("[")[0], set()).update(marked(item))
    for test, requirements in tests.items():
        inquiry.start(test)
        for scenario in inquiry.kept():
            if inquiry.over():
                return
            if zlib.crc32(repr(scenario).encode()) % count != place % count:
                continue
            with contextlib.suppress(LookupError, ValueError):  # of another version: it names what there is not
                part = inquiry.wanted(scenario)
                if part is not None:
                    inquiry.run(part, sorted(requirements))


@pytest.fixture
def played(_joined: Inquiry, request: pytest.FixtureRequest) -> Played:
    """What came of the Scenarios of the test, which are played now."""
    if _joined.allowance is None and _joined.over():
        pytest.skip("the run has ended (first violation, or out of limits.minutes)")
    if _joined.allowance is not None:
        return _bought(_joined, request)
    _joined.start(request.node.name)
    if reason := _joined.left_out(marked(request.node)):
        pytest.skip(reason)
    parameters = getattr(request.node, "callspec", None)
    try:
        made = play(_joined, request.node, parameters.params if parameters else {})
    finally:
        _joined.write()
    if _joined.stop:
        request.session.shouldstop = "first violation"
    if not _joined.judged and not made.contradictions:
        pytest.skip(_joined.reasons[0] if _joined.reasons else "nothing could be judged")
    return made


def _bought(inquiry: Inquiry, request: pytest.FixtureRequest) -> Played:
    """What came of a test whose Scenarios were played when their turn came, in a run whose calls are counted. Where
    another worker has its share, that one tells."""
    told, name = _posted(request.config), request.node.name
    count = max(1, told.workers) if told is not None else 1
    ours = [item.nodeid for item in filter(_is_ours, request.session.items)]
    share, known = ours.index(request.node.nodeid) % count, request.config.stash[BOUGHT]
    if share not in known:
        played_now = _play_share(inquiry, request.session.items, share, count)
        known[share] = played_now or bought.told(inquiry.out, share, clock=REAL, over=inquiry.ended)
    found = known[share]
    inquiry.start(name)
    if found is None:
        pytest.skip("it is not known what came of it: the worker that had its calls has ended before")
    if name not in found:
        pytest.skip("no call was left for it")
    inquiry.here = list(found[name])
    return came_of(inquiry)


def _play_share(inquiry: Inquiry, items: list[pytest.Item], share: int, count: int) -> bought.Found | None:
    """Play one of `count` shares of the tests and tell it to the other workers; None where another one has it."""
    if not bought.take(inquiry.out, share):
        return None
    found: bought.Found | None = None
    try:
        found = spend(inquiry, list(filter(_is_ours, items))[share::count])
    finally:
        bought.tell(inquiry.out, share, found)
    return found


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """A test in which anything was contradicted fails and tells it, whichever kind its body speaks of; an accepted
    deviation is an expected failure."""
    inquiry = pyfuncitem.config.stash.get(INQUIRY, None)
    if inquiry is None or not _is_ours(pyfuncitem) or not inquiry.here:
        return (yield)
    with contextlib.suppress(AssertionError):
        yield
    known = _known(inquiry, pyfuncitem.config.getoption("eni_deviations"))
    if known:
        pytest.xfail(f"known deviation: {known}")
    pytest.fail(_told(inquiry), pytrace=False)


def _known(inquiry: Inquiry, file: str) -> str:
    """The deviations that accept everything that was contradicted here, "" if one is not accepted."""
    if not file:
        return ""
    here = {one.evidence for one in inquiry.here}
    every = (one for record in read_all(inquiry.out) for one in record.violations)  # another worker's, too
    found = [one for one in every if one.evidence in here]
    accepted = [deviations.accepting(one, deviations.load(file)) for one in found]
    return ", ".join(dict.fromkeys(map(str, accepted))) if all(accepted) else ""


def _told(inquiry: Inquiry) -> str:
    """What was found, for somebody who did not write the test: the requirement, what was sent, what came, what was
    admissible, and how to repeat it."""
    from eni_conformance.reports import evidence as reported

    files = dict.fromkeys(one.evidence for one in inquiry.here)
    told = (reported.text(evidence.read(inquiry.out / "evidence" / name)) for name in files)
    return "\n\n".join(told)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    """An exception is an error of the suite for what the test is evidence for, never blamed on the target."""
    outcome = yield
    report = cast(Any, outcome).get_result()
    inquiry = item.config.stash.get(INQUIRY, None)
    if call.excinfo is None or report.outcome == "skipped" or not _is_ours(item):
        return
    if inquiry is None:
        _could_not_join(item, call.excinfo)
        return
    if call.excinfo.errisinstance((pytest.fail.Exception, KeyboardInterrupt, pytest.exit.Exception)):
        return
    if report.when == "call":
        report.when = "setup"  # where pytest expects errors; a failure is the target's
    text = inquiry.redactor.text(f"{call.excinfo.typename}: {call.excinfo.value}")
    inquiry.errors.append(Problem(" ".join(marked(item)), text, item.name))
    if _no_room(item.config, call.excinfo.value):
        inquiry.stop = True
    with contextlib.suppress(OSError):
        inquiry.write()


def _no_room(config: pytest.Config, error: BaseException) -> bool:
    """Whether an exception means that nothing can be written any more; the controller is told."""
    if not isinstance(error, OSError) or error.errno not in NO_ROOM:
        return False
    why = f"the results could no longer be written ({error.strerror})"
    config.stash.setdefault(CRASHED, []).append(why)
    getattr(config, "workeroutput", {})["eni_no_room"] = why
    return True


def _could_not_join(item: pytest.Item, why: pytest.ExceptionInfo[BaseException]) -> None:
    """A worker that could not begin is an error of the suite for what each of its tests is evidence for."""
    config = item.config
    told, study = _posted(config), config.stash.get(KEY, None)
    if why.errisinstance((KeyboardInterrupt, pytest.exit.Exception)):
        return
    if told is not None:
        folder, target = Path(told.folder), Path(told.target_file)
    elif study is not None:
        folder, target = study.folder, study.target_file
    else:
        return
    redactor = Redactor()
    with contextlib.suppress(TargetError):
        redactor = Redactor(load_target(target, allow_plain_http=True))
    worker = os.environ.get("PYTEST_XDIST_WORKER", workers.FIRST_WORKER)
    text = redactor.text(f"{worker} could not begin: {why.typename}: {why.value}")
    errors = config.stash.setdefault(NOT_JOINED, [])
    errors.append(Problem(" ".join(marked(item)), text, item.name))
    _no_room(config, why.value)
    with contextlib.suppress(OSError):
        write(folder, Record(worker, errors=tuple(errors)))


ORDER = (
    "test_once", "test_sweep", "test_concurrency", "test_effects", "test_lifecycle", "test_states", "test_callers",
    "test_errors", "test_parameters", "test_gateway", "test_relations",
)  # fmt: skip
"""Where time is short, what comes last is left out first: histories that nothing else has, and what judges effects and
states, go before what tries the same in more forms."""


def _shard(config: pytest.Config, items: list[pytest.Item]) -> list[pytest.Item]:
    """Every N-th test; how all of them are divided is kept for `merge`."""
    shard = str(config.getoption("eni_shard") or "")
    if not shard:
        return items
    number, _, total = shard.partition("/")
    config.stash[DIVISION] = [studies.Listed(item.nodeid, tuple(marked(item))) for item in items]
    return [item for n, item in enumerate(items) if studies.shard_of(n, int(total)) == int(number)]


def _rank(item: pytest.Item) -> tuple[bool, int]:
    """Where the run is for a few requirements alone, the rich Worlds of the campaign come last: they are dear."""
    name = Path(item.path).stem
    dear = name == "test_effects" and bool(item.config.getoption("eni_only"))
    return dear, ORDER.index(name) if name in ORDER else len(ORDER)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that find most with fewest calls come first; only those for one requirement if one is named. Tests of the
    user's own stay where they are."""
    plan = _plan(config)
    kept = _shard(config, sorted(filter(_is_ours, items), key=_rank))
    tried = narrow.tried_with(plan.chosen(), plan.contract())
    if tried:
        kept = [item for item in kept if tried.intersection(marked(item))]
    for item in kept:
        item.add_marker(pytest.mark.filterwarnings("default"))  # a warning about the suite is no error of the target
    left_out = {item for item in items if _is_ours(item)} - set(kept)
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    order = iter(kept)
    items[:] = [next(order) if _is_ours(item) else item for item in items if item not in left_out]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In the controller, when all workers have left: tear down, write results and reports, set the exit status."""
    study = session.config.stash.get(KEY, None)
    if study is None:
        return
    incomplete = ""
    ended = study.folder / ENDED
    stopped = session.shouldfail or session.shouldstop
    if ended.exists():
        incomplete = ended.read_text()
    elif stopped:
        incomplete = f"pytest ended it: {stopped}"
    elif exitstatus == pytest.ExitCode.INTERRUPTED:
        incomplete = "the run was interrupted"
    elif REAL.now() - study.began > 60 * study.target.limits.minutes:
        incomplete = f"limits.minutes ({study.target.limits.minutes:g}) was reached"
    elif exitstatus == pytest.ExitCode.INTERNAL_ERROR:
        incomplete = "the suite failed"
    elif crashed := session.config.stash.get(CRASHED, []):
        incomplete = "; ".join(dict.fromkeys(crashed))
    session.exitstatus = _status(exitstatus, _close(session.config, study, incomplete))


def _status(of_pytest: int, of_run: int) -> int:
    """The session's status, in pytest's numbers: 1 where something is violated, 2 where the run ended early."""
    if of_pytest in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        return of_pytest
    if of_run == VIOLATED:
        return pytest.ExitCode.TESTS_FAILED
    return pytest.ExitCode.INTERRUPTED if of_run in (ENDED_EARLY, UNUSABLE) and not of_pytest else of_pytest


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
    study = replace(study, narrowed=config.stash.get(NARROWED, False))
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
    width = summary.width_of(sys.stdout)
    terminalreporter.write(summary.text(results, color=colour, out_dir=study.folder, width=width))
    unfinished.tell_ci(study.folder)
