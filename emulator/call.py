"""One request, as the gateway understood it and as the operations read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eni_conformance.emulator.accounts import Caller
from eni_conformance.emulator.envelope import Refusal, printable

if TYPE_CHECKING:
    from eni_conformance.emulator.state import Cloud, Instance, NetworkInterface

NOBODY = Caller("nobody", "", "", "")


@dataclass(slots=True)
class Call:
    """A request.  `params` holds the first occurrence of each name; public parameters are among them."""

    cloud: Cloud
    request_id: str
    method: str
    path: str
    query: bytes
    body: bytes
    headers: dict[str, str]
    params: dict[str, str] = field(default_factory=dict)
    scheme: str = "V1"
    format: str = "XML"
    action: str = ""
    version: str = ""
    product: str = "Ecs"
    caller: Caller = NOBODY
    serial: int = 0
    """How many calls of this action came before."""
    instance: Instance | None = None
    eni: NetworkInterface | None = None
    stale: NetworkInterface | None = None
    """An interface that this description shows as it was before its last change."""

    def get(self, name: str, otherwise: str = "") -> str:
        """A parameter's value, or `otherwise` if it is missing."""
        return self.params.get(name, otherwise)

    def need(self, name: str) -> str:
        """A required parameter's value; refuses with MissingParameter if it is missing or empty."""
        value = self.params.get(name, "")
        if not value:
            raise missing(name)
        return value

    def flag(self, name: str) -> bool:
        """A boolean parameter, false if missing; refuses other text than true and false."""
        text = self.params.get(name, "").lower()
        if text not in ("", "true", "false"):
            raise Refusal(400, "InvalidParameter", f"The specified parameter {name} is not valid: {printable(text)}.")
        return text == "true"

    def number(self, name: str, otherwise: int, low: int, high: int) -> int:
        """An integer parameter, forced into its range; refuses text that is no number."""
        text = self.params.get(name, "")
        if not text:
            return otherwise
        if not (text.isascii() and text.lstrip("-").isdigit() and len(text) < 12):
            raise Refusal(400, "InvalidParameter", f"The specified parameter {name} is not valid: {printable(text)}.")
        return min(high, max(low, int(text)))

    def numbered(self, name: str) -> list[str]:
        """The values of `name.1`, `name.2`, ... in the order of their numbers."""
        prefix = name + "."
        found = [
            (int(key[len(prefix) :]), value)
            for key, value in self.params.items()
            if key.startswith(prefix) and is_number(key[len(prefix) :]) and value
        ]
        return [value for _, value in sorted(found)]

    def tags(self) -> dict[str, str]:
        """The tags of `Tag.N.Key` and `Tag.N.Value`."""
        found = {}
        for key, value in self.params.items():
            if key.startswith("Tag.") and key.endswith(".Key"):
                found[value] = self.params.get(key[:-4] + ".Value", "")
        return found


def is_number(text: str) -> bool:
    """Whether a text is a decimal number of sensible length, in ASCII digits."""
    return text.isascii() and text.isdigit() and len(text) < 6


def missing(name: str) -> Refusal:
    """The refusal for a required parameter that is missing or empty."""
    return Refusal(400, "MissingParameter", f'The input parameter "{name}" that is mandatory is not supplied.')
