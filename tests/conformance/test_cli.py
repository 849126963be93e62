"""The command line: every command explains itself, mistakes cost one line, and no traceback is ever seen."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest
from eni_conformance.conformance import cli
from eni_conformance.emulator.embed import running

ROOT = Path(__file__).parent.parent.parent
COMMANDS = ("run", "doctor", "plan", "janitor", "replay", "compare", "merge", "prove", "drift", "deviations")
SECRET = "a-secret-of-the-command-line"


def target_file(path, url):
    path.write_text(
        f'endpoint = "{url}"\nregion = "cn-hangzhou"\n[callers.account]\n'
        f'access_key_id = "LTAIcommandline01"\naccess_key_secret = "{SECRET}"\n[limits]\nsettle_seconds = 0.2\n'
    )
    path.chmod(0o600)
    return str(path)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_teaches(name, capsys):
    """With an example of each command, and its exit statuses."""
    assert cli.main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"usage: eni-conformance {name}" in text and f"  eni-conformance {name}" in text.split("examples:")[1]
    assert "exit status" in text or name in ("doctor", "plan")


def test_the_overview_names_every_command(capsys):
    """And tells what to do first."""
    assert cli.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"    {name}" in text for name in (*COMMANDS, "emulator")) and "first steps:" in text
    assert cli.main([]) == 2
    assert cli.main(["--version"]) == 0


WRONG = [
    ["nonsense"],
    ["run", "--efort", "quick"],
    ["run", "--effort", "huge"],
    ["run", "--revision", "2020"],
    ["run", "-n", "0"],
    ["run", "-n", "many"],
    ["run", "--seed", "-1"],
    ["run", "--seed", str(2**64)],
    ["run", "--shard", "3/2"],
    ["run", "--shard", "1"],
    ["doctor"],
    ["plan"],
    ["janitor"],
    ["janitor", "--target", "t.toml", "--older-than", "soon"],
    ["replay"],
    ["compare", "one"],
    ["merge"],
    ["deviations"],
    ["deviations", "--from", "a", "--check", "b"],
    ["run", "--target", ""],
    ["run", "--target", " "],
    ["prove", "--only", ","],
    ["run", "--out", ""],
    ["run", "--deviations="],
    ["run", "--record", ""],
    ["run", "--history", ""],
    ["run", "--database", ""],
    ["doctor", "--target", ""],
    ["replay", ""],
    ["report", ""],
    ["merge", "a", ""],
    ["compare", "a", ""],
    ["deviations", "--check", ""],
    ["prove", "--adversary", "0"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_usage_is_status_two(arguments, capsys):
    """With a line that says what is wrong."""
    assert cli.main(arguments) == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("name", ["doctor", "plan", "janitor", "run"])
def test_a_bad_target_file_is_status_two(name, tmp_path, monkeypatch, capsys):
    """Missing or wrong, for every command that takes one."""
    monkeypatch.chdir(tmp_path)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('region = "cn-hangzhou"\nendpont = "x"\n')
    for path in ("missing.toml", str(wrong)):
        assert cli.main([name, "--target", path]) == 2
        captured = capsys.readouterr()
        assert path in captured.err and "Traceback" not in captured.err + captured.out


@pytest.mark.parametrize("name", ["doctor", "janitor"])
def test_an_endpoint_that_is_not_there_is_status_three(name, suite, tmp_path):
    """Nobody listens at the port of a socket that was closed."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = target_file(tmp_path / "t.toml", f"http://127.0.0.1:{port}")
    ended = suite(name, "--target", path)
    assert ended.status == 3 and "Traceback" not in ended.err and SECRET not in ended.said


def test_doctor_and_janitor_of_the_emulator(suite, tmp_path):
    """Usable, and nothing left; as text and as JSON."""
    import json

    with running(settle_ms=5) as emulator:
        path = str(emulator.write_target(tmp_path / "t.toml"))
        ended = suite("doctor", "--target", path)
        assert ended.status == 0 and "The target can be used." in ended.out, ended
        data = json.loads(suite("doctor", "--target", path, "--json").out)
        assert data["usable"] and {check["answer"] for check in data["checks"]} <= {"ok", "warning"}
        assert all(one["possible"] for one in data["requirements"])
        ended = suite("janitor", "--target", path, "--json")
        assert (ended.status, json.loads(ended.out)) == (0, [])


def test_a_target_file_without_an_end_is_not_read_to_it(capsys):
    assert cli.main(["plan", "--target", "/dev/zero"]) == 2
    assert capsys.readouterr().err == "/dev/zero: is too long for a target file\n"


