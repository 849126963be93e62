"""Names for the requirements that code speaks of, alone and in groups.

A requirement's id stands in its row of `contract.detach`; code that credits, blames or selects requirements says what
it means by these names. Groups that follow from the rows (callers, orders, identifiers) are computed from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from eni_conformance.contract.detach import CALLER_OF, CHECKS, ERRORS, IDS, ORDERS

# Parameters
INSTANCE_ID: Final = "P01"
INTERFACE_ID: Final = "P02"
REGION_ID: Final = "P03"
ACTION: Final = "P04"
OWNER_ACCOUNT: Final = "P05"
OLDER_OWNERS: Final = "P06"
UNDECLARED: Final = "P07"
REPEATED: Final = "P08"
TRUNK: Final = "P09"

# Notes
PRIMARY_KEPT: Final = "S01"
LINKED_ONLY: Final = "S02"
STEADY_ONLY: Final = "S03"
ACCEPTED_RUNNING: Final = "S04"
ACCEPTED_STOPPED: Final = "S05"
ACCEPTED_AGAIN: Final = "S06"
NAMED_INSTANCE: Final = "S07"
OTHER_TENANT: Final = "C01"

# Response
REQUEST_ID: Final = "R01"
JSON_SUCCESS: Final = "R02"
XML_SUCCESS: Final = "R03"
ENVELOPE: Final = "R04"
CONTENT_TYPE: Final = "R05"
MESSAGE: Final = "R06"
REQUEST_ID_UNIQUE: Final = "R07"
PAIR: Final = "R08"
REQUEST_ID_HEADER: Final = "R09"

# Effect
REFUSAL_CHANGES_NOTHING: Final = "F01"
BECOMES_AVAILABLE: Final = "F02"
LINK_GONE: Final = "F03"
OWN_KEPT: Final = "F04"
OTHERS_KEPT: Final = "F05"
SLOT_FREED: Final = "F06"
ATTACHED_AGAIN: Final = "F07"
STAYS_AVAILABLE: Final = "F08"
INSTANCE_KEPT: Final = "F09"

# Relations
METHODS_ALIKE: Final = "M01"
FORMATS_ALIKE: Final = "M02"
SCHEMES_ALIKE: Final = "M03"
ORDER_ALIKE: Final = "M04"
VIEWS_AGREE: Final = "M05"
SERIAL_ORDER: Final = "M06"
LIFE_CYCLE: Final = "M07"
SAME_ANSWER: Final = "M08"

# The gateway
WRONG_SIGNATURE: Final = "G01"
OTHER_SIGNED: Final = "G02"
NONCE_ONCE: Final = "G03"
WRONG_TIME: Final = "G04"
UNKNOWN_KEY: Final = "G05"
UNKNOWN_ACTION: Final = "G06"
MISSING_PUBLIC: Final = "G07"
CORRECTLY_SIGNED: Final = "G08"

# Robustness
NO_FAILURE: Final = "B01"
ANSWERED_IN_TIME: Final = "B02"
NO_DAMAGE: Final = "B03"

# --- groups --------------------------------------------------------------------------------------

OF_EVERY_ANSWER: Final = (
    REQUEST_ID, CONTENT_TYPE, REQUEST_ID_UNIQUE, PAIR, REQUEST_ID_HEADER, NO_FAILURE, ANSWERED_IN_TIME, ACTION,
)  # fmt: skip
OF_A_REFUSAL: Final = (ENVELOPE, MESSAGE)
OF_A_PROBE: Final = (REQUEST_ID, CONTENT_TYPE, NO_FAILURE, ANSWERED_IN_TIME)
"""What the answer to a probe of the gateway is evidence for, besides the probe's own requirement."""
SUCCESS_IN: Final[Mapping[str, str]] = MappingProxyType({"JSON": JSON_SUCCESS, "XML": XML_SUCCESS})
"""Format of an answer -> the requirement that a success in it has of its own."""
OF_AN_EFFECT: Final = (BECOMES_AVAILABLE, LINK_GONE, OWN_KEPT, OTHERS_KEPT, INSTANCE_KEPT, LINKED_ONLY)
"""What a look at rest after accepted calls is evidence for."""
EFFECTS: Final = (
    REFUSAL_CHANGES_NOTHING, BECOMES_AVAILABLE, LINK_GONE, OWN_KEPT, OTHERS_KEPT, SLOT_FREED, ATTACHED_AGAIN,
    STAYS_AVAILABLE, INSTANCE_KEPT,
)  # fmt: skip
BROKEN_DOWN: Final = (NO_FAILURE, ANSWERED_IN_TIME)
"""What an input violates that the endpoint does not survive as it is."""
WIRE_FORMS: Final = (METHODS_ALIKE, FORMATS_ALIKE, SCHEMES_ALIKE, ORDER_ALIKE)
OWNERS: Final = (OWNER_ACCOUNT, OLDER_OWNERS)
FREE_PARAMETERS: Final = (OWNER_ACCOUNT, OLDER_OWNERS, UNDECLARED, REPEATED)
"""Parameters that are the service's to ignore or refuse, or that change nothing."""
NOTES: Final = (PRIMARY_KEPT, LINKED_ONLY, STEADY_ONLY)
ACCEPTED: Final = (ACCEPTED_RUNNING, ACCEPTED_STOPPED, ACCEPTED_AGAIN)
BEFORE_THE_CALLER_IS_KNOWN: Final = (WRONG_SIGNATURE, OTHER_SIGNED, NONCE_ONCE, WRONG_TIME, UNKNOWN_KEY)
GATEWAY: Final = (*BEFORE_THE_CALLER_IS_KNOWN, UNKNOWN_ACTION, MISSING_PUBLIC, ACTION)
"""What the gateway must refuse."""

BY_CALLER: Final = tuple(CALLER_OF)
"""Requirements that a caller of the target file is for."""
BY_ORDER: Final = tuple(row.id for row in ERRORS if row.id in ORDERS)
"""Rows that only an order of the control protocol provokes."""


def by_order(*holders: str) -> tuple[str, ...]:
    """The rows of the first 24 that an order given for one of these things provokes ("eni", "instance", ...)."""
    return tuple(row for row in BY_ORDER if ORDERS[row].on in holders)


IDENTIFIERS: Final = tuple(sorted({row for one in IDS for row in (one.missing, one.malformed, one.unknown, one.vague)}))
"""Rows that refuse a missing, malformed or unknown identifier."""
STATES: Final = tuple(sorted({rule.own for rule in CHECKS if rule.contradicted[0] in NOTES}))
"""Rows that refuse by the state of what is named, and the primary interface."""
