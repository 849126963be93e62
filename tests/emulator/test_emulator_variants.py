"""Every conforming variant differs visibly from the default, and a patient client gets through its life cycle."""

from __future__ import annotations

import time
import tomllib
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from emulator_client import DENIED, Answer, Client
from emulator_worlds import UNKNOWN_ENI, UNKNOWN_INSTANCE, build
from eni_conformance.emulator.embed import running
from lawful_witnesses import SEEN
from test_emulator_faults import listed

VARIANTS = listed("--list-variants")


IDEMPOTENT = ("CreateVpc", "CreateVSwitch", "CreateSecurityGroup", "CreateNetworkInterface", "RunInstances")
SIGNING = {"v1-only": "V1", "v3-only": "V3"}


def passes(answer: Answer) -> bool:
    return answer.status >= 500 or answer.code in ("OperationConflict", "UnknownError") or "Throttling" in answer.code


class Patient(Client):
    """Repeats what was throttled, lost or came too early, and polls."""

    scheme = ""

    def call(self, action: str, params: Any = None, **how: Any) -> Answer:
        if self.scheme:
            how["scheme"] = self.scheme
        if action in IDEMPOTENT:
            params = {**params, "ClientToken": uuid.uuid4().hex}
        received = False
        for _ in range(5):
            answer = super().call(action, params, **how)
            if passes(answer):
                continue
            if answer.code == "SignatureNonceUsed":
                received = True
            elif action.startswith(("Attach", "Delete")) and answer.code == "InvalidOperation.InvalidEniState":
                if received:
                    return Answer(200, [], b"{}")
                self.settle(1)
            elif action.startswith("Attach") and answer.code == "InvalidOperation.InvalidEcsState":
                self.ok("StopInstance", {"InstanceId": params["InstanceId"]})
                self.settle(1)
            else:
                return answer
        return answer

    def show(self, eni: str) -> dict[str, Any]:
        params = {"NetworkInterfaceId.1": eni}
        rows = self.ok("DescribeNetworkInterfaces", params)["NetworkInterfaceSets"]["NetworkInterfaceSet"]
        return rows[0] if rows else super().show(eni)

    def wait(self, eni: str, status: str) -> dict[str, Any]:
        deadline = time.monotonic() + 5
        while True:
            row = self.show(eni)
            if row["Status"] == status and ("InstanceId" in row) == (status == "InUse"):
                return row
            assert time.monotonic() < deadline, row
            self.settle(0.1)


@pytest.fixture
def patient(client: Client) -> Patient:
    return Patient(client.url)


def test_what_a_target_file_must_say_is_listed_as_toml() -> None:
    said = {row["name"]: tomllib.loads(row["target"]) for row in VARIANTS if row["target"]}
    tolerated = {"judge": {"passing": "tolerate"}}
    assert said == {
        "passing-conflict": tolerated,
        "passing-conflict-often": tolerated,
        "passing-unknown-error": tolerated,
        "passing-500": tolerated,
        "passing-502": tolerated,
        "json-only": {"offers": {"formats": ["json"]}},
        "json-only-refuses": {"offers": {"formats": ["json"]}},
        "v1-only": {"offers": {"signing": ["v1"]}},
        "v3-only": {"offers": {"signing": ["v3"]}},
        "lag-three-seconds": {"limits": {"lag_seconds": 3.5}},
    }
    assert all(row["target"] == "" for row in VARIANTS if row["name"] not in said)


def test_several_at_once(tmp_path: Path) -> None:
    names = ["ids-counting", "detaching-hidden", "codes-of-today", "json-only", "v1-only", "passing-500"]
    with running(variants=[*names, "lag-three-seconds", "json-only-refuses"], settle_ms=0) as emulator:
        target = tomllib.loads(emulator.write_target(tmp_path / "t.toml").read_text())
        client = Client(emulator.url)
        assert client.control("stats")["variants"][:6] == names
        world = build(client)
        assert world.eni == "eni-bp100000000000000112", "the primary interface was the first"
        assert client.call("DescribeRegions", format=None).json["Regions"]
        assert client.detach(UNKNOWN_ENI, UNKNOWN_INSTANCE, "cn-nowhere").code == "InvalidRegionId.NotFound"
        client.close()
    assert target["judge"] == {"passing": "tolerate"}
    assert target["offers"] == {"formats": ["json"], "signing": ["v1"]}
    assert target["limits"]["lag_seconds"] == 3.5
    assert target["limits"]["settle_seconds"] == 10
    assert target["control"]["url"] == f"{emulator.url}/_control"


