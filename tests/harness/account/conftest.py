"""An emulator that is asked what it offers, and one whose control protocol is checked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eni_conformance.emulator.embed import running
from eni_conformance.harness import control, ecs
from eni_conformance.harness.account import control_check, control_stand
from eni_conformance.harness.target import load_target
from eni_conformance.harness.wire.client import Client


@pytest.fixture(scope="module")
def emulator():
    with running(settle_ms=5) as started:
        yield started


@pytest.fixture(scope="module")
def target(emulator, tmp_path_factory):
    return load_target(emulator.write_target(tmp_path_factory.mktemp("doctor") / "t.toml"))


@pytest.fixture
def place(request, tmp_path):
    """A function that checks the control protocol of an emulator and gives back what is kept.

    After a call: its `session` and `ground`, and `left`, whether other resources are there than before.
    """
    with running(settle_ms=20, variants=getattr(request, "param", ())) as emulator:
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        target = replace(target, limits=replace(target.limits, lag_seconds=0.3, settle_seconds=2.0))
        opened = []

        def run(client=Client, without=(), **limits):
            mine = replace(target, limits=replace(target.limits, **limits))
            session = ecs.open_session(mine, tmp_path / "ledger", "run-control")
            opened.append(session)
            ground = ecs.lay_ground(session)
            session = replace(session, client=client(mine))
            before = control.capabilities(target)
            resources = emulator.control("stats")["resources"]
            try:
                found = control_check.check(session, ground, before - set(without))
                if found.kept:
                    control_stand.remove(session, found.kept)
                return found
            finally:
                run.session, run.ground = session, ground
                run.left = emulator.control("stats")["resources"] != resources

        run.target, run.emulator = target, emulator
        yield run
        for session in opened:
            session.ledger.close()
