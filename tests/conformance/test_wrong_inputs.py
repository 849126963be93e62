"""Every command that reads a file, with files that it cannot use: one line, status 2, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from eni_conformance.conformance import cli

FILES: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "a directory": lambda path: path.mkdir(),
    "empty": lambda path: path.write_bytes(b""),
    "octets": lambda path: path.write_bytes(b"\xff\xfe\x00"),
    "text": lambda path: path.write_text("not what it should be"),
    "another object": lambda path: path.write_text('{"a": 1}'),
    "a list": lambda path: path.write_text("[]"),
    "hardly an object": lambda path: path.write_text('{"schema": 1}'),
    "deep": lambda path: path.write_text("[" * 100_000),
    "a link to itself": lambda path: path.symlink_to(path),
}
COMMANDS = (
    "run --target {}", "doctor --target {}", "plan --target {}", "janitor --target {}", "replay {}", "sign {}",
    "report {}", "compare {} {}", "merge {}", "deviations --from {}", "deviations --check {}", "drift {}",
    "run --deviations {}",
)  # fmt: skip
NOTHING_WRONG = {("deviations --check {}", "empty"), ("run --deviations {}", "empty")}
"""An empty file of deviations says that there are none."""


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_cannot_be_used(
    command: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if (command, kind) in NOTHING_WRONG:
        pytest.skip("nothing is wrong with it")
    monkeypatch.chdir(tmp_path)
    FILES[kind](tmp_path / "file")
    assert cli.main(command.replace("{}", "file").split()) == 2
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err and "internal error" not in said.err
    assert len(said.err.strip().splitlines()) == 1 and "file" in said.err
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(
    "line",
    [
        "run -k ,", "run --seed -1", "run -n 0", "run --shard 5/4", "run --out file", "run --database foo://x",
        "run --calls 0", "run extra", "bogus", "prove --only nosuch", "prove --only status-primary --out file/x",
        "completion csh", "compare one", "janitor --target t.toml --older-than x",
    ],
)  # fmt: skip
def test_wrong_usage(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert cli.main(line.split()) == 2
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err and "internal error" not in said.err and said.err
