"""The suite is seen to fail: each fault ends the run with status 1 and the right requirement is blamed."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from eni_conformance.contract import codec
from eni_conformance.contract.scenario import Detach, Scenario
from eni_conformance.emulator import named
from processes import Finished, emulator, finish
from readable import CODE, faults_of

Caught = Callable[[str], Finished]


@pytest.fixture(scope="module")
def caught(tmp_path_factory: pytest.TempPathFactory) -> Caught:
    """The run on an emulator with this fault, ended at its first violation; made once for all tests of this file."""

    @cache
    def run(fault: str) -> Finished:
        folder = tmp_path_factory.mktemp(fault)
        target = folder / "target.toml"
        with emulator(target, "--fault", fault):
            return finish(
                "run", "--target", target, "--effort", "quick", "--seed", "1", "-n", "1", "--first-violation",
                folder=folder,
            )  # fmt: skip

    return run


def first_evidence(ended: Finished) -> dict[str, Any]:
    name = ended.results["violations"][0]["evidence"]
    loaded: dict[str, Any] = json.loads((ended.folder / "latest" / "evidence" / name).read_text())
    return loaded


# fault of the emulator -> one of the requirements that may be blamed for it first
BLAMED = {
    "status-primary": {"ENI-DETACH-E12"},
    "code-eni-not-found": {"ENI-DETACH-E14"},
    "status-missing-parameter": {"ENI-DETACH-E03"},
    "status-instance-state": {"ENI-DETACH-E10"},
    "status-eni-state": {"ENI-DETACH-E11"},
    "status-sub-user": {"ENI-DETACH-E06"},
    "status-eni-not-found-by-xml": {"ENI-DETACH-E14", "ENI-DETACH-R03", "ENI-DETACH-R04"},
    "status-eni-state-by-v3": {"ENI-DETACH-E11"},
    "status-all-refusals-200": {"ENI-DETACH-R02", "ENI-DETACH-R03"},
    "status-not-found-500": {"ENI-DETACH-B01"},
    "status-vswitch-not-found": {"ENI-DETACH-E15"},
    "description-lost": {"ENI-DETACH-F04"},
}


def shown(page: str) -> str:
    """The first finding of a page as a reader sees it, without what was sent and received as it was."""
    article = re.search(r"<article.*?</article>", page, re.DOTALL)
    assert article
    return html.unescape(re.sub(r"<pre.*?</pre>|<svg.*?</svg>|<[^>]*>", "", article[0], flags=re.DOTALL))


EVERY = [name if name in BLAMED else pytest.param(name, marks=pytest.mark.night) for name in sorted(named.FAULTS)]


@pytest.mark.parametrize("fault", EVERY)
def test_the_first_finding_is_told_in_sentences(fault: str, caught: Caught) -> None:
    """Who did what, and what should have been; the same in the evidence, the results, on the page and in junit.xml."""
    ended = caught(fault)
    if not ended.violated and fault not in BLAMED:
        pytest.skip("a run of this seed does not see it; that some run does is for the proof to show")
    told, folder = first_evidence(ended), ended.folder / "latest"
    for text in (told["did"], told["should"]):
        assert faults_of(text) == [], text
    assert ended.results["violations"][0]["summary"] == told["did"]
    assert html.escape(told["did"]) in (folder / "junit.xml").read_text()
    article = shown((folder / "index.html").read_text())
    assert article.strip().startswith(told["did"]), article
    seen = re.search("Seen:.*", article)
    assert not CODE.search(seen[0] if seen else ""), seen
    assert not re.search(r"\bNone\b|\('|nothing recorded", article), article


@pytest.mark.parametrize("fault", list(BLAMED))
def test_a_fault_is_caught_and_the_right_requirement_blamed(fault: str, caught: Caught) -> None:
    ended = caught(fault)
    assert ended.status == 1, ended.said
    assert ended.violated & BLAMED[fault], ended.violated
    assert first_evidence(ended)
    assert "eni-conformance replay" in ended.out


def test_a_counterexample_is_replayed(
    caught: Caught, start_emulator: Callable[..., Any], suite: Callable[..., Any]
) -> None:
    evidence = next((caught("status-primary").folder / "latest" / "evidence").glob("*.json"))
    with start_emulator("--fault", "status-primary") as target:
        again = suite("replay", evidence, "--target", target)
    assert (again.status, "still fails" in again.out) == (1, True), again.said
    with start_emulator() as healthy:
        mended = suite("replay", evidence, "--target", healthy)
    assert (mended.status, "no longer fails" in mended.out) == (0, True), mended.said


# fault -> instances, interfaces and steps of its smallest counterexample
NEEDED = {
    "status-primary": (1, 0, 1),
    "code-eni-not-found": (1, 1, 1),
    "status-missing-parameter": (1, 1, 1),
    "status-eni-state": (1, 1, 1),
    "description-lost": (1, 1, 1),
}


@pytest.mark.parametrize("fault", list(NEEDED))
def test_a_counterexample_has_one_broken_precondition_and_no_bystander(fault: str, caught: Caught) -> None:
    evidence = first_evidence(caught(fault))
    scenario = codec.build(Scenario, evidence["scenario"], "scenario")
    calls = [step for step in scenario.steps if isinstance(step, Detach)]
    assert (len(scenario.world.instances), len(scenario.world.enis), len(calls)) == NEEDED[fault]
    assert evidence["confirmations"]["failed_again"] == evidence["confirmations"]["tried"] > 0
    causes = {one["because"] for one in evidence["expected"]}
    assert len(causes) <= 1, causes
