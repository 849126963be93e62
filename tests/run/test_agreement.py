"""What doctor says cannot be tried, a run does not judge; and a run says of nothing else that the target lacks it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

NO_CONTROL = (r"(?ms)^\[control\].*?(?=^\[|\Z)", "")
FURTHER = r"(?ms)^\[callers\.(?!account\]{}).*?(?=^\[|\Z)"
PARTIAL: dict[str, tuple[tuple[str, str], ...]] = {
    "the account alone": (NO_CONTROL, (FURTHER.format(""), "")),
    "no control protocol": (NO_CONTROL,),
    "no further caller": ((FURTHER.format(""), ""),),
    "one further caller": (NO_CONTROL, (FURTHER.format(r"|ram_denied\]"), "")),
    "another tenant": (NO_CONTROL, (FURTHER.format(r"|other_account\]"), "")),
    "JSON alone": (NO_CONTROL, (r"\Z", '\n[offers]\nformats = ["json"]\n')),
    "XML alone": (NO_CONTROL, (r"\Z", '\n[offers]\nformats = ["xml"]\n')),
    "V1 alone": (NO_CONTROL, (r"\Z", '\n[offers]\nsigning = ["v1"]\n')),
    "V3 alone": (NO_CONTROL, (r"\Z", '\n[offers]\nsigning = ["v3"]\n')),
    "one instance": (NO_CONTROL, (r"(?m)^instances = \d+", "instances = 1")),
}
LACKS = re.compile(r"does not offer|the target file has no")


@pytest.mark.parametrize("name", PARTIAL)
def test_doctor_and_run_agree(name: str, start_emulator: Callable[..., Any], suite: Callable[..., Any]) -> None:
    with start_emulator() as target:
        text = target.read_text()
        for pattern, instead in PARTIAL[name]:
            text = re.sub(pattern, lambda _, new=instead: new, text)
        target.write_text(text)
        asked = suite("doctor", "--target", str(target), "--json")
        possible = {one["requirement"]: one["possible"] for one in json.loads(asked.out)["requirements"]}
        ended = suite("run", "--target", str(target), "--calls", 500, "--seed", 4)
    assert ended.status == 0, ended.said
    for row in ended.results["requirements"]:
        if not possible[row["id"]]:
            assert row["verdict"] == "not-exercised", row
        elif row["verdict"] == "not-exercised":
            assert not LACKS.search(row["reason"]), row
