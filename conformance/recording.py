"""A run, kept so that other endpoints can be compared with it later: `run --record FILE.json|DIR`.

A recording is a results.json (so whatever reads one reads the other) without what is of no use elsewhere, and in
which nothing names the account: identifiers of resources and requests are renamed, texts that quote calls are left
out. What remains is what the target did: verdicts, the answers to each kind of call, what it chose where the page
leaves a choice, which error wins, and how long things take.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

VERSION = 1
"""Version of the recording, beside the schema of results.json that it is a part of."""

KEPT = ("schema", "suite", "run", "target", "requirements", "observations", "answers", "atlas", "calls", "coverage",
        "latency", "settle", "shallow", "judged_calls", "successes")  # fmt: skip
RUN = ("id", "started", "seconds", "seed", "effort", "revision", "exit", "incomplete", "part", "shard", "only")
REQUIREMENT = ("id", "title", "kind", "http", "code", "verdict", "judged", "provoked", "section", "source", "severity",
               "how", "missing", "strength", "violations")  # fmt: skip

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


def recording(results: Mapping[str, Any]) -> dict[str, Any]:
    """The recording of a run out of its results.json."""
    kept = {name: results[name] for name in KEPT if name in results}
    kept["run"] = {name: results["run"][name] for name in RUN if name in results["run"]}
    kept["requirements"] = [{n: r[n] for n in REQUIREMENT if n in r} for r in results["requirements"]]
    kept["observations"] = [{**o, "examples": []} for o in results["observations"]]
    renamed: dict[str, Any] = Renaming().value(kept)
    return {"recording": VERSION, **renamed}


def place(where: Path) -> Path:
    """The directory that a recording goes into: what does not end in .json is one itself."""
    return where.parent if where.suffix == ".json" else where


def write(results: Mapping[str, Any], where: Path) -> Path:
    """Write the recording to a file, or into a directory under the target's name and the run's id. Raises OSError."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{results['target']['name']}-{results['run']['id']}") + ".json"
    path = place(where) / name if place(where) == where else where
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(recording(results), ensure_ascii=True, indent=1) + "\n")
    os.replace(part, path)
    return path
