"""The literal table against the reference page itself, and the promises of the table about its own ids."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eni_conformance.contract import detach, rows
from eni_conformance.contract.detach import (
    CHECKS,
    CONTRACTS,
    ERRORS,
    OTHERS,
    PARAMETERS,
    full_id,
    short_id,
)
from eni_conformance.contract.rules import Caller, Operation, Order, missing_codes

IDS_2019 = """
E01 E02 E03 E04 E05 E06 E07 E08 E09 E10 E11 E12 E13 E14 E15 E16 E17 E18 E19 E20 E21 E22 E23 E24
P01 P02 P03 P04 P05 P06 P07 P08 S01 S02 S03 S04 S05 S06 S07 C01
R01 R02 R03 R04 R05 R06 R07 R08 R09 F01 F02 F03 F04 F05 F06 F07 F08 F09
M01 M02 M03 M04 M05 M06 M07 M08 G01 G02 G03 G04 G05 G06 G07 G08 B01 B02 B03
""".split()  # noqa: SIM905
IDS_2024 = "X01 X02 X03 X04 X05 X06 X07 X08 X09 X10 X11 X12 X13 X14".split()  # noqa: SIM905
# Ids and codes stand in reports, deviation files and issue trackers of other people: they are never renumbered.
CODES = {
    "E01": "InvalidUserType.NotSupported",
    "E02": "Abs.InvalidAccount.NotFound",
    "E03": "MissingParameter",
    "E04": "Forbidden.NotSupportRAM",
    "E05": "UnsupportedParameter",
    "E06": "Forbidden.SubUser",
    "E07": "InvalidParameter",
    "E08": "InvalidInstanceID.Malformed",
    "E09": "InvalidOperation.InvalidRegion",
    "E10": "InvalidOperation.InvalidEcsState",
    "E11": "InvalidOperation.InvalidEniState",
    "E12": "InvalidOperation.DetachPrimaryEniNotAllowed",
    "E13": "InvalidEcsId.NotFound",
    "E14": "InvalidEniId.NotFound",
    "E15": "InvalidVSwitchId.NotFound",
    "E16": "InvalidSecurityGroupId.NotFound",
    "E17": "EniPerInstanceLimitExceeded",
    "E18": "InvalidOperation.AvailabilityZoneMismatch",
    "E19": "InvalidOperation.VpcMismatch",
    "E20": "SecurityGroupInstanceLimitExceed",
    "E21": "InvalidSecurityGroupId.NotVpc",
    "E22": "InvalidOperation.InvalidEniType",
    "E23": "Forbidden.RegionId",
    "E24": "InvalidParams.EniId",
    "X01": "InvalidParameter.EniNotBelongEcs",
    "X02": "InvalidInstanceId.NotFound",
    "X03": "InvalidOperation.EniHotPlugNotSupported",
    "X04": "InvalidOperation.HotPlugNotSupport",
    "X05": "MaxEniCountExceeded",
    "X06": "InvalidOperation.EniServiceManaged",
    "X07": "InvalidOperation.EniLinked",
    "X08": "InvalidOperation.InvalidTrunkEniStatus",
    "X09": "InvalidOperation.TrunkingIsNotAllowed",
    "X10": "InvalidOperation.InstanceTypeNotSupportEniTrunking",
    "X11": "InvalidParameter.EniNotBelongTrunk",
    "X12": "InvalidOperation.EniTypeNotSupportTrunking",
    "X13": "InvalidOperation.HasMemberEniAttached",
    "X14": "InternalError",
}
# For each precondition, the row that documents it and the rows that a reading admits besides: the whole leniency of
# the suite on one page. What is added here can no longer be found wrong, so it is added on purpose or not at all.
ADMITTED = {
    "caller type is supported": "E01 E13 E14",
    "caller's account and key are valid": "E02 E13 E14",
    "RAM user kind is supported": "E04 E13 E14",
    "RAM user is authorised": "E06",
    "caller owns the resources": "E13 E14",
    "region given": "E03 E13 E14",
    "region not empty": "E03 E09 E07 E13 E14",
    "region well-formed": "E09 E07 E13 E14",
    "region exists": "E09 E13 E14",
    "region holds the resources": "E13 E14 E09",
    "region offers the operation": "E23",
    "instance id given": "E03",
    "instance id not empty": "E03 E08 E13 E07",
    "instance id well-formed": "E08 E13 E07",
    "instance exists": "E13",
    "instance Running or Stopped": "E10",
    "instance within its interface limit": "E17",
    "interface id given": "E03",
    "interface id not empty": "E03 E24 E14 E07",
    "interface id well-formed": "E24 E14 E07",
    "interface exists": "E14",
    "interface InUse or Detaching": "E11",
    "interface gone or Deleting": "E11 E14",
    "interface on this instance": "E11 E14 E07",
    "interface not primary": "E12 E22",
    "interface type supported": "E22",
    "vSwitch exists": "E15",
    "security group exists": "E16",
    "zones match": "E18",
    "VPCs match": "E19",
    "security group within its limit": "E20",
    "security group of VPC type": "E21",
    "parameter supported": "E05",
    "text is readable": "E07 E08 E24 E09 E13 E14",
}
ADMITTED_LATER = {
    "instance exists": "X02",
    "instance id well-formed": "X02",
    "instance id not empty": "X02",
    "caller owns the resources": "X02",
    "region holds the resources": "X02",
    "text is readable": "X02",
    "interface on this instance": "X01",
    "interface InUse or Detaching": "X01",
    "interface gone or Deleting": "X01",
    "interface type supported": "X08 X09 X10 X11 X12 X13",
}
EARLIER, LATER = CONTRACTS["2019"], CONTRACTS["2024"]
BOTH = pytest.mark.parametrize("table", [EARLIER, LATER], ids=["2019", "2024"])


FACTS = json.loads((Path(__file__).parent / "page_facts.json").read_text())
"""What the vendor's page says, without its sentences; page_facts.py makes it from the page."""

