"""flasky: a small ECS-like endpoint on Flask and its threaded development server (venv-flasky/bin/python flasky.py).

JSON and V1 only; lists are paged by PageNumber and PageSize. One VPC, vSwitch, security group and image are there, and
nothing makes more. An accepted detach is carried out by a background thread 300 ms later: until then everything goes on
saying InUse (Detaching is never shown) and further detaches are accepted. All else takes 20 ms. Primary interfaces
appear in DescribeInstances alone. Instances are made by CreateInstance, begin Pending and become Stopped. Detach looks
at the interface, then the instance, then for the RAM user's permission, and refuses unknown parameters; names that come
twice are InvalidParameter, a bad signature IncompleteSignature, a key that has run out Abs.InvalidAccount.NotFound."""

import base64
import calendar
import contextlib
import hashlib
import heapq
import hmac
import itertools
import json
import re
import secrets
import sys
import threading
import time
import uuid
from types import SimpleNamespace as Thing
from urllib.parse import quote, unquote_to_bytes

from flask import Flask, Response, request
from werkzeug import exceptions, serving

ECS, VPC, TENANT = "2014-05-26", "2016-04-28", "1900000000000077"
KEYS = {  # access key: (secret, account, is a RAM user without rights, has run out)
    "FLKowner0001": ("flasky-owner-secret", TENANT, False, False),
    "FLKramuser02": ("flasky-ram-secret", TENANT, True, False),
    "FLKstranger3": ("flasky-stranger-secret", "1900000000000088", False, False),
    "FLKexpired04": ("flasky-expired-secret", TENANT, False, True),
}
HOME, ZONE, ZONES = "cn-hangzhou", "cn-hangzhou-k", {"cn-hangzhou": "cn-hangzhou-k", "cn-qingdao": "cn-qingdao-c"}
VPC_ID, VSW_ID, GROUP_ID = "vpc-flaskyvpcflaskyvpc000", "vsw-flaskyvswflaskyvsw000", "sg-flaskysgflaskysg0000"
HOUSE = {"VpcId": VPC_ID, "VSwitchId": VSW_ID, "SecurityGroupId": GROUP_ID}  # where everything is that can be made
IMAGE_ID, FIT = "flaskos_3_x64_20G_base.vhd", ("Running", "Stopped")
TYPES = {"ecs.g6.2xlarge": (8, 32.0, 4), "ecs.g6.large": (2, 8.0, 2)}  # processors, memory, interfaces
STEP, DETACH, WINDOW, BODY_LIMIT, TIME = 0.020, 0.300, 15 * 60, 16 << 20, "%Y-%m-%dT%H:%M:%SZ"
PUBLIC = ["Timestamp", "SignatureNonce", "Signature", "SignatureMethod", "SignatureVersion", "AccessKeyId", "Version"]
DETACH_KNOWS = {*PUBLIC, "Action", "Format", "SignatureType", "SecurityToken", "RegionId", "InstanceId", "OwnerAccount"}
DETACH_KNOWS |= {"NetworkInterfaceId", "OwnerId", "ResourceOwnerAccount", "ResourceOwnerId"}


class Refused(Exception):
    """status, code, message"""


def refuse(wrong, status, code, message):
    if wrong:
        raise Refused(status, code, message)


lock, instances, enis, primaries, agenda, ticket = threading.RLock(), {}, {}, {}, [], itertools.count()
nonce_lock, nonces = threading.Lock(), {}  # nonces: digest -> when it may be forgotten, oldest first


def later(act):
    heapq.heappush(agenda, (time.monotonic() + STEP, next(ticket), act))
    return {}


def new_id(kind):
    return kind + "-" + "".join(secrets.choice("bdfghjklmnprstvz") + secrets.choice("aeiou") for _ in range(10))


def move(inst, *path):
    """Shows the first status of the path now, each further one a step later, unless the instance is going away."""
    inst.status = path[0]
    return later(lambda: None if inst.going else move(inst, *path[1:])) if path[1:] else {}


def unlink(eni):
    instances[eni.instance].enis.remove(eni.id)
    eni.instance, eni.status, eni.leaving = None, "Available", None


def scrap_instance(inst):
    for eni in [enis[i] for i in inst.enis]:
        if eni.on_release and not eni.leaving:  # a detach that was accepted saves it
            del enis[eni.id]
        unlink(eni)
    del primaries[inst.primary], instances[inst.id]


