"""Pages and metadata made from the contract with known changes: exactly these changes are found, no others."""

from __future__ import annotations

import argparse
import contextlib
import json
from pathlib import Path

import pytest
from eni_conformance.conformance.drift import Page, Row, Unreadable, differences, main, read_page
from eni_conformance.contract.detach import ACTION, CONTRACTS
from hypothesis import given
from hypothesis import strategies as st

FACTS = json.loads((Path(__file__).parents[1] / "contract" / "page_facts.json").read_text())
EARLIER, LATER = CONTRACTS["2019"], CONTRACTS["2024"]

CHINESE = {
    "titles": ("请求参数", "返回参数", "错误码"),
    "parameters": ("名称", "类型", "是否必选", "示例值", "描述"),
    "response": ("名称", "类型", "示例值", "描述"),
    "errors": ("HttpCode", "错误码", "错误信息", "描述"),
    "yes": ("是", "否"),
    "suffix": " { .section}",
}
ENGLISH = {
    "titles": ("Request parameters", "Response parameters", "Error codes"),
    "parameters": ("Parameter", "Type", "Required", "Example", "Description"),
    "response": ("Parameter", "Type", "Example", "Description"),
    "errors": ("HTTP status code", "Error code", "Error message", "Description"),
    "yes": ("Yes", "No"),
    "suffix": "",
}


def _table(columns, rows):
    lines = ["|" + "|".join(columns) + "|", "|" + "|".join("--" for _ in columns) + "|"]
    return "\n".join([*lines, *("|" + "|".join(cells) + "\n\n |" for cells in rows)])


def markdown(parameters, response, errors, words=CHINESE, title=ACTION):
    """A page in the vendor's layout, of rows (name, type, required), (name, type) and (http, code)."""
    yes, no = words["yes"]
    tables = (
        _table(words["parameters"], [(n, t, yes if r else no, "x-1**** ", "words \\| more") for n, t, r in parameters]),
        _table(words["response"], [(n, t, "473469C7", "words") for n, t in response]),
        _table(words["errors"], [(str(h), c, "%s", "words") for h, c in errors]),
    )
    body = "\n\n".join(
        f"## {t}{words['suffix']}\n\nSome words.\n\n{x}" for t, x in zip(words["titles"], tables, strict=True)
    )
    demo = (
        "## Examples\n\n```\n|a|b|\n## Error codes\n|404|NotARow|\n```\n\n|HttpCode|错误码|\n|--|--|\n|404|NorThis|\n"
    )
    return f"# {title} {{#doc .reference}}\n\nWords.\n\n{body}\n\n{demo}\n"


def metadata(parameters, response, errors, shape="api"):
    """The same as the vendor's metadata: one operation, wrapped, or in a whole product."""
    codes: dict[str, list[dict[str, str]]] = {}
    for http, code in errors:
        codes.setdefault(str(http), []).append({"errorCode": code, "errorMessage": "%s"})
    api = {
        "methods": ["get", "post"],
        "parameters": [
            {"name": n, "in": "query", "schema": {"type": t, "required": r, "example": "x"}} for n, t, r in parameters
        ],
        "responses": {"200": {"schema": {"type": "object", "properties": {n: {"type": t} for n, t in response}}}},
        "errorCodes": codes,
    }
    if shape == "product":
        return json.dumps({"version": "1.0", "apis": {"AttachNetworkInterface": {}, ACTION: api}})
    return json.dumps({"code": 0, "data": api} if shape == "wrapped" else api)


def tables_of(contract):
    """Parameters, response and errors of a revision as plain rows."""
    return (
        [(p.name, p.type, p.declared_required) for p in contract.parameters],
        [("RequestId", "String")],
        [(http, row.code) for row in contract.errors.values() for http in row.http],
    )


def found(contract, text):
    return {(d.kind, d.name) for d in differences(contract, read_page(text))}


# --- no change, no difference --------------------------------------------------------------------


def test_the_reference_page_itself_does_not_differ():
    """Its facts, in the vendor's layout."""
    parameters = [(name, kind, required) for name, kind, required, _ in FACTS["parameters"]]
    page = read_page(markdown(parameters, FACTS["response"], FACTS["errors"]))
    assert differences(EARLIER, page) == []
    assert len(page.parameters) == 5 and len(page.errors) == 24 and list(page.response) == ["RequestId"]
    added = {d.name for d in differences(LATER, page) if d.kind == "error removed"}
    assert added == {row.code for row in LATER.errors.values()} - EARLIER.codes


