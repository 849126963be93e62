"""Evidence put into words: the steps, the answer, and how to repeat it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema
import pytest
import report_samples
from eni_conformance.oracle.evidence import Evidence, Moment, parse
from eni_conformance.oracle.evidence import parse as evidence_parse
from eni_conformance.oracle.results import Results
from eni_conformance.oracle.results import parse as results_parse
from eni_conformance.reports import evidence as ev
from eni_conformance.reports import files, html, schemas
from eni_conformance.reports.reproduce import shell_quote

SCHEMA = json.loads(schemas.EVIDENCE.read_text(encoding="utf-8"))


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


def test_replay(server: _Server) -> None:
    evidence = _evidence(server)
    assert ev.reproductions(evidence)["replay"] == "eni-conformance replay evidence/X.json --target FILE\n"
    odd = replace(evidence, id="it's")
    assert shell_quote("evidence/it's.json") in ev.reproductions(odd)["replay"]
    assert set(ev.reproductions(replace(evidence, exchange=None))) == {"replay"}


@pytest.mark.parametrize("name", report_samples.SAMPLES)
def test_samples_are_valid(name: str, runs: dict[str, Path]) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for path in sorted((runs[name] / "evidence").glob("*.json"))[:40]:
        data = json.loads(path.read_text(encoding="utf-8"))
        validator.validate(data)
        assert parse(json.loads(files.text(parse(data)))) == parse(data)


def test_words(runs: dict[str, Path]) -> None:
    items = dict(files.load_evidence(runs["violated"])[0])
    text = ev.text(items["E12-3f09a1.json"])
    for part in (
        "ENI-DETACH-E12: the primary interface was detached",
        "NetworkInterfaceId = 'eni-bp1aa00'",
        "answered    200",
        "400 InvalidOperation.DetachPrimaryEniNotAllowed  because the named interface is the primary one",
        "eni-bp1aa00 status: 'InUse' -> 'Available'",
        "seen again  10 of 10 times",
        "eni-conformance replay evidence/E12-3f09a1.json",
    ):
        assert part in text
    assert "no answer before the deadline" in ev.text(items["R02-aa1100.json"])
    assert "2. client B: detach" in ev.text(items["M03-5be774.json"])


def test_damaged_files_are_told_apart(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "a.json").write_text("{")
    (folder / "b.json").write_text('{"id": 3, "requirement": "R"}')
    (folder / "c.json").write_text('{"schema": 9, "id": "c", "requirement": "R"}')
    (folder / "d.json").write_text('{"id": "d", "requirement": "R"}')
    (folder / "e.json").write_text("[" * 100_000)
    found, bad = files.load_evidence(tmp_path)
    assert [name for name, _ in found] == ["d.json"]
    assert [name for name, _ in bad] == ["a.json", "b.json", "c.json", "e.json"]
    assert "evidence.id" in dict(bad)["b.json"]


def _page(results: Results, items: list[tuple[str, Evidence]] | None = None) -> str:
    return report_samples.plain(html.render(results, items or []))


def _moment(n: int, at: float, seconds: float, step: str = "detach", status: int = 200, **more: Any) -> Moment:
    return Moment(n=n, step=step, at=at, seconds=seconds, status=status, **more)


def test_a_story_names_the_operation_and_the_overlap() -> None:
    one = _moment(1, 0.0, 0.1, "at the same time: RegionId='cn-hangzhou' NetworkInterfaceId='eni-bp1o0o2yf1y6r73nt7e0'")
    assert ev.told(one).startswith("DetachNetworkInterface RegionId='cn-hangzhou'")
    assert ev.together(one)
    (call, _) = ev.lanes([one, _moment(2, 0.0, 0.1)])
    assert call.words == "detach 'eni\u2026t7e0'"
    assert ev.told(Moment(step={"settle": 1})) == '{"settle": 1}'


def test_where_no_answer_alone_decides_the_others_are_told_too() -> None:
    """Two overlapping calls: what both were answered, and what the requirement asks for."""
    data = report_samples.results()
    raw = report_samples.evidence("M03-1", "ENI-DETACH-M03", data, expected=[], summary="no serial order")
    raw["exchange"]["id"] = "gw0-1"
    step = "at the same time: InstanceId='i-1'"
    raw["history"] = [
        {"n": 1, "of": 0, "step": step, "at": 0, "seconds": 0.1, "status": 500, "code": "X", "note": "gw0-1"},
        {"n": 2, "of": 0, "step": step, "at": 0, "seconds": 0.1, "status": 200, "code": "", "note": "gw0-2"},
    ]
    item = evidence_parse(raw)
    assert [m.n for m in ev.others(item)] == [2]
    page = _page(results_parse(data), [("M03-1.json", item)])
    assert "and to call 2, sent at the same time: 200" in page
    assert "No single answer decides. What the requirement asks for: Parallel calls can be explained" in page
