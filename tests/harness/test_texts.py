"""Which text and which wire form a call carries on a target."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from eni_conformance.contract.scenario import Arg, Call, Wire
from eni_conformance.harness import texts
from eni_conformance.harness.history import Arranged
from eni_conformance.harness.target import ALL_OFFERS, Offers
from eni_conformance.harness.texts import Texts, counted, fit
from eni_conformance.harness.values import Snapshot
from hypothesis import assume, given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("ids", "so"),
    [
        ([], False),
        (["eni-bp100000000000000111"], False),
        (["eni-bp100000000000000111", "eni-bp100000000000000112"], True),
        (["eni-bp100000000000000111", "eni-bp1zzzz", "eni-bp100000000000009999"], True),
        (["eni-bp1dpplhg39fpj9l4o1c", "eni-bp1yys8bwzj9n0g0b0uk"], False),
        (["eni-bp1dpplhg39fpj9l4o1c", "eni-bp1dpplhg39fpj9k4o1c"], False),  # the fifth from the end differs
    ],
)
def test_ids_that_differ_in_their_end_alone_cannot_have_been_drawn(ids: list[str], so: bool) -> None:
    assert counted(ids) is counted(ids[::-1]) is so


@given(st.lists(st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=17, max_size=17), max_size=6, unique=True))
def test_ids_that_are_drawn_are_not_taken_for_counted(drawn: list[str]) -> None:
    """The chance is one in 36 to the power of 13, unless a drawing repeats itself."""
    assume(len({text[:-4] for text in drawn}) == len(drawn))
    assert not counted([f"eni-bp1{text}" for text in drawn])


class Account:
    """Describes what exists in it, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.there: set[str] = set()
        self.asked: list[list[str]] = []

    def enis(self, _session: Any, *, ids: list[str]) -> list[dict[str, str]]:
        self.asked.append(list(ids))
        return [{"NetworkInterfaceId": one} for one in ids if one in self.there]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account()
    monkeypatch.setattr(texts.ecs, "describe_enis", made.enis)
    monkeypatch.setattr(texts.ecs, "describe_instances", lambda _session, ids: [])
    return made


def texts_of(*enis: str) -> Texts:
    """The texts of a World with these interfaces."""
    bench: Any = SimpleNamespace(
        session=SimpleNamespace(target=SimpleNamespace(region="cn-hangzhou")),
        enis=[SimpleNamespace(id=one) for one in enis],
        instances=[],
    )
    return Texts(bench, Arranged((), enis, (), (), "", Snapshot(0.0)))


DRAWN = ("eni-bp1dpplhg39fpj9l4o1c", "eni-bp1yys8bwzj9n0g0b0uk")
COUNTED = ("eni-bp100000000000000111", "eni-bp100000000000000112")
NEXT = "eni-bp100000000000000113"


def test_an_invented_id_that_comes_true_is_found_out_where_ids_are_counted(account: Account) -> None:
    """What denoted nothing a moment ago may be the next interface."""
    lab, nothing = texts_of(*COUNTED), set[str]()
    assert lab.counts_ids() and lab.denoting([NEXT], nothing) == set()
    account.there.add(NEXT)
    assert lab.denoting([NEXT], nothing) == {NEXT}
    assert len(account.asked) == 2


def test_where_ids_are_drawn_a_text_is_asked_for_once_unless_somebody_is_to_be_blamed(account: Account) -> None:
    lab, nothing = texts_of(*DRAWN), set[str]()
    assert not lab.counts_ids() and lab.denoting([NEXT], nothing) == set()
    account.there.add(NEXT)
    assert lab.denoting([NEXT], nothing) == set() and len(account.asked) == 1
    assert lab.denoting([NEXT], nothing, anew=True) == {NEXT}
    account.there.clear()
    assert lab.denoting([NEXT], nothing) == set() and len(account.asked) == 3, "what existed is not taken for nothing"


@pytest.mark.parametrize("near", texts.NEAR)
@pytest.mark.parametrize("enis", [DRAWN, COUNTED], ids=["drawn", "counted"])
def test_where_ids_are_counted_invented_ones_are_far_from_those_that_exist(near: str, enis: tuple[str, str]) -> None:
    made = texts_of(*enis).param(Arg("NetworkInterfaceId", "eni:0", near))
    assert made.text not in enis
    differs = [i for i, (a, b) in enumerate(zip(made.text, enis[0], strict=False)) if a != b]
    assert (min(differs) < len(enis[0]) - 4) or enis is DRAWN, made.text


# --- wire forms that are offered ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offers", "wire", "sent"),
    [
        (Offers(), Wire(format="XML", signing="v3"), Wire(format="XML", signing="v3")),  # nothing is known
        (ALL_OFFERS, Wire(format="XML", signing="v1"), Wire(format="XML", signing="v1")),
        (Offers(("json",), ("v1", "v3")), Wire(format="XML"), Wire(format="JSON")),
        (Offers(("json",), ("v1", "v3")), Wire(format=""), Wire(format="JSON")),  # V1 without Format means XML
        (Offers(("json",), ("v1", "v3")), Wire(format="", signing="v3"), Wire(format="", signing="v3")),
        (Offers(("xml",), ("v1", "v3")), Wire(format="JSON"), Wire(format="XML")),
        (Offers(("xml",), ("v1", "v3")), Wire(format="", signing="v3"), Wire(format="XML", signing="v3")),
        (Offers(("xml",), ("v1", "v3")), Wire(format=""), Wire(format="")),
        (Offers(("json", "xml"), ("v3",)), Wire(format="XML", method="POST"), Wire("POST", format="XML", signing="v3")),
        (Offers(("json", "xml"), ("v1",)), Wire(format="JSON", signing="v3"), Wire(format="JSON", signing="v1")),
        (Offers(("json",), ("v3",)), Wire(format=""), Wire(format="", signing="v3")),
        (Offers(("json",), ("v1",)), Wire(format="", signing="v3"), Wire(format="JSON", signing="v1")),
    ],
)
def test_a_call_goes_out_in_the_nearest_form_that_is_offered(offers: Offers, wire: Wire, sent: Wire) -> None:
    call = Call(wire=wire)
    fitted = fit(offers, call)
    assert fitted == replace(call, wire=sent)
    assert fit(offers, fitted) == fitted


def test_a_call_that_asks_for_a_format_on_purpose_keeps_it() -> None:
    """Its signature scheme is still one that is offered."""
    call = Call(wire=Wire(format="XML", signing="v1"))
    fitted = fit(Offers(("json",), ("v3",)), call, format_=False)
    assert (fitted.wire.format, fitted.wire.signing) == ("XML", "v3")
