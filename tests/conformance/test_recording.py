"""A run can be kept without what names the account, and shows where another endpoint answers otherwise."""

from __future__ import annotations

import re

import pytest
from eni_conformance.conformance import recording
from eni_conformance.emulator.embed import running
from eni_conformance.harness.account import ledger
from eni_conformance.oracle.results import parse
from eni_conformance.reports import compare, files

ENI = "eni-bp1aaaaaaaaaaaaaaa01"
CALL = "Running, InUse, this | account | InstanceId instance exact"
VALID, BROKEN = f" | {CALL}", f"ENI-DETACH-E11 ENI-DETACH-E12 | {CALL}"


def result(answers, **more):
    data = {
        "schema": 1,
        "run": {"id": "20260501-a", "command": "run --target /home/me/secret.toml", "exit": 0},
        "target": {"name": "the target", "endpoint": "https://ecs.cn-hangzhou.aliyuncs.com", "region": "cn-hangzhou"},
        "requirements": [{"id": "ENI-DETACH-E11", "verdict": "conforms", "judged": 3, "reason": ENI}],
        "observations": [{"id": "choice", "value": "x (2)", "counts": {"x": 2}, "examples": [ENI]}],
        "answers": answers,
        **more,
    }
    return parse(data)


def compared(a, b):
    return compare.compare(a, b)


def test_identifiers_are_renamed_and_quoted_calls_left_out():
    """The same name for the same identifier, in whatever case; words and regions stay."""
    one, other = "i-bp1aaaaaaaaaaaaaaa01", "eni-bp1aaaaaaaaaaaaaaa01"
    results = result(
        {f" | {one}": {f"400 {one.upper()}": 1, other: 2}}, shallow=["B8D0F1C2-0000-4000-8000-00000000000A"]
    )
    kept = recording.recording(results)
    assert kept.answers == {" | i-1": {"400 i-1": 1, "eni-1": 2}} and kept.shallow == ("request-1",)
    assert kept.target.region == "cn-hangzhou" and kept.recording == recording.VERSION
    text = files.text(kept)
    assert "bp1aaa" not in text.lower() and "secret.toml" not in text
    assert results.answers != kept.answers


@pytest.mark.parametrize("text", ["eni-conformance", "ENI-DETACH-E11", "cn-hangzhou-finance", "i-1", "trailing tab"])
def test_what_only_looks_like_an_identifier_stays(text):
    """Names of requirements, regions and forms are the same in every recording."""
    assert recording.Renaming().value(text) == text


def test_it_goes_into_a_file_or_under_a_name_of_its_own_into_a_directory(tmp_path):
    """Both can be read as a run."""
    assert recording.write(result({}), tmp_path / "kept.json") == tmp_path / "kept.json"
    named = recording.write(result({}), tmp_path)
    assert named.name == "the-target-20260501-a.json"
    assert files.load(named) == files.load(tmp_path / "kept.json")


def test_answers_are_compared_by_kind_of_call():
    """What only one of the two was sent says nothing; what is always answered otherwise comes first."""
    a = result({VALID: {"accepted": 9}, BROKEN: {"400 A": 1, "400 B": 1}, "ENI-DETACH-E13 | x": {"404 C": 1}})
    b = result({VALID: {"403 OwnerAccount": 4}, BROKEN: {"400 B": 7}, "ENI-DETACH-E14 | y": {"404 C": 1}})
    found = compared(a, b).parity
    assert found.shared == 2 and [(one.requirement, one.always) for one in found.differ] == [
        ("valid calls", True),
        ("ENI-DETACH-E11 ENI-DETACH-E12", False),
    ]
    said = compare.text(compared(a, b))
    assert "the same to 0 of 2 kinds of call" in said and "accepted -> 403 OwnerAccount" in said
    assert "400 A or 400 B -> 400 B  (not always)" in said


def test_beside_a_recording_another_answer_is_worse():
    """Between two runs it is only shown: either answer may be admissible."""
    a, b = result({BROKEN: {"400 A": 1}}), result({BROKEN: {"400 B": 1}})
    assert not compared(a, b).worse and compared(a, b).parity.apart
    kept = recording.recording(a)
    assert compared(kept, b).worse and "1 kinds of call answered otherwise" in compare.headline(compared(kept, b))
    assert not compared(kept, result({BROKEN: {"400 A": 3}})).worse
    assert not compared(kept, result({BROKEN: {"400 A": 3, "400 B": 1}})).worse


def test_a_run_is_recorded_and_another_endpoint_compared_with_it(suite, tmp_path):
    """The recording names nothing of the account, and an endpoint of another kind is told from it."""
    common = ("--effort", "quick", "--seed", "1", "-n", "1", "-k", "ENI-DETACH-P07", "--out", tmp_path / "out")
    with running(settle_ms=20) as emulator:
        real = emulator.write_target(tmp_path / "real.toml")
        ended = suite("run", "--target", real, *common, "--record", tmp_path / "kept" / "real.json")
        assert ended.status == 0, ended.said
    kept = (tmp_path / "kept" / "real.json").read_text()
    (folder,) = (f for f in (tmp_path / "out").iterdir() if f.is_dir() and not f.is_symlink())
    book = ledger.read(folder)
    assert len(book.owned) > 8 and not [identifier for identifier in book.owned if identifier in kept]
    assert str(tmp_path) not in kept and "LTAI" not in kept and not re.search(r"\d{16}", kept)
    same = suite("compare", tmp_path / "kept" / "real.json", folder)
    assert same.status == 0 and "no verdict differs" in same.out
    assert re.search(r"answers: the same to (\d+) of \1 kinds of call", same.out), same.out
    with running(settle_ms=20, variants=["unknown-parameters-refused"]) as emulator:
        other = emulator.write_target(tmp_path / "other.toml")
        suite("run", "--target", other, *common)
    told = suite("compare", tmp_path / "kept" / "real.json", tmp_path / "out" / "latest").out
    assert "observations that differ:" in told and "UnsupportedParameter" in told, told
    assert "-> 400 UnsupportedParameter" in told.partition("answers: the same to")[2], told


def test_a_place_that_cannot_be_written_is_told_before_the_run(suite, tmp_path):
    """Not after an hour on a real account."""
    (tmp_path / "file").write_text("")
    ended = suite("run", "--record", tmp_path / "file" / "x.json", "--out", tmp_path / "out")
    assert ended.status == 2 and "--record" in ended.err and not (tmp_path / "out").exists()
