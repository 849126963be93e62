"""What is told when a command cannot go on: whose fault it is, in one line. What the suite itself has done wrong stands
in a file besides, without secrets.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import sys
import tempfile
import traceback
from pathlib import Path

from eni_conformance.conformance.commands import ENDED_EARLY, PROG, UNUSABLE, USAGE

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What it means that a disk takes nothing more."""
NO_ROOM = FULL | {errno.EROFS}
"""What it means that nothing can be written any more."""
NO_FOLDER = "No usable temporary directory"
"""How Python tells that every disk is full."""
NOT_LET = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP})
"""What is wrong with a directory that the user named, where a file in it shows it."""


def status_of(args: argparse.Namespace, error: BaseException) -> int:
    """Tell on stderr what has ended a command. Returns its exit status: wrong usage where it is a file that the user
    named."""
    if isinstance(error, OSError) and (error.errno in FULL or NO_FOLDER in str(error)):
        where = f"{error.filename}: " if isinstance(error.filename, str) else ""
        print(f"{PROG}: {where}could not be written ({error.strerror})", file=sys.stderr)
        return ENDED_EARLY
    if isinstance(error, OSError) and isinstance(error.filename, str) and named(args, error):
        print(f"{PROG}: {error.filename2 or error.filename}: {error.strerror}", file=sys.stderr)
        return USAGE
    tell(args, error)
    return UNUSABLE


def named(args: argparse.Namespace, error: OSError) -> bool:
    """Whether the user has named the file of an error: it, or a directory that should hold it. Below the directory for
    output only what that directory itself does not let happen counts."""
    files = [Path(name).absolute() for name in (error.filename, error.filename2) if isinstance(name, str)]
    out = Path(str(getattr(args, "out", None) or "out")).absolute()
    values = (text.partition("=")[2] if text.startswith("--") else text for text in getattr(args, "given", ()))
    given = {Path(text).absolute() for text in values if text}
    if given.intersection(files) or any(file in one.parents for one in (*given, out) for file in files):
        return True
    if any(out in (file, *file.parents) for file in files):
        return error.errno in NOT_LET
    return any(file.parent in given - {Path.cwd()} for file in files)


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
