"""What a run cost, beside what was predicted."""

from __future__ import annotations

from typing import Any

import report_samples
from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.results import Results
from eni_conformance.oracle.results import parse as results_parse
from eni_conformance.reports import html, spent, summary

PREDICTED = {
    "source": "3 runs on the embedded emulator",
    "calls": {"DetachNetworkInterface": 80, "RunInstances": 20},
    "total": 100,
    "seconds": 40.0,
    "instances": 2,
    "interfaces": 8,
    "hours": 0.5,
    "money": 0.25,
    "currency": "CNY",
}


def _results(**changes: Any) -> Results:
    data = {"run": {"id": "x", "exit": 0, "seconds": 61.0}, "calls": {"DetachNetworkInterface": 125}}
    return results_parse({**data, **changes})


def _page(results: Results, items: list[tuple[str, Evidence]] | None = None) -> str:
    return report_samples.plain(html.render(results, items or []))


def test_what_was_predicted_stands_beside_what_came() -> None:
    forecast = spent.forecast(_results(predicted=PREDICTED))
    assert forecast is not None
    assert forecast.rows == (("DetachNetworkInterface", 80, 125), ("RunInstances", 20, 0))
    assert (forecast.predicted, forecast.actual) == (100, 125)
    said = "the prediction was 20 % too low in calls; the prediction was 34 % too low in seconds"
    assert forecast.words == said
    assert forecast.facts[0] == ("time", "40 s", "61 s")
    page = _page(_results(predicted=PREDICTED))
    assert "100 calls were predicted from 3 runs on the embedded emulator, 125 were made" in page
    assert "DetachNetworkInterface 80 125" in page
    assert f"all operations {said} 100 125" in page
    assert "predicted 100 calls in 40 s: the prediction was 20 % too low" in summary.text(_results(predicted=PREDICTED))


def test_used_hours_are_priced_as_predicted() -> None:
    used = {"instances": 3, "network_interfaces": 9, "instance_seconds": 3600.0}
    forecast = spent.forecast(_results(predicted=PREDICTED, cost=used))
    assert forecast is not None
    assert forecast.facts[1:] == (
        ("instances", "2 at once", "3 created"),
        ("network interfaces", "8 at once", "9 created"),
        ("instance hours", "0.5", "at most 1"),
        ("money", "0.25 CNY", "at most 0.5 CNY"),
    )


def test_leases_tell_what_was_had_how_often_it_served_and_what_is_left() -> None:
    leases = [
        {"kind": "vpc", "created": 1, "at_once": 1, "seconds": 60.0, "served": 0, "left": []},
        {"kind": "eni", "created": 4, "at_once": 3, "seconds": 100.0, "served": 30, "left": ["eni-left1"]},
        {"kind": "instance", "created": 2, "at_once": 2, "seconds": 110.0, "served": 25, "left": []},
    ]
    used = {"instances": 2, "network_interfaces": 4, "instance_seconds": 110.0, "worlds": 20, "leases": leases}
    results = _results(cost=used)
    assert spent.leases(results.cost) == (
        spent.Lease("instance", 2, 2, 2, "55 s", "12.5"),
        spent.Lease("network interface", 4, 3, 3, "25 s", "7.5"),
        spent.Lease("vpc", 1, 1, 1, "60 s", ""),
    )
    page = _page(results)
    assert "20 worlds were arranged with it. 1 is left behind : eni-left1" in page
    used["leases"] = [{**one, "left": []} for one in leases]
    assert "All of it was given back." in _page(_results(cost=used))
    assert "Leases" not in _page(_results(cost={"instances": 2}))


def test_a_run_without_a_prediction_shows_its_calls_alone() -> None:
    for predicted in ({}, {"predicted": None}):
        results = _results(**predicted)
        assert spent.forecast(results) is None
        assert "Calls per operation" in _page(results)
        assert "redicted" not in summary.text(results)


def test_a_difference_is_told_in_per_cent_of_what_came() -> None:
    assert spent.off_by(90, 100) == "the prediction was 10 % too low"
    assert spent.off_by(104, 100) == "the prediction was 4.0 % too high"
    assert spent.off_by(100, 100) == "as predicted"
    assert spent.off_by(5, 0) == ""
