"""A call for the vendor's command line, and words of a shell: hostile values arrive as they were sent."""

from __future__ import annotations

import re
import subprocess

import pytest
from eni_conformance.contract.scenario import Wire
from eni_conformance.reports.reproduce import aliyun, decoded, shell_quote, split, unlike_aliyun

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


OWN_FLAGS = {
    "force": 0,
    "secure": 0,
    "insecure": 0,
    "version": 1,
    "endpoint": 1,
    "method": 1,
    "region": 1,
    "RegionId": 1,
}
"""Flags of the vendor's command line, version 3, that a printed line has -> how many values each takes. All others are
parameters of the operation. Source: openapi/flags.go and config/flags.go of aliyun/aliyun-cli."""


def as_the_command_line_reads(line: str) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """Words, own flags and parameters of a line, by the rules of cli/parser.go there.

    What begins with "--" is a flag up to the first "=" or ":"; without such a sign its value is the next word, which
    must not begin with "-". No flag comes twice.
    """
    done = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True)
    given = done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]
    words: list[str] = []
    flags: dict[str, str] = {}
    waiting = ""
    for word in given:
        if not word.startswith("-"):
            if waiting:
                flags[waiting], waiting = word, ""
            else:
                words.append(word)
            continue
        assert word.startswith("--") and not waiting, f"{waiting} has no value"
        name = re.split("[=:]", word[2:])[0]
        assert name not in flags, f"--{name} comes twice"
        flags[name] = word[len(name) + 3 :]
        waiting = name if not flags[name] and OWN_FLAGS.get(name, 1) else ""
    assert not waiting, f"{waiting} has no value"
    return (
        words,
        {k: v for k, v in flags.items() if k in OWN_FLAGS},
        {k: v for k, v in flags.items() if k not in OWN_FLAGS},
    )


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", "https://ecs.cn-hangzhou.aliyuncs.com"])
def test_the_command_line_of_the_vendor_reads_what_was_sent(text: str, endpoint: str) -> None:
    """It cannot be installed where these tests run, so its documented rules are applied to what is printed."""
    sent = (("RegionId", "cn-x"), ("InstanceId", "i-1"), ("NetworkInterfaceId", text))
    words, flags, parameters = as_the_command_line_reads(aliyun(sent, endpoint, method="POST").strip())
    assert words == ["aliyun", "ecs", "DetachNetworkInterface"]
    assert parameters == {"InstanceId": "i-1", "NetworkInterfaceId": text}
    scheme = "insecure" if endpoint.startswith("http:") else "secure"
    assert flags == {
        "RegionId": "cn-x", "force": "", "version": "2014-05-26", "endpoint": endpoint.split("//")[1],
        scheme: "", "method": "POST",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wire", "told"),
    [
        (Wire(), ""),
        (Wire(method="POST", place="query", order="sorted"), ""),
        (Wire(signing="v3"), "V3 (ACS3-HMAC-SHA256)"),
        (Wire(format="XML"), "XML"),
        (Wire(format=""), "no format named"),
        (Wire(method="POST", place="form", signing="v3"), "parameters in the body and V3 (ACS3-HMAC-SHA256)"),
    ],
)
def test_what_the_command_line_of_the_vendor_sends_otherwise_is_said(wire: Wire, told: str) -> None:
    """It signs with V1, asks for JSON and sends a query, whatever the finding was seen with."""
    made = unlike_aliyun(wire)
    assert (made == "") == (told == "") and told in made


def test_what_an_argument_list_cannot_carry_is_said() -> None:
    made = aliyun((("A", "1"), ("A", "2"), ("B", "x\0y"), ("C", "-1")), "https://ecs.aliyuncs.com")
    assert "# A is sent more than once" in made and "# B holds a NUL" in made
    assert made.count("--A ") == 1 and "--B xy" in made and "--C=-1" in made


def test_a_query_is_read_as_it_was_sent() -> None:
    assert split("http://h?a=1#x") == ("http://h/", "a=1")
    assert decoded("a=1&b=%F0+x&a=2&c") == [("a", "1"), ("b", "\udcf0 x"), ("a", "2"), ("c", "")]