def test_enough_variants() -> None:
    assert len(VARIANTS) >= 20
    assert all(row["description"] for row in VARIANTS)


@pytest.mark.parametrize("name", [row["name"] for row in VARIANTS])
def test_life_cycle(patient: Patient, name: str) -> None:
    patient.control("variant", name=name)
    patient.scheme = SIGNING.get(name, "")
    network = patient.network()
    instance = patient.instance(network)
    eni = patient.eni(network)
    params = {"NetworkInterfaceId": eni, "InstanceId": instance}
    for how in ({}, {"scheme": "V3", "method": "POST"}):
        patient.ok("AttachNetworkInterface", params)
        before = patient.wait(eni, "InUse")
        assert patient.detach(eni, instance, **how).status == 200
        after = patient.wait(eni, "Available")
        changes = {"Status", "InstanceId", "Attachment", "LastSeen"}
        if name == "heartbeat":
            changes |= {"LastHeartbeat", "PrivateIpSets"}
        assert {key for key in before if before[key] != after.get(key)} <= changes
    assert patient.detach(eni, instance).outcome == (400, "InvalidOperation.InvalidEniState")
    assert patient.detach(UNKNOWN_ENI, instance).outcome == (404, "InvalidEniId.NotFound")
    assert patient.detach(eni, UNKNOWN_INSTANCE).status in (400, 404)
    assert patient.detach(patient.primary(instance), instance).status == 400
    patient.ok("DeleteNetworkInterface", {"NetworkInterfaceId": eni})


def first(client: Client, params: dict[str, str], **how: Any) -> str:
    return client.call("DetachNetworkInterface", params, **how).code


def rounds(client: Client) -> set[str]:
    return {client.call("DescribeRegions").code for _ in range(8)}


def header(name: str) -> Callable[[Client], Any]:
    return lambda client: client.call("DescribeRegions").header(name)


def sized(client: Client) -> Any:
    network = client.network()
    for _ in range(3):
        client.eni(network)
    return len(client.ok("DescribeNetworkInterfaces")["NetworkInterfaceSets"]["NetworkInterfaceSet"])


