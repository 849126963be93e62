"""How a run ended, in a line, and the lists of what was left open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from eni_conformance.oracle.evidence import AdmissibleAnswer
from eni_conformance.oracle.results import (
    RequirementResult,
    Results,
)
from eni_conformance.reports.svg import plain, short


def admissible(expected: Iterable[AdmissibleAnswer]) -> list[tuple[str, list[str], list[str]]]:
    """Each admissible answer once: its words, the reasons for it, the requirements behind it."""
    out: dict[str, tuple[list[str], list[str]]] = {}
    for entry in expected:
        words = " ".join(str(p) for p in (entry.status, entry.code) if p) or "any"
        reasons, requirements = out.setdefault(words, ([], []))
        if entry.because and entry.because not in reasons:
            reasons.append(entry.because)
        if entry.requirement and entry.requirement not in requirements:
            requirements.append(entry.requirement)
    return [(words, reasons, requirements) for words, (reasons, requirements) in out.items()]


def observation_groups(results: Results) -> list[tuple[str, list[tuple[str, list[str], Any]]]]:
    """Observations as (question, answers, examples), by the part of their id before a colon."""
    groups: dict[str, list[tuple[str, list[str], Any]]] = {}
    for observation in results.observations:
        group, colon, question = observation.id.partition(": ")
        counts = observation.counts
        if counts:
            total = len(counts) > 1
            answers = [f"{answer}  ({n})" if total else str(answer) for answer, n in counts.items()]
        else:
            answers = [value_line(observation.value)]
        entry = (question if colon else observation.id, answers, observation.examples)
        groups.setdefault(_GROUPS.get(group, group) if colon else "", []).append(entry)
    return list(groups.items())


_GROUPS = {"answer to": "the answer when this does not hold", "gateway": "signing, nonces and time stamps"}


def value_line(value: Any) -> str:
    """Any JSON value in one line."""
    return short(plain(value), 70) if value not in (None, "") else "\u2013"


def since(past: Sequence[dict[str, Any]], requirement: str) -> str:
    """How long the requirement has been violated, from the history; "" when there is no earlier run."""
    if len(past) < 2:
        return ""
    streak = []
    for entry in reversed(past):
        if requirement not in (entry.get("violated") or ()):
            break
        streak.append(str(entry.get("run", "?")))
    if not streak:
        return ""
    if len(streak) == 1:
        return "new in this run"
    whole = " or earlier" if len(streak) == len(past) else ""
    return f"violated in the last {len(streak)} runs, since {streak[-1]}{whole}"


def not_exercised(results: Results) -> list[tuple[str, list[RequirementResult]]]:
    """Requirements that were not exercised, by what they would need, the commonest need first."""
    groups: dict[str, list[RequirementResult]] = {}
    for requirement in results.requirements:
        if requirement.verdict == "not-exercised" or requirement.hollow:
            need = requirement.missing or requirement.why or "no reason recorded"
            groups.setdefault(need, []).append(requirement)
    return sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))


def verdict(results: Results) -> tuple[str, str, str]:
    """The state of the whole run as (class, headline, reason), from the recorded verdicts alone."""
    counts = results.counts()
    conforms, total = counts["conforms"], len(results.requirements)
    tail = f"{conforms} of {total} requirements conform"
    if counts["not-exercised"]:
        tail += f", {counts['not-exercised']} could not be exercised here"
    if counts["violated"]:
        n = counts["violated"]
        return "violated", f"{n} requirement{'s' if n != 1 else ''} violated", tail + "."
    if results.problems:
        return "violated", "The deviations file is out of date", f"{results.problems[0]}; {tail}."
    if counts["error"]:
        n = counts["error"]
        words = f"{n} requirement{'s' if n != 1 else ''} could not be judged: the suite itself failed"
        return "error", words, tail + ". This says nothing about the target."
    if results.incomplete:
        return (
            "inconclusive",
            "Nothing violated so far",
            f"The run ended before everything was tried; {tail}.",
        )
    if not conforms:
        return "inconclusive", "Nothing was judged", "No requirement has a judged call, so nothing is known."
    return "conforms", "Nothing violated", tail + "."
