"""Interfaces whose detach was accepted, and which are InUse as if nobody had called: slow, or not to move at all?

Calls that meet do not meet each time, so a detach that is lost beside others is seen once in a few tries. What tells it
from a slow one is the interface itself, which nobody touches any more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from eni_conformance.harness.bench import pool
from eni_conformance.harness.bench.pool import Bench
from eni_conformance.harness.ecs import SetupError
from eni_conformance.harness.wire.client import CallsSpent
from eni_conformance.oracle.findings import AfterSuccess
from eni_conformance.oracle.follow import Found

FOR_GOOD = 2
"""What has not moved for so many more of the target's limits after it should have ended is not slow."""


def seen(bench: Bench, found: Found) -> dict[str, float]:
    """The interface that a finding is about and when that was, where it has not moved; it is used no more."""
    finding = found.finding
    if not isinstance(finding, AfterSuccess) or not finding.unmoved:
        return {}
    pool.set_aside(bench, finding.unmoved)
    return {finding.unmoved: bench.clock.monotonic()}


def still(bench: Bench, unmoved: Mapping[str, float]) -> dict[str, float]:
    """Those that have not moved long after any clock explains it; what has moved meanwhile was slow."""
    until = max(unmoved.values()) + FOR_GOOD * bench.settle_seconds
    bench.clock.sleep(max(0.0, until - bench.clock.monotonic()))
    used: frozenset[str] = frozenset()
    with contextlib.suppress(SetupError, CallsSpent):
        used = pool.in_use(bench, unmoved)
    return {eni: when for eni, when in unmoved.items() if eni in used}
