"""What is assumed where an endpoint does not tell, and which blocks of a network are tried."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from eni_conformance.harness import ecs
from eni_conformance.harness.ecs import ground
from eni_conformance.harness.target import parse_target
from eni_conformance.harness.values import Exchange, Request


def asking(types, wanted=""):
    target = parse_target(
        {
            "region": "cn-hangzhou",
            "endpoint": "http://127.0.0.1:9",
            "callers": {"account": {"access_key_id": "LTAIkey0001", "access_key_secret": "the-secret"}},
            "setup": {"instance_type": wanted} if wanted else {},
        }
    )

    def ask(_session, action, pairs, _path, _notes, **_more):
        if action != "DescribeInstanceTypes":
            return []
        named = [value for name, value in pairs if name.startswith("InstanceTypes")]
        return [one for one in types if not named or one["InstanceTypeId"] in named]

    return SimpleNamespace(target=target, region=("RegionId", target.region)), ask


@pytest.mark.parametrize(
    ("types", "enis", "assumed"),
    [
        ([{"InstanceTypeId": "ecs.g7.large", "EniQuantity": 4}], 4, False),
        ([{"InstanceTypeId": "ecs.g7.large"}], ecs.ASSUMED_QUOTA, True),
        ([{"InstanceTypeId": "ecs.other", "EniQuantity": 8}], ecs.ASSUMED_QUOTA, True),
        ([], ecs.ASSUMED_QUOTA, True),
    ],
)
def test_how_many_interfaces_the_named_type_takes_is_told_or_assumed(monkeypatch, types, enis, assumed):
    """What is assumed is said to be: no endpoint is to blame for taking fewer."""
    session, ask = asking(types, "ecs.g7.large")
    monkeypatch.setattr(ground, "_ask", ask)
    choice = ecs.find_instance_type(session, ["cn-hangzhou-b"], [])
    assert (choice.name, choice.enis, choice.assumed) == ("ecs.g7.large", enis, assumed)


def test_a_type_that_is_assumed_has_an_assumed_quota(monkeypatch):
    session, ask = asking([])
    monkeypatch.setattr(ground, "_ask", ask)
    notes = []
    choice = ecs.find_instance_type(session, ["cn-hangzhou-b"], notes)
    assert choice.assumed and choice.enis == ecs.ASSUMED_QUOTA and "assumed" in notes[0]


# --- blocks of a network ------------------------------------------------------------------------------


@pytest.fixture
def network(monkeypatch):
    """A session's VPC of four blocks: what is taken, which blocks were tried, and how often was asked what is taken."""
    made = SimpleNamespace(taken=[], tried=[], asked=0)
    session = SimpleNamespace(blocks={}, region=("RegionId", "cn-hangzhou"), name="x")

    def listed(_session, kind, _pair):
        made.asked += kind == "vswitch"
        if kind == "vpc":
            return [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/22"}]
        return [{"CidrBlock": block} for block in made.taken]

    def create(_session, _kind, _action, pairs, *_more, **_options):
        block = dict(pairs)["CidrBlock"]
        made.tried.append(block)
        if block in made.taken:
            body = json.dumps({"RequestId": "R", "Code": "InvalidCidrBlock.Overlapped", "Message": "no"}).encode()
            sent = Request("CreateVSwitch", "2016-04-28", "GET", "http://127.0.0.1/", (), (), b"", "account", "v1")
            raise ecs.SetupError("CreateVSwitch", Exchange("x-1", sent, 0.0, 0.1, "answered", 400, "", (), body), "")
        made.taken.append(block)
        return f"vsw-{len(made.taken)}"

    monkeypatch.setattr(ground, "listed", listed)
    monkeypatch.setattr(ground, "create", create)
    monkeypatch.setattr(ground, "marks", lambda _session: [])
    monkeypatch.setattr(ground, "_await_network", lambda *_: None)
    made.create = lambda: ground._create_vswitch(session, "vpc-1", "cn-hangzhou-b")
    return made


def test_which_blocks_are_free_is_asked_once(network):
    assert [network.create(), network.create()] == ["vsw-1", "vsw-2"]
    assert network.tried == ["10.0.0.0/24", "10.0.1.0/24"] and network.asked == 1


def test_and_again_when_somebody_has_taken_the_next_one(network):
    network.create()
    network.taken.append("10.0.1.0/24")
    network.create()
    assert network.tried == ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"] and network.asked == 2


def test_a_network_that_is_full_is_told(network):
    network.taken += [f"10.0.{n}.0/24" for n in range(4)]
    with pytest.raises(ecs.SetupError):
        network.create()
    assert network.tried == []
