"""The server: command line, limits, and use inside another program."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from emulator_client import Client
from emulator_worlds import ERRORS, build
from eni_conformance.emulator import app
from eni_conformance.emulator.embed import Running, running
from processes import EMULATOR

pytest_plugins = ["eni_conformance.emulator.pytest_plugin"]


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [*EMULATOR, "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


def test_says_where_it_listens_and_ends_at_once() -> None:
    with started() as (process, line):
        assert line.startswith("LISTENING http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_interrupt() -> None:
    with started() as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_occupied_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [*EMULATOR, "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert port in done.stderr


@pytest.mark.parametrize("options", [["--fault", "novel"], ["--variant", "novel"], ["--settle-ms", "-1"]])
def test_wrong_options(options: list[str]) -> None:
    command = [*EMULATOR, "--port", "0", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_target_file(tmp_path: Path) -> None:
    file = tmp_path / "target.toml"
    with started("--write-target", str(file), "--fault", "tags-lost", "--variant", "chunked") as (_, line):
        url = line.split()[1]
        target = tomllib.loads(file.read_text())
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert (target["endpoint"], target["vpc_endpoint"], target["control"]["url"]) == (url, url, url + "/_control")
        assert set(target["callers"]) == {
            "account",
            "ram_denied",
            "ram_unsupported",
            "expired",
            "unsupported_user_type",
            "other_account",
        }
        caller = target["callers"]["account"]
        client = Client(url, (caller["access_key_id"], caller["access_key_secret"]))
        assert client.ok("DescribeZones")["Zones"]["Zone"]
        assert client.control("stats")["faults"] == ["tags-lost"]
        assert client.control("stats")["variants"] == ["chunked"]
        assert not {"judge", "offers"} & set(target)


def test_target_file_says_what_variants_need(tmp_path: Path) -> None:
    file = tmp_path / "target.toml"
    options = ("--variant", "passing-500", "--variant", "lag-three-seconds", "--variant", "chunked")
    with started("--write-target", str(file), *options):
        target = tomllib.loads(file.read_text())
    assert target["judge"]["passing"] == "tolerate"
    assert target["limits"]["lag_seconds"] == 3.5


def test_own_callers(tmp_path: Path) -> None:
    file = tmp_path / "callers.toml"
    file.write_text(
        '[callers.robot]\naccess_key_id = "K"\naccess_key_secret = "S"\nkind = "ram"\ndenied = ["DescribeZones"]\n'
    )
    with running(callers=file) as emulator:
        client = Client(emulator.url, ("K", "S"))
        assert client.ok("DescribeImages")["TotalCount"] == 3
        refused = client.call("DescribeZones", {"RegionId": "cn-hangzhou"})
        assert refused.outcome == (403, "Forbidden.RAM")
    file.write_text('[callers.robot]\nkind = "king"\n')
    with pytest.raises(ValueError, match="king"), running(callers=file):
        pass


def test_ends_with_its_parent() -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with started("--parent-pid", str(sleeper.pid)) as (process, _):
        sleeper.kill()
        sleeper.wait()
        assert process.wait(3) == 0


def test_other_hosts_are_warned_about() -> None:
    with started("--host", "0.0.0.0") as (process, line):
        assert line.startswith("LISTENING http://0.0.0.0:")
        process.kill()
        assert process.stderr is not None
        assert "warning" in process.stderr.read()


def test_lists() -> None:
    command = [*EMULATOR, "--list-faults"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "\ntags-lost\n    class: effect\n    trigger: always\n" in text


def test_seed_makes_ids_repeatable() -> None:
    ids = []
    for _ in range(2):
        with running(seed=7, settle_ms=0) as emulator:
            client = Client(emulator.url)
            ids.append(client.network())
            first = client.call("DescribeRegions").fields["RequestId"]
    assert ids[0].vpc == ids[1].vpc
    assert first


@pytest.mark.parametrize("revision", ["2019", "2024"])
def test_revisions(revision: str) -> None:
    with running(revision=revision) as emulator:
        client = Client(emulator.url)
        world = build(client)
        other = client.instance(world.network)
        answer = world.detach(instance=other)
        new = revision == "2024"
        assert answer.code == ("InvalidParameter.EniNotBelongEcs" if new else "InvalidOperation.InvalidEniState")
        trunk = world.detach(more={"TrunkNetworkInstanceId": client.eni(world.network)})
        assert trunk.code == ("InvalidOperation.EniTypeNotSupportTrunking" if new else "200")


def test_revision_2024_knows_trunks() -> None:
    with running(revision="2024") as emulator:
        client = Client(emulator.url)
        world = build(client)
        trunk = client.eni(world.network, InstanceType="Trunk")

        def code() -> str:
            return world.detach(more={"TrunkNetworkInstanceId": trunk}).code

        assert code() == "InvalidOperation.InvalidTrunkEniStatus"
        client.attach(trunk, world.instance)
        assert code() == "InvalidParameter.EniNotBelongTrunk"
        missing = world.detach(more={"TrunkNetworkInstanceId": "eni-bp100000000"})
        assert missing.outcome == (404, "InvalidEniId.NotFound")
        for code_, (status, provoke) in ERRORS.items():
            if code_ != "InvalidOperation.InvalidEniState":
                assert provoke(client).outcome == (status, code_)


# Inside another program


def test_fixture_for_other_suites(ecs_emulator: Running) -> None:
    assert Client(ecs_emulator.url).ok("DescribeRegions")


def test_time_is_under_control(tmp_path: Path) -> None:
    with running(settle_ms=9_000) as emulator:
        client = Client(emulator.url)
        world = build(client, Description="x")
        world.detach()
        emulator.hold(world.eni)
        emulator.advance(3600)
        assert world.show()["Status"] == "Detaching"
        emulator.release(world.eni)
        emulator.advance(9)
        assert world.show()["Status"] == "Available"
        with pytest.raises(ValueError, match="no resource"):
            emulator.hold("eni-x")
        assert tomllib.loads(emulator.write_target(tmp_path / "t.toml").read_text())["endpoint"] == emulator.url


def test_instant_transitions() -> None:
    with running(settle_ms=0) as emulator:
        client = Client(emulator.url)
        world = build(client)
        world.detach()
        assert world.show()["Status"] == "Available"


# Limits


def raw(url: str, *pieces: bytes, wait: float = 2.0, pause: float = 0.0) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=wait) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:
                break
            time.sleep(pause)
        found = b""
        try:
            while more := connection.recv(65536):
                found += more
        except OSError:
            pass
        return found


BLOCK = b"a" * 65536


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([b"\x00\xff garbage\r\n\r\n"], b"400"),
        ([b"\x16\x03\x01\x02\x00\x01\x00"], b"400"),
        ([b"GET /?" + BLOCK * 2 + b" HTTP/1.1\r\n\r\n"], b"41"),
        ([b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 200 + b"\r\n"], b"431"),
        ([b"GET / HTTP/1.1\r\nx: " + BLOCK * 2 + b"\r\n\r\n"], b"431"),
        ([b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999\r\n\r\n", *[BLOCK] * 40], b"413"),
        ([b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n", b"2000000\r\n", *[BLOCK] * 40], b"413"),
    ],
)
def test_oversized_and_garbage(client: Client, pieces: list[bytes], status: bytes) -> None:
    world = build(client)
    found = raw(client.url, *pieces)
    assert found == b"" or found.split()[1].startswith(status), found[:100]
    assert world.detach().status == 200


def test_slow_request_is_cut_off_and_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "MAX_SECONDS", 0.5)
    with running() as emulator:
        client = Client(emulator.url)
        results: list[bytes] = []
        pieces = [b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n", *[b"a"] * 20]
        slow = threading.Thread(target=lambda: results.append(raw(emulator.url, *pieces, pause=0.1)))
        slow.start()
        while slow.is_alive():
            assert client.call("DescribeRegions").status == 200
        slow.join()
        assert results[0] == b"" or b" 408 " in results[0]
        assert raw(emulator.url, b"GET / HT", wait=2).startswith(b"HTTP/1.1 408")
        assert raw(emulator.url, wait=2).startswith(b"HTTP/1.1 408")
        time.sleep(0.6)
        assert client.call("DescribeRegions").status == 200, "an idle connection is no slow request"


def test_an_answer_that_never_comes_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "MAX_ANSWER_SECONDS", 0.4)
    with running(faults=["nul-hangs"]) as emulator:
        client = Client(emulator.url)
        world = build(client)
        with pytest.raises((ConnectionError, http.client.HTTPException)):  # and not a time-out of ours
            world.detach(instance="i-\0", timeout=30)
        assert world.detach().status == 200


def test_too_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "MAX_CONNECTIONS", 5)
    with running() as emulator:
        client = Client(emulator.url)
        client.call("DescribeRegions")
        host, port = emulator.url.removeprefix("http://").split(":")
        held = [socket.create_connection((host, int(port))) for _ in range(4)]
        assert raw(emulator.url).startswith(b"HTTP/1.1 503")
        assert client.call("DescribeRegions").status == 200
        for each in held:
            each.close()
        time.sleep(0.1)
        other = Client(emulator.url)
        assert other.call("DescribeRegions").status == 200


def test_nonces_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eni_conformance.emulator.gateway.NONCE_GENERATION", 3)
    with running() as emulator:
        client = Client(emulator.url)
        for n in range(7):
            assert client.call("DescribeRegions", nonce=f"n{n}").status == 200
        for n in (4, 5, 6):
            assert client.call("DescribeRegions", nonce=f"n{n}").code == "SignatureNonceUsed"
        assert client.call("DescribeRegions", nonce="n0").status == 200


def test_pipelined_and_head_requests(client: Client) -> None:
    two = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n" * 2
    found = raw(client.url, two, wait=0.5)
    assert found.count(b"HTTP/1.1 400") == 2
    connection = http.client.HTTPConnection(client.url.removeprefix("http://"))
    connection.request("HEAD", "/")
    assert connection.getresponse().read() == b""
    connection.close()


def test_control_is_for_loopback_only() -> None:
    import asyncio

    from eni_conformance.emulator.app import Emulator
    from eni_conformance.emulator.embed import make_cloud

    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/_control",
        "query_string": b"",
        "headers": [],
        "client": ("192.0.2.1", 1234),
    }
    asyncio.run(Emulator(make_cloud())(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 403
    assert "loopback" in json.loads(sent[1]["body"])["error"]  # type: ignore[arg-type]


def test_nothing_is_imported_from_the_suite() -> None:
    check = (
        "import sys, eni_conformance.emulator.app, eni_conformance.emulator.embed; "
        "print(sorted({n.split('.')[1] for n in sys.modules if n.startswith('eni_conformance.')}))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "['emulator']"
