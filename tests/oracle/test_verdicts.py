"""From counters to verdicts: nothing conforms that was not judged, and the rules apply in their order."""

from __future__ import annotations

from collections import Counter

import pytest
from eni_conformance.contract import codec
from eni_conformance.contract.detach import CONTRACTS, full_id, short_id
from eni_conformance.oracle import verdicts
from eni_conformance.oracle.results import Again, Violation
from eni_conformance.oracle.tally import Problem, Record, Tally, summed
from eni_conformance.oracle.verdicts import (
    published,
    repeated_request_ids,
    seen_once,
    verdict_of,
)
from hypothesis import given
from hypothesis import strategies as st

PAGE, LATER = CONTRACTS["2019"], CONTRACTS["2024"]
EVERYBODY = frozenset(verdicts.CALLER_OF.values())
ROW, SENTENCE = PAGE.requirements["E11"], PAGE.requirements["S01"]
OTHER_CODE = "the faults that this code is for were refused with other admissible codes; the code itself never came"
NOTHING = {
    "judged": 0, "provoked": 0, "violated": False, "errors": [], "doubts": Counter(), "undecided": Counter(),
    "missing": Counter(), "absent_caller": "", "incomplete": "",
}  # fmt: skip
EVERYTHING = {
    "judged": 5, "provoked": 5, "violated": True, "errors": ["broke", "again"], "doubts": Counter(late=2, odd=1),
    "undecided": Counter(slow=1, lost=2), "missing": Counter(alpha=1, beta=3), "absent_caller": "ram_denied",
    "incomplete": "interrupted",
}  # fmt: skip


def judge(requirement=SENTENCE, **more):
    return verdict_of(requirement, **{**NOTHING, **more})


def fold(*given):
    """As results.json has it."""
    return codec.plain(verdicts.fold(*given))


def coverage(*given):
    """As results.json has it."""
    return codec.plain(verdicts.coverage(*given))


def counted(*tallies):
    """What each worker wrote down."""
    return [tally.record(f"gw{n}", {}) for n, tally in enumerate(tallies)]


def entry(short, records, contract=PAGE, callers=EVERYBODY, incomplete=""):
    made = {short_id(e["id"]): e for e in fold(contract, records, callers, incomplete)}
    return made[short]


def record(credit=(), **more):
    """A worker's record."""
    tally = Tally()
    tally.credit(credit, 1, "account", "GET")
    return tally.record("w", {}, **more)


def violation(requirement, also=(), evidence="e-1.json", count=1, summary="it was wrong", **more):
    return Violation(evidence, count, requirement, also, summary=summary, **more)


# --- one verdict ---------------------------------------------------------------------------------


def test_nothing_known_is_not_exercised():
    for requirement in (ROW, SENTENCE):
        assert judge(requirement) == ("not-exercised", "nothing in this run was meant to provoke it")


def test_the_rules_apply_in_their_order():
    """violated, error, in doubt, conforms, inconclusive, not exercised: each only if none before it applies."""
    left = dict(EVERYTHING)
    expected = [
        ("violated", ("violated", "")),
        ("errors", ("error", "broke")),
        ("doubts", ("inconclusive", "late (2 times); odd")),
        ("judged", ("conforms", "")),
        ("undecided", ("inconclusive", "lost (tried 2 times)")),
        ("incomplete", ("not-exercised", "interrupted")),
        ("missing", ("not-exercised", "this target does not offer: beta")),
        ("absent_caller", ("not-exercised", "the target file has no [callers.ram_denied]")),
    ]
    for requirement in (ROW, SENTENCE):
        left = dict(EVERYTHING)
        for name, verdict in expected:
            assert verdict_of(requirement, **left) == verdict, name
            left[name] = NOTHING[name]
        assert verdict_of(requirement, **left)[1] == "nothing in this run was meant to provoke it"


