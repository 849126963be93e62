"""What is drawn: every class of fault is there by name, every pair of properties is met, nothing is filtered away."""

from __future__ import annotations

import ast
import hashlib
import itertools
from pathlib import Path

import pytest
from eni_conformance.contract.codec import build, plain
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.gateway import table
from eni_conformance.contract.scenario import (
    ENI_STATUSES,
    INSTANCE_STATUSES,
    Act,
    Arg,
    Call,
    Detach,
    EniSpec,
    InstanceSpec,
    Parallel,
    Probe,
    Scenario,
    Wire,
    World,
)
from eni_conformance.contract.texts import FORMS, REGION_FORMS, kind_of, make_text
from eni_conformance.harness.values import Asked, Param
from eni_conformance.oracle.readings import EniKnown, InstanceKnown, Known, admissible
from eni_conformance.strategies import calls, cases, histories, probes, worlds
from eni_conformance.strategies.wire import FORMATS, ORDERS, PLACES, SIGNINGS, WIRES, wires
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from eni_conformance import strategies

PAGE = CONTRACTS["2019"]
CALLERS = ("ram_denied", "other_account")
MIXED = World(
    (InstanceSpec("Stopped"), InstanceSpec("Starting")),
    (
        EniSpec(),
        EniSpec(status="Detaching"),
        EniSpec(on=1),
        EniSpec(fault="eni.zone"),
        EniSpec(on=None, status="Deleting"),
    ),
)
OFFERS = list(itertools.product((True, False), (1, 2, 3), (True, False), (True, False)))
SOME_WORLDS = (cases.ONE, cases.TWO, cases.WITH_STOPPED, cases.WITH_TRANSITIONS, MIXED)


# --- a World made real, without a target ---------------------------------------------------------


def identifier(prefix: str, kind: str, place: str) -> str:
    """An identifier of the usual shape; two of them never differ by one character."""
    return f"{prefix}-bp1{hashlib.sha256(f'{kind}{place}'.encode()).hexdigest()[:17]}"


def known(world: World) -> Known:
    """The World as the oracle sees it; a primary interface on each instance."""
    instances, enis = {}, {}
    for i, host in enumerate(world.instances):
        name = identifier("i", "instance", str(i))
        instances[name] = InstanceKnown(name, frozenset({host.status}), host.over_eni_limit)
        primary = identifier("eni", "primary", str(i))
        enis[primary] = EniKnown(primary, frozenset({"InUse"}), frozenset({name}), "Primary")
    for k, spec in enumerate(world.enis):
        on = "" if spec.on is None else identifier("i", "instance", str(spec.on))
        eni = identifier("eni", "eni", str(k))
        enis[eni] = EniKnown(eni, frozenset({spec.status}), frozenset({on}), fault=spec.fault)
    regions = frozenset({"cn-hangzhou", "cn-beijing"})
    return Known("cn-hangzhou", regions, instances, enis, world.region_feature, world.refused_parameter)


def asked(call: Call) -> Asked:
    """The call with identifiers in place of references."""
    plain = {"instance_name": "a-name", "region": "cn-hangzhou", "second_region": "cn-beijing", "zone": "cn-hangzhou-i"}
    params = []
    for arg in call.args:
        kind, _, place = arg.ref.partition(":")
        prefix = "i" if kind == "instance" else "eni"
        text = plain[kind] if kind in plain else identifier(prefix, kind, place) if kind else ""
        region = arg.name == "RegionId" and kind in ("region", "second_region", "zone")
        made, how = make_text(arg.form, text, region=region), kind_of(arg.form, region=region)
        params.append(Param(arg.name, made, how if kind or not made.isprintable() else "exact"))
    return Asked(tuple(params), call.caller)


def fits(scenario: Scenario) -> None:
    """Every reference lies within the World, and the Scenario can be written down."""
    world = scenario.world
    for step in scenario.steps:
        for part in step.steps if isinstance(step, Parallel) else (step,):
            if isinstance(part, (Detach, Probe)):
                for arg in part.call.args:
                    kind, _, k = arg.ref.partition(":")
                    if kind == "eni":
                        assert int(k) < len(world.enis)
                    elif kind in ("instance", "primary", "instance_name"):
                        assert int(k) < len(world.instances)
            elif isinstance(part, Act):
                assert part.eni < max(1, len(world.enis)) and part.instance < len(world.instances)
    assert all(e.on is None or e.on < len(world.instances) for e in world.enis)
    assert build(Scenario, plain(scenario), "") == scenario


