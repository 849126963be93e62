"""No file that a run writes, and nothing that it prints, holds a key, a token, a signature or an account id."""

from __future__ import annotations

import re

import pytest
from eni_conformance.emulator.embed import running
from eni_conformance.harness import journal

ACCOUNT = "1987654310246800"
SECRETS = {"account": "first-Secret/of+tests=", "ram_denied": "second-Secret/of+tests=", "other_account": "third+one/"}


def callers_file(path):
    kinds = {"account": "account", "ram_denied": "ram", "other_account": "account"}
    tables = [
        f'[callers.{name}]\naccess_key_id = "LTAI5tUnguessable{number}"\naccess_key_secret = "{secret}"\n'
        f'account = "{ACCOUNT[:-1]}{number}"\nkind = "{kinds[name]}"\n'
        + ('denied = ["DetachNetworkInterface"]\n' if name == "ram_denied" else "")
        for number, (name, secret) in enumerate(SECRETS.items())
    ]
    path.write_text("\n".join(tables))
    return path


def texts(folder):
    """Every file below the folder as text, compressed ones as what they hold."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            packed = path.suffix == ".gz"
            yield path, "\n".join(journal.read_lines(path)) if packed else path.read_text(errors="replace")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_that_finds_something_leaks_nothing(workers, suite, tmp_path):
    """With failures, counterexamples, gateway probes and every caller, in one process and in two."""
    with running(settle_ms=5, faults=["status-missing-parameter"], callers=callers_file(tmp_path / "c")) as emulator:
        target = emulator.write_target(tmp_path / "target.toml")
        ended = suite(
            "run", "--target", target, "--effort", "quick", "--seed", "1", "-n", workers, "-k", "ENI-DETACH-E03"
        )
    assert ended.status == 1, ended.said
    hidden = [f"LTAI5tUnguessable{number}" for number in range(3)] + [ACCOUNT[:-1]] + list(SECRETS.values())
    hidden += [secret.split("/")[0] for secret in SECRETS.values()]
    searched = 0
    for path, text in [("output", ended.said), *texts(tmp_path / "out")]:
        searched += 1
        assert not [word for word in hidden if word in text], path
        assert not re.search(r"Signature=(?!\*\*\*)[A-Za-z0-9%+/]{10}", text), path
    assert searched > 8
