"""The subcommand `merge`: the shards of one run -> one report with the verdicts of an undivided run.

A shard that is missing leaves the requirements of its tests inconclusive, never conforming.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eni_conformance.conformance import deviations, results, unfinished
from eni_conformance.conformance import study as studies
from eni_conformance.conformance.commands import USAGE
from eni_conformance.contract.detach import CONTRACTS, full_id
from eni_conformance.oracle import tally
from eni_conformance.oracle.results import Results, Violation
from eni_conformance.oracle.tally import Record
from eni_conformance.reports import files

from eni_conformance import reports


class Unfit(Exception):
    """The directories cannot be joined; the text says which and why."""


def parts(folders: Sequence[Path]) -> list[tuple[Path, Results]]:
    """Each directory with its results. Raises Unfit if one is no run, or if they are not of one run."""
    out = []
    for folder in folders:
        place = folder if (folder / "results.json").exists() else folder / "latest"
        try:
            out.append((Path(os.path.realpath(place)), files.load(place)))
        except (OSError, ValueError):
            raise Unfit(f"{folder}: is no output directory of a run") from None
    first = out[0][1].run
    for place, made in out:
        for key in ("revision", "effort", "seed"):
            mine, theirs = getattr(made.run, key), getattr(first, key)
            if mine != theirs:
                raise Unfit(f"{place}: {key} is {mine}, elsewhere {theirs}; not shards of one run")
        if not made.run.shard:
            raise Unfit(f"{place}: was not made with --shard")
    return out


def lost(found: Sequence[tuple[Path, Results]]) -> tuple[list[int], set[str]]:
    """(missing shards, short ids of the requirements of their tests)."""
    numbers = [made.run.shard.split("/") for _, made in found]
    total = int(numbers[0][1])
    if any(int(n[1]) != total for n in numbers):
        raise Unfit("the shards are not parts of the same division")
    present = {int(n[0]) for n in numbers}
    gone = [i for i in range(1, total + 1) if i not in present]
    try:
        tests = studies.listed_in(found[0][0])
    except (OSError, ValueError) as error:
        raise Unfit(f"{found[0][0]}: does not tell how its tests were divided: {error}") from None
    return gone, {
        row for n, test in enumerate(tests) if studies.shard_of(n, total) in gone for row in test.requirements
    }


def merge(folders: Sequence[Path], out: Path, known: tuple[deviations.Deviation, ...] = ()) -> tuple[Path, int]:
    """Join the shards into a new directory below `out`; returns it and the exit status. Raises Unfit.

    known: deviations that are accepted for the whole; what the shards accepted is judged anew.
    """
    found = parts(folders)
    gone, touched = lost(found)
    base, runs = found[0][1], [made.run for _, made in found]
    incomplete = bool(gone) or any(run.incomplete for run in runs)
    folder = out / f"{base.run.id}-merged"
    records = _join_files([place for place, _ in found], folder)
    contract = CONTRACTS["2024" if base.run.revision == "2024" else "2019"]
    calls = sum((Counter(made.calls) for _, made in found), Counter[str]())
    made = results.compose(contract, folder, records, base.target, base.run, calls)
    note = f"shards {', '.join(map(str, gone))} are missing" if gone else ""
    open_rows = {full_id(short) for short in touched}
    rows = (
        replace(row, verdict="inconclusive", reason=note) if row.id in open_rows and row.verdict != "violated" else row
        for row in made.requirements
    )
    made = results.accept(replace(made, requirements=tuple(rows)), known)
    status = results.status_of(made, incomplete)  # judged anew: what the shards found is in their records
    run = replace(
        base.run,
        id=folder.name,
        exit=status,
        shard="",
        seconds=round(max(run.seconds for run in runs), 2),
        incomplete=incomplete,
        note=" ".join(filter(None, [note, *made.problems, *(run.note for run in runs)])),
    )
    results.write(folder, replace(made, run=run))
    studies.point_latest(folder)
    reports.write_all(folder)
    return folder, status


def _join_files(places: Sequence[Path], folder: Path) -> tuple[Record, ...]:
    """Copy what the shards wrote into one directory, under names that tell them apart; returns their records."""
    (folder / "evidence").mkdir(parents=True, exist_ok=True)
    records: list[Record] = []
    for n, place in enumerate(places):
        records += [_of_shard(n, record) for record in _records(place)]
        for file in place.glob("evidence/*.json"):
            shutil.copyfile(file, folder / "evidence" / _name(n, file.name))
        for ids in place.glob("ids-*.txt"):
            shutil.copyfile(ids, folder / f"ids-s{n}-{ids.name.removeprefix('ids-')}")
    for record in records:
        tally.write(folder, record)
    with (folder / "wire.jsonl.gz").open("wb") as wire:
        for place in places:
            part = place / "wire.jsonl.gz"
            if part.exists():
                wire.write(part.read_bytes())
    return tuple(records)


def _records(place: Path) -> tuple[Record, ...]:
    try:
        return tally.read_all(place)
    except ValueError as error:
        raise Unfit(f"{place}: {error}") from None


def _of_shard(n: int, record: Record) -> Record:
    """A record under a name that no other shard has, as are the evidence files that it names."""

    def renamed(entries: tuple[Violation, ...]) -> tuple[Violation, ...]:
        return tuple(replace(entry, evidence=_name(n, entry.evidence)) for entry in entries)

    return replace(
        record, worker=f"s{n}-{record.worker}", violations=renamed(record.violations), once=renamed(record.once)
    )


def _name(n: int, evidence: str) -> str:
    return f"s{n}-{evidence}" if evidence else ""


def main(args: Any) -> int:
    """The subcommand. Exit status as of the run that the shards make up."""
    try:
        known = deviations.load(args.deviations) if getattr(args, "deviations", None) else ()
        folder, status = merge([Path(d) for d in args.runs], Path(args.out), known)
    except (Unfit, deviations.DeviationError) as unfit:
        print(f"eni-conformance merge: {unfit}", file=sys.stderr)
        return USAGE
    from eni_conformance.reports import summary

    made = files.load(folder)
    print(summary.text(made, out_dir=folder))
    unfinished.tell_ci(folder)
    return status
