"""What one look holds, and how the fields of a resource are made flat."""

from __future__ import annotations

import json

import pytest
from eni_conformance.harness.values import Deed, Snapshot, flatten

LISTED = json.dumps({"NetworkInterfaceId": "eni-1"})
LOOK = Snapshot(
    1.0,
    {
        "eni-1": {"Status": "InUse", "Attachment.InstanceId": "i-1"},
        "eni-2": {"Status": "InUse", "InstanceId": "i-2", "Attachment.InstanceId": "i-1"},
        "eni-3": {"Status": "Available"},
    },
    {"i-1": {"Status": "Running", "NetworkInterfaces": (LISTED,)}, "i-2": {"Status": "Stopped"}},
)


def test_what_stands_in_which_state_and_where():
    assert [LOOK.status(name) for name in ("eni-1", "i-2", "eni-9")] == ["InUse", "Stopped", ""]
    assert [LOOK.link(name) for name in ("eni-1", "eni-2", "eni-3", "eni-9")] == ["i-1", "i-2", "", ""]
    assert (LOOK.listed_on("eni-1"), LOOK.listed_on("eni-2")) == ("i-1", "")
    assert (LOOK.held("i-1"), LOOK.held("i-2"), LOOK.held("i-9")) == ({"eni-1"}, frozenset(), frozenset())


@pytest.mark.parametrize(
    ("shown", "flat"),
    [
        ({"A": {"B": {"C": 1}}, "D": "x"}, {"A.B.C": 1, "D": "x"}),
        ({"A": "", "B": None, "C": [], "D": {"E": []}}, {}),
        ({"A": 0, "B": False}, {"A": 0, "B": False}),
        ({"Tags": {"Tag": [{"K": "b"}, {"K": "a"}]}}, {"Tags": ('{"K": "a"}', '{"K": "b"}')}),
        ({"Ids": ["b", "a"]}, {"Ids": ('"a"', '"b"')}),
        ({"L": [{"b": "", "a": [2, 1]}]}, {"L": ('{"a": [1, 2]}',)}),
    ],
)
def test_lists_lose_their_order_and_what_is_empty_is_absent(shown, flat):
    assert flatten(shown) == flat


@pytest.mark.parametrize(
    ("deed", "moved"),
    [
        (Deed("attach", "eni-1", "i-1"), "eni-1"),
        (Deed("delete", "eni-1"), "eni-1"),
        (Deed("stop", "", "i-1"), "i-1"),
        (Deed("reboot", "", "i-1"), "i-1"),
    ],
)
def test_what_an_operation_of_the_surroundings_moves(deed, moved):
    assert deed.moves == moved
