"""Who may call: accounts, RAM users and their keys, with defaults that a file can replace.

A principal has a `kind`, which is what the operations look at:

| kind | what it is |
|---|---|
| account | the account itself, owner of its resources |
| ram | a RAM user; `denied` lists the actions that its policy lacks |
| ram_unsupported | a RAM user of a kind that interface operations refuse |
| expired | an account that is gone, or a key that has expired |
| unsupported | an account of a type that interface operations refuse |
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

KINDS = ("account", "ram", "ram_unsupported", "expired", "unsupported")


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal with one access key.  Resources belong to `account`, which RAM users share."""

    name: str
    access_key_id: str
    access_key_secret: str
    account: str
    kind: str = "account"
    denied: frozenset[str] = field(default=frozenset())
    security_token: str = ""


_OWNER, _STRANGER = "1000000000000001", "1000000000000002"

DEFAULT_CALLERS = (
    Caller("account", "LTAIemulatorAccount01", "emulator-secret-account", _OWNER),
    Caller(
        "ram_denied",
        "LTAIemulatorDenied02",
        "emulator-secret-denied",
        _OWNER,
        "ram",
        frozenset({"DetachNetworkInterface"}),
    ),
    Caller(
        "ram_unsupported",
        "LTAIemulatorRamKind03",
        "emulator-secret-ram-kind",
        _OWNER,
        "ram_unsupported",
        frozenset({"DetachNetworkInterface"}),
    ),
    Caller("expired", "LTAIemulatorExpired04", "emulator-secret-expired", _OWNER, "expired"),
    Caller("unsupported_user_type", "LTAIemulatorUserType05", "emulator-secret-type", _OWNER, "unsupported"),
    Caller("other_account", "LTAIemulatorOther06", "emulator-secret-other", _STRANGER),
    Caller(
        "sts",
        "STS.EmulatorSession07",
        "emulator-secret-sts",
        _OWNER,
        security_token="emulator-security-token",  # noqa: S106  a documented default, no secret
    ),
)


def load_callers(path: Path | None) -> dict[str, Caller]:
    """The default callers, with those of a TOML file added or put in their place, by access key id.

    The file holds `[callers.NAME]` tables with `access_key_id`, `access_key_secret` and, optionally,
    `account`, `kind`, `denied` (a list of actions) and `security_token`.
    Raises ValueError for a table that lacks a key or names an unknown kind, OSError if unreadable.
    """
    named = {caller.name: caller for caller in DEFAULT_CALLERS}
    if path is not None:
        for name, table in tomllib.loads(path.read_text("utf-8")).get("callers", {}).items():
            named[name] = _from_table(name, table, named.get(name))
    return {caller.access_key_id: caller for caller in named.values()}


def _from_table(name: str, table: dict[str, object], default: Caller | None) -> Caller:
    def text(key: str, otherwise: str) -> str:
        return str(table.get(key, otherwise))

    kind = text("kind", default.kind if default else "account")
    if kind not in KINDS:
        raise ValueError(f"callers.{name}: kind must be one of {', '.join(KINDS)}, not {kind!r}")
    denied = table.get("denied", default.denied if default else ())
    if not isinstance(denied, list | tuple | frozenset):
        raise ValueError(f"callers.{name}: denied must be a list of actions")
    if "access_key_id" not in table or "access_key_secret" not in table:
        raise ValueError(f"callers.{name}: access_key_id and access_key_secret are required")
    return Caller(
        name=name,
        access_key_id=text("access_key_id", ""),
        access_key_secret=text("access_key_secret", ""),
        account=text("account", default.account if default else _OWNER),
        kind=kind,
        denied=frozenset(str(action) for action in denied),
        security_token=text("security_token", ""),
    )
