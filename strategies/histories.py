"""Histories: long walks through the life cycle, valid and invalid calls mixed.

A rule-based state machine walks a small model of two instances and three interfaces; its rules only write steps
down. The finished walk is a Scenario, which is carried out and judged like any other: generation never depends on
what an endpoint answered, so it can be repeated, made smaller and kept. `SCENARIOS` are walks with a name.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from eni_conformance.contract.scenario import ATTRIBUTES, Act, Detach, Scenario, Settle, Step, World
from eni_conformance.strategies.calls import IDS, extras, formed, primary, send, unknown, valid
from eni_conformance.strategies.wire import OPPOSITE, WIRES, wires
from eni_conformance.strategies.worlds import BORN_ELSEWHERE, NEVER_DETACHED, ONCE_THERE, WALKED, WALKED_ALONE
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test


class Walk(RuleBasedStateMachine):
    """The walk. `finished` is called with each Scenario; `world` is where it starts."""

    finished: Callable[[Scenario], None]
    world: World = WALKED
    most_on_one: int = 3
    fired: Counter[str] = Counter()  # noqa: RUF012  how often each rule fired, over all walks of the class

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.on: dict[int, int | None] = {}
        self.status: dict[int, str] = {}

    @initialize()
    def start(self) -> None:
        """The state of the World before the first step."""
        self.on = {k: e.on for k, e in enumerate(self.world.enis)}
        self.status = {i: s.status for i, s in enumerate(self.world.instances)}

    def _attached(self) -> list[int]:
        return sorted(k for k, on in self.on.items() if on is not None)

    def _spare(self) -> list[int]:
        return sorted(k for k, on in self.on.items() if on is None)

    @precondition(lambda self: self._attached())
    @rule(data=st.data(), wire=wires(), extra=extras(), wait=st.booleans())
    def detach(self, data: st.DataObject, wire: Any, extra: Any, wait: bool) -> None:
        """A valid call."""
        self.fired["detach"] += 1
        k = data.draw(st.sampled_from(self._attached()))
        on = self.on[k]
        assert on is not None
        self.steps.append(send(valid(k, on), wire, extra))
        self.on[k] = None
        if wait:
            self.steps.append(Settle())

    @precondition(lambda self: len(self._attached()) > 1)
    @rule(data=st.data(), wire=wires())
    def detach_two(self, data: st.DataObject, wire: Any) -> None:
        """Two valid calls, one right after the other."""
        self.fired["detach_two"] += 1
        for k in data.draw(st.permutations(self._attached()))[:2]:
            on = self.on[k]
            assert on is not None
            self.steps.append(send(valid(k, on), wire))
            self.on[k] = None

    @precondition(lambda self: self._spare())
    @rule(data=st.data(), wire=wires())
    def detach_again(self, data: st.DataObject, wire: Any) -> None:
        """A call on an interface that is unattached, or about to be."""
        self.fired["detach_again"] += 1
        k = data.draw(st.sampled_from(self._spare()))
        i = data.draw(st.sampled_from(sorted(self.status)))
        self.steps.append(send(valid(k, i), wire))

    @precondition(lambda self: self._attached() and len(self.status) > 1)
    @rule(data=st.data(), wire=wires())
    def detach_from_other(self, data: st.DataObject, wire: Any) -> None:
        """A call that names the wrong instance."""
        self.fired["detach_from_other"] += 1
        k = data.draw(st.sampled_from(self._attached()))
        i = data.draw(st.sampled_from([i for i in sorted(self.status) if i != self.on[k]]))
        self.steps.append(send(valid(k, i), wire))

    @rule(data=st.data(), wire=wires())
    def detach_primary(self, data: st.DataObject, wire: Any) -> None:
        """A call on a primary interface."""
        self.fired["detach_primary"] += 1
        i = data.draw(st.sampled_from(sorted(self.status)))
        self.steps.append(send(primary(i), wire))

    @rule(
        wire=wires(),
        name=st.sampled_from(IDS),
        form=st.sampled_from(("last changed", "half", "empty", "sql", "upper")),
    )
    def detach_odd(self, wire: Any, name: str, form: str) -> None:
        """A call with a text that denotes nothing."""
        self.fired["detach_odd"] += 1
        self.steps.append(send(formed(valid(0), name, form), wire))

    @precondition(lambda self: self._spare())
    @rule(data=st.data())
    def attach(self, data: st.DataObject) -> None:
        """Attach an unattached interface where there is a slot."""
        self.fired["attach"] += 1
        k = data.draw(st.sampled_from(self._spare()))
        room = [i for i in sorted(self.status) if sum(1 for on in self.on.values() if on == i) < self.most_on_one]
        if room:
            i = data.draw(st.sampled_from(room))
            self.steps += [Settle(), Act("attach", k, i), Settle()]
            self.on[k] = i

    @rule(data=st.data(), wait=st.booleans())
    def disturb(self, data: st.DataObject, wait: bool) -> None:
        """Stop or reboot a running instance, start a stopped one."""
        self.fired["disturb"] += 1
        i = data.draw(st.sampled_from(sorted(self.status)))
        op = data.draw(st.sampled_from(("stop", "reboot"))) if self.status[i] == "Running" else "start"
        self.steps += [Settle(), Act(op, 0, i)]  # type: ignore[arg-type]
        self.status[i] = "Stopped" if op == "stop" else "Running"
        if wait or op == "reboot":
            self.steps.append(Settle())

    def teardown(self) -> None:
        """The walk is written down: carry it out."""
        if self.steps:
            self.finished(Scenario(self.world, tuple(self.steps), name="walk"))


@dataclass(frozen=True)
class Walks:
    """Walks to carry out: so many (`times`) of so many steps, in this World, where an instance takes `most_on_one`."""

    world: World
    most_on_one: int
    steps: int
    times: int
    seed: int

    def carry_out(self, use: Callable[[Scenario], None]) -> Counter[str]:
        """Hand each walk to `use`; how often each rule fired. The same seed walks the same ways."""
        walked = itertools.count()

        def finished(scenario: Scenario) -> None:
            if next(walked):  # Hypothesis begins with the simplest walk, whatever the seed
                use(scenario)

        fired: Counter[str] = Counter()
        names = {"world": self.world, "most_on_one": self.most_on_one, "fired": fired}
        names["finished"] = staticmethod(finished)
        run_state_machine_as_test(
            seed(self.seed)(type("Walk", (Walk,), names)),
            settings=settings(
                max_examples=self.times + 2,  # Hypothesis counts a first, empty one
                stateful_step_count=self.steps,
                phases=[Phase.generate],
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        return fired


# --- walks with a name ---------------------------------------------------------------------------

AGAIN_AND_AGAIN = 7
"""So often is one interface detached and attached again: what an endpoint keeps of each time may wear out."""
LATER = 1.0
"""Seconds after which what an operation does late should show."""
STILL = Settle()
FIRST, SECOND, THIRD = (Detach(valid(k)) for k in range(3))
ATTACH_FIRST, ATTACH_SECOND, ATTACH_THIRD = (Act("attach", k) for k in range(3))
DELETE_FIRST = Act("delete")
MODIFY_FIRST = tuple(Act("modify", attribute=attribute) for attribute in ATTRIBUTES)
MODIFY_SECOND = tuple(replace(one, eni=1) for one in MODIFY_FIRST)
ANOTHER = Act("create")
STOP, START, REBOOT = Act("stop"), Act("start"), Act("reboot")
PRIMARY = Detach(primary())
UNKNOWN = Detach(unknown(valid(0), "NetworkInterfaceId"))
ELSEWHERE, THERE = Act("attach", 0, 1), Detach(valid(0, 1))

# Known sequences, one for each way in which a service has been seen to lose track.
SCENARIOS: Mapping[str, tuple[Step, ...]] = {
    "detach, attach, detach": (FIRST, STILL, ATTACH_FIRST, STILL, FIRST, STILL),
    "detach twice at once, then again": (FIRST, FIRST, STILL, FIRST),
    "refusals, then a valid call": (PRIMARY, UNKNOWN, PRIMARY, FIRST, STILL),
    "after a restart": (STOP, STILL, START, STILL, FIRST, STILL, SECOND, STILL, PRIMARY),
    "after a reboot": (REBOOT, STILL, PRIMARY, SECOND, STILL, FIRST, STILL),
    "while stopped": (STOP, STILL, FIRST, STILL, PRIMARY, FIRST, ATTACH_FIRST, STILL, FIRST, STILL),
    "stopped, detached, started": (STOP, STILL, SECOND, STILL, START, STILL, SECOND, FIRST, STILL),
    "right after stop": (STOP, FIRST, STILL),
    "right after start": (STOP, STILL, START, FIRST, STILL),
    "right after attach": (ATTACH_THIRD, THIRD, STILL, FIRST, STILL),
    "both at once": (FIRST, SECOND, STILL, ATTACH_SECOND, ATTACH_FIRST, STILL, SECOND, STILL, FIRST, STILL),
    "three on, three off": (ATTACH_THIRD, STILL, FIRST, STILL, SECOND, STILL, THIRD, STILL),
    "slot reuse": (FIRST, STILL, ATTACH_THIRD, STILL, ATTACH_FIRST, STILL, THIRD, STILL),
    "detached again and again": (*(FIRST, STILL, ATTACH_FIRST, STILL) * AGAIN_AND_AGAIN, FIRST, STILL),
    "stopped while Detaching": (FIRST, STOP, STILL, SECOND, STILL, START, STILL, ATTACH_FIRST, STILL, FIRST, STILL),
    "started while Detaching": (STOP, STILL, FIRST, START, STILL, ATTACH_FIRST, STILL, FIRST, STILL),
    "rebooted while Detaching": (FIRST, REBOOT, STILL, ATTACH_FIRST, STILL, FIRST, STILL),
    "attached while Detaching": (FIRST, ATTACH_FIRST, STILL, SECOND, ATTACH_THIRD, STILL),
    "modified, then detached": (FIRST, STILL, *MODIFY_FIRST, STILL, ATTACH_FIRST, STILL, FIRST, STILL),
    "modified while attached": (*MODIFY_FIRST, STILL, FIRST, STILL, ATTACH_FIRST, STILL, FIRST, STILL),
    "modified while Detaching": (*MODIFY_SECOND, STILL, FIRST, *MODIFY_FIRST, STILL),
    "stopped without charge, detached, started": (
        Act("stop_charging"),
        STILL,
        FIRST,
        STILL,
        PRIMARY,
        ATTACH_FIRST,
        STILL,
        SECOND,
        STILL,
        START,
        STILL,
        FIRST,
        STILL,
    ),
    "deleted while Detaching": (FIRST, DELETE_FIRST, STILL, SECOND, STILL),
    "another deleted while Detaching": (FIRST, Act("delete", 2), STILL, ATTACH_FIRST, STILL, FIRST, STILL),
}
_HOME, _AWAY = Detach(valid(0)), Detach(valid(0, 1))
_LEFT, _OTHER = Detach(valid(1, 1)), Detach(valid(2))
ONCE: Mapping[str, tuple[Step, ...]] = {
    "what was once there": (
        _AWAY, _LEFT, STILL, ATTACH_FIRST, STILL, _AWAY, _LEFT,
        Act("delete_instance", 0, 1), STILL,
        _AWAY, send(valid(0, 1), WIRES[OPPOSITE]), _LEFT, Detach(primary(1)), Detach(primary(0, of=1)), STILL,
        _OTHER, STILL, Act("delete", 2), STILL, _OTHER, send(valid(2), WIRES[OPPOSITE]), STILL,
        _HOME, STILL, _AWAY, Act("attach", 1, 0), STILL, Detach(valid(1, 1)), Detach(valid(1)), STILL,
    ),
    "its instance deleted while Detaching": (_AWAY, Act("delete_instance", 0, 1), STILL, ATTACH_FIRST, STILL),
}  # fmt: skip
"""An instance and an interface are deleted; calls that name them, and a former host, change nothing, and what had been
detached from the instance before stays, or is being detached and is not to go with it."""
ADDRESSED: Mapping[str, tuple[Step, ...]] = {
    "its address stays its own": (*(ANOTHER,) * 3, STILL, FIRST, STILL, *(ANOTHER,) * 3, STILL),
}
"""Interfaces are made before a detach and after it: none of them may have the address of what was detached."""
BORN: Mapping[str, tuple[Step, ...]] = {
    "born with an instance that is deleted": (
        THERE, STILL, ATTACH_FIRST, STILL, FIRST, STILL, Act("delete_instance", 0, 1), STILL, THERE, Settle(LATER),
    ),
}  # fmt: skip
"""An interface that came with its instance is detached, attached elsewhere and detached there; when the instance goes,
it stays."""
MOVES: Mapping[str, tuple[Step, ...]] = {
    "moved to another instance and back": (
        FIRST, STILL, ELSEWHERE, STILL, FIRST, THERE, STILL, ATTACH_FIRST, STILL, THERE, FIRST, STILL,
    ),
    "wrong instance, then right": (THERE, THERE, FIRST, STILL),
}  # fmt: skip


def named(name: str) -> Scenario:
    """The walk of this name."""
    if name in ONCE:
        return Scenario(ONCE_THERE, ONCE[name], name)
    if name in BORN:
        return Scenario(BORN_ELSEWHERE, BORN[name], name)
    if name in ADDRESSED:
        return Scenario(NEVER_DETACHED, ADDRESSED[name], name)
    if name in MOVES:
        return Scenario(WALKED, MOVES[name], name)
    return Scenario(WALKED_ALONE, SCENARIOS[name], name)
