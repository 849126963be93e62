"""A stored History is judged again without a target, and by better checks than those that wrote it down."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from eni_conformance.conformance import stored
from eni_conformance.contract.scenario import Scenario, World
from eni_conformance.harness.codec import plain_body
from eni_conformance.harness.history import Acted, History
from eni_conformance.harness.redact import Redactor
from eni_conformance.harness.values import Deed, Exchange, Request
from processes import Finished

Suite = Callable[..., Finished]
Emulator = Callable[..., AbstractContextManager[Path]]


def evidence(suite: Suite, start_emulator: Emulator, fault: str, row: str) -> tuple[Path, dict[str, Any]]:
    """The evidence of a fault, by a run that tries one row."""
    with start_emulator("--fault", fault) as target:
        done = suite("run", "--target", target, "--seed", "1", "-n", "1", "-k", row, "--first-violation")
    files = sorted((done.folder / "latest" / "evidence").glob("*.json"))
    assert files, done.said
    return files[0], json.loads(files[0].read_text())


@pytest.mark.parametrize(
    ("fault", "row"),
    [
        ("status-primary", "E12"),  # an answer
        ("tags-lost", "F04"),  # an effect
        ("instance-keeps-link", "F03"),  # one side of a link
        ("parallel-first-lost", "M06"),  # overlapping calls
    ],
)
def test_what_was_seen_is_found_again_in_the_evidence(
    suite: Suite, start_emulator: Emulator, fault: str, row: str
) -> None:
    path, data = evidence(suite, start_emulator, fault, row)
    assert path.stat().st_size < 200_000
    done = suite("replay", path, "--judge-only")
    assert done.status == 1, done.said
    assert f"{data['requirement']}: " in done.out and "still shows it" in done.out


def test_a_history_that_shows_nothing_wrong_is_blamed_no_more(suite: Suite, start_emulator: Emulator) -> None:
    """As when a check was mended; here it is the answer that is mended."""
    path, data = evidence(suite, start_emulator, "status-primary", "E12")
    history = json.loads(gzip.decompress(base64.b64decode(data["play"])))
    for event in history["events"]:
        if event.get("kind") == "sent" and event["exchange"]["status"] == 403:
            event["exchange"]["status"] = 400
    data["play"] = base64.b64encode(gzip.compress(json.dumps(history).encode())).decode()
    path.write_text(json.dumps(data))
    done = suite("replay", path, "--judge-only")
    assert done.status == 0, done.said
    assert "no longer shows it" in done.out


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (None, "holds no history that could be judged"),
        ("not base64", "play"),
        (base64.b64encode(gzip.compress(b'{"events": 3}', mtime=0)).decode(), "play"),
    ],
)
def test_evidence_without_a_readable_history_is_told(suite: Suite, tmp_path: Path, kept: str | None, said: str) -> None:
    data = {"schema": 1, "id": "x", "requirement": "ENI-DETACH-E12", "scenario": {"world": {}, "steps": []}}
    (tmp_path / "e.json").write_text(json.dumps(data if kept is None else {**data, "play": kept}))
    done = suite("replay", tmp_path / "e.json", "--judge-only")
    assert done.status == 2
    assert said in done.err and len(done.err.splitlines()) == 1


@pytest.mark.parametrize("press", [bytes, gzip.compress], ids=["as it is", "compressed"])
def test_a_stored_history_holds_no_secret(press: Callable[[bytes], bytes]) -> None:
    """Also where the endpoint echoes one, with its slash escaped, in whatever the body is wrapped."""
    secret = "a/bcd/efgh"
    body = press(json.dumps({"Message": secret}).replace("/", "\\/").encode())
    named = (("Content-Encoding", "gzip"),) if press is not bytes else ()
    request = Request("A", "v", "GET", "http://x/", (), (), b"", "account", "v1")
    came = Exchange("1", request, 0.0, 0.1, "answered", 400, "", named, body)
    history = History(Scenario(World(), ()), events=(Acted(0, Deed("attach", "eni-1", "i-1"), came, (came,)),))
    (event,) = stored.unpacked(stored.packed(history, Redactor(None, [secret]))).events
    assert isinstance(event, Acted)
    for kept in (event.exchange, *event.passed):
        text = kept.body + (plain_body(kept.headers, kept.body) or b"")
        assert b"efgh" not in text
