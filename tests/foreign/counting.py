"""counting: a small ECS-like endpoint on http.server (ThreadingHTTPServer), standard library only.

Everything is in memory, under one lock. PageNumber and PageSize alone. Its peculiarities, all meant to be lawful:
* Ids are counted, one counter per kind, all from the same start number and of the same width: the first instance is
  i-00000000100001, the first interface eni-00000000100001. A neighbouring id is another resource's. None comes twice.
* Transitions take no time: an interface is Available or InUse, an instance Running or Stopped, nothing in between.
* DetachNetworkInterface looks up the interface, then the instance, then at the region, then at what kind of caller
  this is and the state of things. An id is malformed only if its prefix is wrong; an interface that is at another
  instance is InvalidOperation.InvalidEniState, like an Available one; unknown parameters are UnsupportedParameter.
* Signature V1 only; any missing public parameter is MissingParameter; the action is looked at after the signature. XML
  unless Format=JSON. An AccessKeyId nobody has is 403 Abs.InvalidAccount.NotFound. A parameter given twice is refused.
"""

import base64
import hmac
import ipaddress
import itertools
import json
import re
import socket
import sys
import threading
import time
import uuid
from calendar import timegm
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote_from_bytes, unquote_to_bytes
from xml.sax.saxutils import escape

START, WIDTH, WINDOW, BYTES = 100001, 14, 15 * 60, ("utf-8", "surrogateescape")
LONGEST_LINE, LARGEST_BODY, PATIENCE, IDLE = 4 << 20, 16 << 20, 5, 300  # bytes, bytes, seconds, seconds
ZONES = {"cn-hangzhou": ["cn-hangzhou-h", "cn-hangzhou-i"], "cn-shanghai": ["cn-shanghai-b", "cn-shanghai-e"]}
ENI_QUOTA = {"ecs.g6.2xlarge": 4, "ecs.g7.large": 3, "ecs.c6.large": 2}
IMAGE = {"ImageId": "counted_linux_1_x64_20G.vhd", "ImageName": "counted", "OSType": "linux", "Status": "Available"}
CALLERS = {  # AccessKeyId: (secret, whose resources it sees, what is wrong with it)
    "LTAIcounting0001": ("counting-secret-one", "first", None),
    "LTAIcounting0002": ("counting-secret-two", "first", "Forbidden.SubUser"),
    "LTAIcounting0003": ("counting-secret-three", "first", "Forbidden.NotSupportRAM"),
    "LTAIcounting0004": ("counting-secret-four", "first", "Abs.InvalidAccount.NotFound"),
    "LTAIcounting0005": ("counting-secret-five", "first", "InvalidUserType.NotSupported"),
    "LTAIcounting0006": ("counting-secret-six", "second", None),
}
PUBLIC = ["AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion"]
PUBLIC += ["SignatureNonce", "Timestamp", "Version", "Action"]
DETACH_KNOWS = {*PUBLIC, "Format", "SignatureType", "SecurityToken", "InstanceId", "NetworkInterfaceId", "RegionId"}
DETACH_KNOWS |= {"OwnerAccount", "OwnerId", "ResourceOwnerAccount", "ResourceOwnerId"}
NEEDS = """DetachNetworkInterface NetworkInterfaceId InstanceId RegionId; DescribeNetworkInterfaces RegionId
AttachNetworkInterface NetworkInterfaceId InstanceId RegionId; DeleteNetworkInterface RegionId NetworkInterfaceId
CreateNetworkInterface RegionId VSwitchId SecurityGroupId; DescribeInstances RegionId; DeleteInstance InstanceId
RunInstances RegionId InstanceType ImageId VSwitchId SecurityGroupId; CreateVpc RegionId; DescribeVpcs
DeleteSecurityGroup RegionId SecurityGroupId; StartInstance InstanceId; StopInstance InstanceId; DescribeVSwitches
DescribeSecurityGroups RegionId; DescribeZones RegionId; DescribeImages RegionId; DescribeInstanceTypes; DeleteVpc VpcId
CreateSecurityGroup RegionId VpcId; CreateVSwitch VpcId ZoneId CidrBlock; DeleteVSwitch VSwitchId; DescribeRegions"""
VERSIONS = ("2014-05-26", "2016-04-28")  # of ECS and of VPC
NEEDS = [line.split() for line in NEEDS.replace(";", "\n").splitlines()]
NEEDS = {  # version: {operation: required parameters}
    v: {name: needs for name, *needs in NEEDS if ("V" in name) == (v == VERSIONS[1])} for v in VERSIONS
}
KINDS = {"eni": ("NetworkInterfaceId", "InvalidEniId.NotFound")}  # prefix: name of the id, code when there is none
NOUNS = (("i", "Instance"), ("sg", "SecurityGroup"), ("vpc", "Vpc"), ("vsw", "VSwitch"))
KINDS |= {kind: (noun + "Id", f"Invalid{noun}Id.NotFound") for kind, noun in NOUNS}
TURNS = {"StartInstance": ("Stopped", "Running"), "StopInstance": ("Running", "Stopped")}
DELETIONS = {  # operation: prefix, {what must not be inside: status and code if it is}
    "DeleteNetworkInterface": ("eni", {}),
    "DeleteSecurityGroup": ("sg", {"eni": (403, "DependencyViolation")}),
    "DeleteVSwitch": ("vsw", {"eni": (400, "DependencyViolation")}),
    "DeleteVpc": ("vpc", {kind: (400, "DependencyViolation." + noun) for kind, noun in (NOUNS[3], NOUNS[1])}),
}
LISTS = {  # operation: prefix, parameter with a JSON list of ids, largest page, list, element
    "DescribeNetworkInterfaces": ("eni", "", 1000, "NetworkInterfaceSets", "NetworkInterfaceSet"),
    "DescribeInstances": ("i", "InstanceIds", 100, "Instances", "Instance"),
    "DescribeSecurityGroups": ("sg", "SecurityGroupIds", 50, "SecurityGroups", "SecurityGroup"),
    "DescribeVpcs": ("vpc", "", 50, "Vpcs", "Vpc"),
    "DescribeVSwitches": ("vsw", "", 50, "VSwitches", "VSwitch"),
}
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
lock, shelves = threading.Lock(), {}  # guards the following; (tenant, prefix): {id: resource}
counters = {prefix: itertools.count(START) for prefix in KINDS}
nonces = [set(), set(), time.monotonic()]  # of this half hour, of the one before, and when this one began


