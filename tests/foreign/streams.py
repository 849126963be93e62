#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small ECS-like endpoint on bare asyncio streams: HTTP/1.1 is parsed by hand, all state lives in one event loop.

Peculiarities, all meant to be lawful:
- Signature V3 only (ACS3-HMAC-SHA256, hex in any case); a V1 call gets 400 InvalidSignatureMethod. Nonces are per key.
- JSON only, whatever Accept or Format ask for. Unknown parameters (PageNumber and a Detach's DryRun too) are ignored.
- The body's parameters come before the query's; of a name that comes twice the first value counts.
- Lists are newest first and paged by NextToken/MaxResults alone. Any body counts as a form.
- Ids are lower-case hexadecimal; any id of the documented shape is well-formed, everything else malformed.
- Attach and Detach check parameters, then permission, then the states of what exists, then existence, then the link.
- An unlinked interface has no InstanceId member; each transition takes 20 ms, what is released ends it at once.
- Addresses come from a counter, whatever the CidrBlocks say; VPCs and vSwitches are Pending for 20 ms.
- The RAM user may describe only. The control protocol at /_control offers eni.status, hold, release and reset.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import re
import secrets
import sys
import time
import uuid
from datetime import datetime
from types import SimpleNamespace
from urllib.parse import parse_qsl, quote

LAG, WINDOW, BIGGEST, IMAGE = 0.020, 900, 8 << 20, "debian_12_x64_20G_alibase_20240101.vhd"
KEYS = {  # access key id: (secret, owner, may it change anything)
    "LTAIstreamsOwner0001": ("streams-secret-owner", "1001100110011001", True),
    "LTAIstreamsReader002": ("streams-secret-reader", "1001100110011001", False),
    "LTAIstreamsTenant003": ("streams-secret-tenant", "2002200220022002", True),
}
ZONES = {"cn-hangzhou": ["cn-hangzhou-h", "cn-hangzhou-j"], "cn-beijing": ["cn-beijing-g", "cn-beijing-k"]}
QUOTA = {"ecs.g6.large": 2, "ecs.g7.large": 3, "ecs.g6.2xlarge": 4, "ecs.g7.4xlarge": 8}
KINDS = {  # kind: noun, code of an unknown one, largest page, filters
    "eni": ("NetworkInterface", "InvalidEniId.NotFound", 500, "InstanceId Status Type VpcId VSwitchId"),
    "i": ("Instance", "InvalidInstanceId.NotFound", 100, "Status ZoneId"),
    "sg": ("SecurityGroup", "InvalidSecurityGroupId.NotFound", 100, "SecurityGroupId VpcId"),
    "vsw": ("VSwitch", "InvalidVSwitchId.NotFound", 1000, "VSwitchId VpcId ZoneId"),
    "vpc": ("Vpc", "InvalidVpcId.NotFound", 1000, "VpcId"),
}
TABLE = {  # operation: the method that carries it out, and its arguments
    "StartInstance": ("turn", "Stopped", "Starting", "Running"),
    "StopInstance": ("turn", "Running", "Stopping", "Stopped"),
    **{"Create" + KINDS[kind][0]: ("create", kind) for kind in ("sg", "vsw", "vpc")},
    **{"Delete" + KINDS[kind][0]: ("delete", kind) for kind in ("sg", "vsw", "vpc")},
    **{f"Describe{noun}{'es' if kind == 'vsw' else 's'}": ("select", kind) for kind, (noun, *_) in KINDS.items()},
    **{f"Describe{noun}s": ("catalogue", noun, noun + "s") for noun in ("Region", "Zone", "InstanceType")},
}
REGIONLESS = r"(Start|Stop|Delete)(?!Network)\w+|\w+VSwitch(es)?|DescribeRegions|DescribeInstanceTypes"
INSTANCE_ID, ENI_ID = r"i-[0-9a-z]{5,30}|AY[0-9A-Za-z]{6,30}", r"(eni|leni|hdeni)-[0-9a-z]{5,30}"
STATUSES = ("Available", "Attaching", "InUse", "Detaching", "Deleting")
CONTROLS = ("eni.status", "hold", "release", "reset")
WORLD, NONCES = {}, {}  # things by id; when a (key, nonce) may be forgotten, the next one first


class Refusal(Exception):
    """An answer that is an error, or (garbled HTTP) one after which the connection ends; status, code, message."""


def check(good, status, code, message=""):
    if not good:
        raise Refusal(status, code, message or f"The request was refused: {code}.")


def those(kind, **facts):
    return [t for t in WORLD.values() if t.kind == kind and all(getattr(t, k) == v for k, v in facts.items())]


class Thing:
    """An instance, interface, group, vSwitch or VPC; `status` is the natural one, `forced` lies over it."""

    made, held = 0, False
    vpc = vsw = group = zone = cidr = type = size = ip = mortal = home = forced = None
    shown = property(lambda self: self.forced or self.status)
    link = property(lambda self: None if self.shown in ("Available", "Deleting") else self.home)

    def __init__(self, kind, owner, region, *steps, **more):
        Thing.made = self.serial = Thing.made + 1
        self.id, self.kind = f"{kind}-{secrets.token_hex(11)[kind[0] != 'v' : -1]}", kind
        self.owner, self.region, self.status, self.steps = owner, region, steps[0], list(steps[1:])
        self.__dict__.update(more)
        WORLD[self.id], self.due = self, time.monotonic() + LAG

    def accept(self, via, *then):
        """An accepted operation leads into `via` and from there onwards; it lifts any other forced status."""
        self.forced = self.forced if self.forced == via else None
        if self.status != via:
            self.status, self.steps, self.due = via, list(then), time.monotonic() + LAG

    def settle(self, now):
        """What is due happens, unless control freezes it; what was frozen happens at once afterwards."""
        while self.steps and self.due <= now and not self.held and self.forced is None:
            self.status, self.due = self.steps.pop(0), self.due + LAG
            self.home = None if self.status == "Available" else self.home
            if self.status == "gone":
                del WORLD[self.id]

    def row(self):
        row = {"VpcId": self.vpc and self.vpc.id, "VSwitchId": self.vsw and self.vsw.id, "CidrBlock": self.cidr}
        row |= {KINDS[self.kind][0] + "Id": self.id, "Status": self.shown, "RegionId": self.region, "ZoneId": self.zone}
        row |= {"Type": self.type, "DeleteOnRelease": self.mortal}
        row |= {"InstanceId": self.link} if self.kind == "eni" else {"InstanceType": self.size}
        row |= {"PrivateIpAddress": self.ip, "SecurityGroupIds": self.group and {"SecurityGroupId": [self.group.id]}}
        if self.kind == "i":
            linked = [{"NetworkInterfaceId": e.id, "Type": e.type} for e in those("eni", link=self.id)]
            place = {"VpcId": self.vpc.id, "VSwitchId": self.vsw.id, "PrivateIpAddress": {"IpAddress": [self.ip]}}
            row |= {"VpcAttributes": place, "NetworkInterfaces": {"NetworkInterface": linked}, "ImageId": IMAGE}
        return {name: value for name, value in row.items() if value is not None}


class Call(SimpleNamespace):
    """One call: helpers in lower case, and the operations by their own names, unless a table above tells all."""

    def perform(self):
        if not re.fullmatch(REGIONLESS, self.action) or self.get("RegionId"):
            self.need("RegionId")
            own = self.action in ("AttachNetworkInterface", "DetachNetworkInterface")
            unknown = "InvalidOperation.InvalidRegion" if own else "InvalidRegionId.NotFound"
            check(self.get("RegionId") in ZONES, 400 if own else 404, unknown)
        method, *rest = TABLE.get(self.action, [self.action])
        return getattr(self, method)(*rest)

    def get(self, name, default=""):
        return self.params.get(name) or default

    def need(self, *names):
        for name in names:
            check(self.get(name), 400, "MissingParameter", f"The parameter {name} is missing.")

    def many(self, name):
        return [v for k, v in self.params.items() if v and re.fullmatch(re.escape(name) + r"\.[0-9]+", k)]

    def find(self, kind):
        things = those(kind, owner=self.owner, id=self.get(KINDS[kind][0] + "Id"))
        return things[0] if things and self.get("RegionId", things[0].region) == things[0].region else None

    def the(self, kind, code=None):
        self.need(KINDS[kind][0] + "Id")
        check(thing := self.find(kind), 404, code or KINDS[kind][1], f"There is no such {KINDS[kind][0]}.")
        return thing

    def select(self, kind):
        """What has one of the ids and the parameters named in `equal`; newest first, a page of it."""
        (noun, _, top, equal), ids, token = KINDS[kind], None, self.get("NextToken", "f" * 12)
        most = self.get("MaxResults", "10" if top < 1000 else "1000")
        with contextlib.suppress(ValueError, RecursionError):
            ids = self.many("NetworkInterfaceId") if kind == "eni" else json.loads(self.get(noun + "Ids", "[]"))
        fine = isinstance(ids, list) and re.fullmatch(r"[0-9a-f]{12}", token) and re.fullmatch(r"[0-9]{1,9}", most)
        check(fine, 400, "InvalidParameter", "The ids are no JSON array, or NextToken or MaxResults is malformed.")
        rows = [(t.serial, t.row()) for t in those(kind, owner=self.owner)[::-1] if not ids or t.id in ids]
        equal = [(name, self.get(name)) for name in ["RegionId", *equal.split()] if self.get(name)]
        rows = [row for row in rows if all(row[1].get(name) == value for name, value in equal)]
        answer, most = {"TotalCount": len(rows)}, min(max(int(most), 10), top)
        rows = [row for row in rows if row[0] < int(token, 16)]
        if len(rows) > most:
            answer["NextToken"] = f"{rows[most - 1][0]:012x}"
        wrap = noun + ("Set" if kind == "eni" else "")
        return answer | {wrap + ("es" if kind == "vsw" else "s"): {wrap: [row[1] for row in rows[:most]]}}

    def delete(self, kind):
        thing = self.the(kind)
        users = {t.kind for t in WORLD.values() if thing in (t.vpc, t.vsw, t.group)}
        which = (".VSwitch" if "vsw" in users else ".SecurityGroup") if kind == "vpc" else ""
        check(not users, 403 if kind == "sg" else 400, "DependencyViolation" + which, "Something still uses it.")
        del WORLD[thing.id]

    def interface(self, kind, status, **more):
        vsw, group = self.the("vsw"), self.the("sg")
        check(group.vpc is vsw.vpc, 403, "InvalidOperation.VpcMismatch")
        more |= {"type": kind, "zone": vsw.zone, "ip": f"172.16.{Thing.made >> 8 & 255}.{Thing.made & 255}"}
        return Thing("eni", self.owner, vsw.region, status, vpc=vsw.vpc, vsw=vsw, group=group, **more)

    def CreateNetworkInterface(self):
        check(self.get("InstanceType", "Secondary") == "Secondary", 400, "UnsupportedParameter", "Secondary ones only.")
        return self.interface("Secondary", "Available", mortal=self.get("DeleteOnRelease").lower() != "false").row()

    def pair(self, *lawful):
        """Parameters, permission, state and existence for Attach and Detach, in that order."""
        self.need("NetworkInterfaceId", "InstanceId")
        check(re.fullmatch(ENI_ID, self.get("NetworkInterfaceId")), 400, "InvalidParams.EniId")
        check(re.fullmatch(INSTANCE_ID, self.get("InstanceId")), 400, "InvalidInstanceID.Malformed")
        check(self.writes, 403, "Forbidden.SubUser", "The RAM user is not authorized to operate on this resource.")
        eni, instance = self.find("eni"), self.find("i")
        status, code = (400, "DetachPrimaryEniNotAllowed") if "InUse" in lawful else (403, "InvalidEniType")
        check(not eni or eni.type != "Primary", status, "InvalidOperation." + code)
        check(not eni or eni.shown in lawful, 400, "InvalidOperation.InvalidEniState")
        check(not instance or instance.shown in ("Running", "Stopped"), 400, "InvalidOperation.InvalidEcsState")
        return self.the("eni"), self.the("i", "InvalidEcsId.NotFound")

    def AttachNetworkInterface(self):
        eni, instance = self.pair("Available")
        check(eni.vpc is instance.vpc, 403, "InvalidOperation.VpcMismatch")
        check(eni.zone == instance.zone, 403, "InvalidOperation.AvailabilityZoneMismatch")
        check(len({*those("eni", home=instance.id)} - {eni}) < QUOTA[instance.size], 403, "EniPerInstanceLimitExceeded")
        eni.home = instance.id
        eni.accept("Attaching", "InUse")

    def DetachNetworkInterface(self):
        eni, instance = self.pair("InUse", "Detaching")
        check(eni.home == instance.id, 400, "InvalidOperation.InvalidEniState", "It is not bound to this instance.")
        eni.accept("Detaching", "Available")

    def DeleteNetworkInterface(self):
        self.need("NetworkInterfaceId")
        check(re.fullmatch(ENI_ID, self.get("NetworkInterfaceId")), 400, "InvalidParams.EniId")
        eni = self.the("eni")
        deletable = eni.shown in ("Available", "Deleting") and eni.type != "Primary"
        check(deletable, 400, "InvalidOperation.InvalidEniState", f"Now it is {eni.shown}.")
        eni.home = None
        eni.accept("Deleting", "gone")

    def RunInstances(self):
        check(self.get("InstanceType") in QUOTA, 400, "InvalidInstanceType.ValueNotSupported")
        check(self.get("ImageId", IMAGE) == IMAGE, 404, "InvalidImageId.NotFound")
        check(self.get("Amount", "1") == "1", 400, "UnsupportedParameter", "One at a time, please.")
        eni = self.interface("Primary", "InUse", mortal=True)
        more = {k: getattr(eni, k) for k in ("vpc", "vsw", "group", "zone", "ip")} | {"size": self.get("InstanceType")}
        eni.home = Thing("i", self.owner, eni.region, "Pending", "Starting", "Running", **more).id
        return {"InstanceIdSets": {"InstanceIdSet": [eni.home]}}

    def turn(self, before, *steps):
        instance = self.the("i")
        check(instance.shown == before, 403, "IncorrectInstanceStatus", f"The instance is {instance.shown}.")
        instance.accept(*steps)

    def DeleteInstance(self):
        instance, force = self.the("i"), self.get("Force").lower() == "true"
        check(instance.shown in ["Stopped", "Running"][: 1 + force], 403, "IncorrectInstanceStatus")
        for eni in those("eni", home=instance.id):
            eni.home, eni.status, eni.steps = None, "Available", []
            if eni.mortal:
                del WORLD[eni.id]
        del WORLD[instance.id]

    def create(self, kind):
        facts = {} if kind == "vpc" else {"vpc": self.the("vpc")}
        region = facts["vpc"].region if facts else self.get("RegionId")
        if kind == "vsw":
            self.need("ZoneId", "CidrBlock")
            check(self.get("ZoneId") in ZONES[region], 404, "InvalidZoneId.NotFound")
            check(facts["vpc"].shown == "Available", 400, "IncorrectVpcStatus")
        if kind != "sg":
            facts |= {"zone": self.get("ZoneId", None), "cidr": self.get("CidrBlock", "172.16.0.0/12")}
        return {KINDS[kind][0] + "Id": Thing(kind, self.owner, region, "Pending", "Available", **facts).id}

    def catalogue(self, noun, plural):
        region, types = self.get("RegionId"), self.many("InstanceTypes") or QUOTA
        names = {"Region": ZONES, "Zone": ZONES.get(region, ()), "InstanceType": [t for t in QUOTA if t in types]}[noun]
        rows = [{noun + "Id": name} | ({"EniQuantity": QUOTA[name]} if name in QUOTA else {}) for name in names]
        return {plural: {noun: rows}}


OPERATIONS = [name for name in (*TABLE, *vars(Call)) if name[0].isupper()]
OPERATIONS = {name: "2014-05-26" if "V" not in name else "2016-04-28" for name in OPERATIONS}


def verify(method, query, headers, body):
    """Returns action, owner and right to write of a request that is properly signed, fresh and new."""
    one = {name: ",".join(sorted(values)) for name, values in headers.items()}
    v1 = any(name == "Signature" for name, _ in query) or b"Signature=" in body
    check("authorization" in one, 400, "InvalidSignatureMethod" if v1 else "MissingAccessKeyId", "Sign by ACS3.")
    for name in ("action", "version", "date", "signature-nonce", "content-sha256"):
        code = "Timestamp" if name == "date" else name.title().replace("-", "")
        check(one.get("x-acs-" + name), 400, "Missing" + code, f"The header x-acs-{name} is mandatory for this action.")
    action, version, digest = one["x-acs-action"], one["x-acs-version"], hashlib.sha256(body).hexdigest()
    check(version in OPERATIONS.values(), 400, "InvalidVersion")
    check(OPERATIONS.get(action) == version, 404, "InvalidAction.NotFound")
    found = re.fullmatch(
        "ACS3-HMAC-SHA256 +Credential=([^,]+), *SignedHeaders=([^,]+), *Signature=([^,]+)", one["authorization"]
    )
    check(found, 400, "InvalidSignatureMethod", "The header Authorization is not as ACS3-HMAC-SHA256 wants it.")
    key, signed, given = found.groups()
    check(key in KEYS, 404, "InvalidAccessKeyId.NotFound", "The access key does not exist.")
    moment, now = None, time.time()
    with contextlib.suppress(ValueError):
        moment = datetime.strptime(one["x-acs-date"] + "+0000", "%Y-%m-%dT%H:%M:%SZ%z").timestamp()
    check(moment is not None, 400, "InvalidTimeStamp.Format", "The date is no yyyy-MM-ddTHH:mm:ssZ.")
    check(abs(now - moment) <= WINDOW, 400, "InvalidTimeStamp.Expired")
    needed = {"host", *(name for name in one if name.startswith("x-acs-"))}
    check(needed <= set(signed.split(";")), 400, "IncompleteSignature", "Sign host and each x-acs- header.")
    lines = "".join(f"{name}:{one.get(name, '')}\n" for name in sorted(signed.split(";")))
    matches = False
    for order in (sorted(query), sorted(query, key=lambda pair: pair[0])):  # duplicates: both orders are in use
        text = "&".join("=".join(quote(half, "-_.~", errors="surrogateescape") for half in pair) for pair in order)
        text = "\n".join((method, "/", text, lines, signed, digest)).encode("utf-8", "surrogateescape")
        text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(text).hexdigest()}"
        ours = hmac.digest(KEYS[key][0].encode(), text.encode(), "sha256").hex()
        matches |= hmac.compare_digest(ours.encode(), given.lower().encode("utf-8", "surrogateescape"))
    check(matches and one["x-acs-content-sha256"].lower() == digest, 400, "SignatureDoesNotMatch")
    while NONCES and next(iter(NONCES.values())) < now:
        del NONCES[next(iter(NONCES))]
    check((key, one["x-acs-signature-nonce"]) not in NONCES, 400, "SignatureNonceUsed", "The nonce was used before.")
    NONCES[key, one["x-acs-signature-nonce"]] = now + 2 * WINDOW + 1  # outlives any timestamp that could come with it
    return action, *KEYS[key][1:]


