"""How whole runs end in a terminal, in a pipe, and for a machine."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import COMMAND, emulator

pytestmark = pytest.mark.whole
RUN = [*COMMAND, "run", "--effort", "quick", "-n", "1", "-k", "E12", "--first-violation"]
CLEAN = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM", "GITHUB_STEP_SUMMARY", "FORCE_COLOR")}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The target file of an emulator that detaches primary interfaces."""
    file = tmp_path_factory.mktemp("target") / "t.toml"
    with emulator(file, "--fault", "accepts-primary"):
        yield file


def test_json_is_the_results_and_nothing_else(target: Path, tmp_path: Path) -> None:
    command = [*RUN, "--target", str(target), "--out", str(tmp_path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, env={**CLEAN, "TERM": "xterm"})
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout) == json.loads((tmp_path / "latest" / "results.json").read_text())
    results = json.loads(done.stdout)
    assert results["cost"]["instances"] >= 1
    assert results["cost"]["network_interfaces"] >= 1
    assert results["cost"]["worlds"] >= 1
    leases = {lease["kind"]: lease for lease in results["cost"]["leases"]}
    assert leases["eni"]["created"] >= leases["eni"]["at_once"] >= 1
    assert leases["instance"]["served"] >= 1
    assert [lease["left"] for lease in leases.values()] == [[]] * len(leases)
    (evidence,) = (json.loads(p.read_text()) for p in (tmp_path / "latest" / "evidence").glob("*.json"))
    before, after = ({e["id"]: e["status"] for e in evidence[when]["enis"]} for when in ("world_before", "world_after"))
    left = [e for e in before if before[e] == "InUse" != after[e]]
    assert len(left) == 1, "the picture shows what the call did"
    shown = {
        json.loads(p.read_text())["fullName"] for p in (tmp_path / "latest" / "allure-results").glob("*-result.json")
    }
    assert shown == {f"DetachNetworkInterface.{r['id']}" for r in results["requirements"]}


def test_a_violated_run_in_a_terminal_ends_with_three_lines_and_colours(target: Path, tmp_path: Path) -> None:
    text = _in_a_terminal([*RUN, "--target", str(target), "--out", str(tmp_path)], {**CLEAN, "TERM": "xterm"})
    assert "\x1b[1;31m" in text.partition("violated")[2]
    what, read, repeat = _plain(text).splitlines()[-3:]
    assert re.match(r"What    ENI-DETACH-\w+ The endpoint accepted a call for a primary interface\.", what)
    page, _, anchor = read.removeprefix("Read    ").partition("#")
    assert f'id="{anchor}"' in Path(page).read_text(encoding="utf-8")
    command = repeat.removeprefix("Repeat  eni-conformance ").split()
    again = [*COMMAND, *command]
    done = subprocess.run(again, capture_output=True, text=True, timeout=180, env=CLEAN, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr


def _in_a_terminal(command: list[str], environment: dict[str, str]) -> str:
    """What a command writes to a terminal, standard error apart."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment)
    os.close(theirs)
    out = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not part:
            break
        out += part
    os.close(ours)
    assert process.wait(60) == 1
    return out.decode().replace("\r\n", "\n")


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
