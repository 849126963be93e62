"""A class for each kind of finding: what an endpoint did that the page rules out.

A kind knows its title and what a reader of a run must know of it: whether it rests on a clock, whether the endpoint
failed. Nothing parses the texts. `cause` is what a finding is recognised by, today and in a later run: deviations and
databases hold it, so its wording never changes. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Finding:
    """One contradiction between the endpoint and the page.

    requirement: short id of the first requirement violated; also: others. summary: what exactly was seen. cause:
    groups similar findings. certainty: 1.0 is a plain contradiction; less where the suite relies on a reading or on
    timing. family: what findings of one event have in common, whatever requirement, resource or call they were seen in;
    "" where requirement and cause say all. said: the answer that is wrong, "" if none is. about: what the sentence of
    its class speaks of (`oracle.sentences`): a field, a probe, a view.
    """

    requirement: str
    summary: str
    cause: str
    also: tuple[str, ...] = ()
    certainty: float = 1.0
    family: str = field(default="", compare=False, kw_only=True)
    said: str = field(default="", compare=False, kw_only=True)
    about: tuple[str, ...] = field(default=(), compare=False, kw_only=True)

    title: ClassVar[str] = "something that the page rules out"
    failure: ClassVar[bool] = False
    """Whether the endpoint failed to answer as a service does; on this machine there is no excuse for that."""
    answer: ClassVar[bool] = False
    """Whether the answer itself is the wrong one: it explains what an order or a comparison with it would show."""

    @property
    def clocked(self) -> bool:
        """Whether it rests on a clock: a busy machine is late now and then."""
        return False

    @property
    def kind(self) -> type[Finding]:
        """What makes two findings of one requirement the same violation, seen in another place or state."""
        return type(self)


# --- answers -----------------------------------------------------------------------------------------


class WronglyAccepted(Finding):
    """A call was accepted although it breaks a precondition."""

    title = "accepted although it must be refused"
    answer = True


class Refused(Finding):
    """A valid call was refused."""

    title = "a valid call is refused"
    answer = True


class WrongAnswer(Finding):
    """A refusal with a code that nothing which the call breaks admits."""

    title = "refused with a code that does not fit"
    answer = True


class WrongStatus(Finding):
    """An admissible code with a status that is not documented with it."""

    title = "a documented code with another status"
    answer = True


class SignatureRefused(Finding):
    """A signature was refused although it is correct."""

    title = "a correct signature is refused"
    answer = True


class Shape(Finding):
    """An answer is not of the shape that the page gives it."""

    title = "an answer of another shape"


class OtherFormat(Shape):
    """An answer is in the other format than the one asked for."""

    title = "an answer in the other format"

    @property
    def kind(self) -> type[Finding]:
        return Shape


@dataclass(frozen=True)
class RepeatedId(Shape):
    """A RequestId that came before. request_id: which; earlier: the exchange that brought it first."""

    request_id: str = ""
    earlier: str = ""

    title = "a RequestId comes twice"

    @property
    def kind(self) -> type[Finding]:
        return Shape


class Failed(Finding):
    """A status of 500 or above."""

    title = "a failure of the service"
    failure = True
    answer = True


@dataclass(frozen=True)
class NoAnswer(Finding):
    """No whole answer came. outcome: that of the exchange, "" if the call was carried out and nobody said so."""

    outcome: str = ""

    title = "no whole answer"
    failure = True
    answer = True

    @property
    def clocked(self) -> bool:
        return self.outcome == "timeout"


class NotOffered(Finding):
    """A format that the page documents is not offered."""

    title = "a format is not offered"


class Gateway(Finding):
    """The gateway let through what it must refuse, or the other way round."""

    title = "the gateway does not do its part"


# --- what looks show ---------------------------------------------------------------------------------


class RefusalChanged(Finding):
    """Something differs after calls that were refused."""

    title = "a refused call changed something"


@dataclass(frozen=True)
class AfterSuccess(Finding):
    """Something differs after a success that a detach must not change, or did not change as it must.

    page: the requirement that it is told under at first; a later effect of an earlier step is told as F08. slow: it
    did not come to its end in the time it was given. unmoved: the interface that is InUse as if nobody had called.
    """

    page: str = ""
    slow: bool = False
    unmoved: str = ""

    title = "an effect that a detach must not have"

    @property
    def clocked(self) -> bool:
        return self.slow


class WrongPath(Finding):
    """The interface went through a status that does not lead from InUse to Available."""

    title = "a status that a detach does not lead through"


class StaysDetaching(Finding):
    """The interface did not become Available."""

    title = "a detach that does not end"

    @property
    def clocked(self) -> bool:
        return True


class NeededAsking(StaysDetaching):
    """The interface became Available only when the call was repeated."""

    title = "a detach that ends only when it is asked for again"


class LifeCycle(Finding):
    """A status that the life cycle does not lead to."""

    title = "a status that the life cycle does not lead to"


class LateEffect(Finding):
    """Something changed after everything had settled."""

    title = "something changed later"


class Disagreement(Finding):
    """Another way to describe shows something else."""

    title = "two descriptions disagree"


class SlotTooMany(Finding):
    """An instance took more interfaces than its type has room for."""

    title = "a slot too many"


class NotAttachedAgain(Finding):
    """What was detached could not be attached again."""

    title = "not attached again"


@dataclass(frozen=True)
class GivenAway(Finding):
    """An address of an interface that was detached belongs to another one, too. owner: the interface that was detached;
    given_to: the one that was made later."""

    owner: str = field(default="", compare=False, kw_only=True)
    given_to: str = field(default="", compare=False, kw_only=True)
    address: str = field(default="", compare=False, kw_only=True)

    title = "a detached interface's address is given away"


# --- relations between answers -----------------------------------------------------------------------


class Overlap(Finding):
    """No serial order explains overlapping calls."""

    title = "overlapping calls without a serial order"


class AnotherForm(Finding):
    """The same call was answered otherwise in another wire form."""

    title = "another wire form, another answer"


class MixedReadings(Finding):
    """Of one repeated parameter the first value counts, of another the last."""

    title = "repeated parameters are read in two ways"


class Leak(Finding):
    """Another tenant can tell what exists."""

    title = "another tenant learns what exists"
