"""The pytest side of a run: what the controller tells its workers, and the order and division of the tests."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from eni_conformance.conformance import plugin
from eni_conformance.conformance.asked import Plan
from eni_conformance.conformance.played import requirement
from eni_conformance.conformance.study import Listed
from eni_conformance.contract import codec
from eni_conformance.oracle.tally import read_all

POSTED = plugin.Posted(Plan(seed=7, shard="1/2"), "r-1", "/out/r-1", "/t.toml", frozenset({"hold", "eni.status"}), 2)


def test_a_worker_is_told_in_json_what_the_controller_knows():
    told = json.loads(json.dumps(codec.plain(POSTED)))
    assert plugin._posted(SimpleNamespace(workerinput={"eni": told})) == POSTED


def test_the_controller_is_told_nothing():
    assert plugin._posted(SimpleNamespace()) is None
    assert plugin._posted(SimpleNamespace(workerinput={"workerid": "gw0"})) is None


class Item(SimpleNamespace):
    """A test of the suite, or one of the user's own, which plays nothing."""

    def iter_markers(self, name):
        return (mark.mark for mark in self.marks if mark.mark.name == name)

    def __hash__(self):
        return hash(self.nodeid)

    def add_marker(self, mark):
        """Not looked at."""


def session(only="", shard=""):
    """What the hooks ask of pytest, with the items that were left out in `left`."""
    options = {"eni_only": only, "eni_shard": shard, "eni_seed": 1, "numprocesses": 0}
    defaults = {f"eni_{f.name}": f.default for f in fields(Plan)}
    left = []
    return SimpleNamespace(
        getoption=lambda name, default=None: options.get(name, defaults.get(name, default)),
        stash={},
        hook=SimpleNamespace(pytest_deselected=left.extend),
        left=left,
    )


def item(config, file, name="test_it", *marks, ours=True):
    names = ("played",) if ours else ()
    return Item(
        config=config, path=Path(f"{file}.py"), name=name, nodeid=f"{file}.py::{name}", marks=marks, fixturenames=names
    )


def collected(config, items):
    config.hook.pytest_deselected = lambda items: config.left.extend(items)
    plugin.pytest_collection_modifyitems(config, items)
    return [one.nodeid for one in items]


def test_what_judges_effects_comes_before_what_does_not():
    config = session()
    items = [item(config, name) for name in ("test_new", "test_relations", "test_effects", "test_sweep")]
    assert collected(config, items) == [
        f"{name}.py::test_it" for name in ("test_sweep", "test_effects", "test_relations", "test_new")
    ]  # fmt: skip


def test_rich_worlds_come_last_where_few_requirements_are_chosen():
    config = session(only="E12")
    items = [item(config, name, "test_it", requirement("E12")) for name in ("test_effects", "test_relations")]
    assert collected(config, items) == ["test_relations.py::test_it", "test_effects.py::test_it"]


def test_tests_of_the_user_s_own_stay_where_they_are():
    config = session(only="E12")
    own = item(config, "test_mine", ours=False)
    items = [item(config, "test_states", "test_a", requirement("E11")), own]
    items += [item(config, "test_errors", "test_b", requirement("E12"))]
    assert collected(config, items) == [own.nodeid, "test_errors.py::test_b"]
    assert [one.nodeid for one in config.left] == ["test_states.py::test_a"]


@pytest.mark.parametrize(("shard", "kept"), [("1/2", [0, 2]), ("2/2", [1, 3]), ("4/5", [3]), ("", [0, 1, 2, 3])])
def test_each_test_is_in_one_shard_and_all_are_listed(shard, kept):
    config = session(shard=shard)
    every = [item(config, "test_errors", f"test_{n}", requirement("E11", "R08")) for n in range(4)]
    assert collected(config, list(every)) == [every[n].nodeid for n in kept]
    assert len(config.left) == 4 - len(kept)
    if shard:
        assert config.stash[plugin.DIVISION] == [Listed(one.nodeid, ("E11", "R08")) for one in every]


def test_a_worker_that_could_not_begin_is_an_error_for_each_of_its_tests(tmp_path):
    """Where nothing else is known of them, they would only seem not to be exercised."""
    posted = codec.plain(replace(POSTED, folder=str(tmp_path)))
    config = SimpleNamespace(workerinput={"eni": posted}, stash={})
    for row in ("E11", "E12"):
        with pytest.raises(OSError) as why:
            raise OSError("no room")
        plugin._could_not_join(item(config, "test_states", f"test_{row}", requirement(row)), why)
    (record,) = read_all(tmp_path)
    assert [problem.requirements for problem in record.errors] == ["E11", "E12"]
    assert "no room" in record.errors[0].text


OK, VIOLATED, ENDED_EARLY = 0, 1, 4
FAILED, INTERRUPTED, INTERNAL, NO_TESTS = 1, 2, 3, 5


@pytest.mark.parametrize(
    ("of_pytest", "of_run", "status"),
    [
        (0, OK, 0),
        (NO_TESTS, OK, NO_TESTS),
        (FAILED, OK, FAILED),  # a test of the user's own
        (0, VIOLATED, FAILED),  # told by no single test, such as a RequestId that two workers received
        (INTERRUPTED, VIOLATED, FAILED),  # -x with workers
        (0, ENDED_EARLY, INTERRUPTED),
        (FAILED, ENDED_EARLY, FAILED),
        (INTERNAL, VIOLATED, INTERNAL),
    ],
)
def test_a_session_ends_in_the_numbers_of_pytest(of_pytest, of_run, status):
    assert plugin._status(of_pytest, of_run) == status
