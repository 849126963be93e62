"""Known deviations: a reviewed file of violations that are accepted for a while, each with owner, reason and expiry.

Matched violations become `known-deviation`; an entry that has expired, or that nothing needs any more, fails the
run with a line that names it. The subcommand writes a draft from a run, and checks a file.

    [[deviation]]
    requirement = "ENI-DETACH-E11"
    cause = "code:404"            # optional: part of the cause that the evidence file shows
    reason = "the gateway answers before the operation"
    owner = "net-team"
    expires = 2027-06-30
"""

from __future__ import annotations

import datetime
import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eni_conformance.contract.detach import CONTRACTS, full_id, short_id


class DeviationError(Exception):
    """The deviations file cannot be used; the text names the file, the entry and what to do."""


@dataclass(frozen=True)
class Deviation:
    """One accepted violation. `cause` "" matches every violation of the requirement."""

    requirement: str
    reason: str
    owner: str
    expires: datetime.date
    cause: str = ""

    def matches(self, entry: Mapping[str, Any]) -> bool:
        """Whether this entry speaks of that violation."""
        rows = (entry["requirement"], *entry["also"])
        return self.requirement in rows and self.cause in str(entry["cause"])

    def __str__(self) -> str:
        return full_id(self.requirement) + (f" ({self.cause})" if self.cause else "")


_KEYS = {"requirement", "reason", "owner", "expires", "cause"}


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
    return Deviation(short, str(entry["reason"]), str(entry["owner"]), expires, str(entry.get("cause", "")))


def apply(
    requirements: Sequence[dict[str, Any]],
    violations: Sequence[dict[str, Any]],
    known: Sequence[Deviation],
    today: datetime.date,
) -> tuple[list[dict[str, Any]], list[str]]:
    """The requirements with deviations taken into account, and the problems of the file itself.

    A requirement is a known deviation only if every one of its violations is matched by an entry in force.
    """
    live = [d for d in known if d.expires >= today]
    out = []
    used: set[Deviation] = set()
    for entry in requirements:
        short = short_id(entry["id"])
        found = [v for v in violations if short in (v["requirement"], *v["also"])]
        matches = [[d for d in live if d.matches(v)] for v in found]
        used |= {d for hits in matches for d in hits}
        if found and all(matches):
            first = matches[0][0]
            text = f"{first.reason} (owner {first.owner}, until {first.expires.isoformat()})"
            told = {"owner": first.owner, "reason": first.reason, "expires": first.expires.isoformat()}
            entry = {**entry, "verdict": "known-deviation", "reason": text, "deviation": told}
        out.append(entry)
    problems = [
        f"the deviation {d} of {d.owner} expired on {d.expires.isoformat()}: renew it or have it mended"
        for d in known
        if d.expires < today
    ]
    judged = {short_id(e["id"]): e["judged"] for e in requirements}
    for deviation in live:
        if deviation not in used and judged.get(deviation.requirement):
            problems.append(f"the deviation {deviation} of {deviation.owner} is no longer needed: remove it")
    return out, problems


def draft(results: Mapping[str, Any], today: datetime.date) -> str:
    """A deviations file for the violations of a run, to be reviewed: owner and reason are left to fill in."""
    lines = ["# Draft. Fill in reason and owner, and choose the dates, before you use it."]
    seen = set()
    for entry in results.get("violations", []):
        key = (entry["requirement"], entry["cause"])
        if key in seen:
            continue
        seen.add(key)
        lines += [
            "",
            f"# {entry['summary']}".replace("\n", " "),
            "[[deviation]]",
            f"requirement = {json.dumps(full_id(entry['requirement']))}",
            f"cause = {json.dumps(entry['cause'])}",
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
    path = Path(args.run)
    path = path / "results.json" if path.is_dir() else path
    try:
        results = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        print(f"eni-conformance deviations: {path}: cannot be read: {error}", file=sys.stderr)
        return 2
    print(draft(results, datetime.date.today()), end="")
    return 0
