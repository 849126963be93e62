"""The scripts that complete the command line, read by the shells that this machine has."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from eni_conformance.conformance import completion
from eni_conformance.conformance.commands import COMMANDS


def completed(*words: str) -> list[str]:
    """What bash offers for the last word of a line."""
    asked = " ".join(f"'{word}'" for word in words)
    script = f"COMP_WORDS=({asked}); COMP_CWORD={len(words) - 1}; {completion.FUNCTION}; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(["bash", "-c", completion.bash() + script], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_command_is_completed() -> None:
    assert completed("eni-conformance", "de") == ["deviations"]
    assert completed("eni-conformance", "") == [one.name for one in COMMANDS]


def test_options_are_those_of_the_command() -> None:
    assert completed("eni-conformance", "run", "--sha") == ["--shard"]
    assert completed("eni-conformance", "doctor", "--sha") == []
    assert "--last" not in completed("eni-conformance", "run", "--")


def test_few_values_are_offered() -> None:
    assert completed("eni-conformance", "run", "--effort", "") == ["quick", "standard", "deep"]
    assert completed("eni-conformance", "completion", "f") == ["fish"]


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_a_shell_can_read_its_script(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    script = completion.SHELLS[shell]()
    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
