"""The target file that the emulator writes about itself, for clients that want to be pointed at it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from emulator.accounts import Caller

TARGET_CALLERS = (
    "account",
    "ram_denied",
    "ram_unsupported",
    "expired",
    "unsupported_user_type",
    "other_account",
)


def target_text(url: str, callers: Iterable[Caller]) -> str:
    """The text of a target file for an emulator at `url`."""

    def quoted(text: str) -> str:
        return json.dumps(text)

    lines = [
        'name = "emulator"',
        f"endpoint = {quoted(url)}",
        f"vpc_endpoint = {quoted(url)}",
        'region = "cn-hangzhou"',
        'second_region = "cn-beijing"',
        "",
    ]
    named = {caller.name: caller for caller in callers}
    for name in TARGET_CALLERS:
        if name in named:
            lines += [
                f"[callers.{name}]",
                f"access_key_id = {quoted(named[name].access_key_id)}",
                f"access_key_secret = {quoted(named[name].access_key_secret)}",
                "",
            ]
    lines += [
        "[control]",
        f"url = {quoted(url + '/_control')}",
        "",
        "[limits]",
        "requests_per_second = 0",
        "instances = 16",
        "network_interfaces = 64",
        "minutes = 30",
        "settle_seconds = 10",
        "",
    ]
    return "\n".join(lines)


def write_target(path: Path, url: str, callers: Iterable[Caller]) -> None:
    """Write the file for its owner's eyes only; it appears whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(target_text(url, callers))
    draft.replace(path)
