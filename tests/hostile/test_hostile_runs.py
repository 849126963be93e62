"""Whole runs against an endpoint that misbehaves: for the operation under test alone, for everything, or by dying.

A proxy of raw sockets stands in front of the real emulator. Most runs are made in this process, with one
scenario; a few through the command line, as a user would.
"""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from eni_conformance.conformance import study as studies
from eni_conformance.conformance import worker
from eni_conformance.conformance.asked import Plan
from eni_conformance.conformance.inquiry import Inquiry
from eni_conformance.conformance.study import Refused
from eni_conformance.contract.detach import full_id
from eni_conformance.contract.scenario import Call, Detach, EniSpec, InstanceSpec, Scenario, Wire, World
from eni_conformance.emulator.embed import Running, running
from hostile_server import Hostile, Line, hostile
from misbehaviours import TABLE, Misbehaviour, answer, says
from processes import EMULATOR, Finished, listening, results_of, start, wait_until
from test_hostile_client import certificate

DETACH = "DetachNetworkInterface"
ROW = {row.name: row for row in TABLE}
WORLD = World((InstanceSpec(),), (EniSpec(),))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """How often the set-up asks an endpoint again that does not answer is tested in tests/harness."""
    monkeypatch.setattr("eni_conformance.harness.bench.look.PATIENCE_NEARBY", 0.2)
    monkeypatch.setattr("eni_conformance.harness.bench.look.AGAIN", (0.01, 0.02, 0.03))


@pytest.fixture(scope="module")
def emulator() -> Iterator[Running]:
    with running(settle_ms=10) as one:
        yield one


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Hostile]:
    """A well-behaved server that nobody has reason to call."""
    with hostile(says(answer())) as server:
        yield server


def target_file(emulator: Running, proxy: str, folder: Path, *, control: bool = True) -> Path:
    """A target file that names the proxy as the endpoint; the control protocol is not behind it."""
    path = emulator.write_target(folder / "target.toml")
    text = path.read_text().replace(f'"{emulator.url}"', f'"{proxy}"')
    if not control:
        before, _, after = text.partition("[control]")
        text = before + after[after.index("[limits]") :]
    path.write_text(text.replace("settle_seconds = 10", "settle_seconds = 0.5"))
    return path


@dataclass(frozen=True)
class Ended:
    """A run that was made in this process."""

    status: int
    results: dict[str, Any]
    folder: Path

    @property
    def violated(self) -> set[str]:
        return {r["id"] for r in self.results["requirements"] if r["verdict"] == "violated"}

    @property
    def errors(self) -> list[str]:
        return [r["reason"] for r in self.results["requirements"] if r["verdict"] == "error"]


def run_one(target: Path, wire: Wire, folder: Path, deadline: float = 0.5) -> Ended:
    """A run with a single valid call: opened, joined, carried out, closed."""
    plan = Plan(target=str(target), effort="quick", seed=1, out=str(folder / "out"))
    study = studies.open_study(plan)
    try:
        inquiry = worker.join(plan, study.run_id, study.folder, target, "gw0", 1, study.capabilities)
        inquiry.effort = replace(inquiry.effort, shrink_candidates=0)
        inquiry.stage.deadline, inquiry.stage.relook = deadline, 0.1
        inquiry.stage.session.client._base_wait = 0.001
        inquiry.start("test")
        inquiry.run(Scenario(WORLD, (Detach(Call(wire=wire)),)), ("S04",))
        worker.leave(inquiry)
    finally:
        status = studies.close_study(study)
    return Ended(status, json.loads((study.folder / "results.json").read_text()), study.folder)


WHOLE = ("reset before the answer", "garbage", "a body of a gigabyte", "script in a refusal", "XML entity of a file")


@pytest.mark.parametrize("name", WHOLE)
def test_a_run_reports_it(name: str, emulator: Running, elsewhere: Hostile, tmp_path: Path) -> None:
    """Violated, with evidence and a report of a bearable size; never an error of the suite; no secret anywhere."""
    row = ROW[name]
    with hostile(row.behave, behind=emulator.url[7:], only=DETACH, elsewhere=elsewhere.url) as proxy:
        target = target_file(emulator, proxy.url, tmp_path)
        ended = run_one(target, Wire(format=row.format), tmp_path)  # type: ignore[arg-type]
    assert ended.status == 1, ended.results["run"]
    assert ended.violated & {full_id(short) for short in row.violates.split()}, ended.violated
    assert not ended.errors
    assert (ended.folder / "index.html").stat().st_size < 4 << 20
    assert "<img src=x" not in (ended.folder / "index.html").read_text()
    sizes = [path.stat().st_size for path in (ended.folder / "evidence").glob("*.json")]
    assert sizes
    assert max(sizes) < 1 << 20
    written = b"".join(path.read_bytes() for path in ended.folder.rglob("*.*") if path.is_file())
    assert not [c.name for c in emulator.callers.values() if c.access_key_secret.encode() in written]