def leave(eni, errand):
    time.sleep(DETACH)  # the end of a detach, in its own thread
    with lock:
        if eni.leaving is errand:  # else the instance has gone in the meantime
            unlink(eni)


class Call(Thing):
    # one admitted call: its parameters p, whose resources it sees, whether a RAM user sent it; and the operations
    def carry_out(self):
        with lock:
            while agenda and agenda[0][0] <= time.monotonic():
                heapq.heappop(agenda)[2]()
            if self.p["Action"] != "DetachNetworkInterface" and not self.p["Action"].startswith("Describe"):
                refuse(self.ram, 403, "Forbidden.SubUser", "The RAM user may look only.")
                refuse(self.flag("DryRun"), 400, "DryRunOperation", "Nothing was done.")
            if self.p["Action"] in LISTS:
                return self.describe(self.p["Action"][8:], *LISTS[self.p["Action"]])
            if self.p["Action"] in TURNS:
                return move(self.own_instance(TURNS[self.p["Action"]][0]), *TURNS[self.p["Action"]][1:])
            return getattr(self, self.p["Action"])()

    def need(self, *names):
        for name in names:
            refuse(not self.p.get(name), 400, "MissingParameter", f"The input parameter {name} is mandatory.")

    def region(self, status=404, code="InvalidRegionId.NotFound"):
        self.need("RegionId")
        refuse(self.p["RegionId"] not in ZONES, status, code, "There is no such region.")
        return self.p["RegionId"]

    def listed(self, name):
        return [self.p[f"{name}.{n}"] for n in range(1, 101) if self.p.get(f"{name}.{n}")]

    def flag(self, name, default="false"):
        return (self.p.get(name) or default).lower() == "true"

    def tags(self):
        found = [(self.p.get(f"Tag.{n}.Key"), self.p.get(f"Tag.{n}.Value", "")) for n in range(1, 21)]
        return [{"TagKey": key, "TagValue": value} for key, value in found if key]

    def mine(self, things, ident, region):
        found = things.get(ident)
        return found if found and found.owner == self.owner and region in (None, found.region) else None

    def eni(self, region):
        ident = self.p["NetworkInterfaceId"]
        refuse(not ident.startswith("eni-") or len(ident) > 64, 400, "InvalidParams.EniId", "That is no interface id.")
        found = self.mine(enis, ident, region) or self.mine(primaries, ident, region)
        refuse(not found, 404, "InvalidEniId.NotFound", f"There is no interface {ident}.")
        return found

    def instance(self, region):
        shape = re.fullmatch("i-[0-9a-z]{5,30}|AY[0-9A-Za-z]{6,30}", self.p["InstanceId"])
        refuse(not shape, 400, "InvalidInstanceID.Malformed", "That is no instance id.")
        found = self.mine(instances, self.p["InstanceId"], region)
        refuse(not found, 404, "InvalidEcsId.NotFound", f"There is no instance {self.p['InstanceId']}.")
        return found

    def made(self, kind, region, **more):
        more |= {"ip": ".".join(map(str, (next(ticket) + (10 << 24) + 256).to_bytes(4, "big"))), "id": new_id(kind)}
        more |= {"mac": "02:16:" + secrets.token_bytes(4).hex(":"), "born": time.strftime(TIME, time.gmtime())}
        return Thing(owner=self.owner, region=region, tags=self.tags(), **more)

    def at_home(self, region, groups):
        here = (self.owner, region, self.p["VSwitchId"]) == (TENANT, HOME, VSW_ID)
        refuse(not here, 404, "InvalidVSwitchId.NotFound", "There is no such vSwitch.")
        refuse(set(groups) != {GROUP_ID}, 404, "InvalidSecurityGroupId.NotFound", "There is no such security group.")

    def DetachNetworkInterface(self):
        self.need("NetworkInterfaceId", "InstanceId", "RegionId")
        strange = sorted(set(self.p) - DETACH_KNOWS)
        refuse(strange, 400, "UnsupportedParameter", f"Not supported: {strange[0][:80] if strange else ''}")
        region = self.region(400, "InvalidOperation.InvalidRegion")
        eni, inst = self.eni(region), self.instance(region)
        refuse(self.ram, 403, "Forbidden.SubUser", "The RAM user may not detach this interface from this instance.")
        refuse(eni.id in primaries, 400, "InvalidOperation.DetachPrimaryEniNotAllowed", "A primary interface stays.")
        refuse((eni.status, eni.instance) != ("InUse", inst.id), 400, "InvalidOperation.InvalidEniState", "Not there.")
        refuse(inst.status not in FIT, 400, "InvalidOperation.InvalidEcsState", f"It is {inst.status}.")
        if not eni.leaving:
            eni.leaving = object()
            threading.Thread(target=leave, args=(eni, eni.leaving), daemon=True).start()
        return {}

    def AttachNetworkInterface(self):
        self.need("InstanceId", "NetworkInterfaceId")
        region = self.region(400, "InvalidOperation.InvalidRegion")
        eni, inst = self.eni(region), self.instance(region)
        refuse(eni.id in primaries, 403, "InvalidOperation.InvalidEniType", "Expected Secondary, it is Primary.")
        refuse(eni.status != "Available", 400, "InvalidOperation.InvalidEniState", f"It is {eni.status}.")
        refuse(inst.status not in FIT, 400, "InvalidOperation.InvalidEcsState", f"It is {inst.status}.")
        refuse(len(inst.enis) + 1 >= TYPES[inst.type][2], 403, "EniPerInstanceLimitExceeded", "The instance is full.")
        eni.status, eni.instance = "Attaching", inst.id
        inst.enis.append(eni.id)
        return later(lambda: eni.status == "Attaching" and eni.instance == inst.id and setattr(eni, "status", "InUse"))

    def CreateNetworkInterface(self):
        region, groups, one = self.region(), self.listed("SecurityGroupIds"), self.p.get("SecurityGroupId")
        self.need("VSwitchId", *([] if groups else ["SecurityGroupId"]))
        refuse(groups and one, 400, "InvalidSecurityGroupId.SingleIdAndMultiIdConflict", "One way.")
        self.at_home(region, groups or [one])
        special = (self.p.get("InstanceType") or "Secondary") != "Secondary" or self.p.get("PrimaryIpAddress")
        refuse(special, 400, "InvalidParameter", "Only Secondary ones, with an address of our choice, can be made.")
        eni = self.made("eni", region, status="Available", instance=None, leaving=None)
        eni.on_release = self.flag("DeleteOnRelease", "true")
        eni.name, eni.text = self.p.get("NetworkInterfaceName", ""), self.p.get("Description", "")
        enis[eni.id] = eni
        return eni_row(eni)

    def DeleteNetworkInterface(self):
        self.need("NetworkInterfaceId")
        eni = self.eni(self.region())
        refuse(eni.id in primaries, 403, "InvalidOperation.InvalidEniType", "A primary one goes with its instance.")
        refuse(eni.instance, 400, "InvalidOperation.InvalidEniState", f"It is {eni.status}.")
        eni.status = "Deleting"
        return later(lambda: enis.pop(eni.id, None))

    def CreateInstance(self):
        region = self.region()
        self.need("InstanceType", "ImageId", "SecurityGroupId", "VSwitchId")
        self.at_home(region, [self.p["SecurityGroupId"]])
        refuse(self.p["ImageId"] != IMAGE_ID, 404, "InvalidImageId.NotFound", "There is no such image.")
        refuse(self.p["InstanceType"] not in TYPES, 400, "InvalidInstanceType.ValueNotSupported", "No such type.")
        inst = self.made("i", region, type=self.p["InstanceType"], enis=[], going=False, primary=new_id("eni"))
        inst.name, instances[inst.id] = self.p.get("InstanceName", ""), inst
        primaries[inst.primary] = Thing(id=inst.primary, owner=inst.owner, region=region)
        move(inst, "Pending", "Stopped")
        return {"InstanceId": inst.id}

    def own_instance(self, *statuses):
        self.need("InstanceId")
        inst = self.mine(instances, self.p["InstanceId"], self.p.get("RegionId") or None)
        refuse(not inst, 404, "InvalidInstanceId.NotFound", "There is no such instance.")
        refuse(inst.status not in statuses, 403, "IncorrectInstanceStatus", f"The instance is {inst.status}.")
        return inst

    def DeleteInstance(self):
        inst = self.own_instance("Stopped", *(["Running"] if self.flag("Force") else []))
        inst.going, inst.status = True, "Stopping"
        return later(lambda: scrap_instance(inst))

    def describe(self, plural, rows, filters, array=""):
        """Rows that the filters leave; `array` holds several values: numbered, if it ends with .N, else in JSON."""
        region = None if plural in ("Regions", "InstanceTypes") else self.region()
        seen = [{"Tags": {"Tag": []}, **r} for r in (rows(self.owner, region) if callable(rows) else rows)]
        seen = [r for r in seen if region in (None, r.get("RegionId", region))]
        seen = [r for r in seen if all(self.p.get(f) in (None, "", r.get(f, HOUSE.get(f))) for f in filters.split())]
        if array:
            field = "InstanceTypeId" if array == "InstanceTypes.N" else array.removesuffix(".N").removesuffix("s")
            wanted = self.listed(array[:-2]) if array[-2:] == ".N" else None
            with contextlib.suppress(ValueError, RecursionError):
                wanted = json.loads(self.p.get(array) or "[]") if wanted is None else wanted
            good = isinstance(wanted, list) and all(isinstance(x, str) for x in wanted)
            refuse(not good, 400, "InvalidParameter", f"{array} must be a JSON array of ids.")
            seen = [r for r in seen if not wanted or r[field] in wanted]
        for tag in self.tags():  # one without a value asks for the key alone
            seen = [r for r in seen if any(t == tag or {**t, "TagValue": ""} == tag for t in r["Tags"]["Tag"])]
        number, size = self.p.get("PageNumber") or "1", self.p.get("PageSize") or "10"
        good = all(re.fullmatch("0*[1-9][0-9]{0,8}", x) for x in (number, size))
        refuse(not good, 400, "InvalidParameter", "PageNumber and PageSize are whole numbers from 1.")
        number, size, plural = int(number), min(int(size), 100), plural.replace("Interfaces", "InterfaceSets")
        part = {"VSwitch" if plural == "VSwitches" else plural[:-1]: seen[(number - 1) * size : number * size]}
        return {"TotalCount": len(seen), "PageNumber": number, "PageSize": size, plural: part}


