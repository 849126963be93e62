"""Whole runs: what they leave, how they end, and what they say when they cannot begin."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from processes import Finished, results_of, start, wait_until

from eni_conformance import reports


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.night) for seed in (2, 3))])
def test_nothing_is_violated_on_the_embedded_emulator(seed: int, plain: Callable[[int], Finished]) -> None:
    ended = plain(seed)
    assert ended.status == 0, ended.said
    results = ended.results
    assert {r["verdict"] for r in results["requirements"] if r["kind"] == "error"} == {"conforms"}
    assert all(r["provoked"] > 0 for r in results["requirements"] if r["kind"] == "error")
    folder = ended.folder / "latest"
    schema = json.loads((Path(reports.__file__).parent / "results.schema.json").read_text())
    jsonschema.validate(results, schema)
    assert (folder / "index.html").stat().st_size > 10_000
    ET.parse(folder / "junit.xml")
    assert list((folder / "allure-results").glob("*.json"))
    with gzip.open(folder / "wire.jsonl.gz", "rt") as lines:
        assert sum(1 for _ in lines) == sum(results["calls"].values())


@pytest.mark.parametrize("workers", [1, 2])
def test_pytest_gives_the_same_run(start_emulator: Callable[..., Any], tmp_path: Path, workers: int) -> None:
    with start_emulator("--fault", "status-primary") as target:
        command = [sys.executable, "-m", "pytest", "conformance", "--target", str(target), "--eni-effort", "quick"]
        command += ["--eni-seed", "1", "--eni-only", "E12", "--eni-first-violation"]
        command += ["--eni-out", str(tmp_path / "out"), "-q"]
        command += ["-n", str(workers)] if workers > 1 else []
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    results = results_of(tmp_path / "out")
    assert any(r["id"] == "ENI-DETACH-E12" and r["verdict"] == "violated" for r in results["requirements"])
    assert (results["run"]["incomplete"], results["run"]["note"]) == (True, "the run ended at its first violation")


@pytest.mark.parametrize("workers", [1, 2])
def test_an_unreachable_target_ends_with_3(workers: int, suite: Callable[..., Any], tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    target = tmp_path / "gone.toml"
    target.write_text(
        f'name = "gone"\nendpoint = "http://127.0.0.1:{port}"\nregion = "cn-hangzhou"\n'
        '[callers.account]\naccess_key_id = "a-key-id"\naccess_key_secret = "a-secret-of-ours"\n'
    )
    target.chmod(0o600)
    ended = suite("run", "--target", str(target), "--effort", "quick", "-n", workers)
    assert ended.status == 3
    assert ended.err.startswith(f"eni-conformance: http://127.0.0.1:{port} cannot be used: ")
    assert "Traceback" not in ended.err
    assert "a-secret-of-ours" not in ended.err + ended.out


def test_a_wrong_secret_ends_with_3(start_emulator: Callable[..., Any], suite: Callable[..., Any]) -> None:
    with start_emulator() as target:
        lines = target.read_text().splitlines()
        first = next(i for i, line in enumerate(lines) if line.startswith("access_key_secret"))
        lines[first] = 'access_key_secret = "not-the-secret"'
        target.write_text("\n".join(lines))
        ended = suite("run", "--target", str(target), "--effort", "quick")
    assert ended.status == 3
    assert "callers.account" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('endpoint = "http://127.0.0.1:1"\nregion = "cn-hangzhou"\n', "callers"),
        ('endpoint = "http://127.0.0.1:1', "TOML"),
        ('name = "x"\nendpoint = "http://127.0.0.1:1"\n[callers.account]\n', "region"),
        ('endpoint = "http://example.com"\nregion = "cn-hangzhou"\n[callers.account]\n', "http"),
    ],
)
def test_a_half_written_target_file_ends_with_2(
    text: str, told: str, suite: Callable[..., Any], tmp_path: Path
) -> None:
    target = tmp_path / "half.toml"
    target.write_text(text)
    ended = suite("run", "--target", str(target))
    assert ended.status == 2
    assert told in ended.err
    assert "half.toml" in ended.err
    assert "Traceback" not in ended.err


def test_wrong_usage_ends_with_2(suite: Callable[..., Any]) -> None:
    assert suite("run", "--effort", "enormous").status == 2
    unknown = suite("run", "-k", "ENI-DETACH-E99")
    assert (unknown.status, "ENI-DETACH-E99" in unknown.err) == (2, True)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_keeps_the_report_and_leaves_nothing(
    how: signal.Signals, start_emulator: Callable[..., Any], tmp_path: Path
) -> None:
    with start_emulator() as target:
        out = tmp_path / "out"
        run = start("run", "--target", target, "--out", out, "-n", "2")
        wait_until(lambda: list(out.glob("*/record-gw*.json")))
        run.send_signal(how)
        said, _ = run.communicate(timeout=90)
        assert run.returncode in (1, 4), said
        results = results_of(out)
        assert results["run"]["incomplete"] is True
        assert (out / "latest" / "index.html").exists()
        assert "Traceback" not in said
        from eni_conformance.harness.account import janitor
        from eni_conformance.harness.target import load_target
        from eni_conformance.harness.wire.client import Client

        loaded = load_target(target)
        cleaned = janitor.clean(loaded, Client(loaded), out=None, older_than=0.0, dry_run=True)
        assert not [item for one in cleaned for item in one.removed]


def test_the_embedded_emulator_is_stopped(plain: Callable[[int], Finished]) -> None:
    ended = plain(1)
    port = int(ended.results["target"]["endpoint"].rpartition(":")[2])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_an_occupied_port_is_told(suite: Callable[..., Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = suite("emulator", "--port", str(taken.getsockname()[1]))
    assert ended.status == 3
    assert "Traceback" not in ended.err
    assert str(taken.getsockname) and ended.err.strip()


def test_shards_merge_to_one_report(
    start_emulator: Callable[..., Any], suite: Callable[..., Any], tmp_path: Path
) -> None:
    with start_emulator("--fault", "status-primary") as target:
        for n in (1, 2):
            part = ("--shard", f"{n}/2", "-k", "E12", "-n", "1")
            suite("run", "--target", str(target), "--effort", "quick", "--seed", "4", *part)
    folders = sorted(str(p) for p in (tmp_path / "out").iterdir() if p.is_dir() and not p.is_symlink())
    assert len(folders) == 2
    joined = suite("merge", *folders, "--out", str(tmp_path / "merged"))
    assert joined.status == 1, joined.out + joined.err
    results = results_of(tmp_path / "merged")
    by_id = {r["id"]: r for r in results["requirements"]}
    assert by_id["ENI-DETACH-E12"]["verdict"] == "violated"
    lost = suite("merge", folders[0], "--out", str(tmp_path / "half"))
    results = results_of(tmp_path / "half")
    verdicts = {r["id"]: r["verdict"] for r in results["requirements"]}
    assert verdicts["ENI-DETACH-S01"] in ("inconclusive", "violated")
    assert lost.status in (1, 4)


def test_known_deviations(start_emulator: Callable[..., Any], suite: Callable[..., Any], tmp_path: Path) -> None:
    known = tmp_path / "deviations.toml"
    entry = '[[deviation]]\nrequirement = "ENI-DETACH-{}"\nreason = "old gateway"\nowner = "net"\nexpires = {}\n'
    arguments = ("--effort", "quick", "--seed", "1", "-n", "1", "-k", "E12", "--deviations", str(known))
    with start_emulator("--fault", "status-primary") as target:
        known.write_text(entry.format("E12", "2999-01-01") + entry.format("R08", "2999-01-01"))
        accepted = suite("run", "--target", str(target), *arguments)
        assert accepted.status == 0, accepted.out + accepted.err
        assert accepted.verdict("ENI-DETACH-E12") == "known-deviation"
        known.write_text(entry.format("E12", "2020-01-01"))
        expired = suite("run", "--target", str(target), *arguments)
        assert (expired.status, "expired" in expired.out) == (1, True), expired.out
    with start_emulator() as healthy:
        known.write_text(entry.format("E12", "2999-01-01"))
        unneeded = suite("run", "--target", str(healthy), *arguments)
        assert (unneeded.status, "no longer needed" in unneeded.out) == (0, False), unneeded.out
        known.write_text(entry.format("E99", "2999-01-01"))
        wrong = suite("run", "--target", str(healthy), *arguments)
        assert (wrong.status, "E99" in wrong.err) == (2, True)
    assert os.path.exists(known)
