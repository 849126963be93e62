"""placeholder"""

from __future__ import annotations

from emulator.behaviour import Hooks


class Fault:
    def install(self, hooks: Hooks) -> None: ...


FAULTS: dict[str, Fault] = {}