def serve(method, target, headers, body):
    """The whole service: (status, JSON object). No await in here, so that each call is atomic."""
    path, _, text = re.sub(r"^https?://[^/?]*", "", target).partition("?")
    for thing in list(WORLD.values()):
        thing.settle(time.monotonic())
    if path == "/_control":
        return control(method, headers, body)
    try:
        check(path in ("", "/"), 404, "InvalidApi.NotFound", "Everything is at /.")
        check(method in ("GET", "POST"), 400, "UnsupportedHTTPMethod")
        given = text, body.decode("utf-8", "surrogateescape")
        query, form = (parse_qsl(part, True, errors="surrogateescape", max_num_fields=20_000) for part in given)
        action, owner, writes = verify(method, query, headers, body)
        params = {k: v.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for k, v in (form + query)[::-1]}
        harmless = action.startswith("Describe") or action == "DetachNetworkInterface"  # that one asks for itself
        check(writes or harmless, 403, "Forbidden.RAM", "The RAM user is not authorized.")
        check(harmless or params.get("DryRun", "").lower() != "true", 400, "UnsupportedParameter", "No dry runs here.")
        answer = Call(action=action, params=params, owner=owner, writes=writes).perform() or {}
        return 200, {"RequestId": str(uuid.uuid4()).upper()} | answer
    except (Refusal, ValueError) as no:
        return failure(no)