def eni_row(e):
    row = {"NetworkInterfaceId": e.id, "Status": e.status, "Type": "Secondary", "VpcId": VPC_ID, "VSwitchId": VSW_ID}
    row |= {"ZoneId": ZONE, "MacAddress": e.mac, "PrivateIpAddress": e.ip, "NetworkInterfaceName": e.name}
    row |= {"Description": e.text, "DeleteOnRelease": e.on_release, "OwnerId": e.owner, "CreationTime": e.born}
    row |= {"SecurityGroupIds": {"SecurityGroupId": [GROUP_ID]}, "Tags": {"Tag": e.tags}}
    return {**row, "InstanceId": e.instance} if e.instance else row


def instance_row(i):
    cards = [(i.primary, "Primary", i)] + [(e, "Secondary", enis[e]) for e in i.enis]
    names = "NetworkInterfaceId", "Type", "MacAddress", "PrimaryIpAddress"
    cards = [dict(zip(names, (e, kind, x.mac, x.ip), strict=True)) for e, kind, x in cards]
    place = {"VpcId": VPC_ID, "VSwitchId": VSW_ID, "PrivateIpAddress": {"IpAddress": [i.ip]}}
    row = {"InstanceId": i.id, "InstanceName": i.name, "Status": i.status, "RegionId": i.region, "ZoneId": ZONE}
    row |= {"InstanceType": i.type, "ImageId": IMAGE_ID, "CreationTime": i.born, "Tags": {"Tag": i.tags}}
    row |= {"InstanceChargeType": "PostPaid", "SecurityGroupIds": {"SecurityGroupId": [GROUP_ID]}}
    return row | {"VpcAttributes": place, "NetworkInterfaces": {"NetworkInterface": cards}}


