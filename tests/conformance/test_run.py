"""The command line that a run is made of."""

from __future__ import annotations

import errno
from types import SimpleNamespace

import pytest
from eni_conformance.conformance import run
from eni_conformance.conformance.run import arguments
from eni_conformance.oracle.results import Results, Run
from eni_conformance.reports import files

PLAIN = {
    "target": None, "workers": 1, "revision": "2019", "effort": "quick", "out": "out", "seed": None, "deviations": "",
    "requirement": "", "first_violation": False,
}  # fmt: skip


def flags(**more):
    return arguments(SimpleNamespace(**{**PLAIN, **more}))


@pytest.mark.parametrize(
    ("option", "flag"),
    [(name, "--eni-" + name.replace("_", "-")) for name in ("strict", "first_violation", "allow_plain_http")],
)
def test_what_is_switched_on_is_handed_to_the_tests_and_nothing_else_is(option, flag):
    assert flag not in flags() and flag not in flags(**{option: False})
    assert flags(**{option: True}) == [*flags(), flag]


def test_the_flag_is_not_one_that_pytest_or_a_plug_in_may_have():
    """`--strict` is pytest's own."""
    assert "--strict" not in flags(strict=True)


@pytest.mark.parametrize(("exit_status", "ends_with"), [(0, 4), (1, 1), (3, 3)])
def test_a_recording_that_was_asked_for_and_is_not_there_is_no_success(
    exit_status, ends_with, tmp_path, monkeypatch, capsys
):
    """The disk was full at the end; what was found is told all the same."""

    def full(_results, _path):
        raise OSError(errno.ENOSPC, "No space left on device")

    def run_tests(_args, display):
        display.folder = tmp_path
        files.write_text(tmp_path / "results.json", files.text(Results(Run(id="r-1", exit=exit_status))))
        return exit_status

    monkeypatch.setattr(run, "run_tests", run_tests)
    monkeypatch.setattr(run.recording, "write", full)
    args = SimpleNamespace(**{**PLAIN, "record": str(tmp_path / "r.json")})
    assert run.main(args) == ends_with
    assert "r.json: could not be written (No space left on device)" in capsys.readouterr().err
