"""No file that a run writes, and nothing that it prints, holds a key, a token, a signature or an account id."""

from __future__ import annotations

import itertools
import json
import re
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from eni_conformance.emulator.embed import running
from eni_conformance.harness import journal
from test_spelling import SPELLINGS, readable

ACCOUNT = "1987654310246800"
SECRETS = {"account": "first-Secret/of+tests=", "ram_denied": "second-Secret/of+tests=", "other_account": "third+one/"}


SPELT = [(re.sub("[^A-Za-z]", "", name), spell) for name, spell in SPELLINGS.items()]


def callers_file(path):
    kinds = {"account": "account", "ram_denied": "ram", "other_account": "account"}
    tables = [
        f'[callers.{name}]\naccess_key_id = "LTAI5tUnguessable{number}"\naccess_key_secret = "{secret}"\n'
        f'account = "{ACCOUNT[:-1]}{number}"\nkind = "{kinds[name]}"\n'
        + ('denied = ["DetachNetworkInterface"]\n' if name == "ram_denied" else "")
        for number, (name, secret) in enumerate(SECRETS.items())
    ]
    path.write_text("\n".join(tables))
    return path


def texts(folder):
    """Every file below the folder as text, compressed ones as what they hold."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            packed = path.suffix == ".gz"
            yield path, "\n".join(journal.read_lines(path)) if packed else path.read_text(errors="replace")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_that_finds_something_leaks_nothing(workers, suite, tmp_path):
    """With failures, counterexamples, gateway probes and every caller, in one process and in two."""
    with running(settle_ms=5, faults=["status-missing-parameter"], callers=callers_file(tmp_path / "c")) as emulator:
        target = emulator.write_target(tmp_path / "target.toml")
        ended = suite(
            "run", "--target", target, "--effort", "quick", "--seed", "1", "-n", workers, "-k", "ENI-DETACH-E03"
        )
    assert ended.status == 1, ended.said
    hidden = [f"LTAI5tUnguessable{number}" for number in range(3)] + [ACCOUNT[:-1]] + list(SECRETS.values())
    hidden += [secret.split("/")[0] for secret in SECRETS.values()]
    searched = 0
    for path, text in [("output", ended.said), *texts(tmp_path / "out")]:
        searched += 1
        assert not [word for word in hidden if word in text], path
        assert not re.search(r"Signature=(?!\*\*\*)[A-Za-z0-9%+/]{10}", text), path
    assert searched > 8


class Echo(BaseHTTPRequestHandler):
    """Hands a request on to the emulator, and adds to what it answers every spelling of the secrets."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    upstream = ""
    turn = itertools.count()

    def do_GET(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sent = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "accept-encoding")}
        request = urllib.request.Request(f"{self.upstream}{self.path}", data or None, sent, method=self.command)
        try:
            answer = urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            body, kind = answer.read(), answer.headers["Content-Type"]
        name, spell = SPELT[next(self.turn) % len(SPELT)]
        shown = [f"{ACCOUNT[:-1]}0"] if ACCOUNT[:-1].encode() in body else []  # once it has been seen as it is
        echoed = " ".join(map(spell, [*SECRETS.values(), *shown]))
        if body.startswith(b"{"):
            body = body[:-1] + f',"Echo{name}":{json.dumps(echoed)}}}'.encode()
        self.send_response(answer.status)
        for key, value in (("Content-Type", kind), ("Content-Length", len(body)), ("X-Echo", " ".join(echoed.split()))):
            self.send_header(key, str(value))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def version_string(self):
        return f"ecs/1.0 {SECRETS['account']}"

    def log_message(self, *_):
        """Nothing is logged."""


def test_what_a_target_echoes_in_any_spelling_reaches_no_file(suite, tmp_path):
    """Even where a reader undoes every escape, and opens every word of base64."""
    with running(settle_ms=5, faults=["status-missing-parameter"], callers=callers_file(tmp_path / "c")) as emulator:
        target = emulator.write_target(tmp_path / "target.toml")
        handler = type("Handler", (Echo,), {"upstream": emulator.url, "turn": itertools.count()})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            proxy = f'endpoint = "http://127.0.0.1:{server.server_port}"'
            target.write_text(re.sub(r"(?m)^((vpc_)?)endpoint = .*", rf"\1{proxy}", target.read_text()))
            ended = suite("run", "--target", target, "--effort", "quick", "--seed", "1", "-n", "1", "-k", "E03")
            server.shutdown()
    assert "ENI-DETACH-E03" in ended.violated, ended.said
    assert ended.results["target"]["version"] == "ecs/1.0 ***"
    told = dict([("output", ended.said), *((str(path), text) for path, text in texts(tmp_path / "out"))])
    assert sum("***" in text for text in told.values()) > 3
    echoed = next(text for path, text in told.items() if path.endswith("wire.jsonl.gz"))
    assert all(f"Echo{name}" in echoed for name, _ in SPELT)
    for path, text in told.items():
        shown = readable(text)
        assert not [word for word in (*SECRETS.values(), ACCOUNT[:-1]) if word in shown], path
