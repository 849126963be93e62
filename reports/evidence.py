"""One evidence file in words, and as commands that repeat it (`reports.reproduce`)."""

from __future__ import annotations

import json
from collections.abc import Iterable

from eni_conformance.oracle.evidence import AdmissibleAnswer, Evidence, Moment
from eni_conformance.reports.reproduce import aliyun, curl, python, shell_quote


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


def admissible(expected: Iterable[AdmissibleAnswer]) -> str:
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
