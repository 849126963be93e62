"""The grammar of wrongness: trigger x effect x persistence, read from a spec or composed by chance.

A spec is one printable word that says everything:

    effect(argument)@trigger(argument)&trigger(argument)/persistence
    wrong-code(InvalidEniId.NotFound)@only-post&second-eni/every

`parse` turns it into a behaviour that can be switched on, `compose` draws many, and `parse_line` reads the line of
a named fault.  The same grammar, with effects
that the contract admits, gives conforming variants.  RULES lists what is never composed, and why; what nobody
could meet within a reasonable number of calls is left out by FLOOR.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from eni_conformance.emulator.behaviour import Behaviour
from eni_conformance.emulator.words.answers import ANSWER_FAMILIES, NAMED_ANSWERS
from eni_conformance.emulator.words.codes import CODE_FAMILIES, DECISION_FAMILIES, NAMED_CODES
from eni_conformance.emulator.words.effects import EFFECT_FAMILIES, NAMED_EFFECTS, REFUSAL_FAMILIES
from eni_conformance.emulator.words.family import Effect
from eni_conformance.emulator.words.family import Family as EffectFamily
from eni_conformance.emulator.words.forms import NAMED_FORMS
from eni_conformance.emulator.words.lifetimes import NAMED_LIFETIMES
from eni_conformance.emulator.words.limits import NAMED_LIMITS
from eni_conformance.emulator.words.memory import NAMED_MEMORY
from eni_conformance.emulator.words.parallel import NAMED_PARALLEL
from eni_conformance.emulator.words.persistence import PERSISTENCE, Gate, Moment
from eni_conformance.emulator.words.requests import CALLER_FAMILIES, NAMED_REQUESTS
from eni_conformance.emulator.words.scene import TRACKERS, Hooked, agree
from eni_conformance.emulator.words.standing import NAMED_STANDING
from eni_conformance.emulator.words.triggers import NAMED_TRIGGERS, TRIGGERS, Trigger
from eni_conformance.emulator.words.triggers import Family as TriggerFamily
from eni_conformance.emulator.words.variants import CHOICE_KINDS, VARIANT_EFFECTS
from eni_conformance.emulator.words.views import NAMED_VIEWS, READ_FAMILIES

FAULT_EFFECTS: dict[str, EffectFamily] = {
    each.name: each
    for each in (
        *CODE_FAMILIES,
        *DECISION_FAMILIES,
        *EFFECT_FAMILIES,
        *REFUSAL_FAMILIES,
        *READ_FAMILIES,
        *ANSWER_FAMILIES,
        *CALLER_FAMILIES,
    )
}
NAMED_EFFECT_WORDS: dict[str, EffectFamily] = {
    each.name: each
    for each in (
        *(*NAMED_CODES, *NAMED_EFFECTS, *NAMED_VIEWS, *NAMED_ANSWERS, *NAMED_REQUESTS, *NAMED_PARALLEL),
        *(*NAMED_STANDING, *NAMED_LIFETIMES, *NAMED_LIMITS, *NAMED_FORMS, *NAMED_MEMORY),
    )
}
"""Words of named faults alone."""
FLOOR = 0.004
"""The least part of a varied suite's calls that must be able to show a behaviour."""
MOST_TRIGGERS = 2
MOST_TURNS = 4
"""A class of effects has a turn for each of its effects, but no more than this."""
OVERLAP_SECONDS = 0.02
"""How long a detach is under way where overlapping calls matter."""

_WORD = r"[a-z0-9-]+(?:\([^()@&/\s]+\))?"
_SPEC = re.compile(rf"({_WORD})@({_WORD}(?:&{_WORD})*)/([a-z0-9]+)")


class SpecError(ValueError):
    """A spec that is not in the grammar, or that a rule forbids; its text says why."""