# --- against the page ----------------------------------------------------------------------------


def test_the_24_errors_are_those_of_the_page_in_its_order():
    """Status and code, row by row: no row is missing, added, moved or misspelt."""
    assert len(FACTS["errors"]) == 24
    assert FACTS["errors"] == [[row.http[0], row.code] for row in ERRORS]
    assert all(len(row.http) == 1 for row in ERRORS)


def test_the_five_parameters_are_those_of_the_page():
    """Name, type, whether required, and the example."""
    assert len(FACTS["parameters"]) == 5
    assert FACTS["parameters"] == [[p.name, p.type, p.declared_required, p.example] for p in PARAMETERS]


def test_the_response_holds_the_request_id_alone():
    """One field; the page promises it whether the call succeeds or not, which is R01."""
    assert FACTS["response"] == [["RequestId", "String"]]
    assert EARLIER.requirements["R01"].title == "Every answer carries a well-formed RequestId"


def test_each_note_of_the_page_is_a_requirement_with_its_refusal():
    """The three sentences under "you should note": the primary interface, and the statuses that the page names."""
    assert [set(named) for named in FACTS["statuses in notes"]] == [set(), detach.LINKED, detach.STEADY]
    refusals = ["DetachPrimaryEniNotAllowed", "InvalidEniState", "InvalidEcsState"]
    for short, refusal in zip(rows.NOTES, refusals, strict=True):
        assert EARLIER.requirements[short].section == "notes"
        (row,) = (row for row in ERRORS if row.code == f"InvalidOperation.{refusal}")
        assert any(rule.contradicted == (short, row.id) for rule in CHECKS)


def test_the_examples_of_the_page_name_the_operation_its_xml_root_and_the_required_parameters():
    request, xml, answer = FACTS["names in examples"]
    assert FACTS["operation"] == [detach.ACTION]
    assert (xml, answer) == ([f"{detach.ACTION}Response", "RequestId"], ["RequestId"])
    assert request == ["Action", *(p.name for p in PARAMETERS if p.declared_required)]


