"""Which permissions the account lacks, found out without leaving anything behind."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from eni_conformance.harness import ecs
from eni_conformance.harness.account import doctor, janitor, permissions
from eni_conformance.harness.wire.client import Client


def resources(emulator):
    return emulator.control("stats")["resources"]


# --- permissions and stock -----------------------------------------------------------------------


def refusing(codes):
    """A client to whom these operations are refused with these codes."""

    class Denied(Client):
        def send(self, action, pairs, **options):
            exchange = super().send(action, pairs, **options)
            if action in codes:
                body = json.dumps({"Code": codes[action], "Message": "m", "RequestId": "r"}).encode()
                return replace(exchange, status=403, body=body)
            return exchange

    return Denied


def test_missing_permissions_are_named(target):
    """By operation, those apart that a run can do without; an operation that is not there is told apart."""
    codes = {
        "CreateNetworkInterface": "Forbidden.RAM",
        "RebootInstance": "Forbidden.RAM",
        "RunInstances": "InvalidAction.NotFound",
        "StopInstance": "InvalidAction.NotFound",
        "StartInstance": "Forbidden.InstanceNotFound",
    }
    found = permissions.permissions(target, refusing(codes)(target))
    assert [(check.name, check.answer) for check in found] == [
        ("permissions", "problem"),
        ("permissions", "warning"),
        ("operations", "warning"),
    ]
    assert (
        found[0].seen == "CreateNetworkInterface (Forbidden.RAM)" and found[1].seen == "RebootInstance (Forbidden.RAM)"
    )
    assert "RunInstances (InvalidAction.NotFound), so CreateInstance and StartInstance" in found[2].seen
    assert "StopInstance (InvalidAction.NotFound)" in found[2].seen


@pytest.mark.parametrize(
    ("codes", "answer"),
    [
        ({"DescribeVpcs": "InvalidAction.NotFound"}, "warning"),
        ({"DescribeVpcs": "InvalidAction.NotFound", "DeleteVpc": "InvalidAction.NotFound"}, "problem"),
    ],
)
def test_networks_that_cannot_be_described(codes, answer, target):
    """A run takes them at their word, as long as they can be created."""
    assert doctor.vpc(target, refusing(codes)(target)).answer == answer
    named = replace(target, setup=replace(target.setup, vpc_id="vpc-1", vswitch_id="vsw-1"))
    assert doctor.vpc(named, refusing(codes)(named)).answer == "warning"


def test_questions_that_are_carried_out_are_undone(emulator, target, tmp_path):
    """By an endpoint that knows no DryRun, and takes any vSwitch and group for good."""
    session = ecs.open_session(target, tmp_path, "run-careless")
    ground = ecs.lay_ground(session)
    before = resources(emulator)
    known = {"VSwitchId": ground.vswitch_ids[0], "SecurityGroupId": ground.security_group_ids[0]}

    class Careless(Client):
        def send(self, action, pairs, **options):
            if action in ("RunInstances", "CreateNetworkInterface"):
                taken = [(name, known.get(name, value)) for name, value in pairs if name != "DryRun"]
                pairs = [*taken, ("ImageId", ground.image_id)] if action == "RunInstances" else taken
                pairs = [
                    (n, ground.instance_type if n == "InstanceType" else v) for n, v in pairs if n != "ImageFamily"
                ]
            return super().send(action, pairs, **options)

    found = {check.name: check for check in permissions.permissions(target, Careless(target))}
    assert "created and removed 2 resources" in found["dry runs"].seen and found["dry runs"].answer == "warning"
    assert resources(emulator) == before
    assert not janitor.teardown(session).left
    session.ledger.close()