def test_a_row_conforms_only_if_its_code_came():
    """Refused with other admissible codes throughout, a row was tried and not seen."""
    assert judge(ROW, judged=3, provoked=1) == ("conforms", "")
    assert judge(ROW, judged=3) == ("inconclusive", OTHER_CODE)
    assert judge(ROW, judged=3, undecided=Counter(slow=1), missing=Counter(x=1)) == ("inconclusive", OTHER_CODE)
    assert judge(SENTENCE, judged=1) == ("conforms", "")
    assert judge(ROW, provoked=1)[0] == "not-exercised"


EVIDENCE = st.fixed_dictionaries(
    {
        "judged": st.integers(0, 3), "provoked": st.integers(0, 3), "violated": st.booleans(),
        "errors": st.lists(st.just("broke"), max_size=2),
        "doubts": st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 3), max_size=2).map(Counter),
        "undecided": st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 3), max_size=2).map(Counter),
        "missing": st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 3), max_size=2).map(Counter),
        "absent_caller": st.sampled_from(("", "expired")), "incomplete": st.sampled_from(("", "interrupted")),
    }
)  # fmt: skip


@given(st.sampled_from(list(LATER.requirements.values())), EVIDENCE)
def test_zero_judged_calls_never_conform_and_a_violation_never_hides(requirement, evidence):
    verdict, reason = verdict_of(requirement, **evidence)
    assert verdict in ("violated", "error", "conforms", "inconclusive", "not-exercised")
    if not evidence["judged"]:
        assert verdict != "conforms"
    assert (verdict == "violated") == evidence["violated"]
    if evidence["errors"] and not evidence["violated"]:
        assert verdict == "error"
    if evidence["doubts"]:
        assert verdict != "conforms"
    assert bool(reason) == (verdict not in ("violated", "conforms"))


# --- folding records -----------------------------------------------------------------------------


@pytest.mark.parametrize("contract", [PAGE, LATER], ids=["2019", "2024"])
def test_an_empty_run_exercises_nothing_and_lists_everything(contract):
    made = fold(contract, [], EVERYBODY)
    assert [e["id"] for e in made] == [full_id(short) for short in contract.requirements]
    assert {e["verdict"] for e in made} == {"not-exercised"}
    for one in made:
        requirement = contract.requirements[short_id(one["id"])]
        assert (one["title"], one["kind"], one["http"], one["code"]) == (
            requirement.title, requirement.kind, requirement.http, requirement.code
        )  # fmt: skip
        assert (one["section"], one["source"], one["severity"]) == (
            requirement.section, requirement.source, requirement.severity
        )  # fmt: skip
        assert (one["judged"], one["provoked"], one["evidence"], one["violations"], one["missing"]) == (0, 0, [], 0, "")
        assert one["strength"] == {
            "bound": None, "worlds": 0, "callers": 0, "wire_forms": 0, "faults_killed": None, "unproven": False,
            "thin": False,
        }  # fmt: skip


def test_a_row_that_need_never_come_says_what_it_would_take():
    for entry in fold(LATER, [], EVERYBODY):
        beyond = LATER.requirements[short_id(entry["id"])].beyond
        assert entry["reason"] == (beyond or "nothing in this run was meant to provoke it")


def test_how_a_requirement_can_be_provoked_is_said():
    made = {short_id(e["id"]): e["how"] for e in fold(PAGE, [], EVERYBODY)}
    assert (made["E11"], made["E06"], made["E15"], made["S01"]) == (
        "public operations", "a caller of the target file", "control protocol", "public operations"
    )  # fmt: skip


def test_the_records_of_all_workers_count_together():
    one, two = Tally(), Tally()
    one.credit(("S01", "E12"), 1, "account", "GET")
    one.credit(("S01",), 2, "account", "POST", 3)
    two.credit(("S01",), 1, "expired", "GET")
    one.provoked["E12"] += 2
    made = entry("S01", counted(one, two))
    assert (made["verdict"], made["reason"], made["judged"]) == ("conforms", "", 5)
    assert made["strength"]["bound"] == 0.6
    assert (made["strength"]["worlds"], made["strength"]["callers"], made["strength"]["wire_forms"]) == (2, 2, 2)
    made = entry("E12", counted(one, two))
    assert (made["verdict"], made["judged"], made["provoked"]) == ("conforms", 1, 2)
    assert made["strength"]["bound"] == 3.0


