"""The first look of a run: told at once, confirmed by the worker that sees it again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from eni_conformance.conformance import first


def test_a_folder_that_is_no_run_has_no_counterexamples(tmp_path: Path) -> None:
    assert list(first.counterexamples(tmp_path)) == []
    (tmp_path / "results.json").write_text("{")
    assert list(first.counterexamples(tmp_path)) == []


def test_what_shows_always_is_told_before_it_is_confirmed(
    suite: Callable[..., Any], start_emulator: Callable[..., Any]
) -> None:
    with start_emulator("--fault", "status-primary") as target:
        ended = suite("run", "--target", target, "-n", "2", "--effort", "quick", "--first-violation", "-k", "E12")
    told = [line.split()[:2] for line in ended.err.splitlines() if line.startswith(("seen", "violated"))]
    assert told == [["seen", "ENI-DETACH-E12"], ["violated", "ENI-DETACH-E12"]], ended.said
    assert (ended.folder / "latest" / "record-first.json").exists()
    found = next(first.counterexamples(ended.folder / "latest"))
    assert found.world.instances
