"""A light client of its own: it signs, sends over http.client, and keeps what came back byte for byte."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import itertools
import json
import time
import urllib.parse
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import Any

ECS, VPC = "2014-05-26", "2016-04-28"
ACCOUNT = ("LTAIemulatorAccount01", "emulator-secret-account")
DENIED = ("LTAIemulatorDenied02", "emulator-secret-denied")
RAM_KIND = ("LTAIemulatorRamKind03", "emulator-secret-ram-kind")
EXPIRED = ("LTAIemulatorExpired04", "emulator-secret-expired")
USER_TYPE = ("LTAIemulatorUserType05", "emulator-secret-type")
OTHER = ("LTAIemulatorOther06", "emulator-secret-other")
STS = ("STS.EmulatorSession07", "emulator-secret-sts")

_subnets = itertools.count()


def enc(text: str) -> str:
    return urllib.parse.quote(text, safe="~", errors="surrogateescape")


def query_of(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{enc(name)}={enc(value)}" for name, value in pairs)


def utc(offset: float = 0) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + offset))


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    seconds: float = 0.0

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def json(self) -> dict[str, Any]:
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value

    @property
    def xml(self) -> ET.Element:
        return ET.fromstring(self.body)

    @property
    def fields(self) -> dict[str, Any]:
        if self.body.lstrip()[:1] == b"<":
            return {child.tag: child.text for child in self.xml}
        return self.json

    @property
    def code(self) -> str:
        """`200` for success, else the error's code."""
        return "200" if self.status == 200 else str(self.fields.get("Code"))

    @property
    def outcome(self) -> tuple[int, str]:
        return self.status, self.code


@dataclass(frozen=True)
class How:
    """What may differ between two requests that mean the same.

    `signature`, `tamper` and `drop` spoil the request after it was signed.
    """

    method: str = "GET"
    scheme: str = "V1"
    format: str | None = "JSON"
    version: str = ECS
    key: tuple[str, str] | None = None
    in_body: bool = False
    nonce: str | None = None
    timestamp: str | None = None
    signature: str | None = None
    token: str | None = None
    tamper: dict[str, str] | None = None
    drop: tuple[str, ...] = ()
    headers: dict[str, str] | None = None
    timeout: float = 10