def test_a_violation_counts_for_every_requirement_that_it_names():
    records = [
        record(credit=("S01", "E12"), violations=(violation("S01", ("E12",), "b.json", 2, "first"),)),
        record(
            violations=(
                violation("S01", (), "a.json", 3, "second"),
                violation("S01", (), "b.json", 1, "third"),
            )
        ),
    ]
    made = entry("S01", records)
    assert (made["verdict"], made["reason"], made["violations"]) == ("violated", "first", 6)
    assert made["evidence"] == ["evidence/b.json", "evidence/a.json"]
    made = entry("E12", records)
    assert (made["verdict"], made["violations"], made["evidence"]) == ("violated", 2, ["evidence/b.json"])
    assert entry("S02", records)["verdict"] == "not-exercised"


def test_a_violation_without_an_evidence_file_names_none():
    """A RequestId that two workers received has no single call to show."""
    made = entry("R07", [record(violations=(violation("R07", evidence=""),))])
    assert (made["verdict"], made["evidence"], made["violations"]) == ("violated", [], 1)


def test_an_error_of_ours_is_shown_for_each_requirement_that_it_hit():
    records = [record(credit=("S01", "S02"), errors=(Problem("S01 E12", "no vSwitch"),))]
    records.append(Record(errors=(Problem(text="nobody in particular"),)))
    assert (entry("S01", records)["verdict"], entry("S01", records)["reason"]) == ("error", "no vSwitch")
    assert entry("E12", records)["verdict"] == "error"
    assert entry("S02", records)["verdict"] == "conforms"


def test_the_commonest_reason_is_given():
    one, two = Tally(), Tally()
    one.undecided(("F02",), "slow")
    for _ in range(2):
        two.undecided(("F02",), "throttled")
        two.lacks(("E15",), "vswitch.remove")
    one.lacks(("E15", "E16"), "control")
    records = counted(one, two)
    assert (entry("F02", records)["verdict"], entry("F02", records)["reason"]) == (
        "inconclusive",
        "throttled (tried 2 times)",
    )
    made = entry("E15", records)
    assert made["verdict"] == "not-exercised" and made["missing"] == "vswitch.remove"
    assert made["reason"] == "this target does not offer: vswitch.remove"
    assert entry("E16", records)["missing"] == "control"


@pytest.mark.parametrize(("short", "caller"), sorted(verdicts.CALLER_OF.items()))
def test_a_caller_that_the_target_file_lacks_is_named(short, caller):
    assert entry(short, [], callers=frozenset())["reason"] == f"the target file has no [callers.{caller}]"
    assert entry(short, [], callers=frozenset({caller}))["reason"] == "nothing in this run was meant to provoke it"
    assert entry(short, [], callers=frozenset(), incomplete="interrupted")["reason"] == "interrupted"
    assert "callers" not in entry("E11", [], callers=frozenset())["reason"]


def test_callers_belong_to_requirements_that_need_one():
    needing = {r.id for r in PAGE.requirements.values() if r.needs == "caller"}
    assert set(verdicts.CALLER_OF) == needing | {"C01"}


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "judged": st.dictionaries(st.sampled_from(("E11", "S01", "F02")), st.integers(1, 4)),
                "provoked": st.dictionaries(st.sampled_from(("E11", "E12")), st.integers(1, 4)),
            }
        ).map(lambda counts: Record(**counts)),
        max_size=3,
    )
)
def test_the_order_of_the_records_does_not_matter(records):
    forth, back = fold(PAGE, records, EVERYBODY), fold(PAGE, records[::-1], EVERYBODY)
    assert forth == back
    for one in forth:
        total = sum(r.judged.get(short_id(one["id"]), 0) for r in records)
        assert one["judged"] == total and (total or one["verdict"] != "conforms")


