"""The files of a run, read and written: results.json and the evidence beside it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from eni_conformance.contract.codec import plain
from eni_conformance.oracle import evidence, results
from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.results import Results


def results_file(path: str | Path) -> Path:
    """The results.json that `path`, a file or an output directory, means."""
    path = Path(path)
    return path / "results.json" if path.is_dir() else path


def load(path: str | Path) -> Results:
    """Results out of a results.json or out of the directory that holds one. Raises OSError, ValueError."""
    file = results_file(path)
    try:
        return results.parse(json.loads(file.read_text(encoding="utf-8")))
    except RecursionError:
        raise ValueError(f"{file}: is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}: is not JSON: {error}") from None
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def load_evidence(out_dir: str | Path) -> tuple[list[tuple[str, Evidence]], list[tuple[str, str]]]:
    """All evidence of a run as (file name, value), by name; and the files that cannot be read, with why."""
    found: list[tuple[str, Evidence]] = []
    bad: list[tuple[str, str]] = []
    for path in sorted((Path(out_dir) / "evidence").glob("*.json")):
        try:
            found.append((path.name, evidence.parse(json.loads(path.read_text(encoding="utf-8")))))
        except (OSError, ValueError, RecursionError) as problem:
            bad.append((path.name, str(problem) or type(problem).__name__))
    return found, bad


def text(value: Results | Evidence) -> str:
    """The content of the file of a value."""
    return json.dumps(plain(value), ensure_ascii=True, indent=1) + "\n"


def write_text(path: Path, content: str) -> Path:
    """Writes a file so that a reader never sees half of it; where that fails, what was there before stays."""
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_text(content, encoding="utf-8", errors="backslashreplace")
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    return path


def cannot_be_written(path: Path) -> str:
    """Why a file that is written at the end could not be written now, "" if it can; nothing of a try is left."""
    new = not path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
        if new:
            path.unlink()
    except OSError as error:
        return f"cannot be written ({error.strerror})"
    return ""
