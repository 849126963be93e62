"""A session token that expires in the middle of a run is renewed, and the run goes on as if nothing had happened."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from eni_conformance.emulator.app import build, run
from eni_conformance.emulator.cli import address, listen
from eni_conformance.emulator.embed import make_cloud
from eni_conformance.harness.journal import read_lines

SESSIONS = ("first", "second")
CALLERS = "".join(
    f'[callers.{name}]\naccess_key_id = "STS.{name}Session1"\naccess_key_secret = "secret-of-the-{name}"\n'
    f'security_token = "token-of-the-{name}"\naccount = "1000000000000001"\nkind = "account"\n'
    for name in SESSIONS
)
RENEWED_EARLY = 15 * 60
"""Seconds before its end at which the vendor's library renews a token."""


class Issuer(HTTPServer):
    """Gives out the first session for three seconds, then the second; the first is void two seconds later."""

    def __init__(self, cloud):
        super().__init__(("127.0.0.1", 0), Answer)
        self.cloud, self.began, self.given = cloud, 0.0, []

    def session(self):
        self.began = self.began or time.time()
        name = SESSIONS[time.time() - self.began >= 3]
        self.given.append(name)
        if len(set(self.given)) == 2:
            threading.Timer(2, lambda: self.cloud.callers.pop("STS.firstSession1", None)).start()
        until = self.began + 3 if name == "first" else time.time() + 3600
        return {
            "Code": "Success",
            "AccessKeyId": f"STS.{name}Session1",
            "AccessKeySecret": f"secret-of-the-{name}",
            "SecurityToken": f"token-of-the-{name}",
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until + RENEWED_EARLY)),
        }


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(self.server.session()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_token_that_expires_is_renewed_in_mid_run(suite, tmp_path):
    """Nothing is violated, nothing undecided for it, nothing left, and neither token written anywhere."""
    (tmp_path / "callers.toml").write_text(CALLERS)
    cloud = make_cloud(settle_ms=20, callers=tmp_path / "callers.toml")
    listener = listen("127.0.0.1", 0)
    server, issuer = build(cloud), Issuer(cloud)
    threads = [threading.Thread(target=run, args=(server, listener)), threading.Thread(target=issuer.serve_forever)]
    for thread in threads:
        thread.start()
    try:
        target = tmp_path / "target.toml"
        endpoint = address(listener, "127.0.0.1")
        target.write_text(f'endpoint = "{endpoint}"\nregion = "cn-hangzhou"\n[callers.account]\n[limits]\n'
                          "requests_per_second = 40\ninstances = 4\nnetwork_interfaces = 20\n")  # fmt: skip
        ended = suite(
            "run", "--target", target, "--effort", "quick", "--seed", "1", "-n", "1", "-k", "ENI-DETACH-P07",
            HOME=str(tmp_path), ALIBABA_CLOUD_CREDENTIALS_URI=f"http://127.0.0.1:{issuer.server_port}/credentials",
        )  # fmt: skip
    finally:
        issuer.shutdown()
        server.should_exit = True
        for thread in threads:
            thread.join(5)
        listener.close()
        issuer.server_close()
    assert ended.status == 0, ended.said
    assert "STS.firstSession1" not in cloud.callers and {"first", "second"} == set(issuer.given)
    results = ended.results
    verdicts = {entry["id"]: entry["verdict"] for entry in results["requirements"]}
    assert verdicts["ENI-DETACH-P07"] == "conforms" and "error" not in verdicts.values() and not results["run"]["note"]
    assert not [entry for entry in results["requirements"] if "oken" in (entry["reason"] or "")]
    files = [file for file in (tmp_path / "out").rglob("*") if file.is_file()]
    told = "".join("\n".join(read_lines(f)) if f.suffix == ".gz" else f.read_text(errors="replace") for f in files)
    hidden = [f"{what}-of-the-{name}" for name in SESSIONS for what in ("token", "secret")]
    assert len(told) > 100_000 and not [word for word in [*hidden, "Session1"] if word in told + ended.err]