def pool(things, row):
    return lambda owner, region: [row(x) for x in things.values() if x.owner == owner and x.region == region]


def owned(**row):
    return lambda owner, region: [row] if owner == TENANT and region == HOME else []


SPOT, IMAGE = {"Status": "Available", "CidrBlock": "10.0.0.0/8"}, {"ImageId": IMAGE_ID, "OSType": "linux"}
IMAGE |= {"Status": "Available", "Architecture": "x86_64", "ImageOwnerAlias": "system"}
TYPE_FIELDS = ("InstanceTypeId", "CpuCoreCount", "MemorySize", "EniQuantity")
TYPE_ROWS = [dict(zip(TYPE_FIELDS, (name, *facts), strict=True)) for name, facts in TYPES.items()]
TYPE_ROWS = [row | {"InstanceTypeFamily": "ecs.g6", "EniTotalQuantity": row["EniQuantity"]} for row in TYPE_ROWS]
MORE = {"AvailableInstanceTypes": {"InstanceTypes": [*TYPES]}}
MORE["AvailableResourceCreation"] = {"ResourceTypes": ["Instance"]}
INSTANCE_FILTERS = "Status VpcId VSwitchId SecurityGroupId ZoneId InstanceType InstanceName"
ENI_FILTERS = "InstanceId Status Type VpcId VSwitchId SecurityGroupId NetworkInterfaceName"
GROUPS = owned(SecurityGroupId=GROUP_ID, VpcId=VPC_ID)
LISTS = {  # operation: rows (or what makes them), filters, parameter with several values
    "DescribeInstances": (pool(instances, instance_row), INSTANCE_FILTERS, "InstanceIds"),
    "DescribeNetworkInterfaces": (pool(enis, eni_row), ENI_FILTERS, "NetworkInterfaceId.N"),
    "DescribeSecurityGroups": (GROUPS, "SecurityGroupId VpcId", "SecurityGroupIds"),
    "DescribeVpcs": (owned(VpcId=VPC_ID, VpcName="flasky", RegionId=HOME, **SPOT), "VpcId VpcName"),
    "DescribeVSwitches": (owned(VSwitchId=VSW_ID, VpcId=VPC_ID, ZoneId=ZONE, **SPOT), "VSwitchId VpcId ZoneId"),
    "DescribeRegions": ([{"RegionId": r, "LocalName": r, "RegionEndpoint": "127.0.0.1"} for r in ZONES], ""),
    "DescribeZones": ([{"ZoneId": z, "RegionId": r, **MORE} for r, z in ZONES.items()], "ZoneId"),
    "DescribeInstanceTypes": (TYPE_ROWS, "InstanceTypeFamily", "InstanceTypes.N"),
    "DescribeImages": ([IMAGE], "ImageId OSType ImageOwnerAlias Architecture"),
}
TURNS = {"StartInstance": ("Stopped", "Starting", "Running"), "StopInstance": ("Running", "Stopping", "Stopped")}
OPERATIONS = {*LISTS, *TURNS, *(name for name in vars(Call) if name[0].isupper())}


