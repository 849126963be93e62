"""A half-day ECS endpoint on http.server: the operations that one needs to try DetachNetworkInterface, and no others.

RPC style at the path /, GET or POST, V1 signature, XML by default, JSON with Format=JSON. One account, one region, no
control protocol. Besides attach and detach: DescribeRegions/Zones/Instances/NetworkInterfaces, Create- and
DeleteInstance, Start- and StopInstance, Create- and DeleteNetworkInterface, CreateSecurityGroup/Vpc/VSwitch.

Peculiarities
- An id is a prefix and a uuid4 with its dashes. Ids are opaque, none is malformed: what is not there is not found.
- Descriptions come from a replica that copies the truth each 0.4 s; all other operations see the truth.
- Attaching, Detaching, Starting and Stopping last 0.1 s each. CreateInstance leaves a Stopped instance at once.
- An interface names its instance, and is listed there, until it is Available; then InstanceId is left out.
- A parameter is checked completely, existence included, before the next is looked at: NetworkInterfaceId, InstanceId,
  RegionId. Then the instance's status, the interface's link and status, and last of all whether it is a primary one.
- An interface that is on another instance, or on none, answers InvalidOperation.InvalidEniState.
- An empty parameter is a missing one; of a repeated one the last counts, the body's after the query's.
- Signature, time, nonce come before the values of Version and Action. An unknown key: Abs.InvalidAccount.NotFound.
- Lists have one page and a TotalCount. Filters: InstanceIds of instances, NetworkInterfaceId.N and InstanceId.
- Ignored: unknown parameters, paging, other filters, names, tags, ClientToken, DryRun, PrimaryIpAddress.
- DeleteOnRelease is false unless given. VPCs, vSwitches and groups are usable at once, and stay for good.
"""

import argparse
import base64
import calendar
import hashlib
import hmac
import http.server
import ipaddress
import json
import re
import socket
import threading
import time
import uuid
from urllib.parse import quote_from_bytes as quote
from urllib.parse import unquote_to_bytes

KEY_ID, KEY_SECRET = "LTAIhalfdayaccount", "half-a-day-secret"
REGION, ZONES, IMAGE = "cn-hangzhou", {"cn-hangzhou-h": {}, "cn-hangzhou-k": {}}, "aliyun_3_x64_20G_alibase.vhd"
QUOTA = {"ecs.g6.large": 2, "ecs.g7.large": 3, "ecs.g6.2xlarge": 4}  # interfaces, the primary one included
PUBLIC = ["AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion"]
PUBLIC += ["SignatureNonce", "Timestamp", "Version", "Action"]
MOVE, LAG, WINDOW = 0.1, 0.4, 15 * 60
MOST_BYTES, MOST_PARAMETERS, ISO = 16 << 20, 5000, "%Y-%m-%dT%H:%M:%SZ"


class Refusal(Exception):
    def __init__(self, status, code):
        super().__init__(code)
        self.status = status
        self.body = {"HostId": "127.0.0.1", "Code": code, "Message": f"Refused: {code}."}


def refuse_if(condition, status, code):
    if condition:
        raise Refusal(status, code)


def need(params, name):
    refuse_if(not params.get(name), 400, "MissingParameter")
    return params[name]


def find(table, params, name, code):
    refuse_if(need(params, name) not in table, 404, code)
    return table[params[name]]


def check_region(params, status=404, code="InvalidRegionId.NotFound"):
    refuse_if(need(params, "RegionId") != REGION, status, code)


def network(text):
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        raise Refusal(400, "InvalidCidrBlock.Malformed") from None


