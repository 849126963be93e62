"""The other ways to describe: each must agree with the look by id."""

import json
from dataclasses import replace

import pytest
from eni_conformance.harness import describe, ecs
from eni_conformance.harness.values import Exchange, Request, Snapshot
from eni_conformance.oracle import looks, views


def eni(name, status="InUse", host="i-1", **more):
    link = {"InstanceId": host} if host else {}
    return {"NetworkInterfaceId": name, "Status": status, "Type": "Secondary", "MacAddress": "00:16", **link, **more}


FREE = eni("eni-1", "Available", "")
BY_ID = Snapshot(1.0, {"eni-1": FREE, "eni-2": eni("eni-2"), "eni-9": eni("eni-9", host="i-2")}, {})


class Session:
    run_id = "run-1"


def disagreements(session, name, eni, host, now):
    """What a view shows otherwise than the look by id."""
    return views.disagreements(describe.described(session, 0, name, eni, host, now), session.run_id)


@pytest.fixture
def asked(monkeypatch):
    """What the endpoint shows: a function of the filters and ids asked for."""
    answers = {}

    def shown(_session, filters=None, *, ids=(), page=0):
        return answers["shown"](dict(filters or {}), list(ids), page)

    monkeypatch.setattr(describe.observe, "shown", shown)
    monkeypatch.setattr(describe.observe, "attribute", lambda _session, name: answers["attribute"](name))
    return answers


def truthful(filters, ids, page):
    """An endpoint that applies its filters."""
    rows = {k: v for k, v in BY_ID.enis.items() if not ids or k in ids}
    names = {"InstanceId": "InstanceId", "Status": "Status", "Type": "Type"}
    for name, value in filters.items():
        if name in names:
            rows = {k: v for k, v in rows.items() if v.get(name) == value}
    return rows


@pytest.mark.parametrize("name", describe.VIEWS)
def test_an_endpoint_that_shows_the_same_everywhere_agrees(asked, name):
    asked |= {"shown": truthful, "attribute": lambda e: BY_ID.enis[e]}
    assert disagreements(Session(), name, "eni-1", "i-1", BY_ID) == []


@pytest.mark.parametrize("name", ["instance", "pages"])
def test_a_list_that_keeps_what_is_detached_contradicts_the_effect(asked, name):
    asked["shown"] = lambda filters, ids, page: truthful(filters, ids, page) | {"eni-1": FREE}
    ((row, text),) = disagreements(Session(), name, "eni-1", "i-1", BY_ID)
    assert row == "F03" and "eni-1 is still listed" in text


@pytest.mark.parametrize("name", ["instance", "pages", "status", "type", "list"])
def test_what_is_attached_or_free_must_be_listed(asked, name):
    asked["shown"] = lambda filters, ids, page: {}
    found = disagreements(Session(), name, "eni-1", "i-1", BY_ID)
    assert found and all(row == "M05" and "is not listed" in text for row, text in found)


def test_what_was_detached_must_be_on_a_page_where_it_is_asked_for_by_id(asked):
    """The first page shows it, a later one does not; the instance's own pages no longer show it, as they must."""
    asked["shown"] = lambda filters, ids, page: {
        eni: fields for eni, fields in truthful(filters, ids, page).items() if not (page and ids and eni == "eni-1")
    }
    ((row, text),) = disagreements(Session(), "pages", "eni-1", "i-1", BY_ID)
    assert row == "M05" and "eni-1 (Available) is not listed" in text


@pytest.mark.parametrize(
    ("path", "value", "row"),
    [("MacAddress", "00:17", "M05"), ("Status", "InUse", "F03"), ("InstanceId", "i-1", "F03")],
)
def test_a_field_that_differs_is_named_with_both_values(asked, path, value, row):
    asked["attribute"] = lambda e: {**FREE, path: value}
    ((blamed, text),) = disagreements(Session(), "attribute", "eni-1", "i-1", BY_ID)
    assert blamed == row and path in text and repr(value) in text


@pytest.mark.parametrize("path", sorted(views.OF_A_LIST))
def test_only_a_list_must_show_times_and_owners_as_the_look_by_id_does(asked, path):
    now = replace(BY_ID, enis={**BY_ID.enis, "eni-1": {**FREE, path: "2026-01-01T00:00:00Z"}})
    other = {**FREE, path: "2026-01-01T00:00Z"}
    asked |= {"shown": lambda filters, ids, page: {"eni-1": other, "eni-2": eni("eni-2")}, "attribute": lambda e: other}
    assert disagreements(Session(), "attribute", "eni-1", "i-1", now) == []
    ((row, text),) = disagreements(Session(), "type", "eni-1", "i-1", now)
    assert row == "M05" and path in text


def test_a_field_that_one_view_leaves_out_is_no_difference(asked):
    asked["attribute"] = lambda e: {"NetworkInterfaceId": e}
    assert disagreements(Session(), "attribute", "eni-1", "i-1", BY_ID) == []
    asked["attribute"] = lambda e: None  # the operation is not offered
    assert disagreements(Session(), "attribute", "eni-1", "i-1", BY_ID) == []


