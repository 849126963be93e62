"""A Scenario written down is the same Scenario when it is read again; what is no Scenario is refused by name."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from eni_conformance.contract import codec, scenario
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
from hypothesis import given
from hypothesis import strategies as st

st.register_type_strategy(Settle, st.builds(Settle, after=st.floats(0, 100)))  # NaN is no time, and equals nothing
SCENARIOS = st.from_type(Scenario)


def written(scenario):
    return codec.plain(scenario, brief=True)


def read(data):
    return codec.build(Scenario, data, "scenario")


@given(SCENARIOS)
def test_a_scenario_survives_being_written_and_read(scenario):
    """By value, through JSON text, whatever texts it holds."""
    text = json.dumps(written(scenario), ensure_ascii=True)
    assert read(json.loads(text)) == scenario


@given(SCENARIOS)
def test_what_is_written_leaves_out_what_is_at_its_default(scenario):
    """Evidence is read by people: it shows what is special and nothing else."""

    def check(shown, value):
        for name, item in shown.items():
            field = value.__dataclass_fields__[name]
            default = field.default_factory() if callable(getattr(field, "default_factory", None)) else field.default
            assert name == "kind" or getattr(value, name) != default
            if isinstance(item, dict):
                check(item, getattr(value, name))

    check(written(scenario), scenario)


def test_the_plain_scenario_is_written_as_nothing_and_steps_keep_their_kind():
    assert written(Scenario()) == {}
    steps = (Detach(), Act(), Settle(), Probe(), Parallel((Detach(), Act("stop"))))
    assert written(Scenario(steps=steps)) == {
        "steps": [
            {"kind": "detach"},
            {"kind": "act"},
            {"kind": "settle"},
            {"kind": "probe"},
            {"kind": "parallel", "steps": [{"kind": "detach"}, {"op": "stop", "kind": "act"}]},
        ]
    }


def test_what_is_special_is_written_in_full():
    scenario = Scenario(
        World((InstanceSpec("Stopped", zone=1),), (EniSpec(on=None, status="Available", delete_on_release=False),)),
        (Detach(Call((Arg("InstanceId", "eni:0", "upper"),), Wire("POST", fresh=True), "expired")),),
        "x",
    )
    assert written(scenario) == {
        "world": {
            "instances": [{"status": "Stopped", "zone": 1}],
            "enis": [{"on": None, "status": "Available", "delete_on_release": False}],
        },
        "steps": [
            {
                "call": {
                    "args": [{"name": "InstanceId", "ref": "eni:0", "form": "upper"}],
                    "wire": {"method": "POST", "fresh": True},
                    "caller": "expired",
                },
                "kind": "detach",
            }
        ],
        "name": "x",
    }
    assert read(written(scenario)) == scenario


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"wurld": {}}, "scenario: unknown key 'wurld'"),
        (
            {"world": {"instances": [{"status": "Asleep"}]}},
            "scenario.world.instances[0].status: 'Asleep' is not one of",
        ),
        ({"world": {"enis": [{"status": None}]}}, "scenario.world.enis[0].status: null is not one of"),
        ({"steps": [{}]}, "scenario.steps[0]: kind must be one of ('detach', 'act', 'settle', 'probe', 'parallel')"),
        ({"steps": [{"kind": "settle", "seconds": 1}]}, "scenario.steps[0]: unknown key 'seconds'"),
        ({"steps": [{"kind": "detach", "call": {"args": [{}]}}]}, "scenario.steps[0].call.args[0]: 'name' is missing"),
        (
            {"steps": [{"kind": "parallel", "steps": [{"kind": "settle"}]}]},
            "scenario.steps[0].steps[0]: kind must be one of ('detach', 'act')",
        ),
    ],
)
def test_what_is_no_scenario_is_refused_and_the_key_named(data, said):
    """A counterexample of another version is never replayed as something else."""
    with pytest.raises(ValueError) as refused:
        read(data)
    assert said in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(("detach", "act", "parallel")),
    lambda x: (
        st.lists(x, max_size=3)
        | st.dictionaries(
            st.sampled_from(("world", "steps", "name", "kind", "call", "args", "enis", "on")), x, max_size=4
        )
    ),
)


@given(JSON)
def test_any_json_is_a_scenario_or_refused(data):
    """A damaged evidence file is an error message, never a traceback."""
    try:
        scenario = read(data)
    except ValueError:
        return
    assert read(written(scenario)) == scenario


def test_lists_of_statuses_are_those_of_the_types():
    assert get_args(scenario.InstanceStatus) == scenario.INSTANCE_STATUSES
    assert get_args(scenario.EniStatus) == scenario.ENI_STATUSES


def test_the_plain_call_names_region_instance_and_interface():
    assert [(a.name, a.ref, a.form) for a in Call().args] == [
        ("RegionId", "region", "exact"),
        ("InstanceId", "instance:0", "exact"),
        ("NetworkInterfaceId", "eni:0", "exact"),
    ]
    assert Call().caller == "account"