@pytest.mark.parametrize("contract", [EARLIER, LATER], ids=["2019", "2024"])
@pytest.mark.parametrize("words", [CHINESE, ENGLISH], ids=["Chinese", "English"])
def test_a_page_made_from_the_contract_does_not_differ(contract, words):
    text = markdown(*tables_of(contract), words)
    assert found(contract, text) == set()
    assert found(contract, "\ufeff" + text.replace("\n", "\r\n")) == set()


@pytest.mark.parametrize("contract", [EARLIER, LATER], ids=["2019", "2024"])
@pytest.mark.parametrize("shape", ["api", "wrapped", "product"])
def test_metadata_made_from_the_contract_does_not_differ(contract, shape):
    assert found(contract, metadata(*tables_of(contract), shape)) == set()


# --- exactly the injected changes ----------------------------------------------------------------

NEW_PARAMETERS = [("DryRun", "Boolean", False), ("ClientToken", "String", False), ("Force", "Boolean", True)]
NEW_ERRORS = [(403, "OperationConflict"), (400, "InvalidParameters"), (500, "InternalFailure"), (404, "InvalidEniId")]
NEW_FIELDS = [("TaskId", "String"), ("Attempts", "Integer")]


@st.composite
def mutations(draw, contract):
    """(parameters, response, errors) of a page that was changed, and the differences that this makes."""
    parameters, response, errors = [], [], []
    expected = set()
    for p in contract.parameters:
        match draw(st.sampled_from(("keep", "keep", "drop", "retype", "flip", "both"))):
            case "drop":
                expected.add(("parameter missing", p.name))
            case change:
                retype, flip = change in ("retype", "both"), change in ("flip", "both")
                parameters.append((p.name, "Integer" if retype else p.type, p.declared_required != flip))
                expected |= {("parameter type", p.name)} if retype else set()
                expected |= {("parameter required", p.name)} if flip else set()
    for row in contract.errors.values():
        match draw(st.sampled_from(("keep", "keep", "keep", "drop", "restatus", "first"))):
            case "drop":
                expected.add(("error removed", row.code))
            case "restatus":
                errors.append((409, row.code))
                expected.add(("error status", row.code))
            case "first":
                errors += [(row.http[0], row.code)] * 2
            case _:
                errors += [(http, row.code) for http in row.http]
    if draw(st.booleans()):
        retype = draw(st.booleans())
        response.append(("RequestId", "Long" if retype else "String"))
        expected |= {("response type", "RequestId")} if retype else set()
    else:
        expected.add(("response missing", "RequestId"))
    for new, rows, kind, name in (
        (NEW_PARAMETERS, parameters, "parameter added", 0),
        (NEW_ERRORS, errors, "error added", 1),
        (NEW_FIELDS, response, "response added", 0),
    ):
        for item in draw(st.lists(st.sampled_from(new), unique=True)):
            rows.append(item)
            expected.add((kind, item[name]))
    return [draw(st.permutations(rows)) for rows in (parameters, response, errors)], expected


@given(data=st.data(), contract=st.sampled_from((EARLIER, LATER)), words=st.sampled_from((CHINESE, ENGLISH)))
def test_every_change_of_a_page_is_found_and_nothing_else(data, contract, words):
    tables, expected = data.draw(mutations(contract))
    assert found(contract, markdown(*tables, words)) == expected


@given(data=st.data(), contract=st.sampled_from((EARLIER, LATER)), shape=st.sampled_from(("api", "wrapped", "product")))
def test_every_change_of_metadata_is_found_and_nothing_else(data, contract, shape):
    """Metadata never lists Action, which is common to all operations: its absence is no difference."""
    tables, expected = data.draw(mutations(contract))
    assert found(contract, metadata(*tables, shape)) == expected - {("parameter missing", "Action")}


def test_a_difference_names_both_sides():
    parameters, _, errors = tables_of(EARLIER)
    parameters = [("InstanceId", "Long", False), *parameters[2:], ("DryRun", "Boolean", False)]
    errors = [(404, "MissingParameter"), *errors[3:], (403, "New"), (409, "New")]
    text = markdown(parameters, [("TaskId", "String")], [e for e in errors if e[1] != "Forbidden.SubUser"])
    assert [(d.kind, d.name, d.contract, d.page) for d in differences(EARLIER, read_page(text))] == [
        ("parameter type", "InstanceId", "String", "Long"),
        ("parameter required", "InstanceId", "required", "optional"),
        ("parameter missing", "NetworkInterfaceId", "String, required", ""),
        ("parameter added", "DryRun", "", "Boolean, optional"),
        ("error removed", "InvalidUserType.NotSupported", "403", ""),
        ("error removed", "Abs.InvalidAccount.NotFound", "403", ""),
        ("error status", "MissingParameter", "400", "404"),
        ("error removed", "Forbidden.SubUser", "403", ""),
        ("error added", "New", "", "403/409"),
        ("response missing", "RequestId", "String", ""),
        ("response added", "TaskId", "", "String"),
    ]
    assert str(differences(EARLIER, read_page(text))[3]) == (
        "parameter added     DryRun: contract has none, page Boolean, optional"
    )