# --- ids -----------------------------------------------------------------------------------------


def test_ids_are_never_renumbered():
    """Every id that was ever published, in the order of publication."""
    assert list(EARLIER.requirements) == IDS_2019
    assert list(LATER.requirements) == IDS_2019[:24] + IDS_2024 + IDS_2019[24:] + ["P09"]


def test_a_code_never_moves_to_another_id():
    assert {row.id: row.code for row in LATER.errors.values()} == CODES
    assert {i: r.code for i, r in EARLIER.requirements.items() if r.kind == "error"} == {
        i: c for i, c in CODES.items() if i.startswith("E")
    }


def test_ids_and_codes_are_unique():
    ids = [r.id for r in (*ERRORS, *detach.ERRORS_2024, *OTHERS)]
    assert len(ids) == len(set(ids))
    assert len({r.code for r in (*ERRORS, *detach.ERRORS_2024)}) == len(ERRORS) + len(detach.ERRORS_2024)
    assert len(EARLIER.rules) == len(CHECKS) - 2, "two identifiers share the rule on readable texts with the first"
    assert len({r.title for r in OTHERS}) == len(OTHERS)


def test_full_ids_have_the_public_prefix_and_can_be_shortened_again():
    assert full_id("E11") == "ENI-DETACH-E11"
    assert short_id("ENI-DETACH-E11") == "E11"
    assert short_id("E11") == "E11"
    assert all(short_id(full_id(short)) == short for short in LATER.requirements)


@BOTH
def test_every_requirement_is_filed_under_its_own_id(table: Operation):
    assert all(short == r.id for short, r in table.requirements.items())
    assert all(short == row.id for short, row in table.errors.items())
    assert all(name == p.name for name, p in table.rules.items())


# --- rows and preconditions ----------------------------------------------------------------------


@BOTH
def test_every_row_is_the_refusal_of_some_precondition_or_a_failure_of_the_service(table: Operation):
    """A row that no precondition admits could never be judged; those that this operation cannot raise are named."""
    reached = {row for p in table.rules.values() for row in (p.own, *p.also)}
    nowhere = set(table.errors) - reached
    assert nowhere == (set() if table.revision == "2019" else {"X03", "X04", "X05", "X06", "X07", "X14"})


@BOTH
def test_every_precondition_refuses_with_rows_that_exist_once_each_its_own_first(table: Operation):
    for name, item in table.rules.items():
        rows = (item.own, *item.also)
        assert len(rows) == len(set(rows)), name
        page = [r for r in table.refusals(name) if r.table == "page"]
        spelt = [r for r in page if r.code not in table.codes]
        assert [r.row for r in page if r not in spelt] == list(rows)
        assert list(table.refusals(name)[: len(rows)]) == page[: len(rows)], "the page comes first"
        for refusal, row in zip(page, rows, strict=False):
            assert (refusal.http, refusal.code) == (table.errors[row].http, table.errors[row].code)
        assert {(r.row, r.http) for r in spelt} <= {(item.own, table.errors[item.own].http)}
        assert {r.because for r in page} == {name}


def test_a_precondition_with_other_admissible_rows_names_its_reading():
    """Who says so? Whatever goes beyond the page's own row is a reading, and says it is."""
    for item in EARLIER.rules.values():
        loose = bool(item.also) and item.name != "interface not primary"
        assert item.source.startswith("reading: ") == loose, item.name
        assert loose or item.source == "page"


@BOTH
def test_an_unknown_precondition_is_an_error(table: Operation):
    with pytest.raises(KeyError):
        table.refusals("interface is blue")


