"""`run --watch`: which process is the endpoint, and that it is judged again when that is another."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from eni_conformance.conformance import watch
from processes import CLEAN, COMMAND, wait_until

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")


@LINUX
def test_the_process_that_listens_is_known_by_its_number_and_its_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert re.fullmatch(rf"{os.getpid()}@\d+", watch.listeners(server.getsockname()[1]))


@LINUX
def test_nobody_listens_at_a_port_that_was_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert watch.listeners(port) == ""


def test_a_name_that_does_not_resolve_is_an_endpoint_that_is_not_there_yet(tmp_path: Path) -> None:
    """A container has none before it is up."""
    target = tmp_path / "t.toml"
    target.write_text(
        'endpoint = "https://no-such-host.invalid"\nregion = "cn-hangzhou"\n'
        '[callers.account]\naccess_key_id = "LTAIone"\naccess_key_secret = "secret"\n'
    )
    target.chmod(0o600)
    args = SimpleNamespace(target=str(target), allow_plain_http=False)
    assert watch.who_listens(args, SimpleNamespace(pid=7)) == ""  # type: ignore[arg-type]


def test_what_is_watched_must_be_named(suite: Callable[..., Any]) -> None:
    ended = suite("run", "--watch", "true")
    assert (ended.status, ended.err.count("\n")) == (2, 1) and "--target" in ended.err


@pytest.mark.parametrize("command", ["no-such-program", "'unfinished"])
def test_a_command_that_cannot_be_started_is_told_at_once(command: str, suite: Callable[..., Any]) -> None:
    ended = suite("run", "--target", "t.toml", "--watch", command)
    assert (ended.status, ended.err.count("\n")) == (2, 1) and "--watch" in ended.err


@LINUX
@pytest.mark.whole
def test_a_restarted_endpoint_is_judged_again_and_the_last_violation_is_tried_first(tmp_path: Path) -> None:
    """The second time the endpoint is right; the command ends with what the last run said."""
    (tmp_path / "options").write_text("--fault status-primary")
    own = f"sh -c 'exec {sys.executable} -m eni_conformance.emulator --port 0 --write-target t.toml $(cat options)'"
    log = tmp_path / "log"
    with log.open("w") as file:
        watched = subprocess.Popen(
            [*COMMAND, "run", "--target", "t.toml", "-k", "E12", "--seed", "1", "--effort", "quick", "--watch", own],
            cwd=tmp_path, env=CLEAN, stdout=file, stderr=file,
        )  # fmt: skip
    try:
        wait_until(lambda: "judged again" in log.read_text())
        assert "violated  ENI-DETACH-E12" in log.read_text()
        (tmp_path / "options").write_text("")
        port = int(re.findall(r":(\d+)\"", (tmp_path / "t.toml").read_text())[0])
        os.kill(int(watch.listeners(port).partition("@")[0]), signal.SIGTERM)
        wait_until(lambda: log.read_text().count("judged again") == 2)
        assert list((tmp_path / "out" / "latest").glob("record-first.json"))
        port = int(re.findall(r":(\d+)\"", (tmp_path / "t.toml").read_text())[0])
    finally:
        watched.send_signal(signal.SIGINT)
        status = watched.wait(30)
    assert status == 0, log.read_text()
    assert watch.listeners(port) == ""
