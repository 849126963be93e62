"""Scenarios: each can be carried out, whatever is drawn; each table holds what it is named for; nothing is filtered."""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from pathlib import Path

import pytest
from eni_conformance.contract.detach import CALLER_OF, OPS
from eni_conformance.contract.gateway import PROBES
from eni_conformance.contract.scenario import Act, Detach, Parallel, World
from eni_conformance.strategies import calls as made_calls
from eni_conformance.strategies import drawn, histories, probes, sweeps, tables, worlds
from eni_conformance.strategies.wire import WIRES
from eni_conformance.strategies.worlds import ONE, TWO, WALKED, WALKED_ALONE, Offer
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from made_real import calls, fits, outcome

from eni_conformance import strategies

CALLERS = ("ram_denied", "other_account")
OFFER = Offer()
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

# --- drawn ---------------------------------------------------------------------------------------

DRAWN = {
    "campaign": drawn.campaign(TWO, 3, 12, CALLERS),
    "campaign in transition": drawn.campaign(worlds.WITH_TRANSITIONS, 0, 4),
    "in company": drawn.in_company(TWO, CALLERS),
    "in company, no other caller": drawn.in_company(ONE, ()),
    "overlapping, four": drawn.overlapping(WALKED_ALONE, 4),
    "overlapping, two": drawn.overlapping(WALKED_ALONE, 2),
    "odd texts": drawn.odd_texts(ONE, made_calls.texts(ONE)[:9]),
}


@pytest.mark.parametrize("name", DRAWN)
@given(data=st.data())
@settings(max_examples=25, phases=[Phase.generate], suppress_health_check=SLOW)
def test_a_drawn_scenario_can_be_carried_out(name, data):
    fits(data.draw(DRAWN[name]))


@given(drawn.campaign(TWO, 3, 0))
@settings(max_examples=10, phases=[Phase.generate], suppress_health_check=SLOW)
def test_a_campaign_sends_every_class_of_fault_and_detaches_every_interface(scenario):
    sent = {call.args[:n] for call in calls(scenario) for n in range(4)}
    for item in made_calls.core(TWO):
        assert item.call.args in sent, item.label
    for k in made_calls.targets(TWO):
        assert made_calls.on(TWO, k).args in sent


@given(drawn.overlapping(WALKED_ALONE, 4))
def test_at_least_two_and_at_most_four_overlap(scenario):
    (step,) = scenario.steps
    assert isinstance(step, Parallel) and 2 <= len(step.steps) <= 4


# --- written down --------------------------------------------------------------------------------


def written():
    """Every Scenario that is written down rather than drawn."""
    yield from tables.in_every_wire_form(TWO, made_calls.core(TWO)[:5])
    for table in (tables.accepted_in_every_wire_form, tables.riding_along, tables.given_twice, tables.alike):
        yield from table(TWO)
    yield from (*tables.repeated_while_detaching(), *tables.overlaps(TWO), *tables.in_formats(("json", "xml")))
    yield from (*tables.trunks(ONE), *tables.trunks(worlds.TRUNKS))
    yield from (*tables.fresh_resources(6, OFFER), *tables.late_effects(OFFER, 1.0))
    yield from (*tables.in_states(worlds.state_matrix(OFFER), CALLERS), *tables.in_full_houses(OFFER, CALLERS))
    for offer in (OFFER, Offer(False, False, 2)):
        for order in OPS.values():
            for condition in order.conditions:
                yield from tables.provoked(order, condition, offer)
        for caller in CALLER_OF.values():
            yield from tables.by_caller_everywhere(caller, offer)
        yield sweeps.calls(offer, 7)
        yield from (*sweeps.states(offer), *sweeps.overlaps(offer), *sweeps.second_region(offer, 5, CALLERS))
    yield from (*sweeps.callers(CALLERS), sweeps.texts(3))
    yield from (tables.full_house(Offer(quota=quota)) for quota in (1, 2, 3, 9))
    yield from (tables.again(ONE, 0, slots) for slots in (0, 3))
    yield tables.still_works(TWO)
    yield from (tables.still_refuses(world) for world in (TWO, worlds.alone(), World((), ())))
    yield from (*probes.thorough(PROBES), *probes.probes(PROBES, False), *probes.controls(tuple(PROBES)[:3]))
    yield probes.several(PROBES)
    yield from map(histories.named, (*histories.SCENARIOS, *histories.MOVES, *histories.BORN))
    yield from tables.born_with_the_instance()


def test_every_written_scenario_can_be_carried_out():
    every = list(written())
    assert len(every) > 200
    for scenario in every:
        fits(scenario)


