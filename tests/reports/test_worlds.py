"""The world before and after a counterexample, as boxes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import report_samples
from eni_conformance.oracle import evidence
from eni_conformance.reports import worlds


def test_the_world_shows_what_the_pictures_do_not_hold(runs: dict[str, Path]) -> None:
    """A change of a field that the picture leaves out is shown in its box all the same."""
    data = report_samples.results()
    raw = report_samples.evidence("Z", "ENI-DETACH-F03", data)
    raw["changes"] = [
        {"resource": "eni-bp1aa07", "path": "Tags", "before": ["a=b"], "after": None},
        {"resource": "eni-bp1aa08", "path": "Status", "before": "InUse", "after": "Available"},
    ]
    before, after = worlds.worlds(evidence.parse(raw))
    boxes = {b.id: b for i in after.instances for b in i.inside}
    assert worlds.Field("Tags", "none", True, "a=b") in boxes["eni-bp1aa07"].fields
    assert boxes["eni-bp1aa08"].status.changed
    assert before.enis_left_out == before.instances_left_out == 0


def test_the_world_marks_what_came_and_went() -> None:
    data = report_samples.results()
    raw = report_samples.evidence("Z", "ENI-DETACH-F02", data)
    raw["world_after"]["enis"][-1] = {"id": "eni-new", "status": "Available"}
    raw["world_after"]["enis"] += [{"id": f"eni-many{n}", "status": "Available"} for n in range(100)]
    before, after = worlds.worlds(evidence.parse(raw))
    assert [b.mark for b in before.free] == ["gone afterwards"]
    assert "new" in {b.mark for b in after.free}
    raw["world_before"] = None
    (only,) = worlds.worlds(evidence.parse(raw))
    assert not any(b.mark for b in only.free)
    assert only.enis_left_out > 50


def _changed(path: str, before: Any, after: Any) -> worlds.Told:
    change = {"resource": "i-1", "path": path, "before": before, "after": after}
    (told,) = worlds.changes(evidence.parse({"id": "e", "requirement": "R", "changes": [change]}))
    return told


def test_a_list_is_told_as_what_was_removed_and_what_was_added() -> None:
    entry = {"Type": "Secondary", "MacAddress": "m"}
    one, two = (json.dumps({"NetworkInterfaceId": name, **entry}) for name in ("eni-1", "eni-2"))
    told = _changed("NetworkInterfaces", [one, two], [two])
    assert told.listed and (told.before, told.after) == (("NetworkInterfaceId eni-1; Type Secondary",), ())
    told = _changed("SecurityGroupIds", ["sg-1", "sg-2"], ["sg-2", "sg-3"])
    assert (told.before, told.after) == (("sg-1",), ("sg-3",))


def test_of_an_item_on_both_sides_only_the_difference_is_told() -> None:
    told = _changed("Tags", ['{"TagKey": "team", "TagValue": "net"}'], ['{"TagKey": "team", "TagValue": "other"}'])
    assert (told.before, told.after) == (("TagKey team; TagValue net",), ("TagKey team; TagValue other",))


def test_what_is_no_list_is_told_as_both_values() -> None:
    told = _changed("Status", "InUse", None)
    assert (told.listed, told.before, told.after) == (False, ("InUse",), ("\u2013",))


def test_only_the_change_that_the_finding_speaks_of_is_wrong() -> None:
    """That the link is gone after a detach is as it should be; where no field is meant, every change counts."""
    changes = [{"resource": "eni-1", "path": path, "before": "a", "after": "b"} for path in ("Status", "Tags")]
    item = {"id": "e", "requirement": "R", "kind": "AfterSuccess", "changes": changes}
    lost = worlds.changes(evidence.parse({**item, "about": ["interface", "Tags", "lost"]}))
    assert [(one.path, one.lawful) for one in lost] == [("Tags", False), ("Status", True)]
    detached = worlds.changes(evidence.parse({**item, "about": ["interface", "was detached", ""]}))
    assert [one.lawful for one in detached] == [False, False]


def test_both_sides_show_the_same_resources() -> None:
    """Of a larger world the neighbours of what the call changed are the same before and after."""
    many = [{"id": f"eni-{n}", "status": "InUse", "instance": "i-1"} for n in range(9)]
    after = [{**many[0], "status": "Available", "instance": ""}, *many[1:]]
    host = {"instances": [{"id": "i-1", "status": "Running"}, {"id": "i-2", "status": "Running"}]}
    item = {
        "id": "e",
        "requirement": "R",
        "world_before": {**host, "enis": many},
        "world_after": {**host, "enis": after},
    }
    sides = worlds.worlds(evidence.parse(item))
    shown = [{b.id for box in (*side.instances, *side.free) for b in (box, *box.inside)} for side in sides]
    assert shown[0] == shown[1] == {"i-1", "eni-0", "eni-1", "eni-2"}
