"""What the user asked a run for, as a value. Nothing is checked here but by those who read it."""

from __future__ import annotations

from dataclasses import dataclass

from eni_conformance.conformance import narrow
from eni_conformance.conformance.embedded import EMBEDDED
from eni_conformance.contract.detach import CONTRACTS
from eni_conformance.contract.rules import Operation, Revision


@dataclass(frozen=True)
class Plan:
    """What the user asked for. last: directory of a run whose counterexamples are tried before anything else. calls: so
    many at most, 0 for as many as it takes. keep_wire: which exchanges stay on disk (`kept_wire`)."""

    target: str = EMBEDDED
    revision: Revision = "2019"
    effort: str = "standard"
    seed: int = 0
    workers: int = 1
    out: str = "out"
    deviations: str = ""
    first_violation: bool = False
    strict: bool = False
    only: str = ""
    allow_plain_http: bool = False
    database: str = ""
    history: str = ""
    shard: str = ""
    last: str = ""
    calls: int = 0
    keep_wire: str = "all"

    @property
    def part(self) -> bool:
        """Whether this is less than a whole run by intent."""
        return bool(self.only or self.shard or self.calls)

    def command(self) -> str:
        """The command that repeats this run."""
        parts = ["eni-conformance run"]
        if self.target != EMBEDDED:
            parts.append(f"--target {self.target}")
        parts.append(f"--revision {self.revision} --effort {self.effort} --seed {self.seed} -n {self.workers}")
        for flag, value in (("--deviations", self.deviations), ("-k", self.only), ("--shard", self.shard)):
            if value:
                parts.append(f"{flag} {value}")
        if self.calls:
            parts.append(f"--calls {self.calls}")
        for flag, on in (("--first-violation", self.first_violation), ("--strict", self.strict)):
            if on:
                parts.append(flag)
        return " ".join(parts)

    def chosen(self) -> frozenset[str]:
        """Short ids of the requirements that the run is narrowed to, none for a run that is for all."""
        return narrow.chosen(self.only, self.contract())

    def contract(self) -> Operation:
        """What is judged by: the page with the common table, or the page alone."""
        made = CONTRACTS[self.revision]
        return made.by_the_page() if self.strict else made
