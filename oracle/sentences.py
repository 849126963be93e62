"""What a finding says to somebody who has not written the suite: what the endpoint did, what it should have done.

The tables hold the words; `told` picks them. A sentence names no resource, no count and no time, so that the same
finding is told alike in every run; what was named and what changed stands beside it in the evidence. Nothing here
parses a text, and no text here decides anything. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eni_conformance.contract.detach import EFFECT
from eni_conformance.oracle import phrases
from eni_conformance.oracle.findings import (
    AfterSuccess,
    AnotherForm,
    Disagreement,
    Failed,
    Finding,
    Gateway,
    GivenAway,
    LateEffect,
    Leak,
    LifeCycle,
    MixedReadings,
    NeededAsking,
    NoAnswer,
    NotAttachedAgain,
    NotOffered,
    OtherFormat,
    Overlap,
    RefusalChanged,
    Refused,
    RepeatedId,
    Shape,
    SignatureRefused,
    SlotTooMany,
    StaysDetaching,
    WrongAnswer,
    WronglyAccepted,
    WrongPath,
    WrongStatus,
)
from eni_conformance.oracle.readings import Admissible

_FORM = "in another form"
_MOST = 3
"""So many admissible answers are named in a sentence; of more the number is told."""


@dataclass(frozen=True)
class Sentence:
    """Two sentences: what the endpoint did, and what it should have done."""

    did: str
    should: str


KINDS: Mapping[type[Finding], Sentence] = {
    Finding: Sentence("The endpoint did something that the page rules out.", "It should have done what the page says."),
    WronglyAccepted: Sentence("The endpoint accepted {call}.", "It should have {answered}."),
    Refused: Sentence("The endpoint refused a valid call with {said}.", "It should have {answered}."),
    WrongAnswer: Sentence("The endpoint answered {call} with {said}.", "It should have {answered}."),
    WrongStatus: Sentence(
        "The endpoint answered {call} with {said}, a pair of status and code that the page does not list.",
        "It should have {answered}.",
    ),
    SignatureRefused: Sentence(
        "The endpoint refused a correctly signed call with {said}.",
        "It should have accepted the signature, whatever characters the call carries.",
    ),
    Shape: Sentence("The endpoint sent an answer of another shape than the page gives it: {about}.", "{row}"),
    OtherFormat: Sentence(
        "The endpoint answered in {format}.",
        "It should have answered in the format that the call asked for.",
    ),
    RepeatedId: Sentence(
        "The endpoint sent the same RequestId in two answers.", "Each answer should carry a RequestId of its own."
    ),
    Failed: Sentence(
        "The endpoint failed with status {about} at {call}.",
        "It should refuse what is wrong with a status below 500, and carry out what is right.",
    ),
    NoAnswer: Sentence("{outcome}", "It should have answered in time, in whole, in valid HTTP."),
    NotOffered: Sentence(
        "The endpoint does not offer the format {about}, which the page documents.",
        "It should answer in JSON and in XML, as the call asks.",
    ),
    Gateway: Sentence("{gateway}", "It should have {answered}."),
    RefusalChanged: Sentence("{when}, {effect}.", "{rest}"),
    AfterSuccess: Sentence("{effect}", "{kept}"),
    WrongPath: Sentence(
        "After an accepted detach the interface went through the status {about}.",
        f"It should have become {EFFECT.to} by way of {EFFECT.via} only.",
    ),
    StaysDetaching: Sentence(
        f"After an accepted detach the interface stayed {EFFECT.via}.", f"It should have become {EFFECT.to}."
    ),
    NeededAsking: Sentence(
        f"After an accepted detach the interface stayed {EFFECT.via} until the call was repeated.",
        f"It should have become {EFFECT.to} by itself.",
    ),
    LifeCycle: Sentence(
        "The interface came to the status {about}, to which the steps before do not lead.",
        "Its status should follow from what was done with it.",
    ),
    LateEffect: Sentence(
        "After everything had come to rest, {effect}.",
        f"A detached interface should stay {EFFECT.to}, and what is at rest should stay as it is.",
    ),
    Disagreement: Sentence("{view}", "Every way to describe a resource should show the same."),
    SlotTooMany: Sentence(
        "An instance took one more interface than its type has room for.",
        "A detach frees one slot, so the instance should have refused the interface.",
    ),
    NotAttachedAgain: Sentence(
        "A detached interface could not be attached again: the endpoint refused it with {said}.",
        "What is detached should be attachable again, to the same instance or to another.",
    ),
    GivenAway: Sentence(
        "A new interface was given the address of one that had been detached and still exists.",
        "A detached interface should keep its addresses, so that nobody else has them.",
    ),
    Overlap: Sentence(
        "The answers to overlapping calls and the state after them contradict each other.",
        "Some order of the calls, one after the other, should explain all answers and the state.",
    ),
    AnotherForm: Sentence(
        "The endpoint answered the same call in two ways{answers}, as it was sent {form}.",
        "The form in which a call is sent should not change its answer.",
    ),
    MixedReadings: Sentence(
        "Of one repeated parameter the endpoint took the first value, of another the last.",
        "It should read all repeated parameters alike, or refuse them.",
    ),
    Leak: Sentence(
        "The endpoint answers another tenant differently when the resource exists.",
        "Another tenant should not learn from the answer what exists.",
    ),
}
"""A sentence for every class of findings; a name in braces is filled in by `told`."""


def told(finding: Finding, expected: Admissible | None = None) -> Sentence:
    """The sentences of a finding. expected: what was admissible, None where no single answer decides."""
    pattern, refused = KINDS[type(finding)], finding.about[-1:] == ("refused",)
    words = {
        "call": _call(expected),
        "said": finding.said or "an answer that cannot be read",
        "answered": _gateway(finding) if isinstance(finding, Gateway) else answered(expected, finding),
        "about": ", ".join(finding.about) or "see the answer",
        "format": first(finding.about) or "another format than the call asked for",
        "row": phrases.SHAPES.get(finding.requirement, "It should have the shape that the page gives it."),
        "outcome": phrases.OUTCOMES.get(finding.outcome, phrases.OUTCOMES[""]) if isinstance(finding, NoAnswer) else "",
        "gateway": _to_the_probe(finding),
        "when": WHEN[refused].did,
        "rest": WHEN[refused].should,
        "effect": _effect(finding),
        "kept": phrases.KEPT.get(finding.requirement, "A detach should change one link, and nothing else."),
        "view": _view(finding),
        "answers": f", {' and '.join(finding.about)}" if finding.about else "",
        "form": next((phrases.FORMS[r] for r in (finding.requirement, *finding.also) if r in phrases.FORMS), _FORM),
    }
    return Sentence(capital(pattern.did.format_map(words)), capital(pattern.should.format_map(words)))


WHEN = {
    True: Sentence("Although the call was refused", "A call that is refused should change nothing."),
    False: Sentence("While no detach was under way", "What is at rest should stay as it is."),
}
"""Whether a call had been refused -> when something changed, and what should have been."""


def capital(text: str) -> str:
    """A text that begins as a sentence does."""
    return text[:1].upper() + text[1:]


def first(texts: Sequence[str]) -> str:
    """The first of some texts, "" of none."""
    return texts[0] if texts else ""


def _call(expected: Admissible | None) -> str:
    """The call that was answered. What may have been accepted in one of several states was no wrong call."""
    if expected is None:
        return "a call"
    if expected.success and not expected.broken and not expected.choice:
        return "a valid call"
    return call_of(expected.broken or expected.perhaps, expected.choice)


def call_of(broken: Iterable[str], choice: str = "") -> str:
    """A call in words, by the rules that it breaks."""
    names = list(broken)
    implied = {other for name in names for other in phrases.IMPLIES.get(name, ())}
    parts = list(dict.fromkeys(phrases.RULES[n].broken for n in names if n in phrases.RULES and n not in implied))
    parts = parts or [phrases.CHOICES[name] for name in (choice,) if name in phrases.CHOICES]
    if not parts:
        return "a call"
    if len(parts) < _MOST:
        return "a call " + " and ".join(parts)
    return f"a call {', '.join(parts[:-1])} and {parts[-1]}"


def answered(expected: Admissible | None, finding: Finding) -> str:
    """What should have been done, beginning with a participle."""
    if expected is None:
        return "answered as the page says"
    if not expected.refusals:
        return "accepted it: the call breaks no rule of the page"
    page = [r for r in expected.refusals if r.table == "page"] or list(expected.refusals)
    if isinstance(finding, WrongStatus):
        page = [r for r in page if r.row == finding.requirement] or page
    own = list(dict.fromkeys(_pair(r.http, r.code) for r in page))
    shown = own if len(own) <= _MOST else own[: _MOST - 1]
    more = f" or one of {len(own) - len(shown)} other codes" if len(own) > len(shown) else ""
    refused = f"refused it with {_either(shown) if not more else ', '.join(shown)}{more}"
    return f"accepted it, or {refused}" if expected.success else refused


def _pair(http: Sequence[int], code: str) -> str:
    return f"{'/'.join(map(str, http))} {code}"


def _either(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}"


def _to_the_probe(finding: Finding) -> str:
    """What the endpoint did with a probe of the gateway."""
    probe = phrases.PROBES.get(first(finding.about), "a call that the gateway must not let through")
    return f"To {probe}, the endpoint answered {finding.said}." if finding.said else f"The endpoint accepted {probe}."


def _gateway(finding: Finding) -> str:
    """What the gateway should have done with a probe. about: its name, then the codes that were admissible."""
    codes = finding.about[1:]
    if codes == ("accept",):
        return "accepted it: the call is in order"
    if not codes:
        return "refused it before looking at the operation"
    return f"refused it with {_either(codes) if len(codes) <= _MOST else f'{codes[0]} or a code like it'}"


def _effect(finding: Finding) -> str:
    """What happened to a resource, as a clause. about: what kind of thing, what happened, and how it shows."""
    if not isinstance(finding, RefusalChanged | AfterSuccess | LateEffect) or not finding.about:
        return "something changed" + "." * isinstance(finding, AfterSuccess)
    if len(finding.about) == 1:  # how a detach ended
        return phrases.ENDS.get(finding.about[0], f"long after its detach the interface is {finding.about[0]}") + "."
    thing, what, *how = finding.about
    clause = f"{phrases.THINGS.get(thing, 'a resource')} {_happened(what, first(how))}"
    if isinstance(finding, AfterSuccess):
        return f"{phrases.BY.get(finding.page or finding.requirement, 'After a detach')}, {clause}."
    return clause


def _happened(what: str, how: str) -> str:
    if what in phrases.EVENTS:
        return phrases.EVENTS[what]
    if not how:
        return what
    return f"{how} {phrases.FIELDS.get(what, f'its field {what}')}"


def _view(finding: Finding) -> str:
    """What disagrees. about: the view, and what is wrong with it."""
    name, what = (*finding.about, "", "")[:2]
    shown = phrases.VIEWS.get(name, "One description of an interface")
    return f"{shown} {phrases.DISAGREEMENTS.get(what, 'does not show the same as the description by id')}."
