"""Endpoints that were written from the page and our documents alone, by people who had not seen a line of the suite.

Each is a program of its own beside this file, with a target file. `quick` on each must find nothing, or only a true
defect of that endpoint, which is named here with the sentence that it breaks. They run at the same time, because they
wait most of the time.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from processes import Finished, finish, listening

HERE = Path(__file__).parent
SUITE = {"eni_conformance"}
SECONDS = 600
"""How long a run may take; the slowest endpoint has transitions of three seconds."""


@dataclass(frozen=True)
class Foreign:
    """What must come of an endpoint. conforms: at least so many rows. defects: what is truly wrong with it, by
    requirement, with the sentence that it breaks. arguments, workers: of the run; what waits much has more workers."""

    conforms: int
    defects: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    workers: int = 1


NO_XML = (
    "The page shows an answer in XML for each in JSON; this endpoint knows JSON alone, and its file does not say so."
)
ANY_METHOD = (
    "SignatureMethod names how a call is signed, and one that the gateway does not know is refused (common errors); "
    "this endpoint does not look at its value."
)
FOREIGN = {
    "counting": Foreign(60),
    "streams": Foreign(58, {"ENI-DETACH-R03": NO_XML}),
    "flasky": Foreign(58, {"ENI-DETACH-R03": NO_XML}, workers=4),
    "wsgi_store": Foreign(55),
    "later": Foreign(70, {"ENI-DETACH-G07": ANY_METHOD}, arguments=("--revision", "2024")),
    "minimal": Foreign(50, workers=4),
    "slowpoke": Foreign(70, workers=6),
}


def run(name: str, folder: Path) -> Finished:
    """A quick run on the endpoint, which is a process of its own."""
    command = [sys.executable, str(HERE / f"{name}.py"), "--port", "0"]
    with listening(command, stderr=subprocess.DEVNULL) as (url, _):
        target = folder / f"{name}.toml"
        target.touch(0o600)
        target.write_text((HERE / f"{name}.toml").read_text().replace("{port}", url.rpartition(":")[2]))
        row = FOREIGN[name]
        return finish(
            "run", "--target", target, "--effort", "quick", "--seed", "1", "-n", row.workers, *row.arguments,
            folder=folder, out=folder / name, timeout=SECONDS,
        )  # fmt: skip


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Finished]]]:
    """A run on each endpoint, all begun at once."""
    folder = tmp_path_factory.mktemp("foreign")
    with ThreadPoolExecutor(len(FOREIGN)) as pool:
        yield {name: pool.submit(run, name, folder) for name in FOREIGN}


@pytest.mark.parametrize("name", FOREIGN)
def test_nothing_but_its_true_defects_is_violated(judged: Mapping[str, Future[Finished]], name: str) -> None:
    ended = judged[name].result()
    expected = FOREIGN[name]
    assert ended.violated == set(expected.defects), ended.said
    assert ended.status == (1 if expected.defects else 0), ended.said


@pytest.mark.parametrize("name", FOREIGN)
def test_it_was_judged_in_earnest(judged: Mapping[str, Future[Finished]], name: str) -> None:
    verdicts = [r["verdict"] for r in judged[name].result().results["requirements"]]
    assert "error" not in verdicts
    assert verdicts.count("conforms") >= FOREIGN[name].conforms


@pytest.mark.parametrize("name", FOREIGN)
def test_it_shares_nothing_with_the_project(name: str) -> None:
    source = (HERE / f"{name}.py").read_text()
    imported = {
        (alias.name if isinstance(node, ast.Import) else node.module or "").partition(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert not imported & SUITE
    assert 150 <= len(source.splitlines()) <= 400
