"""`run --watch COMMAND`: judge again whenever the endpoint's process was started again, the last violations first.

COMMAND starts the endpoint and is started again when it ends. A server that restarts itself (a reloader) is noticed by
the process that listens at the endpoint's port, where the system tells that (Linux).
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from eni_conformance.conformance.commands import ENDED_EARLY, PROG, USAGE
from eni_conformance.harness.clock import REAL
from eni_conformance.harness.target import TargetError, load_target

STEP = 0.2
"""Seconds between two looks at the process of the endpoint."""
PAUSE = 1.0
"""Seconds until a command that has ended is started again."""
SHOWN = 800
"""So many of the last characters that the command printed are shown where it has ended."""
LISTENS = "0A"
"""The state of a listening socket in /proc/net/tcp."""


def main(args: Any, command: list[str]) -> int:
    """Watch until Ctrl-C. command: the program and arguments of one run. Returns the status of the last run."""
    if not args.target:
        _say("--watch is about an endpoint of your own; name its target file with --target")
        return USAGE
    try:
        serve = shlex.split(args.watch)
    except ValueError as error:
        _say(f"--watch {args.watch}: {error}")
        return USAGE
    if not serve:
        _say("--watch: name the command that starts the endpoint")
        return USAGE
    status, judged, last = ENDED_EARLY, "", _latest(Path(args.out))
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        try:
            process = _start(serve, log)
        except OSError as error:
            _say(f"--watch {args.watch}: cannot be started ({error.strerror})")
            return USAGE
        try:
            while True:
                if process.poll() is not None:
                    _say(f"the command has ended with {process.returncode} and is started again{_end_of(log)}")
                    REAL.sleep(PAUSE)
                    with contextlib.suppress(OSError):  # it is being built again
                        process = _start(serve, log)
                who = who_listens(args, process)
                if who in ("", judged):
                    REAL.sleep(STEP)
                    continue
                judged = who
                first = ["--last", str(last)] if last else []
                status = _run_while(command + first, args, process, who)
                if status != ENDED_EARLY:
                    last = _latest(Path(args.out))
                _say(f"{args.target} is judged again when its process was restarted; Ctrl-C ends")
        except KeyboardInterrupt:
            return status
        except TargetError as error:
            _say(str(error))
            return USAGE
        finally:
            _stop(process)


def _say(text: str) -> None:
    print(f"{PROG}: {text}", file=sys.stderr)


def _start(command: list[str], log: TextIO) -> subprocess.Popen[str]:
    """Start the endpoint, apart from the terminal: Ctrl-C must let a run remove there what it created."""
    log.seek(0)
    log.truncate()
    return subprocess.Popen(  # noqa: S603 - the user's own command
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, text=True, start_new_session=True
    )


def _stop(process: subprocess.Popen[str]) -> None:
    """End the command with all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
            return


def _end_of(log: TextIO) -> str:
    log.flush()
    log.seek(0)
    text = log.read().strip()[-SHOWN:]
    return f":\n{text}" if text else ""


def _latest(out: Path) -> Path | None:
    """Where the latest run is, with what it was violated by."""
    latest = out / "latest"
    return latest.resolve() if latest.exists() else None


def _run_while(command: list[str], args: Any, process: subprocess.Popen[str], who: str) -> int:
    """One run, ended where the endpoint's process is another meanwhile. Returns its status."""
    run = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - this program
    try:
        while run.poll() is None:
            if who_listens(args, process) not in ("", who):
                _say("the endpoint was restarted; this run ends")
                run.terminate()
                break
            REAL.sleep(STEP)
        return run.wait()
    except KeyboardInterrupt:
        run.terminate()
        try:
            run.wait()
        finally:
            run.kill()
        raise


# --- which process is the endpoint -------------------------------------------------------------------


def who_listens(args: Any, process: subprocess.Popen[str]) -> str:
    """What tells the endpoint's process from the one before, "" while nothing listens there. Raises TargetError."""
    if not Path(args.target).exists():
        return ""  # the command writes it
    parts = urlsplit(load_target(args.target, allow_plain_http=args.allow_plain_http).endpoint)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((str(parts.hostname), port), timeout=1).close()
    except OSError:  # nobody listens, or the name does not resolve yet
        return ""
    return listeners(port) or str(process.pid)


def listeners(port: int) -> str:
    """The processes that listen at a port of this machine with the time when each was started, "" if that is not to be
    known here."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    found = []
    for folder in Path("/proc").glob("[0-9]*") if sockets else ():
        with contextlib.suppress(OSError):
            if any(os.readlink(one) in sockets for one in (folder / "fd").iterdir()):
                started = (folder / "stat").read_text().rpartition(")")[2].split()[19]
                found.append(f"{folder.name}@{started}")
    return " ".join(sorted(found))


def _inodes(port: int) -> set[str]:
    """The sockets that listen at a port, by their inode."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(fields[9])
    return found
