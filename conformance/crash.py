"""What is told when the suite itself fails: one line, and the details in a file, without secrets."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import traceback
from pathlib import Path

from eni_conformance.conformance.commands import PROG


def tell(args: argparse.Namespace, error: BaseException) -> None:
    """Tell it on stderr."""
    where = written(args, error)
    kept = f"; the details are in {where}" if where else ""
    print(f"{PROG}: internal error: {type(error).__name__}{kept}", file=sys.stderr)


def written(args: argparse.Namespace, error: BaseException) -> str:
    """Write the redacted traceback to a file; returns its path, "" if that fails, too."""
    from eni_conformance.harness.redact import Redactor
    from eni_conformance.harness.target import TargetError, load_target

    redactor = Redactor()
    target = getattr(args, "target", None)
    if target:
        with contextlib.suppress(TargetError):
            redactor = Redactor(load_target(target, allow_plain_http=True))
    text = redactor.text("".join(traceback.format_exception(error)))
    directory = Path(str(getattr(args, "out", None) or "out"))
    try:
        directory = directory if directory.suffix == "" else directory.parent
        directory.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="crash-", suffix=".txt", dir=directory)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return ""
    return name
