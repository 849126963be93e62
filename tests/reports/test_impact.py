"""Which clients a deviation breaks, and who says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
import report_samples
from eni_conformance.oracle import evidence
from eni_conformance.reports import impact


def _answer(status: int, code: str, *expected: tuple[int, str], **world: Any) -> evidence.Evidence:
    item = report_samples.evidence("X", "R", report_samples.results())
    item["observed"] = {"outcome": "answered", "status": status, "code": code, **world}
    item["expected"] = [{"status": s, "code": c} for s, c in expected]
    return evidence.parse(item)


@pytest.mark.parametrize(
    ("item", "clients"),
    [
        (_answer(400, "InvalidEniId.NotFound", (400, "X")), ["high Terraform provider alicloud", "high terway"]),
        (
            _answer(400, "Odd", (404, "InvalidEniId.NotFound")),
            ["high Terraform provider alicloud", "medium terway"],
        ),
        (_answer(200, "", (400, "InvalidOperation.InvalidEniState")), ["high Terraform provider alicloud"]),
        (_answer(200, "", (200, "")), []),
        (_answer(400, "Other", (400, "Another")), []),
        (_answer(400, "InvalidEniId.NotFound", (404, "InvalidEniId.NotFound")), []),
        (_answer(400, "Odd", (404, "InvalidEniId.NotFound"), (400, "InvalidOperation.InvalidRegion")), []),
        (_answer(404, "InvalidEniId.NotFound", (404, "InvalidEcsId.NotFound")), []),
        (
            _answer(503, "ServiceUnavailable", (200, "")),
            ["medium Terraform provider alicloud", "low aliyun-python-sdk-core"],
        ),
    ],
)
def test_who_breaks(item: evidence.Evidence, clients: list[str]) -> None:
    found = [f"{row.harm} {row.client}" for row in impact.of(item)]
    assert [client for client in clients if client in found] == clients
    assert bool(found) == bool(clients)


def test_every_impact_names_its_source() -> None:
    for row in impact.TABLE:
        assert row.effect[0].islower() and row.seen
        if row.client == "everybody":
            assert not row.repository and not row.file
            continue
        assert row.repository.count("/") == 1
        assert "." in row.file
    assert json.dumps([row.effect for row in impact.TABLE])
