"""What one case leaves behind for the next to be compared with."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from eni_conformance.conformance import lab as labs
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.scenario import Arg, Call, Detach, Scenario, Wire, World
from eni_conformance.harness.account.ledger import in_turn
from eni_conformance.harness.bench import arrange, pool
from eni_conformance.harness.bench.look import PASSING
from eni_conformance.harness.target import ALL_OFFERS, Offers
from eni_conformance.harness.values import Exchange, Request, Snapshot
from eni_conformance.oracle.model import known_of
from eni_conformance.oracle.readings import Admissible, Reply
from eni_conformance.oracle.tally import Record
from hypothesis import assume, given
from hypothesis import strategies as st

SEEN = Snapshot(1.0, {"eni-1": {"Status": "Available"}}, {})
MOVING = Snapshot(1.0, {"eni-1": {"Status": "Detaching"}}, {})
SCENARIO = Scenario(World(), (Detach(),))


@pytest.mark.parametrize(
    ("undecided", "dirty", "seen", "left"),
    [
        ("", False, SEEN, (SEEN, SCENARIO)),
        ("throttled to the end", True, SEEN, None),
        ("throttled", False, SEEN, None),
        ("", True, SEEN, None),
        ("", False, MOVING, None),
    ],
)
def test_a_case_that_was_not_judged_to_its_end_or_ends_in_transition_leaves_no_look(
    undecided: str, dirty: bool, seen: Snapshot, left: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happens after its last look would else be taken for a late effect."""
    bench = pool.Bench(None, None, frozenset(), 2, 4, 2.0)  # type: ignore[arg-type]
    bench.stale = frozenset()
    lab = labs.Lab(CONTRACTS["2019"], bench, Record("one"), tmp_path)
    run = SimpleNamespace(
        found=[], undecided=undecided, dirty=dirty, snapshot=seen,
        take_all=lambda: None, look_at_the_end=lambda: None, after_release=lambda: None,
    )  # fmt: skip
    monkeypatch.setattr(labs.Lab, "_rest", lambda self, book: [])
    monkeypatch.setattr(arrange, "arrange", lambda bench, world: pool.Bound((), (), (), (), "", seen))
    monkeypatch.setattr(labs, "_Run", lambda *_: run)
    assert lab.run(SCENARIO).undecided == undecided
    assert lab.last == left
    assert bench.stale == (frozenset() if left else pool.PARTS)


def test_who_needs_the_endpoint_alone_does_not_wait_for_a_pause_of_all_others(tmp_path: Path) -> None:
    """Cases of other workers follow each other without end and overlap; an order for all still gets its turn."""
    over, until = threading.Event(), time.monotonic() + 20

    def cases(offset: float) -> None:
        time.sleep(offset)
        while not over.is_set() and time.monotonic() < until:
            with in_turn(tmp_path, exclusive=False):
                time.sleep(0.05)

    others = [threading.Thread(target=cases, args=(n * 0.02,)) for n in range(3)]
    for thread in others:
        thread.start()
    for _ in range(5):
        with in_turn(tmp_path, exclusive=True):
            pass
    waited_for_the_end = not any(thread.is_alive() for thread in others)
    over.set()
    for thread in others:
        thread.join()
    assert not waited_for_the_end


# --- ids that are counted ----------------------------------------------------------------------------


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
    assert labs.counted(ids) is labs.counted(ids[::-1]) is so


@given(st.lists(st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=17, max_size=17), max_size=6, unique=True))
def test_ids_that_are_drawn_are_not_taken_for_counted(drawn: list[str]) -> None:
    """The chance is one in 36 to the power of 13, unless a drawing repeats itself."""
    assume(len({text[:-4] for text in drawn}) == len(drawn))
    assert not labs.counted([f"eni-bp1{text}" for text in drawn])


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
    monkeypatch.setattr(labs.ecs, "describe_enis", made.enis)
    monkeypatch.setattr(labs.ecs, "describe_instances", lambda _session, ids: [])
    return made


def lab_of(*enis: str, **target: Any) -> labs.Lab:
    """A Lab that owns these interfaces."""
    bench: Any = SimpleNamespace(
        session=SimpleNamespace(target=SimpleNamespace(**target)),
        enis=[SimpleNamespace(id=one) for one in enis],
        instances=[],
    )
    return labs.Lab(CONTRACTS["2019"], bench, Record("one"), Path())


DRAWN = ("eni-bp1dpplhg39fpj9l4o1c", "eni-bp1yys8bwzj9n0g0b0uk")
COUNTED = ("eni-bp100000000000000111", "eni-bp100000000000000112")
NEXT = "eni-bp100000000000000113"


def test_an_invented_id_that_comes_true_is_found_out_where_ids_are_counted(account: Account) -> None:
    """What denoted nothing a moment ago may be the next interface."""
    lab = lab_of(*COUNTED)
    assert lab.counts_ids() and lab.verify_nothing([NEXT]) == set()
    account.there.add(NEXT)
    assert lab.verify_nothing([NEXT]) == {NEXT}
    assert len(account.asked) == 2


