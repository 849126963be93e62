"""Which exchanges of a run stay on disk (`run --keep-wire`): all, those that its findings speak of, or none.

While a run goes on each worker writes down all it sends; this is what is left when they are joined, once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eni_conformance.harness import journal
from eni_conformance.reports import files

FILE = "wire.jsonl.gz"


def join(folder: Path, keep: str = "all") -> Counter[str]:
    """Join the journals of all workers into wire.jsonl.gz. Returns how often each operation was sent, kept or not."""
    spoken_of = _spoken_of(folder) if keep == "failures" else frozenset[str]()

    def wanted(entry: Mapping[str, Any]) -> bool:
        if keep == "failures":
            failed = entry.get("outcome") != "answered" or int(entry.get("status") or 0) >= 500
            return failed or entry.get("id") in spoken_of
        return keep == "all"

    sent = journal.merge(folder, folder / FILE, wanted)
    if keep == "none":
        (folder / FILE).unlink()
    return sent


def drop_parts(folder: Path) -> None:
    """Remove what the workers had written: it is in the joined file, or was not to be kept."""
    for path in folder.glob("wire-*.jsonl.gz"):
        path.unlink()


def _spoken_of(folder: Path) -> frozenset[str]:
    """Ids of the exchanges that the evidence of the run shows."""
    out: set[str] = set()
    for _, item in files.load_evidence(folder)[0]:
        out |= {item.exchange.id} if item.exchange else set()
        out |= {moment.note for moment in item.history if moment.note}
    return frozenset(out)