def outcomes(scenario):
    for step in scenario.steps:
        if isinstance(step, Detach):
            yield step.call, admissible(PAGE, known(scenario.world), asked(step.call))


# --- calls ---------------------------------------------------------------------------------------


def test_every_class_of_single_fault_is_there_by_name():
    """A literal list: no class can be lost without this test saying so."""
    labels = {item.label for item in calls.core(cases.TWO)}
    assert labels >= {
        "primary", "primary of another instance", "other instance", "interface Available",
        "missing InstanceId", "missing NetworkInterfaceId", "missing RegionId", "missing InstanceId+NetworkInterfaceId",
        "missing InstanceId+RegionId", "missing NetworkInterfaceId+RegionId",
        "missing RegionId+InstanceId+NetworkInterfaceId",
        "InstanceId last changed", "NetworkInterfaceId last changed", "InstanceId half", "NetworkInterfaceId half",
        "InstanceId empty", "NetworkInterfaceId empty", "InstanceId upper", "NetworkInterfaceId upper",
        "InstanceId trailing space", "NetworkInterfaceId trailing space", "InstanceId sql", "NetworkInterfaceId sql",
        "RegionId unknown region", "RegionId empty", "RegionId upper", "RegionId slash", "RegionId is second_region",
        "RegionId is zone", "RegionId is instance", "InstanceId is eni", "InstanceId is primary",
        "InstanceId is region", "InstanceId is instance_name", "NetworkInterfaceId is instance",
        "NetworkInterfaceId is region", "ids swapped",
    }  # fmt: skip


def test_states_and_faults_of_a_world_are_there_by_name():
    labels = {item.label for item in calls.core(MIXED)}
    assert labels >= {
        "interface Detaching",
        "interface InUse",
        "interface InUse eni.zone",
        "interface Deleting",
        "primary",
    }


def test_every_form_of_every_identifier_is_tried():
    labels = {item.label for item in calls.texts(cases.TWO)}
    for name in ("InstanceId", "NetworkInterfaceId"):
        assert {f"{name} {form}" for form in FORMS if form != "exact"} <= labels
        assert {f"{name} twice, unknown", f"{name} twice, two unknown"} <= labels
    assert {f"RegionId {form}" for form in REGION_FORMS if form != "exact"} <= labels
    assert "misnamed InstanceId as instanceId" in labels and "misnamed RegionId as regionId" in labels


@pytest.mark.parametrize("world", SOME_WORLDS)
def test_a_valid_call_is_valid_and_a_fault_is_a_fault(world):
    """Strategies and oracle agree, though neither knows the other: what is labelled a fault must be refused."""
    for k in calls.targets(world):
        made = admissible(PAGE, known(world), asked(calls.valid(k, calls.place_of(world, k))))
        assert made.success and not made.refusals and made.target == identifier("eni", "eni", str(k))
    for item in (*calls.core(world), *calls.texts(world)):
        if item.label == "interface Detaching":
            continue
        made = admissible(PAGE, known(world), asked(item.call))
        assert not made.success and made.refusals, item.label


def test_a_single_fault_breaks_one_precondition_alone():
    """Of a plain World; a text that nothing can read breaks two, as two rows may answer it."""
    for item in (*calls.core(cases.ONE), *calls.texts(cases.ONE)):
        if item.label.startswith(("missing ", "ids ")):
            continue
        made = admissible(PAGE, known(cases.ONE), asked(item.call))
        assert made.perhaps == ()
        assert len(made.broken) == (2 if "text is readable" in made.broken else 1), item.label


@pytest.mark.parametrize("subset", [n for r in (1, 2, 3) for n in itertools.combinations(calls.NAMES, r)])
def test_each_set_of_required_parameters_is_left_out_once(subset):
    left = [set(calls.NAMES) - {a.name for a in item.call.args} for item in calls.missing(calls.valid(0))]
    assert left.count(set(subset)) == 1 and len(left) == 7


def test_what_rides_along_leaves_the_required_parameters_as_they_are():
    made = calls.dressed(calls.valid(1), Wire("POST"), (calls.OWNER,), "expired")
    assert made.args == (*calls.valid(1).args, calls.OWNER) and made.wire == Wire("POST") and made.caller == "expired"
    assert calls.dressed(made, Wire(), ()).caller == "expired"
    names = {a.name for extra in calls.EXTRAS for a in extra}
    assert names == {"OwnerAccount", "OwnerId", "ResourceOwnerId", "ResourceOwnerAccount"}
    declared = {p.name for p in PAGE.parameters} | names
    assert not {a.name for extra in calls.UNDECLARED for a in extra} & declared


