"""What a run would do is told from runs that were made, and turned into time and money."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
from eni_conformance.conformance import plan
from eni_conformance.contract import codec
from eni_conformance.harness.account.survey import Survey
from eni_conformance.harness.target import Limits, Offers, parse_target

KEYS = {"access_key_id": "LTAIkey0001", "access_key_secret": "the-secret"}
REAL = parse_target({"region": "cn-hangzhou", "callers": {"account": KEYS}})
LOCAL = parse_target(
    {
        "region": "cn-hangzhou",
        "endpoint": "http://127.0.0.1:9",
        "callers": {"account": KEYS},
        "limits": {"requests_per_second": 0},
    }
)
CALLS = {"DetachNetworkInterface": 900, "AttachNetworkInterface": 60, "RunInstances": 2, "DescribeInstances": 38}


def result(path, *, calls=CALLS, seconds=20.0, effort="quick", endpoint=LOCAL.endpoint, control=True, allowed=0, **run):
    path.mkdir(parents=True)
    told = {"id": path.name, "effort": effort, "revision": "2019", "seconds": seconds, "exit": 0}
    told |= {"incomplete": False, "part": bool(allowed), "calls": allowed, **run}
    where = {"endpoint": endpoint, "control": control}
    (path / "results.json").write_text(json.dumps({"run": told, "target": where, "calls": calls}))
    return path


def quick(target, **more):
    return plan.predict(target, effort="quick", revision="2019", control=True, **more)


def test_the_shipped_table_knows_every_effort_somehow():
    """An effort that was not measured is told from another one, and said so."""
    for effort in ("quick", "standard", "deep"):
        for revision in ("2019", "2024"):
            for control in (True, False):
                calls, seconds, source = plan.measured(effort, revision, control)
                assert sum(calls.values()) > 1000 and seconds > 1 and source


def test_a_table_is_the_median_of_runs(tmp_path):
    """By effort, revision, and whether the target has the control protocol; of whole runs only."""
    runs = [result(tmp_path / f"r{n}", calls={"A": n, "B": 10}, seconds=n) for n in (1, 2, 30)]
    runs.append(result(tmp_path / "d", effort="deep", calls={"A": 500}))
    runs.append(result(tmp_path / "c", control=False, calls={"A": 7}))
    table = plan.learn(runs)
    found = [(row.effort, row.control, row.of, row.seconds) for row in table.runs]
    assert found == [("deep", True, 1, 20.0), ("quick", False, 1, 20.0), ("quick", True, 3, 2)]
    assert table.runs[2].calls == {"A": 2, "B": 10}
    path = tmp_path / "table.json"
    path.write_text(json.dumps(codec.plain(table)))
    assert plan.measured("quick", "2019", True, table=path) == ({"A": 2, "B": 10}, 2, "3 runs on the embedded emulator")
    calls, _, source = plan.measured("quick", "2024", False, table=path)
    assert calls == {"A": 7} and source.endswith("made revision 2019")
    calls, _, source = plan.measured("deep", "2019", False, table=path)
    assert calls == {"A": 500} and source.endswith("made with the control protocol")
    for n, told in enumerate(({"part": True}, {"incomplete": True})):
        with pytest.raises(ValueError):
            plan.learn([result(tmp_path / f"p{n}", **told)])
    with pytest.raises(OSError):
        plan.learn([tmp_path / "none"])
    assert plan.measured("quick", "2019", True, table=tmp_path / "none") == ({}, 0.0, "no figures are known")


def test_an_earlier_run_on_the_target_is_the_best_source(tmp_path):
    """The newest one that is complete and alike."""
    result(tmp_path / "20260101-a", calls={"A": 1})
    result(tmp_path / "20260102-a", calls={"A": 2})
    result(tmp_path / "20260103-a", calls={"A": 3}, exit=3)
    result(tmp_path / "20260104-a", calls={"A": 4}, incomplete=True)
    result(tmp_path / "20260105-a", calls={"A": 5}, endpoint="http://127.0.0.1:8")
    result(tmp_path / "20260106-a", calls={"A": 6}, effort="deep")
    result(tmp_path / "20260106-b", calls={"A": 6}, part=True)
    (tmp_path / "20260107-a").mkdir()
    (tmp_path / "20260107-a" / "results.json").write_text("[]")
    made = quick(LOCAL, out=tmp_path)
    assert (made.total, made.seconds) == (2, 20.0) and "20260102-a" in made.source
    assert plan.earlier(tmp_path / "none", LOCAL, "quick", "2019") is None


@pytest.fixture
def table(tmp_path, monkeypatch):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(codec.plain(plan.learn([result(tmp_path / "r")]))))
    monkeypatch.setattr(plan.measured, "__kwdefaults__", {"table": path, "calls": 0})


def test_time_follows_rate_and_transitions(table):
    """What the rate allows, then what transitions take; never less than it takes on this machine."""
    assert quick(LOCAL).seconds == 20.0
    slow = replace(LOCAL, limits=Limits(requests_per_second=5, minutes=30))
    assert quick(slow).seconds == 200.0
    real = quick(REAL)
    assert real.seconds == 1000 / 5 + 60 * 4 + 60 * 4 + 2 * 40 and real.fits
    assert quick(REAL, workers=2).seconds == 480


def test_a_run_that_does_not_fit_is_told(table):
    """With what to change."""
    tight = replace(REAL, limits=Limits(minutes=3))
    made = quick(tight)
    assert not made.fits and "raise it to 16" in made.notes[0]
    assert "note: it would end early" in plan.told(tight, "quick", made)


def test_money(table):
    """Instance hours times the price; nothing on loopback; a guess is called one."""
    made = quick(REAL, price=(1.2, "USD"))
    assert made.hours == 0.62 and made.money == pytest.approx(0.62 * 1.2, abs=0.01) and made.currency == "USD"
    guess = quick(REAL)
    assert 0 < guess.money < 1 and "guess" in guess.notes[0]
    assert quick(LOCAL, price=(1.2, "USD")).money == 0


def test_the_price_is_asked_in_what_the_endpoint_offers(monkeypatch):
    """By its clock, too; nothing is asked of one that cannot be used."""
    asked = []

    def price_here(target, client):
        asked.append((target.offers, client.skew))
        return 1.2, "USD"

    offers = Offers(("json",), ("v1",))
    monkeypatch.setattr(plan.stock, "price_here", price_here)
    monkeypatch.setattr(plan, "survey", lambda client, **_: Survey(offers, skew=7.0))
    assert plan._price(REAL) == ((1.2, "USD"), "") and asked == [(offers, 7.0)]
    monkeypatch.setattr(plan, "survey", lambda client, **_: Survey(problem="refused (nobody there)"))
    assert plan._price(REAL) == (None, "refused (nobody there)") and len(asked) == 1


def test_resources_stay_within_the_limits(table):
    """However many workers there are."""
    made = quick(REAL, workers=8)
    assert made.instances <= REAL.limits.instances and made.interfaces <= REAL.limits.network_interfaces


def test_the_difference_is_a_fraction():
    """Of the actual number of calls."""
    assert plan.difference({"A": 90}, {"A": 100}) == pytest.approx(0.1)
    assert plan.difference({}, {}) == 0


def test_what_was_told_is_what_happens(plain):
    """A whole run on the emulator sends as many calls as the shipped table says, within a tenth; so it says itself."""
    ended = plain(1)
    assert ended.status == 0, ended.said
    results = ended.results
    predicted = results["predicted"]
    assert predicted["total"] == sum(predicted["calls"].values()) and "emulator" in predicted["source"]
    assert predicted["money"] == 0 and predicted["seconds"] > 0 and predicted["instances"] > 0
    if any("cut short" in warning for warning in results["shallow"]):
        pytest.skip("this machine is too busy for a whole run: parts of it were left out for lack of time")
    assert plan.difference(predicted["calls"], results["calls"]) <= 0.1


def test_nothing_is_told_about_a_part_of_a_run(suite):
    """Nor is a part taken for a whole by the next prediction."""
    ended = suite("run", "--effort", "quick", "-k", "ENI-DETACH-E23", "-n", "1")
    assert ended.status == 0, ended.said
    results = ended.results
    here = replace(LOCAL, endpoint=results["target"]["endpoint"])
    assert results["predicted"] is None and plan.earlier(ended.folder, here, "quick", "2019") is None


def test_a_run_of_so_many_calls_is_told_from_one_of_nearly_as_many(tmp_path):
    path = tmp_path / "table.json"
    runs = [result(tmp_path / f"r{n}", calls={"A": 9 * n // 10}, seconds=n / 100, allowed=n) for n in (300, 1000)]
    path.write_text(json.dumps(codec.plain(plan.learn(runs))))
    calls, seconds, source = plan.measured("quick", "2019", True, calls=900, table=path)
    assert (calls, seconds) == ({"A": 810}, 9.0) and "1000" in source
    assert plan.measured("quick", "2019", True, table=path)[0] == {}


def test_a_run_whose_calls_are_counted_never_takes_more_than_are_allowed():
    for allowed in (200, 700, 5000, 10**6):
        told = quick(REAL, allowed=allowed)
        assert told.total <= allowed


def test_an_address_that_is_not_found_is_refused_at_once(monkeypatch, tmp_path, capsys):
    waited = []

    def never(*_):
        waited.append(1)
        threading.Event().wait(30)

    monkeypatch.setattr(plan.socket, "getaddrinfo", never)
    monkeypatch.setattr(plan, "RESOLVES_WITHIN", 0.05)
    file = tmp_path / "target.toml"
    file.write_text('region = "cn-hangzhou"\n[callers.account]\naccess_key_id = "k"\naccess_key_secret = "s"\n')
    asked = SimpleNamespace(target=str(file), allow_plain_http=False)
    assert plan.main(asked) == 3 and waited
    assert "its address is not found" in capsys.readouterr().err
