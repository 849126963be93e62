"""What a run owns, on disk before it exists: append-only lines of JSON, one file for each worker.

An `intent` is written, and on real targets forced to the disk, before a creating call is sent; `made` adds
the id when the answer has come, `refused` closes an intent that came to nothing, `gone` says that the
resource was seen to be gone. So after a crash at any moment every resource is either named here or
announced here, with the tags and the ClientToken it was to carry. Only what is named here is ever changed
or deleted: `NotOurs` otherwise. The ledger is also what counts: an intent that would pass a limit of the
target file is refused, over all workers of the run together.
`book` says what a line may be.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from eni_conformance.harness.account.book import (
    Book,
    Brought,
    Closing,
    Entries,
    Event,
    Gone,
    Intent,
    Made,
    Opened,
    Refused,
    Settled,
    line_of,
)
from eni_conformance.harness.bench.look import LOCK, look_until
from eni_conformance.harness.clock import REAL

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Windows
    fcntl = None  # type: ignore[assignment]

RUN_TAG = "eni-conformance-run"
CREATED_TAG = "eni-conformance-created"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{5,63}")


class NotOurs(Exception):
    """A destructive call was about to hit something that this run did not create."""


class LimitReached(Exception):
    """One more resource would pass a limit of the target file."""


def valid_run_id(text: str) -> bool:
    """Whether a text can be a run id: it must fit a tag, a resource name and a file name."""
    return bool(_RUN_ID.fullmatch(text))


def read(directory: Path) -> Book:
    """The book of a directory; lines that were cut off are passed over."""
    state = Entries()
    for path in sorted(directory.glob("ledger-*.jsonl")):
        state.take(path.stem.removeprefix("ledger-"), path.read_bytes())
    return state.book()


WORLD_LOCK = "world.lock"
"""Held shared by each case, alone by one that gives an order which touches everybody."""

TURN_LOCK = "world.turn"
"""Held while waiting for WORLD_LOCK: who waits for all others lets nobody in before itself, or it would starve."""

LEADERS = ("main", "janitor")
"""Workers without whom a run is over; the others end when they notice."""


def _common(name: str) -> Path:
    """A path that all processes of this machine and user know."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    directory = Path(tempfile.gettempdir()) / f"eni-conformance-alive-{user}"
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory / name


def _alive_file(run_id: str, *, orphans: bool = False) -> Path:
    return _common(f"{run_id}.workers" if orphans else run_id)


def common_folder(place: str) -> Path:
    """A directory for the locks that all runs of this machine and user against one place share."""
    folder = _common(f"at-{hashlib.sha256(place.encode()).hexdigest()[:16]}")
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def is_alive(run_id: str, *, orphans: bool = False) -> bool:
    """Whether a process of this machine and user leads that run, or with `orphans` still works for it."""
    path = _alive_file(run_id, orphans=orphans)
    if fcntl is None or not path.exists():
        return False
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        path.unlink(missing_ok=True)
    return False


@contextlib.contextmanager
def in_turn(folder: Path, *, exclusive: bool, seconds: float = float("inf")) -> Iterator[None]:
    """Hold the lock of a place, in this folder, for one case; `exclusive`: for an order that touches everybody (a
    region switched off), which keeps the cases of all others waiting meanwhile. Goes on without it after `seconds`."""
    if fcntl is None:
        yield
        return
    until = REAL.monotonic() + seconds
    with (folder / TURN_LOCK).open("ab") as turn, (folder / WORLD_LOCK).open("ab") as world:
        _flock(turn, fcntl.LOCK_EX, until)
        _flock(world, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, until)
        fcntl.flock(turn, fcntl.LOCK_UN)
        yield


def _flock(file: BinaryIO, how: int, until: float) -> None:
    """Lock a file; give up at `until` (monotonic seconds), if that is ever."""
    if until == float("inf"):
        fcntl.flock(file, how)
        return

    def taken() -> bool:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    look_until(taken, bool, until - REAL.monotonic(), clock=REAL, pauses=itertools.repeat(LOCK))


