"""An interrupt that comes while a run ends by itself does not keep back what it has found."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from eni_conformance.conformance import run
from eni_conformance.conformance.commands import VIOLATED


@pytest.mark.parametrize("written", [True, False])
def test_results_that_are_there_are_told(written, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "run_tests", interrupted)
    display = run.Display(silent=True)
    display.folder = tmp_path
    if written:
        (tmp_path / "results.json").write_text('{"run": {"exit": 1}}')
        assert run._to_its_end(SimpleNamespace(), display) == VIOLATED
    else:
        with pytest.raises(KeyboardInterrupt):
            run._to_its_end(SimpleNamespace(), display)


def test_where_calls_are_counted_they_are_what_is_told_on_the_way():
    display = run.Display(silent=True)
    display.calls, display.total = 300, 146
    assert display.alive(20.0) == "20 s: 0 of at most 300 calls sent"
