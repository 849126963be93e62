"""Every command that the documentation shows is carried out here, or stands in a table with the reason why not."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from eni_conformance.conformance.commands import COMMANDS
from processes import CLEAN, EMULATOR, emulator, listening, redis_server

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = ("eni-conformance", "make", "pytest", "python", "python3", "npx", "npm", "aliyun", "curl", "pip", "apt-get")
QUICK = " --effort quick -k E12 --first-violation -n 1"
"""What keeps a run short: the emulator in these tests has a fault that this finds at once."""

CANNOT = {
    "npx allure": "tests/reports makes this page with the package that it has installed",
    "aliyun ": "needs the vendor's command line tool; a recipe",
}
"""Commands that are not carried out: how they begin, and why."""


@dataclass(frozen=True)
class Command:
    """A command in a page."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line} {self.text}"


def commands(page: Path) -> Iterator[Command]:
    """The commands of indented blocks and of fenced ones without a language, joined where a line goes on."""
    fence: str | None = None
    going_on = ""
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.startswith("```"):
            fence = None if fence is not None else line[3:].strip()
            continue
        code = line if fence in ("", "sh", "console") else line[4:] if fence is None and line.startswith("    ") else ""
        text = re.split(r"\s{3,}(?![-\s])|\s+# ", going_on + code.strip().removeprefix("$ "))[0]
        going_on = text[:-1] if text.endswith("\\") else ""
        if not going_on and text.split(" ")[0] in PROGRAMS:
            yield Command(page.name, number, text)


ALL = [command for page in PAGES for command in commands(page)]


