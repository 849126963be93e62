"""How a text is made from an identifier, and what the page lets us expect of that text.

One table: name of the form -> how it is made, and its kind. Kinds, from certain to loose:
  exact      the identifier itself
  unknown    same shape as an existing one, so well-formed, but denotes nothing
  border     may count as malformed or as merely unknown
  empty      nothing
  unreadable control characters, invalid UTF-8, huge: a gateway may stumble over it in other ways too
An identifier denotes a resource byte for byte, so every kind but `exact` denotes nothing.
Pure; no randomness: the same identifier and form always make the same text, so that evidence can be replayed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

TextKind = Literal["exact", "unknown", "border", "empty", "unreadable"]


@dataclass(frozen=True)
class Form:
    """`make(identifier) -> text`; `plain` if the text consists of letters, digits and dashes alone."""

    make: Callable[[str], str]
    kind: TextKind


_DIGITS = "0123456789"
_HEX = "abcdef"
_LOWER = "abcdefghijklmnopqrstuvwxyz"


def _turned(char: str, by: int = 1) -> str:
    """Another character of the same class, so that the shape of an identifier is kept."""
    for alphabet in (_DIGITS, _HEX, _LOWER, _HEX.upper(), _LOWER.upper()):
        if char in alphabet:
            return alphabet[(alphabet.index(char) + by) % len(alphabet)]
    return char


def _change(text: str, place: int, by: int = 1) -> str:
    """`text` with the letter or digit nearest to `place` turned into another one of its class."""
    order = sorted(range(len(text)), key=lambda i: (abs(i - place % max(len(text), 1)), i))
    start = text.find("-") + 1
    for i in order:
        if i >= start and text[i].isascii() and text[i].isalnum():
            return text[:i] + _turned(text[i], by) + text[i + 1 :]
    return text + "0"


def _body(text: str) -> str:
    """What follows the prefix: "eni-abc" -> "abc"."""
    return text.partition("-")[2] or text


def _prefix(text: str) -> str:
    return text.partition("-")[0]


def _swap_prefix(text: str) -> str:
    return ("eni-" if not text.startswith("eni-") else "i-") + _body(text)


def _wide(text: str) -> str:
    """Full-width digits and letters: equal to the identifier after NFKC, not byte for byte."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and c.isalnum() else c for c in text)


def _last_case(text: str) -> str:
    """The last letter in the other case."""
    for i in range(len(text) - 1, -1, -1):
        if text[i].isalpha():
            return text[:i] + text[i].swapcase() + text[i + 1 :]
    return text + "A"


def _last_upper(text: str) -> str:
    changed = _last_case(text)
    return changed if changed != text else text.upper()


