# SPDX-License-Identifier: Apache-2.0
"""wsgi_store: a small ECS-like endpoint around DetachNetworkInterface - wsgiref in front, SQLite behind.

All state is in SQLite, one transaction per call, so that a refused call leaves nothing behind. Lawful peculiarities:
HTTP/1.0, a connection for each request; V1 signatures (XML unless Format says otherwise), V3 (JSON unless Format or
Accept do); a parameter that is too long, no UTF-8, repeated or, for a detach, undeclared is 400 InvalidParameter, a
repeated one before its signature is looked at; an empty one is missing; ClientToken means nothing; RegionId is judged
first, then the kind of caller, the parameters, the ids, the interface, the instance, the permission of a RAM user, what
the interface refers to, the states last; ids are ULIDs, letters of either case are well-formed; transitions take 20 ms;
interfaces page by NextToken alone, other lists by PageNumber. /_control knows all of control protocol 1; reset finishes
an accepted detach at once.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import re
import sqlite3
import sys
import time
import uuid
from datetime import datetime
from socketserver import ThreadingMixIn
from threading import Lock
from types import SimpleNamespace
from urllib.parse import quote, unquote_to_bytes
from wsgiref.simple_server import WSGIServer, make_server
from xml.sax.saxutils import escape

STEP, WINDOW, VERSIONS, BYTES = 0.02, 900, ("2014-05-26", "2016-04-28"), ("utf-8", "surrogateescape")
ZONES = {name: [f"{name}-{a}" for a in "hk"] for name in ("cn-hangzhou", "cn-shanghai", "ap-southeast-1")}
TYPES = {"ecs.g6.large": 2, "ecs.g7.large": 3, "ecs.g6.2xlarge": 4, "ecs.g6.8xlarge": 8}
ACCOUNTS = {"owner": 1, "denied": 1, "other": 2, "usertype": 3, "noram": 4, "expired": 5}  # by kind of caller
DB, LOCK = sqlite3.connect(":memory:", check_same_thread=False), Lock()
DB.row_factory, run = sqlite3.Row, DB.execute
DB.executescript("""
CREATE TABLE thing (id TEXT PRIMARY KEY, kind, account, region, vpc, vsw, sg, zone, cidr, ip, itype, type, dies,
    instance, status, due, kept, held, kept_type, kept_zone, kept_vpc, gone, classic, full, crowded, off);
CREATE TABLE nonce (key, nonce, PRIMARY KEY (key, nonce));
CREATE VIEW seen AS SELECT *, coalesce(kept, status) AS state, coalesce(kept_type, type) AS sort, coalesce(kept_zone,
    zone) AS site, coalesce(kept_vpc, vpc) AS net,
    iif(coalesce(kept, status) IN ('Available', 'Deleting'), NULL, instance) AS host FROM thing WHERE gone IS NULL;
