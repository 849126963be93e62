"""How long a behaviour lasts, and the gate that decides for each call whether it shows."""

from __future__ import annotations

from typing import Any

from eni_conformance.emulator.call import Call
from eni_conformance.emulator.state import Cloud
from eni_conformance.emulator.words.scene import DETACH, Hooked, Scene, history, scar, scene
from eni_conformance.emulator.words.triggers import Trigger

REMEMBERED = 512
"""Calls whose verdict is kept, so that all parts of one behaviour agree on a call."""

PERSISTENCE: dict[str, str] = {
    "every": "every time",
    "once": "the first time only",
    "second": "every second time",
    "first3": "the first three times",
    "sticky": "from the first time on for ever, whatever the condition",
}


class Gate:
    """Decides for each call whether a composed behaviour shows; all its parts ask the same gate."""

    def __init__(self, spec: str, triggers: tuple[Trigger, ...], persistence: str) -> None:
        self.key = f"composed {spec}"
        self.triggers = tuple(each for each in triggers if not each.reads)
        self.looks = tuple(each for each in triggers if each.reads)
        self.persistence = persistence

    def memory(self, cloud: Cloud, name: str) -> dict[str, Any]:
        """A table of this behaviour's own."""
        found: dict[str, Any] = scar(cloud, self.key).setdefault(name, {})
        return found

    def look(self, call: Call) -> bool:
        """Whether the condition holds for a call; asked once, before the call changes anything."""
        held = self.memory(call.cloud, "held")
        if call.request_id not in held:
            here = scene(call)
            _keep(held, call.request_id, all(each.test(here) for each in self.triggers))
        return bool(held[call.request_id])

    def decided(self, call: Call) -> bool:
        """Whether this is a detach that came as far as being decided."""
        return call.action == DETACH and call.request_id in self.memory(call.cloud, "held")

    def fires(self, call: Call) -> bool:
        """Whether to show now.  Ask only where showing would make a difference: each new call counts."""
        shown = self.memory(call.cloud, "shown")
        if call.request_id not in shown:
            _keep(shown, call.request_id, self._count(call))
        return bool(shown[call.request_id])

    def _count(self, call: Call) -> bool:
        tally = self.memory(call.cloud, "tally")
        if self.persistence == "sticky" and tally.get("times"):
            return True
        if not self.look(call):
            return False
        times = tally["times"] = tally.get("times", 0) + 1
        if self.persistence == "once":
            return bool(times == 1)
        if self.persistence == "second":
            return bool(times % 2 == 0)
        return bool(self.persistence != "first3" or times <= 3)

    def sees(self, call: Call) -> bool:
        """Whether the conditions on a describe call hold."""
        here = scene(call)
        return all(each.test(here) for each in self.looks)

    def watch(self) -> Hooked:
        """The hook that looks at each call before anything else does."""

        def order(call: Call, guards: tuple[Any, ...]) -> tuple[Any, ...]:
            self.look(call)
            return guards

        return "order", order


class Moment(Gate):
    """A gate without memory: open whenever its conditions hold at that very moment, at the door already.

    Named faults have it unless they say how long they last.
    """

    def __init__(self, name: str, triggers: tuple[Trigger, ...]) -> None:
        super().__init__(name, triggers, "every")

    def holds(self, call: Call) -> bool:
        """Whether the conditions hold for the resources that the call has found."""
        here = Scene(call, history(call.cloud), call.eni, call.instance)
        return all(each.test(here) for each in self.triggers)

    def decided(self, call: Call) -> bool:
        return call.action == DETACH

    def fires(self, call: Call) -> bool:
        return call.action == DETACH and self.holds(call)

    def early(self, call: Call) -> bool:
        """The same before the gateway has settled which operation this is."""
        return DETACH in (call.params.get("Action"), call.headers.get("x-acs-action")) and self.holds(call)


def _keep(table: dict[str, Any], key: str, value: bool) -> None:
    if len(table) >= REMEMBERED:
        del table[next(iter(table))]
    table[key] = value