def test_what_the_page_admits_for_a_broken_precondition():
    """Row by row: nothing more is admissible, and nothing less."""
    assert {p.name: " ".join((p.own, *p.also)) for p in EARLIER.rules.values()} == ADMITTED
    later = {
        name: f"{rows} {ADMITTED_LATER[name]}" if name in ADMITTED_LATER else rows for name, rows in ADMITTED.items()
    }
    assert {p.name: " ".join((p.own, *p.also)) for p in LATER.rules.values()} == later


@BOTH
def test_statuses_of_rows_are_refusals(table: Operation):
    """The earlier page knows 400, 403 and 404 only; the later one adds a 500 for a failure of the service."""
    statuses = {status for row in table.errors.values() for status in row.http}
    assert statuses == ({400, 403, 404} if table.revision == "2019" else {400, 403, 404, 500})
    assert all(row.title and row.code == row.code.strip() for row in table.errors.values())


@BOTH
def test_a_requirement_of_a_row_shows_the_row(table: Operation):
    for short, row in table.errors.items():
        made = table.requirements[short]
        assert made.kind == "error" and made.section == "error codes"
        assert (made.http, made.code, made.needs) == (row.http[0], row.code, row.needs)
        assert made.title == f"{row.code}: {row.title}"
        assert made.severity == ("normal" if row.needs == "control" else "critical")
        assert made.source == ("page 2024" if short.startswith("X") else "page")


@BOTH
def test_other_requirements_have_no_code(table: Operation):
    """A code belongs to a row of the table and to nothing else, so that a typo cannot hide."""
    others = [r for r in table.requirements.values() if r.kind != "error"]
    assert others == [*OTHERS, *(detach.OTHERS_2024 if table is LATER else ())]
    assert all(r.http is None and r.code is None and r.needs == "api" for r in others)


def test_kinds_follow_the_letter_of_the_id():
    letters = {
        "P": "parameter", "S": "state", "C": "state", "R": "response", "F": "effect", "M": "relation", "G": "gateway",
        "B": "robustness",
    }  # fmt: skip
    assert all(r.kind == letters[r.id[0]] for r in OTHERS)


@BOTH
def test_codes_of_a_revision(table: Operation):
    assert table.codes == {row.code for row in table.errors.values()}
    assert len(table.codes) == (24 if table.revision == "2019" else 38)


# --- revisions -----------------------------------------------------------------------------------


def test_the_default_is_the_earlier_page():
    assert list(CONTRACTS) == ["2019", "2024"]
    assert [table.revision for table in CONTRACTS.values()] == ["2019", "2024"]


def test_the_later_page_only_adds_rows_and_admissible_refusals():
    """A verdict of the earlier revision cannot be turned by a row that the later one took away."""
    assert {i: LATER.errors[i] for i in EARLIER.errors} == dict(EARLIER.errors)
    assert all(LATER.requirements[i] == r for i, r in EARLIER.requirements.items())
    assert list(LATER.rules) == list(EARLIER.rules)
    for name, item in EARLIER.rules.items():
        later = LATER.rules[name]
        assert later.own == item.own and later.also[: len(item.also)] == item.also
        assert all(row.startswith("X") for row in later.also[len(item.also) :])
        assert later.source == item.source


def test_statuses_of_rows_that_only_the_later_page_has():
    """403, but for three; two sources of the later page disagree on the first."""
    odd = {"X01": (400, 403), "X03": (400,), "X14": (500,)}
    rows = {i: row.http for i, row in LATER.errors.items() if i not in EARLIER.errors}
    assert rows == {i: odd.get(i, (403,)) for i in IDS_2024}


def test_a_row_that_a_healthy_endpoint_may_never_show_says_why():
    """Each of the later page's own rows, and none of the first 24."""
    assert all(row.beyond and row.beyond[0].islower() and not row.beyond.endswith(".") for row in detach.ERRORS_2024)
    assert not any(row.beyond for row in ERRORS)
    for table in (EARLIER, LATER):
        assert all(table.requirements[i].beyond == row.beyond for i, row in table.errors.items())