# --- in doubt, by the common table, and seen once -------------------------------------------------


def once(requirement, also=(), *, key="k", tried=3, again=0, certainty=1.0, sure=True, summary="it was odd"):
    """What a worker saw once, as its record has it. sure: it rests on no clock and on a confirmed look, if any."""
    return violation(
        requirement, also, f"{key}.json", 1, summary, key=key, again=Again(tried, again), certainty=certainty, sure=sure
    )


def test_a_doubt_forbids_to_say_that_it_conforms_and_is_no_violation():
    """However often it was judged."""
    book = Tally()
    book.credit(("F02", "F03"), 1, "account", "GET", 50)
    book.doubt("F02", "a detach took 14 s")
    other = Tally()
    for _ in range(2):
        other.doubt("F02", "another took 12 s")
    records = counted(book, other)
    made = entry("F02", records)
    assert (made["verdict"], made["reason"]) == ("inconclusive", "a detach took 14 s; another took 12 s (2 times)")
    assert made["judged"] == 50
    assert entry("F03", records)["verdict"] == "conforms"
    worse = [*records, record(violations=(violation("F02"),))]
    assert entry("F02", worse)["verdict"] == "violated"


def test_a_row_whose_faults_were_refused_by_the_common_table_conforms_and_says_so():
    """Its own code need not have come; which answers came, and how often, is told, the commonest first."""
    one, two = Tally(), Tally()
    one.credit(("E06",), 1, "ram_denied", "GET", 3)
    one.by_common("E06", "403 NoPermission")
    for book in (one, two):
        book.by_common("E06", "403 Forbidden.RAM")
    made = entry("E06", counted(one, two))
    assert (made["verdict"], made["reason"], made["provoked"], made["judged"]) == ("conforms", "", 0, 3)
    assert made["by_common"] == [{"answer": "403 Forbidden.RAM", "n": 2}, {"answer": "403 NoPermission", "n": 1}]
    assert entry("E06", [record(credit=("E06",))])["verdict"] == "inconclusive", "without it, the code never came"
    assert entry("E06", [record(credit=("E06",))])["by_common"] == []


def test_the_common_table_alone_is_no_judged_call():
    book = Tally()
    book.by_common("E06", "403 Forbidden.RAM")
    assert entry("E06", counted(book))["verdict"] == "not-exercised"


@pytest.mark.parametrize(
    ("tried", "again", "said"),
    [
        (3, 0, "seen once, not in 3 further tries: it was odd"),
        (0, 0, "seen once, and not tried again: it was odd"),
        (2, 1, "seen once, again 1 of 2, not each time: it was odd"),
    ],
)
def test_what_was_seen_once_leaves_its_requirements_open_and_says_how_often_it_was_tried(tried, again, said):
    records = [record(credit=("S01", "R08", "S02"), once=(once("S01", ("R08",), tried=tried, again=again),))]
    for short in ("S01", "R08"):
        made = entry(short, records)
        assert (made["verdict"], made["reason"]) == ("inconclusive", said)
        assert (made["violations"], made["evidence"]) == (0, [])
    assert entry("S02", records)["verdict"] == "conforms"
    assert seen_once(records) == (once("S01", ("R08",), tried=tried, again=again),)


def test_a_violation_hides_what_was_seen_once_of_the_same_requirement():
    records = [record(violations=[violation("S01")], once=(once("S01"),))]
    assert entry("S01", records)["verdict"] == "violated"


