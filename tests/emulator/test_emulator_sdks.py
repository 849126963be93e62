"""Clients that were not written here go through the life cycle, and read an error as their own exception."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from emulator_client import ACCOUNT, Client
from eni_conformance.emulator.embed import running

REGION = "cn-hangzhou"
NODE = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def own() -> Iterator[Client]:
    with running(settle_ms=30) as emulator:
        yield Client(emulator.url)


@pytest.fixture(params=[True, False], ids=["running", "stopped"])
def place(request: pytest.FixtureRequest, own: Client) -> tuple[Client, str, str, str]:
    network = own.network()
    return own, network.vswitch, network.group, own.instance(network, running=request.param)


def until(status: Callable[[], str], wanted: str) -> None:
    deadline = time.monotonic() + 5
    while status() != wanted:
        assert time.monotonic() < deadline, f"never {wanted}"
        time.sleep(0.01)


def test_alibabacloud_ecs20140526(place: tuple[Client, str, str, str]) -> None:
    """V3."""
    from alibabacloud_ecs20140526 import models
    from alibabacloud_ecs20140526.client import Client as Ecs
    from alibabacloud_tea_openapi.exceptions import ClientException
    from alibabacloud_tea_openapi.models import Config

    own, vswitch, group, instance = place
    config = Config(
        access_key_id=ACCOUNT[0],
        access_key_secret=ACCOUNT[1],
        region_id=REGION,
        endpoint=own.url.removeprefix("http://"),
        protocol="http",
    )
    ecs = Ecs(config)
    made = ecs.create_network_interface(
        models.CreateNetworkInterfaceRequest(
            region_id=REGION,
            v_switch_id=vswitch,
            security_group_id=group,
            tag=[models.CreateNetworkInterfaceRequestTag(key="a", value="b")],
        )
    )
    eni = made.body.network_interface_id

    def status() -> str:
        request = models.DescribeNetworkInterfacesRequest(region_id=REGION, network_interface_id=[eni])
        rows = ecs.describe_network_interfaces(request).body.network_interface_sets.network_interface_set
        return str(rows[0].status) if rows else "gone"

    where = {"region_id": REGION, "instance_id": instance, "network_interface_id": eni}
    ecs.attach_network_interface(models.AttachNetworkInterfaceRequest(**where))
    until(status, "InUse")
    answer = ecs.detach_network_interface(models.DetachNetworkInterfaceRequest(**where))
    assert answer.body.request_id == answer.headers["x-acs-request-id"]
    until(status, "Available")
    with pytest.raises(ClientException) as caught:
        ecs.detach_network_interface(models.DetachNetworkInterfaceRequest(**where))
    assert caught.value.code == "InvalidOperation.InvalidEniState"
    assert caught.value.status_code == 400
    ecs.delete_network_interface(models.DeleteNetworkInterfaceRequest(region_id=REGION, network_interface_id=eni))
    until(status, "gone")


def test_aliyun_python_sdk(place: tuple[Client, str, str, str]) -> None:
    """V1."""
    from aliyunsdkcore.acs_exception.exceptions import ServerException
    from aliyunsdkcore.client import AcsClient
    from aliyunsdkecs.request.v20140526 import (
        AttachNetworkInterfaceRequest,
        CreateNetworkInterfaceRequest,
        DeleteNetworkInterfaceRequest,
        DescribeNetworkInterfacesRequest,
        DetachNetworkInterfaceRequest,
    )

    own, vswitch, group, instance = place
    host, port = own.url.removeprefix("http://").split(":")
    acs = AcsClient(*ACCOUNT, REGION, port=int(port), auto_retry=False)

    def send(module: object, **values: object) -> dict[str, object]:
        request = getattr(module, module.__name__.rsplit(".", 1)[1])()  # type: ignore[attr-defined]
        request.set_endpoint(host)
        request.set_protocol_type("http")
        request.set_accept_format("json")
        for name, value in values.items():
            getattr(request, f"set_{name}")(value)
        return dict(json.loads(acs.do_action_with_exception(request)))

    made = send(CreateNetworkInterfaceRequest, VSwitchId=vswitch, SecurityGroupId=group)
    eni = made["NetworkInterfaceId"]

    def status() -> str:
        rows = send(DescribeNetworkInterfacesRequest, NetworkInterfaceIds=[eni])
        found = rows["NetworkInterfaceSets"]["NetworkInterfaceSet"]  # type: ignore[index]
        return str(found[0]["Status"]) if found else "gone"

    where = {"InstanceId": instance, "NetworkInterfaceId": eni}
    send(AttachNetworkInterfaceRequest, **where)
    until(status, "InUse")
    assert set(send(DetachNetworkInterfaceRequest, **where)) == {"RequestId"}
    until(status, "Available")
    with pytest.raises(ServerException) as caught:
        send(DetachNetworkInterfaceRequest, **where)
    assert caught.value.get_error_code() == "InvalidOperation.InvalidEniState"
    assert caught.value.get_http_status() == 400
    assert caught.value.get_request_id()
    send(DeleteNetworkInterfaceRequest, NetworkInterfaceId=eni)
    until(status, "gone")


@pytest.fixture(scope="session")
def node_modules() -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    installed, lock = NODE / "node_modules" / ".package-lock.json", NODE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(["npm", "ci"], cwd=NODE, check=True, capture_output=True, timeout=120)


@pytest.mark.usefixtures("node_modules")
def test_alicloud_pop_core(place: tuple[Client, str, str, str]) -> None:
    """V1, from Node."""
    own, *ids = place
    command = ["node", "life-cycle.js", own.url, *ACCOUNT, *ids]
    done = subprocess.run(command, cwd=NODE, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    error = json.loads(done.stdout)
    assert error["code"] == error["data"]["Code"] == "InvalidOperation.InvalidEniState"
