"""The ways in which a text may be spelled inside another: escapes of JSON, URLs and HTML, line breaks, base64. Pure.

A `Reading` is a text with every escape undone, which remembers where in the original each of its characters stands, so
that what is found in the reading can be hidden in the original.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import string
from array import array
from dataclasses import dataclass

PASSES = 4
"""How deep escapes are undone: an entity in a URL in a JSON text in a JSON text."""
CORE = 7
"""Characters that a spelling in base64 must have to be told from chance."""
WORD = frozenset(string.ascii_letters + string.digits + "+/-_")
"""What words of base64 are made of, in both alphabets."""

_ESCAPE = re.compile(
    r"%(?:25)*(?:u00)?([0-9a-f]{2})|\\+(?:u00|x)([0-9a-f]{2})|\\+([^\sux])"
    r"|&(?:amp;)*\#x0*([0-9a-f]{1,2});?|&(?:amp;)*\#0*([0-9]{1,3});?|&(?:amp;)*([a-z]{2,8};)",
    re.IGNORECASE,
)
_BREAKS = re.compile(r"[\r\n]+")
_MAY = re.compile(r"[%\\&\r\n]")
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class Reading:
    """A text with its escapes undone. starts, ends: where each character stands in the original."""

    text: str
    starts: array[int]
    ends: array[int]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The part of the original that characters `start` to `end`, of which there are some, are spelled by."""
        return self.starts[start], self.ends[end - 1]


def may_be_spelled(text: str) -> bool:
    """Whether there is anything to undo. The sign `&` of an address that a message names begins no escape."""
    first = _MAY.search(text)
    return first is not None and (_BREAKS.search(text) or _ESCAPE.search(text, first.start())) is not None


def undone(text: str) -> str:
    """`text` with every escape undone."""
    for _ in range(PASSES):
        before, text = text, _ESCAPE.sub(_meant, text)
        if text == before:
            break
    return text


def joined(text: str) -> str:
    """`text` without its line breaks."""
    return _BREAKS.sub("", text)


def reading(text: str, *, breaks: bool) -> Reading:
    """As `undone`, with the places, and with breaks as `joined` after it."""
    made = Reading(text, array("Q", range(len(text))), array("Q", range(1, len(text) + 1)))
    for _ in range(PASSES):
        before, made = made.text, _replaced(made, _ESCAPE)
        if made.text == before:
            break
    return _replaced(made, _BREAKS) if breaks else made


def _replaced(made: Reading, pattern: re.Pattern[str]) -> Reading:
    parts: list[str] = []
    starts, ends = array("Q"), array("Q")
    done = 0
    for match in pattern.finditer(made.text):
        begin, end = match.span()
        meant = _meant(match) if pattern is _ESCAPE else ""
        parts += [made.text[done:begin], meant]
        starts += made.starts[done:begin] + made.starts[begin : begin + 1] * len(meant)
        ends += made.ends[done:begin] + made.ends[end - 1 : end] * len(meant)
        done = end
    parts.append(made.text[done:])
    return Reading("".join(parts), starts + made.starts[done:], ends + made.ends[done:])


def _meant(match: re.Match[str]) -> str:
    """The character that an escape stands for; the escape itself where it stands for none."""
    percent, code, plain, hexadecimal, decimal, name = match.groups()
    if plain is not None:
        return _CONTROL.get(plain, plain)
    if name is not None:
        meant = html.unescape(f"&{name}")
        return meant if len(meant) == 1 else match.group()
    number = int(decimal) if decimal is not None else int(percent or code or hexadecimal, 16)
    return chr(number) if number < 128 else match.group()


def cores(text: str) -> tuple[str, ...]:
    """What stands in each base64 text that holds `text`, whatever stands before and behind it: for each of the three
    places of its first octet the characters that it alone decides, in both alphabets. Nothing for a short text."""
    found = []
    data = text.encode("utf-8", "surrogateescape")
    for shift in range(3):
        bits = 8 * shift, 8 * (shift + len(data))
        first, last = -(-bits[0] // 6), bits[1] // 6
        for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
            found.append(encode(b"\0" * shift + data).decode()[first:last])
    return tuple(core for core in dict.fromkeys(found) if len(core) >= CORE)


def word_around(text: str, start: int, end: int) -> tuple[int, int]:
    """The word of base64 that a part of `text` belongs to."""
    while start and text[start - 1] in WORD:
        start -= 1
    while end < len(text) and text[end] in WORD:
        end += 1
    while end < len(text) and text[end] == "=":
        end += 1
    return start, end


def opened(word: str) -> str:
    """What a word of base64 says, "" where it is none or says nothing that can be read."""
    plain = word.rstrip("=").replace("-", "+").replace("_", "/")
    if len(plain) % 4 == 1:
        return ""
    data = binascii.a2b_base64(plain + "=" * (-len(plain) % 4))
    return data.decode("ascii") if data.isascii() else ""
