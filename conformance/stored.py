"""The History of a finding inside its evidence file: packed, redacted, and judged again without a target.

A look shows every resource of a worker, so a History is long and repeats itself; packed it takes some thousand octets.
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from eni_conformance.conformance.commands import OK, USAGE, VIOLATED
from eni_conformance.contract import codec
from eni_conformance.contract.detach import CONTRACTS, full_id, short_id
from eni_conformance.contract.rules import Operation, Revision
from eni_conformance.harness.history import Event, History, Part
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.values import Exchange
from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.follow import Found
from eni_conformance.oracle.judge import judge


def packed(history: History, redactor: Redactor) -> str:
    """The History as redacted JSON, compressed, in base64. Of earlier RequestIds it keeps those that came again."""
    history = replace(history, events=_searchable(history.events, redactor))
    text = json.dumps(codec.plain(replace(history, earlier={})))
    earlier = {key: value for key, value in history.earlier.items() if key in text}
    if earlier:
        text = json.dumps(codec.plain(replace(history, earlier=earlier)))
    return base64.b64encode(gzip.compress(redactor.text(text).encode(), mtime=0)).decode()


def _searchable(value: Any, redactor: Redactor) -> Any:
    """The events, with every exchange in them made so that redacting sees all of it."""
    if isinstance(value, Exchange):
        return redactor.received(value)
    if isinstance(value, tuple):
        return tuple(_searchable(item, redactor) for item in value)
    if isinstance(value, Event | Part):
        parts = {name: _searchable(item, redactor) for name, item in vars(value).items()}
        return replace(value, **parts)
    return value


def unpacked(text: str) -> History:
    """Raises ValueError if it is none."""
    try:
        data = json.loads(gzip.decompress(base64.b64decode(text, validate=True)))
    except (OSError, EOFError, RecursionError) as error:
        raise ValueError(f"play: cannot be unpacked: {error}") from None
    return codec.build(History, _with_looks(data), "play")


def _fields(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The described fields of some resources, their lists as the tuples that a look makes of them."""
    return {
        name: {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()} for name, fields in shown.items()
    }


def _with_looks(data: Any) -> Any:
    """The JSON of a History with every look in it as it was made."""
    if isinstance(data, list):
        return [_with_looks(item) for item in data]
    if not isinstance(data, dict):
        return data
    made = {key: _with_looks(value) for key, value in data.items()}
    if "at" in data:
        made |= {key: _fields(data[key]) for key in ("enis", "instances") if isinstance(data.get(key), dict)}
    if data.get("kind") == "described":
        made["shown"] = [None if one is None else _fields(one) for one in data["shown"]]
    return made


def same(operation: Operation, history: History, evidence: Evidence) -> tuple[Found, ...]:
    """What is found in the History and is the finding of the evidence: its requirement, and its cause."""
    wanted = short_id(evidence.requirement), evidence.cause
    found = judge(operation, history).found
    return tuple(one for one in found if (one.finding.requirement, one.finding.cause) == wanted)


def revision_of(evidence: Evidence) -> Revision:
    """The revision of the page that it was judged by. Raises ValueError if that is unknown."""
    told = str(evidence.revision or "2019")
    for known in CONTRACTS:
        if known == told:
            return known
    raise ValueError(f"unknown revision {told!r}")


def judge_again(evidence: Evidence, path: Path) -> int:
    """Judge the History of an evidence file as the checks are now. Returns the exit status: 1 while it still shows the
    finding, 0 when it does not, 2 if the file holds no History."""
    if not evidence.play:
        return _unusable(path, "holds no history that could be judged; an older version wrote it")
    try:
        operation = CONTRACTS[revision_of(evidence)]
        operation = operation.by_the_page() if evidence.strict else operation
        found = same(operation, unpacked(evidence.play), evidence)
    except ValueError as error:
        return _unusable(path, str(error))
    print(f"{full_id(short_id(evidence.requirement))}: {evidence.did or evidence.summary}")
    print("the stored history still shows it" if found else "the stored history no longer shows it")
    return VIOLATED if found else OK


def _unusable(path: Path, why: str) -> int:
    print(f"eni-conformance replay: {path}: {why}", file=sys.stderr)
    return USAGE
