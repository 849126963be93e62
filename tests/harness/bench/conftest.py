"""A bench that owns one instance and one interface, and what it is shown of them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from eni_conformance.contract.scenario import EniSpec
from eni_conformance.harness import observe
from eni_conformance.harness.bench import pool
from eni_conformance.harness.target import Limits
from shown import Endpoint, ticking


@pytest.fixture
def bench():
    limits = Limits(lag_seconds=0.05)
    session = SimpleNamespace(
        target=SimpleNamespace(limits=limits, loopback=True), client=SimpleNamespace(clock=ticking())
    )
    made = pool.Bench(session, None, frozenset(), 2, 4, 2.0, step=0.001)
    made.enis = [pool.OwnEni("eni-1", 0, EniSpec(on=None, status="Available"))]
    made.instances = [pool.OwnInstance("i-1", 0)]
    return made


@pytest.fixture
def shows(monkeypatch):
    def use(*snapshots):
        endpoint = Endpoint(*snapshots)
        monkeypatch.setattr(observe, "look", endpoint.look)
        return endpoint

    return use
