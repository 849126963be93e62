# SPDX-License-Identifier: Apache-2.0
"""A small ECS-like endpoint that follows the later (2024) page of DetachNetworkInterface: `python later.py --port 0`

A hand-written asyncio.Protocol, standard library only; a request is judged between two ticks. Peculiarities:
* Gateway codes of today. Version and action are looked at first; then public parameters, clock, key, signature
  (IncompleteSignature for V1, SignatureDoesNotMatch for V3), nonce (spent by right signatures only).
* Then: kind of user, repeated parameters, required parameters, RAM permission, region, and last the resources.
* Detach looks at the interface before the instance. Elsewhere or nowhere is 403 EniNotBelongEcs, a trunk 403
  EniNotBelongTrunk, an unknown parameter 400 UnsupportedParameter, a name given twice with different values 400
  InvalidParameter (with the same: counts once). Empty counts as absent.
* Transitions take 50 ms. Detached, an interface is shown Available, but refuses attach and delete for 0.5 s more.
* One call in 700, by a seeded random, is answered with a passing error (OperationConflict, ...) and not done.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import random
import re
import sys
import time
import uuid
from functools import partialmethod
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

ECS, VPC = "2014-05-26", "2016-04-28"
STEP, COOLING, WINDOW, COUNT, LUCK = 0.05, 0.5, 900, iter(range(1, 1 << 24)), random.Random(2024)
REGIONS = {"cn-hangzhou": "bp1", "cn-beijing": "2ze", "cn-shanghai": "uf6"}
ZONES = {region: (f"{region}-g", f"{region}-h") for region in REGIONS}
TYPES, PLACE = {"ecs.g6.large": 2, "ecs.g6.2xlarge": 4, "ecs.g7.4xlarge": 8}, ("VpcId", "VSwitchId", "ZoneId")
ACCOUNTS = {"owner": 1, "denied": 1, "noram": 1, "disabled": 1, "usertype": 3, "neighbour": 2}
USERS = dict(zip(("Owner", "RamDenied", "RamOther", "Disabled", "UserType", "Neighbour"), ACCOUNTS, strict=True))
KINDS = {"InstanceId": "i", "NetworkInterfaceId": "eni", "SecurityGroupId": "sg", "VpcId": "vpc", "VSwitchId": "vsw"}
KNOWN = """Action|Version|AccessKeyId|Signature(Method|Version|Nonce|Type)?|Timestamp|Format|SecurityToken|RegionId|
    (Resource)?Owner(Account|Id)|InstanceId|NetworkInterfaceId|TrunkNetworkInstanceId"""
REQUIRED = """DescribeRegions;DescribeZones RegionId;DescribeInstanceTypes;DescribeVpcs RegionId;DescribeVSwitches;
    DescribeSecurityGroups RegionId;DescribeInstances RegionId;DescribeNetworkInterfaces RegionId;CreateVpc RegionId;
    CreateVSwitch VpcId ZoneId CidrBlock;CreateSecurityGroup RegionId VpcId;CreateNetworkInterface RegionId VSwitchId;
    RunInstances RegionId ImageId InstanceType VSwitchId;StartInstance InstanceId;StopInstance InstanceId;
    DeleteInstance InstanceId;DeleteVpc VpcId;DeleteVSwitch VSwitchId;DeleteSecurityGroup SecurityGroupId;
    DeleteNetworkInterface RegionId NetworkInterfaceId;AttachNetworkInterface RegionId InstanceId NetworkInterfaceId;
    DetachNetworkInterface RegionId InstanceId NetworkInterfaceId"""
REQUIRED = {action: names for action, *names in (part.split() for part in REQUIRED.split(";"))}
PASSING = [(400, "OperationConflict"), (400, "UnknownError"), (503, "ServiceUnavailable")]
ENI, ECS_STATES = "Available Attaching InUse Detaching Deleting", "Pending Starting Running Stopping Stopped"
SIDE = {"eni.status": ("eni", "status", ENI), "instance.status": ("i", "status", ECS_STATES)}
SIDE |= {"eni.type": ("eni", "type", ""), "vswitch.remove": ("vsw", "", ""), "security_group.remove": ("sg", "", "")}
SIDE |= dict.fromkeys(("hold", "release", "reset"), ("", "", ""))
THINGS, NONCES, HOW, FROZEN = {}, set(), ("utf-8", "surrogateescape"), {"hold", "Status"}
Fault = type("Fault", (Exception,), {})  # status, code, message, further members of the answer


def refuse(condition, status, code, message="", **more):
    if condition:
        raise Fault(status, code, message or code, more)


class Thing(dict):  # what a resource shows by nature; `laid` is what the side door has laid over that
    def __init__(self, noun, call, region, groups=(), **members):
        self.serial, self.account, self.groups, self.laid = next(COUNT), call.account, groups, {}
        self.link, self.then, self.due, self.cool, self.kind = None, None, 0, 0, noun
        self.id = f"{KINDS[noun]}-{REGIONS[region]}{self.serial * 0x9E3779B97F4A7C15F39D % 16**17:017x}"
        self |= {noun: self.id, "RegionId": region, "Status": "Available", **members}
        self["CreationTime"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        tags = [(call.get(f"Tag.{n}.Key"), call.get(f"Tag.{n}.Value", "")) for n in range(1, 21)]
        self["Tags"] = {"Tag": [{"TagKey": k, "TagValue": v, "Key": k, "Value": v} for k, v in tags if k]}
        THINGS[self.id] = self

    def look(self, name):
        return self.laid.get(name, self.get(name))

    def place(self):
        return None if self.look("Status") in ("Available", "Deleting") else self.link

    def enter(self, status, then):
        if self.laid.get("Status", status) != status:
            del self.laid["Status"]
        if self["Status"] != status:
            self["Status"], self.then, self.due = status, then, time.monotonic() + STEP

    def arrive(self, status):
        self["Status"], self.then = status, None
        if status == "Available":
            self.link, self.cool = None, time.monotonic() + COOLING
        elif status == "Gone":
            del THINGS[self.id]

    def view(self):
        view = self | {k: v for k, v in self.laid.items() if k in self}
        view["SecurityGroupIds"] = {"SecurityGroupId": [g.id for g in self.groups]}
        if self.kind == "InstanceId":
            enis = [e for e in THINGS.values() if self is e.link and e.place()]
            names = ("NetworkInterfaceId", "Type", "MacAddress", "PrivateIpAddress")
            view["NetworkInterfaces"] = {"NetworkInterface": [{n: e.look(n) for n in names} for e in enis]}
        return view | ({"InstanceId": self.link.id} if self.place() else {})


class Call(dict):  # the parameters of a call that has been let in, without the empty ones, and who makes it
    def carry_out(self, action):
        if LUCK.randrange(700) == 0:
            raise Fault(*LUCK.choice(PASSING), "Please try again.", {})
        changes = not action.startswith("Describe")
        refuse(changes and self.user == "usertype", 403, "InvalidUserType.NotSupported")
        refuse(changes and self.user == "noram", 403, "Forbidden.NotSupportRAM")
        refuse(self.mixed, 400, "InvalidParameter", "A parameter is given twice, with different values.")
        for name in REQUIRED[action]:
            refuse(not self.get(name), 400, "MissingParameter", f"The parameter {name} is missing.")
        refuse(changes and self.user == "denied", 403, "Forbidden.RAM", AccessDeniedDetail={"AuthAction": action})
        refuse(self.get("RegionId", "cn-hangzhou") not in REGIONS, 404, "InvalidRegionId.NotFound")
        return getattr(self, action)() or {}

    def number(self, name, default):
        refuse(not re.fullmatch("0*[1-9][0-9]{0,8}", self.get(name, "1")), 400, "InvalidParameter", f"{name} is odd.")
        return int(self.get(name, default))

    def series(self, name):
        return [v for k, v in self.items() if v and re.fullmatch(name + r"(\.[0-9]+)?", k)]

    def those(self, noun):
        return [t for t in THINGS.values() if t.kind == noun and t.account == self.account and "remove" not in t.laid]

    def find(self, noun, code=None, value=None):
        thing = THINGS.get(value := value or self[noun])
        mine = thing in self.those(noun) and self.get("RegionId", thing["RegionId"]) == thing["RegionId"]
        refuse(not mine, 404, code or f"Invalid{noun}.NotFound", f"The specified {noun} {value} does not exist.")
        return thing

    def describe(self, noun, plural, *filters):
        wanted, many = {name: self.series(name) for name in (noun, "RegionId", *filters)}, self.get(noun + "s", "[]")
        refuse(not re.fullmatch(r"\s*\[[^][]*]\s*", many), 400, "InvalidParameter", f"{noun}s must be an array.")
        wanted[noun] += re.findall('"([^"]*)"', many) or ([""] if noun + "s" in self else [])
        rows = [t.view() for t in self.those(noun)]
        rows = [row for row in rows if all(not some or row.get(name) in some for name, some in wanted.items())]
        page, size = self.number("NextToken" if self.get("NextToken") else "PageNumber", 1), self.number("PageSize", 10)
        size = min(self.number("MaxResults", size), 100)
        token = str(page + 1) if self.get("MaxResults") and len(rows) > page * size else ""
        answer = {"TotalCount": len(rows), "PageNumber": page, "PageSize": size, "NextToken": token}
        return answer | {plural: {plural.replace("hes", "hs")[:-1]: rows[(page - 1) * size : page * size]}}

    DescribeVpcs = partialmethod(describe, "VpcId", "Vpcs", "VpcName")
    DescribeVSwitches = partialmethod(describe, "VSwitchId", "VSwitches", "VpcId", "ZoneId", "VSwitchName")
    DescribeSecurityGroups = partialmethod(describe, "SecurityGroupId", "SecurityGroups", "VpcId")
    by = ("Status", "Type", "ZoneId", "VpcId", "VSwitchId", "InstanceType", "InstanceId", "PrivateIpAddress")
    DescribeInstances = partialmethod(describe, "InstanceId", "Instances", *by)
    DescribeNetworkInterfaces = partialmethod(describe, "NetworkInterfaceId", "NetworkInterfaceSets", *by)

    def DescribeRegions(self):
        return {"Regions": {"Region": [{"RegionId": r, "RegionEndpoint": f"ecs.{r}.aliyuncs.com"} for r in REGIONS]}}

    def DescribeZones(self):
        return {"Zones": {"Zone": [{"ZoneId": zone} for zone in ZONES[self["RegionId"]]]}}

    def DescribeInstanceTypes(self):
        types = [t for t in TYPES if t in (self.series("InstanceTypes") or TYPES)]
        return {"InstanceTypes": {"InstanceType": [{"InstanceTypeId": t, "EniQuantity": TYPES[t]} for t in types]}}

    def create(self, noun, *shown):
        region = self.find("VpcId")["RegionId"] if "VpcId" in shown else self["RegionId"]
        refuse("ZoneId" in shown and self["ZoneId"] not in ZONES[region], 404, "InvalidZoneId.NotFound")
        return {noun: Thing(noun, self, region, **{name: self.get(name, "") for name in shown}).id}

    CreateVpc = partialmethod(create, "VpcId", "VpcName", "CidrBlock")
    CreateVSwitch = partialmethod(create, "VSwitchId", "VSwitchName", "VpcId", "ZoneId", "CidrBlock")
    CreateSecurityGroup = partialmethod(create, "SecurityGroupId", "SecurityGroupName", "VpcId")

    def delete(self, noun, status=400):
        thing = self.find(noun)
        inside = [t for t in THINGS.values() if t is not thing and (t.get(noun) == thing.id or thing in t.groups)]
        refuse(any("remove" not in t.laid for t in inside), status, "DependencyViolation", f"{thing.id} is in use.")
        for gone in (thing, *inside):
            gone.arrive("Gone")

    DeleteVpc = partialmethod(delete, "VpcId")
    DeleteVSwitch = partialmethod(delete, "VSwitchId")
    DeleteSecurityGroup = partialmethod(delete, "SecurityGroupId", 403)

    def new_eni(self, kind):
        vsw, groups = self.find("VSwitchId"), self.series("SecurityGroupIds") or self.series("SecurityGroupId")
        refuse(not groups, 400, "MissingParameter", "The parameter SecurityGroupId is missing.")
        groups = [self.find("SecurityGroupId", value=g) for g in groups]
        refuse(any(g["VpcId"] != vsw["VpcId"] for g in groups), 403, "InvalidOperation.VpcMismatch")
        shown = {n: vsw[n] for n in PLACE} | {"NetworkInterfaceName": self.get("NetworkInterfaceName", "")}
        eni = Thing("NetworkInterfaceId", self, vsw["RegionId"], groups, Type=kind, **shown)
        low = eni.serial.to_bytes(3, "big")
        eni |= {"MacAddress": "00:16:3e:" + low.hex(":"), "PrivateIpAddress": f"10.{low[0]}.{low[1]}.{low[2]}"}
        return eni.view()

    CreateNetworkInterface = partialmethod(new_eni, "Secondary")

    def RunInstances(self):
        made, size, image = [], self["InstanceType"], self["ImageId"]
        refuse(size not in TYPES, 400, "InvalidInstanceType.ValueNotSupported")
        for _ in range(min(self.number("Amount", 1), 100)):
            eni = THINGS[self.new_eni("Primary")["NetworkInterfaceId"]]
            shown = {n: eni[n] for n in PLACE} | {"InstanceType": size}
            shown |= {"ImageId": image, "InstanceName": self.get("InstanceName", ""), "VpcAttributes": shown.copy()}
            eni.link = Thing("InstanceId", self, eni["RegionId"], eni.groups, **shown)
            eni["Status"], eni["Tags"] = "InUse", {"Tag": []}
            eni.link.enter("Pending", "Running")
            made.append(eni.link.id)
        return {"InstanceIdSets": {"InstanceIdSet": made}}

    def turn(self, before, during, after):
        instance = self.find("InstanceId")
        refuse(instance.look("Status") != before, 403, "IncorrectInstanceStatus", f"It is not {before}.")
        instance.enter(during, after)

    StartInstance = partialmethod(turn, "Stopped", "Starting", "Running")
    StopInstance = partialmethod(turn, "Running", "Stopping", "Stopped")

    def DeleteInstance(self):
        instance, force = self.find("InstanceId"), self.get("Force", "").lower() == "true"
        refuse(instance.look("Status") != "Stopped" and not force, 403, "IncorrectInstanceStatus")
        for gone in [t for t in THINGS.values() if t.link is instance] + [instance]:
            gone.arrive("Gone")

    def state(self, thing, what, *allowed):
        now = thing.look("Status")
        cooling = "Available" in allowed and now == "Available" and thing.cool > time.monotonic()
        refuse(cooling or now not in allowed, 400, f"InvalidOperation.Invalid{what}State", f"It is {now}.")

    def AttachNetworkInterface(self):
        eni, instance = self.find("NetworkInterfaceId", "InvalidEniId.NotFound"), self.find("InstanceId")
        refuse(eni.look("Type") != "Secondary", 403, "InvalidOperation.InvalidEniType", "Expected Secondary.")
        self.state(eni, "Eni", "Available")
        self.state(instance, "Ecs", "Running", "Stopped")
        refuse(eni["VpcId"] != instance["VpcId"], 403, "InvalidOperation.VpcMismatch")
        refuse(eni["ZoneId"] != instance["ZoneId"], 403, "InvalidOperation.AvailabilityZoneMismatch")
        others = [t for t in THINGS.values() if t.link is instance and t is not eni]
        refuse(len(others) >= TYPES[instance["InstanceType"]], 403, "EniPerInstanceLimitExceeded")
        eni.link = instance
        eni.enter("Attaching", "InUse")

    def DetachNetworkInterface(self):
        odd = [name for name in self if not re.fullmatch(KNOWN, name, re.X)]
        refuse(odd, 400, "UnsupportedParameter", f"These are not supported: {odd}"[:200])
        refuse(not re.fullmatch("eni-[0-9A-Za-z-]{1,60}", self["NetworkInterfaceId"]), 400, "InvalidParams.EniId")
        refuse(not re.fullmatch("(i-|AY)[0-9A-Za-z-]{1,62}", self["InstanceId"]), 400, "InvalidInstanceID.Malformed")
        kind = (eni := self.find("NetworkInterfaceId", "InvalidEniId.NotFound")).look("Type")
        refuse(kind == "Primary", 400, "InvalidOperation.DetachPrimaryEniNotAllowed", "This is a primary interface.")
        refuse(kind != "Secondary", 403, "InvalidOperation.InvalidEniType", f"Expected Secondary, current {kind}.")
        instance = self.find("InstanceId")
        if eni.look("Status") in ("Attaching", "Deleting") or eni.cool > time.monotonic():
            self.state(eni, "Eni", "InUse", "Detaching")
        refuse(eni.link is not instance, 403, "InvalidParameter.EniNotBelongEcs", f"{eni.id} is not on {instance.id}.")
        refuse(self.get("TrunkNetworkInstanceId"), 403, "InvalidParameter.EniNotBelongTrunk", f"{eni.id} is no member.")
        self.state(instance, "Ecs", "Running", "Stopped")
        self.state(eni, "Eni", "InUse", "Detaching")
        refuse("remove" in THINGS[eni["VSwitchId"]].laid, 404, "InvalidVSwitchId.NotFound")
        refuse(any("remove" in g.laid for g in eni.groups), 404, "InvalidSecurityGroupId.NotFound")
        eni.enter("Detaching", "Available")

    def DeleteNetworkInterface(self):
        eni = self.find("NetworkInterfaceId", "InvalidEniId.NotFound")
        self.state(eni, "Eni", "Available", "Deleting")
        eni.enter("Deleting", "Gone")


def signature(method, items, secret, headers, names, digest):  # that of V3, if names of signed headers are given
    text = "&".join(f"{quote(k, '', *HOW)}={quote(v, '', *HOW)}" for k, v in items if names or k != "Signature")
    if not names:
        text = f"{method}&%2F&{quote(text, '', *HOW)}"
        return base64.b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), "sha1"))
    lines = [method, "/", text, *(f"{n}:{headers.get(n, '')}" for n in names), "", ";".join(names), digest]
    hashed = hashlib.sha256("\n".join(lines).encode("latin-1", "replace")).hexdigest()
    return hmac.digest(secret.encode(), f"ACS3-HMAC-SHA256\n{hashed}".encode(), "sha256").hex().encode()


def admit(method, url, form, headers, body, v3):
    given, names, digest, now = dict(url + form), [], hashlib.sha256(body).hexdigest(), time.time()
    public, needed = given, ["Action", "Version", "AccessKeyId", "Signature", "Timestamp", "SignatureNonce"]
    if v3:
        tails = {"Action": "action", "Version": "version", "Timestamp": "date", "SignatureNonce": "signature-nonce"}
        public = {name: headers.get(f"x-acs-{tail}", "") for name, tail in tails.items()}
        parts = dict(re.findall("([A-Za-z]+)=([^, ]*)", headers.get("authorization", "")))
        public |= {"AccessKeyId": parts.get("Credential"), "Signature": parts.get("Signature")}
        names = parts.get("SignedHeaders", "host").split(";")
    for name in needed if v3 else [*needed, "SignatureMethod", "SignatureVersion"]:
        refuse(not public.get(name), 400, f"Missing{name}", f"{name} is mandatory for this action.")
        refuse(name == "Version" and public[name] not in (ECS, VPC), 400, "InvalidVersion")
        right = public["Action"] in REQUIRED and (VPC if re.search("Vpc|VSwitch", public["Action"]) else ECS)
        refuse(name == "Version" and public[name] != right, 404, "InvalidAction.NotFound")
    low, high = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + x)) for x in (-WINDOW, WINDOW))
    refuse(not re.fullmatch(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}Z", public["Timestamp"]), 400, "InvalidTimeStamp.Format")
    refuse(not low <= public["Timestamp"] <= high, 400, "InvalidTimeStamp.Expired")
    key, sent = public["AccessKeyId"], public["Signature"].encode("utf-8", "surrogateescape")
    user = USERS.get(key.removeprefix("LTAILater")) if key.startswith("LTAI") else None
    refuse(not user, 404, "InvalidAccessKeyId.NotFound", "The key does not exist.")
    refuse(user == "disabled", 400, "InvalidAccessKeyId.Inactive", "The key is disabled.")
    orders = (sorted(some := url if v3 else url + form), sorted(some, key=lambda pair: pair[0]))
    rights = [signature(method, order, f"later-{user}-secret", headers, names, digest) for order in orders]
    good = any(hmac.compare_digest(sent, right) for right in rights)
    good = good and (not v3 or {"host", *(h for h in headers if h.startswith("x-acs-"))} <= {*names})
    refuse(not good, 400, "SignatureDoesNotMatch" if v3 else "IncompleteSignature", "It is not the one computed here.")
    refuse((nonce := (key, public["SignatureNonce"])) in NONCES, 400, "SignatureNonceUsed", "It was used before.")
    NONCES.add(nonce)
    call = Call({name: value for name, value in given.items() if value})
    call.account, call.user, call.mixed = ACCOUNTS[user], user, len({*url, *form}) > len(given)
    return call, public["Action"]


def xml(name, value):
    if isinstance(value, list):
        return "".join(xml(name, v) for v in value)
    inner = "".join(xml(k, v) for k, v in value.items()) if isinstance(value, dict) else escape(str(value))
    return f"<{name}>{inner}</{name}>"


def serve(method, target, headers, body):
    request_id, status = str(uuid.uuid4()).upper(), 200
    form = body if "form-urlencoded" in headers.get("content-type", "form-urlencoded") else b""
    texts = (raw.decode(*HOW) for raw in (target.partition(b"?")[2], form))
    url, form = (parse_qsl(text, keep_blank_values=True, errors="surrogateescape") for text in texts)
    v3 = "x-acs-action" in headers or headers.get("authorization", "").startswith("ACS3")
    wish = dict(url + form).get("Format", "").upper()
    as_json = wish == "JSON" or (not wish and v3 and "json" in headers.get("accept", ""))
    try:
        refuse(method not in ("GET", "POST"), 400, "UnsupportedHTTPMethod")
        call, action = admit(method, url, form, headers, body, v3)
        root, answer = action + "Response", call.carry_out(action)
    except Fault as fault:
        (status, code, message, more), root = fault.args, "Error"
        link = f"https://api.aliyun.com/troubleshoot?q={code}&product=Ecs&requestId={request_id}"
        answer = {"HostId": headers.get("host", ""), "Code": code, "Message": message, "Recommend": link, **more}
    answer = {"RequestId": request_id, **answer}
    text = json.dumps(answer, ensure_ascii=False) if as_json else '<?xml version="1.0"?>' + xml(root, answer)
    text = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
    return status, "application/json" if as_json else "text/xml", text.encode(), request_id


def control(method, _, headers, body):
    if "origin" in headers:
        return 403, "application/json", b'{"error": "not for web pages"}', "-"
    if method == "GET":
        return 200, "application/json", json.dumps({"protocol": 1, "capabilities": [*SIDE]}).encode(), "-"
    try:
        op, (kind, field, allowed) = (order := json.loads(body))["op"], SIDE[order["op"]]
        thing, value = THINGS.get(order["id"]), order[field] if field else op
        assert isinstance(order["id"], str) and isinstance(value, str), "id and value must be strings"
        assert value and (not allowed or value in allowed.split()), f"{field} must be one of {allowed}"
        there = thing and kind in ("", KINDS[thing.kind]) and ("remove" in op or "remove" not in thing.laid)
        assert op == "reset" or there, "there is no such resource"
    except (ValueError, TypeError, LookupError, RecursionError, AssertionError) as error:
        return 400, "application/json", json.dumps({"error": f"{type(error).__name__}: {error}"}).encode(), "-"
    if thing and op in ("reset", "release"):
        thing.laid = {k: v for k, v in thing.laid.items() if op == "release" and k != "hold"}
    elif thing:
        thing.laid[field.capitalize() if field else op.rpartition(".")[2]] = value
    return 200, "application/json", b"{}", "-"


class Door(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.buffer, self.head = transport, bytearray(), None

    def data_received(self, data):
        self.buffer += data
        while not self.transport.is_closing() and self.step():
            pass

    def step(self):
        if not self.head and b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            first, *rest = head.decode("latin-1").strip().split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in rest)}
            self.head = re.fullmatch(r"([A-Z]+) (\S+) HTTP/1\.[01]", first), headers, headers.get("content-length", "0")
        line, headers, length = self.head or (True, {}, str(len(self.buffer) + 1))
        odd = not line or not re.fullmatch("[0-9]{1,9}", length) or "transfer-encoding" in headers
        if odd or len(self.buffer) > 64 << 20:
            return self.answer(400, "text/plain", b"This is no request that is understood here.", "-", True)
        if len(self.buffer) < int(length):
            return False
        body, self.buffer, self.head = bytes(self.buffer[: int(length)]), self.buffer[int(length) :], None
        method, target, now = line[1], line[2].encode("latin-1"), time.monotonic()
        close = headers.get("connection", "").lower() == "close" or method not in ("GET", "POST")
        for thing in [t for t in THINGS.values() if t.then and t.due < now and not FROZEN & t.laid.keys()]:
            thing.arrive(thing.then)
        handle = control if target.startswith(b"/_control") else serve
        return self.answer(*handle(method, target, headers, body), close)

    def answer(self, status, media, body, request_id, close):
        head = f"HTTP/1.1 {status} {'OK' if status == 200 else 'Refused'}\r\nContent-Type: {media};charset=utf-8\r\n"
        head += f"X-Acs-Request-Id: {request_id}\r\nConnection: {'close' if close else 'keep-alive'}\r\n"
        self.transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        if close:
            self.transport.close()
        return True


async def main(port):
    server = await asyncio.get_running_loop().create_server(Door, "127.0.0.1", port)
    print(f"LISTENING http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[sys.argv.index("--port") + 1]) if "--port" in sys.argv else 0))