@pytest.mark.parametrize("status", ["Running", "Stopped"])
@pytest.mark.parametrize("quota", [2, 3, 4])
def test_the_table_of_successes_is_of_successes_in_every_wire_form(status, quota):
    world = worlds.three(status, Offer(quota=quota))
    sent = [call for scenario in tables.accepted_in_every_wire_form(world) for call in calls(scenario)]
    assert Counter(call.wire for call in sent) == Counter(WIRES)
    assert all(made.success and not made.refusals for made in (outcome(world, call) for call in sent))


def test_an_interface_that_came_with_its_instance_gets_a_refusal_of_every_class_and_is_detached():
    """The classes are shared out to a Running and a Stopped instance; in either the last call comes too late."""
    made = list(tables.born_with_the_instance())
    assert [(s.world.instances[0].status, s.world.enis[0].past) for s in made] == [
        ("Running", "born"),
        ("Stopped", "born"),
    ]
    sent = [[outcome(s.world, call) for call in calls(s)] for s in made]
    assert all([one.success for one in of].index(True) == len(of) - 2 for of in sent)
    classes = made_calls.one_of_each(made_calls.core(made[0].world))
    assert sum(len(of) - 2 for of in sent) == len(classes)


@pytest.mark.parametrize("caller", CALLER_OF.values())
def test_a_caller_who_may_not_is_refused_whatever_he_sends(caller):
    for scenario in tables.by_caller_everywhere(caller, OFFER):
        for call in calls(scenario):
            assert call.caller == caller and not outcome(scenario.world, call).success


@pytest.mark.parametrize("condition", [c for order in OPS.values() for c in order.conditions])
def test_a_condition_is_met_by_refused_calls_and_some_that_it_leaves_alone(condition):
    """What the condition is about is refused; what it is not about (another interface, other parameters) is not."""
    order = OPS[condition.partition("=")[0]]
    made = [outcome(s.world, call) for s in tables.provoked(order, condition, OFFER) for call in calls(s)]
    assert Counter(bool(one.refusals) for one in made)[True] >= 10
    assert order.on in ("region", "instance") or any(one.success for one in made)


def test_each_probe_is_sent_in_each_form_that_it_fits():
    for scenario, (name, probe) in zip(probes.probes(PROBES, True), PROBES.items(), strict=True):
        forms = [call.wire for call in calls(scenario)]
        assert {step.name for step in scenario.steps} == {name} and forms
        assert all(w.method in probe.methods and probe.scheme in ("both", w.signing) for w in forms)
        assert probe.scheme != "both" or {w.signing for w in forms} == {"v1", "v3"}
        assert probe.methods != ("POST",) or all(w.place == "form" for w in forms)


# --- histories -----------------------------------------------------------------------------------


@pytest.mark.parametrize("world", [WALKED, WALKED_ALONE], ids=["two instances", "one"])
def test_a_walk_is_a_scenario_in_which_every_rule_fires(world):
    made = []
    fired = histories.Walks(world, 3, steps=20, times=40, seed=1).carry_out(made.append)
    rules = {name for name, value in vars(histories.Walk).items() if hasattr(value, "hypothesis_stateful_rule")}
    assert len(rules) >= 8 and rules - {rule for rule, n in fired.items() if n} <= {"detach_from_other"}
    assert len(made) > 20
    for scenario in made:
        fits(scenario)
        on = {k: eni.on for k, eni in enumerate(world.enis)}
        for step in scenario.steps:
            if isinstance(step, Act) and step.op == "attach":
                assert on[step.eni] is None, "attached twice"
                on[step.eni] = step.instance
            elif isinstance(step, Detach):
                valid = {made_calls.valid(k, i).args: k for k, i in on.items() if i is not None}
                if step.call.args[:3] in valid:
                    on[valid[step.call.args[:3]]] = None


def test_the_same_seed_walks_the_same_ways():
    walked = [[], [], []]
    for made, seed in zip(walked, (1, 1, 2), strict=True):
        histories.Walks(WALKED, 3, steps=10, times=4, seed=seed).carry_out(made.append)
    assert walked[0] == walked[1] != walked[2]


# --- the strategies themselves -------------------------------------------------------------------


def test_no_strategy_filters_or_assumes():
    """What is filtered is drawn in vain, and what is rare is then never met."""
    files = sorted(Path(strategies.__file__).parent.glob("*.py"))
    assert len(files) >= 6
    for node in itertools.chain.from_iterable(ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for path in files):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            assert name not in ("filter", "assume", "reject"), ast.unparse(node)