@dataclass
class Client:
    """Talks to one emulator."""

    url: str
    key: tuple[str, str] = ACCOUNT
    region: str = "cn-hangzhou"
    connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def exchange(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        timeout: float = 10,
    ) -> Answer:
        host = urllib.parse.urlsplit(self.url).netloc
        for attempt in (1, 2):
            fresh = self.connection is None
            if self.connection is None:
                self.connection = http.client.HTTPConnection(host, timeout=timeout)
            self.connection.timeout = timeout
            if self.connection.sock is not None:
                self.connection.sock.settimeout(timeout)
            start = time.perf_counter()
            try:
                self.connection.request(method, target, body or None, headers or {})
                raw = self.connection.getresponse()
                answer = Answer(raw.status, raw.getheaders(), raw.read(), time.perf_counter() - start)
                if raw.will_close:
                    self.close()
                return answer
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.close()
                if fresh or attempt == 2:
                    raise
            except BaseException:
                self.close()
                raise
        raise AssertionError

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def call(self, action: str, params: dict[str, str] | list[tuple[str, str]] | None = None, **how: Any) -> Answer:
        """One signed request; `how` are the fields of `How`."""
        pairs = list(params.items()) if isinstance(params, dict) else list(params or [])
        form = How(**how)
        return self._v3(action, pairs, form) if form.scheme == "V3" else self._v1(action, pairs, form)

    def _v1(self, action: str, pairs: list[tuple[str, str]], how: How) -> Answer:
        key_id, secret = how.key or self.key
        pairs += [
            ("Action", action),
            ("Version", how.version),
            ("AccessKeyId", key_id),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("SignatureNonce", how.nonce or uuid.uuid4().hex),
            ("Timestamp", how.timestamp or utc()),
        ]
        if how.format is not None:
            pairs.append(("Format", how.format))
        if how.token is not None:
            pairs.append(("SecurityToken", how.token))
        text = f"{how.method}&%2F&{enc(query_of(sorted(pairs)))}"
        mac = hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()
        pairs.append(("Signature", how.signature or base64.b64encode(mac).decode()))
        pairs = [(name, (how.tamper or {}).get(name, value)) for name, value in pairs if name not in how.drop]
        sent = query_of(pairs)
        if how.in_body:
            form = {"content-type": "application/x-www-form-urlencoded", **(how.headers or {})}
            return self.exchange(how.method, "/", sent.encode(), form, how.timeout)
        return self.exchange(how.method, f"/?{sent}", b"", how.headers, how.timeout)

    def _v3(self, action: str, pairs: list[tuple[str, str]], how: How) -> Answer:
        key_id, secret = how.key or self.key
        body, query = b"", query_of(sorted(pairs))
        sent: dict[str, str] = {"host": urllib.parse.urlsplit(self.url).netloc}
        if how.in_body:
            body, query = query.encode(), ""
            sent["content-type"] = "application/x-www-form-urlencoded"
        sent |= {
            "x-acs-action": action,
            "x-acs-version": how.version,
            "x-acs-date": how.timestamp or utc(),
            "x-acs-signature-nonce": how.nonce or uuid.uuid4().hex,
            "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        }
        if how.token is not None:
            sent["x-acs-security-token"] = how.token
        signed = sorted(sent)
        canonical = "\n".join(
            [
                how.method,
                "/",
                query,
                "".join(f"{name}:{sent[name]}\n" for name in signed),
                ";".join(signed),
                sent["x-acs-content-sha256"],
            ]
        )
        text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
        mac = how.signature or hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        sent["authorization"] = f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={';'.join(signed)},Signature={mac}"
        if how.format is not None:
            sent["accept"] = {"JSON": "application/json", "XML": "text/xml"}[how.format]
        sent |= how.headers or {}
        for name in how.drop:
            sent.pop(name, None)
        for name, value in (how.tamper or {}).items():
            if name in sent:
                sent[name] = value
            else:
                query = query.replace(f"{name}={enc(dict(pairs).get(name, ''))}", f"{name}={enc(value)}")
        return self.exchange(how.method, f"/?{query}" if query else "/", body, sent, how.timeout)

    # What the tests need of the service, success required.

    def ok(self, action: str, params: dict[str, str] | None = None, **how: Any) -> dict[str, Any]:
        answer = self.call(action, {"RegionId": self.region, **(params or {})}, **how)
        assert answer.status == 200, (action, answer.status, answer.body)
        return answer.json

    def control(self, op: str, **body: Any) -> dict[str, Any]:
        answer = self.exchange(
            "POST", "/_control", json.dumps({"op": op, **body}).encode(), {"content-type": "application/json"}
        )
        assert answer.status == 200, (op, body, answer.body)
        return answer.json

    def settle(self, seconds: float = 10) -> None:
        self.control("advance", ms=seconds * 1000)

    def detach(self, eni: str, instance: str, region: str | None = None, /, **how: Any) -> Answer:
        params = {"RegionId": region or self.region, "InstanceId": instance, "NetworkInterfaceId": eni}
        params |= how.pop("more", {})
        return self.call("DetachNetworkInterface", params, **how)

    def network(self, zone: str | None = None) -> Network:
        """A VPC with a vSwitch and a security group."""
        number = next(_subnets) % 250
        vpc = self.ok("CreateVpc", {"CidrBlock": "10.0.0.0/8"}, version=VPC)["VpcId"]
        self.settle()
        zone = zone or self.zones()[0]
        vswitch = self.vswitch(vpc, zone, number)
        group = self.ok("CreateSecurityGroup", {"VpcId": vpc})["SecurityGroupId"]
        return Network(vpc, vswitch, group, zone)

    def zones(self) -> list[str]:
        return [zone["ZoneId"] for zone in self.ok("DescribeZones")["Zones"]["Zone"]]

    def vswitch(self, vpc: str, zone: str, number: int) -> str:
        params = {"VpcId": vpc, "ZoneId": zone, "CidrBlock": f"10.{number}.0.0/20"}
        made: str = self.ok("CreateVSwitch", params, version=VPC)["VSwitchId"]
        self.settle()
        return made

    def instance(self, network: Network, type: str = "ecs.g6.2xlarge", running: bool = True, **more: str) -> str:
        params = {
            "ImageId": "aliyun_3_x64_20G_alibase_20250629.vhd",
            "InstanceType": type,
            "VSwitchId": network.vswitch,
            "SecurityGroupId": network.group,
            **more,
        }
        if running:
            id: str = self.ok("RunInstances", params)["InstanceIdSets"]["InstanceIdSet"][0]
        else:
            id = self.ok("CreateInstance", params)["InstanceId"]
        self.settle(), self.settle()
        return id

    def eni(self, network: Network, instance: str | None = None, **more: str) -> str:
        params = {"VSwitchId": network.vswitch, "SecurityGroupId": network.group, **more}
        id: str = self.ok("CreateNetworkInterface", params)["NetworkInterfaceId"]
        if instance is not None:
            self.attach(id, instance)
        return id

    def attach(self, eni: str, instance: str) -> None:
        self.ok("AttachNetworkInterface", {"NetworkInterfaceId": eni, "InstanceId": instance})
        self.settle()

    def show(self, eni: str) -> dict[str, Any]:
        found = self.ok("DescribeNetworkInterfaces", {"NetworkInterfaceId.1": eni})
        rows: list[dict[str, Any]] = found["NetworkInterfaceSets"]["NetworkInterfaceSet"]
        assert len(rows) == 1, rows
        return rows[0]

    def on(self, instance: str) -> list[str]:
        """The interfaces that the instance itself shows."""
        found = self.show_instance(instance)["NetworkInterfaces"]["NetworkInterface"]
        return [row["NetworkInterfaceId"] for row in found]

    def show_instance(self, instance: str) -> dict[str, Any]:
        rows = self.ok("DescribeInstances", {"InstanceIds": json.dumps([instance])})["Instances"]["Instance"]
        assert len(rows) == 1
        row: dict[str, Any] = rows[0]
        return row

    def primary(self, instance: str) -> str:
        shown = self.show_instance(instance).get("NetworkInterfaces")
        if shown is None:  # instances need not show them
            by_instance = self.ok("DescribeNetworkInterfaces", {"InstanceId": instance, "Type": "Primary"})
            shown = {"NetworkInterface": by_instance["NetworkInterfaceSets"]["NetworkInterfaceSet"]}
        id: str = shown["NetworkInterface"][0]["NetworkInterfaceId"]
        return id


@dataclass(frozen=True)
class Network:
    vpc: str
    vswitch: str
    group: str
    zone: str