def test_where_ids_are_drawn_a_text_is_asked_for_once_unless_somebody_is_to_be_blamed(account: Account) -> None:
    lab = lab_of(*DRAWN)
    assert not lab.counts_ids() and lab.verify_nothing([NEXT]) == set()
    account.there.add(NEXT)
    assert lab.verify_nothing([NEXT]) == set() and len(account.asked) == 1
    assert lab.verify_nothing([NEXT], anew=True) == {NEXT}
    account.there.clear()
    assert lab.verify_nothing([NEXT]) == set() and len(account.asked) == 3, "what existed is not taken for nothing"


@pytest.mark.parametrize("near", labs.NEAR)
@pytest.mark.parametrize("enis", [DRAWN, COUNTED], ids=["drawn", "counted"])
def test_where_ids_are_counted_invented_ones_are_far_from_those_that_exist(near: str, enis: tuple[str, str]) -> None:
    bound: Any = SimpleNamespace(enis=enis, instances=(), primaries=())
    made = lab_of(*enis)._param(Arg("NetworkInterfaceId", "eni:0", near), bound)
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
    fitted = lab_of(offers=offers).fit(call)
    assert fitted == replace(call, wire=sent)
    assert lab_of(offers=offers).fit(fitted) == fitted


def test_a_call_that_asks_for_a_format_on_purpose_keeps_it() -> None:
    """Its signature scheme is still one that is offered."""
    call = Call(wire=Wire(format="XML", signing="v1"))
    fitted = lab_of(offers=Offers(("json",), ("v3",))).fit(call, format_=False)
    assert (fitted.wire.format, fitted.wire.signing) == ("XML", "v3")


# --- which table an answer is of ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "reply", "row", "table"),
    [
        ("interface exists", Reply(404, "InvalidEniId.NotFound"), "E14", "page"),
        ("instance exists", Reply(403, "InvalidInstanceId.NotFound"), "E13", "common"),
        ("RAM user is authorised", Reply(403, "Forbidden.RAM"), "E06", "common"),
        ("RAM user is authorised", Reply(403, "Forbidden.SubUser"), "E06", "page"),
        ("caller owns the resources", Reply(404, "InvalidEniId.NotFound"), "E14", "page"),
        ("caller owns the resources", Reply(403, "Forbidden.InstanceNotFound"), "E13", "common"),
    ],
)
def test_an_answer_is_of_the_page_if_it_can_be(broken: str, reply: Reply, row: str, table: str) -> None:
    """Only what the page does not have is of the common table, and evidence for the row of the fault."""
    came = labs._came(Admissible(CONTRACTS["2019"].refusals(broken), False, (broken,)), reply)
    assert came is not None and (came.row, came.table) == (row, table)


def test_an_answer_that_nothing_admits_came_from_nowhere() -> None:
    assert labs._came(Admissible(CONTRACTS["2019"].refusals("interface exists"), False, ()), Reply(404, "Odd")) is None


# --- what one view shows, exists ---------------------------------------------------------------------


def test_an_interface_that_only_its_instance_lists_is_known_with_its_type() -> None:
    """Its type as the instance tells it, or as a primary one where it is the instance's own."""
    run = labs._Run.__new__(labs._Run)
    bound: Any = SimpleNamespace(primaries=("eni-p",))
    run.bound = bound
    entries = (
        {"NetworkInterfaceId": "eni-p"},
        {"NetworkInterfaceId": "eni-t", "Type": "Trunk"},
        {"NetworkInterfaceId": "eni-s"},
    )
    fields: Any = {"Status": "Running", "NetworkInterfaces": tuple(map(json.dumps, entries))}
    known = run._listed(Snapshot(0.0, {}, {"i-1": fields, "i-2": {"Status": "Running"}}))
    assert {eni: one.type for eni, one in known.items()} == {"eni-p": "Primary", "eni-t": "Trunk", "eni-s": "Secondary"}
    assert {one.on for one in known.values()} == {frozenset({"i-1"})}
    assert {one.statuses for one in known.values()} == {frozenset({"InUse"})}


# --- answers that may pass ---------------------------------------------------------------------------

DETACH_SENT = Request("DetachNetworkInterface", "2014-05-26", "GET", "http://127.0.0.1/", (), (), b"", "account", "v1")
IN_USE: Any = Snapshot(0.0, {"eni-1": {"Status": "InUse", "InstanceId": "i-1"}}, {"i-1": {"Status": "Running"}})
LEAVING: Any = Snapshot(0.0, {"eni-1": {"Status": "Detaching", "InstanceId": "i-1"}}, {"i-1": {"Status": "Running"}})
FREE: Any = Snapshot(0.0, {"eni-1": {"Status": "Available"}}, {"i-1": {"Status": "Running"}})
VALID = Admissible((), True, (), target="eni-1")
FREE_ONE = Admissible(
    CONTRACTS["2019"].refusals("interface InUse or Detaching"), False, ("interface InUse or Detaching",)
)


def came(status: int, code: str = "", outcome: Any = "answered", **more: Any) -> Exchange:
    """What came back: a refusal with a code, a page without one, or no answer."""
    body = json.dumps({"RequestId": "R", "Code": code, "Message": "m"}).encode() if code else b"<html>no</html>"
    return Exchange("x-1", DETACH_SENT, 0.0, 0.1, outcome, status, "", (), body, **more)