# --- wire forms ----------------------------------------------------------------------------------


def test_the_wire_forms_are_the_full_product_and_every_order_and_connection_occurs():
    shapes = {((w.method, w.place), w.format, w.signing) for w in WIRES}
    assert shapes == set(itertools.product(PLACES, FORMATS, SIGNINGS)) and len(WIRES) == len(shapes) == 40
    assert {w.order for w in WIRES} == set(ORDERS) and {w.fresh for w in WIRES} == {True, False}


@given(wires())
def test_a_drawn_wire_form_is_one_of_the_40_in_some_order(wire):
    shape = (wire.method, wire.place, wire.format, wire.signing)
    assert shape in {(w.method, w.place, w.format, w.signing) for w in WIRES} and wire.order in ORDERS


# --- worlds --------------------------------------------------------------------------------------


@pytest.mark.parametrize("offer", OFFERS)
def test_every_pair_of_properties_that_the_target_offers_is_met(offer, monkeypatch):
    """The covering array, pair by pair, for each kind of target."""
    second_zone, most, two, transitional = offer
    drawn = []
    monkeypatch.setattr(worlds, "_world", lambda row, _most: drawn.append(row))
    worlds.rows.__wrapped__(second_zone, most, two, transitional)
    values = {name: set(options) for name, options in worlds.DIMENSIONS.items()}
    values["zone"] = {0, 1} if second_zone else {0}
    values["attached"] = {n for n in (1, 2, 3) if n <= most}
    if not two:
        values["second"], values["eni_past"] = {"none"}, {"fresh", "reattached"}
    if not transitional:
        values["neighbour"] = {"none", "Available"}
    for one, other in itertools.combinations(values, 2):
        met = {(row[one], row[other]) for row in drawn}
        assert met == set(itertools.product(values[one], values[other])), (one, other)
    assert len(drawn) < 60


@pytest.mark.parametrize("offer", OFFERS)
def test_worlds_hold_only_what_the_target_offers(offer):
    second_zone, most, two, transitional = offer
    for world in worlds.rows(*offer):
        fits(Scenario(world))
        assert second_zone or all(i.zone == 0 for i in world.instances)
        assert two or len(world.instances) == 1
        for i in range(len(world.instances)):
            assert sum(e.on == i for e in world.enis) <= most
        assert transitional or {e.status for e in world.enis} <= worlds.LASTING
        assert {e.on is None for e in world.enis if e.status in ("Available", "Deleting")} <= {True}
        assert calls.targets(world)


def test_each_property_of_a_row_is_found_in_its_world():
    row = {
        "status": "Stopped", "past": "restarted", "zone": 1, "attached": 2, "eni_past": "moved", "tags": 4, "groups": 3,
        "addresses": 2, "name": "unicode", "description": "long", "delete_on_release": True, "other_vswitch": True,
        "neighbour": "Deleting", "second": "Stopped",
    }  # fmt: skip
    world = worlds._world(row, 3)
    assert world.instances == (InstanceSpec("Stopped", "restarted", 1), InstanceSpec("Stopped", "any", 1))
    special = EniSpec(0, "InUse", "moved", 4, 3, 2, "unicode", "long", True, True)
    assert world.enis.count(special) == 1
    assert [e.on for e in world.enis] == [0, 0, None, 1]
    for neighbour, status in (("Attaching", "Attaching"), ("Detaching", "Detaching"), ("Available", "Available")):
        made = worlds._world({**row, "neighbour": neighbour}, 3)
        assert status in {e.status for e in made.enis}
    assert "Attaching" not in {e.status for e in worlds._world({**row, "neighbour": "Attaching"}, 2).enis}


def test_the_special_interface_stands_first_in_the_middle_and_last():
    places = set()
    for world in worlds.rows(False, 3, False, False):
        on = [e for e in world.enis if e.on == 0]
        special = [n for n, e in enumerate(on) if e.past != "any"]
        places |= {(n, len(on)) for n in special}
    assert places >= {(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)}