""")
DB.executemany("INSERT INTO thing (id, kind) VALUES (?, 'region')", zip(ZONES, strict=True))
SETTLE = f"""UPDATE thing SET instance = CASE status WHEN 'Detaching' THEN NULL ELSE instance END,
    due = CASE status WHEN 'Pending' THEN due + {STEP} END, status = CASE status WHEN 'Pending' THEN 'Starting'
    WHEN 'Starting' THEN 'Running' WHEN 'Stopping' THEN 'Stopped' WHEN 'Attaching' THEN 'InUse' WHEN 'Deleting' THEN
    'gone' ELSE 'Available' END WHERE due <= ? AND kept IS NULL AND held IS NULL"""
UPDATE = "UPDATE thing SET {} = ? WHERE id = ? AND ? IN (kind, '-')"
MOVE = """UPDATE thing SET kept = CASE kept WHEN ?1 THEN kept END, due = CASE status WHEN ?1 THEN due ELSE ?2 END,
    status = ?1 WHERE id = ?3"""
RESET = """UPDATE thing SET gone = NULL, classic = NULL, full = NULL, crowded = NULL, kept = NULL, held = NULL,
    kept_type = NULL, kept_zone = NULL, kept_vpc = NULL, due = CASE WHEN due THEN 0 END WHERE id = ?"""
TABLE = """DetachNetworkInterface eni link RegionId InstanceId NetworkInterfaceId
AttachNetworkInterface eni link RegionId InstanceId NetworkInterfaceId
CreateNetworkInterface eni - RegionId VSwitchId SecurityGroupId; DescribeZones read catalogue,Zone RegionId
DeleteNetworkInterface eni - RegionId NetworkInterfaceId; DescribeInstanceTypes read catalogue,InstanceType
DescribeNetworkInterfaces read describe,eni,NetworkInterfaceSets RegionId; DescribeRegions read catalogue,Region
RunInstances write - RegionId ImageId InstanceType VSwitchId SecurityGroupId; DeleteInstance write - InstanceId
StartInstance write turn,Starting,Stopped InstanceId; StopInstance write turn,Stopping,Running InstanceId
DescribeInstances read describe,i,Instances RegionId; CreateVpc write create,vpc RegionId
DescribeVpcs read describe,vpc,Vpcs RegionId; DeleteVpc write delete,vpc VpcId
CreateSecurityGroup write create,sg RegionId VpcId; DeleteSecurityGroup write delete,sg SecurityGroupId
DescribeSecurityGroups read describe,sg,SecurityGroups RegionId; DeleteVSwitch write delete,vsw VSwitchId
CreateVSwitch write create,vsw VpcId ZoneId CidrBlock; DescribeVSwitches read describe,vsw,VSwitches"""
# operations: who may (all: read; no RAM user: write; nor others: eni), how, what is required
OPERATIONS = {words[0]: words[1:] for words in map(str.split, re.split("[;\n]", TABLE))}
COMMON = """Action Version Format AccessKeyId Signature SignatureMethod SignatureVersion SignatureNonce SignatureType
    Timestamp SecurityToken RegionId OwnerId OwnerAccount ResourceOwnerId ResourceOwnerAccount"""
KINDS = {"eni": "NetworkInterface", "i": "Instance", "sg": "SecurityGroup", "vsw": "VSwitch", "vpc": "Vpc"}
COLUMNS = {"VSwitchId": "vsw", "SecurityGroupId": "sg", "VpcId": "net", "InstanceId": "host", "ZoneId": "site"}
COLUMNS |= {"Status": "state", "Type": "sort", "RegionId": "region"}  # of filters
CONTROL = """eni.status eni status kept "(Available|Attaching|InUse|Detaching|Deleting)"
    eni.type eni type kept_type ".+" eni.zone eni value kept_zone ".*" eni.vpc eni value kept_vpc ".*"
    instance.status i status kept "(Pending|Starting|Running|Stopping|Stopped)"
    instance.eni_limit i exceeded crowded true|false vswitch.remove vsw id gone ".*"
    security_group.remove sg id gone ".*" security_group.full sg full full true|false
    security_group.type sg type classic "(vpc|classic)" region.feature region supported off true|false
    parameter.unsupported parameter unsupported off true|false
    hold - id held ".*" release - id held ".*" reset - id - ".*\""""
CONTROL = {words[0]: words[1:] for words in zip(*[iter(CONTROL.split())] * 5, strict=True)}


class Refused(Exception):
    pass


def sure(condition, status, code, text=""):
    if not condition:
        raise Refused(status, code, text or f"The call was refused: {code}.")


def settle():
    """What is due happens."""
    while run(SETTLE, (time.monotonic(),)).rowcount:
        run("DELETE FROM thing WHERE status = 'gone'")


