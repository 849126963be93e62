"""What pytest loads everywhere: it knows whether conformance tests are asked for, and imports nothing before."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from types import SimpleNamespace

import pytest
from eni_conformance.conformance import entry
from eni_conformance.conformance.asked import Plan
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.strategies.effort import EFFORTS


def session(*args, pyargs=False):
    folder = SimpleNamespace(dir=entry.HERE.parent)
    return SimpleNamespace(args=list(args), getoption={"pyargs": pyargs}.get, invocation_params=folder)


@pytest.mark.parametrize(
    ("args", "asked", "whole"),
    [
        (("conformance",), True, True),
        (("conformance/test_errors.py::test_it",), True, False),
        ((str(entry.HERE),), True, True),
        (("tests", "conformance/test_errors.py"), True, False),
        (("tests",), False, False),
        (("tests/conformance",), False, False),
        ((), False, False),
    ],
)
def test_whether_conformance_tests_are_asked_for(args, asked, whole):
    assert entry.asked_for(session(*args)) is asked
    assert entry.asked_for_all(session(*args)) is whole


def test_a_module_may_be_named_as_python_names_it():
    assert entry.asked_for(session("eni_conformance.conformance.test_errors", pyargs=True))
    assert not entry.asked_for(session("another.package", pyargs=True))


def test_it_offers_each_field_of_a_plan_and_the_choices_that_there_are():
    told = []
    group = SimpleNamespace(addoption=lambda flag, **more: told.append((flag, more.get("choices"))))
    entry.pytest_addoption(SimpleNamespace(getgroup=lambda *_: group))
    options = dict(told)
    names = {flag.removeprefix("--eni-").replace("-", "_") for flag in options}
    assert names == {f.name for f in fields(Plan)} - {"workers"}
    assert tuple(options["--eni-revision"]) == tuple(CONTRACTS)
    assert tuple(options["--eni-effort"]) == tuple(EFFORTS)


@pytest.mark.parametrize("module", ["eni_conformance.conformance.entry", "eni_conformance.emulator.pytest_plugin"])
def test_a_session_without_conformance_tests_pays_nothing(module):
    """Besides packages that are empty, it imports nothing of the suite, of the emulator, or of their libraries."""
    code = f"import pytest, sys; before = set(sys.modules); import {module}; print(*(set(sys.modules) - before))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    parent = module.rpartition(".")[0]
    mine = {name for name in told if not name.startswith("__editable__")}
    assert mine == {module, parent, "eni_conformance"}