class World:
    """All state. Methods named like an action take the parameters and return the answer's fields; `call` runs them."""

    def __init__(self):
        self.lock = threading.Lock()
        self.vpcs, self.switches, self.groups, self.hosts, self.nics = {}, {}, {}, {}, {}
        self.moving = {}  # id -> (when, thing, status it gets then)
        self.copied, self.replica = 0.0, ([], [])

    def call(self, operation, params):
        with self.lock:
            now = time.monotonic()
            edge = now - now % LAG
            if edge > self.copied:  # nothing but time has changed the world since the last call
                self.settle(edge)
                self.copied, self.replica = edge, self.picture()
            self.settle(now)
            return operation(self, params)

    def settle(self, now):
        for key, (when, thing, status) in list(self.moving.items()):
            if when <= now:
                del self.moving[key]
                thing["Status"] = status
                if status == "Available":
                    thing["host"] = None

    def move(self, key, thing, meanwhile, finally_):
        thing["Status"] = meanwhile
        self.moving[key] = (time.monotonic() + MOVE, thing, finally_)

    def picture(self):
        listed = {key: [] for key in self.hosts}
        for nic in self.nics.values():
            if nic["host"]:
                row = {name: nic[name] for name in ("NetworkInterfaceId", "Type")}
                listed[nic["host"]].append(row | {"PrimaryIpAddress": nic["PrivateIpAddress"]})
        hosts = [host | {"NetworkInterfaces": {"NetworkInterface": listed[key]}} for key, host in self.hosts.items()]
        return hosts, [self.nic_row(nic) for nic in self.nics.values()]

    @staticmethod
    def nic_row(nic):
        row = {k: v for k, v in nic.items() if k not in ("host", "switch")}
        return row | {"InstanceId": nic["host"]} if nic["host"] else row

    def nics_of(self, host):
        return [nic for nic in self.nics.values() if nic["host"] == host["InstanceId"]]

    def new_nic(self, params, kind, host=None):
        switch = find(self.switches, params, "VSwitchId", "InvalidVSwitchId.NotFound")
        vpc = find(self.groups, params, "SecurityGroupId", "InvalidSecurityGroupId.NotFound")
        refuse_if(vpc != switch["vpc"], 403, "InvalidOperation.VpcMismatch")
        address = switch["returned"].pop() if switch["returned"] else str(next(switch["fresh"], ""))
        refuse_if(not address, 403, "InvalidVSwitchId.IpNotEnough")
        key = f"eni-{uuid.uuid4()}"
        nic = {"NetworkInterfaceId": key, "Status": "InUse" if host else "Available", "Type": kind, "host": host}
        nic |= {"VpcId": vpc, "VSwitchId": switch["id"], "ZoneId": switch["zone"], "switch": switch}
        nic |= {"PrivateIpAddress": address, "CreationTime": time.strftime(ISO, time.gmtime())}
        nic["SecurityGroupIds"] = {"SecurityGroupId": [params["SecurityGroupId"]]}
        nic["DeleteOnRelease"] = bool(host) or params.get("DeleteOnRelease", "").lower() == "true"
        self.nics[key] = nic
        return nic

    def drop_nic(self, nic):
        nic["switch"]["returned"].append(self.nics.pop(nic["NetworkInterfaceId"])["PrivateIpAddress"])

    def DescribeRegions(self, params):
        return {"Regions": {"Region": [{"RegionId": REGION, "LocalName": REGION, "RegionEndpoint": "127.0.0.1"}]}}

    def DescribeZones(self, params):
        check_region(params)
        return {"Zones": {"Zone": [{"ZoneId": zone, "LocalName": zone} for zone in ZONES]}}

    def CreateVpc(self, params):
        check_region(params)
        net, key = network(params.get("CidrBlock") or "172.16.0.0/12"), f"vpc-{uuid.uuid4()}"
        self.vpcs[key] = {"net": net, "taken": []}
        return {"VpcId": key}

    def CreateVSwitch(self, params):
        vpc = find(self.vpcs, params, "VpcId", "InvalidVpcId.NotFound")
        find(ZONES, params, "ZoneId", "InvalidZoneId.NotFound")
        net, key = network(need(params, "CidrBlock")), f"vsw-{uuid.uuid4()}"
        refuse_if(not net.subnet_of(vpc["net"]), 400, "InvalidCidrBlock.Malformed")
        refuse_if(any(net.overlaps(other) for other in vpc["taken"]), 400, "InvalidCidrBlock.Overlapped")
        vpc["taken"].append(net)
        self.switches[key] = {"id": key, "vpc": params["VpcId"], "zone": params["ZoneId"]}
        self.switches[key] |= {"fresh": iter(net.hosts()), "returned": []}
        return {"VSwitchId": key}

    def CreateSecurityGroup(self, params):
        check_region(params)
        find(self.vpcs, params, "VpcId", "InvalidVpcId.NotFound")
        self.groups[key := f"sg-{uuid.uuid4()}"] = params["VpcId"]
        return {"SecurityGroupId": key}

    def CreateInstance(self, params):
        check_region(params)
        refuse_if(need(params, "InstanceType") not in QUOTA, 400, "InvalidInstanceType.ValueNotSupported")
        refuse_if(need(params, "ImageId") != IMAGE, 404, "InvalidImageId.NotFound")
        key = f"i-{uuid.uuid4()}"
        nic = self.new_nic(params, "Primary", key)
        host = {"InstanceId": key, "InstanceName": key, "Status": "Stopped", "RegionId": REGION, "ImageId": IMAGE}
        host |= {"ZoneId": nic["ZoneId"], "InstanceType": params["InstanceType"], "InstanceChargeType": "PostPaid"}
        host |= {"CreationTime": nic["CreationTime"], "SecurityGroupIds": nic["SecurityGroupIds"]}
        host["VpcAttributes"] = {"VpcId": nic["VpcId"], "VSwitchId": nic["VSwitchId"]}
        host["VpcAttributes"]["PrivateIpAddress"] = {"IpAddress": [nic["PrivateIpAddress"]]}
        self.hosts[key] = host
        return {"InstanceId": key}

    def DescribeInstances(self, params):
        check_region(params)
        rows = self.replica[0]
        if params.get("InstanceIds"):
            try:
                wanted = json.loads(params["InstanceIds"])
            except (ValueError, RecursionError):
                wanted = None
            refuse_if(not isinstance(wanted, list) or len(wanted) > 100, 400, "InvalidParameter")
            rows = [row for row in rows if row["InstanceId"] in wanted]
        return {"TotalCount": len(rows), "Instances": {"Instance": rows}}

    def power(self, params, before, meanwhile, after):
        host = find(self.hosts, params, "InstanceId", "InvalidInstanceId.NotFound")
        refuse_if(host["Status"] != before, 403, "IncorrectInstanceStatus")
        self.move(params["InstanceId"], host, meanwhile, after)
        return {}

    def StartInstance(self, params):
        return self.power(params, "Stopped", "Starting", "Running")

    def StopInstance(self, params):
        return self.power(params, "Running", "Stopping", "Stopped")

    def DeleteInstance(self, params):
        host = find(self.hosts, params, "InstanceId", "InvalidInstanceId.NotFound")
        forced = params.get("Force", "").lower() == "true"
        refuse_if(host["Status"] != "Stopped" and not forced, 403, "IncorrectInstanceStatus")
        for nic in self.nics_of(host):
            self.moving.pop(nic["NetworkInterfaceId"], None)
            nic.update(Status="Available", host=None)
            if nic["DeleteOnRelease"]:
                self.drop_nic(nic)
        self.moving.pop(host["InstanceId"], None)
        del self.hosts[host["InstanceId"]]
        return {}

    def CreateNetworkInterface(self, params):
        check_region(params)
        return self.nic_row(self.new_nic(params, "Secondary"))

    def DescribeNetworkInterfaces(self, params):
        check_region(params)
        wanted = {v for k, v in params.items() if re.fullmatch(r"NetworkInterfaceId\.[0-9]{1,9}", k) and v}
        refuse_if(len(wanted) > 100, 400, "InvalidParameter")
        rows = [row for row in self.replica[1] if not wanted or row["NetworkInterfaceId"] in wanted]
        rows = [row for row in rows if params.get("InstanceId") in (None, "", row.get("InstanceId"))]
        return {"TotalCount": len(rows), "NetworkInterfaceSets": {"NetworkInterfaceSet": rows}}

    def pair(self, params):
        """Interface and instance of an attach or a detach, the instance in a status that allows it."""
        nic = find(self.nics, params, "NetworkInterfaceId", "InvalidEniId.NotFound")
        host = find(self.hosts, params, "InstanceId", "InvalidEcsId.NotFound")
        check_region(params, 400, "InvalidOperation.InvalidRegion")
        refuse_if(host["Status"] not in ("Running", "Stopped"), 400, "InvalidOperation.InvalidEcsState")
        return nic, host

    def AttachNetworkInterface(self, params):
        nic, host = self.pair(params)
        refuse_if(nic["Status"] != "Available", 400, "InvalidOperation.InvalidEniState")
        refuse_if(nic["VpcId"] != host["VpcAttributes"]["VpcId"], 403, "InvalidOperation.VpcMismatch")
        refuse_if(nic["ZoneId"] != host["ZoneId"], 403, "InvalidOperation.AvailabilityZoneMismatch")
        refuse_if(len(self.nics_of(host)) >= QUOTA[host["InstanceType"]], 403, "EniPerInstanceLimitExceeded")
        nic["host"] = host["InstanceId"]
        self.move(nic["NetworkInterfaceId"], nic, "Attaching", "InUse")
        return {}

    def DetachNetworkInterface(self, params):
        nic, host = self.pair(params)
        bound = nic["host"] == host["InstanceId"] and nic["Status"] in ("InUse", "Detaching")
        refuse_if(not bound, 400, "InvalidOperation.InvalidEniState")
        refuse_if(nic["Type"] == "Primary", 400, "InvalidOperation.DetachPrimaryEniNotAllowed")
        if nic["Status"] == "InUse":
            self.move(nic["NetworkInterfaceId"], nic, "Detaching", "Available")
        return {}

    def DeleteNetworkInterface(self, params):
        nic = find(self.nics, params, "NetworkInterfaceId", "InvalidEniId.NotFound")
        check_region(params)
        refuse_if(nic["Status"] != "Available", 400, "InvalidOperation.InvalidEniState")
        self.drop_nic(nic)
        return {}


