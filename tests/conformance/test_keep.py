"""`replay --keep`: the world of a finding is left, and the printed commands show it, for a fault of each class."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from eni_conformance.reports.evidence import SHOWN_BY_ITS_ANSWER
from processes import CLEAN, Finished

ONE = {"name": "RegionId", "ref": "region"}, {"name": "InstanceId", "ref": "instance:0"}


def detach(ref: str = "eni:0", form: str = "exact", **call: Any) -> dict[str, Any]:
    """A scenario of one call."""
    last = {"name": "NetworkInterfaceId", "ref": ref, "form": form}
    return {"steps": [{"kind": "detach", "call": {"args": [*ONE, last], **call}}]}


FREE = {"enis": [{"on": None, "status": "Available"}]}
CASES: dict[str, tuple[str, str, dict[str, Any], str]] = {
    # what it is of: fault, class of the finding, scenario, what the answer must show
    "status": ("status-primary", "WrongStatus", detach("primary:0"), "403"),
    "code": ("code-eni-not-found", "WrongAnswer", detach(form="last changed"), "InvalidNetworkInterfaceId.NotFound"),
    "validation": ("id-eni-case-folded", "WronglyAccepted", detach(form="upper"), "200"),
    "state": ("accepts-available", "WronglyAccepted", {"world": FREE, **detach()}, "200"),
    "authorization": ("ram-user-without-permission-accepted", "WronglyAccepted", detach(caller="ram_denied"), "200"),
    "response": ("message-half-filled", "Shape", detach("primary:0"), "%s"),
    "protocol": (
        "signature-v1-unchecked",
        "Gateway",
        {"steps": [{"kind": "probe", "name": "signature with one character changed"}]},
        "200",
    ),
    "refused": ("refuses-running", "Refused", detach(), "InvalidOperation.InvalidEcsState"),
    "signature": (
        "signature-of-special-characters",
        "SignatureRefused",
        detach(form="inner space"),
        "SignatureDoesNotMatch",
    ),
    "format": (
        "json-wanted-xml-sent",
        "OtherFormat",
        detach("primary:0"),
        "<Code>InvalidOperation.DetachPrimaryEniNotAllowed</Code>",
    ),
    "robustness": ("apostrophe-crashes", "Failed", detach(form="single quotes"), "500"),
}


def evidence(folder: Path, kind: str, scenario: dict[str, Any]) -> Path:
    """The evidence file of a finding that this scenario shows."""
    path = folder / "evidence.json"
    path.write_text(json.dumps({"schema": 1, "id": "x", "requirement": "R", "kind": kind, "scenario": scenario}))
    return path


def pasted(command: str, folder: Path) -> str:
    """What a command of the terminal prints."""
    own = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=60, env={**CLEAN, "PATH": own}, cwd=folder
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", list(CASES))
def test_what_is_pasted_shows_the_finding(
    name: str,
    tmp_path: Path,
    suite: Callable[..., Finished],
    start_emulator: Callable[..., AbstractContextManager[Path]],
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is missing")
    fault, kind, scenario, shows = CASES[name]
    file = evidence(tmp_path, kind, scenario)
    for tool, word in (("curl", "curl"), ("Python", "--python")):
        with start_emulator("--fault", fault) as target:
            kept = suite("replay", file, "--target", target, "--keep", "--out", tmp_path / "out")
            assert kept.status == 0, kept.said
            command = next(line[9:] for line in kept.out.splitlines() if line.startswith(f"{tool} "))
            assert word in command
            assert shows in pasted(command, tmp_path)
            assert suite("janitor", "--target", target, "--out", tmp_path / "out", "--older-than", "0").status == 0


def test_there_is_one_of_each_class_that_one_call_shows() -> None:
    assert {kind for _, kind, _, _ in CASES.values()} == SHOWN_BY_ITS_ANSWER


def test_what_no_single_call_shows_is_not_kept(tmp_path: Path, suite: Callable[..., Finished]) -> None:
    scenario = {"steps": [*detach()["steps"], *detach()["steps"]]}
    ended = suite("replay", evidence(tmp_path, "RefusalChanged", scenario), "--keep")
    assert ended.status == 2 and "no single call shows this finding" in ended.err


def test_the_embedded_emulator_cannot_be_left(tmp_path: Path, suite: Callable[..., Finished]) -> None:
    ended = suite("replay", evidence(tmp_path, "WrongStatus", detach()), "--keep")
    assert ended.status == 2 and "name its target file with --target" in ended.err
