"""Evidence turned into commands, which are carried out here against a real server.

The reproductions are what a reader pastes into a shell. So they are run, with the most awkward values, and
what arrives is compared with what the evidence says was sent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import pytest
import report_samples
from eni_conformance.oracle.evidence import Evidence, parse
from eni_conformance.reports import evidence as ev
from eni_conformance.reports.reproduce import SIGNING

KEY, SECRET = "LTAItest", "secret'\"$x"
HOSTILE = [
    "plain",
    "",
    " leading and trailing ",
    'it\'s "quoted" `id` $(id) ${HOME} \\ \\n !history',
    "line\nfeed\r\ttab",
    "PY\nPY\n'''\n",
    "--endpoint",
    "-x",
    "@/etc/hostname",
    "a&b=c?d#e%41+~*[1-3]{x,y}",
    "弹性网卡\u202e\u200b\ufeff\U0001f600",
    "nul\x00byte\x1b[31m\x7f",
    "\udcff\udc80 not UTF-8",
    "x" * 3000,
]


class _Server(ThreadingHTTPServer):
    seen: list[dict[str, Any]]


class _Handler(BaseHTTPRequestHandler):
    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        _, _, query = self.path.partition("?")
        server = self.server
        assert isinstance(server, _Server)
        server.seen.append(
            {
                "method": self.command,
                "query": _pairs(query),
                "form": _pairs(body.decode()) if "json" not in self.headers.get("Content-Type", "") else [],
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "body": body,
            }
        )
        answer = b'{"RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = _take

    def log_message(self, *_: Any) -> None:
        pass


def _pairs(text: str) -> list[tuple[str, str]]:
    decoded = []
    for item in text.split("&") if text else []:
        name, _, value = item.partition("=")
        name, value = (
            unquote_to_bytes(part.replace("+", " ")).decode("utf-8", "surrogateescape") for part in (name, value)
        )
        decoded.append((name, value))
    return decoded


@pytest.fixture(scope="module")
def server() -> Iterator[_Server]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def _evidence(server: _Server, **sent: Any) -> Evidence:
    data = report_samples.results()
    data["target"]["endpoint"] = f"http://127.0.0.1:{server.server_port}"
    item = report_samples.evidence("X", "ENI-DETACH-E12", data)
    item["exchange"]["sent"].update(sent)
    return parse(item)


def _run(tool: str, text: str, tmp_path: Path) -> str:
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": SECRET,
        "http_proxy": "http://127.0.0.1:9",
        "HOME": str(tmp_path),
    }
    script = tmp_path / ("call.py" if tool == "python" else "call.sh")
    script.write_text(text, encoding="ascii")
    command = [sys.executable if tool == "python" else "bash", str(script)]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=30, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def _check_signature(request: dict[str, Any]) -> None:
    """The request carries a right HMAC-SHA1 signature over all that it holds (worked out here anew)."""
    pairs = request["query"] + request["form"]
    signature = dict(pairs)["Signature"]

    def encode(text: str) -> str:
        return quote(text.encode("utf-8", "surrogateescape"), safe="-_.~")

    rest = sorted(
        (pair for pair in pairs if pair[0] != "Signature"),
        key=lambda pair: [part.encode("utf-8", "surrogateescape") for part in pair],
    )
    joined = "&".join(f"{encode(name)}={encode(value)}" for name, value in rest)
    text = f"{request['method']}&%2F&{encode(joined)}"
    digest = hmac.new(f"{SECRET}&".encode(), text.encode(), hashlib.sha1).digest()
    assert signature == base64.b64encode(digest).decode()
    assert dict(pairs)["AccessKeyId"] == KEY


def _own(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [pair for pair in pairs if pair[0] not in SIGNING]


FORM = [["Content-Type", "application/x-www-form-urlencoded"]]
FRONT = [("Action", "DetachNetworkInterface"), ("Version", "2014-05-26")]


@pytest.mark.parametrize("tool", ["curl", "python"])
@pytest.mark.parametrize("form", [False, True], ids=["query", "form"])
def test_hostile_values_arrive_as_they_were_sent(tool: str, form: bool, server: _Server, tmp_path: Path) -> None:
    if tool == "curl" and not shutil.which("curl"):
        pytest.skip("curl is not installed: apt-get install curl")
    pairs = [[f"Parameter.{n}", value] for n, value in enumerate(HOSTILE)]
    pairs += [["Twice", "a"], ["Twice", "b"], ["na me&=\u202e'", "x"], ["@name", "y"]]
    changes: dict[str, Any] = {"pairs": pairs}
    if form:
        changes.update(method="POST", headers=FORM, body="recorded=elsewhere")
    evidence = _evidence(server, **changes)
    out = _run(tool, ev.reproductions(evidence)[tool], tmp_path)
    assert "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E" in out
    assert "200" in out.splitlines()[0]
    request = server.seen[-1]
    assert request["method"] == ("POST" if form else "GET")
    assert _own(request["form" if form else "query"]) == FRONT + [(n, v) for n, v in pairs]
    assert _own(request["query" if form else "form"]) == []
    _check_signature(request)


@pytest.mark.parametrize("tool", ["curl", "python"])
def test_parameters_stay_where_they_were(tool: str, server: _Server, tmp_path: Path) -> None:
    """A call with parameters both in the query and in the body is repeated in the same shape."""
    url = f"http://127.0.0.1:{server.server_port}/?Action=DetachNetworkInterface&RegionId=cn&Signature=old&Format=XML"
    evidence = _evidence(
        server,
        method="POST",
        url=url,
        pairs=[["RegionId", "cn"], ["InstanceId", "i-1 2"]],
        headers=[*FORM, ["X-Odd", 'a "quoted" header'], ["Authorization", "secret"], ["bad\nname", "x"]],
        body="InstanceId=i-1+2&Version=2014-05-26&SignatureNonce=old",
    )
    _run(tool, ev.reproductions(evidence)[tool], tmp_path)
    request = server.seen[-1]
    assert _own(request["query"]) == [("Action", "DetachNetworkInterface"), ("RegionId", "cn"), ("Format", "XML")]
    assert _own(request["form"]) == [("InstanceId", "i-1 2"), ("Version", "2014-05-26")]
    assert request["headers"]["x-odd"] == 'a "quoted" header'
    assert "authorization" not in request["headers"]
    _check_signature(request)


@pytest.mark.parametrize("tool", ["curl", "python"])
def test_a_body_that_is_no_form_is_sent_as_it_was(tool: str, server: _Server, tmp_path: Path) -> None:
    body = '@{"a": "\\"b\\"\n"}'
    evidence = _evidence(server, method="POST", headers=[["Content-Type", "application/json"]], body=body)
    _run(tool, ev.reproductions(evidence)[tool], tmp_path)
    assert server.seen[-1]["body"].decode() == body
    _check_signature(server.seen[-1])


def test_the_other_signature_scheme_is_said(server: _Server) -> None:
    evidence = _evidence(server, signing="v3", caller="ram_denied", headers=[["accept", "application/json"]])
    text = ev.reproductions(evidence)["python"]
    assert "signed with ACS3-HMAC-SHA256" in text
    assert "that of the caller ram_denied" in text
    assert "('Format', 'JSON')" in text


def test_aliyun_command_line(server: _Server, tmp_path: Path) -> None:
    """The words that the shell hands to the tool are the values; what it cannot carry is said."""
    values = [value for value in HOSTILE if "\0" not in value]
    pairs = [[f"Parameter.{n}", value] for n, value in enumerate(values)]
    text = ev.reproductions(_evidence(server, pairs=pairs))["aliyun"]
    fake = tmp_path / "aliyun"
    fake.write_text(
        f"#!{sys.executable}\nimport os, sys\nsys.stdout.buffer.write(b'\\0'.join(map(os.fsencode, sys.argv[1:])))\n"
    )
    fake.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", text],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
        timeout=30,
    )
    words = [word.decode("utf-8", "surrogateescape") for word in done.stdout.split(b"\0")]
    assert words[:2] == ["ecs", "DetachNetworkInterface"]
    for name, value in pairs:
        if value.startswith("-"):
            assert f"--{name}={value}" in words
        else:
            assert words[words.index(f"--{name}") + 1] == value
    for flag, value in (
        ("--version", "2014-05-26"),
        ("--endpoint", f"127.0.0.1:{server.server_port}"),
        ("--method", "GET"),
    ):
        assert words[words.index(flag) + 1] == value
    assert {"--force", "--insecure"} <= set(words)

    awkward = ev.reproductions(_evidence(server, pairs=[["A", "x\0y"], ["B", "1"], ["B", "2"]]))["aliyun"]
    assert "holds a NUL" in awkward
    assert "more than once" in awkward


def test_no_secret_and_no_old_signature(server: _Server) -> None:
    pairs = [["AccessKeyId", "LTAIreal"], ["Signature", "old="], ["SecurityToken", "token"], ["RegionId", "r"]]
    for text in ev.reproductions(_evidence(server, pairs=pairs)).values():
        assert "LTAIreal" not in text
        assert "old=" not in text