class Call(SimpleNamespace):
    """One call: the checks that all operations have in common, and the operations by their own names."""

    def get(self, name, default=None, form=None):
        value = self.given.get(name) or default
        sure(not (form and value) or re.fullmatch(form, value), 400, "InvalidParameter", f"{name} is not valid.")
        return value

    def perform(self):
        kind, method, *required = OPERATIONS[self.action]
        (method, *rest), region = method.replace("-", self.action).split(","), self.get("RegionId")
        detach = self.action == "DetachNetworkInterface"
        sure(region or "RegionId" not in required, 400, "MissingParameter", "The parameter RegionId is missing.")
        unknown = (400, "InvalidOperation.InvalidRegion") if kind == "eni" else (404, "InvalidRegionId.NotFound")
        sure(region in ZONES or region is None, *unknown)
        off = {row["id"] for row in run("SELECT id FROM thing WHERE off")}
        sure(kind != "eni" or region not in off, 400, "Forbidden.RegionId")
        sure(self.caller != "expired", 403, "Abs.InvalidAccount.NotFound")
        sure(kind != "eni" or self.caller != "usertype", 403, "InvalidUserType.NotSupported")
        sure(kind != "eni" or self.caller != "noram", 403, "Forbidden.NotSupportRAM")
        sure(self.caller != "denied" or kind == "read" or detach, 403, "Forbidden.SubUser")
        for name, value in self.given.items():
            sure(not detach or name not in off, 400, "UnsupportedParameter")
            sure(not detach or name in required or name in COMMON.split(), 400, "InvalidParameter", name[:64])
            good = len(value) <= (8192 if name[-3:] == "Ids" else 256) and not re.search("[\ud800-\udfff]", value)
            sure(good, 400, "InvalidParameter", name[:64])
        for name in required:
            sure(self.get(name) is not None, 400, "MissingParameter", f"The parameter {name} is missing.")
        return getattr(self, method)(*rest) or {}

    def insert(self, kind, **values):
        number = int(time.time() * 1000) << 80 | uuid.uuid4().int >> 48
        ulid = "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[number >> at & 31] for at in range(125, -1, -5))
        values |= {"id": f"{kind}-{ulid}", "kind": kind, "account": self.account}
        run(f"INSERT INTO thing ({', '.join(values)}) VALUES (?{', ?' * (len(values) - 1)})", (*values.values(),))
        return values["id"]

    def find(self, kind, rid=None, code=None):
        rid = rid or self.get(KINDS[kind] + "Id")
        row = run("SELECT * FROM seen WHERE (kind, id, account) = (?, ?, ?)", (kind, rid, self.account)).fetchone()
        there = row and self.get("RegionId", row["region"]) == row["region"]
        sure(there, 404, code or f"Invalid{'Eni' if kind == 'eni' else KINDS[kind]}Id.NotFound")
        return row

    def describe(self, kind, plural):
        """What the ids and the filters leave; a page of it."""
        ids = re.findall('"([^"]*)"', self.get(KINDS[kind] + "Ids", ""))
        ids = [self.given[name] for name in self.given if name.startswith("NetworkInterfaceId.")] or ids
        rows = run("SELECT * FROM seen WHERE kind = ? AND account = ? ORDER BY id", (kind, self.account)).fetchall()
        columns = COLUMNS | {KINDS[kind] + "Id": "id"}
        rows = [row for row in rows if all(self.get(name) in (None, row[columns[name]]) for name in columns)]
        rows = [row for row in rows if not ids or row["id"] in ids]
        if kind == "eni":
            most = min(500, max(10, int(self.get("MaxResults", "10", "[0-9]{1,6}"))))
            after = bytes.fromhex(self.get("NextToken", "", "([0-9A-F]{2})*")).decode("latin-1")
            rows = [row for row in rows if row["id"] > after]
            more = {"NextToken": rows[most - 1]["id"].encode().hex().upper()} if len(rows) > most else {}
            return {plural: {plural[:-1]: [show(row) for row in rows[:most]]}} | more
        number, size = int(self.get("PageNumber", "1", "[1-9][0-9]*")), self.get("PageSize", "10", "[1-9][0-9]?|100")
        found = {plural: {KINDS[kind]: [show(row) for row in rows[(number - 1) * int(size) : number * int(size)]]}}
        return found | {"TotalCount": len(rows), "PageNumber": number, "PageSize": int(size)}

    def link(self):
        """Attaches or detaches, after the checks that both share."""
        sure(re.fullmatch("eni-[0-9A-Za-z]{5,64}", self.get("NetworkInterfaceId")), 400, "InvalidParams.EniId")
        sure(re.fullmatch("(i-|AY)[0-9A-Za-z]{5,64}", self.get("InstanceId")), 400, "InvalidInstanceID.Malformed")
        eni, instance = self.find("eni"), self.find("i", code="InvalidEcsId.NotFound")
        sure(self.caller != "denied", 403, "Forbidden.SubUser")
        sure(eni["sort"] != "Primary" or self.action[0] == "A", 400, "InvalidOperation.DetachPrimaryEniNotAllowed")
        sure(eni["sort"] == "Secondary", 403, "InvalidOperation.InvalidEniType", f"The type is {eni['sort']!a}.")
        self.find("vsw", eni["vsw"])
        self.usable_group(eni["sg"])
        sure(eni["site"] == instance["site"], 403, "InvalidOperation.AvailabilityZoneMismatch")
        sure(eni["net"] == instance["net"], 403, "InvalidOperation.VpcMismatch")
        sure(not instance["crowded"], 403, "EniPerInstanceLimitExceeded")
        sure(instance["state"] in ("Running", "Stopped"), 400, "InvalidOperation.InvalidEcsState")
        pair = instance["id"], eni["id"]
        if self.action == "DetachNetworkInterface":
            linked = eni["state"] in ("InUse", "Detaching") and eni["host"] == pair[0]
            sure(linked, 400, "InvalidOperation.InvalidEniState", f"The interface is {eni['state']}, or elsewhere.")
        else:
            sure(eni["state"] == "Available", 400, "InvalidOperation.InvalidEniState")
            others = run("SELECT id FROM thing WHERE instance = ? AND id != ?", pair).fetchall()
            sure(len(others) < TYPES[instance["itype"]], 403, "EniPerInstanceLimitExceeded")
            run("UPDATE thing SET instance = ? WHERE id = ?", pair)
        run(MOVE, (self.action[:6] + "ing", time.monotonic() + STEP, eni["id"]))

    def usable_group(self, rid):
        group = self.find("sg", rid)
        sure(not group["classic"], 403, "InvalidSecurityGroupId.NotVpc")
        sure(not group["full"], 403, "SecurityGroupInstanceLimitExceed")
        return group

    def place(self):
        vswitch, group = self.find("vsw"), self.usable_group(self.get("SecurityGroupId"))
        sure(group["net"] == vswitch["net"], 403, "InvalidOperation.VpcMismatch")
        (last,) = run("SELECT max(rowid) FROM thing").fetchone()
        same = {name: vswitch[name] for name in ("region", "vpc", "zone")} | {"vsw": vswitch["id"]}
        return same | {"sg": group["id"], "ip": f"10.{last >> 16}.{last >> 8 & 255}.{last & 255}"}

    def CreateNetworkInterface(self):
        self.get("InstanceType", form="Secondary")
        dies = self.get("DeleteOnRelease", "true", "true|false") == "true"
        rid = self.insert("eni", **self.place(), type="Secondary", dies=dies, status="Available")
        return show(self.find("eni", rid))

    def DeleteNetworkInterface(self):
        eni = self.find("eni")
        sure(eni["sort"] != "Primary", 403, "InvalidOperation.InvalidEniType")
        sure(eni["state"] in ("Available", "Deleting"), 400, "InvalidOperation.InvalidEniState")
        run(MOVE, ("Deleting", time.monotonic() + STEP, eni["id"]))

    def RunInstances(self):
        sure(self.get("ImageId", "").startswith("aliyun_3_x64_"), 404, "InvalidImageId.NotFound")
        sure(self.get("InstanceType") in TYPES, 400, "InvalidInstanceType.ValueNotSupported")
        sure(self.get("Amount", "1") == "1", 400, "InvalidParameter", "One at a time, please.")
        place = self.place()
        rid = self.insert("i", **place, itype=self.get("InstanceType"))
        run(MOVE, ("Pending", time.monotonic() + STEP, rid))
        self.insert("eni", **place, type="Primary", dies=True, status="InUse", instance=rid)
        return {"InstanceIdSets": {"InstanceIdSet": [rid]}}

    def turn(self, after, *before):
        instance = self.find("i")
        sure(instance["state"] in before, 403, "IncorrectInstanceStatus", f"The instance is {instance['state']}.")
        run(MOVE, (after, time.monotonic() + STEP, instance["id"]))

    def DeleteInstance(self):
        force, rid = self.get("Force", "false", "true|false") == "true", self.get("InstanceId")
        self.turn("Stopping", "Stopped", *["Pending", "Starting", "Running", "Stopping"] * force)
        run("DELETE FROM thing WHERE id = ?1 OR (instance = ?1 AND dies)", (rid,))
        run("UPDATE thing SET instance = NULL, kept = NULL, due = NULL, status = 'Available' WHERE instance = ?", [rid])

    def create(self, kind):
        vpc, region, zone, cidr = None, self.get("RegionId"), self.get("ZoneId"), self.get("CidrBlock", "172.16.0.0/12")
        if kind != "vpc":
            vpc, region = self.find("vpc")["id"], self.find("vpc")["region"]
        sure(kind != "vsw" or zone in ZONES[region], 404, "InvalidZoneId.NotFound")
        sure(re.fullmatch(r"([0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}", cidr), 400, "InvalidCidrBlock.Malformed")
        facts = {"region": region, "vpc": vpc, "zone": zone, "status": "Available"}
        return {KINDS[kind] + "Id": self.insert(kind, **facts, cidr=None if kind == "sg" else cidr)}

    def delete(self, kind):
        rid = self.find(kind)["id"]
        users = {user for (user,) in run(f"SELECT kind FROM thing WHERE {kind} = ?", (rid,))}
        which = "" if kind != "vpc" else ".VSwitch" if "vsw" in users else ".SecurityGroup"
        sure(not users, 403 if kind == "sg" else 400, "DependencyViolation" + which)
        run("DELETE FROM thing WHERE id = ?", (rid,))

    def catalogue(self, noun):
        asked = self.get("InstanceTypes.1")
        types, zones = [name for name in TYPES if asked in (None, name)], ZONES.get(self.get("RegionId"), ())
        names = {"Region": ZONES, "Zone": zones, "InstanceType": types}[noun]
        rows = [{noun + "Id": name} | ({"EniQuantity": TYPES[name]} if name in TYPES else {}) for name in names]
        return {noun + "s": {noun: rows}}


