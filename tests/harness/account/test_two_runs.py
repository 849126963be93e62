"""Two runs on one account at the same time: neither sees, changes or removes what is the other's."""

from __future__ import annotations

import json

import pytest
from eni_conformance.emulator.embed import running
from eni_conformance.harness import ecs, journal
from eni_conformance.harness.account import janitor, ledger
from eni_conformance.harness.target import load_target
from eni_conformance.harness.wire.client import Client
from processes import start, wait_until

QUICK = ("--effort", "quick", "--seed", "1", "-n", "1")


def ended(process):
    said, _ = process.communicate(timeout=240)
    return process.returncode, said


def everything(target):
    """The ids of all resources of the account."""
    book = ledger.Ledger(janitor.scratch(), "looking-1", worker="look", durable=False)
    session = ecs.Session(target, Client(target), book, "looking")
    found = {row[of.key] for kind, of in ecs.KINDS.items() for row in ecs.listed(session, kind)}
    book.close()
    return found


def changed(folder):
    """Every text that a run sent in a call that changes something."""
    return {
        value
        for exchange in journal.read(folder / "wire.jsonl.gz")
        if not exchange.sent.action.startswith("Describe")
        for _name, value in exchange.sent.pairs
    }


@pytest.mark.whole
def test_neither_run_touches_what_is_the_others(tmp_path):
    """While one has the region switched off and a parameter refused, the other waits; a janitor leaves both alone."""
    with running(settle_ms=20) as emulator:
        path = emulator.write_target(tmp_path / "target.toml")
        target = load_target(path)
        standing = everything(target)
        outs = {"E23": tmp_path / "one", "E05": tmp_path / "two", "E12": tmp_path / "three"}
        runs = {
            name: start("run", *QUICK, "-k", f"ENI-DETACH-{name}", "--target", path, "--out", out)
            for name, out in outs.items()
        }
        wait_until(lambda: all(list(out.glob("*/ledger-gw0.jsonl")) for out in outs.values()))
        cleaned, said = ended(start("janitor", "--target", path, "--out", tmp_path, "--older-than", "0", "--json"))
        for name, run in runs.items():
            status, told = ended(run)
            assert status == 0, (name, told)
        assert cleaned == 0, said
        assert not [one for result in json.loads(said) for one in (*result["removed"], *result["left"])], said
        assert {kept["why"] for result in json.loads(said) for kept in result["kept"]} == {"its run is alive"}
        assert everything(target) == standing
    folders = {name: out / "latest" for name, out in outs.items()}
    owned = {name: set(ledger.read(folder).owned) for name, folder in folders.items()}
    for name, folder in folders.items():
        results = json.loads((folder / "results.json").read_text())
        verdicts = {entry["id"]: entry["verdict"] for entry in results["requirements"]}
        assert verdicts[f"ENI-DETACH-{name}"] == "conforms" and "violated" not in verdicts.values()
        for other in owned:
            assert len(owned[other]) > 8 and (name == other or not changed(folder) & owned[other])