@pytest.mark.parametrize("two", [True, False])
def test_the_matrix_of_states_is_whole(two):
    """Instance status x interface status, on the named instance, on another, on none."""
    made = list(worlds.state_matrix(two))
    cells = {(w.instances[0].status, w.enis[0].status, w.enis[0].on) for w in made}
    free = ("Available", "Deleting")
    expected = set()
    for instance, eni in itertools.product(INSTANCE_STATUSES, ENI_STATUSES):
        for on in [None] if eni in free else [0, 1] if two else [0]:
            expected.add((instance, eni, on))
    assert cells == expected and len(made) == len(expected)


@pytest.mark.parametrize(("quota", "attached"), [(2, 1), (4, 3), (20, 7)])
def test_full_houses_hold_as_many_as_fit_in_every_state(quota, attached):
    made = list(worlds.full_houses(quota))
    assert {w.instances[0].status for w in made} == set(INSTANCE_STATUSES)
    assert {sum(e.on == 0 for e in w.enis) for w in made} == {attached}
    assert [w.enis[0].on for w in made].count(None) == 2
    assert {w.enis[0].delete_on_release for w in made if w.enis[0].on == 0} == {True}


@pytest.mark.parametrize("fault", sorted(worlds.CONTROL_FAULTS))
def test_a_faulty_world_has_one_faulty_interface_among_clean_ones(fault):
    made = list(worlds.faulty_worlds(fault))
    assert all([e.fault for e in w.enis].count(fault) == 1 for w in made)
    assert {w.instances[0].status for w in made} == {"Running", "Stopped"}
    assert {tuple(bool(e.fault) for e in w.enis) for w in made} == {(True,), (False, True), (True, False)}


@given(worlds.random_worlds(True, True, 3))
def test_a_random_world_is_clean(world):
    fits(Scenario(world))
    assert calls.targets(world) and all(e.status == "InUse" and not e.fault for e in world.enis)
    assert 1 <= sum(e.on == 0 for e in world.enis) <= 3


# --- scenarios -----------------------------------------------------------------------------------

DRAWN = [
    cases.campaign(cases.TWO, 3, 12), cases.campaign(MIXED, 0, 4), cases.in_company(cases.TWO, CALLERS),
    cases.in_company(cases.ONE, ()), cases.overlapping(cases.OVERLAPPED, 4), cases.overlapping(cases.OVERLAPPED, 2),
    cases.odd_texts(cases.ONE, calls.texts(cases.ONE)[:9]),
]  # fmt: skip


