"""Quotas that a run would meet are told before it begins."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.harness.account import doctor, stock
from eni_conformance.harness.wire.client import Client

PAGE = CONTRACTS["2019"]


def checks(diagnosis):
    return {check.name: check for check in reversed(diagnosis.checks)}


@pytest.mark.parametrize(
    ("enis", "cores", "busy", "answers"),
    [
        (100, 50, 4, {"interfaces in use": "ok", "vCPUs in use": "ok"}),
        (8, 50, 4, {"interfaces in use": "warning", "vCPUs in use": "ok"}),
        (100, 50, 50, {"interfaces in use": "ok", "vCPUs in use": "problem"}),
        ("", "many", None, {"interfaces in use": "ok"}),
    ],
)
def test_quotas_that_a_run_would_meet_are_told_before(enis, cores, busy, answers, target):
    """As the service tells them; what it does not tell is not made up."""
    told = dict(zip(stock.QUOTAS, (enis, cores, busy), strict=True))
    items = [
        {"AttributeName": name, "AttributeValues": {"ValueItem": [{"Value": str(value)}]}}
        for name, value in told.items()
    ]
    body = json.dumps({"AccountAttributeItems": {"AccountAttributeItem": [*items, {}, 7]}, "RequestId": "r"}).encode()

    class Telling(Client):
        def send(self, action, pairs, **options):
            exchange = super().send(action, pairs, **options)
            return replace(exchange, status=200, body=body) if action == "DescribeAccountAttributes" else exchange

    limited = replace(target, control_url="", limits=replace(target.limits, network_interfaces=12))
    diagnosis = doctor.diagnose(limited, Telling(limited), PAGE)
    found = {name: check.answer for name, check in checks(diagnosis).items() if name.endswith("in use")}
    assert found == answers and diagnosis.usable == ("problem" not in answers.values())
