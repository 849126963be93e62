"""The command line: runs what was asked for. What can be asked for stands in `commands`.

Each subcommand imports its module when it is chosen and calls `main(args) -> int`, so that `--help` is fast
and a part that is missing harms no other. No traceback reaches a user: what is not foreseen ends as one
line, with the details in a file, redacted.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from types import FrameType
from typing import NoReturn

from eni_conformance.conformance import crash
from eni_conformance.conformance.commands import ENDED_EARLY, PROG, USAGE, parser


def _version() -> str:
    try:
        return version("eni-conformance")
    except PackageNotFoundError:
        return "(not installed)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns its exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    if not given:
        parser(_version()).print_help(sys.stderr)
        return USAGE
    if given[:1] == ["emulator"]:
        _emulator(given[1:])
    try:
        args = parser(_version()).parse_args(given)
        args.given = given
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else USAGE
    return _guarded(args, lambda: _command(args))


def _command(args: argparse.Namespace) -> int:
    try:
        module = importlib.import_module(args.module)
    except ModuleNotFoundError as error:
        if error.name != args.module:
            raise
        print(f"{PROG}: {args.command} is not part of this installation", file=sys.stderr)
        return USAGE
    if args.module == "eni_conformance.reports.compare":
        return int(module.main([args.run_a, args.run_b, *args.more, *(["--out", args.out] if args.out else [])]))
    return int(module.main(args))


def _guarded(args: argparse.Namespace, work: Callable[[], int]) -> int:
    """Run `work` with SIGTERM treated as Ctrl-C; nothing that it raises becomes a traceback.

    The first interrupt ends the run, which then removes what it created; only a third one stops that.
    """
    from eni_conformance.harness.target import TargetError

    count = 0

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count == 2:
            os.write(2, b"still removing what the run created; a third interrupt leaves it to the janitor\n")
            return
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        return work()
    except TargetError as error:
        print(f"{PROG}: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print(f"{PROG}: interrupted", file=sys.stderr)
        return ENDED_EARLY
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ENDED_EARLY
    except Exception as error:
        return crash.status_of(args, error)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _emulator(rest: Sequence[str]) -> NoReturn:
    """Become the emulator. It is never imported here: suite and emulator share nothing."""
    if importlib.util.find_spec("eni_conformance.emulator") is None:
        print(f"{PROG}: the emulator is not part of this installation", file=sys.stderr)
        sys.exit(USAGE)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-P", "-m", "eni_conformance.emulator", *rest])  # noqa: S606 - this interpreter


if __name__ == "__main__":
    sys.exit(main())
