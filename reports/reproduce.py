"""A recorded call as a command of the vendor's command line, and the words of a shell.

The values of a counterexample are hostile by nature: quotes, line feeds, right-to-left marks, bytes that are not UTF-8.
`shell_quote` writes them so that what is pasted is what was sent.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes, urlsplit

from eni_conformance.contract.scenario import Wire

Pair = tuple[str, str]

_PLAIN = re.compile(r"[\x20-\x7e]*")


def shell_quote(text: str) -> str:
    """`text` as one word of a POSIX shell; in the $'...' form where it holds what cannot be seen."""
    if _PLAIN.fullmatch(text):
        return shlex.quote(text)
    out = []
    for byte in _octets(text):
        char = chr(byte)
        if char in "\\'":
            out.append("\\" + char)
        elif 0x20 <= byte < 0x7F:
            out.append(char)
        else:
            out.append(f"\\x{byte:02x}")
    return "$'" + "".join(out) + "'"


def aliyun(pairs: Sequence[Pair], endpoint: str, *, method: str = "GET", region: str = "") -> str:
    """A detach for the vendor's command line, its own checks switched off.

    What its argument list cannot carry (a parameter given twice, a NUL) is said in a comment.
    """
    parts, notes = ["aliyun ecs DetachNetworkInterface"], []
    seen: set[str] = set()
    for name, value in pairs:
        if name in seen:
            notes.append(f"# {name} is sent more than once; this tool sends it once, so use curl or Python")
            continue
        seen.add(name)
        if "\0" in name + value:
            notes.append(f"# {name} holds a NUL, which no command line can carry, so use curl or Python")
        flag, word = "--" + name.replace("\0", ""), value.replace("\0", "")
        parts.append(shell_quote(f"{flag}={word}") if word.startswith("-") else f"{_flag(flag)} {shell_quote(word)}")
    scheme, _, host = endpoint.partition("://")
    parts += ["--force --version 2014-05-26", f"--endpoint {shell_quote(host.split('/')[0])}"]
    parts.append("--insecure" if scheme.lower() == "http" else "--secure")
    parts.append(f"--method {method}")
    if "RegionId" not in seen and region:
        parts.append(f"--region {shell_quote(region)}")
    lines = "".join(_visible(note) + "\n" for note in dict.fromkeys(notes))
    return lines + " ".join(parts) + "\n"


def unlike_aliyun(wire: Wire) -> str:
    """In what a call differs from what the vendor's command line sends, "" if in nothing that matters."""
    parts = ["parameters in the body"] if wire.place != "query" else []
    parts += [wire.format or "no format named"] if wire.format.upper() != "JSON" else []
    parts += ["V3 (ACS3-HMAC-SHA256)"] if wire.signing == "v3" else []
    return " and ".join(parts)


def _flag(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_.-]+", text) else shell_quote(text)


def _visible(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode().replace("\n", " ").replace("\r", " ")


def split(url: str) -> tuple[str, str]:
    """The URL without its query, with at least the path "/", and the query."""
    front, _, query = url.partition("#")[0].partition("?")
    try:
        if "://" in front and not urlsplit(front).path:
            front += "/"
    except ValueError:
        pass
    return front, query


def decoded(text: str) -> list[Pair]:
    """The pairs of a query string or form; bytes that are not UTF-8 become surrogate escapes."""
    pairs = []
    for item in text.split("&"):
        if item:
            name, _, value = item.partition("=")
            pairs.append((_unquote(name), _unquote(value)))
    return pairs


def _unquote(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ").encode("utf-8", "surrogatepass")).decode("utf-8", "surrogateescape")


def _octets(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
