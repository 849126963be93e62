"""Which exchanges of a run stay on disk: all, those that findings speak of, or none; each of them once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eni_conformance.conformance import entry, kept_wire
from eni_conformance.conformance.commands import OPTIONS
from eni_conformance.harness import journal
from eni_conformance.harness.journal import Journal
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.target import load_target
from eni_conformance.harness.values import Exchange, Request

TARGET = """
endpoint = "http://127.0.0.1:1"
region = "cn-hangzhou"
[callers.account]
access_key_id = "LTAIone"
access_key_secret = "secret"
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The directory of a run with four exchanges: one of a finding, one of its history, a failure, and another."""
    (tmp_path / "t.toml").write_text(TARGET)
    (tmp_path / "t.toml").chmod(0o600)
    redactor = Redactor(load_target(tmp_path / "t.toml"))
    for worker, made in (("a", ((1, 404), (2, 500))), ("b", ((3, 200), (4, 200)))):
        with Journal(journal.worker_path(tmp_path, worker), redactor) as book:
            for n, status in made:
                sent = Request("DetachNetworkInterface", "2014-05-26", "GET", "http://h/", (), (), b"", "account", "v1")
                book.write(Exchange(f"w-{n}", sent, float(n), 0.1, "answered", status))
    (tmp_path / "evidence").mkdir()
    told = {"id": "e", "requirement": "R", "exchange": {"id": "w-1"}, "history": [{"n": 1, "note": "w-3"}]}
    (tmp_path / "evidence" / "e.json").write_text(json.dumps(told))
    return tmp_path


@pytest.mark.parametrize(
    ("keep", "left"), [("all", ["w-1", "w-2", "w-3", "w-4"]), ("failures", ["w-1", "w-2", "w-3"]), ("none", [])]
)
def test_what_is_left_and_that_all_are_counted(run: Path, keep: str, left: list[str]) -> None:
    assert kept_wire.join(run, keep) == {"DetachNetworkInterface": 4}
    kept_wire.drop_parts(run)
    assert [path.name for path in run.glob("*.gz")] == ["wire.jsonl.gz"] * bool(left)
    if left:
        assert [one.id for one in journal.read(run / "wire.jsonl.gz")] == left


def test_the_command_and_pytest_offer_the_same() -> None:
    assert OPTIONS["keep wire"].settings["choices"] == entry.KEEP_WIRE
