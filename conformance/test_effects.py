"""What calls do, and what they leave alone: the campaign through the covering array of Worlds."""

from __future__ import annotations

import pytest
from eni_conformance.conformance.inquiry import Inquiry
from eni_conformance.strategies import cases, worlds
from eni_conformance.strategies.effort import EFFORTS

MOST_ROWS = max(e.rows for e in EFFORTS.values() if e.name != "deep")


@pytest.mark.requirement(
    "F01", "F02", "F03", "F04", "F05", "F06", "F07", "F08", "F09", "M05",
    "S01", "S02", "S04", "S05", "S07", "E03", "E08", "E09", "E11", "E12", "E13", "E14", "E24",
)  # fmt: skip
@pytest.mark.parametrize("row", range(MOST_ROWS))
def test_refusals_change_nothing_and_successes_only_the_link(inquiry: Inquiry, row: int) -> None:
    """In a varied World: every class of refusal leaves everything as it was; a success moves one interface."""
    bench = inquiry.lab.bench
    table = worlds.rows(
        bench.zones > 1,
        max(1, min(3, bench.ground.eni_quota - 1)),
        bench.most_instances > 1,
        bool({"hold", "eni.status"} & bench.capabilities),
    )
    if row >= min(inquiry.effort.rows, len(table)):
        pytest.skip("beyond the rows of this effort")
    # Rows are taken with a stride, so that a short run sees rows that differ much.
    stride = 7 if len(table) % 7 else 5
    world = table[(row * stride + inquiry.info["seed"]) % len(table)]
    draws = 1 if inquiry.effort.name == "quick" else 2
    others = tuple(sorted(inquiry.callers - {"account"}))
    inquiry.explore(cases.campaign(world, row * 5, inquiry.effort.texts, others), draws, ("F01", "F02"))


@pytest.mark.requirement("S04", "M01", "M02", "M03", "R02", "R03", "F02", "F03")
@pytest.mark.parametrize("status", ["Running", "Stopped"])
def test_a_valid_call_is_accepted_in_every_wire_form(inquiry: Inquiry, status: str) -> None:
    """GET or POST, JSON or XML, either signature: a valid call is accepted and has its effect."""
    others = tuple(sorted(inquiry.callers - {"account"}))
    world = cases.three(status, inquiry.lab.bench.ground.eni_quota)
    inquiry.run_all(cases.success_table(world, others), ("S04",))


@pytest.mark.requirement("F02", "S04", "E12")
def test_many_identifiers(inquiry: Inquiry) -> None:
    """A defect may show for some identifiers only: many interfaces and instances come and go."""
    quota = inquiry.lab.bench.ground.eni_quota
    inquiry.run_all(cases.fresh_resources(inquiry.effort.ids, quota), ("F02",))


@pytest.mark.requirement("F01", "F02", "F03", "S04", "E03", "E08", "E11", "E12", "E13", "E14")
def test_the_second_region_is_like_the_first(inquiry: Inquiry) -> None:
    """The page sets no region apart: what is created in another one is judged in the same way."""
    others = tuple(sorted(inquiry.callers - {"account"}))
    rows = ("F01", "F02", "S04")
    inquiry.run_all(cases.in_second_region(inquiry.info["seed"], others), rows)
    if inquiry.effort.name != "quick":
        drawn = worlds.random_worlds(False, False, 2).flatmap(lambda world: cases.campaign(world, 0, 3, others))
        inquiry.explore(drawn.map(cases.abroad), inquiry.effort.draws // 4, rows)


@pytest.mark.requirement("F06", "F07")
def test_a_freed_slot_can_be_used_again(inquiry: Inquiry) -> None:
    """With every slot of the instance taken, a detach makes room for exactly one more."""
    inquiry.run(cases.full_house(inquiry.lab.bench.ground.eni_quota), ("F06",))


@pytest.mark.requirement("F01", "F08")
def test_effects_that_come_late(inquiry: Inquiry) -> None:
    """Some time after refusals, and after a success, everything is still as it was then."""
    two = inquiry.lab.bench.most_instances > 1
    inquiry.run_all(cases.late_effects(two, 1.3), ("F01", "F08"))
