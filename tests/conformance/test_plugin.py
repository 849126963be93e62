"""The pytest side of a run: what the controller tells its workers, and the order and division of the tests."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from eni_conformance.conformance import plugin
from eni_conformance.conformance.played import requirement
from eni_conformance.conformance.study import Listed, Plan, listed_in
from eni_conformance.contract import codec

POSTED = plugin.Posted(Plan(seed=7, shard="1/2"), "r-1", "/out/r-1", "/t.toml", frozenset({"hold", "eni.status"}), 2)


def test_a_worker_is_told_in_json_what_the_controller_knows():
    told = json.loads(json.dumps(codec.plain(POSTED)))
    assert plugin._posted(SimpleNamespace(workerinput={"eni": told})) == POSTED


def test_the_controller_is_told_nothing():
    assert plugin._posted(SimpleNamespace()) is None
    assert plugin._posted(SimpleNamespace(workerinput={"workerid": "gw0"})) is None


class Item(SimpleNamespace):
    """A test in a file of the suite."""

    def iter_markers(self, name):
        return (mark.mark for mark in self.marks if mark.mark.name == name)


def item(file, name="test_it", *marks):
    return Item(path=plugin.HERE / f"{file}.py", nodeid=f"{file}.py::{name}", marks=marks)


def test_what_judges_effects_comes_before_what_does_not():
    items = [item(name) for name in ("test_new", "test_relations", "test_effects", "test_sweep")]
    assert [i.path.stem for i in sorted(items, key=plugin._rank)] == [
        "test_sweep", "test_effects", "test_relations", "test_new",
    ]  # fmt: skip


@pytest.mark.parametrize(("shard", "kept"), [("1/2", [0, 2]), ("2/2", [1, 3]), ("4/5", [3]), ("", [0, 1, 2, 3])])
def test_each_test_is_in_one_shard_and_all_are_listed(shard, kept, tmp_path):
    items = [item("test_errors", f"test_{n}", requirement("E11", "R08")) for n in range(4)]
    every, left = list(items), []
    config = SimpleNamespace(
        getoption=lambda name: shard,
        stash={plugin.KEY: SimpleNamespace(folder=tmp_path)},
        hook=SimpleNamespace(pytest_deselected=lambda items: left.extend(items)),
    )
    plugin._shard(config, items)
    assert items == [every[n] for n in kept] and items + left == sorted(items + left, key=(items + left).index)
    assert len(items) + len(left) == (4 if shard else len(items))
    if shard:
        assert listed_in(tmp_path) == tuple(Listed(i.nodeid, ("E11", "R08")) for i in every)
