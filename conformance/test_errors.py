"""The 24 rows of the error table: each provoked alone, then in company."""

from __future__ import annotations

import pytest
from eni_conformance.conformance.inquiry import Inquiry
from eni_conformance.contract.detach import CONTRACTS, ORDERS
from eni_conformance.contract.scenario import EniSpec, InstanceSpec, World
from eni_conformance.strategies import cases, worlds

ROW_OF_ORDER = {order.op: row for row, order in ORDERS.items() if row in CONTRACTS["2019"].errors}


@pytest.mark.requirement("E15", "E16", "E18", "E19", "E20", "E21", "E22")
@pytest.mark.parametrize("fault", list(worlds.CONTROL_FAULTS))
def test_condition_of_the_interface(inquiry: Inquiry, fault: str) -> None:
    """What an interface refers to is gone, full, of a wrong type or elsewhere: the documented refusal."""
    row = ROW_OF_ORDER[fault.partition("=")[0]]
    scenarios = (cases.by_fault(world, n) for n, world in enumerate(worlds.faulty_worlds(fault)))
    inquiry.run_all(scenarios, (row,))


@pytest.mark.requirement("E17")
def test_instance_over_its_interface_limit(inquiry: Inquiry) -> None:
    """An instance with more interfaces than its type allows: the documented refusal."""
    inquiry.run_all((cases.by_fault(w, n) for n, w in enumerate(worlds.over_limit_worlds())), ("E17",))


@pytest.mark.requirement("E23")
def test_region_without_the_operation(inquiry: Inquiry) -> None:
    """A region that does not offer the operation refuses it, whatever the call."""
    plain = World((InstanceSpec(),), (EniSpec(), EniSpec()), region_feature=False)
    stopped = World((InstanceSpec("Stopped"),), (EniSpec(),), region_feature=False)
    both = World((InstanceSpec(), InstanceSpec("Stopped")), (EniSpec(), EniSpec(on=1), EniSpec()), region_feature=False)
    shown = (both,) if inquiry.lab.bench.most_instances > 1 else (plain, stopped)
    inquiry.run_all((cases.refused_world(w, n) for n, w in enumerate(shown)), ("E23",))


@pytest.mark.requirement("E05")
@pytest.mark.parametrize("name", ["OwnerAccount", "OwnerId"])
def test_parameter_that_is_not_supported(inquiry: Inquiry, name: str) -> None:
    """A parameter that the endpoint does not support is refused; without it the same call is not."""
    world = World((InstanceSpec(),), (EniSpec(), EniSpec()), refused_parameter=name)
    inquiry.run(cases.unsupported(world, name), ("E05",))


@pytest.mark.requirement("E03", "E07", "E08", "E09", "E13", "E14", "E24", "R08")
@pytest.mark.parametrize("part", range(3))
def test_in_company(inquiry: Inquiry, part: int) -> None:
    """With several faults at once, the answer is one of those that one of the faults admits."""
    callers = tuple(sorted(inquiry.callers - {"account"}))
    world = (cases.TWO, cases.WITH_STOPPED, cases.WITH_TRANSITIONS)[part]
    if len(world.instances) > inquiry.lab.bench.most_instances:
        world = cases.ONE
    inquiry.explore(cases.in_company(world, callers), inquiry.effort.draws * 2, ("E07", "E09", "R08"))