def admit(method, raw):
    p = {k.decode("utf-8", "replace"): v.decode("utf-8", "replace") for k, v in raw.items()}
    missing = [name for name in [*PUBLIC, "Action"] if not p.get(name)]
    refuse(missing, 400, "Missing" + "".join(missing[:1]), "This parameter is mandatory.")
    sent = 0
    with contextlib.suppress(ValueError):
        sent = calendar.timegm(time.strptime(p["Timestamp"], TIME))
    refuse(time.strftime(TIME, time.gmtime(sent)) != p["Timestamp"], 400, "InvalidTimeStamp.Format", "Bad Timestamp.")
    refuse(abs(sent - time.time()) > WINDOW, 400, "InvalidTimeStamp.Expired", "Timestamp is more than 15 minutes off.")
    refuse(p["Version"] not in (ECS, VPC), 400, "InvalidVersion", "There is no such version.")
    known = p["Action"] in OPERATIONS and p["Version"] == (VPC if re.search("Vpc|VSwitch", p["Action"]) else ECS)
    refuse(not known, 404, "InvalidAction.NotFound", "There is no such operation in this version.")
    refuse(p["AccessKeyId"] not in KEYS, 404, "InvalidAccessKeyId.NotFound", "There is no such access key.")
    secret, owner, ram, run_out = KEYS[p["AccessKeyId"]]
    refuse(p["SignatureMethod"] != "HMAC-SHA1", 400, "InvalidSignatureMethod", "SignatureMethod must be HMAC-SHA1.")
    refuse(p["SignatureVersion"] != "1.0", 400, "InvalidSignatureVersion", "SignatureVersion must be 1.0.")
    line = "&".join(quote(k, safe="~") + "=" + quote(raw[k], safe="~") for k in sorted(raw) if k != b"Signature")
    text = method + "&%2F&" + line.replace("%", "%25").replace("&", "%26").replace("=", "%3D")
    right = base64.b64encode(hmac.digest(secret.encode() + b"&", text.encode(), hashlib.sha1))
    refuse(not hmac.compare_digest(right, raw[b"Signature"]), 400, "IncompleteSignature", "It is not this request's.")
    mark, now = hashlib.sha256(p["AccessKeyId"].encode() + b"\n" + raw[b"SignatureNonce"]).digest(), time.monotonic()
    with nonce_lock:
        while nonces and next(iter(nonces.values())) < now:
            del nonces[next(iter(nonces))]
        refuse(mark in nonces, 400, "SignatureNonceUsed", "The nonce was used before.")
        nonces[mark] = now + 2 * WINDOW + 60  # outlives any timestamp that could come with it
    refuse(run_out, 403, "Abs.InvalidAccount.NotFound", "The access key has run out.")
    refuse((p.get("Format") or "JSON").upper() != "JSON", 400, "InvalidParameter.Format", "Answers come as JSON only.")
    return Call(p=p, owner=owner, ram=ram)