@dataclass(frozen=True)
class Composed:
    """One behaviour out of the grammar."""

    spec: str
    effect: Effect
    triggers: tuple[Trigger, ...]
    persistence: str

    @property
    def name(self) -> str:
        """The spec, which is its name."""
        return self.spec

    @property
    def conforming(self) -> bool:
        """Whether the contract admits it."""
        return self.effect.conforming

    @property
    def share(self) -> float:
        """The part of a varied suite's calls that can show it, roughly."""
        found = self.effect.share
        for trigger in self.triggers:
            found *= trigger.share
        return found

    def install(self, behaviour: Behaviour) -> None:
        """Make the choices and add the hooks, those that keep the history first."""
        for name, value in self.effect.choices:
            setattr(behaviour, name, value)
        hooks = behaviour.hooks
        for point, function in TRACKERS:
            if function not in getattr(hooks, point):
                getattr(hooks, point).append(function)
        for point, function in self._hooks():
            getattr(hooks, point).append(function)

    def _hooks(self) -> Iterator[Hooked]:
        gate = Gate(self.spec, self.triggers, self.persistence)
        yield from self.effect.build(gate)
        # After the effect's own hooks: an effect may first make sense of an id.
        yield gate.watch()
        if any(trigger.name == "overlapping" for trigger in self.triggers):
            yield "pause", lambda call: OVERLAP_SECONDS

    def row(self) -> dict[str, str]:
        """What `--list-composed` shows."""
        return {
            "name": self.spec,
            "class": self.effect.kind,
            "trigger": ", and ".join(trigger.words for trigger in self.triggers),
            "description": f"{self.effect.words} When: {PERSISTENCE[self.persistence]}.",
            "persistence": self.persistence,
            "conforming": "yes" if self.conforming else "no",
            "share": f"{self.share:.4f}",
        }


# What is not composed


@dataclass(frozen=True)
class Rule:
    """A combination that is left out, as patterns of its three parts, and the reason."""

    effect: str
    trigger: str
    persistence: str
    reason: str

    def forbids(self, made: Composed) -> bool:
        """Whether a behaviour falls under this rule."""
        return (
            re.fullmatch(self.effect, made.effect.name) is not None
            and any(re.fullmatch(self.trigger, trigger.name) for trigger in made.triggers)
            and re.fullmatch(self.persistence, made.persistence) is not None
        )


ANY = ".*"
RULES: tuple[Rule, ...] = (
    Rule(ANY, "always", "sticky", "the same as: every"),
    Rule(ANY, r"after-calls\(.*\)|after-refusal", "sticky", "the condition stays true by itself: the same as every"),
    Rule(r"unchecked\(.*\)", ANY, "once|first3|second", "calls with a good signature would use it up unseen"),
    Rule(r"unchecked\(signature\)", "detaching-already|sibling-.*|overlapping", ANY, "no forged call comes that late"),
    Rule("slot-kept|flaps|cannot-return.*", ANY, "once|first3", "a single lost place is met by luck only"),
    Rule(r"missing-row.*|stale-link.*", ANY, "once", "a single stale row is met by luck only"),
    Rule(r"hang", "always|running|in-use|only-.*", "every|second|sticky", "each call would take five seconds"),
    Rule(r"busy\(.*\)", ANY, "every|sticky|first3", "a client could repeat for ever and never get through"),
    Rule(
        r"(wrong-code|refuse-valid|code-for)\(.*(UnsupportedParameter|InvalidParameter)\)",
        "undeclared-parameter|legacy-parameter|owner-id",
        ANY,
        "refusing a parameter that nobody declares is admissible",
    ),
    Rule(r"(wrong-code|code-for)\(.*Forbidden.SubUser\)", r"caller\(ram\)", ANY, "it is what this caller has earned"),
    Rule(
        r"(wrong-code|code-for)\(.*(InvalidEcsId|InvalidEniId).NotFound\)",
        r"caller\(other\)",
        ANY,
        "to another tenant the resources do not exist",
    ),
    Rule(r"wrong-status\(404\)", r"caller\(other\)", ANY, "it is the documented one"),
    Rule(r"wrong-status\(403\)", r"caller\(ram\)", ANY, "it is the documented one"),
    Rule(r"request-id\(constant\)", ANY, "once", "a RequestId that comes once is not repeated"),
    Rule(r"slot-kept", "detaching-already", ANY, "the first call has begun the detach, not the repetition"),
    Rule(r"settling\(.*\)", "detaching-already", ANY, "the first call has begun the detach, not the repetition"),
    Rule(r"detaches-instead.*", "detaching-already", ANY, "the interface has been taken already"),
)
"""Patterns are matched in full against effect, any one trigger, and persistence."""


