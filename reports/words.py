"""Single values in the words of every report: numbers, times, texts of the target, counted things. Pure.

What a target said is shown as it is, except that characters which cannot be seen, or which reorder text, are spelt out.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any


def visible(text: str) -> str:
    """`text` with control, direction and zero-width characters and lone surrogates made visible."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if _shown(char) else f"\u27e8U+{ord(char):04X}\u27e9" for char in text)


def _shown(char: str) -> bool:
    code = ord(char)
    if char in "\n\t":
        return True
    if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code in (0xAD, 0x61C, 0xFEFF):
        return False
    return not (
        0x200B <= code <= 0x200F
        or 0x2028 <= code <= 0x202E
        or 0x2060 <= code <= 0x206F
        or 0xFFF0 <= code <= 0xFFFB
        or 0xE0000 <= code <= 0xE007F
        or code & 0xFFFE == 0xFFFE
    )


def short(text: str, limit: int) -> str:
    """`text` made visible and cut to `limit` characters."""
    text = visible(text)
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"


def plain(value: Any) -> str:
    """Any JSON value in one line; a list of texts without the quotation marks that JSON would add."""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return json.dumps(value, ensure_ascii=False)


def value_text(value: Any, limit: int = 300) -> str:
    """Any JSON value in one readable line."""
    if value is None or value == "":
        return "\u2013"
    return short(plain(value), limit)


def counted(n: int, thing: str) -> str:
    """1 world, 2 worlds."""
    return f"{number(n)} {thing}" + ("" if n == 1 else "s")


def joined(*parts: object) -> str:
    """A status and a code, or whatever is told in one line, without what is absent."""
    return " ".join(str(part) for part in parts if part)


def number(value: Any) -> str:
    """A count with separators, or the value as it is."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f") if abs(value) >= 10000 else str(value)
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10000 else f"{value:,.0f}".replace(",", "\u202f")
    return str(value)


def seconds(value: float) -> str:
    """A duration for people: 840 µs, 4.1 ms, 12 s, 3 min 20 s."""
    if value < 0.001:
        return f"{value * 1e6:.0f} \u00b5s"
    if value < 1:
        return f"{value * 1e3:.3g} ms"
    if value < 120:
        return f"{value:.3g} s"
    if value < 7200:
        return f"{value // 60:.0f} min {value % 60:.0f} s"
    return f"{value // 3600:.0f} h {value % 3600 // 60:.0f} min"


def percent(part: float) -> str:
    """A share for people: 0.68 %, 4.6 %, 60 %; more than all is no share."""
    return f"{100 * part:.2g} %" if part < 0.995 else ""


def moment(value: str | float) -> datetime | None:
    """The point in time that a results file names, in seconds since the epoch or in ISO 8601; None if it is none."""
    try:
        return datetime.fromtimestamp(value, UTC) if isinstance(value, (int, float)) else datetime.fromisoformat(value)
    except (OverflowError, ValueError, OSError):
        return None


def when(value: str | float) -> str:
    """A moment for people, in UTC; what tells no zone, or is no moment, as it stands."""
    at = moment(value)
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if at and at.tzinfo else str(value)


def slug(text: str) -> str:
    """`text` as part of an HTML id."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)[:80] or "x"


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the samples do not exceed. `values` must not be empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]
