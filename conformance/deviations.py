"""Known deviations: a reviewed file of violations that are accepted for a while, each with owner, reason and expiry.

Matched violations become `known-deviation`; an entry that has expired fails the run with a line that names it. One
that nothing has needed in several runs in a row is told, and fails the run only if it says `unneeded = "fail"`: what
an endpoint does now and then is not seen each time. The subcommand writes a draft from a run, and checks a file.

    [[deviation]]
    requirement = "ENI-DETACH-E11"
    cause = "code:404"            # optional: part of the cause, or the whole family, that the evidence file shows
    reason = "the gateway answers before the operation"
    owner = "net-team"
    expires = 2027-06-30
"""

from __future__ import annotations

import datetime
import json
import sys
import tomllib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from eni_conformance.contract import rows
from eni_conformance.contract.detach import CONTRACTS, full_id, short_id
from eni_conformance.oracle.results import DeviationEntry, KnownDeviation, RequirementResult, Results, Violation
from eni_conformance.reports import files
from eni_conformance.reports import history as trend


class DeviationError(Exception):
    """The deviations file cannot be used; the text names the file, the entry and what to do."""


@dataclass(frozen=True)
class Deviation:
    """One accepted violation. `cause` "" matches every violation of the requirement; a family matches what belongs to
    one event, in whatever requirement it shows. strict: it fails the run when it is not needed any more."""

    requirement: str
    reason: str
    owner: str
    expires: datetime.date
    cause: str = ""
    strict: bool = False

    def matches(self, found: Violation) -> bool:
        """Whether this entry speaks of that violation."""
        if self.cause and self.cause == found.family:
            return True
        return self.requirement in (found.requirement, *found.also) and self.cause in str(found.cause)

    def __str__(self) -> str:
        return full_id(self.requirement) + (f" ({self.cause})" if self.cause else "")


_KEYS = {"requirement", "reason", "owner", "expires", "cause", "unneeded"}
QUIET_RUNS = 3
"""An entry that was not needed in so many runs in a row, though its requirement was tried, is told."""


@dataclass(frozen=True)
class Applied:
    """What comes of a deviations file. problems fail the run, warnings do not. entries: what was accepted, each with
    the number of runs in a row that did not need it."""

    requirements: tuple[RequirementResult, ...]
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    entries: tuple[DeviationEntry, ...] = ()