class Refusal(Exception):
    pass


def refuse(wrong, status, code, text="Not possible."):
    if wrong:
        raise Refusal(status, code, text)


class Call:
    """One authenticated request: its parameters, whose resources it sees, and the operations it can ask for."""

    def __init__(self, given, tenant, flaw):
        self.given, self.tenant, self.flaw, self.region = given, tenant, flaw, given.get("RegionId", "")

    def __getitem__(self, name):
        return self.given.get(name, "")

    def many(self, name):
        return [v for k, v in self.given.items() if v and re.fullmatch(re.escape(name) + "[.][0-9]{1,4}", k)]

    def number(self, name, default, most):
        number = int(self[name] or default)
        refuse(not 1 <= number <= most, 400, "InvalidParameter", f"{name} must be a number from 1 to {most}.")
        return number

    def tags(self):
        return {self[f"Tag.{n}.Key"]: self[f"Tag.{n}.Value"] for n in range(1, 21) if self[f"Tag.{n}.Key"]}

    def perform(self, version, action):
        refuse(action not in NEEDS[version], 404, "InvalidAction.NotFound", "There is no such operation.")
        early = action != "DetachNetworkInterface"  # which has its own order of checks
        if early and (not action.startswith("Describe") or self.flaw == "Abs.InvalidAccount.NotFound"):
            refuse(self.flaw, 403, self.flaw)
        for name in NEEDS[version][action]:
            refuse(not self[name], 400, "MissingParameter", f"The parameter {name} is missing.")
        refuse(early and self.region not in ("", *ZONES), 404, "InvalidRegionId.NotFound")
        with lock:
            if action in DELETIONS:
                return self.delete(*DELETIONS[action])
            if action in TURNS:
                self.need_status(TURNS[action][0])["Status"] = TURNS[action][1]
                return None
            return self.describe(*LISTS[action]) if action in LISTS else getattr(self, action)()

    def shelf(self, kind):
        return shelves.setdefault((self.tenant, kind), {})

    def inside(self, kind, field, ident):
        return [row for row in self.shelf(kind).values() if row[field] == ident]

    def find(self, kind, code=None, malformed=None):
        field, unknown = KINDS[kind]
        row = self.shelf(kind).get(self[field])
        refuse(row is None and malformed and not self[field].startswith(kind + "-"), 400, malformed)
        gone = row is None or self.region not in ("", row["RegionId"])
        refuse(gone, 404, code or unknown, f"{self[field][:100]} does not exist.")
        return row

    def find_pair(self):
        eni = self.find("eni", malformed="InvalidParams.EniId")
        return eni, self.find("i", "InvalidEcsId.NotFound", "InvalidInstanceID.Malformed")

    def find_net(self, wanted):
        vswitch, group = self.find("vsw"), self.find("sg")
        refuse(group["VpcId"] != vswitch["VpcId"], 403, "InvalidOperation.VpcMismatch")
        taken = {eni["PrivateIpAddress"] for eni in self.inside("eni", "VSwitchId", vswitch["VSwitchId"])}
        net = ipaddress.IPv4Network(vswitch["CidrBlock"])
        free = (str(net[n]) for n in range(1, net.num_addresses - 3) if str(net[n]) not in taken)
        addresses = list(itertools.islice(free, wanted))
        refuse(len(addresses) < wanted, 403, "InvalidVSwitchId.IpNotEnough")
        return {k: (group | vswitch)[k] for k in ("VpcId", "VSwitchId", "ZoneId", "SecurityGroupId")}, addresses

    def add(self, kind, **facts):
        field, count = KINDS[kind][0], next(counters[kind])
        row = {field: f"{kind}-{count:0{WIDTH}d}", "RegionId": self.region, "Status": "Available", "Tags": self.tags()}
        row |= {"CreationTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **facts}
        if kind == "eni":
            row["MacAddress"] = f"00:16:3e:{count >> 16 & 255:02x}:{count >> 8 & 255:02x}:{count & 255:02x}"
        self.shelf(kind)[row[field]] = row
        return row

    def DetachNetworkInterface(self):
        strangers = set(self.given) - DETACH_KNOWS
        refuse(strangers, 400, "UnsupportedParameter", f"Not supported: {' '.join(sorted(strangers))[:100]}")
        if self.region not in ZONES:  # the ids come first, wherever they are
            Call({**self.given, "RegionId": ""}, self.tenant, None).find_pair()
            refuse(True, 400, "InvalidOperation.InvalidRegion", f"There is no region {self.region[:60]}.")
        eni, host = self.find_pair()
        refuse(self.flaw, 403, self.flaw, "This caller may not do that.")
        refuse(eni["Type"] == "Primary", 400, "InvalidOperation.DetachPrimaryEniNotAllowed")
        refuse(eni["InstanceId"] != host["InstanceId"], 400, "InvalidOperation.InvalidEniState", eni["Status"])
        eni.update(InstanceId="", Status="Available")

    def AttachNetworkInterface(self):
        eni, host = self.find_pair()
        refuse(eni["Status"] != "Available", 400, "InvalidOperation.InvalidEniState")
        for field, code in ("VpcId", "VpcMismatch"), ("ZoneId", "AvailabilityZoneMismatch"):
            refuse(eni[field] != host[field], 403, "InvalidOperation." + code)
        count = len(self.inside("eni", "InstanceId", host["InstanceId"]))
        refuse(count >= ENI_QUOTA[host["InstanceType"]], 403, "EniPerInstanceLimitExceeded")
        eni.update(InstanceId=host["InstanceId"], Status="InUse")

    def CreateNetworkInterface(self):
        refuse(self["InstanceType"] not in ("", "Secondary") or self["PrimaryIpAddress"], 400, "InvalidParameter")
        net, addresses = self.find_net(1)
        facts = {"Type": "Secondary", "InstanceId": "", "PrivateIpAddress": addresses[0]}
        facts["DeleteOnRelease"] = self["DeleteOnRelease"].lower() != "false"
        facts |= {name: self[name] for name in ("NetworkInterfaceName", "Description")}
        return self.shown("eni", self.add("eni", **net, **facts))

    def RunInstances(self):
        amount = self.number("Amount", 1, 100)
        net, addresses = self.find_net(amount)
        refuse(self["InstanceType"] not in ENI_QUOTA, 400, "InvalidInstanceType.ValueNotSupported")
        refuse(self["ImageId"] != IMAGE["ImageId"], 404, "InvalidImageId.NotFound")
        refuse(any(name.startswith("NetworkInterface.") for name in self.given), 400, "UnsupportedParameter")
        refuse(self["DryRun"].lower() == "true", 400, "DryRunOperation", "It would have succeeded.")
        facts = {**net, **{k: self[k] for k in ("InstanceName", "InstanceType", "ImageId")}}
        ids = [self.add("i", **facts, Status="Running")["InstanceId"] for _ in addresses]
        facts = {"Status": "InUse", "Type": "Primary", "DeleteOnRelease": True, "NetworkInterfaceName": "", "Tags": {}}
        for ident, address in zip(ids, addresses, strict=True):
            self.add("eni", **net, **facts, Description="", InstanceId=ident, PrivateIpAddress=address)
        return {"InstanceIdSets": {"InstanceIdSet": ids}}

    def need_status(self, status):
        host = self.find("i")
        refuse(host["Status"] != status, 403, "IncorrectInstanceStatus", f"The instance is {host['Status']}.")
        return host

    def DeleteInstance(self):
        host = self.find("i") if self["Force"].lower() == "true" else self.need_status("Stopped")
        for eni in self.inside("eni", "InstanceId", host["InstanceId"]):
            eni.update(InstanceId="", Status="Available")
            if eni["DeleteOnRelease"]:
                del self.shelf("eni")[eni["NetworkInterfaceId"]]
        del self.shelf("i")[host["InstanceId"]]

    def CreateSecurityGroup(self):
        group = self.add("sg", VpcId=self.find("vpc")["VpcId"], SecurityGroupName=self["SecurityGroupName"])
        return {"SecurityGroupId": group["SecurityGroupId"]}

    def CreateVpc(self):
        net = ipaddress.IPv4Network(self["CidrBlock"] or "172.16.0.0/12")
        vpc = self.add("vpc", CidrBlock=str(net), VpcName=self["VpcName"], IsDefault=False)["VpcId"]
        return {"VpcId": vpc, "VRouterId": vpc.replace("vpc", "vrt"), "RouteTableId": vpc.replace("vpc", "vtb")}

    def CreateVSwitch(self):
        vpc, net = self.find("vpc"), ipaddress.IPv4Network(self["CidrBlock"])
        self.region = vpc["RegionId"]
        refuse(self["ZoneId"] not in ZONES[self.region], 404, "InvalidZoneId.NotFound")
        around = ipaddress.IPv4Network(vpc["CidrBlock"])
        refuse(net.prefixlen > 29 or not net.subnet_of(around), 400, "InvalidCidrBlock.Malformed")
        facts = {"VpcId": vpc["VpcId"], "ZoneId": self["ZoneId"], "CidrBlock": str(net)}
        return {"VSwitchId": self.add("vsw", **facts)["VSwitchId"]}

    def delete(self, kind, contents):
        row, field = self.find(kind), KINDS[kind][0]
        for inner, refusal in contents.items():
            refuse(self.inside(inner, field, row[field]), *refusal)
        refuse(kind == "eni" and row["Status"] != "Available", 400, "InvalidOperation.InvalidEniState")
        del self.shelf(kind)[row[field]]

    def shown(self, kind, row):
        names = ("Key", "Value") if kind in ("vpc", "vsw") else ("TagKey", "TagValue")
        row = {**row, "Tags": {"Tag": [dict(zip(names, pair, strict=True)) for pair in row["Tags"].items()]}}
        if kind in ("eni", "i"):
            row["SecurityGroupIds"] = {"SecurityGroupId": [row.pop("SecurityGroupId")]}
        if kind == "i":
            enis = sorted(self.inside("eni", "InstanceId", row["InstanceId"]), key=lambda eni: eni["Type"])
            place = {"VpcId": row["VpcId"], "VSwitchId": row["VSwitchId"]}
            row["VpcAttributes"] = place | {"PrivateIpAddress": {"IpAddress": [enis[0]["PrivateIpAddress"]]}}
            cards = [{k: e[k] for k in ("NetworkInterfaceId", "Type", "MacAddress", "PrivateIpAddress")} for e in enis]
            cards = [card | {"PrimaryIpAddress": card.pop("PrivateIpAddress")} for card in cards]
            row["NetworkInterfaces"] = {"NetworkInterface": cards}
        return row

    def describe(self, kind, id_list, limit, plural, singular):
        ids, shelf, tags = self.many(KINDS[kind][0]) or None, self.shelf(kind), self.tags().items()
        if id_list and self[id_list]:
            ids = json.loads(self[id_list])
            refuse(not isinstance(ids, list), 400, "InvalidParameter", f"{id_list} must be a JSON array of strings.")
        rows = shelf.values() if ids is None else [shelf[x] for x in dict.fromkeys(map(str, ids)) if x in shelf]
        rows = [row for row in rows if all(k in row["Tags"] and v in ("", row["Tags"][k]) for k, v in tags)]
        rows = [row for row in rows if all(self[k] in ("", v) for k, v in row.items() if isinstance(v, str))]
        return self.page(rows, limit, plural, singular, lambda row: self.shown(kind, row))

    def page(self, rows, limit, plural, singular, view=dict):
        number, size = self.number("PageNumber", 1, 10**9), self.number("PageSize", 10, limit)
        part = {singular: [view(row) for row in rows[(number - 1) * size : number * size]]}
        return {"TotalCount": len(rows), "PageNumber": number, "PageSize": size, plural: part}

    def DescribeRegions(self):
        return {"Regions": {"Region": [{"RegionId": r, "LocalName": r, "RegionEndpoint": f"ecs.{r}"} for r in ZONES]}}

    def DescribeZones(self):
        return {"Zones": {"Zone": [{"ZoneId": zone, "LocalName": zone} for zone in ZONES[self.region]]}}

    def DescribeInstanceTypes(self):
        names = self.many("InstanceTypes") or ENI_QUOTA
        rows = [{"InstanceTypeId": name, "EniQuantity": most} for name, most in ENI_QUOTA.items() if name in names]
        return {"InstanceTypes": {"InstanceType": rows}}

    def DescribeImages(self):
        return self.page([IMAGE] if self["ImageId"] in ("", IMAGE["ImageId"]) else [], 100, "Images", "Image")


def parse(raw):
    """The pairs of a query or form, as text that turns back into the very bytes that came."""
    for piece in filter(None, raw.replace(b"+", b" ").split(b"&")):
        name, _, value = piece.partition(b"=")
        yield tuple(unquote_to_bytes(part).decode(*BYTES) for part in (name, value))


def authenticate(method, given):
    for name in PUBLIC:
        refuse(not given.get(name), 400, "MissingParameter", f"The parameter {name} is missing.")
    refuse(given["AccessKeyId"] not in CALLERS, 403, "Abs.InvalidAccount.NotFound", "Nobody has this AccessKeyId.")
    scheme = given["SignatureMethod"], given["SignatureVersion"]
    refuse(scheme != ("HMAC-SHA1", "1.0"), 400, "InvalidSignatureMethod", "Only HMAC-SHA1 1.0 is understood.")
    secret, tenant, flaw = CALLERS[given["AccessKeyId"]]
    pairs = sorted((name.encode(*BYTES), value.encode(*BYTES)) for name, value in given.items() if name != "Signature")
    joined = "&".join(f"{quote_from_bytes(name, '~')}={quote_from_bytes(value, '~')}" for name, value in pairs)
    to_sign = f"{method}&%2F&{quote_from_bytes(joined.encode(), '~')}"
    proper = base64.b64encode(hmac.digest(f"{secret}&".encode(), to_sign.encode(), "sha1"))
    refuse(not hmac.compare_digest(proper, given["Signature"].encode(*BYTES)), 400, "SignatureDoesNotMatch")
    try:
        stamp = timegm(time.strptime(given["Timestamp"], "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        raise Refusal(400, "InvalidTimeStamp.Format", "Timestamp must be YYYY-MM-DDThh:mm:ssZ.") from None
    refuse(abs(time.time() - stamp) > WINDOW, 400, "InvalidTimeStamp.Expired")
    with lock:  # what is older than half an hour needs no memory: its timestamp is refused
        if time.monotonic() - nonces[2] > 2 * WINDOW:
            nonces[:] = set(), nonces[0], time.monotonic()
        refuse(given["SignatureNonce"] in nonces[0] or given["SignatureNonce"] in nonces[1], 400, "SignatureNonceUsed")
        nonces[0].add(given["SignatureNonce"])
    refuse(given["Version"] not in NEEDS, 400, "InvalidVersion", "There is no such version.")
    return Call(given, tenant, flaw)


def xml(name, value):
    if isinstance(value, list):
        return "".join(xml(name, item) for item in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(xml(*pair) for pair in value.items())}</{name}>"
    text = str(value).lower() if isinstance(value, bool) else NOT_XML.sub("\ufffd", str(value))
    return f"<{name}>{escape(text, {chr(13): '&#13;'})}</{name}>"


class Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm, protocol_version, headers, given = True, "HTTP/1.1", {}, {}

    def handle_one_request(self):
        try:
            self.given, self.command = {}, ""
            self.connection.settimeout(IDLE)
            self.raw_requestline = self.rfile.readline(LONGEST_LINE + 1)
            self.close_connection = not self.raw_requestline
            self.connection.settimeout(PATIENCE)
            if len(self.raw_requestline) > LONGEST_LINE:
                self.send_error(414)
            elif self.raw_requestline.strip() and self.parse_request():
                self.converse()
        except OSError as error:
            self.close_connection = True
            if isinstance(error, TimeoutError) and self.command:  # the body does not come
                self.answer(408, {"Code": "InvalidParameter", "Message": "The request is not complete."})

    def send_error(self, code, message=None, explain=None):  # for what is wrong with the HTTP itself
        self.close_connection = True
        self.answer(code if code < 500 else 400, {"Code": "InvalidParameter", "Message": "This is not proper HTTP."})
        self.command = ""
        self.connection.shutdown(socket.SHUT_WR)
        while self.connection.recv(1 << 16):  # read away what is still coming, so that the answer arrives
            pass

    def converse(self):
        length = self.headers.get("Content-Length", "0").strip()
        if "Transfer-Encoding" in self.headers or not re.fullmatch("[0-9]{1,15}", length):
            return self.send_error(411)
        body = self.rfile.read(int(length)) if int(length) <= LARGEST_BODY else b""
        if len(body) < int(length):
            return self.send_error(413 if int(length) > LARGEST_BODY else 400)
        path, _, query = self.path.encode("latin-1").partition(b"?")
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        form = body if self.command == "POST" and kind in ("", "application/x-www-form-urlencoded") else b""
        pairs = [*parse(query), *parse(form)]
        self.given = given = dict(pairs)
        try:
            refuse(self.command not in ("GET", "POST"), 400, "UnsupportedHTTPMethod", "GET and POST are understood.")
            refuse(not re.fullmatch(b"/?|http://[^/]*/?", path), 404, "InvalidApi.NotFound", "Everything is at /.")
            refuse(given.get("Format", "").lower() not in ("", "xml", "json"), 400, "InvalidParameter.Format")
            refuse(len(given) != len(pairs), 400, "InvalidParameter", "A parameter is there twice.")
            result = authenticate(self.command, given).perform(given["Version"], given["Action"]) or {}
            self.answer(200, result, given["Action"] + "Response")
        except Refusal as no:
            self.answer(no.args[0], {"Code": no.args[1], "Message": no.args[-1]})
        except (ValueError, RecursionError):  # of int, json or ipaddress, before anything is changed
            self.answer(400, {"Code": "InvalidParameter", "Message": "A parameter cannot be read."})

    def answer(self, status, content, root="Error"):
        content = {"RequestId": str(uuid.uuid4()).upper(), **content}
        content |= {"HostId": self.headers.get("Host", "")} if root == "Error" else {}
        if self.given.get("Format", "").lower() == "json":
            text, kind = json.dumps(content, ensure_ascii=False), "application/json"
        else:
            text, kind = '<?xml version="1.0" encoding="UTF-8"?>' + xml(root, content), "text/xml"
        data = text.encode("utf-8", "replace")
        head = [f"HTTP/1.1 {status} {'OK' if status == 200 else 'Refused'}", f"Content-Type: {kind};charset=utf-8"]
        head += [f"Content-Length: {len(data)}", f"x-acs-request-id: {content['RequestId']}"]
        head += [f"Connection: {'close' if self.close_connection else 'keep-alive'}", "", ""]
        self.wfile.write("\r\n".join(head).encode() + (b"" if self.command == "HEAD" else data))


if __name__ == "__main__":
    ThreadingHTTPServer.request_queue_size = 128
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[-1])), Handler)
    print(f"LISTENING http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
