"""The table of what an endpoint must offer says what a run sends: each operation, and each of its parameters."""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from eni_conformance.contract.detach import CONTRACTS
from processes import Finished

PAGE = Path(__file__).parents[2] / "docs" / "own-endpoint.md"
ROW = re.compile(r"^\| ([A-Z][^|]+|the same, filtered) \| (needed|useful) \|([^|]*)\|([^|]*)\|([^|]*)\|$", re.M)
OF_PROBES = {"DetachNetworkInterfaceNow", "DetachNetworkInterfaces", "detachnetworkinterface"}
"""Operations that there are not; the gateway must refuse them."""
LIST_WHERE_MORE_THAN_A_PAGE = {"NextToken", "PageNumber", "PageSize", "MaxResults"}


def told() -> dict[str, set[str]]:
    """By operation, the parameters that the table names."""
    found: dict[str, set[str]] = defaultdict(set)
    last = ""
    for names, _, sent, _, _ in ROW.findall(PAGE.read_text()):
        last = last if names == "the same, filtered" else names
        for name in last.split(", "):
            found[name] |= set(re.findall(r"[A-Z][A-Za-z]+(?:\.[A-Za-z]+)*", sent))
    return found


def sent_by(folder: Path) -> dict[str, set[str]]:
    """By operation, the parameters that a run has sent."""
    found: dict[str, set[str]] = defaultdict(set)
    with gzip.open(folder / "wire.jsonl.gz", "rt") as lines:
        for line in lines:
            sent = json.loads(line)["sent"]
            found[sent["action"]] |= {re.sub(r"\.\d+", ".N", name) for name, _ in sent["pairs"]}
    return found


def test_the_table_names_all_that_a_run_sends(plain: Callable[[int], Finished]) -> None:
    ended = plain(1)
    assert ended.status == 0, ended.said
    table, sent = told(), sent_by(ended.folder / "latest")
    assert set(sent) - OF_PROBES <= set(table)
    for operation in set(sent) - OF_PROBES - {"DetachNetworkInterface"}:
        assert sent[operation] <= {*table[operation], "RegionId"}, operation
    needed = {names for names, kind, *_ in ROW.findall(PAGE.read_text()) if kind == "needed"}
    assert needed <= set(sent)
    for operation in needed - {"DetachNetworkInterface", "RunInstances", "CreateNetworkInterface"}:
        assert table[operation] - LIST_WHERE_MORE_THAN_A_PAGE <= sent[operation], operation


def test_what_answers_must_look_like_is_told_for_each_requirement_on_them():
    told = PAGE.read_text().partition("## What answers must look like")[2].partition("\n## ")[0]
    for requirement in CONTRACTS["2019"].requirements.values():
        if requirement.kind == "response":
            assert f"| {requirement.id} | {requirement.title} |" in told