class Sending:
    """A _Run whose next answers and looks are laid out before it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answers: list[Exchange], look: Any, tolerates: bool) -> None:
        self.answers, self.sent, self.slept = list(answers), 0, 0
        self.run = labs._Run.__new__(labs._Run)
        self.run.lab = lab_of("eni-1", tolerates=tolerates, loopback=True)
        self.run.book = Record("one")
        self.run.known = known_of(IN_USE, region="cn-hangzhou", regions=frozenset({"cn-hangzhou"}))
        self.run.found, self.run.dirty, self.run.undecided, self.run.history = [], False, "", []
        monkeypatch.setattr(labs._Run, "_send", self._send)
        monkeypatch.setattr(labs._Run, "_note", lambda *_: None)
        monkeypatch.setattr(pool, "refresh", lambda *_: look)
        monkeypatch.setattr(labs.time, "sleep", lambda _: None)

    def _send(self, *_: Any) -> Exchange:
        self.sent += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def past(self, first: Exchange, expected: Admissible = VALID) -> Exchange | None:
        asked: Any = SimpleNamespace(params=(), caller="account")
        call: Any = None
        return self.run._past_passing(0, call, asked, expected, first)


CONFLICT, DONE = came(409, "OperationConflict"), came(200, "ok")
NOT_FREE = came(403, "InvalidOperation.InvalidEniState")
FAILURES = [came(500, "InternalError"), came(502), came(400, "UnknownError"), came(0, outcome="reset")]


@pytest.mark.parametrize("first", [CONFLICT, NOT_FREE, *FAILURES], ids=labs._told)
def test_behind_a_network_an_answer_that_may_pass_is_asked_again(
    first: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a look that shows that nothing has happened yet; it is counted, and the next answer is judged."""
    sending = Sending(monkeypatch, [DONE], IN_USE, True)
    assert sending.past(first) is DONE and sending.sent == 1
    assert sending.run.book.passing == {"DetachNetworkInterface": {labs._told(first): 1}}


@pytest.mark.parametrize("first", [CONFLICT, *FAILURES], ids=labs._told)
def test_what_does_not_pass_is_judged_after_a_few_tries(first: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    sending = Sending(monkeypatch, [first], IN_USE, True)
    assert sending.past(first) is first and sending.sent == len(PASSING)


@pytest.mark.parametrize("look", [LEAVING, FREE], ids=["Detaching", "Available"])
def test_a_call_that_was_carried_out_all_the_same_is_not_sent_again(look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its second answer would be a refusal, and rightly so."""
    sending = Sending(monkeypatch, [NOT_FREE], look, True)
    assert sending.past(came(502)) is None and sending.sent == 0


@pytest.mark.parametrize(
    "first", [NOT_FREE, came(500, "InternalError"), came(502), came(0, outcome="reset")], ids=labs._told
)
def test_on_this_machine_a_failure_counts_at_once_and_so_does_a_state_that_is_not_known(
    first: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = Sending(monkeypatch, [DONE], IN_USE, False)
    assert sending.past(first) is first and sending.sent == 0 and not sending.run.book.passing


def test_that_something_else_is_at_work_is_no_failure_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Sending(monkeypatch, [DONE], IN_USE, False).past(CONFLICT) is DONE


@pytest.mark.parametrize("tolerates", [True, False])
def test_the_answer_that_the_page_asks_for_is_not_asked_again(tolerates: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code on the state is what a wrong state is to be refused with; any documented refusal is judged as it comes."""
    right = came(CONTRACTS["2019"].errors["E11"].http[0], "InvalidOperation.InvalidEniState")
    for answer in (right, came(404, "InvalidEniId.NotFound"), came(400, "Odd"), DONE):
        sending = Sending(monkeypatch, [DONE], IN_USE, tolerates)
        assert sending.past(answer, FREE_ONE) is answer and sending.sent == 0


# --- a connection that ended without a byte ----------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "look", "blamed"),
    [
        (came(400, "InvalidOperation.InvalidEniState", resent=True), FREE, True),
        (came(404, "InvalidEniId.NotFound", resent=True), LEAVING, True),
        (came(400, "InvalidOperation.InvalidEniState", resent=True), IN_USE, False),  # refused both times
        (came(400, "InvalidOperation.InvalidEniState"), FREE, False),  # sent once
        (came(200, "ok", resent=True), FREE, False),  # an endpoint that closes idle connections
        (came(0, outcome="reset", resent=True), FREE, False),
    ],
)
def test_the_refusal_of_a_second_sending_is_blamed_on_the_lost_answer_of_the_first(
    answer: Exchange, look: Any, blamed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was carried out, and what is wrong is that nobody said so: B02, and not the row of the refusal."""
    said: list[str] = []
    sending = Sending(monkeypatch, [], look, True)
    monkeypatch.setattr(labs._Run, "_say", lambda _run, finding, *_: said.append(finding.requirement))
    assert sending.run._done_before(0, VALID, answer) is blamed
    assert said == ["B02"] * blamed
