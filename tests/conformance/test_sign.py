"""A kept call, freshly signed: what goes on the wire, as a curl config and as a Python program."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from eni_conformance.conformance import sign
from eni_conformance.contract import codec
from eni_conformance.contract.scenario import Wire
from eni_conformance.harness.wire.transport import Prepared

TARGET = """
name = "here"
endpoint = "http://127.0.0.1:9"
region = "cn-hangzhou"
[callers.account]
access_key_id = "LTAIone"
access_key_secret = "secret"
"""


@pytest.fixture
def call(tmp_path: Path) -> sign.KeptCall:
    (tmp_path / "t.toml").write_text(TARGET)
    (tmp_path / "t.toml").chmod(0o600)
    return sign.KeptCall(str(tmp_path / "t.toml"), "account", (("InstanceId", "i-1"), ("Odd", "é '\n")))


def test_each_signature_is_of_its_own_moment(call: sign.KeptCall) -> None:
    one, two = sign.prepared(call, 1.0, "a"), sign.prepared(call, 2.0, "b")
    first, second = (parse_qs(urlsplit(made.url).query) for made in (one, two))
    assert first["InstanceId"] == ["i-1"] and first["Odd"] == ["é '\n"]
    assert first["Signature"] != second["Signature"] and first["SignatureNonce"] != second["SignatureNonce"]
    assert "secret" not in one.url


def test_the_other_scheme_and_place_stay_as_they_were(call: sign.KeptCall) -> None:
    wired = sign.KeptCall(call.target, pairs=call.pairs, wire=Wire("POST", "form", "JSON", "v3"))
    made = sign.prepared(wired, 1.0, "a")
    assert made.method == "POST" and made.body.startswith(b"InstanceId=i-1")
    assert dict(made.headers)["authorization"].startswith("ACS3-HMAC-SHA256")


def test_a_probe_is_wrong_in_the_same_thing(call: sign.KeptCall) -> None:
    probe = sign.KeptCall(call.target, pairs=call.pairs, probe="signature truncated")
    right, wrong = (parse_qs(urlsplit(sign.prepared(one, 1.0, "a").url).query)["Signature"][0] for one in (call, probe))
    assert right.startswith(wrong) and len(wrong) < len(right)


def test_a_curl_config_holds_all_of_it() -> None:
    made = Prepared("POST", "http://127.0.0.1:9/?a=b", (("x-acs-action", 'say "hi"'),), b"c=d")
    config = sign.as_curl(made)
    assert 'url = "http://127.0.0.1:9/?a=b"' in config and 'header = "x-acs-action: say \\"hi\\""' in config
    assert 'data-raw = "c=d"' in config and 'noproxy = "*"' in config


def test_the_program_is_python_and_needs_nothing_else() -> None:
    program = sign.as_python(Prepared("GET", "https://ecs.aliyuncs.com/?a='", (("host", "x"),), b""))
    tree = ast.parse(program)
    assert [n.names[0].name for n in ast.walk(tree) if isinstance(n, ast.Import)] == ["http.client"]
    assert "HTTPSConnection" in program


def test_a_kept_call_is_read_back_and_anything_else_refused(
    call: sign.KeptCall, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "call.json"
    path.write_text(json.dumps(codec.plain(call)))
    assert sign.read(path) == call
    assert sign.main(SimpleNamespace(call=str(path), python=False)) == 0
    assert 'request = "GET"' in capsys.readouterr().out
    path.write_text("{")
    assert sign.main(SimpleNamespace(call=str(path), python=False)) == 2
    assert "is no kept call" in capsys.readouterr().err
    assert sign.main(SimpleNamespace(call=str(tmp_path / "none.json"), python=True)) == 2
