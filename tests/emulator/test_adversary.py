"""The grammar of composed behaviours: each word of it is seen on the wire, and what it draws is well-formed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest
from adversary_witnesses import EFFECTS_SHOWN, LASTING, TRIGGERS_SHOWN, UNSEEN, VARIANTS_SHOWN, build, read
from emulator_client import Client
from eni_conformance.emulator.behaviour import Behaviour
from eni_conformance.emulator.words.codes import CODES
from eni_conformance.emulator.words.family import Family
from eni_conformance.emulator.words.grammar import (
    FAULT_EFFECTS,
    RULES,
    SpecError,
    compose,
    objection,
    parse,
    too_rare,
)
from eni_conformance.emulator.words.persistence import PERSISTENCE
from eni_conformance.emulator.words.triggers import TRIGGERS
from eni_conformance.emulator.words.variants import VARIANT_EFFECTS
from processes import EMULATOR, listed
from test_emulator_variants import Patient

READS = [name for name, family in TRIGGERS.items() if family.reads]


@pytest.fixture
def mixed(client: Client) -> Iterator[Client]:
    """A client whose emulator shows nothing composed, before and after."""
    client.control("wipe")
    yield client
    client.control("composed", specs=[])


def some(family: Family) -> list[str]:
    """A few of the arguments that an effect takes: all of them if they are few."""
    every = family.arguments
    return list(every) if len(every) <= 12 else [*every[:: len(every) // 8]]


# Each word is seen


@pytest.mark.parametrize("name", [name for name in TRIGGERS if name not in READS and name != "always"])
def test_trigger_is_seen(mixed: Client, name: str) -> None:
    def on(trigger: str) -> None:
        mixed.control("composed", specs=[f"headers(no-trace-id)@{trigger}/every"])

    yes, no = TRIGGERS_SHOWN[name](mixed, on, name)
    assert yes.header("x-acs-trace-id") is None
    assert no.header("x-acs-trace-id") is not None


@pytest.mark.parametrize("name", READS)
def test_trigger_of_reading_is_seen(mixed: Client, name: str) -> None:
    mixed.control("composed", specs=[f"stale-status(InUse)@{name}/every"])
    build(mixed)
    made = build(mixed)
    made.detach()
    mixed.settle()
    seen = read(mixed, made)
    assert seen[name] == "InUse"
    assert "Available" in seen.values()


@pytest.mark.parametrize("name", FAULT_EFFECTS)
def test_effect_is_seen(mixed: Client, name: str) -> None:
    family, witness = FAULT_EFFECTS[name], EFFECTS_SHOWN[name]
    for argument in some(family):
        mixed.control("composed", specs=[])
        mixed.control("wipe")
        if name == "hang" or (name, argument) in (("wrong-status", "404"),):
            pass
        else:
            assert not witness(mixed, argument), f"{argument}: seen without the fault"
        mixed.control("wipe")
        spec = f"{family.make(argument).name}@always/{LASTING.get(name, 'every')}"
        mixed.control("composed", specs=[spec])
        assert witness(mixed, argument), f"{spec}: not seen"


@pytest.mark.parametrize("name", VARIANT_EFFECTS)
def test_variant_is_seen(mixed: Client, name: str) -> None:
    family, observe = VARIANT_EFFECTS[name], VARIANTS_SHOWN[name]
    for argument in family.arguments:
        if (name, argument) in UNSEEN:
            continue
        mixed.control("composed", specs=[])
        mixed.control("wipe")
        before = observe(mixed, argument)
        mixed.control("wipe")
        mixed.control("composed", specs=[f"{family.make(argument).name}@always/{LASTING.get(name, 'every')}"])
        assert observe(mixed, argument) != before or _ready_made(name, argument), argument


def _ready_made(name: str, argument: str) -> bool:
    """Whether the default emulator does just that."""
    return (name, argument) in {("host", "ecs.aliyuncs.com")}


def test_every_word_has_its_witness() -> None:
    assert set(TRIGGERS_SHOWN) | set(READS) | {"always"} == set(TRIGGERS)
    assert set(EFFECTS_SHOWN) == set(FAULT_EFFECTS)
    assert set(VARIANTS_SHOWN) == set(VARIANT_EFFECTS)


@pytest.mark.parametrize(
    ("persistence", "seen"),
    [
        ("every", [1, 1, 1, 1, 1, 0]),
        ("once", [1, 0, 0, 0, 0, 0]),
        ("second", [0, 1, 0, 1, 0, 0]),
        ("first3", [1, 1, 1, 0, 0, 0]),
        ("sticky", [1, 1, 1, 1, 1, 1]),
    ],
)
def test_persistence(mixed: Client, persistence: str, seen: list[int]) -> None:
    mixed.control("composed", specs=[f"headers(no-trace-id)@only-post/{persistence}"])
    made = build(mixed)
    methods = ["POST"] * 5 + ["GET"]
    answers = [made.detach(method=method) for method in methods]
    assert [int(answer.header("x-acs-trace-id") is None) for answer in answers] == seen
    assert set(PERSISTENCE) >= {persistence}


# What is composed


def test_the_grammar_is_rich() -> None:
    assert len(TRIGGERS) >= 45
    assert len(FAULT_EFFECTS) >= 45
    assert len(VARIANT_EFFECTS) >= 25
    assert len(CODES) == 24
    assert all(rule.reason for rule in RULES)


@pytest.mark.parametrize("conforming", [False, True])
@pytest.mark.parametrize("seed", range(1, 8))
def test_what_is_drawn_can_be_parsed_and_installed(seed: int, conforming: bool) -> None:
    specs = compose(60, seed, conforming)
    assert len(set(specs)) == 60
    assert specs == compose(60, seed, conforming)
    for spec in specs:
        made = parse(spec)
        assert made.spec == spec and spec.isprintable() and " " not in spec
        assert made.conforming is conforming
        assert objection(made) == ""
        assert conforming or not too_rare(made)
        made.install(Behaviour())


def test_all_effects_and_most_triggers_occur() -> None:
    drawn = [parse(spec) for spec in compose(400, 1)]
    assert {made.effect.name.partition("(")[0] for made in drawn} == set(FAULT_EFFECTS)
    assert {trigger.name.partition("(")[0] for made in drawn for trigger in made.triggers} == set(TRIGGERS)
    assert {made.persistence for made in drawn} == set(PERSISTENCE)
    assert {parse(spec).effect.name.partition("(")[0] for spec in compose(150, 1, True)} == set(VARIANT_EFFECTS)


def test_seeds_draw_different_behaviours() -> None:
    assert len(set(compose(40, 1)) & set(compose(40, 2))) < 10


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "nothing",
        "no-such-effect@always/every",
        "changes(mac)@never/every",
        "changes(mac)@always/seldom",
        "changes(colour)@always/every",
        "changes@always/every",
        "changes(mac)@only-post&only-get/every",
        "changes(mac)@only-post&form-body/every",
        "changes(mac)@always&only-get/every",
        "changes(mac)@only-get&only-v1&only-xml/every",
        "changes(mac)@read-by-id/every",
        "code-for(Forbidden.SubUser>InvalidEniId.NotFound)@caller(account)/every",
        "malformed-as(both)@only-post/every",
        "busy(user)@always/every",
        "settling(0)@always/sticky",
    ],
)
def test_what_is_not_in_the_grammar_is_refused(spec: str) -> None:
    with pytest.raises(SpecError):
        parse(spec)


def test_a_wrong_spec_changes_nothing(mixed: Client) -> None:
    mixed.control("composed", specs=["changes(mac)@always/every"])
    body = json.dumps({"op": "composed", "specs": ["changes(mac)@never/every"]}).encode()
    assert mixed.exchange("POST", "/_control", body, {"content-type": "application/json"}).status == 400
    assert mixed.control("stats")["composed"] == ["changes(mac)@always/every"]


@pytest.mark.parametrize("seed", [1, 2])
def test_conforming_ones_keep_the_life_cycle(mixed: Client, seed: int) -> None:
    patient = Patient(mixed.url)
    for spec in compose(40, seed, True):
        patient.control("wipe")
        patient.control("composed", specs=[spec])
        network = patient.network()
        instance, eni = patient.instance(network), patient.eni(network)
        for how in ({}, {"scheme": "V3", "method": "POST"}):
            patient.ok("AttachNetworkInterface", {"NetworkInterfaceId": eni, "InstanceId": instance})
            before = patient.wait(eni, "InUse")
            assert patient.detach(eni, instance, **how).status == 200, spec
            after = patient.wait(eni, "Available")
            assert {key for key in before if before[key] != after.get(key)} <= {"Status", "InstanceId", "Attachment"}
        assert patient.detach(eni, instance).outcome == (400, "InvalidOperation.InvalidEniState"), spec
    patient.close()


def test_command_line() -> None:
    found = listed("--list-composed", "5", "--seed", "3")
    assert [row["name"] for row in found] == compose(5, 3)
    assert all(row["class"] and row["trigger"] and row["description"] for row in found)
    command = [*EMULATOR, "--port", "0", "--composed", "nothing"]
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode == 2 and "nothing" in failed.stderr
