"""The embedded emulator as a process of its own. It is never imported here: suite and emulator share nothing."""

from __future__ import annotations

import atexit
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

EMBEDDED = "embedded"
"""The target that is meant where none is named."""

SETTLE_MS = "20"
"""How long its transitions take: a dozen looks, so that they are seen, and no longer than that, as a run waits for most
of them."""

NEEDS = ("starlette", "uvicorn", "httptools")
"""What the emulator is made with; an extra of the package brings it."""


class NotStarted(Exception):
    """The emulator did not come up; the text says where to look."""


def start_emulator(folder: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start the embedded emulator as its own process on a free loopback port. Returns it and its target file.

    Raises NotStarted if it does not come up, OSError if nothing can be written there.
    """
    missing = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise NotStarted(
            f"the embedded emulator cannot be started, {', '.join(missing)} missing: "
            "pip install 'eni-conformance[emulator]', or name your own endpoint with --target"
        )
    file = folder / "target.toml"
    command = [sys.executable, "-P", "-m", "eni_conformance.emulator", "--port", "0", "--write-target", str(file)]
    with (folder / "emulator.log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - this interpreter
            [*command, "--settle-ms", SETTLE_MS, "--parent-pid", str(os.getpid())],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    atexit.register(stop_emulator, process)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("LISTENING "):
        stop_emulator(process)
        _room(folder)
        raise NotStarted(f"the embedded emulator did not start; see {folder / 'emulator.log'}")
    return process, file


def _room(folder: Path) -> None:
    """Raises OSError where the disk is full: then the log says nothing."""
    probe = folder / "room"
    try:
        probe.write_bytes(bytes(4096))
    finally:
        probe.unlink(missing_ok=True)


def stop_emulator(process: subprocess.Popen[str] | None) -> None:
    """Stop the emulator, whatever state it is in."""
    if process is None:
        return
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
    if process.stdout is not None:
        process.stdout.close()