def order(client: Client) -> Any:
    network = client.network()
    made = [client.eni(network) for _ in range(9)]
    rows = client.ok("DescribeNetworkInterfaces")["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    return [made.index(row["NetworkInterfaceId"]) for row in rows]


def shape(client: Client) -> Any:
    id = client.network().group.partition("-")[2]
    return len(id), id[:3] == "bp1", id.isdigit(), all(c in "0123456789abcdef" for c in id)


def raw(format: str) -> Callable[[Client], Any]:
    return lambda client: client.call("DescribeRegions", format=format).body[:40]


def during(client: Client) -> Any:
    made = build(client)
    made.detach()
    return "InstanceId" in made.show()


def lagging(client: Client) -> Any:
    made = build(client)
    made.detach()
    return made.show()["Status"]


def still_listed(client: Client) -> Any:
    made = build(client)
    made.detach()
    client.settle(client.control("stats")["settle_ms"] / 1000 + 0.1)
    rows = client.ok("DescribeInstances", {"InstanceIds": f'["{made.instance}"]'})["Instances"]["Instance"]
    return len(rows[0]["NetworkInterfaces"]["NetworkInterface"])


def stopped_wrong_state(client: Client) -> dict[str, str]:
    """A call with a primary interface that is not on the instance, whose status is wrong, by a wrong caller."""
    made = build(client)
    other = client.instance(made.network)
    client.control("instance.status", id=other, status="Starting")
    return {"RegionId": client.region, "InstanceId": other, "NetworkInterfaceId": client.primary(made.instance)}


def broken_twice(client: Client) -> Any:
    params = {"RegionId": client.region, "InstanceId": UNKNOWN_INSTANCE, "NetworkInterfaceId": "x"}
    return [
        first(client, params, key=DENIED),
        first(client, stopped_wrong_state(client)),
        first(client, stopped_wrong_state(client), key=DENIED),
        first(client, {"RegionId": "cn-nowhere", "InstanceId": UNKNOWN_INSTANCE}, key=DENIED),
        first(client, {"InstanceId": UNKNOWN_INSTANCE, "RegionId": "cn-hangzhou"}),
        first(
            client,
            {"RegionId": "cn-nowhere", "InstanceId": "x"},
            key=("LTAIemulatorExpired04", "emulator-secret-expired"),
        ),
    ]


OBSERVE: dict[str, Callable[[Client], Any]] = {
    "order-reversed": broken_twice,
    "order-random": lambda client: {str(broken_twice(client)) for _ in range(6)},
    "order-states-first": broken_twice,
    "order-resources-first": broken_twice,
    "order-permission-first": broken_twice,
    "order-shape-first": broken_twice,
    "instant": lagging,
    "slow": lambda client: client.control("stats")["settle_ms"],
    "distant": lambda client: client.control("stats")["answer_ms"],
    "jitter": lambda client: True,
    "ids-long": shape,
    "ids-short": shape,
    "ids-hex": shape,
    "ids-numeric": shape,
    "throttling": rounds,
    "throttling-with-hint": rounds,
    "throttling-429": rounds,
    "unavailable": rounds,
    "tiny-pages": sized,
    "chunked": header("transfer-encoding"),
    "connection-close": header("connection"),
    "eventual": lagging,
    "eventual-replicas": lambda client: {lagging(client) for _ in range(12)} - {"Detaching"},
    "eventual-instances": still_listed,
    "eventual-interfaces": lagging,
    "volatile-fields": lambda client: set(build(client).show()),
    "shuffled-keys": lambda client: {str(list(build(client).show())) for _ in range(3)},
    "shuffled-results": order,
    "extra-fields": lambda client: set(build(client).show()),
    "no-recommend": lambda client: "Recommend" in client.call("DescribeNothing").fields,
    "localized": lambda client: client.call("DescribeNothing").fields["Message"],
    "old-gateway-codes": lambda client: client.call("DescribeNothing").outcome,
    "link-hidden-while-detaching": during,
    "malformed-as-not-found": lambda client: (
        client.detach("x", UNKNOWN_INSTANCE).code + client.detach(UNKNOWN_ENI, "x").code
    ),
    "unknown-parameters-refused": lambda client: build(client).detach(more={"Novel": "1"}).code,
    "last-duplicate-wins": lambda client: (
        client.call("DescribeZones", [("RegionId", "cn-nowhere"), ("RegionId", "cn-hangzhou")]).code
    ),
    "empty-as-malformed": lambda client: client.detach("", UNKNOWN_INSTANCE).code,
    "other-headers": header("server"),
    "spaced-json": raw("JSON"),
    "bare-xml": raw("XML"),
    "regional-host": lambda client: client.call("DescribeNothing").fields["HostId"],
    "request-id-version-5": lambda client: client.call("DescribeRegions").fields["RequestId"][14],
}


def test_each_variant_is_observed() -> None:
    assert {*OBSERVE, *SEEN} == {row["name"] for row in VARIANTS}
    assert not set(OBSERVE) & set(SEEN)


@pytest.mark.parametrize("name", OBSERVE)
def test_variant_shows(client: Client, name: str) -> None:
    default = OBSERVE[name](client)
    client.control("wipe")
    client.control("variant", name=name)
    changed = OBSERVE[name](client)
    if name != "jitter":
        assert changed != default


@pytest.mark.parametrize("name", SEEN)
def test_variant_is_seen_by_its_witness(client: Client, name: str) -> None:
    client.control("variant", name=name)
    SEEN[name](client)


@pytest.mark.parametrize("name", SEEN)
def test_witness_of_a_variant_sees_nothing_without_it(client: Client, name: str) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception, KeyError, ValueError)):
        SEEN[name](client)
