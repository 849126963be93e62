"""How fast the emulator is, against moto's EC2 server, and whether its memory stays flat.

    python bench/emulator.py                          rate, start-up, and the ratio to moto
    python bench/emulator.py --memory 1000000         resident memory over a million signed calls

moto is not a dependency of the project.  Give it an environment of its own, and name its interpreter:

    python -m venv .venv-moto && .venv-moto/bin/pip install 'moto[ec2,server]'
    python bench/emulator.py --moto-python .venv-moto/bin/python

Both servers do their own DetachNetworkInterface: in each round an interface is attached (not timed) and then
detached (timed), one request at a time, by the same bare-socket client, with requests that were signed beforehand.
Exit status: 0, or 1 if the ratio is below 5 or memory grew, or 3 if moto cannot be started.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from signed import enc, signed

KEY, SECRET = "LTAIemulatorAccount01", "emulator-secret-account"
WANTED_RATIO = 5


class Wire:
    """Sends bytes, reads one answer; reconnects when the server closes."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None

    def exchange(self, request: bytes) -> tuple[int, bytes]:
        for _ in range(2):
            if self.socket is None:
                self.socket = socket.create_connection(("127.0.0.1", self.port))
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self.socket.sendall(request)
                return self._read()
            except ConnectionError:
                self.close()
        raise ConnectionError("no answer")

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
        self.socket = None

    def _read(self) -> tuple[int, bytes]:
        assert self.socket is not None
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed")
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        length = int(found.group(1)) if found else 0
        while len(body) < length:
            body += self.socket.recv(65536)
        if b"connection: close" in head.lower():
            self.close()
        return int(head.split()[1]), body


def of_emulator(action: str, params: dict[str, str], version: str = "2014-05-26") -> bytes:
    """One V1 request of the emulator's default account."""
    query = "&".join(f"{n}={enc(v)}" for n, v in signed("GET", params, KEY, SECRET, action, version).items())
    return f"GET /?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def ec2(action: str, params: dict[str, str]) -> bytes:
    """One request to moto, signed the way EC2 wants it (moto does not check the signature)."""
    body = "&".join(f"{n}={enc(v)}" for n, v in {"Action": action, "Version": "2016-11-15", **params}.items())
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{stamp[:8]}/us-east-1/ec2/aws4_request"
    digest = hashlib.sha256(body.encode()).hexdigest()
    canonical = f"POST\n/\n\nhost:localhost\nx-amz-date:{stamp}\n\nhost;x-amz-date\n{digest}"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4secret"
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    return (
        "POST / HTTP/1.1\r\nHost: localhost\r\n"
        f"X-Amz-Date: {stamp}\r\n"
        f"Authorization: AWS4-HMAC-SHA256 Credential=key/{scope}, SignedHeaders=host;x-amz-date, "
        f"Signature={key.hex()}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def rate(
    seconds: float, attach: Callable[[], None], detach: Callable[[], bytes], send: Callable[[bytes], int]
) -> float:
    """Detaches per second: one over the median time of a detach, so that a busy machine disturbs little."""
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        attach()
        request = detach()
        start = time.perf_counter()
        status = send(request)
        taken.append(time.perf_counter() - start)
        if status != 200:
            raise RuntimeError(f"a detach was answered with {status}")
    return 1 / statistics.median(taken)


