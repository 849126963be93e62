"""Lists of what there is, from small endpoints that want to be asked for pages in one way or the other."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from eni_conformance.harness import ecs
from eni_conformance.harness.values import Exchange, Request

SENT = Request("DescribeThings", "2014-05-26", "GET", "http://127.0.0.1/", (), (), b"", "account", "v1")
PATH = ("Things", "Thing")


def answered(fields, status=200):
    body = json.dumps({"RequestId": "R", **fields}).encode()
    return Exchange("x-1", SENT, 0.0, 0.1, "answered", status, "", (("Content-Type", "application/json"),), body)


class Endpoint:
    """Lists `count` things. ways: how it may be asked for pages; refuses: with what code in any other way."""

    def __init__(self, count, ways=("token", "number"), refuses="InvalidParameter.MaxResults", largest=1000):
        self.count, self.ways, self.refuses, self.largest = count, ways, refuses, largest
        self.asked = []

    def __call__(self, _session, action, pairs, advice, **_more):
        del advice
        asked = dict(pairs)
        way = "token" if "MaxResults" in asked else "number"
        self.asked.append(way)
        if way not in self.ways:
            raise ecs.SetupError(action, answered({"Code": self.refuses, "Message": "no"}, 400), "")
        things = [{"Id": f"t-{n}"} for n in range(self.count)]
        if way == "token":
            size, start = min(int(asked["MaxResults"]), self.largest), int(asked.get("NextToken", 0))
            more = {"NextToken": str(start + size)} if start + size < self.count else {"NextToken": ""}
        else:
            size = min(int(asked["PageSize"]), self.largest)
            start = size * (int(asked["PageNumber"]) - 1)
            more = {"PageSize": size, "PageNumber": int(asked["PageNumber"]), "TotalCount": self.count}
        return answered({"Things": {"Thing": things[start : start + size]}, **more})


@pytest.fixture
def lists(monkeypatch):
    """Asks an Endpoint for all it has."""

    def use(endpoint, session):
        monkeypatch.setattr("eni_conformance.harness.ecs.resources.do", endpoint)
        return [entry["Id"] for entry in ecs.pages(session, "DescribeThings", [], PATH)]

    return use


def session():
    return SimpleNamespace(by_number=set())


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
@pytest.mark.parametrize("ways", [("token", "number"), ("token",), ("number",)], ids=" and ".join)
@pytest.mark.parametrize("largest", [1000, 7])
def test_every_page_is_read_however_it_must_be_asked_for(lists, count, ways, largest):
    """By token, as the newer pages have it; by number where that is refused for a parameter."""
    assert lists(Endpoint(count, ways, largest=largest), session()) == [f"t-{n}" for n in range(count)]


def test_an_endpoint_that_refuses_tokens_is_asked_by_number_from_then_on(lists):
    one, endpoint = session(), Endpoint(3, ("number",))
    lists(endpoint, one)
    assert endpoint.asked == ["token", "number"] and one.by_number == {"DescribeThings"}
    lists(endpoint, one)
    assert endpoint.asked == ["token", "number", "number"]


def test_one_that_takes_tokens_is_never_asked_by_number(lists):
    one, endpoint = session(), Endpoint(250)
    lists(endpoint, one)
    assert set(endpoint.asked) == {"token"} and not one.by_number


@pytest.mark.parametrize("code", ecs.NOT_TAKEN)
def test_any_refusal_for_a_parameter_is_one(lists, code):
    assert lists(Endpoint(3, ("number",), code), session()) == ["t-0", "t-1", "t-2"]


@pytest.mark.parametrize("code", ["Forbidden.RAM", "InternalError", "InvalidAction.NotFound"])
def test_another_refusal_says_nothing_of_pages(lists, code):
    one, endpoint = session(), Endpoint(3, ("number",), code)
    with pytest.raises(ecs.SetupError) as refused:
        lists(endpoint, one)
    assert refused.value.code == code and endpoint.asked == ["token"] and not one.by_number


def test_one_that_refuses_both_is_told_and_asked_both_ways_again(lists):
    """What went wrong was perhaps something else."""
    one, endpoint = session(), Endpoint(3, ())
    with pytest.raises(ecs.SetupError):
        lists(endpoint, one)
    assert endpoint.asked == ["token", "number"] and not one.by_number
