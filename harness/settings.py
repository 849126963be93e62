"""What a target file may hold: each key once, with its type, its defaults and its meaning.

`target` validates by this table and takes its defaults from it; docs/own-endpoint.md holds what this prints:

    python -m eni_conformance.harness.settings
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Number:
    """What a number may be, both ends included. here, elsewhere: its default on this machine, and behind a network."""

    low: float
    high: float
    here: float
    elsewhere: float
    whole: bool = False


@dataclass(frozen=True)
class Key:
    """One key. kind: its type in words. default: in words, where it is no number. choices: what it may be, or what a
    list of it may hold."""

    name: str
    kind: str
    meaning: str
    default: str = ""
    number: Number | None = None
    choices: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """Its type as the reference tells it."""
        if self.number is not None:
            return f"{self.number.low:g} to {self.number.high:g}" + (", whole" if self.number.whole else "")
        return self.kind

    @property
    def defaults(self) -> str:
        """Its defaults as the reference tells them."""
        if self.number is None:
            return self.default
        here, elsewhere = self.number.here, self.number.elsewhere
        return f"{here:g}" if here == elsewhere else f"{here:g} here, {elsewhere:g} elsewhere"


_EVERY = (
    Key("name", "text", "how the report calls it", "the host"),
    Key("endpoint", "URL without path", "where ECS answers; plain http elsewhere needs `--allow-plain-http`",
        "`https://ecs.REGION.aliyuncs.com`"),
    Key("vpc_endpoint", "URL without path", "where the VPC operations answer",
        "`endpoint`; of the real service its own"),
    Key("region", "text", "where everything is created", "required"),
    Key("second_region", "text", "ids of another region; with room in the limits, worlds there", "none"),
    Key("callers.NAME.access_key_id", "text", "of the caller's AccessKey", "none"),
    Key("callers.NAME.access_key_secret", "text", "of the caller's AccessKey", "none"),
    Key("callers.NAME.security_token", "text", "of a session of a role", "none"),
    Key("callers.NAME.env", "text", "prefix P of P_ACCESS_KEY_ID, P_ACCESS_KEY_SECRET and P_SECURITY_TOKEN", "none"),
    Key("callers.NAME.profile", "text", "a profile of the aliyun command line tool", "none"),
    Key("control.url", "URL", "the [control protocol](control-protocol.md)", "none"),
    Key("setup.zone", "text", "where to create", "the first that offers the type"),
    Key("setup.vpc_id", "text", "required with `vswitch_id`", "created"),
    Key("setup.vswitch_id", "text", "a vSwitch of that VPC", "created"),
    Key("setup.security_group_id", "text", "one of its groups; a few more are created where that is possible",
        "created"),
    Key("setup.instance_type", "text", "must take two interfaces or more",
        "the smallest that fits, else `ecs.g7.large`"),
    Key("setup.image_id", "text", "the image of instances", "the smallest Linux image, else a family"),
    Key("limits.requests_per_second", "number", "of all workers together; 0: as fast as it goes",
        number=Number(0, 10_000, 0, 5)),
    Key("limits.instances", "number", "alive at once", number=Number(1, 100, 2, 2, whole=True)),
    Key("limits.network_interfaces", "number", "alive at once, the primary ones included",
        number=Number(1, 1000, 8, 8, whole=True)),
    Key("limits.minutes", "number", "of a run", number=Number(0.1, 24 * 60, 30, 30)),
    Key("limits.settle_seconds", "number", "how long a transition may take", number=Number(0.1, 3600, 30, 180)),
    Key("limits.lag_seconds", "number", "how long a description may show the past", number=Number(0.1, 600, 1.6, 15)),
    Key("offers.formats", "list", 'of `"json"`, `"xml"`', "found out", choices=("json", "xml")),
    Key("offers.signing", "list", 'of `"v1"`, `"v3"`', "found out", choices=("v1", "v3")),
    Key("judge.passing", "text",
        "whether [answers that may pass](verdicts.md#answers-that-may-pass) are asked again",
        '`"count"` here, `"tolerate"` elsewhere', choices=("tolerate", "count")),
)  # fmt: skip

KEYS: Mapping[str, Key] = MappingProxyType({key.name: key for key in _EVERY})
"""All keys by their name, with the names of the tables that they stand in."""


def names(table: str) -> list[str]:
    """The keys of a table such as "limits", or of the top of the file for ""."""
    if not table:
        return list(dict.fromkeys(name.partition(".")[0] for name in KEYS))
    return [name.removeprefix(f"{table}.") for name in KEYS if name.startswith(f"{table}.")]


def numbers(table: str, *, loopback: bool) -> dict[str, float]:
    """The defaults of a table of numbers. loopback: whether the endpoint is on this machine."""
    told = {name: KEYS[f"{table}.{name}"].number for name in names(table)}
    return {
        name: (int if one.whole else float)(one.here if loopback else one.elsewhere)
        for name, one in told.items()
        if one is not None
    }


def reference() -> str:
    """The table of keys in Markdown."""
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    lines += [f"| `{key.name}` | {key.type} | {key.defaults} | {key.meaning} |" for key in KEYS.values()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(reference(), end="")
