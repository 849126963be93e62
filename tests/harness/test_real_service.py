"""The emulator plays the real service: not loopback by name, throttling, lagging, out of stock, slow, paged.

The emulator's address is not taken for loopback where `real` is used, so everything that differs on real
endpoints is in force: the newer signature, the modes that save money, patience. Sleeping is shortened.
"""

from __future__ import annotations

import calendar
import json
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from eni_conformance.contract import codec
from eni_conformance.emulator.embed import running
from eni_conformance.harness import control, ecs, journal
from eni_conformance.harness.account import janitor
from eni_conformance.harness.clock import Clock
from eni_conformance.harness.ecs import SetupError
from eni_conformance.harness.journal import Journal
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.target import Credential, Limits, load_target
from eni_conformance.harness.wire.client import Client
from processes import listed

QUICK = Clock(sleep=lambda seconds: time.sleep(min(seconds, 0.02)))


@pytest.fixture
def real(tmp_path, monkeypatch):
    """A function that makes the emulator a target that does not look like loopback."""

    def made(emulator, **limits):
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        monkeypatch.setattr("eni_conformance.harness.target.is_loopback", lambda url: False)
        assert not target.loopback
        return replace(target, limits=Limits(**{"requests_per_second": 0, "settle_seconds": 20, **limits}))

    return made


def session_of(target, tmp_path, **options):
    return ecs.open_session(target, tmp_path / "out" / "run-000001", "run-000001", clock=QUICK, **options)


def small_run(session, *, cold=False):
    """Lay, create, attach, detach, stop, delete. cold: the instance is Stopped before anything is attached."""
    ground = ecs.lay_ground(session)
    host = ecs.create_instance(session, ground)
    ecs.wait_for(session, lambda: status(session, host) in ("Running", "Stopped" if cold else ""), "up")
    if cold:
        stopped(session, host)
    eni = ecs.create_eni(session, ground)
    ecs.attach_eni(session, host, eni)
    ecs.wait_for(session, lambda: status(session, eni) == "InUse", "attached")
    ecs.detach_eni(session, host, eni)
    stopped(session, host)
    return ground


def stopped(session, host):
    """Stop an instance, unless it is Stopped already."""
    if status(session, host) != "Stopped":
        ecs.stop_instance(session, host)
        ecs.wait_for(session, lambda: status(session, host) == "Stopped", "down")


def status(session, identifier):
    described = ecs.describe_enis(session, ids=[identifier]) or ecs.describe_instances(session, [identifier])
    return described[0]["Status"] if described else ""


def sent(path, action):
    """What the journal says was sent for an operation, as one dict of parameters each."""
    return [dict(exchange.sent.pairs) for exchange in journal.read(path) if exchange.sent.action == action]


def test_what_differs_on_a_real_endpoint(real, tmp_path):
    """Signature, release time, mode of stopping, token and tags, as they went over the wire."""
    with running(settle_ms=5) as emulator:
        target = real(emulator, minutes=30)
        path = tmp_path / "wire-a.jsonl.gz"
        with Journal(path, Redactor(target)) as book:
            session = session_of(target, tmp_path, journal=book)
            small_run(session)
            assert not janitor.teardown(session).left
        exchanges = list(journal.read(path))
        assert {exchange.sent.signing for exchange in exchanges} == {"v3"}
        (run,) = sent(path, "RunInstances")
        release = calendar.timegm(time.strptime(run["AutoReleaseTime"], "%Y-%m-%dT%H:%M:%SZ"))
        assert 60 * 85 < release - time.time() < 60 * 95
        assert (run["InstanceChargeType"], run["InternetMaxBandwidthOut"]) == ("PostPaid", "0")
        assert sent(path, "StopInstance")[0]["StoppedMode"] == "StopCharging"
        for action in ("CreateVpc", "CreateVSwitch", "CreateSecurityGroup", "RunInstances", "CreateNetworkInterface"):
            for pairs in sent(path, action):
                assert re.fullmatch(r"[0-9a-f-]{36}", pairs["ClientToken"])
                assert (pairs["Tag.1.Key"], pairs["Tag.1.Value"]) == ("eni-conformance-run", "run-000001")
        session.ledger.close()


