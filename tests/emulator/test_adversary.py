"""The grammar of composed behaviours: what it draws can be parsed, installed, and is told apart."""

from __future__ import annotations

import pytest

from emulator.adversary import SpecError, compose, objection, parse
from emulator.adversary_effects import FAULT_EFFECTS
from emulator.adversary_triggers import TRIGGERS
from emulator.adversary_variants import VARIANT_EFFECTS
from emulator.behaviour import Behaviour


def test_the_grammar_is_rich() -> None:
    assert len(TRIGGERS) >= 45
    assert len(FAULT_EFFECTS) >= 45
    assert len(VARIANT_EFFECTS) >= 20


@pytest.mark.parametrize("conforming", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_drawn_can_be_parsed_and_installed(seed: int, conforming: bool) -> None:
    specs = compose(60, seed, conforming)
    assert len(set(specs)) == 60
    assert specs == compose(60, seed, conforming)
    for spec in specs:
        made = parse(spec)
        assert made.spec == spec
        assert made.conforming is conforming
        assert objection(made) == ""
        made.install(Behaviour())


def test_seeds_draw_different_behaviours() -> None:
    assert set(compose(40, 1)) != set(compose(40, 2))


@pytest.mark.parametrize(
    "spec", ["", "nothing", "no-such-effect@always/every", "primary-changes(name-altered)@never/every"]
)
def test_what_is_not_in_the_grammar_is_refused(spec: str) -> None:
    with pytest.raises(SpecError):
        parse(spec)