def objection(made: Composed) -> str:
    """Why a behaviour is not to be composed; empty if it is fine."""
    names = [trigger.name for trigger in made.triggers]
    if len(names) > MOST_TRIGGERS or len(set(names)) < len(names):
        return "at most two conditions, each once"
    if "always" in names and len(names) > 1:
        return "always adds nothing to another condition"
    reads = [trigger for trigger in made.triggers if trigger.reads]
    if reads and (made.effect.kind != "reading" or len(reads) > 1):
        return "a condition on the look goes with effects on what is seen, one at a time"
    if made.effect.kind in CHOICE_KINDS and made.conforming and (names != ["always"] or made.persistence != "every"):
        return "a choice must be made alike for alike calls"
    if not agree(made.effect.facts, *(trigger.facts for trigger in made.triggers)):
        return "no world meets all conditions"
    if _nested(made.triggers):
        return "one condition contains the other"
    for rule in RULES:
        if rule.forbids(made):
            return rule.reason
    if made.persistence == "once" and made.effect.glance < 0.9:
        return "it would be seen by luck only"
    return ""


_CONTAINS: tuple[tuple[str, str], ...] = (
    ("only-post", "form-body"),
    ("only-post", "query-body"),
    ("only-xml", "default-format"),
    ("only-v1", "default-format"),
    ("legacy-parameter", "owner-id"),
    ("after-refusal", "after-refusal-of-it"),
    ("running", "in-use"),
    ("attached-again", "moved"),
    ("stopped-once", "restarted"),
)


def _nested(triggers: Sequence[Trigger]) -> bool:
    names = {trigger.name for trigger in triggers}
    same_family = len({trigger.name.partition("(")[0] for trigger in triggers}) < len(triggers)
    return same_family or any({wide, narrow} <= names for wide, narrow in _CONTAINS)


def too_rare(made: Composed) -> bool:
    """Whether hardly any suite could meet it."""
    times = {"every": 1.0, "sticky": 1.0, "second": 0.5, "first3": 1.0, "once": 1.0}[made.persistence]
    return made.share * made.effect.glance * times < FLOOR


# Reading and drawing specs


def _split(word: str) -> tuple[str, str]:
    name, _, argument = word.partition("(")
    return name, argument.removesuffix(")")


def _effect(word: str) -> Effect:
    name, argument = _split(word)
    family = FAULT_EFFECTS.get(name) or VARIANT_EFFECTS.get(name)
    if family is None:
        raise SpecError(f"there is no effect {name}")
    if argument not in family.arguments:
        raise SpecError(f"the effect {name} does not take the argument {argument!r}")
    return family.make(argument)


def _trigger(word: str) -> Trigger:
    name, argument = _split(word)
    family = TRIGGERS.get(name)
    if family is None:
        raise SpecError(f"there is no trigger {name}")
    if argument not in family.arguments:
        raise SpecError(f"the trigger {name} does not take the argument {argument!r}")
    return family.make(argument)


def parse(spec: str) -> Composed:
    """The behaviour that a spec describes.  Raises SpecError with the reason if there is none."""
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise SpecError(f"{spec!r} is not of the form effect@trigger/persistence")
    effect, triggers, persistence = match.groups()
    if persistence not in PERSISTENCE:
        raise SpecError(f"there is no persistence {persistence}; known are {', '.join(PERSISTENCE)}")
    made = Composed(spec, _effect(effect), tuple(_trigger(word) for word in triggers.split("&")), persistence)
    reason = objection(made)
    if reason:
        raise SpecError(f"{spec}: {reason}")
    return made


_LINE = re.compile(rf"({_WORD}(?:\+{_WORD})*)(?:@({_WORD}(?:&{_WORD})*))?(?:/([a-z0-9]+))?")