def test_no_secret_is_written(real, tmp_path):
    """Not the keys of any caller, nor the account's number, in anything a run leaves on disk."""
    with running(settle_ms=5) as emulator:
        target = real(emulator)
        out = tmp_path / "out"
        with Journal(journal.worker_path(out, "a"), Redactor(target)) as book:
            session = session_of(target, tmp_path, journal=book)
            small_run(session)
            for caller in target.callers:
                session.client.send("DetachNetworkInterface", [("RegionId", "cn-hangzhou")], caller=caller)
                session.client.send("X", [], caller=caller, tamper=lambda p: replace(p, url=p.url + "0"))
            janitor.teardown(session)
        session.ledger.close()
        journal.merge(out, out / "wire.jsonl.gz")
        written = 0
        secrets = [c.literal for c in target.callers.values()]
        words = [w for s in secrets for w in (s.access_key_id, s.access_key_secret)] + ["1000000000000001"]
        for path in out.rglob("*"):
            if path.is_file():
                text = "\n".join(journal.read_lines(path)) if path.suffix == ".gz" else path.read_text()
                written += len(text)
                assert not [word for word in words if word in text], path
        assert written > 50_000


COLD = {"instances-come-stopped", "attaches-to-stopped-only"}
"""Variants whose instances must be Stopped for something, or are never anything else."""


@pytest.mark.whole
@pytest.mark.parametrize("variant", [row["name"] for row in listed("--list-variants")])
def test_every_way_of_being_right(variant, tmp_path):
    """Set-up and clean-up work against every conforming variant of the service."""
    with running(settle_ms=2, variants=[variant]) as emulator:
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        session = ecs.open_session(target, tmp_path / "out", "run-000001")
        ground = small_run(session, cold=variant in COLD)
        assert len(ground.zones) == 2 and len(ground.security_group_ids) == 5 and ground.eni_quota >= 2
        assert codec.build(ecs.Ground, json.loads(json.dumps(codec.plain(ground))), "ground") == ground
        done = janitor.teardown(session)
        assert not done.left and len(done.removed) >= 9
        session.ledger.close()


def test_limits_are_never_passed(real, tmp_path):
    """Asked for more, the client refuses by itself: nothing is sent."""
    with running(settle_ms=2) as emulator:
        target = real(emulator, instances=1, network_interfaces=3)
        one, two = (session_of(target, tmp_path, worker=name) for name in ("a", "b"))
        ground = ecs.lay_ground(one)
        ecs.create_instance(one, ground)
        with pytest.raises(SetupError, match="at most 1 instances"):
            ecs.create_instance(two, ground)
        first, _ = ecs.create_eni(one, ground), ecs.create_eni(two, ground)
        for session in (one, two):
            with pytest.raises(SetupError, match="3 of at most 3 enis"):
                ecs.create_eni(session, ground)
        assert two.client.counts["RunInstances"] == 0
        assert one.client.counts["CreateNetworkInterface"] + two.client.counts["CreateNetworkInterface"] == 2
        ecs.delete_eni(one, first)
        ecs.wait_for(one, lambda: not ecs.describe_enis(one, ids=[first]), "gone")
        ecs.create_eni(two, ground)
        assert len(ecs.describe_enis(one)) == 3
        assert not janitor.teardown(one).left
        for session in (one, two):
            session.ledger.close()


class Answering(Client):
    """A client that answers some operations itself."""

    def __init__(self, target, answers):
        super().__init__(target)
        self.answers = answers

    def send(self, action, pairs, **options):
        exchange = super().send(action, pairs, **options)
        if action in self.answers:
            status, body = self.answers[action]
            return replace(exchange, status=status, body=json.dumps(body).encode())
        return exchange


UNKNOWN = (404, {"Code": "InvalidAction.NotFound", "Message": "m", "RequestId": "r"})
CATALOGUE = ("DescribeZones", "DescribeInstanceTypes", "DescribeAvailableResource", "DescribeImages")


@pytest.mark.parametrize("answer", [UNKNOWN, (200, {"RequestId": "r"}), (200, {"Zones": 7, "Images": {"Image": [3]}})])
def test_a_target_without_a_catalogue(answer, tmp_path):
    """Is tried with what is most likely to be there, or with what [setup] names; the notes tell."""
    with running(settle_ms=2) as emulator:
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        client = Answering(target, {"RunInstances": UNKNOWN, **dict.fromkeys(CATALOGUE, answer)})
        session = ecs.Session(target, client, session_of(target, tmp_path).ledger, "run-000001")
        ground = ecs.lay_ground(session)
        assert ground.zones and ground.instance_type and ground.notes
        assert janitor.teardown(session).left == ()