app = Flask("flasky")
app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT


@app.before_request  # before Flask routes it: there is one URL, and what is refused gets JSON as well
def answer():
    try:
        body = request.get_data(cache=False)  # read whole in any case, or the rest would look like the next request
        refuse(request.method not in ("GET", "POST"), 400, "UnsupportedHTTPMethod", "Use GET or POST.")
        refuse(request.path != "/", 404, "InvalidAction.NotFound", "Everything is at /.")
        form = request.method == "POST" and request.mimetype in ("", "application/x-www-form-urlencoded")
        pieces = [p.replace(b"+", b" ") for p in request.query_string.split(b"&") + body.split(b"&") * form if p]
        raw = {unquote_to_bytes(k): unquote_to_bytes(v) for k, _, v in (p.partition(b"=") for p in pieces)}
        refuse(len(raw) < len(pieces), 400, "InvalidParameter", "A parameter may be given once only.")
        return told(200, admit(request.method, raw).carry_out())
    except Refused as no:
        return told(no.args[0], {"Code": no.args[1], "Message": no.args[2], "HostId": "flasky"})
    except (OSError, exceptions.HTTPException) as no:  # a body that ends early or is too long, chunks that are none
        return told(getattr(no, "code", 400), {"Code": "InvalidRequest", "Message": "Bad body.", "HostId": "flasky"})


def told(status, content):
    ident = str(uuid.uuid4()).upper()
    text = json.dumps({"RequestId": ident, **content}, separators=(",", ":"))
    return Response(text, status, {"x-acs-request-id": ident}, content_type="application/json;charset=utf-8")


class Line(serving.WSGIRequestHandler):
    # Werkzeug's handler closes each connection after one answer; this one keeps it, as all bodies are read
    protocol_version, disable_nagle_algorithm, server_version, sys_version = "HTTP/1.1", True, "flasky", ""
    log_request = log_message = lambda *_: None

    def run_wsgi(self):
        sizes, coding, begun = self.headers.get_all("Content-Length", []), self.headers.get("Transfer-Encoding"), []
        plain = len(sizes) < 2 and all(re.fullmatch("[0-9]{1,15}", size) for size in sizes)
        clear = plain if coding is None else coding.strip().lower() == "chunked" and not sizes
        if not clear or any(int(size) > BODY_LIMIT for size in sizes):
            return self.send_error(413 if clear else 400, "The body is too long, or its length unclear.")
        try:
            environ = {**self.make_environ(), "HTTP_HOST": "127.0.0.1"}
        except ValueError:
            return self.send_error(400, "That is no URL.")
        text = b"".join(self.server.app(environ, lambda status, headers, _=None: begun.extend((status, headers))))
        self.send_response(int(begun[0][:3]), begun[0][4:])
        self.close_connection |= bool(coding) and begun[0][:3] != "200"  # it is uncertain where those chunks end
        for name, value in [*begun[1], *([("Connection", "close")] if self.close_connection else [])]:
            self.send_header(name, value)
        self.end_headers()
        return self.wfile.write(b"" if self.command == "HEAD" else text)

    def send_error(self, code, message=None, explain=None):
        no = told(code if code < 500 else 400, {"Code": "InvalidRequest", "Message": str(message), "HostId": "flasky"})
        head = "".join(f"{k}: {v}\r\n" for k, v in no.headers)
        self.wfile.write(f"HTTP/1.1 {no.status}\r\nConnection: close\r\n{head}\r\n".encode() + no.data)
        self.close_connection = True
        self.connection.settimeout(0.3)  # lets the other side finish, so that the answer is not lost to a reset
        with contextlib.suppress(OSError):
            any(not self.rfile.read1(65536) for _ in range(4096))


if __name__ == "__main__":
    server = serving.make_server("127.0.0.1", int(sys.argv[-1]), app, threaded=True, request_handler=Line)
    print(f"LISTENING http://127.0.0.1:{server.port}", flush=True)
    server.serve_forever()
