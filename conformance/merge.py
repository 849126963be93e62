"""The subcommand `merge`: the shards of one run -> one report with the verdicts of an undivided run.

A shard that is missing leaves the requirements of its tests inconclusive, never conforming.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eni_conformance.conformance import deviations
from eni_conformance.conformance import study as studies
from eni_conformance.contract.detach import CONTRACTS, full_id
from eni_conformance.oracle.tally import read_all

from eni_conformance import reports


class Unfit(Exception):
    """The directories cannot be joined; the text says which and why."""


def parts(folders: Sequence[Path]) -> list[tuple[Path, dict[str, Any]]]:
    """Each directory with its results. Raises Unfit if one is no run, or if they are not of one run."""
    out = []
    for folder in folders:
        place = folder if (folder / "results.json").exists() else folder / "latest"
        try:
            out.append((place.resolve(), json.loads((place / "results.json").read_text())))
        except (OSError, ValueError):
            raise Unfit(f"{folder}: is no output directory of a run") from None
    first = out[0][1]
    for place, data in out:
        for key in ("revision", "effort", "seed"):
            if data["run"][key] != first["run"][key]:
                raise Unfit(
                    f"{place}: {key} is {data['run'][key]}, elsewhere {first['run'][key]}; not shards of one run"
                )
        if not data["run"].get("shard"):
            raise Unfit(f"{place}: was not made with --shard")
    return out


def lost(found: Sequence[tuple[Path, Mapping[str, Any]]]) -> tuple[list[int], set[str], int]:
    """(missing shards, short ids of the requirements of their tests, number of shards)."""
    numbers = [str(data["run"]["shard"]).split("/") for _, data in found]
    total = int(numbers[0][1])
    if any(int(n[1]) != total for n in numbers):
        raise Unfit("the shards are not parts of the same division")
    present = {int(n[0]) for n in numbers}
    gone = [i for i in range(1, total + 1) if i not in present]
    tests = json.loads((found[0][0] / "tests.json").read_text())
    touched = {r for n, test in enumerate(tests) if n % total + 1 in gone for r in test["requirements"]}
    return gone, touched, total


def merge(folders: Sequence[Path], out: Path, known: tuple[deviations.Deviation, ...] = ()) -> tuple[Path, int]:
    """Join the shards into a new directory below `out`; returns it and the exit status. Raises Unfit.

    known: deviations that are accepted for the whole; what the shards accepted is judged anew.
    """
    found = parts(folders)
    gone, touched, _ = lost(found)
    folder = out / f"{found[0][1]['run']['id']}-merged"
    (folder / "evidence").mkdir(parents=True, exist_ok=True)
    records: list[dict[str, Any]] = []
    for n, (place, _data) in enumerate(found):
        for record in read_all(place):
            record["worker"] = f"s{n}-{record['worker']}"
            for entry in record.get("violations", []):
                if entry["evidence"]:
                    name = f"s{n}-{entry['evidence']}"
                    shutil.copyfile(place / "evidence" / entry["evidence"], folder / "evidence" / name)
                    entry["evidence"] = name
            records.append(record)
            (folder / f"record-{record['worker']}.json").write_text(json.dumps(record))
        for ids in place.glob("ids-*.txt"):
            shutil.copyfile(ids, folder / f"ids-s{n}-{ids.name.removeprefix('ids-')}")
    with (folder / "wire.jsonl.gz").open("wb") as wire:
        for place, _data in found:
            part = place / "wire.jsonl.gz"
            if part.exists():
                wire.write(part.read_bytes())
    base = found[0][1]
    contract = CONTRACTS["2024" if base["run"]["revision"] == "2024" else "2019"]
    callers = frozenset(base["target"].get("callers", ()))
    calls = sum((Counter(data["calls"]) for _, data in found), Counter[str]())
    results = studies.compose(contract, folder, records, callers, base["target"], base["run"], calls)
    note = f"shards {', '.join(map(str, gone))} are missing" if gone else ""
    for entry in results["requirements"]:
        if gone and entry["verdict"] != "violated" and any(full_id(r) == entry["id"] for r in touched):
            entry["verdict"], entry["reason"] = "inconclusive", note
    problems = studies.accept(results, known)
    violated = bool(problems) or any(e["verdict"] == "violated" for e in results["requirements"])
    # A shard's own 1 is judged anew: what it found is in the records.
    worst = [data["run"]["exit"] for _, data in found if data["run"]["exit"] != studies.VIOLATED]
    status = studies.VIOLATED if violated else max(worst, default=studies.OK)
    status = studies.ENDED_EARLY if gone and status == studies.OK else status
    run = results["run"]
    run.update(
        id=folder.name,
        exit=status,
        shard="",
        seconds=round(max(data["run"]["seconds"] for _, data in found), 2),
        incomplete=bool(gone) or any(data["run"]["incomplete"] for _, data in found),
        note=" ".join(filter(None, [note, *problems, *(data["run"]["note"] for _, data in found)])),
    )
    (folder / "results.json").write_text(json.dumps(results, indent=1))
    link = out / "latest"
    part = out / f".latest-{os.getpid()}"
    part.unlink(missing_ok=True)
    part.symlink_to(folder.name, target_is_directory=True)
    os.replace(part, link)
    reports.write_all(folder)
    return folder, status


def main(args: Any) -> int:
    """The subcommand. Exit status as of the run that the shards make up."""
    try:
        known = deviations.load(args.deviations) if getattr(args, "deviations", None) else ()
        folder, status = merge([Path(d) for d in args.runs], Path(args.out), known)
    except (Unfit, deviations.DeviationError) as unfit:
        print(f"eni-conformance merge: {unfit}", file=sys.stderr)
        return studies.USAGE
    from eni_conformance.reports import files, summary

    results = files.load(folder)
    print(summary.text(results, out_dir=folder))
    step = os.environ.get("GITHUB_STEP_SUMMARY")
    if step:
        with open(step, "a") as file:
            file.write(summary.markdown(results, folder))
    return status
