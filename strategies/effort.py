"""How much is tried. Sizes alone; what is tried is the same for every effort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    seconds: after that, what is optional is left out (a slow endpoint). rows: Worlds of the covering array. texts: odd
    texts per World. draws: drawn Scenarios per property. walks, steps: histories, and the steps of each. overlaps:
    drawn Scenarios of overlapping calls. ids: interfaces made for the sake of their ids. shrink_candidates,
    shrink_seconds: what a counterexample may cost while it is made smaller. narrowed: Scenarios for each refusal that
    a run is narrowed to.
    """

    name: str
    seconds: float
    rows: int
    texts: int
    draws: int
    walks: int
    steps: int
    overlaps: int
    ids: int
    shrink_candidates: int
    shrink_seconds: float
    narrowed: int


EFFORTS: Mapping[str, Effort] = {
    "quick": Effort("quick", 120, 7, 6, 3, 4, 20, 8, 28, 40, 6.0, 12),
    "standard": Effort("standard", 600, 31, 120, 20, 24, 30, 40, 140, 120, 20.0, 400),
    "deep": Effort("deep", 7200, 200, 160, 300, 200, 200, 400, 700, 400, 60.0, 4000),
}
