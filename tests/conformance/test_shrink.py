"""Counterexamples are made smaller: what matters stays, everything else goes, within the budget."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eni_conformance.conformance.shrink import (
    AT_LEAST,
    as_described,
    as_it_was,
    as_new,
    lasting_damage,
    shrink,
    size,
    suspects,
)
from eni_conformance.contract.scenario import (
    Act,
    Arg,
    Call,
    Detach,
    EniSpec,
    InstanceSpec,
    Parallel,
    Probe,
    Scenario,
    Settle,
    Wire,
    World,
)
from eni_conformance.harness.history import Arranged, History, Looked, Sent
from eni_conformance.harness.values import Asked, Exchange, Request, Snapshot
from eni_conformance.oracle.findings import Disagreement, Finding
from eni_conformance.oracle.follow import Found
from eni_conformance.oracle.frame import Change
from hypothesis import given
from hypothesis import strategies as st

REGION = Arg("RegionId", "region")
RICH = EniSpec(past="moved", tags=3, groups=2, addresses=2, name="unicode", description="long", delete_on_release=True)
WIRE = Wire("POST", "form", "XML", "v3", "rotated", True)


def call(eni=0, instance=0, *extra, form="exact", wire=WIRE, caller="account"):
    args = (REGION, Arg("InstanceId", f"instance:{instance}"), Arg("NetworkInterfaceId", f"eni:{eni}", form), *extra)
    return Call(args, wire, caller)


def smallest(scenario, fails, guilty=-1, budget=2000):
    return shrink(scenario, guilty, fails, budget, lambda: False)[0]


def calls_of(scenario):
    for step in scenario.steps:
        for part in step.steps if isinstance(step, Parallel) else (step,):
            if isinstance(part, (Detach, Probe)):
                yield part.call


def names(scenario):
    return [a.name for c in calls_of(scenario) for a in c.args]


# --- steps ---------------------------------------------------------------------------------------

MANY = Scenario(World(), tuple(Detach(call(caller=f"c{n}")) for n in range(9)))


def has(*callers):
    return lambda s: set(callers) <= {c.caller for c in calls_of(s)}


def test_the_guilty_step_alone_is_tried_first():
    made, tried = shrink(MANY, 4, has("c4"), 1, lambda: False)
    assert made.steps == (MANY.steps[4],) and tried == 1


def test_then_the_step_before_it_and_then_all_before_it():
    tried = []

    def fails(s):
        tried.append([c.caller for c in calls_of(s)])
        return False

    shrink(MANY, 4, fails, 3, lambda: False)
    assert tried == [["c4"], ["c3", "c4"], ["c0", "c1", "c2", "c3", "c4"]]


@pytest.mark.parametrize("guilty", [-1, 0, 8, 99])
def test_steps_that_do_not_matter_go_wherever_they_stand(guilty):
    made = smallest(MANY, has("c1", "c6"), guilty)
    assert [c.caller for c in calls_of(made)] == ["c1", "c6"]


@given(st.sets(st.integers(0, 8), min_size=1, max_size=4), st.integers(-1, 8))
def test_exactly_the_steps_that_matter_are_left_in_their_order(wanted, guilty):
    fails = has(*(f"c{n}" for n in wanted))
    assert [c.caller for c in calls_of(smallest(MANY, fails, guilty))] == [f"c{n}" for n in sorted(wanted)]


def test_a_look_between_two_steps_goes_if_it_does_not_matter():
    scenario = Scenario(World(), (Settle(), Detach(call()), Settle(), Detach(call(caller="x")), Settle()))
    made = smallest(scenario, has("account", "x"))
    assert [type(s) for s in made.steps] == [Detach, Detach]


def test_the_last_step_is_never_taken_away():
    made = smallest(Scenario(World(), (Settle(), Settle())), lambda s: True)
    assert len(made.steps) == 1


def test_fewer_of_those_that_overlap():
    parts = (Detach(call()), Act("stop"), Detach(call(caller="x")), Act("delete"))
    made = smallest(Scenario(World(), (Parallel(parts),)), lambda s: any(isinstance(p, Parallel) for p in s.steps))
    assert len(made.steps[0].steps) == 2


def test_suspects_are_tried_before_anything_else():
    made, tried = shrink(MANY, -1, has("c2", "c7"), 2, lambda: False, ((7,), (2, 7)))
    assert made.steps == (MANY.steps[2], MANY.steps[7]) and tried == 2


def looked(step, *enis, why="settled"):
    return Looked(step, why, Snapshot(0.0, {eni: {"Status": "InUse"} for eni in enis}))


def sent(step, status):
    request = Request("DetachNetworkInterface", "2014-05-26", "GET", "/", (), (), b"", "account", "v1")
    exchange = Exchange("x", request, 0.0, 0.1, "answered", status)
    return Sent(step, Call(), Asked(()), exchange)


def test_what_was_accepted_since_the_last_look_is_suspected_of_what_the_next_one_shows():
    """Five calls and two looks; the second look shows that the second interface differs."""
    steps = (Detach(call(1)), Settle(), Detach(call(0)), Detach(call(1)), Detach(call(0)), Settle())
    arranged = Arranged(("i-a",), ("eni-a", "eni-b"), (), (), "", Snapshot(0.0))
    events = (sent(0, 200), looked(1), sent(2, 200), sent(3, 400), sent(4, 404), looked(5))
    history = History(Scenario(BIG, steps), arranged=arranged, events=events)
    finding = Finding("F05", "the detach changed a bystander", "F05:changed Status")
    changed = (Change("eni-b", "Status", "InUse", "Available"),)
    found = Found(finding, 5, after=Snapshot(0.0), changes=changed, n=6, history=history)
    assert suspects(found)[:3] == ((2, 5), (3, 5), (2, 3, 4, 5))


def test_what_was_accepted_about_the_same_interface_is_suspected_of_a_refusal():
    """An attach is refused, in a long history, because of the detach before it."""
    steps = (Detach(call(1)), Detach(call(0)), Detach(call(1)), Settle(), Act("attach", 1, 0))
    arranged = Arranged(("i-a",), ("eni-a", "eni-b"), (), (), "", Snapshot(0.0))
    events = (sent(0, 404), sent(1, 404), sent(2, 200), looked(3))
    history = History(Scenario(BIG, steps), arranged=arranged, events=events)
    found = Found(Finding("F07", "attaching again was refused", "attach again:x"), 4, n=5, history=history)
    assert suspects(found) == ((4,), (2, 4))
    assert suspects(replace(found, step=-1)) == () and suspects(replace(found, history=None)) == ()


# --- calls ---------------------------------------------------------------------------------------


def test_a_call_becomes_plain_where_nothing_matters():
    extra = (Arg("OwnerId", "", "text:1"), Arg("Foo", "", "text:2"))
    scenario = Scenario(World(), (Detach(call(0, 0, *extra, form="upper", caller="expired")),))
    assert smallest(scenario, lambda s: True) == Scenario(World(), (Detach(call(wire=Wire())),))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "XML"),
        ("signing", "v3"),
        ("order", "rotated"),
        ("fresh", True),
        ("method", "POST"),
        ("place", "form"),
    ],
)
def test_one_property_of_the_wire_form_is_kept_if_it_matters(name, value):
    def fails(s):
        return all(getattr(c.wire, name) == value for c in calls_of(s))

    (made,) = calls_of(smallest(Scenario(World(), (Detach(call()),)), fails))
    plain = replace(Wire(), **{name: value})
    assert made.wire == (replace(plain, method="POST") if name == "place" else plain)


def test_a_parameter_that_matters_is_kept_and_others_go():
    extra = [Arg(n, "", "text:1") for n in ("Foo", "OwnerId", "Bar")]
    made = smallest(Scenario(World(), (Detach(call(0, 0, *extra)),)), lambda s: "OwnerId" in names(s))
    assert names(made) == ["RegionId", "InstanceId", "NetworkInterfaceId", "OwnerId"]


def test_a_form_that_matters_is_kept():
    scenario = Scenario(World(), (Detach(call(form="upper")),))
    (made,) = calls_of(smallest(scenario, lambda s: any(a.form == "upper" for c in calls_of(s) for a in c.args)))
    assert made == call(form="upper", wire=Wire())


def test_a_literal_text_is_left_alone():
    """It may be the whole point; there is no identifier to fall back on."""
    arg = Arg("InstanceId", "instance:0", "text:odd")
    scenario = Scenario(World(), (Detach(Call((arg,), Wire())),))
    assert smallest(scenario, lambda s: True).steps == scenario.steps
    nothing = Scenario(World(), (Detach(Call((Arg("InstanceId", "", "half"),), Wire())),))
    assert smallest(nothing, lambda s: True).steps == nothing.steps


def test_calls_of_overlaps_become_plain_too_and_those_of_probes_as_far_as_they_may():
    """What a probe tampers with is there in its own method, place, scheme and format, for its own caller alone."""
    scenario = Scenario(World(), (Probe("x", call(caller="expired")), Parallel((Act("stop"), Detach(call())))))
    made = smallest(scenario, lambda s: len(s.steps) == 2 and len(list(calls_of(s))) == 2)
    probed = replace(Wire(), **{name: getattr(call().wire, name) for name in ("method", "place", "signing", "format")})
    assert made.steps == (
        Probe("x", call(wire=probed, caller="expired")),
        Parallel((Act("stop"), Detach(call(wire=Wire())))),
    )


# --- worlds --------------------------------------------------------------------------------------

BIG = World(
    (InstanceSpec("Stopped", "restarted", 1), InstanceSpec(), InstanceSpec("Starting")),
    (RICH, RICH, replace(RICH, on=1), replace(RICH, on=None, status="Available"), EniSpec(on=2)),
)


def test_what_no_step_refers_to_is_taken_out():
    made = smallest(Scenario(BIG, (Detach(call(0, 0)),)), lambda s: True)
    assert made == Scenario(World((InstanceSpec(),), (EniSpec(),)), (Detach(call(0, 0, wire=Wire())),))


def test_references_follow_when_something_before_them_is_taken_out():
    """The third interface on the second instance becomes the first on the first."""
    scenario = Scenario(BIG, (Detach(call(2, 1)), Act("attach", 2, 1), Act("stop", 0, 1)))
    made = smallest(scenario, lambda s: len(s.steps) == 3)
    assert made.world == World((InstanceSpec(),), (EniSpec(),))
    assert made.steps == (Detach(call(0, 0, wire=Wire())), Act("attach", 0, 0), Act("stop", 0, 0))


def test_an_instance_that_holds_a_named_interface_stays():
    scenario = Scenario(BIG, (Detach(call(2, 0)),))
    made = smallest(scenario, lambda s: True)
    assert len(made.world.instances) == 2 and [e.on for e in made.world.enis] == [1]
    assert [a.ref for a in made.steps[0].call.args] == ["region", "instance:0", "eni:0"]


@pytest.mark.parametrize("ref", ["instance:2", "primary:2", "instance_name:2"])
def test_whatever_names_an_instance_keeps_it(ref):
    scenario = Scenario(BIG, (Detach(Call((Arg("InstanceId", ref),), Wire())),))
    made = smallest(scenario, lambda s: True)
    assert made.world.instances == (InstanceSpec(),) and made.world.enis == ()
    assert made.steps[0].call.args[0].ref == ref.replace("2", "0")


def test_steps_that_overlap_and_probes_keep_what_they_name():
    scenario = Scenario(BIG, (Parallel((Detach(call(3, 0)), Act("delete", 3))), Probe("x", call(1, 0))))
    made = smallest(scenario, lambda s: len(s.steps) == 2 and len(list(calls_of(s))) == 2)
    assert [(e.on, e.status) for e in made.world.enis] == [(0, "InUse"), (None, "Available")]
    parallel, probe = made.steps
    assert parallel.steps[0].call.args[2].ref == "eni:1" and parallel.steps[1] == Act("delete", 1)
    assert probe.call.args[2].ref == "eni:0"


@pytest.mark.parametrize("name", ["past", "tags", "groups", "addresses", "name", "description", "delete_on_release"])
def test_one_property_of_an_interface_is_kept_if_it_matters(name):
    value = getattr(RICH, name)
    scenario = Scenario(World((InstanceSpec(),), (RICH,)), (Detach(call()),))
    made = smallest(scenario, lambda s: getattr(s.world.enis[0], name) == value)
    assert made.world.enis == (replace(EniSpec(), **{name: value}),)


@pytest.mark.parametrize(
    ("name", "value"), [("status", "Stopped"), ("past", "restarted"), ("zone", 1), ("fault", "instance.eni_limit")]
)
def test_one_property_of_an_instance_is_kept_if_it_matters(name, value):
    spec = InstanceSpec("Stopped", "restarted", 1, "instance.eni_limit")
    scenario = Scenario(World((spec,), (EniSpec(),)), (Detach(call()),))
    made = smallest(scenario, lambda s: getattr(s.world.instances[0], name) == value)
    assert made.world.instances == (replace(InstanceSpec(), **{name: value}),)


def test_a_fault_and_the_state_of_an_interface_are_kept_if_they_matter():
    bad = replace(RICH, fault="eni.zone", status="Detaching")
    scenario = Scenario(World((InstanceSpec(),), (bad,)), (Detach(call()),))
    made = smallest(scenario, lambda s: s.world.enis[0].fault == "eni.zone")
    assert made.world.enis == (EniSpec(status="Detaching", fault="eni.zone"),)
    assert smallest(scenario, lambda s: True).world.enis[0].fault == ""


def test_switches_of_the_world_are_turned_back_unless_they_matter():
    off, refused = "region.feature", "parameter.unsupported=OwnerAccount"
    world = World(faults=(off, refused))
    scenario = Scenario(world, (Detach(call()),))
    assert smallest(scenario, lambda s: True).world == World()
    for fault in (off, refused):
        assert smallest(scenario, lambda s, fault=fault: fault in s.world.faults).world == World(faults=(fault,))


# --- limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [0, 1, 5, 20])
def test_no_more_candidates_are_tried_than_the_budget_allows(budget):
    tried = []
    made, count = shrink(MANY, 4, lambda s: bool(tried.append(s)), budget, lambda: False)
    assert len(tried) == count <= budget
    assert made == MANY


def test_the_search_ends_when_the_time_is_spent_but_a_few_are_tried_in_any_case():
    tried = []

    def fails(s):
        tried.append(s)
        return False

    assert shrink(MANY, 4, fails, 1000, lambda: len(tried) > AT_LEAST) == (MANY, AT_LEAST + 1)
    tried.clear()
    assert shrink(MANY, 4, fails, 1000, lambda: True) == (MANY, AT_LEAST)


def test_what_cannot_be_made_smaller_stays():
    plain = Scenario(World(), (Detach(Call()),))
    assert smallest(plain, lambda s: True) == plain
    assert smallest(MANY, lambda s: False) == MANY


SPECS = st.builds(
    EniSpec, on=st.sampled_from((0, 1, None)), tags=st.integers(0, 2), past=st.sampled_from(("any", "fresh"))
)
WORLDS = st.builds(
    lambda enis, a, b: World((InstanceSpec(a), InstanceSpec(b)), tuple(enis)),
    st.lists(SPECS, min_size=1, max_size=4),
    st.sampled_from(("Running", "Stopped")),
    st.sampled_from(("Running", "Stopped")),
)


@st.composite
def steps_in(draw, world):
    """Steps whose references all lie in the world."""
    places, hosts, forms = st.integers(0, len(world.enis) - 1), st.integers(0, 1), st.sampled_from(("exact", "half"))
    one = st.one_of(
        st.builds(lambda e, i, f: Detach(call(e, i, form=f)), places, hosts, forms),
        st.builds(lambda e, i: Act("attach", e, i), places, hosts),
        st.builds(lambda i: Act("stop", 0, i), hosts),
        st.builds(lambda e, i: Parallel((Detach(call(e, i)), Act("delete", e))), places, hosts),
        st.just(Settle()),
    )
    return draw(st.lists(one, min_size=1, max_size=5))


@given(WORLDS, st.data())
def test_every_candidate_is_a_scenario_that_can_be_carried_out(world, data):
    """No reference leads out of the world, whatever is taken out of it."""
    steps = data.draw(steps_in(world))
    scenario = Scenario(world, tuple(steps))

    def fails(s):
        for step in s.steps:
            for part in step.steps if isinstance(step, Parallel) else (step,):
                if isinstance(part, Detach):
                    for arg in part.call.args:
                        kind, _, place = arg.ref.partition(":")
                        assert kind == "region" or int(place) < len(
                            s.world.enis if kind == "eni" else s.world.instances
                        )
                elif isinstance(part, Act):
                    if part.op in ("attach", "delete"):
                        assert 0 <= part.eni < len(s.world.enis)
                    if part.op in ("attach", "stop"):
                        assert 0 <= part.instance < len(s.world.instances)
        assert all(e.on is None or e.on < len(s.world.instances) for e in s.world.enis)
        assert size(s) <= size(scenario)
        return data.draw(st.booleans())

    made = smallest(scenario, fails, data.draw(st.integers(-1, len(steps) - 1)), 60)
    assert size(made) <= size(scenario)


def test_size_counts_resources_and_steps_that_are_no_looks():
    assert size(Scenario(BIG, (Detach(), Settle(), Act()))) == 3 + 5 + 2


# --- what a finding rests on besides its steps -------------------------------------------------------------

ONE = World((InstanceSpec(),), (EniSpec(),))
LIVED = World((InstanceSpec(past="restarted"),), (EniSpec(past="moved"),))


def shown(scenario, lived):
    arranged = Arranged(("i-a",), ("eni-a",), (), (), "", Snapshot(0.0), lived=lived)
    return Found(Finding("F04", "changed", "F04"), 0, history=History(scenario, arranged=arranged))


def test_what_a_resource_had_been_through_can_be_made_part_of_its_world():
    """A World that asks for anything is met by what is there; an endpoint may remember what that was."""
    asked = Scenario(ONE, (Detach(call()),))
    was = as_it_was(asked, shown(asked, LIVED))
    assert was == replace(asked, world=LIVED)
    new = as_new(asked, was)
    assert (new.world.instances[0].past, new.world.enis[0].past) == ("fresh", "fresh")
    assert as_it_was(asked, shown(asked, ONE)) == asked, "what was new is left as it was asked for"
    assert as_it_was(asked, shown(asked, None)) == asked, "a file of an earlier version does not tell it"


def test_a_past_that_matters_is_kept():
    """Nothing says which resource of the endpoint "any" would be: a past goes only if new resources show it, too."""

    def fails(candidate):
        return all(e.past in ("moved", "any") for e in candidate.world.enis)

    assert smallest(Scenario(LIVED, (Detach(call()),)), fails).world.enis[0].past == "moved"


HOSTILE = Detach(Call((REGION, Arg("InstanceId", "instance:0", "jinja"))))
PLAIN = Detach(Call((REGION, Arg("InstanceId", "instance:0"))))


def failure(step, requirement="B01"):
    return Found(Finding(requirement, "500", "status:500"), step)


def test_an_ordinary_call_that_fails_after_a_hostile_one_shows_lasting_damage():
    made = lasting_damage(failure(1), Scenario(World(), (HOSTILE, PLAIN))).finding
    assert (made.requirement, made.also) == ("B03", ("B01",))


@pytest.mark.parametrize(
    ("steps", "step", "requirement"),
    [
        ((HOSTILE,), 0, "B01"),  # the hostile call itself
        ((PLAIN, HOSTILE), 1, "B01"),
        ((PLAIN, PLAIN), 1, "B01"),  # nothing hostile came before
        ((HOSTILE, PLAIN), 1, "F01"),  # another matter
    ],
)
def test_every_other_failure_keeps_its_name(steps, step, requirement):
    assert lasting_damage(failure(step, requirement), Scenario(World(), steps)).finding.requirement == requirement


# --- the view that showed it --------------------------------------------------------------------------


def test_what_one_view_shows_is_tried_again_with_that_view():
    """Views take turns; without it the next try would ask for another one."""
    page = Found(Disagreement("M05", "x", "view:pages", about=("pages", "M05")), -1)
    detach, looked = Detach(call()), Settle(view="pages")
    assert as_described(Scenario(World(), (detach,)), page).steps == (detach, looked)
    assert as_described(Scenario(World(), (detach, Settle(1.0), detach, Settle())), page).steps == (
        detach, replace(looked, after=1.0), detach, looked,
    )  # fmt: skip
    for other in (Disagreement("M05", "x", "sides:Type", about=("sides", "Type")), Finding("F02", "x", "y")):
        assert as_described(Scenario(World(), (detach,)), Found(other, -1)).steps == (detach,)