VPC_OPERATIONS = {"CreateVpc": World.CreateVpc, "CreateVSwitch": World.CreateVSwitch}
ECS_OPERATIONS = {name: f for name, f in vars(World).items() if name[0].isupper() and name not in VPC_OPERATIONS}
OPERATIONS = {"2016-04-28": VPC_OPERATIONS, "2014-05-26": ECS_OPERATIONS}


def pairs_of(raw):  # (name, value) pairs of a query string or form, as bytes
    split = (item.replace(b"+", b" ").partition(b"=") for item in raw.split(b"&") if item)
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in split]


class Gate:
    """The V1 signature of the one account, and the memory of its nonces."""

    lock, nonces = threading.Lock(), {}

    def admit(self, method, pairs, params):
        for name in PUBLIC:
            refuse_if(not params.get(name), 400, "Missing" + name)
        refuse_if(params["SignatureMethod"] != "HMAC-SHA1", 400, "InvalidSignatureMethod")
        refuse_if(params["SignatureVersion"] != "1.0", 400, "InvalidSignatureVersion")
        refuse_if(params["AccessKeyId"] != KEY_ID, 403, "Abs.InvalidAccount.NotFound")
        query = "&".join(f"{quote(k, '')}={quote(v, '')}" for k, v in sorted(pairs) if k != b"Signature")
        text = f"{method}&%2F&{quote(query.encode(), '')}"
        right = base64.b64encode(hmac.digest(f"{KEY_SECRET}&".encode(), text.encode(), "sha1"))
        given = params["Signature"].encode("utf-8", "surrogateescape")
        refuse_if(not hmac.compare_digest(right, given), 400, "SignatureDoesNotMatch")
        try:
            stamp = calendar.timegm(time.strptime(params["Timestamp"], ISO))
        except ValueError:
            raise Refusal(400, "InvalidTimeStamp.Format") from None
        refuse_if(time.strftime(ISO, time.gmtime(stamp)) != params["Timestamp"], 400, "InvalidTimeStamp.Format")
        refuse_if(abs(time.time() - stamp) > WINDOW, 400, "InvalidTimeStamp.Expired")
        nonce = hashlib.sha256(params["SignatureNonce"].encode("utf-8", "surrogateescape")).digest()
        with self.lock:
            now = time.monotonic()
            while self.nonces and next(iter(self.nonces.values())) < now:  # oldest first
                del self.nonces[next(iter(self.nonces))]
            refuse_if(nonce in self.nonces, 400, "SignatureNonceUsed")
            self.nonces[nonce] = now + 2 * WINDOW + 1


