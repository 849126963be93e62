"""The names by which code speaks of requirements: each is of one that exists, and no two are of the same."""

from __future__ import annotations

from eni_conformance.contract import rows
from eni_conformance.contract.detach import CONTRACTS, ORDERS

ALL = CONTRACTS["2024"].requirements
GROUPS = {
    name: value
    for name, value in vars(rows).items()
    if isinstance(value, tuple) and all(isinstance(one, str) for one in value)
}


def test_a_name_is_of_one_requirement():
    """Every requirement that is no row of the error table has its name."""
    names = [value for value in vars(rows).values() if isinstance(value, str) and value in ALL]
    assert len(names) == len(set(names))
    assert set(names) == {short for short, one in ALL.items() if one.kind != "error"}


def test_a_group_names_each_of_its_requirements_once():
    for name, group in GROUPS.items():
        assert group and set(group) <= set(ALL) and len(group) == len(set(group)), name
    assert set(rows.SUCCESS_IN.values()) <= set(ALL)


def test_rows_by_order_are_those_that_the_control_protocol_provokes():
    assert set(rows.BY_ORDER) == {short for short in CONTRACTS["2019"].errors if short in ORDERS}
    holders = {order.on for order in ORDERS.values()}
    assert sorted(row for on in holders for row in rows.by_order(on)) == sorted(rows.BY_ORDER)