def test_the_later_page_keeps_the_three_identifiers_required_and_adds_an_optional_one():
    required = ["InstanceId", "NetworkInterfaceId", "RegionId"]
    for table in (EARLIER, LATER):
        assert [p.name for p in table.parameters if p.declared_required] == required
        assert [p.id for p in table.parameters][:3] == ["P01", "P02", "P03"]
        assert {p.type for p in table.parameters} == {"String"}
    assert [p.name for p in LATER.parameters if not p.declared_required] == ["TrunkNetworkInstanceId"]


def test_parameters_that_have_a_requirement_share_its_id():
    for parameter in PARAMETERS:
        assert EARLIER.requirements[parameter.id].title.startswith(parameter.name)
    for parameter in LATER.parameters:
        assert LATER.requirements[parameter.id].title.startswith(parameter.name)


def test_spellings_of_a_missing_parameter():
    """The page's own code, its suffixed form, and the gateway's."""
    assert tuple(missing_codes("RegionId")) == (
        "MissingParameter",
        "MissingParameter.RegionId",
        "MissingRegionId",
    )


@BOTH
def test_a_revision_is_made_of_its_data_alone(table: Operation):
    """Made anew, it is the same: nothing else goes in."""
    made = detach._revision(table.revision)
    assert made == table and made is not table
    for name in ("errors", "rules", "requirements", "parameters", "_refusals"):
        assert getattr(made, name) == getattr(table, name), name
        if name != "parameters":
            assert list(getattr(made, name)) == list(getattr(table, name)), name


def test_tables_cannot_be_changed():
    for mapping in (EARLIER.errors, EARLIER.rules, EARLIER.requirements, CONTRACTS):
        with pytest.raises(TypeError):
            mapping["E99"] = None  # type: ignore[index]


# --- how a World breaks a rule -------------------------------------------------------------------


def test_a_rule_blames_requirements_that_exist_its_own_row_among_them_or_a_sentence_of_the_page():
    for rule in CHECKS:
        assert set(rule.contradicted) <= set(EARLIER.requirements), rule.name
        assert rule.contradicted[-1] == rule.own or not rule.contradicted[0].startswith("E"), rule.name


def test_each_row_is_provoked_in_one_way():
    """By a caller, by an order of the control protocol, or by public operations; the later page's rows say it."""
    kinds = {Caller: "caller", Order: "control", type(None): "api"}
    for rule in EARLIER.rules.values():
        if rule.name != "caller owns the resources":  # its own row is provoked by an unknown instance as well
            assert EARLIER.errors[rule.own].needs == kinds[type(rule.provoke)], rule.name
    assert {row.needs for row in detach.ERRORS_2024} == {"api", "control"}


def test_what_an_order_does_is_taken_back_for_the_same_thing():
    """By its opposite, or by `reset` where it has none; a value that is given goes where the row says."""
    for order in detach.OPS.values():
        did, undone = order.given("x", "value"), order.taken_back("x")
        assert did["op"] == order.op and "x" in did.values() and "x" in undone.values()
        assert undone == {"op": "reset", "id": "x"} or (undone["op"] == order.op and undone != did)
        assert "value" in did.values() or not order.values
    assert detach.OPS["eni.type"].given("eni-1", "Member") == {"op": "eni.type", "id": "eni-1", "type": "Member"}
    assert detach.OPS["region.feature"].taken_back("r") == {"op": "region.feature", "region": "r", "supported": True}


def test_each_optional_parameter_knows_its_requirement():
    """The page of 2019 declares OwnerAccount, the later one a trunk; the SDKs declare all four that name an owner."""
    owners = {"OwnerAccount": "P05", "OwnerId": "P06", "ResourceOwnerId": "P06", "ResourceOwnerAccount": "P06"}
    assert CONTRACTS["2019"].optional == owners
    assert CONTRACTS["2024"].optional == {**owners, "TrunkNetworkInstanceId": "P09"}
