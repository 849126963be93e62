"""What real services answer besides the page: where it is admissible, and what may come once and be gone."""

from __future__ import annotations

import itertools
import re

import pytest
from eni_conformance.contract.common import COMMON, PASSING, Common, answers_to, passing
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.rules import Operation
from eni_conformance.oracle.readings import Admissible, Reply, judge_reply
from hypothesis import given
from hypothesis import strategies as st

EARLIER, LATER = CONTRACTS["2019"], CONTRACTS["2024"]
BOTH = pytest.mark.parametrize("table", [EARLIER, LATER], ids=["2019", "2024"])
ROWS = pytest.mark.parametrize("row", COMMON, ids=lambda row: row.code)
KEY, USER = "caller's account and key are valid", "RAM user is authorised"


def refusals(table: Operation, broken: str) -> Admissible:
    """What is admissible where this one precondition is broken."""
    return Admissible(table.refusals(broken), False, (broken,))


# --- the rows themselves -------------------------------------------------------------------------


@pytest.mark.parametrize("row", [*COMMON, *PASSING], ids=lambda row: row.code or "no code")
def test_each_row_says_where_and_when_it_was_last_seen(row):
    """Who says so? A leniency without a source can never be taken back."""
    assert row.source and not row.source.endswith(".")
    assert re.fullmatch(r"20[12]\d-(0[1-9]|1[0-2])", row.seen)
    assert row.http and len(set(row.http)) == len(row.http)
    assert all(400 <= status < 600 for status in row.http)


@ROWS
def test_a_row_of_the_common_table_fits_preconditions_that_exist_and_is_no_failure_of_the_service(row):
    assert row.fits and len(set(row.fits)) == len(row.fits)
    assert set(row.fits) <= set(EARLIER.rules)
    assert max(row.http) < 500, "a failure of the service is passing, or a violation"


def test_a_code_is_one_row_of_each_table():
    for table in (COMMON, PASSING):
        codes = [row.code for row in table]
        assert len(set(codes)) == len(codes)


@BOTH
@ROWS
def test_no_row_repeats_what_the_page_admits_for_the_same_fault(table, row):
    """The same precondition, code and statuses: such a row would say nothing. (The later page took some over; under
    it a row may add a status.)"""
    for name in row.fits:
        for one in table.refusals(name):
            if one.table == "page" and one.code == row.code:
                assert not set(row.http) <= set(one.http) or table is LATER, name


def test_the_default_page_has_each_status_of_a_fault_once():
    for name in EARLIER.rules:
        pairs = [(one.code, status) for one in EARLIER.refusals(name) for status in one.http]
        assert len(set(pairs)) == len(pairs), name


# --- where it is admissible ----------------------------------------------------------------------


@BOTH
@ROWS
def test_an_answer_of_the_common_table_is_admissible_where_its_row_fits(table, row):
    """With each of its statuses, and as evidence for the row of the page that the fault is for."""
    for name, status in itertools.product(row.fits, row.http):
        assert judge_reply(table, refusals(table, name), Reply(status, row.code)) == [], name
        (made,) = [one for one in table.refusals(name) if one.table == "common" and one.code == row.code]
        evidence_for = row.twin if row.twin in table.rules[name].also else table.rules[name].own
        assert (made.http, made.row, made.because) == (row.http, evidence_for, name)


@pytest.mark.parametrize(
    ("code", "spelt"),
    [
        ("InvalidEcsId.NotFound", "InvalidInstanceId.NotFound"),
        ("InvalidInstanceID.Malformed", "InvalidInstanceId.Malformed"),
        ("InvalidParams.EniId", "InvalidEniId.Malformed"),
    ],
)
@BOTH
def test_where_a_code_of_the_page_is_admissible_its_other_spelling_is(table, code, spelt):
    """Whatever was broken: an endpoint that spells it so does that everywhere."""
    for name in table.rules:
        codes = {one.code for one in table.refusals(name)}
        assert code not in codes or spelt in codes, name


@ROWS
def test_it_is_a_violation_where_its_row_does_not_fit(row):
    """Another fault, and a valid call: nothing is forgiven there."""
    for name in set(EARLIER.rules) - set(row.fits):
        if row.code in {one.code for one in EARLIER.refusals(name)}:
            continue  # the page's own row for that fault
        (found,) = judge_reply(EARLIER, refusals(EARLIER, name), Reply(row.http[0], row.code))
        assert found.cause == f"code:{row.http[0]} {row.code}:{name}"
    valid = Admissible((), True, ())
    (found,) = judge_reply(EARLIER, valid, Reply(row.http[0], row.code))
    assert found.requirement == "S04"


@ROWS
def test_no_other_status_comes_with_it(row):
    """A code with a status that neither table has is told as that."""
    name = row.fits[0]
    fine = {status for one in EARLIER.refusals(name) if one.code == row.code for status in one.http}
    for status in {400, 401, 403, 404, 409, 500} - fine:
        (found,) = judge_reply(EARLIER, refusals(EARLIER, name), Reply(status, row.code))
        assert found.cause == f"status:{row.code}:{status}"


