"""What is modified before, beside and after a detach stays: each case as a literal history, lawful and not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from eni_conformance.harness.history import Looked
from eni_conformance.harness.values import Deed, Snapshot
from histories import acted, after_overlap, blamed, call, looked, modified, overlapped, part, sent, shown

CONFLICT = "OperationConflict"
TO_GO = modified("DeleteOnRelease", "true", step=0)
KEPT = {"start": shown(DeleteOnRelease=False, Description="old")}
GROUPS = (json.dumps("sg-1"),), (json.dumps("sg-2"),)


def test_what_was_modified_while_attached_does_not_fall_back_with_the_detach() -> None:
    seen = looked(DeleteOnRelease=True, Description="old")
    for after, blame in ((True, []), (False, ["F04 AfterSuccess"])):
        detached = looked("Available", step=3, DeleteOnRelease=after, Description="old")
        assert blamed(TO_GO, seen, sent(step=2), detached, **KEPT) == blame


def test_an_endpoint_may_pass_over_an_attribute_that_it_does_not_modify() -> None:
    unchanged = {"DeleteOnRelease": False, "Description": "old"}
    passed_over = (TO_GO, looked(**unchanged), sent(step=2), looked("Available", step=3, **unchanged))
    assert blamed(*passed_over, **KEPT) == []
    meanwhile = (sent(), TO_GO, looked("Available", step=2, **unchanged))
    assert blamed(*meanwhile, **KEPT) == [], "nothing shows that it takes the attribute at all"


def test_what_was_modified_while_detaching_stays_where_the_attribute_has_been_seen_to_be_taken() -> None:
    before = {"start": shown(SecurityGroupIds=GROUPS[0])}
    once = (modified("SecurityGroupIds", "sg-2", step=0), looked(SecurityGroupIds=GROUPS[1]))
    again = (sent(step=2), modified("SecurityGroupIds", "sg-1", step=3))
    for groups, blame in ((GROUPS[0], []), (GROUPS[1], ["F04 AfterSuccess"])):
        assert blamed(*once, *again, looked("Available", step=4, SecurityGroupIds=groups), **before) == blame
    same = (sent(step=2), modified("SecurityGroupIds", "sg-2", step=3))
    assert blamed(*once, *same, looked("Available", step=4, SecurityGroupIds=GROUPS[1]), **before) == []
    lags = looked("Available", why="doubted", step=4, SecurityGroupIds=GROUPS[1])
    assert blamed(*once, *again, lags, looked("Available", step=4, SecurityGroupIds=GROUPS[0]), **before) == []


def test_what_was_lost_before_a_detach_is_not_blamed_on_it() -> None:
    old, new = {"Description": "old"}, {"Description": "new"}
    lost = (modified("Description", "new", step=0), looked(**new), modified("Description", "newer", step=2))
    assert (
        blamed(*lost, looked(step=3, **new), sent(step=4), looked("Available", step=5, **new), start=shown(**old)) == []
    )


def test_what_is_modified_beside_a_detach_is_not_lost() -> None:
    anew = Deed("modify", "eni-1", "i-1", "Description", "newer")
    taken = (modified("Description", "new", step=0), looked(step=0, Description="new"))
    before = {"start": shown(Description="old")}
    for described_as, blame in (("newer", []), ("new", ["M06 Overlap"])):
        look = after_overlap("Available", Description=described_as)
        assert blamed(*taken, overlapped(part(), part(of=anew)), look, **before) == blame
    refused = part(409, CONFLICT, of=anew)
    assert blamed(*taken, overlapped(part(), refused), after_overlap("Available", Description="new"), **before) == []
    alone = overlapped(part(), part(of=anew)), after_overlap("Available", Description="old")
    assert blamed(*alone, **before) == [], "nothing shows that it takes descriptions at all"


def test_what_else_a_modification_beside_a_detach_changes_is_the_detachs_work() -> None:
    anew = Deed("modify", "eni-1", "i-1", "Description", "new")
    look = after_overlap("Available", Description="new", MacAddress="b")
    both = overlapped(part(), part(of=anew))
    assert blamed(both, look, start=shown(Description="old", MacAddress="a")) == ["F04 AfterSuccess"]


@pytest.mark.parametrize(
    ("released", "end", "blame"),
    [
        (False, "Available", []),
        (False, "", ["F02 AfterSuccess"]),
        (True, "", []),  # it was still there when its instance went
        (None, "", []),  # nobody says what becomes of it
    ],
)
def test_what_is_detaching_and_to_be_kept_does_not_go_with_its_instance(
    released: bool | None, end: str, blame: list[str]
) -> None:
    before = {} if released is None else {"DeleteOnRelease": released}
    look = looked(end, "", step=2, **(before if end else {}))
    without = replace(look, snapshot=replace(look.snapshot, enis={
        eni: fields for eni, fields in look.snapshot.enis.items() if eni != "eni-p"}, instances={}))  # fmt: skip
    assert blamed(sent(), acted("delete_instance"), without, start=shown(**before)) == blame


def started(when: str, *, step: int, one: str = "InUse") -> Looked:
    """A look that shows since when i-1 runs."""
    look = looked(one, step=step)
    return replace(look, snapshot=since(look.snapshot, when))


def since(snapshot: Snapshot, when: str) -> Snapshot:
    """The same look, with the start time of i-1."""
    return replace(snapshot, instances={"i-1": {**snapshot.instances["i-1"], "StartTime": when}})


def test_the_start_time_of_a_reboot_may_be_shown_later() -> None:
    """Where it was shown at once, or nothing was rebooted, nobody else may change it."""
    before, reboot = {"start": since(shown(), "09:00")}, acted("reboot", step=0)
    refused = sent(404, "InvalidEniId.NotFound", of=call("eni-x"), step=2)
    late = (started("09:00", step=1), refused, started("09:05", step=3))
    at_once = (started("09:05", step=1), refused, started("09:07", step=3))
    assert blamed(reboot, *late, **before) == []
    assert blamed(reboot, *at_once, **before) == ["F01 RefusalChanged"]
    assert blamed(*late, **before) == ["F01 RefusalChanged"]
