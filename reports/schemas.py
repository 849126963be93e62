"""The JSON schemas of what a run writes, made from the types by `python -m eni_conformance.reports.schemas`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from eni_conformance.contract import codec
from eni_conformance.oracle.evidence import Evidence
from eni_conformance.oracle.results import Results

RESULTS = Path(__file__).with_name("results.schema.json")
EVIDENCE = Path(__file__).with_name("evidence.schema.json")


def schemas() -> Mapping[Path, str]:
    """The text of each schema file."""
    made = {
        RESULTS: codec.schema(Results, "Results of a run of eni-conformance, schema 1"),
        EVIDENCE: codec.schema(Evidence, "One piece of evidence of eni-conformance, schema 1"),
    }
    return {path: json.dumps(schema, indent=1) + "\n" for path, schema in made.items()}


if __name__ == "__main__":
    for path, content in schemas().items():
        path.write_text(content, encoding="utf-8")