@pytest.mark.parametrize("name", ["list", "type"])
def test_a_field_that_a_list_shows_of_others_is_missed(asked, name):
    """One that it shows of nobody is not."""

    def without(*names):
        def shown(filters, ids, page):
            rows = truthful(filters, ids, page)
            return {e: {k: v for k, v in f.items() if k != "MacAddress" or e not in names} for e, f in rows.items()}

        return shown

    asked["shown"] = without("eni-1")
    ((blamed, text),) = disagreements(Session(), name, "eni-1", "i-1", BY_ID)
    assert blamed == "M05" and "MacAddress of eni-1 is not shown" in text
    asked["shown"] = without("eni-1", "eni-2", "eni-9")
    assert disagreements(Session(), name, "eni-1", "i-1", BY_ID) == []


def test_an_endpoint_that_ignores_the_filter_by_status_is_not_judged_by_it(asked):
    asked["shown"] = lambda filters, ids, page: truthful({}, ids, page)
    assert disagreements(Session(), "status", "eni-1", "i-1", BY_ID) == []


def test_only_interfaces_that_carry_the_tag_must_be_listed_by_it(asked):
    asked["shown"] = lambda filters, ids, page: {}
    tagged = replace(BY_ID, enis=BY_ID.enis | {"eni-1": {**FREE, "Tags": ('{"Value": "run-1"}',)}})
    assert disagreements(Session(), "tag", "eni-1", "i-1", BY_ID) == []
    assert [row for row, _ in disagreements(Session(), "tag", "eni-1", "i-1", tagged)] == ["M05"]


def test_a_filter_that_counts_elsewhere_must_count_where_nothing_passes_it(asked):
    def shown(filters, ids, page):
        return truthful(filters, ids, page) or BY_ID.enis

    asked["shown"] = shown
    for name, host in (("nothing", "i-7"), ("status", "i-1")):
        found = disagreements(Session(), name, "eni-1", host, BY_ID)
        assert found and all(row == "M05" for row, _ in found)


def test_filters_that_are_never_looked_at_are_named_and_no_disagreement(asked):
    asked["shown"] = lambda filters, ids, page: truthful({}, ids, page)
    event = describe.described(Session(), 0, "status", "eni-1", "i-1", BY_ID)
    assert views.ignored(event) == ("Status",) and views.disagreements(event, "run-1") == []
    asked["shown"] = lambda filters, ids, page: truthful({k: filters[k] for k in filters if k == "InstanceId"}, ids, 0)
    event = describe.described(Session(), 0, "nothing", "eni-1", "i-3", BY_ID)
    assert views.ignored(event) == ("Type", "Tag")


def test_what_does_not_exist_may_be_refused_rather_than_not_listed(monkeypatch):
    def refused(*_, **__):
        raise ecs.SetupError("DescribeNetworkInterfaces", answered(404, "InvalidInstanceId.NotFound"), "")

    monkeypatch.setattr(describe.observe, "shown", refused)
    event = describe.described(Session(), 0, "nothing", "eni-1", "i-1", BY_ID)
    assert not event.failure and views.disagreements(event, "run-1") == []


@pytest.mark.parametrize(("status", "code", "failure"), [(500, "InternalError", "failed"), (400, "Nope", "refused")])
def test_a_view_that_does_not_answer_is_told_apart_by_what_came(monkeypatch, status, code, failure):
    def shown(*_, **__):
        raise ecs.SetupError("DescribeNetworkInterfaces", answered(status, code), "")

    monkeypatch.setattr(describe.observe, "shown", shown)
    event = describe.described(Session(), 0, "instance", "eni-1", "i-1", BY_ID)
    assert (event.failure, event.told) == (failure, f"HTTP {status} {code}")
    blamed = [(one.requirement, one.also) for one in looks.another_view(event, "run-1")]
    assert blamed == ([("M05", ("F03",))] if failure == "failed" else [])


def answered(status, code):
    sent = Request("DescribeNetworkInterfaces", "2014-05-26", "GET", "http://x/", (), (), b"", "account", "v1")
    body = json.dumps({"Code": code, "RequestId": "1"}).encode()
    return Exchange("1", sent, 0.0, 0.0, "answered", status, "", (("content-type", "application/json"),), body)


def at(host, *entries, status="Running"):
    return {host: {"Status": status, "NetworkInterfaces": tuple(json.dumps(entry) for entry in entries)}}


ENTRY = {"NetworkInterfaceId": "eni-2", "Type": "Secondary", "MacAddress": "00:16"}


def test_an_instance_that_shows_its_interfaces_as_they_are_agrees():
    assert list(views.sides(replace(BY_ID, instances=at("i-1", ENTRY)))) == []


LEAVING = at("i-1", {**ENTRY, "MacAddress": "11"}, status="Stopping")


@pytest.mark.parametrize("instances", [{"i-1": {"Status": "Running"}}, at("i-1"), LEAVING])
def test_an_instance_that_shows_none_or_is_on_its_way_says_nothing(instances):
    assert list(views.sides(replace(BY_ID, instances=instances))) == []


@pytest.mark.parametrize(
    ("entry", "what"),
    [({**ENTRY, "MacAddress": "00:17"}, "MacAddress"), ({**ENTRY, "Type": "Trunk"}, "Type"),
     ({**ENTRY, "NetworkInterfaceId": "eni-7"}, "hidden")],
)  # fmt: skip
def test_an_instance_that_shows_an_attached_interface_otherwise_is_named(entry, what):
    ((eni, host, _, differs),) = views.sides(replace(BY_ID, instances=at("i-1", entry)))
    assert (eni, host, differs) == ("eni-2", "i-1", what)
