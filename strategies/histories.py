"""Histories: long walks through the life cycle, valid and invalid calls mixed.

A rule-based state machine walks a small model of two instances and three interfaces; its rules only write steps
down. The finished walk is a Scenario, which is carried out and judged like any other: generation never depends on
what an endpoint answered, so it can be repeated, made smaller and kept. `SCENARIOS` are walks with a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from eni_conformance.contract.scenario import Act, Arg, Detach, EniSpec, InstanceSpec, Scenario, Settle, Step, World
from eni_conformance.strategies.calls import dressed, extras, valid
from eni_conformance.strategies.wire import wires
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

WALKED = World(
    (InstanceSpec(), InstanceSpec()),
    (EniSpec(), EniSpec(tags=1), EniSpec(on=None, status="Available")),
)
ALONE = World((InstanceSpec(),), (EniSpec(), EniSpec(tags=1), EniSpec(on=None, status="Available")))


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
        self.steps.append(Detach(dressed(valid(k, on), wire, extra)))
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
            self.steps.append(Detach(dressed(valid(k, on), wire, ())))
            self.on[k] = None

    @precondition(lambda self: self._spare())
    @rule(data=st.data(), wire=wires())
    def detach_again(self, data: st.DataObject, wire: Any) -> None:
        """A call on an interface that is unattached, or about to be."""
        self.fired["detach_again"] += 1
        k = data.draw(st.sampled_from(self._spare()))
        i = data.draw(st.sampled_from(sorted(self.status)))
        self.steps.append(Detach(dressed(valid(k, i), wire, ())))

    @precondition(lambda self: self._attached() and len(self.status) > 1)
    @rule(data=st.data(), wire=wires())
    def detach_from_other(self, data: st.DataObject, wire: Any) -> None:
        """A call that names the wrong instance."""
        self.fired["detach_from_other"] += 1
        k = data.draw(st.sampled_from(self._attached()))
        i = data.draw(st.sampled_from([i for i in sorted(self.status) if i != self.on[k]]))
        self.steps.append(Detach(dressed(valid(k, i), wire, ())))

    @rule(data=st.data(), wire=wires())
    def detach_primary(self, data: st.DataObject, wire: Any) -> None:
        """A call on a primary interface."""
        self.fired["detach_primary"] += 1
        i = data.draw(st.sampled_from(sorted(self.status)))
        args = (
            valid(0).args[0],
            Arg("InstanceId", f"instance:{i}"),
            Arg("NetworkInterfaceId", f"primary:{i}"),
        )
        self.steps.append(Detach(dressed(valid(0).__class__(args), wire, ())))

    @rule(
        wire=wires(),
        name=st.sampled_from(("InstanceId", "NetworkInterfaceId")),
        form=st.sampled_from(("last changed", "half", "empty", "sql", "upper")),
    )
    def detach_odd(self, wire: Any, name: str, form: str) -> None:
        """A call with a text that denotes nothing."""
        self.fired["detach_odd"] += 1
        args = tuple(Arg(a.name, a.ref, form) if a.name == name else a for a in valid(0).args)
        self.steps.append(Detach(dressed(valid(0).__class__(args), wire, ())))

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
            type(self).finished(Scenario(self.world, tuple(self.steps), name="walk"))


def _d(eni: int, instance: int = 0) -> Detach:
    return Detach(valid(eni, instance))


_PRIMARY = Detach(valid(0).__class__((valid(0).args[0], valid(0).args[1], Arg("NetworkInterfaceId", "primary:0"))))
_UNKNOWN = Detach(
    valid(0).__class__((valid(0).args[0], valid(0).args[1], Arg("NetworkInterfaceId", "eni:0", "last changed")))
)

# Known sequences, one for each way in which a service has been seen to lose track.
SCENARIOS: Mapping[str, tuple[Step, ...]] = {
    "detach, attach, detach": (_d(0), Settle(), Act("attach", 0, 0), Settle(), _d(0), Settle()),
    "detach twice at once, then again": (_d(0), _d(0), Settle(), _d(0)),
    "refusals, then a valid call": (_PRIMARY, _UNKNOWN, _PRIMARY, _d(0), Settle()),
    "after a restart": (Act("stop"), Settle(), Act("start"), Settle(), _d(0), Settle(), _d(1), Settle(), _PRIMARY),
    "after a reboot": (Act("reboot"), Settle(), _PRIMARY, _d(1), Settle(), _d(0), Settle()),
    "while stopped": (Act("stop"), Settle(), _d(0), Settle(), _PRIMARY, _d(0), Act("attach", 0, 0), Settle(), _d(0), Settle()),
    "stopped, detached, started": (Act("stop"), Settle(), _d(1), Settle(), Act("start"), Settle(), _d(1), _d(0), Settle()),
    "right after stop": (Act("stop"), _d(0), Settle()),
    "right after start": (Act("stop"), Settle(), Act("start"), _d(0), Settle()),
    "right after attach": (Act("attach", 2, 0), _d(2), Settle(), _d(0), Settle()),
    "both at once": (_d(0), _d(1), Settle(), Act("attach", 1, 0), Act("attach", 0, 0), Settle(), _d(1), Settle(), _d(0), Settle()),
    "three on, three off": (Act("attach", 2, 0), Settle(), _d(0), Settle(), _d(1), Settle(), _d(2), Settle()),
    "slot reuse": (_d(0), Settle(), Act("attach", 2, 0), Settle(), Act("attach", 0, 0), Settle(), _d(2), Settle()),
    "third attachment": (
        _d(0), Settle(), Act("attach", 0, 0), Settle(), _d(0), Settle(), Act("attach", 0, 0), Settle(), _d(0), Settle(),
    ),
}  # fmt: skip
MOVES: Mapping[str, tuple[Step, ...]] = {
    "moved to another instance and back": (
        _d(0), Settle(), Act("attach", 0, 1), Settle(), _d(0, 0), _d(0, 1), Settle(), Act("attach", 0, 0), Settle(),
        _d(0, 1), _d(0, 0), Settle(),
    ),
    "wrong instance, then right": (_d(0, 1), _d(0, 1), _d(0, 0), Settle()),
}  # fmt: skip