class Ledger:
    """The ledger of one worker, who also reads those of the others. May be used from several threads.

    durable: force each line to the disk. limits: resources of a kind that may be alive at once, in the
    whole directory. where: endpoint and region. clock: Unix seconds. While the one of worker "main" is open,
    the run counts as alive for `is_alive` on this machine, until the process ends in whatever way.
    """

    def __init__(
        self,
        directory: Path,
        run_id: str,
        *,
        worker: str = "main",
        durable: bool = True,
        limits: Mapping[str, int] | None = None,
        where: str = "",
        clock: Callable[[], float] = REAL.now,
    ) -> None:
        if not valid_run_id(run_id):
            raise ValueError(f"{run_id!r} cannot be a run id")
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.run_id = run_id
        self.worker = worker
        self.limits = dict(limits or {})
        self.going: set[str] = set()
        """Ids whose deletion was accepted and which were not yet seen to be gone."""
        self._durable = durable
        self._closing = False
        self._clock = clock
        self._mutex = threading.RLock()
        self._state = Entries()
        self._offsets: dict[str, int] = {}
        self._path = directory / f"ledger-{worker}.jsonl"
        self._file = self._path.open("ab", buffering=0)
        self._lock_file: BinaryIO = (directory / "ledger.lock").open("ab")
        with self._locked():
            self._catch_up()
            self._next = 1 + self._state.last(worker)
            self._append(Opened(run=run_id, where=where, at=round(clock(), 3)))
        self._alive = _alive_file(run_id, orphans=worker not in LEADERS).open("ab")
        if fcntl is not None:
            fcntl.flock(self._alive, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def intend(self, kind: str, action: str, token: str) -> int:
        """Announce a creating call; call before it is sent. Returns the number to close it with.

        Raises LimitReached if the resource would pass a limit (an instance brings an interface of its own),
        or if the run is being taken down.
        """
        with self._locked():
            self._catch_up()
            if self._state.closing:
                raise LimitReached("the run is being taken down")
            alive_by_kind = self._state.alive
            brings = {"instance": {"instance": 1, "eni": 1}}.get(kind, {kind: 1})
            for one, more in brings.items():
                limit = self.limits.get(one)
                alive = alive_by_kind[one] + (alive_by_kind["instance"] if one == "eni" else 0)
                if limit is not None and alive + more > limit:
                    raise LimitReached(f"{alive} of at most {limit} {one}s are in use")
            return self._announce(kind, action, token, round(self._clock(), 3))

    def _announce(self, kind: str, action: str, token: str, at: float) -> int:
        """Write an intent, and return its number; to be called alone."""
        n = self._next
        self._next += 1
        self._append(Intent(n=n, kind=kind, action=action, token=token, at=at))
        return n

    def made(self, n: int, kind: str, identifier: str) -> None:
        """The creating call succeeded: this run owns `identifier`."""
        self._write(Made(n=n, kind=kind, id=identifier))

    def refused(self, n: int, kind: str, why: str) -> None:
        """The creating call certainly created nothing."""
        self._write(Refused(n=n, kind=kind, why=why[:200]))

    def brought(self, instance: str, eni: str) -> None:
        """An instance of ours was made with this primary interface, which is to go with it."""
        self._write(Brought(id=instance, eni=eni))

    def gone(self, identifier: str) -> None:
        """The resource was seen to be gone."""
        with self._mutex:
            known = identifier in self._state.owned and identifier not in self._state.gone
        if known:
            self._write(Gone(id=identifier, at=round(self._clock(), 3)))

    def place(self, where: str) -> None:
        """Note the endpoint and region that the resources are in, unless that is known."""
        with self._mutex:
            known = self._state.where
        if not known:
            self._write(Opened(run=self.run_id, where=where, at=round(self._clock(), 3)))

    def close_down(self) -> None:
        """From now on no worker of the run may create anything; a creating call under way may still end."""
        with self._mutex:
            self._catch_up()
            known = self._state.closing
            self._closing = True
        if not known:
            self._write(Closing())

    def settled(self) -> None:
        """All intents so far are closed: whatever became of them, nothing of it is left."""
        self._write(Settled(at=round(self._clock(), 3)))

    def adopt(self, kind: str, identifier: str) -> None:
        """Own a resource that the ledger had lost, found by all the marks of this run."""
        with self._locked():
            n = self._announce(kind, "adopt", "", 0.0)
        self.made(n, kind, identifier)

    def check(self, identifier: str) -> None:
        """Raises NotOurs unless this run created `identifier`."""
        with self._mutex:
            if identifier in self._state.owned:
                return
            self._catch_up()
            if identifier not in self._state.owned:
                raise NotOurs(f"{identifier!r} was not created by run {self.run_id}: left alone")

    def owns(self, identifier: str) -> bool:
        """Whether this run created `identifier`."""
        try:
            self.check(identifier)
        except NotOurs:
            return False
        return True

    def still_there(self, identifier: str) -> bool:
        """Whether this process created `identifier`, and it was not seen to be gone."""
        with self._mutex:
            return identifier in self._state.owned and identifier not in self._state.gone

    def book(self) -> Book:
        """What all workers own."""
        with self._mutex:
            self._catch_up()
            return self._state.book()

    def close(self) -> None:
        """Close the files. May be called twice."""
        self._file.close()
        self._lock_file.close()
        self._alive.close()

    def _write(self, event: Event) -> None:
        with self._locked():
            self._append(event)

    def _append(self, event: Event) -> None:
        line = line_of(event)
        before = os.fstat(self._file.fileno()).st_size
        try:
            if self._file.write(line) != len(line):
                os.ftruncate(self._file.fileno(), before)  # half a line would spoil the next one
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            if not self._closing:
                raise
            self._state.take(self.worker, line)  # what is removed is removed, with or without room to say so
            return
        if self._durable:
            os.fsync(self._file.fileno())
        if self._offsets.get(self._path.name, 0) + len(line) == self._path.stat().st_size:
            self._state.take(self.worker, line)
            self._offsets[self._path.name] = self._path.stat().st_size
        else:
            self._catch_up()

    def _catch_up(self) -> None:
        """Read what was appended to any ledger of the directory since the last time."""
        for path in sorted(self.directory.glob("ledger-*.jsonl")):
            done = self._offsets.get(path.name, 0)
            if path.stat().st_size <= done:
                continue
            with path.open("rb") as file:
                file.seek(done)
                read = self._state.take(path.stem.removeprefix("ledger-"), file.read())
            self._offsets[path.name] = done + read

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among the threads and processes of this run."""
        with self._mutex:
            if fcntl is None:
                yield
                return
            fcntl.flock(self._lock_file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._lock_file, fcntl.LOCK_UN)
