"""What a bench is shown: one state after the other, on a clock that looks move."""

from __future__ import annotations

from eni_conformance.harness.clock import Clock
from eni_conformance.harness.values import Snapshot


class Endpoint:
    """Shows one snapshot after the other, the last one for ever."""

    def __init__(self, *shown):
        self.shown = list(shown)
        self.asked = []

    def look(self, _session, enis, instances):
        self.asked.append((bool(enis), bool(instances)))
        now = self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
        return Snapshot(0.0, now.enis if enis else {}, now.instances if instances else {})


def state(status, host="", held=()):
    link = {"InstanceId": host} if host else {}
    listed = tuple(f'{{"NetworkInterfaceId": "{e}"}}' for e in held)
    return Snapshot(
        0.0,
        {"eni-1": {"NetworkInterfaceId": "eni-1", "Status": status, **link}},
        {"i-1": {"InstanceId": "i-1", "Status": "Running", "NetworkInterfaces": listed}},
    )


USED, LEAVING, FREE = state("InUse", "i-1", ["eni-1"]), state("Detaching", "i-1", ["eni-1"]), state("Available")


def ticking():
    """A clock that sleeping moves, and each question a little, as looks take time."""
    at = [100.0]

    def move(seconds):
        at[0] += seconds
        return at[0]

    return Clock(lambda: at[0], lambda: move(0.0001), move)
