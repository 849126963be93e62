"""A counterexample that one run has found is the first thing that the next one tries, wherever it was kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from eni_conformance.conformance.database import DatabaseError, Forgiving, keep, kept, open_database
from eni_conformance.contract.scenario import Call, Detach, EniSpec, Scenario, World
from hypothesis.database import DirectoryBasedExampleDatabase, InMemoryExampleDatabase, MultiplexedDatabase
from processes import emulator, redis_server

RARE = "many-parameters-crash"
"""A fault that most calls do not show."""


def calls_until_found(suite: Callable[..., Any], target: Path, where: str, seed: int, workers: int) -> int:
    """Calls under test that a run needs to find the rare fault."""
    ended = suite(
        "run", "--target", str(target), "--effort", "quick", "-k", "B01", "--first-violation",
        "--seed", str(seed), "-n", str(workers), "--database", where,
    )  # fmt: skip
    assert ended.status == 1, ended.out + ended.err
    assert "ENI-DETACH-B01" in ended.violated
    return min(v["detach_calls"] for v in ended.results["violations"])


OLD = b'{"world": {"enis": [{"on": null}]}, "steps": [{"call": {"caller": "expired"}, "kind": "detach"}]}'
"""A counterexample as an older suite left it."""


def test_a_counterexample_is_kept_as_it_is_and_one_of_an_older_suite_is_read() -> None:
    database = InMemoryExampleDatabase()
    one = Scenario(World(enis=(EniSpec(on=None),)), (Detach(Call(caller="expired")),))
    database.save(b"key", OLD)
    assert kept(database, b"key") == [one]
    keep(database, b"key", one)
    assert list(database.fetch(b"key")) == [OLD], "it is written as it was"


def test_what_is_no_counterexample_any_more_is_forgotten() -> None:
    database = InMemoryExampleDatabase()
    for raw in (b"", b"{", b"\xff", b'{"planets": 3}', OLD):
        database.save(b"key", raw)
    assert len(kept(database, b"key")) == 1
    assert list(database.fetch(b"key")) == [OLD]


@pytest.fixture(scope="module")
def rare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The target file of an emulator with the rare fault."""
    target = tmp_path_factory.mktemp("rare") / "target.toml"
    with emulator(target, "--fault", RARE):
        yield target


def test_what_one_run_found_the_next_one_tries_first(rare: Path, suite: Callable[..., Any], tmp_path: Path) -> None:
    """Another process, another seed, two workers: one call is enough; without the database it takes many."""
    with redis_server(tmp_path) as where:
        first = calls_until_found(suite, rare, where, seed=1, workers=1)
        second = calls_until_found(suite, rare, where, seed=2, workers=2)
    elsewhere = calls_until_found(suite, rare, str(tmp_path / "empty"), seed=2, workers=2)
    assert second <= 2
    assert min(first, elsewhere) > 3 * second


def test_what_was_found_no_longer_fails_on_a_healthy_endpoint(
    rare: Path, start_emulator: Callable[..., Any], suite: Callable[..., Any], tmp_path: Path
) -> None:
    """A kept counterexample is evidence like any other: the next run tries it first, and it may as well show that the
    defect is gone."""
    where = str(tmp_path / "examples")
    calls_until_found(suite, rare, where, seed=1, workers=1)
    assert calls_until_found(suite, rare, where, seed=2, workers=2) <= 2
    with start_emulator() as healthy:
        mended = suite(
            "run", "--target", str(healthy), "--effort", "quick", "-k", "B01", "-n", "2", "--database", where
        )
    assert mended.status == 0, mended.out + mended.err


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("redis://127.0.0.1:1/0", "Connection refused"),
        ("redis://somebody:hush@127.0.0.1:1/0", "redis://***@127.0.0.1:1/0"),
        ("redis://127.0.0.1:port/0", "redis://"),
        ("redis:localhost", "redis://HOST"),
        ("http://127.0.0.1", "redis://HOST"),
        ("github:owner", "github:OWNER/REPOSITORY"),
        ("github:owner/a/b", "github:OWNER/REPOSITORY"),
        ("file.txt", "no directory"),
        ("file.txt/examples", "no directory"),
    ],
)
def test_a_database_that_cannot_be_used_is_refused_before_anything_is_touched(
    where: str, told: str, suite: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "file.txt").write_text("")
    named = str(tmp_path / where) if where.startswith("file") else where
    ended = suite("run", "--effort", "quick", "--database", named)
    assert ended.status == 2, ended.out + ended.err
    lines = [line for line in ended.err.splitlines() if line.strip()]
    assert len(lines) == 1, ended.err
    assert "--database" in lines[0]
    assert told in lines[0]
    assert "hush" not in lines[0]
    assert not ended.folder.exists()


def test_a_github_repository_is_read_and_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found goes into a directory here; the artifact of the repository is asked for nothing yet."""
    monkeypatch.chdir(tmp_path)
    made = open_database("github:owner/some.repository-1", check=True)
    assert isinstance(made, MultiplexedDatabase)
    local, remote = made._wrapped
    assert isinstance(local, DirectoryBasedExampleDatabase)
    assert repr(remote).startswith("ReadOnlyDatabase(GitHubArtifactDatabase(owner='owner', repo='some.repository-1'")
    local.save(b"key", b"value")
    assert list(local.fetch(b"key")) == [b"value"]
    assert list(tmp_path.glob(".hypothesis/examples/*"))


def test_no_database_is_no_database() -> None:
    assert open_database("", check=True) is None


@pytest.mark.whole
def test_redis_that_dies_costs_what_it_holds_and_not_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From its first failure on it is left alone; the user is told once."""
    with redis_server(tmp_path) as url:
        made = open_database(url, check=True)
        assert made is not None
        made.save(b"key", b"value")
        assert list(made.fetch(b"key")) == [b"value"]
    assert list(made.fetch(b"key")) == []
    made.save(b"key", b"value")
    made.delete(b"key", b"value")
    assert capsys.readouterr().err.count("left alone") == 1


def test_only_what_was_foreseen_is_forgiven() -> None:
    class Broken(InMemoryExampleDatabase):
        def save(self, key: bytes, value: bytes) -> None:
            raise LookupError("a defect")

    with pytest.raises(LookupError):
        Forgiving(Broken(), (OSError,)).save(b"key", b"value")


def test_a_password_is_not_shown() -> None:
    with pytest.raises(DatabaseError) as error:
        open_database("redis://user:hush@127.0.0.1:notaport/0")
    assert "hush" not in str(error.value)
