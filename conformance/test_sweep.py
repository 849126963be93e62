"""One of everything, first: a defect that shows always is told within the first calls of a run."""

from __future__ import annotations

from collections.abc import Iterator

from eni_conformance.conformance.played import Given, Lack, Play, Played, requirement, scenarios
from eni_conformance.contract import rows
from eni_conformance.contract.detach import IDS
from eni_conformance.contract.gateway import PROBES
from eni_conformance.strategies import probes, sweeps, tables

MALFORMED = tuple(one.malformed for one in IDS if one.thing != "region")
EVERY = 100
"""More Scenarios than a sweep has: it is carried out to its end, however slow the endpoint is."""


@requirement(
    *rows.IDENTIFIERS, *rows.STATES, rows.PRIMARY_KEPT, rows.ACCEPTED_RUNNING, rows.NAMED_INSTANCE,
    rows.REFUSAL_CHANGES_NOTHING, rows.BECOMES_AVAILABLE, rows.LINK_GONE, *rows.FREE_PARAMETERS, rows.SAME_ANSWER,
)  # fmt: skip
@scenarios(lambda given: [sweeps.calls(given.offer, given.seed)], about=(rows.ACCEPTED_RUNNING,))
def test_every_class_of_call_once(played: Played) -> None:
    """Each class of single fault once, then an accepted call with its effect, then the same again."""
    assert played.answers_are_admissible()
    assert played.answers_are_well_formed()
    assert played.effects_are_documented()
    assert played.relations_hold()


@requirement(*rows.BY_CALLER)
@scenarios(lambda given: sweeps.callers(given.callers), about=())
def test_every_caller_once(played: Played) -> None:
    """Each caller who may not, once on each interface."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


@requirement(*rows.STATES, rows.ACCEPTED_AGAIN, *rows.BY_ORDER)
@scenarios(lambda given: sweeps.states(given.offer), about=(), must=EVERY)
def test_every_state_and_condition_once(played: Played) -> None:
    """Each transitional state and each condition that the control protocol offers, with two calls each."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


@requirement(
    *MALFORMED, *(one.row for one in IDS), rows.UNDECLARED, rows.REPEATED, *rows.BROKEN_DOWN, rows.NO_DAMAGE
)  # fmt: skip
@scenarios(lambda given: [sweeps.texts(given.seed)], about=MALFORMED)
def test_every_class_of_text_once(played: Played) -> None:
    """A text of each class in place of each identifier, odd names and many parameters; the endpoint stays well."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()
    assert played.endpoint_stays_well()


@requirement(rows.SERIAL_ORDER, rows.OTHERS_KEPT, rows.SLOT_FREED)
@scenarios(lambda given: sweeps.overlaps(given.offer), about=(rows.SERIAL_ORDER,), must=EVERY)
def test_overlaps_once(played: Played) -> None:
    """Siblings at once, and one interface twice at once, in an instance whose every slot is taken."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()
    assert played.relations_hold()


@requirement(*rows.GATEWAY, rows.CORRECTLY_SIGNED)
@scenarios(lambda given: [probes.several(PROBES)], about=(rows.WRONG_SIGNATURE,))
def test_the_gateway_once(played: Played) -> None:
    """Everything that can be wrong with who calls and with what is signed, once; and what must be accepted."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


def formats(given: Given) -> Iterator[Play]:
    """A call in each format that seems not to work; and what the target file says that it does not offer."""
    yield from tables.in_formats(given.undeclared)
    for name, row in rows.SUCCESS_IN.items():
        if name.lower() not in given.formats:
            yield Lack((row, rows.FORMATS_ALIKE), f"{name} (offers.formats)")
    if len(given.signing) == 1:
        yield Lack((rows.SCHEMES_ALIKE,), f"a second signature scheme besides {given.signing[0]}")


@requirement(*rows.SUCCESS_IN.values(), rows.FORMATS_ALIKE, rows.SCHEMES_ALIKE)
@scenarios(formats, about=tuple(rows.SUCCESS_IN.values()))
def test_the_formats_and_schemes_that_are_offered(played: Played) -> None:
    """The page documents JSON and XML: one that is not offered is one finding, or declared. Schemes are a choice."""
    assert played.answers_are_well_formed()