@pytest.mark.parametrize(
    "arguments", [("--write-target", ""), ("--callers", " "), ("--list-composed", "-1"), ("--list-composed", "0")]
)
def test_wrong_usage_of_the_emulator(arguments, suite):
    ended = suite("emulator", "--port", "0", *arguments)
    assert ended.status == 2 and arguments[0] in ended.err and "Traceback" not in ended.err


def install(monkeypatch, work):
    """Put a command in place that does `work`."""
    module = types.ModuleType("eni_conformance.conformance.drift")
    module.main = work
    monkeypatch.setitem(sys.modules, "eni_conformance.conformance.drift", module)


def test_a_bug_of_ours_is_one_line_and_a_redacted_file(tmp_path, monkeypatch, capsys):
    """No traceback, and no secret in the file that keeps it."""
    monkeypatch.chdir(tmp_path)

    def work(args):
        raise RuntimeError("AccessKeyId=LTAIsomebody0001&Signature=abcdef")

    install(monkeypatch, work)
    assert cli.main(["drift", "page.md"]) == 3
    captured = capsys.readouterr()
    assert "internal error: RuntimeError" in captured.err and "Traceback" not in captured.err
    (path,) = (tmp_path / "out").glob("crash-*.txt")
    text = path.read_text()
    assert "Traceback" in text and "LTAIsomebody0001" not in text and "abcdef" not in text


@pytest.mark.parametrize(
    ("number", "file", "status", "told"),
    [
        (errno.ENOENT, "page.md", 2, "page.md: No such file or directory"),
        (errno.ENOENT, "page.md/results.json", 2, "page.md/results.json: No such file"),  # in a directory that is named
        (errno.EACCES, "out/20260501-101500-a1b2", 2, "out/20260501-101500-a1b2: Permission denied"),
        (errno.ENOENT, "/usr/lib/a-part-of-ours", 3, "internal error: FileNotFoundError; the details are in "),
        (errno.ENOENT, "out/20260501-101500-a1b2/survey.json", 3, "internal error: FileNotFoundError"),
        (errno.EMFILE, "/dev/null", 3, "internal error: OSError"),
        (errno.ECONNRESET, None, 3, "internal error: ConnectionResetError"),
        (errno.ENOSPC, "out/20260501-101500-a1b2", 4, "a1b2: could not be written (No space left on device)"),
        (errno.ENOSPC, None, 4, "eni-conformance: could not be written (No space left on device)"),
    ],
)
def test_whose_fault_it_is(number, file, status, told, tmp_path, monkeypatch, capsys):
    """A file that the user named is a wrong usage; any other one is the suite's; a full disk is neither."""
    monkeypatch.chdir(tmp_path)

    def work(args):
        raise OSError(number, os.strerror(number), file)

    install(monkeypatch, work)
    assert cli.main(["drift", "page.md"]) == status
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1


def test_a_file_that_would_take_the_place_of_a_directory_is_the_user_s(tmp_path, monkeypatch, capsys):
    """It is written beside it first, and that name is not the user's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.md").mkdir()

    def work(args):
        (tmp_path / "page.md.part").write_text("")
        (tmp_path / "page.md.part").replace("page.md")

    install(monkeypatch, work)
    assert cli.main(["drift", "page.md"]) == 2
    assert capsys.readouterr().err == "eni-conformance: page.md: Is a directory\n"


def test_an_interrupt_is_status_four(monkeypatch, capsys):
    """Ctrl-C, and SIGTERM in the same way."""

    def interrupted(args):
        raise KeyboardInterrupt

    def terminated(args):
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()

    for work in (interrupted, terminated):
        install(monkeypatch, work)
        assert cli.main(["drift", "page.md"]) == 4
        assert "interrupted" in capsys.readouterr().err


def test_a_missing_part_is_said_so(monkeypatch, capsys):
    """Not every installation has every part."""
    monkeypatch.setitem(sys.modules, "eni_conformance.conformance.drift", None)
    monkeypatch.setattr(cli.importlib, "import_module", missing)
    assert cli.main(["drift", "page.md"]) == 2
    assert "not part of this installation" in capsys.readouterr().err


def missing(name):
    raise ModuleNotFoundError(name=name)


def test_the_emulator_gets_its_own_arguments(suite):
    """Also from another directory; the process becomes the emulator, so that signals reach it."""
    ended = suite("emulator", "--list-variants")
    assert ended.status == 0 and "throttling" in ended.out
    assert suite("emulator", "--nonsense").status == 2


def test_a_closed_pipe_is_no_error(tmp_path):
    """As when the output is piped into head."""
    line = f"{sys.executable} -m eni_conformance --help | true"
    ended = subprocess.run(
        ["/bin/sh", "-c", line],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert "Traceback" not in ended.stderr