def test_catalogue_answers_choose_the_smallest_that_fits():
    """Enough interfaces where cheap, hot-plugging, the right architecture."""
    rows = [
        {"InstanceTypeId": name, "EniQuantity": enis, "CpuCoreCount": cores, "MemorySize": memory, **more}
        for name, enis, cores, memory, more in (
            ("ecs.g6.large", 2, 2, 8, {}),
            ("ecs.g7.large", 3, 2, 8, {}),
            ("ecs.g7.xlarge", 4, 4, 16, {}),
            ("ecs.c7.xlarge", 4, 4, 8, {}),
            ("ecs.g6.2xlarge", 4, 8, 32, {}),
            ("ecs.t6-c4m1.large", 4, 2, 8, {}),
            ("ecs.g8y.large", 4, 2, 8, {"CpuArchitecture": "ARM"}),
            ("ecs.gn7.xlarge", 4, 4, 4, {"GPUAmount": 1}),
            ("ecs.ebmg7.xlarge", 4, 4, 4, {}),
            ("ecs.tiny", 1, 1, 1, {}),
            ("ecs.odd", "many", None, "x", {}),
        )
    ]
    names = [name for name, _ in ecs.rank_types(rows)]
    assert names[0] == "ecs.c7.xlarge" and names[-1] == "ecs.t6-c4m1.large"
    assert "ecs.g8y.large" not in names and "ecs.ebmg7.xlarge" not in names and len(names) == 6
    assert ecs.rank_types(rows[4:5] + rows[:1])[0][0] == "ecs.g6.large"


def test_a_session_token_that_changes_is_used_at_once(tmp_path):
    """The credential is asked for at every call, and the redactor learns it first."""
    with running(settle_ms=2) as emulator:
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        path = tmp_path / "wire-a.jsonl.gz"
        with Journal(path, Redactor()) as book:
            client = Client(target, journal=book)
            account = client.credential("account")
            turns = iter([account, Credential("STS.turned02", "a-turned-secret", "a-turned-token"), account])
            learn = book.redactor.learn
            client._credentials["account"] = lambda: (credential := next(turns), learn(credential))[0]
            codes = [client.send("DescribeRegions", []).status for _ in range(3)]
        assert codes[0] == codes[2] == 200 and codes[1] >= 400
        text = "".join(journal.read_lines(path))
        assert "a-turned-token" not in text and "STS.turned02" not in text


def test_control_that_is_not_there_is_a_value(tmp_path):
    """No URL, nobody there, nonsense: no capabilities and a reason."""
    from raw_server import always, answer, serving

    with running() as emulator:
        target = load_target(emulator.write_target(tmp_path / "t.toml"))
        assert {"hold", "release", "reset", "eni.status"} <= control.capabilities(target)
        assert control.order(target, {"op": "hold", "id": "nothing"}).startswith("HTTP 400: ")
        assert "HTTP 40" in control.offer(replace(target, control_url=emulator.url + "/nothing")).problem
    assert control.offer(replace(target, control_url="")).problem and control.offer(target).problem
    for body in (b"<html>", b"[]", b'{"protocol": 2}', b'{"protocol": 1, "capabilities": "all"}', b"{" * 10_000):
        with serving(always(answer(body))) as server:
            offered = control.offer(replace(target, control_url=server.url))
            assert offered.problem and not offered.capabilities


def test_the_policy_allows_what_is_sent(real, tmp_path):
    """Every operation that set-up, looking and clean-up send is in the policy of the guide."""
    text = (Path(__file__).parents[2] / "docs" / "real-accounts.md").read_text()
    policy = json.loads(text.split("```json")[1].split("```")[0])
    allowed = {name.split(":")[1] for statement in policy["Statement"] for name in statement["Action"]}
    with running(settle_ms=2) as emulator:
        target = real(emulator)
        session = session_of(target, tmp_path)
        small_run(session)
        janitor.teardown(session)
        assert set(session.client.counts) <= allowed
        session.ledger.close()