def test_what_two_workers_saw_once_each_is_published():
    """Each in a world of its own: that is seen again. How often it was tried is counted over both."""
    records = [
        record(once=(once("S01", key="a"), once("S02", key="b"))),
        record(once=(once("S01", key="a", tried=2, certainty=0.7),)),
        Record("without"),
    ]
    made = published(records)
    assert [[e.key for e in one.once] for one in made] == [["b"], [], []]
    assert [[e.key for e in one.violations] for one in made] == [["a"], ["a"], []]
    moved = [e for one in made for e in one.violations]
    assert [e.certainty for e in moved] == [0.9, 0.7], "never surer than a repetition makes it"
    assert all(e.again == Again(6, 1) for e in moved)
    assert (entry("S01", made)["verdict"], entry("S02", made)["verdict"]) == ("violated", "inconclusive")


def test_what_one_worker_published_is_published_where_another_saw_it_once():
    records = [record(violations=(violation("S01", key="a"),)), record(once=(once("S01", key="a"),))]
    made = published(records)
    assert [len(one.once) for one in made] == [0, 0]
    assert [len(one.violations) for one in made] == [1, 1]
    assert made[1].violations[0].certainty <= 0.9


def test_what_an_older_suite_saw_once_tells_neither_how_sure_nor_how_often():
    older = Record(once=(violation("S01", key="a", sure=True),))
    assert entry("S01", [older])["reason"] == "seen once, and not tried again: it was wrong"
    assert [(e.certainty, e.again) for one in published([older, older]) for e in one.violations] == [
        (0.9, Again(1, 1)), (0.9, Again(1, 1)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "records",
    [
        [],
        [Record(once=(once("S01", key="a"), once("S02", key="b")))],
        [Record(once=(once("F02", key="a", sure=False),)), Record(once=(once("F02", key="a", sure=False),))],
        [Record(once=(once("F02", key="a", sure=False),)), Record(once=(once("F02", key="a", sure=True),))],
        [Record(once=(once("S01", key="a"),)), Record(violations=(violation("S01", key="z"),))],
    ],
)
def test_nothing_else_is_published(records):
    """Two workers are slow at the same time because their machine is busy, and a look that nobody confirmed is none."""
    assert published(records) == tuple(records)


def test_publishing_twice_is_publishing_once():
    made = published([record(once=(once("S01", key="a"),)), record(once=(once("S01", key="a"),))])
    assert published(made) == made


# --- RequestIds ----------------------------------------------------------------------------------


def test_a_request_id_that_two_workers_received_is_found(tmp_path):
    """One worker looks after its own repetitions; a line that was cut off says nothing."""
    (tmp_path / "ids-a.txt").write_text("R1 x-1\nR2 x-2\nR2 x-3\n")
    (tmp_path / "ids-b.txt").write_text("R3 y-1\nR1 y-2\nR2")
    (tmp_path / "ids-c.txt").write_text("R1 z-1\n")
    assert repeated_request_ids(tmp_path) == [("R1", "x-1", "y-2"), ("R1", "x-1", "z-1")]


# --- coverage ------------------------------------------------------------------------------------


def test_every_state_is_shown_reached_or_not_and_why():
    """instance state x interface state x attachment; a state that may have been changing counts for no cell."""
    states = {"Running|InUse|this": 2, "Running|Detaching/Available|this": 7, "Stopping/Stopped|InUse|this": 7}
    for control in (True, False):
        cells = coverage(summed([Record(states=states), Record(states={"Running|InUse|this": 1})]), control)["states"]
        assert {(c["instance"], c["eni"], c["attachment"]): c["judged"] for c in cells if c["judged"]} == {
            ("Running", "InUse", "this"): 3
        }
        assert len(cells) == 5 * (3 * 2 + 2 + 1)
        notes = {bool(c["note"]) for c in cells if not c["judged"]}
        assert notes == {not control}
        assert all(c["note"] == "" for c in cells if c["judged"])
        assert all((c["attachment"] == "unattached") == (c["eni"] in ("Available", "Deleting")) for c in cells)


def test_coverage_of_nothing_is_empty():
    made = coverage(Tally(), False)
    assert (made["pairwise"]["covered"], made["pairwise"]["total"]) == (0, 0)
    assert not any(c["judged"] for c in made["states"]) and not any(r["fired"] for r in made["rules"])