def load(path: str | Path) -> tuple[Deviation, ...]:
    """Read and check a deviations file. Raises DeviationError."""
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DeviationError(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeviationError(f"{path}: is not TOML: {error}") from None
    extra = sorted(set(data) - {"deviation"})
    if extra:
        raise DeviationError(f"{path}: unknown key {extra[0]!r}; entries are written as [[deviation]]")
    entries = data.get("deviation", [])
    if not isinstance(entries, list):
        raise DeviationError(f"{path}: write entries as [[deviation]]")
    return tuple(_entry(path, n, entry) for n, entry in enumerate(entries, 1))


def _entry(path: str | Path, n: int, entry: Mapping[str, Any]) -> Deviation:
    where = f"{path}: deviation {n}"
    unknown = sorted(set(entry) - _KEYS)
    if unknown:
        raise DeviationError(f"{where}: unknown key {unknown[0]!r}")
    for key in ("requirement", "reason", "owner"):
        if not isinstance(entry.get(key), str) or not str(entry[key]).strip():
            raise DeviationError(f"{where}: {key} is missing; every deviation needs one")
    expires = entry.get("expires")
    if isinstance(expires, str):
        try:
            expires = datetime.date.fromisoformat(expires)
        except ValueError:
            expires = None
    if not isinstance(expires, datetime.date):
        raise DeviationError(f"{where}: expires is missing or is not a date such as 2027-06-30")
    short = short_id(str(entry["requirement"]))
    if all(short not in contract.requirements for contract in CONTRACTS.values()):
        raise DeviationError(f"{where}: {entry['requirement']} is no requirement; they look like {full_id('E11')}")
    unneeded = entry.get("unneeded", "warn")
    if unneeded not in ("warn", "fail"):
        raise DeviationError(f'{where}: unneeded is {unneeded!r}; write "warn" or "fail"')
    cause, strict = str(entry.get("cause", "")), unneeded == "fail"
    return Deviation(short, str(entry["reason"]), str(entry["owner"]), expires, cause, strict)


def accepting(found: Violation, known: Sequence[Deviation]) -> Deviation | None:
    """The entry in force that accepts this violation, None if there is none."""
    today = datetime.datetime.now(datetime.UTC).date()
    return next((one for one in known if one.expires >= today and one.matches(found)), None)


def apply(
    requirements: Sequence[RequirementResult],
    violations: Sequence[Violation],
    known: Sequence[Deviation],
    today: datetime.date,
    quiet: Mapping[str, int] = MappingProxyType({}),
) -> Applied:
    """The requirements with deviations taken into account, and what is wrong with the file itself.

    A requirement is a known deviation only if every one of its violations is matched by an entry in force. quiet: by
    entry, in how many runs in a row before this one it was not needed.
    """
    live = [d for d in known if d.expires >= today]
    out = []
    used: set[Deviation] = set()
    for row in requirements:
        found = [v for v in violations if v.concerns(row)]
        matches = [[d for d in live if d.matches(v)] for v in found]
        used |= {d for hits in matches for d in hits}
        if found and all(matches):
            first, until = matches[0][0], matches[0][0].expires.isoformat()
            text = f"{first.reason} (owner {first.owner}, until {until})"
            accepted = KnownDeviation(first.owner, first.reason, until)
            row = replace(row, verdict="known-deviation", reason=text, deviation=accepted)
        out.append(row)
    judged = {short_id(row.id) for row in requirements if row.judged}
    expired = [
        f"the deviation {d} of {d.owner} expired on {d.expires.isoformat()}: renew it or have it mended"
        for d in known
        if d.expires < today
    ]
    count = {d: _quiet(d, used, judged, quiet) for d in known}
    needless = {
        d: f"the deviation {d} of {d.owner} is no longer needed: no run of the last {count[d]} showed it; remove it"
        for d in live
        if count[d] >= QUIET_RUNS
    }
    return Applied(
        tuple(out),
        (*expired, *(text for d, text in needless.items() if d.strict)),
        tuple(text for d, text in needless.items() if not d.strict),
        tuple(DeviationEntry(str(d), d.owner, d.expires.isoformat(), count[d]) for d in known),
    )


def _quiet(entry: Deviation, used: Set[Deviation], judged: Set[str], before: Mapping[str, int]) -> int:
    """In how many runs in a row an entry was not needed. A run that did not try its requirement does not count."""
    if entry in used:
        return 0
    return before.get(str(entry), 0) + (entry.requirement in judged)


def quiet_so_far(folder: Path, target: str, history: str = "") -> dict[str, int]:
    """By entry, in how many runs in a row it was not needed before the run in this folder: as the last run against this
    target says, by the history file where there is one, else by the directories beside."""
    if history:
        lines = [line for line in trend.read(history) if line.target == target and line.quiet]
        return dict(lines[-1].quiet) if lines else {}
    for place in sorted(folder.resolve().parent.glob("*/results.json"), reverse=True):
        if place.parent.name >= folder.resolve().name or place.parent.is_symlink():
            continue
        try:
            earlier = files.load(place.parent)
        except (OSError, ValueError):
            continue
        if earlier.target.name == target and earlier.deviations:
            return {one.entry: one.quiet for one in earlier.deviations}
    return {}


def draft(results: Results, today: datetime.date) -> str:
    """A deviations file for the violations of a run, to be reviewed: owner and reason are left to fill in.

    One entry for each family, which a run with other choices shows again, if in another requirement.
    """
    lines = ["# Draft. Fill in reason and owner, and choose the dates, before you use it."]
    first: dict[tuple[str, str], Violation] = {}
    for one in sorted(results.violations, key=lambda v: v.requirement == rows.STAYS_AVAILABLE):
        first.setdefault(("", one.family) if one.family else (one.requirement, one.cause or ""), one)
    for (_, cause), found in first.items():
        lines += [
            "",
            f"# {found.summary}".replace("\n", " "),
            "[[deviation]]",
            f"requirement = {json.dumps(full_id(found.requirement))}",
            f"cause = {json.dumps(cause)}",
            'reason = ""',
            'owner = ""',
            f"expires = {(today + datetime.timedelta(days=90)).isoformat()}",
        ]
    return "\n".join(lines) + "\n"


def main(args: Any) -> int:
    """The subcommand: --from RUN prints a draft, --check FILE says whether a file can be used."""
    if getattr(args, "check", None):
        try:
            entries = load(args.check)
        except DeviationError as error:
            print(f"eni-conformance deviations: {error}", file=sys.stderr)
            return 2
        expired = [d for d in entries if d.expires < datetime.date.today()]
        for deviation in entries:
            state = "EXPIRED" if deviation in expired else "in force"
            print(f"{state}  {deviation}  until {deviation.expires.isoformat()}  {deviation.owner}: {deviation.reason}")
        return 1 if expired else 0
    try:
        results = files.load(args.run)
    except (OSError, ValueError) as error:
        print(f"eni-conformance deviations: cannot be read: {error}", file=sys.stderr)
        return 2
    print(draft(results, datetime.date.today()), end="")
    return 0
