"""Whatever becomes of a run, one janitor call leaves nothing of it, and touches nothing else.

A small run is ended at every single call, before it is sent and after its answer is lost, enumerated and not
sampled; then the janitor cleans up from the ledger, and from the tags alone. Some of it is done once more
with a real process and a real SIGKILL.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from eni_conformance.emulator.embed import running
from eni_conformance.harness import control, ecs
from eni_conformance.harness.account import janitor, ledger, marks
from eni_conformance.harness.account.ledger import CREATED_TAG, RUN_TAG, NotOurs
from eni_conformance.harness.bench import look
from eni_conformance.harness.target import abroad, load_target
from eni_conformance.harness.wire.client import Client

SETTLE_MS = 2
CREATING = ("CreateVpc", "CreateVSwitch", "CreateSecurityGroup", "RunInstances", "CreateNetworkInterface")


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


class Dying(Client):
    """A client whose process ends at its nth call: before it is sent, or before its answer is seen."""

    def __init__(self, target, *, at, before, **options):
        super().__init__(target, **options)
        self.calls, self.at, self.before = 0, at, before

    def send(self, *args, **options):
        self.calls += 1
        if self.calls == self.at and self.before:
            raise Killed
        exchange = super().send(*args, **options)
        if self.calls == self.at:
            raise Killed
        return exchange


class Losing(Client):
    """A client that loses the first answer of each creating call, in one of the ways that happens."""

    def __init__(self, target, *, outcome, **options):
        super().__init__(target, **options)
        self.outcome, self.lost, self.tokens = outcome, set(), {}

    def send(self, action, pairs, **options):
        exchange = super().send(action, pairs, **options)
        token = dict(pairs).get("ClientToken")
        if token is None or token in self.lost:
            return exchange
        self.lost.add(token)
        if self.outcome == "5xx":
            return replace(exchange, status=504, body=b'{"Code":"RequestTimeout","Message":"m","RequestId":"r"}')
        if self.outcome == "no id":
            return replace(exchange, body=b'{"RequestId":"r","NetworkInterfaceId":""}')
        return replace(exchange, outcome=self.outcome, status=0, headers=(), body=b"", detail="lost")


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    with running(settle_ms=SETTLE_MS) as emulator:
        yield load_target(emulator.write_target(tmp_path_factory.mktemp("target") / "t.toml"))


@pytest.fixture
def foreign(target):
    """Standing resources of the account: untagged, tagged by others, and with a copied tag; checked after."""
    control.order(target, {"op": "wipe"})
    session = looking(target)
    made = ecs.Session(target, session.client, ledger.Ledger(janitor.scratch(), "standing-1", durable=False), "s")
    ground = ecs.lay_ground(made)
    region = ("RegionId", target.region)
    place = [("VSwitchId", ground.vswitch_ids[0]), ("SecurityGroupId", ground.security_group_ids[0])]
    copied = [
        ("Tag.1.Key", RUN_TAG),
        ("Tag.1.Value", "run-000001"),
        ("Tag.2.Key", CREATED_TAG),
        ("Tag.2.Value", "2020-01-01T00:00:00Z"),
    ]
    half = [("Tag.1.Key", RUN_TAG), ("Tag.1.Value", "run-000001")]
    for tags in ([], [("Tag.1.Key", "team"), ("Tag.1.Value", "payments")], half, copied):
        assert ecs.succeeded(session.client.send("CreateNetworkInterface", [region, *place, *tags]))
    what = [("InstanceType", ground.instance_type), ("ImageId", ground.image_id)]
    assert ecs.succeeded(session.client.send("RunInstances", [region, *place, *what, *copied]))
    ecs.wait_for(session, lambda: all(i["Status"] == "Running" for i in ecs.describe_instances(session)), "up")
    before = everything(session)
    yield before
    assert everything(session) == before
    made.ledger.close()
    session.ledger.close()


def looking(target):
    return ecs.Session(
        target, Client(target), ledger.Ledger(janitor.scratch(), "looking-1", worker="look", durable=False), "looking"
    )


def everything(session):
    """Every resource of the account, as the service describes it."""
    found = {}
    for kind, one in ecs.KINDS.items():
        for entry in ecs.listed(session, kind):
            found[kind, entry[one.key]] = json.dumps(entry, sort_keys=True)
    return found


def small_run(session):
    """A run in small: it lays the ground, builds, attaches, holds, detaches, deletes."""
    ground = ecs.lay_ground(session)
    host = ecs.create_instance(session, ground)
    ecs.wait_for(session, lambda: status(session, host) == "Running", "up")
    one = ecs.create_eni(session, ground, tags=1, groups=2, delete_on_release=True)
    two = ecs.create_eni(session, ground, delete_on_release=False)
    ecs.attach_eni(session, host, one)
    ecs.wait_for(session, lambda: status(session, one) == "InUse", "attached")
    ecs.attach_eni(session, host, two)
    control.order(session.target, {"op": "hold", "id": two})
    ecs.detach_eni(session, host, one)
    ecs.wait_for(session, lambda: status(session, one) == "Available", "detached")
    ecs.delete_eni(session, one)
    ecs.stop_instance(session, host)
    ecs.wait_for(session, lambda: status(session, host) == "Stopped" and not status(session, one), "down")


def status(session, identifier):
    described = ecs.describe_enis(session, ids=[identifier]) or ecs.describe_instances(session, [identifier])
    return described[0]["Status"] if described else ""


def session_of(target, client, directory, run_id="run-000001"):
    book = ledger.Ledger(directory, run_id, durable=False, where=ecs.where(target))
    return ecs.Session(target, client, book, run_id)


def killed_at_every_call(target, run, known, before, tmp_path):
    """Make `run` again and again, killed at its first call, its second, and so on until it ends; after each the number
    of the call, the directory, and what the janitor did. Nothing is ever left of it."""
    at, ended = 0, False
    while not ended:
        at += 1
        out = tmp_path / f"out-{at}"
        killed = session_of(target, Dying(target, at=at, before=before), out / "run-000001")
        try:
            run(killed)
            ended = True
        except Killed:
            pass
        killed.ledger.close()
        if known == "tags alone":
            shutil.rmtree(out)
        results = janitor.clean(target, Client(target), out=out, patience=0)
        assert not any(result.left for result in results), (at, janitor.told(results, dry_run=False))
        yield at, out, results


@pytest.mark.parametrize("known", ["ledger", "tags alone"])
@pytest.mark.parametrize("before", [True, False], ids=["before the call", "before its answer"])
def test_killed_at_every_call(known, before, target, foreign, tmp_path):
    """One janitor call removes all, and a second one finds nothing; what is foreign stays as it was."""
    session = looking(target)
    for at, out, results in killed_at_every_call(target, small_run, known, before, tmp_path):
        assert everything(session) == foreign, f"call {at}: {janitor.told(results, dry_run=False)}"
        again = janitor.clean(target, Client(target), out=out, patience=0)
        assert not any(result.removed for result in again), f"call {at}: {janitor.told(again, dry_run=False)}"
    assert at > 30


def run_with_born(session, ground):
    """An instance comes with an interface, which is found, marked, kept from going with it, and detached."""
    host, awaited = ecs.create_instance_with(session, ground, groups=2)
    ecs.wait_for(session, lambda: status(session, host) == "Running", "up")
    (eni,) = ecs.secondaries(session, host)
    session.ledger.made(awaited, "eni", eni)
    ecs.mark(session, eni)
    ecs.keep_on_release(session, eni)
    ecs.detach_eni(session, host, eni)
    ecs.wait_for(session, lambda: status(session, eni) == "Available", "detached")


@pytest.mark.parametrize("known", ["ledger", "tags alone"])
@pytest.mark.parametrize("before", [True, False], ids=["before the call", "before its answer"])
def test_killed_at_every_call_with_an_interface_that_came_with_its_instance(known, before, target, foreign, tmp_path):
    """Before it was found it goes with its instance, or as what hangs on that; afterwards its tags say whose it is."""
    laying = session_of(target, Client(target), tmp_path / "ground", "run-ground")
    ground = ecs.lay_ground(laying)
    session = looking(target)
    standing = everything(session)
    for at, _, results in killed_at_every_call(
        target, lambda killed: run_with_born(killed, ground), known, before, tmp_path
    ):
        assert everything(session) == standing, f"call {at}: {janitor.told(results, dry_run=False)}"
    assert at > 8 and not janitor.teardown(laying).left
    laying.ledger.close()


def test_what_somebody_attached_to_another_instance_of_the_run_is_not_taken(target, foreign, tmp_path):
    """While an interface is awaited, only the instance that was asked for with it is looked at."""
    session = session_of(target, Client(target), tmp_path)
    ground = ecs.lay_ground(session)
    other = ecs.create_instance(session, ground)
    ecs.create_instance_with(session, ground)
    ecs.wait_for(session, lambda: all(i["Status"] == "Running" for i in ecs.describe_instances(session)), "up")
    network = [("VSwitchId", ground.vswitch_ids[0]), ("SecurityGroupId", ground.security_group_ids[0])]
    made = ecs.send(session, "CreateNetworkInterface", [session.region, *network, ("DeleteOnRelease", "false")])
    theirs = ("NetworkInterfaceId", json.loads(made.body)["NetworkInterfaceId"])
    assert ecs.succeeded(ecs.send(session, "AttachNetworkInterface", [session.region, ("InstanceId", other), theirs]))
    done = janitor.teardown(session, seconds=3)
    assert theirs[1] not in {item.id for item in done.removed} and done.left, "its network cannot go before it"
    assert status(session, theirs[1]) == "Available"
    assert ecs.succeeded(ecs.send(session, "DeleteNetworkInterface", [session.region, theirs]))
    assert not janitor.teardown(session).left
    session.ledger.close()


@pytest.mark.parametrize("outcome", ["timeout", "reset", "unreadable", "5xx", "no id"])
def test_a_lost_answer_about_an_interface_that_came_with_its_instance(outcome, target, foreign, tmp_path):
    """The call is repeated with its token; neither the instance nor the interface exists twice."""
    session = session_of(target, Losing(target, outcome=outcome), tmp_path)
    run_with_born(session, ecs.lay_ground(session))
    found = [i for kind, i in everything(session) if kind in ("instance", "eni") and (kind, i) not in foreign]
    assert len(found) == 3 and not session.ledger.book().open  # with the primary interface
    assert not janitor.teardown(session).left and everything(session) == foreign
    session.ledger.close()


@pytest.mark.parametrize("known", ["ledger", "tags alone"])
def test_the_second_region_is_cleaned_as_well(known, target, foreign, tmp_path):
    """A run ended at every call there; the first region is not touched by that."""
    session = looking(abroad(target))
    at, ended = 0, False
    while not ended:
        at += 1
        out = tmp_path / f"out-{at}"
        killed = session_of(abroad(target), Dying(abroad(target), at=at, before=at % 2 == 0), out / "run-000001" / "b")
        try:
            small_run(killed)
            ended = True
        except Killed:
            pass
        killed.ledger.close()
        if known == "tags alone":
            shutil.rmtree(out)
        results = janitor.clean_abroad(target, out=out, patience=0)
        assert not any(result.left for result in results), (at, janitor.told(results, dry_run=False))
        assert not everything(session), f"call {at}: {janitor.told(results, dry_run=False)}"
    assert at > 30


def test_a_second_region_that_cannot_be_listed_holds_nothing(target, tmp_path, monkeypatch):
    """Unless a ledger names something there: then that is left, and told."""
    monkeypatch.setattr(look, "TEARDOWN", 0.5)
    limits = replace(target.limits, settle_seconds=0.2)
    nowhere = replace(target, second_region="cn-atlantis-1", limits=limits)
    assert janitor.clean_abroad(nowhere, out=tmp_path, patience=0) == []
    assert janitor.clean_abroad(replace(target, second_region=""), out=tmp_path, patience=0) == []
    there = abroad(nowhere)
    session = session_of(there, Client(there), tmp_path / "run-000001")
    session.ledger.made(session.ledger.intend("eni", "CreateNetworkInterface", "token"), "eni", "eni-lost")
    session.ledger.close()
    results = janitor.clean_abroad(nowhere, out=tmp_path, patience=0)
    assert any(one.item.id == "eni-lost" for result in results for one in result.left)


@pytest.mark.parametrize("outcome", ["timeout", "reset", "unreadable", "5xx", "no id"])
def test_a_lost_answer_is_resolved_by_its_token(outcome, target, foreign, tmp_path):
    """Each creating call is repeated with the same token, and nothing exists twice."""
    client = Losing(target, outcome=outcome)
    session = session_of(target, client, tmp_path)
    small_run(session)
    assert len(client.lost) == client.counts["CreateVpc"] / 2 + 2 + 5 + 1 + 2
    assert all(client.counts[action] == 2 * n for action, n in zip(CREATING, (1, 2, 5, 1, 2), strict=True))
    present = {identifier for _, identifier in everything(session)} - {i for _, i in foreign}
    owned = set(session.ledger.book().owned)
    primary = {
        str(e["NetworkInterfaceId"])
        for e in ecs.describe_enis(session)
        if e.get("Type") == "Primary" and e.get("InstanceId") in owned
    }
    assert present - primary <= owned and not session.ledger.book().open
    done = janitor.teardown(session)
    assert not done.left and everything(session) == foreign
    session.ledger.close()


def test_what_is_not_in_the_ledger_is_never_changed(target, foreign, tmp_path):
    """Every operation that changes something refuses before it sends anything."""
    client = Client(target)
    session = session_of(target, client, tmp_path)
    eni = next(i for kind, i in foreign if kind == "eni")
    host = next(i for kind, i in foreign if kind == "instance")
    for act in (
        lambda: ecs.delete_eni(session, eni),
        lambda: ecs.attach_eni(session, host, eni),
        lambda: ecs.detach_eni(session, host, eni),
        lambda: ecs.delete_instance(session, host),
        lambda: ecs.stop_instance(session, host),
        lambda: ecs.start_instance(session, host),
        lambda: ecs.reboot_instance(session, host),
        lambda: janitor.remove(session, [marks.Item("eni", eni, "run-000001")]),
    ):
        with pytest.raises(NotOurs):
            act()
    assert not client.counts
    session.ledger.close()


def test_a_run_that_is_alive_is_left_alone(target, foreign, tmp_path):
    """Two runs on one account: neither the janitor nor the end of one disturbs the other."""
    one = session_of(target, Client(target), tmp_path / "a", "run-aaaaaa")
    two = session_of(target, Client(target), tmp_path / "b", "run-bbbbbb")
    small_run(one)
    small_run(two)
    mine = everything(two)
    kept = janitor.clean(target, Client(target), out=tmp_path, patience=0)
    assert not any(result.removed for result in kept)
    assert {result.run_id for result in kept} >= {"run-aaaaaa", "run-bbbbbb"}
    assert not janitor.teardown(one).left
    left = everything(two)
    assert left.items() <= mine.items() and all(i in left for i in foreign)
    assert not janitor.teardown(two).left
    for session in (one, two):
        session.ledger.close()


def test_dry_run_and_age(target, foreign, tmp_path):
    """What would be removed is told; a run younger than asked for is kept."""
    session = session_of(target, Client(target), tmp_path / "x")
    small_run(session)
    session.ledger.close()
    before = everything(looking(target))
    (result, *_) = janitor.clean(target, Client(target), out=tmp_path, dry_run=True, patience=0)
    assert len(result.removed) >= 10 and result.dry_run and everything(looking(target)) == before
    (result, *_) = janitor.clean(target, Client(target), out=tmp_path, older_than=3600, patience=0)
    assert not result.removed and "younger" in result.kept[0].why
    assert everything(looking(target)) == before
    assert janitor.clean(target, Client(target), out=tmp_path, older_than=0, patience=0)[0].removed


@pytest.mark.parametrize("fault", ["hold", "eni.status", "vswitch.remove", "instance.status", "region.feature"])
def test_what_control_calls_left_does_not_stop_it(fault, target, foreign, tmp_path):
    """Frozen, forced and removed things are put right first."""
    session = session_of(target, Client(target), tmp_path)
    small_run(session)
    for identifier, owned in session.ledger.book().owned.items():
        orders = {
            "hold": {"op": "hold", "id": identifier},
            "eni.status": {"op": "eni.status", "id": identifier, "status": "Attaching"},
            "instance.status": {"op": "instance.status", "id": identifier, "status": "Pending"},
            "vswitch.remove": {"op": "vswitch.remove", "id": identifier},
            "region.feature": {"op": "region.feature", "region": target.region, "supported": False},
        }
        if fault in ("hold", "region.feature") or owned.kind == fault.partition(".")[0]:
            control.order(target, orders[fault])
    done = janitor.teardown(session, seconds=5)
    assert not done.left, done.left
    session.ledger.close()


def test_a_stubborn_resource_is_reported_and_the_rest_goes(target, foreign, tmp_path):
    """A refusal that does not pass ends in a line that says which and why."""

    class Refusing(Client):
        def send(self, action, pairs, **options):
            exchange = super().send("DescribeRegions" if action == "DeleteInstance" else action, pairs, **options)
            if action == "DeleteInstance":
                body = b'{"Code":"InvalidOperation.DeletionProtection","Message":"m","RequestId":"r"}'
                return replace(exchange, status=403, body=body)
            return exchange

    session = session_of(target, Refusing(target), tmp_path)
    small_run(session)
    done = janitor.teardown(session, seconds=0.5)
    why = {one.item.kind: one.why for one in done.left}
    assert why["instance"] == "DeleteInstance: InvalidOperation.DeletionProtection"
    assert {item.kind for item in done.removed} == {"eni"}
    again = ecs.Session(target, Client(target), session.ledger, "run-000001")
    assert not janitor.teardown(again).left
    session.ledger.close()


@pytest.mark.parametrize(
    ("missing", "left"),
    [
        ("DeleteVSwitch", {"vswitch", "vpc"}),
        ("DeleteInstance", {"instance", "security_group", "vswitch", "vpc"}),
    ],
)
def test_what_no_operation_removes_is_asked_for_once_each_time_and_told(missing, left, target, foreign, tmp_path):
    """An endpoint that cannot delete vSwitches never will, however long one asks."""
    asked = []

    class Without(Client):
        def send(self, action, pairs, **options):
            if action != missing:
                return super().send(action, pairs, **options)
            asked.append(action)
            return super().send("NoSuchOperation", pairs, **options)

    session = session_of(target, Without(target), tmp_path)
    small_run(session)
    done = janitor.teardown(session, seconds=60)
    assert {one.item.kind for one in done.left} == left
    assert {one.why for one in done.left if one.why.startswith(missing)} == {f"{missing}: InvalidAction.NotFound"}
    assert len(asked) <= 3 * len([one for one in done.left if one.why.startswith(missing)])
    again = ecs.Session(target, Client(target), session.ledger, "run-000001")
    assert not janitor.teardown(again).left
    session.ledger.close()


def test_a_primary_interface_that_was_wrongly_detached_goes_too(tmp_path):
    """It outlives its instance, and its network could not go before it; one in a network of others is left alone."""
    with running(settle_ms=SETTLE_MS, faults=["accepts-primary"]) as emulator:
        broken = load_target(emulator.write_target(tmp_path / "t.toml"))
        session = session_of(broken, Client(broken), tmp_path / "run-000001")
        ground = ecs.lay_ground(session)
        primaries = []
        for _ in range(2):
            host = ecs.create_instance(session, ground)
            ecs.wait_for(session, lambda: status(session, host) == "Running", "up")  # noqa: B023
            (primary,) = (e["NetworkInterfaceId"] for e in ecs.describe_enis(session, InstanceId=host))
            session.ledger.brought(host, primary)
            pairs = [("RegionId", broken.region), ("InstanceId", host), ("NetworkInterfaceId", primary)]
            assert ecs.succeeded(session.client.send("DetachNetworkInterface", pairs))
            ecs.wait_for(session, lambda: status(session, primary) == "Available", "detached")  # noqa: B023
            primaries.append(primary)
        ecs.delete_instance(session, host)  # one is gone before the end, one goes at the end
        ecs.wait_for(session, lambda: not status(session, host), "gone")
        other = ecs.Session(broken, session.client, ledger.Ledger(janitor.scratch(), "standing-1", durable=False), "s")
        ecs.create_eni(other, ecs.lay_ground(other))
        standing = {owned.id for owned in other.ledger.book().owned.values()}
        (foreign,) = (one for one in standing if one.startswith("eni-"))
        session.ledger.brought(host, foreign)  # as a confused endpoint may have told
        done = janitor.teardown(session, seconds=2)
        assert set(primaries) <= {item.id for item in done.removed} and not done.left
        assert {identifier for _, identifier in everything(session)} == standing
        session.ledger.close()
        other.ledger.close()


@pytest.mark.parametrize("call", [3, 17, 29])
def test_a_real_process_and_a_real_kill(call, target, foreign, tmp_path):
    """As above, by SIGKILL of a process of its own."""
    code = (
        "import os, signal, sys; from pathlib import Path; sys.path.insert(0, sys.argv[3])\n"
        "from test_janitor import Client, session_of, small_run\n"
        "from eni_conformance.harness.target import load_target\n"
        "class Suicidal(Client):\n"
        "    calls = 0\n"
        "    def send(self, *args, **options):\n"
        "        self.calls += 1\n"
        "        exchange = super().send(*args, **options)\n"
        "        if self.calls == int(sys.argv[4]): os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return exchange\n"
        "target = load_target(sys.argv[1])\n"
        "small_run(session_of(target, Suicidal(target), Path(sys.argv[2])))\n"
    )
    here = str(Path(__file__).parent)
    out = tmp_path / "out"
    arguments = [target.path, str(out / "run-000001"), here, str(call)]
    root = str(Path(here).parent.parent)
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], env={**os.environ, "PYTHONPATH": root}, timeout=60, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    results = janitor.clean(target, Client(target), out=out, patience=0)
    assert not any(result.left for result in results)
    assert everything(looking(target)) == foreign


MARKS = {RUN_TAG: "run-000001", CREATED_TAG: "2026-05-01T10:00:00Z"}


def entry(created="2026-05-01T10:01Z", **tags):
    marks = {**MARKS, **tags}
    return {"CreationTime": created, "Tags": [{"TagKey": k, "TagValue": v} for k, v in marks.items() if v is not None]}


@pytest.mark.parametrize(
    ("described", "verdict"),
    [
        (entry(), ""),
        (entry(created=""), ""),
        (entry(created="2026-05-01T10:19:59Z"), ""),
        (entry(created="2026-05-01T10:21:00Z"), "another time"),
        (entry(created="2019-01-01T00:00Z"), "another time"),
        (entry(**{CREATED_TAG: None}), "no valid"),
        (entry(**{CREATED_TAG: "yesterday"}), "no valid"),
        (entry(**{RUN_TAG: None}), None),
        (entry(**{RUN_TAG: "*"}), None),
        ({**entry(), "Type": "Primary"}, None),
        ({"Tags": "none"}, None),
        ({"Tags": [7, {"Key": RUN_TAG, "Value": "run-000001"}, {"Key": CREATED_TAG, "Value": MARKS[CREATED_TAG]}]}, ""),
    ],
)
def test_marks(described, verdict):
    """Who is certainly a run's, who is certainly not, and who is doubtful and therefore left alone."""
    mine = marks.read_marks("instance", "i-1", described)
    assert mine is None if verdict is None else (verdict in mine.why and bool(verdict) == bool(mine.why))


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("90", 90), ("90s", 90), ("30m", 1800), ("1.5h", 5400), ("1d", 86400)]
)
def test_ages(text, seconds):
    assert janitor.parse_age(text) == seconds
    for wrong in ("", "h", "-1h", "2 weeks", "1e3"):
        with pytest.raises(ValueError, match="write for example"):
            janitor.parse_age(wrong)
