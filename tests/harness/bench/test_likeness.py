"""What an interface was asked to be, and what a description shows of it."""

from __future__ import annotations

import pytest
from eni_conformance.contract.scenario import EniSpec
from eni_conformance.harness.bench.likeness import DESCRIPTIONS, unlike

RICH = EniSpec(tags=2, groups=2, addresses=3, name="plain", description="plain", delete_on_release=False)
SHOWN = {
    "Tags": ("run", "created", "1", "2"),
    "SecurityGroupIds": ("sg-1", "sg-2"),
    "PrivateIpSets": ("a", "b", "c"),
    "NetworkInterfaceName": "eni-conformance",
    "Description": "made for a test",
    "DeleteOnRelease": False,
}


def test_what_is_shown_as_it_was_asked_for_is_told_of_nothing():
    assert unlike(RICH, SHOWN, ()) == ()
    assert unlike(RICH, {**SHOWN, "DeleteOnRelease": "false"}, ()) == ()
    assert unlike(EniSpec(name=""), {}, ()) == () == unlike(None, {}, ())


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("Tags", ("run", "created")),
        ("SecurityGroupIds", ("sg-1",)),
        ("PrivateIpSets", ("a",)),
        ("Description", DESCRIPTIONS["plain"][:12]),
        ("NetworkInterfaceName", "ENI"),
        ("DeleteOnRelease", True),
    ],
)
def test_what_was_passed_over_or_cut_is_told(field, shown):
    assert unlike(RICH, {**SHOWN, field: shown}, ()) == (field,)


def test_what_is_absent_is_told_but_for_what_no_page_promises():
    assert unlike(RICH, {}, ()) == ("Tags", "NetworkInterfaceName", "Description", "PrivateIpSets", "SecurityGroupIds")


def test_what_could_not_be_asked_for_is_not_missed_where_something_is_shown():
    assert unlike(RICH, {**SHOWN, "PrivateIpSets": ("a",)}, {"addresses"}) == ()
