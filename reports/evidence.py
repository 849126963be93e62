"""One evidence file: a counterexample with everything a stranger needs to understand and repeat it.

The file was written when the failure was judged and made minimal. Here it is read, checked, put into
words, and turned into commands (`reports.reproduce`). Nothing here decides whether it is a violation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eni_conformance.contract.codec import build, plain
from eni_conformance.reports.reproduce import aliyun, curl, python, shell_quote

SCHEMA_FILE = Path(__file__).with_name("evidence.schema.json")

Pair = tuple[str, str]


@dataclass(frozen=True)
class Target:
    """The endpoint that gave the answer."""

    name: str = ""
    endpoint: str = ""
    region: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Admissible:
    """One answer that would have been right, and because of what."""

    status: int | str | None = None
    code: str | None = None
    because: str | None = None
    requirement: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Observed:
    """What happened instead. `outcome`: answered, timeout, reset, refused, tls or unreadable."""

    outcome: str = ""
    status: int | None = None
    code: str | None = None
    message: str | None = None
    detail: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sent:
    """The request. `pairs` are the operation's own parameters in wire order, unencoded."""

    action: str = ""
    version: str = ""
    method: str = "GET"
    url: str = ""
    pairs: tuple[Pair, ...] = ()
    headers: tuple[Pair, ...] = ()
    body: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Exchange:
    """One request and what came back, also when nothing came back."""

    sent: Sent = field(default_factory=Sent)
    status: int | None = None
    headers: tuple[Pair, ...] = ()
    body: str | None = None
    seconds: float | None = None
    outcome: str = ""
    detail: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """What could be seen of the world at one moment: each resource an object with at least an `id`."""

    instances: tuple[dict[str, Any], ...] = ()
    enis: tuple[dict[str, Any], ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """One field of one resource that differs between the two pictures."""

    resource: str = ""
    path: str = ""
    before: Any = None
    after: Any = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Moment:
    """One step of the history. `at`: seconds since the first one. `seconds`: how long it took."""

    n: int | str = ""
    step: Any = ""
    at: float | None = None
    seconds: float | None = None
    status: int | str | None = None
    code: str | None = None
    note: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Confirmations:
    """How often the counterexample was run again in a world built anew, and how often it failed again."""

    tried: int = 0
    failed_again: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """A whole evidence file.

    requirement, also: the requirement it violates, and others that it violates too.
    cause: fingerprint; failures with the same one are one finding. certainty: 0 to 1.
    scenario: the declarative world and steps that bring it about. shrunk: made minimal.
    """

    id: str
    requirement: str
    schema: int = 1
    also: tuple[str, ...] = ()
    run: str = ""
    target: Target = field(default_factory=Target)
    revision: str | int | None = None
    seed: int | str | None = None
    effort: str | None = None
    cause: str | None = None
    summary: str = ""
    certainty: float | None = None
    expected: tuple[Admissible, ...] = ()
    observed: Observed = field(default_factory=Observed)
    scenario: dict[str, Any] | None = None
    shrunk: bool = False
    exchange: Exchange | None = None
    world_before: Picture | None = None
    world_after: Picture | None = None
    changes: tuple[Change, ...] = ()
    history: tuple[Moment, ...] = ()
    confirmations: Confirmations | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def parse(data: Any) -> Evidence:
    """Evidence out of the decoded JSON. Raises ValueError that names the bad place."""
    evidence = build(Evidence, data, "evidence")
    if evidence.schema != 1:
        raise ValueError(f"evidence.schema: 1 is understood, not {evidence.schema}")
    return evidence


def load(path: str | Path) -> Evidence:
    """Evidence out of one file. Raises OSError, ValueError."""
    return parse(json.loads(Path(path).read_text(encoding="utf-8")))


def dump(evidence: Evidence, path: str | Path) -> Path:
    """Writes one evidence file and returns its path."""
    path = Path(path)
    path.write_text(json.dumps(plain(evidence), indent=1) + "\n", encoding="utf-8")
    return path


def load_all(out_dir: str | Path) -> tuple[list[tuple[str, Evidence]], list[tuple[str, str]]]:
    """All evidence of a run as (file name, value), by name; and the files that cannot be read, with why."""
    found: list[tuple[str, Evidence]] = []
    bad: list[tuple[str, str]] = []
    for path in sorted((Path(out_dir) / "evidence").glob("*.json")):
        try:
            found.append((path.name, load(path)))
        except (OSError, ValueError, RecursionError) as problem:
            bad.append((path.name, str(problem) or type(problem).__name__))
    return found, bad


def answer(evidence: Evidence) -> str:
    """What was observed, in a few words."""
    seen = evidence.observed
    if seen.outcome not in ("", "answered"):
        words = {
            "timeout": "no answer before the deadline",
            "reset": "the connection ended before an answer",
            "refused": "no connection",
            "tls": "the TLS handshake failed",
            "unreadable": "an answer that cannot be read",
        }
        return words.get(seen.outcome, seen.outcome) + (f" ({seen.detail})" if seen.detail else "")
    if seen.status is None and not seen.code:
        return seen.detail or "nothing recorded"
    return " ".join(str(part) for part in (seen.status, seen.code) if part) or "nothing recorded"


def admissible(expected: Iterable[Admissible]) -> str:
    """The admissible answers, in a few words."""
    texts = list(dict.fromkeys(" ".join(str(p) for p in (e.status, e.code) if p) for e in expected))
    return " or ".join(text for text in texts if text) or "not recorded"


def answer_was_admissible(evidence: Evidence) -> bool:
    """True when the answer itself is one of the admissible ones, so that the fault lies in what it did."""
    seen = evidence.observed
    return seen.outcome in ("", "answered") and any(
        entry.status is not None
        and str(entry.status) == str(seen.status)
        and (entry.code or "") in ("", seen.code or "")
        for entry in evidence.expected
    )


def text(evidence: Evidence) -> str:
    """The evidence in plain words, for a terminal or a failure message."""
    lines = [
        f"{evidence.requirement}: {evidence.summary}",
        "",
        f"  target      {evidence.target.name} {evidence.target.endpoint} {evidence.target.region}".rstrip(),
    ]
    if evidence.exchange:
        sent = evidence.exchange.sent
        lines.append(f"  sent        {sent.method} {sent.action} {sent.version}".rstrip())
        lines += [f"              {name} = {value!r}" for name, value in sent.pairs]
    lines.append(f"  answered    {answer(evidence)}")
    if evidence.observed.message:
        lines.append(f"              {evidence.observed.message!r}")
    lines.append("  admissible")
    for entry in evidence.expected:
        words = " ".join(str(p) for p in (entry.status, entry.code) if p)
        because = f"  because {entry.because}" if entry.because else ""
        lines.append(f"              {words}{because}" + (f" [{entry.requirement}]" if entry.requirement else ""))
    if not evidence.expected:
        lines.append("              not recorded")
    if evidence.changes:
        lines.append("  changed")
        lines += [f"              {c.resource} {c.path}: {c.before!r} -> {c.after!r}" for c in evidence.changes]
    if evidence.history:
        lines.append("  history")
        lines += ["              " + moment_text(m) for m in evidence.history]
    if evidence.confirmations:
        c = evidence.confirmations
        lines.append(f"  seen again  {c.failed_again} of {c.tried} times, each in a world built anew")
    lines.append(f"  repeat      {replay_command(evidence)}")
    return "\n".join(lines) + "\n"


def moment_text(moment: Moment) -> str:
    """One line of a history."""
    step = moment.step if isinstance(moment.step, str) else json.dumps(moment.step, ensure_ascii=False)
    got = " ".join(str(p) for p in (moment.status, moment.code) if p)
    return f"{moment.n}. {step}" + (f" -> {got}" if got else "") + (f" ({moment.note})" if moment.note else "")


def file_name(evidence: Evidence) -> str:
    """The name of the file that holds this evidence."""
    return f"{evidence.id}.json"


def replay_command(evidence: Evidence, name: str | None = None) -> str:
    """The command that carries the counterexample out again, to be run in the output directory."""
    return f"eni-conformance replay {shell_quote('evidence/' + (name or file_name(evidence)))} --target FILE"


def reproductions(evidence: Evidence, name: str | None = None) -> dict[str, str]:
    """The call as `curl`, `aliyun`, `python` and `replay`, each ready to be pasted.

    `name` is the evidence file's name where it is not made of the id. Without a recorded call only
    `replay` is given.
    """
    out: dict[str, str] = {}
    if evidence.exchange is not None:
        sent, endpoint, region = evidence.exchange.sent, evidence.target.endpoint, evidence.target.region
        out = {
            "curl": curl(sent, endpoint),
            "aliyun": aliyun(sent, endpoint, region),
            "python": python(sent, endpoint),
        }
    out["replay"] = replay_command(evidence, name) + "\n"
    return out