_f = Form
FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "exact": _f(lambda t: t, "exact"),
        # well-formed, denotes nothing
        "last changed": _f(lambda t: _change(t, len(t) - 1), "unknown"),
        "last changed twice": _f(lambda t: _change(t, len(t) - 1, 3), "unknown"),
        "middle changed": _f(lambda t: _change(t, (len(t) + t.find("-")) // 2), "unknown"),
        "near end changed": _f(lambda t: _change(t, len(t) - 3, 2), "unknown"),
        "two changed": _f(lambda t: _change(_change(t, len(t) - 2, 5), len(t) - 5, 4), "unknown"),
        # border between malformed and unknown
        "first changed": _f(lambda t: _change(t, t.find("-") + 1), "border"),
        "other prefix": _f(_swap_prefix, "border"),
        "vswitch prefix": _f(lambda t: "vsw-" + _body(t), "border"),
        "no prefix": _f(_body, "border"),
        "prefix only": _f(lambda t: _prefix(t) + "-", "border"),
        "prefix letters only": _f(_prefix, "border"),
        "truncated": _f(lambda t: t[:-1], "border"),
        "half": _f(lambda t: t[: max(4, len(t) // 2)], "border"),
        "without first": _f(lambda t: t[1:], "border"),
        "extended": _f(lambda t: t + "0", "border"),
        "extended by itself": _f(lambda t: t + t[-1:], "border"),
        "extended by letter": _f(lambda t: t + "x", "border"),
        "doubled": _f(lambda t: t + t, "border"),
        "reversed": _f(lambda t: _prefix(t) + "-" + _body(t)[::-1] + "q", "border"),
        "upper": _f(lambda t: t.upper() if t.upper() != t else t + "A", "border"),
        "last upper": _f(_last_upper, "border"),
        "prefix upper": _f(lambda t: _prefix(t).upper() + t[len(_prefix(t)) :], "border"),
        "capitalised": _f(lambda t: t[:1].upper() + t[1:], "border"),
        "underscore": _f(lambda t: t.replace("-", "_", 1), "border"),
        "no dash": _f(lambda t: t.replace("-", "", 1), "border"),
        "two dashes": _f(lambda t: t.replace("-", "--", 1), "border"),
        "leading space": _f(lambda t: " " + t, "border"),
        "trailing space": _f(lambda t: t + " ", "border"),
        "both spaces": _f(lambda t: " " + t + " ", "border"),
        "inner space": _f(lambda t: t.replace("-", "- ", 1), "border"),
        "trailing tab": _f(lambda t: t + "\t", "unreadable"),
        "leading tab": _f(lambda t: "\t" + t, "unreadable"),
        "trailing newline": _f(lambda t: t + "\n", "unreadable"),
        "trailing return": _f(lambda t: t + "\r\n", "unreadable"),
        "trailing dot": _f(lambda t: t + ".", "border"),
        "trailing comma": _f(lambda t: t + ",", "border"),
        "comma list": _f(lambda t: t + "," + t, "border"),
        "semicolon": _f(lambda t: t + ";", "border"),
        "json list": _f(lambda t: '["' + t + '"]', "border"),
        "json string": _f(lambda t: '"' + t + '"', "border"),
        "json object": _f(lambda t: '{"Id":"' + t + '"}', "border"),
        "xml": _f(lambda t: "<Id>" + t + "</Id>", "border"),
        "xml entity": _f(lambda t: t + "&amp;<x/>", "border"),
        "script": _f(lambda t: "<script>alert(1)</script>" + t, "border"),
        "cdata": _f(lambda t: t + "]]>", "border"),
        "single quotes": _f(lambda t: "'" + t + "'", "border"),
        "sql": _f(lambda t: t + "' OR '1'='1", "border"),
        "template": _f(lambda t: "${" + t + "}", "border"),
        "jinja": _f(lambda t: t + "{{7*7}}", "border"),
        "format": _f(lambda t: t + "%s%d{0}", "border"),
        "slash": _f(lambda t: t + "/", "border"),
        "leading slash": _f(lambda t: "/" + t, "border"),
        "backslash": _f(lambda t: t + "\\", "border"),
        "parent": _f(lambda t: "../" + t, "border"),
        "star": _f(lambda t: t[:-1] + "*", "border"),
        "early star": _f(lambda t: t[: len(t) // 2] + "*", "border"),
        "star inside": _f(lambda t: t[: len(t) // 2] + "*" + t[-4:], "border"),
        "question inside": _f(lambda t: t[: len(t) // 2] + "?" + t[len(t) // 2 + 1 :], "border"),
        "early percent": _f(lambda t: t[: len(t) // 2] + "%", "border"),
        "underscore at end": _f(lambda t: t[:-1] + "_", "border"),
        "regular expression": _f(lambda t: t[:-1] + ".", "border"),
        "only star": _f(lambda t: "*", "border"),
        "question": _f(lambda t: t[:-1] + "?", "border"),
        "percent": _f(lambda t: t[:-1] + "%", "border"),
        "only percent": _f(lambda t: "%", "border"),
        "percent encoded": _f(lambda t: t[:-1] + f"%{ord(t[-1]) % 128:02X}" if t else "%30", "border"),
        "plus": _f(lambda t: t + "+", "border"),
        "tilde": _f(lambda t: t + "~", "border"),
        "encoders": _f(lambda t: t + " +*~!'()é", "border"),
        "ampersand": _f(lambda t: t + "&a=b", "border"),
        "hash": _f(lambda t: t + "#x", "border"),
        "full width": _f(_wide, "border"),
        "full width last": _f(lambda t: t[:-1] + _wide(t[-1:]), "border"),
        "homoglyph": _f(lambda t: t.replace("i", "і", 1) if "i" in t else t + "о", "border"),
        "long dash": _f(lambda t: t.replace("-", "–", 1) if "-" in t else t + "–", "border"),
        "combining": _f(lambda t: t + "\u0301", "border"),
        "zero width": _f(lambda t: t + "\u200b", "border"),
        "leading bom": _f(lambda t: "\ufeff" + t, "border"),
        "no-break space": _f(lambda t: t + "\u00a0", "border"),
        "ideographic space": _f(lambda t: t + "\u3000", "border"),
        "right to left": _f(lambda t: "\u202e" + t, "border"),
        "emoji": _f(lambda t: t + "😀", "border"),
        "non-ascii digit": _f(lambda t: t[:-1] + "٣", "border"),
        "nul": _f(lambda t: t + "\x00", "unreadable"),
        "nul inside": _f(lambda t: t[:3] + "\x00" + t[3:], "unreadable"),
        "control": _f(lambda t: t + "\x07\x1b", "unreadable"),
        "delete": _f(lambda t: t + "\x7f", "unreadable"),
        "bad utf-8": _f(lambda t: t + "\udcff\udcfe", "unreadable"),
        "lone surrogate bytes": _f(lambda t: t + "\udced\udca0\udc80", "unreadable"),
        "empty": _f(lambda t: "", "empty"),
        "blank": _f(lambda t: " ", "empty"),
        "one letter": _f(lambda t: "i", "border"),
        "zero": _f(lambda t: "0", "border"),
        "minus one": _f(lambda t: "-1", "border"),
        "null": _f(lambda t: "null", "border"),
        "true": _f(lambda t: "true", "border"),
        "nan": _f(lambda t: "NaN", "border"),
        "chinese": _f(lambda t: "实例", "border"),
        "129 characters": _f(lambda t: (t + "0" * 129)[:129], "border"),
        "1025 characters": _f(lambda t: (t + "a" * 1025)[:1025], "unreadable"),
        "10000 characters": _f(lambda t: (t + "z" * 10000)[:10000], "unreadable"),
    }
)

# Regions are identifiers too; these forms are made for them.
REGION_FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "exact": _f(lambda t: t, "exact"),
        "unknown region": _f(lambda t: "cn-atlantis", "unknown"),
        "unknown numbered": _f(lambda t: "ap-nowhere-9", "unknown"),
        "last letter changed": _f(lambda t: t[:-1] + ("q" if t[-1:] != "q" else "x"), "unknown"),
        "upper": _f(str.upper, "border"),
        "capitalised": _f(lambda t: t[:1].upper() + t[1:], "border"),
        "truncated": _f(lambda t: t[:-1], "border"),
        "extended": _f(lambda t: t + "x", "border"),
        "as zone": _f(lambda t: t + "-z", "border"),
        "slash": _f(lambda t: t + "/", "border"),
        "leading slash": _f(lambda t: "/" + t, "border"),
        "trailing space": _f(lambda t: t + " ", "border"),
        "leading space": _f(lambda t: " " + t, "border"),
        "trailing tab": _f(lambda t: t + "\t", "unreadable"),
        "trailing newline": _f(lambda t: t + "\n", "unreadable"),
        "underscore": _f(lambda t: t.replace("-", "_"), "border"),
        "no dash": _f(lambda t: t.replace("-", ""), "border"),
        "digits": _f(lambda t: "10", "border"),
        "star": _f(lambda t: "*", "border"),
        "prefix star": _f(lambda t: t[:3] + "*", "border"),
        "full width": _f(_wide, "border"),
        "comma list": _f(lambda t: t + "," + t, "border"),
        "json list": _f(lambda t: '["' + t + '"]', "border"),
        "sql": _f(lambda t: t + "' OR '1'='1", "border"),
        "xml": _f(lambda t: "<r>" + t + "</r>", "border"),
        "parent": _f(lambda t: "../" + t, "border"),
        "chinese": _f(lambda t: "华东1", "border"),
        "nul": _f(lambda t: t + "\x00", "unreadable"),
        "bad utf-8": _f(lambda t: t + "\udcff", "unreadable"),
        "1025 characters": _f(lambda t: (t + "a" * 1025)[:1025], "unreadable"),
        "empty": _f(lambda t: "", "empty"),
        "blank": _f(lambda t: " ", "empty"),
    }
)


def make_text(form: str, identifier: str, *, region: bool = False) -> str:
    """The text that `form` makes of `identifier`; "text:X" is X itself. KeyError for an unknown form."""
    if form.startswith("text:"):
        return form[len("text:") :]
    return (REGION_FORMS if region else FORMS)[form].make(identifier)


def kind_of(form: str, *, region: bool = False) -> TextKind:
    """The kind of a form; a literal text is `border` (`empty` if it is blank). KeyError if unknown."""
    if form.startswith("text:"):
        return "border" if form[len("text:") :].strip() else "empty"
    return (REGION_FORMS if region else FORMS)[form].kind


PLAIN_ID = re.compile(r"[A-Za-z]{1,8}-[0-9A-Za-z]{1,60}\Z")
"""A text that looks like an identifier."""