@dataclass(frozen=True)
class Line:
    """A named fault's line: one or more effects that go together, under conditions, for as long as it says."""

    effects: tuple[Effect, ...]
    triggers: tuple[Trigger, ...]
    persistence: str

    @property
    def when(self) -> str:
        """The conditions in words."""
        return ", and ".join(trigger.words for trigger in self.triggers) or "always"

    def install(self, name: str, behaviour: Behaviour) -> None:
        """Add the hooks, those that keep the history first where the line says how long it lasts."""
        gate = Gate(name, self.triggers, self.persistence) if self.persistence else Moment(name, self.triggers)
        hooks = [hook for effect in self.effects for hook in effect.build(gate)]
        for point, function in (*TRACKERS, *hooks, gate.watch()) if self.persistence else hooks:
            getattr(behaviour.hooks, point).append(function)


def parse_line(line: str) -> Line:
    """A named fault's line: `effect+effect@trigger&trigger/persistence`, of which only one effect is needed.

    Besides the words that are composed it knows those that named faults alone use.  Raises KeyError for others.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        raise SpecError(f"{line!r} is not of the form effect+effect@trigger/persistence")
    effects, triggers, persistence = match.groups(default="")
    known = FAULT_EFFECTS | NAMED_EFFECT_WORDS
    conditions = TRIGGERS | NAMED_TRIGGERS
    return Line(
        tuple(known[name].make(argument) for name, argument in map(_split, effects.split("+"))),
        tuple(conditions[name].make(argument) for name, argument in map(_split, filter(None, triggers.split("&")))),
        persistence,
    )


def is_spec(name: str) -> bool:
    """Whether a name is a spec rather than the name of something built in."""
    return "@" in name


_LASTING = {"every": 6, "sticky": 2, "second": 2, "first3": 1, "once": 1}


def compose(n: int, seed: int, conforming: bool = False) -> list[str]:
    """Draw n different specs; the same n and seed give the same ones.

    Classes of effects, effects and triggers take turns, so that each occurs as soon as n allows it.
    Raises ValueError if the grammar does not hold that many.
    """
    draw = random.Random(f"{seed} {conforming}")
    families = VARIANT_EFFECTS if conforming else FAULT_EFFECTS
    kinds: dict[str, list[EffectFamily]] = {}
    for family in families.values():
        kinds.setdefault(family.kind, []).append(family)
    tickets = [kind for kind in sorted(kinds) for _ in range(min(MOST_TURNS, len(kinds[kind])))]
    next_kind = _in_turn(draw, tickets)
    next_effect = {kind: _in_turn(draw, members) for kind, members in kinds.items()}
    waiting: list[TriggerFamily] = []
    found: dict[str, None] = {}
    misses = 0
    while len(found) < n:
        family = next(next_effect[next(next_kind)])
        spec = _draw_spec(draw, family, waiting)
        if spec and spec not in found:
            found[spec] = None
            misses = 0
            continue
        misses += 1
        if misses > 2000:
            raise ValueError(f"the grammar gives no more than {len(found)} specs here")
    return list(found)


T = TypeVar("T")


def _in_turn(draw: random.Random, items: Sequence[T]) -> Iterator[T]:
    while True:
        yield from draw.sample(items, len(items))


def _draw_spec(draw: random.Random, family: EffectFamily, waiting: list[TriggerFamily]) -> str:
    """One spec with this effect, with the trigger that has waited longest among those that fit it."""
    if len(waiting) < len(TRIGGERS) // 2:
        fresh = [each for each in TRIGGERS.values() if each not in waiting]
        waiting += draw.sample(fresh, len(fresh))
    effect = family.make(draw.choice(family.arguments))
    choices: list[TriggerFamily] = list(waiting[:40])
    if effect.conforming and effect.kind in CHOICE_KINDS:
        choices = [TRIGGERS["always"]]
    for first in choices:
        for _ in range(3):
            triggers = [first.make(draw.choice(first.arguments))]
            if first.name != "always" and draw.random() < 0.35:
                second = draw.choice(list(TRIGGERS.values()))
                triggers.append(second.make(draw.choice(second.arguments)))
            lasting = draw.choices(list(_LASTING), list(_LASTING.values()))[0]
            if effect.conforming and effect.kind in CHOICE_KINDS:
                lasting = "every"
            words = "&".join(trigger.name for trigger in triggers)
            made = Composed(f"{effect.name}@{words}/{lasting}", effect, tuple(triggers), lasting)
            if not objection(made) and (made.conforming or not too_rare(made)):
                if first in waiting:
                    waiting.remove(first)
                return made.spec
    return ""
