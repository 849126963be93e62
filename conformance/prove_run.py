"""One run of a proof, as a forked process: all that a run imports is imported here, once, before the fork.

Nothing is given back to the target, which is thrown away after the run, and no report is made of it: results.json
and the evidence are all that a proof reads.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
from dataclasses import replace

import pytest
from eni_conformance.conformance import run, study
from eni_conformance.conformance.commands import UNUSABLE, USAGE
from eni_conformance.conformance.inquiry import LOST
from eni_conformance.conformance.plugin import CLOSED, INQUIRY, KEY
from eni_conformance.strategies.effort import EFFORTS

from eni_conformance import conformance

for _name in ("_pytest.junitxml", "xdist.plugin", *(m.name for m in pkgutil.iter_modules(conformance.__path__))):
    if "." in _name or _name.startswith("test_"):
        importlib.import_module(_name if "." in _name else f"{conformance.__name__}.{_name}")


class ThrownAway:
    """A pytest plugin that ends a run without giving back what it created and without reports.

    own: ends it after the first test in which this requirement was seen violated.
    """

    def __init__(self, own: str) -> None:
        self.own = own
        self.status: int | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Other runs share the core, and wait half of their time: what is optional gets twice the time."""
        inquiry = item.config.stash.get(INQUIRY, None)
        if inquiry is not None:
            alone = EFFORTS[inquiry.effort.name].seconds
            inquiry.effort = replace(inquiry.effort, seconds=2 * alone)

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        inquiry = item.config.stash.get(INQUIRY, None)
        seen = inquiry.violations if inquiry is not None and self.own else ()
        if inquiry is not None and any(self.own in (v.requirement, *v.also) for v in seen):
            inquiry.stop = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        found = session.config.stash.get(KEY, None)
        if found is not None and not session.config.stash.get(CLOSED, False):
            session.config.stash[CLOSED] = True
            found.journal.close()
            gone = found.folder / LOST
            self.status = study.write_results(found, incomplete=gone.read_text() if gone.exists() else "")


def main(options: argparse.Namespace, own: str, log: str) -> None:
    """Run the suite with these options of `run`; what it prints goes to the file `log`. Exits with run's status."""
    os.setsid()
    with open(log, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    end = ThrownAway(own)
    code = run.run_tests(options, end)
    began = code if code in (USAGE, UNUSABLE) else UNUSABLE
    raise SystemExit(began if end.status is None else end.status)