def test_a_code_may_have_any_of_the_statuses_that_the_contract_admits_but_no_other():
    """The later revision admits 400 and 403 for EniNotBelongEcs, as its sources disagree."""
    parameters, response, errors = tables_of(LATER)
    code = "InvalidParameter.EniNotBelongEcs"
    others = [e for e in errors if e[1] != code]
    for statuses, expected in (
        ((400,), set()), ((403,), set()), ((403, 400), set()), ((400, 404), {("error status", code)}),
    ):  # fmt: skip
        text = markdown(parameters, response, [*others, *((s, code) for s in statuses)])
        assert found(LATER, text) == expected


# --- reading -------------------------------------------------------------------------------------


def test_columns_are_found_by_their_heading_in_any_order():
    text = markdown(*tables_of(EARLIER), ENGLISH)
    text = text.replace("|Parameter|Type|Required|", "|Required|Type|`Name`|")
    for name, kind, required in tables_of(EARLIER)[0]:
        said = "Yes" if required else "No"
        text = text.replace(f"|{name}|{kind}|{said}|", f"|{said}|{kind}|**{name}**|")
    assert found(EARLIER, text) == set()


def test_rows_need_no_closing_bar_and_a_table_may_be_repeated_below_a_deeper_heading():
    text = markdown([("InstanceId", "String", True)], [("RequestId", "String")], [(400, "A")], ENGLISH)
    text = text.replace("|400|A|%s|words\n\n |", "|400|A\n\n### More\n\n|Error code|HTTP status code|\n|:-|-:|\n|B|404")
    assert read_page(text).errors == {"A": frozenset({400}), "B": frozenset({404})}


def test_types_match_whatever_their_case():
    parameters, _, errors = tables_of(EARLIER)
    lower = [(n, t.lower(), r) for n, t, r in parameters]
    assert found(EARLIER, metadata(lower, [("RequestId", "string")], errors)) == set()


def test_a_parameter_listed_twice_in_metadata_counts_once():
    """The vendor's files often list RegionId twice."""
    parameters, response, errors = tables_of(EARLIER)
    assert found(EARLIER, metadata([*parameters, parameters[2]], response, errors)) == set()
    assert found(EARLIER, metadata([*parameters, ("RegionId", "String", False)], response, errors)) == set()


def test_metadata_without_errors_and_response_is_compared_by_its_parameters_alone():
    """Some of the vendor's files hold parameters only, with type and required beside the name."""
    text = json.dumps(
        {
            "name": ACTION,
            "parameters": [{"name": "InstanceId", "position": "Query", "type": "String", "required": True}],
        }
    )
    page = read_page(text)
    assert page == Page({"InstanceId": Row("String", True)}, None, None, frozenset({"Action"}))
    assert found(EARLIER, text) == {
        ("parameter missing", n) for n in ("NetworkInterfaceId", "RegionId", "OwnerAccount")
    }


def test_a_field_of_the_response_without_a_type_is_a_difference_of_type():
    text = json.dumps({"parameters": [], "responses": {"200": {"schema": {"properties": {"RequestId": {}, "X": 1}}}}})
    assert read_page(text).response == {"RequestId": Row(""), "X": Row("")}
    kinds = [(d.kind, d.name, d.page) for d in differences(EARLIER, read_page(text)) if "response" in d.kind]
    assert kinds == [("response type", "RequestId", "no type"), ("response added", "X", "no type")]


