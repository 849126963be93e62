"""The command line as a table: every option is used, every subcommand told, and a bad value refused."""

from __future__ import annotations

import argparse
import importlib

import pytest
from eni_conformance.conformance import commands
from eni_conformance.conformance.commands import COMMANDS, OPTIONS


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (commands.positive, {"1": 1, "256": 256}, ("0", "257", "-1", "1.5", "x", "", "²")),
        (commands.seed, {"0": 0, str(2**64 - 1): 2**64 - 1}, (str(2**64), "-1", "x", "")),
        (commands.shard, {"1/1": "1/1", "2/5": "2/5"}, ("0/5", "6/5", "1", "1/2/3", "a/b", "1/1001")),
        (commands.age, {"2h": 7200.0, "30m": 1800.0, "0": 0.0}, ("soon", "2y", "")),
    ],
)
def test_values(kind, good, bad):
    assert {text: kind(text) for text in good} == good
    for text in bad:
        with pytest.raises(argparse.ArgumentTypeError):
            kind(text)


def test_every_option_belongs_to_a_subcommand():
    assert {name for command in COMMANDS for name in command.options} == set(OPTIONS)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.module], ids=lambda c: c.name)
def test_every_subcommand_is_done_by_its_module(command):
    assert callable(importlib.import_module(command.module).main)


@pytest.mark.parametrize(
    "line", [line for command in COMMANDS if command.name != "emulator" for line in command.examples]
)
def test_every_example_is_a_command(line):
    words = line.partition(" > ")[0].split()
    assert commands.parser("1").parse_args(words).command == words[0]


def test_one_of_two_that_exclude_each_other_must_be_given():
    parser = commands.parser("1")
    for words in (["deviations"], ["deviations", "--from", "a", "--check", "b"]):
        with pytest.raises(SystemExit):
            parser.parse_args(words)
