"""May this be released, and if not, why: the first words of every report. Pure.

Three outcomes: something is violated; nothing is, but not everything was decided; everything was decided and conforms.
A run of less than everything says so in its first words. Nothing here judges.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from eni_conformance.oracle.results import Results
from eni_conformance.reports.words import number

CUT_SHORT = re.compile(r"\d+ parts? w\w+ cut short")
UNUSABLE = 3
"""Exit status of a run whose target could not be used."""


@dataclass(frozen=True)
class Headline:
    """state: a verdict, for the colour. words: may it be released. reason: what that rests on. narrowed: in what the
    run was less than a whole one, () if it was whole."""

    state: str
    words: str
    reason: str
    narrowed: tuple[str, ...] = ()


def of(results: Results) -> Headline:
    """The headline of a run, from the recorded verdicts alone."""
    narrowed = less_than_whole(results)
    state, words, reason = _outcome(results)
    if narrowed:
        words = f"{_capital('; '.join(narrowed))}: {words[:1].lower() + words[1:]}"
    return Headline(state, words, reason, narrowed)


def less_than_whole(results: Results) -> tuple[str, ...]:
    """In what a run is less than a whole one, in a few words each."""
    run = results.run
    out = [f"only {run.only}"] if run.only else []
    out += [f"shard {run.shard}"] if run.shard else []
    out += [f"at most {number(run.calls)} calls"] if run.calls else []
    if results.incomplete and run.exit != UNUSABLE:
        out.append("ended early")
    elif run.part and not out:
        out.append("a part of a run")
    return tuple(out)


def _outcome(results: Results) -> tuple[str, str, str]:
    counts, total = results.counts(), len(results.requirements)
    violated, conforms, accepted = counts["violated"], counts["conforms"], counts["known-deviation"]
    undecided = counts["inconclusive"] + counts["not-exercised"] + counts["error"]
    parts = [(conforms, f"of {total} requirements conform"), (accepted, "accepted as known deviations")]
    tail = ", ".join(f"{n} {words}" for n, words in parts if n or words.startswith("of"))
    decided, tail = f"{tail}.", f"{tail}, {undecided} undecided." if undecided else f"{tail}."
    if violated:
        return "violated", f"Not fit for release: {_of(violated, total)} violated", tail
    if results.problems:
        return "violated", "Not fit for release: the deviations file is out of date", f"{results.problems[0]}; {tail}"
    if counts["error"]:
        words = f"The suite itself failed at {_of(counts['error'], total)}; nothing is violated"
        return "error", words, f"{tail} A failure of the suite says nothing about the target."
    if not conforms:
        why = f"Reason: {results.run.note}. " if results.run.note else ""
        words = (
            "The target could not be used: nothing was judged" if results.run.exit == UNUSABLE else "Nothing was judged"
        )
        return "inconclusive", words, f"{why}No requirement has a judged call, so nothing is known."
    if undecided:
        far = " so far" * results.incomplete
        words = f"Nothing violated{far}, but {undecided} of {total} requirements undecided"
        return (
            "inconclusive",
            words,
            f"{decided} What is undecided may hide a violation; below it says what that would need.",
        )
    if results.incomplete:
        return "inconclusive", "Nothing violated so far", f"The run ended before everything was tried; {tail}"
    others = ", the others are accepted deviations" * bool(accepted)
    return "conforms", f"Fit for release: {conforms} of {total} requirements conform{others}", _basis(results)


def _basis(results: Results) -> str:
    """What it rests on that everything conforms; how much that is stands in the words before it."""
    n = results.judged_calls
    by = f", by {number(n)} judged call{'s' * (n != 1)}" if n else ""
    cut = next((found for words in results.shallow if (found := CUT_SHORT.search(words))), None)
    return f"Everything was decided{by}, though {cut.group()}." if cut else f"Everything was decided{by}."


def _of(n: int, total: int) -> str:
    return f"{n} of {total} requirements"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class Reached:
    """How much of what can be combined a run has combined. words: what; met, of: how much of how much."""

    words: str
    met: int
    of: int


def reached(results: Results) -> tuple[Reached, ...]:
    """How much of what can be combined the run has combined; () where nobody counted."""
    found = results.coverage
    if found is None:
        return ()
    out = []
    if found.pairwise is not None and found.pairwise.total:
        out.append(Reached("pairs of values met in one judged call", found.pairwise.covered, found.pairwise.total))
    if found.successions is not None and found.successions.of:
        out.append(Reached("steps of a history right after each other", found.successions.met, found.successions.of))
    return tuple(out)
