"""Which of the other ways to describe comes next. What they must show is tested with the checks of views."""

from __future__ import annotations

from eni_conformance.harness import describe


def test_every_view_has_its_turn_and_a_large_account_is_never_listed():
    assert {describe.view_of(n, True) for n in range(60)} == set(describe.VIEWS)
    assert {describe.view_of(n, False) for n in range(60)} == set(describe.VIEWS) - {"list"}


def test_the_view_that_has_met_least_of_an_interface_comes_next():
    eni, host = {"Tags": ("a", "b"), "Description": "描述"}, {"Status": "Stopped"}
    about = describe.traits(eni, host)
    assert {"Tags 2", "Description foreign", "NetworkInterfaceName none", "instance Stopped"} <= about
    met = {(view, trait) for view in describe.VIEWS for trait in about}
    for view in describe.VIEWS:
        assert describe.view_of(1, True, {}, about, met - {(view, "Description foreign")}) == view
    assert describe.view_of(1, True, {}, about, met) == describe.view_of(1, True)
