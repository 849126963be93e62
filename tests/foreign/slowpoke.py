# SPDX-License-Identifier: Apache-2.0
"""slowpoke: a small, unhurried endpoint that speaks a part of ECS and VPC, on aiohttp (python slowpoke.py --port 0).

Signatures V1 and V3, XML and JSON, control at /_control. All its peculiarities are lawful:
- Attaching, detaching, starting and stopping take 3 seconds; every eighth detach takes 9. A Detaching interface goes on
  naming its instance; an Available one names none. Ids have 20 characters out of nine (k q v x z 2 4 7 9).
- Order of a detach: unsupported, missing, odd characters in ids (InvalidParameter), form of the ids (interface first),
  region, caller, existence and status (interface first), type, surroundings. A repeated one passes all of it again.
- An interface attached elsewhere is InvalidOperation.InvalidEniState. An empty parameter is missing. Of duplicates the
  first counts, the query before the body. Unknown ones are ignored. Lists begin with the newest; two ways of paging.
- A wrong V1 signature is IncompleteSignature, a wrong V3 signature SignatureDoesNotMatch. V3 without Format and
  without an Accept that names JSON gets XML. The gateway looks at version and action before the key. Errors are rich.
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
from calendar import timegm
from functools import partialmethod
from types import SimpleNamespace
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

from aiohttp import web

SLOW, SLOWER, BRIEF, BODY_LIMIT, WINDOW, HOW = 3.0, 9.0, 0.3, 16 << 20, 900, ("~", "utf-8", "surrogateescape")
REGIONS = {"cn-hangzhou": ("cn-hangzhou-h", "cn-hangzhou-k"), "eu-central-1": ("eu-central-1a", "eu-central-1b")}
TYPES = {"ecs.g6.large": 2, "ecs.g7.large": 3, "ecs.g6.xlarge": 3, "ecs.g6.2xlarge": 4, "ecs.g6.8xlarge": 8}  # cards
IMAGE, ECS, VPC = "slowpoke_1_x64_20G_alibase_20190601.vhd", "2014-05-26", "2016-04-28"
TENANTS = {"Owner": 17, "Denied": 17, "NoRam": 17, "Expired": 25, "Reseller": 33, "Other": 41}  # by caller
REFUSALS = {"Denied": "Forbidden.SubUser", "NoRam": "Forbidden.NotSupportRAM"}
REFUSALS |= {"Expired": "Abs.InvalidAccount.NotFound", "Reseller": "InvalidUserType.NotSupported"}
NAMES = {"i": "InstanceId", "eni": "NetworkInterfaceId", "sg": "SecurityGroupId", "vsw": "VSwitchId", "vpc": "VpcId"}
ORDERS = """eni.status:status=Available|Attaching|InUse|Detaching|Deleting eni.type:type eni.zone:value eni.vpc:value
    instance.status:status=Pending|Starting|Running|Stopping|Stopped instance.eni_limit:exceeded=bool hold release reset
    security_group.type:type=vpc|classic security_group.full:full=bool security_group.remove vswitch.remove
    region.feature:supported=bool parameter.unsupported:unsupported=bool"""  # op:field=values
CONTROL = {op: spec.partition("=")[::2] for op, _, spec in (order.partition(":") for order in ORDERS.split())}
KINDS = {"eni": "eni", "instance": "i", "vswitch": "vsw", "security_group": "sg"}
PLACES = {"status": "Status", "type": "Type", "zone": "ZoneId", "vpc": "VpcId"}
THINGS, NONCES, GONE, SWITCHED, DETACHED = {}, set(), set(), set(), []
Problem = type("Problem", (Exception,), {})  # status, code, message, further members


def deny(when, status, code, text="The request is refused.", **more):
    if when:
        raise Problem(status, code, text, more)


class Thing:
    """Any resource. `face` is what descriptions show by nature; `alter`, what control calls laid over it."""

    def __init__(self, kind, call, subnet=None, groups=(), **face):
        self.kind, self.tenant, self.subnet, self.groups = kind, call.tenant, subnet, groups
        self.link, self.cards, self.alter, self.then, self.due = None, [], {}, None, 0
        texts = [(call.p.get(f"Tag.{n}.Key"), call.p.get(f"Tag.{n}.Value", "")) for n in range(1, 21)]
        self.tags = [{"TagKey": k, "TagValue": v, "Key": k, "Value": v} for k, v in texts if k]
        self.id, self.seq = kind + "-" + "".join(random.choices("kqvxz2479", k=20)), len(THINGS) + len(GONE)
        self.face = {NAMES[kind]: self.id, "CreationTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **face}
        THINGS[self.id] = self

    def now(self, name):
        return self.alter.get(name, self.face.get(name))

    def go(self, status, seconds, then):  # into `status` at once, into `then` later, unless this is under way
        if self.alter.get("Status") != status:
            self.alter.pop("Status", None)
        if self.face["Status"] != status or not self.then:
            self.arrive(status)
            self.due, self.then = time.monotonic() + seconds, then

    def arrive(self, status):
        self.then, self.face["Status"] = None, status
        if self.link and status in ("Available", "Gone"):
            self.link.cards.remove(self)
            self.link = None
        if status == "Gone":
            GONE.add(THINGS.pop(self.id).id)

    def host(self):
        return None if self.now("Status") in ("Available", "Deleting") else self.link

    def view(self):
        view = self.face | {k: v for k, v in self.alter.items() if k in self.face} | {"Tags": {"Tag": self.tags}}
        view["SecurityGroupIds"] = {"SecurityGroupId": [g.id for g in self.groups]}
        if self.kind == "i":
            names, cards = ("NetworkInterfaceId", "Type", "MacAddress"), [e for e in self.cards if e.host()]
            view["NetworkInterfaces"] = {"NetworkInterface": [{n: e.now(n) for n in names} for e in cards]}
        return view | ({"InstanceId": self.host().id} if self.host() else {})


class Call(SimpleNamespace):
    """One call that the gateway let in. The operations are the attributes whose names begin with a capital."""

    def guard(self, late=False):
        more = {"AccessDeniedDetail": {"AuthAction": f"ecs:{self.action}"}} if self.who == "Denied" else {}
        refused = self.who in REFUSALS and (self.who == "Expired" or not self.action.startswith("Describe"))
        refused = refused and (late or self.action != "DetachNetworkInterface")
        deny(refused, 403, REFUSALS.get(self.who), f"This caller may not use\n{self.action}", **more)

    def need(self, *names):
        for name in names:
            deny(not self.p.get(name), 400, "MissingParameter", f'The parameter "{name}" is required,\nbut missing.')
        return [self.p[name] for name in names]

    def region(self, feature=False, status=404, code="InvalidRegionId.NotFound"):
        (region,) = self.need("RegionId")
        deny(region not in REGIONS, status, code, f"There is no such region:\n{region[:80]}")
        deny(feature and ("region", region) in SWITCHED, 400, "Forbidden.RegionId", "The region does not offer it.")
        return region

    def asked(self, name):
        return [v for k, v in self.p.items() if v and re.fullmatch(name + r"(\.\d+)?", k)]

    def number(self, name, default, top):
        text = self.p.get(name) or str(default)
        deny(not re.fullmatch("0*[1-9][0-9]{0,18}", text), 400, "InvalidParameter", f"{name} is no number.")
        return min(int(text), top)

    def mine(self, kind):
        return [t for t in THINGS.values() if t.kind == kind and t.tenant == self.tenant and "remove" not in t.alter]

    def find(self, kind, code=None, name=None):
        it = THINGS.get(name := name or self.need(NAMES[kind])[0])
        found = it in self.mine(kind) and it.face["RegionId"] == (self.p.get("RegionId") or it.face["RegionId"])
        deny(not found, 404, code or f"Invalid{NAMES[kind]}.NotFound", f"There is no such resource:\n{name[:80]}")
        return it

    def listing(self, kind, plural, noun, *filters):
        many, by_token = NAMES[kind] + "s", self.p.get("MaxResults") or self.p.get("NextToken")
        wanted = {n: self.asked(n) for n in (NAMES[kind], *filters)} | {"RegionId": [self.region()]}
        wanted[NAMES[kind]] += re.findall('"([^"]*)"', self.p.get(many, ""))
        deny(self.p.get(many) and not wanted[NAMES[kind]], 400, "InvalidParameter", f"{many} is no array of ids.")
        items = [(t.seq, t.view()) for t in reversed(self.mine(kind))]
        items = [(n, v) for n, v in items if all(not some or v.get(name) in some for name, some in wanted.items())]
        answer, before = {"TotalCount": len(items)}, self.number("NextToken", 1 << 62, 1 << 62)
        page, size = self.number("PageNumber", 1, 10**9), self.number("MaxResults" if by_token else "PageSize", 10, 100)
        items = [(n, v) for n, v in items if n < before][(page - 1) * size :]
        answer |= {"PageNumber": page, "PageSize": size, plural: {noun: [v for _, v in items[:size]]}}
        return answer | {"NextToken": str(items[size - 1][0]) if by_token and len(items) > size else ""}

    DescribeVpcs = partialmethod(listing, "vpc", "Vpcs", "Vpc", "VpcName")
    DescribeVSwitches = partialmethod(listing, "vsw", "VSwitches", "VSwitch", "VpcId", "ZoneId")
    DescribeSecurityGroups = partialmethod(listing, "sg", "SecurityGroups", "SecurityGroup", "VpcId")
    BY = ("Status", "ZoneId", "InstanceType", "InstanceId", "Type", "VpcId", "VSwitchId", "PrivateIpAddress")
    DescribeInstances = partialmethod(listing, "i", "Instances", "Instance", *BY)
    DescribeNetworkInterfaces = partialmethod(listing, "eni", "NetworkInterfaceSets", "NetworkInterfaceSet", *BY)

    def rows(self, plural, noun, make):
        return {plural: {noun: make(self)}}

    DescribeRegions = partialmethod(rows, "Regions", "Region", lambda _: [{"RegionId": r} for r in REGIONS])
    DescribeZones = partialmethod(rows, "Zones", "Zone", lambda c: [{"ZoneId": z} for z in REGIONS[c.region()]])

    def DescribeInstanceTypes(self):
        types = [t for t in TYPES if t in (self.asked("InstanceTypes") or TYPES)]
        return {"InstanceTypes": {"InstanceType": [{"InstanceTypeId": t, "EniQuantity": TYPES[t]} for t in types]}}

    def create(self, kind, name, *needed):
        face = dict(zip(needed, self.need(*needed), strict=True)) | {name: self.p.get(name, ""), "Status": "Available"}
        region = self.find("vpc").face["RegionId"] if "VpcId" in needed else self.region()
        deny("ZoneId" in face and face["ZoneId"] not in REGIONS[region], 404, "InvalidZoneId.NotFound")
        return {NAMES[kind]: Thing(kind, self, **face | {"RegionId": region}).id}

    CreateVpc = partialmethod(create, "vpc", "VpcName", "RegionId")
    CreateVSwitch = partialmethod(create, "vsw", "VSwitchName", "VpcId", "ZoneId", "CidrBlock")
    CreateSecurityGroup = partialmethod(create, "sg", "SecurityGroupName", "RegionId", "VpcId")

    def delete(self, kind, inhabitants, status=400):
        it = self.find(kind)
        near = [t for k in inhabitants for t in self.mine(k)]
        inside = any(it in (t.subnet, *t.groups) or it.id == t.face["VpcId"] for t in near)
        deny(inside, status, "DependencyViolation", "Something lives in it.")
        it.arrive("Gone")

    DeleteVpc = partialmethod(delete, "vpc", ("vsw", "sg"))
    DeleteVSwitch = partialmethod(delete, "vsw", ("eni",))
    DeleteSecurityGroup = partialmethod(delete, "sg", ("eni",), 403)

    def card(self, kind):
        self.region(feature=kind == "Secondary")
        subnet, groups = self.find("vsw"), self.asked("SecurityGroupIds") or self.need("SecurityGroupId")
        groups = [self.find("sg", name=group) for group in groups]
        deny(any(g.face["VpcId"] != subnet.face["VpcId"] for g in groups), 403, "InvalidOperation.VpcMismatch")
        face = {n: subnet.face[n] for n in ("RegionId", "VpcId", "VSwitchId", "ZoneId")}
        face |= {"Status": "Available", "Type": kind, "NetworkInterfaceName": self.p.get("NetworkInterfaceName", "")}
        eni = Thing("eni", self, subnet, groups, **face)
        low = eni.seq.to_bytes(4)[2:]
        eni.face |= {"PrivateIpAddress": f"172.16.{low[0]}.{low[1]}", "MacAddress": "00:16:3e:00:" + low.hex(":")}
        return eni.view()

    def RunInstances(self):
        (image, size), born = self.need("ImageId", "InstanceType"), []
        deny(image != IMAGE, 404, "InvalidImageId.NotFound", f"There is no such image:\n{image[:80]}")
        deny(size not in TYPES, 400, "InvalidInstanceType.ValueNotSupported", f"There is no such type:\n{size[:80]}")
        for _ in range(self.number("Amount", 1, 100)):
            card = THINGS[self.card("Primary")["NetworkInterfaceId"]]
            face = {n: card.face[n] for n in ("RegionId", "VpcId", "VSwitchId", "ZoneId")}
            face |= {"VpcAttributes": face.copy(), "InstanceName": self.p.get("InstanceName", ""), "ImageId": image}
            it = card.link = Thing("i", self, card.subnet, card.groups, Status="", InstanceType=size, **face)
            it.cards, card.tags = [card], []
            card.arrive("InUse")
            it.go("Pending", SLOW, "Running")
            born.append(it.id)
        return {"InstanceIdSets": {"InstanceIdSet": born}}

    def turn(self, before, during, after):
        it = self.find("i")
        deny(it.now("Status") != before, 403, "IncorrectInstanceStatus", f"It is {it.now('Status')}.")
        it.go(during, SLOW, after)

    StartInstance = partialmethod(turn, "Stopped", "Starting", "Running")
    StopInstance = partialmethod(turn, "Running", "Stopping", "Stopped")

    def DeleteInstance(self):
        it, forced = self.find("i"), self.p.get("Force", "").lower() == "true"
        deny(it.now("Status") != "Stopped" and not forced, 403, "IncorrectInstanceStatus", "It is not stopped.")
        for thing in (*it.cards, it):
            thing.arrive("Gone")

    CreateNetworkInterface = partialmethod(card, "Secondary")

    def DeleteNetworkInterface(self):
        self.region(feature=True)
        eni = self.find("eni", "InvalidEniId.NotFound")
        self.in_status(eni, "Eni", "Available", "Deleting")
        eni.go("Deleting", BRIEF, "Gone")

    def in_status(self, it, what, *allowed):
        text = f"Expected: {' or '.join(allowed)}\nCurrent: {it.now('Status')}"
        deny(it.now("Status") not in allowed, 400, f"InvalidOperation.Invalid{what}State", text)

    def couple(self, *allowed):  # interface and instance of an attach or a detach, after all their checks
        card, host, _ = self.need("NetworkInterfaceId", "InstanceId", "RegionId")
        deny(not re.fullmatch("[!-~]{1,64} [!-~]{1,64}", f"{card} {host}"), 400, "InvalidParameter", "This is no id.")
        deny(not re.fullmatch("eni-[0-9a-z]{5,30}", card), 400, "InvalidParams.EniId", f"No interface id:\n{card}")
        deny(not re.fullmatch("i-[0-9a-z]{5,30}|AY[0-9A-Za-z]{6,30}", host), 400, "InvalidInstanceID.Malformed", host)
        self.region(True, 400, "InvalidOperation.InvalidRegion")
        self.guard(late=True)
        eni, host = self.find("eni", "InvalidEniId.NotFound"), self.find("i", "InvalidEcsId.NotFound")
        self.in_status(eni, "Eni", *allowed)
        deny("InUse" in allowed and eni.host() is not host, 400, "InvalidOperation.InvalidEniState", "It is elsewhere.")
        self.in_status(host, "Ecs", "Running", "Stopped")
        kind, count = eni.now("Type"), len({*host.cards, eni})
        deny(kind == "Primary", 400, "InvalidOperation.DetachPrimaryEniNotAllowed", "It stays.")
        deny(kind != "Secondary", 403, "InvalidOperation.InvalidEniType", f"Expected: Secondary\nCurrent: {kind}")
        deny("remove" in eni.subnet.alter, 404, "InvalidVSwitchId.NotFound", f"It has gone:\n{eni.subnet.id}")
        for it in eni.groups:
            deny("remove" in it.alter, 404, "InvalidSecurityGroupId.NotFound", f"It has gone:\n{it.id}")
            deny(it.now("Type") == "classic", 403, "InvalidSecurityGroupId.NotVpc", "It is classic.")
            deny(it.now("full"), 403, "SecurityGroupInstanceLimitExceed", f"It is full:\n{it.id}")
        deny(eni.now("VpcId") != host.face["VpcId"], 403, "InvalidOperation.VpcMismatch", "Two VPCs.")
        deny(eni.now("ZoneId") != host.face["ZoneId"], 403, "InvalidOperation.AvailabilityZoneMismatch", "Two zones.")
        deny(host.now("eni_limit") or count > TYPES[host.face["InstanceType"]], 403, "EniPerInstanceLimitExceeded")
        return eni, host

    def AttachNetworkInterface(self):
        eni, host = self.couple("Available")
        eni.arrive("Available")
        host.cards.append(eni)
        eni.link = host
        eni.go("Attaching", SLOW, "InUse")

    def DetachNetworkInterface(self):
        refused = sorted(name for name in self.p if ("parameter", name) in SWITCHED)
        deny(refused, 400, "UnsupportedParameter", f"Not supported here:\n{refused}")
        eni, _ = self.couple("InUse", "Detaching")
        DETACHED.extend([eni] if eni.face["Status"] != "Detaching" else [])
        eni.go("Detaching", SLOW if len(DETACHED) % 8 else SLOWER, "Available")


def control(request, body):
    """The side door. An assertion that fails tells what is wrong with the order."""
    if request.remote != "127.0.0.1" or "Origin" in request.headers:
        return {"status": 403, "data": {"error": "not from there"}}
    if request.method == "GET":
        return {"data": {"protocol": 1, "capabilities": [*CONTROL]}}
    try:
        op, (field, values) = (order := json.loads(body))["op"], CONTROL[order["op"]]
        (what, _, tail), value = op.rpartition("."), order[field] if field else True
        assert type(value) is (bool if not field or values == "bool" else str) and value != "", f"{field} is wrong"
        assert values in ("", "bool") or value in values.split("|"), f"{field} must be one of {values}"
        subject = order[{"region": "region", "parameter": "name"}.get(what, "id")]
        it, place = THINGS.get(subject), PLACES.get(tail, tail)
        if what in ("region", "parameter"):
            assert isinstance(subject, str) and (what == "parameter" or subject in REGIONS), "no such region"
            (SWITCHED.add if value == (what == "parameter") else SWITCHED.discard)((what, subject))
        elif op == "reset":
            assert it or subject in GONE, "no such resource"
            it and it.alter.clear()
        else:
            assert it and KINDS.get(what, it.kind) == it.kind, "no such resource"
            assert "remove" not in it.alter or tail == "remove", "no such resource"
            it.alter = {k: v for k, v in it.alter.items() if op != "release" or k != "hold"} | {place: value}
    except (ValueError, TypeError, LookupError, RecursionError, AssertionError) as error:
        return {"status": 400, "data": {"error": f"{type(error).__name__}: {error}"}}
    return {"data": {}}


def signatures(method, secret, given, headers, signed, digest):
    """The right signatures, of V3 if there are signed headers; a repeated name leaves two orders open."""
    lines = "".join(f"{n}:{','.join(sorted(v.strip() for v in headers.getall(n, [])))}\n" for n in signed)
    for some in (sorted(given), sorted(given, key=lambda pair: pair[0])):
        text = "&".join(f"{quote(k, *HOW)}={quote(v, *HOW)}" for k, v in some if k != "Signature" or signed)
        if signed:
            text = "\n".join((method, "/", text, lines, ";".join(signed), digest)).encode(*HOW[1:])
            text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(text).hexdigest()}"
            yield hmac.digest(secret.encode(), text.encode(), "sha256").hex().encode(), text
        else:
            text = f"{method}&%2F&{quote(text, *HOW)}"
            yield base64.b64encode(hmac.digest(secret.encode() + b"&", text.encode(), "sha1")), text


def admit(method, headers, query, form, params, body):
    v3 = headers.get("Authorization", "").startswith("ACS3")
    names, signed, digest = ["Action", "Version", "Timestamp", "SignatureNonce"], [], hashlib.sha256(body).hexdigest()
    public = {n: params.get(n) for n in [*names, "SignatureMethod", "SignatureVersion", "AccessKeyId", "Signature"]}
    if v3:
        tails = ("action", "version", "date", "signature-nonce", "content-sha256")
        public = {n: headers.get(f"x-acs-{t}") for n, t in zip([*names, "ContentSha256"], tails, strict=True)}
        parts = dict(re.findall(r"(\w+)=([^,\s]*)", headers["Authorization"]))
        public |= {"AccessKeyId": parts.get("Credential"), "Signature": parts.get("Signature")}
        signed = parts.get("SignedHeaders", "host").split(";")
    for name, value in public.items():
        deny(not value, 400, "Missing" + name, f"{name} is mandatory for this action.")
    action, key, who = public["Action"], public["AccessKeyId"], public["AccessKeyId"].removeprefix("LTAIslowpoke")
    deny(public["Version"] not in (ECS, VPC), 400, "InvalidVersion", "There is no such version.")
    right = VPC if action.endswith(("Vpc", "Vpcs", "VSwitch", "VSwitches")) else ECS
    known = action[:1].isupper() and action != "BY" and hasattr(Call, action) and right == public["Version"]
    deny(not known, 404, "InvalidAction.NotFound", f"There is no such API:\n{action[:80]}")
    deny(public.get("SignatureMethod", "HMAC-SHA1") != "HMAC-SHA1", 400, "InvalidSignatureMethod", "Use HMAC-SHA1.")
    deny(who not in TENANTS or who == key, 404, "InvalidAccessKeyId.NotFound", f"There is no such key:\n{key[:80]}")
    try:
        moment = timegm(time.strptime(public["Timestamp"], "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        raise Problem(400, "InvalidTimeStamp.Format", "It must look like 2019-06-01T12:00:00Z.", {}) from None
    deny(abs(time.time() - moment) > WINDOW, 400, "InvalidTimeStamp.Expired", "The time is too far off.")
    right = signatures(method, f"slow-secret-{who.lower()}", query if v3 else query + form, headers, signed, digest)
    right, sent = list(right), public["Signature"].encode("utf-8", "replace")
    needed = {"host"} | {h.lower() for h in headers if h.lower().startswith("x-acs-")}
    good = any(hmac.compare_digest(sent, r) for r, _ in right) and digest == public.get("ContentSha256", digest)
    code = "SignatureDoesNotMatch" if v3 else "IncompleteSignature"
    deny(not good or (v3 and needed - {*signed}), 400, code, f"The string to sign is:\n{right[0][1][:4000]}")
    deny((nonce := (key, public["SignatureNonce"])) in NONCES, 400, "SignatureNonceUsed", "The nonce was used before.")
    NONCES.add(nonce)
    return Call(p=params, action=action, tenant=f"16880000000000{TENANTS[who]}", who=who)


def xml(name, value):
    if isinstance(value, list):
        return "".join(xml(name, v) for v in value)
    text = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", str(value))
    inner = "".join(xml(k, v) for k, v in value.items()) if isinstance(value, dict) else escape(text, {"\r": "&#13;"})
    return f"<{name}>{inner}</{name}>"


async def serve(request):
    headers, as_json, rid = request.headers, False, str(uuid.uuid4()).upper()
    try:
        deny("Transfer-Encoding" in headers or (request.content_length or 0) > BODY_LIMIT, 413, "RequestEntityTooLarge")
        body, now = await request.content.read(), time.monotonic()
        for thing in [t for t in THINGS.values() if t.then and t.due < now and not t.alter.keys() & {"hold", "Status"}]:
            thing.arrive(thing.then)
        path, _, raw = re.sub("^https?://[^/?]*", "", request.raw_path).partition("?")
        if path == "/_control":
            return web.json_response(**control(request, body))
        texts = raw, body.decode(*HOW[1:]) if "form-urlencoded" in request.content_type else ""
        query, form = (parse_qsl(text, keep_blank_values=True, errors="surrogateescape") for text in texts)
        params = dict(reversed(query + form))
        accepts = "json" in headers.get("Accept", "") and "Authorization" in headers
        as_json = params["Format"].upper() == "JSON" if params.get("Format") else accepts
        call = admit(request.method, headers, query, form, params, body)
        call.guard()
        status, root, answer = 200, call.action + "Response", getattr(call, call.action)() or {}
    except Problem as problem:
        (status, code, text, more), root = problem.args, "Error"
        about = f"https://api.aliyun.com/troubleshoot?q={code}&product=Ecs&requestId={rid}"
        answer = {"HostId": headers.get("Host", ""), "Code": code, "Message": text, "Recommend": about, **more}
    answer = {"RequestId": rid, **answer}
    text = json.dumps(answer, ensure_ascii=False) if as_json else '<?xml version="1.0"?>' + xml(root, answer)
    more = {"Content-Type": f"{'application/json' if as_json else 'text/xml'};charset=utf-8", "x-acs-request-id": rid}
    return web.Response(status=status, body=text.encode("utf-8", "replace"), headers=more)


async def main(port):
    server = web.Server(serve, access_log=None, auto_decompress=False, max_line_size=8 << 20, max_field_size=1 << 20)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", port)
    print(f"LISTENING http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", flush=True)
    await listener.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[sys.argv.index("--port") + 1]) if "--port" in sys.argv else 0))