@pytest.mark.parametrize(
    ("broken", "reply"),
    [
        (USER, Reply(403, "Forbidden.RAM")),
        (KEY, Reply(404, "InvalidAccessKeyId.NotFound")),
        (KEY, Reply(400, "InvalidAccessKeyId.Inactive")),
        (KEY, Reply(403, "Forbidden.AccessKeyDisabled")),
        ("region exists", Reply(404, "InvalidRegionId.NotFound")),
        ("region exists", Reply(400, "Forbidden.RegionId")),
        ("instance exists", Reply(403, "InvalidInstanceId.NotFound")),
        ("instance exists", Reply(404, "InvalidInstanceId.NotFound")),
        ("instance id well-formed", Reply(400, "InvalidInstanceId.Malformed")),
        ("instance id well-formed", Reply(400, "InvalidInstanceId.MalFormed")),
        ("interface id well-formed", Reply(400, "InvalidEniId.Malformed")),
        ("interface on this instance", Reply(400, "InvalidParameter.EniNotBelongEcs")),
        ("interface on this instance", Reply(403, "InvalidParameter.EniNotBelongEcs")),
        ("caller owns the resources", Reply(403, "Forbidden.InstanceNotFound")),
    ],
    ids=str,
)
def test_what_the_service_was_seen_to_answer_is_no_violation_unless_the_page_alone_counts(broken, reply):
    """Each was told as a violation once."""
    assert judge_reply(EARLIER, refusals(EARLIER, broken), reply) == []
    strict = EARLIER.by_the_page()
    (found,) = judge_reply(strict, refusals(strict, broken), reply)
    assert "R08" in (found.requirement, *found.also)


# --- the page alone ------------------------------------------------------------------------------


@BOTH
def test_by_the_page_nothing_of_the_common_table_is_left_and_nothing_else_is_lost(table):
    strict = table.by_the_page()
    for name in table.rules:
        assert {one.table for one in strict.refusals(name)} == {"page"}, name
        assert list(strict.refusals(name)) == [one for one in table.refusals(name) if one.table == "page"]
    assert (strict.revision, strict.errors, strict.requirements, strict.rules, strict.parameters) == (
        table.revision, table.errors, table.requirements, table.rules, table.parameters
    )  # fmt: skip
    assert strict.codes == table.codes
    assert strict.by_the_page() == strict


@BOTH
def test_the_common_table_is_no_part_of_the_error_table(table):
    """A row of the page is not provoked by it, nor is a requirement made of it."""
    own = {row.code for row in COMMON} - {row.code for row in table.errors.values()}
    assert own and not own & table.codes
    assert not own & {requirement.code for requirement in table.requirements.values()}


@given(st.sampled_from(sorted(EARLIER.rules)), st.sampled_from(COMMON), st.sampled_from((400, 403, 404, 409)))
def test_the_page_alone_never_admits_more(name, row, status):
    reply, strict = Reply(status, row.code), EARLIER.by_the_page()
    if not judge_reply(strict, refusals(strict, name), reply):
        assert not judge_reply(EARLIER, refusals(EARLIER, name), reply)


def test_the_rows_that_answer_to_a_fault():
    assert [row.code for row in answers_to(USER)] == [
        "Forbidden.RAM", "NoPermission", "Forbidden.Unauthorized", "Forbidden.InstanceNotFound"
    ]  # fmt: skip
    assert not list(answers_to("interface not primary"))
    assert all(isinstance(row, Common) for row in answers_to(KEY))


# --- what passes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("row", PASSING, ids=lambda row: row.code or "no code")
def test_an_answer_passes_by_its_code_with_each_of_its_statuses_and_no_other(row):
    for status in row.http:
        assert passing(status, row.code, valid=True) == row
    for status in {200, 204, 302, 400, 401, 403, 404, 409, 429, 500, 501, 502, 503, 504} - set(row.http):
        assert passing(status, row.code, valid=True) is None


@pytest.mark.parametrize(
    "code", ["InvalidOperation.InvalidEcsState", "InvalidOperation.InvalidEniState", "InvalidOperation.InvalidEniType"]
)
def test_a_code_on_the_state_passes_only_where_the_call_is_in_order(code):
    """Where the state is wrong, the same code is the page's own answer."""
    assert passing(403, code, valid=True) is not None
    assert passing(403, code, valid=False) is None


def test_what_says_nothing_of_the_state_passes_whatever_the_call_breaks():
    for row in PASSING:
        if not row.valid:
            assert passing(row.http[0], row.code, valid=False) == row


def test_a_body_without_a_readable_code_passes_only_as_the_page_of_a_server_in_front():
    for status in (500, 502, 503, 504):
        assert passing(status, "?", valid=False) is not None
        assert passing(status, "", valid=False) == passing(status, "?", valid=False)
    for status in (400, 403, 404, 200):
        assert passing(status, "?", valid=True) is None


@BOTH
def test_no_code_of_the_error_table_passes_except_those_on_the_state_and_on_failures(table):
    """A documented refusal is judged, however often it comes."""
    codes = {c for c in table.codes for status in (400, 403, 404, 409) if passing(status, c, valid=True)}
    assert codes == {
        "InvalidOperation.InvalidEcsState", "InvalidOperation.InvalidEniState", "InvalidOperation.InvalidEniType"
    }  # fmt: skip
    assert not [c for c in table.codes for status in (400, 403, 404, 409) if passing(status, c, valid=False)]


def test_no_answer_is_of_both_tables():
    assert not {row.code for row in COMMON} & {row.code for row in PASSING}
