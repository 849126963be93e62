"""Views and filters are asked about what does not exist: one that fails or shows anything is told."""

from __future__ import annotations

from dataclasses import replace

from eni_conformance.harness.account import views
from eni_conformance.harness.account.advice import ADVICE, advice_for
from eni_conformance.harness.wire.client import Client


def test_a_good_target_answers_all_of_them(target):
    (check,) = views.views(target, Client(target))
    assert check.answer == "ok", check
    assert views.kept_alive(target, Client(target)).answer == "ok"


def test_a_filter_that_is_ignored_and_one_that_fails_are_told(target):
    class Careless(Client):
        def send(self, action, pairs, **options):
            got = super().send(action, pairs, **options)
            names = [name for name, _ in pairs]
            if action == "DescribeNetworkInterfaces" and "InstanceId" in names:
                return replace(got, status=500, body=b"<html>")
            if action == "DescribeInstances":
                return replace(got, body=b'{"RequestId": "x", "Instances": {"Instance": [{"InstanceId": "i-1"}]}}')
            return got

    (check,) = views.views(target, Careless(target))
    assert check.answer == "warning" and "undecided" in check.advice
    assert "filter InstanceId: HTTP 500" in check.seen and "DescribeInstances: ignored: 1" in check.seen


def test_that_filters_filter_is_not_claimed_where_nothing_can_show_it(target):
    (check,) = views.views(target, Client(target))
    assert "not to be seen while the account has no interface" in check.seen


def test_a_filter_that_is_refused_does_not_answer(target):
    class Refusing(Client):
        def send(self, action, pairs, **options):
            got = super().send(action, pairs, **options)
            refused = any(name == "Status" for name, _ in pairs)
            return replace(got, status=400, body=b'{"Code": "InvalidParameter.Status"}') if refused else got

    (check,) = views.views(target, Refusing(target))
    assert (check.answer, "filter Status: refused: HTTP 400" in check.seen) == ("warning", True)


def test_codes_of_the_account_system_have_advice_of_their_own():
    assert "support" in advice_for("Forbidden.RiskControl", "x")
    assert "setup.zone" in advice_for("OperationDenied", "x")
    assert advice_for("Odd", "otherwise") == "otherwise"
    assert all(text and "\n" not in text for text in ADVICE.values())