def show(row):
    """A resource as descriptions present it."""
    kind, ids, group = row["kind"], {"VpcId": row["net"], "VSwitchId": row["vsw"]}, row["sg"]
    shown = {KINDS[kind] + "Id": row["id"], "Status": row["state"], "ZoneId": row["site"], "CidrBlock": row["cidr"]}
    shown["SecurityGroupIds"] = group and {"SecurityGroupId": [group]}
    if kind == "eni":
        shown |= {"Type": row["sort"], "PrivateIpAddress": row["ip"], "InstanceId": row["host"]}
    if kind == "i":
        linked = run("SELECT id AS NetworkInterfaceId, sort AS Type FROM seen WHERE host = ? ORDER BY id", (row["id"],))
        shown["NetworkInterfaces"] = {"NetworkInterface": [dict(eni) for eni in linked]}
        shown["InstanceType"] = row["itype"]
        shown["VpcAttributes"] = ids | {"PrivateIpAddress": {"IpAddress": [row["ip"]]}}
    return {name: value for name, value in (ids | shown).items() if value is not None}


def xml(name, value):
    if isinstance(value, list):
        return "".join(xml(name, one) for one in value)
    text = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", str(value))
    inner = "".join(xml(*pair) for pair in value.items()) if isinstance(value, dict) else escape(text)
    return f"<{name}>{inner}</{name}>"