class Emulator:
    """A running emulator with an instance and an interface."""

    def __init__(self) -> None:
        root = Path(__file__).resolve().parent.parent
        start = time.perf_counter()
        command = [
            sys.executable,
            "-m",
            "eni_conformance.emulator",
            "--port",
            "0",
            "--settle-ms",
            "0",
            "--parent-pid",
            str(os.getpid()),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
        assert self.process.stdout is not None
        url = self.process.stdout.readline().split()[1]
        self.started = time.perf_counter() - start
        self.wire = Wire(int(url.rsplit(":", 1)[1]))
        where = {"RegionId": "cn-hangzhou"}
        vpc = self.ask("CreateVpc", where, "2016-04-28")["VpcId"]
        lan = {"VpcId": vpc, "ZoneId": "cn-hangzhou-h", "CidrBlock": "172.16.0.0/24"}
        vswitch = self.ask("CreateVSwitch", lan, "2016-04-28")["VSwitchId"]
        group = self.ask("CreateSecurityGroup", {**where, "VpcId": vpc})["SecurityGroupId"]
        image = "debian_12_11_x64_20G_alibase_20250819.vhd"
        made = {**where, "VSwitchId": vswitch, "SecurityGroupId": group}
        instance = self.ask("RunInstances", {**made, "ImageId": image, "InstanceType": "ecs.g7.large"})
        eni = self.ask("CreateNetworkInterface", made)["NetworkInterfaceId"]
        self.target = {**where, "InstanceId": instance["InstanceIdSets"]["InstanceIdSet"][0], "NetworkInterfaceId": eni}

    def ask(self, action: str, params: dict[str, str], version: str = "2014-05-26") -> dict:  # type: ignore[type-arg]
        status, body = self.wire.exchange(of_emulator(action, params, version))
        if status != 200:
            raise RuntimeError(f"{action} was answered with {status}: {body!r}")
        return dict(json.loads(body))

    def rate(self, seconds: float) -> float:
        return rate(
            seconds,
            lambda: self.ask("AttachNetworkInterface", self.target) and None,
            lambda: of_emulator("DetachNetworkInterface", self.target),
            lambda request: self.wire.exchange(request)[0],
        )

    def resident_mib(self) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("no VmRSS")


def moto_rate(python: str, seconds: float) -> float:
    """The same for moto's server.  Raises RuntimeError if it does not start."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [python, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(150):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                if process.poll() is not None:
                    break
                time.sleep(0.2)
        else:
            raise RuntimeError("moto did not answer within 30 seconds")
        if process.poll() is not None:
            raise RuntimeError("moto did not start")
        wire = Wire(port)

        def ask(action: str, params: dict[str, str], name: str) -> str:
            status, body = wire.exchange(ec2(action, params))
            found = re.search(rf"<{name}>([^<]*)</{name}>".encode(), body)
            if status != 200 or found is None:
                raise RuntimeError(f"moto answered {action} with {status}: {body[:300]!r}")
            return found.group(1).decode()

        image = ask("DescribeImages", {}, "imageId")
        run = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": "1", "MaxCount": "1"}
        instance = ask("RunInstances", run, "instanceId")
        subnet = ask("DescribeSubnets", {}, "subnetId")
        eni = ask("CreateNetworkInterface", {"SubnetId": subnet}, "networkInterfaceId")
        attachment = [""]

        def attach() -> None:
            params = {"NetworkInterfaceId": eni, "InstanceId": instance, "DeviceIndex": "1"}
            attachment[0] = ask("AttachNetworkInterface", params, "attachmentId")

        return rate(
            seconds,
            attach,
            lambda: ec2("DetachNetworkInterface", {"AttachmentId": attachment[0]}),
            lambda request: wire.exchange(request)[0],
        )
    finally:
        process.kill()
        process.wait()


def memory(calls: int) -> bool:
    """Resident memory of the emulator over so many signed calls, sent in batches; true if it stays flat."""
    emulator = Emulator()
    raw = socket.create_connection(("127.0.0.1", emulator.wire.port))
    sizes: list[float] = []
    batch, done, start = 50, 0, time.perf_counter()
    report = max(calls // 40, batch)
    try:
        while done < calls:
            raw.sendall(b"".join(of_emulator("DetachNetworkInterface", emulator.target) for _ in range(batch)))
            seen = b""
            while seen.count(b'"RequestId"') < batch:
                more = raw.recv(1 << 18)
                if not more:
                    raise RuntimeError("the emulator closed the connection")
                seen += more
            done += batch
            if done % report < batch:
                sizes.append(emulator.resident_mib())
                print(
                    f"{done:>9} calls  {sizes[-1]:7.1f} MiB  {done / (time.perf_counter() - start):6.0f}/s", flush=True
                )
    finally:
        emulator.process.kill()
    # The nonce memory is full after 100 000 calls and rises and falls from then on, so peaks are compared.
    settled = [size for index, size in enumerate(sizes) if (index + 1) * report >= 150_000] or sizes
    half = (len(settled) + 1) // 2
    growth = max(settled[half:] or settled) - max(settled[:half])
    print(f"growth of the peak from the first half of the rest to the second: {growth:.1f} MiB")
    return growth < 5


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=5, help="length of each measurement (default: 5)")
    options.add_argument("--moto-python", default=sys.executable, help="interpreter that has moto installed")
    options.add_argument("--memory", type=int, metavar="CALLS", help="measure memory instead")
    chosen = options.parse_args()
    if chosen.memory:
        return 0 if memory(chosen.memory) else 1
    emulator = Emulator()
    try:
        ours = emulator.rate(chosen.seconds)
    finally:
        emulator.process.kill()
    print(f"start-up           {emulator.started * 1000:8.0f} ms")
    print(f"emulator           {ours:8.0f} signed DetachNetworkInterface per second")
    probe = subprocess.run([chosen.moto_python, "-c", "import moto.server"], capture_output=True, check=False)
    if probe.returncode:
        print(f"moto is not installed for {chosen.moto_python}.  To compare:", file=sys.stderr)
        print("    python -m venv .venv-moto && .venv-moto/bin/pip install 'moto[ec2,server]'", file=sys.stderr)
        print("    python bench/emulator.py --moto-python .venv-moto/bin/python", file=sys.stderr)
        return 3
    try:
        theirs = moto_rate(chosen.moto_python, chosen.seconds)
    except RuntimeError as error:
        print(f"moto cannot be measured: {error}", file=sys.stderr)
        return 3
    print(f"moto               {theirs:8.0f} DetachNetworkInterface per second")
    print(f"ratio              {ours / theirs:8.1f}  (at least {WANTED_RATIO} wanted)")
    return 0 if ours / theirs >= WANTED_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
