"""What a worker is told by the controller."""

from __future__ import annotations

from eni_conformance.conformance import worker
from eni_conformance.harness.account.control_orders import ControlCheck, Stand
from eni_conformance.harness.account.survey import Survey
from eni_conformance.harness.target import Offers


def test_workers_are_handed_on_what_was_found_out(tmp_path):
    """Offers, clock and formats; which orders of the control protocol do not do what their document says; and what they
    were tried on."""
    found = Survey(Offers(("json",), ("v3",)), "", 12.5, ("xml",), (("v3", "json", "HTTP 200"),))
    checked = ControlCheck({"vswitch.remove": "it answers 500"}, 3, {}, kept=Stand("i-1", "eni-1", "sg-1", "vsw-1"))
    worker.hand_on(tmp_path, found, checked, frozenset({"vswitch.remove"}), 700)
    handed = worker.handed_on(tmp_path)
    assert (handed.found.offers, handed.found.skew, handed.found.undeclared) == (found.offers, 12.5, ("xml",))
    assert handed.wrong_orders == {"vswitch.remove": "it answers 500"}
    assert handed.kept == checked.kept
    assert handed.calls == 700
