"""A call for the vendor's command line, and words of a shell: hostile values arrive as they were sent."""

from __future__ import annotations

import subprocess

import pytest
from eni_conformance.reports.reproduce import aliyun, decoded, shell_quote, split

HOSTILE = [
    "plain",
    "it's",
    'say "hi"',
    "a b",
    "line\nfeed",
    "tab\t",
    "\u202eright to left",
    "\udcff bytes",
    "$(ls) `ls`",
    "-x",
    "",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_word_of_the_shell_is_the_text(text: str) -> None:
    command = f"printf %s {shell_quote(text)}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
    assert done.stdout == text.encode("utf-8", "surrogateescape")


def test_the_command_names_everything() -> None:
    made = aliyun((("InstanceId", "i-1"), ("Odd", "a b")), "http://127.0.0.1:9000", method="POST", region="cn-hangzhou")
    assert made == (
        "aliyun ecs DetachNetworkInterface --InstanceId i-1 --Odd 'a b' --force --version 2014-05-26"
        " --endpoint 127.0.0.1:9000 --insecure --method POST --region cn-hangzhou\n"
    )


def test_a_region_that_is_given_is_not_given_twice() -> None:
    made = aliyun((("RegionId", "cn-x"),), "https://ecs.aliyuncs.com", region="cn-hangzhou")
    assert "--region " not in made and "--secure" in made


def test_what_an_argument_list_cannot_carry_is_said() -> None:
    made = aliyun((("A", "1"), ("A", "2"), ("B", "x\0y"), ("C", "-1")), "https://ecs.aliyuncs.com")
    assert "# A is sent more than once" in made and "# B holds a NUL" in made
    assert made.count("--A ") == 1 and "--B xy" in made and "--C=-1" in made


def test_a_query_is_read_as_it_was_sent() -> None:
    assert split("http://h?a=1#x") == ("http://h/", "a=1")
    assert decoded("a=1&b=%F0+x&a=2&c") == [("a", "1"), ("b", "\udcf0 x"), ("a", "2"), ("c", "")]
