"""A run, kept so that other endpoints can be compared with it later: `run --record FILE.json|DIR`.

A recording is a results.json (so whatever reads one reads the other) without what is of no use elsewhere, and in
which nothing names the account: identifiers of resources and requests are renamed, texts that quote calls are left
out. What remains is what the target did: verdicts, the answers to each kind of call, what it chose where the page
leaves a choice, which error wins, and how long things take.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from eni_conformance.contract import codec
from eni_conformance.oracle.results import Results
from eni_conformance.reports import files

VERSION = 1
"""Version of the recording, beside the schema of results.json that it is a part of."""

_RESOURCE = re.compile(
    r"(?<![0-9a-z])(eni|i|vpc|vsw|sg|m|d|s|rg|acl|vtb|eip|ngw|rule|sgr)-(?=[0-9a-z]*[0-9])[0-9a-z]{9,40}(?![0-9a-z])",
    re.IGNORECASE,
)
_REQUEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)


class Renaming:
    """Gives each identifier a new name, the same one each time: eni-bp1... -> eni-1."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def value(self, value: Any) -> Any:
        """A copy of a JSON value with every identifier renamed, in keys, too."""
        if isinstance(value, str):
            return _REQUEST.sub(lambda m: self._name("request", m[0]), _RESOURCE.sub(self._resource, value))
        if isinstance(value, Mapping):
            return {self.value(key): self.value(entry) for key, entry in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(entry) for entry in value]
        return value

    def _resource(self, match: re.Match[str]) -> str:
        return self._name(match[1].lower(), match[0])

    def _name(self, kind: str, identifier: str) -> str:
        known = self._names.get(identifier.lower())
        if known is None:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            known = self._names[identifier.lower()] = f"{kind}-{self._counts[kind]}"
        return known


def recording(results: Results) -> Results:
    """The recording of a run."""
    run, target = results.run, results.target
    kept = Results(
        replace(run, command="", note="", workers=1, strict=False, extra={}),
        suite=results.suite,
        target=target,
        requirements=tuple(
            replace(r, reason=None, evidence=(), by_common=(), deviation=None, extra={}) for r in results.requirements
        ),
        observations=tuple(replace(o, examples=()) for o in results.observations),
        calls=results.calls,
        coverage=results.coverage,
        latency=results.latency,
        settle=results.settle,
        atlas=results.atlas,
        answers=results.answers,
        shallow=results.shallow,
        judged_calls=results.judged_calls,
        successes=results.successes,
        recording=VERSION,
    )
    return codec.build(Results, Renaming().value(codec.plain(kept)), "recording")


def place(where: Path) -> Path:
    """The directory that a recording goes into: what does not end in .json is one itself."""
    return where.parent if where.suffix == ".json" else where


def cannot_be_written(where: Path) -> str:
    """Why a recording could not be written there now, "" if it can."""
    return files.cannot_be_written(where if place(where) != where else where / ".try")


def write(results: Results, where: Path) -> Path:
    """Write the recording to a file, or into a directory under the target's name and the run's id. Raises OSError."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{results.target.name}-{results.run.id}") + ".json"
    path = place(where) / name if place(where) == where else where
    return files.write_text(path, files.text(recording(results)))