@dataclass(frozen=True)
class Desk:
    """A directory with a target file, a run and its evidence, as the pages take them for granted."""

    folder: Path
    url: str
    redis: str

    @property
    def environment(self) -> dict[str, str]:
        return {**CLEAN, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{CLEAN['PATH']}"}

    def run(self, text: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = ["bash", "-c", text]
        return subprocess.run(
            command, cwd=cwd or self.folder, env=self.environment, capture_output=True, text=True, timeout=90
        )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    target = folder / "staging.toml"
    with redis_server(folder) as redis, emulator(target, "--fault", "status-primary") as url:
        made = Desk(folder, url, redis)
        first = made.run(f"eni-conformance run --target staging.toml --seed 1 {QUICK}")
        assert first.returncode == 1, first.stdout + first.stderr
        shutil.copytree((folder / "out" / "latest").resolve(), folder / "out" / "before")
        yield made


def runnable(text: str, desk: Desk) -> str:
    """The command as it is carried out: short, at the port of the emulator here, with evidence that exists."""
    evidence = next((desk.folder / "out" / "before" / "evidence").glob("ENI-DETACH-E12*.json"))
    text = re.sub(r"out/latest/evidence/ENI-DETACH-[\w-]+\.json", f"out/before/evidence/{evidence.name}", text)
    text = text.replace("redis://127.0.0.1:6379", desk.redis)
    text = text.replace("http://127.0.0.1:9000", desk.url).replace("--port 9000", "--port 0")
    if text.startswith("make"):
        return text.replace("make", "make -n", 1)
    if text.startswith("eni-conformance run"):
        shards = "--shard" in text
        # To end at a violation that is accepted would be to end early.
        whole = shards or "--deviations" in text
        return text + (QUICK.replace(" --first-violation", "") if whole else QUICK)
    if text.startswith(("pytest conformance", "pytest --pyargs")):
        text = text.replace("staging.toml", str(desk.folder / "staging.toml")) + f" --eni-out {desk.folder / 'out'}"
        return f"python -m {text} --eni-effort quick --eni-only E12 --eni-first-violation -q -p no:cacheprovider"
    if text.startswith("python -m tests"):
        return text.replace(" samples", f" {desk.folder / 'samples'}")
    if text.startswith("eni-conformance prove"):
        return re.sub(r"--only \S+", "--only status-primary", text) + " --effort quick -n 1"
    return text


MAY_FIND = ("run", "replay", "compare", "merge", "conformance", "drift")
"""Subcommands whose status 1 is an answer, not a failure."""


@pytest.mark.parametrize("command", ALL, ids=str)
def test_it_works(command: Command, desk: Desk) -> None:
    """It ends as a reader would expect, without a traceback."""
    for beginning, reason in CANNOT.items():
        if command.text.startswith(beginning):
            pytest.skip(reason)
    text = runnable(command.text, desk)
    if " emulator" in text and "--list" not in text:
        starts(text, desk)
        return
    if "--deviations" in text:
        complete(desk.folder / "deviations.toml")
    in_checkout = text.startswith(("make", "python -m pytest", "python -m tests"))
    done = desk.run(text, ROOT if in_checkout else None)
    words = text.split()
    allowed = (0, 1) if words[1] in MAY_FIND or any("conformance" in word for word in words[:5]) else (0,)
    assert done.returncode in allowed, (text, done.stdout[-2000:], done.stderr[-2000:])
    assert "Traceback" not in done.stdout + done.stderr


def starts(text: str, desk: Desk) -> None:
    """The emulator says where it listens, and ends when it is asked to."""
    command = ["bash", "-c", f"exec {text.replace('staging.toml', 'another.toml')}"]
    with listening(command, cwd=desk.folder, env=desk.environment):
        pass


def complete(path: Path) -> None:
    """What a person does with a draft: a reason, an owner, a date."""
    text = path.read_text() if path.exists() else ""
    for name, value in (("owner", '"net"'), ("reason", '"old gateway"'), ("expires", "2999-01-01")):
        text = re.sub(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
    path.write_text(text)


def test_commands_are_found() -> None:
    """The pages are read as they should be: none of the essential commands is missed."""
    texts = " | ".join(command.text for command in ALL)
    for wanted in ("doctor", "plan", "run", "replay", "janitor", "emulator", "compare", "merge", "deviations"):
        assert f"eni-conformance {wanted}" in texts
    assert "make conformance" in texts
    assert len(ALL) >= 30


def test_commands_within_sentences_exist() -> None:
    """`eni-conformance X` in running text names a subcommand."""
    known = {command.name for command in COMMANDS}
    for page in PAGES:
        for name in re.findall(r"eni-conformance ([a-z]+)", page.read_text()):
            assert name in known, (page.name, name)


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / link).exists(), (page.name, link)


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", (ROOT / page).read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_data_in_the_pages_can_be_read(page: Path) -> None:
    """TOML is TOML, JSON is JSON, Python compiles."""
    name = str(page.relative_to(ROOT))
    for text in blocks(name, "toml"):
        tomllib.loads(text)
    for text in blocks(name, "json"):
        json.loads(text)
    for text in blocks(name, "python"):
        compile(text, name, "exec")


def test_target_files_in_the_pages_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each whole one passes the suite's own check."""
    from eni_conformance.harness.target import parse_target

    whole = [tomllib.loads(t) for page in PAGES for t in blocks(str(page.relative_to(ROOT)), "toml")]
    whole = [data for data in whole if "region" in data]
    assert len(whole) >= 3
    for name in ("DENIED", "PREFIX", "STAGING"):
        for part in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"):
            monkeypatch.setenv(f"{name}_{part}", "of the environment")
    for data in whole:
        parse_target(data)


def test_the_least_policy_names_what_is_called() -> None:
    """Each operation that the harness can send on a real account is allowed by the policy, and nothing else is."""
    (text,) = blocks("docs/real-accounts.md", "json")
    (statement,) = json.loads(text)["Statement"]
    allowed = {name.partition(":")[2] for name in statement["Action"]}
    source = "".join(path.read_text() for path in (ROOT / "harness").rglob("*.py"))
    called = set(
        re.findall(r'"((?:Describe|Create|Delete|Run|Start|Stop|Reboot|Attach|Detach|Tag|Modify)[A-Z]\w+)"', source)
    )
    operations = {name for name in called if name in allowed or name.startswith(("Describe", "Create", "Delete"))}
    missing = operations - allowed - {"CreationTime", "DeleteOnRelease"}
    assert not {m for m in missing if re.search(rf'call\([^)]*"{m}"|_do\([^)]*"{m}"', source)}, missing
    # What is created is tagged in the same call, which needs the permission for it.
    assert allowed <= called | {"DetachNetworkInterface", "TagResources"}, allowed - called


# --- options and orders of the emulator ----------------------------------------------------------------


def test_every_option_of_the_emulator_is_in_its_page() -> None:
    """None is forgotten, none is there that no longer exists."""
    text = subprocess.run([*EMULATOR, "--help"], capture_output=True, text=True).stdout
    options = set(re.findall(r"--[a-z][a-z-]+", text)) - {"--help"}
    page = (ROOT / "docs" / "emulator.md").read_text()
    rows = "".join(line for line in page.splitlines() if line.startswith("|"))
    assert options <= set(re.findall(r"--[a-z][a-z-]+", rows)), options - set(re.findall(r"--[a-z][a-z-]+", rows))
    started = " ".join(line for line in page.splitlines() if "eni-conformance emulator" in line)
    assert set(re.findall(r"--[a-z][a-z-]+", rows + started)) <= options


def test_every_order_of_the_control_protocol_is_in_its_page(desk: Desk) -> None:
    """What the emulator offers is what the page lists, its own extensions included."""
    with urllib.request.urlopen(f"{desk.url}/_control", timeout=5) as answer:
        offered = set(json.load(answer)["capabilities"])
    page = (ROOT / "docs" / "control-protocol.md").read_text()
    tables = [part.partition("\n## ")[0] for part in re.split(r"(?m)^\| op \| fields \| effect \|$", page)[1:]]
    listed = {name for table in tables for name in re.findall(r"(?m)^\| `([a-z_.]+)` \|", table.partition("\n\n")[0])}
    assert listed == offered


def test_composed_behaviours_are_switched_as_the_page_says(desk: Desk) -> None:
    def order(**body: object) -> tuple[int, dict[str, object]]:
        return post(f"{desk.url}/_control", json.dumps(body).encode())

    page = (ROOT / "docs" / "emulator.md").read_text()
    (spec,) = re.findall(r'--composed "([^"]+)"', page)
    try:
        assert order(op="composed", specs=[spec]) == (200, {})
        assert order(op="stats")[1]["composed"] == [spec]
        assert order(op="composed", specs=["nonsense"])[0] == 400
        assert order(op="stats")[1]["composed"] == [spec]
    finally:
        assert order(op="composed", specs=[]) == (200, {})
    assert order(op="stats")[1]["composed"] == []
    for name, parts in (("effect", "{}@always/every"), ("persistence", "region-ignored@only-post/{}")):
        (row,) = re.findall(rf"(?m)^\| {name}[^|]*\| (.*) \|$", page)
        for part in re.findall(r"`([^`]+)`", row):
            assert order(op="composed", specs=[parts.format(part)]) == (200, {}), part
    order(op="composed", specs=[])


@pytest.mark.parametrize("more", [[], ["--conforming"]])
def test_composed_behaviours_are_drawn_by_the_seed(more: list[str], desk: Desk) -> None:
    command = " ".join(["python -m eni_conformance.emulator --list-composed 5 --json --seed", "{}", *more])
    lists = [json.loads(desk.run(command.format(seed)).stdout) for seed in (7, 7, 8)]
    assert lists[0] == lists[1] != lists[2]
    assert all(row["conforming"] == ("yes" if more else "no") and row["description"] for row in lists[0])


# --- the worked example of the control protocol ------------------------------------------------------


@pytest.fixture
def door(tmp_path: Path) -> Iterator[str]:
    """The example, running as it stands in the page."""
    (text,) = blocks("docs/implementing-the-control-protocol.md", "python")
    (tmp_path / "door.py").write_text(text)
    with listening([sys.executable, str(tmp_path / "door.py"), "0"]) as (url, _):
        yield url


def post(url: str, data: bytes, **headers: str) -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(url, data, headers)
    with contextlib.ExitStack() as stack:
        try:
            answer = stack.enter_context(urllib.request.urlopen(request, timeout=5))
        except urllib.error.HTTPError as error:
            answer = error
        return answer.status, json.load(answer)


def test_the_example_keeps_to_the_protocol(door: str) -> None:
    with urllib.request.urlopen(door, timeout=5) as answer:
        offered = json.load(answer)
    assert offered == {
        "protocol": 1,
        "capabilities": ["eni.status", "hold", "instance.status", "release", "reset"],
    }
    good = [
        {"op": "eni.status", "id": "eni-1", "status": "Detaching", "more": 1},
        {"op": "instance.status", "id": "i-1", "status": "Stopping"},
        {"op": "hold", "id": "eni-1"},
        {"op": "release", "id": "eni-1"},
        {"op": "reset", "id": "eni-1"},
        {"op": "reset", "id": "eni-of-nobody"},
    ]
    bad = [
        [], 1, None, {}, {"op": "fly"}, {"op": []}, {"op": "hold"}, {"op": "hold", "id": 1}, {"op": "hold", "id": "x"},
        {"op": "eni.status", "id": "eni-1"}, {"op": "eni.status", "id": "eni-1", "status": "Moon"},
        {"op": "eni.status", "id": "x", "status": "InUse"},
    ]  # fmt: skip
    for body in good:
        assert post(door, json.dumps(body).encode()) == (200, {})
    for body in bad:
        status, answer = post(door, json.dumps(body).encode())
        assert (status, list(answer)) == (400, ["error"]), body
    assert post(door, b"{")[0] == 400
    assert post(door, json.dumps(good[0]).encode(), origin="http://evil.example")[0] == 403


def test_the_client_can_use_the_example(door: str, desk: Desk) -> None:
    from dataclasses import replace

    from eni_conformance.harness import control
    from eni_conformance.harness.target import load_target

    target = replace(load_target(desk.folder / "staging.toml"), control_url=door)
    assert "eni.status" in control.capabilities(target)
    control.order(target, {"op": "hold", "id": "eni-1"})
