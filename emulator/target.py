"""The target file that the emulator writes about itself, for clients that want to be pointed at it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eni_conformance.emulator.accounts import Caller

if TYPE_CHECKING:
    from eni_conformance.emulator.variants.kit import Declarations

TARGET_CALLERS = (
    "account",
    "ram_denied",
    "ram_unsupported",
    "expired",
    "unsupported_user_type",
    "other_account",
)


_LIMITS = {
    "requests_per_second": 0,
    "instances": 16,
    "network_interfaces": 64,
    "minutes": 30,
    "settle_seconds": 10,
}


def target_text(url: str, callers: Iterable[Caller], variants: Iterable[str] = ()) -> str:
    """The text of a target file for an emulator at `url` that behaves in these ways."""
    tables: Declarations = {
        "": {
            "name": "emulator",
            "endpoint": url,
            "vpc_endpoint": url,
            "region": "cn-hangzhou",
            "second_region": "cn-beijing",
        }
    }
    named = {caller.name: caller for caller in callers}
    for name in TARGET_CALLERS:
        if name in named:
            caller = named[name]
            tables[f"callers.{name}"] = {
                "access_key_id": caller.access_key_id,
                "access_key_secret": caller.access_key_secret,
            }
    tables |= {"control": {"url": f"{url}/_control"}, "limits": dict(_LIMITS)}
    for table, values in _declared(list(variants)).items():
        tables.setdefault(table, {}).update(values)
    return "\n".join(_table(name, values) for name, values in tables.items())


def _declared(variants: list[str]) -> Declarations:
    """What the target file says of these variants. They are imported where there are any: see `switches`."""
    if not variants:
        return {}
    from eni_conformance.emulator.variants import VARIANTS
    from eni_conformance.emulator.variants.kit import declared

    return declared(VARIANTS[name] for name in variants)


def _table(name: str, values: dict[str, Any]) -> str:
    """One table as TOML; texts, numbers and lists of texts are written as JSON writes them."""
    lines = [f"[{name}]"] if name else []
    return "\n".join([*lines, *(f"{key} = {json.dumps(value)}" for key, value in values.items()), ""])


def write_target(path: Path, url: str, callers: Iterable[Caller], variants: Iterable[str] = ()) -> None:
    """Write the file for its owner's eyes only; it appears whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(target_text(url, callers, variants))
    draft.replace(path)
