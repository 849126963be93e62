"""A World made real: it is looked at until two looks agree, and what it needs is named."""

from types import SimpleNamespace

import pytest
from eni_conformance.contract.scenario import EniSpec, InstanceSpec, World
from eni_conformance.harness.bench import arrange, pool
from eni_conformance.harness.bench.look import LOOKS_TO_AGREE
from eni_conformance.harness.values import Snapshot
from shown import FREE, LEAVING, USED, state


def test_interfaces_and_instances_that_never_agree_are_taken_as_they_are(bench, shows):
    """A list that hides what is attached, or shows what is not, is for the frame to judge."""
    shows(state("InUse", "i-1", ["eni-7"]))
    assert arrange._agreed(bench, ["eni-1"], frozenset()).held("i-1") == {"eni-7"}
    assert bench.lags


def test_what_is_watched_on_purpose_tells_how_long_a_transition_takes(bench, shows):
    """Unless descriptions lag behind: then it tells nothing."""
    shows(LEAVING, LEAVING, FREE)
    arrange._watch(bench, bench.enis[0], "i-1", "Detaching", "Available", pool.DETACHING)
    assert bench.typical == {pool.DETACHING: pytest.approx(2 * 3 * bench.step)} and not bench.lags
    bench.typical = {}
    shows(USED, FREE)
    arrange._watch(bench, bench.enis[0], "i-1", "Detaching", "Available", pool.DETACHING)
    assert bench.typical == {} and bench.lags


@pytest.mark.parametrize(("end", "used"), [(FREE, True), (state("Available", "i-1"), False)], ids=["free", "linked"])
def test_an_interface_that_is_detached_and_still_shown_on_its_instance_is_not_used_again(
    bench, shows, monkeypatch, end, used
):
    shows(*[USED] * 5, LEAVING, end)
    monkeypatch.setattr(arrange, "_hosts", lambda *_: bench.instances)
    monkeypatch.setattr(arrange, "create_eni", lambda *_: bench.enis[0])
    monkeypatch.setattr(arrange, "attach", lambda *_: None)
    monkeypatch.setattr(arrange.ecs, "detach_eni", lambda *_: None)
    arrange.measure_lag(bench)
    assert (bench.enis[0].look is not None) == used


def test_a_careful_look_is_one_that_the_next_confirms(bench, shows):
    """So that no single look convicts. Where no two agree, the last one of a few is taken."""
    endpoint = shows(LEAVING, FREE, FREE)
    first = pool.refresh(bench)
    assert arrange._seen_twice(bench, first, frozenset()).status("eni-1") == "Available"
    assert len(endpoint.asked) == 3
    endpoint = shows(*[USED, FREE] * 40)
    arrange._seen_twice(bench, pool.refresh(bench), frozenset())
    assert len(endpoint.asked) == 1 + LOOKS_TO_AGREE


def test_what_changes_in_each_look_does_not_keep_two_looks_from_agreeing_but_what_is_not_there_does(bench, shows):
    """A heartbeat beside a list that lacks something for once: the look that lacks it is never the one that counts."""

    def beating(beat, *enis):
        fields = {"Status": "Available", "Beat": f"{beat}"}
        return Snapshot(0.0, {e: {"NetworkInterfaceId": e, **fields} for e in enis}, {})

    endpoint = shows(*(beating(n, "eni-1", *(["eni-2"] if n % 4 else [])) for n in range(40)))
    seen = arrange._seen_twice(bench, pool.refresh(bench), frozenset())
    assert set(seen.enis) == {"eni-1", "eni-2"} and len(endpoint.asked) < LOOKS_TO_AGREE


def test_a_capability_that_does_not_work_as_its_document_says_is_named_so(bench):
    """The reason of a requirement that rests on it: it is not offered, or offered and wrong."""
    bench.ground = SimpleNamespace(vswitch_ids=("vsw-1",), eni_quota=3)
    world = World((InstanceSpec(),), (EniSpec(fault="vswitch.remove"),))
    assert arrange.needs(world, bench) == "control protocol: vswitch.remove"
    bench.wrong_orders = {"vswitch.remove": "it answers 500"}
    assert arrange.needs(world, bench) == (
        "control protocol: vswitch.remove, which is offered but not as its document says (it answers 500)"
    )
    bench.capabilities = frozenset({"vswitch.remove"})
    assert arrange.needs(world, bench) == ""
