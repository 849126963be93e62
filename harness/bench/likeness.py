"""What an interface is asked to be when it is made, and whether a description shows it so. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from eni_conformance.contract.scenario import EniSpec

NAMES = {
    "": "",
    "plain": "eni-conformance",
    "same": "same-name",
    "short": "e2",
    "long": "n" + "0123456789" * 12 + "abcdefg",
    "unicode": "网卡-ünïcode-測試",
}

DESCRIPTIONS = {
    "": "",
    "plain": "made for a test",
    "long": "d" + "0123456789" * 25 + "abcde",
    "unicode": "描述 – ünïcode & <b>'quoted'</b>",
}

ASKED: Mapping[str, tuple[str, Callable[[EniSpec], bool], Callable[[EniSpec, Any], bool]]] = {
    "Tags": ("tags", lambda spec: spec.tags > 0, lambda spec, shown: len(shown) > spec.tags),
    "NetworkInterfaceName": ("name", lambda spec: bool(spec.name), lambda spec, shown: shown == NAMES[spec.name]),
    "Description": (
        "description",
        lambda spec: bool(spec.description),
        lambda spec, shown: shown == DESCRIPTIONS[spec.description],
    ),
    "PrivateIpSets": ("addresses", lambda spec: spec.addresses > 1, lambda spec, shown: len(shown) >= spec.addresses),
    "SecurityGroupIds": ("groups", lambda spec: spec.groups > 1, lambda spec, shown: len(shown) > 1),
    "DeleteOnRelease": (
        "delete_on_release",
        lambda spec: spec.delete_on_release is not None,
        lambda spec, shown: str(shown).lower() == str(spec.delete_on_release).lower(),
    ),
}
"""Field of a description -> the option of EniSpec that asks for it, whether it is asked for, and whether what is shown
is what was asked for. The run's own tags come besides."""

OPTIONS = frozenset(option for option, _, _ in ASKED.values())
MAY_LACK = ("DeleteOnRelease",)
"""Fields that no page of the time promises."""


def unlike(spec: EniSpec | None, fields: Mapping[str, Any], refused: Collection[str]) -> tuple[str, ...]:
    """The fields that a description does not show as they were asked for, absent ones included. spec: what the
    interface was made like, None if it serves no World. refused: options that cannot be asked for here, whose fields
    are told only where they are absent."""
    if spec is None:
        return ()
    asked = [(field, option, as_asked) for field, (option, wants, as_asked) in ASKED.items() if wants(spec)]
    absent = [field for field, _, _ in asked if field not in fields and field not in MAY_LACK]
    other = [f for f, option, fits in asked if f in fields and option not in refused and not fits(spec, fields[f])]
    return (*absent, *other)