@pytest.mark.parametrize("strategy", DRAWN, ids=range(len(DRAWN)))
@given(data=st.data())
@settings(
    max_examples=25, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_a_drawn_scenario_can_be_carried_out(strategy, data):
    scenario = data.draw(strategy)
    fits(scenario)
    assert scenario.steps


@given(cases.campaign(cases.TWO, 3, 0))
@settings(
    max_examples=10, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_a_campaign_sends_every_class_of_fault_and_detaches_every_interface(scenario):
    parts = [p for step in scenario.steps for p in (step.steps if isinstance(step, Parallel) else (step,))]
    sent = [part.call.args for part in parts if isinstance(part, Detach)]
    for item in calls.core(cases.TWO):
        assert any(args[: len(item.call.args)] == item.call.args for args in sent), item.label
    for k in calls.targets(cases.TWO):
        args = calls.valid(k, calls.place_of(cases.TWO, k)).args
        assert any(a[:3] == args for a in sent)


@given(cases.overlapping(cases.OVERLAPPED, 4))
def test_at_least_two_and_at_most_four_overlap(scenario):
    (step,) = scenario.steps
    assert isinstance(step, Parallel) and 2 <= len(step.steps) <= 4


def named():
    """Every scenario that is written down rather than drawn."""
    world = cases.TWO
    yield from cases.wire_table(world, calls.core(world)[:5])
    yield from cases.success_table(world)
    yield from cases.riding_along(world)
    yield from cases.repeated_while_detaching()
    yield from cases.overlaps_named(cases.TWO)
    yield from cases.sweep_states(sorted(worlds.CONTROL_FAULTS), 4)
    yield from cases.fresh_resources(6, 4)
    yield from cases.late_effects(True, 1.0)
    yield from (cases.sweep(two, 7) for two in (True, False))
    yield cases.sweep_texts(3)
    yield from cases.alike(world)
    yield from (cases.full_house(quota) for quota in (1, 2, 3, 9))
    yield from (cases.in_state(w, n, CALLERS) for n, w in enumerate(worlds.state_matrix(True)))
    yield from cases.sweep_callers(CALLERS)
    yield cases.alive(world)
    yield from (cases.unknown(w) for w in (world, World((InstanceSpec(),), ()), World((), ())))
    yield cases.unsupported(cases.ONE, "OwnerAccount")
    for caller, two in itertools.product(CALLERS, (True, False)):
        yield from cases.by_caller_everywhere(caller, two)
    for fault in worlds.CONTROL_FAULTS:
        yield from (cases.by_fault(w, 2) for w in worlds.faulty_worlds(fault))
    yield from (cases.refused_world(w, 1) for w in worlds.over_limit_worlds())
    every = table()
    yield from probes.probes(every, False)
    yield from probes.controls(tuple(every)[:3])
    yield probes.several(every)
    yield from (Scenario(histories.ALONE, steps, name) for name, steps in histories.SCENARIOS.items())
    yield from (Scenario(histories.WALKED, steps, name) for name, steps in histories.MOVES.items())


def test_every_named_scenario_can_be_carried_out():
    every = list(named())
    assert len(every) > 200
    for scenario in every:
        fits(scenario)
        assert scenario.steps, scenario.name


@pytest.mark.parametrize("status", ["Running", "Stopped"])
def test_the_table_of_successes_is_of_successes_in_every_wire_form(status):
    world = cases.three(status, 4)
    seen = []
    for scenario in cases.success_table(world):
        for call, made in outcomes(scenario):
            assert made.success and not made.refusals
            seen.append(call.wire)
    assert set(seen) == set(WIRES)


def test_a_caller_who_may_not_is_refused_whatever_he_sends():
    for caller in ("expired", "ram_denied", "ram_unsupported", "unsupported_user_type", "other_account"):
        for scenario in cases.by_caller_everywhere(caller, True):
            for call, made in outcomes(scenario):
                assert call.caller == caller and not made.success


def test_single_faults_have_one_call_each():
    for two in (True, False):
        _, items = cases.single_faults(two)
        labels = [i.label for i in items]
        assert len(labels) == len(set(labels)) > 30


def test_each_probe_is_sent_in_each_form_that_it_fits():
    every = table()
    for scenario, (name, (_, scheme, methods)) in zip(probes.probes(every, True), every.items(), strict=True):
        wires_used = [s.call.wire for s in scenario.steps]
        assert {s.name for s in scenario.steps} == {name} and wires_used
        assert all(w.method in methods and scheme in ("both", w.signing) for w in wires_used)
        if scheme == "both":
            assert {w.signing for w in wires_used} == {"v1", "v3"}
        if methods == ("POST",):
            assert all(w.place == "form" for w in wires_used)


# --- histories -----------------------------------------------------------------------------------


def test_a_walk_is_a_scenario_in_which_every_rule_fires():
    made = []

    class Here(histories.Walk):
        finished = staticmethod(made.append)
        fired = type(histories.Walk.fired)()

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=40, stateful_step_count=20, deadline=None, database=None, derandomize=True,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    rules = {name for name, value in vars(histories.Walk).items() if hasattr(value, "hypothesis_stateful_rule")}
    assert len(made) > 20 and len(rules) >= 8
    assert {r for r, n in Here.fired.items() if n} == rules
    for scenario in made:
        fits(scenario)
        attached: dict[int, int | None] = {k: e.on for k, e in enumerate(scenario.world.enis)}
        for step in scenario.steps:
            if isinstance(step, Act) and step.op == "attach":
                assert attached[step.eni] is None, "attached twice"
                attached[step.eni] = step.instance
            if isinstance(step, Detach):
                refs = {a.name: (a.ref, a.form) for a in step.call.args}
                for k, on in attached.items():
                    named = (refs["NetworkInterfaceId"], refs["InstanceId"])
                    if named == ((f"eni:{k}", "exact"), (f"instance:{on}", "exact")):
                        attached[k] = None


# --- the strategies themselves -------------------------------------------------------------------


def test_no_strategy_filters_or_assumes():
    """What is filtered is drawn in vain, and what is rare is then never met."""
    files = sorted(Path(strategies.__file__).parent.glob("*.py"))
    assert len(files) >= 6
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                assert name not in ("filter", "assume", "reject"), f"{path.name}:{node.lineno}"


def test_an_argument_without_a_reference_is_a_literal_text():
    for scenario in named():
        for step in scenario.steps:
            for arg in step.call.args if isinstance(step, Detach) else ():
                assert isinstance(arg, Arg) and (arg.ref or arg.form.startswith("text:"))