class Gate(list):  # the WSGI application: a list of the parts of the answer
    def __init__(self, environ, start_response):
        self.headers = {name.removeprefix("HTTP_").replace("_", "-").lower(): environ[name] for name in environ}
        self.method, self.query = environ["REQUEST_METHOD"], environ["QUERY_STRING"].encode("latin-1")
        self.body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.path = re.sub("^https?://[^/]*", "", environ["PATH_INFO"]) or "/"
        self.v3, accept = "authorization" in self.headers, self.headers.get("accept", "")
        self.format = "JSON" if self.v3 and ("xml" not in accept or "json" in accept) else "XML"
        status, root, answer = self.control() if self.path == "/_control" else self.serve()
        kind, text = "text/xml;charset=utf-8", '<?xml version="1.0" encoding="UTF-8"?>' + xml(root, answer)
        if self.format == "JSON" or self.path == "/_control":
            kind, text = "application/json;charset=utf-8", json.dumps(answer)
        self.append(b"" if self.method == "HEAD" else text.encode())
        start_response(f"{status} Done", [("Content-Type", kind), ("Content-Length", str(len(text.encode())))])

    def canonical(self, pairs):
        coded = sorted([half.encode(*BYTES) for half in pair] for pair in pairs)
        return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in coded)

    def authentic(self, query, given):
        names = "Action", "Version", "Timestamp", "SignatureNonce", "AccessKeyId", "Signature"
        if self.v3:
            form = "ACS3-HMAC-SHA256 +Credential=([^,]+), *SignedHeaders=([^,]+), *Signature=([0-9a-f]+)"
            sure(found := re.fullmatch(form, self.headers["authorization"].strip()), 400, "IncompleteSignature")
            signed, digest = found[2], hashlib.sha256(self.body).hexdigest()
            values = [self.headers.get(f"x-acs-{name}") for name in ("action", "version", "date", "signature-nonce")]
            values += [found[1], found[3]]
        else:
            values = [given.get(name) for name in names]
            method = given.get("SignatureMethod"), given.get("SignatureVersion")
            sure(method == ("HMAC-SHA1", "1.0"), 400, "InvalidSignatureMethod", "This is not HMAC-SHA1 1.0.")
        for name, value in zip(names, values, strict=True):
            sure(value, 400, "Missing" + name, f"{name} is mandatory for this action.")
        action, version, stamp, nonce, key, signature = values
        sure(version in VERSIONS, 400, "InvalidVersion")
        known = action in OPERATIONS and (version == VERSIONS[1]) == ("V" in action)
        sure(known and given.get("Action", action) == action, 404, "InvalidAction.NotFound")
        caller, seconds = key.removeprefix("LTAIwsgistore"), None
        sure(key != caller and caller in ACCOUNTS, 404, "InvalidAccessKeyId.NotFound")
        secret = "wsgi-store-secret-" + caller
        with contextlib.suppress(ValueError):
            seconds = datetime.strptime(stamp + "+0000", "%Y-%m-%dT%H:%M:%SZ%z").timestamp()
        sure(seconds is not None, 400, "InvalidTimeStamp.Format")
        sure(abs(time.time() - seconds) <= WINDOW, 400, "InvalidTimeStamp.Expired")
        if self.v3:
            needed = {name for name in self.headers if name.startswith("x-acs-")} | {"host"}
            good = needed <= set(signed.split(";")) and self.headers.get("x-acs-content-sha256") == digest
            sure(good, 400, "SignatureDoesNotMatch", "Not all headers are signed, or the body has another hash.")
            lines = "".join(f"{name}:{self.headers.get(name, '').strip()}\n" for name in signed.split(";"))
            text = "\n".join((self.method, "/", self.canonical(query), lines, signed, digest)).encode("latin-1")
            text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(text).hexdigest()
            right = hmac.digest(secret.encode(), text.encode(), "sha256").hex()
        else:
            text = self.canonical(pair for pair in given.items() if pair[0] != "Signature")
            text = f"{self.method}&%2F&{quote(text, safe='~')}"
            right = base64.b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), "sha1")).decode()
        same = hmac.compare_digest(right.encode(), signature.encode(*BYTES))
        sure(same, 400, "SignatureDoesNotMatch", "The server's string to sign begins with: " + text[:200])
        with LOCK, DB:
            new = run("INSERT OR IGNORE INTO nonce VALUES (?, ?)", (key, nonce.encode(*BYTES))).rowcount
        sure(new, 400, "SignatureNonceUsed", "The nonce was used before.")
        return Call(action=action, given=given, caller=caller, account=ACCOUNTS[caller])

    def serve(self):
        answer, kind = {"RequestId": str(uuid.uuid4()).upper()}, "application/x-www-form-urlencoded"
        try:
            is_form = self.method == "POST" and self.headers["content-type"].lower().startswith(kind)
            parts = self.query.split(b"&") + self.body.split(b"&") * is_form
            raw = [part.replace(b"+", b" ") for part in parts if part]
            pairs = [[unquote_to_bytes(half).decode(*BYTES) for half in part.partition(b"=")[::2]] for part in raw]
            query, given = pairs[: sum(map(bool, self.query.split(b"&")))], dict(pairs)
            wish = (given.get("Format") or self.format).upper()
            self.format = wish if wish in ("XML", "JSON") else self.format
            sure(self.method in ("GET", "POST"), 400, "UnsupportedHTTPMethod")
            sure(self.path == "/", 404, "InvalidApi.NotFound")
            sure(is_form or self.method != "POST" or not self.body, 400, "InvalidParameter", "The body is no form.")
            sure(len(given) == len(pairs), 400, "InvalidParameter", "A parameter is repeated.")
            sure(wish == self.format, 400, "InvalidParameter.Format")
            call = self.authentic(query, given)
            with LOCK, DB:
                settle()
                answer |= call.perform()
            return 200, call.action + "Response", answer
        except Refused as no:
            return no.args[0], "Error", answer | {"HostId": "localhost", "Code": no.args[1], "Message": no.args[2]}

    def control(self):
        if "origin" in self.headers:
            return 403, "", {"error": "not for web pages"}
        if self.method == "GET":
            return 200, "", {"protocol": 1, "capabilities": list(CONTROL)}
        try:
            asked = json.loads(self.body)
            op, (kind, field, column, form) = asked["op"], CONTROL[asked["op"]]
            value, rid = asked[field], asked[{"region": "region", "parameter": "name"}.get(kind, "id")]
            if not re.fullmatch(form, json.dumps(value)) or not isinstance(rid, str) or self.method != "POST":
                raise ValueError(f"POST an object with an op, and a {field} like {form}")
            new = {"gone": 1, "held": op == "hold" or None, "classic": value == "classic"}.get(column, value)
            new = new != (kind == "region") if column == "off" else new
            with LOCK, DB:
                settle()
                if kind == "parameter":
                    run("INSERT OR IGNORE INTO thing (id, kind) VALUES (?, ?)", (rid, kind))
                if op == "reset":
                    run(RESET, (rid,))
                elif not run(UPDATE.format(column), (new, rid, kind)).rowcount:
                    raise ValueError("there is no such id")
            return 200, "", {}
        except (ValueError, KeyError, TypeError, RecursionError) as error:  # among them UnicodeError
            return 400, "", {"error": f"{type(error).__name__}: {error}"[:200]}


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads, request_queue_size = True, 128


if __name__ == "__main__":
    server = make_server("127.0.0.1", int(sys.argv[-1]), Gate, Server)
    print(f"LISTENING http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
