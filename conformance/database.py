"""The shared example database that --database names: where counterexamples of one run wait for the next.

It is Hypothesis's own: a directory, a Redis server, or the artifact of a GitHub repository. What cannot be used is
told before a run begins; one that fails later costs what it holds, never the run.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from eni_conformance.contract import codec
from eni_conformance.contract.scenario import Scenario
from hypothesis.database import (
    DirectoryBasedExampleDatabase,
    ExampleDatabase,
    GitHubArtifactDatabase,
    MultiplexedDatabase,
    ReadOnlyDatabase,
)

LOCAL = Path(".hypothesis") / "examples"
"""Where counterexamples go beside a GitHub repository, which can only be read."""
REDIS = ("redis://", "rediss://")
SECONDS = 3.0
"""How long a Redis server may take to answer."""
FORMS = "name a directory, redis://HOST:PORT/N or github:OWNER/REPOSITORY"


class DatabaseError(ValueError):
    """The database cannot be used; the text says why, without a password."""


def open_database(text: str, *, check: bool = False) -> ExampleDatabase | None:
    """The database that --database names; None for "". Raises DatabaseError if it cannot be used.

    check: also ask whether the server is there, and the directory can be written.
    """
    if not text:
        return None
    if text.startswith(REDIS):
        return _redis(text, check)
    if text.startswith("github:"):
        return _github(text)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", text):
        raise DatabaseError(f"--database {_shown(text)}: {FORMS}")
    if check:
        _check_directory(text)
    return DirectoryBasedExampleDatabase(text)


def keep(database: ExampleDatabase, key: bytes, scenario: Scenario) -> None:
    """Leave a counterexample for later runs, under the test that found it."""
    database.save(key, json.dumps(codec.plain(scenario, brief=True)).encode())


def kept(database: ExampleDatabase, key: bytes) -> list[Scenario]:
    """The counterexamples under a key. What no longer is one, of an older version, is deleted."""
    out = []
    for raw in list(database.fetch(key)):
        try:
            out.append(codec.build(Scenario, json.loads(raw), "scenario"))
        except ValueError:
            database.delete(key, raw)
    return out


def _redis(text: str, check: bool) -> ExampleDatabase:
    try:
        from hypothesis.extra.redis import RedisExampleDatabase
        from redis import Redis, RedisError
    except ImportError:
        raise DatabaseError(
            "--database redis://... needs the package redis (pip install 'eni-conformance[redis]')"
        ) from None
    try:
        server = Redis.from_url(text, socket_timeout=SECONDS, socket_connect_timeout=SECONDS)
    except ValueError as error:
        raise DatabaseError(f"--database {_shown(text)}: {error}; {FORMS}") from None
    if check:
        try:
            server.ping()
        except (RedisError, OSError) as error:
            raise DatabaseError(f"--database {_shown(text)}: the server cannot be used: {error}") from None
    return Forgiving(RedisExampleDatabase(server, key_prefix=b"eni-conformance:"), (RedisError, OSError))


def _github(text: str) -> ExampleDatabase:
    if not re.fullmatch(r"github:[A-Za-z0-9-]+/[A-Za-z0-9._-]+", text):
        raise DatabaseError(f"--database {text}: {FORMS}")
    owner, _, repository = text.removeprefix("github:").partition("/")
    return MultiplexedDatabase(
        DirectoryBasedExampleDatabase(LOCAL), ReadOnlyDatabase(GitHubArtifactDatabase(owner, repository))
    )


def _check_directory(text: str) -> None:
    place = Path(text)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"--database {text}: is no directory and cannot be made one ({error.strerror})") from None
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        raise DatabaseError(f"--database {text}: cannot be read and written")


def _shown(text: str) -> str:
    """The name without user and password."""
    return re.sub(r"//[^/@]*@", "//***@", text)


class Forgiving(ExampleDatabase):
    """A database that is left alone from its first failure on: it can then neither give nor keep anything."""

    def __init__(self, kept: ExampleDatabase, failures: tuple[type[Exception], ...]) -> None:
        super().__init__()
        self.kept: ExampleDatabase | None = kept
        self.failures = failures

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """Values under the key; none after a failure."""
        try:
            return list(self.kept.fetch(key)) if self.kept is not None else []
        except self.failures as error:
            self._give_up(error)
            return []

    def save(self, key: bytes, value: bytes) -> None:
        """Keep the value, if that is possible."""
        try:
            if self.kept is not None:
                self.kept.save(key, value)
        except self.failures as error:
            self._give_up(error)

    def delete(self, key: bytes, value: bytes) -> None:
        """Forget the value, if that is possible."""
        try:
            if self.kept is not None:
                self.kept.delete(key, value)
        except self.failures as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self.kept = None
        print(f"eni-conformance: the shared example database is left alone: {error}", file=sys.stderr)
