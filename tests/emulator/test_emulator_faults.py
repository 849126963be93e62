"""Every built-in fault is seen on the wire by its witness, and the witness sees nothing without it."""

from __future__ import annotations

import pytest
from emulator_client import Client
from emulator_witnesses import WITNESSES
from processes import listed

FAULTS = listed("--list-faults")


def test_enough_faults_and_each_is_documented() -> None:
    classes = {row["class"] for row in FAULTS}
    assert len(FAULTS) >= 150
    assert classes >= {"status", "code", "validation", "state", "authorization", "effect", "response"}
    assert classes >= {"protocol", "robustness", "concurrency"}
    assert all(row["description"] and row["requirement"] and row["trigger"] for row in FAULTS)
    assert sum(row["trigger"] != "always" for row in FAULTS) >= 30


def test_each_fault_has_a_witness_and_each_witness_a_fault() -> None:
    assert set(WITNESSES) == {row["name"] for row in FAULTS}


@pytest.mark.parametrize("name", WITNESSES)
def test_fault_is_seen(client: Client, name: str) -> None:
    witness = WITNESSES[name]
    assert not witness(client), "seen without the fault"
    client.control("fault", name=name)
    client.region = "cn-hangzhou"
    assert witness(client), "not seen with the fault"
