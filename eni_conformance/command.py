"""The program `eni-conformance`: the command line, from its first moment on.

Importing takes a while, and an interrupt meanwhile must end with the status of an interrupt. Whoever reads what the
program prints may stop reading: what it does goes on, and its status stays what it is.
"""

import os
import signal
import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from types import FrameType

ENDED_EARLY = 4


def _at_once(_number: int, _frame: FrameType | None) -> None:
    os.write(2, b"eni-conformance: interrupted\n")
    os._exit(ENDED_EARLY)


class Unread(FileIO):
    """A file that swallows what is written to it when nobody reads it any more."""

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except BrokenPipeError:
            return len(data)  # type: ignore[arg-type]


def unread(number: int) -> TextIOWrapper:
    """The stream of a file descriptor, for text."""
    file = Unread(number, "w", closefd=False)
    line_by_line = file.isatty() or number == 2
    return TextIOWrapper(BufferedWriter(file), "utf-8", "backslashreplace", line_buffering=line_by_line)


def main() -> int:
    """Run the command line; returns its exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _at_once)
    for stream, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is not None:
            setattr(sys, name, unread(stream))
    from eni_conformance.conformance import cli

    return cli.main()