def xml(name, value):  # no text of a caller's is ever shown, so there is nothing to escape
    if isinstance(value, list):
        return "".join(xml(name, item) for item in value)
    if isinstance(value, dict):
        value = "".join(xml(k, v) for k, v in value.items())
    return f"<{name}>{str(value).lower() if isinstance(value, bool) else value}</{name}>"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = default_request_version = "HTTP/1.1"
    disable_nagle_algorithm, wbufsize, timeout = True, -1, 120
    world, gate, log_message = World(), Gate(), staticmethod(lambda *_: None)

    def handle_one_request(self):
        try:
            self.raw_requestline = self.rfile.readline(MOST_BYTES)
            if not self.raw_requestline:
                self.close_connection = True
            elif self.parse_request():
                self.serve()
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def serve(self):
        lengths = self.headers.get_all("Content-Length", ["0"])
        if self.headers.get("Transfer-Encoding") or not re.fullmatch("[0-9]{1,15}", ",".join(lengths).strip()):
            return self.send_error(411)
        if int(lengths[0]) > MOST_BYTES:
            return self.send_error(413)
        body = self.rfile.read(int(lengths[0]))
        path, _, raw = self.path.encode("latin-1").partition(b"?")
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if self.command == "POST" and kind in ("", "application/x-www-form-urlencoded"):
            raw += b"&" + body
        pairs = pairs_of(raw) if raw.count(b"&") < MOST_PARAMETERS else []
        params = {k.decode("utf-8", "surrogateescape"): v.decode("utf-8", "surrogateescape") for k, v in pairs}
        form = (params.get("Format") or "XML").lower()
        try:
            refuse_if(self.command not in ("GET", "POST"), 400, "UnsupportedHTTPMethod")
            refuse_if(path != b"/", 404, "InvalidApi.NotFound")
            refuse_if(form not in ("json", "xml"), 400, "InvalidParameter.Format")
            self.gate.admit(self.command, pairs, params)
            refuse_if(params["Version"] not in OPERATIONS, 400, "InvalidVersion")
            operation = find(OPERATIONS[params["Version"]], params, "Action", "InvalidAction.NotFound")
            return self.put(200, params["Action"] + "Response", self.world.call(operation, params), form == "json")
        except Refusal as no:
            return self.put(no.status, "Error", no.body, form == "json")

    def put(self, status, root, fields, as_json=False):
        answer = {"RequestId": str(uuid.uuid4()).upper()} | fields
        text = json.dumps(answer) if as_json else '<?xml version="1.0" encoding="UTF-8"?>' + xml(root, answer)
        self.send_response(status)
        self.send_header("Content-Type", f"{'application/json' if as_json else 'text/xml'};charset=utf-8")
        self.send_header("Content-Length", str(len(text.encode())))
        self.send_header("x-acs-request-id", answer["RequestId"])
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else text.encode())

    def send_error(self, code, message=None, explain=None):  # for what is wrong with the HTTP itself
        self.close_connection = True
        self.put(code if code < 500 else 400, "Error", Refusal(code, "InvalidParameter").body)

    def finish(self):
        """Read what is still on its way, so that the last answer is not lost by a reset."""
        try:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(0.5)
            while self.connection.recv(1 << 16):
                pass
        except OSError:
            pass
        super().finish()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    http.server.ThreadingHTTPServer.request_queue_size = 128
    server = http.server.ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Handler)
    print(f"LISTENING http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
