"""What comes first in a run whose calls are counted: each row once, in few Worlds. Other runs have the sweeps."""

from __future__ import annotations

from collections.abc import Iterator

from eni_conformance.conformance.played import Given, Play, Played, requirement, scenarios
from eni_conformance.contract import rows
from eni_conformance.contract.detach import IDS
from eni_conformance.contract.gateway import PROBES
from eni_conformance.strategies import firsts

MALFORMED = tuple(one.malformed for one in IDS if one.thing != "region")


def every_row(given: Given) -> Iterator[Play]:
    """What is refused by the operation and what is accepted; then, in the same World, what the gateway refuses."""
    yield firsts.every_row(given.offer, given.callers, given.seed)
    yield firsts.gateway(given.offer, PROBES, first=True, seed=given.seed)


@requirement(
    *rows.IDENTIFIERS, *rows.STATES, rows.PRIMARY_KEPT, rows.ACCEPTED_RUNNING, rows.NAMED_INSTANCE, *rows.BY_CALLER,
    rows.REFUSAL_CHANGES_NOTHING, rows.BECOMES_AVAILABLE, rows.LINK_GONE, rows.SAME_ANSWER, *rows.GATEWAY,
)  # fmt: skip
@scenarios(every_row, about=(rows.ACCEPTED_RUNNING,))
def test_once_every_row(played: Played) -> None:
    """Each class of single fault, each caller, the gateway's plainest probes; then accepted calls with their effect."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


@requirement(*rows.STATES, rows.ACCEPTED_AGAIN, rows.ACCEPTED_STOPPED)
@scenarios(lambda given: firsts.transitions(given.offer), about=())
def test_once_states(played: Played) -> None:
    """Each state that passes, and what a Stopped instance admits."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


@requirement(*rows.BY_ORDER, *rows.STATES)
@scenarios(lambda given: firsts.conditions(given.offer), about=())
def test_once_conditions(played: Played) -> None:
    """Each condition that the control protocol offers, several beside each other."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


@requirement(*MALFORMED, *(one.row for one in IDS), *rows.BROKEN_DOWN)
@scenarios(lambda given: [firsts.texts(given.offer, given.seed)], about=MALFORMED)
def test_once_texts(played: Played) -> None:
    """A text of each class in place of one identifier."""
    assert played.answers_are_admissible()
    assert played.endpoint_stays_well()


@requirement(*rows.GATEWAY, rows.CORRECTLY_SIGNED)
@scenarios(lambda given: [firsts.gateway(given.offer, PROBES, first=False, seed=given.seed)], about=())
def test_once_gateway(played: Played) -> None:
    """The other probes of the gateway."""
    assert played.answers_are_admissible()
    assert played.effects_are_documented()


@requirement(rows.SERIAL_ORDER, rows.OTHERS_KEPT)
@scenarios(lambda given: [firsts.overlaps()], about=(rows.SERIAL_ORDER,))
def test_once_overlaps(played: Played) -> None:
    """Siblings at once, and one interface several times at once."""
    assert played.relations_hold()
    assert played.effects_are_documented()
