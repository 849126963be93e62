"""Every exchange of a worker, written as it happens: gzipped lines of JSON, redacted.

Each line is pushed to the file before `write` returns, so that a process killed at any moment leaves a
file that can be read up to its last exchange. Workers write files of their own.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from eni_conformance.contract.codec import build, plain
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.values import Exchange

_GZIP = 31


class Journal:
    """Appends exchanges to a file. May be used from several threads at once."""

    def __init__(self, path: Path, redactor: Redactor) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.redactor = redactor
        self.must, self.failed = True, False
        self._lock = threading.Lock()
        self._file = path.open("ab", buffering=0)
        self._press = zlib.compressobj(1, zlib.DEFLATED, _GZIP)

    def write(self, exchange: Exchange) -> None:
        """Append one exchange. Does nothing once closed, or once it has failed. Raises OSError the first time that it
        fails, unless what is sent must be sent with or without being written down (`must` is False)."""
        line = self.redactor.sent(json.dumps(plain(self.redactor.received(exchange)), separators=(",", ":"))) + "\n"
        with self._lock:
            if not self._file.closed and not self.failed:
                self._put(self._press.compress(line.encode("ascii")) + self._press.flush(zlib.Z_SYNC_FLUSH))

    def _put(self, data: bytes) -> None:
        try:
            if self._file.write(data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self.failed = True
            if self.must:
                raise

    def close(self) -> None:
        """Finish the file. May be called twice."""
        with self._lock:
            if not self._file.closed:
                if not self.failed:
                    with contextlib.suppress(OSError):
                        self._put(self._press.flush(zlib.Z_FINISH))
                self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def worker_path(directory: Path, worker: str) -> Path:
    """Where a worker's journal lies."""
    return directory / f"wire-{worker}.jsonl.gz"


def read_lines(path: Path) -> Iterator[str]:
    """The complete lines of a journal, also of one that was cut off or has several members."""
    rest = b""
    data = path.read_bytes()
    while data:
        press = zlib.decompressobj(_GZIP)
        try:
            rest += press.decompress(data)
        except zlib.error:
            break
        data = press.unused_data
    for line in rest.split(b"\n")[:-1]:
        yield line.decode("ascii", "replace")


def read(path: Path) -> Iterator[Exchange]:
    """The exchanges of a journal; lines that cannot be read are passed over."""
    for line in read_lines(path):
        try:
            yield build(Exchange, json.loads(line), "exchange")
        except ValueError:
            continue


def merge(
    directory: Path, into: Path, wanted: Callable[[Mapping[str, Any]], bool] = lambda _: True
) -> Counter[str]:  # fmt: skip
    """Write the journals of all workers in `directory` into one file: worker by worker, each in order of time, as what
    one worker sees repeats itself and packs well. wanted: whether an exchange is kept. Returns how often each operation
    was sent, kept or not."""
    lines: list[tuple[str, float, str]] = []
    sent: Counter[str] = Counter()
    for path in sorted(directory.glob("wire-*.jsonl.gz")):
        for line in read_lines(path):
            try:
                entry = json.loads(line)
                at = float(entry["at"])
                sent[entry["sent"]["action"]] += 1
                if wanted(entry):
                    lines.append((str(entry["id"]).partition("-")[0], at, line))
            except (ValueError, KeyError, TypeError):
                continue
    lines.sort(key=lambda entry: entry[:2])
    press = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    part = into.with_name(into.name + ".part")
    try:
        with part.open("wb") as file:
            for *_, line in lines:
                file.write(press.compress(line.encode("ascii", "replace") + b"\n"))
            file.write(press.flush())
        part.replace(into)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    return sent
