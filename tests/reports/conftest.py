"""The invented runs of `report_samples`, written once, with all their reports."""

from __future__ import annotations

from pathlib import Path

import pytest
import report_samples
from eni_conformance.reports import Written, history, write_all


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Output directories by the name of the sample, every report written without a problem."""
    root = tmp_path_factory.mktemp("runs")
    out = {}
    for name, make in report_samples.SAMPLES.items():
        out[name] = report_samples.write(root / name, make())
        written: Written = write_all(out[name], root / f"history-{name}.jsonl")
        assert written.problems == {}
        assert set(written.paths) == {"history", "badge", "junit", "html", "allure"}
    return out


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output directory of the last of several runs of one target, so that there is a trend."""
    root = tmp_path_factory.mktemp("past")
    out = root
    for n, (data, items) in enumerate((report_samples.SAMPLES["passing"](), report_samples.violated())):
        data["run"]["id"] = f"20261124-10150{n}-0000"
        out = report_samples.write(root, (data, items))
        history.append(out, root / "history.jsonl")
    assert write_all(out, root / "history.jsonl").problems == {}
    return out
