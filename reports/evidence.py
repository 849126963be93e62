"""One evidence file in words, its steps side by side, and the commands that repeat it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Sequence

from eni_conformance.contract.gateway import PROBES
from eni_conformance.contract.scenario import AS_ASKED, Detach, Probe, Scenario
from eni_conformance.oracle.evidence import AdmissibleAnswer, Evidence, Moment
from eni_conformance.reports import card, svg, worlds
from eni_conformance.reports.reproduce import shell_quote
from eni_conformance.reports.words import joined, plain


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
    return joined(seen.status, seen.code) or "nothing recorded"


def admissible(expected: Iterable[AdmissibleAnswer]) -> str:
    """The admissible answers, in a few words."""
    texts = dict.fromkeys(joined(e.status, e.code) for e in expected)
    return " or ".join(text for text in texts if text) or "not recorded"


def admissible_answers(expected: Iterable[AdmissibleAnswer]) -> list[tuple[str, list[str], list[str]]]:
    """Each admissible answer once: its words, the reasons for it, the requirements behind it."""
    out: dict[str, tuple[list[str], list[str]]] = {}
    for entry in expected:
        words = joined(entry.status, entry.code) or "any"
        reasons, requirements = out.setdefault(words, ([], []))
        if entry.because and entry.because not in reasons:
            reasons.append(entry.because)
        if entry.requirement and entry.requirement not in requirements:
            requirements.append(entry.requirement)
    return [(words, reasons, requirements) for words, (reasons, requirements) in out.items()]


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
    lines = [f"{evidence.requirement}: {evidence.did or evidence.summary}", *filter(None, [evidence.should]), ""]
    lines.append(f"  target      {evidence.target.name} {evidence.target.endpoint} {evidence.target.region}".rstrip())
    if evidence.exchange:
        sent = evidence.exchange.sent
        lines.append(f"  sent        {sent.method} {sent.action} {sent.version}".rstrip())
        lines += [f"              {name} = {value!r}" for name, value in sent.pairs]
        lines += [f"              {name.lower()}: {words}" for name, words in card.facts(evidence)]
    lines.append(f"  answered    {answer(evidence)}")
    if evidence.observed.message:
        lines.append(f"              {evidence.observed.message!r}")
    lines.append("  admissible")
    for words, reasons, requirements in admissible_answers(evidence.expected):
        because = f": {'; '.join(reasons)}" if reasons else ""
        lines.append(f"              {words}{because}" + (f" [{', '.join(requirements)}]" if requirements else ""))
    if not evidence.expected:
        lines.append("              no single answer decides")
    if evidence.changes:
        lines.append("  changed")
        lines += [f"              {_change(c)}" for c in worlds.changes(evidence)]
    if evidence.history:
        lines.append("  history")
        lines += ["              " + moment_text(m) for m in evidence.history]
    if evidence.confirmations:
        c = evidence.confirmations
        lines.append(f"  seen again  {c.failed_again} of {c.tried} times, each in a world built anew")
    lines.append(f"  repeat      {replay_command(evidence)}")
    return "\n".join(lines) + "\n"


def _change(change: worlds.Told) -> str:
    """One change on a line."""
    what = f"{change.resource} {change.path or 'as a whole'}"
    if not change.listed:
        return f"{what}: {change.before[0]} -> {change.after[0]}"
    sides = (("removed", change.before), ("added", change.after))
    return f"{what}: " + ", ".join(f"{word} {'; '.join(items)}" for word, items in sides if items)


def moment_text(moment: Moment) -> str:
    """One line of a history."""
    step = moment.step if isinstance(moment.step, str) else json.dumps(moment.step, ensure_ascii=False)
    got = joined(moment.status, moment.code)
    return f"{moment.n}. {step}" + (f" -> {got}" if got else "") + (f" ({moment.note})" if moment.note else "")


def file_name(evidence: Evidence) -> str:
    """The name of the file that holds this evidence."""
    return f"{evidence.id}.json"


def replay_command(evidence: Evidence, name: str | None = None, where: str = "", target: str = "") -> str:
    """The command that carries the counterexample out again. where: the output directory, "" in it; target: the target
    file of the run, "" for the embedded emulator."""
    path = f"{where}/evidence/" if where else "evidence/"
    to = f" --target {shell_quote(target)}" if target else ""
    return f"eni-conformance replay {shell_quote(path + (name or file_name(evidence)))}{to}"


SHOWN_BY_ITS_ANSWER = frozenset(
    {"WronglyAccepted", "Refused", "WrongAnswer", "WrongStatus", "SignatureRefused", "Shape", "OtherFormat", "Failed"}
    | {"Gateway"}
)
"""Classes of findings that the answer to one call shows."""


def one_call(evidence: Evidence) -> bool:
    """Whether one call shows the finding: it is all that the counterexample does, and its answer is what is wrong."""
    scenario = evidence.scenario
    if not isinstance(scenario, Scenario) or len(scenario.steps) != 1 or scenario.world.region == "second":
        return False
    step = scenario.steps[0]
    if not isinstance(step, Detach | Probe) or evidence.kind not in SHOWN_BY_ITS_ANSWER or scenario.name == AS_ASKED:
        return False
    return not isinstance(step, Probe) or (step.name in PROBES and not PROBES[step.name].again)


def reproductions(evidence: Evidence, name: str | None = None, where: str = "", target: str = "") -> dict[str, str]:
    """The commands that repeat it, ready to be pasted: `replay`, and `keep` where one call shows it."""
    again = replay_command(evidence, name, where, target)
    if not one_call(evidence):
        return {"replay": again + "\n"}
    to = "" if target else " --target FILE"
    return {"replay": again + "\n", "keep": f"{again}{to} --keep\n"}


_LONG = 1.0
"""Seconds without a call that are worth a picture: what shows after them shows late."""
_CLOSE = 0.000_05
"""Seconds by which recorded times may be off, because they are rounded."""


def lanes(moments: Sequence[Moment]) -> tuple[svg.Call, ...]:
    """The calls of a history for `svg.lanes`; () unless time tells something: calls that overlapped, or a long pause.

    A call that begins before another has ended stands in another lane, as it went over another connection. A step
    may name its lane itself ("client A: ..."), or in a key `lane`.
    """
    timed = sorted((m for m in moments if m.at is not None), key=lambda m: m.at or 0.0)
    if len(timed) < 2:
        return ()
    first = timed[0].at or 0.0
    busy: list[tuple[str, float]] = []
    out = []
    for m in timed:
        start = max(0.0, (m.at or 0.0) - first)
        end = start + max(0.0, m.seconds or 0.0)
        words = told(m)
        who, colon, rest = words.partition(": ")
        name = m.lane or (who if colon and re.fullmatch(r"(client|worker) \S{1,20}", who) else "")
        free = [i for i, (known, until) in enumerate(busy) if known == name and (name or until <= start + _CLOSE)]
        lane = free[0] if free else len(busy)
        busy[lane : lane + 1] = [(name, end)]
        got = joined(m.status, m.code)
        status = str(m.status or "")
        kind = "bad" if status.startswith("5") or (m.code and not status) else "good" if status[:1] == "2" else ""
        text = _ID.sub(lambda found: f"{found[1]}\u2026{found[2]}", rest if name and colon else _brief(words))
        out.append(svg.Call(str(m.n), text, got, start, end, lane, kind, name))
    paused = any(two.start - one.end >= _LONG for one, two in itertools.pairwise(out))
    return tuple(out) if paused or any(call.lane for call in out) else ()


def _brief(words: str) -> str:
    """A step as a label: without the region, which the story beside the picture names."""
    words = re.sub(r"\bRegionId='[^']*' ?", "", words).replace("NetworkInterfaceId=", "").replace("InstanceId=", "")
    words = re.sub(r"\b(Attach|Detach|Delete)NetworkInterface\b", lambda found: found[1].lower(), words)
    return words.replace("'", "")


_ID = re.compile(r"\b(eni|i|vsw|sg|vpc)-[A-Za-z0-9]*([A-Za-z0-9]{4})\b")
_TOGETHER = "at the same time: "


def told(moment: Moment) -> str:
    """The step of a history in words; the parameters of a detach get the name of their operation."""
    words = moment.step if isinstance(moment.step, str) else plain(moment.step)
    together, words = words.startswith(_TOGETHER), words.removeprefix(_TOGETHER)
    if together and re.match(r"\w+='", words):
        words = f"DetachNetworkInterface {words}"
    return words


def together(moment: Moment) -> bool:
    """Whether the step was sent at the same time as its neighbours, by several clients."""
    return isinstance(moment.step, str) and moment.step.startswith(_TOGETHER)


def overlapping(moments: Sequence[Moment]) -> frozenset[str]:
    """The numbers of the steps that were under way while another one was, by the times that were measured."""
    spans = [(str(m.n), m.at, m.at + (m.seconds or 0.0)) for m in moments if m.at is not None and together(m)]
    return frozenset(
        name
        for one, two in itertools.combinations(spans, 2)
        if one[1] + _CLOSE < two[2] and two[1] + _CLOSE < one[2]
        for name in (one[0], two[0])
    )


def others(item: Evidence) -> list[Moment]:
    """The calls that were sent at the same time as the one whose answer is told, where no answer alone decides."""
    exchange = item.exchange.id if item.exchange else None
    beside = [m for m in item.history if together(m)]
    mine = [m for m in beside if m.note and m.note == exchange]
    if item.expected or not mine:
        return []
    return [m for m in beside if m is not mine[0] and m.of == mine[0].of][:6]
