"""What is told beside the verdicts: the common table, what was seen once, what may pass, what the target lacks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import report_samples
from eni_conformance.oracle.results import Again, Results, Target, parse
from eni_conformance.reports import causes, html, junit, schemas, summary, values
from eni_conformance.reports.history import Line
from report_samples import changed, plain, stored

FORBIDDEN_RAM = [{"answer": "403 Forbidden.RAM", "n": 12}]


def _results(**changes: Any) -> Results:
    return parse({"run": {"id": "x", "exit": 0}, **changes})


def _row(short: str = "E06", verdict: str = "conforms", **changes: Any) -> dict[str, Any]:
    return {"id": f"ENI-DETACH-{short}", "title": short, "kind": "error", "verdict": verdict, "judged": 12, **changes}


def _entry(short: str = "E11", tried: int = 2, failed_again: int = 2, **changes: Any) -> dict[str, Any]:
    again = {"tried": tried, "failed_again": failed_again}
    name = f"{short}.json"
    return {"requirement": short, "also": [], "evidence": name, "key": short, "count": 1, "again": again, **changes}


def _section(page: str, ident: str) -> str:
    start = page.index(f'<section id="{ident}"')
    return page[start : page.index("</section>", start)]


# --- the model ---------------------------------------------------------------------------------------


def test_files_of_older_suites_load_as_if_nothing_was_added() -> None:
    results = _results(requirements=[_row()], violations=[{"evidence": "a.json", "count": 2}])
    assert (results.once, results.passing, results.run.strict) == ((), (), False)
    assert results.target == Target()
    assert results.requirements[0].by_common == ()
    assert results.violations[0].again is None
    assert not values.lines(results) + values.first_screen(results) + values.target(results)
    page = html.render(results, [])
    assert 'id="once"' not in page
    assert 'id="beside"' not in page


def test_a_run_of_counted_calls_tells_what_they_bought() -> None:
    told = {"calls": 300, "spent": 298, "rows": 24, "judged": 23, "pairs": 812, "kills": 0.52}
    results = _results(bought=told)
    sentence = (
        "298 of at most 300 calls were sent: 23 of 24 rows of the error table judged, 812 pairs of values met; "
        "runs of this size find 52% of the embedded emulator's faults"
    )
    assert values.bought(results) == sentence
    assert f"{sentence.replace(chr(39), '&#39;')}." in html.render(results, [])
    assert sentence.split(";")[0] in " ".join(summary.text(results).split())
    assert sentence.split(";")[0] in summary.markdown(results)


def test_what_so_few_calls_find_is_not_told_where_nothing_was_measured() -> None:
    results = _results(bought={"calls": 40, "spent": 40, "rows": 24, "judged": 2, "pairs": 1})
    assert values.bought(results).endswith("2 of 24 rows of the error table judged, 1 pair of values met")
    assert values.bought(_results()) == ""


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("once.0.again", {"tried": -1, "failed_again": 0}),
        ("once.0.evidence", None),
        ("passing.0", {"operation": "DescribeRegions"}),
        ("requirements.5.by_common", [{"answer": "403 Forbidden.RAM"}]),
        ("target.control_problems", ["eni.status"]),
        ("run.strict", "yes"),
    ],
)
def test_the_schema_refuses_wrong_additions(path: str, value: Any) -> None:
    data = changed(report_samples.lenient()[0], path, value)
    schema = json.loads(schemas.RESULTS.read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema, jsonschema.Draft202012Validator)


# --- the common table --------------------------------------------------------------------------------


def test_a_row_conforms_by_the_common_table_only_where_its_own_answer_never_came() -> None:
    never, both = (_results(requirements=[_row(by_common=FORBIDDEN_RAM, provoked=n)]) for n in (0, 4))
    assert [r.id for r in values.common_rows(never)] == ["ENI-DETACH-E06"]
    assert values.common(never.requirements[0]) == "by the common table: 403 Forbidden.RAM (12)"
    assert values.common_rows(both) == ()
    assert values.common(both.requirements[0]) == "also by the common table: 403 Forbidden.RAM (12)"


def test_a_row_that_does_not_conform_is_not_counted_by_the_common_table() -> None:
    for changes in ({"verdict": "violated"}, {"judged": 0}):
        row = {**_row(by_common=FORBIDDEN_RAM, provoked=0), **changes}
        results = _results(requirements=[row])
        assert values.common_rows(results) == ()


def test_the_page_tells_the_common_table_in_the_first_screen_the_row_and_a_section(runs: dict[str, Path]) -> None:
    results, items = stored(runs["lenient"])
    page = html.render(results, items)
    assert "2 rows conform by the common table" in plain(_section(page, "verdict"))
    start = page.index('id="ENI-DETACH-E06"')
    row = page[start : page.index("</tr>", start)]
    assert "by the common table: 403 Forbidden.RAM (12)" in plain(row[: row.index("</summary>")])
    assert "the page's own answer never came" in row
    start = page.index('id="ENI-DETACH-E09"')
    assert "also by the common table: 404 InvalidRegionId.NotFound (3)" in page[start : page.index("</tr>", start)]
    told = plain(_section(page, "beside"))
    assert "E06 403 Forbidden.RAM 12 403 Forbidden.SubUser never" in told
    assert "E09 404 InvalidRegionId.NotFound 3 400 InvalidOperation.InvalidRegion 7" in told


# --- seen once ---------------------------------------------------------------------------------------


def test_what_was_seen_once_is_no_finding_and_has_a_card_of_its_own(runs: dict[str, Path]) -> None:
    results, items = stored(runs["lenient"])
    assert causes.findings(results, items) == []
    found = causes.seen_once(results, items)
    assert sorted((f.requirement_id, f.again, f.also) for f in found) == [
        ("ENI-DETACH-F04", "not in 3 further tries", ("ENI-DETACH-S01",)),
        ("ENI-DETACH-F05", "not in 3 further tries", ()),
    ]
    page = html.render(results, items)
    assert 'id="findings"' not in page
    section = _section(page, "once")
    told = plain(section)
    for part in (
        "the detached interface was InUse again for a moment",
        "once, not in 3 further tries",
        "ENI-DETACH-F05 The interface becomes Available and stays so",
        "what is odd is what happened.",
        "evidence/F05-0b0b0b.json --target target.toml",
        "exit status 1 means that it was seen again",
        "World before the call",
        "No violations: each of these was seen once",
    ):
        assert part in told
    for red in ("violated", "severity", "card bad", "Who breaks", "certainty"):
        assert red not in section
    assert "2 findings were seen once, and not again" in plain(_section(page, "verdict"))


def test_a_violated_run_keeps_what_was_seen_once_apart(runs: dict[str, Path]) -> None:
    results, items = stored(runs["confirmed"])
    assert {f.verdict for f in causes.findings(results, items)} == {"violated"}
    assert len(causes.findings(results, items)) == 6
    assert sorted(f.file for f in causes.seen_once(results, items)) == ["F04-0a11ce.json", "F05-0b0b0b.json"]


def test_a_cause_that_another_worker_saw_again_is_not_told_as_seen_once() -> None:
    same = _entry("F04", 3, 0, evidence="F04-b.json")
    results = _results(requirements=[_row("F04", "violated")], violations=[_entry("F04")], once=[same])
    assert values.once(results) == ()
    other = _results(requirements=[_row("F04", "violated")], violations=[_entry("F04")], once=[{**same, "key": "k"}])
    assert len(values.once(other)) == 1


def test_two_workers_that_saw_the_same_once_tell_it_together() -> None:
    data = report_samples.results()
    once = [_entry("F04", 3, 0, evidence=f"F04-{n}.json") for n in (1, 2)]
    (found,) = causes.seen_once(parse({**data, "once": once}), [])
    assert (found.seen, found.again, found.evidence) == (2, "not in 6 further tries", None)
    page = plain(html.render(parse({**data, "once": once}), []))
    assert "No evidence file of this finding was stored." in page


@pytest.mark.parametrize(
    ("tried", "failed_again", "words"),
    [
        (0, 0, "not tried again"),
        (1, 0, "not in 1 further try"),
        (3, 0, "not in 3 further tries"),
        (2, 1, "again 1 of 2: what rests on a clock counts only if it is seen each time"),
    ],
)
def test_how_often_it_was_not_seen_again(tried: int, failed_again: int, words: str) -> None:
    assert values.not_again(Again(tried, failed_again)) == words


# --- violations that were seen again -----------------------------------------------------------------


def test_every_published_finding_says_how_often_it_was_seen_again(runs: dict[str, Path]) -> None:
    results, items = stored(runs["confirmed"])
    told = {f.requirement_id.removeprefix("ENI-DETACH-"): (f.again, f.sure) for f in causes.findings(results, items)}
    assert told["E12"] == ("again 2 of 2", True)
    assert told["M03"] == ("again 3 of 5", False)
    assert told["X01"] == ("once: a failure of an installation on this machine counts at once", False)
    findings = plain(_section(html.render(results, items), "findings"))
    assert findings.count("again 3 of 5") == 2, "in the list and at the finding"
    assert findings.count("counts at once") == 2


def test_without_a_count_in_the_results_the_evidence_tells_it(runs: dict[str, Path]) -> None:
    results, items = stored(runs["violated"])
    told = {f.requirement_id.removeprefix("ENI-DETACH-"): (f.again, f.sure) for f in causes.findings(results, items)}
    assert told["E12"] == ("again 10 of 10", True)
    assert told["M03"] == ("again 7 of 10", False)


def test_a_violation_without_a_file_tells_it_too() -> None:
    bad = _row("R07", "violated", reason="a RequestId came twice")
    results = _results(requirements=[bad], violations=[_entry("R07", 2, 2, evidence="")])
    (found,) = causes.findings(results, [])
    assert found.again == "again 2 of 2"


# --- answers that may pass, and the target -----------------------------------------------------------


def test_a_run_whose_only_findings_may_pass_says_how_many_of_each() -> None:
    passing = [
        {"operation": "DetachNetworkInterface", "answer": "400 OperationConflict", "n": 3},
        {"operation": "AttachNetworkInterface", "answer": "500 UnknownError", "n": 1},
    ]
    results = _results(requirements=[_row()], passing=passing)
    line = "may pass: 3 x 400 OperationConflict (DetachNetworkInterface), 1 x 500 UnknownError (AttachNetworkInterface)"
    assert line in re.sub(r"\s+", " ", summary.text(results))
    assert "Fit for release: 1 of 1 requirements conform" in summary.text(results)
    page = html.render(results, [])
    assert "4 answers came that may pass" in plain(_section(page, "verdict"))
    told = plain(_section(page, "beside"))
    assert "DetachNetworkInterface 400 OperationConflict 3 AttachNetworkInterface 500 UnknownError 1" in told
    assert 'id="common"' not in page


def test_a_run_says_after_which_answers_the_set_up_sent_its_calls_again() -> None:
    repeated = [
        {"operation": "DescribeNetworkInterfaces", "answer": "500 InternalError", "n": 1090},
        {"operation": "AttachNetworkInterface", "answer": "reset", "n": 1},
    ]
    results = _results(requirements=[_row()], repeated=repeated)
    told = re.sub(r"\s+", " ", summary.text(results))
    assert "sent again after: DescribeNetworkInterfaces answered 500 InternalError 1,090 times" in told
    assert "AttachNetworkInterface answered reset once" in told
    page = html.render(results, [])
    assert "DescribeNetworkInterfaces 500 InternalError 1090" in plain(_section(page, "beside"))


def test_what_the_target_lacks_stands_beside_its_description(runs: dict[str, Path]) -> None:
    results, items = stored(runs["lenient"])
    assert values.target(results) == (
        "Not offered here: signature V3. What needs it is not judged.",
        "XML does not work here, and the target file does not say so. "
        'Where that is meant, write into it: [offers] formats = ["json"].',
        "Control order eni.status: reset put the interface back to InUse after an accepted detach. "
        "The rows that rest on it are not exercised.",
        "Its clock is 12 s behind; the run has corrected for that.",
    )
    box = _section(html.render(results, items), "verdict").partition('id="target"')[2]
    assert "Control order eni.status" in box
    whole = {"formats": ["json", "xml"], "signing": ["v1", "v3"]}
    assert (
        values.target(_results(target={"offers": whole, "undeclared": [], "control_problems": {}, "skew": 0.4})) == ()
    )
    declared = _results(target={"offers": {"formats": ["json"], "signing": []}})
    assert values.target(declared) == ("Not offered here: XML. What needs it is not judged.",)


def test_a_strict_run_says_so_everywhere() -> None:
    results = _results(run={"id": "x", "exit": 0, "strict": True}, requirements=[_row()])
    assert "Judged by the page alone ( --strict )" in plain(_section(html.render(results, []), "verdict"))
    assert "judged by the page alone (--strict)" in summary.text(results)
    assert "judged by the page alone" in summary.markdown(results)
    assert '<property name="judged by" value="the page alone" />' in junit.render(results, [])


def test_how_long_a_requirement_has_been_violated() -> None:
    past = [Line({}, f"r{n}", violated=ids) for n, ids in enumerate((("A",), (), ("A",), ("A", "B")))]
    assert values.since(past, "A") == "violated in the last 2 runs, since r2"
    assert values.since(past, "B") == "new in this run"
    assert values.since(past, "C") == ""
    assert values.since(past[2:], "A") == "violated in the last 2 runs, since r2 or earlier"
    assert values.since(past[:1], "A") == ""
