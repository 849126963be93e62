"""The program `eni-conformance`: the command line, from its first moment on.

Importing takes a while, and an interrupt meanwhile must end with the status of an interrupt. Whoever reads what the
program prints may stop reading: what it does goes on, and its status stays what it is.
"""

import os
import signal
import sys
from types import FrameType

ENDED_EARLY = 4
ENDS = (signal.SIGINT, signal.SIGTERM)


def _at_once(_number: int, _frame: FrameType | None) -> None:
    os.write(2, b"eni-conformance: interrupted\n")
    os._exit(ENDED_EARLY)


def main() -> int:
    """Run the command line; returns its exit status. A signal that comes later does not change that."""
    for number in ENDS:
        signal.signal(number, _at_once)
    from eni_conformance.conformance.unread import lost, unread

    for stream, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is not None:
            setattr(sys, name, unread(stream))
    from eni_conformance.conformance import cli

    status = cli.main()
    for number in ENDS:
        signal.signal(number, signal.SIG_IGN)
    if why := lost(sys.stdout):
        print(f"eni-conformance: what it prints could not be written ({why})", file=sys.stderr)
        return status or ENDED_EARLY
    return status