GOOD = markdown([("InstanceId", "String", True)], [("RequestId", "String")], [(400, "A")], ENGLISH)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        (" \n\t", "it is empty"),
        ("Hello\n", "no heading 'Request parameters'"),
        (GOOD.replace("## Response parameters", "## Answers"), "no heading 'Response parameters'"),
        (GOOD.replace("## Error codes", "## Mistakes"), "no heading 'Error codes'"),
        (GOOD.replace("# DetachNetworkInterface", "# AttachNetworkInterface"), "the page of AttachNetworkInterface"),
        (GOOD.replace("|Required|", "|Needed|"), "the table below 'request parameters' has no column for: required"),
        (GOOD.replace("|HTTP status code|Error code|", "|a|b|"), "'error codes' has no column for: status, code"),
        (GOOD.replace("|InstanceId|String|Yes|", "|InstanceId|String|Maybe|"), "whether InstanceId is required is"),
        (GOOD.replace("|400|A|", "|4oo|A|"), "the status of A is given as '4oo'"),
        (GOOD.replace("|400|A|%s|words", "|400"), "a row below 'error codes' is cut short"),
        ("{", "it looks like JSON and is not"),
        ("[1, 2]", "it is JSON, and not an object"),
        ("{}", "it holds no list of parameters"),
        ('{"code": 0, "data": {"apis": {}}}', f"a product without {ACTION}"),
        ('{"apis": {"AttachNetworkInterface": {"parameters": []}}}', f"a product without {ACTION}"),
        ('{"action": "AttachNetworkInterface", "parameters": []}', "it describes AttachNetworkInterface, not"),
        ('{"name": "AttachNetworkInterface", "parameters": []}', "it describes AttachNetworkInterface, not"),
        ('{"parameters": [{}]}', "a parameter without a name"),
        ('{"parameters": ["x"]}', "a parameter without a name"),
        ('{"parameters": [], "errorCodes": []}', "errorCodes is not an object"),
        ('{"parameters": [], "errorCodes": {"400": {}}}', "errorCodes.400 is not a list"),
        ('{"parameters": [], "errorCodes": {"400": [{}]}}', "errorCodes.400 holds a row without errorCode"),
        ('{"parameters": [], "errorCodes": {"4xx": [{"errorCode": "A"}]}}', "the status of A is given as '4xx'"),
        ("[" * 100000, "it looks like JSON and is not"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(text, said):
    with pytest.raises(Unreadable) as refused:
        read_page(text)
    assert said in str(refused.value)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    """Never another exception, whatever somebody points the command at."""
    with contextlib.suppress(Unreadable):
        assert differences(EARLIER, read_page(text))


KEYS = (
    "data", "apis", ACTION, "parameters", "name", "schema", "type", "required", "errorCodes", "400", "errorCode",
    "responses", "200", "properties", "RequestId",
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(("String", ACTION))


@given(st.recursive(LEAVES, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from(KEYS), x, max_size=4)))
def test_any_json_is_read_or_refused(value):
    with contextlib.suppress(Unreadable):
        assert differences(EARLIER, read_page(json.dumps([value] if isinstance(value, str) else value)))


# --- the command ---------------------------------------------------------------------------------


def _main(page, **more):
    return main(argparse.Namespace(page=str(page), **more))


def test_exit_0_and_one_line_without_a_difference(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(markdown(*tables_of(EARLIER)), encoding="utf-8")
    assert _main(page) == 0
    assert capsys.readouterr().out == f"no difference between the contract, revision 2019, and {page}\n"
    assert _main(page, revision="2024", json=False) == 1


def test_exit_1_and_a_line_for_each_difference(tmp_path, capsys):
    parameters, response, errors = tables_of(LATER)
    page = tmp_path / "api.json"
    page.write_text(metadata(parameters, response, errors[1:]), encoding="utf-8")
    assert _main(page, revision="2024") == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first == "error removed       InvalidUserType.NotSupported: contract 403, page has none"
    assert last == f"1 difference between the contract, revision 2024, and {page}"


def test_what_was_not_compared_is_said(tmp_path, capsys):
    page = tmp_path / "api.json"
    page.write_text(json.dumps({"parameters": []}), encoding="utf-8")
    assert _main(page) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "not compared: error codes (the file has none)" in lines
    assert "not compared: response parameters (the file has none)" in lines
    assert lines[-1].startswith("4 differences between")
    assert _main(page, revision="2019", json=True) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["not_compared"] == ["error codes", "response parameters"]
    assert (shown["revision"], shown["page"], len(shown["differences"])) == ("2019", str(page), 4)
    assert shown["differences"][0] == {
        "kind": "parameter missing",
        "name": "InstanceId",
        "contract": "String, required",
        "page": "",
    }


def test_exit_2_and_a_reason_for_what_cannot_be_read(tmp_path, capsys):
    latin = tmp_path / "latin"
    latin.write_bytes(b"\xff\xfe")
    empty = tmp_path / "empty"
    empty.write_text("")
    for page, said in (
        (tmp_path / "none", "No such file"), (tmp_path, "directory"), (latin, "not UTF-8"), (empty, "it is empty"),
    ):  # fmt: skip
        assert _main(page) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert shown.err.startswith(f"eni-conformance drift: {page}: ") and said in shown.err


def test_the_response_of_the_contract_is_the_one_row_of_the_page():
    assert all(dict(contract.response) == {"RequestId": "String"} for contract in CONTRACTS.values())
