"""`python -m reports DIR...`: makes the reports of finished or interrupted runs again, from what they stored."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from eni_conformance.reports import write_all


def main(args: Sequence[str] | None = None) -> int:
    """0 when every report of every directory was written, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m reports", description=__doc__)
    parser.add_argument("directories", metavar="DIR", nargs="+", help="output directory of a run")
    parser.add_argument("--history", metavar="FILE", help="add the runs to this history, and draw the trend")
    options = parser.parse_args(args)
    failed = False
    for directory in options.directories:
        written = write_all(directory, options.history)
        for path in written.paths.values():
            print(path)
        for name, problem in written.problems.items():
            failed = True
            print(f"{directory}: {name}: {problem}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
