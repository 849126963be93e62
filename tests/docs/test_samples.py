"""The target files of the documentation: each run that stands beside one ends within that file's own limits; and the
reference of their keys is the table by which they are checked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from eni_conformance.conformance import plan
from eni_conformance.harness import settings
from eni_conformance.harness.target import parse_target

ROOT = Path(__file__).parents[2]
SET = {"DENIED_ACCESS_KEY_ID": "LTAIkey0001", "DENIED_ACCESS_KEY_SECRET": "the-secret"}


def samples(page: str) -> list[dict[str, object]]:
    """The target files that stand on a page."""
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / page).read_text(), re.S)
    return [data for data in map(tomllib.loads, blocks) if "region" in data]


def runs(page: str) -> list[tuple[int, str]]:
    """(calls, effort) of each whole run that a page asks for."""
    lines = re.findall(r"^(?: {4})?eni-conformance run .*--target.*$", (ROOT / page).read_text(), re.M)
    found = []
    for line in lines:
        calls, effort = (re.search(rf"--{name} (\S+)", line) for name in ("calls", "effort"))
        if not re.search(r"-k |--shard", line):
            found.append((int(calls[1]) if calls else 0, effort[1] if effort else "quick"))
    return found


@pytest.mark.parametrize("page", ["README.md", "docs/own-endpoint.md", "docs/real-accounts.md"])
def test_a_run_beside_a_sample_ends_within_its_limits(page: str) -> None:
    files, commands = samples(page), runs(page)
    assert files and commands
    for data in files:
        target = parse_target(data, environ=SET)
        for calls, effort in commands:
            for control in (True, False):
                told = plan.predict(target, effort=effort, revision="2019", control=control, allowed=calls)
                assert told.fits, (page, calls, effort, told.notes)


def test_the_reference_of_the_target_file_is_the_table_that_checks_it() -> None:
    assert settings.reference() in (ROOT / "docs" / "own-endpoint.md").read_text()
