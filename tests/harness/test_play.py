"""A Scenario carried out: what is sent and what never is, what is written down, what is left for the next."""

from __future__ import annotations

from pathlib import Path

import pytest
from eni_conformance.contract.scenario import Arg, Call, Detach, Parallel, Probe, Step
from eni_conformance.contract.texts import make_text
from eni_conformance.harness.history import LeftOut, Overlapped, Probed, Sent
from small_ecs import HOST, OURS, SmallEcs, played, stage, told

REGION_ARG, HOST_ARG = Arg("RegionId", "region"), Arg("InstanceId", "instance:0")


def naming(form: str = "exact", ref: str = "eni:0") -> Call:
    """A call whose interface is given in this form."""
    return Call((REGION_ARG, HOST_ARG, Arg("NetworkInterfaceId", ref, form)))


# --- what is never sent ------------------------------------------------------------------------------

INVENTED = naming("last changed")
"""It is taken to denote nothing. In these tests somebody has an interface of that name."""
NAMING_WHAT_IS_NOT_OURS: dict[str, tuple[Step, str]] = {
    "alone": (Detach(INVENTED), make_text("last changed", OURS)),
    "beside another": (Parallel((Detach(), Detach(INVENTED))), make_text("last changed", OURS)),
    "as a probe": (Probe("signature truncated", INVENTED), make_text("last changed", OURS)),
    "as a probe of what is not there": (Probe("sent again after other calls"), OURS + "0"),
}


@pytest.mark.parametrize("host", ["i-bp1theirs0", HOST], ids=["on theirs", "on ours"])
@pytest.mark.parametrize(("step", "name"), NAMING_WHAT_IS_NOT_OURS.values(), ids=NAMING_WHAT_IS_NOT_OURS)
def test_a_call_that_names_what_exists_and_is_not_ours_is_never_sent(
    step: Step, name: str, host: str, tmp_path: Path
) -> None:
    ecs = SmallEcs({name: (host, "InUse", 0.0)})
    history = played(stage(ecs, tmp_path), step)
    assert told(history, LeftOut, Sent, Probed, Overlapped) == [LeftOut(0, "foreign")]
    assert ecs.sent() == [] and ecs.enis[name] == (host, "InUse", 0.0)


@pytest.mark.parametrize(("step", "name"), NAMING_WHAT_IS_NOT_OURS.values(), ids=NAMING_WHAT_IS_NOT_OURS)
def test_the_same_call_is_sent_where_nothing_has_that_name(step: Step, name: str, tmp_path: Path) -> None:
    ecs = SmallEcs()
    history = played(stage(ecs, tmp_path), step)
    assert told(history, LeftOut) == [] and name in ecs.sent()


def test_what_denoted_nothing_is_asked_about_once_and_what_came_true_is_forgotten(tmp_path: Path) -> None:
    """The texts of the next plays are mostly the same ones."""
    ecs, name = SmallEcs(), make_text("last changed", OURS)
    where = stage(ecs, tmp_path)
    played(where, Detach(INVENTED))
    assert where.nothing == {name}
    ecs.enis[name] = ("i-bp1theirs0", "InUse", 0.0)
    history = played(where, Detach(INVENTED))
    assert told(history, Sent)[0].denotes == (name,) and where.nothing == set()
    assert told(played(where, Detach(INVENTED)), LeftOut) == [LeftOut(0, "foreign")]


def test_a_primary_interface_that_no_description_shows_is_not_asked_for(tmp_path: Path) -> None:
    ecs = SmallEcs()
    where = stage(ecs, tmp_path)
    where.bench.instances[0].primary = ""
    history = played(where, Detach(naming(ref="primary:0")))
    assert told(history, LeftOut) == [LeftOut(0, "unshown")] and ecs.sent() == []
