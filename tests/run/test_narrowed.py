"""Whole runs for one requirement (`-k`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_only_what_was_chosen_is_sent_and_judged(suite: Callable[..., Any]) -> None:
    ended = suite("run", "--seed", "1", "-k", "E12")
    assert ended.status == 0, ended.said
    assert sum(ended.results["calls"].values()) < 400
    judged = {row["id"] for row in ended.results["requirements"] if row["judged"]}
    assert judged == {"ENI-DETACH-E12"} and ended.verdict("ENI-DETACH-E12") == "conforms"
    grey = [row for row in ended.results["requirements"] if row["reason"] == "narrowed by the user (-k E12)"]
    assert len(grey) == len(ended.results["requirements"]) - 1


def test_what_was_not_chosen_does_not_decide(suite: Callable[..., Any], start_emulator: Callable[..., Any]) -> None:
    with start_emulator("--fault", "signature-v1-unchecked") as target:
        keys = suite("run", "--target", target, "--seed", "1", "-k", "G05")
        assert (keys.status, keys.violated) == (0, set()), keys.said
        signatures = suite("run", "--target", target, "--seed", "1", "-k", "G01", "--first-violation")
    assert (signatures.status, signatures.violated) == (1, {"ENI-DETACH-G01"}), signatures.said


def test_an_unknown_id_is_refused_before_anything_is_started(suite: Callable[..., Any]) -> None:
    ended = suite("run", "-k", "E99")
    assert ended.status == 2
    assert "ENI-DETACH-E09" in ended.err and "Traceback" not in ended.err
    assert not ended.folder.exists()


def test_a_run_that_judged_nothing_does_not_end_with_0(suite: Callable[..., Any]) -> None:
    """No test is for this row, and no test is in this shard."""
    for arguments in (("-k", "X05", "--revision", "2024"), ("--shard", "999/1000", "-n", "2")):
        ended = suite("run", "--seed", "1", *arguments)
        assert ended.status == 4, ended.said
