"""A text that should denote nothing is never sent if it denotes a resource of somebody else."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from eni_conformance.conformance import lab as labs
from eni_conformance.contract.scenario import Call
from eni_conformance.oracle.tally import Record

MINE, FOREIGN, NOTHING = "eni-0000000000000000000a", "eni-0000000000000000000b", "i-0000000000000000000c"


@pytest.fixture
def lab(monkeypatch):
    """A Lab on an account in which FOREIGN exists, although this run did not create it."""
    asked = []

    def enis(_session, *, ids):
        asked.append(list(ids))
        return [{"NetworkInterfaceId": FOREIGN}] if FOREIGN in ids else []

    monkeypatch.setattr(labs.ecs, "describe_enis", enis)
    monkeypatch.setattr(labs.ecs, "describe_instances", lambda _session, ids: [])
    made = labs.Lab(None, SimpleNamespace(session=None, enis=[], instances=[]), Record("test"), Path())
    made.asked = asked
    return made


def test_what_exists_after_all_is_found_out_before_it_is_sent(lab):
    assert lab.verify_nothing([FOREIGN, NOTHING]) == {FOREIGN}


def test_what_denotes_nothing_is_asked_for_once(lab):
    lab.verify_nothing([NOTHING])
    assert lab.verify_nothing([NOTHING]) == set()
    assert lab.asked == [[NOTHING]]


def test_what_exists_is_asked_for_again(lab):
    """It may be gone the next time, but until then it is not touched."""
    assert lab.verify_nothing([FOREIGN]) == lab.verify_nothing([FOREIGN]) == {FOREIGN}


def test_a_call_that_names_what_belongs_to_somebody_else_is_not_sent(lab, monkeypatch):
    run = labs._Run.__new__(labs._Run)
    run.lab = lab
    run.bound = None
    asked = SimpleNamespace(params=[SimpleNamespace(text=MINE), SimpleNamespace(text=FOREIGN)])
    monkeypatch.setattr(labs.Lab, "resolve", lambda *_: asked)
    monkeypatch.setattr(labs._Run, "_send", lambda *_: pytest.fail("it was sent"))
    run._detach(0, Call(), {FOREIGN})