@dataclass
class Bench:
    """A run that is kept open, so that many misbehaviours can be tried one after the other."""

    inquiry: Inquiry
    proxy: Hostile
    row: Misbehaviour


@pytest.fixture(scope="module")
def bench(emulator: Running, elsewhere: Hostile, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("bench")
    made: list[Bench] = []

    def behave(line: Line) -> bool:
        return made[0].row.behave(line)

    with hostile(behave, behind=emulator.url[7:], only=DETACH, elsewhere=elsewhere.url, after_all=True) as proxy:
        proxy.armed = False  # while the run is opened and measures transitions, its own detaches are answered
        target = target_file(emulator, proxy.url, folder)
        plan = Plan(target=str(target), effort="quick", seed=1, out=str(folder / "out"))
        study = studies.open_study(plan)
        try:
            inquiry = worker.join(plan, study.run_id, study.folder, target, "gw0", 1, study.capabilities)
            inquiry.stage.deadline, inquiry.stage.relook = 0.5, 0.1
            made.append(Bench(inquiry, proxy, ROW["garbage"]))
            inquiry.judge(Scenario(WORLD, (Detach(Call()),)))
            proxy.armed = True
            yield made[0]
            worker.leave(inquiry)
        finally:
            studies.abandon(study)


@pytest.mark.parametrize("row", [row for row in TABLE if row.run], ids=lambda row: row.name)
def test_it_is_evidence_for_the_right_requirement(row: Misbehaviour, bench: Bench, elsewhere: Hostile) -> None:
    """The operation under test is carried out, and answered like that: found, in time, for the right requirement."""
    elsewhere.requests.clear()
    bench.proxy.requests.clear()
    bench.row = row
    started = time.monotonic()
    call = Call(wire=Wire(format=row.format))  # type: ignore[arg-type]
    outcome = bench.inquiry.judge(Scenario(WORLD, (Detach(call),)))
    assert time.monotonic() - started < 8
    assert bench.proxy.requests, "the call never came"
    assert not elsewhere.requests
    found = {one.finding.requirement for one in outcome.found}
    assert found & set(row.violates.split()), (outcome, found)
    assert not [one.finding for one in outcome.found if len(one.finding.summary) > 1000]


def test_throttling_is_no_verdict(emulator: Running, tmp_path: Path) -> None:
    """An endpoint that is busy to the end has not been judged."""
    with hostile(ROW["503 page"].behave, behind=emulator.url[7:], only=DETACH) as proxy:
        ended = run_one(target_file(emulator, proxy.url, tmp_path), Wire(), tmp_path)
    assert not ended.violated
    assert not any(r["verdict"] == "conforms" and r["id"] == full_id("S04") for r in ended.results["requirements"])


UNUSABLE = (
    "closed before the answer", "reset before the answer", "half a status line", "garbage", "endless garbage",
    "a thousand headers", "HTTP/0.9", "a body of a gigabyte", "chunk size that is no number", "gzip bomb",
    "broken compression", "302 elsewhere", "401 that asks for a password", "403 page of a firewall", "407 page",
    "500 page", "502 page of a proxy", "200 page of a portal", "JSON 200000 lists deep", "XML entity bomb", "204",
    "304",
)  # fmt: skip


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_target_that_always_misbehaves_cannot_be_used(
    name: str, emulator: Running, elsewhere: Hostile, tmp_path: Path
) -> None:
    """Status 3, and one line that says what is wrong, without a traceback or a secret."""
    elsewhere.requests.clear()
    with hostile(ROW[name].behave, elsewhere=elsewhere.url) as server:
        target = target_file(emulator, server.url, tmp_path, control=False)
        with pytest.raises(Refused) as refused:
            studies.open_study(Plan(target=str(target), out=str(tmp_path / "out")))
    assert refused.value.status == 3
    text = str(refused.value)
    assert server.url in text
    assert "\n" not in text
    assert len(text) < 400
    assert not elsewhere.requests


@pytest.mark.parametrize("kind", ["nobody vouches", "expired", "of another host", "plain HTTP", "refused"])
def test_a_target_without_a_good_connection_cannot_be_used(
    kind: str, emulator: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bad certificates, no TLS where it is wanted, nobody there: status 3, and no request is ever sent."""
    days, name = -1 if kind == "expired" else 1, "127.0.0.9" if kind == "of another host" else "127.0.0.1"
    context = None if kind in ("plain HTTP", "refused") else certificate(tmp_path, days, name)
    if kind in ("expired", "of another host"):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    with hostile(says(answer()), context=context) as server:
        url = server.url.replace("http://", "https://")
        if kind == "refused":
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                url = f"http://127.0.0.1:{free.getsockname()[1]}"
        target = target_file(emulator, url, tmp_path, control=False)
        with pytest.raises(Refused) as refused:
            studies.open_study(Plan(target=str(target), out=str(tmp_path / "out")))
        assert not any(b"Signature" in request for request in server.requests)
    assert refused.value.status == 3
    assert url in str(refused.value)
    assert "\n" not in str(refused.value)


# --- through the command line ------------------------------------------------------------------------


RUN = ("run", "--effort", "quick", "--seed", "1", "--target")
Suite = Callable[..., Finished]


def test_the_command_tells_it(emulator: Running, suite: Suite, tmp_path: Path) -> None:
    """The command ends with 1, and the summary names the requirement."""
    with hostile(ROW["502 page of a proxy"].behave, behind=emulator.url[7:], only=DETACH) as proxy:
        target = target_file(emulator, proxy.url, tmp_path)
        done = suite(*RUN, target, "-n", "1", "-k", "B01", "--first-violation", timeout=60)
    assert done.status == 1, done.said
    assert "B01" in done.out
    assert "Traceback" not in done.said


def test_the_command_gives_up_on_an_unusable_target(emulator: Running, suite: Suite, tmp_path: Path) -> None:
    """One clear line on the error output, status 3."""
    with hostile(ROW["garbage"].behave) as server:
        target = target_file(emulator, server.url, tmp_path, control=False)
        done = suite(*RUN, target, "-n", "1", timeout=60)
    assert done.status == 3
    lines = [line for line in done.err.splitlines() if line.strip()]
    assert len(lines) == 1, done.err
    assert "cannot be used" in lines[0]


def test_a_target_that_dies_in_the_middle(emulator: Running, suite: Suite, tmp_path: Path) -> None:
    """The run ends in time with what was learned: status 4 or 1, and every report is there."""
    with hostile(says(answer()), behind=emulator.url[7:]) as proxy:
        proxy.after = 400
        target = target_file(emulator, proxy.url, tmp_path)
        started = time.monotonic()
        done = suite(*RUN, target, "-n", "2", timeout=60)
        assert proxy.dead
        assert time.monotonic() - started < 40
    assert done.status in (1, 4), done.said
    assert "Traceback" not in done.said
    results = done.results
    assert results["run"]["incomplete"] is True
    assert "the target" in results["run"]["note"]
    assert not [r for r in results["requirements"] if r["verdict"] == "conforms" and not r["judged"]]
    assert any(r["judged"] for r in results["requirements"])
    for name in ("index.html", "junit.xml", "wire.jsonl.gz"):
        assert (target.parent / "out" / "latest" / name).stat().st_size > 1000


def test_an_emulator_that_is_killed_in_the_middle(tmp_path: Path) -> None:
    """The same when the process of the target is gone, with its port."""
    target = tmp_path / "target.toml"
    out = tmp_path / "out"
    with listening([*EMULATOR, "--port", "0", "--write-target", str(target)]) as (_, emulator):
        run = start(*RUN, target, "--out", out, "-n", "1")
        wait_until(lambda: list(out.glob("*/record-gw*.json")), 30)
        emulator.send_signal(signal.SIGKILL)
        said, _ = run.communicate(timeout=40)
    assert run.returncode in (1, 4), said
    assert "Traceback" not in said
    assert results_of(out)["run"]["incomplete"] is True


def test_a_target_that_hangs_in_the_middle(emulator: Running, suite: Suite, tmp_path: Path) -> None:
    """Silence of one operation costs deadlines, not the run; limits.minutes ends it at the latest."""

    def behave(line: Line) -> bool:
        if len(proxy.requests) < 3:  # later ones are the clean-up
            line.wait()
        return False

    with hostile(behave, behind=emulator.url[7:], only=DETACH) as proxy:
        target = target_file(emulator, proxy.url, tmp_path)
        target.write_text(target.read_text().replace("minutes = 30", "minutes = 0.1"))
        started = time.monotonic()
        done = suite(*RUN, target, "-n", "1", timeout=60)
        assert time.monotonic() - started < 50
    assert done.status in (1, 4), done.said
    assert "Traceback" not in done.said
