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


def _of(kind: str, about: tuple[str, ...] = (), row: str = "F02", **more: Any) -> evidence.Evidence:
    item = report_samples.evidence("X", f"ENI-DETACH-{row}", report_samples.results())
    return evidence.parse({**item, "expected": [], "kind": kind, "about": list(about), **more})


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (_of("AfterSuccess", ("Detaching",)), ["waits for Available and fails", "polls for two minutes"]),
        (_of("StaysDetaching"), ["waits for Available and fails", "polls for two minutes"]),
        (
            _of("AfterSuccess", ("interface", "Tags", "lost"), "F04"),
            ["tells its own interfaces by their tags", "finds"],
        ),
        (_of("AfterSuccess", ("link on instance",), "F03"), []),
        (_of("SlotTooMany", row="F06"), []),
        (_of("NotAttachedAgain", row="F06"), ["cannot attach the replacement"]),
        (_of("NoAnswer", row="B02", observed={"outcome": "reset"}), []),
        (_of("NoAnswer", row="B02", observed={"outcome": "timeout"}), ["gives up reading a detach after 16 seconds"]),
    ],
)
def test_the_harm_is_what_follows_from_the_finding_and_no_other(item: evidence.Evidence, words: list[str]) -> None:
    """A slot too many keeps nobody from attaching; an interface that stays Detaching has lost no attribute."""
    found = impact.of(item)
    assert len(found) == len(words) and all(any(word in row.effect for row in found) for word in words)