def failure(error):
    status, code, message = error.args if isinstance(error, Refusal) else (400, "InvalidParameter", "Unreadable.")
    return status, {"RequestId": str(uuid.uuid4()).upper(), "HostId": "localhost", "Code": code, "Message": message}


def control(method, headers, body):
    if "origin" in headers:
        return 403, {"error": "not for web pages"}
    if method == "GET":
        return 200, {"protocol": 1, "capabilities": CONTROLS}
    order = None
    with contextlib.suppress(ValueError, RecursionError):
        order = json.loads(body)
    op, ident, status = (order.get(name) if isinstance(order, dict) else None for name in ("op", "id", "status"))
    thing = WORLD.get(ident) if isinstance(ident, str) else None
    good = method == "POST" and op in CONTROLS and (thing or (op == "reset" and isinstance(ident, str)))
    if not good or (op == "eni.status" and (thing.kind != "eni" or status not in STATUSES)):
        return 400, {"error": f"POST an op that GET names, an id there is, and maybe a status of {STATUSES}"}
    if thing:
        thing.forced = {"eni.status": status, "reset": None}.get(op, thing.forced)
        thing.held = {"hold": True, "release": False, "reset": False}.get(op, thing.held)
    return 200, {}


async def request(reader):
    """Reads one request: method, target, headers (name -> values), body, whether to go on. None at the end."""
    lines, headers = [], {}
    while not lines or lines[-1]:
        line = await reader.readline()
        if not line and not lines:
            return None
        check(line.endswith(b"\n") and len(lines) < 200, 400, "InvalidParameter", "The head ends early, or never.")
        lines.append(line.rstrip(b"\r\n").decode("utf-8", "surrogateescape"))
    start = re.fullmatch(r"([!-~]+) ([^ ]+) HTTP/1\.([01])", lines[0])
    fields = [re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)", line, re.DOTALL) for line in lines[1:-1]]
    check(start and all(fields), 400, "InvalidParameter", "The request line or a header line is malformed.")
    for field in fields:
        headers.setdefault(field[1].lower(), []).append(field[2].strip(" \t"))
    lengths, wish = set(headers.get("content-length", ["0"])), "".join(headers.get("connection", [])).lower()
    one = len(lengths) == len(headers.get("host", [])) == 1 and re.fullmatch(r"[0-9]{1,12}", min(lengths))
    one = one and "transfer-encoding" not in headers and int(min(lengths)) <= BIGGEST
    check(one, 400, "InvalidParameter", "One Host and one Content-Length, please, and not too much.")
    body = await reader.readexactly(int(min(lengths)))
    return start[1], start[2], headers, body, "close" not in wish and (start[3] == "1" or "keep-alive" in wish)


async def connection(reader, writer):
    lasting = True
    with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
        while lasting:
            try:
                if not (asked := await request(reader)):
                    break
                (method, *_, lasting), (status, answer) = asked, serve(*asked[:4])
            except (Refusal, ValueError, asyncio.IncompleteReadError) as bad:  # no HTTP that could be understood
                (status, answer), method, lasting = failure(bad), "", False
            body = json.dumps(answer, separators=(",", ":"))
            head = f"HTTP/1.1 {status} Done\r\nContent-Type: application/json;charset=utf-8\r\n"
            head += f"Content-Length: {len(body)}\r\nConnection: {'keep-alive' if lasting else 'close'}\r\n\r\n"
            writer.write((head + (body if method != "HEAD" else "")).encode())
            await writer.drain()
        writer.write_eof()
        async with asyncio.timeout(2):  # what is still under way must not turn into a reset
            while await reader.read(1 << 16):
                pass
    writer.close()


async def main():
    server = await asyncio.start_server(connection, "127.0.0.1", int(sys.argv[-1]), limit=BIGGEST)
    print(f"LISTENING http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
