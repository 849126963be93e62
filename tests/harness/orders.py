"""Broken control protocols: orders that are answered and not carried out, and detaches that become something else."""

from __future__ import annotations

from eni_conformance.harness import control
from eni_conformance.harness.wire.client import Client


def ordering(monkeypatch, change):
    """Let control.order be `change(order, real)`, where `real` sends it."""
    real = control.order
    given = []

    def order(target, op):
        given.append(dict(op))
        return change(dict(op), lambda one=op: real(target, one))

    monkeypatch.setattr(control, "order", order)
    return given


def ignoring(*ops):
    """Orders that are answered with 200 and have no effect. An unknown id is refused all the same."""
    return lambda order, send: "" if order["op"] in ops and "nosuch" not in str(order.get("id")) else send()


def nothing_is_left(place):
    """Whether all that a check has made is gone."""
    book = place.session.ledger.book()
    made = [one for one in book.owned.values() if one.kind in ("eni", "instance")]
    return not place.left and all(one.id in book.gone for one in made)


class Between(Client):
    """A client that does something else with the first detach of an interface, while Detaching is laid over it."""

    def __init__(self, *given, **options):
        super().__init__(*given, **options)
        self.detached = set()

    def send(self, action, pairs, **options):
        eni = dict(pairs).get("NetworkInterfaceId")
        if action == "DetachNetworkInterface" and eni not in self.detached:
            self.detached.add(eni)
            return self.first(eni, action, pairs, options)
        return super().send(action, pairs, **options)
