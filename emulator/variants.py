"""placeholder"""

from __future__ import annotations

from emulator.behaviour import Behaviour


class Variant:
    def install(self, behaviour: Behaviour) -> None: ...


VARIANTS: dict[str, Variant] = {}
